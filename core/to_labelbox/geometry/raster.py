"""Pure functions on masks: run lengths, arrays, outlines to pixels and back. Arrays are of shape (height, width)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.vector import GeometryError, clip_ring
from to_labelbox.model.items import Box, Flat, Mask, Polygon

Raster: TypeAlias = npt.NDArray[np.uint8]
"""Array of shape (height, width), 0 or 1."""

MAX_MASK_PIXELS = 10**8
"""Masks above this size are refused: a run-length code of a few bytes can claim any size."""
MAX_OUTLINE_COORDINATE = 1e6
"""pycocotools walks every edge pixel by pixel and overflows on huge coordinates: cut off before rasterising …"""
_MARGIN = 4096.0
"""… this many pixels outside the frame, where nothing that is inside it changes."""
_STEPS = 4_000_000
"""Fifths of a pixel that pycocotools walks at a time, at about 25 bytes each."""
_NO_RUN = np.zeros(1, np.int64)


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise GeometryError(f"mask of {width} × {height} pixels")
    if width * height > MAX_MASK_PIXELS:
        raise GeometryError(f"mask of {width} × {height} pixels is larger than {MAX_MASK_PIXELS}")


def mask_from_runs(runs: Sequence[int], width: int, height: int) -> Mask:
    """Mask from column-major run lengths over the whole frame, background first (COCO's uncompressed RLE).

    Raises :class:`GeometryError` unless the runs are whole, not negative and fill the frame exactly: pycocotools
    reads beyond its buffer otherwise.
    """
    from pycocotools import mask as coco

    _check_size(width, height)
    if not set(map(type, runs)) <= {int}:
        raise GeometryError("run lengths must be whole numbers")
    if runs and min(runs) < 0:
        raise GeometryError("negative run length")
    total = sum(runs)
    if total != width * height:
        raise GeometryError(f"runs add up to {total}, the frame has {width} × {height} = {width * height} pixels")
    rle = coco.frPyObjects({"size": [height, width], "counts": list(runs)}, height, width)
    counts: bytes = rle["counts"]
    _decoded_runs.keep(counts, total, np.array(runs, np.int64))
    return Mask(width, height, counts)


def mask_from_counts(counts: str | bytes, width: int, height: int) -> Mask:
    """Mask from COCO's compressed RLE text. Raises :class:`GeometryError` when it does not fill the frame exactly."""
    _check_size(width, height)
    try:
        data = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError:
        raise GeometryError("compressed RLE holds characters that are not ASCII") from None
    decode_counts(data, width * height)
    return Mask(width, height, data)


def mask_from_array(array: npt.NDArray[Any]) -> Mask:
    """Mask of the non-zero pixels of a (height, width) array."""
    from pycocotools import mask as coco

    height, width = array.shape
    _check_size(width, height)
    rle = coco.encode(np.asfortranarray(array != 0, dtype=np.uint8))
    return Mask(width, height, rle["counts"])


def mask_from_patch(patch: npt.NDArray[Any], left: int, top: int, width: int, height: int) -> Mask:
    """Mask of a frame from a small array whose top-left pixel is at (left, top); what sticks out is cut off."""
    _check_size(width, height)
    frame = np.zeros((height, width), np.uint8, order="F")
    rows, columns = patch.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + columns, width), min(top + rows, height)
    if x0 < x1 and y0 < y1:
        frame[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left] != 0
    return mask_from_array(frame)


def rows_from_runs(runs: Sequence[int], width: int, height: int) -> Raster:
    """Array from *row-major* runs, background first. Raises :class:`GeometryError` unless they fill it exactly."""
    _check_size(width, height)
    lengths = np.asarray(runs, np.int64)
    if lengths.size and lengths.min() < 0:
        raise GeometryError("negative run length")
    if lengths.sum() != width * height:
        raise GeometryError(f"runs add up to {lengths.sum()}, not to {width} × {height} = {width * height}")
    values = np.zeros(len(lengths), np.uint8)
    values[1::2] = 1
    return np.repeat(values, lengths).reshape(height, width)


