"""Label Studio: regions, answers, selection, assets and containers, with values computed by hand."""

from __future__ import annotations

import gzip
import json
import math
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Media,
    Object,
    PageBox,
    Point,
    Polygon,
    Relationship,
    RotatedBox,
    TextSpan,
    TimeSpan,
    Track,
)
from to_labelbox.model.schema import Input, Kind, Label, Option, Question
from to_labelbox.plugins.reader import CERTAIN, Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import ToLabelboxError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.assets import reference_of, slots_of
from to_labelbox_formats.label_studio.config import Config, parse_config
from to_labelbox_formats.label_studio.files import pieces
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.regions.shapes import box_of

FIXTURES = Path(__file__).parent.parent / "fixtures" / "label-studio"


def read(path: Path, context: ReadContext | None = None, **options: Any) -> tuple[list[Item], Log]:
    """All items, with a ledger in which every yielded unit counts as converted."""
    context = context or ReadContext()
    dataset = FORMAT.read(Source(path), Options(**options), context)
    log = Log()
    items = list(dataset.items(log))
    for item in items:
        assert len({(type(a), a.id) for a in item.annotations}) == len(item.annotations)
        for annotation in item.annotations:
            name = annotation.name if isinstance(annotation, Classification) else annotation.label
            log.ledger[annotation.ledger_label or name].converted += annotation.source_count
    assert not log.ledger.unbalanced()
    halves = dataset.unit_count // 2
    again = [*dataset.items(Log(), 0, halves), *dataset.items(Log(), halves)]
    assert again == items
    log.absorb(context.log)
    return items, log


def fixture(name: str, **options: Any) -> tuple[list[Item], Log]:
    return read(FIXTURES / name / "input", **options)


def shapes(item: Item) -> dict[str, Any]:
    return {a.id: a.geometry for a in item.annotations if isinstance(a, Object)}


def answers(item: Item) -> dict[str, Any]:
    return {a.name: a.value for a in item.annotations if isinstance(a, Classification)}


def region(value: dict[str, Any], id: str = "r", kind: str = "rectanglelabels", **more: Any) -> dict[str, Any]:
    size = {"original_width": 200, "original_height": 100}
    return {"id": id, "from_name": "label", "to_name": "image", "type": kind, "value": value, **size, **more}


def rectangle(x: float = 10, label: str = "crane", **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label], **more}


def annotation(*result: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "result": list(result), "was_cancelled": False, **more}


def export(path: Path, *tasks: Any, config: str | None = None) -> Path:
    file = path / "export.json"
    file.write_text(json.dumps(tasks))
    if config is not None:
        (path / "config.xml").write_text(f"<View>{config}</View>")
    return file


def one(path: Path, *result: Any, data: dict[str, Any] | None = None, config: str | None = None, **options: Any) -> Any:
    """The only item of an export with one annotation, and the log."""
    task = {"id": 1, "data": data or {"image": "a.jpg"}, "annotations": [annotation(*result)]}
    items, log = read(export(path, task, config=config), **options)
    assert len(items) == 1
    return items[0], log


# ------------------------------------------------------------------------------------------------------ pictures


