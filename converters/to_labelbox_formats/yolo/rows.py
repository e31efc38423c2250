"""Rows of a label file: one object a line, told apart by their number of values.

===================  ========================  ==============================================================
task                 values                    content after the class id, normalised by width and height
===================  ========================  ==============================================================
detect               5                         centre x, centre y, width, height
detect, predicted    6, 7                      … confidence, track id
segment              odd, 7 or more            vertices of one ring, closed by itself
obb                  9                         four corners in any order
segment, obb         even, 8 or more           … confidence
pose                 5 + K × D                 box, then K keypoints of x, y and (D = 3) visibility 0, 1, 2
dota                 9 or 10                   four corners *in pixels*, class name, difficult 0 or 1
===================  ========================  ==============================================================
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from to_labelbox.geometry.any_shape import to_stored
from to_labelbox.geometry.vector import open_ring
from to_labelbox.model.items import Attribute, Box, Geometry, Keypoint, Keypoints, Object, Polygon, RotatedBox
from to_labelbox.model.text import n_of, pattern
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNREADABLE, Log, Tally
from to_labelbox.source.record_ids import Places
from to_labelbox.source.text_encoding import utf8
from to_labelbox_formats.yolo.columns import Columns
from to_labelbox_formats.yolo.text_lines import boxes_of, lines_of

Tokens: TypeAlias = Sequence[bytes]


class Task(StrEnum):
    DETECT = "detect"
    SEGMENT = "segment"
    OBB = "obb"
    POSE = "pose"
    DOTA = "dota"
    CLASSIFY = "classify"


class BoxForm(StrEnum):
    """What the four numbers of a box are."""

    AUTO = "auto"
    CENTER = "center"
    CORNERS = "corners"
    TOP_LEFT = "top_left"


class Angle(StrEnum):
    """The unit of angles: clockwise as the picture is seen, unless it says counter-clockwise."""

    DEGREES = "degrees"
    RADIANS = "radians"
    DEGREES_CCW = "degrees_ccw"
    RADIANS_CCW = "radians_ccw"

    def clockwise(self, value: float) -> float:
        """An angle in clockwise degrees."""
        degrees = value if self in (Angle.DEGREES, Angle.DEGREES_CCW) else math.degrees(value)
        return -degrees if self in (Angle.DEGREES_CCW, Angle.RADIANS_CCW) else degrees


class Frame(Struct, frozen=True):
    """The picture that rows refer to: as displayed for scaling, as stored for the result; sizes 0 when unknown."""

    width: int = 0
    height: int = 0
    orientation: int = 1

    @property
    def stored(self) -> tuple[int, int]:
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


class Rules(Struct, frozen=True):
    """How the rows of a set are read.

    ``names`` None: nothing names the classes. ``keypoint_names`` are by class id. ``mixed``: boxes and outlines of 8 values
    or more occur side by side. ``angle``: a sixth value turns the box. ``odd_outlines``: outlines have no confidence, so one
    of an even number of values lacks a number. ``told``: the user has named the task.
    ``columns``: the order of values, where it is another than YOLO's. ``parts``: numbers are so many parts of the picture's sides, 100
    for per cent. ``all_visible``: a keypoint of visibility 1 is no more than there; ``placed``: each that is not at 0, 0 is visible.
    ``scored``: keypoints have a confidence for the visibility. ``crossed``: four corners are in an order in which their outline crosses itself.
    """

    task: Task
    names: dict[int, str] | None
    keypoints: tuple[int, int] | None = None
    keypoint_names: Mapping[int, tuple[str, ...]] = {}
    predictions: bool = False
    unknown_classes: bool = False
    pixels: bool = False
    mixed: bool = False
    box: BoxForm = BoxForm.CENTER
    angle: Angle | None = None
    first_class: int = 0
    odd_outlines: bool = False
    told: bool = False
    columns: Columns | None = None
    parts: int = 1
    all_visible: bool = False
    placed: bool = False
    scored: bool = False
    crossed: bool = False


_NUMBER = pattern(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LIMIT = 1e7
"""Coordinates beyond this, in widths of the picture or in pixels, are damage."""
MAX_CLASS = 1_000_000
MAX_LINE = 4 * 2**20
"""No row of one object is longer."""
SIZE_REMEDY = (
    "the size of its picture is unknown, so the normalised row has no place: give the pictures with --media-root, "
    "or their sizes with --sizes or -O sizes=FILE"
)
_CONFIDENCE = (
    "ends with a confidence, so it is a prediction and no ground truth; -O predictions=true takes such rows in"
)
_SCORED = "has a confidence, so it is a prediction and no ground truth; -O predictions=true takes such rows in"
_SCORED_POINTS = (
    "its keypoints have a confidence for the visibility, so it is a prediction and no ground truth; -O predictions=true takes such "
    "rows in, without the points below 0.5"
)
_NO_CONFIDENCE = (
    "ends with a value that is no confidence: if it is a track id, -O predictions=true takes such rows in without it; "
    "if it turns the box, say -O angle=degrees, radians, degrees_ccw or radians_ccw"
)
PLACES = Places("line {}")


class Rows:
    """Turns label files into objects, counting every row in a log."""

    def __init__(self, rules: Rules, log: Log) -> None:
        self.rules = rules
        self.log = log
        self._known: dict[bytes, tuple[str, Tally]] = {}
        self._pose = 5 + rules.keypoints[0] * rules.keypoints[1] if rules.keypoints else 0
        self.plain_boxes = (
            rules.task is Task.DETECT
            and not rules.pixels
            and rules.box is BoxForm.CENTER
            and rules.columns is None
            and rules.parts == 1
        )
        self._last = max(rules.names, default=0) if rules.names else 0
        self._odd = 0

    def objects(self, data: bytes, frame: Frame, file: str) -> list[Object]:
        """The objects of a label file."""
        if b"\r" in data:
            data = utf8(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return self._close(self._carefully(data, frame, file), file)

    def _close(self, found: list[Object], file: str) -> list[Object]:
        """Report rows of a file that do not fit the set's task."""
        if self._odd:
            kind = "outlines" if self.rules.task is Task.DETECT else "boxes"
            self.log.note(
                Code.ROWS_MIXED,
                f"holds {kind} in a set of task {self.rules.task}: each row is read by its own shape",
                file=file,
                count=self._odd,
            )
            self._odd = 0
        return found

    def _carefully(self, data: bytes, frame: Frame, file: str) -> list[Object]:
        """Files of any kind: byte-order marks, commas, repeated rows, all shapes."""
        data = utf8(data)
        if self.rules.task is Task.DOTA:
            lines = data.split(b"\n")
            commas = [line.count(b",") for line in lines if b"," in line]
            if commas and min(commas) > 7:  # else they are those of names
                lines = [line.replace(b",", b" ") for line in lines]
                self.log.note(Code.FIELD_REPAIRED, "values are separated by commas instead of blanks", file=file)
        else:
            lines, mended = lines_of(data)
            if mended:
                self.log.note(Code.FIELD_REPAIRED, mended, file=file)
        tokens = (line.split() if len(line) < MAX_LINE else [line] for line in lines)
        rows: Iterable[tuple[tuple[str, str], Tokens]] = zip(PLACES(len(lines)), tokens)
        return self._rows(self._apart(rows, file) if self._may_be_joined else rows, frame, file)

    @property
    def _may_be_joined(self) -> bool:
        """Whether a long row may be several boxes: not where it is a pose, or as the user says."""
        return self.rules.task in (Task.DETECT, Task.SEGMENT) and not self.rules.told and self.rules.columns is None

    def _apart(
        self, rows: Iterable[tuple[tuple[str, str], Tokens]], file: str
    ) -> Iterator[tuple[tuple[str, str], Tokens]]:
        """Rows of one box each, of those that hold several without line breaks between them."""
        for (id, where), tokens in rows:
            boxes = boxes_of(tokens)
            if len(boxes) == 1:
                yield (id, where), tokens
                continue
            message = f"holds {len(boxes)} boxes without line breaks between them: each is read as one"
            self.log.note(Code.FIELD_REPAIRED, message, file=file, where=where, id=id)
            for n, box in enumerate(boxes, 1):
                yield (f"{id}.{n}", f"{where}, box {n}"), box

    def listed(self, rows: list[list[bytes]], frame: Frame, file: str, record: str) -> list[Object]:
        """The objects of rows that stand in one record of a file."""
        numbered = ((str(n), f"{record}, row {n}") for n in range(1, len(rows) + 1))
        return self._close(self._rows(zip(numbered, rows), frame, file), file)

    def _rows(self, rows: Iterable[tuple[tuple[str, str], Tokens]], frame: Frame, file: str) -> list[Object]:
        found: list[Object] = []
        seen: dict[bytes, str] = {}
        dota = self.rules.task is Task.DOTA
        for (id, where), tokens in rows:
            if len(tokens) == 1 and len(tokens[0]) >= MAX_LINE:
                self.log.read(UNREADABLE)
                message = f"a line of {len(tokens[0])} bytes is no row of one object: {_quoted(tokens[0])} …"
                self.log.skip(Code.RECORD_UNREADABLE, UNREADABLE, message, file=file, where=where, id=id)
                continue
            if not tokens or (dota and tokens[0].lower().startswith(_DOTA_HEADER)):
                continue
            first = seen.setdefault(b" ".join(tokens), where)
            if first is not where:
                label = _dota_name(tokens) if dota else self.class_of(tokens[0])[0]
                self.log.read(label)
                code, message = sentences.SAID_BEFORE(other=first)
                self.log.merge(code, label, message, file=file, where=where, id=id)
            elif dota:
                self._add_dota(found, tokens, frame, file, id, where)
            else:
                self._add(found, tokens, frame, file, id, where)
        return found

    # -------------------------------------------------------------------------------------------------- single rows

    def _add(self, found: list[Object], tokens: Tokens, frame: Frame, file: str, id: str, where: str) -> None:
        columns = self.rules.columns
        if columns is not None:
            arranged = columns.arranged(tokens)
            if arranged is None:
                self.log.read(UNREADABLE)
                message = f"{_plural(len(tokens), 'value')}, where -O columns= names {columns.count}"
                self.log.skip(Code.RECORD_UNREADABLE, UNREADABLE, message, file=file, where=where, id=id)
                return
            tokens = arranged
        known = self._known.get(tokens[0])
        if known is not None:
            label, tally = known
            tally.read += 1
        else:
            label, code, message = self.class_of(tokens[0])
            self.log.read(label)
            if code is not None:
                self.log.skip(code, label, message, file=file, where=where, id=id)
                return
            self._known[tokens[0]] = label, self.log.ledger[label]
        try:
            found.append(self._object(label, tokens, frame, file, id, where))
        except Refused as refused:
            self.log.skip(refused.code, label, str(refused), file=file, where=where, id=id)

    def class_of(self, token: bytes) -> tuple[str, Code | None, str]:
        """(class in the ledger, why a row of it is skipped or None, message). ``3.0`` counts as 3."""
        number = float(token) if _NUMBER.fullmatch(token) else math.nan
        if not (number.is_integer() and 0 <= number < MAX_CLASS):
            return UNREADABLE, Code.RECORD_UNREADABLE, f"the class id {_quoted(token)} is not a whole number from 0 on"
        index, names = int(number) - self.rules.first_class, self.rules.names
        if names is not None and index in names:
            return names[index], None, ""
        label = f"class_{index + self.rules.first_class}"
        if names is None or self.rules.unknown_classes:
            return label, None, ""
        return (
            label,
            Code.CLASS_UNKNOWN,
            f"class id {index + self.rules.first_class} has no name (there are {len(names)}, up to id "
            + f"{self._last + self.rules.first_class}): perhaps the names are of another set; -O unknown_classes=true keeps such rows as {label}",
        )

    def _object(self, label: str, tokens: Tokens, frame: Frame, file: str, id: str, where: str) -> Object:
        lost = self._note_lost(file, where, id)
        shape, trailing = self._shape(tokens)
        values = _numbers(tokens[1:])
        turn = 0.0
        if trailing and shape == "box" and trailing == 1 and self.rules.angle is not None:
            turn = self.rules.angle.clockwise(values[4])
            trailing, values = 0, values[:4]
        if trailing:
            if shape == "outline" and self.rules.odd_outlines and not self.rules.predictions:
                raise Refused(
                    Code.POLYGON_INVALID, f"{len(values)} coordinates: a number of the last vertex is missing"
                )
            self._note_trailing(values[-trailing], file, where, id)
            values = values[:-trailing]
        if self.rules.pixels:
            width = height = 1.0
        elif frame.width:
            width, height = frame.width / self.rules.parts, frame.height / self.rules.parts
        else:
            raise Refused(Code.IMAGE_SIZE_UNKNOWN, SIZE_REMEDY)
        geometry: Geometry
        keypoints: Keypoints | None = None
        if shape == "outline":
            if not self.rules.pixels:
                values[::2] = [x * width for x in values[::2]]
                values[1::2] = [y * height for y in values[1::2]]
            if self.rules.crossed and len(values) == 8:
                values = around(values)
            geometry = Polygon(((open_ring(values),),))
        else:
            x, y, w, h = self._box(values)
            if turn % 360:
                geometry = RotatedBox(x * width, y * height, w * width, h * height, turn % 360)
            else:
                geometry = Box((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
            if shape == "pose":
                keypoints = self._keypoints(values[4:], width, height, tokens[0])
        if frame.orientation != 1:
            geometry = to_stored(geometry, frame.orientation, *frame.stored)
            if keypoints is not None:
                turned = to_stored(keypoints, frame.orientation, *frame.stored)
                keypoints = turned if isinstance(turned, Keypoints) else None
        return Object(
            id=id,
            label=label,
            geometry=geometry,
            keypoints=keypoints,
            location=where,
            loss=bool(trailing or lost),
        )

    def _box(self, values: Sequence[float]) -> tuple[float, float, float, float]:
        """Centre, width and height of the box that a row begins with."""
        x, y, w, h = values[:4]
        if self.rules.box is BoxForm.CORNERS:
            x, y, w, h = (x + w) / 2, (y + h) / 2, w - x, h - y
        elif self.rules.box is BoxForm.TOP_LEFT:
            x, y = x + w / 2, y + h / 2
        if max(x, y) > 2 * self.rules.parts and min(w, h) >= self.rules.parts and not self.rules.pixels:
            raise Refused(
                Code.BOX_INVALID, f"{max(x, y):g} is no fraction of a picture: pixels, in a set of fractions?"
            )
        if w < 0 or h < 0:
            raise Refused(Code.BOX_INVALID, f"the box is {w:g} wide and {h:g} high")
        return x, y, w, h

    def _note_lost(self, file: str, where: str, id: str) -> str:
        """Note, and give, the values that the user has named and that have no place in a label."""
        columns = self.rules.columns
        if columns is None or not columns.lost:
            return ""
        if columns.scored and not self.rules.predictions:
            raise Refused(Code.PREDICTION, _SCORED)
        self.log.note(
            Code.FIELD_IGNORED, f"{columns.lost} of a row: no place in a label", file=file, where=where, id=id
        )
        return columns.lost

    def _note_trailing(self, value: float, file: str, where: str, id: str) -> None:
        """Note that a row's confidence is dropped, where predictions are taken at all."""
        if not self.rules.predictions:
            raise Refused(Code.PREDICTION, _CONFIDENCE if 0 <= value <= 1 else _NO_CONFIDENCE)
        lost = "confidence" if 0 <= value <= 1 else "last value, which is no confidence,"
        self.log.note(Code.FIELD_IGNORED, f"the {lost} has no place in a label", file=file, where=where, id=id)

    def _shape(self, tokens: Tokens) -> tuple[str, int]:
        """What a row is by its length, and how many values of a prediction it ends with."""
        count, task = len(tokens), self.rules.task
        if count < 5:
            raise Refused(Code.RECORD_UNREADABLE, f"{_plural(count, 'value')}: a row has a class id and at least 4")
        if task is Task.POSE and count > 6:
            if count - self._pose in (0, 1):
                return "pose", count - self._pose
            shape = list(self.rules.keypoints or ())
            raise Refused(
                Code.KEYPOINTS_INVALID, f"{n_of(count, 'value')}: with kpt_shape {shape} a row has {self._pose}"
            )
        if count <= 6:
            self._odd += task is not Task.DETECT
            return "box", count - 5
        if count == 7 and task is not Task.OBB:
            tracked = (
                _NUMBER.fullmatch(tokens[5])
                and 0 <= float(tokens[5]) <= 1
                and tokens[6].isdigit()
                and tokens[6].strip(b"0")
            )
            if tracked or (task is Task.DETECT and self.rules.told):
                self._odd += task is not Task.DETECT
                return "box", 2
        self._odd += task is Task.DETECT
        return "outline", 1 - count % 2

    def _keypoints(self, values: Sequence[float], width: float, height: float, id: bytes) -> Keypoints | None:
        """The points that are there: v > 0; with two values a point, those that are neither negative nor exactly 0 0.

        A confidence stands where the visibility does in predictions; as Ultralytics does, from 0.5 on a point is there.
        """
        _, size = self.rules.keypoints or (0, 2)
        scored = size == 3 and not self.rules.placed and (self.rules.scored or is_scored(values[2::3]))
        if scored and not self.rules.predictions:
            raise Refused(Code.PREDICTION, _SCORED_POINTS)
        least = 0.5 if scored else math.ulp(0)
        names = self.rules.keypoint_names.get(int(float(id)) - self.rules.first_class, ())
        points = []
        for n, at in enumerate(range(0, len(values), size)):
            x, y = values[at], values[at + 1]
            seen = size == 3 and not self.rules.placed
            if values[at + 2] >= least if seen else x >= 0 and y >= 0 and (x, y) != (0, 0):
                occluded = seen and values[at + 2] <= 1 and not scored and not self.rules.all_visible
                points.append(Keypoint(names[n] if names else f"kp_{n}", x * width, y * height, occluded))
        return Keypoints(tuple(points)) if points else None

    def _add_dota(self, found: list[Object], tokens: Tokens, frame: Frame, file: str, id: str, where: str) -> None:
        label = _dota_name(tokens)
        self.log.read(label)
        try:
            if len(tokens) < 9:
                count = _plural(len(tokens), "value")
                raise Refused(Code.RECORD_UNREADABLE, f"{count}: a row has four corners, a class name and difficult")
            corners = _numbers(tokens[:8])
            if not self.rules.pixels:
                if not frame.width:
                    raise Refused(Code.IMAGE_SIZE_UNKNOWN, SIZE_REMEDY)
                corners[::2] = [x * frame.width / self.rules.parts for x in corners[::2]]
                corners[1::2] = [y * frame.height / self.rules.parts for y in corners[1::2]]
        except Refused as refused:
            self.log.skip(refused.code, label, str(refused), file=file, where=where, id=id)
            return
        difficult = len(tokens) > 9 and tokens[-1].isdigit() and tokens[-1].strip(b"0") != b""
        flags = (Attribute("difficult", "yes", flag=True),) if difficult else ()
        found.append(Object(id=id, label=label, geometry=Polygon(((corners,),)), attributes=flags, location=where))


_DOTA_HEADER = (b"imagesource", b"gsd")


def _dota_name(tokens: Tokens) -> str:
    """The class of a DOTA row: what stands between the corners and the difficult flag."""
    words = tokens[8:-1] if len(tokens) > 9 and tokens[-1].isdigit() else tokens[8:]
    return b" ".join(words).decode("utf-8", "replace") or UNREADABLE


def _numbers(tokens: Tokens) -> list[float]:
    """Finite numbers of reasonable size, or a refusal that names the first that is none."""
    try:
        values = list(map(float, tokens))
        if (
            math.isfinite(sum(values))
            and max(values) <= _LIMIT
            and min(values) >= -_LIMIT
            and b"_" not in b"".join(tokens)
        ):
            return values
    except ValueError:
        pass
    for token in tokens:
        if not _NUMBER.fullmatch(token):
            raise Refused(Code.RECORD_UNREADABLE, f"{_quoted(token)} is not a finite number")
        if abs(float(token)) > _LIMIT:
            raise Refused(Code.RECORD_UNREADABLE, f"{_quoted(token)} is far beyond any picture")
    return values


def is_scored(seen: Sequence[float]) -> bool:
    """Whether third values of keypoints are confidences; a visibility is 0, 0.5, 1 or 2."""
    return any(0 < value < 1 and value != 0.5 for value in seen)


def around(corners: Sequence[float]) -> list[float]:
    """Four corners (x1 y1 x2 y2 …) in order around their middle, from the first on."""
    points = list(zip(corners[::2], corners[1::2]))
    middle = [sum(axis) / len(points) for axis in zip(*points)]
    ordered = sorted(points, key=lambda p: math.atan2(p[1] - middle[1], p[0] - middle[0]))
    first = ordered.index(points[0])
    return [value for point in (*ordered[first:], *ordered[:first]) for value in point]


def is_number(token: bytes) -> bool:
    """Whether a token is a plain decimal number; Python's own underscores, infinities and NaN are none."""
    return _NUMBER.fullmatch(token) is not None


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _quoted(token: bytes) -> str:
    return repr(token[:40].decode("utf-8", "replace"))
