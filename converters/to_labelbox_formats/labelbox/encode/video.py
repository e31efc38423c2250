"""Tracks: what a payload line of a video or a DICOM series can hold, and the way there for what it cannot.

- Upright boxes, points and lines are keyframes in segments; between the keyframes of a segment the editor
  interpolates linearly, between segments the object is absent [docs.labelbox.com/docs/interpolation].
- Keypoints become one point track a keypoint.
- Outlines and rasters have no such line: they become one mask a keyframe, or the track of their envelope boxes.

Answers stand on keyframes [SDK 7.17, NDSegments has no others] and hold from that frame on. The first keyframe of a
segment, and each at which any answer changes, states all of them, those of the whole track too.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec import Raw

from to_labelbox.geometry import vector as geo
from to_labelbox.geometry.any_shape import envelope
from to_labelbox.geometry.lowering import Lowering
from to_labelbox.model.items import (
    Asset,
    Box,
    Cuboid,
    Ellipse,
    Flat,
    Geometry,
    Keypoints,
    Mask,
    Media,
    Object,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.model.schema import Kind
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Outside, Policy, Settings
from to_labelbox_formats.labelbox.encode.line_buffer import MASKS
from to_labelbox_formats.labelbox.encode.line_types import (
    XY,
    Bbox,
    BoxKey,
    LineKey,
    MaskFrame,
    MaskInstance,
    Masks,
    MasksLine,
    PointKey,
    Segment,
    SegmentsLine,
)
from to_labelbox_formats.labelbox.encode.placeholders import attributes_token
from to_labelbox_formats.labelbox.encode.png_masks import png_texts
from to_labelbox_formats.labelbox.encode.track_states import (
    Attributes,
    State,
    largest_inside,
    point_states,
    states_of,
    unbroken,
    with_crossings,
)

PLANES = ("axial", "sagittal", "coronal")

Drawn: TypeAlias = Box | Point | Flat | Mask
_AREAS = (Box, RotatedBox, Polygon, Mask, Ellipse, Cuboid)
_NAMES: dict[type, str] = {
    Box: "boxes",
    RotatedBox: "rotated boxes",
    Polygon: "polygons",
    Mask: "masks",
    Ellipse: "ellipses",
    Cuboid: "cuboids",
    Point: "points",
    Polyline: "polylines",
    Keypoints: "skeletons",
}
_NATIVE: dict[type, Kind] = {Box: Kind.BOX, Point: Kind.POINT, Polyline: Kind.LINE}


class TrackLine(NamedTuple):
    """One line to write. ``part`` tells apart the lines of one track; masks have a single segment."""

    kind: Kind
    label: str
    segments: list[list[State]]
    part: str = ""


class TrackLowering:
    """Lowers tracks as :class:`~to_labelbox.geometry.lowering.Lowering` does objects; ``approximated`` is about the last one."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        ruled = dataclasses.replace(settings, class_geometry={}, class_map=None, one_kind={})
        free = dataclasses.replace(ruled, geometry=Policy.AUTO, min_area=0.0)
        self._shapes = Lowering(free, log)
        # what it says about forced kinds and cuts is said once a track instead
        self._rasters = Lowering(dataclasses.replace(free, geometry=Policy.MASK), Log())
        self.approximated = False

    def lower(self, track: Track, asset: Asset, origin: str) -> list[TrackLine]:
        """The lines to write. Raises :class:`Refused`."""
        self._track, self._asset, self._origin = track, asset, origin
        self.approximated = track.loss
        self._refused: Refused | geo.GeometryError | None = None
        self._hidden = 0
        self._shapes.start(asset.width, asset.height, origin)
        self._rasters.start(asset.width, asset.height, origin)
        courses = self._courses(track, asset)
        if not any(course.segments for course in courses):
            if isinstance(self._refused, geo.GeometryError):
                raise Refused(Code.MASK_INVALID, str(self._refused))
            raise self._refused or Refused(Code.TRACK_EMPTY, "the track shows nothing on any frame")
        if self._hidden and isinstance(self._refused, Refused):
            self._lose(self._refused.code, f"{self._refused}, on {self._hidden} keyframes: hidden there")
        elif self._hidden:
            self._lose(Code.MASK_INVALID, f"{self._refused}, on {self._hidden} keyframes: hidden there")
        if asset.media is Media.DICOM:
            courses = self._bare(track, courses)
        return [course for course in courses if course.segments]

    def _lose(self, code: Code, message: str) -> None:
        self.approximated = True
        self._log.note_annotation(code, message, self._track, self._origin)

    def _courses(self, track: Track, asset: Asset) -> list[TrackLine]:
        types = {type(key.geometry) for segment in track.segments for key in segment}
        states = states_of(track)
        if types == {Keypoints}:
            if asset.media is Media.DICOM:
                raise Refused(Code.GEOMETRY_UNSUPPORTED, "a track of keypoints on dicom has no payload in Labelbox")
            return self._keypoints(track, states)
        if RotatedBox in types and types <= {Box, RotatedBox} and asset.media is Media.VIDEO:
            upright = self._upright(states)
            if upright is not None:
                states, types = upright, {Box}
        kind = _NATIVE.get(types.copy().pop()) if len(types) == 1 else None
        if kind is Kind.LINE or (kind is not None and asset.media is Media.VIDEO):
            return [TrackLine(kind, track.label, self._moving(states))]
        if not types <= set(_AREAS):
            names = _in_words(types)
            raise Refused(Code.GEOMETRY_UNSUPPORTED, f"a track of {names} on {asset.media} has no payload in Labelbox")
        return [self._area(track, asset, states, _in_words(types - {Box} if RotatedBox in types else types))]

    def _upright(self, states: list[list[State]]) -> list[list[State]] | None:
        """Boxes whose turn is too small to see as upright ones; None when one turns visibly."""
        turned = 0
        found: list[list[State]] = []
        for segment in states:
            found.append([])
            for state in segment:
                shape = state.shape
                if isinstance(shape, RotatedBox):
                    upright = geo.upright_box(shape, self._settings.rotation_tolerance)
                    if upright is None:
                        return None
                    turned += bool(shape.angle % 360)
                    shape = upright
                found[-1].append(State(state.frame, shape, state.answers))
        if turned:
            self._lose(Code.ROTATION_IGNORED, f"a turn on {turned} keyframes moves no corner by a pixel and is ignored")
        return found

    # ------------------------------------------------------------------------------- boxes, points, lines

    def _moving(self, states: list[list[State]]) -> list[list[State]]:
        """Segments cut to the frame; a segment is split where nothing of the shape is on it."""
        width, height = self._asset.width, self._asset.height
        if width is not None and height is not None:
            inside = largest_inside(states, width, height)
            if inside is not None:
                self._check_area(inside)
                return [segment for segment in states if segment]
        segments: list[list[State]] = []
        largest = 0.0
        for states_of_segment in states:
            run: list[State] = []
            for state in self._with_crossings(states_of_segment):
                drawn = self._fit(state.frame, state.shape)
                if drawn is None:
                    if run:
                        segments.append(run)
                        run = []
                    continue
                if type(drawn) is Box:
                    largest = max(largest, drawn.width * drawn.height)
                run.append(State(state.frame, drawn, state.answers))  # type: ignore[arg-type]
            if run:
                segments.append(run)
        if segments and type(segments[0][0].shape) is Box:
            self._check_area(largest)
        return segments

    def _check_area(self, largest: float) -> None:
        if largest < self._settings.min_area:
            raise Refused(*sentences.TOO_SMALL(area=f"{largest:g}"))

    def _fit(self, frame: int, shape: Geometry) -> Drawn | None:
        """The shape on the frame; None, with the reason kept, when nothing of it is there."""
        width, height = self._asset.width, self._asset.height
        if (
            type(shape) is Box
            and width is not None
            and height is not None
            and shape.left >= 0
            and shape.top >= 0
            and 0 < shape.width <= width - shape.left
            and 0 < shape.height <= height - shape.top
        ):
            return shape
        try:
            shapes = self._shapes.lower(self._object(frame, shape))
        except Refused as skip:
            self._refused = self._refused or skip
            self._hidden += 1
            return None
        self.approximated |= self._shapes.approximated
        if len(shapes) > 1:
            message = f"on frame {frame} the line leaves the frame and returns: its longest piece is kept"
            self._lose(Code.CLIPPED, message)
        return max((s.geometry for s in shapes), key=_length) if len(shapes) > 1 else shapes[0].geometry  # type: ignore[return-value,arg-type]

    def _object(self, frame: int, shape: Geometry) -> Object:
        track = self._track
        return Object(
            id=track.id, label=track.label, geometry=shape, location=f"{track.location} frame {frame}".lstrip()
        )

    def _with_crossings(self, states: list[State]) -> Iterable[State]:
        width, height = self._asset.width, self._asset.height
        if width is None or height is None or self._settings.outside is Outside.KEEP:
            return states
        return with_crossings(states, width, height)

    # ---------------------------------------------------------------------------------- what needs another way

    def _keypoints(self, track: Track, states: list[list[State]]) -> list[TrackLine]:
        names = dict.fromkeys(
            p.name for s in track.segments for k in s if isinstance(k.geometry, Keypoints) for p in k.geometry.points
        )
        if not names:
            raise Refused(Code.KEYPOINTS_EMPTY, "no keypoint is present on any frame")
        message = f"a skeleton track is written as {n_of(len(names), 'point track')}, one a keypoint"
        self._lose(Code.TRACK_CONVERTED, message)
        return [
            TrackLine(Kind.POINT, f"{track.label}/{n}", self._moving(point_states(states, n, track.id)), f"/{n}")
            for n in names
        ]

    def _area(self, track: Track, asset: Asset, states: list[list[State]], what: str) -> TrackLine:
        forced = self._settings.policy(track.label, track.ledger_label) is Policy.BBOX
        known = asset.width is not None and asset.height is not None
        if asset.media is Media.VIDEO and (forced or not known):
            why = (
                self._settings.why(track.label)
                if forced
                else "as the frame size is not known: give --media-root or --sizes for masks"
            )
            self._lose(Code.TRACK_CONVERTED, f"a track of {what} is written as its envelope boxes, {why}")
            boxes = [[State(s.frame, _envelope(s.shape) or s.shape, s.answers) for s in segment] for segment in states]
            return TrackLine(Kind.BOX, track.label, self._moving(boxes))
        if not known:
            raise Refused(Code.IMAGE_SIZE_UNKNOWN, "masks need the frame size: give --media-root or --sizes")
        lighter = "; --geometry bbox writes boxes with keyframes" if asset.media is Media.VIDEO else ""
        keys = [
            State(s.frame, mask, ()) for segment in states for s in segment if (mask := self._mask(s.frame, s.shape))
        ]
        whole = unbroken(states)
        if what != _NAMES[Mask] or not whole:
            where = "frames" if whole else "keyframes; nothing is drawn between them"
            self._lose(
                Code.TRACK_CONVERTED, f"a track of {what} is written as masks on its {len(keys)} {where}{lighter}"
            )
        if keys:
            from to_labelbox.geometry import raster

            self._check_area(max(raster.mask_area(k.shape) for k in keys))  # type: ignore[arg-type]
        names = sorted({a.name for segment in states for s in segment for a in s.answers})
        if names:
            self._lose(Code.ATTRIBUTE_DROPPED, f"masks of a video carry no attributes: {', '.join(names)} left out")
        return TrackLine(Kind.MASK, track.label, [keys] if keys else [])

    def _mask(self, frame: int, shape: Geometry) -> Mask | None:
        if isinstance(shape, Box):
            shape = RotatedBox(shape.left + shape.width / 2, shape.top + shape.height / 2, shape.width, shape.height, 0)
        if isinstance(shape, RotatedBox):
            shape = Polygon(((geo.rotated_corners(shape),),))
        try:
            return self._rasters.lower(self._object(frame, shape))[0].geometry  # type: ignore[return-value]
        except (Refused, geo.GeometryError) as error:
            self._refused = self._refused or error
            self._hidden += 1
            return None

    def _bare(self, track: Track, courses: list[TrackLine]) -> list[TrackLine]:
        """DICOM lines need a plane and carry no answers [docs, import-dicom-annotations]."""
        if track.plane not in PLANES:
            raise Refused(Code.GEOMETRY_UNSUPPORTED, f"plane {track.plane!r}: DICOM takes {', '.join(PLANES)}")
        if any(key.answers for course in courses for segment in course.segments for key in segment):
            self._lose(Code.ATTRIBUTE_DROPPED, "DICOM lines carry no attributes: left out")
        return [c._replace(segments=[[State(k.frame, k.shape, ()) for k in s] for s in c.segments]) for c in courses]


