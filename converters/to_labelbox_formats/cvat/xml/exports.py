"""XML exports: which pictures and videos their images and tracks belong to.

Image ids restart, and names repeat, from task to task and subset to subset. A group is what one task of one file says;
within it a name is one picture. ``frame_%06d`` without an extension can only come from a video task.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.meta import Meta, TaskSpec, meta_of_xml
from to_labelbox_formats.cvat.nodes import FRAME, Node, head_node, parse_node
from to_labelbox_formats.cvat.unread import tell_meta
from to_labelbox_formats.cvat.xml.document import Document

_PLAIN_NAME = re.compile(rb'\sname="([^"&]*)"')
NO_SUBSET = "default"
"""What CVAT and Datumaro call the subset of what has none."""
MAX_UNNAMED = 100_000
"""Frames of one task that become pictures although nothing names them and nothing is on them."""


def frame_name(number: int) -> str:
    """What CVAT calls a frame, without an extension. In a project, numbers count the frames of a subset through."""
    return f"frame_{number:06d}"


class Export(Protocol):
    """What holds images and tracks: an XML file, or the JSON of a task made into the same nodes.

    ``media``: where its pictures are, as seen from the file's folder. ``files``: what it was read from.
    """

    name: str
    media: str
    meta: Meta
    dense: bool
    closes: bool

    @property
    def files(self) -> Collection[str]: ...

    def nodes(self, elements: Iterable[int]) -> Iterator[Node]:
        """The images or tracks with those numbers. Raises :class:`FileError`."""
        ...


class XmlExport:
    """An XML file, and what its start tags say about each image and track."""

    media = "images"

    def __init__(self, source: Source, name: str, log: Log) -> None:
        self.name = name
        self.files = (name,)
        self.groups: dict[tuple[str, str], Group] = {}
        self._elements = 0
        self._document = Document(source, name, self._begin)
        self.dense = self._document.dense
        self.closes = self._document.closes
        self.tagged = tuple(self._document.tag_labels)
        self.version = self._document.version()
        meta = self._document.meta()
        self.meta: Meta = meta_of_xml(meta, self._document.holds)
        tell_meta(meta, log, name)
        self._document.census.tell(log, name)
        single = self._document.rows <= sum(len(g.tracks) for g in self.groups.values())
        self.closes |= self.meta.written and (single or self.meta.project)

    def _begin(self) -> Callable[[bool, bytes], None]:
        self.groups.clear()
        self._elements = 0
        return self._note

    def _note(self, is_track: bool, inside: bytes) -> None:
        key, name = ("", ""), _PLAIN_NAME.search(inside)
        if b"subset" in inside or b"task_id" in inside or (name is None and not is_track) or b"&" in inside:
            head = head_node("track" if is_track else "image", inside.decode(errors="replace"))
            key, called = (head.get("subset"), head.get("task_id")), head.get("name")
        else:
            called = name[1].decode(errors="replace") if name else ""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(self, *key)
        group.add(self._elements, is_track, called)
        self._elements += 1

    def texts(self, elements: Iterable[int]) -> Iterator[bytes]:
        """The text of images or tracks."""
        starts, stops = self._document.starts, self._document.stops
        with self._document.reader() as read:
            for element in elements:
                yield read(starts[element], stops[element])

    def heads(self, elements: Iterable[int], size: int) -> Iterator[bytes]:
        """The first bytes of images or tracks."""
        starts, stops = self._document.starts, self._document.stops
        with self._document.reader() as read:
            for element in elements:
                yield read(starts[element], min(starts[element] + size, stops[element]))

    def tails(self, elements: Iterable[int], size: int) -> Iterator[bytes]:
        """The last bytes of images or tracks."""
        starts, stops = self._document.starts, self._document.stops
        with self._document.reader() as read:
            for element in elements:
                yield read(max(starts[element], stops[element] - size), stops[element])

    def nodes(self, elements: Iterable[int]) -> Iterator[Node]:
        return map(parse_node, self.texts(elements))


@dataclass(slots=True, eq=False)
class Group:
    """Images and tracks of one task. Numbers are those of the elements in their export."""

    export: Export
    subset: str
    task_id: str
    images: array[int] = field(default_factory=lambda: array("Q"))
    hashes: array[int] = field(default_factory=lambda: array("q"))
    tracks: array[int] = field(default_factory=lambda: array("Q"))
    only_frames: bool = True
    video: bool = False
    task: TaskSpec = field(default_factory=TaskSpec)
    folder: str = ""

    def add(self, element: int, is_track: bool, name: str) -> None:
        if is_track:
            self.tracks.append(element)
            return
        self.images.append(element)
        self.hashes.append(hash(name))
        if self.only_frames and not FRAME.fullmatch(name):
            self.only_frames = False

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


def open_exports(source: Source, names: Sequence[str], log: Log) -> list[XmlExport]:
    exports = []
    for name in names:
        try:
            export = XmlExport(source, name, log)
        except FileError as error:
            log.file_unreadable(name, str(error))
            continue
        if not export.groups and not export.meta.found and not export.version:
            log.file_unreadable(name, "holds neither meta, image nor track: this is not a CVAT export")
            continue
        find_tasks(export.groups.values(), export.meta)
        if not export.groups:
            for task in export.meta.tasks:
                if task.video and task.source:
                    export.groups[task.subset, task.id] = Group(export, task.subset, task.id, video=True, task=task)
        exports.append(export)
    return exports
