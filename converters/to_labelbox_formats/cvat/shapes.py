"""Shapes and their attributes, from XML nodes into the model.

A :class:`~nodes.Figure` holds a shape's numbers the way CVAT's XML orders them:

- rectangle: xtl, ytl, xbr, ybr before rotation; ellipse: cx, cy, rx, ry; both with a rotation clockwise in degrees
  about the centre.
- polygon, polyline, points: x, y, … (the XML writes ``x,y;x,y;…``).
- cuboid: two faces, each top left, bottom left, top right, bottom right.
- mask: run lengths, row by row inside a rectangle, background first, then left, top, width, height.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import (
    Attribute,
    Box,
    Choice,
    Cuboid,
    Ellipse,
    Geometry,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)
from to_labelbox.model.schema import Input, Question
from to_labelbox.model.text import NUMBER, flag, n_of, shortened
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, Refused
from to_labelbox.report.log import UNNAMED, UNREADABLE, Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.decimal_commas import EITHER, ambiguous, with_point
from to_labelbox_formats.cvat.meta import LabelSpec, element_label, joined, questions_of
from to_labelbox_formats.cvat.nodes import Answer, Figure, Node, make_node, name_and_value
from to_labelbox_formats.cvat.options import Coordinates

GROUP = "group"
INSTANCE = "instance"
DIGITS = 9
"""Widths are differences of decimals: rounded here, so that 30.2 - 10.1 is 20.1."""


def difference(high: float, low: float) -> float:
    """``high - low`` without the noise of the subtraction; two decimals, as CVAT writes them, are done quickly."""
    exact = high - low
    hundredths = exact * 100
    nearest = int(hundredths + 0.5)
    return nearest / 100 if -1e-7 < hundredths - nearest < 1e-7 else round(exact, DIGITS)


# ---------------------------------------------------------------------------------------------------- XML shapes

TAGS = {
    "box": "rectangle",
    "polygon": "polygon",
    "polyline": "polyline",
    "points": "points",
    "ellipse": "ellipse",
    "cuboid": "cuboid",
    "mask": "mask",
    "skeleton": "skeleton",
}
"""XML element → shape type."""
_ELEMENTS = {kind: tag for tag, kind in TAGS.items()}

_CORNERS = ("xtl", "ytl", "xbl", "ybl", "xtr", "ytr", "xbr", "ybr")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "box": ("xtl", "ytl", "xbr", "ybr"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "cuboid": tuple(f"{c}{face}" for face in (1, 2) for c in _CORNERS),
    "mask": ("left", "top", "width", "height"),
}
_BROKEN: Mapping[str, Code] = {
    "rectangle": Code.BOX_INVALID,
    "ellipse": Code.BOX_INVALID,
    "cuboid": Code.BOX_INVALID,
    "polygon": Code.POLYGON_INVALID,
    "polyline": Code.POLYGON_INVALID,
    "points": Code.POINT_INVALID,
    "mask": Code.MASK_INVALID,
}


Note = Callable[[Code, str], None]


def number(text: str) -> float:
    """A finite number. Raises ValueError."""
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(text)
    return value


def figure_of(node: Node) -> Figure:
    """The figure of a shape element. Raises :class:`Refused`."""
    if node.figure is not None:
        return node.figure
    kind = TAGS.get(node.tag)
    if kind is None:
        why = (
            "is 3D CVAT data, which is not supported"
            if node.tag == "cuboid_3d"
            else "is not a shape that is known here"
        )
        raise Refused(Code.GEOMETRY_UNSUPPORTED, f"<{node.tag}> {why}")
    names = _FIELDS.get(node.tag)
    try:
        if names is None:
            return Figure(kind, points_of(node.get("points")))
        getter = node.layout.getter(names)
        if getter is None:
            missing = ", ".join(n for n in names if n not in node.layout.index)
            raise Refused(_BROKEN[kind], f"<{node.tag}> lacks {missing}")
        numbers = [number(v) for v in getter(node.parts)]
        if kind == "mask":
            return Figure(kind, [*_runs_of(node.get("rle")), *numbers])
        return Figure(kind, numbers, number(node.get("rotation") or "0"))
    except ValueError as error:
        raise Refused(
            _BROKEN[kind], f"a coordinate of <{node.tag}> is not a finite number: {in_words(error)}"
        ) from None


def figure_in_pixels(node: Node, form: Coordinates, width: int | None, height: int | None, note: Note) -> Figure:
    """The figure of a shape element of a file whose numbers are of that form. Raises :class:`Refused`.

    Numbers with decimal commas, and points without semicolons between them, are read, and ``note`` is told.
    """
    try:
        figure = figure_of(node)
    except Refused:
        mended = _mended(node)
        if mended is None:
            raise
        fields, how = mended
        figure = figure_of(make_node(node.tag, fields))
        note(Code.FIELD_REPAIRED, f"<{node.tag}> has {how}")
    kind, numbers, rotation = figure
    if node.figure is not None or kind == "mask" or form not in (Coordinates.FRACTIONS, Coordinates.SIZES):
        return figure
    if form is Coordinates.SIZES:
        if kind != "rectangle":
            return figure
        left, top, sides, tall = numbers
        return Figure(kind, [left, top, left + sides, top + tall], rotation)
    if width is None or height is None:
        raise Refused(
            Code.IMAGE_SIZE_UNKNOWN, "fractions need the size of the picture: give --media-root or --sizes FILE"
        )
    return Figure(kind, [v * (height if n % 2 else width) for n, v in enumerate(numbers)], rotation)


_PAIR_OF_DECIMALS = re.compile(r"\s*([+-]?\d+),(\d+)\s*[,\s]\s*([+-]?\d+),(\d+)\s*")


_DECIMAL_COMMAS = "decimal commas; they are read as points"


def _mended(node: Node) -> tuple[dict[str, str], str] | None:
    """The fields with decimal points where numbers have commas, and none a point, or with semicolons between points; and which.

    None for others.

    Raises :class:`Refused` where all commas may be those of thousands.
    """
    fields = {name: node.parts[place] for name, place in node.layout.index.items()}
    if "points" in fields:
        text = fields["points"]
        pairs = [_PAIR_OF_DECIMALS.fullmatch(pair) for pair in text.split(";") if pair.strip()]
        flat = re.split(r"\s*,\s*|\s+", text.strip())
        if pairs and None not in pairs and not (len(pairs) == 1 and node.tag != "points"):
            if ";" not in text:
                why = "may be one point with decimal commas, or two points: write ';' between points"
                raise Refused(Code.POINT_INVALID, f"{text.strip()!r} {why}")
            points = ";".join(m.expand(r"\1.\2,\3.\4") for m in pairs if m is not None)
            return fields | {"points": points}, _DECIMAL_COMMAS
        if ";" not in text and len(flat) > 2 and len(flat) % 2 == 0 and all(map(NUMBER.fullmatch, flat)):
            points = ";".join(map(",".join, zip(flat[::2], flat[1::2])))
            return fields | {"points": points}, "no semicolons between its points; its numbers are read as pairs"
        return None
    named = [name for name in (*_FIELDS.get(node.tag, ()), "rotation") if name in fields]
    pointed = {n: with_point(fields[n]) for n in named}
    if any("." in fields[n] for n in named) or all(pointed[n] is fields[n] for n in named):
        return None
    if either := ambiguous(fields[n] for n in named):
        raise Refused(_BROKEN[TAGS[node.tag]], f"<{node.tag}> has {either!r}, and {EITHER}: write points")
    return fields | pointed, _DECIMAL_COMMAS


_flat = msgspec.json.Decoder(list[float])


def points_of(text: str) -> list[float]:
    """``x,y;x,y`` as a flat list; stray blanks and semicolons are tolerated. Raises ValueError."""
    try:
        numbers = _flat.decode(f"[{text.replace(';', ',')}]")
        if len(numbers) == 2 * (text.count(";") + 1):
            return numbers
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass
    numbers = []
    for pair in text.split(";"):
        if not pair.strip():
            continue
        x, comma, y = pair.partition(",")
        if not comma:
            raise ValueError(f"{pair.strip()!r} is not an x,y pair")
        numbers += (number(x), number(y))
    return numbers


def node_of_figure(figure: Figure | str, fields: Mapping[str, str], answers: list[Answer] | None = None) -> Node:
    """The node of a shape that shows a figure; ``fields`` are its other attributes. Of a type alone, one that its reader refuses."""
    if isinstance(figure, str):
        return make_node(_ELEMENTS.get(figure, figure), {**fields, "points": "unreadable"}, answers)
    return make_node(_ELEMENTS[figure.kind], fields, answers, figure=figure)


def _runs_of(text: str) -> list[float]:
    return [number(run) for run in text.split(",") if run.strip()]


# ----------------------------------------------------------------------------------------------------- geometry


def geometry_of(figure: Figure, width: int | None, height: int | None, note: Note) -> Geometry:
    """The model's geometry. ``note`` is told what was mended or cut. Raises :class:`Refused`."""
    kind, numbers, rotation = figure
    match kind:
        case "rectangle":
            return _box(numbers, rotation, note)
        case "polygon":
            if len(set(zip(numbers[::2], numbers[1::2]))) < 3:
                raise Refused(Code.POLYGON_TOO_SHORT, "a polygon needs three different points")
            return Polygon(((numbers,),))
        case "polyline":
            if len(set(zip(numbers[::2], numbers[1::2]))) < 2:
                raise Refused(*sentences.LINE_WITHOUT_LENGTH())
            return Polyline(numbers)
        case "points":
            if len(numbers) != 2:
                raise Refused(Code.POINT_INVALID, f"{n_of(len(numbers) // 2, 'point')} where one is expected")
            return Point(numbers[0], numbers[1])
        case "ellipse":
            cx, cy, rx, ry = numbers
            return Ellipse(cx, cy, rx, ry, rotation)
        case "cuboid":
            return Cuboid(_face(numbers[:8]), _face(numbers[8:]))
        case "mask":
            return _mask(numbers, width, height, note)
    raise Refused(Code.GEOMETRY_UNSUPPORTED, f"a {kind} has no place here")


