"""What the first pass over some of the files tells about all of them: counts, before anything is concluded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from to_labelbox.geometry.any_shape import envelope
from to_labelbox.geometry.corner_order import CornerOrder
from to_labelbox.geometry.vector import bounds, overlap
from to_labelbox.model.items import Geometry, Keypoints, Point, Polygon, RotatedBox
from to_labelbox.report.errors import FileError
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import Header
from to_labelbox.source.side_up import Size, displayed, is_scaled
from to_labelbox.source.xml import Element
from to_labelbox_formats.voc.document import (
    MAX_BYTES,
    Document,
    NotAnnotation,
    Row,
    child_of,
    children_of,
    corners_of,
    read_document,
    text_of,
)
from to_labelbox_formats.voc.layout.image_of_annotation import image_called
from to_labelbox_formats.voc.layout.index import Layout
from to_labelbox_formats.voc.objects import left_out
from to_labelbox_formats.voc.options import Sides
from to_labelbox_formats.voc.shapes import (
    FULL_TURN,
    Rules,
    Shape,
    ShapeReader,
    corner_numbers,
    has_outline,
    number,
)

_SAMPLE = 1000
"""Annotation files, spread evenly over the set, that decide what holds for all of them."""
_KEPT_ROWS = 20_000
"""Objects of documents that are kept, some 10 MB of them: of a small set all are read for the sample, and need not be again."""
_ALONE = 8
"""Outlines without a box of a file that are looked at."""
_OUTLINES = 200
"""Outlines that are compared with the boxes beside them, and what both have in common at least, as a share of their union."""
_APART = 0.1
_HEADERS = 200
"""Pictures whose headers are compared with ``<size>``."""
_MANY, _ENOUGH = 5, 10_000.0
"""Shapes below 100, and how often as many pictures would have to be labelled anew for chance to put them there, that seem to be per cent."""
Place: TypeAlias = tuple[float, ...]
"""Left, top, right and bottom, and then the stated width and height where they are kept."""


def document_of(source: Source, name: str, fallback: str) -> Document | None:
    """An annotation file, or None for one that will be reported when it is converted."""
    try:
        return read_document(source.load(name, MAX_BYTES), fallback)
    except (FileError, NotAnnotation):
        return None


class Places:
    """Counts over the boxes of objects and parts, and over outlines of objects without one; numbers that have to be mended count as they are read then.

    ``zeros`` have a corner at 0 or below; ``specks`` are fractions between 0 and 1, which all are that are ``relative``. ``hundreds`` stay below 100, ``farthest``
    at most, on pictures of 200 pixels and more a side, of which ``chance`` is the area in squares of 100 pixels, multiplied over the pictures. ``turned`` are turned boxes.
    Of boxes alone: ``ends`` are sides that end at the edge of the picture or beyond it, or at its last pixel (counted from 0); ``first`` begin at 0;
    ``broken`` have corners that are no pixels; ``copied``: ymax is xmin; ``odd``: some end before they begin or go beyond their picture.
    """

    def __init__(self) -> None:
        self.count = self.zeros = self.specks = self.hundreds = self.turned = self.first = self.broken = self.copied = 0
        self.relative, self.odd = True, False
        self.farthest, self.chance = 0.0, 1.0
        self.ends = [0, 0]
        self.order = CornerOrder()
        self.boxes: list[Place] = []

    def add(self, places: list[Place], width: float, height: float, *, boxes: bool) -> bool:
        """Count the places of a file, of ``boxes`` or around outlines, with the size that it states; whether a corner is at 0."""
        self.count += len(places)
        wide, high = (width + 1, height + 1) if width else (math.inf, math.inf)
        zeros, hundreds = self.zeros, self.hundreds
        for left, top, right, bottom, _, _ in places:
            if right < left or bottom < top or right > wide or bottom > high:
                self.odd = True
            if left <= 0 or top <= 0 or right <= 0 or bottom <= 0:
                self.zeros += 1
                self.first += boxes and (left == 0) + (top == 0)
            if boxes and (right >= wide - 2 or bottom >= high - 2):
                self._ending(wide - 1 - right)
                self._ending(high - 1 - bottom)
            greatest = max(left, top, right, bottom)
            if greatest > 1 or left < 0 or top < 0:
                self.relative = False
            elif not all(map(float.is_integer, (left, top, right, bottom))):
                self.specks += 1
            if greatest <= 100 and width >= 200 <= height:
                self.hundreds += 1
                self.farthest = max(self.farthest, greatest)
        if self.hundreds > hundreds:
            self.chance = min(self.chance * width * height / 10_000, _ENOUGH)
        return self.zeros > zeros

    def _ending(self, short: float) -> None:
        """Count a side that ends so far before the edge of its picture."""
        if short <= 1:
            self.ends[short == 1] += 1

    def finish(self) -> None:
        """Count what takes all boxes: the order of corners only where some box is flipped or goes beyond its picture, which is seldom."""
        self.order.boxes = len(self.boxes)
        if self.ends[1]:
            self.broken = sum(min(box[:2]) < 0 or not all(map(float.is_integer, box[:4])) for box in self.boxes)
        if self.odd:
            self.order.boxes = 0
            for left, top, right, bottom, width, height in self.boxes:
                self.order.add(left, top, right, bottom, width, height)
                self.copied += bottom == left
        self.boxes.clear()

    @property
    def may_be_pixels(self) -> bool:
        """Whether corners may be pixels counted from 0, of which the last is in the box: some is 0, none the edge of a picture."""
        return bool(self.first and self.ends[1]) and not (self.ends[0] or self.broken)

    @property
    def below_hundred(self) -> bool:
        """Whether several shapes, and all, lie below 100, which may be per cent."""
        return _MANY <= self.hundreds == self.count and self.farthest > 50

    @property
    def are_by_chance(self) -> bool:
        """Whether chance explains where labels lie that are ``below_hundred``: labels anywhere on their pictures would in one set of ten thousand."""
        return self.chance < _ENOUGH


class Sizes:
    """Pictures that are held against what their files state, by their labels.

    Of the ``rescaled`` labels, whose picture has another size than is stated (``by_one_factor``: on both sides), ``only_stated`` fit the stated size alone and
    ``only_own`` the picture's. Of the ``turned``, whose picture has the sides exchanged, ``turned_own`` go beyond what is stated and ``turned_stated`` beyond the
    picture; ``upright`` counts pictures that have the stated size, ``shown`` are those with an EXIF orientation.
    """

    def __init__(self) -> None:
        self.rescaled = self.by_one_factor = self.only_stated = self.only_own = 0
        self.turned = self.turned_own = self.turned_stated = self.upright = 0
        self.shown: list[tuple[Size | None, Header]] = []

    def add(self, said: tuple[float, float], header: Header, labels: Iterable[Place]) -> None:
        """Count the labels of a picture that has another size than is stated, and not for being turned as its EXIF orientation says."""
        own = header.width, header.height
        if header.orientation > 4:
            self.shown.append(((int(said[0]), int(said[1])), header))
        elif said == own:
            self.upright += own[0] != own[1]
        else:
            exchanged, by_one_factor = said == own[::-1], is_scaled((int(said[0]), int(said[1])), own)
            for _, _, right, bottom, *_ in labels:
                beyond_stated, beyond_own = (right > w + 1 or bottom > h + 1 for w, h in (said, own))
                if exchanged:
                    self.turned += 1
                    self.turned_own += beyond_stated
                    self.turned_stated += beyond_own
                else:
                    self.rescaled += 1
                    self.by_one_factor += by_one_factor
                    self.only_stated += beyond_own > beyond_stated
                    self.only_own += beyond_stated > beyond_own


class Sample:
    """What some of the annotation files, spread over the set, say: of their ``places``, and of the ``sizes`` of their pictures.

    ``genuine`` files name the challenge as their source, ``others`` name something else; the ``zero`` is a genuine file with a corner at 0 or below.
    ``outlines`` beside a box, of which those ``apart`` lie elsewhere; ``angles``: all, beyond a full turn in radians, and whole numbers beyond a half turn.
    ``renamed`` files name another picture than that of their stem, ``named``; the size of one alone is stated by ``size_of_named`` and ``size_of_stem``.
    ``labels`` are the classes, ``documents`` those that need not be read again.
    """

    def __init__(self, source: Source, layout: Layout, rules: Rules, fallback: str, check_sizes: bool) -> None:
        self.files = self.genuine = self.others = 0
        self.zero = ""
        self.places, self.sizes = Places(), Sizes()
        self.outlines = self.apart = self.angles = self.beyond_turn = self.whole_angles = 0
        self.named: set[int] = set()
        self.renamed = self.size_of_named = self.size_of_stem = 0
        self._rules, self._headers = rules, _HEADERS if check_sizes else 0
        self.documents: dict[int, Document] = {}
        labels: dict[str, None] = {}
        room = _KEPT_ROWS
        units = [unit for unit in range(len(layout.xmls)) if unit not in layout.refused]
        for unit in units[:: max(1, -(-len(units) // _SAMPLE))]:
            document = document_of(source, layout.xmls[unit], fallback)
            if document is not None:
                if not document.elements and room > 0:
                    self.documents[unit] = document
                    room -= 1 + len(document.rows)
                self._add(document, layout.xmls[unit], labels)
                if document.rows and (image := layout.image(unit)):
                    self._compare(document, source, layout, layout.xmls[unit], image)
        self.places.finish()
        self.as_displayed = displayed(self.sizes.shown)
        self.labels = tuple(filter(None, labels))

    def _add(self, document: Document, name: str, labels: dict[str, None]) -> None:
        self.files += 1
        genuine = is_genuine(document)
        self.genuine += genuine
        self.others += not genuine and bool(document.database.strip() or document.credit.strip())
        sides = width, height = number(document.width) or 0.0, number(document.height) or 0.0
        boxes, outlines = self.places.boxes, list[Place]()
        first = len(boxes)
        if document.elements or self._rules.skip_difficult:
            for n, row in enumerate(document.rows):
                element = document.elements[n] if document.elements else None
                values = corner_numbers(row[5:9], self._rules.commas)
                if (values or has_outline(element)) and left_out(self._rules, row, element) is None:
                    labels[(row[0] or "").strip()] = None
                found = [values]
                if element is not None:
                    self._turned(element)
                    found += [corner_numbers(corners_of(box), self._rules.commas) for box in _further_boxes(element)]
                    if values and self.outlines < _OUTLINES:
                        self._outlined(row, element)
                    elif not any(found) and len(outlines) < _ALONE:
                        geometry = _shape_of(row, element, self._rules).geometry
                        if place := _around(geometry):
                            outlines.append((*place, *sides))
                            self.places.turned += isinstance(geometry, RotatedBox)
                boxes += [(*values, *sides) for values in found if values]
        else:  # a plain row has a name and four numbers
            for label, _, _, _, _, *corners in document.rows:
                labels[label.strip()] = None  # type: ignore[union-attr]
                boxes.append((*map(float, corners), width, height))  # type: ignore[arg-type]
        zero = self.places.add(boxes[first:], *sides, boxes=True)
        if outlines:
            zero |= self.places.add(outlines, *sides, boxes=False)
        if zero and genuine:
            self.zero = self.zero or name

    def _outlined(self, row: Row, element: Element) -> None:
        """Compare the outline of an object with the box beside it."""
        shape = _shape_of(row, element, self._rules)
        around = envelope(shape.geometry) if shape.geometry is not None and shape.box is not None else None
        if around is not None and shape.box is not None:
            self.outlines += 1
            self.apart += overlap(around, shape.box) < _APART

    def _turned(self, element: Element) -> None:
        said = text_of(child_of(child_of(element, "robndbox"), "angle"))
        for angle in corner_numbers([said], self._rules.commas) or ():
            self.angles += 1
            self.beyond_turn += abs(angle) > FULL_TURN
            self.whole_angles += angle.is_integer() and abs(angle) > math.pi

    def _compare(self, document: Document, source: Source, layout: Layout, name: str, image: str) -> None:
        """Hold a file against its picture, or against the other one that it names."""
        if document.filename and not image.endswith(document.filename):
            other = image_called(layout, name, document.filename)
            if other >= 0 and (named := layout.images[other]) != image:
                self.renamed += 1
                self.named.add(other)
                if self._headers:
                    self._headers -= 1
                    self.size_of_named += size_is_of(document, source, named, image)
                    self.size_of_stem += size_is_of(document, source, image, named)
                return
        if self._headers:
            self._headers -= 1
            header = source.header(image)
            said = number(document.width) or 0.0, number(document.height) or 0.0
            if header is not None and all(said):
                self.sizes.add(said, header, reaches(document, self._rules))


def reaches(document: Document, rules: Rules) -> Iterator[Place]:
    """How far the objects of a file reach; of a turned box only the centre, since its sides go along no edge of the picture."""
    for n, row in enumerate(document.rows):
        place = corner_numbers(row[5:9], rules.commas)
        if place is None and document.elements:
            geometry = _shape_of(row, document.elements[n], rules).geometry
            place = _around(Point(geometry.cx, geometry.cy) if isinstance(geometry, RotatedBox) else geometry)
        if place is not None:
            yield place


def stays_on_picture(document: Document, said: Size, own: Size, rules: Rules) -> bool:
    """Whether the labels of a file stay on its picture and not within the size that it states; no, where the user says how to read either."""
    if rules.sides is not Sides.AUTO or rules.relative or rules.sizes or rules.centres or rules.transposed:
        return False
    sizes = Sizes()
    sizes.add(said, Header(*own), reaches(document, rules))
    return sizes.turned_own > 0 == sizes.turned_stated


def _further_boxes(element: Element) -> list[Element | None]:
    """The boxes that an object has beside its first one, and those of its parts."""
    return [*children_of(element, "bndbox")[1:], *(child_of(part, "bndbox") for part in children_of(element, "part"))]


def _shape_of(row: Row, element: Element, rules: Rules) -> Shape:
    """What an object states, in its own numbers."""
    plain = Rules(commas=rules.commas, any_angle=True)
    return ShapeReader(plain, None, lambda code, message, where: None).shape(row, element, 0, "")


def _around(geometry: Geometry | None) -> Place | None:
    """What is around a geometry; of a turned box, the centre and the sides tell."""
    match geometry:
        case Polygon(parts):
            return bounds([value for part in parts for value in part[0]])
        case RotatedBox(x, y, width, height):
            return x, y, max(x, width), max(y, height)
        case Point(x, y):
            return x, y, x, y
        case Keypoints(points):
            return bounds([value for point in points for value in (point.x, point.y)])
    return None


def size_is_of(document: Document, source: Source, one: str, other: str) -> bool:
    """Whether the size that a file states is that of one picture, and not that of another one."""
    said = (number(document.width), number(document.height))
    sizes = [(header.width, header.height) for name in (one, other) if (header := source.header(name))]
    return len(sizes) == 2 and said in (sizes[0], sizes[0][::-1]) and said not in (sizes[1], sizes[1][::-1])


def is_genuine(document: Document) -> bool:
    """Whether a file names the challenge as its source. Tools that write VOC put "PASCAL VOC" beside a database of their own."""
    database = document.database.strip()
    return database.startswith("The VOC") or (not database and "PASCAL VOC" in document.credit)
