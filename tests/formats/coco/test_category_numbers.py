"""Ids of categories that annotations use otherwise than they are declared: told, or asked, never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco
from to_labelbox import UsageError


def document(declared: list[Any], used: list[Any]) -> Any:
    categories = [{"id": id, "name": f"c{n}"} for n, id in enumerate(declared)]
    return coco([annotation(n, category_id=id, bbox=[1, 1, 5, 5]) for n, id in enumerate(used)], categories=categories)


def names(run: Any) -> list[str]:
    return [line["name"] for line in run.lines]


@pytest.mark.parametrize(
    ("declared", "used", "other", "first", "as_declared"),
    [
        ([0, 1, 2], [1, 2, 3], "1", ["c0", "c1", "c2"], ["c1", "c2"]),
        ([0], [1, 1], "1", ["c0", "c0"], []),
        ([1], [0], "0", ["c0"], []),
        (["1", "2"], [0, 1], "0", ["c0", "c1"], ["c0"]),
        ([1, 2, 5], [0, 4], "0", ["c0", "c2"], []),
    ],
)
@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_ids_that_are_one_off_are_a_question(
    convert: Convert, declared: Any, used: Any, other: str, first: Any, as_declared: Any, geometry: str
) -> None:
    with pytest.raises(
        UsageError, match=rf"-O first_category={other} .*every annotation has a class\n.*as the file says"
    ):
        convert(document(declared, used), geometry=geometry)
    run = convert(document(declared, used), geometry=geometry, options={"first_category": other})
    assert names(run) == first
    run = convert(document(declared, used), geometry=geometry, options={"first_category": "01".replace(other, "")})
    assert names(run) == as_declared
    assert run.codes.get("class-unknown", 0) == len(used) - len(as_declared)


@pytest.mark.parametrize(
    ("declared", "used", "written"),
    [
        ([0, 1, 2], [1, 2], ["c1", "c2"]),  # as Roboflow has it: nothing uses 0
        ([0, 1, 2], [0, 3], ["c0"]),
        ([1, 2], [9], []),
        ([5, 6], [6, 7], ["c1"]),
        (["a", "b"], ["a", 1], ["c0"]),
        (["x", 0], [1], []),
    ],
)
def test_other_ids_are_told_with_those_that_are_declared(
    convert: Convert, declared: Any, used: Any, written: Any
) -> None:
    run = convert(document(declared, used))
    assert names(run) == written
    said = [e for e in run.examples if "is not among the ids of the categories: " in e]
    assert len(said) == len(used) - len(written)
    assert all(str(declared[0]) in e.rpartition(":")[2] for e in said)


def test_few_of_many_ids_are_listed(convert: Convert) -> None:
    run = convert(document([*range(1, 101)], [500]))
    (said,) = [e for e in run.examples if "is not among" in e]
    assert said.endswith(
        "category_id 500 is not among the ids of the categories: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more"
    )


def test_ids_that_are_no_numbers_cannot_be_counted_from_anywhere(convert: Convert) -> None:
    with pytest.raises(UsageError, match="not numbers"):
        convert(document(["a"], ["a"]), options={"first_category": "1"})


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_an_id_of_two_categories_is_of_none(convert: Convert, geometry: str) -> None:
    given = document([1, 1, 2], [1, 2])
    run = convert(given, geometry=geometry)
    assert names(run) == ["c2"]
    assert run.tally("c0") == (1, 0, 0, 0, 1)
    assert any(e.endswith("category_id 1 is both 'c0' and 'c1'") for e in run.examples)
    given["categories"][1]["name"] = "c0"
    given["categories"][0] |= {"other": "x", "": "y"}
    assert names(convert(given, geometry=geometry)) == ["c0", "c2"]
