"""Boxes that the first pass keeps, so that plain records need no second reading where only boxes are asked for, or there are only boxes."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.model.items import Attribute, Object
from to_labelbox.model.tables import BoxTable, Rows
from to_labelbox_formats.coco.index.ids import Id, NoIds, One, Whole, Zero

CROWD = (Attribute("iscrowd", "yes", flag=True),)
NOTHING = msgspec.Raw()
"""The text of a field that is not there."""
Answers = tuple[Attribute, ...]
_SAYS_NOTHING = re.compile(rb'[\[\],\s]*|null|\{\s*\}|""|0|false').fullmatch


class NothingElse(Struct, gc=False, kw_only=True):
    """What an annotation of nothing but a place, a class and attributes may still have: decoding refuses what says more.

    Of ``attributes`` only the text is taken.
    """

    iscrowd: int | None = None
    keypoints: None = None
    caption: None = None
    score: None = None
    attributes: msgspec.Raw = NOTHING
    segments_info: None = None
    ignore: Zero | None = None
    deleted: None = None
    isbbox: None = None
    bbox_mode: One | None = None
    attribute_ids: NoIds | None = None


class AnsweredBox(NothingElse, gc=False):
    """An annotation with a box and perhaps an outline."""

    image_id: Whole
    id: Whole
    category_id: Annotated[int, msgspec.Meta(ge=0, lt=2**16)]
    bbox: tuple[float, float, float, float]
    segmentation: msgspec.Raw = msgspec.Raw()


class BoxRecord(AnsweredBox, gc=False, kw_only=True):
    """One without attributes, as most are."""

    attributes: None = None  # type: ignore[assignment]


_read_boxes = msgspec.json.Decoder(list[BoxRecord]).decode
_read_answered = msgspec.json.Decoder(list[AnsweredBox]).decode
_MOST_TEXTS, _LONGEST_TEXT = 1 << 14, 512
"""Different texts of attributes that are kept, and bytes of the longest one: annotations with others are read again."""


def read_boxes(text: bytes) -> Sequence[AnsweredBox]:
    """Raises what msgspec does where one is something else."""
    try:
        return _read_boxes(text)
    except msgspec.ValidationError:
        return _read_answered(text)


def states_outline(segmentation: msgspec.Raw) -> bool:
    """Whether the text of a ``segmentation`` says anything, whether or not that is an outline."""
    return _SAYS_NOTHING(memoryview(segmentation)) is None


class Boxes(Struct):
    """One row an annotation. Where ``plain`` is False, the record has to be read; the rest of its row is 0.

    ``outlined``: there is an outline that was not read. ``places``: left, top, width, height. ``answers``: the number of the
    text of its attributes among ``texts``, of which the first is that of none.
    """

    plain: npt.NDArray[np.bool_]
    outlined: npt.NDArray[np.bool_]
    crowd: npt.NDArray[np.bool_]
    ids: npt.NDArray[np.int64]
    categories: npt.NDArray[np.uint16]
    answers: npt.NDArray[np.integer]
    places: npt.NDArray[np.float64]
    texts: Sequence[bytes]


class BoxColumns:
    """Grows the columns of :class:`Boxes` in place. ``known`` rows are plain."""

    def __init__(self, outlines: bool) -> None:
        """``outlines``: those of annotations are asked for, so that one with an outline has to be read."""
        self._outlines = outlines
        self.known = 0
        self._plain, self._outlined, self._crowd = bytearray(), bytearray(), bytearray()
        self._ids, self._categories, self._answers, self._places = array("q"), array("H"), array("H"), array("d")
        self._texts = {b"": 0}

    def add(self, items: Sequence[Struct | None]) -> None:
        boxes: list[Any] = [item for item in items if type(item) is BoxRecord]
        answered = len(boxes) < len(items)
        if answered:
            boxes = [item for item in items if isinstance(item, AnsweredBox)]
        if len(boxes) < len(items):
            self.add_unknown(len(items))
            return
        places = np.array([b.bbox for b in boxes], np.float64).reshape(-1, 4)
        self._places.frombytes(places.tobytes())
        plain = (places[:, 2:].min(1) >= 0) & (places[:, 2:].max(1) > 1)
        if answered:
            plain &= self._add_texts([bytes(b.attributes or NOTHING) for b in boxes])
        else:
            self._answers.frombytes(bytes(len(boxes) * self._answers.itemsize))
        outlined = np.array([states_outline(b.segmentation) for b in boxes], bool)
        if self._outlines:
            plain &= ~outlined
        self.known += int(plain.sum())
        self._plain += plain.tobytes()
        self._outlined += outlined.tobytes()
        self._crowd += bytes(map(bool, [b.iscrowd for b in boxes]))
        self._ids.extend([b.id for b in boxes])
        self._categories.extend([b.category_id for b in boxes])

    def _add_texts(self, texts: Sequence[bytes]) -> npt.NDArray[np.bool_]:
        """Whether each is one that is kept."""
        numbers = self._texts
        for text in dict.fromkeys(texts):
            if text not in numbers and len(numbers) < _MOST_TEXTS and len(text) <= _LONGEST_TEXT:
                numbers[text] = len(numbers)
        self._answers.extend([numbers.get(text, 0) for text in texts])
        return np.array([text in numbers for text in texts], bool)

    def add_unknown(self, count: int) -> None:
        """Rows of records that all have to be read."""
        for flags in (self._plain, self._outlined, self._crowd):
            flags += bytes(count)
        for column, size in ((self._ids, 1), (self._categories, 1), (self._answers, 1), (self._places, 4)):
            column.frombytes(bytes(count * size * column.itemsize))

    def absorb(self, other: BoxColumns) -> None:
        """Add the rows of another one."""
        plain = np.frombuffer(other._plain, bool)
        if len(other._texts) == 1:
            self._answers += other._answers
        else:
            texts = list(other._texts)
            plain = plain & self._add_texts([texts[n] for n in other._answers])
        self.known += int(plain.sum())
        self._plain += plain.tobytes()
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
            np.frombuffer(self._answers, np.uint16),
            np.frombuffer(self._places, np.float64).reshape(-1, 4),
            tuple(self._texts),
        )


def unknown(count: int) -> Boxes:
    """Rows of records that all have to be read."""
    columns = BoxColumns(outlines=False)
    columns.add_unknown(count)
    return columns.table()


def joined(parts: Sequence[Boxes]) -> Boxes:
    """The rows of several files one after another."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: [getattr(part, name) for part in parts] for name in Boxes.__struct_fields__}
    texts = columns.pop("texts")
    numbers = accumulate(map(len, texts), initial=0)
    columns["answers"] = [answers.astype(np.intp) + number for answers, number in zip(columns["answers"], numbers)]
    return Boxes(**{name: np.concatenate(of_each) for name, of_each in columns.items()}, texts=[*chain(*texts)])


