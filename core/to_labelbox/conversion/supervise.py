"""Chunks through worker processes, and what becomes of one that ends its process."""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

from to_labelbox.conversion.checkpoint import save_empty_part
from to_labelbox.conversion.chunks import ChunkIndex, EncodedChunk, part_path, pieces
from to_labelbox.conversion.isolation import new_trace, take_trace
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.conversion.output_folder import Sink
from to_labelbox.conversion.process_pool import WorkerDied, WorkerPool, worker_pool
from to_labelbox.conversion.worker import (
    Chunk,
    LeavingOut,
    Placing,
    RenderTask,
    encode,
    finish,
    initialize_worker,
    leave_out,
    open_only,
    place_of,
    render,
)
from to_labelbox.model.survey import Survey
from to_labelbox.report import sentences
from to_labelbox.report.errors import RecordError, SourceError, ToLabelboxError
from to_labelbox.report.log import UNREADABLE, Log

T = TypeVar("T")
R = TypeVar("R")


def encode_all(
    pool: WorkerPool, chunks: deque[Chunk], fail: bool
) -> Iterator[tuple[Chunk, EncodedChunk | ToLabelboxError]]:
    """Parts as they come, in any order. Chunks may be added and removed meanwhile.

    A chunk that ends its process is encoded again with care, which tells the unit that does it. When that unit does it
    again alone, or has taken too long alone, it is left out. A unit that does no harm is never lost to its neighbours.
    """
    for n, chunk in enumerate(chunks):
        if chunk.careful and not chunk.trace:
            chunks[n] = _careful(chunk)
    for chunk, outcome in pool.run(encode, chunks):
        note = take_trace(chunk.trace) if chunk.trace else None
        if not isinstance(outcome, WorkerDied):
            yield chunk, outcome
            continue
        if not chunk.careful:
            chunks.appendleft(_careful(chunk))
            continue
        unit, read = note or (chunk.start, False)
        if not chunk.start <= unit < chunk.stop or (note is None and chunk.stop - chunk.start > 1):
            middle = (chunk.start + chunk.stop) // 2
            chunks.extendleft(_careful(chunk, *ends) for ends in ((middle, chunk.stop), (chunk.start, middle)))
            continue
        if unit + 1 < chunk.stop:
            chunks.appendleft(_careful(chunk, unit + 1, chunk.stop))
        if unit > chunk.start:
            chunks.appendleft(chunk._replace(stop=unit, careful=False, trace=""))
        alone = _careful(chunk, unit, unit + 1, again=True)
        if outcome.timed_out or chunk.again:
            take_trace(alone.trace)
            yield alone, _left_out(pool, alone, outcome.reason, read, fail)
        else:
            chunks.appendleft(alone)


def _careful(chunk: Chunk, start: int | None = None, stop: int | None = None, again: bool = False) -> Chunk:
    """A part of a chunk, to be encoded one by one with a trace."""
    start, stop = chunk.start if start is None else start, chunk.stop if stop is None else stop
    return chunk._replace(start=start, stop=stop, careful=True, trace=new_trace(chunk.folder), again=again)


def _left_out(pool: WorkerPool, chunk: Chunk, reason: str, read: bool, fail: bool) -> EncodedChunk | ToLabelboxError:
    """What remains of a unit that is left out: its data row, and its annotations as skipped."""
    chunk = chunk._replace(trace="")
    if not fail:
        for harmless in (True, False) if read else (False,):
            outcome = next(iter(pool.run(leave_out, deque([LeavingOut(chunk, reason, harmless)]))))[1]
            if not isinstance(outcome, WorkerDied):
                return outcome
    found = next(iter(pool.run(place_of, deque([chunk]))))[1]
    file, where = found if isinstance(found, tuple) else ("", f"unit {chunk.start + 1}")
    if fail:
        return RecordError(f"{file} {where}".strip() + f": {reason}")
    log = Log()
    log.read(UNREADABLE)
    code, words = sentences.CRASHED(reason=reason)
    log.skip(code, UNREADABLE, words, file=file, where=where)
    part = EncodedChunk(chunk.start, chunk.stop, 0, 0, array("I"), array("Q"), Survey(), log)
    if chunk.keep and chunk.folder is not None:
        save_empty_part(chunk.folder, part)
    return part


