"""Pure functions on geometries. Coordinates as in :mod:`to_labelbox.model`; vertices flat, x0, y0, x1, y1, …"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import mul
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.model import (
    Box,
    Cuboid,
    Ellipse,
    Flat,
    Geometry,
    Keypoint,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)

Raster: TypeAlias = npt.NDArray[np.uint8]
"""Array of shape (height, width), 0 or 1."""

MAX_MASK_PIXELS = 10**8
"""Masks above this size are refused: a run-length code of a few bytes can claim any size."""
MAX_OUTLINE_COORDINATE = 1e6
"""pycocotools walks every edge pixel by pixel and overflows on huge coordinates: clip before rasterising."""
ELLIPSE_VERTICES = 64


class GeometryError(ValueError):
    """A geometry that cannot be built; the message says what is wrong with it."""


# --------------------------------------------------------------------------------------------------- outlines


def finite(values: Flat) -> bool:
    """Whether all numbers are finite."""
    return math.isfinite(sum(values)) or all(map(math.isfinite, values))


def bounds(points: Flat) -> tuple[float, float, float, float]:
    """left, top, right, bottom of at least one vertex."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


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


def envelope(geometry: Geometry) -> Box | None:
    """The smallest upright box around a geometry with an area; None when it has none (points, lines, spans)."""
    match geometry:
        case Box():
            return geometry
        case Polygon(parts):
            return _box_of([value for part in parts for value in part[0]])
        case RotatedBox():
            return _box_of(rotated_corners(geometry))
        case Ellipse(cx, cy, rx, ry, angle):
            cos, sin = _cos_sin(angle)
            half_w, half_h = math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)
            return Box(cx - half_w, cy - half_h, 2 * half_w, 2 * half_h)
        case Cuboid(front, back):
            return _box_of([*front, *back])
        case Mask():
            return mask_box(geometry)
        case _:
            return None


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


# ---------------------------------------------------------------------------------------------------- clipping

_CLIP_SCALE = 1 << 24


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

    Self-crossing rings follow the even-odd rule. Vertices inside the frame keep their exact numbers.
    """
    import pyclipper

    frame = [(0, 0), (_scaled(width), 0), (_scaled(width), _scaled(height)), (0, _scaled(height))]
    original: dict[tuple[int, int], tuple[float, float]] = {}
    parts: list[tuple[Flat, ...]] = []
    for part in polygon.parts:
        clipper = pyclipper.Pyclipper()
        clipper.AddPath(frame, pyclipper.PT_CLIP, True)
        usable = False
        for ring in part:
            path = []
            for x, y in zip(ring[::2], ring[1::2]):
                # far beyond the frame the exact place of a vertex moves a crossing by less than its own rounding
                key = _scaled(max(-1e9, min(1e9, x))), _scaled(max(-1e9, min(1e9, y)))
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


# ----------------------------------------------------------------------------------------------------- rasters


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise GeometryError(f"mask of {width} × {height} pixels")
    if width * height > MAX_MASK_PIXELS:
        raise GeometryError(f"mask of {width} × {height} pixels is larger than {MAX_MASK_PIXELS}")


def mask_from_runs(runs: Sequence[int], width: int, height: int) -> Mask:
    """Mask from column-major run lengths over the whole frame, background first (COCO's uncompressed RLE).

    Raises :class:`GeometryError` unless the runs are whole, not negative and fill the frame exactly: pycocotools
    reads beyond its buffer otherwise.
    """
    from pycocotools import mask as coco

    _check_size(width, height)
    if not all(type(r) is int for r in runs):
        raise GeometryError("run lengths must be whole numbers")
    if runs and min(runs) < 0:
        raise GeometryError("negative run length")
    total = sum(runs)
    if total != width * height:
        raise GeometryError(f"runs add up to {total}, the frame has {width} × {height} = {width * height} pixels")
    rle = coco.frPyObjects({"size": [height, width], "counts": list(runs)}, height, width)
    return Mask(width, height, rle["counts"])


def mask_from_counts(counts: str | bytes, width: int, height: int) -> Mask:
    """Mask from COCO's compressed RLE text. Raises :class:`GeometryError` when it does not fill the frame exactly."""
    _check_size(width, height)
    try:
        data = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError:
        raise GeometryError("compressed RLE holds characters that are not ASCII") from None
    _decode_counts(data, width * height)
    return Mask(width, height, data)


def mask_from_array(array: npt.NDArray[Any]) -> Mask:
    """Mask of the non-zero pixels of a (height, width) array."""
    from pycocotools import mask as coco

    height, width = array.shape
    _check_size(width, height)
    rle = coco.encode(np.asfortranarray(array != 0, dtype=np.uint8))
    return Mask(width, height, rle["counts"])


def mask_from_patch(patch: npt.NDArray[Any], left: int, top: int, width: int, height: int) -> Mask:
    """Mask of a frame from a small array whose top-left pixel is at (left, top); what sticks out is cut off."""
    _check_size(width, height)
    frame = np.zeros((height, width), np.uint8, order="F")
    rows, columns = patch.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + columns, width), min(top + rows, height)
    if x0 < x1 and y0 < y1:
        frame[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left] != 0
    return mask_from_array(frame)


