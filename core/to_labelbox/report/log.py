"""Loss is data: diagnostics with bounded examples, and a ledger that must balance.

Every source annotation is *read* once and ends in exactly one outcome: converted, approximated, merged or skipped.
Readers count what they read and what they skip or merge; the writer counts what it makes of the rest.
:class:`Log` holds both and is mergeable, so that chunks can be converted apart and added up in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Self

from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.model.items import Annotation, Classification
from to_labelbox.model.survey import add_counts
from to_labelbox.model.text import cut, text_name
from to_labelbox.report.annotation_index import LeftOutLines
from to_labelbox.report.codes import Code, Severity, severity_of
from to_labelbox.report.errors import RecordError, Refused, SourceError

EXAMPLES = 5

LISTED = 1000
"""Names that a report lists at most where it lists names."""

MOST_NOTED, MOST_NAMED = 4_000, 1_000
"""Characters of an example's message, and of the names in it: a source's own names may be of any length."""

UNNAMED = "(unnamed)"

UNREADABLE = "(unreadable)"


def examples_of(code: str) -> int:
    """Examples of a code that a report holds: of decisions all, as each is about something else."""
    return LISTED if code == Code.DECISION else EXAMPLES


def split_location(file: str, location: str) -> tuple[str, str]:
    """The file and the place in it: a location may name another file than its item's, with a tab after it."""
    own, tab, place = location.rpartition("\t")
    return (own, place) if tab else (file, location)


_SHOWN = 240
"""Characters of a file's name in a line; a task of text may be named by all of it."""


class Example(Struct, omit_defaults=True):
    """One occurrence: the file, the place in it (``annotations[12]``, ``line 7``), the source's id."""

    message: str
    file: str = ""
    where: str = ""
    id: str = ""

    def __str__(self) -> str:
        place = " ".join(p for p in (cut(self.file, _SHOWN), self.where, f"(id {self.id})" if self.id else "") if p)
        return f"{place}: {self.message}" if place else self.message


class Diagnostic(Struct, omit_defaults=True):
    """All occurrences of one code; counts are exact, examples are the first few.

    ``skipped`` and ``merged`` are the annotations that it cost: over all codes they add up to those of the ledger.
    """

    code: str
    severity: Severity
    count: int = 0
    skipped: int = 0
    merged: int = 0
    message: str = ""
    examples: list[Example] = field(default_factory=list)


