"""The classes of a set by id, from whatever names them."""

from __future__ import annotations

import os

from to_labelbox.model.schema import Kind, Label, Schema
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.detect import YAML, names_files
from to_labelbox_formats.yolo.folders.descriptors import read_names, read_yaml, warn_of_duplicates
from to_labelbox_formats.yolo.folders.listing import Tree, tree_of
from to_labelbox_formats.yolo.options import Options
from to_labelbox_formats.yolo.rows import Rules, Task


def names_of(
    tree: Tree, own: dict[int, str] | None, options: Options, log: Log, *, needed: bool = True
) -> dict[int, str] | None:
    """The classes by id: the user's file, the descriptor, or files that name classes and agree."""
    names, file = own, ""
    if options.names is not None:
        names, file = _names_option(tree, options.names, log), options.names
    elif names is None:
        for file in names_files(tree):
            more = read_names(tree, file, log)
            known: dict[int, str] = names or {}
            if any(more[index] != known[index] for index in more.keys() & known):
                raise SourceError(
                    f"{file} names other classes than the same file of another folder, so ids mean different things: "
                    "convert the folders apart, or give one list with -O names=FILE"
                )
            names = known | more  # labelImg appends to the list of the folder in which it works
    if not names:
        if not needed:
            return None
        log.note(
            Code.CLASS_UNNAMED, "no file names the classes: they become class_0, class_1, …; -O names=FILE names them"
        )
        return None
    names = dict(sorted(names.items()))
    warn_of_duplicates(names, file, log)
    return names


def _names_option(tree: Tree, path: str, log: Log) -> dict[int, str] | None:
    if os.path.isfile(path):
        tree, path = tree_of(Source(path)), os.path.basename(path)
    elif not tree.has(path):
        raise UsageError(f"-O names={path}: no such file")
    if path.lower().endswith(YAML):
        return read_yaml(tree, path, log).names
    return read_names(tree, path, log)


def schema_of(rules: Rules) -> Schema:
    """All named classes, used or not; outlines become polygons, everything else is left to what occurs."""
    outlines = rules.task in (Task.SEGMENT, Task.OBB, Task.DOTA) and not rules.mixed
    kinds = (Kind.POLYGON,) if outlines else ()
    return Schema(tuple(Label(name, kinds) for name in dict.fromkeys((rules.names or {}).values())))
