"""What a command does grows with what it is given, in every dimension: twice as much, at most 2.3 times the steps, over two doublings.

Calls of functions are counted, not seconds, so that it is the same on every machine; ``make growth`` measures time and
memory at larger sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from growth_commands import TRIALS
from to_labelbox.cli import cli

SMALL, SLACK, FEW = 150, 2.3, 500
SMALLEST = {"depth": 1500}
"""Above what a decoder of JSON takes, which has a second way then."""
CHEAP = {"sets": 40, "sets found": 40, "merge": 40, "files of a folder": 100, "rows drawn": 100}
"""Where each of them takes long, or makes a folder."""
DIMENSIONS = [(subject, name) for subject in TRIALS if subject != "cloud" for name in TRIALS[subject]]


def steps(arguments: list[str]) -> int:
    """Calls of functions, Python's own among them, that a command takes."""
    count = 0

    def called(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        code = cli.main(arguments, "to-labelbox", standalone_mode=False)
    except SystemExit as error:
        code = error.code
    finally:
        sys.setprofile(before)
    assert code in (0, 1, 3, None)  # faults that were found, or nothing that could be converted, are results too
    return count


@pytest.mark.parametrize(("subject", "dimension"), DIMENSIONS)
def test_the_steps_grow_with_what_is_given(subject: str, dimension: str, tmp_path: Path) -> None:
    def at(n: int) -> int:
        folder = tmp_path / str(n)
        folder.mkdir()
        return steps(TRIALS[subject][dimension](folder, n))

    at(20)  # which loads modules
    first = SMALLEST.get(dimension, CHEAP.get(dimension, SMALL))
    start, small, large = (at(n) for n in (10, first, 4 * first))
    assert large - start <= SLACK**2 * max(small - start, FEW), f"{dimension} of {subject}: {start}, {small}, {large}"
