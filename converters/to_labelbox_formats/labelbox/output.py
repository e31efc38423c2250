"""What is in an output folder of ``convert`` or ``batch``: its datasets, and the hashes by which a change is seen."""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from to_labelbox.batches.report import read_batch
from to_labelbox.report.errors import SourceError, UsageError
from to_labelbox.source.missing import likely

is_payload = re.compile(r"annotations(-\d{5,})?\.ndjson").fullmatch
REPORT, ROWS, ONTOLOGY, INDEX = "report.json", "data_rows.ndjson", "ontology.json", "index.ndjson"


class _Named(Struct):
    global_key: str = ""
    row_data: Any = None


_named = msgspec.json.Decoder(_Named).decode


def asset_names(paths: Iterable[str]) -> Iterator[str]:
    """What the assets in files of data rows are called below a media root: by where they are, those in the web by their keys."""
    for path in paths:
        with suppress(OSError), open(path, "rb") as file:
            for raw in file:
                with suppress(ValueError, RecursionError):
                    row = _named(raw)
                    data = row.row_data.values() if isinstance(row.row_data, dict) else (row.row_data,)
                    local = [n for n in data if isinstance(n, str) and "://" not in n and "\n" not in n]
                    yield from (name.replace("\\", "/") for name in local or (row.global_key,))


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

    @property
    def rows(self) -> tuple[str, ...]:
        """The files of its data rows."""
        return tuple(part.rows for part in self.parts)

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
        hint = likely(folder) or "; give the output folder of `to-labelbox convert` or `batch`"
        raise UsageError(f"{folder}: no such folder{hint}")
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
        return Part(folder, name, tuple(os.path.join(folder, n) for n in payload_names(folder)))
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; convert again") from None


def payload_names(folder: str) -> list[str]:
    """``annotations.ndjson``, or its shards in order."""
    return sorted(filter(is_payload, os.listdir(folder)))


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


class _IndexLine(Struct):
    """What ``convert`` says of a line; ``line`` is null for what it has skipped."""

    line: int | None = None
    uuid: str | None = None
    file: str = ""
    where: str = ""
    id: Any = ""


class SourceIndex:
    """Lines of ``index.ndjson`` by the number of the payload's line; 8 bytes a line, once one is asked for."""

    def __init__(self, output: Output) -> None:
        self._parts = output.parts
        self._firsts: list[int] = []
        self._offsets: dict[int, array[int]] = {}
        self._files: dict[int, BinaryIO] = {}
        self._decode = msgspec.json.Decoder(_IndexLine).decode

    def find(self, number: int, uuid: str) -> dict[str, Any]:
        """File, place and id of the source; nothing where there is no index, or one of another payload."""
        if not self._firsts:
            total = 0
            for part in self._parts:
                self._firsts.append(total)
                total += sum(map(_line_count, part.payload))
        n = max(k for k, first in enumerate(self._firsts) if first <= number)
        offsets = self._offsets_of(n)
        if number - self._firsts[n] >= len(offsets):
            return {}
        file = self._files[n]
        file.seek(offsets[number - self._firsts[n]])
        try:
            line = self._decode(file.readline())
        except ValueError:
            return {}
        if line.line is None or (line.uuid or "").lower() != uuid:
            return {}
        name = self._parts[n].name
        return {"file": f"{name}: {line.file}" if name else line.file, "where": line.where, "id": line.id}

    def _offsets_of(self, n: int) -> array[int]:
        if n not in self._offsets:
            offsets, at = array("q"), 0
            with suppress(FileNotFoundError):
                self._files[n] = open(self._parts[n].index, "rb")  # noqa: SIM115  (closed by close)
                for raw in self._files[n]:
                    offsets.append(at)
                    at += len(raw)
            self._offsets[n] = offsets
        return self._offsets[n]

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def media_type_of(stated: object, row_data: object) -> str:
    """The media type that a data row states or, by the form of its data, shows; empty where neither tells."""
    if isinstance(stated, str) and stated:
        return stated
    data = row_data if isinstance(row_data, dict) else {}
    if "pdf_url" in data:
        return "PDF"
    if "messages" in data:
        return "CONVERSATIONAL"
    if "tile_layer_url" in data or "tileLayerUrl" in data:
        return "TMS_SIMPLE" if data.get("epsg") == "Simple" else "TMS_GEO"
    return ""


def _line_count(path: str) -> int:
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
