"""The objects of a plain file that are all written alike, read by a pattern that is made of one of them.

A program writes the elements of each object in the same order, with the same white space between them. A pattern that spells this
out takes half the time of the grammar of :mod:`document`, which allows any order, and accepts nothing that the grammar does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

_MAX_FORMS = 8
_CREDIT = 32
"""Files in a row that are written in another way than any before, after which no further form is looked for …"""
_PAUSE = 1000
"""… in as many files."""

_WHOLE = "([0-9]{1,9}+)"


class _Form(NamedTuple):
    """How an object is written: its pattern with a group for each field, how often it has ``<``, and what puts the fields in order."""

    find: Callable[[str, int], list[Any]]
    signs: int
    ordered: Callable[[Any], Any] | None


class Alike:
    """Objects of elements with a text, then elements with a number, each with one group in the pattern of its content.

    Texts may be missing, which makes them empty. ``tail`` matches the end of a file.
    """

    def __init__(self, texts: Mapping[str, str], numbers: Mapping[str, str], tail: re.Pattern[str]) -> None:
        fields = {**texts, **numbers}
        self._fields, self._texts, self._numbers, self._tail = fields, texts, numbers, tail
        self._leaf = re.compile(rf"<({'|'.join(fields)})>([^<]*)</\1>")
        self._forms: dict[str, _Form | None] = {}
        self._form: _Form | None = None
        self._credit = _CREDIT

    def rows(self, text: str, start: int) -> list[Any] | None:
        """The fields of all objects from ``start`` to the end of the text, if they are in the form that was met last.

        Objects hold no further ``<`` than their form, each ends before one, and there are no more of them in the text but that of its
        end: so there is nothing between them.
        """
        form = self._form
        if form is None:
            return None
        found = form.find(text, start)
        if (
            not found
            or text[start] != "<"
            or text.count("<", start) != len(found) * form.signs + 1
            or self._tail.match(text, text.rfind("<")) is None
        ):
            return None
        self._credit = _CREDIT
        return found if form.ordered is None else list(map(form.ordered, found))

    def learn(self, text: str) -> None:
        """Take the form of an object from its text, which the grammar has read."""
        self._credit -= 1
        if self._credit < 0:
            self._form = None
            if self._credit > -_PAUSE:
                return
            self._credit = _CREDIT
        key = self._leaf.sub(self._kind, text)
        if key not in self._forms and len(self._forms) < _MAX_FORMS:
            self._forms[key] = self._form_of(text)
        self._form = self._forms.get(key)

    def _content(self, leaf: re.Match[str]) -> str:
        """The pattern of a field's content: that of whole numbers, which is quick, where it is one."""
        whole = leaf[1] in self._numbers and re.fullmatch(_WHOLE, leaf[2])
        return _WHOLE if whole else self._fields[leaf[1]]

    def _kind(self, leaf: re.Match[str]) -> str:
        return f"{leaf[1]} {self._content(leaf) == _WHOLE:d}"

    def _form_of(self, text: str) -> _Form | None:
        names: list[str] = []
        pieces: list[str] = []
        at = missing = 0
        for leaf in self._leaf.finditer(text):
            name = leaf[1]
            pieces.append(f"{re.escape(text[at : leaf.start()])}<{name}>{self._content(leaf)}</{name}>")
            names.append(name)
            missing = len(names) if name in self._texts else missing
            at = leaf.end()
        if len(set(names)) < len(names):
            return None
        lacking = [name for name in self._texts if name not in names]
        names[missing:missing] = lacking
        pieces[missing:missing] = ["()"] * len(lacking)
        pattern = "".join(pieces) + re.escape(text[at:].rstrip()) + r"\s*+(?=<)"
        order = [names.index(name) for name in self._fields]
        ordered = itemgetter(*order) if order != sorted(order) else None
        return _Form(re.compile(pattern).findall, text.count("<"), ordered)
