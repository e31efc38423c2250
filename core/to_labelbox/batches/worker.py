"""What a worker process does for a batch: open a dataset, find its repeated assets, publish it."""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

from to_labelbox.batches.plan import HEAD
from to_labelbox.batches.published import Counted, PublishedDataset, kept_report, load_kept, remember, save_published
from to_labelbox.conversion.checkpoint import DatasetCheckpoint, finished_chunks, load, missing, save, saved_log
from to_labelbox.conversion.chunks import EncodedChunk, rendered_here
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.merge_chunks import MergedChunks
from to_labelbox.conversion.naming import Complete, give_names
from to_labelbox.conversion.output_folder import Folder
from to_labelbox.conversion.worker import STATE, Chunk, encode, refuse_changed
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.registry import writer
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report
from to_labelbox.source.fingerprint import Input, inventory, same_inputs

WHOLE_UNITS = 512
"""A dataset of so many units is one task and one part: files take longer to make than to fill."""


class OpenTask(NamedTuple):
    """A dataset to be opened, with a folder for its chunks ("": they are counted alone); ``whole``: to be encoded as well when it is small.

    ``kept`` is the file in which a finished run remembers it, ``out`` the folder where that has published it.
    """

    dataset: int
    folder: str
    whole: bool = True
    kept: str = ""
    out: str = ""


class OpenedDataset(NamedTuple):
    """An opened dataset and the chunks that there are; or one that is published and has not changed since."""

    head: DatasetCheckpoint
    chunks: list[EncodedChunk]
    kept: PublishedDataset | None = None
    report: Report | None = None


class FindDuplicatesTask(NamedTuple):
    """Items of a dataset whose global keys are not their own; ranges are those of its chunks."""

    dataset: int
    ranges: list[tuple[int, int]]
    wanted: set[int]
    unread: set[int]


class PublishTask(NamedTuple):
    """A dataset to be written whole: its chunks, its output folder, the file of the ontology.

    ``compare`` its source with what was opened; a machine that merges what others have done need not have it.
    """

    dataset: int
    folder: str
    out: str
    ontology: str
    head: DatasetCheckpoint
    gathered: MergedChunks
    shard_lines: int
    compare: bool = True
    counted: Counted | None = None


class NameTask(NamedTuple):
    """Datasets whose files are complete and get their names together; ``remember``: folder of chunks and file of memory of each."""

    datasets: tuple[int, ...]
    results: tuple[Complete, ...]
    remember: tuple[tuple[str, str], ...]


def start(task: OpenTask) -> OpenedDataset:
    """Open a dataset, unless that and all its chunks are there from an earlier run with the same inputs."""
    job = STATE.job(task.dataset)
    if kept := load_kept(task.kept):
        unchanged = same_inputs(kept.head.inputs, inventory(job.sources[0], kept.head.inputs, job.without))
        if unchanged and (report := kept_report(kept, task.kept, task.out)):
            return OpenedDataset(kept.head, [], kept, report)
    if not task.folder:
        return _started_dry(task)
    path = os.path.join(task.folder, HEAD)
    head = load(path, DatasetCheckpoint)
    inputs = inventory(job.sources[0], head.inputs if head is not None else (), job.without)
    parts: list[EncodedChunk] = []
    if head is None or not same_inputs(head.inputs, inputs):
        shutil.rmtree(task.folder, ignore_errors=True)
        os.makedirs(task.folder)
        head = _head(task.dataset, inputs)
        save(path, head)
    else:
        parts = finished_chunks(task.folder, job.fail)
    if task.whole and head.units <= WHOLE_UNITS:
        for begin, stop in missing([(0, head.units)], parts):
            parts.append(encode(Chunk(task.dataset, begin, stop, task.folder, keep=True)))
    return OpenedDataset(head, parts)


def _head(number: int, inputs: list[Input]) -> DatasetCheckpoint:
    source = STATE.opened(number)
    dataset, log = source.dataset, saved_log(source.log)
    return DatasetCheckpoint(dataset.unit_count, dataset.schema, source.declared, source.info, log, inputs)


def _started_dry(task: OpenTask) -> OpenedDataset:
    """Open a dataset, and encode it if it is small, with nothing on the disk."""
    head = _head(task.dataset, [])
    small = task.whole and 0 < head.units <= WHOLE_UNITS
    return OpenedDataset(head, [encode(Chunk(task.dataset, 0, head.units, None))] if small else [])


def find_repeated(task: FindDuplicatesTask) -> tuple[dict[int, int], Log]:
    """Which of the items are assets that came before, and notes on them. Raises :class:`UsageError` for other assets."""
    from to_labelbox.conversion.repeated_assets import repeated_assets

    log = Log()
    dataset = STATE.opened(task.dataset).dataset
    settings = STATE.job(task.dataset).settings
    return repeated_assets(dataset, task.ranges, task.wanted, settings, log, task.unread), log


def publish_failure(folder: Folder, report: Report) -> None:
    """Of a dataset of which nothing could be converted the report alone: a later run tries it again."""
    try:
        folder.replace_by_failure(report)
    finally:
        folder.clean()


def report_under(ontology: Ontology, head: DatasetCheckpoint, job: ConversionJob, gathered: MergedChunks) -> Report:
    """The report of a dataset, as far as it is known before anything is written. Raises :class:`ToLabelboxError`."""
    from to_labelbox.conversion.publish import report_of

    target = writer()
    target.checks.limits(ontology, gathered.survey, gathered.log)
    return report_of(target, head.info, job.settings, gathered)


def finish(task: PublishTask | NameTask) -> Report | None:
    """Fill the ontology into all chunks of a dataset; its files are complete then and wait for their names, or give them those."""
    if isinstance(task, NameTask):
        give_names(task.results)
        for folder_and_memory in task.remember:
            remember(*folder_and_memory)
        return None
    from to_labelbox.conversion.publish import complete

    job, filling = STATE.job(task.dataset), STATE.filling(task.ontology)
    report = report_under(filling.ontology, task.head, job, task.gathered)
    if task.compare:
        refuse_changed(job, task.head)
    folder = Folder(task.out, overwrite=True)
    if report.failed:
        publish_failure(folder, report)
        return report
    rendered = rendered_here(task.folder, task.gathered.ranges, filling.render)
    try:
        complete(folder, task.folder, rendered, filling, report, task.gathered, task.shard_lines)
        save_published(task.folder, task.head, task.gathered, report, task.counted)
    except BaseException:
        folder.clean()
        raise
    return report
