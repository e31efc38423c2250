"""The files of an export: any piece of one read and decoded to its tasks.

Decoding is pure: what does not fit comes back as :class:`~.records.RecordFault` beside the tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple

import msgspec
from msgspec import Raw, Struct

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.config import Config
from to_labelbox_formats.label_studio.files.file_head import TABLES, UNDECODABLE, FileForm, FileShape
from to_labelbox_formats.label_studio.files.flat_records import from_flat
from to_labelbox_formats.label_studio.files.pieces import joined
from to_labelbox_formats.label_studio.files.records import (
    STORED,
    TASK,
    Id,
    Lost,
    Payload,
    RecordFault,
    Task,
    TaskHead,
    TaskHeadWithIds,
    decode_any,
    decode_data,
    mended_json,
)
from to_labelbox_formats.label_studio.files.table_rows import flat_row, table_row

_TASKS = msgspec.json.Decoder(list[Task])
_HEADS = msgspec.json.Decoder(list[TaskHead])
_HEADS_WITH_IDS = msgspec.json.Decoder(list[TaskHeadWithIds])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])
_RAWS = msgspec.json.Decoder(list[Raw])
_PAYLOAD = msgspec.json.Decoder(Payload)
_STORED_TASK = msgspec.json.Decoder(TaskHead)

_KEPT_PIECES = 16

STORED_FORMS = (FileForm.ANNOTATION, FileForm.PAYLOAD)
"""Records that are one annotation each."""


class TaskFile(Struct):
    """A file of the export; ``columns`` are the header of a table."""

    name: str
    shape: FileShape
    form: FileForm
    columns: Sequence[str] = ()


class TaskPiece(Struct, gc=False):
    """Bytes of whole records in the file of that number.

    ``count``: how many there are; None: one that is broken. ``first`` is the number of its first task among all tasks,
    ``number`` that in its file.
    """

    file: int
    offset: int
    length: int
    count: int | None
    first: int
    number: int


class DecodedPiece(NamedTuple):
    """The tasks of a piece, None for one that is no object; faults with the number of their task in the piece."""

    tasks: Sequence[Task | None]
    faults: Sequence[tuple[int, RecordFault]] = ()


class TaskFiles:
    """Reads pieces. The file that is being read stays open: opening one inside an archive unpacks it."""

    def __init__(self, source: Source, files: Sequence[TaskFile], config: Config) -> None:
        self._source = source
        self._files = files
        self._config = config
        self._number = -1
        self._stack = ExitStack()
        self._stream: BinaryIO | None = None
        self._split: dict[int, list[Raw]] = {}

    def close(self) -> None:
        self._stack.close()
        self._stream = None

    def decode(self, piece: TaskPiece) -> DecodedPiece:
        """All tasks of a piece."""
        return decoded(self._read(piece), self._files[piece.file], piece, self._config)

    def decode_one(self, piece: TaskPiece, unit: int, name: str) -> DecodedPiece:
        """A single task of a piece; ``name`` is what messages call it."""
        file = self._files[piece.file]
        if file.shape in TABLES or piece.count is None:
            return self.decode(piece)
        if piece.first not in self._split:
            # only those that are asked for are decoded, often several of one piece, and by turns of several files
            if len(self._split) == _KEPT_PIECES:
                del self._split[next(iter(self._split))]
            self._split[piece.first] = _RAWS.decode(joined(self._read(piece)))
        element = self._split[piece.first][unit - piece.first]
        if file.form is FileForm.FLAT:
            return DecodedPiece([from_flat(msgspec.json.decode(element), self._config)])
        faults: list[RecordFault] = []
        if file.form in STORED_FORMS:
            task = _of_annotation(element, file.form, name, faults)
        else:
            task = TASK.decode(element, name, faults)
        return DecodedPiece([task], [(0, f) for f in faults])

    def identities(self, piece: TaskPiece) -> Iterator[tuple[dict[str, Any], frozenset[Id]]]:
        """The data of each task of a piece, and the ids of its annotations; none where they cannot be decoded."""
        try:
            for head in _HEADS_WITH_IDS.decode(joined(self._read(piece))):
                yield (
                    data_of(head.data),
                    frozenset(a.id for a in head.annotations or head.completions or () if a.id is not None),
                )
        except UNDECODABLE:
            return

    def head(self, piece: TaskPiece, unit: int) -> TaskHead:
        """What a task shows, without its annotations where they can be passed over."""
        number = unit - piece.first
        if self._files[piece.file].form is FileForm.TASKS and piece.count is not None:
            return _HEADS.decode(joined(self._read(piece)))[number]
        task = self.decode(piece).tasks[number]
        return TaskHead() if task is None else TaskHead(task.data, task.id)

    def data(self, piece: TaskPiece) -> Iterator[dict[str, Any]]:
        """The data of each task of a piece, empty where it cannot be decoded."""
        if self._files[piece.file].form is FileForm.TASKS and piece.count is not None:
            for head in _HEADS.decode(joined(self._read(piece))):
                yield data_of(head.data)
        else:
            for task in self.decode(piece).tasks:
                yield data_of(task.data) if task is not None else {}

    def _read(self, piece: TaskPiece) -> bytes:
        if self._stream is None or self._number != piece.file:
            self.close()
            self._stream = self._stack.enter_context(self._source.open(self._files[piece.file].name))
            self._number = piece.file
        self._stream.seek(piece.offset)
        return self._stream.read(piece.length)


def data_of(raw: Raw) -> dict[str, Any]:
    """The data of a task as an object, empty where it is none."""
    try:
        return decode_data(raw) if raw else {}
    except UNDECODABLE:
        return {}


# ------------------------------------------------------------------------------------------------------- decoding


def decoded(raw: bytes, file: TaskFile, piece: TaskPiece, config: Config) -> DecodedPiece:
    """The tasks in the bytes of a piece."""
    if file.form is FileForm.FLAT:
        return _flat_row(raw, file, piece, config) if file.shape in TABLES else _flat(raw, piece, config)
    if file.form in STORED_FORMS:
        return _stored(raw, piece, file.form)
    try:
        return DecodedPiece(_TASKS.decode(joined(raw)))
    except UNDECODABLE:
        return _one_by_one(raw, piece)


def _one_by_one(raw: bytes, piece: TaskPiece) -> DecodedPiece:
    """Tasks of which at least one does not fit."""
    elements = [raw] if piece.count is None else _RAWS.decode(joined(raw))
    tasks: list[Task | None] = []
    faults: list[tuple[int, RecordFault]] = []
    for n, element in enumerate(elements):
        found: list[RecordFault] = []
        tasks.append(TASK.decode(element, _at(piece) if piece.count is None else f"[{piece.number + n}]", found))
        faults += [(n, fault) for fault in found]
    return DecodedPiece(tasks, faults)


def _flat_row(raw: bytes, file: TaskFile, piece: TaskPiece, config: Config) -> DecodedPiece:
    try:
        return DecodedPiece([from_flat(flat_row(file.columns, table_row(raw, TABLES[file.shape])), config)])
    except FileError as error:
        return _broken(piece, str(error))


def _flat(raw: bytes, piece: TaskPiece, config: Config) -> DecodedPiece:
    try:
        return DecodedPiece([from_flat(record, config) for record in _OBJECTS.decode(joined(raw))])
    except UNDECODABLE as error:
        mended = mended_json(raw)
        if mended is None:
            return _broken(piece, f"cannot be read: {in_words(error, joined(raw))}")
        tasks, faults = _flat(mended[0], piece, config)
        return DecodedPiece(tasks, [(0, RecordFault(Lost.PART, f"{_at(piece)}.data", mended[1])), *faults])


def _stored(raw: bytes, piece: TaskPiece, form: FileForm) -> DecodedPiece:
    """Annotations with their task in them or beside them, or with the task's id: each a task of one annotation."""
    elements = _RAWS.decode(joined(raw)) if piece.count is not None else [raw]
    tasks: list[Task | None] = []
    faults: list[tuple[int, RecordFault]] = []
    for n, element in enumerate(elements):
        found: list[RecordFault] = []
        tasks.append(
            _of_annotation(element, form, _at(piece) if len(elements) == 1 else f"[{piece.number + n}]", found)
        )
        faults += [(n, fault) for fault in found]
    return DecodedPiece(tasks, faults)


def _of_annotation(raw: bytes | Raw, form: FileForm, at: str, faults: list[RecordFault]) -> Task | None:
    payload = Payload()
    if form is FileForm.PAYLOAD:
        try:
            payload = _PAYLOAD.decode(raw)
        except UNDECODABLE:
            pass  # it says below what is wrong with it
    annotation = STORED.decode(payload.annotation or raw, at, faults)
    if annotation is None:
        return None
    task = payload.task or annotation.task
    try:
        head = _STORED_TASK.decode(task)
    except UNDECODABLE:
        head = TaskHead(id=_plain_id(task))
    return Task(data=head.data, id=head.id, annotations=[annotation])


def _broken(piece: TaskPiece, message: str) -> DecodedPiece:
    return DecodedPiece([None], [(0, RecordFault(Lost.TASK, _at(piece), message))])


def _at(piece: TaskPiece) -> str:
    return f"byte {piece.offset}"


def _plain_id(raw: Raw) -> Id:
    try:
        value = decode_any(raw)
    except UNDECODABLE:
        return None
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None
