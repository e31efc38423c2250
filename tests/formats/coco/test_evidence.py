"""Evidence within a file against COCO's conventions: units by kind, outlines beside boxes, runs, visibilities, classes of images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness import Convert, annotation, coco, image, pixels
from to_labelbox import UsageError

WIDTH, HEIGHT = 1000, 500
BOXES = [(40 * n + 10, 20 * n + 10, 200 + n, 100 + n) for n in range(12)]
NAMES = ["a", "b", "c"]


def document(given: list[dict[str, Any]]) -> Any:
    records = [annotation(n, image_id=n, **fields) for n, fields in enumerate(given)]
    images = [image(n, f"{n}.jpg", WIDTH, HEIGHT) for n in range(len(given))]
    return coco(records, images, [{"id": 1, "name": "car", "keypoints": NAMES}])


def outline(box: Any, x: float = 1, y: float = 1) -> list[list[float]]:
    left, top, width, height = box
    ring = [left, top, left + width, top + height * 0.4, left + width * 0.6, top + height]
    return [[v * (y if n % 2 else x) for n, v in enumerate(ring)]]


def keypoints(box: Any, v: float, x: float = 1, y: float = 1) -> list[float]:
    left, top, width, height = box
    return [z for n in (1, 2, 3) for z in ((left + width * n / 4) * x, (top + height * n / 4) * y, v)]


def points(run: Any) -> list[tuple[float, float]]:
    return [(line["point"]["x"], line["point"]["y"]) for line in run.lines if "point" in line]


def assumed(run: Any) -> dict[str, Any]:
    return {a.what.partition(" (")[0]: a for a in run.report.assumptions}


# ----------------------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize("odd", [[0.5, 0.5, 0.4, 1.2], [-0.02, 0.5, 0.5, 0.2], [0.5, 0.5, 0.4, 1.6], [0, 0, 200, 100]])
def test_fractions_are_a_question_though_some_lie_beside_the_picture(convert: Convert, odd: list[float]) -> None:
    boxes = [[b[0] / WIDTH, b[1] / HEIGHT, b[2] / WIDTH, b[3] / HEIGHT] for b in BOXES]
    with pytest.raises(UsageError, match=r"-O units=normalised .*\n.*-O units=pixels") as asked:
        convert(document([{"bbox": box} for box in [*boxes, odd]]))
    assert ("-O units=each" in str(asked.value)) == (max(odd) > 2)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (lambda b: {"bbox": list(b), "segmentation": outline(b, 1 / WIDTH, 1 / HEIGHT)}, "outlines"),
        (lambda b: {"bbox": list(b), "keypoints": keypoints(b, 2, 1 / WIDTH, 1 / HEIGHT)}, "keypoints"),
    ],
)
def test_one_kind_in_fractions_is_a_question(convert: Convert, fields: Any, kind: str) -> None:
    given = document([fields(box) for box in BOXES])
    with pytest.raises(UsageError, match=rf"its {kind} are below 2.*while its boxes are pixels"):
        convert(given)
    run = convert(given, options={"units": "each"})
    first = run.lines[0]
    if kind == "outlines":
        ring = [v for p in first["polygon"][:3] for v in (p["x"], p["y"])]
        assert ring == pytest.approx(outline(BOXES[0])[0])
    else:
        assert first["bbox"] == {"left": 10, "top": 10, "width": 200, "height": 100}
        expected = [(x, y) for b in BOXES for x, y, _ in zip(*[iter(keypoints(b, 2))] * 3)]
        assert points(run) == [pytest.approx(p) for p in expected]
    small = convert(given, options={"units": "pixels"})
    places = [v for line in small.lines for p in (*line.get("polygon", ()), line.get("point", {})) for v in p.values()]
    assert max(places) < 1


@pytest.mark.parametrize("share", [2, 4])
def test_some_fractions_among_pixels_are_a_question(convert: Convert, share: int) -> None:
    given = document([{"bbox": list(b) if n % share else fractions(b)} for n, b in enumerate(BOXES)])
    with pytest.raises(UsageError, match=rf"boxes of {12 // share} of 12 .*\n.*\n.*-O units=each"):
        convert(given)
    places = [
        tuple(line["bbox"][side] for side in ("left", "top", "width", "height"))
        for line in convert(given, options={"units": "each"}).lines
    ]
    assert places == [pytest.approx(box) for box in BOXES]


def test_fractions_on_pictures_of_unknown_size_are_told(convert: Convert) -> None:
    given = document([{"bbox": list(b) if n % 2 else fractions(b)} for n, b in enumerate(BOXES)])
    for picture in given["images"]:
        del picture["width"], picture["height"]
    told = assumed(convert(given))["unit of boxes"]
    assert (told.taken, told.for_, told.against, told.option) == ("pixels", 6, 6, "-O units=each")


def test_each_outline_is_read_by_its_own_numbers(convert: Convert) -> None:
    given = document(
        [{"segmentation": outline(b, *((1, 1) if n % 3 else (1 / WIDTH, 1 / HEIGHT)))} for n, b in enumerate(BOXES)]
    )
    with pytest.raises(UsageError, match="outlines of 4 of 12"):
        convert(given)
    lines = convert(given, options={"units": "each"}).lines
    assert [(line["polygon"][0]["x"], line["polygon"][0]["y"]) for line in lines] == [
        pytest.approx(b[:2]) for b in BOXES
    ]


def fractions(box: Any) -> list[float]:
    return [box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT]


# ---------------------------------------------------------------------------------------------- outlines and boxes


ELSEWHERE = [
    (lambda b: [b[0] + b[2] / 2, b[1] + b[3] / 2, b[2], b[3]], "centre, width, height, 12 would not"),
    (lambda b: [b[1] + 600, b[0], b[2], b[3]], "lie elsewhere than their boxes"),
]


@pytest.mark.parametrize(("box", "said"), ELSEWHERE)
def test_outlines_that_all_lie_elsewhere_than_their_boxes_are_a_question(convert: Convert, box: Any, said: str) -> None:
    given = document([{"bbox": box(b), "segmentation": outline(b)} for b in BOXES])
    with pytest.raises(UsageError, match=rf"outlines of 12 of 12 .*{said}") as asked:
        convert(given)
    assert ("-O boxes=cxcywh" in str(asked.value)) == ("centre" in said)
    with pytest.raises(UsageError, match="-O places=outlines") as asked:
        convert(given, options={"boxes": "xywh"})
    assert "-O boxes=" not in str(asked.value)
    run = convert(given, options={"places": "outlines"})
    assert "polygon" in run.lines[0]
    assert assumed(run)["where objects are"].taken.startswith("at their outlines")
    boxes = convert(given, geometry="bbox")
    assert assumed(boxes)["where objects are"].taken.startswith("at their boxes")
    assert "bbox" in boxes.lines[0]


@pytest.mark.parametrize(("box", "said"), ELSEWHERE)
def test_outlines_of_which_many_lie_elsewhere_are_told(convert: Convert, box: Any, said: str) -> None:
    given = [{"bbox": box(b) if n % 3 else list(b), "segmentation": outline(b)} for n, b in enumerate(BOXES)]
    told = assumed(convert(document(given)))["where objects are"]
    assert told.taken.startswith("at their outlines")
    assert (told.for_, told.against, told.option) == (4, 8, "--geometry bbox")
    assert said.replace("12", "8") in told.why


def test_thin_outlines_beside_boxes_of_a_pixel_are_not_told(convert: Convert) -> None:
    given = [
        {"bbox": [b[0], b[1], b[2], 1], "segmentation": [[b[0], b[1], b[0] + 9, b[1], b[0] + b[2], b[1]]]}
        for b in BOXES
    ]
    assert "where objects are" not in assumed(convert(document(given)))


def test_outlines_in_their_boxes_are_not_told(convert: Convert) -> None:
    given = [{"bbox": [b[0] - 9, b[1], b[2] + 9, b[3] + 20], "segmentation": outline(b)} for b in BOXES]
    assert "where objects are" not in assumed(convert(document(given)))


# ------------------------------------------------------------------------------------------------------------ RLEs


def mask(box: Any) -> Any:
    left, top, width, height = box
    found = np.zeros((HEIGHT, WIDTH), bool)
    found[top : top + height, left : left + width] = True
    found[top : top + 9, left : left + 9] = False
    return found


def drawn(line: Any) -> Any:
    return pixels(line["mask"]["png"]) > 0


def runs(array: Any, order: Any) -> list[int]:
    flat = array.flatten(order=order)
    ends = [*(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    found: list[int] = np.diff([0, *ends]).tolist()
    return found


@pytest.mark.parametrize("size", [[HEIGHT, WIDTH], [WIDTH, HEIGHT]])
def test_runs_along_rows_are_read_so_where_only_then_masks_fit(convert: Convert, size: list[int]) -> None:
    segmentation = [{"size": size, "counts": runs(mask(box), "C")} for box in BOXES]
    given = document([{"bbox": list(b), "segmentation": s} for b, s in zip(BOXES, segmentation)])
    run = convert(given)
    told = assumed(run)["runs of RLEs"]
    assert (told.taken, told.for_, told.option) == ("along rows", 12, "-O rle_sides=stated")
    assert all((drawn(line) == mask(box)).all() for line, box in zip(run.lines, BOXES))
    stated = convert(given, options={"rle_sides": "stated"})
    assert not assumed(stated)
    assert not any("mask" in line and (drawn(line) == mask(box)).all() for line, box in zip(stated.lines, BOXES))


def test_few_runs_along_rows_are_told_and_read_as_stated(convert: Convert) -> None:
    segmentation = [{"size": [HEIGHT, WIDTH], "counts": runs(mask(b), "FC"[n < 2])} for n, b in enumerate(BOXES)]
    run = convert(document([{"bbox": list(b), "segmentation": s} for b, s in zip(BOXES, segmentation)]))
    told = assumed(run)["runs of RLEs"]
    assert (told.taken, told.for_, told.against) == ("down columns", 10, 2)
    assert (drawn(run.lines[-1]) == mask(BOXES[-1])).all()


# ------------------------------------------------------------------------------------------------------- keypoints


def test_keypoints_that_are_all_absent_at_their_places_are_a_question(convert: Convert) -> None:
    given = document([{"bbox": list(b), "keypoints": [*keypoints(b, 0)[:6], 0, 0, 0]} for b in BOXES])
    with pytest.raises(UsageError, match=r"all 24 keypoints (.*\n)+.*-O visibility=placed .*\n.*-O visibility=coco"):
        convert(given)
    run = convert(given, options={"visibility": "placed"})
    assert len(points(run)) == 24
    assert not any("visibility" in str(line) for line in run.lines)
    assert not points(convert(given, options={"visibility": "coco"}))


def test_pairs_of_as_many_keypoints_as_have_names_are_read(convert: Convert) -> None:
    pairs = [v for n, v in enumerate(keypoints(BOXES[0], 2)) if n % 3 < 2]
    run = convert(document([{"bbox": list(BOXES[0]), "keypoints": [0, 0, *pairs[2:]]}]))
    assert points(run) == [tuple(pairs[2:4]), tuple(pairs[4:])]
    assert [line["name"] for line in run.lines[1:]] == ["car/b", "car/c"]
    assert run.codes["field-repaired"] == 1


# -------------------------------------------------------------------------------------------------- classes of images


@pytest.mark.parametrize("first", [True, False])
def test_annotations_without_any_place_are_classes_of_images_wherever_they_stand(convert: Convert, first: bool) -> None:
    boxes: list[dict[str, Any]] = [{"bbox": list(box)} for box in BOXES]
    given = [*[{}] * 4, *boxes] if first else [*boxes, *[{}] * 4]
    run = convert(document(given))
    assert run.tally("car") == (16, 16, 0, 0, 0)
    assert [line["answer"] for line in run.lines if "bbox" not in line] == [{"name": "car"}] * 4


def test_a_few_records_that_lost_their_place_are_skipped(convert: Convert) -> None:
    run = convert(document([*[{"bbox": list(box)} for box in BOXES], {}, {"bbox": []}]))
    assert run.tally("car") == (14, 12, 0, 0, 2)
