"""``index.ndjson``: from a line of the payload back to the annotation of the source that it came from.

First stands one line for each line of the payload, in the same order::

    {"line":1,"uuid":"…","key":"0001.jpg","file":"instances.json","where":"annotations[12]","id":"34","class":"car"}

``line`` counts from 1, on over all files of a sharded payload. ``uuid`` is null where the line has none. ``key`` is the data
row's global key, or its id where the payload refers to that. ``file`` and ``where`` are the place in the source, ``class`` is
the row of the ledger. ``also`` names further annotations that the line holds (answers that were joined, masks on one picture).
``approximated`` is true on the last line of an annotation that lost something, and of one that stands with it on a line.

After them stand the annotations that no line holds, with ``"line":null`` and the ``code`` of the diagnostic that says why:
those that opening the source left out, those that its reader did, then those that the writer did; ``count`` is there where
it is not 1. So the order depends on the source alone, not on how the work was divided.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from to_labelbox.model.text import as_text

INDEX = "index.ndjson"
_FULL = 1 << 18
_START = b'\n{"line":'
_encoder = msgspec.json.Encoder()


class Further(Struct, gc=False):
    """A further annotation in a line."""

    where: str
    id: str
    label: Raw = field(name="class")


class IndexLine(Struct, gc=False):
    """What is told of a payload line. ``key`` holds the key and, written out, the field ``file`` after it."""

    line: int
    uuid: str | None
    key: Raw
    where: str
    id: str
    label: Raw = field(name="class")
    also: list[Further] | UnsetType = UNSET
    approximated: bool | UnsetType = UNSET


class LeftOut(Struct, gc=False):
    """An annotation, or ``count`` of them, that no payload line holds."""

    line: None
    uuid: None
    key: str | None
    file: str
    where: str
    id: str
    label: str = field(name="class")
    code: str
    count: int | UnsetType = UNSET


def with_own_file(line: IndexLine) -> IndexLine:
    """The line of an annotation whose location names its file, with that file in place of its item's."""
    own, tab, place = line.where.rpartition("\t")
    also = line.also
    if also is not UNSET:
        also = [msgspec.structs.replace(one, where=one.where.replace("\t", " ")) for one in also]
    if not tab:
        return line if also is line.also else msgspec.structs.replace(line, also=also)
    key = bytes(line.key)
    key = key[: key.rindex(b',"file":')]
    return msgspec.structs.replace(line, key=Raw(b'%b,"file":%b' % (key, ascii_text(own))), where=place, also=also)


def ascii_text(text: str) -> bytes:
    """A JSON string in ASCII; half surrogates are replaced."""
    if text.isascii():
        return _encoder.encode(text)
    import json  # slow to load, and most names are ASCII

    return json.dumps(as_text(text)).encode()


def ascii_texts(texts: Sequence[str], one: Callable[[str], bytes] = ascii_text) -> list[str]:
    """Texts as JSON strings in ASCII, those that are ASCII at once, others as ``one`` has them."""
    try:
        lines = _encoder.encode_lines(texts)
    except UnicodeEncodeError:
        lines = b"\x80"
    return lines.decode().split("\n")[:-1] if lines.isascii() else [one(text).decode() for text in texts]


def ascii_lines(lines: Sequence[IndexLine | LeftOut]) -> bytes:
    """Lines of ASCII JSON; half surrogates are replaced."""
    try:
        data = _encoder.encode_lines(lines)
    except UnicodeEncodeError:
        data = _encoder.encode_lines([_whole(line) for line in lines])
    if data.isascii():
        return data
    import json

    return b"".join(json.dumps(json.loads(line), separators=(",", ":")).encode() + b"\n" for line in data.splitlines())


def _whole(line: Any) -> Any:
    """A struct whose texts can be encoded."""
    if isinstance(line, list):
        return [_whole(one) for one in line]
    if isinstance(line, Struct):
        return msgspec.structs.replace(line, **{name: _whole(getattr(line, name)) for name in line.__struct_fields__})
    return as_text(line) if isinstance(line, str) else line


class LeftOutLines:
    """The lines of annotations that are left out, compressed where they are many."""

    def __init__(self, blocks: Iterable[bytes] = ()) -> None:
        self._blocks = list(blocks)
        self._lines = bytearray()

    def add(self, code: str, label: str, key: str | None, file: str, where: str, id: str, count: int) -> None:
        line = LeftOut(None, None, key, file, where, id, label, code, UNSET if count == 1 else count)
        self._lines += ascii_lines((line,))
        if len(self._lines) > _FULL:
            self._close_block()

    def _close_block(self) -> None:
        if self._lines:
            self._blocks.append(zlib.compress(self._lines, 1))
            self._lines.clear()

    def absorb(self, other: LeftOutLines) -> None:
        self._blocks = [*self.blocks(), *other.blocks()]

    def blocks(self) -> list[bytes]:
        """Everything, compressed."""
        self._close_block()
        return self._blocks

    def pieces(self) -> Iterator[bytes]:
        """Everything as lines."""
        return chain(map(zlib.decompress, self._blocks), [bytes(self._lines)] if self._lines else [])


def renumbered(pieces: Iterable[bytes], first: int) -> Iterator[bytes]:
    """Lines of :class:`IndexLine` with numbers from ``first`` on instead of their own."""
    for piece in pieces:
        # no JSON text holds a line break, so this is only where a line ends and the next one begins
        lines = piece[len(_START) - 1 : -1].split(_START)
        numbers = _encoder.encode_lines(range(first, first + len(lines)))[:-1].split(b"\n")
        first += len(lines)
        joined = [_START] * (3 * len(lines))
        joined[1::3] = numbers
        joined[2::3] = [line.lstrip(b"0123456789") for line in lines]
        yield b"".join(joined)[1:] + b"\n"
