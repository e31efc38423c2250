"""Names against patterns, and against names that look the same; sizes as tables write them."""

from __future__ import annotations

import pytest

from to_labelbox.model.text import as_seen, matches
from to_labelbox.source.option_file import whole_number


@pytest.mark.parametrize(("name", "pattern", "expected"), [
    ("car [big]", "car [big]", True),
    ("car b", "car [big]", False),
    ("car [big]", "car*", True),
    ("cab", "ca?", True),
    ("Car", "car", False),
])  # fmt: skip
def test_brackets_stand_for_themselves(name: str, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected


@pytest.mark.parametrize("other", ["Cafe\u0301", "Caf\u00e9\u200b", " Caf\u00e9", "\ufeffCaf\u00e9"])
def test_names_that_look_the_same(other: str) -> None:
    assert as_seen(other) == as_seen("Caf\u00e9") != as_seen("Cafe")


@pytest.mark.parametrize(("text", "number"), [
    ("640", 640), ("640.0", 640), ("640.", 640), ("640.5", None), ("-640", None), ("", None), ("1e3", None), ("6 4", None),
    ("1234567890", None), ("٣", None),
])  # fmt: skip
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole_number(text) == number
