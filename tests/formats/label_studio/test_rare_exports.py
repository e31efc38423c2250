"""Forms of exports that few write: chats, paths of Windows, stretches without an end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from build.label_studio import box, read, region, task, write
from harness import codes, lines
from to_labelbox.model.items import Media

CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]


def test_a_chat_without_a_config(tmp_path: Path) -> None:
    said = region("chatmessage", {"chatmessage": {"role": "user", "content": "?"}}, "m", to_name="chat")
    about = region("choices", {"choices": ["good"]}, "q", to_name="chat", from_name="quality")
    file = write(tmp_path / "in", [task([said, about], {"chat": CHAT})])
    (item,), _ = read(file)
    assert item.asset.media is Media.CONVERSATION
    assert [(m.content, m.name) for m in item.asset.messages] == [("Hello", "user"), ("Hi!", "assistant")]
    report = to_labelbox.convert(file, tmp_path / "out")
    assert (report.annotations.converted, codes(report)["unsupported"]) == (1, 1)


@pytest.mark.parametrize(
    "path", ["/data/local-files/?d=C%3A%5Cdata%5Cmy%20pic.jpg", "C:\\data\\my pic.jpg", "c:/data/my pic.jpg"]
)
def test_paths_of_windows(path: str, tmp_path: Path) -> None:
    (item,), _ = read(write(tmp_path, [task([box()], {"shown": path})]))
    assert item.asset.path == "data/my pic.jpg"


@pytest.mark.parametrize(("frames", "end", "approximated"), [(None, 3, 1), (9, 9, 0)])
def test_a_stretch_without_an_end(frames: int | None, end: int, approximated: int, tmp_path: Path) -> None:
    value = {"ranges": [{"start": 3, "end": None}], "timelinelabels": ["walk"]}
    given = [region("timelinelabels", {**value, **({"framesCount": frames} if frames else {})}, "t")]
    report = to_labelbox.convert(write(tmp_path / "in", [task(given, {"shown": "v.mp4"})]), tmp_path / "out")
    assert lines(tmp_path / "out")[0]["answer"][0]["frames"] == [{"start": 3, "end": end}]
    assert report.annotations.approximated == approximated


def test_seconds_as_texts(tmp_path: Path) -> None:
    given = [
        region("labels", {"start": a, "end": b, "labels": ["S"]}, a)
        for a, b in (("0.5", "1.25"), ("x", "2"), ("nan", "2"))
    ]
    report = to_labelbox.convert(write(tmp_path / "in", [task(given, {"shown": "a.wav"})]), tmp_path / "out")
    assert lines(tmp_path / "out")[0]["answer"][0]["frames"] == [{"start": 500, "end": 1250}]
    assert (report.annotations.converted, report.annotations.skipped) == (1, 2)


def test_a_dialogue_under_names_that_only_the_config_knows(tmp_path: Path) -> None:
    said = [{"speaker": "x", "phrase": "hello"}]
    span = region("paragraphlabels", {"start": 0, "end": 0, "startOffset": 1, "endOffset": 3, "paragraphlabels": ["P"]})
    file = write(tmp_path / "in", [task([span], {"shown": said})])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert [a.taken for a in report.assumptions] == ["text: phrase, speaker: speaker"]
    config = '<Paragraphs name="shown" value="$shown" nameKey="speaker" textKey="phrase"/>'
    write(tmp_path / "in", [task([span], {"shown": said})], config)
    report = to_labelbox.convert(tmp_path / "in", tmp_path / "both")
    assert report.annotations.converted == 1


def test_a_picture_has_one_size_whatever_its_regions_state(tmp_path: Path) -> None:
    given = [box("a"), box("b", original_width=100, original_height=200), box("c")]
    report = to_labelbox.convert(write(tmp_path / "in", [task(given)]), tmp_path / "out")
    assert len({str(line["bbox"]) for line in lines(tmp_path / "out")}) == 1
    assert codes(report)["image-size-mismatch"] == 1


@pytest.mark.parametrize("field", ["result", "annotations"])
def test_lists_that_a_table_keeps_as_texts(field: str, tmp_path: Path) -> None:
    made = task([box()])
    holder = made if field == "annotations" else made["annotations"][0]
    holder[field] = json.dumps(holder[field])
    report = to_labelbox.convert(write(tmp_path / "in", [made]), tmp_path / "out")
    assert (report.annotations.converted, report.exit_code()) == (1, 0)


def test_a_box_on_what_the_config_calls_a_text_is_said_to_be_one(tmp_path: Path) -> None:
    config = '<Text name="t" value="$text"/><Labels name="rectanglelabels" toName="t"><Label value="A"/></Labels>'
    report = to_labelbox.convert(write(tmp_path / "in", [task([box()])], config), tmp_path / "out")
    (said,) = (d.message for d in report.diagnostics if d.code == "geometry-unsupported")
    assert "a shape on a picture (rectanglelabels), but its task shows a text" in said
