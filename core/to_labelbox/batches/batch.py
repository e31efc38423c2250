"""The batch of many sources: options, and what an earlier run has left in the output folder.

The work is in :mod:`~to_labelbox.batches.run`.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ParamSpec, Protocol

from to_labelbox.batches.find_datasets import Found
from to_labelbox.batches.lock import beginning, locked
from to_labelbox.batches.plan import (
    Plan,
    decode_plan,
    encode_plan,
    has_begun,
    load_datasets,
    load_plan,
    save_datasets,
    save_plan,
    typed_plan,
)
from to_labelbox.batches.published import CACHE_FOLDER, drop
from to_labelbox.batches.report import BatchReport, read_batch
from to_labelbox.conversion.each import in_processes
from to_labelbox.conversion.job import job_of
from to_labelbox.conversion.naming import PARTIAL, REPORT
from to_labelbox.conversion.options import OutputOptions, takes
from to_labelbox.conversion.output_folder import holds_result, make_folders, remove_empty, room, unwritable
from to_labelbox.ontology.one_tool import is_settled
from to_labelbox.plugins.registry import reader
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.option import FilePath, option
from to_labelbox.rules.record import record
from to_labelbox.source.asset_lookup import check_media_root
from to_labelbox.source.cloud.at_hand import at_hand
from to_labelbox.source.csv_tables import read_sizes
from to_labelbox.source.fingerprint import file_digest
from to_labelbox.source.missing import no_such_path
from to_labelbox.source.option_file import whole_number

if TYPE_CHECKING:
    from to_labelbox.conversion.process_pool import PoolFactory
from to_labelbox.batches.progress import Listener

P = ParamSpec("P")
RESUME = "when there is room, --resume goes on"


def share(text: str) -> tuple[int, int]:
    """``I/N`` of the command line. Raises :class:`UsageError`."""
    number, slash, of = text.partition("/")
    one, all = whole_number(number), whole_number(of)
    if not slash or one is None or all is None:
        raise UsageError(f"--shard {text[:100]}: write it as I/N, for example 1/4")
    return one, all


@record(frozen=True, kw_only=True)
class BatchOptions(OutputOptions):
    """What ``batch`` takes besides."""

    datasets: Sequence[str] = option((), "Only datasets whose path below ROOT matches.", metavar="GLOB")
    resume: bool = option(False, "Do only what is missing, new or changed, after an interruption or a finished run.")
    shard: tuple[int, int] | None = option(
        None, "Do the I-th of N shares; `merge` publishes when all are done.", metavar="I/N", parse=share
    )
    engine: str = option(
        "local", "Processes of this machine, or a Dask cluster (extra dask).", choices=("local", "dask")
    )
    scheduler: str | None = option(None, "Dask's scheduler; without it, a local cluster.", metavar="ADDRESS")
    progress: Listener | None = option(None)


class _Batch(Protocol[P]):
    def __call__(self, root: FilePath, out: FilePath | None, *args: P.args, **options: P.kwargs) -> BatchReport: ...


def _keywords(record: Callable[P, BatchOptions]) -> Callable[[Callable[..., BatchReport]], _Batch[P]]:
    return lambda function: takes(record, function, "root", "out")


@_keywords(BatchOptions)
def batch(root: FilePath, out: FilePath | None, given: BatchOptions) -> BatchReport:
    """Convert every dataset below ``root``, each into the folder of its relative path below ``out``; None writes nothing.

    All have one ontology, in ``out/ontology.json`` and beside each payload: an existing one, or one made for them.
    ``media_root`` is a folder for all, or one with a folder of the same relative path for each. A dataset that
    fails costs itself. With ``resume``, what a run with the same options has finished is not done again, whether it was
    interrupted or not. ``shard`` (i, N) publishes nothing; :func:`merge` does that when all shares are done.
    Raises :class:`~to_labelbox.report.errors.ToLabelboxError`.
    """
    if given.format is not None:
        reader(given.format)
    job = job_of(given)
    if job.settings.asks_one_tool and given.shard is not None and not is_settled(job.ontology, job.settings):
        raise UsageError(
            "--one-tool (or geometry: majority) with --shard: the most frequent kind of a class is known once all datasets "
            "have been read, and then they are read again, which merge does not do; leave --shard out, or name a kind with "
            "--geometry, or as geometry: of the class in a class map"
        )
    absolute = {name: os.path.abspath(path) for name in ("media_root", "sizes") if (path := getattr(job, name))}
    place_of_root = at_hand([os.fspath(root)])[0]
    if not os.path.exists(place_of_root):
        raise no_such_path(place_of_root)
    plan = Plan(
        root=os.path.abspath(place_of_root),
        datasets=tuple(given.datasets),
        job=dataclasses.replace(job, **absolute),
        sizes_file=file_digest(job.sizes) if job.sizes is not None and os.path.isfile(job.sizes) else "",
    )
    if job.sizes is not None:
        read_sizes(job.sizes)
    check_media_root(job.media_root)
    shard = given.shard
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise UsageError(f"shard {shard[0]}/{shard[1]}: write it as i/N with i from 1 to N")
    if out is None and (given.resume or shard is not None):
        raise UsageError("a dry run reads everything and writes nothing: leave resume and shard out")
    from to_labelbox.batches.run import Batch

    make_pool = _pool_factory(given.engine, given.scheduler, given.workers, given.file_timeout)
    with in_processes(given.workers) as each:
        run = Batch(None if out is None else os.fspath(out), plan, given.progress, each=each)
    if out is None:
        return run.run(make_pool)
    place = os.fspath(out)
    _check_places(place, run.found)
    with _made(place), room(place, RESUME), locked(place, shared=shard is not None) as unprotected:
        run.note_unprotected(unprotected)
        with beginning(place):
            resume = given.resume or shard is not None
            _prepare_folder(place, plan, run.found, given.overwrite, resume, shard is not None)
        if shard is not None:
            return run.run_shard(make_pool, shard[0] - 1, shard[1])
        try:
            return run.run(make_pool)
        except UsageError:  # other options are needed, and what is done so far is of no use to them
            shutil.rmtree(os.path.join(place, PARTIAL), ignore_errors=True)
            raise


def merge(
    outs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int = 1,
    progress: Listener | None = None,
) -> BatchReport:
    """Publish what all shards of one batch have done: the same bytes as from one machine.

    ``outs`` are the shards' output folders, one or many; the result goes to ``out``, by default the first of them.
    Raises :class:`~to_labelbox.report.errors.ToLabelboxError`.
    """
    from to_labelbox.batches.run import Batch

    folders = [os.fspath(folder) for folder in outs]
    place = folders[0] if out is None else os.fspath(out)
    plans = [typed_plan(os.path.join(folder, PARTIAL)) for folder in folders]
    given = plans[0]
    for folder, plan in zip(folders, plans):
        if plan is None or given is None:
            raise UsageError(f"{folder} holds no shard of a batch")
        if differing := given.differences(decode_plan(encode_plan(plan))):
            raise UsageError(
                f"{folder} holds a shard of another batch than {folders[0]}: it has another {differing[0]}"
            )
    assert given is not None
    found = load_datasets(os.path.join(folders[0], PARTIAL))
    if found is None:
        raise UsageError(f"{folders[0]} holds no list of datasets: run its shard again")
    for folder in folders[1:]:
        _same_datasets(folder, found, load_datasets(os.path.join(folder, PARTIAL)))
    run = Batch(place, given, progress, found)
    others = [folder for folder in folders if os.path.realpath(folder) != os.path.realpath(place)]
    with room(place, "what is there stays for another merge"), ExitStack() as locks:
        locks.enter_context(_made(place))
        run.note_unprotected(locks.enter_context(locked(place)))
        for folder in others:
            locks.enter_context(locked(folder, shared=True))
        if len(others) == len(folders):
            _prepare_folder(place, given, found, overwrite=False, resume=True)
        for folder in others:
            run.adopt(os.path.join(folder, PARTIAL))
        return run.merge(_pool_factory("local", None, workers, 0))


def _pool_factory(engine: str, scheduler: str | None, workers: int, file_timeout: float) -> PoolFactory:
    """How to come by workers."""
    if engine == "dask":
        from to_labelbox.batches.dask_pool import check, dask_pool

        check()
        return lambda jobs: dask_pool(jobs, workers, scheduler)
    if scheduler is not None:
        raise UsageError(f"scheduler {scheduler}: it is for the engine dask (--engine dask)")
    from to_labelbox.conversion.process_pool import worker_pool
    from to_labelbox.conversion.worker import initialize_worker

    return lambda jobs: worker_pool(workers, initialize_worker, (jobs, file_timeout))


@contextmanager
def _made(out: str) -> Iterator[None]:
    """The output folder, made where there is none, and removed if it stays empty. Raises :class:`ToLabelboxError`."""
    try:
        made = make_folders(out)
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        yield
    finally:
        remove_empty(made)


def _prepare_folder(
    out: str, given: Plan, found: list[Found], overwrite: bool, resume: bool, shared: bool = False
) -> None:
    """Check what an earlier run has left, and note the plan of this one. Raises :class:`UsageError`."""
    working, memory = os.path.join(out, PARTIAL), os.path.join(out, CACHE_FOLDER)
    places = [os.path.join(out, *f.path.split("/")) for f in found if f.format]
    earlier = load_plan(working)
    interrupted = earlier is not None and has_begun(working)
    before = earlier if interrupted else load_plan(memory)
    differing = [] if before is None else given.differences(before)
    if not overwrite:
        _refuse(out, places, interrupted, before is not None, differing, resume)
    going_on = resume and earlier is not None and not given.differences(earlier)
    if going_on and shared:
        _same_datasets(out, found, load_datasets(working))
    try:
        if not going_on:
            shutil.rmtree(working, ignore_errors=True)
            os.makedirs(working, exist_ok=True)
        if not resume or differing:
            drop(memory)
        save_datasets(working, found)
        save_plan(working, given)
    except OSError as error:
        raise unwritable(out, error) from error


def _refuse(
    out: str, places: Sequence[str], interrupted: bool, known: bool, differing: Sequence[str], resume: bool
) -> None:
    """Raise :class:`UsageError` where something that is in the output folder would be lost unasked."""
    if resume and differing:
        raise UsageError(
            f"{out} holds a batch made with other options ({', '.join(differing)}): "
            "give the same options to go on, or --overwrite to start again"
        )
    if resume and known:
        return
    if interrupted:
        raise UsageError(f"{out} holds a batch that was interrupted: --resume to go on, --overwrite to start again")
    of_batch = read_batch(out) is not None
    if of_batch and resume:
        return
    if of_batch and holds_result(out):
        raise UsageError(
            f"{out} holds an earlier result ({REPORT}): use --resume to do only what is new or has changed, "
            "--overwrite, or another folder"
        )
    for place in [out, *places]:
        if os.path.exists(os.path.join(place, REPORT)) and holds_result(place):
            raise UsageError(f"{place} holds an earlier result ({REPORT}): use --overwrite, or another folder")


def _same_datasets(out: str, found: Sequence[Found], before: Sequence[Found] | None) -> None:
    """Raise :class:`UsageError` where shards have not found the same, and would not share the same work."""
    if before is None or list(found) == list(before):
        return
    paths, earlier = {f.path for f in found}, {f.path for f in before}
    changed = sorted(paths ^ earlier)
    what = f"{changed[0]!r} is {'new' if changed[0] in paths else 'gone'}" if changed else "they are of other formats"
    raise UsageError(
        f"{out} holds a shard that has found other datasets ({what}): run all shards again over the same ones, "
        "the first with --overwrite"
    )


def _check_places(out: str, found: Sequence[Found]) -> None:
    """Raise :class:`UsageError` where an output would be mixed with a source."""
    real = os.path.realpath(out)
    for dataset in (f for f in found if f.format):
        source, place = os.path.realpath(dataset.source), os.path.realpath(os.path.join(out, *dataset.path.split("/")))
        inside = os.path.join(source, "")
        if place == source or (place.startswith(inside) and not real.startswith(inside)):
            raise UsageError(
                f"-o {out}: the output of {dataset.path!r} would be written into its source: give another folder"
            )
