"""Items to payload lines and data rows, one asset after another.

Which kinds an asset type takes is a table [docs.labelbox.com, import pages]; how each geometry is written is another.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Raw, Struct

from to_labelbox.diagnostics import Code, Log
from to_labelbox.keys import MAX_LENGTH, Keys, shortened
from to_labelbox.lowering import Lowering, Shape, Skip
from to_labelbox.model import (
    Attribute,
    Box,
    Choice,
    Classification,
    Item,
    Mask,
    Media,
    Object,
    PageBox,
    Point,
    Relationship,
    Scalar,
    TextSpan,
    TokenSpan,
    Track,
)
from to_labelbox.schema import Kind
from to_labelbox.settings import Settings
from to_labelbox.survey import INSTANCE, VISIBILITY, Answers, Survey, observe, text_of
from to_labelbox_formats.labelbox.data_rows import data_row
from to_labelbox_formats.labelbox.masks import png_text
from to_labelbox_formats.labelbox.payload import (
    Uuids,
    answer_token,
    ascii_json,
    attributes_token,
    question_token,
    ranged_token,
    tool_token,
    values_of,
)

KINDS: dict[Media, frozenset[Kind]] = {
    Media.IMAGE: frozenset({Kind.BOX, Kind.POLYGON, Kind.POINT, Kind.LINE, Kind.MASK}),
    Media.VIDEO: frozenset(),
    Media.TEXT: frozenset({Kind.ENTITY}),
    Media.DOCUMENT: frozenset({Kind.BOX, Kind.ENTITY}),
    Media.GEOSPATIAL: frozenset({Kind.BOX, Kind.POLYGON, Kind.POINT, Kind.LINE}),
    Media.AUDIO: frozenset(),
    Media.CONVERSATION: frozenset({Kind.ENTITY}),
    Media.HTML: frozenset(),
    Media.DICOM: frozenset(),
}
"""Kinds of single shapes by asset type; tracks of video and DICOM are apart."""

MANY = 5000
"""Annotations of one name on one data row that an import takes [SDK 7.17, ANNOTATION_PER_LABEL_LIMIT]."""


class TextUnit(StrEnum):
    CODEPOINT = "codepoint"
    UTF16 = "utf16"


@dataclass(frozen=True, slots=True)
class Options:
    """What no public source settles about the server; the defaults follow the SDK and the documentation."""

    mask_value: int = field(default=1, metadata={"help": "pixel value of a mask's foreground in its PNG: 1 or 255"})
    text_unit: TextUnit = field(
        default=TextUnit.CODEPOINT, metadata={"help": "what text offsets count: codepoint or utf16"}
    )
    frame_base: int = field(default=1, metadata={"help": "number of a video's first frame in the payload: 1 or 0"})


class _XY(Struct, gc=False):
    x: float
    y: float


class _Bbox(Struct, gc=False):
    top: float
    left: float
    height: float
    width: float


class _BoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    bbox: _Bbox


class _PageBoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    bbox: _Bbox
    page: int
    unit: str


class _PolygonLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    polygon: list[_XY]


class _LineLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    line: list[_XY]


class _PointLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    point: _XY


class _Png(Struct, gc=False):
    png: Raw


class _MaskLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    mask: _Png


class _Location(Struct, gc=False):
    start: int
    end: int


class _EntityLine(Struct, gc=False, omit_defaults=True):
    uuid: str
    dataRow: Raw
    name: Raw
    location: _Location
    messageId: Raw | None = None


class _Selection(Struct, gc=False):
    tokenIds: list[str]
    groupId: str
    page: int


class _TokenLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    textSelections: list[_Selection]


class _AnswerLine(Struct, gc=False, omit_defaults=True):
    uuid: str
    dataRow: Raw
    name: Raw
    answer: Raw
    messageId: Raw | None = None


class _RangedLine(Struct, gc=False):
    """Temporal answers carry no uuid [SDK 7.17, NDVideoText and temporal.py have no such field]."""

    dataRow: Raw
    name: Raw
    answer: Raw


class _RelationshipEnds(Struct, gc=False):
    source: str
    target: str
    type: str


class _RelationshipLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    relationship: _RelationshipEnds


@dataclass(slots=True)
class Encoded:
    """See :class:`to_labelbox.formats.Encoded`."""

    rows: bytes
    lines: bytes
    counts: array[int]
    keys: array[int]
    survey: Survey
    log: Log
    items: int
    written: int


class Encoder:
    """Encodes the items of one chunk."""

    def __init__(self, settings: Settings, options: Options, dataset: str, log: Log) -> None:
        self._settings = settings
        self._options = options
        self._keys = Keys(settings, dataset)
        self._encode_into = msgspec.json.Encoder().encode_into
        self._names: dict[tuple[str, Kind], Raw] = {}
        self._questions: dict[str, Raw] = {}
        self._wanted: dict[str, bool] = {}
        self._filtered = bool(settings.include or settings.exclude)
        self._reset(log)

    def _reset(self, log: Log) -> None:
        self.log = log
        self.survey = Survey()
        self._lowering = Lowering(self._settings, log)
        self._rows: list[bytes] = []
        self._lines = bytearray()
        self._line_count = 0
        self._counts = array("I")
        self._key_hashes = array("Q")
        self._items = 0

    def take(self) -> Encoded:
        """What has been encoded; the encoder starts anew with an empty log of the same policy."""
        taken = Encoded(
            b"".join(self._rows),
            bytes(self._lines),
            self._counts,
            self._key_hashes,
            self.survey,
            self.log,
            self._items,
            len(self._rows),
        )
        self._reset(Log(fail=self.log.fail))
        return taken

    # --------------------------------------------------------------------------------------------------- items

    def add(self, item: Item) -> None:
        """Encode an asset: its data row, its shapes and tracks, its answers, its relationships."""
        asset = item.asset
        self._items += 1
        key = self._keys.key(asset, item.split)
        if len(key) > MAX_LENGTH:
            short = shortened(key)
            self.log.note(
                Code.KEY_SHORTENED, f"global key has {len(key)} characters, over {MAX_LENGTH}: {short}", file=key
            )
            key = short
        self.key = key
        self.item = item
        self.uuids = Uuids(key)
        self._key_hashes.append(self.uuids.digest)
        self.data_row = Raw(b'{"globalKey":' + ascii_json(key) + b"}")
        row_data = self._keys.row_data(asset)
        if row_data is None and asset.media is Media.IMAGE:
            self.log.note(
                Code.ROW_DATA_LOCAL,
                "row_data is a relative path: give --url-prefix or --url-map, or import with the media folder at hand",
                file=asset.path,
            )
        self._rows.append(
            data_row(asset, key, row_data, item.split if self._settings.split_metadata else "", self._settings)
        )
        self.survey.media[asset.media] = self.survey.media.get(asset.media, 0) + 1

        before = self._line_count
        kinds = KINDS[asset.media]
        self._lowering.start(asset.width, asset.height, item.origin)
        if asset.media is Media.GEOSPATIAL:
            self._lowering.start(None, None, item.origin)
        answers: list[Classification] = []
        relationships: list[Relationship] = []
        ends: dict[str, str] = {}
        instances: dict[str, int] = {}
        for annotation in item.annotations:
            if type(annotation) is Object:
                if self._filtered and not self._passes(annotation.label, annotation):
                    continue
                self._object(annotation, kinds, ends, instances)
            elif type(annotation) is Classification:
                answers.append(annotation)
            elif type(annotation) is Track:
                if self._filtered and not self._passes(annotation.label, annotation):
                    continue
                self._track(annotation, ends)
            elif type(annotation) is Relationship:
                relationships.append(annotation)
        for label, count in instances.items():
            if count > 1:
                self.survey.repeated.add(label)
        if answers:
            self._classifications(answers)
        for relationship in relationships:
            self._relationship(relationship, ends)
        if self._line_count - before > MANY:
            self._check_many(self._line_count - before)
        self._counts.append(self._line_count - before)

    def _passes(self, label: str, annotation: Object | Track | Classification) -> bool:
        wanted = self._wanted.get(label)
        if wanted is None:
            wanted = self._wanted[label] = self._settings.wants(label)
        if not wanted:
            self._skip(Code.EXCLUDED, label, f"class {label!r} is left out by --include/--exclude", annotation)
        return wanted

    def _skip(
        self, code: Code, label: str, message: str, annotation: Object | Track | Classification | Relationship
    ) -> None:
        """Close an annotation as skipped; a further piece of one that is counted already only gets the note."""
        where, id = annotation.where, annotation.id
        if annotation.units:
            self.log.skip(code, label, message, file=self.item.origin, where=where, id=id, count=annotation.units)
        else:
            self.log.note(code, message, file=self.item.origin, where=where, id=id)

    def _check_many(self, lines: int) -> None:
        self.log.note(
            Code.LIMIT,
            f"{lines} lines on one data row; an import takes {MANY} of one name",
            file=self.key,
        )

    # ------------------------------------------------------------------------------------------------- objects

    def _object(self, obj: Object, kinds: frozenset[Kind], ends: dict[str, str], instances: dict[str, int]) -> None:
        log, label = self.log, obj.label
        try:
            shapes = self._lowering.lower(obj)
            if shapes and shapes[0].kind not in kinds:
                raise Skip(
                    Code.GEOMETRY_UNSUPPORTED,
                    f"a {shapes[0].kind} on {self.item.asset.media} has no payload in Labelbox",
                )
        except Skip as skip:
            self._skip(skip.code, label, str(skip), obj)
            return
        if not shapes:
            self._skip(Code.GEOMETRY_MISSING, label, "nothing of it lies on the asset", obj)
            return
        first = ""
        survey = self.survey
        counts = survey.shapes
        keypoints = 0
        for shape in shapes:
            kind, tool_label, _, attributes, part = shape
            uuid = self.uuids.make(obj.id, part)
            first = first or uuid
            seen = (tool_label, kind)
            name = self._names.get(seen)
            if name is None:
                name = self._names[seen] = Raw(tool_token(tool_label, kind))
            counts[seen] = counts.get(seen, 0) + 1
            self._encode_into(_LINES[type(shape.geometry), kind](self, uuid, name, shape), self._lines, -1)
            if attributes:
                self._attributes(shape, label)
                keypoints += part[:1] == "/"
            self._lines += b"\n"
            self._line_count += 1
        ends[obj.id] = first
        if keypoints:
            instances[label] = instances.get(label, 0) + 1
        tally = log.ledger[label]
        if self._lowering.approximated:
            tally.approximated += obj.units
        else:
            tally.converted += obj.units

    def _attributes(self, shape: Shape, owner: str) -> None:
        """Append the nested answers to the line that was just encoded, and note what the ontology must hold."""
        kind, label, _, attributes, part = shape
        plain = attributes
        if part[:1] == "/":
            self.survey.keypoints[label] = owner
            if Attribute(VISIBILITY, "occluded") in attributes:
                self.survey.occluded.add(owner)
            plain = tuple(a for a in attributes if a.name not in (VISIBILITY, INSTANCE))
        if plain:
            observe(self.survey.attributes.setdefault(label, {}), plain)
        self._append_classifications(attributes_token(label, kind, attributes))

    def _append_classifications(self, token: bytes) -> None:
        self._lines[-1:] = token + b"}"

    # ------------------------------------------------------------------------------------------------- answers

    def _classifications(self, answers: list[Classification]) -> None:
        """Answers about the asset: those of one question are joined into one line."""
        joined: dict[tuple[str, str | None, bool], list[Classification]] = {}
        captions: dict[str, int] = {}
        for answer in answers:
            name = answer.name
            if self._filtered and not self._passes(name, answer):
                continue
            if not values_of(answer.value):
                self._skip(Code.ANSWER_EMPTY, name, "the answer is empty", answer)
                continue
            if answer.several:
                captions[name] = n = captions.get(name, 0) + 1
                name = f"{name} {n}" if n > 1 else name
            ranged = bool(answer.frames or answer.times)
            joined.setdefault((name, answer.message, ranged), []).append(answer)
        for (name, message, ranged), group in joined.items():
            if ranged:
                self._ranged(name, group)
            else:
                self._answer(name, message, group)

    def _answer(self, name: str, message: str | None, group: list[Classification]) -> None:
        first = group[0]
        values = [v for answer in group for v in values_of(answer.value)]
        distinct: dict[Any, Scalar | Choice] = {}
        for value in values:
            distinct.setdefault(value.value if isinstance(value, Choice) else value, value)
        chosen = tuple(distinct.values())
        listed = len(chosen) > 1 or any(isinstance(a.value, tuple) for a in group)
        seen = self.survey.questions.setdefault(name, Answers())
        seen.add(tuple(_option(v) for v in chosen) if listed else chosen[0])
        seen.index |= message is not None
        line = _AnswerLine(
            self.uuids.make(first.id, "answer"),
            self.data_row,
            self._question(name),
            Raw(answer_token(name, chosen)),
            None if message is None else Raw(ascii_json(message)),
        )
        self._encode_into(line, self._lines, -1)
        self._lines += b"\n"
        self._line_count += 1
        self.survey.answers += 1
        self._close(first)
        for answer in group[1:]:
            if answer.units:
                self.log.merge(
                    Code.ANSWER_JOINED,
                    answer.name,
                    "several answers of one question on one data row are one line",
                    file=self.item.origin,
                    where=answer.where,
                    id=answer.id,
                    count=answer.units,
                )

    def _ranged(self, name: str, group: list[Classification]) -> None:
        """Answers that hold over frames or times: one line a question, each option with its ranges."""
        base = self._options.frame_base
        seen = self.survey.questions.setdefault(name, Answers())
        seen.index = True
        values: list[tuple[Scalar | Choice, list[tuple[int, int]]]] = []
        for answer in group:
            ranges = [(f.start + base, f.end + base) for f in answer.frames]
            ranges += [(round(t.start * 1000), round(t.end * 1000)) for t in answer.times]
            for value in values_of(answer.value):
                values.append((value, ranges))
                seen.add(value)
            self._close(answer)
        if _overlap(values):
            seen.several = True
        line = _RangedLine(self.data_row, self._question(name), Raw(ranged_token(name, values)))
        self._encode_into(line, self._lines, -1)
        self._lines += b"\n"
        self._line_count += 1
        self.survey.answers += 1

    def _question(self, name: str) -> Raw:
        token = self._questions.get(name)
        if token is None:
            token = self._questions[name] = Raw(question_token(name))
        return token

    def _close(self, answer: Classification) -> None:
        tally = self.log.ledger[answer.name]
        if answer.loss:
            tally.approximated += answer.units
        else:
            tally.converted += answer.units

    # ------------------------------------------------------------------------------------- tracks, relationships

    def _track(self, track: Track, ends: dict[str, str]) -> None:
        self._skip(Code.GEOMETRY_UNSUPPORTED, track.label, "tracks have no payload yet", track)

    def _relationship(self, relationship: Relationship, ends: dict[str, str]) -> None:
        label = relationship.label
        if self._filtered and not self._settings.wants(label):
            self._skip(Code.EXCLUDED, label, f"class {label!r} is left out by --include/--exclude", relationship)
            return
        if not self._settings.relationships:
            if relationship.units:
                self._skip(Code.RELATIONSHIP_OFF, label, "relationships are written with --relationships", relationship)
            return
        if self.item.asset.media not in (Media.IMAGE, Media.DOCUMENT):
            self._skip(
                Code.GEOMETRY_UNSUPPORTED,
                label,
                f"a relationship on {self.item.asset.media} has no payload in Labelbox",
                relationship,
            )
            return
        source, target = ends.get(relationship.source), ends.get(relationship.target)
        if source is None or target is None:
            lost = relationship.source if source is None else relationship.target
            self._skip(
                Code.RELATIONSHIP_DANGLING, label, f"its end {lost!r} is not written on this data row", relationship
            )
            return
        seen = (label, Kind.RELATIONSHIP)
        self.survey.shapes[seen] = self.survey.shapes.get(seen, 0) + 1
        line = _RelationshipLine(
            self.uuids.make(relationship.id, "relationship"),
            self.data_row,
            Raw(tool_token(*seen)),
            _RelationshipEnds(source, target, "bidirectional" if relationship.bidirectional else "unidirectional"),
        )
        self._encode_into(line, self._lines, -1)
        self._lines += b"\n"
        self._line_count += 1
        self.log.ledger[label].converted += relationship.units

    # --------------------------------------------------------------------------------------------------- lines

    def _box_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        box: Box = shape.geometry  # type: ignore[assignment]
        return _BoxLine(uuid, self.data_row, name, _Bbox(box.top, box.left, box.height, box.width))

    def _page_box_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        drawn: PageBox = shape.geometry  # type: ignore[assignment]
        box = _Bbox(drawn.box.top, drawn.box.left, drawn.box.height, drawn.box.width)
        return _PageBoxLine(uuid, self.data_row, name, box, drawn.page, drawn.unit)

    def _polygon_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        values = iter(shape.geometry)  # type: ignore[arg-type]
        return _PolygonLine(uuid, self.data_row, name, list(map(_XY, values, values)))

    def _line_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        values = iter(shape.geometry)  # type: ignore[arg-type]
        return _LineLine(uuid, self.data_row, name, list(map(_XY, values, values)))

    def _point_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        point: Point = shape.geometry  # type: ignore[assignment]
        return _PointLine(uuid, self.data_row, name, _XY(point.x, point.y))

    def _mask_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        mask: Mask = shape.geometry  # type: ignore[assignment]
        return _MaskLine(uuid, self.data_row, name, _Png(Raw(b'"' + png_text(mask, self._options.mask_value) + b'"')))

    def _entity_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        """``end`` is the last character [docs, text entity]; the model's is the one after."""
        span: TextSpan = shape.geometry  # type: ignore[assignment]
        start, end = span.start, span.end
        if self._options.text_unit is TextUnit.UTF16:
            text = self._text_of(span)
            start, end = _utf16(text, start), _utf16(text, end)
        message = None if span.message is None else Raw(ascii_json(span.message))
        return _EntityLine(uuid, self.data_row, name, _Location(start, end - 1), message)

    def _text_of(self, span: TextSpan) -> str:
        asset = self.item.asset
        if span.message is None:
            return asset.text or ""
        return next((m.content for m in asset.messages if m.id == span.message), "")

    def _token_line(self, uuid: str, name: Raw, shape: Shape) -> Struct:
        span: TokenSpan = shape.geometry  # type: ignore[assignment]
        selections = [_Selection(list(s.tokens), s.group, s.page) for s in span.selections]
        return _TokenLine(uuid, self.data_row, name, selections)


