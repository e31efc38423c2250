"""A class map of everything that a source holds, to be edited. As it is written, it changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import yaml

from to_labelbox.model.schema import Input, Question, Schema
from to_labelbox.model.survey import INSTANCE, VISIBILITY, Answers, Survey
from to_labelbox.model.text import display
from to_labelbox.ontology.infer import Ontology, Tool
from to_labelbox.report.log import UNNAMED, UNREADABLE, Ledger
from to_labelbox.rules.class_map import keypoint_of

LONG = 100
"""A longer key is written as ``? key``: YAML takes plain keys of up to 1,024 characters."""

HEAD = """\
# Names to change, for --class-map FILE. As it stands, this map changes nothing: edit what you need, delete the rest.
#
#   car: vehicle                        rename; classes that get one name become one
#   car: null                           leave out (counted as skipped)
#   car:
#     name: vehicle
#     geometry: bbox                    auto, bbox, polygon, mask or majority (one tool)
#     answers: {kind: car}              every annotation of the class gets this answer:
#                                       so `car` becomes the option of a question about `vehicle`
#     attributes:
#       color:
#         name: colour
#         type: radio                   radio, checklist or text
#         required: true
#         options: {red: crimson, mauve: null}
#     keypoints: {nose: snout}
#
# A name that the source does not have is an error; add `unknown: warn` if one map serves several sources.
"""


def template(source: str, schema: Schema, ontology: Ontology, survey: Survey, ledger: Ledger) -> str:
    """YAML with every class, attribute, option and question of a source under its own name, with counts and kinds."""
    lines = [HEAD + f"# Source: {display(' '.join(source.split()))}", ""]
    keypoints = _keypoints(schema, survey)
    points = {f"{owner}/{point}" for owner, names in keypoints.items() for point in names}
    tools: dict[str, list[Tool]] = {}
    for tool in ontology.tools:
        if tool.label not in points:
            tools.setdefault(tool.label, []).append(tool)
    asked = {q.name for q in schema.questions}
    questions = {
        c.source: c.question
        for c in ontology.classifications
        if c.source in ledger
        or c.source in asked
        or any(f"{c.source}: {o.value}" in ledger for o in c.question.options)
    }
    answers = {n: _counted(n, q, schema, ledger, tools) for n, q in questions.items()}
    listed = {name for counted in answers.values() for name in counted.values()} | questions.keys()
    labels = dict.fromkeys([*tools, *keypoints, *(n for n in ledger if n not in listed)])
    names = [n for n in labels if n not in (UNNAMED, UNREADABLE) and n.strip()]
    lines.append("classes:" if names else "classes: {}")
    declared = {(label.name, q.name) for label in schema.labels for q in label.attributes}
    for name in names:
        attributes = {
            q.name: q
            for tool in tools.get(name, ())
            for q in tool.classifications
            if q.name not in (INSTANCE, VISIBILITY) or (name, q.name) in declared
        }
        seen = survey.attributes.get(name, {})
        below = list(_nested("attributes", attributes.values(), seen, 2)) + _points(keypoints.get(name, ()))
        lines += _entry(name, 1, below, f"{_count(name, ledger)}{_kinds(tools.get(name, ()), survey)}")
    lines.append("questions:" if questions else "questions: {}")
    for name, question in questions.items():
        counted = answers[name]
        total = sum(ledger[label].read for label in {*counted.values(), *([name] if name in ledger else [])})
        counts = {option: _count(label, ledger) for option, label in counted.items()}
        lines += _question(question, survey.questions.get(name), 1, f"{_annotations(total)}, ", counts)
    return "\n".join(lines) + "\n"


def _keypoints(schema: Schema, survey: Survey) -> dict[str, list[str]]:
    """Names of keypoints by class: those declared, then those met."""
    found: dict[str, list[str]] = {}
    owners = {label.name for label in schema.labels}
    declared = [keypoint_of(label, owners) for label in schema.labels]
    met = [(owner, label[len(owner) + 1 :]) for label, owner in survey.keypoints.items()]
    for owner, point in (*declared, *met):
        if owner and point not in found.setdefault(owner, []):
            found[owner].append(point)
    return found


def _counted(name: str, question: Question, schema: Schema, ledger: Ledger, tools: Collection[str]) -> dict[str, str]:
    """Options of a question with the class as which they count, and nothing else does."""
    classes = any(q.classes for q in schema.questions if q.name == name)
    found: dict[str, str] = {}
    for option in question.options:
        own = f"{name}: {option.value}"
        label = own if own in ledger else option.value if classes else ""
        if label in ledger and label not in tools:
            found[option.value] = label
    return found


def _count(name: str, ledger: Ledger) -> str:
    return _annotations(ledger[name].read if name in ledger else 0)


def _annotations(count: int) -> str:
    return f"{count:,} annotation{'' if count == 1 else 's'}"


def _kinds(tools: Sequence[Tool], survey: Survey) -> str:
    kinds = [f"{survey.shapes[t.label, t.kind]:,} {t.kind}" for t in tools if survey.shapes.get((t.label, t.kind))]
    return f", written as {', '.join(kinds)}" if kinds else ""


def _points(names: Collection[str]) -> list[str]:
    return ["    keypoints:", *(line for name in names for line in _entry(name, 3, [], ""))] if names else []


def _nested(title: str, questions: Collection[Question], seen: dict[str, Answers], depth: int) -> Iterator[str]:
    if questions:
        yield f"{'  ' * depth}{title}:"
        for question in questions:
            yield from _question(question, seen.get(question.name), depth + 1, "")


def _question(
    question: Question, seen: Answers | None, depth: int, remark: str, counts: Mapping[str, str] = {}
) -> list[str]:
    """A flag has no options here: naming them would make it a question that is answered with yes alone."""
    below: list[str] = []
    if question.input is not Input.TEXT and question.options and not (seen and seen.flag):
        below.append(f"{'  ' * (depth + 1)}options:")
        for option in question.options:
            nested = seen.options.get(option.value, {}) if seen else {}
            below += _entry(
                option.value,
                depth + 2,
                list(_nested("attributes", option.attributes, nested, depth + 3)),
                counts.get(option.value, ""),
            )
    return _entry(question.name, depth, below, f"{remark}{question.input or Input.TEXT}")


def _entry(name: str, depth: int, below: Sequence[str], remark: str) -> list[str]:
    """``name: name``, or with entries below it ``name:`` and ``name: name`` among them."""
    space, key = "  " * depth, _scalar(name)
    comment = f"  # {remark}" if remark else ""
    head = f"{space}{key}:" if len(key) <= LONG else f"{space}? {key}\n{space}:"
    if not below:
        return [f"{head} {key}{comment}"]
    return [f"{head}{comment}", f"{space}  name: {key}", *below]


def _scalar(text: str) -> str:
    """A text on one line, quoted where YAML would take it for something else."""
    shown = text.isprintable()
    dumped = yaml.safe_dump(text, allow_unicode=shown, width=1 << 30, default_style=None if shown else '"')
    return str(dumped).removesuffix("...\n").strip("\n")
