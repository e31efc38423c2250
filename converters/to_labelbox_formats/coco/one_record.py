"""One annotation: the class that its record names, what it says, and what it draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    Geometry,
    Keypoint,
    Keypoints,
    Object,
    Point,
    Polygon,
    RotatedBox,
)
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox_formats.coco.attributes import CAPTION, attributes_of, members_of, shortened
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.ids import Id, find
from to_labelbox_formats.coco.record_types import AnyFields, Files, LooseFields, Record, has_outline
from to_labelbox_formats.coco.shapes import Shapes, is_box, rectangle

WHOLE_IMAGE = "class"


class OneRecord:
    """Reads records one by one, by what is known of their files."""

    def __init__(
        self,
        files: Files,
        shapes: Shapes,
        at: Sequence[str],
        predictions: bool,
        fields: Sequence[str],
        boxes_only: bool,
        unlabelled: str | None,
    ) -> None:
        """``at``: what locations begin with, of each file."""
        self._files = files
        self._shapes = shapes
        self._at = at
        self._predictions = predictions
        self._fields = fields
        self._boxes_only = boxes_only
        self._unlabelled = unlabelled
        self._labels: list[dict[Id, str]] = [{} for _ in files.names]
        self._names: dict[int, frozenset[str]] = {}

    def label(self, record: Record, data: AnyFields, kind: FileKind) -> str:
        """The category's name; ``class_<id>`` for one that is not declared, a question's name for answers."""
        if _is_caption(data, kind):
            return CAPTION
        if data.category_id is None:
            return self._named_class(record) or self._unlabelled or UNNAMED
        labels = self._labels[record.file]
        label = labels.get(data.category_id)
        if label is None:
            category = find(self._files.categories[record.file], data.category_id)
            label = self._by_name(record.file, data.category_id) if category is None else str(category.name)
            label = labels[data.category_id] = label or f"class_{data.category_id}"
        return label

    def _by_name(self, file: int, name: Any) -> str:
        """The name of a category that is given in place of an id, where a category has it; else empty."""
        if not isinstance(name, str):
            return ""
        names = self._names.get(file)
        if names is None:
            names = self._names[file] = frozenset(str(c.name) for c in self._files.categories[file].values())
        return name if name in names else ""

    def _named_class(self, record: Record) -> str:
        """The class of an annotation without an id of one, by ``category_name``; else empty."""
        return self._by_name(record.file, members_of(record.text).get("category_name"))

    def annotation(
        self,
        record: Record,
        data: AnyFields,
        id: str,
        label: str,
        kind: FileKind,
        asset: Asset,
        log: Log,
    ) -> Annotation:
        if not self._predictions and (data.score is not None or kind is FileKind.RESULTS):
            raise Refused(Code.PREDICTION, "a prediction: take it with -O predictions=true")
        where = self._at[record.file] + self._files.where(record)
        if _is_caption(data, kind):
            text = data.caption or ""
            drawn = _is_drawn(data)
            if drawn:
                self._shapes.note(
                    log, Code.CLASS_UNNAMED, "the place of a text has no category and is left out", record, data.id
                )
            return Classification(
                id=id, name=CAPTION, value=text, repeatable=True, free_text=True, loss=drawn, location=where
            )
        if data.deleted:
            raise Refused(Code.DELETED, "the source marks it as deleted")
        self._check_category(record, data, log)
        crowd = not self._files.foreign[record.file]
        known = self._files.attribute_names[record.file]
        attributes, angle = attributes_of(data, record.text, self._fields, known, crowd=crowd)
        lost = False
        if kind is FileKind.LABELS and not _is_drawn(data):
            if attributes:
                names = ", ".join(a.name for a in attributes)
                self._shapes.note(
                    log, Code.ATTRIBUTE_DROPPED, f"{names}: a whole-image class has none", record, data.id
                )
                lost = True
            return Classification(
                id=id, name=WHOLE_IMAGE, value=Choice(label), ledger_label=label, location=where, loss=lost
            )
        return self._object(record, data, id, label, attributes, angle, asset, log)

    def _object(
        self,
        record: Record,
        data: AnyFields,
        id: str,
        label: str,
        attributes: tuple[Attribute, ...],
        angle: float,
        asset: Asset,
        log: Log,
    ) -> Object:
        """What an annotation draws: its outline, else its box, with its keypoints beside."""
        scale = self._files.conventions[record.file].sides
        box = self._shapes.box(record, data, asset if scale else None, log)
        outline, lost = self._shapes.outline(record, data, asset, log, turned=angle % 180 != 0)
        if outline is not None and box is not None and angle % 180 and is_box(outline, box):
            outline = None  # Encord writes the corners of the box before its turn
        if data.isbbox and isinstance(outline, Polygon):
            corners = rectangle(outline)
            box, outline = corners or box, None if corners else outline
        keypoints = self._keypoints(record, data, asset, log)
        lost |= self._shapes.more_keypoints(record, data, log)
        lost |= bool(data.keypoints) and (len(data.keypoints or ()) % 3 > 0 or not geo.finite(data.keypoints or ()))
        if keypoints is not None and box is not None and not (box.width and box.height):
            box = None  # around a single point, or points in a row: it says no more than they do
        geometry: Geometry | None = outline if outline is not None else box
        if angle and outline is None and box is not None:
            geometry = RotatedBox(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height, angle)
        elif angle:
            attributes += (Attribute("rotation", angle),)
        if geometry is None:
            if keypoints is None:
                raise Refused(Code.GEOMETRY_MISSING, "neither a box nor an outline nor keypoints")
            geometry, keypoints = keypoints, None
        return Object(
            id=id,
            label=label,
            geometry=geometry,
            attributes=attributes,
            box=box if outline is not None and not isinstance(outline, Point) else None,
            keypoints=keypoints,
            outline_unread=self._boxes_only and type(geometry) is Box and has_outline(data.segmentation),
            loss=lost,
            location=self._at[record.file] + self._files.where(record),
        )

    def _keypoints(self, record: Record, data: AnyFields, asset: Asset, log: Log) -> Keypoints | None:
        if not data.keypoints and not (isinstance(data, LooseFields) and data.named_points):
            return None
        keypoints = self._shapes.keypoints(record, data, log)
        if keypoints is None or not self._files.conventions[record.file].sides:
            return keypoints
        w, h = self._shapes.scale(record, asset)
        return Keypoints(tuple([Keypoint(p.name, p.x * w, p.y * h, p.occluded) for p in keypoints.points]))

    def _check_category(self, record: Record, data: AnyFields, log: Log) -> None:
        categories = self._files.categories[record.file]
        if data.category_id is None:
            name = self._named_class(record)
            if name:
                message = f"it has no category_id; its category_name {name!r} is that of a category"
                self._shapes.note(log, Code.FIELD_REPAIRED, message, record, data.id)
            elif not self._unlabelled:
                said = _instead_of_category(record.text)
                raise Refused(Code.CLASS_UNNAMED, f"{said}; -O unlabelled=NAME gives such annotations a class")
        elif find(categories, data.category_id) is None:
            if not categories:
                remedy = "the file declares no categories: take them from another with -O categories=FILE"
                raise Refused(Code.CLASS_UNKNOWN, remedy)
            if not self._by_name(record.file, data.category_id):
                shown = shortened(
                    repr(data.category_id) if isinstance(data.category_id, str) else str(data.category_id)
                )
                raise Refused(Code.CLASS_UNKNOWN, f"category_id {shown} is not among the categories")
            message = "category_id is the name of a category, not its id"
            self._shapes.note(log, Code.FIELD_REPAIRED, message, record, data.id)


def _instead_of_category(text: bytes) -> str:
    """What an annotation has where its ``category_id`` should be, in words."""
    loose = members_of(text)
    if loose.get("category_id") is not None:
        value = loose["category_id"]
        what = f"a list of {len(value)}" if isinstance(value, list) else shortened(json.dumps(value))
        return f"category_id is {what}; an annotation of COCO has one category"
    other = next((key for key in ("category_ids", "category_name", "category", "label") if key in loose), None)
    if other is None:
        return "it has no category_id"
    return f"it has no category_id but {other} {shortened(json.dumps(loose[other]))}"


def _is_drawn(data: AnyFields) -> bool:
    """Whether a record says where on the image something is."""
    pointed = isinstance(data, LooseFields) and bool(data.named_points)
    return pointed or bool(data.bbox or data.keypoints) or has_outline(data.segmentation)


def _is_caption(data: AnyFields, kind: FileKind) -> bool:
    """Whether a record is a text about the image; one with a place and a class is an object that has a text."""
    return (data.caption is not None or kind is FileKind.CAPTIONS) and (data.category_id is None or not _is_drawn(data))
