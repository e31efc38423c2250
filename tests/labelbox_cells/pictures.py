"""Cells of images and maps."""

from __future__ import annotations

import numpy as np

from labelbox_cells.base import GRID, Png, bbox, case, drop, obj, points, put
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Media,
    Point,
    Polygon,
    Polyline,
)

WORN = Attribute(
    "wear", Choice("worn", (Attribute("parts", (Choice("hook", (Attribute("note", "left", free_text=True),)),)),))
)
NESTED = [
    {
        "name": "wear",
        "answer": {
            "name": "worn",
            "classifications": [
                {
                    "name": "parts",
                    "answer": [{"name": "hook", "classifications": [{"name": "note", "answer": "left"}]}],
                }
            ],
        },
    }
]

case(
    "I1",
    "box",
    Media.IMAGE,
    obj(Box(0.5, 1, 2.25, 3), attributes=(WORN,)),
    {"name": "thing", "bbox": bbox(0.5, 1, 2.25, 3), "classifications": NESTED},
    put("bbox", "width", -2),
    "above 0",
    "NDRectangle",
)
case(
    "I2",
    "polygon",
    Media.IMAGE,
    obj(Polygon((([1, 1, 5, 1, 5, 3.5],),))),
    {"name": "thing", "polygon": points(1, 1, 5, 1, 5, 3.5)},
    lambda line: line["polygon"].pop(),
    "3 different",
    "NDPolygon",
)
case(
    "I3",
    "point",
    Media.IMAGE,
    obj(Point(3, 3.5)),
    {"name": "thing", "point": {"x": 3, "y": 3.5}},
    drop("point", "y"),
    "missing field 'y'",
    "NDPoint",
)
case(
    "I4",
    "polyline",
    Media.IMAGE,
    obj(Polyline([0, 0, 5, 3])),
    {"name": "thing", "line": points(0, 0, 5, 3)},
    lambda line: line["line"].pop(),
    "2 different",
    "NDLine",
)
case(
    "I5",
    "mask",
    Media.IMAGE,
    obj(mask_from_array(np.array(GRID))),
    {"name": "thing", "mask": {"png": Png(GRID)}},
    put("mask", "png", "iVBORw0KGgo="),
    "IHDR",
    "NDMask",
)

MAP_BOX = Box(-99.5, 19.25, 0.125, 0.0625)
case(
    "G1",
    "box",
    Media.GEOSPATIAL,
    obj(MAP_BOX),
    {"name": "thing", "bbox": bbox(-99.5, 19.25, 0.125, 0.0625)},
    put("bbox", "width", -0.0625),
    "above 0",
    "NDRectangle",
)
case(
    "G2",
    "polygon",
    Media.GEOSPATIAL,
    obj(Polygon((([-99.5, 19.5, -99.25, 19.5, -99.25, 19.25],),))),
    {"name": "thing", "polygon": points(-99.5, 19.5, -99.25, 19.5, -99.25, 19.25)},
    put("polygon", 0, {"x": 19.5, "y": -99.5}),
    "latitudes",
    "NDPolygon",
)
case(
    "G3",
    "point",
    Media.GEOSPATIAL,
    obj(Point(-99.5, 19.5)),
    {"name": "thing", "point": {"x": -99.5, "y": 19.5}},
    put("point", {"x": 19.5, "y": -99.5}),
    "latitudes",
    "NDPoint",
)
case(
    "G4",
    "polyline",
    Media.GEOSPATIAL,
    obj(Polyline([-99.5, 19.5, -99.25, 19.25])),
    {"name": "thing", "line": points(-99.5, 19.5, -99.25, 19.25)},
    put("line", []),
    "2 different",
    "NDLine",
)