def test_rectangles_are_pixels_and_turn_about_their_corner() -> None:
    items, log = fixture("rectangles")
    assert [i.asset.path for i in items] == ["yard.jpg", "empty.jpg"]
    assert (items[0].asset.width, items[0].asset.height) == (200, 100)
    assert shapes(items[0]) == {
        "a": Box(20, 20, 60, 40),
        "b": RotatedBox(95, 70, 40, 10, 90),
        "c": Box(60, 10, 20, 20),
        "d": Box(180, 80, 40, 10),
    }
    assert [a.label for a in items[0].annotations if isinstance(a, Object)] == ["crane", "crane", "slab", "slab"]
    assert items[1].annotations == []
    assert log.diagnostics[Code.BOX_FLIPPED].count == 1
    assert log.diagnostics[Code.EXIF_UNCHECKED].count == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_centre_of_a_turned_box_keeps_the_corner_in_place(seed: int) -> None:
    rng = random.Random(seed)
    x, y, w, h = (rng.uniform(0, 100) for _ in range(4))
    angle, width, height = rng.uniform(-720, 720), rng.uniform(10, 3000), rng.uniform(10, 3000)
    box = box_of(x, y, w, h, angle, width, height)
    assert isinstance(box, RotatedBox)
    a = math.radians(angle)
    left, top, wide, high = x * width / 100, y * height / 100, w * width / 100, h * height / 100
    corners = [
        (left, top),
        (left + wide * math.cos(a), top + wide * math.sin(a)),
        (left + wide * math.cos(a) - high * math.sin(a), top + wide * math.sin(a) + high * math.cos(a)),
        (left - high * math.sin(a), top + high * math.cos(a)),
    ]
    b = math.radians(box.angle)
    found = [
        (
            box.cx + dx * math.cos(b) - dy * math.sin(b),
            box.cy + dx * math.sin(b) + dy * math.cos(b),
        )
        for dx, dy in ((-wide / 2, -high / 2), (wide / 2, -high / 2), (wide / 2, high / 2), (-wide / 2, high / 2))
    ]
    for (px, py), (qx, qy) in zip(corners, found):
        assert px == pytest.approx(qx, abs=1e-6)
        assert py == pytest.approx(qy, abs=1e-6)


def test_negative_sides_of_a_turned_box() -> None:
    assert box_of(50, 50, -10, 20, 90, 100, 100) == RotatedBox(40, 45, 10, 20, 90)


def test_the_config_declares_labels_by_alias_with_colours() -> None:
    dataset = FORMAT.read(Source(FIXTURES / "rectangles" / "input"), Options(), ReadContext())
    assert dataset.schema.labels == (
        Label("crane", (Kind.BOX,), "#ff8800"),
        Label("slab", (Kind.BOX,), "#0000ff"),
        Label("unused", (Kind.BOX,)),
    )


def test_shapes_without_a_config() -> None:
    items, _ = fixture("shapes-without-config")
    found: dict[str, Any] = {a.label: a.geometry for a in items[0].annotations if isinstance(a, Object)}
    assert found["field"] == Polygon((([20, 10, 100, 10, 100, 60],),))
    assert found["road"].points == [0, 0, 100, 50, 200, 0]
    assert (found["pond"].cx, found["pond"].cy, found["pond"].rx, found["pond"].ry) == (100, 50, 20, 20)
    assert found["well"] == Point(50, 75)
    assert found["barn"] == Box(0, 0, 100, 50)


def test_masks_and_broken_masks() -> None:
    items, log = fixture("masks")
    assert [a.id for a in items[0].annotations] == ["r", "m"]
    assert log.ledger["rust"].skipped == 2
    assert log.diagnostics[Code.MASK_INVALID].count == 2


def test_vectors_branch_and_close() -> None:
    items, _ = fixture("vectors")
    found = shapes(items[0])
    assert found["open"].points == [0, 0, 100, 0, 100, 50]
    assert found["tree"].points == [20, 10, 40, 10]
    assert found["tree~1"].points == [20, 10, 20, 20]
    assert found["ring"] == Polygon((([120, 60, 160, 60, 160, 80],),))
    assert [a.loss for a in items[0].annotations if isinstance(a, Object)] == [False, True, True, False]


def test_pages_are_items_of_their_own() -> None:
    items, _ = fixture("pages")
    assert [(i.asset.path, list(shapes(i))) for i in items] == [("scans/1.png", ["b"]), ("scans/2.png", ["a"])]
    assert answers(items[1]) == {"quality": Choice("blurred")}
    assert answers(items[0]) == {}


