"""Parts of an outline that lie in other parts: what traces the contours of a mask writes its holes so, COCO has none."""

from __future__ import annotations

import io
import math
import random
from base64 import b64decode
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness import Convert, annotation, coco
from to_labelbox_formats.coco.conventions import inner_parts
from to_labelbox_formats.coco.conventions.inner_parts import boxes_around, nested

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
    ("stated", "unknown"),
    [(WHOLE, 0), (WHOLE + HOLE, 0), (None, 1), (0, 1), (WHOLE - HOLE // 2, 1), (WHOLE + 3 * HOLE, 1)],
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


def test_parts_that_overlap_are_no_holes(convert: Convert) -> None:
    """The area of their union is less than that of all by what they share, which may be that of a part in one of them."""
    beside, inner = rectangle(60, 10, 30, 50), rectangle(20, 20, 24, 20)
    area = WHOLE + 20 * 50
    run = convert(coco([given(1, OUTER, beside, inner, area=area)]))
    assert [painted(line) for line in run.lines] == [area]
    assert not run.report.assumptions


@pytest.mark.parametrize("side", [6, 10, 12])
def test_contours_through_the_pixels_at_the_border(convert: Convert, side: int) -> None:
    """OpenCV draws an object through the middle of its outermost pixels, a hole through those of the object around it."""
    outer, hole = rectangle(10, 10, 59, 49), rectangle(20, 20, side + 1, side + 1)
    run = convert(coco([given(1, outer, hole, area=WHOLE - side * side)]))
    assert [(a.for_, a.unknown) for a in run.report.assumptions] == [(1, 0)]


def test_parts_of_which_each_lies_in_the_next_by_some_vertices_only() -> None:
    """They lie in one another as far as is looked at, so none can be asked for what is around it but by its chain."""
    spread = random.Random(1)
    for _ in range(500):
        rings = [star(spread) for _ in range(5)]
        found = nested(rings)
        if found is not None:
            assert sorted(map(list, (ring for part in found.parts for ring in part))) == sorted(rings)


def star(spread: random.Random) -> list[float]:
    count, cx, cy, reach = (
        spread.choice([5, 20, 60]),
        spread.uniform(40, 60),
        spread.uniform(40, 60),
        spread.choice([50, 30, 10]),
    )
    turns = [2 * math.pi * n / count for n in range(count)]
    return [c + reach * spread.uniform(0.2, 1) * f(t) for t in turns for c, f in ((cx, math.cos), (cy, math.sin))]


@pytest.mark.parametrize("count", [10, 17, 300, 700])
def test_extents_are_found_alike_one_by_one_and_at_once(count: int) -> None:
    spread = random.Random(count)
    corners = [(spread.randrange(20), spread.randrange(20)) for _ in range(count)]
    extents = [(x, y, x + spread.randrange(1, 9), y + spread.randrange(1, 9)) for x, y in corners]
    expected = {
        (n, m)
        for n, (left, top, right, bottom) in enumerate(extents)
        for m, other in enumerate(extents)
        if other != extents[n] and other[0] <= left and other[1] <= top and other[2] >= right and other[3] >= bottom
    }
    assert {(n, m) for n, others in boxes_around(extents).items() for m in others} == expected


def test_a_ring_that_touches_the_one_around_it_lies_in_it_on_all_sides() -> None:
    for touching in (
        rectangle(10, 20, 9, 9),
        rectangle(61, 20, 9, 9),
        rectangle(20, 10, 9, 9),
        rectangle(20, 51, 9, 9),
    ):
        assert nested([OUTER, touching]) is not None


@pytest.mark.parametrize("whole", [False, True], ids=["decimals", "whole numbers"])
def test_the_look_at_one_vertex_finds_as_the_look_at_many(monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    rng = random.Random(4)

    def ring(size: float) -> list[float]:
        x, y = rng.uniform(0, 60), rng.uniform(0, 60)
        turns = sorted(rng.uniform(0, math.tau) for _ in range(rng.randint(3, 12)))
        places = [(x + math.cos(t) * size * rng.uniform(0.4, 1), y + math.sin(t) * size * rng.random()) for t in turns]
        return [round(v, 0 if whole else 2) for place in places for v in place]

    outlines = [[ring(50), ring(12), ring(8)] for _ in range(600)]
    quick = [nested(outline) for outline in outlines]
    monkeypatch.setattr(inner_parts, "_SHORT", 0)
    assert [found and found.depths for found in quick] == [found and found.depths for found in map(nested, outlines)]
    assert 100 < sum(found is None for found in quick) < 500
