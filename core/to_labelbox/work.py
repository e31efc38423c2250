"""What a worker process does: open a source once, encode ranges of it, render parts.

Datasets are known by their number. A process that was forked finds what had been opened before; any other opens a
source when it is first asked for it, from its :class:`~to_labelbox.pipeline.Job`.
"""

from __future__ import annotations

import os
import shutil
import signal
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from to_labelbox.diagnostics import Code, Log, RecordError, SourceError, ToLabelboxError
from to_labelbox.formats import Encoder, writer
from to_labelbox.kept import Kept, keep, kept_report, load_kept
from to_labelbox.ontology import Ontology
from to_labelbox.output import Folder
from to_labelbox.parts import Filling, Gathering, Part, encode_part, part_path, pieces, render_part, rendered_here
from to_labelbox.report import Output, Report
from to_labelbox.state import (
    HEAD,
    Head,
    changed_inputs,
    finished_parts,
    inventory,
    load,
    missing,
    same_inputs,
    save,
    save_empty_part,
    save_part,
    saved_log,
)
from to_labelbox.survey import Survey
from to_labelbox.unchanged import has_changed
from to_labelbox.workers import Crew, Died

if TYPE_CHECKING:
    from to_labelbox.pipeline import Job, Opened

OPEN_DATASETS = 2
"""Datasets that a worker keeps open at once."""
WHOLE_UNITS = 512
"""A dataset of so many units is one task and one part: files take longer to make than to fill."""
ONTOLOGY = "ontology.msgpack"


class Chunk(NamedTuple):
    """A range of units of a dataset, to be encoded into files in ``folder``.

    ``keep``: mark it as finished for a later run. ``again``: it has failed alone before.
    """

    dataset: int
    start: int
    stop: int
    folder: str | None
    keep: bool = False
    again: bool = False


class Opening(NamedTuple):
    """A dataset to be opened, with a folder for its parts; ``whole``: to be encoded as well when it is small.

    ``kept`` is the file in which a finished run remembers it, ``out`` the folder where that has published it.
    """

    dataset: int
    folder: str
    whole: bool = True
    kept: str = ""
    out: str = ""


class Start(NamedTuple):
    """An opened dataset and the parts that there are; or one that is published and has not changed since."""

    head: Head
    parts: list[Part]
    kept: Kept | None = None
    report: Report | None = None


class Rendering(NamedTuple):
    """A part whose lines are to be filled by the ontology in the file ``ontology``."""

    folder: str
    start: int
    stop: int
    ontology: str


class Repeats(NamedTuple):
    """Items of a dataset whose global keys are not their own; ranges are those of its parts."""

    dataset: int
    ranges: list[tuple[int, int]]
    wanted: set[int]


class Finish(NamedTuple):
    """A dataset to be written whole: its parts, its output folder, the file of the ontology, and where to remember it.

    ``compare`` its source with what was opened; a machine that merges what others have done need not have it.
    """

    dataset: int
    folder: str
    out: str
    ontology: str
    memory: str
    head: Head
    gathered: Gathering
    report: Report
    shard_lines: int
    compare: bool = True


class WorkerState:
    """What one process holds between its tasks: datasets by number, their encoders, the ontology that lines are filled from.

    A forked process has that of its parent; any other opens a dataset when it is first asked for it, from its job.
    """

    def __init__(self) -> None:
        self.jobs: Sequence[Job | None] = ()
        self.seconds = 0.0
        self._opened: dict[int, Opened] = {}
        self._encoders: dict[int, Encoder] = {}
        self._filling: tuple[str, Filling] | None = None

    def share_before_fork(self, number: int, opened: Opened) -> None:
        """Put an opened dataset where this process and those forked from it find it."""
        self._opened[number] = opened

    def clear(self) -> None:
        self._opened.clear()
        self._encoders.clear()

    def job(self, number: int) -> Job:
        job = self.jobs[number]
        assert job is not None
        return job

    def opened(self, number: int) -> Opened:
        """An opened dataset; the oldest of more than :data:`OPEN_DATASETS` is closed. Raises :class:`ToLabelboxError`."""
        from to_labelbox.pipeline import open_job

        if number not in self._opened:
            while len(self._opened) >= OPEN_DATASETS:
                oldest = next(iter(self._opened))
                self._encoders.pop(oldest, None)
                del self._opened[oldest]
            self._opened[number] = open_job(self.job(number))
        return self._opened[number]

    @contextmanager
    def encoder(self, number: int) -> Iterator[Encoder]:
        """The encoder of a dataset; one that was interrupted is not used again."""
        encoder = self._encoders.pop(number, None) or self.opened(number).make_encoder()
        yield encoder
        self._encoders[number] = encoder

    def filling(self, path: str) -> Filling:
        """What is made of the ontology in a file, once for all tasks that have it."""
        if self._filling is None or self._filling[0] != path:
            with open(path, "rb") as file:
                self._filling = path, Filling(writer(), msgspec.msgpack.decode(file.read(), type=Ontology))
        return self._filling[1]

    def restart_clock(self) -> None:
        """Restart the clock whose alarm ends this process, in whatever code it is then."""
        if self.seconds:
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def stop_clock(self) -> None:
        if self.seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)


