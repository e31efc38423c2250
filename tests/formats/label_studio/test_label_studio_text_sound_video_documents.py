"""Label Studio: regions, answers, selection, assets and containers, with values computed by hand: text, sound, video, documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import (
    FIXTURES,
    annotation,
    answers,
    export,
    fixture,
    one,
    read,
    rectangle,
    region,
    shapes,
)
from to_labelbox.geometry.vector import rotated_corners
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Media,
    Object,
    PageBox,
    Relationship,
    RotatedBox,
    TextSpan,
    TimeSpan,
    Track,
)
from to_labelbox.model.schema import Input, Option, Question
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.options import Options


def test_text_spans_in_every_unit() -> None:
    items, log = fixture("text-spans")
    for item in items:
        assert item.asset.media is Media.TEXT
        assert item.asset.text is not None
    texts = {k: (items[n].asset.text or "")[s.start : s.end] for n in (0, 1) for k, s in shapes(items[n]).items()}
    assert texts == {"cp": "Ada", "u16": "Ada", "odd": "Zoë", "lf": "Second", "lfu": "line", "nl": "line\r\nS"}
    assert log.diagnostics[Code.SPAN_SHIFTED].count == 1
    assert log.diagnostics[Code.SPAN_INVALID].count == 1


def test_hypertext_becomes_its_text() -> None:
    items, log = fixture("hypertext")
    assert items[0].asset.text == "Ann & Bob\nleft."
    assert shapes(items[0]) == {"g": TextSpan(6, 9), "x": TextSpan(0, 14)}
    assert log.diagnostics[Code.SPAN_INVALID].count == 1


def test_dialogue_spans_are_split_by_message() -> None:
    items, _ = fixture("dialogue")
    asset = items[0].asset
    assert asset.media is Media.CONVERSATION
    assert [(m.id, m.content, m.user) for m in asset.messages] == [
        ("m1", "Hello Bob", "Ann"),
        ("m2", "Hello 🙂 Ann", "Bob"),
        ("m3", "Bye", "Ann"),
    ]
    assert shapes(items[0]) == {
        "one": TextSpan(6, 9, "m1"),
        "two": TextSpan(6, 9, "m1"),
        "two~1": TextSpan(0, 11, "m2"),
        "two~2": TextSpan(0, 2, "m3"),
        "wide": TextSpan(8, 11, "m2"),
    }


def test_audio_regions_answer_the_question_of_their_control() -> None:
    items, _ = fixture("audio")
    found = [a for a in items[0].annotations if isinstance(a, Classification)]
    assert [(a.name, a.value, a.times) for a in found] == [
        ("speaker", (Choice("guest"),), (TimeSpan(0.2, 1.6),)),
        ("speaker", (Choice("host", (Attribute("words", "good evening", free_text=True),)),), (TimeSpan(1.5, 2.25),)),
        ("speaker", (Choice("host"),), (TimeSpan(2.5, 3.0),)),
        ("topic", Choice("sales"), ()),
    ]
    assert [a.loss for a in found] == [False, False, True, False]


def frames(track: Track) -> list[list[tuple[int, float]]]:
    return [[(k.frame, k.geometry.left) for k in s if isinstance(k.geometry, Box)] for s in track.segments]


def test_video_frames_and_visibility() -> None:
    items, log = fixture("video", size="200x100")
    v, w, t = items[0].annotations
    assert isinstance(v, Track)
    assert isinstance(w, Track)
    assert isinstance(t, Classification)
    assert items[0].asset.path == "clips/yard 1.mp4"
    assert items[0].asset.frames == 30
    # enabled: false is the last frame shown; the end holds to the last frame; auto frames are left out
    assert frames(v) == [[(0, 20), (4, 40)], [(9, 60), (29, 60)]]
    assert frames(w) == [[(29, 0)]]
    assert t.frames == (FrameSpan(0, 4), FrameSpan(8, 8))
    assert t.value == (Choice("lifting"),)
    assert log.diagnostics[Code.FRAME_INVALID].count == 1


def test_frames_that_count_from_zero() -> None:
    items, _ = fixture("video", size="200x100", frame_base=0)
    track = items[0].annotations[0]
    assert isinstance(track, Track)
    assert frames(track)[0] == [(1, 20), (5, 40)]


def test_a_turned_video_box_makes_the_whole_track_turned(tmp_path: Path) -> None:
    keys = [{"frame": n, "x": 10, "y": 10, "width": 20, "height": 20, "rotation": 90 * (n - 1)} for n in (1, 2)]
    value = {"sequence": keys, "labels": ["a"], "framesCount": 2}
    item, _ = one(tmp_path, region(value, kind="videorectangle"), data={"video": "a.mp4"})
    (segment,) = item.annotations[0].segments
    assert [k.geometry for k in segment] == [RotatedBox(40, 20, 40, 20, 0), RotatedBox(10, 30, 40, 20, 90)]


@pytest.mark.parametrize("turn", [90, 0.01])
def test_a_turned_video_box_is_told_on_every_frame(tmp_path: Path, turn: float) -> None:
    """Labelbox draws a mask on the frames that have one alone; what turns too little to be seen stays a box."""
    keys = [
        {"frame": 1, "x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0},
        {"frame": 3, "x": 20, "y": 10, "width": 20, "height": 20, "rotation": turn},
        {"frame": 4, "x": 20, "y": 10, "width": 20, "height": 20, "rotation": turn, "enabled": False},
        {"frame": 8, "x": 30, "y": 10, "width": 20, "height": 20, "rotation": turn},
    ]
    value = {"sequence": keys, "labels": ["a"], "framesCount": 10}
    item, _ = one(tmp_path, region(value, kind="videorectangle"), data={"video": "a.mp4"})
    track = item.annotations[0]
    told = [[key.frame for key in segment] for segment in track.segments]
    if turn < 1:
        assert told == [[0, 2, 3], [7, 9]]
        return
    assert told == [[0, 1, 2, 3], [7, 8, 9]]
    middle = track.segments[0][1].geometry  # its corner at 15 %, turned by 45 degrees: 30 px, 10 px
    assert rotated_corners(middle)[:4] == pytest.approx([30, 10, 30 + 40 * 0.5**0.5, 10 + 40 * 0.5**0.5])


@pytest.mark.parametrize(
    ("turns", "between"), [((350, 10), 0), ((10, 350), 0), ((-170, 170), 180), ((0, 180), 90), ((180, 0), 270)]
)
def test_a_video_box_turns_the_shorter_way_round(tmp_path: Path, turns: tuple[float, float], between: float) -> None:
    keys = [{"frame": n, "x": 40, "y": 40, "width": 20, "height": 10, "rotation": t} for n, t in zip((1, 3), turns)]
    keys[-1]["enabled"] = False
    value = {"sequence": keys, "labels": ["a"], "framesCount": 3}
    item, _ = one(tmp_path, region(value, kind="videorectangle"), data={"video": "a.mp4"})
    (segment,) = item.annotations[0].segments
    assert segment[1].geometry.angle % 360 == pytest.approx(between)


def test_the_size_and_length_of_a_video_come_from_its_file(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    keys = [{"frame": 1, "x": 50, "y": 50, "width": 25, "height": 25, "enabled": True}]
    task = annotation(
        {"id": "v", "type": "videorectangle", "value": {"sequence": keys, "labels": ["a"], "framesCount": 9}}
    )
    file = export(tmp_path, {"id": 1, "data": {"video": "a.mp4"}, "annotations": [task]})
    items, log = read(file, ReadContext(media=MediaFolder(str(tmp_path))))
    assert (items[0].asset.width, items[0].asset.height, items[0].asset.frames) == (64, 48, 8)
    assert items[0].asset.frame_rate == 25
    (track,) = items[0].annotations
    assert isinstance(track, Track)
    assert frames(track) == [[(0, 32), (7, 32)]]
    assert "9 frames, the video has 8" in log.diagnostics[Code.FRAME_INVALID].message


HUGE = int("9" * 400)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("rectanglelabels", {**rectangle(), "x": HUGE}),
        ("number", {"number": HUGE}),
        ("rating", {"rating": HUGE}),
        ("labels", {"start": HUGE, "end": HUGE, "labels": ["a"]}),
        ("videorectangle", {"sequence": [{"frame": 1e308, "x": 1, "y": 1, "width": 1, "height": 1}], "labels": ["a"]}),
        ("timelinelabels", {"ranges": [{"start": 1, "end": 1e300}], "timelinelabels": ["a"]}),
    ],
)
@pytest.mark.parametrize("asset", ["a.jpg", "a.mp4", "a.wav", "a text"])
def test_numbers_beyond_any_measure(tmp_path: Path, kind: str, value: dict[str, Any], asset: str) -> None:
    task = {
        "id": HUGE,
        "data": {"it": asset},
        "annotations": [
            annotation(region(value, kind=kind), id=HUGE, updated_at=HUGE),
            annotation(region({**value}, kind=kind, original_width=HUGE), updated_at=1e300),
        ],
    }
    read(export(tmp_path, task), size="10x10", annotator="all")
    read(tmp_path / "export.json")


def test_documents() -> None:
    items, _ = fixture("document")
    assert items[0].asset.media is Media.DOCUMENT
    assert items[0].asset.url == "https://host.example.org/docs/7.pdf"
    (box,) = shapes(items[0]).values()
    assert isinstance(box, PageBox)
    assert (box.page, box.unit) == (2, "PERCENT")
    assert (box.box.left, box.box.top, box.box.width, box.box.height) == pytest.approx((0.1, 0.2, 0.3, 0.05))


def test_answers_and_conditions() -> None:
    items, log = fixture("answers")
    assert answers(items[0]) == {
        "sentiment": Choice("neg", (Attribute("why", (Choice("rude"), Choice("late"))),)),
        "topic": (Choice("Food", (Attribute("Food", (Choice("Cold"), Choice("Stale"))),)), Choice("Room")),
        "remark": "first\nsecond",
        "guests": "3",
        "stars": Choice("4"),
        "visited": "2024-05-01",
    }
    assert log.diagnostics[Code.UNSUPPORTED].count == 2
    assert log.diagnostics[Code.ANSWER_EMPTY].count == 1
    dataset = FORMAT.read(Source(FIXTURES / "answers" / "input"), Options(), ReadContext())
    questions = {q.name: q for q in dataset.schema.questions}
    assert list(questions) == ["sentiment", "topic", "remark", "guests", "stars", "visited"]
    why = Question("why", Input.CHECKLIST, (Option("rude"), Option("late")))
    assert questions["sentiment"].options == (Option("pos", "Positive"), Option("neg", "Negative", (why,)))
    assert questions["stars"].options == tuple(Option(str(n)) for n in range(1, 6))
    assert questions["guests"].input is Input.TEXT


def test_relations() -> None:
    items, log = fixture("relations")
    found = [a for a in items[0].annotations if isinstance(a, Relationship)]
    assert [(r.label, r.source, r.target, r.bidirectional, r.source_count) for r in found] == [
        ("lifts", "a", "b", False, 1),
        ("relation", "b", "a", False, 1),
        ("near", "a", "b", True, 1),
        ("beside", "a", "b", True, 0),
    ]
    assert log.diagnostics[Code.RELATIONSHIP_DANGLING].count == 1


def test_a_question_that_repeats_in_a_repeater_has_one_name() -> None:
    items, _ = fixture("repeater")
    assert [i.asset.path for i in items] == ["a/1.jpg", "a/2.jpg"]
    title = items[0].annotations[0]
    assert isinstance(title, Object)
    assert title.attributes == (Attribute("kingdom", Choice("Archaea")),)
