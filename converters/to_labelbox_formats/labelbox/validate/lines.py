"""The rules of one payload line. Each is stated where it is checked; what the server does is not known offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from msgspec import UNSET, UnsetType

from to_labelbox.model.text import n_of
from to_labelbox.rules.required import label_owner, option_owner
from to_labelbox_formats.labelbox.limits import MAX_FRAMES
from to_labelbox_formats.labelbox.validate import png, wire
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
from to_labelbox_formats.labelbox.validate.hints import Hint, at
from to_labelbox_formats.labelbox.validate.names import Names, demanding, differing, listing
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
UNITS = ("INCHES", "PIXELS", "POINTS", "PERCENT")
PLANES = ("axial", "sagittal", "coronal")
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ROUNDING = 1e-6


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


# ---------------------------------------------------------------------------------------------------- geometry


def _bbox(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.bbox, wire.Bbox)
    yield from _box(line.bbox, row)
    if (line.page is UNSET) != (line.unit is UNSET):
        yield "a box on a page needs both page and unit: with one of them it is read as a box on a picture"
    elif isinstance(line.page, int):
        if row.media and row.media != "PDF":
            yield f"page and unit are for documents, the data row is {row.media}"
        if line.page == 0:
            yield Hint("page 0: pages count from 1 in Labelbox's exports, from 0 in some of its examples")
        elif line.page < 0:
            yield f"page {line.page}: pages count from 1"
        if line.unit not in UNITS:
            yield f"unit {line.unit!r}; there are {', '.join(UNITS)}"
        box = line.bbox
        right, bottom = box.left + box.width, box.top + box.height
        if line.unit == "PERCENT" and max(-box.left, -box.top, right - 1, bottom - 1) > _ROUNDING:
            yield "PERCENT means fractions of the page, 0 to 1"
    elif row.media == "PDF":
        yield "a box on a document needs page and unit"


def _box(box: wire.Bbox, row: RowInfo) -> Iterator[str]:
    if box.height < 0 < box.width and row.media in ("", "TMS_GEO", "TMS_SIMPLE"):
        where = "" if row.media else "on a map "
        yield Hint(
            f"the box is {box.height:g} high: {where}it is taken, from the upper edge down; write the lower edge as top"
        )
    elif box.width <= 0 or box.height <= 0:
        yield f"the box is {box.width:g} wide and {box.height:g} high: both must be above 0"
    low, high = sorted((box.top, box.top + box.height))
    yield from _inside(row, box.left, low, box.left + box.width, high)


def _inside(row: RowInfo, left: float, top: float, right: float, bottom: float) -> Iterator[str]:
    if row.degrees and (left < -180 or right > 180 or top < -90 or bottom > 90):
        yield "EPSG4326 takes longitudes of -180..180 as x and latitudes of -90..90 as y"
    if row.bounds is not None:
        least_x, least_y, most_x, most_y = row.bounds
        slack = _ROUNDING * max(1, *map(abs, row.bounds))
        extent = f"the map, which is x {least_x:g}..{most_x:g}, y {least_y:g}..{most_y:g}"
        if right < least_x - slack or left > most_x + slack or bottom < least_y - slack or top > most_y + slack:
            yield f"lies beside {extent}"
        elif left < least_x - slack or right > most_x + slack or top < least_y - slack or bottom > most_y + slack:
            yield Hint(f"reaches beyond {extent}")
    size = row.size
    if size and (min(left, top) < -_ROUNDING or right > size[0] + _ROUNDING or bottom > size[1] + _ROUNDING):
        yield f"reaches beyond the picture of {size[0]} × {size[1]} pixels"


def _vertices(points: list[wire.XY], row: RowInfo) -> Iterator[str]:
    if row.degrees or row.bounds or row.size:
        xs, ys = [p.x for p in points], [p.y for p in points]
        yield from _inside(row, min(xs), min(ys), max(xs), max(ys))


def _distinct(points: list[wire.XY], least: int) -> bool:
    """Whether there are that many different places; looks no further than needed."""
    seen: set[tuple[float, float]] = set()
    for point in points:
        seen.add((point.x, point.y))
        if len(seen) == least:
            return True
    return False


def _polygon(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.polygon, list)
    if not _distinct(line.polygon, 3):
        yield f"a polygon of {n_of(len(line.polygon), 'point')}, want 3 different ones or more"
    else:
        yield from _vertices(line.polygon, row)


def _polyline(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.line, list)
    yield from _line(line.line, row)


def _line(points: list[wire.XY], row: RowInfo) -> Iterator[str]:
    if not _distinct(points, 2):
        yield f"a line of {n_of(len(points), 'point')}, want 2 different ones or more"
    else:
        yield from _vertices(points, row)


def _point(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.point, wire.XY)
    yield from _vertices([line.point], row)


# ------------------------------------------------------------------------------------------------------- masks


def _mask(line: wire.Line, row: RowInfo) -> Iterator[str]:
    mask = line.mask
    assert isinstance(mask, wire.WireMask)
    forms = [f for f in ("png", "imBytes", "instanceURI") if getattr(mask, f) is not UNSET]
    if len(forms) != 1:
        yield f"a mask has {' and '.join(forms) or 'no picture'}: want one of png, imBytes, instanceURI"
        return
    if (mask.colorRGB is UNSET) == (forms[0] != "png"):
        yield "png comes without colorRGB, imBytes and instanceURI with it"
        return
    color = mask.colorRGB
    if not isinstance(color, UnsetType):
        yield from _color(color)
    if isinstance(mask.instanceURI, str):
        yield from _uri(mask.instanceURI)
        return
    text = mask.png if isinstance(mask.png, str) else mask.imBytes
    assert isinstance(text, str)
    try:
        picture = png.decode(text)
    except png.PngError as error:
        yield f"the mask {error}"
        return
    yield from _sized(picture, row)
    if isinstance(color, UnsetType):
        yield from _grey(picture)
    else:
        yield from _colored(picture, [color])


def _sized(picture: png.Picture, row: RowInfo) -> Iterator[str]:
    width, height = picture.size
    if row.mask_size is None:
        row.mask_size = picture.size
    elif picture.size != row.mask_size:
        yield f"the mask is {width} × {height}, another on this data row {row.mask_size[0]} × {row.mask_size[1]}"
    if row.size and picture.size != row.size:
        yield f"the mask is {width} × {height}, its picture {row.size[0]} × {row.size[1]}"


def _grey(picture: png.Picture) -> Iterator[str]:
    if picture.color_type != png.GREY:
        yield "the mask in png must be 8-bit grey (mode L)"
        return
    highest = int(picture.pixels.max())
    if highest == 0:
        yield "no pixel of the mask is set"
    elif highest not in (1, 255) or not ((picture.pixels == 0) | (picture.pixels == highest)).all():
        yield "the mask's pixels must be 0 and 1 (or 0 and 255), one instance a picture"


def _colored(picture: png.Picture, colors: list[tuple[int, int, int]]) -> Iterator[str]:
    if picture.color_type not in (png.RGB, png.RGBA):
        yield "a mask that is told by colorRGB must be an RGB picture"
        return
    for color in colors:
        if not (picture.pixels[..., :3] == color).all(-1).any():
            yield f"colorRGB {list(color)} does not occur in the picture"


def _color(color: tuple[int, int, int]) -> Iterator[str]:
    if not all(0 <= value <= 255 for value in color):
        yield f"colorRGB {list(color)}: want three numbers of 0..255"
    elif not any(color):
        yield "colorRGB is black, which is the background"


def _uri(uri: str) -> Iterator[str]:
    if not uri.startswith("https://"):
        yield f"instanceURI {uri!r} must be an https URL that the server can read"


def _masks(line: wire.Line, row: RowInfo) -> Iterator[str]:
    masks = line.masks
    assert isinstance(masks, wire.Masks)
    yield from _plane(line, row)
    if line.name is not UNSET or line.schemaId is not UNSET:
        yield "the name stands on each of the instances, not on the line"
    if not masks.frames or not masks.instances:
        yield "masks need at least one frame and one instance"
    yield from _rising([frame.index for frame in masks.frames], -1)
    colors = [instance.colorRGB for instance in masks.instances]
    if len(set(colors)) < len(colors):
        yield "two instances have the same colorRGB"
    for color in colors:
        yield from _color(color)
    for instance in masks.instances:
        if instance.name is UNSET and instance.schemaId is UNSET:
            yield "want a name or a schemaId on each instance"
    missing = set(colors)
    for frame in masks.frames:
        if isinstance(frame.imBytes, str) == isinstance(frame.instanceURI, str):
            yield f"frame {frame.index}: want either imBytes or instanceURI"
        elif isinstance(frame.instanceURI, str):
            missing.clear()
            yield from _uri(frame.instanceURI)
        else:
            assert isinstance(frame.imBytes, str)
            try:
                picture = png.decode(frame.imBytes)
            except png.PngError as error:
                yield f"frame {frame.index}: the mask {error}"
                missing.clear()
                continue
            yield from (f"frame {frame.index}: {fault}" for fault in _sized(picture, row))
            yield from (f"frame {frame.index}: {fault}" for fault in _colored(picture, []))
            if picture.color_type != png.GREY:
                missing -= {c for c in missing if (picture.pixels[..., :3] == c).all(-1).any()}
    for color in missing:
        yield f"colorRGB {list(color)} occurs on no frame"


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
    text = row.text
    if isinstance(line.messageId, str):
        yield from _message(line, row)
        text = (row.messages or {}).get(line.messageId)
    if text is not None:
        # in UTF-16 units, the longer count of the two that are possible
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        if end >= length:
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


# ------------------------------------------------------------------------------------------------ video, DICOM


def _plane(line: wire.Line, row: RowInfo) -> Iterator[str]:
    if line.groupKey is not UNSET and line.groupKey not in PLANES:
        yield f"groupKey {line.groupKey!r}; there are {', '.join(PLANES)}"
    if row.media == "DICOM" and line.groupKey is UNSET:
        yield "a line of a DICOM series needs groupKey"
    if row.media == "VIDEO" and line.groupKey is not UNSET:
        yield "groupKey belongs to DICOM series, the data row is VIDEO"


def _rising(frames: Sequence[int], after: int) -> Iterator[str]:
    if frames and max(frames) > MAX_FRAMES:
        yield f"frame {max(frames)}: a video has at most {MAX_FRAMES:,} frames"
    for frame in frames:
        if frame < 0:
            yield f"frame {frame} is negative"
        elif frame <= after:
            yield f"frame {frame} comes after frame {after}: frames must rise, segments must not overlap"
        after = max(after, frame)


def shape_of(key: wire.WireKeyframe) -> str:
    found = [shape for shape in ("bbox", "point", "line") if getattr(key, shape) is not UNSET]
    return found[0] if len(found) == 1 else ""


def _segments(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.segments, list)
    yield from _plane(line, row)
    keys = [key for segment in line.segments for key in segment.keyframes]
    if not line.segments or not all(segment.keyframes for segment in line.segments):
        yield "segments and keyframes must not be empty: the track vanishes without error"
    yield from _rising([key.frame for key in keys], -1)
    shapes = {shape_of(key) for key in keys}
    if "" in shapes:
        yield "a keyframe needs exactly one of bbox, point, line"
    elif len(shapes) > 1:
        yield f"keyframes hold {' and '.join(sorted(shapes))}: one kind a track"
    elif line.groupKey is not UNSET and shapes - {"line"}:
        yield f"a DICOM series takes lines, not {shapes.pop()}"
    for key in keys:
        faults: Iterator[str] = iter(())
        if isinstance(key.bbox, wire.Bbox):
            faults = _box(key.bbox, row)
        elif isinstance(key.line, list):
            faults = _line(key.line, row)
        yield from (f"frame {key.frame}: {fault}" for fault in faults)
        if key.classifications is not UNSET and line.groupKey is not UNSET:
            yield f"frame {key.frame}: lines of DICOM series carry no classifications"


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
    "bbox": _bbox,
    "polygon": _polygon,
    "point": _point,
    "line": _polyline,
    "mask": _mask,
    "location": _location,
    "textSelections": _selections,
    "segments": _segments,
    "masks": _masks,
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
                below = demanding(question.options.get(id_of(option), {}))
                owner = option_owner(id_of(option), id_of(line))
                yield from unanswered_by(option.classifications or (), below, owner)
        return
    holders = line.masks.instances if isinstance(line.masks, wire.Masks) else [line]
    for holder in holders:
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
        if tool.demanding:
            label = tool.name.removesuffix(
                f" ({tool.draws.removeprefix('poly') if tool.draws == 'polyline' else tool.draws})"
            )
            yield from unanswered_by(given, tool.demanding, label_owner(label))
