"""The user's word about classes: rename, merge, drop, geometry, answers, attributes, options.

A :class:`ClassMap` is data. It stands between reader and writer: schema and items speak of the new names from there on
(:mod:`to_labelbox.rules.apply_class_map` maps the items), while the ledger keeps counting by the names of the source. It is read
from a file by :mod:`to_labelbox.rules.class_map_file`.

The names it uses must occur in the source. That is known only when everything has been read, since a source may leave its
classes undeclared: :meth:`ClassMap.check` compares them with the schema and with what was met.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TypeVar

import msgspec
from msgspec import Struct

from to_labelbox.model.schema import Input, Kind, Label, Option, Policy, Question, Schema
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.rules.nearest import nearest

COMPLAINTS = 20


Path = tuple[str, ...]
"""Where a name stands in a map: ("classes", "car", "attributes", "color", "options", "red")."""


class OptionRule(Struct, frozen=True):
    """``name`` empty keeps the name; ``attributes`` are the questions nested under the option, ``answers`` are given below it."""

    name: str = ""
    drop: bool = False
    attributes: Mapping[str, QuestionRule] = {}
    line: int = 0
    answers: tuple[tuple[str, str], ...] = ()


class QuestionRule(Struct, frozen=True):
    """An attribute or a question about whole assets. ``input`` and ``required`` None leave it to the inference."""

    name: str = ""
    drop: bool = False
    input: Input | None = None
    required: bool | None = None
    options: Mapping[str, OptionRule] = {}
    line: int = 0


class ClassRule(Struct, frozen=True):
    """``one_tool``: all areas of what it is named become one kind, the most frequent one, where ``geometry`` names none.

    ``answers`` are given to every annotation of the class: so a class becomes an attribute of the one it is named.
    """

    name: str = ""
    drop: bool = False
    geometry: Policy | None = None
    answers: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, QuestionRule] = {}
    keypoints: Mapping[str, OptionRule] = {}
    line: int = 0
    one_tool: bool = False


class RuleInput(Struct):
    """What the user says about a question of the ontology, by its new names."""

    input: Input | None = None
    required: bool | None = None
    options: dict[str, dict[str, RuleInput]] = {}


RulesByQuestion = Mapping[str, RuleInput]


class ClassMap(Struct, frozen=True, dict=True):
    """Rules by the source's names. ``strict``: a name that the source does not have is an error, else a warning."""

    classes: Mapping[str, ClassRule] = {}
    questions: Mapping[str, QuestionRule] = {}
    strict: bool = True
    file: str = "class map"

    def __post_init__(self) -> None:
        for kind, rules in ((ClassRule, self.classes), (QuestionRule, self.questions)):
            for name, rule in rules.items():
                if not isinstance(rule, kind):
                    raise UsageError(
                        f"{self.file}: {name!r} has {rule!r}: want a {kind.__name__}, as {kind.__name__}(name='car')"
                    )

    @cached_property
    def geometry(self) -> Mapping[str, Policy]:
        """Geometry policies by class of the source."""
        return {name: rule.geometry for name, rule in self.classes.items() if rule.geometry is not None}

    @cached_property
    def one_tool(self) -> frozenset[str]:
        """New names of the classes whose areas become one kind."""
        return frozenset(rule.name or name for name, rule in self.classes.items() if rule.one_tool)

    @cached_property
    def target_geometry(self) -> Mapping[str, Policy]:
        """The same by new name, for classes of which nothing is seen; the first rule counts."""
        found: dict[str, Policy] = {}
        for name, policy in self.geometry.items():
            found.setdefault(self.classes[name].name or name, policy)
        return found

    @cached_property
    def label_words(self) -> Mapping[str, RulesByQuestion]:
        """Forced types and required marks of attributes, by new name of the class."""
        words: dict[str, dict[str, RuleInput]] = {}
        for name, rule in self.classes.items():
            _add_words(words.setdefault(rule.name or name, {}), rule.attributes)
        return words

    @cached_property
    def question_words(self) -> RulesByQuestion:
        words: dict[str, RuleInput] = {}
        _add_words(words, self.questions)
        return words

    def schema(self, schema: Schema) -> Schema:
        """What the source declares, under the new names. Labels that become one stand where the first of them stood."""
        owners = {label.name for label in schema.labels}
        mapped = (new for label in schema.labels if (new := self._label(label, owners)) is not None)
        labels = tuple(_joined_labels(alike) for alike in _by_name(mapped))
        asked = {q.name: self.question_rule(q.name, [o.value for o in q.options], q.classes) for q in schema.questions}
        return Schema(labels, _schema_questions({n: rule for n, rule in asked.items() if rule}, schema.questions))

    def question_rule(self, name: str, options: Iterable[str], are_classes: bool) -> QuestionRule | None:
        """What is said of a question about whole assets and of these of its options, which may be named as classes.

        As the report counts them: as ``question: option``, as the option where these ``are_classes``, as the question.
        """
        rule = self.questions.get(name)
        if rule is None and not are_classes and (above := self.classes.get(name)) is not None:
            rule = QuestionRule(above.name, above.drop, line=above.line)
        named = ((option, self.option_class(name, option, are_classes)) for option in options)
        found = {option: self.classes[label] for option, label in named if label in self.classes}
        if not found:
            return rule
        rule = rule or QuestionRule()
        own = {o: _as_option(name, o, known, rule.options.get(o, OptionRule())) for o, known in found.items()}
        return msgspec.structs.replace(rule, options={**rule.options, **own})

    def option_class(self, question: str, option: str, is_class: bool) -> str:
        """The class as which an option of a question can be named."""
        full = f"{question}: {option}"
        return option if is_class and full not in self.classes else full

    def words_of(self, questions: Iterable[Question]) -> RulesByQuestion:
        """Forced types and required marks of questions about whole assets, those of options that are classes among them."""
        words = dict(self.question_words)
        for question in questions:
            if question.classes:
                own = words.get(question.name, RuleInput())
                below = {name: dict(rules) for name, rules in self.label_words.items()}
                words[question.name] = RuleInput(own.input, own.required, below | own.options)
        return words

    def new_names(self, name: str) -> set[str]:
        """What a class of the report is called behind the map; nothing where it is left out."""
        rule = self.classes.get(name)
        found = {name} if rule is None else {rule.name or name} if not rule.drop else set()
        for question, asked in self.questions.items():
            new = asked.name or question
            option = name.removeprefix(f"{question}: ")
            known = asked.options.get(option)
            if asked.drop and (name == question or option != name):
                return set()
            if name == question:
                found = {new}
            elif known is not None:
                found = {known.name or option} if option == name else {f"{new}: {known.name or option}"}
                found = set() if known.drop else found
            elif option != name:
                found = {f"{new}: {option}"}
        return found

    def _label(self, label: Label, owners: Container[str]) -> Label | None:
        rule = self.classes.get(label.name)
        if rule is None:
            owner, keypoint = keypoint_of(label, owners)
            above = self.classes.get(owner)
            if above is None:
                return label
            point = above.keypoints.get(keypoint, OptionRule())
            if above.drop or point.drop:
                return None
            return msgspec.structs.replace(label, name=f"{above.name or owner}/{point.name or keypoint}")
        if rule.drop:
            return None
        questions = _schema_questions(rule.attributes, label.attributes)
        return Label(rule.name or label.name, label.kinds, label.color, _with_answers(questions, rule.answers))

    def check(self, schema: Schema, log: Log) -> None:
        """Raise :class:`UsageError` for names that are neither declared by the source nor met in it, all at once."""
        known = {*_declared(schema), *log.used_rules}
        known |= {("classes", name) for name in log.ledger}
        known |= {("questions", name) for name in log.ledger}
        unknown = [(path, line) for path, line in _paths(self) if path not in known]
        messages = [
            f"{self.file}{f':{line}' if line else ''}: {_complaint(path, known)}" for path, line in unknown[:COMPLAINTS]
        ]
        more = len(unknown) - len(messages)
        if messages and self.strict:
            remedy = "Correct the names, or say 'unknown: warn' in the map if it serves several sources"
            raise UsageError("\n".join([*messages, *([f"… and {more:,} more"] if more else []), remedy]))
        for message in messages:
            log.note(Code.MAP_UNUSED, message)
        if more:
            log.note(
                Code.MAP_UNUSED,
                f"{self.file}: {n_of(more, 'more name that is', 'more names that are')} not in the source",
                count=more,
            )


