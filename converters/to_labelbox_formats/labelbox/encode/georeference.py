"""Pictures as map tiles: pixel coordinates to map coordinates by the picture's bounds or by world files.

A world file has six lines A, D, B, E, C, F: x = A·column + B·row + C, y = D·column + E·row + F, for the *centres* of
pixels. It has the picture's name with another ending: ``.tfw`` or ``.tifw`` for ``.tif``, or ``.wld``.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import (
    Asset,
    Box,
    Cuboid,
    Ellipse,
    Flat,
    Geometry,
    Item,
    Keypoint,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Tiles,
)
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.paths import is_safe

EPSG = ("EPSG4326", "EPSG3857", "EPSG3395", "Simple")


class Affine(NamedTuple):
    """x = a·column + b·row + c, y = d·column + e·row + f, for corners of pixels."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f

    def places(self, points: Flat) -> list[float]:
        values = iter(points)
        return [v for x, y in zip(values, values) for v in self.place(x, y)]


class Georeference:
    """Turns the items of pictures into items of maps. Raises :class:`UsageError` for a bad option."""

    def __init__(self, where: str, epsg: str) -> None:
        if epsg not in EPSG:
            raise UsageError(f"epsg={epsg}: there are {', '.join(EPSG)}")
        self._epsg = epsg
        self._affine: Callable[[Asset], Affine | None]
        numbers = where.split(",")
        if len(numbers) == 4:
            try:
                left, top, right, bottom = map(float, numbers)
            except ValueError:
                raise UsageError(f"geo={where}: want four numbers LEFT,TOP,RIGHT,BOTTOM") from None
            if not geo.finite((left, top, right, bottom)) or left == right or top == bottom:
                raise UsageError(f"geo={where}: the bounds must be finite and enclose an area")
            self._affine = lambda asset: _by_bounds(asset, left, top, right, bottom)
            self._lacking = "its size is not known: give --media-root or --sizes"
        elif os.path.isdir(where):
            self._affine = lambda asset: _by_world_file(asset, where)
            self._lacking = f"there is no readable world file for it in {where}"
        else:
            raise UsageError(f"geo={where}: neither LEFT,TOP,RIGHT,BOTTOM nor a folder with world files")

    def __call__(self, item: Item, log: Log) -> Item:
        """The item on the map; one that cannot be placed stays a picture, with a note. What is no picture stays as it is."""
        asset = item.asset
        if asset.media is not Media.IMAGE:
            return item
        affine = self._affine(asset)
        if affine is None:
            log.note(Code.ASSET_UNKNOWN, f"stays a plain picture: {self._lacking}", file=asset.path)
            return item
        corners = affine.places((0, 0, asset.width or 1, 0, asset.width or 1, asset.height or 1, 0, asset.height or 1))
        left, low, right, high = geo.bounds(corners)
        tiles = Tiles(url="", bounds=((left, high), (right, low)), epsg=self._epsg)
        placed = [_placed(a, affine, item, log) if isinstance(a, Object) else a for a in item.annotations]
        on_map = msgspec.structs.replace(asset, media=Media.GEOSPATIAL, tiles=tiles, width=None, height=None)
        return msgspec.structs.replace(item, asset=on_map, annotations=placed)


def _by_bounds(asset: Asset, left: float, top: float, right: float, bottom: float) -> Affine | None:
    if not asset.width or not asset.height:
        return None
    return Affine((right - left) / asset.width, 0.0, left, 0.0, (bottom - top) / asset.height, top)


def _by_world_file(asset: Asset, folder: str) -> Affine | None:
    if not is_safe(asset.path):
        return None
    stem, ext = posixpath.splitext(asset.path)
    for ending in (f"{ext[:2]}{ext[-1:]}w", f"{ext}w", ".wld"):
        try:
            with open(os.path.join(folder, stem + ending), encoding="ascii") as file:
                a, d, b, e, c, f = map(float, file.read(1000).split())
        except (OSError, ValueError):
            continue
        if geo.finite((a, b, c, d, e, f)) and a * e != b * d:
            return Affine(a, b, c - (a + b) / 2, d, e, f - (d + e) / 2)
    return None


def _placed(obj: Object, affine: Affine, item: Item, log: Log) -> Object:
    changes: dict[str, Any] = {"geometry": _geometry(obj.geometry, affine), "box": None}
    lost = {Ellipse: "its outline", Cuboid: "the outline of both faces", Mask: "its outer contours"}.get(
        type(obj.geometry)
    )
    if lost:
        changes["loss"] = True
        message = f"the {type(obj.geometry).__name__.lower()} is written by {lost} on the map"
        log.note_annotation(Code.GEOMETRY_OUTLINED, message, obj, item.origin)
    if obj.keypoints is not None:
        changes["keypoints"] = _geometry(obj.keypoints, affine)
    if obj.box is not None:
        placed = _geometry(obj.box, affine)
        changes["box"] = placed if isinstance(placed, Box) else None
    return msgspec.structs.replace(obj, **changes)


def _geometry(shape: Geometry, affine: Affine) -> Geometry:
    match shape:
        case Box(left, top, width, height):
            right, bottom = left + width, top + height
            corners = affine.places((left, top, right, top, right, bottom, left, bottom))
            if affine.b or affine.d:
                return Polygon(((corners,),))
            west, low, east, high = geo.bounds(corners)
            return Box(west, low, east - west, high - low)
        case RotatedBox():
            return Polygon(((affine.places(geo.rotated_corners(shape)),),))
        case Ellipse():
            return Polygon(((affine.places(geo.ellipse_outline(shape)),),))
        case Cuboid(front, back):
            return Polygon(((affine.places(geo.convex_hull([*front, *back])),),))
        case Mask():
            from to_labelbox.geometry.contours import outer_contours

            contours, _ = outer_contours(shape)
            return Polygon(tuple((affine.places(c),) for c in contours)) if contours else shape
        case Polygon(parts):
            return Polygon(tuple(tuple(affine.places(ring) for ring in part) for part in parts))
        case Polyline(points):
            return Polyline(affine.places(points))
        case Point(x, y):
            return Point(*affine.place(x, y))
        case Keypoints(points):
            return Keypoints(tuple(Keypoint(p.name, *affine.place(p.x, p.y), p.occluded) for p in points))
        case _:
            return shape
