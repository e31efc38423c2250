"""An export as a whole: its files, an index of its tasks, and the items of any range of them."""

from __future__ import annotations

import posixpath
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import msgspec
from msgspec import Raw

from to_labelbox.diagnostics import Code, FileError, Log, SourceError
from to_labelbox.formats import ReadContext
from to_labelbox.model import Item
from to_labelbox.source import Source
from to_labelbox_formats.label_studio.assets import Slot, shows_media, slots_of
from to_labelbox_formats.label_studio.canvas import Canvas
from to_labelbox_formats.label_studio.config import Config, Declared, observed
from to_labelbox_formats.label_studio.containers import (
    TABLES,
    Handle,
    Piece,
    Place,
    flat_row,
    joined,
    pieces,
    table_row,
)
from to_labelbox_formats.label_studio.detect import Form, FoundFile
from to_labelbox_formats.label_studio.items import Reader
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.records import (
    MENDED,
    STORED,
    TASK,
    UNDECODABLE,
    Complain,
    Controls,
    Id,
    Task,
    TaskHead,
    TaskHeadWithRegions,
    decode_any,
    decode_data,
    from_flat,
    is_nothing,
    plain_fields,
    strict_json,
)

_TASKS = msgspec.json.Decoder(list[Task])
_HEADS = msgspec.json.Decoder(list[TaskHead])
_HEADS_WITH_REGIONS = msgspec.json.Decoder(list[TaskHeadWithRegions])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])
_STORED_TASK = msgspec.json.Decoder(TaskHead)
_LEVELS = 3


