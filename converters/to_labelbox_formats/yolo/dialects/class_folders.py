"""Classification sets: one folder of pictures a class, below folders for the splits or not; CVAT's labels.json.

``<root>/<split>/<class>/…/picture`` or ``<root>/<class>/…/picture``; folders that hold all others, as in archives, are
passed over. For several labels a picture,
``<split>/labels.json`` maps ids to ``{"path": …, "labels": […]}`` [CVAT's export of "Ultralytics YOLO Classification"].
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from to_labelbox.model.schema import Input, Option, Question
from to_labelbox.model.text import n_of, pattern, text_name
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.yolo.folders.descriptors import MAX_DESCRIPTOR_BYTES
from to_labelbox_formats.yolo.folders.listing import SPLITS, Tree

if TYPE_CHECKING:
    from to_labelbox_formats.yolo.options import SplitFolders

QUESTION = "class"
LABELS_FILE = "labels.json"
NO_LABEL = "no_label"
"""CVAT's folder for pictures without a class."""
_OTHER_MEANING = frozenset(
    "jpegimages segmentationclass segmentationobject annotations imagesets images image imgs labels labeltxt masks "
    "mask frames videos depth".split()
)
_WORDS = pattern(r"[^\W\d_]+")
_LOOKED_AT = 20
_TABLE = pattern(rb"(?i)[^\n]*\.(?:jpe?g|png|bmp|tiff?|webp)[\"']?(?:[,;\t][^\n]*){2}\n")
"""A line with the name of a picture and two more columns."""


class Entry(Struct, frozen=True):
    """A picture with its classes."""

    name: str
    split: str
    classes: tuple[str, ...]


class _Record(Struct):
    path: str = ""
    labels: list[str] = []


def looks_like_classes(tree: Tree) -> tuple[bool, str]:
    """(whether the folders can be classes, why or why not)."""
    if not tree.images:
        return False, "there are no pictures"
    others = tree.ending(".json", ".xml", ".yaml", ".yml", ".csv", ".data", ".names")
    others = [n for n in others if posixpath.basename(n) != LABELS_FILE]
    if others:
        return False, f"{others[0]} is there, so the folders of pictures are no classes"
    if any(tree.texts):
        return False, "text files beside the pictures hold no YOLO rows"
    for name in tree.ending(".txt")[:_LOOKED_AT]:
        if _TABLE.match(tree.head(name)):
            return False, f"{name} says more of each picture than its folder"
    splits = 0
    classes: set[str] = set()
    top = _top(tree)
    kinds = _kinds(tree, top)
    for folder in tree.images:
        split, name = kinds.of(folder[len(top) :])
        if not name and split and kinds.nested:
            splits += 1
            continue
        if not name:
            return False, f"pictures lie directly in {folder or 'the top folder'}, not in a folder of their class"
        if _of_other_meaning(name):
            return False, f"{folder} is a folder of pictures, not of a class"
        splits += bool(split)
        classes.add(name)
    if splits and splits < len(tree.images):
        return False, "some folders are splits and others are not"
    if not splits and len(classes) < 2:
        return False, "there is only one folder of pictures"
    where = "below folders of splits" if splits else "at the top"
    return True, f"only pictures, in {n_of(len(classes), 'folder of a class', 'folders of classes')} {where}"


def _of_other_meaning(name: str) -> bool:
    """Whether a folder is called by what it holds, be it of one split: ``images``, ``Test_Images``."""
    words = set(_WORDS.findall(name.lower()))
    return name.lower() in _OTHER_MEANING or (len(words) == 2 and words <= _OTHER_MEANING | SPLITS)


def _top(tree: Tree) -> str:
    """The folder in which the splits or classes are, when it and nothing else holds all pictures."""
    top = ""
    while True:
        inner = {folder[len(top) :].partition("/")[0] for folder in tree.images}
        name = next(iter(inner)) if len(inner) == 1 else ""
        deeper = name and f"{top}{name}/" not in tree.images
        if not deeper or name.lower() in SPLITS or name.lower() in _OTHER_MEANING:
            return top
        top += f"{name}/"


class _Kinds(Struct, frozen=True):
    """What folders called like splits are: ``nested``, some of them hold folders of classes; ``classes``, all of them are classes."""

    nested: bool
    classes: bool

    def of(self, folder: str) -> tuple[str, str]:
        """(split, class) of a folder of pictures; a split without classes has none."""
        parts = folder.split("/")[:-1]
        if parts and parts[0].lower() in SPLITS and not self.classes:
            return parts[0], parts[1] if len(parts) > 1 else ""
        return "", parts[0] if parts else ""


