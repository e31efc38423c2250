"""Shapes of payload lines as SVG: in the payload's own coordinates, so that the page shows its very numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from to_labelbox.model.text import n_of, shortened
from to_labelbox.pages.markup import number as n
from to_labelbox.pages.markup import text
from to_labelbox_formats.labelbox.preview.pictures import Patch, Picture
from to_labelbox_formats.labelbox.validate import wire

DISPLAY_WIDTH, DISPLAY_HEIGHT = 960, 640
NAMED = 400
"""Names on a canvas at most, of the largest shapes; the page hides those that would lie on others."""
NAMED_POINTS = 8
FARTHEST = 1e9
"""Coordinates beyond are not drawn."""

Turn = Callable[[float, float], tuple[float, float]]
"""From the payload's coordinates to those of a canvas."""


def same(x: float, y: float) -> tuple[float, float]:
    return x, y


@dataclass(slots=True)
class Drawn:
    """A shape on a canvas: its SVG, the class's number, its bounds, and what is said when it is pointed at."""

    klass: int
    name: str
    svg: str
    bounds: tuple[float, float, float, float]
    tip: str
    uuid: str = ""
    dot: bool = False

    @property
    def area(self) -> float:
        left, top, right, bottom = self.bounds
        return (right - left) * (bottom - top)

    @property
    def middle(self) -> tuple[float, float]:
        left, top, right, bottom = self.bounds
        return (left + right) / 2, (top + bottom) / 2


class Undrawable(Exception):
    """A geometry that cannot be drawn; the message says why."""


def outline(shape: wire.Line | wire.WireKeyframe, turn: Turn = same) -> tuple[str, list[tuple[float, float]], str]:
    """SVG of a box, polygon, line or point, its corners on the canvas, and its numbers in words.

    Raises :class:`Undrawable`.
    """
    if isinstance(shape.bbox, wire.Bbox):
        box = shape.bbox
        corners = _turned([(box.left, box.top), (box.left + box.width, box.top + box.height)], turn)
        (x0, y0), (x1, y1) = corners
        words = f"box at {box.left:g}, {box.top:g}, {box.width:g} × {box.height:g}"
        left, top, width, height = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
        return f'<rect x="{n(left)}" y="{n(top)}" width="{n(width)}" height="{n(height)}"/>', corners, words
    if isinstance(shape, wire.Line) and isinstance(shape.polygon, list):
        corners = _turned([(p.x, p.y) for p in shape.polygon], turn)
        return f'<polygon points="{_points(corners)}"/>', corners, f"polygon of {n_of(len(corners), 'point')}"
    if isinstance(shape.line, list):
        corners = _turned([(p.x, p.y) for p in shape.line], turn)
        return f'<polyline points="{_points(corners)}"/>', corners, f"line of {n_of(len(corners), 'point')}"
    if isinstance(shape.point, wire.XY):
        corners = _turned([(shape.point.x, shape.point.y)], turn)
        x, y = corners[0]
        return f'<path class="dot" d="M{n(x)} {n(y)}h0"/>', corners, f"point at {shape.point.x:g}, {shape.point.y:g}"
    raise Undrawable("no shape that can be drawn")


def _turned(points: Sequence[tuple[float, float]], turn: Turn) -> list[tuple[float, float]]:
    turned = [turn(x, y) for x, y in points]
    if not turned:
        raise Undrawable("a shape without points")
    if not all(math.isfinite(v) and abs(v) <= FARTHEST for point in turned for v in point):
        raise Undrawable("a shape with coordinates that no picture has")
    return turned


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{n(x)},{n(y)}" for x, y in corners)


def drawn(
    klass: int,
    name: str,
    shape: wire.Line | wire.WireKeyframe,
    told: Sequence[str],
    turn: Turn = same,
    uuid: object = UNSET,
) -> Drawn:
    """A shape of an outline with its tip. Raises :class:`Undrawable`."""
    svg, corners, words = outline(shape, turn)
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    tip = "\n".join([name, *told, words])
    bounds = (min(xs), min(ys), max(xs), max(ys))
    return Drawn(klass, name, svg, bounds, tip, uuid if isinstance(uuid, str) else "", dot='class="dot"' in svg)


