"""Metadata fields that Labelbox reserves: words of splits, and what validate says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Convert, codes, item, lines
from to_labelbox.model.items import Asset, Item
from to_labelbox_formats.labelbox.metadata import split_option

WORDS = {
    "train": "train training Train train2017 train_set trn",
    "valid": "val valid validation dev minival VAL val2017 val-2017",
    "test": "test testing test2015 test-dev2017 test_set",
    "": "trainval default street devkit valley tests testA train-other-500 unlabeled2017",
}


@pytest.mark.parametrize(("option", "word"), [(o, w) for o, words in WORDS.items() for w in words.split()])
def test_words_of_splits(option: str, word: str) -> None:
    assert split_option(word) == (option or None)


def split_of(out: Path) -> list[Any]:
    return [row.get("metadata_fields") for row in lines(out, "data_rows.ndjson")]


def test_the_reserved_field_takes_its_options_alone(convert: Convert) -> None:
    items = [item(path=f"{n}.jpg", split=split) for n, split in enumerate(("train", "val", "val", "street", ""))]
    run = convert.items(items, split_metadata="split")
    field = [[{"name": "split", "value": value}] for value in ("train", "valid", "valid")]
    assert split_of(run.out) == [*field, None, None]
    assert [(a.what, a.taken, a.for_) for a in run.report.assumptions] == [("split", "'val' is written as 'valid'", 2)]
    assert run.codes["metadata-refused"] == 1
    assert any("'street'" in e and "--split-metadata source_split" in e for e in run.examples)


def test_a_field_of_another_name_takes_any_word(convert: Convert) -> None:
    run = convert.items([item(split="street"), item(path="2.jpg", split="val")], split_metadata="source_split")
    assert split_of(run.out) == [[{"name": "source_split", "value": value}] for value in ("street", "val")]
    assert "metadata-refused" not in codes(run.report)


def test_reserved_fields_of_an_asset(convert: Convert) -> None:
    metadata = (("captureDateTime", "2024-05-31T12:00:00Z"), ("captureDateTime", "yesterday"), ("tag", "a"))
    run = convert.items([Item(asset=Asset(path="1.jpg", metadata=metadata))])
    assert [f["value"] for f in split_of(run.out)[0]] == ["2024-05-31T12:00:00Z", "a"]
    assert run.codes["metadata-refused"] == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("split", "val", "takes one of train, valid, test, 'val' is 'valid' there"),
        ("split", "street", "takes one of train, valid, test"),
        ("tag", 7, "takes a text"),
        ("captureDateTime", "soon", "takes a date and time"),
        ("mine", "val", ""),
        ("split", "valid", ""),
    ],
)
def test_validate_knows_them(convert: Convert, name: str, value: Any, said: str) -> None:
    run = convert.items([item()])
    row = lines(run.out, "data_rows.ndjson")[0]
    row["metadata_fields"] = [{"name": name, "value": value}]
    (run.out / "data_rows.ndjson").write_text(json.dumps(row) + "\n")
    found = [f.message for f in to_labelbox.validate(run.out) if f.line]
    assert [said in message for message in found] == ([True] if said else [])
