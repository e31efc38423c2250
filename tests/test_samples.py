"""Real exports, where they are at hand: each converts, balances, and validates."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import to_labelbox
from harness import ontology
from to_labelbox.report.report import FailOn

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
UNLABELLED = {"coco_image_info", "nested_choices"}
"""Sets of pictures or tasks alone."""


@pytest.mark.skipif(not SAMPLES, reason=f"no sample data at {ROOT} (say where with TO_LABELBOX_SAMPLES)")
@pytest.mark.parametrize("sample", SAMPLES, ids=[str(p.relative_to(ROOT)) for p in SAMPLES])
def test_a_real_export_converts(sample: Path, tmp_path: Path) -> None:
    options = {"size": "800x600"} if "label-studio" in sample.parts else {}
    report = to_labelbox.convert(sample, tmp_path / "out", options=options)
    assert all(tally.balanced() for tally in report.classes.values())
    if sample.name in ONLY_PREDICTIONS:
        assert (report.exit_code(), report.assets.written) == (3, 0)
        assert report.classes
        assert all(tally.skipped == tally.read for tally in report.classes.values())
        assert os.listdir(tmp_path / "out") == ["report.json"]
        return
    assert report.assets.written
    assert report.exit_code() == 0, report.diagnostics
    assert [f for f in to_labelbox.validate(tmp_path / "out") if f.severity == "error"] == []
    assert [one.what for one in report.suspicious] == (["labels"] if sample.name in UNLABELLED else [])


MINI = ROOT / "coco" / "COCO-MINI" / "annotations"
FIVE = """\
unknown: warn
classes:
  person: {geometry: bbox}
  car: {name: vehicle, answers: {kind: car}}
  bus: {name: vehicle, answers: {kind: bus}}
  dog: animal
  cat: animal
  chair: furniture
"""


@pytest.mark.skipif(not MINI.is_dir(), reason=f"no sample data at {ROOT} (say where with TO_LABELBOX_SAMPLES)")
def test_a_real_set_under_another_ontology(tmp_path: Path) -> None:
    """Mapped to a few classes, two of them merged and two regrouped; then held against the ontology made of that."""
    kept = ("person", "car", "bus", "dog", "cat", "chair", "bottle")
    source = MINI / "instances_val2017.json"
    (tmp_path / "map.yaml").write_text(FIVE)
    settings = to_labelbox.Settings(include=("person", "vehicle", "animal", "furniture", "bottle"))
    free = to_labelbox.convert(source, tmp_path / "free", class_map=tmp_path / "map.yaml", settings=settings)
    names = {t["name"] for t in ontology(tmp_path / "free")["tools"]}
    assert {name.split(" (")[0] for name in names} == {"person", "vehicle", "animal", "furniture", "bottle"}
    assert all(tally.written == tally.read for label, tally in free.classes.items() if label in kept)
    assert all(tally.skipped == tally.read for label, tally in free.classes.items() if label not in kept)
    existing = tmp_path / "free" / "ontology.json"
    bound = to_labelbox.convert(
        source, tmp_path / "bound", class_map=tmp_path / "map.yaml", settings=settings, ontology=existing
    )
    assert bound.classes == free.classes
    for name in free.outputs.keys() - {"index.ndjson"}:  # which says of what is left out by which rule
        assert (tmp_path / "bound" / name).read_bytes() == (tmp_path / "free" / name).read_bytes()


@pytest.mark.skipif(not MINI.is_dir(), reason=f"no sample data at {ROOT} (say where with TO_LABELBOX_SAMPLES)")
def test_a_real_set_and_an_ontology_that_lacks_a_class(tmp_path: Path) -> None:
    source = MINI / "instances_val2017.json"
    to_labelbox.convert(source, tmp_path / "free")
    given = ontology(tmp_path / "free")
    given["tools"] = [t for t in given["tools"] if not t["name"].startswith("person")]
    (tmp_path / "given.json").write_text(json.dumps(given))
    made = to_labelbox.convert(source, tmp_path / "bound", ontology=tmp_path / "given.json")
    person = made.classes["person"]
    assert person.skipped == person.read > 0
    assert made.source.details["not_in_ontology"] == {"tool 'person'": person.read}
    assert (made.exit_code(), made.exit_code(FailOn.SKIPPED)) == (0, 1)
    assert to_labelbox.validate(tmp_path / "bound") == []
