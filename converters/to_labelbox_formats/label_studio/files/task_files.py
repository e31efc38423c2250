"""The files of an export: any piece of one read and decoded to its tasks.

Decoding is pure: what does not fit comes back as :class:`~.records.RecordFault` beside the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.config import Config
from to_labelbox_formats.label_studio.files.file_head import TABLES, UNDECODABLE, FileForm, FileShape, table_row
from to_labelbox_formats.label_studio.files.flat_records import cell_faults, flat_row, from_flat, take_cut_cells
from to_labelbox_formats.label_studio.files.pieces import joined
from to_labelbox_formats.label_studio.files.records import (
    STORED,
    TASK,
    Lost,
    Payload,
    RecordFault,
    Task,
    TaskHead,
    decode_data,
    decoded_or_none,
    mended_json,
    plain_id,
)

_TASKS = msgspec.json.Decoder(list[Task])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])
_RAWS = msgspec.json.Decoder(list[Raw])
_PAYLOAD = msgspec.json.Decoder(Payload)
_STORED_TASK = msgspec.json.Decoder(TaskHead)
HEADS = msgspec.json.Decoder(list[TaskHead])

_KEPT_PIECES = 16

STORED_FORMS = (FileForm.ANNOTATION, FileForm.PAYLOAD)
"""Records that are one annotation each."""
H = TypeVar("H", bound=TaskHead)


class TaskFile(Struct):
    """A file of the export; ``columns`` are the header of a table, ``texts`` those of them that hold texts for sure."""

    name: str
    shape: FileShape
    form: FileForm
    columns: Sequence[str] = ()
    texts: set[str] = field(default_factory=set)


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
            return _of_records([msgspec.json.decode(element)], self._config, [name])
        return _one_by_one([element], file.form, [name])

    def heads(self, piece: TaskPiece, decoder: msgspec.json.Decoder[list[H]]) -> Sequence[H | TaskHead]:
        """What the tasks of a piece show; of tasks as the editor writes them as much as the decoder knows."""
        if self._files[piece.file].form is FileForm.TASKS and piece.count is not None:
            return decoder.decode(joined(self._read(piece)))
        return [TaskHead() if t is None else TaskHead(t.data, t.id, t.project) for t in self.decode(piece).tasks]

    def _read(self, piece: TaskPiece) -> bytes:
        if self._stream is None or self._number != piece.file:
            self.close()
            self._stream = self._stack.enter_context(self._source.open(self._files[piece.file].name))
            self._number = piece.file
        self._stream.seek(piece.offset)
        return self._stream.read(piece.length)


def data_of(head: TaskHead | Task) -> dict[str, Any]:
    """The data of a task as an object, empty where it is none."""
    try:
        return decode_data(head.data) if head.data else {}
    except UNDECODABLE:
        return {}


# ------------------------------------------------------------------------------------------------------- decoding


def decoded(raw: bytes, file: TaskFile, piece: TaskPiece, config: Config) -> DecodedPiece:
    """The tasks in the bytes of a piece."""
    if file.form is FileForm.FLAT:
        return _flat(raw, file, piece, config)
    if file.form is FileForm.TASKS:
        try:
            return DecodedPiece(_TASKS.decode(joined(raw)))
        except UNDECODABLE:
            pass  # at least one of them does not fit
    if piece.count is None:
        return _one_by_one([raw], file.form, [_at(piece)])
    elements = _RAWS.decode(joined(raw))
    return _one_by_one(elements, file.form, [f"[{piece.number + n}]" for n in range(len(elements))])


def _one_by_one(elements: Sequence[bytes | Raw], form: FileForm, names: Sequence[str]) -> DecodedPiece:
    """Tasks, or annotations with their task or its id, each of which is a task of one annotation."""
    tasks: list[Task | None] = []
    faults: list[tuple[int, RecordFault]] = []
    for n, (element, name) in enumerate(zip(elements, names)):
        found: list[RecordFault] = []
        if form in STORED_FORMS:
            tasks.append(_of_annotation(element, form, name, found))
        else:
            tasks.append(TASK.decode(element, name, found))
        faults += [(n, fault) for fault in found]
    return DecodedPiece(tasks, faults)


def _flat(raw: bytes, file: TaskFile, piece: TaskPiece, config: Config) -> DecodedPiece:
    try:
        if file.shape in TABLES:
            return _table_row(raw, file, piece, config)
        records = _OBJECTS.decode(joined(raw))
        return _of_records(records, config, [f"[{piece.number + n}]" for n in range(len(records))])
    except FileError as error:
        return _broken(piece, str(error))
    except UNDECODABLE as error:
        mended = mended_json(raw)
        if mended is None:
            return _broken(piece, f"cannot be read: {in_words(error, joined(raw))}")
        tasks, faults = _flat(mended[0], file, piece, config)
        return DecodedPiece(tasks, [(0, RecordFault(Lost.PART, f"{_at(piece)}.data", mended[1])), *faults])


def _of_records(records: Sequence[dict[str, Any]], config: Config, names: Sequence[str]) -> DecodedPiece:
    found = [from_flat(record, config, f"{name}, field") for record, name in zip(records, names)]
    faults = [(n, fault) for n, (_, of_one) in enumerate(found) for fault in of_one]
    return DecodedPiece([task for task, _ in found], faults)


def _table_row(raw: bytes, file: TaskFile, piece: TaskPiece, config: Config) -> DecodedPiece:
    """The record of a row; its number is that of spreadsheets, where the header is row 1."""
    record = flat_row(file.columns, table_row(raw, TABLES[file.shape]), config, file.texts)
    cut = take_cut_cells(record, config)
    column = f"row {piece.number + 2}, column"
    task, faults = from_flat(record, config, column)
    faults += [fault for name, cell in cut.items() for fault in cell_faults(cell, f"{column} {name!r}")]
    return DecodedPiece([task], [(0, fault) for fault in faults])


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
        head = TaskHead(id=plain_id(decoded_or_none(task)))
    return Task(data=head.data, id=head.id, annotations=[annotation], project=head.project)


def _broken(piece: TaskPiece, message: str) -> DecodedPiece:
    return DecodedPiece([None], [(0, RecordFault(Lost.TASK, _at(piece), message))])


def _at(piece: TaskPiece) -> str:
    return f"byte {piece.offset}"
