"""One dataset of a batch on its way from a place to a published folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from to_labelbox.batches.find_datasets import Found
from to_labelbox.batches.published import Counted, PublishedDataset
from to_labelbox.batches.report import Row, State, row_of
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, log_of
from to_labelbox.conversion.chunks import EncodedChunk
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.merge_chunks import MergedChunks
from to_labelbox.report.report import Report


@dataclass(slots=True)
class DatasetRun:
    """``failure``: why it is left out. ``kept``: it is published already, with ``report``.

    ``memory`` is the file in which a finished run remembers it. ``apart``: an earlier dataset has assets of it too.
    ``digest`` names its files; ``counted`` is what one tool a class was decided on.
    """

    number: int
    found: Found
    job: ConversionJob
    folder: str
    head: DatasetCheckpoint | None = None
    gathered: MergedChunks | None = None
    failure: str = ""
    report: Report | None = None
    memory: str = ""
    kept: PublishedDataset | None = None
    apart: bool = False
    digest: str = ""
    counted: Counted | None = None

    @property
    def read(self) -> int:
        """Source annotations read so far."""
        return 0 if self.gathered is None else self.gathered.read

    def row(self) -> Row:
        """Its line in the report of the batch."""
        if self.failure or self.report is None:
            return Row(self.found.path, self.found.format, problem=self.failure, state=State.FAILED)
        media = {} if self.gathered is None else {m.value: n for m, n in self.gathered.survey.media.items()}
        return row_of(self.found.path, self.found.format, self.report, media)

    def take_over(self, head: DatasetCheckpoint, parts: Sequence[EncodedChunk], fail: bool) -> None:
        """Begin with the chunks that there are."""
        self.head = head
        self.gathered = MergedChunks(log_of(head.log, fail))
        for part in parts:
            self.gathered.add(part)

    def take_published(self, kept: PublishedDataset, report: Report | None, fail: bool) -> None:
        """Begin with what a finished run remembers, in place of chunks."""
        self.head, self.kept, self.report = kept.head, kept, report
        self.gathered = MergedChunks(log_of(kept.log, fail))
        self.gathered.survey = kept.survey
        self.gathered.keys.frombytes(kept.keys)

    def forget(self) -> None:
        """Give up what is published."""
        self.memory, self.kept, self.report = "", None, None
        self.head = self.gathered = None
