"""What is in an output folder of ``convert`` or ``batch``: its datasets, and the hashes by which a change is seen."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator

from msgspec import Struct

from to_labelbox.batches.report import read_batch
from to_labelbox.report.errors import SourceError, UsageError

_PAYLOAD = re.compile(r"annotations(-\d{5,})?\.ndjson")
REPORT, ROWS, ONTOLOGY, INDEX = "report.json", "data_rows.ndjson", "ontology.json", "index.ndjson"


class Part(Struct, frozen=True):
    """One dataset: its folder, its name below OUT ("" for the whole), the files of its payload."""

    folder: str
    name: str
    payload: tuple[str, ...]

    @property
    def rows(self) -> str:
        return os.path.join(self.folder, ROWS)

    @property
    def index(self) -> str:
        return os.path.join(self.folder, INDEX)


class Output(Struct, frozen=True):
    """``parts`` in the order of the report; ``ontology`` is the one of all."""

    folder: str
    parts: tuple[Part, ...]
    ontology: str

    def files(self) -> Iterator[str]:
        """All that is imported, in order."""
        yield self.ontology
        for part in self.parts:
            yield part.rows
            yield from part.payload

    def hashes(self) -> dict[str, str]:
        """SHA-256 by path below OUT."""
        found = {}
        for path in self.files():
            try:
                with open(path, "rb") as file:
                    found[os.path.relpath(path, self.folder)] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise UsageError(f"{path}: {error.strerror}") from None
        return found


def open_output(folder: str) -> Output:
    """Raises :class:`UsageError` or :class:`SourceError` for what is no finished output."""
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: no such folder; give the output folder of `to-labelbox convert` or `batch`")
    if not os.path.isfile(os.path.join(folder, REPORT)):
        raise UsageError(f"{folder} holds no {REPORT}: give the output folder of `to-labelbox convert` or `batch`")
    batch = read_batch(folder)
    if batch is None:
        parts = [_part(folder, "")]
    else:
        written = [row for row in batch.datasets if row.lines or row.assets.written]
        parts = [_part(os.path.join(folder, *row.path.split("/")), row.path) for row in written]
    if not parts or not any(_size(path) for part in parts for path in (part.rows, *part.payload)):
        raise SourceError(f"{folder}: nothing to import: no data rows and no annotations")
    return Output(folder, tuple(parts), os.path.join(folder, ONTOLOGY))


def _part(folder: str, name: str) -> Part:
    try:
        listed = sorted(n for n in os.listdir(folder) if _PAYLOAD.fullmatch(n))
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; convert again") from None
    return Part(folder, name, tuple(os.path.join(folder, n) for n in listed))


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
