"""Keras lines whose boxes have the class or y first: asked about where boxes, pictures and classes refute the usual order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from harness import lines
from to_labelbox import UsageError

BOXES = [(10 + 20 * n, 5 + 3 * n, 60 + 20 * n, 25 + 3 * n, n % 3) for n in range(9)]
"""On pictures of 300 × 100: left, top, right, bottom, class."""
ORDERS = {
    "x1,y1,x2,y2,class": (0, 1, 2, 3, 4),
    "class,x1,y1,x2,y2": (4, 0, 1, 2, 3),
    "y1,x1,y2,x2,class": (1, 0, 3, 2, 4),
    "class,y1,x1,y2,x2": (4, 1, 0, 3, 2),
}


def source(folder: Path, columns: str, upright: int = 0) -> Path:
    """One box a picture in an order of its values, the first ones in the usual order."""
    folder.mkdir()
    written = []
    for n, box in enumerate(BOXES):
        Image.new("L", (300, 100)).save(folder / f"{n}.jpg")
        order = ORDERS[columns] if n >= upright else range(5)
        written.append(f"{n}.jpg " + ",".join(str(box[at]) for at in order))
    (folder / "train.txt").write_text("\n".join(written) + "\n")
    (folder / "classes.txt").write_text("car\nperson\ndog\n")
    return folder


def boxes(out: Path) -> list[Any]:
    found = [(line["bbox"], line["name"]) for line in lines(out)]
    names = ["car", "person", "dog"]
    return [
        (b["left"], b["top"], b["left"] + b["width"], b["top"] + b["height"], names.index(name)) for b, name in found
    ]


@pytest.mark.parametrize("columns", ORDERS)
def test_another_order_of_values_is_a_question(columns: str, tmp_path: Path) -> None:
    given, options = source(tmp_path / "in", columns), {}
    if columns != "x1,y1,x2,y2,class":
        with pytest.raises(
            UsageError, match=rf"boxes looked at(?s:.*)-O columns={columns} (?s:.*)-O columns=x1,y1,x2,y2,class "
        ):
            to_labelbox.convert(given, tmp_path / "out")
        options = {"columns": columns}
    to_labelbox.convert(given, tmp_path / "out", options=options)
    assert boxes(tmp_path / "out") == BOXES


def test_values_that_fit_no_other_order_either_are_not_asked_about(tmp_path: Path) -> None:
    given = source(tmp_path / "in", "class,x1,y1,x2,y2", upright=4)
    assert to_labelbox.convert(given, tmp_path / "out").annotations.skipped


def test_columns_that_lines_do_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-O columns=class,x,y,w,h: boxes of lines hold class,x1,y1,x2,y2"):
        to_labelbox.convert(
            source(tmp_path / "in", "class,x1,y1,x2,y2"), tmp_path / "out", options={"columns": "class,x,y,w,h"}
        )


@pytest.mark.parametrize(
    ("size", "orientation", "box"), [((640, 480), 1, (100, 300, 150, 483)), ((480, 640), 6, (400, 100, 600, 300))]
)
def test_boxes_a_little_over_the_edge_or_of_the_turned_picture_are_usual(
    size: tuple[int, int], orientation: int, box: tuple[int, int, int, int], tmp_path: Path
) -> None:
    picture = Image.new("L", size)
    exif = picture.getexif()
    exif[0x112] = orientation
    for n in range(4):
        picture.save(tmp_path / f"{n}.jpg", exif=exif)
    rows = [f"{n}.jpg {','.join(map(str, box))},0 10,20,{30 + n},40,1\n" for n in range(4)]
    (tmp_path / "train.txt").write_text("".join(rows))
    (tmp_path / "classes.txt").write_text("car\nperson\n")
    assert to_labelbox.convert(tmp_path, tmp_path / "out").annotations.read == 8
