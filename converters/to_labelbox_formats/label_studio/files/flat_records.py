"""Flat records, of JSON-MIN or a table: data fields and controls side by side, regions without their ids."""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from to_labelbox_formats.label_studio.config import UNTOLD, Config, Control
from to_labelbox_formats.label_studio.files.records import (
    LABEL_KEYS,
    AnnotationRecord,
    Id,
    Lost,
    Number,
    RecordFault,
    Region,
    Task,
)

FLAT_KEYS = frozenset(("annotation_id", "annotator", "lead_time", "created_at", "updated_at", "id", "agreement"))
_IDS = ("id", "annotation_id")
_NUMBER = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_PYTHON_DICTS = ("[{'", "{'")
_LONGEST_LITERAL = 1 << 20
SPREADSHEET_CELL = 32_767
"""Characters of a cell that Excel and LibreOffice keep when they save a table."""
_BEGUN = re.compile(r"\s*\[\s*\{\s*[\"']")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_STEPS = {"{": 1, "[": 1, "}": -1, "]": -1}


def from_flat(record: Mapping[str, Any], config: Config) -> Task:
    """A task from the flat form: data fields and controls side by side.

    What is a control the labelling config tells, as far as there is one. Regions have lost their ids: payloads of several
    controls with the same geometry are one region; answers without one belong to the regions in their order, when there
    are as many.
    """
    data: dict[str, Any] = {}
    regions: list[Region] = []
    without_place: list[list[Region]] = []
    for name, value in record.items():
        if name in FLAT_KEYS:
            continue
        control = config.control(name)
        payloads = list(_payloads(value, control))
        if payloads:
            seen: Counter[bytes] = Counter()
            found = [_flat_region(name, p, kind, seen) for p, kind in payloads]
            regions += found
            if control is not None and control.per_region:
                without_place.append(found)
        elif control is None:
            data[name] = value
    ids = list(dict.fromkeys(r.id for r in regions if r.id is not None))
    for found in without_place:
        if len(found) == len(ids):
            for region, id in zip(found, ids):
                region.id = region.id or id
    who = record.get("annotator")
    annotation = AnnotationRecord(
        id=_id(record.get("annotation_id")),
        result=regions,
        completed_by=Raw(msgspec.json.encode(who)),
        created_at=_id(record.get("created_at")),
        updated_at=_id(record.get("updated_at")),
    )
    return Task(data=Raw(msgspec.json.encode(data)), id=_id(record.get("id")), annotations=[annotation])


