"""Opening a set: its files are indexed, merged by image, and declare the schema."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from to_labelbox.model.schema import Input, Label, Option, Question, Schema
from to_labelbox.model.schema import Kind as ToolKind
from to_labelbox.model.text import n_of
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import Each, ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.assets import ImageRecord, Paths
from to_labelbox_formats.coco.conventions.conclude import conventions_of, transposed
from to_labelbox_formats.coco.conventions.homes import set_homes, set_split_homes
from to_labelbox_formats.coco.conventions.numbering import name_images, number_categories, number_images
from to_labelbox_formats.coco.conventions.one_set import ask_whether_one_picture, ask_whether_one_set
from to_labelbox_formats.coco.conventions.same_files import ask_which_file
from to_labelbox_formats.coco.conventions.sample import sample_of
from to_labelbox_formats.coco.detect import FileKind, why_not
from to_labelbox_formats.coco.index.addresses import SharedPaths
from to_labelbox_formats.coco.index.box_columns import Answers, Boxes, KnownBoxes, joined, unknown
from to_labelbox_formats.coco.index.categories import is_placeholder, tell_names_apart
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.merge import merge
from to_labelbox_formats.coco.index.random_access import Opened, Texts
from to_labelbox_formats.coco.index.reading import index_file
from to_labelbox_formats.coco.leftovers import tell_unread, tell_unread_files
from to_labelbox_formats.coco.options import Options, SameNames
from to_labelbox_formats.coco.records.attributes import CAPTION
from to_labelbox_formats.coco.records.frames import Frames
from to_labelbox_formats.coco.records.items import Items, read_records
from to_labelbox_formats.coco.records.one_record import WHOLE_IMAGE
from to_labelbox_formats.coco.records.panoptic import Pictures
from to_labelbox_formats.coco.records.records import Records

# ----------------------------------------------------------------------------------------------------- opening


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the files, merge them by image, declare the schema."""
    log = context.log
    texts = Texts()
    ignored: dict[str, str] = {}
    files = [] if options.base is None else _index_base(options.base, log, texts)
    from_base = len(files)
    files += _index_all(source, log, texts, ignored, context.boxes_only, context.each)
    if any(f.kind is FileKind.RESULTS for f in files) and not any(len(f.images) for f in files):
        raise SourceError(
            f"{source.path} is a COCO results file: it names images by id only. "
            "Give the file with the images and categories as -O base=FILE"
        )
    _borrow_categories(files, options, log)
    tell_names_apart([file.categories for file in files], log)
    for number, file in enumerate(files):
        file.number, file.at = number, f"{file.name}\t" if len(files) > 1 else ""
    with texts.open() as opened:
        for file in files:
            name_images(file, opened, log)
        number_images(files, options.image_ids)
        for file in files:
            sample = list(sample_of(file, opened))
            number_categories(file, opened, (text for text, _ in sample), options.first_category, log)
            file.conventions = conventions_of(file, opened, sample, options, context.boxes_only, log)
        tell_unread(files, options.more_fields, options.predictions, log)
        _settle_homes(files, source, options, context, opened)
        if not from_base:
            tell_unread_files(source, files, ignored, opened, log)

        def name_of(file: int, row: int) -> str:
            return opened.image_name(file, files[file].images, row)

        shared = SharedPaths([(f.addresses, f.image_names) for f in files], name_of)
        merged = merge(files, log, name_of)
        paths = Paths(source, files, context, shared)
        if options.check_sizes:
            paths.look_at(_sample(files, paths, opened))
    masks = Pictures(source, files)
    records = Records(files, options, context.boxes_only, masks)
    known = _known(files, records)
    labels = records.plain_labels[0] if context.outlines_only and len(files) == 1 else None
    plain = None if labels is None else (labels, records.attributes[0])
    splits = sorted({f.split for f in files if f.split})
    items = Items(merged, paths, records, known, plain, Frames(files, paths, records), texts)
    return Dataset(
        source.name,
        _schema(files, log),
        items.units,
        items.iterate,
        {"files": {f.name: f.kind.value for f in files}, **({"splits": splits} if splits else {})},
        unit_name=items.name,
        unit_items=items.unlabelled,
        asset_names=items.names,
        sizes_stated=True,
        labels_leave=any(file.conventions.left for file in files),
        transposed=transposed(files, options),
    )


_LOOKED_AT = 50
"""Images of a file whose pictures are looked for when it is opened."""


