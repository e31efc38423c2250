"""Numbers read many at a time are those that a decoder reads, and their texts those that an encoder writes, or are not read."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from to_labelbox.source.short_numbers import FILL, SHORT, Rings, read_rings

DIGITS = st.text("0123456789", min_size=1, max_size=6)
WRITTEN = st.one_of(
    st.floats(0, 10_000).map(lambda value: f"{value:.2f}"),
    st.floats(0, 10_000).map(lambda value: repr(round(value, 2))),
    st.integers(0, 10**9).map(str),
    st.builds("{}.{}".format, st.integers(0, 10**6), DIGITS),
    st.sampled_from(
        ["0", "0.0", "0.001", "0.0009", "1e5", "1E2", "-1", "-0.5", "123456.7", "1234567.8", "12.30", "5e-05"]
    ),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
RINGS = st.lists(st.lists(WRITTEN, min_size=1, max_size=9), min_size=1, max_size=6)


def text_of(number: np.uint64) -> bytes:
    return int(number).to_bytes(SHORT, "little").rstrip(FILL)


def rings_of(text: str, count: int) -> Rings:
    rings = read_rings(text.encode(), count)
    assert rings is not None
    return rings


@given(RINGS, st.sampled_from([",", ", ", " ,\n"]))
def test_what_is_read_is_what_a_decoder_reads_and_an_encoder_writes(written: list[list[str]], comma: str) -> None:
    rings = rings_of(",".join(f"[{comma.join(ring)}]" for ring in written), len(written))
    assert np.diff(rings.first_value).tolist() == list(map(len, written))
    for n, ring in enumerate(written):
        begin, end = rings.first_value[n : n + 2].tolist()
        values = msgspec.json.decode(f"[{','.join(ring)}]", type=list[float])
        assert rings.read[n]
        assert rings.values[begin:end].tolist() == values
        if n in rings.others:
            assert rings.others[n] == values
        else:
            assert list(map(text_of, rings.texts[begin:end])) == list(map(msgspec.json.encode, values))


@pytest.mark.parametrize(
    "number", ["0", "7", "123456", "0.0", "0.25", "639.99", "12345.67", "123456.7", "0.001", "1.5"]
)
def test_usual_numbers_are_read(number: str) -> None:
    rings = rings_of(f"[{number},{number}]", 1)
    assert rings.read.all()
    assert not rings.others


@pytest.mark.parametrize("number", ["-1", "1e2", "12.30", "1234567", "123456.78", "0.0001", "123.45678901234567"])
def test_other_numbers_are_decoded(number: str) -> None:
    rings = rings_of(f"[{number},{number}],[1,2]", 2)
    assert rings.read.all()
    assert rings.others[0] == [float(number)] * 2


@pytest.mark.parametrize("odd", ["null", '"1"', "true", "1.2.3", '"12345.6789012345"', '"üüüüü"'])
def test_what_is_no_number_is_not_read(odd: str) -> None:
    rings = rings_of(f"[{odd},{odd}],[-1,2],[1,2]", 3)
    assert rings.read.tolist() == [False, True, True]
    assert list(rings.others) == [1]


@given(st.recursive(st.just(1) | st.just(2.5), lambda inner: st.lists(inner, max_size=3), max_leaves=12))
def test_anything_but_lists_of_numbers_is_refused(value: object) -> None:
    text = msgspec.json.encode(value)
    flat = isinstance(value, list) and value and not any(isinstance(one, list) for one in value)
    assert (read_rings(text, 1) is not None) == bool(flat)
    both = (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(ring, list) and ring and not any(isinstance(one, list) for one in ring) for ring in value)
    )
    assert (read_rings(text[1:-1], 2) is not None) == bool(both)
