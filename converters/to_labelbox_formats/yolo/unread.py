"""What of a source no rule of this reader looks at: files by folder and extension, each with the reason that is true of it."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Sequence

from to_labelbox.report.log import Log
from to_labelbox.report.observations import NO_RULE
from to_labelbox.source.image_headers import is_image
from to_labelbox.source.unread_files import note_unread_files
from to_labelbox_formats.yolo.assets import META_FILE
from to_labelbox_formats.yolo.detect import descriptors, names_files
from to_labelbox_formats.yolo.folders.descriptors import Descriptor
from to_labelbox_formats.yolo.folders.listing import Tree, is_label_name
from to_labelbox_formats.yolo.index import Index


def note_files(tree: Tree, index: Index, found: Descriptor | None, naming: Sequence[str], log: Log) -> None:
    """Name the files of a set of label files that are not read; ``naming`` are those that name the classes."""
    used = {*naming, *index.lists, *(n for n in tree.ending(".meta") if posixpath.basename(n) == META_FILE)}
    lists = (name for kind in names_files(tree) for name in kind)
    reasons = dict.fromkeys(lists, f"the classes are named by {naming[0] if naming else 'the descriptor'}")
    if found is not None:
        used |= {found.file, found.naming}
        reasons |= dict.fromkeys(descriptors(tree), f"{found.file} describes the set")
    reasons |= index.ignored
    reasons |= dict.fromkeys(index.unused, index.why_unused)
    partly = {name[: name.rfind("/") + 1] for name in (*index.ignored, *index.unused)} | tree.left.keys()

    def why(name: str) -> str:
        cut = name.rfind("/") + 1
        text = name.lower().endswith(".txt")
        if reason := reasons.get(name, ""):
            return reason
        if (text and is_label_name(name)) or is_image(name):
            return tree.left.get(name[:cut], "")
        return other_reason(name)

    read = {
        (folder, extension)
        for folder, extension in tree.source.groups
        if folder not in partly and (is_image("a" + extension) or (extension == ".txt" and folder in index.whole))
    }
    note_unread_files(log, tree.source, used, why, read)


def note_others(tree: Tree, used: Container[str], log: Log) -> None:
    """Name the files of a set without label files of its own which are not ``used``."""
    if not tree.source.is_file:
        note_unread_files(
            log, tree.source, used, lambda name: tree.left.get(name[: name.rfind("/") + 1], other_reason(name))
        )


def other_reason(name: str) -> str:
    """Why a file of no role is not read; nothing for what a system leaves beside files."""
    base = posixpath.basename(name)
    if base.startswith("._"):
        return ""
    if base.lower().endswith(".cache"):
        return "Ultralytics keeps there what it has found in label files"
    return "is hidden" if base.startswith(".") else NO_RULE
