"""The report of a batch: a line a dataset, and the sums of all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from to_labelbox.conversion.naming import REPORT
from to_labelbox.model.survey import add_counts
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code, Severity
from to_labelbox.report.log import (
    Assumption,
    Diagnostic,
    Example,
    Ledger,
    Log,
    Tally,
    Unread,
    examples_of,
    gravest_first,
)
from to_labelbox.report.report import (
    Assets,
    FailOn,
    Lines,
    Output,
    Report,
    Suspicion,
    Tool,
    exit_code_of,
    json_text,
    nothing_came,
    reached,
)
from to_labelbox.report.suspicious import LEFT_OUT

_OF_ALL = {Code.CLASS_SIMILAR}
"""What is said of the ontology, and so of each dataset: it counts once."""
DATASETS_NAMED = 20
"""Datasets that an entry of a list names."""


class State(StrEnum):
    """What has come of a dataset. ``PARTLY``: a file of it could not be read; ``NOTHING``: no annotation or asset of it
    could be converted; ``COPY``: it says nothing but what earlier ones say; ``FAILED``: it was not opened, or not to the end. Of
    the last three, no payload is written."""

    CONVERTED = "converted"
    PARTLY = "partly"
    NOTHING = "nothing"
    COPY = "copy"
    FAILED = "failed"


class Row(Struct):
    """A dataset: where it is below the root, what was read and what became of it.

    ``problem``: why that is not all, in a sentence; ``errors`` are the files and records that could not be read, the first
    few of each kind, ``unreadable`` is how many there are. ``losses`` are the skipped annotations by code, the most first. ``media`` counts its assets by type: a project takes one.
    A row without a format is a file, or a folder, that cannot be read.
    """

    path: str
    format: str
    assets: Assets = field(default_factory=Assets)
    annotations: Tally = field(default_factory=Tally)
    lines: int = 0
    problem: str = ""
    media: dict[str, int] = field(default_factory=dict)
    state: State = State.CONVERTED
    errors: list[Example] = field(default_factory=list)
    unreadable: int = 0
    losses: dict[str, int] = field(default_factory=dict)

    @property
    def published(self) -> bool:
        """Whether its folder holds a payload."""
        return self.state in (State.CONVERTED, State.PARTLY)


def row_of(path: str, format: str, report: Report, media: dict[str, int]) -> Row:
    """The row of a dataset that was converted, or of which nothing could be."""
    grave = [d for d in report.diagnostics if d.severity is Severity.ERROR]
    unreadable = sum(d.count for d in grave)
    state, problem = State.CONVERTED, ""
    if report.failed:
        state, problem = State.NOTHING, f"nothing in it could be converted{_cause(report)}"
    elif unreadable:
        state = State.PARTLY
        problem = f"{n_of(unreadable, 'file or record', 'files or records')} of it cannot be read"
    row = Row(path, format, report.assets, report.annotations, report.lines.total, problem, media, state)
    most_first = sorted((d for d in report.diagnostics if d.skipped), key=lambda d: -d.skipped)
    row.losses = {d.code: d.skipped for d in most_first}
    row.errors, row.unreadable = [example for d in grave for example in d.examples], unreadable
    return row


def _cause(report: Report) -> str:
    """What most was skipped for, unless it is among the files that cannot be read; what was left out by choice comes last."""
    if any(d.severity is Severity.ERROR for d in report.diagnostics):
        return ""
    if not report.assets.read:
        return ": it holds no asset"
    most = max(
        report.diagnostics, key=lambda d: (d.skipped > 0 and d.code not in LEFT_OUT, d.skipped, d.count), default=None
    )
    return "" if most is None else f": {most.code} ×{most.skipped or most.count:,}, {most.examples[0]}"


class DatasetsAssumption(Assumption, kw_only=True):
    """An assumption and the datasets of a batch that it was made for, the first few by name."""

    datasets: list[str] = field(default_factory=list)
    dataset_count: int = 0


class DatasetsUnread(Unread, kw_only=True):
    """A name that no rule looked at, and the datasets of a batch that have it, the first few by name."""

    datasets: list[str] = field(default_factory=list)
    dataset_count: int = 0


class BatchReport(Struct):
    """``report.json`` of a batch. Each dataset's own report is in its folder.

    ``kept``: the datasets that an earlier run has done; no part of the file, which is the same for one run and for several.
    """

    tool: Tool
    root: str
    datasets: list[Row]
    assets: Assets
    annotations: Tally
    lines: Lines
    classes: dict[str, Tally]
    diagnostics: list[Diagnostic]
    decisions: list[str]
    unread: list[DatasetsUnread] = field(default_factory=list)
    assumptions: list[DatasetsAssumption] = field(default_factory=list)
    suspicious: list[Suspicion] = field(default_factory=list)
    outputs: dict[str, Output] = field(default_factory=dict)
    kept: int | UnsetType = UNSET

    def to_json(self) -> bytes:
        return json_text(self).encode() + b"\n"

    @property
    def failed(self) -> bool:
        """Whether nothing of any dataset could be converted."""
        return nothing_came(self.assets, self.annotations, self.diagnostics)

    def exit_code(self, fail_on: FailOn | Iterable[FailOn] | None = None) -> int:
        """0 finished; 1 something has a problem, or losses reached ``fail_on``; 3 nothing could be converted."""
        problem = any(row.problem for row in self.datasets) or any(
            d.severity is Severity.ERROR for d in self.diagnostics
        )
        found = reached(self.annotations, self.assumptions, self.unread, self.suspicious)
        return exit_code_of(self.failed, problem, fail_on, found)


def read_batch(folder: str) -> BatchReport | None:
    """The report of the batch that is in a folder, or None."""
    try:
        with open(os.path.join(folder, REPORT), "rb") as file:
            return msgspec.json.decode(file.read(), type=BatchReport)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


N = TypeVar("N", DatasetsAssumption, DatasetsUnread)


class Totals:
    """Sums over datasets, in order."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._assets = Assets()
        self._ledger = Ledger()
        self._kinds: dict[str, int] = {}
        self._diagnostics: dict[str, Diagnostic] = {}
        self._readings = Log()
        self._told_by: dict[tuple[str, ...], list[str]] = {}
        self._suspicious: list[Suspicion] = []

    def add(self, row: Row, report: Report | None) -> None:
        """Add a dataset; one that failed has no report and counts nothing."""
        self._rows.append(row)
        if report is None:
            return
        self._assets.add(report.assets)
        self._readings.add_lists(report.unread, report.assumptions)
        keys = [(u.what, u.name, u.where, u.why) for u in report.unread]
        for key in dict.fromkeys([*keys, *((a.what, a.taken, a.option) for a in report.assumptions)]):
            self._told_by.setdefault(key, []).append(row.path)
        self._suspicious += [msgspec.structs.replace(one, dataset=row.path) for one in report.suspicious]
        for label, tally in report.classes.items():
            self._ledger[label].add(tally)
        add_counts(self._kinds, report.lines.by_kind)
        for one in report.diagnostics:
            mine = self._diagnostics.setdefault(one.code, Diagnostic(one.code, one.severity, message=one.message))
            mine.count = max(mine.count, one.count) if one.code in _OF_ALL else mine.count + one.count
            mine.skipped += one.skipped
            mine.merged += one.merged
            if mine.examples and one.code in _OF_ALL:
                continue
            for example in one.examples[: examples_of(one.code) - len(mine.examples)]:
                place = f"{row.path}: {example.file}" if example.file else row.path
                place = "" if one.code in _OF_ALL else place
                mine.examples.append(msgspec.structs.replace(example, file=place))

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def note(self, log: Log) -> None:
        """Add what is said of all datasets together."""
        self._readings.add_lists((), log.assumptions.values())
        for code, one in log.diagnostics.items():
            mine = self._diagnostics.setdefault(code, Diagnostic(one.code, one.severity, message=one.message))
            mine.count += one.count
            mine.examples.extend(one.examples[: examples_of(code) - len(mine.examples)])

    def report(self, root: str, decisions: Sequence[str]) -> BatchReport:
        return BatchReport(
            tool=Tool(),
            root=root,
            datasets=sorted(self._rows, key=lambda row: row.path),
            assets=self._assets,
            annotations=self._ledger.total(),
            lines=Lines(sum(self._kinds.values()), self._kinds),
            classes=dict(self._ledger),
            diagnostics=gravest_first(self._diagnostics.values()),
            decisions=list(decisions),
            unread=[self._named(DatasetsUnread, *entry) for entry in self._readings.unread.items()],
            assumptions=[self._named(DatasetsAssumption, *entry) for entry in self._readings.assumptions.items()],
            suspicious=sorted(self._suspicious, key=lambda one: -one.share),
        )

    def _named(self, kind: type[N], key: tuple[str, ...], one: Struct) -> N:
        """An entry of a list with the datasets that it is of."""
        datasets = self._told_by.get(key, [])
        return kind(**msgspec.structs.asdict(one), datasets=datasets[:DATASETS_NAMED], dataset_count=len(datasets))
