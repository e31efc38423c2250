"""A payload line as the importer takes it: keys, types, nothing beyond them [SDK 7.17, data/serialization/ndjson].

Decoding a line into these structs is the check of its structure; rules about values are in lines.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType


class XY(Struct, forbid_unknown_fields=True, gc=False):
    x: float
    y: float


class Bbox(Struct, forbid_unknown_fields=True, gc=False):
    top: float
    left: float
    height: float
    width: float


class WireMask(Struct, forbid_unknown_fields=True, gc=False):
    png: str | UnsetType = UNSET
    imBytes: str | UnsetType = UNSET
    instanceURI: str | UnsetType = UNSET
    colorRGB: tuple[int, int, int] | UnsetType = UNSET


class Location(Struct, forbid_unknown_fields=True, gc=False):
    start: int
    end: int


class Selection(Struct, forbid_unknown_fields=True, gc=False):
    tokenIds: list[str]
    groupId: str
    page: int


class Range(Struct, forbid_unknown_fields=True, gc=False):
    start: int
    end: int


class WireChoice(Struct, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    schemaId: str | UnsetType = UNSET
    value: str | UnsetType = UNSET
    frames: list[Range] | UnsetType = UNSET
    classifications: list[Answer] | UnsetType = UNSET


Answers: TypeAlias = str | WireChoice | list[WireChoice]


class Answer(Struct, forbid_unknown_fields=True):
    """A nested classification; ``answers`` is an alias that the SDK takes."""

    name: str | UnsetType = UNSET
    schemaId: str | UnsetType = UNSET
    answer: Answers | UnsetType = UNSET
    answers: Answers | UnsetType = UNSET


class WireKeyframe(Struct, forbid_unknown_fields=True):
    frame: int
    bbox: Bbox | UnsetType = UNSET
    point: XY | UnsetType = UNSET
    line: list[XY] | UnsetType = UNSET
    classifications: list[Answer] | UnsetType = UNSET


class Segment(Struct, forbid_unknown_fields=True):
    keyframes: list[WireKeyframe]


class MaskFrame(Struct, forbid_unknown_fields=True):
    index: int
    imBytes: str | UnsetType = UNSET
    instanceURI: str | UnsetType = UNSET


class MaskInstance(Struct, forbid_unknown_fields=True):
    colorRGB: tuple[int, int, int]
    name: str | UnsetType = UNSET
    schemaId: str | UnsetType = UNSET


class Masks(Struct, forbid_unknown_fields=True):
    frames: list[MaskFrame]
    instances: list[MaskInstance]


class WireRelationship(Struct, forbid_unknown_fields=True):
    target: str
    source: str | UnsetType = UNSET
    sourceOntologyName: str | UnsetType = UNSET
    type: str = "unidirectional"
    readonly: bool = False


class DataRow(Struct, forbid_unknown_fields=True, gc=False):
    globalKey: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class Line(Struct, forbid_unknown_fields=True):
    dataRow: DataRow
    uuid: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    schemaId: str | UnsetType = UNSET
    bbox: Bbox | UnsetType = UNSET
    polygon: list[XY] | UnsetType = UNSET
    point: XY | UnsetType = UNSET
    line: list[XY] | UnsetType = UNSET
    mask: WireMask | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    textSelections: list[Selection] | UnsetType = UNSET
    segments: list[Segment] | UnsetType = UNSET
    masks: Masks | UnsetType = UNSET
    relationship: WireRelationship | UnsetType = UNSET
    answer: Answers | UnsetType = UNSET
    answers: Answers | UnsetType = UNSET
    classifications: list[Answer] | UnsetType = UNSET
    page: int | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    messageId: str | UnsetType = UNSET
    groupKey: str | UnsetType = UNSET
    frames: list[Range] | UnsetType = UNSET
    isBenchmarkReferenceLabel: bool = False

    @property
    def named(self) -> Sequence[Line | MaskInstance]:
        """What has a name: the line, or the instances of its masks of a video."""
        return self.masks.instances if isinstance(self.masks, Masks) else (self,)


class WireMessage(Struct, forbid_unknown_fields=True):
    messageId: str
    content: str
    user: dict[str, str] | UnsetType = UNSET
    align: str = "left"
    canLabel: bool = True
    timestampUsec: int | UnsetType = UNSET


class Conversation(Struct, forbid_unknown_fields=True):
    type: str
    version: int
    messages: list[WireMessage]


class Document(Struct, forbid_unknown_fields=True):
    pdf_url: str
    text_layer_url: str | UnsetType = UNSET


class TileLayer(Struct):
    """Snake and camel case are both published."""

    bounds: tuple[tuple[float, float], tuple[float, float]]
    epsg: str
    tile_layer_url: str = ""
    tileLayerUrl: str = ""
    version: int | UnsetType = UNSET


class Metadata(Struct, forbid_unknown_fields=True):
    value: str | int | float | bool
    name: str | UnsetType = UNSET
    schema_id: str | UnsetType = UNSET


class Attachment(Struct, forbid_unknown_fields=True):
    type: str
    value: str
    name: str | UnsetType = UNSET


class Row(Struct, forbid_unknown_fields=True):
    row_data: str | dict[str, object]
    global_key: str | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    media_type: str | UnsetType = UNSET
    metadata_fields: list[Metadata] | UnsetType = UNSET
    attachments: list[Attachment] | UnsetType = UNSET
    embeddings: list[object] | UnsetType = UNSET
    dataset_id: str | UnsetType = UNSET
