"""Which unit it is that ends a process, and what is kept of it.

A range that has ended a process is encoded again one unit after the other, each noted in a file before it is begun and
when it has been read: after the next end, the file tells which it was, so that the search costs one more end, not one for
each halving.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from to_labelbox.model.items import Item
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report import sentences
from to_labelbox.report.log import UNREADABLE, Log

_BYTES = 9


def new_trace(folder: str | None) -> str:
    """A file for the note; it can be read when the process that wrote it has died."""
    descriptor, path = tempfile.mkstemp(".trace", "to-labelbox-", folder)
    os.close(descriptor)
    return path


def take_trace(path: str) -> tuple[int, bool] | None:
    """The unit that was being encoded, and whether it had been read; removes the file."""
    try:
        with open(path, "rb") as file:
            data = file.read(_BYTES)
        os.remove(path)
    except OSError:
        return None
    return (int.from_bytes(data[:8], "little"), data[8] == 1) if len(data) == _BYTES else None


def traced(dataset: Dataset, path: str) -> Dataset:
    """The dataset, unit by unit, with a note of each in a file."""

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            for unit in range(start, stop):
                number = unit.to_bytes(8, "little")
                os.write(descriptor, number + b"\0")
                for item in dataset.iterate(log, unit, unit + 1):
                    os.lseek(descriptor, 0, os.SEEK_SET)
                    os.write(descriptor, number + b"\1")
                    yield item
                    os.lseek(descriptor, 0, os.SEEK_SET)
                    os.write(descriptor, number + b"\0")
                os.lseek(descriptor, 0, os.SEEK_SET)
        finally:
            with suppress(OSError):
                os.close(descriptor)

    return replace(dataset, iterate=iterate)


def left_out(dataset: Dataset, reason: str, read: bool) -> Dataset:
    """The dataset without the annotations of its units: they are skipped, with the reason; the assets stay.

    ``read``: reading the units does no harm, so it tells which annotations there are. Otherwise a unit counts as one that
    nobody could read, and its asset is what the reader can say of it without reading.
    """

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for unit in range(start, stop):
            file, where = place(dataset, unit)
            if read:
                items = [replace(item, annotations=()) for item in dataset.iterate(log, unit, unit + 1)]
            else:
                items = [] if dataset.unit_items is None else list(dataset.unit_items(unit))
                log.read(UNREADABLE)
            yield from items
            missing = {label: tally.read - tally.closed for label, tally in log.ledger.items()}
            code, words = sentences.CRASHED(reason=reason)
            for label, count in missing.items():
                if count:
                    log.skip(code, label, words, file=file, where=where, count=count)
            if not any(missing.values()):
                log.note(code, words, file=file, where=where)

    return replace(dataset, iterate=iterate)


def place(dataset: Dataset, unit: int) -> tuple[str, str]:
    """The file of a unit and the place in it, as far as its reader can tell without reading it."""
    if dataset.unit_name is not None:
        return dataset.unit_name(unit), ""
    return dataset.name, f"unit {unit + 1} of {dataset.unit_count}"
