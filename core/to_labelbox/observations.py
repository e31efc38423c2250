"""What a conversion says of a source as a whole: what nobody read, what was taken for granted, what looks spoiled.

The lists are part of ``report.json``. Readers fill the first two through :meth:`~to_labelbox.diagnostics.Log.note_unread`
and :meth:`~to_labelbox.diagnostics.Log.assume`; the third is drawn from the finished counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from typing import NoReturn

from to_labelbox.diagnostics import Log, UsageError
from to_labelbox.media import is_media
from to_labelbox.names import display
from to_labelbox.source import Source

NO_RULE = "no rule reads it"
FULLY_SEEN = 2_000
"""Records of a list whose fields are all looked at; after them, one in :data:`SAMPLED`."""
SAMPLED = 64
_OF_THE_SYSTEM = frozenset({".ds_store", "thumbs.db", "desktop.ini", "icon\r"})
_SYSTEM_FOLDERS = frozenset({"__macosx"})


def ask(question: str, options: Sequence[tuple[str, str]]) -> NoReturn:
    """Stop with a question that the source leaves open (exit code 2): each option on a line, ready to copy, and what it means."""
    width = max(len(option) for option, _ in options)
    lines = "\n".join(f"  {option:<{width}}  {meaning}" for option, meaning in options)
    raise UsageError(f"{question}\nSay which with one of these:\n{lines}")


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


def note_unread_files(
    log: Log,
    source: Source,
    used: Container[str],
    why: str | Callable[[str], str] = NO_RULE,
) -> None:
    """Name the files of a source that were not ``used``, by folder and extension.

    ``why`` is one reason for all, or gives that of a file; an empty reason leaves the file out. Files of the operating
    system are never named; pictures are only when they are not ``used``, so a reader passes its data rows' pictures too.
    """
    for (folder, extension), names in source.groups.items():
        if _SYSTEM_FOLDERS & {part.lower() for part in folder.split("/")}:
            continue
        reasons: Counter[str] = Counter()
        example: dict[str, str] = {}
        for name in names:
            if name in used or name[len(folder) :].lower() in _OF_THE_SYSTEM:
                continue
            reason = why if isinstance(why, str) else why(name)
            if reason:
                reasons[reason] += 1
                example.setdefault(reason, name)
        for reason, count in reasons.items():
            shown = example[reason] if count == 1 else f"{folder}*{extension}"
            kind = "picture" if is_media(example[reason]) else "file"
            log.note_unread("file", display(shown), where=f"{kind}s of {source.name}", count=count, why=reason)
