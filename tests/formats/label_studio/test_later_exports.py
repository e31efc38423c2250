"""Several exports of one project in one folder: each annotation counts once, in its newest state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import box
from harness import codes, lines


def made(folder: Path, *exports: list[dict[str, Any]], key: str = "annotations", **options: Any) -> Any:
    folder = folder / "exports"
    folder.mkdir(exist_ok=True)
    for number, tasks in enumerate(exports):
        renamed = [{key if k == "annotations" else k: v for k, v in t.items()} for t in tasks]
        (folder / f"project-1-at-{number}.json").write_text(json.dumps(renamed, indent=number))
    return to_labelbox.convert(folder, folder.parent / "out", options=options, overwrite=True)


def task(*annotations: dict[str, Any], image: str = "https://h.example.org/a.jpg", **more: Any) -> dict[str, Any]:
    return {"id": 5, "data": {"image": image}, "annotations": list(annotations), **more}


def state(id: int, day: int, *labels: str) -> dict[str, Any]:
    return {"id": id, "updated_at": f"2024-05-0{day}T10:00:00Z", "result": [{**box(label=x), "id": x} for x in labels]}


def names(folder: Path) -> list[str]:
    return [line["name"] for line in lines(folder / "out")]


@pytest.mark.parametrize("key", ["annotations", "completions"])
@pytest.mark.parametrize("annotator", ["best", "all"])
def test_the_newest_state_of_an_annotation_counts(tmp_path: Path, key: str, annotator: str) -> None:
    old, new = [task(state(1, 1, "car"))], [task(state(1, 2, "car", "bus"))]
    report = made(tmp_path, old, new, old, key=key, annotator=annotator)
    assert names(tmp_path) == ["car", "bus"]
    assert report.annotations.read == 2
    assert codes(report)["asset-duplicate"] == 1
    assert report.exit_code() == 0


def test_annotations_of_others_still_choose_among_themselves(tmp_path: Path) -> None:
    made(tmp_path, [task(state(1, 1, "car"))], [task(state(1, 1, "car"), state(2, 3, "bus"))])
    assert names(tmp_path) == ["bus"]
    made(tmp_path, annotator="all")
    assert names(tmp_path) == ["car", "bus"]


def test_predictions_count_once(tmp_path: Path) -> None:
    model: dict[str, Any] = {"predictions": [{"result": [box(label="tree")]}]}
    report = made(tmp_path, [task(state(1, 1, "car"), **model)], [task(state(1, 1, "car"), **model)])
    assert report.annotations.read == 2
    assert report.annotations.skipped == 1


@pytest.mark.parametrize("other", [task(state(1, 1, "car"), image="https://h/b.jpg"), task(state(9, 1, "car"))])
def test_tasks_of_other_projects_stay_their_own(tmp_path: Path, other: dict[str, Any]) -> None:
    """Ids start anew in every project."""
    assert made(tmp_path, [task(state(1, 1, "car"))], [other]).annotations.converted == 2


def test_annotations_made_anew_in_a_later_export_of_the_project_take_the_place_of_the_old(tmp_path: Path) -> None:
    old, new = [task(state(1, 1, "car"), project=7)], [task(state(9, 2, "bus", "bus "), project=7)]
    report = made(tmp_path, old, new)
    assert names(tmp_path) == ["bus", "bus "]
    (said,) = [d for d in report.diagnostics if d.code == "asset-duplicate"]
    assert "the same task, too: annotator=best chooses among the annotations of both" in said.message
    assert (report.annotations.read, report.annotations.skipped) == (3, 1)


def test_a_task_of_another_project_keeps_its_annotations(tmp_path: Path) -> None:
    made(tmp_path, [task(state(1, 1, "car"), project=7)], [task(state(9, 2, "bus"), project=8)])
    assert names(tmp_path) == ["car", "bus"]
