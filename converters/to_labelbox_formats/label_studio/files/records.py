"""The records of an export as typed structs, decoded strictly first and piece by piece where something does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE

Id = str | int | float | None
Number = float | None
Labels = list[str] | str | None

_PROJECT = re.compile(r"[\w-]{1,64}")
_NOTHING = (b"", b"null", b"[]", b"{}")
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
    parentID: Id = None
    normalization: Raw = _EMPTY
    from_id: Id = None
    to_id: Id = None
    direction: str | None = None
    labels: Labels = None

    @property
    def kind(self) -> str:
        return (self.type or "").lower()


class AnnotationRecord(Struct):
    """One annotator's work on a task."""

    id: Id = None
    result: list[Region] | None = None
    was_cancelled: bool | None = None
    skipped: bool | None = None
    ground_truth: bool | None = None
    completed_by: Raw = _EMPTY
    created_at: Id = None
    updated_at: Id = None
    reviews: Raw = _EMPTY

    @property
    def cancelled(self) -> bool:
        return bool(self.was_cancelled or self.skipped)


class Review(Struct):
    """What a reviewer said of an annotation; the last of several counts."""

    accepted: bool | None = None
    created_at: Id = None


class Task(Struct):
    """``completions`` is the name that annotations had before version 1.0."""

    data: Raw = _EMPTY
    id: Id = None
    annotations: list[AnnotationRecord] | None = None
    completions: list[AnnotationRecord] | None = None
    predictions: Raw = _EMPTY
    drafts: Raw = _EMPTY
    project: Raw = _EMPTY


class StoredAnnotation(AnnotationRecord):
    """An annotation as target storages hold it, with its task inside."""

    task: Raw = _EMPTY


class Payload(Struct):
    """What a webhook sends when an annotation was made or changed."""

    annotation: Raw = _EMPTY
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
    project: Raw = _EMPTY


class AnnotationId(Struct):
    id: Id = None
    created_at: Id = None


class TaskHeadWithIds(TaskHead):
    """What tells whether a task of another file is the same one."""

    annotations: list[AnnotationId] | None = None
    completions: list[AnnotationId] | None = None


class TaskHeadWithRegions(TaskHead):
    annotations: list[AnnotationHead] | None = None
    completions: list[AnnotationHead] | None = None


class ValueRecord(Struct, gc=False):
    """``value`` of a region, with the keys of all types: the keys decide what it is, the type is unreliable.

    Fields of labels stand together (:data:`LABEL_KEYS`).
    """

    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    rectanglelabels: Labels = None
    polygonlabels: Labels = None
    labels: Labels = None
    ellipselabels: Labels = None
    keypointlabels: Labels = None
    brushlabels: Labels = None
    bitmasklabels: Labels = None
    vectorlabels: Labels = None
    hypertextlabels: Labels = None
    htmllabels: Labels = None
    paragraphlabels: Labels = None
    timelinelabels: Labels = None
    timeserieslabels: Labels = None
    videorectanglelabels: Labels = None
    videovectorlabels: Labels = None
    magicwandlabels: Labels = None
    ocrlabels: Labels = None
    points: Raw = _EMPTY
    closed: bool | None = None
    radiusX: float | None = None
    radiusY: float | None = None
    vertices: Raw = _EMPTY
    format: str | None = None
    rle: Raw = _EMPTY
    imageDataURL: str | None = None
    frame: Number = None
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
    duration: Number = None
    text: Raw = _EMPTY
    choices: Raw = _EMPTY
    taxonomy: Raw = _EMPTY
    number: int | float | None = None
    rating: Number = None
    datetime: str | None = None
    selected: Raw = _EMPTY
    ranker: Raw = _EMPTY
    chatmessage: Raw = _EMPTY


LABEL_KEYS = tuple(name for name in ValueRecord.__struct_fields__ if name.endswith("labels"))
LABELS = slice(first := ValueRecord.__struct_fields__.index(LABEL_KEYS[0]), first + len(LABEL_KEYS))
"""Where the labels are among the fields of a value."""

