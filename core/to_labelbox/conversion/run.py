"""From one source to one output folder: open, encode in chunks, infer the ontology, fill it in, publish.

Chunks are ranges of the dataset's units (:mod:`~to_labelbox.conversion.chunks`). What a chunk becomes depends on its items alone,
and chunks are joined in order, so the output is the same for any number of workers. Nothing appears under its final name
before it is complete.
"""

from __future__ import annotations

import dataclasses
import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from to_labelbox.conversion.addresses import advice, shared_addresses
from to_labelbox.conversion.chunks import EncodedChunk, LineRenderer, encode_part, plan, plan_ahead, rendered_here
from to_labelbox.conversion.each import in_order
from to_labelbox.conversion.merge_chunks import MergedChunks
from to_labelbox.conversion.naming import give_names
from to_labelbox.conversion.output_folder import LINES, Folder, Sink
from to_labelbox.model.schema import Schema
from to_labelbox.model.survey import Survey
from to_labelbox.model.text import n_of
from to_labelbox.ontology.infer import Ontology, infer
from to_labelbox.plugins.writer import Limit
from to_labelbox.report.annotation_index import INDEX
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report
from to_labelbox.rules.class_map import ClassMap, option_names
from to_labelbox.rules.settings import Settings

if TYPE_CHECKING:
    from to_labelbox.conversion.process_pool import WorkerPool
    from to_labelbox.source.unchanged import Ask
from to_labelbox.conversion.job import OpenSource
from to_labelbox.conversion.publish import complete, report_of
from to_labelbox.conversion.repeated_assets import repeated_assets, same_keys

Progress = Callable[[int, int, int], None]
"""Called with units done, units in all, and annotations read so far."""


class Result(Struct):
    report: Report
    ontology: Ontology
    survey: Survey
    schema: Schema
    limits: Sequence[Limit]


def run(
    opened: OpenSource,
    folder: Folder | None,
    settings: Settings,
    shard_lines: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
    file_timeout: float = 0,
) -> Result:
    """Everything after opening; writes only when there is a folder."""
    chunks = plan(opened.dataset.unit_count, workers)
    try:
        told: tuple[str, ...] = ()
        if settings.asks_one_tool:
            opened, settings, told = _with_one_kind(opened, chunks, settings, workers, file_timeout)
        with _collector_paused(), _workers_for(opened, workers, len(chunks), file_timeout) as pool:
            return _run(opened, chunks, folder, settings, shard_lines, pool, progress, told)
    except Exception:
        opened.refuse_changed()  # what seems wrong with the source may come of that
        raise
    finally:
        if folder is not None:
            folder.clean()


def names_of(sets: Iterable[tuple[Schema, MergedChunks]], rules: ClassMap | None) -> set[str]:
    """The names of classes and questions that were declared, read or written, behind a class map."""
    names: set[str] = set()
    for schema, gathered in sets:
        names.update(label.name for label in schema.labels)
        for question in schema.questions:
            names.add(question.name)
            names.update(option_names(question, option.value)[-1] for option in question.options)
        read = gathered.log.ledger
        names.update(read if rules is None else chain.from_iterable(map(rules.new_names, read)))
        names.update(label for label, _ in gathered.survey.shapes)
        names.update(gathered.survey.questions)
    return names


def note_shared_addresses(gathered: MergedChunks, settings: Settings) -> None:
    """Warn of assets whose keys tell them apart, but whose addresses do not."""
    for *_, count in shared_addresses([(gathered.survey.urls, gathered.keys)]) if gathered.survey.urls else ():
        what = f"{n_of(count, 'asset')} {'has' if count == 1 else 'have'}"
        message = f"{what} the address of another under another global key: {advice(settings)}"
        gathered.log.note(Code.ADDRESS_SHARED, message, count=count)


def _with_one_kind(
    opened: OpenSource, chunks: Sequence[tuple[int, int]], settings: Settings, workers: int, file_timeout: float
) -> tuple[OpenSource, Settings, tuple[str, ...]]:
    """The source and the settings with one kind for the areas of each class that asks for it, and what was decided.

    Everything is encoded once for nothing, since what a shape becomes is known by no other way. Raises :class:`UsageError`.
    """
    from to_labelbox.ontology.one_tool import SETTLED, is_settled, one_kind  # few ask for it

    if is_settled(opened.existing, settings):
        return opened, settings, (SETTLED,)
    if opened.dataset.has_unit is not None:
        raise UsageError("one_tool: items from an iterator can be read once only; give them as a list or a Dataset")
    gathered = MergedChunks(Log())
    with _collector_paused(), _workers_for(opened, workers, len(chunks), file_timeout) as pool:
        for part in _encoded(opened, chunks, None, None, pool):
            gathered.add(part)
    kinds, told = one_kind(opened.dataset.schema, [gathered.survey], settings, opened.existing)
    settings = dataclasses.replace(settings, one_kind=kinds)
    job = opened.job and dataclasses.replace(
        opened.job, settings=dataclasses.replace(opened.job.settings, one_kind=kinds)
    )
    return replace(opened, job=job, make_encoder=partial(opened.make_encoder, kinds)), settings, told


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Items hold no cycles, and they are many: looking for cycles among them is time lost."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _workers_for(opened: OpenSource, workers: int, chunks: int, file_timeout: float) -> Iterator[WorkerPool | None]:
    """Worker processes, where they are asked for (for a time limit too) and there is a way for them to come by the dataset."""
    if workers <= 1 and not file_timeout:
        yield None
        return
    from to_labelbox.conversion.process_pool import START_METHOD, worker_pool
    from to_labelbox.conversion.worker import STATE, initialize_worker

    if opened.job is None and START_METHOD != "fork":
        yield None
        return

    STATE.share_before_fork(0, opened)
    try:
        told = [opened.job], file_timeout, opened.dataset.unit_count
        with worker_pool(max(1, min(workers, chunks)), initialize_worker, told) as pool:
            yield pool
    finally:
        STATE.clear()


