"""`inspect` says beforehand what `convert` does, and which limits are in reach."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

import to_labelbox
from harness import Case, Convert, annotation, cases, coco, image, item, save
from to_labelbox.api.inspection import inspected
from to_labelbox.cli import cli
from to_labelbox.conversion.job import ConversionJob, open_job
from to_labelbox.conversion.run import run
from to_labelbox.model.items import Asset, Box, Classification, Item, Keypoint, Keypoints, Media, Object, Polygon
from to_labelbox.model.survey import Survey
from to_labelbox.plugins.detect import verdicts
from to_labelbox.source.files import Source

JOB = {f.name for f in dataclasses.fields(ConversionJob)}

LIMITS = (
    ["annotations, plan Free", "annotations, plan Starter and Education", "annotations, plan Enterprise"]
    + ["features of the ontology", "annotations of one name on a data row", "pixels of a picture's longer side"]
    + ["characters of a text", "characters of a global key", "frames of a video"]
)


def told(*arguments: Any) -> Any:
    result = CliRunner().invoke(cli, ["inspect", *map(str, arguments), "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def limits(found: Any) -> dict[str, tuple[int | None, bool]]:
    return {limit["name"]: (limit["value"], limit["hit"]) for limit in found["limits"]}


def test_it_says_what_convert_does(convert: Convert, tmp_path: Path) -> None:
    case = next(c for c in cases("coco") if c.name == "demo")
    found = told(*case.source())
    report = case.convert(tmp_path / "out")
    written = json.loads((tmp_path / "out/report.json").read_text())
    for key in (
        "source",
        "assets",
        "annotations",
        "classes",
        "lines",
        "diagnostics",
        "unread",
        "assumptions",
        "suspicious",
    ):
        assert found[key] == written[key], key
    assert found["ontology"] == json.loads((tmp_path / "out/ontology.json").read_text())
    assert list(found["formats"]) == list(to_labelbox.formats())
    assert [name for name, verdict in found["formats"].items() if verdict["claims"]] == ["coco"]
    assert found["media"] == {"image": 4}
    assert found["splits"] == {"street": 4}
    assert found["estimate"]["lines"] == report.lines.total
    size = sum((tmp_path / "out" / name).stat().st_size for name in ("annotations.ndjson", "data_rows.ndjson"))
    assert found["estimate"]["bytes"] == pytest.approx(size, rel=0.2)
    assert {t["name"]: (t["kind"], t["shapes"]) for t in found["tools"]}["car (polygon)"] == ("polygon", 2)
    car = next(t for t in found["tools"] if t["name"] == "car (mask)")
    assert car["attributes"][0] == {"name": "color", "input": "radio", "values": ["red", "blue"], "scope": "whole"}
    assert [q["name"] for q in found["questions"]] == ["caption", "caption 2"]


def test_its_keys_are_stable() -> None:
    found = told(*next(c for c in cases("coco") if c.name == "boxes").source())
    assert (
        list(found)
        == (
            "formats source assets media splits sizes annotations classes tools questions lines estimate features limits "
            "diagnostics unread assumptions suspicious ontology"
        ).split()
    )
    assert [limit["name"] for limit in found["limits"]] == LIMITS
    page = (Path(__file__).parents[3] / "docs/inspect.md").read_text()
    for key in found:
        assert f"`{key}`" in page


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_fixture_can_be_inspected(case: Case) -> None:
    given = case.arguments()
    settings = given.pop("settings")
    sources = tuple(map(str, case.source()))
    job = ConversionJob(sources=sources, settings=settings, **{k: v for k, v in given.items() if k in JOB})
    opened = open_job(job)
    found = inspected(verdicts(Source(*sources)), opened, run(opened, None, settings))
    report = json.loads((case.folder / "expected.report.json").read_text())
    assert (
        found.estimate.lines
        == report["lines"]["total"]
        == sum(t.shapes for t in found.tools) + found.lines.by_kind.get("answer", 0)
    )
    assert sum(found.media.values()) == report["assets"]["read"]
    assert json.loads(found.to_json())["annotations"] == report["annotations"]


def test_sizes_are_a_distribution(tmp_path: Path) -> None:
    sizes = [(100, 80), (200, 60), (100, 80), (900, 700), (101, 90)]
    images = [image(n, width=w, height=h) for n, (w, h) in enumerate(sizes, 1)]
    found = told(save(tmp_path / "a.json", coco([annotation(bbox=[1, 1, 5, 5])], images)))
    assert found["sizes"] == {
        "known": 5,
        "distinct": 4,
        "width": {"min": 100, "median": 101, "max": 900},
        "height": {"min": 60, "median": 80, "max": 700},
        "most_common": [[100, 80, 2], [101, 90, 1], [200, 60, 1], [900, 700, 1]],
    }


def test_a_survey_of_parts_is_that_of_the_whole() -> None:
    first = Survey(sizes={(1, 2): 3}, splits={"train": 3}, largest={"key": 9, "text": 4}, bytes=10)
    first.absorb(Survey(sizes={(1, 2): 1, (5, 5): 1}, splits={"val": 2}, largest={"key": 7, "text": 8}, bytes=5))
    assert first == Survey(
        sizes={(1, 2): 4, (5, 5): 1}, splits={"train": 3, "val": 2}, largest={"key": 9, "text": 8}, bytes=15
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_limits_that_are_exceeded(workers: int, tmp_path: Path) -> None:
    long = "folder/" * 30 + "a.jpg"
    images = [image(1, name=long), image(2, width=12000, height=100), image(3)]
    boxes = [annotation(n, image_id=1 + n % 3, bbox=[1, 1, 5 + n % 7, 5]) for n in range(10_050)]
    found = told(save(tmp_path / "a.json", coco(boxes, images)), "--workers", workers)
    reached = limits(found)
    assert reached["annotations, plan Free"] == (10_050, True)
    assert reached["annotations, plan Starter and Education"] == (10_050, False)
    assert reached["pixels of a picture's longer side"] == (12000, True)
    assert reached["characters of a global key"] == (len(long), True)
    notes = [d for d in found["diagnostics"] if d["code"] == "limit"]
    assert len(notes) == 1
    assert any("12,000" in e["message"] for e in notes[0]["examples"])


def test_a_long_text_and_a_long_video_are_limits(convert: Convert) -> None:
    text = Item(asset=Asset(path="t", media=Media.TEXT, text="a b" * 30_000))
    answer = Classification(id="1", name="q", value="yes")
    run = convert.items([Item(asset=text.asset, annotations=[answer])])
    assert run.codes == {"limit": 1, "decision": 1}
    assert "90,000 characters" in run.examples[1] + run.examples[0]


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ([("car", 3000), ("bus", 3000)], []),
        ([("car", 5000)], []),
        ([("car", 5001), ("bus", 10)], ["5001 lines of 'car' (box)"]),
        ([("car", 5002), ("bus", 5003)], ["5003 lines of 'bus' (box)", "5002 lines of 'car' (box)"]),
    ],
)
def test_five_thousand_of_one_name_and_row(annotations: list[tuple[str, int]], said: list[str], tmp_path: Path) -> None:
    boxes = [
        Object(id=f"{name}{n}", label=name, geometry=Box(n % 90, 1, 5, 5))
        for name, count in annotations
        for n in range(count)
    ]
    report = to_labelbox.write([item(*boxes), item(path="2.jpg")], tmp_path / "many")
    noted = [e.message for d in report.diagnostics if d.code == "limit" for e in d.examples]
    assert [message.partition(" on one")[0] for message in noted if "data row" in message] == said


def test_many_lines_of_one_label_in_several_kinds_are_several_names(convert: Convert) -> None:
    """Shapes and keypoints of one label are tools of their own, each with 5,000 lines of its own."""
    ring = [0.0, 0.0, 9.0, 0.0, 9.0, 9.0]
    people = [
        Object(
            id=str(n),
            label="person",
            geometry=Box(n % 90, 1, 5, 5) if n % 2 else Polygon(((ring,),)),
            keypoints=Keypoints((Keypoint("head", n % 90, 3),)),
        )
        for n in range(4000)
    ]
    assert "limit" not in convert.items([item(*people)]).codes


class _Counted(list[Object]):
    """Annotations that are read while they are iterated: a second time costs as much as the first."""

    times = 0

    def __iter__(self) -> Iterator[Object]:
        self.times += 1
        return super().__iter__()


def test_lines_of_one_name_are_counted_without_encoding_them_again(tmp_path: Path) -> None:
    few, many = (
        _Counted(Object(id=str(n), label="a", geometry=Box(n % 90, 1, 5, 5)) for n in range(k)) for k in (5, 5001)
    )
    to_labelbox.write([msgspec.structs.replace(item(), annotations=few)], tmp_path / "few")
    report = to_labelbox.write([msgspec.structs.replace(item(), annotations=many)], tmp_path / "many")
    assert "limit" in [d.code for d in report.diagnostics]
    assert many.times == few.times
