"""One pass over a huge JSON file in bounded memory: top-level keys, and arrays cut into pieces at item boundaries.

A piece is cut at the last ``},`` of a block and *proved* by decoding it between brackets: that succeeds only at an item
boundary, whatever strings and nesting the file holds. Where it fails, an exact scan of brackets and strings takes over. Items are
found by the text between them, or by decoding each where they hold objects that are separated alike.
Small pieces are the point: a block's objects fit into the cache and are gone before the next block is read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words

PIECE = 128 * 1024
_REGION = 1 << 13
_TRIES = 4
"""Bytes before the end of a block in which separators are looked for, and how many of them are tried."""
MAX_VALUE = 1 << 30
"""Largest single item in bytes."""

T = TypeVar("T")

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|"', re.DOTALL)
_SCALAR = re.compile(rb"[^,\]}\s]+")
_SPACE = re.compile(rb"[ \t\r\n]*")
_SEPARATOR = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
_GOES_ON = np.array([c in b", \t\r\n" for c in range(256)])
"""Bytes after the first of a separator."""

UNDECODABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What msgspec raises at a text that is no JSON, or not of the wanted type."""


class Piece(NamedTuple, Generic[T]):
    """Consecutive items of an array: their byte offsets and lengths in the file, the decoded items, and their text.

    ``items`` holds None for an item that does not decode. The items are separated by commas in ``text``.
    """

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    items: Sequence[T | None]
    text: bytes = b""


