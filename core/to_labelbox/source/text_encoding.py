"""Texts in UTF-16, which PowerShell and spreadsheets write, and byte-order marks: readers are given UTF-8.

XML says itself how it is encoded, and its parser reads that; only the beginning of it is recoded here.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO, cast

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXTS = (
    ".json",
    ".jsonl",
    ".ndjson",
    ".csv",
    ".tsv",
    ".txt",
    ".yaml",
    ".yml",
    ".names",
    ".data",
    ".labels",
    ".cfg",
    ".lst",
)


def is_text(name: str) -> bool:
    """Whether a file is text but for its marks, by its extension; packed by gzip or not."""
    return name.lower().removesuffix(".gz").endswith(_TEXTS)


def utf8(data: bytes) -> bytes:
    """A text, or the beginning of one, without its byte-order mark; UTF-16 that has one as UTF-8."""
    if is_utf16(data):
        return codecs.getincrementaldecoder("utf-16")("replace").decode(data).encode()
    return data.removeprefix(codecs.BOM_UTF8)


def is_utf16(head: bytes) -> bool:
    """Whether a text begins with the mark of UTF-16. Four bytes are enough to tell it from UTF-32."""
    return head.startswith(_UTF16) and not head.startswith(codecs.BOM_UTF32_LE)


def as_utf8(file: BinaryIO) -> BinaryIO:
    """The stream itself, or for UTF-16 with a byte-order mark an unnamed temporary copy in UTF-8."""
    head = file.read(4)
    file.seek(0)
    if not is_utf16(head):
        return file
    import tempfile  # few files are not in UTF-8

    copy = tempfile.TemporaryFile()  # noqa: SIM115
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        while block := file.read(1 << 20):
            copy.write(decoder.decode(block).encode())
        copy.write(decoder.decode(b"", True).encode())
    except UnicodeError as error:
        copy.close()
        raise FileError(f"is not UTF-16 as its first bytes say: {in_words(error)}") from None
    copy.seek(0)
    return cast(BinaryIO, copy)
