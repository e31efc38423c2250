"""What is wrong with a record is said in the format's words, with what stands there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from to_labelbox.source.json_words import json_fault


class Part(msgspec.Struct):
    x: float | None = None
    n: int = 0
    s: str = ""
    on: bool = False
    points: list[tuple[float, float]] = []
    counts: dict[str, int] = {}
    names: list[str] | str | None = None


class Record(msgspec.Struct):
    part: Part
    own: int = 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"part": {"x": "left"}}', 'part.x is "left", where a number is expected'),
        ('{"part": {"n": 1.5}}', "part.n is 1.5, where a whole number is expected"),
        ('{"part": {"on": 1}}', "part.on is 1, where true or false is expected"),
        ('{"part": {"points": [[1, 2], [3]]}}', "part.points[1] is [3], where 2 values are expected"),
        ('{"part": {"points": [[1, 2], [3, "q"]]}}', 'part.points[1][1] is "q", where a number is expected'),
        ('{"part": {"counts": {"a": 1, "b": true}}}', "part.counts[] is true, where a whole number is expected"),
        ('{"part": {"names": {}}}', "part.names is {}, where a text or a list is expected"),
        ('{"part": null}', "part is null, where an object is expected"),
        ("[1]", "it is [1], where an object is expected"),
        ("{}", "it has no part"),
        ('{"part": {"x": 1e999}}', "part.x is a value, which is out of range"),
        ('{"part": {"x": 1', "it ends early"),
        ('{"part": {"x": NaN}}', "it is no JSON from byte 15 on"),
    ],
)
def test_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text, type=Record)
    assert json_fault(caught.value, text) == said


@pytest.mark.parametrize("data", [b'["\xff"]', b"[" * 100_000])
def test_bytes_that_are_no_text_and_nesting_without_end(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)) as caught:
        msgspec.json.decode(data, type=list[Any])
    assert json_fault(caught.value, data) in (
        "it is not written in UTF-8",
        "it is nested too deeply",
        "it is no JSON from byte 0 on",
    )


def test_long_values_are_cut() -> None:
    data = msgspec.json.encode({"part": "a" * 10_000})
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=Record)
    assert len(json_fault(caught.value, data)) < 150
