"""In what an exported feature differs from the sent one, in words, with the overlap and the largest offset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
from msgspec import Struct

from to_labelbox.model.text import n_of
from to_labelbox_formats.labelbox.comparing.features import (
    NOTHING,
    Answers,
    Course,
    Feature,
    Numbers,
    Path,
    Ranges,
    envelope,
    states,
)

FINE = 1e-6
"""How far degrees and fractions may be apart, as a share of their size."""
TRIED = 1000
"""Vertices of each of two outlines with different numbers of points that are held against the lines of the other."""
SHOWN = 4


class Difference(Struct):
    """``reasons`` is empty for equal features. ``compared``: whether there was a shape on both sides."""

    reasons: list[str] = []
    iou: float | None = None
    offset: float | None = None
    compared: bool = True


def difference(sent: Feature, found: Feature, tolerance: float) -> Difference:
    """``tolerance`` in the unit of the numbers, where these are no fractions."""
    made = Difference([])
    if sent.name != found.name:
        made.reasons.append(f"is {found.name!r}, was {sent.name!r}")
    if sent.place != found.place and (sent.place or found.place):
        made.reasons.append(f"is on {found.place or 'none'}, was on {sent.place or 'none'}")
    if (of_shape := _SHAPES.get(sent.kind)) is not None:
        of_shape(sent, found, _tolerance(sent, tolerance), made)
    made.reasons += _answers(sent.answers, found.answers)
    made.reasons += _times(sent.times, found.times)
    return made


def _tolerance(sent: Feature, tolerance: float) -> float:
    if not sent.fine:
        return tolerance
    return FINE * max((abs(n) for n in sent.numbers), default=1.0)


# ------------------------------------------------------------------------------------------------------------- shapes


def iou(one: Numbers, other: Numbers) -> float:
    """Of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 1.0 if one == other else 0.0
    both = width * height
    return both / ((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both)


def distance(one: Numbers, other: Numbers) -> float:
    """The largest between points that stand for each other."""
    return max(
        (math.hypot(a - c, b - d) for a, b, c, d in zip(one[::2], one[1::2], other[::2], other[1::2])), default=0
    )


def _drawn(sent: Feature, found: Feature, tolerance: float, made: Difference) -> None:
    _moved(sent.numbers, found.numbers, sent.kind, tolerance, made)


def _mask(sent: Feature, found: Feature, tolerance: float, made: Difference) -> None:
    if sent.numbers and found.numbers:
        _moved(sent.numbers, found.numbers, "box", max(tolerance, 1.0), made)
    else:
        made.compared = False


def _moved(one: Numbers, other: Numbers, shape: str, tolerance: float, made: Difference) -> None:
    off, overlap = offset(one, other, shape)
    made.offset = max(off, made.offset or 0.0)
    if overlap is not None:
        made.iou = min(overlap, 1.0 if made.iou is None else made.iou)
    if off > tolerance or abs(len(one) - len(other)) > 2 * TRIED:
        many = f", has {n_of(len(other) // 2, 'point')} instead of {len(one) // 2}" if len(one) != len(other) else ""
        told = f" (IoU {overlap:.3f})" if overlap is not None else ""
        made.reasons.append(f"is off by up to {off:,.6g}{told}{many}")


def offset(one: Numbers, other: Numbers, shape: str) -> tuple[float, float | None]:
    """The largest distance, and of what has an area the overlap: of outlines that of their envelopes."""
    if one == other:
        return 0.0, None if shape in ("point", "line") else 1.0
    if shape == "box":
        return max(abs(a - b) for a, b in zip(one, other)), iou(one, other)
    overlap = iou(envelope(one), envelope(other)) if shape == "polygon" else None
    if len(one) == len(other):
        return min(distance(one, turned) for turned in _turned(other, one[:2], shape)), overlap
    return _apart(one, other, shape == "polygon"), overlap


def _turned(points: Numbers, first: Numbers, shape: str) -> Iterator[Numbers]:
    """The points as they are and, of an outline, from the one nearest to ``first`` on, in both directions."""
    yield points
    if shape != "polygon":
        return
    pairs = list(zip(points[::2], points[1::2]))
    for order in (pairs, pairs[::-1]):
        n = min(range(len(order)), key=lambda k: math.dist(order[k], first))
        yield tuple(c for pair in order[n:] + order[:n] for c in pair)


def _apart(one: Numbers, other: Numbers, closed: bool) -> float:
    """The largest distance from a vertex of either to the other's lines."""
    return max(_to_lines(one, other, closed), _to_lines(other, one, closed))


def _to_lines(points: Numbers, line: Numbers, closed: bool) -> float:
    vertices = np.array(line).reshape(-1, 2)
    starts, ends = (vertices, np.roll(vertices, -1, axis=0)) if closed else (vertices[:-1], vertices[1:])
    if not len(starts):
        starts = ends = vertices
    along = ends - starts
    lengths = np.maximum((along**2).sum(axis=1), 1e-12)
    farthest = 0.0
    step = max(1, len(points) // 2 // TRIED)
    for x, y in zip(points[:: 2 * step], points[1 :: 2 * step]):
        share = np.clip((((x, y) - starts) * along).sum(axis=1) / lengths, 0, 1)
        nearest = starts + along * share[:, None]
        farthest = max(farthest, float(np.sqrt(((nearest - (x, y)) ** 2).sum(axis=1).min())))
    return farthest


# -------------------------------------------------------------------------------------------------------------- texts


def _entity(sent: Feature, found: Feature, _off: float, made: Difference) -> None:
    if sent.numbers != found.numbers:
        (a, b), (c, d) = sent.numbers, found.numbers
        made.reasons.append(f"is from character {c:g} to {d:g}, was from {a:g} to {b:g}")


def _tokens(sent: Feature, found: Feature, _off: float, made: Difference) -> None:
    if sent.tokens != found.tokens:
        lost, more = len(sent.tokens - found.tokens), len(found.tokens - sent.tokens)
        made.reasons.append(f"lacks {lost} of {len(sent.tokens)} tokens, and has {more} others")


# ------------------------------------------------------------------------------------------------------------- videos


def _track(sent: Feature, found: Feature, tolerance: float, made: Difference) -> None:
    if sent.segments != found.segments:
        made.reasons.append(f"is shown in frames {ranges(found.segments)}, was in {ranges(sent.segments)}")
    if sent.shape != found.shape:
        made.reasons.append(f"is a {found.shape}, was a {sent.shape}")
        return
    worst = Difference([])
    first: int | None = None
    ours, theirs = Course(sent), Course(found)
    for frame in sorted({*sent.keys, *found.keys}):
        one, other = ours.at(frame), theirs.at(frame)
        if one is None or other is None:
            continue
        before = len(worst.reasons)
        _moved(one, other, sent.shape, tolerance, worst)
        first = frame if first is None and len(worst.reasons) > before else first
    made.iou, made.offset = worst.iou, worst.offset
    if first is not None:
        overlap = f" (IoU {worst.iou:.3f})" if worst.iou is not None else ""
        many = f"in {len(worst.reasons)} keyframes from frame {first} on"
        made.reasons.append(f"is off by up to {worst.offset or 0:,.6g}{overlap} {many}")
    made.reasons += _states(sent, found)


def _states(sent: Feature, found: Feature) -> Iterator[str]:
    ours, theirs = dict(states(sent)), dict(states(found))
    one: Mapping[str, Answers] = {}
    other: Mapping[str, Answers] = {}
    for frame in sorted({*ours, *theirs}):
        one, other = ours.get(frame, one), theirs.get(frame, other)
        if one != other:
            told = _answers(_all(one), _all(other))
            yield f"frame {frame}: {'; '.join(told)}"
            return


def _all(state: Mapping[str, Answers]) -> Answers:
    return NOTHING.union(*state.values())


def _masks(sent: Feature, found: Feature, _off: float, made: Difference) -> None:
    made.compared = False
    lost = sorted(set(sent.keys) - set(found.keys)) if found.keys else []
    if lost:
        made.reasons.append(f"is not in frame {', '.join(map(str, lost[:SHOWN]))}{' …' if len(lost) > SHOWN else ''}")


def _relationship(sent: Feature, found: Feature, _off: float, made: Difference) -> None:
    if sent.ends[:2] != found.ends[:2]:
        made.reasons.append("is between other annotations")
    if sent.ends[2] and found.ends[2] and sent.ends[2] != found.ends[2]:
        made.reasons.append(f"is {found.ends[2]}, was {sent.ends[2]}")


_SHAPES = {
    "box": _drawn, "polygon": _drawn, "line": _drawn, "point": _drawn, "mask": _mask, "entity": _entity,
    "tokens": _tokens, "track": _track, "masks": _masks, "relationship": _relationship,
}  # fmt: skip

# ------------------------------------------------------------------------------------------------------------ answers


def _answers(sent: Answers, found: Answers) -> list[str]:
    told = [f"lacks the answer {_way(path)}" for path in _lowest(sent - found)]
    told += [f"has the answer {_way(path)}, which was not sent" for path in _lowest(found - sent)]
    return told[:SHOWN]


def _lowest(given: Answers) -> list[Path]:
    """Without those that a deeper one of them contains."""
    ordered = sorted(given)
    return [a for a, b in pairwise([*ordered, ()]) if b[: len(a)] != a]


def _times(sent: Mapping[Path, Ranges], found: Mapping[Path, Ranges]) -> list[str]:
    told = []
    for path in sorted({*sent, *found}):
        one, other = sent.get(path, ()), found.get(path, ())
        if one != other:
            told.append(f"{_way(path)} holds in {ranges(other)}, was in {ranges(one)}")
    return told[:SHOWN]


def _way(path: Path) -> str:
    return ": ".join(path)


def ranges(given: Ranges) -> str:
    told = [f"{a}" if a == b else f"{a} to {b}" for a, b in given[:SHOWN]]
    return (", ".join(told) or "none") + (" …" if len(given) > SHOWN else "")
