"""Items that fit an existing ontology: nothing is invented, and what does not fit is said, with counts and near names.

Names are matched exactly, else as an inferred ontology spells them (:func:`clean_name`); a class map that comes before says
which name stands for which. A label whose tools hold boxes, polygons or masks alone is written as that kind. A label without
a tool is skipped; an answer without a question or an option is left out of its annotation, which then counts as approximated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Box,
    Choice,
    Classification,
    Item,
    Keyframe,
    Object,
    Polygon,
    Relationship,
    Scalar,
    Track,
    Value,
)
from to_labelbox.model.schema import Input, Kind, Policy, Question
from to_labelbox.model.survey import add_counts, text_of
from to_labelbox.ontology.infer import ByLabel, Ontology, clean_name
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log, class_of
from to_labelbox.rules.nearest import Nearest, nearest
from to_labelbox.rules.ontology_index import AREAS, OntologyIndex
from to_labelbox.rules.required import of_fit
from to_labelbox.rules.settings import Settings

Attributes = tuple[Attribute, ...]


def index_of(ontology: Ontology) -> OntologyIndex:
    """The form in which annotations are held against an ontology."""
    questions = {(c.source, c.question.index): c.question for c in ontology.classifications}
    for name, question in ontology.by_part.items():
        if question.index:
            questions.setdefault((name, True), question)
    shapes = ByLabel((shape, tool.classifications) for shape, tool in ontology.by_shape.items())
    return OntologyIndex(shapes, questions)


def settings_for(ontology: Ontology, settings: Settings) -> Settings:
    """The settings under which items fit; what the user says about geometry beats what the ontology suggests."""
    fit = index_of(ontology)
    required = of_fit(fit)
    chosen = settings.class_geometry
    if settings.geometry is Policy.AUTO:
        chosen = {**fit.policies, **settings.class_geometry}
    return dataclasses.replace(settings, class_geometry=chosen, fit=fit, required=required or None)


def fit_to_ontology(fit: OntologyIndex, items: Iterator[Item], log: Log) -> Iterator[Item]:
    """The items as far as they fit. What does not is skipped, or left out with a note."""
    return map(OntologyFitter(fit, log).item, items)


def spelled(name: str, known: Container[str]) -> str:
    """A source's name as an ontology spells it. Of two names that are cleaned to one, nobody can know which it is there."""
    if name in known:
        return name
    cleaned = clean_name(name)
    return cleaned if cleaned in known and f"{cleaned} 2" not in known else name


