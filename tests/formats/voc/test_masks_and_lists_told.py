"""What masks, lists and files beside the annotation files are taken for: told, asked, or refused with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.voc import png
from small_sets import Made, box, jpeg, thing, voc
from to_labelbox import UsageError


def mask(value: Any, height: int = 50, width: int = 100) -> bytes:
    colours = np.zeros((height, width, *np.shape(value)), np.uint8)
    colours[height // 5 : 2 * height // 5, width // 10 : 3 * width // 10] = value
    return png(colours)


def several(value: Any, name: str = "dog", **more: Any) -> dict[str, str | bytes]:
    made: dict[str, str | bytes] = {}
    for n in range(3):
        made[f"JPEGImages/{n}.jpg"] = jpeg(100, 50)
        made[f"SegmentationClass/{n}.png"] = mask(value, **more)
        made[f"Annotations/{n}.xml"] = voc(thing(box(10, 10, 30, 20), name=name), filename=f"{n}.jpg")
    return made


@pytest.mark.parametrize(
    ("value", "name", "names"),
    [(11, "dog", None), ((0, 0, 128), "aeroplane", None), (1, "b", "a\nb\nc\n")],
    ids=["one-off", "blue-first", "list-from-0"],
)
def test_masks_of_other_classes_than_their_objects_are_asked_about(
    tmp_path: Path, value: Any, name: str, names: str | None
) -> None:
    files = several(value, name) | ({"labels.txt": names} if names else {})
    with pytest.raises(
        UsageError, match=r"3 of 3 looked at show no class(?s:.*)-O class_names=FILE (?s:.*)-O masks=false"
    ):
        Made(tmp_path, files)
    right = tmp_path / "names.txt"
    right.write_text("0 background\n1 b\n4 aeroplane\n11 dog\n", encoding="utf-8")
    if value != (0, 0, 128):  # no list turns colours round
        made = Made(tmp_path, files, options={"class_names": str(right)})
        assert {line["name"].removesuffix(" (mask)").removesuffix(" (box)") for line in made.lines} == {name}
    assert len(Made(tmp_path, files, options={"masks": False}).lines) == 3


def test_masks_that_agree_with_their_objects_are_told_with_the_count(tmp_path: Path) -> None:
    assert Made(tmp_path, several(12)).assumed["mask values"] == ("VOC classes", 3, 0, "-O class_names=FILE")


def test_colours_that_nobody_names_are_not_taken_for_anything(tmp_path: Path) -> None:
    made = Made(tmp_path, several((10, 200, 30)))
    assert made.codes["class-unknown"] == 3
    assert "mask values" not in made.assumed


def test_masks_of_another_size_are_scaled_where_the_user_says_so(tmp_path: Path) -> None:
    files = several(12, height=25, width=50)
    refused = Made(tmp_path, files)
    assert "--other-size scaled scales it" in refused.message("file-unreadable")
    made = Made(tmp_path / "scaled", files, other_size="scaled")
    whole = Made(tmp_path / "whole", several(12))
    assert [line["mask"] for line in made.lines if "mask" in line] == [
        line["mask"] for line in whole.lines if "mask" in line
    ]
    assert made.codes["image-size-mismatch"] == 3
    other = Made(tmp_path / "other", several(12, height=40, width=50), other_size="scaled")
    assert "scales it" not in other.message("file-unreadable")


def test_objects_called_by_numbers_beside_a_list_are_told(tmp_path: Path) -> None:
    files = {f"{n}.xml": voc(thing(box(1, 2, 3, 4), name=str(n)), filename=f"{n}.jpg") for n in range(2)}
    made = Made(tmp_path, files | {"classes.txt": "cat\ndog\n"})
    assert made.assumed["class names"] == ("the numbers", 0, 0, "--class-map FILE")
    assert "class names" not in Made(tmp_path / "alone", files).assumed


def test_a_picture_of_two_lists_is_told(tmp_path: Path) -> None:
    files = {f"Annotations/{n}.xml": voc(thing(box(1, 2, 3, 4)), filename=f"{n}.jpg") for n in range(3)}
    lists = {
        "ImageSets/Main/train.txt": "0\n1\n",
        "ImageSets/Main/val.txt": "1\n2\n",
        "ImageSets/Main/trainval.txt": "0\n1\n2\n",
    }
    made = Made(tmp_path, files | lists)
    assert made.codes["decision"] == 1
    assert (
        made.message("decision")
        == "1 picture stands in ImageSets/Main/val.txt and in a list before it, whose split counts"
    )


def test_a_file_that_is_cut_off_behind_a_bracket_is_called_so(tmp_path: Path) -> None:
    whole = voc(thing(box(1, 2, 3, 4)))
    for end in ("<", "</"):
        made = Made(tmp_path / str(len(end)), {"a.xml": whole[: whole.index("<object>")] + end, "b.xml": whole})
        assert made.message("file-unreadable").endswith("it ends in the middle of a tag")


def test_a_file_of_another_encoding_names_the_option_that_helps(tmp_path: Path) -> None:
    files = {"a.xml": voc(thing(box(1, 2, 3, 4), name="café")).encode("latin-1")}
    assert "-O encoding=latin-1" in Made(tmp_path, files).message("file-unreadable")
    assert Made(tmp_path / "read", files, options={"encoding": "latin-1"}).boxes[0][0] == "café"


def test_an_object_without_a_class_in_its_mask_is_no_background(tmp_path: Path) -> None:
    colours = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:128,0,0::\n"
    files: dict[str, str | bytes] = {
        "JPEGImages/a.jpg": jpeg(100, 50),
        "SegmentationObject/a.png": mask(1),
        "SegmentationClass/a.png": mask(0),
    }
    files |= {"Annotations/a.xml": voc(thing(box(10, 10, 30, 20), name="dog")), "labelmap.txt": colours}
    assert {line["name"] for line in Made(tmp_path, files).lines} == {"dog (box)", "dog (mask)"}


@pytest.mark.parametrize("shift", [0, 1])
def test_a_labelmap_that_is_one_class_off_is_asked_about(shift: int, tmp_path: Path) -> None:
    colours = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\nowl:128,128,0::\n"
    files: dict[str, str | bytes] = {"labelmap.txt": colours}
    files |= several(1 + shift, name="cat")
    if not shift:
        assert "mask values" not in Made(tmp_path, files).assumed
        return
    with pytest.raises(
        UsageError, match=r"labelmap.txt .* 3 of 3 looked at show no class that the objects (?s:.*)-O class_names="
    ):
        Made(tmp_path, files)
    (tmp_path / "mine.txt").write_text(colours)
    Made(tmp_path / "said", files, options={"class_names": str(tmp_path / "mine.txt")})


@pytest.mark.parametrize("road", [(0, 0, 100, 50), (0, 30, 100, 50)])
def test_one_class_as_masks_and_another_as_boxes_need_no_question(
    road: tuple[int, int, int, int], tmp_path: Path
) -> None:
    """CVAT writes polygons to the masks and boxes to the annotation files."""
    left, top, right, bottom = road
    raster = np.zeros((50, 100, 3), np.uint8)
    raster[top:bottom, left:right] = (0, 128, 0)
    files = several(0, name="car") | {f"SegmentationClass/{n}.png": png(raster) for n in range(3)}
    files["labelmap.txt"] = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:128,0,0::\nroad:0,128,0::\n"
    assert {line["name"] for line in Made(tmp_path, files).lines} == {"car", "road"}
