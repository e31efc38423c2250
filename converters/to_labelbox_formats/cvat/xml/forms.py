"""The form in which a file writes its shapes, learned from one of them: an expression that takes the values of all like it.

Entities, and blanks that XML normalises, are left to a parser. The expression itself looks for quotes alone, which is several times
as fast: few texts of labels and answers are different ones, so each is looked at once (:func:`is_plain`, :func:`answers_in`), and
``float`` and ``int`` refuse an entity and pass over blanks as XML's reader would.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

_VALUE = r'[^"<&\t\r\n]*+'
_ANY = r'[^"]*+'
_NUMBER = r'[^"_]*+'
"""``float`` takes ``1_0`` for ten."""
_FORMS = {"label": _ANY, "points": _ANY}
_NAME = re.compile(r' ([a-z_]+)="')
_ATTRIBUTES = rf'(?:<attribute name="{_ANY}">[^<]*+</attribute>\s*+)*+'
_PLAIN_VALUE = re.compile(_VALUE)
_PLAIN_ATTRIBUTES = re.compile(rf'(?:<attribute name="{_VALUE}">[^<&\r]*+</attribute>\s*+)*+')


class Form(NamedTuple):
    """``fields``: what the groups of the expression hold, in the order of the file; one more holds the attributes."""

    names: tuple[str, ...]
    fields: tuple[str, ...]
    expression: str


def form_of(tag: str, wanted: Collection[str], text: str, start: int) -> Form | None:
    """The form of the first element of that name behind ``start``; None where there is none in plain form."""
    found = re.compile(rf'<{tag}((?: [a-z_]+="{_VALUE}")+)\s*/?>').search(text, start)
    if found is None:
        return None
    names = tuple(_NAME.findall(found[1]))
    taken = {n: f"({_FORMS.get(n, _NUMBER)})" for n in wanted}
    inside = "".join(f' {n}="{taken.get(n, _ANY)}"' for n in names)
    expression = rf"{tag}{inside}\s*+(?:/>|>\s*+({_ATTRIBUTES})</{tag}>)"
    return Form(names, tuple(n for n in names if n in wanted), expression)


def is_plain(value: str) -> bool:
    """Whether a value that such an expression took is what a parser would give."""
    return _PLAIN_VALUE.fullmatch(value) is not None


def answers_in(attributes: str) -> tuple[str, ...]:
    """The ``attribute`` elements of a shape, from the text of its children. Raises ValueError for those that need a parser."""
    if not _PLAIN_ATTRIBUTES.fullmatch(attributes):
        raise ValueError(attributes)
    return tuple(piece for piece in attributes.split("<") if piece.startswith("attribute "))
