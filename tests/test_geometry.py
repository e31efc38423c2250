"""Shapes and masks by hand-computed numbers, by pycocotools, and by what must hold for any shape."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.any_shape import envelope, to_stored
from to_labelbox.geometry.vector import GeometryError
from to_labelbox.model.items import (
    Box,
    Cuboid,
    Ellipse,
    Geometry,
    Keypoint,
    Keypoints,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    TimeSpan,
)

WIDTH, HEIGHT = 12, 9

Pixels = npt.NDArray[np.uint8]
bits = arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 1))
numbers = st.floats(-40, 40, allow_subnormal=False, width=32)
vertices = st.lists(numbers, min_size=6, max_size=16).map(lambda values: values[: len(values) // 2 * 2])
positive = st.floats(0.5, 30, width=32)


# --------------------------------------------------------------------------------------------------------- run lengths


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


# ---------------------------------------------------------------------------------------------------------- rasterising


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


# ------------------------------------------------------------------------------------------------------------- clipping


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


# ------------------------------------------------------------------------------------------------------------- outlines

TURNED_BOXES = {
    0: [6, 8, 14, 8, 14, 12, 6, 12],
    30: [7.535898384862245, 6.267949192431123, 14.464101615137755, 10.267949192431123]
    + [12.464101615137755, 13.732050807568877, 5.535898384862245, 9.732050807568877],
    45: [10 - math.sqrt(2), 10 - 3 * math.sqrt(2), 10 + 3 * math.sqrt(2), 10 + math.sqrt(2)]
    + [10 + math.sqrt(2), 10 + 3 * math.sqrt(2), 10 - 3 * math.sqrt(2), 10 - math.sqrt(2)],
    90: [12, 6, 12, 14, 8, 14, 8, 6],
    180: [14, 12, 6, 12, 6, 8, 14, 8],
    -90: [8, 14, 8, 6, 12, 6, 12, 14],
    450: [12, 6, 12, 14, 8, 14, 8, 6],
}


@pytest.mark.parametrize("angle", TURNED_BOXES)
def test_corners_of_a_turned_box(angle: int) -> None:
    """Clockwise as seen on the screen, with y down, as OpenCV's boxPoints has it; exact at quarter turns."""
    corners = geo.rotated_corners(RotatedBox(10, 10, 8, 4, angle))
    assert corners == (TURNED_BOXES[angle] if angle % 90 == 0 else pytest.approx(TURNED_BOXES[angle]))


@pytest.mark.parametrize(
    ("angle", "tolerance", "upright"),
    [
        (0, 0, True),
        (360, 0, True),
        (-720, 0, True),
        (0.4, 0, False),
        (0.4, 0.5, True),
        (359.6, 0.5, True),
        (-0.4, 0.5, True),
        (0.5, 0.5, False),
        (90, 0.5, False),
        (180, 0.5, False),
    ],
)
def test_a_turn_too_small_to_move_a_corner_is_none(angle: float, tolerance: float, upright: bool) -> None:
    found = geo.upright_box(RotatedBox(100, 50, 60, 20, angle), tolerance)
    assert found == (Box(70, 40, 60, 20) if upright else None)
    long = RotatedBox(1000, 50, 1000, 20, 0.4)  # its ends move by 3.5 px
    assert geo.upright_box(long, 0.5) is None


@given(numbers, numbers, positive, positive, st.floats(-400, 400))
def test_an_ellipse_lies_within_its_envelope_and_fills_it(
    cx: float, cy: float, rx: float, ry: float, angle: float
) -> None:
    ellipse = Ellipse(cx, cy, rx, ry, angle)
    outline = geo.ellipse_outline(ellipse)
    assert len(outline) == 128
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for x, y in zip(outline[::2], outline[1::2]):
        along, across = cos * (x - cx) + sin * (y - cy), cos * (y - cy) - sin * (x - cx)
        assert (along / rx) ** 2 + (across / ry) ** 2 == pytest.approx(1, abs=1e-6)
    assert abs(geo.signed_area(outline)) == pytest.approx(32 * math.sin(math.pi / 32) * rx * ry, rel=1e-6)
    box = envelope(ellipse)
    assert box is not None
    left, top, right, bottom = geo.bounds(geo.ellipse_outline(ellipse, 720))
    wide = max(rx, ry) * 1e-3
    assert (box.left, box.top) == pytest.approx((left, top), abs=wide)
    assert (box.left + box.width, box.top + box.height) == pytest.approx((right, bottom), abs=wide)


