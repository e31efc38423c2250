"""Opening a set: its descriptor, classes and task, and the iteration over label files."""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Callable, Iterator
from itertools import compress

import msgspec

from to_labelbox.model.items import Asset, Item
from to_labelbox.model.text import n_of
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox.source.option_file import codec_of
from to_labelbox_formats.yolo.assets import FoundIn, Pictures, load_sizes
from to_labelbox_formats.yolo.box_rows import BoxRows
from to_labelbox_formats.yolo.classes import names_of, note_nameless, schema_of
from to_labelbox_formats.yolo.columns import Columns, columns_of
from to_labelbox_formats.yolo.conventions import (
    are_crossed,
    as_headed,
    ask_columns,
    ask_sixth_value,
    ask_units,
    counted_from_zero,
    decide_box,
    first_class,
    share_keypoint_names,
    tell_guessed_classes,
    tell_task,
    tell_visibility,
)
from to_labelbox_formats.yolo.detect import (
    NDJSON,
    NO_FILE_OF_YOLO,
    SINGLE,
    descriptors,
    first_line,
    is_ndjson,
    keras_files,
    yamls,
)
from to_labelbox_formats.yolo.dialects import class_folders as folders
from to_labelbox_formats.yolo.folders.descriptors import Descriptor, read_obj_data, read_yaml
from to_labelbox_formats.yolo.folders.listing import KERAS, Tree, joined, tree_of
from to_labelbox_formats.yolo.index import Index, build
from to_labelbox_formats.yolo.options import Options, Units, keypoints_of, rules_of
from to_labelbox_formats.yolo.rivals import choose
from to_labelbox_formats.yolo.rows import Frame, Rows, Rules, Task
from to_labelbox_formats.yolo.split_members import Entries, everything, from_descriptor, is_there
from to_labelbox_formats.yolo.task import SAMPLE, Evidence, Finding, counts_from_one, decide
from to_labelbox_formats.yolo.unread import note_files


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open a set: its classes, splits and task."""
    try:
        tree = tree_of(source)
        tree.encoding = codec_of(options.encoding)
        name = source.names[0] if source.is_file else ""
        if name and not name.lower().endswith(SINGLE):
            raise SourceError(f"{source.path}: {NO_FILE_OF_YOLO}")
        lines = [name] if name else tree.ending(*NDJSON)
        if len(lines) == 1 and lines[0].lower().endswith(NDJSON) and is_ndjson(first_line(tree, lines[0])):
            from to_labelbox_formats.yolo.datasets_without_labels import open_ndjson  # others have labels

            return open_ndjson(tree, lines[0], options, context)
        if name.lower().endswith(".txt"):
            from to_labelbox_formats.yolo.datasets_without_labels import open_keras

            return open_keras(tree, [name], options, context)
        if source.is_file and source.folder is not None:
            tree = tree_of(_neighbours(source))
            tree.encoding = codec_of(options.encoding)
            source.read_beside += [name for names in tree.texts.values() for name in names]
        found = _descriptor(tree, options, context.log, name)
        files = keras_files(tree) if found is None or _names_keras_lines(found) else []
        if files:
            from to_labelbox_formats.yolo.datasets_without_labels import open_keras

            return open_keras(tree, files, options, context)
        if options.root is not None:
            tree, found = _elsewhere(options.root, found)
        if tree.outputs:
            message = (
                "pictures and texts that YOLO's own programs have written while training or predicting are left out"
            )
            context.log.note(Code.FILE_IGNORED, message, count=tree.outputs)
        if found is not None and found.masks:
            raise SourceError(f"{found.file}: masks_dir describes semantic masks, which are not read")
        classify = options.task or (found.task if found else "")
        if classify == Task.CLASSIFY or (found is None and not any(tree.texts) and folders.looks_like_classes(tree)[0]):
            from to_labelbox_formats.yolo.datasets_without_labels import open_folders

            return open_folders(tree, options, context)
        return _read_rows(tree, found, options, context)
    except FileError as error:
        raise SourceError(f"{source.path}: {error}") from error


def _neighbours(source: Source) -> Source:
    return Source(source.folder or ".")


def _descriptor(tree: Tree, options: Options, log: Log, named: str) -> Descriptor | None:
    """The descriptor of a set, by preference the one that the user names, or that is called like the folder."""
    if options.data is not None:
        wanted = joined("", options.data)
        if wanted is None or not tree.has(wanted):
            raise UsageError(f"-O data={options.data}: no such file in the source")
        named = wanted
    if not named:
        found = descriptors(tree)
        if not found:
            return None
        if len({posixpath.dirname(n) for n in found}) > 1:
            raise SourceError(f"{' and '.join(found[:5])} describe different sets: give one of them, or use batch")
        usual = [f"{tree.source.name}.yaml", "data.yaml", "dataset.yaml", "data.yml", "dataset.yml", "obj.data"]
        ranked = [n for u in usual for n in found if posixpath.basename(n).lower() == u.lower()]
        if len(found) > 1 and not ranked:
            ranked = [n for n in found if _leads_somewhere(tree, n)]
            if len(ranked) != 1:
                ask(
                    f"{tree.source.path}: {', '.join(found[:5])} each describe the set.",
                    [(f'-O data="{name}"', f"the splits and classes of {name}") for name in found[:5]],
                )
        named = (ranked or found)[0]
        if len(found) > 1:
            other = found[found[0] == named]
            log.assume(
                "descriptor",
                named,
                unknown=len(found),
                why=f"{named} is followed, not {other} beside it",
                option=f"-O data={other}",
            )
    return _read(tree, named, log, named=options.names is not None)


def _names_keras_lines(found: Descriptor) -> bool:
    """Whether the lists of a descriptor are Roboflow's lines for Keras, which hold the boxes themselves."""
    paths = [path for paths in found.splits.values() for path in paths]
    return bool(paths) and all(path.endswith(KERAS) for path in paths)


