"""Label Studio: exports as servers of all ages, spreadsheets and scripts write them, with values computed by hand: text and pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import annotation, answers, export, one, read, rectangle, region, shapes
from builders.label_studio_exports import notes
from to_labelbox.model.items import Attribute, Box, Choice, Media, TextSpan
from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.assets import extension, reference_of, slots_of
from to_labelbox_formats.label_studio.config import Config, parse_config
from to_labelbox_formats.label_studio.options import Options


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
    assert notes([item]) == [(TextSpan(2, 5), (Attribute("n", "remark", free_text=True),))]
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


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("http://localhost:8080/data/upload/yard.jpg", "yard.jpg", None),
        ("http://localhost:8080/data/upload/7/0123abcd-yard.jpg", "yard.jpg", None),
        ("http://127.0.0.1:8080/data/local-files/?d=clips/a%20b.mp4", "clips/a b.mp4", None),
        ("http://localhost:8081/set/a.jpg", "set/a.jpg", None),
        ("http://localhost:8081/set/a%20b.jpg?t=1779612747", "set/a b.jpg", None),
        ("http://localhost:8081/picture?id=7", "picture?id=7", None),
        ("https://example.org/set/a.jpg", "set/a.jpg", "https://example.org/set/a.jpg"),
    ],
)
def test_addresses_on_this_computer_are_paths(text: str, name: str, url: str | None) -> None:
    reference = reference_of(text)
    assert reference is not None
    assert (reference.names[0], reference.url) == (name, url)


def test_queries_tell_files_on_this_computer_apart() -> None:
    first, second = (reference_of(f"http://localhost/a.jpg?page={n}") for n in (1, 2))
    assert first is not None
    assert second is not None
    assert first.names == ("a.jpg", "a.jpg?page=1")
    assert first.identity != second.identity


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


def test_a_view_that_was_turned_for_a_later_region_is_said(tmp_path: Path) -> None:
    _, log = one(tmp_path, region(rectangle()), region(rectangle(), id="s", image_rotation=90))
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