decode_value: Callable[[Raw], ValueRecord] = msgspec.json.Decoder(ValueRecord).decode
decode_value_loosely: Callable[[Raw], ValueRecord] = msgspec.json.Decoder(ValueRecord, strict=False).decode
decode_data: Callable[[Raw], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode
decode_any = msgspec.json.Decoder().decode

T = TypeVar("T", bound=Struct)
R = TypeVar("R")


class Lost(Enum):
    """What a fault has cost."""

    TASK = "the task"
    REGION = "a region"
    PART = "a field, or an annotation"


class RecordFault(NamedTuple):
    """What did not fit and was left out while the rest was decoded: where it stood, and what is wrong with it."""

    lost: Lost
    place: str
    message: str


_LOOSE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)
_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([\[{])|([\]}])', re.DOTALL)
MAX_NESTING = 64
"""Levels of brackets that are kept where a record has too many; a task as the editor writes it has nine."""


def strict_json(data: bytes) -> bytes | None:
    """What scripts write as JSON made strict: NaN becomes null, half a surrogate pair U+FFFD; None if that is not it."""

    def mend(token: re.Match[bytes]) -> bytes:
        text = token.group()
        return _ESCAPE.sub(lambda e: rb"\ufffd" if e.group(1) else e.group(), text) if text[:1] == b'"' else b"null"

    mended = _LOOSE.sub(mend, data)
    return mended if mended != data else None


def shallow_json(data: bytes) -> bytes | None:
    """What is nested deeper than :data:`MAX_NESTING` levels replaced by null; None if nothing is."""
    parts: list[bytes] = []
    depth = kept = 0
    for token in _BRACKET.finditer(data):
        if token.group(1):
            depth += 1
            if depth == MAX_NESTING + 1:
                parts += data[kept : token.start()], b"null"
        elif token.group(2):
            if depth == MAX_NESTING + 1:
                kept = token.end()
            depth -= 1
    return b"".join((*parts, data[kept:])) if parts and depth <= MAX_NESTING else None


def mended_json(data: bytes) -> tuple[bytes, str] | None:
    """Bytes that are nearly JSON as JSON, and what was done to them; None if no rule helps."""
    strict = strict_json(data)
    if strict is not None:
        return strict, "holds what is no JSON: NaN was taken for null, half a surrogate pair for U+FFFD"
    shallow = shallow_json(data)
    if shallow is not None:
        return shallow, f"holds what is nested deeper than {MAX_NESTING} levels: that was taken for null"
    return None


class Lenient(Generic[T]):
    """Decodes a struct field by field, where decoding it as a whole has failed."""

    def __init__(self, kind: type[T], lost: Lost, nested: Mapping[str, Lenient[Any]] | None = None) -> None:
        self.kind = kind
        self._lost = lost
        self._decode = msgspec.json.Decoder(kind).decode
        self._decode_loosely = msgspec.json.Decoder(kind, strict=False).decode
        self._nested = nested or {}

    def decode(self, data: bytes | Raw, place: str, faults: list[RecordFault]) -> T | None:
        """The struct without what does not fit, which goes to ``faults``; None when it is no object."""
        try:
            return self._decode(data)
        except UNDECODABLE as error:
            first = error
        try:
            fields = _FIELDS.decode(data)
        except UNDECODABLE as error:
            mended = mended_json(bytes(data))
            if mended is not None:
                faults.append(RecordFault(Lost.PART, f"{place}.data", mended[1]))
                return self.decode(mended[0], place, faults)
            faults.append(RecordFault(self._lost, place, f"cannot be read: {in_words(error, data)}"))
            return None
        if not self._nested:
            # the innermost record is whole or not there at all
            try:
                return self._decode_loosely(data)
            except UNDECODABLE:
                faults.append(RecordFault(self._lost, place, f"cannot be read: {in_words(first, data)}"))
                return None
        known: dict[str, Any] = {}
        for name, raw in fields.items():
            if name not in self._types:
                continue
            inner = self._nested.get(name)
            try:
                known[name] = msgspec.json.decode(raw, type=self._types[name])
            except UNDECODABLE as error:
                if inner is None:
                    faults.append(RecordFault(Lost.PART, f"{place}.{name}", f"cannot be read: {in_words(error, raw)}"))
                    continue
                known[name] = list(inner.decode_list(raw, f"{place}.{name}", faults))
        return self.kind(**known)

    def decode_list(self, data: Raw, place: str, faults: list[RecordFault]) -> Iterator[T]:
        try:
            elements = _ELEMENTS.decode(_inside_text(data))
        except UNDECODABLE as error:
            if not self._is_one(data):
                lost = Lost.REGION if self._lost is Lost.REGION else Lost.PART
                faults.append(RecordFault(lost, place, f"cannot be read: {in_words(error, data)}"))
                return
            elements = [data]  # scripts leave the list around a single one out
        for number, element in enumerate(elements):
            # what aggregates annotations puts the list of each into a list
            listed = bytes(memoryview(element)[:1]) == b"["
            for inner in _ELEMENTS.decode(element) if listed else (element,):
                record = self.decode(inner, f"{place}[{number}]", faults)
                if record is not None:
                    yield record

    def _is_one(self, data: Raw) -> bool:
        """Whether a single record stands where a list of them is expected."""
        try:
            return not _FIELDS.decode(data).keys().isdisjoint(self._types)
        except UNDECODABLE:
            return False

    @cached_property
    def _types(self) -> dict[str, Any]:
        return {f.name: f.type for f in msgspec.structs.fields(self.kind)}


