"""How rows are to be read does not depend on how many there are, nor on a few that are spoiled or have to be mended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg, write
from to_labelbox import UsageError, convert

POSES = "names: [cat, dog]\ntrain: images\nkpt_shape: [2, 3]\n"


def yolo(rows: str, yaml: str = "names: [cat, dog]\ntrain: images\n") -> Files:
    pictures: Files = {f"images/{stem}.jpg": jpeg(400, 200) for stem in "abc"}
    return {"data.yaml": yaml, **pictures, **{f"labels/{stem}.txt": rows for stem in "abc"}}


def many(row: Callable[[int], str], count: int) -> str:
    return "".join(f"{row(n)}\n" for n in range(count))


ORDERS = {
    "class,x,y,w,h,name": lambda n: f"0 0.5 0.5 0.{n + 10} 0.1 cat",
    "name,class,x,y,w,h": lambda n: f"cat 0 0.5 0.5 0.{n + 10} 0.1",
    "class,id,x,y,w,h": lambda n: f"0 {n} 0.5 0.5 0.{n + 10} 0.1",
    "class,confidence,x,y,w,h": lambda n: f"0 0.9{n} 0.5 0.5 0.{n + 30} 0.1",
}


@pytest.mark.parametrize("spoiled", ["", "0 nan 0.5 0.5 0.1 0.1\n", "0 0.5 inf 0.5 0.1 0.1\n"])
@pytest.mark.parametrize("count", [5, 30])
@pytest.mark.parametrize("columns", list(ORDERS))
def test_an_order_of_values(tmp_path: Path, columns: str, count: int, spoiled: str) -> None:
    if columns.startswith("name"):  # no other first values are expected then
        spoiled = ""
    with pytest.raises(UsageError, match=f"-O columns={columns}  "):
        convert(write(tmp_path / "source", yolo(many(ORDERS[columns], count) + spoiled)), tmp_path / "out")


@pytest.mark.parametrize(
    "spoiled", ["", "0 nan 0.5 0.5 0.5\n", "0 0 0 0 0\n", "0 1.5 1.5 0.1 0.1\n", "0 0.7 0.6 0.7 0.9\n"]
)
def test_corners_are_asked_for_in_spite_of_a_spoiled_row(tmp_path: Path, spoiled: str) -> None:
    rows = many(lambda n: f"0 0.6 0.6 0.{n + 65} 0.9", 30)
    with pytest.raises(UsageError, match="-O box=corners"):
        convert(write(tmp_path / "source", yolo(spoiled + rows)), tmp_path / "out")


def test_corners_of_poses_are_asked_for(tmp_path: Path) -> None:
    rows = many(lambda n: f"0 0.6 0.6 0.{n + 65} 0.9 0.62 0.62 2 0.61 0.7 2", 10)
    with pytest.raises(UsageError, match="-O box=corners"):
        convert(write(tmp_path / "source", yolo(rows, POSES)), tmp_path / "out")
    made = Made(tmp_path / "given", yolo(rows, POSES), options={"box": "corners"})
    assert made.boxes[0] == pytest.approx(("cat", 240, 120, 20, 60))


MARKS = {
    "quotation marks": '"0" "0.5" "0.5" "0.1" "0.1"',
    "a table with decimal commas": '"0","0,5","0,5","0,1","0,1"',
    "a line in quotation marks": "'0 0.5 0.5 0.1 0.1'",
    "a list": "[0, 0.5, 0.5, 0.1, 0.1]",
    "a list behind the class": "0 [0.5, 0.5, 0.1, 0.1]",
    "numbers of arrays": "(0, np.float64(0.5), np.float32(0.5), np.float64(0.1), np.float64(0.1))",
    "tensors": "tensor(0.) tensor(0.5000, device='cuda:0') tensor(0.5) tensor(0.1) tensor(1.0e-01)",
}


@pytest.mark.parametrize("row", MARKS.values(), ids=list(MARKS))
def test_marks_around_numbers(tmp_path: Path, row: str) -> None:
    made = Made(tmp_path, yolo(f"{row}\n"))
    assert made.boxes == [pytest.approx(("cat", 180, 90, 40, 20))] * 3
    assert "around numbers are left out" in made.message("field-repaired")


def test_marks_around_anything_else_stay(tmp_path: Path) -> None:
    made = Made(tmp_path, yolo('0 0.5 0.5 0.1 0.1\n0 "x" 0.5 0.1 0.1\n'))
    assert (made.report.annotations.converted, made.codes["record-unreadable"]) == (3, 3)
