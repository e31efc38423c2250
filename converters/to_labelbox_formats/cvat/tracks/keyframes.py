"""From the visible stretches of a track to segments of keyframes.

- Boxes, single points, and lines with a constant number of vertices are written by their keyframes, and by each row
  that is off the straight way between those kept: old exporters froze the rows before an outside keyframe.
- Everything else gets a keyframe at every row, as nothing but the row itself is right. Where it becomes a mask, nothing is
  drawn between; where it becomes a box, the last row goes on to the end of its stretch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from to_labelbox.model.items import Attribute, Box, Geometry, Keyframe, Point, Track
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.cvat.nodes import Figure
from to_labelbox_formats.cvat.shapes import DIGITS, FLAGS, INSTANCE, Resolved, ShapeLog, geometry_of
from to_labelbox_formats.cvat.tracks.interpolation import between
from to_labelbox_formats.cvat.tracks.rows import Row, RowReader, Stretch, TrackPart

Segment = tuple[Keyframe, ...]


class Answers:
    """Attributes of keyframes: the mutable ones, or all where even the others change; occlusion where it occurs.

    ``shared`` are those of the whole track. One that the track answers elsewhere and that is empty on a keyframe is said to be
    empty, or the answer would go on.
    """

    def __init__(self, knowns: Collection[Resolved], occluded: bool) -> None:
        static = {known.static for known in knowns}
        self._constant = len(static) == 1
        self.shared = static.pop() if self._constant else ()
        self._occluded = occluded
        self._flags = next((known.flags for known in knowns if known.flags is not FLAGS), FLAGS)
        names = [{a.name: None for a in (known.mutable if self._constant else known.all)} for known in knowns]
        self._names = {name: None for own in names for name in own} if any(own != names[0] for own in names) else {}
        self._made: dict[tuple[Resolved, bool], tuple[Attribute, ...]] = {}

    def of(self, known: Resolved, occluded: bool) -> tuple[Attribute, ...]:
        made = self._made.get((known, occluded))
        if made is None:
            made = known.mutable if self._constant else known.all
            if self._names:
                said = {a.name for a in made}
                made = (*made, *(Attribute(name, "") for name in self._names if name not in said))
            if self._occluded:
                made = (*made, self._flags.yes if occluded else self._flags.no)
            self._made[known, occluded] = made
        return made


class KeyframeWriter:
    """The tracks that one track of CVAT's, or one element of a skeleton's, becomes.

    ``size`` is that of the frames; ``boxes_only``: nothing but the boxes around outlines will be used.
    """

    def __init__(self, rows: RowReader, log: ShapeLog, size: tuple[int | None, int | None], boxes_only: bool) -> None:
        self._rows = rows
        self._log = log
        self._size = size
        self._as_boxes = boxes_only or None in size

    def tracks(self, part: TrackPart, id: str, where: str, held: tuple[Attribute, ...]) -> Iterator[Track]:
        """``held`` are attributes of the whole track beside its answers."""
        if not part.stretches:
            return
        self._log.at(where, id)
        self._check_end(part.stretches[-1].end)
        rows = [row for stretch in part.stretches for row in stretch.rows]
        knowns = dict.fromkeys(row.known for row in rows)
        self._log.problems(dict.fromkeys(p for known in knowns for p in known.problems))
        self._answers = Answers(knowns, occluded=any(row.occluded for row in rows))
        attributes = (*self._answers.shared, *held)
        if any(len(row.figure.numbers) > 2 for row in rows) and {row.figure.kind for row in rows} == {"points"}:
            yield from self._group(part, id, where, (*attributes, Attribute(INSTANCE, id)))
            return
        segments = tuple(s for s in self._segments(part.stretches, rows) if s)
        if segments:
            yield Track(
                id=id, label=part.label, segments=segments, attributes=attributes, location=where, loss=self._log.lost
            )

    def _check_end(self, end: int) -> None:
        last = self._rows.rules.last
        if last is not None and end > last:
            message = f"it is visible on frame {end}, the last one of the task is {last}; that is kept"
            self._log.note(Code.FRAME_INVALID, message)

    def _group(self, part: TrackPart, id: str, where: str, held: tuple[Attribute, ...]) -> Iterator[Track]:
        """Several points that are one object: a track for each."""
        stretches = [s._replace(rows=self._rows.filled(s)) for s in part.stretches]
        most = max(len(row.figure.numbers) // 2 for stretch in stretches for row in stretch.rows)
        for n in range(most):
            segments = tuple(segment for stretch in stretches for segment in self._of_point(stretch, n))
            if segments:
                named = f"{where} point {n + 1}"
                yield Track(id=f"{id}/{n}", label=part.label, segments=segments, attributes=held, location=named)

    def _of_point(self, stretch: Stretch, n: int) -> Iterator[Segment]:
        """Segments of the n-th point of a group whose number of points may change."""
        run: list[Row] = []
        for row in [*stretch.rows, None]:
            if row is not None and len(row.figure.numbers) > 2 * n:
                numbers = row.figure.numbers[2 * n : 2 * n + 2]
                run.append(row._replace(figure=Figure("points", numbers)))
                continue
            if run:
                end = stretch.end if row is None else row.frame - 1
                yield self._keyframes(_through(thinned(run), end))
            run = []

    def _segments(self, stretches: Sequence[Stretch], rows: Sequence[Row]) -> Iterator[Segment]:
        kinds = {row.figure.kind for row in rows}
        heading = [s.next for s in stretches if s.next is not None and not self._rows.rules.dense]
        turned = any(row.figure.rotation % 360 for row in (*rows, *heading))
        straight = kinds in ({"rectangle"}, {"points"}) and not turned
        for stretch in stretches:
            if straight:
                yield self._straight(stretch, thin=self._rows.rules.dense)
                continue
            filled = self._rows.filled(stretch)
            if kinds == {"polyline"} and len({len(row.figure.numbers) for row in filled}) == 1:
                yield self._straight(Stretch(filled, stretch.end, None), thin=True)
            elif self._as_boxes or kinds <= {"polyline", "rectangle"}:
                yield self._keyframes(_through(filled, stretch.end))
            else:
                yield self._keyframes(filled)

    def _straight(self, stretch: Stretch, thin: bool) -> Segment:
        """Keyframes between which everything goes linearly, through the end of the stretch."""
        rows, end, following = stretch
        kept = thinned(rows) if thin else rows
        last = rows[-1]
        if end > last.frame and following is not None:
            share = (end - last.frame) / (following.frame - last.frame)
            figure = between(last.figure, following.figure, share)
            return self._keyframes([*kept, last._replace(frame=end, key=False, figure=figure)])
        return self._keyframes(_through(kept, end))

    def _keyframes(self, rows: Iterable[Row]) -> Segment:
        made = ((row, self._shape(row)) for row in rows)
        answers = self._answers
        return tuple(
            Keyframe(row.frame, shape, answers.of(row.known, row.occluded)) for row, shape in made if shape is not None
        )

    def _shape(self, row: Row) -> Geometry | None:
        kind, numbers, rotation = row.figure
        if kind == "rectangle" and not rotation:
            left, top, right, bottom = numbers
            if right >= left and bottom >= top:
                return Box(left, top, round(right - left, DIGITS), round(bottom - top, DIGITS))
        if kind == "points" and len(numbers) == 2:
            return Point(numbers[0], numbers[1])
        try:
            return geometry_of(row.figure, *self._size, self._log.note)
        except Refused as error:
            self._log.note(error.code, f"frame {row.frame}: {error}; this row is left out")
            return None


def _through(rows: list[Row], end: int) -> list[Row]:
    """The rows, and the last one again at the end of what it holds."""
    return [*rows, rows[-1]._replace(frame=end, key=False)] if end > rows[-1].frame else rows


# ---------------------------------------------------------------------------------------------- rows that are needed

TOLERANCE = 0.05
"""Pixels that a left-out row may be off the straight way; exports round to 0.01."""
_ROUNDS = 24


def thinned(rows: Sequence[Row]) -> list[Row]:
    """Rows that are needed so that straight lines between them pass all others within :data:`TOLERANCE`."""
    if len(rows) < 3:
        return list(rows)
    must = [row.key for row in rows]
    for i, (a, b) in enumerate(pairwise(rows), 1):
        if a.known is not b.known or a.occluded != b.occluded:
            must[i] = True
    if all(must[1:-1]):
        return list(rows)
    frames = np.array([row.frame for row in rows], np.float64)
    values = np.array([row.figure.numbers for row in rows], np.float64)
    kept = needed(frames, values, np.array(must))
    return [rows[i] for i in np.flatnonzero(kept).tolist()]


def needed(
    frames: npt.NDArray[np.float64] | npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    must: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Which rows to keep: those that must be, first and last, and in each gap the row that is farthest off, again and
    again until none is off by more than the tolerance."""
    kept = must.copy()
    kept[0] = kept[-1] = True
    if kept.all():
        return kept
    for _ in range(_ROUNDS):
        ends = np.flatnonzero(kept)
        gap = np.minimum(np.cumsum(kept) - 1, len(ends) - 2)
        low, high = ends[gap], ends[gap + 1]
        share = ((frames - frames[low]) / (frames[high] - frames[low]))[:, None]
        off = np.abs(values[low] + (values[high] - values[low]) * share - values).max(axis=1)
        if off.max() <= TOLERANCE:
            return kept
        worst = np.maximum.reduceat(off, ends[:-1])[gap]
        kept |= (off > TOLERANCE) & (off >= worst)
    bad = np.zeros(len(frames), np.bool_)
    bad[gap[off > TOLERANCE]] = True
    kept |= bad[gap]
    return kept
