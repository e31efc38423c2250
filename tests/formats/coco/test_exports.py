"""Exports of several tools, rebuilt small: what each says in its own way, with numbers computed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import Convert, annotation, coco, image, ontology, questions


def corners(x: float, y: float, w: float, h: float) -> list[list[float]]:
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


def points(line: Any) -> list[tuple[float, float]]:
    return [(p["x"], p["y"]) for p in line["polygon"]]


# ---------------------------------------------------------------------------------------------------------- Encord


def encord(id: int, **more: Any) -> dict[str, Any]:
    said = {"track_id": id, "encord_track_uuid": f"u{id}", "classifications": {}, **more.pop("attributes", {})}
    return annotation(id, iscrowd=0, keypoints=None, num_keypoints=None, attributes=said, **more)


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_a_box_with_its_corners_and_a_turn_is_turned(convert: Convert, geometry: str) -> None:
    """A box of 40 × 20 about (50, 40), a quarter turn: 20 × 40."""
    given = encord(0, bbox=[30, 30, 40, 20], segmentation=corners(30, 30, 40, 20), attributes={"rotation": 90.0})
    (line,) = convert(coco([given]), geometry=geometry).lines
    if geometry == "bbox":
        assert line["bbox"] == {"left": 40, "top": 20, "width": 20, "height": 40}
    else:
        assert sorted(points(line)) == [(40, 20), (40, 60), (60, 20), (60, 60)]
    assert "rotation" not in str(line["classifications"])


def test_corners_without_a_turn_are_an_outline(convert: Convert) -> None:
    given = encord(0, bbox=[30, 30, 40, 20], segmentation=corners(30, 30, 40, 20), attributes={"rotation": 0.0})
    assert points(convert(coco([given])).lines[0]) == [(30, 30), (70, 30), (70, 50), (30, 50)]


def test_an_empty_answer_is_none(convert: Convert) -> None:
    run = convert(coco([encord(0, bbox=[30, 30, 40, 20], segmentation=[])]))
    assert set(questions(ontology(run.out)["tools"][0])) == {"track_id", "encord_track_uuid"}


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_a_keypoint_that_is_its_own_outline_is_whole(convert: Convert, geometry: str) -> None:
    given = annotation(1, area=0.0, bbox=[27, 16, 0, 0], segmentation=[[27, 16]], keypoints=[27, 16, 2.0])
    run = convert(coco([given]), geometry=geometry)
    assert [line.get("point") for line in run.lines] == [{"x": 27, "y": 16}]
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert "polygon-too-short" not in run.codes


# -------------------------------------------------------------------------------------------------------- RectLabel


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("first", [True, False])
def test_an_outline_of_one_point_is_a_point(convert: Convert, geometry: str, first: bool) -> None:
    given = [annotation(1, area=0, bbox=[91, 68, 1, 1], segmentation=[[91, 68]]), annotation(2, bbox=[1, 1, 9, 9])]
    run = convert(coco(given if first else given[::-1]), geometry=geometry)
    assert [line["point"] for line in run.lines if "point" in line] == [{"x": 91, "y": 68}]
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_a_box_of_a_pixel_without_an_outline_is_a_box(convert: Convert) -> None:
    for geometry in ("auto", "bbox"):
        (line,) = convert(coco([annotation(1, bbox=[5, 6, 1, 1])]), geometry=geometry).lines
        assert line["bbox"] == {"left": 5, "top": 6, "width": 1, "height": 1}


# ------------------------------------------------------------------------------- tracking sets and other dialects


def unread(run: Any) -> set[tuple[str, str]]:
    return {(u.what, u.name) for u in run.report.unread}


def test_frames_of_a_tracking_set_are_images_and_tracks_are_named(convert: Convert) -> None:
    frames = [image(n, f"a/{n:06}.jpg", video_id=1, frame_id=n, prev_image_id=n - 1) for n in (1, 2)]
    shapes = [annotation(n, image_id=n, bbox=[n, 1, 5, 5], track_id=7, conf=1.0) for n in (1, 2)]
    run = convert({**coco(shapes, frames), "videos": [{"id": 1, "file_name": "a"}], "tracks": [{"id": 7}]})
    assert [line["bbox"]["left"] for line in run.lines] == [1, 2]
    assert unread(run) == {("field", "track_id"), ("field", "conf"), ("field", "prev_image_id"), ("list", "tracks")}


def test_objects_of_a_crowd_with_skeletons(convert: Convert) -> None:
    """CrowdPose: 14 points, visibility 0 to 2, an index of how crowded the image is."""
    names = [f"p{n}" for n in range(14)]
    values = [v for n in range(14) for v in ((n + 1, n + 2, 1 + n % 2) if n < 5 else (0, 0, 0))]
    given = coco(
        [annotation(1, bbox=[1, 1, 30, 30], keypoints=values, num_keypoints=5)],
        [image(1, crowdIndex=0.5)],
        [{"id": 1, "name": "person", "supercategory": "person", "keypoints": names, "skeleton": [[1, 2]]}],
    )
    run = convert(given)
    assert [line["name"] for line in run.lines] == ["person", *(f"person/p{n}" for n in range(5))]
    hidden = [line["classifications"][0]["answer"]["name"] for line in run.lines[1:]]
    assert hidden == ["occluded", "visible", "occluded", "visible", "occluded"]
    assert unread(run) == {("field", "crowdIndex")}


def test_names_of_keypoints_may_be_numbers(convert: Convert) -> None:
    category = {"id": 1, "name": "shirt", "keypoints": [1, 2, "collar"]}
    run = convert(coco([annotation(1, keypoints=[1, 1, 2, 2, 2, 2, 3, 3, 2])], categories=[category]))
    assert [line["name"] for line in run.lines] == ["shirt/1", "shirt/2", "shirt/collar"]


def test_turned_boxes_of_aerial_sets_go_by_their_corners(convert: Convert) -> None:
    """Five numbers in bbox and the corners beside: the corners are what is certain."""
    given = annotation(1, bbox=[50, 40, 20, 10, 0.5], segmentation=[[40, 40, 50, 30, 60, 40, 50, 50]])
    run = convert(coco([given]))
    assert points(run.lines[0]) == [(40, 40), (50, 30), (60, 40), (50, 50)]


def test_flat_outlines_with_ids_in_text(convert: Convert) -> None:
    """VIA writes the vertices of an outline in one list, and the image's id as a text."""
    given = annotation(0, image_id="1", segmentation=[10, 10, 30, 10, 30, 30], bbox=[10, 10, 20, 20], area=200)
    run = convert(coco([given]))
    assert points(run.lines[0]) == [(10, 10), (30, 10), (30, 30)]


def test_a_dense_pose_keeps_its_box_and_names_the_rest(convert: Convert) -> None:
    given = annotation(1, bbox=[1, 1, 30, 30], dp_x=[1.0], dp_y=[2.0], dp_I=[3.0], dp_masks=[[], []])
    assert unread(convert(coco([given]))) == {("field", f"dp_{c}") for c in ("x", "y", "I", "masks")}


def test_a_size_is_found_wherever_in_the_set_the_picture_is(convert: Convert, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "pictures/left/deep").mkdir(parents=True)
    Image.new("RGB", (100, 80)).save(folder / "pictures/left/deep/1.jpg")
    given = coco([annotation(1, bbox=[90, 10, 40, 20])], [{"id": 1, "file_name": "1.jpg"}])
    (folder / "a.json").write_text(json.dumps(given))
    assert convert(folder).lines[0]["bbox"]["width"] == 10
