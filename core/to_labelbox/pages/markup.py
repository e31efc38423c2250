"""Text and numbers as markup: whatever comes from data is escaped here, and nowhere else."""

from __future__ import annotations

import html
import re

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: object) -> str:
    """Text for an element or a quoted attribute: no character of it can become markup."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", str(value)), quote=True)


def number(value: float) -> str:
    """A coordinate to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