def _box(numbers: Sequence[float], rotation: float, note: Note) -> Box | RotatedBox:
    left, top, right, bottom = numbers
    if right < left or bottom < top:
        note(*sentences.BOXES_CORNERS_SWAPPED())
        left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
    width, height = round(right - left, DIGITS), round(bottom - top, DIGITS)
    if rotation % 360:
        return RotatedBox(round((left + right) / 2, DIGITS), round((top + bottom) / 2, DIGITS), width, height, rotation)
    return Box(left, top, width, height)


def _face(numbers: Sequence[float]) -> tuple[float, ...]:
    """Top left, top right, bottom right, bottom left: once around."""
    return (*numbers[0:2], *numbers[4:6], *numbers[6:8], *numbers[2:4])


def _mask(numbers: Sequence[float], width: int | None, height: int | None, note: Note) -> Mask:
    if width is None or height is None:
        raise Refused(
            Code.IMAGE_SIZE_UNKNOWN, "a mask needs the size of its picture: give --media-root or --sizes FILE"
        )
    if not all(v == int(v) for v in numbers):
        raise Refused(Code.MASK_INVALID, "run lengths and rectangle must be whole numbers")
    left, top, columns, rows = (int(v) for v in numbers[-4:])
    from to_labelbox.geometry import raster

    try:
        patch = raster.rows_from_runs([int(v) for v in numbers[:-4]], columns, rows)
        mask = raster.mask_from_patch(patch, left, top, width, height)
    except (geo.GeometryError, OverflowError) as error:
        raise Refused(Code.MASK_INVALID, str(error)) from None
    lost = int(patch.sum()) - raster.mask_area(mask)
    if lost:
        note(
            Code.CLIPPED,
            f"{n_of(lost, 'pixel of the mask lies', 'pixels of the mask lie')} outside the {width} × {height} picture and {'is' if lost == 1 else 'are'} cut off",
        )
    return mask


