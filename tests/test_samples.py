"""Real exports, where they are at hand: each converts, balances, and validates."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import to_labelbox

ROOT = Path(os.environ.get("TO_LABELBOX_SAMPLES") or Path(__file__).parents[2] / "shared" / "samples")
PATTERNS = (
    "coco/TACO/data/annotations.json",
    "coco/COCO-MINI/annotations",
    "coco/panopticapi/sample_data/panoptic_examples.json",
    "coco/datumaro/coco_dataset/*",
    "coco/datumaro/roboflow_dataset",
    "coco/datumaro/kaggle_dataset",
    "coco/labelformat/object_detection/COCO",
    "voc/datumaro/voc_dataset/*",
    "voc/datumaro/kaggle_dataset/*",
    "voc/datumaro/roboflow_dataset/voc",
    "voc/keras-retinanet-test-data/pascal",
    "yolo/datumaro/yolo_dataset/*",
    "yolo/labelformat/*/*",
    "cvat/cgras_settler_counter/annotations.xml",
    "cvat/datumaro/cvat_dataset/for_*",
    "label-studio/label-studio-frontend/examples/*",
)
SAMPLES = [path for pattern in PATTERNS for path in sorted(ROOT.glob(pattern)) if not path.name.startswith(".")]
ONLY_PREDICTIONS = {"required"}
"""Sets of which nothing is a label: they are read, and everything is skipped with a reason."""


@pytest.mark.skipif(not SAMPLES, reason=f"no sample data at {ROOT} (say where with TO_LABELBOX_SAMPLES)")
@pytest.mark.parametrize("sample", SAMPLES, ids=[str(p.relative_to(ROOT)) for p in SAMPLES])
def test_a_real_export_converts(sample: Path, tmp_path: Path) -> None:
    options = {"size": "800x600"} if "label-studio" in sample.parts else {}
    report = to_labelbox.convert(sample, tmp_path / "out", options=options)
    assert all(tally.balanced() for tally in report.classes.values())
    assert report.assets.written
    assert report.exit_code() == (3 if sample.name in ONLY_PREDICTIONS else 0), report.diagnostics
    assert to_labelbox.validate(tmp_path / "out") == []
