"""Outer contours of masks, exactly along the edges of their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.geometry.raster import edges_of
from to_labelbox.model.items import Mask


class Traced(Struct, eq=False):
    """Outer contours of masks: mask m has those from ``first_ring[m]`` to ``first_ring[m + 1]`` and loses ``holes[m]`` holes.

    Contour r has the values ``first_value[r]`` to ``first_value[r + 1]``: x, y of one vertex after another.
    """

    values: npt.NDArray[np.int64]
    first_value: list[int]
    first_ring: list[int]
    holes: list[int]


def outer_contours(mask: Mask) -> tuple[list[list[float]], int]:
    """(outer contours of one mask; number of holes that they lose), as :func:`trace` gives them in fewer steps of numpy."""
    xs, ys, starts, following, _ = _linked([mask])
    order, ends, _ = _cycles(following, [0, len(following)])
    here = np.array(order, np.int64)
    left, y = xs[here].astype(float).tolist(), ys[here].astype(float).tolist()
    entered = left[1:] + left[:1]
    bounds = [*pairwise([0, *ends])]
    for first, end in bounds[:-1] and bounds:
        entered[end - 1] = left[first]
    flat = [0.0] * (4 * len(order))
    flat[::4], flat[1::4], flat[2::4], flat[3::4] = left, y, entered, y
    outer = [flat[4 * first : 4 * end] for first, end in bounds if starts[order[first]]]
    return outer, len(bounds) - len(outer)


def trace(masks: Sequence[Mask]) -> Traced:
    """Outer contours along the pixel edges, one a 4-connected region.

    Vertices are pixel corners, clockwise, so that filling a contour gives back the region with its holes closed. A
    contour begins at its leftmost and then topmost corner, and contours of a mask are in the order of theirs.
    All masks are traced at once, as if they stood side by side on one.
    """
    xs, ys, starts, following, lines = _linked(masks)
    order, ends, first_cycle = _cycles(following, xs.searchsorted(lines).tolist())
    here, last = np.array(order, np.int64), np.array(ends, np.int64)
    first = np.array([0, *ends[:-1]], np.int64)[: len(ends)]
    left = xs[here]
    if len(masks) > 1:
        corners = [0, *ends]
        left -= lines[:-1].repeat([corners[end] - corners[begin] for begin, end in pairwise(first_cycle)])
    entered = np.arange(1, len(here) + 1)
    entered[last - 1] = first
    flat = np.empty((len(here), 4), np.int64)
    flat[:, 0], flat[:, 2] = left, left[entered]
    flat[:, 1] = flat[:, 3] = ys[here]
    # inside is below a ring's first corner, or the ring is a hole
    outer = starts[here[first]].tolist()
    sizes = (last - first).tolist()
    if not all(outer):
        flat = flat[np.array(outer).repeat(sizes)]
    first_value = [0, *accumulate(4 * size for size, one in zip(sizes, outer) if one)]
    before = [0, *accumulate(outer)]
    first_ring = [before[cycle] for cycle in first_cycle]
    holes = [end - begin - sum(outer[begin:end]) for begin, end in pairwise(first_cycle)]
    return Traced(flat.ravel(), first_value, first_ring, holes)


_Places = npt.NDArray[np.int64]


def _linked(masks: Sequence[Mask]) -> tuple[_Places, _Places, npt.NDArray[np.bool_], list[int], _Places]:
    """(x and y of the corners, see :func:`_corners`; the one that follows each; lines, see :func:`edges_of`).

    A contour goes from a corner along the row to where the next vertical edge begins, whose end is the contour's next corner.
    """
    edges, stride, lines = edges_of(masks)
    xs, ys, starts = _corners(edges, stride)
    # Corners of one column pair up to vertical edges in order of y (0 and 1, 2 and 3, …), of one row to horizontal ones.
    row = _by_row(xs, ys, starts)
    across = np.empty_like(row)
    across[row[::2]], across[row[1::2]] = row[1::2], row[::2]
    return xs, ys, starts, (across ^ 1).tolist(), lines


def _cycles(following: list[int], first: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """(corners of all cycles, where each cycle ends among them, number of the first cycle of each mask and of all).

    Mask m has the corners ``first[m]`` to ``first[m + 1]``. A cycle is of corners 2n or 2n + 1, the ends at which vertical
    edge n is left, from its lowest edge on.
    """
    order: list[int] = []
    ends: list[int] = []
    first_cycle = [0]
    add = order.append
    for begin, end in pairwise(first):
        edges = (end - begin) // 2
        seen = bytearray(edges)
        found, start = len(order), begin
        while edges:
            add(start)
            here = following[start]
            while here != start:
                add(here)
                here = following[here]
            edges += found - len(order)
            if edges:
                for corner in order[found:]:
                    seen[(corner - begin) >> 1] = 1
                start = begin + 2 * seen.find(0, (start - begin) >> 1)
            found = len(order)
            ends.append(found)
        first_cycle.append(len(ends))
    return order, ends, first_cycle


def _corners(
    edges: npt.NDArray[np.int64], stride: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Corners sorted by x, then y: their places, and whether the foreground begins below them in their own column.

    In a column, a run's start and end are edges; where the next column has the same edge, a contour goes straight on,
    else it has a corner there. A place where two regions touch diagonally is there twice.
    """
    edges = edges << 2
    edges[1::2] |= 1
    # On the line between two columns lie the edges of the right one and, after them where both have one, of the left
    # one. Bit 0 says that it is the end of a run, bit 1 that it is of the left column.
    merged = np.concatenate((edges, edges + ((stride << 2) | 2)))
    merged.sort(kind="stable")  # a merge of two sorted halves
    differing = merged[1:] ^ merged[:-1]
    straight = (differing == 2).nonzero()[0]
    if len(straight):
        kept = np.ones(len(merged), bool)
        kept[straight] = kept[straight + 1] = False
        merged = merged[kept]
        differing = merged[1:] ^ merged[:-1]
    starts = (merged & 3) == 0
    touching = (differing == 3).nonzero()[0]
    starts[touching + 1] = starts[touching]
    merged >>= 2
    xs = merged // stride
    merged -= xs * stride
    return xs, merged, starts


def _by_row(
    xs: npt.NDArray[np.int64], ys: npt.NDArray[np.int64], starts: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Corners in the order of y, then x.

    Where two regions touch diagonally, edges are joined so that each region keeps a contour of its own. The upper edge
    of the place is its first copy. It belongs to the left edge when the upper left pixel is set, which is the order of
    the copies already; else to the right edge, so the copies change places.
    """
    bits = len(xs).bit_length()
    keys = np.sort((ys * (xs[-1:].sum() + 1) + xs << bits) | np.arange(len(xs)))
    order = keys & ((1 << bits) - 1)
    keys >>= bits
    again = np.flatnonzero(keys[1:] == keys[:-1])
    if len(again):
        swap = again[~starts[order[again]]]
        order[swap], order[swap + 1] = order[swap + 1], order[swap]
    return order
