"""Boxes that the first pass keeps, so that plain records need no second reading where only boxes are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.model.items import Attribute, Object
from to_labelbox.model.tables import BoxTable, Rows
from to_labelbox_formats.coco.index.ids import Id, NoIds, One, Whole, Zero

CROWD = (Attribute("iscrowd", "yes", flag=True),)
_SHORTEST_OUTLINE = 5
"""Bytes of it: ``null``, ``[]`` and ``[[]]`` are none."""


class NothingElse(Struct, gc=False, kw_only=True):
    """What an annotation of nothing but a place and a class may still have: decoding refuses what says more."""

    iscrowd: int | None = None
    keypoints: None = None
    caption: None = None
    score: None = None
    attributes: None = None
    segments_info: None = None
    ignore: Zero | None = None
    deleted: None = None
    isbbox: None = None
    bbox_mode: One | None = None
    attribute_ids: NoIds | None = None


class BoxRecord(NothingElse, gc=False):
    """An annotation with a box and perhaps an outline."""

    image_id: Whole
    id: Whole
    category_id: Annotated[int, msgspec.Meta(ge=0, lt=2**16)]
    bbox: tuple[float, float, float, float]
    segmentation: msgspec.Raw = msgspec.Raw()


read_boxes = msgspec.json.Decoder(list[BoxRecord]).decode


class Boxes(Struct):
    """One row an annotation. Where ``plain`` is False, the record has to be read; the rest of its row is 0.

    ``outlined``: there is an outline that was not read. ``places``: left, top, width, height.
    """

    plain: npt.NDArray[np.bool_]
    outlined: npt.NDArray[np.bool_]
    crowd: npt.NDArray[np.bool_]
    ids: npt.NDArray[np.int64]
    categories: npt.NDArray[np.uint16]
    places: npt.NDArray[np.float64]


class BoxColumns:
    """Grows the columns of :class:`Boxes` in place."""

    def __init__(self) -> None:
        self._plain, self._outlined, self._crowd = bytearray(), bytearray(), bytearray()
        self._ids, self._categories, self._places = array("q"), array("H"), array("d")

    def add(self, items: Sequence[Struct | None]) -> None:
        boxes = [item for item in items if type(item) is BoxRecord]
        if len(boxes) < len(items):
            self.add_unknown(len(items))
            return
        places = np.array([b.bbox for b in boxes], np.float64).reshape(-1, 4)
        self._places.frombytes(places.tobytes())
        self._plain += ((places[:, 2:].min(1) >= 0) & (places[:, 2:].max(1) > 1)).tobytes()
        self._outlined += bytes([len(memoryview(b.segmentation)) >= _SHORTEST_OUTLINE for b in boxes])
        self._crowd += bytes(map(bool, [b.iscrowd for b in boxes]))
        self._ids.extend([b.id for b in boxes])
        self._categories.extend([b.category_id for b in boxes])

    def add_unknown(self, count: int) -> None:
        """Rows of records that all have to be read."""
        for flags in (self._plain, self._outlined, self._crowd):
            flags += bytes(count)
        for column, size in ((self._ids, 1), (self._categories, 1), (self._places, 4)):
            column.frombytes(bytes(count * size * column.itemsize))

    def absorb(self, other: BoxColumns) -> None:
        """Add the rows of another one."""
        self._plain += other._plain
        self._outlined += other._outlined
        self._crowd += other._crowd
        self._ids += other._ids
        self._categories += other._categories
        self._places += other._places

    def table(self) -> Boxes:
        return Boxes(
            np.frombuffer(self._plain, bool),
            np.frombuffer(self._outlined, bool),
            np.frombuffer(self._crowd, bool),
            np.frombuffer(self._ids, np.int64),
            np.frombuffer(self._categories, np.uint16),
            np.frombuffer(self._places, np.float64).reshape(-1, 4),
        )


def unknown(count: int) -> Boxes:
    """Rows of records that all have to be read."""
    columns = BoxColumns()
    columns.add_unknown(count)
    return columns.table()


def joined(parts: Sequence[Boxes]) -> Boxes:
    """The rows of several files one after another."""
    if len(parts) == 1:
        return parts[0]
    return Boxes(*(np.concatenate([getattr(p, name) for p in parts]) for name in Boxes.__struct_fields__))


class KnownBoxes:
    """Objects of the images whose annotations are all plain. ``labels``: names by category id, a table a file.

    ``at`` is what begins the locations of a file's records.
    """

    def __init__(self, boxes: Boxes, labels: Sequence[Mapping[Id, str]], at: Sequence[str]) -> None:
        self._boxes = boxes
        self._at = at
        self._labels = labels

    def of_images(
        self,
        numbers: npt.NDArray[np.int32],
        files: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        bounds: Sequence[int],
    ) -> list[Sequence[Object] | None]:
        """The objects of each image; None where an annotation has to be read, or ids repeat.

        ``numbers``: rows of :class:`Boxes`; ``files``, ``rows``: where they are from. Image n has those from
        ``bounds[n]`` to ``bounds[n + 1]``.
        """
        boxes = self._boxes
        ids = boxes.ids[numbers].tolist()
        file_of = files.tolist()
        labels = [self._labels[f].get(c, "") for f, c in zip(file_of, boxes.categories[numbers].tolist())]
        left, top, width, height = boxes.places[numbers].T
        table = BoxTable(
            ids=ids,
            labels=labels,
            attributes=[CROWD if crowd else () for crowd in boxes.crowd[numbers].tolist()],
            locations=[f"{self._at[f]}annotations[{row}]" for f, row in zip(file_of, rows.tolist())],
            right=(left + width).tolist(),
            bottom=(top + height).tolist(),
            sound=((left >= 0) & (top >= 0) & (width > 0) & (height > 0)).tobytes(),
            left=left.tolist(),
            top=top.tolist(),
            width=width.tolist(),
            height=height.tolist(),
            unread=boxes.outlined[numbers].tolist(),
        )
        plain = boxes.plain[numbers] & np.array([label != "" for label in labels], bool)
        doubts = np.concatenate(([0], np.cumsum(~plain)))[bounds].tolist()
        columns = len(self._at) == 1 and len(ids) > 0 and min(ids) >= 0 and max(ids) < 10**14
        made: list[Sequence[Object] | None] = []
        for n, (begin, end) in enumerate(pairwise(bounds)):
            sure = doubts[n] == doubts[n + 1] and len(set(ids[begin:end])) == end - begin
            one_file = begin == end or file_of[begin] == file_of[end - 1]
            rows_of = Rows(table, begin, end) if sure and one_file else None
            made.append(rows_of if rows_of is None or (columns and rows_of) else list(rows_of))
        return made