def gravest_first(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    return sorted(diagnostics, key=lambda one: (order.index(one.severity), one.code))


class Unread(Struct):
    """Something of a source that no rule looked at: its own name, where it stands, how often."""

    what: str
    name: str
    where: str
    count: int
    why: str


class Assumption(Struct):
    """A reading that the source does not force: what was taken, records for and against it, the option that flips it."""

    what: str
    taken: str
    for_: int = field(default=0, name="for")
    against: int = 0
    unknown: int = 0
    why: str = ""
    option: str = ""


class Counts(Struct):
    """Numbers that add up field by field."""

    def add(self, other: Self, times: int = 1) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


class Tally(Counts):
    """One row of the ledger."""

    read: int = 0
    converted: int = 0
    approximated: int = 0
    merged: int = 0
    skipped: int = 0

    def add(self, other: Tally, times: int = 1) -> None:
        """As any counts, but spelled out: there is one of these for each class of each chunk."""
        self.read += times * other.read
        self.converted += times * other.converted
        self.approximated += times * other.approximated
        self.merged += times * other.merged
        self.skipped += times * other.skipped

    @property
    def written(self) -> int:
        return self.converted + self.approximated

    @property
    def closed(self) -> int:
        return self.converted + self.approximated + self.merged + self.skipped

    def balanced(self) -> bool:
        return self.read == self.closed


class Ledger(dict[str, Tally]):
    """Tallies by class; a class appears on first use."""

    def __missing__(self, label: str) -> Tally:
        tally = self[label] = Tally()
        return tally

    def total(self) -> Tally:
        total = Tally()
        for tally in self.values():
            total.add(tally)
        return total

    def unbalanced(self) -> dict[str, Tally]:
        return {label: tally for label, tally in self.items() if not tally.balanced()}


class Log:
    """Diagnostics and ledger of one run or one chunk of it.

    ``fail``: a refused record raises :class:`RecordError` instead of being skipped.
    ``left_out`` takes what is skipped or merged by itself, for the index; None where no index is made.
    ``unreadable`` counts input files that could not be read, ``unreadable_files`` are the first of this log's own.
    ``unread`` and ``assumptions`` are by what they are of, so that equal ones of several files or chunks add up.
    ``missing_in_ontology`` counts what an existing ontology does not have, ``unmatched`` lists the first assets without a data row, ``matched_by`` counts the others by what of the row they fit;
    ``matches`` is by option how many assets a table of the user's knows, of how many. ``used_rules`` are the names that a class map has met, as paths like ("classes", "car", "attributes", "color").
    """

    def __init__(
        self,
        *,
        fail: bool = False,
        indexed: bool = False,
        listener: Callable[[Diagnostic, Example], None] | None = None,
    ) -> None:
        self.fail = fail
        self.left_out = LeftOutLines() if indexed else None
        self.diagnostics: dict[str, Diagnostic] = {}
        self.ledger = Ledger()
        self.unreadable = 0
        self.unreadable_files: set[str] = set()
        self.used_rules: set[tuple[str, ...]] = set()
        self.missing_in_ontology: dict[str, int] = {}
        self.matched_by: dict[str, int] = {}
        self.unmatched: list[str] = []
        self.matches: dict[str, tuple[int, int]] = {}
        self.unread: dict[tuple[str, str, str, str], Unread] = {}
        self.assumptions: dict[tuple[str, str, str], Assumption] = {}
        self._listener = listener

    def note(
        self, code: str, message: str, *, file: str = "", where: str = "", id: str = "", count: int = 1
    ) -> Diagnostic:
        """Record an occurrence that costs no annotation by itself; gives all occurrences of its code."""
        diagnostic = self.diagnostics.get(code)
        if diagnostic is None:
            diagnostic = self.diagnostics[code] = Diagnostic(code, severity_of(code), message=cut(message, MOST_NOTED))
        diagnostic.count += count
        if len(diagnostic.examples) < examples_of(code):
            file, where = split_location(file, where)
            example = Example(
                text_name(cut(message, MOST_NOTED)),
                text_name(cut(file, MOST_NAMED)),
                cut(where, MOST_NAMED),
                cut(id, MOST_NAMED),
            )
            diagnostic.examples.append(example)
            if self._listener is not None:
                self._listener(diagnostic, example)
        return diagnostic

    def note_files(self, code: str, told: Sequence[tuple[str, str]]) -> None:
        """As :meth:`note`, for each of many pairs of message and file."""
        for n, (message, file) in enumerate(told):
            if not self.wants(code):
                self.diagnostics[code].count += len(told) - n
                return
            self.note(code, message, file=file)

    def wants(self, code: str) -> bool:
        """Whether the message of one more occurrence is kept, so that one that takes time to make is made."""
        known = self.diagnostics.get(code)
        return self.fail or known is None or len(known.examples) < examples_of(code)

    def decide(self, message: str) -> None:
        """Record a decision about the whole set that the user may want to know or override."""
        self.note(Code.DECISION, message)

    def note_unread(
        self, what: str, name: str, *, where: str = "", count: int = 1, why: str = "no rule reads it"
    ) -> None:
        """Name something of the source that is not read: ``what`` is file, folder, field, element, list or tag.

        ``count`` occurrences; names beyond the first :data:`LISTED` add up under one.
        """
        name, where = text_name(cut(name, MOST_NAMED)), text_name(cut(where, MOST_NAMED))
        self._add_unread(Unread(what, name, where, count, cut(why, MOST_NAMED)))

    def _add_unread(self, one: Unread) -> None:
        key = one.what, one.name, one.where, one.why
        if key not in self.unread and len(self.unread) >= LISTED:
            one = Unread(one.what, "(more names)", "", one.count, "the list is full")
            key = one.what, one.name, one.where, one.why
        mine = self.unread.setdefault(key, one)
        if mine is not one:
            mine.count += one.count

    def assume(
        self,
        what: str,
        taken: str,
        *,
        for_: int = 0,
        against: int = 0,
        unknown: int = 0,
        why: str = "",
        option: str = "",
    ) -> None:
        """Say which of several possible readings was taken (``what``: origin, task, class order, …) and on what evidence.

        The counts are of records; ``option`` is what flips it, ready to copy (``-O origin=zero_based``).
        """
        what, taken, why, option = (cut(text, MOST_NAMED) for text in (what, taken, why, option))
        self._add_assumption(Assumption(what, taken, for_, against, unknown, why, option))

    def _add_assumption(self, one: Assumption) -> None:
        mine = self.assumptions.setdefault((one.what, one.taken, one.option), one)
        if mine is not one:
            mine.for_ += one.for_
            mine.against += one.against
            mine.unknown += one.unknown

    def count_match(self, option: str, matched: int, of: int = 1) -> None:
        """Count assets that a table or folder of the user's was asked for (``option`` gave it), and those it knows."""
        known, asked = self.matches.get(option, (0, 0))
        self.matches[option] = known + matched, asked + of

    def add_lists(self, unread: Iterable[Unread], assumptions: Iterable[Assumption]) -> None:
        """Add up entries of another log or report, which stay as they are."""
        for name in unread:
            self._add_unread(replace(name))
        for assumption in assumptions:
            self._add_assumption(replace(assumption))

    def read(self, label: str, count: int = 1) -> None:
        """Count source annotations of a class as read."""
        self.ledger[label].read += count

    def read_each(self, labels: Iterable[str]) -> None:
        """Count a source annotation of each of these classes as read."""
        for label in labels:
            self.ledger[label].read += 1

    @contextmanager
    def reading(self, label: str, *, file: str = "", where: str = "", id: str = "") -> Iterator[None]:
        """Count one source annotation as read; :class:`Refused`, raised in the block, closes it as skipped.

        ``file``, ``where`` and ``id`` name the record in the message.
        """
        self.read(label)
        try:
            yield
        except Refused as refused:
            self.skip(refused.code, label, str(refused), file=file, where=where, id=id)
        except Exception as error:  # whoever tells it says where
            error.add_note(str(Example(f"an annotation of {label!r}", file, where, id)))
            raise

    def skip(
        self,
        code: str,
        label: str,
        message: str,
        *,
        file: str = "",
        where: str = "",
        id: str = "",
        count: int = 1,
        key: str | None = None,
    ) -> None:
        """Close ``count`` source annotations of a class as skipped, with the reason; ``key``: their data row's, if known."""
        file, where = split_location(file, where)
        if self.fail and severity_of(code) is not Severity.INFO:
            raise RecordError(str(Example(message, file, where, id)))
        self.ledger[label].skipped += count
        if self.left_out is not None:
            self.left_out.add(code, label, key, file, where, id, count)
        self.note(code, message, file=file, where=where, id=id, count=count).skipped += count

    def skip_annotation(
        self, code: str, message: str, annotation: Annotation, file: str, key: str | None = None
    ) -> None:
        """Close an annotation of the model as skipped; a further piece of one that is counted already only gets the note."""
        where, id, count = annotation.location, annotation.id, annotation.source_count
        if count:
            self.skip(code, class_of(annotation), message, file=file, where=where, id=id, count=count, key=key)
        else:
            self.note(code, message, file=file, where=where, id=id)

    def note_annotation(self, code: str, message: str, annotation: Annotation, file: str, count: int = 1) -> Diagnostic:
        """As :meth:`note`, about an annotation of the model."""
        return self.note(code, message, file=file, where=annotation.location, id=annotation.id, count=count)

    def merge(
        self, code: str, label: str, message: str, *, file: str = "", where: str = "", id: str = "", count: int = 1
    ) -> None:
        """Close source annotations as merged into another."""
        file, where = split_location(file, where)
        self.ledger[label].merged += count
        if self.left_out is not None:
            self.left_out.add(code, label, None, file, where, id, count)
        self.note(code, message, file=file, where=where, id=id, count=count).merged += count

    def file_unreadable(self, file: str, message: str) -> None:
        """A whole file (or asset record) could not be read; the rest goes on and the exit code says so."""
        if self.fail:
            raise RecordError(f"{file}: {message}")
        self.unreadable += 1
        if len(self.unreadable_files) < LISTED:
            self.unreadable_files.add(file)
        self.note(Code.FILE_UNREADABLE, message, file=file)

    def absorb(self, other: Log) -> None:
        """Add the counts of a later chunk."""
        self.unreadable += other.unreadable
        self.used_rules |= other.used_rules
        for option, (matched, asked) in other.matches.items():
            self.count_match(option, matched, asked)
        self.unmatched += other.unmatched[: max(0, LISTED - len(self.unmatched))]
        add_counts(self.missing_in_ontology, other.missing_in_ontology)
        add_counts(self.matched_by, other.matched_by)
        if self.left_out is not None and other.left_out is not None:
            self.left_out.absorb(other.left_out)
        self.add_lists(other.unread.values(), other.assumptions.values())
        for label, tally in other.ledger.items():
            self.ledger[label].add(tally)
        for code, theirs in other.diagnostics.items():
            mine = self.diagnostics.get(code)
            if mine is None:
                self.diagnostics[code] = theirs
                continue
            mine.count += theirs.count
            mine.skipped += theirs.skipped
            mine.merged += theirs.merged
            mine.examples.extend(theirs.examples[: examples_of(code) - len(mine.examples)])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listener": None}


def class_of(annotation: Annotation) -> str:
    """The class that the ledger counts an annotation under."""
    return annotation.ledger_label or (annotation.name if isinstance(annotation, Classification) else annotation.label)


def unreachable_ledger(unbalanced: dict[str, Tally]) -> NoReturn:
    rows = "; ".join(f"{label}: {tally}" for label, tally in list(unbalanced.items())[:5])
    raise SourceError(
        f"the ledger does not balance, so annotations may be missing from the output ({rows}). "
        "This is a defect of to-labelbox, not of your data: please report it"
    )
