"""Datasets that are made, changed or streamed in Python keep their schema and their ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import to_labelbox
from harness import cases, check_output, check_report, codes, contents, tools
from to_labelbox import UsageError
from to_labelbox.model.items import (
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Mask,
    Object,
    Polygon,
    Track,
)


def boxes(number: int, labels: str = "ab") -> Item:
    objects = [Object(id=label, label=label, geometry=Box(1, 2, 3, 4)) for label in labels]
    return Item(asset=Asset(path=f"{number}.jpg", width=10, height=10), annotations=objects)


class Endless:
    """Gives items anew each time it is asked, and counts how many are alive at most."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[Item]:
        return (boxes(n) for n in range(self.count))


def test_a_generator_is_written_like_a_list(tmp_path: Path) -> None:
    made = to_labelbox.write((boxes(n) for n in range(2500)), tmp_path / "stream")
    assert (made.assets.written, made.annotations.converted) == (2500, 5000)
    to_labelbox.write([boxes(n) for n in range(2500)], tmp_path / "list")
    streamed, listed = contents(tmp_path / "stream"), contents(tmp_path / "list")
    assert {n: d for n, d in streamed.items() if n != "report.json"} == {
        n: d for n, d in listed.items() if n != "report.json"
    }


def test_no_more_items_than_a_chunk_has_are_held(tmp_path: Path) -> None:
    taken = 0
    most = 0

    def items() -> Iterator[Item]:
        nonlocal taken, most
        for n in range(5000):
            taken += 1
            yield boxes(n, "a")

    dataset = to_labelbox.dataset_of(items())
    assert dataset.has_unit is not None
    for start in range(0, 5000, 100):
        assert dataset.has_unit(start)
        most = max(most, taken - start)
        assert len(list(dataset.items(None, start, start + 100))) == 100
    assert not dataset.has_unit(5000)
    assert most == 1


def test_an_iterable_that_begins_anew_can_be_read_again(tmp_path: Path) -> None:
    items = Endless(3)
    ontology = to_labelbox.infer_ontology(items)
    made = to_labelbox.write(items, tmp_path, ontology=ontology)
    assert made.annotations.converted == 6


def test_a_generator_can_be_read_once(tmp_path: Path) -> None:
    items = (boxes(n) for n in range(3))
    to_labelbox.infer_ontology(items)
    with pytest.raises(UsageError, match="can be read only once"):
        to_labelbox.write(items, tmp_path / "a")
    with pytest.raises(UsageError, match="can be read only once"):
        to_labelbox.write((boxes(0) for _ in range(2)), tmp_path / "b")
    again = [boxes(0), boxes(0)]
    assert to_labelbox.write(again, tmp_path / "c").assets.written == 1


