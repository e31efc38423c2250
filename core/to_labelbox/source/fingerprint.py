"""Whether the files of a source are those of an earlier run: sizes, times, digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest

from msgspec import Struct

from to_labelbox.model.text import text_name
from to_labelbox.source.image_headers import is_media
from to_labelbox.source.paths import is_data_folder

HASHED_FILES = 1000
"""In datasets of more files, size and time of change stand for the content."""

_BLOCK = 1 << 20


class Input(Struct, frozen=True):
    """A file of a source: size, time of change, and the time at which the system noted any change, which nobody sets.

    ``digest`` is empty for media.
    """

    path: str
    size: int
    changed: int
    noted: int
    digest: str = ""


def inventory(source: str, known: Sequence[Input] = (), without: Sequence[str] = ()) -> list[Input]:
    """The files of a source. A file that has not been touched since it was known keeps its digest without being read.

    Very many files are one entry: what could be told of each would take more memory than all the rest of a run.
    """
    names = sorted(_files(source, frozenset(without)))
    if len(names) > HASHED_FILES:
        return [_listing(source, names)]
    before = {i.path: i for i in known}
    return [_input(os.path.join(source, name) if name else source, text_name(name), before) for name in names]


def _files(source: str, without: AbstractSet[str]) -> list[str]:
    if not os.path.isdir(source):
        return [""]
    files: list[str] = []
    folders = [""]
    for folder in folders:
        try:
            with os.scandir(os.path.join(source, folder)) as entries:
                for entry in entries:
                    name = folder + entry.name
                    if not entry.is_dir(follow_symlinks=False):
                        files.append(name)
                    elif name not in without and is_data_folder(entry.name):
                        folders.append(f"{name}/")
        except OSError:  # opening the source says so
            continue
    return files


def _listing(source: str, names: Sequence[str]) -> Input:
    """Sizes and times of change of all files in one digest."""
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        try:
            stat = os.stat(os.path.join(source, name), follow_symlinks=False)
            told = f"{name}\n{stat.st_size} {stat.st_mtime_ns}\n"
        except OSError:
            told = f"{name}\n\n"
        digest.update(told.encode("utf-8", "surrogatepass"))
    return Input("", len(names), 0, 0, digest.hexdigest())


def _input(path: str, name: str, before: Mapping[str, Input]) -> Input:
    known = before.get(name)
    try:
        stat = os.stat(path, follow_symlinks=not name)  # a file that was named may be a link
        times = stat.st_mtime_ns, stat.st_ctime_ns
        if known is not None and (known.size, known.changed, known.noted) == (stat.st_size, *times):
            return known
        # a pipe has no content to compare, and reading it would wait for ever
        digest = file_digest(path) if not is_media(path) and os.path.isfile(path) else ""
    except OSError:
        return Input(name, -1, 0, 0)
    return Input(name, stat.st_size, *times, digest)


def file_digest(path: str) -> str:
    """128 bits of BLAKE2 over the content."""
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def same_inputs(before: Sequence[Input], now: Sequence[Input]) -> bool:
    """Whether nothing has changed: sizes, and the content or, where that is not known, the time of change."""
    return not changed_inputs(before, now)


def changed_inputs(before: Sequence[Input], now: Sequence[Input]) -> list[str]:
    """The first input that is another, gone or new; none when nothing has changed."""
    for a, b in zip_longest(before, now):
        if a is None or b is None or a.path != b.path or not _is_same(a, b):
            return [(a or b).path]
    return []


def _is_same(a: Input, b: Input) -> bool:
    return a.size == b.size and (a.digest == b.digest if a.digest else a.changed == b.changed)
