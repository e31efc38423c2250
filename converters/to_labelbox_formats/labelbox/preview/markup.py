"""Entries of lists that cards share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from to_labelbox.pages.markup import text
from to_labelbox_formats.labelbox.preview.classes import Classes, chosen, name_of, nested, value_of
from to_labelbox_formats.labelbox.validate import wire


def item(klass: int, name: str, words: str, told: Sequence[str] = ()) -> str:
    """An answer, or what has no place on a canvas, as an entry of a list; what is nested stands below it."""
    tip = "\n".join([f"{name}: {words}", *told])
    below = f"<small>{text(chr(10).join(told))}</small>" if told else ""
    return (
        f'<li class="answer c{klass}" data-c="{klass}" data-tip="{text(tip)}" tabindex="0"><b>{text(name)}</b> '
        f"<span>{text(words)}</span>{below}</li>"
    )


def answer(line: wire.Line, classes: Classes) -> str:
    value = value_of(line)
    return item(classes.number(line), name_of(line), ", ".join(chosen(value)), nested(value))


def listing(items: Iterable[str]) -> str:
    joined = "".join(items)
    return f'<ul class="answers">{joined}</ul>' if joined else ""
