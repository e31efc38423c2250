"""A label, or an attribute, that is declared several times is one with what all of them say; where they differ it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cvat_files import annotations_of, attribute, export, image, label, open_path, open_text, task
from to_labelbox.model.items import Object
from to_labelbox.model.schema import Input, Kind, Schema
from to_labelbox.report.log import Log

BOX = '<box label="car" xtl="1" ytl="2" xbr="30" ybr="40"><attribute name="make">c</attribute></box>'


def declared(labels: str, folder: Path) -> tuple[Schema, list[str]]:
    dataset, log = open_text(folder, export(image(BOX), task(labels)))
    assert isinstance(dataset.schema, Schema)
    return dataset.schema, told(log)


def told(log: Log) -> list[str]:
    return [e.message for d in log.diagnostics.values() for e in d.examples if "declared several" in e.message]


def test_the_same_twice_is_nothing_to_say(tmp_path: Path) -> None:
    schema, said = declared(2 * label("car", "rectangle", attribute("make", "select", "a\nc")), tmp_path)
    assert [one.name for one in schema.labels] == ["car"]
    assert not said


@pytest.mark.parametrize(
    "twice",
    [
        (label("car", ""), label("car", "rectangle")),
        (
            label("car", "rectangle", attribute("make", "select", "a\nb")),
            label("car", "rectangle", attribute("make", "select", "b\na")),
        ),
        (
            label("car", "rectangle", attribute("make", "select", "a") + attribute("age", "number")),
            label("car", "rectangle", attribute("age", "number") + attribute("make", "select", "a")),
        ),
    ],
    ids=["an old file without types", "values in another order", "attributes in another order"],
)
def test_what_is_no_difference(twice: tuple[str, str], tmp_path: Path) -> None:
    assert not declared("".join(twice), tmp_path)[1]


def test_two_kinds_and_all_values(tmp_path: Path) -> None:
    twice = label("car", "rectangle", attribute("make", "select", "a\nb"))
    twice += label(
        "car", "polygon", attribute("make", "select", "c\na") + attribute("age", "number"), "<color>#00ff00</color>"
    )
    schema, said = declared(twice, tmp_path)
    (car,) = schema.labels
    assert car.kinds == (Kind.BOX, Kind.POLYGON)
    assert [[o.value for o in q.options] for q in car.attributes] == [["a", "b", "c"], []]
    assert len(said) == 1
    assert "its type, which attributes it has, attribute 'make'" in said[0]
    _, log = annotations_of(tmp_path, export(image(BOX), task(twice)))
    assert "attribute-unknown" not in log.diagnostics


@pytest.mark.parametrize("order", [1, -1])
def test_one_attribute_of_two_types_is_a_text(order: int, tmp_path: Path) -> None:
    twice = [attribute("make", "select", "a\nb"), attribute("make", "text")][::order]
    schema, said = declared(label("car", "rectangle", "".join(twice)), tmp_path)
    assert [q.input for q in schema.labels[0].attributes] == [Input.TEXT]
    assert "attribute 'make'" in said[0]
    found, _ = annotations_of(tmp_path, export(image(BOX), task(label("car", "rectangle", "".join(twice)))))
    assert [a.attributes[0].value for a in found if isinstance(a, Object)] == ["c"]


def test_elements_of_a_skeleton(tmp_path: Path) -> None:
    part = label("head", "points", more="<parent>man</parent>")
    other = label("head", "points", attribute("seen", "checkbox", "false"), "<parent>man</parent>")
    schema, said = declared(label("man", "skeleton") + part + part, tmp_path)
    assert [one.name for one in schema.labels] == ["man/head"]
    assert not said
    schema, said = declared(label("man", "skeleton") + part + other, tmp_path)
    assert [q.name for q in schema.labels[0].attributes] == ["seen"]
    assert "label 'man/head'" in said[0]


def test_labels_of_a_backup(tmp_path: Path) -> None:
    spec = {"name": "make", "input_type": "select", "mutable": False, "values": ["a"], "default_value": "a"}
    labels = [
        {"name": "car", "id": 1, "type": "rectangle", "attributes": [spec]},
        {"name": "car", "id": 1, "type": "rectangle", "attributes": [spec | {"values": ["a", "c"]}]},
    ]
    (tmp_path / "task.json").write_text(
        json.dumps({"name": "t", "labels": labels, "version": "1.0", "data": {}, "jobs": []})
    )
    (tmp_path / "annotations.json").write_text(json.dumps([{"version": 0, "tags": [], "shapes": [], "tracks": []}]))
    dataset, log = open_path(tmp_path)
    assert isinstance(dataset.schema, Schema)
    assert [[o.value for o in q.options] for q in dataset.schema.labels[0].attributes] == [["a", "c"]]
    assert "attribute 'make'" in told(log)[0]
