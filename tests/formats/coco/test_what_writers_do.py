"""Things that scripts write their own way: told where they are taken as COCO has them, never dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco, ontology

NAMES = ["l", "r", "m"]


def pointed(*sets: Any, points: Any = NAMES, **more: Any) -> Any:
    """Annotations at 40, 20, of 30 × 40, each with these keypoints."""
    told = [annotation(n, bbox=[40, 20, 30, 40], keypoints=[v for p in one for v in p]) for n, one in enumerate(sets)]
    return coco(told, categories=[{"id": 1, "name": "car", "keypoints": points, **more}])


def told(run: Any, what: str) -> list[tuple[int, int]]:
    return [(one.for_, one.against) for one in run.report.assumptions if one.what.startswith(what)]


# ------------------------------------------------------------------------------------------------- where keypoints are

HERE = ((50, 30, 2), (60, 55, 2), (0, 0, 0))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (((4, 5, 2), (8, 3, 2), (9, 9, 1)), "counted from the corner"),
        (((22, 65, 2), (24, 41, 2), (0, 0, 0)), "y, x"),
        (((95, 70, 2),), ""),
    ],
)
def test_keypoints_that_lie_elsewhere_than_their_boxes_are_told(convert: Convert, there: Any, said: str) -> None:
    run = convert(pointed(*[there] * 5, *[HERE] * 7))
    assert told(run, "where keypoints are") == [(7, 5)]
    (why,) = [one.why for one in run.report.assumptions if one.what.startswith("where keypoints are")]
    assert (f"were they {said}" in why) if said else ("were they" not in why)


def test_keypoints_beside_their_boxes_are_not(convert: Convert) -> None:
    run = convert(pointed(*[((35, 15, 2), (71, 61, 2), (99, 79, 1))] * 5))
    assert not told(run, "where keypoints are")


def test_keypoints_in_the_corner_that_are_said_to_be_there_are_told(convert: Convert) -> None:
    run = convert(pointed(*[((0, 0, 2), (50, 30, 2), (60, 55, 2))] * 4))
    assert told(run, "keypoints at 0, 0") == [(0, 4)]
    assert len(run.lines) == 4 * 4
    placed = convert(pointed(*[((0, 0, 2), (50, 30, 2), (60, 55, 2))] * 4), options={"visibility": "placed"})
    assert len(placed.lines) == 4 * 3


# ----------------------------------------------------------------------------------------------------------- categories


@pytest.mark.parametrize(
    "points", [{"0": "l", "1": "r", "2": "m"}, {"l": 0, "m": 2, "r": 1}, {"1": "l", "3": "m", "2": "r"}]
)
def test_keypoints_of_a_category_may_be_an_object(convert: Convert, points: Any) -> None:
    run = convert(pointed(HERE, points=points))
    assert [line["name"] for line in run.lines] == ["car", "car/l", "car/r"]


def test_keypoints_of_a_category_that_are_no_names_are_told(convert: Convert) -> None:
    run = convert(pointed(HERE, points="l,r,m"))
    assert [line["name"] for line in run.lines] == ["car", "car/kp_1", "car/kp_2"]
    assert run.codes["class-unnamed"] == 1


def test_an_odd_field_of_a_category_costs_no_other(convert: Convert) -> None:
    run = convert(pointed(HERE, isthing=True, color=[255, 0, 16]))
    assert ontology(run.out)["tools"][0]["color"] == "#ff0010"
