"""Parts of an outline that lie in other parts: what traces the contours of a mask writes its holes so, COCO has none."""

from __future__ import annotations

import io
from base64 import b64decode
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness import Convert, annotation, coco

BOX = [10, 10, 60, 50]


def rectangle(x: float, y: float, w: float, h: float) -> list[float]:
    return [x, y, x + w, y, x + w, y + h, x, y + h]


OUTER, INNER, BESIDE, ISLAND = (
    rectangle(*BOX),
    rectangle(20, 20, 30, 20),
    rectangle(80, 10, 10, 10),
    rectangle(30, 25, 10, 10),
)
WHOLE, HOLE = 60 * 50, 30 * 20


def given(id: int, *rings: list[float], **more: Any) -> dict[str, Any]:
    return annotation(id, bbox=BOX, segmentation=list(rings), iscrowd=0, **more)


def painted(line: Any) -> int:
    """How many pixels a line covers."""
    if "polygon" in line:
        points = [(p["x"], p["y"]) for p in line["polygon"]]
        return int(abs(sum(x * b - a * y for (x, y), (a, b) in pairwise([*points, points[0]]))) // 2)
    return int((np.asarray(Image.open(io.BytesIO(b64decode(line["mask"]["png"])))) > 0).sum())


@pytest.mark.parametrize("extra", [{}, {"attributes": {"kind": "a"}}])
@pytest.mark.parametrize("stated", [WHOLE - HOLE, WHOLE - HOLE + 40])
def test_parts_in_parts_are_holes_where_the_area_says_so(convert: Convert, stated: int, extra: Any) -> None:
    run = convert(coco([given(1, OUTER, INNER, area=stated, **extra), given(2, INNER, area=HOLE)]))
    assert [painted(line) for line in run.lines] == [WHOLE - HOLE, HOLE]
    (told,) = run.report.assumptions
    assert (told.for_, told.against, told.unknown, told.option) == (1, 0, 0, "-O inner=filled")


@pytest.mark.parametrize("turned", [INNER, [v for p in list(zip(INNER[::2], INNER[1::2]))[::-1] for v in p]])
@pytest.mark.parametrize(
    ("stated", "unknown"), [(WHOLE, 0), (None, 1), (0, 1), (WHOLE - HOLE // 2, 1), (WHOLE + HOLE, 1)]
)
def test_else_they_are_more_of_the_object(convert: Convert, stated: Any, unknown: int, turned: list[float]) -> None:
    run = convert(coco([given(1, OUTER, turned, area=stated)]))
    assert [painted(line) for line in run.lines] == [WHOLE]
    assert [(a.for_, a.unknown) for a in run.report.assumptions] == [(0, 1)] * unknown


def test_a_part_in_a_hole_is_one_of_its_own(convert: Convert) -> None:
    area = WHOLE - HOLE + 100
    run = convert(coco([given(1, ISLAND, INNER, OUTER, BESIDE, area=area + 100)]))
    assert [painted(line) for line in run.lines] == [area + 100]


@pytest.mark.parametrize(("inner", "area"), [("filled", WHOLE), ("holes", WHOLE - HOLE)])
@pytest.mark.parametrize("stated", [WHOLE, WHOLE - HOLE, None])
def test_the_option_says_what_they_are(convert: Convert, inner: str, area: int, stated: Any) -> None:
    run = convert(coco([given(1, OUTER, INNER, area=stated)]), options={"inner": inner})
    assert [painted(line) for line in run.lines] == [area]
    assert not run.report.assumptions


def test_parts_beside_each_other_are_none(convert: Convert) -> None:
    """The hole of a ring that lies around another is no place in it."""
    around: list[float] = [0, 0, 99, 0, 99, 79, 0, 79, 0, 75, 95, 75, 95, 5, 0, 5]
    run = convert(coco([given(1, around, INNER, area=1)]))
    assert not run.report.assumptions
