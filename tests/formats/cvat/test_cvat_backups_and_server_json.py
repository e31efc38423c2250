"""CVAT backups, server JSON and Datumaro JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.cvat_json import DATUMARO, TASK, backup, shape, skeleton
from cvat_files import accounted, counts, items_of, open_path
from to_labelbox.geometry.raster import mask_array
from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Box,
    Choice,
    Classification,
    Cuboid,
    Ellipse,
    Geometry,
    Item,
    Keypoint,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    RotatedBox,
    Track,
)
from to_labelbox.model.schema import Kind
from to_labelbox.plugins.reader import Match
from to_labelbox.report.errors import SourceError
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT


def read(path: Path, **options: Any) -> tuple[list[Item], Any]:
    dataset, log = open_path(path, **options)
    items, own = items_of(dataset)
    log.absorb(own)
    assert accounted([a for i in items for a in i.annotations], log)
    return items, log


def geometries(annotations: Any) -> list[object]:
    return [a.geometry for a in annotations if isinstance(a, Object)]


def test_a_task_backup(tmp_path: Path) -> None:
    brand = [{"name": "brand", "value": "bmw"}]
    shapes = [
        shape("rectangle", [10, 20, 30, 30], attributes=brand, rotation=30.0),
        shape("ellipse", [50, 40, 70, 30], 1),
        shape("mask", [1, 2, 1, 4, 5, 5, 6], 1),
        shape("rectangle", [1, 1, 2, 2], 2),
        shape("skeleton", [], 1, label="man", elements=[{**shape("points", [5, 6], 1), "label": "head"}]),
    ]
    jobs = [{"tags": [{"frame": 0, "label": "night", "attributes": []}], "shapes": shapes, "tracks": []}]
    source = backup(tmp_path / "b", jobs)
    assert isinstance(FORMAT.sniff(Source(source)), Match)
    items, log = read(source)
    assert [(i.asset.path, i.asset.width) for i in items] == [("a.jpg", 100), ("b.jpg", 100)]
    first, tag = items[0].annotations
    assert isinstance(first, Object)
    assert first.geometry == RotatedBox(20, 25, 20, 10, 30)
    assert first.attributes == (Attribute("brand", Choice("bmw")),)
    assert isinstance(tag, Classification)
    ellipse, mask, skeleton = geometries(items[1].annotations)
    assert ellipse == Ellipse(50, 40, 20, 10)
    assert isinstance(mask, Mask)
    expected = np.zeros((80, 100), np.uint8)
    expected[5, 5] = expected[6, 4] = 1  # runs 1, 2, 1 over columns 4 to 5, rows 5 to 6
    assert (mask_array(mask) == expected).all()
    assert skeleton == Keypoints((Keypoint("head", 5, 6),))
    assert counts(log)["deleted"] == 1


def test_overlapping_jobs_tell_a_shape_twice(tmp_path: Path) -> None:
    jobs = [
        {"tags": [], "shapes": [shape("rectangle", [1, 1, 9, 9], 1)], "tracks": []},
        {"tags": [], "shapes": [shape("rectangle", [1, 1.5, 9, 9], 1)], "tracks": []},
    ]
    items, log = read(backup(tmp_path, jobs))
    assert [len(i.annotations) for i in items] == [0, 1]
    assert log.ledger["car"].merged == 1


def test_two_shapes_of_one_job_are_two(tmp_path: Path) -> None:
    """A shape of an earlier job stands for one of a later job; turned boxes and skeletons are compared as a whole."""

    def told(*shapes: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [], "shapes": list(shapes), "tracks": []}

    def man(x: float) -> dict[str, Any]:
        return shape("skeleton", [], 1, label="man", elements=[{**shape("points", [x, 6], 1), "label": "head"}])

    box, near, turned = (shape("rectangle", [1, y, 9, 9], 1, rotation=r) for y, r in ((1, 0.0), (1.5, 0.0), (1, 45.0)))
    jobs = [told(box, man(5)), told(near, box, turned, man(5.5), man(30))]
    items, log = read(backup(tmp_path, jobs))
    assert len(items[1].annotations) == 5
    assert (log.ledger["car"].merged, log.ledger["man"].merged) == (1, 1)


@pytest.mark.parametrize("video", [True, False])
def test_a_track_on_deleted_frames_alone_is_left_out(tmp_path: Path, video: bool) -> None:
    clip = '{"version":"1.1"}\n{"type":"video"}\n{"properties":{"name":"t.mp4","resolution":[64,48],"length":6}}\n'
    pictures = "".join(f'{{"name":"{n}","extension":".jpg","width":64,"height":48}}\n' for n in range(6))
    task = {**TASK, "data": {"start_frame": 0, "stop_frame": 5, "deleted_frames": [2, 3, 5]}}

    def seen(*frames: int) -> dict[str, Any]:
        places = [
            {"type": "rectangle", "points": [0, 0, 9, 9], "frame": f, "outside": i % 2} for i, f in enumerate(frames)
        ]
        return {"label": "car", "attributes": [], "shapes": places, "elements": []}

    jobs: list[Any] = [{"tags": [], "shapes": [], "tracks": [seen(2, 4), seen(5), seen(1, 4)]}]
    items, log = read(
        backup(tmp_path, jobs, task, clip if video else '{"version":"1.1"}\n{"type":"images"}\n' + pictures)
    )
    assert sum(len(i.annotations) for i in items) == 1
    assert counts(log)["deleted"] == 2
    assert log.ledger["car"].skipped == 2
    items, _ = read(tmp_path, video="frames")  # deleted frames are no pictures
    assert [i.asset.id for i in items] == ["0", "1", "4"]
    assert [len(i.annotations) for i in items] == [0, 1, 0]


def test_ground_truth_jobs_are_left_out(tmp_path: Path) -> None:
    jobs = [{"tags": [], "shapes": [shape("rectangle", [1, 1, 9, 9])], "tracks": []}] * 2
    task = {**TASK, "jobs": [{"type": "annotation", "start_frame": 0}, {"type": "ground_truth", "start_frame": 0}]}
    items, log = read(backup(tmp_path, jobs, task))
    assert len(items[0].annotations) == 1
    assert counts(log)["not-selected"] == 1


def test_a_video_backup_counts_frames_from_its_start(tmp_path: Path) -> None:
    task = {**TASK, "data": {"start_frame": 10, "stop_frame": 19, "frame_filter": "step=3"}}
    manifest = '{"version":"1.1"}\n{"type":"video"}\n{"properties":{"name":"t.mp4","resolution":[64,48],"length":30}}\n'
    rows = [
        {"type": "rectangle", "points": [0, 0, 10, 10], "frame": 0, "outside": False, "attributes": []},
        {"type": "rectangle", "points": [6, 0, 16, 10], "frame": 2, "outside": True, "attributes": []},
    ]
    track = {
        "frame": 0,
        "label": "car",
        "group": 0,
        "attributes": [{"name": "brand", "value": "vw"}],
        "shapes": rows,
        "elements": [],
    }
    jobs = [{"tags": [], "shapes": [shape("rectangle", [1, 1, 9, 9], 1)], "tracks": [track]}]
    (item,), _ = read(backup(tmp_path, jobs, task, manifest))
    assert (item.asset.path, item.asset.media, item.asset.width) == ("t.mp4", Media.VIDEO, 64)
    moving, still = (a for a in item.annotations if isinstance(a, Track))
    assert moving.attributes == (Attribute("brand", Choice("vw")),)
    assert [(k.frame, k.geometry) for k in moving.segments[0]] == [(10, Box(0, 0, 10, 10)), (15, Box(5, 0, 10, 10))]
    assert [k.frame for k in still.segments[0]] == [13, 15]


def test_a_track_over_two_jobs_is_one(tmp_path: Path) -> None:
    def rows(*told: tuple[int, float]) -> dict[str, Any]:
        shapes = [{"type": "rectangle", "points": [x, 0, x + 10, 10], "frame": f, "attributes": []} for f, x in told]
        return {"frame": 0, "label": "car", "group": 0, "attributes": [], "shapes": shapes, "elements": []}

    task = {
        **TASK,
        "data": {"start_frame": 0, "stop_frame": 9},
        "jobs": [{"start_frame": 0, "stop_frame": 5}, {"start_frame": 4, "stop_frame": 9}],
    }
    manifest = '{"version":"1.1"}\n{"type":"video"}\n{"properties":{"name":"t.mp4","resolution":[640,480]}}\n'
    jobs = [
        {"tags": [], "shapes": [], "tracks": [rows((0, 0), (5, 10)), rows((1, 200))]},
        {"tags": [], "shapes": [], "tracks": [rows((4, 8.4), (9, 18))]},
    ]
    (item,), log = read(backup(tmp_path, jobs, task, manifest))
    ended, joined = (a for a in item.annotations if isinstance(a, Track))
    # The first lasts to the end of its job; of the second, the later job's word counts from frame 4 on.
    assert [k.frame for k in ended.segments[0]] == [1, 5]
    assert [(k.frame, k.geometry) for k in joined.segments[0]] == [
        (0, Box(0, 0, 10, 10)),
        (4, Box(8.4, 0, 10, 10)),
        (9, Box(18, 0, 10, 10)),
    ]
    assert log.ledger["car"].merged == 1


SKELETON = {"name": "man", "type": "skeleton", "sublabels": [{"name": "head"}, {"name": "hand"}]}


TWO_JOBS = {
    **TASK,
    "labels": [SKELETON],
    "data": {"start_frame": 0, "stop_frame": 9},
    "jobs": [{"start_frame": 0, "stop_frame": 5}, {"start_frame": 4, "stop_frame": 9}],
}


CLIP = '{"version":"1.1"}\n{"type":"video"}\n{"properties":{"name":"t.mp4","resolution":[640,480]}}\n'


def keyframes(track: Annotation) -> list[list[tuple[int, Geometry]]]:
    assert isinstance(track, Track)
    return [[(k.frame, k.geometry) for k in segment] for segment in track.segments]


def test_a_skeleton_over_two_jobs_is_one(tmp_path: Path) -> None:
    before = skeleton(head=[(0, 0.0), (5, 10.0)], hand=[(0, 50.0), (4, None)])
    after = skeleton(head=[(4, 8.4), (9, 18.0)])
    jobs = [{"tags": [], "shapes": [], "tracks": [t]} for t in (before, after)]
    (item,), log = read(backup(tmp_path, jobs, TWO_JOBS, CLIP))
    head, hand = item.annotations
    assert (head.source_count, hand.source_count) == (1, 0)
    assert keyframes(head) == [[(0, Point(0, 0)), (4, Point(8.4, 0)), (9, Point(18, 0))]]
    # It is hidden from frame 4 on, in the job that does not tell of it too; until then it goes on its way.
    assert [f for f, _ in keyframes(hand)[0]] == [0, 3]
    tally = log.ledger["man"]
    assert (tally.read, tally.merged, list(log.ledger)) == (2, 1, ["man"])


@pytest.mark.parametrize(
    "after",
    [
        skeleton(head=[(4, 12.0), (9, 18.0)]),
        skeleton(head=[(4, 8.0), (9, 18.0)], hand=[(4, 50.0), (9, 50.0)]),
        skeleton(hand=[(4, 8.0), (9, 18.0)]),
        {**skeleton(head=[(4, 8.0), (9, 18.0)]), "label": "dog"},
        skeleton(head=[(6, 10.0), (9, 18.0)]),
    ],
    ids=["elsewhere", "more elements", "another element", "another label", "after the overlap"],
)
def test_skeletons_that_are_not_the_same_stay_apart(tmp_path: Path, after: dict[str, Any]) -> None:
    before = skeleton(head=[(0, 0.0), (5, 10.0)])
    jobs = [{"tags": [], "shapes": [], "tracks": [t]} for t in (before, after)]
    (item,), log = read(backup(tmp_path, jobs, TWO_JOBS, CLIP))
    assert sum(a.source_count for a in item.annotations) == 2
    assert (log.ledger.total().read, log.ledger.total().merged) == (2, 0)


def test_tracks_over_pictures_become_a_shape_on_each(tmp_path: Path) -> None:
    rows = [
        {"type": "rectangle", "points": [0, 0, 10, 10], "frame": 0, "outside": False, "attributes": []},
        {"type": "rectangle", "points": [0, 0, 10, 10], "frame": 2, "outside": True, "attributes": []},
    ]
    track = {"frame": 0, "label": "car", "group": 0, "attributes": [], "shapes": rows}
    items, _ = read(backup(tmp_path, [{"tags": [], "shapes": [], "tracks": [track]}]))
    assert [geometries(i.annotations) for i in items] == [[Box(0, 0, 10, 10)], [Box(0, 0, 10, 10)]]


def test_a_project_backup_keeps_tasks_apart(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text(json.dumps({"name": "p", "labels": TASK["labels"]}))
    for n in range(2):
        task = {**TASK, "labels": [], "name": f"day {n}"}
        backup(tmp_path / f"task_{n}", [{"tags": [], "shapes": [], "tracks": []}], task)
    items, _ = read(tmp_path)
    assert [i.asset.path for i in items] == ["task_0/a.jpg", "task_0/b.jpg", "task_1/a.jpg", "task_1/b.jpg"]
    dataset, _ = open_path(tmp_path)
    assert [found.name for found in dataset.schema.labels] == ["car", "man/head"]


def test_server_json_with_label_ids(tmp_path: Path) -> None:
    labels = [{"id": 5, "name": "car", "type": "rectangle", "attributes": [{"id": 9, "name": "brand", "input_type": "select", "values": ["vw"]}]}]  # fmt: skip
    record = {"type": "rectangle", "points": [1, 2, 3, 5], "frame": 0, "label_id": 5, "attributes": [{"spec_id": 9, "value": "vw"}]}  # fmt: skip
    (tmp_path / "annotations.json").write_text(
        json.dumps({"version": 0, "tags": [], "shapes": [record, {**record, "label_id": None}], "tracks": []})
    )
    (tmp_path / "labels.json").write_text(json.dumps({"count": 1, "results": labels}))
    (tmp_path / "meta.json").write_text(
        json.dumps({"size": 1, "start_frame": 0, "frames": [{"name": "x/a.png", "width": 10, "height": 9}]})
    )
    (item,), log = read(tmp_path)
    assert (item.asset.path, item.asset.width) == ("x/a.png", 10)
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert (found.label, found.geometry, found.attributes) == (
        "car",
        Box(1, 2, 2, 3),
        (Attribute("brand", Choice("vw")),),
    )
    assert counts(log)["class-unnamed"] == 1
    (item,), _ = read(tmp_path, unlabelled="thing")
    assert [a.label for a in item.annotations if isinstance(a, Object)] == ["car", "thing"]


def test_one_id_of_two_names_says_none(tmp_path: Path) -> None:
    attributes: list[dict[str, Any]] = [
        {"id": 9, "name": name, "input_type": "text", "values": []} for name in ("brand", "make")
    ]
    labels = [{"id": 5, "name": name, "type": "rectangle", "attributes": attributes} for name in ("car", "bus")]
    told = {"type": "rectangle", "points": [1, 2, 3, 5], "frame": 0, "attributes": [{"spec_id": 9, "value": "vw"}]}
    records = [{**told, "label_id": 5}, {**told, "label": "bus"}]
    (tmp_path / "annotations.json").write_text(json.dumps({"version": 0, "tags": [], "shapes": records, "tracks": []}))
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    (item,), log = read(tmp_path)
    found = [a for a in item.annotations if isinstance(a, Object)]
    assert [a.label for a in found] == ["label_5", "bus"]
    assert {a.attributes for a in found} == {(Attribute("attribute_9", "vw"),)}
    messages = [e.message for e in log.diagnostics["class-unknown"].examples]
    assert any("'car', 'bus' have one id, 5" in message for message in messages)
    assert counts(log)["attribute-unknown"]


def test_datumaro(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/train.json").write_text(json.dumps(DATUMARO))
    assert isinstance(FORMAT.sniff(Source(tmp_path)), Match)
    items, log = read(tmp_path)
    assert [(i.asset.path, i.asset.width, i.split) for i in items] == [("a.jpg", 8, "train"), ("b", None, "train")]
    box, skeleton, mask, point = (a for a in items[0].annotations if isinstance(a, Object))
    assert box.geometry == Box(1, 2, 3, 3)
    assert box.attributes == (Attribute("tone", "red"), Attribute("occluded", "yes", flag=True))
    assert skeleton.geometry == Keypoints((Keypoint("head", 1, 2),))
    assert isinstance(mask.geometry, Mask)
    expected = np.zeros((6, 8), np.uint8)
    expected[0:3, 1] = 1  # columns of 6 pixels: the second column's first three
    assert (mask_array(mask.geometry) == expected).all()
    assert point.geometry == Point(1, 1)
    assert log.ledger.total().skipped == 1
    captions = [a for a in items[0].annotations if isinstance(a, Classification)]
    assert [(c.name, c.value, c.repeatable) for c in captions] == [
        ("tags", Choice("car"), False),
        ("caption", "a car", True),
    ]
    dataset, _ = open_path(tmp_path)
    assert [(found.name, found.kinds) for found in dataset.schema.labels] == [
        ("car", ()),
        ("man/head", (Kind.POINT,)),
        ("man/foot", (Kind.POINT,)),
    ]


def test_datumaro_points_by_their_visibility(tmp_path: Path) -> None:
    """Keypoints of COCO come as points with a visibility each: 0 absent, 1 hidden, 2 visible."""
    points = {"type": "points", "points": [1, 2, 0, 0, 5, 6], "visibility": [1, 0, 2], "attributes": {}}
    corners = [[1, 9], [3, 7], [9, 7], [7, 9], [1, 4], [3, 1], [9, 1], [7, 4]]
    given = [
        {**points, "label_id": 1},
        {**points, "label_id": 0},
        {"type": "cuboid_2d", "label_id": 0, "points": corners},
    ]
    labels = {"items": [{"label_id": 1, "labels": ["head", "hand", "foot"]}]}
    item = {"id": "a", "image": {"path": "a.jpg", "size": [20, 20]}, "annotations": given}
    (tmp_path / "annotations").mkdir()
    content = {**DATUMARO, "categories": {**DATUMARO["categories"], "points": labels}, "items": [item]}
    (tmp_path / "annotations/train.json").write_text(json.dumps(content))
    (found,), log = read(tmp_path)
    shapes = [(a.label, a.geometry) for a in found.annotations if isinstance(a, Object)]
    assert shapes[0] == ("man", Keypoints((Keypoint("head", 1, 2, occluded=True), Keypoint("foot", 5, 6))))
    assert shapes[1:3] == [("car", Point(1, 2)), ("car", Point(5, 6))]
    assert isinstance(shapes[3][1], Cuboid)
    assert {*shapes[3][1].front[::2], *shapes[3][1].back[::2]} == {1, 3, 7, 9}
    assert not log.ledger.total().skipped


@pytest.mark.parametrize(("dimension", "why"), [("1d", "audio"), ("3d", "3D")])
def test_tasks_that_are_of_no_pictures_are_refused(dimension: str, why: str, tmp_path: Path) -> None:
    sounds = [{"id": 1, "start": 0.5, "stop": 1.5, "label_id": 1}]
    record = {"version": 0, "tags": [], "shapes": [], "tracks": [], "intervals": sounds}
    task = {
        "name": "t",
        "version": "1.0",
        "labels": [{"name": "x", "id": 1}],
        "dimension": dimension,
        "data": {},
        "jobs": [],
    }
    (tmp_path / "task.json").write_text(json.dumps(task))
    for content in ([record], record):
        (tmp_path / "annotations.json").write_text(json.dumps(content))
        with pytest.raises(SourceError, match=f"{why} CVAT data is not supported"):
            open_path(tmp_path)