_LINES: dict[tuple[type, Kind], Callable[[Encoder, str, Raw, Shape], Struct]] = {
    (Box, Kind.BOX): Encoder._box_line,
    (PageBox, Kind.BOX): Encoder._page_box_line,
    (list, Kind.POLYGON): Encoder._polygon_line,
    (tuple, Kind.POLYGON): Encoder._polygon_line,
    (list, Kind.LINE): Encoder._line_line,
    (tuple, Kind.LINE): Encoder._line_line,
    (Point, Kind.POINT): Encoder._point_line,
    (Mask, Kind.MASK): Encoder._mask_line,
    (TextSpan, Kind.ENTITY): Encoder._entity_line,
    (TokenSpan, Kind.ENTITY): Encoder._token_line,
}


def _option(value: Scalar | Choice) -> str | Choice:
    return value if isinstance(value, Choice) else text_of(value)


def _overlap(values: list[tuple[Scalar | Choice, list[tuple[int, int]]]]) -> bool:
    """Whether two different options hold at one time."""
    spans = sorted((start, end, n) for n, (_, ranges) in enumerate(values) for start, end in ranges)
    return any(b[0] <= a[1] and a[2] != b[2] for a, b in pairwise(spans))


def _utf16(text: str, offset: int) -> int:
    """UTF-16 units before a code point offset."""
    return offset + sum(1 for c in text[:offset] if ord(c) > 0xFFFF)
