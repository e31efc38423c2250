"""Worker processes that a task may kill.

A task that ends its process (a signal, no memory) or takes longer than it may is an outcome of that task, not the end
of the run; the pool starts another process and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from to_labelbox.diagnostics import ToLabelboxError

T = TypeVar("T")
R = TypeVar("R")


class Died:
    """The outcome of a task whose process ended before it: why, in words."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Crew:
    """Processes that run one task after another. ``prepare(*given)`` is called first in each of them."""

    def __init__(self, pool: ProcessPool, workers: int) -> None:
        self._pool = pool
        self._ahead = 2 * workers

    def run(self, function: Callable[[T], R], tasks: deque[T]) -> Generator[tuple[T, R | Died], None, None]:
        """Outcomes as they come. Tasks may be added while it runs; what a task raises is raised here."""
        flying: dict[Future[R], T] = {}
        while tasks or flying:
            while tasks and len(flying) < self._ahead:
                task = tasks.popleft()
                flying[self._pool.schedule(function, (task,))] = task
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                outcome: R | Died = _outcome(future)
                yield flying.pop(future), outcome


def _outcome(future: Future[R]) -> R | Died:
    try:
        return future.result()
    except ProcessExpired as expired:
        return Died(_cause(expired.exitcode))
    except (ToLabelboxError, OSError):
        raise
    except Exception as error:  # a reader's defect costs what it was reading
        return Died(f"{type(error).__name__}: {error}")


def _cause(code: int) -> str:
    if code == -signal.SIGALRM:
        return "it took longer than --file-timeout allows"
    if code == -signal.SIGKILL:
        return "the worker process was killed, as the system does when memory runs out"
    if code < 0:
        return f"the worker process died of signal {signal.Signals(-code).name}"
    return f"the worker process ended with exit code {code}"


@contextmanager
def crew(workers: int, prepare: Callable[..., None], given: Sequence[Any] = ()) -> Iterator[Crew]:
    """Start processes, and end them at once when the block is left, whatever the reason.

    Where processes can be forked, they share what has been opened before.
    """
    pool = ProcessPool(workers, 0, prepare, given, multiprocessing.get_context("fork" if hasattr(os, "fork") else None))
    try:
        yield Crew(pool, workers)
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
