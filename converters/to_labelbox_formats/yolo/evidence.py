"""Which task a set is for: rows look alike, so the decision is taken once, from the shapes of all of them.

Evidence in order: the user's option; ``task`` in the descriptor; kpt_shape; a labelTxt folder or a class name after
eight numbers; the lengths of the rows. Of the lengths, only two findings need every file of a set: rows that are all
of length 7 and rows that are all of one length above 9 (which may be poses). A spread sample that holds anything else
has already excluded both, and every other row is read by its own length; so the whole set is looked at only when the
sample is uniform in one of these ways. What the sample missed is counted while converting (``rows-mixed``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from to_labelbox.diagnostics import SourceError
from to_labelbox_formats.yolo.rows import Frame, Task, is_number

SAMPLE = 500
_MAX_QUADS = 200
_ROWS_LOOKED_INTO = 20
_RECTANGLE = 0.95
_VISIBILITIES = {b"0", b"1", b"2", b"0.0", b"1.0", b"2.0", b"0.000000", b"1.000000", b"2.000000"}


class Evidence(Struct):
    """Counts over the rows that were looked at; some only over the first rows of each file."""

    files: int = 0
    rows: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    named: int = 0
    poses: int = 0
    tracked: int = 0
    measured: int = 0
    beyond: int = 0
    quads: list[tuple[int, list[float]]] = field(default_factory=list)

    def add(self, data: bytes, unit: int) -> None:
        """Count the rows of the label file of a unit."""
        self.files += 1
        for number, line in enumerate(data.replace(b",", b" ").splitlines()):
            tokens = line.split()
            count = len(tokens)
            if count < 5 or line.startswith(b"imagesource"):
                continue
            self.rows += 1
            self.lengths[count] += 1
            if count == 7:
                self.tracked += tokens[6].isdigit() and tokens[6] != b"0" and b"." in tokens[5]
            elif count > 8:
                self.poses += (count - 5) % 3 == 0 and _VISIBILITIES.issuperset(tokens[7::3])
                self.named += count < 12 and is_number(tokens[0]) and not is_number(tokens[8])
            if number < _ROWS_LOOKED_INTO:
                self._measure(tokens, unit)

    def _measure(self, tokens: list[bytes], unit: int) -> None:
        try:
            values = list(map(float, tokens[1:]))
        except ValueError:
            return
        self.measured += 1
        self.beyond += max(map(abs, values[:4])) > 2
        if len(values) == 8 and len(self.quads) < _MAX_QUADS:
            self.quads.append((unit, values))

    @property
    def uniform(self) -> int:
        """The length of all rows, 0 when there are several or none."""
        return next(iter(self.lengths)) if len(self.lengths) == 1 else 0

    @property
    def doubtful(self) -> bool:
        """Whether another file could still change the decision."""
        return not self.rows or self.uniform == 7 or self.uniform > 9


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
    if keypoints and lengths[5 + keypoints[0] * keypoints[1]]:
        return Finding(
            Task.POSE, f"kpt_shape is {list(keypoints)} and rows have {5 + keypoints[0] * keypoints[1]} values"
        )
    if 2 * evidence.named > evidence.rows:
        return Finding(Task.DOTA, "rows are four corners followed by a class name")
    if uniform == 7 and evidence.tracked < evidence.rows:
        raise SourceError(
            "all rows have 7 values, which may be triangles or boxes with confidence and track id: "
            "say -O task=segment or -O task=detect"
        )
    if uniform > 9 and evidence.poses == evidence.rows:
        raise SourceError(
            f"all rows have {uniform} values and every third one is 0, 1 or 2, as in poses of {(uniform - 5) // 3} keypoints "
            f"with visibility, but no kpt_shape says so: add -O kpt_shape={(uniform - 5) // 3}x3, or -O task=segment"
        )
    boxes = lengths[5] + lengths[6]
    outlines = sum(count for length, count in lengths.items() if length > 7)
    if boxes and outlines:
        task = Task.DETECT if boxes >= outlines else Task.SEGMENT
        return Finding(task, f"there are {boxes} boxes and {outlines} outlines, each read by its own shape", mixed=True)
    if not outlines:
        return Finding(Task.DETECT, f"rows have {_listing(lengths)} values")
    if set(lengths) <= {9, 10}:
        if _rectangles(evidence, frame_of):
            return Finding(Task.OBB, "rows are four corners of rectangles")
        return Finding(Task.SEGMENT, "rows are four corners, not of rectangles")
    return Finding(Task.SEGMENT, f"rows have {_listing(lengths)} values")


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
    """The kind of rows that a text file begins with: ``normalised``, ``pixels``, ``dota``, or empty for none."""
    lines = head.replace(b",", b" ").removeprefix(b"\xef\xbb\xbf").splitlines()
    if len(head) >= 4096:
        lines.pop()
    kinds: Counter[str] = Counter()
    for line in lines:
        tokens = line.split()
        if tokens and not line.startswith((b"imagesource", b"gsd")):
            kinds[_kind(tokens)] += 1
    if not kinds:
        return ""
    kind, count = kinds.most_common(1)[0]
    return kind if 5 * count >= 4 * kinds.total() else ""


def _kind(tokens: list[bytes]) -> str:
    if 9 <= len(tokens) < 14 and all(map(is_number, tokens[:8])) and not is_number(tokens[8]):
        return "dota"
    if len(tokens) < 5 or not all(map(is_number, tokens)) or not float(tokens[0]).is_integer() or float(tokens[0]) < 0:
        return ""
    return "normalised" if all(-2 <= float(t) <= 2 for t in tokens[1:5]) else "pixels"
