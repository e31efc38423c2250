"""Cutting exports of any size into pieces of whole tasks.

A JSON array is cut behind an element, where the next one seems to begin. The cut is *proved* by decoding the piece: bytes
that start at an element of the array and decode as a list of elements end at an element, whatever follows. Where no
cut of that kind is found (mixed key orders, broken records), elements are told apart by their brackets and strings.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from to_labelbox.report.errors import FileError
from to_labelbox.source.json_head import first_keys
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE, FileShape, elements, list_of_tasks

WINDOW = 1 << 18
"""Bytes of a piece, unless a single task is larger."""
MAX_TASK_BYTES = 1 << 30
MAX_AROUND = 16 << 20
"""Bytes of an object in which its list of tasks begins."""
_SIGNATURE_REGION = 1 << 13
_TRIES = 4

_BLANK = re.compile(rb"[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_KEY = rb'"(?:[^"\\]|\\.)*"'
_SCALAR = rb'(?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\],]+)'
_OPENING = re.compile(rb"\{\s*(" + _KEY + rb")\s*:\s*(?:(" + _SCALAR + rb")\s*,\s*(" + _KEY + rb")|([\[{]))")


class Cut(NamedTuple):
    """Bytes of whole records. ``records`` None: they do not decode, they are one record that is broken.

    ``text`` is what was decoded: a JSON list, or a row of a table.
    """

    offset: int
    length: int
    records: Sequence[Any] | None
    text: bytes


class EarlyEnd(NamedTuple):
    """Why the rest of a file was not read."""

    message: str


class Around(NamedTuple):
    """Fields of the object that holds the list of tasks."""

    names: list[str]


Decode = Callable[[bytes], Sequence[Any]]
"""The records in a JSON list or a row of a table. Raises what :data:`UNDECODABLE` lists."""


def joined(piece: bytes | memoryview) -> bytes:
    """Elements of an array as an array of their own."""
    return b"".join((b"[", piece, b"]"))


def pieces(stream: BinaryIO, shape: FileShape, decode: Decode) -> Iterator[Cut | EarlyEnd | Around]:
    """The pieces of a file in order, what is around them, and what ends it early. Raises :class:`FileError`."""
    if shape in (FileShape.ARRAY, FileShape.WRAPPED, FileShape.KEYED):
        return _array_pieces(stream, decode, shape)
    if shape is FileShape.SINGLE:
        return _single_piece(stream, decode)
    if shape is FileShape.LINES:
        return _line_pieces(stream, decode)
    return _table_pieces(stream, decode)


def _cut(offset: int, length: int, text: bytes, decode: Decode) -> Cut:
    try:
        return Cut(offset, length, decode(text), text)
    except UNDECODABLE:
        return Cut(offset, length, None, text)


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


def _array_pieces(stream: BinaryIO, decode: Decode, shape: FileShape) -> Iterator[Cut | EarlyEnd | Around]:
    """The elements of a list, or the values of an object, whose keys are passed over."""
    window = _Window(stream)
    window.grow(WINDOW)
    if window.data.startswith(codecs.BOM_UTF8):
        window.drop(3)
    start = _blanks(window.data, 0)
    if shape is FileShape.WRAPPED:
        start = list_of_tasks(window.data)
        if not start:
            window.grow(MAX_AROUND)
            start = list_of_tasks(window.data)
        yield Around(list(first_keys(window.data[:start])))
    window.drop(_blanks(window.data, start + 1))
    signature = _signature(window.data)
    size = WINDOW
    while True:
        window.grow(size)
        end = _array_end(window) if window.complete else None
        if end is not None:
            rest = _cut(window.offset, end, joined(window.data[:end]), decode)
            if rest.records is not None:
                if end:
                    yield rest
                return
        if (cut := _proved_cut(window, signature, decode)) is not None:
            yield cut
            window.drop(cut.length)
            comma = _COMMA.match(window.data)
            assert comma is not None  # the cut was made before one
            window.drop(comma.end())
            size = WINDOW
            continue
        spans, closed = elements(window.data)
        for start, stop in spans:
            yield _cut(window.offset + start, stop - start, joined(window.data[start:stop]), decode)
        if closed is not None:
            window.grow(size + WINDOW)
            closing = b"}" if shape is FileShape.KEYED else b"]"
            more = window.data[closed + 1 :].strip()
            if shape is FileShape.WRAPPED and more.startswith((b"}", b",")):
                yield Around(list(first_keys(b"{" + more.lstrip(b", \t\r\n"))))
            elif window.data[closed : closed + 1] != closing or more:
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


def _proved_cut(window: _Window, signature: re.Pattern[bytes] | None, decode: Decode) -> Cut | None:
    if signature is None:
        return None
    data = window.data
    found: list[int] = []
    stop = len(data)
    while not found and stop > 0:
        begin = max(0, stop - _SIGNATURE_REGION)
        # begin in the region, but let a match run beyond its end
        found = [m.start() for m in signature.finditer(data, begin, stop + _SIGNATURE_REGION) if m.start() < stop]
        stop = begin
    for end in filter(None, reversed(found[-_TRIES:])):
        cut = _cut(window.offset, end, joined(data[:end]), decode)
        if cut.records is not None:
            return cut
    return None


def _array_end(window: _Window) -> int | None:
    """Where the last element ends, when the file ends with the array's bracket."""
    data = window.data.rstrip()
    return len(data[:-1].rstrip()) if data.endswith(b"]") else None


# ------------------------------------------------------------------------------------- objects, lines and tables


def _single_piece(stream: BinaryIO, decode: Decode) -> Iterator[Cut]:
    data = stream.read(MAX_TASK_BYTES + 1)
    if len(data) > MAX_TASK_BYTES:
        raise FileError(f"a single task is larger than {MAX_TASK_BYTES} bytes")
    start = _blanks(data, len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    length = len(data.rstrip()) - start
    yield _cut(start, length, joined(data[start : start + length]), decode)


def _line_pieces(stream: BinaryIO, decode: Decode) -> Iterator[Cut]:
    offset = 0
    for line in stream:
        body = line.strip()
        if offset == 0:
            body = body.removeprefix(codecs.BOM_UTF8)
        if body:
            yield _cut(offset + line.index(body), len(body), joined(body), decode)
        offset += len(line)


def _table_pieces(stream: BinaryIO, decode: Decode) -> Iterator[Cut]:
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
            yield _cut(offset, length, b"".join(lines), decode)
        offset, length, quotes = offset + length, 0, 0
        lines.clear()
    if length:
        yield _cut(offset, length, b"".join(lines), decode)
