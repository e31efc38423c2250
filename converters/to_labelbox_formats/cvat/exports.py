"""What every export is opened as: an index of its images and tracks, by the picture or video that they are about.

Image ids restart, and names repeat, from task to task and subset to subset. A group is what one task of one file says;
within it a name is one picture. ``frame_%06d`` without an extension can only come from a video task.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from to_labelbox.source.asset_lookup import alike
from to_labelbox.source.paths import below_a_root
from to_labelbox.source.urls import is_url, url_parts, url_path
from to_labelbox_formats.cvat.meta import Meta, TaskSpec
from to_labelbox_formats.cvat.nodes import FRAME, Record

NO_SUBSET = "default"
"""What CVAT and Datumaro call the subset of what has none."""
MAX_UNNAMED = 100_000
"""Frames of one task that become pictures although nothing names them and nothing is on them."""


ALL = 1 << 63
ROW = re.compile(rb'\sframe="\s*(\d{1,8})(?:\.0)?\s*"')
"""The frame of a row of a track in XML."""


def frame_name(number: int) -> str:
    """What CVAT calls a frame, without an extension. In a project, numbers count the frames of a subset through."""
    return f"frame_{number:06d}"


def path_of(name: str) -> str:
    """The name of a picture as a path; of an address, its host and what is behind it."""
    if "://" in name and is_url(name):
        parts = url_parts(name)
        name = f"{parts.host}/{parts.path}{'?' if parts.query else ''}{parts.query}" if parts else url_path(name)
    return below_a_root(name)


class Export:
    """What holds images and tracks, an XML file or the JSON of tasks, as an index: records are read by the numbers that
    :class:`Group` keeps.

    ``media``: where its pictures are, as seen from the file's folder. ``files``: what it was read from. ``groups`` are by
    subset and task, ``tagged`` are the labels of tags. ``dense``: tracks have a row for every visible frame; ``closes``:
    rows hide them.
    """

    name: str
    media: str
    meta: Meta
    groups: dict[tuple[str, str], Group]
    files: Collection[str]
    tagged: Collection[str]
    version = ""
    is_xml = False
    dense = closes = False

    def records(self, elements: Iterable[int]) -> Iterator[Record]:
        """What is told of the images or tracks with those numbers."""
        return map(self.head, elements)

    def head(self, element: int) -> Record:
        """What is told of an image itself; the rest may be missing or cut off."""
        raise NotImplementedError

    def texts(self, elements: Iterable[int], first: int = ALL, tail: int = ALL) -> Iterator[bytes]:  # noqa: ARG002
        """Images or tracks as XML, none of JSON: no more than their ``first`` bytes, or the last ones of a ``tail``."""
        return iter(())


@dataclass(slots=True, eq=False)
class Group:
    """Images and tracks of one task. Numbers are those of the elements in their export.

    ``told_by``: the export that tells of the same objects, so that only tags count here.
    ``hashes`` are of the images' names, ``spelled`` of those that :func:`alike` changes, as it spells them.
    """

    export: Export
    subset: str
    task_id: str
    images: array[int] = field(default_factory=lambda: array("Q"))
    hashes: array[int] = field(default_factory=lambda: array("q"))
    spelled: array[int] = field(default_factory=lambda: array("q"))
    tracks: array[int] = field(default_factory=lambda: array("Q"))
    only_frames: bool = True
    video: bool = False
    task: TaskSpec = field(default_factory=TaskSpec)
    folder: str = ""
    told_by: str = ""

    def add(self, element: int, is_track: bool, name: str) -> None:
        if is_track:
            self.tracks.append(element)
            return
        self.add_image(element, name)
        if self.only_frames and not FRAME.fullmatch(name):
            self.only_frames = False

    def add_image(self, element: int, name: str) -> None:
        name = path_of(name)
        self.images.append(element)
        self.hashes.append(hash(name))
        if (spelled := alike(name)) != name:
            self.spelled.append(hash(spelled))

    def without_tracks(self) -> Group:
        """A group of its images alone."""
        return Group(
            self.export, self.subset, self.task_id, self.images, self.hashes, only_frames=False, task=self.task
        )

    @property
    def split(self) -> str:
        """The subset: exports of projects say it with each picture and track, those of a task once."""
        subset = self.subset or self.task.subset
        return "" if subset.lower() == NO_SUBSET else subset

    @property
    def is_video(self) -> bool:
        return self.video or bool(self.tracks) or (bool(self.images) and self.only_frames)


def find_tasks(groups: Iterable[Group], meta: Meta) -> None:
    """Gives each group the task that it belongs to."""
    by_id = {task.id: task for task in reversed(meta.tasks)}
    alone = meta.tasks[0] if len(meta.tasks) == 1 else None
    for group in groups:
        known = by_id.get(group.task_id)
        group.task = (known if meta.project or alone is None else alone) or alone or TaskSpec(id=group.task_id)
