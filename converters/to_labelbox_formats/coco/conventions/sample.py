"""Annotations spread over a file, and what of them bears on how the file is to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

import msgspec
import numpy as np
from msgspec import Struct, field

from to_labelbox.geometry.vector import finite
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.fields.lenient_records import leniently, plain_counts
from to_labelbox_formats.coco.fields.named_sides import (
    NOTHING,
    box_among,
    is_placeless,
    number,
    outline_among,
    says_where,
    states_parts,
    unread_place,
)
from to_labelbox_formats.coco.fields.record_types import MixedOutline, Rle
from to_labelbox_formats.coco.index.categories import class_id_among, class_name_among, names_of
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import Id, Rows, find, size_in
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.index.videos import split_track

SAMPLE = 200
"""Annotations of a file that are looked at."""
Extent = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class _Record(Struct, gc=False):
    category_id: Id = None
    bbox: list[float] | None = None
    bbox_mode: int | str | None = None
    area: float | None = None
    segmentation: list[list[float]] | Rle | None = None
    keypoints: list[float] | None = None
    num_keypoints: int | None = None
    stand_in: str = field(default="", name="(a place elsewhere)")  # no field of a file


_record = msgspec.json.Decoder(_Record).decode


class Seen(Struct):
    """What an annotation says: its box, its area, the extent of its outline, its RLE, its keypoints as
    triples, how many it says they are, the size of its picture.

    ``turned``: the box has a turn as a fifth number. ``listed``: the extent of its outline, were all x before all y. ``upright``: it is an upright rectangle. ``empty``: it has a class, and no place that is read; ``placeless``: no field for one; ``elsewhere``: but one that looks like it.
    ``stand_in``: the fields of its place, where COCO does not have them; ``class_id_in``,
    ``class_name_in``: that of its class, likewise.
    """

    box: list[float] | None
    turned: bool
    area: float | None
    extent: Extent | None
    listed: Extent | None
    upright: bool
    runs: Rle | None
    points: list[tuple[float, float, float]]
    stated_points: int | None
    size: tuple[float, float] | None
    empty: bool
    placeless: bool
    elsewhere: bool
    stand_in: str
    class_id_in: str
    class_name_in: str


def sample_of(file: File, opened: Opened) -> Iterator[tuple[bytes, int]]:
    """Annotations spread over the file, each with the key of its image; of a track one that is on a frame."""
    table = file.annotations if file.tracks is None else file.tracks.tracks
    count = len(table)
    for row in sorted(set(np.linspace(0, max(0, count - 1), min(count, SAMPLE)).astype(np.int64).tolist())):
        text = opened.record(file.number, table, row)
        if file.tracks is not None:
            text = next((shown for shown in split_track(text)[1] if shown is not None), b"")
        yield text, int(table.keys[row])


def seen_of(sample: Sequence[tuple[bytes, int]], file: File, opened: Opened) -> Iterator[Seen]:
    """What is seen of annotations, mended as they are when they are read; boxes that state their ``bbox_mode`` say nothing here."""
    pictures, names = Pictures(file, opened), names_of(file.categories)
    images = pictures.rows.of(np.array([image for _, image in sample], np.int64)).tolist()
    for (text, _), image in zip(sample, images):
        record = read_record(text)
        if record is None:
            continue
        box = record.bbox[:4] if record.bbox and len(record.bbox) in (4, 5) and record.bbox_mode is None else None
        rings = record.segmentation if isinstance(record.segmentation, list) else []
        extent, listed, upright = extents_of(rings)
        by_id = by_name = None
        if record.category_id is None:
            members = members_of(text)
            by_id, by_name = class_id_among(members), class_name_among(members, names)
            record.category_id = by_id[1] if by_id else None
        category = find(file.categories, record.category_id)
        points, _ = as_triples(record.keypoints or [], (category and category.keypoints) or ())
        has_class = bool(by_name) or record.category_id is not None
        empty = has_class and not says_where([box, points, record.segmentation]) and not states_parts(text)
        yield Seen(
            box=box,
            turned=box is not None and box != record.bbox,
            area=record.area,
            extent=extent,
            listed=listed,
            upright=upright,
            runs=record.segmentation if isinstance(record.segmentation, Rle) else None,
            points=[point for point in zip(points[::3], points[1::3], points[2::3]) if finite(point)],
            stated_points=record.num_keypoints,
            size=pictures.size_at(image),
            empty=empty,
            placeless=empty and is_placeless(text),
            elsewhere=empty and bool(unread_place(text)),
            stand_in=record.stand_in,
            class_id_in=by_id[0] if by_id else "",
            class_name_in=by_name[0] if by_name else "",
        )


def read_record(text: bytes) -> _Record | None:
    """What a record says, the lenient way where it is not plain or draws nothing; without any number that is none."""
    try:
        record = _record(text)
    except UNDECODABLE:
        record = None
    if record is not None and (record.bbox or record.segmentation not in NOTHING or record.keypoints):
        return record
    try:
        fields, _ = leniently(text)
    except (ValueError, RecursionError):
        return None
    members = members_of(text)
    box, outline = fields.bbox, fields.segmentation
    if isinstance(outline, Rle):
        outline = Rle(outline.size, plain_counts(outline.counts))
    elif isinstance(outline, list):
        outline = [ring for ring in outline if ring and finite(ring)]
    named = None if box or outline or fields.keypoints or fields.named_points else box_among(members)
    if named is not None:
        box = named[1]
    points = [v for p in fields.named_points or () for v in (p.x, p.y, p.v)] or fields.keypoints or []
    area, count = (number(members.get(name)) for name in ("area", "num_keypoints"))
    return _Record(
        category_id=fields.category_id,
        bbox=box if box and finite(box) else None,
        bbox_mode=fields.bbox_mode,
        area=area if isfinite(area) else None,
        segmentation=None if isinstance(outline, MixedOutline) else outline,
        keypoints=points,
        num_keypoints=int(count) if isfinite(count) else None,
        stand_in=outline_among(members) if named is None else named[0],
    )


_FLAGS = frozenset({0, 1, 2, 3})
"""Visibilities; OCHuman has 3 of what others hide."""


def as_triples(keypoints: list[float], names: Sequence[str]) -> tuple[list[float], str]:
    """Keypoints as x, y, visibility, and what they are where they are written otherwise: in pairs or with a depth, just as many as
    there are names, or in columns. 0, 0 of a pair is none."""
    count, flags = len(keypoints), keypoints[2::3]
    is_plain = count % 3 == 0 and _FLAGS.issuperset(flags)
    if names and count == 2 * len(names) and not (is_plain and any(flags)):
        pairs = zip(keypoints[::2], keypoints[1::2])
        told = "keypoints are pairs, one for each name; those that are not at 0, 0 are visible"
        return [v for x, y in pairs for v in (x, y, 2 if x or y else 0)], told
    if is_plain or not keypoints:
        return keypoints, ""
    if names and count == 4 * len(names) and _FLAGS.issuperset(keypoints[3::4]):
        quadruples = zip(keypoints[::4], keypoints[1::4], keypoints[3::4])
        return [
            v for point in quadruples for v in point
        ], "keypoints are x, y, z and a visibility; z is not carried over"
    third = count // 3
    if count % 3 == 0 and _FLAGS.issuperset(keypoints[2 * third :]):
        columns = zip(keypoints[:third], keypoints[third : 2 * third], keypoints[2 * third :])
        return [v for point in columns for v in point], "keypoints are all x, then all y, then all visibilities"
    return keypoints, ""


def seen_of_text(text: bytes) -> tuple[float | None, Extent | None]:
    """The area that a record states, and the extent of its outline."""
    record = read_record(text)
    if record is None:
        return None, None
    return record.area, extents_of(record.segmentation)[0] if isinstance(record.segmentation, list) else None


def extents_of(parts: Sequence[Sequence[float]]) -> tuple[Extent | None, Extent | None, bool]:
    """What lies around an outline, and what were all x before all y; whether it is an upright rectangle."""
    xs, ys = [v for part in parts for v in part[::2]], [v for part in parts for v in part[1::2]]
    if not xs or not ys:
        return None, None, False
    halves = [(part[: len(part) // 2], part[len(part) // 2 :]) for part in parts]
    listed = _around([x for half, _ in halves for x in half], [y for _, half in halves for y in half])
    return _around(xs, ys), listed, len(ys) in (4, 5) and (len(set(xs)), len(set(ys))) == (2, 2)


def _around(xs: Sequence[float], ys: Sequence[float]) -> Extent:
    return min(xs), min(ys), max(xs), max(ys)


class Pictures:
    """Sizes of the images of a file, by their ``rows``, and these by the keys of ids."""

    def __init__(self, file: File, opened: Opened) -> None:
        self._table, self._number, self._opened = file.images, file.number, opened
        self.rows = Rows(file.images.keys)

    def size_at(self, row: int) -> tuple[float, float] | None:
        """The size that the image of a row states."""
        return None if row < 0 else size_in(self._opened.record(self._number, self._table, row))
