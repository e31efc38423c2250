"""An XML export: one pass over the file finds its images and tracks, and the task that each belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.exports import Group, find_tasks
from to_labelbox_formats.cvat.meta import Meta, meta_of_xml
from to_labelbox_formats.cvat.nodes import head_node
from to_labelbox_formats.cvat.options import Options
from to_labelbox_formats.cvat.unread import tell_meta
from to_labelbox_formats.cvat.xml.document import Document

_PLAIN_NAME = re.compile(rb'\sname="([^"&]*)"')
ROW = re.compile(rb'\sframe="(\d{1,8})"')
"""The frame of a row of a track."""
_START_TAG = 1 << 16
"""Bytes in which the start tag of a picture ends."""


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

    def records(self, elements: Iterable[int], tail: int | None = None) -> Iterator[bytes]:
        """The text of images or tracks; with ``tail``, no more than so many bytes of its end."""
        starts, stops = self._document.starts, self._document.stops
        with self._document.reader() as read:
            for element in elements:
                start, stop = starts[element], stops[element]
                yield read(start if tail is None else max(start, stop - tail), stop)

    def head(self, element: int) -> bytes:
        start, stop = self._document.starts[element], self._document.stops[element]
        with self._document.reader() as read:
            return read(start, min(start + _START_TAG, stop))


def open_xml(source: Source, name: str, _: Options, log: Log) -> XmlExport:
    """Raises :class:`FileError` for what is no export, or not well-formed."""
    export = XmlExport(source, name, log)
    if not export.groups and not export.meta.found and not export.version:
        raise FileError("holds neither meta, image nor track: this is not a CVAT export")
    find_tasks(export.groups.values(), export.meta)
    if not export.groups:
        for task in export.meta.tasks:
            if task.video and task.source:
                export.groups[task.subset, task.id] = Group(export, task.subset, task.id, video=True, task=task)
    return export
