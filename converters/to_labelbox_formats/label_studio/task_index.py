"""The index of an export: where each task is, which records are of one task, which tasks show the same asset.

It is made once, when the source is opened, and holds no record itself.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.asset_index import AssetIndex, index_assets
from to_labelbox_formats.label_studio.assets import Slot, shows_media, slots_of
from to_labelbox_formats.label_studio.config import Config, observed
from to_labelbox_formats.label_studio.detect import FoundFile
from to_labelbox_formats.label_studio.files.flat_records import plain_fields
from to_labelbox_formats.label_studio.files.pieces import TABLES, Cut, EarlyEnd, FileForm, flat_row, pieces, table_row
from to_labelbox_formats.label_studio.files.records import Id, Task, TaskHead, TaskHeadWithRegions, is_nothing
from to_labelbox_formats.label_studio.files.task_files import TaskFile, TaskFiles, TaskPiece
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.unread import ExportCensus

_ANNOTATED = ("annotations", "completions")
"""Folders beside ``tasks.json`` with a file for each annotated task."""
_HEADS = msgspec.json.Decoder(list[TaskHead])
_HEADS_WITH_REGIONS = msgspec.json.Decoder(list[TaskHeadWithRegions])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])


class TaskIndex(Struct, frozen=True):
    """What opening has found; a task's number is its *unit*.

    ``given`` is the labelling config that the user or the source gives, ``config`` that or what the regions let see.
    ``census``: what no rule reads. ``doubtful``: fields of flat records, beside the one that is the asset, that can be answers.
    ``attached``: a task's further records, by its unit; ``absorbed``: the units of those.
    """

    files: Sequence[TaskFile]
    pieces: Sequence[TaskPiece]
    units: int
    bytes: int
    given: Config
    config: Config
    doubtful: Sequence[str]
    repeated_ids: set[Id]
    census: ExportCensus
    attached: dict[int, list[int]]
    absorbed: set[int]
    assets: AssetIndex

    def piece_number(self, unit: int) -> int:
        return max(bisect_right(self.pieces, unit, key=_first) - 1, 0)

    def number(self, unit: int) -> int:
        """The number of a task in its file, from 0."""
        piece = self.pieces[self.piece_number(unit)]
        return unit - piece.first + piece.number

    def task_name(self, task: Task, unit: int) -> str:
        """What messages call a task."""
        return f"task {task.id}" if task.id is not None else f"[{self.number(unit)}]"

    def asset_path(self, slot: Slot, task: Task, unit: int, inline: int) -> str:
        """The name of an asset; inline texts, of which the task has that many, are named after their task."""
        if slot.reference is not None:
            return self.assets.name(slot.reference)
        if task.id is None:
            file = self.files[self.pieces[self.piece_number(unit)].file].name
            name = f"{file.rpartition('.')[0] or file}-{self.number(unit) + 1}"
        elif task.id in self.repeated_ids:
            name = f"task-{task.id}-{unit + 1}"
        else:
            name = f"task-{task.id}"
        if inline > 1:
            name += f"/{slot.shown}" + (f"-{slot.page + 1}" if slot.paged else "")
        return name


def _first(piece: TaskPiece) -> int:
    return piece.first


def index_tasks(
    source: Source, found: Sequence[FoundFile], config: Config | None, options: Options, log: Log
) -> TaskIndex:
    """Index all tasks; without a labelling config the regions tell what there is. Raises :class:`SourceError`."""
    survey = _Survey(source, [TaskFile(f.name, f.shape, f.form) for f in found], config is None)
    for number in range(len(found)):
        survey.add_file(number, log)
    if not survey.units and not log.unreadable:
        raise SourceError(f"{source.path}: holds no Label Studio task")
    given = config or Config()
    known = config
    if known is None:
        known = survey.census.fields.settle(observed(survey.regions), options.data_key, log)
    with closing(TaskFiles(source, survey.files, given)) as files:
        _attach(survey, files)
        slots = _Slots(survey, files, known, options.data_key)
        assets = index_assets(slots) if survey.units else AssetIndex()
    return TaskIndex(
        survey.files,
        survey.pieces,
        survey.units,
        survey.bytes,
        given,
        known,
        _doubtful(survey.plain, options.data_key),
        {id for id, units in survey.repeats.items() if len({survey.ids[id], *units} - survey.absorbed) > 1},
        survey.census,
        survey.attached,
        survey.absorbed,
        assets,
    )


def _doubtful(plain: dict[str, bool], data_key: str | None) -> list[str]:
    media = [name for name, shown in plain.items() if shown]
    assets = media or [n for n in plain if n == data_key]
    rest = [name for name in plain if name not in (*media, data_key)]
    return rest if assets or len(rest) > 1 else []


# ------------------------------------------------------------------------------------------------ where tasks are


class _Heads:
    """Counts the records in a piece of a file, and keeps what the index needs of them."""

    def __init__(self, file: TaskFile, look: bool) -> None:
        self._file = file
        self.found: list[Any] = []
        self.data = b""
        self._decode: Callable[[bytes], list[Any]] = self._row if file.shape in TABLES else _OBJECTS.decode
        if file.form is FileForm.TASKS:
            self._decode = _HEADS_WITH_REGIONS.decode if look else _HEADS.decode

    def __call__(self, data: bytes) -> int:
        self.data = data
        self.found = self._decode(data)
        return len(self.found)

    def _row(self, data: bytes) -> list[Any]:
        """The record of a table; its first row, the header, is none. Raises :class:`ValueError`."""
        try:
            row = table_row(data, self._file.shape)
        except FileError as error:
            raise ValueError(str(error)) from None
        if not self._file.columns:
            self._file.columns = row
            return []
        return [flat_row(self._file.columns, row)]


class _Survey(Struct):
    """What one pass over the files has found.

    ``look``: also what the regions tell of controls and objects. ``ids``: the first unit of an id; ``repeats``: its further ones; ``same``: that of a
    flat record or a stored annotation by what tells its task; ``without_data``: units that only know their task's id.
    ``plain``: fields of flat records that can be data or answers, and whether they refer to media.
    """

    source: Source
    files: list[TaskFile]
    look: bool
    pieces: list[TaskPiece] = field(default_factory=list)
    units: int = 0
    bytes: int = 0
    ids: dict[Id, int] = field(default_factory=dict)
    repeats: dict[Id, list[int]] = field(default_factory=dict)
    same: dict[tuple[int, Id], int] = field(default_factory=dict)
    without_data: list[tuple[int, Id]] = field(default_factory=list)
    attached: dict[int, list[int]] = field(default_factory=dict)
    absorbed: set[int] = field(default_factory=set)
    regions: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    plain: dict[str, bool] = field(default_factory=dict)
    census: ExportCensus = field(default_factory=ExportCensus)

    def add_file(self, number: int, log: Log) -> None:
        file = self.files[number]
        self.bytes += self.source.size(file.name)
        start = self.units
        heads = _Heads(file, self.look)
        try:
            with self.source.open(file.name) as stream:
                for cut in pieces(stream, file.shape, heads):
                    if isinstance(cut, EarlyEnd):
                        log.file_unreadable(file.name, cut.message)
                    elif cut.tasks != 0 or file.shape not in TABLES:
                        self._add_piece(number, cut, heads.found if cut.tasks is not None else [], start)
                        if cut.tasks and file.form is FileForm.FLAT:
                            self.census.see_flat(heads.found)
                        elif cut.tasks:
                            self.census.see_piece(heads.data)
        except FileError as error:
            log.file_unreadable(file.name, str(error))

    def _add_piece(self, file: int, cut: Cut, heads: list[Any], start: int) -> None:
        self.pieces.append(TaskPiece(file, cut.offset, cut.length, cut.tasks, self.units, self.units - start))
        for unit, head in enumerate(heads, self.units):
            if not isinstance(head, dict):
                self._add_task(unit, head)
            elif "annotation_id" in head:
                self._add_flat(unit, file, head)
            else:
                self._add_stored(unit, head)
        self.units += cut.tasks if cut.tasks is not None else 1

    def _add_task(self, unit: int, head: TaskHead) -> None:
        if not is_nothing(head.data):
            if head.id is not None:
                self._note_id(unit, head.id)
        else:
            self.without_data.append((unit, head.id))
        if isinstance(head, TaskHeadWithRegions):
            for annotation in head.annotations or head.completions or ():
                for r in annotation.result or ():
                    self.regions[r.from_name or "", r.to_name or "", (r.type or "").lower(), r.source or ""] = None

    def _add_flat(self, unit: int, file: int, record: dict[str, Any]) -> None:
        """Flat records are of one task when file and id agree: what is data in them cannot be told for certain."""
        if self.look:
            for name in plain_fields(record):
                self.plain[name] = self.plain.get(name, False) or shows_media(record[name])
        id = _plain_id(record.get("id"))
        if id is not None:
            self._add_record(unit, (file, id), self.same.get((file, id)))

    def _add_stored(self, unit: int, record: dict[str, Any]) -> None:
        """Stored annotations are of one task when id and data agree: ids start anew in every project."""
        task = record.get("task")
        data = task.get("data") if isinstance(task, dict) else None
        id = _plain_id(task.get("id") if isinstance(task, dict) else task)
        if not (isinstance(data, dict) and data):
            self.without_data.append((unit, id))
        elif id is not None:
            key = (hash(_canonical(data)), id)
            known = self.same.get(key)
            if known is None and id in self.ids and self._form(self.ids[id]) is FileForm.TASKS:
                known = self.ids[id]
            self._add_record(unit, key, known)
        if self.look and isinstance(record.get("result"), list):
            for r in record["result"]:
                if isinstance(r, dict):
                    names = (r.get(k) for k in ("from_name", "to_name", "type", "source"))
                    control, shown, kind, source = (n if isinstance(n, str) else "" for n in names)
                    self.regions[control, shown, kind.lower(), source] = None

    def _add_record(self, unit: int, key: tuple[int, Id], known: int | None) -> None:
        """A record of a task; ``known`` is that task when another record of it came before."""
        if known is not None:
            self.absorb(unit, known)
        else:
            self.same[key] = unit
            self._note_id(unit, key[1])

    def _note_id(self, unit: int, id: Id) -> None:
        if self.ids.setdefault(id, unit) != unit:
            self.repeats.setdefault(id, []).append(unit)

    def _form(self, unit: int) -> FileForm:
        return self.files[self.pieces[bisect_right(self.pieces, unit, key=_first) - 1].file].form

    def absorb(self, unit: int, into: int) -> None:
        self.attached.setdefault(into, []).append(unit)
        self.absorbed.add(unit)


def _plain_id(id: Any) -> Id:
    return id if isinstance(id, (int, str)) else None


def _canonical(data: Any) -> bytes:
    return msgspec.json.encode(data, order="sorted")


# ------------------------------------------------------------------------------------------- what is of one task


def _attach(survey: _Survey, files: TaskFiles) -> None:
    """Join what belongs to one task: annotations that know it by its id, and the files of an editor example."""
    examples = _editor_examples(survey, files)
    for unit, id in survey.without_data:
        known = survey.ids.get(id) if id is not None and unit not in examples else None
        if known is not None and known != unit:
            survey.absorb(unit, known)
    for unit, task in examples.items():
        if unit not in survey.absorbed and task not in survey.absorbed:
            survey.absorb(unit, task)


def _editor_examples(survey: _Survey, files: TaskFiles) -> dict[int, int]:
    """``annotations/<i>.json`` or ``completions/<i>.json`` beside ``tasks.json``: unit of the annotated task → unit of the task.

    The task is the one with the same data; without data it is the i-th one, counted from 1 unless there is a 0. The first
    are examples of the editor, the second projects of the first versions.
    """
    folders = {posixpath.dirname(f.name): n for n, f in enumerate(survey.files) if _base(f.name) == "tasks.json"}
    found: dict[int, int] = {}
    by_data: dict[int, dict[bytes, int]] = {}
    of_file: dict[int, list[TaskPiece]] = {}
    for piece in survey.pieces if folders else ():
        of_file.setdefault(piece.file, []).append(piece)
    for mine in of_file.values():
        name = survey.files[mine[0].file].name
        folder, inner = posixpath.split(posixpath.dirname(name))
        tasks = folders.get(folder)
        stem = _base(name).removesuffix(".json")
        theirs = of_file.get(tasks, []) if tasks is not None else []
        if inner not in _ANNOTATED or tasks is None or not theirs or not stem.isdecimal():
            continue
        if tasks not in by_data:
            by_data[tasks] = _units_by_data(theirs, files)
        for piece in mine:
            if piece.count != 1:
                continue
            data = next(iter(files.data(piece)), {})
            if data:
                same = by_data[tasks].get(_canonical(data))
                if same is not None:
                    found[piece.first] = same
                continue
            counts_from = 0 if survey.source.exists(posixpath.join(folder, inner, "0.json")) else 1
            last = theirs[-1].first + (theirs[-1].count or 1) - 1
            found[piece.first] = max(theirs[0].first, min(theirs[0].first + int(stem) - counts_from, last))
    return found


def _units_by_data(pieces: Iterable[TaskPiece], files: TaskFiles) -> dict[bytes, int]:
    units: dict[bytes, int] = {}
    for piece in pieces:
        for n, data in enumerate(files.data(piece)):
            units.setdefault(_canonical(data), piece.first + n)
    return units


def _base(name: str) -> str:
    return name.rpartition("/")[2]


# ------------------------------------------------------------------------------------------ what the tasks show


class _Slots:
    """The assets of all tasks, with the number of their task; read anew each time they are gone through."""

    def __init__(self, survey: _Survey, files: TaskFiles, config: Config, data_key: str | None) -> None:
        self._survey = survey
        self._files = files
        self._config = config
        self._data_key = data_key

    def __iter__(self) -> Iterator[tuple[int, Slot]]:
        for piece in self._survey.pieces:
            for unit, data in enumerate(self._files.data(piece), piece.first):
                if unit not in self._survey.absorbed:
                    for slot in slots_of(data, self._config, self._data_key)[0]:
                        yield unit, slot
