"""What a target offers that also takes an output folder into its service: options, report, and the talk with the user.

Only the target knows its service. Commands and Python reach it through :class:`Importer`, and it reaches the user
through :class:`Dialogue` alone: it prints nothing and asks nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from to_labelbox.report.log import Counts
from to_labelbox.rules.option import option
from to_labelbox.rules.record import record


@record(frozen=True, kw_only=True)
class ImportOptions:
    """How an output folder is imported: one of ``project`` and ``project_id``, and whatever else is not as it is by default.

    ``first`` 0: all data rows. ``endpoint`` None: the service's own.
    """

    project: str = option("", "Name of a new project.", metavar="NAME")
    project_id: str = option("", "An existing project; its ontology must fit.", metavar="ID")
    dataset: str = option("", "Name of the new dataset; by default the project's.", metavar="NAME")
    dataset_id: str = option("", "Create the data rows in this dataset.", metavar="ID")
    ontology: str = option("", "Name of the new ontology; by default the project's.", metavar="NAME")
    ontology_id: str = option("", "Use this ontology.", metavar="ID")
    media_root: str | None = option(None, "Folder of the media that are uploaded; nothing else is.", path=True)
    media_type: str = option("", "Of rows that do not say theirs: IMAGE, VIDEO, …", metavar="TYPE")
    existing_rows: Literal["fail", "use"] = option(
        "fail", "When global keys are taken already: stop, or import onto these rows.", choices=("fail", "use")
    )
    mode: Literal["labels", "prelabels"] = option(
        "labels", "Ground truth, or predictions that labelers see.", flag="--as", choices=("labels", "prelabels")
    )
    first: int = option(0, "Only the first N data rows: a trial of its own.", metavar="N", least=1)
    dry_run: bool = option(False, "Print the plan and send nothing; with a key, ask what is there.")
    yes: bool = option(False, "Answer every question with yes.", flag="-y --yes")
    batch_size: int = option(100_000, "Rows a batch.", metavar="N")
    lines_per_job: int = option(10_000, "Lines an import job.", metavar="N")
    upload_threads: int = option(8, "Uploads at once.", metavar="N")
    iam: str = option("none", "Who signs private URLs.", metavar="none|default|ID")
    priority: int = option(5, "Of the batches; 1 is first.", metavar="1..5")
    endpoint: str | None = option(None, "Another GraphQL endpoint than Labelbox's.", metavar="URL")
    on_error: Literal["fail", "skip"] = option(
        "fail",
        "When media are missing: stop before anything is sent, or leave their rows out.",
        choices=("fail", "skip"),
    )
    retry_failed: bool = option(False, "Import whole data rows again of which a line has failed.")
    restart: bool = option(False, "Forget the import that was begun; all is made a second time.")
    clean_left_overs: bool = option(False, "Delete empty objects that lost answers have left over.")


class Dialogue(Protocol):
    """The user, as the importer sees one."""

    def tell(self, text: str) -> None:
        """Say a sentence, or the plan of several lines."""
        ...

    def progress(self, step: str, done: int, total: int, unit: str) -> None:
        """How far a step is, in ``unit`` ("rows", "bytes", "%"); ``done == total`` ends it."""
        ...

    def confirm(self, question: str) -> bool:
        """Whether the user agrees; raises :class:`~to_labelbox.UsageError` when nobody can be asked."""
        ...

    def secret(self, name: str) -> str:
        """A secret, typed without echo; empty when nobody can be asked."""
        ...


class LineCounts(Counts):
    """Lines of the payload: ``lines = sent + not_sent`` and ``sent = imported + failed + unknown``."""

    lines: int = 0
    not_sent: int = 0
    sent: int = 0
    imported: int = 0
    failed: int = 0
    unknown: int = 0

    def balanced(self) -> bool:
        return self.lines == self.sent + self.not_sent and self.sent == self.imported + self.failed + self.unknown


class RowCounts(Counts):
    """Data rows: ``total = new + existing + failed``."""

    total: int = 0
    new: int = 0
    existing: int = 0
    failed: int = 0


class JobReport(Struct):
    """One import job: its name, its lines and what became of them."""

    name: str
    lines: int
    imported: int = 0
    failed: int = 0
    unknown: int = 0
    seconds: float = 0.0
    note: str = ""


class ProjectReport(Struct):
    """One project of the service: what it holds, where it is seen."""

    name: str
    media_type: str
    id: str = ""
    url: str = ""
    dataset_id: str = ""
    ontology_id: str = ""
    rows: RowCounts = field(default_factory=RowCounts)
    batches: int = 0
    lines: LineCounts = field(default_factory=LineCounts)
    jobs: list[JobReport] = field(default_factory=list)


class MessageReport(Struct):
    """Lines, or rows, that failed for one reason: how many, of which classes, the first few with their source."""

    message: str
    count: int
    what: str = "line"
    classes: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)


class ImportReport(Struct):
    """``import.json``. ``state``: ``planned``, ``interrupted`` or ``finished``."""

    tool: dict[str, str]
    run: str = ""
    state: str = "planned"
    mode: str = "labels"
    organisation: str = ""
    endpoint: str = ""
    projects: list[ProjectReport] = field(default_factory=list)
    rows: RowCounts = field(default_factory=RowCounts)
    lines: LineCounts = field(default_factory=LineCounts)
    classes: dict[str, LineCounts] = field(default_factory=dict)
    messages: list[MessageReport] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed_lines: str = ""
    text: str = ""

    def exit_code(self) -> int:
        """0 all is imported, or planned; 1 something failed, was not sent, or is unknown."""
        c = self.lines
        return 1 if self.state == "finished" and (self.rows.failed or c.not_sent or c.failed or c.unknown) else 0


class Importer(Struct, frozen=True):
    """Takes an output folder into the target's service.

    ``run(folder, options, dialogue)`` imports it, or goes on with an import that was begun; ``status`` says how far one is
    and changes nothing; ``project_ontology(project id, endpoint, dialogue)`` is the ontology of an existing project, as
    JSON. They raise :class:`~to_labelbox.ToLabelboxError` whose ``exit_code`` tells what kind of trouble it is.
    """

    run: Callable[[str, ImportOptions, Dialogue], ImportReport]
    status: Callable[[str, ImportOptions, Dialogue], ImportReport]
    project_ontology: Callable[[str, str | None, Dialogue], bytes]
