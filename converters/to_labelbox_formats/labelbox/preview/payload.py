"""The files of one payload: where the lines of each data row are, and what a line and a row hold."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox.output import payload_names
from to_labelbox_formats.labelbox.validate import wire

MAX_LINES = 2000
"""Lines of one data row that are drawn; a browser becomes slow beyond."""
MAX_BYTES = 64_000_000
"""Bytes of lines of one data row that are read."""

Hashes = np.ndarray[Any, np.dtype[np.int64]]


class _Instance(Struct):
    name: str | UnsetType = UNSET


class _Masks(Struct):
    instances: list[_Instance]


class _Head(Struct):
    """What the index needs of a line."""

    dataRow: wire.DataRow
    name: str | UnsetType = UNSET
    masks: _Masks | UnsetType = UNSET


class _RowHead(Struct):
    global_key: str | UnsetType = UNSET
    media_type: str | UnsetType = UNSET


_head = msgspec.json.Decoder(_Head).decode
row_head = msgspec.json.Decoder(_RowHead).decode
line_of = msgspec.json.Decoder(wire.Line).decode
_row = msgspec.json.Decoder(wire.Row).decode


@dataclass(slots=True)
class Row:
    """A data row with its lines. ``media`` is empty when data_rows.ndjson does not know it.

    ``unread`` counts lines that are no lines of Labelbox's, ``left_out`` those beyond the caps. ``dataset`` is that of a
    batch; ``lost`` says what became of annotations that have no line.
    """

    key: str
    media: str = ""
    data: str | dict[str, Any] = ""
    external: str = ""
    lines: list[wire.Line] = field(default_factory=list)
    unread: int = 0
    left_out: int = 0
    dataset: str = ""
    lost: Sequence[str] = ()


def payload_files(folder: str) -> list[str]:
    """annotations.ndjson, or its shards. Raises :class:`UsageError` when there is none."""
    paths = [os.path.join(folder, name) for name in payload_names(folder)]
    if not paths:
        raise UsageError(f"{folder}: no annotations.ndjson; give the output folder of `to-labelbox convert`")
    return paths


class Index:
    """Where the lines of each data row are: runs of lines of one row, which mostly is one run a row.

    ``classes`` counts annotations by name, ``lines`` the lines of each run.
    """

    def __init__(self, folder: str, only: frozenset[str]) -> None:
        self._paths = payload_files(folder)
        self._hashes, self._files = array("q"), array("H")
        self._starts, self._ends = array("Q"), array("Q")
        self.lines = array("Q")
        self._wanted = bytearray()
        self.classes: Counter[str] = Counter()
        self.broken = 0
        for number, path in enumerate(self._paths):
            with open(path, "rb") as file:
                self._read(number, file, only)

    def _read(self, number: int, file: BinaryIO, only: frozenset[str]) -> None:
        key, place, wanted, lines = None, 0, not only, self.lines
        names: list[str] = []
        for raw in file:
            try:
                head = _head(raw)
            except (ValueError, RecursionError):
                self.broken += bool(raw.strip())
                place += len(raw)
                continue
            name = key_of(head.dataRow)
            if name != key:
                key = name
                self._hashes.append(hash(key))
                self._files.append(number)
                self._starts.append(place)
                self._ends.append(place)
                self._wanted.append(wanted)
                lines.append(0)
                self.classes.update(names)
                names.clear()
            place += len(raw)
            self._ends[-1] = place
            lines[-1] += 1
            if head.masks is not UNSET:
                here = [one.name for one in head.masks.instances if isinstance(one.name, str)]
            else:
                here = [head.name] if isinstance(head.name, str) else []
            names += here
            if only and not only.isdisjoint(here):
                self._wanted[-1] = True
        self.classes.update(names)

    @property
    def names(self) -> set[str]:
        return set(self.classes)

    @cached_property
    def hashes(self) -> Hashes:
        """Of the key of each run."""
        return np.array(self._hashes, np.int64)

    @cached_property
    def _order(self) -> tuple[Any, Hashes]:
        """The runs in the order of their hashes, those of one row in the payload's order, and these hashes."""
        order = np.argsort(self.hashes, kind="stable")
        return order, self.hashes[order]

    @property
    def wanted(self) -> Hashes:
        """Hashes of the keys of rows that hold a wanted line."""
        return self.hashes[np.frombuffer(bytes(self._wanted), np.bool_)]

    def keys(self, hashes: Sequence[int]) -> Iterator[str]:
        """The keys of rows, in the payload's order."""
        left = set(hashes)
        for at, hashed in enumerate(self._hashes):
            if hashed in left:
                left.discard(hashed)
                yield key_of(_head(next(self.raw(at))).dataRow)

    def raw(self, at: int) -> Iterator[bytes]:
        """The lines of a run as they stand."""
        with open(self._paths[self._files[at]], "rb") as file:
            file.seek(self._starts[at])
            while file.tell() < self._ends[at]:
                yield file.readline()

    def fill(self, row: Row) -> None:
        """Read the lines of a row, up to the caps."""
        taken, (order, ordered) = 0, self._order
        first, last = np.searchsorted(ordered, [hash(row.key), hash(row.key) + 1])
        for at in order[first:last].tolist():
            for raw in self.raw(at):
                taken += len(raw)
                if len(row.lines) >= MAX_LINES or taken > MAX_BYTES:
                    row.left_out += 1
                    continue
                try:
                    row.lines.append(line_of(raw))
                except (ValueError, RecursionError):
                    row.unread += 1


