"""The listing of a source, sorted into pictures and label files by folder; other files by extension."""

from __future__ import annotations

import bisect
import os
import posixpath
from collections.abc import Sequence
from functools import cached_property, lru_cache

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import FileError
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import is_image
from to_labelbox.source.splits import SPLIT_WORDS

MAX_LABEL_BYTES = 256 * 2**20
_READ = 64 * 1024

SPLITS = frozenset(SPLIT_WORDS)
KERAS = "_annotations.txt"
"""What Roboflow calls its lists of pictures with boxes."""
_NOT_LABELS = frozenset(
    "classes.txt _classes.txt _annotations.txt requirements.txt license.txt notes.txt labels.txt images.txt "
    "class_names.txt label_list.txt names.txt predefined_classes.txt".split()
) | {f"{split}.txt" for split in SPLITS}
_NOT_LABEL_STARTS = ("readme", "autosplit_")
_RUNS = pattern(r"(?:^|/)runs/(?:detect|segment|pose|obb|classify|train|val|test|predict|track)[a-z_-]*[0-9]*/")
"""Where YOLO's own programs put what they train and predict."""
_SETTINGS = ("args.yaml", "opt.yaml")
"""The settings of a run, which lie beside its results.csv wherever the user has put it."""


OUTPUT = "YOLO's own programs have written it while training or predicting"


class Tree:
    """Names are relative to the source's root; folders are written with a closing slash, the root as an empty text.

    ``base`` and a name make the path on disk; it is None for archives. ``outputs`` counts the pictures and texts that runs
    of YOLO's programs left in a set; they are no part of it, for the texts are predictions. ``left``: folders whose label files
    are not read, and why. ``encoding``: that of class names which are no UTF-8, as the user says.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names: Sequence[str] = source.names
        self.images: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {}
        self.base = source.folder + "/" if source.folder is not None else None
        for (folder, extension), names in source.groups.items():
            own = _own(folder, names)
            kept = self.texts if extension == ".txt" else self.images if is_image("a" + extension) else None
            if kept is not None and own:
                kept[folder] = sorted(kept[folder] + own) if folder in kept else own
        self.encoding = ""
        self.left: dict[str, str] = {}
        self.outputs = self._drop_outputs()

    def _drop_outputs(self) -> int:
        """Forget what runs have written, unless there is nothing else."""
        groups = self.source.groups
        runs = {
            folder
            for folder, extension in groups
            if extension == ".csv"
            and f"{folder}results.csv" in groups[folder, extension]
            and any(folder + name in groups.get((folder, ".yaml"), ()) for name in _SETTINGS)
        }
        kinds = self.images, self.texts
        written = [[folder for folder in kind if folder in runs or _RUNS.search(folder)] for kind in kinds]
        if sum(map(len, written)) == sum(map(len, kinds)):
            return 0
        self.left = dict.fromkeys((folder for folders in written for folder in folders), OUTPUT)
        return sum(len(kind.pop(folder)) for kind, folders in zip(kinds, written) for folder in folders)

    @cached_property
    def other_texts(self) -> list[str]:
        """Texts that are called like no label file: they may name the classes."""
        return [
            name
            for names in self.texts.values()
            if _may_have_others(names)
            for name in names
            if not is_label_name(name)
        ]

    def ending(self, *extensions: str) -> list[str]:
        """Files with one of these extensions, in order."""
        found = self.source.ending(*extensions)
        return [n for n in found if n.lower().endswith(extensions) and not posixpath.basename(n).startswith("._")]

    def has(self, name: str) -> bool:
        at = bisect.bisect_left(self.names, name)
        return at < len(self.names) and self.names[at] == name

    def has_folder(self, folder: str) -> bool:
        """Whether anything is below a folder."""
        if not folder:
            return bool(self.names)
        at = bisect.bisect_left(self.names, folder)
        return at < len(self.names) and self.names[at].startswith(folder)

    @cached_property
    def folders_by_case(self) -> dict[str, str]:
        """Folders of pictures and texts, and those that hold them, by their names in lower case."""
        found: dict[str, str] = {}
        for folder in (*self.images, *self.texts):
            for at, sign in enumerate(folder, 1):
                if sign == "/":
                    found.setdefault(folder[:at].lower(), folder[:at])
        return found

    def read(self, name: str) -> bytes:
        """A listed file of bounded size. Raises :class:`FileError`."""
        if self.base is None:
            return self.source.read(name, MAX_LABEL_BYTES)
        try:
            fd = os.open(self.base + name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(fd, _READ)
                if len(data) == _READ:
                    blocks, total = [data], _READ
                    while data := os.read(fd, 1 << 20):
                        blocks.append(data)
                        total += len(data)
                        if total > MAX_LABEL_BYTES:
                            raise FileError(f"larger than {MAX_LABEL_BYTES} bytes")
                    data = b"".join(blocks)
            finally:
                os.close(fd)
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}") from error
        return data

    def head(self, name: str, size: int = 4096) -> bytes:
        return self.source.head(name, size)


def _own(folder: str, names: list[str]) -> list[str]:
    """Sorted names of one folder without the resource forks that macOS leaves beside the files."""
    forks = f"{folder}._"
    start = bisect.bisect_left(names, forks)
    if start == len(names) or not names[start].startswith(forks):
        return names
    return [name for name in names if not name.startswith(forks)]


@lru_cache(maxsize=2)
def tree_of(source: Source) -> Tree:
    """The tree of a source, sorted once for who recognises it and who opens it; one that is only looked at is soon let go."""
    return Tree(source)


def is_label_name(name: str) -> bool:
    base = name[name.rfind("/") + 1 :].lower()
    return base not in _NOT_LABELS and not base.startswith(_NOT_LABEL_STARTS)


def _may_have_others(names: Sequence[str]) -> bool:
    """Whether a look at each name is worth it: all at once takes half as long."""
    text = f"/{'/'.join(names)}".lower()
    return any(f"/{start}" in text for start in (*_NOT_LABELS, *_NOT_LABEL_STARTS))


def split_of(name: str) -> str:
    """The split that a path names, by its outermost folder called train, valid, test or the like."""
    for part in name.split("/")[:-1]:
        if part.lower() in SPLITS:
            return part
    return ""


def joined(folder: str, path: str) -> str | None:
    """A path as written in a file of ``folder``, as a name of the tree; None when it leaves the root."""
    path = path.replace("\\", "/")
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        return None
    name = posixpath.normpath(posixpath.join(folder, path))
    if name == ".":
        return ""
    return None if name == ".." or name.startswith("../") else name


def as_folder(name: str) -> str:
    return name + "/" if name and not name.endswith("/") else name
