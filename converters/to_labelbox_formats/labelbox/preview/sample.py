"""Which data rows a preview shows, and their lines: an index of the payload first, then only what is needed.

The index holds a few numbers for each data row that has lines, never the lines themselves, so that a payload of any size
can be looked into.
"""

from __future__ import annotations

import os
import random
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType

from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox.validate import wire

MAX_LINES = 2000
"""Lines of one data row that are drawn; a browser becomes slow beyond."""
MAX_BYTES = 64_000_000
"""Bytes of lines of one data row that are read."""

_PAYLOAD = re.compile(r"annotations(-\d{5,})?\.ndjson")


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


_head = msgspec.json.Decoder(_Head).decode
_row_head = msgspec.json.Decoder(_RowHead).decode
_line = msgspec.json.Decoder(wire.Line).decode
_row = msgspec.json.Decoder(wire.Row).decode


@dataclass(slots=True)
class Row:
    """A data row with its lines. ``media`` is empty when data_rows.ndjson does not know it.

    ``unread`` counts lines that are no lines of Labelbox's, ``left_out`` those beyond the caps.
    """

    key: str
    media: str = ""
    data: str | dict[str, Any] = ""
    external: str = ""
    lines: list[wire.Line] = field(default_factory=list)
    unread: int = 0
    left_out: int = 0


@dataclass(slots=True)
class Sample:
    """What was chosen, out of ``matching`` data rows of ``rows`` in all. ``broken`` lines have no readable data row."""

    chosen: list[Row]
    matching: int
    rows: int
    broken: int


def payload_files(folder: str) -> list[str]:
    """annotations.ndjson, or its shards. Raises :class:`UsageError` when there is none."""
    paths = [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if _PAYLOAD.fullmatch(n)]
    if not paths:
        raise UsageError(f"{folder}: no annotations.ndjson; give the output folder of `to-labelbox convert`")
    return paths


class Index:
    """Where the lines of each data row are: runs of lines of one row, which mostly is one run a row."""

    def __init__(self, folder: str, only: frozenset[str]) -> None:
        self._paths = payload_files(folder)
        self._hashes, self._files = array("q"), array("H")
        self._starts, self._ends = array("Q"), array("Q")
        self._wanted = bytearray()
        self.names: set[str] = set()
        self.broken = 0
        for number, path in enumerate(self._paths):
            with open(path, "rb") as file:
                self._read(number, file, only)

    def _read(self, number: int, file: BinaryIO, only: frozenset[str]) -> None:
        key, place, wanted = "", 0, not only
        for raw in file:
            try:
                head = _head(raw)
            except (ValueError, RecursionError):
                self.broken += bool(raw.strip())
                place += len(raw)
                continue
            name = _key(head.dataRow)
            if name != key or not self._hashes or self._files[-1] != number:
                key = name
                self._hashes.append(hash(key))
                self._files.append(number)
                self._starts.append(place)
                self._ends.append(place)
                self._wanted.append(wanted)
            place += len(raw)
            self._ends[-1] = place
            if only:
                here = _names(head)
                self.names.update(here)
                if not only.isdisjoint(here):
                    self._wanted[-1] = True

    @property
    def wanted(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Hashes of the keys of rows that hold a wanted line."""
        return np.array(self._hashes, np.int64)[np.frombuffer(bytes(self._wanted), np.bool_)]

    def keys(self, hashes: Sequence[int]) -> Iterator[str]:
        """The keys of rows, in the payload's order."""
        left = set(hashes)
        for at, hashed in enumerate(self._hashes):
            if hashed in left:
                left.discard(hashed)
                with open(self._paths[self._files[at]], "rb") as file:
                    file.seek(self._starts[at])
                    yield _key(_head(file.readline()).dataRow)

    def fill(self, row: Row) -> None:
        """Read the lines of a row, up to the caps."""
        taken, hashed = 0, hash(row.key)
        for at in np.flatnonzero(np.array(self._hashes, np.int64) == hashed):
            with open(self._paths[self._files[at]], "rb") as file:
                file.seek(self._starts[at])
                while file.tell() < self._ends[at]:
                    raw = file.readline()
                    taken += len(raw)
                    if len(row.lines) >= MAX_LINES or taken > MAX_BYTES:
                        row.left_out += 1
                        continue
                    try:
                        row.lines.append(_line(raw))
                    except (ValueError, RecursionError):
                        row.unread += 1


def _key(row: wire.DataRow) -> str:
    """A row is meant by its global key, or by its id where the payload has nothing else."""
    return next((k for k in (row.globalKey, row.id) if isinstance(k, str)), "")


def _names(head: _Head) -> set[str]:
    holders = head.masks.instances if isinstance(head.masks, _Masks) else (head,)
    return {h.name for h in holders if isinstance(h.name, str)}


def choose(folder: str, count: int, seed: int | None, only: frozenset[str], among: frozenset[str] | None) -> Sample:
    """Up to ``count`` data rows: those with lines, evenly spread over the set, or drawn by ``seed``.

    ``only``: rows that hold one of these tools or classifications. ``among``: rows with one of these keys. Rows without
    lines fill up what is left when neither is given. Raises :class:`UsageError`.
    """
    index = Index(folder, only)
    unknown = sorted(only - index.names)
    if unknown:
        known = ", ".join(sorted(index.names)[:20])
        raise UsageError(f"--only {unknown[0]}: no line of the payload has this name; there are: {known}")
    hashes, places, path = array("q"), array("Q"), os.path.join(folder, "data_rows.ndjson")
    if os.path.isfile(path):
        place = 0
        with open(path, "rb") as file:
            for raw in file:
                try:
                    key = _row_head(raw).global_key
                except (ValueError, RecursionError):
                    key = UNSET
                if isinstance(key, str):
                    hashes.append(hash(key))
                    places.append(place)
                place += len(raw)
    listed, wanted = np.array(hashes, np.int64), index.wanted
    # rows that only the payload names come after those that are listed
    beyond = wanted[~np.isin(wanted, listed)]
    _, first = np.unique(beyond, return_index=True)
    everything = np.concatenate([listed, beyond[np.sort(first)]])
    matches = np.isin(everything, wanted)
    if among is not None:
        matches &= np.isin(everything, np.array([hash(k) for k in among], np.int64))
    matching = np.flatnonzero(matches)
    chosen = _spread(matching, count, seed)
    if among is None and not only and len(chosen) < count:
        empty = np.flatnonzero(~matches)
        chosen = np.sort(np.concatenate([chosen, _spread(empty, count - len(chosen), seed)]))
    rows = list(_open(path, [places[i] for i in chosen if i < len(places)]))
    rows += [Row(key) for key in index.keys([int(everything[i]) for i in chosen if i >= len(places)])]
    for row in rows:
        index.fill(row)
    return Sample(rows, len(matching), len(everything), index.broken)


def _spread(indices: Any, count: int, seed: int | None) -> Any:
    if len(indices) <= count:
        return indices
    if seed is not None:
        return indices[sorted(random.Random(seed).sample(range(len(indices)), count))]
    return indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)]


def _open(path: str, places: Sequence[int]) -> Iterator[Row]:
    if not places:
        return
    with open(path, "rb") as file:
        for place in places:
            file.seek(place)
            raw = file.readline()
            try:
                row = _row(raw)
            except (ValueError, RecursionError):
                key = _row_head(raw).global_key
                yield Row(key if isinstance(key, str) else "")
                continue
            yield Row(
                row.global_key if isinstance(row.global_key, str) else "",
                row.media_type if isinstance(row.media_type, str) else "",
                row.row_data,
                row.external_id if isinstance(row.external_id, str) else "",
            )
