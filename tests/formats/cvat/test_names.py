"""Blanks around names and answers are no part of them, wherever they stand: scripts indent what they write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cvat_files import attribute, counts, export, image, items_of, label, open_text, row, task, track
from to_labelbox.model.items import Choice, Classification, Object, Track
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT

CAR = label(" car\n", attributes=attribute(" color ", "select", " red \n blue"))
ANSWER = '<attribute name=" color "> red </attribute>'
BOX = f'<box label=" car " source="manual" occluded="0" xtl="1.00" ytl="2.00" xbr="9.00" ybr="8.00" z_order="0">{ANSWER}</box>'
TAG = '<tag label="car "/>'


@pytest.mark.parametrize("shapes", [BOX, BOX + TAG], ids=["quickly", "with care"])
def test_of_pictures(tmp_path: Path, shapes: str) -> None:
    dataset, _ = open_text(tmp_path, export(image(shapes), task(CAR)))
    (item,), log = items_of(dataset)
    box, *tags = item.annotations
    assert isinstance(box, Object)
    assert (box.label, [(a.name, a.value) for a in box.attributes]) == ("car", [("color", Choice("red"))])
    assert [tag.value for tag in tags if isinstance(tag, Classification)] == [Choice("car")] * (TAG in shapes)
    assert [one.name for one in dataset.schema.labels] == list(log.ledger) == ["car"]
    assert not {"class-unknown", "attribute-unknown"} & counts(log).keys()


@pytest.mark.parametrize("key", [True, False])
def test_of_tracks(tmp_path: Path, key: bool) -> None:
    rows = row(0, (1, 1, 5, 5), inside=ANSWER) + row(1, (2, 1, 6, 5), key=key, inside=ANSWER)
    dataset, _ = open_text(tmp_path, export(track(rows, " car "), task(CAR, size=2, video=(100, 80))))
    (item,), log = items_of(dataset)
    (one,) = item.annotations
    assert isinstance(one, Track)
    assert (one.label, [a.name for a in one.attributes], list(log.ledger)) == ("car", ["color"], ["car"])


def test_of_the_server(tmp_path: Path) -> None:
    shape = {"type": "rectangle", "frame": 0, "label": "car ", "points": [1, 2, 9, 8], "attributes": [{"name": " color", "value": "red "}]}  # fmt: skip
    spec = {"name": "color ", "input_type": "select", "values": [" red", "blue"], "mutable": False}
    (tmp_path / "annotations.json").write_text(json.dumps([{"tags": [], "shapes": [shape], "tracks": []}]))
    (tmp_path / "task.json").write_text(json.dumps({"labels": [{"name": " car", "type": "any", "attributes": [spec]}]}))
    dataset = FORMAT.read(Source(tmp_path), FORMAT.options(), ReadContext(log=Log()))
    (item,), _ = items_of(dataset)
    (box,) = item.annotations
    assert isinstance(box, Object)
    assert (box.label, [(a.name, a.value) for a in box.attributes]) == ("car", [("color", Choice("red"))])
    assert [one.name for one in dataset.schema.labels] == ["car"]


def test_names_that_are_addresses(tmp_path: Path) -> None:
    names = [
        "https://host.org/a/1.jpg",
        "https://other.org/a/1.jpg",
        "https://host.org/p?id=1&amp;X-Amz-Signature=f",
        "s3://bucket/a%20b.jpg",
        "file:///c/d.jpg",
    ]
    dataset, _ = open_text(tmp_path, export("".join(image("", name) for name in names)))
    items, _ = items_of(dataset)
    paths = ["host.org/a/1.jpg", "other.org/a/1.jpg", "host.org/p?id=1", "bucket/a b.jpg", "c/d.jpg"]
    urls = [*(n.replace("&amp;", "&") for n in names[:-1]), None]
    assert [(i.asset.path, i.asset.url) for i in items] == list(zip(paths, urls))
