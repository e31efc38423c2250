"""What is wrong with a record is said in the format's words, with what stands there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from to_labelbox.report.plain_words import in_words


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
        ('{"part": {"x": "left"}}', 'part.x: found "left", expected a number or null'),
        ('{"part": {"n": 1.5}}', "part.n: found 1.5, expected a whole number"),
        ('{"part": {"on": 1}}', "part.on: found 1, expected true or false"),
        ('{"part": {"points": [[1, 2], [3]]}}', "part.points[1]: expected a list of length 2"),
        ('{"part": {"points": [[1, 2], [3, "q"]]}}', 'part.points[1][1]: found "q", expected a number'),
        ('{"part": {"counts": {"a": 1, "b": true}}}', "part.counts[…]: found true, expected a whole number"),
        ('{"part": {"names": {}}}', "part.names: found {}, expected a text, a list or null"),
        ('{"part": null}', "part: found null, expected an object"),
        ("[1]", "found [1], expected an object"),
        ("{}", "missing field 'part'"),
        ('{"part": {"x": 1e999}}', "part.x: the number is too large"),
        ('{"part": {"x": 1', "it ends in the middle of a value"),
        ('{"part": {"x": NaN}}', "a character that cannot stand there, at byte 16"),
    ],
)
def test_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text, type=Record)
    assert in_words(caught.value, text) == said


@pytest.mark.parametrize("data", [b'["\xff"]', b"[" * 100_000])
def test_bytes_that_are_no_text_and_nesting_without_end(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)) as caught:
        msgspec.json.decode(data, type=list[Any])
    assert in_words(caught.value, data) in (
        "not UTF-8: byte 1 is 0xFF",
        "nested too deeply",
        "a character that cannot stand there, at byte 1",
    )


def test_long_values_are_cut() -> None:
    data = msgspec.json.encode({"part": "a" * 10_000})
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=Record)
    assert len(in_words(caught.value, data)) < 150
