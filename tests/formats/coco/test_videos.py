"""Videos whose records hold the shapes of all frames: each frame an image, each shape on it counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from harness import Convert, lines, ontology, pixels, questions
from to_labelbox import read
from to_labelbox.report.log import Log

SIZE = {"width": 20, "height": 10}


def video(id: Any = 1, frames: int = 3, **more: Any) -> dict[str, Any]:
    return {"id": id, **SIZE, "file_names": [f"v{id}/{n}.jpg" for n in range(frames)], **more}


def track(id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": id, "video_id": 1, "category_id": 1, "iscrowd": 0, **more}


def vis(*tracks: dict[str, Any], videos: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "videos": [video()] if videos is None else videos,
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": list(tracks),
        **more,
    }


def rle(left: int, top: int, right: int, bottom: int) -> dict[str, Any]:
    mask = np.zeros((SIZE["height"], SIZE["width"]), np.uint8, order="F")
    mask[top:bottom, left:right] = 1
    return {"size": [10, 20], "counts": coco_mask.encode(mask)["counts"].decode()}


def keys(run: Any) -> list[str]:
    return [row["global_key"] for row in lines(run.out, "data_rows.ndjson")]


def drawn(line: Any) -> Any:
    return pixels(line["mask"]["png"])


@pytest.mark.parametrize("order", [("videos", "categories", "annotations"), ("categories", "annotations", "videos")])
def test_each_frame_is_an_image_with_its_own_shapes(convert: Convert, order: tuple[str, ...]) -> None:
    given = vis(
        track(1, segmentations=[rle(2, 1, 6, 4), None, None], bboxes=[[2, 1, 4, 3], None, [5, 5, 2, 2]]),
        track(2, category_id=2, bboxes=[None, [1, 1, 3, 3], None], segmentations=[None, [[1, 1, 9, 1, 9, 6.5]], None]),
    )
    run = convert({key: given[key] for key in order})
    assert keys(run) == ["v1/0.jpg", "v1/1.jpg", "v1/2.jpg"]
    mask, polygon, box = run.lines
    assert drawn(mask).sum() == 12
    assert drawn(mask)[1:4, 2:6].all()
    assert [line["dataRow"]["globalKey"] for line in run.lines] == keys(run)
    assert [(p["x"], p["y"]) for p in polygon["polygon"]] == [(1, 1), (9, 1), (9, 6.5)]
    assert box["bbox"] == {"left": 5, "top": 5, "width": 2, "height": 2}
    assert run.report.annotations.read == run.report.annotations.converted == 3


def test_what_is_on_no_frame_is_skipped_and_counted(convert: Convert) -> None:
    run = convert(
        vis(
            track(1, bboxes=[None, None, None], segmentations=[None, [], [[]]]),
            track(2, bboxes=[[1, 1, 2, 2], None, None, [1, 1, 2, 2], [1, 1, 2, 2]]),
            track(3, video_id=9, bboxes=[[1, 1, 2, 2], [1, 1, 2, 2]]),
        )
    )
    assert len(run.lines) == 1
    assert (run.report.annotations.read, run.report.annotations.skipped) == (6, 5)
    assert run.codes["geometry-missing"] == 1
    assert run.codes["asset-unknown"] == 4


def test_the_track_is_named_as_unread_and_is_an_answer_where_asked_for(convert: Convert) -> None:
    given = vis(track(7, bboxes=[[1, 1, 2, 2], None, [2, 2, 2, 2]]))
    run = convert(given)
    assert [(u.name, u.count) for u in run.report.unread] == [("track_id", 1)]
    asked = convert(given, options={"fields": "track_id"})
    assert not asked.report.unread
    assert [line["classifications"] for line in asked.lines] == [[{"name": "track_id", "answer": "7"}]] * 2
    assert list(questions(ontology(asked.out)["tools"][0])) == ["track_id"]


def test_unknown_fields_of_videos_and_tracks_are_named(convert: Convert) -> None:
    run = convert(vis(track(1, bboxes=[[1, 1, 2, 2]], occlusion=["slight"]), videos=[video(weather="rain")]))
    assert {(u.name, u.where.rpartition(" ")[2]) for u in run.report.unread} >= {
        ("weather", "videos[]"),
        ("occlusion", "annotations[]"),
    }


def test_a_test_set_without_annotations_gives_its_frames(convert: Convert) -> None:
    given = vis()
    given["annotations"] = None
    run = convert(given)
    assert keys(run) == ["v1/0.jpg", "v1/1.jpg", "v1/2.jpg"]


def test_a_broken_video_costs_its_shapes_alone(convert: Convert) -> None:
    run = convert(
        vis(
            track(1, bboxes=[[1, 1, 2, 2]]),
            track(2, video_id=2, bboxes=[[1, 1, 2, 2]]),
            track(3, video_id=3, bboxes=[[1, 1, 2, 2]]),
            videos=[video(1, 1), {"id": 2, **SIZE}, video(3, 1, width=[1])],
        )
    )
    assert [line["dataRow"]["globalKey"] for line in run.lines] == ["v1/0.jpg"]
    assert (run.report.annotations.read, run.report.annotations.skipped) == (3, 2)


def test_corners_are_asked_about_here_too(convert: Convert) -> None:
    given = vis(*[track(n, bboxes=[[5, 4, 15, 9]], areas=[50]) for n in range(1, 6)])
    with pytest.raises(Exception, match="-O boxes=xyxy"):
        convert(given)


def burst(**more: Any) -> dict[str, Any]:
    masks = [
        {"1": {"rle": rle(2, 1, 6, 4)["counts"], "is_gt": True}, "2": {"rle": rle(8, 2, 12, 9)["counts"]}},
        {"1": {"rle": rle(3, 1, 7, 4)["counts"], "is_gt": False, "score": 0.9}},
    ]
    sequence = {
        "id": 0, **SIZE, "seq_name": "walk", "dataset": "made", "annotated_image_paths": ["1.jpg", "9.jpg"],
        "track_category_ids": {"1": 1, "2": 2, "3": 2}, "segmentations": masks, **more,
    }  # fmt: skip
    return {"sequences": [sequence], "categories": vis()["categories"], "split": "train"}


def test_sequences_of_burst_are_frames_with_masks(convert: Convert) -> None:
    run = convert(burst())
    assert keys(run) == ["made/walk/1.jpg", "made/walk/9.jpg"]
    assert [int(drawn(line).sum()) for line in run.lines] == [12, 28]
    assert [line["name"] for line in run.lines] == ["cat", "dog"]
    assert run.codes["prediction"] == 1
    assert (run.report.annotations.read, run.report.annotations.skipped) == (4, 2)
    assert len(convert(burst(), options={"predictions": True}).lines) == 3
    assert {(i["where"], i["id"]) for i in lines(run.out, "index.ndjson")} == {("sequences[0]", id) for id in "123"}


def test_a_record_that_ends_a_worker_leaves_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "vis.json"
    path.write_text(json.dumps(vis(track(1, bboxes=[[1, 1, 2, 2]]), track(2, video_id=5, bboxes=[[1, 1, 2, 2]]))))
    dataset = read(path)
    assert dataset.unit_items is not None
    assert dataset.unit_count == 2
    assert [i.asset.path for i in dataset.unit_items(0)] == [i.asset.path for i in dataset.items(Log(), 0, 1)]
    assert list(dataset.unit_items(1)) == []
