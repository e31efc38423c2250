"""One global key in several files of one conversion: one asset, or two by their sizes or texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import lines
from to_labelbox import Settings, UsageError, dataset_of, write
from to_labelbox.model.items import Asset, Box, Item, Object


def items(*assets: Asset) -> Any:
    return dataset_of(
        [
            Item(asset=asset, annotations=[Object(id=f"{n}", label="x", geometry=Box(1, 2, 3, 4))], origin=f"{n}")
            for n, asset in enumerate(assets)
        ]
    )


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"width": 60, "height": 50}, {"width": 61, "height": 50}, r"sizes \(60 × 50, here 61 × 50\)"),
        ({"text": "Ada met Bob."}, {"text": "Bob stayed."}, "texts"),
    ],
)
def test_one_that_differs_is_another_asset(one: Any, other: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=f"two assets would have the global key 'a'.*convert their files apart: .*other {why}"
    ) as told:
        write(items(Asset(path="a", **one), Asset(path="a", **other)), tmp_path)
    advised = Settings(global_key=str(told.value).split("for example '")[1].split("'")[0])
    write(items(Asset(path="a", id="1", **one), Asset(path="a", id="2", **other)), tmp_path, settings=advised)
    assert len(lines(tmp_path, "data_rows.ndjson")) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"width": 60, "height": 50}, {"width": 50, "height": 60}),
        ({"width": 60, "height": 50}, {}),
        ({"text": "Ada"}, {"text": "Ada"}),
        ({}, {}),
    ],
)
def test_without_a_difference_there_is_one_row(one: Any, other: Any, tmp_path: Path) -> None:
    write(items(Asset(path="a", **one), Asset(path="a", **other)), tmp_path)
    assert len(lines(tmp_path, "data_rows.ndjson")) == 1


def test_texts_of_one_id_in_two_files_are_not_put_together(tmp_path: Path) -> None:
    value = {"start": 0, "end": 3, "text": "Ada", "labels": ["PER"]}
    result = [{"id": "r", "from_name": "label", "to_name": "text", "type": "labels", "value": value}]
    sources = []
    for n, text in enumerate(("Ada met Bob.", "Ada stayed.")):
        sources.append(tmp_path / f"{n}.json")
        sources[-1].write_text(
            json.dumps([{"id": 1, "data": {"text": text}, "annotations": [{"id": 1, "result": result}]}])
        )
    report = to_labelbox.convert(sources, tmp_path / "out")
    assert len({line["dataRow"]["globalKey"] for line in lines(tmp_path / "out")}) == 2 == report.assets.written
