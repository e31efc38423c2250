"""Regions and references that are read in few steps become what the general way makes of them, whatever stands beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from build.label_studio import SIZE, read, task, write
from to_labelbox.model.items import Attribute, Choice, Object, TextSpan
from to_labelbox_formats.label_studio import assets
from to_labelbox_formats.label_studio.regions import plain
from to_labelbox_formats.label_studio.regions.text_offsets import Hypertext

TEXT = "Ärzte in Köln 😀 treffen\r\nsich."
PAGE = "<p>Ärzte in Köln 😀</p><p>treffen</p><ul><li>sich</li><li>heute</li></ul>"
CONTROLS = """<Image name="image" value="$image"/><RectangleLabels name="rect" toName="image"><Label value="a"/><Label value="b"/>
</RectangleLabels><PolygonLabels name="poly" toName="image"><Label value="a"/><Label value="c"/></PolygonLabels>"""
SPANS = """<Text name="text" value="$text"/><Labels name="span" toName="text"><Label value="a"/><Label value="b"/></Labels>"""
ASKED = """<Choices name="colour" toName="{0}" perRegion="true"><Choice value="red"/><Choice value="blue"/></Choices>
<TextArea name="note" toName="{0}" perRegion="true"/>"""


def often(usual: st.SearchStrategy[Any], *rare: Any) -> st.SearchStrategy[Any]:
    return st.one_of(*[usual] * 9, st.sampled_from(rare))


NUMBER = often(st.floats(0, 50), -3, 7, True, None, "8", 1e9)
LABELS = often(st.sampled_from([["a"], ["b"]]), [], ["a", "b"], ["z"], [""], "a", None)
POINTS = often(
    st.lists(st.tuples(NUMBER, NUMBER).map(list), min_size=3, max_size=6), [], [[1, 2]], [[1, 2, 3]] * 3, None
)
IDS = st.one_of(st.sampled_from("pqrstuvw"), st.sampled_from(["x", 5, None]))
MORE = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "meta": often(st.just({}), {"text": ["hm"]}),
        "parentID": often(st.just(""), "p"),
        "item_index": often(st.just(0), 1),
        "original_width": often(st.just(200), 300, None),
        "image_rotation": often(st.just(0), 90),
    },
).map(lambda more: SIZE | more)


def value(fields: dict[str, st.SearchStrategy[Any]], **rare: Any) -> st.SearchStrategy[Any]:
    odd = st.fixed_dictionaries(fields, optional={key: st.just(what) for key, what in rare.items()})
    return st.one_of(*[st.fixed_dictionaries(fields)] * 4, odd)


def entries(control: str, kind: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fixed = {"from_name": st.just(control), "type": st.just(kind), "value": values}
    return st.tuples(st.fixed_dictionaries(fixed), MORE).map(lambda both: both[0] | both[1])


RECTANGLE = value(
    dict.fromkeys(["x", "y", "width", "height"], NUMBER) | {"rectanglelabels": LABELS}, rotation=15, text=["t"]
)
OUTLINE = value({"points": POINTS, "polygonlabels": LABELS}, closed=False, choices=["red"])
ANSWERS = [
    entries(
        "colour", "choices", value({"choices": often(st.just(["red"]), [], ["red", "blue"], [3])}, x=1, labels=["a"])
    ),
    entries("note", "textarea", value({"text": often(st.just(["hm"]), "ha", ["", " "], [[]], 4)}, start=1, end=3)),
]


def span_in(text: str) -> st.SearchStrategy[dict[str, Any]]:
    """Spans of a text, a few of them beyond its end or of another text than they say; or with a path into a document."""
    return st.integers(0, len(text)).flatmap(
        lambda start: st.integers(start - 1, len(text) + 1).flatmap(
            lambda end: value(
                {
                    "start": often(st.just(start), str(start), "/p[1]/text()[1]"),
                    "end": st.just(end),
                    "text": often(st.just(text[start : max(end, 0)]), "in", None),
                    "labels": LABELS,
                },
                globalOffsets={"start": 0, "end": 2},
            )
        )
    )


ON_PICTURE = [entries("rect", "rectanglelabels", RECTANGLE), entries("poly", "polygonlabels", OUTLINE), *ANSWERS]
IN_TEXT = [entries("span", "labels", span_in(TEXT)), *ANSWERS]
IN_PAGE = [entries("span", "labels", span_in(Hypertext(PAGE).text)), *ANSWERS]


def the_same(folder: Path, shown: str, result: list[dict[str, Any]], config: str) -> None:
    data = {"image": "/data/upload/1/0123abcd-a.jpg", "text": TEXT, "page": PAGE}
    file = write(folder, [task([{**entry, "to_name": shown} for entry in result], {shown: data[shown]})], config)
    items, log = read(file, units="percent")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_DRAWN", {})
        patch.setattr(plain, "_in_text", lambda *_: None)
        others, other_log = read(file, units="percent")
    assert items == others
    assert log.ledger == other_log.ledger
    assert log.diagnostics == other_log.diagnostics


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(ON_PICTURE), max_size=12), st.booleans())
def test_the_same_on_pictures(tmp_path: Path, result: list[dict[str, Any]], configured: bool) -> None:
    the_same(tmp_path / str(configured), "image", result, CONTROLS + ASKED.format("image") if configured else "")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(IN_TEXT), max_size=12), st.booleans())
def test_the_same_in_texts(tmp_path: Path, result: list[dict[str, Any]], configured: bool) -> None:
    the_same(tmp_path / str(configured), "text", result, SPANS + ASKED.format("text") if configured else "")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(IN_PAGE), max_size=12), st.booleans())
def test_the_same_in_hypertext(tmp_path: Path, result: list[dict[str, Any]], marked: bool) -> None:
    """``marked``: the config calls it hypertext; else only a path into it can tell."""
    shown = f'<{"HyperText" if marked else "Text"} name="page" value="$page"/>'
    spans = '<Labels name="span" toName="page"><Label value="a"/><Label value="b"/></Labels>'
    the_same(tmp_path / str(marked), "page", result, shown + spans + ASKED.format("page"))


@pytest.mark.parametrize("paths", [0, 1, 2], ids=["none", "behind it", "before it"])
def test_spans_of_hypertext_cover_what_they_say(tmp_path: Path, paths: int) -> None:
    """However a span is written, whatever stands before it, and whether the config calls the text hypertext or not."""
    values = [{"start": 3, "end": 6, "text": "two", "labels": ["a"]}]
    place = {"start": "/p[1]/text()[1]", "startOffset": 0, "end": "/p[1]/text()[1]", "endOffset": 3}
    values[2 - paths : 2 - paths] = [{**place, "text": "one", "labels": ["a"]}] if paths else []
    result = [
        {"id": str(n), "from_name": "span", "to_name": "page", "type": "labels", "value": v}
        for n, v in enumerate(values)
    ]
    shown = "Text" if paths else "HyperText"
    config = f'<{shown} name="page" value="$page"/><Labels name="span" toName="page"><Label value="a"/></Labels>'
    (item,), _ = read(write(tmp_path, [task(result, {"page": "<p>one</p><p>two three</p>"})], config))
    text, spans = item.asset.text or "", [a.geometry for a in item.annotations if isinstance(a, Object)]
    assert text == "one\ntwo three"
    assert [text[s.start : s.end] for s in spans if isinstance(s, TextSpan)] == [v["text"] for v in values]


@given(
    st.tuples(
        st.sampled_from(["1/", "22/", "x/", ""]),
        st.sampled_from(["", "0123abcd-"]),
        st.text("a.-/\\\n:%\0 é", max_size=6),
    )
)
def test_plain_uploads_are_what_any_reference_is(parts: tuple[str, ...]) -> None:
    text = assets.UPLOADS + "".join(parts)
    found = assets.reference_of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "_PLAIN_UPLOAD", re.compile("(?!)"))
        assert assets.reference_of(text) == found


def test_plain_regions_do_not_go_the_general_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans, and shapes with answers about them, are what a text and a picture are mostly full of."""
    monkeypatch.setattr("to_labelbox_formats.label_studio.regions.task.TaskReader._group", lambda *_: ())
    start = TEXT.index("Köln")
    span = {"start": start, "end": start + 4, "text": "Köln", "labels": ["a"]}
    result = [{"id": "s", "from_name": "span", "to_name": "text", "type": "labels", "value": span}]
    (item,), _ = read(write(tmp_path, [task(result, {"text": TEXT})], SPANS))
    assert [a.geometry for a in item.annotations if isinstance(a, Object)] == [TextSpan(start, start + 4)]
    place: dict[str, Any] = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
    shape: dict[str, Any] = {"id": "r", "from_name": "rect", "to_name": "image", "type": "rectanglelabels", **SIZE}
    answer: dict[str, Any] = {"id": "r", "from_name": "colour", "to_name": "image", "type": "choices", **SIZE}
    result = [shape | {"value": {**place, "rectanglelabels": ["a"]}}, answer | {"value": {**place, "choices": ["red"]}}]
    config = CONTROLS + ASKED.format("image")
    (item,), _ = read(write(tmp_path, [task(result, {"image": "/data/upload/1/0123abcd-a.jpg"})], config))
    assert [a.attributes for a in item.annotations if isinstance(a, Object)] == [(Attribute("colour", Choice("red")),)]
