"""From complete files that wait aside to named ones, so that no power cut leaves half a result under its final name.

The order, for one result or many at a time: the files of all reach the disk, get their names, those reach the disk, then
the reports get theirs, which hold the hashes of the others. To wait for the disk takes far longer than to do any of it,
and a disk takes many requests at once, so all files of a step are waited for together.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from to_labelbox.report.interruption import postponed

REPORT = "report.json"
OURS = re.compile(r"annotations(-\d{5})?\.ndjson|data_rows\.ndjson|index\.ndjson|ontology\.json|report\.json")
PARTIAL = ".to-labelbox-partial"
_AT_ONCE = 16
_FILE = os.O_RDONLY if os.name == "posix" else os.O_RDWR  # Windows lets nobody else sync a file


class Complete(NamedTuple):
    """A result whose files lie complete in the folder :data:`PARTIAL` of its output ``folder``, with its report.

    ``names`` are those of the other files.
    """

    folder: str
    names: tuple[str, ...]


def give_names(results: Sequence[Complete]) -> None:
    """Give the files of results their final names; what an earlier run has left goes when all have theirs.

    Raises :class:`OSError` where the disk does not take them; then no file has its new name, and those of an earlier run
    have theirs, as far as the file system knows a file by two names.
    """
    sync_files(os.path.join(r.folder, PARTIAL, name) for r in results for name in (*r.names, REPORT))
    folders = [result.folder for result in results]
    given: list[_Given] = []
    with postponed():
        try:
            for result in results:
                given += (_name(result.folder, name) for name in result.names)
            sync_folders(folders)
            for result in results:
                given.append(_name(result.folder, REPORT))
                for name in os.listdir(result.folder):
                    if OURS.fullmatch(name) and name != REPORT and name not in result.names:
                        os.remove(os.path.join(result.folder, name))
        except OSError:
            for one in reversed(given):
                one.take_back()
            raise
        sync_folders(folders)
    for one in given:
        if one.earlier:
            with suppress(OSError):
                os.remove(one.earlier)
    for folder in folders:
        with suppress(OSError):  # parts of it may be there
            os.rmdir(os.path.join(folder, PARTIAL))


class _Given(NamedTuple):
    """A name that a file has got, and where the one is that had it; None where that is not known."""

    path: str
    earlier: str | None

    def take_back(self) -> None:
        with suppress(OSError):
            if self.earlier:
                os.replace(self.earlier, self.path)
            elif self.earlier is not None:
                os.remove(self.path)


def _name(folder: str, name: str) -> _Given:
    path, new = os.path.join(folder, name), os.path.join(folder, PARTIAL, name)
    earlier: str | None = f"{new}.earlier"
    try:
        os.link(path, f"{new}.earlier")
    except FileNotFoundError:
        earlier = ""
    except OSError:
        earlier = None
    os.replace(new, path)
    return _Given(path, earlier)


def sync_files(paths: Iterable[str]) -> None:
    """Let what was written to files reach the disk. Raises :class:`OSError` where it does not."""
    _together(_sync_file, list(paths))


def sync_folders(paths: Iterable[str]) -> None:
    """Let the names in folders reach the disk, where the system can."""
    _together(_sync_folder, list(paths))


def _sync_file(path: str) -> None:
    descriptor = os.open(path, _FILE)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: str) -> None:
    with suppress(OSError):
        _sync_file(path)


def _together(sync: Callable[[str], None], paths: list[str]) -> None:
    """Do it for all, many at a time. Raises the first error when all are done."""
    errors: list[OSError] = []

    def work() -> None:
        while paths:
            with suppress(IndexError):  # another one has taken the last
                path = paths.pop()
                try:
                    sync(path)
                except OSError as error:
                    errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(len(paths), _AT_ONCE) - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