def test_answers_about_a_region_become_its_attributes() -> None:
    items, _ = fixture("region-answers")
    a, b, b2 = items[0].annotations
    assert isinstance(a, Object)
    assert isinstance(b, Object)
    assert isinstance(b2, Object)
    assert a.attributes == (
        Attribute("transcription", "total\n42 EUR", free=True),
        Attribute("legible", Choice("clear")),
    )
    assert (b.id, b.label, b.source_count) == ("b", "written", 1)
    assert (b2.id, b2.label, b2.source_count) == ("b/1", "printed", 0)
    assert b.attributes == (Attribute("note", "check this", free=True),)
    dataset = FORMAT.read(Source(FIXTURES / "region-answers" / "input"), Options(), ReadContext())
    printed, written = dataset.schema.labels
    assert [q.name for q in printed.attributes] == ["transcription", "legible"]
    assert [q.name for q in written.attributes] == ["transcription"]


def test_a_text_region_without_its_shape_is_an_unlabelled_region(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "text": ["42"]}
    item, log = one(tmp_path, region(value, kind="textarea"))
    assert not item.annotations
    assert log.diagnostics[Code.CLASS_UNNAMED].count == 1
    item, _ = one(tmp_path, region(value, kind="textarea"), unlabelled="text")
    assert item.annotations[0].label == "text"
    assert item.annotations[0].attributes == (Attribute("label", "42", free=True),)


def test_a_tool_without_labels_names_the_class(tmp_path: Path) -> None:
    value = {"x": 10, "y": 20, "width": 30, "height": 40}
    config = '<Image name="image" value="$image"/><Rectangle name="label" toName="image"/>'
    item, _ = one(tmp_path, region(value, kind="rectangle"), config=config)
    assert item.annotations[0].label == "label"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"x": 1, "y": 1}, Code.CLASS_UNNAMED),
        ({"polygonlabels": ["a"]}, Code.GEOMETRY_MISSING),
        ({"points": [[1, 1], [2, 2]], "polygonlabels": ["a"]}, Code.POLYGON_TOO_SHORT),
        ({"points": [[1, 1]], "closed": False, "polygonlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"points": [[1], [2], [3]], "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"points": [[1, "x"], [2, 3], [3, 4]], "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"points": "none", "polygonlabels": ["a"]}, Code.POLYGON_INVALID),
        ({"format": "png", "rle": [1], "brushlabels": ["a"]}, Code.MASK_INVALID),
        ({"format": "rle", "rle": [], "brushlabels": ["a"]}, Code.MASK_INVALID),
        ({"imageDataURL": "data:,", "bitmasklabels": ["a"]}, Code.MASK_INVALID),
        ({"vertices": [{"x": 1, "y": 1}], "vectorlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"vertices": [{"x": 1}], "vectorlabels": ["a"]}, Code.LINE_TOO_SHORT),
        ({"start": 1, "end": 2, "labels": ["a"]}, Code.GEOMETRY_MISSING),
        ({"x": "left", "y": 1, "width": 1, "height": 1, "rectanglelabels": ["a"]}, Code.RECORD_UNREADABLE),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": [1]}, Code.RECORD_UNREADABLE),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": []}, Code.CLASS_UNNAMED),
        ({"x": 1, "y": 1, "width": 1, "height": 1, "rectanglelabels": [""]}, Code.CLASS_UNNAMED),
        ({"choices": []}, Code.ANSWER_EMPTY),
        ({"notes": 1}, Code.GEOMETRY_MISSING),
        ({"choices": [{"a": 1}]}, Code.RECORD_UNREADABLE),
        ({"text": [" "]}, Code.ANSWER_EMPTY),
        ({"ranker": {"a": ["b"]}}, Code.UNSUPPORTED),
        ({"chatmessage": {"role": "user"}}, Code.UNSUPPORTED),
    ],
)
def test_regions_that_cannot_be_read_cost_themselves(tmp_path: Path, value: dict[str, Any], code: Code) -> None:
    kind = next((k for k in value if k.endswith("labels")), "choices" if "choices" in value else "other")
    item, log = one(tmp_path, region(value, kind=kind), region(rectangle(), id="good"))
    assert [a.id for a in item.annotations] == ["good"]
    assert log.diagnostics[code].count == 1
    assert log.ledger.total().skipped == 1


