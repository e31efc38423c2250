"""An export of a project, row by row: NDJSON as the SDK streams it, or one JSON array of such rows.

A row is ``{data_row, media_attributes, projects: {id: {labels: [{annotations: {objects, classifications, frames,
segments, …}}]}}}`` [expected exports in the SDK's own integration tests; docs, reference/export-*]. Older exports, whose
rows begin with "DataRow ID", are refused by name. What a row holds beyond this is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.json_stream import JsonStream
from to_labelbox.source.option_file import open_file
from to_labelbox.source.text_encoding import as_utf8
from to_labelbox_formats.labelbox.comparing.features import (
    Answers,
    Feature,
    Path,
    Ranges,
    box,
    merged,
    points,
    ring,
    runs,
    sound,
)

_decode = msgspec.json.Decoder().decode
_SHAPES = {
    "bounding_box": ("box", box),
    "polygon": ("polygon", ring),
    "line": ("line", points),
    "point": ("point", points),
}
_ENDS = ("unidirectional_relationship", "bidirectional_relationship", "relationship")


class ExportRow(Struct):
    """A row of an export. ``broken`` says why it is none."""

    place: str
    id: str = ""
    key: str = ""
    projects: Mapping[str, Any] = {}
    broken: str = ""


class Names:
    """The names that the payload uses: an export tells the shown name and the value of a feature beside each other."""

    def __init__(self, ontology: Mapping[str, Any]) -> None:
        self._features: set[str] = set()
        self._options: set[str] = set()
        self._labels: dict[str, str] = {}
        for tool in ontology.get("tools") or ():
            self._features.add(str(tool.get("name")))
            self._questions(tool.get("classifications"))
        self._questions(ontology.get("classifications"))

    def _questions(self, given: Any) -> None:
        for question in given or ():
            self._features.add(str(question.get("name") or question.get("instructions")))
            for option in question.get("options") or ():
                value = str(option.get("value") or option.get("label"))
                self._options.add(value)
                self._labels.setdefault(str(option.get("label") or value), value)
                self._questions(option.get("options"))

    def feature(self, given: Mapping[str, Any]) -> str:
        """The name of a tool or question."""
        told = [str(given[k]) for k in ("name", "value", "feature_schema_id") if given.get(k)]
        return next((name for name in told if name in self._features), told[0] if told else "")

    def option(self, given: Mapping[str, Any]) -> str:
        """The value of an option."""
        told = [str(given[k]) for k in ("value", "name") if given.get(k)]
        known = next((name for name in told if name in self._options), None)
        return known or next((self._labels[n] for n in told if n in self._labels), told[0] if told else "")


def rows(path: str) -> Iterator[ExportRow]:
    """The rows of a file. Raises :class:`UsageError` for a file that is no export."""
    good = broken = 0
    last = ""
    with open_file(path, path) as opened:
        try:
            with as_utf8(opened) as file:
                first = JsonStream(file).next()
                file.seek(0)
                for row in _of_array(file, path) if first == b"[" else _of_lines(file, path):
                    good, broken, last = good + (not row.broken), broken + bool(row.broken), row.broken
                    if not good and broken >= _PATIENCE:
                        break
                    yield row
        except (FileError, OSError) as error:
            raise UsageError(f"{path}: {error}") from None
    if broken and not good:
        raise UsageError(f"{path}: is no export of a Labelbox project: {last}")


_PATIENCE = 1000
"""Rows after which a file of which none was one is given up."""


def _of_lines(file: BinaryIO, path: str) -> Iterator[ExportRow]:
    for number, raw in enumerate(file, 1):
        text = raw.removeprefix(b"\xef\xbb\xbf").strip()
        if text:
            try:
                value = _decode(text)
            except (ValueError, RecursionError) as error:
                yield ExportRow(f"{path}:{number}", broken=f"not JSON: {in_words(error)}")
                continue
            yield row_of(value, f"{path}:{number}")


def _of_array(file: BinaryIO, path: str) -> Iterator[ExportRow]:
    number = 0
    for piece in JsonStream(file).pieces(_decode):
        for value in piece.items:
            yield row_of(value, f"{path}[{number}]")
            number += 1


def row_of(value: Any, place: str) -> ExportRow:
    """A row as it stands in an export, also inside the SDK's ``{"json": …}``."""
    if isinstance(value, Mapping) and isinstance(value.get("json"), Mapping):
        value = value["json"]
    if not isinstance(value, Mapping):
        return ExportRow(place, broken="no object")
    if "DataRow ID" in value:
        return ExportRow(
            place, broken='it has the form of 2022 ("DataRow ID", "Label"): export again, in today\'s form'
        )
    row = value.get("data_row")
    if not isinstance(row, Mapping) or not isinstance(value.get("projects"), Mapping | None):
        return ExportRow(place, broken="there is no data_row with projects")
    return ExportRow(place, str(row.get("id") or ""), str(row.get("global_key") or ""), value.get("projects") or {})


