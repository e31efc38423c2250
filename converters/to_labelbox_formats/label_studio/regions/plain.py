"""The regions that most exports are made of, in few steps: upright rectangles, closed outlines and spans with one label.

What holds anything beside their usual keys takes the general way (:mod:`.region`), which makes the same of these.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import Raw, Struct

from to_labelbox.model.items import Attribute, Box, Geometry, Media, Polygon, TextSpan
from to_labelbox.report.errors import Refused
from to_labelbox_formats.label_studio.config import ANSWER_TAGS
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import Number, Region
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions
from to_labelbox_formats.label_studio.regions.grouping import Group, parts_of
from to_labelbox_formats.label_studio.regions.naming import Naming
from to_labelbox_formats.label_studio.regions.region import answers_in
from to_labelbox_formats.label_studio.regions.shapes import scaled


class _Rectangle(Struct, gc=False, forbid_unknown_fields=True):
    x: float
    y: float
    width: float
    height: float
    rectanglelabels: list[str]
    rotation: float = 0.0

    def drawn(self, width: float, height: float) -> Drawn:
        across, down = self.width * width / 100, self.height * height / 100
        return self.rectanglelabels[0], Box(self.x * width / 100, self.y * height / 100, across, down)


class _Outline(Struct, gc=False, forbid_unknown_fields=True):
    points: list[tuple[float, float]]
    polygonlabels: list[str]
    closed: bool = True

    def drawn(self, width: float, height: float) -> Drawn:
        return self.polygonlabels[0], Polygon(((scaled(self.points, width, height),),))


class _Span(Struct, gc=False, forbid_unknown_fields=True):
    start: int
    end: int
    text: str
    labels: list[str]


_RECTANGLE = msgspec.json.Decoder(_Rectangle).decode
_OUTLINE = msgspec.json.Decoder(_Outline).decode
_SPAN = msgspec.json.Decoder(_Span).decode

Drawn = tuple[str, Geometry] | None
"""The label of a plain shape and the shape itself."""


def plain_regions(asset: AssetRegions, units: str) -> Callable[[Region, bool], Drawn] | None:
    """What draws the plain regions of an asset and gives None for others; None where no region on it is plain.

    Asked for an entry and whether it is its region's only one; then a picture also learns what it says of its size.
    """
    if asset.slot.media is Media.IMAGE:
        return _on_picture(asset, units)
    # spans of hypertext are written elsewhere than they count
    return partial(_in_text, asset) if asset.slot.media is Media.TEXT and asset.hypertext is None else None


def plain_answers(group: Group, naming: Naming) -> tuple[Attribute, ...] | None:
    """What further entries of a plain region answer about it; None where they say anything else."""
    first, *others = group.entries
    if any(e.meta or e.normalization or e.id != first.id or e.kind not in ANSWER_TAGS for e in others):
        return None
    try:
        parts = parts_of(others)
        return None if any(part.labels for part in parts) else tuple(answers_in(parts, naming))
    except (*UNDECODABLE, Refused):
        return None


def _on_picture(asset: AssetRegions, units: str) -> Callable[[Region, bool], Drawn]:
    width: Number = -1
    height: Number = -1
    size: tuple[float, float] | None = None

    def draw(entry: Region, alone: bool) -> Drawn:
        nonlocal width, height, size
        read = _DRAWN.get(entry.type)
        shape = read(entry.value) if read is not None else None
        if shape is None and not alone:
            return None
        if entry.original_width != width or entry.original_height != height or entry.image_rotation:
            width, height = entry.original_width, entry.original_height
            size = asset.frame_in(units, entry)
        return shape.drawn(*size) if shape is not None and size is not None and asset.orientation == 1 else None

    return draw


def _rectangle(raw: Raw) -> _Rectangle | None:
    try:
        box = _RECTANGLE(raw)
    except UNDECODABLE:
        return None
    return None if len(box.rectanglelabels) != 1 or box.rotation or box.width < 0 or box.height < 0 else box


def _outline(raw: Raw) -> _Outline | None:
    try:
        outline = _OUTLINE(raw)
    except UNDECODABLE:
        return None
    return outline if len(outline.polygonlabels) == 1 and outline.closed and len(outline.points) > 2 else None


_DRAWN: dict[str | None, Callable[[Raw], _Rectangle | _Outline | None]] = {
    "rectanglelabels": _rectangle,
    "polygonlabels": _outline,
}


def _in_text(asset: AssetRegions, entry: Region, alone: bool) -> Drawn:  # noqa: ARG001 - of all that draw
    """A span that covers the very text that it says it covers, as offsets count code points."""
    offsets = asset.offsets
    if offsets is None or entry.type != "labels":
        return None
    try:
        span = _SPAN(entry.value)
    except UNDECODABLE:
        return None
    start, end = span.start, span.end
    if len(span.labels) != 1 or not 0 <= start < end <= len(offsets.text) or offsets.text[start:end] != span.text:
        return None
    return span.labels[0], TextSpan(start, end)