class KnownBoxes:
    """Objects of the images whose annotations are all plain. ``labels``: names by category id, a table a file.

    ``at`` is what begins the locations of a file's records. ``answers``: those of each of the texts, without and with
    ``iscrowd``; None where the record has to be read.
    """

    def __init__(
        self,
        boxes: Boxes,
        labels: Sequence[Mapping[Id, str]],
        at: Sequence[str],
        answers: Sequence[Answers | None],
    ) -> None:
        self._boxes = boxes
        self._at = at
        self._labels = labels
        self._answers = np.fromiter(answers, object, len(answers))
        self._unclear = np.array([one is None for one in answers])

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
        with np.errstate(over="ignore"):  # such a box leaves any picture
            right, bottom = left + width, top + height
        answers = boxes.answers[numbers].astype(np.intp) * 2 + boxes.crowd[numbers]
        table = BoxTable(
            ids=ids,
            labels=labels,
            attributes=self._answers[answers].tolist(),
            locations=[f"{self._at[f]}annotations[{row}]" for f, row in zip(file_of, rows.tolist())],
            right=right.tolist(),
            bottom=bottom.tolist(),
            sound=((left >= 0) & (top >= 0) & (width > 0) & (height > 0)).tobytes(),
            left=left.tolist(),
            top=top.tolist(),
            width=width.tolist(),
            height=height.tolist(),
            unread=boxes.outlined[numbers].tolist(),
        )
        plain = boxes.plain[numbers] & np.array([label != "" for label in labels], bool) & ~self._unclear[answers]
        doubts = np.concatenate(([0], np.cumsum(~plain)))[bounds].tolist()
        columns = len(self._at) == 1 and len(ids) > 0 and min(ids) >= 0 and max(ids) < 10**14
        made: list[Sequence[Object] | None] = []
        for n, (begin, end) in enumerate(pairwise(bounds)):
            sure = doubts[n] == doubts[n + 1] and len(set(ids[begin:end])) == end - begin
            one_file = begin == end or file_of[begin] == file_of[end - 1]
            rows_of = Rows(table, begin, end) if sure and one_file else None
            made.append(rows_of if rows_of is None or (columns and rows_of) else list(rows_of))
        return made