class JsonStream:
    """A cursor over a seekable binary stream of JSON. Raises :class:`FileError` with line and column."""

    def __init__(self, file: BinaryIO, start: int = 0) -> None:
        """``start``: a byte offset to begin at, if not at the beginning."""
        self._file = file
        self._buffer = b""
        self._base = start
        self._pos = 0
        self._ended = False
        self.array_ended = False
        if start:
            file.seek(start)
        self._fill(4)
        if not start and self._buffer.startswith(codecs.BOM_UTF8):
            self._pos = 3

    @property
    def offset(self) -> int:
        """Bytes consumed."""
        return self._base + self._pos

    # ----------------------------------------------------------------------------------------------- structure

    def next(self) -> bytes:
        """The next byte that is not white space, not consumed; empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._pos)
            self._pos = match.end() if match else self._pos
            if self._pos < len(self._buffer):
                return self._buffer[self._pos : self._pos + 1]
            if not self._fill(1):
                return b""

    def take(self, expected: bytes) -> None:
        found = self.next()
        if found != expected:
            raise self.error(f"expected {expected.decode()!r}, found {_shown(found)}")
        self._pos += 1

    def members(self) -> Iterator[str]:
        """Keys of the object at the cursor; each value must be consumed before the next key is asked for."""
        self.take(b"{")
        if self.next() == b"}":
            self._pos += 1
            return
        while True:
            if self.next() != b'"':
                raise self.error(f"expected a key, found {_shown(self.next())}")
            start, end = self.skip()
            yield self._decode_key(start, end)
            if self.next() == b",":
                self._pos += 1
                continue
            self.take(b"}")
            return

    def _decode_key(self, start: int, end: int) -> str:
        try:
            key = msgspec.json.decode(self._buffer[start - self._base : end - self._base], type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.error(in_words(error), start) from None
        self.take(b":")
        return key

    def skip(self) -> tuple[int, int]:
        """Consume a value; its first and one-past-last byte offsets."""
        if not self.next():
            raise self.error("the file ends where a value should be")
        start = self._pos
        end = self._end_of_value(start)
        self._pos = end
        return self._base + start, self._base + end

    def value(self) -> bytes:
        """Consume a value and return its bytes."""
        start, end = self.skip()
        return self._in_utf8(self._buffer[start - self._base : end - self._base], start)

    def pieces(
        self, decode: Callable[[bytes], Sequence[T]], lenient: Callable[[bytes], T | None] | None = None
    ) -> Iterator[Piece[T]]:
        """The items of the array at the cursor, a piece at a time.

        ``decode`` makes items of the text of an array and raises what msgspec raises; ``lenient`` has a second try at an
        item that does not decode.
        """
        self.take(b"[")
        if self.next() == b"]":
            self._pos += 1
            return
        yield from self.rest(decode, lenient)

    def rest(
        self,
        decode: Callable[[bytes], Sequence[T]],
        lenient: Callable[[bytes], T | None] | None = None,
        stop: int | None = None,
    ) -> Iterator[Piece[T]]:
        """The items of an array from the one at the cursor on; up to ``stop``, the offset of a later one, or a little beyond.

        At the end the cursor is at an item that is left or, with the byte before it a ``]``, behind the array.
        """
        more = True
        while more and (stop is None or self.offset < stop):
            self._fill(PIECE)
            yield self._cut(decode, stop) or self._exact(decode, lenient)
            more = self.next() != b"]"
            self.take(b"," if more else b"]")
            if more:
                self.next()
        self.array_ended = not more

    def ahead(self, size: int) -> bytes:
        """The next bytes, not consumed; fewer at the end."""
        self._fill(size)
        return self._buffer[self._pos : self._pos + size]

    def run(
        self, decode: Callable[[bytes], Sequence[T]], separator: re.Pattern[bytes], size: int
    ) -> tuple[int, Sequence[T], bytes] | None:
        """As many items of an array as its next ``size`` bytes hold, consumed: where they begin, decoded, and their text.

        They end at a likely separator, or with the document, and are proved by decoding. For items that hold objects, too.
        """
        window = self.ahead(size)
        for end in _ends_of_runs(window, separator):
            try:
                items = decode(b"[%b]" % window[:end])
            except UNDECODABLE:
                continue
            text = self._in_utf8(window[:end], self.offset)
            self._pos += end
            return self.offset - end, items, text
        return None

    def go_on_at(self, offset: int) -> None:
        """Put the cursor to a byte offset."""
        self._file.seek(offset)
        self._base, self._pos, self._buffer, self._ended = offset, 0, b"", False
        self._fill(4)

    def _cut(self, decode: Callable[[bytes], Sequence[T]], stop: int | None) -> Piece[T] | None:
        """The longest proved run of items in the next block."""
        for end in self._likely_ends(stop):
            text = self._buffer[self._pos : end]
            try:
                items = decode(b"[%b]" % text)
                starts, lengths, alike = _items_of(text)
                if len(starts) != len(items) or (not alike and not _are_outermost(text, starts)):
                    found = items_of(b"[%b]" % text)
                    starts = np.array([at - 1 for at, _ in found], np.int64)
                    lengths = np.array([len(item) for _, item in found], np.int64)
            except UNDECODABLE:
                continue
            starts += self.offset
            self._in_utf8(text, self.offset)
            self._pos += len(text)
            return Piece(starts, lengths, items, text)
        return None

    def _likely_ends(self, stop: int | None) -> Iterator[int]:
        """Where the last item of the next block may end: behind an object, behind an array in it, with the whole array."""
        first, last = self._pos, self._pos + PIECE
        if stop is not None:
            last = min(last, stop - self._base)
        at = self._buffer.rfind(b"},", first, last)
        if at >= 0:
            yield at + 1
            before = self._buffer.rfind(b"},", first, at)
            if before >= 0:
                yield before + 1
        after_array = self._buffer.rfind(b"]},", first, last)
        if after_array >= 0:
            yield after_array + 2
        whole = self._buffer.find(b"}]", first, last)
        if whole >= 0:
            yield whole + 1

    def _exact(self, decode: Callable[[bytes], Sequence[T]], lenient: Callable[[bytes], T | None] | None) -> Piece[T]:
        """About a block of items by scanning brackets."""
        starts: list[int] = []
        lengths: list[int] = []
        items: list[T | None] = []
        texts: list[bytes] = []
        while True:
            start, end = self.skip()
            text = self._in_utf8(self._buffer[start - self._base : end - self._base], start)
            starts.append(start)
            lengths.append(end - start)
            texts.append(text)
            try:
                items += decode(b"[%b]" % text)
            except UNDECODABLE:
                items.append(lenient(text) if lenient else None)
            if end - starts[0] >= PIECE or self.next() != b",":
                return Piece(np.array(starts, np.int64), np.array(lengths, np.int64), items, b",".join(texts))
            self.take(b",")

    # ------------------------------------------------------------------------------------------------- scanning

    def _end_of_value(self, start: int) -> int:
        """Buffer position after the value at a buffer position; reads on as needed, positions stay valid."""
        first = self._buffer[start : start + 1]
        if first not in b'{["':
            while True:
                match = _SCALAR.match(self._buffer, start)
                if match is None:
                    raise self.error(f"expected a value, found {_shown(first)}", self._base + start)
                if match.end() < len(self._buffer) or not self._grow():
                    return match.end()
        depth, at = 0, start
        while True:
            rest = len(self._buffer)
            for match in _TOKEN.finditer(self._buffer, at):
                token = match.group()
                if token == b'"':
                    rest = match.start()
                    break
                if token in b"{[":
                    depth += 1
                elif token in b"}]":
                    depth -= 1
                if depth == 0:
                    return match.end()
            at = rest
            if len(self._buffer) - start > MAX_VALUE:
                raise self.error(f"a value of more than {MAX_VALUE} bytes", self._base + start)
            if not self._grow():
                size = self._base + len(self._buffer)
                message = f"the value that starts here has no end: the file is cut off after {size} bytes"
                raise self.error(message, self._base + start)

    def _fill(self, wanted: int) -> bool:
        """Have ``wanted`` bytes ahead if the file has them, dropping what is consumed; whether there is any."""
        ahead = len(self._buffer) - self._pos
        if ahead < wanted and not self._ended:
            block = self._file.read(max(PIECE, wanted - ahead))
            self._ended = not block
            self._base += self._pos
            self._buffer = self._buffer[self._pos :] + block
            self._pos = 0
        return len(self._buffer) > self._pos

    def _grow(self) -> bool:
        """Append to the buffer without moving positions; False at the end of the file."""
        if self._ended:
            return False
        block = self._file.read(max(PIECE, len(self._buffer) - self._pos))
        self._ended = not block
        self._buffer += block
        return bool(block)

    def _in_utf8(self, text: bytes, offset: int) -> bytes:
        """The text itself. Decoders that take no part of a record for text would let it pass, and lose that record later."""
        if not text.isascii():
            try:
                text.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                message = f"{text[error.start]:#04x} is not UTF-8, in which JSON is written: save the file as UTF-8"
                raise self.error(message, offset + error.start) from None
        return text

    def error(self, message: str, offset: int | None = None, what: str = "not valid JSON") -> FileError:
        """An error at a byte offset (default: the cursor), with line and column counted from 1; ``what`` the file is."""
        at = self.offset if offset is None else offset
        self._file.seek(0)
        line, last, seen = 1, -1, 0
        while seen < at and (block := self._file.read(min(1 << 20, at - seen))):
            line += block.count(b"\n")
            newline = block.rfind(b"\n")
            last = seen + newline if newline >= 0 else last
            seen += len(block)
        return FileError(f"{what} at line {line}, column {at - last} (byte {at}): {message}")


def _ends_of_runs(window: bytes, separator: re.Pattern[bytes]) -> Iterator[int]:
    """Where a run of items may end, the longest first: with the array that ends the document, before the last separators."""
    whole = window.rstrip()
    if whole.endswith(b"]"):
        yield len(whole[:-1].rstrip())
    found: list[int] = []
    stop = len(window)
    while not found and stop > 0:
        begin = max(0, stop - _REGION)
        # begin in the region, but let a match run beyond its end
        found = [m.start() for m in separator.finditer(window, begin, stop + _REGION) if m.start() < stop]
        stop = begin
    yield from filter(None, reversed(found[-_TRIES:]))


def next_item(file: BinaryIO, offset: int) -> int | None:
    """Where the first object begins that follows another one at or after a byte offset, if they are in one array of
    objects: to know that they are, what lies before has to be read. None where there is none near.
    """
    file.seek(offset)
    found = _SEPARATOR.search(file.read(8 * PIECE))
    return None if found is None else offset + found.end() - 1


def _items_of(text: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]:
    """Starts and lengths of the objects in a list of them, taken to be separated all alike; whether nothing is separated otherwise.

    If so, and they are as many as the list has items, they are its items: nothing else can stand between two of those.
    """
    match = _SEPARATOR.search(text)
    separator = match.group() if match else b"},{"
    view = np.frombuffer(text + bytes(len(separator)), np.uint8)
    closing = np.flatnonzero(view == separator[0])
    same = np.ones(len(closing), np.bool_)
    for place, code in enumerate(separator[1:], 1):
        same &= view[closing + place] == code
    last, others = closing[same], closing[~same]
    others = others[_GOES_ON[view[others + 1]]]
    alike = not any(_SEPARATOR.match(text, at) for at in others.tolist())
    starts = np.zeros(len(last) + 1, np.int64)
    starts[1:] = last + (len(separator) - 1)
    return starts, np.append(last + 1, len(text)) - starts, alike


def items_of(text: bytes) -> list[tuple[int, bytes]]:
    """The items of an array, each with where it begins in its text. Raises what is UNDECODABLE."""
    found, at = [], 0
    for item in map(bytes, _raw_items(text)):
        at = text.index(item, at)  # nothing but a comma and white space lies between two of them
        found.append((at, item))
        at += len(item)
    return found


_raw_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _are_outermost(text: bytes, starts: npt.NDArray[np.int64]) -> bool:
    """Whether as many braces are closed as opened before each start, and none stands in a text.

    Objects inside an item, and braces in a text, may be separated as items are elsewhere, and be as many as the separators
    that differ. Not known where a quote is escaped.
    """
    if b'\\"' in text:
        return False
    view = np.frombuffer(text, np.uint8)
    opened, closed, quotes = (np.searchsorted(np.flatnonzero(view == code), starts) for code in b'{}"')
    return bool((opened == closed).all() and not (quotes & 1).any())


def _shown(found: bytes) -> str:
    return repr(found.decode("latin-1")) if found else "the end of the file"
