"""Cutting exports of any size into pieces of whole tasks, lists of JSON by :class:`~to_labelbox.source.json_stream.JsonStream`."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from to_labelbox.report.errors import FileError
from to_labelbox.source.json_stream import JsonStream
from to_labelbox_formats.label_studio.files.file_head import TABLES, UNDECODABLE, FileShape

WINDOW = 1 << 18
"""Bytes of a piece, unless a single task is larger."""
MAX_TASK_BYTES = 1 << 30
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


class Around(NamedTuple):
    """Fields of the object that holds the list of tasks."""

    names: list[str]


Decode = Callable[[bytes], Sequence[Any]]
"""The records in a JSON list or a row of a table. Raises what :data:`UNDECODABLE` lists."""


def joined(piece: bytes | memoryview) -> bytes:
    """Elements of an array as an array of their own."""
    return b"".join((b"[", piece, b"]"))


def pieces(file: BinaryIO, shape: FileShape, decode: Decode) -> Iterator[Cut | Around]:
    """The pieces of a file in order, and what is around them. Raises :class:`FileError`, also behind the last one."""
    if shape is FileShape.SINGLE:
        return _single_piece(file, decode)
    if shape is FileShape.LINES:
        return _line_pieces(file, decode)
    if shape in TABLES:
        return _table_pieces(file, decode)
    return _json_pieces(file, decode, shape)


def _cut(offset: int, length: int, text: bytes, decode: Decode) -> Cut:
    try:
        return Cut(offset, length, decode(text), text)
    except UNDECODABLE:
        return Cut(offset, length, None, text)


# ------------------------------------------------------------------------------------------------ lists and objects


def _json_pieces(file: BinaryIO, decode: Decode, shape: FileShape) -> Iterator[Cut | Around]:
    stream = JsonStream(file)
    if shape is FileShape.ARRAY:
        yield from _array(stream, decode)
    elif shape is FileShape.KEYED:
        for _ in stream.members():
            yield _value(stream, decode)
    else:
        names: list[str] = []
        for name in stream.members():
            names.append(name)
            if name == "tasks" and stream.next() == b"[":
                yield from _array(stream, decode)
            else:
                stream.skip()
        yield Around(names)
    end = stream.offset - 1
    if stream.next():
        raise FileError(f"the list of tasks ends at byte {end}, but more follows, which was not read")


def _array(stream: JsonStream, decode: Decode) -> Iterator[Cut]:
    """The tasks of a list, as many in a piece as fit a window; one by one where no run of them is proved in it."""
    stream.take(b"[")
    separator = _separator(stream.ahead(WINDOW)) if stream.next() != b"]" else None
    one_by_one = 0  # up to that byte: no run ends there
    while stream.next() != b"]":
        run = stream.run(decode, separator, WINDOW) if separator and stream.offset >= one_by_one else None
        if run is not None:
            start, records, text = run
            yield Cut(start, len(text), records, joined(text))
        else:
            one_by_one = one_by_one if stream.offset < one_by_one else stream.offset + WINDOW
            yield _value(stream, decode)
        if stream.next() != b"]":
            stream.take(b",")
    stream.take(b"]")


def _value(stream: JsonStream, decode: Decode) -> Cut:
    text = stream.value()
    return _cut(stream.offset - len(text), len(text), joined(text), decode)


def _separator(text: bytes) -> re.Pattern[bytes] | None:
    """What precedes the tasks of a list: they begin by the first key of the first, the kind of its value, and the next key."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    key, scalar, second, bracket = opening.groups()
    start = rb"\{\s*" + re.escape(key) + rb"\s*:\s*"
    start += _SCALAR + rb"\s*,\s*" + re.escape(second) + rb"\s*:" if scalar else re.escape(bracket)
    return re.compile(rb"[ \t\r\n]*,[ \t\r\n]*(?=" + start + rb")")


# ------------------------------------------------------------------------------------- objects, lines and tables


def _single_piece(file: BinaryIO, decode: Decode) -> Iterator[Cut]:
    data = file.read(MAX_TASK_BYTES + 1)
    if len(data) > MAX_TASK_BYTES:
        raise FileError(f"a single task is larger than {MAX_TASK_BYTES} bytes")
    start = len(data) - len(data.removeprefix(codecs.BOM_UTF8).lstrip())
    length = len(data.rstrip()) - start
    yield _cut(start, length, joined(data[start : start + length]), decode)


def _line_pieces(file: BinaryIO, decode: Decode) -> Iterator[Cut]:
    offset = 0
    for line in file:
        body = line.strip()
        if offset == 0:
            body = body.removeprefix(codecs.BOM_UTF8)
        if body:
            yield _cut(offset + line.index(body), len(body), joined(body), decode)
        offset += len(line)


def _table_pieces(file: BinaryIO, decode: Decode) -> Iterator[Cut]:
    """One piece a record; the first is the header. A line break inside quotes belongs to the record."""
    offset = length = quotes = 0
    lines: list[bytes] = []
    for line in file:
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