def _in_words(types: Iterable[type]) -> str:
    return " and ".join(sorted(_NAMES.get(t, "other shapes") for t in types))


def _envelope(shape: Geometry) -> Box | None:
    """The box around a shape; None for one that encloses nothing, whose reason the lowering gives."""
    match shape:
        case Polygon(parts):
            shape = Polygon(tuple(p for p in parts if p and len(p[0]) >= 6 and len(p[0]) % 2 == 0))
            return envelope(shape) if shape.parts else None
        case RotatedBox(_, _, width, height) | Ellipse(_, _, width, height):
            return envelope(shape) if width > 0 and height > 0 else None
        case _:
            try:
                return envelope(shape)
            except geo.GeometryError:
                return None


def _length(line: Flat) -> float:
    return sum(math.hypot(x1 - x0, y1 - y0) for x0, y0, x1, y1 in zip(line[::2], line[1::2], line[2::2], line[3::2]))


# ------------------------------------------------------------------------------------------------------- lines


def segments_line(uuid: str, data_row: Raw, name: Raw, course: TrackLine, base: int, plane: str | None) -> SegmentsLine:
    """Boxes, points or lines; ``base`` is the number of the first frame."""
    key_of = _KEYS[course.kind]
    segments: list[Segment] = []
    for run in course.segments:
        keyframes: list[BoxKey | PointKey | LineKey | Raw] = []
        said: Attributes = ()
        for key in run:
            keyframe, answers = key_of(key.frame + base, key.shape), key.answers
            if answers is not said and answers != said:
                token = attributes_token(course.label, course.kind, answers)
                keyframes.append(Raw(msgspec.json.encode(keyframe)[:-1] + token + b"}"))
                said = answers
            else:
                keyframes.append(keyframe)
        segments.append(Segment(keyframes))
    return SegmentsLine(uuid, data_row, name, segments, plane)


