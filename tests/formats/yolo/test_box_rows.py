"""Label files of plain boxes that are read many at a time are what they are row by row, whatever stands among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from to_labelbox.model import tables
from to_labelbox.report.log import Log
from to_labelbox_formats.yolo import box_rows
from to_labelbox_formats.yolo.box_rows import BoxRows
from to_labelbox_formats.yolo.rows import PLACES, Frame, Rows, Rules, Task

NAMES = {0: "car", 1: "bus", 3: "cat"}
NUMBERS = st.one_of(*[st.floats(0, 1).map(lambda value: f"{value:.4f}")] * 8, st.sampled_from(
    ["0", "1", "-0.0", "1e-3", ".5", "5.", "+0.5", "-0.2", "2.5", "7", "50", "1e8", "1e999", "nan", "0_1", "0x1", "a", "00.5"]
))  # fmt: skip
CLASSES = st.one_of(*[st.sampled_from(["0", "1", "3"])] * 9, st.sampled_from(["2", "7", "1.0", "-0", "01", "x", "1e0"]))
SIGNS = st.one_of(*[st.just(" ")] * 20, st.sampled_from(["  ", "\t", ",", "\r", "] [", ",[", "\x0b", " \t", ";", "#"]))
ENDS = st.one_of(
    *[st.just("\n")] * 12, st.sampled_from(["\r\n", "\n\n", " \n", "\r", "\n ", "]\n", "", "\n0 1 1 1 1\n"])
)
ROWS = st.one_of(*[st.lists(NUMBERS, min_size=4, max_size=4)] * 12, st.lists(NUMBERS, max_size=9))


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    rows = draw(st.lists(st.tuples(CLASSES, ROWS), max_size=4))
    text = "".join(draw(SIGNS).join([name, *numbers]) + draw(ENDS) for name, numbers in rows)
    return draw(st.sampled_from([b""] * 9 + [b"\xef\xbb\xbf", b"\n", b" "])) + text.encode()


FRAMES = st.sampled_from([Frame(640, 480)] * 6 + [Frame(50, 3001), Frame(), Frame(480, 640, 6)])


def both(files: Sequence[tuple[bytes, Frame]], **options: Any) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
    """The objects of each file, read at once and one by one; the logs of the two are the same."""
    rules = Rules(Task.DETECT, NAMES, **options)
    logs = Log(), Log()
    named = [(f"{n}.txt", text) for n, (text, _) in enumerate(files)]
    frames = [frame for _, frame in files]
    at_once = BoxRows(Rows(rules, logs[0])).objects(named, frames)
    rows = Rows(rules, logs[1])
    one_by_one = [rows.objects(text, frame, file) if text else () for (file, text), frame in zip(named, frames)]
    assert list(logs[0].ledger.items()) == list(logs[1].ledger.items())
    assert list(logs[0].diagnostics.items()) == list(logs[1].diagnostics.items())
    return at_once, list(one_by_one)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(texts(), FRAMES), min_size=1, max_size=6), st.booleans())
def test_at_once_is_one_by_one(files: list[tuple[bytes, Frame]], unknown: bool) -> None:
    at_once, one_by_one = both(files, unknown_classes=unknown)
    assert list(map(list, at_once)) == list(map(list, one_by_one))


PLAIN = b"0 0.5 0.5 0.25 0.25\n3 0.1 0.1 0.3 0.2\n"


@pytest.mark.parametrize(
    "text",
    [PLAIN, PLAIN.replace(b"\n", b"\r\n"), PLAIN.replace(b" ", b"\t"), PLAIN.replace(b"\n", b" \n"), PLAIN.strip()],
)
def test_usual_files_come_from_a_table(text: bytes) -> None:
    """Also beside one that does not, and where a box reaches over the border."""
    files = [(text, Frame(640, 480))] * 3 + [(b"9 0.5 0.5 1 1\n", Frame(640, 480))]
    at_once, one_by_one = both(files)
    assert [type(found) for found in at_once] == [tables.Rows] * 3 + [list]
    assert list(map(list, at_once)) == one_by_one


def test_files_that_are_too_much_at_once_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box_rows, "MAX_LINE", 3 * len(PLAIN))
    files = [
        (text, Frame(640, 480)) for text in (PLAIN, PLAIN, PLAIN, b"9 0.5 0.5 1 1\n", PLAIN, b"", PLAIN, 4 * PLAIN)
    ]
    at_once, one_by_one = both(files)
    assert list(map(list, at_once)) == list(map(list, one_by_one))
    assert sum(isinstance(found, tables.Rows) for found in at_once) == 5


def test_an_odd_file_costs_its_neighbours_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table that is built asks once for the places of its rows."""
    places = Mock(wraps=PLACES)
    monkeypatch.setattr(box_rows, "PLACES", places)
    odd = [b"9 0.5 0.5 1 1\n", b"0 0.5 0.5 1 1\n0 0.5 0.5 1 1\n", b"0 0.5 0.5 1\n"]
    at_once, _ = both([(text, Frame(640, 480)) for text in [*[PLAIN] * 20, *odd]])
    assert sum(isinstance(found, tables.Rows) for found in at_once) == 20
    assert places.call_count == 1


@pytest.mark.parametrize(
    "row", [b"0 1 1 1 1] [0 1 1 1 1", b"0 1 1 1 1]] [[0 1 1 1 1", b"0,1,1,1,1", b"0 1 1 1 1,0 1 1 1 1"]
)
def test_signs_of_json_are_no_rows(row: bytes) -> None:
    at_once, one_by_one = both([(row, Frame(9, 9)), (PLAIN, Frame(9, 9))])
    assert list(map(list, at_once)) == list(map(list, one_by_one))
    assert isinstance(at_once[0], list)
