"""Chunks of one dataset, added up in order."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from to_labelbox.conversion.chunks import ChunkIndex, EncodedChunk
from to_labelbox.model.survey import Survey
from to_labelbox.report.log import Log
from to_labelbox.report.report import Assets

_LINES = 1 << 10
"""Lines that are handed on together."""


def give_unique_uuids(
    filled: Iterable[bytes],
    counts: Sequence[int],
    groups: Mapping[int, int],
    tell_apart: Callable[[list[bytes], set[bytes], str], list[bytes]],
    dataset: str = "",
) -> Iterator[bytes]:
    """The lines, with identities that an earlier item of the same asset has given away made anew.

    With the name of a ``dataset``, all are made anew from it.
    """
    lines = (line for piece in filled for line in piece.splitlines(keepends=True))
    given: dict[int, set[bytes]] = {}
    ready: list[bytes] = []
    for n, count in enumerate(counts):
        found = list(islice(lines, count))
        if n in groups:
            found = tell_apart(found, given.setdefault(groups[n], set()), dataset)
        elif dataset:
            found = tell_apart(found, set(), dataset)
        ready += found
        if len(ready) > _LINES:
            yield b"".join(ready)
            ready.clear()
    yield b"".join(ready)


class MergedChunks:
    """Parts of one dataset, added up in order, in whatever order they come.

    ``ranges`` are those with any items, ``indexes`` those with anything in the index; ``repeated`` are indexes of items whose asset came before, ``groups`` those of all
    items of such assets, each with that of the first. ``read`` counts source annotations. ``unread`` are starts of ranges that must not be read again. ``apart`` is the dataset's name where assets of it are also those of
    an earlier dataset.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.read = _read(log)
        self.survey = Survey()
        self.counts = array("I")
        self.keys = array("Q")
        self.assets = Assets()
        self.ranges: list[tuple[int, int]] = []
        self.indexes: list[ChunkIndex] = []
        self.unread: set[int] = set()
        self.repeated: set[int] = set()
        self.groups: dict[int, int] = {}
        self.apart = ""
        self.next = 0
        self._waiting: dict[int, EncodedChunk] = {}

    def add(self, part: EncodedChunk) -> None:
        self._waiting[part.start] = part
        while (ready := self._waiting.pop(self.next, None)) is not None:
            self.survey.absorb(ready.survey)
            self.log.absorb(ready.log)
            self.read += _read(ready.log)
            self.counts.extend(ready.counts)
            self.keys.extend(ready.keys)
            self.assets.read += ready.items
            self.assets.written += ready.written
            self.assets.skipped += ready.items - ready.written
            if ready.items:
                self.ranges.append((ready.start, ready.stop))
            if ready.unread:
                self.unread.add(ready.start)
            if any(ready.index):
                lines = sum(ready.counts)
                self.indexes.append(ChunkIndex(ready.start, ready.stop, lines, ready.index))
            self.next = ready.stop

    def leave_out(self, groups: dict[int, int]) -> None:
        """Assets that came before get no second data row; ``groups`` has the first item that is an asset, by item."""
        self.groups = groups
        self.repeated = {n for n, first in groups.items() if n != first}
        self.assets.written -= len(self.repeated)
        self.assets.skipped += len(self.repeated)


def _read(log: Log) -> int:
    return sum(tally.read for tally in log.ledger.values())
