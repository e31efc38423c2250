"""The user's word about classes: rename, merge, drop, geometry, answers, attributes, options.

A :class:`ClassMap` is data. It stands between reader and writer: schema and items speak of the new names from there on
(:mod:`to_labelbox.rules.apply_class_map` maps the items), while the ledger keeps counting by the names of the source. It is read
from a file by :mod:`to_labelbox.rules.class_map_file`.

The names it uses must occur in the source. That is known only when everything has been read, since a source may leave its
classes undeclared: :meth:`ClassMap.check` compares them with the schema and with what was met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nlargest
from os.path import commonprefix

import msgspec
from msgspec import Struct

from to_labelbox.model.schema import Input, Kind, Label, Option, Policy, Question, Schema
from to_labelbox.model.text import cut, n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log

SHOWN = 5

COMPLAINTS = 20

MOST_COMPARED, MOST_LETTERS = 100, 100
"""Names, and letters of each, among which the nearest to an unknown one are looked for."""

Path = tuple[str, ...]
"""Where a name stands in a map: ("classes", "car", "attributes", "color", "options", "red")."""


class OptionRule(Struct, frozen=True):
    """``name`` empty keeps the name; ``attributes`` are the questions nested under the option."""

    name: str = ""
    drop: bool = False
    attributes: Mapping[str, QuestionRule] = {}
    line: int = 0


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
        labels: dict[str, Label] = {}
        for label in schema.labels:
            mapped = self._label(label, schema)
            if mapped is not None:
                known = labels.get(mapped.name)
                labels[mapped.name] = mapped if known is None else _joined_labels(known, mapped)
        return Schema(tuple(labels.values()), _schema_questions(self.questions, schema.questions))

    def _label(self, label: Label, schema: Schema) -> Label | None:
        rule = self.classes.get(label.name)
        if rule is None:
            owner, keypoint = keypoint_of(label, schema)
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
        answers = tuple(Question(name, Input.RADIO, (Option(value),)) for name, value in rule.answers)
        return Label(rule.name or label.name, label.kinds, label.color, _joined_questions(questions, answers))

    def check(self, schema: Schema, log: Log) -> None:
        """Raise :class:`UsageError` for names that are neither declared by the source nor met in it, all at once."""
        known = {*_declared(schema), *log.used_rules}
        asked = {path[1] for path in known if path[0] == "questions"}
        known |= {("classes", name) for name in log.ledger if name not in asked}
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


def keypoint_of(label: Label, schema: Schema) -> tuple[str, str]:
    """The class and the keypoint of a label that is declared for the points of a skeleton; empty where it is not."""
    owner, slash, keypoint = label.name.rpartition("/")
    if slash and label.kinds == (Kind.POINT,) and any(other.name == owner for other in schema.labels):
        return owner, keypoint
    return "", ""


def _schema_questions(rules: Mapping[str, QuestionRule], questions: Sequence[Question]) -> tuple[Question, ...]:
    found: tuple[Question, ...] = ()
    for question in questions:
        rule = rules.get(question.name, QuestionRule())
        if not rule.drop:
            options = tuple(_schema_options(rule, question.options))
            mapped = msgspec.structs.replace(question, name=rule.name or question.name, options=options)
            found = _joined_questions(found, (mapped,))
    return found


def _schema_options(rule: QuestionRule, options: Sequence[Option]) -> Iterator[Option]:
    found: dict[str, Option] = {}
    for option in options:
        new = rule.options.get(option.value, OptionRule())
        if new.drop:
            continue
        value = new.name or option.value
        shown = option.label if value == option.value else ""
        mapped = Option(value, shown, _schema_questions(new.attributes, option.attributes))
        known = found.get(value)
        found[value] = mapped if known is None else _joined_options(known, mapped)
    yield from found.values()


def _joined_labels(a: Label, b: Label) -> Label:
    """One label for two; a label that is declared for any kind makes the two be so."""
    kinds = tuple(kind for kind in Kind if kind in a.kinds or kind in b.kinds) if a.kinds and b.kinds else ()
    return Label(a.name, kinds, a.color or b.color, _joined_questions(a.attributes, b.attributes))


def _joined_questions(a: Sequence[Question], b: Sequence[Question]) -> tuple[Question, ...]:
    found = {question.name: question for question in a}
    for question in b:
        known = found.get(question.name)
        found[question.name] = question if known is None else _joined_question(known, question)
    return tuple(found.values())


def _joined_question(a: Question, b: Question) -> Question:
    options = {option.value: option for option in a.options}
    for option in b.options:
        known = options.get(option.value)
        options[option.value] = option if known is None else _joined_options(known, option)
    return Question(
        a.name,
        a.input if a.input is b.input else _wider(a.input, b.input),
        tuple(options.values()),
        a.required or b.required,
        a.index or b.index,
    )


def _wider(a: Input | None, b: Input | None) -> Input | None:
    """The type that takes the answers of both; None, to be inferred, where one of them is not declared."""
    if a is None or b is None:
        return None
    return Input.TEXT if Input.TEXT in (a, b) else Input.CHECKLIST


def _joined_options(a: Option, b: Option) -> Option:
    return Option(a.value, a.label or b.label, _joined_questions(a.attributes, b.attributes))


def _declared(schema: Schema) -> Iterator[Path]:
    """The places of all names that a source declares."""
    for label in schema.labels:
        owner, keypoint = keypoint_of(label, schema)
        path = ("classes", label.name)
        if owner:
            yield "classes", owner, "keypoints", keypoint
        yield path
        yield from _declared_questions(label.attributes, (*path, "attributes"))
    yield from _declared_questions(schema.questions, ("questions",))


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


def nearest(name: str, names: Sequence[str]) -> str:
    """The names that look most like one that is not among them, in words."""
    folded: dict[str, str] = {}
    for other in names:
        folded.setdefault(other.casefold(), other)
    wanted = name.casefold()
    from difflib import get_close_matches  # slow to load, and only needed for advice

    near = [folded[match] for match in get_close_matches(wanted, _candidates(wanted, folded), SHOWN, 0.6)]
    if near:
        return f"nearest: {', '.join(_shown(near))}"
    if not names:
        return "there is none"
    more = "…" if len(names) > SHOWN else ""
    return f"there are: {', '.join(_shown(names[:SHOWN]))}{more}"


def _candidates(wanted: str, names: Collection[str]) -> list[str]:
    """Names to be compared letter by letter, which takes the product of the lengths: few, and no long ones."""
    if len(wanted) > MOST_LETTERS:
        return []
    fitting = [name for name in names if len(name) <= MOST_LETTERS]
    if len(fitting) <= MOST_COMPARED:
        return fitting

    def likeness(name: str) -> int:
        return len(commonprefix((name, wanted))) - abs(len(name) - len(wanted))  # noqa: RUF071

    return nlargest(MOST_COMPARED, fitting, likeness)


def _shown(names: Iterable[str]) -> Iterator[str]:
    return (repr(cut(name, MOST_LETTERS)) for name in names)
