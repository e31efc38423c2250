"""Shapes and masks by hand-computed numbers, by pycocotools, and by what must hold for any shape: outlines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders.geometry import numbers, places, positive, vertices
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
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    TimeSpan,
)

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
