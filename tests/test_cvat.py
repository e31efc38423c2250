"""CVAT exports for images: shapes, attributes, labels, paths, containers, and files that are broken."""

from __future__ import annotations

import os
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
    objects_of,
    open_path,
    open_text,
    row,
    task,
    track,
)
from harness import Convert
from to_labelbox.geometry.raster import mask_array
from to_labelbox.geometry.vector import rotated_corners
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Classification,
    Cuboid,
    Ellipse,
    FrameSpan,
    Keypoint,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.plugins.reader import Match, ReadContext, Refusal
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT
from to_labelbox_formats.cvat.options import Options, Video
from to_labelbox_formats.cvat.xml.document import Document

BOX = '<box label="car" occluded="0" xtl="10.10" ytl="20.20" xbr="30.20" ybr="40.40" z_order="0"/>'

# --------------------------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (BOX, Box(10.1, 20.2, 20.1, 20.2)),
        (
            '<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="30.0"/>',
            RotatedBox(20, 25, 20, 10, 30),
        ),
        ('<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="360"/>', Box(10, 20, 20, 10)),
        ('<polygon label="a" points="1,2;3,4;6,5"/>', Polygon((([1.0, 2.0, 3.0, 4.0, 6.0, 5.0],),))),
        ('<polygon label="a" points=" 1,2 ; 3,4;6,5; "/>', Polygon((([1.0, 2.0, 3.0, 4.0, 6.0, 5.0],),))),
        ('<polyline label="a" points="1.5,2;3,4"/>', Polyline([1.5, 2.0, 3.0, 4.0])),
        ('<points label="a" points="7.25,8"/>', Point(7.25, 8)),
        ('<ellipse label="a" cx="50" cy="40" rx="20" ry="10" rotation="15"/>', Ellipse(50, 40, 20, 10, 15)),
        (
            (
                '<cuboid label="a" xtl1="1" ytl1="2" xbl1="1" ybl1="9" xtr1="8" ytr1="2" xbr1="8" ybr1="9" '
                'xtl2="3" ytl2="1" xbl2="3" ybl2="7" xtr2="9" ytr2="1" xbr2="9" ybr2="7"/>'
            ),
            Cuboid((1, 2, 8, 2, 8, 9, 1, 9), (3, 1, 9, 1, 9, 7, 3, 7)),
        ),
    ],
)
def test_shapes(tmp_path: Path, shape: str, expected: object) -> None:
    (found,), log = objects_of(tmp_path, shape)
    assert found.geometry == expected
    assert accounted([found], log)


def test_a_rotated_box_turns_clockwise_about_its_centre(tmp_path: Path) -> None:
    (found,), _ = objects_of(tmp_path, '<box label="a" xtl="10" ytl="20" xbr="30" ybr="30" rotation="90"/>')
    assert isinstance(found.geometry, RotatedBox)
    # Upright 20 × 10 about (20, 25): after a quarter turn the top left corner is at the top right.
    assert rotated_corners(found.geometry) == [25, 15, 25, 35, 15, 35, 15, 15]


def test_masks_go_along_the_rows_of_their_rectangle(tmp_path: Path) -> None:
    (found,), _ = objects_of(tmp_path, '<mask label="a" rle="1, 2, 3" left="2" top="1" width="3" height="2"/>')
    assert isinstance(found.geometry, Mask)
    expected = np.zeros((80, 100), np.uint8)
    expected[1, 3:5] = 1
    assert (mask_array(found.geometry) == expected).all()


def test_a_mask_that_reaches_beyond_the_picture_is_cropped(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, '<mask label="a" rle="0, 4" left="99" top="0" width="2" height="2"/>')
    assert isinstance(found.geometry, Mask)
    assert mask_array(found.geometry).sum() == 2
    assert found.loss
    assert counts(log)["clipped"] == 1


def test_several_points_stay_together(tmp_path: Path) -> None:
    found, log = objects_of(tmp_path, '<points label="a" points="1,2;3,4" occluded="1"/>')
    assert [(o.geometry, o.source_count) for o in found] == [(Point(1, 2), 1), (Point(3, 4), 0)]
    assert found[0].attributes == (Attribute("occluded", "yes", flag=True), Attribute("instance", "0"))
    assert accounted(found, log)


