"""The pool of processes itself: every task has one outcome, whatever ends a process and however large tasks are."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from to_labelbox import SourceError
from to_labelbox.conversion.process_pool import WorkerDied, worker_pool


def nothing() -> None:
    """What prepares a process that needs nothing."""


def dies_at_once(task: int) -> int:
    if task % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_process_that_dies_at_once_costs_its_task_alone() -> None:
    with worker_pool(2, nothing) as pool:
        outcomes = list(pool.run(dies_at_once, deque(range(120))))
    assert sorted(task for task, _ in outcomes) == list(range(120))
    assert sorted(n for n, outcome in outcomes if isinstance(outcome, WorkerDied)) == list(range(0, 120, 3))
    assert all(outcome == n for n, outcome in outcomes if n % 3)


def test_processes_that_are_killed_from_outside_are_begun_anew() -> None:
    with worker_pool(2, nothing) as pool:
        begun = pool.run(abs, deque(range(-50, 0)))
        first = [next(begun) for _ in range(5)]
        for worker in pool._workers:
            worker.process.kill()
        assert sorted(task for task, _ in [*first, *begun]) == list(range(-50, 0))


def twice(data: bytes) -> bytes:
    return data + data


def test_where_pipes_cannot_be_polled_they_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("selectors.PollSelector")
    test_processes_that_are_killed_from_outside_are_begun_anew()


def test_large_tasks_and_large_outcomes_do_not_wait_for_each_other() -> None:
    tasks = deque(bytes([n]) * 3_000_000 for n in range(12))
    wanted = {task: task + task for task in tasks}
    with worker_pool(2, nothing) as pool:
        assert dict(pool.run(twice, tasks)) == wanted


def test_one_run_within_another() -> None:
    """What a run inside hears of the tasks of that around it is kept for that."""
    inner: list[Any] = []
    with worker_pool(2, nothing) as pool:
        outer = {}
        for task, outcome in pool.run(abs, deque(range(-30, 0))):
            outer[task] = outcome
            if task % 5 == 0:
                inner.append(next(iter(pool.run(abs, deque([task - 100]))))[1])
    assert outer == {n: -n for n in range(-30, 0)}
    assert sorted(inner) == list(range(105, 135, 5))


class Hurdle(Exception):
    """One that cannot be made again from what it was made of."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


class Own(SourceError, Hurdle):
    """One that a third party's reader has made of ours."""


def raises_its_own(_: int) -> NoReturn:
    raise Own(*"ab")


def gives_what_cannot_be_sent(_: int) -> Callable[[], int]:
    return lambda: 1


@pytest.mark.parametrize("does", [raises_its_own, gives_what_cannot_be_sent])
def test_an_outcome_that_cannot_be_sent_costs_its_task(does: Callable[[int], Any]) -> None:
    with worker_pool(1, nothing) as pool:
        outcomes = list(pool.run(does, deque([1])))
        assert list(pool.run(abs, deque([-1]))) == [(-1, 1)]
    assert isinstance(outcomes[0][1], WorkerDied)


def test_a_task_that_cannot_be_sent_is_said() -> None:
    with worker_pool(1, nothing) as pool:
        ((_, outcome),) = pool.run(lambda n: n, deque([1]))
    assert isinstance(outcome, WorkerDied)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(lambda n: n)


def ends() -> None:
    os._exit(3)


def test_processes_that_cannot_begin_are_said() -> None:
    with pytest.raises(SourceError, match="worker processes end before"), worker_pool(1, ends) as pool:
        list(pool.run(abs, deque([-1])))


FEW_FILES = """
import resource, sys
from collections import deque
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from to_labelbox.conversion.process_pool import worker_pool
with worker_pool(200, print) as pool:
    assert sorted(outcome for _, outcome in pool.run(abs, deque(range(-500, 0)))) == list(range(1, 501))
    files = [open("/dev/null") for _ in range(20)]
"""


def test_more_processes_than_files_may_be_open() -> None:
    made = subprocess.run([sys.executable, "-c", FEW_FILES], capture_output=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr.decode()


def test_where_no_process_can_be_begun_another_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refuse)
    with pytest.raises(SourceError, match="try --workers 1"), worker_pool(2, nothing) as pool:
        list(pool.run(abs, deque([-1])))
