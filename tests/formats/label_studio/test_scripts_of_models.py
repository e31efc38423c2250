"""Exports as programs write them that let a model label: tracks of every frame, times without a length, quotes with blanks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import region, task, write
from harness import codes, lines


def track(*frames: tuple[int, bool, float]) -> dict[str, Any]:
    """A track of boxes: frame, whether it is enabled, x."""
    sequence = [{"frame": n, "enabled": on, "x": x, "y": 10, "width": 20, "height": 20} for n, on, x in frames]
    value = {"labels": ["hand"], "framesCount": frames[-1][0], "sequence": sequence}
    return region("videorectangle", value, original_width=100, original_height=100)


def shown(tmp_path: Path, given: dict[str, Any]) -> tuple[Any, int]:
    """First and last frame and left side of each stretch; how many tracks were mended."""
    report = to_labelbox.convert(write(tmp_path, [task([given], {"shown": "v.mp4"})]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    ends = [
        [(key["frame"], key["bbox"]["left"]) for key in (part["keyframes"][0], part["keyframes"][-1])]
        for part in line["segments"]
    ]
    return ends, codes(report).get("field-repaired", 0)


def test_frames_that_are_all_told_are_hidden_where_they_are_disabled(tmp_path: Path) -> None:
    given = track(
        (1, False, 0), (2, False, 0), (3, True, 10), (4, True, 11), (5, False, 11), (6, False, 11), (7, True, 30)
    )
    assert shown(tmp_path, given) == ([[(3, 10), (4, 11)], [(7, 30), (7, 30)]], 1)


def test_a_way_up_to_a_run_of_disabled_frames(tmp_path: Path) -> None:
    given = track((1, True, 0), (5, False, 8), (6, False, 8), (9, True, 30))
    assert shown(tmp_path, given) == ([[(1, 0), (4, 6)], [(9, 30), (9, 30)]], 1)


def test_a_disabled_frame_alone_is_the_last_one_shown(tmp_path: Path) -> None:
    given = track((1, True, 0), (5, False, 8), (7, False, 9), (9, True, 30))
    assert shown(tmp_path, given) == ([[(1, 0), (5, 8)], [(7, 9), (7, 9)], [(9, 30), (9, 30)]], 0)


@pytest.mark.parametrize("file", ["s3://bucket/call", "call.wav"])
def test_times_with_parts_of_a_second_are_those_of_a_sound(tmp_path: Path, file: str) -> None:
    place = {"start": 0.5, "end": 1.25}
    given = [region("labels", {**place, "labels": ["guest"]}), region("textarea", {**place, "text": ["yes"]})]
    to_labelbox.convert(write(tmp_path, [task(given, {"shown": file})]), tmp_path / "out")
    (row,) = lines(tmp_path / "out", "data_rows.ndjson")
    assert row["media_type"] == "AUDIO"
    (line,) = lines(tmp_path / "out")
    assert line["answer"][0]["frames"] == [{"start": 500, "end": 1250}]


def test_a_blank_in_the_quote_for_a_line_break(tmp_path: Path) -> None:
    value = {"start": 0, "end": 10, "text": "first line", "labels": ["w"]}
    given = task([region("labels", value)], {"shown": "first\nline here"})
    report = to_labelbox.convert(write(tmp_path, [given]), tmp_path / "out")
    assert (report.annotations.converted, report.annotations.approximated) == (1, 0)


def outline(x: float) -> dict[str, Any]:
    points = [{"x": x, "y": 10}, {"x": x + 40, "y": 10}, {"x": x + 40, "y": 60}]
    return region(
        "polygonlabels", {"points": points, "polygonlabels": ["v"]}, f"{x}", original_width=200, original_height=100
    )


def test_vertices_as_objects(tmp_path: Path) -> None:
    to_labelbox.convert(write(tmp_path, [task([outline(10)])]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert [(p["x"], p["y"]) for p in line["polygon"]] == [(20, 10), (100, 10), (100, 60)]


def test_vertices_as_objects_are_evidence(tmp_path: Path) -> None:
    with pytest.raises(to_labelbox.UsageError, match="units=pixel"):
        to_labelbox.convert(write(tmp_path, [task([outline(110), outline(120)])]), tmp_path / "out")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_frames_without_a_number(tmp_path: Path, number: str) -> None:
    ranges = [{"start": 2, "end": number}]
    given = task([region("timelinelabels", {"ranges": ranges, "timelinelabels": ["run"]})], {"shown": "a.mp4"})
    report = to_labelbox.convert(write(tmp_path, [given]), tmp_path / "out")
    assert codes(report)["frame-invalid"] == 1


def test_seconds_where_frames_are_expected(tmp_path: Path) -> None:
    def timeline(id: str, start: float, end: float) -> dict[str, Any]:
        return region("timelinelabels", {"ranges": [{"start": start, "end": end}], "timelinelabels": ["run"]}, id)

    given = task([timeline("a", 1.52, 3.27), timeline("b", 2, 5.0)], {"shown": "a.mp4"})
    report = to_labelbox.convert(write(tmp_path, [given]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert line["answer"][0]["frames"] == [{"start": 2, "end": 5}]
    (told,) = (d for d in report.diagnostics if d.code == "frame-invalid")
    assert "does not count whole frames" in told.message
