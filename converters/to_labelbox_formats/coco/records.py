"""Annotation records: typed decoding of the fields that matter, with a lenient second try, to the model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from to_labelbox import geometry as geo
from to_labelbox import raster
from to_labelbox.diagnostics import UNNAMED, UNREADABLE, Code, Log
from to_labelbox.json_stream import UNDECODABLE
from to_labelbox.model import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    Geometry,
    Keypoint,
    Keypoints,
    Mask,
    Object,
    Polygon,
    RotatedBox,
)
from to_labelbox.source import Source
from to_labelbox_formats.coco.boxes import CROWD
from to_labelbox_formats.coco.ids import Id, Names, Zero
from to_labelbox_formats.coco.index import Category
from to_labelbox_formats.coco.lenient import Fields, Rle, leniently, plain_counts
from to_labelbox_formats.coco.panoptic import Segment, segment_masks
from to_labelbox_formats.coco.probe import Kind

CAPTION = "caption"
WHOLE_IMAGE = "class"


class Record(NamedTuple):
    """An annotation's bytes, and where they are from: number of the file, number in it."""

    file: int
    row: int
    text: bytes


class Found(NamedTuple):
    """The annotations of one image, in order of files: file of each, number in it and bytes, or the object, if known."""

    files: Sequence[int]
    rows: Sequence[int]
    texts: Sequence[bytes]
    objects: list[Object] | None = None


class Files(NamedTuple):
    """What the records need to know of each file."""

    names: Sequence[str]
    kinds: Sequence[Kind]
    categories: Sequence[Mapping[int, Category]]
    normalised: Sequence[bool]
    corners: Sequence[bool]
    foreign: Sequence[bool]
    plain: Sequence[bool]


class _BoxFields(Struct, gc=False):
    """The same, with the outline left undecoded: ``segmentation`` only says whether there is one."""

    id: Id = None
    category_id: Id = None
    bbox: list[float] | None = None
    segmentation: msgspec.Raw = msgspec.Raw()
    iscrowd: int | None = None
    keypoints: list[float] | None = None
    caption: str | None = None
    score: float | None = None
    attributes: dict[str, Any] | None = None
    segments_info: list[Segment] | None = None
    file_name: str | None = None
    ignore: int | bool | None = None
    deleted: int | bool | None = None
    isbbox: int | bool | None = None
    foot_kpts: msgspec.Raw = msgspec.Raw()
    face_kpts: msgspec.Raw = msgspec.Raw()
    lefthand_kpts: msgspec.Raw = msgspec.Raw()
    righthand_kpts: msgspec.Raw = msgspec.Raw()


class _Ids(Struct, gc=False):
    id: Id = None


class _Plain(Struct, gc=False):
    """An instance as nearly all are: decoding refuses what has more to it. Fields as in :class:`Fields`."""

    bbox: Box
    category_id: Id = None
    id: Id = None
    segmentation: list[list[float]] | Rle | None = None
    iscrowd: int | None = None
    keypoints: None = None
    caption: None = None
    score: None = None
    attributes: None = None
    segments_info: None = None
    ignore: Zero | None = None
    deleted: None = None
    isbbox: None = None


class _PlainBox(Struct, gc=False):
    """The same, with the outline left undecoded."""

    bbox: Box
    category_id: Id = None
    id: Id = None
    segmentation: msgspec.Raw = msgspec.Raw()
    iscrowd: int | None = None
    keypoints: None = None
    caption: None = None
    score: None = None
    attributes: None = None
    segments_info: None = None
    ignore: Zero | None = None
    deleted: None = None
    isbbox: None = None


_decode_ids = msgspec.json.Decoder(list[_Ids]).decode
_decode_all = msgspec.json.Decoder(list[Fields]).decode
_decode_boxes = msgspec.json.Decoder(list[_BoxFields]).decode
_decode_plain = msgspec.json.Decoder(list[_Plain]).decode
_decode_plain_boxes = msgspec.json.Decoder(list[_PlainBox]).decode
_SAYS_SOMETHING = re.compile(rb"[1-9]")
_NO_OUTLINE = frozenset({b"", b"[]", b"[[]]", b"null"})


def _has_outline(segmentation: object) -> bool:
    """Whether a record states an outline, read or left undecoded."""
    if isinstance(segmentation, msgspec.Raw):
        return bytes(segmentation) not in _NO_OUTLINE
    return bool(segmentation)


