"""Questions that are asked under an option at any depth; answers and objects that one id or no control seems to join."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import to_labelbox
from build.label_studio import read, region, task, write
from harness import lines, ontology
from to_labelbox.model.items import Media

TEXT = '<Text name="shown" value="$shown"/>'
TREE = '<Choice value="Animal" alias="an"><Choice value="Cat" alias="ca"/><Choice value="Dog"/></Choice><Choice value="Plant"/>'
ASKED = '<Choices name="why" toName="shown" visibleWhen="choice-selected" whenTagName="{of}" whenChoiceValue="{when}"><Choice value="yes"/><Choice value="no"/></Choices>'


def answer(kind: str, chosen: Any, name: str, **more: Any) -> dict[str, Any]:
    return {**region(kind, {kind: chosen}, name), "from_name": name, **more}


def question_below(question: dict[str, Any], *options: str) -> Any:
    """The questions under an option of an ontology, along a path of options."""
    for value in options:
        option = next(o for o in question["options"] if o["value"] == value)
        question, *_ = option["options"] or [{}]
    return option["options"]


def test_a_question_under_an_option_of_a_taxonomy(tmp_path: Path) -> None:
    config = f'{TEXT}<Taxonomy name="tree" toName="shown" maxUsages="1">{TREE}</Taxonomy>' + ASKED.format(
        of="tree", when="Cat"
    )
    given = [answer("taxonomy", [["an", "ca"]], "tree"), answer("choices", ["yes"], "why")]
    to_labelbox.convert(write(tmp_path, [task(given, {"shown": "a text"})], config), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    (inner,) = line["answer"]["classifications"]
    assert inner["answer"] == {"name": "ca", "classifications": [{"name": "why", "answer": {"name": "yes"}}]}
    (tree,) = ontology(tmp_path / "out")["classifications"]
    (why,) = question_below(tree, "an", "ca")
    assert [o["value"] for o in why["options"]] == ["yes", "no"]
    assert question_below(tree, "an", "Dog") == []


def test_a_question_under_a_nested_choice(tmp_path: Path) -> None:
    config = f'{TEXT}<Choices name="tree" toName="shown" allowNested="true">{TREE}</Choices>' + ASKED.format(
        of="tree", when="Dog"
    )
    given = [answer("choices", [["an", "Dog"]], "tree"), answer("choices", ["no"], "why")]
    report = to_labelbox.convert(write(tmp_path, [task(given, {"shown": "a text"})], config), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    (inner,) = line["answer"]["classifications"]
    assert inner["answer"]["classifications"] == [{"name": "why", "answer": {"name": "no"}}]
    assert report.annotations.read == 2


def test_a_question_under_no_option_that_there_is_keeps_its_options(tmp_path: Path) -> None:
    config = f'{TEXT}<Choices name="tree" toName="shown">{TREE}</Choices>' + ASKED.format(of="tree", when="Stone")
    given = [answer("choices", ["Plant"], "tree"), answer("choices", ["no"], "why")]
    to_labelbox.convert(write(tmp_path, [task(given, {"shown": "a text"})], config), tmp_path / "out")
    assert [line["answer"]["name"] for line in lines(tmp_path / "out")] == ["Plant", "no"]
    why = next(q for q in ontology(tmp_path / "out")["classifications"] if q["name"] == "why")
    assert [o["value"] for o in why["options"]] == ["yes", "no"]


def test_answers_of_one_id_about_two_objects_stay_on_their_own(tmp_path: Path) -> None:
    config = "".join(
        f'<Text name="{n}" value="${n}"/><Choices name="of-{n}" toName="{n}"><Choice value="x"/></Choices>'
        for n in "ab"
    )
    given = [{**answer("choices", ["x"], f"of-{n}", to_name=n), "id": "one"} for n in "ab"]
    to_labelbox.convert(write(tmp_path, [task(given, {"a": "one text", "b": "another"})], config), tmp_path / "out")
    assert [(line["dataRow"]["globalKey"], line["name"]) for line in lines(tmp_path / "out")] == [
        ("task-1/a", "of-a"),
        ("task-1/b", "of-b"),
    ]


def test_a_chat_that_labels_itself_leaves_its_instruction_out(tmp_path: Path) -> None:
    config = '<Text name="how" value="$how"/><Chat name="chat" value="$chat"/>'
    data = {"how": "talk", "chat": [{"role": "user", "content": "hi"}]}
    written = answer("chatmessage", {"role": "user", "content": "more"}, "chat", to_name="chat")
    items, log = read(write(tmp_path, [task([written], data)], config))
    assert [item.asset.media for item in items] == [Media.CONVERSATION]
    assert [name for _, name, where, _ in log.unread if where == "data of tasks"] == ["how"]


def test_a_document_with_recognised_text(tmp_path: Path) -> None:
    config = '<PdfOcr name="shown" value="$file"/><RectangleLabels name="rectanglelabels" toName="shown"><Label value="car"/></RectangleLabels>'
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "page": 2, "rectanglelabels": ["car"]}
    given = task([region("rectanglelabels", value)], {"file": "https://x.org/a.pdf", "other": "https://x.org/b.json"})
    report = to_labelbox.convert(write(tmp_path, [given], config), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert (line["page"], line["bbox"]["top"], line["dataRow"]["globalKey"]) == (2, 0.2, "a.pdf")
    assert not [u for u in report.unread if u.what == "tag"]