def test_regions_without_a_size_are_skipped_with_the_remedy(tmp_path: Path) -> None:
    bare = {k: v for k, v in region(rectangle()).items() if not k.startswith("original")}
    item, log = one(tmp_path, bare)
    assert "--media-root" in log.diagnostics[Code.IMAGE_SIZE_UNKNOWN].message
    assert not item.annotations
    item, _ = one(tmp_path, bare, size="100x50")
    assert shapes(item) == {"r": Box(10, 10, 30, 20)}
    items, _ = read(tmp_path / "export.json", ReadContext(sizes={"a.jpg": (1000, 10)}))
    assert shapes(items[0]) == {"r": Box(100, 2, 300, 4)}


def picture(path: Path, size: tuple[int, int], orientation: int = 1) -> MediaFolder:
    image = Image.new("L", size)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path / "a.jpg", exif=exif)
    return MediaFolder(str(path))


def test_the_header_gives_the_size_and_turned_pictures_are_turned_back(tmp_path: Path) -> None:
    # 100 × 200 stored, shown as 200 × 100: the browser's left is the stored bottom
    media = picture(tmp_path, (100, 200), orientation=6)
    file = export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(region(rectangle()))]})
    items, log = read(file, ReadContext(media=media))
    assert shapes(items[0]) == {"r": Box(20, 120, 40, 60)}
    assert (items[0].asset.width, items[0].asset.height) == (100, 200)
    assert log.diagnostics[Code.EXIF_TURNED].count == 1
    items, _ = read(file, ReadContext(media=media, exif=False))
    assert shapes(items[0]) == {"r": Box(20, 20, 60, 40)}
    assert (items[0].asset.width, items[0].asset.height) == (200, 100)


def test_a_picture_of_another_size_keeps_its_own(tmp_path: Path) -> None:
    media = picture(tmp_path, (400, 400))
    file = export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(region(rectangle()))]})
    items, log = read(file, ReadContext(media=media))
    assert shapes(items[0]) == {"r": Box(40, 80, 120, 160)}
    assert log.diagnostics[Code.IMAGE_SIZE_MISMATCH].count == 1


# ------------------------------------------------------------------------------------- text, sound, video, documents


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
    assert items[0].asset.text == "Ann & Bobleft."
    assert shapes(items[0]) == {"g": TextSpan(6, 9), "x": TextSpan(0, 13)}
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
        ("speaker", (Choice("host", (Attribute("words", "good evening", free=True),)),), (TimeSpan(1.5, 2.25),)),
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


# ------------------------------------------------------------------------------------------- answers and relations


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


# ------------------------------------------------------------------------------------------------------- selection


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("best", ["true"]),
        ("latest", ["new"]),
        ("first", ["old"]),
        ("ground-truth", ["true"]),
        ("user:1", ["true"]),
        ("user:nobody@example.org", []),
        ("all", ["1:old", "2:true", "3:new"]),
    ],
)
def test_annotators(policy: str, kept: list[str]) -> None:
    items, log = fixture("several-annotators", annotator=policy)
    assert [a.id for a in items[0].annotations] == kept
    # four annotations and a draft; the prediction is counted apart
    assert log.diagnostics[Code.NOT_SELECTED].count == 5 - len(kept)
    assert log.diagnostics[Code.PREDICTION].count == 1
    assert log.ledger.total().read == 6


