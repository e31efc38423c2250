"""Whether a JSON file is there to its end: what is told of one that no reader takes, whatever it was to hold."""

from __future__ import annotations

import os
import re

from to_labelbox.model.text import n_of, pattern
from to_labelbox.source.files import HEAD, Source

_STRING = pattern(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_TAIL = 4096


def cut_off(source: Source, name: str) -> str:
    """What is wrong with a JSON file whose end is missing; empty for a whole one, and for a file that is no JSON.

    A file as long as a head is looked at whole, of a longer one only its last bytes.
    """
    head = source.head(name)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text.startswith((b"{", b"[")):
        return ""
    if len(head) < HEAD:
        rest = _STRING.sub(b"", text)
        missing = sum(rest.count(b) for b in (b"{", b"[")) - sum(rest.count(b) for b in (b"}", b"]"))
        if b'"' in rest:
            return _said(len(head), "within a text")
        return (
            _said(len(head), f"where {n_of(missing, 'bracket is', 'brackets are')} still open") if missing > 0 else ""
        )
    path = source.real_path(name)
    if path is None:
        return ""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        last = file.read().rstrip(b" \t\r\n\0")[-1:]
    return "" if last in (b"}", b"]") else _said(size, "within a record")


def _said(size: int, where: str) -> str:
    return f"is cut off: it ends after {n_of(size, 'byte')} {where}; export or copy it again"
