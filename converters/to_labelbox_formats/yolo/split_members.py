"""Which pictures belong to a set, and in which split: as a descriptor says, or by the folders alone."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from to_labelbox.model.text import pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.report.log import Log
from to_labelbox.source.image_headers import is_image
from to_labelbox.source.splits import SPLIT_PATTERN
from to_labelbox_formats.yolo.folders.descriptors import Descriptor, strip_data, text_of, unquoted
from to_labelbox_formats.yolo.folders.label_folders import (
    PICTURE_FOLDERS,
    label_folders,
    label_of,
    labels_near,
    picture_folder,
)
from to_labelbox_formats.yolo.folders.listing import SPLITS, Tree, as_folder, is_label_name, joined, split_of
from to_labelbox_formats.yolo.task import ROWS, looks_like_rows

_SPLIT_WORD = pattern(rf"(?i)(?<![a-z])(?:{SPLIT_PATTERN})(?![a-z])")
_ALIASES = (("valid", "val", "validation"), ("val", "valid", "validation"), ("validation", "val", "valid"))


class Entries:
    """Pictures of a set while it is being indexed, each once, in the first split that names it.

    ``groups`` are (split, whether the files are there, names); those of whole folders share the listing's own lists.
    ``guessed``: nothing was where the descriptor says. ``by_name``: splits are words of folders' names.
    ``unused`` are pictures that are no part of the set, and why.
    """

    def __init__(self, tree: Tree, log: Log) -> None:
        self.tree = tree
        self.log = log
        self.groups: list[tuple[str, bool, list[str]]] = []
        self.roots: list[tuple[str, str]] = []
        self.resolved = False
        self.guessed = False
        self.by_name = False
        self.lists: set[str] = set()
        self.unused: set[str] = set()
        self.why_unused = ""
        self._named: set[str] = set()
        self._folders: set[str] = set()
        self._called: dict[str, str] = {}
        self._again = 0

    def add(self, split: str, name: str, present: bool) -> None:
        if name in self._named or name[: name.rfind("/") + 1] in self._folders:
            self._again += 1
            return
        if not self._named or not self.groups or self.groups[-1][:2] != (split, present):
            self.groups.append((split, present, []))
        self._named.add(name)
        self.groups[-1][2].append(name)

    def add_folder(self, split: str, folder: str) -> None:
        """All pictures below a folder."""
        self.roots.append((split, folder))
        self.resolved = True
        for name in sorted(self.tree.images):
            if name.startswith(folder):
                self.add_images(split, name)

    def add_images(self, split: str, folder: str) -> None:
        """The pictures of one folder."""
        images = self.tree.images[folder]
        fresh = images if not self._named else [name for name in images if name not in self._named]
        if folder in self._folders:
            fresh = []
        self._folders.add(folder)
        self._again += len(images) - len(fresh)
        if fresh:
            self.groups.append((split, True, fresh))

    def picture_called(self, line: str) -> str:
        """The only picture of the tree that a line of a list means by its name, with or without its extension, or by that of its label file."""
        if not self._called:
            self._called = {"": ""}
            for name in (name for names in self.tree.images.values() for name in names):
                base = name[name.rfind("/") + 1 :]
                for key in (base, base[: base.rfind(".")]):
                    self._called[key] = "" if key in self._called else name
        for text in (line, *line.split(maxsplit=1)):
            base = text[text.rfind("/") + 1 :]
            if found := self._called.get(base) or self._called.get(base.removesuffix(".txt"), ""):
                return found
        return ""

    def holds(self, folder: str) -> bool:
        """Whether a picture of the set, or a label file, is below a folder."""
        named = (name for _, _, names in self.groups for name in names)
        return any(name.startswith(folder) for name in named) or any(
            below.startswith(folder) and any(map(is_label_name, names)) for below, names in self.tree.texts.items()
        )

    def close(self) -> None:
        self._named.clear()
        if self._again:
            times = "once" if self._again == 1 else f"{self._again} times"
            self.log.decide(f"{times} a picture is named again by a split or list; it stays in the first that names it")


def from_descriptor(tree: Tree, found: Descriptor, log: Log) -> Entries:
    """The splits that data.yaml or obj.data names. Raises :class:`SourceError` when none of them is there."""
    entries = Entries(tree, log)
    missing = _resolve_all(tree, entries, found, _bases(tree, found, log))
    places = [] if entries.resolved else _further_down(tree, found)
    if len(places) == 1:
        base = places[0]
        log.assume(
            "place of the splits",
            base,
            unknown=len(found.splits),
            why=f"{found.file}: the splits are not where it says but below {base}",
            option="-O root=FOLDER",
        )
        missing = _resolve_all(tree, entries, found, [base])
        entries.guessed = True
    if not entries.resolved and not found.splits:
        return everything(tree, log)
    if not entries.resolved and not places and _has_rows(tree):
        where = "are of another computer" if _of_another_computer(tree, found) else f"lead nowhere ({missing[0]})"
        message = f"its paths {where}: all pictures and labels are taken, in the splits that their folders name"
        log.note(Code.FILE_MISSING, message, file=found.file)
        entries = everything(tree, log)
        entries.guessed = True
        return entries
    if not entries.resolved:
        links = f"{', '.join(tree.source.links[:4])}: links are not followed. " if tree.source.links else ""
        raise SourceError(
            f"{found.file}: no picture and no label of any split is below the source:\n  "
            + "\n  ".join(missing)
            + f"\n{links}"
            f"Give the folder that holds them as the source, or name it with -O root={_real_root(tree, found)}"
        )
    for text in missing:
        log.note(Code.FILE_MISSING, text, file=found.file)
    left = sum(map(len, tree.images.values())) - sum(len(names) for _, present, names in entries.groups if present)
    if left:
        log.note(Code.FILE_IGNORED, "pictures that no split names are left out", count=left)
        entries.why_unused = "no split names it"
        taken = {name for _, present, names in entries.groups if present for name in names}
        entries.unused = {name for names in tree.images.values() for name in names if name not in taken}
    entries.close()
    return entries


def is_there(tree: Tree, found: Descriptor) -> bool:
    """Whether a split is where the descriptor says."""
    entries = Entries(tree, Log())
    _resolve_all(tree, entries, found, _bases(tree, found, entries.log))
    return entries.resolved


def _resolve_all(tree: Tree, entries: Entries, found: Descriptor, bases: list[str]) -> list[str]:
    """Add all splits; what is said of those that are not there."""
    missing: list[str] = []
    for split, paths in found.splits.items():
        for path in paths:
            tried: list[str] = []
            if not _resolve(tree, entries, split, path, bases, tried):
                missing.append(f"{split}: {path} (tried {', '.join(tried) or 'nothing below the source'})")
    return missing


def _bases(tree: Tree, found: Descriptor, log: Log) -> list[str]:
    """Folders that splits may be relative to: ``path`` from the descriptor's folder, that folder, any end of ``path``, the top."""
    root = _root(tree, found)
    if found.root is None or root is not None:
        return list(dict.fromkeys([*([] if root is None else [root]), found.folder, ""]))
    ends = [as_folder(joined(start, end) or "") for end in _ends(found.root) for start in (found.folder, "")]
    ends = [end for end in dict.fromkeys(ends) if end and tree.has_folder(end)]
    log.assume(
        "root of the splits",
        f"the folder of {posixpath.basename(found.file)}",
        unknown=len(found.splits),
        why=f"{found.file}: path {found.root!r} is not below the source; splits are looked up from the folder of "
        f"{posixpath.basename(found.file)}{''.join(f', from {end}' for end in ends)}",
        option="-O root=FOLDER",
    )
    return list(dict.fromkeys([found.folder, *ends, ""]))


