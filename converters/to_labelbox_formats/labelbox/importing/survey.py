"""What is there already, asked by reading calls only, before anything is sent; and the plan in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from to_labelbox.api.validation import errors
from to_labelbox.model.text import display, n_of
from to_labelbox.plugins.importer import Dialogue, ImportOptions
from to_labelbox.report.errors import RefusedError, UsageError
from to_labelbox_formats.labelbox.importing import metadata
from to_labelbox_formats.labelbox.importing.calls import NotFound
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.existing import Comparison
from to_labelbox_formats.labelbox.importing.journal import Journal
from to_labelbox_formats.labelbox.importing.media import SHOWN, LocalFiles, MediaRoot, look
from to_labelbox_formats.labelbox.importing.objects import same_ontologies
from to_labelbox_formats.labelbox.importing.ontology import for_media, read_ontology
from to_labelbox_formats.labelbox.importing.plan import UNKNOWN_MEDIA, DataRow, Numbers, Plan, ProjectPlan
from to_labelbox_formats.labelbox.importing.rows import Rows

T = TypeVar("T")
PROJECT_ONTOLOGY = "project-ontology.json"
MEDIA_TYPES = ("IMAGE", "VIDEO", "TEXT", "PDF", "TMS_GEO", "TMS_SIMPLE", "AUDIO", "CONVERSATIONAL", "HTML")


class Target(Struct):
    """One project of the plan: what is made for it, and what is there."""

    plan: ProjectPlan
    name: str
    dataset_name: str
    ontology_name: str
    content: dict[str, Any]
    missing: Numbers | None = None
    ontology_there: bool = False
    left_out: Numbers = msgspec.field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def existing(self) -> int:
        return 0 if self.missing is None else len(self.plan.rows) - len(self.missing)

    def batches(self, most: int) -> int:
        """Batches of at most so many rows that hold any."""
        rows = self.plan.rows
        chunks = (rows[at : at + most] for at in range(0, len(rows), most))
        return sum(not np.isin(chunk, self.left_out).all() for chunk in chunks)

    def jobs(self, plan: Plan, most: int) -> int:
        """Import jobs of at most so many lines that hold any."""
        gone = np.isin(self.plan.line_rows, self.left_out)
        return sum(not gone[s.first : s.last].all() for s in plan.shards(self.plan.line_rows, most))


class Survey(Struct):
    """``questions`` want a yes; ``notes`` are told."""

    targets: list[Target]
    files: LocalFiles
    organisation: str = ""
    organisation_id: str = ""
    project_name: str = ""
    signer: str = ""
    fields: dict[str, str] = {}
    create_fields: dict[str, str] = {}
    questions: list[str] = []
    notes: list[str] = []


def targets(plan: Plan, options: ImportOptions) -> list[Target]:
    """A project for each media type."""
    content = read_ontology(plan.output.ontology)
    alone = len(plan.projects) == 1
    if options.project_id and not alone:
        kinds = ", ".join(f"{p.media_type} ({n_of(len(p.rows), 'row')})" for p in plan.projects)
        raise RefusedError(f"a project takes one media type, and these are several: {kinds}; give --project NAME")
    if (options.dataset_id or options.ontology_id) and not alone:
        raise UsageError("--dataset-id and --ontology-id want one media type; leave them out")
    found = []
    for project in plan.projects:
        tail = "" if alone else f" ({project.media_type.lower()})"
        name = f"{options.project or options.project_id}{tail}"
        found.append(
            Target(
                project,
                name,
                f"{options.dataset}{tail}" if options.dataset else name,
                f"{options.ontology}{tail}" if options.ontology else name,
                for_media(content, project.media_type, alone),
            )
        )
    return found


def set_media_type(plan: Plan, options: ImportOptions, known: str) -> None:
    """Rows that do not say their media type have the project's, or the user's."""
    for project in plan.projects:
        if project.media_type == UNKNOWN_MEDIA:
            given = options.media_type or known
            if not given:
                raise UsageError(
                    "the data rows do not say their media type: give --media-type, one of " + ", ".join(MEDIA_TYPES)
                )
            plan.rename_media(UNKNOWN_MEDIA, given)


def all_rows(plan: Plan, numbers: Iterator[int]) -> Iterator[DataRow]:
    return (plan.row(number) for number in numbers)


def look_at_media(plan: Plan, targets: list[Target], options: ImportOptions) -> LocalFiles:
    """Every local file that will be sent. Raises :class:`UsageError` when one is missing.

    Rows of files without a byte are left out, as there is nothing to send; unless no row is left.
    """
    if not plan.created or not plan.local:
        return LocalFiles()
    chosen = (int(n) for t in targets for n in (t.plan.rows if t.missing is None else t.missing))
    found = look(((n, plan.row(n)) for n in chosen), MediaRoot(options.media_root, plan.output.rows))
    gone = np.array(sorted(found.left_out), np.int64)
    for target in targets:
        target.left_out = np.intersect1d(target.plan.rows, gone)
    count = len(gone)
    nothing_left = count == sum(len(target.plan.rows) for target in targets)
    if nothing_left or (count > found.empty and options.on_error == "fail"):
        shown = "\n".join(f"  {m}" for m in found.missing)
        more = f"\n  … and {count - SHOWN:,} more" if count > SHOWN else ""
        remedy = (
            "give the folder where they are as --media-root, or --on-error skip, which leaves these rows out"
            if options.media_root
            else "give --media-root DIR, or convert with --url-prefix URL where they are on the web"
        )
        raise UsageError(
            f"{n_of(count, 'data row names', 'data rows name')} local media that cannot be sent:\n{shown}{more}\n{remedy}"
        )
    return found


def check_payload(folder: str) -> None:
    """Raises :class:`RefusedError` unless ``validate`` finds nothing."""
    found = []
    for fault in errors(folder):
        found.append(f"  {display(str(fault))}")
        if len(found) > SHOWN:
            break
    if found:
        raise RefusedError(
            "the payload has faults, so nothing was sent:\n"
            + "\n".join(found[:SHOWN])
            + f"\nall: to-labelbox validate {folder}"
        )


class Surveyor:
    """Asks the service. Nothing it does has an effect there."""

    def __init__(self, box: Labelbox, plan: Plan, options: ImportOptions, journal: Journal, dialogue: Dialogue) -> None:
        self._box, self._plan, self._options, self._journal, self._dialogue = box, plan, options, journal, dialogue

    def survey(self) -> Survey:
        organisation = self._box.organisation()
        project = self._existing("project", self._box.project) if self._options.project_id else None
        set_media_type(self._plan, self._options, project.media_type if project else "")
        found = Survey(targets(self._plan, self._options), LocalFiles(), organisation.name, organisation.id)
        if project is not None:
            found.project_name = project.name
            found.targets[0].name = project.name
            self._check_project(found)
        else:
            self._check_names(found)
        self._rows(found)
        found.files = look_at_media(self._plan, found.targets, self._options)
        self._metadata(found)
        if self._options.iam != "none":
            if not self._plan.created:
                raise UsageError("--iam is for a new dataset, and the rows of this payload exist already: leave it out")
            found.signer = self._box.integration(self._options.iam).name
        return found

    # ----------------------------------------------------------------------------------------------------- projects

    def _existing(self, what: str, ask: Callable[[str], T]) -> T:
        """What ``--WHAT-id`` names. Raises :class:`UsageError` where the service has none."""
        id = getattr(self._options, f"{what}_id")
        try:
            return ask(id)
        except NotFound:
            raise UsageError(f"--{what}-id {id}: no such {what} for this key") from None

    def _kept(self, ontology: Any) -> str:
        """The file in which the user finds an ontology of the service."""
        self._journal.make()
        self._journal.write(PROJECT_ONTOLOGY, [msgspec.json.format(msgspec.json.encode(ontology), indent=1)])
        return self._journal.path(PROJECT_ONTOLOGY)

    def _check_project(self, found: Survey) -> None:
        """Media type and ontology of an existing project; what is in it already."""
        id, target = self._options.project_id, found.targets[0]
        media = self._box.project(id).media_type
        if media != target.plan.media_type:
            raise RefusedError(f"project {id} takes {media}, and the data rows are {target.plan.media_type}")
        self._check_ontology(id)
        if labels := self._box.label_count(id):
            found.questions.append(
                f"The project has {n_of(labels, 'label')}: they may be overwritten. Import nevertheless?"
            )
        predictions = self._box.prelabel_imports(id)
        if predictions and self._options.mode == "labels":
            found.questions.append(
                f"Pre-labels were imported into the project ({predictions} imports); Labelbox advises to import ground "
                "truth where there are none. Import nevertheless?"
            )
        if running := self._box.running_imports(id):
            found.questions.append(f"An import is at work in the project ({running[0]}). Wait for it, then go on?")

    def _check_ontology(self, id: str) -> None:
        """The payload's names must be in the project's ontology, which is never changed."""
        theirs = self._box.ontology_of(id)
        if theirs is None or not isinstance(theirs.content, dict):
            raise RefusedError(f"project {id} has no ontology: connect one in Labelbox, or give --project NAME")
        path = self._kept(theirs.content)
        messages: dict[str, int] = {}
        for n, fault in enumerate(errors(self._plan.output.folder, path)):
            messages[fault.message] = messages.get(fault.message, 0) + 1
            if n > 100_000 or len(messages) > 1000:
                break
        if messages:
            shown = [f"  {count:,} × {display(message)}" for message, count in list(messages.items())[:SHOWN]]
            raise RefusedError(
                "the payload does not fit the ontology of the project:\n" + "\n".join(shown) + "\nconvert to it: "
                f"to-labelbox convert SOURCE -o OUT --ontology {path}"
            )

    def _check_names(self, found: Survey) -> None:
        for target in found.targets:
            there = self._box.projects(target.name)
            if there:
                raise UsageError(
                    f"a project {target.name!r} exists already ({there[0].id}): take another --project NAME, or import "
                    f"into it with --project-id {there[0].id}"
                )
            if self._options.ontology_id:
                self._check_given_ontology(target)
            else:
                same = same_ontologies(
                    self._box.ontologies(target.ontology_name), target.content, target.plan.media_type
                )
                target.ontology_there = bool(same)

    def _check_given_ontology(self, target: Target) -> None:
        theirs = self._existing("ontology", self._box.ontology)
        if not same_ontologies([theirs], target.content, target.plan.media_type):
            wrong = next(iter(errors(self._plan.output.folder, self._kept(theirs.content))), None)
            if wrong is not None:
                raise RefusedError(
                    f"the payload does not fit the ontology {self._options.ontology_id}: {display(str(wrong))}"
                )
        target.content, target.ontology_there = theirs.content, True

    # --------------------------------------------------------------------------------------------------------- rows

    def _rows(self, found: Survey) -> None:
        """Which keys are taken. Nothing of ours is there yet, so these rows are not ours."""
        rows = Rows(self._box, self._plan)
        if self._options.dataset_id:
            self._existing("dataset", self._box.dataset)
        taken = [np.zeros(0, np.int64)]
        for target in found.targets:
            if self._plan.by_id:
                target.missing = np.zeros(0, np.int64)
                continue
            target.missing = rows.lookup(
                target.plan.rows, lambda done, total: self._dialogue.progress("looking for rows", done, total, "rows")
            )
            taken.append(np.setdiff1d(target.plan.rows, target.missing))
        if not self._plan.created:
            self._need_rows(found)
        elif len(existing := np.concatenate(taken)):
            self._existing_rows(found, existing)

    def _existing_rows(self, found: Survey, taken: Numbers) -> None:
        """Refused, or used if they are the same assets by the names of their files."""
        if self._options.existing_rows == "fail":
            self._refuse_taken(found, taken)
        compared = Comparison(
            self._box,
            self._plan,
            self._options.upload_threads,
            lambda done, total: self._dialogue.progress("comparing existing rows", done, total, "rows"),
        ).of(taken)
        compared.check()
        told = compared.in_words()
        found.notes += [told] if told else []
        names = "" if told else "; their file names agree"
        found.questions.append(
            f"{n_of(len(taken), 'data row exists already and is', 'data rows exist already and are')} used, not made{names}. Go on?"
        )

    def _need_rows(self, found: Survey) -> None:
        missing = [int(row) for t in found.targets if t.missing is not None for row in t.missing]
        if missing:
            shown = ", ".join(repr(display(self._plan.key(row))) for row in missing[:SHOWN])
            raise RefusedError(
                f"{n_of(len(missing), 'data row that the payload refers to does', 'data rows that the payload refers to do')} not exist for this key: {shown}"
            )

    def _refuse_taken(self, found: Survey, taken: Numbers) -> None:
        shown = ", ".join(repr(display(self._plan.key(int(row)))) for row in taken[:SHOWN])
        raise RefusedError(
            f"{len(taken):,} of the global keys are taken in {found.organisation}, by rows that are not of this import: {shown}\n"
            "  --existing-rows use                           they are the same assets: import the labels onto them\n"
            "  convert --data-rows FILE                      convert again, onto rows of an export\n"
            "  convert --global-key 'set-a/{relpath}'        convert again, with keys of their own"
        )

    def _metadata(self, found: Survey) -> None:
        """Fields and values, before the SDK would raise for all rows at once."""
        if not self._plan.created:
            return
        missing = (int(n) for t in found.targets if t.missing is not None for n in t.missing)
        used = metadata.used_fields(all_rows(self._plan, missing))
        if not used:
            return
        known = self._box.metadata_fields()
        checked = metadata.check(used, known)
        if checked.problems:
            raise RefusedError(
                "metadata that Labelbox would refuse:\n"
                + "\n".join(f"  {display(p)}" for p in checked.problems[:SHOWN])
            )
        found.create_fields = checked.create
        found.fields = {f[k]: f["kind"] for f in known for k in ("name", "id")} | checked.create


def offline(plan: Plan, options: ImportOptions) -> Survey:
    """The plan without asking the service."""
    set_media_type(plan, options, "IMAGE" if options.project_id else "")
    found = Survey(targets(plan, options), LocalFiles())
    found.files = look_at_media(plan, found.targets, options)
    used = (
        metadata.used_fields(all_rows(plan, (int(n) for t in found.targets for n in t.plan.rows)))
        if plan.created
        else {}
    )
    found.notes += [f"metadata fields: {', '.join(sorted(used))}"] if used else []
    return found
