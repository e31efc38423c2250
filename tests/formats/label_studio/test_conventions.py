"""Conventions that an export does not state: told with their evidence, flipped by their option, asked where it is against."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, region, task, write
from builders.label_studio import picture
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


def outline(x: float, y: float, side: float, id: str) -> dict[str, Any]:
    points = [[x, y], [x + side, y], [x + side, y + side]]
    return region("polygonlabels", {"points": points, "polygonlabels": ["car"]}, id, **SIZE)


def test_outlines_in_pixels_are_evidence_too(tmp_path: Path) -> None:
    file = write(tmp_path, [task([outline(110, 20, 50, "a"), outline(120, 30, 40, "b")])])
    with pytest.raises(UsageError, match="units=pixel"):
        to_labelbox.convert(file, tmp_path / "out")


def test_fractions_of_the_picture_are_asked_about(tmp_path: Path) -> None:
    value = {"x": 0.5, "y": 0.25, "width": 0.25, "height": 0.5, "rectanglelabels": ["car"]}
    given = [region("rectanglelabels", value, "r", **SIZE), outline(0.1, 0.2, 0.5, "p"), outline(0, 0.5, 0.5, "q")]
    file = write(tmp_path, [task(given)])
    with pytest.raises(UsageError) as asked:
        to_labelbox.convert(file, tmp_path / "out")
    assert "all 3 regions" in str(asked.value)
    to_labelbox.convert(file, tmp_path / "out", options={"units": "fraction"})
    first, second, _ = lines(tmp_path / "out")
    width, height = SIZE["original_width"], SIZE["original_height"]
    assert first["bbox"] == {"top": height / 4, "left": width / 2, "height": height / 2, "width": width / 4}
    assert second["polygon"][0] == pytest.approx({"x": width / 10, "y": height / 5})
    small = to_labelbox.convert(file, tmp_path / "small", options={"units": "percent"})
    assert small.annotations.read == 3
    two = write(tmp_path, [task(given[:2])])
    assert to_labelbox.convert(two, tmp_path / "two").annotations.read == 2


def test_a_unit_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="percent, pixel"):
        to_labelbox.convert(write(tmp_path, [task([box()])]), tmp_path / "out", options={"units": "inch"})


# -------------------------------------------------------------------------------------------------------- frames

FRAMES = {"frames of videos": ("those of the file", 0, 0, 1, "-O frame_rate=COUNTED:OWN")}


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
        assert assumed(report) == FRAMES
        firsts[base] = lines(tmp_path / "out")[0]["segments"][0]["keyframes"][0]["frame"]
    assert firsts == {0: 1, 1: 9}


def test_one_frame_zero_among_others_is_told(tmp_path: Path) -> None:
    file = write(tmp_path, [task([track("a", 0, 9), track("b", 1, 9), track("c", 5)], {"shown": "v.mp4"})])
    found = assumed(to_labelbox.convert(file, tmp_path / "out"))
    assert found == {**FRAMES, "number of a video's first frame": ("1", 2, 1, 0, "-O frame_base=0")}


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


# ----------------------------------------------------------------------------------------------- turned rectangles


def turned(id: str, x: float, y: float) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": 20, "height": 10, "rotation": 90, "rectanglelabels": ["car"]}
    return region("rectanglelabels", value, id, **SIZE)


def corners(out: Path) -> set[tuple[int, int]]:
    return {(round(p["x"]), round(p["y"])) for p in lines(out)[0]["polygon"]}


def test_what_turned_rectangles_are_turned_about_is_told_and_can_be_flipped(tmp_path: Path) -> None:
    file = write(tmp_path, [task([turned("a", 50, 30)])])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert assumed(report) == {"point that rectangles are turned about": ("corner", 1, 0, 0, "-O pivot=centre")}
    assert corners(tmp_path / "out") == {(100, 30), (100, 70), (90, 70), (90, 30)}
    flipped = to_labelbox.convert(file, tmp_path / "flipped", options={"pivot": "centre"})
    assert assumed(flipped) == {}
    assert corners(tmp_path / "flipped") == {(125, 15), (125, 55), (115, 55), (115, 15)}


def test_rectangles_that_lie_in_their_picture_only_when_turned_about_their_centre(tmp_path: Path) -> None:
    file = write(tmp_path, [task([turned("a", 0, 70), turned("b", 0, 65), turned("c", 50, 20)])])
    with pytest.raises(UsageError, match="of 3 turned ones that were looked at 2"):
        to_labelbox.convert(file, tmp_path / "out")


# ----------------------------------------------------------------------------------------------- flat records


@pytest.mark.parametrize("form", ["json", "csv"])
def test_coordinates_of_flat_records_are_evidence_too(form: str, tmp_path: Path) -> None:
    boxes = [{"x": x, "y": 50, "width": 20, "height": 10, "rectanglelabels": ["car"]} for x in (150, 160, 30)]
    payloads = [{**b, "original_width": 200, "original_height": 100} for b in boxes]
    record = {"image": "a.jpg", "id": 1, "label": payloads, "annotator": 1, "annotation_id": 1}
    file = tmp_path / f"export.{form}"
    if form == "json":
        file.write_text(json.dumps([record]))
    else:
        cells = [json.dumps(v) if isinstance(v, list) else str(v) for v in record.values()]
        with file.open("w", newline="") as table:
            csv.writer(table).writerows([list(record), cells])
    with pytest.raises(UsageError, match="-O units=pixel "):
        to_labelbox.convert(file, tmp_path / "out")
    to_labelbox.convert(file, tmp_path / "out", options={"units": "pixel"})
    assert [line["bbox"]["left"] for line in lines(tmp_path / "out")] == [150, 160, 30]


# ----------------------------------------------------------------------------------------------- sounds and rates


def sound(id: str, start: float, end: float) -> dict[str, Any]:
    value = {"start": start, "end": end, "channel": 0, "labels": ["w"]}
    return region("labels", value, id, original_length=10.0)


def test_times_behind_the_end_of_their_sound_are_asked_about(tmp_path: Path) -> None:
    file = write(tmp_path, [task([sound("a", 2000, 4000), sound("b", 1, 3)], {"shown": "a.wav"})])
    assert assumed(to_labelbox.convert(file, tmp_path / "half")) == {
        "unit of times in sounds": ("seconds", 1, 1, 0, "-O times=milliseconds")
    }
    file = write(tmp_path, [task([sound("a", 2000, 4000)], {"shown": "a.wav"})])
    with pytest.raises(UsageError, match="-O times=milliseconds "):
        to_labelbox.convert(file, tmp_path / "out")
    to_labelbox.convert(file, tmp_path / "out", options={"times": "milliseconds"})
    (line,) = lines(tmp_path / "out")
    assert line["answer"][0]["frames"] == [{"start": 2000, "end": 4000}]


def test_frames_counted_at_another_rate_than_that_of_the_video(tmp_path: Path) -> None:
    file = write(tmp_path, [task([track("a", 1, 26)], {"shown": "v.mp4"})])
    report = to_labelbox.convert(file, tmp_path / "out", options={"frame_rate": "25:30"})
    assert assumed(report) == {}
    (segment,) = lines(tmp_path / "out")[0]["segments"]
    assert [k["frame"] for k in segment["keyframes"]] == [1, 31, 60]  # 50 frames of the export are 60 of the video
    for given in ("COUNTED:OWN", "25", "0:25"):
        with pytest.raises(UsageError, match=r"for example 25:29\.97"):
            to_labelbox.convert(file, tmp_path / "no", options={"frame_rate": given})


# ---------------------------------------------------------------------------------------------- turned pictures


@pytest.mark.parametrize(("stated", "counts"), [(True, (1, 0)), (False, (0, 1))])
def test_pictures_that_are_stored_turned(stated: bool, counts: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    picture(tmp_path / "media", (100, 200), 6)  # 200 × 100 as displayed
    size = SIZE if stated else dict.fromkeys(SIZE)
    file = write(tmp_path / "in", [task([box(**size)], {"shown": "a.jpg"})])
    media = tmp_path / "media"
    found = assumed(to_labelbox.convert(file, tmp_path / "out", media_root=media))
    assert found == {
        "side up of pictures that are stored turned": ("as displayed", *counts[:1], 0, *counts[1:], "--exif ignore")
    }
    flipped = to_labelbox.convert(file, tmp_path / "flipped", media_root=media, exif=False)
    assert assumed(flipped) == {}
    assert lines(tmp_path / "flipped")[0]["bbox"] != lines(tmp_path / "out")[0]["bbox"]
