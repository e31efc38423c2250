"""Values of flat records in every form that servers, tables and scripts give them: read, or counted with the reason."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import codes, lines
from to_labelbox.report.report import Report

WHO = {"annotator": 1, "annotation_id": 5, "created_at": "2024-01-01", "updated_at": "2024-01-01", "lead_time": 3}
CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="choices" toName="text"><Choice value="pos"/><Choice value="True"/></Choices>
<TextArea name="textarea" toName="text"/><Number name="number" toName="text"/><Rating name="rating" toName="text"/>
<DateTime name="datetime" toName="text"/><Taxonomy name="taxonomy" toName="text"><Choice value="A"/></Taxonomy>
<Labels name="labels" toName="text"><Label value="PER"/></Labels><Pairwise name="pairwise" toName="text"/></View>"""
SPAN = {"start": 0, "end": 3, "text": "Ann"}
KINDS = "choices textarea number rating datetime taxonomy labels pairwise".split()
FORMS: tuple[Any, ...] = (
    "pos", "", "[x", '[{"start": 0, "end": 3, "la', "3", "{}", 3, 2.0, True, ["pos"], ["a", "b"], [["A", "B"], ["A"]], [1, "a"],
    [None, "a"], [[0, 3, "PER"]], {"foo": 1}, [{"foo": 1}], {"choice": "pos"}, {"choices": "pos"}, {"choices": {"a": 1}},
    {"text": "abc"}, {"text": ["abc"]}, {"number": 3}, {"rating": "4"}, {"taxonomy": [["A"]]}, {"datetime": "2024-01-01"},
    {**SPAN, "labels": ["PER"]}, [{**SPAN, "label": "PER"}], [{**SPAN, "labels": ["PER"]}, "a"], [{**SPAN}],
)  # fmt: skip


def record(id: int, **answers: Any) -> dict[str, Any]:
    return {"text": "Ann went", "id": id, **answers, **WHO, "annotation_id": id}


