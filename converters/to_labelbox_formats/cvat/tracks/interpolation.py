"""Shapes between two keyframes, as CVAT computes them: A at t = 0, B at t = 1.

- rectangle, ellipse, cuboid and skeleton elements: every number goes linearly, the rotation the shorter way round.
- points: one point on both sides goes linearly, anything else stays at A.
- polygon and polyline: vertices are matched along the length of both outlines, then thinned (:func:`outline`).
- mask: not interpolated.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from to_labelbox_formats.cvat.nodes import Figure

Vertex = tuple[float, float]


def between(a: Figure, b: Figure, t: float) -> Figure:
    """The figure at a share ``t`` of the way from ``a`` to ``b``; ``a`` itself where nothing leads to ``b``."""
    if t <= 0 or a.kind != b.kind:
        return a
    match a.kind:
        case "rectangle" | "ellipse" | "cuboid":
            return Figure(a.kind, linear(a.numbers, b.numbers, t), turned(a.rotation, b.rotation, t))
        case "points" if len(a.numbers) == len(b.numbers) == 2:
            return Figure(a.kind, linear(a.numbers, b.numbers, t))
        case "polygon" | "polyline":
            return Figure(a.kind, outline(a.numbers, b.numbers, t, closed=a.kind == "polygon"))
    return a


def linear(a: Sequence[float], b: Sequence[float], t: float) -> list[float]:
    return [p + (q - p) * t for p, q in zip(a, b)]


def turned(a: float, b: float, t: float) -> float:
    """Degrees in [0, 360), the shorter way round."""
    if a == b:
        return a
    return (a + ((b - a + 180) % 360 - 180) * t) % 360


def outline(a: Sequence[float], b: Sequence[float], t: float, *, closed: bool) -> Sequence[float]:
    """A polygon or line between two others, whose numbers of vertices may differ.

    Each vertex of A pairs with the vertex of B at the nearest share of the whole length (the first of equally near
    ones); each vertex of B that is left over joins its nearest vertex of A. A pair makes one vertex.
    """
    left, right = _vertices(a, closed), _vertices(b, closed)
    offsets_left, offsets_right = _offsets(left), _offsets(right)
    if offsets_left is None or offsets_right is None:
        return a
    pairs = [[_nearest(offset, offsets_right)] for offset in offsets_left]
    taken = {j for matched in pairs for j in matched}
    for j, offset in enumerate(offsets_right):
        if j not in taken:
            pairs[_nearest(offset, offsets_left)].append(j)
    for matched in pairs:
        matched.sort()
    made = [
        (left[i][0] + (right[j][0] - left[i][0]) * t, left[i][1] + (right[j][1] - left[i][1]) * t)
        for i, matched in enumerate(pairs)
        for j in matched
    ]
    kept = _thinned(made, pairs, left, right)
    if closed:
        kept.pop()
    return [v for vertex in kept for v in vertex]


def _vertices(flat: Sequence[float], closed: bool) -> list[Vertex]:
    vertices = list(zip(flat[::2], flat[1::2]))
    return [*vertices, vertices[0]] if closed and vertices else vertices


def _length(vertices: Sequence[Vertex]) -> float:
    return sum(math.dist(p, q) for p, q in pairwise(vertices))


def _offsets(vertices: Sequence[Vertex]) -> list[float] | None:
    """Share of the whole length at each vertex; None for an outline without length."""
    total = _length(vertices)
    if total <= 0:
        return None
    offsets, walked = [0.0], 0.0
    for p, q in pairwise(vertices):
        walked += math.dist(p, q)
        offsets.append(walked / total)
    return offsets


def _nearest(offset: float, offsets: Sequence[float]) -> int:
    """The first of the nearest ones; ``offsets`` never fall."""
    right = bisect_left(offsets, offset)
    if right == len(offsets) or (right and offset - offsets[right - 1] <= offsets[right] - offset):
        return bisect_left(offsets, offsets[right - 1])
    return right


def _thinned(made: list[Vertex], pairs: list[list[int]], left: list[Vertex], right: list[Vertex]) -> list[Vertex]:
    """Drops vertices that crowd where several of one outline went to the same vertex of the other.

    A run of vertices of A with one and the same partner in B is measured by A, a vertex of A with several partners by
    that stretch of B.
    """
    firsts = [0, *accumulate(map(len, pairs))]
    kept: list[Vertex] = []
    i = 0
    while i < len(pairs):
        stop = i
        if len(pairs[i]) == 1:
            while stop + 1 < len(pairs) and pairs[stop + 1] == pairs[i]:
                stop += 1
            base = left[i : stop + 1]
            piece = made[firsts[i] : firsts[stop] + 1]
        else:
            base = right[pairs[i][0] : pairs[i][-1] + 1]
            piece = made[firsts[i] : firsts[i] + len(pairs[i])]
        kept += piece if len(piece) == 1 else _spaced(piece, _length(base) / (2 * len(base)))
        i = stop + 1
    return kept


def _spaced(piece: list[Vertex], distance: float) -> list[Vertex]:
    """First and last vertex, and those between that are far enough from the one kept before."""
    kept = [piece[0]]
    for vertex in piece[1:-1]:
        if math.dist(kept[-1], vertex) >= distance:
            kept.append(vertex)
    kept.append(piece[-1])
    if len(kept) == 2 and math.dist(*kept) < distance:
        return [((kept[0][0] + kept[1][0]) / 2, (kept[0][1] + kept[1][1]) / 2)]
    return kept