# --------------------------------------------------------------------------------------------------- attributes


class Resolved:
    """The answers of one shape: ``static`` ones hold for a whole track, ``mutable`` ones for a keyframe.

    Shapes with the same label and answers share one instance. ``problems`` are told for every shape that has it.
    ``held`` are the answers of the skeleton that the shape is an element of.
    """

    __slots__ = ("all", "answers", "flags", "held", "mutable", "occluded", "problems", "static")

    def __init__(
        self,
        pairs: Iterable[tuple[Attribute, bool]],
        problems: tuple[tuple[Code, str], ...],
        answers: tuple[Answer, ...] = (),
        flags: Flags | None = None,
        held: tuple[Answer, ...] = (),
    ) -> None:
        found = tuple(pairs)
        self.all = tuple(a for a, _ in found)
        self.static = tuple(a for a, index in found if not index)
        self.mutable = tuple(a for a, index in found if index)
        self.flags = flags or flags_beside(a.name for a in self.all)
        self.occluded = (*self.all, self.flags.yes)
        self.problems = problems
        self.answers = answers
        self.held = held


class Flags(NamedTuple):
    """What CVAT's own ``occluded`` becomes."""

    yes: Attribute
    no: Attribute


def _flags(name: str) -> Flags:
    return Flags(Attribute(name, "yes", flag=True), Attribute(name, "no", flag=True))


