"""The rules of one payload line. Each is stated where it is checked; what the server does is not known offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from msgspec import UNSET

from to_labelbox.rules.required import label_owner, option_owner
from to_labelbox_formats.labelbox.limits import MAX_FRAMES
from to_labelbox_formats.labelbox.validate import wire
from to_labelbox_formats.labelbox.validate.answers import (
    answer_of,
    chosen,
    id_of,
    is_timed,
    nested_answers,
    ranges,
    unanswered_by,
    unknown,
    values,
)
from to_labelbox_formats.labelbox.validate.frames import segments_line, shape_of
from to_labelbox_formats.labelbox.validate.geometry import bbox_line, point_line, polygon_line, polyline_line
from to_labelbox_formats.labelbox.validate.hints import Hint, at
from to_labelbox_formats.labelbox.validate.masks import mask_line, masks_line
from to_labelbox_formats.labelbox.validate.names import NO_CLASSES, Names, differing, listing
from to_labelbox_formats.labelbox.validate.rows import RowInfo

_IMAGE = frozenset({"IMAGE", "TMS_GEO", "TMS_SIMPLE"})
MEDIA: dict[str, frozenset[str]] = {
    "bbox": _IMAGE | {"PDF"},
    "polygon": _IMAGE,
    "point": _IMAGE,
    "line": _IMAGE,
    "mask": frozenset({"IMAGE"}),
    "location": frozenset({"TEXT", "CONVERSATIONAL"}),
    "textSelections": frozenset({"PDF"}),
    "segments": frozenset({"VIDEO", "DICOM"}),
    "masks": frozenset({"VIDEO", "DICOM"}),
    "relationship": frozenset({"IMAGE", "PDF"}),
    "answer": frozenset({"IMAGE", "VIDEO", "TEXT", "PDF", "TMS_GEO", "TMS_SIMPLE", "AUDIO", "CONVERSATIONAL", "HTML"}),
}
"""Asset types by what a line holds."""
DRAWS = {
    "bbox": "box",
    "polygon": "polygon",
    "point": "point",
    "line": "polyline",
    "mask": "mask",
    "masks": "mask",
    "location": "entity",
    "textSelections": "entity",
    "relationship": "relationship",
}
"""The tool that a line needs."""
_COMPANIONS = {
    "page": ("bbox",),
    "unit": ("bbox",),
    "messageId": ("location", "answer"),
    "groupKey": ("segments", "masks"),
    "frames": ("answer",),
    "classifications": ("bbox", "polygon", "point", "line", "mask", "location", "textSelections"),
}
"""Keys that go with certain lines only."""
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def kind_of(line: wire.Line) -> str:
    """What a line holds; raises :class:`ValueError` unless it is one thing."""
    found = [kind for kind in MEDIA if getattr(line, kind) is not UNSET]
    if line.answers is not UNSET and "answer" not in found:
        found.append("answer")
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(f"holds no annotation; want one of {', '.join(MEDIA)}")
    raise ValueError(f"holds {' and '.join(found)}: one annotation a line")


def canonical(uuid: str) -> str | None:
    """One spelling for all that mean the same 128 bits; None for no uuid."""
    if _CANONICAL.fullmatch(uuid):
        return uuid
    try:
        return str(UUID(uuid))
    except ValueError:
        return None


def check(line: wire.Line, kind: str, row: RowInfo, names: Names | None) -> Iterator[str]:
    """Faults of a line by itself, against its data row and against the ontology."""
    if line.uuid is not UNSET and canonical(line.uuid) is None:
        yield f"uuid {line.uuid!r} is no uuid: want 32 hexadecimal digits"
    for key, kinds in _COMPANIONS.items():
        given = getattr(line, key)
        if given is not UNSET and kind not in kinds and given != []:
            yield f"{key!r} does not belong on a line with {kind!r}"
    if row.media and row.media not in MEDIA[kind]:
        yield f"a {row.media} data row takes no {kind!r}"
    if kind != "masks" and line.name is UNSET and line.schemaId is UNSET:
        yield "want a name or a schemaId"
    elif isinstance(line.name, str) and not line.name.strip():
        yield "the name is blank"
    yield from _VALUES[kind](line, row)
    if names is not None:
        yield from _named(line, kind, names)


# ----------------------------------------------------------------------------------------------- text, documents


def _location(line: wire.Line, row: RowInfo) -> Iterator[str]:
    location = line.location
    assert isinstance(location, wire.Location)
    start, end = location.start, location.end
    if not 0 <= start <= end:
        yield f"location {start}..{end}: want 0 <= start <= end, and end is the last character itself"
    if row.media == "CONVERSATIONAL" and line.messageId is UNSET:
        yield "an entity of a conversation needs messageId"
    if row.media == "TEXT" and line.messageId is not UNSET:
        yield "messageId belongs to conversations, the data row is TEXT"
    message = line.messageId if isinstance(line.messageId, str) else ""
    if isinstance(line.messageId, str):
        yield from _message(line, row)
    # in UTF-16 units, the longer count of the two that are possible
    length = row.length(message) if message or line.messageId is UNSET else None
    if length is not None and end >= length:
        yield f"location {start}..{end} ends beyond the text, whose last character is {length - 1}"


def _message(line: wire.Line, row: RowInfo) -> Iterator[str]:
    if row.media and row.media != "CONVERSATIONAL":
        yield f"messageId belongs to conversations, the data row is {row.media}"
    if row.messages is not None and line.messageId not in row.messages:
        yield f"messageId {line.messageId!r} is not in the conversation; it has {', '.join(listing(row.messages))}"
    if line.messageId in row.closed:
        yield f"message {line.messageId!r} takes no labels: its canLabel is false"


def _selections(line: wire.Line, _row: RowInfo) -> Iterator[str]:
    assert isinstance(line.textSelections, list)
    if not line.textSelections:
        yield "textSelections is empty"
    for selection in line.textSelections:
        if not selection.tokenIds or not all(selection.tokenIds):
            yield "a text selection has no tokenIds"
        if not selection.groupId:
            yield "a text selection has no groupId"
        if selection.page < 1:
            yield f"page {selection.page}: pages count from 1"


# ----------------------------------------------------------------------------------------------------- answers


def _answer(line: wire.Line, row: RowInfo) -> Iterator[str]:
    answer = answer_of(line)
    if answer is None:
        yield "both answer and answers: write answer"
        return
    timed = is_timed(answer)
    if line.messageId is not UNSET:
        yield from _message(line, row)
        if timed or line.frames is not UNSET:
            yield "an answer is about a message or about frames, not both"
    if row.media and row.media not in ("VIDEO", "AUDIO") and (timed or line.frames is not UNSET):
        yield f"frames belong to video and audio, the data row is {row.media}"
    if line.frames is not UNSET:
        if timed:
            yield "frames both inside and beside the answer"
        if row.media == "AUDIO":
            yield "times of audio stand inside the answer"
        yield from ranges(line.frames)
    yield from values(answer, None, row.media == "AUDIO" and timed)
    if row.media == "VIDEO":
        inside = [span for option in _options(answer) for span in option.frames or ()]
        last = max((span.end for span in (*inside, *(line.frames or ()))), default=0)
        if last > MAX_FRAMES:
            yield f"frame {last}: a video has at most {MAX_FRAMES:,} frames"


def _options(answer: wire.Answers) -> list[wire.WireChoice]:
    if isinstance(answer, str):
        return []
    return answer if isinstance(answer, list) else [answer]


def _relationship(line: wire.Line, _row: RowInfo) -> Iterator[str]:
    relationship = line.relationship
    assert isinstance(relationship, wire.WireRelationship)
    if relationship.type not in ("unidirectional", "bidirectional"):
        yield f"type {relationship.type!r}; want unidirectional or bidirectional"
    if (relationship.source is UNSET) == (relationship.sourceOntologyName is UNSET):
        yield "a relationship needs either source or sourceOntologyName"
    if relationship.source == relationship.target:
        yield "source and target are the same annotation"


_VALUES: Mapping[str, Callable[[wire.Line, RowInfo], Iterator[str]]] = {
    "bbox": bbox_line,
    "polygon": polygon_line,
    "point": point_line,
    "line": polyline_line,
    "mask": mask_line,
    "location": _location,
    "textSelections": _selections,
    "segments": segments_line,
    "masks": masks_line,
    "relationship": _relationship,
    "answer": _answer,
}

# ------------------------------------------------------------------------------------------------------- names


def _named(line: wire.Line, kind: str, names: Names) -> Iterator[str]:
    if kind == "answer":
        answer = answer_of(line)
        question = names.classes.get(id_of(line))
        if question is None:
            yield unknown("classification", id_of(line), names.classes)
        elif answer is not None:
            if wrong := differing(line, names.classes):
                yield wrong
            part = is_timed(answer) or line.messageId is not UNSET or line.frames is not UNSET
            if part and not question.scope and line.messageId is UNSET:
                yield Hint(f"{id_of(line)!r} is answered for a part, but the ontology gives it no scope: make it index")
            elif part and question.scope != "index":
                yield f"{id_of(line)!r} is answered for a part, but its scope in the ontology is global: make it index"
            elif not part and question.scope == "index":
                yield f"{id_of(line)!r} is answered for the whole, but its scope in the ontology is index"
            yield from chosen(id_of(line), answer, question)
            for option in _options(answer):
                below = question.options.get(id_of(option), NO_CLASSES).demanding
                owner = option_owner(id_of(option), id_of(line))
                yield from unanswered_by(option.classifications or (), below, owner)
        return
    for holder in line.named:
        tool = names.tools.get(id_of(holder))
        if tool is None:
            yield unknown("tool", id_of(holder), names.tools)
            continue
        if wrong := differing(holder, names.tools):
            yield wrong
        given = list(line.classifications or ())
        draws = DRAWS.get(kind, "")
        if isinstance(line.segments, list):
            keys = [key for segment in line.segments for key in segment.keyframes]
            draws = DRAWS.get(shape_of(keys[0]), "") if keys else ""
            for key in keys:
                if key.classifications is not UNSET:
                    given += key.classifications
                    faults = nested_answers(key.classifications, tool.classes, f"under tool {id_of(holder)!r}")
                    yield from (at(f"frame {key.frame}", fault) for fault in faults)
        if draws and tool.draws != draws:
            yield f"{id_of(holder)!r} is a {tool.draws} in the ontology, the line holds a {draws}"
        if line.classifications is not UNSET:
            yield from nested_answers(line.classifications, tool.classes, f"under tool {id_of(holder)!r}")
        if tool.classes.demanding:
            label = tool.name.removesuffix(
                f" ({tool.draws.removeprefix('poly') if tool.draws == 'polyline' else tool.draws})"
            )
            yield from unanswered_by(given, tool.classes.demanding, label_owner(label))
