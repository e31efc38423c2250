"""Where a span or an answer belongs when an export says it in several ways, or in none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, read, region, task, write
from harness import codes, lines
from to_labelbox.model.items import Attribute, Classification, Object, TextSpan

PAGE = "<body><p>One two</p><p>three four</p></body>"


def marked(text: str | None, globals: dict[str, int] | None, path: str = "/p[2]/text()[1]") -> dict[str, Any]:
    """The word ``four``, which is at 13..17 of the joined text, at 14..18 of the one with a line break, and at 6..10 of the second paragraph."""
    value: dict[str, Any] = {"start": path, "end": path, "startOffset": 6, "endOffset": 10, "hypertextlabels": ["w"]}
    value |= {"text": text} if text is not None else {}
    return region("hypertextlabels", value | ({"globalOffsets": globals} if globals is not None else {}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (marked("four", {"start": 13, "end": 17}), []),
        (marked("four", {"start": 20, "end": 24}), ["field-repaired"]),
        (marked("four", {"start": 2, "end": 6}), ["field-repaired"]),
        (marked(None, {"start": 200, "end": 204}), ["field-repaired"]),
        (marked("four", {"start": 13, "end": 17}, "/p[9]/text()[1]"), []),
        (marked("four", {}), []),
    ],
)
def test_a_span_is_where_its_text_stands(tmp_path: Path, given: dict[str, Any], said: list[str]) -> None:
    """Offsets in the joined text are the editor's count, which scripts and old versions made otherwise; the path is exact."""
    items, log = read(write(tmp_path, [task([given], {"shown": PAGE})]))
    ((span,),) = ([a.geometry for a in i.annotations if isinstance(a, Object)] for i in items)
    assert span == TextSpan(14, 18)
    assert [c for c in log.diagnostics if c in ("field-repaired", "span-shifted")] == said


def test_where_nothing_agrees_the_offsets_in_the_whole_text_count(tmp_path: Path) -> None:
    items, log = read(write(tmp_path, [task([marked("five", {"start": 4, "end": 7})], {"shown": PAGE})]))
    assert [a.geometry for a in items[0].annotations if isinstance(a, Object)] == [TextSpan(4, 7)]
    assert log.diagnostics["span-shifted"].count == 1


# ---------------------------------------------------------------------------------- answers with ids of their own

HEARD = {"start": 0.5, "end": 2.0, "channel": 0}
CONFIG = (
    '<Audio name="shown" value="$shown"/><Labels name="labels" toName="shown"><Label value="A"/></Labels>'
    '<TextArea name="said" toName="shown" perRegion="true"/>'
    '<Choices name="mood" toName="shown" perRegion="true"><Choice value="good"/></Choices>'
)


def heard(id: str, kind: str, name: str, value: dict[str, Any], place: dict[str, Any] = HEARD) -> dict[str, Any]:
    return {**region(kind, place | value, id), "from_name": name}


def test_answers_about_the_very_place_of_a_region_are_its_answers(tmp_path: Path) -> None:
    result = [
        heard("t", "textarea", "said", {"text": ["hello"]}),
        heard("a", "labels", "labels", {"labels": ["A"]}),
        heard("c", "choices", "mood", {"choices": ["good"]}),
    ]
    file = write(tmp_path / "in", [task(result, {"shown": "a.wav"})], CONFIG)
    items, log = read(file, config=str(tmp_path / "in" / "config.xml"))
    (answer,) = (a for a in items[0].annotations if isinstance(a, Classification))
    assert isinstance(answer.value, tuple)
    (option,) = answer.value
    assert [(a.name, a.free_text) for a in option.attributes] == [("said", True), ("mood", False)]  # type: ignore[union-attr]
    assert log.diagnostics["field-repaired"].count == 1
    report = to_labelbox.convert(tmp_path / "in", tmp_path / "out")
    assert report.annotations.read == report.annotations.converted == 1
    assert to_labelbox.validate(tmp_path / "out") == []


def test_texts_read_from_boxes_under_other_ids(tmp_path: Path) -> None:
    """As scripts write what they have recognised: a rectangle, its label and its text, each as a region of its own."""
    place = {"x": 10, "y": 10, "width": 10, "height": 10, "rotation": 0}
    result = [
        box("a", "total"),
        {**region("textarea", {**place, "text": ["12.50"]}, "b"), **SIZE},
        {**region("textarea", {**place, "x": 50, "text": ["elsewhere"]}, "c"), **SIZE},
    ]
    items, log = read(write(tmp_path, [task(result)]))
    (found,) = (a for a in items[0].annotations if isinstance(a, Object))
    assert found.attributes == (Attribute("textarea", "12.50", free_text=True),)
    assert log.diagnostics["class-unnamed"].count == 1


def test_answers_that_could_be_about_two_regions_stay_by_themselves(tmp_path: Path) -> None:
    text = {
        **region("textarea", {"x": 10, "y": 10, "width": 10, "height": 10, "rotation": 0, "text": ["?"]}, "t"),
        **SIZE,
    }
    report = to_labelbox.convert(write(tmp_path, [task([box("a", "x"), box("b", "y"), text])]), tmp_path / "out")
    assert codes(report)["class-unnamed"] == 1
    assert all("classifications" not in line for line in lines(tmp_path / "out"))


def test_of_two_answers_to_one_question_the_first_is_the_regions(tmp_path: Path) -> None:
    result = [
        heard("a", "labels", "labels", {"labels": ["A"]}),
        *(heard(id, "textarea", "said", {"text": [id]}) for id in "tu"),
    ]
    report = to_labelbox.convert(write(tmp_path, [task(result, {"shown": "a.wav"})], CONFIG), tmp_path / "out")
    assert report.annotations.read == 2
    assert codes(report)["class-unnamed"] == 1


def test_a_task_without_data_is_said_to_have_none(tmp_path: Path) -> None:
    one = {"id": 1, "annotations": [{"result": [box()]}]}
    report = to_labelbox.convert(write(tmp_path, [one, task([box()], id=2)]), tmp_path / "out")
    (message,) = {
        e.message
        for d in report.diagnostics
        if d.code == "asset-unknown"
        for e in d.examples
        if "data" in e.message and "cannot" not in e.message
    }
    assert message == "it has no data, so nothing says which asset it is about"


@pytest.mark.parametrize("on", ["b", "a"])
def test_a_region_on_an_object_that_its_task_does_not_show(tmp_path: Path, on: str) -> None:
    """It is not put on the picture that the task does show."""
    (tmp_path / "config.xml").write_text(
        '<View><Image name="a" value="$front"/><Image name="b" value="$back"/>'
        '<RectangleLabels name="l" toName="a,b"><Label value="car"/></RectangleLabels></View>'
    )
    file = write(tmp_path, [task([box(label="car") | {"to_name": on, "from_name": "l"}], {"front": "https://h/a.jpg"})])
    made = to_labelbox.convert(file, tmp_path / "out")
    assert made.annotations.converted == (on == "a")
    told = [e.message for d in made.diagnostics if d.code == "asset-unknown" for e in d.examples]
    assert told == (["the data of its task does not hold what its object 'b' shows: $back"] if on == "b" else [])
