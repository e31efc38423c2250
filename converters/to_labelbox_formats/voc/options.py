"""Options of the Pascal VOC reader."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from to_labelbox.rules.record import record

CHALLENGE = "voc"
"""Stands for the classes of the challenge in place of a file."""


class Origin(StrEnum):
    AUTO = "auto"
    ONE_BASED = "one_based"
    ZERO_BASED = "zero_based"
    AS_IS = "as_is"
    BY_FILE = "by_file"


class Unit(StrEnum):
    AUTO = "auto"
    PIXELS = "pixels"
    FRACTIONS = "fractions"
    PERCENT = "percent"


class Corners(StrEnum):
    AUTO = "auto"
    SWAPPED = "swapped"
    SIZES = "sizes"
    CENTRES = "centres"
    TRANSPOSED = "transposed"


class Angle(StrEnum):
    AUTO = "auto"
    RADIANS = "radians"
    DEGREES = "degrees"


class Sides(StrEnum):
    AUTO = "auto"
    AS_STATED = "as_stated"
    SWAPPED = "swapped"


class Outlines(StrEnum):
    AUTO = "auto"
    TAKEN = "taken"
    IGNORED = "ignored"


class Commas(StrEnum):
    AUTO = "auto"
    DECIMAL = "decimal"
    THOUSANDS = "thousands"


class Picture(StrEnum):
    AUTO = "auto"
    STEM = "stem"
    FILENAME = "filename"


class Void(StrEnum):
    AUTO = "auto"
    BORDER = "border"
    CLASS = "class"


class PartNames(StrEnum):
    NAME = "name"
    PATH = "path"


@record(frozen=True)
class Options:
    """What the files do not say, or say in a way that not everyone means."""

    origin: Origin = field(
        default=Origin.AUTO,
        metadata={
            "help": "corners count pixels and include the last, from 1 (one_based) or from 0 (zero_based), or are edges from 0 (as_is); by_file: "
            "one_based in files that name the VOC database, else as_is"
        },
    )
    unit: Unit = field(
        default=Unit.AUTO,
        metadata={"help": "unit of the numbers: pixels, or fractions or per cent of width and height"},
    )
    corners: Corners = field(
        default=Corners.AUTO,
        metadata={
            "help": "xmax and ymax before xmin and ymin: corners in no order (swapped), or width and height (sizes), around a centre at xmin and ymin (centres); transposed: x is y, y is x"
        },
    )
    outlines: Outlines = field(
        default=Outlines.AUTO,
        metadata={"help": "polygons and rotated boxes of objects that have a bndbox, too: taken, or ignored"},
    )
    commas: Commas = field(
        default=Commas.AUTO, metadata={"help": "what a comma before three digits is: decimal, or thousands"}
    )
    picture: Picture = field(
        default=Picture.AUTO,
        metadata={
            "help": "picture of a file whose <filename> names another one than its own stem: that of its stem, or filename"
        },
    )
    angle: Angle = field(default=Angle.AUTO, metadata={"help": "unit of the angles of <robndbox>"})
    sides: Sides = field(
        default=Sides.AUTO, metadata={"help": "width and height of <size>: as_stated, or the wrong way round (swapped)"}
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
        default=None,
        metadata={
            "help": f"file with the classes: labelmap.txt, JSON of numbers and names, or one a line; {CHALLENGE}: the challenge's"
        },
    )
    encoding: str | None = field(
        default=None, metadata={"help": "encoding of files that are not valid in the one they declare, e.g. latin-1"}
    )
