"""Figures of a payload for the charts: all annotations are counted, shapes are measured as far as time allows."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import UNSET
from PIL import Image

from to_labelbox.geometry.vector import signed_area
from to_labelbox.pages.figures import Figures
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.preview.classes import name_of
from to_labelbox_formats.labelbox.preview.payload import Part, line_of
from to_labelbox_formats.labelbox.validate import wire

MEASURED = 60_000
"""Lines whose shapes are measured at most, evenly spread over the data rows."""
PICTURES = 6_000
"""Pictures whose size is looked up at most."""
MASKS = 1_500
"""Masks that are opened at most."""
_PLANE = {"", "IMAGE", "VIDEO", "DICOM"}
"""Types of data rows whose coordinates are pixels."""

_Box = tuple[float, float, float, float]
_Size = tuple[int, int] | None


def measured(parts: Sequence[Part], galleries: Mapping[str, MediaFolder | None]) -> Figures:
    """Figures of all payloads together; ``galleries`` are the media of each part by its name."""
    figures = Figures()
    for part in parts:
        figures.classes.update(part.index.classes)
        _count_rows(part, figures.rows)
    lines = figures.classes.total()
    every = max(1, math.ceil(lines / MEASURED))
    reader = _Reader(lines // every)
    for part in parts:
        reader.gallery = galleries[part.name]
        hashes = part.index.hashes
        for at in range(0, len(hashes), every):
            if part.media.get(int(hashes[at]), "") in _PLANE:
                reader.add(part.index.raw(at), figures)
    figures.sampled = bool(reader.left_out) or every > 1
    return figures


def _count_rows(part: Part, rows: Counter[int]) -> None:
    order, inverse = np.unique(part.index.hashes, return_inverse=True)
    lines = np.bincount(inverse, np.array(part.index.lines, np.float64), len(order)) if len(order) else np.zeros(0)
    rows.update(int(n) for n in lines)
    rows[0] += int((~np.isin(np.unique(part.everything), order)).sum())


class _Reader:
    """Reads shapes of lines, a share of the masks and of the pictures' sizes."""

    def __init__(self, lines: int) -> None:
        self.gallery: MediaFolder | None = None
        self._masks = self._rows = 0
        self._every_mask, self._every_picture = max(1, lines // MASKS), max(1, lines // PICTURES)
        self.left_out = 0

    def add(self, raw: Iterator[bytes], figures: Figures) -> None:
        """The lines of a data row."""
        found: list[tuple[str, _Box, float]] = []
        size: _Size = None
        key: str | None = None
        for line in self._lines(raw):
            key = key or (line.dataRow.globalKey if isinstance(line.dataRow.globalKey, str) else "")
            name = name_of(line)
            if isinstance(line.mask, wire.WireMask):
                self._masks += 1
                if self._masks % self._every_mask:
                    self.left_out += 1
                elif (opened := _mask(line.mask)) is not None:
                    box, area, size = opened
                    found.append((name, box, area))
                continue
            for shape in _shapes(line):
                if (drawn := _outline(shape)) is not None:
                    found.append((name, *drawn))
        if found and size is None:
            size = self._size(key or "")
        for name, box, area in found:
            figures.add(name, box, area, size)

    def _lines(self, raw: Iterator[bytes]) -> Iterator[wire.Line]:
        for one in raw:
            try:
                yield line_of(one)
            except (ValueError, RecursionError):
                continue

    def _size(self, key: str) -> _Size:
        self._rows += 1
        if self.gallery is None or not key or self._rows % self._every_picture:
            return None
        header = self.gallery.header(key)
        return (header.width, header.height) if header is not None else None


def _shapes(line: wire.Line) -> Iterator[wire.Line | wire.WireKeyframe]:
    """The line's own shape, or the first keyframe of each stretch of a track."""
    if isinstance(line.segments, list):
        yield from (segment.keyframes[0] for segment in line.segments if segment.keyframes)
    elif line.page is UNSET:
        yield line


def _outline(shape: wire.Line | wire.WireKeyframe) -> tuple[_Box, float] | None:
    """Envelope and area of a box, outline, line or point."""
    if isinstance(shape.bbox, wire.Bbox):
        box = shape.bbox
        return (box.left, box.top, box.width, box.height), box.width * box.height
    if isinstance(shape, wire.Line) and isinstance(shape.polygon, list) and shape.polygon:
        flat = [v for p in shape.polygon for v in (p.x, p.y)]
        return _envelope(flat), abs(signed_area(flat))
    if isinstance(shape.point, wire.XY):
        return (shape.point.x, shape.point.y, 0.0, 0.0), math.nan
    if isinstance(shape.line, list) and shape.line:
        return _envelope([v for p in shape.line for v in (p.x, p.y)]), math.nan
    return None


def _envelope(flat: Sequence[float]) -> _Box:
    xs, ys = flat[::2], flat[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _mask(mask: wire.WireMask) -> tuple[_Box, float, _Size] | None:
    """Envelope and area of an inline mask, and the size of its picture."""
    if not isinstance(mask.png, str):
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(mask.png, validate=True)), formats=["PNG"]) as image:
            grey = image.convert("L")
    except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return None
    box = grey.getbbox()
    if box is None:
        return None
    area = grey.width * grey.height - grey.histogram()[0]
    return (box[0], box[1], box[2] - box[0], box[3] - box[1]), area, grey.size
