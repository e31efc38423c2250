"""An existing ontology: what fits is written as before, what does not is left out, named and counted: misuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from builders.conform import colored, tool, zoo
from harness import Convert, annotation, coco, item, ontology
from to_labelbox import UsageError
from to_labelbox.cli import cli
from to_labelbox.model.items import (
    Attribute,
    Item,
)
from to_labelbox.ontology.fit_items import differences

FAULTS = {
    "nothing": "No such file",
    "[1]": "want an object with 'tools'",
    "{": "not JSON",
    '{"tools": 5}': "tools must be a list of objects",
    '{"tools": [{"tool": "rectangle"}]}': r"tools\[0\]: name must be a text",
    '{"tools": [{"tool": "rectangle", "name": "a", "classifications": [{"type": "select", "name": "b"}]}]}': (
        r"tools\[0\]\.classifications\[0\]: type 'select'; known are radio"
    ),
    '{"tools": [{"tool": "rectangle", "name": []}, {"tool": "line", "name": "None"}]}': r"tools\[0\]: name must be a text",
    '{"tools": [{"tool": "rectangle", "name": "a"}], "classifications": [{"type": "text", "name": "a"}]}': (
        "the name 'a' occurs twice at the first level"
    ),
    '{"classifications": [{"type": "radio", "name": "b", "options": [{"label": 5, "value": null}, {}]}]}': (
        r"classifications\[0\]\.options\[1\]: value must be a text"
    ),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_file_that_is_no_ontology(tmp_path: Path, convert: Convert, text: str) -> None:
    path = tmp_path / "o.json"
    if text != "nothing":
        path.write_text(text)
    with pytest.raises(UsageError, match=rf"--ontology .*o\.json: .*{FAULTS[text]}"):
        convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), ontology=path)


def test_tools_that_ground_truth_has_no_place_for_are_kept(convert: Convert, existing: Any) -> None:
    given = existing(tool("car"), tool("rank", "message-ranking"))
    made = convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), ontology=given)
    assert [t["name"] for t in ontology(made.out)["tools"]] == ["car", "rank"]


def diff(source: Path, given: Path, *more: str) -> tuple[Any, str]:
    made = CliRunner().invoke(cli, ["ontology", str(source), "--diff", str(given), *more], standalone_mode=False)
    return made.return_value, made.stdout


def test_diff_lists_what_would_have_to_be_added(tmp_path: Path, existing: Any) -> None:
    code, said = diff(zoo(tmp_path), existing(tool("cat"), tool("horse"), tool("Dog")))
    assert code == 1
    assert said.splitlines() == ["box tool 'dog': nearest: 'Dog'", "box tool 'Horse': nearest: 'horse'"]


def test_diff_compares_questions(tmp_path: Path) -> None:
    def items(*values: Any) -> list[Item]:
        return [item(colored("1", *(Attribute(f"q{n}", v) for n, v in enumerate(values))))]

    needed = to_labelbox.infer_ontology(items("a", ("b", "c"), "d"))
    there = to_labelbox.infer_ontology(items("a", "b"))
    assert [str(d) for d in differences(needed, there)] == [
        "question 'q1' of 'car': it is radio there and checklist here",
        "option 'c' of 'q1' of 'car': there are: 'b'",
        "radio question 'q2' of 'car': there are: 'q0', 'q1'",
    ]
    assert differences(there, there) == []


def test_diff_with_nothing_to_add(tmp_path: Path) -> None:
    source = zoo(tmp_path)
    to_labelbox.convert(source, tmp_path / "out")
    assert diff(source, tmp_path / "out" / "ontology.json") == (0, "")
    assert diff(source, tmp_path / "out" / "ontology.json", "--json") == (0, "[]\n")
