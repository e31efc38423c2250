"""A record that has to be mended says as much of how its export is to be read as a plain one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import PICTURE, SIZE, region, task, write
from harness import lines
from to_labelbox import UsageError

Value = dict[str, Any]


def boxes(**more: Any) -> list[Value]:
    """Rectangles that lie in a picture of 200 × 100 in pixels alone."""
    sides = [{"x": 110 + n, "y": 20 + n, "width": 30, "height": 20, "rectanglelabels": ["car"]} for n in range(4)]
    return [region("rectanglelabels", side, f"r{n}", **{**SIZE, **more}) for n, side in enumerate(sides)]


def outlines() -> list[Value]:
    points = [[["110", "20"], ["150", "20"], ["150", "60"]]] * 3
    return [
        region("polygonlabels", {"points": p, "polygonlabels": ["car"]}, f"p{n}", **SIZE) for n, p in enumerate(points)
    ]


def as_texts(regions: list[Value]) -> list[Value]:
    """Regions with their numbers in quotes."""
    return [{**r, "value": {k: v if isinstance(v, list) else str(v) for k, v in r["value"].items()}} for r in regions]


def annotated(result: Any) -> Any:
    return [{"id": 1, "data": {"shown": PICTURE}, "annotations": [{"id": 1, "result": result}]}]


MENDED: dict[str, Callable[[], Any]] = {
    "numbers as text": lambda: annotated(as_texts(boxes())),
    "a size as text": lambda: annotated(boxes(original_width="200", original_height="100")),
    "an outline of texts": lambda: annotated(outlines()),
    "a turn as text": lambda: annotated([{**r, "value": {**r["value"], "rotation": "0"}} for r in boxes()]),
    "a number that is none": lambda: annotated(boxes(score=float("nan"))),
    "a region without its list": lambda: [
        {"id": n, "data": {"shown": PICTURE}, "annotations": [{"id": n, "result": r}]} for n, r in enumerate(boxes())
    ],
    "regions in a text": lambda: annotated(json.dumps(boxes())),
    "a list in a list": lambda: annotated([boxes()]),
    "an annotation without its list": lambda: [
        {"id": 1, "data": {"shown": PICTURE}, "annotations": {"id": 1, "result": boxes()}}
    ],
    "flat records with their regions in a text": lambda: [
        {
            "shown": PICTURE,
            "id": 1,
            "rectanglelabels": json.dumps([{**r["value"], **SIZE} for r in boxes()]),
            "annotator": 1,
            "annotation_id": 1,
        }
    ],
}
CONFIG = '<Image name="shown" value="$shown"/><RectangleLabels name="rectanglelabels" toName="shown"><Label value="car"/></RectangleLabels><PolygonLabels name="polygonlabels" toName="shown"><Label value="car"/></PolygonLabels>'  # fmt: skip


@pytest.mark.parametrize("config", ["", CONFIG], ids=["without config", "with config"])
@pytest.mark.parametrize("made", MENDED.values(), ids=list(MENDED))
def test_pixels_are_asked_about(made: Callable[[], Any], config: str, tmp_path: Path) -> None:
    file = write(tmp_path, made(), config)
    with pytest.raises(UsageError, match="units=pixel"):
        to_labelbox.convert(file, tmp_path / "out")


def test_fractions_as_text_are_asked_about(tmp_path: Path) -> None:
    sides = {"x": 0.1, "y": 0.25, "width": 0.25, "height": 0.5, "rectanglelabels": ["car"]}
    given = as_texts([region("rectanglelabels", sides, id, **SIZE) for id in "abc"])
    with pytest.raises(UsageError, match="units=fraction"):
        to_labelbox.convert(write(tmp_path, annotated(given)), tmp_path / "out")


def test_frames_from_0_as_text_are_asked_about(tmp_path: Path) -> None:
    keys = [{"frame": str(n), "x": 1, "y": 1, "width": 5, "height": 5, "enabled": True} for n in range(3)]
    track = region("videorectangle", {"sequence": keys, "labels": ["car"], "framesCount": 9}, "t", **SIZE)
    with pytest.raises(UsageError, match="frame_base=0"):
        to_labelbox.convert(write(tmp_path, [task([track], {"shown": "a.mp4"})]), tmp_path / "out")


def test_milliseconds_as_text_are_asked_about(tmp_path: Path) -> None:
    sound = region("labels", {"start": "1000", "end": "2500", "labels": ["s"]}, "a", original_length="5.0")
    config = '<Audio name="shown" value="$shown"/><Labels name="labels" toName="shown"><Label value="s"/></Labels>'
    with pytest.raises(UsageError, match="times=milliseconds"):
        to_labelbox.convert(write(tmp_path, [task([sound], {"shown": "a.mp3"})], config), tmp_path / "out")


def test_spans_with_offsets_as_text_tell_the_field_of_the_text(tmp_path: Path) -> None:
    span = region("labels", {"start": "2", "end": "5", "text": "dog", "labels": ["w"]}, "s")
    data = {"note": "some words that nobody quotes, many of them", "body": "a dog"}
    to_labelbox.convert(write(tmp_path, [task([span], data)]), tmp_path / "out")
    assert [row["row_data"] for row in lines(tmp_path / "out", "data_rows.ndjson")] == ["a dog"]