def patch(klass: int, name: str, mask: Patch, told: Sequence[str], uuid: object = UNSET) -> Drawn:
    """A mask in the colour of its class."""
    width, height = mask.right - mask.left, mask.bottom - mask.top
    svg = (
        f'<image href="{mask.url}" x="{mask.left}" y="{mask.top}" width="{width}" height="{height}" '
        'preserveAspectRatio="none"/>'
    )
    words = f"mask at {mask.left}, {mask.top}, {width} × {height}" if mask.url else "empty mask"
    tip = "\n".join([name, *told, words])
    bounds = (mask.left, mask.top, mask.right, mask.bottom)
    return Drawn(klass, name, svg if mask.url else "", bounds, tip, uuid if isinstance(uuid, str) else "")


# ---------------------------------------------------------------------------------------------------------- canvas


def extent(shapes: Sequence[Drawn]) -> tuple[float, float]:
    """Width and height of a canvas from the origin that holds all shapes with some air."""
    right = max((s.bounds[2] for s in shapes), default=0)
    bottom = max((s.bounds[3] for s in shapes), default=0)
    return max(right * 1.05, 16), max(bottom * 1.05, 16)


def canvas(
    shapes: Sequence[Drawn],
    width: float,
    height: float,
    picture: Picture | None = None,
    *,
    display: tuple[int, int] = (DISPLAY_WIDTH, DISPLAY_HEIGHT),
    links: str = "",
) -> str:
    """A picture, or an empty canvas, with shapes on it; smaller shapes lie above larger ones."""
    zoom = min(display[0] / width, display[1] / height)
    sharp = " pixels" if zoom > 2 else ""
    back = f'<rect class="blank" width="{n(width)}" height="{n(height)}"/>'
    if picture is not None:
        back = (
            f'<image href="{picture.url}" width="{picture.width}" height="{picture.height}" '
            'preserveAspectRatio="none"/>'
        )
    ordered = sorted(shapes, key=lambda s: (s.dot, -s.area))
    body = "".join(
        f'<g class="s c{s.klass}" data-c="{s.klass}" tabindex="0" role="img" '
        f'aria-label="{text(s.tip)}" data-tip="{text(s.tip)}">{s.svg}</g>'
        for s in ordered
    )
    dots = sum(s.dot for s in shapes) <= NAMED_POINTS
    named = [s for s in ordered if dots or not s.dot][:NAMED]
    names = "".join(_name(s, width, height) for s in named)
    return (
        f'<div class="canvas"><svg class="picture{sharp}" width="{round(zoom * width)}" height="{round(zoom * height)}" '
        f'viewBox="0 0 {n(width)} {n(height)}">{back}{body}{links}</svg>'
        f'<svg class="names" aria-hidden="true">{names}</svg></div>'
    )


_NARROW, _WIDE = set("iljtfrI.,:;|!'()[] "), set("mwMWOQGD@%")
LABEL = 15


def _width(name: str) -> float:
    """About how wide a name is in pixels; the browser fits the text to it."""
    return sum(11.5 if ord(c) > 0x2000 else 3.7 if c in _NARROW else 9 if c in _WIDE else 6.7 for c in name)


def _name(shape: Drawn, width: float, height: float) -> str:
    """The name on a plate. ``data-at`` is the shape's envelope in per mille of the canvas: the page's script puts the plate
    beside it where it covers no other, and hides it where there is no such place."""
    name = shortened(shape.name.rpartition("/")[2] if shape.dot else shape.name, 28)
    wide = _width(name)
    left, top, right, bottom = shape.bounds
    at = " ".join(n(1000 * v / side) for v, side in zip((left, top, right, bottom), (width, height, width, height)))
    return (
        f'<svg class="c{shape.klass}" data-c="{shape.klass}" data-at="{at}" data-wide="{n(wide + 8)}" '
        f'x="{100 * max(left, 0) / width:.2f}%" y="{100 * max(top, 0) / height:.2f}%">'
        f'<rect width="{n(wide + 8)}" height="{LABEL}" rx="3"/>'
        f'<text x="4" y="11" textLength="{n(wide)}" lengthAdjust="spacingAndGlyphs">{text(name)}</text></svg>'
    )


def link(source: Drawn, target: Drawn, klass: int, tip: str) -> str:
    """A relationship: a dashed line between the middles, with a dot at its target."""
    (x0, y0), (x1, y1) = source.middle, target.middle
    return (
        f'<g class="s link c{klass}" data-c="{klass}" tabindex="0" role="img" aria-label="{text(tip)}" '
        f'data-tip="{text(tip)}"><path d="M{n(x0)} {n(y0)}L{n(x1)} {n(y1)}"/>'
        f'<path class="dot" d="M{n(x1)} {n(y1)}h0"/></g>'
    )