def _read(tree: Tree, file: str, log: Log, *, named: bool) -> Descriptor:
    read = read_obj_data if file.lower().endswith(".data") else read_yaml
    return read(tree, file, log, named=named)


def _leads_somewhere(tree: Tree, file: str) -> bool:
    """Whether a split of a descriptor is there: copies of YOLO's programs bring those of many other sets."""
    try:
        return is_there(tree, _read(tree, file, Log(), named=True))
    except FileError:
        return False


def _elsewhere(root: str, found: Descriptor | None) -> tuple[Tree, Descriptor | None]:
    """The tree of ``-O root=``, to which everything in the descriptor is relative then."""
    if not os.path.isdir(root):
        raise UsageError(f"-O root={root}: no such folder")
    if found is not None:
        found = msgspec.structs.replace(found, file=posixpath.basename(found.file), root=None)
    return Tree(Source(root)), found


# ------------------------------------------------------------------------------------------------------- label files


def _note_task(
    finding: Finding, evidence: Evidence, total: int, told: bool, keypoints: tuple[int, int] | None, log: Log
) -> None:
    """Say what the rows are taken for; ``told``: by an option or a descriptor. Raises :class:`SourceError`."""
    is_pose = finding.task is Task.POSE
    looked = "all" if evidence.files == total else f"{evidence.files}, spread evenly,"
    told = told or (keypoints is not None and is_pose)
    tell_task(finding, evidence, told, f"{looked} of {n_of(total, 'label file')}", log)
    if is_pose and keypoints is None:
        raise SourceError("poses need the number of keypoints: add -O kpt_shape=17x3 or the like")


def _indexed(tree: Tree, found: Descriptor | None, options: Options, pictures: Pictures, log: Log) -> Index:
    entries = from_descriptor(tree, found, log) if found and found.splits else everything(tree, log)
    if found and entries.guessed and options.names is None:
        _refuse_other_classes(tree, found, entries)
    return build(entries, pictures, chosen=options.labels is not None)


