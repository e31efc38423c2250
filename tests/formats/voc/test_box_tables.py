"""Plain files that are read many at a time have the objects that each has by itself, whatever stands among them."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from to_labelbox.report.log import Log
from to_labelbox_formats.voc import box_tables
from to_labelbox_formats.voc.box_tables import BoxTables, counting_of
from to_labelbox_formats.voc.document import Document, plain
from to_labelbox_formats.voc.objects import annotations_of
from to_labelbox_formats.voc.shapes import Rules

NUMBERS = st.one_of(*[st.integers(1, 40).map(str)] * 9, st.sampled_from(["0", "-3", "1.0", "7.25", " 9 ", "999999999"]))
SIDES = st.one_of(*[st.integers(40, 90).map(str)] * 9, NUMBERS)
ROWS = st.tuples(
    st.one_of(*[st.sampled_from(["cat", "dog"])] * 9, st.sampled_from([" cat ", "", " "])),
    st.sampled_from(["", "Left", "Unspecified"]),
    *[st.one_of(*[st.sampled_from(["", "0", "1"])] * 9, st.just("perhaps"))] * 3,
    NUMBERS, NUMBERS, SIDES, SIDES,
)  # fmt: skip
DOCUMENTS = st.builds(
    lambda rows, again, database: Document("a.jpg", "100", "50", database, "", rows + rows[:again]),
    st.lists(ROWS, max_size=4),
    st.sampled_from([0] * 9 + [1]),
    st.sampled_from(["The VOC2007 Database", "mine"]),
)


def one_by_one(documents: list[Document], rules: Rules) -> None:
    """Whatever comes from the table is what the long way gives, and counts the same, without a message."""
    for document, rows in zip(documents, BoxTables(rules).read(documents)):
        if rows is None:
            continue
        log, own = Log(), Log()
        log.read_each(rows.labels)
        shift, last = counting_of(rules, document)
        shifted = rules._replace(shift=shift, last=last)
        assert list(rows) == annotations_of(document, shifted, (100, 50), "a.xml", own)
        assert list(log.ledger.items()) == list(own.ledger.items())
        assert not own.diagnostics


@settings(max_examples=200, deadline=None)
@given(st.lists(DOCUMENTS, max_size=6), st.sampled_from([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]), st.booleans())
def test_at_once_is_one_by_one(documents: list[Document], counting: tuple[float, float], by_file: bool) -> None:
    shift, last = counting
    one_by_one(documents, Rules(shift=shift, last=last, by_file=by_file))


def test_usual_files_come_from_one_table_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are built once: each table asks once for the places of its objects."""
    places = Mock(wraps=box_tables._places)
    monkeypatch.setattr(box_tables, "_places", places)
    row = ("cat", "Left", "0", "1", "", "1", "2", "30", "40")
    usual = Document("a.jpg", "100", "50", "", "", [row, (*row[:5], "5", "6", "7", "8")])
    odd: list[list[tuple[str, ...]]]
    odd = [[(*row[:5], "50", "2", "30", "40")], [row, row], [("", *row[1:])], [(*row[:2], "perhaps", *row[3:])], []]
    documents = [usual, *[usual._replace(rows=rows) for rows in odd], usual]
    found = BoxTables(Rules(shift=1.0, last=1.0)).read([*documents, None])
    assert [rows is not None for rows in found] == [True] + [False] * len(odd) + [True, False]
    assert len({id(rows.table) for rows in found if rows is not None}) == places.call_count == 1
    one_by_one(documents, Rules(shift=1.0, last=1.0))


@pytest.mark.parametrize(
    "rules", [Rules(relative=100), Rules(sizes=True), Rules(skip_difficult=True), Rules(transposed=True)]
)
def test_other_rules_need_the_long_way(rules: Rules) -> None:
    document = plain(
        "<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
        "</object></annotation>"
    )
    assert BoxTables(Rules()).read([document])[0] is not None
    assert BoxTables(rules).read([document]) == [None]
