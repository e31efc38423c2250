"""The payload lines as structs; field order is key order, fields at their default are left out.

A ``Raw`` field may hold a token that the ontology fills in later (see payload.py).
"""

from __future__ import annotations

from msgspec import Raw, Struct


class XY(Struct, gc=False):
    x: float
    y: float


class Bbox(Struct, gc=False):
    top: float
    left: float
    height: float
    width: float


class BoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    bbox: Bbox


class PageBoxLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    bbox: Bbox
    page: int
    unit: str


class PolygonLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    polygon: list[XY]


class LineLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    line: list[XY]


class PointLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    point: XY


class Png(Struct, gc=False):
    png: Raw


class MaskLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    mask: Png


class Location(Struct, gc=False):
    start: int
    end: int


class EntityLine(Struct, gc=False, omit_defaults=True):
    uuid: str
    dataRow: Raw
    name: Raw
    location: Location
    messageId: Raw | None = None


class Selection(Struct, gc=False):
    tokenIds: list[str]
    groupId: str
    page: int


class TokenLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    textSelections: list[Selection]


class AnswerLine(Struct, gc=False, omit_defaults=True):
    uuid: str
    dataRow: Raw
    name: Raw
    answer: Raw
    messageId: Raw | None = None


class RangedLine(Struct, gc=False):
    """Temporal answers carry no uuid [SDK 7.17, NDVideoText and temporal.py have no such field]."""

    dataRow: Raw
    name: Raw
    answer: Raw


class RelationshipEnds(Struct, gc=False):
    source: str
    target: str
    type: str


class RelationshipLine(Struct, gc=False):
    uuid: str
    dataRow: Raw
    name: Raw
    relationship: RelationshipEnds


class BoxKey(Struct, gc=False):
    frame: int
    bbox: Bbox


class PointKey(Struct, gc=False):
    frame: int
    point: XY


class LineKey(Struct, gc=False):
    frame: int
    line: list[XY]


class Segment(Struct, gc=False):
    keyframes: list[BoxKey | PointKey | LineKey | Raw]


class SegmentsLine(Struct, gc=False, omit_defaults=True):
    """``groupKey`` is the plane of a DICOM series."""

    uuid: str
    dataRow: Raw
    name: Raw
    segments: list[Segment]
    groupKey: str | None = None


class MaskFrame(Struct, gc=False):
    index: int
    imBytes: Raw


class MaskInstance(Struct, gc=False):
    colorRGB: tuple[int, int, int]
    name: Raw


class Masks(Struct, gc=False):
    frames: list[MaskFrame]
    instances: list[MaskInstance]


class MasksLine(Struct, gc=False, omit_defaults=True):
    """The name stands on the instance. Without uuid: the SDK gives such a line another one [SDK 7.17, NDVideoMasks]."""

    dataRow: Raw
    masks: Masks
    groupKey: str | None = None
