"""Class maps: what each entry does to the payload, the ontology and the ledger, and what a faulty map says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from harness import Case, Convert, annotation, cases, coco, item, lines, ontology, report, save
from to_labelbox import ClassMap, ClassRule, ToLabelboxError, UsageError, read_class_map
from to_labelbox.cli import cli
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.conversion.run import run
from to_labelbox.model.items import (
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Media,
    Object,
    Track,
)
from to_labelbox.ontology.class_map_template import template

CATEGORIES = [{"id": n, "name": name} for n, name in enumerate(["car", "lorry", "dog", "tree"], 1)]
SQUARE = [10, 10, 20, 10, 20, 20, 10, 20]


def street(**more: Any) -> dict[str, Any]:
    """A car, two lorries, a dog with an outline, a tree."""
    found = [annotation(n, category_id=category, bbox=[n, 1, 10, 10]) for n, category in enumerate([1, 2, 2, 4], 1)]
    return coco(
        [*found, annotation(5, category_id=3, segmentation=[SQUARE], bbox=[10, 10, 10, 10])], None, CATEGORIES, **more
    )


def map_file(folder: Path, text: str, name: str = "map.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def names(run: Any) -> list[str]:
    return [line["name"] for line in run.lines]


def tools(out: Path) -> dict[str, str]:
    return {tool["name"]: tool["tool"] for tool in ontology(out)["tools"]}


# ------------------------------------------------------------------------------------------------------- classes


def test_rename_merge_and_drop(convert: Convert, tmp_path: Path) -> None:
    given = map_file(tmp_path / "m", "classes:\n  car: vehicle\n  lorry: {name: vehicle}\n  tree: null\n")
    made = convert(street(), class_map=given)
    assert names(made) == ["vehicle", "vehicle", "vehicle", "dog"]
    assert tools(made.out) == {"vehicle": "rectangle", "dog": "polygon"}
    assert made.tally("car") == (1, 1, 0, 0, 0)
    assert made.tally("lorry") == (2, 2, 0, 0, 0)
    assert made.tally("tree") == (1, 0, 0, 0, 1)
    assert made.codes["excluded"] == 1
    assert "vehicle" not in made.report.classes


def test_geometry_of_one_class(convert: Convert, tmp_path: Path) -> None:
    given = map_file(tmp_path / "m", "classes:\n  dog: {name: animal, geometry: bbox}\n")
    made = convert(street(), class_map=given)
    assert made.lines[-1]["bbox"] == {"top": 10.0, "left": 10.0, "height": 10.0, "width": 10.0}
    assert tools(made.out)["animal"] == "rectangle"
    assert made.tally("dog") == (1, 0, 1, 0, 0)


def test_a_class_becomes_an_answer_of_another(convert: Convert, tmp_path: Path) -> None:
    given = map_file(
        tmp_path / "m",
        "classes:\n  car: {name: vehicle, answers: {kind: car}}\n  lorry: {name: vehicle, answers: {kind: lorry}}\n",
    )
    made = convert(street(), class_map=given)
    answers = [line["classifications"] for line in made.lines if line["name"] == "vehicle"]
    assert answers == [[{"name": "kind", "answer": {"name": kind}}] for kind in ("car", "lorry", "lorry")]
    (vehicle,) = [tool for tool in ontology(made.out)["tools"] if tool["name"] == "vehicle"]
    (question,) = vehicle["classifications"]
    assert question["type"] == "radio"
    assert [option["value"] for option in question["options"]] == ["car", "lorry"]


def test_csv_says_the_simple_things(convert: Convert, tmp_path: Path) -> None:
    given = map_file(
        tmp_path / "m",
        "source,target,geometry,drop,attribute,value\ncar,vehicle,,,kind,car\nlorry,vehicle,,,kind,lorry\ndog,,bbox,,,\ntree,,,yes,,\n",
        "map.csv",
    )
    made = convert(street(), class_map=given)
    assert names(made) == ["vehicle", "vehicle", "vehicle", "dog"]
    assert "bbox" in made.lines[-1]
    assert made.lines[0]["classifications"] == [{"name": "kind", "answer": {"name": "car"}}]


def test_in_python_without_a_file(convert: Convert) -> None:
    made = convert(street(), class_map=ClassMap({"tree": ClassRule(name="plant")}))
    assert "plant" in names(made)


# ---------------------------------------------------------------------------------------- attributes and questions


def colored(*attributes: Attribute, **more: Any) -> Object:
    return Object(id=f"{attributes}", label="car", geometry=Box(1, 1, 10, 10), attributes=attributes, **more)


ATTRIBUTES = """\
classes:
  car:
    attributes:
      color:
        name: colour
        type: radio
        required: true
        options: {red: crimson, mauve: null}
      parked: null
