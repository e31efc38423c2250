"""The records of an export as typed structs, decoded strictly first and piece by piece where something does not fit."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from to_labelbox_formats.label_studio.config import Control

Id = str | int | float | None
Number = float | None
Labels = list[str] | str | None

_NOTHING = (b"", b"null", b"[]", b"{}")
UNDECODABLE = (ValueError, RecursionError)
"""What msgspec raises on bytes that do not fit: DecodeError and UnicodeDecodeError are ValueErrors."""

_EMPTY = Raw(b"")


class Region(Struct, gc=False):
    """One entry of ``result``. Entries with the same id are one region: its shape, its labels, answers about it."""

    id: Id = None
    type: str | None = None
    from_name: str | None = None
    to_name: str | None = None
    value: Raw = _EMPTY
    source: str | None = None
    original_width: Number = None
    original_height: Number = None
    image_rotation: Number = None
    item_index: Number = None
    meta: Raw = _EMPTY
    from_id: Id = None
    to_id: Id = None
    direction: str | None = None
    labels: Labels = None

    @property
    def kind(self) -> str:
        return (self.type or "").lower()


class Annotation(Struct):
    """One annotator's work on a task."""

    id: Id = None
    result: list[Region] | None = None
    was_cancelled: bool | None = None
    skipped: bool | None = None
    ground_truth: bool | None = None
    completed_by: Raw = _EMPTY
    created_at: Id = None
    updated_at: Id = None

    @property
    def cancelled(self) -> bool:
        return bool(self.was_cancelled or self.skipped)


class Task(Struct):
    """``completions`` is the name that annotations had before version 1.0."""

    data: Raw = _EMPTY
    id: Id = None
    annotations: list[Annotation] | None = None
    completions: list[Annotation] | None = None
    predictions: Raw = _EMPTY
    drafts: Raw = _EMPTY


class StoredAnnotation(Annotation):
    """An annotation as target storages hold it, with its task inside."""

    task: Raw = _EMPTY


class RegionHead(Struct, gc=False):
    """What the index needs of a region when there is no labelling config."""

    type: str | None = None
    from_name: str | None = None
    to_name: str | None = None
    source: str | None = None


class AnnotationHead(Struct):
    result: list[RegionHead] | None = None


class TaskHead(Struct):
    """What the index needs of a task."""

    data: Raw = _EMPTY
    id: Id = None


class TaskHeadWithRegions(TaskHead):
    annotations: list[AnnotationHead] | None = None
    completions: list[AnnotationHead] | None = None


class Value(Struct, gc=False):
    """``value`` of a region, with the keys of all types: the keys decide what it is, the type is unreliable."""

    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    rectanglelabels: Labels = None
    polygonlabels: Labels = None
    labels: Labels = None
    points: Raw = _EMPTY
    closed: bool | None = None
    radiusX: float | None = None
    radiusY: float | None = None
    vertices: Raw = _EMPTY
    format: str | None = None
    rle: Raw = _EMPTY
    imageDataURL: str | None = None
    pageIndex: int | None = None
    page: int | None = None
    start: Id = None
    end: Id = None
    startOffset: int | None = None
    endOffset: int | None = None
    globalOffsets: Raw = _EMPTY
    channel: Number = None
    sequence: Raw = _EMPTY
    ranges: Raw = _EMPTY
    framesCount: Number = None
    ellipselabels: Labels = None
    keypointlabels: Labels = None
    brushlabels: Labels = None
    bitmasklabels: Labels = None
    vectorlabels: Labels = None
    hypertextlabels: Labels = None
    paragraphlabels: Labels = None
    timelinelabels: Labels = None
    timeserieslabels: Labels = None
    videorectanglelabels: Labels = None
    videovectorlabels: Labels = None
    magicwandlabels: Labels = None
    ocrlabels: Labels = None
    text: Raw = _EMPTY
    choices: Raw = _EMPTY
    taxonomy: Raw = _EMPTY
    number: int | float | None = None
    rating: Number = None
    datetime: str | None = None
    selected: Raw = _EMPTY
    ranker: Raw = _EMPTY
    chatmessage: Raw = _EMPTY


LABEL_KEYS = tuple(name for name in Value.__struct_fields__ if name.endswith("labels"))

decode_value: Callable[[Raw], Value] = msgspec.json.Decoder(Value).decode
decode_value_loosely: Callable[[Raw], Value] = msgspec.json.Decoder(Value, strict=False).decode
decode_data: Callable[[Raw], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode
decode_any = msgspec.json.Decoder().decode

T = TypeVar("T", bound=Struct)

Controls: TypeAlias = "Callable[[str], Control | None]"
Complain = Callable[[str, str], None]
"""(place, what is wrong) of a part that was left out while decoding the rest."""


_LOOSE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)


def strict_json(data: bytes) -> bytes | None:
    """What scripts write as JSON made strict: NaN becomes null, half a surrogate pair U+FFFD; None if that is not it."""

    def mend(token: re.Match[bytes]) -> bytes:
        text = token.group()
        return _ESCAPE.sub(lambda e: rb"\ufffd" if e.group(1) else e.group(), text) if text[:1] == b'"' else b"null"

    mended = _LOOSE.sub(mend, data)
    return mended if mended != data else None


