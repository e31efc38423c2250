"""Sets without label files: folders of classes, Keras lines, NDJSON."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator, Mapping

from to_labelbox.model.items import Annotation, Asset, Classification, Item, Object
from to_labelbox.model.schema import Option, Question, Schema
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.log import Log
from to_labelbox_formats.yolo.assets import FoundIn, Pictures, load_sizes
from to_labelbox_formats.yolo.classes import names_of, schema_of
from to_labelbox_formats.yolo.conventions import (
    ask_units,
    decide_origin,
    decide_sizes,
    first_class,
    share_keypoint_names,
)
from to_labelbox_formats.yolo.dialects import class_folders as folders
from to_labelbox_formats.yolo.dialects import keras, ndjson
from to_labelbox_formats.yolo.folders.descriptors import keypoint_names_of, read_names
from to_labelbox_formats.yolo.folders.listing import Tree, joined
from to_labelbox_formats.yolo.options import Options, Units, keypoints_of, rules_of
from to_labelbox_formats.yolo.rows import BoxForm, Rows, Task
from to_labelbox_formats.yolo.unread import note_others


def open_folders(tree: Tree, options: Options, context: ReadContext) -> Dataset:
    """A set of pictures in folders of their classes."""
    entries, question = folders.read_folders(tree, options.split_folders, context.log)
    context.log.decide("task classify: pictures lie in folders of their classes")
    pictures = Pictures(tree, context, {}, upright=False)
    jsons = [name for name in tree.ending(".json") if posixpath.basename(name) == folders.LABELS_FILE]
    note_others(tree, {*jsons, *(entry.name for entry in entries)}, context.log)

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for entry in entries[start:stop]:
            annotations: list[Annotation] = []
            for n, label in enumerate(entry.classes):
                log.read(label)
                id = f"{folders.QUESTION}/{label}" if n else folders.QUESTION
                annotations.append(Classification(id=id, name=folders.QUESTION, value=label, ledger_label=label))
            path = pictures.path(entry.name, FoundIn.SOURCE)
            yield Item(
                asset=Asset(path=path),
                annotations=annotations,
                split=entry.split,
                origin=entry.name,
                split_seen_in=entry.name if entry.split else "",
            )

    return Dataset(
        tree.source.name,
        Schema(questions=(question,) if question.options else ()),
        len(entries),
        iterate,
        {"task": "classify"},
    )


def open_keras(tree: Tree, files: list[str], options: Options, context: ReadContext) -> Dataset:
    """A set of one line a picture; a file given alone has its classes beside it."""
    beside = (name for name in ("_classes.txt", "classes.txt") if tree.source.is_file and tree.source.exists(name))
    own = next((read_names(tree, name, context.log) for name in beside), None)
    near = {file[: file.rfind("/") + 1] for file in files}
    names, naming = names_of(tree, own, options, context.log, near=near)
    pictures = Pictures(tree, context, load_sizes(tree, options.sizes), upright=False)
    lines = keras.Lines(tree, files, pictures)
    keras.set_columns(options.columns, lines, pictures, len(names or ()), tree.source.path)
    options = dataclasses.replace(options, columns=None)  # of rows
    order, evidence = keras.look(lines, pictures, len(names or ()))
    ask_units(options, evidence, True, tree.source.path)
    sizes = decide_sizes(options, order, tree.source.path, context.log)
    form = BoxForm.TOP_LEFT if sizes else BoxForm.CORNERS
    first = first_class(options, evidence, names, tree.source.path)
    rules = rules_of(options, Task.DETECT, names, box=form, first_class=first)
    parts = {Units.FRACTIONS: 1, Units.PERCENT: 100}.get(options.units, 0)
    note_others(tree, {*files, *naming, *lines.assets}, context.log)
    context.log.decide("task detect: one line a picture, corners in pixels")
    shift = decide_origin(options, order, context.log)

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        rows = Rows(rules, log)
        for unit, found in lines.read(start, stop):
            asset, place, file = lines.assets[unit], FoundIn(lines.places[unit]), files[lines.origins[unit]]
            frame = pictures.frame(asset, place, log, rows=False)
            objects: list[Object] = []
            for number, boxes in found:
                size = (frame.width / parts, frame.height / parts) if parts else (1.0, 1.0)
                objects += keras.objects(rows, boxes, number, file, log, shift, size)
            yield Item(
                asset=Asset(path=pictures.path(asset, place), width=frame.width or None, height=frame.height or None),
                annotations=objects,
                split=lines.split(unit),
                split_seen_in=file if lines.split(unit) else "",
                origin=file,
            )

    return Dataset(tree.source.name, schema_of(rules), len(lines), iterate, {"task": "detect"})


def open_ndjson(tree: Tree, file: str, options: Options, context: ReadContext) -> Dataset:
    """A set in one NDJSON file."""
    lines = ndjson.Lines(tree.source, file)
    head, log = lines.head, context.log
    declared = options.task or head.task or next((ndjson.KINDS[k] for k in ndjson.KINDS if k in lines.kinds), "detect")
    if declared not in list(Task) or declared == Task.DOTA:
        raise SourceError(f"{file}: task {declared!r} is not read; detect, segment, pose, obb and classify are")
    task, keypoints = Task(declared), keypoints_of(options.kpt_shape, head.keypoints)
    log.decide(f"task {task}: {'named by the user' if options.task else f'as line 1 of {file} says'}")
    names, naming = names_of(tree, head.names, options, log)
    if task is Task.POSE and keypoints is None:
        raise SourceError(f"{file}: poses need the number of keypoints: add -O kpt_shape=17x3 or the like")
    keypoint_names: Mapping[int, tuple[str, ...]] = {}
    if keypoints and options.kpt_shape is None:
        classes = len(names or ())
        keypoint_names = keypoint_names_of(head.kpt_names, keypoints[0], classes, file, log)
        keypoint_names = share_keypoint_names(keypoint_names, classes, options, file, log)
    lines.tell_unread(log)
    note_others(tree, {file, *naming, *(n for folder in tree.images.values() for n in folder)}, log)
    rules = rules_of(
        options,
        task,
        names,
        keypoints=keypoints,
        keypoint_names=keypoint_names,
        box=BoxForm.CENTER if options.box is BoxForm.AUTO else options.box,
        first_class=int(options.first_class or 0),
        pixels=options.units is Units.PIXELS,
    )
    pictures = Pictures(tree, context, load_sizes(tree, options.sizes))

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        rows = Rows(rules, log)
        for number, image in lines.images(log, start, stop):
            path = f"{image.split}/{image.file}" if lines.prefixed and image.split else image.file
            name, place = pictures.find(joined("", path) or posixpath.basename(path.replace("\\", "/")))
            try:
                kind, found = ndjson.rows_of(image)
            except FileError as error:
                log.file_unreadable(file, f"record {number}: {error}")
                continue
            classify = kind == "classification"
            stated = (image.width, image.height) if image.width and image.height else None
            frame = pictures.frame(name, place, log, rows=bool(found) and not classify, stated=stated)
            where = f"record {number}"
            annotations = _classes(rows, found, file, where) if classify else rows.listed(found, frame, file, where)
            width, height = frame.stored
            yield Item(
                asset=Asset(path=pictures.path(name, place), width=width or None, height=height or None),
                annotations=annotations,
                split=image.split,
                origin=file,
            )

    known = tuple(map(Option, dict.fromkeys((names or {}).values())))
    questions = (Question(folders.QUESTION, None, known, classes=True),)
    schema = Schema(questions=questions) if task is Task.CLASSIFY else schema_of(rules)
    return Dataset(tree.source.name, schema, len(lines), iterate, {"task": str(task)})


def _classes(rows: Rows, found: list[list[bytes]], file: str, where: str) -> list[Annotation]:
    """Class ids of a whole picture as answers of one question."""
    annotations: list[Annotation] = []
    for n, row in enumerate(found):
        label, code, message = rows.class_of(row[0] if row else b"")
        rows.log.read(label)
        place = f"{where}, class {n + 1}"
        if code is not None:
            rows.log.skip(code, label, message, file=file, where=place)
        else:
            annotations.append(
                Classification(id=str(n), name=folders.QUESTION, value=label, ledger_label=label, location=place)
            )
    return annotations
