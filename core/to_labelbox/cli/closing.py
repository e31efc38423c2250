"""What stands at the end of a conversion: what became of everything, what is wrong, what to do next."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from to_labelbox.cli.speech import tell
from to_labelbox.cli.table import Column, table
from to_labelbox.conversion.output_folder import holds_result
from to_labelbox.model.text import display, n_of, pattern, quoted, without_blanks
from to_labelbox.report import documentation
from to_labelbox.report.codes import Code, Severity
from to_labelbox.report.log import Assumption, Diagnostic, Tally, Unread
from to_labelbox.report.report import FailOn, Report, Suspicion, reached
from to_labelbox.report.suspicious import sentence

if TYPE_CHECKING:  # only a batch needs it
    from to_labelbox.batches.report import BatchReport, Row

CLASSES_SHOWN = 20
DECISIONS_SHOWN = 10
NAMES_SHOWN = 4
"""Names that one decision was made for."""
LISTED = 10
"""Assumptions and unread names that are printed."""
DATASETS_SHOWN = 3
"""Datasets of a batch that a line about several names."""

_COUNTS = (
    Column("read", 10),
    Column("converted", 11),
    Column("approx.", 10),
    Column("merged", 9),
    Column("skipped", 9),
)
_BATCH_COUNTS = (
    Column("assets", 9),
    Column("read", 11),
    Column("converted", 11),
    Column("approx.", 9),
    Column("merged", 9),
    Column("skipped", 9),
)
_MARKS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def closing(report: Report, out: str | None, width: int = 0) -> str:
    """The closing table: outcomes, the classes with losses, each diagnostic with one example, what to do next.

    ``width`` is that of the terminal, 0 where there is none.
    """
    tally = report.annotations
    verb = "would be written" if out is None else "written"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.lines.by_kind.items())
    lines = [
        f"{report.source.format}: {n_of(report.assets.read, 'asset')}, {n_of(tally.read, 'annotation')} read; "
        f"{n_of(report.lines.total, 'line')} {verb}" + (f" ({kinds})" if kinds else "")
    ]
    lines += [*_suspicious(report.suspicious), "", *_classes(report, width)]
    if report.diagnostics:
        lines.append("")
        lines += [line for d in report.diagnostics for line in diagnostic(d)]
    lines += _assumed(report.assumptions) + _unread(report.unread)
    existing = report.source.details.get("data_rows")
    if existing:
        rules = ", ".join(f"{count:,} by {rule}" for rule, count in existing["matched_by"].items())
        matched = f"{existing['matched']:,} of {n_of(existing['given'], 'existing row')} matched"
        lines += ["", f"data rows: {matched}{f' ({rules})' if rules else ''}"]
    unfit = list(report.source.details.get("not_in_ontology", {}).items())
    if unfit:
        lines += ["", "not in the ontology:"]
        lines += [f"{count:>9,}  {display(what)}" for what, count in unfit[:CLASSES_SHOWN]]
        lines += [f"… and {len(unfit) - CLASSES_SHOWN} more, see report.json"] if len(unfit) > CLASSES_SHOWN else []
    return "\n".join([*lines, *_codes(report.diagnostics, width), *_end(report, out)])


def _codes(diagnostics: Sequence[Diagnostic], width: int) -> list[str]:
    """Where the codes are explained: for somebody who reads it, and where the documents have an address."""
    if not width or not documentation.site() or all(d.code in (Code.DECISION, Code.SUSPICIOUS) for d in diagnostics):
        return []
    return ["", f"codes: {documentation.page('docs/diagnostics.md')}"]


def _classes(report: Report, width: int) -> list[str]:
    rows = sorted(report.classes.items(), key=lambda r: (-(r[1].skipped + r[1].approximated), -r[1].read))
    shown = [(_class_name(name), *_counts(tally)) for name, tally in rows[:CLASSES_SHOWN]]
    total = ("total", *_counts(report.annotations))
    lines = table((Column("class", 28, left=True), *_COUNTS), [*shown, total], width)
    if len(rows) > CLASSES_SHOWN:
        lines.insert(-1, f"… and {n_of(len(rows) - CLASSES_SHOWN, 'more class', 'more classes')}")
    return lines


def _class_name(name: str) -> str:
    """In quotes where it has blanks that are not seen."""
    return display(name if name == without_blanks(name) else repr(name))


def _end(report: Report, out: str | None) -> list[str]:
    """Where it is, and what to do next."""
    if report.failed:
        kept = out is not None and not report.outputs and os.path.isdir(out) and holds_result(out)
        where = f"{out} keeps its earlier result" if kept else f"{os.path.join(out or '', 'report.json')} says it all"
        written = "" if out is None else f"; {where}"
        return ["", f"nothing could be converted: see the reasons above{written}"]
    if out is None:
        return []
    files = ", ".join(os.path.join(out, name) for name in [*report.outputs, "report.json"])
    return ["", f"wrote {files}", f"next: to-labelbox validate {quoted(out)}"]


def batch_closing(report: BatchReport, out: str | None, width: int = 0) -> str:
    """The closing table of a batch: a line a dataset, sums, what is wrong, where it is."""
    lines = [*_suspicious(report.suspicious)[1:], *_datasets(report, width), ""]
    lines += [line for row in report.datasets if row.problem for line in _problem(row)]
    # what cannot be read stands with its dataset
    lines += [line for d in report.diagnostics if d.severity is not Severity.ERROR for line in diagnostic(d)]
    lines += _decisions(report.decisions, len(report.decisions))
    lines += _assumed(report.assumptions) + _unread(report.unread)
    lines += _codes(report.diagnostics, width)
    lines += _left_out(report.datasets)
    if report.failed:
        return "\n".join([*lines, "", "nothing could be converted: see the reasons above"])
    if out is None:
        return "\n".join([*lines, "", f"{n_of(report.lines.total, 'line')} would be written"])
    files = ", ".join(os.path.join(out, name) for name in [*report.outputs, "report.json"])
    if report.kept:
        done = len(report.datasets) - report.kept
        lines += [
            "",
            f"{n_of(report.kept, 'dataset')} as {'it was' if report.kept == 1 else 'they were'}, {done:,} done now",
        ]
    lines += ["", f"wrote {files}, and a folder for each dataset", f"next: to-labelbox validate {quoted(out)}"]
    return "\n".join(lines)


def _left_out(rows: Sequence[Row]) -> list[str]:
    """How many datasets have no payload, copies apart: nothing is lost with them."""
    copies = sum(row.state == "copy" for row in rows)
    failed = sum(not row.published for row in rows) - copies
    told = [f"{failed:,} of {n_of(len(rows), 'dataset')} gave nothing"] if failed else []
    if copies:
        told.append(f"{n_of(copies, 'copy', 'copies')} of other datasets left out")
    return ["", "; ".join(told)] if told else []


def _datasets(report: BatchReport, width: int) -> list[str]:
    names = [len("dataset"), *(len(display(row.path)) for row in report.datasets)]
    media = [len("media"), *(len("+".join(row.media)) for row in report.datasets)]
    columns = (
        Column("dataset", min(60, max(names)) + 2, left=True, both=True),
        Column("format", 14, left=True),
        Column("media", max(media) + 1, left=True),
        *_BATCH_COUNTS,
    )
    rows = [
        (
            display(row.path),
            row.format or "-",
            "+".join(row.media) or "-",
            f"{row.assets.read:,}",
            *_counts(row.annotations),
        )
        for row in report.datasets
    ]
    rows.append(("total", "", "", f"{report.assets.read:,}", *_counts(report.annotations)))
    return table(columns, rows, width, ["", *map(_mark, report.datasets), ""])


def _mark(row: Row) -> str:
    """What stands behind the line of a dataset that is not as one expects."""
    if row.state != "converted":
        return row.state.value
    for code, skipped in row.losses.items():
        return f"{display(code)} ×{skipped:,}"
    return "" if row.lines else "no labels"


def _problem(row: Row) -> list[str]:
    """What is wrong with a dataset, and each of its files that cannot be read."""
    first, *more_lines = row.problem.split("\n")
    lines = [f"error    {display(row.path)}: {display(first)}"]
    lines += [f"           {display(line)}" for line in more_lines]
    lines += [f"           {display(str(example))}" for example in row.errors]
    more = row.unreadable - len(row.errors)
    if row.errors and more > 0:
        lines.append(f"           … and {more:,} more, in {display(row.path)}/report.json")
    return lines


def _suspicious(found: Sequence[Suspicion]) -> list[str]:
    """What stands first: that the set as a whole is not what it should be, and why that may be."""
    lines = []
    for one in found:
        part = f"{display(one.dataset)}: " if one.dataset else ""
        lines += ["", f"suspicious {part}{display(sentence(one))}"]
        lines += [f"  likely   {display(cause)}" for cause in one.likely]
    return lines


def _assumed(assumptions: Sequence[Assumption]) -> list[str]:
    """A line for each reading that the source does not force, with the evidence and what flips it."""
    lines = []
    for one in assumptions[:LISTED]:
        evidence = f"{one.for_:,} for, {one.against:,} against" + (f", {one.unknown:,} open" if one.unknown else "")
        why = f"; {display(one.why)}" if one.why else ""
        flip = f"; else {display(one.option)}" if one.option else ""
        lines.append(f"assumed  {_whose(one)}{display(one.what)}: {display(one.taken)} ({evidence}{why}{flip})")
    return ["", *lines, *_more(len(assumptions), "assumptions")] if lines else []


def _unread(unread: Sequence[Unread]) -> list[str]:
    """A line for each name that no rule looked at."""
    lines = []
    for one in unread[:LISTED]:
        where = f" in {display(one.where)}" if one.where else ""
        times = f" ×{one.count:,}" if one.count > 1 else ""
        lines.append(f"unread   {_whose(one)}{display(one.what)} {display(one.name)}{times}{where}: {display(one.why)}")
    return ["", *lines, *_more(len(unread), "unread names")] if lines else []


def _whose(one: Assumption | Unread) -> str:
    """The datasets of a batch that an entry is of."""
    datasets: Sequence[str] = getattr(one, "datasets", ())
    more = getattr(one, "dataset_count", 0) - DATASETS_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return ", ".join(map(display, datasets[:DATASETS_SHOWN])) + f"{rest}: " if datasets else ""


def _more(count: int, what: str) -> list[str]:
    return [f"         … and {count - LISTED} more {what}, in report.json"] if count > LISTED else []


def tell_failed(report: Report | BatchReport, fail_on: Iterable[FailOn]) -> None:
    """Say which of the things that were to be failed on there are, where that makes the exit code."""
    found = reached(report.annotations, report.assumptions, report.unread, report.suspicious)
    met = [f"--fail-on {what}: {found[what]:,}" for what in FailOn if what in found and what in FailOn.of(fail_on)]
    if met and not report.failed:
        tell(f"exit code 1, {', '.join(met)}")


def _counts(t: Tally) -> tuple[str, ...]:
    return tuple(f"{n:,}" for n in (t.read, t.converted, t.approximated, t.merged, t.skipped))


def diagnostic(one: Diagnostic) -> list[str]:
    """A line with an example; of errors and of decisions one each, as they are about different things."""
    if one.code == Code.SUSPICIOUS:
        return []  # it stands above
    if one.code == Code.DECISION:
        return _decisions([str(example) for example in one.examples], one.count)
    if one.severity is Severity.ERROR and len(one.examples) > 1:
        more = one.count - len(one.examples)
        rest = [f"error    {one.code}: … and {more:,} more, in report.json"] if more > 0 else []
        return [*(f"error    {one.code}: {display(str(example))}" for example in one.examples), *rest]
    times = f" ×{one.count:,}" if one.count > 1 else ""
    if 0 < one.skipped < one.count:
        times += f", {one.skipped:,} skipped"
    return [f"{_MARKS[one.severity]:<8} {one.code}{times}: {display(str(one.examples[0]))}"]


_SUBJECT = pattern(r"""((?:'[^']*'|"[^"]*")(?: of (?:'[^']*'|"[^"]*"))?) (.+)""", re.DOTALL)
"""The class or attribute at the beginning of a decision, and what was decided for it."""


def _decisions(texts: Iterable[str], count: int) -> list[str]:
    """A line for each decision, however many classes it was made for; ``count`` are all, ``texts`` those that are known."""
    alike: dict[str, list[str]] = {}
    for text in texts:
        found = _SUBJECT.fullmatch(text)
        alike.setdefault(found[2] if found else text, []).append(found[1] if found else "")
    lines = []
    for decided, names in list(alike.items())[:DECISIONS_SHOWN]:
        first, *others = names
        count -= len(names)
        more = len(others) - NAMES_SHOWN
        rest = f" and {more:,} more" if more > 0 else ""
        likewise = f"; likewise {', '.join(others[:NAMES_SHOWN])}{rest}" if others and first else ""
        lines.append(f"note     {display(f'{first} {decided}{likewise}'.lstrip())}")
    return [*lines, f"note     … and {count:,} more decisions, in report.json"] if count > 0 else lines
