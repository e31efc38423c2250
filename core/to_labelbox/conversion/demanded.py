"""Which questions the ontology that is made of a source will require."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as with_changed

from msgspec.structs import replace

from to_labelbox.model.schema import Question, Schema
from to_labelbox.rules.class_map import RulesByQuestion
from to_labelbox.rules.required import of_declared
from to_labelbox.rules.settings import Settings


def demanding(settings: Settings, schema: Schema) -> Settings:
    """The settings with the questions that the ontology made of a schema will require; an existing one has set its own."""
    if settings.fit is not None:
        return settings
    schema = settings.wanted(schema)
    rules = settings.class_map
    words = rules.label_words if rules else {}
    declared = {label.name: label.attributes for label in schema.labels}
    labels = {
        name: _marked(declared.get(name, ()), words.get(name, {}))
        for name in [*declared, *(name for name in words if name not in declared)]
        if settings.wants(name)
    }
    assets = _marked(schema.questions, rules.question_words if rules else {})
    required = of_declared(labels, [q for q in assets if settings.wants(q.name) or q.options])
    return with_changed(settings, required=required or None)


def _marked(questions: Sequence[Question], words: RulesByQuestion) -> list[Question]:
    """Questions as far as a class map says which are required."""
    said = {name: word.required for name, word in words.items() if word.required is not None}
    names = {q.name for q in questions}
    undeclared = [Question(name, required=True) for name, required in said.items() if required and name not in names]
    return [*(replace(q, required=said.get(q.name, q.required)) for q in questions), *undeclared]