class OntologyFitter:
    def __init__(self, fit: OntologyIndex, log: Log) -> None:
        self._fit = fit
        self._log = log
        self._labels = {label for label, _ in fit.shapes}
        self._questions = {part: {name for name, index in fit.questions if index == part} for part in (False, True)}

    def item(self, item: Item) -> Item:
        self._item = item
        self._answered: dict[tuple[str, str | None], str] = {}
        self._lost: list[str] = []
        found = [new for old in item.annotations if (new := self._annotation(old)) is not None]
        return msgspec.structs.replace(item, annotations=found)

    def _annotation(self, old: Annotation) -> Annotation | None:
        """Whether a relationship fits is asked where relationships are written, if they are at all."""
        self._lost = []
        if isinstance(old, Classification):
            return self._classification(old)
        return old if isinstance(old, Relationship) else self._labelled(old)

    def _skip(self, annotation: Annotation, what: str, message: str) -> None:
        add_counts(self._log.missing_in_ontology, {what: 1})
        self._log.skip_annotation(Code.NOT_IN_ONTOLOGY, message, annotation, self._item.origin)

    def _note_lost(self, annotation: Annotation) -> None:
        for what in self._lost:
            add_counts(self._log.missing_in_ontology, {what: 1})
        said = sentences.NO_SUCH_TOOL(names=", ".join(dict.fromkeys(self._lost)))
        self._log.note_annotation(*said, annotation, self._item.origin)

    def _nearest(self, name: str, names: Iterable[str]) -> str:
        """The nearest names in words, looked for where somebody will read them."""
        return nearest(name, sorted(names)) if self._log.wants(Code.NOT_IN_ONTOLOGY) else ""

    # ------------------------------------------------------------------------------------------- objects, tracks

    def _labelled(self, old: Object | Track) -> Annotation | None:
        label = spelled(old.label, self._fit.kinds)
        if label != old.label:
            old = msgspec.structs.replace(old, label=label, ledger_label=class_of(old))
        kinds = self._fit.kinds.get(label, frozenset()) - {Kind.RELATIONSHIP}
        if not kinds:
            message = f"the ontology has no tool {label!r}; {self._nearest(label, self._labels)}"
            self._skip(old, f"tool {label!r}", message)
            return None
        questions = self._fit.asked.get(label, {})
        attributes = self._attributes(questions, old.attributes, label)
        if isinstance(old, Track):
            segments = tuple(
                tuple(self._keyframe(questions, key, label) for key in segment) for segment in old.segments
            )
            new: Object | Track = msgspec.structs.replace(old, attributes=attributes, segments=segments)
        else:
            new = _drawable(msgspec.structs.replace(old, attributes=attributes), kinds)
        if self._lost:
            self._note_lost(old)
            new = msgspec.structs.replace(new, loss=True)
        return new

    # ------------------------------------------------------------------------------------------------- answers

    def _keyframe(self, questions: Mapping[str, Question], key: Keyframe, label: str) -> Keyframe:
        """An answer that does not fit takes back the one before it, which it has replaced."""
        kept = self._attributes(questions, key.attributes, label)
        said = {a.name for a in kept}
        named = (spelled(a.name, questions) for a in key.attributes)
        gone = {name: None for name in named if name in questions and name not in said}
        return Keyframe(key.frame, key.geometry, (*kept, *(Attribute(name, "") for name in gone)))

    def _attributes(self, questions: Mapping[str, Question], given: Attributes, owner: str) -> Attributes:
        found: list[Attribute] = []
        for attribute in given:
            if attribute.value in ("", ()):
                continue
            name = spelled(attribute.name, questions)
            question = questions.get(name)
            if question is None:
                self._lost.append(f"{name!r} of {owner!r}")
                continue
            if question.input is Input.RADIO and any(other.name == name for other in found):
                self._lost.append(f"a further answer to the radio {name!r} of {owner!r}")
                continue
            value = self._value(question, attribute.value, f"{name!r} of {owner!r}")
            if value is not None:
                found.append(msgspec.structs.replace(attribute, name=name, value=value))
        return tuple(found)

    def _value(self, question: Question, value: Value, owner: str) -> Value | None:
        """The answer as far as it fits; None when nothing of it does."""
        options = {option.value: option for option in question.options}
        fitting: list[Scalar | Choice] = []
        for one in value if isinstance(value, tuple) else (value,):
            text = one.value if isinstance(one, Choice) else text_of(one)
            nested = one.attributes if isinstance(one, Choice) else ()
            if question.input is Input.TEXT:
                self._lost += [f"{a.name!r} below the text {owner}" for a in nested]
                fitting.append(one.value if isinstance(one, Choice) else one)
            elif not text.strip():
                continue
            elif (option := spelled(text, options)) not in options:
                self._lost.append(f"option {text!r} of {owner}")
            elif question.input is Input.RADIO and fitting:
                self._lost.append(f"a further answer to the radio {owner}")
            else:
                below = {q.name: q for q in options[option].attributes}
                kept = self._attributes(below, nested, f"{option} in {owner}")
                fitting.append(Choice(option, kept) if isinstance(one, Choice) else one if option == text else option)
        if not fitting:
            return None
        if isinstance(value, tuple) and question.input is not Input.RADIO:
            return tuple(one if isinstance(one, Choice) else text_of(one) for one in fitting)
        return fitting[0]

    def _classification(self, old: Classification) -> Classification | None:
        part = bool(old.frames or old.times or old.message is not None)
        name = spelled(old.name, self._questions[part])
        if name != old.name:
            old = msgspec.structs.replace(old, name=name, ledger_label=class_of(old))
        question = self._fit.questions.get((name, part))
        if question is None:
            names = (n for n, index in self._fit.questions if index == part)
            scope = " for frames, times or messages" if part else ""
            message = f"the ontology has no question {name!r}{scope}; {self._nearest(name, names)}"
            self._skip(old, f"question {name!r}{scope}", message)
            return None
        value = self._value(question, old.value, repr(name))
        if value is None:
            if not self._lost:
                return old  # an empty answer is the writer's to skip
            self._skip(old, self._lost[0], f"the ontology has no {', '.join(self._lost)}")
            return None
        if question.input is Input.RADIO and not old.frames and not old.times:
            text = value.value if isinstance(value, Choice) else str(value)
            first = self._answered.setdefault((name, old.message), text)
            if first != text:
                message = f"{text!r} is left out: the radio {name!r} is answered with {first!r} already"
                self._skip(old, f"a further answer to the radio {name!r}", message)
                return None
        if self._lost:
            self._note_lost(old)
        return msgspec.structs.replace(old, value=value, loss=old.loss or bool(self._lost))


