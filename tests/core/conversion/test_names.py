"""What has no name is refused, whatever reader gives it: an asset without a file name, a class or question without its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from harness import check_output
from to_labelbox import Settings
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Box,
    Classification,
    Item,
    Keyframe,
    Media,
    Object,
    Point,
    Polygon,
    Relationship,
    Track,
)

PICTURE = Asset(path="a.jpg", width=100, height=80)
VIDEO = Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=9)
CAR = Object(id="car", label="car", geometry=Box(1, 1, 9, 9))
BLANK = ("", "  ", "\t\n")


def nameless(kind: str, label: str) -> tuple[Asset, Annotation]:
    made: dict[str, tuple[Asset, Annotation]] = {
        "box": (PICTURE, Object(id="1", label=label, geometry=Box(1, 1, 3, 3))),
        "outline": (PICTURE, Object(id="1", label=label, geometry=Polygon((((0, 0, 9, 0, 9, 9),),)))),
        "point": (PICTURE, Object(id="1", label=label, geometry=Point(9, 0))),
        "answer": (PICTURE, Classification(id="1", name=label, value="x")),
        "link": (PICTURE, Relationship(id="1", label=label, source="car", target="van")),
        "track": (VIDEO, Track(id="1", label=label, segments=((Keyframe(1, Box(1, 1, 3, 3)),),))),
    }
    return made[kind]


@pytest.mark.parametrize("label", BLANK)
@pytest.mark.parametrize("kind", ["box", "outline", "point", "answer", "link", "track"])
def test_a_class_without_a_name_is_refused(tmp_path: Path, kind: str, label: str) -> None:
    asset, annotation = nameless(kind, label)
    van = Track(id="van", label="van", segments=((Keyframe(1, Box(1, 1, 3, 3)),),))
    others = [CAR, Object(id="van", label="van", geometry=Box(20, 1, 9, 9))] if asset is PICTURE else [van]
    made = to_labelbox.write(
        [Item(asset=asset, annotations=[annotation, *others])], tmp_path, settings=Settings(relationships=True)
    )
    (said,) = [d for d in made.diagnostics if d.code == "class-unnamed"]
    assert said.examples[0].id == "1"
    assert (made.annotations.skipped, made.annotations.converted) == (1, len(others))
    check_output(tmp_path, made)
    ontology = json.loads((tmp_path / "ontology.json").read_text())
    assert {t["name"] for t in ontology["tools"]} == {o.label for o in others}
    assert not ontology["classifications"]


def test_a_link_to_a_shape_without_a_class_is_none(tmp_path: Path) -> None:
    link = Relationship(id="l", label="tows", source="car", target="1")
    items = [Item(asset=PICTURE, annotations=[CAR, nameless("box", "")[1], link])]
    made = to_labelbox.write(items, tmp_path, settings=Settings(relationships=True))
    assert {d.code: d.count for d in made.diagnostics}.keys() >= {"class-unnamed", "relationship-dangling"}
    assert made.annotations.skipped == 2


@pytest.mark.parametrize("path", BLANK)
def test_an_asset_without_a_name_is_refused(tmp_path: Path, path: str) -> None:
    first = Item(asset=Asset(path=path, width=9, height=9), origin="labels.csv", annotations=[CAR, CAR])
    items = [first, Item(asset=Asset(path=path)), Item(asset=PICTURE, annotations=[CAR])]
    made = to_labelbox.write(items, tmp_path)
    (said,) = [d for d in made.diagnostics if d.code == "asset-unknown"]
    assert str(said.examples[0]) == "labels.csv (id car): its asset has no file name"
    assert said.count == 3
    assert (made.annotations.skipped, made.annotations.converted) == (2, 1)
    assert len((tmp_path / "data_rows.ndjson").read_text().splitlines()) == 1
    check_output(tmp_path, made)


def test_an_asset_without_the_global_key_that_is_asked_for_is_refused(tmp_path: Path) -> None:
    """An empty key is none that a line could refer to."""
    known = Item(asset=Asset(path="b.jpg", width=100, height=80, id="7"), annotations=[CAR])
    made = to_labelbox.write(
        [Item(asset=PICTURE, annotations=[CAR]), known], tmp_path, settings=Settings(global_key="{source_id}")
    )
    (said,) = [d for d in made.diagnostics if d.code == "asset-unknown"]
    assert str(said.examples[0]) == "a.jpg (id car): its asset has no {source_id}, which --global-key asks for"
    assert (made.annotations.skipped, made.annotations.converted) == (1, 1)
    check_output(tmp_path, made)


def test_a_text_that_is_empty_is_no_data_row(tmp_path: Path) -> None:
    """Labelbox takes no empty row_data."""
    told = Classification(id="1", name="mood", value="x")
    texts = [
        Item(asset=Asset(path=f"{n}", media=Media.TEXT, text=text), annotations=[told])
        for n, text in enumerate(["", "a"])
    ]
    made = to_labelbox.write(texts, tmp_path)
    (said,) = [d for d in made.diagnostics if d.code == "asset-unknown"]
    assert str(said.examples[0]) == "0 (id 1): its asset has no text: it is empty"
    assert (made.annotations.skipped, made.annotations.converted) == (1, 1)
    check_output(tmp_path, made)
