"""Options of the COCO reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Units(StrEnum):
    AUTO = "auto"
    PIXELS = "pixels"
    NORMALISED = "normalised"


class Form(StrEnum):
    AUTO = "auto"
    SIZES = "xywh"
    CORNERS = "xyxy"


@dataclass(frozen=True, slots=True)
class Options:
    base: str | None = field(
        default=None, metadata={"help": "for a results file: the file with its images and categories"}
    )
    predictions: bool = field(
        default=False, metadata={"help": "also take annotations with a score, and results files, as labels"}
    )
    categories: str | None = field(
        default=None, metadata={"help": "a COCO file to take the categories from, for files without any"}
    )
    units: Units = field(
        default=Units.AUTO,
        metadata={"help": "unit of coordinates; auto takes pixels and refuses files that look like fractions"},
    )
    boxes: Form = field(
        default=Form.AUTO,
        metadata={"help": "what bbox holds; auto takes xywh and refuses files whose areas say that it is xyxy"},
    )
    fields: str | None = field(
        default=None,
        metadata={"help": "more fields of annotations to take as nested answers, with commas between: track_id,pose"},
    )
    unlabelled: str | None = field(
        default=None, metadata={"help": "class of annotations without a category, else skipped"}
    )
