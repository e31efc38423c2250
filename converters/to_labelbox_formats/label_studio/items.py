"""The items of a range of tasks: each piece of the export decoded, each task read, the assets of several tasks joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cached_property

import msgspec
from msgspec import Raw, Struct

from to_labelbox.model.items import Item, Media
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.asset_lookup import AssetTable
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import Header
from to_labelbox.source.paths import note_disk
from to_labelbox_formats.label_studio.assets import Sizes, slots_of
from to_labelbox_formats.label_studio.config import Declared
from to_labelbox_formats.label_studio.conventions import Conventions
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import Id, Task, TaskHead, decode_data
from to_labelbox_formats.label_studio.files.select_annotations import newest_states
from to_labelbox_formats.label_studio.files.task_files import HEADS, TaskFiles
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions
from to_labelbox_formats.label_studio.regions.region_log import Place
from to_labelbox_formats.label_studio.regions.task import TaskReader, TaskRecord, log_fault
from to_labelbox_formats.label_studio.regions.task_assets import Shows
from to_labelbox_formats.label_studio.task_index import TaskIndex, slots_in
from to_labelbox_formats.label_studio.video_or_sound import tell_media


class TaskItems(Struct, frozen=True, dict=True):
    """Gives the items of any range of tasks, in any process; an asset belongs to the first task that shows it.

    ``kept`` is the last piece of which single tasks were asked for, which often are neighbours.
    """

    source: Source
    index: TaskIndex
    declared: Declared
    conventions: Conventions
    options: Options
    context: ReadContext
    kept: dict[int, Sequence[TaskHead]] = {}

    def __call__(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        with closing(self._files()) as here, closing(self._files()) as elsewhere:
            yield from self._range(elsewhere, log).items(here, start, stop)

    def unlabelled(self, unit: int) -> list[Item]:
        """The assets that are a task's own, without annotations."""
        index = self.index
        if unit in index.absorbed:
            return []
        with closing(self._files()) as files:
            heads = [self._head(files, n) for n in (unit, *index.attached.get(unit, ()))]
            id, project = _named_by(heads)
            task = Task(data=heads[0].data, id=id, annotations=[], project=project)
            return list(self._range(files, Log()).of_task(task, (), (), unit, index.file_name(unit)))

    def _head(self, files: TaskFiles, unit: int) -> TaskHead:
        piece = self.index.piece(unit)
        if piece.first not in self.kept:
            self.kept.clear()
            self.kept[piece.first] = files.heads(piece, HEADS)
        return self.kept[piece.first][unit - piece.first]

    def asset_names(self) -> Iterator[str]:
        """The paths of all assets but inline texts."""
        index = self.index
        with closing(self._files()) as files:
            every = slots_in(index, files, index.config, self.options.data_key)
            for slot in (slot for _, shown in every for slot in shown):
                if slot.reference is not None:
                    yield index.assets.name(slot.reference)

    def name(self, unit: int) -> str:
        """The file of a task and its number in it."""
        return f"{self.index.file_name(unit)} [{self.index.number(unit)}]"

    @cached_property
    def _pictures(self) -> AssetTable[str]:
        """The pictures that lie in the source, looked up like those below a media root."""
        names = () if self.source.is_file else self.source.pictures
        return AssetTable({name: name for name in names}, self.context.claims)

    def _picture(self, name: str) -> Header | None:
        """The header of the picture that is meant; None where there is none, or where it may be another asset's as well."""
        found = self._pictures.get(name)
        return self.source.header(found) if found is not None else None

    def _files(self) -> TaskFiles:
        return TaskFiles(self.source, self.index.files, self.index.given)

    def _range(self, elsewhere: TaskFiles, log: Log) -> _Range:
        pictures = self._picture if self._pictures else None
        sizes = Sizes(self.context, self.options.default_size, self.index.assets.names_of, pictures)
        reader = TaskReader(self.index.config, self.declared, self.conventions, self.options, self.context, log, sizes)
        return _Range(self.index, reader, elsewhere, self.options.data_key, log)


def _named_by(records: Sequence[TaskHead | Task]) -> tuple[Id, Raw]:
    """The id and the project of a task, as the first of its records has it that has one."""
    id = next((record.id for record in records if record.id is not None), None)
    return id, next((record.project for record in records if record.project), Raw())


