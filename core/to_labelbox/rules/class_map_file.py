"""Class maps as files: YAML for everything, CSV for the simple cases.

::

    classes:
      car:
        name: vehicle            # classes with one name become one
        geometry: bbox           # auto, bbox, polygon, mask or majority (one tool, of the most frequent kind)
        answers: {kind: car}     # every annotation of the class gets this answer
        attributes:
          color:
            name: colour
            type: radio          # radio, checklist or text
            required: true
            options: {red: crimson, mauve: null}
          parked: null           # left out
        keypoints: {nose: snout}
      dog: null                  # left out, counted as skipped
      lorry: truck               # short for {name: truck}
    questions:                   # about whole assets; as attributes
      weather: {name: sky}
    unknown: warn                # names that the source does not have: error (default) or warn

CSV has a header row with ``source`` and any of ``target``, ``geometry``, ``drop``, ``attribute``, ``value``; the last two
are one of ``answers``. Names are texts in both, also ``yes`` and ``1``; a text ``null`` is quoted in YAML.

The YAML is taken apart by hand and not by a typed decoder (``msgspec.convert``): that stops at the first fault and tells its
path, while somebody who mends a map of a hundred classes is served by all faults at once, each with its line.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import yaml
from msgspec import structs

from to_labelbox.model.schema import Input, Policy
from to_labelbox.model.text import n_of
from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox.rules.class_map import ClassMap, ClassRule, OptionRule, QuestionRule
from to_labelbox.rules.nearest import nearest
from to_labelbox.source.option_file import read_text, separator_of

COLUMNS = ("source", "target", "geometry", "drop", "attribute", "value")
MAX_FAULTS = 20
_TRUE = {"true": True, "yes": True, "false": False, "no": False}
_TRUE_IN_CSV = {**_TRUE, "1": True, "0": False, "": False}
_GEOMETRIES = {**{policy.value: policy.value for policy in Policy}, "majority": "majority"}
_NULL = "tag:yaml.org,2002:null"
_HALF = re.compile("[\ud800-\udfff]")

T = TypeVar("T")
R = TypeVar("R", ClassRule, QuestionRule, OptionRule)


def read_class_map(path: str | os.PathLike[str]) -> ClassMap:
    """The map in a YAML file, or in a CSV file if its name says so.

    Raises :class:`UsageError` with all faults of the file, each with its line.
    """
    path = os.fspath(path)
    text = read_text(path, f"{path}: the class map cannot be read")
    parse = _Csv(path) if path.lower().endswith(".csv") else _Yaml(path)
    rules = parse(text)
    if parse.faults:
        more = len(parse.faults) - MAX_FAULTS
        shown = parse.faults[:MAX_FAULTS] + ([f"… and {more} more"] if more > 0 else [])
        raise UsageError("\n".join(shown))
    return rules


class _Parser:
    def __init__(self, path: str) -> None:
        self.path = path
        self.faults: list[str] = []

    def fault(self, line: int, message: str) -> None:
        self.faults.append(f"{self.path}:{line}: {message}")

    def one_of(self, table: Mapping[str, T], text: str, line: int, what: str) -> T | None:
        if text in table:
            return table[text]
        self.fault(line, f"{what} {text!r}: want {', '.join(k for k in table if k)}")
        return None


# -------------------------------------------------------------------------------------------------------- YAML


class _Loader(yaml.SafeLoader):
    """Composes nodes only; anchors could make a small file a huge one, and a map has no use for them."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read here", problem_mark=event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


