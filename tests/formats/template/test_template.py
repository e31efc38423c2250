"""The reader that docs/write-a-reader.md shows keeps all laws, and the page shows it as it is."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from boxes_csv import FORMAT

import to_labelbox
from to_labelbox.testing import ReaderLaws, installed

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "write-a-reader.md"


class TestTemplate(ReaderLaws):
    reader = FORMAT
    sources = (HERE / "small.csv",)


def test_it_converts_boxes_and_counts_what_it_refuses(tmp_path: Path) -> None:
    with installed(FORMAT):
        report = to_labelbox.convert(HERE / "small.csv", tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "annotations.ndjson").read_text().splitlines()]
    assert [(line["dataRow"]["globalKey"], line["name"]) for line in lines] == [
        ("a/1.jpg", "car"),
        ("a/1.jpg", "person"),
        ("b/1.jpg", "car"),
    ]
    assert lines[0]["bbox"] == {"left": 10, "top": 20, "width": 50, "height": 30}
    assert (report.annotations.read, report.annotations.skipped) == (4, 1)
    (refused,) = (d for d in report.diagnostics if d.code == "box-invalid")
    assert str(refused.examples[0]) == "small.csv line 5: the corners are no four numbers"


def test_it_reads_every_csv_of_a_folder_that_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "0-notes.csv").write_text("who,what\nme,this\n")
    for name, images in (("a", ("1.jpg", "2.jpg")), ("b", ("2.jpg", "3.jpg"))):
        rows = "".join(f"{image},car,0,0,10,10\n" for image in images)
        (folder / f"{name}.csv").write_text("image,label,left,top,right,bottom\n" + rows)
    with installed(FORMAT):
        report = to_labelbox.convert(folder, tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "annotations.ndjson").read_text().splitlines()]
    assert [line["dataRow"]["globalKey"] for line in lines] == ["1.jpg", "2.jpg", "2.jpg", "3.jpg"]
    assert report.annotations.written == 4


def test_the_page_shows_the_reader_as_it_is_and_it_is_short() -> None:
    text = (HERE / "boxes_csv.py").read_text()
    assert text in PAGE.read_text()
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 60
    assert ast.parse(text)
