"""Labels of a whole picture are counted by their classes in every format that has them, as shapes are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from small_sets import Files, jpeg, write

NDJSON = [
    {"type": "dataset", "task": "classify", "class_names": {"0": "cat", "1": "dog"}},
    {"type": "image", "file": "a.jpg", "width": 9, "height": 9, "annotations": {"classification": [0]}},
    {"type": "image", "file": "b.jpg", "width": 9, "height": 9, "annotations": {"classification": [1]}},
    {"type": "image", "file": "c.jpg", "width": 9, "height": 9, "annotations": {"classification": [1]}},
]
COCO = {
    "images": [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in (1, 2, 3)],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    "annotations": [{"id": n, "image_id": n, "category_id": min(n, 2)} for n in (1, 2, 3)],
}
PICTURE = jpeg(9, 9)
SETS: dict[str, Files] = {
    "coco": {"annotations/labels_train.json": json.dumps(COCO)},
    "yolo": {"train/cat/a.jpg": PICTURE, "train/dog/b.jpg": PICTURE, "train/dog/c.jpg": PICTURE},
    "yolo-ndjson": {"set.ndjson": "\n".join(map(json.dumps, NDJSON))},
    "voc": {
        **{f"JPEGImages/{name}.jpg": PICTURE for name in "abc"},
        "ImageSets/Main/train.txt": "a\nb\nc\n",
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\nc -1\n",
        "ImageSets/Main/dog_train.txt": "a -1\nb  1\nc  1\n",
    },
}


@pytest.mark.parametrize("name", SETS)
def test_they_are_counted_by_class(name: str, tmp_path: Path) -> None:
    source = write(tmp_path / "source", SETS[name])
    report = to_labelbox.convert(source, tmp_path / "out", format=name.partition("-")[0])
    assert {label: tally.converted for label, tally in report.classes.items() if tally.read} == {"cat": 1, "dog": 2}
