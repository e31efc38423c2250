"""Numbers and flags that have to be mended are read, told, and part of the evidence on how their file is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cvat_files import counts, export, image, label, objects_of, open_text, row, task, track, tracks_of
from to_labelbox.model.items import Box, Geometry, Point, Polygon, Polyline
from to_labelbox.report.errors import UsageError

META = task(label("car"))
CLIP = task(label("car"), size=10, stop=9, video=(100, 80))
NAMES = ("xtl", "ytl", "xbr", "ybr")
SHARES = (0.1, 0.25, 0.5, 0.75)


def box(values: Sequence[object], names: Sequence[str] = NAMES, blank: str = " ") -> str:
    return f'<box{blank}label="car"{blank}' + blank.join(f'{n}="{v}"' for n, v in zip(names, values)) + "/>"


MENDED = {
    "commas": [str(v).replace(".", ",") for v in SHARES],
    "blanks": [f" {v} " for v in SHARES],
    "signs": [f"+{v}" for v in SHARES],
    "exponents": [f"{v:E}" for v in SHARES],
    "no zero": [f"{v:.2f}".lstrip("0") for v in SHARES],
    "reversed corners": [0.5, 0.75, 0.1, 0.25],
}


@pytest.mark.parametrize("values", MENDED.values(), ids=list(MENDED))
def test_fractions_in_mended_boxes(tmp_path: Path, values: Sequence[object]) -> None:
    with pytest.raises(UsageError, match="fractions of the picture"):
        open_text(tmp_path, export(image(box(values) * 3), META))


SHAPES = {
    "other order": box((0.75, 0.1, 0.5, 0.25), ("ybr", "xtl", "xbr", "ytl")),
    "a line each": box(SHARES, blank="\n  "),
    "ellipse": '<ellipse label="car" cx="0.5" cy="0.5" rx="0.1" ry="0.25"/>',
    "decimal commas": '<polygon label="car" points="0,1,0,1;0,5,0,1;0,5,0,75"/>',
    "without semicolons": '<polygon label="car" points="0.1,0.1,0.5,0.1,0.5,0.75"/>',
    "blanks": '<polygon label="car" points=" 0.1 , 0.1 ; 0.5,0.1 ; 0.5,0.75; "/>',
    "longer than what is looked at": f'<polygon label="car" points="{"0.123456,0.5;" * 900}0.5,0.75"/>',
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_fractions_in_other_shapes(tmp_path: Path, shape: str) -> None:
    pictures = "".join(image(shape, f"{n}.jpg") for n in range(3))
    with pytest.raises(UsageError, match="fractions of the picture"):
        open_text(tmp_path, export(pictures, META))


@pytest.mark.parametrize(
    "start",
    [
        '<image id="0" name="a.jpg" width="100" height="80">',
        '<image height="80" name="a.jpg" width="100">',
        '<image name="a.jpg" width="100.0" height="80.0">',
        '<image name="a.jpg">',
    ],
)
def test_sizes_in_place_of_corners(tmp_path: Path, start: str) -> None:
    shapes = "".join(box((60 + n, "50,5", 30, 20)) for n in range(3))
    with pytest.raises(UsageError, match="-O coordinates=sizes"):
        open_text(tmp_path, export(f"{start}{shapes}</image>", META))


@pytest.mark.parametrize("yes", ["1", "1.0", "True", "yes", " 1 "])
@pytest.mark.parametrize("no", ["0", "0.0", "False", "no"])
def test_flags_of_rows(tmp_path: Path, yes: str, no: str) -> None:
    def told(frame: int, key: str, outside: str) -> str:
        return f'<box frame="{frame}" keyframe="{key}" outside="{outside}" occluded="{no}" xtl="{frame}" ytl="2" xbr="30" ybr="40"/>'

    (found,), log = tracks_of(tmp_path, track(told(1, yes, no) + told(2, no, no) + told(3, yes, yes)), CLIP)
    assert [(k.frame, k.geometry) for k in found.segments[0]] == [(1, Box(1, 2, 29, 38)), (2, Box(2, 2, 28, 38))]
    assert "field-repaired" not in counts(log)


def test_a_flag_that_says_neither_is_told(tmp_path: Path) -> None:
    shape = '<box label="car" occluded="{}" xtl="1" ytl="2" xbr="30" ybr="40"/>'
    found, log = objects_of(tmp_path, "".join(map(shape.format, ("maybe", "yes", "no", ""))), META)
    assert [bool(one.attributes) for one in found] == [False, True, False, False]
    assert counts(log)["field-repaired"] == 1


@pytest.mark.parametrize("form", ["{}.0", " {} "])
def test_frame_numbers_as_tables_write_them(tmp_path: Path, form: str) -> None:
    rows = "".join(row(n, (n, 1, n + 5, 9)).replace(f'frame="{n}"', f'frame="{form.format(n)}"', 1) for n in (2, 10))
    with pytest.raises(UsageError, match="-O numbering=from_one"):
        open_text(tmp_path, export(track(rows), CLIP))


POINTS = [
    ("polygon", "1,2,30.5,2,30,40", Polygon((([1, 2, 30.5, 2, 30, 40],),))),
    ("polygon", "1,2 30,2 30,40", Polygon((([1, 2, 30, 2, 30, 40],),))),
    ("polyline", "1,2 30,40", Polyline([1, 2, 30, 40])),
    ("polyline", "1,5,2,5;30,5,2,5;", Polyline([1.5, 2.5, 30.5, 2.5])),
    ("points", "1,5,+2,5;", Point(1.5, 2.5)),
]


@pytest.mark.parametrize(("tag", "points", "shape"), POINTS)
def test_points(tmp_path: Path, tag: str, points: str, shape: Geometry) -> None:
    found, log = objects_of(tmp_path, f'<{tag} label="car" points="{points}"/>', META)
    assert [one.geometry for one in found] == [shape]
    assert counts(log)["field-repaired"] == 1


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ('<points label="car" points="1,5 2,5"/>', "point-invalid"),
        (box(("1,234", "2,345", "3,456", "4,567")), "box-invalid"),
    ],
)
def test_what_may_be_read_in_two_ways_is_not(tmp_path: Path, shape: str, code: str) -> None:
    found, log = objects_of(tmp_path, shape, META)
    assert not found
    assert counts(log)[code] == 1
