"""Whether a shape goes so far beyond its picture that its numbers may mean something else, not just a hand that went over the edge."""

from __future__ import annotations

SLACK = 0.02
"""The share of a side by which shapes that are drawn by hand go beyond it as a matter of course."""
_FEW, _PART = 3, 0.2


def goes_beyond(right: float, bottom: float, width: float, height: float, slack: float = SLACK) -> bool:
    """Whether a shape that reaches to ``right`` and ``bottom`` leaves a frame by more than ``slack`` of a side, and more than a pixel."""
    return right > width + max(1, slack * width) or bottom > height + max(1, slack * height)


def is_telling(odd: int, of: int) -> bool:
    """Whether so many of a sample are odd that it takes a question: a fifth, three at least."""
    return odd >= max(_FEW, _PART * of)
