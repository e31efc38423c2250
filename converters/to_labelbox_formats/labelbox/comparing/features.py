"""One annotation in the form that a sent line and an exported object have in common.

Numbers are as they stand in either: pixels from the top left, degrees on a map, characters with the last one included,
frames from 1. An answer is the way to it, ``("wear", "worn", "parts", "hook")``, whatever kind of question asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

Numbers = tuple[float, ...]
Path = tuple[str, ...]
Answers = frozenset[Path]
Ranges = tuple[tuple[int, int], ...]

LARGEST = 1e12
"""Numbers that no picture, map or page has."""
NOTHING: Answers = frozenset()


class Feature(Struct):
    """``kind``: box, polygon, line, point, mask, entity, tokens, answer, track, masks or relationship.

    ``id`` is the line's uuid, or the feature id of the export. ``place`` is the page, the message or the plane.
    ``numbers``: left, top, right, bottom of a box; first and last character of an entity; else x and y of each point.
    ``times``: when an answer holds, for answers over time. ``segments`` and ``keys`` are those of a track: ranges of
    frames, and numbers by keyframe; ``states``: answers from a frame on. ``ends`` of a relationship: ids and type.
    """

    kind: str
    name: str
    id: str = ""
    line: int = -1
    place: str = ""
    numbers: Numbers = ()
    tokens: frozenset[str] = frozenset()
    answers: Answers = NOTHING
    times: Mapping[Path, Ranges] = {}
    shape: str = ""
    segments: Ranges = ()
    keys: Mapping[int, Numbers] = {}
    states: Mapping[int, Answers] = {}
    ends: tuple[str, str, str] = ("", "", "")
    fine: bool = False
    """Whether the numbers are degrees or fractions, of which a hundredth is much."""

    @property
    def exact(self) -> Hashable:
        """What two equal features have in common."""
        parts = (self.tokens, self.answers, self.segments, tuple(sorted(self.keys.items())))
        more = (tuple(sorted(self.times.items())), tuple(sorted(self.states.items())))
        return self.kind, self.name, self.place, self.numbers, self.ends, parts, more


def points(given: Any) -> Numbers:
    """x and y of each point, of a list of points or of GeoJSON's coordinates."""
    if isinstance(given, Mapping):
        given = given.get("coordinates", [given])
    flat: list[float] = []
    for one in given:
        if isinstance(one, Mapping):
            flat += (float(one["x"]), float(one["y"]))
        elif isinstance(one, int | float):
            flat.append(float(one))
        else:
            flat += points(one)
    return tuple(flat)


def ring(given: Any) -> Numbers:
    """An outline without the point that closes it."""
    flat = points(given)
    return flat[:-2] if len(flat) > 4 and flat[:2] == flat[-2:] else flat


def box(given: Mapping[str, Any]) -> Numbers:
    """Left, top, right, bottom; a negative height is turned over, as on maps."""
    if "coordinates" in given:
        return envelope(points(given))
    left, top = float(given["left"]), float(given["top"])
    right, bottom = left + float(given["width"]), top + float(given["height"])
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def sound(kind: str, numbers: Numbers) -> Numbers:
    """Numbers that are a shape. Raises :class:`ValueError` for those that are none."""
    least, most = {"box": (4, 4), "point": (2, 2)}.get(kind, (2, len(numbers)))
    if not least <= len(numbers) <= most or len(numbers) % 2 or not all(abs(n) < LARGEST for n in numbers):
        raise ValueError(numbers[:4])
    return numbers


def envelope(numbers: Numbers) -> Numbers:
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Ranges in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def runs(frames: Iterable[int]) -> Ranges:
    """Frames as ranges."""
    return merged((frame, frame) for frame in frames)


class Course:
    """Where an object of a video is, frame by frame."""

    def __init__(self, track: Feature) -> None:
        self._keys, self._segments = track.keys, track.segments
        self._frames = sorted(track.keys)
        self._starts = [start for start, _ in track.segments]

    def at(self, frame: int) -> Numbers | None:
        """Between keyframes of one segment on the straight way; None where it is not."""
        n = bisect_right(self._starts, frame) - 1
        if n < 0 or frame > self._segments[n][1]:
            return None
        if frame in self._keys:
            return self._keys[frame]
        start, end = self._segments[n]
        after = bisect_right(self._frames, frame)
        before = self._frames[after - 1] if after and self._frames[after - 1] >= start else None
        next_one = self._frames[after] if after < len(self._frames) and self._frames[after] <= end else None
        if before is None or next_one is None:
            known = before if before is not None else next_one
            return None if known is None else self._keys[known]
        one, other = self._keys[before], self._keys[next_one]
        if len(one) != len(other):
            return one
        share = (frame - before) / (next_one - before)
        return tuple(a + (b - a) * share for a, b in zip(one, other))


def states(track: Feature) -> Iterator[tuple[int, dict[str, Answers]]]:
    """From which frame on what is answered, by question: the last answer of each holds."""
    state: dict[str, Answers] = {}
    for frame in sorted(track.states):
        answers = track.states[frame]
        for question in {path[0] for path in answers}:
            state[question] = frozenset(path for path in answers if path[0] == question)
        yield frame, dict(state)
