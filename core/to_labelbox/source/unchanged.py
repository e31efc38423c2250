"""Whether the files of a source are still those that were read: one half-old, half-new would be spoiled without a word."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from itertools import chain, islice
from typing import NamedTuple

from to_labelbox.model.text import display
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_media

EXACT_FILES = 2000
"""Of more files, only those that are no pictures are looked at, once, and by their times: a look takes about 2 µs."""

_AT_ONCE = 4000

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

    def changed(self, ask: Ask | None = None) -> list[str]:
        """The first few files that are not what they were. ``ask`` may ask other processes about very many files."""
        return list(islice(chain(self._changed(ask or partial(map, self.touched)), self._beside()), 3))

    def _changed(self, ask: Ask) -> Iterable[str]:
        if self._paths:
            pairs = zip(self._paths, self._before)
            return (path for path, before in pairs if _state(path) != before)
        looks = [Look(n, n + _AT_ONCE, self._taken) for n in range(0, len(self._looked_at), _AT_ONCE)]
        return sorted(chain.from_iterable(ask(looks)))

    @cached_property
    def _looked_at(self) -> list[str]:
        groups = self._source.groups.items()
        return [name for (_, extension), group in groups if not is_media(f"x{extension}") for name in group]

    def touched(self, look: Look) -> list[str]:
        """Files that have been changed. A process that was forked since the source was listed can be asked too."""
        start = os.path.join(self._source.folder or "", "")
        return _touched(start, self._looked_at[look.first : look.end], look.since)

    def _beside(self) -> Iterable[str]:
        """Changed files that were read beside the source, and those whose end fits a name with ``*``."""
        names: list[str] = []
        for name in self._source.read_beside if self._source.folder is not None else ():
            start, star, end = os.path.join(self._source.folder or "", name).partition("*")
            if not star:
                names.append(start)
            elif os.path.isdir(start):
                with os.scandir(start) as entries:
                    names += (entry.path for entry in entries if entry.name.lower().endswith(end))
        return _touched("", names, self._taken)


class Look(NamedTuple):
    """Some of the files that are looked at, by their places in the listing, and since when none may have been touched."""

    first: int
    end: int
    since: int


Ask = Callable[[Sequence[Look]], Iterable[list[str]]]
"""What :meth:`Snapshot.touched` says of each look."""


def _touched(start: str, names: Iterable[str], since: int) -> list[str]:
    changed = []
    for name in names:
        try:
            found = os.lstat(start + name)
        except OSError:
            changed.append(start + name)
            continue
        if found.st_mtime_ns > since or (found.st_ctime_ns > since and os.name != "nt"):
            changed.append(start + name)
    return changed


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
