"""What a worker process does: open a source once, encode ranges of it, render chunks.

Datasets are known by their number. A process that was forked finds what had been opened before; any other opens a
source when it is first asked for it, from its :class:`~to_labelbox.conversion.job.ConversionJob`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from to_labelbox.conversion.checkpoint import DatasetCheckpoint, save_part
from to_labelbox.conversion.chunks import (
    READ_AHEAD,
    EncodedChunk,
    LineRenderer,
    copy_into,
    encode_part,
    number_part,
    render_part,
)
from to_labelbox.conversion.clock import Clock
from to_labelbox.conversion.isolation import left_out, place, traced
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.registry import writer
from to_labelbox.plugins.writer import Encoder
from to_labelbox.report.errors import SourceError
from to_labelbox.source.fingerprint import changed_inputs, inventory
from to_labelbox.source.unchanged import Look, has_changed

if TYPE_CHECKING:
    from to_labelbox.conversion.job import ConversionJob, OpenSource

OPENING = 0.001
"""Seconds that opening may take for each file of a source, beside the limit: it lists all and looks into some."""

OPEN_DATASETS = 2
"""Datasets that a worker keeps open at once."""

ONTOLOGY = "ontology.msgpack"


class Chunk(NamedTuple):
    """A range of units of a dataset, to be encoded into files in ``folder``.

    ``keep``: mark it as finished for a later run. ``again``: it has failed alone before. ``careful``: something in it has
    ended a process, so units are encoded one by one, each noted in the file ``trace``.
    """

    dataset: int
    start: int
    stop: int
    folder: str | None
    keep: bool = False
    again: bool = False
    careful: bool = False
    trace: str = ""


class LeavingOut(NamedTuple):
    """A chunk of one unit that ends its process when it is encoded, or already when it is ``read``."""

    chunk: Chunk
    reason: str
    read: bool


class RenderTask(NamedTuple):
    """A part whose lines are to be filled by the ontology in the file ``ontology``.

    Its index, of so many bytes, is to be numbered from ``first_line``.
    """

    folder: str
    start: int
    stop: int
    ontology: str
    index_bytes: int = 0
    first_line: int = 1


class Placing(NamedTuple):
    """Files of a part, each to be copied to its place (a file and an offset in it), and files that are spent then."""

    start: int
    copies: tuple[tuple[str, str, int], ...]
    spent: tuple[str, ...]


class WorkerState:
    """What one process holds between its tasks: datasets by number, their encoders, the ontology that lines are filled from.

    A forked process has that of its parent; any other opens a dataset when it is first asked for it, from its job.
    """

    def __init__(self) -> None:
        self.jobs: Sequence[ConversionJob | None] = ()
        self.units: int | None = None
        self.clock = Clock()
        self._opened: dict[int, OpenSource] = {}
        self._encoders: dict[int, Encoder] = {}
        self._filling: tuple[str, LineRenderer] | None = None

    def share_before_fork(self, number: int, opened: OpenSource) -> None:
        """Put an opened dataset where this process and those forked from it find it."""
        self._opened[number] = opened

    def clear(self) -> None:
        self._opened.clear()
        self._encoders.clear()

    def job(self, number: int) -> ConversionJob:
        job = self.jobs[number]
        assert job is not None
        return job

    def opened(self, number: int) -> OpenSource:
        """An opened dataset; the oldest of more than :data:`OPEN_DATASETS` is closed. Raises :class:`ToLabelboxError`."""
        from to_labelbox.conversion.job import open_job

        if number not in self._opened:
            while len(self._opened) >= OPEN_DATASETS:
                oldest = next(iter(self._opened))
                self._encoders.pop(oldest, None)
                del self._opened[oldest]
            self.clock.restart()
            try:
                self._opened[number] = open_job(self.job(number), lambda files: self.clock.restart(files * OPENING))
            finally:
                self.clock.stop()
            found = self._opened[number].dataset.unit_count
            if (
                self.units is not None and found > self.units
            ):  # a new file shifts all units behind it; one that is gone is named later
                del self._opened[number]
                raise SourceError(has_changed([self.job(number).sources[0]]))
        return self._opened[number]

    @contextmanager
    def encoder(self, number: int) -> Iterator[Encoder]:
        """The encoder of a dataset; one that was interrupted is not used again."""
        encoder = self._encoders.pop(number, None) or self.opened(number).make_encoder()
        yield encoder
        self._encoders[number] = encoder

    def filling(self, path: str) -> LineRenderer:
        """What is made of the ontology in a file, once for all tasks that have it."""
        if self._filling is None or self._filling[0] != path:
            with open(path, "rb") as file:
                self._filling = path, LineRenderer(writer(), msgspec.msgpack.decode(file.read(), type=Ontology))
        return self._filling[1]


STATE = WorkerState()
"""That of this process: the one place where a fork finds what its parent has opened."""


def initialize_worker(jobs: Sequence[ConversionJob | None], seconds: float, units: int | None = None) -> None:
    """Tell a process what it may be asked for, and how long a record or file may take (0: as long as it likes).

    ``units``: those that whoever asks has counted in the only job; a process that opens it anew may find no more.
    """
    STATE.jobs, STATE.clock, STATE.units = jobs, Clock(seconds), units
    STATE.clock.forgive_imports()


def encode(chunk: Chunk) -> EncodedChunk:
    dataset = STATE.opened(chunk.dataset).dataset
    return _encoded(chunk, traced(dataset, chunk.trace) if chunk.trace else dataset)


def leave_out(task: LeavingOut) -> EncodedChunk:
    """Encode a unit without its annotations."""
    dataset = left_out(STATE.opened(task.chunk.dataset).dataset, task.reason, task.read)
    return _encoded(task.chunk, dataset, unread=not task.read)


def _encoded(chunk: Chunk, dataset: Dataset, unread: bool = False) -> EncodedChunk:
    source = STATE.opened(chunk.dataset)
    try:
        with STATE.encoder(chunk.dataset) as encoder:
            part = encode_part(
                dataset,
                encoder,
                chunk.start,
                chunk.stop,
                source.log.fail,
                chunk.folder,
                STATE.clock.restart,
                source.indexed,
                read_ahead=0 if chunk.careful or STATE.clock.seconds else READ_AHEAD,
            )
        part.unread = unread
        if chunk.keep and chunk.folder is not None:
            save_part(chunk.folder, part)
        return part
    finally:
        STATE.clock.stop()


def place_of(chunk: Chunk) -> tuple[str, str]:
    """The file and place of a chunk's first unit."""
    return place(STATE.opened(chunk.dataset).dataset, chunk.start)


def open_only(number: int) -> None:
    STATE.opened(number)


def render(task: RenderTask) -> tuple[int, int]:
    """Bytes of the lines and of the index."""
    part = task.folder, task.start, task.stop
    lines = render_part(*part, STATE.filling(task.ontology).render)
    return lines, number_part(*part, task.index_bytes, task.first_line) if task.index_bytes else 0


def finish(task: RenderTask | Placing) -> tuple[int, int]:
    """Make a part of a finished file, or put it there."""
    if isinstance(task, RenderTask):
        return render(task)
    for path, target, offset in task.copies:
        with suppress(FileNotFoundError):  # who has removed it had copied it, and has died since
            copy_into(path, target, offset)
    for path in task.spent:
        with suppress(FileNotFoundError):
            os.remove(path)
    return 0, 0


def touched(look: Look) -> list[str]:
    """Files of the only dataset that have been changed."""
    snapshot = STATE.opened(0).snapshot
    return [] if snapshot is None else snapshot.touched(look)


def refuse_changed(job: ConversionJob, head: DatasetCheckpoint) -> None:
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
