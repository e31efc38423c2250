"""Videos as a few frames above lanes of tracks and answers; sounds as lanes alone.

Between two keyframes of a segment a box, point or line moves linearly; after a segment's last keyframe it is gone, as
Labelbox draws it. Answers of a keyframe hold from it on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from to_labelbox.model.text import n_of
from to_labelbox.pages.markup import text
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.preview import pictures
from to_labelbox_formats.labelbox.preview.classes import Classes, chosen, name_of, said, value_of
from to_labelbox_formats.labelbox.preview.drawing import Drawn, Undrawable, canvas, drawn, extent, patch
from to_labelbox_formats.labelbox.validate import wire

FRAMES = 6
"""Frames of a video that are shown."""
LANES = 200
FRAME_DISPLAY = (400, 300)


@dataclass(slots=True)
class Shown:
    """A video's part of its card."""

    html: str = ""
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """Stretches of frames or milliseconds, both ends included, with the moments that the payload states."""

    klass: int
    name: str
    spans: list[tuple[int, int]]
    marks: list[int]
    tip: str


def tracks(lines: Sequence[wire.Line], classes: Classes, gallery: MediaFolder | None, names: Sequence[str]) -> Shown:
    """A few frames with everything that is visible on them, and the lanes."""
    shown = Shown()
    moments = sorted({frame for line in lines for frame in _stated(line)})
    if not moments:
        shown.html = lanes(lines, classes, timed=False)
        return shown
    # the payload does not say whether its first frame is 0 or 1; only a 0 tells
    base = 0 if moments[0] == 0 else 1
    wanted = _spread(moments)
    found, source = pictures.frames(gallery, names, [frame - base for frame in wanted])
    shown.notes.append(source)
    on_frames = {frame: list(_visible(lines, frame, classes, shown.notes)) for frame in wanted}
    size = next((pair for shapes in on_frames.values() for _, pair in shapes if pair), None)
    everything = [shape for shapes in on_frames.values() for shape, _ in shapes]
    body = ""
    for frame in wanted:
        picture = found.get(frame - base)
        width, height = (picture.width, picture.height) if picture else size or extent(everything)
        shapes = [shape for shape, _ in on_frames[frame]]
        drawing = canvas(shapes, width, height, picture, display=FRAME_DISPLAY)
        body += f'<figure data-frame="{frame}">{drawing}<figcaption>frame {frame}</figcaption></figure>'
    shown.facts.append(f"frames {moments[0]} to {moments[-1]}")
    shown.html = f'<div class="strip">{body}</div>{lanes(lines, classes, timed=False)}'
    return shown


def _stated(line: wire.Line) -> Iterator[int]:
    for segment in line.segments if isinstance(line.segments, list) else ():
        yield from (key.frame for key in segment.keyframes)
    if isinstance(line.masks, wire.Masks):
        yield from (frame.index for frame in line.masks.frames)


def _spread(moments: Sequence[int]) -> list[int]:
    """Frames evenly spread over what is stated, each moved to the nearest stated frame."""
    first, last = moments[0], moments[-1]
    steps = [first + (last - first) * i / (FRAMES - 1) for i in range(FRAMES)]
    return sorted({min(moments, key=lambda m, step=step: abs(m - step)) for step in steps})  # type: ignore[misc]


def _visible(
    lines: Sequence[wire.Line], frame: int, classes: Classes, notes: list[str]
) -> Iterator[tuple[Drawn, tuple[int, int] | None]]:
    """Shapes on a frame; with masks also the frame's size."""
    for line in lines:
        if isinstance(line.masks, wire.Masks):
            for image in line.masks.frames:
                if image.index == frame:
                    yield from _masks(line.masks, image, classes, notes)
        elif isinstance(line.segments, list):
            key, told = _at(line.segments, frame)
            if key is None:
                continue
            try:
                yield drawn(classes.number(line), name_of(line), key, told, uuid=line.uuid), None
            except Undrawable as error:
                notes.append(f"{name_of(line)}: {error}")


def _masks(
    masks: wire.Masks, image: wire.MaskFrame, classes: Classes, notes: list[str]
) -> Iterator[tuple[Drawn, tuple[int, int]]]:
    for instance in masks.instances:
        number = classes.number(instance)
        if not isinstance(image.imBytes, str):
            notes.append(f"{name_of(instance)}: the mask is not in the file but at an address; it is not fetched")
            continue
        try:
            found = pictures.mask(image.imBytes, classes.all[number].rgb, instance.colorRGB)
        except pictures.Unreadable as error:
            notes.append(f"{name_of(instance)}: {error}")
            continue
        yield patch(number, name_of(instance), found, [f"frame {image.index}"]), (found.width, found.height)


def _at(segments: Sequence[wire.Segment], frame: int) -> tuple[wire.WireKeyframe | None, list[str]]:
    """The shape on a frame, and what is said of it; None where the track is not visible."""
    told: list[str] = []
    for segment in segments:
        before: wire.WireKeyframe | None = None
        for key in segment.keyframes:
            if key.frame > frame:
                if before is None:
                    break
                return _between(before, key, frame), [*told, f"frame {frame}, between keyframes"]
            told = said(key.classifications) or told
            before = key
        if before is not None and before.frame == frame:
            return before, [*told, f"frame {frame}, keyframe"]
    return None, told


