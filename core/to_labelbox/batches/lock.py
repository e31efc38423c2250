"""One run at a time in an output folder.

The lock is the operating system's, so that it ends with the process that holds it, however that ends. Where there are no
such locks, the file system has none, or nothing may be written (shards to be merged), there is no protection, and
whoever asks for the lock is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from to_labelbox.conversion.output_folder import PARTIAL
from to_labelbox.report.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

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
    if fcntl is None:
        return None, "this system has no such locks"
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            return None, str(error.strerror)
        try:
            fcntl.lockf(handle, kind)
        except BlockingIOError:
            os.close(handle)
            raise
        except PermissionError as error:  # what some systems say then
            os.close(handle)
            raise BlockingIOError(*error.args) from None
        except OSError as error:  # no locks on this file system
            return handle, str(error.strerror)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle, ""
        os.close(handle)  # the run before has removed it meanwhile
