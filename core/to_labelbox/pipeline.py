"""From one source to one output folder: open, encode in chunks, infer the ontology, fill it in, publish.

Chunks are ranges of the dataset's units (:mod:`~to_labelbox.parts`). What a chunk becomes depends on its items alone,
and parts are joined in order, so the output is the same for any number of workers. Nothing appears under its final name
before it is complete.
"""

from __future__ import annotations

import gc
import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.class_map import ClassMap, read_class_map
from to_labelbox.class_mapper import mapped
from to_labelbox.conform import conformed, settings_for
from to_labelbox.data_rows import Rows, read_rows
from to_labelbox.diagnostics import LISTED, Code, Log, SourceError, UsageError, unreachable_ledger
from to_labelbox.fit import Fit
from to_labelbox.formats import (
    Dataset,
    Encoder,
    Limit,
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
from to_labelbox.names import as_text, text_name
from to_labelbox.ontology import Ontology, infer
from to_labelbox.output import Folder, shards
from to_labelbox.parts import Filling, Gathering, Part, encode_part, part_path, pieces, plan, rendered_here, told_apart
from to_labelbox.repeats import repeated
from to_labelbox.report import Lines, Report, SourceInfo, Tool
from to_labelbox.schema import Schema
from to_labelbox.settings import Settings
from to_labelbox.source import Source
from to_labelbox.survey import Survey
from to_labelbox.tables import read_sizes
from to_labelbox.unchanged import Snapshot, has_changed

if TYPE_CHECKING:
    from to_labelbox.workers import Crew

Progress = Callable[[int, int, int], None]
"""Called with units done, units in all, and annotations read so far."""


class Job(Struct, frozen=True):
    """How to open one source, in any process. ``ontology``: an existing one that the payload has to fit.

    ``name`` is what the dataset is called in global keys; by default its reader says. ``without`` are folders of the source
    that are no part of it.
    """

    sources: tuple[str, ...]
    format: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    media_root: str | None = None
    sizes: str | None = None
    exif: bool = True
    fail: bool = False
    ontology: Ontology | None = None
    name: str = ""
    without: tuple[str, ...] = ()


class Opened(Struct):
    """An opened job: the dataset, how to encode it, and what was found on the way. Without a job: made in Python.

    ``declared`` is what the source itself declares; the dataset's schema has the names that a class map gives.
    ``existing`` is the ontology that the payload has to fit, if there is one; ``snapshot`` tells whether the source changes.
    """

    dataset: Dataset
    writer: Writer
    make_encoder: Callable[[], Encoder]
    log: Log
    info: SourceInfo
    job: Job | None = None
    declared: Schema = field(default_factory=Schema)
    existing: Ontology | None = None
    snapshot: Snapshot | None = None

    def refuse_changed(self) -> None:
        """Raise :class:`SourceError` when the source is no longer what was opened."""
        if self.snapshot is not None and (changed := self.snapshot.changed()):
            raise SourceError(has_changed(changed))


def open_job(job: Job) -> Opened:
    """Find the reader, read the schema and the index. Raises :class:`ToLabelboxError`."""
    source = Source(*job.sources, without=job.without)
    snapshot = Snapshot(source)
    settings = settings_for(job.ontology, job.settings) if job.ontology else job.settings
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
        boxes_only=settings.boxes_only,
        exif=job.exif,
    )
    if links := source.links:
        log.note(
            Code.FILE_IGNORED,
            "a link, which is not followed: put the files there, or give the folder of the pictures as --media-root",
            file=links[0],
            count=len(links),
        )
    try:
        dataset = chosen.read(source, options, context)
    except MemoryError as error:
        raise SourceError(f"{source.path}: there is too little memory for what opening it needs") from error
    except Exception:
        if changed := snapshot.changed():
            raise SourceError(has_changed(changed)) from None
        raise
    if job.name:
        dataset = replace(dataset, name=job.name)
    details = as_text({"reason": reason, **dataset.details})
    return Opened(
        _adapted(dataset, settings),
        target,
        lambda: target.encoder(settings, writer_options, dataset.name, Log(fail=job.fail)),
        log,
        SourceInfo(text_name(source.path), chosen.name, details),
        job,
        dataset.schema,
        job.ontology,
        snapshot,
    )


def _adapted(dataset: Dataset, settings: Settings) -> Dataset:
    """The dataset under the names of a class map, and as far as it fits an existing ontology."""
    if settings.class_map is not None:
        schema = settings.class_map.schema(dataset.schema)
        dataset = replace(dataset, schema=schema, iterate=partial(_renamed_items, dataset, settings.class_map))
    if settings.fit is not None:
        dataset = replace(dataset, iterate=partial(_fitting_items, dataset, settings.fit))
    return dataset


