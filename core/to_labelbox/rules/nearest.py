"""The names that look most like one that is not there, for advice."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from to_labelbox.model.text import cut

SHOWN = 5


MOST_COMPARED, MOST_LETTERS = 100, 100
"""Names, and letters of each, among which the nearest to an unknown one are looked for."""


def nearest(name: str, names: Sequence[str]) -> str:
    """The names that look most like one that is not among them, in words."""
    return Nearest(names).to(name)


class Nearest:
    """Looks among names for those that are most like others, each of which costs the same however many names there are."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._folded: dict[str, str] = {}
        for name in names:
            self._folded.setdefault(name.casefold(), name)
        # letter by letter takes the product of the lengths: few are compared, and no long ones
        self._ordered = sorted(name for name in self._folded if len(name) <= MOST_LETTERS)
        self._by_end = sorted(name[::-1] for name in self._ordered) if len(self._ordered) > MOST_COMPARED else []

    def to(self, name: str) -> str:
        """The nearest in words, else the first of those that there are."""
        from difflib import get_close_matches  # slow to load, and only needed for advice

        wanted = name.casefold()
        near = [self._folded[match] for match in get_close_matches(wanted, self._candidates(wanted), SHOWN, 0.6)]
        if near:
            return f"nearest: {', '.join(_shown(near))}"
        if not self._names:
            return "there is none"
        more = "…" if len(self._names) > SHOWN else ""
        return f"there are: {', '.join(_shown(self._names[:SHOWN]))}{more}"

    def _candidates(self, wanted: str) -> Collection[str]:
        """Names that begin or end like it."""
        if len(wanted) > MOST_LETTERS:
            return ()
        if not self._by_end:
            return self._ordered
        backwards = wanted[::-1]
        alike = _around(self._ordered, wanted), (name[::-1] for name in _around(self._by_end, backwards))
        return dict.fromkeys(chain.from_iterable(alike))


def _around(ordered: Sequence[str], wanted: str) -> Sequence[str]:
    place = bisect_left(ordered, wanted)
    return ordered[max(0, place - MOST_COMPARED // 4) : place + MOST_COMPARED // 4]


def _shown(names: Iterable[str]) -> Iterator[str]:
    return (repr(cut(name, MOST_LETTERS)) for name in names)
