"""CVAT exports for images: shapes, attributes, labels, paths, containers, and files that are broken: paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from builders.cvat import BOX, project
from cvat_files import (
    accounted,
    annotations_of,
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
)
from to_labelbox.model.items import (
    Box,
    Classification,
    FrameSpan,
    Media,
    Object,
    Track,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT
from to_labelbox_formats.cvat.options import Options, Video


def test_one_task_keeps_plain_names(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, export(image(BOX, "in/a.jpg") + image("", "b.jpg"), task(label("car"))))
    assert [i.asset.path for i in dataset] == ["in/a.jpg", "b.jpg"]


def test_three_tasks_with_equal_names_are_kept_apart(tmp_path: Path) -> None:
    images = "".join(image(BOX, "f.jpg", more=f' task_id="{i}" subset="default"') for i in (1, 2, 3))
    dataset, log = open_text(tmp_path, export(images, project(3)))
    assert [i.asset.path for i in dataset] == ["day 1/f.jpg", "day 2/f.jpg", "day 3/f.jpg"]
    assert counts(log)["decision"] == 1


def test_subsets_are_folders_and_splits(tmp_path: Path) -> None:
    images = image(BOX, "f.jpg", more=' task_id="1" subset="Train"') + image(
        BOX, "f.jpg", more=' task_id="2" subset="Val"'
    )
    dataset, _ = open_text(tmp_path, export(images, project(2)))
    assert [(i.asset.path, i.split) for i in dataset] == [("Train/f.jpg", "Train"), ("Val/f.jpg", "Val")]


def test_files_with_equal_names_are_kept_apart(tmp_path: Path) -> None:
    for day in ("mon", "tue"):
        open_text(tmp_path, export(image(BOX, "f.jpg")), f"{day}/annotations.xml")
    dataset, _ = open_path(tmp_path)
    assert [i.asset.path for i in dataset] == ["mon/f.jpg", "tue/f.jpg"]


def test_a_picture_told_twice(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, export(image(BOX) + image(BOX) + image(BOX, width=7)))
    (item,), log = items_of(dataset)
    assert [a.id for a in item.annotations] == ["0", "1"]
    assert counts(log)["asset-duplicate"] == 2
    assert log.ledger["car"].skipped == 1
    assert accounted(item.annotations, log)


def test_ranges_are_independent(tmp_path: Path) -> None:
    text = export("".join(image(BOX * (i % 3), f"{i}.jpg") for i in range(10)))
    dataset, _ = open_text(tmp_path, text)
    whole = list(dataset.items())
    assert dataset.unit_count == 10
    assert [i for a in range(0, 10, 3) for i in dataset.items(Log(), a, min(a + 3, 10))] == whole


def test_frames_of_a_video_exported_as_images(tmp_path: Path) -> None:
    meta = task(label("car") + label("night", "tag"), size=9, stop=8, video=(100, 80))
    frames = "".join(
        image((BOX if i == 2 else "") + ('<tag label="night"/>' if i in (0, 1, 2, 5) else ""), f"frame_{i:06d}")
        for i in range(6)
    )
    dataset, _ = open_text(tmp_path, export(frames, meta))
    (item,), log = items_of(dataset)
    assert (item.asset.path, item.asset.media, item.asset.width) == ("clip.mp4", Media.VIDEO, 100)
    box, tags = item.annotations
    assert isinstance(box, Track)
    assert [(k.frame, k.geometry) for k in box.segments[0]] == [(2, Box(10.1, 20.2, 20.1, 20.2))]
    assert isinstance(tags, Classification)
    assert (tags.frames, tags.source_count) == ((FrameSpan(0, 2), FrameSpan(5, 5)), 4)
    assert accounted(item.annotations, log)
    dataset, _ = open_text(tmp_path, export(frames, meta), video="frames")
    assert [i.asset.path for i in dataset][:2] == ["frame_000000", "frame_000001"]


def two_videos(bodies: Sequence[str]) -> str:
    """A project with two videos of ten frames in one subset; CVAT counts those of the second one on from 10."""
    tasks = "".join(
        task(id=i, name=f"day {i}", size=10, stop=9, video=(100, 80), source=f"{i}.mp4", subset="s") for i in (4, 7)
    )
    meta = f"<project><id>1</id><name>p</name><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>"
    return export("".join(bodies), meta)


def test_frames_of_a_project_are_counted_from_the_start_of_each_video(tmp_path: Path) -> None:
    text = two_videos(
        [image(BOX, f"frame_{n:06d}", more=f' subset="s" task_id="{i}"') for i, n in ((4, 2), (7, 10), (7, 13))]
    )
    dataset, _ = open_text(tmp_path, text)
    found = {
        item.asset.path: [a.segments[0][0].frame for a in item.annotations if isinstance(a, Track)]
        for item in items_of(dataset)[0]
    }
    assert found == {"4.mp4": [2], "7.mp4": [0, 3]}


@pytest.mark.parametrize("tracks", [True, False])
def test_frames_of_a_project_keep_the_names_of_their_pictures(tmp_path: Path, tracks: bool) -> None:
    shown = row(13, (0, 0, 10, 10)) + row(14, (0, 0, 10, 10), outside=True)
    picture = image(BOX, "frame_000013", more=' subset="s" task_id="7"')
    body = track(shown, more=' subset="s" task_id="7"') if tracks else picture
    first = image("", "frame_000002", more=' subset="s" task_id="4"')
    dataset, _ = open_text(tmp_path, two_videos([first, body]), video="frames")
    items, _ = items_of(dataset)
    assert [i.asset.path for i in items] == [f"frame_{n:06d}" for n in range(20)]
    assert [i.asset.path for i in items if i.annotations] == ["frame_000013"]


def test_frames_of_two_videos_are_not_one_picture(tmp_path: Path) -> None:
    shown = track(row(0, (0, 0, 10, 10)) + row(1, (0, 0, 10, 10), outside=True))
    for n in "ab":
        open_text(tmp_path, export(shown, task(size=2, stop=1, video=(64, 48), source=f"{n}.mp4")), f"{n}.xml")
    dataset, log = open_path(tmp_path, video="frames")
    assert [i.asset.path for i in dataset] == [f"{n}/frame_{f:06d}" for n in "ab" for f in range(2)]
    assert counts(log)["decision"] == 1


def test_tracks_as_frames(tmp_path: Path) -> None:
    meta = task(label("car"), size=4, stop=3, video=(100, 80))
    text = export(track(row(0, (0, 0, 10, 10)) + row(2, (4, 0, 14, 10), outside=True)), meta)
    dataset, _ = open_text(tmp_path, text, video="frames")
    found, log = items_of(dataset)
    assert [i.asset.path for i in found] == [f"frame_00000{n}" for n in range(4)]
    shapes = [[o.geometry for o in i.annotations if isinstance(o, Object)] for i in found]
    assert shapes == [[Box(0, 0, 10, 10)], [Box(2, 0, 10, 10)], [], []]
    assert log.ledger["car"].read == 2


def test_frames_of_tracks_are_read_by_themselves(tmp_path: Path) -> None:
    """Whichever frames are asked for, in whatever order; tracks are read from the file only when it is opened."""
    meta = task(label("car") + label("dog"), size=100, stop=99, video=(100, 80))
    tracks = [
        track("".join(row(f, (f / 9, 0, 20 + f / 9, 10), key=f % 7 == 0) for f in range(k, 95, k)), name, id=k)
        for k, name in ((1, "car"), (3, "dog"), (40, "car"))
    ]
    dataset, _ = open_text(tmp_path, export("".join(tracks) + image(BOX, "frame_000041"), meta), video="frames")
    whole, log = items_of(dataset)
    assert [len(i.annotations) for i in whole] == [
        (0 < f < 95) + (f % 3 == 0 < f < 95) + (f in (40, 80)) + (f == 41) for f in range(100)
    ]
    box = whole[90].annotations[0]
    assert isinstance(box, Object)
    assert (box.label, box.geometry) == ("car", Box(10, 0, 20, 10))
    assert log.ledger["dog"].read == 31
    for low, high in ((90, 100), (0, 1), (31, 33), (40, 42), (10, 90)):
        assert list(dataset.items(Log(), low, high)) == whole[low:high]


def test_a_file_that_is_cut_while_it_is_read_ends_the_run(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, export(image(BOX) + image(BOX, "b.jpg"), task(label("car"))))
    file = tmp_path / "annotations.xml"
    file.write_bytes(file.read_bytes()[: -len(image(BOX))])
    with pytest.raises(SourceError, match=r"annotations\.xml: became shorter"):
        items_of(dataset)


def test_tracks_that_show_nothing_on_frames_are_accounted_for(tmp_path: Path) -> None:
    meta = task(label("car"), size=4, stop=3, video=(100, 80))
    hidden = track(row(0, (0, 0, 10, 10), outside=True))
    unnamed = track(row(1, (0, 0, 10, 10)) + row(2, (0, 0, 10, 10), outside=True), "")
    found, log = annotations_of(tmp_path, export(hidden + unnamed, meta), video="frames")
    assert found == []
    assert counts(log) == {"track-empty": 1, "class-unnamed": 1}
    assert (log.ledger["car"].skipped, log.ledger["(unnamed)"].skipped) == (1, 1)


@pytest.mark.parametrize(("mode", "source"), [("annotation", "2 images: a.jpg, b.jpg"), ("interpolation", "")])
def test_tracks_over_pictures_have_no_name(tmp_path: Path, mode: str, source: str) -> None:
    meta = f"<task><name>yard</name><mode>{mode}</mode><source>{source}</source></task>"
    text = export(track(row(0, (0, 0, 9, 9))), meta)
    if mode == "annotation":
        with pytest.raises(ToLabelboxError, match="CVAT for images"):
            open_text(tmp_path, text)
    dataset, log = open_text(tmp_path, text, video=Video.VIDEO)
    assert [i.asset.path for i in dataset] == ["yard"]
    (said,) = (d for d in log.diagnostics.values() if str(d.code) == "asset-unknown")
    assert ("CVAT for images" in said.message) == (mode == "annotation")


def test_tasks_on_one_video_make_one_data_row(tmp_path: Path) -> None:
    for n in range(2):
        text = export(track(row(n, (0, 0, 9, 9)) + row(n + 1, (0, 0, 9, 9), outside=True)), task(id=n, video=(64, 48)))
        open_text(tmp_path, text, f"{n}.xml")
    dataset, _ = open_path(tmp_path)
    (item,), _ = items_of(dataset)
    assert len({a.id for a in item.annotations}) == 2


def test_coordinates_of_a_turned_picture_go_back(tmp_path: Path) -> None:
    picture = Image.new("L", (80, 100))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "t.xml").write_text(export(image(BOX)))
    context = ReadContext(media=MediaFolder(str(tmp_path)))
    (item,), log = items_of(FORMAT.read(Source(tmp_path / "t.xml"), Options(), context))
    assert (item.asset.width, item.asset.height) == (80, 100)
    (found,) = item.annotations
    assert isinstance(found, Object)
    # Orientation 6: x' = y, y' = 100 - x; the box ends at x = 30.2.
    assert isinstance(found.geometry, Box)
    assert (found.geometry.left, found.geometry.top) == pytest.approx((20.2, 69.8))
    assert (found.geometry.width, found.geometry.height) == pytest.approx((20.2, 20.1))
    assert counts(log) == {"exif-turned": 1}


@pytest.mark.parametrize("place", ["a.jpg", "images/a.jpg", "images/sub/a.jpg", "sub/a.jpg"])
@pytest.mark.parametrize("whole", [True, False])
def test_pictures_beside_the_file_or_in_images(tmp_path: Path, place: str, whole: bool) -> None:
    """The size comes from the picture; only the folder's own pictures are looked at."""
    name = "sub/a.jpg" if place.endswith("sub/a.jpg") else "a.jpg"
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (80, 100)).save(tmp_path / place)
    Image.new("L", (80, 100)).save(tmp_path / place.replace("a.jpg", "other.png"))
    (tmp_path / "t.xml").write_text(export(image(BOX, name).replace(' width="100" height="80"', "")))
    dataset, _ = open_path(tmp_path if whole else tmp_path / "t.xml")
    (item,), _ = items_of(dataset)
    found = whole or place != "sub/a.jpg"  # a single file's neighbours in folders below are not listed
    assert (item.asset.width, item.asset.height) == ((80, 100) if found else (None, None))
