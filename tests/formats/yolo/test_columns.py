"""Rows in which values stand in another order or unit than YOLO's, or besides: asked with an option that reads them, or told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from small_sets import Files, Made, jpeg
from to_labelbox import SourceError, UsageError

YAML = "train: images/train\nnames: [cat, dog, fish]\n"
CAT = ("cat", 45, 22.5, 10, 5)
"""``0 0.5 0.5 0.1 0.1`` on a picture of 100 × 50."""


def yolo(rows: str | bytes, yaml: str = YAML, size: tuple[int, int] = (100, 50)) -> dict[str, str | bytes]:
    """A set of one picture."""
    return {"data.yaml": yaml, "images/train/a.jpg": jpeg(*size), "labels/train/a.txt": rows}


def ring(n: int, corners: int) -> list[tuple[float, float]]:
    turns = [2 * math.pi * k / corners for k in range(corners)]
    return [(0.5 + 0.01 * n + 0.2 * math.cos(turn), 0.4 + 0.2 * math.sin(turn)) for turn in turns]


def with_box(n: int, corners: int) -> str:
    xs, ys = zip(*ring(n, corners))
    box = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)
    return "0 " + " ".join(f"{value:.5f}" for value in (*box, *(v for point in ring(n, corners) for v in point))) + "\n"


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("0.5 0.5 0.1 0.1 0\n0.4 0.5 0.1 0.1 2\n", "x,y,w,h,class"),
        ("0.5 0.5 0.1 0.1 0.9 0\n0.4 0.5 0.1 0.1 0.8 2\n", "x,y,w,h,confidence,class"),
        ("0 0.91 0.5 0.5 0.1 0.1\n1 0.95 0.3 0.5 0.6 0.1\n2 0.99 0.7 0.5 0.4 0.2\n", "class,confidence,x,y,w,h"),
        ("0 0.5 0.5 0.1 0.1 cat\n1 0.5 0.5 0.2 0.2 dog\n", "class,x,y,w,h,name"),
        ("cat 0 0.5 0.5 0.1 0.1\ndog 1 0.5 0.5 0.2 0.2\n", "name,class,x,y,w,h"),
        ("0 3 0.5 0.5 0.1 0.1\n0 4 0.5 0.5 0.2 0.1\n1 9 0.5 0.5 0.2 0.2\n", "class,id,x,y,w,h"),
    ],
)
def test_another_order_of_values_is_asked_about_and_read(tmp_path: Path, rows: str, columns: str) -> None:
    with pytest.raises(UsageError, match=f"-O columns={columns}  "):
        Made(tmp_path, yolo(rows))
    made = Made(tmp_path, yolo(rows), options={"columns": columns, "predictions": True})
    assert made.boxes[0] == pytest.approx(CAT)
    tally = made.report.annotations
    assert (tally.read, tally.approximated) == (rows.count("\n"), 0 if columns == "x,y,w,h,class" else tally.read)
    if "confidence" in columns:  # which is that of a prediction
        assert Made(tmp_path / "left", yolo(rows), options={"columns": columns}).codes["prediction"] == tally.read


def test_a_confidence_that_may_be_first_is_not_where_the_user_says_it_is_last(tmp_path: Path) -> None:
    rows = "0 0.91 0.5 0.5 0.1 0.1\n1 0.95 0.3 0.5 0.6 0.1\n2 0.99 0.7 0.5 0.4 0.2\n"
    given = {"columns": "class,x,y,w,h,confidence", "predictions": True}
    assert Made(tmp_path, yolo(rows), options=given).boxes[0][:3] == ("cat", 66, 22.5)


def test_an_angle_by_its_name(tmp_path: Path) -> None:
    rows = "0 30 0.5 0.5 0.2 0.2\n"
    with pytest.raises(UsageError, match="-O angle=degrees"):
        Made(tmp_path, yolo(rows), options={"columns": "class,angle,x,y,w,h"})
    made = Made(tmp_path, yolo(rows), options={"columns": "class,angle,x,y,w,h", "angle": "degrees"})
    assert len(made.lines[0]["polygon"]) == 4


@pytest.mark.parametrize("columns", ["class,x,y,w", "class,x,x,y,w,h", "outline,class", "class,x,y,w,h,1"])
def test_columns_that_name_no_row(tmp_path: Path, columns: str) -> None:
    with pytest.raises(UsageError, match="it must name each value of a row"):
        Made(tmp_path, yolo("0 0.5 0.5 0.1 0.1\n"), options={"columns": columns})


def test_rows_of_another_length_than_the_columns_are_skipped(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo("0 0.5 0.5 0.1 0.1\n0.5 0.5 0.1 0.1\n"), options={"columns": "class,x,y,w,h"})
    assert made.message("record-unreadable") == "4 values, where -O columns= names 5"


def test_boxes_before_outlines_are_asked_about(tmp_path: Path) -> None:
    rows = "".join(with_box(n, 5 + n) for n in range(4))
    with pytest.raises(UsageError, match=r"(?s)-O columns=class,x,y,w,h,outline .*-O columns=class,outline"):
        Made(tmp_path, yolo(rows))
    made = Made(tmp_path, yolo(rows), options={"columns": "class,x,y,w,h,outline"})
    assert [len(line["polygon"]) for line in made.lines] == [5, 6, 7, 8]
    whole = Made(tmp_path, yolo(rows), options={"columns": "class,outline"})
    assert [len(line["polygon"]) for line in whole.lines] == [7, 8, 9, 10]


# ------------------------------------------------------------------------------------------- headings and comments


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("class x_center y_center width height\n0 0.5 0.5 0.1 0.1\n", "names of the columns"),
        ("class,x,y,w,h\n0,0.5,0.5,0.1,0.1\n", "names of the columns; values are separated by commas"),
        ("# drawn by hand\n0 0.5 0.5 0.1 0.1 # a cat\n", "comments are left out"),
        ("0 0.5 0.5 0.1 0.1 // a cat\n", "comments are left out"),
        ("0;0.5;0.5;0.1;0.1\n", "separated by semicolons"),
        ("0;0,5;0,5;0,1;0,1\n", "separated by semicolons instead of blanks; numbers are written with decimal commas"),
    ],
)
@pytest.mark.parametrize("yaml", [True, False])
def test_headings_comments_and_separators(tmp_path: Path, rows: str, told: str, yaml: bool) -> None:
    files: Files = yolo(rows) if yaml else {"images/a.jpg": jpeg(100, 50), "labels/a.txt": rows, "classes.txt": "cat\n"}
    made = Made(tmp_path, files)
    assert made.boxes == [pytest.approx(CAT)]
    assert made.report.annotations.read == 1
    assert told in made.message("field-repaired")


# --------------------------------------------------------------------------------------------------------------- units


def test_per_cent_is_offered_beside_pixels(tmp_path: Path) -> None:
    rows = yolo("0 50 50 10 10\n1 60 50 10 10\n")
    with pytest.raises(UsageError, match=r"(?s)-O units=pixels .*-O units=percent"):
        Made(tmp_path, rows)
    assert Made(tmp_path, rows, options={"units": "percent"}).boxes[0] == pytest.approx(CAT)
    with pytest.raises(UsageError, match=r"units=pixels(?s:(?!percent).)*$"):
        Made(tmp_path, yolo("0 150 50 10 10\n1 60 50 10 10\n"))


DOTA: Files = {"images/a.jpg": jpeg(100, 50), "labelTxt/a.txt": "0.1 0.1 0.3 0.1 0.3 0.3 0.1 0.3 plane 0\n"}
KERAS: Files = {"a.jpg": jpeg(100, 50), "_annotations.txt": "a.jpg 0.1,0.1,0.3,0.3,0\n", "_classes.txt": "plane\n"}


@pytest.mark.parametrize("files", [DOTA, KERAS])
def test_fractions_where_rows_have_pixels_are_asked_about(tmp_path: Path, files: Files) -> None:
    with pytest.raises(UsageError, match=r"(?s)-O units=fractions .*-O units=pixels"):
        Made(tmp_path, files)
    (line,) = Made(tmp_path, files, options={"units": "fractions"}).lines
    found = line["bbox"] if "bbox" in line else line["polygon"][0] | line["polygon"][2]
    assert found == pytest.approx(
        {"left": 10, "top": 5, "width": 20, "height": 10} if "bbox" in line else {"x": 30, "y": 15}
    )
    assert len(Made(tmp_path, files, options={"units": "pixels"}).lines) == 1


def test_commas_between_the_values_of_dota(tmp_path: Path) -> None:
    rows = "10, 10, 30, 10, 30, 20, 10, 20, storage tank, 1\n"
    made = Made(tmp_path, {**DOTA, "labelTxt/a.txt": rows, "data.yaml": "train: images\nnames: [storage tank]\n"})
    (line,) = made.lines
    assert (line["name"], line["polygon"][2]) == ("storage tank", {"x": 30, "y": 20})
    assert line["classifications"][0]["name"] == "difficult"
    assert made.codes["field-repaired"] == 1


def test_ids_of_keras_lines_that_count_from_one_are_asked_about(tmp_path: Path) -> None:
    files = {**KERAS, "_annotations.txt": "a.jpg 10,10,30,30,1 20,20,40,40,2\n", "_classes.txt": "cat\ndog\n"}
    with pytest.raises(UsageError, match="-O first_class=1"):
        Made(tmp_path, files)
    assert [box[0] for box in Made(tmp_path, files, options={"first_class": "1"}).boxes] == ["cat", "dog"]


# ----------------------------------------------------------------------------------------------- poses and four corners


def poses(*seen: int) -> str:
    return "".join(f"0 0.5 0.5 0.4 0.4 0.4 0.4{n} {v} 0.6 0.5{n} {v}\n" for n, v in enumerate(seen))


POSE = YAML + "kpt_shape: [2, 3]\n"


def visibilities(made: Made) -> list[Any]:
    return [[c["name"] for c in line.get("classifications", ())] for line in made.lines if "point" in line]


def test_visibility_one_may_say_no_more_than_that_a_point_is_there(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo(poses(1, 1, 0), POSE))
    assert made.assumed["visibility 1 of keypoints"] == ("occluded", 0, 4, "-O visibility=present")
    assert all("visibility" in found for found in visibilities(made))
    present = Made(tmp_path, yolo(poses(1, 1, 0), POSE), options={"visibility": "present"})
    assert len(visibilities(present)) == 4
    assert not any("visibility" in found for found in visibilities(present))
    assert "visibility 1 of keypoints" not in Made(tmp_path, yolo(poses(1, 2, 0), POSE)).assumed


def test_points_that_are_all_called_absent_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)-O visibility=placed .*-O visibility=coco"):
        Made(tmp_path, yolo(poses(0, 0), POSE))
    assert len(visibilities(Made(tmp_path, yolo(poses(0, 0), POSE), options={"visibility": "placed"}))) == 4
    assert visibilities(Made(tmp_path, yolo(poses(0, 0), POSE), options={"visibility": "coco"})) == []


@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_a_task_against_the_kpt_shape_is_a_question(tmp_path: Path, task: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s)-O task=pose .*-O task={task}"):
        Made(tmp_path, yolo(poses(1, 2), f"{POSE}task: {task}\n"))


def test_a_kpt_shape_that_no_row_has_is_refused_with_those_that_fit(tmp_path: Path) -> None:
    rows = "".join(f"0 0.5 0.5 0.4 0.4 0.4 0.4{n} 0.6 0.5{n}\n" for n in range(4))
    with pytest.raises(SourceError, match=r"have 11 values, but rows have 9: say -O kpt_shape= as they are \(2x2\)"):
        Made(tmp_path, yolo(rows, POSE))


def test_poses_of_two_points_without_visibility(tmp_path: Path) -> None:
    rows = "".join(f"0 0.{n}5 0.5 0.04 0.04 0.{n}6 0.51 0.{n}4 0.4{8 + n % 2}\n" for n in range(1, 9))
    with pytest.raises(SourceError, match="-O kpt_shape=2x2, or -O task=segment"):
        Made(tmp_path, yolo(rows))


def test_one_row_that_may_be_a_pose_is_an_assumption(tmp_path: Path) -> None:
    row = "0 0.5 0.5 0.04 0.04 0.51 0.51 0.49 0.48 0.5 0.5 0.51 0.5\n"
    assert Made(tmp_path, yolo(row)).assumed["task"] == ("segment", 0, 0, "-O kpt_shape=4x2")
    assert len(visibilities(Made(tmp_path, yolo(row), options={"kpt_shape": "4x2"}))) == 4


@pytest.mark.parametrize("yaml", [YAML, YAML + "task: obb\n"])
def test_corners_whose_outline_crosses_itself_are_put_in_order(tmp_path: Path, yaml: str) -> None:
    rows = "".join(f"0 0.1 0.{n} 0.3 0.{n} 0.1 0.{n + 1} 0.3 0.{n + 1}\n" for n in range(1, 4))
    made = Made(tmp_path, yolo(rows, yaml))
    assert made.assumed["order of corners"] == ("put in order", 3, 0, "-O task=segment")
    assert [(p["x"], p["y"]) for p in made.lines[0]["polygon"][:4]] == [(10, 5), (30, 5), (30, 10), (10, 10)]
    assert "order of corners" not in Made(tmp_path, yolo(rows, yaml), options={"task": "segment"}).assumed
    in_order = rows.replace("0.1 0.2 0.3 0.2\n", "0.3 0.2 0.1 0.2\n").splitlines()[0]
    assert "order of corners" not in Made(tmp_path, yolo(in_order + "\n", yaml)).assumed


def test_six_values_in_a_set_of_oriented_boxes_are_asked_about(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.2 0.1 0.3\n0 0.4 0.5 0.2 0.1 0.9\n"
    with pytest.raises(UsageError, match="-O angle=radians"):
        Made(tmp_path, yolo(rows, YAML + "task: obb\n"))


def test_a_height_before_the_width_is_asked_about(tmp_path: Path) -> None:
    rows = "".join(f"0 0.1{n} 0.5 0.6 0.2\n" for n in range(4)) + "1 0.85 0.5 0.7 0.1\n"
    with pytest.raises(UsageError, match=r"5 of 5 boxes leave .* exchanged in one of the two") as error:
        Made(tmp_path, yolo(rows))
    for option in ("columns=class,x,y,h,w", "columns=class,y,x,w,h", "box=center"):
        assert f"-O {option}" in str(error.value)
        name, _, value = option.partition("=")
        made = Made(tmp_path, yolo(rows), options={name: value})
        assert (made.report.annotations.approximated > 0) == (option == "box=center")
    assert Made(tmp_path, yolo(rows), options={"columns": "class,x,y,h,w"}).boxes[0] == pytest.approx(
        ("cat", 0, 10, 20, 30)
    )


@pytest.mark.parametrize(("doubted", "kind"), [(2, "told"), (4, "silent")])
def test_rows_that_mostly_look_like_poses_are_an_assumption(tmp_path: Path, doubted: int, kind: str) -> None:
    """All points lie in the boxes that the first four values would be; those of the last rows lie as other vertices may, too."""
    amid = "0 0.4 0.5 0.4 0.7 0.3 0.7 0.45 0.65 0.52 0.4 0.35 0.25 0.42 0.78\n"
    first = "0 0.3 0.5 0.5 0.7 0.3 0.7 0.45 0.65 0.52 0.4 0.35 0.25 0.42 0.78\n"
    made = Made(tmp_path, yolo(amid * (6 - doubted) + first * doubted))
    assert made.assumed.get("task") == (("segment", 0, 0, "-O kpt_shape=5x2") if kind == "told" else None)
