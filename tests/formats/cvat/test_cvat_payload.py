"""What CVAT's shapes and tracks are in the payload: checked against the rows and formulas of the source, not the reader."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvat_files import export, image, label, row, task, track
from harness import Convert

FRAMES = 40
CLIP = task(label("car"), size=FRAMES, stop=FRAMES - 1, video=(400, 300))


def converted(folder: Path, text: str, **given: Any) -> Any:
    source = folder / "source" / "annotations.xml"
    source.parent.mkdir()
    source.write_text(text)
    return Convert(folder)(source, **given)


def shown(line: dict[str, Any], frame: int) -> tuple[float, ...] | None:
    """left, top, right, bottom that a player shows on a frame, counted from 0; nothing outside of all segments."""
    for segment in line["segments"]:
        keys = [(k["frame"] - 1, k["bbox"]) for k in segment["keyframes"]]
        for (f, a), (g, b) in zip(keys, keys[1:] or keys):
            if f <= frame <= g:
                t = (frame - f) / (g - f) if g > f else 0.0
                left, top, width, height = (a[k] + (b[k] - a[k]) * t for k in ("left", "top", "width", "height"))
                return left, top, left + width, top + height
    return None


@st.composite
def walks(draw: st.DrawFn) -> list[tuple[int, bool, bool, tuple[float, ...]]]:
    """(frame, keyframe, outside, corners) of a dense track inside the frame, with stretches on which it is hidden."""
    rows: list[tuple[int, bool, bool, tuple[float, ...]]] = []
    x, y, visible = 100.0, 100.0, False
    for frame in range(draw(st.integers(0, 5)), FRAMES):
        change = draw(st.integers(0, 7)) == 0
        x = round(min(max(x + draw(st.sampled_from([0, 0.5, 1, 1, 1, -2.25, 30])), 0), 300), 2)
        y = round(min(max(y + draw(st.sampled_from([0, 0.75, 0.75, -3, -40])), 0), 200), 2)
        corners = (x, y, round(x + 40 + frame % 3, 2), y + 25.5)
        if not visible and (change or not rows):
            rows.append((frame, True, False, corners))
            visible = True
        elif visible:
            rows.append((frame, change, change, corners))
            visible = not change
    return rows


@settings(max_examples=60, deadline=None)
@given(walks())
def test_every_row_is_shown_within_a_sixteenth_of_a_pixel(
    rows: list[tuple[int, bool, bool, tuple[float, ...]]],
) -> None:
    closed = track(row(0, (0, 0, 9, 9)) + row(1, (0, 0, 9, 9), key=False) + row(2, (0, 0, 9, 9), outside=True), id=1)
    text = track("".join(row(f, c, key=k, outside=o) for f, k, o, c in rows)) + closed
    with TemporaryDirectory() as folder:
        made = converted(Path(folder), export(text, CLIP))
        line = made.lines[0]
    visible = {f: c for f, _, o, c in rows if not o}
    for frame in range(-1, FRAMES + 1):
        place = shown(line, frame)
        if frame not in visible:
            assert place is None
        else:
            assert place is not None
            assert max(abs(a - b) for a, b in zip(place, visible[frame])) <= 0.06
    assert made.tally("car") == (2, 2, 0, 0, 0)


def test_a_turned_box_has_the_corners_of_opencv(tmp_path: Path) -> None:
    """cv2.boxPoints(((20, 25), (20, 10), 30)), worked out by hand: half the sides times the sine and cosine of 30°."""
    box = '<box label="car" occluded="0" xtl="10.00" ytl="20.00" xbr="30.00" ybr="30.00" rotation="30.00" z_order="0"/>'
    (line,) = converted(tmp_path, export(image(box), task(label("car")))).lines
    half = 5 * math.sqrt(3)
    expected = [(22.5 - half, 20 - half / 2), (22.5 + half, 30 - half / 2), (17.5 + half, 30 + half / 2), (17.5 - half, 20 + half / 2)]  # fmt: skip
    assert [(p["x"], p["y"]) for p in line["polygon"]] == [pytest.approx(p, abs=1e-6) for p in expected]


@pytest.mark.parametrize("angle", [0, 30, 117.5, 300])
def test_an_ellipse_lies_on_its_own_equation(tmp_path: Path, angle: float) -> None:
    shape = f'<ellipse label="car" occluded="0" cx="50" cy="40" rx="20" ry="8" rotation="{angle}" z_order="0"/>'
    (line,) = converted(tmp_path, export(image(shape), task(label("car")))).lines
    points = [(p["x"] - 50, p["y"] - 40) for p in line["polygon"]]
    assert len(points) == 64
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for x, y in points:
        assert ((cos * x + sin * y) / 20) ** 2 + ((cos * y - sin * x) / 8) ** 2 == pytest.approx(1)
    # On the screen y points down, so that a positive turn is clockwise: the end of the x radius goes down first.
    assert points[0] == pytest.approx((20 * cos, 20 * sin))


def mask_row(frame: int, outside: bool = False) -> str:
    return (
        f'<mask frame="{frame}" keyframe="1" outside="{int(outside)}" occluded="0" rle="0, 4" left="{frame}" top="3" '
        'width="2" height="2" z_order="0"/>'
    )


@pytest.mark.parametrize(("frames", "exact"), [((4, 5, 6), True), ((4, 6), False)])
def test_a_track_of_masks_is_exact_when_it_has_one_on_every_frame(
    tmp_path: Path, frames: tuple[int, ...], exact: bool
) -> None:
    rows = "".join(map(mask_row, frames)) + mask_row(7, outside=True)
    made = converted(tmp_path, export(track(rows), CLIP))
    (line,) = made.lines
    assert [f["index"] for f in line["masks"]["frames"]] == [f + 1 for f in frames]
    assert made.tally("car") == (1, int(exact), int(not exact), 0, 0)
    assert ("track-converted" in made.codes) is not exact


def test_three_tasks_of_one_project_with_equal_frame_names(tmp_path: Path) -> None:
    shape = '<box label="car" occluded="0" xtl="{0}" ytl="1" xbr="9" ybr="9" z_order="0"/>'
    tasks = "".join(task(id=n, name=f"day {n}", size=1, subset="train") for n in (1, 2, 3))
    meta = f"<project><id>1</id><name>p</name><tasks>{tasks}</tasks><labels>{label('car')}</labels></project>"
    body = "".join(image(shape.format(n), "frame_000000.jpg", more=f' subset="train" task_id="{n}"') for n in (1, 2, 3))
    made = converted(tmp_path, export(body, meta))
    keys = [line["dataRow"]["globalKey"] for line in made.lines]
    assert keys == [f"day {n}/frame_000000.jpg" for n in (1, 2, 3)]
    assert [line["bbox"]["left"] for line in made.lines] == [1, 2, 3]


def test_a_renamed_element_is_counted_with_its_skeleton(tmp_path: Path) -> None:
    meta = task(
        label("man", "skeleton") + label("head", "points", more="<parent>man</parent>"), size=4, stop=3, video=(64, 48)
    )
    rows = '<skeleton frame="0"><points label="head" keyframe="1" outside="0" occluded="0" points="3,4"/></skeleton>'
    text = export(track(rows, "man") + track(rows, "man", id=1), meta)
    names = tmp_path / "map.yaml"
    names.write_text("classes:\n  man/head: face\n")
    made = converted(tmp_path, text, class_map=str(names))
    assert {line["name"] for line in made.lines} == {"face"}
    assert made.tally("man") == (2, 0, 2, 0, 0)
    assert list(made.report.classes) == ["man"]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ('<polygon {} points="30,30;90,30;60,90"/>', "boxes and polygons"),
        ('<mask {} rle="0,400" left="30" top="30" width="20" height="20"/>', "boxes and masks"),
        ('<box {} xtl="30" ytl="30" xbr="90" ybr="60" rotation="30"/>', "rotated boxes"),
    ],
)
def test_a_track_of_several_kinds_is_told_with_all(second: str, told: str, tmp_path: Path) -> None:
    rest = 'frame="1" keyframe="1" outside="0" occluded="0"'
    run = converted(tmp_path, export(track(row(0, (1, 2, 30, 40)) + second.format(rest)), CLIP))
    messages = [e.message for d in run.report.diagnostics for e in d.examples]
    assert any(message.startswith(f"a track of {told} is written as masks") for message in messages), messages
