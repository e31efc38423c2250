"""Tracks: rows over time become visible segments of keyframes.

- An export holds a row for every sampled frame on which the object is visible, and keyframes with ``outside="1"`` that
  hide it from there on. A file without any ``keyframe="0"`` row holds keyframes only: what lies between is computed.
- An object is visible from its first visible row to the frame before the next outside row. Without one, an export ends
  at the last row; a file of keyframes goes on to the last frame of the task, as CVAT does.
- Boxes, single points, and lines with a constant number of vertices are written by their keyframes, and by each row
  that is off the straight way between those kept: old exporters froze the rows before an outside keyframe.
- Everything else gets a keyframe at every row, as nothing but the row itself is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from to_labelbox.diagnostics import UNNAMED, Code, Log
from to_labelbox.model import Attribute, Box, Geometry, Keyframe, Point, Track
from to_labelbox_formats.cvat.columns import Columns, read_columns
from to_labelbox_formats.cvat.interpolation import between
from to_labelbox_formats.cvat.meta import TaskSpec, element_label, whole
from to_labelbox_formats.cvat.nodes import Answer, Node, make_node, parse_node
from to_labelbox_formats.cvat.shapes import (
    DIGITS,
    GROUP,
    INSTANCE,
    NOT_OCCLUDED,
    OCCLUDED,
    Figure,
    Resolved,
    ShapeError,
    Teller,
    Vocabulary,
    figure_of,
    geometry_of,
    group_of,
    is_on,
    node_of_figure,
    points_of,
)

TOLERANCE = 0.05
"""Pixels that a left-out row may be off the straight way; exports round to 0.01."""
MAX_FRAME = 10_000_000
MAX_FILLED = 200_000
"""Frames of one track that are computed from keyframes; more are not, as no player takes them."""
_ROUNDS = 24
_BOX = ("frame", "keyframe", "outside", "occluded", "xtl", "ytl", "xbr", "ybr")
_ON = frozenset({"1", "true", "True"})
_new: Callable[[type, tuple[object, ...]], Any] = tuple.__new__
"""Makes a named tuple without the detour over its own ``__new__``; there is one for every row."""


class Row(NamedTuple):
    """The object on one frame."""

    frame: int
    key: bool
    outside: bool
    occluded: bool
    figure: Figure
    known: Resolved


class Stretch(NamedTuple):
    """Rows of one visible stretch; it lasts through ``end``, heading to ``next`` if there is one."""

    rows: list[Row]
    end: int
    next: Row | None


class Rules(NamedTuple):
    """What a file says about all its tracks.

    ``dense``: rows stand for every visible frame. ``closes``: visible stretches end with outside rows.
    ``relative``: frames are numbered within the sampled clip rather than in the source video.
    """

    task: TaskSpec
    dense: bool
    closes: bool
    relative: bool = False

    @property
    def step(self) -> int:
        return 1 if self.relative else self.task.step

    @property
    def last(self) -> int | None:
        last = self.task.last
        return last if last is None or not self.relative else self.number(last)

    def number(self, frame: int) -> int:
        """The frame as it is written."""
        return (frame - self.task.start) // self.task.step if self.relative else frame


class TrackReader:
    """Tracks of one file, one after another."""

    def __init__(self, vocabulary: Vocabulary, log: Log, file: str, groups: bool) -> None:
        self._vocabulary = vocabulary
        self._teller = Teller(log, file)
        self._groups = groups
        self._joined: dict[tuple[Resolved, Resolved], Resolved] = {}

    # ------------------------------------------------------------------------------------------- whole tracks

    def read(self, node: Node, id: str, rules: Rules, size: tuple[int | None, int | None]) -> Iterator[Track]:
        """The tracks that one source track becomes; the first stands for it."""
        teller, label = self._teller, node.get("label")
        where = f"track[{node.get('id') or id}]"
        teller.at(where, id)
        if not label:
            teller.read(UNNAMED)
            teller.skip(Code.CLASS_UNNAMED, UNNAMED, "the track has no label")
            return
        teller.read(label)
        group = group_of(node.get("group_id"))
        if group and not self._groups:
            teller.dropped_group()
        common = (Attribute(GROUP, group),) if group and self._groups else ()
        first = True
        for name, part, rows in self._elements(node, label, rules):
            held = (*common, Attribute(INSTANCE, id)) if part else common
            own = f"{id}/{part}" if part else id
            for track in self._tracks(name, rows, own, held, rules, size, where):
                yield replace(track, units=int(first), counted=label if part else "")
                first = False
        if first:
            teller.at(where, id)
            teller.skip(Code.TRACK_EMPTY, label, "the track is visible on no frame")

    def read_text(self, data: bytes, id: str, rules: Rules, size: tuple[int | None, int | None]) -> Iterator[Track]:
        """As :meth:`read`, from the text of the track."""
        columns = read_columns(data) if rules.dense else None
        track = self._of_columns(columns, id, rules) if columns is not None else None
        if track is None:
            yield from self.read(parse_node(data), id, rules, size)
        else:
            yield track

    def _of_columns(self, columns: Columns, id: str, rules: Rules) -> Track | None:
        """A track of upright boxes; None when it needs the careful way."""
        head = parse_node(f"{columns.head.rstrip()}</track>".encode())
        label = head.get("label")
        knowns = [self._vocabulary.resolve(label, answers) for answers in columns.answers]
        if not label or "group_id" in head.layout.index or any(known.problems for known in knowns):
            return None
        frames, task = columns.frames - rules.task.offset, rules.task
        off_grid = bool(((frames - task.start) % task.step).any())
        if frames[0] < 0 or off_grid or (rules.relative and frames[0] < task.start):
            return None
        if rules.relative:
            frames = (frames - task.start) // task.step
        corners, outside, codes = columns.corners, columns.outside, columns.codes
        visible = np.flatnonzero(~outside)
        if not visible.size:
            return None
        used = {knowns[code] for code in set(codes[visible].tolist())}
        shared = {known.static for known in used}
        answers = _Answers(constant=len(shared) == 1, occluded=bool(columns.occluded[visible].any()))
        must = columns.key.copy()
        must[1:] |= (np.diff(codes) != 0) | (columns.occluded[1:] != columns.occluded[:-1])
        edges = np.flatnonzero(np.diff(np.concatenate(([True], outside, [True])).astype(np.int8)))
        segments = []
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist()):
            kept = np.flatnonzero(needed(frames[start:stop], corners[start:stop], must[start:stop])) + start
            taken = corners[kept]
            sides = np.round(taken[:, 2:] - taken[:, :2], DIGITS).tolist()
            given = [
                answers.of(knowns[code], occluded)
                for code, occluded in zip(codes[kept].tolist(), columns.occluded[kept].tolist())
            ]
            keyframes = [
                Keyframe(frame, Box(left, top, width, height), told)
                for frame, (left, top), (width, height), told in zip(
                    frames[kept].tolist(), taken[:, :2].tolist(), sides, given
                )
            ]
            last = stop - 1
            if stop < len(frames) and frames[stop] - 1 > frames[last]:
                share = (frames[stop] - 1 - frames[last]) / (frames[stop] - frames[last])
                left, top, right, bottom = (corners[last] + (corners[stop] - corners[last]) * share).tolist()
                shape = Box(left, top, round(right - left, DIGITS), round(bottom - top, DIGITS))
                told = answers.of(knowns[codes[last]], bool(columns.occluded[last]))
                keyframes.append(Keyframe(int(frames[stop]) - 1, shape, told))
            segments.append(tuple(keyframes))
        self._teller.read(label)
        return Track(
            id=id,
            label=label,
            segments=tuple(segments),
            attributes=shared.pop() if answers.constant else (),
            where=f"track[{head.get('id') or id}]",
        )

    def by_frame(self, node: Node, id: str, rules: Rules) -> Iterator[tuple[int, Node]]:
        """The shape on every frame on which the track is visible, as a node of a picture."""
        label = node.get("label")
        self._teller.at(f"track[{node.get('id') or id}]", id)
        group = {"group_id": node.get("group_id")} if node.get("group_id") else {}
        skeletons: dict[int, list[Node]] = {}
        answers = node.answers or next((c.answers for c in node.children if c.tag == "skeleton"), [])
        for name, part, rows in self._elements(node, label, rules):
            own = name.removeprefix(f"{label}/") if part else label
            for stretch in self._stretches(rows, rules):
                filled = stretch.rows if rules.dense else self._filled(stretch, rules)
                for row in filled:
                    shape = node_of_row(row, own, {} if part else group)
                    if part:
                        skeletons.setdefault(row.frame, []).append(shape)
                    else:
                        yield row.frame, shape
        for frame, elements in sorted(skeletons.items()):
            yield frame, make_node("skeleton", {"label": label, **group}, answers, elements)

    def _elements(self, node: Node, label: str, rules: Rules) -> Iterator[tuple[str, str, list[Row]]]:
        """(label, element or nothing, rows) of the track, or of each element of a skeleton."""
        nested = [c for c in node.children if c.tag == "track"]
        skeleton = any(c.tag == "skeleton" for c in node.children)
        if not nested and not skeleton:
            yield label, "", self._rows(node.children, label, rules)
            return
        if nested:
            for track in nested:
                name = track.get("label")
                if name:
                    full = element_label(label, name)
                    holder = make_node("skeleton", {}, node.answers)
                    yield full, name, self._element_rows([(holder, row) for row in track.children], label, full, rules)
            return
        elements: dict[str, list[tuple[Node, Node]]] = {}
        for row in node.children:
            for element in row.children or self._flat_elements(row, label):
                elements.setdefault(element.get("label"), []).append((row, element))
        for name, found in elements.items():
            if name:
                full = element_label(label, name)
                yield full, name, self._element_rows(found, label, full, rules)

    def _flat_elements(self, row: Node, label: str) -> list[Node]:
        """An old skeleton row lists its points without names, in the order of the declared elements."""
        spec = self._vocabulary.skeletons.get(label)
        names = [e.name for e in spec.elements] if spec else []
        try:
            numbers = points_of(row.get("points"))
        except ValueError:
            return []
        return [
            make_node("points", {"label": names[i] if i < len(names) else str(i + 1), "points": f"{x!r},{y!r}"})
            for i, (x, y) in enumerate(zip(numbers[::2], numbers[1::2]))
        ]

    # --------------------------------------------------------------------------------------------------- rows

    def _rows(self, nodes: Iterable[Node], label: str, rules: Rules) -> list[Row]:
        rows: list[Row] = []
        resolve = self._vocabulary.resolve
        plain = rules.task.step == 1 and not rules.task.offset and not rules.relative
        told: list[Answer] | None = None
        answered = resolve(label, ())
        for number, node in enumerate(nodes):
            layout, parts, answers, _ = node
            if plain and layout.tag == "box" and "rotation" not in layout.index:
                getter = layout.getter(_BOX)
                if getter is not None:
                    at, key_text, outside_text, occluded, xtl, ytl, xbr, ybr = getter(parts)
                    try:
                        frame, box = int(at), (float(xtl), float(ytl), float(xbr), float(ybr))
                    except ValueError:
                        frame, box = -1, (0.0, 0.0, 0.0, 0.0)
                    # The sum of anything with NaN or infinity fails the comparison.
                    if 0 <= frame <= MAX_FRAME and -1e15 < sum(box) < 1e15:
                        if answers != told:
                            told, answered = answers, resolve(label, tuple(answers))
                        figure = _new(Figure, ("rectangle", box, 0.0))
                        flags = key_text in _ON, outside_text in _ON, occluded in _ON
                        rows.append(_new(Row, (frame, *flags, figure, answered)))
                        continue
            row = self._row(node, number, label, rules)
            if row is not None:
                rows.append(row)
        return self._ordered(rows)

    def _row(self, node: Node, number: int, label: str, rules: Rules) -> Row | None:
        frame = self._frame(node, number, rules)
        if frame is None:
            return None
        try:
            figure = figure_of(node)
        except ShapeError as error:
            self._teller(error.code, f"frame {frame}: {error}; this row is left out")
            return None
        known = self._vocabulary.resolve(label, tuple(node.answers))
        key, outside = is_on(node.get("keyframe", "1")), is_on(node.get("outside", "0"))
        return Row(frame, key, outside, is_on(node.get("occluded", "0")), figure, known)

    def _element_rows(self, found: Iterable[tuple[Node, Node]], label: str, full: str, rules: Rules) -> list[Row]:
        """Rows of one element. Its own ``keyframe`` counts: the one of the skeleton says nothing about it."""
        rows: list[Row] = []
        for number, (skeleton, element) in enumerate(found):
            frame = self._frame(element if "frame" in element.layout.index else skeleton, number, rules)
            if frame is None:
                continue
            try:
                figure = figure_of(element)
                if figure.kind != "points" or len(figure.numbers) != 2:
                    raise ShapeError(Code.KEYPOINTS_INVALID, "the element is not one point")
            except ShapeError as error:
                self._teller(error.code, f"frame {frame}, {element.get('label')!r}: {error}; this row is left out")
                continue
            shared = self._vocabulary.resolve(label, tuple(skeleton.answers))
            own = self._vocabulary.resolve(full, tuple(element.answers))
            known = self._joined.get((shared, own))
            if known is None:
                pairs = [(a, False) for a in (*shared.static, *own.static)]
                pairs += [(a, True) for a in (*shared.mutable, *own.mutable)]
                known = self._joined[shared, own] = Resolved(pairs, (*shared.problems, *own.problems), own.answers)
            outside = is_on(element.get("outside", "0")) or is_on(skeleton.get("outside", "0"))
            key = is_on(element.get("keyframe", "1"))
            rows.append(Row(frame, key, outside, is_on(element.get("occluded", "0")), figure, known))
        return self._ordered(rows)

    def _frame(self, node: Node, number: int, rules: Rules) -> int | None:
        """The frame of a row, 0-based in its own video; None, with a note, where it has none."""
        frame = whole(node.get("frame"))
        task = rules.task
        if frame is None or frame > MAX_FRAME or frame < task.offset:
            self._teller(Code.FRAME_INVALID, f"row {number + 1} has frame {node.get('frame')!r}; it is left out")
            return None
        frame -= task.offset
        if task.step > 1 and (frame - task.start) % task.step:
            if rules.relative:
                self._teller(Code.FRAME_INVALID, f"frame {frame} is none of every {task.step}; it is left out")
                return None
            self._teller(Code.FRAME_INVALID, f"frame {frame} is none of every {task.step}; its number is kept")
        if rules.relative and frame < task.start:
            self._teller(Code.FRAME_INVALID, f"frame {frame} lies before the task's first; it is left out")
            return None
        return rules.number(frame)

    def _ordered(self, rows: list[Row]) -> list[Row]:
        """By frame, one row a frame: a keyframe beats others, then the last one counts."""
        if all(a.frame < b.frame for a, b in pairwise(rows)):
            return rows
        found: dict[int, Row] = {}
        for row in sorted(rows, key=lambda r: r.frame):
            before = found.get(row.frame)
            if before is not None and before != row:
                self._teller(Code.RECORD_DUPLICATE, f"frame {row.frame} is told twice, differently; one of them counts")
                if before.key and not row.key:
                    continue
            found[row.frame] = row
        return list(found.values())

    def _stretches(self, rows: list[Row], rules: Rules) -> list[Stretch]:
        out: list[Stretch] = []
        start = None
        for i, row in enumerate(rows):
            if row.outside:
                if start is not None:
                    out.append(Stretch(rows[start:i], row.frame - 1, row))
                start = None
            elif start is None:
                start = i
        if start is not None:
            out.append(Stretch(rows[start:], self._open_end(rows, rules), None))
        return out

    def _open_end(self, rows: list[Row], rules: Rules) -> int:
        """The last visible frame of a track that no row hides."""
        last = rows[-1].frame
        if rules.dense or (len(rows) == 1 and rules.closes):
            return last
        end = rules.last
        if end is None:
            self._teller(
                Code.FRAME_INVALID, "nothing says where the track ends; it is taken to end at its last keyframe"
            )
            return last
        return max(last, end)

    def _filled(self, stretch: Stretch, rules: Rules) -> list[Row]:
        """Rows of every sampled frame, computed from keyframes."""
        rows, end, following = stretch
        if (end - rows[0].frame) // rules.step > MAX_FILLED:
            self._teller(Code.LIMIT, f"the track spans more than {MAX_FILLED} frames; only its keyframes are written")
            return rows
        if rows[0].figure.kind == "mask":
            return rows
        out: list[Row] = []
        for a, b in zip(rows, [*rows[1:], following]):
            out.append(a)
            stop = b.frame if b is not None else end + 1
            for frame in range(a.frame + rules.step, stop, rules.step):
                share = (frame - a.frame) / (stop - a.frame) if b is not None else 0.0
                figure = between(a.figure, b.figure, share) if b is not None else a.figure
                out.append(Row(frame, False, False, a.occluded, figure, a.known))
        return out

    # ----------------------------------------------------------------------------------------------- keyframes

    def _tracks(
        self,
        label: str,
        rows: list[Row],
        id: str,
        held: tuple[Attribute, ...],
        rules: Rules,
        size: tuple[int | None, int | None],
        where: str,
    ) -> Iterator[Track]:
        stretches = self._stretches(rows, rules)
        if not stretches:
            return
        self._teller.at(where, id)
        visible = [row for stretch in stretches for row in stretch.rows]
        knowns = dict.fromkeys(row.known for row in visible)
        for problem in dict.fromkeys(p for known in knowns for p in known.problems):
            self._teller(*problem)
        shared = {known.static for known in knowns}
        answers = _Answers(constant=len(shared) == 1, occluded=any(row.occluded for row in visible))
        attributes = (*(shared.pop() if answers.constant else ()), *held)
        kinds = {row.figure.kind for row in visible}
        if kinds == {"points"} and any(len(row.figure.numbers) > 2 for row in visible):
            if not rules.dense:
                stretches = [Stretch(self._filled(s, rules), s.end, s.next) for s in stretches]
            instance = (*attributes, Attribute(INSTANCE, id))
            for n in range(max(len(row.figure.numbers) // 2 for row in visible)):
                segments = [k for s in stretches for k in self._of_point(s, n, answers)]
                if segments:
                    yield Track(
                        id=f"{id}/{n}",
                        label=label,
                        segments=tuple(segments),
                        attributes=instance,
                        where=f"{where} point {n + 1}",
                    )
            return
        make = self._maker(size)
        exact = kinds <= {"rectangle"} or kinds <= {"points"}
        exact = exact and not any(row.figure.rotation % 360 for row in visible)
        segments = []
        for stretch in stretches:
            if exact:
                segments.append(self._straight(stretch, answers, make, rules))
            else:
                filled = stretch.rows if rules.dense else self._filled(stretch, rules)
                if kinds == {"polyline"} and len({len(r.figure.numbers) for r in filled}) == 1:
                    segments.append(self._straight(Stretch(filled, stretch.end, None), answers, make, rules, thin=True))
                else:
                    segments.append(_keyframes(filled, answers, make))
        kept = tuple(s for s in segments if s)
        if kept:
            yield Track(id=id, label=label, segments=kept, attributes=attributes, where=where, loss=self._teller.lost)

    def _maker(self, size: tuple[int | None, int | None]) -> Callable[[Row], Geometry | None]:
        def make(row: Row) -> Geometry | None:
            figure = row.figure
            if figure.kind == "rectangle" and not figure.rotation:
                left, top, right, bottom = figure.numbers
                if right >= left and bottom >= top:
                    return Box(left, top, round(right - left, DIGITS), round(bottom - top, DIGITS))
            try:
                return geometry_of(figure, *size, self._teller)
            except ShapeError as error:
                self._teller(error.code, f"frame {row.frame}: {error}; this row is left out")
                return None

        return make

    def _straight(
        self,
        stretch: Stretch,
        answers: _Answers,
        make: Callable[[Row], Geometry | None],
        rules: Rules,
        thin: bool = False,
    ) -> tuple[Keyframe, ...]:
        """Keyframes between which everything goes linearly, through the end of the stretch."""
        rows, end, following = stretch
        kept = _thinned(rows) if rules.dense or thin else rows
        last = rows[-1]
        if end > last.frame:
            figure = last.figure
            if following is not None:
                figure = between(figure, following.figure, (end - last.frame) / (following.frame - last.frame))
            kept = [*kept, Row(end, False, False, last.occluded, figure, last.known)]
        return _keyframes(kept, answers, make)

    def _of_point(self, stretch: Stretch, n: int, answers: _Answers) -> Iterator[tuple[Keyframe, ...]]:
        """Segments of the n-th point of a group whose number of points may change."""
        run: list[Row] = []
        for row in [*stretch.rows, None]:
            if row is not None and len(row.figure.numbers) > 2 * n:
                numbers = row.figure.numbers[2 * n : 2 * n + 2]
                run.append(row._replace(figure=Figure("points", numbers)))
                continue
            if run:
                kept = _thinned(run)
                if row is None and stretch.end > run[-1].frame:
                    kept = [*kept, run[-1]._replace(frame=stretch.end)]
                yield _keyframes(kept, answers, lambda r: Point(r.figure.numbers[0], r.figure.numbers[1]))
            run = []


class _Answers:
    """Attributes of keyframes: the mutable ones, or all where even the others change; occlusion where it occurs."""

    def __init__(self, *, constant: bool, occluded: bool) -> None:
        self.constant = constant
        self._occluded = occluded
        self._made: dict[tuple[Resolved, bool], tuple[Attribute, ...]] = {}

    def of(self, known: Resolved, occluded: bool) -> tuple[Attribute, ...]:
        made = self._made.get((known, occluded))
        if made is None:
            made = known.mutable if self.constant else known.all
            if self._occluded:
                made = (*made, OCCLUDED if occluded else NOT_OCCLUDED)
            self._made[known, occluded] = made
        return made


def _keyframes(rows: Iterable[Row], answers: _Answers, make: Callable[[Row], Geometry | None]) -> tuple[Keyframe, ...]:
    made = ((row, make(row)) for row in rows)
    return tuple(
        Keyframe(row.frame, shape, answers.of(row.known, row.occluded)) for row, shape in made if shape is not None
    )


def node_of_row(row: Row, label: str, more: dict[str, str]) -> Node:
    """A row as a shape of a picture."""
    fields = {"label": label, "occluded": "1" if row.occluded else "0", **more}
    return node_of_figure(row.figure, fields, list(row.known.answers))


# ---------------------------------------------------------------------------------------------------- thinning


def _thinned(rows: Sequence[Row]) -> list[Row]:
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
