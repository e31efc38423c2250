"""One value of a flat record as what a control of its kind answers or labels.

Servers write the value of a result without what stands around it; tables that a script has saved again hold it as a text,
in JSON or as Python writes it, numbers in quotes, or a single one for a list. Each is read in the form that it clearly
has; one that has none comes back with the reason. Nothing that a control holds is left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from to_labelbox.model.text import shortened
from to_labelbox_formats.label_studio.config import TOOL_KINDS, UNTOLD, Control
from to_labelbox_formats.label_studio.files.records import LABEL_KEYS

SPREADSHEET_CELL = 32_767
"""Characters of a cell that Excel and LibreOffice keep when they save a table."""
_LONGEST_LITERAL = 1 << 20
_SHOWN = 40
_BEGUN = re.compile(r"\s*\[\s*\{\s*[\"']")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_STEPS = {"{": 1, "[": 1, "}": -1, "]": -1}


class FlatValue(NamedTuple):
    """The value of a result and its type; None with the ``fault`` for what has no form that is known."""

    payload: dict[str, Any] | None
    kind: str
    fault: str = ""


class Form(NamedTuple):
    """How a kind of answer is written: the key of its value, the types that stand without the object around them.

    ``joined``: several are one answer, unless the control asks about regions.
    """

    kind: str
    key: str
    takes: tuple[type, ...]
    joined: bool = False


_NUMBERS = (int, float, str)
FORMS = {
    form.kind: form
    for form in (
        Form("choices", "choices", (*_NUMBERS, bool, list), joined=True),
        Form("taxonomy", "taxonomy", (*_NUMBERS, bool, list), joined=True),
        Form("textarea", "text", (*_NUMBERS, bool, list), joined=True),
        Form("number", "number", _NUMBERS),
        Form("rating", "rating", _NUMBERS),
        Form("datetime", "datetime", _NUMBERS),
    )
}
_UNTOLD_TEXT = Form("textarea", "text", (*_NUMBERS, bool))
"""One text is an answer that stands alone, a list has one for each region."""
_SINGULAR = {"choice": "choices", "label": "labels"}
"""Keys that scripts write for one value, and those of the editor."""
PLACE = (
    "x y width height rotation radiusX radiusY points rle imageDataURL vertices sequence ranges start end startOffset "
    "endOffset"
).split()
"""What tells where a region is."""
_PAYLOAD_KEYS = frozenset(LABEL_KEYS) | frozenset(
    "choices taxonomy number rating datetime sequence ranges rle vertices points imageDataURL radiusX".split()
)
_REGION_KEY = re.compile(rf"[\"'](?:{'|'.join((*_PAYLOAD_KEYS, *PLACE))})[\"']\s*:")
"""A key that only regions and answers have; what people say in a dialogue has none."""
_OPTIONS = frozenset((*LABEL_KEYS, "choices", "taxonomy"))


def values_of(value: Any, control: Control | None) -> Iterator[FlatValue]:
    """What a field answers or labels: for a control everything that it holds, else nothing where it is data."""
    if control is None:
        if payloads := _payloads(value):
            yield from (FlatValue(one, _kind_of(one)) for one in payloads)
        return
    value = _opened(value, control)
    if isinstance(value, str) and control.tag != "textarea" and begins_list(value):
        yield from [FlatValue(None, control.tag, cut_off(value))] * _begun(value)
        return
    form = FORMS.get(control.tag)
    if value is None or (form is None and value in ("", [])):
        return  # nothing was drawn or answered
    gathered: dict[Form, list[Any]] = {}
    for one in _listed(value):
        form = _form_of(one, control)
        if isinstance(one, dict):
            yield _of_object(one, control, form)
        elif form is None and not _draws(control):
            yield FlatValue({}, control.tag)  # no target holds it, whatever it is
        elif form is None or not _takes(form, one, control):
            yield _unreadable(one, control)
        elif form.joined and (not control.per_region or form.kind == "taxonomy"):
            gathered.setdefault(form, []).append(_plain(one, form, control))
        else:
            yield FlatValue({form.key: _alone(_plain(one, form, control), form)}, form.kind)
    if value == []:
        yield FlatValue({}, control.tag)
    for form, found in gathered.items():
        yield FlatValue({form.key: found}, form.kind)


def kind_of_value(value: Any) -> str:
    """What a value of a control answers or labels; empty for what can be data as well."""
    return next((_kind_of(one) or "region" for one in _listed(value) if _is_payload(one)), "")


def holds_payloads(value: Any) -> bool:
    """Whether a field is the value of a control for sure."""
    return bool(_payloads(value))


def open_texts(record: dict[str, Any]) -> dict[str, Any]:
    """A record with the lists of regions and options that stand in texts in their place."""
    for name, value in record.items():
        if isinstance(value, str) and value[:1] in ("[", "{") and _REGION_KEY.search(value):
            found = structured(value)
            if all(
                isinstance(one, dict) and _is_payload(one) and not _OPTIONS.isdisjoint(one) for one in _listed(found)
            ):
                record[name] = found
    return record


def looks_like_regions(text: str) -> bool:
    """Whether a text with a list or an object has a key that only regions and answers have."""
    return _REGION_KEY.search(text) is not None


def structured(text: str) -> Any:
    """What a text holds as JSON, or as Python writes lists and dictionaries; the text itself where it holds neither."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _LONGEST_LITERAL:
        return text
    try:
        return msgspec.json.decode(msgspec.json.encode(ast.literal_eval(text.strip())))
    except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
        return text


