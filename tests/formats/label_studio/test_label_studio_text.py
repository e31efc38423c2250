"""Offsets of spans in every unit that Label Studio has counted in, and the text of hypertext."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from to_labelbox_formats.label_studio.regions.text_offsets import Hypertext, Offsets, Unit

PIECES = st.sampled_from(["a", "b", " ", "é", "e\u0301", "🙂", "👩\u200d🚀", "\r\n", "\n", "ß", "漢"])


def utf16(text: str, offset: int) -> int:
    return len(text[:offset].encode("utf-16-le")) // 2


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, int, int]:
    text = "".join(draw(st.lists(PIECES, min_size=1, max_size=30)))
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    return text, start, end


@given(spans(), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_resolved_span_covers_the_text_it_says(span: tuple[str, int, int], wide: bool, unix: bool) -> None:
    text, start, end = span
    if unix and ("\r\n" in text) and ("\r" in text[end - 1 : end] or "\n" in text[start : start + 1]):
        return  # a browser's span cannot begin or end inside CRLF
    shown = text.replace("\r\n", "\n") if unix else text
    low, high = (len(text[:n].replace("\r\n", "\n")) for n in (start, end)) if unix else (start, end)
    quote = shown[low:high]
    counted = (utf16(shown, low), utf16(shown, high)) if wide else (low, high)
    found = Offsets(text).resolve(*counted, quote)
    assert found is not None
    assert found.unit is not Unit.MISMATCH
    assert text[found.start : found.end].replace("\r\n", "\n") == quote.replace("\r\n", "\n")


def test_units_are_told_apart_by_the_quoted_text() -> None:
    text = "🙂 Ada"
    assert Offsets(text).resolve(2, 5, "Ada") == (2, 5, Unit.CODE_POINTS)
    assert Offsets(text).resolve(3, 6, "Ada") == (2, 5, Unit.UTF16)
    text = "one\r\n🙂 two"
    assert Offsets(text).resolve(6, 9, "two") == (7, 10, Unit.LF)
    assert Offsets(text).resolve(7, 10, "two") == (7, 10, Unit.CODE_POINTS)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (5, 4), (6, 99), (99, 100)])
def test_spans_outside_the_text_are_none(start: int, end: int) -> None:
    assert Offsets("abcdef").resolve(start, end, None) is None


def test_a_span_that_ends_behind_the_text_is_left_to_who_writes_it() -> None:
    assert Offsets("abcdef").resolve(0, 99, None) == (0, 99, Unit.UNCHECKED)


def test_a_span_over_other_text_is_kept_and_said_so() -> None:
    assert Offsets("abcdef").resolve(1, 3, "zz") == (1, 3, Unit.MISMATCH)
    assert Offsets("abcdef").resolve(1, 3, None) == (1, 3, Unit.UNCHECKED)


def test_a_line_break_that_only_the_quote_has_agrees() -> None:
    assert Offsets("clear to land").resolve(9, 13, "land\\n") == (9, 13, Unit.CODE_POINTS)
    assert Offsets("clear to land").resolve(8, 12, "land\n") == (8, 12, Unit.MISMATCH)


def test_line_breaks_that_only_the_text_has_agree() -> None:
    text = "Secretary of\nHousing and\r\nUrban Development"
    assert Offsets(text).resolve(0, 43, "Secretary ofHousing andUrban Development") == (0, 43, Unit.CODE_POINTS)
    # the line break behind it is what the quote has too much, not what the offsets lack
    assert Offsets("one two\nthree").resolve(4, 7, "two\n") == (4, 7, Unit.CODE_POINTS)
    assert Offsets("a\n\nb").resolve(1, 3, "b") == (1, 3, Unit.MISMATCH)


def test_offsets_of_scripts_that_include_the_last_character() -> None:
    assert Offsets("Ada wrote").resolve(4, 8, "wrote") == (4, 9, Unit.INCLUSIVE)
    assert Offsets("Ada wrote").resolve(5, 9, "wrote") == (4, 9, Unit.FROM_ONE)
    assert Offsets("I see").resolve(0, 0, "I") == (0, 1, Unit.INCLUSIVE)
    assert Offsets("I see").resolve(0, 0, "x") is None
    assert Offsets("I see").resolve(0, 0, None) is None
    # the editor's own way counts where it fits
    assert Offsets("aaaa").resolve(1, 3, "aa") == (1, 3, Unit.CODE_POINTS)


def test_stored_line_breaks_of_two_characters_agree() -> None:
    assert Offsets("a\nb").resolve(0, 3, "a\\nb") == (0, 3, Unit.CODE_POINTS)


MARKUP = "<div><p>Ann &amp; <b>Bob</b> left</p>\n<p>Bye<br>now</p></div>"


def test_text_nodes_are_joined() -> None:
    assert Hypertext(MARKUP).text == "Ann & Bob left\nByenow"


@pytest.mark.parametrize(
    ("path", "offset", "expected"),
    [
        ("/div[1]/p[1]/text()[1]", 2, 2),
        ("/div[1]/p[1]/b[1]/text()[1]", 3, 9),
        ("/div[1]/p[1]/text()[2]", 1, 10),
        ("/div[1]/p[2]/text()[2]", 3, 21),
        ("/div/p[2]", 0, 15),
        ("/div[1]/p[2]", 2, 18),
        ("/div[1]/p[2]", 3, 21),
        ("/div[1]", 1, 14),
        ("/div[1]/p[3]/text()[1]", 0, None),
        ("/div[1]/p[1]/text()[1]", 7, None),
        ("/div[1]/p[1]/text()[1]/b[1]", 0, None),
        ("/div[0]", 0, None),
        ("nonsense!", 0, None),
        ("/div[1]/p[2]", 9, None),
    ],
)
def test_places_by_xpath(path: str, offset: int, expected: int | None) -> None:
    assert Hypertext(MARKUP).locate(path, offset) == expected


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_markup_is_taken(markup: str) -> None:
    page = Hypertext(markup)
    assert page.locate("/div[1]/text()[1]", 0) in (None, *range(len(page.text) + 1))


def test_the_text_of_a_document_begins_with_its_body() -> None:
    page = Hypertext(
        "<!DOCTYPE html>\n<html>\n<head>\n<title>T</title><style>p{}</style>\n</head>\n<body>\n<p>Hi <b>you</b></p>\n</body>\n</html>"
    )
    assert page.text == "\nHi you\n\n"
    assert page.locate("/p[1]/b[1]/text()[1]", 0) == 4
    assert Hypertext("<head><title>T</title></head>\n <p>Hi</p>").text == "Hi"
    assert Hypertext(" <p>Hi</p> ").text == " Hi "
