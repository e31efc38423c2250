"""An ontology that exists already, read from Labelbox's JSON [SDK 7.17, schema/ontology.py; client.get_ontology().normalized].

``{"tools": […], "classifications": […]}``, with or without schema ids, or an object that holds that as ``normalized`` or
``ontology``. ``name`` and an option's ``value`` are what annotations refer to; ``instructions`` and ``label`` are shown.
Tools of kinds that ground truth has no place for are kept in the text and fit nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.ontology.infer import Classification, Ontology, Tool
from to_labelbox.report.errors import UsageError
from to_labelbox.source.option_file import parse_json, read_bytes
from to_labelbox_formats.labelbox.ontology_json import TOOLS

KINDS = {**{name: kind for kind, name in TOOLS.items()}, "superpixel": Kind.MASK}
"""``superpixel`` is the older name of a mask tool."""
INPUTS = {"radio": Input.RADIO, "checklist": Input.CHECKLIST, "text": Input.TEXT, "dropdown": Input.RADIO}
_DEEPEST = 50


def parse_ontology(path: str) -> Ontology:
    """Raises :class:`UsageError` that names the file and the place in it."""
    said = f"--ontology {path}"
    document = parse_json(read_bytes(path, said), said)
    for key in ("normalized", "ontology"):
        if isinstance(document, dict) and isinstance(document.get(key), dict):
            document = document[key]
    if not isinstance(document, dict) or not {"tools", "classifications"} & document.keys():
        raise UsageError(f"--ontology {path}: want an object with 'tools' and 'classifications', as Labelbox gives it")
    try:
        _refuse_names_twice([*_list(document, "tools", ""), *_list(document, "classifications", "")])
        tools = tuple(_tools(_list(document, "tools", "")))
        classifications = tuple(
            Classification(q.name, q) for q in _questions(document, "classifications", "", 0, top=True)
        )
    except _Fault as fault:
        raise UsageError(f"--ontology {path}: {fault}") from None
    return Ontology(tools, classifications, given=json.dumps(document, indent=2) + "\n")


class _Fault(Exception):
    """What is wrong, and where."""


def _list(record: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    found = record.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _Fault(f"{place}{key} must be a list of objects")
    return found


def _text(record: dict[str, Any], key: str, place: str, instead: str = "") -> str:
    found = record.get(key)
    if found is None and instead:
        found = record.get(instead)
    if isinstance(found, int | float) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found:
        raise _Fault(f"{place}: {key} must be a text")
    return found


def _refuse_names_twice(first_level: list[dict[str, Any]]) -> None:
    """Labelbox has each name once there; of two, no annotation could say which it is of."""
    names = [record.get("name") or record.get("instructions") for record in first_level]
    for name, count in Counter(name for name in names if isinstance(name, str)).items():
        if count > 1:
            message = f"the name {name!r} occurs twice at the first level, tools and classifications together"
            raise _Fault(f"{message}: rename one")


def _tools(records: list[dict[str, Any]]) -> Iterator[Tool]:
    for n, record in enumerate(records):
        place = f"tools[{n}]"
        kind = KINDS.get(_text(record, "tool", place))
        if kind is not None:
            name, color = _text(record, "name", place), record.get("color")
            questions = tuple(_questions(record, "classifications", f"{place}.", 0))
            yield Tool(name, kind, name, color if isinstance(color, str) else "", questions)


def _questions(record: dict[str, Any], key: str, above: str, depth: int, top: bool = False) -> Iterator[Question]:
    if depth > _DEEPEST:
        raise _Fault(f"{above[:60]}… is nested more than {_DEEPEST} deep")
    for n, question in enumerate(_list(record, key, above)):
        place = f"{above}{key}[{n}]"
        given = _text(question, "type", place)
        if given not in INPUTS:
            raise _Fault(f"{place}: type {given!r}; known are {', '.join(INPUTS)}")
        yield Question(
            _text(question, "name", place, "instructions"),
            INPUTS[given],
            tuple(_options(question, place, depth)),
            question.get("required") is True,
            top and question.get("scope") == "index",
        )


def _options(question: dict[str, Any], above: str, depth: int) -> Iterator[Option]:
    for n, option in enumerate(_list(question, "options", f"{above}.")):
        place = f"{above}.options[{n}]"
        value = _text(option, "value", place, "label")
        label = option.get("label")
        nested = tuple(_questions(option, "options", f"{place}.", depth + 1))
        yield Option(value, label if isinstance(label, str) else "", nested)
