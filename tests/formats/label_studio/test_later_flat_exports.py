"""Several flat exports of one project, or one beside its JSON: each annotation counts once, in its newest state."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import codes, lines

TEXT = "/data/upload/7/0a1b2c3d-yard.jpg"
PLACE = {"x": 10, "y": 20, "width": 30, "height": 40, "original_width": 200, "original_height": 100}


def record(annotation: int, day: int, *labels: str, made: int = 1, **more: Any) -> dict[str, Any]:
    boxes = [{**PLACE, "x": n, "rectanglelabels": [label]} for n, label in enumerate(labels)]
    times = {"created_at": f"2024-05-0{made}T10:00:00.5Z", "updated_at": f"2024-05-0{day}T10:00:00Z"}
    return {"id": 5, "image": TEXT, "box": boxes, "annotation_id": annotation, "annotator": 1, **times, **more}


def as_task(*records: dict[str, Any]) -> dict[str, Any]:
    annotations = [
        {
            "id": r["annotation_id"],
            "created_at": r["created_at"],
            "updated_at": r["updated_at"],
            "result": [
                {"from_name": "box", "to_name": "img", "type": "rectanglelabels", "id": f"r{n}", "value": value,
                 "original_width": 200, "original_height": 100}
                for n, value in enumerate(r["box"])
            ],
        }
        for r in records
    ]  # fmt: skip
    return {"id": 5, "data": {"image": records[0]["image"]}, "annotations": annotations}


def made(folder: Path, *files: tuple[str, list[dict[str, Any]]], **options: Any) -> Any:
    (folder / "in").mkdir()
    for number, (kind, records) in enumerate(files):
        path = folder / "in" / f"project-7-{number}.{'csv' if kind == 'csv' else 'json'}"
        if kind != "csv":
            path.write_text(json.dumps(records if kind == "min" else [as_task(*records)]))
            continue
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, sorted(records[0]))
            writer.writeheader()
            writer.writerows({**r, "box": json.dumps(r["box"])} for r in records)
    return to_labelbox.convert(folder / "in", folder / "out", options=options)


def names(folder: Path) -> list[str]:
    return [line["name"] for line in lines(folder / "out")]


@pytest.mark.parametrize("kinds", ["min min", "csv csv", "csv min", "json csv", "min json"])
@pytest.mark.parametrize("annotator", ["best", "all"])
def test_the_newest_state_of_an_annotation_counts(tmp_path: Path, kinds: str, annotator: str) -> None:
    old, new = kinds.split()
    report = made(tmp_path, (old, [record(1, 1, "car")]), (new, [record(1, 2, "car", "bus")]), annotator=annotator)
    assert names(tmp_path) == ["car", "bus"]
    assert report.annotations.read == 2
    assert report.assets.written == 1
    assert codes(report)["asset-duplicate"] == 1


def test_without_a_time_a_text_in_common_tells_the_task(tmp_path: Path) -> None:
    records = [{k: v for k, v in record(1, 1, "car").items() if not k.endswith("_at")}]
    other = [{**records[0], "image": "/data/local-files/?d=other/yard.jpg"}]
    report = made(tmp_path, ("min", records), ("min", records), ("min", other))
    assert (names(tmp_path), report.assets.written) == (["car", "car"], 2)


def test_annotations_made_anew_about_an_upload_are_of_its_task(tmp_path: Path) -> None:
    made(tmp_path, ("min", [record(1, 1, "car")]), ("csv", [record(9, 3, "bus", made=3)]))
    assert names(tmp_path) == ["bus"]


def test_the_annotations_of_a_task_stay_together_whichever_file_tells_them(tmp_path: Path) -> None:
    """The second file begins with an annotation that the first does not have; the third has that one alone."""
    mine, theirs = record(1, 1, "car", image="a.jpg"), record(2, 2, "bus", image="a.jpg")
    made(tmp_path, ("min", [mine]), ("min", [theirs, mine]), ("min", [theirs]), annotator="all")
    assert sorted(names(tmp_path)) == ["bus", "car"]


def test_tasks_of_other_projects_stay_their_own(tmp_path: Path) -> None:
    """Ids start anew on every server."""
    other = record(1, 2, "bus", made=2, image="/data/upload/7/99999999-yard.jpg")
    assert made(tmp_path, ("min", [record(1, 1, "car")]), ("csv", [other])).annotations.converted == 2
    assert names(tmp_path) == ["car", "bus"]


def test_the_other_picture_of_a_task_is_named_as_unread(tmp_path: Path) -> None:
    report = made(
        tmp_path, ("min", [record(1, 1, "car", reference="https://h.example.org/garden.jpg")]), data_key="image"
    )
    assert [(u.name, u.why) for u in report.unread] == [("reference", "no object shows it")]
