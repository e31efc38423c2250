"""Jobs of one task that overlap: a track that goes on from one into the next is told by both.

Frames are relative to the task. A track continues another when it has the same label and, on the first frame that it is
visible on, lies within a pixel of where the other one is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from to_labelbox.diagnostics import UNNAMED, Code, Log
from to_labelbox_formats.cvat.interpolation import between
from to_labelbox_formats.cvat.records import Names, figure_of_record, records
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
            first = _frame(_first_visible(track) or {})
            kept = [s for s in records(known.get("shapes")) if _frame(s) < first]
            joined.append({**known, "shapes": [*kept, *records(track.get("shapes"))]})
            label = names.label(track) or UNNAMED
            log.read(label)
            log.merge(Code.ANNOTATION_DUPLICATE, label, "a track that overlapping jobs tell in parts is one", file=file)
        before.record = {**before.record, "tracks": earlier}
        job.record = {**job.record, "tracks": joined}


def _frame(shape: Mapping[str, Any]) -> int:
    frame = shape.get("frame")
    return frame if isinstance(frame, int) and not isinstance(frame, bool) else -1


def _first_visible(track: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((s for s in records(track.get("shapes")) if not s.get("outside") and _frame(s) >= 0), None)


def _continues(track: Mapping[str, Any], known: Mapping[str, Any], start: int, end: int) -> bool:
    if any(track.get(key) != known.get(key) for key in ("label", "label_id")):
        return False
    first = _first_visible(track)
    if first is None or not start <= _frame(first) <= end or track.get("elements") or known.get("elements"):
        return False
    mine = figure_of_record(first, str(first.get("type")))
    theirs = _at(known, _frame(first))
    return (
        mine is not None
        and theirs is not None
        and mine.kind == theirs.kind != "mask"
        and len(mine.numbers) == len(theirs.numbers)
        and all(abs(a - b) <= _NEAR for a, b in zip(mine.numbers, theirs.numbers))
    )


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
