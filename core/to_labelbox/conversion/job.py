"""How a source is opened: reader, options, class map and existing ontology, in any process."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from to_labelbox.conversion.demanded import demanding
from to_labelbox.conversion.global_keys import Keys
from to_labelbox.conversion.located_assets import located
from to_labelbox.conversion.options import ConversionOptions, Reading, Writing
from to_labelbox.conversion.picture_sizes import with_picture_sizes
from to_labelbox.conversion.split_words import with_splits
from to_labelbox.model.items import Item
from to_labelbox.model.schema import Schema
from to_labelbox.model.text import as_text, text_name
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.detect import detect
from to_labelbox.plugins.options import make_options
from to_labelbox.plugins.reader import Each, ReadContext, Reader
from to_labelbox.plugins.registry import reader, writer
from to_labelbox.plugins.writer import Encoder, Writer
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import NoRoomError, SourceError, ToLabelboxError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.report import SourceInfo
from to_labelbox.rules.ontology_index import OntologyIndex
from to_labelbox.rules.option import FilePath
from to_labelbox.rules.record import record
from to_labelbox.rules.settings import OtherSize, Settings
from to_labelbox.source.asset_lookup import AssetTable, Claims, MediaFolder, check_media_root
from to_labelbox.source.cloud.at_hand import at_hand, media_at_hand
from to_labelbox.source.files import Source
from to_labelbox.source.unchanged import Ask, Snapshot, has_changed
from to_labelbox.source.unread_files import tell_empty_pictures


@record(frozen=True, kw_only=True)
class ConversionJob(Writing, Reading):
    """How to open one source, in any process. ``ontology``: an existing one that the payload has to fit.

    Paths are texts, as they go to the disk with a batch's plan. ``name`` is what the dataset is called in global keys; by
    default its reader says. ``without`` are folders of the source that are no part of it. ``index``: the lines of the
    payload are mapped back to the source.
    """

    sources: tuple[str, ...] = ()
    media_root: str | None = None
    sizes: str | None = None
    index: bool = False
    settings: Settings = dataclasses.field(default_factory=Settings)
    fail: bool = False
    ontology: Ontology | None = None
    name: str = ""
    without: tuple[str, ...] = ()


class OpenSource(Struct):
    """An opened job: the dataset, how to encode it, and what was found on the way. Without a job: made in Python.

    ``declared`` is what the source itself declares; the dataset's schema has the names that a class map gives.
    ``existing`` is the ontology that the payload has to fit, if there is one; ``snapshot`` tells whether the source changes.
    """

    dataset: Dataset
    writer: Writer
    make_encoder: Callable[..., Encoder]
    log: Log
    info: SourceInfo
    job: ConversionJob | None = None
    declared: Schema = field(default_factory=Schema)
    existing: Ontology | None = None
    snapshot: Snapshot | None = None

    def refuse_changed(self, ask: Ask | None = None) -> None:
        """Raise :class:`SourceError` when the source is no longer what was opened. ``ask``: see :meth:`Snapshot.changed`."""
        if self.snapshot is not None and (changed := self.snapshot.changed(ask)):
            raise SourceError(has_changed(changed))

    @property
    def indexed(self) -> bool:
        """Whether an index is made."""
        return self.log.left_out is not None


def job_of(given: ConversionOptions, *sources: FilePath) -> ConversionJob:
    """How to open a source with these options. Raises :class:`UsageError`."""
    paths = at_hand([os.fspath(source) for source in sources])
    known: set[str] = set()
    for path in paths:
        if (real := os.path.realpath(path)) in known:
            raise UsageError(f"{path}: is given twice; once is enough")
        known.add(real)
    return ConversionJob(
        sources=tuple(paths),
        settings=given.rules(),
        ontology=existing_ontology(given.ontology),
        fail=given.on_error == "fail",
        **plain(given),
    )


def plain(given: Reading) -> dict[str, Any]:
    """What a job takes as it was given, paths as texts, of this machine."""
    names = [f.name for record in (Reading, Writing) for f in dataclasses.fields(record) if hasattr(given, f.name)]
    values = ((name, getattr(given, name)) for name in names)
    texts = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in values}
    return {**texts, "options": dict(given.options or {}), "media_root": media_at_hand(given.media_root)}


def _sizes(path: str | None, claims: Claims) -> Mapping[str, tuple[int, int]]:
    if not path:
        return {}
    from to_labelbox.source.csv_tables import read_sizes

    return read_sizes(path).of(claims)


def open_job(job: ConversionJob, listed: Callable[[int], None] = lambda _: None, each: Each = map) -> OpenSource:
    """Find the reader, read the schema and the index. Raises :class:`ToLabelboxError`.

    ``listed`` is called with the number of files when these are known. ``each``: see
    :class:`~to_labelbox.plugins.reader.ReadContext`.
    """
    source = Source(*job.sources, without=job.without)
    snapshot = Snapshot(source)
    listed(len(source.names))
    settings = _fitting(job)
    if job.format:
        chosen, reason = reader(job.format), "named by the user"
    else:
        detection = detect(source)
        chosen, reason = detection.reader, detection.match.reason
    target = writer()
    options, writer_options = make_options(chosen, target, job.options or {})
    check_media_root(job.media_root)
    log = Log(fail=job.fail, indexed=job.index)
    claims = Claims()
    context = ReadContext(
        log=log,
        media=MediaFolder(job.media_root, claims) if job.media_root is not None else None,
        sizes=_sizes(job.sizes, claims),
        boxes_only=settings.boxes_only,
        outlines_only=settings.outlines_only,
        exif=job.exif,
        other_size=OtherSize(job.other_size),
        each=each,
        claims=claims,
    )
    if links := source.links:
        log.note(
            Code.FILE_IGNORED,
            "a link, which is not followed: put the files there, as `cp -rL` does, or give the folder of the pictures as --media-root",
            file=links[0],
            count=len(links),
        )
    dataset = _read(chosen, source, options, context, snapshot)
    claims.set(dataset.names)
    tell_empty_pictures(log, source)
    if job.name:
        dataset = replace(dataset, name=job.name)
    dataset = with_picture_sizes(dataset, source, context.media, context.other_size, log)
    if settings.url_map:
        settings = dataclasses.replace(settings, url_map=AssetTable(settings.url_map, claims))
    dataset = with_splits(located(dataset, source, context, settings.url_map), settings)
    details = as_text({"reason": reason, **dataset.details})
    adapted = _adapted(dataset, settings)
    asking = demanding(settings, adapted.schema)
    return OpenSource(
        adapted,
        target,
        lambda kinds=settings.one_kind: target.encoding.encoder(
            dataclasses.replace(asking, one_kind=kinds), writer_options, dataset.name, Log(fail=job.fail)
        ),
        log,
        SourceInfo(text_name(source.path), chosen.name, details),
        job,
        dataset.schema,
        job.ontology,
        snapshot,
    )


def _read(reader: Reader, source: Source, options: Any, context: ReadContext, snapshot: Snapshot) -> Dataset:
    """What the reader makes of a source, looked at where it is a third party's. Raises :class:`ToLabelboxError`."""
    try:
        dataset = reader.read(source, options, context)
        if reader.trusted:
            return dataset
        from to_labelbox.conversion.guarded_reader import guarded

        return guarded(dataset, reader.name)
    except MemoryError as error:
        raise NoRoomError(f"{source.path}: there is too little memory for what opening it needs") from error
    except Exception as error:
        if changed := snapshot.changed():
            raise SourceError(has_changed(changed)) from None
        if reader.trusted or isinstance(error, ToLabelboxError | OSError):
            raise
        from to_labelbox.conversion.guarded_reader import defect

        raise SourceError(f"{source.path}: {defect(reader.name, error)}") from error