def _between(a: wire.WireKeyframe, b: wire.WireKeyframe, frame: int) -> wire.WireKeyframe:
    share = (frame - a.frame) / (b.frame - a.frame)

    def mix(p: float, q: float) -> float:
        return p + (q - p) * share

    if isinstance(a.bbox, wire.Bbox) and isinstance(b.bbox, wire.Bbox):
        p, q = a.bbox, b.bbox
        box = wire.Bbox(mix(p.top, q.top), mix(p.left, q.left), mix(p.height, q.height), mix(p.width, q.width))
        return msgspec.structs.replace(a, bbox=box)
    if isinstance(a.point, wire.XY) and isinstance(b.point, wire.XY):
        return msgspec.structs.replace(a, point=wire.XY(mix(a.point.x, b.point.x), mix(a.point.y, b.point.y)))
    if isinstance(a.line, list) and isinstance(b.line, list) and len(a.line) == len(b.line):
        line = [wire.XY(mix(p.x, q.x), mix(p.y, q.y)) for p, q in zip(a.line, b.line)]
        return msgspec.structs.replace(a, line=line)
    return a


# ----------------------------------------------------------------------------------------------------------- lanes


def lanes(lines: Sequence[wire.Line], classes: Classes, timed: bool = True) -> str:
    """Tracks and ranged answers as bars over a common axis of milliseconds, or of frames."""
    found = [lane for line in lines for lane in _lanes(line, classes, "ms" if timed else "frame")]
    stretches = [span for lane in found for span in lane.spans]
    if not stretches:
        return ""
    first = 0 if timed else min(start for start, _ in stretches)
    last = max(end for _, end in stretches)
    length = max(last - first + (0 if timed else 1), 1)
    rows = "".join(_lane(lane, first, length, timed) for lane in found[:LANES])
    if len(found) > LANES:
        rows += f'<p class="note">{n_of(len(found) - LANES, "further lane")} left out</p>'
    marks = [first + (last - first) * i / 4 for i in range(5)]
    axis = "".join(f"<span>{text(f'{m / 1000:.2f} s' if timed else round(m))}</span>" for m in marks)
    return f'<div class="lanes">{rows}<div class="axis"><span></span><div>{axis}</div></div></div>'


def _lanes(line: wire.Line, classes: Classes, unit: str) -> Iterator[Lane]:
    if isinstance(line.segments, list):
        keys = [[key.frame for key in segment.keyframes] for segment in line.segments if segment.keyframes]
        spans = [(frames[0], frames[-1]) for frames in keys]
        marks = [frame for frames in keys for frame in frames]
        where = "; ".join(f"{a} to {b}" for a, b in spans[:8])
        tip = "\n".join([name_of(line), f"{n_of(len(marks), 'keyframe')}, frames {where}"])
        yield Lane(classes.number(line), name_of(line), spans, marks, tip)
    elif isinstance(line.masks, wire.Masks):
        marks = [frame.index for frame in line.masks.frames]
        for instance in line.masks.instances:
            tip = f"{name_of(instance)}\nmasks on {n_of(len(marks), 'frame')}"
            yield Lane(classes.number(instance), name_of(instance), [(m, m) for m in marks], [], tip)
    else:
        value = value_of(line)
        beside = line.frames if isinstance(line.frames, list) else []
        yield from _ranged(value, name_of(line), classes.number(line), beside, unit)


def _ranged(
    value: wire.Answers | None, name: str, klass: int, beside: Sequence[wire.Range], unit: str
) -> Iterator[Lane]:
    for choice in value if isinstance(value, list) else [value]:
        if not isinstance(choice, wire.WireChoice):
            continue
        ranges = choice.frames if choice.frames is not UNSET else beside
        if not ranges:
            continue
        words = chosen(choice)[0]
        spans = [(r.start, r.end) for r in ranges]
        where = "; ".join(f"{a} to {b}" for a, b in spans[:8])
        yield Lane(klass, f"{name}: {words}", spans, [], f"{name}: {words}\n{unit} {where}")
        for answer in choice.classifications if isinstance(choice.classifications, list) else ():
            yield from _ranged(value_of(answer), f"{words} › {name_of(answer)}", klass, (), unit)


def _lane(lane: Lane, first: int, length: int, timed: bool) -> str:
    def share(value: float) -> str:
        return f"{100 * (value - first) / length:.3f}%"

    one = 0 if timed else 1
    bars = "".join(
        f'<rect x="{share(a)}" y="3" width="{100 * (b - a + one) / length:.3f}%" height="12" rx="3"/>'
        for a, b in lane.spans
    )
    ticks = "".join(f'<circle cx="{share(m + one / 2)}" cy="9" r="2.5"/>' for m in lane.marks)
    return (
        f'<div class="lane c{lane.klass}" data-c="{lane.klass}" data-tip="{text(lane.tip)}" tabindex="0">'
        f'<span class="label">{text(lane.name)}</span><svg>{bars}{ticks}</svg></div>'
    )
