"""The annotations of a file in the first pass: what is kept of them, and how a large file is passed over by ranges.

A range begins at an object that follows another one, which may as well be one inside a record, or in a text. That it is
a record is proved by the range before: this one ends there, with whole records up to it, and began with a record. Where it
does not, the pass goes on from there as if there were no ranges.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.plugins.reader import Each
from to_labelbox.report.errors import FileError
from to_labelbox.source.json_stream import JsonStream, Piece, next_item
from to_labelbox_formats.coco.index.box_columns import AnsweredBox, BoxColumns, read_boxes
from to_labelbox_formats.coco.index.census import ANNOTATION_FIELDS, Census, members_of
from to_labelbox_formats.coco.index.ids import Id, Whole, keys_of

RANGE = 8 << 20
"""Bytes of a range; the same for any number of processes, so that they find the same."""


class AnnotationIds(Struct, gc=False):
    """``imageId`` stands in for an ``image_id`` that is missing."""

    image_id: Id = None
    imageId: Id = None


class _WholeId(Struct, gc=False):
    """What nearly all annotations have, so that their ids need no second look."""

    image_id: Whole


class Table(Struct):
    """Records of one array: byte offset, length and key of each. Keys are numbers; see :class:`~.ids.Names`."""

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)


_whole_ids = msgspec.json.Decoder(list[_WholeId]).decode
_any_ids = msgspec.json.Decoder(list[AnnotationIds]).decode


def _annotations(text: bytes) -> Sequence[_WholeId | AnnotationIds]:
    try:
        return _whole_ids(text)
    except msgspec.ValidationError:
        return _any_ids(text)


def _box_annotations(text: bytes) -> Sequence[AnsweredBox | _WholeId | AnnotationIds]:
    try:
        return read_boxes(text)
    except msgspec.ValidationError:
        return _annotations(text)


def lenient_ids(text: bytes) -> AnnotationIds | None:
    """The image that a record names which is no strict JSON (NaN) or has an odd id, if it names any, so that it is judged beside
    its image; None where that is no id."""
    record = members_of(text)
    ids = [record.get(field) for field in ("image_id", "imageId")]
    is_id = [isinstance(id, int | str | float | None) and not isinstance(id, bool) for id in ids]
    return AnnotationIds(*ids) if record and all(is_id) else None


class Records:
    """Grows the columns of a :class:`Table` in place: lists of pieces would be there twice when they are joined."""

    def __init__(self) -> None:
        self._starts, self._lengths, self._keys = array("q"), array("i"), array("q")

    def add(self, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]) -> None:
        self._starts.frombytes(starts.tobytes())
        self._lengths.frombytes(lengths.astype(np.int32).tobytes())
        self._keys.frombytes(keys.tobytes())

    def absorb(self, other: Records) -> None:
        self._starts.extend(other._starts)
        self._lengths.extend(other._lengths)
        self._keys.extend(other._keys)

    def __len__(self) -> int:
        return len(self._starts)

    def table(self) -> Table:
        return Table(
            np.frombuffer(self._starts, np.int64),
            np.frombuffer(self._lengths, np.int32),
            np.frombuffer(self._keys, np.int64),
        )


class Annotations:
    """What the first pass keeps of annotations: where they are and of which image, and the boxes of plain ones.

    Unless ``boxes_only``, those with an outline are not plain, and nothing is kept where one in
    eight is not, as few images have boxes alone then: ``columns`` is None.
    """

    def __init__(self, boxes_only: bool, begun: bool = False) -> None:
        """``begun``: these are not the first annotations of the list."""
        self.records = Records()
        self.boxes_only = boxes_only
        self.columns: BoxColumns | None = BoxColumns(outlines=not boxes_only)
        self.census = Census(ANNOTATION_FIELDS, begun)

    def decode(self, text: bytes) -> Sequence[Any]:
        return _annotations(text) if self.columns is None else _box_annotations(text)

    def add(self, piece: Piece[Any]) -> None:
        starts, lengths, items, text = piece
        ids = [None if item is None else item.image_id for item in items]
        if None in ids and b'"imageId"' in text:
            ids = [getattr(item, "imageId", None) if id is None else id for item, id in zip(items, ids)]
        self.records.add(starts, lengths, keys_of(ids))
        self.census.look(text, len(items))
        if self.columns is not None:
            self.columns.add(items)
            self._judge()

    def absorb(self, other: Annotations) -> None:
        """Add those that follow."""
        self.records.absorb(other.records)
        self.census.absorb(other.census)
        if self.columns is not None:
            if other.columns is None:
                self.columns.add_unknown(len(other.records))
            else:
                self.columns.absorb(other.columns)
            self._judge()

    def _judge(self) -> None:
        if self.columns is not None and not self.boxes_only and 8 * self.columns.known < 7 * len(self.records):
            self.columns = None


class _Range(NamedTuple):
    path: str
    start: int
    stop: int | None
    boxes_only: bool


class _Indexed(NamedTuple):
    """``end`` is where the next record begins or, where the list has ``ended``, what follows it."""

    end: int
    ended: bool
    annotations: Annotations


def index_range(task: _Range) -> _Indexed | None:
    """The annotations that begin from ``start`` on and before ``stop``; None where they cannot be taken for a list of them."""
    found = Annotations(task.boxes_only, begun=True)
    try:
        with open(task.path, "rb") as file:
            stream = JsonStream(file, task.start)
            for piece in stream.rest(found.decode, lenient_ids, task.stop):
                found.add(piece)
            return _Indexed(stream.offset, stream.array_ended, found)
    except (FileError, OSError):
        return None


class Ranges:
    """Passes over the list of annotations of one file, if it is a plain one on disk, at ``path``."""

    def __init__(self, path: str | None, file: BinaryIO, each: Each) -> None:
        self._path, self._file, self._each = path, file, each

    def index(self, stream: JsonStream, found: Annotations) -> bool:
        """Take in the list at the cursor, up to its end. False, with nothing done, for one that is not worth it."""
        if self._path is None:
            return False
        begin = stream.offset
        size = os.path.getsize(self._path)
        if size - begin < 2 * RANGE or size != self._file.seek(0, os.SEEK_END):
            stream.go_on_at(begin)
            return False
        places = [next_item(self._file, at) for at in range(begin + RANGE, size - RANGE // 2, RANGE)]
        starts = sorted({place for place in places if place is not None})
        stream.go_on_at(begin)
        stream.take(b"[")
        if stream.next() == b"]":
            stream.go_on_at(begin)
            return False
        for piece in stream.rest(found.decode, lenient_ids, starts[0]) if starts else ():
            found.add(piece)
        tasks = [
            _Range(self._path, start, stop, found.boxes_only) for start, stop in pairwise([*starts, None]) if start
        ]
        ended = bool(starts) and stream.array_ended  # else it is the list before that has ended
        for task, made in zip(tasks, self._each(index_range, tasks) if not ended else ()):
            if made is None or task.start != stream.offset:
                break
            found.absorb(made.annotations)
            stream.go_on_at(made.end)
            ended = made.ended
            if ended:
                break
        if not ended:
            for piece in stream.rest(found.decode, lenient_ids):
                found.add(piece)
        return True
