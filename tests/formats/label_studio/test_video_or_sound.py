"""One file shown as a video and as sound: its data row, the frames of its times by hand, what is told and asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import region, task, write
from harness import lines
from to_labelbox import UsageError

BOTH = (
    '<Video name="video" value="$shown" {rate}/><Audio name="audio" value="$shown"/>'
    '<Labels name="labels" toName="audio"><Label value="S"/></Labels>'
)
TIMELINE = '<TimelineLabels name="timelinelabels" toName="video"><Label value="T"/></TimelineLabels>'
AUDIO = '<Audio name="audio" value="$shown"/><Labels name="labels" toName="audio"><Label value="S"/></Labels>'
WHAT = "video files whose sound is labelled"


def heard(start: float, end: float, id: str = "h") -> dict[str, Any]:
    value = {"start": start, "end": end, "channel": 0, "labels": ["S"]}
    return {**region("labels", value, id, original_length=10.0), "to_name": "audio"}


def seen(start: int, end: int) -> dict[str, Any]:
    value = {
        "ranges": [{"start": start, "end": end}],
        "timelinelabels": ["T"],
        "framesCount": 250,
        "duration": 10.0,
    }
    return {**region("timelinelabels", value, "s"), "to_name": "video"}


def made(tmp_path: Path, result: list[Any], config: str, file: str = "a.mp4", **options: Any) -> tuple[Any, Any, Any]:
    """Kind of data row, question to frames or milliseconds, and what was taken for granted."""
    source = write(tmp_path, [task(result, {"shown": file})], config)
    report = to_labelbox.convert(source, tmp_path / "out", options=options)
    (row,) = lines(tmp_path / "out", "data_rows.ndjson")
    found = {
        line["name"]: [(f["start"], f["end"]) for f in line["answer"][0]["frames"]] for line in lines(tmp_path / "out")
    }
    told = [(a.taken, a.for_, a.unknown, a.option) for a in report.assumptions if a.what == WHAT]
    return row["media_type"], found, told


VIDEO = [("video", 1, 0, "-O media=audio")]


@pytest.mark.parametrize(
    ("result", "config", "options", "found", "told"),
    [
        # frames 25 and 26 of the file, from 0, are those of 1.0 to 1.08 seconds at 25 a second
        ([heard(1.0, 1.08)], BOTH.format(rate=""), {"frame_rate": "25:25"}, {"labels": [(26, 27)]}, VIDEO),
        ([heard(1.0, 2.5)], BOTH.format(rate='framerate="10"'), {}, {"labels": [(11, 25)]}, VIDEO),
        ([heard(0.5, 0.5)], BOTH.format(rate='framerate="10"'), {}, {"labels": [(6, 6)]}, VIDEO),
        (
            [heard(1.0, 2.5), seen(3, 9)],
            BOTH.format(rate="") + TIMELINE,
            {},
            {"labels": [(26, 63)], "timelinelabels": [(3, 9)]},
            VIDEO,
        ),
        ([heard(1.0, 2.5), seen(3, 9)], "", {}, {"labels": [(26, 63)], "timelinelabels": [(3, 9)]}, VIDEO),
        ([heard(1.0, 2.5)], AUDIO, {"media": "video", "frame_rate": "24:25"}, {"labels": [(26, 63)]}, []),
        ([heard(1.0, 2.5)], "", {"media": "video", "frame_rate": "24:25"}, {"labels": [(26, 63)]}, []),
    ],
    ids=["rate given", "rate in the config", "an instant", "both", "both without config", "audio alone", "no config"],
)
def test_times_become_frames_of_a_video(
    tmp_path: Path, result: list[Any], config: str, options: dict[str, Any], found: Any, told: Any
) -> None:
    assert made(tmp_path, result, config, **options) == ("VIDEO", found, told)


@pytest.mark.parametrize(
    ("result", "config", "file", "options", "told"),
    [
        ([heard(1.0, 2.5)], BOTH.format(rate=""), "a.mp4", {"media": "audio"}, []),
        ([heard(1.0, 2.5), seen(3, 9)], BOTH.format(rate="") + TIMELINE, "a.mp4", {"media": "audio"}, []),
        ([heard(1.0, 2.5), seen(3, 9)], "", "a.mp4", {"media": "audio"}, []),
        ([heard(1.0, 2.5)], BOTH.format(rate='framerate="10"'), "a.mp3", {}, []),
        ([heard(1.0, 2.5)], BOTH.format(rate=""), "a.mp3", {}, []),
        ([heard(1.0, 2.5)], AUDIO, "a.mp4", {}, [("audio", 0, 1, "-O media=video")]),
        ([heard(1.0, 2.5)], "", "a.mp4", {}, [("audio", 0, 1, "-O media=video")]),
        ([heard(1.0, 2.5)], AUDIO, "a.mp3", {}, []),
        ([heard(1.0, 2.5)], "", "s3://bucket/sound", {}, []),
    ],
    ids=[
        "asked for",
        "both",
        "both without config",
        "a sound",
        "of no rate",
        "audio alone",
        "no config",
        "plain",
        "unknown ending",
    ],
)
def test_times_of_a_sound_stay(
    tmp_path: Path, result: list[Any], config: str, file: str, options: dict[str, Any], told: Any
) -> None:
    assert made(tmp_path, result, config, file, **options) == ("AUDIO", {"labels": [(1000, 2500)]}, told)


def test_nothing_that_tells_the_frames_is_asked_for(tmp_path: Path) -> None:
    file = write(tmp_path, [task([heard(1.0, 2.5)], {"shown": "a.mp4"})], BOTH.format(rate=""))
    with pytest.raises(UsageError, match=r"\$shown is shown as a video and as sound") as asked:
        to_labelbox.convert(file, tmp_path / "out")
    assert "-O media=audio" in str(asked.value)
    assert "-O frame_rate=25:25" in str(asked.value)


def test_a_video_whose_rate_is_not_known_costs_its_times_with_the_reason(tmp_path: Path) -> None:
    timeline = seen(3, 9)
    del timeline["value"]["duration"]
    file = write(tmp_path, [task([heard(1.0, 2.5), timeline], {"shown": "a.mp4"})])
    report = to_labelbox.convert(file, tmp_path / "out")
    (told,) = (d for d in report.diagnostics if d.code == "unsupported")
    assert "stretch of the sound of a video" in told.message
    assert (report.annotations.read, report.annotations.skipped) == (2, 1)


@pytest.mark.parametrize("heard_too", ["", AUDIO.partition("<Labels")[0]])
def test_a_sound_that_no_control_is_about_is_not_spoken_of(tmp_path: Path, heard_too: str) -> None:
    config = f'<Video name="video" value="$shown"/>{heard_too}{TIMELINE}'
    assert made(tmp_path, [seen(1, 3)], config) == ("VIDEO", {"timelinelabels": [(1, 3)]}, [])


@pytest.mark.parametrize("shown", [["a.mp3", "b.wav"], {"url": "a.mp3"}, [{"url": "a.mp3"}]])
def test_sounds_in_lists_and_objects_are_not_asked_about_either(tmp_path: Path, shown: Any) -> None:
    source = write(tmp_path, [task([heard(1.0, 2.5)], {"shown": shown})], BOTH.format(rate=""))
    assert not to_labelbox.convert(source, tmp_path / "out").assumptions
    assert {row["media_type"] for row in lines(tmp_path / "out", "data_rows.ndjson")} == {"AUDIO"}
