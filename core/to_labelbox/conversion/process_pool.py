"""Worker processes that a task may kill.

A task that ends its process (a signal, no memory) or takes longer than it may is an outcome of that task, not the end
of the run; the pool starts another process and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool
from pebble.common.types import CONSTS, Result, ResultStatus
from pebble.pool.process import PoolManager

from to_labelbox.conversion.clock import EXIT_CODE
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.interruption import NUMBERS, Interrupted

_PATIENCE = 0.2
"""Seconds after which a signal that came while waiting for workers is heard."""
_PEBBLE = {"term_timeout": 0.3, "sleep_unit": 0.02}
"""Seconds that a process has to end by itself when it is told to (pebble's own 3 are long for a Ctrl-C), and between two
looks for processes that have died."""

START_METHOD = os.environ.get("TO_LABELBOX_START_METHOD") or ("fork" if hasattr(os, "fork") else "spawn")
"""How processes begin: forked ones share what is open; ``spawn``, all that Windows has, can be tried anywhere."""

_RENEWALS = 2
"""Pools that may break one after another, none of them having finished a task."""
_LOOKS, _IDLE_ENDS = 50, 5
"""Looks, a fiftieth of a second each, for what an ended process was doing; processes that may end without a task."""

T = TypeVar("T")
R = TypeVar("R")


class WorkerDied:
    """The outcome of a task whose process ended before it: why, in words, and whether its time was over."""

    def __init__(self, reason: str, timed_out: bool = False) -> None:
        self.reason = reason
        self.timed_out = timed_out


class _Manager(PoolManager):
    """Pebble's own takes a process that dies at once, before it has heard what the process was doing, for one that had
    nothing to do: its task never ends, or all of them do. This one waits until it has heard."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._ended: list[tuple[int, int, int]] = []
        self._idle_ends = 0

    def update_workers(self) -> None:
        ended = [*self._ended, *((pid, code, 0) for pid, code in self.worker_manager.inspect_workers())]
        self._ended = []
        tasks = {task.worker_id: task for task in list(self.task_manager.tasks.values())}
        for pid, code, looks in ended:
            if (task := tasks.get(pid)) is not None:
                expired = ProcessExpired("Abnormal termination", code=code, pid=pid)  # type: ignore[no-untyped-call]
                self.task_manager.task_done(task.id, Result(ResultStatus.ERROR, expired))
                self._idle_ends = 0
            elif looks < _LOOKS:
                self._ended.append((pid, code, looks + 1))
            else:
                self._idle_ends += 1
        if self._idle_ends > _IDLE_ENDS:
            raise BrokenProcessPool("processes end before they have a task")
        self.worker_manager.create_workers()  # type: ignore[no-untyped-call]


class _Pool(ProcessPool):
    def __init__(self, workers: int, begin: Callable[..., None], given: Sequence[Any]) -> None:
        context = multiprocessing.get_context(START_METHOD)
        super().__init__(workers, 0, begin, given, context)
        self._pool_manager = _Manager(self._context, context)


class WorkerPool:
    """Processes that run one task after another, in a pool that ``start`` begins, and begins anew when it has broken.

    A pool breaks when a process dies before it is known what it was doing; no task is to blame for that.
    """

    def __init__(self, start: Callable[[], ProcessPool], workers: int, signals: _Signals) -> None:
        self._start = start
        self._pool = start()
        self._ahead = 2 * workers
        self._signals = signals
        self._broken = 0

    def run(self, function: Callable[[T], R], tasks: deque[T]) -> Iterator[tuple[T, R | WorkerDied | ToLabelboxError]]:
        """Outcomes as they come; what the user can mend is an outcome. Tasks may be added while it runs."""
        flying: dict[Future[R], tuple[T, ProcessPool]] = {}
        while tasks or flying:
            with self._signals.held():
                while tasks and len(flying) < self._ahead:
                    task = tasks.popleft()
                    flying[self._scheduled(function, task)] = task, self._pool
                done, waiting = wait(flying, _PATIENCE, FIRST_COMPLETED)
                # a task that is given to a pool in the moment in which it breaks is never heard of again
                lost = [] if done else [future for future in waiting if not flying[future][1].active]
                outcomes: list[tuple[T, R | WorkerDied | ToLabelboxError]] = []
                for future in (*done, *lost):
                    task, pool = flying.pop(future)
                    try:
                        if not future.done():
                            raise BrokenProcessPool("the pool has broken")
                        outcome: R | WorkerDied | ToLabelboxError = _outcome(future)
                        outcomes.append((task, outcome))
                        self._broken = 0
                    except (BrokenProcessPool, CancelledError) as error:
                        tasks.appendleft(task)
                        self._renew(pool, error)
            yield from outcomes

    def _scheduled(self, function: Callable[[T], R], task: T) -> Future[R]:
        while True:
            try:
                scheduled: Future[R] = self._pool.schedule(function, (task,))
                return scheduled
            except RuntimeError as error:  # it has broken since
                self._renew(self._pool, error)

    def _renew(self, pool: ProcessPool, error: Exception) -> None:
        """Begin another pool in place of one that has broken, if that has not been done."""
        if pool is not self._pool:
            return
        self._broken += 1
        if self._broken > _RENEWALS:
            raise SourceError(
                f"worker processes end before they have done anything ({error or type(error).__name__}): "
                "there may be too little memory, or too few processes allowed; try --workers 1"
            ) from error
        self.end()
        self._pool = self._start()

    def end(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _outcome(future: Future[R]) -> R | WorkerDied | ToLabelboxError:
    try:
        return future.result()
    except ProcessExpired as expired:
        return WorkerDied(_cause(expired.exitcode), expired.exitcode in _TIMED_OUT)
    except MemoryError:
        return WorkerDied("there was too little memory for it")
    except ToLabelboxError as error:
        return error
    except (OSError, BrokenProcessPool, CancelledError):
        raise
    except Exception as error:  # a reader's defect costs what it was reading
        return WorkerDied(f"{type(error).__name__}: {error}")


_TIMED_OUT = (-getattr(signal, "SIGALRM", -EXIT_CODE), EXIT_CODE)


def _cause(code: int) -> str:
    if code in _TIMED_OUT:
        return "it took longer than --file-timeout allows"
    if code == -getattr(signal, "SIGKILL", 0):
        return "the worker process was killed, as the system does when memory runs out"
    if code < 0:
        return f"the worker process died of signal {signal.Signals(-code).name}"
    return f"the worker process ended with exit code {code}"


class _Signals:
    """SIGTERM and SIGHUP end the work as Ctrl-C does: workers first, nothing half-written.

    Futures and the pool have locks, which an exception in the wrong place would leave locked for ever; so signals wait
    until such a place is left.
    """

    def __init__(self) -> None:
        self._held = False
        self._came = 0

    def _arrive(self, number: int, _: object) -> None:
        if not self._held:
            raise Interrupted(number)
        self._came = number

    @contextmanager
    def held(self) -> Iterator[None]:
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            number, self._came = self._came, 0
            raise Interrupted(number)

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Signals that were ignored stay ignored."""
        before = {}
        if threading.current_thread() is threading.main_thread():
            before = {n: signal.getsignal(n) for n in NUMBERS}
        taken = [n for n, handler in before.items() if handler is not signal.SIG_IGN]
        try:
            for number in taken:
                signal.signal(number, self._arrive)
            yield
        finally:
            for number in taken:
                signal.signal(number, before[number])


def _begin(parent: int, prepare: Callable[..., None], given: Sequence[Any]) -> None:
    """What a process does first. That a terminal is closed is its parent's to hear, who ends it."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    prepare(*given)


def _watch(parent: int) -> None:
    """End this process when its parent has been killed, in whatever task it is: the next run does that task too."""
    while os.getppid() == parent:
        time.sleep(_PATIENCE)
    os._exit(1)


@contextmanager
def _quick_pebble() -> Iterator[None]:
    """Pebble takes these from a table of its own only, which others in this process may use too."""
    before = {name: getattr(CONSTS, name) for name in _PEBBLE}
    for name, seconds in _PEBBLE.items():
        setattr(CONSTS, name, seconds)
    try:
        yield
    finally:
        for name, seconds in before.items():
            setattr(CONSTS, name, seconds)


@contextmanager
def worker_pool(workers: int, prepare: Callable[..., None], given: Sequence[Any] = ()) -> Iterator[WorkerPool]:
    """Start processes, and end them at once when the block is left, whatever the reason.

    Where processes can be forked, they share what has been opened before.
    """
    signals = _Signals()
    with _quick_pebble(), signals.handled():
        pool = WorkerPool(lambda: _Pool(workers, _begin, (os.getpid(), prepare, given)), workers, signals)
        try:
            yield pool
        finally:
            with signals.held():
                pool.end()


PoolFactory = Callable[[Sequence[ConversionJob]], AbstractContextManager[WorkerPool]]
"""Starts the workers of a batch for the jobs of its datasets."""
