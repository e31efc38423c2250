"""What an asset that is no picture says about its objects: spans lie in its text, boxes on its pages, shapes on the globe.

Functions return the object, cut to the asset where it sticks out, or raise :class:`Refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.lowering import Shape
from to_labelbox.model.items import (
    Asset,
    Box,
    Item,
    Media,
    Message,
    Object,
    PageBox,
    PageUnit,
    Point,
    TextSpan,
    Tiles,
    TokenSpan,
)
from to_labelbox.model.text import pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Log

ROUNDING = 1e-6
DEGREES = (-180.0, -90.0, 180.0, 90.0)
"""Longitudes and latitudes of EPSG4326: left, least, right, greatest."""


def cut(obj: Object, item: Item, log: Log, code: Code, message: str, geometry: PageBox | TextSpan) -> Object:
    log.note_annotation(code, message, obj, item.origin)
    return msgspec.structs.replace(obj, geometry=geometry, loss=True)


class _Last:
    """What was looked up in the last conversation and text, so that many spans of one asset do not search it each."""

    def __init__(self) -> None:
        self._messages: tuple[Message, ...] = ()
        self._by_id: dict[str, Message] = {}
        self._text = ""
        self._wide = -1

    def message(self, asset: Asset, id: str) -> Message | None:
        """The first message of that id."""
        if asset.messages is not self._messages:
            self._messages = asset.messages
            self._by_id = {m.id: m for m in reversed(asset.messages)}
        return self._by_id.get(id)

    def is_wide(self, text: str, end: int) -> bool:
        """Whether the text holds a character beyond U+FFFF before a place."""
        if text is not self._text:
            found = None if text.isascii() else _WIDE.search(text)
            self._text, self._wide = text, found.start() if found else len(text)
        return self._wide < end


_WIDE = pattern("[\U00010000-\U0010ffff]")
_LAST = _Last()


def text_of(asset: Asset, span: TextSpan) -> str | None:
    """The text that a span counts in; None when it is not at hand."""
    if span.message is None:
        return asset.text
    message = _LAST.message(asset, span.message)
    return None if message is None else message.content


def in_text(obj: Object, item: Item, log: Log) -> Object:
    span = obj.geometry
    if not isinstance(span, TextSpan):
        return obj
    asset = item.asset
    if asset.media is Media.CONVERSATION:
        check_message(span.message, asset)
    elif span.message is not None:
        raise Refused(Code.SPAN_INVALID, f"a span in message {span.message!r} on an asset that is no conversation")
    text = text_of(asset, span)
    if text is None or not 0 <= span.start < span.end:
        return obj
    if span.start >= len(text):
        raise Refused(Code.SPAN_INVALID, f"the span {span.start}..{span.end} begins after the text of {len(text)}")
    if _LAST.is_wide(text, min(span.end, len(text))):
        message = (
            "the text holds characters beyond U+FFFF: check one such entity in the editor; if it is shifted, convert "
            "again with -O text_unit=utf16"
        )
        log.note_annotation(Code.TEXT_UNIT, message, obj, item.origin)
    if span.end > len(text):
        message = f"the span {span.start}..{span.end} is cut off at the end of the text of {len(text)}"
        return cut(obj, item, log, Code.CLIPPED, message, msgspec.structs.replace(span, end=len(text)))
    return obj


def check_message(message: str | None, asset: Asset) -> None:
    """Raises :class:`Refused` unless it is a message of the conversation that can be labelled."""
    if message is None:
        raise Refused(Code.SPAN_INVALID, "an entity of a conversation needs the message it is in")
    if not asset.messages:
        return
    known = _LAST.message(asset, message)
    if known is None:
        raise Refused(Code.SPAN_INVALID, f"there is no message {message!r} in the conversation")
    if not known.can_label:
        raise Refused(Code.SPAN_INVALID, f"message {message!r} is marked as not to be labelled")


def on_page(obj: Object, item: Item, log: Log) -> Object:
    match obj.geometry:
        case PageBox(page, box, unit):
            if page < 1:
                raise Refused(Code.BOX_INVALID, f"page {page}: pages count from 1")
            if unit is PageUnit.PERCENT and geo.finite((box.left, box.top, box.width, box.height)):
                return _in_fractions(obj, item, log, page, box)
        case TokenSpan(selections):
            if not selections or not all(s.tokens and s.group and s.page >= 1 for s in selections):
                raise Refused(Code.SPAN_INVALID, "an entity needs token ids, their group and a page from 1 on")
        case _:
            pass
    return obj


def _in_fractions(obj: Object, item: Item, log: Log, page: int, box: Box) -> Object:
    over = max(-box.left, -box.top, box.left + box.width - 1, box.top + box.height - 1)
    if over <= ROUNDING:
        return obj
    inside = geo.clip_box(box, 1, 1)
    if inside is None:
        raise Refused(Code.OUTSIDE, "lies outside its page (fractions of a page run from 0 to 1)")
    message = f"reaches {over:g} pages beyond its page and is cut off there"
    return cut(obj, item, log, Code.CLIPPED, message, PageBox(page, inside, PageUnit.PERCENT))


def check_degrees(shapes: Iterable[Shape]) -> None:
    """Raises :class:`Refused` unless all shapes lie on the globe."""
    left, least, right, greatest = DEGREES
    for extent in filter(None, map(_extent, shapes)):
        if extent[0] < left or extent[1] < least or extent[2] > right or extent[3] > greatest:
            raise Refused(Code.OUTSIDE, "EPSG4326 takes longitudes of -180..180 as x and latitudes of -90..90 as y")


def check_map(shapes: Iterable[Shape], tiles: Tiles) -> None:
    """Raises :class:`Refused` for a shape of which nothing lies on its map."""
    (a, b), (c, d) = tiles.bounds
    left, low, right, high = min(a, c), min(b, d), max(a, c), max(b, d)
    for extent in filter(None, map(_extent, shapes)):
        if extent[2] < left or extent[0] > right or extent[3] < low or extent[1] > high:
            raise Refused(Code.OUTSIDE, f"lies beside its map, which is x {left:g}..{right:g}, y {low:g}..{high:g}")


def _extent(shape: Shape) -> tuple[float, float, float, float] | None:
    match shape.geometry:
        case Box(x, y, width, height):
            return x, y, x + width, y + height
        case Point(x, y):
            return x, y, x, y
        case list() | tuple() as points:
            return geo.bounds(points)
        case _:
            return None


BORDERS: Mapping[Media, Callable[[Object, Item, Log], Object]] = {
    Media.TEXT: in_text,
    Media.CONVERSATION: in_text,
    Media.DOCUMENT: on_page,
}
