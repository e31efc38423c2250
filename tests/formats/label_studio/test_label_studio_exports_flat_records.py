"""Label Studio: exports as servers of all ages, spreadsheets and scripts write them, with values computed by hand: flat records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import annotation, answers, export, one, read, rectangle, region, shapes
from builders.label_studio_exports import notes
from to_labelbox.model.items import Attribute, Box, Choice, Classification, Point, TextSpan
from to_labelbox.plugins.reader import Match
from to_labelbox.report.codes import Code
from to_labelbox.source.files import HEAD, Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.files.records import strict_json

SIZE = {"original_width": 200, "original_height": 100}


WHO = {"annotator": 1, "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z", "lead_time": 3.1}


def flat(id: int, annotation_id: int = 1, **fields: Any) -> dict[str, Any]:
    """A record of JSON-MIN; ``data`` fields before the id, controls behind it."""
    return {**fields, "id": id, "annotation_id": annotation_id, **WHO}


def box(x: float = 10, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, **SIZE, **more}


OCR = """<Image name="image" value="$ocr"/><Labels name="label" toName="image"><Label value="Text"/></Labels>
<Rectangle name="bbox" toName="image"/><TextArea name="words" toName="image" perRegion="true"/>
<Choices name="clear" toName="image" perRegion="true" choice="multiple"><Choice value="y"/><Choice value="n"/></Choices>"""


def ocr(**more: Any) -> dict[str, Any]:
    both = [box(), box(50)]
    return flat(1, ocr="a.jpg", bbox=both, label=[{**b, "labels": ["Text"]} for b in both], **more)


def test_short_answers_about_regions_belong_to_them_in_their_order(tmp_path: Path) -> None:
    file = export(tmp_path, ocr(words=["one", "two"], clear=["y", box(50, choices=["y", "n"])]), config=OCR)
    items, log = read(file)
    assert notes(items) == [
        (
            Box(20, 20, 60, 40),
            (Attribute("words", "one", free_text=True), Attribute("clear", (Choice("y"),))),
        ),
        (
            Box(100, 20, 60, 40),
            (Attribute("words", "two", free_text=True), Attribute("clear", (Choice("y"), Choice("n")))),
        ),
    ]
    assert log.ledger.total().read == 2


def test_answers_that_fit_no_region_are_kept_for_the_whole_asset(tmp_path: Path) -> None:
    items, log = read(export(tmp_path, ocr(words=["one", "two", "three"]), config=OCR))
    given = [a for a in items[0].annotations if isinstance(a, Classification)]
    assert [(a.name, a.value, a.loss) for a in given] == [
        ("words", "one", True),
        ("words", "two", True),
        ("words", "three", True),
    ]
    assert log.diagnostics[Code.GEOMETRY_MISSING].count == 3


def test_spans_of_one_paragraph_are_told_apart_by_their_offsets(tmp_path: Path) -> None:
    config = """<Paragraphs name="d" value="$talk"/><ParagraphLabels name="l" toName="d"><Label value="A"/></ParagraphLabels>
    <Choices name="c" toName="d" perRegion="true"><Choice value="y"/></Choices>"""
    first = {"start": "0", "end": "0", "startOffset": 0, "endOffset": 2}
    second = {"start": "0", "end": "0", "startOffset": 3, "endOffset": 5}
    record = flat(
        1,
        talk=[{"author": "x", "text": "ab cd"}],
        l=[{**first, "paragraphlabels": ["A"]}, {**second, "paragraphlabels": ["A"]}],
        c=[{**second, "choices": ["y"]}],
    )
    items, _ = read(export(tmp_path, record, config=config))
    assert [n for _, n in notes(items)] == [(), (Attribute("c", Choice("y")),)]


def test_fields_that_can_be_answers_are_named_when_there_is_no_config(tmp_path: Path) -> None:
    items, log = read(export(tmp_path, flat(1, image="a.jpg", weather="rain", label=[box(rectanglelabels=["car"])])))
    assert list(shapes(items[0]).values()) == [Box(20, 20, 60, 40)]
    (said,) = log.diagnostics[Code.FIELD_IGNORED].examples
    assert "taken for data: weather;" in said.message
    assert "-O config=FILE" in said.message


@pytest.mark.parametrize("data", [{"image": "a.jpg"}, {"text": "some words"}])
def test_nothing_is_said_of_the_field_that_is_the_asset(tmp_path: Path, data: dict[str, Any]) -> None:
    _, log = read(export(tmp_path, flat(1, **data)))
    assert Code.FIELD_IGNORED not in log.diagnostics


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_tables_are_read_by_what_separates_their_cells(tmp_path: Path, separator: str) -> None:
    label = json.dumps([box(rectanglelabels=["car"])]).replace('"', '""')
    cells = ["a.jpg", "7", f'"{label}"', "1", "5"]
    header = ["image", "id", "label", "annotator", "annotation_id"]
    file = tmp_path / "project-1.csv"
    file.write_text(f"\ufeff{separator.join(header)}\n{separator.join(cells)}\n", encoding="utf-8")
    items, _ = read(file)
    assert [i.asset.path for i in items] == ["a.jpg"]
    assert list(shapes(items[0]).values()) == [Box(20, 20, 60, 40)]


def test_rows_of_one_task_are_its_annotations(tmp_path: Path) -> None:
    config = (
        '<Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="y"/><Choice value="n"/></Choices>'
    )
    (tmp_path / "config.xml").write_text(f"<View>{config}</View>")
    file = tmp_path / "export.csv"
    file.write_text(
        "annotation_id,annotator,c,created_at,id,text\n"
        "1,a@b.org,y,2024-05-01T10:00:00Z,7,Hello\n"
        "2,c@d.org,n,2024-05-02T10:00:00Z,7,Hello\n"
        "3,c@d.org,n,2024-05-02T10:00:00Z,8,Bye\n"
    )
    items, log = read(file)
    assert [(i.asset.path, answers(i)) for i in items] == [
        ("task-7", {"c": Choice("n")}),
        ("task-8", {"c": Choice("n")}),
    ]
    assert log.diagnostics[Code.NOT_SELECTED].count == 1


def test_equal_task_ids_of_two_projects_are_two_tasks(tmp_path: Path) -> None:
    for name, shown in (("a.json", "north.jpg"), ("b.json", "south.jpg")):
        (tmp_path / name).write_text(json.dumps([flat(1, image=shown, label=[box(rectanglelabels=["car"])])]))
    items, _ = read(tmp_path)
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("north.jpg", 1), ("south.jpg", 1)]


def test_stored_annotations_are_of_one_task_when_its_data_agrees(tmp_path: Path) -> None:
    for number, shown in enumerate(("a.jpg", "a.jpg", "b.jpg")):
        stored = {**annotation(region(rectangle()), id=number), "task": {"id": 5, "data": {"image": shown}}}
        (tmp_path / str(number)).write_text(json.dumps(stored))
    items, log = read(tmp_path)
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("a.jpg", 1), ("b.jpg", 1)]
    assert log.diagnostics[Code.NOT_SELECTED].count == 1


def test_flat_records_longer_than_a_head_are_recognised(tmp_path: Path) -> None:
    text = "word " * (HEAD // 4)
    file = tmp_path / "e.json"
    file.write_text(json.dumps([flat(1, text=text, label=[{"start": 0, "end": 4, "text": "word", "labels": ["A"]}])]))
    match = FORMAT.sniff(Source(file))
    assert isinstance(match, Match)
    items, _ = read(file)
    assert list(shapes(items[0]).values()) == [TextSpan(0, 4)]


def test_a_stored_annotation_with_a_large_result_is_recognised(tmp_path: Path) -> None:
    many = [region(rectangle(), id=str(n)) for n in range(600)]
    text = json.dumps({**annotation(*many), "task": {"id": 1, "data": {"image": "a.jpg"}}})
    assert len(text) > HEAD
    (tmp_path / "17").write_text(text)
    items, _ = read(tmp_path)
    assert [(i.asset.path, len(i.annotations)) for i in items] == [("a.jpg", 600)]


def test_files_of_a_folder_that_end_early_are_unreadable(tmp_path: Path) -> None:
    export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": [annotation(region(rectangle()))]})
    (tmp_path / "cut.json").write_text('{"id": 5, "annotations": [{"result": [')
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "other.json").write_text('{"name": ')
    items, log = read(tmp_path)
    assert len(items) == 1
    assert log.unreadable == 2
    assert log.diagnostics[Code.FILE_IGNORED].count == 1


def test_numbers_written_as_texts_are_numbers(tmp_path: Path) -> None:
    item, _ = one(
        tmp_path,
        region(rectangle(x="10"), original_width="200", original_height="100"),  # type: ignore[arg-type]
        region({"points": [["10", "20"], ["30", 20], [30, "40"]], "polygonlabels": ["a"]}, id="p"),
        region({"x": "50", "y": "50", "width": "0.5", "keypointlabels": ["a"]}, id="k"),
    )
    found = shapes(item)
    assert found["r"] == Box(20, 20, 60, 40)
    assert found["p"].parts[0][0] == [20, 20, 60, 20, 60, 40]
    assert found["k"] == Point(100, 50)


def test_nan_costs_the_region_alone(tmp_path: Path) -> None:
    item, log = one(tmp_path, region(rectangle(x=float("nan")), id="bad"), region(rectangle(), id="good"))
    assert shapes(item) == {"good": Box(20, 20, 60, 40)}
    assert log.ledger.total().skipped == 1
    assert log.unreadable == 0


def test_half_a_surrogate_pair_keeps_its_place(tmp_path: Path) -> None:
    text = json.dumps([{
        "id": 1, "data": {"text": "x \ud800 \U0001f600 word"},
        "annotations": [annotation({"id": "s", "type": "labels", "value": {"start": 6, "end": 10, "text": "word", "labels": ["A"]}})],
    }])  # fmt: skip
    file = tmp_path / "e.json"
    file.write_text(text)
    items, log = read(file)
    assert items[0].asset.text == "x \ufffd \U0001f600 word"
    assert list(shapes(items[0]).values()) == [TextSpan(6, 10)]
    assert log.diagnostics[Code.RECORD_UNREADABLE].count == 1


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        (b'{"a": NaN, "b": -Infinity}', b'{"a": null, "b": null}'),
        (b'{"NaN": "NaN, Infinity", "a": NaN}', b'{"NaN": "NaN, Infinity", "a": null}'),
        (rb'"\ud83d\ude00 \ud83d"', rb'"\ud83d\ude00 \ufffd"'),
        (rb'"\\ud800 \\\ud800"', rb'"\\ud800 \\\ufffd"'),
        (b'{"a": 1}', None),
        (rb'"\ud83d\ude00"', None),
    ],
)
def test_json_is_made_strict(loose: bytes, strict: bytes | None) -> None:
    assert strict_json(loose) == strict


def test_an_empty_label_is_counted_without_a_name(tmp_path: Path) -> None:
    _, log = one(tmp_path, region(rectangle(label="")))
    assert "" not in log.ledger
