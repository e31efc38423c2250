"""The text of an XML file: checked once from end to end, then read in pieces, in any order and any process."""

from __future__ import annotations

import codecs
import os
import re
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO
from xml.parsers import expat

from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.plain_words import in_words, said_plainly
from to_labelbox.source.files import Source
from to_labelbox.source.xml import encoding_of

BLOCK = 1 << 20
ROOT = "annotations"
_NUMBERS = b"0123456789.,; -"
"""A block of nothing else lies within the numbers of one outline. Expat would read these from their start with every block."""
DOCTYPE_MESSAGE = "a DOCTYPE is not accepted (it can hide entity bombs); remove it"


class Document:
    """One XML file, read by the offsets of its bytes: those of the file, or of a copy in UTF-8."""

    def __init__(self, source: Source, name: str) -> None:
        self.name = name
        self._source = source
        self.copy: BinaryIO | None = None
        with source.open(name) as stream:
            if _is_recoded(stream):
                self._keep(_rewritten(stream))
            elif source.real_path(name) is None:
                self._keep(_copied(stream))

    def rewrite(self) -> None:
        """Go on with a copy of plain elements and texts, whose offsets and quotes can be taken as they are."""
        with self.stream() as stream:
            self._keep(_rewritten(stream))

    def _keep(self, copy: BinaryIO) -> None:
        """Read this from now on. It is closed with the document; processes share it, as they read by offset."""
        self.copy = copy
        weakref.finalize(self, copy.close)

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        if self.copy is not None:
            self.copy.seek(0)
            yield self.copy
        else:
            with self._source.open(self.name) as stream:
                yield stream

    @contextmanager
    def reader(self) -> Iterator[Callable[[int, int], bytes]]:
        """A function that reads bytes from an offset to another; it shares no file position with anybody.

        It raises :class:`SourceError` when the file no longer is as long as it was.
        """
        if self.copy is not None:
            yield partial(_read, self.name, self.copy.fileno())
            return
        with self._source.open(self.name) as stream:
            yield partial(_read, self.name, stream.fileno())

    def check(self, look: Callable[[bytes], None]) -> None:
        """Run the whole file through expat; ``look`` is given each block that it has accepted so far.

        Raises :class:`FileError` for what is not well-formed, or has another root.
        """
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
        size, passed, line = 0, 0, 0  # ``passed``: bytes of a line that expat has not seen
        try:
            with self.stream() as stream:
                while block := stream.read(BLOCK):
                    if not roots or b"<" in block or block.translate(None, _NUMBERS):
                        parser.Parse(block, False)
                    elif parser.CurrentLineNumber == line:
                        passed += len(block)
                    else:
                        passed, line = len(block), parser.CurrentLineNumber
                    size += len(block)
                    look(block)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            if not size and not roots and error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
                raise FileError("the file is empty or holds no XML element") from None
            raise _not_well_formed(error, passed if error.lineno == line else 0) from None
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror or error}") from error


def _not_well_formed(error: expat.ExpatError, passed: int = 0) -> FileError:
    reason = said_plainly(expat.errors.messages[error.code])
    return FileError(
        f"not well-formed XML at line {error.lineno}, column {error.offset + 1 + passed}: {reason}; "
        "nothing of this file is converted, export it again or repair it"
    )


def _read(name: str, descriptor: int, start: int, stop: int) -> bytes:
    data = os.pread(descriptor, stop - start, start)
    if len(data) != stop - start:
        raise SourceError(f"{name}: became shorter while it was being read; convert it when nothing writes to it")
    return data


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
            raise _not_well_formed(error) from None
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
