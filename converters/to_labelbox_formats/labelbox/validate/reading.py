"""The files that a check reads, line by line, and how much of them it has read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

CHUNK = 1 << 20
"""Bytes of lines after which it is told how far the check is."""


class Reading:
    """Lines of files; ``told`` hears which part of all of them is read, from 0 to 1."""

    def __init__(self, paths: Sequence[str], told: Callable[[float], None] | None) -> None:
        self._told = told
        self._total = 0 if told is None else sum(os.path.getsize(path) for path in paths)
        self._read = 0

    def lines(self, path: str) -> Iterator[bytes]:
        with open(path, "rb") as file:
            if self._told is None:
                yield from file
                return
            while chunk := file.readlines(CHUNK):
                yield from chunk
                self._read += sum(map(len, chunk))
                self._told(self._read / self._total if self._total > self._read else 1.0)