def converted(folder: Path, records: list[dict[str, Any]], *, config: bool, table: bool = False) -> Report:
    folder.mkdir(exist_ok=True)
    if config:
        (folder / "config.xml").write_text(CONFIG)
    if table:
        rows = [{n: v if isinstance(v, str) else json.dumps(v) for n, v in r.items()} for r in records]
        with (folder / "export.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, [*dict.fromkeys(name for row in rows for name in row)])
            writer.writeheader()
            writer.writerows(rows)
    else:
        (folder / "export.json").write_text(json.dumps(records))
    return to_labelbox.convert(folder, folder.parent / "out", overwrite=True)


def options_of(answer: Any) -> list[str]:
    """All options of an answer, the nested ones too; those of a text are none."""
    if isinstance(answer, list):
        return [name for one in answer for name in options_of(one)]
    below = answer.get("classifications", ()) if isinstance(answer, dict) else ()
    return (
        [answer["name"], *(n for one in below for n in options_of(one["answer"]))] if isinstance(answer, dict) else []
    )


@pytest.mark.parametrize("written", ["as it is", "as JSON", "as Python", "in a table"])
@pytest.mark.parametrize("config", [True, False])
def test_nothing_that_a_control_holds_vanishes(tmp_path: Path, config: bool, written: str) -> None:
    """Every value in a place of answers is read, and what is not converted is counted; no option is a piece of JSON."""
    wrap: Any = {"as JSON": json.dumps, "as Python": repr}.get(written, lambda value: value)
    records = [
        record(n, **{kind: wrap(form) if isinstance(form, (list, dict)) else form})
        for n, (kind, form) in enumerate((k, f) for k in KINDS for f in FORMS)
    ]
    if written == "in a table" and not config:
        records.append(record(len(records), **{kind: {"choices": ["pos"]} for kind in KINDS}))
    made = converted(tmp_path / "in", records, config=config, table=written == "in a table")
    counts = made.annotations
    assert counts.read == counts.converted + counts.approximated + counts.merged + counts.skipped
    out = lines(tmp_path / "out")
    told = {line["dataRow"]["globalKey"] for line in out}
    named = " ".join(str(e.where) + " " for d in made.diagnostics for e in d.examples)
    lost = [r for r in records if f"task-{r['id']}" not in told]
    empty = [r for r in lost if "" in r.values()]
    assert counts.skipped >= len(lost) - len(empty), named
    pieces = [o for line in out for o in options_of(line.get("answer")) if o[:1] in ("{", "[") and o != "[x"]
    assert not pieces
    assert [u for u in made.unread if u.where == "data of tasks"] == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"number": "3"}, "3"),
        ({"rating": "4"}, {"name": "4"}),
        ({"datetime": 20240101}, "20240101"),
        ({"textarea": {"text": "abc"}}, "abc"),
        ({"textarea": 5}, "5"),
        ({"textarea": '["a", "b"]'}, "a\nb"),
        ({"textarea": '{"total": 5}'}, '{"total": 5}'),  # a text may be JSON
        ({"choices": "['pos']"}, {"name": "pos"}),
        ({"choices": [["pos"]]}, {"name": "pos"}),
        ({"choices": {"choice": "pos"}}, {"name": "pos"}),
        ({"choices": True}, {"name": "True"}),  # as the config writes it
        ({"choices": 5.0}, {"name": "5"}),
        ({"taxonomy": "A"}, {"name": "A"}),
    ],
)
def test_a_value_is_read_in_the_form_that_it_has(tmp_path: Path, answer: dict[str, Any], expected: Any) -> None:
    made = converted(tmp_path / "in", [record(1, **answer)], config=True)
    (line,) = lines(tmp_path / "out")
    assert (line["answer"], made.annotations.converted) == (expected, 1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"rating": True}, "true is no value of a control of type 'rating'"),
        ({"labels": "PER"}, "\"PER\" is no value of a control of type 'labels'"),
        ({"labels": '[{"start": 0, "end'}, "a list begins that is no JSON to its end"),
        ({"choices": {"foo": 1}}, '{"foo":1} is no value of a control of type'),
    ],
)
def test_a_value_that_has_no_form_is_named(tmp_path: Path, answer: dict[str, Any], message: str) -> None:
    made = converted(tmp_path / "in", [record(1, choices="pos"), record(2, **answer)], config=True)
    (said,) = [d for d in made.diagnostics if d.code == "record-unreadable"]
    assert message in said.message
    assert said.examples[0].where == f"[1], field '{next(iter(answer))}'"
    assert (made.annotations.read, made.annotations.skipped) == (2, 1)


def test_lists_in_texts_without_a_config(tmp_path: Path) -> None:
    spans = json.dumps([{**SPAN, "labels": ["PER"]}])
    made = converted(tmp_path / "in", [record(n, label=spans, tax=[["A", "B"], ["C"]]) for n in range(3)], config=False)
    assert [line["name"] for line in lines(tmp_path / "out")] == ["PER", "tax"] * 3
    assert (made.annotations.converted, set(codes(made))) == (6, {"decision"})


def test_data_that_is_neither_text_nor_number_is_named_as_unread(tmp_path: Path) -> None:
    records = [{"checked": True, "source": {"page": 1}, **record(n, choices="pos")} for n in range(2)]
    made = converted(tmp_path / "in", records, config=False)
    assert {(u.name, u.count) for u in made.unread} == {("checked", 2), ("source", 2)}


def test_the_text_to_label_may_have_the_name_of_a_control(tmp_path: Path) -> None:
    config = '<View><Text name="t" value="$text"/><Labels name="text" toName="t"><Label value="PER"/></Labels></View>'
    (tmp_path / "config.xml").write_text(config)
    (tmp_path / "export.json").write_text(json.dumps([{"text": "Ann went", "id": 1, **WHO}]))
    to_labelbox.convert(tmp_path, tmp_path / "out")
    (row,) = lines(tmp_path / "out", "data_rows.ndjson")
    assert row["row_data"] == "Ann went"


