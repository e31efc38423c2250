"""What is written of the shapes of a table, made once for all its assets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from operator import add

import msgspec

from to_labelbox.model.items import Box, Flat, Mask
from to_labelbox.model.tables import AnyTable, BoxTable, OutlineTable
from to_labelbox.report.annotation_index import ascii_text
from to_labelbox_formats.labelbox.encode.line_types import XY, Bbox

_APPROXIMATED = ',"approximated":true'

_TRACED = 1 << 16
"""Runs within columns that are traced at once, some 120 bytes each: a column has one and one more with each run that begins in it."""

_encode_lines = msgspec.json.Encoder().encode_lines


class TableTexts:
    """What is written of the shapes of a table whatever their asset: made once for all assets, in the order of the table.

    ``digits`` end the uuid of each object. Object n begins with shape ``first_shape[n]``. ``named``: all have a class,
    ``answered``: some have answers. ``approximated``: whether each has lost something; empty where none has.
    ``holes`` are how many each mask that is written as outlines loses.
    """

    def __init__(self, table: AnyTable) -> None:
        self.digits = _digits(table.ids)
        self.named = all(map(str.strip, set(table.labels)))
        self.answered = any(table.attributes)
        self.approximated: Sequence[bool] = table.unread if any(table.unread) else ()
        self.holes: dict[int, int] = {}
        self.first_shape: Sequence[int]
        if isinstance(table, OutlineTable):
            self._draw(table)
        else:
            self.shapes = _box_texts(table) if isinstance(table, BoxTable) else _shape_texts(table.shapes)
            self.first_shape = range(len(table.ids) + 1)
        # not the table itself, which holds this: the two would wait for the collector, and with them all texts of a set
        self._told_of = table.locations, table.ids, table.labels, self.approximated or table.unread

    def _draw(self, table: OutlineTable) -> None:
        from to_labelbox_formats.labelbox.encode.outline_text import (
            contour_texts,
            ring_texts,  # most sets have none, and need no numpy
        )

        drawn, first = ring_texts(table), table.first_ring
        if not table.masks:
            self.shapes, self.first_shape = drawn, first
            return
        from to_labelbox.geometry.contours import trace

        texts: list[str] = []
        holes: list[int] = []
        first_text = [0]
        for masks in _pieces(list(table.masks.values())):
            traced = trace(masks)
            first_text += [len(texts) + ring for ring in traced.first_ring[1:]]
            texts += contour_texts(traced)
            holes += traced.holes
        ends = dict(zip(table.masks, pairwise(first_text)))
        self.holes = dict(zip(table.masks, holes))
        self.approximated = [n in table.masks for n in range(len(table.ids))]
        self.shapes, at = [], 0
        for n, (begin, end) in ends.items():
            self.shapes += drawn[at : first[n]]
            self.shapes += texts[begin:end]
            at = first[n]
        self.shapes += drawn[at:]
        more = accumulate(end - begin for begin, end in (ends.get(n, (0, 0)) for n in range(len(table.ids))))
        self.first_shape = [0, *map(add, first[1:], more)]

    @cached_property
    def told(self) -> list[str]:
        """What ends the index line of each object."""
        locations, ids, labels, unread = self._told_of
        end = {label: ascii_text(label).decode() for label in {*labels}}
        more = {False: "", True: _APPROXIMATED}
        return [
            f',"where":"{where}","id":"{id}","class":{end[label]}{more[bool(lost)]}}}\n'
            for where, id, label, lost in zip(locations, ids, labels, unread)
        ]


def _pieces(masks: Sequence[Mask]) -> Iterator[list[Mask]]:
    """Masks, as many at a time as are traced in little memory, which goes by their runs within columns."""
    piece: list[Mask] = []
    runs = 0
    for mask in masks:
        piece.append(mask)
        runs += mask.width + len(mask.counts)
        if runs > _TRACED:
            yield piece
            piece, runs = [], 0
    if piece:
        yield piece


def whole_told(told: str) -> str:
    """What ends an index line, without its loss."""
    return told.replace(_APPROXIMATED, "")


_SMALL = [f"{id:012x}" for id in range(256)]


def _digits(ids: list[int]) -> list[str]:
    if max(ids, default=0) < len(_SMALL):
        return list(map(_SMALL.__getitem__, ids))
    return [f"{id:012x}" for id in ids]


def _box_texts(table: BoxTable) -> list[str]:
    boxes = _encode_lines(list(map(Bbox, table.top, table.left, table.height, table.width))).decode()
    return [f',"bbox":{box}}}\n' for box in boxes.split("\n")[:-1]]


def _shape_texts(shapes: Sequence[Box | Flat]) -> list[str]:
    drawn: list[Bbox | list[XY]] = []
    for shape in shapes:
        if isinstance(shape, Box):
            drawn.append(Bbox(shape.top, shape.left, shape.height, shape.width))
        else:
            values = iter(shape)
            drawn.append(list(map(XY, values, values)))
    texts = _encode_lines(drawn).decode().split("\n")[:-1]
    return [f',"bbox":{text}}}\n' if text[0] == "{" else f',"polygon":{text}}}\n' for text in texts]