def _sample(files: Sequence[File], paths: Paths, opened: Opened) -> Iterator[tuple[ImageRecord, int]]:
    """Some images of each file, from its first to its last."""
    tables = [file.images for file in files]
    for number, file in enumerate(files):
        rows = np.arange(0, len(file.images), max(1, -(-len(file.images) // _LOOKED_AT)))
        texts = read_records(opened, tables, np.full(len(rows), number), rows)
        for text, row in zip(texts, rows.tolist()):
            if (record := paths.image(text, number, row, Log())) is not None:
                yield record, number


def _settle_homes(
    files: Sequence[File], source: Source, options: Options, context: ReadContext, opened: Opened
) -> None:
    """Whether equal names of images in several files mean one picture. Raises :class:`UsageError` with the question where nothing says it."""
    media = context.media

    def pictures() -> Iterable[str]:
        return source.names if media is None else media.names()

    at = "" if media is None else _folder_in(source, media.root)
    set_homes(files, options.same_names, pictures, at, context.log)
    if options.same_names is not SameNames.AUTO:
        return
    set_split_homes(files, pictures, context.log)
    if not source.is_list:
        ask_whether_one_set(files, source.path)
        ask_which_file(files, opened, source.path)
    ask_whether_one_picture(files, opened)


def _folder_in(source: Source, root: str) -> str | None:
    """A media root as a folder of the source, with a slash; empty for the source itself, None where it lies elsewhere."""
    if source.is_file or source.is_list or source.is_archive:
        return None
    path = os.path.relpath(os.path.realpath(root), os.path.realpath(source.path)).replace(os.sep, "/")
    return None if path.startswith("..") else "" if path == "." else f"{path}/"


def _borrow_categories(files: Sequence[File], options: Options, log: Log) -> None:
    """Categories for the files without any: those of the file named by the option; for results, those of another file."""
    if options.categories is not None:
        borrowed = _index_all(_other(options.categories, "categories"), log, Texts(), {})
        for file in files:
            if not file.categories and borrowed:
                file.categories = borrowed[0].categories
    for file in files:
        if file.kind is FileKind.RESULTS and not file.categories:
            file.categories = next((f.categories for f in files if f.categories), {})


def _index_base(path: str, log: Log, texts: Texts) -> list[File]:
    """The file with the images and categories of results; that its own annotations are written too is told."""
    files = _index_all(_other(path, "base"), log, texts, {})
    for file in files:
        if count := len(file.annotations):
            message = f"-O base: {n_of(count, 'annotation')} of its own {'is' if count == 1 else 'are'} written beside the results"
            log.note(Code.DECISION, message, file=file.name)
    return files


def _other(path: str, option: str) -> Source:
    if not os.path.isfile(path):
        raise UsageError(f"-O {option}={path}: no such file")
    return Source(path)


def _index_all(
    source: Source,
    log: Log,
    texts: Texts,
    ignored: dict[str, str],
    boxes_only: bool = False,
    each: Each = map,
) -> list[File]:
    """The files of a source that are COCO; the JSON files that are not go to ``ignored``, each with what it is."""
    files: list[File] = []
    for name in source.names:
        if not name.lower().endswith((".json", ".json.gz")) and len(source.names) > 1:
            continue
        try:
            reason = "" if source.is_file or len(source.names) == 1 else why_not(source, name)
            if not reason:
                files.append(index_file(source, name, texts, log, boxes_only, each))
                continue
        except FileError as error:
            log.file_unreadable(name, str(error))
            continue
        log.note(Code.FILE_IGNORED, f"not COCO: {reason}", file=name)
        ignored[name] = reason
    return files


def _known(files: Sequence[File], records: Records) -> KnownBoxes | None:
    """The boxes of all files whose records may be taken from the first pass."""
    if all(file.boxes is None for file in files):
        return None
    parts: list[Boxes] = []
    answers: list[Answers | None] = []
    for file, labels, attributes in zip(files, records.plain_labels, records.attributes):
        kept, file.boxes = file.boxes, None
        parts.append(kept if kept is not None and labels is not None else unknown(len(file.annotations)))
        answers += [attributes.of(text, crowd) for text in parts[-1].texts for crowd in (False, True)]
    boxes = joined(parts or [unknown(0)])
    named = [labels or {} for labels in records.plain_labels]
    return KnownBoxes(boxes, named, [file.at for file in files], answers) if boxes.plain.any() else None


# ------------------------------------------------------------------------------------------------------ schema


def _schema(files: Sequence[File], log: Log) -> Schema:
    labels: dict[str, Label] = {}
    points: dict[str, Label] = {}
    questions: dict[str, Question] = {}
    drawn = [f for f in files if f.kind not in (FileKind.CAPTIONS, FileKind.LABELS)]
    only_panoptic = bool(drawn) and all(f.kind is FileKind.PANOPTIC for f in drawn)
    for file in files:
        roots = {c.supercategory for c in file.categories.values()}
        names = [c for c in file.categories.values() if not is_placeholder(c, roots)]
        for category in file.categories.values():
            if is_placeholder(category, roots):
                log.note(
                    Code.CLASS_UNUSED_DROPPED,
                    f"{category.name!r} names the set or the background; it becomes a tool only where it is used",
                    file=file.name,
                    id=str(category.id),
                )
        if file.kind is FileKind.LABELS:
            known = questions[WHOLE_IMAGE].options if WHOLE_IMAGE in questions else ()
            options = dict.fromkeys([*(o.value for o in known), *(str(c.name) for c in names)])
            questions[WHOLE_IMAGE] = Question(WHOLE_IMAGE, None, tuple(map(Option, options)), classes=True)
            continue
        if file.kind is FileKind.CAPTIONS:
            questions.setdefault(CAPTION, Question(CAPTION, Input.TEXT))
            continue
        for category in names:
            name = str(category.name)
            kinds = (ToolKind.MASK,) if only_panoptic else ()
            labels.setdefault(name, Label(name, kinds, _color(category.color)))
            for point in category.keypoints or ():
                points.setdefault(f"{name}/{point}", Label(f"{name}/{point}", (ToolKind.POINT,)))
    for file in files:
        for answers in file.beside:
            known = questions[answers.question].options if answers.question in questions else ()
            options = dict.fromkeys([*(o.value for o in known), *answers.options[: answers.declared]])
            questions[answers.question] = Question(answers.question, None, tuple(map(Option, options)), classes=True)
    return Schema((*labels.values(), *points.values()), tuple(questions.values()))


def _color(color: list[int] | str | None) -> str:
    if isinstance(color, list) and len(color) == 3 and all(0 <= c <= 255 for c in color):
        return "#{:02x}{:02x}{:02x}".format(*color)
    return color if isinstance(color, str) else ""
