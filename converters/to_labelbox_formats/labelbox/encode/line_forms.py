"""How a single shape is written, by asset type: one function a kind of line, and the table of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Raw, Struct

from to_labelbox.geometry.lowering import Shape
from to_labelbox.model.items import Box, Item, Mask, Media, PageBox, Point, TextSpan, TokenSpan
from to_labelbox.model.schema import Kind
from to_labelbox_formats.labelbox.encode.asset_bounds import text_of as span_text
from to_labelbox_formats.labelbox.encode.line_types import (
    XY,
    Bbox,
    BoxLine,
    EntityLine,
    LineLine,
    Location,
    MaskLine,
    PageBoxLine,
    Png,
    PointLine,
    PolygonLine,
    Selection,
    TokenLine,
)
from to_labelbox_formats.labelbox.encode.placeholders import ascii_json
from to_labelbox_formats.labelbox.options import Options, TextUnit


class Row(Protocol):
    """What a line needs to know of where it stands: the reference to its data row, the item, the user's options."""

    data_row: Raw
    item: Item
    options: Options

    def picture_of(self, mask: Mask) -> Png:
        """The picture of a mask, which may be filled in when the line is encoded."""


Form = Callable[[Row, str, Raw, Shape], Struct]
"""From the uuid, the tool's name and the shape to the line."""


def _box_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    box: Box = shape.geometry  # type: ignore[assignment]
    return BoxLine(uuid, row.data_row, name, Bbox(box.top, box.left, box.height, box.width))


def _page_box_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    drawn: PageBox = shape.geometry  # type: ignore[assignment]
    box = Bbox(drawn.box.top, drawn.box.left, drawn.box.height, drawn.box.width)
    return PageBoxLine(uuid, row.data_row, name, box, drawn.page, drawn.unit)


def _polygon_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    values = iter(shape.geometry)  # type: ignore[arg-type]
    return PolygonLine(uuid, row.data_row, name, list(map(XY, values, values)))


def _line_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    values = iter(shape.geometry)  # type: ignore[arg-type]
    return LineLine(uuid, row.data_row, name, list(map(XY, values, values)))


def _point_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    point: Point = shape.geometry  # type: ignore[assignment]
    return PointLine(uuid, row.data_row, name, XY(point.x, point.y))


def _mask_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    mask: Mask = shape.geometry  # type: ignore[assignment]
    return MaskLine(uuid, row.data_row, name, row.picture_of(mask))


def _entity_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    """``end`` is the last character [docs, text entity]; the model's is the one after."""
    span: TextSpan = shape.geometry  # type: ignore[assignment]
    start, end = span.start, span.end
    if row.options.text_unit == TextUnit.UTF16:
        text = span_text(row.item.asset, span) or ""
        start, end = _utf16(text, start), _utf16(text, end)
    message = None if span.message is None else Raw(ascii_json(span.message))
    return EntityLine(uuid, row.data_row, name, Location(start, end - 1), message)


def _token_line(row: Row, uuid: str, name: Raw, shape: Shape) -> Struct:
    span: TokenSpan = shape.geometry  # type: ignore[assignment]
    selections = [Selection(list(s.tokens), s.group, s.page) for s in span.selections]
    return TokenLine(uuid, row.data_row, name, selections)


def _utf16(text: str, offset: int) -> int:
    """UTF-16 units before a code point offset."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


_OUTLINES: dict[tuple[type, Kind], Form] = {
    (Box, Kind.BOX): _box_line,
    (list, Kind.POLYGON): _polygon_line,
    (tuple, Kind.POLYGON): _polygon_line,
    (list, Kind.LINE): _line_line,
    (tuple, Kind.LINE): _line_line,
    (Point, Kind.POINT): _point_line,
}
_SPANS: dict[tuple[type, Kind], Form] = {(TextSpan, Kind.ENTITY): _entity_line}
LINE_FORMS: dict[Media, dict[tuple[type, Kind], Form]] = {
    Media.IMAGE: {**_OUTLINES, (Mask, Kind.MASK): _mask_line},
    Media.VIDEO: {},
    Media.TEXT: _SPANS,
    Media.DOCUMENT: {(PageBox, Kind.BOX): _page_box_line, (TokenSpan, Kind.ENTITY): _token_line},
    Media.GEOSPATIAL: _OUTLINES,
    Media.AUDIO: {},
    Media.CONVERSATION: _SPANS,
    Media.HTML: {},
    Media.DICOM: {},
}
"""How single shapes are written, by asset type [docs.labelbox.com, import pages]; tracks are apart (video.py)."""
