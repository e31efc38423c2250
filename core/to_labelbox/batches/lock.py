"""One run at a time in an output folder.

The lock is the operating system's, so that it ends with the process that holds it, however that ends. Where the
file system has no locks, or nothing may be written (shards to be merged), there is no protection, and whoever asks for
the lock is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from to_labelbox.conversion.naming import PARTIAL
from to_labelbox.report.errors import UsageError

LOCK, LOCK_TO_BEGIN = f"{PARTIAL}.lock", f"{PARTIAL}.begin"


@contextmanager
def locked(folder: str, shared: bool = False) -> Iterator[str]:
    """Keep an existing folder for this process, or ``shared`` with others that share it.

    Gives why there is no protection, empty when there is. Raises :class:`UsageError` when another process has it.
    """
    with _held(folder, LOCK, shared, False) as unprotected:
        yield unprotected


@contextmanager
def beginning(folder: str) -> Iterator[str]:
    """Wait until no process that shares the folder is at its beginning."""
    with _held(folder, LOCK_TO_BEGIN, False, True) as unprotected:
        yield unprotected


@contextmanager
def _held(folder: str, name: str, shared: bool, wait: bool) -> Iterator[str]:
    path = os.path.join(folder, name)
    try:
        handle, unprotected = _opened(path, shared, wait)
    except BlockingIOError:
        raise UsageError(
            f"another run is at work in {folder}: wait until it has ended, or give another folder"
        ) from None
    try:
        yield unprotected
    finally:
        if handle is not None:
            if not shared:  # who shares it cannot know whether others do
                with suppress(OSError):
                    os.remove(path)
            os.close(handle)


def _opened(path: str, shared: bool, wait: bool) -> tuple[int | None, str]:
    """The file with the lock, or why there can be none. Raises :class:`BlockingIOError` when another process has it."""
    from portalocker import AlreadyLocked, LockException, LockFlags, portalocker  # here, because only a batch locks

    # on POSIX a lock of the process, not of the file: forked workers must not hold it when their parent is killed
    locker = portalocker.MsvcrtLocker() if os.name == "nt" else portalocker.LockfLocker()
    kind = (LockFlags.SHARED if shared else LockFlags.EXCLUSIVE) | (LockFlags(0) if wait else LockFlags.NON_BLOCKING)
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            return None, str(error.strerror)
        try:
            locker.lock(handle, kind)
        except AlreadyLocked:
            os.close(handle)
            raise BlockingIOError(path) from None
        except ImportError as error:  # of Windows' shared locks
            return handle, str(error)
        except LockException as error:  # no locks on this file system
            return handle, getattr(error.__cause__, "strerror", None) or str(error)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle, ""
        os.close(handle)  # the run before has removed it meanwhile
