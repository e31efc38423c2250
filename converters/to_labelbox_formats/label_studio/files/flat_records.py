"""Flat records, of JSON-MIN or a table: data fields and controls side by side, regions without their ids."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import FileError
from to_labelbox_formats.label_studio.assets import shows_media
from to_labelbox_formats.label_studio.config import TEXTS, Config, Control
from to_labelbox_formats.label_studio.files.flat_values import (
    PLACE,
    begins_list,
    cut_off,
    holds_payloads,
    looks_like_regions,
    open_texts,
    regions_begun,
    structured,
    values_of,
)
from to_labelbox_formats.label_studio.files.records import (
    LABEL_KEYS,
    AnnotationRecord,
    Id,
    Lost,
    Number,
    RecordFault,
    Region,
    Task,
    as_list,
    decode_data,
    objects_in,
    quoted_span,
)

FLAT_KEYS = frozenset(("annotation_id", "annotator", "lead_time", "created_at", "updated_at", "id", "agreement"))
_IDS = frozenset(("id", "annotation_id"))
_NUMBER = re.compile(r"[1-9]\d{0,14}", re.ASCII)


def from_flat(record: dict[str, Any], config: Config, place: str) -> tuple[Task, list[RecordFault]]:
    """A task from the flat form, data fields and controls side by side, and what of its controls could not be read.

    ``place`` is put before the names of fields. What is a control the labelling config tells, as far as there is one. Regions have lost their ids: payloads of several
    controls with the same geometry are one region (:func:`_place` says where answers without one belong).
    """
    data: dict[str, Any] = {}
    regions: list[Region] = []
    faults: list[RecordFault] = []
    without_place: list[tuple[Control, list[Region]]] = []
    for name, value in (record if config.found else open_texts(record)).items():
        if name in FLAT_KEYS:
            continue
        control = config.control(name)
        if name in config.shown and not isinstance(value, (list, dict)):
            control = None  # the text that is labelled can have the name of a control
        values = [] if name in config.shown and control is None else list(values_of(value, control))
        if control is None and not values:
            data[name] = value
        seen: Counter[bytes] = Counter()
        found = [_flat_region(name, v.payload, v.kind, seen) for v in values if v.payload is not None]
        faults += [RecordFault(Lost.REGION, f"{place} {name!r}", v.fault) for v in values if v.payload is None]
        regions += found
        if control is not None and control.per_region and found:
            without_place.append((control, found))
    if without_place:
        placed = [region for region in regions if region.id is not None]
        for control, found in without_place:
            _place(found, control, placed, config)
    who = record.get("annotator")
    annotation = AnnotationRecord(
        id=_id(record.get("annotation_id")),
        result=regions,
        completed_by=Raw(msgspec.json.encode(who)),
        created_at=_id(record.get("created_at")),
        updated_at=_id(record.get("updated_at")),
    )
    task = Task(data=Raw(msgspec.json.encode(data)), id=_id(record.get("id")), annotations=[annotation])
    return task, faults


def _place(found: list[Region], control: Control, placed: Sequence[Region], config: Config) -> None:
    """Answers about regions, which belong to those that the control asks about, in their order, when there are as many.

    A record has the regions by their controls: of several, the order among them is known from one that has them all.
    """
    asked = [r for r in placed if _asks_about(control, r, config)]
    ids = {r.id for r in asked}
    if len(ids) != len(found):
        asked, ids = list(placed), {r.id for r in placed}
    if len(ids) != len(found):
        return
    orders: dict[str | None, dict[Id, None]] = {}
    for region in asked:
        orders.setdefault(region.from_name, {})[region.id] = None
    order = next((order for order in orders.values() if len(order) == len(ids)), None)
    if order is None and len({bytes(answer.value) for answer in found}) == 1:
        order = dict.fromkeys(r.id for r in asked)
    for answer, id in zip(found, order or ()):
        answer.id = answer.id or id


def _asks_about(control: Control, region: Region, config: Config) -> bool:
    """Whether a control that asks about regions asks about this one: its object, its control and its labels decide."""
    name = region.from_name or ""
    own = config.control(name)
    if control.targets and own is not None and own.targets and not set(control.targets) & set(own.targets):
        return False
    if control.when_tag and control.when_tag != name:
        return False
    value = decode_data(region.value)
    labels = (label for key in LABEL_KEYS for label in as_list(value.get(key)))
    return not control.when_labels or any(label in control.when_labels for label in labels)


def flat_row(
    header: Sequence[str], cells: Sequence[str], config: Config, texts: Collection[str] = ()
) -> dict[str, Any]:
    """A row as the record that JSON-MIN would hold: cells with a list or object are JSON, empty ones are left out.

    ``texts``: columns of texts, in which one that looks like a list is a text as well.

    Tables that a script has saved again hold them as Python writes them. A text to label stays as it is, whatever it looks
    like, and so does the answer of a control, which :func:`~.flat_values.values_of` opens.

    Raises :class:`FileError` for a row whose cells are not those of the header; empty ones at its end may be more or less.
    """
    if not any(map(str.strip, cells)):
        return {}
    if any(map(str.strip, cells[len(header) :])) or not _has_id(header, cells):
        raise FileError(
            f"has {n_of(len(cells), 'cell')}, its header {len(header)}: its quotes do not fit; export it again"
        )
    record: dict[str, Any] = {name: cell for name, cell in zip(header, cells) if cell}
    for name, cell in record.items():
        if name in _IDS:
            record[name] = int(cell) if _NUMBER.fullmatch(cell) else cell
        elif cell[0] in "[{":
            record[name] = _opened(cell, name, config, texts)
    return record


def _has_id(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row that ends early has the id of its task, which no row lacks, in place."""
    if len(cells) >= len(header):
        return True
    at = next((header.index(name) for name in ("id", "annotation_id") if name in header), 0)
    return at < len(cells) and _NUMBER.fullmatch(cells[at]) is not None


