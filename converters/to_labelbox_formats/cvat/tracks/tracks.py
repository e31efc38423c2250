"""Tracks: rows over time become visible segments of keyframes.

- Boxes, single points, and lines with a constant number of vertices are written by their keyframes, and by each row
  that is off the straight way between those kept: old exporters froze the rows before an outside keyframe.
- Everything else gets a keyframe at every row, as nothing but the row itself is right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np
from msgspec.structs import replace

from to_labelbox.model.items import Attribute, Box, Geometry, Keyframe, Point, Track
from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox_formats.cvat.nodes import Node, make_node, parse_node
from to_labelbox_formats.cvat.shapes import (
    DIGITS,
    FLAGS,
    GROUP,
    INSTANCE,
    Figure,
    Resolved,
    ShapeError,
    Teller,
    Vocabulary,
    geometry_of,
    group_of,
    node_of_figure,
)
from to_labelbox_formats.cvat.tracks.fast_columns import Columns, read_columns
from to_labelbox_formats.cvat.tracks.interpolation import between
from to_labelbox_formats.cvat.tracks.keyframe_thinning import needed, thinned
from to_labelbox_formats.cvat.tracks.rows import Row, RowReader, Rules, Stretch

SKELETON_TRACK = "a skeleton on a video is written as point tracks, one an element"
_NOWHERE = "the track is visible on no frame"


class TrackReader:
    """Tracks of one file, one after another."""

    def __init__(self, vocabulary: Vocabulary, log: Log, file: str, groups: bool, boxes_only: bool = False) -> None:
        """``boxes_only``: nothing but the boxes around outlines will be used."""
        self._vocabulary = vocabulary
        self._boxes_only = boxes_only
        self._teller = Teller(log, file)
        self._groups = groups
        self._rows = RowReader(vocabulary, self._teller)

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
        parts, rules = self._rows.parts(node, label, rules)
        skeleton = any(part for _, part, _ in parts)
        for name, part, rows in parts:
            held = (*common, Attribute(INSTANCE, id)) if part else common
            own = f"{id}/{part}" if part else id
            for track in self._tracks(name, rows, own, held, rules, size, where):
                yield replace(
                    track, units=int(first), counted=label if part else "", loss=track.loss or (skeleton and first)
                )
                first = False
        if first:
            teller.at(where, id)
            teller.skip(Code.TRACK_EMPTY, label, _NOWHERE)
        elif skeleton:
            teller.at(where, id)
            teller(Code.TRACK_CONVERTED, SKELETON_TRACK)

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
        if any(end is not None and frames[-1] > end for end in (task.last, task.length and task.length - 1)):
            return None
        if rules.relative:
            frames = (frames - task.start) // task.step
        corners, outside, codes = columns.corners, columns.outside, columns.codes
        visible = np.flatnonzero(~outside)
        if not visible.size:
            return None
        used = {knowns[code] for code in set(codes[visible].tolist())}
        shared = {known.static for known in used}
        answers = _Answers(used, constant=len(shared) == 1, occluded=bool(columns.occluded[visible].any()))
        if len(set(knowns)) < len(knowns):  # one answer in two orders
            places = {known: place for place, known in enumerate(knowns)}
            codes = np.array([places[known] for known in knowns])[codes]
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
        """The shape on every frame on which the track is visible, as a node of a picture.

        The shapes are counted where they are read; a track that shows none is counted, and skipped, here.
        """
        label = node.get("label")
        self._teller.at(f"track[{node.get('id') or id}]", id)
        shown = False
        for frame, shape in self._shapes(node, label, rules):
            shown = True
            yield frame, shape
        if not shown:
            self._teller.read(label or UNNAMED)
            self._teller.skip(Code.TRACK_EMPTY, label or UNNAMED, _NOWHERE)

    def _shapes(self, node: Node, label: str, rules: Rules) -> Iterator[tuple[int, Node]]:
        group = {"group_id": node.get("group_id")} if node.get("group_id") else {}
        skeletons: dict[int, list[Node]] = {}
        answers = node.answers or next((c.answers for c in node.children if c.tag == "skeleton"), [])
        parts, rules = self._rows.parts(node, label, rules)
        for name, part, rows in parts:
            own = name.removeprefix(f"{label}/") if part else label
            for stretch in self._rows.stretches(rows, rules):
                filled = stretch.rows if rules.dense else self._rows.filled(stretch, rules)
                for row in filled:
                    shape = node_of_row(row, own, {} if part else group)
                    if part:
                        skeletons.setdefault(row.frame, []).append(shape)
                    else:
                        yield row.frame, shape
        for frame, elements in sorted(skeletons.items()):
            yield frame, make_node("skeleton", {"label": label, **group}, answers, elements)

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
        stretches = self._rows.stretches(rows, rules)
        if not stretches:
            return
        self._teller.at(where, id)
        if rules.last is not None and stretches[-1].end > rules.last:
            self._teller(
                Code.FRAME_INVALID,
                f"it is visible on frame {stretches[-1].end}, the last one of the task is {rules.last}; that is kept",
            )
        visible = [row for stretch in stretches for row in stretch.rows]
        knowns = dict.fromkeys(row.known for row in visible)
        for problem in dict.fromkeys(p for known in knowns for p in known.problems):
            self._teller(*problem)
        shared = {known.static for known in knowns}
        answers = _Answers(knowns, constant=len(shared) == 1, occluded=any(row.occluded for row in visible))
        attributes = (*(shared.pop() if answers.constant else ()), *held)
        kinds = {row.figure.kind for row in visible}
        if kinds == {"points"} and any(len(row.figure.numbers) > 2 for row in visible):
            if not rules.dense:
                stretches = [Stretch(self._rows.filled(s, rules), s.end, s.next) for s in stretches]
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
                filled = stretch.rows if rules.dense else self._rows.filled(stretch, rules)
                if kinds == {"polyline"} and len({len(r.figure.numbers) for r in filled}) == 1:
                    segments.append(self._straight(Stretch(filled, stretch.end, None), answers, make, rules, thin=True))
                    continue
                # Masks stand on rows alone; everything else goes on to the next row.
                if self._boxes_only or None in size or kinds <= {"polyline", "rectangle"}:
                    filled = _through(filled, stretch.end)
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
        kept = thinned(rows) if rules.dense or thin else rows
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
                kept = _through(thinned(run), stretch.end if row is None else row.frame - 1)
                yield _keyframes(kept, answers, lambda r: Point(r.figure.numbers[0], r.figure.numbers[1]))
            run = []


class _Answers:
    """Attributes of keyframes: the mutable ones, or all where even the others change; occlusion where it occurs.

    One that the track answers elsewhere and that is empty on a keyframe is said to be empty, or the answer would go on.
    """

    def __init__(self, knowns: Collection[Resolved], *, constant: bool, occluded: bool) -> None:
        self.constant = constant
        self._occluded = occluded
        self._flags = next((known.flags for known in knowns if known.flags is not FLAGS), FLAGS)
        names = [{a.name: None for a in (known.mutable if constant else known.all)} for known in knowns]
        self._names = {name: None for own in names for name in own} if any(own != names[0] for own in names) else {}
        self._made: dict[tuple[Resolved, bool], tuple[Attribute, ...]] = {}

    def of(self, known: Resolved, occluded: bool) -> tuple[Attribute, ...]:
        made = self._made.get((known, occluded))
        if made is None:
            made = known.mutable if self.constant else known.all
            if self._names:
                said = {a.name for a in made}
                made = (*made, *(Attribute(name, "") for name in self._names if name not in said))
            if self._occluded:
                made = (*made, self._flags.yes if occluded else self._flags.no)
            self._made[known, occluded] = made
        return made


def _through(rows: list[Row], end: int) -> list[Row]:
    """The rows, and the last one again at the end of what it holds."""
    return [*rows, rows[-1]._replace(frame=end, key=False)] if end > rows[-1].frame else rows


def _keyframes(rows: Iterable[Row], answers: _Answers, make: Callable[[Row], Geometry | None]) -> tuple[Keyframe, ...]:
    made = ((row, make(row)) for row in rows)
    return tuple(
        Keyframe(row.frame, shape, answers.of(row.known, row.occluded)) for row, shape in made if shape is not None
    )


def node_of_row(row: Row, label: str, more: dict[str, str]) -> Node:
    """A row as a shape of a picture."""
    fields = {"label": label, "occluded": "1" if row.occluded else "0", **more}
    return node_of_figure(row.figure, fields, list(row.known.answers))
