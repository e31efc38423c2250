"""Dialects: outlines as objects, mixed lists, mappings in place of lists, attributes by id, classes by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pycocotools import mask as oracle

from harness import Convert, annotation, coco, image, ontology, pixels, questions
from to_labelbox import UsageError

OUTER = [[10, 10], [50, 10], [50, 50], [10, 50]]
HOLE = [[20, 20], [30, 20], [30, 30], [20, 30]]
FLAT = [v for point in OUTER for v in point]


def area(line: Any) -> int:
    return int((pixels(line["mask"]["png"]) != 0).sum())


# ---------------------------------------------------------------------------------------------------------- kwcoco


@pytest.mark.parametrize(
    "outline",
    [
        {"exterior": OUTER, "interiors": [HOLE]},
        [{"exterior": OUTER, "interiors": [HOLE]}],
        {"type": "polygon", "data": {"exterior": OUTER, "interiors": [HOLE]}},
        {
            "type": "polygon",
            "data": {
                "exterior": {"type": "coords", "data": OUTER},
                "interiors": [{"type": "coords", "data": HOLE}],
            },
        },
        {"type": "multipolygon", "data": [{"type": "polygon", "data": {"exterior": OUTER, "interiors": [HOLE]}}]},
    ],
)
def test_interiors_are_holes(convert: Convert, outline: Any) -> None:
    run = convert(coco([annotation(1, bbox=[10, 10, 40, 40], segmentation=outline)]))
    assert area(run.lines[0]) == 1500
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert "field-repaired" not in run.codes


def test_an_exterior_alone_is_a_polygon(convert: Convert) -> None:
    (line,) = convert(coco([annotation(1, segmentation={"exterior": OUTER, "interiors": []})])).lines
    assert [(p["x"], p["y"]) for p in line["polygon"]] == [tuple(p) for p in OUTER]


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_keypoints_as_objects_are_named_by_their_category(convert: Convert, geometry: str) -> None:
    points = [
        {"xy": [5, 6], "keypoint_category_id": 1, "visible": 2},
        {"xy": [7, 8], "keypoint_category": "tail", "visible": 1},
        {"xy": [0, 0], "keypoint_category_id": 1, "visible": 0},
        {"xy": [9, 9], "keypoint_category_id": 7, "visible": 2},
    ]
    document = coco([annotation(1, bbox=[1, 1, 20, 20], keypoints=points)])
    document["keypoint_categories"] = [{"id": 1, "name": "head"}]
    run = convert(document, geometry=geometry)
    assert [line["name"] for line in run.lines] == ["car", "car/head", "car/tail", "car/kp_4"]
    assert run.lines[2]["point"] == {"x": 7, "y": 8}
    assert run.report.unread == []


# -------------------------------------------------------------------------------------------------- mixed outlines

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
RLE = {"size": [80, 100], "counts": [0, 160, 7840]}
PACKED = {"size": [80, 100], "counts": oracle.frPyObjects(RLE, 80, 100)["counts"].decode()}


@pytest.mark.parametrize(
    ("outline", "expected"),
    [
        ([RLE, PACKED], 160),
        ([SQUARE, RLE], 560),
        ([RLE, SQUARE, [50, 50, 60, 50, 60, 60, 50, 60]], 660),
        ([PACKED, {"exterior": OUTER, "interiors": [HOLE]}], 1660),
    ],
)
def test_parts_of_several_kinds_are_united(convert: Convert, outline: Any, expected: int) -> None:
    run = convert(coco([annotation(1, bbox=[0, 0, 60, 60], segmentation=outline)]))
    assert area(run.lines[0]) == expected
    assert run.tally("car") == (1, 1, 0, 0, 0)


def test_a_broken_part_is_left_out_and_told(convert: Convert) -> None:
    bad = {"size": [80, 100], "counts": [1, 2]}
    run = convert(coco([annotation(1, bbox=[0, 0, 60, 60], segmentation=[SQUARE, bad, RLE])]))
    assert area(run.lines[0]) == 560
    assert run.tally("car") == (1, 0, 1, 0, 0)


def test_an_object_that_is_no_outline_leaves_the_box(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 2, 3, 4], segmentation={"foo": 1})]))
    assert "bbox" in run.lines[0]
    assert any("holds no outline that can be read; its box is used instead" in e for e in run.examples)


def test_an_rle_without_a_size_fills_the_image_or_is_none(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[1, 2, 3, 4], segmentation={"counts": RLE["counts"]})]))
    assert area(run.lines[0]) == 160
    run = convert(coco([annotation(1, bbox=[1, 2, 3, 4], segmentation={"counts": [1, 2]})]))
    assert "bbox" in run.lines[0]


# -------------------------------------------------------------------------------------------------------- mappings


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("inner", [True, False])
def test_images_and_annotations_by_id_are_read(convert: Convert, geometry: str, inner: bool) -> None:
    pictures = {str(n): image(n, f"{n}.jpg") for n in (1, 2)}
    shapes = {str(n): annotation(n, image_id=2, bbox=[n, 1, 5, 5]) for n in (4, 5)}
    if not inner:
        for picture in pictures.values():
            del picture["id"]
    document = {"images": pictures, "annotations": shapes, "categories": [{"id": 1, "name": "car"}]}
    run = convert(document, geometry=geometry)
    assert [line["dataRow"]["globalKey"] for line in run.lines] == ["2.jpg", "2.jpg"]
    assert [line["bbox"]["left"] for line in run.lines] == [4, 5]


@pytest.mark.parametrize(
    "categories", [{"1": "car", "2": "bus"}, {"1": {"name": "car"}, "2": {"id": 2, "name": "bus"}}]
)
def test_categories_by_id_are_read(convert: Convert, categories: Any) -> None:
    document = coco([annotation(1, category_id=2, bbox=[1, 1, 5, 5])], categories=None)
    run = convert({**document, "categories": categories})
    assert [line["name"] for line in run.lines] == ["bus"]
    assert list(run.tools) == ["car", "bus"]


def names_with(ids: list[int]) -> Any:
    document = coco([annotation(n, category_id=id, bbox=[1, 1, 5, 5]) for n, id in enumerate(ids)], categories=None)
    return {**document, "categories": ["car", "bus", "van"]}


def test_bare_names_are_numbered_by_the_ids_in_use(convert: Convert) -> None:
    run = convert(names_with([0, 1]))
    assert [line["name"] for line in run.lines] == ["car", "bus"]
    (told,) = run.report.assumptions
    assert (told.taken, told.option) == ("0", "-O first_category=1")
    assert [line["name"] for line in convert(names_with([3, 1])).lines] == ["van", "car"]


def test_bare_names_are_a_question_where_the_ids_leave_it_open(convert: Convert) -> None:
    with pytest.raises(UsageError, match=r"-O first_category=0 .*\n.*-O first_category=1"):
        convert(names_with([1, 2]))
    assert [x["name"] for x in convert(names_with([1, 2]), options={"first_category": "0"}).lines] == ["bus", "van"]
    assert [x["name"] for x in convert(names_with([1, 2]), options={"first_category": "1"}).lines] == ["car", "bus"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("images", "x", "'images' is neither a list of records nor an object of them but a text"),
        ("annotations", 3, "'annotations' is neither a list of records nor an object of them but a number"),
        ("annotations", {"1": [1]}, "'annotations' is an object, which may hold a record under each id; '1' is none"),
        ("categories", True, "'categories' is neither a list nor an object but true"),
    ],
)
def test_what_is_no_list_is_called_what_it_is(convert: Convert, key: str, value: Any, message: str) -> None:
    run = convert({**coco([annotation(1, bbox=[1, 1, 5, 5])]), key: value})
    assert any(message in e for e in run.examples)


# ------------------------------------------------------------------------------------------- classes and attributes

TWO = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"category_id": [1, 2]}, "category_id is a list of 2"),
        ({"category_ids": [1, 2]}, "it has no category_id but category_ids [1, 2]"),
        ({"category_id": None}, "it has no category_id;"),
        ({"category_id": True}, "category_id is true"),
        ({"category_name": "lorry"}, 'it has no category_id but category_name "lorry"'),
        ({"category_id": "lorry"}, "category_id 'lorry' is not among the ids of the categories: 1, 2"),
    ],
)
def test_a_class_that_is_none_is_called_what_it_is(convert: Convert, fields: Any, message: str) -> None:
    record = {"id": 1, "image_id": 1, "bbox": [1, 1, 5, 5], **fields}
    run = convert(coco([record, annotation(2, bbox=[1, 1, 5, 5])], categories=TWO))
    assert any(message in e for e in run.examples), run.examples


@pytest.mark.parametrize("fields", [{"category_id": "bus"}, {"category_name": "bus"}])
def test_a_class_by_its_name_is_taken(convert: Convert, fields: Any) -> None:
    run = convert(coco([{"id": 1, "image_id": 1, "bbox": [1, 1, 5, 5], **fields}], categories=TWO))
    assert run.lines[0]["name"] == "bus"
    assert run.tally("bus") == (1, 1, 0, 0, 0)


def test_attributes_by_id_are_named(convert: Convert) -> None:
    given = [
        annotation(1, segmentation=[FLAT], attribute_ids=[0, 5]),
        annotation(2, segmentation=[FLAT], attribute_ids=[]),
    ]
    document = {**coco(given), "attributes": [{"id": 0, "name": "classic"}, {"id": "5", "name": "striped"}]}
    run = convert(document)
    answer = [{"name": "classic"}, {"name": "striped"}]
    assert run.lines[0]["classifications"] == [{"name": "attributes", "answer": answer}]
    assert "classifications" not in run.lines[1]
    assert run.report.unread == []
    swapped = convert({**document, "annotations": given[::-1]})
    assert swapped.lines[1]["classifications"] == [{"name": "attributes", "answer": answer}]


@pytest.mark.parametrize(
    ("said", "written"),
    [(True, 1), (1, 1), ("true", 1), ("Yes", 1), ("1", 1), (False, 0), (0, 0), ("no", 0), ("False", 0)],
)
def test_flags_are_read_however_they_are_written(convert: Convert, said: Any, written: int) -> None:
    run = convert(coco([annotation(1, bbox=[1, 1, 5, 5], attributes={"occluded": said})]))
    assert run.lines[0].get("classifications", []) == [{"name": "occluded", "answer": {"name": "yes"}}] * written


def test_a_turn_and_runs_in_texts_are_numbers(convert: Convert) -> None:
    turned = [annotation(1, bbox=[10, 20, 40, 20], attributes={"rotation": turn}) for turn in ("45", 45.0)]
    assert convert(coco(turned[:1])).lines == convert(coco(turned[1:])).lines
    runs = {"size": [80, 100], "counts": [820, 10, 70, 10, 7090]}
    texts = {**runs, "counts": [str(run) for run in runs["counts"]]}
    masks = [convert(coco([annotation(1, segmentation=given, iscrowd=0)])).lines for given in (runs, texts)]
    assert masks[0] == masks[1]
    assert "mask" in masks[0][0]


@pytest.mark.parametrize("text", ["1_0", "\u0664\u0665"])
def test_what_only_python_takes_for_a_number_is_none(convert: Convert, text: str) -> None:
    (line,) = convert(coco([annotation(1, bbox=[10, 20, 40, 20], attributes={"rotation": text})])).lines
    assert line["bbox"] == {"left": 10, "top": 20, "width": 40, "height": 20}
    assert line["classifications"] == [{"name": "rotation", "answer": {"name": text}}]
    assert convert(coco([annotation(1, bbox=[text, 20, 40, 20])])).lines == []


def test_a_box_without_area_stands_in_for_nothing(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=[10, 10, 20, 0], segmentation=[[10, 10, 20, 10, 30, 10]])]))
    assert not any("its box is used instead" in said for said in run.examples)


@pytest.mark.parametrize("name", ["truncated", "difficult", "occluded"])
@pytest.mark.parametrize("value", [True, 1])
def test_flags_are_flags(convert: Convert, name: str, value: Any) -> None:
    off = False if value is True else 0
    given = [annotation(n, bbox=[n, 1, 5, 5], attributes={name: v}) for n, v in enumerate([value, off])]
    run = convert(coco(given))
    assert run.lines[0]["classifications"] == [{"name": name, "answer": {"name": "yes"}}]
    assert "classifications" not in run.lines[1]
    assert questions(ontology(convert(coco(given[1:])).out)["tools"][0]) == {}


def test_a_panoptic_record_among_others_costs_none_of_them(convert: Convert) -> None:
    """The first record decides what kind a file is, not what each of its records is."""
    panoptic = {"image_id": 1, "file_name": "x.png", "segments_info": []}
    run = convert(coco([panoptic, annotation(1, bbox=[1, 1, 5, 5])]))
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert np.allclose(run.lines[0]["bbox"]["left"], 1)


def test_a_flag_with_an_odd_value_among_others_is_one_question(convert: Convert) -> None:
    given = [annotation(n, bbox=[n, 1, 5, 5], attributes={"occluded": v}) for n, v in enumerate([True, "partly", 7])]
    run = convert(coco(given))
    said = [line["classifications"][0]["answer"]["name"] for line in run.lines]
    assert said == ["yes", "partly", "7"]
    assert questions(ontology(run.out)["tools"][0]) == {"occluded": ["yes", "no", "partly", "7"]}
