"""The items of a range of tasks: each piece of the export decoded, each task read, the assets of several tasks joined."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import msgspec

from to_labelbox.model.items import Item, Media
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.assets import slots_of
from to_labelbox_formats.label_studio.config import Declared
from to_labelbox_formats.label_studio.conventions import Conventions
from to_labelbox_formats.label_studio.files.pieces import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import Task, decode_data
from to_labelbox_formats.label_studio.files.task_files import TaskFiles
from to_labelbox_formats.label_studio.options import Options
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions
from to_labelbox_formats.label_studio.regions.region_log import Place
from to_labelbox_formats.label_studio.regions.task import TaskReader, TaskRecord, log_fault
from to_labelbox_formats.label_studio.regions.task_assets import Shows
from to_labelbox_formats.label_studio.task_index import TaskIndex


class TaskItems:
    """Gives the items of any range of tasks, in any process; an asset belongs to the first task that shows it."""

    def __init__(
        self,
        source: Source,
        index: TaskIndex,
        declared: Declared,
        conventions: Conventions,
        options: Options,
        context: ReadContext,
    ) -> None:
        self._source = source
        self._index = index
        self._declared = declared
        self._conventions = conventions
        self._options = options
        self._context = context

    def __call__(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        index = self._index
        files = [TaskFiles(self._source, index.files, index.given) for _ in range(2)]
        with closing(files[0]) as here, closing(files[1]) as elsewhere:
            tasks = TaskReader(index.config, self._declared, self._conventions, self._options, self._context, log)
            yield from _Range(index, tasks, elsewhere, self._options.data_key, log).items(here, start, stop)

    def unlabelled(self, unit: int) -> list[Item]:
        """The assets that are a task's own, without annotations."""
        index, log = self._index, Log()
        if unit in index.absorbed:
            return []
        with closing(TaskFiles(self._source, index.files, index.given)) as files:
            heads = [files.head(index.pieces[index.piece_number(n)], n) for n in (unit, *index.attached.get(unit, ()))]
            id = next((head.id for head in heads if head.id is not None), None)
            task = Task(data=heads[0].data, id=id, annotations=[])
            tasks = TaskReader(index.config, self._declared, self._conventions, self._options, self._context, log)
            return list(_Range(index, tasks, files, self._options.data_key, log).of_task(task, unit))

    def name(self, unit: int) -> str:
        """The file of a task and its number in it."""
        index = self._index
        return f"{index.files[index.pieces[index.piece_number(unit)].file].name} [{index.number(unit)}]"


