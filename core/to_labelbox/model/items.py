"""The model every reader normalises into and every writer starts from: types, no behaviour.

Conventions, stated once for the whole project:

- Image coordinates are pixels as floats, origin at the top-left corner of the *stored* picture (EXIF orientation not
  applied), x right, y down. A pixel covers [i, i+1); right and bottom are exclusive edges.
- Map coordinates (``Media.GEOSPATIAL``) use the same shapes with x = longitude or easting, y = latitude or northing.
- Angles are degrees, clockwise as seen on the screen.
- Vertices are flat, ``x0, y0, x1, y1, …``; rings are not closed (the last vertex does not repeat the first).
- Frames count from 0, pages from 1. Times are seconds. Text spans are half-open, in Unicode code points.
- Labels and options are names, never numbers.

A source's own convention (1-based corners, normalised centres, per cent, inclusive ends) is undone in that format's file.
Structs are frozen and must be treated as immutable throughout, the vertex lists included.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct


class Media(StrEnum):
    """What an asset is."""

    IMAGE = "image"
    VIDEO = "video"
    TEXT = "text"
    DOCUMENT = "document"
    CONVERSATION = "conversation"
    AUDIO = "audio"
    GEOSPATIAL = "geospatial"
    HTML = "html"
    DICOM = "dicom"


# --------------------------------------------------------------------------------------------------- geometry

Flat: TypeAlias = Sequence[float]
"""Vertices as x0, y0, x1, y1, …"""


class Box(Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """Upright rectangle. Width and height are kept rather than the far corner, so that no number is re-computed.

    ``array_like``: four numbers in a row are how files have it, so that a decoder can make a box of them at once.
    """

    left: float
    top: float
    width: float
    height: float


class RotatedBox(Struct, frozen=True, gc=False):
    """Rectangle turned clockwise by ``angle`` degrees about its centre (cx, cy)."""

    cx: float
    cy: float
    width: float
    height: float
    angle: float


class Polygon(Struct, frozen=True, gc=False):
    """One or several parts; each part is an outer ring, then its holes. Parts are united."""

    parts: tuple[tuple[Flat, ...], ...]


class Polyline(Struct, frozen=True, gc=False):
    points: Flat


class Point(Struct, frozen=True, gc=False):
    x: float
    y: float


class Keypoint(Struct, frozen=True, gc=False):
    """A named point of a skeleton that is present; absent ones are left out of :class:`Keypoints`."""

    name: str
    x: float
    y: float
    occluded: bool = False


class Keypoints(Struct, frozen=True, gc=False):
    points: tuple[Keypoint, ...]


class Mask(Struct, frozen=True, gc=False):
    """Raster over the whole asset: COCO's compressed RLE (column-major, first run is background).

    Build it with the functions of :mod:`to_labelbox.geometry.vector`, which check that the runs fill width × height.
    """

    width: int
    height: int
    counts: bytes


class Ellipse(Struct, frozen=True, gc=False):
    """Radii rx, ry along the axes before turning clockwise by ``angle`` degrees about the centre."""

    cx: float
    cy: float
    rx: float
    ry: float
    angle: float = 0.0


class Cuboid(Struct, frozen=True, gc=False):
    """Two faces of four corners each, flat."""

    front: Flat
    back: Flat


class TextSpan(Struct, frozen=True, gc=False):
    """Half-open span of code points, in the asset's text or in one message of a conversation."""

    start: int
    end: int
    message: str | None = None


class TimeSpan(Struct, frozen=True, gc=False):
    """Seconds from the start."""

    start: float
    end: float


class FrameSpan(Struct, frozen=True, gc=False):
    """Frames, counted from 0, both ends included (a label can hold on a single frame)."""

    start: int
    end: int


class PageUnit(StrEnum):
    POINTS = "POINTS"
    PIXELS = "PIXELS"
    INCHES = "INCHES"
    PERCENT = "PERCENT"
    """Fractions 0..1 of the page."""


class PageBox(Struct, frozen=True, gc=False):
    """Box on a page of a document, pages from 1, origin top left."""

    page: int
    box: Box
    unit: PageUnit


class TokenSelection(Struct, frozen=True, gc=False):
    page: int
    group: str
    tokens: tuple[str, ...]


class TokenSpan(Struct, frozen=True, gc=False):
    """Entity in a document, by the token ids of its text layer."""

    selections: tuple[TokenSelection, ...]


Geometry: TypeAlias = (
    Box
    | RotatedBox
    | Polygon
    | Polyline
    | Point
    | Keypoints
    | Mask
    | Ellipse
    | Cuboid
    | TextSpan
    | TimeSpan
    | PageBox
    | TokenSpan
)

# ------------------------------------------------------------------------------------------------ annotations


class Choice(Struct, frozen=True, gc=False):
    """A chosen option, with the answers nested under it."""

    value: str
    attributes: tuple[Attribute, ...] = ()


Scalar: TypeAlias = str | bool | int | float
Value: TypeAlias = Scalar | Choice | tuple[str | Choice, ...]
"""A tuple is several options of one question. A bare scalar is an option or free text, as the ontology decides."""


