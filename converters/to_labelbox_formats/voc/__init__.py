"""Pascal VOC: one XML file an image, in every layout that tools have made of it.

    <annotation>
      <filename>000001.jpg</filename>
      <size><width>353</width><height>500</height><depth>3</depth></size>
      <object>
        <name>dog</name> <pose>Left</pose> <truncated>1</truncated> <difficult>0</difficult>
        <bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox>
      </object>
    </annotation>

Format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/. Read are the devkit, the exports of CVAT, Datumaro,
Roboflow and Label Studio, folders of labelImg and roLabelImg, Kaggle's ``annotations`` + ``images``, and sets of masks
alone. Elements come in any order; only ``name`` and a geometry are needed.

In the order of the work: :mod:`.layout` (which files belong together), :mod:`.names` (lists and classes), :mod:`.items`
(one image), :mod:`.document`, :mod:`.objects` and :mod:`.shapes` (one annotation file), :mod:`.masks`.

Coordinates: genuine VOC counts pixels from 1 and includes the last; tools write edges counted from 0. Decided once for
the set, by its ``source`` elements (see :class:`Origin`).
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from to_labelbox.diagnostics import Code, FileError, Log, SourceError, UsageError
from to_labelbox.formats import CERTAIN, LIKELY, Dataset, Match, ReadContext, Reader, Refusal
from to_labelbox.model import (
    Box,
    Classification,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Relationship,
    RotatedBox,
)
from to_labelbox.schema import Label, Schema
from to_labelbox.source import Source, display
from to_labelbox.xml import xml_text
from to_labelbox_formats.voc.document import MAX_BYTES, Document, NotAnnotation, read_document
from to_labelbox_formats.voc.items import Items
from to_labelbox_formats.voc.layout import Layout, Role, link, survey
from to_labelbox_formats.voc.names import (
    VOC_CLASSES,
    Classes,
    Lists,
    devkit_classes,
    parse_classes,
    read_classes,
    read_lists,
)
from to_labelbox_formats.voc.objects import left_out
from to_labelbox_formats.voc.shapes import PartNames, Rules, number

_SAMPLE = 2000
"""Annotation files, spread evenly over the set, that decide what holds for all of them."""
_SNIFFED = 20


class Origin(StrEnum):
    AUTO = "auto"
    ONE_BASED = "one_based"
    AS_IS = "as_is"


class Unit(StrEnum):
    AUTO = "auto"
    PIXELS = "pixels"
    FRACTIONS = "fractions"


@dataclass(frozen=True, slots=True)
class Options:
    """What the files do not say, or say in a way that not everyone means."""

    origin: Origin = field(
        default=Origin.AUTO,
        metadata={"help": "corners count pixels from 1 and include the last (one_based), or are edges from 0 (as_is)"},
    )
    unit: Unit = field(
        default=Unit.AUTO, metadata={"help": "unit of the numbers: pixels, or fractions of width and height"}
    )
    masks: bool = field(default=True, metadata={"help": "read SegmentationObject and SegmentationClass"})
    part_names: PartNames = field(
        default=PartNames.NAME,
        metadata={"help": "label of a part: its name (head), or with its object's (person/head)"},
    )
    predictions: bool = field(default=False, metadata={"help": "keep objects that have a score or confidence"})
    skip_difficult: bool = field(default=False, metadata={"help": "leave out objects marked as difficult"})
    check_sizes: bool = field(
        default=True, metadata={"help": "compare <size> with the header of the image, where images are at hand"}
    )
    class_names: str | None = field(
        default=None, metadata={"help": "file with the classes: labelmap.txt, JSON of numbers and names, or one a line"}
    )
    encoding: str | None = field(
        default=None, metadata={"help": "encoding of files that are not valid in the one they declare, e.g. latin-1"}
    )


# -------------------------------------------------------------------------------------------------------- detection

_ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<![^>\[]*(?:\[.*?\]\s*)?>)*+<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_IS_VOC = re.compile(r"<(?:[\w.-]+:)?(?:bndbox|robndbox|segmented|size>\s*<(?:[\w.-]+:)?(?:width|height|depth))\b")
_YOLO_ROW = re.compile(
    rb"\s*+[0-9]++(?:[ \t]++-?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?){4,}+[ \t\r]*+(?:\n|\Z)"
)
_OTHERS = {
    "annotations": "CVAT for images or video",
    "View": "a labeling configuration of Label Studio",
    "net": "a neural network of OpenVINO",
}


def sniff(source: Source) -> Match | Refusal:
    """By the root element and the fields of up to 20 XML files; by the folders' names where there are none."""
    layout = survey(source)
    reasons: list[str] = []
    for name in _spread(layout.xmls, _SNIFFED):
        reason = _why_not(source.head(name))
        if reason is None:
            claim = f"{name} is a Pascal VOC annotation (root <annotation> with bndbox, size or segmented)"
            if yolo := _yolo_rows(source):
                return Match(LIKELY, f"{claim}, but {yolo} holds rows of YOLO")
            return Match(CERTAIN, claim)
        reasons.append(f"{name}: {reason}")
    if any(role is Role.CLASSES or role is Role.INSTANCES for role, _ in layout.tops):
        return Match(LIKELY, "there is a folder SegmentationClass or SegmentationObject with masks")
    if any(entry.kind in ("main", "segmentation", "layout", "action") for entry in layout.lists):
        return Match(LIKELY, "there are lists in ImageSets")
    if reasons:
        return Refusal(reasons[0])
    return Refusal("there is no XML file, and no folder SegmentationClass or ImageSets")