def _renamed_items(dataset: Dataset, rules: ClassMap, log: Log, start: int, stop: int) -> Iterator[Item]:
    return mapped(rules, dataset.iterate(log, start, stop), log)


def _fitting_items(dataset: Dataset, fit: Fit, log: Log, start: int, stop: int) -> Iterator[Item]:
    return conformed(fit, dataset.iterate(log, start, stop), log)


# --------------------------------------------------------------------------------------------------- converting


def convert(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None,
    *,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    class_map: ClassMap | str | os.PathLike[str] | None = None,
    data_rows: Rows | str | os.PathLike[str] | None = None,
    ontology: Ontology | str | os.PathLike[str] | None = None,
    media_root: str | os.PathLike[str] | None = None,
    sizes: str | os.PathLike[str] | None = None,
    exif: bool = True,
    on_error: str = "skip",
    shard_lines: int = 0,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
    file_timeout: float = 0,
) -> Report:
    """Convert one dataset (a file, folder, zip or gz, or several files of one set) into ``out``.

    ``out`` None converts without writing anything. ``options`` are the format's own (``formats NAME`` lists them),
    ``settings`` the rules of the conversion. ``class_map`` is a map of names or the YAML or CSV file of one, the same as
    in ``settings``. ``ontology`` is an existing one, or its JSON file: what does not fit it is left out and listed.
    ``data_rows`` are rows that exist, or their NDJSON or CSV file: the payload refers to them, and none is made anew.
    ``sizes`` is a CSV of key, width, height for assets that are not at hand.
    ``on_error`` ``"fail"`` stops at the first refused record. With several ``workers``, a file or record that ends a
    process or takes more than ``file_timeout`` seconds (0: any time) is left out and named. Raises
    :class:`~to_labelbox.diagnostics.ToLabelboxError`.
    """
    if on_error not in ("skip", "fail"):
        raise UsageError(f"on_error {on_error!r}: skip or fail")
    settings = settings or Settings()
    if class_map is not None:
        rules = class_map if isinstance(class_map, ClassMap) else read_class_map(class_map)
        settings = msgspec.structs.replace(settings, class_map=rules)
    if data_rows is not None:
        rows = data_rows if isinstance(data_rows, Rows) else read_rows(data_rows)
        settings = msgspec.structs.replace(settings, rows=rows)
    paths = [source] if isinstance(source, str | os.PathLike) else list(source)
    job = Job(
        sources=tuple(os.fspath(p) for p in paths),
        format=format,
        options=options or {},
        settings=settings,
        media_root=None if media_root is None else os.fspath(media_root),
        sizes=None if sizes is None else os.fspath(sizes),
        exif=exif,
        fail=on_error == "fail",
        ontology=existing_ontology(ontology),
    )
    folder = None if out is None else Folder(os.fspath(out), overwrite)
    try:
        opened = open_job(job)
    except BaseException:
        if folder is not None:
            folder.clean()
        raise
    return run(opened, folder, job.settings, job.fail, shard_lines, workers, progress, file_timeout).report


def read_ontology(path: str | os.PathLike[str]) -> Ontology:
    """An existing ontology from the target's own JSON. Raises :class:`UsageError` for what is no such file."""
    return writer().parse_ontology(os.fspath(path))


def write(
    dataset: Dataset | Sequence[Item],
    out: str | os.PathLike[str],
    *,
    ontology: Ontology | str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
    schema: Schema | None = None,
    options: Mapping[str, Any] | None = None,
    shard_lines: int = 0,
    overwrite: bool = False,
) -> Report:
    """Write a dataset, or items made in Python, into ``out``; see :func:`convert` for the arguments."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset, schema=schema)
    opened = _opened(made, settings, options, existing_ontology(ontology))
    return run(opened, Folder(os.fspath(out), overwrite), settings or Settings(), False, shard_lines).report


def infer_ontology(dataset: Dataset | Sequence[Item], *, settings: Settings | None = None) -> Ontology:
    """The ontology that a dataset needs."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset)
    return run(_opened(made, settings, None), None, settings or Settings(), False).ontology


def existing_ontology(ontology: Ontology | str | os.PathLike[str] | None) -> Ontology | None:
    """An ontology that is given as itself or as its file."""
    return ontology if ontology is None or isinstance(ontology, Ontology) else read_ontology(ontology)


