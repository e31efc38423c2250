"""Backups and server JSON: the annotations of one or several tasks in ``{tags, shapes, tracks}`` records.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media. Tracks hold keyframes only.
Opening puts the records of each task down by frame and track; their nodes are made when they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from to_labelbox.model.text import listed
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.exports import Export, Group, frame_name
from to_labelbox_formats.cvat.json.jobs import Earlier
from to_labelbox_formats.cvat.json.records import Names, frame_of, load, records, shape_node
from to_labelbox_formats.cvat.json.task_frames import MAX_FRAME, Frame
from to_labelbox_formats.cvat.json.tasks import JsonFile, Task, answers_in, is_record, read_tasks
from to_labelbox_formats.cvat.json.tracks import played, track_node
from to_labelbox_formats.cvat.meta import Meta, TaskSpec
from to_labelbox_formats.cvat.nodes import Node, make_node
from to_labelbox_formats.cvat.options import Options
from to_labelbox_formats.cvat.shapes import ShapeLog, Vocabulary
from to_labelbox_formats.cvat.tracks.rows import Rules
from to_labelbox_formats.cvat.tracks.tracks import TrackReader
from to_labelbox_formats.cvat.unread import JsonCensus


def open_json(source: Source, name: str, options: Options, log: Log) -> list[JsonExport]:
    """A backup or server file; nothing of what is neither. Raises :class:`FileError`, and :class:`SourceError` for 3D data."""
    content = load(source, name)
    file = JsonFile(source, name, options.jobs, log, JsonCensus(log, name), answers_in(content))
    tasks = read_tasks(content, file)
    file.census.tell()
    if tasks:
        return [JsonExport(file, tasks, options.unlabelled)]
    if is_record(content) or isinstance(content, list):
        raise FileError("holds no annotation record with tags, shapes and tracks")
    return []


class JsonExport(Export):
    """The tasks of one annotation file as images and tracks: pictures by their frames, tracks by their records."""

    media = "data"

    def __init__(self, file: JsonFile, tasks: list[Task], unlabelled: str) -> None:
        self.name = file.name
        self.files = {file.name, *file.used}
        self.groups: dict[tuple[str, str], Group] = {}
        self.meta = Meta(
            tuple(label for task in tasks for label in task.labels),
            tuple(t.spec for t in tasks),
            project=len(tasks) > 1,
            written=True,
        )
        self.tagged: dict[str, None] = {}
        self._elements: list[tuple[TaskRecords, int | _Track]] = []
        for task in tasks:
            told = TaskRecords(task, Names(task.labels, unlabelled), file.log, file.name)
            spec = task.spec
            group = Group(self, spec.subset, spec.id, only_frames=spec.video, video=spec.video, task=spec)
            self.groups[spec.subset, spec.id] = group
            for track in told.tracks:
                group.tracks.append(len(self._elements))
                self._elements.append((told, track))
            for frame in told.frames:
                group.add_image(len(self._elements), told.name_of(frame))
                self._elements.append((told, frame))
            self.tagged |= told.tagged

    def head(self, element: int) -> Node:
        task, place = self._elements[element]
        return task.picture(place) if isinstance(place, int) else task.track(*place)


_Track = tuple[Mapping[str, Any], "int | None"]
"""A record, and the last relative frame of its job where the task goes on after it."""


class TaskRecords:
    """What the jobs of one task say: shapes and tags by the relative frame that they are on, and the tracks of a video.

    What counts on no frame is skipped or merged here. ``frames`` become pictures; ``tagged`` are labels of tags. A track
    over pictures is a shape, already a node, on each of them.
    """

    def __init__(self, task: Task, names: Names, log: Log, file: str) -> None:
        self._task = task
        self._names = names
        self._log = log
        self._file = file
        self._shapes: dict[int, list[Any]] = {}
        self.tagged: dict[str, None] = {}
        self.tracks: list[_Track] = []
        self._put_shapes()
        self._put_tracks()
        self.frames = self._frames()
        for id, several in names.unknown.items():
            message = (
                f"the labels {', '.join(map(repr, listed(several)))} have one id, {id}; which is meant is not known, it is called 'label_{id}'"
                if several
                else f"no label has the id {id}; it is called 'label_{id}'. Put labels.json beside the file"
            )
            log.note(Code.CLASS_UNKNOWN, message, file=file)

    def _put_shapes(self) -> None:
        for number, job in enumerate(self._task.jobs):
            earlier = Earlier(self._shapes) if number else None
            for kind in ("shapes", "tags"):
                for record in records(job.record.get(kind)):
                    label = self._label(record)
                    if kind == "tags":
                        self.tagged[label] = None
                    frame = frame_of(record)
                    if not 0 <= frame <= MAX_FRAME:
                        self._skip(Code.FRAME_INVALID, label, f"its frame is {record.get('frame')!r}")
                    elif frame in self._task.hidden.all:
                        code, message = self._task.hidden.reason(frame)
                        self._skip(code, label, message)
                    elif earlier is not None and earlier.has(record, frame):
                        self._log.read(label)
                        message = "told by two overlapping jobs"
                        self._log.merge(Code.ANNOTATION_DUPLICATE, label, message, file=self._file)
                    else:
                        self._shapes.setdefault(frame, []).append(record)

    def _put_tracks(self) -> None:
        """Tracks over pictures become a shape on each, as CVAT's own export for images makes them."""
        spec, hidden = self._task.spec, self._task.hidden
        by_frame = Rules(TaskSpec(id=spec.id, size=spec.size), False, False)
        reader = TrackReader(Vocabulary(self._task.labels), ShapeLog(self._log, self._file), by_frame)
        for job in self._task.jobs:
            for number, record in enumerate(records(job.record.get("tracks"))):
                track = played(record, hidden.deleted)
                why = hidden.why_hidden(record, track, spec.size) if hidden.all else None
                if why is not None:
                    self._skip(why[0], self._label(record), why[1])
                elif spec.video:
                    self.tracks.append((track, job.stop))
                else:
                    for frame, shape in reader.by_frame(track_node(track, self._names, int, job.stop), str(number)):
                        if frame not in hidden.all:
                            self._shapes.setdefault(frame, []).append(shape)

    def _frames(self) -> list[int]:
        """The frames that become pictures: all of a task of pictures, of a video those with shapes of their own."""
        spec, task = self._task.spec, self._task
        if not spec.video and not task.frames and (self._shapes or spec.size):
            self._log.note(
                Code.ASSET_UNKNOWN,
                "the file does not name the pictures, so they are called frame_000000 and on; put the server's answer "
                "to /data/meta beside it as meta.json",
                file=self._file,
                where=spec.name,
            )
        if spec.video or spec.size is None:
            return sorted(self._shapes)
        return sorted({*self._shapes, *range(spec.size)} - task.hidden.all)

    def name_of(self, frame: int) -> str:
        known = self._task.frames.get(frame)
        return known.name if known and known.name else frame_name(self._absolute(frame))

    def picture(self, frame: int) -> Node:
        """The picture of a frame, with all that is on it."""
        known, spec = self._task.frames.get(frame) or Frame(), self._task.spec
        width, height = known.width or spec.width, known.height or spec.height
        fields = {"id": str(self._absolute(frame)), "name": self.name_of(frame)}
        if width and height:
            fields |= {"width": str(width), "height": str(height)}
        return make_node("image", fields, [], list(map(self._shape, self._shapes.get(frame, ()))))

    def track(self, record: Mapping[str, Any], stop: int | None) -> Node:
        return track_node(record, self._names, self._absolute, stop)

    def _shape(self, record: Any) -> Node:
        if isinstance(record, Node):
            return record
        if "points" not in record and "type" not in record:
            return make_node("tag", {"label": self._names.label(record)}, self._names.answers(record))
        outside = {"outside": "1"} if record.get("outside") else {}
        return shape_node(record, self._names.label(record), self._names, outside)

    def _absolute(self, frame: int) -> int:
        return self._task.spec.start + frame * self._task.spec.step

    def _label(self, record: Mapping[str, Any]) -> str:
        return self._names.label(record) or UNNAMED

    def _skip(self, code: Code, label: str, message: str) -> None:
        self._log.read(label)
        self._log.skip(code, label, message, file=self._file)
