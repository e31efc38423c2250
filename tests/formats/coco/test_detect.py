"""Files that begin with what is longer than their first part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, lines
from to_labelbox.source.files import HEAD


def long_categories(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"class {n}", "def": "what it is " * 20, "synonyms": ["a"]} for n in range(1, count + 1)]


@pytest.mark.parametrize("first", [["categories"], ["info", "categories"], ["attributes", "categories"]])
@pytest.mark.parametrize("count", [600, 5000])
def test_a_long_list_of_categories_first(tmp_path: Path, first: list[str], count: int) -> None:
    lists: dict[str, Any] = {"info": {}, "categories": long_categories(count), "attributes": long_categories(500)}
    document = coco([annotation(1, bbox=[1, 1, 5, 5])], categories=None)
    file = tmp_path / "lvis_v1_val.json"
    file.write_text(json.dumps({**{key: lists[key] for key in first}, **document}))
    assert file.read_bytes().find(b'"images"') > HEAD
    made = to_labelbox.convert(file, tmp_path / "out")
    assert made.source.format == "coco"
    assert [line["name"] for line in lines(tmp_path / "out")] == ["class 1"]


def test_a_long_list_of_names_that_no_images_follow_is_another_format(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps({"categories": long_categories(600), "prices": [1]}))
    with pytest.raises(to_labelbox.SourceError, match="no known format"):
        to_labelbox.convert(file, tmp_path / "out")
