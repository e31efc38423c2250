"""The batch of many sources: options, and what an earlier run has left in the output folder.

The work is in :mod:`~to_labelbox.batch_run`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from to_labelbox.batch_report import BatchReport
from to_labelbox.diagnostics import UsageError
from to_labelbox.discover import Found
from to_labelbox.formats import reader
from to_labelbox.kept import MEMORY, forget
from to_labelbox.ontology import Ontology
from to_labelbox.output import PARTIAL, REPORT, unwritable
from to_labelbox.pipeline import existing_ontology
from to_labelbox.settings import Settings
from to_labelbox.state import (
    DATASETS,
    Datasets,
    Plan,
    encode_plan,
    file_digest,
    load,
    load_plan,
    save,
    save_plan,
    typed_plan,
)

if TYPE_CHECKING:
    from to_labelbox.batch_run import Hire


@dataclass(slots=True)
class Progress:
    """How far a batch is. ``units`` are images, files or tasks of the datasets that have been opened."""

    step: str = "reading"
    datasets: int = 0
    datasets_done: int = 0
    units: int = 0
    units_done: int = 0
    annotations: int = 0


Listener = Callable[[Progress], None]


def batch(
    root: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    format: str | None = None,
    datasets: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    ontology: Ontology | str | os.PathLike[str] | None = None,
    media_root: str | os.PathLike[str] | None = None,
    sizes: str | os.PathLike[str] | None = None,
    exif: bool = True,
    on_error: str = "skip",
    shard_lines: int = 0,
    workers: int = 1,
    file_timeout: float = 0,
    overwrite: bool = False,
    resume: bool = False,
    shard: tuple[int, int] | None = None,
    engine: str = "local",
    scheduler: str | None = None,
    progress: Listener | None = None,
) -> BatchReport:
    """Convert every dataset below ``root``, each into the folder of its relative path below ``out``.

    All have one ontology, in ``out/ontology.json`` and beside each payload: the existing ``ontology`` or its JSON file, or
    one made for them. ``datasets`` are shell patterns of relative
    paths; ``media_root`` is a folder for all, or one with a folder of the same relative path for each. A dataset that
    fails costs itself. With ``resume``, what a run with the same options has finished is not done again, whether it was
    interrupted or not.

    ``shard`` (i, N) does the i-th of N shares and publishes nothing; :func:`merge` does that when all are done. ``engine``
    ``"dask"`` runs the same work on a cluster: the one at ``scheduler``, or a local one of ``workers`` processes.
    Raises :class:`~to_labelbox.diagnostics.ToLabelboxError`.
    """
    if on_error not in ("skip", "fail"):
        raise UsageError(f"on_error {on_error!r}: skip or fail")
    if format is not None:
        reader(format)
    given = Plan(
        root=os.path.abspath(root),
        format=format,
        datasets=tuple(datasets),
        options=dict(options or {}),
        settings=settings or Settings(),
        media_root=None if media_root is None else os.path.abspath(media_root),
        sizes=None if sizes is None else os.path.abspath(sizes),
        sizes_file=file_digest(os.fspath(sizes)) if sizes is not None and os.path.isfile(sizes) else "",
        exif=exif,
        fail=on_error == "fail",
        shard_lines=shard_lines,
        ontology=existing_ontology(ontology),
    )
    place = os.fspath(out)
    from to_labelbox.batch_run import Batch  # worker processes are loaded by those who start some

    run = Batch(place, given, progress)
    hire = _hire(engine, scheduler, workers, file_timeout)
    if shard is None:
        _prepare_folder(place, given, run.found, overwrite, resume)
        return run.run(hire)
    number, of = shard
    if not 1 <= number <= of:
        raise UsageError(f"shard {number}/{of}: write it as i/N with i from 1 to N")
    _prepare_folder(place, given, run.found, overwrite, resume=True)
    return run.run_shard(hire, number - 1, of)


def merge(
    outs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int = 1,
    progress: Listener | None = None,
) -> BatchReport:
    """Publish what all shards of one batch have done: the same bytes as from one machine.

    ``outs`` are the shards' output folders, one or many; the result goes to ``out``, by default the first of them.
    Raises :class:`~to_labelbox.diagnostics.ToLabelboxError`.
    """
    from to_labelbox.batch_run import Batch

    folders = [os.fspath(folder) for folder in outs]
    place = folders[0] if out is None else os.fspath(out)
    plans = [typed_plan(os.path.join(folder, PARTIAL)) for folder in folders]
    given = plans[0]
    for folder, plan in zip(folders, plans):
        if plan is None or given is None:
            raise UsageError(f"{folder} holds no shard of a batch")
        if differing := given.differences(msgspec.msgpack.decode(encode_plan(plan))):
            raise UsageError(
                f"{folder} holds a shard of another batch than {folders[0]}: it has another {differing[0]}"
            )
    assert given is not None
    found = load(os.path.join(folders[0], PARTIAL, DATASETS), Datasets)
    if found is None:
        raise UsageError(f"{folders[0]} holds no list of datasets: run its shard again")
    run = Batch(place, given, progress, found.found)
    if all(os.path.realpath(place) != os.path.realpath(folder) for folder in folders):
        _prepare_folder(place, given, found.found, overwrite=False, resume=True)
    for folder in folders:
        if os.path.realpath(folder) != os.path.realpath(place):
            run.adopt(os.path.join(folder, PARTIAL))
    return run.merge(_hire("local", None, workers, 0))


def _hire(engine: str, scheduler: str | None, workers: int, file_timeout: float) -> Hire:
    """How to come by workers."""
    if engine == "dask":
        from to_labelbox.dask_crew import dask_crew

        return lambda jobs: dask_crew(jobs, workers, scheduler)
    if engine != "local" or scheduler is not None:
        raise UsageError(f"engine {engine!r}: local or dask; a scheduler is for dask")
    from to_labelbox.work import prepare
    from to_labelbox.workers import crew

    return lambda jobs: crew(workers, prepare, (jobs, file_timeout))


def _prepare_folder(out: str, given: Plan, found: list[Found], overwrite: bool, resume: bool) -> None:
    """Check what an earlier run has left, and note the plan of this one. Raises :class:`UsageError`."""
    working = os.path.join(out, PARTIAL)
    try:
        os.makedirs(out, exist_ok=True)
        memory = os.path.join(out, MEMORY)
        earlier = load_plan(working)
        before = earlier or load_plan(memory)
        if resume and before is not None:
            differing = given.differences(before)
            if differing and not overwrite:
                raise UsageError(
                    f"{out} holds a batch with another {', '.join(differing)}: "
                    "give the same options to go on, or --overwrite to start again"
                )
            if earlier is not None and not differing:
                return
        elif not overwrite:
            if earlier is not None:
                raise UsageError(
                    f"{out} holds a batch that was interrupted: --resume to go on, --overwrite to start again"
                )
            if not resume and os.path.exists(os.path.join(out, REPORT)):
                raise UsageError(
                    f"{out} holds an earlier result ({REPORT}): use --resume to do only what is new or has changed, "
                    "--overwrite, or another folder"
                )
        if not resume or (before is not None and differing):
            forget(memory)
        shutil.rmtree(working, ignore_errors=True)
        os.makedirs(working, exist_ok=True)
        save(os.path.join(working, DATASETS), Datasets(found))
        save_plan(working, given)
    except OSError as error:
        raise unwritable(out, error) from error
