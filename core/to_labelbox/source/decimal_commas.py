"""Numbers in a text whose decimal point is a comma, as spreadsheets and programs of many countries write them: one rule for all formats."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DECIMAL = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\s*")
EITHER = "before three digits a comma may be a decimal one or that of thousands"


def with_point(text: str) -> str:
    """The text of a number with a point for its decimal comma; any other text as it is."""
    return text.replace(",", ".") if "," in text and _DECIMAL.fullmatch(text) else text


def without_thousands(text: str) -> str:
    """The text of a number without the commas between its thousands; any other text as it is."""
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def ambiguous(texts: Iterable[str]) -> str:
    """The first number with a comma, where all that have one in a shape may have it between thousands as well; else empty."""
    found = [text.strip() for text in texts if "," in text]
    return found[0] if found and all(map(_THOUSANDS.fullmatch, found)) else ""
