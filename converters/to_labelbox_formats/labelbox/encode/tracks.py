"""Tracks of a video or a series to lines: segments of keyframes, or masks by frame."""

from __future__ import annotations

from msgspec import Raw, Struct

from to_labelbox.model.items import Media, Track
from to_labelbox.model.schema import Kind
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.labelbox.encode.composite_masks import PendingMask, composite
from to_labelbox_formats.labelbox.encode.line_buffer import LineBuffer
from to_labelbox_formats.labelbox.encode.line_types import MaskInstance, Masks, MasksLine
from to_labelbox_formats.labelbox.encode.placeholders import tool_token
from to_labelbox_formats.labelbox.encode.video import TrackLowering, instance_color, masks_line, segments_line
from to_labelbox_formats.labelbox.options import VideoMasks


class Tracks:
    """Encodes the tracks of one asset after another."""

    def __init__(self, buffer: LineBuffer) -> None:
        self._buffer = buffer
        self._lowering = TrackLowering(buffer.settings, buffer.log)
        self._masks = 0
        self._pending: dict[str | None, list[PendingMask]] = {}

    def start(self) -> None:
        """Another asset: its masks get their colours from the first on."""
        self._masks = 0
        self._pending.clear()

    def finish(self) -> None:
        """Write the masks of the asset: one line for all of them, one picture a frame."""
        buffer, base = self._buffer, self._buffer.options.first_frame
        for plane, pending in self._pending.items():
            frames, covered, seen = composite(pending, base)
            drawn, lost = [n for n in range(len(pending)) if n in seen], False
            for n, one in enumerate(pending):
                track = one.track
                if n not in seen:
                    message = "others cover it on every frame: -O video_masks=separate writes it all the same"
                    buffer.skip(Code.MASK_COVERED, message, track)
                    continue
                if n in covered:
                    message = (
                        "others cover a part of it, which one picture a frame cannot hold; see -O video_masks=separate"
                    )
                    buffer.note(Code.MASK_COVERED, message, track)
                buffer.count(one.label, Kind.MASK)
                buffer.close(track, one.approximated or n in covered)
                lost |= one.approximated or n in covered
            instances = [MaskInstance(instance_color(n), pending[n].name) for n in drawn]
            buffer.survey.joined += len(drawn) - 1
            first, *others = [pending[n].track for n in drawn]
            buffer.write(MasksLine(buffer.data_row, Masks(frames, instances), plane), None, first, others)
            if lost:
                buffer.note_approximated()
        self._pending.clear()

    def add(self, track: Track, instances: dict[str, int]) -> None:
        label, media = track.label, self._buffer.item.asset.media
        if self._buffer.refuses(label, track):
            return
        if media not in (Media.VIDEO, Media.DICOM):
            self._buffer.skip(Code.GEOMETRY_UNSUPPORTED, f"a track on {media} has no payload in Labelbox", track)
            return
        try:
            courses = self._lowering.lower(track, self._buffer.item.asset, self._buffer.item.origin)
        except Refused as skip:
            self._buffer.skip(skip.code, str(skip), track)
            return
        fitting = [course for course in courses if self._buffer.fits(course.label, course.kind)]
        if len(fitting) < len(courses):
            absent = {f"{c.kind} tool {c.label!r}": None for c in courses if not self._buffer.fits(c.label, c.kind)}
            self._buffer.miss(absent, track, skipped=not fitting)
            self._lowering.approximated = True
            courses = fitting
        if not courses:
            return
        base = self._buffer.options.first_frame
        plane = track.plane if media is Media.DICOM else None
        for course in courses:
            kind, tool_label, segments, part = course
            name = Raw(tool_token(tool_label, kind))
            if self._buffer.required is not None:
                answers = [a for segment in segments for key in segment for a in key.answers]
                self._buffer.demand(tool_label, kind, [] if kind is Kind.MASK else answers, track)
            if kind is Kind.MASK and self._buffer.options.video_masks is VideoMasks.COMPOSITE:
                waiting = PendingMask(track, tool_label, name, course, self._lowering.approximated)
                self._pending.setdefault(plane, []).append(waiting)
                return  # what has masks has one course
            self._buffer.count(tool_label, kind)
            line: Struct
            uuid = None
            if kind is Kind.MASK:
                line = masks_line(self._buffer.data_row, name, course, base, plane, instance_color(self._masks))
                self._masks += 1
            else:
                uuid = self._buffer.uuids.make(track.id, part)
                line = segments_line(uuid, self._buffer.data_row, name, course, base, plane)
                for given in {id(key.answers): key.answers for segment in segments for key in segment}.values():
                    self._buffer.observe(tool_label, part, given, label)
            self._buffer.write(line, uuid, track)
        if courses[0].part:
            instances[label] = instances.get(label, 0) + 1
        self._buffer.close(track, self._lowering.approximated)
        if self._lowering.approximated:
            self._buffer.note_approximated()
