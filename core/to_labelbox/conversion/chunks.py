"""Chunks of a dataset: planned by number, encoded into files of their own, rendered piece by piece.

A part is what a chunk became. Its lines and rows are in files, written while it is encoded, so that memory stays flat
however long a chunk's lines are; what the ontology and the report need comes back in a :class:`Part`, which is small.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Self

from msgspec import Struct

from to_labelbox.model.items import Item
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.reader import Dataset
from to_labelbox.plugins.writer import Encoder, Writer
from to_labelbox.report.log import Log

CHUNK_UNITS = 1024

_BLOCK = 1 << 8

_PIECE = 1 << 20


class Part(Struct):
    """A chunk's survey, log and counts. ``counts`` are lines an item, ``keys`` a 64-bit hash of each global key."""

    start: int
    stop: int
    items: int
    written: int
    counts: array[int]
    keys: array[int]
    survey: Survey
    log: Log


def plan(units: int) -> list[tuple[int, int]]:
    """Ranges of units; the plan depends on their number alone."""
    size = max(1, min(CHUNK_UNITS, units // 16))
    return [(start, min(start + size, units)) for start in range(0, units, size)]


def part_path(folder: str, start: int, stop: int, what: str) -> str:
    """The file of a chunk's ``lines``, ``rows`` or ``rendered`` lines."""
    return os.path.join(folder, f"{start:09d}-{stop:09d}.{what}")


def encode_part(
    dataset: Dataset,
    encoder: Encoder,
    start: int,
    stop: int,
    fail: bool,
    folder: str | None,
    tick: Callable[[], None] = lambda: None,
) -> Part:
    """Encode a range of units into its files in ``folder``, or without a folder into nothing.

    Reader and encoder log apart and are added up. A file has its name when it is whole. ``tick`` is called for each item.
    """
    log = Log(fail=fail)
    with _File(folder and part_path(folder, start, stop, "lines")) as lines:
        encoder.spill = lines.write
        tick()
        for block in _blocks(dataset.items(log, start, stop), tick):
            for item in block:
                encoder.add(item)
                tick()
        encoded = encoder.take()
        lines.write(encoded.lines)
    with _File(folder and part_path(folder, start, stop, "rows")) as rows:
        rows.write(encoded.rows)
    log.absorb(encoded.log)
    return Part(start, stop, encoded.items, encoded.written, encoded.counts, encoded.keys, encoded.survey, log)


def _blocks(items: Iterable[Item], tick: Callable[[], None]) -> Iterator[list[Item]]:
    """Items, some at a time, with few annotations in all.

    To read some and then encode them takes a quarter less than one by one: each step's code stays in the processor's
    cache.
    """
    block: list[Item] = []
    weight = 0
    for item in items:
        tick()
        block.append(item)
        weight += 8 + len(item.annotations)
        if weight > _BLOCK:
            yield block
            block, weight = [], 0
    yield block


def pieces(path: str) -> Iterator[bytes]:
    """A file in pieces of about a megabyte that end where a line ends."""
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece if piece.endswith(b"\n") else piece + file.readline()


class Filling:
    """An ontology, and what a writer makes of it: the filling in of lines, and its text."""

    def __init__(self, writer: Writer, ontology: Ontology) -> None:
        self.writer = writer
        self.ontology = ontology

    @cached_property
    def render(self) -> Callable[[bytes], bytes]:
        return self.writer.renderer(self.ontology)

    @cached_property
    def schema(self) -> bytes:
        return self.writer.ontology_json(self.ontology)


def render_part(folder: str, start: int, stop: int, render: Callable[[bytes], bytes]) -> None:
    """Fill the open places of a chunk's lines, into a file beside them."""
    with _File(part_path(folder, start, stop, "rendered")) as rendered:
        for piece in pieces(part_path(folder, start, stop, "lines")):
            rendered.write(render(piece))


def rendered_here(folder: str, ranges: Sequence[tuple[int, int]], render: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The rendered lines of parts, in order."""
    for start, stop in ranges:
        for piece in pieces(part_path(folder, start, stop, "lines")):
            yield render(piece)


class _File:
    """A file that gets its name when it is complete; without a path, nothing is kept."""

    def __init__(self, path: str | None) -> None:
        self._path = path or None
        self._temporary = f"{path}.{os.getpid()}"

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = open(self._temporary, "wb", buffering=0)
        return self

    def write(self, data: bytes) -> None:
        if self._path is not None:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._path is None:
            return
        self._file.close()
        if error is None:
            os.replace(self._temporary, self._path)
        else:
            with suppress(OSError):
                os.remove(self._temporary)
