"""Frames of a task: how many there are, which of them a shape is visible on, and of which split they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from cvat_files import (
    accounted,
    annotations_of,
    attribute,
    counts,
    export,
    image,
    items_of,
    label,
    open_path,
    open_text,
    row,
    task,
    track,
    tracks_of,
)
from to_labelbox.model.items import Box, Item, Track
from to_labelbox_formats.cvat.exports import MAX_UNNAMED
from to_labelbox_formats.cvat.options import Numbering, SameSource, Video

SAMPLED = task(label("car"), size=5, start=10, stop=22, step=3, video=(64, 48))
"""Frames 10, 13, 16, 19 and 22."""


def line(frame: int, points: str, *, outside: bool = False, kind: str = "polyline") -> str:
    fields = f'frame="{frame}" keyframe="1" outside="{int(outside)}" occluded="0" z_order="0"'
    return f'<{kind} {fields} points="{points}"></{kind}>\n'


SHORT, LONG, AREA = "1,1;10,1", "3,1;8,5;12,1", "1,1;10,1;10,9"


def ends(tracks: list[Track]) -> list[tuple[int, int]]:
    """The first and the last frame of each visible stretch."""
    return [(segment[0].frame, segment[-1].frame) for t in tracks for segment in t.segments]


@pytest.mark.parametrize(
    "rows",
    [
        row(10, (0, 0, 9, 9)) + row(13, (1, 0, 9, 9)) + row(16, (2, 0, 9, 9)) + row(19, (2, 0, 9, 9), outside=True),
        row(10, (0, 0, 9, 9), more=' rotation="30.00"')
        + row(16, (2, 0, 9, 9), more=' rotation="30.00"')
        + row(19, (2, 0, 9, 9), outside=True),
        line(10, SHORT) + line(13, SHORT) + line(16, LONG) + line(19, LONG, outside=True),
        line(10, LONG) + line(13, LONG) + line(16, LONG) + line(19, LONG, outside=True),
        line(10, "1,1", kind="points") + line(16, "2,2", kind="points") + line(19, "2,2", outside=True, kind="points"),
    ],
    ids=["boxes", "turned boxes", "lines that grow", "lines", "points"],
)
@pytest.mark.parametrize("dense", [True, False])
def test_a_sampled_object_is_visible_to_the_next_row(rows: str, dense: bool, tmp_path: Path) -> None:
    other = row(10, (0, 0, 5, 5), key=False) if dense else ""
    tracks, _ = tracks_of(tmp_path, track(rows) + (track(other, id=1) if dense else ""), SAMPLED)
    assert ends(tracks[:1]) == [(10, 18)]


@pytest.mark.parametrize(
    "shape",
    [
        lambda frame: row(frame, (0, 0, 9, 9)),
        lambda frame: line(frame, SHORT),
        lambda frame: line(frame, "1,1", kind="points"),
    ],
    ids=["box", "line", "point"],
)
@pytest.mark.parametrize("dense", [True, False])
def test_a_shape_that_no_row_closes_stays_to_the_next_sampled_frame(
    shape: Callable[[int], str], dense: bool, tmp_path: Path
) -> None:
    other = row(10, (0, 0, 5, 5)) + row(13, (0, 0, 5, 5), outside=not dense, key=not dense)
    tracks, _ = tracks_of(tmp_path, track(shape(19)) + track(shape(22), id=1) + track(other, id=2), SAMPLED)
    assert ends(tracks[:2]) == [(19, 21), (22, 22)]


@pytest.mark.parametrize(("size", "last"), [(None, 18), ((64, 48), 16)])
def test_an_outline_goes_on_where_it_is_written_as_a_box(size: Any, last: int, tmp_path: Path) -> None:
    meta = task(label("car"), size=5, start=10, stop=22, step=3, video=size)
    rows = (
        line(10, AREA, kind="polygon") + line(16, AREA, kind="polygon") + line(19, AREA, outside=True, kind="polygon")
    )
    tracks, _ = tracks_of(tmp_path, track(rows) + track(row(10, (0, 0, 5, 5), key=False), id=1), meta)
    assert ends(tracks[:1]) == [(10, last)]


def test_points_that_become_fewer_stay_to_the_next_row(tmp_path: Path) -> None:
    rows = line(10, "1,1;5,5", kind="points") + line(13, "1,1;5,5", kind="points") + line(16, "1,1", kind="points")
    rows += line(19, "1,1", outside=True, kind="points")
    tracks, _ = tracks_of(tmp_path, track(rows) + track(row(10, (0, 0, 5, 5), key=False), id=1), SAMPLED)
    assert ends(tracks[:2]) == [(10, 18), (10, 15)]


def test_shapes_of_single_frames_stay_to_the_next_one(tmp_path: Path) -> None:
    shape = '<box label="car" occluded="0" xtl="1" ytl="1" xbr="5" ybr="5" z_order="0"/><tag label="night"/>'
    images = "".join(image(shape, f"frame_{n:06d}", 64, 48) for n in (10, 13, 22))
    found, log = annotations_of(tmp_path, export(images, SAMPLED))
    assert ends([a for a in found if isinstance(a, Track)]) == [(10, 12), (13, 15), (22, 22)]
    (tag,) = (a for a in found if not isinstance(a, Track))
    assert [(s.start, s.end) for s in tag.frames] == [(10, 15), (22, 22)]  # type: ignore[union-attr]
    assert accounted(found, log)


def test_points_of_two_frames_are_not_one_object(tmp_path: Path) -> None:
    """What holds the points of a group, or the elements of a skeleton, together differs from frame to frame."""
    answer = '<attribute name="look">left</attribute>'
    shapes = (
        '<points label="car" points="1,1;2,2"/><skeleton label="man"><points label="head" points="3,3"/></skeleton>'
        f'<skeleton label="dog"><points label="nose" points="4,4">{answer}</points></skeleton>'
    )
    images = "".join(image(shapes, f"frame_{n:06d}", 64, 48) for n in (10, 13))
    found, log = annotations_of(tmp_path, export(images, SAMPLED))
    held = [next(a.value for a in t.attributes if a.name == "instance") for t in found if isinstance(t, Track)]
    assert held == [f"frame_{n:06d}/{i}" for n in (10, 13) for i in (0, 0, 1, 2)]
    assert accounted(found, log)


# ------------------------------------------------------------------------------------------- how many frames there are


def clip(folder: Path, length: int, tracks: list[dict[str, Any]], stop: int, **task: Any) -> Path:
    """A backup of a task of a video."""
    (folder / "data").mkdir(parents=True)
    jobs = [{"start_frame": 0, "stop_frame": stop, "type": "annotation"}]
    data = {"start_frame": 0, "stop_frame": stop}
    (folder / "task.json").write_text(json.dumps({"name": "t", "labels": [], "data": data, "jobs": jobs, **task}))
    (folder / "annotations.json").write_text(json.dumps([{"tags": [], "shapes": [], "tracks": tracks}]))
    lines: list[dict[str, Any]] = [{"version": "1.1"}, {"type": "video"}]
    lines.append({"properties": {"name": "clip.mp4", "resolution": [100, 80], "length": length}})
    (folder / "data/manifest.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    return folder


def moving(*frames: tuple[int, float, bool]) -> dict[str, Any]:
    shapes = [
        {"type": "rectangle", "points": [x, 10, x + 20, 30], "frame": f, "outside": outside} for f, x, outside in frames
    ]
    return {"frame": frames[0][0], "label": "car", "attributes": [], "shapes": shapes}


def items(path: Path, **options: Any) -> tuple[list[Item], Any]:
    dataset, log = open_path(path, **options)
    found, own = items_of(dataset)
    log.absorb(own)
    assert accounted([a for i in found for a in i.annotations], log)
    return found, log


def test_nothing_lies_behind_the_end_of_the_video(tmp_path: Path) -> None:
    source = clip(tmp_path / "c", 20, [moving((0, 0, False), (10, 10, False), (20, 20, False), (21, 20, True))], 19)
    (item,), log = items(source)
    (found,) = item.annotations
    assert isinstance(found, Track)
    assert [(k.frame, k.geometry) for k in found.segments[0]] == [
        (0, Box(0, 10, 20, 20)),
        (10, Box(10, 10, 20, 20)),
        (19, Box(19, 10, 20, 20)),
    ]
    assert counts(log) == {"frame-invalid": 1}
    frames, log = items(source, video=Video.FRAMES)
    assert [len(i.annotations) for i in frames] == [1] * 20


def test_a_track_behind_the_end_alone_is_empty(tmp_path: Path) -> None:
    _, log = items(clip(tmp_path / "c", 20, [moving((20, 20, False), (25, 20, True))], 19))
    assert counts(log) == {"frame-invalid": 1, "track-empty": 1}


def test_the_limit_of_frames_is_fed(tmp_path: Path) -> None:
    source = clip(tmp_path / "c", 26_000, [moving((25_010, 0, False), (25_014, 0, True))], 25_999)
    report = to_labelbox.convert(source, tmp_path / "out")
    assert any("26000 frames" in d.message for d in report.diagnostics)


@pytest.mark.parametrize(
    ("meta", "frames"),
    [(task(label("car"), size=3, start=25_010, stop=25_016, step=3, video=(64, 48)), 25_017), ("", 31)],
)
def test_frames_are_counted_from_the_task_or_the_last_row(meta: str, frames: int, tmp_path: Path) -> None:
    rows = row(0, (0, 0, 5, 5)) + row(30, (0, 0, 5, 5), outside=True)
    (item,), _ = items_of(open_text(tmp_path, export(track(rows), meta))[0])
    assert item.asset.frames == frames


def test_a_number_of_frames_is_held_against_the_pictures(tmp_path: Path) -> None:
    source = clip(tmp_path / "c", 1, [], 10**15)
    names = [{"name": n, "extension": ".png", "width": 64, "height": 48} for n in "ab"]
    lines = [{"version": "1.1"}, {"type": "images"}, *names]
    (source / "data/manifest.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    found, log = items(source)
    assert [i.asset.path for i in found] == ["a.png", "b.png"]
    assert counts(log)["frame-invalid"] == 1
    (source / "data/manifest.jsonl").unlink()
    (source / "task.json").write_text(json.dumps({"name": "t", "data": {"stop_frame": 10**15}}))
    found, log = items(source)
    assert len(found) == MAX_UNNAMED
    assert counts(log)["frame-invalid"] == 1


def test_a_number_of_frames_is_held_against_the_jobs(tmp_path: Path) -> None:
    source = clip(tmp_path / "c", 1, [], 10**15)
    (source / "data/manifest.jsonl").unlink()
    jobs = [{"start_frame": 0, "stop_frame": 2, "type": "annotation"}]
    (source / "task.json").write_text(json.dumps({"name": "t", "data": {"stop_frame": 10**15}, "jobs": jobs}))
    found, _ = items(source)
    assert [i.asset.path for i in found] == ["frame_000000", "frame_000001", "frame_000002"]


def test_frames_of_a_video_are_no_more_than_are_believed(tmp_path: Path) -> None:
    meta = task(label("car"), size=10**15, video=(64, 48))
    dataset, log = open_text(tmp_path, export(track(row(0, (0, 0, 5, 5))), meta), video=Video.FRAMES)
    assert dataset.unit_count == MAX_UNNAMED
    assert counts(log)["frame-invalid"] == 1


@pytest.mark.parametrize("frame", [9, 4])
def test_rows_beside_the_frames_of_the_task_are_kept_as_pictures(frame: int, tmp_path: Path) -> None:
    meta = task(label("car"), size=4, start=0, stop=6, step=2, video=(64, 48))
    rows = row(0, (0, 0, 5, 5)) + row(1, (0, 0, 5, 5), key=False, outside=True)
    rows += row(frame if frame == 9 else 3, (0, 0, 6, 6), key=False)
    text = export(track(rows), meta)
    found, log = annotations_of(tmp_path, text, video=Video.FRAMES, numbering=Numbering.SOURCE)
    assert len(found) == log.ledger.total().read == 2


@pytest.mark.parametrize("broken", ["[" * 100_000, "{", "nothing"])
def test_a_broken_line_of_a_manifest_moves_no_picture(broken: str, tmp_path: Path) -> None:
    shapes = [
        {"type": "rectangle", "points": [n, 10, n + 20, 30], "frame": n, "label": "car", "attributes": []}
        for n in range(3)
    ]
    source = clip(tmp_path / "c", 1, [], 2)
    (source / "annotations.json").write_text(json.dumps([{"tags": [], "shapes": shapes, "tracks": []}]))
    entries = [json.dumps({"name": n, "extension": ".png", "width": 64, "height": 48}) for n in "abc"]
    lines = ['{"version": "1.1"}', '{"type": "images"}', entries[0], broken, entries[2]]
    (source / "data/manifest.jsonl").write_text("\n".join(lines) + "\n")
    found, log = items(source)
    lefts = {i.asset.path: [a.geometry.left for a in i.annotations] for i in found}  # type: ignore[union-attr]
    assert lefts == {"a.png": [0], "frame_000001": [1], "c.png": [2]}
    assert counts(log)["record-unreadable"] == 1


# ------------------------------------------------------------------------------------------------------------- splits

BOX = '<box label="car" occluded="0" xtl="1" ytl="1" xbr="5" ybr="5" z_order="0"/>'


@pytest.mark.parametrize(("subset", "split"), [("Validation", "Validation"), ("", ""), ("default", "")])
def test_the_subset_of_a_task_is_the_split(subset: str, split: str, tmp_path: Path) -> None:
    fields = label("car", "any", attribute("a", "text"))
    (picture,), _ = items_of(open_text(tmp_path, export(image(BOX), task(fields, subset=subset)))[0])
    video = export(track(row(0, (0, 0, 5, 5))), task(fields, subset=subset, video=(64, 48)))
    (clip,), _ = items_of(open_text(tmp_path / "v", video)[0])
    frames, _ = items_of(open_text(tmp_path / "f", video, video=Video.FRAMES)[0])
    assert {picture.split, clip.split, *(f.split for f in frames)} == {split}
    assert picture.asset.path == "a.jpg"


def test_a_video_of_tasks_of_several_subsets_is_of_none(tmp_path: Path) -> None:
    for n, subset in enumerate(("train", "val")):
        meta = task(label("car"), id=n, size=4, start=4 * n, stop=4 * n + 3, video=(64, 48), subset=subset)
        open_text(tmp_path, export(track(row(4 * n, (0, 0, 5, 5))), meta), f"{n}.xml")
    dataset, log = open_path(tmp_path)
    (item,), _ = items_of(dataset)
    assert (item.asset.path, item.split) == ("clip.mp4", "")
    assert any("train, val" in e.message for d in log.diagnostics.values() for e in d.examples)
    dataset, _ = open_path(tmp_path, same_source=SameSource.APART)
    assert [i.split for i in dataset] == ["train", "val"]


def test_a_video_of_which_nothing_can_be_read_is_told(tmp_path: Path) -> None:
    meta = "<task><name>t</name><size>4</size><mode>interpolation</mode><source>v.mp4</source></task>"
    text = f'<annotations><version>1.1</version><meta>{meta}</meta><track id="0" label="car"><box frame="x"/></track>'
    (tmp_path / "annotations.xml").write_text(f"{text}</annotations>")
    report = to_labelbox.convert(tmp_path / "annotations.xml", tmp_path / "out", format="cvat")
    assert report.annotations.converted == 0
    assert report.annotations.balanced()
    assert (report.annotations.skipped, report.assets.read) == (1, 1)
