"""Worker processes that a task may kill.

A task that ends its process (a signal, no memory) or takes longer than it may is an outcome of that task, not the end
of the run; another process is begun, and the work goes on.

Each process has a pipe of its own and does its tasks in order, so the end of a pipe tells which of them was being done.
There are no threads in the parent: a fork beside threads may begin with a lock that nobody opens. That is why no library
does it here: concurrent.futures gives up all tasks when one process dies, and pebble forks beside three threads of its own,
looks for dead processes many times a second, and takes one that dies at once for one that had nothing to do.
"""

from __future__ import annotations

import multiprocessing
import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, TypeVar

from to_labelbox.conversion.clock import EXIT_CODE
from to_labelbox.conversion.job import ConversionJob
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.report.interruption import NUMBERS, Interrupted, postponed

_PATIENCE = 0.2
"""Seconds after which a signal that came while waiting for workers is heard."""

START_METHOD = os.environ.get("TO_LABELBOX_START_METHOD") or ("fork" if hasattr(os, "fork") else "spawn")
"""How processes begin: forked ones share what is open; ``spawn``, all that Windows has, can be tried anywhere."""

_MANY = 4
_IDLE_ENDS = 5
"""Processes that may end one after another without a task, none having finished one."""
_AHEAD = 4096
"""Bytes of a task that is sent while another one is done: as much as a pipe takes from someone who does not wait. A larger
one waits, or both ends could."""
_FILES, _FILES_A_WORKER = 32, 3

T = TypeVar("T")
R = TypeVar("R")


class WorkerDied:
    """The outcome of a task whose process ended before it: why, in words, and whether its time was over."""

    def __init__(self, reason: str, timed_out: bool = False) -> None:
        self.reason = reason
        self.timed_out = timed_out

    def __str__(self) -> str:
        return self.reason


class _Run:
    """The tasks of one call of :meth:`WorkerPool.run`, how many are with workers, and what has become of others."""

    def __init__(self, function: Callable[[Any], Any], tasks: deque[Any]) -> None:
        self.function = function
        self.tasks = tasks
        self.flying = 0
        self.outcomes: deque[tuple[Any, Any]] = deque()

    def finish(self, task: Any, outcome: Any) -> None:
        self.flying -= 1
        self.outcomes.append((task, outcome))

    def take_back(self, task: Any) -> None:
        self.flying -= 1
        self.tasks.appendleft(task)


class _Sent(NamedTuple):
    run: _Run
    task: Any


class _Worker:
    """A process, its pipe, and the tasks that it has, in order. ``begun``: it has been prepared for them."""

    def __init__(self, prepare: Callable[..., None], given: Sequence[Any]) -> None:
        context: Any = multiprocessing.get_context(START_METHOD)
        self.pipe, other = context.Pipe()
        self.sent: deque[_Sent] = deque()
        self.begun = False
        arguments = other, os.getpid(), prepare, given
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        try:
            with other, postponed():
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise

    def end(self) -> int:
        """Wait for its end, and let go of it; gives its exit code."""
        self.pipe.close()
        self.process.join()
        code: int = self.process.exitcode
        self.process.close()
        return code