def test_predictions_and_drafts_on_request() -> None:
    items, _ = fixture("several-annotators", annotator="user:nobody", predictions=True)
    assert [a.id for a in items[0].annotations] == ["guess"]
    items, _ = fixture("several-annotators", annotator="user:nobody", drafts=True)
    assert [a.id for a in items[0].annotations] == ["draft"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T01:30:00+01:00"),
        ("2024-01-01T00:00:00.5Z", 1704067201),
        (1704067200, 1704067201000),
        (None, "2024-01-01T00:00:00"),
        ("nonsense", 1),
    ],
)
def test_times_of_every_kind_are_compared(tmp_path: Path, first: object, second: object) -> None:
    tasks = [
        annotation(region(rectangle(), id="one"), id=2, updated_at=first),
        annotation(region(rectangle(), id="two"), id=1, updated_at=second),
    ]
    items, _ = read(export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": tasks}))
    assert [a.id for a in items[0].annotations] == ["two"]


@pytest.mark.parametrize(
    "options", [{"annotator": "newest"}, {"annotator": "user:"}, {"size": "10"}, {"frame_base": 2}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fixture("rectangles", **options)


# ---------------------------------------------------------------------------------------------------------- assets


@pytest.mark.parametrize(
    ("text", "names", "url"),
    [
        ("/data/upload/7/0123abcd-yard.jpg", ("yard.jpg", "0123abcd-yard.jpg", "7/0123abcd-yard.jpg"), None),
        ("upload/7/yard.jpg", ("yard.jpg", "7/yard.jpg"), None),
        ("/data/upload/yard.jpg", ("yard.jpg",), None),
        ("/storage-data/uploaded/?filepath=upload/7/0123abcd-a%20b.jpg", ("a b.jpg", "0123abcd-a b.jpg"), None),
        ("http://h:8080/data/upload/7/0123abcd-a.jpg", ("a.jpg", "0123abcd-a.jpg"), "http://h:8080/data/upload/7/0123abcd-a.jpg"),
        ("/data/local-files/?d=sub/dir%2Fa.jpg", ("sub/dir/a.jpg",), None),
        ("s3://bucket/key/a.jpg", ("key/a.jpg", "bucket/key/a.jpg"), "s3://bucket/key/a.jpg"),
        ("https://h/x/a%20b.jpg?sig=1", ("x/a b.jpg", "h/x/a b.jpg"), "https://h/x/a%20b.jpg?sig=1"),
        ("https://h/get?id=7", ("get?id=7", "h/get?id=7"), "https://h/get?id=7"),
        ("/tasks/3/resolve/?fileuri=czM6Ly9iL2EuanBn", ("a.jpg", "b/a.jpg"), "s3://b/a.jpg"),
        ("images/a.jpg", ("images/a.jpg",), None),
        ("images\\a.jpg", ("images/a.jpg",), None),
    ],
)  # fmt: skip
def test_references(text: str, names: tuple[str, ...], url: str | None) -> None:
    found = reference_of(text)
    assert found is not None
    assert found.names[: len(names)] == names
    assert found.url == url


@pytest.mark.parametrize(
    "text",
    ["", " ", "../a.jpg", "/data/local-files/?d=../../etc/passwd", "/data/upload/1/../../x", "a\0b", "http://[x/"],
)
def test_references_that_leave_the_root_are_refused(text: str) -> None:
    assert reference_of(text) is None


def test_a_value_that_names_no_asset_is_told() -> None:
    slots, missing = slots_of({"image": "../a.jpg"}, Config(), None)
    assert slots == []
    assert missing == "its 'image' names no asset: '../a.jpg'"


def test_equal_references_are_one_item_and_equal_names_are_told_apart() -> None:
    items, log = fixture("one-asset-in-two-tasks")
    assert [i.asset.path for i in items] == ["host.example.org/yard.jpg", "0123abcd-yard.jpg"]
    assert shapes(items[0]) == {"a": Box(0, 0, 20, 10), "task 3/a": Box(100, 50, 20, 10)}
    assert log.diagnostics[Code.ASSET_DUPLICATE].count == 1


def test_an_asset_that_cannot_be_told_needs_the_data_key(tmp_path: Path) -> None:
    data = {"front": "a.jpg", "back": "b.jpg"}
    task = {"id": 1, "data": data, "annotations": [annotation({**region(rectangle()), "to_name": "img"})]}
    items, log = read(export(tmp_path, task))
    assert not items
    assert "data_key" in log.diagnostics[Code.ASSET_UNKNOWN].message
    items, _ = read(tmp_path / "export.json", data_key="back")
    assert [i.asset.path for i in items] == ["b.jpg"]


# ------------------------------------------------------------------------------------------------------ containers


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    note = '}, {"id": 1, "annotations": ["\\'
    return [
        {
            "id": n,
            "annotations": [annotation(region(rectangle(n % 60, note), id=f"r{n}"), id=n)],
            "data": {"image": f"{n}.jpg", "note": note},
            **more,
        }
        for n in range(count)
    ]


@pytest.mark.parametrize("form", ["compact", "indented", "lines", "gz", "zip", "folder", "bom", "mixed"])
def test_every_container_gives_the_same_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(pieces, "WINDOW", 2000)
    tasks = many(40)
    text = json.dumps(tasks, indent=2 if form == "indented" else None)
    path = tmp_path / "export.json"
    if form == "lines":
        path.write_text("\n".join(map(json.dumps, tasks)) + "\n")
    elif form == "gz":
        path = tmp_path / "export.json.gz"
        path.write_bytes(gzip.compress(text.encode()))
    elif form == "zip":
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project/export.json", text)
    elif form == "folder":
        path = tmp_path / "set"
        path.mkdir()
        for task in tasks:
            (path / f"{task['id']:03}").write_text(json.dumps(task))
    elif form == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    elif form == "mixed":
        # key orders that change from task to task
        path.write_text(json.dumps([dict(reversed(t.items())) if n % 2 else t for n, t in enumerate(tasks)]))
    else:
        path.write_text(text)
    items, log = read(path)
    assert [i.asset.path for i in items] == [f"{n}.jpg" for n in range(40)]
    assert [shapes(i)[f"r{n}"].left for n, i in enumerate(items)] == [n % 60 * 2 for n in range(40)]
    assert log.unreadable == 0


@pytest.mark.parametrize("window", [1, 100, 700, 5000])
def test_tasks_larger_than_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(pieces, "WINDOW", window)
    items, _ = read(export(tmp_path, *many(7, meta={"long": "x" * 1500})))
    assert len(items) == 7


def test_a_truncated_array_keeps_the_tasks_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "WINDOW", 2000)
    file = export(tmp_path, *many(10))
    file.write_bytes(file.read_bytes()[:-300])
    items, log = read(file)
    assert len(items) == 9
    assert log.unreadable == 1
    assert "byte" in log.diagnostics[Code.FILE_UNREADABLE].message


def test_what_follows_the_array_is_said(tmp_path: Path) -> None:
    file = export(tmp_path, *many(3))
    file.write_text(file.read_text() + '\n{"more": 1}')
    items, log = read(file)
    assert len(items) == 3
    assert log.unreadable == 1


def test_broken_records_cost_themselves() -> None:
    items, log = fixture("broken-records")
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("yard.jpg", 1),
        ("nan.jpg", 0),
        ("c.jpg", 0),
        ("nosize.jpg", 0),
    ]
    assert log.diagnostics[Code.RECORD_UNREADABLE].count == 5
    assert log.unreadable == 0
    assert log.ledger["(unreadable)"].skipped == 3
    assert log.diagnostics[Code.IMAGE_SIZE_UNKNOWN].count == 1


def test_json_min_and_csv() -> None:
    items, log = fixture("json-min")
    assert len(items) == 1
    assert list(shapes(items[0]).values()) == [Box(40, 20, 60, 40)]
    assert answers(items[0]) == {"quality": (Choice("sharp"), Choice("dark"))}
    assert log.diagnostics[Code.NOT_SELECTED].count == 2
    items, _ = fixture("csv")
    assert [i.asset.path for i in items] == ["yard.jpg", "dusk.jpg"]
    assert list(shapes(items[0]).values()) == [Box(20, 20, 60, 40)]
    assert answers(items[1]) == {"quality": Choice("dark")}


def test_tsv_with_a_line_break_in_a_cell(tmp_path: Path) -> None:
    file = tmp_path / "export.tsv"
    file.write_text('text\tid\tremark\tannotator\tannotation_id\n"two\nlines"\t1\t"[{""text"": [""ok""]}]"\t1\t1\n')
    items, _ = read(file)
    assert items[0].asset.text == "two\nlines"


def test_a_stored_annotation_holds_its_task(tmp_path: Path) -> None:
    stored = {**annotation(region(rectangle())), "task": {"id": 5, "data": {"image": "a.jpg"}}}
    (tmp_path / "17").write_text(json.dumps(stored))
    (tmp_path / "18").write_text(json.dumps({**annotation(region(rectangle(20), id="s"), id=2), "task": 5}))
    items, _ = read(tmp_path)
    assert [i.asset.path for i in items] == ["a.jpg"]
    assert list(shapes(items[0])) == ["s"]


def test_an_editor_example_joins_its_parts() -> None:
    items, _ = fixture("editor-example")
    assert [(i.asset.text, list(shapes(i).values())) for i in items] == [
        ("Ada was here.", [TextSpan(0, 3)]),
        ("Bob was not.", [TextSpan(0, 3)]),
    ]


def test_memory_holds_a_piece_not_the_export(tmp_path: Path) -> None:
    dataset = FORMAT.read(Source(export(tmp_path, *many(3))), Options(), ReadContext())
    assert [len(list(dataset.items(Log(), n, n + 1))) for n in range(3)] == [1, 1, 1]
    assert list(dataset.items(Log(), 2, 2)) == []


# ------------------------------------------------------------------------------------------------ recognition, config


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        ([{"id": 1, "data": {"image": "a"}, "annotations": []}], CERTAIN),
        ({"id": 1, "data": {"image": "a"}, "completions": []}, CERTAIN),
        ([{"data": {"text": "a"}, "predictions": []}], CERTAIN),
        ([{"image": "a", "annotation_id": 1, "annotator": 1}], CERTAIN),
        ({"result": [], "task": {"id": 1, "data": {}}}, CERTAIN),
        ([{"data": {"text": "a"}}], 60),
        ({"images": [], "annotations": [], "categories": []}, None),
        ({"annotations": [{"id": 1, "bbox": []}], "images": []}, None),
        ([{"text": "a", "label": []}], None),
        ({"version": "5", "shapes": []}, None),
        ([{"frame": 1, "shapes": [], "data": {}}], None),
        ({"data": {"x": 1}, "status": "ok"}, None),
        ([], None),
        ([1, 2], None),
        ("text", None),
        ([{"from_name": "a", "to_name": "b", "type": "labels", "value": {}}], None),
    ],
)
def test_recognition(tmp_path: Path, content: object, claimed: int | None) -> None:
    file = tmp_path / "x.json"
    file.write_text(json.dumps(content))
    verdict = FORMAT.sniff(Source(file))
    if claimed is None:
        assert isinstance(verdict, Refusal)
        assert verdict.reason
        items, log = read(file)
        assert not items
        assert log.unreadable == 1
    else:
        assert isinstance(verdict, Match)
        assert verdict.confidence == claimed


