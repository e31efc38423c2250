"""What the tests of geometry share."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

numbers = st.floats(-40, 40, allow_subnormal=False, width=32)


vertices = st.lists(numbers, min_size=6, max_size=16).map(lambda values: values[: len(values) // 2 * 2])


positive = st.floats(0.5, 30, width=32)


def places(points: Any) -> set[tuple[float, float]]:
    return {(round(x, 6) + 0.0, round(y, 6) + 0.0) for x, y in zip(points[::2], points[1::2])}
