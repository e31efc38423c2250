"""An existing ontology: what fits is written as before, what does not is left out, named and counted: everything fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from builders.conform import colored, tool, zoo
from harness import Case, Convert, annotation, cases, coco, item, lines, ontology, save
from to_labelbox.cli import cli
from to_labelbox.model.items import (
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Keypoint,
    Keypoints,
    Media,
    Object,
    Track,
)

SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]


def question(name: str, type: str = "radio", *options: Any, **more: Any) -> dict[str, Any]:
    """Options are names, or pairs of a name and the questions nested under it."""
    pairs = [option if isinstance(option, tuple) else (option, []) for option in options]
    listed = [{"label": value, "value": value, "options": nested} for value, nested in pairs]
    return {"type": type, "name": name, "instructions": name, "required": False, "options": listed, **more}


def written(folder: Path, items: list[Item], given: Path) -> tuple[list[Any], to_labelbox.Report]:
    """Lines and report of items made in Python, held against an ontology."""
    report = to_labelbox.write(items, folder / "out", ontology=given)
    assert [f for f in to_labelbox.validate(folder / "out") if f.code != "required-unanswered"] == []
    return lines(folder / "out"), report


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_a_set_fits_the_ontology_made_from_it(case: Case, tmp_path: Path) -> None:
    free = case.convert(tmp_path / "free")
    given = tmp_path / "free" / "ontology.json"
    bound = case.convert(tmp_path / "bound", ontology=given)
    for name in free.outputs:
        assert (tmp_path / "bound" / name).read_bytes() == (tmp_path / "free" / name).read_bytes(), name
    assert bound.classes == free.classes
    assert "not_in_ontology" not in bound.source.details


def test_the_ontology_is_written_as_it_was_given(convert: Convert, existing: Any) -> None:
    given = existing(
        {**tool("car"), "featureSchemaId": "ckabcdefghijklmnopqrstuvw", "schemaNodeId": None}, tool("unused")
    )
    made = convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), ontology=given)
    assert ontology(made.out) == json.loads(given.read_text())


@pytest.mark.parametrize("wrap", ["normalized", "ontology"])
def test_an_ontology_inside_an_export(convert: Convert, tmp_path: Path, wrap: str) -> None:
    given = save(tmp_path / "x" / "o.json", {"name": "street", wrap: {"tools": [tool("car")], "classifications": []}})
    made = convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), ontology=given)
    assert [line["name"] for line in made.lines] == ["car"]


@pytest.mark.parametrize(
    ("kinds", "shape", "tally"),
    [
        (["rectangle"], "bbox", (1, 0, 1, 0, 0)),
        (["polygon"], "polygon", (1, 1, 0, 0, 0)),
        (["raster-segmentation"], "mask", (1, 0, 1, 0, 0)),
        (["rectangle", "polygon"], "polygon", (1, 1, 0, 0, 0)),
        (["superpixel", "polygon"], "polygon", (1, 1, 0, 0, 0)),
    ],
)
def test_an_outline_is_written_as_the_kind_there_is(
    convert: Convert, existing: Any, kinds: list[str], shape: str, tally: tuple[int, ...]
) -> None:
    names = ["car"] if len(kinds) == 1 else [f"car ({kind})" for kind in ("box", "polygon")]
    if "superpixel" in kinds:
        names = ["car (mask)", "car (polygon)"]
    given = existing(*(tool(name, kind) for name, kind in zip(names, kinds)))
    made = convert(coco([annotation(1, bbox=[10, 10, 10, 10], segmentation=[SQUARE])]), ontology=given)
    (line,) = made.lines
    assert shape in line
    assert made.tally("car") == tally


def test_a_box_is_its_corners_where_there_are_polygons_alone(convert: Convert, existing: Any) -> None:
    made = convert(coco([annotation(1, bbox=[1, 2, 3, 4])]), ontology=existing(tool("car", "polygon")))
    (line,) = made.lines
    assert [(p["x"], p["y"]) for p in line["polygon"]] == [(1, 2), (4, 2), (4, 6), (1, 6)]
    assert made.tally("car") == (1, 1, 0, 0, 0)


def test_the_user_beats_the_ontology_about_kinds(convert: Convert, existing: Any) -> None:
    given = existing(tool("car (box)"), tool("car (polygon)", "polygon"))
    source = coco([annotation(1, bbox=[10, 10, 10, 10], segmentation=[SQUARE])])
    assert "bbox" in convert(source, ontology=given, geometry="bbox").lines[0]


def test_a_kind_that_is_not_there_is_skipped(convert: Convert, existing: Any) -> None:
    made = convert(coco([annotation(1, bbox=[1, 1, 5, 5])]), ontology=existing(tool("car", "point")))
    assert made.lines == []
    assert made.tally("car") == (1, 0, 0, 0, 1)
    assert made.examples[0].startswith(
        "not-in-ontology: instances.json annotations[0] (id 1): the ontology has no box tool 'car'"
    )


def test_missing_classes_are_counted_and_named(tmp_path: Path, existing: Any) -> None:
    given = existing(tool("cat"), tool("horse"))
    report = to_labelbox.convert(zoo(tmp_path), tmp_path / "out", ontology=given)
    assert report.source.details["not_in_ontology"] == {"tool 'Horse'": 2, "tool 'dog'": 2}
    messages = [e.message for d in report.diagnostics if d.code == "not-in-ontology" for e in d.examples]
    assert "the ontology has no tool 'Horse'; nearest: 'horse'" in messages
    assert report.classes["dog"].skipped == 2
    assert [line["name"] for line in lines(tmp_path / "out")] == ["cat"] * 3
    assert to_labelbox.validate(tmp_path / "out") == []


@pytest.mark.parametrize(("given", "code"), [([], 0), (["--fail-on", "skipped"], 1), (["--on-error", "fail"], 1)])
def test_exit_codes(tmp_path: Path, existing: Any, given: list[str], code: int) -> None:
    arguments = ["convert", str(zoo(tmp_path)), "-o", str(tmp_path / "out"), "--ontology", str(existing(tool("cat")))]
    outcome = CliRunner().invoke(cli, [*arguments, *given], standalone_mode=False)
    if "--on-error" in given:
        assert isinstance(outcome.exception, to_labelbox.RecordError)
        assert outcome.exception.exit_code == code
    else:
        assert outcome.return_value == code


def test_answers_that_do_not_fit(tmp_path: Path, existing: Any) -> None:
    given = existing(
        tool(
            "car",
            "rectangle",
            question("color", "radio", "red", "blue"),
            question("extras", "checklist", "roof", "hook"),
            question("note", "text"),
        )
    )
    found, report = written(
        tmp_path,
        [
            item(
                colored("1", Attribute("color", "red"), Attribute("note", 5)),
                colored("2", Attribute("color", "green")),
                colored("3", Attribute("extras", ("roof", "wings", "hook"))),
                colored("4", Attribute("color", ("blue", "red"))),
                colored("5", Attribute("owner", "me")),
            )
        ],
        given,
    )
    assert [line.get("classifications") for line in found] == [
        [{"name": "color", "answer": {"name": "red"}}, {"name": "note", "answer": "5"}],
        None,
        [{"name": "extras", "answer": [{"name": "roof"}, {"name": "hook"}]}],
        [{"name": "color", "answer": {"name": "blue"}}],
        None,
    ]
    tally = report.classes["car"]
    assert (tally.read, tally.converted, tally.approximated) == (5, 1, 4)
    assert report.source.details["not_in_ontology"] == {
        "'owner' of 'car'": 1,
        "a further answer to the radio 'color' of 'car'": 1,
        "option 'green' of 'color' of 'car'": 1,
        "option 'wings' of 'extras' of 'car'": 1,
    }


def test_nested_answers_that_do_not_fit(tmp_path: Path, existing: Any) -> None:
    model = question("model", "radio", "golf")
    given = existing(tool("car", "rectangle", question("make", "radio", ("vw", [model]))))
    found, report = written(
        tmp_path,
        [
            item(
                colored("1", Attribute("make", Choice("vw", (Attribute("model", Choice("golf")),)))),
                colored("2", Attribute("make", Choice("vw", (Attribute("model", Choice("polo")),)))),
            )
        ],
        given,
    )
    nested = [line["classifications"][0]["answer"].get("classifications") for line in found]
    assert nested == [[{"name": "model", "answer": {"name": "golf"}}], None]
    assert report.classes["car"].approximated == 1


def test_a_required_question_without_an_answer(tmp_path: Path, existing: Any) -> None:
    asked = question("color", "radio", "red", required=True)
    _, report = written(
        tmp_path,
        [item(colored("1"), colored("2", Attribute("color", "red")))],
        existing(tool("car", "rectangle", asked)),
    )
    assert {d.code: d.count for d in report.diagnostics if d.code == "required-unanswered"} == {
        "required-unanswered": 1
    }
    said = next(d for d in report.diagnostics if d.code == "required-unanswered")
    found = to_labelbox.validate(tmp_path / "out")
    assert [(f.code, f.message) for f in found] == [(said.code, said.examples[0].message)]


def test_questions_about_assets(tmp_path: Path, existing: Any) -> None:
    given = existing(classifications=(question("weather", "radio", "rain", "sun"), question("caption", "text")))
    answers = [
        Classification(id="1", name="weather", value=Choice("rain")),
        Classification(id="2", name="weather", value=Choice("sun")),
        Classification(id="3", name="mood", value=Choice("good")),
        Classification(id="4", name="caption", value="one", repeatable=True, free_text=True),
        Classification(id="5", name="caption", value="two", repeatable=True, free_text=True),
    ]
    found, report = written(tmp_path, [item(*answers)], given)
    assert [(line["name"], line["answer"]) for line in found] == [("weather", {"name": "rain"}), ("caption", "one")]
    assert report.classes["weather"].skipped == 1
    assert report.classes["mood"].skipped == 1
    assert report.classes["caption"].skipped == 1


def test_keypoints_without_what_tells_instances_apart(tmp_path: Path, existing: Any) -> None:
    def person(id: str, x: float) -> Object:
        points = Keypoints((Keypoint("nose", x, 5), Keypoint("tail", x, 9)))
        return Object(id=id, label="person", geometry=points)

    found, report = written(tmp_path, [item(person("1", 5), person("2", 50))], existing(tool("person/nose", "point")))
    assert [line["name"] for line in found] == ["person/nose", "person/nose"]
    assert all("classifications" not in line for line in found)
    assert report.classes["person"].approximated == 2
    assert report.source.details["not_in_ontology"] == {"point tool 'person/tail'": 2, "'instance' of 'person/nose'": 1}


def test_tracks(tmp_path: Path, existing: Any) -> None:
    asked = question("color", "radio", "red")
    given = existing(
        tool("car", "rectangle", asked, question("n", "text")),
        classifications=(question("weather", "radio", "rain", scope="index"),),
    )
    keys = (
        Keyframe(0, Box(1, 1, 5, 5), (Attribute("color", "red"),)),
        Keyframe(5, Box(9, 1, 5, 5), (Attribute("color", "blue"), Attribute("n", "1"))),
    )
    clip = Item(
        asset=Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=10),
        annotations=(
            Track(id="1", label="car", segments=(keys,)),
            Track(id="2", label="bus", segments=(keys,)),
            Classification(id="3", name="weather", value=Choice("rain"), frames=(FrameSpan(0, 3),)),
            Classification(id="4", name="weather", value=Choice("rain")),
        ),
    )
    found, report = written(tmp_path, [clip], given)
    assert [line["name"] for line in found] == ["car", "weather"]
    answers = [k.get("classifications") for k in found[0]["segments"][0]["keyframes"]]
    assert answers == [[{"name": "color", "answer": {"name": "red"}}], [{"name": "n", "answer": "1"}]]  # no longer red
    assert report.classes["bus"].skipped == 1
    assert report.classes["car"].approximated == 1
    assert report.source.details["not_in_ontology"] == {
        "option 'blue' of 'color' of 'car'": 1,
        "question 'weather'": 1,
        "tool 'bus'": 1,
    }


@pytest.mark.parametrize("type", ["radio", "checklist"])
def test_answers_at_one_time(tmp_path: Path, existing: Any, type: str) -> None:
    model = question("model", "radio", "golf", "polo")
    given = existing(
        classifications=(
            question("make", type, ("vw", [model]), "fiat", scope="index"),
            question("n", "text", scope="index"),
        )
    )

    def vw(name: str) -> Choice:
        return Choice("vw", (Attribute("model", Choice(name)),))

    answers = [
        (vw("golf"), 0, 5),
        (Choice("fiat"), 3, 8),
        (Choice("fiat"), 6, 8),
        (vw("polo"), 4, 4),
        (vw("polo"), 20, 22),
    ]
    clip = Item(
        asset=Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=30),
        annotations=tuple(
            Classification(id=str(n), name="make", value=value, frames=(FrameSpan(start, end),))
            for n, (value, start, end) in enumerate(answers)
        ),
    )
    _, report = written(tmp_path, [clip], given)
    assert report.classes["make"].skipped == {"radio": 2, "checklist": 1}[type]


def test_names_that_were_cleaned_fit_again(tmp_path: Path) -> None:
    names = ["a\tb", "line\nbreak", "two  blanks", "zero\u200bwidth", " ends ", "control\x01"]
    categories = [{"id": n, "name": name, "keypoints": [f"p{n}", f"q{n}"]} for n, name in enumerate(names, 1)]
    objects = [
        annotation(
            n, bbox=[n, n, 40, 40], category_id=n, keypoints=[5, 5, 2, 9, 9, 2], attributes=dict.fromkeys(names, v)
        )
        for v in names
        for n in [names.index(v) + 1]
    ]
    source = save(tmp_path / "in/a.json", {**coco(objects), "categories": categories})
    whole = [
        Classification(id=str(n), name="q\tuestion", value=Choice("op\ntion", (Attribute("be\tlow", "x\ty"),)))
        for n in (1, 2)
    ]
    items = [
        Item(asset=Asset(path=f"{one.id}.jpg", media=Media.IMAGE, width=9, height=9), annotations=[one])
        for one in whole
    ]
    free = to_labelbox.convert(source, tmp_path / "free")
    bound = to_labelbox.convert(source, tmp_path / "bound", ontology=tmp_path / "free/ontology.json")
    assert lines(tmp_path / "bound") == lines(tmp_path / "free")
    assert bound.classes == free.classes
    to_labelbox.write(items, tmp_path / "made")
    made, report = written(tmp_path, items, tmp_path / "made/ontology.json")
    assert made == lines(tmp_path / "made")
    assert report.annotations.converted == 2


def test_two_names_that_are_cleaned_to_one_are_not_guessed(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "a b"}, {"id": 2, "name": "a\tb"}]
    objects = [annotation(n, bbox=[n, n, 40, 40], category_id=n) for n in (1, 2)]
    source = save(tmp_path / "in/a.json", {**coco(objects), "categories": categories})
    to_labelbox.convert(source, tmp_path / "free")
    bound = to_labelbox.convert(source, tmp_path / "bound", ontology=tmp_path / "free/ontology.json")
    assert (bound.annotations.converted, bound.annotations.skipped) == (1, 1)