def _read_rows(tree: Tree, found: Descriptor | None, options: Options, context: ReadContext) -> Dataset:
    log = context.log
    if options.labels is not None:
        tree = choose(tree, options.labels)
    keypoints = keypoints_of(options.kpt_shape, found.keypoints if found else None)
    sizes = load_sizes(tree, options.sizes)
    pictures = Pictures(tree, context, sizes)
    index = _indexed(tree, found, options, pictures, log)

    def frame_of(unit: int) -> Frame:
        return pictures.frame(index.assets[unit], _PLACES[index.places[unit]], Log(), rows=False)

    near, guessed = {*index.label_folders.values()}, index.guessed
    names, naming = names_of(tree, found, options, log, needed=False, near=near, guessed=guessed)
    evidence, total = _evidence(tree, index, len(names or ()), columns_of(options.columns))
    path = tree.source.path
    ask_columns(options := as_headed(options, evidence, log), evidence, path)
    finding = _task_of(tree, index, evidence, options, found.task if found else "", keypoints, frame_of)
    if found is not None and index.guessed and found.names and options.names is None:
        tell_guessed_classes(found.file, found.names, evidence, log)
    names = counted_from_zero(options, evidence, names, path)
    told = options.task is not None or bool(found and found.task)
    _note_task(finding, evidence, total, told, keypoints, log)
    dota = finding.task is Task.DOTA
    if names is None and not dota:
        note_nameless(log)
    pixels = options.units is Units.PIXELS or (dota and options.units is Units.AUTO)
    ask_units(options, evidence, dota, path)
    tell_visibility(options, evidence, finding.task, path, log)
    rules = rules_of(
        options,
        finding.task,
        names,
        keypoints=keypoints,
        keypoint_names=share_keypoint_names(found.keypoint_names, len(names or ()), options, found.file, log)
        if found and options.kpt_shape is None
        else {},
        pixels=pixels,
        mixed=finding.mixed,
        box=decide_box(options, evidence, finding.task, frame_of, path, log),
        first_class=first_class(options, evidence, names, path) if not dota else 0,
        odd_outlines=evidence.odd_outlines,
        scored=evidence.keypoints_scored,
        crossed=are_crossed(options, evidence, log),
    )
    ask_sixth_value(options, evidence, finding.task, path)
    _note_no_labels(tree, index, total, log)
    note_files(tree, index, found, naming, log)
    if dota:
        pictures = Pictures(tree, context, sizes, upright=False)

    def unlabelled(unit: int) -> list[Item]:
        path = pictures.path(index.assets[unit], _PLACES[index.places[unit]])
        return [Item(asset=Asset(path=path), split=index.split_names[index.splits[unit]], origin=index.assets[unit])]

    return Dataset(
        tree.source.name,
        schema_of(rules),
        len(index),
        _iterator(tree, index, pictures, rules),
        {"task": str(finding.task), "descriptor": found.file if found else ""},
        unit_name=index.assets.__getitem__,
        unit_items=unlabelled,
    )


def _refuse_other_classes(tree: Tree, found: Descriptor, entries: Entries) -> None:
    """A descriptor that is not of these pictures must not name their classes, when another one further down does."""
    for name in yamls(tree):
        below = name[: name.rfind("/") + 1]
        if name.count("/") <= found.file.count("/") or not entries.holds(below):
            continue
        try:
            other = read_yaml(tree, name, Log())
        except FileError:
            continue
        if other.names != found.names:
            raise SourceError(
                f"{found.file}: its pictures are not where it says, and {name} has other classes for what is there: "
                f"give {posixpath.dirname(name)} as the source, or use batch"
            )


def _note_no_labels(tree: Tree, index: Index, total: int, log: Log) -> None:
    """Pictures alone are no labels: their folder was forgotten, or is where nobody looks."""
    if total:
        return
    if any("masks/" in folder.lower() for folder in tree.images):
        log.note(Code.FILE_IGNORED, "masks in pictures are not read, and there is no label file")
    if not len(index):
        return
    looked = ", ".join(sorted({folder or "the top folder" for folder in index.looked})[:5])
    log.note(
        Code.FILE_MISSING,
        f"no label file belongs to any of {n_of(len(index), 'picture')}, so every data row is without a label (looked in {looked}): give the "
        "folder that holds both pictures and labels",
        file=index.assets[0],
        count=len(index),
    )


