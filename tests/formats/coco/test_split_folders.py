"""Splits whose files lie together and name their pictures alike: the folders of the pictures tell them apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from harness import annotation, coco, image, lines, save


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two pictures of one name, a car on each, and a third in one split alone."""
    folder = tmp_path / "street"
    for split, count in (("train", 2), ("val", 1)):
        pictures = [image(n + 1, f"{n}.jpg", 40, 30) for n in range(count)]
        boxes = [annotation(n + 1, image_id=n + 1, bbox=[1 + n, 1, 5, 5]) for n in range(count)]
        save(folder / "annotations" / f"instances_{split}.json", coco(boxes, pictures))
        for n in range(count):
            (folder / split).mkdir(exist_ok=True)
            Image.new("RGB", (40, 30)).save(folder / split / f"{n}.jpg")
    return folder


def keys(out: Path) -> list[str]:
    return [row["global_key"] for row in lines(out, "data_rows.ndjson")]


@pytest.mark.parametrize("media", [False, True], ids=["source", "media-root"])
def test_each_split_has_its_own_picture(root: Path, tmp_path: Path, media: bool) -> None:
    source = sorted((root / "annotations").iterdir()) if media else root
    made = to_labelbox.convert(source, tmp_path / "out", media_root=root if media else None)
    assert keys(tmp_path / "out") == ["train/0.jpg", "train/1.jpg", "val/0.jpg"]
    assert [a.what for a in made.assumptions if a.option == "-O same_names=one"] == ["one file_name in several splits"]
    assert "asset-duplicate" not in {d.code for d in made.diagnostics}


def test_the_user_may_say_that_they_are_one(root: Path, tmp_path: Path) -> None:
    to_labelbox.convert(root, tmp_path / "out", options={"same_names": "one"})
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg"]


def test_without_the_pictures_nothing_is_taken_for_granted(root: Path, tmp_path: Path) -> None:
    made = to_labelbox.convert(root / "annotations", tmp_path / "out")
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg"]
    assert "asset-duplicate" in {d.code for d in made.diagnostics}


def test_one_picture_in_two_splits_stays_one(root: Path, tmp_path: Path) -> None:
    (root / "val" / "0.jpg").unlink()
    to_labelbox.convert(root, tmp_path / "out")
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg"]


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A set, and beside each picture a file about it alone."""
    folder = tmp_path / "cherries"
    pictures = [image(n, f"{n}.jpg", 40, 30) for n in range(2)]
    save(folder / "all.json", coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in range(2)], pictures))
    (folder / "images").mkdir()
    for n in range(2):
        save(folder / f"images/{n}.json", coco([annotation(7, image_id=n, bbox=[20, 1, 5, 5])], pictures[n : n + 1]))
        Image.new("RGB", (40, 30)).save(folder / f"images/{n}.jpg")
    return folder


@pytest.mark.parametrize("media", [False, True], ids=["source", "media-root"])
def test_a_picture_that_is_there_once_is_one_in_folders_that_lie_in_one_another(
    nested: Path, tmp_path: Path, media: bool
) -> None:
    made = to_labelbox.convert(nested, tmp_path / "out", media_root=nested / "images" if media else None)
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg"]
    assert [(a.taken, a.for_) for a in made.assumptions if a.option == "-O same_names=apart"] == [("one picture", 2)]


def test_a_picture_that_is_there_twice_is_one_in_each_folder(nested: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(nested / "0.jpg")
    to_labelbox.convert(nested, tmp_path / "out")
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg", "images/0.jpg", "images/1.jpg"]


@pytest.mark.parametrize("media", ["", "images", "."])
def test_a_picture_beside_the_inner_folder_may_be_of_the_outer_one_alone(
    nested: Path, tmp_path: Path, media: str
) -> None:
    """As where only some of the pictures were downloaded."""
    (nested / "images").rename(nested / "batch2")
    (nested / "images").mkdir()
    for n in range(2):
        (nested / f"batch2/{n}.jpg").rename(nested / f"images/{n}.jpg")
    made = to_labelbox.convert(nested, tmp_path / "out", media_root=nested / media if media else None)
    found = [key.removeprefix("images/") for key in keys(tmp_path / "out")]
    assert sorted(found) == ["0.jpg", "1.jpg", "batch2/0.jpg", "batch2/1.jpg"]
    assert [a.taken for a in made.assumptions if "file_name" in a.what] == ["a picture in each of them"]


def test_a_media_root_without_folders_has_the_pictures_of_all(nested: Path, tmp_path: Path) -> None:
    (nested / "images").rename(nested / "batch2")
    (tmp_path / "media").mkdir()
    for n in range(2):
        (nested / f"batch2/{n}.jpg").rename(tmp_path / f"media/{n}.jpg")
    to_labelbox.convert(nested, tmp_path / "out", media_root=tmp_path / "media")
    assert keys(tmp_path / "out") == ["0.jpg", "1.jpg"]