class _DecodedRuns:
    """Run lengths of the masks last decoded: a mask is decoded to be checked when it is read, and again to be written."""

    LIMIT = 1 << 18
    """Run lengths that are kept, 2 MB of them; beyond, all are forgotten at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, int], npt.NDArray[np.int64]] = {}
        self._count = 0

    def get(self, counts: bytes, pixels: int) -> npt.NDArray[np.int64] | None:
        return self._found.get((counts, pixels))

    def keep(self, counts: bytes, pixels: int, runs: npt.NDArray[np.int64]) -> None:
        runs.flags.writeable = False
        if self._count + len(runs) > self.LIMIT:
            self._found.clear()
            self._count = 0
        if len(runs) <= self.LIMIT and (counts, pixels) not in self._found:
            self._found[counts, pixels] = runs
            self._count += len(runs)


_decoded_runs = _DecodedRuns()


def decode_counts(counts: bytes, pixels: int) -> npt.NDArray[np.int64]:
    """Run lengths of COCO's compressed text. Raises :class:`GeometryError` when they do not fill the frame."""
    return _decode([(counts, pixels)])[0]


def _decode(texts: Sequence[tuple[bytes, int]]) -> list[npt.NDArray[np.int64]]:
    """Run lengths of compressed texts, each with its pixels."""
    new = [text for text in dict.fromkeys(texts) if _decoded_runs.get(*text) is None]
    made = dict(zip(new, _decoded(new))) if new else {}
    found = [made[text] if text in made else _decoded_runs.get(*text) for text in texts]
    for text, runs in made.items():
        _decoded_runs.keep(*text, runs)
    return found  # type: ignore[return-value]


def _decoded(texts: Sequence[tuple[bytes, int]]) -> list[npt.NDArray[np.int64]]:
    """Run lengths of COCO's compressed texts.

    Each character carries 5 bits (code - 48), low bits first; 0x20 says that another follows, 0x10 of the last is the
    sign. From the fourth number on it is the difference to the number two places before.
    """
    if not all(text for text, _ in texts):
        raise GeometryError("empty RLE")
    codes = np.frombuffer(b"".join([text for text, _ in texts]), np.uint8) - np.uint8(48)
    if codes.max() > 63:
        raise GeometryError("compressed RLE holds a character outside its alphabet")
    ends = np.cumsum([len(text) for text, _ in texts])
    if codes[ends - 1].max() >= 0x20:
        raise GeometryError("compressed RLE ends inside a number")
    last = np.flatnonzero(codes < 0x20)
    first = np.concatenate(([0], last[:-1] + 1))
    digits = last - first + 1
    if digits.max() > 7:
        raise GeometryError("compressed RLE holds a number that is too large")
    place = np.arange(len(codes)) - np.repeat(first, digits)
    values = np.add.reduceat((codes & 0x1F).astype(np.int64) << (5 * place), first)
    values -= ((codes[last] & 0x10) != 0) * (np.int64(1) << (5 * digits))
    found = np.split(values, last.searchsorted(ends[:-1]))
    for (_, pixels), runs in zip(texts, found):
        for own in (runs[1::2], runs[2::2]):
            own.cumsum(out=own)
        if (total := int(runs.sum())) != pixels and runs.min() >= 0:
            raise GeometryError(f"runs add up to {total}, the frame has {pixels} pixels")
    if values.min() < 0:
        raise GeometryError("negative run length")
    return found