def _evidence(tree: Tree, index: Index, names: int, columns: Columns | None) -> tuple[Evidence, int]:
    """Evidence from label files spread over the set, or from all of them when those leave a doubt."""
    labelled = list(compress(range(len(index)), index.labelled))
    for step in dict.fromkeys((-(-len(labelled) // SAMPLE) or 1, 1)):
        evidence = Evidence(columns=columns)
        for unit in labelled[::step]:
            try:
                evidence.add(tree.read(index.label_of(unit)), unit, index.split_names[index.splits[unit]])
            except FileError:
                continue  # reported when it is converted
        if not evidence.doubtful and not any(counts_from_one(ids, names) for ids in evidence.ids_of.values()):
            break
    return evidence, len(labelled)


def _task_of(
    tree: Tree,
    index: Index,
    evidence: Evidence,
    options: Options,
    declared: str,
    keypoints: tuple[int, int] | None,
    frame_of: Callable[[int], Frame],
) -> Finding:
    """The task of a set. Raises :class:`SourceError`, with an example where no row begins with a number."""
    label_txt = any("labeltxt/" in folder.lower() for folder in index.label_folders.values())
    try:
        return _finding(evidence, options, declared, keypoints, frame_of, label_txt)
    except SourceError as error:
        example = f"{index.label_of(evidence.worded_unit)}: " if 0 < evidence.rows == evidence.worded else ""
        raise SourceError(f"{tree.source.path}: {example}{error}") from None


def _finding(
    evidence: Evidence,
    options: Options,
    declared: str,
    keypoints: tuple[int, int] | None,
    frame_of: Callable[[int], Frame],
    label_txt: bool,
) -> Finding:
    """The evidence in its order: option, descriptor, kpt_shape, names in rows, lengths of rows."""
    mixed = bool(evidence.lengths[5] + evidence.lengths[6]) and any(n > 7 for n in evidence.lengths)
    if options.task is not None:
        return Finding(options.task, "named by the user", mixed)
    if declared in (Task.DETECT, Task.SEGMENT, Task.OBB) and keypoints and evidence.lengths[5 + math.prod(keypoints)]:
        ask(
            f"the descriptor says task {declared}, but has a kpt_shape ({list(keypoints)}) and rows that fit it.",
            [(f"-O task={task}", f"rows are those of task {task}") for task in (Task.POSE, declared)],
        )
    if declared in (Task.DETECT, Task.SEGMENT, Task.OBB, Task.POSE):
        return Finding(Task(declared), "named by the descriptor", mixed)
    if declared:
        raise SourceError(f"task {declared!r} is not read; detect, segment, pose, obb and classify are")
    if label_txt and 2 * evidence.named >= evidence.rows:
        return Finding(Task.DOTA, "labels lie in labelTxt")
    return decide(evidence, keypoints, frame_of)


_PLACES = tuple(FoundIn)


_BLOCK = 64
"""Units that are read together, step by step, which leaves each step's code in the processor's cache."""


def _iterator(tree: Tree, index: Index, pictures: Pictures, rules: Rules) -> Callable[[Log, int, int], Iterator[Item]]:
    def text_of(unit: int, log: Log) -> tuple[str, bytes]:
        if not index.labelled[unit]:
            return index.assets[unit], b""
        origin = index.label_of(unit)
        try:
            return origin, tree.read(origin)
        except FileError as error:
            log.file_unreadable(origin, str(error))
            return origin, b""

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        boxes = BoxRows(Rows(rules, log))
        for first in range(start, stop, _BLOCK):
            last = min(first + _BLOCK, stop)
            assets, places = index.assets[first:last], [_PLACES[n] for n in index.places[first:last]]
            texts = [text_of(unit, log) for unit in range(first, last)]
            frames = [
                pictures.frame(asset, place, log, rows=bool(text))
                for asset, place, (_, text) in zip(assets, places, texts)
            ]
            objects = boxes.objects(texts, frames)
            splits = index.splits[first:last]
            for asset, place, (origin, _), frame, split, found in zip(assets, places, texts, frames, splits, objects):
                width, height = frame.stored
                yield Item(
                    asset=Asset(path=pictures.path(asset, place), width=width or None, height=height or None),
                    annotations=found,
                    split=index.split_names[split],
                    split_seen_in=asset if index.splits_by_name and index.split_names[split] else "",
                    origin=origin,
                )

    return iterate
