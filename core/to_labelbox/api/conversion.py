"""Convert, write and infer: one dataset from its source to its output folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import msgspec

from to_labelbox.conversion.demanded import demanding
from to_labelbox.conversion.job import ConversionJob, OpenSource, _adapted, existing_ontology, open_job
from to_labelbox.conversion.output_folder import Folder, room
from to_labelbox.conversion.run import Progress, run
from to_labelbox.model.items import Item
from to_labelbox.model.schema import Schema
from to_labelbox.ontology.fit_items import settings_for
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset, dataset_of
from to_labelbox.plugins.registry import writer
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report, SourceInfo
from to_labelbox.rules.class_map import ClassMap
from to_labelbox.rules.existing_data_rows import Rows, read_rows
from to_labelbox.rules.settings import Settings
from to_labelbox.source.cloud.mirror import at_hand, media_at_hand


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
    index: bool = True,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
    file_timeout: float = 0,
) -> Report:
    """Convert one dataset (a file, folder, zip or gz, or several files of one set) into ``out``.

    Sources and ``media_root`` may be addresses in the cloud (``s3://``, ``gs://``, ``az://``, ``https://``; extra ``cloud``).

    ``out`` None converts without writing anything. ``options`` are the format's own (``formats NAME`` lists them),
    ``settings`` the rules of the conversion. ``class_map`` is a map of names or the YAML or CSV file of one, the same as
    in ``settings``. ``ontology`` is an existing one, or its JSON file: what does not fit it is left out and listed.
    ``data_rows`` are rows that exist, or their NDJSON or CSV file: the payload refers to them, and none is made anew.
    ``sizes`` is a CSV of key, width, height for assets that are not at hand.
    ``index`` also writes ``index.ndjson``, which leads from each line back to the source.
    ``on_error`` ``"fail"`` stops at the first refused record. With several ``workers``, a file or record that ends a
    process is left out and named; so is one that takes more than ``file_timeout`` seconds (0: any time). Raises
    :class:`~to_labelbox.report.errors.ToLabelboxError`.
    """
    if on_error not in ("skip", "fail"):
        raise UsageError(f"on_error {on_error!r}: skip or fail")
    settings = settings or Settings()
    if class_map is not None:
        from to_labelbox.rules.class_map_file import read_class_map  # YAML is slow to load

        rules = class_map if isinstance(class_map, ClassMap) else read_class_map(class_map)
        settings = msgspec.structs.replace(settings, class_map=rules)
    if data_rows is not None:
        rows = data_rows if isinstance(data_rows, Rows) else read_rows(data_rows)
        settings = msgspec.structs.replace(settings, rows=rows)
    paths = at_hand([os.fspath(p) for p in ([source] if isinstance(source, str | os.PathLike) else source)])
    job = ConversionJob(
        sources=tuple(paths),
        format=format,
        options=options or {},
        settings=settings,
        media_root=media_at_hand(media_root),
        sizes=None if sizes is None else os.fspath(sizes),
        exif=exif,
        fail=on_error == "fail",
        ontology=existing_ontology(ontology),
        index=index and out is not None,
    )
    folder = None if out is None else Folder(os.fspath(out), overwrite)
    try:
        if file_timeout:
            from to_labelbox.conversion.supervise import try_opening

            try_opening(job, file_timeout)
        opened = open_job(job)
    except BaseException:
        if folder is not None:
            folder.clean()
        raise
    with room(os.fspath(out)) if out is not None else nullcontext():
        return run(opened, folder, job.settings, job.fail, shard_lines, workers, progress, file_timeout).report


def write(
    dataset: Dataset | Iterable[Item],
    out: str | os.PathLike[str],
    *,
    ontology: Ontology | str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
    schema: Schema | None = None,
    options: Mapping[str, Any] | None = None,
    shard_lines: int = 0,
    index: bool = True,
    overwrite: bool = False,
) -> Report:
    """Write a dataset, or items made in Python, into ``out``; see :func:`convert` for the arguments.

    Items may come from a generator: they are taken one after another and not held. Raises
    :class:`~to_labelbox.report.errors.UsageError` for a value of a wrong type, with item and field.
    """
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset, schema=schema)
    opened = _opened(made, settings, options, existing_ontology(ontology), index)
    with room(os.fspath(out)):
        return run(opened, Folder(os.fspath(out), overwrite), settings or Settings(), False, shard_lines).report


def infer_ontology(dataset: Dataset | Iterable[Item], *, settings: Settings | None = None) -> Ontology:
    """The ontology that a dataset needs."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset)
    return run(_opened(made, settings, None), None, settings or Settings(), False).ontology


def _opened(
    dataset: Dataset,
    given: Settings | None,
    options: Mapping[str, Any] | None,
    existing: Ontology | None = None,
    index: bool = False,
) -> OpenSource:
    target = writer()
    settings = given or Settings()
    settings = settings_for(existing, settings) if existing else settings
    chosen = target.options(**(options or {}))
    adapted = _adapted(dataset, settings)
    asking = demanding(settings, adapted.schema)
    return OpenSource(
        adapted,
        target,
        lambda: target.encoder(asking, chosen, dataset.name, Log()),
        Log(indexed=index),
        SourceInfo(dataset.name, "python", dict(dataset.details)),
        declared=dataset.schema,
        existing=existing,
    )
