"""Cells of videos and DICOM series."""

from __future__ import annotations

import numpy as np

from labelbox_cells.base import COLOR, GRID, Png, bbox, case, colored, drop, points, put, track
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Attribute,
    Box,
    Keyframe,
    Media,
    Point,
    Polyline,
)

case(
    "V1",
    "box",
    Media.VIDEO,
    track(
        (
            Keyframe(2, Box(1, 2, 40, 30), (Attribute("wear", "fine"),)),
            Keyframe(8, Box(1, 5, 40, 30), (Attribute("wear", "fine"),)),
        ),
        (Keyframe(19, Box(2.5, 5, 40, 30), (Attribute("wear", "worn"),)),),
    ),
    {
        "name": "thing",
        "segments": [
            {
                "keyframes": [
                    {
                        "frame": 3,
                        "bbox": bbox(1, 2, 40, 30),
                        "classifications": [{"name": "wear", "answer": {"name": "fine"}}],
                    },
                    {"frame": 9, "bbox": bbox(1, 5, 40, 30)},
                ]
            },
            {
                "keyframes": [
                    {
                        "frame": 20,
                        "bbox": bbox(2.5, 5, 40, 30),
                        "classifications": [{"name": "wear", "answer": {"name": "worn"}}],
                    }
                ]
            },
        ],
    },
    put("segments", 1, "keyframes", 0, "frame", 9),
    "frames must rise",
    "NDSegments",
)
case(
    "V2",
    "point",
    Media.VIDEO,
    track((Keyframe(16, Point(6.5, 7)),)),
    {"name": "thing", "segments": [{"keyframes": [{"frame": 17, "point": {"x": 6.5, "y": 7}}]}]},
    put("segments", 0, "keyframes", []),
    "must not be empty",
    "NDSegments",
)
case(
    "V3",
    "polyline",
    Media.VIDEO,
    track((Keyframe(4, Polyline([1, 2, 3, 4])), Keyframe(6, Polyline([1, 2, 3, 4, 5, 6])))),
    {
        "name": "thing",
        "segments": [
            {"keyframes": [{"frame": 5, "line": points(1, 2, 3, 4)}, {"frame": 7, "line": points(1, 2, 3, 4, 5, 6)}]}
        ],
    },
    put("segments", 0, "keyframes", 1, {"frame": 7, "point": {"x": 1, "y": 1}}),
    "one kind a track",
    "NDSegments",
)
CLIP = [[0] * 60 for _ in range(40)]
for _y in range(10, 20):
    CLIP[_y][5:15] = [1] * 10
case(
    "V4",
    "mask",
    Media.VIDEO,
    track((Keyframe(30, mask_from_array(np.array(CLIP))), Keyframe(31, mask_from_array(np.array(CLIP))))),
    {
        "masks": {
            "frames": [{"index": 31, "imBytes": Png(colored(CLIP))}, {"index": 32, "imBytes": Png(colored(CLIP))}],
            "instances": [{"colorRGB": list(COLOR), "name": "thing"}],
        }
    },
    put("masks", "instances", 0, "colorRGB", [1, 2, 3]),
    "occurs on no frame",
    "NDVideoMasks",
    uuid=False,
)
case(
    "X1",
    "polyline",
    Media.DICOM,
    track((Keyframe(0, Polyline([1, 1, 5, 2])),), plane="axial"),
    {"name": "thing", "segments": [{"keyframes": [{"frame": 1, "line": points(1, 1, 5, 2)}]}], "groupKey": "axial"},
    put("groupKey", "top"),
    "axial, sagittal, coronal",
    "groupKey",
)
case(
    "X2",
    "mask",
    Media.DICOM,
    track((Keyframe(0, mask_from_array(np.array(GRID))),), plane="coronal"),
    {
        "masks": {
            "frames": [{"index": 1, "imBytes": Png(colored(GRID))}],
            "instances": [{"colorRGB": list(COLOR), "name": "thing"}],
        },
        "groupKey": "coronal",
    },
    drop("groupKey"),
    "needs groupKey",
    "groupKey",
    uuid=False,
)
