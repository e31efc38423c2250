"""Rows of a track: what its elements say frame by frame, and on which stretches of frames it is visible.

- An export holds a row for every sampled frame on which the object is visible, and keyframes with ``outside="1"`` that
  hide it from there on. A file without any ``keyframe="0"`` row holds keyframes only: what lies between is computed.
- An object is visible from its first visible row to the frame before the next outside row. Without one, an export ends
  at the last row; a file of keyframes goes on to the last frame of the task, as CVAT does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.cvat.meta import TaskSpec, element_label, whole
from to_labelbox_formats.cvat.nodes import Answer, Figure, Node, make_node
from to_labelbox_formats.cvat.options import Coordinates, OpenTracks
from to_labelbox_formats.cvat.shapes import FLAGS, Resolved, ShapeLog, Vocabulary, figure_in_pixels, points_of
from to_labelbox_formats.cvat.tracks.interpolation import between

MAX_FRAME = 10_000_000
MAX_FILLED = 200_000
"""Frames of one track that are computed from keyframes; more are not, as no player takes them."""
_BOX = ("frame", "keyframe", "outside", "occluded", "xtl", "ytl", "xbr", "ybr")
_FLAGS = {"0": False, "1": True, "false": False, "true": True, "False": False, "True": True}
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


class TrackPart(NamedTuple):
    """A track, or one ``element`` of a skeleton's; ``label`` is its full name."""

    label: str
    element: str
    stretches: list[Stretch]


class Rules(NamedTuple):
    """What a file says about all its tracks.

    ``dense``: rows stand for every visible frame. ``closes``: visible stretches end with outside rows.
    ``relative``: frames are numbered within the sampled clip rather than in the source video. ``open_tracks``: where a
    track of keyframes ends that no row hides. ``sampled_numbers``: the file counts sampled frames from 0. ``form``: what its coordinates say.
    ``first``: what it calls the first frame of the video.
    """

    task: TaskSpec
    dense: bool
    closes: bool
    relative: bool = False
    open_tracks: OpenTracks = OpenTracks.TASK
    sampled_numbers: bool = False
    form: Coordinates = Coordinates.PIXELS
    first: int = 0

    @property
    def restated(self) -> bool:
        """Whether coordinates are anything but pixels."""
        return self.form in (Coordinates.FRACTIONS, Coordinates.SIZES)

    @property
    def ends_at_gaps(self) -> bool:
        """Whether a track is visible on its rows alone, not on frames between them that have none."""
        return self.dense and self.open_tracks is OpenTracks.LAST_ROW

    @property
    def step(self) -> int:
        return 1 if self.relative else self.task.step

    @property
    def last(self) -> int | None:
        last = self.task.last
        return last if last is None or not self.relative else self.number(last)

    @property
    def length(self) -> int | None:
        """Frames of the video, or of the sampled clip; None where that is not known."""
        length = self.task.length
        return length if length is None or not self.relative else max(0, self.number(length - 1) + 1)

    def frame(self, told: int) -> int:
        """The frame of the source video that a number of the file means."""
        own = told - self.task.offset - self.first
        return self.task.start + own * self.task.step if self.sampled_numbers else own

    def number(self, frame: int) -> int:
        """The frame as it is written."""
        return (frame - self.task.start) // self.task.step if self.relative else frame

    def held(self, frame: int) -> int:
        """The last frame on which what a sampled frame shows is visible: the one before the next sampled frame."""
        return frame if self.last is not None and frame + self.step > self.last else frame + self.step - 1


