"""One annotation: the class that its record names, what it says, and what it draws."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Box,
    Choice,
    Classification,
    Geometry,
    Object,
    Point,
    Polygon,
    RotatedBox,
)
from to_labelbox.model.text import shortened
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNNAMED
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.fields.named_sides import is_placeless, says_where, states_parts, unread_place
from to_labelbox_formats.coco.fields.record_types import AnyFields, LooseFields, Reading, Record, has_outline
from to_labelbox_formats.coco.index.categories import Category, class_id_among, class_name_among, names_of
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import Id, find
from to_labelbox_formats.coco.options import Options, Places
from to_labelbox_formats.coco.records.attributes import CAPTION, attributes_of
from to_labelbox_formats.coco.records.shapes import (
    box_of,
    is_box,
    keypoints_of,
    other_outline,
    outline_of,
    rectangle,
)

WHOLE_IMAGE = "class"
_LISTED = 10
"""Ids that a message lists at most."""


class OneRecord:
    """Reads records one by one, by what is known of their files."""

    def __init__(self, options: Options, boxes_only: bool) -> None:
        self._options = options
        self._fields = options.more_fields
        self._boxes_only = boxes_only
        self._labels: dict[tuple[int, Id], str] = {}
        self._names: dict[int, frozenset[str]] = {}

    def label(self, record: Record, data: AnyFields) -> str:
        """The category's name; ``class_<id>`` for one that is not declared, a question's name for answers."""
        if _is_caption(data, record.file.kind):
            return CAPTION
        file = record.file
        if data.category_id is None and (given := class_id_among(members_of(record.text))):
            data.category_id = given[1]
        if data.category_id is None:
            return self._named_class(record)[1] or self._options.unlabelled or UNNAMED
        label = self._labels.get((file.number, data.category_id))
        if label is None:
            category = find(file.categories, data.category_id)
            label = self._by_name(file, data.category_id) if category is None else str(category.name)
            label = self._labels[file.number, data.category_id] = label or f"class_{data.category_id}"
        return label

    def _by_name(self, file: File, name: Any) -> str:
        """The name of a category that is given in place of an id, where a category has it; else empty."""
        return name if isinstance(name, str) and name in self._names_of(file) else ""

    def _names_of(self, file: File) -> frozenset[str]:
        names = self._names.get(file.number)
        if names is None:
            names = self._names[file.number] = names_of(file.categories)
        return names

    def _named_class(self, record: Record) -> tuple[str, str]:
        """The field that names the class of an annotation without an id of one, and the name; else empty."""
        return class_name_among(members_of(record.text), self._names_of(record.file)) or ("", "")

    def annotation(self, reading: Reading, id: str, label: str) -> Annotation:
        """What a record becomes. Raises :class:`Refused` with the one reason why it is nothing."""
        record, data = reading.record, reading.data
        kind = record.file.kind
        if not self._options.predictions and (data.score is not None or kind is FileKind.RESULTS):
            raise Refused(Code.PREDICTION, "a prediction: take it with -O predictions=true")
        drawn = _is_drawn(data) or states_parts(record.text)
        if _is_caption(data, kind):
            if drawn:
                reading.remark(Code.CLASS_UNNAMED, "the place of a text has no category and is left out")
            text = data.caption or ""
            return Classification(
                id=id, name=CAPTION, value=text, repeatable=True, free_text=True, loss=drawn, location=record.location
            )
        if data.deleted:
            raise Refused(Code.DELETED, "the source marks it as deleted")
        self._check_category(reading)
        attributes, angle = attributes_of(record, data, self._fields)
        if not drawn and self._is_of_image(record):
            if attributes:
                names = ", ".join(a.name for a in attributes)
                reading.remark(Code.ATTRIBUTE_DROPPED, f"{names}: a whole-image class has none")
            return Classification(
                id=id,
                name=WHOLE_IMAGE,
                value=Choice(label),
                ledger_label=label,
                location=record.location,
                loss=bool(attributes),
            )
        return self._object(reading, id, label, attributes, angle)

    def _is_of_image(self, record: Record) -> bool:
        """Whether an annotation that draws nothing is a class of its whole image; of one that may have a place, only an option says so."""
        which = record.file.conventions.placeless
        if which is Places.AUTO:
            return is_placeless(record.text)
        return which is Places.IMAGE and (which is self._options.places or not unread_place(record.text))

    def _object(self, reading: Reading, id: str, label: str, attributes: tuple[Attribute, ...], angle: float) -> Object:
        """What an annotation draws: its outline, else its box, with its keypoints beside."""
        data = reading.data
        box = reading.box = box_of(reading)
        turn = angle or reading.turn
        outline = outline_of(reading, turned=turn % 180 != 0)
        if outline is not None and box is not None and turn % 180 and is_box(outline, box):
            outline = None  # Encord writes the corners of the box before its turn
        if data.isbbox and isinstance(outline, Polygon):
            corners = rectangle(outline)
            box, outline = corners or box, None if corners else outline
        keypoints = keypoints_of(reading)
        if keypoints is not None and box is not None and not (box.width and box.height):
            box = None  # around a single point, or points in a row: it says no more than they do
        geometry: Geometry | None = outline if outline is not None else box
        if turn and outline is None and box is not None:
            geometry = RotatedBox(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height, turn)
        elif angle:
            attributes += (Attribute("rotation", angle),)
        if geometry is None:
            geometry, keypoints = keypoints or other_outline(reading), None
        if geometry is None:
            raise reading.nothing_drawn()
        return Object(
            id=id,
            label=label,
            geometry=geometry,
            attributes=attributes,
            box=box if outline is not None and not isinstance(outline, Point) else None,
            keypoints=keypoints,
            outline_unread=self._boxes_only and type(geometry) is Box and has_outline(data.segmentation),
            loss=reading.lost,
            location=reading.record.location,
        )

    def _check_category(self, reading: Reading) -> None:
        record, id = reading.record, reading.data.category_id
        categories = record.file.categories
        if id is None:
            field, name = self._named_class(record)
            if name:
                known = (
                    "that of a category" if categories else "taken for its class, as the file declares no categories"
                )
                message = f"it has no category_id; its {field} {name!r} is {known}"
                reading.remark(Code.FIELD_REPAIRED, message)
            elif not self._options.unlabelled:
                said = _instead_of_category(record.text)
                raise Refused(Code.CLASS_UNNAMED, f"{said}; -O unlabelled=NAME gives such annotations a class")
        elif find(categories, id) is None and self._by_name(record.file, id):
            reading.remark(Code.FIELD_REPAIRED, "category_id is the name of a category, not its id")
        else:
            check_declared(id, categories)


def check_declared(id: Id, categories: Mapping[int, Category]) -> None:
    """Raise :class:`Refused` for an id that is that of no category, or of two."""
    category = find(categories, id)
    if category is not None:
        if category.other:
            raise Refused(
                Code.CLASS_DUPLICATE, f"category_id {_shown(id)} is both {category.name!r} and {category.other!r}"
            )
        return
    if not categories:
        remedy = "the file declares no categories with ids: take them from another with -O categories=FILE"
        raise Refused(Code.CLASS_UNKNOWN, remedy)
    given = [_shown(category.id) for category in islice(categories.values(), _LISTED)]
    more = f" and {len(categories) - _LISTED} more" if len(categories) > _LISTED else ""
    message = f"category_id {_shown(id)} is not among the ids of the categories: {', '.join(given)}{more}"
    raise Refused(Code.CLASS_UNKNOWN, message)


def _shown(id: Id) -> str:
    return shortened(repr(id) if isinstance(id, str) else str(id))


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
    return pointed or says_where(data.bbox) or says_where(data.keypoints) or has_outline(data.segmentation)


def _is_caption(data: AnyFields, kind: FileKind) -> bool:
    """Whether a record is a text about the image; one with a place and a class is an object that has a text."""
    return (data.caption is not None or kind is FileKind.CAPTIONS) and (data.category_id is None or not _is_drawn(data))