def _box_key(frame: int, drawn: Geometry) -> BoxKey:
    assert isinstance(drawn, Box)
    return BoxKey(frame, Bbox(drawn.top, drawn.left, drawn.height, drawn.width))


def _point_key(frame: int, drawn: Geometry) -> PointKey:
    assert isinstance(drawn, Point)
    return PointKey(frame, XY(drawn.x, drawn.y))


def _line_key(frame: int, drawn: Geometry) -> LineKey:
    values = iter(drawn)  # type: ignore[call-overload]
    return LineKey(frame, list(map(XY, values, values)))


_KEYS: dict[Kind, Callable[[int, Geometry], BoxKey | PointKey | LineKey]] = {
    Kind.BOX: _box_key,
    Kind.POINT: _point_key,
    Kind.LINE: _line_key,
}


def masks_line(
    data_row: Raw, name: Raw, course: TrackLine, base: int, plane: str | None, color: tuple[int, int, int]
) -> MasksLine:
    """One picture a frame, on which this instance has its colour and the rest is black."""
    keys = [key for run in course.segments for key in run]
    frames = []
    for at in range(0, len(keys), MASKS):
        some = keys[at : at + MASKS]
        texts = png_texts([key.shape for key in some], color)  # type: ignore[misc]
        frames += [MaskFrame(key.frame + base, Raw(b'"%b"' % text)) for key, text in zip(some, texts)]
    return MasksLine(data_row, Masks(frames, [MaskInstance(color, name)]), plane)


def instance_color(n: int) -> tuple[int, int, int]:
    """A colour of its own for every instance of an asset, none of them black."""
    code = (n * 7_368_787 + 0x4C68B1) % 0xFFFFFF + 1
    return code >> 16, code >> 8 & 255, code & 255
