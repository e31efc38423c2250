"""The lines of a payload: each by itself, and what must hold over all of them."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET

from to_labelbox.plugins.writer import Fault
from to_labelbox.report.plain_words import in_words
from to_labelbox.rules.required import ASSET, unanswered
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.validate import lines, wire
from to_labelbox_formats.labelbox.validate.hints import Hint, Unanswered, code_of, severity_of
from to_labelbox_formats.labelbox.validate.names import Names
from to_labelbox_formats.labelbox.validate.reading import Reading
from to_labelbox_formats.labelbox.validate.rows import RowInfo, Rows

_BOM = b"\xef\xbb\xbf"
_TOO_DEEP = "is nested too deeply to be read"
SAME_NAME = 5000
"""Annotations of one name on one data row that an import takes [SDK 7.17, ANNOTATION_PER_LABEL_LIMIT]."""
_decode = msgspec.json.Decoder(wire.Line).decode


class Payload:
    """Checks the payload's files as one; ``rows`` None when the data rows are not at hand."""

    def __init__(self, names: Names | None, rows: Rows | None, gallery: MediaFolder | None) -> None:
        self._names = names
        self._rows = rows
        self._gallery = gallery
        self._row = RowInfo("", None)
        self._row_id: tuple[object, object] | None = None
        self._row_fault = ""
        self._mask_sizes: dict[int, tuple[int, int]] = {}
        self._starts: list[tuple[int, str]] = []
        self._count = 0
        self._uuids, self._named, self._once, self._frames = _Hashes(), _Hashes(), _Hashes(), _Hashes()
        self._objects = array("q")
        self._answers = array("q")
        self._links: list[tuple[int, int, bool, str]] = []
        demanding = [] if names is None else [name for name, question in names.first_level if question.required]
        self._answered: dict[str, set[int]] = {name: set() for name in demanding}
        self._seen_rows: dict[int, int] = {}

    def check(self, reading: Reading, *paths: str) -> Iterator[Fault]:
        seen_rows: set[int] = set()
        for path in paths:
            name = os.path.basename(path)
            self._starts.append((self._count, name))
            here: set[int] = set()
            for number, raw in enumerate(reading.lines(path), 1):
                self._count += 1
                if not raw.isascii() or raw[-2:-1] == b"\r" or raw.isspace():
                    yield from (Fault(name, number, m) for m in encoding_faults(raw, number))
                    raw = raw.removeprefix(_BOM)
                    if not raw.strip():
                        continue
                try:
                    line = _decode(raw)
                    kind = lines.kind_of(line)
                except ValueError as error:
                    yield Fault(name, number, _structural(error))
                    continue
                except RecursionError:
                    yield Fault(name, number, _TOO_DEEP)
                    continue
                new = self._enter(line.dataRow) or number == 1
                try:
                    messages = list(self._line(line, kind))
                except RecursionError:
                    messages = [_TOO_DEEP]
                for message in messages:
                    yield fault_of(name, number, message)
                if new and len(paths) > 1:
                    row = hash(self._row_id)
                    if row in seen_rows and row not in here:
                        yield Fault(name, number, f"data row {self._row.key!r} is split over two files")
                    here.add(row)
            seen_rows |= here
        yield from self._whole()
        yield from self._unanswered()

    def _enter(self, data_row: wire.DataRow) -> bool:
        """Look up the data row of a line; lines of one row mostly follow each other."""
        row_id = (data_row.globalKey, data_row.id)
        if row_id == self._row_id:
            return False
        self._key_hash = hash(data_row.globalKey if isinstance(data_row.globalKey, str) else data_row.id)
        if self._answered:
            self._seen_rows.setdefault(self._key_hash, self._count)
        if self._row_id is not None and self._row.mask_size is not None:
            self._mask_sizes[hash(self._row_id)] = self._row.mask_size
        self._row_id = row_id
        key = data_row.globalKey
        self._row_fault = ""
        found: RowInfo | None = None
        if (key is UNSET) == (data_row.id is UNSET):
            self._row_fault = "dataRow needs either globalKey or id"
        elif not (key or data_row.id):
            self._row_fault = "dataRow is empty"
        elif isinstance(key, str) and len(key) > 200:
            self._row_fault = f"globalKey has {len(key)} characters, at most 200 are taken"
        elif isinstance(key, str) and self._rows is not None:
            found = self._rows.find(key)
            if found is None:
                self._row_fault = f"there is no data row {key!r} in data_rows.ndjson"
        self._row = found or RowInfo(key if isinstance(key, str) else "", None, self._gallery)
        self._row.mask_size = self._mask_sizes.get(hash(row_id))
        return True

    def _line(self, line: wire.Line, kind: str) -> Iterator[str]:
        if self._row_fault:
            yield self._row_fault
        row, number = hash(self._row_id), self._count
        yield from lines.check(line, kind, self._row, self._names)
        uuid = lines.canonical(line.uuid) if isinstance(line.uuid, str) else None
        if uuid is not None:
            identity = hash((row, uuid))
            self._uuids.add(identity, number)
            if kind == "answer":
                self._answers.append(identity)
            elif kind != "relationship":
                self._objects.append(identity)
        if isinstance(line.masks, wire.Masks):
            for index in {frame.index for frame in line.masks.frames}:
                self._frames.add(hash((row, line.groupKey if isinstance(line.groupKey, str) else "", index)), number)
        for name in _names_of(line):
            self._named.add(hash((row, name)), number)
            if kind == "answer" and line.messageId is UNSET and name in self._answered:
                self._answered[name].add(self._key_hash)
            if kind == "answer":
                self._once.add(hash((row, name, line.messageId if line.messageId is not UNSET else None)), number)
        link = line.relationship
        if isinstance(link, wire.WireRelationship):
            target = lines.canonical(link.target)
            self._links.append((number, hash((row, target)), False, link.target))
            if isinstance(link.source, str):
                source = lines.canonical(link.source)
                self._links.append((number, hash((row, source)), self._row.media in ("PDF", ""), link.source))
            question = link.sourceOntologyName
            if isinstance(question, str) and self._names is not None and question not in self._names.classes:
                yield f"sourceOntologyName {question!r} is no classification of the ontology"

    # ------------------------------------------------------------------------------------------ whole payload

    def _whole(self) -> Iterator[Fault]:
        for first, again in self._uuids.repeated():
            yield self._at(
                again, f"uuid is that of {self._place(first)} on this data row: the later replaces the earlier"
            )
        for first, again in self._once.repeated():
            message = f"answers the question of {self._place(first)} again: one answer a question and data row"
            yield self._at(again, message)
        told: set[int] = set()
        for first, again in self._frames.repeated():
            if again not in told:
                told.add(again)
                message = f"has masks on frames of {self._place(first)}: put all instances of a frame on one picture"
                yield fault_of(*self._where(again), Hint(message))
        for number in self._named.beyond(SAME_NAME):
            yield self._at(
                number, f"is the {SAME_NAME + 1}st annotation of this name on its data row, {SAME_NAME} are taken"
            )
        objects, answers = set(self._objects) if self._links else set(), set(self._answers) if self._links else set()
        for number, identity, or_answer, uuid in self._links:
            if identity in objects or (or_answer and identity in answers):
                continue
            what = "the source of a relationship on a document" if or_answer else "an end of a relationship"
            wanted = "an object or answer" if or_answer else "an object"
            yield self._at(number, f"{what}, {uuid!r}, is not the uuid of {wanted} on this data row")

    def _unanswered(self) -> Iterator[Fault]:
        """Required questions about assets that a data row has no answer to."""
        if self._names is None:
            return
        for name, question in self._names.first_level:
            if not question.required or question.scope == "index":
                continue
            message = Unanswered(unanswered(name, ASSET))
            answered = self._answered.get(name, set())
            if self._rows is not None:
                yield from (fault_of("data_rows.ndjson", line, message) for line in self._rows.without(answered))
            else:
                for key, number in self._seen_rows.items():
                    if key not in answered:
                        start, file = next(s for s in reversed(self._starts) if s[0] < number)
                        yield fault_of(file, number - start, message)

    def _where(self, number: int) -> tuple[str, int]:
        start, name = next(s for s in reversed(self._starts) if s[0] < number)
        return name, number - start

    def _at(self, number: int, message: str) -> Fault:
        return Fault(*self._where(number), message)

    def _place(self, number: int) -> str:
        start, name = next(s for s in reversed(self._starts) if s[0] < number)
        return f"{name}:{number - start}" if len(self._starts) > 1 else f"line {number - start}"


