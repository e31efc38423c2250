"""Boxes that the first pass keeps, so that plain records need no second reading where only boxes are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.model import Attribute, Box, Object
from to_labelbox_formats.coco.ids import Id, Whole

CROWD = (Attribute("iscrowd", "yes", flag=True),)
_SHORTEST_OUTLINE = 5
"""Bytes of it: ``null``, ``[]`` and ``[[]]`` are none."""


class BoxRecord(Struct, gc=False):
    """An annotation with a box, perhaps an outline, and nothing else of interest: decoding refuses all others."""

    image_id: Whole
    id: Whole
    category_id: Annotated[int, msgspec.Meta(ge=0, lt=2**16)]
    bbox: tuple[float, float, float, float]
    segmentation: msgspec.Raw = msgspec.Raw()
    iscrowd: int | None = None
    keypoints: None = None
    caption: None = None
    score: None = None
    attributes: None = None
    segments_info: None = None


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
    """Grows the columns of :class:`Boxes`."""

    def __init__(self) -> None:
        self._parts: list[Boxes] = []

    def add(self, items: Sequence[Struct | None]) -> None:
        boxes = [item for item in items if type(item) is BoxRecord]
        self._parts.append(_columns(boxes) if len(boxes) == len(items) else none_plain(len(items)))

    def take(self) -> Boxes:
        parts, self._parts = self._parts, []
        return joined(parts)


def _columns(items: Sequence[BoxRecord]) -> Boxes:
    places = np.frombuffer(array("d", chain.from_iterable([i.bbox for i in items]))).reshape(-1, 4)
    outlines = [len(memoryview(i.segmentation)) for i in items]
    return Boxes(
        np.minimum(places[:, 2], places[:, 3]) >= 0,
        np.array(outlines) >= _SHORTEST_OUTLINE,
        np.frombuffer(bytes(map(bool, [i.iscrowd for i in items])), bool),
        np.array([i.id for i in items], np.int64),
        np.array([i.category_id for i in items], np.uint16),
        places,
    )


def none_plain(count: int) -> Boxes:
    """Rows of records that all have to be read."""
    no = np.zeros(count, bool)
    return Boxes(no, no, no, np.zeros(count, np.int64), np.zeros(count, np.uint16), np.zeros((count, 4)))


def joined(parts: Sequence[Boxes]) -> Boxes:
    parts = parts or [none_plain(0)]
    return parts[0] if len(parts) == 1 else Boxes(
        np.concatenate([p.plain for p in parts]),
        np.concatenate([p.outlined for p in parts]),
        np.concatenate([p.crowd for p in parts]),
        np.concatenate([p.ids for p in parts]),
        np.concatenate([p.categories for p in parts]),
        np.concatenate([p.places for p in parts]),
    )  # fmt: skip


class KnownBoxes:
    """Objects of the images whose annotations are all plain. ``labels``: names by category id, a table a file."""

    def __init__(self, boxes: Boxes, labels: Sequence[Mapping[Id, str]]) -> None:
        self._boxes = boxes
        self._labels = labels

    def of_images(
        self,
        numbers: npt.NDArray[np.int32],
        files: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        bounds: Sequence[int],
    ) -> list[list[Object] | None]:
        """The objects of each image; None where an annotation has to be read, or ids repeat.

        ``numbers``: rows of :class:`Boxes`; ``files``, ``rows``: where they are from. Image n has those from
        ``bounds[n]`` to ``bounds[n + 1]``.
        """
        boxes = self._boxes
        ids = boxes.ids[numbers].tolist()
        file_of = files.tolist()
        labels = [self._labels[f].get(c, "") for f, c in zip(file_of, boxes.categories[numbers].tolist())]
        places = map(Box, *boxes.places[numbers].T.tolist())
        flags = boxes.crowd[numbers].tolist(), boxes.outlined[numbers].tolist()
        objects = [
            Object(
                id=str(id),
                label=label,
                geometry=box,
                attributes=CROWD if crowd else (),
                reduced=outlined,
                where=f"annotations[{row}]",
            )
            for id, label, box, crowd, outlined, row in zip(ids, labels, places, *flags, rows.tolist())
        ]
        plain = boxes.plain[numbers] & np.array([label != "" for label in labels], bool)
        doubts = np.concatenate(([0], np.cumsum(~plain)))[bounds].tolist()
        made: list[list[Object] | None] = []
        for n, (begin, end) in enumerate(pairwise(bounds)):
            sure = doubts[n] == doubts[n + 1] and len(set(ids[begin:end])) == end - begin
            one_file = begin == end or file_of[begin] == file_of[end - 1]
            made.append(objects[begin:end] if sure and one_file else None)
        return made
