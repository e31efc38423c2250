"""The jobs of one task: which of them hold labels, and what overlapping ones tell in common.

- Types: ``annotation``; any other (``ground_truth``, ``replica``, formerly ``consensus_replica``) checks the work of those.
  In a task with honeypots (``validation_layout.mode`` ``gt_pool``) the ground-truth job labels the pictures of the pool,
  and the frames on which annotators were tested with these pictures are no labels.
- Jobs that overlap both tell the shapes of shared frames, and a track that goes on into the next job.

Frames are relative to the task. A track continues another when it has the same label and, on the first frame that it is
visible on, lies within a pixel of where the other one is. A skeleton does when the same elements are visible on that
frame, each within a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Generic, TypeVar

from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox_formats.cvat.json.records import Names, entries, frame_of, is_number, records
from to_labelbox_formats.cvat.json.tracks import Course, Track, label_key, visible
from to_labelbox_formats.cvat.nodes import Figure

NEAR = 1.0
"""Pixels."""
ANNOTATION, GROUND_TRUTH = "annotation", "ground_truth"
T = TypeVar("T")


@dataclass(slots=True)
class Job:
    """One record of annotations, over the frames ``start`` to ``end``; ``stop`` is the end where other jobs follow."""

    record: Mapping[str, Any]
    start: int | None = None
    end: int | None = None
    stop: int | None = None


def job_type(job: Mapping[str, Any]) -> str:
    """What a job is for. Old backups do not say; all their jobs are for annotation."""
    kind = job.get("type")
    return kind if isinstance(kind, str) and kind else ANNOTATION


# -------------------------------------------------------------------------------------------- shapes of shared frames


class _Near(Generic[T]):
    """Values by a key and some numbers, found again by numbers that are each within :data:`NEAR`.

    Numbers are put into cells of that width; whoever asks looks into the cells around.
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[Any, ...], list[T]] = {}

    def add(self, key: Any, numbers: Sequence[float], value: T) -> None:
        self._cells.setdefault((key, *map(math.floor, numbers)), []).append(value)

    def around(self, key: Any, numbers: Sequence[float]) -> Iterator[list[T]]:
        """The lists of values that may be near; the caller may take values out of them."""
        low = [math.floor(n) for n in numbers]
        for shift in product((0, -1, 1), repeat=len(low)):
            found = self._cells.get((key, *(n + s for n, s in zip(low, shift))))
            if found:
                yield found


def _corner(record: Mapping[str, Any]) -> list[float]:
    """The first and the last point of a shape, to look it up by."""
    points = entries(record.get("points"))
    ends = [*points[:2], *points[-2:]]
    return [float(v) for v in ends] if all(is_number(v) and abs(v) < 1e15 for v in ends) else []


class Earlier:
    """Shapes and tags that earlier jobs have told, by frame; each is found once by the job that comes now."""

    def __init__(self, content: Mapping[int, list[Any]]) -> None:
        self._content = content
        self._left: dict[int, _Near[Mapping[str, Any]]] = {}

    def has(self, record: Mapping[str, Any], frame: int) -> bool:
        left = self._left.get(frame)
        if left is None:  # what this job itself adds to the frame comes after the copy
            left = self._left[frame] = _Near()
            for other in self._content.get(frame, ()):
                left.add(_kind(other), _corner(other), other)
        for near in left.around(_kind(record), _corner(record)):
            place = next((i for i, other in enumerate(near) if _same(record, other)), None)
            if place is not None:
                del near[place]
                return True
        return False


