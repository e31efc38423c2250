"""The XML file: checked once from end to end, then read in pieces.

Opening runs the whole file through expat, which refuses what is not well-formed, and notes where each ``image`` and
``track`` begins and ends. After that any of them can be read by itself from its bytes, in any order and any process.
"""

from __future__ import annotations

import codecs
import os
import re
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO
from xml.parsers import expat

from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.plain_words import in_words, said_plainly
from to_labelbox.source.files import Source
from to_labelbox.source.xml import Element, encoding_of, parse_xml
from to_labelbox_formats.cvat.nodes import head_node
from to_labelbox_formats.cvat.unread import XmlCensus

BLOCK = 1 << 20
MAX_META_BYTES = 64 * 2**20
ROOT = "annotations"
_NUMBERS = b"0123456789.,; -"
"""A block of nothing else lies within the numbers of one outline. Expat would read these from their start with every block."""
DOCTYPE_MESSAGE = "a DOCTYPE is not accepted (it can hide entity bombs); remove it"


class Document:
    """One XML file that is well-formed and has the right root; opening it finds its images and tracks.

    ``starts`` and ``stops`` are the byte offsets of the images and tracks in file order. ``rows`` counts the rows of
    tracks, as long as all of them are keyframes.
    """

    def __init__(self, source: Source, name: str, begin: Callable[[], Callable[[bool, bytes], None]]) -> None:
        """``begin`` gives a function that is called for every image (False) and track (True), in file order, with what
        stands in its start tag.

        It is asked again when the file has to be read from the beginning once more. Raises :class:`FileError`.
        """
        self.name = name
        self._source = source
        self._copy: BinaryIO | None = None
        with source.open(name) as stream:
            if _is_recoded(stream):
                self._keep(_rewritten(stream))
            elif source.real_path(name) is None or name.lower().endswith(".gz"):
                self._keep(_copied(stream))
        try:
            self._scan(begin())
        except _Irregular:
            with self._stream() as stream:
                self._keep(_rewritten(stream))
            self._scan(begin())

    def _keep(self, copy: BinaryIO) -> None:
        """Read this from now on. It is closed with the document; processes share it, as they read by offset."""
        self._copy = copy
        weakref.finalize(self, copy.close)

    @contextmanager
    def _stream(self) -> Iterator[BinaryIO]:
        if self._copy is not None:
            self._copy.seek(0)
            yield self._copy
        else:
            with self._source.open(self.name) as stream:
                yield stream

    @contextmanager
    def reader(self) -> Iterator[Callable[[int, int], bytes]]:
        """A function that reads bytes from an offset to another; it shares no file position with anybody.

        It raises :class:`SourceError` when the file no longer is as long as it was.
        """
        if self._copy is not None:
            yield partial(_read, self.name, self._copy.fileno())
            return
        with self._source.open(self.name) as stream:
            yield partial(_read, self.name, stream.fileno())

    def meta(self) -> Element | None:
        """The ``meta`` element, or None when the file has none."""
        if self._meta is None:
            return None
        start, stop = self._meta
        if stop - start > MAX_META_BYTES:
            raise FileError(f"its meta element is larger than {MAX_META_BYTES} bytes")
        with self.reader() as read:
            return parse_xml(read(start, stop))

    def version(self) -> str:
        """What the file says of its format; empty when it says nothing near its beginning."""
        with self.reader() as read:
            match = _VERSION.search(read(0, min(4096, self.size)))
        return match[1].decode(errors="replace").strip() if match else ""

    def holds(self, texts: set[bytes]) -> set[bytes]:
        """Which of these texts an ``attribute`` element has."""
        longest = max(map(len, texts))
        found: set[bytes] = set()
        with self._stream() as stream:
            tail = b""
            while len(found) < len(texts) and (block := stream.read(BLOCK)):
                data = tail + block
                found |= texts.intersection(_ANSWER.findall(data))
                tail = data[-(longest + len(_AROUND_ANSWER)) :]
        return found

    def _scan(self, head: Callable[[bool, bytes], None]) -> None:
        self.size = 0
        self.starts = array("Q")
        self.stops = array("Q")
        self.tag_labels: dict[str, None] = {}
        self.census = XmlCensus()
        self.dense = False
        self.closes = False
        self.rows = 0
        self._meta: tuple[int, int] | None = None
        with self._stream() as stream:
            self._check(stream, head)

    def _check(self, stream: BinaryIO, head: Callable[[bool, bytes], None]) -> None:
        parser = expat.ParserCreate()
        roots: list[str] = []

        def refuse(*_: Any) -> None:
            raise FileError(DOCTYPE_MESSAGE)

        def root(name: str, _: dict[str, str]) -> None:
            roots.append(name)
            parser.StartElementHandler = None
            if name.rpartition(":")[2] != ROOT:
                raise FileError(f"the root element is <{name}>, not <{ROOT}>: this is not a CVAT export")

        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = root
        index = _Index(self, head)
        passed, line = 0, 0  # bytes of a line that expat has not seen
        try:
            while block := stream.read(BLOCK):
                if not roots or b"<" in block or block.translate(None, _NUMBERS):
                    parser.Parse(block, False)
                elif parser.CurrentLineNumber == line:
                    passed += len(block)
                else:
                    passed, line = len(block), parser.CurrentLineNumber
                index.feed(block)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            if not self.size and not roots and error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
                raise FileError("the file is empty or holds no XML element") from None
            reason = said_plainly(expat.errors.messages[error.code])
            column = error.offset + 1 + (passed if error.lineno == line else 0)
            raise FileError(
                f"not well-formed XML at line {error.lineno}, column {column}: {reason}; "
                "nothing of this file is converted, export it again or repair it"
            ) from None
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror or error}") from error
        index.close()