def mask_patch(mask: Mask) -> tuple[int, Raster]:
    """The columns that hold foreground: (left, array of shape (height, columns)); an empty mask gives no columns."""
    ends = np.cumsum(decode_counts(mask.counts, mask.width * mask.height))
    if len(ends) < 2:
        return 0, np.zeros((mask.height, 0), np.uint8)
    foreground = np.flatnonzero(ends[1::2] > ends[0 : len(ends) // 2 * 2 : 2])
    if not foreground.size:
        return 0, np.zeros((mask.height, 0), np.uint8)
    left = int(ends[2 * foreground[0]]) // mask.height
    right = (int(ends[2 * foreground[-1] + 1]) - 1) // mask.height + 1
    edges = np.clip(ends, left * mask.height, right * mask.height)
    lengths = np.diff(edges, prepend=left * mask.height)
    lengths = np.append(lengths, right * mask.height - edges[-1])
    values = np.zeros(len(lengths), np.uint8)
    values[1 : len(ends) : 2] = 1
    return left, np.repeat(values, lengths).reshape(right - left, mask.height).T


def mask_array(mask: Mask) -> Raster:
    """The whole frame, shape (height, width), 0 or 1."""
    left, patch = mask_patch(mask)
    frame = np.zeros((mask.height, mask.width), np.uint8)
    frame[:, left : left + patch.shape[1]] = patch
    return frame


class RowEdges(NamedTuple):
    """Where the foreground of some masks begins, ends, begins, … along the rows: row · (width + 1) + column, in ascending order.

    Those of mask m are ``edges[first[m]]`` to ``edges[first[m + 1]]``. A run that reaches the right border ends at column
    ``width``.
    """

    masks: Sequence[Mask]
    edges: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]


_EDGES = 1 << 16
"""Row edges that are found at a time, unless one mask has more."""


def row_edges(masks: Sequence[Mask]) -> Iterator[RowEdges]:
    """The row edges of all masks, some of these at a time. Cost: the runs of the masks and their rows, not their area."""
    edges, stride, lines = edges_of(masks)
    # The pixels right and left of the line between two columns differ between an odd and an even edge of both.
    merged = np.concatenate((edges, edges + stride))
    merged.sort(kind="stable")
    both = (merged[1:] == merged[:-1]).nonzero()[0]
    if len(both):
        kept = np.ones(len(merged), bool)
        kept[both] = kept[both + 1] = False
        merged = merged[kept]
    columns = merged[::2] // stride
    above = merged[::2] - columns * stride
    spans = merged[1::2] - merged[::2]  # rows, one below the other in a column
    first = columns.searchsorted(lines)
    ends = np.concatenate(([0], spans.cumsum()))
    begin = 0
    while begin < len(masks):
        enough = ends[first[begin]] + _EDGES
        end = max(begin + 1, int(ends[first].searchsorted(enough, side="right")) - 1)
        part = slice(first[begin], first[end])
        yield _by_row(masks[begin:end], columns[part] - lines[begin], above[part], spans[part])
        begin = end


def _by_row(
    masks: Sequence[Mask], columns: npt.NDArray[np.int64], above: npt.NDArray[np.int64], spans: npt.NDArray[np.int64]
) -> RowEdges:
    """The edges of masks whose columns stand side by side: ``spans`` of them below one another from row ``above`` on."""
    rows = np.array([mask.width + 1 for mask in masks])
    before = np.cumsum([0, *((mask.width + 1) * mask.height for mask in masks)])
    lines = rows.cumsum()
    of = lines.searchsorted(columns, side="right")
    columns += (before[:-1] - lines + rows).take(of)
    ends = spans.cumsum()
    count = int(ends[-1]) if len(ends) else 0
    row = rows.take(of)
    found = np.arange(count)
    found *= row.repeat(spans)
    found += ((above - ends + spans) * row + columns).repeat(spans)
    if before[-1] < 1 << 31:
        found = found.astype(np.int32)  # which is sorted several times as fast
    found.sort()
    first = found.searchsorted(before)
    return RowEdges(masks, found - before[:-1].repeat(np.diff(first)), first)


def mask_area(mask: Mask) -> int:
    """Foreground pixels."""
    return int(decode_counts(mask.counts, mask.width * mask.height)[1::2].sum())


def drawn_area(mask: Mask) -> int:
    """The same of a mask that :func:`rasterise` has made: pycocotools does not check the text."""
    from pycocotools import mask as coco

    return int(coco.area({"size": [mask.height, mask.width], "counts": mask.counts}))


def mask_box(mask: Mask) -> Box | None:
    """The box around the foreground; None when there is none."""
    left, patch = mask_patch(mask)
    if not patch.size:
        return None
    rows = np.flatnonzero(patch.any(axis=1))
    return Box(float(left), float(rows[0]), float(patch.shape[1]), float(rows[-1] - rows[0] + 1))


def rasterise(polygon: Polygon, width: int, height: int) -> Mask:
    """Pixels of an outline by pycocotools' rule; parts united, holes cut out."""
    from pycocotools import mask as coco

    _check_size(width, height)
    parts, long = polygon.parts, False
    for part in polygon.parts:
        for ring in part:
            reach = max(max(ring), -min(ring))
            if reach > MAX_OUTLINE_COORDINATE:
                parts = _near(polygon, width, height)
            long |= 5 * len(ring) * min(reach, MAX_OUTLINE_COORDINATE) > _STEPS
    if not parts:
        return Mask(width, height, _empty_counts(width, height))
    if long or any(len(part) > 1 for part in parts):
        total: npt.NDArray[np.uint8] = np.zeros((height, width), np.uint8)
        for part in parts:
            piece = _filled(part[0], width, height)
            for hole in part[1:]:
                piece &= 1 - _filled(hole, width, height)
            total |= piece
        return mask_from_array(total)
    outers = coco.frPyObjects([list(part[0]) for part in parts], height, width)
    rle = coco.merge(outers) if len(outers) > 1 else outers[0]
    return Mask(width, height, rle["counts"])


def union(masks: Sequence[Mask]) -> Mask:
    """The pixels of any of some masks of one size. Raises :class:`GeometryError` for masks of several."""
    from pycocotools import mask as coco

    sizes = {(mask.width, mask.height) for mask in masks}
    if len(sizes) != 1:
        raise GeometryError(f"masks of {len(sizes)} sizes")
    ((width, height),) = sizes
    rle = coco.merge([{"size": [height, width], "counts": mask.counts} for mask in masks])
    return Mask(width, height, rle["counts"])


def _near(polygon: Polygon, width: int, height: int) -> tuple[tuple[Flat, ...], ...]:
    """The parts without what is far outside the frame."""
    frame = -_MARGIN, -_MARGIN, width + _MARGIN, height + _MARGIN
    cut = [[clip_ring(ring, *frame) for ring in part] for part in polygon.parts]
    return tuple((part[0], *(ring for ring in part[1:] if len(ring) >= 6)) for part in cut if len(part[0]) >= 6)


def _filled(ring: Flat, width: int, height: int) -> Raster:
    """Pixels of one ring, walked a stretch at a time.

    pycocotools fills by parity, so a ring is the exclusive or of its stretches, each closed by a chord to the ring's
    first vertex: every chord is walked twice.
    """
    from pycocotools import mask as coco

    points = np.array(ring, float).reshape(-1, 2)
    sides = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1)
    sides[0] = 0.0
    chords = np.abs(points - points[0]).max(axis=1)
    walked = np.cumsum(5 * sides)
    frame: Raster | None = None
    start = 1
    while start < len(points) - 1:
        room = _STEPS - 5 * chords[start] + walked[start]
        stop = max(start + 2, int(np.searchsorted(walked, room, side="right")))
        stretch = np.concatenate((points[:1], points[start:stop]))
        rle = coco.frPyObjects([stretch.ravel().tolist()], height, width)[0]
        piece = mask_array(Mask(width, height, rle["counts"]))
        frame = piece if frame is None else frame ^ piece
        start = stop - 1
    return np.zeros((height, width), np.uint8) if frame is None else frame


