"""Backups and server JSON: the annotations of one or several tasks in ``{tags, shapes, tracks}`` records.

- Task backup: ``task.json``, ``annotations.json`` (a list, one record a job), ``data/manifest.jsonl``. A project backup
  holds several such folders below ``project.json``.
- Server JSON: one record, with label ids. Names come from ``labels.json`` and ``task.json`` or ``tasks.json`` beside it,
  frames from ``meta.json`` (the answer of ``/data/meta``). Collections of records (by task id or any name) are read too.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media. Tracks hold keyframes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from to_labelbox.diagnostics import UNNAMED, Code, FileError, Log, SourceError
from to_labelbox.media import is_video
from to_labelbox.source import Source
from to_labelbox_formats.cvat.detect import annotation_files, beside
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.jobs import Job, join_tracks
from to_labelbox_formats.cvat.meta import TAGS, LabelSpec, Meta, TaskSpec, labels_of_json, step_of, whole
from to_labelbox_formats.cvat.nodes import Node, make_node
from to_labelbox_formats.cvat.records import Names, records, shape_node, text_of, track_node
from to_labelbox_formats.cvat.shapes import Vocabulary
from to_labelbox_formats.cvat.tracks import Rules, TrackReader

MAX_JSON_BYTES = 2**30
_KINDS = ("tags", "shapes", "tracks")

# --------------------------------------------------------------------------------------------------------- records


@dataclass(slots=True)
class Frame:
    """A picture of a task, by its relative number."""

    name: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(slots=True)
class Task:
    spec: TaskSpec
    labels: tuple[LabelSpec, ...]
    jobs: list[Job]
    frames: dict[int, Frame] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()


class JsonExport:
    """The tasks of one annotation file as images and tracks; the records are held, their nodes are made on demand."""

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
        fields = {"id": str(absolute), "name": known.name or f"frame_{absolute:06d}"}
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
                    elif number and _is_repeated(record, kind, content.get(frame, ())):
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
                for number in range(len(records(job.record.get("tracks")))):
                    group.tracks.append(len(self._makers))
                    self._makers.append((task, names, number, job))
        else:
            self._expand(task, names, content)
        frames: Iterable[int] = sorted(content)
        if not spec.video and spec.size is not None:
            frames = sorted({*content, *range(min(spec.size, 1_000_000))} - task.deleted)
        for frame in frames:
            group.images.append(len(self._makers))
            group.hashes.append(hash(self._name(task, frame)))
            self._makers.append((task, names, frame, content.get(frame, [])))

    def _name(self, task: Task, frame: int) -> str:
        known = task.frames.get(frame)
        return known.name if known and known.name else f"frame_{_absolute(task.spec)(frame):06d}"

    def _expand(self, task: Task, names: Names, content: dict[int, list[Any]]) -> None:
        """Tracks over pictures become a shape on each, as CVAT's own export for images makes them."""
        spec = TaskSpec(id=task.spec.id, size=task.spec.size)
        reader = TrackReader(Vocabulary(task.labels), Log(), self.name, False)
        for job in task.jobs:
            for number, record in enumerate(records(job.record.get("tracks"))):
                node = track_node(record, names, int, job.stop)
                for frame, shape in reader.by_frame(node, str(number), Rules(spec, False, False)):
                    if frame not in task.deleted:
                        content.setdefault(frame, []).append(shape)


def _absolute(spec: TaskSpec) -> Any:
    return lambda frame: spec.start + frame * spec.step


def _is_repeated(record: Mapping[str, Any], kind: str, known: Iterable[Any]) -> bool:
    """Whether another job has told the same shape: same label and type, points within a pixel."""
    points = record.get("points")
    for other in known:
        if any(other.get(key) != record.get(key) for key in ("label", "label_id", "type")):
            continue
        theirs = other.get("points")
        if kind == "tags" or (
            isinstance(points, list)
            and isinstance(theirs, list)
            and points
            and len(points) == len(theirs)
            and all(isinstance(v, int | float) for v in (*points, *theirs))
            and all(abs(a - b) <= 1 for a, b in zip(points, theirs))
        ):
            return True
    return False


# --------------------------------------------------------------------------------------------------------- opening