def _opened(
    dataset: Dataset, given: Settings | None, options: Mapping[str, Any] | None, existing: Ontology | None = None
) -> Opened:
    target = writer()
    settings = given or Settings()
    settings = settings_for(existing, settings) if existing else settings
    chosen = target.options(**(options or {}))
    return Opened(
        _adapted(dataset, settings),
        target,
        lambda: target.encoder(settings, chosen, dataset.name, Log()),
        Log(),
        SourceInfo(dataset.name, "python", dict(dataset.details)),
        declared=dataset.schema,
        existing=existing,
    )


class Result(Struct):
    report: Report
    ontology: Ontology
    survey: Survey
    schema: Schema
    limits: Sequence[Limit]


def run(
    opened: Opened,
    folder: Folder | None,
    settings: Settings,
    fail: bool,
    shard_lines: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
    file_timeout: float = 0,
) -> Result:
    """Everything after opening; writes only when there is a folder."""
    chunks = plan(opened.dataset.units)
    try:
        with _collector_paused(), _crew(opened, min(workers, len(chunks)), file_timeout) as crew:
            return _run(opened, chunks, folder, settings, shard_lines, crew, progress)
    except Exception:
        opened.refuse_changed()  # what seems wrong with the source may come of that
        raise
    finally:
        if folder is not None:
            folder.clean()


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
def _crew(opened: Opened, workers: int, file_timeout: float) -> Iterator[Crew | None]:
    """Worker processes, where there is more than one to do the work and a way for them to come by the dataset."""
    if workers <= 1 or (opened.job is None and not hasattr(os, "fork")):
        yield None
        return
    from to_labelbox.work import STATE, initialize_worker
    from to_labelbox.workers import crew

    STATE.share_before_fork(0, opened)
    try:
        with crew(workers, initialize_worker, ([opened.job], file_timeout)) as hands:
            yield hands
    finally:
        STATE.clear()


def _run(
    opened: Opened,
    chunks: Sequence[tuple[int, int]],
    folder: Folder | None,
    settings: Settings,
    shard_lines: int,
    crew: Crew | None,
    progress: Progress | None,
) -> Result:
    gathered = Gathering(opened.log)
    log, survey = gathered.log, gathered.survey
    for part in _encoded(opened, chunks, folder.partial if folder else None, crew):
        gathered.add(part)
        if progress is not None:
            progress(gathered.next, opened.dataset.units, gathered.read)
    if settings.class_map is not None:
        settings.class_map.check(opened.declared, log)
    if wanted := same_keys(gathered.keys):
        gathered.leave_out(repeated_assets(opened.dataset, gathered.ranges, wanted, settings, log))
    opened.refuse_changed()
    ontology = opened.existing or infer(opened.dataset.schema, survey, settings)
    for decision in ontology.decisions:
        log.decide(decision)
    limits = opened.writer.limits(ontology, survey, log)
    report = report_of(opened.writer, opened.info, settings, gathered)
    if folder is not None:
        filling = Filling(opened.writer, ontology)
        rendered = _rendered(folder.partial, gathered.ranges, filling, crew)
        publish(folder, folder.partial, rendered, filling, report, gathered, shard_lines)
    return Result(report, ontology, survey, opened.dataset.schema, limits)


def _encoded(
    opened: Opened, chunks: Sequence[tuple[int, int]], folder: str | None, crew: Crew | None
) -> Iterator[Part]:
    if crew is None:
        encoder = opened.make_encoder()
        for start, stop in chunks:
            yield encode_part(opened.dataset, encoder, start, stop, opened.log.fail, folder)
        return
    from to_labelbox.work import Chunk, encode_all

    for _, part in encode_all(crew, deque(Chunk(0, start, stop, folder) for start, stop in chunks), opened.log.fail):
        if isinstance(part, Exception):
            raise part
        yield part


def _rendered(folder: str, ranges: Sequence[tuple[int, int]], filling: Filling, crew: Crew | None) -> Iterator[bytes]:
    """The finished lines of the parts in a folder, made here or by the crew."""
    if crew is None:
        return rendered_here(folder, ranges, filling.render)
    from to_labelbox.work import rendered_by, save_ontology

    return rendered_by(crew, folder, ranges, save_ontology(filling.ontology, folder))


def _matched(rows: Rows, keys: array[int], log: Log) -> dict[str, Any]:
    """How many of the existing rows are assets of the source, and the names without a counterpart on both sides."""
    used = {key for key in keys if key < len(rows)}
    unused = [name for n, name in enumerate(rows.names()) if n not in used]
    return {
        "given": len(rows),
        "matched": len(used),
        "rows_without_asset": unused[:LISTED],
        "assets_without_row": log.unmatched,
    }


