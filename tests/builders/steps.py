"""Steps of a program in place of seconds: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

SLACK = 1.3
"""A doubling may take 2.3 in place of 2 times as many steps, two doublings 4 · SLACK² in place of 4 times."""


def steps(work: Callable[[], object]) -> int:
    """Lines of Python that the work runs through, loops and comprehensions line by line; its own threads are not seen."""
    count = 0

    def traced(_frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def check_growth(least: int, once: int, fourfold: int) -> None:
    """Four times as much takes at most :data:`SLACK`² as many steps as four times as many; ``least``: for next to nothing."""
    assert fourfold - least <= 4 * SLACK**2 * max(once - least, 1000), (least, once, fourfold)
