"""What a source is, what it holds, and what a conversion would make of it: a dry run, told.

The keys of :class:`Inspection` are those of ``inspect --json``; docs/inspect.md explains them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from msgspec import Struct

from to_labelbox.conversion.job import OpenSource
from to_labelbox.conversion.run import Result
from to_labelbox.model.schema import Question
from to_labelbox.ontology.infer import Ontology
from to_labelbox.plugins.reader import Match, Refusal
from to_labelbox.report.log import Assumption, Diagnostic, Tally, Unread
from to_labelbox.report.report import Assets, Lines, SourceInfo, Suspicion, json_text


class Verdict(Struct):
    """What a format says of the source; ``confidence`` 1..100, 0 when it does not claim it."""

    claims: bool
    confidence: int
    reason: str


class Spread(Struct):
    """Smallest, middle and largest of some numbers; the middle one is the lower of two."""

    min: int
    median: int
    max: int


class Sizes(Struct):
    """Sizes in pixels of the ``known`` assets."""

    known: int
    distinct: int
    width: Spread | None
    height: Spread | None
    most_common: list[tuple[int, int, int]]
    """Width, height and how many, the most frequent first."""


class Answered(Struct):
    """A question with its options; ``scope`` is ``part`` for one about frames, times or messages."""

    name: str
    input: str
    values: list[str]
    scope: str = "whole"


class Drawn(Struct):
    """A tool: the source's label, the kind, how many shapes, and what is asked about each."""

    name: str
    label: str
    kind: str
    shapes: int
    attributes: list[Answered]


class Reached(Struct):
    """A limit of the target; ``value`` is None where nothing near it was seen."""

    name: str
    most: int
    value: int | None
    hit: bool


class Estimate(Struct):
    """Lines of the payload, exactly, and about how many bytes of payload and data rows."""

    lines: int
    bytes: int


class Inspection(Struct):
    formats: dict[str, Verdict]
    source: SourceInfo
    assets: Assets
    media: dict[str, int]
    splits: dict[str, int]
    sizes: Sizes
    annotations: Tally
    classes: dict[str, Tally]
    tools: list[Drawn]
    questions: list[Answered]
    lines: Lines
    estimate: Estimate
    features: int
    limits: list[Reached]
    diagnostics: list[Diagnostic]
    unread: list[Unread]
    assumptions: list[Assumption]
    suspicious: list[Suspicion]
    ontology: dict[str, Any]

    def to_json(self) -> str:
        return json_text(self)


def inspected(said: Mapping[str, Match | Refusal], opened: OpenSource, result: Result) -> Inspection:
    """The findings of a dry run."""
    survey, report, ontology = result.survey, result.report, result.ontology
    return Inspection(
        formats={
            name: Verdict(isinstance(v, Match), v.confidence if isinstance(v, Match) else 0, v.reason)
            for name, v in said.items()
        },
        source=report.source,
        assets=report.assets,
        media={medium.value: count for medium, count in survey.media.items()},
        splits=survey.splits,
        sizes=_sizes(survey.sizes),
        annotations=report.annotations,
        classes=report.classes,
        tools=list(_tools(ontology, result)),
        questions=[_answered(c.question) for c in ontology.classifications],
        lines=report.lines,
        estimate=Estimate(report.lines.total, survey.bytes),
        features=ontology.features,
        limits=[Reached(one.name, one.most, one.value, one.hit) for one in result.limits],
        diagnostics=report.diagnostics,
        unread=report.unread,
        assumptions=report.assumptions,
        suspicious=report.suspicious,
        ontology=json.loads(opened.writer.ontology.dump(ontology)),
    )


def _tools(ontology: Ontology, result: Result) -> Iterator[Drawn]:
    for tool in ontology.tools:
        shapes = result.survey.shapes.get((tool.label, tool.kind), 0)
        yield Drawn(tool.name, tool.label, tool.kind.value, shapes, [_answered(q) for q in tool.classifications])


def _answered(question: Question) -> Answered:
    input = question.input.value if question.input else "text"
    return Answered(question.name, input, [o.value for o in question.options], "part" if question.index else "whole")


def _sizes(counted: Mapping[tuple[int, int], int]) -> Sizes:
    common = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return Sizes(
        known=sum(counted.values()),
        distinct=len(counted),
        width=_spread(counted, 0),
        height=_spread(counted, 1),
        most_common=[(width, height, count) for (width, height), count in common[:5]],
    )


def _spread(counted: Mapping[tuple[int, int], int], side: int) -> Spread | None:
    lengths = sorted((size[side], count) for size, count in counted.items())
    if not lengths:
        return None
    half = (sum(count for _, count in lengths) + 1) // 2
    middle = next(n for n, seen in enumerate(accumulate(count for _, count in lengths)) if seen >= half)
    return Spread(lengths[0][0], lengths[middle][0], lengths[-1][0])