def report_of(writer: Writer, info: SourceInfo, settings: Settings, gathered: Gathering) -> Report:
    """The report, as far as it is known before anything is written. Raises when the ledger does not balance."""
    log = gathered.log
    unbalanced = log.ledger.unbalanced()
    if unbalanced:
        unreachable_ledger(unbalanced)
    if settings.rows is not None:
        info.details["data_rows"] = _matched(settings.rows, gathered.keys, log)
    if log.unfit:
        info.details["not_in_ontology"] = dict(sorted(log.unfit.items(), key=lambda found: (-found[1], found[0])))
    by_kind = dict(writer.line_kinds(gathered.survey))
    order = {"error": 0, "warning": 1, "info": 2}
    return Report(
        tool=Tool(),
        source=info,
        assets=gathered.assets,
        annotations=log.ledger.total(),
        lines=Lines(sum(by_kind.values()), by_kind),
        # what a reader derives (links of parts, pieces of a skeleton) is no annotation of the source: no row of zeros
        classes={label: tally for label, tally in log.ledger.items() if tally.read},
        diagnostics=sorted(log.diagnostics.values(), key=lambda d: (order[d.severity], d.code)),
        unread=list(log.unread.values()),
        assumptions=list(log.assumptions.values()),
    )


def publish(
    folder: Folder,
    parts: str,
    filled: Iterator[bytes],
    filling: Filling,
    report: Report,
    gathered: Gathering,
    shard_lines: int,
) -> None:
    """Write the lines, ``filled`` in already, and the data rows of the parts in the folder ``parts``; name the files."""
    if gathered.groups or gathered.apart:
        filled = told_apart(filled, gathered.counts, gathered.groups, filling.writer.tell_apart, gathered.apart)
    if shard_lines:
        finished = shards(folder, filled, gathered.counts, shard_lines)
    else:
        finished = [folder.sink("annotations.ndjson")]
        for piece in filled:
            finished[0].write(piece)
        finished[0].lines = sum(gathered.counts)
    rows = folder.sink("data_rows.ndjson")
    for piece in _rows(parts, gathered.ranges, gathered.repeated):
        rows.write(piece)
        rows.lines += piece.count(b"\n")
    schema = folder.sink("ontology.json")
    schema.write(filling.schema)
    schema.lines = filling.schema.count(b"\n")
    folder.publish([*finished, rows, schema], report)


def _rows(folder: str, ranges: Sequence[tuple[int, int]], repeated: set[int]) -> Iterator[bytes]:
    """The data rows without those of assets that came before."""
    n = 0
    for start, stop in ranges:
        for piece in pieces(part_path(folder, start, stop, "rows")):
            if repeated:
                lines = piece.splitlines(keepends=True)
                piece = b"".join(line for line in lines if (n := n + 1) - 1 not in repeated)
            yield piece


def same_keys(keys: array[int]) -> set[int]:
    """Indexes of items whose global key, by its hash, another one has too."""
    same = repeated(keys)
    return {n for n, key in enumerate(keys) if key in same} if same else set()


def repeated_assets(
    dataset: Dataset, ranges: Sequence[tuple[int, int]], wanted: set[int], settings: Settings, log: Log
) -> dict[int, int]:
    """Which of the wanted items are one asset: for each of them, the first one that is it.

    Raises :class:`UsageError` when two assets share a global key.
    """
    from to_labelbox.keys import Keys, cleaned

    namer = Keys(settings, dataset.name)
    first: dict[str, tuple[int, Item]] = {}
    groups: dict[int, int] = {}
    items = (item for start, stop in ranges for item in dataset.items(None, start, stop))
    for n, item in enumerate(items):
        if n not in wanted:
            continue
        asset = cleaned(item.asset)
        key = namer.key(asset, item.split)
        if settings.rows is not None:
            row = settings.rows.match(asset, key)
            key = key if row is None else row.name
        number, other = first.setdefault(key, (n, item))
        groups[n] = number
        if number == n:
            continue
        if (item.asset.path, item.asset.url) != (other.asset.path, other.asset.url):
            what, remedy = ("have the global key", 'tell them apart with --global-key, for example "{split}/{relpath}"')
            if settings.rows is not None:
                what, remedy = (
                    "be the data row",
                    "give the row an external_id or a URL with the folder of one of them",
                )
            raise UsageError(
                f"two assets would {what} {key!r}: {other.asset.path} ({other.origin}) and {item.asset.path} "
                f"({item.origin}). Nothing was written; {remedy}"
            )
        message = "the asset occurs again: one data row for both"
        if item.split != other.split:
            message += f" ({other.split}, {item.split}); if these are two, --global-key '{{split}}/{{relpath}}' tells them apart"
        log.note(Code.ASSET_DUPLICATE, message, file=item.asset.path)
    return groups
