"""What the numbers of a file are where they are not COCO's, images by the names of their files, and one record in place of a list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.coco import box, vertices
from harness import annotation, coco, image, lines, report, save
from to_labelbox import UsageError

NAMES = [image(n, f"pics/{name}.jpg") for n, name in enumerate("abcd", 11)]


def convert(folder: Path, document: Any, **given: Any) -> to_labelbox.Report:
    source = save(folder / "instances_val.json", document)
    return to_labelbox.convert(source, folder / "out", overwrite=True, **given)


def assumed(folder: Path, what: str) -> list[Any]:
    return [one for one in report(folder / "out")["assumptions"] if what in one["what"]]


# ------------------------------------------------------------------------------------------------ images by names


@pytest.mark.parametrize("said", ["pics/{}.jpg", "{}.jpg", "pics/{}", "{}"])
def test_an_image_id_that_is_the_name_of_a_file_is_that_image(tmp_path: Path, said: str) -> None:
    told = [annotation(n, image_id=said.format(name), bbox=[n, 1, 5, 5]) for n, name in enumerate("abda")]
    made = convert(tmp_path, coco(told, NAMES))
    assert made.annotations.converted == 4
    keys = [line["dataRow"]["globalKey"] for line in lines(tmp_path / "out")]
    assert keys == ["pics/a.jpg", "pics/a.jpg", "pics/b.jpg", "pics/d.jpg"]
    assert [(one["for"], one["against"]) for one in assumed(tmp_path, "image_id")] == [(3, 0)]


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["x", "y", "a"], ["a", "b", "c", "d"]),  # most are of no image
        ([11, "a", "b"], ["a", "b", "c", "d"]),  # one is an id, as COCO has it
        (["a", "a"], ["x/a", "y/a", "c", "d"]),  # of two images
        ([1], ["1", "2", "3", "4"]),  # a number may be that of a file by chance
    ],
)
def test_names_are_not_guessed_where_they_fit_badly(tmp_path: Path, ids: list[Any], names: list[str]) -> None:
    images = [image(n, f"{name}.jpg") for n, name in enumerate(names, 11)]
    made = convert(tmp_path, coco([annotation(n, image_id=id, bbox=[n, 1, 5, 5]) for n, id in enumerate(ids)], images))
    assert made.annotations.skipped == len(ids) - ids.count(11)
    assert not assumed(tmp_path, "image_id")


def test_annotations_without_ids_of_images_go_by_names(tmp_path: Path) -> None:
    images = [{"file_name": name, "width": 100, "height": 80} for name in ("a.jpg", "b.jpg")]
    convert(tmp_path, coco([annotation(image_id="b.jpg", bbox=[1, 1, 5, 5])], images))
    assert [line["dataRow"]["globalKey"] for line in lines(tmp_path / "out")] == ["b.jpg"]


# ------------------------------------------------------------------------------------------------- one record alone


@pytest.mark.parametrize("field", ["images", "annotations"])
def test_a_record_that_stands_alone_is_a_list_of_one(tmp_path: Path, field: str) -> None:
    document = coco([annotation(bbox=[1, 2, 5, 6])])
    document[field] = document[field][0]
    convert(tmp_path, document)
    assert [box(line) for line in lines(tmp_path / "out")] == [(1, 2, 5, 6)]


def test_objects_of_records_are_still_read(tmp_path: Path) -> None:
    document = coco([annotation(bbox=[1, 2, 5, 6])])
    document["images"], document["annotations"] = {"1": document["images"][0]}, {"9": document["annotations"][0]}
    convert(tmp_path, document)
    assert [box(line) for line in lines(tmp_path / "out")] == [(1, 2, 5, 6)]


@pytest.mark.parametrize("sides", [("w", "h"), ("img_width", "img_height"), ("image_width", "image_height")])
def test_sides_of_images_may_be_called_otherwise(tmp_path: Path, sides: tuple[str, str]) -> None:
    named = {"id": 1, "file_name": "1.jpg", sides[0]: 100, sides[1]: 80}
    made = convert(tmp_path, coco([annotation(bbox=[90, 2, 50, 6])], [named]))
    assert [box(line) for line in lines(tmp_path / "out")] == [(90, 2, 10, 6)]
    assert not [one for one in report(tmp_path / "out")["unread"] if one["what"] == "field"]
    assert sum(f"no width but {sides[0]}," in d.message for d in made.diagnostics) == 1


# ---------------------------------------------------------------------------------------------- what the numbers are

CENTRES = [[n * 4 + 10, n * 3 + 8, 20, 16] for n in range(19)] + [[x, 72, 20, 16] for x in (90, 85, 88)]
FROM_ONE = [
    [1, 1, 100, 80],
    [1, 20, 100, 9],
    [60, 1, 41, 8],
    [30, 40, 71, 41],
    *([n + 1, n + 1, 9, 9] for n in range(9)),
]


def test_boxes_that_only_fit_as_centres_are_asked_about(tmp_path: Path) -> None:
    document = coco([annotation(n, bbox=values) for n, values in enumerate(CENTRES)])
    with pytest.raises(UsageError, match=r"centre, width and height.*\n.*\n *-O boxes=cxcywh"):
        convert(tmp_path, document)
    convert(tmp_path, document, options={"boxes": "cxcywh"})
    assert [box(line) for line in lines(tmp_path / "out")][:2] == [(0, 0, 20, 16), (4, 3, 20, 16)]
    convert(tmp_path, document, options={"boxes": "xywh"})
    assert box(lines(tmp_path / "out")[0]) == (10, 8, 20, 16)


def test_boxes_that_go_over_the_edge_by_a_little_are_not_taken_for_centres(tmp_path: Path) -> None:
    over = [[x, 62, 20, 19.5] for x in (30, 45, 58)]
    convert(tmp_path, coco([annotation(n, bbox=values) for n, values in enumerate([*CENTRES[:19], *over])]))
    assert len(lines(tmp_path / "out")) == 22


@pytest.mark.parametrize("other", [[2, 30, 10, 10], [30, 2, 10, 10]])
def test_a_box_at_the_border_says_that_they_are_corners_and_sides(tmp_path: Path, other: list[int]) -> None:
    convert(tmp_path, coco([annotation(n, bbox=values) for n, values in enumerate([*CENTRES, other])]))
    assert len(lines(tmp_path / "out")) == 23


def test_pixels_that_count_from_one_are_told_and_can_be_taken_so(tmp_path: Path) -> None:
    outline = {"segmentation": [[11, 11, 31, 11, 31, 31]], "keypoints": [11, 21, 2]}
    document = coco(
        [
            *(annotation(n, bbox=values) for n, values in enumerate(FROM_ONE)),
            annotation(99, bbox=[11, 11, 20, 20], **outline),
        ]
    )
    convert(tmp_path, document)
    (told,) = assumed(tmp_path, "first pixel")
    assert (told["taken"], told["against"], told["option"]) == ("0, 0", 4, "-O origin=one_based")
    convert(tmp_path, document, options={"origin": "one_based"})
    made = lines(tmp_path / "out")
    assert box(made[0]) == (0, 0, 100, 80)
    assert [vertices(line)[:4] for line in made if "polygon" in line] == [[10, 10, 30, 10]]
    assert [line["point"] for line in made if "point" in line] == [{"x": 10, "y": 20}]
    assert not assumed(tmp_path, "first pixel")


@pytest.mark.parametrize("other", [[0, 5, 5, 5], [5, 0.5, 5, 5]])
def test_one_box_before_the_first_pixel_says_that_they_count_from_nought(tmp_path: Path, other: list[float]) -> None:
    convert(tmp_path, coco([annotation(n, bbox=values) for n, values in enumerate([*FROM_ONE, other])]))
    assert not assumed(tmp_path, "first pixel")


@pytest.mark.parametrize(("factor", "said"), [(4, "sides scaled by 0.5"), (1, ""), (0.3, "")])
def test_areas_larger_than_their_boxes_are_told(tmp_path: Path, factor: float, said: str) -> None:
    told = [annotation(n, bbox=[n, n, 10 + n, 20], area=(10 + n) * 20 * factor) for n in range(25)]
    convert(tmp_path, coco(told))
    assert [said in one["why"] for one in assumed(tmp_path, "area")] == ([True] if said else [])


@pytest.mark.parametrize("area", [lambda n: 100 * 80, lambda n: (30 + n) ** 2, lambda n: 9999])
def test_areas_that_are_none_of_boxes_say_nothing(tmp_path: Path, area: Callable[[int], int]) -> None:
    convert(tmp_path, coco([annotation(n, bbox=[n, n, 30 + n, 10], area=area(n)) for n in range(25)]))
    assert not assumed(tmp_path, "area")


def test_areas_of_other_objects_are_told_without_a_scale(tmp_path: Path) -> None:
    told = [annotation(n, bbox=[n, n, 10, 10], area=200 + 57 * n) for n in range(25)]
    convert(tmp_path, coco(told))
    assert ["scaled" in one["why"] for one in assumed(tmp_path, "area")] == [False]


@pytest.mark.parametrize(("count", "option"), [(2, "-O visibility=placed"), (7, "")])
def test_a_number_of_keypoints_that_is_another_is_told(tmp_path: Path, count: int, option: str) -> None:
    points = {"keypoints": [5, 5, 2, 9, 9, 0], "num_keypoints": count}
    told = [annotation(n, bbox=[1, 1, 20, 20], **points) for n in range(4)]
    convert(tmp_path, coco(told, categories=[{"id": 1, "name": "car", "keypoints": ["l", "r"]}]))
    assert [one["option"] for one in assumed(tmp_path, "keypoints")] == [option]


# --------------------------------------------------------------------------------------- outlines and classes elsewhere

RING = [10, 10, 40, 12, 38, 30]


@pytest.mark.parametrize("field", ["poly", "polygon", "points"])
@pytest.mark.parametrize("value", [RING, [RING], [[10, 10], [40, 12], [38, 30]]])
def test_an_outline_in_another_field_is_no_class_of_the_image(tmp_path: Path, field: str, value: Any) -> None:
    made = convert(tmp_path, coco([annotation(n, **{field: value}) for n in range(3)]))
    assert [vertices(line)[:6] for line in lines(tmp_path / "out")] == [RING] * 3
    assert not report(tmp_path / "out")["unread"]
    assert any(f"no segmentation but {field}" in d.message for d in made.diagnostics)


def test_a_box_is_not_replaced_by_an_outline_of_another_field(tmp_path: Path) -> None:
    convert(tmp_path, coco([annotation(bbox=[1, 2, 5, 6], points=RING)]))
    assert [box(line) for line in lines(tmp_path / "out")] == [(1, 2, 5, 6)]
    assert [one["name"] for one in report(tmp_path / "out")["unread"]] == ["points"]


def test_places_in_a_field_that_nobody_knows_are_no_classes_of_images(tmp_path: Path) -> None:
    made = convert(tmp_path, coco([annotation(n, zone=[10, 10, 20, 20, 0.3]) for n in range(3)]))
    assert made.annotations.skipped == 3
    assert any("neither a box nor an outline nor keypoints, but zone" in d.message for d in made.diagnostics)


_NAMED: list[dict[str, Any]] = [
    {"x": 10, "y": 20, "width": 30, "height": 40},
    {"x": 10, "y": 20, "w": 30, "h": 40},
    {"xmin": "10", "ymin": "20", "xmax": "40", "ymax": "60"},
    {"cx": 25, "cy": 40, "w": 30, "h": 40},
    {"bndbox": {"xmin": 10, "ymin": 20, "xmax": 40, "ymax": 60}},
    {"box": {"left": 10, "top": 20, "width": 30, "height": 40}},
]


@pytest.mark.parametrize("named", _NAMED)
def test_named_sides_are_the_box_and_no_class_of_the_image(tmp_path: Path, named: dict[str, Any]) -> None:
    made = convert(tmp_path, coco([annotation(n, **named) for n in range(3)]))
    assert [box(line) for line in lines(tmp_path / "out")] == [(10, 20, 30, 40)] * 3
    assert not report(tmp_path / "out")["unread"]
    assert any(f"no bbox but {', '.join(named)}" in d.message for d in made.diagnostics)


def test_named_sides_in_fractions_are_a_question(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fractions of the picture"):
        convert(tmp_path, coco([annotation(n, x=0.1, y=0.2, w=0.3, h=0.4) for n in range(3)]))


@pytest.mark.parametrize(
    "place",
    [{"x": 4, "y": 5}, {"point": [4, 5]}, {"centroid": [4.5, 5]}, {"rle": {"size": [80, 100], "counts": "`l0"}}],
)
def test_a_place_that_no_rule_reads_is_no_class_of_the_image(tmp_path: Path, place: dict[str, Any]) -> None:
    made = convert(tmp_path, coco([annotation(n, **place) for n in range(3)]))
    assert made.annotations.skipped == 3
    assert any(f"nor keypoints, but {', '.join(place)}" in d.message for d in made.diagnostics)


@pytest.mark.parametrize("said", [{"category_name": "cat"}, {"label": "cat"}, {"category": {"id": 3, "name": "cat"}}])
@pytest.mark.parametrize("categories", [None, [], [{"id": 5, "name": "cat"}]])
def test_a_class_that_only_the_annotation_names_is_taken(tmp_path: Path, said: dict[str, Any], categories: Any) -> None:
    told = {"id": 1, "image_id": 1, "bbox": [1, 2, 5, 6], **said}
    convert(tmp_path, coco([told], categories=categories))
    assert [line["name"] for line in lines(tmp_path / "out")] == ["cat"]


def test_a_name_that_is_that_of_no_category_is_not_taken(tmp_path: Path) -> None:
    made = convert(tmp_path, coco([{"id": 1, "image_id": 1, "bbox": [1, 2, 5, 6], "label": "cow"}]))
    assert made.annotations.skipped == 1


@pytest.mark.parametrize("corners", [{"x": 1, "y": 2, "x2": 6, "y2": 8}, {"x0": 1, "y0": 2, "x1": 6, "y1": 8}])
def test_more_objects_of_corners(tmp_path: Path, corners: dict[str, int]) -> None:
    convert(tmp_path, coco([annotation(bbox=corners)]))
    assert [box(line) for line in lines(tmp_path / "out")] == [(1, 2, 5, 6)]
