"""Calls in other processes while a source is opened: what readers get as :attr:`~to_labelbox.plugins.reader.ReadContext.each`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from to_labelbox.plugins.reader import Each

if TYPE_CHECKING:
    from to_labelbox.conversion.process_pool import WorkerPool

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def in_processes(workers: int) -> Iterator[Each]:
    """The builtin ``map``, or with several workers one whose calls are theirs. They begin with the first call, and end with the block."""
    if workers <= 1:
        yield map
        return
    with ExitStack() as stack:
        started: list[WorkerPool] = []

        def each(function: Callable[[T], R], tasks: Sequence[T]) -> Iterable[R]:
            if len(tasks) < 2:
                return map(function, tasks)
            if not started:
                from to_labelbox.conversion.process_pool import worker_pool

                started.append(stack.enter_context(worker_pool(workers, _prepared)))
            return in_order(started[0], function, tasks)

        yield each


def _prepared() -> None:
    """There is nothing to prepare."""


def _numbered(function: Callable[[T], R], task: tuple[int, T]) -> R:
    return function(task[1])


def in_order(pool: WorkerPool, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
    """The results in the order of the tasks. What no process could do is done here, where it does what it does."""
    from to_labelbox.conversion.process_pool import WorkerDied

    outcomes = pool.run(partial(_numbered, function), deque(enumerate(tasks)))
    early: dict[int, R] = {}
    for n in range(len(tasks)):
        while n not in early:
            (number, own), outcome = next(outcomes)
            if isinstance(outcome, WorkerDied):
                early[number] = function(own)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                early[number] = outcome
        yield early.pop(n)
