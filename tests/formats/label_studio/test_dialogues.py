"""Dialogues: which fields hold what is said and by whom, spans over several paragraphs, paragraphs in the order of their times."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import read, region, task, write
from harness import codes, lines
from to_labelbox.model.items import Media, Object, TextSpan
from to_labelbox_formats.label_studio import asset_field
from to_labelbox_formats.label_studio.regions.text_offsets import Offsets

WHAT = "fields of what is said in a dialogue"


def span(first: int, start: int, last: int, end: int, text: str | None) -> dict[str, Any]:
    value = {"start": str(first), "end": str(last), "startOffset": start, "endOffset": end, "paragraphlabels": ["w"]}
    return region("paragraphlabels", value | ({"text": text} if text is not None else {}))


def said(out: Path) -> list[tuple[str, str]]:
    (row,) = lines(out, "data_rows.ndjson")
    return [(m["content"], m["user"]["name"]) for m in row["row_data"]["messages"]]


@pytest.mark.parametrize(
    ("items", "taken", "texts"),
    [
        ([{"who": "A", "says": "Hello there"}, {"who": "B", "says": "Bye now"}], "text: says, speaker: who", 1),
        # the usual key is another text than the one that was labelled
        (
            [{"text": "Hallo", "en": "Hello there", "from": "A"}, {"text": "Tschau", "en": "Bye now", "from": "B"}],
            "text: en, speaker: from",
            1,
        ),
        (
            [{"speaker": "A", "text": "Hello there"}, {"speaker": "B", "text": "Bye now"}],
            "text: text, speaker: speaker",
            1,
        ),
    ],
)
def test_spans_tell_what_is_said(tmp_path: Path, items: list[Any], taken: str, texts: int) -> None:
    file = write(tmp_path, [task([span(1, 0, 1, 3, "Bye")], {"talk": items})])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert said(tmp_path / "out") == [("Hello there", "A"), ("Bye now", "B")]
    (line,) = lines(tmp_path / "out")
    assert (line["messageId"], line["location"]) == ("m2", {"start": 0, "end": 2})
    assert [(a.taken, a.for_, a.option) for a in report.assumptions if a.what == WHAT] == [
        (taken, texts, "-O config=FILE")
    ]
    assert not [u for u in report.unread if u.where == "data of tasks"]


def test_the_longest_text_of_a_dialogue_without_spans(tmp_path: Path) -> None:
    items = [{"key": "0123456789abcdef" * 4, "who": "A", "says": "Hello there"}]
    given = [region("choices", {"choices": ["yes"]})]
    report = to_labelbox.convert(write(tmp_path, [task(given, {"talk": items})]), tmp_path / "out")
    assert said(tmp_path / "out") == [("Hello there", "A")]
    (told,) = (a for a in report.assumptions if a.what == WHAT)
    assert (told.for_, told.unknown) == (0, 1)


def test_the_usual_keys_are_not_worth_a_word(tmp_path: Path) -> None:
    items = [{"author": "A", "text": "Hello there"}]
    report = to_labelbox.convert(
        write(tmp_path, [task([span(0, 0, 0, 5, "Hello")], {"talk": items})]), tmp_path / "out"
    )
    assert not report.assumptions


def test_options_that_a_task_offers_are_no_dialogue(tmp_path: Path) -> None:
    sound = region("labels", {"start": 0.5, "end": 2.5, "channel": 0, "labels": ["bird"]})
    given = task([sound], {"sound": "a.wav", "kinds": [{"value": "bird"}]})
    assert not to_labelbox.convert(write(tmp_path, [given]), tmp_path / "out").assumptions


CONFIG = '<Paragraphs name="shown" value="$talk" {more}/><ParagraphLabels name="paragraphlabels" toName="shown"><Label value="w"/></ParagraphLabels>'
WIDE = [
    {"author": "A", "text": "So 😀 it is"},
    {"author": "B", "text": "and"},
    {"author": "C", "text": "well 😀 yes no"},
]


@pytest.mark.parametrize(
    ("start", "end", "quote"),
    [
        (5, 11, "it is\n\nand\n\nwell 😀 yes"),
        (6, 12, "it is\n\nand\n\nwell 😀 yes"),
        (6, 12, "it is\nB\nand\nC\nwell 😀 yes"),
    ],
    ids=["code points", "UTF-16", "UTF-16 with speakers"],
)
def test_the_text_of_a_span_over_paragraphs_tells_its_unit(tmp_path: Path, start: int, end: int, quote: str) -> None:
    file = write(tmp_path, [task([span(0, start, 2, end - 1, quote)], {"talk": WIDE})], CONFIG.format(more=""))
    report = to_labelbox.convert(file, tmp_path / "out")
    found = [(line["messageId"], *line["location"].values()) for line in lines(tmp_path / "out")]
    assert found == [("m1", 5, 9), ("m2", 0, 2), ("m3", 0, 9)]
    assert not report.assumptions
    assert codes(report).get("field-repaired", 0) == int(start != 5)


@pytest.mark.parametrize("more", ["", 'contextScroll="true"'])
@pytest.mark.parametrize(
    ("number", "text", "id"), [(0, "Bye", "m2"), (0, "Later", "m1"), (1, "Later", "m1"), (2, "First", "m3")]
)
def test_paragraphs_in_the_order_of_their_times(tmp_path: Path, more: str, number: int, text: str, id: str) -> None:
    """Where they are scrolled with the sound, the editor sorts them; what a span says it covers tells whether it did."""
    items = [("Later words", 5.0), ("Bye now", 1.0), ("First", 0)]
    talk = [{"author": "A", "text": words, "start": start} for words, start in items]
    given = span(number, 0, number, len(text), text)
    read_items, log = read(write(tmp_path, [task([given], {"talk": talk})], CONFIG.format(more=more)))
    (found,) = (a.geometry for a in read_items[0].annotations if isinstance(a, Object))
    stands = items[number][0].startswith(text)
    assert found == TextSpan(0, len(text), id if more or stands else f"m{number + 1}")
    assert ("span-shifted" in log.diagnostics) == (not more and not stands)


def test_a_text_is_searched_once_for_all_spans_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Counted(Offsets):
        @cached_property
        def _wide(self) -> list[int]:
            made.append(self.text)
            return []

    monkeypatch.setattr(asset_field, "Offsets", Counted)
    asset_field.FieldEvidence().see({"d": [{"text": "Hello there"}]}, [span(0, 0, 0, 3, "no") for _ in range(9)])
    assert made == ["Hello there"]


def test_a_text_in_the_place_of_a_dialogue_is_no_path(tmp_path: Path) -> None:
    value = {"chatmessage": {"role": "user", "content": "Hi"}}
    entry = {"id": "a", "from_name": "chat", "to_name": "chat", "type": "chatmessage", "value": value}
    data = {"scene": "A nurse calls. Ask for a name.", "chat_before": []}
    (item,), _ = read(write(tmp_path, [task([entry], data)]))
    assert (item.asset.media, item.asset.text, item.asset.path) == (
        Media.TEXT,
        "A nurse calls. Ask for a name.",
        "task-1",
    )


@pytest.mark.parametrize(
    ("value", "more", "media"),
    [
        ("my talks/of june.json", "", Media.CONVERSATION),
        ("my talks/of june", 'valueType="url"', Media.CONVERSATION),
        ("Hello there. See talk.json for it\nand more", "", Media.TEXT),
        ("Hello\nBye", "", Media.TEXT),
    ],
)
def test_a_path_with_blanks_in_place_of_a_dialogue_is_no_text(
    tmp_path: Path, value: str, more: str, media: Media
) -> None:
    items, _ = read(write(tmp_path, [task([], {"talk": value})], CONFIG.format(more=more)))
    assert [item.asset.media for item in items] == [media]
