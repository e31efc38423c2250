"""Repeaters: one object for each file of a list, with and without the labelling config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import annotation, answers, export, read, rectangle, region
from to_labelbox.model.items import Attribute, Choice, Item, Object
from to_labelbox.plugins.reader import ReadContext

PAGES = [{"url": f"https://h.example/p{n}.png"} for n in range(3)]
NAMES = ["https://h.example/p0.png", "https://h.example/p1.png", "https://h.example/p2.png"]


def on(number: int, name: str, kind: str, value: dict[str, Any], id: str = "a") -> dict[str, Any]:
    return region(value, id, kind, from_name=f"{name}_{number}", to_name=f"page_{number}")


def chosen(number: int, name: str, option: str, id: str) -> dict[str, Any]:
    found = on(number, name, "choices", {"choices": [option]}, id)
    return {k: v for k, v in found.items() if not k.startswith("original")}


def labels(item: Item) -> list[tuple[str, list[str]]]:
    return [(a.label, [b.name for b in a.attributes]) for a in item.annotations if isinstance(a, Object)]


@pytest.mark.parametrize("pages", [PAGES, NAMES])
def test_controls_of_each_page_have_one_name_without_a_config(tmp_path: Path, pages: list[Any]) -> None:
    parts = [on(n, "labels", "rectanglelabels", rectangle()) for n in (0, 2)]
    about = [on(n, "kind", "choices", {**rectangle(), "choices": ["new"]}) for n in (0, 2)]
    result = [one for both in zip(parts, about) for one in both]
    for n, entry in enumerate(result):
        entry["id"] = f"r{n // 2}"
    result += [chosen(n, "sharp", "yes", f"s{n}") for n in (0, 1)]
    task = {
        "id": 1,
        "data": {"pages": pages, "files": ["p0.png", "p1.png", "p2.png"]},
        "annotations": [annotation(*result)],
    }
    context = ReadContext()
    items, _ = read(export(tmp_path, task), context)
    assert [labels(item) for item in items] == [[("crane", ["kind"])], [], [("crane", ["kind"])]]
    assert [answers(item) for item in items] == [{"sharp": Choice("yes")}] * 2 + [{}]
    (told,) = [a for a in context.log.assumptions.values() if "numbers" in a.what]
    assert (told.for_, told.against) == (3, 0)
    assert [(u.name, u.where) for u in context.log.unread.values()] == [("files", "data of tasks")]


def test_what_no_config_calls_a_repeater_keeps_its_numbers(tmp_path: Path) -> None:
    result = [
        region({"choices": ["yes"]}, "a", "choices", from_name="sharp_1", to_name="image_1"),
        region({"choices": ["no"]}, "b", "choices", from_name="sharp_2", to_name="image_2"),
    ]
    task = {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(*result)]}
    items, _ = read(export(tmp_path, task))
    assert answers(items[0]).keys() == {"sharp_1", "sharp_2"}


def test_one_control_without_the_number_keeps_all_names(tmp_path: Path) -> None:
    result = [chosen(0, "sharp", "yes", "a"), {**chosen(1, "sharp", "no", "b"), "from_name": "blurred"}]
    task = {"id": 1, "data": {"pages": PAGES}, "annotations": [annotation(*result)]}
    items, _ = read(export(tmp_path, task))
    assert [[*answers(item)] for item in items] == [["sharp_0"], ["blurred"], []]


CONFIG = """<Repeater on="$pages" indexFlag="{{idx}}"><Image name="page_{{idx}}" value="$pages[{{idx}}].url"/>
    <RectangleLabels name="labels_{{idx}}" toName="page_{{idx}}"><Label value="crane"/></RectangleLabels>
    <Choices name="sharp_{{idx}}" toName="page_{{idx}}"><Choice value="yes"/><Choice value="no"/></Choices>
    <Choices name="why_{{idx}}" toName="page_{{idx}}" visibleWhen="choice-selected" whenTagName="sharp_{{idx}}"
    whenChoiceValue="no"><Choice value="dark"/></Choices></Repeater>"""


def test_questions_under_options_are_nested_on_every_page(tmp_path: Path) -> None:
    result = [
        chosen(n, name, option, f"{name}{n}") for n in (0, 1) for name, option in (("sharp", "no"), ("why", "dark"))
    ]
    task = {"id": 1, "data": {"pages": PAGES}, "annotations": [annotation(*result)]}
    items, _ = read(export(tmp_path, task, config=CONFIG))
    assert [answers(item) for item in items[:2]] == [{"sharp": Choice("no", (Attribute("why", Choice("dark")),))}] * 2


def test_a_list_under_another_name_than_the_config_has_keeps_its_pages(tmp_path: Path) -> None:
    result = [on(2, "labels", "rectanglelabels", rectangle())]
    task = {"id": 1, "data": {"files": NAMES}, "annotations": [annotation(*result)]}
    items, _ = read(export(tmp_path, task, config=CONFIG))
    assert [labels(item) for item in items] == [[], [], [("crane", [])]]


def test_what_is_left_out_counts_under_the_same_name(tmp_path: Path) -> None:
    old, new = (
        annotation(chosen(n, "sharp", "yes", "a"), id=n, updated_at=f"2024-01-0{n + 1}T00:00:00Z") for n in (0, 1)
    )
    task = {"id": 1, "data": {"pages": PAGES}, "annotations": [old, new]}
    _, log = read(export(tmp_path, task, config=CONFIG))
    assert log.ledger.keys() == {"sharp", "sharp: yes"}


@pytest.mark.parametrize("config", [None, CONFIG])
@pytest.mark.parametrize("first", [(0, 2), (2,)])
def test_a_page_that_a_shorter_list_does_not_have_is_not_its_first(
    tmp_path: Path, config: str | None, first: tuple[int, ...]
) -> None:
    long = [on(n, "labels", "rectanglelabels", rectangle(), f"a{n}") for n in first]
    short = [on(2, "labels", "rectanglelabels", rectangle(), "b")]
    tasks = [
        {"id": 1, "data": {"pages": PAGES}, "annotations": [annotation(*long)]},
        {"id": 2, "data": {"pages": [{"url": "https://h.example/z.png"}]}, "annotations": [annotation(*short)]},
    ]
    items, log = read(export(tmp_path, *tasks, config=config))
    assert [len(item.annotations) for item in items] == [int(n in first) for n in range(3)] + [0]
    assert log.ledger["crane"].skipped == 1


@pytest.mark.parametrize(("pages", "more"), [(NAMES, {"item_index": 2}), (NAMES[:1], {})])
def test_objects_that_are_of_no_repeater_keep_their_numbers(
    tmp_path: Path, pages: list[str], more: dict[str, int]
) -> None:
    result = [region({"choices": ["yes"]}, "a", "choices", from_name="sharp_1", to_name="image_1", **more)]
    task = {"id": 1, "data": {"pages": pages}, "annotations": [annotation(*result)]}
    context = ReadContext()
    items, _ = read(export(tmp_path, task), context)
    assert [name for item in items for name in answers(item)] == ["sharp_1"]
    assert not context.log.assumptions


def test_a_list_that_is_shown_in_place_of_the_named_one_is_not_unread(tmp_path: Path) -> None:
    task = {"id": 1, "data": {"files": NAMES}, "annotations": [annotation()]}
    context = ReadContext()
    read(export(tmp_path, task, config=CONFIG), context)
    assert not context.log.unread


def test_a_region_that_names_its_control_is_on_the_only_page(tmp_path: Path) -> None:
    result = [on(0, "labels", "rectanglelabels", rectangle()) | {"to_name": "labels_0"}]
    task = {"id": 1, "data": {"pages": PAGES[:1]}, "annotations": [annotation(*result)]}
    items, _ = read(export(tmp_path, task, config=CONFIG))
    assert [labels(item) for item in items] == [[("crane", [])]]
