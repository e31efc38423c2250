"""Cutting exports of any size into pieces of whole tasks.

A JSON array is cut behind an element, where the next one seems to begin. The cut is *proved* by decoding the piece: bytes
that start at an element of the array and decode as a list of elements end at an element, whatever follows. Where no
cut of that kind is found (mixed key orders, broken records), elements are told apart by their brackets and strings.
"""

from __future__ import annotations

import ast
import codecs
import csv
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, BinaryIO, NamedTuple

import msgspec

from to_labelbox.report.errors import FileError

WINDOW = 1 << 18
"""Bytes of a piece, unless a single task is larger."""
MAX_TASK_BYTES = 1 << 30
_PYTHON_DICTS = ("[{'", "{'")
_LONGEST_LITERAL = 1 << 20
_SIGNATURE_REGION = 1 << 13
_TRIES = 4

_KEYED = re.compile(rb'\{\s*"\d{1,18}"\s*:\s*(?=\{)')
"""How a project of the first versions keeps its tasks: by their numbers."""
UNDECODABLE = (ValueError, RecursionError)
"""What msgspec raises on bytes that do not fit: DecodeError and UnicodeDecodeError are ValueErrors."""
_BLANK = re.compile(rb"[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]|"', re.DOTALL)
_KEY = rb'"(?:[^"\\]|\\.)*"'
_SCALAR = rb'(?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\],]+)'
_OPENING = re.compile(rb"\{\s*(" + _KEY + rb")\s*:\s*(?:(" + _SCALAR + rb")\s*,\s*(" + _KEY + rb")|([\[{]))")


class FileShape(Enum):
    """How the tasks of a file are strung together."""

    ARRAY = "array"
    KEYED = "object of tasks by number"
    SINGLE = "object"
    LINES = "lines"
    CSV = "csv"
    TSV = "tsv"
    SEMICOLONS = "csv with semicolons"


class FileForm(Enum):
    """What the records of a file are."""

    TASKS = "tasks"
    FLAT = "flat records"
    ANNOTATION = "annotations with their task"


TABLES = {FileShape.CSV: ",", FileShape.TSV: "\t", FileShape.SEMICOLONS: ";"}
"""What separates the cells of a table; the TSV export of the server is a file named ``.csv``."""


class Cut(NamedTuple):
    """Bytes of whole records. ``tasks`` None: they do not decode, they are one record that is broken."""

    offset: int
    length: int
    tasks: int | None


class EarlyEnd(NamedTuple):
    """Why the rest of a file was not read."""

    message: str


Counter = Callable[[bytes], int]
"""How many tasks a piece holds. Raises what :data:`~.records.UNDECODABLE` lists when it does not decode."""


def joined(piece: bytes | memoryview) -> bytes:
    """Elements of an array as an array of their own."""
    return b"".join((b"[", piece, b"]"))


def shape_of(name: str, head: bytes) -> FileShape | None:
    """The shape that the name and the first bytes of a file announce."""
    lower = name.lower().removesuffix(".gz")
    if lower.endswith((".csv", ".tsv")):
        header = head.partition(b"\n")[0]
        return max(TABLES, key=lambda shape: header.count(TABLES[shape].encode()))
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"["):
        return FileShape.ARRAY
    if not head.startswith(b"{"):
        return None
    if _KEYED.match(head):
        return FileShape.KEYED
    first, newline, rest = head.partition(b"\n")
    if newline and rest.lstrip()[:1] in (b"{", b""):
        try:
            msgspec.json.decode(first, type=msgspec.Raw)
        except UNDECODABLE:
            return FileShape.SINGLE
        return FileShape.LINES
    return FileShape.SINGLE


def pieces(stream: BinaryIO, shape: FileShape, count: Counter) -> Iterator[Cut | EarlyEnd]:
    """The pieces of a file in order, and what ends it early. Raises :class:`FileError`."""
    if shape in (FileShape.ARRAY, FileShape.KEYED):
        return _array_pieces(stream, count, b"]" if shape is FileShape.ARRAY else b"}")
    if shape is FileShape.SINGLE:
        return _single_piece(stream, count)
    if shape is FileShape.LINES:
        return _line_pieces(stream, count)
    return _table_pieces(stream, count)


