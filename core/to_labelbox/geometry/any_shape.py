"""What holds for every shape: its envelope, and the turn to stored pixels."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec.structs import replace

from to_labelbox.geometry.vector import GeometryError, _box_of, _cos_sin, ellipse_outline, rotated_corners
from to_labelbox.model.items import (
    Annotation,
    Box,
    Cuboid,
    Ellipse,
    Flat,
    Geometry,
    Keypoint,
    Keypoints,
    Mask,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)


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
            from to_labelbox.geometry.raster import mask_box

            return mask_box(geometry)
        case _:
            return None


_PLACES: dict[int, Callable[[float, float, float, float], tuple[float, float]]] = {
    2: lambda x, y, width, _: (width - x, y),
    3: lambda x, y, width, height: (width - x, height - y),
    4: lambda x, y, _, height: (x, height - y),
    5: lambda x, y, *_: (y, x),
    6: lambda x, y, _, height: (y, height - x),
    7: lambda x, y, width, height: (width - y, height - x),
    8: lambda x, y, width, _: (width - y, x),
}
"""Where a point of the upright picture lies on the stored one of this width and height, by EXIF orientation."""


def to_stored(geometry: Geometry, orientation: int, width: float, height: float) -> Geometry:
    """A geometry of the upright picture in the coordinates of the stored one.

    ``orientation`` is the EXIF value 1..8; ``width`` and ``height`` are those of the *stored* picture. Raises
    :class:`GeometryError` for other orientations and for geometries that are not on a picture.
    """
    if orientation not in range(1, 9):
        raise GeometryError(f"EXIF orientation {orientation}")
    if orientation == 1:
        return geometry

    place = _PLACES[orientation]

    def point(x: float, y: float) -> tuple[float, float]:
        return place(x, y, width, height)

    def flat(points: Flat) -> list[float]:
        return [v for x, y in zip(points[::2], points[1::2]) for v in point(x, y)]

    mirrored = orientation in (2, 4, 5, 7)
    turn = {2: 0, 3: 180, 4: 180, 5: 270, 6: 270, 7: 90, 8: 90}[orientation]

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
            from to_labelbox.geometry.raster import turned

            return turned(geometry, orientation)
        case _:
            raise GeometryError(f"a {type(geometry).__name__} has no place on a picture")


def scaled(geometry: Geometry, x: float, y: float, size: tuple[int, int]) -> Geometry:
    """A geometry on a picture whose sides were multiplied by two factors, which gave it the ``size`` (width, height)."""

    def flat(points: Flat) -> list[float]:
        return [value * (y if n % 2 else x) for n, value in enumerate(points)]

    match geometry:
        case Box(left, top, width, height):
            return Box(left * x, top * y, width * x, height * y)
        case RotatedBox(cx, cy, width, height, angle) if abs(x - y) * max(width, height) < 1:
            return RotatedBox(cx * x, cy * y, width * x, height * y, angle)
        case RotatedBox():  # a rectangle no more
            return Polygon(((flat(rotated_corners(geometry)),),))
        case Ellipse(cx, cy, rx, ry, angle) if abs(x - y) * max(rx, ry) < 1:
            return Ellipse(cx * x, cy * y, rx * x, ry * y, angle)
        case Ellipse():
            return Polygon(((flat(ellipse_outline(geometry)),),))
        case Polygon(parts):
            return Polygon(tuple(tuple(map(flat, part)) for part in parts))
        case Polyline(points):
            return Polyline(flat(points))
        case Point(left, top):
            return Point(left * x, top * y)
        case Keypoints(points):
            return Keypoints(tuple(replace(p, x=p.x * x, y=p.y * y) for p in points))
        case Cuboid(front, back):
            return Cuboid(flat(front), flat(back))
        case Mask():
            from to_labelbox.geometry.raster import resized

            return resized(geometry, *size)
        case _:
            raise GeometryError(f"a {type(geometry).__name__} has no place on a picture")


def changed(annotation: Annotation, change: Callable[[Geometry], Geometry]) -> Annotation:
    """An annotation with all its geometries changed; one without any is given back."""
    if not isinstance(annotation, Object):
        return annotation
    changes = {
        name: change(geometry)
        for name in ("geometry", "box", "keypoints")
        if (geometry := getattr(annotation, name)) is not None
    }
    return replace(annotation, **changes)


def turned_back(annotation: Annotation, orientation: int, width: float, height: float) -> Annotation:
    """An annotation of the upright picture in the coordinates of the stored one, as :func:`to_stored` does a geometry."""
    return changed(annotation, lambda geometry: to_stored(geometry, orientation, width, height))
