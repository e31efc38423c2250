"""Whole-image classes are counted by class, whatever the question is called."""

from __future__ import annotations

from pathlib import Path

from harness import Convert, annotation, coco, image

CATEGORIES = [{"id": 1, "name": "day"}, {"id": 2, "name": "rain"}]
LABELS = coco([annotation(n, image_id=n, category_id=n) for n in (1, 2)], [image(1), image(2)], CATEGORIES)


def test_they_are_counted_by_class(convert: Convert) -> None:
    run = convert(LABELS)
    assert {label: tally.read for label, tally in run.report.classes.items()} == {"day": 1, "rain": 1}


def test_they_still_are_under_another_question(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("questions:\n  class:\n    name: weather\n")
    run = convert(LABELS, class_map=tmp_path / "map.yaml")
    assert {line["name"] for line in run.lines} == {"weather"}
    assert run.tally("day") == (1, 1, 0, 0, 0)
