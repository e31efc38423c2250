"""Parts of an outline that lie in another part of it: more of the object, as COCO has it, or holes, as what traces contours writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry import raster
from to_labelbox.geometry.vector import GeometryError, bounds, signed_area
from to_labelbox.model.items import Flat, Polygon
from to_labelbox_formats.coco.conventions.sample import Extent

_LOOKED_AT = 16
"""Vertices of a ring by which it lies in another."""
_SHORT = 256
"""Coordinates of a ring around which one vertex is looked up by itself."""
_CLEARLY = 3
"""How many times nearer an area has to be to one reading than to the other."""
_EXACTLY = 1e-6
"""Share of an area by which it may differ for its rounding: one without holes that is met so needs no pixels to be painted."""
_FEW, _BLOCK = 16, 256
"""Extents that are compared one by one; and how many at once where they are more."""


class Nested(NamedTuple):
    """Outer rings, each with those right in it as holes; the number of rings around each."""

    parts: tuple[tuple[Flat, ...], ...]
    rings: Sequence[Flat]
    depths: Sequence[int]

    def are_holes(self, stated: float | None, size: tuple[int, int] | None) -> bool | None:
        """Whether a stated area is that with the holes; None where it is neither of the two. ``size``: of a picture that has these pixels."""
        if not stated:
            return None
        drawn, everything = self._drawn(), sum(abs(signed_area(ring)) for ring in self.rings)
        if min(abs(stated - drawn[0]), abs(stated - everything)) <= _EXACTLY * stated:
            return False
        measures = [drawn, *filter(None, (self._traced(), self._painted(size)))]
        to_filled = min(abs(stated - area) for area in (everything, *(filled for filled, _ in measures)))
        to_holes = min(abs(stated - area) for _, area in measures)
        if max(to_filled, to_holes) < _CLEARLY * min(to_filled, to_holes) or to_filled == to_holes:
            return None
        return to_holes < to_filled

    def _both(self, outer: Sequence[float], holes: Sequence[float]) -> tuple[float, float]:
        """(area without any hole, area with them) from those of each ring as an outer one and as a hole."""
        filled = sum(area for area, depth in zip(outer, self.depths) if not depth)
        return filled, sum(-hole if depth % 2 else area for area, hole, depth in zip(outer, holes, self.depths))

    def _drawn(self) -> tuple[float, float]:
        areas = [abs(signed_area(ring)) for ring in self.rings]
        return self._both(areas, areas)

    def _traced(self) -> tuple[float, float] | None:
        """As pixels, where each ring goes through the middle of those at the object's border, as OpenCV has it: by Pick's theorem."""
        if not all(float(v).is_integer() for ring in self.rings for v in ring):
            return None
        areas = [abs(signed_area(ring)) for ring in self.rings]
        at_border = [_steps(ring) / 2 for ring in self.rings]
        return self._both(
            [area + half + 1 for area, half in zip(areas, at_border)],
            [area - half + 1 for area, half in zip(areas, at_border)],
        )

    def _painted(self, size: tuple[int, int] | None) -> tuple[float, float] | None:
        """As pycocotools paints it: parts may overlap."""
        if size is None:
            return None
        try:
            filled = raster.rasterise(Polygon(tuple([(ring,) for ring in self.rings])), *size)
            return raster.mask_area(filled), raster.mask_area(raster.rasterise(Polygon(self.parts), *size))
        except GeometryError:
            return None


def _steps(ring: Flat) -> int:
    """How often a way round a ring comes to whole numbers."""
    xs, ys = [int(v) for v in ring[::2]], [int(v) for v in ring[1::2]]
    return sum(gcd(x - before, y - above) for x, before, y, above in zip(xs, xs[-1:] + xs, ys, ys[-1:] + ys))


def nested(rings: Sequence[Flat]) -> Nested | None:
    """Rings of which one lies in another; None where none does."""
    extents = [bounds(ring) for ring in rings]
    around: dict[int, int] = {}
    edges: dict[int, _Edges] = {}
    for n, candidates in boxes_around(extents).items():
        for m in sorted(candidates, key=lambda m: _from_outside(extents[m]), reverse=True):
            if _begins_outside(rings[n], rings[m]):
                continue
            if m not in edges:
                edges[m] = _edges(rings[m])
            if _lies_in(rings[n], extents[n], edges[m]):
                around[n] = m
                break
    if not around:
        return None
    depths = [0] * len(rings)
    parts: dict[int, list[Flat]] = {}
    for n in sorted(range(len(rings)), key=lambda n: _from_outside(extents[n])):
        depths[n] = depths[around[n]] + 1 if n in around else 0
        if depths[n] % 2:
            parts[around[n]].append(rings[n])
        else:
            parts[n] = [rings[n]]
    return Nested(tuple([tuple(parts[n]) for n in sorted(parts)]), rings, depths)


def boxes_around(extents: Sequence[Extent]) -> Mapping[int, Sequence[int]]:
    """The larger extents that each lies in, for those that lie in any."""
    if len(extents) <= _FEW:
        found = {n: [m for m, other in enumerate(extents) if _is_in(one, other)] for n, one in enumerate(extents)}
        return {n: others for n, others in found.items() if others}
    left, top, right, bottom = np.array(extents).T
    order = np.argsort(left, kind="stable")
    pairs: dict[int, list[int]] = {}
    for start in range(0, len(order), _BLOCK):
        some = order[start : start + _BLOCK]
        others = np.flatnonzero((left <= left[some[-1]]) & (right >= left[some[0]]))
        inside = (left[some, None] >= left[others]) & (top[some, None] >= top[others])
        inside &= (right[some, None] <= right[others]) & (bottom[some, None] <= bottom[others])
        for n, m in zip(*(of[at].tolist() for of, at in zip((some, others), np.nonzero(inside)))):
            if extents[n] != extents[m]:
                pairs.setdefault(n, []).append(m)
    return pairs


def _is_in(one: Extent, other: Extent) -> bool:
    inside = one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]
    return inside and one != other


def _from_outside(extent: Extent) -> Extent:
    """Less for an extent than for any other in it."""
    left, top, right, bottom = extent
    return left, top, -right, -bottom


_Edges = npt.NDArray[np.float64]


def _edges(ring: Flat) -> _Edges:
    """x and y of where each edge begins and ends."""
    xs, ys = np.array((*ring[::2], ring[0]), np.float64), np.array((*ring[1::2], ring[1]), np.float64)
    return np.array((xs[:-1], ys[:-1], xs[1:], ys[1:]))


def _begins_outside(ring: Flat, other: Flat) -> bool:
    """Whether the first vertex of a ring is clearly not in another: most of those that do not lie in it are told by that alone."""
    if len(other) > _SHORT:
        return False
    x, y = ring[0], ring[1]
    x0, y0 = other[-2], other[-1]
    outside = True
    for x1, y1 in zip(other[::2], other[1::2]):
        if y1 == y:
            return False
        if (y0 > y) != (y1 > y):
            turn = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
            if turn == 0:
                return False
            outside ^= (turn > 0) == (y1 > y0)
        x0, y0 = x1, y1
    return outside


@np.errstate(over="ignore", invalid="ignore")  # of places that are refused later
def _lies_in(ring: Flat, extent: Extent, edges: _Edges) -> bool:
    """Whether vertices spread over a ring all lie in another; those on its edges say nothing."""
    near = (np.minimum(edges[1], edges[3]) <= extent[3]) & (np.maximum(edges[1], edges[3]) >= extent[1])
    x0, y0, x1, y1 = edges[:, near]
    step = 2 * max(1, len(ring) // 2 // _LOOKED_AT)
    x, y = (np.asarray(ring[axis::step], np.float64)[:, None] for axis in (0, 1))
    turn = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    on_edge = ((turn == 0) & ((x - x0) * (x - x1) <= 0) & ((y - y0) * (y - y1) <= 0)).any(axis=1)
    inside = (((y0 > y) != (y1 > y)) & ((turn > 0) == (y1 > y0))).sum(axis=1) % 2 == 1
    return bool((inside | on_edge).all() and not on_edge.all())