class Attribute(Struct, frozen=True, gc=False):
    """A named answer about an annotation.

    ``flag`` marks a yes/no fact that is worth a question only where it is true somewhere (difficult, occluded, …).
    ``free_text``: the value is free text, however few different ones there are.
    """

    name: str
    value: Value
    flag: bool = False
    free_text: bool = False


class Object(Struct, frozen=True, gc=False, kw_only=True):
    """A labelled shape, span or region.

    ``id`` is the source's identity of the annotation, unique within its item; it makes the uuid.
    ``box`` is the source's own box when the geometry is something more specific.
    ``keypoints`` stand beside the object's own shape.
    ``outline_unread``: the source holds an outline that was not read because only boxes were asked for.
    ``loss``: this is already less than the source said; the reader has logged what is gone.
    ``location`` is its place in the item's origin, for messages (``annotations[12]``, ``line 7``); where the annotation is of
    another file, that file and a tab stand before it.
    ``source_count``: how many source annotations it stands for; 0 for a further piece of one that is already counted.
    ``ledger_label``: the class that the ledger counts it under where that is not its label: a renamed one, or a skeleton's.
    """

    id: str
    label: str
    geometry: Geometry
    attributes: tuple[Attribute, ...] = ()
    box: Box | None = None
    keypoints: Keypoints | None = None
    outline_unread: bool = False
    loss: bool = False
    location: str = ""
    source_count: int = 1
    ledger_label: str = ""


class Classification(Struct, frozen=True, gc=False, kw_only=True):
    """An answer about the whole asset, or about frames, a stretch of time, or one message of it.

    ``repeatable`` keeps repeated answers as questions of their own (``caption``, ``caption 2``) instead of joining them.
    ``free_text``: the value is free text, however few different ones there are.
    """

    id: str
    name: str
    value: Value
    frames: tuple[FrameSpan, ...] = ()
    times: tuple[TimeSpan, ...] = ()
    message: str | None = None
    repeatable: bool = False
    free_text: bool = False
    loss: bool = False
    location: str = ""
    source_count: int = 1
    ledger_label: str = ""


class Keyframe(Struct, frozen=True, gc=False):
    """Attributes hold from this frame on; an empty value takes an earlier answer back."""

    frame: int
    geometry: Geometry
    attributes: tuple[Attribute, ...] = ()


class Track(Struct, frozen=True, gc=False, kw_only=True):
    """One object over time. A segment is a visible stretch: linear between its keyframes, gone after its last one."""

    id: str
    label: str
    segments: tuple[tuple[Keyframe, ...], ...]
    attributes: tuple[Attribute, ...] = ()
    plane: str | None = None  # DICOM: axial, sagittal or coronal
    loss: bool = False
    location: str = ""
    source_count: int = 1
    ledger_label: str = ""


class Relationship(Struct, frozen=True, gc=False, kw_only=True):
    """Directed link between two annotations of one item, by their ids."""

    id: str
    label: str
    source: str
    target: str
    bidirectional: bool = False
    location: str = ""
    source_count: int = 1
    ledger_label: str = ""


Annotation: TypeAlias = Object | Classification | Track | Relationship

# ----------------------------------------------------------------------------------------------------- assets


class Message(Struct, frozen=True, gc=False):
    id: str
    content: str
    user: str = ""
    name: str = ""
    align: str = "left"
    can_label: bool = True


class Tiles(Struct, frozen=True, gc=False):
    """A tiled map. ``bounds`` are two corners as x, y (longitude, latitude)."""

    url: str
    bounds: tuple[tuple[float, float], tuple[float, float]]
    epsg: str = "EPSG4326"
    min_zoom: int = 0
    max_zoom: int = 22


class Asset(Struct, frozen=True, gc=False, kw_only=True):
    """One picture, clip, text, …

    ``path`` is the place below the media root, ``/``-separated, folders kept: identity of the asset, never opened unless
    it stays below that root. ``url`` is what the source says about where it is. ``width`` and ``height``: its size in stored
    pixels, or None; those of the frame that labels are in where ``picture``, the size of the picture at hand, is another one.
    ``content``: its bytes, where the source holds them in itself; they are written to ``media/<path>`` beside the output.
    """

    path: str
    media: Media = Media.IMAGE
    id: str = ""
    url: str | None = None
    width: int | None = None
    height: int | None = None
    picture: tuple[int, int] | None = None
    frames: int | None = None
    frame_rate: float | None = None
    text: str | None = None
    messages: tuple[Message, ...] = ()
    tiles: Tiles | None = None
    text_layer: str | None = None
    content: bytes | None = None
    metadata: tuple[tuple[str, str], ...] = ()


class Item(Struct, frozen=True, gc=False, kw_only=True):
    """An asset with *all* its annotations: the unit that streams.

    ``origin`` names the file (and record) it comes from, for messages. ``split_seen_in``: the folder or file of whose name the
    split is a word, where the source does not state it.
    """

    asset: Asset
    annotations: Sequence[Annotation] = ()
    split: str = ""
    origin: str = ""
    split_seen_in: str = ""