def _drawable(obj: Object, kinds: frozenset[Kind]) -> Object:
    """A box as the outline of its corners, where the label has tools for outlines but none for boxes."""
    box = obj.geometry
    if not isinstance(box, Box) or Kind.BOX in kinds or not kinds & AREAS:
        return obj
    right, bottom = box.left + box.width, box.top + box.height
    corners = [box.left, box.top, right, box.top, right, bottom, box.left, bottom]
    return msgspec.structs.replace(obj, geometry=Polygon(((corners,),)), box=box)


# ------------------------------------------------------------------------------------------------- differences


class Difference(Struct):
    """Something that an ontology lacks: ``what`` it is, ``name``, ``of`` which owner, and the names nearest to it."""

    what: str
    name: str
    of: str
    detail: str

    @property
    def named(self) -> str:
        return f"{self.what} {self.name!r}" + (f" of {self.of}" if self.of else "")

    def __str__(self) -> str:
        return f"{self.named}: {self.detail}"


def differences(needed: Ontology, existing: Ontology) -> list[Difference]:
    """What would have to be added to an ontology so that everything of another fits; empty when all does."""
    fit = index_of(existing)
    near = Nearest(sorted({label for label, _ in fit.shapes}))
    names = {part: {n for n, index in fit.questions if index == part} for part in (False, True)}
    asked = {part: Nearest(sorted(known)) for part, known in names.items()}
    found: list[Difference] = []
    for tool in needed.tools:
        label = spelled(tool.label, fit.kinds)
        questions = fit.shapes.get((label, tool.kind))
        if questions is None:
            kinds = fit.kinds.get(label)
            detail = f"it is there as {', '.join(sorted(kinds))}" if kinds else near.to(tool.label)
            found.append(Difference(f"{tool.kind} tool", tool.label, "", detail))
        else:
            found += _missing(tool.classifications, questions, repr(tool.label))
    for classification in needed.classifications:
        question = classification.question
        there = fit.questions.get((spelled(classification.source, names[question.index]), question.index))
        if there is None:
            scope = "question for parts of an asset" if question.index else "question"
            found.append(Difference(scope, classification.source, "", asked[question.index].to(classification.source)))
        else:
            found += _compare(question, there, "")
    return found


def _missing(needed: Sequence[Question], existing: Sequence[Question], owner: str) -> Iterator[Difference]:
    known = {q.name: q for q in existing}
    near = Nearest(sorted(known))
    for question in needed:
        there = known.get(spelled(question.name, known))
        if there is None:
            yield Difference(f"{question.input} question", question.name, owner, near.to(question.name))
        else:
            yield from _compare(question, there, owner)


def _compare(needed: Question, existing: Question, owner: str) -> Iterator[Difference]:
    inside = f"{needed.name!r}{f' of {owner}' if owner else ''}"
    if needed.input is not existing.input:
        yield Difference("question", needed.name, owner, f"it is {existing.input} there and {needed.input} here")
    if existing.input is Input.TEXT:
        return
    known = {o.value: o for o in existing.options}
    near = Nearest(sorted(known))
    for option in needed.options:
        there = known.get(spelled(option.value, known))
        if there is None:
            yield Difference("option", option.value, inside, near.to(option.value))
        else:
            yield from _missing(option.attributes, there.attributes, f"{option.value!r} in {inside}")
