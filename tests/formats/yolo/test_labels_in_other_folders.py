"""Label files whose pictures lie in another folder, in several, or have two extensions."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg

ROW = "0 0.5 0.5 0.1 0.1\n"
NAMES = "names: [cat]\n"
SPLITS = "train: images/train\nval: images/val\n" + NAMES
SHARED: Files = {
    "data.yaml": "train: images\n" + NAMES,
    "images/a/1.jpg": jpeg(100, 50),
    "images/b/1.jpg": jpeg(100, 60),
    "images/b/2.jpg": jpeg(100, 60),
    "labels/1.txt": ROW,
    "labels/2.txt": ROW,
}


def labelled(made: Made) -> list[str]:
    return sorted(line["dataRow"]["globalKey"] for line in made.lines)


def test_a_label_file_of_two_pictures_is_of_none_and_counted(tmp_path: Path) -> None:
    made = Made(tmp_path, SHARED)
    assert labelled(made) == ["images/b/2.jpg"]
    assert made.codes["asset-ambiguous"] == 1
    assert "asset-duplicate" not in made.codes
    assert (made.report.annotations.read, made.report.annotations.skipped) == (2, 1)


def test_a_split_that_names_one_folder_of_pictures_says_which(tmp_path: Path) -> None:
    made = Made(tmp_path, {**SHARED, "data.yaml": "train: images/b\n" + NAMES})
    assert labelled(made) == ["images/b/1.jpg", "images/b/2.jpg"]
    assert "asset-ambiguous" not in made.codes


def test_where_all_label_files_are_of_two_pictures(tmp_path: Path) -> None:
    pictures = {f"{folder}/{n}.jpg": jpeg(100, 50 + n + (folder == "b")) for folder in "ab" for n in (1, 3)}
    made = Made(tmp_path, {"classes.txt": "cat\n", "labels/1.txt": ROW, "labels/3.txt": ROW, **pictures})
    assert made.lines == []
    assert made.codes["asset-ambiguous"] == 2
    assert made.report.annotations.skipped == 2


def test_copies_in_two_folders_both_have_the_labels(tmp_path: Path) -> None:
    made = Made(tmp_path, {**SHARED, "images/a/1.jpg": jpeg(100, 60)})
    assert labelled(made) == ["images/a/1.jpg", "images/b/1.jpg", "images/b/2.jpg"]
    assert made.codes["asset-duplicate"] == 1
    assert "asset-ambiguous" not in made.codes


@pytest.mark.parametrize(
    ("pictures", "label"),
    [
        (("train/images/1.jpg", "train/drawn/1.jpg"), "train/labels/1.txt"),
        (("pictures/a/1.jpg", "pictures/b/1.jpg"), "texts/a/1.txt"),
    ],
)
def test_of_two_folders_of_pictures_the_nearer_one_has_the_labels(
    tmp_path: Path, pictures: tuple[str, str], label: str
) -> None:
    first, second = pictures
    made = Made(tmp_path, {"classes.txt": "cat\n", label: ROW, first: jpeg(100, 50), second: jpeg(100, 60)})
    assert labelled(made) == [first]
    assert made.codes["asset-ambiguous"] == 1


def test_a_picture_in_the_folder_of_the_other_split(tmp_path: Path) -> None:
    files: Files = {
        "data.yaml": SPLITS,
        "images/train/1.jpg": jpeg(100, 50),
        "images/val/2.jpg": jpeg(100, 50),
        "images/val/3.jpg": jpeg(100, 50),
        "labels/train/1.txt": ROW,
        "labels/train/2.txt": ROW,
        "labels/val/3.txt": ROW,
    }
    made = Made(tmp_path, files)
    assert labelled(made) == ["images/train/1.jpg", "images/val/2.jpg", "images/val/3.jpg"]
    assert set(made.codes) == {"decision"}
    assert "pictures in other folders than their labels" in made.assumed


def test_pictures_numbered_anew_in_each_split_are_not_taken_for_one_another(tmp_path: Path) -> None:
    files: Files = {
        "data.yaml": SPLITS,
        "images/train/1.jpg": jpeg(100, 50),
        "images/val/1.jpg": jpeg(100, 50),
        "images/val/2.jpg": jpeg(100, 50),
        "labels/train/1.txt": ROW,
        "labels/train/2.txt": ROW,
        "labels/val/1.txt": ROW,
    }
    made = Made(tmp_path, files)
    assert labelled(made) == ["images/train/1.jpg", "images/val/1.jpg"]
    assert made.codes["asset-ambiguous"] == 1
    assert "pictures in other folders than their labels" not in made.assumed


def test_a_picture_with_two_extensions(tmp_path: Path) -> None:
    files: Files = {
        "data.yaml": SPLITS,
        "images/train/1.jpg": jpeg(100, 50),
        "images/train/2.jpg.jpg": jpeg(100, 50),
        "images/val/3.jpg": jpeg(100, 50),
        "labels/train/1.txt": ROW,
        "labels/train/2.txt": ROW,
        "labels/val/3.txt": ROW,
    }
    made = Made(tmp_path, files)
    assert labelled(made) == ["images/train/1.jpg", "images/train/2.jpg.jpg", "images/val/3.jpg"]
    told = next(d for d in made.report.diagnostics if d.code == "decision")
    assert any("(images/train/2.jpg.jpg: labels/train/2.txt)" in example.message for example in told.examples)


def test_a_split_that_names_its_labels_has_the_pictures_beside_them(tmp_path: Path) -> None:
    names = "train: labels/train\nval: ./labels/val\nnames: [cat]\n"
    files = {f"images/{split}/{split}.jpg": jpeg(100, 50) for split in ("train", "val")}
    rows = {f"labels/{split}/{split}.txt": "0 0.5 0.5 0.1 0.1\n" for split in ("train", "val")}
    made = Made(tmp_path, {"data.yaml": names, **files, **rows})
    assert len(made.boxes) == 2
    assert (made.codes["field-repaired"], "file-missing" in made.codes) == (2, False)
    assert "train names labels/train/, which has labels and no pictures" in made.message("field-repaired")


@pytest.mark.parametrize("mark", ["'", '"'])
def test_lines_of_a_list_may_be_in_quotation_marks(tmp_path: Path, mark: str) -> None:
    files = {"data.yaml": "train: train.txt\nnames: [cat]\n", "train.txt": f"{mark}images/a b.jpg{mark}\n"}
    made = Made(tmp_path, {**files, "images/a b.jpg": jpeg(100, 50), "labels/a b.txt": "0 0.5 0.5 0.1 0.1\n"})
    assert len(made.boxes) == 1
    assert "file-missing" not in made.codes
