"""Jobs of a task: which of them hold labels, honeypots, and the parts of a track that several jobs tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cvat_files import accounted, counts, export, image, items_of, open_path, open_text, task
from to_labelbox.model.items import Box, Item, Object
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.options import Jobs

LABELS = [{"name": "car", "type": "rectangle", "attributes": []}]


def box(left: float, frame: int, **more: Any) -> dict[str, Any]:
    points = [left, 10, left + 20, 30]
    return {"type": "rectangle", "points": points, "frame": frame, "label": "car", "attributes": [], **more}


def record(*shapes: dict[str, Any]) -> dict[str, Any]:
    return {"tags": [], "shapes": list(shapes), "tracks": []}


def backup(
    folder: Path, names: str, jobs: list[tuple[str, int, int, dict[str, Any]]], layout: dict[str, Any] | None = None
) -> Path:
    """A task of pictures; ``jobs`` are type, first and last frame, record of annotations."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    data: dict[str, Any] = {"start_frame": 0, "stop_frame": len(names) - 1}
    if layout:
        data["validation_layout"] = layout
    listed = [{"start_frame": start, "stop_frame": stop, "type": kind} for kind, start, stop, _ in jobs]
    content = {"name": "t", "labels": LABELS, "data": data, "jobs": listed}
    (folder / "task.json").write_text(json.dumps(content))
    (folder / "annotations.json").write_text(json.dumps([job[3] for job in jobs]))
    entries = [{"name": n, "extension": ".png", "width": 100, "height": 80} for n in names]
    lines = [{"version": "1.1"}, {"type": "images"}, *entries]
    (folder / "data/manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def read(path: Path, jobs: str = "annotation") -> tuple[list[Item], Log]:
    dataset, log = open_path(path, jobs=Jobs(jobs))
    items, own = items_of(dataset)
    log.absorb(own)
    assert accounted([a for i in items for a in i.annotations], log)
    return items, log


def lefts(items: list[Item]) -> dict[str, list[float]]:
    """The left sides of the boxes of each picture."""
    return {
        i.asset.path: [a.geometry.left for a in i.annotations if isinstance(a, Object) and isinstance(a.geometry, Box)]
        for i in items
    }


HONEYPOTS = [
    ("annotation", 0, 2, record(box(1, 0), box(2, 1), box(40, 2))),
    ("annotation", 3, 5, record(box(3, 3), box(4, 4), box(60, 5))),
    ("ground_truth", 6, 6, record(box(50, 6))),
]
POOL = {"mode": "gt_pool", "frames": ["v.png"], "frames_per_job_count": 1}


def test_control_frames_are_no_labels(tmp_path: Path) -> None:
    items, log = read(backup(tmp_path, "abvcdvv", HONEYPOTS, POOL))
    assert lefts(items) == {"a.png": [1], "b.png": [2], "c.png": [3], "d.png": [4], "v.png": [50]}
    assert counts(log)["not-selected"] == 2


def test_all_jobs_bring_the_control_frames_back(tmp_path: Path) -> None:
    items, _ = read(backup(tmp_path, "abvcdvv", HONEYPOTS, POOL), jobs="all")
    assert lefts(items)["v.png"] == [40, 60, 50]


def test_the_ground_truth_alone(tmp_path: Path) -> None:
    items, log = read(backup(tmp_path, "abvcdvv", HONEYPOTS, POOL), jobs="ground_truth")
    assert {path: found for path, found in lefts(items).items() if found} == {"v.png": [50]}
    assert not log.assumptions


def test_without_a_pool_the_ground_truth_does_not_count(tmp_path: Path) -> None:
    jobs = [("annotation", 0, 1, record(box(1, 0), box(2, 1))), ("ground_truth", 0, 1, record(box(50, 0)))]
    items, log = read(backup(tmp_path, "ab", jobs, {"mode": "gt", "frames": ["a.png"]}))
    assert lefts(items) == {"a.png": [1], "b.png": [2]}
    assert counts(log)["not-selected"] == 1


def test_a_track_over_control_frames(tmp_path: Path) -> None:
    shapes = [{**box(1, 0), "outside": False}, {**box(1, 3), "outside": True}]
    track = {"frame": 0, "label": "car", "attributes": [], "shapes": shapes}
    jobs = [
        ("annotation", 0, 2, {"tags": [], "shapes": [], "tracks": [track]}),
        ("ground_truth", 3, 3, record(box(50, 3))),
    ]
    items, _ = read(backup(tmp_path, "avbv", jobs, {"mode": "gt_pool", "frames": ["v.png"]}))
    assert lefts(items) == {"a.png": [1], "b.png": [1], "v.png": [50]}


@pytest.mark.parametrize("kind", ["replica", "consensus_replica", "ground_truth", "whatever comes next"])
def test_only_jobs_for_annotation_count(kind: str, tmp_path: Path) -> None:
    jobs = [("annotation", 0, 1, record(box(1, 0))), (kind, 0, 1, record(box(30, 0))), (kind, 0, 1, record(box(60, 0)))]
    source = backup(tmp_path, "ab", jobs)
    items, log = read(source)
    assert lefts(items) == {"a.png": [1], "b.png": []}
    assert counts(log)["not-selected"] == 2
    (assumption,) = log.assumptions.values()
    assert (assumption.for_, assumption.unknown, assumption.option) == (1, 2, "-O jobs=all")
    assert kind in assumption.why
    items, log = read(source, jobs="all")
    assert lefts(items) == {"a.png": [1, 30, 60], "b.png": []}
    assert not log.assumptions


def test_jobs_that_cannot_be_told_apart_are_a_question(tmp_path: Path) -> None:
    source = backup(tmp_path, "ab", [("annotation", 0, 1, record(box(1, 0))), ("replica", 0, 1, record(box(30, 0)))])
    (source / "annotations.json").write_text(json.dumps([record(box(1, 0))]))
    with pytest.raises(UsageError, match="-O jobs=all"):
        read(source)
    items, _ = read(source, jobs="all")
    assert lefts(items)["a.png"] == [1]


SHAPE = '<box label="car" source="manual" occluded="0" xtl="{0}" ytl="10" xbr="{1}" ybr="30" z_order="0"></box>'


def old_export(segments: str = "<segments><segment><id>1</id></segment></segments>") -> str:
    """What CVAT exported of honeypots until late 2024: each frame on which the picture of the pool is."""
    told = [("a", 1), ("v", 40), ("b", 2), ("v", 60), ("v", 50)]
    images = (image(SHAPE.format(left, left + 20), f"{name}.png") for name, left in told)
    numbered = (text.replace('id="0"', f'id="{n}"', 1) for n, text in enumerate(images))
    return export("".join(numbered), task().replace("</task>", f"{segments}</task>"))


def test_control_frames_of_an_old_export(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, old_export())
    items, log = items_of(dataset)
    assert lefts(items) == {"a.png": [1], "v.png": [50], "b.png": [2]}
    assert counts(log)["not-selected"] == 2
    assert [a.option for a in log.assumptions.values()] == ["-O jobs=all"]
    items, log = items_of(open_text(tmp_path, old_export(), jobs=Jobs.ALL)[0])
    assert lefts(items)["v.png"] == [40, 60, 50]


def test_other_writers_may_tell_a_picture_in_pieces(tmp_path: Path) -> None:
    items, log = items_of(open_text(tmp_path, old_export(segments=""))[0])
    assert lefts(items)["v.png"] == [40, 60, 50]
    assert counts(log)["asset-duplicate"] == 2
