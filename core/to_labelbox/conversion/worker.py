"""What a worker process does: open a source once, encode ranges of it, render parts.

Datasets are known by their number. A process that was forked finds what had been opened before; any other opens a
source when it is first asked for it, from its :class:`~to_labelbox.conversion.job.Job`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from to_labelbox.conversion.checkpoint import (
    Head,
    save_part,
)
from to_labelbox.conversion.chunks import Filling, Part, encode_part, render_part
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.registry import writer
from to_labelbox.plugins.writer import Encoder
from to_labelbox.report.errors import SourceError
from to_labelbox.source.fingerprint import changed_inputs, inventory
from to_labelbox.source.unchanged import has_changed

if TYPE_CHECKING:
    from to_labelbox.conversion.job import Job, Opened

OPEN_DATASETS = 2
"""Datasets that a worker keeps open at once."""

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


class Rendering(NamedTuple):
    """A part whose lines are to be filled by the ontology in the file ``ontology``."""

    folder: str
    start: int
    stop: int
    ontology: str


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
        from to_labelbox.conversion.job import open_job

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
                source.dataset,
                encoder,
                chunk.start,
                chunk.stop,
                source.log.fail,
                chunk.folder,
                STATE.restart_clock,
                source.indexed,
            )
        if chunk.keep and chunk.folder is not None:
            save_part(chunk.folder, part)
        return part
    finally:
        STATE.stop_clock()


def render(task: Rendering) -> None:
    render_part(task.folder, task.start, task.stop, STATE.filling(task.ontology).render)


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


def name(chunk: Chunk) -> tuple[str, str]:
    """The file and place of a chunk's first unit, as far as its reader can tell without reading it."""
    dataset = STATE.opened(chunk.dataset).dataset
    if dataset.unit_name is not None:
        return dataset.unit_name(chunk.start), ""
    return dataset.name, f"unit {chunk.start + 1} of {dataset.units}"
