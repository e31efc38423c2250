"""Tracks: what a video line holds exactly, and what becomes of the rest."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelbox_cells import pixels_of
from labelbox_writer import Written, faults, written
from to_labelbox.geometry.raster import mask_array, mask_from_array, rasterise
from to_labelbox.geometry.vector import clip_box
from to_labelbox.model.items import (
    Asset,
    Attribute,
    Box,
    Ellipse,
    FrameSpan,
    Geometry,
    Item,
    Keyframe,
    Keypoint,
    Keypoints,
    Media,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.model.items import Classification as Answer
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Tally
from to_labelbox.rules.settings import Outside, Policy, Settings

WIDTH, HEIGHT = 100, 80
CLIP = Asset(path="clip.mp4", media=Media.VIDEO, width=WIDTH, height=HEIGHT, frames=1000)
UNSIZED = Asset(path="clip.mp4", media=Media.VIDEO)


def keys(*frames: tuple[int, Geometry], **attributes: Any) -> tuple[Keyframe, ...]:
    return tuple(Keyframe(f, g, tuple(Attribute(n, v) for n, v in attributes.items())) for f, g in frames)


def track(*segments: tuple[Keyframe, ...], id: str = "1", **more: Any) -> Track:
    return Track(id=id, label="car", segments=segments, **more)


def run(*annotations: Any, asset: Asset = CLIP, settings: Settings | None = None, **options: Any) -> Written:
    return written([Item(asset=asset, annotations=annotations, origin="o.xml")], settings=settings, **options)


def tally(made: Written, label: str = "car") -> Tally:
    return made.log.ledger[label]


def expanded(line: dict[str, Any]) -> dict[int, tuple[float, ...]]:
    """left, top, right, bottom by frame, as the editor interpolates."""
    found: dict[int, tuple[float, ...]] = {}
    for segment in line["segments"]:
        places = []
        for key in segment["keyframes"]:
            b = key["bbox"]
            sides = (b["left"], b["top"], b["left"] + b["width"], b["top"] + b["height"])
            places.append((key["frame"] - 1, sides))
        for frame, sides in places:
            found[frame] = sides
        for (f, a), (g, b) in pairwise(places):
            for frame in range(f + 1, g):
                share = (frame - f) / (g - f)
                found[frame] = tuple(x + (y - x) * share for x, y in zip(a, b))
    return found


def test_first_frame_is_an_option() -> None:
    made = run(
        track(keys((0, Box(1, 2, 3, 4)))), Answer(id="2", name="q", value="x", frames=(FrameSpan(0, 1),)), first_frame=0
    )
    assert made.lines[0]["segments"][0]["keyframes"][0]["frame"] == 0
    assert made.lines[1]["answer"]["frames"] == [{"start": 0, "end": 1}]


def test_answers_stand_where_they_change_and_at_the_start_of_a_segment() -> None:
    first = (*keys((0, Box(1, 2, 3, 4)), (3, Box(1, 2, 3, 4)), on="yes"), *keys((5, Box(1, 2, 3, 4)), on="no"))
    made = run(track(first, keys((9, Box(1, 2, 3, 4))), attributes=(Attribute("hue", "red"),)))
    said = [
        {c["name"]: c["answer"]["name"] for c in key["classifications"]} if "classifications" in key else None
        for segment in made.lines[0]["segments"]
        for key in segment["keyframes"]
    ]
    red = {"hue": "red"}
    assert said == [{**red, "on": "yes"}, None, {**red, "on": "no"}, {**red, "on": "no"}]
    assert tally(made).converted == 1


def test_a_line_whose_vertices_grow_in_number_stays() -> None:
    made = run(track(keys((0, Polyline([1, 2, 3, 4])), (1, Polyline([1, 2, 3, 4, 5, 6])))))
    assert [len(k["line"]) for k in made.lines[0]["segments"][0]["keyframes"]] == [2, 3]
    assert tally(made).converted == 1


def test_a_box_outside_the_frame_is_hidden_there(tmp_path: Path) -> None:
    made = run(track(keys((0, Box(10, 10, 20, 20)), (1, Box(200, 10, 20, 20)), (2, Box(10, 10, 20, 20)))))
    (line,) = made.lines
    assert [[k["frame"] for k in s["keyframes"]] for s in line["segments"]] == [[1], [3]]
    assert tally(made).approximated == 1
    assert made.log.diagnostics[Code.OUTSIDE].count == 1
    assert faults(made, tmp_path) == []


def test_a_track_that_is_never_on_the_frame_is_skipped() -> None:
    made = run(track(keys((0, Box(200, 10, 20, 20)), (4, Box(200, 20, 20, 20)))))
    assert made.lines == []
    assert tally(made) == Tally(skipped=1)
    assert Code.OUTSIDE in made.log.diagnostics


def test_outside_keep_leaves_numbers_alone() -> None:
    made = run(
        track(keys((0, Box(-10, 10, 20, 20)), (9, Box(200, 10, 20, 20)))), settings=Settings(outside=Outside.KEEP)
    )
    assert [k["bbox"]["left"] for k in made.lines[0]["segments"][0]["keyframes"]] == [-10, 200]
    assert tally(made).converted == 1


def between(a: Box, b: Box, share: float) -> Box:
    pairs = ((a.left, b.left), (a.top, b.top), (a.width, b.width), (a.height, b.height))
    return Box(*(x + (y - x) * share for x, y in pairs))


sides = st.integers(-150, 200)
sizes = st.integers(1, 120)


@example([(1, 0, 0, 1, 1), (11, 100, 0, 22, 1)])
@example([(1, 0, 129, 1, 63), (10, 0, 31, 1, 1)])
@given(
    st.lists(st.tuples(st.integers(1, 12), sides, sides, sizes, sizes), min_size=1, max_size=4),
)
def test_cut_tracks_are_the_cut_boxes_on_every_frame(steps: list[tuple[int, int, int, int, int]]) -> None:
    """Against a frame-by-frame expansion of the source, each box cut by itself."""
    frame, frames = -1, []
    for step, left, top, width, height in steps:
        frame += step
        frames.append((frame, Box(left, top, width, height)))
    made = run(track(keys(*frames)))
    shown = expanded(made.lines[0]) if made.lines else {}
    ends = [*frames, frames[-1]]
    for (f, a), (g, b) in pairwise(ends):
        for at in range(f, max(g, f + 1)):
            share = (at - f) / (g - f) if g > f else 0
            box = between(a, b, share)
            cut = clip_box(box, WIDTH, HEIGHT)
            if cut is None or min(cut.width, cut.height) < 1e-9:
                assert at not in shown or min(shown[at][2] - shown[at][0], shown[at][3] - shown[at][1]) < 1e-6
            elif at in shown or min(cut.width, cut.height) > 1e-6:
                wanted = (cut.left, cut.top, cut.left + cut.width, cut.top + cut.height)
                assert shown[at] == pytest.approx(wanted, abs=1e-6)


def test_a_turn_too_small_to_see_is_a_box() -> None:
    made = run(track(keys((0, RotatedBox(20, 20, 10, 10, 0.2)), (1, Box(15, 15, 10, 10)))))
    assert made.lines[0]["segments"][0]["keyframes"][0]["bbox"] == {"top": 15, "left": 15, "height": 10, "width": 10}
    assert tally(made).approximated == 1
    assert Code.ROTATION_IGNORED in made.log.diagnostics


TRIANGLE = Polygon((([10, 10, 30, 10, 10, 40],),))


def test_outlines_become_masks_a_frame(tmp_path: Path) -> None:
    made = run(
        track(keys((0, TRIANGLE), (5, RotatedBox(40, 40, 20, 10, 30)), occluded="yes")),
        track(keys((0, Ellipse(40, 40, 9, 5))), id="2"),
    )
    (masks,) = (line["masks"] for line in made.lines)
    assert [f["index"] for f in masks["frames"]] == [1, 6]
    picture = pixels_of(masks["frames"][0]["imBytes"])
    color, other = (instance["colorRGB"] for instance in masks["instances"])
    above = (picture == other).all(-1)
    assert above.any()
    triangle = mask_array(rasterise(TRIANGLE, WIDTH, HEIGHT)).astype(bool)
    assert ((picture == color).all(-1) == triangle & ~above).all()
    assert (picture[~(picture == color).all(-1) & ~above] == 0).all()
    assert color != other
    assert tally(made) == Tally(approximated=2)
    assert made.log.diagnostics[Code.TRACK_CONVERTED].count == 2
    assert "occluded" in made.log.diagnostics[Code.ATTRIBUTE_DROPPED].examples[0].message
    assert made.ontology["tools"][0]["classifications"] == []
    assert faults(made, tmp_path) == []


def test_masks_on_every_frame_lose_nothing() -> None:
    mask = mask_from_array(np.eye(HEIGHT, WIDTH))
    assert tally(run(track(keys((3, mask), (4, mask))))).converted == 1
    assert tally(run(track(keys((3, mask), (5, mask))))).approximated == 1


@pytest.mark.parametrize(
    ("asset", "settings"), [(UNSIZED, Settings()), (CLIP, Settings(geometry=Policy.BBOX))], ids=["unsized", "forced"]
)
def test_outlines_become_envelope_boxes(asset: Asset, settings: Settings) -> None:
    made = run(track(keys((0, TRIANGLE), (5, Ellipse(40, 40, 9, 5)), on="yes")), asset=asset, settings=settings)
    first, second = made.lines[0]["segments"][0]["keyframes"]
    assert first["bbox"] == {"top": 10, "left": 10, "height": 30, "width": 20}
    assert second["bbox"] == {"top": 35, "left": 31, "height": 10, "width": 18}
    assert first["classifications"] == [{"name": "on", "answer": {"name": "yes"}}]
    assert tally(made).approximated == 1
    assert Code.TRACK_CONVERTED in made.log.diagnostics


def test_skeletons_become_point_tracks(tmp_path: Path) -> None:
    a, b = Keypoint("a", 1, 2), Keypoint("b", 3, 4, occluded=True)
    segment = keys((0, Keypoints((a, b))), (2, Keypoints((a,))), (4, Keypoints((a, b))))
    made = run(track(segment), track(segment, id="2"))
    names = [line["name"] for line in made.lines]
    assert names == ["car/a", "car/b"] * 2
    assert [len(s["keyframes"]) for s in made.lines[0]["segments"]] == [3]
    assert [[k["frame"] for k in s["keyframes"]] for s in made.lines[1]["segments"]] == [[1], [5]]
    assert made.lines[3]["segments"][0]["keyframes"][0]["classifications"] == [
        {"name": "visibility", "answer": {"name": "occluded"}},
        {"name": "instance", "answer": "2"},
    ]
    assert tally(made).approximated == 2
    assert faults(made, tmp_path) == []


def test_min_area_counts_the_largest_box() -> None:
    small = track(keys((0, Box(0, 0, 2, 2)), (4, Box(0, 0, 3, 3))))
    assert tally(run(small, settings=Settings(min_area=9))).converted == 1
    assert tally(run(small, settings=Settings(min_area=9.5))).skipped == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (track(), Code.TRACK_EMPTY),
        (track(()), Code.TRACK_EMPTY),
        (track(keys((-1, Box(0, 0, 1, 1)))), Code.FRAME_INVALID),
        (track(keys((3, Box(0, 0, 1, 1)), (3, Box(0, 0, 1, 1)))), Code.FRAME_INVALID),
        (track(keys((3, Box(0, 0, 1, 1))), keys((2, Box(0, 0, 1, 1)))), Code.FRAME_INVALID),
        (track(keys((3, Box(0, 0, 0, 1)))), Code.BOX_EMPTY),
        (track(keys((3, Box(float("nan"), 0, 1, 1)))), Code.BOX_INVALID),
        (track(keys((3, Box(0, 0, 1, 1)), (4, Point(1, 1)))), Code.GEOMETRY_UNSUPPORTED),
        (track(keys((3, Polygon((([1, 1, 2, 2],),))))), Code.POLYGON_TOO_SHORT),
        (track(keys((3, Polygon((([200, 1, 300, 2, 250, 50],),))))), Code.OUTSIDE),
        (track(keys((3, Keypoints(())))), Code.KEYPOINTS_EMPTY),
        (track(keys((3, mask_from_array(np.ones((3, 3)))))), Code.MASK_INVALID),
    ],
    ids=lambda value: str(value) if isinstance(value, Code) else "",
)
def test_what_cannot_be_written_is_skipped_with_its_reason(wrong: Track, code: Code) -> None:
    made = run(wrong)
    assert made.lines == []
    assert tally(made) == Tally(skipped=1)
    assert code in made.log.diagnostics


def test_tracks_belong_to_video_and_dicom() -> None:
    box = track(keys((0, Box(0, 0, 1, 1))))
    assert tally(run(box, asset=Asset(path="a.jpg"))).skipped == 1
    series = Asset(path="ct", media=Media.DICOM, width=9, height=9)
    line = track(keys((0, Polyline([1, 1, 2, 2])), on="yes"))
    assert tally(run(line, asset=series)).skipped == 1  # no plane
    made = run(track(keys((0, Polyline([1, 1, 2, 2])), on="yes"), plane="axial"), asset=series)
    assert "classifications" not in made.text
    assert tally(made).approximated == 1
    assert tally(run(track(keys((0, Point(1, 1))), plane="axial"), asset=series)).skipped == 1


def test_one_question_about_frames_and_about_the_whole_becomes_two(tmp_path: Path) -> None:
    made = run(
        Answer(id="1", name="q", value="calm"), Answer(id="2", name="q", value="busy", frames=(FrameSpan(0, 4),))
    )
    assert [(c["name"], c["scope"]) for c in made.ontology["classifications"]] == [
        ("q", "global"),
        ("q (part)", "index"),
    ]
    assert {line["name"]: line["answer"] for line in made.lines} == {
        "q": {"name": "calm"},
        "q (part)": {"name": "busy", "frames": [{"start": 1, "end": 5}]},
    }
    assert faults(made, tmp_path) == []


def test_answers_that_overlap_in_time_make_a_checklist(tmp_path: Path) -> None:
    made = run(
        Answer(id="1", name="q", value="calm", frames=(FrameSpan(0, 4),)),
        Answer(id="2", name="q", value="busy", frames=(FrameSpan(4, 9),)),
        Answer(id="3", name="q", value="calm", frames=(FrameSpan(3, 6),)),
    )
    assert made.ontology["classifications"][0]["type"] == "checklist"
    assert made.lines[0]["answer"][0] == {"name": "calm", "frames": [{"start": 1, "end": 7}]}
    assert faults(made, tmp_path) == []
