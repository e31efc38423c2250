"""One picture: its shapes and whole-frame labels. Works on XML nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from to_labelbox.diagnostics import UNNAMED, Code, Log
from to_labelbox.geometry import to_stored
from to_labelbox.model import (
    Annotation,
    Attribute,
    Box,
    Choice,
    Classification,
    Geometry,
    Keypoint,
    Keypoints,
    Object,
    Point,
    Polygon,
)
from to_labelbox_formats.cvat.meta import TAGS as TAGS_QUESTION
from to_labelbox_formats.cvat.meta import element_label
from to_labelbox_formats.cvat.nodes import Node, layout_of
from to_labelbox_formats.cvat.shapes import (
    GROUP,
    INSTANCE,
    OCCLUDED,
    Resolved,
    ShapeError,
    Teller,
    Vocabulary,
    difference,
    figure_of,
    geometry_of,
    group_of,
    is_on,
    points_of,
)

Plan: TypeAlias = tuple[bool, Callable[[Sequence[str]], tuple[str, ...]], bool]
CAPTION = "caption"
"""Tag of a node that tells a text about the picture; only Datumaro has them."""
_MAX_PLANS = 4096
_FAR = 1e15
_POLYGON = ("label", "occluded", "points")
_BOX = ("label", "occluded", "xtl", "ytl", "xbr", "ybr")


class Turn:
    """The picture is stored turned: coordinates go back to stored pixels."""

    def __init__(self, orientation: int, width: int, height: int) -> None:
        self.orientation, self.width, self.height = orientation, width, height

    def __call__(self, shape: Geometry) -> Geometry:
        return to_stored(shape, self.orientation, self.width, self.height)


class ImageReader:
    """Annotations of pictures, one after another. ``start`` says which comes next."""

    def __init__(self, vocabulary: Vocabulary, log: Log, file: str, groups: bool) -> None:
        self._vocabulary = vocabulary
        self._log = log
        self._teller = Teller(log, file)
        self._groups = groups
        self._prefix = ""
        self._number = 0
        self._width: int | None = None
        self._height: int | None = None
        self._turn: Turn | None = None
        self._out: list[Annotation] = []
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._known: dict[tuple[str, str, str], tuple[Attribute, ...]] = {}

    def start(self, place: str, width: int | None, height: int | None, turn: Turn | None = None) -> None:
        """``width`` and ``height`` are those of the picture that was drawn on."""
        self._prefix = place
        self._number = 0
        self._width, self._height, self._turn = width, height, turn
        self._out = []

    def read(self, image: Node) -> list[Annotation]:
        """All annotations of the picture up to and with this node (a picture may be told in several)."""
        return self.read_all(image.children)

    def read_all(self, shapes: Iterable[Node]) -> list[Annotation]:
        for node in shapes:
            self._read(node, self._number)
            self._number += 1
        return self._out

    def read_quickly(self, pieces: Sequence[str]) -> list[Annotation] | None:
        """As :meth:`read`, for pictures that hold upright boxes and polygons only and nothing to remark on.

        ``pieces`` are the text of the picture from ``<`` to ``<``. None, and nothing is counted, when there is more.
        """
        if self._turn is not None:
            return None
        out: list[Annotation] = []
        labels: list[str] = []
        plans, known = self._plans, self._known
        number, i, end = 0, 2, len(pieces) - 1
        while i < end:
            parts = pieces[i].split('"')
            key = tuple(parts[::2])
            plan = plans.get(key)
            if plan is None:
                plan = self._plan(key)
                if plan is None:
                    return None
            is_box, take, empty = plan
            i += 1
            answers = ""
            if not empty:
                first = i
                while pieces[i].startswith("attribute ") and pieces[i + 1].startswith("/a"):
                    i += 2
                if pieces[i][0] != "/":
                    return None
                # Most shapes have one attribute; the text of several, end tags between, is a key just as well.
                answers = pieces[first] if i == first + 2 else "<".join(pieces[first:i])
                i += 1
            shape: Box | Polygon
            try:
                if is_box:
                    label, occluded, xtl, ytl, xbr, ybr = take(parts)
                    left, top, right, bottom = float(xtl), float(ytl), float(xbr), float(ybr)
                    # Comparisons with NaN are false, and infinity fails one of them.
                    if not (-_FAR < left < right < _FAR and -_FAR < top < bottom < _FAR):
                        return None
                    shape = Box(left, top, difference(right, left), difference(bottom, top))
                else:
                    label, occluded, points = take(parts)
                    ring = points_of(points)
                    if len(ring) < 6 or (len(ring) < 12 and len(set(zip(ring[::2], ring[1::2]))) < 3):
                        return None
                    shape = Polygon(((ring,),))
            except ValueError:
                return None
            attributes = known.get((label, occluded, answers))
            if attributes is None:
                attributes = self._resolved(label, occluded, answers)
                if attributes is None:
                    return None
            out.append(
                Object(
                    id=str(number),
                    label=label,
                    geometry=shape,
                    attributes=attributes,
                    where=f"box[{number}]" if is_box else f"polygon[{number}]",
                )
            )
            labels.append(label)
            number += 1
        ledger = self._log.ledger
        for label in labels:
            ledger[label].read += 1
        self._out, self._number = out, number
        return out

    def _resolved(self, label: str, occluded: str, answers: str) -> tuple[Attribute, ...] | None:
        """The answers of a shape from the text of its ``attribute`` children; None where there is more to say."""
        found = self._vocabulary.resolve(label, tuple(p for p in answers.split("<") if p.startswith("attribute ")))
        if found.problems or not label:
            return None
        if len(self._known) >= _MAX_PLANS:
            self._known.clear()
        attributes = self._known[label, occluded, answers] = found.occluded if is_on(occluded) else found.all
        return attributes

    def _plan(self, key: tuple[str, ...]) -> Plan | None:
        """How to take a shape apart whose start tag looks like this; None for shapes that need more care."""
        layout = layout_of(key)
        if layout is None or layout.tag not in ("box", "polygon") or {"rotation", "group_id"} & layout.index.keys():
            return None
        getter = layout.getter(_BOX if layout.tag == "box" else _POLYGON)
        if getter is None:
            return None
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        plan = self._plans[key] = (layout.tag == "box", getter, layout.empty)
        return plan

    def _read(self, node: Node, number: int) -> None:
        teller = self._teller
        label = node.get("label")
        teller.at(f"{self._prefix} {node.tag}[{number}]".lstrip(), str(number))
        if not label:
            teller.read(UNNAMED)
            teller.skip(Code.CLASS_UNNAMED, UNNAMED, f"the {node.tag} has no label")
            return
        counted = TAGS_QUESTION if node.tag == "tag" else label
        known = self._vocabulary.resolve(label, tuple(node.answers))
        made = len(self._out)
        try:
            if node.tag == "tag":
                self._add_tag(label, number, known)
            elif node.tag == CAPTION:
                self._add_caption(node, number)
            elif node.tag == "skeleton":
                self._add_skeleton(node, label, number, self._attributes(node, known))
            else:
                self._add_shape(node, label, number, self._attributes(node, known))
        except ShapeError as error:
            teller.read(counted)
            teller.skip(error.code, counted, str(error))
            return
        # The first of the pieces of a skeleton carries its count.
        first = self._out[made]
        teller.read(first.label if isinstance(first, Object) else counted)
        teller.problems(known.problems)
        group = group_of(node.get("group_id"))
        if group and (not self._groups or node.tag == "tag"):
            teller.dropped_group()

    def _attributes(self, node: Node, known: Resolved) -> tuple[Attribute, ...]:
        attributes = known.occluded if is_on(node.get("occluded", "0")) else known.all
        group = group_of(node.get("group_id")) if self._groups else ""
        return (*attributes, Attribute(GROUP, group)) if group else attributes

    def _stored(self, shape: Geometry) -> Geometry:
        return shape if self._turn is None else self._turn(shape)

    def _add_tag(self, label: str, number: int, known: Resolved) -> None:
        self._out.append(
            Classification(id=str(number), name=TAGS_QUESTION, value=Choice(label, known.all), where=f"tag[{number}]")
        )

    def _add_caption(self, node: Node, number: int) -> None:
        text = node.get("text")
        if not text.strip():
            raise ShapeError(Code.ANSWER_EMPTY, "the caption is empty")
        self._out.append(
            Classification(id=str(number), name=CAPTION, value=text, several=True, where=f"{CAPTION}[{number}]")
        )

    def _add_shape(self, node: Node, label: str, number: int, attributes: tuple[Attribute, ...]) -> None:
        figure = figure_of(node)
        where = f"{node.tag}[{number}]"
        if figure.kind == "points" and len(figure.numbers) > 2:
            held = (*attributes, Attribute(INSTANCE, str(number)))
            for i in range(len(figure.numbers) // 2):
                place = self._stored(Point(figure.numbers[2 * i], figure.numbers[2 * i + 1]))
                self._out.append(
                    Object(
                        id=f"{number}/{i}",
                        label=label,
                        geometry=place,
                        attributes=held,
                        where=f"{where} point {i + 1}",
                        units=0 if i else 1,
                    )
                )
            return
        shape = self._stored(geometry_of(figure, self._width, self._height, self._teller))
        self._out.append(
            Object(
                id=str(number),
                label=label,
                geometry=shape,
                attributes=attributes,
                where=where,
                loss=self._teller.lost,
            )
        )

    def _add_skeleton(self, node: Node, label: str, number: int, attributes: tuple[Attribute, ...]) -> None:
        """Keypoints as a whole; single points where the elements have attributes of their own."""
        teller = self._teller
        points: dict[str, tuple[Keypoint, tuple[Attribute, ...]]] = {}
        lost = False
        for element in node.children:
            name = element.get("label")
            if is_on(element.get("outside", "0")):
                continue
            try:
                if element.tag != "points" or not name:
                    raise ShapeError(Code.KEYPOINTS_INVALID, f"an element <{element.tag}> is not a named point")
                numbers = points_of(element.get("points"))
                if len(numbers) != 2:
                    raise ShapeError(
                        Code.KEYPOINTS_INVALID, f"element {name!r} has {len(numbers) // 2} points, not one"
                    )
                if name in points:
                    raise ShapeError(Code.KEYPOINTS_INVALID, f"element {name!r} is there twice")
            except (ShapeError, ValueError) as error:
                teller(Code.KEYPOINTS_INVALID, f"{error}; it is left out")
                lost = True
                continue
            known = self._vocabulary.resolve(element_label(label, name), tuple(element.answers))
            teller.problems(known.problems)
            occluded = is_on(element.get("occluded", "0"))
            points[name] = (Keypoint(name, numbers[0], numbers[1], occluded), known.all)
        if not points:
            raise ShapeError(Code.KEYPOINTS_EMPTY, "no element of the skeleton is present")
        where = f"skeleton[{number}]"
        if not any(own for _, own in points.values()):
            shape = self._stored(Keypoints(tuple(p for p, _ in points.values())))
            self._out.append(
                Object(id=str(number), label=label, geometry=shape, attributes=attributes, where=where, loss=lost)
            )
            return
        held = (*attributes, Attribute(INSTANCE, str(number)))
        for i, (point, own) in enumerate(points.values()):
            flags = (OCCLUDED,) if point.occluded and OCCLUDED not in held else ()
            self._out.append(
                Object(
                    id=f"{number}/{point.name}",
                    label=element_label(label, point.name),
                    geometry=self._stored(Point(point.x, point.y)),
                    attributes=(*held, *own, *flags),
                    where=f"{where} {point.name}",
                    loss=lost and not i,
                    units=0 if i else 1,
                )
            )
