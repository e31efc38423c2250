"""The rules of answers: their form, their ranges, and their place in the ontology at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from msgspec import UNSET, UnsetType

from to_labelbox.rules.required import option_owner, unanswered
from to_labelbox_formats.labelbox.validate import wire
from to_labelbox_formats.labelbox.validate.hints import Hint, Unanswered
from to_labelbox_formats.labelbox.validate.names import NO_CLASSES, Class, differing, listing

Spans: TypeAlias = Sequence[tuple[int, int]]


def id_of(thing: Any) -> str:
    """The name, else the schema id."""
    for given in (thing.name, thing.schemaId):
        if isinstance(given, str):
            return given
    return ""


def answer_of(thing: wire.Line | wire.Answer) -> wire.Answers | None:
    """The answer under either of its keys; None when there are both or none."""
    given = [a for a in (thing.answer, thing.answers) if a is not UNSET]
    return given[0] if len(given) == 1 else None


def is_timed(answer: wire.Answers) -> bool:
    """Whether it holds over frames or milliseconds."""
    options = answer if isinstance(answer, list) else [answer]
    return any(isinstance(o, wire.WireChoice) and (o.frames is not UNSET or o.value is not UNSET) for o in options)


def ranges(frames: Sequence[wire.Range] | UnsetType) -> Iterator[str]:
    if isinstance(frames, UnsetType) or not frames:
        yield "an answer that holds for a time needs frames"
        return
    for span in frames:
        if not 0 <= span.start <= span.end:
            yield f"frames {span.start}..{span.end}: want 0 <= start <= end"


def values(answer: wire.Answers, parent: Spans | None, listed: bool) -> Iterator[str]:
    """Faults of an answer whatever the ontology says; nested ones must lie inside the ranges of their parent."""
    if isinstance(answer, str):
        if not answer.strip():
            yield "the answer is empty: leave the line out"
        return
    if isinstance(answer, wire.WireChoice) and listed:
        yield "answers over times of audio are lists"
    options = answer if isinstance(answer, list) else [answer]
    if not options:
        yield "the answer is empty: leave the line out"
    timed = is_timed(answer)
    named = [o.value if isinstance(o.value, str) else id_of(o) for o in options]
    if len(set(named)) < len(named):
        yield f"the answer repeats {next(n for n in named if named.count(n) > 1)!r}: join their ranges"
    if len({isinstance(o.value, str) for o in options}) > 1:
        yield "the answer mixes texts and options"
    for option in options:
        named_so = option.name is not UNSET or option.schemaId is not UNSET
        if named_so == (option.value is not UNSET):
            yield "want either a name (or schemaId) or a value on each option"
        if isinstance(option.value, str) and not option.value.strip():
            yield "a text is empty: leave it out"
        spans: Spans | None = None
        if timed:
            yield from ranges(option.frames)
            spans = [(s.start, s.end) for s in option.frames or ()]
            for start, end in spans if parent is not None else ():
                if not any(a <= start and end <= b for a, b in parent or ()):
                    yield f"the range {start}..{end} of a nested answer is not inside one range of its parent"
        elif parent is not None:
            yield "an answer below one that holds for a time needs frames too"
        below = option.classifications or ()
        if below and option.value is not UNSET:
            yield "texts carry no classifications"
        # frames of a lone option need not be repeated below it
        around = spans if isinstance(answer, list) else None
        for child in below:
            given = answer_of(child)
            if given is None:
                yield "a nested classification needs one answer"
            else:
                yield from values(given, around, False)


def unknown(what: str, name: str, known: Mapping[str, Any]) -> str:
    return f"{what} {name!r} is not in the ontology; it has {', '.join(listing(known)) or 'none'}"


def nested_answers(answers: Sequence[wire.Answer], classes: Mapping[str, Class], where: str) -> Iterator[str]:
    seen: set[str] = set()
    for answer in answers:
        name = id_of(answer)
        if name in seen:
            yield f"{name!r} is answered twice {where}"
        seen.add(name)
        question = classes.get(name)
        given = answer_of(answer)
        if question is None:
            yield f"{unknown('classification', name, classes)} {where}"
        elif given is None:
            yield f"{name!r} {where} needs one answer"
        else:
            if isinstance(given, str) and not given.strip():
                yield f"the answer to {name!r} {where} is empty: leave it out"
            if wrong := differing(answer, classes):
                yield wrong
            yield from chosen(name, given, question, nested=True)


def chosen(name: str, answer: wire.Answers, question: Class, nested: bool = False) -> Iterator[str]:
    """The form of an answer fits the question's type, and its options exist, at every depth."""
    timed = is_timed(answer)
    texts = isinstance(answer, str) or (
        isinstance(answer, list) and bool(answer) and all(isinstance(o.value, str) for o in answer)
    )
    form = "text" if texts else "checklist" if isinstance(answer, list) else "radio"
    if nested and (form, question.type) == ("radio", "checklist"):
        yield Hint(f"{name!r} is a checklist: write its answer as a list, though one object is taken too")
    elif form != question.type and not (timed and form == "checklist" and question.type == "radio"):
        yield f"{name!r} is {question.type} in the ontology, the answer is that of a {form}"
        return
    if isinstance(answer, str) or texts:
        return
    options = answer if isinstance(answer, list) else [answer]
    if not options:
        yield f"the answer to {name!r} is empty: leave it out"
    if len({id_of(o) for o in options}) < len(options):
        yield f"the answer to {name!r} repeats an option"
    if question.type == "radio" and len(options) > 1:
        spans = sorted((s.start, s.end) for o in options for s in o.frames or ())
        if any(b[0] <= a[1] for a, b in pairwise(spans)):
            yield f"{name!r} is single choice, but two answers hold at one time"
    for option in options:
        classes = question.options.get(id_of(option))
        if classes is None:
            yield unknown(f"option of {name!r}", id_of(option), question.options)
        elif option.classifications is not UNSET:
            yield from nested_answers(option.classifications, classes, f"under option {id_of(option)!r}")


def unanswered_by(
    answers: Sequence[wire.Answer], demanded: Sequence[tuple[str, Class]], owner: str
) -> Iterator[Unanswered]:
    """Required questions without an answer, at every depth."""
    by_name: dict[str, list[Any]] = {}
    for answer in answers if demanded else ():
        by_name.setdefault(id_of(answer), []).append(answer_of(answer))
    for name, question in demanded:
        given = by_name.get(name, [])
        if question.required and not any(given):
            yield Unanswered(unanswered(name, owner))
        for answer in given:
            for option in answer if isinstance(answer, list) else [answer]:
                if isinstance(option, wire.WireChoice):
                    below = question.options.get(id_of(option), NO_CLASSES).demanding
                    inside = option_owner(id_of(option), name)
                    yield from unanswered_by(option.classifications or (), below, inside)
