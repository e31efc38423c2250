"""Which exported feature of a data row is which sent one: by id, as equal ones, then by what overlaps most.

Up to 64 of one class that are left on either side the pairs are the best there are together; of more, each sent one is
held against its 64 neighbours only, the best pairs first, so that the cost grows with the row and not with its square.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from msgspec import Struct

from to_labelbox_formats.labelbox.comparing.differences import iou
from to_labelbox_formats.labelbox.comparing.features import Answers, Course, Feature, Ranges, envelope, merged

FEW = 64
NEAR = 30.0
"""Pixels that a point may have moved and still be the same."""
SURE = 0.9
RENAMED = 0.5
"""Overlap from which two features of different names are one that was renamed."""
SAMPLES = 8

Pair = tuple[Feature, Feature]


class Paired(Struct):
    """``doubled``: extra ones that are equal to one that was found."""

    pairs: list[Pair]
    missing: list[Feature]
    extra: list[Feature]
    doubled: list[Feature]


def pair(sent: Sequence[Feature], found: Sequence[Feature]) -> Paired:
    """One to one. The ends of relationships are compared through the pairs of what they join."""
    pairs: list[Pair] = []
    left, rest = [f for f in sent if f.kind != "relationship"], _joined(found)
    for key, likeness in _ROUNDS:
        left, rest, more = _round(left, rest, key, likeness)
        pairs += more
    ours = {theirs.id: mine.id for mine, theirs in pairs if theirs.id}
    theirs = [_renamed_ends(f, ours) for f in found if f.kind == "relationship"]
    links = [f for f in sent if f.kind == "relationship"]
    for key, likeness in _LINKS:
        links, theirs, more = _round(links, theirs, key, likeness)
        pairs += more
    known = {theirs.exact for _, theirs in pairs if theirs.kind not in ("mask", "masks")}  # whose pixels are not known
    extra: list[Feature] = []
    doubled: list[Feature] = []
    for feature in [*rest, *theirs]:
        (doubled if feature.exact in known else extra).append(feature)
    return Paired(pairs, [*left, *links], extra, doubled)


def _joined(found: Sequence[Feature]) -> list[Feature]:
    """Answers over time to one question as one: an export may tell each option by itself."""
    rest: list[Feature] = []
    timed: dict[tuple[str, str], Feature] = {}
    for feature in found:
        if feature.kind == "relationship":
            continue
        first = timed.setdefault((feature.name, feature.place), feature) if feature.times else feature
        if first is feature:
            rest.append(feature)
            continue
        both = dict(first.times)
        for path, ranges in feature.times.items():
            both[path] = merged((*both.get(path, ()), *ranges))
        first.times = both
    return rest


def _renamed_ends(link: Feature, ours: dict[str, str]) -> Feature:
    source, target, kind = link.ends
    link.ends = (ours.get(source, source), ours.get(target, target), kind)
    return link


# ------------------------------------------------------------------------------------------------------------- rounds

Key = Callable[[Feature], Hashable]
Likeness = Callable[[Feature, Feature], float]


def _round(
    sent: list[Feature], found: list[Feature], key: Key, likeness: Likeness | None
) -> tuple[list[Feature], list[Feature], list[Pair]]:
    """Pairs within groups of equal keys; what is left of either. Without ``likeness`` in their order."""
    groups: dict[Hashable, tuple[list[Feature], list[Feature]]] = defaultdict(lambda: ([], []))
    for side, features in enumerate((sent, found)):
        for feature in features:
            if (name := key(feature)) is not None:
                groups[name][side].append(feature)
    pairs: list[Pair] = []
    for ours, theirs in groups.values():
        if ours and theirs:
            pairs += zip(ours, theirs) if likeness is None else _best(ours, theirs, likeness)
    if not pairs:
        return sent, found, pairs
    taken = {id(f) for both in pairs for f in both}
    return [f for f in sent if id(f) not in taken], [f for f in found if id(f) not in taken], pairs


def likeness(one: Feature, other: Feature) -> float:
    """From 0, which is not the same, to 1; a little less where answers differ."""
    return _alike(one, other) * (1 - 0.01 * (one.answers != other.answers or one.place != other.place))


def _alike(one: Feature, other: Feature) -> float:
    kind = one.kind
    if kind == "answer":
        return 0.95 if bool(one.times) == bool(other.times) else 0.5
    if kind == "mask" and not (one.numbers and other.numbers):
        return 0.5 + 0.4 * _shared(one.answers, other.answers)
    if kind == "masks":
        return 0.1 + 0.8 * _common(one.segments, other.segments)
    if kind == "tokens":
        return _shared(one.tokens, other.tokens)
    if kind == "entity":
        (a, b), (c, d) = one.numbers, other.numbers
        return max(0.0, min(b, d) - max(a, c) + 1) / (max(b, d) - min(a, c) + 1)
    if kind == "track":
        return _together(one, other)
    return _overlap(kind, one.numbers, other.numbers)


def _overlap(kind: str, one: tuple[float, ...], other: tuple[float, ...]) -> float:
    if kind == "point":
        return max(0.0, 1 - math.dist(one, other) / NEAR)
    if kind in ("line", "polygon"):
        flat = iou(envelope(one), envelope(other))
        return flat if flat or kind == "polygon" or len(one) != len(other) else _near(one, other)
    return iou(one, other)


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Of lines that may be level or upright, whose envelope has no area."""
    pairs = zip(one[::2], one[1::2], other[::2], other[1::2])
    return max(0.0, 1 - max(math.dist((a, b), (c, d)) for a, b, c, d in pairs) / NEAR)


