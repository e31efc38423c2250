"""The datasets of a batch opened and encoded; what there is already of one is taken over."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.progress import Progress
from to_labelbox.batches.worker import FindDuplicatesTask, OpenTask, find_repeated, start
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, missing
from to_labelbox.conversion.chunks import EncodedChunk, plan
from to_labelbox.conversion.process_pool import WorkerDied, WorkerPool
from to_labelbox.conversion.repeated_assets import same_keys
from to_labelbox.conversion.supervise import encode_all
from to_labelbox.conversion.worker import Chunk
from to_labelbox.report.errors import ToLabelboxError


class Encoding:
    """``sets`` are all of the batch, by number."""

    def __init__(self, sets: Sequence[DatasetRun], fail: bool, progress: Progress) -> None:
        self._sets, self._fail, self._progress = sets, fail, progress

    def run(
        self,
        pool: WorkerPool,
        sets: Sequence[DatasetRun],
        shared: AbstractSet[int] = frozenset(),
        shard: int = 0,
        of: int = 1,
    ) -> None:
        """Open datasets and encode what is missing of them: small ones at once, large ones in chunks.

        Of those whose numbers are ``shared``, each of ``of`` machines encodes its share of chunks.
        """
        chunks: deque[Chunk] = deque()
        openings = deque(
            OpenTask(s.number, s.folder, s.number not in shared, "" if s.forgotten else s.memory, s.place) for s in sets
        )
        for opening, outcome in pool.run(start, openings):
            dataset = self._sets[opening.dataset]
            if isinstance(outcome, WorkerDied):
                if opening.whole:  # one of its units may be what ended the process: find out which
                    openings.append(opening._replace(whole=False))
                    continue
                dataset.failure = f"it cannot be opened: {outcome}"
            elif isinstance(outcome, ToLabelboxError):
                dataset.fail(outcome)
            elif outcome.kept is not None:
                dataset.take_published(outcome.kept, outcome.report)
                self._progress.count(dataset.head.units, dataset.head.units, dataset.gathered.read)
            else:
                ranges = self.take_over(dataset, outcome.head, outcome.chunks)
                risky = not opening.whole and dataset.number not in shared
                if dataset.number in shared:
                    ranges = missing(plan(outcome.head.units)[shard::of], outcome.chunks)
                chunks.extend(
                    Chunk(dataset.number, a, b, dataset.folder or None, bool(dataset.folder), careful=risky)
                    for a, b in ranges
                )
            self._progress.tell()
        self._chunks(pool, deque(sorted(chunks)))

    def _chunks(self, pool: WorkerPool, chunks: deque[Chunk]) -> None:
        for chunk, result in encode_all(pool, chunks, self._fail):
            dataset = self._sets[chunk.dataset]
            if isinstance(result, ToLabelboxError):
                if not dataset.failure:
                    dataset.fail(result)
                for other in [c for c in chunks if c.dataset == chunk.dataset]:
                    chunks.remove(other)
                continue
            before = dataset.gathered.read
            dataset.gathered.add(result)
            self._progress.annotations += dataset.gathered.read - before
            self._progress.units_done += result.stop - result.start
            self._progress.datasets_done += dataset.gathered.next == dataset.head.units
            self._progress.tell()

    def take_over(
        self, dataset: DatasetRun, head: DatasetCheckpoint, parts: Sequence[EncodedChunk]
    ) -> list[tuple[int, int]]:
        """Begin with what there is of a dataset; gives the ranges that are missing."""
        dataset.take_over(head, parts)
        self._progress.count(head.units, sum(part.stop - part.start for part in parts), dataset.gathered.read)
        return missing(plan(head.units), parts)

    def reopen(self, dataset: DatasetRun) -> None:
        """Give up what is published of a dataset: the ontology has changed."""
        self._progress.count(dataset.head.units, dataset.head.units, dataset.gathered.read, -1)
        dataset.forget()

    def find_repeats(self, pool: WorkerPool, sets: Sequence[DatasetRun]) -> None:
        """Look for assets that occur twice in a dataset."""
        repeats: deque[FindDuplicatesTask] = deque()
        for dataset in sets:
            gathered = dataset.gathered
            if dataset.kept is None and (wanted := same_keys(gathered.keys)):
                repeats.append(FindDuplicatesTask(dataset.number, gathered.ranges, wanted, gathered.unread))
        for task, outcome in pool.run(find_repeated, repeats):
            dataset = self._sets[task.dataset]
            if isinstance(outcome, WorkerDied | ToLabelboxError):
                dataset.failure = str(outcome)
            else:
                repeated, log = outcome
                dataset.gathered.leave_out(repeated)
                dataset.gathered.log.absorb(log)