def test_an_attribute_of_its_own_called_occluded_is_kept_apart_from_the_flag(tmp_path: Path) -> None:
    meta = task(label("car", attributes=attribute("occluded", "checkbox", "false\ntrue")))
    answer = '<attribute name="occluded">false</attribute>'
    found, _ = objects_of(
        tmp_path,
        f'<box label="car" occluded="1" xtl="1" ytl="2" xbr="3" ybr="4">{answer}</box>'
        f'<box label="car" occluded="0" xtl="1" ytl="2" xbr="3" ybr="5">{answer}</box>'
        '<polygon label="car" occluded="1" points="1,2;3,4;6,5"/>',
        meta,
    )
    own, flag = Attribute("occluded", Choice("false")), Attribute("occluded (flag)", "yes", flag=True)
    assert [o.attributes for o in found] == [(own, flag), (own,), (flag,)]


def test_skeletons_leave_out_what_is_outside(tmp_path: Path) -> None:
    skeleton = (
        '<skeleton label="man"><points label="head" outside="0" occluded="0" points="1,2"/>'
        '<points label="foot" outside="1" occluded="0" points="3,4"/>'
        '<points label="hand" outside="0" occluded="1" points="5,6"/></skeleton>'
    )
    (found,), _ = objects_of(tmp_path, skeleton)
    assert found.geometry == Keypoints((Keypoint("head", 1, 2), Keypoint("hand", 5, 6, True)))


def test_elements_with_attributes_are_points_with_them(tmp_path: Path) -> None:
    skeleton = (
        '<skeleton label="man"><points label="head" points="1,2"><attribute name="hat">red</attribute></points>'
        '<points label="hand" points="5,6" occluded="1"/></skeleton>'
    )
    found, log = objects_of(tmp_path, skeleton)
    instance = Attribute("instance", "0")
    assert [(o.label, o.geometry, o.attributes) for o in found] == [
        ("man/head", Point(1, 2), (instance, Attribute("hat", "red"))),
        ("man/hand", Point(5, 6), (instance, Attribute("occluded", "yes", flag=True))),
    ]
    assert accounted(found, log)


def test_tags_answer_one_question(tmp_path: Path) -> None:
    found, log = annotations_of(
        tmp_path, export(image('<tag label="night" source="manual"><attribute name="moon">true</attribute></tag>'))
    )
    assert found == [
        Classification(id="0", name="tags", value=Choice("night", (Attribute("moon", True),)), location="tag[0]")
    ]
    assert log.ledger["tags"].read == 1


def test_groups_are_dropped_or_kept(tmp_path: Path) -> None:
    shape = BOX.replace("<box", '<box group_id="7"')
    (found,), log = objects_of(tmp_path, shape)
    assert found.attributes == ()
    assert counts(log)["group-dropped"] == 1
    (kept,), log = objects_of(tmp_path, shape, groups=True)
    assert kept.attributes == (Attribute("group", "7"),)
    assert "group-dropped" not in counts(log)


# ----------------------------------------------------------------------------------------------- labels, attributes

LABELS = (
    label(
        "car",
        "rectangle",
        attribute("brand", "select", "vw\nbmw")
        + attribute("side", "radio", "left\nright")
        + attribute("parked", "checkbox", "false")
        + attribute("doors", "number", "1\n5\n1")
        + attribute("plate", "text"),
        "<color>#ff0000</color>",
    )
    + label("unused", "polygon")
    + label("night", "tag", attribute("moon", "checkbox", "false"))
    + label("man", "skeleton", attribute("pose", "select", "up\ndown"))
    + label("head", "points", attribute("hat", "text"), "<parent>man</parent>")
    + label("open", "any")
)


def test_the_schema_holds_everything_that_is_declared(tmp_path: Path) -> None:
    dataset, _ = open_text(tmp_path, export(image(BOX), task(LABELS)))
    schema = dataset.schema
    assert [(found.name, found.kinds) for found in schema.labels] == [
        ("car", (Kind.BOX,)),
        ("unused", (Kind.POLYGON,)),
        ("man/head", (Kind.POINT,)),
        ("open", ()),
    ]
    assert schema.labels[0].color == "#ff0000"
    yes_no = (Option("true"), Option("false"))
    assert schema.labels[0].attributes == (
        Question("brand", Input.RADIO, (Option("vw"), Option("bmw"))),
        Question("side", Input.RADIO, (Option("left"), Option("right"))),
        Question("parked", Input.RADIO, yes_no),
        Question("doors", Input.TEXT),
        Question("plate", Input.TEXT),
    )
    assert [q.name for q in schema.labels[2].attributes] == ["pose", "hat"]
    assert schema.questions == (
        Question("tags", None, (Option("night", "", (Question("moon", Input.RADIO, yes_no),)),)),
    )