def rows_from_runs(runs: Sequence[int], width: int, height: int) -> Raster:
    """Array from *row-major* runs, background first. Raises :class:`GeometryError` unless they fill it exactly."""
    _check_size(width, height)
    lengths = np.asarray(runs, np.int64)
    if lengths.size and lengths.min() < 0:
        raise GeometryError("negative run length")
    if lengths.sum() != width * height:
        raise GeometryError(f"runs add up to {lengths.sum()}, not to {width} × {height} = {width * height}")
    values = np.zeros(len(lengths), np.uint8)
    values[1::2] = 1
    return np.repeat(values, lengths).reshape(height, width)


def _decode_counts(data: bytes, pixels: int) -> npt.NDArray[np.int64]:
    """Run lengths of COCO's compressed text.

    Each character carries 5 bits (code - 48), low bits first; 0x20 says that another follows, 0x10 of the last is the
    sign. From the fourth number on it is the difference to the number two places before.
    """
    if not data:
        raise GeometryError("empty RLE")
    codes = np.frombuffer(data, np.uint8).astype(np.int64) - 48
    if codes.min() < 0 or codes.max() > 63:
        raise GeometryError("compressed RLE holds a character outside its alphabet")
    last = np.flatnonzero((codes & 0x20) == 0)
    if not last.size or last[-1] != len(codes) - 1:
        raise GeometryError("compressed RLE ends inside a number")
    first = np.concatenate(([0], last[:-1] + 1))
    digits = last - first + 1
    if digits.max() > 7:
        raise GeometryError("compressed RLE holds a number that is too large")
    place = np.arange(len(codes)) - np.repeat(first, digits)
    values = np.add.reduceat((codes & 0x1F) << (5 * place), first)
    values -= ((codes[last] & 0x10) != 0) * (np.int64(1) << (5 * digits))
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    if values.min() < 0:
        raise GeometryError("negative run length")
    if values.sum() != pixels:
        raise GeometryError(f"runs add up to {values.sum()}, the frame has {pixels} pixels")
    return values


