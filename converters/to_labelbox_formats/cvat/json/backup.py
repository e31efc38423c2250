"""Backups and server JSON: the annotations of one or several tasks in ``{tags, shapes, tracks}`` records.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media. Tracks hold keyframes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.detect import annotation_files
from to_labelbox_formats.cvat.json.jobs import Earlier, Job
from to_labelbox_formats.cvat.json.records import Names, records, shape_node, track_node
from to_labelbox_formats.cvat.json.task_frames import MAX_FRAME, Frame
from to_labelbox_formats.cvat.json.tasks import JsonFile, Task, is_record, load, read_tasks
from to_labelbox_formats.cvat.meta import Meta, TaskSpec
from to_labelbox_formats.cvat.nodes import Node, make_node
from to_labelbox_formats.cvat.options import Jobs
from to_labelbox_formats.cvat.shapes import ShapeLog, Vocabulary
from to_labelbox_formats.cvat.tracks.rows import Rules
from to_labelbox_formats.cvat.tracks.tracks import TrackReader
from to_labelbox_formats.cvat.unread import JsonCensus
from to_labelbox_formats.cvat.xml.exports import Group, frame_name

Content = dict[int, list[Any]]
"""Records and nodes of shapes and tags by the relative frame that they are on."""


def open_json(source: Source, log: Log, unlabelled: str, jobs: Jobs) -> list[JsonExport]:
    """Every backup and server file of the source. Raises :class:`SourceError` for 3D data."""
    exports = []
    for name in annotation_files(source):
        try:
            content = load(source, name)
            file = JsonFile(source, name, jobs, log, JsonCensus(log, name))
            tasks = read_tasks(content, file)
            file.census.tell()
        except FileError as error:
            log.file_unreadable(name, str(error))
            continue
        if tasks:
            exports.append(JsonExport(file, tasks, unlabelled))
        elif is_record(content) or isinstance(content, list):
            log.file_unreadable(name, "holds no annotation record with tags, shapes and tracks")
    return exports


class JsonExport:
    """The tasks of one annotation file as images and tracks; the records are held, their nodes are made on demand."""

    media = "data"
    dense = False
    closes = False

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
        self._makers: list[Callable[[], Node]] = []
        tagged: dict[str, None] = {}
        for task in tasks:
            adder = _Adder(task, Names(task.labels, unlabelled), file.log, file.name)
            spec = task.spec
            group = Group(self, spec.subset, spec.id, only_frames=spec.video, video=spec.video, task=spec)
            self.groups[spec.subset, spec.id] = group
            content = adder.content(tagged)
            tracks = adder.tracks(content)
            for make in tracks:
                group.tracks.append(len(self._makers))
                self._makers.append(make)
            for frame in adder.frames(content):
                group.images.append(len(self._makers))
                group.hashes.append(hash(adder.name_of(frame)))
                self._makers.append(adder.image(frame, content.get(frame, [])))
            adder.tell_unknown()
        self.tagged = tuple(tagged)

    def nodes(self, elements: Iterable[int]) -> Iterator[Node]:
        for element in elements:
            yield self._makers[element]()


class _Adder:
    """What the jobs of one task say, brought together by frame."""

    def __init__(self, task: Task, names: Names, log: Log, file: str) -> None:
        self._task = task
        self._names = names
        self._log = log
        self._file = file

    def content(self, tagged: dict[str, None]) -> Content:
        """Shapes and tags by frame; what counts on none of them is skipped or merged here. ``tagged``: labels of tags."""
        content: Content = {}
        for number, job in enumerate(self._task.jobs):
            earlier = Earlier(content) if number else None
            for kind in ("shapes", "tags"):
                for record in records(job.record.get(kind)):
                    label = self._label(record)
                    if kind == "tags":
                        tagged[label] = None
                    frame = record.get("frame")
                    if not isinstance(frame, int) or isinstance(frame, bool) or not 0 <= frame <= MAX_FRAME:
                        self._skip(Code.FRAME_INVALID, label, f"its frame is {frame!r}")
                    elif frame in self._task.hidden:
                        self._skip(*self._hidden(label, frame))
                    elif earlier is not None and earlier.has(record, frame):
                        self._log.read(label)
                        message = "told by two overlapping jobs"
                        self._log.merge(Code.ANNOTATION_DUPLICATE, label, message, file=self._file)
                    else:
                        content.setdefault(frame, []).append(record)
        return content

    def tracks(self, content: Content) -> list[Callable[[], Node]]:
        """What makes the nodes of the tracks of a video.

        Tracks over pictures become a shape on each, as CVAT's own export for images makes them.
        """
        spec, makers = self._task.spec, list[Callable[[], Node]]()
        by_frame = Rules(TaskSpec(id=spec.id, size=spec.size), False, False)
        reader = TrackReader(Vocabulary(self._task.labels), ShapeLog(self._log, self._file), by_frame)
        for job in self._task.jobs:
            for number, record in enumerate(records(job.record.get("tracks"))):
                why = self._task.hidden.why_hidden(record, spec.size) if self._task.hidden else None
                if why is not None:
                    self._skip(why[0], self._label(record), why[1])
                elif spec.video:
                    makers.append(self._track(record, job))
                else:
                    node = track_node(record, self._names, int, job.stop)
                    for frame, shape in reader.by_frame(node, str(number)):
                        if frame not in self._task.hidden:
                            content.setdefault(frame, []).append(shape)
        return makers

    def frames(self, content: Content) -> Iterable[int]:
        """The frames that become pictures: all of a task of pictures, of a video those with shapes of their own."""
        spec, task = self._task.spec, self._task
        if not spec.video and not task.frames and (content or spec.size):
            self._log.note(
                Code.ASSET_UNKNOWN,
                "the file does not name the pictures, so they are called frame_000000 and on; put the server's answer "
                "to /data/meta beside it as meta.json",
                file=self._file,
                where=spec.name,
            )
        if spec.video or spec.size is None:
            return sorted(content)
        return sorted({*content, *range(spec.size)} - task.hidden.all)

    def name_of(self, frame: int) -> str:
        known = self._task.frames.get(frame)
        return known.name if known and known.name else frame_name(self._absolute(frame))

    def image(self, frame: int, content: list[Any]) -> Callable[[], Node]:
        def make() -> Node:
            known, spec = self._task.frames.get(frame) or Frame(), self._task.spec
            width, height = known.width or spec.width, known.height or spec.height
            fields = {"id": str(self._absolute(frame)), "name": self.name_of(frame)}
            if width and height:
                fields |= {"width": str(width), "height": str(height)}
            return make_node("image", fields, [], list(map(self._shape, content)))

        return make

    def _track(self, record: Mapping[str, Any], job: Job) -> Callable[[], Node]:
        return lambda: track_node(record, self._names, self._absolute, job.stop)

    def _shape(self, record: Any) -> Node:
        if isinstance(record, Node):
            return record
        if "points" not in record and "type" not in record:
            return make_node("tag", {"label": self._names.label(record)}, self._names.answers(record))
        return shape_node(record, self._names.label(record), self._names, {})

    def tell_unknown(self) -> None:
        for id in self._names.unknown:
            message = f"no label has the id {id}; it is called 'label_{id}'. Put labels.json beside the file"
            self._log.note(Code.CLASS_UNKNOWN, message, file=self._file)

    def _absolute(self, frame: int) -> int:
        return self._task.spec.start + frame * self._task.spec.step

    def _label(self, record: Mapping[str, Any]) -> str:
        return self._names.label(record) or UNNAMED

    def _hidden(self, label: str, frame: int) -> tuple[Code, str, str]:
        code, message = self._task.hidden.reason(frame)
        return code, label, message

    def _skip(self, code: Code, label: str, message: str) -> None:
        self._log.read(label)
        self._log.skip(code, label, message, file=self._file)
