"""Which data rows lost something: the index tells all that was left out or approximated, the report's examples tell how.

A line of the index without a payload line names its data row, where the reader knew it; else the row is that of the other
annotations of the same record or file, or the one that is named like the record. An example of the report leads to a data
row by its key; by its key without extension, where labels lie in a file of the same name; or by a line whose uuid is made
of the key and the example's id (see :class:`~to_labelbox_formats.labelbox.encode.uuids.Uuids`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from to_labelbox.model.text import n_of
from to_labelbox.report.annotation_index import INDEX
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.preview.payload import payload_files, row_head
from to_labelbox_formats.labelbox.validate import wire

HARMLESS = {
    Code.ANNOTATION_DUPLICATE,
    Code.DECISION,
    Code.FILE_IGNORED,
    Code.KEY_SHORTENED,
    Code.ROW_DATA_LOCAL,
    Code.EXIF_UNCHECKED,
    Code.EXIF_TURNED,
    Code.CLASS_UNUSED_DROPPED,
    Code.SUSPICIOUS,
}
"""Messages that no annotation is lost or changed by."""
LISTED = 50
"""Losses that the card of a data row lists."""


@dataclass(slots=True)
class Troubles:
    """Words about losses by the key of their data row; lines of approximated annotations; annotations left out, and those of
    them that lead to no data row;
    occurrences of other messages, how many of these the report describes, and how many of the described lead to a row."""

    rows: dict[str, list[str]] = field(default_factory=dict)
    approximated: int = 0
    left_out: int = 0
    untraced: int = 0
    occurrences: int = 0
    examples: int = 0
    led: int = 0

    def add(self, key: str, words: str) -> None:
        self.rows.setdefault(key, []).append(words)

    def lost(self, key: str) -> Sequence[str]:
        """What a card lists."""
        words = self.rows.get(key, [])
        more = [f"… and {len(words) - LISTED:,} more"] if len(words) > LISTED else []
        return [*words[:LISTED], *more]


def covered(all_of: Sequence[Troubles]) -> str:
    """How far the losses could be traced. Raises :class:`UsageError` when there is nothing to show."""
    left_out, untraced = sum(t.left_out for t in all_of), sum(t.untraced for t in all_of)
    occurrences, examples = sum(t.occurrences for t in all_of), sum(t.examples for t in all_of)
    rows = sum(len(t.rows) for t in all_of)
    approximated = sum(t.approximated for t in all_of)
    if not left_out and not approximated and not examples:
        raise UsageError("the report tells of no approximated or skipped annotation; leave --problems out")
    if not rows:
        raise UsageError(
            "no loss leads to a data row; read the report in the preview without --problems, or index.ndjson"
        )
    said = []
    if approximated:
        said.append(f"{n_of(approximated, 'annotation')} approximated")
    if left_out:
        words = "all lead to their data row" if not untraced else f"{untraced:,} of them lead to no data row"
        said.append(f"{n_of(left_out, 'annotation')} left out: {words}")
    if occurrences:
        led = sum(t.led for t in all_of)
        said.append(
            f"{n_of(occurrences, 'occurrence')} of other messages: the report describes {examples:,}, "
            f"of which {led:,} lead to a data row"
        )
    return f"{'; '.join(said)}. Together {n_of(rows, 'data row')}."


def troubled(folder: str, report: Mapping[str, Any]) -> Troubles:
    """The losses of a payload, with the data rows that they can be traced to."""
    found = Troubles()
    indexed = _left_out(folder, found)
    _examples(folder, report, found, indexed)
    return found


# ----------------------------------------------------------------------------------------------------- from the index


class _Entry(msgspec.Struct):
    line: int | None
    key: str | None = None
    file: str = ""
    where: str = ""
    id: str = ""
    label: str = msgspec.field(name="class", default="")
    code: str = ""
    count: int = 1
    approximated: bool = False


_entry = msgspec.json.Decoder(_Entry).decode


def _left_out(folder: str, found: Troubles) -> set[str] | None:
    """Add what the index says is left out; the codes of all that, or None where there is no index."""
    path = os.path.join(folder, INDEX)
    if not os.path.isfile(path):
        return None
    homes: dict[tuple[str, str], str | None] = {}
    lost: list[_Entry] = []
    codes = set[str]()
    before: tuple[str, str, str | None] = "", "", None
    with open(path, "rb") as file:
        for raw in file:
            try:
                entry = _entry(raw)
            except (ValueError, RecursionError):
                continue
            if entry.line is not None:
                told = entry.file, _record(entry.where), entry.key
                if told != before:
                    before = told
                    for record in _records(entry.where):
                        if homes.setdefault((entry.file, record), entry.key) != entry.key:
                            homes[entry.file, record] = None
                if entry.approximated and entry.key is not None:
                    found.approximated += 1
                    found.add(entry.key, f"approximated: {entry.label}, {_place(entry)}")
            elif entry.code not in HARMLESS:
                codes.add(entry.code)
                lost.append(entry)
    named = _Named(folder)
    for entry in lost:
        found.left_out += entry.count
        of = (homes.get((entry.file, record)) for record in _records(entry.where))
        key = entry.key or next(filter(None, of), None) or named(f"{entry.file} {entry.where}")
        if key is None:
            found.untraced += entry.count
            continue
        times = f" ×{entry.count:,}" if entry.count > 1 else ""
        found.add(key, f"left out: {entry.label}{times}, {entry.code}, {_place(entry)}")
    return codes


def _place(entry: _Entry) -> str:
    return " ".join(p for p in (entry.file, entry.where, f"(id {entry.id})" if entry.id else "") if p)


def _record(where: str) -> str:
    """The list or record that a place is in: ``task 1 result`` of ``task 1 result[3]``."""
    return where.rpartition("[")[0] if where.endswith("]") else where.rpartition(" ")[0]


def _records(where: str) -> tuple[str, ...]:
    """From the nearest record to the whole file."""
    return (_record(where), " ".join(where.split(" ")[:2]), "")


class _Named:
    """Finds the data row that a record is named like; the rows are read when they are first needed."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._keys: dict[str, str | None] | None = None

    def __call__(self, place: str) -> str | None:
        if self._keys is None:
            self._keys = {}
            for key in _keys(self._folder):
                for name in {key, os.path.splitext(key)[0]}:
                    if self._keys.setdefault(name, key) != key:
                        self._keys[name] = None
        for word in _words(place):
            for name in (word, os.path.splitext(word)[0]):
                if found := self._keys.get(name):
                    return found
        return None


