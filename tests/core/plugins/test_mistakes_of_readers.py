"""What a reader of a third party does wrong costs what it is about, and is said with the reader's name and the item's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import to_labelbox
from processes import forked
from to_labelbox.model import Asset, Box, Item, Object, Schema
from to_labelbox.plugins import CERTAIN, Dataset, Match, Reader
from to_labelbox.plugins.detect import detect
from to_labelbox.plugins.registry import readers
from to_labelbox.report import Code, Log, Refused, SourceError
from to_labelbox.source.files import Source

NAMES = ["a.jpg", "b.jpg", "c.jpg"]
untyped: Callable[[type], Any] = lambda kind: kind
made = untyped(Dataset)
GOOD = Object(id="1", label="car", geometry=Box(1, 2, 3, 4))


def item(name: str, **changed: Any) -> Item:
    return Item(asset=Asset(path=name, width=100, height=100), annotations=[replace(GOOD, **changed)], origin="set.odd")


def with_mistake(mistake: Callable[[Item], Any]) -> Any:
    """A reader that counts and gives one car a picture, and makes a mistake with the second one."""

    def items(log: Log, start: int, stop: int) -> Iterator[Any]:
        for name in NAMES[start:stop]:
            log.read("car")
            yield from mistake(item(name)) if name == "b.jpg" else [item(name)]

    return lambda source, options, context: Dataset("set", Schema(), len(NAMES), items)


def raising(error: BaseException) -> Callable[[Item], Any]:
    def fail(_: Item) -> Any:
        raise error

    return fail


def of_object(**changed: Any) -> Callable[[Item], Any]:
    return lambda good: [item(good.asset.path, **changed)]


WRONG: dict[str, tuple[Callable[[Item], Any], str]] = {
    "text for a number": (
        of_object(geometry=untyped(Box)("1", 2, 3, 4)),
        "gives a wrong value for 'b.jpg': annotations[0].geometry.left: '1' is a str, not a number",
    ),
    "number of numpy": (of_object(geometry=Box(np.float64(1), 2, 3, 4)), "give its .item()"),
    "number for a text": (of_object(id=7), "annotations[0].id: 7 is an int, not a text"),
    "no label": (of_object(label=None), "annotations[0].label: None is a NoneType, not a text"),
    "no shape": (of_object(geometry={"left": 1}), "annotations[0].geometry: {'left': 1} is a dict"),
    "no annotation": (
        lambda good: [replace(good, annotations=[{"label": "car"}])],
        "annotations[0]: {'label': 'car'} is a dict",
    ),
    "generator of annotations": (
        lambda good: [replace(good, annotations=(a for a in good.annotations))],
        "is a generator, not a list or tuple",
    ),
    "no asset": (lambda good: [replace(good, asset="b.jpg")], "gives no item: asset: 'b.jpg' is a str, not an Asset"),
    "no item": (lambda good: [None], "gives no item: None is a NoneType, not an Item"),
    "missing field": (
        lambda good: [untyped(Item)(annotations=good.annotations)],
        "ends with TypeError: Missing required argument 'asset'",
    ),
    "error of its own": (raising(ValueError("my own bug")), "ends with ValueError: my own bug"),
    "end of the program": (raising(SystemExit(3)), "ends with SystemExit: 3"),
    "refusal that nobody takes": (raising(Refused(Code.BOX_INVALID, "no box")), "ends with Refused: no box"),
    "item given twice": (
        lambda good: [good, good],
        "counts 1 of 'car' as read and gives 2 for 'b.jpg': count each once",
    ),
    "annotation not given": (lambda good: [replace(good, annotations=())], "counts 1 of 'car' as read and gives 0"),
}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=forked)])
@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_costs_its_unit_and_names_reader_and_item(mistake: str, workers: int, tmp_path: Path) -> None:
    make, said = WRONG[mistake]
    (tmp_path / "set.odd").write_text("x")
    with readers().lent("odd", Reader("odd", lambda _: Match(CERTAIN, "odd"), with_mistake(make))):
        report = to_labelbox.convert(tmp_path / "set.odd", tmp_path / "out", format="odd", workers=workers)
    (crashed,) = [d for d in report.diagnostics if d.code == Code.READ_CRASHED]
    assert crashed.count == 1
    assert "left out: the reader 'odd' " in crashed.examples[0].message
    assert said in crashed.examples[0].message
    assert "b.jpg" in crashed.examples[0].message or crashed.examples[0].where == "unit 2 of 3"
    assert (report.annotations.converted, report.annotations.skipped, report.exit_code()) == (2, 1, 1)


NO_DATASET: dict[str, tuple[Callable[..., Any], str]] = {
    "nothing": (lambda *_: None, "gives a NoneType and no Dataset"),
    "a list": (lambda *_: [item("a.jpg")], "gives a list and no Dataset"),
    "no number of units": (lambda *_: made("set", Schema(), None, print), "gives a Dataset of None units"),
    "a negative number": (lambda *_: made("set", Schema(), -1, print), "gives a Dataset of -1 units"),
    "a list for a function": (lambda *_: made("set", Schema(), 1, []), "gives a Dataset without a function"),
    "labels as texts": (
        lambda *_: made("set", untyped(Schema)(("car",)), 1, print),
        "labels[0]: 'car' is a str, not a Label",
    ),
    "an error": (lambda *_: dict[str, str]()["columns"], "ends with KeyError: 'columns'"),
    "all for each": (
        lambda *_: made("set", Schema(), 3, lambda log, start, stop: [log.read("car") or item(n) for n in NAMES]),
        "gives all items for every unit",
    ),
}


@pytest.mark.parametrize("mistake", NO_DATASET)
def test_what_is_no_dataset_ends_in_a_sentence(mistake: str, tmp_path: Path) -> None:
    read, said = NO_DATASET[mistake]
    (tmp_path / "set.odd").write_text("x")
    reader = Reader("odd", lambda _: Match(CERTAIN, "odd"), read)
    with readers().lent("odd", reader), pytest.raises(SourceError) as told:
        to_labelbox.convert(tmp_path / "set.odd", None, format="odd")
    assert "the reader 'odd' " in str(told.value)
    assert said in str(told.value)


@pytest.mark.parametrize("said", [None, True, untyped(Match)("high", "x"), untyped(Match)(90, None)])
def test_what_is_no_verdict_is_one_against_the_reader(said: Any, tmp_path: Path) -> None:
    (tmp_path / "set.odd").write_text("x")
    with readers().lent("odd", Reader("odd", lambda _: said, made)), pytest.raises(SourceError) as told:
        detect(Source(str(tmp_path / "set.odd")))
    assert "not odd: this reader is broken: " in str(told.value)


def test_a_huge_item_and_a_trusted_reader_are_taken(tmp_path: Path) -> None:
    many: Sequence[Object] = [replace(GOOD, id=str(n)) for n in range(20_000)]

    def items(log: Log, start: int, stop: int) -> Iterator[Item]:
        log.read("car", len(many))
        yield replace(item("a.jpg"), annotations=many)

    (tmp_path / "set.odd").write_text("x")
    for trusted in (False, True):
        reader = Reader(
            "odd", lambda _: Match(CERTAIN, "odd"), lambda *_: Dataset("set", Schema(), 1, items), trusted=trusted
        )
        with readers().lent("odd", reader):
            report = to_labelbox.convert(tmp_path / "set.odd", tmp_path / "out", format="odd", overwrite=True)
        assert report.annotations.converted == len(many)


def test_an_error_while_an_annotation_is_read_says_which(tmp_path: Path) -> None:
    def items(log: Log, start: int, stop: int) -> Iterator[Item]:
        for n in range(start, stop):
            with log.reading("car", file="boxes.csv", where=f"line {n + 2}"):
                float("abc")
            yield item(NAMES[n])

    reader = Reader(
        "odd",
        lambda source: Match(CERTAIN, "it is"),
        lambda source, options, context: Dataset("set", Schema(), 1, items),
    )
    with readers().lent("odd", reader):
        report = to_labelbox.convert(tmp_path, tmp_path / "out", format="odd")
    (told,) = [d.examples[0].message for d in report.diagnostics if d.code == Code.READ_CRASHED]
    assert "could not convert string to float: 'abc' (boxes.csv line 2: an annotation of 'car')" in told
