"""Masks of a video: one line a data row with one picture a frame, overlaps told; or a line an instance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import to_labelbox
from harness import Convert, pixels
from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import Asset, Item, Keyframe, Mask, Media, Track

WIDTH, HEIGHT = 40, 30


def square(left: int, top: int, side: int = 10) -> Mask:
    array = np.zeros((HEIGHT, WIDTH), np.uint8)
    array[top : top + side, left : left + side] = 1
    return mask_from_array(array)


def track(id: str, label: str, shapes: dict[int, Mask], plane: str | None = None) -> Track:
    keys = tuple(Keyframe(frame, mask) for frame, mask in shapes.items())
    return Track(id=id, label=label, segments=(keys,), location=f"track[{id}]", plane=plane)


def video(*tracks: Track, media: Media = Media.VIDEO) -> Item:
    asset = Asset(path="a.mp4", media=media, width=WIDTH, height=HEIGHT, frames=9)
    return Item(asset=asset, annotations=tracks, origin="a.xml")


def frames_of(line: Any) -> dict[int, Any]:
    return {frame["index"]: pixels(frame["imBytes"]) for frame in line["masks"]["frames"]}


def area(picture: Any, color: list[int]) -> int:
    return int((picture == color).all(axis=2).sum())


def test_all_instances_stand_on_one_picture_a_frame(convert: Convert) -> None:
    run = convert.items(
        [video(track("0", "car", {0: square(0, 0), 1: square(5, 0)}), track("1", "bus", {1: square(20, 9)}))]
    )
    (line,) = run.lines
    car, bus = line["masks"]["instances"]
    assert (car["name"], bus["name"]) == ("car", "bus")
    pictures = frames_of(line)
    assert {n: (area(p, car["colorRGB"]), area(p, bus["colorRGB"])) for n, p in pictures.items()} == {
        1: (100, 0),
        2: (100, 100),
    }
    assert area(pictures[2], [0, 0, 0]) == WIDTH * HEIGHT - 200
    assert pictures[2][9, 20].tolist() == bus["colorRGB"]
    assert run.report.lines.by_kind == {"mask": 1}
    assert run.report.annotations.converted == 2
    assert "mask-covered" not in run.codes


def test_what_others_cover_is_told(convert: Convert) -> None:
    tracks = [
        track("0", "car", {0: square(0, 0)}),
        track("1", "car", {0: square(5, 0)}),
        track("2", "bus", {1: square(0, 0)}),
    ]
    run = convert.items([video(*tracks)])
    (line,) = run.lines
    picture = frames_of(line)[1]
    assert [area(picture, i["colorRGB"]) for i in line["masks"]["instances"]] == [50, 100, 0]
    assert (run.report.classes["car"].approximated, run.report.classes["car"].converted) == (1, 1)
    assert [e for e in run.examples if e.startswith("mask-covered")] == [
        "mask-covered: a.xml track[0] (id 0): others cover a part of it, which one picture a frame cannot hold; see "
        + "-O video_masks=separate"
    ]


def test_one_that_is_covered_altogether_is_skipped(convert: Convert) -> None:
    run = convert.items([video(track("0", "car", {0: square(2, 2, 4)}), track("1", "bus", {0: square(0, 0)}))])
    assert [i["name"] for i in run.lines[0]["masks"]["instances"]] == ["bus"]
    assert run.tally("car") == (1, 0, 0, 0, 1)
    apart = convert.items([video(track("0", "car", {0: square(2, 2, 4)}), track("1", "bus", {0: square(0, 0)}))], options={"video_masks": to_labelbox_option("separate")})  # fmt: skip
    assert [line["masks"]["instances"][0]["name"] for line in apart.lines] == ["car", "bus"]


def to_labelbox_option(value: str) -> Any:
    from to_labelbox_formats.labelbox.options import VideoMasks

    return VideoMasks(value)


def test_a_line_each_if_asked_for(convert: Convert) -> None:
    tracks = [track("0", "car", {0: square(0, 0)}), track("1", "car", {0: square(5, 0)})]
    run = convert_separate(convert, video(*tracks))
    assert len(run.lines) == 2
    assert run.report.annotations.converted == 2
    hints = [f for f in to_labelbox.validate(run.out) if f.severity != "error"]
    assert [f.line for f in hints] == [2]
    assert "put all instances of a frame on one picture" in hints[0].message


def convert_separate(convert: Convert, item: Item) -> Any:
    return convert.items([item], options={"video_masks": to_labelbox_option("separate")})


def test_planes_of_a_series_are_lines_of_their_own(convert: Convert) -> None:
    planes = [
        track(str(n), "organ", {0: square(5 * n, 0, 4)}, plane) for n, plane in enumerate(("axial", "coronal", "axial"))
    ]
    run = convert.items([video(*planes, media=Media.DICOM)])
    assert [(line["groupKey"], len(line["masks"]["instances"])) for line in run.lines] == [("axial", 2), ("coronal", 1)]


@pytest.mark.parametrize("count", [3, 40])
def test_any_number_of_instances(convert: Convert, count: int) -> None:
    tracks = [
        track(str(n), f"c{n % 3}", {0: square(n % 40, n // 40, 1), n % 5: square(n % 40, 9, 1)}) for n in range(count)
    ]
    run = convert.items([video(*tracks)])
    (line,) = run.lines
    colors = [tuple(i["colorRGB"]) for i in line["masks"]["instances"]]
    assert len(set(colors)) == len(colors) == count
    pictures = frames_of(line)
    assert sum(area(p, list(c)) for p in pictures.values() for c in colors) == sum(
        int((p != 0).any(axis=2).sum()) for p in pictures.values()
    )
