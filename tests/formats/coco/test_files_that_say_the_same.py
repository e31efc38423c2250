"""Two files of a folder that tell the same labels of the same pictures, as ``trainval`` does beside ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Convert, annotation, coco, image, save
from to_labelbox import UsageError


def told(count: int, ids: int = 0, shift: int = 0, **more: Any) -> dict[str, Any]:
    """A box on each of so many pictures; ``ids``: of the first annotation, ``shift``: of the boxes."""
    boxes = [annotation(ids + n, image_id=n, bbox=[n + shift, 1, 5, 5], **more) for n in range(count)]
    return coco(boxes, [image(n, f"{n}.jpg") for n in range(count)])


def folder(tmp_path: Path, **files: dict[str, Any]) -> Path:
    for name, document in files.items():
        save(tmp_path / "set/annotations" / f"{name}.json", document)
    return tmp_path / "set"


def test_it_is_a_question_which_of_them_is_read(convert: Convert, tmp_path: Path) -> None:
    path = folder(tmp_path, trainval=told(9), train=told(6, ids=50))
    with pytest.raises(UsageError) as asked:
        convert(path)
    said = str(asked.value)
    assert "trainval.json and annotations/train.json both have 6 pictures, and say the same of 6 of 6" in said
    assert f"convert {path}/annotations/trainval.json -o OUT" in said
    assert convert(path / "annotations/trainval.json").report.annotations.converted == 9
    assert convert(path, options={"same_names": "one"}).report.annotations.converted == 15


def test_numbers_are_compared_and_not_how_they_are_written(convert: Convert, tmp_path: Path) -> None:
    path = folder(tmp_path, trainval=told(9), train=told(6, ids=50))
    written = (path / "annotations/train.json").read_text()
    (path / "annotations/train.json").write_text(written.replace(", 1, 5, 5]", ".0,1.0,5e0,5]"))
    with pytest.raises(UsageError, match="same of 6 of 6"):
        convert(path)


def test_files_named_one_by_one_are_all_read(tmp_path: Path) -> None:
    path = folder(tmp_path, trainval=told(9), train=told(6, ids=50)) / "annotations"
    made = to_labelbox.convert([path / "trainval.json", path / "train.json"], tmp_path / "out")
    assert made.annotations.converted == 15


@pytest.mark.parametrize(
    "files",
    [
        {"a_train": told(6), "b_train": told(6, ids=50, shift=20)},
        {"a_train": told(6), "a_val": told(2)},
        {"instances_train": told(6), "person_keypoints_train": told(6, keypoints=[1, 1, 2])},
    ],
    ids=["other labels", "too few pictures", "another kind"],
)
def test_what_says_something_else_is_joined(convert: Convert, tmp_path: Path, files: dict[str, Any]) -> None:
    assert convert(folder(tmp_path, **files)).lines


def test_the_same_records_in_one_split_are_merged(convert: Convert, tmp_path: Path) -> None:
    run = convert(folder(tmp_path, a_train=told(6), b_train=told(6)))
    assert (run.report.annotations.converted, run.report.annotations.merged) == (6, 6)


def boxes(shifts: dict[int, int], count: int = 9, **more: Any) -> dict[str, Any]:
    """A box on each of so many pictures, those of ``shifts`` moved."""
    records = [annotation(n, image_id=n, bbox=[n + shifts.get(n, 0), 1, 5, 5], **more) for n in range(count)]
    return coco(records, [image(n, f"{n}.jpg") for n in range(count)])


@pytest.mark.parametrize(
    ("name", "other", "said"),
    [
        ("instances_v2", boxes(dict.fromkeys(range(9), 3)), "9 of 9 objects .*, and 9 of these other places"),
        ("instances (1)", boxes({1: 3}), "9 of 9 objects .*, and 1 of these other places"),
        ("old", boxes({1: 3, 2: 3}, 6), "6 of 6 objects .*, and 2 of these other places"),
    ],
)
def test_two_versions_of_a_file_are_a_question(
    convert: Convert, tmp_path: Path, name: str, other: dict[str, Any], said: str
) -> None:
    path = folder(tmp_path, instances=boxes({}), **{name: other})
    with pytest.raises(UsageError, match=said) as asked:
        convert(path)
    assert f"{path}/annotations/{name}.json" in str(asked.value)
    run = convert(path, options={"same_names": "one"})
    doubled = len(run.lines) - 9
    assert doubled
    assert run.codes["record-duplicate"] == doubled


@pytest.mark.parametrize(
    "files",
    [
        {"instances": boxes({}), "dogs": boxes({0: 3}, category_id=2)},
        {"instances": boxes({}), "outlines": boxes({}, segmentation=[[1, 1, 5, 1, 5, 5]])},
        {"instances_train": boxes({}), "instances_val": boxes(dict.fromkeys(range(9), 3))},
        {"instances": boxes({}), "person_keypoints": boxes({0: 3, 1: 3}, keypoints=[1, 1, 2])},
    ],
    ids=["other classes", "outlines of the same boxes", "splits", "another kind"],
)
def test_layers_of_pictures_are_no_versions(convert: Convert, tmp_path: Path, files: dict[str, Any]) -> None:
    for document in files.values():
        document["categories"] = [{"id": 1, "name": "car", "keypoints": ["a"]}, {"id": 2, "name": "dog"}]
    assert convert(folder(tmp_path, **files)).lines
