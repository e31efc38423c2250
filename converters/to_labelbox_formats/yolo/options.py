"""The options of the format."""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum
from typing import Any

from to_labelbox.report.errors import UsageError
from to_labelbox.rules.record import record
from to_labelbox_formats.yolo.columns import columns_of
from to_labelbox_formats.yolo.rows import Angle, BoxForm, Rules, Task


class Units(StrEnum):
    AUTO = "auto"
    FRACTIONS = "fractions"
    PERCENT = "percent"
    PIXELS = "pixels"


class Visibility(StrEnum):
    AUTO = "auto"
    COCO = "coco"
    PRESENT = "present"
    PLACED = "placed"


class Origin(StrEnum):
    AS_IS = "as_is"
    ONE_BASED = "one_based"


class FirstClass(StrEnum):
    ZERO = "0"
    ONE = "1"


class KeypointNames(StrEnum):
    SHARED = "shared"
    OWN = "own"


class SplitFolders(StrEnum):
    CLASSES = "classes"
    SPLITS = "splits"


@record(frozen=True)
class Options:
    task: Task | None = field(default=None, metadata={"help": "What the rows are, when the set does not tell."})
    kpt_shape: str | None = field(
        default=None,
        metadata={"help": "Keypoints of a pose and values of each, such as 17x3, when data.yaml lacks it."},
    )
    keypoint_names: KeypointNames = field(
        default=KeypointNames.SHARED,
        metadata={"help": "Names of keypoints that one of several classes has: for all of them, or its own."},
    )
    split_folders: SplitFolders = field(
        default=SplitFolders.CLASSES,
        metadata={
            "help": "Folders called like splits that hold pictures beside folders of classes: classes, or splits."
        },
    )
    names: str | None = field(
        default=None,
        metadata={"help": "File that names the classes, one a line, or a data.yaml; wins over the set's own."},
    )
    encoding: str | None = field(
        default=None, metadata={"help": "Encoding of class names that are no UTF-8, e.g. gbk or cp1252."}
    )
    data: str | None = field(
        default=None, metadata={"help": "Which data.yaml of the source to follow, when it has several."}
    )
    root: str | None = field(
        default=None, metadata={"help": "Folder of pictures and labels, when data.yaml points out of the source."}
    )
    sizes: str | None = field(
        default=None,
        metadata={"help": "Sizes of the pictures: images.meta (name height width) or CSV (key,width,height)."},
    )
    labels: str | None = field(
        default=None,
        metadata={"help": "Folder of label files to read, where several have the same pictures; * is any split."},
    )
    box: BoxForm = field(
        default=BoxForm.AUTO,
        metadata={"help": "The four numbers of a box: centre and size, two corners, or top left corner and size."},
    )
    angle: Angle | None = field(
        default=None,
        metadata={
            "help": "A sixth value turns the box, by so many degrees or radians: clockwise, or counter-clockwise (ccw)."
        },
    )
    origin: Origin | None = field(
        default=None,
        metadata={
            "help": "Corners of Keras lines: edges counted from 0 (as_is), or pixels from 1 with the last (one_based)."
        },
    )
    columns: str | None = field(
        default=None,
        metadata={
            "help": "What the values of a row are, in order, such as class,id,x,y,w,h or class,x,y,w,h,outline; those of other names are left out."
        },
    )
    first_class: FirstClass | None = field(
        default=None, metadata={"help": "The id of the first class, where ids seem to count from 1."}
    )
    units: Units = field(
        default=Units.AUTO,
        metadata={
            "help": "Unit of the numbers; auto takes fractions, pixels in DOTA and Keras lines, and asks where they look like another."
        },
    )
    visibility: Visibility = field(
        default=Visibility.AUTO,
        metadata={
            "help": "What 1 says at a keypoint: coco and auto, occluded; present, no more than there; to placed, all that are not at 0, 0 are visible."
        },
    )
    predictions: bool = field(default=False, metadata={"help": "Take rows with a confidence in, too."})
    unknown_classes: bool = field(
        default=False,
        metadata={"help": "Keep rows whose class id has no name as class_<id>, instead of skipping them."},
    )


def rules_of(options: Options, task: Task, names: dict[int, str] | None, **found: Any) -> Rules:
    """The rules that options state, and those that were ``found``."""
    return Rules(
        task,
        names,
        predictions=options.predictions,
        unknown_classes=options.unknown_classes,
        angle=options.angle,
        told=options.task is not None,
        columns=columns_of(options.columns),
        parts=100 if options.units is Units.PERCENT else 1,
        all_visible=options.visibility in (Visibility.PRESENT, Visibility.PLACED),
        placed=options.visibility is Visibility.PLACED,
        **found,
    )


def keypoints_of(text: str | None, own: tuple[int, int] | None) -> tuple[int, int] | None:
    """``kpt_shape`` as the user gives it, else as the set does. Raises :class:`UsageError`."""
    if text is None:
        return own
    match = re.fullmatch(r"\[?\s*([0-9]{1,4})\s*[x,]\s*([23])\s*\]?", text)
    if not match or int(match[1]) == 0:
        raise UsageError(f"-O kpt_shape={text}: it must be the number of keypoints and 2 or 3, such as 17x3")
    return int(match[1]), int(match[2])
