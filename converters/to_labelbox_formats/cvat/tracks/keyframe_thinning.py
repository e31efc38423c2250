"""Which rows of a track have to be written, so that straight lines between them pass through all the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from to_labelbox_formats.cvat.tracks.rows import Row

TOLERANCE = 0.05
"""Pixels that a left-out row may be off the straight way; exports round to 0.01."""
_ROUNDS = 24


def thinned(rows: Sequence[Row]) -> list[Row]:
    """Rows that are needed so that straight lines between them pass all others within :data:`TOLERANCE`."""
    if len(rows) < 3:
        return list(rows)
    must = [row.key for row in rows]
    for i, (a, b) in enumerate(pairwise(rows), 1):
        if a.known is not b.known or a.occluded != b.occluded:
            must[i] = True
    if all(must[1:-1]):
        return list(rows)
    frames = np.array([row.frame for row in rows], np.float64)
    values = np.array([row.figure.numbers for row in rows], np.float64)
    kept = needed(frames, values, np.array(must))
    return [rows[i] for i in np.flatnonzero(kept).tolist()]


def needed(
    frames: npt.NDArray[np.float64] | npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    must: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Which rows to keep: those that must be, first and last, and in each gap the row that is farthest off, again and
    again until none is off by more than the tolerance."""
    kept = must.copy()
    kept[0] = kept[-1] = True
    if kept.all():
        return kept
    for _ in range(_ROUNDS):
        ends = np.flatnonzero(kept)
        gap = np.minimum(np.cumsum(kept) - 1, len(ends) - 2)
        low, high = ends[gap], ends[gap + 1]
        share = ((frames - frames[low]) / (frames[high] - frames[low]))[:, None]
        off = np.abs(values[low] + (values[high] - values[low]) * share - values).max(axis=1)
        if off.max() <= TOLERANCE:
            return kept
        worst = np.maximum.reduceat(off, ends[:-1])[gap]
        kept |= (off > TOLERANCE) & (off >= worst)
    bad = np.zeros(len(frames), np.bool_)
    bad[gap[off > TOLERANCE]] = True
    kept |= bad[gap]
    return kept
