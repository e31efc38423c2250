"""An annotation's record: where it is from, and its fields as they are decoded.

Nearly all records are plain, which is tried first; the other kinds of fields take whatever the format allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct, field

from to_labelbox.model.items import Asset, Box, Object
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.source.decimal_commas import EITHER
from to_labelbox_formats.coco.fields.named_sides import elsewhere
from to_labelbox_formats.coco.index.box_columns import NothingElse, states_outline
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import Id
from to_labelbox_formats.coco.options import Inner


class Record(NamedTuple):
    """An annotation's bytes, and where they are from: the file, and the number in it."""

    file: File
    row: int
    text: bytes

    @property
    def where(self) -> str:
        """Its place in its file."""
        return f"{self.file.annotation_list}[{self.row}]"

    @property
    def location(self) -> str:
        """Its place in the set."""
        return self.file.at + self.where


class Found(NamedTuple):
    """The annotations of one image, in order of files: file of each, number in it and bytes, or the object, if known."""

    files: Sequence[int]
    rows: Sequence[int]
    texts: Sequence[bytes]
    objects: Sequence[Object] | None = None


# ------------------------------------------------------------------------------------------------------ any record


class Rle(Struct, gc=False):
    """A mask by its runs, as a text or a list; ``size`` is height, width."""

    size: list[int]
    counts: list[int] | str


class Segment(Struct, gc=False):
    id: Id = None
    category_id: Id = None
    iscrowd: int | None = None


class _AnyFields(Struct, gc=False):
    id: Id = None
    category_id: Id = None
    bbox: list[float] | None = None
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
    bbox_mode: int | str | None = None
    attribute_ids: list[Id] | None = None


class Fields(_AnyFields, gc=False):
    """Fields of an annotation of any kind. Numbers in text and other oddities go the lenient way."""

    segmentation: list[list[float]] | Rle | None = None


class MixedOutline(Struct):
    """An outline of parts of several kinds, or with holes: each is an RLE, or an outer ring and its holes."""

    parts: list[Rle | list[list[float]]]


class NamedPoint(Struct):
    """A keypoint that stands for itself: its name, or the id that names it, its place and its visibility."""

    name: str | None
    id: Id
    x: float
    y: float
    v: float


class LooseFields(_AnyFields):
    """What the lenient way makes of a record that says more than fields of the usual types can."""

    segmentation: list[list[float]] | Rle | MixedOutline | None = None
    named_points: list[NamedPoint] | None = None
    image_id: Id = None


class BoxFields(_AnyFields, gc=False):
    """The same, with the outline left undecoded: ``segmentation`` only says whether there is one."""

    segmentation: msgspec.Raw = msgspec.Raw()


AnyFields: TypeAlias = Fields | LooseFields | BoxFields


_BROKEN = (Code.BOX_INVALID, Code.POLYGON_TOO_SHORT, Code.MASK_INVALID, Code.KEYPOINTS_INVALID)
"""What may be wrong with a place."""


class Reading(Struct):
    """An annotation while it is read: its record, its fields, its asset; its box, once that is known.

    ``remarks`` are told when it is written, each code once; what is skipped has one reason. ``lost``: some of it is not
    carried over. ``swapped``: the size of its RLE is width, height. ``inner``: what its
    parts in other parts are by its area, ``AUTO`` where that does not say. ``turn``: degrees by which its box is turned clockwise.
    ``numbered``: it has points of feet, face or hands that nothing names.
    """

    record: Record
    data: AnyFields
    asset: Asset
    remarks: dict[Code, list[str]] = field(default_factory=dict)
    box: Box | None = None
    lost: bool = False
    swapped: bool = False
    turn: float = 0.0
    inner: Inner | None = None
    numbered: bool = False

    def remark(self, code: Code, message: str) -> None:
        self.remarks.setdefault(code, []).append(message)

    def without(self, code: Code, message: str) -> None:
        """Remark that a place cannot be read; what stands in for it, if there is a box, or that something is lost."""
        self.lost = True
        stands_in = self.box is not None and self.box.width > 0 and self.box.height > 0
        self.remark(code, f"{message}; its box is used instead" if stands_in else message)

    def nothing_drawn(self) -> Refused:
        """Why it is skipped where no place of it can be read."""
        code = next((code for code in _BROKEN if code in self.remarks), None)
        if code is None:
            other = elsewhere(members_of(self.record.text))
            remedy = "-O places=image takes such annotations for classes of their images"
            but = f", but {other}, which no field of COCO holds; {remedy}" if other else ""
            return Refused(Code.GEOMETRY_MISSING, f"neither a box nor an outline nor keypoints{but}")
        commas = (said for said in self.remarks.get(Code.FIELD_REPAIRED, ()) if EITHER in said)
        return Refused(
            code, "; ".join((*(said for broken in _BROKEN for said in self.remarks.get(broken, ())), *commas))
        )


class _Ids(Struct, gc=False):
    id: Id = None


# ---------------------------------------------------------------------------------------------------- plain records


class Plain(NothingElse, gc=False):
    """An instance as nearly all are."""

    bbox: Box
    category_id: Id = None
    id: Id = None
    segmentation: list[list[float]] | Rle | None = None


class PlainBox(NothingElse, gc=False):
    """The same, with the outline left undecoded."""

    bbox: Box
    category_id: Id = None
    id: Id = None
    segmentation: msgspec.Raw = msgspec.Raw()


decode_ids = msgspec.json.Decoder(list[_Ids]).decode
decode_all = msgspec.json.Decoder(list[Fields]).decode
decode_boxes = msgspec.json.Decoder(list[BoxFields]).decode
decode_plain = msgspec.json.Decoder(list[Plain]).decode
decode_plain_boxes = msgspec.json.Decoder(list[PlainBox]).decode


def list_of(texts: Sequence[bytes]) -> bytes:
    """Records as one JSON array."""
    return b"[%b]" % b",".join(texts)


def has_outline(segmentation: object) -> bool:
    """Whether a record states an outline, read or left undecoded."""
    if isinstance(segmentation, msgspec.Raw):
        return states_outline(segmentation)
    return any(segmentation) if isinstance(segmentation, list) else bool(segmentation)