def test_a_folder_with_only_media_is_refused(tmp_path: Path) -> None:
    picture(tmp_path, (4, 4))
    assert isinstance(FORMAT.sniff(Source(tmp_path)), Refusal)


def test_a_config_from_elsewhere_and_a_broken_one(tmp_path: Path) -> None:
    file = export(tmp_path, *many(1))
    config = tmp_path / "other.xml"
    config.write_text(
        '<View><Image name="image" value="$image"/><Labels name="label" toName="image"><Label value="x"/></Labels></View>'
    )
    dataset = FORMAT.read(Source(file), Options(config=str(config)), ReadContext())
    assert [label.name for label in dataset.schema.labels] == []  # no tool draws on the picture
    with pytest.raises(UsageError):
        FORMAT.read(Source(file), Options(config=str(tmp_path / "none.xml")), ReadContext())
    config.write_text("<View>")
    with pytest.raises(UsageError):
        FORMAT.read(Source(file), Options(config=str(config)), ReadContext())
    (tmp_path / "config.xml").write_text("<View><broken</View>")
    _, log = read(file)
    assert log.diagnostics[Code.FILE_IGNORED].count == 1


def test_names_of_tags_and_attributes_without_regard_to_case() -> None:
    config = parse_config(
        b'<view><IMAGE Name="i" VALUE="$i"/><textarea name="t" TONAME="i" PerRegion="True"/>'
        b'<RectangleLabels name="r" toName="i"><View><Label VALUE="a" Alias="b"/></View></RectangleLabels></view>'
    )
    assert config.controls["t"].per_region
    assert [e.name for e in config.controls["r"].entries] == ["b"]


