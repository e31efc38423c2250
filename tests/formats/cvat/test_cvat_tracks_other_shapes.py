"""Tracks of CVAT: visible stretches, keyframes that suffice, interpolation: other shapes."""

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

from builders.cvat_tracks import CLIP, at, frames_of
from cvat_files import accounted, attribute, counts, export, image, label, row, task, track, tracks_of
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
from to_labelbox_formats.cvat.nodes import Figure, parse_node
from to_labelbox_formats.cvat.tracks.interpolation import between, outline, turned


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
