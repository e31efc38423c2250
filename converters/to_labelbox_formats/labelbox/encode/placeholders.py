"""What all payload lines share: uuids, ASCII JSON, and places that the ontology fills in later.

A line is made while items stream, before the ontology is known. Where it depends on the ontology, it holds a *token*
between two NUL bytes, which no JSON text contains::

    \0T["car","polygon"]\0                 the name of the tool for that label and kind
    \0C["car","polygon",[{…}]]\0           ,"classifications":[…] from these attributes, or nothing; after a name
    \0Q["weather",false]\0                  the name of a question; true: asked about a message, frames or times
    \0A["weather",false,["rain"]]\0         its answer: an object, a list or a string, as its type demands
    \0R["mood",true,[["calm",[[200,1600]]]]]\0   its answer over frames or, if true, milliseconds

:class:`PlaceholderFiller` replaces them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias

import msgspec

from to_labelbox.model.items import Attribute, Choice, Scalar, Value
from to_labelbox.model.schema import Input, Kind, Option, Question
from to_labelbox.model.survey import text_of
from to_labelbox.ontology.infer import Ontology, clean_name, distinct_names

_encoder = msgspec.json.Encoder()


encode = _encoder.encode


def _escaped(value: Any) -> bytes:
    import json  # slow to load, and most lines are ASCII

    return json.dumps(value, separators=(",", ":")).encode()


def ascii_json(text: str) -> bytes:
    """A JSON string in ASCII: the SDK's reader breaks on raw U+2028, U+2029 and U+0085 [labelbox.parser.loads]."""
    return encode(text) if text.isascii() else _escaped(text)


def json_of(value: Any) -> bytes:
    """JSON in ASCII."""
    line = encode(value)
    return line if line.isascii() else _escaped(value)


def _token(mark: bytes, content: Any) -> bytes:
    encoded = encode(content)
    if b"null" in encoded:  # JSON has no other word for a number that is not finite
        encoded = encode(_finite(msgspec.to_builtins(content)))
    return b"\0" + mark + encoded + b"\0"


def _finite(value: Any) -> Any:
    """A number that is not finite by the text that the survey has for it."""
    if isinstance(value, float) and not isfinite(value):
        return text_of(value)
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value


def tool_token(label: str, kind: Kind) -> bytes:
    return _token(b"T", (label, kind))


def attributes_token(label: str, kind: Kind, attributes: tuple[Attribute, ...]) -> bytes:
    return _token(b"C", (label, kind, attributes))


def question_token(name: str, part: bool) -> bytes:
    return _token(b"Q", (name, part))


def answer_token(name: str, part: bool, values: Sequence[Scalar | Choice]) -> bytes:
    return _token(b"A", (name, part, values))


Ranges: TypeAlias = Sequence[tuple[int, int]]


def ranged_token(name: str, timed: bool, values: Sequence[tuple[Scalar | Choice, Ranges]]) -> bytes:
    """Each value with its ranges: frames as written, or milliseconds; both ends included."""
    return _token(b"R", (name, timed, values))


_decode_tool = msgspec.json.Decoder(tuple[str, str])


_decode_attributes = msgspec.json.Decoder(tuple[str, str, tuple[Attribute, ...]])


_decode_question = msgspec.json.Decoder(tuple[str, bool])


_decode_answer = msgspec.json.Decoder(tuple[str, bool, tuple[Scalar | Choice, ...]])


_decode_ranged = msgspec.json.Decoder(tuple[str, bool, tuple[tuple[Scalar | Choice, tuple[tuple[int, int], ...]], ...]])

_CACHED_TOKENS, _CACHED_TABLES = 100_000, 10_000


class _Tables:
    """Questions or options of an ontology by name, each with the name that it is written by; made once for each tuple."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[object, Mapping[str, tuple[Any, str]]]] = {}

    def by_name(self, things: Sequence[Question] | Sequence[Option]) -> Mapping[str, tuple[Any, str]]:
        known = self._found.get(id(things))
        if known is None or known[0] is not things:
            if len(self._found) >= _CACHED_TABLES:
                self._found.clear()
            own = {one.value if isinstance(one, Option) else one.name: one for one in things}
            names = distinct_names(own)
            table = {name: (one, names[name]) for name, one in own.items()}
            known = self._found[id(things)] = things, table  # which is held, so that its id is nobody else's
        return known[1]


_tables = _Tables()


def _below(options: Mapping[str, tuple[Option, str]], value: str) -> tuple[str, Sequence[Question]]:
    """What an option is written by, and the questions below it."""
    option = options.get(value)
    return (clean_name(value), ()) if option is None else (option[1], option[0].attributes)


class PlaceholderFiller(dict[bytes, bytes]):
    """Fills the tokens of encoded lines by an ontology; a dict of rendered tokens that makes what it lacks."""

    def __init__(self, ontology: Ontology) -> None:
        super().__init__()
        self._ontology = ontology

    def __call__(self, lines: bytes) -> bytes:
        pieces = lines.split(b"\0")
        pieces[1::2] = map(self.__getitem__, pieces[1::2])
        return b"".join(pieces)

    def __missing__(self, token: bytes) -> bytes:
        mark, content = token[:1], token[1:]
        if mark == b"T":
            label, kind = _decode_tool.decode(content)
            rendered = ascii_json(self._ontology.by_shape[label, Kind(kind)].name)
        elif mark == b"C":
            label, kind, attributes = _decode_attributes.decode(content)
            answers = _answers(attributes, self._ontology.by_shape[label, Kind(kind)].classifications)
            rendered = b',"classifications":' + json_of(answers) if answers else b""
        elif mark == b"Q":
            rendered = ascii_json(self._question(*_decode_question.decode(content)).name)
        elif mark == b"A":
            name, part, values = _decode_answer.decode(content)
            rendered = json_of(_answer(self._question(name, part), values))
        else:
            name, timed, ranged = _decode_ranged.decode(content)
            rendered = json_of(_ranged(self._question(name, True), ranged, timed))
        if len(self) >= _CACHED_TOKENS:
            self.clear()
        self[token] = rendered
        return rendered

    def _question(self, name: str, part: bool) -> Question:
        return (self._ontology.by_part if part else self._ontology.by_source)[name]


def _answers(attributes: Sequence[Attribute], questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Nested answers, those that have a question in the ontology, one a question."""
    known = _tables.by_name(questions)
    given: dict[str, list[Scalar | Choice]] = {}
    for attribute in attributes:
        if attribute.name in known:
            given.setdefault(attribute.name, []).extend(values_of(attribute.value))
    return [{"name": known[n][1], "answer": _answer(known[n][0], v)} for n, v in given.items() if v]


