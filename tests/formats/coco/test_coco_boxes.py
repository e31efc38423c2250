"""Where only boxes are asked for, what the first pass keeps gives the same as reading every record again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from to_labelbox import Policy, Settings, convert
from to_labelbox.source import json_stream
from to_labelbox_formats.coco import dataset as items
from to_labelbox_formats.coco.index.box_columns import KnownBoxes

ODD: list[dict[str, Any]] = [
    {"attributes": {"occluded": True, "colour": "red"}},
    {"keypoints": [1, 2, 2]},
    {"score": 0.5},
    {"caption": "a cat"},
    {"bbox": [30, 30, -10, 5]},
    {"bbox": [1, 2, 3]},
    {"bbox": ["1", "2", "3", "4"]},
    {"bbox": []},
    {"category_id": 99},
    {"category_id": "1"},
    {"category_id": -1},
    {"category_id": 70000},
    {"id": "a text"},
    {"id": 2**63},
    {"id": 7},
    {"image_id": 4711},
    {"image_id": "1"},
    {"iscrowd": True},
    {"iscrowd": 1, "segmentation": {"counts": [0, 10, 9990], "size": [100, 100]}},
    {"segmentation": []},
    {"segmentation": [[]]},
    {"segmentation": None},
    {"segmentation": {"counts": "PP^", "size": [100, 100]}},
]


def annotation(rng: random.Random, id: int, images: int) -> dict[str, Any]:
    x, y, w, h = (round(rng.uniform(1, 40), 2) for _ in range(4))
    return {
        "segmentation": [[x, y, x + w, y, x + w, y + h]],
        "iscrowd": 0,
        "image_id": rng.randrange(1, images + 1),
        "bbox": [x, y, w, h],
        "category_id": rng.choice([1, 1, 3]),
        "id": id,
    }


def document(seed: int, odd: list[dict[str, Any]], count: int, images: int, prefix: str = "") -> dict[str, Any]:
    rng = random.Random(seed)
    annotations = [annotation(rng, 10 + n, images) for n in range(count)]
    for change in odd:
        annotations.insert(rng.randrange(len(annotations)), annotation(rng, 9000 + len(annotations), images) | change)
    sizes = [{"id": n, "file_name": f"{prefix}{n}.jpg", "width": 100, "height": 100} for n in range(1, images + 1)]
    categories = [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}]
    return {"images": sizes, "annotations": annotations, "categories": categories}


def outputs(source: list[Path], out: Path) -> dict[str, bytes]:
    convert(source, out, settings=Settings(geometry=Policy.BBOX), overwrite=True)
    return {file.name: file.read_bytes() for file in out.iterdir()}


def both_ways(source: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compares the two ways; the number of images that were known from the first pass."""
    known = 0
    plainly = KnownBoxes.of_images

    def counted(self: KnownBoxes, *args: Any) -> Any:
        nonlocal known
        made = plainly(self, *args)
        known += sum(bool(objects) for objects in made)
        return made

    monkeypatch.setattr(KnownBoxes, "of_images", counted)
    kept = outputs(source, tmp_path / "out")
    monkeypatch.setattr(items, "_known", lambda files, records: None)
    assert kept == outputs(source, tmp_path / "out")
    return known


@pytest.mark.parametrize("change", ODD, ids=json.dumps)
def test_one_odd_record_among_plain_ones(
    change: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "instances.json"
    # enough for several pieces of the file, of which one holds the odd record
    monkeypatch.setattr(json_stream, "PIECE", 16 * 1024)
    count = 3 * json_stream.PIECE // 150
    file.write_text(json.dumps(document(1, [change], count, images=375)))
    assert both_ways([file], tmp_path, monkeypatch) > 60


def test_many_odd_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(document(2, ODD * 3, 60, images=12)))
    both_ways([file], tmp_path, monkeypatch)


def test_files_of_several_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / f"instances_{split}.json" for split in ("train", "val")]
    for seed, file in enumerate(files):
        file.write_text(json.dumps(document(seed, [], 80, images=10, prefix=f"{seed}/")))
    assert both_ways(files, tmp_path, monkeypatch) == 20


def test_files_of_one_set_with_the_same_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("instances_val.json", "person_keypoints_val.json")]
    files[0].write_text(json.dumps(document(3, [], 40, images=10)))
    files[1].write_text(json.dumps(document(3, [{"keypoints": [5, 5, 2]}], 20, images=10)))
    both_ways(files, tmp_path, monkeypatch)


def test_an_unreadable_image_costs_its_plain_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = document(4, [], 60, images=6)
    broken["images"][2]["width"] = {"no": "number"}
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(broken))
    assert both_ways([file], tmp_path, monkeypatch)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["annotations"]["skipped"] == sum(a["image_id"] == 3 for a in broken["annotations"])
