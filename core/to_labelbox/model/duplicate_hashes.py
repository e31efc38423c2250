"""Which of many 64-bit hashes occur more than once, in one set or in several."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain

_FEW = 200_000
"""Up to here a set is as fast as numpy with its import, and takes no more than 20 MB."""


def repeated(hashes: array[int]) -> set[int]:
    """Takes an array of type ``q`` or ``Q``; memory stays within 24 bytes a hash, beside what is found."""
    if len(hashes) <= _FEW:
        if len(set(hashes)) == len(hashes):
            return set()
        seen: set[int] = set()
        return {h for h in hashes if h in seen or seen.add(h)}  # type: ignore[func-returns-value]
    import numpy as np

    ordered = np.sort(np.frombuffer(hashes, np.int64 if hashes.typecode == "q" else np.uint64))
    return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def shared(sets: Sequence[tuple[Iterable[int], Iterable[int]]], none: int | None = None) -> list[tuple[int, int, int]]:
    """Sets with hashes that an earlier thing has, in any of them: (the set, the first such one, how many).

    Of each set the hashes and, in the same order, what tells the things apart that they stand for. ``none`` is no hash.
    """
    same = repeated(array("Q", chain.from_iterable(hashes for hashes, _ in sets))) - {none}
    first: dict[int, tuple[int, int]] = {}
    found: dict[int, tuple[int, int]] = {}
    for owner, (hashes, things) in enumerate(sets) if same else ():
        for one, thing in zip(hashes, things):
            if one in same and (other := first.setdefault(one, (owner, thing)))[1] != thing:
                earliest, count = found.get(owner, (other[0], 0))
                found[owner] = min(earliest, other[0]), count + 1
    return [(owner, other, count) for owner, (other, count) in found.items()]