MENDED = "holds what is no JSON: NaN was taken for null, half a surrogate pair for U+FFFD"


class Lenient(Generic[T]):
    """Decodes a struct field by field, where decoding it as a whole has failed."""

    def __init__(self, kind: type[T], nested: Mapping[str, Lenient[Any]] | None = None) -> None:
        self.kind = kind
        self._decode = msgspec.json.Decoder(kind).decode
        self._decode_loosely = msgspec.json.Decoder(kind, strict=False).decode
        self._nested = nested or {}

    def decode(self, data: bytes | Raw, place: str, complain: Complain) -> T | None:
        """The struct without what does not fit, or None when it is no object."""
        try:
            return self._decode(data)
        except UNDECODABLE as error:
            first = error
        try:
            fields = _FIELDS.decode(data)
        except UNDECODABLE as error:
            mended = strict_json(bytes(data))
            if mended is not None:
                complain(f"{place}.data", MENDED)
                return self.decode(mended, place, complain)
            complain(place, f"is no readable object: {error}")
            return None
        if not self._nested:
            # the innermost record is whole or not there at all
            try:
                return self._decode_loosely(data)
            except UNDECODABLE:
                complain(place, f"does not fit: {first}")
                return None
        known: dict[str, Any] = {}
        for name, raw in fields.items():
            if name not in self.kind.__struct_fields__:
                continue
            inner = self._nested.get(name)
            try:
                known[name] = msgspec.json.decode(raw, type=self._types[name])
            except UNDECODABLE as error:
                if inner is None:
                    complain(f"{place}.{name}", f"does not fit: {error}")
                    continue
                known[name] = list(inner.decode_list(raw, f"{place}.{name}", complain))
        return self.kind(**known)

    def decode_list(self, data: Raw, place: str, complain: Complain) -> Iterator[T]:
        try:
            elements = _ELEMENTS.decode(data)
        except UNDECODABLE as error:
            complain(place, f"is no list: {error}")
            return
        for number, element in enumerate(elements):
            record = self.decode(element, f"{place}[{number}]", complain)
            if record is not None:
                yield record

    @property
    def _types(self) -> dict[str, Any]:
        return {f.name: f.type for f in msgspec.structs.fields(self.kind)}


_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS = msgspec.json.Decoder(list[Raw])

REGION = Lenient(Region)
ANNOTATION = Lenient(Annotation, {"result": REGION})
STORED = Lenient(StoredAnnotation, {"result": REGION})
TASK = Lenient(Task, {"annotations": ANNOTATION, "completions": ANNOTATION})


def text_list(raw: Raw) -> list[str] | None:
    """A text or a list of texts; None for anything else."""
    try:
        value = decode_any(raw)
    except UNDECODABLE:
        return None
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(v, (str, int, float)) for v in value):
        return [v if isinstance(v, str) else str(v) for v in value]
    return None


def is_nothing(raw: Raw) -> bool:
    """Whether a raw value is missing, null, or an empty list or object."""
    return len(raw) <= 4 and bytes(raw) in _NOTHING


def as_list(labels: Labels) -> list[str]:
    return [labels] if isinstance(labels, str) else labels or []


# ------------------------------------------------------------------------------------------------ flat records

FLAT_KEYS = frozenset(("annotation_id", "annotator", "lead_time", "created_at", "updated_at", "id", "agreement"))


def is_flat(record: Mapping[str, Any]) -> bool:
    """Whether an object is a record of JSON-MIN (or a row of CSV), not a task."""
    return "annotation_id" in record and "annotator" in record and not isinstance(record.get("annotations"), list)


def from_flat(record: Mapping[str, Any], control_of: Controls) -> Task:
    """A task from the flat form: data fields and controls side by side.

    ``control_of``: a control by its name, as far as a labelling config tells. Regions have lost their ids: payloads of
    several controls with the same geometry are one region; answers without one belong to the regions in their order,
    when there are as many.
    """
    data: dict[str, Any] = {}
    regions: list[Region] = []
    without_place: list[list[Region]] = []
    for name, value in record.items():
        if name in FLAT_KEYS:
            continue
        control = control_of(name)
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
    annotation = Annotation(
        id=_id(record.get("annotation_id")),
        result=regions,
        completed_by=Raw(msgspec.json.encode(who)),
        created_at=_id(record.get("created_at")),
        updated_at=_id(record.get("updated_at")),
    )
    return Task(data=Raw(msgspec.json.encode(data)), id=_id(record.get("id")), annotations=[annotation])


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


def _id(value: Any) -> Id:
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


def _payloads(value: Any, control: Control | None) -> Iterator[tuple[dict[str, Any], str]]:
    """The values of a control, unwrapped from the short forms of a single answer; nothing for data fields."""
    kind = control.tag if control is not None else ""
    if isinstance(value, list) and value and all(_is_payload(v) for v in value):
        for one in value:
            yield one, kind or _kind_of(one)
    elif isinstance(value, dict) and _is_payload(value):
        yield value, kind or _kind_of(value)
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
