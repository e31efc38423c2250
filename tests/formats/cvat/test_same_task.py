"""Several exports of one CVAT task in one source, and options that a file cannot obey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cvat_files import export, image, items_of, open_path, open_text, row, task, track
from to_labelbox.model.items import Box, Classification, Object, Track
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.cvat.options import Coordinates, Jobs, Numbering, SameTask, Video

SEGMENT = "<segments><segment><id>1</id><start>0</start><stop>3</stop></segment></segments></task>"
BOX = '<box label="car" xtl="{}" ytl="2" xbr="30" ybr="40"/>'


def version(left: int, day: str = "2024-01-02", **fields: Any) -> str:
    pictures = "".join(image(BOX.format(left), f"{n}.jpg") for n in range(2))
    return export(pictures, task(**{"id": 5, **fields})).replace("2024-01-02", day)


def both(folder: Path) -> None:
    """One task of a video, exported for video and for images: the same car on four frames, and a tag on one of them."""
    meta = task(id=5, size=4, video=(64, 48)).replace("</task>", SEGMENT)
    rows = "".join(row(n, (1, 2, 30, 40), key=not n) for n in range(4))
    open_text(folder, export(track(rows), meta), "video.xml")
    shapes = [BOX.format(1), BOX.format(1), BOX.format(1) + '<tag label="night"/>', BOX.format(1)]
    frames = "".join(image(s, f"frame_{n:06d}", 64, 48) for n, s in enumerate(shapes))
    open_text(folder, export(frames, meta), "images.xml")


def test_copies_of_an_export_count_once(tmp_path: Path) -> None:
    for name in ("annotations.xml", "annotations (1).xml"):
        open_text(tmp_path, version(1), name)
    items, log = items_of(open_path(tmp_path)[0])
    assert [i.asset.path for i in items] == ["0.jpg", "1.jpg"]
    assert log.ledger["car"].read == 2
    _, log = open_path(tmp_path)
    assert [a.option for a in log.assumptions.values()] == ["-O same_task=apart"]
    assert open_path(tmp_path, same_task=SameTask.APART)[0].unit_count == 4


def test_versions_of_an_export_are_a_question(tmp_path: Path) -> None:
    open_text(tmp_path, version(1, "2024-03-01"), "a.xml")
    open_text(tmp_path, version(3, "2024-02-01"), "b.xml")
    with pytest.raises(UsageError, match="same_task=latest"):
        open_path(tmp_path)
    items, _ = items_of(open_path(tmp_path, same_task=SameTask.LATEST)[0])
    assert [
        a.geometry.left for i in items for a in i.annotations if isinstance(a, Object) and isinstance(a.geometry, Box)
    ] == [1, 1]


def test_without_a_day_there_is_no_latest(tmp_path: Path) -> None:
    open_text(tmp_path, version(1), "a.xml")
    open_text(tmp_path, version(3), "b.xml")
    with pytest.raises(UsageError) as refused:
        open_path(tmp_path, same_task=SameTask.LATEST)
    assert "same_task=latest" not in str(refused.value)
    assert "same_task=apart" in str(refused.value)


@pytest.mark.parametrize("other", [{"id": 6}, {"name": "other"}])
def test_other_tasks_are_kept(tmp_path: Path, other: dict[str, Any]) -> None:
    open_text(tmp_path, version(1), "a.xml")
    open_text(tmp_path, version(3, **other), "b.xml")
    assert open_path(tmp_path)[0].unit_count == 4


def test_for_video_and_for_images_tell_the_same_objects(tmp_path: Path) -> None:
    both(tmp_path)
    (item,), log = items_of(open_path(tmp_path)[0])
    assert [type(a) for a in item.annotations] == [Classification, Track]
    assert log.ledger["car"].merged == 4
    (item,), log = items_of(open_path(tmp_path, same_task=SameTask.APART)[0])
    assert sum(isinstance(a, Track) for a in item.annotations) == 5


def test_for_video_and_for_images_as_frames(tmp_path: Path) -> None:
    both(tmp_path)
    items, log = items_of(open_path(tmp_path, video=Video.FRAMES)[0])
    assert sorted((i.asset.path, type(a).__name__) for i in items for a in i.annotations) == [
        ("frame_000000", "Object"),
        ("frame_000001", "Object"),
        ("frame_000002", "Classification"),
        ("frame_000002", "Object"),
        ("frame_000003", "Object"),
    ]
    assert log.ledger["car"].merged == 4


def test_an_option_that_a_file_cannot_obey_is_refused(tmp_path: Path) -> None:
    shape = {"type": "rectangle", "label": "car", "frame": 0, "points": [1, 2, 30, 40], "attributes": []}
    (tmp_path / "a.json").write_text(json.dumps({"tags": [], "shapes": [shape], "tracks": []}))
    for options in ({"coordinates": Coordinates.SIZES}, {"numbering": Numbering.SOURCE}):
        with pytest.raises(UsageError, match="is JSON"):
            open_path(tmp_path, **options)
    (tmp_path / "a.json").unlink()
    open_text(tmp_path, version(1))
    with pytest.raises(UsageError, match="does not say what its jobs are for"):
        open_path(tmp_path, jobs=Jobs.GROUND_TRUTH)


def test_jobs_are_no_tasks_in_what_is_said(tmp_path: Path) -> None:
    for n in (1, 2):
        segment = f"<segment><id>{n}</id><start>0</start><stop>0</stop><url>http://host/api/jobs/{n}</url></segment>"
        meta = f"<job><id>{n}</id><mode>annotation</mode><segments>{segment}</segments></job>"
        open_text(tmp_path, export(image(BOX.format(n), "0.jpg"), meta), f"job {n}.xml")
    dataset, log = open_path(tmp_path)
    items, _ = items_of(dataset)
    assert [i.asset.path for i in items] == ["job 1/0.jpg", "job 2/0.jpg"]
    (said,) = [e.message for e in log.diagnostics["decision"].examples]
    assert said.startswith("pictures of several exports have the same name")
    assert said.endswith("If these are jobs of one task, export the task itself: it tells each picture once")


def test_the_question_says_what_apart_does(tmp_path: Path) -> None:
    open_text(tmp_path, version(1, "2024-03-01"), "a.xml")
    open_text(tmp_path, version(3, "2024-02-01"), "b.xml")
    with pytest.raises(UsageError, match="data rows of their own"):
        open_path(tmp_path)
    items, _ = items_of(open_path(tmp_path, same_task=SameTask.APART)[0])
    assert len({i.asset.path for i in items}) == 4
