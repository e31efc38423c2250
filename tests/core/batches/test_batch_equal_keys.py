"""Datasets of a batch with equal global keys: one asset, two assets, or one dataset twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from harness import annotation, coco, image, save
from to_labelbox import Settings, UsageError
from to_labelbox.cli.closing import batch_closing


def _yolo(folder: Path, widths: list[int], row: str, color: int = 0) -> None:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "data.yaml").write_text("train: images\nnames: [car]\n")
    for n, width in enumerate(widths):
        Image.new("L", (width, 50), color).save(folder / "images" / f"{n}.png")
        (folder / "labels" / f"{n}.txt").write_text(row)


def _voc(folder: Path, widths: list[int], color: int = 0) -> None:
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir(parents=True)
    for n, width in enumerate(widths):
        Image.new("L", (width, 50), color).save(folder / "JPEGImages" / f"{n}.png")
        box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
        text = f"<annotation><filename>{n}.png</filename><object><name>car</name>{box}</object></annotation>"
        (folder / "Annotations" / f"{n}.xml").write_text(text)


def _texts(folder: Path, *texts: str) -> None:
    folder.mkdir(parents=True)
    value = {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}
    result = [{"id": "r", "from_name": "label", "to_name": "text", "type": "labels", "value": value}]
    tasks = [{"id": n, "data": {"text": t}, "annotations": [{"id": n, "result": result}]} for n, t in enumerate(texts)]
    (folder / "project.json").write_text(json.dumps(tasks))


def _problems(made: to_labelbox.BatchReport) -> list[str]:
    return [row.problem for row in made.datasets]


@pytest.mark.parametrize(
    ("widths", "color", "why"),
    [([60, 61, 62], 0, "sizes (60 × 50, here 61 × 50)"), ([60, 60, 60], 9, "contents")],
    ids=["sizes", "contents"],
)
def test_one_picture_that_differs_refutes_that_they_are_the_same(
    tmp_path: Path, widths: list[int], color: int, why: str
) -> None:
    _yolo(tmp_path / "in" / "cam1", [60, 60, 60], "0 0.5 0.5 0.2 0.2\n")
    _yolo(tmp_path / "in" / "cam2", widths, "0 0.4 0.4 0.2 0.2\n", color)
    first, second = _problems(to_labelbox.batch(tmp_path / "in", tmp_path / "out"))
    assert not first
    assert f"other {why}" in second
    assert "{dataset}/{relpath}" in second
    apart = to_labelbox.batch(tmp_path / "in", tmp_path / "apart", settings=Settings(global_key="{dataset}/{relpath}"))
    assert _problems(apart) == ["", ""]


@pytest.mark.parametrize(("color", "told"), [(0, True), (9, False)])
def test_the_same_pictures_in_two_formats_are_told(tmp_path: Path, color: int, told: bool) -> None:
    """Their keys differ by the folders that each format has; names alone, such as numbers, say nothing."""
    _yolo(tmp_path / "in" / "yolo", [60, 61, 62], "0 0.5 0.5 0.2 0.2\n")
    _voc(tmp_path / "in" / "voc", [60, 61, 62], color)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert ("asset-duplicate" in {d.code for d in made.diagnostics}) == told
    joined = to_labelbox.batch(tmp_path / "in", tmp_path / "joined", settings=Settings(global_key="{name}"))
    assert ("key-shared" in {d.code for d in joined.diagnostics}) == told
    assert "asset-duplicate" not in {d.code for d in joined.diagnostics}


def test_the_same_pictures_are_told_behind_other_sets_and_of_a_part(tmp_path: Path) -> None:
    """Numbers are the names of pictures in many sets, so another one may be the first that has them."""
    _yolo(tmp_path / "in" / "a" / "images", [90, 91, 92], "0 0.5 0.5 0.2 0.2\n", 7)
    _voc(tmp_path / "in" / "b", [60, 61])
    _yolo(tmp_path / "in" / "c", [60, 61, 62, 63, 64], "0 0.5 0.5 0.2 0.2\n")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    told = next(d for d in made.diagnostics if d.code == "asset-duplicate")
    assert (told.count, [e.file for e in told.examples]) == (2, ["c"])


def test_files_without_bytes_are_no_same_pictures(tmp_path: Path) -> None:
    _yolo(tmp_path / "in" / "yolo", [60, 61], "0 0.5 0.5 0.2 0.2\n")
    _voc(tmp_path / "in" / "voc", [60, 61])
    for picture in (tmp_path / "in").rglob("*.png"):
        picture.write_bytes(b"")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert "asset-duplicate" not in {d.code for d in made.diagnostics}


def test_texts_of_one_key_that_differ_are_two(tmp_path: Path) -> None:
    _texts(tmp_path / "in" / "p1", "Ada met Bob.", "Ada left.")
    _texts(tmp_path / "in" / "p2", "Ada met Bob.", "Bob stayed.")
    first, second = _problems(to_labelbox.batch(tmp_path / "in", tmp_path / "out"))
    assert not first
    assert "1 asset of 2 looked at has other texts" in second


def test_same_pictures_with_other_labels_stay_one_row(tmp_path: Path) -> None:
    _yolo(tmp_path / "in" / "a", [60, 61], "0 0.5 0.5 0.2 0.2\n")
    _yolo(tmp_path / "in" / "b", [60, 61], "0 0.3 0.3 0.2 0.2\n")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert _problems(made) == ["", ""]
    (shared,) = (d for d in made.diagnostics if d.code == "key-shared")
    assert "stand for the same assets" in shared.examples[0].message
    (same,) = made.assumptions
    assert (same.for_, same.against, same.unknown) == (2, 0, 0)


def test_nothing_speaks_for_pictures_that_are_not_at_hand(tmp_path: Path) -> None:
    for name, id in (("a", 1), ("b", 2)):
        save(tmp_path / "in" / name / "a.json", coco([annotation(1, bbox=[id, 2, 3, 4])]))
    (same,) = to_labelbox.batch(tmp_path / "in", tmp_path / "out").assumptions
    assert (same.for_, same.against, same.unknown) == (0, 0, 1)


def _four_pictures_and_a_copy(folder: Path) -> Path:
    _yolo(folder / "in" / "a", [60, 61, 62, 63], "0 0.5 0.5 0.2 0.2\n")
    shutil.copytree(folder / "in" / "a", folder / "in" / "a (1)")
    return folder / "in"


def test_a_copy_is_found_behind_others_of_its_keys(tmp_path: Path) -> None:
    """Cameras call their pictures alike, so another dataset may be the first that has the keys of a copy."""
    for name, x in (("a", 1), ("b", 2), ("c", 2)):
        save(tmp_path / "in" / name / "a.json", coco([annotation(1, bbox=[x, 2, 3, 4])], [image(1, "IMG_1.jpg")]))
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [row.state for row in made.datasets] == ["converted", "converted", "copy"]
    assert "it says the same as 'b'" in made.datasets[2].problem


@pytest.mark.parametrize("part", [False, True], ids=["copy", "part"])
def test_dataset_that_says_the_same_again_is_left_out(tmp_path: Path, part: bool) -> None:
    root = _four_pictures_and_a_copy(tmp_path)
    for file in (root / "a (1)").rglob("0.*") if part else ():
        file.unlink()
    made = to_labelbox.batch(root, tmp_path / "out")
    first, second = _problems(made)
    assert (first, made.exit_code()) == ("", 1)
    assert [row.state for row in made.datasets] == ["converted", "copy"]
    assert "\n1 copy of other datasets left out\n" in batch_closing(made, str(tmp_path / "out"))
    assert f"says the same as 'a', all its {3 if part else 4} assets and {3 if part else 4} labels" in second
    assert "key-shared" not in {d.code for d in made.diagnostics}
    assert not (tmp_path / "out" / "a (1)" / "annotations.ndjson").exists()
    with pytest.raises(UsageError, match="says the same as 'a'"):
        to_labelbox.batch(root, tmp_path / "strict", on_error="fail")
    apart = to_labelbox.batch(root, tmp_path / "apart", settings=Settings(global_key="{dataset}/{relpath}"))
    assert _problems(apart) == ["", ""]


def test_copy_with_more_in_it_is_told(tmp_path: Path) -> None:
    root = _four_pictures_and_a_copy(tmp_path)
    for file in (root / "a").rglob("0.*"):
        file.unlink()
    made = to_labelbox.batch(root, tmp_path / "out")
    assert _problems(made) == ["", ""]
    (shared,) = (d for d in made.diagnostics if d.code == "key-shared")
    assert "the 3 labels of theirs that were looked at are equal" in shared.examples[0].message


def test_dataset_that_turns_out_to_be_a_copy_is_taken_back(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    _yolo(root / "b", [60, 61], "0 0.5 0.5 0.2 0.2\n")
    to_labelbox.batch(root, out)
    shutil.copytree(root / "b", root / "a")
    made = to_labelbox.batch(root, out, resume=True)
    assert [bool(problem) for problem in _problems(made)] == [False, True]
    assert [row.lines for row in made.datasets] == [2, 0]


def _coco(folder: Path, *names: str, url: str) -> None:
    """A frame at an address, and a box of the first class."""
    made = coco([annotation(1, bbox=[1, 1, 5, 5])], [{**image(1, "frame.png"), "coco_url": url}])
    made["categories"] = [{"id": n, "name": name} for n, name in enumerate(names, 1)]
    folder.mkdir(parents=True)
    save(folder / "instances.json", made)


@pytest.mark.parametrize(
    ("url", "classes", "left_out", "warned"),
    [
        ("https://x.org/a/frame.png", ["car"], "says the same as 'a'", False),
        ("https://x.org/b/frame.png", ["car"], "1 asset of 1 looked at has other addresses", False),
        ("https://x.org/a/frame.png?signature=2", ["car"], "", True),
        ("https://x.org/a/frame.png", ["car", "extra"], "", True),
    ],
    ids=["copy", "address", "signature", "class"],
)
def test_copies_have_one_address_and_declare_nothing_more(
    tmp_path: Path, url: str, classes: list[str], left_out: str, warned: bool
) -> None:
    _coco(tmp_path / "in" / "a", "car", url="https://x.org/a/frame.png")
    _coco(tmp_path / "in" / "b", *classes, url=url)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    first, second = _problems(made)
    assert (first, bool(second)) == ("", bool(left_out))
    assert left_out in second
    assert ("key-shared" in {d.code for d in made.diagnostics}) is warned
    assert ("extra" in (tmp_path / "out" / "ontology.json").read_text()) is ("extra" in classes)


def test_pictures_of_one_content_are_the_same_at_other_addresses(tmp_path: Path) -> None:
    for name in "ab":
        _coco(tmp_path / "in" / name, "car", url=f"https://x.org/{name}/frame.png")
        Image.new("L", (100, 80)).save(tmp_path / "in" / name / "frame.png")
    assert "says the same as 'a'" in _problems(to_labelbox.batch(tmp_path / "in", tmp_path / "out"))[1]