class _Range(Struct, frozen=True):
    """One range while it is read. ``elsewhere`` reads single tasks out of order."""

    index: TaskIndex
    reader: TaskReader
    elsewhere: TaskFiles
    data_key: str | None
    log: Log

    def items(self, here: TaskFiles, start: int, stop: int) -> Iterator[Item]:
        index = self.index
        for number in range(index.piece_number(start), len(index.pieces)):
            piece = index.pieces[number]
            if piece.first >= stop:
                return
            file = index.files[piece.file].name
            tasks, faults = here.decode(piece)
            for n, fault in faults:
                # once: by the range that holds the task, and not for records that are read with another one
                if start <= piece.first + n < stop and piece.first + n not in index.absorbed:
                    log_fault(self.log, fault, file)
            for unit, task in enumerate(tasks, piece.first):
                if start <= unit < stop and task is not None and unit not in index.absorbed:
                    others = self._records(unit, file, self.log) if unit in index.attached else ()
                    yield from self.of_task(task, others, index.assets.again.get(unit, ()), unit, file)

    def of_task(self, task: Task, others: Sequence[Task], later: Sequence[int], unit: int, file: str) -> Iterator[Item]:
        """The assets of a task with its further records, and with what ``later`` tasks say that show them too."""
        index = self.index
        if others and index.in_several_files(unit):
            merged = newest_states((task, *others))
            again = "each of its annotations counts once, in its newest state" if merged[0] is not task else ""
            of_one = bool(task.project) or index.is_flat(unit)
            if not again and of_one and sum(bool(record.annotations or record.completions) for record in merged) > 1:
                again = f"annotator={self.reader.options.annotator} chooses among the annotations of both"
            if again:
                message = f"another file holds the same task, too: {again}"
                self.log.note(Code.ASSET_DUPLICATE, message, file=file, where=index.task_name(task, unit))
            task, *others = merged
        if others:
            id, project = _named_by((task, *others))
            task = msgspec.structs.replace(task, id=id, project=project)
        place = Place(file, index.task_name(task, unit))
        assets = self.reader.read(TaskRecord(task, others, place), self._shows(task, place, unit, own=True))
        for other in later:
            self._join(assets, other, unit, file)
        inline = sum(1 for a in assets if a.slot.reference is None)
        for asset in assets:
            yield self._item(asset, index.asset_path(asset.slot, task, unit, inline), place)

    def _records(self, unit: int, file: str, log: Log) -> list[Task]:
        """Further records of a task."""
        found = (self._one(other, file, log) for other in self.index.attached.get(unit, ()))
        return [task for task in found if task is not None]

    def _one(self, unit: int, file: str, log: Log) -> Task | None:
        tasks, faults = self.elsewhere.decode_one(self.index.piece(unit), unit, f"[{self.index.number(unit)}]")
        for _, fault in faults:
            log_fault(log, fault, file)
        return tasks[0]

    def _shows(self, task: Task, place: Place, owner: int, *, own: bool) -> Shows:
        """The assets of a task, those of ``owner`` wanted; inline texts are wanted with their ``own`` task."""
        try:
            data = decode_data(task.data) if task.data else {}
        except UNDECODABLE as error:
            message = f"its data cannot be read: {in_words(error, task.data)}"
            self.log.note(Code.RECORD_UNREADABLE, message, file=place.file, where=place.where)
            data = {}
        slots, missing = slots_of(data, self.index.config, self.data_key)
        first = self.index.assets.owner
        return Shows(slots, missing, [first(s) == owner if s.ref else own for s in slots])

    def _join(self, assets: Sequence[AssetRegions], unit: int, into: int, file: str) -> None:
        """Add the annotations that a later task has on the same asset."""
        silent = Log()  # what cannot be read of it is said when its own range is read
        task = self._one(unit, file, silent)
        if task is None:
            return
        place = Place(file, self.index.task_name(task, unit))
        record = TaskRecord(task, self._records(unit, file, silent), place, f"{place.where}/")
        by_ref = {a.slot.ref: a for a in assets if a.slot.ref}
        for more in self.reader.read(record, self._shows(task, place, into, own=False)):
            known = by_ref.get(more.slot.ref)
            if known is not None:
                known.join(more)
                self.log.note(
                    Code.ASSET_DUPLICATE,
                    "another task shows the same asset: both are on one data row",
                    file=file,
                    where=place.where,
                )

    def _item(self, asset: AssetRegions, path: str, place: Place) -> Item:
        """The finished item of an asset."""
        log = self.log
        tell_media(asset.slot, self.index.config, self.reader.options, log)
        if asset.slot.media is Media.IMAGE and asset.objects and self.reader.exif:
            if asset.unchecked:
                log.note(*sentences.EXIF_UNKNOWN(), file=path)
            elif asset.orientation > 1:
                log.assume(
                    "side up of pictures that are stored turned",
                    "as displayed",
                    for_=int(asset.said_upright),
                    unknown=int(not asset.said_upright),
                    why="counted are pictures whose regions state the size of the upright one",
                    option="--exif ignore",
                )
                log.note(*sentences.EXIF_TURNED(orientation=asset.orientation), file=path)
        if asset.said_frames is not None and self.reader.options.frame_rate is None:
            own = asset.video.frames if asset.video is not None else None
            log.assume(
                "frames of videos",
                "those of the file",
                for_=int(own == asset.said_frames),
                against=int(own is not None and own != asset.said_frames),
                unknown=int(own is None),
                why="the editor counts at the rate that its config states or a browser guesses; counted are videos at hand "
                "that have as many frames as their regions say",
                option="-O frame_rate=COUNTED:OWN",
            )
        if asset.view_turned:
            log.note(
                Code.ROTATION_IGNORED,
                "the picture was turned in the editor (image_rotation); shapes refer to the picture as it is",
                file=path,
            )
        if asset.mismatch:
            log.note(
                Code.IMAGE_SIZE_MISMATCH,
                "its regions state several sizes; all were placed by the first: give --media-root"
                if asset.unchecked
                else "the picture has another size than its regions say; its own is used",
                file=path,
            )
        if asset.slot.inline and asset.content is None:
            log.note(
                Code.ASSET_UNKNOWN,
                "the file that the task holds in itself cannot be read, so nobody has what the data row names",
                file=place.file,
                where=place.where,
            )
        if asset.slot.undecoded:
            message = "its text is not in base64, as the labelling config says: it is read as it stands"
            log.note(Code.FIELD_IGNORED, message, file=path)
        if asset.slot.reference and not asset.sizes.at_hand:
            note_disk(asset.slot.reference.stated, log)
        # the place of an annotation tells its task
        return Item(asset=asset.asset(path), annotations=asset.annotations, origin=place.file or place.where)