def option_names(question: Question, option: str) -> tuple[str, ...]:
    """The names by which an option can be named: its question's, both, and its own where the options are classes."""
    return question.name, f"{question.name}: {option}", *((option,) if question.classes else ())


def _add_words(words: dict[str, RuleInput], rules: Mapping[str, QuestionRule]) -> None:
    for name, rule in rules.items():
        if rule.drop:
            continue
        word = words.setdefault(rule.name or name, RuleInput(options={}))
        word.input = rule.input or word.input
        word.required = word.required if rule.required is None else rule.required
        for value, option in rule.options.items():
            if not option.drop:
                _add_words(word.options.setdefault(option.name or value, {}), option.attributes)


def keypoint_of(label: Label, owners: Container[str]) -> tuple[str, str]:
    """The class and the keypoint of a label that is declared for the points of a skeleton of one of ``owners``; empty where it is not."""
    owner, slash, keypoint = label.name.rpartition("/")
    return (owner, keypoint) if slash and label.kinds == (Kind.POINT,) and owner in owners else ("", "")


def _as_option(question: str, option: str, rule: ClassRule, own: OptionRule) -> OptionRule:
    """The rule of an option that is named as a class; what is said of it as an option comes first, where it changes anything."""
    return OptionRule(
        own.name if own.name not in ("", option) else rule.name.removeprefix(f"{question}: "),
        rule.drop or own.drop,
        {**rule.attributes, **own.attributes},
        own.line or rule.line,
        rule.answers,
    )


