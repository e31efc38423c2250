"""Tracks of CVAT: visible stretches, keyframes that suffice, interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvat_files import accounted, attribute, counts, export, image, label, open_text, row, task, track, tracks_of
from harness import Convert
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Cuboid,
    Ellipse,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox_formats.cvat.meta import TaskSpec
from to_labelbox_formats.cvat.nodes import parse_node
from to_labelbox_formats.cvat.shapes import Figure
from to_labelbox_formats.cvat.tracks.fast_columns import read_columns
from to_labelbox_formats.cvat.tracks.interpolation import between, outline, turned

CLIP = task(label("car"), size=21, stop=20, video=(640, 480))


def at(found: Track, frame: int) -> tuple[float, float, float, float] | None:
    """Corners that a player shows on a frame: linear between the keyframes of a segment, nothing outside of it."""
    for segment in found.segments:
        if not segment[0].frame <= frame <= segment[-1].frame:
            continue
        for a, b in zip(segment, segment[1:] or segment):
            if a.frame <= frame <= b.frame:
                assert isinstance(a.geometry, Box)
                assert isinstance(b.geometry, Box)
                t = (frame - a.frame) / (b.frame - a.frame) if b.frame > a.frame else 0.0
                p, q = corners_of(a.geometry), corners_of(b.geometry)
                x0, y0, x1, y1 = (u + (v - u) * t for u, v in zip(p, q))
                return x0, y0, x1, y1
    return None


def corners_of(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.left + box.width, box.top + box.height


def frames_of(found: Track) -> list[list[int]]:
    return [[k.frame for k in segment] for segment in found.segments]


# ---------------------------------------------------------------------------------------------- visible stretches


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


# ------------------------------------------------------------------------------------------------------ keyframes


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
    columns = read_columns(text.encode())
    assert columns is not None
    assert columns.frames.tolist() == [0, 1, 2]
    assert columns.corners.tolist() == [[0, 0, 10, 9], [1, 0, 11, 9], [2, 0, 12, 9]]
    assert (columns.key.tolist(), columns.outside.tolist()) == ([True, False, False], [False, False, True])
    assert columns.answers == [(("a", "x"), ("ö", "1 2"))]
    assert read_columns(text.replace("<box", "<ellipse", 1).encode()) is None
    assert read_columns(text.replace('frame="1"', 'frame="0"').encode()) is None
    assert read_columns(text.replace('"ö"', '"o"', 1).encode()) is None
    assert read_columns(text.replace("</attribute>", "<!-- --></attribute>", 1).encode()) is None


# ---------------------------------------------------------------------------------------------------- other shapes


def shape_row(frame: int, tag: str, fields: str, *, key: bool = True, outside: bool = False) -> str:
    return (
        f'<{tag} frame="{frame}" keyframe="{int(key)}" outside="{int(outside)}" occluded="0" {fields} z_order="0"/>\n'
    )


def geometries(found: Track) -> list[tuple[int, object]]:
    return [(k.frame, k.geometry) for segment in found.segments for k in segment]


def test_a_rotated_track_has_a_keyframe_on_every_frame(tmp_path: Path) -> None:
    rows = row(0, (0, 0, 10, 10), more=' rotation="350"') + row(4, (0, 0, 10, 10), more=' rotation="10"')
    rows += row(5, (0, 0, 10, 10), outside=True)
    (found,), _ = tracks_of(tmp_path, track(rows), CLIP)
    assert geometries(found) == [
        (0, RotatedBox(5, 5, 10, 10, 350)),
        (1, RotatedBox(5, 5, 10, 10, 355)),
        (2, Box(0, 0, 10, 10)),
        (3, RotatedBox(5, 5, 10, 10, 5)),
        (4, RotatedBox(5, 5, 10, 10, 10)),
    ]


def test_ellipse_cuboid_and_mask_tracks(tmp_path: Path) -> None:
    ellipse = shape_row(0, "ellipse", 'cx="10" cy="10" rx="4" ry="2"')
    ellipse += shape_row(2, "ellipse", 'cx="20" cy="10" rx="8" ry="2"') + shape_row(
        3, "ellipse", 'cx="0" cy="0" rx="1" ry="1"', outside=True
    )
    corners = " ".join(
        f'{c}{f}="{i + 8 * f}"' for f in (1, 2) for i, c in enumerate("xtl ytl xbl ybl xtr ytr xbr ybr".split())
    )
    cuboid = shape_row(0, "cuboid", corners) + shape_row(1, "cuboid", corners, outside=True)
    mask = shape_row(0, "mask", 'rle="1, 2, 1" left="1" top="0" width="2" height="2"')
    mask += shape_row(1, "mask", 'rle="1, 2, 1" left="1" top="0" width="2" height="2"', outside=True)
    meta = task(label("car"), size=9, stop=8, video=(4, 3))
    found, _ = tracks_of(tmp_path, track(ellipse) + track(cuboid, id=1) + track(mask, id=2), meta)
    assert geometries(found[0]) == [(0, Ellipse(10, 10, 4, 2)), (1, Ellipse(15, 10, 6, 2)), (2, Ellipse(20, 10, 8, 2))]
    assert geometries(found[1]) == [(0, Cuboid((8, 9, 12, 13, 14, 15, 10, 11), (16, 17, 20, 21, 22, 23, 18, 19)))]
    ((_, shape),) = geometries(found[2])
    assert isinstance(shape, Mask)


def test_polygon_tracks_keep_every_row(tmp_path: Path) -> None:
    rows = "".join(
        shape_row(f, "polygon", f'points="{f},0;{f + 10},0;{f},10"', key=f == 0, outside=f == 3) for f in range(4)
    )
    (found,), _ = tracks_of(tmp_path, track(rows), CLIP)
    assert geometries(found) == [(f, Polygon((([f, 0.0, f + 10, 0.0, f, 10.0],),))) for f in range(3)]


def test_lines_are_thinned_unless_their_vertices_change(tmp_path: Path) -> None:
    same = "".join(shape_row(f, "polyline", f'points="{f},0;{f + 10},5"', key=f == 0, outside=f == 4) for f in range(5))
    other = "".join(
        shape_row(f, "polyline", f'points="{f},0;{f + 10},5{";9,9" if f == 2 else ""}"', key=f == 0, outside=f == 4)
        for f in range(5)
    )
    found, _ = tracks_of(tmp_path, track(same) + track(other, id=1), CLIP)
    assert geometries(found[0]) == [(0, Polyline([0.0, 0.0, 10.0, 5.0])), (3, Polyline([3.0, 0.0, 13.0, 5.0]))]
    assert [f for f, _ in geometries(found[1])] == [0, 1, 2, 3]


def test_several_points_become_tracks_that_are_held_together(tmp_path: Path) -> None:
    rows = shape_row(0, "points", 'points="1,1;2,2"') + shape_row(3, "points", 'points="5,5;6,6;7,7"')
    rows += shape_row(5, "points", 'points="5,5"', outside=True)
    found, log = tracks_of(tmp_path, track(rows), CLIP)
    # CVAT repeats the first row up to the next keyframe when there is more than one point.
    assert geometries(found[0]) == [(0, Point(1, 1)), (2, Point(1, 1)), (3, Point(5, 5)), (4, Point(5, 5))]
    assert geometries(found[2]) == [(3, Point(7, 7)), (4, Point(7, 7))]
    assert [t.source_count for t in found] == [1, 0, 0]
    assert {t.attributes for t in found} == {(Attribute("instance", "0"),)}
    assert accounted(found, log)


def test_skeleton_tracks_of_both_generations(tmp_path: Path) -> None:
    meta = task(
        label("man", "skeleton") + label("head", "points", more="<parent>man</parent>"), size=9, stop=8, video=(64, 48)
    )
    new = "".join(
        f'<skeleton frame="{f}" keyframe="{int(f == 0)}" z_order="0"><points label="head" keyframe="{int(f in (0, 2))}" '
        f'outside="{int(f == 3)}" occluded="0" points="{f},0"/></skeleton>'
        for f in range(4)
    )
    old = (
        '<skeleton frame="0" points="1,1" keyframe="1"/>'
        '<track id="5" label="head"><points frame="0" keyframe="1" outside="0" points="1,1"/>'
        '<points frame="2" keyframe="1" outside="1" points="3,1"/></track>'
    )
    found, log = tracks_of(tmp_path, track(new, "man") + track(old, "man", id=1), meta)
    assert [t.label for t in found] == ["man/head", "man/head"]
    assert geometries(found[0]) == [(0, Point(0, 0)), (2, Point(2, 0))]
    # The file is dense, so the frame before the outside row is computed for the end of the stretch only.
    assert geometries(found[1]) == [(0, Point(1, 1)), (1, Point(2, 1))]
    assert accounted(found, log)
    assert {t.ledger_label for t in found} == {"man"} == set(log.ledger)


def test_a_skeleton_is_counted_under_its_own_label(tmp_path: Path, convert: Convert) -> None:
    meta = task(
        label("man", "skeleton") + label("head", "points", more="<parent>man</parent>"), size=9, stop=8, video=(64, 48)
    )
    point = '<points label="head" outside="0" occluded="0" points="3,4"{}>{}</points>'
    key, side = ' keyframe="1"', '<attribute name="side">left</attribute>'
    moving = f'<skeleton frame="0">{point.format(key, "")}</skeleton>'
    still = f'<skeleton label="man">{point.format("", "")}</skeleton>'
    told = f'<skeleton label="man">{point.format("", side)}</skeleton>'
    frames = image(still + told, "frame_000001")
    source = tmp_path / "annotations.xml"
    source.write_text(export(track(moving, "man") + frames, meta))
    for video, tally in (("video", (3, 0, 3)), ("frames", (11, 11, 0))):
        report = convert(source, options={"video": video}).report
        assert list(report.classes) == ["man"]
        man = report.classes["man"]
        assert (man.read, man.converted, man.approximated) == tally


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (row(0, (0, 0, 9, 9)).replace('frame="0"', 'frame="x"'), "frame-invalid"),
        (row(0, (0, 0, 9, 9)).replace('xtl="0.00"', 'xtl="nan"'), "box-invalid"),
        (row(0, (0, 0, 9, 9)).replace('xtl="0.00" ', ""), "box-invalid"),
        (shape_row(0, "blob", ""), "geometry-unsupported"),
        (shape_row(0, "polygon", 'points="1,1;2"'), "polygon-invalid"),
    ],
)
def test_a_broken_row_costs_itself(tmp_path: Path, rows: str, code: str) -> None:
    found, log = tracks_of(tmp_path, track(rows + row(2, (0, 0, 9, 9)) + row(3, (0, 0, 9, 9), outside=True)), CLIP)
    assert [frames_of(t) for t in found] == [[[2]]]
    assert counts(log)[code] == 1


# --------------------------------------------------------------------------------------------------- interpolation


def test_an_element_with_one_keyframe_lasts_beside_others_with_more(tmp_path: Path) -> None:
    head = shape_row(0, "points", 'points="1,1"') + shape_row(6, "points", 'points="7,1"', outside=True)
    foot = shape_row(0, "points", 'points="3,3"')
    nested = f'<track label="head">{head}</track><track label="foot">{foot}</track>'
    found, _ = tracks_of(tmp_path, track(nested, "man"), CLIP)
    assert [(t.label, frames_of(t)) for t in found] == [("man/head", [[0, 5]]), ("man/foot", [[0, 20]])]


@pytest.mark.parametrize("irregular", [False, True])
def test_frames_after_the_last_of_the_task_are_kept_with_a_word(tmp_path: Path, irregular: bool) -> None:
    rows = row(19, (0, 0, 9, 9)) + "".join(row(f, (0, 0, 9, 9), key=False) for f in range(20, 25))
    for text, said in ((rows, 1), (rows.partition(row(21, (0, 0, 9, 9), key=False))[0], 0)):
        text = track(text, more=' note="a&amp;b"' if irregular else "")
        (found,), log = tracks_of(tmp_path, text, CLIP)
        assert found.segments[0][-1].frame == (24 if said else 20)
        assert counts(log).get("frame-invalid", 0) == said


@pytest.mark.parametrize("tag", ["polyline", "points", "polygon"])
def test_rows_without_points_cost_themselves(tmp_path: Path, tag: str) -> None:
    rows = "".join(shape_row(f, tag, 'points=""', key=f == 0) for f in range(4))
    found, log = tracks_of(tmp_path, track(rows), CLIP)
    assert found == []
    assert counts(log) == {"point-invalid": 4, "track-empty": 1}
    rows += shape_row(4, tag, 'points="1,1;5,1;5,5"')
    found, _ = tracks_of(tmp_path, track(rows), CLIP)
    assert {f for t in found for segment in frames_of(t) for f in segment} == {4}


@pytest.mark.parametrize("corners", ['points=""', 'xtl="x" ytl="0" xbr="1" ybr="1"'])
def test_a_row_that_cannot_be_read_hides_all_the_same(tmp_path: Path, corners: str) -> None:
    rows = row(0, (0, 0, 9, 9)) + row(2, (0, 0, 9, 9), key=False) + shape_row(5, "box", corners, outside=True)
    found, log = tracks_of(tmp_path, track(rows + row(8, (0, 0, 9, 9)) + row(9, (0, 0, 9, 9), outside=True)), CLIP)
    assert [(s[0], s[-1]) for s in frames_of(found[0])] == [(0, 4), (8, 8)]
    assert counts(log) == {"box-invalid": 1}


def test_rotation_goes_the_shorter_way() -> None:
    assert turned(350, 10, 0.5) == 0
    assert turned(10, 350, 0.25) == 5
    assert turned(0, 90, 0.5) == 45


def test_outlines_with_as_many_vertices_move_straight() -> None:
    square = [0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0]
    moved = [v + 4 for v in square]
    assert outline(square, moved, 0.5, closed=True) == [v + 2 for v in square]


def test_an_outline_gains_vertices_where_the_other_has_them() -> None:
    # The middle vertex of B is as far along as none of A: it joins the first, whose two partners are 5 apart.
    assert outline([0, 0, 10, 0], [0, 0, 5, 0, 10, 0], 0.5, closed=False) == [0, 0, 2.5, 0, 10, 0]
    # Going back, both first vertices of A lead to different vertices of B except the middle one.
    assert outline([0, 0, 5, 0, 10, 0], [0, 0, 10, 0], 0.5, closed=False) == [0, 0, 2.5, 0, 10, 0]


def test_an_outline_without_length_stays() -> None:
    assert outline([3, 3, 3, 3], [0, 0, 9, 9], 0.5, closed=False) == [3, 3, 3, 3]


@st.composite
def curves(draw: st.DrawFn) -> list[float]:
    count = draw(st.integers(3, 9))
    return [draw(st.integers(0, 200)) / 2 for _ in range(2 * count)]


def reference_outline(a: Sequence[float], b: Sequence[float], t: float, closed: bool) -> list[tuple[float, float]]:
    """CVAT's matching written down a second time, with arrays, step by step as its description says."""
    p, q = np.array(a, float).reshape(-1, 2), np.array(b, float).reshape(-1, 2)
    if closed:
        p, q = np.vstack([p, p[:1]]), np.vstack([q, q[:1]])

    def shares(c: np.ndarray) -> np.ndarray:
        walked = [0.0]
        for u, v in pairwise(c):
            walked.append(walked[-1] + math.dist(u, v))
        return np.array(walked) / sum(math.dist(u, v) for u, v in pairwise(c))

    sp, sq = shares(p), shares(q)
    match = {i: [int(np.argmin(abs(sq - sp[i])))] for i in range(len(p))}
    for j in set(range(len(q))) - {m[0] for m in match.values()}:
        match[int(np.argmin(abs(sp - sq[j])))].append(j)
    points: list[tuple[float, float]] = []
    own: dict[int, list[int]] = {}
    for i in range(len(p)):
        own[i] = []
        for j in sorted(match[i]):
            own[i].append(len(points))
            points.append(tuple((p[i] * (1 - t) + q[j] * t).tolist()))
    out: list[tuple[float, float]] = []

    def close(first: int, last: int, base: np.ndarray) -> None:
        if first == last:
            out.append(points[first])
            return
        length = sum(math.dist(u, v) for u, v in pairwise(base))
        limit, kept = length / (2 * len(base)), [first]
        for k in range(first + 1, last):
            if math.dist(points[kept[-1]], points[k]) >= limit:
                kept.append(k)
        if len(kept) == 1 and math.dist(points[first], points[last]) < limit:
            out.append(tuple((np.array(points[first]) + points[last]) / 2))
        else:
            out.extend(points[k] for k in [*kept, last])

    opener: int | None = None
    for i in [*range(len(p)), None]:
        single = i is not None and len(match[i]) == 1
        if opener is not None and not (single and i is not None and match[i] == match[opener]):
            stop = (len(p) if i is None else i) - 1
            close(own[opener][0], own[stop][0], p[opener : stop + 1])
            opener = None
        if single and opener is None:
            opener = i
        elif i is not None and not single:
            close(own[i][0], own[i][-1], q[min(match[i]) : max(match[i]) + 1])
    return out[:-1] if closed else out