# ------------------------------------------------------------------------------------------------ one of a control


def _opened(value: Any, control: Control) -> Any:
    """What the text of a control holds; an option or a text that only looks like it stays as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    if any(value == entry.name for entry in control.entries):
        return value
    found = structured(value)
    if not isinstance(found, (list, dict)):
        return value
    if control.tag == "textarea":
        texts = isinstance(found, list) and all(isinstance(one, str) for one in found)
        return (
            found
            if texts or all(isinstance(o, dict) and ("text" in o or _is_payload(o)) for o in _listed(found))
            else value
        )
    return found


def _form_of(one: Any, control: Control) -> Form | None:
    if control.tag == UNTOLD:
        return FORMS["taxonomy"] if isinstance(one, list) else _UNTOLD_TEXT
    return FORMS.get(control.tag)


def _of_object(one: dict[str, Any], control: Control, form: Form | None) -> FlatValue:
    named = one
    if one.keys().isdisjoint(_OPTIONS):
        single = "label" if not one.keys().isdisjoint(PLACE) else "choice"
        named = {_SINGULAR[k] if k == single else k: v for k, v in one.items()}
    known = _is_payload(named) or (form is not None and form.key in named) or not named.keys().isdisjoint(PLACE)
    if known or not (form or _draws(control)):
        return FlatValue(named, _kind_of(named) if control.tag == UNTOLD else control.tag)
    return _unreadable(one, control)


def _takes(form: Form, one: Any, control: Control) -> bool:
    if control.tag == UNTOLD and isinstance(one, list):
        return all(isinstance(step, str) for step in one)  # with numbers in it, it is no path of options
    return one is None or (isinstance(one, form.takes) and (not isinstance(one, bool) or bool in form.takes))


def _draws(control: Control) -> bool:
    return control.tag in TOOL_KINDS or control.tag.endswith("labels") or control.labelling


def _plain(one: Any, form: Form, control: Control) -> Any:
    """A value that stands alone as the editor writes it; an option that a table has made a number or a boolean is a text."""
    if isinstance(one, list):
        return [_plain(inner, form, control) for inner in one]
    if form.kind in ("number", "rating"):
        return None if isinstance(one, str) and not one.strip() else one
    if isinstance(one, bool):
        text = "true" if one else "false"
        return next((entry.name for entry in control.entries if entry.name.lower() == text), text)
    if isinstance(one, float) and one.is_integer():
        one = int(one)
    return str(one) if isinstance(one, (int, float)) else one


def _alone(value: Any, form: Form) -> Any:
    return [value] if form.key in ("text", "choices") and not isinstance(value, list) else value


def _unreadable(one: Any, control: Control) -> FlatValue:
    shown = shortened(msgspec.json.encode(one).decode(), _SHOWN)
    if control.tag == UNTOLD:
        fault = f"cannot be read: {shown} is no answer in a known form: give the labelling config with -O config=FILE"
    else:
        fault = f"cannot be read: {shown} is no value of a control of type {control.tag!r}: export JSON"
    return FlatValue(None, control.tag, fault)


# ------------------------------------------------------------------------------------------ texts that are cut off


def begins_list(text: str) -> bool:
    """Whether a text begins like a list of objects."""
    return _BEGUN.match(text) is not None


def cut_off(text: str) -> str:
    """What is wrong with a text that begins like a list and is none."""
    return (
        f"cannot be read: a list begins that is no JSON to its end, as where a cell was cut off (it has {len(text):,} "
        f"characters; spreadsheets cut at {SPREADSHEET_CELL:,}): export JSON"
    )


def regions_begun(text: str) -> int:
    """Regions and answers that begin in a list that is cut off; none where it is one of data."""
    return _begun(text) if _REGION_KEY.search(text) else 0


def _begun(text: str) -> int:
    """Objects that begin in a list, the inner ones not counted."""
    depth = count = 0
    for token in _TOKEN.finditer(text):
        count += depth == 1 and token.group() == "{"
        depth += _STEPS.get(token.group(), 0)
    return count


# -------------------------------------------------------------------------------------------------------- payloads


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _payloads(value: Any) -> list[dict[str, Any]]:
    """The objects of a value that is a list of payloads, or one; else nothing."""
    listed = _listed(value)
    return listed if all(map(_is_payload, listed)) else []


def _is_payload(value: Any) -> bool:
    return isinstance(value, dict) and (
        not _PAYLOAD_KEYS.isdisjoint(value)
        or {"x", "y", "width", "height"} <= value.keys()
        or isinstance(value.get("text"), list)
    )


def _kind_of(value: Mapping[str, Any]) -> str:
    known = (*LABEL_KEYS, "choices", "taxonomy", "number", "rating", "datetime")
    return next((k for k in known if k in value), "textarea" if "text" in value else "")
