"""The names of a payload with their colours, and answers in words."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from to_labelbox.pages.palette import distinct, rgb
from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.labelbox.validate import wire

_KINDS = {
    "rectangle": "box",
    "raster-segmentation": "mask",
    "superpixel": "mask",
    "named-entity": "entity",
    "edge": "relationship",
}
UNKNOWN = "not in the ontology"


@dataclass(slots=True)
class Class:
    """A tool or a classification; ``color`` is ``#rrggbb``."""

    name: str
    kind: str
    color: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        return rgb(self.color)


class Classes:
    """Classes by number, those of the ontology first; names that it lacks are added as they are met.

    ``seen`` counts the annotations of each class on the data rows that are shown. Colours are those of the ontology
    where they can be told apart, and of a palette of distinct ones where not (see :mod:`to_labelbox.pages.palette`).
    """

    def __init__(self, ontology: Any) -> None:
        self.all: list[Class] = []
        self._numbers: dict[str, int] = {}
        self.seen: Counter[int] = Counter()
        tools, questions = list(_dicts(ontology, "tools")), list(_dicts(ontology, "classifications"))
        given = [color if isinstance(color := tool.get("color"), str) else None for tool in tools]
        colors = iter(distinct(len(tools) + len(questions), given))
        for tool in tools:
            kind = str(tool.get("tool", ""))
            self._add(str(tool.get("name", "")), _KINDS.get(kind, kind), next(colors))
        for question in questions:
            self._add(str(question.get("name", "")), str(question.get("type", "")), next(colors))

    def _add(self, name: str, kind: str, color: str) -> int:
        number = len(self.all)
        self.all.append(Class(name, kind, color))
        return self._numbers.setdefault(name, number)

    def count(self, lines: Sequence[wire.Line]) -> None:
        for line in lines:
            self.seen.update(map(self.number, line.named))

    def number(self, holder: wire.Line | wire.MaskInstance) -> int:
        return self.named(name_of(holder))

    def named(self, name: str) -> int:
        """The number of a class; one that the ontology lacks is added."""
        return self._numbers[name] if name in self._numbers else self._add(name, UNKNOWN, "#888888")


def name_of(holder: wire.Line | wire.MaskInstance | wire.Answer) -> str:
    if isinstance(holder.name, str):
        return holder.name
    return f"schema {holder.schemaId}" if isinstance(holder.schemaId, str) else "(unnamed)"


def _dicts(ontology: Any, key: str) -> Iterator[dict[str, Any]]:
    listed = ontology.get(key) if isinstance(ontology, dict) else None
    yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def load(path: str) -> Any:
    """A JSON file; None when it is missing. Raises :class:`UsageError` when it cannot be read."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: cannot be read as JSON: {in_words(error)}") from None


# --------------------------------------------------------------------------------------------------------- answers


def value_of(answer: wire.Line | wire.Answer) -> wire.Answers | None:
    for value in (answer.answer, answer.answers):
        if value is not UNSET:
            return value
    return None


def chosen(value: wire.Answers | None) -> list[str]:
    """The options or the text of an answer, without what is nested."""
    if isinstance(value, str):
        return [value]
    return [_option(one) for one in ([value] if isinstance(value, wire.WireChoice) else value or ())]


def said(answers: Sequence[wire.Answer] | object, depth: int = 0) -> list[str]:
    """Nested answers, one line a question, deeper ones indented."""
    lines: list[str] = []
    for answer in answers if isinstance(answers, list) else ():
        value = value_of(answer)
        lines.append(f"{'  ' * depth}{name_of(answer)}: {', '.join(chosen(value))}")
        for choice in [value] if isinstance(value, wire.WireChoice) else value or ():
            if isinstance(choice, wire.WireChoice):
                lines += said(choice.classifications, depth + 1)
    return lines


def nested(value: wire.Answers | None) -> list[str]:
    """What is nested below the chosen options, one line a question."""
    options = value if isinstance(value, list) else [value]
    return [words for one in options if isinstance(one, wire.WireChoice) for words in said(one.classifications)]


def _option(choice: wire.WireChoice) -> str:
    for value in (choice.name, choice.value, choice.schemaId):
        if isinstance(value, str):
            return value
    return "(unnamed)"
