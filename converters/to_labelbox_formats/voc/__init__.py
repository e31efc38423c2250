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

In the order of the work: :mod:`.layout` (which files belong together), :mod:`.dataset` (opening), :mod:`.names` (lists and classes), :mod:`.items`
(one image), :mod:`.document`, :mod:`.objects` and :mod:`.shapes` (one annotation file), :mod:`.masks`.

Coordinates: genuine VOC counts pixels from 1 and includes the last; tools write edges counted from 0. Decided once for
the set, by its ``source`` elements (see :class:`Origin`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from to_labelbox.diagnostics import FileError
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
from to_labelbox.source import Source
from to_labelbox.xml import xml_text
from to_labelbox_formats.voc.layout import survey
from to_labelbox_formats.voc.roles import Role

_SNIFFED = 20
ONE_AN_IMAGE = "split it into one file an image, each with the root <annotation>"


class Origin(StrEnum):
    AUTO = "auto"
    ONE_BASED = "one_based"
    AS_IS = "as_is"


class Unit(StrEnum):
    AUTO = "auto"
    PIXELS = "pixels"
    FRACTIONS = "fractions"


class Corners(StrEnum):
    AUTO = "auto"
    SWAPPED = "swapped"
    SIZES = "sizes"


class Angle(StrEnum):
    AUTO = "auto"
    RADIANS = "radians"
    DEGREES = "degrees"


class Resized(StrEnum):
    AUTO = "auto"
    SCALED = "scaled"
    NO = "no"


class Void(StrEnum):
    AUTO = "auto"
    BORDER = "border"
    CLASS = "class"


class PartNames(StrEnum):
    NAME = "name"
    PATH = "path"


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
    corners: Corners = field(
        default=Corners.AUTO,
        metadata={
            "help": "xmax and ymax before xmin and ymin: corners in no order (swapped), or width and height (sizes)"
        },
    )
    angle: Angle = field(default=Angle.AUTO, metadata={"help": "unit of the angles of <robndbox>"})
    resized: Resized = field(
        default=Resized.AUTO,
        metadata={
            "help": "where <size> is not that of the picture: labels are scaled to it (scaled), or are its pixels (no)"
        },
    )
    labels: str | None = field(
        default=None,
        metadata={"help": "folder of annotation files or masks to read, where several describe the same pictures"},
    )
    masks: bool = field(default=True, metadata={"help": "read SegmentationObject and SegmentationClass"})
    void: Void = field(
        default=Void.AUTO,
        metadata={"help": "value 255 of masks: a border without meaning (border), or the only class (class)"},
    )
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
_SEVERAL = re.compile(r"<annotation[\s>]")
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
            return Match(
                CERTAIN, f"{name} is a Pascal VOC annotation (root <annotation> with bndbox, size or segmented)"
            )
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
    if root.group(1) != "annotation" and _SEVERAL.search(text):
        return f"there are <annotation> elements in one <{root.group(1)}>: {ONE_AN_IMAGE}"
    if root.group(1) in _OTHERS:
        return f"the root element is <{root.group(1)}>: {_OTHERS[root.group(1)]}"
    if root.group(1) != "annotation":
        return f"the root element is <{root.group(1)}>, not <annotation>"
    if "<imagesize" in text or "<sourceImage" in text or ("<pt>" in text and not _IS_VOC.search(text)):
        return "the root element is <annotation>, but the fields (imagesize, polygon/pt) are those of LabelMe"
    if not _IS_VOC.search(text):
        return "the root element is <annotation>, but there is no bndbox, size or segmented"
    return None


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the set, decide what holds for all of it, and declare its classes."""
    from to_labelbox_formats.voc.dataset import open_dataset  # here, because most sources are only sniffed

    return open_dataset(source, options, context)


FORMAT = Reader(
    name="voc",
    title="Pascal VOC (devkit, CVAT, Datumaro, Roboflow, Kaggle, labelImg, Label Studio)",
    docs="docs/formats/voc.md",
    media=frozenset({Media.IMAGE}),
    produces=frozenset({Object, Classification, Relationship, Box, RotatedBox, Polygon, Point, Keypoints, Mask}),
    options=Options,
    sniff=sniff,
    read=read,
    parts="imagesets|jpegimages|segmentation(class|object)|main",
)
