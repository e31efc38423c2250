"""Where an object is: its elements with coordinates, from texts to geometries.

Corners: the challenge counts pixels from 1 and includes the last one, so [left, top, right, bottom] covers left-1 …
right in edges that are counted from 0. Scripts that count pixels from 0 include the last one, too: left … right+1. Tools write edges
counted from 0 as they are. Which of these holds is decided once for the whole set. Points, outlines and rotated boxes of a 1-based set are moved by one pixel too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from to_labelbox.geometry.vector import open_ring
from to_labelbox.model.items import Box, Keypoint, Keypoints, Point, Polygon, RotatedBox
from to_labelbox.model.text import NUMBER, n_of
from to_labelbox.report.codes import Code
from to_labelbox.source.decimal_commas import EITHER, ambiguous, with_point, without_thousands
from to_labelbox.source.xml import Element, local_name
from to_labelbox_formats.voc.document import CORNERS, Row, child_of, children_of, text_of
from to_labelbox_formats.voc.options import Commas, PartNames, Sides

_MAX_COORDINATE = 1e9
_NO_SIZE = "fractions of an image whose size is not known: give the images with --media-root, or --sizes FILE"
_SWAPPED = "the corners are swapped: put in order (-O corners=sizes if xmax and ymax are width and height)"
_MAY_BE_EITHER = f"{EITHER}: -O commas=decimal, or -O commas=thousands"
_PAIR = re.compile(r"\s*([^\s,]+)\s*,\s*([^\s,]+)\s*")
"""A vertex as FAIR1M writes it: ``<point>100.0,200.5</point>``."""
_VERTEX = re.compile(r"([xy])([0-9]{1,6})")
_CORNER_NAMES = {
    f"{axis}_{corner}": f"{axis}{n}"
    for n, corner in enumerate(("left_top", "right_top", "right_bottom", "left_bottom"), 1)
    for axis in "xy"
}
"""Vertices as the set DIOR-R names them."""


_OUTLINES = frozenset({"robndbox", "polygon", "points", "point"})
FULL_TURN = 2 * math.pi + 0.01
"""No angle in radians is beyond, with room for rounding; roLabelImg writes [0, π)."""


class Rules(NamedTuple):
    """What holds for all files of a set.

    ``shift`` is 1 for 1-based corners; ``last`` is 1 where corners are pixels of which the last is in the box; ``sizes``: the last two are width and height; ``degrees``: angles are no radians;
    ``any_angle``: one beyond a full turn is as the user says; ``resized``: corners are those of ``<size>``, whatever the
    size of the picture; ``sides``: whether that has width and height the wrong way round, by each file's labels unless
    it holds for all; ``as_displayed``: pictures stored turned were labelled as their EXIF orientation shows them. ``by_file``: ``shift`` and ``last`` hold for files that
    name the challenge. ``relative``: numbers are so many parts of the picture's sides, 0 for pixels. ``transposed``: x is y in corners. ``centres``: corners are a centre, width and height.
    """

    shift: float = 0.0
    last: float = 0.0
    relative: int = 0
    sizes: bool = False
    predictions: bool = False
    skip_difficult: bool = False
    part_names: PartNames = PartNames.NAME
    degrees: bool = False
    any_angle: bool = False
    resized: bool = False
    sides: Sides = Sides.AUTO
    as_displayed: bool = True
    by_file: bool = False
    transposed: bool = False
    centres: bool = False
    outlines: bool = True
    commas: Commas = Commas.AUTO


def number(text: str | None) -> float | None:
    """A finite number of reasonable size; None for anything else."""
    text = (text or "").strip()
    if NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if -_MAX_COORDINATE < value < _MAX_COORDINATE else None


def with_commas(text: str, commas: Commas) -> tuple[float | None, bool]:
    """(a number that has commas, whether one of them was taken as a decimal point); None for what is no number with them either."""
    if commas is Commas.THOUSANDS and (value := number(without_thousands(text))) is not None:
        return value, False
    return number(with_point(text)), True


def corner_numbers(texts: Sequence[str | None], commas: Commas) -> tuple[float, ...] | None:
    """The four numbers of a box as :class:`ShapeReader` reads them, None for one that it refuses."""
    values = tuple(map(number, texts))
    if None in values:
        said = [(text or "").strip() for text in texts]
        if commas is Commas.AUTO and ambiguous(said):
            return None
        values = tuple(with_commas(text, commas)[0] if value is None else value for text, value in zip(said, values))
    return None if None in values else values  # type: ignore[return-value]  # none of them is None


class Shape(NamedTuple):
    """What an object's elements say of its place; ``problem`` why there is none."""

    geometry: Box | RotatedBox | Polygon | Point | Keypoints | None = None
    box: Box | None = None
    keypoints: Keypoints | None = None
    loss: bool = False
    problem: tuple[Code, str] | None = None


