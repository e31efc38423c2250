"""Pictures of Pascal VOC below a media root of their own, whatever the folder of the annotation files is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import lines
from small_sets import Made, box, jpeg, thing, voc, write


@pytest.mark.parametrize("place", ["a.jpg", "sub/a.jpg"])
def test_annotation_files_in_a_folder_of_no_known_name(tmp_path: Path, place: str) -> None:
    media = write(tmp_path / "media", {place: jpeg(100, 80)})
    made = Made(tmp_path, {"ann/a.xml": voc(thing(box(10, 20, 150, 90)), size=None)}, media_root=media)
    assert [row["global_key"] for row in lines(made.out, "data_rows.ndjson")] == [place]
    assert made.boxes == [("cat", 10, 20, 90, 60)]
    assert made.codes["clipped"] == 1


def test_a_picture_that_is_not_there_is_told(tmp_path: Path) -> None:
    media = write(tmp_path / "media", {"other.jpg": jpeg(100, 80)})
    made = Made(tmp_path, {"ann/a.xml": voc(thing(box(10, 20, 150, 90)), size=None)}, media_root=media)
    assert made.boxes == [("cat", 10, 20, 140, 70)]
    assert made.codes["image-size-unknown"] == 1


def test_two_pictures_that_may_be_meant_are_named(tmp_path: Path) -> None:
    media = write(tmp_path / "media", {"x/a.jpg": jpeg(100, 80), "y/a.jpg": jpeg(90, 80)})
    made = Made(tmp_path, {"ann/a.xml": voc(thing(box(10, 20, 150, 90)), size=None)}, media_root=media)
    assert "--media-root has x/a.jpg and y/a.jpg, which may both be meant" in made.message("asset-ambiguous")