def mask_patch(mask: Mask) -> tuple[int, Raster]:
    """The columns that hold foreground: (left, array of shape (height, columns)); an empty mask gives no columns."""
    ends = np.cumsum(_decode_counts(mask.counts, mask.width * mask.height))
    if len(ends) < 2:
        return 0, np.zeros((mask.height, 0), np.uint8)
    foreground = np.flatnonzero(ends[1::2] > ends[0 : len(ends) // 2 * 2 : 2])
    if not foreground.size:
        return 0, np.zeros((mask.height, 0), np.uint8)
    left = int(ends[2 * foreground[0]]) // mask.height
    right = (int(ends[2 * foreground[-1] + 1]) - 1) // mask.height + 1
    edges = np.clip(ends, left * mask.height, right * mask.height)
    lengths = np.diff(edges, prepend=left * mask.height)
    lengths = np.append(lengths, right * mask.height - edges[-1])
    values = np.zeros(len(lengths), np.uint8)
    values[1 : len(ends) : 2] = 1
    return left, np.repeat(values, lengths).reshape(right - left, mask.height).T


def mask_array(mask: Mask) -> Raster:
    """The whole frame, shape (height, width), 0 or 1."""
    left, patch = mask_patch(mask)
    frame = np.zeros((mask.height, mask.width), np.uint8)
    frame[:, left : left + patch.shape[1]] = patch
    return frame


def mask_area(mask: Mask) -> int:
    """Foreground pixels."""
    return int(_decode_counts(mask.counts, mask.width * mask.height)[1::2].sum())


def mask_box(mask: Mask) -> Box | None:
    """The box around the foreground; None when there is none."""
    left, patch = mask_patch(mask)
    if not patch.size:
        return None
    rows = np.flatnonzero(patch.any(axis=1))
    return Box(float(left), float(rows[0]), float(patch.shape[1]), float(rows[-1] - rows[0] + 1))


def rasterise(polygon: Polygon, width: int, height: int) -> Mask:
    """Pixels of an outline by pycocotools' rule; parts united, holes cut out."""
    from pycocotools import mask as coco

    _check_size(width, height)
    if any(max(map(abs, ring)) > MAX_OUTLINE_COORDINATE for part in polygon.parts for ring in part):
        clipped = clip_polygon(polygon, width, height)
        if clipped is None:
            return Mask(width, height, _empty_counts(width, height))
        polygon = clipped
    outers = coco.frPyObjects([list(part[0]) for part in polygon.parts], height, width)
    if all(len(part) == 1 for part in polygon.parts):
        rle = coco.merge(outers) if len(outers) > 1 else outers[0]
        return Mask(width, height, rle["counts"])
    total: npt.NDArray[np.uint8] = np.zeros((height, width), np.uint8)
    for outer, part in zip(outers, polygon.parts):
        piece = mask_array(Mask(width, height, outer["counts"]))
        if len(part) > 1:
            holes = coco.merge(coco.frPyObjects([list(ring) for ring in part[1:]], height, width))
            piece &= 1 - mask_array(Mask(width, height, holes["counts"]))
        total |= piece
    return mask_from_array(total)


def _empty_counts(width: int, height: int) -> bytes:
    from pycocotools import mask as coco

    counts: bytes = coco.frPyObjects({"size": [height, width], "counts": [width * height]}, height, width)["counts"]
    return counts


def outer_contours(mask: Mask) -> tuple[list[list[float]], int]:
    """(outer contours along the pixel edges, one a 4-connected region; number of holes that they lose).

    Vertices are pixel corners, clockwise, so that filling a contour gives back the region with its holes closed.
    Corners come from the runs alone: in a column, a run's start and end are edges; where the next column has the same
    edge, the contour goes straight on, else it has a corner there.
    """
    ends = np.cumsum(_decode_counts(mask.counts, mask.width * mask.height))
    xs, ys, starts = _corners(ends, mask.height)
    if not len(xs):
        return [], 0
    # Corners of one column pair up to vertical edges in order of y, corners of one row to horizontal ones.
    horizontal = np.lexsort((xs, ys))
    _order_saddles(xs, ys, starts, horizontal)
    across, along = np.empty(len(xs), np.intp), np.empty(len(xs), np.intp)
    across[horizontal[::2]], across[horizontal[1::2]] = horizontal[1::2], horizontal[::2]
    along[::2], along[1::2] = np.arange(1, len(xs), 2), np.arange(0, len(xs), 2)
    right, down, outer = across.tolist(), along.tolist(), starts.tolist()
    places = np.stack((xs, ys), 1).astype(float)
    contours: list[list[float]] = []
    holes = 0
    seen = bytearray(len(xs))
    for first in range(len(xs)):
        if seen[first]:
            continue
        ring: list[int] = []
        here = first
        while not seen[here]:
            there = right[here]
            seen[here] = seen[there] = 1
            ring += (here, there)
            here = down[there]
        # the first corner of a ring is its leftmost and then topmost: inside is below it, or it is a hole
        if outer[first]:
            contours.append(places[ring].ravel().tolist())
        else:
            holes += 1
    return contours, holes


def _corners(
    ends: npt.NDArray[np.int64], height: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Corners sorted by x, then y: their places, and whether the foreground begins below them in their own column.

    A place where two regions touch diagonally is there twice.
    """
    begin, end = ends[0 : len(ends) // 2 * 2 : 2], ends[1::2]
    kept = end > begin
    begin, end = begin[kept], end[kept]
    if not len(begin):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing > 0
    # a run may go over several columns: cut it at each top
    first, last = begin // height, (end - 1) // height
    spans = last - first + 1
    columns = np.repeat(first, spans) + np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans)
    tops = np.maximum(np.repeat(begin, spans), columns * height) - columns * height
    bottoms = np.minimum(np.repeat(end, spans), (columns + 1) * height) - columns * height
    stride = height + 1
    edges = np.concatenate((columns * stride + tops, columns * stride + bottoms))
    signs = np.ones(len(edges), np.int8)
    signs[len(columns) :] = -1
    # adjacent runs of one column (a run of length zero between them) have no edge where they meet
    keys = np.concatenate((edges, edges + stride))
    own = np.concatenate((signs, np.zeros(len(edges), np.int8)))
    left = np.concatenate((np.zeros(len(edges), np.int8), signs))
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    heads = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    own, left, keys = np.add.reduceat(own[order], heads), np.add.reduceat(left[order], heads), keys[heads]
    times = np.where(own == left, 0, np.where((own != 0) & (left != 0), 2, 1))
    keys, starts = np.repeat(keys, times), np.repeat(own > 0, times)
    return keys // stride, keys % stride, starts


def _order_saddles(
    xs: npt.NDArray[np.int64],
    ys: npt.NDArray[np.int64],
    starts: npt.NDArray[np.bool_],
    horizontal: npt.NDArray[np.intp],
) -> None:
    """Where two regions touch diagonally, join the edges so that each region keeps a contour of its own.

    The upper edge of the place is its first copy. It belongs to the left edge when the upper left pixel is set, which
    is the order of the copies already; else to the right edge, so the copies change places.
    """
    a, b = horizontal[:-1], horizontal[1:]
    swap = np.flatnonzero((xs[a] == xs[b]) & (ys[a] == ys[b]) & ~starts[a])
    horizontal[swap], horizontal[swap + 1] = horizontal[swap + 1], horizontal[swap]


# --------------------------------------------------------------------------------------------- EXIF orientation


def to_stored(geometry: Geometry, orientation: int, width: float, height: float) -> Geometry:
    """A geometry of the upright picture in the coordinates of the stored one.

    ``orientation`` is the EXIF value 1..8; ``width`` and ``height`` are those of the *stored* picture. Raises
    :class:`GeometryError` for geometries that are not on a picture.
    """
    if orientation == 1:
        return geometry

    def point(x: float, y: float) -> tuple[float, float]:
        match orientation:
            case 2:
                return width - x, y
            case 3:
                return width - x, height - y
            case 4:
                return x, height - y
            case 5:
                return y, x
            case 6:
                return y, height - x
            case 7:
                return width - y, height - x
            case 8:
                return width - y, x
            case _:
                raise GeometryError(f"EXIF orientation {orientation}")

    def flat(points: Flat) -> list[float]:
        return [v for x, y in zip(points[::2], points[1::2]) for v in point(x, y)]

    mirrored = orientation in (2, 4, 5, 7)
    turn = {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}[orientation]

    def angle(a: float) -> float:
        return ((-a if mirrored else a) + turn) % 360

    match geometry:
        case Box(left, top, w, h):
            x0, y0 = point(left, top)
            x1, y1 = point(left + w, top + h)
            swap = orientation >= 5
            return Box(min(x0, x1), min(y0, y1), h if swap else w, w if swap else h)
        case RotatedBox(cx, cy, w, h, a):
            return RotatedBox(*point(cx, cy), w, h, angle(a))
        case Ellipse(cx, cy, rx, ry, a):
            return Ellipse(*point(cx, cy), rx, ry, angle(a))
        case Polygon(parts):
            return Polygon(tuple(tuple(flat(ring) for ring in part) for part in parts))
        case Polyline(points):
            return Polyline(flat(points))
        case Point(x, y):
            return Point(*point(x, y))
        case Keypoints(points):
            return Keypoints(tuple(Keypoint(p.name, *point(p.x, p.y), p.occluded) for p in points))
        case Cuboid(front, back):
            return Cuboid(flat(front), flat(back))
        case Mask():
            return mask_from_array(_turned(mask_array(geometry), orientation))
        case _:
            raise GeometryError(f"a {type(geometry).__name__} has no place on a picture")


def _turned(array: Raster, orientation: int) -> npt.NDArray[np.uint8]:
    """Pixels of the upright picture as they are stored."""
    match orientation:
        case 2:
            return array[:, ::-1]
        case 3:
            return array[::-1, ::-1]
        case 4:
            return array[::-1, :]
        case 5:
            return array.T
        case 6:
            return array.T[::-1, :]
        case 7:
            return array[::-1, ::-1].T
        case 8:
            return array.T[:, ::-1]
        case _:
            return array


def moved(annotation: msgspec.Struct, geometry: Geometry) -> Any:
    """A copy of an object or keyframe with another geometry."""
    return msgspec.structs.replace(annotation, geometry=geometry)
