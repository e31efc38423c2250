"""Pictures read by one expression: the same as the careful way, and only where it may be used."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvat_files import attribute, export, image, items_of, label, open_text, task
from to_labelbox_formats.cvat.options import Coordinates
from to_labelbox_formats.cvat.xml.fast_images import QuickReader
from to_labelbox_formats.cvat.xml.images import ImageReader

META = task(label("car", "any", attribute("color", "select", "red\nblue") + attribute("note", "text")) + label("dog"))
COLOR = '<attribute name="color">{}</attribute>'


@st.composite
def shapes(draw: st.DrawFn) -> str:
    """A shape as CVAT writes it, or with one of the things that the expression must not read."""
    name = draw(st.sampled_from(["car", "dog", "car", "dog", "unknown", "", "R&amp;D"]))
    number = st.sampled_from(["0.00", "1.5", "10.25", "33.33", "70.00", "1e1", "nan", "", "-4"])
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
        patched.setattr(ImageReader, "read_text", lambda self, text, start: None)
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
    ],
)  # fmt: skip
def test_which_pictures_it_reads(
    shapes: str, read: bool, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []
    quick = QuickReader.read

    def spy(self: QuickReader, text: str, start: int) -> object:
        annotations = quick(self, text, start)
        found.append(annotations is not None)
        return annotations

    monkeypatch.setattr(QuickReader, "read", spy)
    dataset, _ = open_text(tmp_path_factory.mktemp("x"), export(image(shapes), META))
    items, log = items_of(dataset)
    assert found == [read]
    assert log.ledger.total().read == shapes.count("<box") + shapes.count("<polygon") + shapes.count("<tag")
    ids = [a.id for a in items[0].annotations]
    assert ids == [str(n) for n in range(len(ids))]
