"""The steps of an import: rows, ontology, project, batches, jobs; each takes up what the journal records of it and does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from to_labelbox.plugins.importer import Dialogue, ImportOptions, ImportReport, RowCounts
from to_labelbox.report.errors import RefusedError, UnavailableError
from to_labelbox_formats.labelbox.importing import survey as surveying
from to_labelbox_formats.labelbox.importing.batches import Batches, prefix
from to_labelbox_formats.labelbox.importing.calls import Unanswered, looks
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.jobs import Jobs
from to_labelbox_formats.labelbox.importing.journal import Batch, Journal, Project, State
from to_labelbox_formats.labelbox.importing.media import MediaRoot, Uploader
from to_labelbox_formats.labelbox.importing.objects import Objects
from to_labelbox_formats.labelbox.importing.ontology import size
from to_labelbox_formats.labelbox.importing.plan import DataRow, Numbers, Plan
from to_labelbox_formats.labelbox.importing.plan_in_words import in_words
from to_labelbox_formats.labelbox.importing.report import (
    FailedRow,
    make_report,
    read_failed_rows,
    save_report,
    write_failed_rows,
)
from to_labelbox_formats.labelbox.importing.rows import Rows
from to_labelbox_formats.labelbox.importing.survey import Surveyor, Target
from to_labelbox_formats.labelbox.output import Output


def report_folder(journal: Journal, output: Output) -> str:
    return output.folder if journal.folder == journal.root else journal.folder


def project_of(target: Target, options: ImportOptions) -> Project:
    return Project(
        target.plan.media_type,
        target.name,
        target.dataset_name,
        target.ontology_name,
        dataset=options.dataset_id,
        ontology=options.ontology_id,
        project=options.project_id,
        rows=RowCounts(len(target.plan.rows), existing=target.existing),
    )


class Run:
    """One import, begun or gone on with. Every step saves what it has done before the next."""

    def __init__(self, box: Labelbox, plan: Plan, journal: Journal, options: ImportOptions, dialogue: Dialogue) -> None:
        self._box, self._plan, self._journal, self._options, self._dialogue = box, plan, journal, options, dialogue

    @property
    def _state(self) -> State:
        assert self._journal.state is not None
        return self._journal.state

    # ----------------------------------------------------------------------------------------------------- the plan

    def begin(self, hashes: dict[str, str], endpoint: str) -> None:
        """Look, show the plan, ask, and record what was accepted, before anything is sent."""
        found = Surveyor(self._box, self._plan, self._options, self._journal, self._dialogue).survey()
        self._dialogue.tell(in_words(found, self._plan, self._options, self._box.host, True))
        answered = []
        for question in [*found.questions, "Send this to Labelbox?"]:
            if not self._dialogue.confirm(question):
                raise RefusedError("nothing was sent")
            answered.append(f"{question} yes")
        self._journal.forget()
        state = self._journal.begin(self._options, hashes, endpoint)
        state.organisation, state.organisation_name = found.organisation_id, found.organisation
        state.questions, state.notes = answered, list(found.notes)
        state.existing = sum(t.existing for t in found.targets)
        state.fields = found.fields
        state.create_fields = found.create_fields
        state.projects = [project_of(target, self._options) for target in found.targets]
        if found.project_name:
            state.projects[0].connected = True
        for number, (project, plan) in enumerate(zip(state.projects, self._plan.projects)):
            self._jobs(number).cut(project, plan, self._options.lines_per_job)
        self._journal.save()
        if any("at work" in question for question in found.questions):
            self._wait_for_imports()

    def _wait_for_imports(self) -> None:
        """One job at a time in a project: those of others end first."""
        for _ in looks():
            if not self._box.running_imports(self._options.project_id):
                return

    def begin_again(self) -> None:
        """Another round: whole rows of which a line has failed, and rows that could not be made."""
        state, most = self._state, int(self._state.given["lines_per_job"])
        failed = [read_failed_rows(state, self._journal, n) for n, _ in enumerate(state.projects)]
        jobs = [self._jobs(n) for n, _ in enumerate(state.projects)]
        lost = sum(
            len(rows)
            for of, p, plan in zip(jobs, state.projects, self._plan.projects)
            for _, rows in of.failed(p, plan)
        )
        unmade = sum(len(rows) for rows in failed)
        if not lost and not unmade:
            raise RefusedError("no line has failed, so there is nothing to import again")
        if not self._dialogue.confirm(
            f"{lost:,} data rows of which a line has failed are imported again, whole, and {unmade:,} that were not made are "
            "tried again. What a later import says of a row may replace what is there. Go on?"
        ):
            raise RefusedError("nothing was sent")
        made = [self._make_again(n, p, failed[n], state.rounds + 1) for n, p in enumerate(state.projects)]
        state.rounds += 1  # from here on nothing is asked: the state changes as a whole, or not
        for project, plan, of, there in zip(state.projects, self._plan.projects, jobs, made):
            project.rows.failed -= len(there)
            project.rows.new += len(there)
            if there:
                name = prefix(project.name, state.run, len(project.batches) + 1)
                project.batches.append(Batch(name, 0, 0, rows=there))
            of.again(project, plan, state.rounds, most, set(there))
        state.finished = False
        self._journal.save()

    def _make_again(self, number: int, project: Project, failed: list[FailedRow], round: int) -> list[int]:
        """Rows that could not be made and now are; what of them is still not is kept for this round."""
        work, there = Rows(self._box, self._plan), np.zeros(0, np.int64)
        if failed and self._plan.created:
            with suppress(RefusedError):  # none of them
                there = self._settle(work, project, np.array([row.row for row in failed], np.int64))
        self._keep_failed(number, work, round)
        return [int(row) for row in there]

    # ---------------------------------------------------------------------------------------------------- the steps

    def through(self) -> ImportReport:
        """All steps of all projects, and the report, whatever ends them."""
        try:
            self._metadata()
            for number, (project, plan) in enumerate(zip(self._state.projects, self._plan.projects)):
                self._rows(number, project, plan.rows)
                self._ontology(project, plan.media_type)
                self._in_project(project)
                self._batches(number, project, plan.rows)
                jobs = self._jobs(number)
                without = {row.row for row in read_failed_rows(self._state, self._journal, number)}
                jobs.run(project, plan, without)
            if self._options.clean_left_overs:
                Objects(self._box, self._state).clean_left_overs()
        except BaseException:
            with suppress(OSError):  # what ended it is told, not that the disk is full besides
                self._journal.save()
                self._report("interrupted")
            raise
        self._state.finished = True
        self._journal.save()
        return self._report("finished")

    def _report(self, ended: str) -> ImportReport:
        state = self._state
        expected = [self._plan.lines_by_class(p.media_type) for p in self._plan.projects]
        jobs = [self._jobs(n) for n, _ in enumerate(state.projects)]
        report = make_report(state, self._journal, jobs, self._plan.output, ended, expected)
        save_report(report, report_folder(self._journal, self._plan.output))
        return report

    def _jobs(self, number: int) -> Jobs:
        def said(done: int, total: int) -> None:
            self._dialogue.progress("importing annotations", done, total, "lines")

        mode = str(self._state.given["mode"])
        return Jobs(self._box, self._plan, self._journal, mode, number, said)

    def _metadata(self) -> None:
        """Custom fields that the rows use and the organisation does not have."""
        if not self._state.fields or all(project.rows_done for project in self._state.projects):
            return
        known = {field["name"] for field in self._box.metadata_fields()}
        for name, kind in self._state.create_fields.items():
            if name in known:
                continue
            step = f"creating the metadata field {name!r}"
            try:
                self._box.call(step, lambda: self._box.create_metadata_field(name, kind))  # noqa: B023  (called at once)
            except Unanswered as error:
                raise UnavailableError(f"{step}: no answer: {error}") from None
            except RefusedError:
                if name not in {field["name"] for field in self._box.metadata_fields()}:
                    raise

    def _rows(self, number: int, project: Project, rows: Numbers) -> None:
        if not self._plan.created:
            project.rows_done = True
        if project.rows_done:
            return
        work = Rows(self._box, self._plan)
        there = self._settle(work, project, rows)
        self._keep_failed(number, work, self._state.rounds)
        counts = project.rows
        counts.failed = len(rows) - len(there)
        counts.existing = min(counts.existing, len(there))
        counts.new = len(there) - counts.existing
        project.rows_done = True
        self._journal.save()

    def _settle(self, work: Rows, project: Project, rows: Numbers) -> Numbers:
        """Rows that exist at last; the dataset is made when the first is to be created."""
        root = MediaRoot(self._options.media_root, self._plan.output.rows)
        uploader = Uploader(self._box, root, self._journal, self._options.upload_threads, self._state.fields)

        def record(task: str) -> None:
            project.row_tasks.append(task)
            self._journal.save()

        def create(missing: Numbers) -> list[str]:
            if not project.dataset:
                project.dataset = Objects(self._box, self._state).dataset(project)
                self._journal.save()
            elif not self._options.dataset_id:
                self._box.datasets(project.dataset_name)  # known by its name, as when it was made
            if not project.signed and self._options.iam != "none":
                self._box.sign(project.dataset, self._box.integration(self._options.iam))
                project.signed = True
                self._journal.save()
            return work.create(project.dataset, missing, prepared, record, said_rows)

        def prepared(source: Iterator[tuple[int, DataRow]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
            for one in uploader.rows(source):
                if uploader.files:
                    self._dialogue.progress("uploading media", uploader.bytes, 0, "bytes")
                yield one

        def said_rows(done: int, total: int) -> None:
            self._dialogue.progress("creating data rows", done, total, "rows")

        def said_looking(done: int, total: int) -> None:
            self._dialogue.progress("looking for rows", done, total, "rows")

        work.wait(project.row_tasks)
        return work.settle(rows, create, said_looking)

    def _keep_failed(self, number: int, work: Rows, round: int) -> None:
        failed = [
            FailedRow(row, self._plan.key(row), reason, len(self._plan.line_numbers(row)))
            for row, reason in sorted(work.failed.items())
        ]
        write_failed_rows(self._journal, number, round, failed)

    def _ontology(self, project: Project, media_type: str) -> None:
        if project.ontology or project.connected:
            return
        content = self._content(media_type)
        if not any(size(content)):
            self._note(f"{project.name}: no ontology, as there is no tool and no classification")
            project.connected = True
            return
        project.ontology = Objects(self._box, self._state).ontology(project, content)
        self._journal.save()

    def _content(self, media_type: str) -> dict[str, Any]:
        targets = surveying.targets(self._plan, self._options)
        return next(t.content for t in targets if t.plan.media_type == media_type)

    def _note(self, text: str) -> None:
        if text and text not in self._state.notes:
            self._state.notes.append(text)

    def _in_project(self, project: Project) -> None:
        objects = Objects(self._box, self._state)
        if not project.project:
            project.project = objects.project(project)
            self._journal.save()
        if not project.connected:
            objects.connect(project)
            project.connected = True
            self._journal.save()

    def _batches(self, number: int, project: Project, rows: Numbers) -> None:
        most = int(self._state.given["batch_size"])
        without = {row.row for row in read_failed_rows(self._state, self._journal, number)}
        if not project.batches:
            run, count = self._state.run, len(rows)
            project.batches = [
                Batch(prefix(project.name, run, n), at, min(at + most, count))
                for n, at in enumerate(range(0, count, most), 1)
            ]
            self._journal.save()
        work = Batches(
            self._box, project.project, self._options.priority, not self._options.project_id, self._journal.save
        )
        for n, batch in enumerate(project.batches, 1):
            if batch.done:
                continue
            self._dialogue.progress("waiting for Labelbox to process the rows", n - 1, len(project.batches), "batches")
            chosen = batch.rows or [int(row) for row in rows[batch.first : batch.last]]
            keys = [self._plan.key(row) for row in chosen if row not in without]
            if keys:
                self._note(work.fill(batch, keys, self._plan.by_id))
            batch.done = True
            self._journal.save()
            self._dialogue.progress("waiting for Labelbox to process the rows", n, len(project.batches), "batches")
