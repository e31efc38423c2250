"""Shapes and masks by hand-computed numbers, by pycocotools, and by what must hold for any shape: run lengths."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from builders.geometry import numbers, positive, vertices
from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.vector import GeometryError
from to_labelbox.model.items import (
    Box,
    Mask,
    Polygon,
)

WIDTH, HEIGHT = 12, 9


Pixels = npt.NDArray[np.uint8]


bits = arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 1))


def runs_of(pixels: Pixels) -> list[int]:
    """Column-major runs, background first, counted one pixel after the other."""
    runs, value = [0], 0
    for pixel in pixels.T.ravel().tolist():
        if pixel != value:
            runs.append(0)
            value = pixel
        runs[-1] += 1
    return runs


@given(bits)
def test_masks_are_those_of_pycocotools(pixels: Pixels) -> None:
    height, width = pixels.shape
    rle = coco.encode(np.asfortranarray(pixels))
    ways = {
        "array": raster.mask_from_array(pixels * 7),
        "runs": raster.mask_from_runs(runs_of(pixels), width, height),
        "bytes": raster.mask_from_counts(rle["counts"], width, height),
        "text": raster.mask_from_counts(rle["counts"].decode(), width, height),
    }
    assert ways == dict.fromkeys(ways, Mask(width, height, rle["counts"]))
    mask = ways["array"]
    assert np.array_equal(raster.mask_array(mask), pixels)
    assert raster.mask_area(mask) == coco.area(rle)
    box = raster.mask_box(mask)
    if not pixels.any():
        assert box is None
        return
    assert box is not None
    assert [box.left, box.top, box.width, box.height] == coco.toBbox(rle).tolist() or coco_box_is_wrong(pixels)
    ys, xs = np.nonzero(pixels)
    assert box == Box(xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1)
    left, patch = raster.mask_patch(mask)
    assert (left, patch.shape) == (box.left, (height, box.width))
    assert np.array_equal(patch, pixels[:, left : left + patch.shape[1]])


def coco_box_is_wrong(pixels: Pixels) -> bool:
    """toBbox takes a run that goes on into the next column to fill the height, also where it does not need to."""
    flat = pixels.T.ravel()
    height = len(pixels)
    return any(flat[x * height - 1] and flat[x * height] for x in range(1, pixels.shape[1]))


def test_zero_runs_between_foreground_do_not_matter() -> None:
    assert raster.mask_box(raster.mask_from_runs([0, 0, 4, 1, 0, 1, 6], 3, 4)) == Box(1, 0, 1, 2)


@given(bits)
def test_rows_are_read_row_after_row(pixels: Pixels) -> None:
    height, width = pixels.shape
    assert np.array_equal(raster.rows_from_runs(runs_of(pixels.T), width, height), pixels)


@given(bits, st.integers(-9, 9), st.integers(-9, 9))
def test_a_patch_lands_at_its_place(patch: Pixels, left: int, top: int) -> None:
    expected = np.zeros((5, 6), np.uint8)
    for y, x in np.argwhere(patch).tolist():
        if 0 <= y + top < 5 and 0 <= x + left < 6:
            expected[y + top, x + left] = 1
    assert np.array_equal(raster.mask_array(raster.mask_from_patch(patch, left, top, 6, 5)), expected)


@pytest.mark.parametrize(
    ("runs", "width", "height", "message"),
    [
        ([3, 4], 2, 3, "runs add up to 7"),
        ([], 2, 3, "runs add up to 0"),
        ([7, -1], 2, 3, "negative"),
        ([6.0], 2, 3, "whole"),
        ([True, 5], 2, 3, "whole"),
        ([0], 0, 3, "0 × 3"),
        ([4], -2, -2, "-2 × -2"),
        ([10**8 + 1], 10**8 + 1, 1, "larger than"),
    ],
)
def test_runs_that_do_not_fill_the_frame(runs: list[Any], width: int, height: int, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        raster.mask_from_runs(runs, width, height)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("", "empty"),
        ("é", "ASCII"),
        ("/", "alphabet"),
        (b"\xff", "alphabet"),
        ("P", "ends inside"),
        ("PPPPPPP1", "too large"),
        ("O", "negative"),
        ("7", "runs add up to 7"),
    ],
)
def test_counts_that_do_not_fill_the_frame(counts: str | bytes, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        raster.mask_from_counts(counts, 2, 3)


@given(st.binary(max_size=12), st.integers(1, 6), st.integers(1, 6))
def test_any_bytes_make_a_mask_or_a_message(counts: bytes, width: int, height: int) -> None:
    try:
        mask = raster.mask_from_counts(counts, width, height)
    except GeometryError:
        return
    assert np.array_equal(raster.mask_array(mask), coco.decode({"size": [height, width], "counts": counts}))


@given(st.lists(vertices, min_size=1, max_size=3))
def test_outlines_are_filled_as_pycocotools_fills_them(rings: list[list[float]]) -> None:
    whole = coco.decode(coco.merge(coco.frPyObjects(rings, HEIGHT, WIDTH)))
    mask = raster.rasterise(Polygon(tuple((ring,) for ring in rings)), WIDTH, HEIGHT)
    assert np.array_equal(raster.mask_array(mask), whole)


def test_holes_are_cut_from_their_own_part_only() -> None:
    square, hole = [0, 0, 6, 0, 6, 6, 0, 6], [2, 2, 4, 2, 4, 4, 2, 4]
    ring = np.zeros((HEIGHT, WIDTH), np.uint8)
    ring[:6, :6] = 1
    ring[2:4, 2:4] = 0
    assert np.array_equal(raster.mask_array(raster.rasterise(Polygon(((square, hole),)), WIDTH, HEIGHT)), ring)
    filled = raster.rasterise(Polygon(((square, hole), (hole,))), WIDTH, HEIGHT)
    assert raster.mask_area(filled) == 36


def test_an_outline_far_beyond_the_frame_is_cut_before_it_is_filled() -> None:
    half = Polygon((([-1e12, -1e12, 6, -1e12, 6, 1e12, -1e12, 1e12],),))
    assert raster.mask_box(raster.rasterise(half, WIDTH, HEIGHT)) == Box(0, 0, 6, HEIGHT)
    beside = Polygon((([1e7, 0, 2e7, 0, 2e7, 5],),))
    assert raster.mask_area(raster.rasterise(beside, WIDTH, HEIGHT)) == 0


def area(polygon: Polygon | None) -> float:
    """Parts do not overlap here: the outer rings' area without that of the holes."""
    parts = polygon.parts if polygon else ()
    return sum(abs(geo.signed_area(p[0])) - sum(abs(geo.signed_area(hole)) for hole in p[1:]) for p in parts)


