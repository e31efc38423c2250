"""Colours of ontology.json: the source's own, and others that can be told apart in the editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, image, ontology, save
from to_labelbox.model.schema import Kind, Label, Schema
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import infer
from to_labelbox.pages.palette import NEAR, nearest
from to_labelbox_formats.labelbox.ontology_json import normalised


def colors(*given: str) -> list[str]:
    labels = tuple(Label(f"class {n}", (Kind.BOX,), color) for n, color in enumerate(given))
    tools: list[dict[str, Any]] = normalised(infer(Schema(labels), Survey()))["tools"]
    return [tool["color"] for tool in tools]


@pytest.mark.parametrize("count", [2, 3, 7, 8, 12, 20, 80, 120])
def test_colours_are_apart(count: int) -> None:
    assert nearest(colors(*[""] * count)) >= NEAR


def test_of_a_few_tools_they_are_hues_spread_evenly() -> None:
    assert colors("", "", "") == ["#ff0000", "#00ff00", "#0000ff"]


def test_those_of_the_source_stay_even_where_they_are_alike() -> None:
    given = ["#FF0000", "#fe0000", *[""] * 10]
    made = colors(*given)
    assert made[:2] == given[:2]
    assert nearest(["#ff0000", *made[2:]]) >= NEAR


def test_a_class_keeps_its_colour_when_classes_are_added() -> None:
    assert colors(*[""] * 80)[:12] == colors(*[""] * 12)


def test_parts_of_a_set_have_the_colours_of_the_whole(tmp_path: Path) -> None:
    classes = [{"id": n, "name": f"class {n}"} for n in range(1, 13)]
    made = []
    for n in (1, 2):
        save(tmp_path / "in" / str(n) / "set.json", coco([annotation(1)], [image(1, f"{n}.jpg")], classes))
        to_labelbox.convert(tmp_path / "in" / str(n), tmp_path / str(n))
        made.append(ontology(tmp_path / str(n))["tools"])
    to_labelbox.batch(tmp_path / "in", tmp_path / "all")
    assert made[0] == made[1] == ontology(tmp_path / "all")["tools"]
