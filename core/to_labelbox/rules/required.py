"""Questions that an ontology requires, and which of them have no answer.

The sentence about one is made here alone, so that a conversion and the check of its output say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from to_labelbox.model.items import Attribute, Choice
from to_labelbox.model.schema import Kind, Question
from to_labelbox.model.survey import text_of
from to_labelbox.rules.ontology_index import OntologyIndex

ASSET = "the asset"


def unanswered(question: str, owner: str) -> str:
    """What is said of a required question without an answer; see :func:`label_owner` and :func:`option_owner`."""
    return f"{question!r} of {owner} is required by the ontology and has no answer"


def label_owner(label: str) -> str:
    return repr(label)


def option_owner(option: str, question: str) -> str:
    """The owner of a question below an option."""
    return f"{option!r} in {question!r}"


class Required(Struct, frozen=True):
    """Questions that are required or have required ones below an option: by label and kind (None: any), and of assets."""

    shapes: Mapping[tuple[str, Kind | None], tuple[Question, ...]]
    assets: tuple[Question, ...]

    def of(self, label: str, kind: Kind) -> tuple[Question, ...]:
        return self.shapes.get((label, kind)) or self.shapes.get((label, None), ())

    def __bool__(self) -> bool:
        return bool(self.shapes or self.assets)


def of_fit(fit: OntologyIndex) -> Required:
    """What an existing ontology requires."""
    shapes: dict[tuple[str, Kind | None], tuple[Question, ...]] = {}
    shapes.update((shape, found) for shape, questions in fit.shapes.items() if (found := _demanding(questions)))
    return Required(shapes, _demanding(q for (_, index), q in fit.questions.items() if not index))


def of_declared(labels: Mapping[str, Sequence[Question]], assets: Iterable[Question]) -> Required:
    """What the ontology that is made of these declared questions will require."""
    shapes: dict[tuple[str, Kind | None], tuple[Question, ...]] = {}
    shapes.update(((label, None), found) for label, questions in labels.items() if (found := _demanding(questions)))
    return Required(shapes, _demanding(q for q in assets if not q.index))


def _demanding(questions: Iterable[Question]) -> tuple[Question, ...]:
    return tuple(q for q in questions if q.required or any(_demanding(o.attributes) for o in q.options))


def missing(questions: Iterable[Question], given: Sequence[Attribute], owner: str) -> Iterator[str]:
    """The sentence of each required question that ``given`` leaves unanswered, at every depth."""
    for question in questions:
        values = [
            v for a in given if a.name == question.name for v in (a.value if isinstance(a.value, tuple) else (a.value,))
        ]
        texts = [v.value if isinstance(v, Choice) else text_of(v) for v in values]
        if question.required and not any(text.strip() for text in texts):
            yield unanswered(question.name, owner)
        below = {o.value: o.attributes for o in question.options}
        for text, value in zip(texts, values):
            nested = value.attributes if isinstance(value, Choice) else ()
            yield from missing(_demanding(below.get(text, ())), nested, option_owner(text, question.name))
