"""What backups and the server say of tasks: their labels, their jobs and the pictures or the video that they are about.

- Task backup: ``task.json``, ``annotations.json`` (a list, one record a job), ``data/manifest.jsonl``. A project backup
  holds several such folders below ``project.json``.
- Server JSON: one record, with label ids. Names come from ``labels.json`` and ``task.json`` or ``tasks.json`` beside it,
  frames from ``meta.json`` (the answer of ``/data/meta``). Collections of records (by task id or any name) are read too.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from to_labelbox.diagnostics import UNNAMED, Code, FileError, Log, SourceError
from to_labelbox.media import is_video
from to_labelbox.source import Source
from to_labelbox_formats.cvat.detect import beside
from to_labelbox_formats.cvat.jobs import Job, join_tracks
from to_labelbox_formats.cvat.meta import TAGS, LabelSpec, TaskSpec, labels_of_json, step_of, whole
from to_labelbox_formats.cvat.records import Names, records, text_of

MAX_JSON_BYTES = 2**30
_KINDS = ("tags", "shapes", "tracks")


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


def load(source: Source, name: str) -> Any:
    try:
        return msgspec.json.decode(source.read(name, MAX_JSON_BYTES).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(f"not valid JSON: {error}; nothing of this file is converted") from None
    except RecursionError:
        raise FileError("nested too deeply") from None


class Beside:
    """The other JSON files of a folder, as far as they are there."""

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name

    def load(self, *names: str) -> Any:
        for other in names:
            path = beside(self._name, other)
            if path != self._name and self._source.exists(path):
                return load(self._source, path)
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


def is_record(content: Any) -> bool:
    return isinstance(content, dict) and any(isinstance(content.get(kind), list) for kind in _KINDS)


def read_tasks(content: Any, beside: Beside, name: str, log: Log) -> list[Task]:
    task = beside.load("task.json")
    if isinstance(content, list):
        return [_backup_task(content, task if isinstance(task, dict) else {}, beside, name, log)]
    if is_record(content):
        record = task if isinstance(task, dict) else {}
        return [_server_task("", content, record, labels_of_json(beside.load("labels.json")), beside, name, log)]
    if not isinstance(content, dict):
        return []
    return _collection(content, beside, name, log)


def _collection(content: Mapping[str, Any], beside: Beside, name: str, log: Log) -> list[Task]:
    """Several records: ``{"task": {id: record}, "job": {…}}`` or ``{name: record}``."""
    entries = content.get("task")
    if isinstance(entries, dict) and any(map(is_record, entries.values())):
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
        if not is_record(record):
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
    beside: Beside,
    name: str,
    log: Log,
) -> Task:
    _refuse_3d(task, name)
    data = beside.load("meta.json", "data_meta.json", "data.json") if not key else task.get("meta")
    data = data if isinstance(data, dict) else {}
    spec, frames, deleted = _frames(task, data, [], key)
    return Task(spec, labels or labels_of_json(task.get("labels")), [Job(record)], frames, deleted)


def _backup_task(content: list[Any], task: Mapping[str, Any], beside: Beside, name: str, log: Log) -> Task:
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
        if not is_record(record):
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
    gone = frozenset(d for d in deleted if isinstance(d, int)) if isinstance(deleted, list) else frozenset()
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
        deleted=frozenset(start + step * d for d in gone),
    )
    return spec, frames, gone
