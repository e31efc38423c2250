"""One class map for all datasets of a batch."""

from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner

import to_labelbox
from builders.batch import box_set
from harness import FIXTURES, contents
from to_labelbox.cli import cli


def test_a_template_of_a_batch_names_all_and_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for format, name in (("cvat", "tags"), ("label-studio", "answers"), ("yolo", "classify"), ("coco", "keypoints")):
        shutil.copytree(FIXTURES / format / name / "input", root / format / name)
    box_set(root / "more" / "set.json", label="comet")
    (root / "broken.json").write_text('{"images": [')
    given = ["ontology", str(root), "--class-map-template"]
    made = CliRunner().invoke(cli, given, standalone_mode=False)
    assert "\n  comet: comet  # 3 annotations" in made.stdout, made.stderr
    rules = tmp_path / "map.yaml"
    rules.write_text(made.stdout, encoding="utf-8")
    plain = to_labelbox.batch(root, tmp_path / "plain")
    mapped = to_labelbox.batch(root, tmp_path / "mapped", class_map=rules)
    assert mapped.classes == plain.classes
    payload = [
        {
            name: data
            for name, data in contents(tmp_path / out).items()
            if name.endswith(("annotations.ndjson", "ontology.json"))
        }
        for out in ("plain", "mapped")
    ]
    assert payload[0] == payload[1]