FLAGS = _flags("occluded")
_FLAGS_BESIDE = _flags("occluded (flag)")


def flags_beside(names: Iterable[str]) -> Flags:
    """Another name than that of an attribute of the label's own: the two may say different things."""
    return _FLAGS_BESIDE if FLAGS.yes.name in names else FLAGS


_MAX_CACHE = 20_000
_TRUE_FALSE = {"true": "true", "1": "true", "false": "false", "0": "false"}


class Vocabulary:
    """The declared labels and attributes, and the answers to them. ``declared`` is empty where a file has no labels."""

    def __init__(self, labels: Iterable[LabelSpec]) -> None:
        self.questions: dict[str, dict[str, Question]] = {}
        self.skeletons: dict[str, LabelSpec] = {}
        self._cache: dict[tuple[str, tuple[Answer, ...]], Resolved] = {}
        self._values: dict[tuple[str, str], frozenset[str]] = {}
        self._same: dict[tuple[str, tuple[Attribute, ...], tuple[tuple[Code, str], ...]], Resolved] = {}
        for label in labels:
            self._declare(label.name, label)
            if label.elements or (label.type == "skeleton" and label.name not in self.skeletons):
                self.skeletons[label.name] = label
            for element in label.elements:
                self._declare(element_label(label.name, element.name), element)

    def _declare(self, name: str, spec: LabelSpec) -> None:
        known = self.questions.get(name, {})
        declared = joined(known.values(), questions_of(spec))
        self.questions[name] = {question.name: question for question in declared}

    def resolve(self, label: str, answers: tuple[Answer, ...]) -> Resolved:
        """The answers of one shape, from its ``attribute`` children."""
        key = (label, answers)
        known = self._cache.get(key)
        if known is None:
            if len(self._cache) >= _MAX_CACHE:
                self._cache.clear()
                self._same.clear()
            known = self._resolve(label, answers)
            known = self._cache[key] = self._same.setdefault((label, known.all, known.problems), known)
        return known

    def _resolve(self, label: str, answers: tuple[Answer, ...]) -> Resolved:
        questions = self.questions.get(label)
        problems: list[tuple[Code, str]] = []
        if questions is None and self.questions:
            problems.append((Code.CLASS_UNKNOWN, f"label {label!r} is not declared; it is added to the ontology"))
        found: dict[str, tuple[Attribute, bool]] = {}
        for answer in answers:
            name, text = name_and_value(answer)
            name = name.strip()
            if not name:
                problems.append((Code.ATTRIBUTE_UNKNOWN, "an attribute without a name is left out"))
                continue
            question = questions.get(name) if questions else None
            if name in found:
                problems.append((Code.ATTRIBUTE_UNKNOWN, f"attribute {name!r} is given twice; the last value counts"))
            value = _value(question, text)
            if value is None:
                found.pop(name, None)
                continue
            if question is None and questions:
                problems.append(
                    (Code.ATTRIBUTE_UNKNOWN, f"attribute {name!r} of label {label!r} is not declared; it is added")
                )
            elif isinstance(value, Choice) and question and value.value not in self._declared(label, question):
                problems.append(
                    (Code.ATTRIBUTE_UNKNOWN, f"{value.value!r} is not a declared value of {name!r}; it is added")
                )
            found[name] = (Attribute(name, value), question is None or question.index)
        # CVAT writes the answers of a shape in any order, and in another one on the next row.
        ordered = [found[name] for name in dict.fromkeys((*(questions or ()), *found)) if name in found]
        return Resolved(ordered, tuple(problems), answers, flags_beside(questions or found))

    def _declared(self, label: str, question: Question) -> frozenset[str]:
        key = label, question.name
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = frozenset(o.value for o in question.options)
        return known