def is_inside(points: Any) -> bool:
    left, top, right, bottom = geo.bounds(points)
    return min(left, top) >= -1e-6 and right <= WIDTH + 1e-6 and bottom <= HEIGHT + 1e-6


@given(numbers, numbers, positive, positive)
def test_a_clipped_box_is_the_intersection(left: float, top: float, width: float, height: float) -> None:
    box = Box(left, top, width, height)
    clipped = geo.clip_box(box, WIDTH, HEIGHT)
    across = min(left + width, WIDTH) - max(left, 0)
    down = min(top + height, HEIGHT) - max(top, 0)
    if across <= 0 or down <= 0:
        assert clipped is None
        return
    assert clipped is not None
    assert (clipped.left, clipped.top) == (max(left, 0), max(top, 0))
    assert (clipped.width, clipped.height) == pytest.approx((across, down))
    if left >= 0 and left + width <= WIDTH:
        assert (clipped.left, clipped.width) == (left, width)
    outline = Polygon((geo_ring(box),))
    assert area(geo.clip_polygon(outline, WIDTH, HEIGHT)) == pytest.approx(clipped.width * clipped.height, abs=1e-4)


def geo_ring(box: Box) -> tuple[list[float]]:
    right, bottom = box.left + box.width, box.top + box.height
    return ([box.left, box.top, right, box.top, right, bottom, box.left, bottom],)


@given(vertices)
def test_a_clipped_polygon_is_inside_and_not_larger(ring: list[float]) -> None:
    hull = geo.convex_hull(ring)
    clipped = geo.clip_polygon(Polygon(((hull,),)), WIDTH, HEIGHT)
    if clipped is None:
        return
    assert all(is_inside(ring) for part in clipped.parts for ring in part)
    assert area(clipped) <= min(abs(geo.signed_area(hull)), WIDTH * HEIGHT) + 1e-4
    kept = {(x, y) for part in clipped.parts for ring in part for x, y in zip(ring[::2], ring[1::2])}
    edge = 1e-3
    within = {
        (x, y)
        for x, y in zip(hull[::2], hull[1::2])
        if edge < x < WIDTH - edge and edge < y < HEIGHT - edge and geo.signed_area(hull) > 1
    }
    assert all(min(math.hypot(x - a, y - b) for a, b in kept) < 1e-5 for x, y in within)


