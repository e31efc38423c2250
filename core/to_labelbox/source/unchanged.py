"""Whether the files of a source are still those that were read: one half-old, half-new would be spoiled without a word."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import chain, islice

from to_labelbox.model.text import display
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media

EXACT_FILES = 2000
"""Of more files, only those that are no pictures are looked at, once, and by their times: a look takes about 2 µs."""

State = tuple[int, int, int]


class Snapshot:
    """Taken before anything is read. ``changed`` compares size, time of change and inode of each file.

    Of very many files it asks whether one has been changed, or put in place, since the snapshot was taken; and so of files that
    are read beside a single one (:attr:`~to_labelbox.source.files.Source.read_beside`), which nobody knew then.
    """

    def __init__(self, source: Source) -> None:
        self._taken = time.time_ns()
        self._source = source
        folder = source.folder
        names = source.names if folder is not None else ()
        self._paths = [os.path.join(folder, name) for name in names] if folder and len(names) <= EXACT_FILES else []
        if folder is None:
            self._paths = [source.place]
        self._before = [_state(path) for path in self._paths]

    def changed(self) -> list[str]:
        """The first few files that are not what they were."""
        return list(islice(chain(self._changed(), filter(self._touched, self._beside())), 3))

    def _changed(self) -> Iterator[str]:
        if self._paths:
            pairs = zip(self._paths, self._before)
            return (path for path, before in pairs if _state(path) != before)
        folder = self._source.folder or ""
        names = (name for name in self._source.names if not is_media(name))
        return (path for name in names if self._touched(path := os.path.join(folder, name)))

    def _beside(self) -> Iterator[str]:
        """Paths of files that were read beside the source, and of those whose end fits a name with ``*``."""
        for name in self._source.read_beside if self._source.folder is not None else ():
            start, star, end = os.path.join(self._source.folder or "", name).partition("*")
            if not star:
                yield start
            elif os.path.isdir(start):
                with os.scandir(start) as entries:
                    yield from (entry.path for entry in entries if entry.name.lower().endswith(end))

    def _touched(self, path: str) -> bool:
        try:
            found = os.stat(path, follow_symlinks=False)
        except OSError:
            return True
        return found.st_mtime_ns > self._taken or (os.name != "nt" and found.st_ctime_ns > self._taken)


def _state(path: str) -> State | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def has_changed(changed: list[str]) -> str:
    """The sentence for those files."""
    return (
        f"{display(changed[0])}{' and others have' if len(changed) > 1 else ' has'} changed while the source was read, so "
        "old and new would be mixed: nothing was written. Run again when nobody writes there"
    )
