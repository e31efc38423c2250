"""`validate`: rules over more than a line: ontologies, reports, shards, data rows and pictures."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from builders.validate import ONTOLOGY, Line, check, png
from labelbox_writer import Written, faults, save, written
from to_labelbox.cli import cli
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox import FORMAT

ROW = {"globalKey": "a.jpg"}


CAR: Line = {"dataRow": ROW, "name": "car", "bbox": {"top": 1, "left": 1, "height": 2, "width": 2}}


RUST: Line = {"dataRow": ROW, "name": "rust", "mask": {"png": png([[0, 1], [0, 0]])}}


TOOL = {"tool": "rectangle", "name": "car"}


RADIO = {"type": "radio", "name": "q", "options": [{"value": "a"}]}


@pytest.mark.parametrize(
    ("ontology", "message"),
    [
        ([], "want an object with"),
        ({"tools": {}}, "must be a list of objects"),
        ({"tools": [TOOL, {**TOOL, "tool": "polygon"}]}, "'car' occurs twice at the first level"),
        ({"tools": [TOOL], "classifications": [{**RADIO, "name": "car"}]}, "'car' occurs twice at the first level"),
        ({"tools": [{**TOOL, "name": " "}]}, "a blank name"),
        ({"tools": [{**TOOL, "tool": "ellipse"}]}, "'ellipse' is no tool"),
        ({"tools": [{**TOOL, "color": "#12345"}]}, "is not #rrggbb"),
        ({"tools": [{**TOOL, "classifications": [RADIO, RADIO]}]}, "'q' occurs twice under tool 'car'"),
        ({"tools": [{**TOOL, "classifications": [{**RADIO, "scope": "global"}]}]}, "first level only"),
        ({"classifications": [{**RADIO, "options": []}]}, "needs at least one option"),
        ({"classifications": [{**RADIO, "type": "dropdown"}]}, "type 'dropdown'"),
        ({"classifications": [{**RADIO, "type": "text"}]}, "free text has no options"),
        ({"classifications": [{**RADIO, "scope": "frame"}]}, "scope 'frame'"),
        (
            {"classifications": [{**RADIO, "options": [{"value": "a"}, {"value": "a"}]}]},
            "'a' occurs twice among the options",
        ),
        ({"classifications": [{**RADIO, "options": [{"value": ""}]}]}, "a blank value"),
        (
            {"classifications": [{**RADIO, "options": [{"value": "a", "options": [RADIO, RADIO]}]}]},
            "under option 'a' of 'q'",
        ),
        ({"tools": [{**TOOL, "name": f"t{n}"} for n in range(4001)]}, "4001 features"),
    ],
)
def test_ontology(ontology: Any, message: str, tmp_path: Path) -> None:
    found = check(tmp_path, "", ontology)
    assert any(message in fault.message and fault.file == "names.json" for fault in found), found


def test_an_ontology_with_ids_resolves_them(tmp_path: Path) -> None:
    ids = {"tools": [{**TOOL, "featureSchemaId": "c" * 25}], "classifications": []}
    line = {"dataRow": ROW, "schemaId": "c" * 25, "bbox": CAR["bbox"]}
    assert check(tmp_path, [line], ids) == []
    assert check(tmp_path, [{**line, "schemaId": "d" * 25}], ids)


def test_a_set_that_was_interrupted(made: Written, tmp_path: Path) -> None:
    assert faults(made, tmp_path) == []
    (tmp_path / "ontology.json").write_text((tmp_path / "ontology.json").read_text() + "\n")
    assert [str(f) for f in FORMAT.checks.validate(str(tmp_path))] == [
        "ontology.json: is not the file that report.json describes: the set was interrupted or changed; convert again"
    ]
    (tmp_path / "annotations-00001.ndjson").write_text("")
    assert "is not of this set" in next(f.message for f in FORMAT.checks.validate(str(tmp_path)) if "00001" in f.file)
    (tmp_path / "report.json").unlink()
    assert "interrupted or still runs" in next(FORMAT.checks.validate(str(tmp_path))).message
    save(made, tmp_path)
    for name in ("annotations.ndjson", "data_rows.ndjson", "ontology.json"):
        (tmp_path / name).unlink()
    assert {f.file for f in FORMAT.checks.validate(str(tmp_path)) if "is missing" in f.message} == {
        "annotations.ndjson",
        "data_rows.ndjson",
        "ontology.json",
    }


@pytest.mark.parametrize("text", ["", "[]", '{"outputs": 3}', '{"outputs": {"a": 3}}', "\xff"])
def test_a_broken_report(made: Written, text: str, tmp_path: Path) -> None:
    save(made, tmp_path)
    (tmp_path / "report.json").write_text(text, encoding="latin-1")
    assert [f.message for f in FORMAT.checks.validate(str(tmp_path))] == [
        "has no readable list of outputs: convert again"
    ]


def test_shards(made: Written, tmp_path: Path) -> None:
    save(made, tmp_path)
    first = made.lines[0]["dataRow"]
    count = sum(line["dataRow"] == first for line in made.lines)
    lines = made.text.splitlines(keepends=True)
    for cut, split in ((count, False), (count - 1, True)):
        (tmp_path / "annotations.ndjson").unlink(missing_ok=True)
        (tmp_path / "annotations-00001.ndjson").write_text("".join(lines[:cut]))
        (tmp_path / "annotations-00002.ndjson").write_text("".join(lines[cut:]))
        found = [f for f in FORMAT.checks.validate(str(tmp_path)) if f.line]
        assert [(f.file, f.line) for f in found] == ([("annotations-00002.ndjson", 1)] if split else [])


def test_rows_and_lines_belong_together(made: Written, tmp_path: Path) -> None:
    without = made.with_rows([row for row in made.rows if row["media_type"] != "TEXT"])
    found = faults(without, tmp_path)
    assert found
    assert all("there is no data row 'note.txt' in data_rows.ndjson" in f.message for f in found)


ROW_FAULTS: list[tuple[Line, str]] = [
    ({"global_key": None}, "found null, expected a text"),
    ({"global_key": " "}, "no global_key"),
    ({"global_key": "a" * 201}, "201 characters"),
    ({"media_type": "PICTURE"}, "media_type 'PICTURE'"),
    ({"rowdata": "x"}, "unknown field 'rowdata'"),
    ({"row_data": ""}, "row_data is empty"),
    ({"row_data": "s3://bucket/a.jpg"}, "give https://BUCKET.s3.REGION.amazonaws.com/PATH"),
    ({"row_data": "abfss://c@a.dfs.core.windows.net/a.jpg"}, "give https://ACCOUNT.blob.core.windows.net"),
    ({"row_data": "https://example.org/a#b.jpg"}, "percent-encode"),
    ({"row_data": {"url": "x"}}, "must be a text"),
    ({"metadata_fields": [{"value": "x"}]}, "either name or schema_id"),
    ({"metadata_fields": [{"name": "n", "value": "x" * 4097}]}, "4097 characters"),
    ({"attachments": [{"type": "FILE", "value": "x"}]}, "attachment of type 'FILE'"),
    ({"media_type": "PDF", "row_data": {"url": "x"}}, "row_data:"),
    ({"media_type": "CONVERSATIONAL", "row_data": {"type": "x", "version": 1, "messages": []}}, "row_data: type 'x'"),
    (
        {
            "media_type": "CONVERSATIONAL",
            "row_data": {
                "type": "application/vnd.labelbox.conversational",
                "version": 1,
                "messages": [{"messageId": "m", "content": "x" * 10_000}] * 251,
            },
        },
        "251 messages",
    ),
    ({"media_type": "TMS_GEO", "row_data": {"bounds": [[0, 0], [1, 1]], "epsg": "EPSG4326"}}, "no tile_layer_url"),
    (
        {"media_type": "TMS_GEO", "row_data": {"bounds": [[0, 0], [1, 1]], "epsg": "EPSG1", "tile_layer_url": "x"}},
        "epsg",
    ),
    (
        {"media_type": "TMS_GEO", "row_data": {"bounds": [[0, 0], [1, 1]], "epsg": "Simple", "tile_layer_url": "x"}},
        "TMS_SIMPLE",
    ),
]


@pytest.mark.parametrize(("change", "message"), ROW_FAULTS, ids=[m for _, m in ROW_FAULTS])
def test_data_rows(change: Line, message: str, tmp_path: Path) -> None:
    row = {"row_data": "https://example.org/a.jpg", "global_key": "a.jpg", "media_type": "IMAGE"}
    made = written([]).with_rows(
        [row, {**row, "row_data": "https://example.org/b.jpg", "global_key": "b.jpg", **change}]
    )
    found = faults(made, tmp_path)
    assert any(message in f.message for f in found), found
    assert {(f.file, f.line) for f in found} == {("data_rows.ndjson", 2)}


def test_global_keys_are_unique(tmp_path: Path) -> None:
    row = {"row_data": "https://example.org/a.jpg", "global_key": "a.jpg", "media_type": "IMAGE"}
    found = faults(
        written([]).with_rows([row, {**row, "row_data": "https://example.org/b.jpg", "global_key": "b"}, row]), tmp_path
    )
    assert [(f.file, f.line) for f in found] == [("data_rows.ndjson", 3)]
    assert "that of line 1" in found[0].message


def test_pictures_at_hand(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    Image.new("L", (2, 2)).save(media / "a.jpg")
    row = {"row_data": "a.jpg", "global_key": "key", "media_type": "IMAGE"}
    lines = [
        {**line, "dataRow": {"globalKey": "key"}} for line in (RUST, {**RUST, "mask": {"png": png([[1, 0, 0]])}}, CAR)
    ]
    made = Written("", [], [row], written([]).inferred, ONTOLOGY, written([]).log).with_lines(lines)
    found = faults(made, tmp_path / "out", media)
    assert [(f.line, f.message) for f in found] == [
        (2, "the mask is 3 × 1, another on this data row 2 × 2"),
        (2, "the mask is 3 × 1, its picture 2 × 2"),
        (3, "reaches beyond the picture of 2 × 2 pixels"),
    ]


def test_paths_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        list(FORMAT.checks.validate(str(tmp_path / "no")))
    (tmp_path / "a.ndjson").write_text("")
    with pytest.raises(UsageError):
        list(FORMAT.checks.validate(str(tmp_path / "a.ndjson"), str(tmp_path / "no.json")))


def test_the_source_of_a_conversion_is_no_payload(tmp_path: Path) -> None:
    source = tmp_path / "coco.json"
    for text in ('{"info": {}, "images": []}', '[{\n "id": 1,\n "annotations": []\n}]'):
        source.write_text(text)
        (fault,) = FORMAT.checks.validate(str(source))
        assert str(fault) == "coco.json: is no payload: give the folder that convert wrote, or its annotations.ndjson"


def test_faults_of_one_message_hide_no_other(tmp_path: Path) -> None:
    """Five of each are printed, with their number, so that what stands behind them is seen."""
    wrong = [{**CAR, "name": "cart"} for _ in range(30)]
    fault = {**CAR, "bbox": {**CAR["bbox"], "height": "2"}}
    text = "".join(f"{json.dumps({**line, 'uuid': str(uuid.UUID(int=n))})}\n" for n, line in enumerate([*wrong, fault]))
    (tmp_path / "a.ndjson").write_text(text)
    (tmp_path / "ontology.json").write_text(json.dumps(ONTOLOGY))
    given = ["validate", str(tmp_path / "a.ndjson"), "--ontology", str(tmp_path / "ontology.json"), "--max", "20"]
    said = CliRunner().invoke(cli, given).output.splitlines()
    assert [line.split(":")[1] for line in said[:6]] == ["1", "2", "3", "4", "5", "31"]
    assert said[6].startswith("×30 in all: ")
    assert said[7:] == ["31 faults (6 shown)"]
