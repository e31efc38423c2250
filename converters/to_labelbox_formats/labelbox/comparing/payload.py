"""A line of the payload as features: one, or one for each mask instance of a video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from to_labelbox_formats.labelbox.comparing.features import (
    NOTHING,
    Answers,
    Feature,
    Path,
    Ranges,
    box,
    merged,
    points,
    ring,
    runs,
)
from to_labelbox_formats.labelbox.validate.png import PngError, colors, decode

_decode = msgspec.json.Decoder().decode
_SHAPES = {"bbox": ("box", box), "polygon": ("polygon", ring), "line": ("line", points), "point": ("point", points)}


def sent(raw: bytes, number: int, fine: bool) -> list[Feature]:
    """What a line says; ``fine`` for rows whose numbers are degrees. A line that says nothing known gives none."""
    try:
        line = _decode(raw)
        found = list(_features(line, fine))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return []
    for one in found:
        one.line = number
    return found


def _features(line: Mapping[str, Any], fine: bool) -> Iterator[Feature]:
    if "masks" in line:
        yield from _mask_instances(line)
        return
    one = Feature("", name_of(line), str(line.get("uuid") or "").lower())
    one.answers = nested(line.get("classifications"))
    one.place = str(line.get("messageId") or line.get("groupKey") or "")
    if "page" in line:
        one.place, fine = f"page {line['page']}", line.get("unit") in ("PERCENT", "INCHES")
    one.fine = fine
    for key, (kind, numbers) in _SHAPES.items():
        if key in line:
            one.kind, one.numbers = kind, numbers(line[key])
    if "mask" in line:
        one.kind, one.numbers = "mask", _extent(line["mask"])
    elif "location" in line:
        one.kind, one.numbers = "entity", (line["location"]["start"], line["location"]["end"])
    elif "textSelections" in line:
        one.kind, one.tokens = "tokens", selections(line["textSelections"])
    elif "segments" in line:
        _track(one, line["segments"])
    elif "relationship" in line:
        ends = line["relationship"]
        source = str(ends.get("source") or "").lower()
        one.kind, one.ends = "relationship", (source, str(ends["target"]).lower(), str(ends.get("type") or ""))
    elif "answer" in line or "answers" in line:
        one.kind = "answer"
        _answer(one, line)
    if one.kind:
        yield one


def name_of(given: Mapping[str, Any]) -> str:
    return str(given.get("name") or given.get("schemaId") or "")


def selections(given: Any) -> frozenset[str]:
    return frozenset(f"{s['page']} {s['groupId']} {token}" for s in given for token in s["tokenIds"])


def _extent(mask: Mapping[str, Any]) -> tuple[float, ...]:
    """Left, top, right, bottom of the pixels; none for a picture behind a URL."""
    text = mask.get("png") or mask.get("imBytes")
    try:
        picture = decode(text) if text else None
    except PngError:
        return ()
    if picture is None:
        return ()
    on = _on(picture.pixels, mask.get("colorRGB"))
    rows, columns = np.flatnonzero(on.any(axis=1)), np.flatnonzero(on.any(axis=0))
    if not len(rows):
        return ()
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _on(pixels: Any, color: Any) -> Any:
    return pixels.any(axis=2) if color is None else (pixels[:, :, :3] == np.array(color, np.uint8)).all(axis=2)


def _mask_instances(line: Mapping[str, Any]) -> Iterator[Feature]:
    """A colour is an instance; it is in the frames whose picture has it."""
    place = str(line.get("groupKey") or "")
    frames: dict[int, set[tuple[int, ...]] | None] = {}
    text, shown = None, None
    for frame in line["masks"]["frames"]:
        if frame.get("imBytes") != text:
            text = frame.get("imBytes")
            try:
                shown = colors(decode(text)) if text else None
            except PngError:
                shown = None
        frames[int(frame["index"])] = shown
    for instance in line["masks"]["instances"]:
        color = tuple(instance["colorRGB"])
        seen = [frame for frame, shown in frames.items() if shown is None or color in shown]
        yield Feature("masks", name_of(instance), place=place, segments=runs(seen), keys=dict.fromkeys(seen, ()))


def _track(one: Feature, segments: Any) -> None:
    keys: dict[int, tuple[float, ...]] = {}
    states: dict[int, Answers] = {}
    ranges = []
    for segment in segments:
        frames = [int(key["frame"]) for key in segment["keyframes"]]
        ranges.append((min(frames), max(frames)))
        for key in segment["keyframes"]:
            name = next(name for name in _SHAPES if name in key)
            one.shape, read = _SHAPES[name]
            keys[int(key["frame"])] = read(key[name])
            if answers := nested(key.get("classifications")):
                states[int(key["frame"])] = answers
    one.kind, one.keys, one.segments = "track", keys, merged(ranges)
    if one.answers:
        first = min(keys)
        states[first] = states.get(first, NOTHING) | one.answers
        one.answers = NOTHING
    one.states = states


def nested(given: Any, before: Path = ()) -> Answers:
    """The answers of classifications, at every depth."""
    found: set[Path] = set()
    for question in given or ():
        found |= set(paths(_value(question), (*before, name_of(question)), ())[0])
    return frozenset(found)


def _value(question: Mapping[str, Any]) -> Any:
    return question["answer"] if "answer" in question else question["answers"]


def paths(answer: Any, way: Path, held: Ranges) -> tuple[dict[Path, Ranges], bool]:
    """The way to each answer, with the time it holds; and whether any has a time."""
    if isinstance(answer, str | int | float):
        return {(*way, str(answer)): held}, bool(held)
    found: dict[Path, Ranges] = {}
    timed = bool(held)
    for choice in [answer] if isinstance(answer, Mapping) else answer:
        told = str(choice["value"]) if "value" in choice and "name" not in choice else name_of(choice)
        here = (*way, told)
        frames = choice.get("frames")
        own = merged((int(f["start"]), int(f["end"])) for f in frames) if frames else held
        found[here] = merged((*found.get(here, ()), *own))
        timed |= bool(own)
        for question in choice.get("classifications") or ():
            deeper, also = paths(_value(question), (*here, name_of(question)), own)
            timed |= also
            for path, ranges in deeper.items():
                found[path] = merged((*found.get(path, ()), *ranges))
    return found, timed


def _answer(one: Feature, line: Mapping[str, Any]) -> None:
    frames = line.get("frames")
    held = merged((int(f["start"]), int(f["end"])) for f in frames) if frames else ()
    found, timed = paths(_value(line), (one.name,), held)
    if timed:
        one.times = found
    else:
        one.answers = frozenset(found)