@settings(max_examples=300, deadline=None)
@given(curves(), curves(), st.sampled_from([0.1, 0.25, 0.5, 0.75]), st.booleans())
def test_outlines_equal_an_independent_reading_of_the_rule(
    a: list[float], b: list[float], t: float, closed: bool
) -> None:
    if len({*a}) == 1 or any(len(set(zip(c[::2], c[1::2]))) < 2 for c in (a, b)):
        return
    made = outline(a, b, t, closed=closed)
    expected = [v for point in reference_outline(a, b, t, closed) for v in point]
    assert made == pytest.approx(expected, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.booleans(), st.integers(0, 80)),
        min_size=1,
        max_size=6,
        unique_by=lambda k: k[0],
    )
)
def test_keyframes_expand_as_cvat_expands_them(keys: list[tuple[int, bool, int]]) -> None:
    keys = sorted(keys)
    rows = "".join(row(f, (x, 2 * x, x + 10, 2 * x + 5), outside=o) for f, o, x in keys)
    with TemporaryDirectory() as folder:
        found, _ = tracks_of(Path(folder), track(rows), task(label("car"), size=70, stop=69, video=(500, 500)))
    expected: dict[int, float] = {}
    for n, (frame, hidden, x) in enumerate(keys):
        if hidden:
            continue
        following = keys[n + 1] if n + 1 < len(keys) else None
        for f in range(frame, following[0] if following else 70):
            expected[f] = x + (following[2] - x) * (f - frame) / (following[0] - frame) if following else x
    if not expected:
        assert not found
        return
    for f in range(70):
        shown = at(found[0], f)
        assert (shown is not None) == (f in expected)
        if shown is not None:
            assert shown[0] == pytest.approx(expected[f], abs=1e-6)


