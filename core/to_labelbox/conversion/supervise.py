"""Chunks through worker processes, and what becomes of one that ends its process."""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Iterator, Sequence

from to_labelbox.conversion.checkpoint import (
    save_empty_part,
)
from to_labelbox.conversion.chunks import Part, part_path, pieces
from to_labelbox.conversion.process_pool import Crew, Died
from to_labelbox.conversion.worker import Chunk, Rendering, encode, name, render
from to_labelbox.model.survey import Survey
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import RecordError, SourceError, ToLabelboxError
from to_labelbox.report.log import Log


def encode_all(crew: Crew, chunks: deque[Chunk], fail: bool) -> Iterator[tuple[Chunk, Part | ToLabelboxError]]:
    """Parts as they come, in any order. Chunks may be added and removed meanwhile.

    A chunk that ends its process is cut in two, and so on down to the one unit that does it. When that unit fails twice,
    it is left out: its part is empty but for a note. A unit that does no harm is never lost to its neighbours.
    """
    for chunk, outcome in crew.run(encode, chunks):
        if not isinstance(outcome, Died):
            yield chunk, outcome
        elif chunk.stop - chunk.start > 1:
            middle = (chunk.start + chunk.stop) // 2
            chunks.appendleft(chunk._replace(start=middle))
            chunks.appendleft(chunk._replace(stop=middle))
        elif not chunk.again:
            chunks.appendleft(chunk._replace(again=True))
        else:
            yield chunk, _left_out(crew, chunk, outcome.reason, fail)


def _left_out(crew: Crew, chunk: Chunk, reason: str, fail: bool) -> Part | RecordError:
    unit = next(iter(crew.run(name, deque([chunk]))))[1]
    file, where = unit if isinstance(unit, tuple) else ("", f"unit {chunk.start + 1}")
    if fail:
        return RecordError(f"{file} {where}".strip() + f": {reason}")
    log = Log()
    log.note(Code.READ_CRASHED, f"left out: {reason}", file=file, where=where)
    part = Part(chunk.start, chunk.stop, 0, 0, array("I"), array("Q"), Survey(), log)
    if chunk.keep and chunk.folder is not None:
        save_empty_part(chunk.folder, part)
    return part


def rendered_by(crew: Crew, folder: str, ranges: Sequence[tuple[int, int]], ontology: str) -> Iterator[bytes]:
    """The rendered lines of parts, in order, rendered ahead by the crew."""
    tasks = deque(Rendering(folder, start, stop, ontology) for start, stop in ranges)
    outcomes = crew.run(render, tasks)
    finished: set[int] = set()
    failed: set[int] = set()
    for start, stop in ranges:
        while start not in finished:
            task, outcome = next(outcomes)
            if isinstance(outcome, ToLabelboxError):
                raise outcome
            if not isinstance(outcome, Died):
                finished.add(task.start)
            elif task.start in failed:
                raise SourceError(f"the lines could not be finished: {outcome.reason}; nothing was written")
            else:
                failed.add(task.start)
                tasks.appendleft(task)
        path = part_path(folder, start, stop, "rendered")
        yield from pieces(path)
        os.remove(path)
