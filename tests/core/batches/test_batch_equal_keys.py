"""Datasets of a batch with equal global keys: one asset, two assets, or one dataset twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox


def _yolo(folder: Path, widths: list[int], row: str, color: int = 0) -> None:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "data.yaml").write_text("train: images\nnames: [car]\n")
    for n, width in enumerate(widths):
        Image.new("L", (width, 50), color).save(folder / "images" / f"{n}.png")
        (folder / "labels" / f"{n}.txt").write_text(row)


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
    apart = to_labelbox.batch(
        tmp_path / "in", tmp_path / "apart", settings=to_labelbox.Settings(global_key="{dataset}/{relpath}")
    )
    assert _problems(apart) == ["", ""]


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


def test_dataset_that_is_there_twice_is_told(tmp_path: Path) -> None:
    _yolo(tmp_path / "in" / "a", [60, 61], "0 0.5 0.5 0.2 0.2\n")
    shutil.copytree(tmp_path / "in" / "a", tmp_path / "in" / "a (1)")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    (shared,) = (d for d in made.diagnostics if d.code == "key-shared")
    assert "the 2 labels of theirs" in shared.examples[0].message
    assert "leave one of the two out" in shared.examples[0].message
