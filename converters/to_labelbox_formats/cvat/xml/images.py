"""One picture: its shapes and whole-frame labels. Works on XML nodes."""

from __future__ import annotations

from collections.abc import Iterable

from to_labelbox.geometry.any_shape import to_stored
from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Choice,
    Classification,
    Geometry,
    Keypoint,
    Keypoints,
    Object,
    Point,
)
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNNAMED
from to_labelbox_formats.cvat.meta import TAGS as TAGS_QUESTION
from to_labelbox_formats.cvat.meta import element_label
from to_labelbox_formats.cvat.nodes import Node
from to_labelbox_formats.cvat.options import Options
from to_labelbox_formats.cvat.shapes import (
    GROUP,
    INSTANCE,
    Resolved,
    ShapeLog,
    Vocabulary,
    figure_in_pixels,
    flags_beside,
    geometry_of,
    group_of,
)

CAPTION = "caption"
"""Tag of a node that tells a text about the picture; only Datumaro has them."""


class Turn:
    """The picture is stored turned: coordinates go back to stored pixels."""

    def __init__(self, orientation: int, width: int, height: int) -> None:
        self.orientation, self.width, self.height = orientation, width, height

    def __call__(self, shape: Geometry) -> Geometry:
        return to_stored(shape, self.orientation, self.width, self.height)