def _kind(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(repr(record.get(key)) for key in ("label", "label_id", "type"))


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Tags of one label; shapes of one label and type, each number within one; skeletons of which all elements are."""
    if any(a.get(key) != b.get(key) for key in ("label", "label_id", "type")):
        return False
    if "type" not in a and "points" not in a:
        return True
    mine, theirs = ([s.get("rotation") or 0, *entries(s.get("points"))] for s in (a, b))
    elements = records(a.get("elements")), records(b.get("elements"))
    return (
        bool(len(mine) > 1 or elements[0])
        and len(mine) == len(theirs)
        and all(is_number(v) for v in (*mine, *theirs))
        and all(abs(p - q) <= NEAR for p, q in zip(mine, theirs))
        and len(elements[0]) == len(elements[1])
        and all(map(_same, *elements))
    )


# ------------------------------------------------------------------------------------------ tracks over several jobs


class _Chain:
    """A track, and those of earlier jobs that it goes on from, as far as these count."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.first = self.last = record
        self._shapes: list[Any] = []
        self._elements: dict[tuple[str, int], tuple[Mapping[str, Any], list[Any]]] = {}

    def go_on(self, track: Mapping[str, Any], frame: int) -> None:
        """What is known counts up to the ``frame`` on which ``track`` begins, which counts from there on."""
        self._shapes += _until(self.last, frame - 1)
        following = _elements(track)
        for key, element in _elements(self.last).items():
            shapes = self._elements.setdefault(key, (element, []))[1]
            shapes += _until(element, frame - 1 if key in following else frame)
        self.last = track

    def record(self) -> Mapping[str, Any]:
        """All of it as one track."""
        if self.last is self.first:
            return self.first
        parts = []
        for key, element in _elements(self.last).items():
            _, before = self._elements.pop(key, (element, []))
            parts.append({**element, "shapes": [*before, *records(element.get("shapes"))]})
        parts += [{**element, "shapes": shapes} for element, shapes in self._elements.values()]
        shapes = [*self._shapes, *records(self.last.get("shapes"))]
        return {**self.first, "shapes": shapes, "elements": parts}


def _elements(track: Mapping[str, Any]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The elements of a skeleton by label, and by number among those of one label."""
    seen: dict[str, int] = {}
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for element in records(track.get("elements")):
        key = label_key(element)
        seen[key] = seen.get(key, 0) + 1
        found[key, seen[key]] = element
    return found


def _until(track: Mapping[str, Any], last: int) -> list[dict[str, Any]]:
    return [s for s in records(track.get("shapes")) if frame_of(s) <= last]


class _Continued:
    """Tracks of an earlier job, each found once by the track that goes on from it."""

    def __init__(self, chains: Sequence[_Chain]) -> None:
        self._chains = chains
        self._courses = [Course(chain.last) for chain in chains]
        self._taken: set[int] = set()
        self._by_frame: dict[int, _Near[int]] = {}

    def take(self, course: Course, frame: int) -> _Chain | None:
        """The track that lies where ``course`` begins; None where there is none."""
        mine = course.places(frame)
        if mine is None:
            return None
        known = self._by_frame.get(frame)
        if known is None:
            known = self._by_frame[frame] = self._placed(frame)
        for near in known.around(_place_key(course, mine), _place_numbers(mine)):
            for i, place in enumerate(near):
                theirs = self._courses[place].places(frame)
                if place not in self._taken and theirs is not None and _near(mine, theirs):
                    del near[i]
                    self._taken.add(place)
                    return self._chains[place]
        return None

    def _placed(self, frame: int) -> _Near[int]:
        found: _Near[int] = _Near()
        for i, course in enumerate(self._courses):
            places = course.places(frame) if i not in self._taken else None
            if places is not None:
                found.add(_place_key(course, places), _place_numbers(places), i)
        return found

    @property
    def rest(self) -> list[_Chain]:
        return [chain for i, chain in enumerate(self._chains) if i not in self._taken]


def _place_key(course: Course, places: Sequence[tuple[str, Figure]]) -> tuple[Any, ...]:
    return label_key(course.record), bool(course.elements), *((name, f.kind, len(f.numbers)) for name, f in places)


def _place_numbers(places: Sequence[tuple[str, Figure]]) -> list[float]:
    numbers = places[0][1].numbers if places else ()
    return [v for v in (*numbers[:2], *numbers[-2:]) if abs(v) < 1e15]


def _near(mine: Sequence[tuple[str, Figure]], theirs: Sequence[tuple[str, Figure]]) -> bool:
    return all(abs(a - b) <= NEAR for (_, p), (_, q) in zip(mine, theirs) for a, b in zip(p.numbers, q.numbers))


def join_tracks(jobs: list[Job], names: Names, log: Log, file: str) -> None:
    """Put tracks together that continue from one job into the next; the later job keeps them."""
    told = [[_Chain(track) for track in records(job.record.get("tracks"))] for job in jobs]
    for i, (before, job) in enumerate(pairwise(jobs)):
        if before.end is None or job.start is None or job.start > before.end:
            continue
        earlier = _Continued(told[i])
        for place, chain in enumerate(told[i + 1]):
            track = chain.first
            course = Course(track)
            first = min((start for start, _ in visible(track, 0)), default=-1)
            known = earlier.take(course, first) if job.start <= first <= before.end else None
            if known is None:
                continue
            known.go_on(track, first)
            told[i + 1][place] = known
            label = names.label(track) or UNNAMED
            log.read(label)
            log.merge(Code.ANNOTATION_DUPLICATE, label, "a track that overlapping jobs tell in parts is one", file=file)
        told[i] = earlier.rest
    for job, chains in zip(jobs, told):
        job.record = {**job.record, "tracks": [chain.record() for chain in chains]}


# ------------------------------------------------------------------------------------------------ frames without labels


class Hidden:
    """Frames of a task on which nothing counts: ``deleted`` ones, and ``control`` frames, each with its reason."""

    def __init__(self, deleted: Iterable[int] = (), control: Iterable[int] = ()) -> None:
        self.deleted, self.control = frozenset(deleted), frozenset(control)
        self.all = self.deleted | self.control

    def reason(self, frame: int) -> tuple[Code, str]:
        if frame in self.deleted:
            return Code.DELETED, f"frame {frame} is deleted in CVAT"
        return (
            Code.NOT_SELECTED,
            f"frame {frame} is a control frame, on which CVAT tested an annotator; its picture is labelled once",
        )

    def why_hidden(self, told: Track, track: Track, size: int | None) -> tuple[Code, str] | None:
        """Why a track is not shown at all, as it was told and as it is played; None when it is visible on other frames, or on none."""
        end = size if size is not None else max(self.all, default=0) + 2
        if not (seen := list(visible(track, end))):
            return (Code.DELETED, "the track is visible on deleted frames only") if any(visible(told, end)) else None
        if all(self.all.issuperset(range(*stretch)) for stretch in seen):
            code, _ = self.reason(seen[0][0])
            return code, "the track is visible on control frames only"
        return None
