"""Ids of images that annotations have one off: asked, and counted on as the answer says, never boxes on the next picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import Convert, annotation, coco, image, save
from to_labelbox import UsageError


def document(declared: list[Any], named: list[Any]) -> Any:
    images = [image(id, f"{n}.jpg") for n, id in enumerate(declared)]
    return coco([annotation(n, image_id=id, bbox=[1, 1, 5, 5]) for n, id in enumerate(named)], images)


def pictures(run: Any) -> list[str]:
    return [line["dataRow"]["globalKey"] for line in run.lines]


@pytest.mark.parametrize(
    ("declared", "named", "way", "right", "as_is"),
    [
        ([1, 2, 3], [0, 1, 2], "one_more", ["0.jpg", "1.jpg", "2.jpg"], ["0.jpg", "1.jpg"]),
        ([0, 1, 2], [1, 3], "one_less", ["0.jpg", "2.jpg"], ["1.jpg"]),
        (["1", "2"], [0, 1], "one_more", ["0.jpg", "1.jpg"], ["0.jpg"]),
        ([10, 20, 30], [19], "one_more", ["1.jpg"], []),
    ],
)
@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_ids_that_are_one_off_are_a_question(
    convert: Convert, declared: Any, named: Any, way: str, right: Any, as_is: Any, geometry: str
) -> None:
    given = document(declared, named)
    with pytest.raises(UsageError, match=rf"-O image_ids={way} .*\n *-O image_ids=as_is "):
        convert(given, geometry=geometry)
    assert pictures(convert(given, geometry=geometry, options={"image_ids": way})) == right
    assert pictures(convert(given, geometry=geometry, options={"image_ids": "as_is"})) == as_is


@pytest.mark.parametrize(
    ("declared", "named", "written"),
    [
        ([1, 2, 3], [1, 2], ["0.jpg", "1.jpg"]),  # the last image has none
        ([1, 2, 3], [0, 1, 2, 3], ["0.jpg", "1.jpg", "2.jpg"]),
        ([1, 2], [9], []),
        ([1, 2], ["a", 0], []),
    ],
)
def test_other_unknown_ids_are_skipped(convert: Convert, declared: Any, named: Any, written: Any) -> None:
    assert pictures(convert(document(declared, named))) == written


def test_what_would_lose_annotations_is_refused_by_file(convert: Convert, tmp_path: Path) -> None:
    for name, named in (("train", [0, 1, 2]), ("val", [1, 3])):
        save(tmp_path / "set" / f"{name}.json", document([1, 2, 3], named))
    with pytest.raises(UsageError, match=r"train\.json: its images"):
        convert(tmp_path / "set")
    with pytest.raises(UsageError, match=r"1 annotation of val\.json would name no image"):
        convert(tmp_path / "set", options={"image_ids": "one_more"})