class ImageReader:
    """Annotations of pictures, one after another. ``start`` says which comes next."""

    def __init__(self, vocabulary: Vocabulary, log: ShapeLog, options: Options) -> None:
        self._form = options.coordinates
        self._vocabulary = vocabulary
        self._log = self.log = log
        self._groups, self._unlabelled = options.groups, options.unlabelled.strip()
        self._prefix = ""
        self._clip: str | None = None
        self._number = 0
        self._width: int | None = None
        self._height: int | None = None
        self._turn: Turn | None = None
        self._out: list[Annotation] = []

    def start(
        self, place: str, width: int | None, height: int | None, turn: Turn | None = None, clip: str | None = None
    ) -> None:
        """``width`` and ``height`` are those of the picture that was drawn on; of a frame, ``clip`` is what tells its instances from
        those of other frames."""
        self._prefix, self._clip = place, clip
        self._number = 0
        self._width, self._height, self._turn = width, height, turn
        self._out = []

    def read(self, shapes: Iterable[Node]) -> list[Annotation]:
        """All annotations of the picture up to and with these (a picture may be told in several nodes)."""
        for node in shapes:
            self._read(node, self._number)
            self._number += 1
        return self._out

    def _read(self, node: Node, number: int) -> None:
        log = self._log
        label = node.get("label").strip() or self._unlabelled
        log.at(f"{self._prefix} {node.tag}[{number}]".lstrip(), str(number))
        if not label:
            log.read(UNNAMED)
            code, message = sentences.WITHOUT_LABEL(what=node.tag)
            log.skip(code, UNNAMED, message)
            return
        if log.flag(node, "outside"):
            log.read(label)
            log.skip(Code.NOT_SELECTED, label, f"{node.tag} is outside: it is not on this picture")
            return
        known = self._vocabulary.resolve(label, tuple(node.answers))
        try:
            if node.tag == "tag":
                self._add_tag(label, number, known)
            elif node.tag == CAPTION:
                self._add_caption(node, number)
            elif node.tag == "skeleton":
                self._add_skeleton(node, label, number, self._attributes(node, known))
            else:
                self._add_shape(node, label, number, self._attributes(node, known))
        except Refused as error:
            log.read(label)
            log.skip(error.code, label, str(error))
            return
        log.read(label)
        log.problems(known.problems)
        group = group_of(node.get("group_id"))
        if group and (not self._groups or node.tag == "tag"):
            log.dropped_group()

    def _attributes(self, node: Node, known: Resolved) -> tuple[Attribute, ...]:
        attributes = known.occluded if self._log.flag(node, "occluded") else known.all
        group = group_of(node.get("group_id")) if self._groups else ""
        return (*attributes, Attribute(GROUP, group)) if group else attributes

    def _stored(self, shape: Geometry) -> Geometry:
        return shape if self._turn is None else self._turn(shape)

    def _add_tag(self, label: str, number: int, known: Resolved) -> None:
        self._out.append(
            Classification(
                id=str(number),
                name=TAGS_QUESTION,
                value=Choice(label, known.all),
                location=f"tag[{number}]",
                ledger_label=label,
            )
        )

    def _add_caption(self, node: Node, number: int) -> None:
        text = node.get("text")
        if not text.strip():
            raise Refused(*sentences.NO_ANSWER())
        self._out.append(
            Classification(id=str(number), name=CAPTION, value=text, repeatable=True, location=f"{CAPTION}[{number}]")
        )

    def _add_shape(self, node: Node, label: str, number: int, attributes: tuple[Attribute, ...]) -> None:
        figure = figure_in_pixels(node, self._form, self._width, self._height, self._log.note)
        where = f"{node.tag}[{number}]"
        if figure.kind == "points" and len(figure.numbers) > 2:
            held = (*attributes, Attribute(INSTANCE, f"{self._clip or ''}{number}"))
            for i in range(len(figure.numbers) // 2):
                place = self._stored(Point(figure.numbers[2 * i], figure.numbers[2 * i + 1]))
                self._out.append(
                    Object(
                        id=f"{number}/{i}",
                        label=label,
                        geometry=place,
                        attributes=held,
                        location=f"{where} point {i + 1}",
                        source_count=0 if i else 1,
                    )
                )
            return
        shape = self._stored(geometry_of(figure, self._width, self._height, self._log.note))
        self._out.append(
            Object(
                id=str(number), label=label, geometry=shape, attributes=attributes, location=where, loss=self._log.lost
            )
        )

    def _add_skeleton(self, node: Node, label: str, number: int, attributes: tuple[Attribute, ...]) -> None:
        """Keypoints as a whole; single points on a video, or where the elements have attributes of their own."""
        log = self._log
        points: dict[str, tuple[Keypoint, tuple[Attribute, ...]]] = {}
        lost = False
        for element in node.children:
            name = element.get("label").strip()
            if log.flag(element, "outside"):
                continue
            try:
                if element.tag != "points" or not name:
                    raise Refused(Code.KEYPOINTS_INVALID, f"an element <{element.tag}> is not a named point")
                numbers = figure_in_pixels(element, self._form, self._width, self._height, log.note).numbers
                if len(numbers) != 2:
                    raise Refused(
                        Code.KEYPOINTS_INVALID, f"element {name!r} has {n_of(len(numbers) // 2, 'point')}, not one"
                    )
                if name in points:
                    raise Refused(Code.KEYPOINTS_INVALID, f"element {name!r} is there twice")
            except Refused as error:
                log.note(Code.KEYPOINTS_INVALID, f"{error}; it is left out")
                lost = True
                continue
            known = self._vocabulary.resolve(element_label(label, name), tuple(element.answers))
            log.problems(known.problems)
            occluded = log.flag(element, "occluded")
            points[name] = (Keypoint(name, numbers[0], numbers[1], occluded), known.all)
        if not points:
            raise Refused(Code.KEYPOINTS_EMPTY, "no element of the skeleton is present")
        where = f"skeleton[{number}]"
        if self._clip is None and not any(own for _, own in points.values()):
            shape = self._stored(Keypoints(tuple(p for p, _ in points.values())))
            self._out.append(
                Object(id=str(number), label=label, geometry=shape, attributes=attributes, location=where, loss=lost)
            )
            return
        held = (*attributes, Attribute(INSTANCE, f"{self._clip or ''}{number}"))
        for i, (point, own) in enumerate(points.values()):
            answers = (*held, *own)
            flag = flags_beside(a.name for a in answers if not a.flag).yes
            flags = (flag,) if point.occluded and flag not in held else ()
            self._out.append(
                Object(
                    id=f"{number}/{point.name}",
                    label=element_label(label, point.name),
                    geometry=self._stored(Point(point.x, point.y)),
                    attributes=(*answers, *flags),
                    location=f"{where} {point.name}",
                    loss=lost and not i,
                    source_count=0 if i else 1,
                    ledger_label=label,
                )
            )