def fault_of(file: str, line: int, message: str) -> Fault:
    return Fault(file, line, str(message), severity_of(message), code_of(message))


def _names_of(line: wire.Line) -> Iterator[str]:
    for holder in line.named:
        name = holder.name if isinstance(holder.name, str) else holder.schemaId
        if isinstance(name, str):
            yield name


def _structural(error: ValueError) -> str:
    message = in_words(error)
    if "'confidence'" in message or "'customMetrics'" in message:
        return "confidence and customMetrics belong to model predictions: leave them out of ground truth"
    return message


class _Hashes:
    """64-bit hashes with the line they come from: 16 bytes a line."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._numbers = array("q")

    def add(self, hashed: int, number: int) -> None:
        self._hashes.append(hashed)
        self._numbers.append(number)

    def _sorted(self) -> tuple[Any, Any]:
        hashes, numbers = np.array(self._hashes, np.int64), np.array(self._numbers, np.int64)
        order = np.argsort(hashes, kind="stable")
        return hashes[order], numbers[order]

    def repeated(self) -> Iterator[tuple[int, int]]:
        """Lines whose hash an earlier line has, with that line; in order of lines."""
        hashes, numbers = self._sorted()
        same = np.flatnonzero(hashes[1:] == hashes[:-1])
        yield from sorted(((int(numbers[i]), int(numbers[i + 1])) for i in same), key=lambda pair: pair[1])

    def beyond(self, most: int) -> Iterator[int]:
        """For each hash on more than ``most`` lines, the first line too many."""
        hashes, numbers = self._sorted()
        if len(hashes) > most:
            over = np.flatnonzero(hashes[most:] == hashes[:-most])
            first = [i for i in over if i == 0 or hashes[i - 1] != hashes[i]]
            yield from sorted(int(numbers[i + most]) for i in first)


def encoding_faults(raw: bytes, number: int) -> Iterator[str]:
    """ASCII JSON a line: the SDK's reader splits at U+2028, U+2029 and U+0085 too, and fails on blank lines."""
    if number == 1 and raw.startswith(_BOM):
        yield "the file starts with a byte-order mark: remove it"
    elif not raw.isascii():
        yield "holds characters that are not ASCII: write them as \\uXXXX"
    if raw.endswith(b"\r\n"):
        yield "ends with CR LF: end lines with LF"
    if not raw.strip():
        yield "is blank: remove the line"
