"""Track records as CVAT plays them, made into the nodes that the XML would have.

- A keyframe on a deleted frame does not count; a skeleton that has no others is nowhere.
- What a keyframe does not answer is as it was on the one before.
- An element of a skeleton is where its own keyframes put it, and nowhere as long as the skeleton itself is outside; answers of
  the skeleton hold for all its elements.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from to_labelbox_formats.cvat.json.records import Names, figure_of_record, frame_of, records, shape_node, text_of
from to_labelbox_formats.cvat.meta import whole
from to_labelbox_formats.cvat.nodes import Answer, Figure, Node, make_node
from to_labelbox_formats.cvat.tracks.interpolation import between

Track = Mapping[str, Any]


def played(track: Track, deleted: Collection[int]) -> Track:
    """The record with the keyframes that count, in order, each with all its answers."""
    shapes: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}
    told = sorted(records(track.get("shapes")), key=frame_of)
    for shape in told:
        if deleted and frame_of(shape) in deleted:
            continue
        own = {f"{a.get('spec_id')} {a.get('name')}": a for a in records(shape.get("attributes"))}
        answers |= own
        shapes.append({**shape, "attributes": list(answers.values())} if len(own) < len(answers) else shape)
    elements = records(track.get("elements")) if shapes or not told else []
    return {**track, "shapes": shapes, "elements": [played(e, deleted) for e in elements]}


class Course:
    """Where the object of a track record is, frame by frame."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = record
        self._shapes = sorted((s for s in records(record.get("shapes")) if frame_of(s) >= 0), key=frame_of)
        self._frames = [frame_of(s) for s in self._shapes]
        self.elements = [Course(e) for e in records(record.get("elements"))]

    def at(self, frame: int) -> Figure | None:
        """The figure on a frame; None where the object is not visible."""
        past = bisect_right(self._frames, frame)
        if not past or self._shapes[past - 1].get("outside"):
            return None
        figure = figure_of_record(self._shapes[past - 1], str(self._shapes[past - 1].get("type")))
        if figure is None or past == len(self._shapes):
            return figure
        following = figure_of_record(self._shapes[past], str(self._shapes[past].get("type")))
        if following is None:
            return figure
        before, after = self._frames[past - 1], self._frames[past]
        return between(figure, following, (frame - before) / (after - before))

    def through(self, frames: Iterable[int]) -> Iterator[Track]:
        """Keyframes that change nothing, on those of the frames that have none and on which the object is visible."""
        for frame in frames:
            past = bisect_right(self._frames, frame)
            figure = None if not past or self._frames[past - 1] == frame else self.at(frame)
            if figure is not None:
                yield {**self._shapes[past - 1], "frame": frame, "points": figure.numbers}

    def places(self, frame: int) -> list[tuple[str, Figure]] | None:
        """The object, or each visible element by its name, on a frame; None where it cannot be compared."""
        if not self.elements:
            figure = self.at(frame)
            return [("", figure)] if figure is not None and figure.kind != "mask" else None
        found = ((label_key(e.record), e.at(frame)) for e in self.elements)
        return sorted(((name, f) for name, f in found if f is not None), key=lambda p: (p[0], list(p[1].numbers)))


def visible(track: Track, last: int) -> Iterator[tuple[int, int]]:
    """The stretches from one keyframe to the next on which an object, or an element of it, is visible."""
    parts: list[Track] = [*records(track.get("elements"))] or [track]
    for part in parts:
        shapes = sorted((s for s in records(part.get("shapes")) if frame_of(s) >= 0), key=frame_of)
        for shape, end in zip(shapes, [*map(frame_of, shapes[1:]), last]):
            if not shape.get("outside"):
                yield frame_of(shape), max(end, frame_of(shape) + 1)


def label_key(record: Mapping[str, Any]) -> str:
    return repr((record.get("label"), record.get("label_id")))


def track_node(track: Track, names: Names, absolute: Callable[[int], int], stop: int | None) -> Node:
    """A played track with its keyframes; ``stop``: the last relative frame of its job, where the task goes on after it."""
    fields = {"label": names.label(track), "id": text_of(track.get("id"))}
    group = whole(track.get("group"))
    if group:
        fields["group_id"] = str(group)
    shapes, constant = track["shapes"], names.answers(track)
    if track["elements"] or any(s.get("type") == "skeleton" for s in shapes):
        rows = list(_skeletons(track, names, constant, absolute, stop))
        return make_node("track", fields, constant, rows or [make_node("skeleton", {"frame": "0"})])
    rows = [
        _row(shape, fields["label"], names, constant, {"frame": _told(shape, absolute)}, bool(shape.get("outside")))
        for shape in _ended(shapes, stop)
    ]
    return make_node("track", fields, [], rows)


def _ended(shapes: Sequence[Track], stop: int | None) -> Sequence[Track]:
    """The keyframes, and one that hides the object behind its job."""
    if stop is None or not shapes or shapes[-1].get("outside"):
        return shapes
    return [*shapes, {**shapes[-1], "frame": stop + 1, "outside": True}]


def _skeletons(
    track: Track, names: Names, constant: list[Answer], absolute: Callable[[int], int], stop: int | None
) -> Iterator[Node]:
    """A row for each frame on which an element has a keyframe, or on which all of them change with the skeleton."""
    own = track["shapes"]
    changes = [*own[:1], *(s for before, s in pairwise(own) if _state(before) != _state(s))]
    told: dict[int, list[tuple[str, list[Answer], Track]]] = {}
    for number, element in enumerate(track["elements"]):
        course, name, answers = Course(element), names.label(element, str(number + 1)), names.answers(element)
        shapes = [*_ended(element["shapes"], stop), *course.through(frame_of(change) for change in changes)]
        for shape in shapes:
            told.setdefault(frame_of(shape), []).append((name, answers, shape))
    for frame, parts in sorted(told.items(), key=lambda pair: pair[0]):
        state = own[max(0, bisect_right(own, frame, key=frame_of) - 1)] if own else {}
        hidden = bool(state.get("outside")) or frame < frame_of(state)
        rows = [_row(s, name, names, answers, {}, hidden or bool(s.get("outside"))) for name, answers, s in parts]
        fields = {"frame": _told(parts[0][2], absolute)}
        yield make_node("skeleton", fields, [*constant, *names.answers(state)], rows)


def _state(shape: Track) -> tuple[bool, list[Any]]:
    """What a keyframe of a skeleton says for all its elements."""
    return bool(shape.get("outside")), records(shape.get("attributes"))


def _told(shape: Track, absolute: Callable[[int], int]) -> str:
    frame = whole(shape.get("frame"))
    return "" if frame is None else str(absolute(frame))


def _row(
    shape: Track, label: str, names: Names, constant: list[Answer], more: Mapping[str, str], outside: bool
) -> Node:
    fields = {**more, "keyframe": "1", "outside": "1" if outside else "0"}
    node = shape_node({**shape, "group": 0}, label, names, fields)
    node.answers[:0] = constant
    return node