def open_json(source: Source, log: Log, unlabelled: str) -> list[JsonExport]:
    """Every backup and server file of the source. Raises :class:`SourceError` for 3D data."""
    exports = []
    for name in annotation_files(source):
        try:
            content = _load(source, name)
            beside = _Beside(source, name)
            tasks = _tasks(content, beside, name, log)
        except FileError as error:
            log.file_unreadable(name, str(error))
            continue
        if tasks:
            exports.append(JsonExport(name, source.size(name), tasks, log, unlabelled))
        elif _is_record(content) or isinstance(content, list):
            log.file_unreadable(name, "holds no annotation record with tags, shapes and tracks")
    return exports


def _load(source: Source, name: str) -> Any:
    try:
        return msgspec.json.decode(source.read(name, MAX_JSON_BYTES).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(f"not valid JSON: {error}; nothing of this file is converted") from None
    except RecursionError:
        raise FileError("nested too deeply") from None


class _Beside:
    """The other JSON files of a folder, as far as they are there."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name

    def load(self, *names: str) -> Any:
        for other in names:
            path = beside(self._name, other)
            if path != self._name and self._source.exists(path):
                return _load(self._source, path)
        return None

    def lines(self, name: str) -> list[Any]:
        path = beside(self._name, name)
        if not self._source.exists(path):
            return []
        found = []
        for line in self._source.read(path, MAX_JSON_BYTES).splitlines():
            try:
                found.append(msgspec.json.decode(line) if line.strip() else None)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found.append(None)
        return [entry for entry in found if entry is not None]


def _is_record(content: Any) -> bool:
    return isinstance(content, dict) and any(isinstance(content.get(kind), list) for kind in _KINDS)


def _tasks(content: Any, beside: _Beside, name: str, log: Log) -> list[Task]:
    task = beside.load("task.json")
    if isinstance(content, list):
        return [_backup_task(content, task if isinstance(task, dict) else {}, beside, name, log)]
    if _is_record(content):
        record = task if isinstance(task, dict) else {}
        return [_server_task("", content, record, labels_of_json(beside.load("labels.json")), beside, name, log)]
    if not isinstance(content, dict):
        return []
    return _collection(content, beside, name, log)


def _collection(content: Mapping[str, Any], beside: _Beside, name: str, log: Log) -> list[Task]:
    """Several records: ``{"task": {id: record}, "job": {…}}`` or ``{name: record}``."""
    entries = content.get("task")
    if isinstance(entries, dict) and any(map(_is_record, entries.values())):
        if isinstance(content.get("job"), dict):
            log.decide(f"{name}: the records of jobs repeat those of their tasks; only the tasks are read")
    else:
        entries = content
    listed = beside.load("tasks.json")
    by_key = listed if isinstance(listed, dict) and "results" not in listed else {}
    by_id = {str(t.get("id")): t for t in records(listed.get("results") if isinstance(listed, dict) else listed)}
    labels = beside.load("labels.json")
    label_records = records(labels.get("results") if isinstance(labels, dict) else labels)
    tasks = []
    for key, record in entries.items():
        if not _is_record(record):
            continue
        task = by_id.get(key) or by_key.get(key)
        task = task if isinstance(task, dict) else {}
        if task.get("dimension") == "3d" or "3D" in key:
            _skip_3d(record, key, name, log)
            continue
        own = [
            r
            for r in label_records
            if str(r.get("task_id")) == key
            or (task.get("project_id") is not None and r.get("project_id") == task.get("project_id"))
        ]
        found = labels_of_json(own) or labels_of_json(task.get("labels"))
        tasks.append(_server_task(key, record, task, found, beside, name, log))
    return tasks


def _skip_3d(record: Mapping[str, Any], key: str, name: str, log: Log) -> None:
    count = sum(len(records(record.get(kind))) for kind in _KINDS)
    if count:
        log.read(UNNAMED, count)
        log.skip(Code.UNSUPPORTED, UNNAMED, f"task {key!r}: 3D CVAT data is not supported", file=name, count=count)


def _refuse_3d(task: Mapping[str, Any], name: str) -> None:
    if task.get("dimension") == "3d":
        raise SourceError(f"{name}: 3D CVAT data is not supported (point clouds have no Labelbox counterpart here)")


def _server_task(
    key: str,
    record: Mapping[str, Any],
    task: Mapping[str, Any],
    labels: tuple[LabelSpec, ...],
    beside: _Beside,
    name: str,
    log: Log,
) -> Task:
    _refuse_3d(task, name)
    data = beside.load("meta.json", "data_meta.json", "data.json") if not key else task.get("meta")
    data = data if isinstance(data, dict) else {}
    spec, frames, deleted = _frames(task, data, [], key)
    return Task(spec, labels or labels_of_json(task.get("labels")), [Job(record)], frames, deleted)


def _backup_task(content: list[Any], task: Mapping[str, Any], beside: _Beside, name: str, log: Log) -> Task:
    _refuse_3d(task, name)
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    manifest = beside.lines("data/manifest.jsonl")
    spec, frames, deleted = _frames(task, data, manifest, "")
    labels = labels_of_json(task.get("labels"))
    if not labels:
        project = beside.load("../project.json")
        labels = labels_of_json(project.get("labels")) if isinstance(project, dict) else ()
    listed = records(task.get("jobs"))
    jobs = []
    for number, record in enumerate(content):
        if not _is_record(record):
            continue
        job = listed[number] if len(listed) == len(content) else {}
        if job.get("type") in ("ground_truth", "consensus_replica"):
            for kind in _KINDS:
                for shape in records(record.get(kind)):
                    label = TAGS if kind == "tags" else Names(labels, "").label(shape) or UNNAMED
                    log.read(label)
                    log.skip(Code.NOT_SELECTED, label, f"job {number + 1} is of type {job['type']}", file=name)
            continue
        end = whole(job.get("stop_frame"))
        stop = end if end is not None and spec.size and end < spec.size - 1 else None
        jobs.append(Job(record, whole(job.get("start_frame")), end, stop))
    join_tracks(jobs, Names(labels, ""), log, name)
    return Task(spec, labels, jobs, frames, deleted)


def _frames(
    task: Mapping[str, Any], data: Mapping[str, Any], manifest: list[Any], key: str
) -> tuple[TaskSpec, dict[int, Frame], frozenset[int]]:
    """The task with its frames, from the manifest of a backup or the server's ``data/meta``."""
    start, step = whole(data.get("start_frame")) or 0, step_of(text_of(data.get("frame_filter")))
    stop = whole(data.get("stop_frame"))
    size = whole(task.get("size") or data.get("size"), 1)
    if size is None and stop is not None and stop >= start:
        size = (stop - start) // step + 1
    listed = data.get("frames")
    entries: list[Any] = manifest or (listed if isinstance(listed, list) else [])
    video = next((e for e in entries if isinstance(e, dict) and isinstance(e.get("properties"), dict)), None)
    source = ""
    resolution: tuple[int | None, int | None] = (None, None)
    frames: dict[int, Frame] = {}
    if video is not None:
        properties = video["properties"]
        source = text_of(properties.get("name"))
        pair = properties.get("resolution")
        if isinstance(pair, list) and len(pair) == 2:
            resolution = (whole(pair[0], 1), whole(pair[1], 1))
    elif not manifest and len(entries) == 1 and isinstance(entries[0], dict) and is_video(str(entries[0].get("name"))):
        source = str(entries[0]["name"])
        resolution = (whole(entries[0].get("width"), 1), whole(entries[0].get("height"), 1))
    else:
        pictures = [e for e in entries if isinstance(e, dict) and not {"version", "type"} & e.keys()]
        absolute = bool(manifest) and len(pictures) != size
        for number, entry in enumerate(pictures):
            relative, off = divmod(number - start, step) if absolute else (number, 0)
            if off or relative < 0 or not isinstance(entry.get("name"), str):
                continue
            extension = text_of(entry.get("extension"))
            frames[relative] = Frame(
                entry["name"] + extension, whole(entry.get("width"), 1), whole(entry.get("height"), 1)
            )
        if size is None and frames:
            size = max(frames) + 1
    is_clip = bool(source) or (not frames and task.get("mode") == "interpolation")
    deleted = data.get("deleted_frames")
    spec = TaskSpec(
        id=text_of(task.get("id")) or key,
        name=text_of(task.get("name")) or key,
        subset=text_of(task.get("subset")),
        size=size,
        start=start,
        step=step,
        source=source,
        width=resolution[0] if resolution[1] else None,
        height=resolution[1] if resolution[0] else None,
        video=is_clip,
    )
    gone = frozenset(d for d in deleted if isinstance(d, int)) if isinstance(deleted, list) else frozenset()
    return spec, frames, gone
