"""Plain boxes of many label files as one table: with commas for blanks, their rows are JSON, which is read and checked at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress, repeat
from operator import add, mul
from typing import Annotated

import msgspec
from msgspec import Meta

from to_labelbox.model import tables
from to_labelbox.model.items import Object
from to_labelbox.model.tables import BoxTable
from to_labelbox_formats.yolo.rows import MAX_CLASS, MAX_LINE, PLACES, Frame, Rows

_Class = Annotated[int, Meta(ge=0, lt=MAX_CLASS)]
_Centre = Annotated[float, Meta(gt=-1, lt=2)]
_Side = Annotated[float, Meta(ge=0, lt=2)]
_Row = tuple[_Class, _Centre, _Centre, _Side, _Side]
_read = msgspec.json.Decoder(list[list[_Row]]).decode
_UNTIDY = re.compile(rb"[ \t][ \t\n]|\t|\n ")
"""Blanks that are no sign between two values."""
_EMPTY = BoxTable(
    ids=[], labels=[], attributes=[], locations=[], right=[], bottom=[], sound=b"", unread=[],
    left=[], top=[], width=[], height=[],
)  # fmt: skip


class _Labels(dict[int, str]):
    """Classes by id; a KeyError for those whose rows are skipped."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __missing__(self, id: int) -> str:
        label, code, _ = self._rows.class_of(b"%d" % id)
        if code is not None:
            raise KeyError(id)
        self[id] = label
        return label


class _OddError(Exception):
    """Some row is no plain box, or is there twice."""


_ODD = _OddError, msgspec.DecodeError, KeyError


class BoxRows:
    """Reads label files: those of plain boxes on upright pictures of known size into tables, all others row by row."""

    def __init__(self, rows: Rows) -> None:
        self._one_by_one = rows
        self._label_of = _Labels(rows).__getitem__

    def objects(self, files: Sequence[tuple[str, bytes]], frames: Sequence[Frame]) -> list[Sequence[Object]]:
        """The objects of each label file, which is given as its name and text, on its picture."""
        texts = [text for _, text in files]
        if len(files) > 1 and sum(map(len, texts)) + len(texts) > MAX_LINE:
            half = len(files) // 2
            return [*self.objects(files[:half], frames[:half]), *self.objects(files[half:], frames[half:])]
        plain = [self._one_by_one.plain_boxes] * len(files)
        try:
            found = self._rows(list(compress(texts, plain)), list(compress(frames, plain)))
        except _ODD:
            plain = list(map(self._is_plain, texts, frames))
            found = self._rows(list(compress(texts, plain)), list(compress(frames, plain)))
        objects: list[Sequence[Object]] = []
        rows = iter(found)
        waiting: list[str] = []
        for (file, text), frame, of_table in zip(files, frames, plain):
            if of_table:
                own = next(rows)
                objects.append(own)
                waiting += own.labels if own else ()
                continue
            self._count(waiting)
            objects.append(self._one_by_one.objects(text, frame, file) if text else ())
        self._count(waiting)
        return objects

    def _count(self, waiting: list[str]) -> None:
        """Count rows of tables as read, before those of any file after them: the ledger has classes in the order in which they occur."""
        for label, count in Counter(waiting).items():
            self._one_by_one.log.read(label, count)
        waiting.clear()

    def _is_plain(self, text: bytes, frame: Frame) -> bool:
        """Whether a file has nothing that a table cannot have."""
        try:
            (rows,) = _read_rows([text])
            for row in rows:
                self._label_of(row[0])
        except _ODD:
            return False
        return not rows or (len(set(rows)) == len(rows) and bool(frame.width) and frame.orientation == 1)

    def _rows(self, texts: Sequence[bytes], frames: Sequence[Frame]) -> list[tables.Rows | tuple[()]]:
        """The rows of each file in one table. Raises one of three errors where any of them is odd."""
        table, counts = self._table(texts, frames)
        return [tables.Rows(table, end - count, end) if count else () for count, end in zip(counts, accumulate(counts))]

    def _table(self, texts: Sequence[bytes], frames: Sequence[Frame]) -> tuple[BoxTable, list[int]]:
        """The rows of all files, and how many each has."""
        files = _read_rows(texts)
        counts = list(map(len, files))
        rows = list(chain.from_iterable(files))
        if not rows:
            return _EMPTY, counts
        ids, xs, ys, ws, hs = zip(*rows)
        if len(set(xs)) < len(xs) and any(len(set(own)) < len(own) for own in files):
            raise _OddError
        if not all(frame.width and frame.orientation == 1 for frame, count in zip(frames, counts) if count):
            raise _OddError
        labels = list(map(self._label_of, ids))
        widths = list(chain.from_iterable([repeat(frame.width, count) for frame, count in zip(frames, counts)]))
        heights = list(chain.from_iterable([repeat(frame.height, count) for frame, count in zip(frames, counts)]))
        left = [(x - w / 2) * width for x, w, width in zip(xs, ws, widths)]
        top = [(y - h / 2) * height for y, h, height in zip(ys, hs, heights)]
        width, height = list(map(mul, ws, widths)), list(map(mul, hs, heights))
        if min(min(left), min(top)) >= 0 and min(min(width), min(height)) > 0:
            sound = b"\1" * len(left)
        else:
            sound = bytes([x >= 0 <= y and w > 0 < h for x, y, w, h in zip(left, top, width, height)])
        places = PLACES(max(counts))
        table = BoxTable(
            ids=[id for count in counts for id in range(1, count + 1)],
            labels=labels,
            attributes=[()] * len(rows),
            locations=[where for count in counts for _, where in places[:count]],
            right=list(map(add, left, width)),
            bottom=list(map(add, top, height)),
            sound=sound,
            unread=[False] * len(rows),
            left=left,
            top=top,
            width=width,
            height=height,
        )
        return table, counts


def _read_rows(texts: Sequence[bytes]) -> list[list[_Row]]:
    """The rows of label files that have nothing but plain boxes. Raises :class:`DecodeError` and :class:`_OddError`."""
    whole = b"\n".join(texts)
    if b"\r" in whole:
        whole = whole.replace(b"\r\n", b"\n")
        texts = [text.replace(b"\r\n", b"\n") for text in texts]
    if b"," in whole or b"[" in whole or b"\r" in whole or len(whole) > MAX_LINE:
        raise _OddError
    try:
        return _decoded([text.rstrip() for text in texts])
    except msgspec.DecodeError:
        if not _UNTIDY.search(whole):
            raise
        return _decoded(
            [b"\n".join([b" ".join(line.split()) for line in text.rstrip().split(b"\n")]) for text in texts]
        )


def _decoded(texts: Iterable[bytes]) -> list[list[_Row]]:
    records = b",".join([b"[[%b]]" % text if text else b"[]" for text in texts])
    return _read(b"[%b]" % records.replace(b" ", b",").replace(b"\n", b"],["))
