"""Text files as they occur: with byte-order marks, in UTF-16, with commas where blanks or points belong."""

from __future__ import annotations

import codecs
import re

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FRACTION = rb"[+-]?(?:[01]?,[0-9]+|[01])"
_DECIMAL_COMMAS = re.compile(rb"\s*[0-9]+(?:\s+" + _FRACTION + rb"){4,}\s*")


def utf8(data: bytes) -> bytes:
    """A text without its byte-order mark; UTF-16, which PowerShell and the Windows editor write, as UTF-8."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def lines_of(data: bytes) -> tuple[list[bytes], str]:
    """(lines with blanks between values, what was mended). A comma must have the same meaning in every line."""
    lines = data.splitlines()
    if b"," not in data:
        return lines, ""
    written = [line for line in lines if line.strip()]
    if all(map(_DECIMAL_COMMAS.fullmatch, written)):
        return [line.replace(b",", b".") for line in lines], "numbers are written with decimal commas"
    if all(b"," in line for line in written):
        return [line.replace(b",", b" ") for line in lines], "values are separated by commas instead of blanks"
    return lines, ""
