"""Label Studio: exports as servers of all ages, spreadsheets and scripts write them, with values computed by hand: regions."""

from __future__ import annotations

from pathlib import Path

from builders.label_studio import annotation, export, one, read, rectangle, region
from to_labelbox.model.items import Attribute, Box


def test_shapes_of_one_control_with_one_id_are_regions_of_their_own(tmp_path: Path) -> None:
    item, log = one(
        tmp_path,
        region(rectangle(10)),
        region(rectangle(50)),
        region(rectangle(60, label="slab")),
        region(rectangle(10), id="x"),
    )
    assert [(a.label, a.geometry) for a in item.annotations] == [
        ("crane", Box(20, 20, 60, 40)),
        ("crane", Box(100, 20, 60, 40)),
        ("slab", Box(120, 20, 60, 40)),
        ("crane", Box(20, 20, 60, 40)),
    ]
    assert log.ledger.total().read == 4


def test_pairs_with_one_id_are_told_apart(tmp_path: Path) -> None:
    entries = [
        region({"x": x, "y": 20, "width": 30, "height": 40, **more}, kind=kind, from_name=kind)
        for x, name in ((10, "A"), (50, "B"))
        for kind, more in (("rectangle", {}), ("labels", {"labels": [name]}), ("textarea", {"text": [name]}))
    ]
    item, _ = one(tmp_path, *entries)
    assert [(a.label, a.geometry, a.attributes) for a in item.annotations] == [
        ("A", Box(20, 20, 60, 40), (Attribute("textarea", "A", free_text=True),)),
        ("B", Box(100, 20, 60, 40), (Attribute("textarea", "B", free_text=True),)),
    ]


def test_repetitions_are_told_by_their_number_without_a_config(tmp_path: Path) -> None:
    task = {
        "id": 1,
        "data": {"images": [{"url": "https://x.org/0.jpg"}, {"url": "https://x.org/1.jpg"}]},
        "annotations": [annotation(*(region(rectangle(), id=f"r{n}", to_name=f"page_{n}") for n in (0, 1)))],
    }
    items, _ = read(export(tmp_path, task))
    assert [(i.asset.path, [a.id for a in i.annotations]) for i in items] == [("0.jpg", ["r0"]), ("1.jpg", ["r1"])]
