"""Pure functions on geometries. Coordinates as in :mod:`to_labelbox.model.items`; vertices flat, x0, y0, x1, y1, …

Those on masks are in :mod:`to_labelbox.geometry.raster`, which needs numpy: a third of the time to start, and boxes need none of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import mul
from typing import Any

from to_labelbox.model.items import Box, Ellipse, Flat, Polygon, RotatedBox

ELLIPSE_VERTICES = 64


class GeometryError(ValueError):
    """A geometry that cannot be built; the message says what is wrong with it."""


def finite(values: Flat) -> bool:
    """Whether all numbers are finite."""
    return math.isfinite(sum(values)) or all(map(math.isfinite, values))


def bounds(points: Flat) -> tuple[float, float, float, float]:
    """left, top, right, bottom of at least one vertex."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes have in common as a share of their union; 1 where neither has any."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    common = max(width, 0.0) * max(height, 0.0)
    union = one.width * one.height + other.width * other.height - common
    return common / union if union > 0 else 1.0


def signed_area(ring: Flat) -> float:
    """Shoelace area in square units; positive for clockwise rings (y down)."""
    xs, ys = list(ring[::2]), list(ring[1::2])
    doubled: float = sum(map(mul, xs, ys[1:] + ys[:1])) - sum(map(mul, xs[1:] + xs[:1], ys))
    return doubled / 2


def open_ring(ring: Flat) -> Flat:
    """The ring without a closing vertex that repeats the first."""
    if len(ring) > 6 and ring[0] == ring[-2] and ring[1] == ring[-1]:
        return ring[:-2]
    return ring


def is_degenerate(ring: Flat) -> bool:
    """Whether a ring encloses nothing: fewer than three vertices, or all of them on one line."""
    if len(ring) < 6:
        return True
    x0, y0 = ring[0], ring[1]
    far_x = far_y = farthest = 0.0
    for i in range(2, len(ring) - 1, 2):
        dx, dy = ring[i] - x0, ring[i + 1] - y0
        if abs(dx * far_y - dy * far_x) > 1e-9 * max(1.0, farthest):
            return False
        if dx * dx + dy * dy > farthest:
            far_x, far_y, farthest = dx, dy, dx * dx + dy * dy
    return True


def _box_of(points: Flat) -> Box:
    left, top, right, bottom = bounds(points)
    return Box(left, top, right - left, bottom - top)


def _cos_sin(degrees: float) -> tuple[float, float]:
    """Exact at quarter turns, so that a box turned by 90° keeps whole numbers."""
    quarter, rest = divmod(degrees, 90.0)
    if rest == 0.0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarter) % 4]
    radians = math.radians(degrees)
    return math.cos(radians), math.sin(radians)


def rotated_corners(box: RotatedBox) -> list[float]:
    """Four corners from the unrotated top left on, clockwise: x' = cx + cos·dx - sin·dy, y' = cy + sin·dx + cos·dy."""
    cos, sin = _cos_sin(box.angle)
    w, h = box.width / 2, box.height / 2
    out: list[float] = []
    for dx, dy in ((-w, -h), (w, -h), (w, h), (-w, h)):
        out += (box.cx + cos * dx - sin * dy, box.cy + sin * dx + cos * dy)
    return out


def upright_box(box: RotatedBox, tolerance: float = 0.0) -> Box | None:
    """The box without its turn, if that is none, or less than ``tolerance`` degrees and moves no corner by a pixel."""
    upright = Box(box.cx - box.width / 2, box.cy - box.height / 2, box.width, box.height)
    turn = (box.angle + 180) % 360 - 180
    if turn == 0:
        return upright
    if abs(turn) >= tolerance:
        return None
    left, top, right, bottom = upright.left, upright.top, upright.left + box.width, upright.top + box.height
    places = (left, top, right, top, right, bottom, left, bottom)
    return upright if max(abs(a - b) for a, b in zip(rotated_corners(box), places)) < 1 else None


def ellipse_outline(ellipse: Ellipse, vertices: int = ELLIPSE_VERTICES) -> list[float]:
    """Vertices on the ellipse, evenly spaced in its parameter, starting at the end of the x radius."""
    cos, sin = _cos_sin(ellipse.angle)
    out: list[float] = []
    for i in range(vertices):
        t = 2 * math.pi * i / vertices
        dx, dy = ellipse.rx * math.cos(t), ellipse.ry * math.sin(t)
        out += (ellipse.cx + cos * dx - sin * dy, ellipse.cy + sin * dx + cos * dy)
    return out


