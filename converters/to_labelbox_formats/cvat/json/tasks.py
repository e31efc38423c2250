"""What backups and the server say of tasks: their labels, their jobs and the pictures or the video that they are about.

- Task backup: ``task.json``, ``annotations.json`` (a list, one record a job), ``data/manifest.jsonl``. A project backup
  holds several such folders below ``project.json``.
- Server JSON: one record, with label ids. Names come from ``labels.json`` and ``task.json`` or ``tasks.json`` beside it,
  frames from ``meta.json`` (the answer of ``/data/meta``), honeypots from ``validation_layout.json``. Collections of
  records (by task id or any name) are read too.

Frames are relative: frame f of a task is frame ``start_frame + f · step`` of its media.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.report.observations import ask
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.detect import beside
from to_labelbox_formats.cvat.json.jobs import ANNOTATION, GROUND_TRUTH, Hidden, Job, job_type, join_tracks
from to_labelbox_formats.cvat.json.records import MAX_JSON_BYTES, Names, entries, frame_of, load, records, text_of
from to_labelbox_formats.cvat.json.task_frames import Frame, TaskFrames, Told, control_frames, frames_of
from to_labelbox_formats.cvat.meta import LabelSpec, TaskSpec, labels_of_json, whole
from to_labelbox_formats.cvat.options import Jobs
from to_labelbox_formats.cvat.unread import KINDS, JsonCensus

_POOL = "gt_pool"


@dataclass(slots=True)
class Task:
    spec: TaskSpec
    labels: tuple[LabelSpec, ...]
    jobs: list[Job]
    frames: dict[int, Frame] = field(default_factory=dict)
    hidden: Hidden = field(default_factory=Hidden)


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of annotations, and the other JSON files of its folder as far as they are there.

    ``inside``: the answers that the file itself holds, where it is one of several (:func:`answers_in`).
    """

    source: Source
    name: str
    jobs: Jobs
    log: Log
    census: JsonCensus
    inside: Mapping[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def load(self, *names: str) -> Any:
        """The first of these answers of the server that is there: in the file itself, or in a file of that name."""
        for other in names:
            if other.removesuffix(".json") in self.inside:
                return self.inside[other.removesuffix(".json")]
            path = beside(self.name, other)
            if path != self.name and self.source.exists(path):
                self.used.add(path)
                return load(self.source, path)
        return None

    def lines(self, name: str) -> list[Any]:
        """The records of a file of JSON lines. One that cannot be read keeps its place, or those after it would move up."""
        path = beside(self.name, name)
        if not self.source.exists(path):
            return []
        self.used.add(path)
        found: list[Any] = []
        for number, line in enumerate(self.source.read(path, MAX_JSON_BYTES).splitlines()):
            if not line.strip():
                continue
            try:
                found.append(msgspec.json.decode(line))
                continue
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                why = f"not valid JSON ({in_words(error)})"
            except RecursionError:
                why = "nested too deeply"
            self.log.note(
                Code.RECORD_UNREADABLE,
                f"the line is {why}; a picture that it names is called frame_ and its number",
                file=path,
                where=f"line {number + 1}",
            )
            if number >= _HEAD_LINES:
                found.append({})
        return found


_HEAD_LINES = 2
"""A manifest begins with its version and its type."""


def is_record(content: Any) -> bool:
    return isinstance(content, dict) and any(isinstance(content.get(kind), list) for kind in KINDS)


def answers_in(content: Any) -> Mapping[str, Any]:
    """Answers of the server by their names, where a script has put them into one file: ``{"annotations": record, "task": …}``."""
    if not isinstance(content, dict) or not is_record(content.get("annotations")):
        return {}
    others = [value for name, value in content.items() if name != "annotations"]
    return {} if any(map(is_record, others)) else content


def read_tasks(content: Any, file: JsonFile) -> list[Task]:
    if file.inside:
        file.census.see("answers", [content])
        content = content["annotations"]
    task = file.load("task.json")
    record = task if isinstance(task, dict) else {}
    if isinstance(content, list):
        return [_backup_task(content, record, file)]
    if is_record(content):
        labels = file.load("labels.json", "project.json", "../project.json")
        file.census.labels(labels, "labels.json")
        return [_server_task("", content, record, labels_of_json(labels), file)]
    return _collection(content, file) if isinstance(content, dict) else []


# ------------------------------------------------------------------------------------------------------------ server


def _collection(content: Mapping[str, Any], file: JsonFile) -> list[Task]:
    """Several records: ``{"task": {id: record}, "job": {…}}`` or ``{name: record}``."""
    told = content.get("task")
    if isinstance(told, dict) and any(map(is_record, told.values())):
        if isinstance(content.get("job"), dict):
            file.log.decide(f"{file.name}: the records of jobs repeat those of their tasks; only the tasks are read")
    else:
        told = content
    listed = file.load("tasks.json")
    by_key = listed if isinstance(listed, dict) and "results" not in listed else {}
    by_id = {str(t.get("id")): t for t in records(listed.get("results") if isinstance(listed, dict) else listed)}
    labels = file.load("labels.json")
    file.census.labels(labels, "labels.json")
    by_owner: dict[tuple[str, str], list[Any]] = {}
    for label in records(labels.get("results") if isinstance(labels, dict) else labels):
        for owner in ("task_id", "project_id"):
            if label.get(owner) is not None:
                by_owner.setdefault((owner, str(label[owner])), []).append(label)
    tasks = []
    for key, record in told.items():
        if not is_record(record):
            continue
        task = by_id.get(key) or by_key.get(key)
        task = task if isinstance(task, dict) else {}
        dimension = "3d" if "3D" in key else task.get("dimension")
        if dimension in _UNSUPPORTED:
            _skip_unsupported(record, key, _UNSUPPORTED[dimension], file)
            continue
        own = by_owner.get(("task_id", key), []) or by_owner.get(("project_id", str(task.get("project_id"))), [])
        found = labels_of_json(own) or labels_of_json(task.get("labels"))
        tasks.append(_server_task(key, record, task, found, file))
    return tasks


_UNSUPPORTED = {
    "3d": "3D CVAT data is not supported (point clouds have no Labelbox counterpart here)",
    "1d": "audio CVAT data is not supported (an interval of a sound has no counterpart here)",
}
"""Tasks that are not about pictures or a video, by their ``dimension``."""


def _skip_unsupported(record: Mapping[str, Any], key: str, why: str, file: JsonFile) -> None:
    count = sum(len(records(record.get(kind))) for kind in (*KINDS, "intervals"))
    if count:
        file.log.read(UNNAMED, count)
        message = f"task {key!r}: {why}"
        file.log.skip(Code.UNSUPPORTED, UNNAMED, message, file=file.name, count=count)


def _refuse_unsupported(task: Mapping[str, Any], name: str) -> None:
    why = _UNSUPPORTED.get(str(task.get("dimension")))
    if why is not None:
        raise SourceError(f"{name}: {why}")


def _server_task(
    key: str, record: Mapping[str, Any], task: Mapping[str, Any], labels: tuple[LabelSpec, ...], file: JsonFile
) -> Task:
    _refuse_unsupported(task, file.name)
    data = file.load("meta.json", "data_meta.json", "data.json") if not key else task.get("meta")
    data = data if isinstance(data, dict) else {}
    listed = data.get("frames")
    file.census.job(record)
    told_by = ("tasks.json", "tasks.json meta", "tasks.json meta") if key else ("task.json", "meta.json", "meta.json")
    file.census.task(task, data, listed, told_by)
    told = Told(task, data, entries(listed), False, (0, _labelled([record])), key)
    layout = (file.load("validation_layout.json") if not key else None) or task.get("validation_layout")
    layout = layout if isinstance(layout, dict) else {}
    frames = frames_of(told, file.log, file.name)
    honeypots = [f for f in map(whole, entries(layout.get("honeypot_frames"))) if f is not None]
    if not honeypots and (task.get("validation_mode") or layout.get("mode")) == _POOL:
        honeypots = control_frames(frames.pictures)
    labels = labels or labels_of_json(task.get("labels"))
    return Task(frames.spec, labels, [Job(record)], frames.pictures, _hidden(frames, honeypots, file))


def _labelled(content: Iterable[Any]) -> int:
    """One more than the last frame that has a label."""
    found = 0
    for job in content:
        for kind in KINDS if isinstance(job, dict) else ():
            for record in records(job.get(kind)):
                found = max(found, frame_of(record) + 1, *(frame_of(s) + 1 for s in records(record.get("shapes"))))
    return found


# ------------------------------------------------------------------------------------------------------------ backups


def _backup_task(content: list[Any], task: Mapping[str, Any], file: JsonFile) -> Task:
    _refuse_unsupported(task, file.name)
    data = task.get("data")
    data = data if isinstance(data, dict) else {}
    manifest = file.lines("data/manifest.jsonl")
    listed = records(task.get("jobs"))
    ends = max((whole(job.get("stop_frame")) or 0 for job in listed), default=-1) + 1, _labelled(content)
    layout = data.get("validation_layout")
    layout = layout if isinstance(layout, dict) else {}
    frames = frames_of(Told(task, data, manifest, True, ends), file.log, file.name)
    file.census.task(task, data, manifest, ("task.json", "task.json data", "data/manifest.jsonl"))
    labels = labels_of_json(task.get("labels"))
    if not labels:
        project = file.load("../project.json")
        file.census.labels(project, "project.json")
        labels = labels_of_json(project.get("labels")) if isinstance(project, dict) else ()
    pool = layout.get("mode") == _POOL
    jobs = _select(content, listed, pool, Names(labels, ""), file)
    for job in jobs:
        if job.end is not None and frames.spec.size and job.end < frames.spec.size - 1:
            job.stop = job.end
    if file.jobs is not Jobs.ALL:
        join_tracks(jobs, Names(labels, ""), file.log, file.name)
    honeypots = control_frames(frames.pictures, map(text_of, entries(layout.get("frames")))) if pool else []
    return Task(frames.spec, labels, jobs, frames.pictures, _hidden(frames, honeypots, file))


def _hidden(frames: TaskFrames, honeypots: Iterable[int], file: JsonFile) -> Hidden:
    """The frames without labels; repeated pictures are control frames unless all jobs are asked for."""
    if file.jobs is Jobs.ALL:
        return frames.hidden
    return Hidden(frames.hidden.deleted, honeypots)


def _select(content: list[Any], listed: list[dict[str, Any]], pool: bool, names: Names, file: JsonFile) -> list[Job]:
    """The jobs whose labels count; the others are read and skipped, each by its type."""
    wanted = {
        Jobs.ANNOTATION: {ANNOTATION, GROUND_TRUTH} if pool else {ANNOTATION},
        Jobs.GROUND_TRUTH: {GROUND_TRUTH},
        Jobs.ALL: {job_type(job) for job in listed} | {ANNOTATION},
    }[file.jobs]
    if len(listed) != len(content) and any(job_type(job) not in wanted for job in listed):
        ask(
            f"{file.name} has records of {n_of(len(content), 'job')}, task.json lists {len(listed)} of different types: "
            "which of them is which is not known",
            [("-O jobs=all", "every record counts, whatever its job is for")],
        )
    jobs: list[Job] = []
    taken, left = 0, dict[str, int]()
    for number, record in enumerate(content):
        if not is_record(record):
            message = f"record {number + 1} is no job with tags, shapes and tracks"
            file.log.note(Code.RECORD_UNREADABLE, message, file=file.name)
            continue
        file.census.job(record)
        job = listed[number] if len(listed) == len(content) else {}
        kind = job_type(job)
        if kind in wanted:
            jobs.append(Job(record, whole(job.get("start_frame")), whole(job.get("stop_frame"))))
            taken += sum(len(records(record.get(k))) for k in KINDS)
        else:
            left[kind] = left.get(kind, 0) + _skip(record, f"job {number + 1} is of type {kind}", names, file)
    if any(left.values()) and file.jobs is Jobs.ANNOTATION:
        file.log.assume(
            "jobs that count",
            "those of type annotation" + (", and the ground truth of honeypots" if pool else ""),
            for_=taken,
            unknown=sum(left.values()),
            why="; ".join(f"labels of jobs of type {kind}: {count}" for kind, count in left.items()),
            option="-O jobs=all",
        )
    return jobs


def _skip(record: Mapping[str, Any], message: str, names: Names, file: JsonFile) -> int:
    count = 0
    for kind in KINDS:
        for shape in records(record.get(kind)):
            label = names.label(shape) or UNNAMED
            file.log.read(label)
            file.log.skip(Code.NOT_SELECTED, label, message, file=file.name)
            count += 1
    return count
