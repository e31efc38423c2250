"""What a target offers that also takes an output folder into its service: options, report, and the talk with the user.

Only the target knows its service. Commands and Python reach it through :class:`Importer`, and it reaches the user
through :class:`Dialogue` alone: it prints nothing and asks nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec import Struct, field


class ImportOptions(Struct, frozen=True, kw_only=True):
    """How an output folder is imported.

    ``project`` names a new project, ``project_id`` an existing one: one of the two. ``dataset`` and ``ontology`` name
    new ones (the project's name by default), ``dataset_id`` and ``ontology_id`` existing ones.
    ``media_root``: folder of the media whose ``row_data`` is no URL; nothing outside of it is sent.
    ``existing_rows``: what happens when keys are taken already, ``fail`` or ``use``. ``mode``: ``labels`` are ground
    truth, ``prelabels`` are shown as predictions. ``first``: only that many data rows, 0 for all.
    ``yes`` answers every question. ``on_error``: ``skip`` leaves out rows whose media are missing.
    ``iam``: who signs URLs of private buckets: ``none``, ``default``, or the id of an integration.
    ``media_type`` is asked for where neither the rows nor the project tell it. ``endpoint``: None is the service's own.
    """

    project: str = ""
    project_id: str = ""
    dataset: str = ""
    dataset_id: str = ""
    ontology: str = ""
    ontology_id: str = ""
    media_root: str | None = None
    media_type: str = ""
    existing_rows: Literal["fail", "use"] = "fail"
    mode: Literal["labels", "prelabels"] = "labels"
    first: int = 0
    dry_run: bool = False
    yes: bool = False
    batch_size: int = 100_000
    lines_per_job: int = 10_000
    upload_threads: int = 8
    iam: str = "none"
    priority: int = 5
    endpoint: str | None = None
    on_error: Literal["fail", "skip"] = "fail"
    retry_failed: bool = False
    restart: bool = False
    clean_left_overs: bool = False


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


class LineCounts(Struct):
    """Lines of the payload: ``lines = sent + not_sent`` and ``sent = imported + failed + unknown``."""

    lines: int = 0
    not_sent: int = 0
    sent: int = 0
    imported: int = 0
    failed: int = 0
    unknown: int = 0

    def balanced(self) -> bool:
        return self.lines == self.sent + self.not_sent and self.sent == self.imported + self.failed + self.unknown

    def add(self, other: LineCounts) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class RowCounts(Struct):
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
