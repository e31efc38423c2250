"""Answers over frames or times: where several hold at one time, at every depth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from to_labelbox.model.items import Choice, Scalar
from to_labelbox.model.schema import Input, Question
from to_labelbox.model.survey import Answers, text_of
from to_labelbox_formats.labelbox.encode.placeholders import merged, shared, values_of

Ranged = list[tuple[Scalar | Choice, list[tuple[int, int]]]]
_Path = tuple[str, ...]
"""From a question by an option, the question below it, …"""
_Stretch = tuple[int, int, str]
"""Start, end and option."""


def mark_several(seen: Answers, values: Ranged, touching: bool) -> None:
    """Note where two different options hold at one time, at every depth.

    ``touching``: also when one ends where the other starts.
    """
    grouped: dict[str, Ranged] = {}
    for value, ranges in values:
        grouped.setdefault(value.value if isinstance(value, Choice) else text_of(value), []).append((value, ranges))
    spans = sorted(
        s for group in grouped.values() for s in merged((span for _, ranges in group for span in ranges), not touching)
    )
    seen.repeatable |= any(shared(a, b[0], touching) for a, b in pairwise(spans))
    for text, group in grouped.items():
        nested: dict[str, Ranged] = {}
        for value, ranges in group:
            for attribute in value.attributes if isinstance(value, Choice) else ():
                nested.setdefault(attribute.name, []).extend((v, ranges) for v in values_of(attribute.value))
        for name, below in nested.items():
            if below:
                mark_several(seen.options[text][name], below, touching)


def overlapping(values: Sequence[tuple[Scalar | Choice, Sequence[tuple[int, int]]]], timed: bool) -> set[int]:
    """Numbers of the answers that share a time or frame with an answer of the same option, and are not equal to it.

    The target holds one list of stretches for an option, so that two that overlap become one.
    """
    by_option: dict[str, list[tuple[int, int, int]]] = {}
    for number, (value, ranges) in enumerate(values):
        text = value.value if isinstance(value, Choice) else text_of(value)
        by_option.setdefault(text, []).extend((start, end, number) for start, end in ranges)
    found: set[int] = set()
    for spans in by_option.values():
        spans.sort()
        cluster: list[tuple[int, int, int]] = []
        reach = -1
        for span in [*spans, None]:
            if span is None or not cluster or not shared((cluster[-1][0], reach), span[0], not timed):
                if len({s[:2] for s in cluster}) > 1:
                    found.update(s[2] for s in cluster)
                cluster, reach = [], -1
            if span is not None:
                cluster.append(span)
                reach = max(reach, span[1])
    return found


class AtOnce:
    """Whether a radio, or one nested in a question, would have two answers at one time: asked for one answer after another.

    ``touching``: also when one ends where the other starts.
    """

    def __init__(self, question: Question, touching: bool) -> None:
        self._question = question
        self._touching = touching
        self._held: dict[_Path, list[_Stretch]] = {}
        self._below: dict[_Path, Mapping[str, Mapping[str, Question]]] = {}

    def takes(self, values: Ranged) -> bool:
        """Whether the values of a further answer fit to those that are held, which they join then."""
        if _conflict_in(self._question, values, self._touching):
            return False
        found = list(self._stretches(self._question, values, ()))
        if any(self._meets(self._held.get(path, ()), stretch) for path, stretch in found):
            return False
        for path, stretch in found:
            self._hold(self._held.setdefault(path, []), stretch)
        return True

    def _stretches(self, question: Question, values: Ranged, path: _Path) -> Iterator[tuple[_Path, _Stretch]]:
        """The options of radios and their ranges, at every depth."""
        below = self._below.get(path)
        if below is None:
            below = self._below[path] = {o.value: {q.name: q for q in o.attributes} for o in question.options}
        for value, ranges in values:
            text = value.value if isinstance(value, Choice) else text_of(value)
            if question.input is Input.RADIO:
                yield from ((path, (start, end, text)) for start, end in ranges)
            for attribute in value.attributes if isinstance(value, Choice) else ():
                if nested := below.get(text, {}).get(attribute.name):
                    inner: Ranged = [(v, ranges) for v in values_of(attribute.value)]
                    yield from self._stretches(nested, inner, (*path, text, attribute.name))

    def _near(self, held: Sequence[_Stretch], new: _Stretch) -> tuple[int, int]:
        """Where those begin and end that overlap or touch a stretch; what is held overlaps nothing, so its ends ascend."""
        low = high = bisect_left(held, new)
        while low and held[low - 1][1] >= new[0]:
            low -= 1
        while high < len(held) and held[high][0] <= new[1]:
            high += 1
        return low, high

    def _meets(self, held: Sequence[_Stretch], new: _Stretch) -> bool:
        """Whether another option is held at the time."""
        low, high = self._near(held, new)
        for other in held[low:high]:
            first, second = (other, new) if other < new else (new, other)
            if other[2] != new[2] and shared(first[:2], second[0], self._touching):
                return True
        return False

    def _hold(self, held: list[_Stretch], new: _Stretch) -> None:
        low, high = self._near(held, new)
        joined = [s for s in held[low:high] if s[2] == new[2]]
        kept = [s for s in held[low:high] if s[2] != new[2]]
        whole = (min(s[0] for s in (*joined, new)), max(s[1] for s in (*joined, new)), new[2])
        held[low:high] = sorted((*kept, whole))


def _conflict_in(question: Question, values: Ranged, touching: bool) -> bool:
    """Whether the values of one answer are two of a radio at one time."""
    seen = Answers()
    for value, _ in values:
        seen.add(value)
    seen.repeatable = False
    mark_several(seen, values, touching)
    return _conflicts(question, seen)


def _conflicts(question: Question, seen: Answers) -> bool:
    if seen.repeatable and question.input is Input.RADIO:
        return True
    below = {option.value: {q.name: q for q in option.attributes} for option in question.options}
    return any(
        name in below.get(text, {}) and _conflicts(below[text][name], answers)
        for text, nested in seen.options.items()
        for name, answers in nested.items()
    )
