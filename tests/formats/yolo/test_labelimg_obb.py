"""labelImg-OBB: a first line that names it, then class, centre, the side along the angle, the other side, and the angle."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg, write
from to_labelbox import UsageError, convert

ROWS = "YOLO_OBB\n0 100 60 60.5 20 30\n1 200 100 60 10.25 -75.5\n"


def beside(rows: str = ROWS) -> Files:
    pictures: Files = {f"{stem}.jpg": jpeg(400, 200) for stem in "abcd"}
    return {**pictures, "classes.txt": "cat\ndog\n", **{f"{s}.txt": rows for s in "abc"}, "d.txt": "YOLO_OBB\n"}


def described(rows: str = ROWS) -> Files:
    pictures: Files = {f"images/{stem}.jpg": jpeg(400, 200) for stem in "abc"}
    labels = {f"labels/{stem}.txt": rows for stem in "abc"}
    return {"data.yaml": "names: [cat, dog]\ntrain: images\n", **pictures, **labels}


def corners(cx: float, cy: float, along: float, across: float, degrees: float) -> set[tuple[float, float]]:
    """Of a box whose first side points so far up from the right, y pointing down."""
    x, y = math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ends = ((cx + (s * along * x - t * across * y) / 2, cy + (s * along * y + t * across * x) / 2) for s, t in signs)
    return {(round(x, 3), round(y, 3)) for x, y in ends}


@pytest.mark.parametrize("files", [beside(), described()], ids=["beside", "described"])
def test_the_first_line_tells_how_rows_are_read(tmp_path: Path, files: Files) -> None:
    made = Made(tmp_path, files)
    drawn = [{(round(p["x"], 3), round(p["y"], 3)) for p in line["polygon"]} for line in made.lines[:2]]
    assert drawn == [corners(100, 60, 60.5, 20, 30), corners(200, 100, 60, 10.25, -75.5)]
    assert made.report.annotations.read == made.report.annotations.converted == 6
    assert made.assumed["turned boxes"][0] == "degrees_ccw"
    assert made.assumed["turned boxes"][3] == "-O angle=degrees"


def test_an_option_goes_before_it(tmp_path: Path) -> None:
    given = {"angle": "degrees", "units": "pixels"}
    made = Made(tmp_path, described(), options=given)
    drawn = {(round(p["x"], 3), round(p["y"], 3)) for p in made.lines[0]["polygon"]}
    assert drawn == corners(100, 60, 60.5, 20, -30)


def test_four_corners_below_it_are_four_corners(tmp_path: Path) -> None:
    made = Made(tmp_path, described("YOLO_OBB\n0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n"))
    ring = [{"x": x, "y": y} for x, y in ((40, 20), (80, 20), (80, 40), (40, 40))]
    assert [line["polygon"] for line in made.lines] == [ring] * 3
    assert made.assumed == {}


def test_a_set_of_turned_boxes_without_it_is_asked_about_all_turns(tmp_path: Path) -> None:
    files = described(ROWS.removeprefix("YOLO_OBB\n"))
    options = {"units": "pixels"}
    with pytest.raises(UsageError, match="-O angle=degrees_ccw"):
        convert(write(tmp_path / "source", files), tmp_path / "out", options=options)
    made = Made(tmp_path / "given", files, options={**options, "angle": "degrees_ccw"})
    headed = Made(tmp_path / "headed", described())
    assert [line["polygon"] for line in made.lines] == [line["polygon"] for line in headed.lines]


def test_turned_boxes_that_leave_their_pictures_unturned_are_no_other_form(tmp_path: Path) -> None:
    rows = "".join(f"0 {390 - n} 100 100 10 90\n" for n in range(9))
    made = Made(tmp_path, described("YOLO_OBB\n" + rows))
    assert list(made.assumed) == ["turned boxes"]


@pytest.mark.parametrize("first", ["# YOLO_OBB off", "YOLO_OBB_2 is next"])
def test_no_other_line_is_taken_for_it(tmp_path: Path, first: str) -> None:
    rows = "".join(f"0 {n}0 60 60 20 30\n" for n in range(10, 20))
    with pytest.raises(UsageError, match="-O units=pixels"):
        convert(write(tmp_path / "source", described(f"{first}\n{rows}")), tmp_path / "out")
