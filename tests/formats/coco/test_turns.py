"""Boxes with a turn that COCO does not define: read as the outlines of other records say, else asked about."""

from __future__ import annotations

from math import cos, pi, radians, sin
from typing import Any

import pytest

from harness import Convert, annotation, coco
from to_labelbox.report.errors import UsageError

BOX = [30, 30, 40, 20]


def corners(degrees: float, x: float, y: float, box: Any = BOX) -> list[list[float]]:
    """The corners of a box that is turned clockwise about x, y, worked out point by point."""
    left, top, width, height = box
    c, s = cos(radians(degrees)), sin(radians(degrees))
    given = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return [[v for a, b in given for v in (x + (a - x) * c - (b - y) * s, y + (a - x) * s + (b - y) * c)]]


def ring(line: Any) -> list[float]:
    return [p[side] for p in line["polygon"] for side in "xy"]


def same(one: Any, other: Any) -> bool:
    pairs = [{(round(ring[n], 6), round(ring[n + 1], 6)) for n in range(0, 8, 2)} for ring in (one, other)]
    return pairs[0] == pairs[1]


@pytest.mark.parametrize("field", ["rotation", "angle", "theta"])
def test_a_turn_beside_a_box_is_asked_about(convert: Convert, field: str) -> None:
    with pytest.raises(UsageError) as asked:
        convert(coco([annotation(1, bbox=BOX, **{field: 30})]))
    assert f"1 box has a turn, in {field}, of up to 30" in str(asked.value)
    assert "-O rotation=counterclockwise " in str(asked.value)
    assert "radians" not in str(asked.value)
    with pytest.raises(UsageError, match="rotation=clockwise_radians"):
        convert(coco([annotation(1, bbox=BOX, **{field: 0.5})]))


@pytest.mark.parametrize("geometry", ["auto", "bbox"])
@pytest.mark.parametrize(
    ("how", "turn", "degrees", "x", "y"),
    [
        ("clockwise", 30, 30, 50, 40),
        ("counterclockwise", 30, -30, 50, 40),
        ("clockwise_radians", pi / 3, 60, 50, 40),
        ("counterclockwise_radians", pi / 3, -60, 50, 40),
        ("corner", 20, 20, 30, 30),
    ],
)
def test_an_answer_turns_it(
    convert: Convert, how: str, turn: float, degrees: float, x: float, y: float, geometry: str
) -> None:
    options = {"rotation": how}
    run = convert(coco([annotation(1, bbox=BOX, angle=turn)]), options=options, geometry=geometry)
    (line,) = run.lines
    (drawn,) = corners(degrees, x, y)
    if geometry == "auto":
        assert same(ring(line), drawn)
        assert run.tally("car") == (1, 1, 0, 0, 0)
    else:
        assert line["bbox"]["left"] == pytest.approx(min(drawn[::2]))
        assert line["bbox"]["height"] == pytest.approx(max(drawn[1::2]) - min(drawn[1::2]))
    assert not run.report.unread


def test_a_turn_that_is_ignored_or_an_answer_leaves_the_box(convert: Convert) -> None:
    run = convert(coco([annotation(1, bbox=BOX, angle=30)]), options={"rotation": "ignored"})
    assert run.lines[0]["bbox"] == {"left": 30, "top": 30, "width": 40, "height": 20}
    assert [u.name for u in run.report.unread] == ["angle"]
    run = convert(coco([annotation(1, bbox=BOX, rotation=30)]), options={"fields": "rotation"})
    assert run.lines[0]["bbox"] == {"left": 30, "top": 30, "width": 40, "height": 20}
    assert run.lines[0]["classifications"] == [{"name": "rotation", "answer": {"name": "30"}}]


@pytest.mark.parametrize("turn", [0, 0.0, None, "0"])
def test_no_turn_is_no_question(convert: Convert, turn: Any) -> None:
    assert "bbox" in convert(coco([annotation(1, bbox=BOX, rotation=turn)])).lines[0]


def test_a_turn_beside_an_outline_of_its_own_is_no_question(convert: Convert) -> None:
    given = annotation(1, bbox=BOX, rotation=20, segmentation=[[30, 30, 70, 31, 60, 50]])
    run = convert(coco([given]))
    assert ring(run.lines[0]) == [30, 30, 70, 31, 60, 50]
    assert [u.name for u in run.report.unread] == ["rotation"]


