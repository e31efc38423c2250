"""Answers over frames or times: where several hold at one time, at every depth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from to_labelbox.model.items import Choice, Scalar
from to_labelbox.model.schema import Input, Question
from to_labelbox.model.survey import Answers, text_of
from to_labelbox_formats.labelbox.encode.placeholders import merged, values_of

Ranged = list[tuple[Scalar | Choice, list[tuple[int, int]]]]


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
    seen.repeatable |= any(b[0] < a[1] + touching for a, b in pairwise(spans))
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
            if span is None or not cluster or span[0] >= reach + (not timed):
                if len({s[:2] for s in cluster}) > 1:
                    found.update(s[2] for s in cluster)
                cluster, reach = [], -1
            if span is not None:
                cluster.append(span)
                reach = max(reach, span[1])
    return found


def at_once(question: Question, values: Ranged, touching: bool) -> bool:
    """Whether a radio, or one nested in the question, would have two answers at one time."""
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
