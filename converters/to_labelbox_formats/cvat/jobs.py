"""Jobs of one task that overlap: shapes of shared frames, and a track that goes on into the next job, are told by both.

Frames are relative to the task. A track continues another when it has the same label and, on the first frame that it is
visible on, lies within a pixel of where the other one is. A skeleton does when the same elements are visible on that
frame, each within a pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from to_labelbox.diagnostics import UNNAMED, Code, Log
from to_labelbox_formats.cvat.interpolation import between
from to_labelbox_formats.cvat.records import Names, figure_of_record, is_number, records
from to_labelbox_formats.cvat.shapes import Figure

_NEAR = 1.0
"""Pixels."""


@dataclass(slots=True)
class Job:
    """One record of annotations, over the frames ``start`` to ``end``; ``stop`` is the end where other jobs follow."""

    record: Mapping[str, Any]
    start: int | None = None
    end: int | None = None
    stop: int | None = None


class Earlier:
    """Shapes and tags that earlier jobs have told, by frame; each is found once by the job that comes now."""

    def __init__(self, content: Mapping[int, list[Any]]) -> None:
        self._content = content
        self._left: dict[int, list[Any]] = {}

    def has(self, record: Mapping[str, Any], frame: int) -> bool:
        left = self._left.get(frame)
        if left is None:  # what this job itself adds to the frame comes after the copy
            left = self._left[frame] = list(self._content.get(frame, ()))
        place = next((i for i, other in enumerate(left) if _same(record, other)), None)
        if place is None:
            return False
        del left[place]
        return True


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Tags of one label; shapes of one label and type, each number within one; skeletons of which all elements are."""
    if any(a.get(key) != b.get(key) for key in ("label", "label_id", "type")):
        return False
    if "type" not in a and "points" not in a:
        return True
    mine, theirs = ([s.get("rotation") or 0, *_list(s.get("points"))] for s in (a, b))
    elements = records(a.get("elements")), records(b.get("elements"))
    return (
        bool(len(mine) > 1 or elements[0])
        and len(mine) == len(theirs)
        and all(is_number(v) for v in (*mine, *theirs))
        and all(abs(p - q) <= _NEAR for p, q in zip(mine, theirs))
        and len(elements[0]) == len(elements[1])
        and all(map(_same, *elements))
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def join_tracks(jobs: list[Job], names: Names, log: Log, file: str) -> None:
    """Put tracks together that continue from one job into the next; the later job keeps them."""
    for before, job in pairwise(jobs):
        if before.end is None or job.start is None or job.start > before.end:
            continue
        earlier, joined = records(before.record.get("tracks")), []
        for track in records(job.record.get("tracks")):
            known = next((t for t in earlier if _continues(track, t, job.start, before.end)), None)
            if known is None:
                joined.append(track)
                continue
            earlier.remove(known)
            joined.append(_joined(known, track))
            label = names.label(track) or UNNAMED
            log.read(label)
            log.merge(Code.ANNOTATION_DUPLICATE, label, "a track that overlapping jobs tell in parts is one", file=file)
        before.record = {**before.record, "tracks": earlier}
        job.record = {**job.record, "tracks": joined}


def _frame(shape: Mapping[str, Any]) -> int:
    frame = shape.get("frame")
    return frame if isinstance(frame, int) and not isinstance(frame, bool) else -1


def _first_visible(track: Mapping[str, Any]) -> int:
    """The first frame on which the object, or any element of it, is visible; -1 for none."""
    parts: list[Mapping[str, Any]] = [*records(track.get("elements"))] or [track]
    shapes = (s for part in parts for s in records(part.get("shapes")) if not s.get("outside"))
    return min((_frame(s) for s in shapes if _frame(s) >= 0), default=-1)


def is_shown(track: Mapping[str, Any], deleted: frozenset[int], size: int | None) -> bool:
    """Whether a track is visible on a frame that is not deleted, or on none at all."""
    seen = False
    parts: list[Mapping[str, Any]] = [*records(track.get("elements"))] or [track]
    for part in parts:
        shapes = sorted((s for s in records(part.get("shapes")) if _frame(s) >= 0), key=_frame)
        ends = [*(_frame(s) for s in shapes[1:]), size if size is not None else max(deleted, default=0) + 2]
        for shape, end in zip(shapes, ends):
            if not shape.get("outside"):
                seen = True
                if not deleted.issuperset(range(_frame(shape), max(end, _frame(shape) + 1))):
                    return True
    return not seen


def _same_label(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return all(a.get(key) == b.get(key) for key in ("label", "label_id"))


def _continues(track: Mapping[str, Any], known: Mapping[str, Any], start: int, end: int) -> bool:
    first = _first_visible(track)
    if not _same_label(track, known) or not start <= first <= end:
        return False
    mine, theirs = records(track.get("elements")), records(known.get("elements"))
    if not mine and not theirs:
        return _near(_at(track, first), _at(known, first))
    places = [[(e, _at(e, first)) for e in elements] for elements in (mine, theirs)]
    ours, others = ([(e, figure) for e, figure in found if figure is not None] for found in places)
    return len(ours) == len(others) and all(
        any(_same_label(element, other) and _near(figure, place) for other, place in others) for element, figure in ours
    )


def _near(mine: Figure | None, theirs: Figure | None) -> bool:
    return (
        mine is not None
        and theirs is not None
        and mine.kind == theirs.kind != "mask"
        and len(mine.numbers) == len(theirs.numbers)
        and all(abs(a - b) <= _NEAR for a, b in zip(mine.numbers, theirs.numbers))
    )


def _joined(known: Mapping[str, Any], track: Mapping[str, Any]) -> dict[str, Any]:
    """One track: what the earlier job says up to the first frame of the later one, which counts from there on."""
    first = _first_visible(track)
    parts = []
    rest = records(known.get("elements"))
    for element in records(track.get("elements")):
        before = next((e for e in rest if _same_label(element, e)), None)
        if before is not None:
            rest.remove(before)
        parts.append({**element, "shapes": [*_until(before or {}, first - 1), *records(element.get("shapes"))]})
    parts += [{**element, "shapes": _until(element, first)} for element in rest]
    return {**known, "shapes": [*_until(known, first - 1), *records(track.get("shapes"))], "elements": parts}


def _until(track: Mapping[str, Any], last: int) -> list[dict[str, Any]]:
    return [s for s in records(track.get("shapes")) if _frame(s) <= last]


def _at(track: Mapping[str, Any], frame: int) -> Figure | None:
    """Where the object of a track is on a frame; None where it is not visible."""
    shapes = sorted((s for s in records(track.get("shapes")) if _frame(s) >= 0), key=_frame)
    past = [s for s in shapes if _frame(s) <= frame]
    if not past or past[-1].get("outside"):
        return None
    figure = figure_of_record(past[-1], str(past[-1].get("type")))
    if figure is None or len(past) == len(shapes):
        return figure
    following = figure_of_record(shapes[len(past)], str(shapes[len(past)].get("type")))
    if following is None:
        return figure
    a, b = _frame(past[-1]), _frame(shapes[len(past)])
    return between(figure, following, (frame - a) / (b - a))