def text_columns(cells: Mapping[str, str], record: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    """Further columns of which a row shows that they hold texts: its cell is nothing nested, or a span quotes it as it stands."""
    for name, cell in cells.items():
        if not cell or name in known or name in FLAT_KEYS:
            continue
        value = record.get(name)
        if isinstance(value, str):
            if not shows_media(value):
                yield name
        elif not holds_payloads(value) and any(cell[start:end] == quote for start, end, quote in _quotes(record)):
            yield name


def _quotes(record: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """The spans of a record: start, end and the text that they say they cover."""
    for value in record.values():
        for payload in objects_in(value) if holds_payloads(value) else ():
            if span := quoted_span(payload):
                yield span


def _opened(cell: str, name: str, config: Config, texts: Collection[str]) -> Any:
    if name in config.texts:
        return cell
    if looks_like_regions(cell) or name in config.shown:
        return structured(cell)
    if (
        name in texts
        or config.control(name) is not None
        or (config.objects and all(o.tag in TEXTS for o in config.objects.values()))
    ):
        return cell
    try:
        found = msgspec.json.decode(cell)
        return cell if isinstance(found, list) and _holds_numbers(found) else found
    except (ValueError, RecursionError):
        found = structured(cell)
    pages = isinstance(found, list) and (all(isinstance(one, dict) for one in found) or shows_media(found))
    return found if pages else cell


def _holds_numbers(found: list[Any]) -> bool:
    """Whether nothing in a list is a text or an object, so that it can be neither assets nor what annotators said."""
    return not any(isinstance(one, (str, dict)) or (isinstance(one, list) and not _holds_numbers(one)) for one in found)


def take_cut_cells(record: dict[str, Any], config: Config) -> dict[str, str]:
    """Cells that begin like a list of objects and are none, taken out of a row; texts to label are left in it."""
    begun = {n: c for n, c in record.items() if isinstance(c, str) and begins_list(c) and n not in config.texts}
    cut = {n: c for n, c in begun.items() if isinstance(structured(c), str)}
    for name in cut:
        del record[name]
    return cut


def cell_faults(cell: str, place: str) -> list[RecordFault]:
    """What a cell that is cut off has cost: the regions that begin in it, or else a field."""
    count = regions_begun(cell)
    return [RecordFault(Lost.REGION if count else Lost.PART, place, cut_off(cell))] * (count or 1)


def plain_fields(record: Mapping[str, Any]) -> list[str]:
    """Fields of a flat record that can be data as well as answers."""
    return [n for n, value in record.items() if n not in FLAT_KEYS and value is not None and not holds_payloads(value)]


def _id(value: Any) -> Id:
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _flat_region(name: str, payload: dict[str, Any], kind: str, seen: Counter[bytes]) -> Region:
    """A region whose id is its place; the n-th time in one control it is another one."""
    place = {k: payload[k] for k in PLACE if k in payload}
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