def convex_hull(points: Flat) -> list[float]:
    """Hull by monotone chain, flat, without collinear vertices."""
    pairs = sorted(set(zip(points[::2], points[1::2])))
    if len(pairs) < 3:
        return [v for p in pairs for v in p]

    def chain(ordered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        hull: list[tuple[float, float]] = []
        for x, y in ordered:
            while len(hull) > 1:
                (ax, ay), (bx, by) = hull[-2], hull[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                hull.pop()
            hull.append((x, y))
        return hull[:-1]

    return [v for p in chain(pairs) + chain(pairs[::-1]) for v in p]


_CLIP_SCALE = 1 << 24

_FAR = 1e9
"""Beyond it the exact place of a vertex moves a crossing with the frame by less than its own rounding."""

_MAX_CROSSINGS = 2_000
"""Of an outline with itself: beyond them its true parts cost more memory than it has vertices, up to their square."""

_MAX_PAIRS = 2_000_000
"""Of edges whose extents overlap: with more of them, crossings are not counted but taken to be many."""


def clip_box(box: Box, width: float, height: float) -> Box | None:
    """The part of a box inside [0, width] × [0, height]; None when nothing is left."""
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right, bottom = min(box.left + box.width, width), min(box.top + box.height, height)
    if right <= left or bottom <= top:
        return None
    return Box(
        left,
        top,
        box.width if left == box.left and right == box.left + box.width else right - left,
        box.height if top == box.top and bottom == box.top + box.height else bottom - top,
    )


def clip_polygon(polygon: Polygon, width: float, height: float) -> Polygon | None:
    """True intersection with the frame: as many parts, with holes, as it really has; None when nothing is left.

    Self-crossing rings follow the even-odd rule. Vertices inside the frame keep their exact numbers. A part that crosses
    itself more than :data:`_MAX_CROSSINGS` times keeps its crossings: see :func:`clip_ring`.
    """
    import pyclipper

    frame = [(0, 0), (_scaled(width), 0), (_scaled(width), _scaled(height)), (0, _scaled(height))]
    original: dict[tuple[int, int], tuple[float, float]] = {}
    parts: list[tuple[Flat, ...]] = []
    for part in polygon.parts:
        if _crosses_itself_often(part):
            parts.extend(_cut_rings(part, width, height))
            continue
        clipper = pyclipper.Pyclipper()
        clipper.AddPath(frame, pyclipper.PT_CLIP, True)
        usable = False
        for ring in part:
            path = []
            for x, y in zip(ring[::2], ring[1::2]):
                key = _scaled(max(-_FAR, min(_FAR, x))), _scaled(max(-_FAR, min(_FAR, y)))
                original[key] = (x, y)
                path.append(key)
            try:
                clipper.AddPath(path, pyclipper.PT_SUBJECT, True)
                usable = True
            except pyclipper.ClipperException:
                continue  # a ring without area
        if not usable:
            continue
        tree = clipper.Execute2(pyclipper.CT_INTERSECTION, pyclipper.PFT_EVENODD, pyclipper.PFT_EVENODD)
        parts.extend(_parts_of(tree, original))
    return Polygon(tuple(parts)) if parts else None


def clip_ring(ring: Flat, left: float, top: float, right: float, bottom: float) -> list[float]:
    """A ring inside a frame by Sutherland and Hodgman, in time and memory that grow with its vertices.

    By the even-odd rule it encloses just what the ring encloses of the frame; pieces are joined by lines along the border.
    """
    import numpy as np

    points = np.clip(np.array(ring, float).reshape(-1, 2), -_FAR, _FAR)
    for axis, limit, sign in ((0, left, -1.0), (1, top, -1.0), (0, right, 1.0), (1, bottom, 1.0)):
        beyond = sign * (points[:, axis] - limit)
        inside = beyond <= 0
        following, others = np.roll(points, -1, axis=0), np.roll(beyond, -1)
        crossing = inside != (others <= 0)
        share = np.divide(beyond, beyond - others, out=np.zeros(len(points)), where=crossing)
        crossed = points + share[:, None] * (following - points)
        crossed[:, axis] = limit
        kept = np.stack((inside, crossing), 1)
        points = np.stack((points, crossed), 1)[kept]
        if not len(points):
            return []
    flat: list[float] = points.ravel().tolist()
    return flat


def _cut_rings(part: tuple[Flat, ...], width: float, height: float) -> Iterator[tuple[Flat, ...]]:
    """A part ring by ring, unless nothing of its outer ring is in the frame."""
    rings = [clip_ring(ring, 0.0, 0.0, width, height) for ring in part]
    if not is_degenerate(rings[0]):
        yield (rings[0], *(ring for ring in rings[1:] if not is_degenerate(ring)))


def _crosses_itself_often(part: tuple[Flat, ...]) -> bool:
    """Whether the rings' edges cross more than :data:`_MAX_CROSSINGS` times, or may do so and are too many to compare.

    Edges are compared where their extents overlap on one axis, that with fewer such pairs.
    """
    count = sum(map(len, part)) // 2
    if count * (count - 1) // 2 <= _MAX_CROSSINGS:
        return False
    import numpy as np

    rings = [np.clip(np.array(ring, float).reshape(-1, 2), -_FAR, _FAR) for ring in part]
    begin, end = np.concatenate(rings), np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    reaches = []
    for axis in (0, 1):
        order = np.argsort(low[:, axis], kind="stable")
        reach = np.searchsorted(low[order, axis], high[order, axis], side="right") - np.arange(count) - 1
        reaches.append((int(reach.sum()), order, reach))
    pairs, order, reach = min(reaches, key=lambda found: found[0])
    if not _MAX_CROSSINGS < pairs <= _MAX_PAIRS:
        return pairs > _MAX_PAIRS
    begin, end = begin[order], end[order]
    found = 0
    ends = np.cumsum(reach)
    step = 1 << 18
    for start in range(0, pairs, step):
        pair = np.arange(start, min(start + step, pairs))
        one = np.searchsorted(ends, pair, side="right")
        found += _count_crossings(begin, end, one, one + 1 + pair - (ends[one] - reach[one]))
        if found > _MAX_CROSSINGS:
            return True
    return False


def _count_crossings(begin: Any, end: Any, one: Any, other: Any) -> int:
    """How many pairs of edges, given by their numbers, cross at a place that is an end of neither."""

    def side(edge: Any, point: Any) -> Any:
        along, away = end[edge] - begin[edge], point - begin[edge]
        return along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]

    apart = side(one, begin[other]) * side(one, end[other]) < 0
    return int((apart & (side(other, begin[one]) * side(other, end[one]) < 0)).sum())


def _scaled(value: float) -> int:
    return round(value * _CLIP_SCALE)


def _parts_of(node: Any, original: dict[tuple[int, int], tuple[float, float]]) -> Iterator[tuple[Flat, ...]]:
    for outer in node.Childs:
        rings = [_unscaled(outer.Contour, original)]
        for hole in outer.Childs:
            rings.append(_unscaled(hole.Contour, original))
            yield from _parts_of(hole, original)
        if not is_degenerate(rings[0]):
            yield tuple(rings)


def _unscaled(contour: Any, original: dict[tuple[int, int], tuple[float, float]]) -> list[float]:
    out: list[float] = []
    for x, y in contour:
        out += original.get((x, y)) or (x / _CLIP_SCALE, y / _CLIP_SCALE)
    return out


def clip_line(points: Flat, width: float, height: float) -> list[list[float]]:
    """The pieces of an open line inside the frame, each of two vertices or more (Liang-Barsky per edge)."""
    pieces: list[list[float]] = []
    for (x0, y0), (x1, y1) in pairwise(zip(points[::2], points[1::2])):
        enter, leave = 0.0, 1.0
        dx, dy = x1 - x0, y1 - y0
        for p, q in ((-dx, x0), (dx, width - x0), (-dy, y0), (dy, height - y0)):
            if p == 0:
                if q < 0:
                    enter, leave = 1.0, 0.0
            elif p < 0:
                enter = max(enter, q / p)
            else:
                leave = min(leave, q / p)
        if enter >= leave:
            continue
        start = (x0, y0) if enter == 0 else (x0 + enter * dx, y0 + enter * dy)
        end = (x1, y1) if leave == 1 else (x0 + leave * dx, y0 + leave * dy)
        if pieces and enter == 0 and tuple(pieces[-1][-2:]) == start:
            pieces[-1] += end
        else:
            pieces.append([*start, *end])
    return pieces


def clamp_points(points: Flat, width: float, height: float) -> list[float]:
    """Every vertex moved to the nearest place in the frame."""
    out = list(points)
    out[::2] = [min(max(x, 0.0), width) for x in out[::2]]
    out[1::2] = [min(max(y, 0.0), height) for y in out[1::2]]
    return out
