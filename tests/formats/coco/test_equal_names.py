"""Categories of one file that have one name: told apart by their supercategories, else one class, and never in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from harness import annotation, coco, save


def converted(folder: Path, *categories: tuple[int, str, str | None]) -> tuple[list[str], list[str]]:
    """The classes of a set with an object of each category, and what is said of equal ones."""
    declared = [
        {"id": id, "name": name, **({} if above is None else {"supercategory": above})}
        for id, name, above in categories
    ]
    objects = [annotation(n, bbox=[1, 1, n, 5], category_id=id) for n, (id, *_) in enumerate(categories, 3)]
    report = to_labelbox.convert(save(folder / "a.json", {**coco(objects), "categories": declared}), folder / "out")
    assert report.annotations.converted == len(objects)
    told = [e.message for d in report.diagnostics if d.code == "class-duplicate" for e in d.examples]
    return list(report.classes), told


def test_supercategories_tell_them_apart(tmp_path: Path) -> None:
    classes, told = converted(tmp_path, (1, "head", "person"), (2, "head", "horse"), (3, "tail", "horse"))
    assert classes == ["person/head", "horse/head", "tail"]
    assert len(told) == 1
    assert "'person/head' and 'horse/head'" in told[0]


@pytest.mark.parametrize(
    ("first", "second"), [("person", "person"), (None, None), ("person", None), ("none", "person"), ("", "person")]
)
def test_else_they_are_one_and_that_is_told(first: str | None, second: str | None, tmp_path: Path) -> None:
    classes, told = converted(tmp_path, (1, "head", first), (2, "head", second))
    assert classes == ["head"]
    assert told == ["categories 1 and 2 are all called 'head' and become one"]


def test_the_category_that_names_the_set_is_none_of_them(tmp_path: Path) -> None:
    assert converted(tmp_path, (0, "head", "none"), (1, "head", "head")) == (["head"], [])


def test_a_name_that_is_taken_is_not_given_again(tmp_path: Path) -> None:
    classes, told = converted(tmp_path, (1, "head", "a"), (2, "head", "b"), (3, "a/head", None))
    assert classes == ["head", "a/head"]
    assert told == ["categories 1 and 2 are all called 'head' and become one"]


def test_what_one_file_tells_apart_is_so_in_all(tmp_path: Path) -> None:
    for n, split in enumerate(("train", "val"), 1):
        categories = [{"id": 1, "name": "head", "supercategory": "a"}, {"id": 2, "name": "head", "supercategory": "b"}]
        images = [{"id": n, "file_name": f"{split}.jpg", "width": 100, "height": 80}]
        objects = [annotation(n, bbox=[1, 1, 5, 5], category_id=2, image_id=n)]
        file = {**coco(objects), "images": images, "categories": categories[n - 1 :]}
        save(tmp_path / "in" / f"instances_{split}.json", file)
    report = to_labelbox.convert(tmp_path / "in", tmp_path / "out")
    assert {name: tally.converted for name, tally in report.classes.items()} == {"b/head": 2}