"""


def test_attributes_and_options(convert: Convert, tmp_path: Path) -> None:
    given = read_class_map(map_file(tmp_path / "m", ATTRIBUTES))
    made = convert.items(
        [
            item(
                colored(Attribute("color", "red"), Attribute("parked", True)),
                colored(Attribute("color", "mauve")),
                colored(Attribute("color", "blue")),
            )
        ],
        class_map=given,
    )
    assert [line.get("classifications") for line in made.lines] == [
        [{"name": "colour", "answer": {"name": "crimson"}}],
        None,
        [{"name": "colour", "answer": {"name": "blue"}}],
    ]
    (tool,) = ontology(made.out)["tools"]
    (question,) = tool["classifications"]
    assert (question["name"], question["type"], question["required"]) == ("colour", "radio", True)
    assert [option["value"] for option in question["options"]] == ["crimson", "blue"]
    assert made.tally("car") == (3, 1, 2, 0, 0)


@pytest.mark.parametrize("type", ["radio", "checklist", "text"])
def test_a_forced_type(convert: Convert, tmp_path: Path, type: str) -> None:
    given = map_file(tmp_path / "m", f"classes: {{car: {{attributes: {{n: {{type: {type}}}}}}}}}\n")
    made = convert.items([item(*(colored(Attribute("n", n)) for n in range(30)))], class_map=read_class_map(given))
    (tool,) = ontology(made.out)["tools"]
    assert tool["classifications"][0]["type"] == type
    first = made.lines[0]["classifications"][0]["answer"]
    assert first == {"radio": {"name": "0"}, "checklist": [{"name": "0"}], "text": "0"}[type]


def test_options_nested_under_an_option(convert: Convert, tmp_path: Path) -> None:
    given = map_file(
        tmp_path / "m",
        "classes: {car: {attributes: {make: {options: {vw: {name: Volkswagen, attributes: {model: typ}}}}}}}\n",
    )
    nested = Choice("vw", (Attribute("model", Choice("golf")),))
    made = convert.items([item(colored(Attribute("make", nested)))], class_map=read_class_map(given))
    assert made.lines[0]["classifications"] == [
        {
            "name": "make",
            "answer": {"name": "Volkswagen", "classifications": [{"name": "typ", "answer": {"name": "golf"}}]},
        }
    ]


def test_questions_about_whole_assets(convert: Convert, tmp_path: Path) -> None:
    text = "questions:\n  weather: {name: sky, options: {rain: wet}}\n  mood: null\n"
    given = read_class_map(map_file(tmp_path / "m", text))
    made = convert.items(
        [
            item(
                Classification(id="1", name="weather", value=Choice("rain")),
                Classification(id="2", name="mood", value=Choice("good")),
            )
        ],
        class_map=given,
    )
    assert [(line["name"], line["answer"]) for line in made.lines] == [("sky", {"name": "wet"})]
    assert made.tally("weather") == (1, 1, 0, 0, 0)
    assert made.tally("mood") == (1, 0, 0, 0, 1)


def test_tracks_and_answers_over_frames(convert: Convert, tmp_path: Path) -> None:
    text = "classes: {car: {name: vehicle, attributes: {color: colour}}}\nquestions: {weather: sky}\n"
    keys = (Keyframe(0, Box(1, 1, 5, 5), (Attribute("color", "red"),)), Keyframe(5, Box(9, 1, 5, 5)))
    clip = Item(
        asset=Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=10),
        annotations=(
            Track(id="1", label="car", segments=(keys,)),
            Classification(id="2", name="weather", value=Choice("rain"), frames=(FrameSpan(0, 3),)),
        ),
    )
    made = convert.items([clip], class_map=read_class_map(map_file(tmp_path / "m", text)))
    assert {line["name"] for line in made.lines} == {"vehicle", "sky"}
    assert made.tally("car") == (1, 1, 0, 0, 0)


def test_an_answer_that_is_left_out_does_not_let_the_one_before_go_on(convert: Convert, tmp_path: Path) -> None:
    text = "classes: {car: {attributes: {color: {name: colour, options: {blue: {drop: true}}}}}}\n"
    keys = tuple(
        Keyframe(f, Box(1, 1, 5, 5), (Attribute("color", color), Attribute("n", "1")))
        for f, color in enumerate(("red", "blue", "red"))
    )
    clip = Item(
        asset=Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=10),
        annotations=(Track(id="1", label="car", segments=(keys,)),),
    )
    made = convert.items([clip], class_map=read_class_map(map_file(tmp_path / "m", text)))
    (segment,) = made.lines[0]["segments"]
    assert [{c["name"] for c in key["classifications"]} for key in segment["keyframes"]] == [
        {"colour", "n"},
        {"n"},
        {"colour", "n"},
    ]


# ------------------------------------------------------------------------------------------------- the template


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_the_template_changes_nothing(case: Case, tmp_path: Path) -> None:
    plain = case.convert(tmp_path / "plain")
    given = {
        k: v
        for k, v in case.arguments().items()
        if k in ("format", "options", "settings", "media_root", "sizes", "exif", "other_size")
    }
    opened = open_job(ConversionJob(sources=tuple(map(str, case.source())), **given))
    result = run(opened, None, given["settings"])
    text = template(opened.info.path, result.schema, result.ontology, result.survey, opened.log.ledger)
    case.convert(tmp_path / "mapped", class_map=map_file(tmp_path / "m", text))
    for name in ("annotations.ndjson", "data_rows.ndjson", "ontology.json"):
        if name in plain.outputs:
            assert (tmp_path / "mapped" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name
    assert report(tmp_path / "mapped")["classes"] == report(tmp_path / "plain")["classes"]


def test_the_template_on_the_command_line(tmp_path: Path) -> None:
    source = save(tmp_path / "instances.json", street())
    made = CliRunner().invoke(cli, ["ontology", str(source), "--class-map-template"])
    assert "  lorry: lorry  # 2 annotations, written as 2 box" in made.output.splitlines()


# ------------------------------------------------------------------------------------------------------- faults


FAULTS = {
    "classes: {vehicle: x}": r"map\.yaml:1: no class 'vehicle' in the source; there are: 'car', 'dog', 'lorry', 'tree'",
    "classes:\n  lory: x\n  Car: y": r":2: no class 'lory' in the source; nearest: 'lorry'\n.*:3: no class 'Car' in the source; nearest: 'car'",
    "classes: {car: {attributes: {color: x}}}": "no attribute 'color' of 'car'; there is none",
    "questions: {weather: x}": "no question 'weather' in the source",
    "classes:\n  car: a\n  car: b": r":3: class 'car' is there twice, first on line 2",
    "classes: {car: {colour: red}}": r"class 'car' has no entry 'colour'",
    "classes: {car: {geometry: boxes}}": "geometry: 'boxes': want auto, bbox, polygon, mask",
    "classes: {car: {attributes: {a: {type: select}}}}": "type: 'select': want radio, checklist, text",
    "classes: {car: {drop: perhaps}}": "want true, yes, false, no",
    "classes: [car]": "want 'name: …' pairs",
    "classes: {car: {name: ''}}": "is blank",
    "classes: {car: {answers: {kind: ''}}}": "is empty",
    "klasses: {}": "has no entry 'klasses'; nearest: 'classes'",
    "": "is empty",
    "classes: {car: &a {}, dog: *a}": "aliases",
    "classes: {car": "not YAML",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_named_with_its_line(convert: Convert, tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=FAULTS[text]):
        convert(street(), class_map=map_file(tmp_path / "m", text))


CSV_FAULTS = {
    "target\nx\n": "map.csv:1: the first row must name the columns",
    "source,colour\ncar,red\n": "map.csv:1: no column 'colour'",
    "source,target\ncar,a\ncar,b\n": "map.csv:3: class 'car' is there twice, first on line 2",
    "source,target\ncar,a,b\n": "map.csv:2: 3 values for 2 columns",
    "source,attribute,value\ncar,kind,\n": "map.csv:2: attribute and value go together",
    "source,geometry\ncar,round\n": "map.csv:2: geometry 'round'",
}


@pytest.mark.parametrize("text", CSV_FAULTS)
def test_a_faulty_csv(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=CSV_FAULTS[text]):
        read_class_map(map_file(tmp_path / "m", text, "map.csv"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml: the class map cannot be read"):
        read_class_map(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"classes: {caf\xe9: x}")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_class_map(tmp_path / "latin.yaml")


def test_a_fault_writes_nothing(tmp_path: Path) -> None:
    source = save(tmp_path / "instances.json", street())
    given = map_file(tmp_path / "m", "classes: {vehicle: x}")
    with pytest.raises(ToLabelboxError):
        to_labelbox.convert(source, tmp_path / "out", class_map=given)
    assert not (tmp_path / "out").exists()


def test_unknown_names_can_be_a_warning(convert: Convert, tmp_path: Path) -> None:
    made = convert(street(), class_map=map_file(tmp_path / "m", "unknown: warn\nclasses: {vehicle: x, car: auto}\n"))
    assert made.codes["map-unused"] == 1
    assert names(made)[0] == "auto"


def test_workers_give_the_same_bytes(tmp_path: Path) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 80} for n in range(40)]
    found = [{"id": n, "image_id": n, "category_id": n % 4 + 1, "bbox": [1, 1, 5, 5]} for n in range(40)]
    source = save(tmp_path / "instances.json", coco(found, images, CATEGORIES))
    given = map_file(
        tmp_path / "m", "classes: {car: vehicle, lorry: {name: vehicle, answers: {kind: lorry}}, tree: null}"
    )
    for workers in (1, 2):
        to_labelbox.convert(source, tmp_path / str(workers), class_map=given, workers=workers)
    assert lines(tmp_path / "1")
    for name in ("annotations.ndjson", "ontology.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_map_of_names_alone_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError, match=r"'dog' has 'animal': want a ClassRule, as ClassRule\(name='car'\)"):
        ClassMap(classes={"dog": "animal"})  # type: ignore[dict-item]