def _empty_counts(width: int, height: int) -> bytes:
    from pycocotools import mask as coco

    counts: bytes = coco.frPyObjects({"size": [height, width], "counts": [width * height]}, height, width)["counts"]
    return counts


def edges_of(masks: Sequence[Mask]) -> tuple[npt.NDArray[np.int64], int, npt.NDArray[np.int64]]:
    """(line · stride + y of the start and end of each run of foreground within a column, in this order; stride; lines).

    The columns of all masks stand side by side: mask m has the lines ``lines[m]`` to ``lines[m + 1]``, one a column and an
    empty one.
    """
    counts = _decode([(mask.counts, mask.width * mask.height) for mask in masks])
    several = len(masks) > 1
    # a foreground of no length ends each that ends in background
    parts = [part for own in counts for part in ((own, _NO_RUN) if len(own) & 1 else (own,))]
    ends = (np.concatenate(parts) if several else parts[0][: len(parts[0]) & -2]).cumsum()
    begin, end = ends[::2], ends[1::2]
    lines = np.array([0, *accumulate(mask.width + 1 for mask in masks)])
    stride = max(mask.height for mask in masks) + 1
    of = np.arange(len(masks)).repeat([len(own) + 1 >> 1 for own in counts]) if several else None
    kept = end > begin
    if not kept.all():
        begin, end, of = begin[kept], end[kept], None if of is None else of[kept]
    apart = begin[1:] > end[:-1]
    if of is not None:
        apart |= of[1:] > of[:-1]
    if not apart.all():  # a run of length zero between them
        apart = np.concatenate(([True], apart, [True]))
        begin, end, of = begin[apart[:-1]], end[apart[1:]], None if of is None else of[apart[:-1]]
    height: Any = stride - 1  # of all masks, or of each run
    if of is not None:
        shift = np.array([0, *accumulate(mask.width * mask.height for mask in masks)]).take(of)
        begin, end = begin - shift, end - shift
        if any(mask.height != height for mask in masks):  # else dividing by one number is quick
            height = np.array([mask.height for mask in masks]).take(of)
    columns: npt.NDArray[np.int64] = begin // height
    last: npt.NDArray[np.int64] = (end - 1) // height
    if (columns < last).any():  # cut where a column ends
        spans = last - columns + 1
        ahead = spans.cumsum() - spans
        columns = (columns - ahead).repeat(spans) + np.arange(spans.sum())
        of = None if of is None else of.repeat(spans)
        height = height if isinstance(height, int) else height.repeat(spans)
        begin = np.maximum(begin.repeat(spans), columns * height)
        end = np.minimum(end.repeat(spans), (columns + 1) * height)
    place = columns if isinstance(height, int) else columns * (stride - height)
    if of is not None:
        place = place + lines.take(of) * stride
    edges = np.empty(2 * len(begin), np.int64)
    edges[::2], edges[1::2] = begin + place, end + place
    return edges, stride, lines


def resized(mask: Mask, width: int, height: int) -> Mask:
    """The mask on its picture scaled to another size: each pixel is that of the old one below its centre."""
    rows = (np.arange(height) * 2 + 1) * mask.height // (2 * height)
    columns = (np.arange(width) * 2 + 1) * mask.width // (2 * width)
    return mask_from_array(mask_array(mask)[rows[:, None], columns])


def turned(mask: Mask, orientation: int) -> Mask:
    """A mask of the upright picture as it is stored; ``orientation`` is the EXIF value 1..8."""
    return mask_from_array(_turned(mask_array(mask), orientation))


def _turned(array: Raster, orientation: int) -> npt.NDArray[np.uint8]:
    """Pixels of the upright picture as they are stored."""
    match orientation:
        case 2:
            return array[:, ::-1]
        case 3:
            return array[::-1, ::-1]
        case 4:
            return array[::-1, :]
        case 5:
            return array.T
        case 6:
            return array.T[::-1, :]
        case 7:
            return array[::-1, ::-1].T
        case 8:
            return array.T[:, ::-1]
        case _:
            return array
