"""The objects of one annotation file, from texts to the model.

Corners: the challenge counts pixels from 1 and includes the last one, so [left, top, right, bottom] covers left-1 …
right in edges that are counted from 0. Tools write edges counted from 0 as they are. Which of the two holds is decided
once for the whole set. Points, outlines and rotated boxes of a 1-based set are moved by one pixel too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from to_labelbox.diagnostics import UNNAMED, Code, Log
from to_labelbox.model import (
    Annotation,
    Attribute,
    Box,
    Keypoint,
    Keypoints,
    Object,
    Point,
    Polygon,
    Relationship,
    RotatedBox,
)
from to_labelbox.xml import Element, local_name
from to_labelbox_formats.voc.document import CORNERS, Document, Row, child_of, text_of

FLAGS = ("truncated", "difficult", "occluded")
PART_OF = "part of"

_MAX_COORDINATE = 1e9
_MAX_REMEMBERED = 10_000
_NO_SIZE = "fractions of an image whose size is not known: give the images with --media-root, or --sizes FILE"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_VERTEX = re.compile(r"([xy])([0-9]{1,6})")
_YES = frozenset({"1", "true", "yes", "1.0"})
_NO = frozenset({"0", "false", "no", "", "0.0"})
_NO_POSE = frozenset({"", "unspecified"})
_SCORES = ("confidence", "score")
_ELSEWHERE = frozenset({"mask", "segmentation", "segm", "rle"})
"""Rasters that odd tools put into the XML, each in its own way."""
_WITHOUT_MEANING = frozenset({"id", "type", "deleted", *_SCORES})
_STRUCTURED = frozenset(
    {"name", "pose", *FLAGS, "bndbox", "robndbox", "polygon", "point", "part", "actions", "attributes"}
)


class PartNames(StrEnum):
    NAME = "name"
    PATH = "path"


class Rules(NamedTuple):
    """What holds for all files of a set. ``shift`` is 1 for 1-based corners."""

    shift: float = 0.0
    relative: bool = False
    predictions: bool = False
    skip_difficult: bool = False
    part_names: PartNames = PartNames.NAME


def number(text: str | None) -> float | None:
    """A finite number of reasonable size; None for anything else."""
    text = (text or "").strip()
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if -_MAX_COORDINATE < value < _MAX_COORDINATE else None


def left_out(rules: Rules, row: Row, element: Element | None) -> tuple[Code, str] | None:
    """Why a whole object is not wanted, whatever its geometry."""
    if rules.skip_difficult and (row[3] or "").strip().lower() in _YES:
        return Code.EXCLUDED, "is difficult, left out by -O skip_difficult=true"
    if element is None:
        return None
    if text_of(child_of(element, "deleted")).strip().lower() in _YES:
        return Code.DELETED, "is marked as deleted"
    if not rules.predictions and any(text_of(child_of(element, name)).strip() for name in _SCORES):
        return Code.PREDICTION, "has a score, so it is a prediction: kept with -O predictions=true"
    return None


class ObjectReader:
    """Reads files by the rules of the set. All that it remembers is what equal texts mean."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._attributes: dict[Row, tuple[Attribute, ...] | None] = {}

    def read(self, document: Document, size: tuple[int, int] | None, file: str, log: Log) -> list[Annotation]:
        """All annotations of a file. ``size`` is that of the frame the numbers are in."""
        rows = document.rows
        if document.elements or self._rules.relative or self._rules.skip_difficult or len(set(rows)) < len(rows):
            return list(_File(self._rules, size, file, log).annotations(document))
        shift, remembered = self._rules.shift, self._attributes
        out: list[Annotation] = []
        counts: dict[str, int] = {}
        for n, row in enumerate(rows, 1):
            key = row[1:5]
            if key in remembered:
                attributes = remembered[key]
            else:
                if len(remembered) >= _MAX_REMEMBERED:
                    remembered.clear()
                attributes = remembered[key] = _plain_attributes(row)
            label = row[0].strip()  # type: ignore[union-attr]  # a plain row has a name and four numbers
            left, top, right, bottom = map(float, row[5:9])  # type: ignore[arg-type]
            if attributes is None or not label or left > right or top > bottom or left < shift or top < shift:
                out += _File(self._rules, size, file, log).object(n, row, None)
                continue
            counts[label] = counts.get(label, 0) + 1
            left -= shift
            top -= shift
            box = Box(left, top, right - left, bottom - top)
            out.append(Object(id=str(n), label=label, geometry=box, attributes=attributes, where=f"object[{n}]"))
        for label, count in counts.items():
            log.read(label, count)
        return out