def test_an_ellipse_begins_at_the_end_of_its_x_radius_and_goes_clockwise() -> None:
    outline = geo.ellipse_outline(Ellipse(10, 20, 4, 2, 90), 4)
    assert outline == pytest.approx([10, 24, 8, 20, 10, 16, 12, 20])


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
        (Polygon((([1, 5, 4, 2, 3, 9],), ([8, 3, 9, 3, 9, 4], [0, 0, 20, 0, 20, 20]))), Box(1, 2, 8, 7)),
        (RotatedBox(10, 10, 8, 4, 90), Box(8, 6, 4, 8)),
        (Ellipse(10, 20, 4, 2, 90), Box(8, 16, 4, 8)),
        (Cuboid([1, 2, 5, 2, 5, 6, 1, 6], [3, 0, 7, 0, 7, 4, 3, 4]), Box(1, 0, 6, 6)),
        (raster.mask_from_runs([6, 2, 4], 3, 4), Box(1, 2, 1, 2)),
        (raster.mask_from_runs([12], 3, 4), None),
        (Point(1, 2), None),
        (Polyline([0, 0, 5, 5]), None),
        (Keypoints((Keypoint("a", 1, 2),)), None),
        (TimeSpan(0, 1), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_envelope(shape: Geometry, box: Box | None) -> None:
    assert envelope(shape) == box


@pytest.mark.parametrize(
    ("ring", "flat"),
    [
        ([], True),
        ([0, 0, 4, 0], True),
        ([0, 0, 4, 4, 8, 8], True),
        ([0, 0, 0, 0, 0, 0, 0, 0], True),
        ([0, 0, 9, 3, 3, 1, 6, 2], True),
        ([0, 0, 4, 0, 4, 4], False),
        ([0, 0, 0, 0, 4, 0, 4, 1e-3], False),
        ([0, 0, 4, 4, 4, 0, 0, 4], False),  # a bow tie: its signed area is 0, but it encloses two triangles
        ([4000, 3000, 4000.5, 3000, 4000.5, 3000.5], False),
    ],
)
def test_rings_that_enclose_nothing(ring: list[float], flat: bool) -> None:
    assert geo.is_degenerate(ring) is flat


@given(vertices)
def test_area_changes_its_sign_with_the_direction(ring: list[float]) -> None:
    back = [v for pair in list(zip(ring[::2], ring[1::2]))[::-1] for v in pair]
    assert geo.signed_area(back) == pytest.approx(-geo.signed_area(ring), abs=1e-6)
    assert geo.signed_area([0, 0, 4, 0, 4, 3, 0, 3]) == 12


@pytest.mark.parametrize(
    ("ring", "opened"),
    [
        ([0, 0, 4, 0, 4, 4, 0, 0], [0, 0, 4, 0, 4, 4]),
        ([0, 0, 4, 0, 4, 4], [0, 0, 4, 0, 4, 4]),
        ([0, 0, 4, 0, 0, 0], [0, 0, 4, 0, 0, 0]),
        ([0, 0, 4, 0, 4, 4, 0, 1], [0, 0, 4, 0, 4, 4, 0, 1]),
    ],
)
def test_only_a_repeated_first_vertex_is_taken_off(ring: list[float], opened: list[float]) -> None:
    assert geo.open_ring(ring) == opened


@given(st.lists(st.integers(-5, 5), min_size=6, max_size=20).map(lambda v: v[: len(v) // 2 * 2]))
def test_the_hull_holds_every_point_and_turns_one_way(points: list[int]) -> None:
    hull = geo.convex_hull(points)
    assume(not geo.is_degenerate(hull))
    corners = list(zip(hull[::2], hull[1::2]))
    assert set(corners) <= set(zip(points[::2], points[1::2]))
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        on_line = 0
        for x, y in corners:
            side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            on_line += side == 0
        assert on_line == 2
        assert all((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0 for x, y in zip(points[::2], points[1::2]))


# ----------------------------------------------------------------------------------------------------- EXIF orientation

STORED = ["abc", "def"]
UPRIGHT = {
    1: ["abc", "def"],
    2: ["cba", "fed"],
    3: ["fed", "cba"],
    4: ["def", "abc"],
    5: ["ad", "be", "cf"],
    6: ["da", "eb", "fc"],
    7: ["fc", "eb", "da"],
    8: ["cf", "be", "ad"],
}
"""How a viewer shows a stored picture of 3 × 2 pixels, by the EXIF standard's table of the Orientation tag."""
PLACES = {letter: (x, y) for y, row in enumerate(STORED) for x, letter in enumerate(row)}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_every_pixel_goes_back_to_where_it_is_stored(orientation: int) -> None:
    shown = UPRIGHT[orientation]
    for y, row in enumerate(shown):
        for x, letter in enumerate(row):
            i, j = PLACES[letter]

            def stored(shape: Geometry) -> Any:
                return to_stored(shape, orientation, 3, 2)

            assert stored(Box(x, y, 1, 1)) == Box(i, j, 1, 1)
            assert stored(Point(x + 0.5, y + 0.5)) == Point(i + 0.5, j + 0.5)
            assert stored(Keypoints((Keypoint("nose", x + 0.5, y + 0.5, True),))) == Keypoints(
                (Keypoint("nose", i + 0.5, j + 0.5, True),)
            )
            ring = [x + 0.25, y + 0.5, x + 0.75, y + 0.5, x + 0.5, y + 0.75]
            for turned in (
                stored(Polyline(ring)).points,
                stored(Polygon(((ring,),))).parts[0][0],
                stored(Cuboid(ring, ring)).front,
                stored(Cuboid(ring, ring)).back,
            ):
                left, top, right, bottom = geo.bounds(turned)
                assert i < left < right < i + 1
                assert j < top < bottom < j + 1
            pixels = np.zeros((len(shown), len(row)), np.uint8)
            pixels[y, x] = 1
            mask = stored(raster.mask_from_array(pixels))
            assert (mask.width, mask.height) == (3, 2)
            assert raster.mask_box(mask) == Box(i, j, 1, 1)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("angle", [0, 20, 90, 135, 300])
def test_turned_shapes_turn_with_the_picture(orientation: int, angle: float) -> None:
    """The corners of the box in the stored picture are the stored places of its corners; so for an ellipse."""
    box, width, height = RotatedBox(30, 20, 16, 6, angle), 100, 80
    stored = to_stored(box, orientation, width, height)
    corners = to_stored(Polyline(geo.rotated_corners(box)), orientation, width, height)
    assert isinstance(stored, RotatedBox)
    assert isinstance(corners, Polyline)
    assert (stored.width, stored.height) == (16, 6)
    assert places(geo.rotated_corners(stored)) == places(corners.points)
    ellipse = to_stored(Ellipse(30, 20, 8, 3, angle), orientation, width, height)
    outline = to_stored(Polyline(geo.ellipse_outline(Ellipse(30, 20, 8, 3, angle))), orientation, width, height)
    assert isinstance(ellipse, Ellipse)
    assert isinstance(outline, Polyline)
    assert places(geo.ellipse_outline(ellipse)) == places(outline.points)


def places(points: Any) -> set[tuple[float, float]]:
    return {(round(x, 6) + 0.0, round(y, 6) + 0.0) for x, y in zip(points[::2], points[1::2])}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_keeps_its_sides(orientation: int) -> None:
    box = to_stored(Box(10, 20, 7, 3), orientation, 100, 80)
    assert isinstance(box, Box)
    assert (box.width, box.height) == ((7, 3) if orientation < 5 else (3, 7))


def test_what_is_not_on_a_picture_or_no_orientation_is_refused() -> None:
    with pytest.raises(GeometryError, match="TimeSpan"):
        to_stored(TimeSpan(0, 1), 6, 3, 2)
    with pytest.raises(GeometryError, match="orientation 9"):
        to_stored(Point(1, 1), 9, 3, 2)