def _with_answers(questions: Iterable[Question], answers: Iterable[tuple[str, str]]) -> tuple[Question, ...]:
    """Questions, and those that the answers of a rule make."""
    given = (Question(name, Input.RADIO, (Option(value),)) for name, value in answers)
    return _joined_questions((*questions, *given))


def _schema_questions(rules: Mapping[str, QuestionRule], questions: Sequence[Question]) -> tuple[Question, ...]:
    found = []
    for question in questions:
        rule = rules.get(question.name, QuestionRule())
        if not rule.drop:
            options = tuple(map(_joined_options, _by_name(_schema_options(rule, question.options))))
            found.append(msgspec.structs.replace(question, name=rule.name or question.name, options=options))
    return _joined_questions(found)


def _schema_options(rule: QuestionRule, options: Sequence[Option]) -> Iterator[Option]:
    for option in options:
        new = rule.options.get(option.value, OptionRule())
        if not new.drop:
            value = new.name or option.value
            shown = option.label if value == option.value else ""
            below = _schema_questions(new.attributes, option.attributes)
            yield Option(value, shown, _with_answers(below, new.answers))


T = TypeVar("T", Label, Question, Option)


def _by_name(things: Iterable[T]) -> Iterable[list[T]]:
    """Those of one name, or value, together."""
    found: dict[str, list[T]] = {}
    for thing in things:
        found.setdefault(thing.value if isinstance(thing, Option) else thing.name, []).append(thing)
    return found.values()


