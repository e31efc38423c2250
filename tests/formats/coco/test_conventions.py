"""Conventions that a file does not state: taken on evidence, told, asked about where all speaks against COCO's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Convert, annotation, coco, image, save
from to_labelbox import UsageError


def box(line: Any) -> tuple[float, float, float, float]:
    b = line["bbox"]
    return b["left"], b["top"], b["width"], b["height"]


def assumed(run: Any) -> dict[str, tuple[str, int, int]]:
    return {a.what.partition(" (")[0]: (a.taken, a.for_, a.against) for a in run.report.assumptions}


# ------------------------------------------------------------------------------------------------------- bbox_mode


@pytest.mark.parametrize(
    ("mode", "bbox", "expected"),
    [
        (0, [10, 20, 40, 60], (10, 20, 30, 40)),
        (1, [10, 20, 30, 40], (10, 20, 30, 40)),
        (2, [0.1, 0.25, 0.4, 0.75], (10, 20, 30, 40)),
        (3, [0.1, 0.25, 0.3, 0.5], (10, 20, 30, 40)),
        (4, [25, 40, 30, 40, 0], (10, 20, 30, 40)),
        ("XYXY_ABS", [10, 20, 40, 60], (10, 20, 30, 40)),
        ("BoxMode.XYXY_ABS", [10, 20, 40, 60], (10, 20, 30, 40)),
    ],
)
@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("first", [True, False])
def test_a_box_is_read_by_its_own_mode(
    convert: Convert, mode: Any, bbox: Any, expected: Any, geometry: str, first: bool
) -> None:
    given = [annotation(1, bbox=bbox, bbox_mode=mode), annotation(2, bbox=[1, 1, 5, 5])]
    run = convert(coco(given if first else given[::-1]), geometry=geometry)
    assert box(run.lines[0 if first else 1]) == pytest.approx(expected)
    assert run.tally("car") == (2, 2, 0, 0, 0)


def test_a_turned_box_is_turned_counter_clockwise(convert: Convert) -> None:
    (line,) = convert(coco([annotation(1, bbox=[50, 40, 40, 20, 90], bbox_mode=4)])).lines
    assert [(p["x"], p["y"]) for p in line["polygon"]] == [(40, 60), (40, 20), (60, 20), (60, 60)]


def test_a_mode_that_nobody_knows_costs_the_box(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5], bbox_mode=9), annotation(2, bbox=[1, 1, 5, 5])]))
    assert run.tally("car") == (2, 1, 0, 0, 1)
    assert any("bbox_mode 9" in e for e in run.examples)


def test_the_option_beats_the_mode(convert: Convert) -> None:
    given = coco([annotation(1, bbox=[10, 20, 40, 60], bbox_mode=0)])
    assert box(convert(given, options={"boxes": "xywh"}).lines[0]) == (10, 20, 40, 60)


# ------------------------------------------------------------------------------------------------ corners or sizes


def test_boxes_that_only_fit_as_corners_are_a_question(convert: Convert) -> None:
    given = coco([annotation(n, bbox=[50, 40, 70 + n, 60]) for n in range(4)])
    with pytest.raises(UsageError, match=r"(?s)4 of 4 leave the picture.*-O boxes=xyxy .*\n.*-O boxes=xywh"):
        convert(given)
    assert box(convert(given, options={"boxes": "xyxy"}).lines[0]) == (50, 40, 20, 20)


def test_outlines_say_what_boxes_are(convert: Convert) -> None:
    square = [10, 10, 30, 10, 30, 30, 10, 30]
    given = coco([annotation(n, bbox=[10, 10, 30, 30], segmentation=[square]) for n in range(3)])
    with pytest.raises(UsageError, match="-O boxes=xyxy"):
        convert(given)
    right = coco([annotation(n, bbox=[10, 10, 20, 20], segmentation=[square]) for n in range(3)])
    assert assumed(convert(right)) == {}


def test_mixed_evidence_is_told_and_its_option_flips_it(convert: Convert) -> None:
    given = [annotation(n, bbox=[10, 20, 40, 50], area=30 * 30 if n < 2 else 40 * 50) for n in range(6)]
    run = convert(coco(given))
    assert assumed(run) == {"what bbox holds": ("x, y, width, height", 4, 2)}
    (told,) = run.report.assumptions
    name, _, value = told.option.removeprefix("-O ").partition("=")
    assert box(convert(coco(given), options={name: value}).lines[0]) == (10, 20, 30, 30)


def test_boxes_as_they_should_be_are_no_assumption(convert: Convert) -> None:
    assert assumed(convert(coco([annotation(n, bbox=[n, n, 20, 20], area=400) for n in range(9)]))) == {}


# --------------------------------------------------------------------------------------------------------- per cent


def test_per_cent_is_a_question(convert: Convert) -> None:
    boxes = [[n, n, 96 - n, 97 - n] for n in range(60)]
    given = coco([annotation(n, bbox=b) for n, b in enumerate(boxes)], [image(1, width=2000, height=1000)])
    with pytest.raises(UsageError, match="-O units=percent"):
        convert(given)
    assert box(convert(given, options={"units": "percent"}).lines[1]) == (20, 10, 1900, 960)
    assert box(convert(given, options={"units": "pixels"}).lines[1]) == (1, 1, 95, 96)


def test_per_cent_of_outlines_and_keypoints(convert: Convert) -> None:
    given = annotation(1, segmentation=[[10, 10, 20, 10, 20, 50]], keypoints=[50, 50, 2])
    polygon, point = convert(coco([given]), options={"units": "percent"}).lines
    assert polygon["polygon"][2] == {"x": 20, "y": 40}
    assert point["point"] == {"x": 50, "y": 40}


# ------------------------------------------------------------------------------------- pictures of one name


def test_one_name_in_two_folders_is_told_and_its_option_flips_it(convert: Convert, tmp_path: Path) -> None:
    for task in ("one", "two"):
        given = coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "frame_0.jpg")])
        save(tmp_path / "set" / task / "annotations/instances_default.json", given)
    run = convert(tmp_path / "set")
    assert {line["dataRow"]["globalKey"] for line in run.lines} == {"one/frame_0.jpg", "two/frame_0.jpg"}
    assert assumed(run) == {"one file_name in several folders": ("a picture in each of them", 1, 0)}
    other = convert(tmp_path / "set", options={"same_names": "one"})
    assert {line["dataRow"]["globalKey"] for line in other.lines} == {"frame_0.jpg"}
    assert assumed(other) == {}
    apart = convert(tmp_path / "set", options={"same_names": "apart"})
    assert {line["dataRow"]["globalKey"] for line in apart.lines} == {"one/frame_0.jpg", "two/frame_0.jpg"}


# ------------------------------------------------------------------------------------------ one set, or several


def two_homes(folder: Path, second: str, where: tuple[str, str] = ("cats", "dogs"), id: int = 1) -> Path:
    for place, name, number in ((where[0], "cat", 1), (where[1], second, id)):
        given = coco([annotation(1, category_id=number, bbox=[1, 1, 5, 5])], [image(1, f"{place}.jpg")])
        given["categories"] = [{"id": number, "name": name}]
        save(folder / place / "annotations.json", given)
    return folder


def test_one_category_id_for_two_classes_in_two_folders_is_a_question(convert: Convert, tmp_path: Path) -> None:
    folder = two_homes(tmp_path / "set", "dog")
    with pytest.raises(
        UsageError, match=r"category 1 is 'cat' in cats/.*'dog' in dogs/(?s:.*)batch(?s:.*)same_names=apart"
    ):
        convert(folder)
    for said in ("apart", "one"):
        run = convert(folder, options={"same_names": said})
        assert sorted(line["name"] for line in run.lines) == ["cat", "dog"]
    listed = to_labelbox.convert(
        [folder / "cats/annotations.json", folder / "dogs/annotations.json"], tmp_path / "listed"
    )
    assert listed.annotations.converted == 2


@pytest.mark.parametrize(
    ("second", "where", "id"),
    [
        ("cat", ("one", "two"), 1),
        ("dog", ("one", "two"), 2),
        ("dog", ("train", "valid"), 1),
        ("dog", ("train/annotations", "val2017/annotations"), 1),
    ],
    ids=["the same class", "ids of their own", "splits", "splits with folders of annotations"],
)
def test_parts_of_one_set_are_merged_without_a_question(
    convert: Convert, tmp_path: Path, second: str, where: tuple[str, str], id: int
) -> None:
    run = convert(two_homes(tmp_path / "set", second, where, id))
    assert run.report.annotations.converted == 2


# ------------------------------------------------------------------------------------------- outlines that are boxes


def test_outlines_that_are_all_boxes_are_told(convert: Convert) -> None:
    given = [
        annotation(n, bbox=[n, n, 20, 10], segmentation=[[n, n, n + 20, n, n + 20, n + 10, n, n + 10]])
        for n in range(25)
    ]
    run = convert(coco(given))
    assert assumed(run) == {"outlines that are just the corners of their boxes": ("polygons", 0, 25)}
    (told,) = run.report.assumptions
    assert told.option == "--geometry bbox"
    given[3]["segmentation"] = [[3, 3, 23, 3, 23, 13]]
    assert assumed(convert(coco(given))) == {}


# ------------------------------------------------------------------------------------------------------- visibility


PERSON = {"id": 1, "name": "person", "keypoints": ["nose"]}


def test_a_set_without_a_visible_point_is_told_and_its_option_flips_it(convert: Convert) -> None:
    given = coco([annotation(n, keypoints=[n, 4, 1]) for n in range(25)], categories=[PERSON])
    run = convert(given)
    assert assumed(run) == {"visibility 1 of keypoints": ("labelled but hidden", 0, 25)}
    assert {"name": "visibility", "answer": {"name": "occluded"}} in run.lines[0]["classifications"]
    other = convert(given, options={"visibility": "present"})
    assert "occluded" not in str(other.lines)
    assert assumed(other) == {}


def test_both_visibilities_are_no_assumption(convert: Convert) -> None:
    given = [annotation(n, keypoints=[n, 4, 1 + (n == 3)]) for n in range(25)]
    assert assumed(convert(coco(given, categories=[PERSON]))) == {}


# --------------------------------------------------------------------------------------------------- sides of an RLE


def test_an_rle_with_swapped_sides_goes_by_its_box(convert: Convert) -> None:
    """A block of 20 × 30 at (10, 5) on 100 × 80, in columns of 80."""
    runs = [10 * 80 + 5]
    for n in range(20):
        runs += (30, 50 if n < 19 else 80 * 100 - runs[0] - 19 * 80 - 30)
    rle = {"size": [100, 80], "counts": runs}
    run = convert(coco([annotation(1, segmentation=rle, bbox=[10, 5, 21, 31])]))
    assert "mask" in run.lines[0]
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert assumed(run) == {"sides of RLEs": ("width, height", 1, 0)}
    other = convert(coco([annotation(1, segmentation=rle, bbox=[50, 50, 5, 5])]))
    assert box(other.lines[0]) == (50, 50, 5, 5)
    assert other.codes["mask-invalid"] == 1