def labels(project: Any) -> list[Mapping[str, Any]]:
    """The annotations of each label of a row in a project."""
    given = project.get("labels") if isinstance(project, Mapping) else None
    found = [one.get("annotations") for one in _listed(given)]
    return [one for one in found if isinstance(one, Mapping)]


class ExportedLabel:
    """The features of one label. ``unknown`` counts what is of no form that is known here."""

    def __init__(self, annotations: Mapping[str, Any], names: Names, fine: bool) -> None:
        self._names, self._fine = names, fine
        self.features: list[Feature] = []
        self.unknown = 0
        self._segments = _by_id(annotations.get("segments"))
        self._each(annotations.get("objects"), self._object)
        for one in _listed(annotations.get("classifications")):
            self._guarded(self._classification, one, None)
        self._each(annotations.get("relationships"), self._relationship)
        groups = annotations.get("groups")
        planes = groups.items() if isinstance(groups, Mapping) else ()
        for plane, group in (("", annotations), *planes):
            if isinstance(group, Mapping):
                segments = self._segments if not plane else _by_id((annotations.get("segments") or {}).get(plane))
                self._frames(group, segments, str(plane).lower(), annotations.get("key_frame_feature_map"))

    def _each(self, given: Any, read: Any) -> None:
        for one in _listed(given):
            self._guarded(read, one)

    def _guarded(self, read: Any, *given: Any) -> None:
        try:
            read(*given)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
            self.unknown += 1

    # ------------------------------------------------------------------------------------------------------- objects

    def _object(self, given: Mapping[str, Any]) -> None:
        one = Feature("", self._names.feature(given), _id(given), fine=self._fine)
        one.answers = self.answers(given.get("classifications"))
        if "page_number" in given:
            one.place = f"page {given['page_number']}"
        self._shape(one, given)
        if not one.kind:
            self.unknown += 1
            return
        self.features.append(one)

    def _shape(self, one: Feature, given: Mapping[str, Any]) -> None:
        if any(isinstance(given.get(k), Mapping) for k in ("mask", "composite_mask")):
            extent = given.get("bounding_box")
            one.kind, one.numbers = "mask", sound("box", box(extent)) if isinstance(extent, Mapping) else ()
            return
        for key, (kind, numbers) in _SHAPES.items():
            if given.get(key) is not None:
                one.kind, one.numbers = kind, sound(kind, numbers(given[key]))
                return
        if isinstance(within := given.get("conversational_location"), Mapping):
            one.place, given = str(within["message_id"]), within
        location = given.get("location")
        if isinstance(location, Mapping) and "groups" in location:
            one.kind = "tokens"
            one.tokens = frozenset(
                f"{g['page_number']} {g['id']} {token}" for g in location["groups"] for token in g["tokens"]
            )
        elif isinstance(location, Mapping):
            one.kind, one.numbers = "entity", (int(location["start"]), int(location["end"]))

    def _relationship(self, given: Mapping[str, Any]) -> None:
        key = next((k for k in _ENDS if isinstance(given.get(k), Mapping)), "")
        ends, kind = given[key], key.partition("_")[0]
        kind = str(ends.get("type") or "") if kind == "relationship" else kind
        both = (str(ends.get("source") or "").lower(), str(ends["target"]).lower(), kind)
        self.features.append(Feature("relationship", self._names.feature(given), _id(given), ends=both))

    # ------------------------------------------------------------------------------------------------------- answers

    def answers(self, given: Any, before: Path = ()) -> Answers:
        """The way to each answer of classifications."""
        found: set[Path] = set()
        for question in _listed(given):
            name = self._names.feature(question)
            for choice in _choices(question):
                if isinstance(choice, str):
                    found.add((*before, name, choice))
                    continue
                here = (*before, name, self._names.option(choice))
                found.add(here)
                found |= self.answers(choice.get("classifications"), here)
        return frozenset(found)

    def _classification(self, given: Mapping[str, Any], ranges: Ranges | None) -> None:
        """``ranges``: when it holds; by its own id in the segments where it stands outside of the frames."""
        one = Feature("answer", self._names.feature(given), _id(given), place=str(given.get("message_id") or ""))
        found = self.answers([given])
        held = ranges if ranges is not None else self._segments.get(one.id)
        if held:
            one.times = dict.fromkeys(found, held)
        else:
            one.answers = found
        self.features.append(one)

    # -------------------------------------------------------------------------------------------------------- frames

    def _frames(self, group: Mapping[str, Any], segments: Mapping[str, Ranges], place: str, keyed: Any) -> None:
        """Objects and answers by frame, or by millisecond."""
        frames: dict[int, Mapping[str, Any]] = {}
        for field in ("frames", "timestamp"):
            given = group.get(field)
            for number, frame in given.items() if isinstance(given, Mapping) else ():
                if isinstance(frame, Mapping) and str(number).isdecimal():
                    frames[int(number)] = frame
        objects: dict[str, dict[int, Mapping[str, Any]]] = {}
        questions: dict[str, dict[int, Mapping[str, Any]]] = {}
        for number, frame in sorted(frames.items()):
            for one in _listed(frame.get("objects")):
                objects.setdefault(_id(one), {})[number] = one
            for one in _listed(frame.get("classifications")):
                questions.setdefault(_id(one) or self._names.feature(one), {})[number] = one
        for id, seen in objects.items():
            self._guarded(self._track, id, seen, segments.get(id), place, _key_frames(keyed, id, place))
        for id, seen in questions.items():
            self._guarded(self._over_time, seen, segments.get(id))

    def _track(
        self, id: str, seen: dict[int, Mapping[str, Any]], segments: Ranges | None, place: str, keyed: set[int]
    ) -> None:
        chosen = {f: one for f, one in seen.items() if f in keyed} or seen
        one = Feature("track", self._names.feature(next(iter(seen.values()))), id, place=place)
        keys: dict[int, tuple[float, ...]] = {}
        states: dict[int, Answers] = {}
        for frame, given in chosen.items():
            drawn = Feature("", "")
            self._shape(drawn, given)
            if not drawn.kind:
                raise ValueError
            one.shape, keys[frame] = drawn.kind, drawn.numbers
            if answers := self.answers(given.get("classifications")):
                states[frame] = answers
        one.kind = "masks" if one.shape == "mask" else "track"
        one.keys, one.states = keys, states
        one.segments = segments or merged([(min(keys), max(keys))])
        self.features.append(one)

    def _over_time(self, seen: dict[int, Mapping[str, Any]], segments: Ranges | None) -> None:
        """An answer holds from its frame to the next one, within its segment."""
        first = next(iter(seen.values()))
        one = Feature("answer", self._names.feature(first), _id(first))
        times: dict[Path, list[tuple[int, int]]] = {}
        frames = sorted(seen)
        for start, end in segments or runs(frames):
            inside = [f for f in frames if start <= f <= end]
            if not inside or inside[0] > start:  # it began before
                inside = [max((f for f in frames if f < start), default=frames[0]), *inside]
            for n, frame in enumerate(inside):
                until = inside[n + 1] - 1 if n + 1 < len(inside) else end
                for path in self.answers([seen[frame]]):
                    times.setdefault(path, []).append((max(start, frame), until))
        one.times = {path: merged(ranges) for path, ranges in times.items()}
        self.features.append(one)


