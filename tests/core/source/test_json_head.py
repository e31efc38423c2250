"""Keys in the beginning of a JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from to_labelbox.source.json_head import first_keys, keys_at

TEXTS = st.text('ab"\\{}[]:, é\n', max_size=4)
JSON = st.recursive(
    st.none() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=25,
)


def every_key(value: Any, depth: int) -> Iterator[str]:
    """Keys at a depth, the slow way."""
    if isinstance(value, dict) and depth == 1:
        yield from value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from every_key(inner, depth - 1)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def unescaped(keys: Iterator[str]) -> list[str]:
    return [json.loads(f'"{key}"') for key in keys]


@given(JSON, st.integers(1, 4), st.sampled_from([None, 1]), st.booleans())
def test_keys_at_every_depth_as_a_parser_has_them(value: Any, depth: int, indent: int | None, ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii).encode()
    assert unescaped(keys_at(text, depth)) == list(every_key(value, depth))
    assert unescaped(first_keys(text)) == list(next(objects(value), {}))


@given(JSON, st.integers(1, 3), st.floats(0, 1))
def test_a_text_that_is_cut_off_gives_the_first_of_them(value: Any, depth: int, share: float) -> None:
    text = json.dumps(value).encode()
    head = text[: round(len(text) * share)]
    found = list(keys_at(head, depth))
    assert found == list(keys_at(text, depth))[: len(found)]
    assert list(first_keys(head)) == list(first_keys(text))[: len(list(first_keys(head)))]


def test_objects_one_after_another_are_told_apart() -> None:
    assert list(first_keys(b'{"a": {"b": 1}, "c": 2}\n{"d": 3}')) == ["a", "c"]
    assert list(keys_at(b'{"a": {"b": 1}, "c": 2}\n{"d": 3}', 1)) == ["a", "c", "d"]


def test_deep_nesting_takes_no_longer_than_it_is_long() -> None:
    for piece in (b"[", b'{"a":', b'{"a":[1,', b'"', b"{[[1],"):
        assert set(keys_at(piece * 40_000, 1)) <= {"a"}