def test_a_config_inside_json_and_yaml() -> None:
    text = '<View><Text name="t" value="$t"/></View>'
    for data in (json.dumps({"project": {"label_config": text}}), f"title: x\nconfig: |\n  {text}\n"):
        assert list(parse_config(data.encode()).objects) == ["t"]


def test_equal_labels_of_two_controls_are_told_apart(tmp_path: Path) -> None:
    config = (
        '<Image name="image" value="$image"/>'
        '<RectangleLabels name="one" toName="image"><Label value="a"/><Label value="c"/></RectangleLabels>'
        '<RectangleLabels name="two" toName="image"><Label value="a"/></RectangleLabels>'
        '<PolygonLabels name="three" toName="image"><Label value="c"/></PolygonLabels>'
    )
    regions = [region(rectangle(label="a"), id=n, from_name=n) for n in ("one", "two")]
    item, log = one(tmp_path, *regions, config=config)
    assert [a.label for a in item.annotations] == ["one/a", "two/a"]
    dataset = FORMAT.read(Source(tmp_path), Options(), ReadContext())
    assert [(x.name, x.kinds) for x in dataset.schema.labels] == [
        ("one/a", (Kind.BOX,)),
        ("c", (Kind.BOX, Kind.POLYGON)),
        ("two/a", (Kind.BOX,)),
    ]
    assert log.diagnostics[Code.DECISION].count == 1


