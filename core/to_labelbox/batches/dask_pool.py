"""The same work on a Dask cluster, for batches on many machines with shared storage (extra ``dask``)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from to_labelbox.conversion.process_pool import WorkerDied, WorkerPool
from to_labelbox.conversion.worker import initialize_worker
from to_labelbox.report.errors import ToLabelboxError, UsageError

if TYPE_CHECKING:
    from to_labelbox.conversion.job import ConversionJob

T = TypeVar("T")
R = TypeVar("R")

_one_at_a_time = threading.Lock()


def _work(jobs: Sequence[ConversionJob], function: Callable[[Any], Any], task: Any) -> Any:
    """A task on a worker of the cluster; what the user can mend comes back as a value."""
    with _one_at_a_time:
        initialize_worker(jobs, 0)
        try:
            return function(task)
        except ToLabelboxError as error:
            return error


class _DaskPool(WorkerPool):
    def __init__(self, client: Any, jobs: Sequence[ConversionJob]) -> None:
        self._client = client
        self._jobs = client.scatter([list(jobs)], broadcast=True)[0]

    def run(self, function: Callable[[T], R], tasks: deque[T]) -> Iterator[tuple[T, R | WorkerDied | ToLabelboxError]]:
        from distributed import as_completed

        flying: dict[str, T] = {}
        finished = as_completed()
        while tasks or flying:
            ahead = 2 * max(1, len(self._client.nthreads()))
            while tasks and len(flying) < ahead:
                task = tasks.popleft()
                future = self._client.submit(_work, self._jobs, function, task, pure=False)
                flying[future.key] = task
                finished.add(future)
            future = next(finished)
            yield flying.pop(future.key), _outcome(future)


def _outcome(future: Any) -> Any:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, OSError):
        raise error
    return WorkerDied(f"{type(error).__name__}: {error}")


def check() -> None:
    """Raise :class:`UsageError` where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UsageError("--engine dask needs the extra: pip install 'to-labelbox[dask]'") from None


@contextmanager
def dask_pool(jobs: Sequence[ConversionJob], workers: int, scheduler: str | None) -> Iterator[WorkerPool]:
    """The cluster at an address, or a local one on the loopback interface. Raises :class:`UsageError`."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise UsageError(f"--scheduler {scheduler}: {error}") from None
        with client:
            yield _DaskPool(client, jobs)
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            memory_limit=0,
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield _DaskPool(client, jobs)