def _value(question: Question | None, text: str) -> str | bool | Choice | None:
    """None: an empty answer is no answer. Blanks around one count in free text alone."""
    plain = text.strip()
    if not plain:
        return None
    if question is not None and question.input is Input.TEXT:
        return text
    if question is None or question.input is None:
        return plain == "true" if plain in ("true", "false") else plain
    if len(question.options) == 2 and [o.value for o in question.options] == ["true", "false"]:
        return Choice(_TRUE_FALSE.get(plain.lower(), plain))
    return Choice(plain)


def is_on(text: str) -> bool:
    return text == "1" or flag(text) is True


def group_of(text: str) -> str:
    """A group id; 0 is none."""
    plain = text.strip()
    return "" if plain in ("", "0") else plain


class ShapeLog:
    """Notes about one shape at a time, with its place; ``lost`` says that the last shape is less than it was."""

    def __init__(self, log: Log, file: str) -> None:
        self._log = log
        self._file = file
        self.ledger = log.ledger
        self.where = ""
        self.id = ""
        self.lost = False

    def at(self, where: str, id: str = "") -> None:
        self.where, self.id, self.lost = where, id, False

    def note(self, code: str, message: str) -> None:
        if code is Code.CLIPPED:
            self.lost = True
        self._log.note(code, message, file=self._file, where=self.where, id=self.id)

    def flag(self, node: Node, name: str, default: str = "0") -> bool:
        """A flag of a shape; one that says neither yes nor no is taken for the default, with a word."""
        said = node.get(name, default)
        if (on := flag(said)) is None:
            message = f"{name} of <{node.tag}> is {shortened(said)!r}, neither 0 nor 1: taken as {default}"
            self.note(Code.FIELD_REPAIRED, message)
            return default == "1"
        return on

    def problems(self, found: Iterable[tuple[Code, str]]) -> None:
        for code, message in found:
            self.note(code, message)

    def read(self, label: str) -> None:
        self._log.read(label)

    def skip(self, code: str, label: str, message: str) -> None:
        self._log.skip(code, label, message, file=self._file, where=self.where, id=self.id)

    def skip_shapes(self, image: Node, code: Code, message: str) -> None:
        """Every annotation of an image is read and skipped; the reason is noted even where there is none."""
        self.at(image.get("name") or f"image {image.get('id')}")
        if not image.children:
            self.note(code, message)
        for shape in image.children:
            label = shape.get("label").strip() or UNNAMED
            self.read(label)
            self.skip(code, label, message)

    def tags_alone(self, image: Node, told_by: str) -> list[Node]:
        """The tags of a frame whose shapes another export tells, which are read and merged."""
        for shape in (s for s in image.children if s.tag != "tag"):
            label = shape.get("label").strip() or UNNAMED
            self.read(label)
            self.merge(
                Code.ANNOTATION_DUPLICATE, label, f"{told_by} tells it, as the export of the same task for video"
            )
        return [s for s in image.children if s.tag == "tag"]

    def skip_unreadable(self, where: str, error: FileError) -> None:
        """An image or track that cannot be read at all is one annotation, of no class that is known."""
        self.at(where)
        self.read(UNREADABLE)
        self.skip(Code.RECORD_UNREADABLE, UNREADABLE, str(error))

    def merge(self, code: Code, label: str, message: str) -> None:
        self._log.merge(code, label, message, file=self._file, where=self.where, id=self.id)

    def dropped_group(self) -> None:
        self.note(Code.GROUP_DROPPED, "group ids have no place in the target; -O groups=true keeps them as nested text")
