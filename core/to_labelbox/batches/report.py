"""The report of a batch: a line a dataset, and the sums of all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct, field

from to_labelbox.conversion.output_folder import REPORT
from to_labelbox.report.codes import Code, Severity
from to_labelbox.report.log import EXAMPLES, Assumption, Diagnostic, Ledger, Log, Tally, Unread
from to_labelbox.report.report import Assets, FailOn, Lines, Output, Report, Suspicion, Tool, json_text, reached

_OF_ALL = {Code.CLASS_SIMILAR}
"""What is said of the ontology, and so of each dataset: it counts once."""


class Row(Struct):
    """A dataset: where it is below the root, what was read and what became of it. ``problem``: why that is not all. ``media`` counts its assets by type: a project takes one."""

    path: str
    format: str
    assets: Assets = field(default_factory=Assets)
    annotations: Tally = field(default_factory=Tally)
    lines: int = 0
    problem: str = ""
    media: dict[str, int] = field(default_factory=dict)


class BatchReport(Struct):
    """``report.json`` of a batch. Each dataset's own report is in its folder."""

    tool: Tool
    root: str
    datasets: list[Row]
    assets: Assets
    annotations: Tally
    lines: Lines
    classes: dict[str, Tally]
    diagnostics: list[Diagnostic]
    decisions: list[str]
    unread: list[Unread] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    suspicious: list[Suspicion] = field(default_factory=list)
    outputs: dict[str, Output] = field(default_factory=dict)

    def to_json(self) -> bytes:
        return json_text(self).encode() + b"\n"

    def exit_code(self, fail_on: FailOn | Iterable[FailOn] | None = None) -> int:
        """0 finished; 1 something has a problem, or losses reached ``fail_on``; 3 nothing could be converted."""
        tally = self.annotations
        if self.assets.written == 0 or (tally.read and not tally.written):
            return 3
        if any(row.problem for row in self.datasets) or any(d.severity is Severity.ERROR for d in self.diagnostics):
            return 1
        return int(bool(FailOn.of(fail_on) & reached(tally, self.assumptions, self.unread, self.suspicious)))


def read_batch(folder: str) -> BatchReport | None:
    """The report of the batch that is in a folder, or None."""
    try:
        with open(os.path.join(folder, REPORT), "rb") as file:
            return msgspec.json.decode(file.read(), type=BatchReport)
    except (OSError, msgspec.MsgspecError):
        return None


class Totals:
    """Sums over datasets, in order."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._assets = Assets()
        self._ledger = Ledger()
        self._kinds: dict[str, int] = {}
        self._diagnostics: dict[str, Diagnostic] = {}
        self._readings = Log()
        self._suspicious: list[Suspicion] = []

    def add(self, row: Row, report: Report | None) -> None:
        """Add a dataset; one that failed has no report and counts nothing."""
        self._rows.append(row)
        if report is None:
            return
        for name in ("read", "written", "skipped"):
            setattr(self._assets, name, getattr(self._assets, name) + getattr(report.assets, name))
        self._readings.add_lists(report.unread, report.assumptions)
        self._suspicious += [msgspec.structs.replace(one, dataset=row.path) for one in report.suspicious]
        for label, tally in report.classes.items():
            self._ledger[label].add(tally)
        for kind, count in report.lines.by_kind.items():
            self._kinds[kind] = self._kinds.get(kind, 0) + count
        for one in report.diagnostics:
            mine = self._diagnostics.setdefault(one.code, Diagnostic(one.code, one.severity, message=one.message))
            mine.count = max(mine.count, one.count) if one.code in _OF_ALL else mine.count + one.count
            if mine.examples and one.code in _OF_ALL:
                continue
            for example in one.examples[: EXAMPLES - len(mine.examples)]:
                place = f"{row.path}: {example.file}" if example.file else row.path
                mine.examples.append(msgspec.structs.replace(example, file=place))

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def note(self, log: Log) -> None:
        """Add what is said of all datasets together."""
        for code, one in log.diagnostics.items():
            mine = self._diagnostics.setdefault(code, Diagnostic(one.code, one.severity, message=one.message))
            mine.count += one.count
            mine.examples.extend(one.examples[: EXAMPLES - len(mine.examples)])

    def report(self, root: str, decisions: Sequence[str]) -> BatchReport:
        order = {"error": 0, "warning": 1, "info": 2}
        return BatchReport(
            tool=Tool(),
            root=root,
            datasets=self._rows,
            assets=self._assets,
            annotations=self._ledger.total(),
            lines=Lines(sum(self._kinds.values()), self._kinds),
            classes=dict(self._ledger),
            diagnostics=sorted(self._diagnostics.values(), key=lambda d: (order[d.severity], d.code)),
            decisions=list(decisions),
            unread=list(self._readings.unread.values()),
            assumptions=list(self._readings.assumptions.values()),
            suspicious=sorted(self._suspicious, key=lambda one: -one.share),
        )