def test_between_keeps_what_has_no_way() -> None:
    a, b = Figure("mask", [1, 2, 0, 0, 1, 3]), Figure("mask", [3, 0, 0, 1, 3])
    assert between(a, b, 0.5) is a
    points = Figure("points", [1, 1, 2, 2])
    assert between(points, Figure("points", [5, 5]), 0.5) is points


def test_nodes_of_both_parsers_agree() -> None:
    text = track(row(0, (1, 2, 3, 4), inside='<attribute name="a">x &gt; "y"</attribute>'))
    node = parse_node(text.encode())
    plain = parse_node(text.replace("&gt;", ">").encode())
    assert [(n.tag, n.get("xtl"), n.get("frame")) for n in node.children] == [("box", "1.00", "0")]
    assert [(n.tag, n.get("xtl"), n.get("frame")) for n in plain.children] == [("box", "1.00", "0")]


def test_last_frame_of_a_task() -> None:
    assert TaskSpec(size=4, start=10, stop=19, step=3).last == 19
    assert TaskSpec(start=0, stop=1990, step=10, size=200).last == 1990
    assert TaskSpec().last is None
    assert TaskSpec(size=609, start=0, stop=0).last == 608  # as files of 2020 say
    assert TaskSpec(size=1, start=0, stop=0).last == 0


