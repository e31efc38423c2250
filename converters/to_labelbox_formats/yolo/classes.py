"""The classes of a set by id, from whatever names them."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence

from to_labelbox.model.schema import Kind, Label, Schema
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo.detect import YAML, names_files
from to_labelbox_formats.yolo.folders.descriptors import Descriptor, read_names, read_yaml, warn_of_duplicates
from to_labelbox_formats.yolo.folders.listing import Tree, tree_of
from to_labelbox_formats.yolo.options import Options
from to_labelbox_formats.yolo.rows import Rules, Task

_COMPARED = 8
"""Further files that name classes which are compared with the one that is followed."""


def names_of(
    tree: Tree,
    own: Descriptor | Mapping[int, str] | None,
    options: Options,
    log: Log,
    *,
    needed: bool = True,
    near: Container[str] = (),
    guessed: bool = False,
) -> tuple[dict[int, str] | None, list[str]]:
    """(classes by id, the files that name them): the user's file, the descriptor, or files that name classes and agree.

    Of several kinds of such files, one that lies in a folder of labels (``near``) goes before those that do not. ``guessed``: that
    the descriptor is of these labels is no more than likely, so that such a file which says otherwise is a question.
    """
    described = own.names if isinstance(own, Descriptor) else own
    names, files = dict(described) if described else None, []
    kinds = names_files(tree) if options.names is None else []
    kinds.sort(key=lambda kind: not any(file[: file.rfind("/") + 1] in near for file in kind))
    _put_ids_first(tree, kinds)
    if options.names is not None:
        names, files = _names_option(tree, options.names, log), [options.names]
    elif names is None and kinds:
        files = kinds.pop(0)
        for file in files:
            more = read_names(tree, file, log)
            known: dict[int, str] = names or {}
            if any(more[index] != known[index] for index in more.keys() & known):
                raise SourceError(
                    f"{file} names other classes than the same file of another folder, so ids mean different things: "
                    "convert the folders apart, or give one list with -O names=FILE"
                )
            names = known | more  # labelImg appends to the list of the folder in which it works
    if files and isinstance(own, Descriptor) and own.count not in (0, len(names or ())):
        told = (
            f"nc is {own.count}, but {n_of(len(names or ()), 'class is', 'classes are')} named in {files[0]}; names win"
        )
        log.note(Code.FIELD_REPAIRED, told, file=own.file)
    if not names and isinstance(own, Descriptor) and own.count:
        message = f"nc says {n_of(own.count, 'class', 'classes')}, and nothing names them: class_0, class_1, …"
        log.note(Code.CLASS_UNNAMED, message, file=own.file)
        names = {index: f"class_{index}" for index in range(own.count)}
    if not names:
        if needed:
            note_nameless(log)
        return None, files
    names = dict(sorted(names.items()))
    by = files[0] if files else (own.naming or own.file) if isinstance(own, Descriptor) else ""
    others = [file for kind in kinds for file in kind[:_COMPARED]]
    _tell_others(tree, names, by, others, near if guessed else (), log)
    warn_of_duplicates(names, files[-1] if files else "", log)
    return names, files


def _put_ids_first(tree: Tree, kinds: list[list[str]]) -> None:
    """Move a file that gives its classes ids before a list of the same names, whose order then says nothing.

    Label Studio writes ids that are set in its labelling config into rows and ``notes.json``, and ``classes.txt`` in another order.
    """
    with_ids = next((kind for kind in kinds if kind[0].endswith(".json")), None)
    if with_ids is None or with_ids is kinds[0]:
        return
    try:
        ids, lines = (read_names(tree, kind[0], Log()) for kind in (with_ids, kinds[0]))
    except FileError:
        return
    if ids != lines and sorted(ids.values()) == sorted(lines.values()):
        kinds.remove(with_ids)
        kinds.insert(0, with_ids)


def note_nameless(log: Log) -> None:
    log.note(Code.CLASS_UNNAMED, "no file names the classes: they become class_0, class_1, …; -O names=FILE names them")


def _tell_others(
    tree: Tree, names: Mapping[int, str], by: str, others: Sequence[str], asked: Container[str], log: Log
) -> None:
    """Say which file names the classes, where another one names them differently; ask for one in the ``asked`` folders."""
    for file in others[:_COMPARED]:
        try:
            more = read_names(tree, file, Log())
        except FileError:
            continue
        shared = more.keys() & names.keys()
        differ = [index for index in sorted(shared) if more[index].casefold() != names[index].casefold()]
        if differ and file[: file.rfind("/") + 1] in asked:
            ask(
                f"{tree.source.path}: {by} names other classes than {file} beside the labels, and its pictures are not where it says.",
                [
                    (f'-O names="{by}"', f"{differ[0]} is {names[differ[0]]!r}"),
                    (f'-O names="{file}"', f"{differ[0]} is {more[differ[0]]!r}"),
                ],
            )
        if differ:
            index = differ[0]
            log.assume(
                "class names",
                by or "those of the first line",
                for_=len(shared) - len(differ),
                against=len(differ),
                why=f"{file} names other classes: {index} is {more[index]!r} there and {names[index]!r} in what is followed",
                option=f"-O names={file}",
            )


def _names_option(tree: Tree, path: str, log: Log) -> dict[int, str] | None:
    if os.path.isfile(path):
        encoding, tree, path = tree.encoding, tree_of(Source(path)), os.path.basename(path)
        tree.encoding = encoding
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