def _inside_text(data: Raw) -> bytes | Raw:
    """The list that stands in a text, as tables of tasks keep it; anything else as it is."""
    text = decode_any(data) if bytes(memoryview(data)[:1]) == b'"' else ""
    return text.encode() if text.startswith("[") else data


def objects_in(listed: Any) -> Iterator[dict[str, Any]]:
    """The objects of a decoded list, in the forms that :meth:`Lenient.decode_list` takes one in."""
    if isinstance(listed, str) and listed.startswith("["):
        try:
            listed = decode_any(listed)
        except UNDECODABLE:
            return
    for one in listed if isinstance(listed, list) else (listed,):
        for inner in one if isinstance(one, list) else (one,):
            if isinstance(inner, dict):
                yield inner


_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS = msgspec.json.Decoder(list[Raw])

REGION = Lenient(Region, Lost.REGION)
ANNOTATION = Lenient(AnnotationRecord, Lost.PART, {"result": REGION})
STORED = Lenient(StoredAnnotation, Lost.TASK, {"result": REGION})
TASK = Lenient(Task, Lost.TASK, {"annotations": ANNOTATION, "completions": ANNOTATION})


def read_part(decode: Callable[[Raw], R], raw: Raw, code: Code, wrong: str) -> R:
    """A part of a region. Raises :class:`Refused`, which says what is ``wrong`` and why."""
    try:
        return decode(raw)
    except UNDECODABLE as error:
        raise Refused(code, f"{wrong}: {in_words(error, raw)}") from None


def decoded_or_none(raw: Raw) -> Any:
    """What a raw value holds; None where there is none, or it cannot be read."""
    try:
        return decode_any(raw) if raw else None
    except UNDECODABLE:
        return None


def plain_id(value: Any) -> str | int | None:
    """An id that tells one task from others; None for anything else."""
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def project_of(raw: Raw) -> str:
    """The project that a task states, by its id; empty where it states none."""
    value = decoded_or_none(raw)
    value = value.get("id") if isinstance(value, dict) else value
    name = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return name if _PROJECT.fullmatch(name) else ""


def text_list(raw: Raw) -> list[str] | None:
    """A text or a list of texts; None for anything else."""
    value = decoded_or_none(raw)
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(v, (str, int, float)) for v in value):
        return [v if isinstance(v, str) else str(v) for v in value]
    return None


def whole_number(value: object) -> int | None:
    """A whole number, also as text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isdecimal() and len(text) < 16 else None
    if isinstance(value, (int, float)) and abs(value) < 1e15 and value == int(value):
        return int(value)
    return None


def quoted_span(value: Any) -> tuple[int, int, str] | None:
    """Where a decoded value says that a span is in a text, and what it says it covers."""
    quote = value.get("text") if isinstance(value, dict) else None
    if not isinstance(quote, str) or not quote:
        return None
    start, end = whole_number(value.get("start")), whole_number(value.get("end"))
    return (start, end, quote) if start is not None and end is not None and 0 <= start < end else None


def is_nothing(raw: Raw) -> bool:
    """Whether a raw value is missing, null, or an empty list or object."""
    return not raw or (len(raw) <= 4 and bytes(raw) in _NOTHING)


def as_list(labels: Labels) -> list[str]:
    return [labels] if isinstance(labels, str) else labels or []
