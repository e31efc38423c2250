"""Answers of choices, taxonomies, texts, numbers and ratings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Raw

from to_labelbox.model.items import Attribute, Choice
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.label_studio.config import MAX_DEPTH, UNTOLD, Control, Entry
from to_labelbox_formats.label_studio.files.records import Region, ValueRecord, decode_any, read_part, text_list

UNSUPPORTED_ANSWERS = {
    "pairwise": "a comparison of two assets",
    "ranker": "a ranking",
    "chatmessage": "a message written while labelling",
    "reactcode": "the result of a custom control",
}


class Answer(NamedTuple):
    """``free_text``: text, not an option, however few different ones there are."""

    value: str | Choice | tuple[str | Choice, ...]
    free_text: bool = False
    joined: int = 1


def is_answer(entry: Region, value: ValueRecord, *, shaped: bool) -> bool:
    """Whether an entry answers a question. ``text`` is also what a span covers."""
    if value.choices or value.taxonomy or value.number is not None or value.rating is not None:
        return True
    if value.datetime is not None or entry.kind == "textarea":
        return True
    return bool(value.text) and not shaped


def unsupported(entry: Region, value: ValueRecord) -> str | None:
    """What an entry is, when no target can hold it."""
    kind = entry.kind or ("pairwise" if value.selected else "")
    return UNSUPPORTED_ANSWERS.get("ranker" if value.ranker else "chatmessage" if value.chatmessage else kind)


def answer_of(value: ValueRecord, control: Control | None) -> Answer | None:
    """The answer that a value holds; None when it is empty. Raises :class:`Refused`."""
    if value.choices or value.taxonomy:
        paths = _paths(value.choices or value.taxonomy)
        if control is not None and control.aliased:
            paths = [_by_alias(path, control.entries) for path in paths]
        if not paths:
            return None
        chosen = _tree(paths)
        several = len(chosen) > 1 or (control is not None and control.multiple and control.tag == "choices")
        return Answer(chosen if several else chosen[0])
    if value.rating is not None:
        return Answer(Choice(_plain(value.rating)))
    if value.number is not None:
        return Answer(_plain(value.number), free_text=True)
    if value.datetime is not None:
        return Answer(value.datetime, free_text=True) if value.datetime.strip() else None
    texts = text_list(value.text)
    if texts is None:
        raise Refused(Code.RECORD_UNREADABLE, "its text is no text")
    texts = [t for t in texts if t.strip()]
    free = control is None or control.tag != UNTOLD
    return Answer("\n".join(texts), free_text=free, joined=len(texts)) if texts else None


def _plain(number: float) -> str:
    return str(int(number)) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else str(number)


def _paths(raw: Raw) -> list[list[str]]:
    """Options as paths from the root: a text, a list of texts, or a list of lists."""
    value = read_part(decode_any, raw, Code.RECORD_UNREADABLE, "its choices cannot be read")
    paths: list[list[str]] = []
    for one in value if isinstance(value, list) else [value]:
        steps: list[Any] = one if isinstance(one, list) else [one]
        if not all(isinstance(s, (str, int, float)) for s in steps):
            raise Refused(Code.RECORD_UNREADABLE, "its choices are no texts")
        if len(steps) > MAX_DEPTH:
            raise Refused(
                Code.LIMIT, f"a path of {len(steps)} options; nested questions are written to {MAX_DEPTH} levels"
            )
        path = [s if isinstance(s, str) else str(s) for s in steps]
        if path and all(path):
            paths.append(path)
    return paths


def _by_alias(path: list[str], entries: Sequence[Entry]) -> list[str]:
    """Options by their names in results; what was chosen before one had an alias is named by its value."""
    named: list[str] = []
    for step in path:
        entry = next((e for e in entries if e.name == step), None) or next(
            (e for e in entries if e.shown == step), None
        )
        named.append(entry.name if entry is not None else step)
        entries = entry.below if entry is not None else ()
    return named


def _tree(paths: Iterable[list[str]]) -> tuple[Choice, ...]:
    """Chosen paths as options with the options under them; the nested question is named like its option."""
    below: dict[str, list[list[str]]] = {}
    for first, *rest in paths:
        rests = below.setdefault(first, [])
        if rest:
            rests.append(rest)
    return tuple(Choice(value, _nested(value, rests)) for value, rests in below.items())


def _nested(value: str, rests: list[list[str]]) -> tuple[Attribute, ...]:
    if not rests:
        return ()
    chosen = _tree(rests)
    return (Attribute(value, chosen if len(chosen) > 1 else chosen[0]),)
