"""Options and renderings that several commands share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from to_labelbox.model.text import display
from to_labelbox.report.codes import Severity
from to_labelbox.report.interruption import Interrupted
from to_labelbox.report.log import Assumption, Diagnostic, Tally, Unread
from to_labelbox.report.report import FailOn, Report, Suspicion
from to_labelbox.report.suspicious import sentence
from to_labelbox.rules.option import Shown, shown

if TYPE_CHECKING:
    from to_labelbox.batches.report import BatchReport

F = TypeVar("F", bound=Callable[..., Any])

CLASSES_SHOWN = 20
DECISIONS_SHOWN = 10
LISTED = 10
"""Assumptions and unread names that are printed."""


def complete_format(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The formats whose names begin so, for a shell's completion."""
    from to_labelbox.plugins.registry import readers

    return [name for name in readers() if name.startswith(incomplete)]


def source_argument(command: F) -> F:
    """What every command that reads a source takes."""
    return click.argument("source", nargs=-1, required=True, metavar="SOURCE...", type=click.Path())(command)


def options_of(record: type) -> Callable[[F], F]:
    """The options of a record, in its order, under the names of its fields and with their values."""

    def add(command: F) -> F:
        for name, (field, about) in reversed(shown(record).items()):
            if about.help:
                command = _option(name, field.default, about)(command)
        return command

    return add


def _option(name: str, default: Any, about: Shown) -> Callable[[F], F]:
    flag = about.flag or f"--{name.replace('_', '-')}"
    words = {value: word for word, value in about.choices.items()} if about.choices else {}
    is_switch = isinstance(default, bool) and not words
    given: dict[str, Any] = {}
    if words:
        given["type"] = click.Choice(list(about.choices))
    elif about.least is not None:
        given["type"] = click.IntRange(int(about.least)) if isinstance(default, int) else click.FloatRange(about.least)
    elif about.path:
        given["type"] = click.Path()

    def value(_context: click.Context, _parameter: click.Parameter, said: Any) -> Any:
        if said is None:
            return default
        return about.choices[said] if words else about.parse(said) if about.parse else said

    return click.option(
        f"{flag}/--no-{flag[2:]}" if is_switch and default else flag,
        name,
        is_flag=is_switch or None,
        multiple=about.multiple or isinstance(default, tuple),
        default=words.get(default) if words else default or (False if is_switch else None),
        show_default=bool(default) and not is_switch,
        metavar=about.metavar or None,
        help=about.help,
        callback=value,
        shell_complete=complete_format if name == "format" else None,
        **given,
    )


def _fail_on(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[FailOn]:
    """What to fail on, given once or several times, by commas or apart."""
    words = [word for text in given for word in text.split(",")]
    known = {f.value: f for f in FailOn}
    for word in words:
        if word.strip() not in known:
            raise click.BadParameter(f"{word!r} is none of {', '.join(known)}")
    return frozenset(known[word.strip()] for word in words)


def output_options(command: F) -> F:
    """Where the result goes, and how much is said about it."""
    for option in reversed(
        [
            click.option("-o", "--out", type=click.Path(), metavar="OUT", help="Output folder."),
            click.option(
                "--fail-on",
                multiple=True,
                callback=_fail_on,
                metavar="WHAT[,WHAT]",
                help=f"Exit with 1 where anything was: {', '.join(f.value for f in FailOn)} (several: by commas).",
            ),
            click.option("--dry-run", is_flag=True, help="Say what would come of it, write nothing."),
            click.option(
                "--progress/--no-progress", default=None, help="Show how far it is; by default when it takes long."
            ),
            click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        ]
    ):
        command = option(command)
    return command


@contextmanager
def resumable() -> Iterator[None]:
    """Know after an interruption how to go on."""
    try:
        yield
    except Interrupted as interrupted:
        interrupted.resume = "the same command with --resume goes on with what is missing"
        raise


def closing(report: Report, out: str | None) -> str:
    """The closing table: outcomes, the classes with losses, each diagnostic with one example, what to do next."""
    tally = report.annotations
    verb = "would be written" if out is None else "written"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.lines.by_kind.items())
    lines = [
        f"{report.source.format}: {_n(report.assets.read, 'asset')}, {_n(tally.read, 'annotation')} read; "
        f"{_n(report.lines.total, 'line')} {verb}" + (f" ({kinds})" if kinds else "")
    ]
    lines += _suspicious(report.suspicious)
    lines += ["", f"{'class':<28}{'read':>10}{'converted':>11}{'approx.':>10}{'merged':>9}{'skipped':>9}"]
    rows = sorted(report.classes.items(), key=lambda r: (-(r[1].skipped + r[1].approximated), -r[1].read))
    for name, t in rows[:CLASSES_SHOWN]:
        lines.append(_row(display(name), t.read, t.converted, t.approximated, t.merged, t.skipped))
    if len(rows) > CLASSES_SHOWN:
        lines.append(f"… and {len(rows) - CLASSES_SHOWN} more classes")
    lines.append(_row("total", tally.read, tally.converted, tally.approximated, tally.merged, tally.skipped))
    if report.diagnostics:
        lines.append("")
        lines += [line for d in report.diagnostics for line in _diagnostic(d)]
    lines += _assumed(report.assumptions) + _unread(report.unread)
    existing = report.source.details.get("data_rows")
    if existing:
        lines += ["", f"data rows: {existing['matched']:,} of {_n(existing['given'], 'existing row')} matched"]
    unfit = list(report.source.details.get("not_in_ontology", {}).items())
    if unfit:
        lines += ["", "not in the ontology:"]
        lines += [f"{count:>9,}  {display(what)}" for what, count in unfit[:CLASSES_SHOWN]]
        lines += [f"… and {len(unfit) - CLASSES_SHOWN} more, see report.json"] if len(unfit) > CLASSES_SHOWN else []
    if out is not None:
        lines += ["", "wrote " + ", ".join(os.path.join(out, name) for name in [*report.outputs, "report.json"])]
        lines += [f"next: to-labelbox validate {shlex.quote(out)}"]
    return "\n".join(lines)


