"""Ultralytics NDJSON: a line about the dataset, then a line a picture with its size and its rows.

``{"type": "dataset", "task": "detect", "class_names": {"0": "person"}, "kpt_shape": [17, 3]}``, then
``{"type": "image", "file": "a.jpg", "width": 640, "height": 480, "split": "train", "annotations": {"boxes": [[0, …]]}}``.
Rows have the layout of label files. The first key of ``annotations`` names their kind: boxes, segments, pose, obb or
classification. The signed URLs expire within days and are not carried over.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import FieldCensus
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source

MAX_LINE = 512 * 2**20
KINDS = {"boxes": "detect", "segments": "segment", "pose": "pose", "obb": "obb", "classification": "classify"}


class Head(Struct):
    """The first line."""

    type: str
    task: str = ""
    name: str = ""
    class_names: dict[str, str] | list[str] | None = None
    kpt_shape: list[int] | None = None
    kpt_names: Any = None

    @property
    def names(self) -> dict[int, str] | None:
        if isinstance(self.class_names, list):
            return dict(enumerate(self.class_names)) or None
        names = self.class_names or {}
        return {int(key): name for key, name in names.items() if _ID.fullmatch(key)} or None

    @property
    def keypoints(self) -> tuple[int, int] | None:
        shape = self.kpt_shape
        return (shape[0], shape[1]) if shape and len(shape) == 2 and shape[0] > 0 and shape[1] in (2, 3) else None


class Image(Struct):
    """A further line; rows are decoded apart, so that one bad row costs itself."""

    file: str
    type: str = ""
    width: int | None = None
    height: int | None = None
    split: str = ""
    annotations: dict[str, msgspec.Raw] | None = None


class _Key(Struct):
    file: str = ""
    split: str = ""
    type: str = ""
    annotations: dict[str, msgspec.Raw] = field(default_factory=dict)


_ID = pattern(r"[0-9]{1,9}")
_HEAD_FIELDS = frozenset(
    "type task name class_names kpt_shape kpt_names path version created_at updated_at description license url bytes".split()
)
_IMAGE_FIELDS = frozenset("type file url width height split annotations".split())
_heads = msgspec.json.Decoder(Head)
_images = msgspec.json.Decoder(Image)
_keys = msgspec.json.Decoder(_Key)
_records = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = msgspec.json.Decoder(list[Any])


def _fields_of(line: bytes) -> list[str]:
    try:
        return list(_records.decode(line.removeprefix(b"\xef\xbb\xbf")))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def head_of(line: bytes) -> Head | None:
    """The dataset line, or None when a file does not begin with one."""
    try:
        head = _heads.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    known = head.task in (*KINDS.values(), "semantic", "depth") or (not head.task and head.class_names is not None)
    return head if head.type == "dataset" and known else None


class Lines:
    """The lines of one file by number; only their offsets are kept."""

    def __init__(self, source: Source, file: str) -> None:
        self.source = source
        self.file = file
        self.starts = array("Q")
        self.kinds: set[str] = set()
        self._further: Counter[str] = Counter()
        self._census = FieldCensus("field", f"{file} image records", _IMAGE_FIELDS)
        seen: set[int] = set()
        self.prefixed = False
        with source.open(file) as stream:
            first = stream.readline(MAX_LINE)
            head = head_of(first)
            if head is None:
                raise SourceError(f"{file}: line 1 does not describe an Ultralytics dataset")
            self.head = head
            self._head_fields = _fields_of(first)
            at = len(first)
            for line in stream:
                if line.strip():
                    self.starts.append(at)
                    try:
                        key = _keys.decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                        key = _Key()
                    kind, *others = key.annotations or ("",)
                    self.kinds.update({kind} - {""})
                    self._further.update(others)
                    if self._census.wants():
                        self._census.see(_fields_of(line))
                    identity = hash(key.file)
                    self.prefixed = self.prefixed or (identity in seen and bool(key.file))
                    seen.add(identity)
                at += len(line)

    def __len__(self) -> int:
        return len(self.starts)

    def tell_unread(self, log: Log) -> None:
        """Name fields that no rule reads, and kinds of annotations beside the first of a record."""
        self._census.tell(log)
        head = FieldCensus("field", f"{self.file} line 1", _HEAD_FIELDS)
        head.see(self._head_fields)
        head.tell(log)
        for kind, count in self._further.items():
            why = "of several kinds of annotations in one record the first is read, as by Ultralytics"
            log.note_unread("list", f"annotations.{kind}", where=f"{self.file} image records", count=count, why=why)

    def images(self, log: Log, start: int, stop: int) -> Iterator[tuple[int, Image]]:
        """(number of the line, picture) of a range; lines that are none are reported."""
        if start >= stop:
            return
        with self.source.open(self.file) as stream:
            for unit in range(start, stop):
                stream.seek(self.starts[unit])
                line, number = stream.readline(MAX_LINE), unit + 2
                try:
                    image = _images.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    log.file_unreadable(self.file, f"record {number}: {in_words(error)}")
                    continue
                if image.type not in ("", "image"):
                    log.file_unreadable(self.file, f"record {number}: is of type {image.type!r}, not a picture")
                    continue
                yield number, image


def rows_of(image: Image) -> tuple[str, list[list[bytes]]]:
    """(kind, rows as tokens). Raises :class:`FileError` when they are no list."""
    for kind, raw in (image.annotations or {}).items():
        try:
            rows = _rows.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise FileError(f"annotations.{kind}: {in_words(error)}") from None
        return kind, [[_token(v) for v in row] if isinstance(row, list) else [_token(row)] for row in rows]
    return "", []


def _token(value: object) -> bytes:
    """A JSON number as the text that a label file would hold; anything else as a text that is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return b"?" + type(value).__name__.encode()
    if isinstance(value, float) and not math.isfinite(value):
        return b"nan"
    return repr(value).encode() if abs(value) < 1e300 else b"1e300"
