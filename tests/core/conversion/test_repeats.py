"""Repeats among hashes, few and many."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from to_labelbox.model import duplicate_hashes as repeats
from to_labelbox.model.duplicate_hashes import repeated


@given(
    st.sampled_from(["few", "many"]),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6),
    st.lists(st.integers(-1, 1), max_size=3),
)
def test_few_and_many_are_told_alike(size: str, hashes: list[int], close: list[int]) -> None:
    numbers = hashes + close
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(repeats, "_FEW", 0 if size == "many" else 100)
        assert repeated(array("q", numbers)) == {n for n in numbers if numbers.count(n) > 1}
        unsigned = [n % 2**64 for n in numbers]
        assert repeated(array("Q", unsigned)) == {n for n in unsigned if unsigned.count(n) > 1}
