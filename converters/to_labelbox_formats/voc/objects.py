"""The objects of one annotation file, from texts to the model: labels, attributes, parts, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator

from to_labelbox.model.items import Annotation, Attribute, Box, Object, Relationship, RotatedBox
from to_labelbox.model.text import flag
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.source.xml import Element, local_name
from to_labelbox_formats.voc.document import (
    CORNERS,
    NAMES,
    OTHER_CORNERS,
    Document,
    Row,
    child_of,
    children_of,
    corners_of,
    inside,
    saying_attributes,
    text_of,
    unread_in,
)
from to_labelbox_formats.voc.options import PartNames
from to_labelbox_formats.voc.shapes import Rules, Shape, ShapeReader, holds_vertices, is_vertex, number

FLAGS = ("truncated", "difficult", "occluded")
PART_OF = "part of"

_NOTHING_SAID = frozenset({"", "unspecified", "none", "null", "nan", "n/a", "unknown"})
"""What tools write where nobody has said anything."""
_SCORES = ("confidence", "score")
_PROBABILITY = "probability"
"""That of FAIR1M, beside the name in ``possibleresult``."""
_ELSEWHERE = frozenset({"mask", "segmentation", "segm", "rle"})
"""Rasters that odd tools put into the XML, each in its own way."""
_WITHOUT_MEANING = frozenset({"id", "type", "deleted", *_SCORES})
_ANGLES = frozenset({"angle", "theta", "rotation"})
ONCE = ("name", "pose", *FLAGS, "robndbox", "actions", "attributes")
_STRUCTURED = frozenset("bndbox polygon points point part possibleresult".split()) | {*ONCE}


def left_out(rules: Rules, row: Row, element: Element | None) -> tuple[Code, str] | None:
    """Why a whole object is not wanted, whatever its geometry."""
    if rules.skip_difficult and flag(row[3] or ""):
        return Code.EXCLUDED, "is difficult, left out by -O skip_difficult=true"
    if element is None:
        return None
    if flag(text_of(child_of(element, "deleted"))):
        return Code.DELETED, "is marked as deleted"
    if not rules.predictions and _score(element):
        return Code.PREDICTION, "has a score, so it is a prediction: kept with -O predictions=true"
    return None


def _score(element: Element) -> str:
    """The element by which an object is a prediction; nothing for one that is none."""
    result = child_of(element, "possibleresult")
    scores = [(element, name) for name in _SCORES] + [(result, _PROBABILITY)]
    return next((name for parent, name in scores if text_of(child_of(parent, name)).strip()), "")


def annotations_of(
    document: Document, rules: Rules, size: tuple[int, int] | None, file: str, log: Log
) -> list[Annotation]:
    """All annotations of a file. ``size`` is that of the frame the numbers are in."""
    return list(_File(rules, size, file, log).annotations(document))


def plain_attributes(said: Row) -> tuple[Attribute, ...] | None:
    """Pose and flags from their texts; None when a flag is neither yes nor no, which is worth a message."""
    out = _pose(said[0])
    for name, text in zip(FLAGS, said[1:]):
        yes = flag(text or "")
        if yes:
            out.append(Attribute(name, "yes", flag=True))
        elif yes is None:
            return None
    return tuple(out)


def _pose(text: str | None) -> list[Attribute]:
    pose = (text or "").strip()
    return [] if pose.lower() in _NOTHING_SAID else [Attribute("pose", pose)]


class _File:
    """The objects of one file with all that can be in them, and all that can be wrong with them."""

    def __init__(self, rules: Rules, size: tuple[int, int] | None, file: str, log: Log) -> None:
        self._rules, self._file, self._log = rules, file, log
        self._shapes = ShapeReader(rules, size, self._note)

    def annotations(self, document: Document) -> Iterator[Annotation]:
        """All objects; of those that are equal in everything, parts included, only the first."""
        seen: dict[str, int] = {}
        for n, row in enumerate(document.rows, 1):
            found = self.object(n, row, document.elements[n - 1] if document.elements else None)
            objects = [a for a in found if isinstance(a, Object)]
            key = repr([(o.label, o.geometry, o.keypoints, o.attributes) for o in objects])
            if objects and key in seen:
                code, message = sentences.SAID_BEFORE(other=f"object[{seen[key]}]")
                for one in objects:
                    self._log.merge(code, one.label, message, file=self._file, where=one.location, id=one.id)
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
        shape = Shape()
        attributes: list[Attribute] = []
        loss = False
        boxes: list[Object] = []
        if refusal is None:
            attributes, rotation, loss = self._attributes(row, element, where)
        for k, box in enumerate(children_of(element, "bndbox")[1:], 2):
            place = f"{where}/bndbox[{k}]"
            boxes += self._alone(f"{n}/bndbox[{k}]", place, label, box, refusal, tuple(attributes), loss)
        if refusal is None:
            shape = self._shapes.shape(row, element, rotation, where)
            refusal = shape.problem if shape.geometry is None else None
        if refusal is not None or shape.geometry is None:
            code, message = refusal or (Code.GEOMETRY_MISSING, "has no geometry")
            self._log.skip(code, label or UNNAMED, message, file=self._file, where=where, id=id)
            return [*boxes, *parts]
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
            location=where,
        )
        links = (
            Relationship(
                id=f"{part.id}/of", label=PART_OF, source=part.id, target=id, location=part.location, source_count=0
            )
            for part in parts
        )
        return [whole, *boxes, *parts, *links]

    def _parts(self, n: int, whole: str, element: Element | None, refusal: tuple[Code, str] | None) -> list[Object]:
        """Parts are boxes of their own, as the layout task has them: head, hand, foot."""
        out = []
        for k, part in enumerate(children_of(element, "part"), 1):
            where, id = f"object[{n}]/part[{k}]", f"{n}/part[{k}]"
            self._note_unread(part)
            name = text_of(child_of(part, "name")).strip()
            label = f"{whole}/{name}" if name and whole and self._rules.part_names is PartNames.PATH else name
            problem = refusal or (None if label else (Code.CLASS_UNNAMED, "has no name"))
            out += self._alone(id, where, label, child_of(part, "bndbox"), problem)
        return out

    def _alone(
        self,
        id: str,
        where: str,
        label: str,
        element: Element | None,
        problem: tuple[Code, str] | None,
        attributes: tuple[Attribute, ...] = (),
        loss: bool = False,
    ) -> list[Object]:
        """An object that is one ``bndbox`` and nothing else: a part, or a further box of an object that has several."""
        self._log.read(label or UNNAMED)
        box = self._shapes.box(corners_of(element), where) if problem is None else None
        if isinstance(box, Box):
            return [Object(id=id, label=label, geometry=box, attributes=attributes, loss=loss, location=where)]
        code, message = problem or box or (Code.GEOMETRY_MISSING, "has no bndbox")
        self._log.skip(code, label or UNNAMED, message, file=self._file, where=where, id=id)
        return []

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
        names = [local_name(child) for child in element]
        unnamed = "name" not in names
        if unnamed and (called := next((name for name in NAMES if name in names), "")):
            self._note(Code.FIELD_REPAIRED, f"there is no <name>: <{called}> is taken for it", where)
        if len(set(names)) < len(names) and (twice := [n for n in ONCE if names.count(n) > 1]):
            self._note(Code.FIELD_IGNORED, f"of several <{twice[0]}> the last is read", where)
        actions = ((local_name(action), action.text) for action in inside(element, "actions"))
        if done := tuple(name for name, text in actions if self._flag(name, text, where)):
            out.append(Attribute("actions", done))
        for attribute in inside(element, "attributes"):
            self._note_unread(attribute)
            name, value = (text_of(child_of(attribute, field)).strip() for field in ("name", "value"))
            if name == "rotation" and (turned := number(value)) is not None:
                rotation = turned % 360
            elif name in FLAGS:
                if self._flag(name, value, where) and Attribute(name, "yes", flag=True) not in out:
                    out.append(Attribute(name, "yes", flag=True))
            elif name and value:
                out.append(_attribute(name, value))
        for attribute_name in saying_attributes(element):
            self._log.note_unread("field", f"@{attribute_name}", where="<object>")
        for child, name in zip(element, names):
            if name == "bndbox":
                loss = self._angled(child, where) or loss
            elif (
                name in _STRUCTURED
                or name in _WITHOUT_MEANING
                or (name == "coordinate" and text_of(child) == "pixel")
                or holds_vertices(child)
            ):
                if (name in _SCORES and text_of(child).strip()) or text_of(child_of(child, _PROBABILITY)).strip():
                    loss = self._ignored(f"<{_score(element)}> has no place in ground truth", where)
            elif name in _ELSEWHERE:
                loss = self._ignored(f"<{name}> is not understood; the other geometry of the object is used", where)
                self._log.note_unread("element", name, where="<object>")
            elif len(child):
                loss = self._ignored(f"<{name}> is not understood", where)
                self._log.note_unread("element", name, where="<object>")
            elif (value := text_of(child).strip()).lower() not in _NOTHING_SAID and not (unnamed and name in NAMES):
                out.append(_attribute(name, value))
        return out, rotation, loss

    def _angled(self, box: Element, where: str) -> bool:
        """Whether a ``bndbox`` states an angle, which every script that writes one means in another way."""
        for attribute_name in saying_attributes(box):
            self._log.note_unread("field", f"@{attribute_name}", where="<bndbox>")
        if said := (box.text or "").strip():
            self._note(
                Code.FIELD_IGNORED,
                f"<bndbox> holds the text {said!r} and not four elements: it is not understood",
                where,
            )
            self._log.note_unread("element", "bndbox", where="<object>")
        for child in box:
            name, text = local_name(child), text_of(child).strip()
            if name not in CORNERS and name not in OTHER_CORNERS and not is_vertex(name) and text and number(text) != 0:
                self._note(Code.FIELD_IGNORED, f"<{name}> in <bndbox> is {text!r}, which is not understood", where)
                self._log.note_unread("element", name, where="<bndbox>")
                if name.lower() in _ANGLES:
                    return True
        return False

    def _flag(self, name: str, text: str | None, where: str) -> bool:
        said = (text or "").strip().lower()
        if (stated := flag(said)) is not None:
            return stated
        share = number(said)
        yes = share is not None and share > 0  # a share, or a degree
        self._note(Code.FIELD_REPAIRED, f"<{name}> is {said!r}, neither 0 nor 1: taken as {int(yes)}", where)
        return yes

    def _note_unread(self, element: Element) -> None:
        for parent, name in unread_in(element):
            self._log.note_unread("element", name, where=f"<{parent}>")

    def _ignored(self, message: str, where: str) -> bool:
        self._note(Code.FIELD_IGNORED, message, where)
        return True

    def _note(self, code: Code, message: str, where: str) -> None:
        self._log.note(code, message, file=self._file, where=where)


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, value.lower() == "true" if value.lower() in ("true", "false") else value)
