"""One ontology for several datasets: what they declare is joined so that what each has written fits it.

A question that is a radio in one set and free text in another becomes free text, one that is a radio here and a checklist
there becomes a checklist: these forms take the answers of the others. Labels of different kinds get a tool a kind by
inference itself, from the joined survey. Pure functions.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from msgspec.structs import replace

from to_labelbox.model.duplicate_hashes import shared
from to_labelbox.model.schema import Input, Kind, Label, Option, Question, Schema
from to_labelbox.model.survey import Answers, Survey
from to_labelbox.model.text import n_of
from to_labelbox.ontology.infer import Ontology, infer
from to_labelbox.rules.settings import Settings


class DatasetSurvey(NamedTuple):
    """What one dataset declares and what was written of it."""

    schema: Schema
    survey: Survey


def common_ontology(datasets: Sequence[DatasetSurvey], settings: Settings) -> Ontology:
    """The ontology that every dataset's payload conforms to. Its order is that of the datasets."""
    survey = Survey()
    for dataset in datasets:
        survey.absorb(dataset.survey)
    alone = [infer(dataset.schema, dataset.survey, settings) for dataset in datasets]
    settled: list[str] = []
    ontology = infer(joined(datasets, alone, settled), survey, settings)
    return replace(ontology, decisions=(*settled, *ontology.decisions))


def shared_keys(keys: Sequence[array[int]]) -> list[tuple[int, int, int]]:
    """Datasets that have global keys of earlier ones, by the keys' hashes (see :func:`shared`)."""
    return shared([(own, repeat(owner)) for owner, own in enumerate(keys)])


def joined(datasets: Sequence[DatasetSurvey], alone: Sequence[Ontology], settled: list[str]) -> Schema:
    """The datasets' schemas as one. ``alone`` is the ontology that each would have by itself; ``settled`` is told of questions whose
    types differ."""
    labels: dict[str, list[_View]] = {}
    colors: dict[str, str] = {}
    kinds: dict[str, dict[Kind, None]] = {}
    whole: list[_View] = []
    for (schema, survey), ontology in zip(datasets, alone):
        inferred = {tool.label: tool.classifications for tool in ontology.tools}
        declared = {label.name: label for label in schema.labels}
        for name in [*declared, *(label for label in survey.attributes if label not in declared)]:
            known = declared.get(name)
            kinds.setdefault(name, {}).update(dict.fromkeys(known.kinds if known else ()))
            colors[name] = colors.get(name) or (known.color if known else "")
            view = _View(known.attributes if known else (), survey.attributes.get(name, {}), inferred.get(name, ()))
            labels.setdefault(name, []).append(view)
        # a question that has a twin for parts of assets stands there under another name, with the same answers
        found = {c.source: c.question for c in reversed(ontology.classifications)}
        answers = tuple(Question(n, q.input, q.options, q.required, q.index) for n, q in found.items())
        whole.append(_View(schema.questions, survey.questions, answers))
    return Schema(
        tuple(
            Label(name, tuple(kinds[name]), colors[name], _joined(views, repr(name), settled))
            for name, views in labels.items()
        ),
        _joined(whole, "whole assets", settled),
    )


class _View(NamedTuple):
    """The questions of one owner in one dataset: declared, answered, and as inferred."""

    declared: Iterable[Question]
    answered: Mapping[str, Answers]
    inferred: Iterable[Question]


class MergedQuestion(NamedTuple):
    """One question in one dataset."""

    declared: Question | None
    answers: Answers | None
    inferred: Question | None

    @property
    def input(self) -> Input | None:
        """Its type, where something has decided it: a declaration, or answers that leave no other."""
        if self.declared is not None and self.declared.input is Input.TEXT:
            return Input.TEXT
        if self.inferred is None or (self.answers is None and self.declared is None):
            return None
        if self.inferred.input is Input.TEXT and not self._answered:
            return None
        if self.inferred.input is Input.RADIO and (self.declared is None or self.declared.input is None):
            return None
        return self.inferred.input

    @property
    def _answered(self) -> bool:
        answers = self.answers
        return answers is not None and bool(answers.options or answers.many or answers.input)


def _joined(views: Sequence[_View], owner: str, settled: list[str]) -> tuple[Question, ...]:
    questions: dict[str, list[MergedQuestion]] = {}
    for view in views:
        declared = {q.name: q for q in view.declared}
        inferred = {q.name: q for q in view.inferred}
        for name in [*declared, *(n for n in view.answered if n not in declared)]:
            one = MergedQuestion(declared.get(name), view.answered.get(name), inferred.get(name))
            questions.setdefault(name, []).append(one)
    return tuple(_question(name, ones, owner, settled) for name, ones in questions.items())


def _question(name: str, ones: Sequence[MergedQuestion], owner: str, settled: list[str]) -> Question:
    inputs = Counter(one.input for one in ones)
    input = next((i for i in (Input.TEXT, Input.CHECKLIST, Input.RADIO) if i in inputs), None)
    if len(apart := [f"{i} in {n_of(count, 'dataset')}" for i, count in inputs.items() if i is not None]) > 1:
        settled.append(f"{name!r} of {owner} is {' and '.join(apart)}: {input}")
    declared = [one.declared for one in ones if one.declared is not None]
    return Question(
        name,
        input,
        _options(ones, settled),
        bool(declared) and all(q.required for q in declared),
        any(q.index for q in declared),
        any(q.classes for q in declared),
    )


def _options(ones: Sequence[MergedQuestion], settled: list[str]) -> tuple[Option, ...]:
    """Declared options. Those only answered are left to the survey, unless something is to be said of what they ask."""
    texts: dict[str, str] = {}
    below: dict[str, list[_View]] = {}
    for one in ones:
        declared = {o.value: o for o in one.declared.options} if one.declared else {}
        inferred = {o.value: o for o in one.inferred.options} if one.inferred else {}
        answered = one.answers.options if one.answers else {}
        for value in [*declared, *(v for v, nested in answered.items() if nested and v not in declared)]:
            known = declared.get(value)
            texts[value] = texts.get(value) or (known.label if known else "")
            asked = inferred[value].attributes if value in inferred else ()
            below.setdefault(value, []).append(_View(known.attributes if known else (), answered.get(value, {}), asked))
    return tuple(Option(value, text, _joined(below[value], repr(value), settled)) for value, text in texts.items())
