"""Parts of an outline that lie in another part of it: more of the object, as COCO has it, or holes, as what traces contours writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from to_labelbox.geometry.vector import bounds, signed_area
from to_labelbox.model.items import Flat
from to_labelbox_formats.coco.sample import Extent

_LOOKED_AT = 16
"""Vertices of a ring by which it lies in another."""
_CLEARLY = 3
"""How many times nearer an area has to be to one reading than to the other."""


class Nested(NamedTuple):
    """Outer rings, each with those right in it as holes. ``filled`` is the area of the outline without any hole, ``area`` that with them."""

    parts: tuple[tuple[Flat, ...], ...]
    filled: float
    area: float

    def are_holes(self, stated: float | None) -> bool | None:
        """Whether a stated area is that with the holes; None where it is neither of the two."""
        if not stated:
            return None
        to_filled, to_holes = abs(stated - self.filled), abs(stated - self.area)
        if max(to_filled, to_holes) < _CLEARLY * min(to_filled, to_holes):
            return None
        return to_holes < to_filled


def nested(rings: Sequence[Flat]) -> Nested | None:
    """Rings of which one lies in another; None where none does."""
    extents = [bounds(ring) for ring in rings]
    around = [[m for m in range(len(rings)) if m != n and _lies_in(n, m, rings, extents)] for n in range(len(rings))]
    if not any(around):
        return None
    parts: dict[int, list[Flat]] = {n: [ring] for n, ring in enumerate(rings) if len(around[n]) % 2 == 0}
    filled = area = 0.0
    for n, ring in enumerate(rings):
        own = abs(signed_area(ring))
        filled += own if not around[n] else 0
        area += own if n in parts else -own
        if n not in parts:
            parts[max(around[n], key=lambda m: len(around[m]))].append(ring)
    return Nested(tuple(map(tuple, parts.values())), filled, area)


def is_box_in_box(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether one extent lies in another that is larger."""
    inside = one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]
    return inside and tuple(one) != tuple(other)


def _lies_in(n: int, m: int, rings: Sequence[Flat], extents: Sequence[Extent]) -> bool:
    """Whether vertices spread over one ring all lie in another."""
    if not is_box_in_box(extents[n], extents[m]):
        return False
    count = len(rings[n]) // 2
    xs, ys = np.asarray(rings[m][::2], np.float64), np.asarray(rings[m][1::2], np.float64)
    next_xs, next_ys = np.roll(xs, -1), np.roll(ys, -1)
    level = ys == next_ys
    slope = np.where(level, 0, (next_xs - xs) / np.where(level, 1, next_ys - ys))
    for at in range(0, count, max(1, count // _LOOKED_AT)):
        x, y = rings[n][2 * at], rings[n][2 * at + 1]
        crossed = (ys > y) != (next_ys > y)
        if not int((crossed & (x < xs + slope * (y - ys))).sum()) % 2:
            return False
    return True
