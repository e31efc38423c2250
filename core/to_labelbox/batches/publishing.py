"""The ontology filled into the datasets of a batch, and their files given their names; the files of all come last."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Mapping, Sequence

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.batches.progress import Progress
from to_labelbox.batches.published import CACHE_FOLDER, remember, save_published
from to_labelbox.batches.worker import WHOLE_UNITS, NameTask, PublishTask, finish, publish_failure, report_under
from to_labelbox.conversion.chunks import LineRenderer
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.naming import OURS, PARTIAL, Complete, give_names, sync_files, sync_folders
from to_labelbox.conversion.output_folder import Folder, discard
from to_labelbox.conversion.process_pool import WorkerDied, WorkerPool
from to_labelbox.conversion.publish import complete
from to_labelbox.conversion.supervise import rendered_by
from to_labelbox.conversion.worker import refuse_changed, save_ontology
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.registry import writer
from to_labelbox.report.errors import ToLabelboxError
from to_labelbox.report.interruption import postponed
from to_labelbox.report.report import Output, Report

NAMED_TOGETHER = 64
"""Small datasets that get their names at once: to wait for the disk takes as long for one of them."""


def draw_up(dataset: DatasetRun, ontology: Ontology) -> Report | None:
    """The report of a dataset, as far as it is known before anything is written; None where it fails."""
    try:
        dataset.report = report_under(ontology, dataset.head, dataset.job, dataset.gathered)
    except ToLabelboxError as error:
        dataset.failure = str(error)
        return None
    return dataset.report


class Publishing:
    """``sets`` are all of the batch, by number. ``compare`` their sources with what was opened."""

    def __init__(
        self, sets: Sequence[DatasetRun], out: str, common: ConversionJob, progress: Progress, compare: bool
    ) -> None:
        self._sets, self._out, self._common, self._progress, self._compare = sets, out, common, progress, compare

    def finish(self, pool: WorkerPool, ontology: Ontology) -> None:
        """Fill the ontology in and publish: small datasets whole in a worker, large ones here, from workers' pieces."""
        unpublished = [s for s in self._sets if not s.failure and s.kept is None]
        self._progress.step, self._progress.datasets_done = "writing", len(self._sets) - len(unpublished)
        path = save_ontology(ontology, os.path.join(self._out, PARTIAL))
        os.makedirs(os.path.join(self._out, CACHE_FOLDER), exist_ok=True)
        tasks: deque[PublishTask | NameTask] = deque()
        large: list[DatasetRun] = []
        for dataset in unpublished:
            dataset.gathered.apart = dataset.found.path if dataset.apart else ""
            if dataset.head.units > WHOLE_UNITS:
                large.append(dataset)
            else:
                tasks.append(
                    PublishTask(
                        dataset.number,
                        dataset.folder,
                        dataset.place,
                        path,
                        dataset.head,
                        dataset.gathered,
                        self._common.shard_lines,
                        self._compare,
                        dataset.counted,
                    )
                )
        self._small(pool, tasks)
        filling = LineRenderer(writer(), ontology)
        for dataset in large:
            if report := draw_up(dataset, ontology):
                self._large(pool, dataset, report, filling, path)
            self._progress.one_more()

    def _small(self, pool: WorkerPool, tasks: deque[PublishTask | NameTask]) -> None:
        """Write datasets in workers, and give names to many at a time."""
        left, waiting = len(tasks), list[DatasetRun]()
        try:
            for task, outcome in pool.run(finish, tasks):
                numbers = (task.dataset,) if isinstance(task, PublishTask) else task.datasets
                left -= isinstance(task, PublishTask)
                if isinstance(outcome, WorkerDied | ToLabelboxError):
                    for number in numbers:
                        self._sets[number].failure = str(outcome)
                elif isinstance(outcome, Report):
                    dataset = self._sets[numbers[0]]
                    dataset.report = outcome
                    if outcome.outputs:
                        waiting.append(dataset)
                        numbers = ()
                for _ in numbers:
                    self._progress.one_more()
                if waiting and (len(waiting) >= NAMED_TOGETHER or not left):
                    tasks.appendleft(_naming(waiting))
                    waiting = []
        finally:
            for dataset in waiting:
                discard(dataset.place)

    def _large(
        self, pool: WorkerPool, dataset: DatasetRun, report: Report, filling: LineRenderer, ontology: str
    ) -> None:
        folder, gathered, parts = Folder(dataset.place, overwrite=True), dataset.gathered, dataset.folder
        if report.failed:
            publish_failure(folder, report)
            return
        rendered = rendered_by(pool, parts, gathered.ranges, ontology)
        try:
            if self._compare:
                refuse_changed(dataset.job, dataset.head)
            result = complete(folder, parts, rendered, filling, report, gathered, self._common.shard_lines)
            save_published(parts, dataset.head, gathered, report, dataset.counted)
            give_names([result])
            remember(parts, dataset.memory)
        except ToLabelboxError as error:
            dataset.failure = str(error)
        finally:
            folder.clean()


def _naming(datasets: Sequence[DatasetRun]) -> NameTask:
    results = tuple(Complete(s.place, tuple(s.report.outputs)) for s in datasets if s.report)
    return NameTask(tuple(s.number for s in datasets), results, tuple((s.folder, s.memory) for s in datasets))


def outputs_of(files: Mapping[str, bytes]) -> dict[str, Output]:
    return {n: Output(d.count(b"\n"), len(d), hashlib.sha256(d).hexdigest()) for n, d in files.items()}


def write_last(out: str, files: Mapping[str, bytes]) -> None:
    """Files of the whole batch, each renamed when it is on the disk; the report comes last."""
    working = os.path.join(out, PARTIAL)
    for name, data in files.items():
        with open(os.path.join(working, name), "wb") as file:
            file.write(data)
    sync_files(os.path.join(working, name) for name in files)
    with postponed():
        for name in files:
            os.replace(os.path.join(working, name), os.path.join(out, name))
            sync_folders([out])
        for name in os.listdir(out):
            if OURS.fullmatch(name) and name not in files:
                os.remove(os.path.join(out, name))