STATE = WorkerState()
"""That of this process: the one place where a fork finds what its parent has opened."""


def initialize_worker(jobs: Sequence[Job | None], seconds: float) -> None:
    """Tell a process what it may be asked for, and how long a record or file may take (0: as long as it likes)."""
    STATE.jobs, STATE.seconds = jobs, seconds


def encode(chunk: Chunk) -> Part:
    source = STATE.opened(chunk.dataset)
    try:
        with STATE.encoder(chunk.dataset) as encoder:
            part = encode_part(
                source.dataset, encoder, chunk.start, chunk.stop, source.log.fail, chunk.folder, STATE.restart_clock
            )
        if chunk.keep and chunk.folder is not None:
            save_part(chunk.folder, part)
        return part
    finally:
        STATE.stop_clock()


def start(task: Opening) -> Start:
    """Open a dataset, unless that and all its parts are there from an earlier run with the same inputs."""
    job = STATE.job(task.dataset)
    if kept := load_kept(task.kept):
        unchanged = same_inputs(kept.head.inputs, inventory(job.sources[0], kept.head.inputs, job.without))
        if unchanged and (report := kept_report(kept, task.out)):
            return Start(kept.head, [], kept, report)
    path = os.path.join(task.folder, HEAD)
    head = load(path, Head)
    inputs = inventory(job.sources[0], head.inputs if head is not None else (), job.without)
    parts: list[Part] = []
    if head is None or not same_inputs(head.inputs, inputs):
        shutil.rmtree(task.folder, ignore_errors=True)
        os.makedirs(task.folder)
        source = STATE.opened(task.dataset)
        dataset = source.dataset
        head = Head(dataset.units, dataset.schema, source.declared, source.info, saved_log(source.log), inputs)
        save(path, head)
    else:
        parts = finished_parts(task.folder, job.fail)
    if task.whole and head.units <= WHOLE_UNITS:
        for begin, stop in missing([(0, head.units)], parts):
            parts.append(encode(Chunk(task.dataset, begin, stop, task.folder, keep=True)))
    return Start(head, parts)


def find_repeated(task: Repeats) -> tuple[dict[int, int], Log]:
    """Which of the items are assets that came before, and notes on them. Raises :class:`UsageError` for other assets."""
    from to_labelbox.pipeline import repeated_assets

    log = Log()
    dataset = STATE.opened(task.dataset).dataset
    return repeated_assets(dataset, task.ranges, task.wanted, STATE.job(task.dataset).settings, log), log


def render(task: Rendering) -> None:
    render_part(task.folder, task.start, task.stop, STATE.filling(task.ontology).render)


def finish(task: Finish) -> dict[str, Output]:
    """Fill the ontology into all parts of a dataset and publish it."""
    from to_labelbox.pipeline import publish

    if task.compare:
        refuse_changed(STATE.job(task.dataset), task.head)
    folder, filling = Folder(task.out, overwrite=True), STATE.filling(task.ontology)
    rendered = rendered_here(task.folder, task.gathered.ranges, filling.render)
    try:
        publish(folder, task.folder, rendered, filling, task.report, task.gathered, task.shard_lines)
    finally:
        folder.clean()
    keep(task.memory, task.head, task.gathered, task.report)
    return task.report.outputs


def refuse_changed(job: Job, head: Head) -> None:
    """Raise :class:`SourceError` when the source of a dataset is no longer what was opened."""
    if changed := changed_inputs(head.inputs, inventory(job.sources[0], head.inputs, job.without)):
        raise SourceError(
            has_changed([os.path.join(job.sources[0], name) if name else job.sources[0] for name in changed])
        )


def save_ontology(ontology: Ontology, folder: str) -> str:
    """Where :func:`render` finds it."""
    path = os.path.join(folder, ONTOLOGY)
    with open(path, "wb") as file:
        file.write(msgspec.msgpack.encode(ontology))
    return path


# ------------------------------------------------------------------------------------------------------ supervision


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


def name(chunk: Chunk) -> tuple[str, str]:
    """The file and place of a chunk's first unit, as far as its reader can tell without reading it."""
    dataset = STATE.opened(chunk.dataset).dataset
    if dataset.unit_name is not None:
        return dataset.unit_name(chunk.start), ""
    return dataset.name, f"unit {chunk.start + 1} of {dataset.units}"