def _joined_labels(labels: Sequence[Label]) -> Label:
    """One label for several; one that is declared for any kind makes them all be so."""
    if len(labels) == 1:
        return labels[0]
    kinds = {kind for label in labels for kind in label.kinds} if all(label.kinds for label in labels) else ()
    questions = _joined_questions(question for label in labels for question in label.attributes)
    color = next((label.color for label in labels if label.color), labels[0].color)
    return Label(labels[0].name, tuple(kind for kind in Kind if kind in kinds), color, questions)


def _joined_questions(questions: Iterable[Question]) -> tuple[Question, ...]:
    return tuple(map(_joined_question, _by_name(questions)))


def _joined_question(questions: Sequence[Question]) -> Question:
    if len(questions) == 1:
        return questions[0]
    options = _by_name(option for question in questions for option in question.options)
    return Question(
        questions[0].name,
        _widest({question.input for question in questions}),
        tuple(map(_joined_options, options)),
        any(question.required for question in questions),
        any(question.index for question in questions),
        any(question.classes for question in questions),
    )


def _widest(inputs: AbstractSet[Input | None]) -> Input | None:
    """The type that takes the answers of all; None, to be inferred, where one of them is not declared."""
    if None in inputs:
        return None
    if len(inputs) == 1:
        return next(iter(inputs))
    return Input.TEXT if Input.TEXT in inputs else Input.CHECKLIST


def _joined_options(options: Sequence[Option]) -> Option:
    if len(options) == 1:
        return options[0]
    shown = next((option.label for option in options if option.label), "")
    return Option(
        options[0].value, shown, _joined_questions(question for option in options for question in option.attributes)
    )


def _declared(schema: Schema) -> Iterator[Path]:
    """The places of all names that a source declares."""
    owners = {label.name for label in schema.labels}
    for label in schema.labels:
        owner, keypoint = keypoint_of(label, owners)
        path = ("classes", label.name)
        if owner:
            yield "classes", owner, "keypoints", keypoint
        yield path
        yield from _declared_questions(label.attributes, (*path, "attributes"))
    yield from _declared_questions(schema.questions, ("questions",))
    for question in schema.questions:
        for option in question.options:
            yield "classes", f"{question.name}: {option.value}"
            if question.classes:
                yield "classes", option.value


def _declared_questions(questions: Sequence[Question], under: Path) -> Iterator[Path]:
    for question in questions:
        path = (*under, question.name)
        yield path
        for option in question.options:
            yield (*path, "options", option.value)
            yield from _declared_questions(option.attributes, (*path, "options", option.value, "attributes"))


def _paths(rules: ClassMap) -> Iterator[tuple[Path, int]]:
    """The places of all names in a map, with their lines; nothing below a name that is dropped."""
    for name, rule in rules.classes.items():
        path = ("classes", name)
        yield path, rule.line
        yield from _question_paths(rule.attributes, (*path, "attributes"))
        for keypoint, point in rule.keypoints.items():
            yield (*path, "keypoints", keypoint), point.line
    yield from _question_paths(rules.questions, ("questions",))


def _question_paths(rules: Mapping[str, QuestionRule], under: Path) -> Iterator[tuple[Path, int]]:
    for name, rule in rules.items():
        path = (*under, name)
        yield path, rule.line
        for value, option in rule.options.items():
            yield (*path, "options", value), option.line
            yield from _question_paths(option.attributes, (*path, "options", value, "attributes"))


_WHAT = {
    "classes": "class",
    "attributes": "attribute",
    "keypoints": "keypoint",
    "options": "option",
    "questions": "question",
}


def _complaint(path: Path, known: Collection[Path]) -> str:
    """One unknown name: what it is meant to be, of what, and the names that are nearest to it, or that there are."""
    *above, name = path
    siblings = sorted(other[-1] for other in known if other[:-1] == tuple(above))
    owner = f" of {path[-3]!r}" if len(path) > 2 else " in the source"
    return f"no {_WHAT[above[-1]]} {name!r}{owner}; {nearest(name, siblings)}"