def flat_row(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """A row as the record that JSON-MIN would hold: cells with a list or object are JSON, empty ones are left out.

    Tables that a script has saved again hold them as Python writes them.
    """
    record: dict[str, Any] = {name: cell for name, cell in zip(header, cells) if cell}
    for name, cell in record.items():
        if name in _IDS:
            record[name] = int(cell) if _NUMBER.fullmatch(cell) else cell
        elif cell[0] in "[{":
            try:
                record[name] = msgspec.json.decode(cell)
            except (ValueError, RecursionError):
                record[name] = _python_literal(cell)
    return record


def _python_literal(cell: str) -> Any:
    """Lists and dictionaries of a cell as Python writes them; the cell itself where it holds none."""
    if not cell.startswith(_PYTHON_DICTS) or len(cell) > _LONGEST_LITERAL:
        return cell
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return cell


def take_cut_cells(record: dict[str, Any], texts: Collection[str] = ()) -> dict[str, str]:
    """Cells that begin like a list of objects and are none, taken out of a row; ``texts`` are columns of texts to label."""
    cut = {n: cell for n, cell in record.items() if isinstance(cell, str) and _BEGUN.match(cell) and n not in texts}
    for name in cut:
        del record[name]
    return cut


def cell_faults(name: str, cell: str, place: str) -> list[RecordFault]:
    """What a cell that is cut off has cost: the regions that begin in it, or else a field."""
    where = f"{place}, column {name!r}"
    length = f"it has {len(cell):,}"
    message = (
        f"cannot be read: a list begins that is no JSON to its end, as where a cell was cut off ({length} characters; "
        f"spreadsheets cut at {SPREADSHEET_CELL:,}): export JSON"
    )
    if not _REGION_KEY.search(cell):
        return [RecordFault(Lost.PART, where, message)]
    return [RecordFault(Lost.REGION, where, message)] * _begun(cell)


def _begun(cell: str) -> int:
    """Objects that begin in a list, the inner ones not counted."""
    depth = count = 0
    for token in _TOKEN.finditer(cell):
        count += depth == 1 and token.group() == "{"
        depth += _STEPS.get(token.group(), 0)
    return count


def plain_fields(record: Mapping[str, Any]) -> list[str]:
    """Fields of a flat record that can be data as well as short answers."""
    return [
        name
        for name, value in record.items()
        if name not in FLAT_KEYS
        and isinstance(value, (str, int, float, list))
        and not isinstance(value, bool)
        and not any(_payloads(value, None))
    ]


def kind_of_payload(value: Any) -> str:
    """What a value of a control answers or labels; empty for what can be data as well."""
    for one in value if isinstance(value, list) else (value,):
        if _is_payload(one):
            return _kind_of(one) or "region"
    return ""


def _id(value: Any) -> Id:
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _payloads(value: Any, control: Control | None) -> Iterator[tuple[dict[str, Any], str]]:
    """The values of a control, unwrapped from the short forms of a single answer; nothing for data fields."""
    kind = control.tag if control is not None and control.tag != UNTOLD else ""
    if isinstance(value, list) and value and all(_is_payload(v) for v in value):
        for one in value:
            yield one, kind or _kind_of(one)
    elif isinstance(value, dict) and _is_payload(value):
        yield value, kind or _kind_of(value)
    elif control is not None and control.tag == UNTOLD:
        # one text is an answer that stands alone, a list has one for each region
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, (str, int, float)) and not isinstance(one, bool):
                yield {"text": [str(one)]}, "textarea"
    elif control is not None and control.per_region and isinstance(value, list) and kind in _SHORT:
        for one in value:
            yield one if isinstance(one, dict) else {_SHORT[kind]: one if isinstance(one, list) else [one]}, kind
    elif kind in _SHORT and isinstance(value, (str, list)):
        yield {_SHORT[kind]: [value] if isinstance(value, str) else value}, kind
    elif kind in ("number", "rating") and isinstance(value, (int, float)):
        yield {kind: value}, kind
    elif kind == "datetime" and isinstance(value, str):
        yield {"datetime": value}, kind
    elif kind == "taxonomy" and isinstance(value, list):
        yield {"taxonomy": value}, kind


_SHORT = {"choices": "choices", "textarea": "text"}
"""Controls whose single answers are written without the object around them."""
_PAYLOAD_KEYS = frozenset(LABEL_KEYS) | frozenset(
    "choices taxonomy number rating datetime sequence ranges rle vertices points imageDataURL radiusX".split()
)


def _is_payload(value: Any) -> bool:
    return isinstance(value, dict) and (
        not _PAYLOAD_KEYS.isdisjoint(value)
        or {"x", "y", "width", "height"} <= value.keys()
        or isinstance(value.get("text"), list)
    )


def _kind_of(value: Mapping[str, Any]) -> str:
    known = (*LABEL_KEYS, "choices", "taxonomy", "number", "rating", "datetime")
    return next((k for k in known if k in value), "textarea" if "text" in value else "")


_PLACE = (
    "x y width height rotation radiusX radiusY points rle imageDataURL vertices sequence ranges start end startOffset "
    "endOffset"
).split()
"""What tells where a region is."""

_REGION_KEY = re.compile(rf"[\"'](?:{'|'.join((*_PAYLOAD_KEYS, *_PLACE))})[\"']\s*:")
"""A key that only regions and answers have; what people say in a dialogue has none."""


def _flat_region(name: str, payload: dict[str, Any], kind: str, seen: Counter[bytes]) -> Region:
    """A region whose id is its place; the n-th time in one control it is another one."""
    place = {k: payload[k] for k in _PLACE if k in payload}
    text = msgspec.json.encode(place, order="sorted")
    seen[text] += 1
    return Region(
        id=f"{hashlib.sha256(text).hexdigest()[:10]}-{seen[text]}" if place else None,
        type=kind,
        from_name=name,
        value=Raw(msgspec.json.encode(payload)),
        original_width=_number(payload.get("original_width")),
        original_height=_number(payload.get("original_height")),
    )


def _number(value: Any) -> Number:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