def batch_closing(report: BatchReport, out: str) -> str:
    """The closing table of a batch: a line a dataset, sums, what is wrong, where it is."""
    width = min(60, max([len("dataset"), *(len(display(row.path)) for row in report.datasets)])) + 2
    head = f"{'dataset':<{width}}{'format':<14}{'assets':>9}{'read':>11}{'converted':>11}{'approx.':>9}{'merged':>9}"
    lines = [*_suspicious(report.suspicious)[1:], head + f"{'skipped':>9}"]
    for row in report.datasets:
        name = display(row.path)
        shown = name if len(name) < width - 1 else "…" + name[-(width - 3) :]
        lines.append(f"{shown:<{width}}{row.format:<14}" + _counts(row.assets.read, row.annotations))
    lines.append(f"{'total':<{width}}{'':<14}" + _counts(report.assets.read, report.annotations))
    lines += ["", *(f"{'error':<8} {display(r.path)}: {display(r.problem)}" for r in report.datasets if r.problem)]
    lines += [line for d in report.diagnostics for line in _diagnostic(d)]
    lines += [f"note     {display(text)}" for text in report.decisions[:DECISIONS_SHOWN]]
    if len(report.decisions) > DECISIONS_SHOWN:
        lines.append(f"note     … and {len(report.decisions) - DECISIONS_SHOWN} more decisions, in report.json")
    lines += _assumed(report.assumptions) + _unread(report.unread)
    written = [*report.outputs, "report.json"]
    lines += ["", "wrote " + ", ".join(os.path.join(out, name) for name in written) + ", and a folder for each dataset"]
    lines += [f"next: to-labelbox validate {shlex.quote(out)}"]
    return "\n".join(lines)


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
        lines.append(f"assumed  {display(one.what)} {display(one.taken)} ({evidence}{why}{flip})")
    return ["", *lines, *_more(len(assumptions), "assumptions")] if lines else []


def _unread(unread: Sequence[Unread]) -> list[str]:
    """A line for each name that no rule looked at."""
    lines = []
    for one in unread[:LISTED]:
        where = f" in {display(one.where)}" if one.where else ""
        times = f" ×{one.count:,}" if one.count > 1 else ""
        lines.append(f"unread   {display(one.what)} {display(one.name)}{times}{where}: {display(one.why)}")
    return ["", *lines, *_more(len(unread), "unread names")] if lines else []


def _more(count: int, what: str) -> list[str]:
    return [f"         … and {count - LISTED} more {what}, in report.json"] if count > LISTED else []


def _counts(assets: int, t: Tally) -> str:
    return f"{assets:>9,}{t.read:>11,}{t.converted:>11,}{t.approximated:>9,}{t.merged:>9,}{t.skipped:>9,}"


def _n(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _row(name: str, *counts: int) -> str:
    shown = name if len(name) <= 27 else name[:26] + "…"
    widths = (10, 11, 10, 9, 9)
    return f"{shown:<28}" + "".join(f"{count:>{width},}" for count, width in zip(counts, widths))


_MARKS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def _diagnostic(diagnostic: Diagnostic) -> list[str]:
    if diagnostic.code == "suspicious":
        return []  # it stands above
    if diagnostic.code == "decision":
        more = diagnostic.count - len(diagnostic.examples)
        rest = [f"note     … and {more:,} more of the same kind"] if more > 0 else []
        return [*(f"note     {display(str(e))}" for e in diagnostic.examples), *rest]
    example = diagnostic.examples[0]
    times = f" ×{diagnostic.count:,}" if diagnostic.count > 1 else ""
    return [f"{_MARKS[diagnostic.severity]:<8} {diagnostic.code}{times}: {display(str(example))}"]