class _Yaml(_Parser):
    def __call__(self, text: str) -> ClassMap:
        loader = None
        try:
            loader = _Loader(text)
            root = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise UsageError(f"{self.path}:{mark.line + 1 if mark else 1}: not YAML: {in_words(error)}") from None
        except (yaml.YAMLError, RecursionError) as error:
            raise UsageError(f"{self.path}: not YAML: {in_words(error)}") from None
        finally:
            if loader is not None:
                loader.dispose()
        if root is None:
            raise UsageError(f"{self.path}: the class map is empty; it wants 'classes:' and 'questions:'")
        entries = self._entries(root, "the class map", ("classes", "questions", "unknown"))
        classes = self._rules(entries.get("classes"), "class", ClassRule, self._class)
        questions = self._rules(entries.get("questions"), "question", QuestionRule, self._question)
        unknown = self._scalar(entries["unknown"], "unknown") if "unknown" in entries else "error"
        strict = self.one_of({"error": True, "warn": False}, unknown, _line(entries.get("unknown")), "unknown:")
        _check_types(self, classes)
        return ClassMap(classes, questions, strict is not False, self.path)

    def _class(self, node: yaml.Node, line: int, name: str) -> ClassRule:
        entries = self._entries(
            node, f"class {name!r}", ("name", "drop", "geometry", "answers", "attributes", "keypoints")
        )
        geometry = None
        if "geometry" in entries:
            given = self._scalar(entries["geometry"], "geometry")
            geometry = self.one_of(_GEOMETRIES, given, _line(entries["geometry"]), "geometry:")
        policy, one_tool = _geometry(geometry)
        answers = self._names(entries.get("answers"), "answer")
        keypoints = {
            old: OptionRule("" if new is None else self._scalar(new, f"keypoint {old!r}"), new is None, line=_line(key))
            for old, (key, new) in self._pairs(entries.get("keypoints"), "keypoint").items()
        }
        for old, rule in keypoints.items():
            if any((r.name or o) == (rule.name or old) and not r.drop for o, r in keypoints.items() if o != old):
                self.fault(rule.line, f"two keypoints of {name!r} would be {rule.name or old!r}")
        return ClassRule(
            self._name(entries),
            self._flag(entries, "drop") or False,
            policy,
            answers,
            self._rules(entries.get("attributes"), "attribute", QuestionRule, self._question),
            keypoints,
            line,
            one_tool,
        )

    def _question(self, node: yaml.Node, line: int, name: str) -> QuestionRule:
        entries = self._entries(node, repr(name), ("name", "drop", "type", "required", "options"))
        input = None
        if "type" in entries:
            given = self._scalar(entries["type"], "type")
            input = self.one_of({i.value: i for i in Input}, given, _line(entries["type"]), "type:")
        options = self._rules(entries.get("options"), "option", OptionRule, self._option)
        drop = self._flag(entries, "drop") or False
        return QuestionRule(self._name(entries), drop, input, self._flag(entries, "required"), options, line)

    def _option(self, node: yaml.Node, line: int, name: str) -> OptionRule:
        entries = self._entries(node, f"option {name!r}", ("name", "drop", "attributes"))
        attributes = self._rules(entries.get("attributes"), "attribute", QuestionRule, self._question)
        return OptionRule(self._name(entries), self._flag(entries, "drop") or False, attributes, line)

    # ------------------------------------------------------------------------------------------------- nodes

    def _pairs(self, node: yaml.Node | None, what: str) -> dict[str, tuple[yaml.Node, yaml.Node | None]]:
        """Keys as texts, each with its node and its value; None for a null."""
        found: dict[str, tuple[yaml.Node, yaml.Node | None]] = {}
        if _null(node) is None:
            return found
        if not isinstance(node, yaml.MappingNode):
            self.fault(_line(node), f"{what}: want 'name: …' pairs")
            return found
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fault(_line(key), f"{what}: a name must be a text")
            elif _HALF.search(key.value):
                self.fault(_line(key), f"{what} {key.value!r}: half a character, which no text can hold")
            elif key.value in found:
                first = _line(found[key.value][0])
                self.fault(_line(key), f"{what} {key.value!r} is there twice, first on line {first}")
            else:
                found[key.value] = key, _null(value)
        return found

    def _rules(
        self, node: yaml.Node | None, what: str, kind: type[R], parse: Callable[[yaml.Node, int, str], R]
    ) -> dict[str, R]:
        """Rules by name: null leaves out, a text is the new name, anything else has entries that ``parse`` reads."""
        found: dict[str, R] = {}
        for name, (key, value) in self._pairs(node, what).items():
            if value is None:
                found[name] = kind(drop=True, line=_line(key))
            elif isinstance(value, yaml.ScalarNode):
                found[name] = kind(name=self._scalar(value, "name"), line=_line(key))
            else:
                found[name] = parse(value, _line(key), name)
        return found

    def _names(self, node: yaml.Node | None, what: str) -> tuple[tuple[str, str], ...]:
        found = []
        for name, (key, value) in self._pairs(node, what).items():
            text = "" if value is None else self._scalar(value, what)
            if not text.strip() or not name.strip():
                self.fault(_line(key), f"the {what} {name!r} is empty")
            found.append((name, text))
        return tuple(found)

    def _entries(self, node: yaml.Node, what: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for name, (key, value) in self._pairs(node, what).items():
            if name not in known:
                self.fault(_line(key), f"{what} has no entry {name!r}; {nearest(name, known)}")
            elif value is not None:
                found[name] = value
        return found

    def _scalar(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.fault(_line(node), f"{what}: want a text")
            return ""
        if _HALF.search(node.value):
            self.fault(_line(node), f"{what}: {node.value!r}: half a character, which no text can hold")
            return ""
        return str(node.value)

    def _name(self, entries: Mapping[str, yaml.Node]) -> str:
        if "name" not in entries:
            return ""
        name = self._scalar(entries["name"], "name")
        if not name.strip():
            self.fault(_line(entries["name"]), "name: is blank; to leave it out write null in place of the entry")
        return name

    def _flag(self, entries: Mapping[str, yaml.Node], name: str) -> bool | None:
        if name not in entries:
            return None
        return self.one_of(_TRUE, self._scalar(entries[name], name).lower(), _line(entries[name]), f"{name}:")


def _geometry(word: str | None) -> tuple[Policy | None, bool]:
    """The policy that is named, and whether the class is to have one tool, of the most frequent kind."""
    return (Policy(word), False) if word and word != "majority" else (None, word == "majority")


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None else 1


def _null(node: yaml.Node | None) -> yaml.Node | None:
    return None if node is not None and node.tag == _NULL else node


def _check_types(parser: _Parser, classes: Mapping[str, ClassRule]) -> None:
    """Classes that become one must not ask for two types of one attribute."""
    asked: dict[tuple[str, str], QuestionRule] = {}
    for name, rule in classes.items():
        for attribute, question in rule.attributes.items():
            if question.input is None or question.drop or rule.drop:
                continue
            target = (rule.name or name, question.name or attribute)
            first = asked.setdefault(target, question)
            if first.input is not question.input:
                message = f"{target[1]!r} of {target[0]!r} is {question.input} here and {first.input}"
                parser.fault(question.line, f"{message} on line {first.line}")


# --------------------------------------------------------------------------------------------------------- CSV


class _Csv(_Parser):
    def __call__(self, text: str) -> ClassMap:
        lines = text.splitlines(keepends=True)
        reader = csv.reader(lines, strict=True, delimiter=separator_of(lines[0] if lines else ""))
        classes: dict[str, ClassRule] = {}
        try:
            header = [column.strip().lower() for column in next(reader, [])]
            self._check_header(header)
            for row in reader:
                if any(value.strip() for value in row):
                    line = reader.line_num
                    if len(row) > len(header):
                        self.fault(line, f"{n_of(len(row), 'value')} for {n_of(len(header), 'column')}")
                        continue
                    self._row(dict(zip(header, (value.strip() for value in row))), line, classes)
        except csv.Error as error:
            raise UsageError(f"{self.path}:{reader.line_num}: not CSV: {in_words(error)}") from None
        return ClassMap(classes, file=self.path)

    def _check_header(self, header: list[str]) -> None:
        unknown = [column for column in header if column not in COLUMNS]
        if unknown or "source" not in header or len(set(header)) < len(header):
            what = f"no column {unknown[0]!r}" if unknown else "the first row must name the columns, each once"
            raise UsageError(f"{self.path}:1: {what}; a class map has source and any of {', '.join(COLUMNS[1:])}")

    def _row(self, row: Mapping[str, str], line: int, classes: dict[str, ClassRule]) -> None:
        source = row["source"]
        if not source:
            self.fault(line, "source is empty")
            return
        geometry = None
        if row.get("geometry"):
            geometry = self.one_of(_GEOMETRIES, row["geometry"], line, "geometry")
        drop = self.one_of(_TRUE_IN_CSV, row.get("drop", "").lower(), line, "drop") or False
        attribute, value = row.get("attribute", ""), row.get("value", "")
        if bool(attribute) != bool(value):
            self.fault(line, "attribute and value go together")
        answers = ((attribute, value),) if attribute and value else ()
        policy, one_tool = _geometry(geometry)
        rule = ClassRule(row.get("target", ""), drop, policy, answers, line=line, one_tool=one_tool)
        known = classes.get(source)
        if known is None:
            classes[source] = rule
        elif rule == structs.replace(known, answers=answers, line=line) and answers:
            classes[source] = structs.replace(known, answers=known.answers + answers)
        else:
            self.fault(line, f"class {source!r} is there twice, first on line {known.line}")
