"""From one source to one output folder: open, encode in chunks, infer the ontology, fill it in, publish.

Chunks are ranges of the dataset's units. What a chunk becomes depends on its items alone, and results are joined in
order, so the output is the same for any number of workers. Nothing appears under its final name before it is complete.
"""

from __future__ import annotations

import gc
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from to_labelbox.diagnostics import Code, Log, SourceError, UsageError, unreachable_ledger
from to_labelbox.formats import (
    Dataset,
    Encoded,
    Encoder,
    ReadContext,
    Writer,
    dataset_of,
    detect,
    make_options,
    reader,
    writer,
)
from to_labelbox.media import Gallery
from to_labelbox.model import Item
from to_labelbox.ontology import Ontology, infer
from to_labelbox.output import Folder, Sink, Spool, shards
from to_labelbox.report import Assets, Lines, Report, SourceInfo, Tool
from to_labelbox.schema import Schema
from to_labelbox.settings import Settings
from to_labelbox.source import Source
from to_labelbox.survey import Survey
from to_labelbox.tables import read_sizes

if TYPE_CHECKING:
    from concurrent.futures import Future

CHUNK_UNITS = 256
Progress = Callable[[int, int, int], None]
"""Called with units done, units in all, and annotations read so far."""


@dataclass(frozen=True, slots=True)
class Job:
    """How to open one source, in any process."""

    sources: tuple[str, ...]
    format: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    media_root: str | None = None
    sizes: str | None = None
    exif: bool = True
    fail: bool = False


@dataclass(slots=True)
class Opened:
    """An opened job: the dataset, how to encode it, and what was found on the way."""

    dataset: Dataset
    writer: Writer
    make_encoder: Callable[[], Encoder]
    log: Log
    info: SourceInfo


def open_job(job: Job) -> Opened:
    """Find the reader, read the schema and the index. Raises :class:`ToLabelboxError`."""
    source = Source(*job.sources)
    if job.format:
        chosen, reason = reader(job.format), "named by the user"
    else:
        detection = detect(source)
        chosen, reason = detection.reader, detection.match.reason
    target = writer()
    options, writer_options = make_options(chosen, target, job.options)
    if job.media_root is not None and not os.path.isdir(job.media_root):
        raise UsageError(f"--media-root {job.media_root}: no such folder")
    log = Log(fail=job.fail)
    context = ReadContext(
        log=log,
        media=Gallery(job.media_root) if job.media_root is not None else None,
        sizes=read_sizes(job.sizes) if job.sizes else {},
        boxes_only=job.settings.boxes_only,
        exif=job.exif,
    )
    dataset = chosen.read(source, options, context)
    details = {"reason": reason, **dataset.details}
    return Opened(
        dataset,
        target,
        partial(target.encoder, job.settings, writer_options, dataset.name, Log(fail=job.fail)),
        log,
        SourceInfo(source.path, chosen.name, details),
    )


# ---------------------------------------------------------------------------------------------------- chunks


def plan(units: int) -> list[tuple[int, int]]:
    """Ranges of units; the plan depends on their number alone."""
    size = max(1, min(CHUNK_UNITS, units // 16))
    return [(start, min(start + size, units)) for start in range(0, units, size)]


def encode_chunk(dataset: Dataset, encoder: Encoder, start: int, stop: int, fail: bool) -> Encoded:
    """Encode a range of units. Reader and encoder log apart and are added up."""
    log = Log(fail=fail)
    for item in dataset.items(log, start, stop):
        encoder.add(item)
    encoded = encoder.take()
    log.absorb(encoded.log)
    encoded.log = log
    return encoded


_shared: tuple[Dataset, Encoder, bool] | None = None


def _encode_shared(start: int, stop: int) -> Encoded:
    assert _shared is not None
    dataset, encoder, fail = _shared
    return encode_chunk(dataset, encoder, start, stop, fail)


def encoded_chunks(opened: Opened, chunks: Sequence[tuple[int, int]], workers: int, fail: bool) -> Iterator[Encoded]:
    """The chunks' results in order, with a bounded number of them in flight."""
    encoder = opened.make_encoder()
    workers = min(workers, len(chunks))
    if workers <= 1 or not hasattr(os, "fork"):
        for start, stop in chunks:
            yield encode_chunk(opened.dataset, encoder, start, stop, fail)
        return
    # imported here, as most runs have one process
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    global _shared
    _shared = (opened.dataset, encoder, fail)
    pending: deque[Future[Encoded]] = deque()
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))
    try:
        for start, stop in chunks:
            pending.append(pool.submit(_encode_shared, start, stop))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool:
        raise SourceError(
            "a worker process died, probably for lack of memory; nothing was written. Try fewer --workers"
        ) from None
    finally:
        _shared = None
        pool.shutdown(cancel_futures=True)


