"""Cells of a table that a spreadsheet has cut off cost their regions, which are counted; nothing is taken for data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import answers, read, rectangle
from to_labelbox.model.items import Classification, TextSpan
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code

CONFIG = '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"/></View>'
SIZE = {"original_width": 200, "original_height": 100}


def table(path: Path, *cells: str, column: str = "label") -> Path:
    with (path / "export.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["annotation_id", "annotator", "id", "image", column])
        rows.writerows([10 + n, 1, n, f"{n}.jpg", cell] for n, cell in enumerate(cells))
    return path / "export.csv"


def regions(count: int) -> str:
    return json.dumps([{**rectangle(n), **SIZE} for n in range(count)])


@pytest.mark.parametrize("given", [False, True], ids=["without a config", "with the config"])
def test_regions_of_a_cell_that_is_cut_off_are_counted(tmp_path: Path, given: bool) -> None:
    options: dict[str, Any] = {}
    if given:
        (tmp_path / "labels.txt").write_text(CONFIG)
        options["config"] = str(tmp_path / "labels.txt")
    cut = regions(3)[:-20]
    items, log = read(table(tmp_path, regions(2), cut), **options)
    assert [len(item.annotations) for item in items] == [2, 0]
    said = log.diagnostics[Code.RECORD_UNREADABLE]
    assert (said.count, said.skipped) == (3, 3)
    assert said.examples[0].where == "row 3, column 'label'"
    assert f"it has {len(cut):,} characters; spreadsheets cut at 32,767" in said.message
    assert Code.FIELD_IGNORED not in log.diagnostics


def test_a_dialogue_that_is_cut_off_has_no_regions(tmp_path: Path) -> None:
    said = '[{"author": "a", "text": "hello"}, {"author": "b", "te'
    _, log = read(table(tmp_path, regions(1), said))
    note = log.diagnostics[Code.RECORD_UNREADABLE]
    assert (note.count, note.skipped) == (1, 0)


def test_a_text_to_label_may_begin_like_a_list(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(
        '<View><Text name="t" value="$code"/><Choices name="c" toName="t"><Choice value="ok"/></Choices></View>'
    )
    items, log = read(table(tmp_path, '[{"x": 1', column="code"), config=str(tmp_path / "config.xml"))
    assert [item.asset.text for item in items] == ['[{"x": 1']
    assert Code.RECORD_UNREADABLE not in log.diagnostics


@pytest.mark.parametrize(
    ("tag", "cell", "answer"),
    [
        ("Ranker", '[{"ranker": {"rank": ["b", "a"]}}]', None),
        ("Pairwise", '[{"selected": "left"}]', None),
        ("TextArea", '[{"name": "a", "age": 3}]', '[{"name": "a", "age": 3}]'),
    ],
)
def test_an_answer_that_is_a_whole_list_is_not_cut_off(tmp_path: Path, tag: str, cell: str, answer: str | None) -> None:
    (tmp_path / "labels.txt").write_text(
        f'<View><Image name="i" value="$image"/><{tag} name="label" toName="i"/></View>'
    )
    items, log = read(table(tmp_path, cell), config=str(tmp_path / "labels.txt"))
    assert Code.RECORD_UNREADABLE not in log.diagnostics
    assert [a.value for item in items for a in item.annotations if isinstance(a, Classification)] == (
        [answer] if answer else []
    )
    skipped = log.diagnostics.get(Code.UNSUPPORTED)
    assert (skipped.skipped if skipped else 0) == (0 if answer else 1)


@pytest.mark.parametrize("cell", ["[1, 2, 3]", "[[1, 2], [3, 4]]", "[]"])
def test_a_text_of_numbers_is_no_list_of_assets(tmp_path: Path, cell: str) -> None:
    with (tmp_path / "export.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["annotation_id", "annotator", "id", "text", "sentiment"], [1, 1, 1, cell, "good"]])
    items, log = read(tmp_path / "export.csv", data_key="text", answers="sentiment")
    assert [item.asset.text for item in items] == [cell]
    assert Code.RECORD_UNREADABLE not in log.diagnostics


def spans(text: str, *quotes: str) -> str:
    places = [(text.index(quote), quote) for quote in quotes]
    return json.dumps([{"start": at, "end": at + len(q), "text": q, "labels": ["w"]} for at, q in places])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_column_with_one_text_that_is_no_list_holds_texts(tmp_path: Path, place: int) -> None:
    """Whether it comes before or after those that look like lists."""
    texts = ['["a", "b c"]', "just some words"]
    texts.insert(place, '{"k": "some words"}')
    with (tmp_path / "export.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["annotation_id", "annotator", "id", "label", "said"])
        rows.writerows([n, 1, n, spans(text, text[2:7]), text] for n, text in enumerate(texts))
    items, log = read(tmp_path / "export.csv")
    assert [item.asset.text for item in items] == texts
    assert [item.annotations[0].geometry for item in items] == [TextSpan(2, 7)] * 3  # type: ignore[union-attr]
    assert not {"span-shifted", "asset-unknown"} & log.diagnostics.keys()


def test_a_column_of_lists_that_spans_quote_as_they_stand_holds_texts(tmp_path: Path) -> None:
    texts = ['["first", "b"]', '{"k": "other"}']
    with (tmp_path / "export.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["annotation_id", "annotator", "id", "label", "said"])
        rows.writerows([n, 1, n, spans(text, text[2:7]), text] for n, text in enumerate(texts))
    items, _ = read(tmp_path / "export.csv")
    assert [item.asset.text for item in items] == texts


def test_a_column_of_lists_of_pages_is_opened_beside_single_ones(tmp_path: Path) -> None:
    items, _ = read(
        table(tmp_path, "https://x.org/c.jpg", '["https://x.org/a.jpg", "https://x.org/b.jpg"]', column="pages"),
        data_key="pages",
    )
    assert [item.asset.path for item in items] == ["c.jpg", "a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    "row",
    [
        # a spreadsheet has quoted the whole row, or the quotes around its list are lost
        '"2,1,7,7.jpg,[{""x"":1}]"',
        "2,1,7,7.jpg," + regions(1),
    ],
    ids=["one cell", "cells of a list"],
)
def test_rows_with_other_cells_than_the_header_are_no_assets(tmp_path: Path, row: str) -> None:
    file = table(tmp_path, regions(1))
    with file.open("a", newline="") as more:
        more.write(f"{row}\r\n")
    items, log = read(file)
    assert [(item.asset.path, len(item.annotations)) for item in items] == [("0.jpg", 1)]
    assert log.unreadable == 1


def test_empty_cells_at_the_end_of_a_row_may_be_missing_or_more(tmp_path: Path) -> None:
    file = table(tmp_path, regions(1))
    with file.open("a", newline="") as more:
        more.write("2,1,7,7.jpg\r\n3,1,8,8.jpg,,,\r\n")
    items, log = read(file)
    assert [item.asset.path for item in items] == ["0.jpg", "7.jpg", "8.jpg"]
    assert not log.unreadable


@pytest.mark.parametrize("row", [",,,,", ",,,", "   ", " , ,"])
def test_rows_of_empty_cells_are_none(tmp_path: Path, row: str) -> None:
    file = table(tmp_path, regions(1))
    with file.open("a", newline="") as more:
        more.write(f"{row}\r\n2,1,7,7.jpg,\r\n{row}")
    items, log = read(file)
    assert [item.asset.path for item in items] == ["0.jpg", "7.jpg"]
    assert not log.unreadable
    assert Code.ASSET_UNKNOWN not in log.diagnostics


def test_a_row_that_ends_behind_the_id_of_its_task_is_one_without_annotations(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("image,id,annotator,annotation_id\n0.jpg,1,7,1\n1.jpg,2\n2.jpg\n3.jpg,4,7,4, \n")
    items, log = read(file)
    assert [item.asset.path for item in items] == ["0.jpg", "1.jpg", "3.jpg"]
    assert log.unreadable == 1


def test_a_column_without_a_name_is_no_answer_and_named(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("image,id,,kind,annotator,annotation_id\n0.jpg,1,words,a,7,1\n1.jpg,2,,b,7,2\n")
    context = ReadContext()
    items, _ = read(file, context)
    assert [[*answers(item)] for item in items] == [["kind"], ["kind"]]
    assert [u.name for u in context.log.unread.values()] == [""]