class _Range:
    """One range while it is read. ``elsewhere`` reads single tasks out of order."""

    def __init__(
        self, index: TaskIndex, tasks: TaskReader, elsewhere: TaskFiles, data_key: str | None, log: Log
    ) -> None:
        self._index = index
        self._tasks = tasks
        self._elsewhere = elsewhere
        self._data_key = data_key
        self._log = log

    def items(self, here: TaskFiles, start: int, stop: int) -> Iterator[Item]:
        index = self._index
        number = index.piece_number(start)
        while start < stop and number < len(index.pieces) and index.pieces[number].first < stop:
            piece = index.pieces[number]
            file = index.files[piece.file].name
            tasks, faults = here.decode(piece)
            for n, fault in faults:
                # once: by the range that holds the task, and not for records that are read with another one
                if start <= piece.first + n < stop and piece.first + n not in index.absorbed:
                    log_fault(self._log, fault, file)
            for unit, task in enumerate(tasks, piece.first):
                if start <= unit < stop and task is not None and unit not in index.absorbed:
                    yield from self._items(task, unit, file)
            number += 1

    def _items(self, task: Task, unit: int, file: str) -> Iterator[Item]:
        index = self._index
        others = self._others(unit, file)
        if others and task.id is None:
            task = msgspec.structs.replace(task, id=next((t.id for t in others if t.id is not None), None))
        place = Place(file, index.task_name(task, unit))
        assets = self._tasks.read(TaskRecord(task, others, place), self._shows(task, place, unit, own=True))
        for later in index.assets.again.get(unit, ()):
            self._join(assets, later, unit, file)
        yield from self._finished(assets, task, unit, place)

    def of_task(self, task: Task, unit: int) -> Iterator[Item]:
        """The assets of a task by itself, without its further records and without later tasks that show them too."""
        index = self._index
        file = index.files[index.pieces[index.piece_number(unit)].file].name
        place = Place(file, index.task_name(task, unit))
        assets = self._tasks.read(TaskRecord(task, (), place), self._shows(task, place, unit, own=True))
        yield from self._finished(assets, task, unit, place)

    def _finished(self, assets: list[AssetRegions], task: Task, unit: int, place: Place) -> Iterator[Item]:
        index = self._index
        inline = sum(1 for a in assets if a.slot.reference is None)
        for asset in assets:
            yield self._item(asset, index.asset_path(asset.slot, task, unit, inline), place)

    def _others(self, unit: int, file: str, *, silent: bool = False) -> list[Task]:
        """Further records of a task."""
        found: list[Task] = []
        for other in self._index.attached.get(unit, ()):
            task = self._one(other, file, silent=silent)
            if task is not None:
                found.append(task)
        return found

    def _one(self, unit: int, file: str, *, silent: bool = False) -> Task | None:
        piece = self._index.pieces[self._index.piece_number(unit)]
        tasks, faults = self._elsewhere.decode_one(piece, unit, f"[{self._index.number(unit)}]")
        for _, fault in () if silent else faults:
            log_fault(self._log, fault, file)
        return tasks[0]

    def _shows(self, task: Task, place: Place, owner: int, *, own: bool) -> Shows:
        """The assets of a task, those of ``owner`` wanted; inline texts are wanted with their ``own`` task."""
        try:
            data = decode_data(task.data) if task.data else {}
        except UNDECODABLE as error:
            message = f"its data is no readable object: {error}"
            self._log.note(Code.RECORD_UNREADABLE, message, file=place.file, where=place.where)
            data = {}
        slots, missing = slots_of(data, self._index.config, self._data_key)
        first = self._index.assets.owner
        return Shows(slots, missing, [first(s) == owner if s.ref else own for s in slots])

    def _join(self, assets: list[AssetRegions], unit: int, into: int, file: str) -> None:
        """Add the annotations that a later task has on the same asset."""
        task = self._one(unit, file, silent=True)
        if task is None:
            return
        others = self._others(unit, file, silent=True)
        place = Place(file, self._index.task_name(task, unit))
        record = TaskRecord(task, others, place, f"{place.where}/")
        by_ref = {a.slot.ref: a for a in assets if a.slot.ref}
        for more in self._tasks.read(record, self._shows(task, place, into, own=False)):
            known = by_ref.get(more.slot.ref)
            if known is None:
                continue
            known.join(more)
            self._log.note(
                Code.ASSET_DUPLICATE,
                "another task shows the same asset: both are on one data row",
                file=file,
                where=place.where,
            )

    def _item(self, asset: AssetRegions, path: str, place: Place) -> Item:
        """The finished item of an asset."""
        log = self._log
        if asset.slot.media is Media.IMAGE and asset.objects and self._tasks.exif:
            if asset.unchecked:
                log.note(
                    Code.EXIF_UNCHECKED,
                    "the picture is not at hand, so its EXIF orientation could not be checked: give --media-root",
                    file=path,
                )
            elif asset.orientation > 1:
                log.assume(
                    "side up of pictures that are stored turned",
                    "as displayed",
                    for_=int(asset.said_upright),
                    unknown=int(not asset.said_upright),
                    why="counted are pictures whose regions state the size of the upright one",
                    option="--exif ignore",
                )
                log.note(
                    Code.EXIF_TURNED,
                    f"shapes were turned back to the stored picture (EXIF orientation {asset.orientation})",
                    file=path,
                )
        if asset.said_frames is not None and not self._tasks.frame_rate_given:
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
                "the picture has another size than its regions say; its own is used",
                file=path,
            )
        if asset.slot.inline and asset.content is None:
            log.note(
                Code.ASSET_UNKNOWN,
                "the file that the task holds in itself cannot be read, so nobody has what the data row names",
                file=place.file,
                where=place.where,
            )
        # the place of an annotation tells its task
        return Item(asset=asset.asset(path), annotations=asset.annotations, origin=place.file or place.where)
