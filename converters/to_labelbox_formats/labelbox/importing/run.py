"""The import from beginning to end: look, plan, ask; then rows, ontology, project, batches, jobs; then the report.

Each step takes up what the journal records of it and does the rest, so that the same run serves for the first time and
for any time after it was killed.
"""

from __future__ import annotations

import os
from dataclasses import replace

from to_labelbox.batches.lock import locked
from to_labelbox.plugins.importer import Dialogue, Importer, ImportOptions, ImportReport
from to_labelbox.report.errors import RefusedError, UsageError
from to_labelbox.report.report import version
from to_labelbox_formats.labelbox.importing import survey as surveying
from to_labelbox_formats.labelbox.importing.calls import ENDPOINT, check_endpoint, quiet_sdk
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.connection import KEY, connected, key_of, told
from to_labelbox_formats.labelbox.importing.jobs import Jobs
from to_labelbox_formats.labelbox.importing.journal import NAMES, Journal, State, check_same
from to_labelbox_formats.labelbox.importing.objects import Objects
from to_labelbox_formats.labelbox.importing.plan import Plan
from to_labelbox_formats.labelbox.importing.plan_in_words import in_words
from to_labelbox_formats.labelbox.importing.report import (
    make_report,
    save_report,
)
from to_labelbox_formats.labelbox.importing.status import import_status, project_ontology
from to_labelbox_formats.labelbox.importing.steps import Run, project_of, report_folder
from to_labelbox_formats.labelbox.importing.survey import Surveyor
from to_labelbox_formats.labelbox.output import Output, open_output

MAX_NAME = 100
MAX_BATCH = 100_000


def import_folder(folder: str, options: ImportOptions, dialogue: Dialogue) -> ImportReport:
    """Import an output folder, or go on with an import that was begun (:class:`~to_labelbox.plugins.importer.Importer`)."""
    output = open_output(folder)
    journal = Journal(folder, options.first)
    options = _with_recorded_names(options, journal)
    check_options(options)
    endpoint = check_endpoint(options.endpoint or ENDPOINT)
    with told(), quiet_sdk():
        if options.dry_run:
            return _dry_run(output, journal, options, endpoint, dialogue)
        journal.make()
        try:
            with locked(journal.root):
                return _locked(output, journal, options, endpoint, dialogue)
        finally:
            journal.leave_nothing_empty()


def _with_recorded_names(options: ImportOptions, journal: Journal) -> ImportOptions:
    """Without a project, that of the import that was begun, with the other names that were given then."""
    if options.project or options.project_id or options.dry_run or options.restart:
        return options
    state = journal.load()
    named = {} if state is None else {name: state.given.get(name) for name in NAMES if not getattr(options, name)}
    return replace(options, **{name: value for name, value in named.items() if value})


def _locked(
    output: Output, journal: Journal, options: ImportOptions, endpoint: str, dialogue: Dialogue
) -> ImportReport:
    state = None if options.restart else journal.load()
    if options.restart:
        _restart(journal, dialogue)
    if options.retry_failed and (state is None or not state.finished):
        raise UsageError("--retry-failed is for an import that has ended; the same command without it goes on")
    hashes, key = output.hashes(), ""
    if state is not None:
        check_same(state, options, hashes, endpoint, journal.folder)
    else:
        key = key_of(dialogue)  # asked for first: checking takes a while
        surveying.check_payload(output.folder)
    with connected(options, endpoint, dialogue, key) as box:
        if state is not None and state.finished and not options.retry_failed:
            _check_organisation(box, state)
            if options.clean_left_overs:
                Objects(box, state).clean_left_overs()
                journal.save()
            return _finished(state, journal, output, dialogue)
        return _run(box, output, journal, options, dialogue, hashes)


def _run(
    box: Labelbox, output: Output, journal: Journal, options: ImportOptions, dialogue: Dialogue, hashes: dict[str, str]
) -> ImportReport:
    state = journal.state
    plan = Plan(output, options.first)
    try:
        run = Run(box, plan, journal, options, dialogue)
        if state is None:
            run.begin(hashes, box.endpoint)
        else:
            _check_organisation(box, state)
            surveying.set_media_type(plan, options, state.projects[0].media_type)
            if not state.finished:
                dialogue.tell(f"going on with import {state.run}")
        if options.retry_failed:
            run.begin_again()
        return run.through()
    finally:
        plan.close()


