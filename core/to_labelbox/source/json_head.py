"""Keys in the beginning of a JSON text, which may be cut off anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from to_labelbox.model.text import pattern

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_KEY = rb'"((?:[^"\\]++|\\.)*+)"(\s*+:)?'
_PLAIN = rb'[^"\[\]{}]++|' + _STRING
_FLAT = rb"[\[{](?:" + _PLAIN + rb")*+[\]}]"
_TOKEN = pattern(_KEY + rb"|[\[\]{}]", re.DOTALL)
"""A string, which is a key where a colon follows, or a bracket."""
_LARGE = pattern(_KEY + rb"|[\[{](?:" + _PLAIN + rb"|" + _FLAT + rb")*+[\]}]|[\[\]{}]", re.DOTALL)
"""The same, or at once an object or array with no more than one other level in it."""
_FIRST = pattern(rb"(?:[^\"{]++|" + _STRING + rb")*+(?=\{)", re.DOTALL)


def keys_at(head: bytes, depth: int) -> Iterator[str]:
    """Object keys at a depth of brackets (1: of the outermost object), in order, as far as the head reaches."""
    return (key for key in _walk(head, depth) if key is not None)


def first_keys(head: bytes) -> Iterator[str]:
    """Keys of the first object, whatever it is in."""
    before = _FIRST.match(head)
    for key in _walk(head[before.end() :], 1) if before else ():
        if key is None:
            return
        yield key


def _walk(head: bytes, depth: int) -> Iterator[str | None]:
    """Keys at a depth, and None at the end of each object or array of that depth."""
    level = at = 0
    while token := (_TOKEN if level < depth else _LARGE).search(head, at):
        at = token.end()
        text = token.group()
        if text in (b"{", b"["):
            level += 1
        elif text in (b"}", b"]"):
            level -= 1
            if level == depth - 1:
                yield None
        elif token.group(2) and level == depth:
            yield token.group(1).decode("utf-8", "replace")
