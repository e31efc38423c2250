"""Convert, write and infer: one dataset from its source to its output folder."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ParamSpec, Protocol

from to_labelbox.conversion.demanded import demanding
from to_labelbox.conversion.each import in_processes
from to_labelbox.conversion.job import OpenSource, _adapted, existing_ontology, job_of, open_job
from to_labelbox.conversion.options import OutputOptions, takes
from to_labelbox.conversion.output_folder import Folder, room
from to_labelbox.conversion.run import Progress, run
from to_labelbox.model.items import Item
from to_labelbox.model.schema import Schema
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset, dataset_of
from to_labelbox.plugins.registry import writer
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report, SourceInfo
from to_labelbox.rules.option import FilePath, as_path, option
from to_labelbox.rules.record import record
from to_labelbox.rules.settings import Settings

P = ParamSpec("P")


@record(frozen=True, kw_only=True)
class ConvertOptions(OutputOptions):
    """What ``convert`` takes besides."""

    progress: Progress | None = option(None)


class _Convert(Protocol[P]):
    def __call__(
        self, source: FilePath | Sequence[FilePath], out: FilePath | None, *args: P.args, **options: P.kwargs
    ) -> Report: ...


def _keywords(record: Callable[P, ConvertOptions]) -> Callable[[Callable[..., Report]], _Convert[P]]:
    return lambda function: takes(record, function, "source", "out")


@_keywords(ConvertOptions)
def convert(source: FilePath | Sequence[FilePath], out: FilePath | None, given: ConvertOptions) -> Report:
    """Convert one dataset (a file, folder, zip or gz, or several files of one set) into ``out``.

    Sources and ``media_root`` may be addresses in the cloud (``s3://``, ``gs://``, ``az://``, ``https://``; extra ``cloud``).

    ``out`` None converts without writing anything; of a source of which nothing can be converted, the report alone is
    written. ``options`` are the format's own (``formats NAME`` lists them).
    Class map, data rows, ontology and map of URLs are given as themselves or as their files; ``settings`` are rules in one
    object, which single keywords beat. ``on_error`` ``"fail"`` stops at the first refused record. With several ``workers``,
    a file or record that ends a process is left out and named; so is one that takes more than ``file_timeout`` seconds
    (0: any time). Raises :class:`~to_labelbox.report.errors.ToLabelboxError`.
    """
    several = source if isinstance(source, Iterable) and not isinstance(source, str | os.PathLike) else [source]
    job = job_of(given, *(as_path(one, "source") for one in several))
    out = None if out is None else as_path(out, "out")
    job = dataclasses.replace(job, index=job.index and out is not None)
    if out is not None and any(os.path.realpath(source) == os.path.realpath(out) for source in job.sources):
        raise UsageError(f"-o {os.fspath(out)}: that is the source itself: give another folder")
    folder = None if out is None else Folder(os.fspath(out), given.overwrite)
    try:
        if given.file_timeout:
            from to_labelbox.conversion.supervise import try_opening

            try_opening(job, given.file_timeout)
        with in_processes(given.workers) as each:
            opened = open_job(job, each=each)
    except BaseException:
        if folder is not None:
            folder.clean()
        raise
    with room(os.fspath(out)) if out is not None else nullcontext():
        rest = given.shard_lines, given.workers, given.progress, given.file_timeout
        return run(opened, folder, job.settings, *rest).report


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
    if settings is not None and not isinstance(settings, Settings):
        raise UsageError(f"settings: a {type(settings).__name__} is no Settings: write Settings(geometry=…)")
    opened = _opened(made, settings, options, existing_ontology(ontology), index)
    with room(os.fspath(out)):
        return run(opened, Folder(os.fspath(out), overwrite), settings or Settings(), shard_lines).report


def infer_ontology(dataset: Dataset | Iterable[Item], *, settings: Settings | None = None) -> Ontology:
    """The ontology that a dataset needs."""
    made = dataset if isinstance(dataset, Dataset) else dataset_of(dataset)
    return run(_opened(made, settings, None), None, settings or Settings()).ontology


def _opened(
    dataset: Dataset,
    given: Settings | None,
    options: Mapping[str, Any] | None,
    existing: Ontology | None = None,
    index: bool = False,
) -> OpenSource:
    target = writer()
    settings = given or Settings()
    if existing:
        from to_labelbox.ontology.fit_items import settings_for

        settings = settings_for(existing, settings)
    chosen = target.options(**(options or {}))
    adapted = _adapted(dataset, settings)
    asking = demanding(settings, adapted.schema)
    return OpenSource(
        adapted,
        target,
        lambda kinds=settings.one_kind: target.encoding.encoder(
            dataclasses.replace(asking, one_kind=kinds), chosen, dataset.name, Log()
        ),
        Log(indexed=index),
        SourceInfo(dataset.name, "python", dict(dataset.details)),
        declared=dataset.schema,
        existing=existing,
    )