def test_answers_of_every_input_type(tmp_path: Path) -> None:
    given = {"brand": "bmw", "side": " left ", "parked": "True", "doors": "3", "plate": " A 1\nB ", "odd": "x"}
    inside = "".join(f'<attribute name="{k}">{v}</attribute>' for k, v in given.items())
    shape = BOX.replace("/>", f">{inside}<attribute name='plate2'/></box>")
    (found,), log = objects_of(tmp_path, shape, task(LABELS))
    assert found.attributes == (
        Attribute("brand", Choice("bmw")),
        Attribute("side", Choice("left")),
        Attribute("parked", Choice("true")),
        Attribute("doors", "3"),
        Attribute("plate", " A 1\nB "),
        Attribute("odd", "x"),
    )
    assert counts(log)["attribute-unknown"] == 1


def test_values_between_blanks(tmp_path: Path) -> None:
    single = attribute("size", "select", "very big")
    several = attribute("tone", "select", "red blue")
    text = export(
        image(BOX.replace("/>", '><attribute name="size">very big</attribute></box>')),
        task(label("car", attributes=single + several)),
    )
    dataset, _ = open_text(tmp_path, text)
    options = {q.name: [o.value for o in q.options] for q in dataset.schema.labels[0].attributes}
    assert options == {"size": ["very big"], "tone": ["red", "blue"]}


def test_attributes_as_they_were_declared_until_2019(tmp_path: Path) -> None:
    lines = [
        "@select=model:a,b c,d",
        "~checkbox=parked:false",
        "@number=age:1,100,1",
        "~text=plate:",
        "~radio=view:left,right",
    ]
    specs = "".join(f"<attribute>{line}</attribute>" for line in lines)
    meta = f"<task><source>2 images: a.jpg, b.jpg</source><labels>{label('car', attributes=specs)}</labels></task>"
    given = {"model": "b c", "parked": "True", "age": "7", "plate": "X 1", "view": "left"}
    inside = "".join(f'<attribute name="{name}">{text}</attribute>' for name, text in given.items())
    dataset, log = open_text(tmp_path, export(image(BOX.replace("/>", f">{inside}</box>")), meta))
    assert dataset.schema.labels[0].attributes == (
        Question("model", Input.RADIO, (Option("a"), Option("b c"), Option("d"))),
        Question("parked", Input.RADIO, (Option("true"), Option("false")), index=True),
        Question("age", Input.TEXT),
        Question("plate", Input.TEXT, index=True),
        Question("view", Input.RADIO, (Option("left"), Option("right")), index=True),
    )
    (item,), log = items_of(dataset)
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert [(a.name, a.value) for a in found.attributes] == [
        ("model", Choice("b c")),
        ("parked", Choice("true")),
        ("age", "7"),
        ("plate", "X 1"),
        ("view", Choice("left")),
    ]
    assert set(counts(log)) == {"exif-unchecked"}


def test_without_meta_attributes_are_taken_as_they_come(tmp_path: Path) -> None:
    inside = '<attribute name="a">true</attribute><attribute name="b">two words</attribute>'
    (found,), log = objects_of(tmp_path, BOX.replace("/>", f">{inside}</box>"))
    assert found.attributes == (Attribute("a", True), Attribute("b", "two words"))
    assert counts(log)["decision"] == 1


def test_an_undeclared_label_is_added_with_a_word(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, BOX, task(label("bus")))
    assert found.label == "car"
    assert counts(log)["class-unknown"] == 1


# ---------------------------------------------------------------------------------------------------------- paths


def project(tasks: int, subset: str = "") -> str:
    listed = "".join(task(id=i, name=f"day {i}", subset=subset) for i in range(1, tasks + 1))
    return f"<project><id>1</id><name>p</name><tasks>{listed}</tasks><labels>{label('car')}</labels></project>"


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


