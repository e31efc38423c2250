"""Pascal VOC: what a person would see on the picture, in every layout, and what happens to broken files: detection."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.voc import (
    BOX,
    CAT,
    CLASSES,
    GENUINE,
    INSTANCES,
    Files,
    Result,
    annotation,
    png,
    write,
)
from to_labelbox.plugins.reader import CERTAIN, LIKELY, Match, ReadContext, Refusal
from to_labelbox.source.files import Source
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.document import plain, tree
from to_labelbox_formats.voc.layout.class_lists import VOC_CLASSES
from to_labelbox_formats.voc.options import Angle, Corners, Options, Origin, Void
from to_labelbox_formats.voc.shapes import number

CVAT = "<?xml version='1.0'?><annotations><image id='0' name='a.jpg'/></annotations>"


LABELME = (
    "<annotation><filename>a.jpg</filename><source><sourceImage>x</sourceImage></source><object><name>cat</name>"
    "<deleted>0</deleted><polygon><pt><x>1</x><y>2</y></pt></polygon></object>"
    "<imagesize><nrows>5</nrows><ncols>5</ncols></imagesize></annotation>"
)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.xml": CVAT}, "CVAT"),
        ({"a.xml": LABELME}, "LabelMe"),
        ({"a.xml": "<View><Image/></View>"}, "Label Studio"),
        ({"a.xml": "<html/>"}, "<html>, not <annotation>"),
        (
            {"a.xml": f"<annotations>{annotation(CAT)}{annotation(CAT)}</annotations>"},
            "split it into one file an image",
        ),
        ({"a.xml": "<annotation/>"}, "no bndbox"),
        ({"a.xml": "text"}, "no XML"),
        ({"a.xml": ""}, "empty"),
        ({"a.txt": "0 0.5 0.5 0.1 0.1\n"}, "no XML file"),
    ],
)
def test_refusals_say_why(tmp_path: Path, files: Files, reason: str) -> None:
    verdict = FORMAT.sniff(Source(write(tmp_path, files)))
    assert isinstance(verdict, Refusal)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("files", "confidence"),
    [
        ({"a.xml": annotation(CAT)}, CERTAIN),
        ({"a.xml": "<annotation><segmented>0</segmented></annotation>"}, CERTAIN),
        (
            {"a.xml": "<!-- x -->\n<?pi?><annotation verified='yes'><size>\n<width>1</width></size></annotation>"},
            CERTAIN,
        ),
        ({".idea/misc.xml": "<project/>", "a.xml": annotation(CAT)}, CERTAIN),
        ({**{f"a{n:02}.xml": "<html/>" for n in range(30)}, "z.xml": annotation(CAT)}, CERTAIN),
        ({"a.xml": annotation(CAT), "a.txt": "0 0.5 0.5 0.1 0.1\n"}, CERTAIN),
        ({"a.xml": annotation(CAT), "ImageSets/Main/train.txt": "1 2 3 4 5\n", "classes.txt": "cat\n"}, CERTAIN),
        ({"SegmentationClass/a.png": b""}, LIKELY),
        ({"ImageSets/Main/train.txt": "a\n", "JPEGImages/a.jpg": b""}, LIKELY),
    ],
)
def test_claims(tmp_path: Path, files: Files, confidence: int) -> None:
    verdict = FORMAT.sniff(Source(write(tmp_path, files)))
    assert isinstance(verdict, Match)
    assert verdict.confidence == confidence


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xml", "<!---->" * 5000 + "<"),
        ("a.xml", "<!" + "a" * 50000),
        ("a.xml", "<annotation>" + " " * 60000),
        ("a.txt", "0 " + "11111111 " * 50 + "x"),
    ],
)
def test_sniffing_takes_no_time_on_hostile_text(tmp_path: Path, name: str, content: str) -> None:
    files = {name: content, "b.xml": annotation(CAT)}
    assert isinstance(FORMAT.sniff(Source(write(tmp_path, files))), Match)


_plain_text = st.text(st.sampled_from("ab1 é-_./0\t\n"), max_size=6)


_names = st.sampled_from(["cat", "dog", " big dog ", "é"])


_clean = st.sampled_from(["1", " 20 ", "0", "-3", "4.25", "007"])


_numbers = _clean | st.sampled_from(["1e3", "1,5", "", "nan", "99999999999"])


@st.composite
def _leaves(draw: Any, pool: Sequence[tuple[str, Any]], least: int = 0) -> str:
    chosen = draw(st.lists(st.sampled_from(pool), min_size=least, max_size=6, unique_by=lambda c: c[0]))
    space = draw(st.sampled_from(["", "\n\t", " "]))
    inner = "".join(f"{space}<{name}>{draw(content)}</{name}>" for name, content in chosen)
    return f"{inner}{space}"


def _corners(content: Any, least: int) -> Any:
    return _leaves([(c, content) for c in ("xmin", "ymin", "xmax", "ymax")], least)


_fields = [("pose", _plain_text), ("truncated", _plain_text), ("difficult", st.just("1"))]


_objects = st.one_of(
    _leaves([("name", _names), *_fields, ("bndbox", _corners(_clean, 4))], 5),
    _leaves([("name", _names), *_fields, ("bndbox", _corners(_numbers, 0)), ("odd", _plain_text)]),
)


_documents = _leaves(
    [
        ("filename", _plain_text),
        ("folder", _plain_text),
        ("size", _leaves([("width", _numbers), ("height", _numbers), ("depth", _numbers)])),
        ("source", _leaves([("database", _plain_text), ("annotation", _plain_text)])),
        ("segmented", _numbers),
        ("extra", _plain_text),
    ]
)


@settings(max_examples=300, deadline=None)
@given(_documents, st.lists(_objects, max_size=3))
def test_the_plain_grammar_says_what_the_parser_says(head: str, objects: list[str]) -> None:
    text = "<annotation>" + head + "".join(f"<object>{inner}</object>" for inner in objects) + "</annotation>"
    found = plain(text)
    if found is not None:
        parsed = tree(text)
        assert found[:6] == parsed[:6]
        assert parsed.unknown == []


def test_usual_files_are_plain() -> None:
    full = annotation(
        "<object><name>cat</name><pose>Left</pose><truncated>0</truncated><occluded>0</occluded>"
        f"<difficult>0</difficult>\n{BOX}</object>",
        source=GENUINE,
    ).replace("<annotation>", '<annotation verified="yes">', 1)
    found = plain(full)
    assert found is not None
    assert found.rows == [("cat", "Left", "0", "0", "0", "10", "20", "30", "40")]
    assert found.database == "The VOC2007 Database"


@pytest.mark.parametrize(
    "odd",
    [
        CAT.replace("cat", "a&amp;b"),
        CAT.replace("<name>", "<name lang='en'>"),
        CAT.replace(BOX, BOX + BOX),
        CAT.replace("cat", "c<!-- -->at"),
        CAT + "text",
        "<other>1</other>",
        CAT.replace("</object>", "<part/></object>"),
        CAT.replace("cat", "c\x01t"),
        CAT[:-1],
    ],
)
def test_anything_odd_is_not_plain(odd: str) -> None:
    assert plain(annotation(odd)) is None


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e8, max_value=1e8))
def test_numbers_keep_their_value(value: float) -> None:
    assert number(repr(value)) == value


def _mutated(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    at = rng.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        end = min(len(data), at + rng.randrange(1, 60))
        return data[:at] + data[end:]
    if kind == 3:
        return (
            data[:at] + rng.choice([b"<", b"&", b"\0", b"]]>", b"<!--", b"<object>", b"\xff\xfe", b"1e999"]) + data[at:]
        )
    if kind == 4:
        tags = [b"<name>", b"</name>", b"<bndbox>", b"<xmin>", b"<size>", b"<x1>", b"<cx>", b"<point>", b"</part>"]
        return data.replace(rng.choice(tags), rng.choice([b"", b"<a>", b"<b/>", b"<object>"]), 1)
    return data.replace(b"10", rng.choice([b"nan", b"", b"-1e308", b"9" * 400, b"0x1", b"1,5"]), rng.randrange(1, 4))


def test_a_thousand_mutations(tmp_path: Path) -> None:
    """No exception but our own, and the ledger balances; a good neighbour always converts."""
    rng = random.Random(20)
    rich = annotation(
        f"<object><name>person</name><pose>Left</pose><truncated>1</truncated>{BOX}<part><name>head</name>{BOX}</part>"
        "<actions><run>1</run></actions><attributes><attribute><name>a</name><value>10</value></attribute></attributes>"
        "</object>",
        "<object><name>boat</name><robndbox><cx>10</cx><cy>10</cy><w>10</w><h>5</h><angle>1</angle></robndbox></object>",
        "<object><name>sofa</name><polygon><x1>10</x1><y1>1</y1><x2>5</x2><y2>5</y2><x3>1</x3><y3>10</y3></polygon></object>",
        "<object><name>bird</name><point><x>10</x><y>10</y></point></object>",
        source=GENUINE,
    ).encode()
    seeds = [rich, annotation(CAT, CAT.replace("cat", "dog")).encode(), png(CLASSES), png(INSTANCES)]
    for round_ in range(50):
        folder = tmp_path / str(round_)
        files: dict[str, str | bytes] = {"Annotations/zz.xml": annotation(CAT)}
        for n in range(20):
            seed = rng.choice(seeds)
            name = (
                f"Annotations/{n}.xml"
                if seed[:1] == b"<"
                else f"{rng.choice(['SegmentationClass', 'SegmentationObject'])}/{n}.png"
            )
            files[name] = _mutated(seed, rng)
        told = Options(origin=Origin.AS_IS, corners=Corners.SWAPPED, angle=Angle.RADIANS, void=Void.BORDER)
        result = Result(write(folder, files), told, ReadContext())
        assert result.item("zz.jpg").annotations


def test_mutated_lists_and_labelmaps(tmp_path: Path) -> None:
    rng = random.Random(21)
    for n in range(60):
        files: dict[str, str | bytes] = {
            "Annotations/a.xml": annotation(CAT),
            "ImageSets/Main/train.txt": _mutated(b'a\nb 10\n"c d" 1\n', rng),
            "labelmap.txt": _mutated(b"background:0,0,0::\ncat:10,0,0:tail:run\n", rng),
            "dataset_meta.json": _mutated(b'{"label_map": {"0": "background", "10": "cat"}}', rng),
            "SegmentationClass/a.png": png(CLASSES),
        }
        assert Result(write(tmp_path / str(n), files), Options(), ReadContext()).paths == ["a.jpg"]


def test_declared_options_have_help() -> None:
    assert all(f.metadata.get("help") for f in Options.__dataclass_fields__.values())
    assert len(VOC_CLASSES) == 20