@given(vertices)
def test_rings_that_cross_themselves_clip_to_rings_inside(ring: list[float]) -> None:
    clipped = geo.clip_polygon(Polygon(((ring,),)), WIDTH, HEIGHT)
    if clipped is not None:
        assert all(is_inside(ring) for part in clipped.parts for ring in part)
        assert 0 < area(clipped) <= WIDTH * HEIGHT + 1e-4


def test_a_polygon_falls_into_the_pieces_that_it_has() -> None:
    """A U whose bottom is below the frame: its two arms stay. Its own numbers are kept."""
    arms = [1.1, 2.3, 3, 2, 3, 12, 7, 12, 7, 2, 9, 2, 9, 15, 1.1, 15]
    clipped = geo.clip_polygon(Polygon(((arms,),)), WIDTH, HEIGHT)
    assert clipped is not None
    corners = sorted(sorted(zip(part[0][::2], part[0][1::2])) for part in clipped.parts)
    assert corners == [
        [pytest.approx(p) for p in [(1.1, 2.3), (1.1, 9), (3, 2), (3, 9)]],
        [(7, 2), (7, 9), (9, 2), (9, 9)],
    ]
    assert (1.1, 2.3) in corners[0]


def test_a_hole_stays_a_hole_and_becomes_a_bay_at_the_border() -> None:
    square, hole, bay = [-5, 1, 8, 1, 8, 8, -5, 8], [3, 3, 5, 3, 5, 5, 3, 5], [-2, 3, 1, 3, 1, 5, -2, 5]
    clipped = geo.clip_polygon(Polygon(((square, hole),)), WIDTH, HEIGHT)
    assert clipped is not None
    assert [len(part) for part in clipped.parts] == [2]
    assert area(clipped) == 8 * 7 - 4
    clipped = geo.clip_polygon(Polygon(((square, bay),)), WIDTH, HEIGHT)
    assert clipped is not None
    assert [len(part) for part in clipped.parts] == [1]
    assert area(clipped) == 8 * 7 - 2


@pytest.mark.parametrize(
    "ring", [[20, 20, 30, 20, 30, 30], [0, 0, 5, 5, 9, 9], [12, 0, 20, 0, 20, 9, 12, 9], [3, 3, 3, 3, 3, 3]]
)
def test_nothing_is_left_of_what_is_outside_or_flat(ring: list[float]) -> None:
    assert geo.clip_polygon(Polygon(((ring,),)), WIDTH, HEIGHT) is None


def length(points: list[float]) -> float:
    places = list(zip(points[::2], points[1::2]))
    return sum(math.dist(a, b) for a, b in pairwise(places))


@given(vertices)
def test_pieces_of_a_line_are_inside_and_not_longer(points: list[float]) -> None:
    pieces = geo.clip_line(points, WIDTH, HEIGHT)
    for piece in pieces:
        assert len(piece) >= 4
        left, top, right, bottom = geo.bounds(piece)
        assert min(left, top) >= -1e-6
        assert right <= WIDTH + 1e-6
        assert bottom <= HEIGHT + 1e-6
    assert sum(map(length, pieces)) <= length(points) + 1e-6


@pytest.mark.parametrize(
    ("points", "pieces"),
    [
        ([1, 1, 5, 5, 11, 2], [[1, 1, 5, 5, 11, 2]]),
        ([-4, 4, 4, 4, 4, 20], [[0, 4, 4, 4, 4, 9]]),
        ([2, 2, 2, -5, 6, -5, 6, 2], [[2, 2, 2, 0], [6, 0, 6, 2]]),
        ([-3, -3, 3, 3, 15, 3], [[0, 0, 3, 3, 12, 3]]),
        ([-5, 4, 20, 4], [[0, 4, 12, 4]]),
        ([-5, -1, 20, -1], []),
        ([12, 0, 12, 9], [[12, 0, 12, 9]]),
        ([14, 3, 20, 3, 20, 8], []),
    ],
)
def test_a_line_is_cut_where_it_crosses_the_border(points: list[float], pieces: list[list[float]]) -> None:
    assert geo.clip_line(points, WIDTH, HEIGHT) == pieces


@given(vertices)
def test_clamped_vertices_are_the_nearest_in_the_frame(points: list[float]) -> None:
    clamped = geo.clamp_points(points, WIDTH, HEIGHT)
    for value, before, side in zip(clamped, points, [WIDTH, HEIGHT] * len(points)):
        assert value == sorted((0, before, side))[1]
