"""One dataset of a batch on its way from a place to a published folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from to_labelbox.batches.find_datasets import Found
from to_labelbox.batches.published import Counted, PublishedDataset
from to_labelbox.batches.report import Row, State, row_of
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, log_of
from to_labelbox.conversion.chunks import EncodedChunk
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.merge_chunks import MergedChunks
from to_labelbox.model.text import quoted
from to_labelbox.report.errors import OpenQuestion, ToLabelboxError
from to_labelbox.report.report import Report


@dataclass(slots=True)
class DatasetRun:
    """``failure``: why it is left out, as what ``left_out`` says. ``kept``: it is published already, with ``report``.

    ``folder`` is that of its chunks, ``place`` where it is published, ``memory`` the file in which a finished run remembers it, to
    look at unless ``forgotten``; empty in a dry run. ``digest`` names its files. ``head`` and ``gathered`` are there once it is
    ``opened``. ``apart``: an earlier dataset has assets of it too. ``counted`` is what one tool a class was decided on.
    """

    number: int
    found: Found
    job: ConversionJob
    digest: str
    failure: str = ""
    left_out: State = State.FAILED
    folder: str = ""
    place: str = ""
    memory: str = ""
    forgotten: bool = False
    opened: bool = False
    head: DatasetCheckpoint = field(init=False)
    gathered: MergedChunks = field(init=False)
    report: Report | None = None
    kept: PublishedDataset | None = None
    apart: bool = False
    counted: Counted | None = None

    def fail(self, error: ToLabelboxError) -> None:
        """Leave it out; a question about it is one that the options of the batch would answer for all others, too."""
        self.failure = str(error)
        if isinstance(error, OpenQuestion):
            self.failure += (
                f"\nGiven to the batch, an option holds for all its datasets of {self.found.format}. For this one alone:\n"
                f"  to-labelbox convert {quoted(self.found.source)} --from {self.found.format} -o OTHER -O …"
            )

    def row(self) -> Row:
        """Its line in the report of the batch."""
        if self.failure or self.report is None:
            return Row(self.found.path, self.found.format, problem=self.failure, state=self.left_out)
        media = {m.value: n for m, n in self.gathered.survey.media.items()}
        return row_of(self.found.path, self.found.format, self.report, media)

    def take_over(self, head: DatasetCheckpoint, parts: Iterable[EncodedChunk]) -> None:
        """Begin with the chunks that there are."""
        self.opened, self.head = True, head
        self.gathered = MergedChunks(log_of(head.log, self.job.fail))
        for part in parts:
            self.gathered.add(part)

    def take_published(self, kept: PublishedDataset, report: Report | None) -> None:
        """Begin with what a finished run remembers, in place of chunks."""
        self.opened, self.head, self.kept, self.report = True, kept.head, kept, report
        self.gathered = MergedChunks(log_of(kept.log, self.job.fail))
        self.gathered.survey = kept.survey
        self.gathered.keys.frombytes(kept.keys)

    def forget(self) -> None:
        """Give up what is published."""
        self.forgotten, self.opened, self.kept, self.report = True, False, None, None

    def is_stale(self, ontology: str) -> bool:
        """Whether what is published of it was made for another ontology than the one of this SHA-256, or beside other datasets."""
        if self.kept is None or self.report is None:
            return False
        return self.report.outputs["ontology.json"].sha256 != ontology or self.apart != bool(self.kept.apart)
