"""Which questions the ontology that is made of a source will require."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from to_labelbox.model.schema import Question, Schema
from to_labelbox.rules.class_map import Words
from to_labelbox.rules.required import of_declared
from to_labelbox.rules.settings import Settings


def demanding(settings: Settings, schema: Schema) -> Settings:
    """The settings with the questions that the ontology made of a schema will require; an existing one has set its own."""
    if settings.fit is not None:
        return settings
    rules = settings.class_map
    labels = {
        label.name: _marked(label.attributes, rules.label_words.get(label.name, {}) if rules else {})
        for label in schema.labels
        if settings.wants(label.name)
    }
    assets = _marked(schema.questions, rules.question_words if rules else {})
    required = of_declared(labels, [q for q in assets if settings.wants(q.name)])
    return replace(settings, required=required or None)


def _marked(questions: Sequence[Question], words: Words) -> list[Question]:
    """Questions as far as a class map says which are required."""
    said = {name: word.required for name, word in words.items() if word.required is not None}
    return [replace(q, required=said.get(q.name, q.required)) for q in questions]