def _kinds(tree: Tree, top: str) -> _Kinds:
    """A folder that is called like a split and holds pictures itself, beside folders that are no splits, is a class."""
    nested = direct = others = False
    for folder in tree.images:
        first, *rest = folder[len(top) :].split("/")
        split = first.lower() in SPLITS and bool(rest)
        nested = nested or (split and len(rest) > 1)
        direct = direct or (split and len(rest) == 1)
        others = others or (not split and bool(rest))
    return _Kinds(nested, direct and others and not nested)


def read_folders(tree: Tree, split_folders: SplitFolders, log: Log) -> tuple[list[Entry], Question]:
    """All pictures in order, and the question with the classes in the order that Ultralytics numbers them: sorted."""
    told = _labels_json(tree, log)
    entries: list[Entry] = []
    top = _top(tree)
    kinds = _kinds(tree, top)
    if split_folders == "splits":
        kinds = _Kinds(kinds.nested, classes=False)
    _tell_kinds(tree, top, kinds, log)
    for folder in sorted(tree.images):
        split, written = kinds.of(folder[len(top) :])
        name = text_name(written)
        if name != written:
            message = "the folder's name is not UTF-8; the class is called as it reads with those bytes escaped"
            log.note(Code.NAME_CLEANED, message, file=text_name(folder))
        for image in tree.images[folder]:
            if image in told:
                classes = told[image]
            else:
                classes = (name,) if name and name != NO_LABEL else ()
            entries.append(Entry(image, split, classes))
    names = sorted({c for e in entries for c in e.classes})
    several = any(len(e.classes) > 1 for e in entries)
    by_split: dict[str, set[str]] = {}
    for entry in entries:
        by_split.setdefault(entry.split, set()).update(entry.classes)
    for split, found in by_split.items():
        if found and found != set(names):
            lacking = sorted(set(names) - found)
            log.decide(
                f"split {split!r} has no folder for {', '.join(lacking[:5])}; the classes of all splits are united"
            )
    return entries, Question(
        QUESTION, Input.CHECKLIST if several else None, tuple(Option(n) for n in names), classes=True
    )


def _tell_kinds(tree: Tree, top: str, kinds: _Kinds, log: Log) -> None:
    """Say what was made of folders that are called like splits and hold pictures themselves."""
    for folder, names in sorted(tree.images.items()):
        name = folder[len(top) : -1]
        if name.lower() not in SPLITS:
            continue
        if kinds.classes:
            log.assume(
                "folder called like a split",
                f"{name} is a class",
                unknown=len(names),
                why=f"{folder} holds {n_of(len(names), 'picture')} itself and lies beside folders of classes",
                option="-O split_folders=splits",
            )
        else:
            message = f"{n_of(len(names), 'picture lies', 'pictures lie')} in no folder of a class: no answer for a data row there"
            log.note(Code.FILE_MISSING, message, file=folder, count=len(names))


def _labels_json(tree: Tree, log: Log) -> dict[str, tuple[str, ...]]:
    """Classes by picture from all labels.json files; a picture that they do not name keeps its folder's class."""
    told: dict[str, tuple[str, ...]] = {}
    for file in tree.ending(".json"):
        if posixpath.basename(file) != LABELS_FILE:
            continue
        folder = file[: file.rfind("/") + 1]
        try:
            records = msgspec.json.decode(tree.source.read(file, MAX_DESCRIPTOR_BYTES), type=dict[str, _Record])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.file_unreadable(file, f"does not map ids to path and labels: {in_words(error)}")
            continue
        except FileError as error:
            log.file_unreadable(file, str(error))
            continue
        for key, record in records.items():
            path = record.path or key
            found = next((n for n in (folder + path, path) if tree.has(n)), None)
            if found is None:
                log.note(Code.FILE_MISSING, f"names {path}, which is not there", file=file, id=key)
            else:
                told[found] = tuple(dict.fromkeys(label for label in record.labels if label.strip()))
                if not all(map(str.strip, record.labels)):
                    log.note(Code.FIELD_IGNORED, "a label without a name is left out", file=file, id=key)
    return told