def test_what_holds_no_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a int holds no items"):
        to_labelbox.write(5, tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", cases()[::6], ids=lambda c: c.id)
def test_a_map_that_changes_nothing_changes_nothing(case: Any, tmp_path: Path) -> None:
    given = {k: v for k, v in case.arguments().items() if k in ("format", "options", "media_root", "other_size")}
    source = case.source()
    if len(source) > 1 or "sizes" in case.given:
        pytest.skip("read() takes one source, and no sizes")
    dataset = to_labelbox.read(source[0], **given)
    plain = to_labelbox.write(dataset, tmp_path / "plain")
    same = to_labelbox.write(dataset.map(replace).filter(lambda item: True), tmp_path / "same")
    assert {**contents(tmp_path / "same"), "report.json": b""} == {**contents(tmp_path / "plain"), "report.json": b""}
    assert (same.annotations, same.classes) == (plain.annotations, plain.classes)


def test_what_a_map_takes_out_renames_and_adds_is_counted(tmp_path: Path) -> None:
    def change(item: Item) -> Item:
        first, second = item.annotations
        assert isinstance(first, Object)
        renamed = replace(first, label="A")
        added = replace(first, id="new", label="extra")
        return replace(item, annotations=[renamed, added] if item.asset.path == "1.jpg" else [renamed, second])

    made = to_labelbox.write(
        to_labelbox.dataset_of(Endless(3)).filter(lambda item: item.asset.path != "0.jpg").map(change), tmp_path
    )
    check_output(tmp_path, made)
    assert {label: (t.read, t.converted, t.skipped) for label, t in made.classes.items()} == {
        "a": (3, 2, 1),
        "b": (3, 1, 2),
        "extra": (1, 1, 0),
    }
    assert tools(tmp_path) == {"A": "rectangle", "extra": "rectangle", "b": "rectangle"}
    assert codes(made) == {"excluded": 3, "row-data-local": 2}
    assert made.problems == []


def test_a_function_that_forgets_to_return_loses_nothing(tmp_path: Path) -> None:
    forgetful: Any = lambda item: None
    with pytest.raises(
        UsageError, match=r"item 0 \(0\.jpg\): the function of map returned None: return the item; filter"
    ):
        to_labelbox.write(to_labelbox.dataset_of([boxes(0)]).map(forgetful), tmp_path)
    with pytest.raises(UsageError, match="5 cannot be called"):
        to_labelbox.dataset_of([boxes(0)]).filter(5)  # type: ignore[arg-type]


def test_a_filter_keeps_the_ledger(tmp_path: Path) -> None:
    dataset = to_labelbox.dataset_of([boxes(n) for n in range(40)]).filter(lambda item: item.asset.path < "2")
    made = to_labelbox.write(dataset, tmp_path)
    check_report(made)
    assert (made.annotations.read, made.annotations.converted, made.annotations.skipped) == (80, 24, 56)


outline: Any = Polygon
WRONG: list[tuple[Any, str]] = [
    (Box("1", 2, 3, 4), r"annotations\[0\]\.geometry\.left: '1' is a str, not a number"),  # type: ignore[arg-type]
    (Box(np.float32(1), 2, 3, 4), r"geometry\.left: .* is a float32, not a number: give its \.item\(\)"),  # type: ignore[arg-type]
    (Box(np.float64(1), 2, 3, 4), r"geometry\.left: .* is a float64, not a number: give its \.item\(\)"),
    (Box(True, 2, 3, 4), r"geometry\.left: True is a bool, not a number"),
    ((1, 2, 3, 4), r"geometry: \(1, 2, 3, 4\) is a tuple, not a Box or a RotatedBox"),
    (
        outline(((np.array([1.0, 2, 3, 4, 5, 6]),),)),
        r"parts\[0\]\[0\]: .* is a ndarray, not a list or tuple: give \.tolist\(\)",
    ),
    (outline((([1.0, None, 3, 4, 5, 6],),)), r"parts\[0\]\[0\]\[1\]: None is a NoneType, not a number"),
    (Mask(10, 10, "abc"), r"geometry\.counts: 'abc' is a str, not bytes"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("geometry", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_geometry_is_named(geometry: Any, message: str, tmp_path: Path) -> None:
    item = replace(boxes(1), annotations=[Object(id="1", label="a", geometry=geometry)])
    with pytest.raises(UsageError, match=rf"item 1 \(1\.jpg\): .*{message}"):
        to_labelbox.write([boxes(0), item], tmp_path)


OTHER: list[tuple[Any, str]] = [
    ("abc", r"item 0: 'abc' is a str, not an Item"),
    (Item(asset=None), r"asset: None is a NoneType, not an Asset"),  # type: ignore[arg-type]
    (Item(asset=Asset(path=Path("a.jpg"))), r"asset\.path: .*Path.* is a PosixPath, not a text"),  # type: ignore[arg-type]
    (Item(asset=Asset(path="a", width=1.5)), r"asset\.width: 1\.5 is a float, not a whole number or None"),  # type: ignore[arg-type]
    (Item(asset=Asset(path="a", media="image")), r"asset\.media: 'image' is a str, not a Media"),  # type: ignore[arg-type]
    (Item(asset=Asset(path="a"), annotations=[Object(id=1, label="a", geometry=Box(1, 2, 3, 4))]), r"annotations\[0\]\.id: 1 is an int"),  # type: ignore[arg-type]
    (Item(asset=Asset(path="a"), annotations=[Classification(id="1", name="q", value=None)]), r"value: None is a NoneType"),  # type: ignore[arg-type]
    (
        Item(asset=Asset(path="a"), annotations=[Classification(id="1", name="q", value=("a", 5))]),  # type: ignore[arg-type]
        r"value\[1\]: 5 is an int",
    ),
    (
        Item(asset=Asset(path="a"), annotations=[Object(id="1", label="a", geometry=Box(1, 2, 3, 4), attributes=[Attribute("a", 1)])]),  # type: ignore[arg-type]
        r"attributes: .* is a list, not a tuple",
    ),
    (
        Item(asset=Asset(path="a"), annotations=[Track(id="1", label="a", segments=((Keyframe("0", Box(1, 2, 3, 4)),),))]),  # type: ignore[arg-type]
        r"segments\[0\]\[0\]\.frame: '0' is a str",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("item", "message"), OTHER, ids=range(len(OTHER)))
def test_a_wrong_value_is_named(item: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        to_labelbox.write(iter([item]), tmp_path)


def test_every_right_value_passes(tmp_path: Path) -> None:
    answers = (Attribute("a", 1), Attribute("b", True), Attribute("c", "x"), Attribute("d", ("x", Choice("y"))))
    item = Item(
        asset=Asset(path="a", width=np.int64(5).item(), height=5),
        annotations=(
            Object(id="1", label="a", geometry=Box(1.5, 2, 3, 2), attributes=answers),
            Classification(id="2", name="q", value=Choice("x", answers), frames=(FrameSpan(1, 2),)),
        ),
    )
    assert to_labelbox.write([item], tmp_path).annotations.read == 2


def test_mistakes_of_a_function_say_which_item_it_was(tmp_path: Path) -> None:
    dataset = to_labelbox.dataset_of([boxes(0), boxes(1)])
    with pytest.raises(UsageError, match=r"item 0 \(0\.jpg\): the function of filter returned None"):
        to_labelbox.write(dataset.filter(lambda item: None), tmp_path / "a")  # type: ignore[arg-type,return-value]

    def clear(item: Item) -> Item:
        item.annotations.clear()  # type: ignore[attr-defined]
        return item

    with pytest.raises(UsageError, match=r"item 0 \(0\.jpg\): the function of map changed the item itself"):
        to_labelbox.write(dataset.map(clear), tmp_path / "b")
    with pytest.raises(ZeroDivisionError) as raised:
        to_labelbox.write(
            to_labelbox.dataset_of([boxes(0), boxes(1)]).filter(lambda item: bool(1 // 0)), tmp_path / "c"
        )
    assert raised.value.__notes__ == ["in the function of filter, for item 0 (0.jpg)"]


def test_a_report_is_printed_as_what_became_of_everything(tmp_path: Path) -> None:
    flat = Item(
        asset=Asset(path="0.jpg", width=10, height=10),
        annotations=[Object(id="a", label="a", geometry=Box(1, 2, 0, 0)), *boxes(0).annotations],
    )
    first, second = str(to_labelbox.write([flat], tmp_path / "out")).splitlines()
    assert first == "python: 1 asset, 3 annotations read: 2 converted, 0 approximated, 0 merged, 1 skipped; 2 lines"
    assert second.startswith("warning box-empty ×1: ")
