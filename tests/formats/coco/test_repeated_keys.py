"""A key that stands twice in one object: JSON leaves open which holds, so none is taken without a word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Convert, annotation, coco, image
from to_labelbox_formats.coco.index.census import Census

GIVEN = coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg")])


@pytest.mark.parametrize("key", ["images", "annotations", "categories", "videos_of_mine"])
def test_a_list_of_the_file_is_refused(convert: Convert, key: str) -> None:
    whole = json.dumps(GIVEN | {"videos_of_mine": []})
    run = convert(f'{whole[:-1]}, "{key}": []}}'.encode())
    assert run.report.exit_code() == 3
    assert any(f"JSON, but not COCO, at line 1, column {len(whole) + len(key) + 5}" in e for e in run.examples), (
        run.examples
    )
    assert any(f"'{key}' stands in it twice" in e for e in run.examples)


def test_what_says_nothing_of_pictures_may_be_there_twice(convert: Convert) -> None:
    whole = json.dumps(GIVEN)
    assert convert(f'{whole[:-1]}, "info": {{}}, "info": {{}}}}'.encode()).lines


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"bbox": ', '"bbox": [0, 0, 9, 9], "bbox": ', "'bbox' stands more than once in 1 object of annotations"),
        (
            '"file_name": ',
            '"file_name" : "b.jpg", "file_name": ',
            "'file_name' stands more than once in 1 object of images",
        ),
        ('"name": ', '"name": "x", "name": ', "'name' stands more than once in 1 object of categories"),
    ],
)
def test_a_field_of_a_record_is_told(convert: Convert, old: str, new: str, message: str) -> None:
    text = json.dumps(GIVEN)
    assert old in text
    run = convert(text.replace(old, new, 1).encode())
    assert any(message in e for e in run.examples)
    (line,) = run.lines
    assert line["bbox"] == {"left": 1, "top": 1, "width": 5, "height": 5}
    assert line["dataRow"]["globalKey"] == "a.jpg"


def test_a_name_of_a_field_elsewhere_is_none(convert: Convert) -> None:
    given = coco([annotation(1, bbox=[1, 1, 5, 5], attributes={"bbox": "bbox", "id": 3})])
    assert not any("more than once" in e for e in convert(given).examples)


def test_an_id_of_a_mapping_of_categories_is_told(convert: Convert) -> None:
    text = json.dumps(GIVEN | {"categories": "HERE"}).replace('"HERE"', '{"1": "car", "1": "bus"}')
    run = convert(text.encode())
    assert [line["name"] for line in run.lines] == ["bus"]
    assert any("'1' stands more than once" in e for e in run.examples)


class Searched(bytes):
    """A text that counts how often it is gone through."""

    searches = 0

    def count(self, *given: Any) -> int:
        Searched.searches += 1
        return super().count(*given)


def test_a_record_of_very_many_fields_is_not_gone_through_for_each() -> None:
    fields = ",".join(f'"f{n}":1' for n in range(20_000))
    census = Census(())
    Searched.searches = 0
    census.look(Searched(b'{%b,"f19999":2}' % fields.encode()), 1)
    assert census.repeated == {"f19999": 1}
    assert len(census.fields) == 20_000
    assert Searched.searches < 1_000


def test_half_a_character_in_the_name_of_a_field(convert: Convert) -> None:
    half = json.dumps(GIVEN).replace('"bbox": ', '"\\ud800": 1, "bbox": ')
    assert convert(half.encode()).lines
    twice = half.replace('"\\ud800": 1', '"\\ud800": 1, "\\ud800": 2')
    told = convert(twice.encode())
    assert told.lines
    assert any("stands more than once in 1 object of annotations" in e for e in told.examples), told.examples
