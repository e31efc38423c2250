"""Opening a set: what holds for all of it, decided by a sample, and its classes."""

from __future__ import annotations

import os

from msgspec.structs import replace

from to_labelbox.model.schema import Label, Schema
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.rules.settings import OtherSize
from to_labelbox.source.files import Source
from to_labelbox.source.option_file import codec_of, read_bytes
from to_labelbox.source.text_encoding import utf8
from to_labelbox_formats.voc.conventions import (
    are_degrees,
    are_outlines_taken,
    are_resized,
    are_sizes,
    ask_picture,
    decide_origin,
    decide_sides,
    parts_of,
)
from to_labelbox_formats.voc.evidence import Sample, document_of
from to_labelbox_formats.voc.image import Items
from to_labelbox_formats.voc.layout.class_lists import (
    VOC_CLASSES,
    Classes,
    Lists,
    declared,
    devkit_classes,
    parse_classes,
    read_classes,
    read_lists,
)
from to_labelbox_formats.voc.layout.folder_roles import Role
from to_labelbox_formats.voc.layout.image_of_annotation import link
from to_labelbox_formats.voc.layout.index import Layout, survey
from to_labelbox_formats.voc.options import CHALLENGE, Angle, Corners, Options, Origin, Picture, Sides
from to_labelbox_formats.voc.rivals import ask_between_annotations, choose, is_copy, note_rival_masks
from to_labelbox_formats.voc.shapes import Rules
from to_labelbox_formats.voc.unread import note_files

