"""What a conversion says of a source as a whole: what nobody read, what was taken for granted, what looks spoiled.

The lists are part of ``report.json``. Readers fill the first two through :meth:`~to_labelbox.report.log.Log.note_unread`
and :meth:`~to_labelbox.report.log.Log.assume`; the third is drawn from the finished counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NoReturn

from to_labelbox.report.errors import OpenQuestion
from to_labelbox.report.log import Log

NO_RULE = "no rule reads it"

FULLY_SEEN = 2_000
"""Records of a list whose fields are all looked at; after them, one in :data:`SAMPLED`."""

SAMPLED = 64


def ask(question: str, options: Sequence[tuple[str, str]]) -> NoReturn:
    """Stop with a question that the source leaves open (exit code 2): each option on a line, ready to copy, and what it means."""
    width = max(len(option) for option, _ in options)
    lines = "\n".join(f"  {option:<{width}}  {meaning}" for option, meaning in options)
    raise OpenQuestion(f"{question}\nSay which with one of these:\n{lines}")


def ask_unit(seen: str, option: str, unit: str) -> NoReturn:
    """Stop where numbers seem to be in another unit than pixels; ``option`` is the format's own, such as ``-O units``."""
    pixels = f"{option}=pixels", "of pixels: specks, or labels at the top left of their pictures"
    ask(f"{seen} and not pixels.", [(f"{option}={unit}", "of width and height"), pixels])


class FieldCensus:
    """Counts names (of fields, elements, columns) that a reader does not know, at a bounded price.

    ``what`` and ``where`` are those of the entries of the report (``field``, ``annotations.json images[]``); ``known`` are the
    names that some rule reads or that say nothing about a label (``info``). The first :data:`FULLY_SEEN` records are
    looked at in full, then one in :data:`SAMPLED`; a count of more records than that is a lower bound.
    """

    def __init__(self, what: str, where: str, known: Collection[str], why: str = NO_RULE) -> None:
        self._what, self._where, self._why = what, where, why
        self._known = frozenset(known)
        self._unknown: Counter[str] = Counter()
        self._records = 0

    def wants(self) -> bool:
        """Whether the next record is one to look at: saves taking it apart for nothing."""
        self._records += 1
        return self._records <= FULLY_SEEN or self._records % SAMPLED == 0

    def see(self, names: Iterable[str]) -> None:
        """Count the unknown ones among the names of a record."""
        self._unknown.update(name for name in names if name not in self._known)

    def tell(self, log: Log) -> None:
        """Note what was found, most frequent first."""
        for name, count in self._unknown.most_common():
            log.note_unread(self._what, name, where=self._where, count=count, why=self._why)
        self._unknown.clear()