def _root(tree: Tree, found: Descriptor) -> str | None:
    """The folder of the source that ``path`` names, when it names one."""
    if found.root is None or "\0" in found.root:
        return None
    below = joined(found.folder, found.root)
    if below is None and tree.source.folder is not None and os.path.isabs(found.root):
        below = joined("", os.path.relpath(os.path.realpath(found.root), os.path.realpath(tree.source.folder)))
    return as_folder(below) if below is not None and tree.has_folder(as_folder(below)) else None


def _ends(path: str) -> list[str]:
    """a/b/c → a/b/c, b/c, c, without drive and what leads out of a folder."""
    parts = [
        part for part in re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/")).split("/") if part not in ("", ".", "..")
    ]
    return ["/".join(parts[n:]) for n in range(len(parts))]


def _further_down(tree: Tree, found: Descriptor) -> list[str]:
    """The folders below which the most splits are, by the longest ends of their paths that are anywhere."""
    places = [*(folder[:-1] for folder in tree.folders_by_case.values()), *tree.names]
    votes: Counter[str] = Counter()
    for path in (path for paths in found.splits.values() for path in paths):
        whole, *ends = _ends(path) or [""]
        for end in (whole, *(end for end in ends if "/" in end)):
            here = {place[: -len(end)] for place in places if place.endswith(f"/{end}")} if end else set()
            votes.update(here)
            if here:
                break
    return [base for base, count in votes.items() if count == max(votes.values())]


