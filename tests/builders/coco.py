"""What the tests of coco share."""

from __future__ import annotations

from typing import Any

SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]


def box(line: Any) -> tuple[float, float, float, float]:
    b = line["bbox"]
    return b["left"], b["top"], b["width"], b["height"]


def vertices(line: Any) -> list[float]:
    return [v for p in line["polygon"] for v in (p["x"], p["y"])]


PERSON = {"id": 1, "name": "person", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}


GOOD_BOX = [1, 1, 5, 5]