def has_outline(element: Element | None) -> bool:
    """Whether an object states a place in another way than by four corners."""
    return element is not None and any(local_name(child) in _OUTLINES or holds_vertices(child) for child in element)


def holds_vertices(element: Element) -> bool:
    """Whether an element is an outline by its ``x1 y1 x2 y2 x3 y3 …``, whatever it is called (``rotated_bndbox`` of SSDD)."""
    return sum(map(is_vertex, map(local_name, element))) > 5


def is_vertex(name: str) -> bool:
    return _VERTEX.fullmatch(_CORNER_NAMES.get(name, name)) is not None


class ShapeReader:
    """Reads places of one file. ``note`` takes a code, a message and the place in the file."""

    def __init__(self, rules: Rules, size: tuple[int, int] | None, note: Callable[[Code, str, str], None]) -> None:
        self._rules, self._size, self._note = rules, size, note

    def shape(self, row: Row, element: Element | None, rotation: float, where: str) -> Shape:
        """The most specific geometry that is whole; a broken one gives way to the box, which is then a loss."""
        found = self.box(row[5:9], where)
        box, problem = (found, None) if isinstance(found, Box) else (None, found)
        if element is None:
            return Shape(box, problem=problem)
        if self._rules.relative and self._size is None:
            return Shape(problem=problem or (Code.IMAGE_SIZE_UNKNOWN, _NO_SIZE))
        points = [xy for point in children_of(element, "point") if (xy := self._point(point, where)) is not None]
        if len(points) < len(children_of(element, "point")):
            problem = Code.POINT_INVALID, "a coordinate of <point> is not a number"
        keypoints = _keypoints(points) if points else None
        outline: RotatedBox | Polygon | tuple[Code, str] | None = None
        envelope = box
        if box is not None and not self._rules.outlines:
            pass
        elif rotated := children_of(element, "robndbox"):
            outline = self._rotated(rotated[-1], where)
        elif polygons := [*children_of(element, "polygon"), *children_of(element, "points")]:
            outline = self._polygon(polygons, where)
        elif others := [child for child in element if local_name(child) != "bndbox" and holds_vertices(child)]:
            outline = self._polygon(others[-1:], where)
        elif found is None and (
            quads := [e for e in children_of(element, "bndbox") if any(map(is_vertex, map(local_name, e)))]
        ):
            outline = self._polygon(quads[:1], where)
        elif box is not None and rotation:
            cx, cy = box.left + box.width / 2, box.top + box.height / 2
            outline, envelope = RotatedBox(cx, cy, box.width, box.height, rotation), None
        if isinstance(outline, tuple):
            outline, problem = None, outline
        if outline is None and box is None:
            if problem is not None or not points:
                return Shape(problem=problem)
            return Shape(Point(*points[0]) if len(points) == 1 else keypoints)
        if problem is not None:
            self._note(*problem, where)
        return Shape(outline or box, envelope if outline else None, keypoints, loss=problem is not None)

    def _number(self, name: str, text: str | None, where: str) -> float | None:
        value = number(text)
        if value is None and "," in (said := (text or "").strip()):
            value, pointed = with_commas(said, self._rules.commas)
            if pointed and value is not None:
                self._note(Code.FIELD_REPAIRED, f"<{name}> is {said!r}: the comma is taken as a decimal point", where)
        return value

    def _either(self, elements: Sequence[Element]) -> str:
        """A number of outlines whose comma may be a decimal one or that of thousands; nothing where there is none."""
        if self._rules.commas is not Commas.AUTO:
            return ""
        leaves = (leaf for element in elements for leaf in element.iter() if local_name(leaf) not in ("point", "pt"))
        return ambiguous(text for leaf in leaves if (text := leaf.text) and "," in text)

    def box(self, corners: Sequence[str | None], where: str) -> Box | tuple[Code, str] | None:
        """The box, what is wrong with it, or None when there is no bndbox at all."""
        if all(text is None for text in corners):
            return None
        values = []
        if self._rules.commas is Commas.AUTO and (either := ambiguous(filter(None, corners))):
            return Code.BOX_INVALID, f"{either!r}: {_MAY_BE_EITHER}"
        for name, text in zip(CORNERS, corners):
            value = self._number(name, text, where)
            if value is None:
                said = f"is {text.strip()!r}, not a number" if text and text.strip() else "is missing"
                return Code.BOX_INVALID, f"<{name}> {said}"
            values.append(value)
        left, top, right, bottom = values
        if self._rules.transposed:
            left, top, right, bottom = top, left, bottom, right
        if self._rules.centres:
            last = self._rules.last  # the sides are lengths
            left, top, right, bottom = (
                left - right / 2,
                top - bottom / 2,
                left + right / 2 - last,
                top + bottom / 2 - last,
            )
        if self._rules.sizes:
            right, bottom = left + right - self._rules.last, top + bottom - self._rules.last
        if left > right or top > bottom:
            self._note(Code.BOX_FLIPPED, _SWAPPED, where)
            left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
        if self._rules.relative:
            if self._size is None:
                return Code.IMAGE_SIZE_UNKNOWN, _NO_SIZE
            width, height = (side / self._rules.relative for side in self._size)
            return Box(left * width, top * height, (right - left) * width, (bottom - top) * height)
        shift = self._rules.shift
        if shift and (left < shift or top < shift):
            self._note(
                Code.ORIGIN_DOUBTFUL,
                f"a corner at {min(left, top):g}, but the set is taken as counting pixels from 1. "
                "If it counts from 0, convert it with -O origin=as_is",
                where,
            )
        left, top, more = left - shift, top - shift, self._rules.last - shift
        return Box(left, top, right + more - left, bottom + more - top)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        if self._rules.relative and self._size is not None:
            return x * self._size[0] / self._rules.relative, y * self._size[1] / self._rules.relative
        return x - self._rules.shift, y - self._rules.shift

    def _point(self, element: Element, where: str) -> tuple[float, float] | None:
        x, y = (self._number(axis, text_of(child_of(element, axis)), where) for axis in "xy")
        if x is None and y is None and (pair := _PAIR.fullmatch(text_of(element))):
            x, y = number(pair[1]), number(pair[2])
        return None if x is None or y is None else self._place(x, y)

    def _rotated(self, element: Element, where: str) -> RotatedBox | Polygon | tuple[Code, str]:
        """roLabelImg: centre, width, height in pixels, clockwise angle in radians. DIOR-R and others: four corners."""
        degrees = self._rules.degrees
        if child_of(element, "cx") is None and any(map(is_vertex, map(local_name, element))):
            return self._polygon([element], where)
        if either := self._either([element]):
            return Code.BOX_INVALID, f"{either!r}: {_MAY_BE_EITHER}"
        names = ("cx", "cy", "w", "h", "angle")
        cx, cy, w, h, angle = (self._number(name, text_of(child_of(element, name)), where) for name in names)
        if cx is None or cy is None or w is None or h is None or angle is None or w <= 0 or h <= 0:
            return Code.BOX_INVALID, "a number of <robndbox> is missing, broken or not positive"
        if self._rules.relative and self._size is not None:
            w, h = w * self._size[0] / self._rules.relative, h * self._size[1] / self._rules.relative
        if not degrees and not self._rules.any_angle and abs(angle) > FULL_TURN:
            return (
                Code.BOX_INVALID,
                f"<angle> is {angle:g}, more than a full turn in radians: degrees? (-O angle=degrees)",
            )
        return RotatedBox(*self._place(cx, cy), w, h, (angle if degrees else math.degrees(angle)) % 360)

    def _polygon(self, elements: Sequence[Element], where: str) -> Polygon | tuple[Code, str]:
        """Roboflow's ``x1 y1 x2 y2 …``, DIOR-R's names of corners, or ``point`` or ``pt`` children. Several outlines are parts of one object."""
        if either := self._either(elements):
            return Code.POLYGON_INVALID, f"{either!r}: {_MAY_BE_EITHER}"
        parts = []
        for element in elements:
            points = [self._point(child, where) for child in element if local_name(child) in ("point", "pt")]
            places = points or self._vertices(element, where)
            ring = [value for place in places if place is not None for value in place]
            if None in places:
                return Code.POLYGON_INVALID, f"a vertex of <{local_name(element)}> is missing or not a number"
            if local_name(element) == "points":
                ring = [*open_ring(ring)]
            if len(ring) < 6:
                return (
                    Code.POLYGON_TOO_SHORT,
                    f"<{local_name(element)}> has {n_of(len(ring) // 2, 'vertex', 'vertices')}, three are needed",
                )
            parts.append((ring,))
        return Polygon(tuple(parts))

    def _vertices(self, element: Element, where: str) -> list[tuple[float, float] | None]:
        numbered: dict[int, dict[str, float | None]] = {}
        for child in element:
            name = local_name(child)
            if match := _VERTEX.fullmatch(_CORNER_NAMES.get(name, name)):
                numbered.setdefault(int(match.group(2)), {})[match.group(1)] = self._number(name, child.text, where)
        places: list[tuple[float, float] | None] = []
        for _, vertex in sorted(numbered.items()):
            x, y = vertex.get("x"), vertex.get("y")
            places.append(None if x is None or y is None else self._place(x, y))
        return places


def _keypoints(points: Sequence[tuple[float, float]]) -> Keypoints:
    names = ["point"] if len(points) == 1 else [f"point {k}" for k in range(1, len(points) + 1)]
    return Keypoints(tuple(Keypoint(name, x, y) for name, (x, y) in zip(names, points)))
