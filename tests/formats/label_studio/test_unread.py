"""What no rule reads is named with a count: files, fields, types of regions, tags of the config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import box, region, task, write
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT

CONFIG = """<Image name="shown" value="$shown"/><RectangleLabels name="rectanglelabels" toName="shown">
<Label value="car"/></RectangleLabels>"""


def unread(source: Path, out: Path) -> dict[tuple[str, str, str], int]:
    report = to_labelbox.convert(source, out)
    return {(u.what, u.name, u.where): u.count for u in report.unread}


def test_an_export_as_the_server_writes_it_leaves_nothing_unread(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [task([box()])], CONFIG)
    assert unread(file.parent, tmp_path / "out") == {}


def test_planted_fields_are_named_with_their_counts(tmp_path: Path) -> None:
    odd: dict[str, Any] = {**box("a"), "depth": 3}
    odd["value"]["mass"] = 1
    tasks = [task([odd, box("b")], {"shown": "a.jpg", "city": "x"}, n, scene="day", meta={"by": "me"}) for n in (1, 2)]
    tasks[0]["annotations"][0]["mood"] = "good"
    file = write(tmp_path / "in", tasks, CONFIG)
    assert unread(file.parent, tmp_path / "out") == {
        ("field", "scene", "tasks"): 2,
        ("field", "meta", "tasks"): 2,
        ("field", "city", "data of tasks"): 2,
        ("field", "depth", "regions"): 2,
        ("field", "mass", "values"): 2,
        ("field", "mood", "annotations"): 1,
    }


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
@pytest.mark.parametrize("config", [True, False])
def test_data_of_flat_records_that_no_object_shows(name: str, config: bool, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    record = {"doc": 7, "text": "a good text", "id": 1, "mood": "good", "annotator": 1, "annotation_id": 1}
    table = [list(record), list(map(str, record.values()))]
    text = json.dumps([record]) if name == "a.json" else "\n".join(map(",".join, table)) + "\n"
    (tmp_path / "in" / name).write_text(text)
    labels = '<View><Text name="text" value="$text"/><Choices name="mood" toName="text"><Choice value="good"/></Choices></View>'
    if config:
        (tmp_path / "in" / "config.xml").write_text(labels)
    options = {} if config or name == "a.json" else {"answers": "mood", "data_key": "text"}
    made = to_labelbox.convert(tmp_path / "in" / name, tmp_path / "out", options=options)
    assert [(u.name, u.count) for u in made.unread] == [("doc", 1)]
    assert made.source.details["config"] == ("config.xml" if config else False)
    told = [e.message for d in made.diagnostics if d.code == "decision" for e in d.examples]
    assert any("config.xml beside it" in message for message in told) is config


def test_an_unknown_type_and_tag(tmp_path: Path) -> None:
    given = [box(), region("hologram", {"cells": 3}, "h")]
    file = write(tmp_path / "in", [task(given)], CONFIG + '<Hologram name="hologram" toName="shown"/>')
    found = unread(file.parent, tmp_path / "out")
    assert found["element", "hologram", "types of regions"] == 1
    assert found["field", "cells", "values"] == 1
    assert found["tag", "hologram", "labelling config"] == 1


def test_files_that_nothing_names(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [task([box()])], CONFIG).parent
    (source / "images").mkdir()
    for name in ("images/a.jpg", "images/0123abcd-a.jpg", "images/stray.jpg", "notes.txt", "other.json"):
        (source / name).write_text("{}")
    files = {u.name: u.why for u in to_labelbox.convert(source, tmp_path / "out").unread if u.what == "file"}
    assert set(files) == {"images/stray.jpg", "notes.txt", "other.json"}
    assert "not a Label Studio export" in files["other.json"]


def test_one_field_in_very_many_tasks_is_found_at_a_bounded_price(tmp_path: Path) -> None:
    tasks = [task([box()], {"shown": f"{n}.jpg"}, n, scene=1) for n in range(1, 6001)]
    found = unread(write(tmp_path / "in", tasks, CONFIG).parent, tmp_path / "out")
    assert 1000 <= found["field", "scene", "tasks"] <= 6000


def test_proposals_of_which_the_export_holds_the_ids_alone_are_named(tmp_path: Path) -> None:
    """The server writes them so, unless it is asked for more."""
    tasks = [task([box()], predictions=[1164]), task([box()], {"shown": "b.jpg"}, 2, predictions=[1165], drafts=[9])]
    file = write(tmp_path / "in", tasks, CONFIG)
    assert unread(file.parent, tmp_path / "out") == {
        ("list", "predictions", "tasks"): 2,
        ("list", "drafts", "tasks"): 1,
    }


OFFERED = '<Image name="shown" value="$shown"/><RectangleLabels name="rectanglelabels" toName="shown" value="$kinds"/>'


def offering(tmp_path: Path, *kinds: list[Any]) -> Any:
    tasks = [task([box()] if n == 1 else [], {"shown": f"{n}.jpg", "kinds": one}, n) for n, one in enumerate(kinds, 1)]
    return to_labelbox.convert(write(tmp_path / "in", tasks, OFFERED), tmp_path / "out")


def test_labels_that_the_data_of_tasks_offers_are_declared(tmp_path: Path) -> None:
    """Also those that no region has, of a task that comes last."""
    kinds = [{"value": "car", "background": "red"}, "bus"]
    report = offering(tmp_path, kinds, kinds, [{"value": "A train", "alias": "train"}])
    tools = json.loads((tmp_path / "out/ontology.json").read_text())["tools"]
    assert (tools[0]["name"], tools[0]["color"]) == ("car", "#ff0000")
    assert [tool["name"] for tool in tools] == ["car", "bus", "train"]
    assert report.unread == []


def test_options_that_differ_by_task_are_no_classes_and_told(tmp_path: Path) -> None:
    report = offering(tmp_path, *([{"value": f"answer {n}"}] for n in range(3)))
    assert [t["name"] for t in json.loads((tmp_path / "out/ontology.json").read_text())["tools"]] == ["car"]
    (told,) = report.unread
    assert (told.name, told.count) == ("kinds", 3)
    assert told.why == "tasks share no list of options of 'rectanglelabels': those that were chosen are written"


def test_two_lists_that_have_nothing_in_common_are_none_that_tasks_share(tmp_path: Path) -> None:
    report = offering(tmp_path, ["a", "b"], ["c", "d"])
    assert [told.name for told in report.unread] == ["kinds"]


def test_numbers_and_lists_inside_of_fields_are_options_too(tmp_path: Path) -> None:
    config = """<Text name="shown" value="$shown"/><Choices name="grade" toName="shown" value="$more.grades"/>
    <Choices name="kind" toName="shown" value="$kinds"/>"""
    data = {"shown": "words", "more": {"grades": [1, 2.0, 2.5]}, "kinds": [{"value": 7, "alias": 8}, {"value": "x"}]}
    file = write(tmp_path / "in", [task([], data)], config)
    context = ReadContext()
    dataset = FORMAT.read(Source(file), FORMAT.options(), context)
    assert [[o.value for o in q.options] for q in dataset.schema.questions] == [["1", "2", "2.5"], ["8", "x"]]
    assert not context.log.unread


def test_offered_options_are_nested_and_bring_questions_of_their_own(tmp_path: Path) -> None:
    config = """<Text name="shown" value="$shown"/><Taxonomy name="kind" toName="shown" value="$kinds"/>
    <Choices name="why" toName="shown" visibleWhen="choice-selected" whenTagName="kind" whenChoiceValue="b">
    <Choice value="y"/></Choices>"""
    kinds = [{"value": "a", "children": [{"value": "b"}]}]
    file = write(tmp_path / "in", [task([], {"shown": "words", "kinds": kinds})], config)
    (question,) = FORMAT.read(Source(file), FORMAT.options(), ReadContext()).schema.questions
    (below,) = question.options[0].attributes
    assert [option.value for option in below.options] == ["b"]
    assert [q.name for q in below.options[0].attributes] == ["why"]


def test_what_a_task_or_a_draft_says_beside_its_annotation_is_named(tmp_path: Path) -> None:
    given = task([box()], was_cancelled=True)
    given["annotations"][0]["drafts"] = [{"id": 1, "result": [box("d")]}]
    assert unread(write(tmp_path / "in", [given], CONFIG).parent, tmp_path / "out") == {
        ("field", "was_cancelled", "tasks"): 1,
        ("list", "drafts", "annotations"): 1,
    }
