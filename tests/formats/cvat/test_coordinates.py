"""Numbers that are anything but CVAT's pixels and corners are asked about, and read as the answer says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvat_files import export, image, items_of, label, open_text, row, task, track
from to_labelbox.model.items import Box, Keypoints, Mask, Object, Point, Polygon, Track
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.cvat.options import Coordinates, Video

MAN = label("man", "skeleton") + label("head", "points", more="<parent>man</parent>")
META = task(label("car") + MAN)
BOX = '<box label="car" occluded="0" xtl="{}" ytl="{}" xbr="{}" ybr="{}"/>'
FRACTIONS = BOX.format(0.1, 0.25, 0.5, 0.75) * 3
SIZES = "".join(BOX.format(60 + n, 50, 30, 20) for n in range(3))
TRACKS = "".join(track("".join(row(f, (0.1, 0.25, 0.5, 0.75), key=not f) for f in (0, 1)), id=n) for n in range(3))
CLIP = task(label("car"), size=2, video=(100, 80))


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (export(image(FRACTIONS), META), ("fractions", "pixels")),
        (export(image('<points label="car" points="0.5,0.5"/>' * 3), META), ("fractions", "pixels")),
        (export(TRACKS, CLIP), ("fractions", "pixels")),
        (export(image(SIZES), META), ("sizes", "pixels")),
    ],
)
def test_they_are_asked_about(tmp_path: Path, text: str, answers: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as asked:
        open_text(tmp_path, text)
    assert all(f"-O coordinates={answer}" in str(asked.value) for answer in answers)
    assert items_of(open_text(tmp_path, text, coordinates=Coordinates.PIXELS)[0])[0][0].annotations


@pytest.mark.parametrize(
    "shapes",
    [
        BOX.format(0.1, 0.25, 0.5, 0.75) * 2,  # two say nothing
        BOX.format(0, 0, 1, 1) * 5,
        FRACTIONS + BOX.format(0.1, 0.1, 1.5, 2),
        SIZES + BOX.format(80, 10, 30, 20),  # does not fit as sizes
        SIZES + "".join(BOX.format(n, 1, 90, 70) for n in range(4)),
    ],
)
def test_evidence_for_pixels_is_enough(tmp_path: Path, shapes: str) -> None:
    (item,), _ = items_of(open_text(tmp_path, export(image(shapes), META))[0])
    assert len(item.annotations) == shapes.count("<box")


def test_fractions_of_pictures(tmp_path: Path) -> None:
    shapes = (
        BOX.format(0.1, 0.25, 0.5, 0.75)
        + '<polygon label="car" points="0,0;1,0;1,0.5"/><points label="car" points="0.5,0.5"/>'
        + '<skeleton label="man"><points label="head" outside="0" occluded="0" points="0.25,0.5"/></skeleton>'
        + '<mask label="car" rle="0,4" left="1" top="2" width="2" height="2"/>'
    )
    (item,), _ = items_of(open_text(tmp_path, export(image(shapes), META), coordinates=Coordinates.FRACTIONS)[0])
    box, ring, point, man, mask = (a.geometry for a in item.annotations if isinstance(a, Object))
    assert (box, ring, point) == (Box(10, 20, 40, 40), Polygon((([0, 0, 100, 0, 100, 40],),)), Point(50, 40))
    assert isinstance(man, Keypoints)
    assert (man.points[0].x, man.points[0].y) == (25, 40)
    assert isinstance(mask, Mask)


def test_fractions_without_a_size_are_skipped(tmp_path: Path) -> None:
    text = export('<image id="0" name="a.jpg">' + FRACTIONS + "</image>", META)
    (item,), log = items_of(open_text(tmp_path, text, coordinates=Coordinates.FRACTIONS)[0])
    assert (list(item.annotations), log.ledger["car"].skipped) == ([], 3)


@pytest.mark.parametrize("video", [Video.VIDEO, Video.FRAMES])
def test_fractions_of_tracks(tmp_path: Path, video: Video) -> None:
    text = export(TRACKS, CLIP)
    items, _ = items_of(open_text(tmp_path, text, coordinates=Coordinates.FRACTIONS, video=video)[0])
    assert sum(len(item.annotations) for item in items) == (3 if video is Video.VIDEO else 6)
    for item in items:
        for one in item.annotations:
            drawn = one.segments[0][0].geometry if isinstance(one, Track) else one.geometry  # type: ignore[union-attr]
            assert drawn == Box(10, 20, 40, 40)


def test_sizes_of_boxes(tmp_path: Path) -> None:
    (item,), log = items_of(open_text(tmp_path, export(image(SIZES), META), coordinates=Coordinates.SIZES)[0])
    boxes = [a.geometry for a in item.annotations if isinstance(a, Object)]
    assert boxes == [Box(60 + n, 50, 30, 20) for n in range(3)]
    assert not log.diagnostics.get("box-flipped")
