"""The index of an export: where each task is, which records are of one task, which tasks show the same asset.

It is made once, when the source is opened, and holds no record itself.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct, field

from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.asset_index import AssetIndex, FirstNames, index_assets
from to_labelbox_formats.label_studio.assets import UPLOADS, Slot, slots_of
from to_labelbox_formats.label_studio.census import ExportCensus
from to_labelbox_formats.label_studio.config import Config, with_offered
from to_labelbox_formats.label_studio.detect import FoundFile
from to_labelbox_formats.label_studio.files.file_head import TABLES, UNDECODABLE, FileForm, table_row
from to_labelbox_formats.label_studio.files.flat_records import flat_row, take_cut_cells, text_columns
from to_labelbox_formats.label_studio.files.pieces import Around, Cut, Decode, pieces
from to_labelbox_formats.label_studio.files.records import (
    Id,
    Task,
    TaskHead,
    TaskHeadWithIds,
    TaskHeadWithRegions,
    is_nothing,
    plain_id,
    project_of,
)
from to_labelbox_formats.label_studio.files.select_annotations import moment
from to_labelbox_formats.label_studio.files.task_files import HEADS, TaskFile, TaskFiles, TaskPiece, data_of
from to_labelbox_formats.label_studio.options import Options

_first = attrgetter("first")
_ANNOTATED = ("annotations", "completions")
"""Folders beside ``tasks.json`` with a file for each annotated task."""
_EXPORTS = (FileForm.TASKS, FileForm.FLAT)
"""Forms of a whole project, which prefer the one that tells most."""
_TELLING = 16
"""Characters of a text of the data that tells one task from others of its id, where nothing better does."""
_HEADS_WITH_IDS = msgspec.json.Decoder(list[TaskHeadWithIds])
_HEADS_WITH_REGIONS = msgspec.json.Decoder(list[TaskHeadWithRegions])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])


class TaskIndex(Struct, frozen=True):
    """What opening has found; a task's number is its *unit*.

    ``given`` is the labelling config that the user or the source gives, ``config`` that or what the regions let see.
    ``census``: what no rule reads.
    ``repeated``: projects and ids that several tasks have, with how many there are in each file.
    ``attached``: a task's further records, by its unit; ``absorbed``: the units of those.
    """

    files: Sequence[TaskFile]
    pieces: Sequence[TaskPiece]
    units: int
    bytes: int
    given: Config
    config: Config
    repeated: dict[tuple[str, Id], Counter[int]]
    census: ExportCensus
    attached: dict[int, list[int]]
    absorbed: set[int]
    assets: AssetIndex

    def piece_number(self, unit: int) -> int:
        return max(bisect_right(self.pieces, unit, key=_first) - 1, 0)

    def piece(self, unit: int) -> TaskPiece:
        return self.pieces[self.piece_number(unit)]

    def file_name(self, unit: int) -> str:
        return self.files[self.piece(unit).file].name

    def is_flat(self, unit: int) -> bool:
        """Whether a task or one of its further records is of a file of flat records."""
        return any(self.files[self.piece(n).file].form is FileForm.FLAT for n in (unit, *self.attached[unit]))

    def in_several_files(self, unit: int) -> bool:
        """Whether further records of a task are tasks of another file."""
        mine = self.piece(unit).file
        others = {self.piece(other).file for other in self.attached[unit]} - {mine}
        return any(self.files[other].form in _EXPORTS for other in others)

    def number(self, unit: int) -> int:
        """The number of a task in its file, from 0."""
        piece = self.piece(unit)
        return unit - piece.first + piece.number

    def task_name(self, task: Task, unit: int) -> str:
        """What messages call a task."""
        return f"task {task.id}" if task.id is not None else f"[{self.number(unit)}]"

    def asset_path(self, slot: Slot, task: Task, unit: int, inline: int) -> str:
        """The name of an asset; inline texts, of which the task has that many, are named after their task."""
        if slot.reference is not None:
            return self.assets.name(slot.reference)
        file = self.file_name(unit)
        stem = file.rpartition(".")[0] or file
        if task.id is None:
            name = f"{stem}-{self.number(unit) + 1}"
        else:
            project = project_of(task.project)
            alike = self.repeated.get((project, task.id), Counter())
            folders = [stem] if len(alike) > 1 else []
            folders += [f"project-{project}"] if project else []
            number = f"-{self.number(unit) + 1}" if alike[self.piece(unit).file] > 1 else ""
            name = "/".join((*folders, f"task-{task.id}{number}"))
        if inline > 1:
            name += f"/{slot.shown}" + (f"-{slot.page + 1}" if slot.paged else "")
        return name


def index_tasks(
    source: Source, found: Sequence[FoundFile], config: Config | None, options: Options, log: Log
) -> TaskIndex:
    """Index all tasks; without a labelling config the regions tell what there is. Raises :class:`SourceError`."""
    if config is not None and options.answers is not None:
        raise UsageError(
            "label-studio option answers: the labelling config says which fields are answers: leave it out"
        )
    census = ExportCensus(options.answers)
    survey = _Survey(source, [TaskFile(f.name, f.shape, f.form) for f in found], config, options.data_key, census)
    for number in range(len(found)):
        survey.add_file(number)
    for name, reason in survey.faults:
        log.file_unreadable(name, reason)
    if not survey.units and not log.unreadable:
        raise SourceError(f"{source.path}: holds no Label Studio task")
    if any(piece.count for piece in survey.pieces):  # else what is said is that nothing could be read
        census.flat.settle()
    given = config or Config(census.flat.answers)
    known = config or census.config(options.data_key, log)
    with closing(TaskFiles(source, survey.files, given)) as files:
        heads = (head for piece in survey.pieces for head in files.heads(piece, HEADS))
        known = with_offered(known, map(data_of, heads))
        _attach(survey, files)
        repeated = _repeated(survey, files, partial(slots_of, config=known, data_key=options.data_key), log)
        slots = partial(slots_in, survey, files, known, options.data_key)
        shortest = survey.shortest
        if shortest is None or survey.absorbed:
            shortest = FirstNames()
            for unit, shown in slots():
                shortest.add(unit, shown)
        assets = index_assets(shortest, slots)
    if config is None and options.data_key is None and not assets.shown:
        census.fields.ask()
    return TaskIndex(
        survey.files,
        survey.pieces,
        survey.units,
        survey.bytes,
        given,
        known,
        repeated,
        census,
        survey.attached,
        survey.absorbed,
        assets,
    )


def slots_in(
    survey: _Survey | TaskIndex, files: TaskFiles, config: Config, data_key: str | None
) -> Iterator[tuple[int, Sequence[Slot]]]:
    """The number of each task with its assets, in order."""
    for piece in survey.pieces:
        for unit, head in enumerate(files.heads(piece, HEADS), piece.first):
            if unit not in survey.absorbed:
                yield unit, slots_of(data_of(head), config, data_key)[0]


# ------------------------------------------------------------------------------------------------ where tasks are


def _decoder(file: TaskFile, config: Config | None) -> Decode:
    """What decodes a piece of a file to what the index needs of its records."""
    if file.shape in TABLES:
        return partial(_table_records, file, config or Config())
    if file.form is FileForm.TASKS:
        return _HEADS_WITH_REGIONS.decode if config is None else HEADS.decode
    return _payloads if file.form is FileForm.PAYLOAD else _OBJECTS.decode


def _payloads(text: bytes) -> list[dict[str, Any]]:
    """Payloads as annotations with their task in them."""
    found = _OBJECTS.decode(text)
    return [{**p["annotation"], "task": p.get("task")} if isinstance(p.get("annotation"), dict) else p for p in found]


def _table_records(file: TaskFile, config: Config, row: bytes) -> list[dict[str, Any]]:
    """The record of a row; the first is the header and holds none. Raises :class:`ValueError`."""
    try:
        cells = table_row(row, TABLES[file.shape])
        if not file.columns:
            file.columns = cells
            return []
        record = flat_row(file.columns, cells, config, file.texts)
    except FileError as error:
        raise ValueError(str(error)) from None
    if not record:
        return []
    take_cut_cells(record, config)
    if not config.found:
        file.texts.update(text_columns(dict(zip(file.columns, cells)), record, file.texts))
    return [record]


class _Survey(Struct):
    """What one pass over the files has found.

    ``config``: the labelling config; without one, what the regions tell of controls and objects is looked at.
    ``shortest``: names of the assets of tasks, None where not all can be told yet. ``ids``: the first unit of an id;
    ``repeats``: its further ones; ``same``: that of a flat record or a stored annotation by what tells its task;
    ``without_data``: units that only know their task's id; ``faults``: files of which something could not be read, and why.
    """

    source: Source
    files: list[TaskFile]
    config: Config | None
    data_key: str | None
    census: ExportCensus
    pieces: list[TaskPiece] = field(default_factory=list)
    units: int = 0
    bytes: int = 0
    ids: dict[Id, int] = field(default_factory=dict)
    repeats: dict[Id, list[int]] = field(default_factory=dict)
    same: dict[tuple[int, Id], int] = field(default_factory=dict)
    without_data: list[tuple[int, Id]] = field(default_factory=list)
    attached: dict[int, list[int]] = field(default_factory=dict)
    absorbed: set[int] = field(default_factory=set)
    faults: list[tuple[str, str]] = field(default_factory=list)
    shortest: FirstNames | None = field(default_factory=FirstNames)

    def add_file(self, number: int) -> None:
        file = self.files[number]
        self.bytes += self.source.size(file.name)
        start = self.units
        decode = _decoder(file, self.config)
        if self.config is None or file.form is not FileForm.TASKS:
            self.shortest = None
        try:
            with self.source.open(file.name) as stream:
                for cut in pieces(stream, file.shape, decode):
                    if isinstance(cut, Around):
                        self.census.see_around(cut.names)
                    elif cut.records or cut.records is None or file.shape not in TABLES:
                        self._add_piece(number, cut, start)
        except FileError as error:
            self.faults.append((file.name, str(error)))

    def _add_piece(self, file: int, cut: Cut, start: int) -> None:
        count = len(cut.records) if cut.records is not None else None
        self.pieces.append(TaskPiece(file, cut.offset, cut.length, count, self.units, self.units - start))
        records = cut.records or ()
        for unit, head in enumerate(records, self.units):
            if not isinstance(head, dict):
                self._add_task(unit, head)
            elif "annotation_id" in head:
                self._add_flat(unit, file, head)
            else:
                self._add_stored(unit, head)
            if self.shortest is not None and self.config is not None:
                self.shortest.add(unit, slots_of(data_of(head), self.config, self.data_key)[0])
        self.units += 1 if count is None else count
        self.shortest = self.shortest if cut.records is not None else None
        self.census.see(self.files[file].form, records, cut.text, self.config is None)

    def _add_task(self, unit: int, head: TaskHead) -> None:
        if not is_nothing(head.data):
            if head.id is not None:
                self._note_id(unit, head.id)
        else:
            self.without_data.append((unit, head.id))

    def _add_flat(self, unit: int, file: int, record: dict[str, Any]) -> None:
        """Flat records are of one task when file and id agree: what is data in them cannot be told for certain."""
        id = plain_id(record.get("id"))
        if id is not None:
            self._add_record(unit, (file, id), self.same.get((file, id)))

    def _add_stored(self, unit: int, record: dict[str, Any]) -> None:
        """Stored annotations are of one task when id and data agree: ids start anew in every project."""
        task = record.get("task")
        data = task.get("data") if isinstance(task, dict) else None
        id = plain_id(task.get("id") if isinstance(task, dict) else task)
        if not (isinstance(data, dict) and data):
            self.without_data.append((unit, id))
        elif id is not None:
            key = (hash(_canonical(data)), id)
            known = self.same.get(key)
            if known is None and id in self.ids and self._form(self.ids[id]) is FileForm.TASKS:
                known = self.ids[id]
            self._add_record(unit, key, known)

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


def _canonical(data: Any) -> bytes:
    return msgspec.json.encode(data, order="sorted")


# ------------------------------------------------------------------------------------------- what is of one task


def _repeated(
    survey: _Survey, files: TaskFiles, slots: Callable[[dict[str, Any]], tuple[list[Slot], str]], log: Log
) -> dict[tuple[str, Id], Counter[int]]:
    """Projects and ids that several tasks have, with how many there are in each file; told where keys of texts are made of them."""
    found: dict[tuple[str, Id], Counter[int]] = {}
    texts: set[tuple[str, Id]] = set()
    units = {unit for id, units in survey.repeats.items() for unit in (survey.ids[id], *units)} - survey.absorbed
    for piece in survey.pieces if units else ():
        numbers = range(piece.first, piece.first + (piece.count or 0))
        if units.isdisjoint(numbers):
            continue
        for unit, head in zip(numbers, files.heads(piece, HEADS)):
            if unit in units:
                key = project_of(head.project), head.id
                found.setdefault(key, Counter())[piece.file] += 1
                if any(slot.reference is None for slot in slots(data_of(head))[0]):
                    texts.add(key)
    repeated = {key: files for key, files in found.items() if files.total() > 1}
    if any(len(repeated[key]) > 1 for key in texts & repeated.keys()):
        log.decide(
            "texts of several files have the same task ids, and no project of their own: their keys begin with the name of "
            "their file, as they do not where it is converted alone"
        )
    return repeated


def _attach(survey: _Survey, files: TaskFiles) -> None:
    """Join what belongs to one task: annotations that know it by its id, the files of an editor example, later exports."""
    examples = _editor_examples(survey, files)
    for unit, id in survey.without_data:
        known = survey.ids.get(id) if id is not None and unit not in examples else None
        if known is not None and known != unit:
            survey.absorb(unit, known)
    for unit, task in examples.items():
        if unit not in survey.absorbed and task not in survey.absorbed:
            survey.absorb(unit, task)
    for unit, task in _later_exports(survey, files).items():
        if unit not in survey.absorbed and task not in survey.absorbed:
            for further in (unit, *survey.attached.pop(unit, ())):
                survey.absorb(further, task)


def _later_exports(survey: _Survey, files: TaskFiles) -> dict[int, int]:
    """Tasks that stand in several files, as where exports of one project were made again: unit → unit in the first file.

    They have their id in common and what :func:`_marks_of_task` or :func:`_marks_of_record` tell; ids alone start anew in
    every project. JSON comes before flat records, which tell less.
    """
    repeated = {unit: id for id, units in survey.repeats.items() for unit in (survey.ids[id], *units)}
    first_of = {unit: first for first, units in survey.attached.items() for unit in units}
    found: dict[int, int] = {}
    known: dict[tuple[Hashable, ...], tuple[int, int]] = {}
    forms = [survey.files[piece.file].form for piece in survey.pieces]
    mixed = FileForm.FLAT in forms
    in_order = [(p, form) for wanted in _EXPORTS for p, form in zip(survey.pieces, forms) if form is wanted]
    for piece, form in in_order if repeated else ():
        numbers = range(piece.first, piece.first + (piece.count or 0))
        wanted = {unit: first for unit in numbers if (first := first_of.get(unit, unit)) in repeated}
        if not wanted:
            continue
        try:
            flat = form is FileForm.FLAT
            records = files.decode(piece).tasks if flat else files.heads(piece, _HEADS_WITH_IDS)
        except UNDECODABLE:
            continue
        for unit, record in zip(numbers, records):
            if unit not in wanted or not isinstance(record, (Task, TaskHeadWithIds)):
                continue
            first = found.get(wanted[unit], wanted[unit])
            marks = [*(() if flat else _marks_of_task(record)), *(_marks_of_record(record) if mixed else ())]
            keys = [(repeated[wanted[unit]], *mark) for mark in marks]
            task, file = next((known[key] for key in keys if key in known), (first, piece.file))
            task = found.get(task, task)
            if task != first and file != piece.file:
                found[first] = task
            for key in keys:
                known.setdefault(key, (task, file))
    return found


def _marks_of_task(task: Task | TaskHeadWithIds) -> list[tuple[Hashable, ...]]:
    """What tasks of JSON have in common: their data with their project or an annotation."""
    data = data_of(task)
    project = project_of(task.project)
    ids = {a.id for a in task.annotations or task.completions or () if a.id is not None}
    marks = [*(("annotation", id) for id in ids), *([("project", project)] if project else [])]
    return [(hash(_canonical(data)), *mark) for mark in marks] if data else []


def _marks_of_record(task: Task | TaskHeadWithIds) -> list[tuple[Hashable, ...]]:
    """What flat records, which know no project and not which fields are data, have in common with each other and JSON.

    That is some text of their data with an annotation that was made at one time; or a long text, where no time is known.
    The name that an upload has on its server is enough.
    """
    texts = [(name, value) for name, value in data_of(task).items() if isinstance(value, str)]
    marks: list[tuple[Hashable, ...]] = [text for text in texts if text[1].startswith(UPLOADS)]
    for annotation in task.annotations or task.completions or ():
        made = int(moment(annotation.created_at))
        marks += [(annotation.id, made, *text) for text in texts if made or len(text[1]) >= _TELLING]
    return marks


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
            data = data_of(files.heads(piece, HEADS)[0])
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
        for n, head in enumerate(files.heads(piece, HEADS)):
            units.setdefault(_canonical(data_of(head)), piece.first + n)
    return units


def _base(name: str) -> str:
    return name.rpartition("/")[2]
