"""Outer contours of masks, exactly along the edges of their pixels."""

from __future__ import annotations

from itertools import chain

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.raster import decode_counts, edges_of
from to_labelbox.model.items import Mask


def outer_contours(mask: Mask) -> tuple[list[list[float]], int]:
    """(outer contours along the pixel edges, one a 4-connected region; number of holes that they lose).

    Vertices are pixel corners, clockwise, so that filling a contour gives back the region with its holes closed. A
    contour begins at its leftmost and then topmost corner, and contours are in the order of theirs.
    """
    xs, ys, starts = _corners(np.cumsum(decode_counts(mask.counts, mask.width * mask.height)), mask.height)
    # Corners of one column pair up to vertical edges in order of y (0 and 1, 2 and 3, …), of one row to horizontal ones.
    row = _by_row(xs, ys, starts)
    across = np.empty_like(row)
    across[row[::2]], across[row[1::2]] = row[1::2], row[::2]
    following: list[int] = (across ^ 1).tolist()
    rings = _cycles(following)
    here = np.array(rings[0] if len(rings) == 1 else list(chain.from_iterable(rings)), np.int64)
    left, y = xs[here].astype(float).tolist(), ys[here].astype(float).tolist()
    # From a corner along the row to where the next vertical edge begins, whose end is the ring's next corner.
    entered = left[1:] + left[:1]
    at = 0
    for ring in rings if len(rings) > 1 else ():
        at, first = at + len(ring), at
        entered[at - 1] = left[first]
    flat = [0.0] * (4 * len(here))
    flat[::4], flat[1::4], flat[2::4], flat[3::4] = left, y, entered, y
    contours: list[list[float]] = []
    at = 0
    for ring in rings:
        # inside is below a ring's first corner, or the ring is a hole
        if starts[ring[0]]:
            contours.append(flat[at : at + 4 * len(ring)])
        at += 4 * len(ring)
    return contours, len(rings) - len(contours)


def _cycles(following: list[int]) -> list[list[int]]:
    """The cycles of corners 2n or 2n + 1, the ends at which vertical edge n is left, each from its lowest edge on."""
    rings: list[list[int]] = []
    edges = len(following) // 2
    seen = bytearray(edges)
    found, first = 0, 0
    while found < edges:
        ring = [first]
        here = following[first]
        while here != first:
            ring.append(here)
            here = following[here]
        rings.append(ring)
        found += len(ring)
        if found < edges:
            for corner in ring:
                seen[corner >> 1] = 1
            first = 2 * seen.find(0, first >> 1)
    return rings


def _corners(
    ends: npt.NDArray[np.int64], height: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Corners sorted by x, then y: their places, and whether the foreground begins below them in their own column.

    In a column, a run's start and end are edges; where the next column has the same edge, a contour goes straight on,
    else it has a corner there. A place where two regions touch diagonally is there twice.
    """
    edges = edges_of(ends, height) << 2
    edges[1::2] |= 1
    stride = height + 1
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