# ---------------------------------------------------------------------------------------------------------- video


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
        text = export(track(row(n, (0, 0, 9, 9)) + row(n + 1, (0, 0, 9, 9), outside=True)), task(video=(64, 48)))
        open_text(tmp_path, text, f"{n}.xml")
    dataset, _ = open_path(tmp_path)
    (item,), _ = items_of(dataset)
    assert len({a.id for a in item.annotations}) == 2


# ------------------------------------------------------------------------------------------------------------ EXIF


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


# ------------------------------------------------------------------------------------------------------ containers


def test_zip_with_media(tmp_path: Path) -> None:
    archive = tmp_path / "task.zip"
    Image.new("L", (100, 80)).save(tmp_path / "a.png")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("annotations.xml", export(image(BOX, "a.png"), task(label("car"))))
        made.write(tmp_path / "a.png", "images/a.png")
    assert isinstance(FORMAT.sniff(Source(archive)), Match)
    dataset, _ = open_path(archive)
    (item,), log = items_of(dataset)
    assert len(item.annotations) == 1
    assert not log.diagnostics
    assert list(dataset) == list(dataset)


ODD = export(image(BOX.replace("car", "cär"), "x &amp; y.jpg"), task(label("cär")))


@pytest.mark.parametrize(
    "data",
    [
        ODD.encode(),
        b"\xef\xbb\xbf" + ODD.encode(),
        ODD.replace("utf-8", "utf-16").encode("utf-16"),
        ODD.replace("utf-8", "iso-8859-1").encode("latin-1"),
        ODD.replace("utf-8", "gb18030").encode("gb18030"),  # several bytes a character
        ODD.replace("<version>", "<!-- <image name='no.jpg'/> --><version>").encode(),
        ODD.replace('"', "'").encode(),
        ODD.replace("\n", "\r\n").encode(),
        ODD.replace("<image", "<?note <image ?><image").encode(),
    ],
)
def test_encodings_comments_and_quotes(tmp_path: Path, data: bytes) -> None:
    dataset, log = open_text(tmp_path, data)
    (item,), _ = items_of(dataset)
    assert item.asset.path == "x & y.jpg"
    (found,) = item.annotations
    assert isinstance(found, Object)
    assert (found.label, found.geometry) == ("cär", Box(10.1, 20.2, 20.1, 20.2))
    assert not log.diagnostics


@pytest.mark.parametrize("place", ["<name>car</name>", 'label="car"', ">red<"])
def test_an_apostrophe_after_an_equals_sign_is_no_quote(tmp_path: Path, place: str) -> None:
    odd = place.replace("car", "c='a'").replace("red", "c='a'")
    box = BOX.replace("/>", "><attribute name='hue'>red</attribute></box>")
    text = export(image(box), task(label("car"))).replace(place, odd)
    (found,), _ = annotations_of(tmp_path, text)
    assert isinstance(found, Object)
    assert found.geometry == Box(10.1, 20.2, 20.1, 20.2)
    assert (found.label == "c='a'") == (place == 'label="car"')
    assert [a.value for a in found.attributes] == ["c='a'" if place == ">red<" else "red"]


def test_the_root_decides(tmp_path: Path) -> None:
    for name, text in {
        "voc.xml": "<annotation><filename>a.jpg</filename></annotation>",
        "other.xml": "<annotations><note/></annotations>",
        "google.xml": "<Annotations><Annotation/></Annotations>",
        "coco.json": '{"images": [], "annotations": [], "categories": []}',
        "labelme.json": '{"version": "5", "shapes": [{"label": "a", "points": [[1, 2]]}], "imagePath": "a.jpg"}',
    }.items():
        (tmp_path / name).write_text(text)
        assert isinstance(FORMAT.sniff(Source(tmp_path / name)), Refusal), name


# ---------------------------------------------------------------------------------------------------------- broken


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (export(image(BOX))[:-20], "line 6, column"),
        (export(image(BOX)).replace("</image>", "</imag>"), "mismatched tag"),
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><annotations><version>1.1</version></annotations>',
            "DOCTYPE",
        ),
        ("<annotations><note/></annotations>", "not a CVAT export"),
        ("<annotations><version>1.1</version>\x01</annotations>", "line 1"),
        (ODD.replace("utf-8", "shift_jis").replace("ä", "à"), "is not shift_jis as it should be"),
        (ODD.replace("utf-8", "zlib"), "unknown encoding"),
    ],
)
def test_a_broken_file_emits_nothing(tmp_path: Path, text: str, words: str) -> None:
    try:
        dataset, log = open_text(tmp_path, text)
    except SourceError:
        assert not text
        return
    assert dataset.unit_count == 0
    assert log.unreadable == 1
    (said,) = log.diagnostics.values()
    assert words in said.message


