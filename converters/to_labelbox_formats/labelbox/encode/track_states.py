"""What a track of the source says, keyframe by keyframe: its shapes with all answers that hold, and where they cross the border."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.border import EXACT
from to_labelbox.model.items import (
    Attribute,
    Box,
    Geometry,
    Keypoints,
    Point,
    Track,
)
from to_labelbox.model.survey import INSTANCE, VISIBILITY
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused

Attributes: TypeAlias = tuple[Attribute, ...]


class State(Struct, frozen=True, gc=False):
    """A keyframe, of the source or to write, with all answers that hold on it."""

    frame: int
    shape: Geometry
    answers: Attributes


def unbroken(states: list[list[State]]) -> bool:
    """Whether every frame of every segment has its keyframe."""
    return all(b.frame == a.frame + 1 for segment in states for a, b in pairwise(segment))


def states_of(track: Track) -> list[list[State]]:
    """Answers carried on from keyframe to keyframe until they are taken back; as long as none changes, the same tuple.

    Raises :class:`Refused` for frames that do not rise, or where there is none.
    """
    said = {a.name: a for a in track.attributes}
    answers: Attributes = tuple(said.values())
    given: Attributes = ()
    states: list[list[State]] = []
    last = -1
    for segment in track.segments:
        states.append([])
        add = states[-1].append
        for key in segment:
            frame = key.frame
            if frame <= last:
                told = f"frame {frame} after frame {last}: frames must rise" if last >= 0 else f"frame {frame}"
                raise Refused(Code.FRAME_INVALID, told)
            last = frame
            if key.attributes and key.attributes != given:
                given = key.attributes
                now = {**said, **{a.name: a for a in given}}
                now = {name: a for name, a in now.items() if a.value not in ("", ())}
                if now != said:
                    said, answers = now, tuple(now.values())
            add(State(frame, key.geometry, answers))
    if last < 0:
        raise Refused(Code.TRACK_EMPTY, "the track has no keyframe")
    return states


def point_states(states: list[list[State]], name: str, instance: str) -> list[list[State]]:
    """One keypoint's way; a segment ends where the keypoint is absent."""
    found: list[list[State]] = []
    for segment in states:
        found.append([])
        for state in segment:
            points = state.shape.points if isinstance(state.shape, Keypoints) else ()
            point = next((p for p in points if p.name == name), None)
            if point is None:
                found.append([])
                continue
            seen = Attribute(VISIBILITY, "occluded" if point.occluded else "visible")
            answers = (*state.answers, seen, Attribute(INSTANCE, instance))
            found[-1].append(State(state.frame, Point(point.x, point.y), answers))
    return [run for run in found if run]


def _sides(shape: Geometry) -> tuple[float, ...]:
    """left, top, right, bottom."""
    match shape:
        case Box(left, top, width, height):
            return left, top, left + width, top + height
        case Point(x, y):
            return x, y, x, y
        case _:
            return ()


def largest_inside(states: list[list[State]], width: int, height: int) -> float | None:
    """The area of the largest of upright boxes that all lie on the frame; None where that is not all there is."""
    areas: list[float] = []
    for segment in states:
        for state in segment:
            box = state.shape
            if type(box) is not Box:
                return None
            left, top, wide, high = box.left, box.top, box.width, box.height
            if not (left >= 0 <= top and 0 < wide <= width - left and 0 < high <= height - top):
                return None
            areas.append(wide * high)
    return max(areas, default=0.0)


def sticks_out(shape: Geometry, width: float, height: float) -> bool:
    sides = _sides(shape)
    return bool(sides) and max(-sides[0], -sides[1], sides[2] - width, sides[3] - height) > EXACT


def _between(a: Geometry, b: Geometry, share: float) -> Box | Point:
    if isinstance(a, Box) and isinstance(b, Box):
        return Box(
            a.left + (b.left - a.left) * share,
            a.top + (b.top - a.top) * share,
            a.width + (b.width - a.width) * share,
            a.height + (b.height - a.height) * share,
        )
    assert isinstance(a, Point)
    assert isinstance(b, Point)
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def with_crossings(states: list[State], width: int, height: int) -> Iterable[State]:
    """The keyframes, and more where a side crosses the border: between them the cut shape moves linearly."""
    return _crossings(states, width, height) if any(sticks_out(s.shape, width, height) for s in states) else states


def _crossings(states: list[State], width: int, height: int) -> Iterator[State]:
    for here, there in pairwise(states):
        yield here
        if type(here.shape) is not type(there.shape) or not isinstance(here.shape, Box | Point):
            continue
        if not sticks_out(here.shape, width, height) and not sticks_out(there.shape, width, height):
            continue
        a, b = _sides(here.shape), _sides(there.shape)
        if not geo.finite((*a, *b)):
            continue
        frames: set[int] = set()
        for p, q, limit in zip(a, b, (width, height, width, height)):
            for border in (0, limit):
                if (p - border) * (q - border) < 0:
                    at = here.frame + (border - p) / (q - p) * (there.frame - here.frame)
                    # a side that is on the border just at a frame may be gone there, but not beside it
                    frames |= {math.floor(at - 1e-6), math.floor(at + 1e-6), math.ceil(at + 1e-6)}
                elif p != q and border in (p, q):
                    frames |= {here.frame + 1, there.frame - 1}
        for frame in sorted(f for f in frames if here.frame < f < there.frame):
            share = (frame - here.frame) / (there.frame - here.frame)
            yield State(frame, _between(here.shape, there.shape, share), here.answers)
    yield states[-1]
