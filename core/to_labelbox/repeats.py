"""Whether any of many 64-bit hashes occurs twice."""

from __future__ import annotations

from array import array

_FEW = 200_000
"""Up to here a set is as fast as numpy with its import, and takes no more than 20 MB."""


def has_repeats(hashes: array[int]) -> bool:
    """Takes an array of type ``q`` or ``Q``; memory stays within 16 bytes a hash."""
    if len(hashes) <= _FEW:
        return len(set(hashes)) < len(hashes)
    import numpy as np

    ordered = np.sort(np.frombuffer(hashes, np.uint64))
    return bool((ordered[1:] == ordered[:-1]).any())
