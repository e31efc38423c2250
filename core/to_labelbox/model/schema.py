"""What a source declares about its labels, before any annotation is seen."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """Annotation kinds a target tool can have. The order is the order of the tools of one label."""

    BOX = "box"
    POLYGON = "polygon"
    MASK = "mask"
    POINT = "point"
    LINE = "line"
    ENTITY = "entity"
    RELATIONSHIP = "relationship"


class Input(StrEnum):
    """How a question is answered."""

    RADIO = "radio"
    CHECKLIST = "checklist"
    TEXT = "text"


class Policy(StrEnum):
    """Which kind a shape with an area is written as."""

    AUTO = "auto"
    BBOX = "bbox"
    POLYGON = "polygon"
    MASK = "mask"


class Option(Struct, frozen=True):
    value: str
    label: str = ""
    attributes: tuple[Question, ...] = ()


class Question(Struct, frozen=True):
    """A declared attribute or classification. ``input`` None: to be inferred from the answers.

    ``classes``: its options are classes, as which the report counts the answers.
    """

    name: str
    input: Input | None = None
    options: tuple[Option, ...] = ()
    required: bool = False
    index: bool = False  # answered per frame, time or message rather than once an asset
    classes: bool = False


class Label(Struct, frozen=True):
    """A declared class. ``kinds`` are the kinds it is declared for; empty means any."""

    name: str
    kinds: tuple[Kind, ...] = ()
    color: str = ""
    attributes: tuple[Question, ...] = ()


class Schema(Struct, frozen=True):
    """Labels and whole-asset questions in declared order."""

    labels: tuple[Label, ...] = ()
    questions: tuple[Question, ...] = ()