LOOKS = (
    "['the', 'cat']",
    '["the", "cat"]',
    "[None]",
    "{1, 2}",
    "{'a': 1}",
    '{"total": 5}',
    '[{"x": 1',
    "[{'text': 'a'}]",
)
LOOKS_LIKE_ANSWERS = ('[{"labels": ["PER"], "start": 0, "end": 3}]', "{'choices': ['pos']}", '[{"rating": 3}]')


@pytest.mark.parametrize("table", [False, True], ids=["JSON-MIN", "CSV"])
@pytest.mark.parametrize("tag", ["Text", "HyperText"])
@pytest.mark.parametrize("text", [*LOOKS, *LOOKS_LIKE_ANSWERS])
def test_a_text_to_label_stays_as_it_is(tmp_path: Path, text: str, tag: str, table: bool) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "config.xml").write_text(CONFIG.replace("<Text ", f"<{tag} "))
    records = [{**record(n, choices="pos"), "text": text} for n in range(2)]
    made = converted(tmp_path / "in", records, config=False, table=table)
    assert [row["row_data"] for row in lines(tmp_path / "out", "data_rows.ndjson")] == [text] * 2
    assert (made.annotations.read, made.annotations.converted, made.unread) == (2, 2, [])


@pytest.mark.parametrize("table", [False, True], ids=["JSON-MIN", "CSV"])
@pytest.mark.parametrize("text", ["['the', 'cat']", "[None]", "{1, 2}", "{'a': 1}", "[1, 2, x]"])
def test_a_text_to_label_stays_as_it_is_without_a_config(tmp_path: Path, text: str, table: bool) -> None:
    """Only what looks like regions is opened, and lists of dialogues and pages."""
    records = [{**record(n, label=[{**SPAN, "labels": ["PER"]}]), "text": text} for n in range(2)]
    converted(tmp_path / "in", records, config=False, table=table)
    assert [row["row_data"] for row in lines(tmp_path / "out", "data_rows.ndjson")] == [text] * 2


def test_what_an_object_shows_is_no_answer(tmp_path: Path) -> None:
    """Fields of a dialogue can have the names of answers."""
    config = """<View><Paragraphs name="talk" value="$talk" textKey="text" nameKey="author"/>
    <Choices name="mood" toName="talk"><Choice value="pos"/></Choices></View>"""
    (tmp_path / "config.xml").write_text(config)
    said = [{"author": "a", "text": "hello", "rating": 3}, {"author": "b", "text": "ho", "rating": 5}]
    (tmp_path / "export.json").write_text(json.dumps([{"talk": said, "id": 1, "mood": "pos", **WHO}]))
    made = to_labelbox.convert(tmp_path, tmp_path / "out")
    assert (made.annotations.read, made.annotations.converted) == (1, 1)
    assert len(lines(tmp_path / "out", "data_rows.ndjson")) == 1


def test_an_answer_in_a_table_may_look_like_an_object(tmp_path: Path) -> None:
    converted(tmp_path / "in", [record(1, textarea='{"total": 5}')], config=True, table=True)
    (line,) = lines(tmp_path / "out")
    assert line["answer"] == '{"total": 5}'


@pytest.mark.parametrize("shown", ["", 'value=""', 'value="$elsewhere"', 'value="$text"'])
def test_a_text_stays_as_it_is_wherever_the_config_looks_for_it(tmp_path: Path, shown: str) -> None:
    (tmp_path / "in").mkdir()
    config = (
        f"""<View><Text name="text" {shown}/><Choices name="c" toName="text"><Choice value="pos"/></Choices></View>"""
    )
    (tmp_path / "in" / "config.xml").write_text(config)
    converted(tmp_path / "in", [{**record(1, c="pos"), "text": "['the', 'cat']"}], config=False, table=True)
    assert [row["row_data"] for row in lines(tmp_path / "out", "data_rows.ndjson")] == ["['the', 'cat']"]