def _id(given: Mapping[str, Any]) -> str:
    return str(given.get("feature_id") or "").lower()


def _listed(given: Any) -> list[Mapping[str, Any]]:
    """Objects of a list, or of an object that holds them by their ids."""
    if isinstance(given, Mapping):
        given = [{"feature_id": id, **one} for id, one in given.items() if isinstance(one, Mapping)]
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def _choices(question: Mapping[str, Any]) -> Iterator[Mapping[str, Any] | str]:
    """Options or the text of an answer; those of messages have a longer name."""
    for key, given in question.items():
        if key.endswith("text_answer") and isinstance(given, Mapping):
            yield str(given.get("content") or "")
        elif key.endswith(("radio_answer", "checklist_answers", "radio_answers", "checklist_answer")):
            yield from [given] if isinstance(given, Mapping) else _listed(given)


def _by_id(given: Any) -> dict[str, Ranges]:
    found = {}
    for id, ranges in given.items() if isinstance(given, Mapping) else ():
        pairs = ranges if isinstance(ranges, list) else []
        if pairs and all(isinstance(r, list) and len(r) == 2 and all(isinstance(f, int) for f in r) for r in pairs):
            found[str(id).lower()] = merged((start, end) for start, end in pairs)
    return found


def _key_frames(given: Any, id: str, place: str) -> set[int]:
    """Frames that a person, or the import, has set; those between are computed."""
    by_id = {str(k).lower(): v for k, v in given.items()} if isinstance(given, Mapping) else {}
    mine = by_id.get(id)
    if place and isinstance(mine, Mapping):
        mine = next((frames for plane, frames in mine.items() if str(plane).lower() == place), None)
    if isinstance(mine, Mapping):
        return {int(f) for f, on in mine.items() if on and str(f).isdecimal()}
    return {f for f in mine if isinstance(f, int)} if isinstance(mine, list) else set()
