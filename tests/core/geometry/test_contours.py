"""Contours of masks against a walk around their pixels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from to_labelbox.geometry.contours import outer_contours, trace
from to_labelbox.geometry.raster import mask_array, mask_from_array, mask_from_runs, rasterise
from to_labelbox.geometry.vector import signed_area
from to_labelbox.model.items import Polygon

Pixels = npt.NDArray[np.bool_]
Place = tuple[int, int]

RIGHT, DOWN, LEFT, UP = (1, 0), (0, 1), (-1, 0), (0, -1)


def walked(pixels: Pixels) -> list[list[float]]:
    """The rings around 4-connected regions, the inside on the right hand, corners only; holes run the other way.

    Every pixel has up to four sides to the background. At a corner where two sides leave, the walk turns right, so that
    it stays with its own pixel.
    """
    height, width = pixels.shape
    leaving: dict[Place, list[Place]] = {}

    def is_set(x: int, y: int) -> bool:
        return 0 <= x < width and 0 <= y < height and bool(pixels[y, x])

    for y, x in np.argwhere(pixels).tolist():
        for (dx, dy), start, way in (
            (UP, (x, y), RIGHT),
            (RIGHT, (x + 1, y), DOWN),
            (DOWN, (x + 1, y + 1), LEFT),
            (LEFT, (x, y + 1), UP),
        ):
            if not is_set(x + dx, y + dy):
                leaving.setdefault(start, []).append(way)
    rings = []
    while leaving:
        at = min(leaving)
        way = leaving[at][0]
        ring: list[Place] = []
        steps: list[Place] = []
        while at in leaving:
            ways = leaving[at]
            turn = (-way[1], way[0])
            way = turn if turn in ways else ways[0]
            ways.remove(way)
            if not ways:
                del leaving[at]
            ring.append(at)
            steps.append(way)
            at = at[0] + way[0], at[1] + way[1]
        corners = [p for p, step, before in zip(ring, steps, [steps[-1], *steps]) if step != before]
        first = corners.index(min(corners))
        rings.append([float(v) for p in corners[first:] + corners[:first] for v in p])
    return rings


def check(pixels: Pixels) -> None:
    rings = walked(pixels)
    outer = [r for r in rings if signed_area(r) > 0]
    contours, holes = outer_contours(mask_from_array(pixels))
    assert sorted(contours) == sorted(outer)
    assert [c[:2] for c in contours] == sorted(c[:2] for c in contours)
    assert holes == len(rings) - len(outer)


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_contours_are_those_of_a_walk_around_the_pixels(pixels: Pixels) -> None:
    check(pixels)


@given(st.lists(arrays(bool, st.tuples(st.integers(1, 5), st.integers(1, 5))), min_size=1, max_size=5))
def test_masks_that_are_traced_at_once_are_as_each_alone(many: list[Pixels]) -> None:
    masks = [mask_from_array(pixels) for pixels in many]
    traced = trace(masks)
    values = traced.values.tolist()
    for mask, holes, (begin, end) in zip(masks, traced.holes, pairwise(traced.first_ring), strict=True):
        bounds = traced.first_value[begin : end + 1]
        assert outer_contours(mask) == ([values[a:b] for a, b in pairwise(bounds)], holes)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.95])
def test_contours_of_larger_masks(share: float) -> None:
    check(np.random.default_rng(7).random((60, 45)) < share)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=30), st.integers(1, 9))
def test_runs_of_length_zero_and_runs_over_columns(runs: list[int], height: int) -> None:
    total = sum(runs)
    width = max(1, -(-total // height))
    rest = width * height - total
    runs = [*runs, *([0] if len(runs) % 2 else []), rest]
    mask = mask_from_runs(runs, width, height)
    assert outer_contours(mask) == outer_contours(mask_from_array(mask_array(mask)))


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_filled_contours_give_back_the_regions_with_their_holes_closed(pixels: Pixels) -> None:
    mask = mask_from_array(pixels)
    contours, holes = outer_contours(mask)
    if not contours:
        assert not pixels.any()
        return
    height, width = pixels.shape
    filled = mask_array(rasterise(Polygon(tuple((ring,) for ring in contours)), width, height)).astype(bool)
    assert (filled == pixels).all() if not holes else (filled[pixels]).all()
