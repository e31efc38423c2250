"""Label files whose names scripts have cut at the first dot of those of their pictures: ``name.split(".")[0]``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from small_sets import Files, Made, box, jpeg, thing, voc
from small_sets import write as write_files
from to_labelbox import convert

PICTURE = jpeg(400, 200)
ROW = "0 0.5 0.5 0.1 0.1\n"


def yolo(pictures: dict[str, str]) -> Files:
    """Pictures by name, each with the stem of its label file, or none."""
    labels = {f"labels/{stem}.txt": ROW for stem in pictures.values() if stem}
    return {"data.yaml": "names: [cat]\ntrain: images\n", **{f"images/{n}": PICTURE for n in pictures}, **labels}


def yolo_beside(pictures: dict[str, str]) -> Files:
    labels = {f"{stem}.txt": ROW for stem in pictures.values() if stem}
    return {"classes.txt": "cat\n", **dict.fromkeys(pictures, PICTURE), **labels}


def devkit(pictures: dict[str, str]) -> Files:
    files = {f"Annotations/{stem}.xml": xml(stem) for stem in pictures.values() if stem}
    return {**files, **{f"JPEGImages/{name}": PICTURE for name in pictures}}


def xml_beside(pictures: dict[str, str]) -> Files:
    return {**{f"{stem}.xml": xml(stem) for stem in pictures.values() if stem}, **dict.fromkeys(pictures, PICTURE)}


def xml(stem: str) -> str:
    return voc(thing(box(180, 90, 220, 110)), filename=f"{stem}.jpg", size=(400, 200))


Arrange = Callable[[dict[str, str]], Files]
every = pytest.mark.parametrize("arranged", [yolo, yolo_beside, devkit, xml_beside])
CUT = {"a.jpg.rf.01.jpg": "a", "b.2.jpg": "b", "c.jpg": "c", "d.e.jpg": "d.e"}


@every
def test_each_is_that_of_the_only_picture_it_can_be_of(tmp_path: Path, arranged: Arrange) -> None:
    made = Made(tmp_path, arranged(CUT))
    assert sorted(line["dataRow"]["globalKey"].rpartition("/")[2] for line in made.lines) == sorted(CUT)
    assert made.boxes == [("cat", 180, 90, 40, 20)] * 4
    assert made.assumed["names of label files"][:2] == ("cut at the first dot of those of their pictures", 2)
    assert made.report.assets.written == 4


@every
def test_pictures_below_the_media_root(tmp_path: Path, arranged: Arrange) -> None:
    """But for one that may be of two, and one that is called like another label file."""
    named = {**CUT, "e.1.jpg": "e", "e.2.jpg": "", "f.g.jpg": "f.g", "f.jpg": "f"}
    files = arranged(named)
    pictures = {name: data for name, data in files.items() if name.endswith(".jpg") and not name.endswith("f.jpg")}
    root = write_files(tmp_path / "media", pictures)
    made = Made(
        tmp_path, {name: data for name, data in files.items() if not name.endswith(".jpg")}, media_root=str(root)
    )
    keys = {line["dataRow"]["globalKey"].rpartition("/")[2] for line in made.lines}
    assert {*CUT, "f.g.jpg"} <= keys
    assert keys.isdisjoint({"e.1.jpg", "e.2.jpg"})
    assert made.assumed["names of label files"][:2] == ("cut at the first dot of those of their pictures", 2)


@every
def test_none_where_one_may_be_of_two(tmp_path: Path, arranged: Arrange) -> None:
    files = arranged({"a.1.jpg": "a", "a.2.jpg": "", "b.1.jpg": "b", "c.jpg": "c"})
    made = convert(write_files(tmp_path / "source", files), tmp_path / "out")
    assert "names of label files" not in {a.what for a in made.assumptions}
    assert "file-missing" in {d.code for d in made.diagnostics}


@every
def test_a_picture_of_the_whole_name_goes_before(tmp_path: Path, arranged: Arrange) -> None:
    made = Made(tmp_path, arranged({"a.jpg": "a", "a.1.jpg": "", "b.1.jpg": "b.1"}))
    assert "names of label files" not in made.assumed
    assert sorted(line["dataRow"]["globalKey"].rpartition("/")[2] for line in made.lines) == ["a.jpg", "b.1.jpg"]


@every
def test_names_that_are_not_cut_are_of_no_other_picture(tmp_path: Path, arranged: Arrange) -> None:
    files = arranged({"a.b.jpg": "a.b", "a.d.jpg": "a.d", "c.jpg": "c"})
    root = write_files(tmp_path / "media", {"a.c.jpg": PICTURE, "c.jpg": PICTURE})
    made = Made(tmp_path, {n: data for n, data in files.items() if not n.endswith(".jpg")}, media_root=str(root))
    assert "names of label files" not in made.assumed
    assert "a.c.jpg" not in {line["dataRow"]["globalKey"] for line in made.lines}
