"""Text and numbers as markup: whatever comes from data is escaped here, and nowhere else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: object) -> str:
    """Text for an element or a quoted attribute: no character of it can become markup."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", str(value)), quote=True)


def number(value: float) -> str:
    """A coordinate to a thousandth."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def count(value: int, what: str) -> str:
    return f"{value:,} {what}{'' if value == 1 else 's'}"


def shortened(value: str, length: int = 40) -> str:
    return value if len(value) <= length else value[: length - 1] + "…"


def item(klass: int, name: str, words: str, told: Sequence[str] = ()) -> str:
    """An answer, or what has no place on a canvas, as an entry of a list; what is nested stands below it."""
    tip = "\n".join([f"{name}: {words}", *told])
    below = f"<small>{text(chr(10).join(told))}</small>" if told else ""
    return (
        f'<li class="answer c{klass}" data-c="{klass}" data-tip="{text(tip)}" tabindex="0"><b>{text(name)}</b> '
        f"<span>{text(words)}</span>{below}</li>"
    )


def listing(items: Iterable[str]) -> str:
    joined = "".join(items)
    return f'<ul class="answers">{joined}</ul>' if joined else ""