class WorkerPool:
    """Up to so many processes, begun when there is a task for them, and begun anew when they have ended."""

    def __init__(self, workers: int, prepare: Callable[..., None], given: Sequence[Any], signals: _Signals) -> None:
        self._most = min(workers, _most_by_files())
        self._prepared = prepare, given
        self._signals = signals
        self._workers: list[_Worker] = []
        self._poll = selectors.PollSelector() if hasattr(selectors, "PollSelector") else None
        self._idle_ends = 0

    @property
    def many(self) -> bool:
        """Whether there are so many that their parent is what they wait for."""
        return self._most > _MANY and START_METHOD == "fork"

    def run(self, function: Callable[[T], R], tasks: deque[T]) -> Iterator[tuple[T, R | WorkerDied | ToLabelboxError]]:
        """Outcomes as they come; what the user can mend is an outcome. Tasks may be added while it runs, by other runs too."""
        own = _Run(function, tasks)
        while tasks or own.flying or own.outcomes:
            with self._signals.held():
                self._send(own)
                self._receive(0 if own.outcomes else _PATIENCE)
                self._send(own)
            if own.outcomes:
                task, outcome = own.outcomes.popleft()
                if isinstance(outcome, OSError):
                    raise outcome
                yield task, outcome

    def _send(self, run: _Run) -> None:
        """Give tasks to workers that have none, then, of many small ones, one more to each."""
        while run.tasks:
            worker = self._idle()
            ahead = worker is None
            if worker is None and len(run.tasks) > self._most:
                worker = next((w for w in self._workers if len(w.sent) == 1), None)
            if worker is None:
                return
            task = run.tasks.popleft()
            run.flying += 1
            try:
                data = bytes(ForkingPickler.dumps((run.function, task)))
            except Exception as error:  # it cannot be sent
                run.finish(task, _defect(error))
                continue
            if ahead and len(data) > _AHEAD:
                run.take_back(task)
                return
            worker.sent.append(_Sent(run, task))
            with suppress(OSError):  # it has ended, which is found when its pipe is read
                worker.pipe.send_bytes(data)

    def _idle(self) -> _Worker | None:
        """A worker without a task, begun if there may be one more."""
        worker = next((w for w in self._workers if not w.sent), None)
        if worker is None and len(self._workers) < self._most:
            try:
                worker = _Worker(*self._prepared)
            except OSError as error:  # no more processes or files: those that there are do it
                if not self._workers:
                    raise _useless(error.strerror or str(error)) from error
                self._most = len(self._workers)
            else:
                self._workers.append(worker)
                if self._poll is not None:
                    self._poll.register(worker.pipe, selectors.EVENT_READ, worker)
        return worker

    def _ready(self, seconds: float) -> list[_Worker]:
        """Workers that have something to say or have ended, waiting so long for the first."""
        if self._poll is not None:  # pipes are made known to the system once, not with each look
            return [key.data for key, _ in self._poll.select(seconds)] if self._workers else []
        by_pipe = {worker.pipe: worker for worker in self._workers}
        return [by_pipe[pipe] for pipe in wait(list(by_pipe), seconds)] if by_pipe else []

    def _receive(self, seconds: float) -> None:
        for worker in self._ready(seconds):
            try:
                data = worker.pipe.recv_bytes()
            except (EOFError, OSError):
                self._ended(worker)
                continue
            if not worker.begun:
                worker.begun = True
                continue
            sent = worker.sent.popleft()
            sent.run.finish(sent.task, _heard(data))
            self._idle_ends = 0

    def _ended(self, worker: _Worker) -> None:
        """Say which task has ended a process, and take back those that it had not begun."""
        self._workers.remove(worker)
        if self._poll is not None:
            self._poll.unregister(worker.pipe)
        code = worker.end()
        if worker.begun and worker.sent:
            sent = worker.sent.popleft()
            sent.run.finish(sent.task, WorkerDied(_cause(code), code in _TIMED_OUT))
            self._idle_ends = 0
        else:
            self._idle_ends += 1
        while worker.sent:
            sent = worker.sent.pop()
            sent.run.take_back(sent.task)
        if self._idle_ends > _IDLE_ENDS:
            raise _useless(_cause(code))

    def end(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.end()
        self._workers.clear()
        if self._poll is not None:
            self._poll.close()


def _most_by_files() -> int:
    """How many processes leave a parent enough of the files that it may have open."""
    try:
        import resource  # which Windows does not have
    except ImportError:
        return 60  # as many as it waits for at once
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 16 if most == resource.RLIM_INFINITY else max(1, (most - _FILES) // _FILES_A_WORKER)


def _useless(why: str) -> SourceError:
    return SourceError(
        f"worker processes end before they have done anything ({why}): "
        "there may be too little memory, or too few processes allowed; try --workers 1"
    )


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

    Signals wait while a process is begun or heard, so that none is lost sight of.
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


def _work(pipe: Connection, parent: int, prepare: Callable[..., None], given: Sequence[Any]) -> None:
    """What a process does. Ctrl-C, and that a terminal is closed, is its parent's to hear, who ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):  # it was begun while they waited
        signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    prepare(*given)
    pipe.send_bytes(b"begun")
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        pipe.send_bytes(_told(data))


def _told(data: bytes) -> bytes:
    """The outcome of a task, which with all that it held is let go before the next one comes."""
    try:
        function, task = ForkingPickler.loads(data)
        return bytes(ForkingPickler.dumps(function(task)))
    except MemoryError:
        outcome: object = WorkerDied("there was too little memory for it")
    except (ToLabelboxError, OSError) as error:
        outcome = error
    except BaseException as error:  # a reader's defect costs what it was reading
        outcome = _defect(error)
    try:
        return bytes(ForkingPickler.dumps(outcome))
    except Exception:
        return bytes(ForkingPickler.dumps(_defect(outcome)))


def _heard(data: bytes) -> Any:
    try:
        return ForkingPickler.loads(data)
    except Exception as error:  # a third party's error, which cannot be made again
        return _defect(error)


def _defect(error: object) -> WorkerDied:
    return WorkerDied(f"{type(error).__name__}: {error}")


def _watch(parent: int) -> None:
    """End this process when its parent has been killed, in whatever task it is: the next run does that task too."""
    while os.getppid() == parent:
        time.sleep(_PATIENCE)
    os._exit(1)


@contextmanager
def worker_pool(workers: int, prepare: Callable[..., None], given: Sequence[Any] = ()) -> Iterator[WorkerPool]:
    """Workers, which are ended at once when the block is left, whatever the reason.

    Where processes can be forked, they share what has been opened before.
    """
    signals = _Signals()
    with signals.handled():
        pool = WorkerPool(workers, prepare, given, signals)
        try:
            yield pool
        finally:
            with signals.held():
                pool.end()


PoolFactory = Callable[[Sequence[ConversionJob]], AbstractContextManager[WorkerPool]]
"""Starts the workers of a batch for the jobs of its datasets."""