def _run(
    opened: OpenSource,
    chunks: Sequence[tuple[int, int]],
    folder: Folder | None,
    settings: Settings,
    shard_lines: int,
    pool: WorkerPool | None,
    progress: Progress | None,
    told: tuple[str, ...],
) -> Result:
    gathered = MergedChunks(opened.log)
    log, survey = gathered.log, gathered.survey
    index = folder.sink(INDEX) if folder is not None and opened.indexed and pool is None else None
    for part in _encoded(opened, chunks, folder.partial if folder else None, index, pool):
        gathered.add(part)
        if progress is not None:
            progress(gathered.next, opened.dataset.unit_count, gathered.read)
    if settings.class_map is not None:
        settings.class_map.check(opened.declared, log)
    if settings.filtered:
        from to_labelbox.rules.class_patterns import check_patterns

        check_patterns(settings, names_of([(opened.dataset.schema, gathered)], settings.class_map), log)
    if wanted := same_keys(gathered.keys):
        gathered.leave_out(repeated_assets(opened.dataset, gathered.ranges, wanted, settings, log, gathered.unread))
    note_shared_addresses(gathered, settings)
    if settings.rows is not None:
        settings.rows.tell_contradictions(log)
    opened.refuse_changed(_ask_about_changes(pool))
    ontology = opened.existing or infer(opened.dataset.schema, survey, settings)
    if told:
        ontology = replace(ontology, decisions=(*told, *ontology.decisions))
    for decision in ontology.decisions:
        log.decide(decision)
    limits = opened.writer.checks.limits(ontology, survey, log)
    report = report_of(opened.writer, opened.info, settings, gathered)
    if folder is not None and report.failed:
        folder.publish_failure(report)
    elif folder is not None:
        filling = LineRenderer(opened.writer, ontology)
        rendered: Iterator[bytes] | Sink
        as_they_are = not (gathered.groups or gathered.apart or shard_lines)
        if pool is not None and as_they_are:
            rendered, index = _joined(folder, gathered, filling, pool)
        else:
            rendered = _rendered(folder.partial, gathered.ranges, filling, pool)
        give_names([complete(folder, folder.partial, rendered, filling, report, gathered, shard_lines, index)])
    return Result(report, ontology, survey, opened.dataset.schema, limits)


def _ask_about_changes(pool: WorkerPool | None) -> Ask | None:
    """Whom to ask which files have changed: workers that have this process's listing. Of one of their own, what is gone is missing."""
    if pool is None:
        return None
    from to_labelbox.conversion.process_pool import START_METHOD
    from to_labelbox.conversion.worker import touched

    return partial(in_order, pool, touched) if START_METHOD == "fork" else None


def _encoded(
    opened: OpenSource,
    chunks: Sequence[tuple[int, int]],
    folder: str | None,
    index: Sink | None,
    pool: WorkerPool | None,
) -> Iterator[EncodedChunk]:
    if pool is None:
        encoder = opened.make_encoder()
        has_unit = opened.dataset.has_unit
        for start, stop in chunks if has_unit is None else plan_ahead(has_unit):
            fail, indexed = opened.log.fail, opened.indexed
            yield encode_part(opened.dataset, encoder, start, stop, fail, folder, indexed=indexed, index=index)
        return
    from to_labelbox.conversion.supervise import encode_all
    from to_labelbox.conversion.worker import Chunk

    for _, part in encode_all(pool, deque(Chunk(0, start, stop, folder) for start, stop in chunks), opened.log.fail):
        if isinstance(part, Exception):
            raise part
        yield part


def _rendered(
    folder: str, ranges: Sequence[tuple[int, int]], filling: LineRenderer, pool: WorkerPool | None
) -> Iterator[bytes]:
    """The finished lines of the chunks in a folder, made here or by the workers."""
    if pool is None:
        return rendered_here(folder, ranges, filling.render)
    from to_labelbox.conversion.supervise import rendered_by
    from to_labelbox.conversion.worker import save_ontology

    return rendered_by(pool, folder, ranges, save_ontology(filling.ontology, folder))


def _joined(
    folder: Folder, gathered: MergedChunks, filling: LineRenderer, pool: WorkerPool
) -> tuple[Sink, Sink | None]:
    """The finished lines, and their index if there is one, written by the workers."""
    from to_labelbox.conversion.supervise import joined_by
    from to_labelbox.conversion.worker import save_ontology

    lines = folder.sink(LINES)
    lines.lines = sum(gathered.counts)
    index = None if gathered.log.left_out is None else folder.sink(INDEX)
    if index is not None:
        index.lines = lines.lines
    ontology = save_ontology(filling.ontology, folder.partial)
    joined_by(pool, folder.partial, gathered.ranges, gathered.indexes, ontology, (lines, index))
    return lines, index