def test_labels_that_the_config_does_not_know_are_kept(tmp_path: Path) -> None:
    config = '<Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="a"/></RectangleLabels>'
    item, log = one(tmp_path, region(rectangle(label="b")), config=config)
    assert item.annotations[0].label == "b"
    assert log.diagnostics[Code.CLASS_UNKNOWN].count == 1


# -------------------------------------------------------------------------------------------------------- mutations


def _mutants() -> list[Path]:
    return sorted(p / "input" for p in FIXTURES.iterdir())


@pytest.mark.parametrize("case", _mutants(), ids=lambda p: p.parent.name)
def test_damaged_exports_never_crash(tmp_path: Path, case: Path) -> None:
    rng = random.Random(case.parent.name)
    originals = {p.relative_to(case): p.read_bytes() for p in case.rglob("*") if p.is_file()}
    for round in range(40):
        folder = tmp_path / str(round)
        for name, data in originals.items():
            changed = bytearray(data)
            match round % 4:
                case 0:
                    for _ in range(rng.randint(1, 4)):
                        changed[rng.randrange(len(changed))] = rng.randrange(256)
                case 1:
                    start = rng.randrange(len(changed))
                    del changed[start : start + rng.randint(1, 40)]
                case 2:
                    changed = changed[: rng.randrange(len(changed))]
                case _:
                    if name.suffix == ".json":
                        changed = bytearray(json.dumps(_without(json.loads(data, parse_constant=str), rng)).encode())
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(changed)
        try:
            read(folder, size="200x100")
        except ToLabelboxError:
            continue


def _without(value: Any, rng: random.Random) -> Any:
    """A document with one part in ten missing or of another type."""
    if rng.random() < 0.02:
        return rng.choice([None, 5, "x", [], {}, True, -1e9, [[]], {"a": [1]}])
    if isinstance(value, dict):
        return {k: _without(v, rng) for k, v in value.items() if rng.random() > 0.03}
    if isinstance(value, list):
        return [_without(v, rng) for v in value if rng.random() > 0.03]
    return value
