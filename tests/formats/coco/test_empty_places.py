"""Annotations whose fields for a place say nothing: classes of their images where all are so, else skipped."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco, image

CATEGORIES = [{"id": 1, "name": "day"}, {"id": 2, "name": "rain"}]
EMPTY: list[dict[str, Any]] = [
    {"bbox": []},
    {"bbox": None},
    {"bbox": [], "segmentation": []},
    {"bbox": [0, 0, 0, 0], "segmentation": [[]], "area": 0},
    {"bbox": [-1, -1, -1, -1]},
    {"bbox": [None, None, None, None]},
    {"segmentation": []},
    {"bbox": [0.0, 0.0, 0.0, 0.0], "keypoints": [0, 0, 0], "num_keypoints": 0},
]


def labels(count: int = 4, **fields: Any) -> Any:
    records = [{"id": n, "image_id": n, "category_id": 1 + n % 2, **fields} for n in range(1, count + 1)]
    return coco(records, [image(n) for n in range(1, count + 1)], CATEGORIES)


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize("fields", EMPTY)
def test_all_without_a_place_are_classes_of_their_images(convert: Convert, fields: Any, geometry: str) -> None:
    run = convert(labels(**fields), geometry=geometry)
    assert [line["answer"]["name"] for line in run.lines] == ["rain", "day", "rain", "day"]
    assert {label: tally.read for label, tally in run.report.classes.items()} == {"rain": 2, "day": 2}
    (told,) = run.report.assumptions
    assert (told.taken, told.for_, told.option) == ("classes of their whole images", 4, "-O places=stated")
    assert not run.report.unread


@pytest.mark.parametrize("fields", [{}, *EMPTY])
def test_they_are_skipped_where_a_place_has_to_be_stated(convert: Convert, fields: Any) -> None:
    run = convert(labels(**fields), options={"places": "stated"})
    assert (run.lines, run.report.assumptions) == ([], [])
    assert run.tally("day")[4] == run.tally("rain")[4] == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"bbox": [], "zone": [1, 2, 30, 40]},
        {"bbox": [1, 2]},
        {"score_vec": [0.1, 0.2, 0.3, 0.4]},
        {"location": [4.5, 52]},
    ],
)
def test_numbers_that_may_be_a_place_are_no_class_unless_the_user_says_so(convert: Convert, fields: Any) -> None:
    run = convert(labels(**fields))
    assert (run.lines, run.report.assumptions) == ([], [])
    if "bbox" not in fields:
        assert any("-O places=image" in d.message for d in run.report.diagnostics)
    run = convert(labels(**fields), options={"places": "image"})
    assert len(run.lines) == (4 if fields != {"bbox": [1, 2]} else 0)


@pytest.mark.parametrize("place", [{"x": 5, "y": 6, "width": 50, "height": 60}, {"zone": [1, 2, 30, 40]}])
def test_what_may_have_a_place_is_no_class_where_the_sample_has_none(convert: Convert, place: Any) -> None:
    document = labels(450, bbox=[])
    document["annotations"][1].update(place)
    run = convert(document)
    assert (len(run.lines), run.codes["geometry-missing"]) == (449, 1)
    run = convert(document, options={"places": "image"})
    assert len(run.lines) == 450


def test_few_empty_places_among_boxes_are_skipped(convert: Convert) -> None:
    records = [annotation(n, bbox=[] if n % 2 else [1, 2, 30, 40]) for n in range(20)]
    assert len(convert(coco(records)).lines) == 10
    run = convert(coco(records), options={"places": "image"})
    assert sorted("bbox" in line for line in run.lines) == [False] + 10 * [True]


def test_an_empty_box_that_is_read_later_as_a_class_is_no_box(convert: Convert) -> None:
    """Beside classes without a field for a place, an empty one is still broken."""
    records = [{"id": n, "image_id": 1, "category_id": 1} for n in range(3)]
    run = convert(
        coco([*records, annotation(9, bbox=[0, 0, 0, 0]), *(annotation(n, bbox=[1, 2, 30, 40]) for n in range(10, 20))])
    )
    assert sum("bbox" in line for line in run.lines) == 10