def _plain_attributes(row: Row) -> tuple[Attribute, ...] | None:
    """Pose and flags of a row; None when a flag is neither yes nor no, which is worth a message."""
    out = _pose(row[1])
    for name, text in zip(FLAGS, row[2:5]):
        text = (text or "").strip().lower()
        if text in _YES:
            out.append(Attribute(name, "yes", flag=True))
        elif text not in _NO:
            return None
    return tuple(out)


def _pose(text: str | None) -> list[Attribute]:
    pose = (text or "").strip()
    return [] if pose.lower() in _NO_POSE else [Attribute("pose", pose)]


class _Shape(NamedTuple):
    """What an object's elements say of its place; ``problem`` why there is none."""

    geometry: Box | RotatedBox | Polygon | Point | Keypoints | None = None
    box: Box | None = None
    keypoints: Keypoints | None = None
    loss: bool = False
    problem: tuple[Code, str] | None = None


class _File:
    """The objects of one file with all that can be in them, and all that can be wrong with them."""

    def __init__(self, rules: Rules, size: tuple[int, int] | None, file: str, log: Log) -> None:
        self._rules, self._size, self._file, self._log = rules, size, file, log

    def annotations(self, document: Document) -> Iterator[Annotation]:
        """All objects; of those that are equal in everything, parts included, only the first."""
        seen: dict[str, int] = {}
        for n, row in enumerate(document.rows, 1):
            found = self.object(n, row, document.elements[n - 1] if document.elements else None)
            objects = [a for a in found if isinstance(a, Object)]
            key = repr([(o.label, o.geometry, o.keypoints, o.attributes) for o in objects])
            if objects and key in seen:
                for one in objects:
                    self._log.merge(
                        Code.ANNOTATION_DUPLICATE,
                        one.label,
                        f"equal to object[{seen[key]}], which is kept",
                        file=self._file,
                        where=one.where,
                        id=one.id,
                    )
                continue
            seen[key] = n
            yield from found

    def object(self, n: int, row: Row, element: Element | None) -> list[Annotation]:
        """The object, its parts and their relationships: whatever of them can be kept."""
        where, id = f"object[{n}]", str(n)
        label = (row[0] or "").strip()
        self._log.read(label or UNNAMED)
        refusal = left_out(self._rules, row, element)
        parts = self._parts(n, label, element, refusal)
        if refusal is None and not label:
            refusal = Code.CLASS_UNNAMED, "has no name"
        shape = _Shape()
        attributes: list[Attribute] = []
        loss = False
        if refusal is None:
            attributes, rotation, loss = self._attributes(row, element, where)
            shape = self._shape(row, element, rotation, where)
            refusal = shape.problem if shape.geometry is None else None
        if refusal is not None or shape.geometry is None:
            code, message = refusal or (Code.GEOMETRY_MISSING, "has no geometry")
            self._log.skip(code, label or UNNAMED, message, file=self._file, where=where, id=id)
            return list(parts)
        if rotation and not isinstance(shape.geometry, RotatedBox):
            attributes.append(Attribute("rotation", rotation))
        whole = Object(
            id=id,
            label=label,
            geometry=shape.geometry,
            attributes=tuple(attributes),
            box=shape.box,
            keypoints=shape.keypoints,
            loss=loss or shape.loss,
            where=where,
        )
        links = (
            Relationship(id=f"{part.id}/of", label=PART_OF, source=part.id, target=id, where=part.where, units=0)
            for part in parts
        )
        return [whole, *parts, *links]

    def _parts(self, n: int, whole: str, element: Element | None, refusal: tuple[Code, str] | None) -> list[Object]:
        """Parts are boxes of their own, as the layout task has them: head, hand, foot."""
        out = []
        for k, part in enumerate(_children(element, "part"), 1):
            where, id = f"object[{n}]/part[{k}]", f"{n}/part[{k}]"
            name = text_of(child_of(part, "name")).strip()
            label = f"{whole}/{name}" if name and whole and self._rules.part_names is PartNames.PATH else name
            self._log.read(label or UNNAMED)
            corners = tuple(_text(child_of(child_of(part, "bndbox"), corner)) for corner in CORNERS)
            problem = refusal or (None if label else (Code.CLASS_UNNAMED, "has no name"))
            box = self._box(corners, where) if problem is None else None
            if isinstance(box, Box):
                out.append(Object(id=id, label=label, geometry=box, where=where))
            else:
                code, message = problem or box or (Code.GEOMETRY_MISSING, "has no bndbox")
                self._log.skip(code, label or UNNAMED, message, file=self._file, where=where, id=id)
        return out

    # ------------------------------------------------------------------------------------------------- attributes

    def _attributes(self, row: Row, element: Element | None, where: str) -> tuple[list[Attribute], float, bool]:
        """(attributes, CVAT's rotation in degrees, whether something has no place)."""
        out = _pose(row[1])
        for name, text in zip(FLAGS, row[2:5]):
            if self._flag(name, text, where):
                out.append(Attribute(name, "yes", flag=True))
        rotation, loss = 0.0, False
        if element is None:
            return out, rotation, loss
        done = tuple(a for action in _inside(element, "actions") if (a := self._action(action, where)))
        if done:
            out.append(Attribute("actions", done))
        for attribute in _inside(element, "attributes"):
            name, value = (text_of(child_of(attribute, field)).strip() for field in ("name", "value"))
            if name == "rotation" and (turned := number(value)) is not None:
                rotation = turned % 360
            elif name in FLAGS:
                if self._flag(name, value, where) and Attribute(name, "yes", flag=True) not in out:
                    out.append(Attribute(name, "yes", flag=True))
            elif name and value:
                out.append(_attribute(name, value))
        for child in element:
            name = local_name(child)
            if name in _STRUCTURED or name in _WITHOUT_MEANING:
                if name in _SCORES and text_of(child).strip():
                    loss = self._ignored(f"<{name}> has no place in ground truth", where)
            elif name in _ELSEWHERE:
                loss = self._ignored(f"<{name}> is not understood; the other geometry of the object is used", where)
            elif len(child):
                loss = self._ignored(f"<{name}> is not understood", where)
            elif value := text_of(child).strip():
                out.append(_attribute(name, value))
        return out, rotation, loss

    def _flag(self, name: str, text: str | None, where: str) -> bool:
        said = (text or "").strip().lower()
        if said not in _YES and said not in _NO:
            self._note(Code.FIELD_REPAIRED, f"<{name}> is {said!r}, neither 0 nor 1: taken as 0", where)
        return said in _YES

    def _action(self, action: Element, where: str) -> str:
        name = local_name(action)
        return name if self._flag(name, action.text, where) else ""

    def _ignored(self, message: str, where: str) -> bool:
        self._note(Code.FIELD_IGNORED, message, where)
        return True

    def _note(self, code: Code, message: str, where: str) -> None:
        self._log.note(code, message, file=self._file, where=where)

    # --------------------------------------------------------------------------------------------------- geometry

    def _shape(self, row: Row, element: Element | None, rotation: float, where: str) -> _Shape:
        """The most specific geometry that is whole; a broken one gives way to the box, which is then a loss."""
        found = self._box(row[5:9], where)
        box, problem = (found, None) if isinstance(found, Box) else (None, found)
        if element is None:
            return _Shape(box, problem=problem)
        if self._rules.relative and self._size is None:
            return _Shape(problem=problem or (Code.IMAGE_SIZE_UNKNOWN, _NO_SIZE))
        points = [xy for point in _children(element, "point") if (xy := self._point(point)) is not None]
        if len(points) < len(_children(element, "point")):
            problem = Code.POINT_INVALID, "a coordinate of <point> is not a number"
        keypoints = _keypoints(points) if points else None
        outline: RotatedBox | Polygon | tuple[Code, str] | None = None
        if rotated := _children(element, "robndbox"):
            outline = self._rotated(rotated[-1])
        elif polygons := _children(element, "polygon"):
            outline = self._polygon(polygons)
        elif box is not None and rotation:
            cx, cy = box.left + box.width / 2, box.top + box.height / 2
            return _Shape(RotatedBox(cx, cy, box.width, box.height, rotation), None, keypoints)
        if isinstance(outline, RotatedBox | Polygon):
            return _Shape(outline, box, keypoints, loss=problem is not None)
        if outline is not None:
            problem = outline
        if box is not None:
            if problem is not None:
                self._note(*problem, where)
            return _Shape(box, None, keypoints, loss=problem is not None)
        if problem is None and len(points) == 1:
            return _Shape(Point(*points[0]))
        return _Shape(keypoints if problem is None else None, problem=problem)

    def _number(self, name: str, text: str | None, where: str) -> float | None:
        value = number(text)
        if value is None and _COMMA.fullmatch(said := (text or "").strip()):
            self._note(Code.FIELD_REPAIRED, f"<{name}> is {said!r}: the comma is taken as a decimal point", where)
            value = number(said.replace(",", "."))
        return value

    def _box(self, corners: Sequence[str | None], where: str) -> Box | tuple[Code, str] | None:
        """The box, what is wrong with it, or None when there is no bndbox at all."""
        if all(text is None for text in corners):
            return None
        values = []
        for name, text in zip(CORNERS, corners):
            value = self._number(name, text, where)
            if value is None:
                said = f"is {text.strip()!r}, not a number" if text and text.strip() else "is missing"
                return Code.BOX_INVALID, f"<{name}> {said}"
            values.append(value)
        left, top, right, bottom = values
        if left > right or top > bottom:
            self._note(Code.BOX_FLIPPED, "the corners are swapped: put in order", where)
            left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
        if self._rules.relative:
            if self._size is None:
                return Code.IMAGE_SIZE_UNKNOWN, _NO_SIZE
            width, height = self._size
            return Box(left * width, top * height, (right - left) * width, (bottom - top) * height)
        shift = self._rules.shift
        if shift and (left < shift or top < shift):
            self._note(
                Code.ORIGIN_DOUBTFUL,
                f"a corner at {min(left, top):g}, but the set is taken as counting pixels from 1. "
                "If it counts from 0, convert it with -O origin=as_is",
                where,
            )
        left, top = left - shift, top - shift
        return Box(left, top, right - left, bottom - top)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        if self._rules.relative and self._size is not None:
            return x * self._size[0], y * self._size[1]
        return x - self._rules.shift, y - self._rules.shift

    def _point(self, element: Element) -> tuple[float, float] | None:
        x, y = number(text_of(child_of(element, "x"))), number(text_of(child_of(element, "y")))
        return None if x is None or y is None else self._place(x, y)

    def _rotated(self, element: Element) -> RotatedBox | tuple[Code, str]:
        """roLabelImg: centre, width, height in pixels, clockwise angle in radians."""
        values = [number(text_of(child_of(element, name))) for name in ("cx", "cy", "w", "h", "angle")]
        cx, cy, w, h, angle = values
        if cx is None or cy is None or w is None or h is None or angle is None or w <= 0 or h <= 0:
            return Code.BOX_INVALID, "a number of <robndbox> is missing, broken or not positive"
        if self._rules.relative and self._size is not None:
            w, h = w * self._size[0], h * self._size[1]
        return RotatedBox(*self._place(cx, cy), w, h, math.degrees(angle) % 360)

    def _polygon(self, elements: Sequence[Element]) -> Polygon | tuple[Code, str]:
        """Roboflow's ``x1 y1 x2 y2 …``, or ``point`` or ``pt`` children. Several outlines are parts of one object."""
        parts = []
        for element in elements:
            places = [self._point(c) for c in element if local_name(c) in ("point", "pt")] or self._vertices(element)
            ring = [value for place in places if place is not None for value in place]
            if None in places:
                return Code.POLYGON_INVALID, "a vertex of <polygon> is missing or not a number"
            if len(ring) < 6:
                return Code.POLYGON_TOO_SHORT, f"<polygon> has {len(ring) // 2} vertices, three are needed"
            parts.append((ring,))
        return Polygon(tuple(parts))

    def _vertices(self, element: Element) -> list[tuple[float, float] | None]:
        numbered: dict[int, dict[str, float | None]] = {}
        for child in element:
            if match := _VERTEX.fullmatch(local_name(child)):
                numbered.setdefault(int(match.group(2)), {})[match.group(1)] = number(child.text)
        places: list[tuple[float, float] | None] = []
        for _, vertex in sorted(numbered.items()):
            x, y = vertex.get("x"), vertex.get("y")
            places.append(None if x is None or y is None else self._place(x, y))
        return places


def _keypoints(points: Sequence[tuple[float, float]]) -> Keypoints:
    names = ["point"] if len(points) == 1 else [f"point {k}" for k in range(1, len(points) + 1)]
    return Keypoints(tuple(Keypoint(name, x, y) for name, (x, y) in zip(names, points)))


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, value.lower() == "true" if value.lower() in ("true", "false") else value)


def _children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if local_name(child) == name]


def _inside(element: Element, name: str) -> list[Element]:
    found = child_of(element, name)
    return [] if found is None else list(found)


def _text(element: Element | None) -> str | None:
    return None if element is None else element.text or ""
