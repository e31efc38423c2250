"""What is said of a loss is true of it: who decided, which set it is of, what helps, and how much is lost altogether."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from builders.batch import box_set
from harness import annotation, coco, image, item, save
from to_labelbox import ClassMap, ClassRule, UsageError
from to_labelbox.cli import cli
from to_labelbox.cli.closing import closing, diagnostic
from to_labelbox.model.items import Asset, Attribute, Box, Choice, Item, Media, Object, Relationship, TextSpan
from to_labelbox.model.text import display
from to_labelbox.report.log import Log

RING = [10, 10, 30, 10, 30, 30]


def mixed(path: Path) -> Path:
    """Three boxes of a car and an outline of one."""
    shapes = [annotation(n, bbox=[5, 5, 10, 10]) for n in (1, 2, 3)]
    return save(path, coco([*shapes, annotation(4, segmentation=[RING])], [image()]))


def messages(report: Any, code: str) -> list[str]:
    return [e.message for d in report.diagnostics if d.code == code for e in d.examples]


def test_an_outline_that_becomes_a_box_says_who_decided(tmp_path: Path) -> None:
    source = mixed(tmp_path / "a.json")
    assert messages(to_labelbox.convert(source, None, geometry=to_labelbox.Policy.BBOX), "geometry-forced")[0].endswith(
        ", as asked"
    )
    one = to_labelbox.convert(source, None, one_tool=True)
    assert messages(one, "geometry-forced") == ["the outline is written as its box, as the class has one tool"]
    box_set(tmp_path / "b" / "b.json")
    to_labelbox.convert(tmp_path / "b", tmp_path / "out")
    fitted = to_labelbox.convert(source, None, ontology=tmp_path / "out" / "ontology.json")
    assert messages(fitted, "geometry-forced") == [
        "the outline is written as its box, as the ontology has no other tool"
    ]


@pytest.mark.parametrize("how", ["settings", "map"])
def test_boxes_that_stay_boxes_are_told(how: str, tmp_path: Path) -> None:
    rules = {"class_map": ClassMap({"car": ClassRule(geometry=to_labelbox.Policy.POLYGON)})}
    made = to_labelbox.convert(
        mixed(tmp_path / "a.json"), None, **({"geometry": "polygon"} if how == "settings" else rules)
    )
    said = "geometry polygon is for outlines and masks, boxes stay boxes: 3 of 'car' (those of a class that has polygons too: --one-tool)"
    assert said in messages(made, "decision")


def test_a_constant_answer_takes_the_place_of_the_one_in_the_source(tmp_path: Path) -> None:
    rules = ClassMap({"car": ClassRule(answers=(("color", "green"),))})
    car = Object(id="1", label="car", geometry=Box(1, 1, 5, 5), attributes=(Attribute("color", Choice("red")),))
    made = to_labelbox.write([item(car)], tmp_path / "o", settings=to_labelbox.Settings(class_map=rules))
    assert messages(made, "excluded") == ["left out by the class map: the answer to 'color', which the map answers"]
    assert made.annotations.approximated == 1


def test_names_that_are_alike_are_one_pair_and_of_no_dataset(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "set.json", label="tree")
    for name, label in (("b", "car"), ("c", "Car")):
        mixed(tmp_path / "in" / name / "set.json")
        text = (tmp_path / "in" / name / "set.json").read_text().replace('"car"', f'"{label}"')
        (tmp_path / "in" / name / "set.json").write_text(text)
    made = to_labelbox.batch(tmp_path / "in", None)
    (alike,) = (d for d in made.diagnostics if d.code == "class-similar")
    assert (alike.count, [e.file for e in alike.examples]) == (1, [""])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("Car", "case"),
        ("car ", "the blanks of 'car '"),
        (" Car", "case and the blanks of ' Car'"),
        ("car\u200b", r"signs that are not seen ('car' and 'car\u200b')"),
    ],
)
def test_names_that_are_alike_can_be_told_apart(other: str, said: str, tmp_path: Path) -> None:
    boxes = [Object(id=n, label=n, geometry=Box(1, 1, 5, 5)) for n in ("car", other)]
    made = to_labelbox.write([item(*boxes)], tmp_path / "o")
    assert messages(made, "class-similar") == [f"classes 'car' and {other!r} differ only in {said}; kept apart"]
    shown = repr(other) if " " in other else display(other)
    assert f"\n{shown} " in closing(made, None)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("traffic_light", "the signs between words"),
        ("Traffic-Light", "case and the signs between words"),
        ("trafficlight", ""),
        ("traffic light-", ""),
    ],
)
def test_names_of_other_signs_between_words_are_alike(other: str, said: str, tmp_path: Path) -> None:
    boxes = [Object(id=n, label=n, geometry=Box(1, 1, 5, 5)) for n in ("traffic light", other)]
    made = to_labelbox.write([item(*boxes)], tmp_path / "o")
    told = f"classes 'traffic light' and {other!r} differ only in {said}; kept apart"
    assert messages(made, "class-similar") == ([told] if said else [])


def test_what_is_lost_altogether_stands_beside_what_is_lost_in_part() -> None:
    log = Log()
    log.read("car")
    log.note("mask-covered", "others cover a part of it")
    log.skip("mask-covered", "car", "others cover it on every frame")
    assert diagnostic(log.diagnostics["mask-covered"])[0].startswith("warning  mask-covered ×2, 1 skipped: ")


def test_no_option_is_advised_for_a_link_that_nothing_can_hold(tmp_path: Path) -> None:
    spans = [Object(id=n, label="word", geometry=TextSpan(0, 2)) for n in "ab"]
    link = Relationship(id="r", label="is", source="a", target="b")
    text = Item(asset=Asset(path="a.txt", media=Media.TEXT, text="Hello"), annotations=[*spans, link])
    made = to_labelbox.write([text], tmp_path / "o")
    assert messages(made, "relationship-off") == ["a relationship on text has no payload in Labelbox"]


@pytest.mark.parametrize("command", ["convert", "batch"])
def test_a_threshold_that_is_reached_is_named(command: str, tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    mixed(tmp_path / "in" / "a" / "a.json")
    given = [
        command,
        str(tmp_path / "in"),
        "-o",
        str(tmp_path / "o"),
        "--min-area",
        "150",
        "--fail-on",
        "skipped,unread",
        "-q",
    ]
    ended = CliRunner().invoke(cli, given, standalone_mode=False)
    assert (ended.return_value, ended.stderr) == (1, "exit code 1, --fail-on skipped: 3\n")


def test_a_preview_of_a_class_names_its_tools(tmp_path: Path) -> None:
    to_labelbox.convert(mixed(tmp_path / "a.json"), tmp_path / "out")
    with pytest.raises(UsageError, match=r"there are: 'car \(box\)', 'car \(polygon\)'"):
        to_labelbox.preview(tmp_path / "out", tmp_path / "p.html", only=["car"])
    with pytest.raises(UsageError, match=r"nearest: 'car \(polygon\)'"):
        to_labelbox.preview(tmp_path / "out", tmp_path / "p.html", only=["crr (polygon)"])
