"""Backups and server JSON: the annotations of one or several tasks in ``{tags, shapes, tracks}`` records.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media. Tracks hold keyframes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from to_labelbox.diagnostics import UNNAMED, Code, FileError, Log
from to_labelbox.source import Source
from to_labelbox_formats.cvat.detect import annotation_files
from to_labelbox_formats.cvat.exports import Group, frame_name
from to_labelbox_formats.cvat.jobs import Earlier, Job, is_shown
from to_labelbox_formats.cvat.meta import TAGS, Meta, TaskSpec
from to_labelbox_formats.cvat.nodes import Node, make_node
from to_labelbox_formats.cvat.records import Names, records, shape_node, track_node
from to_labelbox_formats.cvat.rows import Rules
from to_labelbox_formats.cvat.shapes import Vocabulary
from to_labelbox_formats.cvat.tasks import Beside, Frame, Task, is_record, load, read_tasks
from to_labelbox_formats.cvat.tracks import TrackReader


def open_json(source: Source, log: Log, unlabelled: str) -> list[JsonExport]:
    """Every backup and server file of the source. Raises :class:`SourceError` for 3D data."""
    exports = []
    for name in annotation_files(source):
        try:
            content = load(source, name)
            beside = Beside(source, name)
            tasks = read_tasks(content, beside, name, log)
        except FileError as error:
            log.file_unreadable(name, str(error))
            continue
        if tasks:
            exports.append(JsonExport(name, source.size(name), tasks, log, unlabelled))
        elif is_record(content) or isinstance(content, list):
            log.file_unreadable(name, "holds no annotation record with tags, shapes and tracks")
    return exports


class JsonExport:
    """The tasks of one annotation file as images and tracks; the records are held, their nodes are made on demand."""

    media = "data"
    dense = False
    closes = False

    def __init__(self, name: str, size: int, tasks: list[Task], log: Log, unlabelled: str) -> None:
        self.name = name
        self.size = size
        self.groups: dict[tuple[str, str], Group] = {}
        self.meta = Meta(
            tuple(label for task in tasks for label in task.labels), tuple(t.spec for t in tasks), len(tasks) > 1
        )
        self._makers: list[tuple[Task, Names, int, Any]] = []
        tagged: dict[str, None] = {}
        for task in tasks:
            names = Names(task.labels, unlabelled)
            self._add(task, names, log, tagged)
            for id in names.unknown:
                log.note(Code.CLASS_UNKNOWN, f"no label has the id {id}; it is called 'label_{id}'. Put labels.json beside the file", file=name)  # fmt: skip
        self.tagged = tuple(tagged)

    def nodes(self, elements: Iterable[int]) -> Iterator[Node]:
        for element in elements:
            task, names, number, content = self._makers[element]
            if isinstance(content, Job):
                record = records(content.record.get("tracks"))[number]
                yield track_node(record, names, _absolute(task.spec), content.stop)
            else:
                yield self._image(task, names, number, content)

    def _image(self, task: Task, names: Names, frame: int, content: list[Any]) -> Node:
        known = task.frames.get(frame) or Frame()
        absolute = _absolute(task.spec)(frame)
        width, height = known.width or task.spec.width, known.height or task.spec.height
        fields = {"id": str(absolute), "name": known.name or frame_name(absolute)}
        if width and height:
            fields |= {"width": str(width), "height": str(height)}
        children = [
            record
            if isinstance(record, Node)
            else make_node("tag", {"label": names.label(record)}, names.answers(record))
            if "points" not in record and "type" not in record
            else shape_node(record, names.label(record), names, {})
            for record in content
        ]
        return make_node("image", fields, [], children)

    def _add(self, task: Task, names: Names, log: Log, tagged: dict[str, None]) -> None:
        spec = task.spec
        group = Group(self, spec.subset, spec.id, only_frames=spec.video, video=spec.video, task=spec)
        self.groups[spec.subset, spec.id] = group
        content: dict[int, list[Any]] = {}
        for number, job in enumerate(task.jobs):
            earlier = Earlier(content)
            for kind in ("shapes", "tags"):
                for record in records(job.record.get(kind)):
                    label = names.label(record) or UNNAMED
                    if kind == "tags":
                        tagged[label] = None
                        label = TAGS
                    frame = record.get("frame")
                    if not isinstance(frame, int) or isinstance(frame, bool) or frame < 0 or frame > 10_000_000:
                        log.read(label)
                        log.skip(Code.FRAME_INVALID, label, f"its frame is {frame!r}", file=self.name)
                    elif frame in task.deleted:
                        log.read(label)
                        log.skip(Code.DELETED, label, f"frame {frame} is deleted in CVAT", file=self.name)
                    elif number and earlier.has(record, frame):
                        log.read(label)
                        log.merge(Code.ANNOTATION_DUPLICATE, label, "told by two overlapping jobs", file=self.name)
                    else:
                        content.setdefault(frame, []).append(record)
        if not spec.video and not task.frames and (content or spec.size):
            log.note(
                Code.ASSET_UNKNOWN,
                "the file does not name the pictures, so they are called frame_000000 and on; put the server's answer "
                "to /data/meta beside it as meta.json",
                file=self.name,
                where=spec.name,
            )
        if spec.video:
            for job in task.jobs:
                for number, record in enumerate(records(job.record.get("tracks"))):
                    if task.deleted and not is_shown(record, task.deleted, spec.size):
                        self._skip_deleted(names.label(record) or UNNAMED, log)
                        continue
                    group.tracks.append(len(self._makers))
                    self._makers.append((task, names, number, job))
        else:
            self._expand(task, names, content, log)
        frames: Iterable[int] = sorted(content)
        if not spec.video and spec.size is not None:
            frames = sorted({*content, *range(min(spec.size, 1_000_000))} - task.deleted)
        for frame in frames:
            group.images.append(len(self._makers))
            group.hashes.append(hash(self._name(task, frame)))
            self._makers.append((task, names, frame, content.get(frame, [])))

    def _name(self, task: Task, frame: int) -> str:
        known = task.frames.get(frame)
        return known.name if known and known.name else frame_name(_absolute(task.spec)(frame))

    def _expand(self, task: Task, names: Names, content: dict[int, list[Any]], log: Log) -> None:
        """Tracks over pictures become a shape on each, as CVAT's own export for images makes them."""
        spec = TaskSpec(id=task.spec.id, size=task.spec.size)
        reader = TrackReader(Vocabulary(task.labels), log, self.name, False)
        for job in task.jobs:
            for number, record in enumerate(records(job.record.get("tracks"))):
                node = track_node(record, names, int, job.stop)
                if task.deleted and not is_shown(record, task.deleted, spec.size):
                    self._skip_deleted(names.label(record) or UNNAMED, log)
                    continue
                for frame, shape in reader.by_frame(node, str(number), Rules(spec, False, False)):
                    if frame not in task.deleted:
                        content.setdefault(frame, []).append(shape)

    def _skip_deleted(self, label: str, log: Log) -> None:
        log.read(label)
        log.skip(Code.DELETED, label, "the track is visible on deleted frames only", file=self.name)


def _absolute(spec: TaskSpec) -> Any:
    return lambda frame: spec.start + frame * spec.step