def test_an_attribute_of_its_own_called_occluded_is_kept_apart_from_the_flag(tmp_path: Path) -> None:
    meta = task(label("car", attributes=attribute("occluded", "checkbox", "false\ntrue")), size=3, video=(640, 480))
    answer = '<attribute name="occluded">true</attribute>'
    rows = row(0, (1, 2, 3, 4), inside=answer) + row(2, (1, 2, 3, 4), occluded=True, inside=answer)
    (found,), _ = tracks_of(tmp_path, track(rows), meta)
    assert found.attributes == (Attribute("occluded", Choice("true")),)
    told = [(k.frame, k.attributes) for segment in found.segments for k in segment]
    assert told == [(n, (Attribute("occluded (flag)", v, flag=True),)) for n, v in ((0, "no"), (2, "yes"))]


def test_answers_in_another_order_are_no_change(tmp_path: Path) -> None:
    both = attribute("tone", "select", "dark\nlight") + attribute("lit", "checkbox", "true", mutable=True)
    meta = task(label("car", attributes=both), size=5, video=(640, 480))
    tone, lit = '<attribute name="tone">dark</attribute>', '<attribute name="lit">true</attribute>'
    rows = "".join(
        row(n, (n, 2, n + 3, 4), key=n in (0, 3), outside=n == 3, inside=lit + tone if n % 2 else tone + lit)
        for n in range(4)
    )
    for tracks in (track(rows), track(rows, more=' group_id="3"')):  # by columns, and row by row
        (found,), _ = tracks_of(tmp_path, tracks, meta)
        assert found.attributes == (Attribute("tone", Choice("dark")),)
        assert frames_of(found) == [[0, 2]]
