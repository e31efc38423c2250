"""Keypoints that are no triples of x, y and visibility: read where the numbers say what they are, and told."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco

PLACES = [(20, 30), (10, 25), (40, 50)]


def convert_points(convert: Convert, values: list[float], names: int) -> Any:
    category = {"id": 1, "name": "p", "keypoints": [f"k{n}" for n in range(names)]}
    return convert(coco([annotation(1, bbox=[1, 1, 60, 60], keypoints=values)], categories=[category]))


def points(run: Any) -> dict[str, tuple[float, float]]:
    return {line["name"]: (line["point"]["x"], line["point"]["y"]) for line in run.lines if "point" in line}


EXPECTED = {f"p/k{n}": place for n, place in enumerate(PLACES)}


@pytest.mark.parametrize("depth", [0, 3.5])
@pytest.mark.parametrize("names", [2, 3])
def test_a_depth_is_left_out(convert: Convert, names: int, depth: float) -> None:
    run = convert_points(convert, [v for x, y in PLACES[:names] for v in (x, y, depth, 2)], names)
    assert points(run) == dict(list(EXPECTED.items())[:names])
    assert any("z is not carried over" in e for e in run.examples)


def test_columns_are_read_as_such(convert: Convert) -> None:
    run = convert_points(convert, [*(x for x, _ in PLACES), *(y for _, y in PLACES), 2, 2, 2], 3)
    assert points(run) == EXPECTED
    assert any("all x, then all y" in e for e in run.examples)


def test_triples_that_could_be_pairs_are_triples(convert: Convert) -> None:
    run = convert_points(convert, [20, 30, 2, 10, 25, 1], 3)
    assert points(run) == {"p/k0": (20, 30), "p/k1": (10, 25)}
    assert any("2 keypoints, but the category names 3" in e for e in run.examples)


def test_pairs_that_could_be_triples_are_pairs(convert: Convert) -> None:
    assert points(convert_points(convert, [v for place in PLACES for v in place], 3)) == EXPECTED
    assert points(convert_points(convert, [20, 30, 0, 0, 0, 0], 3)) == {"p/k0": (20, 30)}


def test_scores_are_no_columns(convert: Convert) -> None:
    run = convert_points(convert, [v for x, y in PLACES for v in (x, y, 0.9)], 3)
    assert points(run) == EXPECTED
