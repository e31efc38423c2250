"""Which task a set is for: rows look alike, so the decision is taken once, from the shapes of all of them.

Evidence in order: the user's option; ``task`` in the descriptor; kpt_shape; a labelTxt folder or a class name after
eight numbers; the lengths of the rows. Of the lengths, only two findings need every file of a set: rows that are all
of length 7 and rows that are all of one length of 8 or above 9 (which may be poses). A spread sample that holds anything else
has already excluded both, and every other row is read by its own length; so the whole set is looked at only when the
sample is uniform in one of these ways. What the sample missed is counted while converting (``rows-mixed``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from to_labelbox.model.text import n_of, pattern
from to_labelbox.report.errors import SourceError
from to_labelbox.source.text_encoding import utf8
from to_labelbox_formats.yolo.columns import Columns
from to_labelbox_formats.yolo.rows import MAX_LINE, Frame, Task, around, is_number, is_scored
from to_labelbox_formats.yolo.text_lines import boxes_of, is_headed, lines_of

SAMPLE = 500
HEADED = "headed"
ROWS = frozenset({"normalised", "pixels", "dota", HEADED})
"""The kinds of rows that are read."""
WORDS = {
    "worded": "labels of KITTI or OpenImages tools, which are not read, begin with the class name and hold pixels",
    "named": "write for each name its id, which is its place in the list of classes, counted from 0",
}
"""What is said of rows that begin with a word, of pixels and of fractions."""
_MAX_QUADS = 200
_MAX_BOXES = 2_000
_MAX_IDS = 10_000
_ROWS_LOOKED_INTO = 20
_RECTANGLE = 0.95
_INSIDE, _FAR, _ENOUGH, _FEW = 0.9, 0.5, 20, 3
"""Shares of rows by which their points look like poses, and the rows that it takes to say so; of fewer, but a few, all have to."""
_VISIBILITIES = pattern(rb"(?:(?:-1|[012])(?:\.0*)?(?: |$))+")
_Layout: TypeAlias = tuple[int, int]
"""Values a keypoint, and values of a prediction at the end."""
_LAYOUTS: tuple[_Layout, ...] = ((3, 0), (2, 0), (3, 1), (2, 1))


class Evidence(Struct):
    """Counts over the rows that were looked at; some only over the first rows of each file.

    Of these, ``measured`` hold finite numbers alone behind their first value, ``unmeasured`` a text, of which ``ending`` only at the end.
    ``led`` are the first four numbers of rows that go on after a box; ``headed`` files have the first line of labelImg-OBB.
    """

    files: int = 0
    rows: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    named: int = 0
    worded: int = 0
    word: bytes = b""
    worded_unit: int = 0
    poses: int = 0
    posed: Counter[_Layout] = field(default_factory=Counter)
    posed_far: Counter[_Layout] = field(default_factory=Counter)
    looked_into: int = 0
    absent: int = 0
    tracked: int = 0
    measured: int = 0
    unmeasured: int = 0
    ending: int = 0
    headed: int = 0
    beyond: int = 0
    sixes: int = 0
    identified: int = 0
    no_confidence: int = 0
    greatest: float = 0
    texts: list[Sequence[bytes]] = field(default_factory=list)
    visible: Counter[str] = field(default_factory=Counter)
    triples: int = 0
    scored: int = 0
    framed: int = 0
    convex: int = 0
    crossed: int = 0
    columns: Columns | None = None
    ids_of: dict[str, set[bytes]] = field(default_factory=dict)
    boxed: list[tuple[int, list[float]]] = field(default_factory=list)
    led: list[tuple[int, list[float]]] = field(default_factory=list)
    quads: list[tuple[int, list[float]]] = field(default_factory=list)
    described: int = 0
    description: list[float] = field(default_factory=list)

    def add(self, data: bytes, unit: int, split: str) -> None:
        """Count the rows of the label file of a unit."""
        self.files += 1
        data = utf8(data)
        self.headed += is_headed(data)
        ids = self.ids_of.setdefault(split, set())
        for number, line in enumerate(lines_of(data)[0]):
            if len(line) >= MAX_LINE:
                continue
            tokens = (line.replace(b",", b" ") if b"," in line else line).split()
            if self.columns is not None:
                tokens = self.columns.arranged(tokens) or []
            if not line.startswith(b"imagesource"):
                for row in boxes_of(tokens) if self.columns is None else [tokens]:
                    self._add_row(row, number, unit, ids)

    def _add_row(self, tokens: Sequence[bytes], number: int, unit: int, ids: set[bytes]) -> None:
        count = len(tokens)
        if count < 5:
            return
        self.rows += 1
        self.lengths[count] += 1
        if len(ids) < _MAX_IDS:
            ids.add(tokens[0])
        if not tokens[0][:1].isdigit() and not is_number(tokens[0]):
            self.worded += 1
            self.word, self.worded_unit = tokens[0], unit
        if count == 7:
            self.tracked += tokens[6].isdigit() and tokens[6] != b"0" and b"." in tokens[5]
        elif count > 7:
            if (count - 5) % 3 == 0 and _VISIBILITIES.fullmatch(b" ".join(tokens[7::3])):
                self.poses += 1
                if number < _ROWS_LOOKED_INTO:
                    self._see(tokens)
            self.named += 8 < count < 12 and is_number(tokens[0]) and not is_number(tokens[8])
        if number < _ROWS_LOOKED_INTO:
            self._measure(tokens, unit)

    def _measure(self, tokens: Sequence[bytes], unit: int) -> None:
        try:
            values = list(map(float, tokens[1:]))
        except ValueError:
            self.unmeasured += 1
            self.ending += len(tokens) == 6 and all(map(is_number, tokens[:5])) and not is_number(tokens[5])
            if len(self.texts) < _ROWS_LOOKED_INTO:
                self.texts.append(tokens)
            return
        if not math.isfinite(sum(values)):
            return
        self.measured += 1
        x, y, width, height = values[:4]
        self.greatest = max(self.greatest, *values[:4])
        self.beyond += not (-2 <= x <= 2 and -2 <= y <= 2 and -2 <= width <= 2 and -2 <= height <= 2)
        if len(values) == 4:
            if len(self.boxed) < _MAX_BOXES:
                self.boxed.append((unit, values))
            return
        boxes = self.boxed if len(values) < 6 else self.led
        if len(boxes) < _MAX_BOXES:
            boxes.append((unit, values))
        if len(values) == 5:
            self.sixes += 1
            self.identified += (
                values[0].is_integer() and values[0] >= -1 and all(0 <= value <= 1 for value in values[1:])
            )
            self.no_confidence += not 0 <= values[4] <= 1
        if len(values) > 6 and max(values[4:]) > 2 and all(0 <= value <= 1 for value in values[:4]):
            self.described += 1
            self.description = self.description or values[4:]
        if len(values) == 8 and len(self.quads) < _MAX_QUADS:
            self.quads.append((unit, values))
            self.convex += _is_convex(values)
            self.crossed += not _is_convex(values) and _is_parallelogram(around(values))
        if len(values) > 6 and (len(values) - 4) % 3 < 2:
            self.triples += 1
            self.scored += is_scored(values[6::3])
        if len(values) > 7 and self.looked_into < _MAX_QUADS:
            self.looked_into += 1
            self.framed += len(values) > 9 and _is_framed(values)
            self.absent += (-1.0, -1.0) in zip(values[4::2], values[5::2])
            for layout in _LAYOUTS:
                inside, far = _like_pose(values, *layout)
                self.posed[layout] += inside
                self.posed_far[layout] += far

    def _see(self, tokens: Sequence[bytes]) -> None:
        """Count the visibilities of the points of a row that may be a pose."""
        for x, y, seen in zip(tokens[5::3], tokens[6::3], tokens[7::3]):
            value = seen.split(b".")[0].decode()
            placed = is_number(x) and is_number(y) and (float(x) > 0 or float(y) > 0)
            self.visible[value if value != "0" or not placed else "0, placed"] += 1

    @property
    def keypoints_scored(self) -> bool:
        """Whether half of the rows that may be poses, or more, have a confidence for the visibility of keypoints."""
        return 0 < self.triples <= 2 * self.scored

    @property
    def uniform(self) -> int:
        """The length of all rows, 0 when there are several or none."""
        return next(iter(self.lengths)) if len(self.lengths) == 1 else 0

    @property
    def long(self) -> int:
        """The length of all rows that are longer than a box with a confidence, 0 when there are several or none."""
        lengths = [length for length in self.lengths if length > 6]
        return lengths[0] if len(lengths) == 1 else 0

    @property
    def odd_outlines(self) -> bool:
        """Whether outlines have no confidence: nearly all are of an odd number of values."""
        odd = sum(count for length, count in self.lengths.items() if length > 6 and length % 2)
        even = sum(count for length, count in self.lengths.items() if length > 6 and not length % 2)
        return 2 * even < odd

    @property
    def ids(self) -> set[bytes]:
        return set[bytes]().union(*self.ids_of.values())

    @property
    def whole_ids(self) -> set[int]:
        """The class ids that occur and are whole numbers."""
        return whole(self.ids)

    @property
    def ids_are_fractions(self) -> bool:
        """Whether no row begins with a class id, and all with a number that can be a place."""
        return all(is_number(token) and 0 < float(token) < 1 for token in self.ids)

    @property
    def has_identities(self) -> bool:
        """Whether all rows are of six values and have a whole number before four fractions, and not all the same."""
        seconds = {values[0] for _, values in self.boxed if len(values) == 5}
        return self.sixes == self.identified == self.measured > 0 and max(seconds, default=0) > 1

    @property
    def in_pixels(self) -> bool:
        """Whether most rows cannot be fractions of a picture."""
        return 2 * self.beyond > self.measured

    @property
    def fractional(self) -> bool:
        """Whether all corners of rows with a class name are fractions between 0 and 1."""
        corners = [token for tokens in self.texts for token in tokens[:8]]
        return (
            bool(corners)
            and all(is_number(c) and 0 <= float(c) <= 1 for c in corners)
            and not all(float(c).is_integer() for c in corners)
        )

    @property
    def outlines_alone(self) -> bool:
        """Whether rows of these lengths are outlines of several numbers of vertices and nothing else."""
        return len(self.lengths) > 1 and all(length > 6 and length % 2 for length in self.lengths)

    @property
    def doubtful(self) -> bool:
        """Whether another file could still change the decision."""
        return not self.rows or self.uniform in (7, 8) or self.uniform > 9

    @property
    def pose_layout(self) -> _Layout | None:
        """How keypoints would be laid out when rows of one length look like poses by the place of their points."""
        if self.long < 9 or (self.long == 9 and 2 * (self.convex + self.crossed) > len(self.quads)):
            return None
        if self.long % 2 and self.absent:  # no vertex is at -1, -1, a point that is not there may be
            return 2, 0
        return self._layout(1) if self.looked_into >= _FEW else None

    @property
    def perhaps_pose(self) -> _Layout | None:
        """The same of few rows that do not all speak for it, or too few to tell."""
        return self._layout(_FAR) if self.long > 9 and 0 < self.looked_into < _ENOUGH else None

    def _layout(self, far_of_few: float) -> _Layout | None:
        rows = self.looked_into
        inside, far = (_INSIDE, _FAR) if rows >= _ENOUGH else (1, far_of_few)
        fitting = (n for n in _LAYOUTS if self.posed[n] >= inside * rows and self.posed_far[n] >= far * rows)
        return next(fitting, None)

    @property
    def with_boxes(self) -> bool:
        """Whether outlines of several lengths have the box around them before their first vertex."""
        return self.looked_into >= _FEW and 10 * self.framed >= 9 * self.looked_into


def whole(ids: Iterable[bytes]) -> set[int]:
    """Those that are whole numbers."""
    return {int(float(token)) for token in ids if is_number(token) and float(token).is_integer()}


def counts_from_one(ids: Iterable[bytes], names: int) -> bool:
    """Whether ids seem to count from 1: the number of names occurs as an id, 0 never does."""
    found = whole(ids)
    return 1 < names < _MAX_IDS and len(found) > 1 and min(found) > 0 and max(found) == names


def _like_pose(values: list[float], size: int, trailing: int) -> tuple[bool, bool]:
    """(points lie in the box of the first four values; and as vertices, its size would lie far from all others, or its centre amid them)."""
    points = values[4 : len(values) - trailing]
    if len(points) % size:
        return False, False
    x, y, width, height = values[:4]
    present = [(px, py) for px, py in zip(points[::size], points[1::size]) if px >= 0 <= py and (px, py) != (0, 0)]
    if not all(abs(px - x) <= 0.55 * width and abs(py - y) <= 0.55 * height for px, py in present):
        return False, False
    xs, ys = (x, *(p[0] for p in present)), (y, *(p[1] for p in present))
    amid = len(present) > 1 and _is_amid(x, xs[1:]) and _is_amid(y, ys[1:])
    return True, amid or _beyond(width, xs) or _beyond(height, ys)


def _is_framed(values: list[float]) -> bool:
    """Whether the first four values are the centre and size of the box around all others."""
    xs, ys = values[4::2], values[5::2]
    around = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)
    slack = 0.02 * max(around[2:])
    return len(xs) == len(ys) and all(abs(a - b) <= slack for a, b in zip(values, around))


def _is_convex(values: list[float]) -> bool:
    """Whether four corners in their order turn to one side only."""
    x, y = values[::2], values[1::2]
    turns = [
        (x[n - 1] - x[n - 2]) * (y[n] - y[n - 1]) - (y[n - 1] - y[n - 2]) * (x[n] - x[n - 1]) for n in range(len(x))
    ]
    return min(turns) >= 0 or max(turns) <= 0


def _is_parallelogram(values: list[float]) -> bool:
    """Whether both diagonals have one middle, which no scaling of the sides changes."""
    apart = (abs(values[n] + values[n + 4] - values[n + 2] - values[n + 6]) / 2 for n in (0, 1))
    return max(apart) <= 0.02 * max(max(values[n::2]) - min(values[n::2]) for n in (0, 1))


def _beyond(value: float, others: tuple[float, ...]) -> bool:
    """Whether a coordinate is outside those of others by more than half of what they span."""
    low, high = min(others), max(others)
    return not (3 * low - high) / 2 <= value <= (3 * high - low) / 2


def _is_amid(value: float, others: tuple[float, ...]) -> bool:
    """Whether a coordinate is in the middle half of what others span, as the corner of an outline seldom is on both axes."""
    low, high = min(others), max(others)
    return abs(2 * value - low - high) <= (high - low) / 2


class Finding(Struct, frozen=True):
    """The task, why, and whether boxes and outlines of 8 values or more occur side by side."""

    task: Task
    reason: str
    mixed: bool = False


def decide(evidence: Evidence, keypoints: tuple[int, int] | None, frame_of: Callable[[int], Frame]) -> Finding:
    """The task by kpt_shape and the rows alone. Raises :class:`SourceError` where only the user can tell."""
    lengths, uniform = evidence.lengths, evidence.uniform
    if not evidence.rows:
        return Finding(Task.POSE if keypoints else Task.DETECT, "no file has a row")
    expected = 5 + keypoints[0] * keypoints[1] if keypoints else 0
    for count in (expected, expected + 1):  # the latter with a confidence
        if keypoints and lengths[count]:
            return Finding(Task.POSE, f"kpt_shape is {list(keypoints)} and rows have {n_of(count, 'value')}")
    if keypoints and evidence.long:
        raise SourceError(
            f"kpt_shape is {list(keypoints)}, so that poses have {expected} values, but rows have {evidence.long}: say -O kpt_shape= as they are"
            f"{_shapes(evidence.long)}, or -O task=segment"
        )
    if evidence.worded == evidence.rows:
        why = WORDS["named" if evidence.measured and not evidence.in_pixels else "worded"]
        word = evidence.word[:40].decode("utf-8", "replace")
        raise SourceError(f"rows begin with a word ({word!r}) where YOLO has a class id: {why}")
    if 2 * evidence.named > evidence.rows:
        return Finding(Task.DOTA, "rows are four corners followed by a class name")
    if uniform == 7 and evidence.tracked < evidence.rows:
        raise SourceError(
            "all rows have 7 values, which may be triangles, boxes with confidence and track id, or boxes with one keypoint: "
            "say -O task=segment, -O task=detect or -O kpt_shape=1x2"
        )
    long = evidence.long
    which = "all rows" if uniform else f"all {lengths[long]} rows that are no boxes"
    if (long > 9 or (uniform == 8 and not evidence.in_pixels)) and evidence.poses == lengths[long]:
        raise SourceError(
            f"{which} have {long} values and every third one is 0, 1 or 2, as in poses of {n_of((long - 5) // 3, 'keypoint')} "
            f"with visibility, but no kpt_shape says so: add -O kpt_shape={(long - 5) // 3}x3, or -O task=segment"
        )
    if 2 * evidence.described > evidence.measured:
        values = ", ".join(f"{value:g}" for value in evidence.description[:3])
        raise SourceError(
            f"most rows go on after their first five values with numbers that are no fractions of a picture ({values}, …), as those of "
            "Ultralytics' task human do: these are not read. Keep the first five values of each row to have the boxes"
        )
    if layout := evidence.pose_layout:
        size, trailing = layout
        shape = f"{(long - 5 - trailing) // size}x{size}"
        raise SourceError(
            f"{which} have {long} values, of which the first four may be a box around the others, as in poses, but no "
            f"kpt_shape says so: add -O kpt_shape={shape}, or -O task=segment"
        )
    boxes = lengths[5] + lengths[6]
    outlines = sum(count for length, count in lengths.items() if length > 7)
    if boxes and outlines:
        task = Task.DETECT if boxes >= outlines else Task.SEGMENT
        return Finding(
            task,
            f"rows are {n_of(boxes, 'box', 'boxes')} and {n_of(outlines, 'outline')}, each read by its own shape",
            mixed=True,
        )
    if not outlines:
        return Finding(Task.DETECT, f"rows have {_listing(lengths)} values")
    if set(lengths) <= {9, 10}:
        if _rectangles(evidence, frame_of):
            return Finding(Task.OBB, "rows are four corners of rectangles")
        return Finding(Task.SEGMENT, "rows are four corners, not of rectangles")
    return Finding(Task.SEGMENT, f"rows have {_listing(lengths)} values")


def _shapes(length: int) -> str:
    """What rows of a length can be poses of."""
    found = [f"{(length - 5) // size}x{size}" for size in (3, 2) if (length - 5) % size == 0]
    return f" ({' or '.join(found)})" if found else ""


def _listing(lengths: Counter[int]) -> str:
    found = sorted(lengths)
    return ", ".join(map(str, found)) if len(found) < 5 else f"{found[0]} to {found[-1]}"


def _rectangles(evidence: Evidence, frame_of: Callable[[int], Frame]) -> bool:
    """Whether nearly all quadrilaterals are rectangles in pixels, within 1 pixel or 1 % of their diagonal."""
    rectangles = total = 0
    for unit, values in evidence.quads:
        frame = frame_of(unit)
        if frame.width:
            total += 1
            xs = [x * frame.width for x in values[::2]]
            ys = [y * frame.height for y in values[1::2]]
            first = math.hypot(xs[2] - xs[0], ys[2] - ys[0])
            second = math.hypot(xs[3] - xs[1], ys[3] - ys[1])
            tolerance = max(1.0, 0.01 * max(first, second))
            middle = math.hypot(xs[0] + xs[2] - xs[1] - xs[3], ys[0] + ys[2] - ys[1] - ys[3]) / 2
            rectangles += middle <= tolerance and abs(first - second) <= tolerance
    return total > 0 and rectangles >= _RECTANGLE * total


# ------------------------------------------------------------------------------------------------------- recognition


def looks_like_rows(head: bytes) -> str:
    """The kind of rows that a text file begins with: ``normalised``, ``pixels``, ``dota``, :data:`HEADED` where its first line says whose they
    are, one of :data:`WORDS`, or empty for none."""
    if is_headed(utf8(head)):
        return HEADED
    lines, mended = lines_of(head)
    if len(head) >= 4096:
        last = lines.pop()
        if not lines:  # an outline of many vertices, cut at a blank
            lines = [last[: max(last.rfind(b" "), 0)]]
    kinds: Counter[str] = Counter()
    for line in lines:
        tokens = line.replace(b",", b" ").split()
        if tokens and not line.startswith((b"imagesource", b"gsd")):
            kind = _kind(tokens)
            commas = b"," in line or (mended and b"," in head)
            kinds["" if kind in (*WORDS, "dota") and commas else kind] += 1
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return kind if 5 * count >= 4 * kinds.total() else ""


def _kind(tokens: list[bytes]) -> str:
    if 9 <= len(tokens) < 14 and all(map(is_number, tokens[:8])) and not is_number(tokens[8]):
        return "dota"
    if len(tokens) > 4 and not is_number(tokens[0]) and all(map(is_number, tokens[-4:])):
        return "named" if all(0 <= float(t) <= 1 for t in tokens[-4:]) else "worded"
    if len(tokens) < 5 or not all(map(is_number, tokens)) or not float(tokens[0]).is_integer() or float(tokens[0]) < 0:
        return ""
    box = tokens[2:] if len(tokens) == 6 and tokens[1].isdigit() else tokens[1:5]  # behind the identity of a track
    return "normalised" if all(-2 <= float(t) <= 2 for t in box) else "pixels"
