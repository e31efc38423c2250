"""Plain outlines of many images read at once, where outlines are written as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.raster import mask_area
from to_labelbox.geometry.vector import GeometryError
from to_labelbox.model.items import Box, Mask
from to_labelbox.model.tables import OutlineTable, Rows
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox.source.short_numbers import NO_RINGS, Rings, read_rings
from to_labelbox_formats.coco.conventions.inner_parts import boxes_around, nested
from to_labelbox_formats.coco.fields.record_types import Found, Rle, list_of
from to_labelbox_formats.coco.index.box_columns import Answers, NothingElse
from to_labelbox_formats.coco.index.ids import Id
from to_labelbox_formats.coco.records.attributes import KnownAttributes
from to_labelbox_formats.coco.records.shapes import mask_of

BLOCK = 1 << 18
"""Bytes of records that are read at once: their columns fit into the processor's cache."""
_FLAT = 1e-6
"""Twice the area of a triangle that is none."""
_LONGEST = 1 << 14
"""The side of the largest mask that is read here: each place on it has its text in a table."""
_WEIGHT = 16
"""Bytes of outlines that a byte of a compressed mask comes to."""


class OutlineRecord(NothingElse, gc=False):
    """An annotation with a box and an outline, of whose rings only the text is taken, or a mask.

    Its id makes a uuid without hashing.
    """

    id: Annotated[int, msgspec.Meta(ge=0, lt=10**14)]
    category_id: Annotated[int, msgspec.Meta(ge=0)]
    bbox: Box
    segmentation: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)] | Rle


_decode = msgspec.json.Decoder(list[OutlineRecord]).decode


class _Plain(NamedTuple):
    """The records of an image with their answers, and which of them are masks; ``weight`` is what reading them takes, in bytes of outlines."""

    rows: Sequence[int]
    records: list[OutlineRecord]
    answers: list[Answers]
    masks: dict[int, Mask]
    weight: int


def outlines_of(
    images: Sequence[Found], labels: Mapping[Id, str], attributes: KnownAttributes
) -> Iterator[Rows | None]:
    """The outlines of images of one file; None where an image has a record that is to be looked at closely, or ids repeat.

    Where that is so for most of some images that have annotations to read, the rest is not tried.
    """
    tried = found = weight = annotated = 0
    block: list[_Plain | None] = []
    for n, image in enumerate(images, 1):
        plain = _plain(image, labels, attributes) if 2 * found >= tried else None
        block.append(plain)
        weight += plain.weight if plain else 0
        annotated += bool(image.texts)
        if weight < BLOCK and n < len(images):
            continue
        made = _block(block, labels)
        tried += annotated
        found += sum(one is not None for one in made)
        yield from made
        block, weight, annotated = [], 0, 0


def _block(images: Sequence[_Plain | None], labels: Mapping[Id, str]) -> list[Rows | None]:
    plain = [image for image in images if image]
    records = [record for image in plain for record in image.records]
    outlines = [record.segmentation if isinstance(record.segmentation, list) else [] for record in records]
    rings = _rings(list(chain.from_iterable(outlines))) if records else None
    if rings is None and len(plain) > 1:  # one of them has something else: find out which
        return [one for image in images for one in _block([image], labels)]
    if rings is None:
        return [None] * len(images)
    first_ring = np.cumsum([0, *map(len, outlines)])
    table = _table(rings, first_ring, records, plain, labels)
    unread = ~rings.read | (rings.first_value[1:] - rings.first_value[:-1] < 6)
    for ring in _inner(rings, first_ring, table):
        unread[ring] = True
    doubts = np.concatenate(([0], np.cumsum(unread)))[first_ring].tolist()
    made: list[Rows | None] = []
    end = 0
    for image in images:
        begin, end = end, end + len(image.records if image else ())
        made.append(Rows(table, begin, end) if image and doubts[begin] == doubts[end] else None)
    return made


def _inner(rings: Rings, first_ring: npt.NDArray[np.intp], table: OutlineTable) -> Iterator[int]:
    """The first ring of each outline of which one lies in another: its record says what that is."""
    several = np.flatnonzero(first_ring[1:] - first_ring[:-1] > 1)
    if not len(several):
        return
    first, values = rings.first_value[:-1] >> 1, rings.values
    left, top = (np.minimum.reduceat(values[n::2], first).tolist() for n in (0, 1))
    for begin, end in zip(first_ring[several].tolist(), first_ring[several + 1].tolist()):
        if boxes_around([(left[n], top[n], table.right[n], table.bottom[n]) for n in range(begin, end)]):
            bounds = rings.first_value[begin : end + 1].tolist()
            if nested([values[a:b].tolist() for a, b in pairwise(bounds)]):
                yield begin


def _plain(image: Found, labels: Mapping[Id, str], attributes: KnownAttributes) -> _Plain | None:
    if not image.texts:
        return None
    weight = sum(map(len, image.texts))
    masks: dict[int, Mask] = {}
    found: list[Answers] = []
    try:
        records = _decode(list_of(image.texts))
        for n, record in enumerate(records):
            answers = attributes.of_record(record.attributes, record.iscrowd)
            if answers is None or record.bbox.width < 0 or record.bbox.height < 0 or record.category_id not in labels:
                return None
            found.append(answers)
            if isinstance(record.segmentation, Rle):
                mask = masks[n] = mask_of(record.segmentation, None)
                if max(mask.width, mask.height) > _LONGEST or not mask_area(mask):
                    return None
                weight += _WEIGHT * len(mask.counts)
    except (*UNDECODABLE, GeometryError):
        return None
    if len({one.id for one in records}) < len(image.texts):
        return None
    return _Plain(image.rows, records, found, masks, weight)


def _rings(texts: Sequence[msgspec.Raw]) -> Rings | None:
    if not texts:
        return NO_RINGS
    rings = read_rings(b",".join(texts), len(texts))
    if rings is None or ((rings.first_value[1:] - rings.first_value[:-1]) & 1).any():
        return None
    return rings


def _table(
    rings: Rings,
    first_ring: npt.NDArray[np.intp],
    records: Sequence[OutlineRecord],
    images: Sequence[_Plain],
    labels: Mapping[Id, str],
) -> OutlineTable:
    values, first = rings.values, rings.first_value[:-1]
    firsts = accumulate((len(image.records) for image in images), initial=0)
    corners = values.take(first[:, None] + np.arange(6), mode="clip")
    x, y, x1, y1, x2, y2 = corners.T
    end = values.take(rings.first_value[1:, None] - np.array([2, 1]))
    with np.errstate(over="ignore", invalid="ignore"):  # of places of 1e300, which no picture has
        turn = np.abs((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y))
    sound = turn >= _FLAT
    if rings.others:
        sound &= np.minimum.reduceat(values, first) >= 0
    return OutlineTable(
        ids=[record.id for record in records],
        labels=[labels[record.category_id] for record in records],
        attributes=[answers for image in images for answers in image.answers],
        boxes=[record.bbox for record in records],
        locations=[f"annotations[{row}]" for image in images for row in image.rows],
        first_ring=first_ring.tolist(),
        first_value=rings.first_value.tolist(),
        values=values,
        texts=rings.texts,
        others=rings.others,
        closed=(end[:, 0] == x) & (end[:, 1] == y) & (rings.first_value[1:] - first > 6),
        right=np.maximum.reduceat(values[::2], first >> 1).tolist(),
        bottom=np.maximum.reduceat(values[1::2], first >> 1).tolist(),
        sound=sound.tobytes(),
        unread=[False] * len(records),
        masks={at + n: mask for at, image in zip(firsts, images) for n, mask in image.masks.items()},
    )
