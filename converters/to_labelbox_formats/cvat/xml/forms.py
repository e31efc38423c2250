"""The form in which a file writes its shapes, learned from one of them: an expression that takes the values of all like it.

Entities, and blanks that XML normalises, are left to a parser.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

_VALUE = r'[^"<&\t\r\n]*+'
_NUMBER = r'[^"<&\t\r\n_]*+'
"""``float`` takes ``1_0`` for ten."""
_FORMS = {"label": _VALUE, "points": r'[^"]*+'}
"""Of points, which are long, a quote is looked for and nothing else: whoever decodes them refuses what is no number."""
_NAME = re.compile(r' ([a-z_]+)="')
_ATTRIBUTES = rf'(?:<attribute name="{_VALUE}">[^<&\r]*+</attribute>\s*+)*+'


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
    inside = "".join(f' {n}="{taken.get(n, _VALUE)}"' for n in names)
    expression = rf"{tag}{inside}\s*+(?:/>|>\s*+({_ATTRIBUTES})</{tag}>)"
    return Form(names, tuple(n for n in names if n in wanted), expression)


def answers_in(attributes: str) -> tuple[str, ...]:
    """The ``attribute`` elements of a shape, from the text of its children."""
    return tuple(piece for piece in attributes.split("<") if piece.startswith("attribute "))
