"""Readings that a CVAT source does not force are told with their evidence, and flipped by their option."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cvat_files import annotations_of, export, image, items_of, label, open_path, open_text, row, task, track
from to_labelbox.model.items import Annotation, Box, Item, Object, Track
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Assumption, Log
from to_labelbox_formats.cvat.options import Frames, Numbering, OpenTracks, SameSource, Video


def only(log: Log) -> Assumption:
    (assumption,) = log.assumptions.values()
    return assumption


def evidence(log: Log) -> tuple[int, int, int, str]:
    found = only(log)
    return found.for_, found.against, found.unknown, found.option


def ends(annotations: list[Annotation]) -> list[int]:
    return [segment[-1].frame for a in annotations if isinstance(a, Track) for segment in a.segments]


def everything(items: list[Item]) -> list[Annotation]:
    return [a for item in items for a in item.annotations]


SAMPLED = task(label("car"), size=4, start=10, stop=19, step=3, video=(64, 48))


@pytest.mark.parametrize(
    ("second", "counts"), [(13, (2, 0, 0)), (14, (1, 1, 0))], ids=["on sampled frames", "one beside them"]
)
def test_frames_of_a_sampled_video(second: int, counts: tuple[int, int, int], tmp_path: Path) -> None:
    text = export(track(row(10, (0, 0, 9, 9)) + row(second, (0, 0, 9, 9), outside=True)), SAMPLED)
    dataset, log = open_text(tmp_path, text)
    assert evidence(log) == (*counts, "-O frames=sampled")
    assert ends(everything(items_of(dataset)[0])) == [second - 1]
    dataset, log = open_text(tmp_path, text, frames=Frames.SAMPLED)
    assert not log.assumptions
    assert ends(everything(items_of(dataset)[0])) == [0]


@pytest.mark.parametrize("dense", [True, False])
def test_numbers_that_fit_the_sampled_frames_alone_are_a_question(dense: bool, tmp_path: Path) -> None:
    """Some writers count the frames of the clip that CVAT has made, though the task says that it takes every third."""
    rows = row(0, (0, 0, 9, 9)) + row(1, (3, 0, 12, 9), key=not dense) + row(2, (6, 0, 15, 9), outside=True)
    text = export(track(rows), SAMPLED)
    with pytest.raises(UsageError, match="-O numbering=sampled"):
        open_text(tmp_path, text)
    dataset, _ = open_text(tmp_path, text, numbering=Numbering.SAMPLED)
    (found,) = everything(items_of(dataset)[0])
    assert isinstance(found, Track)
    first, last = found.segments[0][0], found.segments[0][-1]
    assert (first.frame, first.geometry) == (10, Box(0, 0, 9, 9))
    assert (last.frame, last.geometry) == (15, Box(5, 0, 9, 9))
    dataset, _ = open_text(tmp_path, text, numbering=Numbering.SAMPLED, video=Video.FRAMES)
    assert [i.asset.path for i in dataset if list(i.annotations)] == ["frame_000010", "frame_000013"]
    dataset, _ = open_text(tmp_path, text, numbering=Numbering.SAMPLED, frames=Frames.SAMPLED)
    assert ends(everything(items_of(dataset)[0])) == [1]
    dataset, _ = open_text(tmp_path, text, numbering=Numbering.SOURCE)
    assert ends(everything(items_of(dataset)[0])) == [1]


def test_pictures_of_frames_are_numbered_in_the_same_way(tmp_path: Path) -> None:
    shape = '<box label="car" occluded="0" xtl="1" ytl="1" xbr="5" ybr="5" z_order="0"/>'
    text = export("".join(image(shape, f"frame_{n:06d}", 64, 48) for n in range(4)), SAMPLED)
    with pytest.raises(UsageError, match="-O numbering=sampled"):
        open_text(tmp_path, text)
    dataset, _ = open_text(tmp_path, text, numbering=Numbering.SAMPLED)
    assert ends(everything(items_of(dataset)[0])) == [12, 15, 18, 19]


def test_a_task_from_its_first_frame_on_assumes_nothing(tmp_path: Path) -> None:
    _, log = open_text(tmp_path, export(track(CLOSED), task(size=4, stop=3, video=(64, 48))))
    assert not log.assumptions


def test_tracks_without_a_task_are_of_a_video(tmp_path: Path) -> None:
    text = export(track(row(0, (0, 0, 9, 9)) + row(1, (0, 0, 9, 9), outside=True)))
    dataset, log = open_text(tmp_path, text)
    assert evidence(log) == (0, 0, 1, "-O video=frames")
    assert [i.asset.path for i in dataset] == ["x"] or dataset.unit_count == 1
    dataset, log = open_text(tmp_path, text, video=Video.FRAMES)
    assert not log.assumptions
    assert [i.asset.path for i in dataset] == ["frame_000000"]


def test_a_task_of_pictures_exported_for_video_is_a_question(tmp_path: Path) -> None:
    meta = task(label("car"), size=2, stop=1).replace("<labels>", "<mode>annotation</mode><labels>")
    text = export(track(row(0, (0, 0, 9, 9))), meta)
    with pytest.raises(UsageError) as raised:
        open_text(tmp_path, text)
    assert "CVAT for images" in str(raised.value)
    assert [line.split()[0:2] for line in str(raised.value).splitlines()[-2:]] == [
        ["-O", "video=video"],
        ["-O", "video=frames"],
    ]
    for video, rows in ((Video.VIDEO, 1), (Video.FRAMES, 2)):
        assert open_text(tmp_path, text, video=video)[0].unit_count == rows


@pytest.mark.parametrize(
    ("starts", "counts"), [((0, 4), (1, 0, 0)), ((0, 0), (0, 1, 0))], ids=["one after the other", "overlapping"]
)
def test_tasks_on_one_video(starts: tuple[int, int], counts: tuple[int, int, int], tmp_path: Path) -> None:
    for n, start in enumerate(starts):
        meta = task(label("car"), id=n, name=f"day {n}", size=4, start=start, stop=start + 3, video=(64, 48))
        rows = row(start, (0, 0, 9, 9)) + row(start + 1, (0, 0, 9, 9), outside=True)
        open_text(tmp_path, export(track(rows), meta), f"{n}.xml")
    dataset, log = open_path(tmp_path)
    (found,) = (a for a in log.assumptions.values() if "same video" in a.what)
    assert ((found.for_, found.against, found.unknown), found.option) == (counts, "-O same_source=apart")
    assert [i.asset.path for i in dataset] == ["clip.mp4"]
    dataset, log = open_path(tmp_path, same_source=SameSource.APART)
    assert [i.asset.path for i in dataset] == ["day 0/clip.mp4", "day 1/clip.mp4"]


SIX = task(label("car"), size=6, stop=5, video=(64, 48))
KEYFRAMES = row(0, (0, 0, 9, 9)) + row(2, (1, 0, 9, 9)) + row(4, (1, 0, 9, 9))
EVERY = row(0, (0, 0, 9, 9)) + row(1, (1, 0, 9, 9)) + row(2, (1, 0, 9, 9))
CLOSED = row(0, (0, 0, 9, 9)) + row(1, (1, 0, 9, 9), outside=True)


@pytest.mark.parametrize(
    ("rows", "counts", "taken", "end"),
    [
        ([KEYFRAMES], (1, 0, 0), "last_row", [5]),
        ([KEYFRAMES, EVERY], (1, 1, 0), "last_row", [5, 5]),
        ([EVERY], (1, 0, 0), "task", [2]),
        ([EVERY, EVERY, KEYFRAMES], (2, 1, 0), "task", [2, 2, 4]),
        ([EVERY, CLOSED], (0, 1, 0), "last_row", [5, 0]),
        ([row(0, (0, 0, 9, 9))], (0, 0, 1), "last_row", [5]),
    ],
)
def test_where_open_tracks_end(
    rows: list[str], counts: tuple[int, int, int], taken: str, end: list[int], tmp_path: Path
) -> None:
    """The option of the assumption is the other reading; ``end`` are the last frames that are visible."""
    text = export("".join(track(r, id=n) for n, r in enumerate(rows)), SIX)
    dataset, log = open_text(tmp_path, text)
    assert evidence(log) == (*counts, f"-O open_tracks={taken}")
    assert ends(everything(items_of(dataset)[0])) == end
    flipped = {"task": [5] * len(rows), "last_row": [2 if r is EVERY else 4 if r is KEYFRAMES else 0 for r in rows]}
    dataset, log = open_text(tmp_path, text, open_tracks=OpenTracks(taken))
    assert not log.assumptions
    assert ends(everything(items_of(dataset)[0]))[:1] == flipped[taken][:1]


def test_what_cvat_has_written_ends_as_it_says(tmp_path: Path) -> None:
    meta = SIX.replace("</task>", "<segments><segment><id>1</id></segment></segments></task>")
    _, log = open_text(tmp_path, export(track(EVERY), meta))
    assert not log.assumptions


@pytest.mark.parametrize(
    ("orientation", "size", "counts", "left"),
    [(6, (100, 80), (1, 0, 0), 10), (3, (80, 100), (0, 0, 1), 50), (6, (80, 100), (1, 0, 0), 10)],
    ids=["upright by its size", "turned by half", "stored by its size"],
)
def test_which_picture_coordinates_are_of(
    orientation: int, size: tuple[int, int], counts: tuple[int, int, int], left: float, tmp_path: Path
) -> None:
    picture, exif = Image.new("L", (80, 100)), Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "images").mkdir()
    picture.save(tmp_path / "images/a.jpg", exif=exif)
    shape = '<box label="car" occluded="0" xtl="10" ytl="10" xbr="30" ybr="20" z_order="0"/>'
    dataset, _ = open_text(tmp_path, export(image(shape, "a.jpg", *size)))
    (item,), log = items_of(dataset)
    found = only(log)
    assert (found.for_, found.against, found.unknown) == counts
    assert ("upright" in found.taken, found.option) == (
        (True, "--exif ignore") if counts[2] or size == (100, 80) else (False, "")
    )
    (drawn,) = item.annotations
    assert isinstance(drawn, Object)
    assert drawn.geometry.left == left  # type: ignore[union-attr]


def test_tracks_of_one_row_on_different_frames_are_a_question(tmp_path: Path) -> None:
    """Scripts write one for every detection; through the task, each frame would show all those before it."""
    singles = "".join(track(row(n, (n, 0, n + 9, 9)), id=n) for n in (0, 1, 3))
    with pytest.raises(UsageError, match="3 tracks of one row each, on 3 different frames"):
        open_text(tmp_path, export(singles, SIX))
    for choice, end in ((OpenTracks.LAST_ROW, [0, 1, 3]), (OpenTracks.TASK, [5, 5, 5])):
        dataset, _ = open_text(tmp_path, export(singles, SIX), open_tracks=choice)
        assert ends(everything(items_of(dataset)[0])) == end
    for beside in (KEYFRAMES, CLOSED):  # which say how tracks end here
        open_text(tmp_path, export(singles + track(beside, id=9), SIX))


def test_tasks_on_one_name_that_begin_together_and_end_apart_are_a_question(tmp_path: Path) -> None:
    for n, size in enumerate((4, 6)):
        meta = task(label("car"), id=n, name=f"day {n}", size=size, stop=size - 1, video=(64, 48))
        rows = row(0, (0, 0, 9, 9)) + row(1, (0, 0, 9, 9), outside=True)
        open_text(tmp_path, export(track(rows), meta), f"{n}.xml")
    with pytest.raises(UsageError, match=r"on frame 0 and end on different ones \(3, 5\)"):
        open_path(tmp_path)
    assert [i.asset.path for i in open_path(tmp_path, same_source=SameSource.ONE)[0]] == ["clip.mp4"]
    rows_apart = [i.asset.path for i in open_path(tmp_path, same_source=SameSource.APART)[0]]
    assert rows_apart == ["day 0/clip.mp4", "day 1/clip.mp4"]


def test_a_track_is_not_visible_on_frames_that_others_have_rows_on(tmp_path: Path) -> None:
    """As Datumaro writes tracks: no keyframes, no rows that hide. CVAT leaves out deleted frames, on which no track has a row."""

    def rows(*frames: int) -> str:
        return track("".join(row(f, (f, 0, f + 9, 9), key=False) for f in frames))

    def seen(text: str, **options: Any) -> list[list[int]]:
        found, _ = annotations_of(tmp_path, export(text, SIX), **options)
        return [[segment[0].frame, segment[-1].frame] for t in found if isinstance(t, Track) for segment in t.segments]

    apart = rows(0, 1, 4, 5) + rows(0, 1, 2, 3, 4, 5)
    assert seen(apart) == [[0, 1], [4, 5], [0, 5]]
    _, log = open_text(tmp_path, export(apart, SIX))
    assert evidence(log) == (1, 0, 0, "-O open_tracks=task")
    assert seen(apart, open_tracks=OpenTracks.TASK) == [[0, 5], [0, 5]]
    deleted = rows(0, 1, 4, 5) + rows(0, 1, 4)
    assert seen(deleted) == [[0, 5], [0, 4]]
    assert not open_text(tmp_path, export(deleted, SIX))[1].assumptions


def test_gaps_in_tracks_cost_what_the_rows_cost_and_not_what_their_numbers_say(tmp_path: Path) -> None:
    """Numbers of frames may be times: the frames of a gap are not counted through."""
    text = "".join(
        track(row(0, (1, 2, 9, 9), key=False) + row(99_999_990 + n, (1, 2, 9, 9), key=False, outside=True), id=n)
        for n in range(2)
    )
    started = time.process_time()
    open_text(tmp_path, export(text + track(row(99_999_999, (1, 2, 9, 9), key=False)), SIX))
    assert time.process_time() - started < 1


def test_a_skeleton_whose_elements_are_all_hidden_has_no_gap(tmp_path: Path) -> None:
    """CVAT writes a row that hides each element, and none until the skeleton is visible again."""

    def pose(frame: int, hidden: bool = False) -> str:
        return (
            f'<skeleton frame="{frame}" keyframe="{int(hidden)}">'
            f'<points label="head" outside="{int(hidden)}" keyframe="{int(hidden)}" points="{frame},1"/></skeleton>'
        )

    whole = track("".join(row(f, (1, 2, 9, 9), key=False) for f in range(6)))
    skeleton = track("".join(pose(f, f == 2) for f in (0, 1, 2, 5)), "man")
    assert not open_text(tmp_path, export(whole + skeleton, SIX))[1].assumptions