def values_of(value: Value) -> tuple[Scalar | Choice, ...]:
    """A value as the options it chooses; blank text chooses none."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple(v for v in values if _text(v).strip())


def _answer(question: Question, values: Sequence[Scalar | Choice]) -> Any:
    if question.input is Input.TEXT:
        return "\n".join(_text(v) for v in values)
    options = _tables.by_name(question.options)
    chosen: dict[str, dict[str, Any]] = {}
    for value in values:
        chosen.setdefault(_text(value), _option(value, options))
    listed = list(chosen.values())
    return listed if question.input is Input.CHECKLIST else listed[0]


def _option(value: Scalar | Choice, options: Mapping[str, tuple[Option, str]]) -> dict[str, Any]:
    name, questions = _below(options, _text(value))
    option: dict[str, Any] = {"name": name}
    if isinstance(value, Choice) and value.attributes:
        nested = _answers(value.attributes, questions)
        if nested:
            option["classifications"] = nested
    return option


def _text(value: Scalar | Choice) -> str:
    return value.value if isinstance(value, Choice) else text_of(value)


def shared(first: tuple[int, int], start: int, touching: bool) -> bool:
    """Whether what starts at or behind the start of a range has a frame or time in common with it.

    Frames do also when they are the last and the first (``touching``); a moment in time is part of what starts with it.
    """
    return start < first[1] + touching or start == first[0]


def merged(ranges: Iterable[tuple[int, int]], timed: bool) -> list[tuple[int, int]]:
    """Ranges in order, those that share a frame or time joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and shared(joined[-1], start, not timed):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _ranged(question: Question, values: Sequence[tuple[Scalar | Choice, Ranges]], timed: bool) -> Any:
    """A list of options or texts with their ranges; the only answer of a radio over frames stands alone [V5 form a]."""
    listed = _listed(question, values, timed)
    alone = len(listed) == 1 and question.input is Input.RADIO and not timed
    return listed[0] if alone and "classifications" not in listed[0] else listed


def _listed(question: Question, values: Sequence[tuple[Scalar | Choice, Ranges]], timed: bool) -> list[dict[str, Any]]:
    """Nested answers hold over the ranges of their option. Those that touch in time are parted by 1 ms."""
    grouped: dict[str, list[tuple[Scalar | Choice, Ranges]]] = {}
    for value, ranges in values:
        grouped.setdefault(_text(value), []).append((value, ranges))
    radio_starts: set[int] = set()
    if question.input is Input.RADIO and timed:
        for group in grouped.values():
            radio_starts.update(start for start, _ in merged((s for _, given in group for s in given), timed))
        for group in grouped.values():
            group[:] = [(v, [_parted(span, radio_starts) for span in ranges]) for v, ranges in group]
    options = _tables.by_name(question.options)
    listed: list[dict[str, Any]] = []
    for text, group in grouped.items():
        spans = merged((span for _, ranges in group for span in ranges), timed)
        if timed:
            starts = {start for start, _ in spans}
            spans = [_parted(span, starts) for span in spans]
            group = [(v, [_parted(span, starts) for span in ranges]) for v, ranges in group]
        name, questions = _below(options, text)
        entry: dict[str, Any] = {"value": text} if question.input is Input.TEXT else {"name": name}
        entry["frames"] = [{"start": start, "end": end} for start, end in spans]
        nested = _nested(group, questions, timed)
        if nested:
            entry["classifications"] = nested
        listed.append(entry)
    return listed


def _parted(span: tuple[int, int], starts: Container[int]) -> tuple[int, int]:
    """A stretch of time that ends 1 ms before where another one starts, if it would end there."""
    start, end = span
    return (start, end - 1) if start < end and end in starts else span


def _nested(
    group: Sequence[tuple[Scalar | Choice, Ranges]], questions: Sequence[Question], timed: bool
) -> list[dict[str, Any]]:
    known = _tables.by_name(questions)
    given: dict[str, list[tuple[Scalar | Choice, Ranges]]] = {}
    for value, ranges in group:
        for attribute in value.attributes if isinstance(value, Choice) else ():
            if attribute.name in known:
                given.setdefault(attribute.name, []).extend((v, ranges) for v in values_of(attribute.value))
    return [{"name": known[n][1], "answer": _listed(known[n][0], v, timed)} for n, v in given.items() if v]