@pytest.mark.parametrize(
    ("turn", "degrees", "x", "y", "said"),
    [
        (lambda n: 20 + n, 1, 50, 40, "degrees clockwise about the centre of the box"),
        (lambda n: 20 + n, -1, 50, 40, "degrees counterclockwise about its centre"),
        (lambda n: radians(20 + n), 1, 50, 40, "radians clockwise about its centre"),
        (lambda n: radians(20 + n), -1, 50, 40, "radians counterclockwise about its centre"),
        (lambda n: 20 + n, 1, 30, 30, "degrees clockwise about its top left corner, as Label Studio turns"),
    ],
)
def test_outlines_of_other_boxes_say_how_it_is_meant(
    convert: Convert, turn: Any, degrees: int, x: float, y: float, said: str
) -> None:
    given = [
        annotation(n, bbox=BOX, theta=turn(n), segmentation=corners(degrees * (20 + n), x, y)) for n in range(1, 4)
    ]
    run = convert(coco([*given, annotation(9, bbox=BOX, theta=turn(9))]))
    assert same(ring(run.lines[3]), corners(degrees * 29, x, y)[0])
    assert [(a.taken, a.for_, a.option) for a in run.report.assumptions] == [(said, 3, "-O rotation=ignored")]
    assert not run.report.unread


def test_boxes_around_outlines_are_upright(convert: Convert) -> None:
    """The box is what lies around the object, the angle its heading."""
    outline = [[30, 40, 50, 30, 70, 42, 45, 50]]
    given = [annotation(n, bbox=BOX, angle=10 + n, segmentation=outline) for n in range(1, 4)]
    run = convert(coco([*given, annotation(9, bbox=BOX, angle=30)]))
    assert run.lines[3]["bbox"] == {"left": 30, "top": 30, "width": 40, "height": 20}
    assert [a.option for a in run.report.assumptions] == ["-O rotation=clockwise"]
    assert [u.name for u in run.report.unread] == ["angle"]


def test_five_numbers_are_asked_about_then_read(convert: Convert) -> None:
    given = coco([annotation(n, bbox=[50, 40, 40, 20, 30]) for n in range(1, 4)])
    with pytest.raises(UsageError, match="-O boxes=cxcywh"):
        convert(given)
    with pytest.raises(UsageError, match="as a fifth number"):
        convert(given, options={"boxes": "cxcywh"})
    run = convert(given, options={"boxes": "cxcywh", "rotation": "clockwise"})
    assert same(ring(run.lines[0]), corners(30, 50, 40)[0])
    run = convert(given, options={"boxes": "xywh", "rotation": "counterclockwise"})
    assert same(ring(run.lines[0]), corners(-30, 70, 50, [50, 40, 40, 20])[0])
    with pytest.raises(UsageError, match="-O boxes=cxcywh"):
        convert(given, options={"rotation": "ignored"})
    run = convert(given, options={"boxes": "cxcywh", "rotation": "ignored"})
    assert run.lines[0]["bbox"] == {"left": 30, "top": 30, "width": 40, "height": 20}


def test_pictures_say_what_five_numbers_are(convert: Convert) -> None:
    """Boxes of 20 pixels at the right border lie on the picture only about their centres."""
    given = [annotation(n, bbox=[85, 20 + n, 20, 20, 30]) for n in range(1, 4)]
    run = convert(coco(given), options={"rotation": "clockwise"})
    assert same(ring(run.lines[0]), corners(30, 85, 21, [75, 11, 20, 20])[0])
    assert [(a.taken, a.for_, a.option) for a in run.report.assumptions] == [
        ("x and y of the centre, width, height", 3, "-O boxes=xywh")
    ]


def test_outlines_say_what_five_numbers_are(convert: Convert) -> None:
    given = [annotation(n, bbox=[50, 40, 40, 20, 10 + n], segmentation=corners(-10 - n, 50, 40)) for n in range(1, 4)]
    run = convert(coco([*given, annotation(9, bbox=[50, 40, 40, 20, 30])]))
    assert same(ring(run.lines[3]), corners(-30, 50, 40)[0])
    assert {a.option for a in run.report.assumptions} == {"-O boxes=xywh", "-O rotation=ignored"}


