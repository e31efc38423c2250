"""What of a YOLO set no rule reads is named once, with its count and the reason that is true of it; which labels count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg
from to_labelbox import UsageError

ROW = "0 0.5 0.5 0.2 0.1\n"
SET: Files = {
    "data.yaml": "path: .\ntrain: images/train\nval: images/val\nnc: 2\nnames: [cat, dog]\nflip_idx: []\nroboflow: {version: 1}\n",
    "images/train/a.jpg": jpeg(100, 50),
    "images/val/b.jpg": jpeg(100, 50),
    "labels/train/a.txt": ROW,
    "labels/val/b.txt": "",
}


def test_a_healthy_set_has_nothing_unread_and_nothing_assumed(tmp_path: Path) -> None:
    made = Made(tmp_path, SET)
    assert made.unread == {}
    assert made.assumed == {}


def test_planted_files_folders_and_keys_are_named(tmp_path: Path) -> None:
    yaml = f"{SET['data.yaml']!s}weather: [rain]\nattributes: {{a: 1}}\n"
    files = {
        **SET,
        "data.yaml": yaml,
        "depth/a.npy": "x",
        "depth/b.npy": "x",
        "labels/train/notes.md": "x",
        "labels/train.cache": "x",
        "images/holdout/c.jpg": jpeg(9, 9),
        "labels/train/stray.csv": "x",
        "images/train/._a.jpg": "x",
        "Thumbs.db": "x",
    }
    made = Made(tmp_path, files)
    assert made.unread == {
        ("field", "weather"): 1,
        ("field", "attributes"): 1,
        ("file", "depth/*.npy"): 2,
        ("file", "labels/train/notes.md"): 1,
        ("file", "labels/train.cache"): 1,
        ("file", "labels/train/stray.csv"): 1,
        ("file", "images/holdout/c.jpg"): 1,
    }
    assert "no split names it" in made.why("images/holdout/c.jpg")
    assert "Ultralytics" in made.why("labels/train.cache")


def test_reasons_are_those_of_each_file(tmp_path: Path) -> None:
    files: Files = {
        "images/a.jpg": jpeg(9, 9),
        "labels/a.txt": ROW,
        "classes.txt": "cat\n",
        "docs/img/page.png": jpeg(9, 9),
        "docs/text.txt": "Hello there.\n",
        "runs/detect/train/labels/a.txt": ROW,
        "runs/detect/train/a.jpg": jpeg(9, 9),
    }
    made = Made(tmp_path, files)
    assert "no label file is near" in made.why("docs/img/page.png")
    assert "belongs to no picture" in made.why("docs/text.txt")
    assert "training or predicting" in made.why("runs/detect/train/a.jpg")
    assert len(made.unread) == 4


def test_files_of_one_folder_keep_their_reasons_apart(tmp_path: Path) -> None:
    more: Files = {"images/train/e.jpg": jpeg(100, 50), "labels/train/e.txt": ROW}
    made = Made(tmp_path, {**SET, **more, **{f"old/{stem}.txt": ROW for stem in "acdex"}})
    assert {u.why: u.count for u in made.report.unread if u.name == "old/*.txt"} == {
        "a text that belongs to no picture of the set": 3,
        "the labels of a picture called so are read from labels/train/": 2,
    }


def test_fields_and_kinds_of_ndjson_are_named(tmp_path: Path) -> None:
    head = {"type": "dataset", "task": "detect", "class_names": {"0": "cat"}, "weather": 1}
    image = {"type": "image", "width": 100, "height": 50, "split": "train"}
    kinds = {"boxes": [[0, 0.5, 0.5, 0.2, 0.1]], "segments": [[0, 0.1, 0.1, 0.2, 0.1, 0.2, 0.2]]}
    records = [{**image, "file": f"{n}.jpg", "annotations": kinds, "tags": ["x"]} for n in range(3)]
    text = "".join(json.dumps(record) + "\n" for record in (head, *records))
    made = Made(tmp_path, {"set.ndjson": text})
    assert made.unread == {("field", "weather"): 1, ("field", "tags"): 3, ("list", "annotations.segments"): 3}


def test_a_set_without_its_labels_is_no_quiet_success(tmp_path: Path) -> None:
    files = {name: content for name, content in SET.items() if not name.startswith("labels")}
    made = Made(tmp_path, files)
    assert made.codes["file-missing"] == 2
    assert "no label file belongs to any of 2 pictures" in made.message("file-missing")


# ----------------------------------------------------------------------------------------------- which folder of labels


def dota(*rows: str) -> str:
    return "imagesource:x\ngsd:0.1\n" + "".join(f"1 1 9 1 9 9 1 9 {row} 0\n" for row in rows)


def versions() -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {}
    for split, n in (("train", 1), ("val", 2)):
        files[f"{split}/images/P{n}.png"] = jpeg(20, 20)
        files[f"{split}/labelTxt-v1.0/labelTxt/P{n}.txt"] = dota("ship")
        files[f"{split}/labelTxt-v1.0/{split.title()}_Task2_gt/{split}set_reclabelTxt/P{n}.txt"] = dota("ship")
        files[f"{split}/labelTxt-v1.5/DOTA-v1.5_{split}/P{n}.txt"] = dota("ship", "small-vehicle")
        files[f"{split}/labelTxt-v1.5/DOTA-v1.5_{split}_hbb/P{n}.txt"] = dota("ship", "small-vehicle")
    return files


def test_versions_that_do_not_say_the_same_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="do not say the same") as raised:
        Made(tmp_path, versions())
    options = [line.split('"')[1] for line in str(raised.value).splitlines() if line.startswith("  -O labels=")]
    assert options == [
        "*/labelTxt-v1.0/*_Task2_gt/*set_reclabelTxt",
        "*/labelTxt-v1.0/labelTxt",
        "*/labelTxt-v1.5/DOTA-v1.5_*",
        "*/labelTxt-v1.5/DOTA-v1.5_*_hbb",
    ]
    for option in options:
        made = Made(tmp_path, versions(), options={"labels": option})
        assert made.report.annotations.converted == (4 if "v1.5" in option else 2)
        assert sum(made.unread.values()) == 6
    by_word = Made(tmp_path, versions(), options={"labels": "labelTxt"})
    assert by_word.report.annotations.converted == 2


def test_a_version_with_the_same_classes_is_told(tmp_path: Path) -> None:
    files = {name: text for name, text in versions().items() if "v1.5" not in name}
    made = Made(tmp_path, files)
    expected = '-O labels="*/labelTxt-v1.0/*_Task2_gt/*set_reclabelTxt"'
    assert made.assumed["folder of labels"] == ("*/labelTxt-v1.0/labelTxt", 0, 0, expected)
    assert sum(made.unread.values()) == 2
    assert "read from train/labelTxt-v1.0/labelTxt/" in next(u.why for u in made.report.unread)


def test_labels_in_two_folders_beside_the_pictures(tmp_path: Path) -> None:
    """The usual one is read, the other told; its files make no data rows of their own."""
    files: Files = {
        "images/a.png": jpeg(9, 9),
        "labels/a.txt": ROW,
        "Annotations/a.txt": ROW * 2,
        "classes.txt": "cat\n",
    }
    made = Made(tmp_path, files)
    assert made.report.assets.read == 1
    assert made.assumed["folder of labels"] == ("labels", 0, 0, '-O labels="Annotations"')
    assert made.unread == {("file", "Annotations/a.txt"): 1}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-O labels=other: no label file"):
        Made(tmp_path, SET, options={"labels": "other"})


# ------------------------------------------------------------------------------------------------------------- classify


def test_a_split_without_classes_has_bare_rows(tmp_path: Path) -> None:
    names = [
        *(f"{split}/{kind}/{n}.jpg" for split in ("train", "val") for kind in ("cat", "dog") for n in (1, 2)),
        "test/1.jpg",
    ]
    made = Made(tmp_path, dict.fromkeys(names, jpeg(9, 9)))
    assert made.report.annotations.converted == 8
    assert made.report.assets.written == 9
    assert "no folder of a class" in made.message("file-missing")


def test_a_class_that_is_called_like_a_split(tmp_path: Path) -> None:
    names = [f"{kind}/{n}.jpg" for kind in ("bus", "car", "train") for n in (1, 2)]
    made = Made(tmp_path, dict.fromkeys(names, jpeg(9, 9)))
    assert made.report.annotations.converted == 6
    assert made.assumed["folder called like a split"][0] == "train is a class"
