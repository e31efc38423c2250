"""What the tests of cvat tracks share."""

from __future__ import annotations

from cvat_files import label, task
from to_labelbox.model.items import (
    Box,
    Track,
)

CLIP = task(label("car"), size=21, stop=20, video=(640, 480))


def at(found: Track, frame: int) -> tuple[float, float, float, float] | None:
    """Corners that a player shows on a frame: linear between the keyframes of a segment, nothing outside of it."""
    for segment in found.segments:
        if not segment[0].frame <= frame <= segment[-1].frame:
            continue
        for a, b in zip(segment, segment[1:] or segment):
            if a.frame <= frame <= b.frame:
                assert isinstance(a.geometry, Box)
                assert isinstance(b.geometry, Box)
                t = (frame - a.frame) / (b.frame - a.frame) if b.frame > a.frame else 0.0
                p, q = corners_of(a.geometry), corners_of(b.geometry)
                x0, y0, x1, y1 = (u + (v - u) * t for u, v in zip(p, q))
                return x0, y0, x1, y1
    return None


def corners_of(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.left + box.width, box.top + box.height


def frames_of(found: Track) -> list[list[int]]:
    return [[k.frame for k in segment] for segment in found.segments]