_FEW = 3
"""Annotation files without a picture of which so many are no oversight."""


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the set, decide what holds for all of it, and declare its classes."""
    fallback = codec_of(options.encoding)
    layout, left = _layout(source, options, fallback, context.log)
    lists = read_lists(source, layout, context.log)
    rules = Rules(part_names=options.part_names, commas=options.commas)
    rules = rules._replace(predictions=options.predictions, skip_difficult=options.skip_difficult)
    check_sizes = options.check_sizes and context.other_size is not OtherSize.STATED
    sample = Sample(source, layout, rules, fallback, check_sizes)
    path, log = source.path, context.log
    ask_picture(options.picture, sample, path)
    relative = parts_of(options.unit, sample.places, path, log)
    origin = Origin.AS_IS if relative else decide_origin(options.origin, options.corners, sample, path, log)
    rules = rules._replace(
        shift=float(origin in (Origin.ONE_BASED, Origin.BY_FILE)),
        last=float(origin is not Origin.AS_IS),
        by_file=origin is Origin.BY_FILE,
        relative=relative,
        transposed=options.corners is Corners.TRANSPOSED,
        outlines=are_outlines_taken(options.outlines, sample, path, log),
        centres=options.corners is Corners.CENTRES,
        sizes=are_sizes(options.corners, sample.places, path, log),
        degrees=are_degrees(options.angle, sample, path, log),
        any_angle=options.angle is not Angle.AUTO,
        sides=decide_sides(_sides(options, context), sample.sizes, path, log),
        resized=are_resized(context.other_size, sample.sizes, path, log),
        as_displayed=sample.as_displayed,
    )
    classes = _classes(source, layout, options, sample, log)
    if layout.masks:
        from to_labelbox_formats.voc.void import decide_void

        classes = decide_void(options.void, classes, source, layout, log)
    rivals = note_rival_masks(layout, path, log)
    note_files(source, layout, log, "" if options.class_names else classes.file, left, rivals, options.masks)
    _note_order(classes, lists, sample, log)
    _note_nothing_labelled(layout, lists, log)
    if context.media is None:
        _count_lost_pictures(layout, log)
    images = len(layout.image_of) - layout.image_of.count(-1) + len(layout.orphans)
    items = Items(
        source, layout, lists, classes, rules, context, fallback, check_sizes, sample.documents, options.picture
    )
    return Dataset(
        name=source.name,
        schema=Schema(_labels(classes, lists, sample)),
        unit_count=layout.units,
        iterate=items.iterate,
        details={
            "origin": str(origin),
            "annotation_files": len(layout.xmls),
            "images": images,
            "masks": len(layout.masks),
        },
        unit_name=layout.entry,
        unit_items=items.unlabelled,
        asset_names=items.names,
        sizes_stated=options.sides is Sides.AUTO,
        labels_leave=sample.places.odd,
        transposed="-O corners=transposed" if options.corners is Corners.AUTO else "",
    )


def _sides(options: Options, context: ReadContext) -> Sides:
    """Those of ``<size>``: who has said what is done with pictures of another size is not asked about them."""
    said = options.sides is not Sides.AUTO or context.other_size is OtherSize.AUTO
    return options.sides if said else Sides.AS_STATED


def _layout(source: Source, options: Options, fallback: str, log: Log) -> tuple[Layout, list[str]]:
    """Which files belong together, and the label folders that were not chosen. Raises :class:`SourceError`."""
    layout = survey(source)
    if not (layout.xmls or layout.masks or layout.images):
        raise SourceError(f"{source.path}: there are no annotation files (.xml), masks or images")
    left = [] if options.labels is None else choose(layout, options.labels)
    if not options.masks:
        layout.masks.clear()
    elif layout.ignored_masks:
        log.note(
            Code.FILE_IGNORED,
            "masks in other folders than SegmentationObject and SegmentationClass are not read",
            count=layout.ignored_masks,
        )
    source.read_beside += layout.masks

    def file_name(unit: int) -> str:
        document = document_of(source, layout.xmls[unit], fallback)
        return document.filename if document else ""

    listed = source.is_archive or os.path.isdir(source.place)
    by_name = options.picture is Picture.FILENAME
    exists = None if listed else source.exists
    link(layout, file_name, exists, lambda one, other: is_copy(source, one, other), log, by_name=by_name)
    ask_between_annotations(layout, source)
    if layout.strays:
        log.note(
            Code.FILE_IGNORED,
            "a picture in a folder around or apart from those of the images, none of which an annotation file describes: "
            "no part of the set; move it to the images if it is one of them",
            file=layout.images[layout.strays[0]],
            count=len(layout.strays),
        )
    return layout, left


def _classes(source: Source, layout: Layout, options: Options, sample: Sample, log: Log) -> Classes:
    """The classes that the set, or the user, declares."""
    labels = sample.labels
    if options.class_names == CHALLENGE:
        return devkit_classes()
    if options.class_names is not None:
        said = f"class_names: {options.class_names}"
        try:
            return declared(parse_classes(options.class_names, utf8(read_bytes(options.class_names, said, 1 << 22))))
        except FileError as error:
            raise UsageError(f"{said}: {error}") from error
    classes = read_classes(source, layout, log)
    if not layout.masks:
        return classes
    from to_labelbox_formats.voc.void import ask_for_classes, tell_values

    if classes.values:
        tell_values(classes, f"the classes of {classes.origin}", "", source, layout, sample.documents, log)
        return classes
    if set(classes.order) <= set(VOC_CLASSES) or classes.origin == "predefined_classes.txt":
        others = [label for label in labels if label not in VOC_CLASSES]
        if 2 * len(others) > len(labels) and any(role is Role.CLASSES for role, _ in layout.tops):
            ask(
                f"{source.path}: no file says what the values of the masks are, and the annotation files name other classes ({others[0]!r}) "
                "than those of the VOC challenge.",
                [
                    ("-O class_names=FILE", "a labelmap.txt, or names in the order of the values"),
                    ("-O masks=false", "leave the masks out"),
                ],
            )
        if not labels:
            ask_for_classes(source, layout)
        why = "there is no labelmap.txt, so 1 to 20 are the classes of the VOC challenge"
        taken, found = "VOC classes", replace(devkit_classes(), order=classes.order, file=classes.file)
    else:
        why = f"{classes.origin} names no background, so 1 is its first class"
        taken, found = f"lines of {classes.origin}", declared(classes)
    tell_values(found, taken, why, source, layout, sample.documents, log)
    return found


def _labels(classes: Classes, lists: Lists, sample: Sample) -> tuple[Label, ...]:
    """Declared classes; where nothing declares them, those of the sample in the order of a plain list or of VOC."""
    if classes.labels:
        return classes.labels
    if lists.classes:
        ordered = [name for name in classes.order if name in lists.classes]
        return tuple(map(Label, ordered if len(ordered) == len(lists.classes) else lists.classes))
    for order in (classes.order, VOC_CLASSES):
        if sample.labels and set(sample.labels) <= set(order):
            return tuple(Label(name) for name in order if name in sample.labels)
    return ()


def _note_order(classes: Classes, lists: Lists, sample: Sample, log: Log) -> None:
    """Say where the order of the classes comes from, when no file of the set gives one."""
    if classes.labels or lists.classes or len(sample.labels) < 2:
        return
    if classes.order and all(map(str.isdecimal, sample.labels)):
        log.assume(
            "class names",
            "the numbers",
            unknown=len(sample.labels),
            why=f"objects are called by numbers ({sample.labels[0]}), and nothing says which name of {classes.file} is which",
            option="--class-map FILE",
        )
    elif not any(set(sample.labels) <= set(order) for order in (classes.order, VOC_CLASSES)):
        lacking = [label for label in sample.labels if label not in classes.order]
        why = f"{classes.file} lacks {lacking[0]!r}" if classes.order else "no file lists the classes"
        log.assume(
            "class order",
            "as first met",
            unknown=len(sample.labels),
            why=f"{why}, so they are in the order in which annotation files name them",
            option="-O class_names=FILE",
        )


def _note_nothing_labelled(layout: Layout, lists: Lists, log: Log) -> None:
    """Pictures alone are no labels: their files were forgotten, or lie in a folder that is not known."""
    if layout.images and not (layout.xmls or layout.masks or lists.present):
        log.note(
            Code.FILE_MISSING,
            "there are pictures, but no annotation file (.xml) and no mask, so every data row is without a label: give the folder "
            "that holds both",
            file=layout.images[0],
            count=len(layout.images),
        )


def _count_lost_pictures(layout: Layout, log: Log) -> None:
    """Count annotation files and masks without a picture, where there are pictures and many of these have none."""
    files = len(layout.xmls) - len(layout.refused) + len(layout.mask_units)
    lost = (
        layout.image_of.count(-1) - sum(layout.image_of[unit] < 0 for unit in layout.refused) + len(layout.mask_units)
    )
    if layout.images and lost >= _FEW and 10 * lost >= files:
        log.count_match("pictures of the source", files - lost, files)
