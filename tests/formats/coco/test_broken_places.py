"""What is wrong with an annotation: one reason for one that is skipped, and what is said is true."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness import Convert, annotation, coco, image


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"bbox": [1, 2, 3]}, "bbox has 3 numbers"),
        ({"bbox": [1, 2, math.nan, 4]}, "bbox holds something that is not a finite number"),
        ({"bbox": [[1, 1], [5, 5]]}, "bbox is no list of four numbers"),
        ({"bbox": {"x": 1}}, "bbox is no list of four numbers"),
        ({"bbox": [1, 2, 3, 4, 5]}, "bbox has 5 numbers: the last is a turn, if -O rotation says which"),
        ({"segmentation": [[1, 1, math.nan, 5, 9, 9]]}, "a part holds something that is not a finite number"),
        ({"segmentation": [[1, 1, 5, 5], [2, 2]]}, "a part of 4 numbers is no polygon"),
        ({"keypoints": [1, 2]}, "keypoints have 2 numbers, not triples"),
        ({"keypoints": [1, math.inf, 2]}, "1 keypoint has no place or visibility"),
        ({"keypoints": {"nose": [1, 2, 2]}}, "keypoints hold something that is not a finite number"),
        ({"segmentation": {"foo": 1}}, "the segmentation holds no outline that can be read"),
        (
            {"bbox": [1, 2, 3], "segmentation": [[1, 1, 5, 5]]},
            "bbox has 3 numbers; a part of 4 numbers is no polygon",
        ),
    ],
)
def test_what_is_said_of_a_broken_place_is_true(convert: Convert, fields: dict[str, Any], said: str) -> None:
    run = convert(coco([annotation(2) | fields]))
    assert [e.partition("(id 2): ")[2] for e in run.examples if "annotations[0]" in e] == [said]


def test_keypoints_are_left_of_a_broken_outline(convert: Convert) -> None:
    run = convert(coco([annotation(1, segmentation=[[1, 1, 5, 5]], keypoints=[3, 4, 2])]))
    assert [line["point"] for line in run.lines] == [{"x": 3, "y": 4}]
    assert run.tally("car") == (1, 0, 1, 0, 0)
    assert run.codes["polygon-too-short"] == 1


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ({"width": -1, "height": -1}, "width -1 and height -1 are no size"),
        ({"width": None}, "width and height are missing"),
    ],
)
def test_a_size_that_is_none_is_called_what_it_is(convert: Convert, size: dict[str, Any], said: str) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1) | size]))
    assert any(said in e for e in run.examples)
