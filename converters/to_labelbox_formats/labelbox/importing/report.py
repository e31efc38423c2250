"""``OUT/import.json``, and the same in words: what was sent, what arrived, what did not and where it came from."""

from __future__ import annotations

import os
import re
from typing import Any

import msgspec
from msgspec import Struct

from to_labelbox.model.text import display, n_of, shortened
from to_labelbox.plugins.importer import ImportReport, JobReport, LineCounts, MessageReport, ProjectReport
from to_labelbox.report.report import version
from to_labelbox_formats.labelbox.importing.client import APP
from to_labelbox_formats.labelbox.importing.jobs import FailedLine, Jobs
from to_labelbox_formats.labelbox.importing.journal import Journal, Project, State, json_line
from to_labelbox_formats.labelbox.output import Output, SourceIndex

REPORT = "import.json"
FAILED = "failed.ndjson"
EXAMPLES = 5
CLASSES_SHOWN = 20
MESSAGES_SHOWN = 10
_VARYING = re.compile(r"\"[^\"]*\"|'[^']*'|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d[\d.,]*\b")


class FailedRow(Struct):
    """A data row that was not made, and why; ``lines`` of it were not sent."""

    row: int
    key: str
    reason: str
    lines: int = 0


def kind_of(message: str) -> str:
    """A message without its quoted names and numbers: what is the same for many lines."""
    return _VARYING.sub("…", message)[:500]


def counts_of(project: Project) -> tuple[LineCounts, dict[str, LineCounts]]:
    """Lines of a project, in total and by class; what was imported again counts once, as it came out last."""
    classes: dict[str, LineCounts] = {}
    for piece in project.pieces:
        for label, counts in piece.classes.items():
            classes.setdefault(label, LineCounts()).add(counts)
        for label, counts in piece.replaced.items():
            classes.setdefault(label, LineCounts()).add(counts, -1)
    total = LineCounts()
    for counts in classes.values():
        total.add(counts)
    return total, classes


class Messages:
    """Reasons, grouped."""

    def __init__(self) -> None:
        self._by_kind: dict[tuple[str, str], MessageReport] = {}

    def add(self, what: str, message: str, label: str, example: dict[str, Any]) -> None:
        kind = kind_of(message)
        group = self._by_kind.setdefault((what, kind), MessageReport(message, 0, what))
        group.count += 1
        if label:
            group.classes[label] = group.classes.get(label, 0) + 1
        if len(group.examples) < EXAMPLES:
            group.examples.append({**example, "message": message})

    def all(self) -> list[MessageReport]:
        for group in self._by_kind.values():
            if group.count > 1:
                group.message = kind_of(group.message)
        return sorted(self._by_kind.values(), key=lambda g: -g.count)


def read_failed_rows(state: State, journal: Journal, number: int) -> list[FailedRow]:
    """Rows of a project that were not made. Raises :class:`UsageError` when they are not those that were counted."""
    project = state.projects[number]
    recorded = project.rows.failed if project.rows_done else None
    return journal.read(_failed_rows(number, state.rounds), FailedRow, "row", recorded)


def write_failed_rows(journal: Journal, number: int, round: int, rows: list[FailedRow]) -> None:
    """A round has a file of its own, so that the state of the round before goes with its own file until it is saved."""
    journal.write(_failed_rows(number, round), map(json_line, rows))


def _failed_rows(number: int, round: int) -> str:
    return f"{number}-rows.failed{f'-{round}' if round else ''}.ndjson"


def make_report(
    state: State,
    journal: Journal,
    jobs: list[Jobs],
    output: Output | None,
    ended: str,
    expected: list[dict[str, int]] | None = None,
) -> ImportReport:
    """The report of what is recorded. ``output`` None: failed lines are counted and not traced.

    A file of them that an earlier look has written is named.

    ``expected``: lines by class of each project's payload; what no job has come to yet is not sent.
    """
    report = ImportReport(
        tool={"name": "to-labelbox", "version": version()},
        run=state.run,
        state=ended,
        mode=str(state.given["mode"]),
        organisation=state.organisation_name,
        endpoint=state.endpoint,
        left_over=list(state.left_over),
        questions=list(state.questions),
        notes=list(state.notes),
    )
    for number, project in enumerate(state.projects):
        total, classes = counts_of(project)
        for label, lines in expected[number].items() if expected else ():
            left = lines - classes.setdefault(label, LineCounts()).lines
            classes[label].add(LineCounts(lines=left, not_sent=left))
            total.add(LineCounts(lines=left, not_sent=left))
        report.projects.append(_project(project, total))
        report.lines.add(total)
        for label, counts in classes.items():
            report.classes.setdefault(label, LineCounts()).add(counts)
        report.rows.add(project.rows)
    if output is None and report.lines.failed + report.lines.unknown and os.path.exists(journal.path(FAILED)):
        report.failed_lines = journal.path(FAILED)
    if output is not None:
        _add_messages(report, state, journal, jobs, output)
    report.text = in_words(report)
    return report


