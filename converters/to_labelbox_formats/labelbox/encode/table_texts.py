"""What is written of the shapes of a table, made once for all its assets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from to_labelbox.model.tables import BoxTable, OutlineTable
from to_labelbox.report.annotation_index import ascii_text
from to_labelbox_formats.labelbox.encode.line_types import Bbox

_encode_lines = msgspec.json.Encoder().encode_lines


class TableTexts:
    """What is written of the shapes of a table whatever their asset: made once for all assets, in the order of the table.

    ``digits`` end the uuid of each object. Object n begins with shape ``first_shape[n]``. ``named``: all have a class,
    ``answered``: some have answers, ``lost``: some have lost their outline.
    """

    def __init__(self, table: BoxTable | OutlineTable) -> None:
        # not the table itself, which holds this: the two would wait for the collector, and with them all texts of a set
        self._told_of = table.locations, table.ids, table.labels, table.unread
        self.digits = _digits(table.ids)
        self.named = all(map(str.strip, set(table.labels)))
        self.answered, self.lost = any(table.attributes), any(table.unread)
        self.first_shape: Sequence[int]
        if isinstance(table, BoxTable):
            self.shapes, self.first_shape = _box_texts(table), range(len(table.ids) + 1)
            return
        from to_labelbox_formats.labelbox.encode.outline_text import (
            vertex_texts,  # most sets have none, and need no numpy
        )

        self.shapes, self.first_shape = vertex_texts(table), table.first_ring

    @cached_property
    def told(self) -> list[str]:
        """What ends the index line of each object."""
        locations, ids, labels, unread = self._told_of
        end = {label: ascii_text(label).decode() for label in {*labels}}
        more = {False: "", True: ',"approximated":true'}
        return [
            f',"where":"{where}","id":"{id}","class":{end[label]}{more[bool(lost)]}}}\n'
            for where, id, label, lost in zip(locations, ids, labels, unread)
        ]


_SMALL = [f"{id:012x}" for id in range(256)]


def _digits(ids: list[int]) -> list[str]:
    if max(ids, default=0) < len(_SMALL):
        return list(map(_SMALL.__getitem__, ids))
    return [f"{id:012x}" for id in ids]


def _box_texts(table: BoxTable) -> list[str]:
    boxes = _encode_lines(list(map(Bbox, table.top, table.left, table.height, table.width))).decode()
    return [f',"bbox":{box}}}\n' for box in boxes.split("\n")[:-1]]