def test_3d_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text('{"version": "1.0", "dimension": "3d", "labels": [], "data": {}}')
    (tmp_path / "annotations.json").write_text('[{"tags": [], "shapes": [], "tracks": []}]')
    with pytest.raises(SourceError, match="3D CVAT data is not supported"):
        open_path(tmp_path)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ('<box xtl="1" ytl="1" xbr="2" ybr="2"/>', "class-unnamed"),
        ('<box label="" xtl="1" ytl="1" xbr="2" ybr="2"/>', "class-unnamed"),
        ('<box label="a" xtl="1" ytl="1" xbr="2"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="inf"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="1_0"/>', "box-invalid"),
        ('<box label="a" xtl="1" ytl="1" xbr="2" ybr="two"/>', "box-invalid"),
        ('<polygon label="a" points="1,2;3,4"/>', "polygon-too-short"),
        ('<polygon label="a" points="1,2;3;4,5"/>', "polygon-invalid"),
        ('<polygon label="a" points="1,2;3,nan;4,5"/>', "polygon-invalid"),
        ('<polyline label="a" points="1,2;1,2"/>', "line-too-short"),
        ('<points label="a" points=""/>', "point-invalid"),
        ('<ellipse label="a" cx="1" cy="1" rx="2"/>', "box-invalid"),
        ('<mask label="a" rle="1, 2" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="1, x" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="1.5, 2.5" left="0" top="0" width="2" height="2"/>', "mask-invalid"),
        ('<mask label="a" rle="9" left="0" top="0" width="0" height="2"/>', "mask-invalid"),
        ('<skeleton label="a"/>', "keypoints-empty"),
        ('<cylinder label="a"/>', "geometry-unsupported"),
    ],
)
def test_a_broken_shape_costs_itself(tmp_path: Path, shape: str, code: str) -> None:
    found, log = objects_of(tmp_path, shape + BOX)
    assert [o.label for o in found] == ["car"]
    assert counts(log)[code] == 1
    assert log.ledger.total().skipped == 1
    assert accounted(found, log)


def test_3d_shapes_are_called_so(tmp_path: Path) -> None:
    _, log = objects_of(tmp_path, '<cuboid_3d label="car"/><circle label="car"/>')
    (said,) = (d for d in log.diagnostics.values() if str(d.code) == "geometry-unsupported")
    assert [e.message for e in said.examples] == [
        "<cuboid_3d> is 3D CVAT data, which is not supported",
        "<circle> is not a shape that is known here",
    ]


def test_swapped_corners_are_put_in_order(tmp_path: Path) -> None:
    (found,), log = objects_of(tmp_path, '<box label="a" xtl="30" ytl="5" xbr="10" ybr="20"/>')
    assert found.geometry == Box(10, 5, 20, 15)
    assert counts(log)["box-flipped"] == 1


def test_an_image_without_a_name(tmp_path: Path) -> None:
    found, log = annotations_of(tmp_path, export('<image id="0" width="9" height="9">' + BOX + "</image>"))
    assert not found
    assert log.ledger["car"].skipped == 1
    assert counts(log)["record-unreadable"] == 1


def test_a_picture_without_size_holds_everything_but_masks(tmp_path: Path) -> None:
    mask = '<mask label="car" rle="0, 4" left="0" top="0" width="2" height="2"/>'
    found, log = annotations_of(tmp_path, export(f'<image id="0" name="a.jpg">{BOX}{mask}</image>'))
    assert len(found) == 1
    assert counts(log)["image-size-unknown"] == 2
    assert accounted(found, log)


def test_another_version_is_tried(tmp_path: Path) -> None:
    dataset, log = open_text(tmp_path, export(image(BOX)).replace("1.1", "2.0"))
    assert dataset.unit_count == 1
    (decisions,) = log.diagnostics.values()
    assert any("version '2.0'" in example.message for example in decisions.examples)


