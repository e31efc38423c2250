"""The same odd shape, name or picture has the same outcome in every format; where it has not, the table says why."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import to_labelbox
from builders.same_set import SAME_SETS, SameSet
from harness import lines
from to_labelbox import Settings

Disturb = Callable[[SameSet], Any]


class Outcome(NamedTuple):
    """What becomes of the shapes ``x``: (left, top, width, height) of boxes and numbers of outlines; and how they count."""

    shapes: list[list[float]]
    converted: int = 0
    approximated: int = 0
    merged: int = 0
    skipped: int = 0


KEPT = Outcome([[10, 20, 20, 30]], converted=1)
GONE = Outcome([], skipped=1)


def box(*corners: float, label: str = "x") -> Disturb:
    return lambda made: made.box(label, *corners)


def outline(*numbers: float) -> Disturb:
    return lambda made: made.outline("x", *numbers)


def twice(made: SameSet) -> None:
    made.box("x", 10, 20, 30, 50)
    made.box("x", 10, 20, 30, 50)


FAULTS: dict[str, tuple[Disturb, Outcome]] = {
    "reaches beyond the corner": (box(180, 80, 230, 130), Outcome([[180, 80, 20, 20]], approximated=1)),
    "begins before 0": (box(-20, -10, 30, 30), Outcome([[0, 0, 30, 30]], approximated=1)),
    "lies beside": (box(250, 20, 290, 50), GONE),
    "touches the border from outside": (box(200, 20, 240, 50), GONE),
    "has no width": (box(20, 20, 20, 50), GONE),
    "is a point": (box(20, 20, 20, 20), GONE),
    "corners the wrong way round": (box(30, 50, 10, 20), KEPT),
    "not a number": (box(nan, 20, 20, 50), GONE),
    "without end": (box(10, 20, inf, 50), GONE),
    "far beyond": (box(10, 20, 1e8, 50), Outcome([[10, 20, 190, 30]], approximated=1)),
    "is smaller than a pixel": (box(10, 20, 10.25, 20.5), Outcome([[10, 20, 0.25, 0.5]], converted=1)),
    "lies between pixels": (box(10.125, 20.25, 30.5, 50.75), Outcome([[10.125, 20.25, 20.375, 30.5]], converted=1)),
    "stands twice": (twice, Outcome([[10, 20, 20, 30]] * 2, converted=2)),
    "a triangle of two points": (outline(10, 20, 30, 50, 30, 50), GONE),
    "an outline on a line": (outline(10, 20, 20, 20, 30, 20), GONE),
    "an outline that is closed": (
        outline(10, 20, 30, 50, 30, 20, 10, 20),
        Outcome([[10, 20, 30, 50, 30, 20]], converted=1),
    ),
    "an outline that crosses itself": (
        outline(10, 20, 60, 60, 60, 20, 10, 60),
        Outcome([[10, 20, 60, 60, 60, 20, 10, 60]], converted=1),
    ),
    "an outline beyond the border": (
        outline(150, 20, 250, 20, 250, 60, 150, 60),
        Outcome([[200, 60, 150, 60, 150, 20, 200, 20]], approximated=1),
    ),
    "an outline beside": (outline(250, 20, 290, 20, 290, 60), GONE),
    "an outline with not a number": (outline(10, 20, nan, 20, 30, 60), GONE),
    **{
        f"is called {name!r}": (box(10, 20, 30, 50, label=name), KEPT)
        for name in (
            "Straße 🚗 日本",
            "a\"b'c<d>&e",
            "a\tb",
            "a\nb",
            "a/b",
            "0",
            "true",
            "a\u200bb",
            "a\u202eb",
            "x" * 5000,
        )
    },
}
OTHERWISE: dict[tuple[str, str], Outcome] = {
    # a row has no identity of its own: the same one again is the same object, as training tools take it
    ("stands twice", "voc"): Outcome([[10, 20, 20, 30]], converted=1, merged=1),
    ("stands twice", "yolo"): Outcome([[10, 20, 20, 30]], converted=1, merged=1),
    # a centre with negative sides is what no tool writes and what training refuses
    ("corners the wrong way round", "yolo"): GONE,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("format", SAME_SETS)
def test_the_same_fault_has_the_same_outcome(format: str, fault: str, tmp_path: Path) -> None:
    disturb, expected = FAULTS[fault]
    made = SAME_SETS[format]()
    made.picture("a.png")
    for n in range(3):
        made.box("ok", 10 + n, 10, 50, 40)
    made.outline("roof", 100, 10, 150, 10, 150, 60)
    disturb(made)
    made.picture("b.png")
    made.box("ok", 5, 5, 20, 20)
    report = to_labelbox.convert(made.save(tmp_path / "in"), tmp_path / "out")
    assert to_labelbox.validate(tmp_path / "out") == []
    written = lines(tmp_path / "out")
    others = [line for line in written if line["name"] not in ("ok", "roof")]
    expected = OTHERWISE.get((fault, format), expected)
    assert [numbers(line) for line in others] == [pytest.approx(shape, abs=1e-6) for shape in expected.shapes]
    assert len(written) - len(others) == 5
    tally = report.annotations
    assert (tally.converted - 5, tally.approximated, tally.merged, tally.skipped) == expected[1:]
    assert report.suspicious == []


def numbers(line: dict[str, Any]) -> list[float]:
    if "bbox" in line:
        return [line["bbox"][key] for key in ("left", "top", "width", "height")]
    return [value for point in line["polygon"] for value in (point["x"], point["y"])]


@pytest.mark.parametrize("name", ["a b#c%20ü.png", "sub/deeper/a.png", "a.b.c.png", "ä" * 100 + ".png", "A.PNG"])
@pytest.mark.parametrize("format", SAME_SETS)
def test_a_picture_of_an_odd_name_has_the_same_key(format: str, name: str, tmp_path: Path) -> None:
    made = SAME_SETS[format]()
    made.picture(name)
    made.box("x", 10, 20, 30, 50)
    source = made.save(tmp_path / "in")
    made.paint(tmp_path / "media")
    to_labelbox.convert(
        source, tmp_path / "out", media_root=tmp_path / "media", settings=Settings(global_key="{relpath}")
    )
    assert [row["global_key"] for row in lines(tmp_path / "out", "data_rows.ndjson")] == [name]
