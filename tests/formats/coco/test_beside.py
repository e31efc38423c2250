"""Answers about whole images beside the annotations: tags of V7 Darwin, scenes of TACO."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco, image, ontology, questions

TAGS = [{"id": 0, "name": "night"}, {"id": 1, "name": "rain"}]


def tagged(*ids: Any, **more: Any) -> dict[str, Any]:
    images = [image(n, f"{n}.jpg", tag_ids=own) for n, own in enumerate(ids, 1)]
    return {**coco([annotation(1, bbox=[1, 1, 5, 5])], images), "tag_categories": TAGS, **more}


def answers(run: Any) -> list[tuple[str, str, Any]]:
    return [(line["dataRow"]["globalKey"], line["name"], line["answer"]) for line in run.lines if "answer" in line]


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_tags_are_answers_of_the_data_row(convert: Convert, geometry: str) -> None:
    run = convert(tagged([0, 1], [1], []), geometry=geometry)
    assert answers(run) == [
        ("1.jpg", "tag", [{"name": "night"}, {"name": "rain"}]),
        ("2.jpg", "tag", [{"name": "rain"}]),
    ]
    assert run.tally("night") == (1, 1, 0, 0, 0)
    assert sum(run.tally("rain")[1:]) == 2
    assert questions(ontology(run.out)) == {"tag": ["night", "rain"]}
    assert run.report.unread == []


def test_one_tag_an_image_is_a_radio(convert: Convert) -> None:
    run = convert(tagged([0], [1]))
    assert answers(run) == [("1.jpg", "tag", {"name": "night"}), ("2.jpg", "tag", {"name": "rain"})]


def test_a_tag_without_a_name_is_skipped_by_its_id(convert: Convert) -> None:
    run = convert(tagged([0, 9]))
    assert answers(run) == [("1.jpg", "tag", {"name": "night"})]
    assert run.tally("tag_9") == (1, 0, 0, 0, 1)


def test_tags_of_a_picture_that_is_listed_twice_are_all_taken(convert: Convert) -> None:
    document = tagged([0], [1])
    for picture in document["images"]:
        picture["file_name"] = "a.jpg"
    assert answers(convert(document)) == [("a.jpg", "tag", [{"name": "night"}, {"name": "rain"}])]


def test_scenes_are_answers_by_the_id_of_the_image(convert: Convert) -> None:
    document = {
        **coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1), image(2)]),
        "scene_categories": [{"id": 0, "name": "Clean"}, {"id": 1, "name": "Water"}],
        "scene_annotations": [
            {"image_id": 2, "background_ids": [1, 1]},
            {"image_id": "1", "background_ids": [0]},
            {"image_id": 1, "background_ids": []},
            {"image_id": 77, "background_ids": [0]},
            {"image_id": 2, "background_ids": [-1]},
        ],
    }
    run = convert(document)
    assert answers(run) == [("1.jpg", "scene", {"name": "Clean"}), ("2.jpg", "scene", {"name": "Water"})]
    assert run.tally("Clean") == (2, 1, 0, 0, 1)
    assert run.report.unread == []


def test_scenes_of_an_id_of_two_pictures_are_of_none(convert: Convert) -> None:
    document = {
        **coco([], [image(1, "a.jpg"), image(1, "b.jpg")]),
        "scene_categories": [{"id": 0, "name": "Clean"}],
        "scene_annotations": [{"image_id": 1, "background_ids": [0]}],
    }
    run = convert(document)
    assert answers(run) == []
    assert run.tally("Clean") == (1, 0, 0, 0, 1)


def test_chunks_and_one_pass_give_the_same_lines(convert: Convert) -> None:
    document = tagged(*([n % 2] for n in range(30)))
    assert convert(document).lines == convert(document, workers=2).lines
