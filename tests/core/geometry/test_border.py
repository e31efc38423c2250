"""Outlines that reach over the border, and those that cross themselves: exact, and at a cost that grows with their vertices."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as oracle

from harness import lowered
from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Mask, Object, Polygon
from to_labelbox.model.schema import Kind


def drawn(rings: list[list[float]], width: int, height: int) -> Any:
    """What pycocotools makes of outlines."""
    return oracle.decode(oracle.merge(oracle.frPyObjects(rings, height, width)))


def ring(rng: random.Random, low: float, high: float, vertices: int) -> list[float]:
    return [rng.choice((rng.uniform(low, high), float(rng.randint(int(low), int(high))))) for _ in range(2 * vertices)]


@pytest.mark.parametrize("seed", range(40))
def test_parts_over_the_border_are_the_raster_of_the_whole_outline(seed: int) -> None:
    rng = random.Random(seed)
    rings = [ring(rng, -20, 60, rng.randint(3, 9)) for _ in range(2)]
    expected = drawn(rings, 40, 30)
    outline = Object(id="1", label="car", geometry=Polygon(tuple((r,) for r in rings)))
    shapes, _, _ = lowered(outline, 40, 30, geometry="mask")
    (mask,) = [s.geometry for s in shapes]
    assert isinstance(mask, Mask)
    assert (raster.mask_array(mask) == expected).all()


def parity(outline: Any, points: Any) -> Any:
    """Whether points are inside by the even-odd rule."""
    if len(outline) < 6:
        return np.zeros(len(points), bool)
    begin = np.array(outline).reshape(-1, 2)
    end = np.roll(begin, -1, axis=0)
    (x0, y0), (x1, y1) = begin.T, end.T
    x, y = points[:, :1], points[:, 1:]
    at = (x1 - x0) * (y - y0) / np.where(y1 == y0, 1, y1 - y0) + x0
    return (((y0 <= y) != (y1 <= y)) & (x < at)).sum(axis=1) % 2 == 1


@pytest.mark.parametrize("seed", range(40))
def test_a_ring_cut_at_a_frame_encloses_just_what_it_does(seed: int) -> None:
    rng = random.Random(seed)
    outline = ring(rng, -30, 70, rng.randint(3, 25))
    cut = geo.clip_ring(outline, 0, 0, 40, 30)
    points = np.random.default_rng(seed).uniform(0, 1, (500, 2)) * [40, 30]
    assert (parity(cut, points) == parity(outline, points)).all()
    assert all(0 <= x <= 40 for x in cut[::2])
    assert all(0 <= y <= 30 for y in cut[1::2])


@pytest.mark.parametrize("seed", range(40))
def test_a_walk_in_stretches_draws_the_same_pixels(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "_STEPS", 200)
    rng = random.Random(seed)
    outline = ring(rng, -30, 70, rng.randint(3, 30))
    width, height = rng.randint(1, 50), rng.randint(1, 50)
    made = raster.rasterise(Polygon(((outline,),)), width, height)
    assert (raster.mask_array(made) == drawn([outline], width, height)).all()


@pytest.mark.parametrize("policy", ["auto", "mask"])
def test_an_outline_that_crosses_itself_everywhere_costs_no_more_than_its_vertices(policy: str) -> None:
    rng = random.Random(1)
    outline = Object(id="1", label="car", geometry=Polygon((([rng.uniform(-30, 670) for _ in range(8000)],),)))
    tracemalloc.start()
    try:
        shapes, approximated, codes = lowered(outline, 640, 480, geometry=policy)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [s.kind for s in shapes] == [Kind.POLYGON if policy == "auto" else Kind.MASK]
    assert approximated
    assert "clipped" in codes
    assert peak < 40e6


def test_an_outline_that_crosses_itself_once_still_has_its_true_parts() -> None:
    eight = [-5.0, 0, 10, 10, 10, 0, -5, 10]
    clipped = geo.clip_polygon(Polygon(((eight,),)), 20, 20)
    assert clipped is not None
    assert len(clipped.parts) == 2


def test_far_vertices_are_cut_off_without_a_change_inside() -> None:
    outline = [-1e7, 5.0, 1e7, 5.0, 1e7, 20.0, -1e7, 20.0]
    made = raster.mask_array(raster.rasterise(Polygon(((outline,),)), 40, 30))
    assert made[5:20].all()
    assert made.sum() == 15 * 40
