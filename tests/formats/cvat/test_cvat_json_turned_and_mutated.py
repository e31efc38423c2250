"""CVAT's JSON files: pictures that are turned, and files that are broken."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from builders.cvat_json import DATUMARO, TASK, backup, shape
from cvat_files import accounted, items_of, open_path
from harness import Convert
from to_labelbox.model.items import (
    Annotation,
)
from to_labelbox.report.errors import ToLabelboxError


@pytest.mark.parametrize("kind", ["backup", "project", "datumaro"])
def test_pictures_at_hand_are_turned_back(tmp_path: Path, kind: str, convert: Convert) -> None:
    """Stored 100 × 60, shown upright 60 × 100: a box from (10, 20) to (30, 50) is stored from (20, 30) to (50, 50)."""
    place = {"backup": "data/a.jpg", "project": "task_0/data/a.jpg", "datumaro": "images/train/a.jpg"}[kind]
    picture = tmp_path / "s" / place
    picture.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x112] = 6
    Image.new("L", (100, 60)).save(picture, exif=exif)
    if kind == "datumaro":
        box = {"type": "bbox", "label_id": 0, "bbox": [10, 20, 20, 30], "attributes": {}}
        item = {"id": "a", "image": {"path": "a.jpg", "size": [100, 60]}, "annotations": [box]}
        (tmp_path / "s/annotations").mkdir()
        (tmp_path / "s/annotations/train.json").write_text(json.dumps({**DATUMARO, "items": [item]}))
    else:
        manifest = '{"version":"1.1"}\n{"type":"images"}\n{"name":"a","extension":".jpg","width":60,"height":100}\n'
        task = {**TASK, "data": {"start_frame": 0, "stop_frame": 0}}
        jobs = [{"tags": [], "shapes": [shape("rectangle", [10, 20, 30, 50])], "tracks": []}]
        backup(picture.parent.parent, jobs, task, manifest)
    made = convert(tmp_path / "s")
    assert [line["bbox"] for line in made.lines] == [{"top": 30, "left": 20, "height": 20, "width": 30}]


def _mutated(value: Any, generator: random.Random) -> Any:
    """The value with something in it replaced or left out."""
    if generator.random() < 0.04:
        return generator.choice([None, "x", -1, 1e308, [], {}, True, [[[]]], {"a": 1}, 2**70])
    if isinstance(value, dict):
        return {k: _mutated(v, generator) for k, v in value.items() if generator.random() > 0.02}
    if isinstance(value, list):
        return [_mutated(v, generator) for v in value if generator.random() > 0.02]
    return value


@pytest.mark.parametrize("kind", ["backup", "datumaro"])
def test_mutated_json_never_raises(tmp_path: Path, kind: str) -> None:
    generator = random.Random(7)
    track = {
        "frame": 0,
        "label": "car",
        "group": 3,
        "attributes": [],
        "shapes": [shape("rectangle", [0, 0, 9, 9]), shape("rectangle", [3, 3, 9, 9], 2, outside=True)],
        "elements": [],
    }
    skeleton = {**track, "label": "man", "shapes": [shape("skeleton", [])], "elements": [{**track, "label": "head"}]}
    shapes = [
        shape("polygon", [1, 2, 3, 4, 5, 7]),
        shape("mask", [1, 2, 1, 4, 5, 5, 6], 1),
        shape("skeleton", [], 1, label="man", elements=[{**shape("points", [5, 6], 1), "label": "head"}]),
    ]
    jobs = [{"tags": [{"frame": 0, "label": "night"}], "shapes": shapes, "tracks": [track, skeleton]}]
    for n in range(150):
        folder = tmp_path / str(n)
        if kind == "backup":
            backup(folder, _mutated(jobs, generator), _mutated(TASK, generator))
        else:
            folder.mkdir()
            (folder / "default.json").write_text(json.dumps(_mutated(DATUMARO, generator)))
        found: list[Annotation] = []
        try:
            dataset, log = open_path(folder)
            items, own = items_of(dataset)
        except ToLabelboxError:
            continue
        log.absorb(own)
        found += [a for i in items for a in i.annotations]
        assert accounted(found, log)
