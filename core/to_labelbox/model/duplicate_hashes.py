"""Which of many 64-bit hashes occur more than once."""

from __future__ import annotations

from array import array

_FEW = 200_000
"""Up to here a set is as fast as numpy with its import, and takes no more than 20 MB."""


def repeated(hashes: array[int]) -> set[int]:
    """Takes an array of type ``q`` or ``Q``; memory stays within 24 bytes a hash, beside what is found."""
    if len(hashes) <= _FEW:
        seen: set[int] = set()
        return {h for h in hashes if h in seen or seen.add(h)}  # type: ignore[func-returns-value]
    import numpy as np

    ordered = np.sort(np.frombuffer(hashes, np.int64 if hashes.typecode == "q" else np.uint64))
    return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