def check_options(options: ImportOptions) -> None:
    """Raises :class:`UsageError`."""
    if bool(options.project) == bool(options.project_id):
        raise UsageError("give either --project NAME, for a new project, or --project-id ID of an existing one")
    for one, other in (("dataset", "dataset_id"), ("ontology", "ontology_id")):
        if getattr(options, one) and getattr(options, other):
            raise UsageError(f"--{one} names a new one, --{other.replace('_', '-')} an existing one: give one of them")
    if options.dataset_id and options.iam != "none":
        raise UsageError("--iam is for a new dataset: --dataset-id keeps what signs its URLs")
    if options.project_id and (options.ontology or options.ontology_id):
        raise UsageError("an existing project keeps its ontology: leave --ontology and --ontology-id out")
    for name in ("project", "dataset", "ontology"):
        value = getattr(options, name)
        if value and (len(value) > MAX_NAME or not value.isprintable() or not value.strip()):
            raise UsageError(f"--{name}: a name has 1 to {MAX_NAME} characters, all of them printable")
    ranges = (
        ("batch_size", 1, MAX_BATCH),
        ("lines_per_job", 1, 1_000_000),
        ("upload_threads", 1, 64),
        ("priority", 1, 5),
    )
    for name, least, most in (*ranges, ("first", 0, 10**12)):
        if not least <= getattr(options, name) <= most:
            raise UsageError(f"--{name.replace('_', '-')}: want {least} to {most:,}")
    if options.media_type and options.media_type not in surveying.MEDIA_TYPES:
        raise UsageError(f"--media-type: one of {', '.join(surveying.MEDIA_TYPES)}")


def _check_organisation(box: Labelbox, state: State) -> None:
    found = box.organisation()
    if found.id != state.organisation:
        raise UsageError(
            f"import {state.run} was begun in {state.organisation_name!r}, and this key is of {found.name!r}: take the "
            "other key, or --restart"
        )


def _restart(journal: Journal, dialogue: Dialogue) -> None:
    state = None
    try:
        state = journal.load()
    except UsageError:
        pass
    if state is not None and not dialogue.confirm(
        f"Forget import {state.run}? What it has made stays, and is made a second time. Forget it?"
    ):
        raise RefusedError("nothing was changed")
    journal.forget()


def _finished(state: State, journal: Journal, output: Output, dialogue: Dialogue) -> ImportReport:
    dialogue.tell(f"import {state.run} is finished; nothing was sent")
    jobs = [Jobs.of_files(journal, number) for number, _ in enumerate(state.projects)]
    report = make_report(state, journal, jobs, output, "finished")
    save_report(report, report_folder(journal, output))
    return report


def _dry_run(
    output: Output, journal: Journal, options: ImportOptions, endpoint: str, dialogue: Dialogue
) -> ImportReport:
    """The plan alone; with a key in the environment the service is asked too."""
    surveying.check_payload(output.folder)
    plan = Plan(output, options.first)
    asked = bool(os.environ.get(KEY))
    try:
        if asked:
            with connected(options, endpoint, dialogue) as box:
                found = Surveyor(box, plan, options, journal, dialogue).survey()
        else:
            found = surveying.offline(plan, options)
        text = in_words(found, plan, options, endpoint.split("/")[2], asked)
        report = ImportReport(
            {"name": "to-labelbox", "version": version()}, mode=options.mode, endpoint=endpoint, text=text
        )
        report.organisation, report.questions, report.notes = found.organisation, found.questions, found.notes
        for target in found.targets:
            project = project_of(target, options)
            project.rows.failed = len(target.left_out)
            project.rows.new = project.rows.total - project.rows.existing - project.rows.failed
            one = make_report(
                State("", {}, {"mode": options.mode}, endpoint, projects=[project]), journal, [], None, "planned",
                [plan.lines_by_class(target.plan.media_type)],
            )  # fmt: skip
            report.projects += one.projects
            report.lines.add(one.lines)
            report.rows.add(project.rows)
        return report
    finally:
        plan.close()


IMPORTER = Importer(import_folder, import_status, project_ontology)
