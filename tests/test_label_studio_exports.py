"""Label Studio: exports as servers of all ages, spreadsheets and scripts write them, with values computed by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from test_label_studio import annotation, answers, export, one, read, rectangle, region, shapes
from to_labelbox.model.items import Attribute, Box, Choice, Classification, Item, Media, Object, Point, TextSpan
from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.plugins.reader import Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import HEAD, Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.assets import extension, reference_of, slots_of
from to_labelbox_formats.label_studio.config import Config, parse_config
from to_labelbox_formats.label_studio.files.records import strict_json
from to_labelbox_formats.label_studio.options import Options

SIZE = {"original_width": 200, "original_height": 100}
WHO = {"annotator": 1, "created_at": "2024-05-01T10:00:00Z", "updated_at": "2024-05-01T10:00:00Z", "lead_time": 3.1}


def flat(id: int, annotation_id: int = 1, **fields: Any) -> dict[str, Any]:
    """A record of JSON-MIN; ``data`` fields before the id, controls behind it."""
    return {**fields, "id": id, "annotation_id": annotation_id, **WHO}


def box(x: float = 10, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, **SIZE, **more}


def notes(items: list[Item]) -> list[tuple[Any, tuple[Attribute, ...]]]:
    return [(a.geometry, a.attributes) for i in items for a in i.annotations if isinstance(a, Object)]


# ------------------------------------------------------------------------------------------------- flat records

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
            (Attribute("words", "one", free=True), Attribute("clear", (Choice("y"),))),
        ),
        (
            Box(100, 20, 60, 40),
            (Attribute("words", "two", free=True), Attribute("clear", (Choice("y"), Choice("n")))),
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


# ---------------------------------------------------------------------------------------------------- detection


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


def test_utf16_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    file.write_text("[]", encoding="utf-16")
    refusal = FORMAT.sniff(Source(file))
    assert isinstance(refusal, Refusal)
    assert "save it as UTF-8" in refusal.reason


# ------------------------------------------------------------------------------------------ loosely written JSON


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


# ------------------------------------------------------------------------------------------------ text and pages


def span(start: Any, end: Any, text: str | None = None, kind: str = "labels", **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, kind: ["A"], **({"text": text} if text is not None else {}), **more}
    return {"id": "s", "from_name": "l", "to_name": "t", "type": kind, "value": value}


LINKED = '<Text name="t" value="$text" valueType="url"/><Labels name="l" toName="t"><Label value="A"/></Labels>'


def test_spans_of_a_text_behind_a_link_are_kept_unchecked(tmp_path: Path) -> None:
    item, log = one(tmp_path, span(2, 5), data={"text": "https://example.org/notes/a.txt"}, config=LINKED)
    assert item.asset.text is None
    assert item.asset.url == "https://example.org/notes/a.txt"
    assert list(shapes(item).values()) == [TextSpan(2, 5)]
    assert "--media-root" in log.diagnostics[Code.SPAN_SHIFTED].examples[0].message


def test_spans_of_a_text_at_hand_are_checked(tmp_path: Path) -> None:
    media = tmp_path / "media" / "notes"
    media.mkdir(parents=True)
    (media / "a.txt").write_bytes("\U0001f600 Anna\r\nOslo".encode())
    # in UTF-16 units, with CRLF as one: 2 + 1 + 4 + 1
    task = {
        "id": 1,
        "data": {"text": "https://example.org/notes/a.txt"},
        "annotations": [annotation(span(8, 12, "Oslo"))],
    }
    (tmp_path / "in").mkdir()
    file = export(tmp_path / "in", task, config=LINKED)
    items, log = read(file, ReadContext(media=MediaFolder(str(tmp_path / "media"))))
    assert list(shapes(items[0]).values()) == [TextSpan(8, 12)]
    assert Code.SPAN_SHIFTED not in log.diagnostics


@pytest.mark.parametrize("answer_first", [True, False])
def test_the_text_of_an_answer_is_not_what_a_span_covers(tmp_path: Path, answer_first: bool) -> None:
    note = {**span(2, 5), "type": "textarea", "from_name": "n", "value": {"start": 2, "end": 5, "text": ["remark"]}}
    entries = [note, span(2, 5, "dog")] if answer_first else [span(2, 5, "dog"), note]
    item, log = one(tmp_path, *entries, data={"text": "A dog barks"})
    assert notes([item]) == [(TextSpan(2, 5), (Attribute("n", "remark", free=True),))]
    assert Code.SPAN_SHIFTED not in log.diagnostics


MARKING = """<Text name="t" value="$text"/><Taxonomy name="kind" toName="t" labeling="true">
<Choice value="Animal"><Choice value="Dog"/></Choice></Taxonomy>"""


@pytest.mark.parametrize("config", [MARKING, None])
def test_a_taxonomy_that_marks_spans_is_a_class_with_its_path_as_answer(tmp_path: Path, config: str | None) -> None:
    value = {"start": 2, "end": 5, "text": "dog", "taxonomy": [["Animal", "Dog"]]}
    entry = {"id": "s", "from_name": "kind", "to_name": "t", "type": "taxonomy", "value": value}
    item, _ = one(tmp_path, entry, data={"text": "A dog barks"}, config=config)
    path = Choice("Animal", (Attribute("Animal", Choice("Dog")),))
    assert [(a.label, a.geometry, a.attributes) for a in item.annotations] == [
        ("kind", TextSpan(2, 5), (Attribute("kind", path),))
    ]


def test_a_taxonomy_that_marks_spans_is_declared_as_an_entity(tmp_path: Path) -> None:
    file = export(tmp_path, {"id": 1, "data": {"text": "A dog"}, "annotations": []}, config=MARKING)
    schema = FORMAT.read(Source(file), Options(), ReadContext()).schema
    assert [(label.name, label.kinds, [q.name for q in label.attributes]) for label in schema.labels] == [
        ("kind", (Kind.ENTITY,), ["kind"])
    ]
    assert schema.questions == ()


@pytest.mark.parametrize(
    ("tag", "markup", "media", "path"),
    [
        ("hypertext", "<embed src='https://x.org/d/a.pdf' width='100%' height='600px'/>", Media.DOCUMENT, "d/a.pdf"),
        ("hypertext", '<iframe src="https://x.org/a.pdf?k=1&amp;l=2"></iframe>', Media.DOCUMENT, "a.pdf"),
        ("hypertext", '<video src="/data/upload/3/0123abcd-v.mp4" controls></video>', Media.VIDEO, "v.mp4"),
    ],
)
def test_a_page_that_only_shows_a_file_is_that_file(tag: str, markup: str, media: Media, path: str) -> None:
    config = parse_config(b'<View><HyperText name="p" value="$page"/></View>')
    (slot,), _ = slots_of({"page": markup}, config, None)
    assert slot.reference is not None
    assert (slot.media, slot.reference.names[0], slot.text) == (media, path, None)


def test_a_page_with_words_is_a_text() -> None:
    config = parse_config(b'<View><HyperText name="p" value="$page"/></View>')
    (slot,), _ = slots_of({"page": "<p>See <img src='a.png'/></p>"}, config, None)
    assert slot.media is Media.TEXT


# ------------------------------------------------------------------------------------------------------- configs


def test_conditions_name_labels_by_value_or_alias(tmp_path: Path) -> None:
    config = """<Image name="image" value="$image"/>
    <RectangleLabels name="label" toName="image"><Label value="Big car" alias="car"/><Label value="Tree"/></RectangleLabels>
    <Choices name="hidden" toName="image" perRegion="true" whenTagName="label" whenLabelValue="Big car"><Choice value="y"/></Choices>
    <Choices name="sky" toName="image"><Choice value="Grey sky" alias="grey"/></Choices>
    <Choices name="rain" toName="image" visibleWhen="choice-selected" whenTagName="sky" whenChoiceValue="Grey sky"><Choice value="y"/></Choices>"""
    item, _ = one(
        tmp_path,
        {"id": "1", "from_name": "sky", "to_name": "image", "type": "choices", "value": {"choices": ["grey"]}},
        {"id": "2", "from_name": "rain", "to_name": "image", "type": "choices", "value": {"choices": ["y"]}},
        config=config,
    )
    assert answers(item) == {"sky": Choice("grey", (Attribute("rain", Choice("y")),))}
    schema = FORMAT.read(Source(tmp_path / "export.json"), Options(), ReadContext()).schema
    assert [(label.name, [q.name for q in label.attributes]) for label in schema.labels] == [
        ("car", ["hidden"]),
        ("Tree", []),
    ]
    assert [q.name for q in schema.questions[0].options[0].attributes] == ["rain"]


def test_questions_about_stretches_of_sound_are_declared_under_their_labels(tmp_path: Path) -> None:
    config = """<Labels name="l" toName="a"><Label value="Speech"/><Label value="Noise"/></Labels><Audio name="a" value="$audio"/>
    <TextArea name="words" toName="a" perRegion="true" whenTagName="l" whenLabelValue="Speech"/>
    <Choices name="voice" toName="a" perRegion="true"><Choice value="high"/><Choice value="low"/></Choices>"""
    file = export(tmp_path, {"id": 1, "data": {"audio": "a.wav"}, "annotations": []}, config=config)
    (question,) = FORMAT.read(Source(file), Options(), ReadContext()).schema.questions
    voice = Question("voice", Input.RADIO, (Option("high", ""), Option("low", "")))
    assert question.options == (
        Option("Speech", "", (Question("words", Input.TEXT, ()), voice)),
        Option("Noise", "", (voice,)),
    )


# -------------------------------------------------------------------------------------------------------- assets


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("http://localhost:8080/data/upload/yard.jpg", "yard.jpg", None),
        ("http://localhost:8080/data/upload/7/0123abcd-yard.jpg", "yard.jpg", None),
        ("http://127.0.0.1:8080/data/local-files/?d=clips/a%20b.mp4", "clips/a b.mp4", None),
        ("http://localhost:8081/set/a.jpg", "set/a.jpg", None),
        ("https://example.org/set/a.jpg", "set/a.jpg", "https://example.org/set/a.jpg"),
    ],
)
def test_addresses_on_this_computer_are_paths(text: str, name: str, url: str | None) -> None:
    reference = reference_of(text)
    assert reference is not None
    assert (reference.names[0], reference.url) == (name, url)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("/data/local-files/?d=set/a.JPG", ".jpg"),
        ("/tasks/1/presign/?fileuri=czM6Ly9idWNrZXQvZGlyL2EubXA0", ".mp4"),
        ("/data/local-files/?d=../a.jpg", ""),
        ("https://x.org/a.png?k=b.gif", ".png"),
    ],
)
def test_the_ending_of_what_the_server_serves(text: str, ending: str) -> None:
    assert extension(text) == ending


def test_a_local_file_is_a_picture_also_without_regions() -> None:
    (slot,), _ = slots_of({"image": "/data/local-files/?d=set/a.jpg", "note": "some words"}, Config(), None)
    assert (slot.media, slot.reference and slot.reference.names[0]) == (Media.IMAGE, "set/a.jpg")


def test_a_reference_that_leaves_the_root_is_no_text(tmp_path: Path) -> None:
    task = {
        "id": 1,
        "data": {"image": "/data/local-files/?d=../../x.jpg"},
        "annotations": [annotation(region(rectangle()))],
    }
    items, log = read(export(tmp_path, task))
    assert items == []
    assert log.diagnostics[Code.ASSET_UNKNOWN].count == 2


def test_a_view_that_was_turned_is_said_and_moves_nothing(tmp_path: Path) -> None:
    item, log = one(tmp_path, region(rectangle(), image_rotation=90))
    assert shapes(item) == {"r": Box(20, 20, 60, 40)}
    assert log.diagnostics[Code.ROTATION_IGNORED].count == 1


def test_a_table_has_no_counterpart(tmp_path: Path) -> None:
    config = '<Table name="t" value="$t"/><Choices name="c" toName="t"><Choice value="y"/></Choices>'
    answer = {"id": "1", "from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["y"]}}
    task = {"id": 1, "data": {"t": {"name": "x"}}, "annotations": [annotation(answer)]}
    items, log = read(export(tmp_path, task, config=config))
    assert items == []
    assert log.diagnostics[Code.UNSUPPORTED].count == 1


def test_what_no_control_is_about_is_no_asset(tmp_path: Path) -> None:
    config = """<Text name="hint" value="Draw!"/><Text name="q" value="$q"/><Image name="image" value="$image"/>
    <TextArea name="words" toName="image"/>"""
    answer = {"id": "1", "from_name": "words", "to_name": "image", "type": "textarea", "value": {"text": ["two"]}}
    item, _ = one(tmp_path, answer, data={"image": "a.jpg", "q": "How many?"}, config=config)
    assert (item.asset.path, answers(item)) == ("a.jpg", {"words": "two"})


# ------------------------------------------------------------------------------------------------------- regions


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
        ("A", Box(20, 20, 60, 40), (Attribute("textarea", "A", free=True),)),
        ("B", Box(100, 20, 60, 40), (Attribute("textarea", "B", free=True),)),
    ]


def test_repetitions_are_told_by_their_number_without_a_config(tmp_path: Path) -> None:
    task = {
        "id": 1,
        "data": {"images": [{"url": "https://x.org/0.jpg"}, {"url": "https://x.org/1.jpg"}]},
        "annotations": [annotation(*(region(rectangle(), id=f"r{n}", to_name=f"page_{n}") for n in (0, 1)))],
    }
    items, _ = read(export(tmp_path, task))
    assert [(i.asset.path, [a.id for a in i.annotations]) for i in items] == [("0.jpg", ["r0"]), ("1.jpg", ["r1"])]