# ------------------------------------------------------------------------------------------------------- arrays


class _Window:
    """The bytes from the next element on, and where they are in the file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.data = b""
        self.offset = 0
        self.complete = False

    def grow(self, size: int) -> None:
        missing = size - len(self.data)
        if missing > 0 and not self.complete:
            more = self._stream.read(missing)
            self.data += more
            self.complete = len(more) < missing

    def drop(self, size: int) -> None:
        self.data = self.data[size:]
        self.offset += size


def first_record(shape: FileShape, head: bytes) -> bytes:
    """The head of a file from its first record on, or what the keys of that can be told from."""
    found = _KEYED.search(head) if shape is FileShape.KEYED else None
    return head[found.end() :] if found else head


def _array_pieces(stream: BinaryIO, count: Counter, closing: bytes) -> Iterator[Cut | EarlyEnd]:
    """The elements of a list, or the values of an object, whose keys are passed over."""
    window = _Window(stream)
    window.grow(WINDOW)
    if window.data.startswith(codecs.BOM_UTF8):
        window.drop(3)
    start = _blanks(window.data, 0)
    window.drop(_blanks(window.data, start + 1))
    signature = _signature(window.data)
    size = WINDOW
    while True:
        window.grow(size)
        end = _array_end(window) if window.complete else None
        if end is not None and _counted(window.data[:end], count) is not None:
            if end:
                yield Cut(window.offset, end, _counted(window.data[:end], count))
            return
        cut = _proved_cut(window.data, signature, count)
        if cut is not None:
            length, tasks = cut
            yield Cut(window.offset, length, tasks)
            window.drop(length)
            comma = _COMMA.match(window.data)
            assert comma is not None  # the cut was made before one
            window.drop(comma.end())
            size = WINDOW
            continue
        spans, closed = _elements(window.data)
        for start, stop in spans:
            piece = window.data[start:stop]
            yield Cut(window.offset + start, stop - start, _counted(piece, count))
        if closed is not None:
            window.grow(size + WINDOW)
            if window.data[closed : closed + 1] != closing or window.data[closed + 1 :].strip():
                yield EarlyEnd(
                    f"the list of tasks ends at byte {window.offset + closed}, but more follows, which was not read"
                )
            return
        if spans:
            window.drop(spans[-1][1])
            comma = _COMMA.match(window.data)
            window.drop(comma.end() if comma else 0)
            size = WINDOW
        elif window.complete:
            yield EarlyEnd(
                f"the list of tasks is not closed: the file ends inside a task that starts at byte {window.offset}"
            )
            return
        else:
            size *= 2
            if size > MAX_TASK_BYTES:
                raise FileError(f"a single task is larger than {MAX_TASK_BYTES} bytes, at byte {window.offset}")


def _blanks(data: bytes, start: int) -> int:
    match = _BLANK.match(data, start)
    return match.end() if match else start


def _signature(data: bytes) -> re.Pattern[bytes] | None:
    """How tasks of this file begin: the first key with the kind of its value, and the next key."""
    opening = _OPENING.match(data)
    if opening is None:
        return None
    key, scalar, second, bracket = opening.groups()
    start = rb"\{\s*" + re.escape(key) + rb"\s*:\s*"
    start += _SCALAR + rb"\s*,\s*" + re.escape(second) + rb"\s*:" if scalar else re.escape(bracket)
    return re.compile(rb"[ \t\r\n]*,[ \t\r\n]*(?=" + start + rb")")


def _proved_cut(data: bytes, signature: re.Pattern[bytes] | None, count: Counter) -> tuple[int, int] | None:
    if signature is None:
        return None
    found: list[int] = []
    stop = len(data)
    while not found and stop > 0:
        begin = max(0, stop - _SIGNATURE_REGION)
        # begin in the region, but let a match run beyond its end
        found = [m.start() for m in signature.finditer(data, begin, stop + _SIGNATURE_REGION) if m.start() < stop]
        stop = begin
    for cut in reversed(found[-_TRIES:]):
        tasks = _counted(data[:cut], count) if cut else None
        if tasks is not None:
            return cut, tasks
    return None


def _counted(piece: bytes, count: Counter) -> int | None:
    try:
        return count(joined(piece))
    except UNDECODABLE:
        return None


def _array_end(window: _Window) -> int | None:
    """Where the last element ends, when the file ends with the array's bracket."""
    data = window.data.rstrip()
    return len(data[:-1].rstrip()) if data.endswith(b"]") else None


