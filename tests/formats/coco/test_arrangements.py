"""What the numbers of boxes are, and in which order those of outlines follow: two corners among sizes, x and y exchanged, lists."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Convert, annotation, coco, image
from to_labelbox import UsageError

WIDTH, HEIGHT = 640, 400
BOXES = [(60 * n + 10, 9 * n + 5, 60 + n, 90 + 2 * n) for n in range(9)]
PLACES = [{"left": x, "top": y, "width": w, "height": h} for x, y, w, h in BOXES]


def ring(box: Any) -> list[float]:
    left, top, width, height = box
    return [left, top, left + width, top + height * 0.4, left + width * 0.6, top + height]


def swapped(numbers: list[float]) -> list[float]:
    return [v for x, y in zip(numbers[::2], numbers[1::2]) for v in (y, x)]


def lists(numbers: list[float]) -> list[float]:
    return [*numbers[::2], *numbers[1::2]]


def document(records: list[dict[str, Any]]) -> Any:
    made = [annotation(n, image_id=n, **fields) for n, fields in enumerate(records)]
    return coco(made, [image(n, f"{n}.jpg", WIDTH, HEIGHT) for n in range(len(records))])


def corners(box: Any) -> list[float]:
    return [box[0], box[1], box[0] + box[2], box[1] + box[3]]


# ------------------------------------------------------------------------------------------ two corners among sizes


@pytest.mark.parametrize("proof", ["area", "segmentation"])
@pytest.mark.parametrize("geometry", ["auto", "bbox"])
def test_two_corners_among_sizes_are_a_question(convert: Convert, proof: str, geometry: str) -> None:
    records = [
        {"bbox": corners(b) if n % 3 == 0 else list(b), proof: b[2] * b[3] if proof == "area" else [ring(b)]}
        for n, b in enumerate(BOXES)
    ]
    with pytest.raises(UsageError, match=r"3 of 9 boxes have .*two corners(?s:.*)-O boxes=each(?s:.*)-O boxes=xywh"):
        convert(document(records), geometry=geometry)
    lines = convert(document(records), geometry=geometry, options={"boxes": "each"}).lines
    if geometry == "bbox" or proof == "area":
        assert [line["bbox"] for line in lines] == PLACES
    else:
        assert [line["polygon"][0] for line in lines] == [{"x": b[0], "y": b[1]} for b in BOXES]


def test_two_corners_that_only_pictures_refute_are_told(convert: Convert) -> None:
    records = [{"bbox": corners(b) if n in (5, 6, 8) else list(b)} for n, b in enumerate(BOXES)]
    told = {a.what.partition(" (")[0]: a for a in convert(document(records)).report.assumptions}["what bbox holds"]
    assert (told.against, told.option) == (3, "-O boxes=xyxy")


# --------------------------------------------------------------------------------------------- outlines of another order


@pytest.mark.parametrize(("order", "arranged"), [("yx", swapped), ("xxyy", lists)])
@pytest.mark.parametrize("every", [1, 3])
def test_outlines_in_another_order_are_a_question(convert: Convert, order: str, arranged: Any, every: int) -> None:
    boxes = [(x, y, w, h) for x, y, w, h in BOXES if abs(x - y) > 60]
    records = [
        {"bbox": list(b), "segmentation": [arranged(ring(b)) if n % every == 0 else ring(b)]}
        for n, b in enumerate([*boxes, *boxes])
    ]
    option = order if every == 1 else "each"
    with pytest.raises(UsageError, match=rf"-O outlines={option} .*(?s:.*)--geometry bbox"):
        convert(document(records))
    lines = convert(document(records), options={"outlines": option}).lines
    got = [[v for p in line["polygon"][:3] for v in (p["x"], p["y"])] for line in lines]
    assert got == [pytest.approx(ring(b)) for b in [*boxes, *boxes]]


def test_boxes_in_another_order_than_their_outlines_are_a_question(convert: Convert) -> None:
    records = [{"bbox": [b[1], b[0], b[3], b[2]], "segmentation": [ring(b)]} for b in BOXES if abs(b[0] - b[1]) > 60]
    with pytest.raises(UsageError, match=r"were boxes y, x, height, width.*(?s:.*)-O boxes=yxhw"):
        convert(document(records))


def test_corners_with_y_first_are_a_question(convert: Convert) -> None:
    records = [
        {"bbox": [b[1], b[0], b[1] + b[3], b[0] + b[2]], "area": b[2] * b[3]} for b in BOXES[3:]
    ]  # 300 to 560 as rows of a picture of 400
    with pytest.raises(UsageError, match="-O boxes=yxyx"):
        convert(document(records))
    assert [x["bbox"] for x in convert(document(records), options={"boxes": "yxyx"}).lines] == PLACES[3:]


# ---------------------------------------------------------------------------------------------------- decimal commas


@pytest.mark.parametrize("field", ["bbox", "segmentation"])
def test_decimal_commas_in_texts_are_read_as_points(convert: Convert, field: str) -> None:
    value: Any = ["10,5", "20", "30,25", "40"] if field == "bbox" else [["10,5", "20", "40,75", "20", "30,5", "60,5"]]
    run = convert(coco([annotation(1, **{"bbox": None, field: value})]))
    (line,) = run.lines
    place = line.get("bbox") or line["polygon"][0]
    assert (place.get("left", place.get("x")), place.get("top", place.get("y"))) == (10.5, 20)
    assert ["with decimal commas" in d.message for d in run.report.diagnostics if d.code == "field-repaired"] == [True]


def test_commas_before_three_digits_are_not_guessed(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=["1,200", "20", "30", "40"])]))
    assert run.lines == []
    assert "'1,200', and before three digits a comma may be a decimal one" in run.report.diagnostics[0].message


@pytest.mark.parametrize(
    "place",
    [
        {"segmentation": [["1,000", "2,000", "3,000", "4,000", "5,000", "6,000"]]},
        {"segmentation": {"size": [80, 100], "counts": ["1,000", "2,000"]}},
        {"keypoints": ["1,000", "2,000", "2"]},
    ],
    ids=["outline", "runs", "keypoints"],
)
@pytest.mark.parametrize("box", [[10, 10, 5, 5], None], ids=["box", "no box"])
def test_commas_that_may_be_either_beside_a_box_leave_the_box(
    convert: Convert, place: dict[str, Any], box: list[int] | None
) -> None:
    run = convert(coco([annotation(1, bbox=box, **place)]))
    assert [x["bbox"]["left"] for x in run.lines] == ([10] if box else [])
    assert any("before three digits a comma may be" in d.message for d in run.report.diagnostics)
    assert [name for name in run.report.classes if "unreadable" in name] == []
