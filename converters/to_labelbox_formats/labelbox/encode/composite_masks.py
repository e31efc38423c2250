"""Masks of several tracks on one picture a frame: the one form of which Labelbox's own notebook has an example.

An instance keeps its colour on all frames. Where two lie over each other on a frame, the later one of the source is seen,
as where pictures are drawn one over the other.

numpy is imported where it is used: most sets have no mask.
"""

from __future__ import annotations

import zlib
from binascii import b2a_base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Raw

from to_labelbox.model.items import Mask, Track
from to_labelbox_formats.labelbox.encode.line_types import MaskFrame
from to_labelbox_formats.labelbox.encode.png_masks import png_of_rows, png_texts
from to_labelbox_formats.labelbox.encode.run_deflate import Color
from to_labelbox_formats.labelbox.encode.video import TrackLine, instance_color

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class PendingMask(NamedTuple):
    """A track that waits for the others of its asset; ``name`` is that of its tool, still open."""

    track: Track
    label: str
    name: Raw
    course: TrackLine
    approximated: bool


class Composite(NamedTuple):
    """``covered`` and ``seen`` are numbers of tracks: those that lose pixels to others, those of which any are left."""

    frames: list[MaskFrame]
    covered: set[int]
    seen: set[int]


def composite(pending: Sequence[PendingMask], base: int) -> Composite:
    """One picture for every frame on which any of the tracks is; ``base`` is the number of the first frame."""
    by_frame: dict[int, list[tuple[int, Mask]]] = {}
    for n, one in enumerate(pending):
        for run in one.course.segments:
            for key in run:
                assert isinstance(key.shape, Mask)
                by_frame.setdefault(key.frame, []).append((n, key.shape))
    covered: set[int] = set()
    seen: set[int] = set()
    frames: list[MaskFrame] = []
    for frame, drawn in sorted(by_frame.items()):
        if len(drawn) == 1:
            n, mask = drawn[0]
            seen.add(n)
            (text,) = png_texts([mask], instance_color(n))
        else:
            owners, lost = _owners(drawn)
            covered |= lost
            text = _picture(owners, seen)
        frames.append(MaskFrame(frame + base, Raw(b'"' + text + b'"')))
    return Composite(frames, covered, seen)


def _owners(drawn: Sequence[tuple[int, Mask]]) -> tuple[npt.NDArray[np.int32], set[int]]:
    """The number of the track that each pixel shows, -1 for none; and the tracks that others cover in part."""
    import numpy as np

    from to_labelbox.geometry.raster import mask_array

    first = drawn[0][1]
    owners = np.full((first.height, first.width), -1, np.int32)
    lost: set[int] = set()
    for n, mask in drawn:
        inside = mask_array(mask).astype(bool)
        lost |= set(np.unique(owners[inside]).tolist())
        owners[inside] = n
    return owners, lost - {-1}


def _picture(owners: npt.NDArray[np.int32], seen: set[int]) -> bytes:
    import numpy as np

    there = np.unique(owners)
    there = there[there >= 0]
    seen |= set(there.tolist())
    colors: list[Color] = [(0, 0, 0), *(instance_color(int(n)) for n in there)]
    # -1 is searched before all others
    places = np.searchsorted(there, owners, side="right")
    pixels: Any = np.array(colors, np.uint8)[places]
    height, width = owners.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    return b2a_base64(png_of_rows(width, height, 3, zlib.compress(rows.tobytes(), 1)), newline=False)
