"""What the first pass over some of the files tells about all of them: counts, before anything is concluded."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
from to_labelbox_formats.voc.shapes import (
    FULL_TURN,
    Rules,
    Shape,
    ShapeReader,
    corner_numbers,
    has_outline,
    number,
    with_commas,
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


def document_of(source: Source, name: str, fallback: str) -> Document | None:
    """An annotation file, or None for one that will be reported when it is converted."""
    try:
        return read_document(source.load(name, MAX_BYTES), fallback)
    except (FileError, NotAnnotation):
        return None


class Sample:
    """Counts over the boxes of objects and parts, and over the outlines of objects without one, unless they say otherwise.

    Numbers that have to be mended count as they are read then.

    ``genuine`` files name the challenge as their source, ``others`` name something else; ``zeros`` have a corner at 0 or below, the ``zero`` is a genuine file with one;
    ``ends`` are sides that end at the edge of the picture or beyond it, or at its last pixel (counted from 0); ``first`` begin at 0, ``broken`` corners are no pixels;
    ``ends``, ``first`` and ``broken`` are of boxes alone, and so is ``order``, that of corners. ``specks`` are fractions between 0 and 1, ``hundreds`` stay below 100 on pictures of 200 pixels and more a side.
    ``outlines`` beside a box, of which those ``apart`` lie elsewhere. ``renamed`` files name another picture than that of their stem, ``named``; the size of one alone
    is stated by ``size_of_named`` and ``size_of_stem``. Of the ``rescaled``, whose picture has another size than is stated (``by_one_factor``: on both sides),
    ``only_stated`` fit the stated size alone and ``only_own`` the picture's. ``angles``: all, beyond a full turn in
    radians, and whole numbers beyond a half turn. Of the ``turned``, whose picture has the sides exchanged, ``turned_own`` go beyond what is
    stated and ``turned_stated`` beyond the picture; ``upright`` counts pictures that have the stated size. ``as_displayed``: which side up they were labelled. ``copied``: ymax is xmin. ``odd``: some box
    ends before it begins or goes beyond its picture.
    """

    def __init__(self, source: Source, layout: Layout, rules: Rules, fallback: str, check_sizes: bool) -> None:
        self.files = self.genuine = self.others = self.boxes = self.zeros = 0
        self.specks = self.hundreds = self.outlines = self.apart = 0
        self.ends = [0, 0]
        self.first = self.broken = 0
        self.named: set[int] = set()
        self.renamed = self.size_of_named = self.size_of_stem = 0
        self.farthest = 0.0
        self.odd = False
        self._boxes: list[tuple[float, ...]] = []
        self._rules = rules
        self.rescaled = self.by_one_factor = self.only_stated = self.only_own = 0
        self.angles = self.beyond_turn = self.whole_angles = 0
        self.upright = self.turned = self.turned_own = self.turned_stated = 0
        self.copied = 0
        self._shown: list[tuple[Size | None, Header]] = []
        self.order = CornerOrder()
        self.zero = ""
        self.relative = True
        self._headers = _HEADERS if check_sizes else 0
        labels: dict[str, None] = {}
        self.documents: dict[int, Document] = {}
        room = _KEPT_ROWS
        units = [unit for unit in range(len(layout.xmls)) if unit not in layout.refused]
        for unit in units[:: max(1, -(-len(units) // _SAMPLE))]:
            document = document_of(source, layout.xmls[unit], fallback)
            if document is not None:
                if not document.elements and room > 0:
                    self.documents[unit] = document
                    room -= 1 + len(document.rows)
                self._add(document, layout.xmls[unit], labels)
                if not document.rows or not (image := layout.image(unit)):
                    continue
                if document.filename and not image.endswith(document.filename):
                    other = image_called(layout, layout.xmls[unit], document.filename)
                    if other >= 0 and layout.images[other] != image:
                        self.renamed += 1
                        self.named.add(other)
                        if self._headers:
                            self._compare_named(document, source, layout.images[other], image)
                        continue
                if self._headers:
                    self._compare(document, source, image)
        self.order.boxes = len(self._boxes)
        if self.ends[1]:
            self.broken = sum(min(box[:2]) < 0 or not all(map(float.is_integer, box[:4])) for box in self._boxes)
        if self.odd:
            self._count_odd()
        self._boxes.clear()
        self.as_displayed = displayed(self._shown)
        labels.pop("", None)
        self.labels = tuple(labels)

    def _add(self, document: Document, name: str, labels: dict[str, None]) -> None:
        self.files += 1
        genuine = is_genuine(document)
        self.genuine += genuine
        self.others += not genuine and bool(document.database.strip() or document.credit.strip())
        sides = width, height = number(document.width) or 0.0, number(document.height) or 0.0
        first = len(self._boxes)
        outlines: list[tuple[float, ...]] = []
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
                    elif not any(found) and len(outlines) < _ALONE and (place := self._place(row, element)):
                        outlines.append((*place, *sides))
                self._boxes += [(*values, *sides) for values in found if values]
        else:  # a plain row has a name and four numbers
            for label, _, _, _, _, *corners in document.rows:
                labels[label.strip()] = None  # type: ignore[union-attr]
                self._boxes.append((*map(float, corners), width, height))  # type: ignore[arg-type]
        self._count(self._boxes[first:], name if genuine else "", *sides, boxes=True)
        if outlines:
            self._count(outlines, name if genuine else "", *sides, boxes=False)

    def _count(
        self, places: list[tuple[float, ...]], genuine: str, width: float, height: float, *, boxes: bool
    ) -> None:
        """Count the places of a file, which is named if it is genuine; ``boxes``, or what is around outlines."""
        self.boxes += len(places)
        wide, high = (width + 1, height + 1) if width else (math.inf, math.inf)
        for left, top, right, bottom, _, _ in places:
            if right < left or bottom < top or right > wide or bottom > high:
                self.odd = True
            if left <= 0 or top <= 0 or right <= 0 or bottom <= 0:
                self.zeros += 1
                self.zero = self.zero or genuine
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

    def _ending(self, short: float) -> None:
        """Count a side that ends so far before the edge of its picture."""
        if short <= 1:
            self.ends[short == 1] += 1

    @property
    def may_be_pixels(self) -> bool:
        """Whether corners may be pixels counted from 0, of which the last is in the box: some is 0, none the edge of a picture."""
        return bool(self.first and self.ends[1]) and not (self.ends[0] or self.broken)

    def _count_odd(self) -> None:
        """What is counted only where some box is flipped or goes beyond its picture, which is seldom."""
        self.order.boxes = 0
        for left, top, right, bottom, width, height in self._boxes:
            self.order.add(left, top, right, bottom, width, height)
            self.copied += bottom == left

    def _outlined(self, row: Row, element: Element) -> None:
        """Compare the outline of an object with the box beside it."""
        shape = _shape_of(row, element, self._rules)
        around = envelope(shape.geometry) if shape.geometry is not None and shape.box is not None else None
        if around is not None and shape.box is not None:
            self.outlines += 1
            self.apart += overlap(around, shape.box) < _APART

    def _place(self, row: Row, element: Element) -> tuple[float, ...] | None:
        """How far an object without a box reaches; of a turned box, the centre and the sides tell."""
        return _around(_shape_of(row, element, self._rules).geometry)

    def _reaches(self, document: Document) -> Iterator[tuple[float, ...]]:
        """How far the objects of a file reach; of a turned box only the centre, since its sides go along no edge of the picture."""
        for n, row in enumerate(document.rows):
            place = corner_numbers(row[5:9], self._rules.commas)
            if place is None and document.elements:
                geometry = _shape_of(row, document.elements[n], self._rules).geometry
                centre = Point(geometry.cx, geometry.cy) if isinstance(geometry, RotatedBox) else geometry
                place = _around(centre)
            if place is not None:
                yield place

    def _turned(self, element: Element) -> None:
        turned = child_of(element, "robndbox")
        said = text_of(child_of(turned, "angle")).strip()
        angle = number(said)
        if angle is None and "," in said:
            angle, _ = with_commas(said, self._rules.commas)
        if angle is not None:
            self.angles += 1
            self.beyond_turn += abs(angle) > FULL_TURN
            self.whole_angles += angle.is_integer() and abs(angle) > math.pi

    def _compare_named(self, document: Document, source: Source, named: str, stem: str) -> None:
        self._headers -= 1
        self.size_of_named += size_is_of(document, source, named, stem)
        self.size_of_stem += size_is_of(document, source, stem, named)

    def _compare(self, document: Document, source: Source, image: str) -> None:
        """Count the boxes of a picture that has another size than is stated, and not for being turned."""
        self._headers -= 1
        header = source.header(image)
        said = (number(document.width) or 0.0, number(document.height) or 0.0)
        if header is None or not all(said):
            return
        if header.orientation > 4:
            self._shown.append(((int(said[0]), int(said[1])), header))
            return
        if said == (header.width, header.height):
            self.upright += header.width != header.height
            return
        if said == (header.height, header.width):
            for _, _, right, bottom in self._reaches(document):
                self.turned += 1
                self.turned_own += right > said[0] + 1 or bottom > said[1] + 1
                self.turned_stated += right > header.width + 1 or bottom > header.height + 1
            return
        by_one_factor = is_scaled((int(said[0]), int(said[1])), (header.width, header.height))
        for _, _, right, bottom in self._reaches(document):
            self.rescaled += 1
            self.by_one_factor += by_one_factor
            fits_stated = right <= said[0] + 1 and bottom <= said[1] + 1
            fits_own = right <= header.width + 1 and bottom <= header.height + 1
            self.only_stated += fits_stated and not fits_own
            self.only_own += fits_own and not fits_stated


def _further_boxes(element: Element) -> list[Element | None]:
    """The boxes that an object has beside its first one, and those of its parts."""
    return [*children_of(element, "bndbox")[1:], *(child_of(part, "bndbox") for part in children_of(element, "part"))]


def _shape_of(row: Row, element: Element, rules: Rules) -> Shape:
    """What an object states, in its own numbers."""
    plain = Rules(commas=rules.commas, any_angle=True)
    return ShapeReader(plain, None, lambda code, message, where: None).shape(row, element, 0, "")


def _around(geometry: Geometry | None) -> tuple[float, ...] | None:
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
