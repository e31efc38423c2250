"""One run at a time in an output folder.

The lock is the operating system's, so that it ends with the process that holds it, however that ends. Where the
file system has no locks, or nothing may be written (shards to be merged), there is no protection, and whoever asks for
the lock is told.
"""

from __future__ import annotations

import os
import sys
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
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            return None, str(error.strerror)
        try:
            _lock(handle, shared, wait)
        except (BlockingIOError, PermissionError):  # POSIX lets a system say either
            os.close(handle)
            raise BlockingIOError(path) from None
        except ImportError as error:  # of Windows' shared locks
            return handle, str(error)
        except OSError as error:  # no locks on this file system
            return handle, error.strerror or str(error)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle, ""
        os.close(handle)  # the run before has removed it meanwhile


if sys.platform != "win32":

    def _lock(handle: int, shared: bool, wait: bool) -> None:
        """Lock a file for this process: not for those forked from it, which must not hold it when their parent is killed."""
        import fcntl

        fcntl.lockf(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))

else:

    def _lock(handle: int, shared: bool, wait: bool) -> None:
        from portalocker import AlreadyLocked, LockException, LockFlags, portalocker

        kind = LockFlags.SHARED if shared else LockFlags.EXCLUSIVE
        try:
            portalocker.MsvcrtLocker().lock(handle, kind | (LockFlags(0) if wait else LockFlags.NON_BLOCKING))
        except AlreadyLocked as error:
            raise BlockingIOError(str(error)) from None
        except LockException as error:
            raise OSError(str(error.__cause__ or error)) from error
