"""Items to payload lines and data rows, one asset after another.

Which kinds an asset type takes is a table [docs.labelbox.com, import pages]; how each geometry is written is another.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw, Struct

from to_labelbox.diagnostics import LISTED, Code, Log, Tally
from to_labelbox.keys import MAX_LENGTH, Keys, cleaned, shortened
from to_labelbox.lowering import Lowering, Shape, Skip
from to_labelbox.model import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    Item,
    Media,
    Object,
    Relationship,
    Scalar,
    Track,
)
from to_labelbox.schema import Input, Kind
from to_labelbox.settings import Settings
from to_labelbox.survey import INSTANCE, VISIBILITY, Answers, Survey, observe, text_of
from to_labelbox_formats.labelbox.border import BORDERS, check_degrees, check_message
from to_labelbox_formats.labelbox.data_rows import data_row
from to_labelbox_formats.labelbox.forms import FORMS, Form
from to_labelbox_formats.labelbox.georeference import Georeference
from to_labelbox_formats.labelbox.limits import FRAMES, KEY, MANY, MAX_FRAMES, ONE_NAME, TEXT
from to_labelbox_formats.labelbox.lines import (
    XY,
    AnswerLine,
    Bbox,
    BoxLine,
    MaskLine,
    MasksLine,
    PolygonLine,
    RangedLine,
    RelationshipEnds,
    RelationshipLine,
    SegmentsLine,
)
from to_labelbox_formats.labelbox.options import Options
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
from to_labelbox_formats.labelbox.ranged import Ranged, at_once, mark_several
from to_labelbox_formats.labelbox.video import TrackLowering, instance_color, masks_line, segments_line

SPILL = 1 << 20
"""Bytes of encoded lines that are kept before they are handed on, if there is someone to take them."""
_BATCH = 1 << 10
"""Lines that are encoded at once: a call for each would take as long as the encoding."""
_LARGE = frozenset({MaskLine, MasksLine, SegmentsLine})


class _Plain:
    """A label's plain shapes: their tool, how many lines of them there are, and the row of the ledger they count in.

    ``named`` are the names of lines with the answers after them, by the identity of the tuple of answers, which is kept
    beside them: readers give the same tuple for the same answers, and comparing what is in it would take longer than to
    encode it.
    """

    __slots__ = ("kind", "label", "lines", "named", "tally", "tool")

    def __init__(self, tool: Raw, label: str, kind: Kind, tally: Tally) -> None:
        self.tool = tool
        self.label = label
        self.kind = kind
        self.tally = tally
        self.lines = 0
        self.named: dict[int, tuple[tuple[Attribute, ...], Raw]] = {}


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
        self.options = options
        self._dataset = dataset
        self._keys = Keys(settings, dataset)
        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._tools_of: dict[Media, dict[tuple[str, Kind, type], tuple[Raw, Form]]] = {media: {} for media in Media}
        self._questions: dict[tuple[str, bool], Raw] = {}
        self._wanted: dict[str, bool] = {}
        self._filtered = bool(settings.include or settings.exclude)
        self._fit = settings.fit
        self._georeference = Georeference(options.geo, options.epsg) if options.geo else None
        self.spill: Callable[[bytes], None] | None = None
        self._alone = False
        self._reset(log)

    def _reset(self, log: Log) -> None:
        self.log = log
        self.survey = Survey()
        self._lowering = Lowering(self._settings, log)
        self._tracks = TrackLowering(self._settings, log)
        self._rows: list[bytes] = []
        self._lines = bytearray()
        self._waiting: list[Struct] = []
        self._line_count = 0
        self._repeating: dict[tuple[str, Kind, tuple[Attribute, ...]], bytes] = {}
        self._counts = array("I")
        self._key_hashes = array("Q")
        self._items = self._written = 0
        self._plain_boxes: dict[str, _Plain] = {}
        self._plain_rings: dict[str, _Plain] = {}
        self._pieced: set[str] = set()

    def take(self) -> Encoded:
        """What has been encoded; the encoder starts anew with an empty log of the same policy."""
        self._lowering.finish()
        self._flush()
        self.survey.bytes += len(self._lines) + sum(map(len, self._rows))
        shapes = self.survey.shapes
        for plain in (*self._plain_boxes.values(), *self._plain_rings.values()):
            shapes[plain.label, plain.kind] += plain.lines
        taken = Encoded(
            b"".join(self._rows),
            bytes(self._lines),
            self._counts,
            self._key_hashes,
            self.survey,
            self.log,
            self._items,
            self._written,
        )
        self._reset(Log(fail=self.log.fail))
        return taken

    def _write(self, line: Struct) -> None:
        """Append a line. It waits for others to be encoded with, unless it may be large."""
        self._waiting.append(line)
        self._line_count += 1
        if len(self._waiting) > _BATCH or type(line) in _LARGE:
            self._flush()

    def _flush(self) -> None:
        self._lines += self._encode_lines(self._waiting)
        self._waiting.clear()
        if len(self._lines) > SPILL and self.spill is not None:
            self.survey.bytes += len(self._lines)
            self.spill(bytes(self._lines))
            self._lines.clear()

    # --------------------------------------------------------------------------------------------------- items

    def add(self, item: Item) -> None:
        """Encode an asset: its data row, its shapes and tracks, its answers, its relationships."""
        given = item
        if self._georeference is not None and item.asset.media is Media.IMAGE:
            item = self._georeference(item, self.log)
        asset = item.asset
        if not asset.path.isascii() and (renamed := cleaned(asset)) is not asset:
            self.log.note(
                Code.NAME_CLEANED,
                "the file's name holds bytes or characters that no text can hold: rename it before it is uploaded",
                file=renamed.path,
            )
            asset = renamed
            item = msgspec.structs.replace(item, asset=asset)
        self._items += 1
        self.item = item
        if not self._open_row(self._keys.key(asset, item.split)):
            return
        self._note_asset(asset, item.split)

        before = self._line_count
        self._masks = 0
        self._media = asset.media
        self._tools = self._tools_of[asset.media]
        self._border = BORDERS.get(asset.media)
        self._degrees = asset.tiles is not None and asset.tiles.epsg == "EPSG4326"
        if asset.media is Media.IMAGE:
            self._lowering.start(asset.width, asset.height, item.origin)
        else:
            self._lowering.start(None, None, item.origin)
        if asset.frames is not None and asset.frames > MAX_FRAMES:
            self.log.note(Code.LIMIT, f"{asset.frames} frames; a video may have {MAX_FRAMES}", file=self.key)
        answers: list[Classification] = []
        relationships: list[Relationship] = []
        ends: dict[str, str] = {}
        instances: dict[str, int] = {}
        plain = asset.media is Media.IMAGE and not self._filtered and self._fit is None
        remaining = iter(item.annotations)
        linked = ends if self._settings.relationships else None
        while (annotation := self._plain(remaining, linked) if plain else next(remaining, None)) is not None:
            if type(annotation) is Object:
                if self._filtered and not self._passes(annotation.label, annotation):
                    continue
                self._object(annotation, ends, instances)
            elif type(annotation) is Classification:
                answers.append(annotation)
            elif type(annotation) is Track:
                if self._filtered and not self._passes(annotation.label, annotation):
                    continue
                self._track(annotation, instances)
            elif type(annotation) is Relationship:
                relationships.append(annotation)
        for label, count in instances.items():
            if count > 1:
                self.survey.repeated[label] = None
        sources = self._classifications(answers) if answers else {}
        for relationship in relationships:
            self._relationship(relationship, ends, sources)
        if self._line_count - before > MANY:
            self._check_many(given)
        self._counts.append(self._line_count - before)

    def _open_row(self, key: str) -> bool:
        """The data row that the next lines refer to: a new one, or one that exists. False when there has to be one."""
        item, asset, rows = self.item, self.item.asset, self._settings.rows
        if rows is not None:
            row = rows.match(asset, key)
            self.key = key if row is None else row.name
            self.uuids = Uuids(self.key)
            self._key_hashes.append(self.uuids.digest if row is None else row.number)
            if row is None:
                self._leave_out(asset.path)
                return False
            name = ascii_json(self.key)
            self.data_row = Raw(b'{"globalKey":%b}' % name if row.global_key else b'{"id":%b}' % name)
            self._written += 1
            return True
        self.survey.note_largest(KEY, len(key))
        if len(key) > MAX_LENGTH:
            short = shortened(key)
            self.log.note(
                Code.KEY_SHORTENED, f"global key has {len(key)} characters, over {MAX_LENGTH}: {short}", file=key
            )
            key = short
        self.key = key
        self.uuids = Uuids(key)
        self._key_hashes.append(self.uuids.digest)
        self.data_row = Raw(b'{"globalKey":' + ascii_json(key) + b"}")
        row_data = self._keys.row_data(asset)
        if row_data is None and self._georeference is not None and asset.media is Media.GEOSPATIAL:
            self.log.note(
                Code.ROW_DATA_LOCAL,
                "tile_layer_url is a relative path: give the tiles' URLs (…/{z}/{x}/{y}.png) with --url-map",
                file=asset.path,
            )
        elif row_data is None and asset.media is Media.IMAGE:
            self.log.note(
                Code.ROW_DATA_LOCAL,
                "row_data is a relative path: give --url-prefix or --url-map, or import with the media folder at hand",
                file=asset.path,
            )
        self._rows.append(
            data_row(asset, key, row_data, item.split if self._settings.split_metadata else "", self._settings)
        )
        self._written += 1
        return True

    def _leave_out(self, path: str) -> None:
        """Skip everything on an asset that no existing data row is."""
        message = "no data row is this asset, or several could be: its annotations are skipped"
        counts: dict[str, int] = {}
        for a in self.item.annotations:
            label = a.counted or (a.name if isinstance(a, Classification) else a.label)
            counts[label] = counts.get(label, 0) + a.units
        for label, count in counts.items():
            if count:
                self.log.skip(Code.ROW_UNMATCHED, label, message, file=path, count=count)
        if not any(counts.values()):
            self.log.note(Code.ROW_UNMATCHED, message, file=path)
        if len(self.log.unmatched) < LISTED:
            self.log.unmatched.append(path)
        self._counts.append(0)

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
        label = annotation.counted or label
        if annotation.units:
            self.log.skip(code, label, message, file=self.item.origin, where=where, id=id, count=annotation.units)
        else:
            self.log.note(code, message, file=self.item.origin, where=where, id=id)

    def _note_asset(self, asset: Asset, split: str) -> None:
        survey = self.survey
        survey.media[asset.media] = survey.media.get(asset.media, 0) + 1
        if asset.width is not None and asset.height is not None:
            size = asset.width, asset.height
            survey.sizes[size] = survey.sizes.get(size, 0) + 1
        if split:
            survey.splits[split] = survey.splits.get(split, 0) + 1
        if asset.text is not None:
            survey.note_largest(TEXT, len(asset.text))
        if asset.frames is not None:
            survey.note_largest(FRAMES, asset.frames)

    def _check_many(self, item: Item) -> None:
        """Count the lines of each name on a data row of many, by encoding it once more on its own."""
        if self._alone:
            return
        again = Encoder(self._settings, self.options, self._dataset, Log())
        again.spill, again._alone = lambda _: None, True
        again.add(item)
        for (label, kind), lines in again.take().survey.shapes.items():
            if lines > MANY:
                self.survey.note_largest(ONE_NAME, lines)
                message = f"{lines} lines of {label!r} ({kind}) on one data row; an import takes {MANY} of one name"
                self.log.note(Code.LIMIT, message, file=self.key)

    # ------------------------------------------------------------------------------------------------- objects

    def _plain(self, annotations: Iterator[Annotation], ends: dict[str, str] | None) -> Annotation | None:
        """Boxes and polygons that are written as they are: the same as :meth:`_object`, in fewer steps.

        Gives the first annotation that is none of these, or None at the end.
        """
        draw, make, data_row = self._lowering.plain, self.uuids.make, self.data_row
        boxes, rings = self._plain_boxes, self._plain_rings
        lines = self._waiting
        before = len(lines)
        other = None
        for obj in annotations:
            if type(obj) is not Object or (drawn := draw(obj)) is None:
                other = obj
                break
            own, attributes = obj.id, obj.attributes
            uuid = make(own)
            if ends is not None:
                ends[own] = uuid
            if isinstance(drawn, Box):
                plain = boxes.get(obj.counted or obj.label) or self._plain_tool(obj, Kind.BOX, Box)
                told = plain.named.get(id(attributes))
                name = told[1] if told is not None else self._named(plain, attributes)
                lines.append(BoxLine(uuid, data_row, name, Bbox(drawn.top, drawn.left, drawn.height, drawn.width)))
                plain.lines += 1
            else:
                plain = rings.get(obj.counted or obj.label) or self._plain_tool(obj, Kind.POLYGON, list)
                told = plain.named.get(id(attributes))
                if len(drawn) > 1:
                    name = self._piece_name(plain, obj)
                else:
                    name = told[1] if told is not None else self._named(plain, attributes)
                for n, ring in enumerate(drawn):
                    values = iter(ring)
                    vertices = list(map(XY, values, values))
                    lines.append(PolygonLine(make(own, str(n)) if n else uuid, data_row, name, vertices))
                plain.lines += len(drawn)
            if obj.reduced:
                self._lowering.note_forced(obj)
                plain.tally.approximated += obj.units
            else:
                plain.tally.converted += obj.units
            if len(lines) > _BATCH:
                self._line_count += len(lines) - before
                self._flush()
                before = 0
        self._line_count += len(lines) - before
        return other

    def _plain_tool(self, obj: Object, kind: Kind, drawn: type) -> _Plain:
        """The tool of a label's plain shapes in this chunk; noted in the survey where it is first seen."""
        label, counted = obj.label, obj.counted or obj.label
        tool = self._tools.get((label, kind, drawn)) or self._tool(label, kind, drawn)
        assert tool is not None
        self.survey.shapes.setdefault((label, kind), 0)
        plain = _Plain(tool[0], label, kind, self.log.ledger[counted])
        (self._plain_boxes if kind is Kind.BOX else self._plain_rings)[counted] = plain
        return plain

    def _named(self, plain: _Plain, attributes: tuple[Attribute, ...]) -> Raw:
        """The name of a line with the answers after it, kept for the next shape that has the same tuple."""
        name = plain.tool
        if attributes:
            name = Raw(bytes(name) + self._answers(plain.kind, plain.label, attributes, "", plain.label))
        if len(plain.named) < MANY:
            plain.named[id(attributes)] = attributes, name
        return name

    def _piece_name(self, plain: _Plain, obj: Object) -> Raw:
        """The name of the pieces of one outline, with what holds them together.

        The question is free text wherever it was observed, so nothing is left open where there is no other answer.
        """
        instance = Attribute(INSTANCE, obj.id)
        if obj.attributes:
            answers = self._answers(Kind.POLYGON, obj.label, (*obj.attributes, instance), "", obj.label)
            return Raw(bytes(plain.tool) + answers)
        if obj.label not in self._pieced:
            self._pieced.add(obj.label)
            self._observe(obj.label, "", (instance,), obj.label)
        return Raw(bytes(plain.tool) + _instance(obj.id))

    def _object(self, obj: Object, ends: dict[str, str], instances: dict[str, int]) -> None:
        log, label, tools = self.log, obj.label, self._tools
        try:
            if self._border is not None:
                obj = self._border(obj, self.item, log)
            shapes = self._lowering.lower(obj)
            if self._degrees:
                check_degrees(shapes)
        except Skip as skip:
            self._skip(skip.code, label, str(skip), obj)
            return
        if not shapes:
            self._skip(Code.GEOMETRY_MISSING, label, "nothing of it lies on the asset", obj)
            return
        first, lost = "", False
        unfit: dict[str, None] = {}
        survey = self.survey
        counts = survey.shapes
        keypoints = 0
        for shape in shapes:
            kind, tool_label, drawn, attributes, part = shape
            tool = tools.get((tool_label, kind, type(drawn))) or self._tool(tool_label, kind, type(drawn))
            if tool is None:
                if self._fits(tool_label, kind):
                    lost = True
                else:
                    unfit[f"{kind} tool {tool_label!r}"] = None
                continue
            if self._fit is not None:
                attributes = self._asked(shape, unfit, label in instances)
            uuid = self.uuids.make(obj.id, part)
            first = first or uuid
            seen = (tool_label, kind)
            counts[seen] = counts.get(seen, 0) + 1
            name = tool[0]
            if attributes:
                name = Raw(bytes(name) + self._answers(kind, tool_label, attributes, part, label))
            self._write(tool[1](self, uuid, name, shape))
            keypoints += part[:1] == "/"
        if unfit:
            self._lowering.approximated = True
            self._miss(unfit, obj, "" if first else label)
        if not first and unfit:
            return
        if not first:
            what = type(obj.geometry).__name__
            self._skip(Code.GEOMETRY_UNSUPPORTED, label, f"a {what} on {self._media} has no payload in Labelbox", obj)
            return
        if lost:
            message = f"its keypoints have no payload on {self._media} and are left out"
            log.note(Code.GEOMETRY_UNSUPPORTED, message, file=self.item.origin, where=obj.where, id=obj.id)
        ends[obj.id] = first
        if keypoints:
            instances[label] = instances.get(label, 0) + 1
        tally = log.ledger[obj.counted or label]
        if self._lowering.approximated:
            tally.approximated += obj.units
        else:
            tally.converted += obj.units

    def _fits(self, label: str, kind: Kind) -> bool:
        """Whether the existing ontology, if there is one, has a tool for such a shape."""
        return self._fit is None or (label, kind) in self._fit.shapes

    def _asked(self, shape: Shape, unfit: dict[str, None], again: bool) -> tuple[Attribute, ...]:
        """The answers that the tool of the existing ontology asks for; the others are noted in ``unfit``.

        Nothing is lost with what tells instances apart where there is one, nor with the visibility of what is visible.
        """
        assert self._fit is not None
        asked = {q.name for q in self._fit.shapes[shape.label, shape.kind]}
        keypoint = shape.part[:1] == "/"
        for attribute in shape.attributes:
            told = {INSTANCE: again, VISIBILITY: attribute.value == "occluded"}.get(attribute.name, True)
            if attribute.name not in asked and (told or not keypoint):
                unfit[f"{attribute.name!r} of {shape.label!r}"] = None
        return tuple(a for a in shape.attributes if a.name in asked)

    def _miss(
        self, unfit: Iterable[str], annotation: Object | Track | Classification | Relationship, skipped: str
    ) -> None:
        """Note what the existing ontology does not have; with ``skipped``, a label, nothing was written."""
        for what in unfit:
            self.log.unfit[what] = self.log.unfit.get(what, 0) + 1
        missing = ", ".join(unfit)
        if skipped:
            self._skip(Code.NOT_IN_ONTOLOGY, skipped, f"the ontology has no {missing}", annotation)
            return
        message = f"left out, as the ontology does not have it: {missing}"
        file, where = self.item.origin, annotation.where
        self.log.note(Code.NOT_IN_ONTOLOGY, message, file=file, where=where, id=annotation.id)

    def _tool(self, label: str, kind: Kind, drawn: type) -> tuple[Raw, Form] | None:
        """The name to write and the way to write it; None when such an asset, or the ontology, takes no such shape."""
        form = FORMS[self._media].get((drawn, kind)) if self._fits(label, kind) else None
        if form is None:
            self._lowering.approximated = True
            return None
        tool = self._tools[label, kind, drawn] = Raw(tool_token(label, kind)), form
        return tool

    def _answers(self, kind: Kind, label: str, attributes: tuple[Attribute, ...], part: str, owner: str) -> bytes:
        """What follows a line's name: the nested answers, open until the ontology is known."""
        seen = (label, kind, attributes)
        token = self._repeating.get(seen)
        if token is not None:
            return token
        self._observe(label, part, attributes, owner)
        first = attributes[0]
        if len(attributes) == 1 and first.name == INSTANCE and isinstance(first.value, str):
            # pieces of one outline: the question is free text wherever it was observed, so nothing is left open
            return _instance(first.value)
        token = attributes_token(label, kind, attributes)
        # 1 and True are equal but not the same answer, so only texts may stand for each other
        if len(self._repeating) < MANY and all(type(a.value) is str for a in attributes):
            self._repeating[seen] = token
        return token

    def _observe(self, label: str, part: str, attributes: tuple[Attribute, ...], owner: str) -> None:
        plain = attributes
        if part[:1] == "/":
            self.survey.keypoints[label] = owner
            if Attribute(VISIBILITY, "occluded") in attributes:
                self.survey.occluded[owner] = None
            plain = tuple(a for a in attributes if a.name not in (VISIBILITY, INSTANCE))
        if plain:
            observe(self.survey.attributes.setdefault(label, {}), plain)

    # ------------------------------------------------------------------------------------------------- answers

    def _classifications(self, answers: list[Classification]) -> dict[str, str]:
        """Answers about the asset: those of one question are joined into one line. Gives the uuids by their ids."""
        joined: dict[tuple[str, str | None, bool], list[Classification]] = {}
        captions: dict[str, int] = {}
        uuids: dict[str, str] = {}
        for answer in answers:
            name = answer.name
            if self._filtered and not self._passes(name, answer):
                continue
            if not values_of(answer.value):
                self._skip(Code.ANSWER_EMPTY, name, "the answer is empty", answer)
                continue
            try:
                self._check_answer(answer)
            except Skip as skip:
                self._skip(skip.code, name, str(skip), answer)
                continue
            if answer.several:
                captions[name] = n = captions.get(name, 0) + 1
                name = f"{name} {n}" if n > 1 else name
                if self._fit is not None and (name, answer.message is not None) not in self._fit.questions:
                    self._miss([f"question {name!r}"], answer, answer.name)
                    continue
            ranged = bool(answer.frames or answer.times)
            joined.setdefault((name, answer.message, ranged), []).append(answer)
        for (name, message, ranged), group in joined.items():
            if ranged:
                self._ranged(name, group)
            else:
                uuid = self._answer(name, message, group)
                uuids.update((answer.id, uuid) for answer in group)
        return uuids

    def _check_answer(self, answer: Classification) -> None:
        """Raises :class:`Skip` for an answer about a part that assets of this type do not have."""
        media = self.item.asset.media
        if media is Media.DICOM:
            raise Skip(Code.GEOMETRY_UNSUPPORTED, "an answer on dicom has no payload in Labelbox")
        if answer.message is not None:
            if media is not Media.CONVERSATION:
                raise Skip(Code.GEOMETRY_UNSUPPORTED, f"an answer about a message of a {media} has no payload")
            check_message(answer.message, self.item.asset)
        if answer.frames and media is not Media.VIDEO:
            raise Skip(Code.GEOMETRY_UNSUPPORTED, f"an answer about frames of {media} has no payload in Labelbox")
        if answer.times and media is not Media.AUDIO:
            raise Skip(Code.GEOMETRY_UNSUPPORTED, f"an answer about times of {media} has no payload in Labelbox")
        for span in answer.frames:
            if not 0 <= span.start <= span.end:
                raise Skip(Code.FRAME_INVALID, f"frames {span.start}..{span.end}")
        for time in answer.times:
            if not (0 <= time.start <= time.end < math.inf):
                raise Skip(Code.SPAN_INVALID, f"times {time.start}..{time.end}")

    def _answer(self, name: str, message: str | None, group: list[Classification]) -> str:
        first = group[0]
        values = [v for answer in group for v in values_of(answer.value)]
        distinct: dict[Any, Scalar | Choice] = {}
        for value in values:
            distinct.setdefault(value.value if isinstance(value, Choice) else value, value)
        chosen = tuple(distinct.values())
        listed = len(chosen) > 1 or any(isinstance(a.value, tuple) for a in group)
        seen = self.survey.questions.setdefault(name, Answers())
        if first.free:
            seen.input = Input.TEXT
        seen.add(tuple(_option(v) for v in chosen) if listed else chosen[0])
        part = message is not None
        seen.index |= part
        seen.whole |= not part
        uuid = self.uuids.make(first.id, "answer")
        line = AnswerLine(
            uuid,
            self.data_row,
            self._question(name, part),
            Raw(answer_token(name, part, chosen)),
            None if message is None else Raw(ascii_json(message)),
        )
        self._write(line)
        self.survey.answers += 1
        self._close(first)
        for answer in group[1:]:
            if answer.units:
                self.log.merge(
                    Code.ANSWER_JOINED,
                    answer.counted or answer.name,
                    "several answers of one question on one data row are one line",
                    file=self.item.origin,
                    where=answer.where,
                    id=answer.id,
                    count=answer.units,
                )
        return uuid

    def _ranged(self, name: str, group: list[Classification]) -> None:
        """Answers that hold over frames or times: one line a question, each option with its ranges."""
        base = self.options.first_frame
        seen = self.survey.questions.setdefault(name, Answers())
        seen.index = True
        values: Ranged = []
        timed = bool(group[0].times)
        question = self._fit.questions.get((name, True)) if self._fit else None
        for answer in group:
            ranges = [(f.start + base, f.end + base) for f in answer.frames]
            ranges += [(round(t.start * 1000), round(t.end * 1000)) for t in answer.times]
            added = [(value, ranges) for value in values_of(answer.value)]
            if question is not None and at_once(question, [*values, *added], touching=not timed):
                self._miss([f"a further answer at the same time to a radio, {name!r}"], answer, answer.name)
                continue
            seen.several |= isinstance(answer.value, tuple)
            if answer.free:
                seen.input = Input.TEXT
            for value, _ in added:
                seen.add(value)
            values += added
            self._close(answer)
        if not values:
            return
        mark_several(seen, values, touching=not timed)
        line = RangedLine(self.data_row, self._question(name, True), Raw(ranged_token(name, timed, values)))
        self._write(line)
        self.survey.answers += 1

    def _question(self, name: str, part: bool) -> Raw:
        token = self._questions.get((name, part))
        if token is None:
            token = self._questions[name, part] = Raw(question_token(name, part))
        return token

    def _close(self, answer: Classification) -> None:
        tally = self.log.ledger[answer.counted or answer.name]
        if answer.loss:
            tally.approximated += answer.units
        else:
            tally.converted += answer.units

    # ------------------------------------------------------------------------------------- tracks, relationships

    def _track(self, track: Track, instances: dict[str, int]) -> None:
        label, media = track.label, self.item.asset.media
        if media not in (Media.VIDEO, Media.DICOM):
            self._skip(Code.GEOMETRY_UNSUPPORTED, label, f"a track on {media} has no payload in Labelbox", track)
            return
        try:
            courses = self._tracks.lower(track, self.item.asset, self.item.origin)
        except Skip as skip:
            self._skip(skip.code, label, str(skip), track)
            return
        fitting = [course for course in courses if self._fits(course.label, course.kind)]
        if len(fitting) < len(courses):
            unfit = {f"{c.kind} tool {c.label!r}": None for c in courses if not self._fits(c.label, c.kind)}
            self._miss(unfit, track, "" if fitting else label)
            self._tracks.approximated = True
            courses = fitting
        if not courses:
            return
        base = self.options.first_frame
        plane = track.plane if media is Media.DICOM else None
        for course in courses:
            kind, tool_label, segments, part = course
            seen = (tool_label, kind)
            name = Raw(tool_token(*seen))
            self.survey.shapes[seen] = self.survey.shapes.get(seen, 0) + 1
            line: Struct
            if kind is Kind.MASK:
                line = masks_line(self.data_row, name, course, base, plane, instance_color(self._masks))
                self._masks += 1
            else:
                uuid = self.uuids.make(track.id, part)
                line = segments_line(uuid, self.data_row, name, course, base, plane)
                for answers in {id(key.answers): key.answers for segment in segments for key in segment}.values():
                    self._observe(tool_label, part, answers, label)
            self._write(line)
        if courses[0].part:
            instances[label] = instances.get(label, 0) + 1
        tally = self.log.ledger[track.counted or label]
        if self._tracks.approximated:
            tally.approximated += track.units
        else:
            tally.converted += track.units

    def _relationship(self, relationship: Relationship, ends: dict[str, str], answers: dict[str, str]) -> None:
        """A link between two objects; on documents its source may be an answer [SDK 7.17, relationship.py]."""
        label = relationship.label
        if self._filtered and not self._settings.wants(label):
            self._skip(Code.EXCLUDED, label, f"class {label!r} is left out by --include/--exclude", relationship)
            return
        if not self._settings.relationships:
            if relationship.units:
                self._skip(Code.RELATIONSHIP_OFF, label, "relationships are written with --relationships", relationship)
            return
        if not self._fits(label, Kind.RELATIONSHIP):
            self._miss([f"relationship {label!r}"], relationship, label)
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
        if source is None and self.item.asset.media is Media.DOCUMENT:
            source = answers.get(relationship.source)
        if source is None or target is None:
            lost = relationship.source if source is None else relationship.target
            self._skip(
                Code.RELATIONSHIP_DANGLING, label, f"its end {lost!r} is not written on this data row", relationship
            )
            return
        if source == target:
            self._skip(Code.RELATIONSHIP_DANGLING, label, "both its ends are the same annotation", relationship)
            return
        seen = (label, Kind.RELATIONSHIP)
        self.survey.shapes[seen] = self.survey.shapes.get(seen, 0) + 1
        line = RelationshipLine(
            self.uuids.make(relationship.id, "relationship"),
            self.data_row,
            Raw(tool_token(*seen)),
            RelationshipEnds(source, target, "bidirectional" if relationship.bidirectional else "unidirectional"),
        )
        self._write(line)
        self.log.ledger[relationship.counted or label].converted += relationship.units


def _instance(id: str) -> bytes:
    """The answer that holds the pieces of one outline together; ``name`` is Labelbox's, and the question free text."""
    return b',"classifications":[{"name":"%b","answer":%b}]' % (INSTANCE.encode(), ascii_json(id))


def _option(value: Scalar | Choice) -> str | Choice:
    return value if isinstance(value, Choice) else text_of(value)
