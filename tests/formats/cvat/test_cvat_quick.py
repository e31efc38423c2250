"""Pictures read by one expression: the same as the careful way, and only where it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import to_labelbox
from cvat_files import attribute, export, image, items_of, label, open_text, task
from to_labelbox.model.items import Object
from to_labelbox.model.tables import Rows
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Policy, Settings
from to_labelbox_formats.cvat.options import Coordinates
from to_labelbox_formats.cvat.xml.fast_images import QuickReader
from to_labelbox_formats.labelbox.encode.shapes import Shapes


def read_none(_: QuickReader, pictures: Iterable[tuple[str, int]]) -> list[None]:
    return [None for _ in pictures]


META = task(label("car", "any", attribute("color", "select", "red\nblue") + attribute("note", "text")) + label("dog"))
COLOR = '<attribute name="color">{}</attribute>'


@st.composite
def shapes(draw: st.DrawFn) -> str:
    """A shape as CVAT writes it, or with one of the things that the expression must not read."""
    name = draw(st.sampled_from(["car", "dog", "car", "dog", "unknown", "", "R&amp;D", "c\nar", "c\tar"]))
    number = st.sampled_from(["0.00", "1.5", "10.25", "33.33", "70.00", "1e1", "nan", "", "-4", "1_0", "1\n", "&#49;0"])
    plain = st.sampled_from(["1.50", "22.25", "33.33", "60.00"])
    values = number if draw(st.integers(0, 5)) == 0 else plain
    head = f'label="{name}" source="manual" occluded="{draw(st.sampled_from("0011x"))}"'
    tail = draw(st.sampled_from(['z_order="0"'] * 5 + ['z_order="0" rotation="30"', 'z_order="0" group_id="3"']))
    if draw(st.booleans()):
        tag = "box"
        left, top, right, bottom = (draw(values) for _ in range(4))
        place = f'xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}"'
    else:
        tag = draw(st.sampled_from(["polygon", "polygon", "polygon", "polyline"]))
        pairs = draw(st.lists(st.tuples(values, values), max_size=7))
        place = f'points="{";".join(f"{x},{y}" for x, y in pairs)}"'
    inside = draw(
        st.sampled_from(
            [
                "",
                COLOR.format("red"),
                COLOR.format("green"),
                COLOR.format(""),
                COLOR.format("red") + "\n" + '<attribute name="note">one\ntwo</attribute>',
                '<attribute name="note"/>',
                '<attribute name="note">a &lt; b</attribute>',
                '<attribute name="note">one\r\ntwo</attribute>',
                '<attribute name="no\nte">one</attribute>',
                '<attribute name="no&#116;e">one</attribute>',
                '<attribute name="note">5" wide > all</attribute>',
            ]
        )
    )
    return f"<{tag} {head} {place} {tail}>\n{inside}\n</{tag}>"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(shapes(), max_size=5), min_size=1, max_size=4))
def test_it_says_the_same_as_the_careful_way(
    tmp_path_factory: pytest.TempPathFactory, pictures: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("x")
    text = export("\n".join(image("\n".join(p), f"{n}.jpg") for n, p in enumerate(pictures)), META)
    dataset, _ = open_text(folder, text, coordinates=Coordinates.PIXELS)
    quickly, log = items_of(dataset)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(QuickReader, "read", read_none)
        carefully, other = items_of(dataset)
    assert quickly == carefully
    assert log.ledger == other.ledger
    assert list(log.ledger) == list(other.ledger)
    assert log.diagnostics == other.diagnostics


BOX = '<box label="car" source="manual" occluded="0" xtl="1.00" ytl="2.00" xbr="30.10" ybr="4.00" z_order="0">{}</box>'
RING = (
    '<polygon label="car" source="manual" occluded="1" points="1.00,2.00;3.00,4.00;5.00,2.00" z_order="0">\n</polygon>'
)


@pytest.mark.parametrize(
    ("shapes", "read"),
    [
        ("", True),
        (BOX.format(""), True),
        (RING + BOX.format("\n" + COLOR.format("red") + "\n"), True),
        ((BOX.format("") + RING) * 400, True),
        (BOX.format("") + '<tag label="car" source="manual"></tag>', False),
        (BOX.format("") + '<box label="car" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"/>', False),
        (BOX.replace("occluded", "z_order=\"1\" occluded", 1).replace('z_order="0"', 'group_id="1"').format(""), False),
        (BOX.format("").replace("30.10", "1.00"), False),
        (BOX.format("").replace("30.10", "inf"), False),
        (RING.replace("3.00,4.00", "1.00,2.00"), False),
        (BOX.format(COLOR.format("a &amp; b")), False),
        (BOX.format("").replace("1.00", "1_0"), False),
        (BOX.format("").replace("1.00", "&#49;"), False),
        (BOX.format("").replace('"car"', '"c\nar"'), False),
        (BOX.format("").replace('"car"', '"c&#97;r"'), False),
        (BOX.format("").replace('occluded="0"', 'occluded="&#48;"'), False),
        (BOX.format('<attribute name="note">one\r\ntwo</attribute>'), False),
        (BOX.format('<attribute name="no\nte">one</attribute>'), False),
        (BOX.format("") + BOX.format("").replace('"manual"', '"a &amp; b"'), True),
        (RING.replace("1.00,2.00;3.00,4.00;5.00,2.00", ";".join(["1.00,2.00", "3.00,4.00"] * 4)), False),
        (RING.replace(";", "&#59;"), False),
    ],
)  # fmt: skip
def test_which_pictures_it_reads(
    shapes: str, read: bool, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []
    quick = QuickReader.read

    def spy(self: QuickReader, pictures: Iterable[tuple[str, int]]) -> list[Sequence[Object] | None]:
        annotations = quick(self, pictures)
        found.extend(own is not None for own in annotations)
        return annotations

    monkeypatch.setattr(QuickReader, "read", spy)
    dataset, _ = open_text(tmp_path_factory.mktemp("x"), export(image(shapes), META))
    items, log = items_of(dataset)
    assert found == [read]
    assert log.ledger.total().read == shapes.count("<box") + shapes.count("<polygon") + shapes.count("<tag")
    ids = [a.id for a in items[0].annotations]
    assert ids == [str(n) for n in range(len(ids))]


OUTLINES = ["1.00,2.00;3.00,4.00;5.00,2.00", "1,2;3,4;5,6;7,9", "1,2;3,4;5,2;1,2", "1,2;99,4;50,72", "-3,2;99,4;50,72"]
PLACES = ["1.00 2.00 30.10 4.00", "0 0 100 80", "1 1 1.0000000001 9", "-4 2 30 10", "50 2 101 10", "98 60 140 99"]


@st.composite
def drawn(draw: st.DrawFn) -> str:
    """A box or an outline, within the picture, across its border, or with something to mend; or a tag."""
    label, on, inside = draw(
        st.tuples(st.sampled_from("ab"), st.sampled_from("01"), st.sampled_from(["", COLOR, COLOR]))
    )
    head = f'label="{"car" if label == "a" else "dog"}" source="manual" occluded="{on}"'
    value = draw(st.sampled_from(["red", "blue"]))
    what = draw(st.integers(0, 20))
    if what == 20:
        return f"<tag {head}></tag>"
    if what % 3:
        corners = zip(("xtl", "ytl", "xbr", "ybr"), draw(st.sampled_from(PLACES[:2] * 4 + PLACES)).split())
        place = " ".join(f'{name}="{number}"' for name, number in corners)
        return f'<box {head} {place} z_order="0">{inside.format(value)}</box>'
    points = draw(st.sampled_from(OUTLINES[:1] * 6 + OUTLINES))
    return f'<polygon {head} points="{points}" z_order="0">{inside.format(value)}</polygon>'


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(drawn(), max_size=6), min_size=1, max_size=5),
    st.sampled_from([Settings(), *(Settings(geometry=one) for one in Policy), Settings(min_area=30)]),
)
def test_files_are_the_same_from_a_table_and_one_by_one(
    tmp_path: Path, pictures: list[list[str]], rules: Settings
) -> None:
    text = export("\n".join(image("\n".join(p), f"{n}.jpg") for n, p in enumerate(pictures)), META)
    (tmp_path / "a.xml").write_text(text)

    def written() -> dict[str, bytes]:
        to_labelbox.convert(
            tmp_path / "a.xml", tmp_path / "out", overwrite=True, geometry=rules.geometry, min_area=rules.min_area
        )
        return {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}

    quick = written()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Shapes, "tables", lambda _, rows: [(rows, None)])
        patched.setattr(Shapes, "parted", lambda *_: False)
        assert written() == quick
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(QuickReader, "read", read_none)
        assert written() == quick


def test_shapes_of_some_pictures_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a picture of very many are none, which would all be written at once."""
    few, many = image(BOX.format("") + RING, "{}.jpg"), image(BOX.format("") * 700, "many.jpg")
    dataset, _ = open_text(tmp_path, export(few.format(1) + few.format(2) + many + few.format(3), META))
    first, second, large, _ = (item.annotations for item in dataset.items(Log(), 0, 4))
    assert isinstance(first, Rows)
    assert isinstance(second, Rows)
    assert first.table is second.table
    assert isinstance(large, list)
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.plain", None)
    monkeypatch.setattr("to_labelbox.geometry.lowering.Lowering.lower", None)
    (tmp_path / "a.xml").write_text(export(few.format(1) + few.format(2), META))
    to_labelbox.convert(tmp_path / "a.xml", tmp_path / "out", overwrite=True)
    assert len((tmp_path / "out/annotations.ndjson").read_bytes().splitlines()) == 4