def _spread(names: Sequence[str], count: int) -> list[str]:
    """The first ones and as many spread over the rest, so that odd neighbours at the start do not decide."""
    return list(dict.fromkeys([*names[:count], *names[:: max(1, len(names) // count)]]))


def _why_not(head: bytes) -> str | None:
    try:
        text = xml_text(head, "latin-1")
    except FileError as error:
        return str(error)
    root = _ROOT.match(text)
    if root is None:
        return "is no XML"
    if root.group(1) in _OTHERS:
        return f"the root element is <{root.group(1)}>: {_OTHERS[root.group(1)]}"
    if root.group(1) != "annotation":
        return f"the root element is <{root.group(1)}>, not <annotation>"
    if "<imagesize" in text or "<sourceImage" in text or ("<pt>" in text and not _IS_VOC.search(text)):
        return "the root element is <annotation>, but the fields (imagesize, polygon/pt) are those of LabelMe"
    if not _IS_VOC.search(text):
        return "the root element is <annotation>, but there is no bndbox, size or segmented"
    return None


def _yolo_rows(source: Source) -> str:
    """A text file of the set with rows of YOLO, or nothing."""
    texts = [n for n in source.names if n.lower().endswith(".txt") and "imagesets/" not in n.lower()]
    return next((name for name in _spread(texts, _SNIFFED) if _YOLO_ROW.match(source.head(name, 512))), "")


# ---------------------------------------------------------------------------------------------------------- opening


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the set, decide what holds for all of it, and declare its classes."""
    fallback = _codec(options.encoding)
    layout = survey(source)
    if not (layout.xmls or layout.masks or layout.images):
        raise SourceError(f"{source.path}: there are no annotation files (.xml), masks or images")
    for name in layout.unnameable:
        context.log.file_unreadable(
            display(name), "the file's name is not UTF-8, so that no key can be made of it: rename it"
        )
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
    lists = read_lists(source, layout, context.log)
    rules = Rules(predictions=options.predictions, skip_difficult=options.skip_difficult, part_names=options.part_names)
    sample = _Sample(source, layout.xmls, rules, fallback)
    rules = rules._replace(
        shift=1.0 if _origin(options.origin, sample, context.log) is Origin.ONE_BASED else 0.0,
        relative=_is_relative(options.unit, sample, source),
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
        self.files = self.genuine = self.boxes = 0
        self.zero = ""
        self.relative = True
        self.fractions = False
        labels: dict[str, None] = {}
        for name in names[:: max(1, -(-len(names) // _SAMPLE))]:
            document = _document(source, name, fallback)
            if document is None:
                continue
            self.files += 1
            self.genuine += document.database.strip().startswith("The VOC") or "PASCAL VOC" in document.credit
            for n, row in enumerate(document.rows):
                corners = [number(text) for text in row[5:9]]
                values = [value for value in corners if value is not None]
                if len(values) < 4:
                    continue
                self.boxes += 1
                if left_out(rules, row, document.elements[n] if document.elements else None) is None:
                    labels[(row[0] or "").strip()] = None
                if not self.zero and min(values) <= 0:
                    self.zero = name
                self.relative &= min(values) >= 0 and max(values) <= 1
                self.fractions |= any(value != int(value) for value in values)
        labels.pop("", None)
        self.labels = tuple(labels)


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


def _classes(source: Source, layout: Layout, options: Options, log: Log) -> Classes:
    if options.class_names is not None:
        try:
            with open(options.class_names, "rb") as file:
                return parse_classes(options.class_names, file.read(1 << 22))
        except OSError as error:
            raise UsageError(f"class_names: {options.class_names}: {error.strerror}") from error
        except FileError as error:
            raise UsageError(f"class_names: {options.class_names}: {error}") from error
    classes = read_classes(source, layout, log)
    if not classes.values and layout.masks:
        log.decide(
            "mask values 1..20 are the classes of the VOC challenge: there is no labelmap.txt (-O class_names=FILE)"
        )
        devkit = devkit_classes()
        return replace(devkit, order=classes.order)
    return classes


def _labels(classes: Classes, lists: Lists, sample: _Sample) -> tuple[Label, ...]:
    """Declared classes; where nothing declares them, those of the sample in the order of a plain list or of VOC."""
    if classes.labels:
        return classes.labels
    if lists.classes:
        return tuple(map(Label, lists.classes))
    for order in (classes.order, VOC_CLASSES):
        if sample.labels and set(sample.labels) <= set(order):
            return tuple(Label(name) for name in order if name in sample.labels)
    return ()


FORMAT = Reader(
    name="voc",
    title="Pascal VOC (devkit, CVAT, Datumaro, Roboflow, Kaggle, labelImg, Label Studio)",
    docs="docs/formats/voc.md",
    media=frozenset({Media.IMAGE}),
    produces=frozenset({Object, Classification, Relationship, Box, RotatedBox, Polygon, Point, Keypoints, Mask}),
    options=Options,
    sniff=sniff,
    read=read,
)
