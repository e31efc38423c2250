"""The rules of tracks, and of the numbers of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from to_labelbox_formats.labelbox.limits import MAX_FRAMES
from to_labelbox_formats.labelbox.validate import wire
from to_labelbox_formats.labelbox.validate.geometry import box_faults, polyline_faults
from to_labelbox_formats.labelbox.validate.rows import RowInfo

PLANES = ("axial", "sagittal", "coronal")


def plane_faults(line: wire.Line, row: RowInfo) -> Iterator[str]:
    if line.groupKey is not UNSET and line.groupKey not in PLANES:
        yield f"groupKey {line.groupKey!r}; there are {', '.join(PLANES)}"
    if row.media == "DICOM" and line.groupKey is UNSET:
        yield "a line of a DICOM series needs groupKey"
    if row.media == "VIDEO" and line.groupKey is not UNSET:
        yield "groupKey belongs to DICOM series, the data row is VIDEO"


def frame_faults(frames: Sequence[int], after: int) -> Iterator[str]:
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


def segments_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    assert isinstance(line.segments, list)
    yield from plane_faults(line, row)
    keys = [key for segment in line.segments for key in segment.keyframes]
    if not line.segments or not all(segment.keyframes for segment in line.segments):
        yield "segments and keyframes must not be empty: the track vanishes without error"
    yield from frame_faults([key.frame for key in keys], -1)
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
            faults = box_faults(key.bbox, row)
        elif isinstance(key.line, list):
            faults = polyline_faults(key.line, row)
        yield from (f"frame {key.frame}: {fault}" for fault in faults)
        if key.classifications is not UNSET and line.groupKey is not UNSET:
            yield f"frame {key.frame}: lines of DICOM series carry no classifications"