class RowReader:
    """Rows of the tracks of one task."""

    def __init__(self, vocabulary: Vocabulary, log: ShapeLog, rules: Rules) -> None:
        self.rules = rules
        self._vocabulary = vocabulary
        self._log = log
        self._joined: dict[tuple[Resolved, Resolved], Resolved] = {}

    def parts(self, node: Node, label: str) -> list[TrackPart]:
        """The track, or each element of a skeleton, with where it is visible.

        An element with one row beside others that have more is not a shape on one frame.
        """
        found = list(self._elements(node, label))
        single = all(len(rows) <= 1 for _, _, rows in found)
        return [TrackPart(full, part, self._stretches(rows, single)) for full, part, rows in found]

    def _elements(self, node: Node, label: str) -> Iterator[tuple[str, str, list[Row]]]:
        nested = [c for c in node.children if c.tag == "track"]
        skeleton = any(c.tag == "skeleton" for c in node.children)
        if not nested and not skeleton:
            yield label, "", self._rows(node.children, label)
            return
        if nested:
            for track in nested:
                name = track.get("label").strip()
                if name:
                    full = element_label(label, name)
                    holder = make_node("skeleton", {}, node.answers)
                    yield full, name, self._element_rows([(holder, row) for row in track.children], label, full)
            return
        elements: dict[str, list[tuple[Node, Node]]] = {}
        for row in node.children:
            for element in row.children or self._flat_elements(row, label):
                elements.setdefault(element.get("label").strip(), []).append((row, element))
        for name, found in elements.items():
            if name:
                full = element_label(label, name)
                yield full, name, self._element_rows(found, label, full)

    def _flat_elements(self, row: Node, label: str) -> list[Node]:
        """An old skeleton row lists its points without names, in the order of the declared elements."""
        spec = self._vocabulary.skeletons.get(label)
        names = list(dict.fromkeys(e.name for e in spec.elements)) if spec else []
        try:
            numbers = points_of(row.get("points"))
        except ValueError:
            return []
        return [
            make_node("points", {"label": names[i] if i < len(names) else str(i + 1)}, figure=Figure("points", point))
            for i, point in enumerate(zip(numbers[::2], numbers[1::2]))
        ]

    # --------------------------------------------------------------------------------------------------- rows

    def _rows(self, nodes: Iterable[Node], label: str) -> list[Row]:
        rows: list[Row] = []
        resolve = self._vocabulary.resolve
        rules = self.rules
        plain = rules.task.step == 1 and not (
            rules.task.offset or rules.first or rules.relative or rules.sampled_numbers or rules.restated
        )
        told: list[Answer] | None = None
        answered = resolve(label, ())
        for number, node in enumerate(nodes):
            layout, parts, answers, _, made = node
            if plain and made is None and layout.tag == "box" and "rotation" not in layout.index:
                getter = layout.getter(_BOX)
                if getter is not None:
                    at, key_text, outside_text, occluded, xtl, ytl, xbr, ybr = getter(parts)
                    try:
                        frame, box = int(at), (float(xtl), float(ytl), float(xbr), float(ybr))
                        flags = _FLAGS[key_text], _FLAGS[outside_text], _FLAGS[occluded]
                    except (ValueError, KeyError):
                        frame, box, flags = -1, (0.0, 0.0, 0.0, 0.0), (False, False, False)
                    # The sum of anything with NaN or infinity fails the comparison.
                    if 0 <= frame <= MAX_FRAME and -1e15 < sum(box) < 1e15:
                        if answers != told:
                            told, answered = answers, resolve(label, tuple(answers))
                        figure = _new(Figure, ("rectangle", box, 0.0))
                        rows.append(_new(Row, (frame, *flags, figure, answered)))
                        continue
            self._add_row(rows, node, node, number, resolve(label, tuple(node.answers)))
        return self._ordered(rows)

    def _element_rows(self, found: Iterable[tuple[Node, Node]], label: str, full: str) -> list[Row]:
        """Rows of one element, each with the row of its skeleton."""
        rows: list[Row] = []
        for number, (skeleton, element) in enumerate(found):
            shared = self._vocabulary.resolve(label, tuple(skeleton.answers))
            own = self._vocabulary.resolve(full, tuple(element.answers))
            self._add_row(rows, element, skeleton, number, self._known(shared, own))
        return self._ordered(rows)

    def _known(self, shared: Resolved, own: Resolved) -> Resolved:
        """The answers of a skeleton and of its element together."""
        known = self._joined.get((shared, own))
        if known is None:
            pairs = [(a, False) for a in (*shared.static, *own.static)]
            pairs += [(a, True) for a in (*shared.mutable, *own.mutable)]
            flags = next((f for f in (shared.flags, own.flags) if f is not FLAGS), FLAGS)
            known = Resolved(pairs, (*shared.problems, *own.problems), own.answers, flags, shared.answers)
            self._joined[shared, own] = known
        return known

    def _add_row(self, rows: list[Row], node: Node, skeleton: Node, number: int, known: Resolved) -> None:
        """A row, or that of an element of a ``skeleton``: its own ``keyframe`` counts, which says nothing of its elements."""
        frame, rules = self._frame(node if "frame" in node.layout.index else skeleton, number), self.rules
        if frame is None:
            return
        outside = self._log.flag(node, "outside") or self._log.flag(skeleton, "outside")
        try:
            figure = figure_in_pixels(node, rules.form, rules.task.width, rules.task.height, self._log.note)
            if node is not skeleton and (figure.kind != "points" or len(figure.numbers) != 2):
                raise Refused(Code.KEYPOINTS_INVALID, f"{node.get('label')!r} is not one point")
            if not figure.numbers:
                raise Refused(Code.POINT_INVALID, f"<{node.tag}> has no points")
        except Refused as error:
            if not outside or not rows:
                self._log.note(error.code, f"frame {frame}: {error}; this row is left out")
                return
            # What hides the object hides it wherever it is.
            message = f"frame {frame}: {error}; the object stays where it was until it is hidden there"
            self._log.note(error.code, message)
            figure = rows[-1].figure
        key, occluded = self._log.flag(node, "keyframe", "1"), self._log.flag(node, "occluded")
        rows.append(Row(frame, key, outside, occluded, figure, known))

    def _frame(self, node: Node, number: int) -> int | None:
        """The frame of a row, 0-based in its own video; None, with a note, where it has none."""
        frame = whole(node.get("frame"))
        rules, task = self.rules, self.rules.task
        if frame is None or frame > MAX_FRAME or frame < task.offset + rules.first:
            self._log.note(Code.FRAME_INVALID, f"row {number + 1} has frame {node.get('frame')!r}; it is left out")
            return None
        frame = rules.frame(frame)
        if task.step > 1 and (frame - task.start) % task.step:
            if rules.relative:
                self._log.note(Code.FRAME_INVALID, f"frame {frame} is none of every {task.step}; it is left out")
                return None
            self._log.note(Code.FRAME_INVALID, f"frame {frame} is none of every {task.step}; its number is kept")
        if rules.relative and frame < task.start:
            self._log.note(Code.FRAME_INVALID, f"frame {frame} lies before the task's first; it is left out")
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
                keyframe = before.key and not row.key
                counts = "the keyframe" if before.key != row.key else "the later one"
                self._log.note(Code.RECORD_DUPLICATE, f"frame {row.frame} is told twice, differently: {counts} counts")
                if keyframe:
                    continue
            found[row.frame] = row
        return list(found.values())

    def _stretches(self, rows: list[Row], single: bool) -> list[Stretch]:
        out: list[Stretch] = []
        start, gaps = None, self.rules.ends_at_gaps
        for i, row in enumerate(rows):
            if start is not None and (row.outside or gaps):
                before = rows[i - 1]
                gap = gaps and not (before.key and row.key) and row.frame - before.frame > self.rules.step
                if gap or row.outside:
                    end = self.rules.held(before.frame) if gap else row.frame - 1
                    following = row if row.outside and not gap and self._is_somewhere(row, before) else None
                    out.append(Stretch(rows[start:i], end, following))
                    start = None
            if start is None and not row.outside:
                start = i
        if start is not None:
            out.append(Stretch(rows[start:], self._open_end(rows, single), None))
        length = self.rules.length
        return out if length is None else self._within(out, length)

    def _is_somewhere(self, row: Row, before: Row) -> bool:
        """Whether a row that hides an object says where: CVAT's own do, and nothing that is drawn there has no sides."""
        figure = row.figure
        if figure.kind != "rectangle" or any(figure.numbers[i] != figure.numbers[i + 2] for i in (0, 1)):
            return True
        if row.frame - before.frame > self.rules.step:
            message = (
                "the row that hides it is a box without sides, so it says no place: it stays where it was until then"
            )
            self._log.note(Code.TRACK_CONVERTED, message)
        return False

    def _within(self, stretches: list[Stretch], length: int) -> list[Stretch]:
        """What lies on frames that the video does not have is cut off."""
        if not stretches or stretches[-1].end < length:
            return stretches
        self._log.note(
            Code.FRAME_INVALID,
            f"it is visible until frame {stretches[-1].end}, the video has the frames 0 to {length - 1}: cut there",
        )
        found = []
        for rows, end, following in stretches:
            kept = [row for row in rows if row.frame < length]
            if kept:
                beyond = rows[len(kept)] if len(kept) < len(rows) else following
                found.append(Stretch(kept, min(end, length - 1), beyond))
        return found

    def _open_end(self, rows: list[Row], single: bool) -> int:
        """The last visible frame of a track that no row hides; ``single``: it is no more than one row.

        CVAT writes no row behind a shape on the last sampled frame but one.
        """
        last, rules = rows[-1].frame, self.rules
        if rules.dense or rules.open_tracks is OpenTracks.LAST_ROW or (single and rules.closes):
            return rules.held(last)
        end = rules.last
        if end is None:
            self._log.note(
                Code.FRAME_INVALID, "nothing says where the track ends; it is taken to end at its last keyframe"
            )
            return last
        return max(last, end)

    def filled(self, stretch: Stretch) -> list[Row]:
        """Rows of every sampled frame: those of the file, or computed from keyframes."""
        rows, end, following = stretch
        rules = self.rules
        if rules.dense:
            return rows
        if (end - rows[0].frame) // rules.step > MAX_FILLED:
            self._log.note(Code.LIMIT, f"the track spans more than {MAX_FILLED} frames; only its keyframes are written")
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
