"""Fields that are not called as COCO has them: read where nothing else can be meant, and told."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco, image, lines
from to_labelbox.report.errors import UsageError

BOX = [10, 20, 30, 40]


def keys(run: Any) -> list[str]:
    return [line["dataRow"]["globalKey"] for line in run.lines]


def renamed(record: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in record.items()}


def test_images_with_an_image_id_in_place_of_an_id_are_found_by_it(convert: Convert) -> None:
    images = [renamed(image(n, f"{n}.jpg"), id="image_id") for n in (1, 2)]
    run = convert(coco([annotation(1, image_id=2, bbox=BOX)], images))
    assert keys(run) == ["2.jpg"]
    assert not run.report.unread
    assert any("images have no id but image_id" in e for e in run.examples)
    run = convert(coco([annotation(1, image_id=1, bbox=BOX)], [image(1, "1.jpg") | {"image_id": 2}]))
    assert keys(run) == ["1.jpg"]
    assert [u.name for u in run.report.unread] == ["image_id"]


@pytest.mark.parametrize(
    "field", ["filename", "fileName", "image_name", "name", "path", "file_path", "img_path", "file"]
)
def test_images_are_called_by_the_field_that_holds_the_name(convert: Convert, field: str) -> None:
    images = [renamed(image(n, f"front/{n}.jpg"), file_name=field) for n in (1, 2)]
    run = convert(coco([annotation(1, image_id=2, bbox=BOX)], images))
    assert keys(run) == ["front/2.jpg"]
    assert not run.report.unread
    assert "file-missing" not in run.codes
    assert any(f"images have no file_name but {field}" in e for e in run.examples)
    run = convert(coco([annotation(1, bbox=BOX)], [image(1, "1.jpg") | {field: "other"}]))
    assert keys(run) == ["1.jpg"]
    assert [u.name for u in run.report.unread] == [field]


@pytest.mark.parametrize("name", [5, None, "", ["a.jpg"]])
def test_a_name_that_is_none_is_not_taken(convert: Convert, name: Any) -> None:
    run = convert(coco([annotation(1, bbox=BOX)], [{"id": 1, "name": name, "width": 100, "height": 80}]))
    assert keys(run) == ["1.jpg"]
    assert run.codes["file-missing"] == 1


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("id", [2, "2"])
def test_camel_case_is_read(convert: Convert, geometry: str, id: Any) -> None:
    images = [renamed(image(n, f"{n}.jpg"), file_name="fileName") for n in (1, 2)]
    given = [renamed(annotation(1, image_id=id, bbox=BOX), image_id="imageId", category_id="categoryId")]
    run = convert(coco(given, images), geometry=geometry)
    assert keys(run) == ["2.jpg"]
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert not run.report.unread


def test_a_category_by_category_id_is_read_and_one_without_an_id_is_told(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=BOX)], categories=[{"category_id": 1, "name": "car"}, {"name": "bus"}]))
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert any("the category 'bus' has no id" in e for e in run.examples)


@pytest.mark.parametrize(
    "bbox",
    [
        {"xmin": 10, "ymin": 20, "xmax": 40, "ymax": 60},
        {"x1": "10", "y1": 20, "x2": 40, "y2": 60},
        {"left": 10, "top": 20, "right": 40, "bottom": 60},
        {"left": 10, "top": 20, "width": 30, "height": 40},
        {"cx": 25, "cy": 40, "w": 30, "h": 40},
        {"cx": 25, "w": 30, "cy": 40, "h": 40, "y": 20, "height": 40, "x": 10, "width": 30},
    ],
)
def test_a_box_of_named_numbers_is_read_by_their_names(convert: Convert, bbox: Any) -> None:
    run = convert(coco([annotation(1, bbox=bbox)]))
    assert run.lines[0]["bbox"] == {"left": 10, "top": 20, "width": 30, "height": 40}
    assert run.codes["field-repaired"] == 1


NOTHING: list[dict[str, Any]] = [
    {"bbox": None},
    {"bbox": []},
    {"bbox": None, "segmentation": []},
    {"segmentation": [[]]},
    {"segmentation": None},
    {"keypoints": None},
]


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("empty", NOTHING)
def test_a_place_of_coco_that_is_empty_is_none(convert: Convert, empty: dict[str, Any], geometry: str) -> None:
    given = [annotation(1, x=10, y=20, w=30, h=40, **empty), annotation(2, polygon=[10, 20, 40, 20, 40, 60], **empty)]
    run = convert(coco(given), geometry=geometry)
    assert run.lines[0]["bbox"] == {"left": 10, "top": 20, "width": 30, "height": 40}
    assert run.report.annotations.skipped == 0
    assert not run.report.unread


def test_fields_beside_a_place_of_coco_are_unread(convert: Convert) -> None:
    given = [
        annotation(n, bbox=[1, 1, 30, 30], x=10, y=20, w=30, h=40, polygon=[10, 20, 40, 20, 40, 60]) for n in (1, 2)
    ]
    run = convert(coco([*given, annotation(3, bbox=None, x=10, y=20, w=30, h=40)]))
    assert [line["bbox"]["left"] for line in run.lines] == [1, 1, 10]
    assert {u.name: u.count for u in run.report.unread} == {"x": 2, "y": 2, "w": 2, "h": 2, "polygon": 2}


@pytest.mark.parametrize("field", ["url", "image_url", "flickr_url"])
def test_images_of_nothing_but_an_address_are_called_by_its_path(convert: Convert, field: str) -> None:
    images = [{"id": n, "width": 100, "height": 80, field: f"https://x.example/front/{n}.jpg"} for n in (1, 2)]
    run = convert(coco([annotation(1, image_id=2, bbox=BOX)], images))
    assert keys(run) == ["front/2.jpg"]
    assert [row["row_data"] for row in lines(run.out, "data_rows.ndjson")] == [
        f"https://x.example/front/{n}.jpg" for n in (1, 2)
    ]
    assert not run.report.unread


@pytest.mark.parametrize("name", ["label", "title", "category", "class_name", "category_name"])
@pytest.mark.parametrize("id", ["cat_id", "class_id", "id"])
def test_categories_by_other_names_are_read_and_told(convert: Convert, id: str, name: str) -> None:
    run = convert(coco([annotation(1, bbox=BOX)], categories=[{id: 2, name: "bus"}, {id: 1, name: "car"}]))
    assert list(run.tools) == ["bus", "car"]
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert not run.report.unread
    assert any(f"categories have no name but {name}" in e for e in run.examples)
    assert any(f"categories have no id but {id}" in e for e in run.examples) is (id != "id")


@pytest.mark.parametrize(
    "categories", [{"bus": 2, "car": 1}, {"bus": {"id": 2}, "car": {"id": 1}}, {"2": "bus", "1": "car"}]
)
def test_a_mapping_of_names_and_ids_is_read_from_either_side(convert: Convert, categories: Any) -> None:
    run = convert(coco([annotation(1, bbox=BOX)]) | {"categories": categories})
    assert list(run.tools) == ["bus", "car"]
    assert run.tally("car") == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("field", ["cat_id", "class_id", "label_id", "category", "label", "class"])
def test_the_id_of_a_class_in_another_field_is_read_and_told(convert: Convert, field: str, geometry: str) -> None:
    given = [renamed(annotation(n, category_id=n, bbox=BOX), category_id=field) for n in (1, 2)]
    both = [{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}]
    run = convert(coco(given, categories=both), geometry=geometry)
    assert [line["name"] for line in run.lines] == ["car", "bus"]
    assert not run.report.unread
    assert any(f"annotations have no category_id but {field}" in e for e in run.examples)
    run = convert(coco([annotation(1, bbox=BOX) | {field: 2}], categories=both), geometry=geometry)
    assert [line["name"] for line in run.lines] == ["car"]
    assert [u.name for u in run.report.unread] == [field]


@pytest.mark.parametrize("field", ["class_id", "label"])
def test_ids_one_off_in_another_field_are_asked_about(convert: Convert, field: str) -> None:
    given = [renamed(annotation(n, category_id=n, bbox=BOX), category_id=field) for n in (0, 1)]
    with pytest.raises(UsageError, match="-O first_category=0"):
        convert(coco(given, categories=[{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}]))


def test_a_class_by_name_is_not_called_unread(convert: Convert) -> None:
    run = convert(coco([renamed(annotation(1, category_id="car", bbox=BOX), category_id="label")]))
    assert run.tally("car") == (1, 1, 0, 0, 0)
    assert not run.report.unread


def test_a_box_in_another_field_is_no_class_of_the_whole_image(convert: Convert) -> None:
    """As SoccerNet writes players and the lines of the pitch, whose places are on no field of COCO."""
    box = {"x": 10, "y": 20, "x_center": 25, "y_center": 40, "w": 30, "h": 40}
    lines_ = {"circle": [{"x": 0.1, "y": 0.2}, {"x": 0.3, "y": 0.4}]}
    given = [annotation(n, bbox_image=box) for n in range(3)] + [annotation(n, lines=lines_) for n in range(3, 7)]
    run = convert(coco(given))
    assert [line["bbox"] for line in run.lines] == [{"left": 10, "top": 20, "width": 30, "height": 40}] * 3
    assert run.codes["geometry-missing"] == 4
    assert any("but lines, which no field of COCO holds" in e for e in run.examples)


def test_one_unknown_place_says_that_a_file_has_no_classes_of_images(convert: Convert) -> None:
    given = [annotation(1), annotation(2, zone=[10, 20, 30, 40])]
    run = convert(coco(given))
    assert run.report.annotations.skipped == 2
    assert not run.lines