# --------------------------------------------------------------------------------------------------- converting


def convert(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None,
    *,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    media_root: str | os.PathLike[str] | None = None,
    sizes: str | os.PathLike[str] | None = None,
    exif: bool = True,
    on_error: str = "skip",
    shard_lines: int = 0,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Convert one dataset (a file, folder, zip or gz, or several files of one set) into ``out``.

    ``out`` None converts without writing anything. ``options`` are the format's own (``formats NAME`` lists them),
    ``settings`` the rules of the conversion. ``sizes`` is a CSV of key, width, height for assets that are not at hand.
    ``on_error`` ``"fail"`` stops at the first refused record. Raises :class:`~to_labelbox.diagnostics.ToLabelboxError`.
    """
    if on_error not in ("skip", "fail"):
        raise UsageError(f"on_error {on_error!r}: skip or fail")
    paths = [source] if isinstance(source, str | os.PathLike) else list(source)
    job = Job(
        sources=tuple(os.fspath(p) for p in paths),
        format=format,
        options=options or {},
        settings=settings or Settings(),
        media_root=None if media_root is None else os.fspath(media_root),
        sizes=None if sizes is None else os.fspath(sizes),
        exif=exif,
        fail=on_error == "fail",
    )
    folder = None if out is None else Folder(os.fspath(out), overwrite)
    return run(open_job(job), folder, job.settings, job.fail, shard_lines, workers, progress).report


def write(
    dataset: Dataset | Sequence[Item],
    out: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    schema: Schema | None = None,
    options: Mapping[str, Any] | None = None,
    shard_lines: int = 0,
    overwrite: bool = False,
) -> Report:
    """Write a dataset, or items made in Python, into ``out``."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset, schema=schema)
    opened = _opened(made, settings, options)
    return run(opened, Folder(os.fspath(out), overwrite), settings or Settings(), False, shard_lines).report


def infer_ontology(dataset: Dataset | Sequence[Item], *, settings: Settings | None = None) -> Ontology:
    """The ontology that a dataset needs."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset)
    return run(_opened(made, settings, None), None, settings or Settings(), False).ontology


def _opened(dataset: Dataset, settings: Settings | None, options: Mapping[str, Any] | None) -> Opened:
    target = writer()
    return Opened(
        dataset,
        target,
        partial(target.encoder, settings or Settings(), target.options(**(options or {})), dataset.name, Log()),
        Log(),
        SourceInfo(dataset.name, "python", dict(dataset.details)),
    )


@dataclass(slots=True)
class Result:
    report: Report
    ontology: Ontology
    survey: Survey
    schema: Schema


def run(
    opened: Opened,
    folder: Folder | None,
    settings: Settings,
    fail: bool,
    shard_lines: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Result:
    """Everything after opening; writes only when there is a folder."""
    with _collector_paused():
        return _run(opened, folder, settings, fail, shard_lines, workers, progress)


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


def _run(
    opened: Opened,
    folder: Folder | None,
    settings: Settings,
    fail: bool,
    shard_lines: int,
    workers: int,
    progress: Progress | None,
) -> Result:
    chunks = plan(opened.dataset.units)
    log, survey = opened.log, Survey()
    counts, keys = array("I"), array("Q")
    assets = Assets()
    spool, rows = (folder.spool("lines"), folder.sink("data_rows.ndjson")) if folder else (None, None)
    try:
        for done, encoded in enumerate(encoded_chunks(opened, chunks, workers, fail), 1):
            survey.absorb(encoded.survey)
            log.absorb(encoded.log)
            counts.extend(encoded.counts)
            keys.extend(encoded.keys)
            assets.read += encoded.items
            assets.written += encoded.written
            if spool is not None and rows is not None:
                spool.write(encoded.lines)
                rows.write(encoded.rows)
            if progress is not None:
                read = sum(t.read for t in log.ledger.values())
                progress(chunks[done - 1][1], opened.dataset.units, read)
        repeated = _repeated_assets(opened.dataset, keys, settings, log)
        assets.written -= len(repeated)
        assets.skipped += len(repeated)
        ontology = infer(opened.dataset.schema, survey, settings)
        for decision in ontology.decisions:
            log.decide(decision)
        opened.writer.limits(ontology, survey, log)
        unbalanced = log.ledger.unbalanced()
        if unbalanced:
            unreachable_ledger(unbalanced)
        report = _report(opened, log, survey, assets)
        if folder is not None and spool is not None and rows is not None:
            _publish(folder, opened.writer, ontology, report, spool, rows, counts, repeated, shard_lines)
        return Result(report, ontology, survey, opened.dataset.schema)
    finally:
        if folder is not None:
            folder.clean()


def _report(opened: Opened, log: Log, survey: Survey, assets: Assets) -> Report:
    by_kind = dict(opened.writer.line_kinds(survey))
    order = {"error": 0, "warning": 1, "info": 2}
    return Report(
        tool=Tool(),
        source=opened.info,
        assets=assets,
        annotations=log.ledger.total(),
        lines=Lines(sum(by_kind.values()), by_kind),
        # what a reader derives (links of parts, pieces of a skeleton) is no annotation of the source: no row of zeros
        classes={label: tally for label, tally in log.ledger.items() if tally.read},
        diagnostics=sorted(log.diagnostics.values(), key=lambda d: (order[d.severity], d.code)),
    )


def _publish(
    folder: Folder,
    writer: Writer,
    ontology: Ontology,
    report: Report,
    spool: Spool,
    rows: Sink,
    counts: array[int],
    repeated: set[int],
    shard_lines: int,
) -> None:
    render = writer.renderer(ontology)
    rendered = map(render, spool.pieces())
    if shard_lines:
        finished = shards(folder, rendered, counts, shard_lines)
    else:
        finished = [folder.sink("annotations.ndjson")]
        for piece in rendered:
            finished[0].write(piece)
    if repeated:
        rows = _without(folder, rows, repeated)
    schema = folder.sink("ontology.json")
    schema.write(writer.ontology_json(ontology))
    folder.publish([*finished, rows, schema], report)


def _without(folder: Folder, rows: Sink, repeated: set[int]) -> Sink:
    """The data rows without those of assets that came before."""
    rows.close()
    os.rename(rows.path, f"{rows.path}.all")
    kept = folder.sink(rows.name)
    with open(f"{rows.path}.all", "rb") as file:
        for n, line in enumerate(file):
            if n not in repeated:
                kept.write(line)
    return kept


def _repeated_assets(dataset: Dataset, keys: array[int], settings: Settings, log: Log) -> set[int]:
    """Indexes of items whose asset came before. Raises :class:`UsageError` when two assets share a global key."""
    if not len(keys):
        return set()
    import numpy as np

    hashes = np.frombuffer(keys, np.uint64)
    order = np.argsort(hashes, kind="stable")
    same = hashes[order][1:] == hashes[order][:-1]
    if not same.any():
        return set()
    wanted = set(order[1:][same].tolist()) | set(order[:-1][same].tolist())
    from to_labelbox.keys import Keys

    namer = Keys(settings, dataset.name)
    first: dict[str, Item] = {}
    repeated: set[int] = set()
    for n, item in enumerate(dataset.items()):
        if n not in wanted:
            continue
        key = namer.key(item.asset, item.split)
        other = first.setdefault(key, item)
        if other is item:
            continue
        if (item.asset.path, item.asset.url) != (other.asset.path, other.asset.url):
            raise UsageError(
                f"two assets would have the global key {key!r}: {other.asset.path} ({other.origin}) and "
                f"{item.asset.path} ({item.origin}). Nothing was written; tell them apart with --global-key, "
                'for example "{split}/{relpath}" or "{dataset}/{relpath}"'
            )
        log.note(Code.ASSET_DUPLICATE, "the asset occurs again: one data row for both", file=item.asset.path)
        repeated.add(n)
    return repeated