def has_element(head: bytes) -> bool:
    """Whether the first element of an array ends in the head of a file."""
    return bool(_elements(head.partition(b"[")[2])[0])


def _elements(data: bytes) -> tuple[list[tuple[int, int]], int | None]:
    """Spans of the complete elements at the beginning of an array's content; where a bracket closes it."""
    spans: list[tuple[int, int]] = []
    depth, start = 0, -1
    for token in _TOKEN.finditer(data):
        text = token.group()
        if text in (b"{", b"["):
            if not depth:
                start = token.start()
            depth += 1
        elif text in (b"}", b"]"):
            if not depth:
                return spans, token.start()
            depth -= 1
            if not depth:
                spans.append((start, token.end()))
        elif text == b'"':
            break
    return spans, None


# ------------------------------------------------------------------------------------- objects, lines and tables


def _single_piece(stream: BinaryIO, count: Counter) -> Iterator[Cut]:
    data = stream.read(MAX_TASK_BYTES + 1)
    if len(data) > MAX_TASK_BYTES:
        raise FileError(f"a single task is larger than {MAX_TASK_BYTES} bytes")
    start = _blanks(data, len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    length = len(data.rstrip()) - start
    yield Cut(start, length, _counted(data[start : start + length], count))


def _line_pieces(stream: BinaryIO, count: Counter) -> Iterator[Cut]:
    offset = 0
    for line in stream:
        body = line.strip()
        if offset == 0:
            body = body.removeprefix(codecs.BOM_UTF8)
        if body:
            yield Cut(offset + line.index(body), len(body), _counted(body, count))
        offset += len(line)


def _table_pieces(stream: BinaryIO, count: Counter) -> Iterator[Cut]:
    """One piece a record; the first is the header. A line break inside quotes belongs to the record."""
    offset = length = quotes = 0
    lines: list[bytes] = []
    for line in stream:
        lines.append(line)
        length += len(line)
        quotes += line.count(b'"')
        if quotes % 2:
            if length > MAX_TASK_BYTES:
                raise FileError(f"a record is larger than {MAX_TASK_BYTES} bytes, at byte {offset}")
            continue
        if line.strip():
            yield Cut(offset, length, _tasks_of(b"".join(lines), count))
        offset, length, quotes = offset + length, 0, 0
        lines.clear()
    if length:
        yield Cut(offset, length, _tasks_of(b"".join(lines), count))


def _tasks_of(record: bytes, count: Counter) -> int | None:
    try:
        return count(record)
    except UNDECODABLE:
        return None


def table_row(data: bytes, shape: FileShape) -> list[str]:
    """The cells of one record. Raises :class:`FileError`."""
    try:
        text = data.decode("utf-8-sig")
        csv.field_size_limit(sys.maxsize)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=TABLES[shape]))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"is no readable row: {error}") from None
    return rows[0] if rows else []


def flat_row(header: Sequence[str], cells: list[str]) -> dict[str, Any]:
    """A row as the record that JSON-MIN would hold: cells with a list or object are JSON, empty ones are left out.

    Tables that a script has saved again hold them as Python writes them.
    """
    record: dict[str, Any] = {}
    for name, cell in zip(header, cells):
        if not cell:
            continue
        record[name] = cell
        if cell[0] in "[{":
            try:
                record[name] = msgspec.json.decode(cell)
            except UNDECODABLE:
                record[name] = _python_literal(cell)
    return record


def _python_literal(cell: str) -> Any:
    """Lists and dictionaries of a cell as Python writes them; the cell itself where it holds none."""
    if not cell.startswith(_PYTHON_DICTS) or len(cell) > _LONGEST_LITERAL:
        return cell
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return cell
