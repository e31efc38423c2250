"""Inference of the ontology: declared beats observed, each decision with its reason. Pure functions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TypeVar

from msgspec import Struct

from to_labelbox.model.schema import Input, Kind, Option, Question, Schema
from to_labelbox.model.survey import INSTANCE, VISIBILITY, Answers, Survey
from to_labelbox.model.text import as_words, pattern
from to_labelbox.report.log import UNNAMED
from to_labelbox.rules.class_map import RuleInput, RulesByQuestion
from to_labelbox.rules.settings import POLICY_OF, Policy, Settings

T = TypeVar("T")

FORCED_KIND = {Policy.AUTO: Kind.BOX, Policy.BBOX: Kind.BOX, Policy.POLYGON: Kind.POLYGON, Policy.MASK: Kind.MASK}
NAMED = 5
"""Classes that a decision about several names."""
ONE_TOOL_HINT = " (--one-tool makes it one)"

_BREAK = "\t\n\v\f\r\x85\u2028\u2029"
_BREAKS = pattern(f"[{_BREAK}]+")

PART = " (part)"
"""End of the name of a question about parts of assets, where the same is asked about whole ones."""


class Tool(Struct, frozen=True):
    """A way to draw one kind of shape of one source label."""

    name: str
    kind: Kind
    label: str
    color: str = ""
    classifications: tuple[Question, ...] = ()


class Classification(Struct, frozen=True):
    """A question about whole assets; ``source`` is its name in the source."""

    source: str
    question: Question


class ByLabel(dict[tuple[str, Kind], T]):
    """What an existing ontology has by label and kind: also found by the label of a source, before :func:`clean_name`.

    Of two labels that are cleaned to one, nobody can know which it is there.
    """

    def __missing__(self, shape: tuple[str, Kind]) -> T:
        label, kind = shape
        cleaned = clean_name(label)
        if cleaned == label or dict.__contains__(self, (f"{cleaned} 2", kind)):
            raise KeyError(shape)
        return self[cleaned, kind]

    def __contains__(self, shape: object) -> bool:
        try:
            self[shape]  # type: ignore[index]
        except KeyError:
            return False
        return True


class Ontology(Struct, frozen=True, dict=True):
    """Tools and classifications with names unique over both.

    ``given`` is the text of an existing ontology, which is written as it is. In such a one, ``car (polygon)`` is also the
    polygon tool of ``car``, unless there is one of just that name.
    """

    tools: tuple[Tool, ...] = ()
    classifications: tuple[Classification, ...] = ()
    decisions: tuple[str, ...] = ()
    given: str = ""

    @cached_property
    def by_shape(self) -> Mapping[tuple[str, Kind], Tool]:
        found = {(t.label, t.kind): t for t in self.tools}
        if self.given:
            found = ByLabel(found)
            for tool in self.tools:
                found.setdefault((tool.label.removesuffix(f" ({tool.kind})"), tool.kind), tool)
        return found

    @cached_property
    def by_source(self) -> Mapping[str, Question]:
        """Questions for answers about whole assets."""
        return {c.source: c.question for c in sorted(self.classifications, key=lambda c: not c.question.index)}

    @cached_property
    def by_part(self) -> Mapping[str, Question]:
        """Questions for answers about frames, times or messages."""
        found = {c.source: c.question for c in sorted(self.classifications, key=lambda c: c.question.index)}
        if self.given:
            for c in self.classifications:
                if c.question.index:
                    found.setdefault(c.source.removesuffix(PART), c.question)
        return found

    @property
    def features(self) -> int:
        """Tools, classifications and options at every depth, as the target counts them."""
        return sum(1 + _features(t.classifications) for t in self.tools) + _features(
            c.question for c in self.classifications
        )


def _features(questions: Iterable[Question]) -> int:
    return sum(1 + sum(1 + _features(o.attributes) for o in q.options) for q in questions)


def clean_name(name: str) -> str:
    """A name that any JSON reader and terminal takes.

    Tabs and line breaks become one blank, none at the ends; other control characters and lone surrogates become U+FFFD.
    """
    if not name.isprintable():
        name = _BREAKS.sub(" ", name.strip(_BREAK))
        name = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in name)
    return name if name.strip() else UNNAMED


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """Names of one list of nested questions, or of options, as :func:`clean_name` makes them, each another one."""
    taken = _Names()
    return {name: taken.take(clean_name(name), []) for name in names}


def infer(schema: Schema, survey: Survey, settings: Settings | None = None) -> Ontology:
    """The ontology that fits everything that was declared and written; what the class map says of types beats both.

    Labels in declared order, then as first seen; a label of several kinds gets one tool a kind, each with a suffix.
    """
    settings = settings or Settings()
    schema = settings.wanted(schema)
    decisions: list[str] = []
    names = _Names()
    tools: list[Tool] = []
    declared = {label.name: label for label in schema.labels}
    seen: dict[str, set[Kind]] = {name: set() for name in declared}
    for label, kind in survey.shapes:
        seen.setdefault(label, set()).add(kind)
    rules = settings.class_map
    for label, observed in seen.items():
        policy = rules.target_geometry.get(label) if rules else None
        allowed = {settings.lowered(label, kind) for kind in declared[label].kinds} if label in declared else set()
        if observed and (unused := [kind for kind in Kind if kind in allowed - observed]):
            never = f"never occurs as {', '.join(unused)}, for which it is declared: no tool for that"
            decisions.append(f"{label!r} {never}")
        kinds = [k for k in Kind if k in (observed or allowed)] or [FORCED_KIND[policy or settings.policy(label)]]
        if len(kinds) > 1:
            hint = ONE_TOOL_HINT if len(POLICY_OF.keys() & observed) > 1 and not settings.wants_one_tool(label) else ""
            verb = "occurs as" if observed else "never occurs and is declared as"
            decisions.append(f"{label!r} {verb} {', '.join(kinds)}: one tool each, named by kind{hint}")
        known = declared.get(label)
        questions = _questions(
            known.attributes if known else (),
            survey.attributes.get(label, {}),
            f"{label!r}",
            decisions,
            rules.label_words.get(label, {}) if rules else {},
        )
        given = {q.name for q in questions}
        questions += tuple(q for q in _implied(label, survey) if q.name not in given)
        for kind in kinds:
            wanted = clean_name(label) if len(kinds) == 1 else f"{clean_name(label)} ({kind})"
            color = known.color if known else ""
            tools.append(Tool(names.take(wanted, decisions), kind, label, color, questions))
    decisions += _boxes_left(survey, settings)
    classifications: list[Classification] = []
    for q in _questions(
        schema.questions,
        survey.questions,
        "whole assets",
        decisions,
        rules.words_of(schema.questions) if rules else {},
    ):
        seen_answers = survey.questions.get(q.name)
        whole = bool(seen_answers and seen_answers.whole)
        wanted = clean_name(q.name)
        scopes = {wanted: q.index and not whole}
        if whole and seen_answers and seen_answers.index:
            decisions.append(f"{q.name!r} is answered for whole assets and for parts of them: a question each")
            scopes[f"{wanted}{PART}"] = True
        for name, index in scopes.items():
            question = Question(names.take(name, decisions), q.input, q.options, q.required, index)
            classifications.append(Classification(q.name, question))
    return Ontology(tuple(tools), tuple(classifications), tuple(decisions))


def _boxes_left(survey: Survey, settings: Settings) -> list[str]:
    """What is said of boxes where outlines or masks are asked for: that they are no outlines, so that they stay boxes."""
    found: dict[Policy, dict[str, int]] = {}
    rules = settings.class_map
    for (label, kind), count in survey.shapes.items():
        policy = (rules.target_geometry.get(label) if rules else None) or settings.policy(label)
        if kind is Kind.BOX and policy in (Policy.POLYGON, Policy.MASK) and label not in settings.one_kind:
            found.setdefault(policy, {})[label] = count
    said = []
    for policy, counts in found.items():
        names = ", ".join(repr(name) for name in list(counts)[:NAMED]) + (", …" if len(counts) > NAMED else "")
        boxes = f"{sum(counts.values()):,}"
        also = any((label, FORCED_KIND[policy]) in survey.shapes for label in counts)
        hint = f" (those of a class that has {policy}s too: --one-tool)" if also and not settings.asks_one_tool else ""
        said.append(f"geometry {policy} is for outlines and masks, boxes stay boxes: {boxes} of {names}{hint}")
    return said


def _implied(label: str, survey: Survey) -> tuple[Question, ...]:
    owner = survey.keypoints.get(label)
    found: list[Question] = []
    if owner in survey.occluded:
        found.append(Question(VISIBILITY, Input.RADIO, (Option("visible"), Option("occluded"))))
    if owner in survey.repeated:
        found.append(Question(INSTANCE, Input.TEXT))
    return tuple(found)


def _questions(
    declared: Iterable[Question],
    observed: Mapping[str, Answers],
    owner: str,
    decisions: list[str],
    words: RulesByQuestion,
) -> tuple[Question, ...]:
    """Declared questions, answered or not, then those that have an answer: blank texts are none."""
    known = {q.name: q for q in declared}
    answered = [n for n, answers in observed.items() if n not in known and (answers.options or answers.many)]
    asked = [*known, *answered]
    decisions += _told_apart(asked, f"questions of {owner}")
    return tuple(
        _question(name, known.get(name), observed.get(name), owner, decisions, words.get(name, _NO_WORD))
        for name in asked
    )


def _told_apart(names: Iterable[str], what: str) -> list[str]:
    """What is said of names that are one when they are cleaned."""
    given = distinct_names(names)
    return [
        f"of the {what}, {n!r} is called {to!r}: cleaned, its name is another one's"
        for n, to in given.items()
        if to != clean_name(n)
    ]


_NO_WORD = RuleInput()


def _question(
    name: str, known: Question | None, seen: Answers | None, owner: str, decisions: list[str], word: RuleInput
) -> Question:
    input = _input(name, known, seen, owner, decisions, word.input)
    index = bool(known and known.index) or bool(seen and seen.index)
    required = bool(known and known.required) if word.required is None else word.required
    if input is Input.TEXT:
        return Question(name, input, (), required, index)
    options = {o.value: o for o in known.options} if known else {}
    given = seen.options if seen else {}
    if seen and seen.flag and not known:
        given = {"yes": {}, "no": {}, **given}
    inside = f"{owner}, {name!r}"
    merged = [
        Option(
            value,
            options[value].label if value in options else "",
            _questions(
                options[value].attributes if value in options else (),
                given.get(value, {}),
                inside,
                decisions,
                word.options.get(value, {}),
            ),
        )
        for value in [*options, *(v for v in given if v not in options)]
        if value.strip()
    ]
    decisions += _told_apart((o.value for o in merged), f"options of {inside}")
    return Question(name, input, tuple(merged), required, index)


def _input(
    name: str, known: Question | None, seen: Answers | None, owner: str, decisions: list[str], word: Input | None
) -> Input:
    """Radio, checklist or text, with the reason noted where it was neither declared nor asked for."""
    has_options = any(o.value.strip() for o in (known.options if known else ())) or bool(seen and seen.options)
    if word is Input.RADIO and seen and seen.repeatable:
        decisions.append(f"{name!r} of {owner} is to be a radio, but several options occur at once: checklist")
        return Input.CHECKLIST
    if word is not None:
        return word if has_options else Input.TEXT
    if known and known.input is Input.TEXT:
        return Input.TEXT
    if not has_options:
        return Input.TEXT
    if seen and seen.input is Input.TEXT:
        return Input.TEXT
    if known and known.input is Input.RADIO and seen and seen.repeatable:
        decisions.append(f"{name!r} of {owner} is single choice, but several options occur at once: checklist")
        return Input.CHECKLIST
    if known and known.input:
        return known.input
    if seen and seen.repeatable:
        decisions.append(f"{name!r} of {owner} has several answers at once: checklist")
        return Input.CHECKLIST
    if seen and seen.many and not seen.chosen:
        decisions.append(f"{name!r} of {owner} has more than 20 distinct values: free text")
        return Input.TEXT
    if seen and not seen.flag:
        count = len(seen.options)
        decisions.append(f"{name!r} of {owner} has {count} distinct value{'' if count == 1 else 's'}: radio")
    return Input.RADIO


class _Names:
    """First-level names, each given out once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str, decisions: list[str]) -> str:
        name, n = wanted, 1
        while name in self._taken:
            n += 1
            name = f"{wanted} {n}"
        if name != wanted:
            decisions.append(f"the name {wanted!r} is taken: {name!r}")
        self._taken.add(name)
        return name


def similar_names(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs that differ only in case, in what is between words or in what is not seen, probably one class written in two ways."""
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        other = first.setdefault(as_words(name).casefold(), name)
        if other != name:
            pairs.append((other, name))
    return pairs