class Export:
    """What opening has found. Ranges of tasks are read from their own file handles, so they can be read anywhere."""

    def __init__(
        self, source: Source, files: list[FoundFile], config: Config | None, options: Options, log: Log
    ) -> None:
        self.source = source
        self.files = files
        self._names = [f.name for f in files]
        self.options = options
        self.places: list[Place] = []
        self._starts = array("Q")
        self.units = 0
        self.bytes_total = 0
        self._headers: dict[int, list[str]] = {}
        self._file_starts: dict[int, int] = {}
        self._ids: dict[Id, int] = {}
        self._repeated_ids: set[Id] = set()
        self._same: dict[tuple[int, Id], int] = {}
        self._without_data: list[tuple[int, Id]] = []
        self.attached: dict[int, list[int]] = {}
        self._absorbed: set[int] = set()
        self._first: dict[int, int] = {}
        self._again: dict[int, list[int]] = {}
        self._clashes: tuple[set[int], ...] = tuple(set() for _ in range(_LEVELS))
        self._seen: dict[tuple[str, str, str, str], None] = {}
        self._control_of: Controls = config.control if config is not None else _no_control
        self._plain: dict[str, bool] = {}
        for number in range(len(files)):
            self._index_file(number, config is None, log)
        self.config = config if config is not None else observed(self._seen)
        if self.units:
            self._attach()
            self._index_assets()

    @property
    def doubtful(self) -> list[str]:
        """Fields of flat records, beside the one that is the asset, that can be answers."""
        media = [name for name, shown in self._plain.items() if shown]
        assets = media or [n for n in self._plain if n == self.options.data_key]
        rest = [name for name in self._plain if name not in (*media, self.options.data_key)]
        return rest if assets or len(rest) > 1 else []

    # ------------------------------------------------------------------------------------------------- indexing

    def _index_file(self, number: int, look: bool, log: Log) -> None:
        file = self.files[number]
        self.bytes_total += self.source.size(file.name)
        self._file_starts[number] = self.units
        heads: list[Any] = []
        decode = self._row_decoder(number) if file.shape in TABLES else self._head_decoder(file.form, look)

        def count(data: bytes) -> int:
            nonlocal heads
            heads = decode(data)
            return len(heads)

        try:
            with self.source.open(file.name) as stream:
                found = pieces(stream, file.shape, count, lambda m: log.file_unreadable(file.name, m))
                for piece in found:
                    if piece.tasks is None:
                        heads = []
                    if piece.tasks != 0 or file.shape not in TABLES:
                        self._add(number, piece, heads, look)
        except FileError as error:
            log.file_unreadable(file.name, str(error))

    def _row_decoder(self, number: int) -> Callable[[bytes], list[Any]]:
        """The records of a table; its first row, the header, is none. Raises :class:`ValueError`."""
        shape = self.files[number].shape

        def decode(data: bytes) -> list[Any]:
            try:
                row = table_row(data, shape)
            except FileError as error:
                raise ValueError(str(error)) from None
            if number not in self._headers:
                self._headers[number] = row
                return []
            return [flat_row(self._headers[number], row)]

        return decode

    def _head_decoder(self, form: Form, look: bool) -> Callable[[bytes], list[Any]]:
        if form is Form.FLAT or form is Form.ANNOTATION:
            return _OBJECTS.decode
        return _HEADS_WITH_REGIONS.decode if look else _HEADS.decode

    def _add(self, number: int, piece: Piece, heads: list[Any], look: bool) -> None:
        self.places.append(Place(number, piece.offset, piece.length, piece.tasks, self.units))
        self._starts.append(self.units)
        for unit, head in enumerate(heads, self.units):
            if isinstance(head, dict):
                self._note_object(unit, number, head, look)
                continue
            if not is_nothing(head.data):
                if head.id in self._ids and head.id is not None:
                    self._repeated_ids.add(head.id)
                self._ids.setdefault(head.id, unit)
            else:
                self._without_data.append((unit, head.id))
            if look:
                for annotation in head.annotations or head.completions or ():
                    for r in annotation.result or ():
                        self._seen[r.from_name or "", r.to_name or "", (r.type or "").lower(), r.source or ""] = None
        self.units += piece.tasks if piece.tasks is not None else 1

    def _note_object(self, unit: int, number: int, record: dict[str, Any], look: bool) -> None:
        """A flat record, or an annotation with its task: further ones of one task are attached to the first.

        Ids start anew in every project. Flat records are of one task when file and id agree, since what is data in them
        cannot be told for certain; stored annotations when id and data do.
        """
        task = record.get("task")
        flat = "annotation_id" in record
        data = task.get("data") if isinstance(task, dict) else None
        id = record.get("id") if flat else task.get("id") if isinstance(task, dict) else task
        if not isinstance(id, (int, str)):
            id = None
        if look and flat:
            for name in plain_fields(record):
                self._plain[name] = self._plain.get(name, False) or shows_media(record[name])
        if not flat and not (isinstance(data, dict) and data):
            self._without_data.append((unit, id))
        elif id is not None:
            key = (number, id) if flat else (hash(_canonical(data)), id)
            known = self._same.get(key)
            if known is None and not flat and id in self._ids and self._form(self._ids[id]) is Form.TASKS:
                known = self._ids[id]
            if known is not None:
                self._absorb(unit, known)
            else:
                self._same[key] = unit
                if id in self._ids:
                    self._repeated_ids.add(id)
                self._ids.setdefault(id, unit)
        if look and isinstance(record.get("result"), list):
            for r in record["result"]:
                if isinstance(r, dict):
                    names = (r.get(k) for k in ("from_name", "to_name", "type", "source"))
                    control, shown, kind, source = (n if isinstance(n, str) else "" for n in names)
                    self._seen[control, shown, kind.lower(), source] = None

    def _form(self, unit: int) -> Form:
        return self.files[self.places[bisect_right(self._starts, unit) - 1].file].form

    def _absorb(self, unit: int, into: int) -> None:
        self.attached.setdefault(into, []).append(unit)
        self._absorbed.add(unit)

    def _attach(self) -> None:
        """Join what belongs to one task: annotations that know it by its id, and the files of an editor example."""
        examples = self._editor_examples()
        for unit, id in self._without_data:
            known = self._ids.get(id) if id is not None and unit not in examples else None
            if known is not None and known != unit:
                self._absorb(unit, known)
        for unit, task in examples.items():
            if unit not in self._absorbed and task not in self._absorbed:
                self._absorb(unit, task)

    def _editor_examples(self) -> dict[int, int]:
        """``annotations/<i>.json`` beside ``tasks.json``: unit of the annotated task → unit of the task.

        The task is the one with the same data; without data it is the i-th one, counted from 1 unless there is a 0.
        """
        folders = {posixpath.dirname(f.name): n for n, f in enumerate(self.files) if _base(f.name) == "tasks.json"}
        if not folders:
            return {}
        with closing(Handle(self.source, self._names)) as handle:
            return self._match_examples(folders, handle)

    def _match_examples(self, folders: dict[str, int], handle: Handle) -> dict[int, int]:
        found: dict[int, int] = {}
        by_data: dict[int, dict[bytes, int]] = {}
        for place in self.places:
            name = self.files[place.file].name
            folder, inner = posixpath.split(posixpath.dirname(name))
            tasks = folders.get(folder)
            stem = _base(name).removesuffix(".json")
            if inner != "annotations" or tasks is None or place.count != 1 or not stem.isdecimal():
                continue
            mine = [p for p in self.places if p.file == tasks]
            if not mine:
                continue
            if tasks not in by_data:
                by_data[tasks] = {}
                for p in mine:
                    for n, data in enumerate(self._data_of(p, handle)):
                        by_data[tasks].setdefault(_canonical(data), p.first + n)
            data = next(iter(self._data_of(place, handle)), {})
            if data:
                same = by_data[tasks].get(_canonical(data))
                if same is not None:
                    found[place.first] = same
                continue
            counts_from = 0 if posixpath.join(folder, "annotations", "0.json") in self.source.names else 1
            last = mine[-1].first + (mine[-1].count or 1) - 1
            found[place.first] = max(mine[0].first, min(mine[0].first + int(stem) - counts_from, last))
        return found

    def _index_assets(self) -> None:
        """Which task shows an asset first, and which names stand for several assets."""
        again: dict[int, set[int]] = {}
        for level in range(_LEVELS):
            owners: dict[int, int] = {}
            clashes = self._clashes[level]
            for unit, slot in self._all_slots():
                if slot.reference is None:
                    continue
                ref = hash(slot.ref)
                names = slot.reference.names
                if level == 0:
                    first = self._first.setdefault(ref, unit)
                    if first != unit:
                        again.setdefault(first, set()).add(unit)
                elif level >= len(names) or hash(names[level - 1]) not in self._clashes[level - 1]:
                    continue
                name = hash(names[min(level, len(names) - 1)])
                if owners.setdefault(name, ref) != ref:
                    clashes.add(name)
            if not clashes:
                break
        self._again = {first: sorted(units) for first, units in again.items()}

    def _all_slots(self) -> Iterator[tuple[int, Slot]]:
        with closing(Handle(self.source, self._names)) as handle:
            for place in self.places:
                for unit, data in enumerate(self._data_of(place, handle), place.first):
                    if unit not in self._absorbed:
                        for slot in slots_of(data, self.config, self.options.data_key)[0]:
                            yield unit, slot

    def _data_of(self, place: Place, handle: Handle) -> Iterator[dict[str, Any]]:
        """The data of the tasks in a piece, empty where it cannot be decoded."""
        file = self.files[place.file]
        raw = handle.read(place)
        if file.form is Form.TASKS and place.count is not None:
            for head in _HEADS.decode(joined(raw)):
                yield _dict(head.data)
        else:
            for task in self._decode(place, raw, _silent):
                yield _dict(task.data) if task is not None else {}

    def _number(self, unit: int) -> int:
        """The number of a task in its file, from 1."""
        place = self.places[bisect_right(self._starts, unit) - 1]
        return unit - self._file_starts[place.file] + 1

    def _name(self, task: Task, unit: int) -> str:
        return f"task {task.id}" if task.id is not None else f"[{self._number(unit) - 1}]"

    def path(self, slot: Slot, task: Task, unit: int, inline: int) -> str:
        """The name of an asset: the shortest that no other asset has; inline texts are named after their task."""
        if slot.reference is not None:
            names = slot.reference.names
            for level, name in enumerate(names):
                if hash(name) not in self._clashes[min(level, _LEVELS - 1)]:
                    return name
            return names[-1]
        if task.id is None:
            file = self.files[self.places[bisect_right(self._starts, unit) - 1].file].name
            name = f"{file.rpartition('.')[0] or file}-{self._number(unit)}"
        elif task.id in self._repeated_ids:
            name = f"task-{task.id}-{unit + 1}"
        else:
            name = f"task-{task.id}"
        if inline > 1:
            name += f"/{slot.shown}" + (f"-{slot.page + 1}" if slot.paged else "")
        return name

    # ------------------------------------------------------------------------------------------------- decoding

    def _decode(self, place: Place, raw: bytes, complaints: Callable[[int], Complain]) -> list[Task | None]:
        """The tasks of a piece, None for one that is no object; ``complaints`` hears about the task of a number."""
        file = self.files[place.file]
        where = f"byte {place.offset}"
        complain = complaints(place.first)
        if file.form is Form.FLAT:
            if file.shape in TABLES:
                try:
                    record = flat_row(self._headers[place.file], table_row(raw, file.shape))
                except FileError as error:
                    complain(where, str(error))
                    return [None]
                return [from_flat(record, self._control_of)]
            try:
                return [from_flat(r, self._control_of) for r in _OBJECTS.decode(joined(raw))]
            except UNDECODABLE as error:
                mended = strict_json(raw)
                if mended is not None:
                    complain(f"{where}.data", MENDED)
                    return self._decode(place, mended, complaints)
                complain(where, f"cannot be read: {error}")
                return [None]
        if file.form is Form.ANNOTATION:
            annotation = STORED.decode(raw, where, complain) if place.count != 0 else None
            if annotation is None:
                return [None]
            try:
                head = _STORED_TASK.decode(annotation.task)
            except UNDECODABLE:
                head = TaskHead(id=_plain_id(annotation.task))
            return [Task(data=head.data, id=head.id, annotations=[annotation])]
        try:
            return list(_TASKS.decode(joined(raw)))
        except UNDECODABLE:
            pass
        if place.count is None:
            return [TASK.decode(raw, where, complain)]
        elements = msgspec.json.decode(joined(raw), type=list[Raw])
        start = self._file_starts[place.file]
        return [TASK.decode(e, f"[{n - start}]", complaints(n)) for n, e in enumerate(elements, place.first)]

    def _one(self, unit: int, elsewhere: Handle, complaints: Callable[[int], Complain]) -> Task | None:
        """A single task, out of order."""
        place = self.places[bisect_right(self._starts, unit) - 1]
        raw = elsewhere.read(place)
        form = self.files[place.file].form
        if form is Form.ANNOTATION or place.count is None:
            return self._decode(place, raw, complaints)[0]
        if self.files[place.file].shape in TABLES:
            return self._decode(place, raw, complaints)[0]
        # only the one that is asked for is decoded, the others are skipped over
        element = msgspec.json.decode(joined(raw), type=list[Raw])[unit - place.first]
        if form is Form.TASKS:
            return TASK.decode(element, self._name(Task(), unit), complaints(unit))
        return from_flat(msgspec.json.decode(element), self._control_of)

    def _attached_to(self, unit: int, elsewhere: Handle, complaints: Callable[[int], Complain]) -> list[Task]:
        """Further records of a task."""
        found = (self._one(u, elsewhere, complaints) for u in self.attached.get(unit, ()))
        return [t for t in found if t is not None]

    # ------------------------------------------------------------------------------------------------- iterating

    def iterate(self, declared: Declared, context: ReadContext, log: Log, start: int, stop: int) -> Iterator[Item]:
        """The items of the tasks from ``start`` up to ``stop``; an asset belongs to the first task that shows it."""
        if start >= stop:
            return
        with closing(Handle(self.source, self._names)) as here, closing(Handle(self.source, self._names)) as elsewhere:
            yield from self._range(
                Reader(self.config, declared, self.options, context), here, elsewhere, log, start, stop
            )

    def _range(
        self, reader: Reader, here: Handle, elsewhere: Handle, log: Log, start: int, stop: int
    ) -> Iterator[Item]:
        reader.log = log
        for number in range(max(bisect_right(self._starts, start) - 1, 0), len(self.places)):
            place = self.places[number]
            if place.first >= stop:
                return
            reader.file, reader.place = self.files[place.file].name, ""
            raw = here.read(place)

            def own(unit: int) -> Complain:
                # once: by the range that holds the task, and not for records that are read with another one
                return reader.complain if start <= unit < stop and unit not in self._absorbed else _ignore

            reader.own = True
            for unit, task in enumerate(self._decode(place, raw, own), place.first):
                if unit < start or unit >= stop or unit in self._absorbed or task is None:
                    continue
                reader.file = self.files[place.file].name
                yield from self._items(reader, elsewhere, task, unit)

    def _items(self, reader: Reader, elsewhere: Handle, task: Task, unit: int) -> Iterator[Item]:
        reader.own = True
        first = self._first
        others = self._attached_to(unit, elsewhere, lambda _: reader.complain)
        if others and task.id is None:
            task = msgspec.structs.replace(task, id=next((t.id for t in others if t.id is not None), None))
        reader.place = self._name(task, unit)

        def mine(slot: Slot) -> bool:
            return not slot.ref or first.get(hash(slot.ref)) == unit

        file, where = reader.file, reader.place
        canvases = reader.canvases(task, others, mine)
        for later in self._again.get(unit, ()):
            self._join(reader, elsewhere, canvases, later, unit)
            reader.file, reader.place = file, where
        inline = sum(1 for c in canvases if c.slot.reference is None)
        for canvas in canvases:
            yield reader.item(canvas, self.path(canvas.slot, task, unit, inline))

    def _join(self, reader: Reader, elsewhere: Handle, canvases: list[Canvas], unit: int, into: int) -> None:
        """Add the annotations that a later task has on the same asset."""
        task = self._one(unit, elsewhere, _silent)
        if task is None:
            return
        first = self._first
        others = self._attached_to(unit, elsewhere, _silent)
        name = reader.place = self._name(task, unit)
        by_ref = {c.slot.ref: c for c in canvases if c.slot.ref}
        more = reader.canvases(
            task, others, lambda s: bool(s.ref) and first.get(hash(s.ref)) == into, own=False, prefix=f"{name}/"
        )
        for canvas in more:
            known = by_ref.get(canvas.slot.ref)
            if known is None:
                continue
            known.annotations += canvas.annotations
            known.objects |= canvas.objects
            known.stored = known.stored or canvas.stored
            known.frames = known.frames or canvas.frames
            reader.log.note(
                Code.ASSET_DUPLICATE, "another task shows the same asset: both are on one data row", file=reader.file,
                where=name,
            )  # fmt: skip


def _no_control(name: str) -> None:
    return None


def _ignore(place: str, message: str) -> None:
    return None


def _silent(unit: int) -> Complain:
    return _ignore


def _dict(data: Raw) -> dict[str, Any]:
    try:
        return decode_data(data) if data else {}
    except UNDECODABLE:
        return {}


def _plain_id(raw: Raw) -> Id:
    try:
        value = decode_any(raw)
    except UNDECODABLE:
        return None
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _canonical(data: Any) -> bytes:
    return msgspec.json.encode(data, order="sorted")


def require_tasks(export: Export, log: Log) -> None:
    """Raises :class:`SourceError` when there is nothing to convert."""
    if not export.units and not log.unreadable:
        raise SourceError(f"{export.source.path}: holds no Label Studio task")
