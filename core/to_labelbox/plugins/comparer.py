"""What a target offers that also reads back what its service holds: options and report of a comparison.

Only the target knows how an export of its service looks. Commands and Python reach it through :data:`Comparer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from to_labelbox.plugins.importer import MessageReport
from to_labelbox.rules.option import option
from to_labelbox.rules.record import record


@record(frozen=True, kw_only=True)
class CompareOptions:
    """How an output folder is compared with exports of a project; ``projects`` are ids or names."""

    projects: Sequence[str] = option(
        (), "Where an export holds several; repeat it.", flag="--project", metavar="ID", multiple=True
    )
    tolerance: float = option(0.01, "That far apart is the same.", metavar="PX", least=0)
    first: int = option(0, "Only the first N data rows, as import --first.", metavar="N", least=1)


class ClassComparison(Struct):
    """Annotations of a class: ``annotations = same + different + missing``.

    ``not_compared``: those of ``same`` whose shape the export does not tell. ``extra`` are in the export alone, ``doubled``
    are equal to one that was found. ``iou`` is the smallest overlap, ``offset`` the largest distance, of those that were
    compared.
    """

    annotations: int = 0
    same: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    doubled: int = 0
    not_compared: int = 0
    iou: float | None = None
    offset: float | None = None

    def add(self, other: ClassComparison) -> None:
        for name in ("annotations", "same", "different", "missing", "extra", "doubled", "not_compared"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.measure(other.iou, other.offset)

    def measure(self, iou: float | None, offset: float | None) -> None:
        if iou is not None:
            self.iou = iou if self.iou is None else min(self.iou, iou)
        if offset is not None:
            self.offset = offset if self.offset is None else max(self.offset, offset)


class RowComparison(Struct):
    """Data rows: ``total = compared + missing + without_label``; ``others`` are in the export and not of this output.

    ``several_labels``: rows with more than one label, of which the one that agrees most was compared.
    """

    total: int = 0
    compared: int = 0
    missing: int = 0
    without_label: int = 0
    several_labels: int = 0
    others: int = 0
    unreadable: int = 0


class CompareReport(Struct):
    """``compare.json``. ``projects``: rows by id of the project."""

    tool: dict[str, str]
    out: str = ""
    exports: list[str] = field(default_factory=list)
    projects: dict[str, int] = field(default_factory=dict)
    rows: RowComparison = field(default_factory=RowComparison)
    annotations: ClassComparison = field(default_factory=ClassComparison)
    classes: dict[str, ClassComparison] = field(default_factory=dict)
    messages: list[MessageReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: str = ""
    text: str = ""

    def exit_code(self) -> int:
        """0 all that was sent is there, once; 1 something is missing, different or doubled, or could not be read."""
        a = self.annotations
        return 1 if a.missing or a.different or a.doubled or self.rows.unreadable else 0

    def as_json(self) -> dict[str, Any]:
        import msgspec

        content: dict[str, Any] = msgspec.to_builtins(self)
        content.pop("text")
        return content


class Comparer(Protocol):
    """Compares an output folder with exports of the target's service, and writes the report into the folder.

    ``said(done, rows)`` hears how far it is. Raises :class:`~to_labelbox.ToLabelboxError`.
    """

    def __call__(
        self, folder: str, exports: Sequence[str], options: CompareOptions, said: Callable[[int, int], None]
    ) -> CompareReport: ...
