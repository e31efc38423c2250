"""The comparison from beginning to end: the payload by rows, each row of the exports beside it, then what nobody named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from to_labelbox.conversion.output_folder import room
from to_labelbox.model.text import cut, display, listed, n_of
from to_labelbox.plugins.comparer import CompareOptions, CompareReport, RowComparison
from to_labelbox.report.errors import UsageError
from to_labelbox.report.report import version
from to_labelbox_formats.labelbox.comparing.differences import Difference, difference
from to_labelbox_formats.labelbox.comparing.export import ExportedLabel, ExportRow, Names, labels, rows
from to_labelbox_formats.labelbox.comparing.features import Feature, Ranges
from to_labelbox_formats.labelbox.comparing.pairing import Paired, pair
from to_labelbox_formats.labelbox.comparing.payload import sent
from to_labelbox_formats.labelbox.comparing.report import REPORT, Tally, in_words, save
from to_labelbox_formats.labelbox.importing.journal import Journal, other_payload
from to_labelbox_formats.labelbox.importing.ontology import read_ontology
from to_labelbox_formats.labelbox.importing.plan import Plan
from to_labelbox_formats.labelbox.output import Output, open_output

SHOWN = 5
NOT_THERE = "the data row is not in the export"
NO_LABEL = "the data row has no label in the export"
NOT_FOUND = "is not in the label of its data row"


def compare(
    folder: str, exports: Sequence[str], options: CompareOptions, said: Callable[[int, int], None]
) -> CompareReport:
    """Compare an output folder with exports (:class:`~to_labelbox.plugins.comparer.Comparer`)."""
    output = open_output(folder)
    with room(os.path.join(folder, REPORT), "make room and run it again"):
        plan = Plan(output, options.first)
        tally = Tally(output)
        try:
            report = _Comparison(output, plan, exports, options, tally, said).through()
            report.findings = tally.publish()
        finally:
            tally.close()
            plan.close()
        report.text = in_words(report)
        save(report, folder)
    return report


class _Comparison:
    """``_seen``: rows of the payload that an export has named."""

    def __init__(
        self,
        output: Output,
        plan: Plan,
        exports: Sequence[str],
        options: CompareOptions,
        tally: Tally,
        said: Callable[[int, int], None],
    ) -> None:
        self._plan, self._exports, self._options, self._tally, self._said = plan, exports, options, tally, said
        self._names = Names(read_ontology(output.ontology))
        self._seen = np.zeros(int(plan.chosen.max(initial=-1)) + 1, bool)
        self._rows = RowComparison(len(plan.chosen))
        self._wanted, self._not_taken = _wanted(output, options)
        self._projects: dict[str, int] = {}
        self._shifted: dict[int, int] = {}
        self._unreadable: list[str] = []
        self._unknown = self._unsaid = self._again = 0

    def through(self) -> CompareReport:
        done = 0
        for path in self._exports:
            for row in rows(path):
                done += 1
                self._said(min(done, self._rows.total - 1), self._rows.total)
                self._row(row)
        if not self._projects and self._wanted:
            self._refuse_projects("no row of the export is in")
        for row in self._plan.chosen:
            if not self._seen[row]:
                self._lost(int(row), NOT_THERE)
        self._said(self._rows.total, self._rows.total)
        return self._report()

    # ---------------------------------------------------------------------------------------------------------- rows

    def _row(self, row: ExportRow) -> None:
        if row.broken:
            self._rows.unreadable += 1
            if len(self._unreadable) < SHOWN:
                self._unreadable.append(f"{row.place}: {row.broken}")
            return
        number = self._plan.find(row.key)
        if number < 0:
            number = self._plan.find(row.id)
        chosen = self._chosen(row) if number >= 0 else []
        if number < 0 or (not chosen and row.projects and self._wanted):
            self._rows.others += 1
            return
        if self._seen[number]:
            self._again += 1
            return
        self._seen[number] = True
        given = [one for project in chosen for one in labels(project)]
        if not given:
            self._lost(number, NO_LABEL)
            return
        self._compare(number, given)

    def _chosen(self, row: ExportRow) -> list[Any]:
        """The projects of a row that count."""
        chosen = []
        for id, project in row.projects.items():
            name = project.get("name") if isinstance(project, Mapping) else None
            if self._wanted and id not in self._wanted and name not in self._wanted:
                continue
            self._projects[id] = self._projects.get(id, 0) + 1
            chosen.append(project)
        if len(self._projects) > 1 and not self._wanted:
            self._refuse_projects("the export holds several projects; say which by")
        return chosen

    def _refuse_projects(self, why: str) -> None:
        found: dict[str, tuple[str, int]] = {}
        for path in self._exports:
            for row in rows(path):
                for id, project in row.projects.items():
                    name = str(project.get("name") or "") if isinstance(project, Mapping) else ""
                    found[id] = (name, found.get(id, ("", 0))[1] + 1)
        wanted = " or ".join(display(cut(name, 200)) for name in listed(self._wanted))
        given = f"{wanted}; there are" if self._wanted else "one or more of"
        there = [f"  --project {cut(id, 200)}   {cut(name, 200)} ({n_of(n, 'row')})" for id, (name, n) in found.items()]
        why = f"{self._not_taken}.\n{why}" if self._not_taken else why
        shown = "\n".join(map(display, listed(there)))
        raise UsageError(f"{', '.join(self._exports)}: {why} {given}:\n{shown or '  none'}")

    def _lost(self, number: int, why: str) -> None:
        """A row of which nothing is there; without annotations there is nothing to miss."""
        key, features = self._plan.key(number), list(self._sent(number))
        if not features and why == NO_LABEL:
            self._rows.compared += 1
            return
        if why == NO_LABEL:
            self._rows.without_label += 1
        else:
            self._rows.missing += 1
        for feature in features:
            self._tally.missing(feature, key, why)

    def _sent(self, number: int) -> Iterator[Feature]:
        fine = self._in_degrees(number)
        for raw, line in zip(self._plan.lines(number).split(b"\n"), self._plan.line_numbers(number)):
            features = sent(raw, line, fine)
            self._unsaid += not features
            yield from features

    def _in_degrees(self, number: int) -> bool:
        if self._plan.media_type(number) != "TMS_GEO":
            return False
        data = self._plan.row(number).row_data
        return isinstance(data, dict) and data.get("epsg") == "EPSG4326"

    # ------------------------------------------------------------------------------------------------------- one row

    def _compare(self, number: int, given: list[Mapping[str, Any]]) -> None:
        """The label that agrees most, of several that people or imports have made."""
        ours, fine, key = list(self._sent(number)), self._in_degrees(number), self._plan.key(number)
        best: tuple[Paired, list[Difference], int] | None = None
        for one in given:
            label = ExportedLabel(one, self._names, fine)
            paired = pair(ours, label.features)
            made = [difference(a, b, self._options.tolerance) for a, b in paired.pairs]
            if best is None or _loss(paired, made) < _loss(best[0], best[1]):
                best = (paired, made, label.unknown)
        assert best is not None
        paired, made, unknown = best
        self._unknown += unknown
        self._rows.compared += 1
        self._rows.several_labels += len(given) > 1
        for (mine, theirs), differing in zip(paired.pairs, made):
            self._tally.pair(mine, theirs, differing, key)
            if differing.reasons and mine.kind == "track":
                self._note_shift(mine, theirs)
        for feature in paired.missing:
            self._tally.missing(feature, key, NOT_FOUND)
        for state, features in (("extra", paired.extra), ("doubled", paired.doubled)):
            for feature in features:
                self._tally.beside(feature, key, state)

    def _note_shift(self, mine: Feature, theirs: Feature) -> None:
        for by in (-1, 1):
            keys = {frame + by: numbers for frame, numbers in mine.keys.items()}
            if keys == theirs.keys and _moved(mine.segments, by) == theirs.segments:
                self._shifted[by] = self._shifted.get(by, 0) + 1

    # -------------------------------------------------------------------------------------------------------- report

    def _report(self) -> CompareReport:
        report = CompareReport({"name": "to-labelbox", "version": version()}, exports=list(self._exports))
        report.out, report.projects, report.rows = self._plan.output.folder, self._projects, self._rows
        report.classes = self._tally.classes
        for counts in report.classes.values():
            report.annotations.add(counts)
        report.messages = self._tally.messages.all()
        report.notes = list(self._told(report.annotations.not_compared))
        return report

    def _told(self, not_compared: int) -> Iterator[str]:
        rows = self._rows
        if self._wanted and not self._options.projects:
            yield f"compared with the project that import.json names: {', '.join(self._wanted)}"
        if self._not_taken:
            yield self._not_taken
        if not_compared:
            yield f"{n_of(not_compared, 'mask is there, and its', 'masks are there, and their')} pixels were not compared: an export holds addresses of masks"
        if rows.several_labels:
            yield f"{n_of(rows.several_labels, 'data row has', 'data rows have')} several labels: the one that agrees most was compared"
        if rows.others:
            yield f"{n_of(rows.others, 'data row of the export is', 'data rows of the export are')} not of this output, or not of the project"
        if self._again:
            yield f"{n_of(self._again, 'data row stands in the exports again, and was', 'data rows stand in the exports again, and were')} compared once"
        for by, count in self._shifted.items():
            yield f"{n_of(count, 'track is', 'tracks are')} the same {abs(by)} frame {'later' if by > 0 else 'earlier'}: see convert -O first_frame"
        if self._unknown:
            yield f"{n_of(self._unknown, 'object of the export has', 'objects of the export have')} a form that is not known here: not compared"
        if self._unsaid:
            yield f"{n_of(self._unsaid, 'line of the payload has', 'lines of the payload have')} a form that is not known here: not compared"
        if rows.unreadable:
            yield f"{n_of(rows.unreadable, 'row')} of the export cannot be read: {'; '.join(self._unreadable)}"


def _loss(paired: Paired, made: list[Difference]) -> tuple[int, int]:
    return len(paired.missing) + sum(bool(d.reasons) for d in made), len(paired.extra) + len(paired.doubled)


def _moved(ranges: Ranges, by: int) -> Ranges:
    return tuple((start + by, end + by) for start, end in ranges)


def _wanted(output: Output, options: CompareOptions) -> tuple[tuple[str, ...], str]:
    """The projects that the user names, else those of the import; and why those of an import are not taken."""
    if options.projects:
        return tuple(options.projects), ""
    parts = ("import", f"first-{options.first}", "import.json") if options.first else ("import.json",)
    try:
        with open(os.path.join(output.folder, *parts), "rb") as file:
            found = json.loads(file.read())["projects"]
        projects = tuple(str(project["id"]) for project in found if project["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return (), ""
    with suppress(UsageError):  # a journal that cannot be read says nothing of the payload
        state = Journal(output.folder, options.first).load()
        if state is not None and (changed := other_payload(state, output.hashes())):
            return (), f"the project that import.json names was not taken: {changed}"
    return projects, ""
