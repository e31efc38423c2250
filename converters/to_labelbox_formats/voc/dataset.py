"""Opening a set: what holds for all of it, decided by a sample, and its classes."""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence
from dataclasses import replace

from to_labelbox.diagnostics import Code, FileError, Log, SourceError, UsageError
from to_labelbox.formats import Dataset, ReadContext
from to_labelbox.option_file import read_bytes
from to_labelbox.schema import Label, Schema
from to_labelbox.source import Source
from to_labelbox_formats.voc import Corners, Options, Origin, Unit
from to_labelbox_formats.voc.document import MAX_BYTES, Document, NotAnnotation, read_document
from to_labelbox_formats.voc.items import Items
from to_labelbox_formats.voc.layout import Layout, survey
from to_labelbox_formats.voc.linking import link
from to_labelbox_formats.voc.names import (
    VOC_CLASSES,
    Classes,
    Lists,
    declared,
    devkit_classes,
    parse_classes,
    read_classes,
    read_lists,
)
from to_labelbox_formats.voc.objects import left_out
from to_labelbox_formats.voc.shapes import Rules, has_outline, number

_SAMPLE = 2000
"""Annotation files, spread evenly over the set, that decide what holds for all of them."""
_ENOUGH = 10
"""Boxes that it takes to say that most of them are odd."""


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the set, decide what holds for all of it, and declare its classes."""
    fallback = _codec(options.encoding)
    layout = survey(source)
    if not (layout.xmls or layout.masks or layout.images):
        raise SourceError(f"{source.path}: there are no annotation files (.xml), masks or images")
    if not options.masks:
        layout.masks.clear()
    elif layout.ignored_masks:
        context.log.note(
            Code.FILE_IGNORED,
            "masks in other folders than SegmentationObject and SegmentationClass are not read",
            count=layout.ignored_masks,
        )

    def file_name(unit: int) -> str:
        document = _document(source, layout.xmls[unit], fallback)
        return document.filename if document else ""

    listed = source.is_archive or os.path.isdir(source.path)
    link(layout, file_name, None if listed else source.exists)
    if layout.strays:
        context.log.note(
            Code.FILE_IGNORED,
            "a picture in a folder around or apart from those of the images, none of which an annotation file describes: "
            "no part of the set; move it to the images if it is one of them",
            file=layout.images[layout.strays[0]],
            count=len(layout.strays),
        )
    lists = read_lists(source, layout, context.log)
    rules = Rules(predictions=options.predictions, skip_difficult=options.skip_difficult, part_names=options.part_names)
    own = (
        [name for unit, name in enumerate(layout.xmls) if unit not in layout.refused] if layout.refused else layout.xmls
    )
    sample = _Sample(source, own, rules, fallback)
    rules = rules._replace(
        shift=1.0 if _origin(options.origin, sample, context.log) is Origin.ONE_BASED else 0.0,
        relative=_is_relative(options.unit, sample, source),
        sizes=_are_sizes(options.corners, sample, source),
    )
    classes = _classes(source, layout, options, context.log)
    images = sum(1 for unit in range(layout.units) if layout.image(unit))
    return Dataset(
        name=source.name,
        schema=Schema(_labels(classes, lists, sample)),
        units=layout.units,
        iterate=Items(source, layout, lists, classes, rules, context, fallback, options.check_sizes).iterate,
        details={
            "origin": "one_based" if rules.shift else "as_is",
            "annotation_files": len(layout.xmls),
            "images": images,
            "masks": len(layout.masks),
        },
        unit_name=layout.entry,
    )


def _codec(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise UsageError(f"encoding {name!r} is not known; try latin-1, cp1252 or gbk") from None


def _document(source: Source, name: str, fallback: str) -> Document | None:
    try:
        return read_document(source.load(name, MAX_BYTES), fallback)
    except (FileError, NotAnnotation):
        return None


class _Sample:
    """What the first pass over some of the files tells about all of them."""

    def __init__(self, source: Source, names: Sequence[str], rules: Rules, fallback: str) -> None:
        self.files = self.genuine = self.boxes = self.swapped = 0
        self.zero = ""
        self.relative = True
        self.fractions = False
        labels: dict[str, None] = {}
        for name in names[:: max(1, -(-len(names) // _SAMPLE))]:
            document = _document(source, name, fallback)
            if document is None:
                continue
            self.files += 1
            self.genuine += _is_genuine(document)
            for n, row in enumerate(document.rows):
                element = document.elements[n] if document.elements else None
                corners = map(number, row[5:9]) if element is not None else map(float, row[5:9])  # type: ignore[arg-type]
                values = [value for value in corners if value is not None]
                if (len(values) == 4 or has_outline(element)) and left_out(rules, row, element) is None:
                    labels[(row[0] or "").strip()] = None
                if len(values) < 4:
                    continue
                self.boxes += 1
                self.swapped += values[2] < values[0] or values[3] < values[1]
                least, greatest = min(values), max(values)
                if least <= 0 and not self.zero:
                    self.zero = name
                self.relative &= least >= 0 and greatest <= 1
                self.fractions = self.fractions or not all(map(float.is_integer, values))
        labels.pop("", None)
        self.labels = tuple(labels)


def _is_genuine(document: Document) -> bool:
    """Whether a file names the challenge as its source. Tools that write VOC put "PASCAL VOC" beside a database of their own."""
    database = document.database.strip()
    return database.startswith("The VOC") or (not database and "PASCAL VOC" in document.credit)


def _origin(wanted: Origin, sample: _Sample, log: Log) -> Origin:
    """1-based when most files name the VOC database as their source and no corner speaks against it."""
    if wanted is not Origin.AUTO:
        log.decide(f"origin: {wanted}, as asked for")
        return wanted
    if not sample.boxes:
        return Origin.AS_IS
    if sample.genuine * 2 <= sample.files:
        log.decide(
            "origin: as_is. The files do not name the VOC database as their source, so their corners are taken as tools "
            "write them, edges counted from 0 (-O origin=one_based if they count pixels from 1)"
        )
        return Origin.AS_IS
    if sample.zero:
        log.note(
            Code.ORIGIN_DOUBTFUL,
            "the files name the VOC database as their source, which counts pixels from 1, but there is a corner at 0: "
            "the corners are taken as they are (-O origin=one_based to count from 1 all the same)",
            file=sample.zero,
        )
        return Origin.AS_IS
    log.decide(
        "origin: one_based. Most files name the VOC database as their source, so corners count pixels from 1 and include "
        "the last one (-O origin=as_is if a tool has written them)"
    )
    return Origin.ONE_BASED


def _is_relative(wanted: Unit, sample: _Sample, source: Source) -> bool:
    if wanted is Unit.AUTO and sample.boxes and sample.relative and sample.fractions:
        raise SourceError(
            f"{source.path}: all corners lie between 0 and 1, so they seem to be fractions of the image and not pixels. "
            "Say which: -O unit=fractions or -O unit=pixels"
        )
    return wanted is Unit.FRACTIONS


def _are_sizes(wanted: Corners, sample: _Sample, source: Source) -> bool:
    """Whether xmax and ymax are width and height, as some scripts write them: most boxes then end before they begin."""
    if wanted is Corners.AUTO and sample.boxes >= _ENOUGH and 2 * sample.swapped > sample.boxes:
        raise SourceError(
            f"{source.path}: of {sample.boxes} boxes {sample.swapped} have xmax or ymax before xmin or ymin, so they seem to be "
            "width and height. Say which: -O corners=sizes, or -O corners=swapped if they are corners in no order"
        )
    return wanted is Corners.SIZES


def _classes(source: Source, layout: Layout, options: Options, log: Log) -> Classes:
    if options.class_names is not None:
        said = f"class_names: {options.class_names}"
        try:
            return declared(parse_classes(options.class_names, read_bytes(options.class_names, said, 1 << 22)))
        except FileError as error:
            raise UsageError(f"{said}: {error}") from error
    classes = read_classes(source, layout, log)
    if classes.values or not layout.masks:
        return classes
    if set(classes.order) <= set(VOC_CLASSES) or classes.origin == "predefined_classes.txt":
        log.decide(
            "mask values 1..20 are the classes of the VOC challenge: there is no labelmap.txt (-O class_names=FILE)"
        )
        return replace(devkit_classes(), order=classes.order)
    log.decide(
        f"mask values: 1 is the first class of {classes.origin}, which names no background (-O class_names=FILE)"
    )
    return declared(classes)


def _labels(classes: Classes, lists: Lists, sample: _Sample) -> tuple[Label, ...]:
    """Declared classes; where nothing declares them, those of the sample in the order of a plain list or of VOC."""
    if classes.labels:
        return classes.labels
    if lists.classes:
        return tuple(map(Label, _sorted(lists.classes, classes.order)))
    for order in (classes.order, VOC_CLASSES):
        if sample.labels and set(sample.labels) <= set(order):
            return tuple(Label(name) for name in order if name in sample.labels)
    return ()


def _sorted(names: Sequence[str], order: Sequence[str]) -> Sequence[str]:
    """Names in the order of a list that holds all of them, else as they are."""
    return [name for name in order if name in names] if set(names) <= set(order) else names
