"""Names that any reader takes."""

from __future__ import annotations

import pytest

from harness import Convert, annotation, coco
from to_labelbox.ontology.infer import clean_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\tb", "a b"),
        ("a\r\nb", "a b"),
        ("car\n", "car"),
        ("a\u2028b", "a b"),
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("  a  b ", "  a  b "),
        ("\t\n", "(unnamed)"),
        ("", "(unnamed)"),
    ],
)
def test_a_tab_or_a_line_break_becomes_a_blank(name: str, expected: str) -> None:
    assert clean_name(name) == expected


def test_it_does_in_tools_and_questions(convert: Convert) -> None:
    given = annotation(bbox=[1, 1, 5, 5], attributes={"seen\nfrom": "the left"})
    run = convert(coco([given], categories=[{"id": 1, "name": "traffic\tlight"}]))
    (line,) = run.lines
    assert line["name"] == "traffic light"
    assert line["classifications"][0]["name"] == "seen from"
    assert run.tools == {"traffic light": "rectangle"}
