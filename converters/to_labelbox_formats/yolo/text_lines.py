"""Text files as they occur: with commas where blanks or points belong, marks around numbers, and boxes without line breaks between them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from to_labelbox.model.text import pattern

_FRACTION = rb"[+-]?(?:[01]?,[0-9]+|[01])"
_DECIMAL_COMMAS = pattern(rb"\s*[0-9]+(?:\s+" + _FRACTION + rb"){4,}\s*")
_COMMENT = pattern(rb"(?:#|//).*")
_MARKS = (b'"', b"'", b"[", b"(")
_QUOTED = pattern(rb"([\"'])([^\"']*)\1")
_AROUND = pattern(rb"\b(?:np\.(?:float|int)[0-9]+|tensor)(?=\()|,\s*(?:device|dtype)=[^\s,)]*|[\"'\[\]()]")
"""What Python puts around numbers of lists, tuples, arrays and tensors."""
_DECIMAL_COMMA = pattern(rb"\s*[+-]?[0-9]*,[0-9]+\s*")
_NUMBERS = pattern(rb"[-+0-9.eE,\s]*")
OBB_HEADER = b"YOLO_OBB"
"""The first line of the files of labelImg-OBB."""
_HEAD = 64
"""Bytes within which a file has its first line."""


def is_headed(data: bytes) -> bool:
    """Whether a text begins with the line that labelImg-OBB writes."""
    return OBB_HEADER in data[:_HEAD] and data[:_HEAD].strip().splitlines()[0].strip() == OBB_HEADER


def lines_of(data: bytes) -> tuple[list[bytes], str]:
    """(lines with blanks between values, what was mended); comments and a line of headings are blank.

    A comma must have the same meaning in every line.
    """
    lines = data.splitlines()
    mended = []
    if b"#" in data or b"//" in data:
        lines = [_COMMENT.sub(b"", line) for line in lines]
        mended.append("comments are left out")
    if b";" in data:
        lines = [line.replace(b";", b" ") for line in lines]
        mended.append("values are separated by semicolons instead of blanks")
    if any(map(data.__contains__, _MARKS)) and all(map(_NUMBERS.fullmatch, bare := list(map(_without_marks, lines)))):
        lines = bare
        mended.append("quotation marks and brackets around numbers are left out")
    written = [line for line in lines if line.strip()]
    if is_headed(data):
        lines[lines.index(written.pop(0))] = b""
    if written and _is_heading(written[0]):
        lines[lines.index(written.pop(0))] = b""
        mended.append("the first line has the names of the columns")
    if b"," in data and any(b"," in line for line in written):
        if all(map(_DECIMAL_COMMAS.fullmatch, written)):
            lines = [line.replace(b",", b".") for line in lines]
            mended.append("numbers are written with decimal commas")
        elif all(b"," in line for line in written):
            lines = [line.replace(b",", b" ") for line in lines]
            mended.append("values are separated by commas instead of blanks")
    return lines, "; ".join(mended)


def _without_marks(line: bytes) -> bytes:
    return _AROUND.sub(b"", _QUOTED.sub(_unquoted, line))


def _unquoted(quoted: re.Match[bytes]) -> bytes:
    text = quoted[2]
    return text.replace(b",", b".") if _DECIMAL_COMMA.fullmatch(text) else text


def _is_heading(line: bytes) -> bool:
    """Whether a line names columns: five words or more, none of which begins like a number."""
    words = line.replace(b",", b" ").split()
    return len(words) > 4 and all(word[:1].isalpha() for word in words) and b"nan" not in line.lower()


def boxes_of(tokens: Sequence[bytes]) -> list[Sequence[bytes]]:
    """The boxes that a line holds without line breaks between them, as scripts write that forget these; else the line as it is.

    Each fifth value is a whole number and no other is, and each box lies on its picture: no outline is like that but by a rare chance.
    """
    rows = [tokens[at : at + 5] for at in range(0, len(tokens), 5)]
    if len(rows) > 1 and len(rows[-1]) == 5 and all(map(_is_box, rows)):
        return rows
    return [tokens]


def _is_box(row: Sequence[bytes]) -> bool:
    if not row[0].isdigit() or any(map(bytes.isdigit, row[1:])):
        return False
    try:
        x, y, width, height = map(float, row[1:])
    except ValueError:
        return False
    return min(width, height) > 0 and _within(x, width) and _within(y, height)


def _within(centre: float, side: float) -> bool:
    return centre - side / 2 >= -0.01 and centre + side / 2 <= 1.01
