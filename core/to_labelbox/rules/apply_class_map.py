"""Items under the names of a class map. What the map leaves out is closed as skipped or counts as approximated.

Answers pass ``--include`` and ``--exclude`` here too, under the new names: what they count as is known by those of the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from to_labelbox.model.items import (
    Annotation,
    Attribute,
    Choice,
    Classification,
    Geometry,
    Item,
    Keyframe,
    Keypoints,
    Object,
    Relationship,
    Scalar,
    Track,
    Value,
)
from to_labelbox.model.schema import Input
from to_labelbox.model.survey import text_of
from to_labelbox.model.tables import Rows
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.rules.class_map import ClassMap, ClassRule, OptionRule, Path, QuestionRule
from to_labelbox.rules.settings import Settings

Attributes = tuple[Attribute, ...]

BY_MAP = "the class map"
BY_PATTERN = "--include/--exclude"


def mapped(settings: Settings, items: Iterator[Item], log: Log) -> Iterator[Item]:
    """The items under the new names, with the answers that are wanted. What is dropped, and the names that are met, goes into the log."""
    mapper = _Mapper(settings, log)
    return map(mapper.item if settings.class_map is not None else mapper.answered, items)


class _Mapper:
    def __init__(self, settings: Settings, log: Log) -> None:
        self._rules = settings.class_map or ClassMap()
        self._settings = settings
        self._log = log
        self._met = log.used_rules

    def answered(self, item: Item) -> Item:
        """An item of which only answers may change."""
        if isinstance(item.annotations, Rows) or not any(isinstance(a, Classification) for a in item.annotations):
            return item
        return self.item(item)

    def item(self, item: Item) -> Item:
        self._item = item
        self._answered: dict[tuple[str, str | None], str] = {}
        found = [new for old in item.annotations if (new := self._annotation(old)) is not None]
        return msgspec.structs.replace(item, annotations=found)

    def _annotation(self, old: Annotation) -> Annotation | None:
        self._lost: list[str] = []
        if not isinstance(old, Classification):
            new: Annotation | None = self._labelled(old)
            self._note_lost(old, new, BY_MAP)
            return new
        is_class = isinstance(old.value, str | Choice) and old.ledger_label == _text(old.value)
        answer = self._classification(old, is_class)
        self._note_lost(old, answer, BY_MAP)
        if answer is not None and self._settings.filtered:
            self._lost = []
            answer = self._wanted(answer, is_class)
            self._note_lost(old, answer, BY_PATTERN)
        return answer

    def _note_lost(self, old: Annotation, new: Annotation | None, by: str) -> None:
        if self._lost and new is not None:
            message = f"left out by {by}: {', '.join(dict.fromkeys(self._lost))}"
            self._log.note_annotation(Code.EXCLUDED, message, old, self._item.origin)

    def _wanted(self, answer: Classification, is_class: bool) -> Classification | None:
        """The answer as far as ``--include`` and ``--exclude`` take its question, its options and what these count as."""
        if answer.free_text:
            kept = [answer.value] if self._settings.wants(answer.name) else []
            name = answer.name
        else:
            given = answer.value if isinstance(answer.value, tuple) else (answer.value,)
            texts = {_text(one): one for one in given}
            names = {text: (answer.name, f"{answer.name}: {text}", *((text,) if is_class else ())) for text in texts}
            kept = [one for text, one in texts.items() if self._settings.wants(*names[text])]
            self._lost += [f"option {text!r}" for text in texts if texts[text] not in kept]
            name = next((names[text][-1] for text in texts), answer.name) if len(texts) == 1 else answer.name
        if not kept:
            self._skip(answer, f"class {name!r} is left out by {BY_PATTERN}")
            return None
        if not self._lost:
            return answer
        return msgspec.structs.replace(answer, value=tuple(kept), loss=True)

    def _skip(self, annotation: Annotation, message: str) -> None:
        self._log.skip_annotation(Code.EXCLUDED, message, annotation, self._item.origin)

    # ------------------------------------------------------------------------------------ objects, tracks, links

    def _labelled(self, old: Object | Track | Relationship) -> Annotation | None:
        path: Path = ("classes", old.label)
        self._met.add(path)
        rule = self._rules.classes.get(old.label)
        owner, _, element = old.label.rpartition("/")
        point = OptionRule()
        if rule is None and owner and owner == old.ledger_label:
            # a point of a skeleton that is an annotation of its own
            path, rule = ("classes", owner), self._rules.classes.get(owner)
            self._met.add((*path, "keypoints", element))
            point = rule.keypoints.get(element, point) if rule else point
        else:
            owner = ""
        if rule is None:
            return old
        if rule.drop or point.drop:
            what = f"class {path[1]!r}" if rule.drop else f"keypoint {element!r}"
            self._skip(old, f"{what} is left out by the class map")
            return None
        label = f"{rule.name or owner}/{point.name or element}" if owner else rule.name or old.label
        counted = old.ledger_label or (old.label if label != old.label else "")
        if isinstance(old, Relationship):
            return msgspec.structs.replace(old, label=label, ledger_label=counted)
        attributes = self._attributes(rule.attributes, old.attributes, (*path, "attributes"))
        attributes = self._answered_by(rule.answers, attributes)
        if isinstance(old, Track):
            segments = old.segments
            if rule.attributes or rule.keypoints or rule.answers:
                segments = tuple(tuple(self._keyframe(rule, key, path) for key in segment) for segment in segments)
            loss = old.loss or bool(self._lost)
            return msgspec.structs.replace(
                old, label=label, attributes=attributes, segments=segments, ledger_label=counted, loss=loss
            )
        geometry, keypoints = old.geometry, old.keypoints
        if rule.keypoints:
            geometry = self._shape(rule, geometry, path)
            keypoints = None if keypoints is None else self._points(rule, keypoints, path)
        return msgspec.structs.replace(
            old,
            label=label,
            attributes=attributes,
            geometry=geometry,
            keypoints=keypoints,
            ledger_label=counted,
            loss=old.loss or bool(self._lost),
        )

    def _answered_by(self, answers: Sequence[tuple[str, str]], given: Attributes) -> Attributes:
        """Attributes with the answers that the map gives, each in the place of what the source answers to such a question."""
        names = {name for name, _ in answers}
        self._lost += [f"the answer to {a.name!r}, which the map answers" for a in given if a.name in names]
        kept = tuple(a for a in given if a.name not in names)
        return kept + tuple(Attribute(name, Choice(value)) for name, value in answers)

    def _keyframe(self, rule: ClassRule, key: Keyframe, path: Path) -> Keyframe:
        """An answer that is left out takes back the one before it, which it has replaced."""
        attributes = self._attributes(rule.attributes, key.attributes, (*path, "attributes"))
        attributes = self._answered_by(rule.answers, attributes)[: -len(rule.answers) or None]
        said = {a.name for a in attributes} | {name for name, _ in rule.answers}
        given = ((rule.attributes.get(a.name), a.name) for a in key.attributes)
        gone = {(known and known.name) or name: None for known, name in given}
        attributes += tuple(Attribute(name, "") for name in gone if name not in said)
        return Keyframe(key.frame, self._shape(rule, key.geometry, path), attributes)

    def _shape(self, rule: ClassRule, geometry: Geometry, path: Path) -> Geometry:
        return self._points(rule, geometry, path) if isinstance(geometry, Keypoints) else geometry

    def _points(self, rule: ClassRule, keypoints: Keypoints, path: Path) -> Keypoints:
        points = []
        for point in keypoints.points:
            self._met.add((*path, "keypoints", point.name))
            named = rule.keypoints.get(point.name)
            if named is None or named.name == point.name:
                points.append(point)
            elif named.drop:
                self._lost.append(f"keypoint {point.name!r}")
            else:
                points.append(msgspec.structs.replace(point, name=named.name or point.name))
        return Keypoints(tuple(points))

    # ------------------------------------------------------------------------------------------------- answers

    def _attributes(self, rules: Mapping[str, QuestionRule], given: Attributes, under: Path) -> Attributes:
        if not rules or not given:
            return given
        radios = {rule.name or name for name, rule in rules.items() if rule.input is Input.RADIO}
        found: list[Attribute] = []
        for attribute in given:
            path = (*under, attribute.name)
            self._met.add(path)
            rule = rules.get(attribute.name)
            if rule is None:
                found.append(attribute)
                continue
            if rule.drop:
                if attribute.value not in ("", ()):
                    self._lost.append(repr(attribute.name))
                continue
            value = self._value(rule, attribute.value, path)
            if value is None:
                continue
            name = rule.name or attribute.name
            if name in radios and any(other.name == name for other in found):
                self._lost.append(f"a further answer to the radio {name!r}")
                continue
            flag = attribute.flag and not rule.options
            found.append(Attribute(name, value, flag, attribute.free_text and rule.input in (None, Input.TEXT)))
        return tuple(found)

    def _value(self, rule: QuestionRule, value: Value, path: Path) -> Value | None:
        """The answer under its new names; None when all options that it chose are left out."""
        chosen: list[Scalar | Choice] = []
        for one in value if isinstance(value, tuple) else (value,):
            new = self._option(rule, one, path)
            if new is not None:
                chosen.append(new)
        if rule.input is Input.RADIO and len(chosen) > 1:
            self._lost += [f"option {_text(one)!r}, as a radio takes one" for one in chosen[1:]]
            del chosen[1:]
        if not chosen:
            return () if value == () else None
        if isinstance(value, tuple) and rule.input is not Input.RADIO:
            return tuple(one if isinstance(one, Choice) else text_of(one) for one in chosen)
        return chosen[0]

    def _option(self, rule: QuestionRule, value: Scalar | Choice, path: Path) -> Scalar | Choice | None:
        text = _text(value)
        if rule.options:
            path = (*path, "options", text)
            self._met.add(path)
            option = rule.options.get(text)
            if option is not None and option.drop:
                self._lost.append(f"option {text!r}")
                return None
            if option is not None:
                name = option.name or text
                if isinstance(value, Choice) or option.answers:
                    given = value.attributes if isinstance(value, Choice) else ()
                    nested = self._attributes(option.attributes, given, (*path, "attributes"))
                    value = Choice(name, self._answered_by(option.answers, nested))
                elif name != text:
                    value = name
        if rule.input is Input.TEXT and isinstance(value, Choice):
            self._lost += [f"{a.name!r} below a text" for a in value.attributes]
            return value.value
        if rule.input is not None and rule.input is not Input.TEXT and not isinstance(value, Choice):
            # a choice is an option for certain, however many different ones there are
            return Choice(text_of(value)) if text_of(value).strip() else None
        return value

    def _classification(self, old: Classification, is_class: bool) -> Classification | None:
        path = ("questions", old.name)
        self._met.add(path)
        given = old.value if isinstance(old.value, tuple) else () if old.free_text else (old.value,)
        texts = list(map(_text, given))
        rule = self._rules.question_rule(old.name, texts, is_class) if self._rules.classes else None
        rule = rule or self._rules.questions.get(old.name)
        named = (self._rules.option_class(old.name, text, is_class) for text in texts)
        self._met.update(("classes", label) for label in named if label in self._rules.classes)
        if rule is None:
            return old
        if rule.drop:
            self._skip(old, f"question {old.name!r} is left out by the class map")
            return None
        value = self._value(rule, old.value, path)
        if value is None:
            self._skip(old, f"left out by the class map: {', '.join(self._lost) or 'an empty answer'}")
            return None
        name = rule.name or old.name
        if rule.input is Input.RADIO and not old.frames and not old.times and isinstance(value, Choice):
            first = self._answered.setdefault((name, old.message), value.value)
            if first != value.value:
                message = f"{value.value!r} is left out: {name!r} is a radio by the class map, answered with {first!r}"
                self._skip(old, message)
                return None
        return msgspec.structs.replace(
            old,
            name=name,
            value=value,
            free_text=old.free_text and rule.input in (None, Input.TEXT),
            ledger_label=old.ledger_label or (old.name if name != old.name else ""),
            loss=old.loss or bool(self._lost),
        )


def _text(value: Scalar | Choice) -> str:
    return value.value if isinstance(value, Choice) else text_of(value)