class _Refused(Exception):
    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Records:
    """Turns an image's records into annotations, counting every one of them."""

    def __init__(
        self,
        files: Files,
        predictions: bool,
        fields: Sequence[str],
        boxes_only: bool,
        source: Source,
        unlabelled: str | None,
    ) -> None:
        self._files = files
        self._predictions = predictions
        self._fields = fields
        self._unlabelled = unlabelled
        self._boxes_only = boxes_only
        self._source = source
        self._labels: list[dict[Id, str]] = [{} for _ in files.names]
        # declared labels by id, of the files whose records are mostly plain
        self.plain_labels: list[Mapping[Id, str] | None] = [
            {c.id: str(c.name) for c in categories.values()} if plain and not any(odds) and not fields else None
            for categories, plain, *odds in zip(files.categories, files.plain, files.normalised, files.corners)
        ]

    # ----------------------------------------------------------------------------------------------- an image

    def annotations(self, found: Found, asset: Asset, log: Log) -> Sequence[Annotation]:
        """All annotations of one asset."""
        files, rows, texts, objects = found
        if objects is not None:
            ledger = log.ledger
            for object in objects:
                ledger[object.label].read += 1
            return objects
        if not texts:
            return []
        if files[0] == files[-1]:
            return self._of_file(files[0], rows, texts, asset, log)
        try:
            ids = {data.id for data in _decode_ids(_list_of(texts))}
        except UNDECODABLE:
            ids = set()
        if len(ids) < len(texts):
            return self._carefully(list(map(Record, files, rows, texts)), asset, log)
        made: list[Annotation] = []
        for file, group in groupby(range(len(files)), files.__getitem__):
            own = list(group)
            part = slice(own[0], own[-1] + 1)
            made += self._of_file(file, rows[part], texts[part], asset, log)
        return made

    def _of_file(
        self, file: int, rows: Sequence[int], texts: Sequence[bytes], asset: Asset, log: Log
    ) -> list[Annotation]:
        labels = self.plain_labels[file]
        if labels is not None:
            text = _list_of(texts)
            plain: Sequence[_Plain | _PlainBox]
            try:
                plain = _decode_plain_boxes(text) if self._boxes_only else _decode_plain(text)
            except UNDECODABLE:
                plain = []
            if len({data.id for data in plain}) == len(texts):
                make = self._plain_box if self._boxes_only else self._plain_shape
                found: list[Annotation] = []
                ledger = log.ledger
                for data, row, record in zip(plain, rows, texts):
                    label = labels.get(data.category_id)
                    made = None if label is None else make(data, label, row, asset)
                    if made is None:
                        found += self._carefully([Record(file, row, record)], asset, log)
                    else:
                        ledger[made.label].read += 1
                        found.append(made)
                return found
        return self._carefully([Record(file, row, text) for row, text in zip(rows, texts)], asset, log)

    def _plain_box(self, data: Any, label: str, row: int, asset: Asset) -> Object | None:
        """A :class:`_PlainBox` as an object; None when it needs a closer look."""
        box, outline = data.bbox, data.segmentation
        if box.width < 0 or box.height < 0:
            return None
        reduced = len(memoryview(outline)) > 4 and bytes(outline) not in _NO_OUTLINE
        return Object(
            id=str(data.id),
            label=label,
            geometry=box,
            attributes=CROWD if data.iscrowd else (),
            reduced=reduced,
            where=f"annotations[{row}]",
        )

    def _plain_shape(self, data: Any, label: str, row: int, asset: Asset) -> Object | None:
        """A :class:`_Plain` as an object; None when it needs a closer look."""
        box, outline = data.bbox, data.segmentation
        if box.width < 0 or box.height < 0:
            return None
        attributes = CROWD if data.iscrowd else ()
        where = f"annotations[{row}]"
        if not outline:
            return Object(id=str(data.id), label=label, geometry=box, attributes=attributes, where=where)
        shape: Polygon | Mask
        if type(outline) is list:
            for part in outline:
                if len(part) < 6 or len(part) % 2:
                    return None
            shape = Polygon(tuple([(part,) for part in outline]))
        else:
            try:
                shape = _mask(outline, asset)
            except geo.GeometryError:
                return None
        return Object(
            id=str(data.id),
            label=label,
            geometry=shape,
            attributes=attributes,
            box=box,
            where=where,
        )

    def _carefully(self, records: Sequence[Record], asset: Asset, log: Log) -> list[Annotation]:
        """The same for records of any kind, with repeated ids, or that do not decode."""
        text = _list_of([r.text for r in records])
        fields: Sequence[Fields | _BoxFields | None]
        try:
            fields = _decode_boxes(text) if self._boxes_only else _decode_all(text)
        except UNDECODABLE:
            fields = [self._one(r, log) for r in records]
        found: list[Annotation] = []
        taken: dict[str, bytes] = {}
        told: dict[tuple[Id, str], tuple[int, int]] = {}
        for record, data in zip(records, fields):
            if data is None:
                continue
            if self._files.corners[record.file] and data.bbox and len(data.bbox) == 4:
                left, top, right, bottom = data.bbox
                data.bbox = [left, top, right - left, bottom - top]
            kind = self._files.kinds[record.file]
            if kind is Kind.PANOPTIC:
                found += self._panoptic(record, data, asset, log)
                continue
            label = self._label(record.file, data, kind)
            log.ledger[label].read += 1
            id = str(data.id) if data.id is not None else f"{record.row}"
            before = taken.setdefault(id, record.text)
            if before is not record.text:
                merged = self._told_before(record, data, label, told, found, before, log)
                if merged:
                    continue
                id = f"{id}#{record.file}.{record.row}"
            try:
                annotation = self._annotation(record, data, id, label, kind, asset, log)
            except (_Refused, geo.GeometryError) as error:
                code = error.code if isinstance(error, _Refused) else Code.MASK_INVALID
                self._skip(log, code, label, str(error), record, data.id)
                continue
            told[data.id, label] = (record.file, len(found))
            found.append(annotation)
        return found

    def _told_before(
        self,
        record: Record,
        data: Fields | _BoxFields,
        label: str,
        told: dict[tuple[Id, str], tuple[int, int]],
        found: list[Annotation],
        before: bytes,
        log: Log,
    ) -> bool:
        """Whether a repeated id is the same object again: an exact copy, or instances and keypoints of one object."""
        name, where = self._files.names[record.file], f"annotations[{record.row}]"
        if before == record.text:
            log.merge(
                Code.ANNOTATION_DUPLICATE,
                label,
                "the annotation is there twice",
                file=name,
                where=where,
                id=str(data.id),
            )
            return True
        place = told.get((data.id, label))
        if place is None:
            return False  # ids are unique within a file only
        file, at = place
        other = found[at]
        if isinstance(other, Object) and file != record.file and _same_box(other, data.bbox):
            if data.keypoints and other.keypoints is None:
                points = self._keypoints(record, data, log)
                found[at] = msgspec.structs.replace(other, keypoints=points)
            elif not isinstance(other.geometry, Polygon | Mask) and not self._boxes_only:
                shape, loss = self._shape(record, data, None, log)
                if shape is not None:
                    found[at] = msgspec.structs.replace(other, geometry=shape, loss=other.loss or loss)
            log.merge(
                Code.ANNOTATION_DUPLICATE,
                label,
                f"told in {self._files.names[file]} too: one object",
                file=name,
                where=where,
                id=str(data.id),
            )
            return True
        if place is not None and file != record.file:
            return False
        log.note(
            Code.RECORD_DUPLICATE, "the id is used twice for different annotations; both are kept",
            file=name, where=where, id=str(data.id),
        )  # fmt: skip
        return False

    def lose(self, found: Found, log: Log, code: Code, message: str) -> None:
        """Count annotations that have no image as skipped."""
        for file, object in zip(found.files, found.objects or ()):
            log.read(object.label)
            log.skip(code, object.label, message, file=self._files.names[file], where=object.where, id=object.id)
        for record in map(Record, found.files, found.rows, found.texts):
            data = self._one(record, log, count=False)
            if data is None:
                log.read(UNREADABLE)
                self._skip(log, Code.RECORD_UNREADABLE, UNREADABLE, "the annotation is not readable", record, None)
                continue
            label = self._label(record.file, data, self._files.kinds[record.file])
            segments = data.segments_info
            count = len(segments) if segments is not None else 1
            log.read(label, count)
            self._skip(log, code, label, message, record, data.id, count)

    def _skip(self, log: Log, code: Code, label: str, message: str, record: Record, id: Id, count: int = 1) -> None:
        log.skip(
            code,
            label,
            message,
            file=self._files.names[record.file],
            where=f"annotations[{record.row}]",
            id="" if id is None else str(id),
            count=count,
        )

    def _one(self, record: Record, log: Log, count: bool = True) -> Fields | _BoxFields | None:
        """A record that does not decode in one go with its neighbours; None when it is lost (and counted)."""
        text = b"[%b]" % record.text
        try:
            return (_decode_boxes(text) if self._boxes_only else _decode_all(text))[0]
        except UNDECODABLE:
            pass
        try:
            fields, repaired = leniently(record.text)
        except (ValueError, RecursionError) as error:
            if count:
                log.read(UNREADABLE)
                self._skip(log, Code.RECORD_UNREADABLE, UNREADABLE, f"not readable: {error}", record, None)
            return None
        if count and repaired:
            log.note(
                Code.FIELD_REPAIRED,
                repaired,
                file=self._files.names[record.file],
                where=f"annotations[{record.row}]",
                id=str(fields.id),
            )
        return fields

    # ------------------------------------------------------------------------------------------- an annotation

    def _label(self, file: int, data: Fields | _BoxFields, kind: Kind) -> str:
        """The category's name; ``class_<id>`` for one that is not declared, a question's name for answers."""
        if _is_caption(data, kind):
            return CAPTION
        labels = self._labels[file]
        label = labels.get(data.category_id)
        if label is None:
            key = Names.key(data.category_id)
            category = self._files.categories[file].get(key) if key is not None else None
            if category is not None:
                label = str(category.name)
            else:
                named = data.category_id is not None
                label = f"class_{data.category_id}" if named else self._unlabelled or UNNAMED
            labels[data.category_id] = label
        return label

    def _annotation(
        self,
        record: Record,
        data: Fields | _BoxFields,
        id: str,
        label: str,
        kind: Kind,
        asset: Asset,
        log: Log,
    ) -> Annotation:
        if not self._predictions and (data.score is not None or kind is Kind.RESULTS):
            raise _Refused(Code.PREDICTION, "a prediction: take it with -O predictions=true")
        where = f"annotations[{record.row}]"
        if _is_caption(data, kind):
            text = data.caption or ""
            drawn = _is_drawn(data)
            if drawn:
                self._note(
                    log, Code.CLASS_UNNAMED, "the place of a text has no category and is left out", record, data.id
                )
            return Classification(id=id, name=CAPTION, value=text, several=True, free=True, loss=drawn, where=where)
        if data.deleted:
            raise _Refused(Code.DELETED, "the source marks it as deleted")
        self._check_category(record.file, data)
        attributes, angle = self._attributes(record, data)
        lost = False
        if kind is Kind.LABELS and not _is_drawn(data):
            self._relabel(log, label)
            if attributes:
                names = ", ".join(a.name for a in attributes)
                self._note(log, Code.ATTRIBUTE_DROPPED, f"{names}: a whole-image class has none", record, data.id)
                lost = True
            return Classification(id=id, name=WHOLE_IMAGE, value=Choice(label), where=where, loss=lost)
        scale = self._files.normalised[record.file]
        box = self._box(record, data, asset if scale else None, log)
        outline, loss = self._outline(record, data, asset, log)
        if data.isbbox and isinstance(outline, Polygon):
            rectangle = _rectangle(outline)
            box, outline = rectangle or box, None if rectangle else outline
        keypoints = self._keypoints(record, data, log) if data.keypoints else None
        if keypoints is not None and scale:
            w, h = _size(asset)
            keypoints = Keypoints(tuple([Keypoint(p.name, p.x * w, p.y * h, p.occluded) for p in keypoints.points]))
        lost |= self._more_keypoints(record, data, log)
        lost |= bool(data.keypoints) and (len(data.keypoints or ()) % 3 > 0 or not geo.finite(data.keypoints or ()))
        outlined = outline is not None or (self._boxes_only and _has_outline(data.segmentation))
        if angle and (outlined or box is None):
            attributes += (Attribute("rotation", angle),)
        elif angle and box is not None:
            turned = RotatedBox(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height, angle)
            return Object(
                id=id,
                label=label,
                geometry=turned,
                attributes=attributes,
                keypoints=keypoints,
                loss=loss or lost,
                where=where,
            )
        if keypoints is not None and box is not None and not (box.width and box.height):
            box = None  # around a single point, or points in a row: it says no more than they do
        geometry: Geometry | None = outline if outline is not None else box
        if geometry is None:
            if keypoints is None:
                raise _Refused(Code.GEOMETRY_MISSING, "neither a box nor an outline nor keypoints")
            geometry, keypoints = keypoints, None
        return Object(
            id=id,
            label=label,
            geometry=geometry,
            attributes=attributes,
            box=box if outline is not None else None,
            keypoints=keypoints,
            reduced=self._boxes_only and outline is None and _has_outline(data.segmentation),
            loss=loss or lost,
            where=where,
        )

    def _check_category(self, file: int, data: Fields | _BoxFields) -> None:
        if data.category_id is None:
            if self._unlabelled:
                return
            raise _Refused(
                Code.CLASS_UNNAMED, "it has no category_id; -O unlabelled=NAME gives such annotations a class"
            )
        if Names.key(data.category_id) not in self._files.categories[file]:
            if not self._files.categories[file]:
                raise _Refused(
                    Code.CLASS_UNKNOWN,
                    "the file declares no categories: take them from another with -O categories=FILE",
                )
            raise _Refused(Code.CLASS_UNKNOWN, f"category_id {data.category_id} is not among the categories")

    def _relabel(self, log: Log, label: str) -> None:
        """Answers are counted under the question's name, not the category's."""
        log.ledger[label].read -= 1
        if not log.ledger[label].read:
            del log.ledger[label]
        log.ledger[WHOLE_IMAGE].read += 1

    def _attributes(self, record: Record, data: Fields | _BoxFields) -> tuple[tuple[Attribute, ...], float]:
        """Attributes of CVAT and Datumaro, the crowd flag, the object's own caption, and the box's turn in degrees."""
        found: list[Attribute] = []
        angle = 0.0
        if data.iscrowd and not self._files.foreign[record.file]:
            found += CROWD
        if data.ignore:
            found.append(Attribute("ignore", "yes", flag=True))
        stated = data.attributes or {}
        if self._fields:
            stated = stated | self._more_fields(record)
        for name, value in stated.items():
            if name == "occluded" and isinstance(value, bool):
                if value:
                    found.append(Attribute(name, "yes", flag=True))
            elif name == "rotation" and isinstance(value, int | float):
                angle = float(value)
            elif name == "keyframe" and isinstance(value, bool):
                continue  # whether CVAT's annotator or its interpolation drew the shape: no answer of anybody
            elif name == "track_id" and isinstance(value, int):
                found.append(Attribute(name, str(value), free=True))
            elif isinstance(value, str | bool | int | float):
                found.append(Attribute(name, value))
            elif isinstance(value, list) and all(isinstance(v, str) for v in value):
                found.append(Attribute(name, tuple(value)))
            elif value is not None:
                found.append(Attribute(name, json.dumps(value)))
        if data.caption:
            found.append(Attribute(CAPTION, data.caption, free=True))
        return tuple(found), angle

    def _more_fields(self, record: Record) -> dict[str, Any]:
        """The fields that were asked for; of an object, its members."""
        loose = json.loads(record.text)
        found: dict[str, Any] = {}
        for name in self._fields:
            value = loose.get(name)
            found |= value if isinstance(value, dict) else {name: value}
        return found

    # ---------------------------------------------------------------------------------------------- geometries

    def _box(self, record: Record, data: Fields | _BoxFields, scale: Asset | None, log: Log) -> Box | None:
        """x, y, width, height; None when there is none. A broken one costs the annotation only if it is all there is."""
        values = data.bbox
        if not values:
            return None
        if len(values) != 4 or not geo.finite(values):
            remedy = ": a turned box needs its corners as segmentation" if len(values) == 5 else ""
            message = f"bbox has {len(values)} numbers, or not finite ones{remedy}"
            self._note(log, Code.BOX_INVALID, message, record, data.id)
            return None
        left, top, width, height = values
        if width < 0 or height < 0:
            self._note(log, Code.BOX_FLIPPED, "bbox has a negative side; its corners are swapped", record, data.id)
            left, width = (left + width, -width) if width < 0 else (left, width)
            top, height = (top + height, -height) if height < 0 else (top, height)
        if scale is not None:
            w, h = _size(scale)
            left, top, width, height = left * w, top * h, width * w, height * h
        return Box(left, top, width, height)

    def _outline(
        self, record: Record, data: Fields | _BoxFields, asset: Asset, log: Log
    ) -> tuple[Polygon | Mask | None, bool]:
        """The outline and whether some of it is lost; None for no outline, or for a broken one with a box to stand in."""
        segmentation = data.segmentation
        if not isinstance(segmentation, msgspec.Raw):
            return self._shape(record, data, asset, log) if segmentation else (None, False)
        if data.bbox or not _has_outline(segmentation):
            return None, False
        try:
            full = _decode_all(b"[%b]" % record.text)[0]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            try:
                full = leniently(record.text)[0]
            except (ValueError, RecursionError) as error:
                raise _Refused(Code.RECORD_UNREADABLE, f"the outline is not readable: {error}") from None
        return self._shape(record, full, asset, log)

    def _shape(
        self, record: Record, data: Fields | _BoxFields, asset: Asset | None, log: Log
    ) -> tuple[Polygon | Mask | None, bool]:
        segmentation = data.segmentation
        if isinstance(segmentation, list):
            return self._polygon(record, data, segmentation, asset, log)
        if isinstance(segmentation, Rle):
            try:
                return _mask(Rle(segmentation.size, plain_counts(segmentation.counts)), asset), False
            except geo.GeometryError as error:
                if not data.bbox:
                    raise
                self._note(log, Code.MASK_INVALID, f"{error}; its box is used instead", record, data.id)
                return None, True
        return None, False

    def _polygon(
        self, record: Record, data: Fields | _BoxFields, parts: list[list[float]], asset: Asset | None, log: Log
    ) -> tuple[Polygon | None, bool]:
        if len(parts) == 1 and len(parts[0]) >= 6 and not len(parts[0]) % 2:
            kept = parts
        else:
            parts = [p for p in parts if p]
            if not parts:
                return None, False
            if len(parts) >= 3 and all(len(p) == 2 for p in parts):
                self._note(
                    log, Code.FIELD_REPAIRED, "segmentation is a list of points; taken as one part", record, data.id
                )
                parts = [[v for p in parts for v in p]]
            kept = [p for p in parts if len(p) >= 6 and not len(p) % 2]
        loss = len(kept) < len(parts)
        if loss:
            bad = next(p for p in parts if p not in kept)
            left = "that part is left out" if kept else "its box is used instead" if data.bbox else "nothing is left"
            self._note(
                log, Code.POLYGON_TOO_SHORT, f"a part of {len(bad)} numbers is no polygon; {left}", record, data.id
            )
        if not kept:
            if not data.bbox:
                raise _Refused(Code.POLYGON_TOO_SHORT, "no part of the segmentation has three points")
            return None, True
        if self._files.normalised[record.file] and asset is not None:
            w, h = _size(asset)
            kept = [[v * (h if n % 2 else w) for n, v in enumerate(p)] for p in kept]
        return Polygon(tuple([(p,) for p in kept])), loss

    def _keypoints(self, record: Record, data: Fields | _BoxFields, log: Log) -> Keypoints | None:
        """Points with v > 0, named by the category; None when none is labelled."""
        values = data.keypoints or []
        if len(values) % 3 or not geo.finite(values):
            self._note(
                log, Code.KEYPOINTS_INVALID, f"keypoints have {len(values)} numbers, not triples", record, data.id
            )
            return None
        key = Names.key(data.category_id)
        category = self._files.categories[record.file].get(key) if key is not None else None
        names = (category.keypoints if category else None) or []
        if names and len(names) != len(values) // 3:
            self._note(
                log,
                Code.KEYPOINTS_INVALID,
                f"{len(values) // 3} keypoints, but the category names {len(names)}",
                record,
                data.id,
            )
        points = [
            Keypoint(
                names[n] if n < len(names) else f"kp_{n + 1}", values[3 * n], values[3 * n + 1], values[3 * n + 2] == 1
            )
            for n in range(len(values) // 3)
            if values[3 * n + 2] > 0
        ]
        return Keypoints(tuple(points)) if points else None

    def _more_keypoints(self, record: Record, data: Fields | _BoxFields, log: Log) -> bool:
        """Whether there are points of feet, face or hands, as COCO-WholeBody has them; no category names them."""
        found = [
            name
            for name in ("foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
            if _SAYS_SOMETHING.search(memoryview(getattr(data, name)))
        ]
        if found:
            message = f"{', '.join(found)}: points of feet, face and hands are not carried over"
            self._note(log, Code.FIELD_IGNORED, message, record, data.id)
        return bool(found)

    def _note(self, log: Log, code: Code, message: str, record: Record, id: Id) -> None:
        log.note(code, message, file=self._files.names[record.file], where=f"annotations[{record.row}]", id=str(id))

    # ------------------------------------------------------------------------------------------------ panoptic

    def _panoptic(self, record: Record, data: Fields | _BoxFields, asset: Asset, log: Log) -> list[Annotation]:
        """One mask a segment; every segment is an annotation of its own."""
        file, where = record.file, f"annotations[{record.row}]"
        segments = data.segments_info or []
        categories = self._files.categories[file]
        names: list[str] = []
        for segment in segments:
            key = Names.key(segment.category_id)
            category = categories.get(key) if key is not None else None
            names.append(str(category.name) if category else f"class_{segment.category_id}")
            log.read(names[-1])
        found: list[Annotation] = []
        masks = segment_masks(self._source, self._files.names[file], data.file_name, segments, asset, log, where)
        for segment, label, mask in zip(segments, names, masks):
            id = f"{segment.id}"
            if not isinstance(mask, Mask):
                log.skip(mask[0], label, mask[1], file=self._files.names[file], where=where, id=id)
                continue
            if Names.key(segment.category_id) not in categories:
                message = f"category_id {segment.category_id} is not among the categories"
                log.skip(Code.CLASS_UNKNOWN, label, message, file=self._files.names[file], where=where, id=id)
                continue
            crowd = CROWD if segment.iscrowd else ()
            found.append(Object(id=id, label=label, geometry=mask, attributes=crowd, box=None, where=where))
        return found


def _list_of(texts: Sequence[bytes]) -> bytes:
    return b"[%b]" % b",".join(texts)


def _is_drawn(data: Fields | _BoxFields) -> bool:
    """Whether a record says where on the image something is."""
    return bool(data.bbox or data.keypoints) or _has_outline(data.segmentation)


def _is_caption(data: Fields | _BoxFields, kind: Kind) -> bool:
    """Whether a record is a text about the image; one with a place and a class is an object that has a text."""
    return (data.caption is not None or kind is Kind.CAPTIONS) and (data.category_id is None or not _is_drawn(data))


def _size(asset: Asset) -> tuple[int, int]:
    if asset.width is None or asset.height is None:
        raise _Refused(Code.IMAGE_SIZE_UNKNOWN, "fractions need the size of the image: give --media-root or --sizes")
    return asset.width, asset.height


def _rectangle(polygon: Polygon) -> Box | None:
    """The box whose four corners a polygon has; None when it is none."""
    ring = polygon.parts[0][0]
    xs, ys = sorted(set(ring[::2])), sorted(set(ring[1::2]))
    if len(polygon.parts) > 1 or len(ring) not in (8, 10) or (len(xs), len(ys)) != (2, 2):
        return None
    return Box(xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0])


def _same_box(other: Object, bbox: list[float] | None) -> bool:
    box = other.geometry if isinstance(other.geometry, Box) else other.box
    return bool(bbox) and box is not None and [box.left, box.top, box.width, box.height] == bbox


def _mask(rle: Rle, asset: Asset | None) -> Mask:
    """An RLE over the whole image; ``size`` is [height, width]."""
    if len(rle.size) != 2:
        raise geo.GeometryError("size of an RLE is [height, width]")
    height, width = rle.size
    if asset is not None and asset.width and asset.height and (width, height) != (asset.width, asset.height):
        swapped = " (the two look swapped)" if (height, width) == (asset.width, asset.height) else ""
        raise geo.GeometryError(
            f"RLE of height {height}, width {width} on an image of height {asset.height}, width {asset.width}{swapped}"
        )
    if isinstance(rle.counts, str):
        return raster.mask_from_counts(rle.counts, width, height)
    return raster.mask_from_runs(rle.counts, width, height)