def key_of(row: wire.DataRow) -> str:
    """A row is meant by its global key, or by its id where the payload has nothing else."""
    return next((k for k in (row.globalKey, row.id) if isinstance(k, str)), "")


class Part:
    """The payload of one dataset: its index, and its data rows, those that only the payload names after the listed ones.

    ``everything`` holds a hash for each data row. ``media`` tells of rows that are no pictures, by their hash.
    """

    def __init__(self, name: str, folder: str, only: frozenset[str]) -> None:
        self.name, self.folder = name, folder
        self.index = Index(folder, only)
        self._path = os.path.join(folder, "data_rows.ndjson")
        self._places = array("Q")
        self.media: dict[int, str] = {}
        listed = np.array(self._list(), np.int64)
        beyond = self.index.wanted[~np.isin(self.index.wanted, listed)]
        _, first = np.unique(beyond, return_index=True)
        self.everything: Hashes = np.concatenate([listed, beyond[np.sort(first)]])

    def _list(self) -> array[int]:
        hashes = array("q")
        if not os.path.isfile(self._path):
            return hashes
        place = 0
        with open(self._path, "rb") as file:
            for raw in file:
                try:
                    head = row_head(raw)
                except (ValueError, RecursionError):
                    head = _RowHead()
                if isinstance(head.global_key, str):
                    hashed = hash(head.global_key)
                    hashes.append(hashed)
                    self._places.append(place)
                    if isinstance(head.media_type, str) and head.media_type != "IMAGE":
                        self.media[hashed] = head.media_type
                place += len(raw)
        return hashes

    def open(self, numbers: Sequence[int]) -> Iterator[Row]:
        """Data rows with their lines, by their places in ``everything``."""
        for row in self._rows(numbers):
            row.dataset = self.name
            self.index.fill(row)
            yield row

    def _rows(self, numbers: Sequence[int]) -> Iterator[Row]:
        listed = [n for n in numbers if n < len(self._places)]
        if listed:
            with open(self._path, "rb") as file:
                for n in listed:
                    file.seek(self._places[n])
                    yield _opened(file.readline())
        yield from map(Row, self.index.keys([int(self.everything[n]) for n in numbers if n >= len(self._places)]))


def _opened(raw: bytes) -> Row:
    try:
        row = _row(raw)
    except (ValueError, RecursionError):
        key = row_head(raw).global_key
        return Row(key if isinstance(key, str) else "")
    return Row(
        row.global_key if isinstance(row.global_key, str) else "",
        row.media_type if isinstance(row.media_type, str) else "",
        row.row_data,
        row.external_id if isinstance(row.external_id, str) else "",
    )
