"""Numbers that have to be mended, parts, and outlines without a box say as much of how a set is to be read as plain boxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from small_sets import Files, Made, jpeg, thing, voc, write
from to_labelbox import UsageError, convert

SIZE = (400, 200)
GENUINE = "<source><database>The VOC2007 Database</database></source>"
NAMES = ("xmin", "ymin", "xmax", "ymax")


def comma(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def corners(*values: object) -> str:
    return f"<bndbox>{''.join(f'<{name}>{value}</{name}>' for name, value in zip(NAMES, values))}</bndbox>"


def commas(*values: float) -> str:
    return corners(*map(comma, values))


def polygon(*values: object) -> str:
    names = [f"{axis}{n}" for n in range(1, len(values) // 2 + 1) for axis in "xy"]
    return f"<polygon>{''.join(f'<{name}>{value}</{name}>' for name, value in zip(names, values))}</polygon>"


def turned(cx: object, cy: object, w: object, h: object, angle: object) -> str:
    return f"<robndbox><cx>{cx}</cx><cy>{cy}</cy><w>{w}</w><h>{h}</h><angle>{angle}</angle></robndbox>"


def part(inner: str) -> str:
    return f"<part><name>head</name>{inner}</part>"


def six(*objects: str, more: str = "") -> Files:
    return {f"{s}.xml": voc(*map(thing, objects), filename=f"{s}.jpg", size=SIZE, more=more) for s in "abcdef"}


FRACTIONS = {
    "decimal commas": commas(0.25, 0.125, 0.5, 0.75),
    "an outline": polygon(0.1, 0.1, 0.5, 0.1, 0.5, 0.6),
    "an outline with decimal commas": polygon(*map(comma, (0.1, 0.1, 0.5, 0.1, 0.5, 0.6))),
    "points": "<point><x>0.25</x><y>0.5</y></point>",
    "a turned box": turned(0.5, 0.5, 0.2, 0.1, 0.3),
    "a turned box at the edge": turned(0.05, 0.5, 0.2, 0.1, 0.3),
    "a part": part(corners(0.1, 0.2, 0.3, 0.4)),
    "a further box": corners(0.1, 0.2, 0.3, 0.4) + corners(0.1, 0.2, 0.4, 0.6),
}


@pytest.mark.parametrize("shape", FRACTIONS.values(), ids=list(FRACTIONS))
def test_fractions(tmp_path: Path, shape: str) -> None:
    with pytest.raises(UsageError, match="fractions of the image"):
        convert(write(tmp_path / "source", six(shape)), tmp_path / "out")


@pytest.mark.parametrize(
    "shape",
    [lambda n: commas(20.5 + n, 10.5, 90.5, 80.5), lambda n: polygon(20 + n, 10, 90, 10, 90, 80)],
)
def test_per_cent(tmp_path: Path, shape: Callable[[int], str]) -> None:
    with pytest.raises(UsageError, match="per cent"):
        convert(write(tmp_path / "source", six(*map(shape, range(5)))), tmp_path / "out")


@pytest.mark.parametrize(("pictures", "width"), [(2, 400), (3, 200)])
def test_a_few_small_outlines_are_no_per_cent(tmp_path: Path, pictures: int, width: int) -> None:
    """Labels at the top left of a few pictures may lie there by chance; that they need not is told."""
    shapes = "".join(thing(polygon(20 + n, 10, 90, 10, 90, 80)) for n in range(4))
    files = {f"{n}.xml": voc(shapes, filename=f"{n}.jpg", size=(width, 200)) for n in range(pictures)}
    made = Made(tmp_path, files)
    assert made.report.annotations.converted == 4 * pictures
    assert made.assumed["unit"] == ("pixels", 0, 0, "-O unit=percent")


def test_sizes_for_corners(tmp_path: Path) -> None:
    files = six(*(commas(200.5 + n, 100.5, 40.5, 20.5) for n in range(5)))
    with pytest.raises(UsageError, match="all 30 stay on their pictures as width and height"):
        convert(write(tmp_path / "source", files), tmp_path / "out")


@pytest.mark.parametrize("shape", [commas(0.0, 1.0, 39.5, 20.0).replace(">0<", ">0,0<"), polygon(0, 1, 50, 1, 50, 6)])
def test_a_corner_at_0_speaks_against_counting_from_1(tmp_path: Path, shape: str) -> None:
    made = Made(tmp_path, six(shape, more=GENUINE))
    assert made.assumed["origin"] == ("as_is", 6, 6, "-O origin=one_based")
    assert made.codes["origin-doubtful"] == 1


def test_outlines_alone_count_from_1_where_the_files_say_so(tmp_path: Path) -> None:
    made = Made(tmp_path, six(polygon(2, 1, 50, 1, 50, 6), more=GENUINE))
    assert made.assumed["origin"][0] == "one_based"
    assert made.lines[0]["polygon"] == [{"x": 1, "y": 0}, {"x": 49, "y": 0}, {"x": 49, "y": 5}]


def test_turned_boxes_count_from_0_as_their_tool_does(tmp_path: Path) -> None:
    files = six(turned(120, 60, 40, 20, 0.5))
    made = Made(tmp_path / "a", files)
    assert "origin" not in made.assumed
    shifted = Made(tmp_path / "b", files, options={"origin": "one_based"})
    for line, moved in zip(made.lines, shifted.lines):
        for one, other in zip(line["polygon"], moved["polygon"]):
            assert other == {"x": pytest.approx(one["x"] - 1), "y": pytest.approx(one["y"] - 1)}


# ------------------------------------------------------------------------------------------------------- what is read


def test_decimal_commas_of_outlines(tmp_path: Path) -> None:
    made = Made(tmp_path, six(polygon("100,5", 20, "150,25", 20, "150,5", "60,5")))
    assert made.lines[0]["polygon"] == [{"x": 100.5, "y": 20}, {"x": 150.25, "y": 20}, {"x": 150.5, "y": 60.5}]
    assert made.codes["field-repaired"] == 24


def test_sides_of_turned_boxes_say_nothing_of_those_of_the_picture(tmp_path: Path) -> None:
    slanted = voc(thing(turned(100, 100, 260, 10, 0.785)), size=(200, 400))
    files: Files = {"a.xml": slanted, "a.jpg": jpeg(400, 200)}
    with pytest.raises(UsageError, match=r"(?s)sides of <size> exchanged.*-O sides=swapped .*-O sides=as_stated"):
        convert(write(tmp_path / "source", files), tmp_path / "out")


def test_sides_swapped_in_some_files_are_told_by_their_labels(tmp_path: Path) -> None:
    wide, high = corners(10, 5, 390, 150), corners(5, 10, 150, 390)
    shapes = {"a": (wide, (400, 200)), "b": (wide, (200, 400)), "c": (high, (200, 400))}
    texts = {f"{s}.xml": voc(thing(x), filename=f"{s}.jpg", size=size) for s, (x, size) in shapes.items()}
    files: Files = {**texts, **{f"{s}.jpg": jpeg(400, 200) for s in shapes}}
    made = Made(tmp_path / "told", files)
    assert made.boxes == [("cat", 10, 5, 380, 145)] * 2 + [("cat", 5, 10, 145, 380)]
    assert made.codes["image-size-mismatch"] == 2
    assert "clipped" not in made.codes
    assert Made(tmp_path / "stated", files, options={"sides": "as_stated"}).codes["clipped"] == 1


def test_decimal_commas_of_turned_boxes(tmp_path: Path) -> None:
    plain = Made(tmp_path / "plain", six(turned(100.5, 50.5, 20.5, 10.5, 0.5)))
    mended = Made(tmp_path / "mended", six(turned("100,5", "50,5", "20,5", "10,5", "0,5")))
    assert [line["polygon"] for line in mended.lines] == [line["polygon"] for line in plain.lines]


def test_degrees_with_decimal_commas(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="seems to hold degrees"):
        convert(write(tmp_path / "source", six(turned(300, 50, 20, 10, "35,5"))), tmp_path / "out")


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (polygon("1,100", 20, "1,150", 20, "1,150", 60), "polygon-invalid"),
        (turned("1,100", 50, 20, 10, 0), "box-invalid"),
    ],
)
def test_a_comma_that_may_be_either(tmp_path: Path, shape: str, code: str) -> None:
    made = Made(tmp_path, six(shape))
    assert made.codes[code] == 6
    assert "-O commas=decimal, or -O commas=thousands" in made.message(code)