def _of_another_computer(tree: Tree, found: Descriptor) -> bool:
    """Whether no path of the descriptor can mean a place of the source."""
    if found.root is not None and _root(tree, found) is None:
        return True
    return all(joined(found.folder, path) is None for paths in found.splits.values() for path in paths)


def _real_root(tree: Tree, found: Descriptor) -> str:
    """The folder outside of the source that ``path`` names, if there is one on this computer."""
    if tree.source.folder is not None and found.root is not None:
        path = os.path.normpath(os.path.join(tree.source.folder, found.folder, found.root))
        if os.path.isdir(path):
            return path
    return "FOLDER"


def _has_rows(tree: Tree) -> bool:
    """Whether there are label files, by the first of each folder."""
    for names in tree.texts.values():
        label = next(filter(is_label_name, names), None)
        if label is not None and looks_like_rows(tree.head(label)) in ROWS:
            return True
    return False


def _candidates(path: str, bases: list[str]) -> Iterator[str]:
    path = path.replace("\\", "/")
    plain = re.sub(r"^(?:\.\./)+", "", path)
    versions = dict.fromkeys((path, plain, strip_data(path)))
    for version in list(versions):
        parts = version.split("/")
        for name, *others in _ALIASES:
            versions.update(dict.fromkeys("/".join(o if p == name else p for p in parts) for o in others))
    for version in versions:
        for base in bases:
            found = joined(base, version)
            if found is not None:
                yield found
    # a path from another computer: the longest end of it that is here, but never another split's
    tail = re.sub(r"^[A-Za-z]:", "", plain).strip("/").split("/")
    while len(tail) > 1 and not (len(tail) < 4 and tail[0].lower() in SPLITS):
        tail = tail[1:]
        for base in bases:
            found = joined(base, "/".join(tail))
            if found:
                yield found


def _resolve(tree: Tree, entries: Entries, split: str, path: str, bases: list[str], tried: list[str]) -> bool:
    """Add what one entry of a split names: a folder, a list file, or a single picture."""
    for name in dict.fromkeys(_candidates(path, bases)):
        tried.append(name or ".")
        if tree.has(name) and not is_image(name):
            entries.resolved = True
            entries.lists.add(name)
            _read_list(tree, entries, split, name, bases)
            return True
        if tree.has(name) or (is_image(name) and label_of(tree, name)):
            entries.add(split, name, tree.has(name))
            entries.resolved = True
            return True
        folder = as_folder(name)
        if beside := _beside_labels(tree, folder):
            message = f"{split} names {folder}, which has labels and no pictures: those of {beside} are taken"
            entries.log.note(Code.FIELD_REPAIRED, message)
            entries.add_folder(split, beside)
            return True
        if tree.has_folder(folder) or tree.has_folder(next(label_folders(folder))):
            entries.add_folder(split, folder)
            if not tree.has_folder(folder) and (other := _called_otherwise(tree, folder)):
                entries.log.assume(
                    "folder of pictures",
                    other,
                    unknown=len(tree.images[other]),
                    why=f"{split}: {folder} is not there; its labels are those of the pictures in {other}",
                    option="-O root=FOLDER",
                )
                entries.add_folder(split, other)
            return True
    for name in tried:  # written on a system to which upper and lower case are the same
        if like := tree.folders_by_case.get(as_folder(name).lower()):
            entries.add_folder(split, like)
            return True
    return False


def _beside_labels(tree: Tree, folder: str) -> str:
    """The folder of pictures beside a folder of labels that holds none; nothing for any other folder."""
    beside = picture_folder(folder)
    if beside == folder or not tree.has_folder(folder) or any(name.startswith(folder) for name in tree.images):
        return ""
    return beside if any(name.startswith(beside) for name in tree.images) else ""