def test_an_image_that_cannot_be_parsed_costs_itself(tmp_path: Path) -> None:
    deep = "<a>" * 300 + "</a>" * 300
    found, log = annotations_of(tmp_path, export(image("&#65;" + deep) + image(BOX, "b.jpg") + track("&#65;" + deep)))
    assert len(found) == 1
    assert counts(log)["record-unreadable"] == 2


def test_an_empty_export(tmp_path: Path) -> None:
    dataset, log = open_text(tmp_path, export("", task(label("car"))))
    assert dataset.unit_count == 0
    assert counts(log)["file-ignored"] == 1


EVERYTHING = export(
    image(
        BOX
        + '<polygon label="car" points="1,2;3,4;6,5" occluded="1"><attribute name="brand">vw</attribute></polygon>'
        + '<mask label="car" rle="1, 2, 1" left="0" top="0" width="2" height="2"/><tag label="night"/>'
        + '<skeleton label="man"><points label="head" points="1,2"/></skeleton><points label="car" points="1,1;2,2"/>'
    )
    + image(BOX, "b.jpg")
    + track(row(0, (0, 0, 9, 9)) + row(1, (1, 0, 9, 9), key=False) + row(2, (2, 0, 9, 9), outside=True)),
    task(LABELS, size=9, stop=8, video=(100, 80)),
).encode()


def test_mutations_never_raise_and_stay_accounted_for(tmp_path: Path) -> None:
    generator = random.Random(4)
    words = [
        b"frame",
        b'"',
        b"<",
        b">",
        b"nan",
        b"&amp;",
        b"-1",
        b"points",
        b"</image>",
        b"label",
        b"1e999",
        b"\xff",
        b"'",
    ]
    for _ in range(250):
        data = bytearray(EVERYTHING)
        for _ in range(generator.choice([1, 1, 1, 2, 4])):
            at = generator.randrange(len(data))
            end = at + generator.choice([0, 1, 3, 12])
            data[at:end] = generator.choice([b"", generator.choice(words), bytes([generator.randrange(256)])])
        try:
            found, log = annotations_of(tmp_path, bytes(data))
        except ToLabelboxError:
            continue
        assert accounted(found, log)


def test_what_the_writer_says_of_a_shape_names_its_picture(tmp_path: Path, convert: Convert) -> None:
    path = tmp_path / "annotations.xml"
    path.write_text(export(image(BOX) + image('<box label="car" xtl="1" ytl="2" xbr="1" ybr="2"/>', "b.jpg")))
    run = convert(path)
    assert any("b.jpg box[0]" in e for e in run.examples if e.startswith("box-empty"))


def test_apostrophes_of_the_declaration_alone_need_no_copy(tmp_path: Path) -> None:
    """Python's own writer puts them there, and nowhere else."""
    path = tmp_path / "annotations.xml"
    path.write_bytes(b"<?xml version='1.0' encoding='utf-8'?>\n" + export(image(BOX)).partition("\n")[2].encode())
    document = Document(Source(path), path.name, lambda: lambda *_: None)
    assert document._copy is None
    assert len(document.starts) == 1


def test_a_folder_is_looked_into_once_for_all_tasks_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "".join(task(id=n, name=f"t{n}", size=1) for n in range(1, 6))
    pictures = "".join(image(BOX, f"{n}.jpg", more=f' subset="" task_id="{n}"') for n in range(1, 6))
    file = tmp_path / "annotations.xml"
    file.write_text(
        export(pictures, f"<project><id>1</id><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>")
    )
    looked: list[str] = []
    really = os.listdir

    def listed(path: str) -> list[str]:
        looked.append(path)
        return really(path)

    monkeypatch.setattr(os, "listdir", listed)
    report = to_labelbox.convert(file, None)
    assert report.assets.read == 5
    assert len([path for path in looked if path.rstrip("/") == str(tmp_path)]) == 1


def test_labels_beside_the_task_are_declared_too(tmp_path: Path) -> None:
    """Scripts put them there."""
    meta = f"<task><id>1</id><name>t</name></task><labels>{label('van', 'polygon')}{label('car', 'rectangle')}</labels>"
    dataset, _ = open_text(tmp_path, export(image(BOX), meta))
    assert [(one.name, one.kinds) for one in dataset.schema.labels] == [("van", (Kind.POLYGON,)), ("car", (Kind.BOX,))]
