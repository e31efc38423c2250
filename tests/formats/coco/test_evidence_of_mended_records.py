"""A record that has to be mended says as much of how its file is to be read as a plain one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Convert, annotation, coco, image
from to_labelbox import UsageError

PLACES = [(40 + 30 * n, 50 + 20 * n, 60 + 3 * n, 50 + n) for n in range(10)]
PICTURE = [image(width=640, height=480)]
POINTS = [{"id": 1, "name": "car", "keypoints": ["l", "r", "m"]}]
NAN = float("nan")


def fractions(box: Any) -> list[float]:
    return [v / side for v, side in zip(box, (640, 480, 640, 480))]


def corners(box: Any) -> list[float]:
    return [box[0], box[1], box[0] + box[2], box[1] + box[3]]


def texts(values: Any) -> list[str]:
    return list(map(str, values))


def ring(box: Any) -> list[float]:
    x0, y0, x1, y1 = corners(box)
    return [x0, y0, x1, y0, x1, y1]


def given(**said: Any) -> Any:
    """Annotations that say this of each place."""
    told = [annotation(n, **{key: say(box) for key, say in said.items()}) for n, box in enumerate(PLACES)]
    return coco(told, PICTURE)


IN_FRACTIONS = {
    "area that is no number": {"bbox": fractions, "area": lambda _: NAN},
    "outline that is no number": {"bbox": fractions, "segmentation": lambda _: NAN},
    "numbers as text": {"bbox": lambda box: texts(fractions(box))},
    "an object": {"bbox": lambda box: dict(zip(("x", "y", "w", "h"), fractions(box)))},
    "a count that is no whole number": {"bbox": fractions, "num_keypoints": lambda _: 2.0},
    "an outline in a text": {"segmentation": lambda box: json.dumps([ring(fractions(box))])},
    "an outline in another field": {"poly": lambda box: ring(fractions(box))},
    "an outline of points": {
        "segmentation": lambda box: [list(zip(ring(fractions(box))[::2], ring(fractions(box))[1::2]))]
    },
}


@pytest.mark.parametrize("said", IN_FRACTIONS.values(), ids=list(IN_FRACTIONS))
def test_fractions(convert: Convert, said: Any) -> None:
    with pytest.raises(UsageError, match="fractions of the picture"):
        convert(given(**said))


@pytest.mark.parametrize("area", [str, lambda area: area])
@pytest.mark.parametrize("box", [lambda box: texts(corners(box)), corners])
def test_two_corners(convert: Convert, box: Any, area: Any) -> None:
    with pytest.raises(UsageError, match="look like two corners"):
        convert(given(bbox=box, area=lambda at: area(at[2] * at[3]), iscrowd=lambda _: "0"))


@pytest.mark.parametrize("box", [lambda box: texts(corners(box)), corners])
def test_each_box_goes_by_its_area(convert: Convert, box: Any) -> None:
    run = convert(given(bbox=box, area=lambda at: str(at[2] * at[3])), options={"boxes": "each"})
    assert [list(line["bbox"].values()) for line in run.lines] == [[y, x, h, w] for x, y, w, h in PLACES]


# ---------------------------------------------------------------------------------------------------- absent keypoints


def pointed(*points: Any) -> Any:
    return coco([annotation(bbox=[5, 5, 60, 60], keypoints=[v for point in points for v in point])], categories=POINTS)


@pytest.mark.parametrize("none", [None, NAN])
def test_a_keypoint_without_a_place_is_absent(convert: Convert, none: Any) -> None:
    run = convert(pointed((none, none, 0), (10, 20, 2), (30, 40, 2)))
    assert [line["point"] for line in run.lines[1:]] == [{"x": 10, "y": 20}, {"x": 30, "y": 40}]
    assert run.tally("car") == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("point", [(None, None, 2), (None, 7, 1), (9, 9, None), (NAN, NAN, NAN)])
def test_one_that_is_there_without_a_place_is_lost_alone(convert: Convert, point: Any) -> None:
    run = convert(pointed((10, 20, 2), point, (30, 40, 2)))
    assert [line["name"] for line in run.lines[1:]] == ["car/l", "car/m"]
    assert run.tally("car") == (1, 0, 1, 0, 0)
    assert run.codes["keypoints-invalid"] == 1