_MANY_LINES = 20_000
"""To hash the files of fewer takes no longer than to begin a process."""
_FINISHED = ("rendered", "numbered")
"""Files of a part that go into finished ones. Its lines are spent then, but of its index other sections follow."""


def _done(pool: WorkerPool, function: Callable[[T], R], tasks: deque[T]) -> Iterator[tuple[T, R]]:
    """Tasks with their results; one that ends its process is tried once more. Raises :class:`ToLabelboxError`."""
    failed: set[T] = set()
    for task, outcome in pool.run(function, tasks):
        if isinstance(outcome, ToLabelboxError):
            raise outcome
        if not isinstance(outcome, WorkerDied):
            yield task, outcome
        elif task in failed:
            raise SourceError(f"the lines could not be finished: {outcome.reason}; nothing was written")
        else:
            failed.add(task)
            tasks.appendleft(task)


def rendered_by(pool: WorkerPool, folder: str, ranges: Sequence[tuple[int, int]], ontology: str) -> Iterator[bytes]:
    """The rendered lines of chunks, in order, rendered ahead by the workers."""
    done = _done(pool, render, deque(RenderTask(folder, start, stop, ontology) for start, stop in ranges))
    finished: set[int] = set()
    for start, stop in ranges:
        while start not in finished:
            finished.add(next(done)[0].start)
        path = part_path(folder, start, stop, "rendered")
        yield from pieces(path)
        os.remove(path)


def joined_by(
    pool: WorkerPool,
    folder: str,
    parts: Sequence[tuple[int, int]],
    indexes: Sequence[ChunkIndex],
    ontology: str,
    files: tuple[Sink, Sink | None],
) -> None:
    """The finished lines of chunks in order, and their index if there is one, into ``files``: made and put in their places by the workers.

    What is in its place, up to the first part that is not, is hashed by this process, or with many workers by one for each file.
    """
    if pool.many and files[0].lines > _MANY_LINES:
        for file in filter(None, files):
            file.hash_aside()
    firsts = list(accumulate((part.lines for part in indexes), initial=1))
    numbered = {part.start: (part.sections[0], first) for part, first in zip(indexes, firsts)}
    tasks: deque[RenderTask | Placing] = deque(
        RenderTask(folder, start, stop, ontology, *numbered.get(start, (0, 1))) for start, stop in parts
    )
    sizes: dict[int, tuple[int, int]] = {}
    placed: set[int] = set()
    ends = [0, 0]
    rendered, waiting = deque(parts), deque(start for start, _ in parts)
    for task, outcome in _done(pool, finish, tasks):
        if isinstance(task, RenderTask):
            sizes[task.start] = outcome
        else:
            placed.add(task.start)
        while rendered and rendered[0][0] in sizes:
            start, stop = rendered.popleft()
            copies = []
            for n, (what, sink, size) in enumerate(zip(_FINISHED, files, sizes[start])):
                if sink is not None and size:
                    copies.append((part_path(folder, start, stop, what), sink.path, ends[n]))
                    ends[n] += size
            spent = (part_path(folder, start, stop, "lines"), *(path for path, *_ in copies))
            tasks.appendleft(Placing(start, tuple(copies), spent))
        while waiting and waiting[0] in placed:
            for sink, size in zip(files, sizes.pop(waiting.popleft())):
                if sink is not None:
                    sink.placed(size)


def try_opening(job: ConversionJob, seconds: float) -> None:
    """Open a source in a process of its own first, which may take so long. Raises :class:`SourceError` if it takes longer.

    What the user can mend is said when it is opened for good.
    """
    with worker_pool(1, initialize_worker, ([job], seconds)) as pool:
        outcome = next(iter(pool.run(open_only, deque([0]))))[1]
    if isinstance(outcome, WorkerDied):
        raise SourceError(f"{', '.join(job.sources)} cannot be opened: {outcome.reason}")
