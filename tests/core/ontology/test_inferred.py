"""What the ontology and the report hold is what was written: no unused twin tool, no radio without options, no empty row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import Convert, cases, ontology, questions, report
from to_labelbox.model.items import Asset, Attribute, Box, Choice, Classification, Item, Object
from to_labelbox.model.schema import Input, Label, Option, Question, Schema
from to_labelbox.rules.settings import Policy

OUTLINES = {
    "segment": {
        "labels/a.txt": "0 0.1 0.1 0.5 0.1 0.5 0.5 0.3 0.6 0.1 0.5\n",
        "data.yaml": "train: images\nnames: [car, bus]\n",
    },
    "obb": {
        "labels/a.txt": "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n",
        "data.yaml": "train: images\ntask: obb\nnames: [car, bus]\n",
    },
    "dota": {"labelTxt/a.txt": "1 2 11 2 11 12 1 12 car 0\n"},
    "cvat": {
        "annotations.xml": "<annotations><version>1.1</version><meta><task><labels><label><name>car</name><type>polygon</type>"
        "<attributes></attributes></label><label><name>bus</name><type>mask</type><attributes></attributes></label></labels>"
        '</task></meta><image id="0" name="a.png" width="40" height="20">'
        '<polygon label="car" points="1,2;11,2;11,12" occluded="0" z_order="0"></polygon></image></annotations>'
    },
}
KIND_OF = {"auto": "polygon", "bbox": "rectangle", "polygon": "polygon", "mask": "raster-segmentation"}
MASK_OF = {**KIND_OF, "auto": "raster-segmentation"}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", OUTLINES)
def test_a_declared_outline_follows_the_policy(name: str, policy: Policy, convert: Convert, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for file, content in OUTLINES[name].items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content)
    (folder / "images").mkdir()
    Image.new("RGB", (40, 20)).save(folder / "images/a.png")
    run = convert(folder, geometry=policy)
    expected = {"car": KIND_OF[policy]}
    if name != "dota":  # names its classes in its rows alone
        expected["bus"] = MASK_OF[policy] if name == "cvat" else KIND_OF[policy]
    assert run.tools == expected
    assert [line["name"] for line in run.lines] == ["car"]


def test_a_policy_of_one_class_is_its_own(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(OUTLINES["cvat"]["annotations.xml"])
    run = convert(tmp_path / "a.xml", geometry="bbox", class_geometry={"car": "mask"})
    assert run.tools == {"car": "raster-segmentation", "bus": "rectangle"}


# ---------------------------------------------------------------------------------------------------------- questions


def pictures(*annotations: Any) -> list[Item]:
    return [
        Item(asset=Asset(path=f"{n}.jpg", width=100, height=80), annotations=[annotation])
        for n, annotation in enumerate(annotations)
    ]


def thing(*attributes: Attribute) -> Object:
    return Object(id="1", label="car", geometry=Box(1, 2, 3, 4), attributes=attributes)


def test_a_question_without_any_answer_is_left_out(convert: Convert) -> None:
    blanks = (Attribute("colour", " "), Attribute("parts", ("", " ")), Attribute("side", Choice("\t")))
    run = convert.items(pictures(thing(*blanks), thing(Attribute("colour", ""))))
    (tool,) = ontology(run.out)["tools"]
    assert questions(tool) == {}
    assert ["classifications" in line for line in run.lines] == [False, False]


def test_one_answer_among_blanks_makes_the_question(convert: Convert) -> None:
    inside = Choice("left", (Attribute("lamp", " "), Attribute("door", "open")))
    run = convert.items(pictures(thing(Attribute("colour", " ")), thing(Attribute("side", inside))))
    (tool,) = ontology(run.out)["tools"]
    assert questions(tool) == {"side": ["left"]}
    (side,) = tool["classifications"]
    assert questions({"classifications": side["options"][0]["options"]}) == {"door": ["open"]}


def test_a_declared_choice_of_blanks_is_free_text(convert: Convert) -> None:
    blank = (Option(" "), Option(""))
    schema = Schema(
        (Label("car", attributes=(Question("colour", Input.RADIO, blank), Question("parts", Input.CHECKLIST))),),
        (Question("weather", Input.RADIO, blank),),
    )
    answer = Classification(id="2", name="weather", value=" ")
    run = convert.items(pictures(thing(Attribute("colour", " ")), answer), schema=schema)
    (tool,) = ontology(run.out)["tools"]
    assert questions(tool) == {"colour": "text", "parts": "text"}
    assert questions(ontology(run.out)) == {"weather": "text"}
    assert run.codes["answer-empty"] == 1


def radios(questions: list[Any]) -> list[Any]:
    """Radios and checklists at every depth."""
    nested = [o for q in questions for o in q["options"]]
    return [q for q in questions if q["type"] != "text"] + [r for o in nested for r in radios(o["options"])]


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_every_radio_of_every_fixture_has_options(case: Any, tmp_path: Path) -> None:
    case.convert(tmp_path / "out")
    made = ontology(tmp_path / "out")
    found = radios(made["classifications"]) + [r for t in made["tools"] for r in radios(t["classifications"])]
    assert [q["name"] for q in found if not q["options"]] == []


# ------------------------------------------------------------------------------------------------------------- ledger

PART = "<part><name>{}</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax><ymax>{}</ymax></bndbox></part>"
PERSON = (
    "<annotation><filename>a.jpg</filename><size><width>40</width><height>20</height><depth>3</depth></size>"
    "<object><name>person</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox>"
    f"{PART.format('head', 9)}{PART.format('hand', 'no')}</object></annotation>"
)


@pytest.mark.parametrize("asked", [False, True])
def test_links_of_parts_are_written_and_not_counted(asked: bool, convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(PERSON)
    run = convert(tmp_path / "a.xml", relationships=asked)
    assert set(report(run.out)["classes"]) == {"person", "head", "hand"}
    total = run.report.annotations
    assert (total.read, total.converted, total.skipped) == (3, 2, 1)
    links = [line["relationship"] for line in run.lines if "relationship" in line]
    by_name = {line["name"]: line["uuid"] for line in run.lines}
    expected = {"source": by_name["head"], "target": by_name["person"], "type": "unidirectional"}
    assert links == ([expected] if asked else [])
    assert ("part of" in run.tools) == asked
    assert run.report.lines.by_kind.get("relationship", 0) == asked
