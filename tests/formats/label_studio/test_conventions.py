"""Conventions that an export does not state: told with their evidence, flipped by their option, asked where it is against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, region, task, write
from harness import lines
from to_labelbox import UsageError


def assumed(report: to_labelbox.Report) -> dict[str, tuple[str, int, int, int, str]]:
    return {a.what: (a.taken, a.for_, a.against, a.unknown, a.option) for a in report.assumptions}


def pixels(id: str, x: float) -> dict[str, Any]:
    value = {"x": x, "y": 50, "width": 20, "height": 10, "rectanglelabels": ["car"]}
    return region("rectanglelabels", value, id, **SIZE)


# --------------------------------------------------------------------------------------------------------- units


def test_coordinates_that_fit_as_pixels_alone_are_asked_about(tmp_path: Path) -> None:
    file = write(tmp_path, [task([pixels("a", 150), pixels("b", 160), pixels("c", 30)])])
    with pytest.raises(UsageError) as asked:
        to_labelbox.convert(file, tmp_path / "out")
    assert "-O units=pixel " in str(asked.value)
    assert "-O units=percent " in str(asked.value)
    report = to_labelbox.convert(file, tmp_path / "out", options={"units": "pixel"})
    assert [line["bbox"]["left"] for line in lines(tmp_path / "out")] == [150, 160, 30]
    assert lines(tmp_path / "out")[0]["bbox"] == {"top": 50, "left": 150, "height": 10, "width": 20}
    assert assumed(report) == {}


def test_a_few_regions_beyond_their_picture_are_told(tmp_path: Path) -> None:
    file = write(tmp_path, [task([box("a"), box("b"), pixels("c", 150)])])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert assumed(report) == {"units of coordinates": ("percent", 2, 1, 0, "-O units=pixel")}


def test_shapes_in_pixels_that_are_not_plain(tmp_path: Path) -> None:
    circle = {"x": 100, "y": 50, "radiusX": 10, "radiusY": 10, "ellipselabels": ["car"]}
    turned = {**pixels("t", 50)["value"], "rotation": 90}
    given = [region("ellipselabels", circle, "e", **SIZE), region("rectanglelabels", turned, "t", **SIZE)]
    to_labelbox.convert(write(tmp_path, [task(given)]), tmp_path / "out", options={"units": "pixel"})
    ellipse, box_ = (line["polygon"] for line in lines(tmp_path / "out"))
    assert max(p["x"] for p in ellipse) == 110
    assert {(round(p["x"]), round(p["y"])) for p in box_} == {(50, 50), (50, 70), (40, 70), (40, 50)}


def test_a_unit_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="percent, pixel"):
        to_labelbox.convert(write(tmp_path, [task([box()])]), tmp_path / "out", options={"units": "inch"})


# -------------------------------------------------------------------------------------------------------- frames


def track(id: str, *frames: int) -> dict[str, Any]:
    keys = [{"frame": f, "x": 10, "y": 10, "width": 10, "height": 10, "enabled": True} for f in frames]
    return region("videorectangle", {"framesCount": 50, "sequence": keys, "labels": ["car"]}, id, **SIZE)


def test_frames_that_count_from_zero_are_asked_about(tmp_path: Path) -> None:
    file = write(tmp_path, [task([track("a", 0, 9)], {"shown": "v.mp4"})])
    with pytest.raises(UsageError, match="-O frame_base=0"):
        to_labelbox.convert(file, tmp_path / "out")
    firsts = {}
    for base in (0, 1):
        report = to_labelbox.convert(file, tmp_path / "out", options={"frame_base": str(base)}, overwrite=True)
        assert assumed(report) == {}
        firsts[base] = lines(tmp_path / "out")[0]["segments"][0]["keyframes"][0]["frame"]
    assert firsts == {0: 1, 1: 9}


def test_one_frame_zero_among_others_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, [task([track("a", 0, 9), track("b", 1, 9), track("c", 5)], {"shown": "v.mp4"})])
    found = assumed(to_labelbox.convert(file, tmp_path / "out"))
    assert found == {"number of a video's first frame": ("1", 2, 1, 0, "-O frame_base=0")}


# ---------------------------------------------------------------------------------------------------- annotations


def test_which_of_several_annotations_counts(tmp_path: Path) -> None:
    one = task([box("a", "old")])
    one["annotations"].append({"id": 11, "result": [box("b", "new")], "created_at": "2024-02-01T00:00:00Z"})
    file = write(tmp_path, [one, task([box("c")], {"shown": "b.jpg"}, 2)])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert assumed(report) == {"annotation of a task": ("best", 0, 0, 1, "-O annotator=all")}
    flipped = to_labelbox.convert(file, tmp_path / "all", options={"annotator": "all"})
    assert assumed(flipped) == {}
    assert len(lines(tmp_path / "all")) == len(lines(tmp_path / "out")) + 1


# --------------------------------------------------------------------------------------------------------- offsets

TEXT = "ab \U0001f600 cd ef"


def spans(folder: Path, options: dict[str, str], **quote: str) -> tuple[dict[str, Any], Any]:
    value = {"start": 8, "end": 10, "labels": ["w"], **quote}
    file = write(
        folder / "in", [task([region("labels", value, "s")], {"shown": TEXT})], '<Text name="shown" value="$shown"/>'
    )
    report = to_labelbox.convert(file, folder / "out", options=options, overwrite=True)
    (line,) = lines(folder / "out")
    return assumed(report), (line["location"]["start"], line["location"]["end"] + 1)


def test_offsets_that_no_text_confirms(tmp_path: Path) -> None:
    told, place = spans(tmp_path, {})
    assert told == {"unit of text offsets": ("code points", 0, 0, 1, "-O offsets=utf16")}
    assert place == (8, 10)
    told, place = spans(tmp_path, {"offsets": "utf16"})
    assert told == {}
    assert place == (7, 9)


def test_offsets_that_the_text_confirms_are_no_assumption(tmp_path: Path) -> None:
    assert spans(tmp_path, {}, text="ef") == ({}, (8, 10))
    assert spans(tmp_path, {}, text="ab")[0].keys() == {"unit of text offsets"}
