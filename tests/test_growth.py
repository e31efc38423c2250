"""What a conversion does grows with its source, in every dimension: twice the source, at most 2.3 times the steps, over two doublings.

Calls of functions are counted, not seconds, so that it is the same on every machine; ``make growth`` measures time and
memory at larger sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from growth_sets import SETS, arguments, write

SMALL, SLACK = 300, 2.3
SMALLEST = {"depth": 1500}
"""Above what a decoder of JSON takes, which has a second way then."""


def steps(folder: Path, format: str) -> int:
    """Calls of functions, Python's own among them, that a conversion takes."""
    count = 0

    def called(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        report = to_labelbox.convert(folder, folder.parent / f"{folder.name}-out", **arguments(format, folder))
    finally:
        sys.setprofile(before)
    assert report.annotations.balanced()
    return count


@pytest.mark.parametrize(("format", "dimension"), [(format, name) for format in SETS for name in SETS[format]])
def test_the_steps_grow_with_the_source(format: str, dimension: str, tmp_path: Path) -> None:
    make = SETS[format][dimension]
    steps(write(tmp_path / "first", make(20)), format)  # which loads modules
    first = SMALLEST.get(dimension, SMALL)
    start, small, large = (steps(write(tmp_path / str(n), make(n)), format) for n in (10, first, 4 * first))
    assert large - start <= SLACK**2 * max(small - start, 200), f"{dimension} of {format}: {start}, {small}, {large}"
