"""Which frames a task has: what its numbers say, held against the pictures, the video and the jobs that are there.

- ``start_frame``, ``stop_frame`` and ``frame_filter`` (``step=N``) are of the media, ``size`` counts the sampled frames.
- A backup's manifest has one entry a picture, or the properties of the video. The server's ``/data/meta`` has one entry
  a sampled picture, or one for the video.
- A picture that is there several times is a control frame (honeypot) each time but the last, which is the pool's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.image_headers import is_video
from to_labelbox_formats.cvat.exports import MAX_UNNAMED
from to_labelbox_formats.cvat.json.jobs import Hidden
from to_labelbox_formats.cvat.json.records import entries, text_of
from to_labelbox_formats.cvat.meta import TaskSpec, step_of, whole

MAX_FRAME = 10_000_000


@dataclass(slots=True)
class Frame:
    """A picture of a task, by its relative number."""

    name: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(slots=True)
class TaskFrames:
    """The frames of a task by their relative numbers, and the video that they are of."""

    spec: TaskSpec
    pictures: dict[int, Frame] = field(default_factory=dict)
    hidden: Hidden = field(default_factory=Hidden)


@dataclass(slots=True)
class Told:
    """What is said of a task's frames: the record of the task, that of its data, and what lists the pictures.

    ``manifest``: the entries are those of a backup's manifest. ``ends``: one more than the last frame of the jobs, and than
    the last one with a label.
    """

    task: Mapping[str, Any]
    data: Mapping[str, Any]
    entries: Sequence[Any]
    manifest: bool
    ends: tuple[int, int] = (0, 0)
    key: str = ""


def frames_of(told: Told, log: Log, file: str) -> TaskFrames:
    task, data = told.task, told.data
    start, step = whole(data.get("start_frame")) or 0, step_of(text_of(data.get("frame_filter")))
    video, resolution, length = _video(told)
    claimed = _claimed(task, data, start, step)
    pictures = {} if video else _pictures(told, start, step, claimed)
    in_video = None if length is None else max(0, length - 1 - start) // step + 1
    size = _checked(claimed, told, _there(told, pictures, in_video), log, file)
    gone = [d for d in map(whole, entries(data.get("deleted_frames"))) if d is not None]
    name = text_of(task.get("name")) or told.key
    spec = TaskSpec(
        id=text_of(task.get("id")) or told.key,
        name=name,
        subset=text_of(task.get("subset")),
        size=size,
        start=start,
        step=step,
        source=video,
        width=resolution[0] if resolution[1] else None,
        height=resolution[1] if resolution[0] else None,
        video=bool(video) or (not pictures and task.get("mode") == "interpolation"),
        deleted=frozenset(start + step * d for d in gone),
        length=length,
    )
    return TaskFrames(spec, pictures, Hidden(gone))


def _video(told: Told) -> tuple[str, tuple[int | None, int | None], int | None]:
    """Name, size and number of frames of the video, as far as they are known; no name for a task of pictures."""
    entries = [e for e in told.entries if isinstance(e, dict)]
    properties = next((e["properties"] for e in entries if isinstance(e.get("properties"), dict)), None)
    if properties is not None:
        pair = properties.get("resolution")
        pair = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        return (
            text_of(properties.get("name")),
            (whole(pair[0], 1), whole(pair[1], 1)),
            whole(properties.get("length"), 1),
        )
    if not told.manifest and len(entries) == 1 and is_video(str(entries[0].get("name"))):
        return str(entries[0]["name"]), (whole(entries[0].get("width"), 1), whole(entries[0].get("height"), 1)), None
    return "", (None, None), None


def _claimed(task: Mapping[str, Any], data: Mapping[str, Any], start: int, step: int) -> int | None:
    """The number of sampled frames as the task gives it: by its size, and by its first and last frame."""
    stop = whole(data.get("stop_frame"))
    numbers = [whole(task.get("size"), 1), whole(data.get("size"), 1)]
    if stop is not None and stop >= start:
        numbers.append((stop - start) // step + 1)
    return min((n for n in numbers if n is not None), default=None)


def _pictures(told: Told, start: int, step: int, claimed: int | None) -> dict[int, Frame]:
    """Pictures by relative frame. A manifest lists the sampled ones, or all of the media from its first on."""
    listed = [e for e in told.entries if isinstance(e, dict) and not {"version", "type"} & e.keys()]
    reach = start + step * (claimed - 1) if claimed else None
    absolute = told.manifest and len(listed) != claimed and (reach is None or len(listed) > reach)
    found: dict[int, Frame] = {}
    for number, entry in enumerate(listed):
        relative, off = divmod(number - start, step) if absolute else (number, 0)
        if off or relative < 0 or not isinstance(entry.get("name"), str):
            continue
        name = entry["name"] + text_of(entry.get("extension"))
        found[relative] = Frame(name, whole(entry.get("width"), 1), whole(entry.get("height"), 1))
    return found


def _checked(claimed: int | None, told: Told, there: _There, log: Log, file: str) -> int | None:
    """The number of sampled frames: what is claimed, as far as pictures, video or jobs bear it out."""
    if claimed is None or claimed <= there.frames:
        return there.frames if claimed is None and there.pictures else claimed
    log.note(
        Code.FRAME_INVALID,
        f"the task says that it has {n_of(claimed, 'frame')}, but {there.frames:,} {there.what}; that number is taken",
        file=file,
        where=text_of(told.task.get("name")) or told.key,
    )
    return there.frames


class _There(NamedTuple):
    """How many sampled frames there are, at most, and what says so."""

    frames: int
    what: str
    pictures: bool = False


def _there(told: Told, pictures: Mapping[int, Frame], in_video: int | None) -> _There:
    """``in_video``: how many sampled frames the video has."""
    jobs, labelled = told.ends
    if pictures:
        return _There(max(pictures) + 1, "pictures are listed", True)
    if in_video is not None:
        return _There(in_video, "frames are in the video")
    if jobs:
        return _There(jobs, "frames are in its jobs")
    clip = told.task.get("mode") == "interpolation" or bool(_video(told)[0])
    most = max(labelled, MAX_FRAME if clip else MAX_UNNAMED)
    return _There(most, "are taken at most where nothing lists them")


def control_frames(pictures: Mapping[int, Frame], pool: Iterable[str] = ()) -> list[int]:
    """Frames on which a picture is shown that is there again later. With ``pool``, only of pictures of these names."""
    last = {frame.name: number for number, frame in sorted(pictures.items())}
    names = set(pool)
    return [n for n, f in pictures.items() if last[f.name] != n and (not names or f.name in names)]
