"""What is asked beside the import: how far one is, and the ontology of a project. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from to_labelbox.model.text import n_of
from to_labelbox.plugins.importer import Dialogue, ImportOptions, ImportReport
from to_labelbox.report.errors import RefusedError, UsageError
from to_labelbox_formats.labelbox.importing.calls import ENDPOINT, NotFound, check_endpoint, quiet_sdk
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.connection import KEY, connected, told
from to_labelbox_formats.labelbox.importing.jobs import Jobs
from to_labelbox_formats.labelbox.importing.journal import Journal, State, other_payload
from to_labelbox_formats.labelbox.importing.media import known_uploads
from to_labelbox_formats.labelbox.importing.plan import Plan
from to_labelbox_formats.labelbox.importing.report import make_report
from to_labelbox_formats.labelbox.importing.survey import set_media_type
from to_labelbox_formats.labelbox.output import Output, open_output


def import_status(folder: str, options: ImportOptions, dialogue: Dialogue) -> ImportReport:
    """What is recorded of an import and, with a key in the environment, what the service says. Changes nothing."""
    output = open_output(folder)
    journal = Journal(folder, options.first)
    state = journal.load()
    if state is None:
        raise UsageError(f"{journal.folder}: no import was begun")
    changed = other_payload(state, output.hashes())
    jobs = [Jobs.of_files(journal, number) for number, _ in enumerate(state.projects)]
    expected = None if changed or state.finished else _expected(output, options, state)
    report = make_report(state, journal, jobs, None, "finished" if state.finished else "interrupted", expected)
    words = [f"import {state.run}, {report.state}, in {state.organisation_name!r} at {state.endpoint}"]
    words += [changed] if changed else []
    if not state.finished and not changed:
        words += _how_far(state, journal, report)
    if os.environ.get(KEY):
        endpoint = check_endpoint(state.endpoint)
        with told(), quiet_sdk(), connected(options, endpoint, dialogue) as box:
            words += _service_says(state, box)
    else:
        words.append(f"Labelbox was not asked, as {KEY} is not set")
    report.text = "\n".join([*words, report.text])
    return report


def _expected(output: Output, options: ImportOptions, state: State) -> list[dict[str, int]]:
    """Lines by class of each project's payload."""
    plan = Plan(output, options.first)
    try:
        set_media_type(plan, options, state.projects[0].media_type)
        return [plan.lines_by_class(project.media_type) for project in plan.projects]
    finally:
        plan.close()


def _how_far(state: State, journal: Journal, report: ImportReport) -> Iterator[str]:
    """What is done of each step, and what is left; the same command goes on with it."""
    counts = report.lines
    yield f"{counts.sent:,} of {n_of(counts.lines, 'line')} sent and answered, {counts.not_sent:,} not; the same command goes on"
    if uploads := len(known_uploads(journal)):
        yield f"{n_of(uploads, 'file was', 'files were')} uploaded"
    if pending := sum(not piece.state for project in state.projects for piece in project.pieces):
        yield f"{n_of(pending, 'import job is', 'import jobs are')} still to be made or waited for"


def _service_says(state: State, box: Labelbox) -> Iterator[str]:
    for project in state.projects:
        if not project.project:
            yield f"{project.name}: not made yet"
            continue
        try:
            yield f"{project.name}: {n_of(box.label_count(project.project), 'label')} in Labelbox"
        except (NotFound, RefusedError):
            yield f"{project.name}: not there any more ({project.project}): --restart begins anew"
            continue
        for piece in project.pieces:
            if not piece.state:
                job = box.job(str(state.given["mode"]), project.project, f"to-labelbox {state.run} {piece.name}")
                yield f"  job {piece.name}: {f'{job.state}, {job.progress} %' if job else 'not made yet'}"
                if job is None:
                    break


def project_ontology(project: str, endpoint: str | None, dialogue: Dialogue) -> bytes:
    """The ontology of a project, as JSON."""
    options = ImportOptions(project_id=project)
    with told(), quiet_sdk(), connected(options, check_endpoint(endpoint or ENDPOINT), dialogue) as box:
        try:
            found = box.ontology_of(project)
        except NotFound:
            raise UsageError(f"no project {project} for this key") from None
    if found is None or not isinstance(found.content, dict):
        raise RefusedError(f"project {project} has no ontology")
    return msgspec.json.format(msgspec.json.encode(found.content), indent=2) + b"\n"
