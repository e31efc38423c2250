"""Annotation records, each counted: the plain ones at once, any other by what it says, to the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Box,
    Choice,
    Classification,
    Mask,
    Object,
    Polygon,
)
from to_labelbox.model.tables import Rows
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNREADABLE, Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.conventions.inner_parts import nested
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.fields.lenient_records import read_one
from to_labelbox_formats.coco.fields.record_types import (
    AnyFields,
    Found,
    Plain,
    PlainBox,
    Reading,
    Record,
    decode_all,
    decode_boxes,
    decode_ids,
    decode_plain,
    decode_plain_boxes,
    has_outline,
    list_of,
)
from to_labelbox_formats.coco.index.beside import Beside
from to_labelbox_formats.coco.index.box_columns import CROWD
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import Id, find
from to_labelbox_formats.coco.options import Inner, Options
from to_labelbox_formats.coco.records.attributes import KnownAttributes
from to_labelbox_formats.coco.records.one_record import OneRecord, check_declared
from to_labelbox_formats.coco.records.panoptic import Pictures
from to_labelbox_formats.coco.records.shapes import box_of, keypoints_of, mask_of, outline_of, straighten

_DRAWN = (FileKind.INSTANCES, FileKind.KEYPOINTS)
"""Kinds of files of which two may be versions of one."""


class Records:
    """Turns an image's records into annotations, counting every one of them."""

    def __init__(self, files: Sequence[File], options: Options, boxes_only: bool, pictures: Pictures) -> None:
        self._files = files
        self._boxes_only = boxes_only
        self._decode: Callable[[bytes], Sequence[AnyFields]] = decode_boxes if boxes_only else decode_all
        self._pictures = pictures
        self._here, self._known = "", KnownAttributes(foreign=False)
        self._one_record = OneRecord(options, boxes_only)
        self.attributes = [KnownAttributes(file.foreign) for file in files]
        # declared labels by id, of the files whose records are mostly plain
        self.plain_labels: list[Mapping[Id, str] | None] = [
            {c.id: str(c.name) for c in file.categories.values() if not c.other}
            if file.plain and not options.more_fields and file.conventions.plain
            else None
            for file in files
        ]

    # ----------------------------------------------------------------------------------------------- an image

    def annotations(self, found: Found, asset: Asset, log: Log) -> Sequence[Annotation]:
        """All annotations of one asset."""
        files, rows, texts, objects = found
        if objects is not None:
            ledger = log.ledger
            for label in objects.labels if isinstance(objects, Rows) else [object.label for object in objects]:
                ledger[label].read += 1
            return objects
        if not texts:
            return []
        if files[0] == files[-1]:
            return self._of_file(files[0], rows, texts, asset, log)
        try:
            ids = {data.id for data in decode_ids(list_of(texts))}
        except UNDECODABLE:
            ids = set()
        if len(ids) < len(texts):
            return self._carefully(list(map(Record, map(self._files.__getitem__, files), rows, texts)), asset, log)
        made: list[Annotation] = []
        for file, group in groupby(range(len(files)), files.__getitem__):
            own = list(group)
            part = slice(own[0], own[-1] + 1)
            made += self._of_file(file, rows[part], texts[part], asset, log)
        return made

    def _of_file(
        self, file: int, rows: Sequence[int], texts: Sequence[bytes], asset: Asset, log: Log
    ) -> list[Annotation]:
        labels, self._here, self._known = self.plain_labels[file], self._files[file].at, self.attributes[file]
        if labels is not None:
            text = list_of(texts)
            plain: Sequence[Plain | PlainBox]
            try:
                plain = decode_plain_boxes(text) if self._boxes_only else decode_plain(text)
            except UNDECODABLE:
                plain = []
            if len({data.id for data in plain}) == len(texts):
                found: list[Annotation] = []
                ledger = log.ledger
                for data, row, record in zip(plain, rows, texts):
                    label = labels.get(data.category_id)
                    made = None if label is None else self._plain(data, label, row, asset)
                    if made is None:
                        found += self._carefully([Record(self._files[file], row, record)], asset, log)
                    else:
                        ledger[made.label].read += 1
                        found.append(made)
                return found
        return self._carefully([Record(self._files[file], row, text) for row, text in zip(rows, texts)], asset, log)

    def _plain(self, data: Any, label: str, row: int, asset: Asset) -> Object | None:
        """A :class:`Plain` or :class:`PlainBox` as an object; None when it needs a closer look."""
        box, outline = data.bbox, data.segmentation
        if box.width < 0 or box.height < 0 or (self._boxes_only and box.width <= 1 and box.height <= 1):
            return None
        if (attributes := self._known.of_record(data.attributes, data.iscrowd)) is None:
            return None
        shape: Polygon | Mask | None = None
        if not outline or self._boxes_only:
            pass
        elif type(outline) is list:
            for part in outline:
                if len(part) < 6 or len(part) % 2:
                    return None
            if len(outline) > 1 and nested(outline):
                return None
            shape = Polygon(tuple([(part,) for part in outline]))
        else:
            try:
                shape = mask_of(outline, asset)
            except geo.GeometryError:
                return None
        return Object(
            id=str(data.id),
            label=label,
            geometry=shape or box,
            attributes=attributes,
            box=box if shape else None,
            outline_unread=self._boxes_only and has_outline(outline),
            location=f"{self._here}annotations[{row}]",
        )

    def _carefully(self, records: Sequence[Record], asset: Asset, log: Log) -> list[Annotation]:
        """The same for records of any kind, with repeated ids, or that do not decode."""
        found: list[Annotation] = []
        taken: dict[str, bytes] = {}
        told: dict[tuple[Id, str], tuple[File, int]] = {}
        for reading in self._readings(records, asset, log):
            record, data = reading.record, reading.data
            if data.segments_info is not None:
                found += self._panoptic(record, data, asset, log)
                continue
            label = self._one_record.label(record, data)
            log.ledger[label].read += 1
            id = str(data.id) if data.id is not None else f"{record.row}"
            try:
                straighten(reading)
                before = taken.setdefault(id, record.text)
                if before is not record.text:
                    if data.id is not None and self._merge_repeated(reading, label, told, found, before, log):
                        continue
                    id = f"{id}#{record.file.number}.{record.row}"
                annotation = self._one_record.annotation(reading, id, label)
            except Refused as error:
                _skip(log, record, label, error, data.id)
                continue
            told[data.id, label] = (record.file, len(found))
            found.append(annotation)
            self._tell(reading, log)
        return found

    def _readings(self, records: Sequence[Record], asset: Asset, log: Log) -> Iterator[Reading]:
        """Records with their fields; those that cannot be read are counted as skipped."""
        try:
            fields = self._decode(list_of([r.text for r in records]))
        except UNDECODABLE:
            fields = []
        for record, data in zip(records, fields):
            yield Reading(record, data, asset)
        for record in records if not fields else ():
            if (read := self._one(record, log)) is not None:
                data, repaired = read
                yield Reading(record, data, asset, {Code.FIELD_REPAIRED: repaired} if repaired else {})

    def _one(self, record: Record, log: Log) -> tuple[AnyFields, list[str]] | None:
        """The fields of a record, and what had to be repaired; None for one that cannot be read, which is counted as skipped."""
        try:
            return read_one(record.text, self._decode)
        except (ValueError, RecursionError) as error:
            why = Refused(Code.RECORD_UNREADABLE, f"the annotation is not readable: {in_words(error)}")
        log.read(UNREADABLE)
        _skip(log, record, UNREADABLE, why)
        return None

    def _tell(self, reading: Reading, log: Log) -> None:
        """Note what was remarked of an annotation that is written."""
        if reading.swapped:
            log.assume(
                f"sides of RLEs ({reading.record.file.name})",
                "width, height",
                for_=1,
                why="size has the image's sides in this order, and the mask then fits its bbox, else not",
                option="-O rle_sides=stated",
            )
        if reading.inner in (Inner.HOLES, Inner.AUTO):
            log.assume(
                f"parts of outlines that lie in other parts ({reading.record.file.name})",
                "holes where the area of the annotation is that without them, else more of the object",
                for_=int(reading.inner is Inner.HOLES),
                unknown=int(reading.inner is Inner.AUTO),
                why="an outline of COCO has no holes, but what traces the contours of masks writes them as parts",
                option="-O inner=filled",
            )
        if reading.numbered:
            log.assume(
                f"points of feet, face and hands ({reading.record.file.name})",
                "there where their third number is above 0, unless the part is not valid; called foot_1, face_1 and so on",
                for_=1,
                why="as COCO-WholeBody has them in foot_kpts, face_kpts, lefthand_kpts and righthand_kpts; no category names them",
            )
        for code, messages in reading.remarks.items():
            _note(log, code, "; ".join(dict.fromkeys(messages)), reading)

    def _merge_repeated(
        self,
        reading: Reading,
        label: str,
        told: dict[tuple[Id, str], tuple[File, int]],
        found: list[Annotation],
        before: bytes,
        log: Log,
    ) -> bool:
        """Whether a repeated id is the same object again: an exact copy, or instances and keypoints of one object."""
        record, data = reading.record, reading.data
        place = told.get((data.id, label))
        if before == record.text:
            message = "the annotation is there twice"
        elif place is None:
            return False  # ids are unique within a file only
        elif place[0] is record.file:
            _note(log, Code.RECORD_DUPLICATE, "the id is used twice for different annotations; both are kept", reading)
            return False
        else:
            other = found[place[1]]
            if not isinstance(other, Object) or not _same_box(other, data.bbox):
                if place[0].kind is record.file.kind and place[0].kind in _DRAWN:
                    message = f"the id is that of another annotation of its class in {place[0].name}; both are kept. If these are versions of one file, leave one of them out"
                    _note(log, Code.RECORD_DUPLICATE, message, reading)
                return False
            found[place[1]] = self._both(other, reading)
            self._tell(reading, log)
            message = f"told in {place[0].name} too: one object"
        log.merge(Code.ANNOTATION_DUPLICATE, label, message, file=record.file.name, where=record.where, id=str(data.id))
        return True

    def _both(self, other: Object, reading: Reading) -> Object:
        """An object with the keypoints, or else the outline, that another record has of it."""
        data = reading.data
        if data.keypoints and other.keypoints is None:
            points = keypoints_of(reading)
            return msgspec.structs.replace(other, keypoints=points, loss=other.loss or reading.lost)
        if not isinstance(other.geometry, Polygon | Mask) and not self._boxes_only:
            reading.box = box_of(reading)
            shape = outline_of(reading)
            if shape is not None:
                return msgspec.structs.replace(other, geometry=shape, loss=other.loss or reading.lost)
        return other

    def lose(self, found: Found, log: Log, code: Code, why: str | Callable[[bytes], str]) -> None:
        """Count annotations that have no image as skipped; ``why``, or what it says of a record."""
        for file, object in zip(found.files, found.objects or ()):
            log.read(object.label)
            message = why if isinstance(why, str) else why(b"")
            log.skip(code, object.label, message, file=self._files[file].name, where=object.location, id=object.id)
        for file, row, text in zip(found.files, found.rows, found.texts):
            record = Record(self._files[file], row, text)
            if (read := self._one(record, log)) is None:
                continue
            data, _ = read
            label = self._one_record.label(record, data)
            count = len(data.segments_info) if data.segments_info is not None else 1
            log.read(label, count)
            _skip(log, record, label, Refused(code, why if isinstance(why, str) else why(text)), data.id, count)

    # ------------------------------------------------------------------------- answers beside the annotations

    def answers_beside(self, answers: Iterable[tuple[int, int, Beside, int]], log: Log) -> list[Annotation]:
        """Tags and scenes of an image, each counted."""
        found: list[Annotation] = []
        for file, row, beside, chosen in answers:
            name, label = beside.question, beside.options[chosen]
            log.read(label)
            if chosen >= beside.declared:
                message = f"the file does not say what {label} is called"
                log.skip(Code.CLASS_UNKNOWN, label, message, file=self._files[file].name)
                continue
            id = f"{name}/{file}.{row}"
            found.append(
                Classification(
                    id=id,
                    name=name,
                    value=Choice(label),
                    ledger_label=label,
                    location=f"{self._files[file].at}{name}s[{row}]",
                )
            )
        return found

    def lose_beside(self, answers: Iterable[tuple[int, int, Beside, int]], log: Log, message: str) -> None:
        """Count answers that have no image as skipped."""
        for file, row, beside, chosen in answers:
            label = beside.options[chosen]
            log.read(label)
            where = f"{beside.question}s[{row}]"
            log.skip(Code.ASSET_UNKNOWN, label, message, file=self._files[file].name, where=where)

    # ------------------------------------------------------------------------------------------------ panoptic

    def _panoptic(self, record: Record, data: AnyFields, asset: Asset, log: Log) -> list[Annotation]:
        """One mask a segment; every segment is an annotation of its own."""
        file = record.file
        segments = data.segments_info or []
        names: list[str] = []
        for segment in segments:
            category = find(file.categories, segment.category_id)
            names.append(str(category.name) if category else f"class_{segment.category_id}")
            log.read(names[-1])
        found: list[Annotation] = []
        masks = self._pictures.masks(record, data, asset, log)
        for segment, label, mask in zip(segments, names, masks):
            try:
                if not isinstance(mask, Mask):
                    raise Refused(*mask)
                check_declared(segment.category_id, file.categories)
            except Refused as error:
                _skip(log, record, label, error, segment.id)
                continue
            crowd = CROWD if segment.iscrowd else ()
            found.append(
                Object(
                    id=f"{segment.id}", label=label, geometry=mask, attributes=crowd, box=None, location=record.location
                )
            )
        return found


def _note(log: Log, code: Code, message: str, reading: Reading) -> None:
    record = reading.record
    log.note(code, message, file=record.file.name, where=record.where, id=str(reading.data.id))


def _skip(log: Log, record: Record, label: str, why: Refused, id: Id = None, count: int = 1) -> None:
    shown = "" if id is None else str(id)
    log.skip(why.code, label, str(why), file=record.file.name, where=record.where, id=shown, count=count)


def _same_box(other: Object, bbox: list[float] | None) -> bool:
    box = other.geometry if isinstance(other.geometry, Box) else other.box
    return bool(bbox) and box is not None and [box.left, box.top, box.width, box.height] == bbox
