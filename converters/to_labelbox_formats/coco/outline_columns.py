"""Plain outlines of many images read at once, where outlines are written as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.model.items import Box
from to_labelbox.model.tables import OutlineTable, Rows
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox.source.short_numbers import Rings, read_rings
from to_labelbox_formats.coco.box_columns import CROWD, NothingElse
from to_labelbox_formats.coco.ids import Id
from to_labelbox_formats.coco.record_types import Found, list_of

BLOCK = 1 << 18
"""Bytes of records that are read at once: their columns fit into the processor's cache."""
_FLAT = 1e-6
"""Twice the area of a triangle that is none."""


class OutlineRecord(NothingElse, gc=False):
    """An annotation with a box and an outline, of whose rings only the text is taken.

    Its id makes a uuid without hashing.
    """

    id: Annotated[int, msgspec.Meta(ge=0, lt=10**14)]
    category_id: Annotated[int, msgspec.Meta(ge=0)]
    bbox: Box
    segmentation: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


_decode = msgspec.json.Decoder(list[OutlineRecord]).decode


Plain: TypeAlias = list[OutlineRecord] | None


def outlines_of(images: Sequence[Found], labels: Mapping[Id, str]) -> Iterator[Rows | None]:
    """The outlines of images of one file; None where an image has a record that is to be looked at closely, or ids repeat.

    Where that is so for most of some images, the rest is not tried.
    """
    tried = found = begin = weight = 0
    for n, image in enumerate(images, 1):
        weight += sum(map(len, image.texts))
        if weight < BLOCK and n < len(images):
            continue
        block = images[begin:n]
        if 2 * found < tried:
            yield from [None] * len(block)
        else:
            made = _block(block, labels)
            tried += len(made)
            found += sum(one is not None for one in made)
            yield from made
        begin, weight = n, 0


def _block(images: Sequence[Found], labels: Mapping[Id, str]) -> list[Rows | None]:
    plain = [_plain(image, labels) for image in images]
    records = [record for found in plain if found for record in found]
    rings = _rings(records) if records else None
    if rings is None and len(images) > 1 and records:  # one of them has something else: find out which
        return [one for image in images for one in _block([image], labels)]
    if rings is None:
        return [None] * len(images)
    rows = [row for image, found in zip(images, plain) if found for row in image.rows]
    first_ring = np.cumsum([0, *(len(record.segmentation) for record in records)])
    table = _table(rings, first_ring, records, rows, labels)
    enough = rings.first_value[1:] - rings.first_value[:-1] >= 6
    read = np.logical_and.reduceat(rings.read & enough, first_ring[:-1]).tolist()
    made: list[Rows | None] = []
    end = 0
    for found in plain:
        begin, end = end, end + len(found or ())
        made.append(Rows(table, begin, end) if found and all(read[begin:end]) else None)
    return made


def _plain(image: Found, labels: Mapping[Id, str]) -> Plain:
    if not image.texts:
        return None
    try:
        records = _decode(list_of(image.texts))
    except UNDECODABLE:
        return None
    unlike = len({record.id for record in records}) == len(image.texts)
    sized = all(record.bbox.width >= 0 <= record.bbox.height for record in records)
    return records if unlike and sized and all(record.category_id in labels for record in records) else None


def _rings(records: Sequence[OutlineRecord]) -> Rings | None:
    texts = [text for record in records for text in record.segmentation]
    rings = read_rings(b",".join(texts), len(texts))
    if rings is None or ((rings.first_value[1:] - rings.first_value[:-1]) & 1).any():
        return None
    return rings


def _table(
    rings: Rings,
    first_ring: npt.NDArray[np.intp],
    records: Sequence[OutlineRecord],
    rows: Sequence[int],
    labels: Mapping[Id, str],
) -> OutlineTable:
    values, first = rings.values, rings.first_value[:-1]
    corners = values.take(first[:, None] + np.arange(6), mode="clip")
    x, y, x1, y1, x2, y2 = corners.T
    end = values.take(rings.first_value[1:, None] - np.array([2, 1]))
    turn = np.abs((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y))
    sound = (turn >= _FLAT) & ((end[:, 0] != x) | (end[:, 1] != y))
    return OutlineTable(
        ids=[record.id for record in records],
        labels=[labels[record.category_id] for record in records],
        attributes=[CROWD if record.iscrowd else () for record in records],
        boxes=[record.bbox for record in records],
        locations=[f"annotations[{row}]" for row in rows],
        first_ring=first_ring.tolist(),
        first_value=rings.first_value.tolist(),
        values=values,
        texts=rings.texts,
        right=np.maximum.reduceat(values[::2], first >> 1).tolist(),
        bottom=np.maximum.reduceat(values[1::2], first >> 1).tolist(),
        sound=sound.tobytes(),
        unread=[False] * len(records),
    )
