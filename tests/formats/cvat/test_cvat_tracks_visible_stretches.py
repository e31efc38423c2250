"""Tracks of CVAT: visible stretches, keyframes that suffice, interpolation: visible stretches."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.cvat_tracks import CLIP, at, frames_of
from cvat_files import accounted, attribute, counts, export, label, open_text, row, task, track, tracks_of
from harness import Convert
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Track,
)
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.meta import TaskSpec
from to_labelbox_formats.cvat.shapes import ShapeLog, Vocabulary
from to_labelbox_formats.cvat.tracks.fast_tracks import FastTracks
from to_labelbox_formats.cvat.tracks.rows import Rules


def test_a_track_that_appears_vanishes_and_returns(tmp_path: Path) -> None:
    rows = row(2, (0, 0, 10, 10)) + row(3, (1, 0, 11, 10), key=False) + row(4, (2, 0, 12, 10), key=False)
    rows += row(5, (3, 0, 13, 10), outside=True) + row(8, (50, 50, 60, 60)) + row(9, (50, 50, 60, 60), key=False)
    (found,), log = tracks_of(tmp_path, track(rows), CLIP)
    assert frames_of(found) == [[2, 4], [8, 9]]
    assert found.segments[0][1].geometry == Box(2, 0, 10, 10)
    assert log.ledger["car"].read == 1
    assert found.source_count == 1


def test_keyframes_only_are_led_to_the_outside_row(tmp_path: Path) -> None:
    rows = row(0, (0, 0, 10, 10)) + row(10, (20, 0, 30, 10), outside=True)
    (found,), _ = tracks_of(tmp_path, track(rows), CLIP)
    assert frames_of(found) == [[0, 9]]
    assert found.segments[0][1].geometry == Box(18, 0, 10, 10)  # 9/10 of the way


def test_keyframes_only_last_through_the_task(tmp_path: Path) -> None:
    rows = row(0, (0, 0, 10, 10)) + row(10, (20, 0, 30, 10))
    (found,), _ = tracks_of(tmp_path, track(rows), CLIP)
    assert frames_of(found) == [[0, 10, 20]]
    assert found.segments[0][2].geometry == Box(20, 0, 10, 10)


def test_keyframes_only_without_a_task_end_at_the_last_one(tmp_path: Path) -> None:
    (found,), log = tracks_of(tmp_path, track(row(0, (0, 0, 10, 10)) + row(10, (20, 0, 30, 10))))
    assert frames_of(found) == [[0, 10]]
    assert counts(log)["frame-invalid"] == 1


def test_a_single_row_is_a_shape_on_one_frame_where_others_are_closed(tmp_path: Path) -> None:
    tracks = track(row(3, (0, 0, 9, 9)) + row(4, (0, 0, 9, 9), outside=True)) + track(row(20, (0, 0, 9, 9)), id=1)
    found, _ = tracks_of(tmp_path, tracks, CLIP)
    assert [frames_of(t) for t in found] == [[[3]], [[20]]]


def test_sampled_video_keeps_its_own_frame_numbers(tmp_path: Path) -> None:
    meta = task(label("car"), size=4, start=10, stop=19, step=3, video=(640, 480))
    rows = row(10, (0, 0, 10, 10)) + row(13, (3, 0, 13, 10), key=False) + row(16, (6, 0, 16, 10), outside=True)
    (found,), _ = tracks_of(tmp_path, track(rows), meta)
    assert frames_of(found) == [[10, 13, 15]]
    assert found.segments[0][2].geometry == Box(5, 0, 10, 10)
    (relative,), _ = tracks_of(tmp_path, track(rows), meta, frames="sampled")
    assert frames_of(relative) == [[0, 1]]


def test_frames_of_a_project_are_counted_from_each_task(tmp_path: Path) -> None:
    tasks = "".join(
        task(id=i, name=f"t{i}", size=10, stop=9, video=(64, 48), source=f"{i}.mp4", subset="s") for i in (7, 4)
    )
    meta = f"<project><id>1</id><name>p</name><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>"
    tracks = "".join(
        track(row(f, (0, 0, 9, 9)) + row(f + 2, (0, 0, 9, 9), outside=True), more=f' task_id="{i}" subset="s"')
        for i, f in ((4, 1), (7, 13))
    )
    dataset, _ = open_text(tmp_path, export(tracks, meta))
    found = {item.asset.path: list(item.annotations) for item in dataset}
    assert set(found) == {"4.mp4", "7.mp4"}
    assert [frames_of(t) for t in found["4.mp4"] if isinstance(t, Track)] == [[[1, 2]]]
    assert [frames_of(t) for t in found["7.mp4"] if isinstance(t, Track)] == [[[3, 4]]]


def test_lone_shapes_that_the_server_does_not_close_are_on_one_frame(tmp_path: Path) -> None:
    """CVAT leaves the closing row out near the end of a task, and in projects wherever the shifted number is beyond it."""
    jobs = "<segments><segment><id>1</id><start>0</start><stop>19</stop></segment></segments>"
    lone = row(3, (0, 0, 9, 9))
    found, _ = tracks_of(tmp_path, track(lone), CLIP.replace("<labels>", f"{jobs}<labels>"))
    assert frames_of(found[0]) == [[3]]
    found, _ = tracks_of(tmp_path, track(lone), CLIP)  # not the server's: a keyframe lasts
    assert frames_of(found[0]) == [[3, 20]]
    both = track(lone) + track(row(0, (0, 0, 9, 9)) + row(5, (0, 0, 9, 9)), id=1)  # keyframes picked from an export
    found, _ = tracks_of(tmp_path, both, CLIP.replace("<labels>", f"{jobs}<labels>"))
    assert [frames_of(t) for t in found] == [[[3, 20]], [[0, 5, 20]]]
    tasks = "".join(
        task(id=i, name=f"t{i}", size=10, stop=9, video=(64, 48), source=f"{i}.mp4").replace(
            "<labels>", jobs + "<labels>"
        )
        for i in (1, 2)
    )
    meta = f"<project><id>1</id><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>"
    more = ' task_id="2" subset="default"'
    tracks = track(row(13, (0, 0, 9, 9)), more=more) + track(row(11, (0, 0, 9, 9)) + row(12, (0, 0, 9, 9)), more=more)
    found, _ = tracks_of(tmp_path, tracks, meta)
    assert frames_of(found[0]) == [[3]]


def test_an_answer_that_becomes_empty_does_not_go_on(tmp_path: Path, convert: Convert) -> None:
    note = attribute("note", "text", mutable=True) + attribute("hue", "select", "red\nblue")
    meta = task(label("car", attributes=note), size=6, stop=5, video=(64, 48))
    texts = ["van", "van", "", "", "bus", ""]
    rows = "".join(
        row(
            f,
            (0, 0, 9, 9),
            key=not f,
            inside=f'<attribute name="hue">red</attribute><attribute name="note">{text}</attribute>',
        )
        for f, text in enumerate(texts)
    )
    for form in (rows, rows.replace("red", "r&#101;d")):  # by columns, and by rows
        (tmp_path / "a.xml").write_text(export(track(form), meta))
        (line,) = convert(tmp_path / "a.xml").lines
        (keys,) = (segment["keyframes"] for segment in line["segments"])
        said = [(k["frame"] - 1, [c["answer"] for c in k["classifications"]]) for k in keys if "classifications" in k]
        red = {"name": "red"}
        assert said == [(0, [red, "van"]), (2, [red]), (4, [red, "bus"]), (5, [red])]


def test_a_track_without_a_visible_row_is_skipped(tmp_path: Path) -> None:
    found, log = tracks_of(tmp_path, track(row(1, (0, 0, 9, 9), outside=True)) + track("", id=1), CLIP)
    assert not found
    assert counts(log) == {"track-empty": 2}
    assert log.ledger["car"].skipped == 2


def test_rows_out_of_order_and_told_twice(tmp_path: Path) -> None:
    rows = row(5, (5, 0, 15, 10)) + row(0, (0, 0, 10, 10)) + row(5, (9, 9, 19, 19), key=False)
    rows += row(9, (0, 0, 1, 1), outside=True)
    (found,), log = tracks_of(tmp_path, track(rows), CLIP)
    assert frames_of(found) == [[0, 5, 8]]
    assert found.segments[0][1].geometry == Box(5, 0, 10, 10)
    assert counts(log) == {"record-duplicate": 1}


@pytest.mark.parametrize(
    ("keys", "left", "counts_it"),
    [
        ((True, False), 5, "the keyframe counts"),
        ((False, True), 9, "the keyframe counts"),
        ((True, True), 9, "the later one counts"),
    ],
)
def test_of_two_rows_of_one_frame_it_is_said_which_counts(
    tmp_path: Path, keys: tuple[bool, bool], left: int, counts_it: str
) -> None:
    rows = row(0, (0, 0, 10, 10)) + row(5, (5, 0, 15, 10), key=keys[0]) + row(5, (9, 0, 19, 10), key=keys[1])
    (found,), log = tracks_of(tmp_path, track(rows + row(9, (0, 0, 1, 1), outside=True)), CLIP)
    assert found.segments[0][1].geometry == Box(left, 0, 10, 10)
    (said,) = log.diagnostics.values()
    assert counts_it in said.message


def test_frozen_rows_are_kept_as_they_are(tmp_path: Path) -> None:
    rows = row(0, (0, 0, 10, 10)) + "".join(row(f, (0, 0, 10, 10), key=False) for f in range(1, 6))
    rows += row(6, (60, 0, 70, 10)) + row(7, (60, 0, 70, 10), outside=True)
    (found,), _ = tracks_of(tmp_path, track(rows), CLIP)
    assert frames_of(found) == [[0, 5, 6]]


def test_attributes_of_rows_and_of_the_track(tmp_path: Path) -> None:
    attributes = attribute("wheels", "number") + attribute("brakes", "checkbox", "false", mutable=True)
    meta = task(label("car", attributes=attributes), size=9, stop=8, video=(640, 480))

    def answers(value: str) -> str:
        return f'<attribute name="wheels">4</attribute><attribute name="brakes">{value}</attribute>'

    rows = "".join(
        row(f, (f, 0, f + 10, 10), key=f in (0, 4), occluded=f >= 6, inside=answers("true" if f >= 4 else "false"))
        for f in range(9)
    )
    (found,), _ = tracks_of(tmp_path, track(rows), meta)
    assert found.attributes == (Attribute("wheels", "4"),)
    off, on = Attribute("brakes", Choice("false")), Attribute("brakes", Choice("true"))
    no, yes = Attribute("occluded", "no", flag=True), Attribute("occluded", "yes", flag=True)
    assert [(k.frame, k.attributes) for k in found.segments[0]] == [
        (0, (off, no)),
        (4, (on, no)),
        (6, (on, yes)),
        (8, (on, yes)),
    ]


def test_an_immutable_attribute_that_changes_goes_to_the_keyframes(tmp_path: Path) -> None:
    meta = task(label("car", attributes=attribute("plate", "text")), size=3, stop=2, video=(640, 480))
    rows = "".join(
        row(f, (0, 0, 9, 9), key=f != 1, inside=f'<attribute name="plate">{"AB"[f > 0]}</attribute>') for f in range(3)
    )
    (found,), _ = tracks_of(tmp_path, track(rows), meta)
    assert found.attributes == ()
    assert [(k.frame, k.attributes[0].value) for k in found.segments[0]] == [(0, "A"), (1, "B"), (2, "B")]


@st.composite
def dense_tracks(draw: st.DrawFn) -> list[tuple[int, bool, bool, tuple[float, ...]]]:
    """(frame, keyframe, outside, corners): random keyframes, rows between them exact, frozen or displaced."""
    count = draw(st.integers(1, 5))
    keys = sorted(draw(st.sets(st.integers(0, 40), min_size=count, max_size=count)))
    number = st.floats(-20, 200).map(lambda v: round(v, 2))
    size = st.floats(0.5, 90).map(lambda v: round(v, 2))
    shapes = []
    for _ in keys:
        x, y, w, h = draw(number), draw(number), draw(size), draw(size)
        shapes.append((x, y, round(x + w, 2), round(y + h, 2)))
    hidden = [draw(st.booleans()) for _ in keys]
    rows: list[tuple[int, bool, bool, tuple[float, ...]]] = []
    for i, key in enumerate(keys):
        rows.append((key, True, hidden[i], shapes[i]))
        if hidden[i] or i + 1 == len(keys):
            continue
        manner = draw(st.sampled_from(["linear", "frozen", "displaced"]))
        for frame in range(key + 1, keys[i + 1]):
            t = (frame - key) / (keys[i + 1] - key)
            corners = tuple(round(a + (b - a) * t, 2) for a, b in zip(shapes[i], shapes[i + 1]))
            if manner == "frozen":
                corners = shapes[i]
            elif manner == "displaced":
                corners = tuple(round(c + math.sin(frame) * 3 * (1 if n < 2 else 2), 2) for n, c in enumerate(corners))
                if corners[2] <= corners[0] or corners[3] <= corners[1]:
                    corners = shapes[i]
            rows.append((frame, False, False, corners))
    return rows


@settings(max_examples=150, deadline=None)
@given(dense_tracks(), st.booleans())
def test_every_row_comes_back_and_only_where_it_is_visible(
    rows: list[tuple[int, bool, bool, tuple[float, ...]]], irregular: bool
) -> None:
    anchor = track(row(0, (0, 0, 9, 9)) + row(1, (0, 0, 9, 9), key=False) + row(2, (0, 0, 9, 9), outside=True), id=9)
    text = track("".join(row(f, c, key=k, outside=o) for f, k, o, c in rows))
    if irregular:  # an entity sends the track through the parser, row by row
        text = text.replace('source="manual"', 'source="&#109;anual"')
    with TemporaryDirectory() as folder:
        found, log = tracks_of(Path(folder), text + anchor, task(label("car"), size=60, stop=59, video=(300, 300)))
    assert accounted(found, log)
    visible = {f: c for f, _, o, c in rows if not o}
    if not visible:
        assert len(found) == 1
        return
    outside = [f for f, _, o, _ in rows if o]
    for frame, corners in visible.items():
        shown = at(found[0], frame)
        assert shown is not None
        assert max(abs(a - b) for a, b in zip(shown, corners)) <= 0.06
    for frame in outside:
        assert at(found[0], frame) is None
    assert at(found[0], min(visible) - 1) is None


@settings(max_examples=60, deadline=None)
@given(dense_tracks(), st.sampled_from([1, 3]), st.sampled_from(["source", "sampled"]))
def test_columns_and_rows_say_the_same(
    rows: list[tuple[int, bool, bool, tuple[float, ...]]], step: int, frames: str
) -> None:
    attributes = attribute("a", "text", mutable=True) + attribute("b", "checkbox", "false")
    meta = task(label("car", attributes=attributes), size=60, start=2, stop=180, step=step, video=(300, 300))
    text = "".join(
        row(
            2 + step * f,
            c,
            key=k,
            outside=o,
            occluded=f % 7 == 0,
            inside=f'<attribute name="a">{f // 9}</attribute>\n<attribute name="b">true</attribute>',
        )
        for f, k, o, c in rows
    )
    closing = track(row(2, (0, 0, 9, 9), key=False), id=9)
    with TemporaryDirectory() as folder:
        quick, _ = tracks_of(Path(folder), track(text) + closing, meta, frames=frames)
        careful, _ = tracks_of(
            Path(folder), track(text).replace("manual", "&#109;anual") + closing, meta, frames=frames
        )
    assert quick == careful


def test_regular_tracks_are_read_by_columns() -> None:
    inside = '<attribute name="a">x</attribute>\n<attribute name="ö">1 2</attribute>'
    text = track(
        "".join(row(f, (f, 0, f + 10, 9), key=f == 0, outside=f == 2, inside=inside) for f in range(3))
    ).strip()
    read = FastTracks(Vocabulary(()), ShapeLog(Log(), ""), Rules(TaskSpec(), True, True)).columns
    columns = read(text.encode())
    assert columns is not None
    assert columns.frames.tolist() == [0, 1, 2]
    assert columns.corners.tolist() == [[0, 0, 10, 9], [1, 0, 11, 9], [2, 0, 12, 9]]
    assert (columns.key.tolist(), columns.outside.tolist()) == ([True, False, False], [False, False, True])
    assert [text.strip() for text in columns.answers] == [inside]
    assert read(text.replace("<box", "<ellipse", 1).encode()) is None
    assert read(text.replace('frame="1"', 'frame="0"').encode()) is None
    assert read(text.replace("</attribute>", "<!-- --></attribute>", 1).encode()) is None