def _called_otherwise(tree: Tree, folder: str) -> str | None:
    """The one folder of pictures with the labels of a folder that is not there: its ``images`` has another name."""
    parts, labels = folder.split("/"), set(label_folders(folder))
    found = []
    for other in tree.images:
        names = other.split("/")
        differ = [part.lower() for part, name in zip(parts, names) if part != name]
        if len(names) == len(parts) and len(differ) == 1 and differ[0] in PICTURE_FOLDERS:
            near = labels_near(tree, other)
            if near in labels and any(label_of(tree, name) for name in tree.images[other]):
                found.append(other)
    return found[0] if len(found) == 1 else None


def _read_list(tree: Tree, entries: Entries, split: str, file: str, bases: list[str]) -> None:
    """A text file of picture paths: from its own folder when they start with ``./``, else from the root."""
    here = file[: file.rfind("/") + 1]
    folders: dict[str, str] = {}
    without_pictures = not tree.images
    count = 0
    for number, line in enumerate(text_of(tree, file).splitlines(), 1):
        path = unquoted(line.strip()).replace("\\", "/")
        if not path:
            continue
        count += 1
        cut = path.rfind("/") + 1
        name = folders.get(path[:cut], "\0") + path[cut:]
        if not tree.has(name):
            order = [here, *bases] if path.startswith("./") else [*bases, here]
            options = list(dict.fromkeys(_candidates(path, order)))
            name = next((o for o in options if tree.has(o) or label_of(tree, o)), "")
            if not is_image(name) or not tree.has(name):
                called = entries.picture_called(path)
                if called and (not is_image(name) or "/" not in name or label_of(tree, called) == label_of(tree, name)):
                    name = called
            if not name and without_pictures and options:
                name = joined(order[0], strip_data(path)) or options[-1]
            if not name or not is_image(name):
                message = f"names {path}, which is not below the source"
                entries.log.note(Code.FILE_MISSING, message, file=file, where=f"line {number}")
                continue
            if name.endswith(path[cut:]):
                folders[path[:cut]] = name[: len(name) - len(path[cut:])]
        entries.add(split, name, tree.has(name))
    if not count:
        entries.log.note(Code.FILE_MISSING, "lists no picture", file=file)


# ---------------------------------------------------------------------------------------------------- without splits


def everything(tree: Tree, log: Log) -> Entries:
    """All pictures that have labels near, that lie in a folder of pictures like those, or in one named after a split."""
    entries = Entries(tree, log)
    entries.by_name = True
    others = []
    labelled = {folder for folder in tree.images if labels_near(tree, folder) is not None}
    shapes = {shape for folder in labelled for shape in _shapes(folder)}
    for folder in sorted(tree.images):
        pictures = not shapes.isdisjoint(_shapes(folder)) if labelled else _in_pictures(folder)
        if folder in labelled or pictures or split_of(folder):
            entries.add_images(split_of(folder), folder)
        else:
            others.append(folder)
    if entries.groups:
        ignored = sum(len(tree.images[folder]) for folder in others)
        if ignored:
            log.note(Code.FILE_IGNORED, "pictures in folders without labels are no part of the set", count=ignored)
            entries.why_unused = "no label file is near it"
            entries.unused = {name for folder in others for name in tree.images[folder]}
    else:
        for folder in others:
            entries.add_images("", folder)
    entries.roots.append(("", ""))
    entries.close()
    return entries


def _in_pictures(folder: str) -> bool:
    return not set(PICTURE_FOLDERS).isdisjoint(folder.lower().split("/"))


def _shapes(folder: str) -> Iterator[str]:
    """Patterns that folders of one set have in common.

    All are below one ``images``, or are ``images`` at the same place beside others, or differ in the name of their split.

    A code repository has folders of pictures for its pages, too, which are found elsewhere.
    """
    parts = folder.split("/")[:-1]
    named = [n for n, part in enumerate(parts) if part.lower() in PICTURE_FOLDERS]
    if (of_any_split := _SPLIT_WORD.sub("*", folder)) != folder:
        yield of_any_split
    if named:
        yield "/".join(parts[: named[0] + 1])
        for n in range(named[0]):
            if parts[n].lower() not in SPLITS:
                yield "/".join([*parts[:n], "*", *parts[n + 1 : named[0] + 1]])
