"""Step 4: batches. A batch is known by its name, and is good when it holds as many rows as it was made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import NotAllowedError, RefusedError, UnavailableError
from to_labelbox_formats.labelbox.importing.calls import PAUSES, Found, NotFound, Unanswered, looks
from to_labelbox_formats.labelbox.importing.client import Labelbox
from to_labelbox_formats.labelbox.importing.journal import Batch

NAME = 100
_PATIENCE = 6
"""Looks at a batch that is smaller than expected and has no task that fills it."""


def prefix(project: str, run: str, number: int) -> str:
    """The name of a batch, to which the service appends 0000."""
    tail = f" {run} {number:03}-"
    return project[: NAME - 4 - len(tail)] + tail


class Batches:
    """``fresh``: the project is ours, so that a batch that is not whole may be made anew."""

    def __init__(self, box: Labelbox, project: str, priority: int, fresh: bool, record: Callable[[], None]) -> None:
        self._box, self._project, self._priority, self._fresh, self._record = box, project, priority, fresh, record

    def fill(self, batch: Batch, keys: Sequence[str], by_id: bool) -> str:
        """Make a batch of these rows; gives a note when it holds fewer.

        In a project that is not ours, rows may be there already: whether that is refused or leaves the batch smaller, the
        labels go onto them all the same, and the statuses of the jobs tell about each.
        """
        remade = False
        while True:
            try:
                found = self._ensure(batch, list(keys), by_id)
            except RefusedError as error:
                if self._fresh:
                    raise
                return f"{error}; rows that are in the project already get their annotations all the same"
            self._wait(batch.tasks)
            found = self._whole(batch, found, len(keys))
            batch.id, batch.size = found.id, found.size
            if found.size >= len(keys) or not self._fresh or remade or self._box.label_count(self._project):
                break
            self._box.delete_batch(self._project, found.id)
            batch.tasks, batch.id, remade = [], "", True
            self._record()
        if self._fresh and not found.size:
            raise RefusedError(f"the batch {found.name} stays empty{self._why(batch)}")
        if found.size < len(keys):
            what = f"batch {found.name} holds {found.size:,} of {n_of(len(keys), 'row')}{self._why(batch)}"
            return f"{what}: the others were in the project already, or were refused"
        return ""

    def _why(self, batch: Batch) -> str:
        states = [self._box.task(task) for task in batch.tasks]
        return "".join(f": {state.reason}" for state in states if state.reason)

    def _ensure(self, batch: Batch, keys: list[str], by_id: bool) -> Found:
        def make() -> Found:
            ids = keys if by_id else []
            batch.tasks = self._box.create_batches(
                self._project, batch.prefix, [] if by_id else keys, ids, self._priority
            )
            self._record()
            return Found("", batch.prefix)

        step = f"creating the batch {batch.prefix}"
        for pause in (*PAUSES, None):
            if found := self._box.batches(self._project, batch.prefix):
                return found[0]
            try:
                self._box.call(step, make)
            except Unanswered as error:
                if pause is None:
                    raise UnavailableError(f"{step}: no answer: {error}") from None
            except NotFound:  # the task, not the batch
                pass
            except (RefusedError, NotAllowedError):
                if found := self._box.batches(self._project, batch.prefix):
                    return found[0]
                raise
            self._wait(batch.tasks)
            if found := self._box.batches(self._project, batch.prefix):
                return found[0]
            if pause is not None:
                time.sleep(pause)
        raise UnavailableError(f"{step}: Labelbox does not show it yet")

    def _wait(self, tasks: list[str]) -> None:
        for task in tasks:
            self._box.ended(task)

    def _whole(self, batch: Batch, found: Found, expected: int) -> Found:
        """A task that nobody has recorded may be filling it: wait while it grows."""
        alike, waited = 0, looks()
        next(waited)
        while found.size < expected and alike < _PATIENCE:
            next(waited)
            again = self._box.batches(self._project, batch.prefix)
            if not again:
                break
            alike = 0 if again[0].size > found.size else alike + 1
            found = again[0]
        return found
