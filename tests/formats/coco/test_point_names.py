"""Names of keypoints: made unique against those that exist, in time that grows with their number."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from harness import Convert, annotation, coco
from to_labelbox_formats.coco.index.categories import unique_names


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["eye", "eye", "nose", "", ""], ["eye", "eye 2", "nose", "kp_4", "kp_5"]),
        (["a 3", "a", "a"], ["a 3", "a", "a 4"]),
        (["kp_2", ""], ["kp_2", "kp_2 2"]),
        (["", "kp_1"], ["kp_1 1", "kp_1"]),
        (["a", "a", "a 2", "a"], ["a", "a 3", "a 2", "a 4"]),
        ([" ", "b"], ["kp_1", "b"]),
    ],
)
def test_names_are_made_unique(given: list[str], expected: list[str]) -> None:
    assert unique_names(given) == expected
    assert len(set(expected)) == len(expected)


def named(names: Any, points: int | None = None) -> dict[str, Any]:
    count = len(names) if points is None else points
    values = [v for n in range(count) for v in (n % 90 + 1, n % 70 + 1, 2)]
    category = {"id": 1, "name": "p", "keypoints": names, "skeleton": []}
    return coco([annotation(1, keypoints=values, num_keypoints=count)], categories=[category])


def test_one_bad_name_spoils_none_of_the_others(convert: Convert) -> None:
    run = convert(named(["eye", "eye", "nose", "", None]))
    assert [line["name"] for line in run.lines] == ["p/eye", "p/eye 2", "p/nose", "p/kp_4", "p/kp_5"]
    assert run.codes["class-duplicate"] == 1


def test_no_two_tools_have_one_name(convert: Convert) -> None:
    run = convert(named(["a 3", "a", "a"]))
    assert [line["name"] for line in run.lines] == ["p/a 3", "p/a", "p/a 4"]
    assert list(run.tools) == ["p", "p/a 3", "p/a", "p/a 4"]


def test_points_beyond_the_names_take_none_that_is_there(convert: Convert) -> None:
    run = convert(named(["kp_2"], points=2))
    assert [line["name"] for line in run.lines] == ["p/kp_2", "p/kp_2 2"]


def steps(names: list[str]) -> int:
    """Calls of functions, Python's own among them."""
    count = 0

    def called(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        made = unique_names(names)
    finally:
        sys.setprofile(before)
    assert len(set(made)) == len(made)
    return count


@pytest.mark.parametrize("kind", ["all alike", "all taken"])
def test_a_long_table_takes_no_square_of_its_length(kind: str) -> None:
    def names(count: int) -> list[str]:
        return ["x"] * count if kind == "all alike" else [f"x {n}" for n in range(count)] + ["x"] * count

    assert steps(names(4000)) < 5 * steps(names(1000))


def test_a_message_lists_a_few_names(convert: Convert) -> None:
    run = convert(named(["x"] * 50))
    (message,) = [e for e in run.examples if "class-duplicate" in e]
    assert message.endswith("x 2, x 3, x 4, x 5, x 6 and 44 more")


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_an_ontology_of_names_that_had_to_be_cleaned_fits_their_set(convert: Convert, geometry: str) -> None:
    document = named(["left\teye", "nose\n", "\x07ear", "tail"])
    document["categories"][0]["name"] = "a\tdog"
    first = convert(document, geometry=geometry)
    again = convert(document, geometry=geometry, ontology=first.out / "ontology.json")
    assert again.lines == first.lines
    assert [line["name"] for line in again.lines] == ["a dog/left eye", "a dog/nose", "a dog/\ufffdear", "a dog/tail"]
    assert "not-in-ontology" not in again.codes
    assert again.tally("a\tdog") == (1, 1, 0, 0, 0)


def test_two_names_that_are_cleaned_to_one_fit_neither(convert: Convert) -> None:
    document = named(["left\teye", "left eye"])
    first = convert(document)
    assert [line["name"] for line in first.lines] == ["p/left eye", "p/left eye 2"]
    again = convert(document, ontology=first.out / "ontology.json")
    assert "not-in-ontology" in again.codes
