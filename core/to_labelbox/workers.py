"""Worker processes that a task may kill.

A task that ends its process (a signal, no memory) or takes longer than it may is an outcome of that task, not the end
of the run; the pool starts another process and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from pebble.common.types import CONSTS

from to_labelbox.diagnostics import ToLabelboxError

CONSTS.term_timeout = 0.3
"""Seconds that a process has to end by itself when it is told to; pebble's own 3 seconds are long for a Ctrl-C."""

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

    def run(self, function: Callable[[T], R], tasks: deque[T]) -> Iterator[tuple[T, R | Died | ToLabelboxError]]:
        """Outcomes as they come; what the user can mend is an outcome. Tasks may be added while it runs."""
        flying: dict[Future[R], T] = {}
        while tasks or flying:
            while tasks and len(flying) < self._ahead:
                task = tasks.popleft()
                flying[self._pool.schedule(function, (task,))] = task
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in done:
                outcome: R | Died | ToLabelboxError = _outcome(future)
                yield flying.pop(future), outcome


def _outcome(future: Future[R]) -> R | Died | ToLabelboxError:
    try:
        return future.result()
    except ProcessExpired as expired:
        return Died(_cause(expired.exitcode))
    except ToLabelboxError as error:
        return error
    except OSError:
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


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the work as Ctrl-C does: workers first, nothing half-written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def crew(workers: int, prepare: Callable[..., None], given: Sequence[Any] = ()) -> Iterator[Crew]:
    """Start processes, and end them at once when the block is left, whatever the reason.

    Where processes can be forked, they share what has been opened before.
    """
    pool = ProcessPool(workers, 0, prepare, given, multiprocessing.get_context("fork" if hasattr(os, "fork") else None))
    try:
        with _terminated_like_interrupted():
            yield Crew(pool, workers)
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
