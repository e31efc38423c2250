"""The COCO family: what each kind, dialect and broken record becomes, by hand-computed values: broken records, boxes only."""

from __future__ import annotations

import gzip
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from builders.coco import SQUARE, box
from harness import Convert, annotation, coco, image


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"bbox": ["10", 10, 20, 20], "segmentation": [SQUARE]}, True),
        ({"bbox": ["10", 10, 20, 20]}, True),
        ({"bbox": None, "segmentation": [SQUARE]}, True),
        ({"bbox": None, "segmentation": ["x"]}, False),
        ({"bbox": None, "segmentation": 7}, False),
    ],
)
def test_odd_records_where_only_boxes_are_asked_for(convert: Convert, fields: dict[str, Any], written: bool) -> None:
    run = convert(coco([annotation(1, **fields)]), geometry="bbox")
    assert bool(run.tally("car")[1] or run.tally("car")[2]) is written
    assert len(run.lines) == written


def test_half_a_surrogate_pair_in_a_caption_is_replaced(convert: Convert) -> None:
    text = json.dumps({"images": [image(1)], "annotations": [{"id": 1, "image_id": 1, "caption": "x\ud800y"}]})
    run = convert(text.encode())
    assert [line["answer"] for line in run.lines] == ["x\ufffdy"]


@pytest.mark.parametrize("packed", [False, True])
def test_more_files_than_a_process_may_open(convert: Convert, tmp_path: Path, packed: bool) -> None:
    for n in range(120):
        text = json.dumps(coco([annotation(n, bbox=[n, 1, 5, 5])], [image(1, f"{n:03}.jpg", 400, 300)])).encode()
        file = tmp_path / "set" / f"{n:03}.json{'.gz' if packed else ''}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(gzip.compress(text) if packed else text)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        run = convert(tmp_path / "set")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [box(line)[0] for line in run.lines] == list(range(120))