def _project(project: Project, total: LineCounts) -> ProjectReport:
    jobs = []
    for piece in project.pieces:
        if piece.state in ("done", "failed") and piece.lines:
            sums = LineCounts()
            for counts in piece.classes.values():
                sums.add(counts)
            jobs.append(
                JobReport(piece.name, piece.lines, sums.imported, sums.failed, sums.unknown, piece.seconds, piece.note)
            )
    return ProjectReport(
        name=project.name,
        media_type=project.media_type,
        id=project.project,
        url=f"{APP}/projects/{project.project}" if project.project else "",
        dataset_id=project.dataset,
        ontology_id=project.ontology,
        rows=project.rows,
        batches=sum(1 for batch in project.batches if batch.id),
        lines=total,
        jobs=jobs,
    )


def _add_messages(report: ImportReport, state: State, journal: Journal, jobs: list[Jobs], output: Output) -> None:
    """Failed lines with their source: all of them in a file, the first of each reason in the report."""
    messages = Messages()
    for number, _ in enumerate(state.projects):
        for row in read_failed_rows(state, journal, number):
            messages.add("row", row.reason, "", {"key": row.key, "lines": row.lines})
    failed: list[FailedLine] = []
    for project, of in zip(state.projects, jobs):
        for piece in project.pieces:
            if piece.state in ("done", "failed"):
                failed += of.failed_rows(piece)
    failed.sort(key=lambda f: f.line)
    sources, chunks = SourceIndex(output), []
    for line in failed:
        told = {"line": line.line + 1, "uuid": line.uuid or None, "key": line.key, "class": line.label}
        told |= {"state": line.state, **sources.find(line.line, line.uuid.lower())}
        if line.row:
            told["data_row"] = f"{APP}/data-rows/{line.row}"
        messages.add("line", line.message, line.label, told)
        chunks.append(msgspec.json.encode({**told, "message": line.message}) + b"\n")
    sources.close()
    if chunks:
        journal.write(FAILED, chunks)
        report.failed_lines = journal.path(FAILED)
    else:
        journal.remove(FAILED)
    report.messages = messages.all()


def in_words(report: ImportReport) -> str:
    """The closing table, which adds up: lines = sent + not sent, sent = imported + failed + unknown."""
    c = report.lines
    head = ("lines", "not sent", "sent", "imported", "failed", "unknown")
    lines = [f"{'class':<28}" + "".join(f"{h:>11}" for h in head)]
    rows = sorted(report.classes.items(), key=lambda r: (-(r[1].failed + r[1].unknown + r[1].not_sent), -r[1].lines))
    lines += [_row(name, counts) for name, counts in rows[:CLASSES_SHOWN]]
    if len(rows) > CLASSES_SHOWN:
        lines.append(f"… and {n_of(len(rows) - CLASSES_SHOWN, 'more class', 'more classes')}, in {REPORT}")
    lines.append(_row("total", c))
    for project in report.projects:
        r = project.rows
        open_ = r.total - r.new - r.existing - r.failed
        more = f", {open_:,} not known to be made" if open_ else ""
        told = f"{n_of(r.total, 'data row')} ({r.new:,} new, {r.existing:,} existing, {r.failed:,} failed{more}), {n_of(project.batches, 'batch', 'batches')}, {n_of(len(project.jobs), 'job')}"
        lines.append(
            f"{display(project.name)} ({project.media_type}): {told}" + (f"  {project.url}" if project.url else "")
        )
    for message in report.messages[:MESSAGES_SHOWN]:
        lines.append(f"{message.count:,} × {display(message.message)}")
        lines += [f"    {place_in_words(e)}" for e in message.examples[:2]]
    if report.failed_lines:
        lines.append(f"each with its place in the source: {report.failed_lines}")
    if report.state == "finished" and (c.failed or report.rows.failed):
        again = "the rows of failed lines again, whole" if c.failed else ""
        unmade = "rows that were not made" if report.rows.failed else ""
        lines.append(f"--retry-failed imports {' and '.join(filter(None, (again, unmade)))} (asks first)")
    lines += [f"note  {display(note)}" for note in report.notes]
    if report.left_over:
        lines.append(
            f"left over, empty and not deleted: {', '.join(report.left_over)}; --clean-left-overs deletes them"
        )
    return "\n".join(lines)


def place_in_words(example: dict[str, Any]) -> str:
    parts = [str(example.get(k)) for k in ("file", "where") if example.get(k)]
    if example.get("id") not in (None, ""):
        parts.append(f"(id {example['id']})")
    if example.get("line"):
        parts.append(f"line {example['line']} of the payload")
    return display(f"{example.get('key', '')}: {' '.join(parts)}".rstrip(": "))


def _row(name: str, c: LineCounts) -> str:
    shown = shortened(display(name), 27)
    values = (c.lines, c.not_sent, c.sent, c.imported, c.failed, c.unknown)
    return f"{shown:<28}" + "".join(f"{v:>11,}" for v in values)


def save_report(report: ImportReport, folder: str) -> str:
    """Write ``import.json`` as a whole."""
    path = os.path.join(folder, REPORT)
    content: dict[str, Any] = msgspec.to_builtins(report)
    content.pop("text")
    with open(f"{path}.partial", "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    os.replace(f"{path}.partial", path)
    return path