# -------------------------------------------------------------------------------------------------- from the examples


class _Head(msgspec.Struct):
    dataRow: wire.DataRow
    uuid: str | msgspec.UnsetType = UNSET


_head = msgspec.json.Decoder(_Head).decode


def _examples(folder: str, report: Mapping[str, Any], found: Troubles, indexed: set[str] | None) -> None:
    """Add the examples of messages that the index does not tell of."""
    named = _Named(folder)
    ids: dict[str, list[str]] = {}
    listed = report.get("diagnostics")
    for diagnostic in listed if isinstance(listed, list) else ():
        if not isinstance(diagnostic, dict) or diagnostic.get("code") in HARMLESS | (indexed or set()):
            continue
        occurrences = diagnostic.get("count")
        found.occurrences += occurrences if isinstance(occurrences, int) else 0
        for example in diagnostic.get("examples") or ():
            if not isinstance(example, dict):
                continue
            found.examples += 1
            words = f"{diagnostic.get('code')}: {example.get('message', '')}"
            key = named(f"{example.get('file', '')} {example.get('where', '')}")
            if key is not None:
                found.led += 1
                found.add(key, words)
            elif example.get("id"):
                ids.setdefault(str(example["id"]), []).append(words)
    seen = set[str]()
    for key, id in _by_uuid(folder, set(ids)) if ids else ():
        for words in ids[id]:
            found.add(key, words)
        if id not in seen:
            seen.add(id)
            found.led += len(ids[id])


def _words(place: str) -> Iterator[str]:
    """The path and its ends below each folder: ``labels/a.txt`` and ``a.txt``."""
    for word in [place.strip(), *re.split(r"\s+", place)]:
        parts = word.split("/")
        yield from ("/".join(parts[i:]) for i in range(len(parts)))


def _keys(folder: str) -> Iterator[str]:
    path = os.path.join(folder, "data_rows.ndjson")
    if not os.path.isfile(path):
        return
    with open(path, "rb") as file:
        for raw in file:
            try:
                key = row_head(raw).global_key
            except (ValueError, RecursionError):
                continue
            if isinstance(key, str):
                yield key


def _by_uuid(folder: str, ids: set[str]) -> Iterator[tuple[str, str]]:
    """Keys of rows with a line that was made of one of the source's ids, and that id."""
    before, expected = "", dict[str, str]()
    for path in payload_files(folder):
        with open(path, "rb") as file:
            for raw in file:
                try:
                    head = _head(raw)
                except (ValueError, RecursionError):
                    continue
                key = head.dataRow.globalKey
                if not isinstance(key, str):
                    continue
                if key != before:
                    before, made = key, Uuids(key)
                    expected = {made.make(id): id for id in ids}
                if isinstance(head.uuid, str) and head.uuid in expected:
                    yield key, expected[head.uuid]
