"""The SHA-256 of a file by a process of its own, while others put it together: it needs all bytes in order, so no more can share it."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from to_labelbox.report.interruption import NUMBERS, postponed

PIECE = 1 << 18
_PATIENCE = 0.2
"""Seconds after which it looks whether its parent is still there."""
_FAILED = b"errno "


class HashAside:
    """Hears how many bytes of the file are there. Raises :class:`OSError` where there may be no more processes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._size = 0
        context: Any = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other, os.getpid(), path), daemon=True)
        try:
            with other, postponed():
                self._process.start()
        except BaseException:
            self._pipe.close()
            raise

    def upto(self, size: int) -> None:
        self._size = size
        with suppress(OSError):  # it has ended, which is found when it is asked
            self._pipe.send_bytes(size.to_bytes(8, "little"))

    def hexdigest(self) -> str:
        """Of all that is there, which has reached the disk then. Should the process have been killed, it is made here.

        Raises :class:`OSError` where the disk does not take it, or has fewer bytes than were put there.
        """
        try:
            with suppress(OSError):  # it may have said before that it failed
                self._pipe.send_bytes(b"")
            said = self._pipe.recv_bytes()
        except (EOFError, OSError):
            found = hashlib.sha256()
            with open(self._path, "rb", buffering=0) as file:
                add(found, file, self._size)
            return found.hexdigest()
        finally:
            self.end()
        if said.startswith(_FAILED):
            number = int(said.removeprefix(_FAILED))
            raise OSError(number, os.strerror(number), self._path)
        return str(said, "ascii")

    def end(self) -> None:
        self._pipe.close()
        with suppress(ValueError):  # it has ended before
            self._process.kill()
            self._process.join()
            self._process.close()


def add(hashed: Any, file: Any, size: int) -> None:
    """So many bytes of a file. Raises :class:`OSError` where there are fewer, for which there is no hash.

    All go through the same memory: to be given new one for each piece takes as long as hashing it."""
    buffer = memoryview(bytearray(min(PIECE, size)))
    while size and (length := file.readinto(buffer[:size])):
        hashed.update(buffer[:length])
        size -= length
    if size:
        raise OSError(errno.EIO, os.strerror(errno.EIO), file.name)


def _work(pipe: Connection, parent: int, path: str) -> None:
    """Ctrl-C, and that a terminal is closed, is its parent's to hear, who ends it."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)
    found, done = hashlib.sha256(), 0
    with suppress(EOFError, OSError), open(path, "rb", buffering=0) as file:
        try:
            while True:
                while not pipe.poll(_PATIENCE):
                    if os.getppid() != parent:
                        return
                if not (said := pipe.recv_bytes()):
                    break
                size = int.from_bytes(said, "little")
                add(found, file, size - done)
                done = size
            os.fsync(file.fileno())
        except OSError as error:  # a system tells this once
            pipe.send_bytes(b"%b%d" % (_FAILED, error.errno or errno.EIO))
        else:
            pipe.send_bytes(found.hexdigest().encode())
