"""The shapes of regions, in pixels.

Percentages are of the picture as displayed, origin top left; they become pixels before anything is turned. A rectangle
turns clockwise about its *top-left corner* unless the user says otherwise, an ellipse about its centre.
"""

from __future__ import annotations

import math
from itertools import chain, pairwise

import msgspec
from msgspec import Raw, Struct

from to_labelbox.geometry.vector import GeometryError, upright_box
from to_labelbox.model.items import (
    Box,
    Ellipse,
    FrameSpan,
    Geometry,
    Keyframe,
    PageBox,
    PageUnit,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.rules.settings import Rules
from to_labelbox_formats.label_studio.conventions import Conventions
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import Number, ValueRecord, read_part
from to_labelbox_formats.label_studio.regions.brush import bitmask, brush_mask
from to_labelbox_formats.label_studio.regions.region_log import RegionLog

# ------------------------------------------------------------------------------------------------ on pictures


_VERTICES = msgspec.json.Decoder(list[tuple[float, float]], strict=False)


class Vertex(Struct, gc=False):
    x: float
    y: float
    id: str | int | None = None
    prevPointId: str | int | None = None
    isBezier: bool | None = None


class _Named(Struct, gc=False):
    x: float
    y: float


_POINTS = msgspec.json.Decoder(list[_Named], strict=False)
_VECTOR = msgspec.json.Decoder(list[Vertex], strict=False)


def shape_on_picture(
    value: ValueRecord, width: float, height: float, about_centre: bool, remarks: RegionLog
) -> list[Geometry]:
    """The geometry of an image region in pixels; several for a branching vector. Raises :class:`Refused`."""
    x, y = value.x, value.y
    if value.points:
        # some scripts state the size of a dot or the box around an outline, too
        return [_polygon(value, width, height)]
    if value.rle or value.imageDataURL is not None:
        return [_raster(value, round(width), round(height))]
    if x is not None and y is not None:
        if value.radiusX is not None and value.radiusY is not None:
            return [
                Ellipse(
                    x * width / 100,
                    y * height / 100,
                    abs(value.radiusX) * width / 100,
                    abs(value.radiusY) * height / 100,
                    (value.rotation or 0.0) % 360,
                )
            ]
        if value.width is not None and value.height is not None and value.keypointlabels is None:
            box = box_of(x, y, value.width, value.height, value.rotation or 0.0, width, height, about_centre)
            if value.width < 0 or value.height < 0:
                remarks.note(*sentences.BOXES_CORNERS_SWAPPED())
            return [box]
        for sides, kind in ((value.rectanglelabels, "rectangle"), (value.ellipselabels, "ellipse")):
            if sides is not None:
                raise Refused(Code.GEOMETRY_MISSING, f"a {kind} of which one side is missing or no number")
        return [Point(x * width / 100, y * height / 100)]
    if value.vertices:
        return _vector(value, width, height, remarks)
    raise Refused(Code.GEOMETRY_MISSING, "it has no shape that a picture can hold")


def box_of(
    x: float, y: float, w: float, h: float, rotation: float, width: float, height: float, about_centre: bool = False
) -> Box | RotatedBox:
    """A rectangle in per cent as pixels, turned about its top-left corner or centre; negative sides are turned round."""
    left, top, wide, high = x * width / 100, y * height / 100, w * width / 100, h * height / 100
    angle = rotation % 360
    if not angle:
        if wide < 0:
            left, wide = left + wide, -wide
        if high < 0:
            top, high = top + high, -high
        return Box(left, top, wide, high)
    if about_centre:
        return RotatedBox(left + wide / 2, top + high / 2, abs(wide), abs(high), angle)
    cos, sin = _QUARTERS.get(angle) or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    cx = left + (wide * cos - high * sin) / 2
    cy = top + (wide * sin + high * cos) / 2
    return RotatedBox(cx, cy, abs(wide), abs(high), angle)


_QUARTERS = {90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}


def _polygon(value: ValueRecord, width: float, height: float) -> Geometry:
    points = read_part(_pairs, value.points, Code.POLYGON_INVALID, "its points are no pairs of numbers")
    flat = scaled(points, width, height)
    if value.closed is False:
        if len(points) < 2:
            raise Refused(*sentences.LINE_OF_FEW_POINTS(points=n_of(len(points), "point")))
        return Polyline(flat)
    if len(points) < 3:
        raise Refused(*sentences.POLYGON_OF_FEW_POINTS(points=n_of(len(points), "point")))
    return Polygon(((flat,),))


def _pairs(raw: Raw) -> list[tuple[float, float]]:
    """Vertices as pairs, which scripts write as objects, too. Raises what :data:`UNDECODABLE` lists."""
    try:
        return _VERTICES.decode(raw)
    except UNDECODABLE as error:
        try:
            return [(point.x, point.y) for point in _POINTS.decode(raw)]
        except UNDECODABLE:
            raise error from None


def scaled(points: list[tuple[float, float]], width: float, height: float) -> list[float]:
    """Vertices in per cent of a picture in pixels, one number after another."""
    width, height = float(width), float(height)  # twice as fast as with whole numbers
    return list(chain.from_iterable([(x * width / 100.0, y * height / 100.0) for x, y in points]))


def _raster(value: ValueRecord, width: int, height: int) -> Geometry:
    if value.rle and value.format not in (None, "rle"):
        raise Refused(Code.MASK_INVALID, f"the format {value.format!r} of a mask is not known")
    try:
        return brush_mask(value.rle, width, height) if value.rle else bitmask(value.imageDataURL or "", width, height)
    except GeometryError as error:
        raise Refused(Code.MASK_INVALID, str(error)) from None


def _vector(value: ValueRecord, width: float, height: float, remarks: RegionLog) -> list[Geometry]:
    """A path; where a vertex does not follow its predecessor in the list, a branch begins there."""
    vertices = read_part(_VECTOR.decode, value.vertices, Code.LINE_TOO_SHORT, "its vertices cannot be read")
    if any(v.isBezier for v in vertices):
        remarks.lose(Code.GEOMETRY_OUTLINED, "curves between its vertices are written as straight lines")
    place = {v.id: (v.x, v.y) for v in vertices if v.id is not None}
    paths: list[list[tuple[float, float]]] = []
    last: str | int | None = None
    for n, v in enumerate(vertices):
        if n and v.prevPointId is not None and v.prevPointId != last and v.prevPointId in place:
            paths.append([place[v.prevPointId], (v.x, v.y)])
        elif n and (v.prevPointId is not None or v.id is None):
            paths[-1].append((v.x, v.y))
        else:
            paths.append([(v.x, v.y)])
        last = v.id
    if value.closed and len(paths) == 1:
        if len(paths[0]) < 3:
            raise Refused(*sentences.POLYGON_OF_FEW_POINTS(points=n_of(len(paths[0]), "point")))
        return [Polygon(((scaled(paths[0], width, height),),))]
    lines: list[Geometry] = [Polyline(scaled(p, width, height)) for p in paths if len(p) > 1]
    if not lines:
        raise Refused(*sentences.LINE_OF_FEW_POINTS(points=n_of(len(vertices), "point")))
    return lines


def box_on_page(value: ValueRecord, page: int, remarks: RegionLog) -> PageBox:
    """A rectangle on a page of a document, as fractions of the page. Raises :class:`Refused`."""
    if value.x is None or value.y is None or value.width is None or value.height is None:
        raise Refused(Code.GEOMETRY_UNSUPPORTED, "only rectangles can be drawn on a document")
    if value.page is not None:
        page = value.page
    elif value.pageIndex is not None:
        page = value.pageIndex + 1
    if page < 1:
        raise Refused(Code.BOX_INVALID, f"page {page} of a document")
    box = box_of(value.x, value.y, value.width, value.height, 0.0, 1.0, 1.0)
    assert isinstance(box, Box)
    if value.rotation and value.rotation % 360:
        remarks.lose(Code.ROTATION_IGNORED, "the rotation of a box on a document is left out")
    return PageBox(page, box, PageUnit.PERCENT)


# --------------------------------------------------------------------------------------------------- on videos


class Moment(Struct, gc=False):
    """A key frame of a video rectangle."""

    frame: float
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    rotation: float | None = None
    enabled: bool | None = None
    auto: bool | None = None
    vertices: Raw = Raw(b"")
    closed: bool | None = None


class Stretch(Struct, gc=False):
    start: Number = None
    end: Number = None


MAX_FRAMES = 10_000_000
MAX_FILLED = 200_000
"""Frames of one track that are told between key frames; of a longer one the key frames alone are."""
_SEQUENCE = msgspec.json.Decoder(list[Moment], strict=False)
_RANGES = msgspec.json.Decoder(list[Stretch], strict=False)


def segments_of(
    value: ValueRecord, width: float, height: float, conventions: Conventions, frames: int | None, remarks: RegionLog
) -> tuple[tuple[Keyframe, ...], ...]:
    """The visible stretches of a video region. Raises :class:`Refused`.

    A key frame with ``enabled: false`` is the last one that shows the object until the next key frame; one with
    ``enabled: true`` at the end holds to the end of the video. Of a rectangle that is turned every frame is told, as in the
    editor: its sides go linearly and its turn the shorter way round, which the way of its corners does not.
    """
    moments = read_part(_SEQUENCE.decode, value.sequence, Code.FRAME_INVALID, "its sequence cannot be read")
    # exports with interpolated frames mark them; they are what a linear track has between its key frames anyway
    keys = [m for m in moments if not m.auto] or moments
    by_frame: dict[int, Moment] = {}
    wrong = again = 0
    for moment in keys:
        frame = conventions.first_frame(moment.frame)
        if frame < 0 or frame > MAX_FRAMES or moment.frame != int(moment.frame):
            wrong += 1
        elif frames is not None and frame >= frames:
            wrong += 1
            # what lies beyond the end still says what holds at the end
            by_frame.setdefault(frames - 1, moment)
        else:
            told = by_frame.get(frame, moment)
            again += told.frame == moment.frame and told != moment
            by_frame[frame] = moment
    if again:
        message = f"{again} of its key frames are told twice, differently: the later one counts"
        remarks.note(Code.RECORD_DUPLICATE, message)
    if wrong:
        remarks.lose(
            Code.FRAME_INVALID,
            f"{wrong} of its key frames lie outside the video, whose first frame is {conventions.frame_base}",
        )
    ordered = _without_absences(sorted(by_frame.items()), remarks)
    if not ordered:
        raise Refused(Code.TRACK_EMPTY, "it has no key frame")
    turned = any(m.rotation and m.rotation % 360 for _, m in ordered)

    def drawn(frame: int, moment: Moment) -> Keyframe:
        return Keyframe(frame, _moment_shape(moment, width, height, turned, conventions.about_centre, remarks))

    keyframes = [drawn(frame, moment) for frame, moment in ordered]
    fills = ordered[-1][0] - ordered[0][0] <= MAX_FILLED and any(_is_turned(key.geometry) for key in keyframes)
    segments: list[tuple[Keyframe, ...]] = []
    current: list[Keyframe] = []
    for (frame, moment), key, following in zip(ordered, keyframes, [*ordered[1:], None]):
        current.append(key)
        if moment.enabled is False:
            segments.append(tuple(current))
            current = []
        elif fills and following is not None:
            current += [drawn(n, _between(frame, moment, *following, n)) for n in range(frame + 1, following[0])]
    if current:
        if frames is not None and (first := current[-1].frame + 1) < frames:
            held = range(first if fills and frames - first <= MAX_FILLED else frames - 1, frames)
            current += [Keyframe(frame, current[-1].geometry) for frame in held]
        segments.append(tuple(current))
    return tuple(segments)


def _without_absences(ordered: list[tuple[int, Moment]], remarks: RegionLog) -> list[tuple[int, Moment]]:
    """Key frames without those of scripts that say of frame after frame that nothing is there.

    In the editor a disabled key frame is the last one that shows the object, which a second one behind it could not be.
    """
    hidden = [frame for frame, moment in ordered if moment.enabled is False]
    if not any(b - a == 1 for a, b in pairwise(hidden)):
        return ordered
    message = "it is disabled on one frame after the other, so that it was taken for hidden on all disabled ones"
    remarks.note(Code.FIELD_REPAIRED, message)
    kept: list[tuple[int, Moment]] = []
    for (frame, moment), (following, after) in zip(ordered, [*ordered[1:], ordered[-1]]):
        if moment.enabled is False:
            continue
        if after.enabled is False:
            last = following - 1
            if last > frame:
                kept.append((frame, moment))
                moment = _between(frame, moment, following, after, last)
            frame, moment = last, msgspec.structs.replace(moment, enabled=False)
        kept.append((frame, moment))
    return kept


def _is_turned(shape: Geometry) -> bool:
    return isinstance(shape, RotatedBox) and upright_box(shape, Rules.rotation_tolerance) is None


def _between(frame: int, a: Moment, end: int, b: Moment, at: int) -> Moment:
    """A rectangle between two key frames, turned the shorter way round; the first one where either lacks a number."""
    sides = [(getattr(a, name), getattr(b, name)) for name in ("x", "y", "width", "height")]
    if any(p is None or q is None for p, q in sides):
        return a
    start, share = a.rotation or 0.0, (at - frame) / (end - frame)
    turn = ((b.rotation or 0.0) - start) % 360  # half a turn goes clockwise
    sides.append((start, start + (turn - 360 if turn > 180 else turn)))
    return Moment(at, *(p + (q - p) * share for p, q in sides))


def _moment_shape(
    moment: Moment, width: float, height: float, turned: bool, about_centre: bool, remarks: RegionLog
) -> Geometry:
    if moment.vertices:
        lines = _vector(ValueRecord(vertices=moment.vertices, closed=moment.closed), width, height, remarks)
        if len(lines) > 1:
            remarks.lose(Code.GEOMETRY_OUTLINED, "branches of a line in a video are left out")
        return lines[0]
    if moment.x is None or moment.y is None or moment.width is None or moment.height is None:
        raise Refused(Code.FRAME_INVALID, f"frame {moment.frame:g} has no x, y, width and height")
    box = box_of(moment.x, moment.y, moment.width, moment.height, moment.rotation or 0.0, width, height, about_centre)
    if turned and isinstance(box, Box):
        return RotatedBox(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height, 0.0)
    return box


def frame_spans(
    value: ValueRecord, conventions: Conventions, frames: int | None, remarks: RegionLog
) -> tuple[FrameSpan, ...]:
    """Stretches of a timeline, both ends included; an open end reaches to the end of the video."""
    ranges = read_part(_RANGES.decode, value.ranges, Code.FRAME_INVALID, "its ranges cannot be read")
    spans = []
    for stretch in ranges:
        if any(n is not None and n % 1 != 0 for n in (stretch.start, stretch.end)):
            message = f"its range {stretch.start}..{stretch.end} does not count whole frames: seconds are no frames"
            raise Refused(Code.FRAME_INVALID, message)
        start = conventions.first_frame(stretch.start) if stretch.start is not None else 0
        if stretch.end is not None:
            end = conventions.last_frame(stretch.end)
        else:
            end = frames - 1 if frames is not None else start
            if frames is None:
                message = "it has no end, and the length of the video is not known: only its first frame is written"
                remarks.lose(Code.FRAME_INVALID, message)
        if end < start:
            start, end = end, start
        if start < 0 or end > MAX_FRAMES:
            raise Refused(Code.FRAME_INVALID, f"frames {stretch.start}..{stretch.end} are not in any video")
        spans.append(FrameSpan(start, end))
    if not spans:
        raise Refused(Code.TRACK_EMPTY, "it has no stretch of frames")
    return tuple(spans)