def _read(name: str, descriptor: int, start: int, stop: int) -> bytes:
    data = os.pread(descriptor, stop - start, start)
    if len(data) != stop - start:
        raise SourceError(f"{name}: became shorter while it was being read; convert it when nothing writes to it")
    return data


class _Irregular(Exception):
    """A comment, CDATA section, instruction or apostrophe: offsets and quotes cannot be taken as they are."""


_MARKS = re.compile(
    rb"""<(?=[itm!?]|/[itm])(?:(image|track)(?=[\s/>])((?:[^<>"]++|"[^<"]*+")*+)>|/(image|track)\s*>|(tag)\s([^<>]*)>"""
    rb"""|(/?)(meta)(?=[\s/>])([^<>]*)>|(!|\?)(?!xml\s))"""
)
_APOSTROPHE = re.compile(rb"=\s*'")
_LABEL = re.compile(rb"""label\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DENSE = re.compile(rb"""keyframe\s*=\s*["'](?:0|false)""", re.IGNORECASE)
_CLOSES = re.compile(rb"""outside\s*=\s*["'](?:1|true)""", re.IGNORECASE)


class _Index:
    """Finds the elements in a stream of blocks; each block is looked at up to its last ``<``."""

    def __init__(self, document: Document, head: Callable[[bool, bytes], None]) -> None:
        self._document = document
        self._head = head
        self._rest: list[bytes] = []
        self._offset = 0
        self._depth = 0
        self._in_meta = False
        self._tracks = False

    def feed(self, block: bytes) -> None:
        self._document.size += len(block)
        cut = block.rfind(b"<")
        if cut < 0 or not (cut or self._rest):
            self._rest.append(block)
            return
        self._look_at_rest(block[:cut])
        self._rest = [block[cut:]]

    def close(self) -> None:
        self._look_at_rest()

    def _look_at_rest(self, last: bytes = b"") -> None:
        data = b"".join((*self._rest, last))
        self._look(data)
        self._document.census.look(data)
        self._offset += len(data)

    def _look(self, data: bytes) -> None:
        document, offset = self._document, self._offset
        if b"'" in data and _APOSTROPHE.search(data, 0 if offset else _after_declaration(data)):
            raise _Irregular
        for match in _MARKS.finditer(data):
            opened, inside, closed, tag, tag_inside, end, meta, meta_inside, other = match.groups()
            if other:
                raise _Irregular
            if meta and meta_inside.endswith(b"/"):
                continue
            if meta:
                self._note_meta(bool(end), offset + match.start(), offset + match.end())
            elif self._in_meta:
                continue
            elif closed:
                self._depth -= 1
                if self._depth == 0:
                    document.stops.append(offset + match.end())
            elif tag:
                self._note_tag(tag_inside)
            else:
                self._note_open(opened, inside, offset + match.start(), offset + match.end())
        if self._tracks:
            document.dense = document.dense or _DENSE.search(data) is not None
            document.closes = document.closes or _CLOSES.search(data) is not None
            if not document.dense:
                document.rows += data.count(b" frame=")

    def _note_meta(self, end: bool, start: int, stop: int) -> None:
        if self._depth:
            return
        if end:
            if self._document._meta is not None and self._in_meta:
                self._document._meta = (self._document._meta[0], stop)
            self._in_meta = False
        elif self._document._meta is None:
            self._document._meta = (start, stop)
            self._in_meta = True

    def _note_tag(self, inside: bytes) -> None:
        match = _LABEL.search(inside)
        if match:
            label = (match[1] or match[2] or b"").decode(errors="replace")
            self._document.tag_labels[head_node("tag", f' label="{label}"').get("label").strip()] = None

    def _note_open(self, kind: bytes, inside: bytes, start: int, stop: int) -> None:
        document = self._document
        empty = inside.endswith(b"/")
        if self._depth == 0:
            document.starts.append(start)
            self._tracks = self._tracks or kind == b"track"
            if empty:
                document.stops.append(stop)
            self._head(kind == b"track", inside)
        if not empty:
            self._depth += 1


_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*>")


def _after_declaration(head: bytes) -> int:
    """Where the elements begin. Python's own writer puts the values of the declaration, and no others, in apostrophes."""
    match = _DECLARATION.match(head)
    return match.end() if match else 0


_AROUND_ANSWER = b"></attribute>"
_ANSWER = re.compile(rb">([^<>]*)</attribute>")
_VERSION = re.compile(rb"<version>([^<]*)</version>")
_ENCODING = re.compile(rb"""^<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']""")


def _is_recoded(stream: BinaryIO) -> bool:
    """Whether the file is in another encoding than UTF-8."""
    head = stream.read(200)
    stream.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")):
        return True
    declared = _ENCODING.match(head.removeprefix(codecs.BOM_UTF8))
    return declared is not None and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii")


def _copied(stream: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    while block := stream.read(BLOCK):
        copy.write(block)
    copy.flush()
    return copy


def _rewritten(stream: BinaryIO) -> BinaryIO:
    """The same elements and texts as UTF-8, without comments and CDATA, attributes in double quotes."""
    block = stream.read(BLOCK)
    block, encoding = encoding_of(block)
    decoder = codecs.getincrementaldecoder(encoding)()
    parser = expat.ParserCreate("utf-8")  # expat itself knows none of the encodings with several bytes a character
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    out: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        fields = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
        out.append(f"<{name}{fields}>")

    def refuse(*_: Any) -> None:
        copy.close()
        raise FileError(DOCTYPE_MESSAGE)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: out.append(f"</{name}>")
    parser.CharacterDataHandler = lambda text: out.append(_escaped(text, quotes=False))
    parser.StartDoctypeDeclHandler = refuse
    try:
        while block:
            parser.Parse(decoder.decode(block), False)
            copy.write("".join(out).encode())
            out.clear()
            block = stream.read(BLOCK)
        parser.Parse(decoder.decode(b"", True), True)
    except (expat.ExpatError, UnicodeError) as error:
        copy.close()
        if isinstance(error, expat.ExpatError):
            reason = said_plainly(expat.errors.messages[error.code])
            raise FileError(
                f"not well-formed XML at line {error.lineno}, column {error.offset + 1}: {reason}; "
                "nothing of this file is converted, export it again or repair it"
            ) from None
        raise FileError(
            f"is not {encoding} as it should be ({in_words(error)}): save it as UTF-8, or declare the encoding that it has"
        ) from None
    copy.write("".join(out).encode())
    copy.flush()
    return copy


def _escaped(text: str, quotes: bool = True) -> str:
    """Apostrophes too, so that none in a text or value is taken for the quote of an attribute."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    if quotes:
        text = text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return text.replace("\r", "&#13;")
