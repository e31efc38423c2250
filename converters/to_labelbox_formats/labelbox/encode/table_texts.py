"""What is written of the shapes of a table, made once for all its assets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from to_labelbox.model.tables import BoxTable, OutlineTable
from to_labelbox.report.annotation_index import ascii_text
from to_labelbox_formats.labelbox.encode.line_types import Bbox

_APPROXIMATED = ',"approximated":true'


_encode_lines = msgspec.json.Encoder().encode_lines


class TableTexts:
    """What is written of the shapes of a table whatever their asset: made once for all assets, in the order of the table.

    ``digits`` end the uuid of each object. Object n begins with shape ``first_shape[n]``.
    """

    def __init__(self, table: BoxTable | OutlineTable) -> None:
        # not the table itself, which holds this: the two would wait for the collector, and with them all texts of a set
        self._told_of = table.locations, table.ids, table.labels, table.unread
        self.digits = [f"{id:012x}" for id in table.ids]
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
        classes = {label: ascii_text(label).decode() for label in set(labels)}
        marks = [_APPROXIMATED if lost else "" for lost in unread]
        return [
            f',"where":"{where}","id":"{id}","class":{classes[label]}{mark}}}\n'
            for where, id, label, mark in zip(locations, ids, labels, marks)
        ]


def _box_texts(table: BoxTable) -> list[str]:
    places = table.places
    boxes = _encode_lines(list(map(Bbox, places[1::4], places[::4], places[3::4], places[2::4]))).decode()
    return [f',"bbox":{box}}}\n' for box in boxes.split("\n")[:-1]]