def _fitting(job: ConversionJob) -> Settings:
    """The job's settings, with what an existing ontology takes."""
    if not job.ontology:
        return job.settings
    from to_labelbox.ontology.fit_items import settings_for  # most are not to fit one

    return settings_for(job.ontology, job.settings)


def _adapted(dataset: Dataset, settings: Settings) -> Dataset:
    """The dataset's named assets, under the names of a class map, and as far as they fit an existing ontology."""
    dataset = replace(dataset, iterate=partial(_named_items, dataset, settings))
    if settings.class_map is not None or settings.filtered:
        schema = settings.class_map.schema(dataset.schema) if settings.class_map else dataset.schema
        dataset = replace(dataset, schema=schema, iterate=partial(_renamed_items, dataset, settings))
    if settings.fit is not None:
        dataset = replace(dataset, iterate=partial(_fitting_items, dataset, settings.fit))
    return dataset


def _named_items(dataset: Dataset, settings: Settings, log: Log, start: int, stop: int) -> Iterator[Item]:
    """The items whose assets have a name and a key: others could not be found again, nor their data rows be referred to."""
    keys = Keys(settings, dataset.name) if settings.global_key != "{relpath}" and settings.rows is None else None
    for item in dataset.iterate(log, start, stop):
        lacking = _lacking(item, keys, settings)
        if not lacking:
            yield item
            continue
        message = f"its asset has no {lacking}"
        counted = [a for a in item.annotations if a.source_count]
        for annotation in counted:
            log.skip_annotation(Code.ASSET_UNKNOWN, message, annotation, item.origin or item.asset.path)
        if not counted:
            log.note(Code.ASSET_UNKNOWN, message, file=item.origin or item.asset.path)


def _lacking(item: Item, keys: Keys | None, settings: Settings) -> str:
    """What an asset has not, though there is no data row without it."""
    asset = item.asset
    if not asset.path.strip():
        return "file name"
    if asset.text == "" and settings.rows is None:
        return "text: it is empty"
    if not item.split and "{split}" in settings.url_prefix and settings.rows is None:
        return "split, which --url-prefix asks for"
    if keys is not None and not keys.key(asset, item.split).strip():
        return f"{settings.global_key}, which --global-key asks for"
    return ""


def _renamed_items(dataset: Dataset, settings: Settings, log: Log, start: int, stop: int) -> Iterator[Item]:
    from to_labelbox.rules.apply_class_map import mapped  # most sets keep their names

    return mapped(settings, dataset.iterate(log, start, stop), log)


def _fitting_items(dataset: Dataset, fit: OntologyIndex, log: Log, start: int, stop: int) -> Iterator[Item]:
    from to_labelbox.ontology.fit_items import fit_to_ontology

    return fit_to_ontology(fit, dataset.iterate(log, start, stop), log)


def read_ontology(path: str | os.PathLike[str]) -> Ontology:
    """An existing ontology from the target's own JSON. Raises :class:`UsageError` for what is no such file."""
    return writer().ontology.load(os.fspath(path))


def existing_ontology(ontology: Ontology | str | os.PathLike[str] | None) -> Ontology | None:
    """An ontology that is given as itself or as its file."""
    return ontology if ontology is None or isinstance(ontology, Ontology) else read_ontology(ontology)
