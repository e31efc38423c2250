"""Ids and places of the records of small files, made once, because every file of a set needs the same ones."""

from __future__ import annotations

from collections.abc import Sequence

_KEPT = 10_000


class Places:
    """(id, place) of the records 1, 2, … of a file, ``("7", "line 7")`` for the form ``"line {}"``."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._made: list[tuple[str, str]] = []

    def __call__(self, count: int) -> Sequence[tuple[str, str]]:
        """At least so many of them."""
        made = self._made
        if count <= len(made):
            return made
        made += self._range(len(made), min(count, _KEPT))
        return made if count <= _KEPT else made + self._range(_KEPT, count)

    def _range(self, start: int, stop: int) -> list[tuple[str, str]]:
        return [(str(n), self._form.format(n)) for n in range(start + 1, stop + 1)]
