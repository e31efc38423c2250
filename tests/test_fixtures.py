"""Each fixture says in a line what it is about."""

from __future__ import annotations

import re

from harness import FIXTURES, cases

_TABLE = re.compile(r"^\| ([a-z-]+) \| is about \|\n\|---\|---\|\n((?:\| .+ \|\n)+)", re.MULTILINE)


def test_the_page_of_fixtures_has_a_line_for_each() -> None:
    text = (FIXTURES / "README.md").read_text()
    told: dict[str, str] = {}
    for format, rows in _TABLE.findall(text):
        for row in rows.splitlines():
            name, about = (part.strip() for part in row.strip("|").split(" | "))
            told[f"{format}/{name}"] = about
    assert sorted(told) == sorted(case.id for case in cases())
    assert all(10 < len(about) < 120 for about in told.values())
    assert len(set(told.values())) == len(told), "two fixtures are about the same"


def test_options_that_a_line_names_are_those_of_its_fixture() -> None:
    text = (FIXTURES / "README.md").read_text()
    for case in cases():
        (row,) = re.findall(rf"^\| {case.name} \| (.*) \|$", _section(text, case.format), re.MULTILINE)
        for option in re.findall(r"`-O (\w+)=", row):
            assert option in case.given.get("options", {}), case.id


def _section(text: str, format: str) -> str:
    return next(str(rows) for name, rows in _TABLE.findall(text) if name == format)