def test_plain_boxes_among_turned_ones_stay_upright(convert: Convert) -> None:
    run = convert(
        coco([annotation(1, bbox=BOX, rotation=90), annotation(2, bbox=BOX, rotation=0), annotation(3, bbox=BOX)]),
        options={"rotation": "clockwise"},
    )
    assert [set(line) & {"bbox", "polygon"} for line in run.lines] == [{"polygon"}, {"bbox"}, {"bbox"}]


def test_pictures_say_that_y_comes_first(convert: Convert) -> None:
    """As MVTec writes them: row, column, sides, radians counterclockwise. A column of 95 is no row of a picture of 80."""
    given = [annotation(n, bbox=[40, 90 - n, 12, 6, pi / 6]) for n in range(1, 5)]
    run = convert(coco(given), options={"rotation": "counterclockwise_radians"})
    assert same(ring(run.lines[0]), corners(-30, 89, 40, [83, 37, 12, 6])[0])
    assert [a.taken for a in run.report.assumptions] == ["y and x of the centre, width, height"]


def test_five_numbers_in_a_field_of_their_own_are_read_where_there_is_no_box(convert: Convert) -> None:
    options = {"boxes": "cxcywh", "rotation": "clockwise"}
    run = convert(coco([annotation(1, rbbox=[50, 40, 40, 20, 30])]), options=options)
    assert same(ring(run.lines[0]), corners(30, 50, 40)[0])
    assert not run.report.unread


@pytest.mark.parametrize("level", [0, 0.0, -0.0, None])
def test_boxes_without_a_turn_are_not_looked_at_one_by_one(
    convert: Convert, monkeypatch: pytest.MonkeyPatch, level: float | None
) -> None:
    monkeypatch.setattr("to_labelbox_formats.coco.conventions.turns.read_record", None)
    boxes = [annotation(n, bbox=BOX, rotation=level) for n in range(1, 1200)]
    assert len(convert(coco(boxes)).lines) == 1199
    monkeypatch.undo()
    with pytest.raises(UsageError, match="1 box has a turn"):
        convert(coco([*boxes, annotation(1200, bbox=BOX, rotation="0.5")]))


@pytest.mark.parametrize("turned", [0, 2])
def test_five_numbers_are_read_where_nearly_all_turns_are_0(convert: Convert, turned: int) -> None:
    boxes = [annotation(n, bbox=[0, 0, 80, 60, 30 if n <= turned else 0]) for n in range(1, 10)]
    options = {"rotation": "clockwise"} if turned else {}
    run = convert(coco(boxes), options=options)
    assert [line["bbox"] for line in run.lines if "bbox" in line] == [
        {"left": 0, "top": 0, "width": 80, "height": 60}
    ] * (9 - turned)
    assert any("first four of five" in str(one) for one in run.report.assumptions)
    if turned:
        with pytest.raises(UsageError, match="2 boxes have a turn, as a fifth number"):
            convert(coco(boxes))


def test_boxes_each_by_their_own_numbers_may_be_of_five(convert: Convert) -> None:
    boxes = [annotation(n, bbox=[*BOX, 30]) for n in range(1, 5)]
    run = convert(coco(boxes), options={"boxes": "each", "rotation": "clockwise"})
    assert all(same(ring(line), corners(30, 50, 40)[0]) for line in run.lines)
    assert len(run.lines) == 4


def test_outlines_at_the_end_of_a_file_say_how_turns_are_meant(convert: Convert) -> None:
    """As where parts of two tools were put together: what is looked at lies all over the file."""
    bare = [annotation(n, bbox=BOX, theta=20) for n in range(1, 700)]
    given = [annotation(n, bbox=BOX, theta=20, segmentation=corners(20, 50, 40)) for n in range(700, 800)]
    run = convert(coco([*bare, *given]))
    assert same(ring(run.lines[0]), corners(20, 50, 40)[0])
    (told,) = run.report.assumptions
    assert (told.taken, told.against) == ("degrees clockwise about the centre of the box", 0)
    assert 20 <= told.for_ <= 30
    assert told.for_ + told.unknown == 200