def _together(one: Feature, other: Feature) -> float:
    """The mean overlap in some frames of both."""
    if one.shape != other.shape or not one.segments or not other.segments:
        return 0.0
    first = min(one.segments[0][0], other.segments[0][0])
    last = max(one.segments[-1][1], other.segments[-1][1])
    frames = sorted({first + (last - first) * n // SAMPLES for n in range(SAMPLES + 1)})
    ours, theirs = Course(one), Course(other)
    seen = [(ours.at(f), theirs.at(f)) for f in frames]
    shown = [(a, b) for a, b in seen if a is not None or b is not None]
    return sum(_overlap(one.shape, a, b) for a, b in shown if a and b) / max(1, len(shown))


def _common(one: Ranges, other: Ranges) -> float:
    a, b = ({f for start, end in r for f in range(start, min(end, start + 20_000) + 1)} for r in (one, other))
    return len(a & b) / max(1, len(a | b))


def _shared(one: Answers | frozenset[str], other: Answers | frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _renamed(one: Feature, other: Feature) -> float:
    """Of two features with different names."""
    if one.kind == "answer":
        same = {p[1:] for p in one.answers} == {p[1:] for p in other.answers} and one.place == other.place
        times = {p[1:]: r for p, r in one.times.items()} == {p[1:]: r for p, r in other.times.items()}
        return 0.9 if same and times else 0.0
    alike = likeness(one, other)
    return alike if alike >= RENAMED else 0.0


_ID: Key = lambda f: (f.kind, f.id) if f.id else None
_NAME: Key = lambda f: (f.kind, f.name)
_ROUNDS: tuple[tuple[Key, Likeness | None], ...] = (
    (_ID, None),
    (lambda f: f.exact, None),
    (lambda f: (f.kind, f.name, f.place), likeness),
    (_NAME, likeness),
    (lambda f: f.kind, _renamed),
)
_LINKS: tuple[tuple[Key, Likeness | None], ...] = (
    (_ID, None),
    (lambda f: (f.name, f.ends[:2]), None),
    (_NAME, lambda _one, _other: 0.5),
)

# --------------------------------------------------------------------------------------------------------------- best


def _best(sent: list[Feature], found: list[Feature], likeness: Likeness) -> Iterable[Pair]:
    if max(len(sent), len(found)) > FEW:
        yield from _greedy(_neighbours(sent, found, likeness), sent, found)
        return
    scores = [[likeness(one, other) for other in found] for one in sent]
    left, rest = list(range(len(sent))), list(range(len(found)))
    for n in list(left):  # what is beyond doubt
        best = max(rest, key=lambda m: scores[n][m], default=None)
        if (
            best is not None
            and scores[n][best] >= SURE
            and all(scores[k][best] < scores[n][best] for k in left if k != n)
        ):
            left.remove(n)
            rest.remove(best)
            yield sent[n], found[best]
    for n, m in assignment([[scores[n][m] for m in rest] for n in left]):
        yield sent[left[n]], found[rest[m]]


def _neighbours(sent: list[Feature], found: list[Feature], likeness: Likeness) -> list[tuple[float, int, int]]:
    """Scores of each sent one and those next to it along x, or along the text or the video."""
    order = sorted(range(len(found)), key=lambda n: _middle(found[n]))
    places = [_middle(found[n]) for n in order]
    scores = []
    for n, one in enumerate(sent):
        middle = bisect_left(places, _middle(one))
        for m in order[max(0, middle - FEW // 2) : middle + FEW // 2]:
            if (score := likeness(one, found[m])) > 0:
                scores.append((score, n, m))
    return scores


def _middle(feature: Feature) -> float:
    numbers = feature.numbers
    if feature.kind == "track":
        numbers = feature.keys[min(feature.keys)]
    if feature.kind == "entity":
        return numbers[0]
    return sum(numbers[::2]) / max(1, len(numbers[::2]))


def _greedy(scores: list[tuple[float, int, int]], sent: list[Feature], found: list[Feature]) -> Iterable[Pair]:
    scores.sort(key=lambda s: (-s[0], s[1], s[2]))
    ours, theirs = set(range(len(sent))), set(range(len(found)))
    for _, n, m in scores:
        if n in ours and m in theirs:
            ours.remove(n)
            theirs.remove(m)
            yield sent[n], found[m]


def assignment(scores: list[list[float]]) -> list[tuple[int, int]]:
    """Rows to columns with the largest sum, without pairs of score 0 [Kuhn and Munkres, with potentials, O(n³)]."""
    if not scores or not scores[0]:
        return []
    turned = len(scores) > len(scores[0])
    cost = [[-s for s in column] for column in (zip(*scores) if turned else scores)]
    rows, columns = len(cost), len(cost[0])
    u, v = [0.0] * (rows + 1), [0.0] * (columns + 1)
    match, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        match[0], column = row, 0
        least, used = [math.inf] * (columns + 1), [False] * (columns + 1)
        while True:
            used[column] = True
            here, delta, following = match[column], math.inf, 0
            for j in range(1, columns + 1):
                if used[j]:
                    continue
                reduced = cost[here - 1][j - 1] - u[here] - v[j]
                if reduced < least[j]:
                    least[j], way[j] = reduced, column
                if least[j] < delta:
                    delta, following = least[j], j
            for j in range(columns + 1):
                if used[j]:
                    u[match[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            column = following
            if not match[column]:
                break
        while column:
            match[column] = match[way[column]]
            column = way[column]
    found = [(match[j] - 1, j - 1) for j in range(1, columns + 1) if match[j]]
    found = [(j, i) if turned else (i, j) for i, j in found]
    return sorted((i, j) for i, j in found if scores[i][j] > 0)
