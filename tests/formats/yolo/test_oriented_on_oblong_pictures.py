"""Turned boxes on pictures that are not square: what is a rectangle is decided, and turned, in pixels."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg

WIDTH, HEIGHT = 400, 100
YAML = "train: images\nnames: [ship]\n"


def corners(cx: float, cy: float, w: float, h: float, degrees: float) -> list[tuple[float, float]]:
    """Corners in pixels of a box that is turned clockwise, as it is seen."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    ends = ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    return [(cx + x * cos - y * sin, cy + x * sin + y * cos) for x, y in ends]


def convert(folder: Path, row: str, **options: str) -> tuple[list[tuple[float, float]], Made]:
    files: Files = {"data.yaml": YAML, "images/a.jpg": jpeg(WIDTH, HEIGHT), "labels/a.txt": row}
    made = Made(folder, files, options=options)
    (line,) = made.lines
    return sorted((p["x"], p["y"]) for p in line["polygon"]), made


def close(found: list[tuple[float, float]], expected: list[tuple[float, float]]) -> bool:
    return all(a == pytest.approx(b, abs=0.02) for a, b in zip(found, sorted(expected), strict=True))


@pytest.mark.parametrize("degrees", [20, 45, 70])
def test_four_corners_stay_those_of_the_rectangle(tmp_path: Path, degrees: float) -> None:
    box = corners(200, 50, 60, 20, degrees)
    row = "0 " + " ".join(f"{x / WIDTH:.7f} {y / HEIGHT:.7f}" for x, y in box) + "\n"
    found, made = convert(tmp_path, row)
    assert close(found, box)
    assert made.report.source.details["task"] == "obb"


def test_a_rectangle_of_fractions_is_none_of_pixels(tmp_path: Path) -> None:
    row = "0 " + " ".join(f"{x:.7f} {y:.7f}" for x, y in corners(0.5, 0.5, 0.4, 0.2, 45)) + "\n"
    _, made = convert(tmp_path, row)
    assert made.report.source.details["task"] == "segment"


@pytest.mark.parametrize("degrees", [20, 45, 70])
def test_a_sixth_value_turns_the_box_in_pixels(tmp_path: Path, degrees: float) -> None:
    row = f"0 0.5 0.5 {60 / WIDTH:.7f} {20 / HEIGHT:.7f} {degrees}\n"
    found, _ = convert(tmp_path, row, angle="degrees")
    assert close(found, corners(200, 50, 60, 20, degrees))
