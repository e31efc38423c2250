"""Ids: compared as given, then a number with its text; an id of two pictures is of none."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness import Convert, annotation, coco, image, lines
from to_labelbox_formats.coco.index.ids import MISSING, Names, twin, twins


def keys(run: Any) -> list[str]:
    return [line["dataRow"]["globalKey"] for line in run.lines]


@pytest.mark.parametrize(
    ("ids", "wanted", "expected"),
    [
        ([7, "007"], 7, "0.jpg"),
        ([7, "007"], "7", "0.jpg"),
        ([7, "007"], "007", "1.jpg"),
        ([7, "7"], 7, "0.jpg"),
        ([7, "7"], "7", "1.jpg"),
        (["-1", "1"], -1, "0.jpg"),
        (["", "x"], "", "0.jpg"),
        ([2**61, 2**61 + 1], str(2**61 + 1), "1.jpg"),
        ([2**63 + 5, 1], str(2**63 + 5), "0.jpg"),
        ([9007199254740993, 9007199254740992], 9007199254740992, "1.jpg"),
    ],
)
@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_an_id_is_compared_as_given_then_as_its_text(
    convert: Convert, ids: list[Any], wanted: Any, expected: str, geometry: str
) -> None:
    images = [image(id, f"{n}.jpg") for n, id in enumerate(ids)]
    run = convert(coco([annotation(1, image_id=wanted, bbox=[1, 1, 5, 5])], images), geometry=geometry)
    assert keys(run) == [expected]


@pytest.mark.parametrize("wanted", ["07", "1.0", " 1", "+1", "x"])
def test_other_texts_are_no_numbers(convert: Convert, wanted: str) -> None:
    run = convert(coco([annotation(1, image_id=wanted, bbox=[1, 1, 5, 5]), annotation(2, bbox=[1, 1, 5, 5])]))
    assert run.tally("car") == (2, 1, 0, 0, 1)


def test_categories_are_compared_alike(convert: Convert) -> None:
    categories = [{"id": "01", "name": "bus"}, {"id": 1, "name": "car"}, {"id": "2", "name": "van"}]
    given = [annotation(n, category_id=id, bbox=[n, 1, 5, 5]) for n, id in enumerate(["01", "1", 1, 2])]
    assert [line["name"] for line in convert(coco(given, categories=categories)).lines] == ["bus", "car", "car", "van"]


@pytest.mark.parametrize("id", [0, 5, -5, "5", "-5", 2**61 - 1, str(2**61 - 1)])
def test_a_twin_has_the_id_as_its_twin(id: Any) -> None:
    key = Names.key(id)
    assert key is not None
    other = Names.key(int(id) if isinstance(id, str) else str(id))
    assert (twin(key), twin(twin(key))) == (other, key)
    assert twins(np.array([key])).tolist() == [other]


@pytest.mark.parametrize("id", ["007", "x", "1.5", 2**62])
def test_other_ids_have_no_twin(id: Any) -> None:
    key = Names.key(id)
    assert key is not None
    assert twins(np.array([key])).tolist() == [MISSING] == [twin(key)]


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_an_id_of_two_pictures_is_of_none(convert: Convert, geometry: str) -> None:
    images = [image(20250116, "front.png"), image(20250116, "rear.png"), image(2, "side.png")]
    given = [
        annotation(1, image_id="20250116", bbox=[1, 1, 5, 5]),
        annotation(2, image_id=20250116, bbox=[2, 1, 5, 5]),
        annotation(3, image_id=2, bbox=[3, 1, 5, 5]),
        annotation(4, image_id=99, bbox=[4, 1, 5, 5]),
    ]
    run = convert(coco(given, images), geometry=geometry)
    assert keys(run) == ["side.png"]
    assert run.tally("car") == (4, 1, 0, 0, 3)
    assert len(lines(run.out, "data_rows.ndjson")) == 3
    said = [example for example in run.examples if "asset-" in example]
    assert sum("could" in e or "cannot be known" in e for e in said) == 3
    assert any("front.png" in e and "rear.png" in e for e in said)


def test_one_file_listed_twice_under_an_id_is_one_picture(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "a.jpg"), image(1, "a.jpg")]))
    assert keys(run) == ["a.jpg"]


def test_a_file_without_images_goes_by_those_of_its_split(convert: Convert, tmp_path: Any) -> None:
    """The ids of both splits begin at 1; captions of neither split could be of both pictures."""
    folder = tmp_path / "set"
    folder.mkdir()
    for split in ("train", "val"):
        (folder / f"instances_{split}.json").write_text(json.dumps(coco([], [image(1, f"{split}.jpg")])))
    said = {"annotations": [{"id": 1, "image_id": 1, "caption": "a thing"}]}
    (folder / "captions_val.json").write_text(json.dumps(said))
    assert keys(convert(folder)) == ["val.jpg"]
    (folder / "captions_val.json").rename(folder / "captions.json")
    run = convert(folder)
    assert keys(run) == []
    assert run.tally("caption") == (1, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"image_id": 9}, "its image_id is not among the images"),
        ({"image_id": None}, "it has no image_id"),
        ({"imageId": 9}, "its image_id is not among the images"),
        ({"imgId": 1}, "it has no image_id but imgId"),
        ({"video_id": 1, "track": []}, "it has no image_id but video_id"),
    ],
)
def test_an_annotation_without_an_image_says_what_it_has(convert: Convert, said: dict[str, Any], message: str) -> None:
    given = {"id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], **said}
    run = convert(coco([given, annotation(2, bbox=[1, 1, 5, 5])]))
    told = [e.message for d in run.report.diagnostics if d.code == "asset-unknown" for e in d.examples]
    assert told == [message]
