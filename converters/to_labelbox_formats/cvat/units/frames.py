"""The frames of video tasks as pictures: every sampled frame is one.

Tracks run through the file one after another, pictures through time. So the tracks are read once when the file is opened,
and what they show is put down frame by frame in a temporary file, from which any range of frames is read by itself.
"""

from __future__ import annotations

import marshal
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from to_labelbox.model.items import Annotation, Asset, Item
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.assets import MediaFinder
from to_labelbox_formats.cvat.exports import MAX_UNNAMED, Group, frame_name
from to_labelbox_formats.cvat.nodes import FRAME, Figure, Node, make_node, node_of
from to_labelbox_formats.cvat.shapes import ShapeLog
from to_labelbox_formats.cvat.tracks.tracks import TrackReader
from to_labelbox_formats.cvat.units.setting import Setting
from to_labelbox_formats.cvat.xml.images import ImageReader

_AT_ONCE = 32
"""Frames whose shapes lie together in the temporary file."""
_HELD = 1 << 23
"""Bytes of shapes that are held before they are put down."""


class FrameUnits:
    """The frames of one task."""

    def __init__(self, group: Group, setting: Setting, finder: MediaFinder, log: Log) -> None:
        self._group = group
        self._setting = setting
        self._finder = finder
        self._images: dict[int, int] = {}
        self._rules = setting.rules(group)._replace(relative=False)
        self._shown = _Frames()
        shown = self._read_tracks(log)
        self._find_images(log)
        shown.update(self._images)
        sampled = self._sampled(max(shown, default=group.task.start - 1), log)
        # A row beside the grid or behind the last frame keeps its number; what it shows needs a picture.
        every = sampled if all(f in sampled for f in shown) else sorted({*sampled, *shown})
        deleted = group.task.deleted
        self._frames: Sequence[int] = [f for f in every if f not in deleted] if deleted else every
        self.units = len(self._frames)

    def _sampled(self, seen: int, log: Log) -> range:
        """The sampled frames of the task; ``seen`` is the last one on which anything is."""
        task, file = self._group.task, self._group.export.name
        last = task.last
        if last is None:
            log.decide(f"{file}: the number of frames is not given; frames up to the last row are taken")
            last = seen
        sampled = range(task.start, last + 1, task.step)
        most = max(MAX_UNNAMED, (seen - task.start) // task.step + 1)
        if len(sampled) > most:
            log.note(
                Code.FRAME_INVALID,
                f"the task says that it has {n_of(len(sampled), 'frame')}; without pictures and labels {most:,} are taken at most",
                file=file,
            )
        return sampled[:most]

    def _find_images(self, log: Log) -> None:
        group = self._group
        length = group.task.length
        for element, node in zip(group.images, map(node_of, group.export.records(group.images))):
            match = FRAME.fullmatch(node.get("name"))
            if match is None:
                continue
            frame = self._rules.frame(int(match[1]))
            if length is not None and frame >= length:
                message = f"the frame lies behind the video's {length} frames"
                ShapeLog(log, group.export.name).skip_shapes(node, Code.FRAME_INVALID, message)
            else:
                self._images[frame] = element

    def _read_tracks(self, log: Log) -> set[int]:
        """Put down what the tracks show; the frames on which they show anything."""
        group = self._group
        export, shown = group.export, set[int]()
        reader = TrackReader(
            self._setting.vocabulary,
            ShapeLog(log, export.name),
            self._rules,
            unlabelled=self._setting.options.unlabelled,
        )
        for element, record in zip(group.tracks, export.records(group.tracks)):
            try:
                for frame, shape in reader.by_frame(node_of(record), str(element)):
                    self._shown.add(frame, shape)
                    shown.add(frame)
            except FileError as error:
                ShapeLog(log, export.name).skip_unreadable(f"track {element}", error)
        self._shown.close()
        return shown

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        group = self._group
        reader = ImageReader(self._setting.vocabulary, ShapeLog(log, group.export.name), self._setting.options)
        frames = self._frames[start:stop]
        for frame, shapes in zip(frames, self._shown.shapes(frames)):
            name = frame_name(frame + group.task.offset)
            if frame in self._images:
                try:
                    node = node_of(*group.export.records([self._images[frame]]))
                    shapes += reader.log.tags_alone(node, group.told_by) if group.told_by else node.children
                except FileError as error:
                    log.note(Code.RECORD_UNREADABLE, str(error), file=group.export.name, where=name)
            reader.start(name, group.task.width, group.task.height)
            yield self._item(frame, reader.read(shapes))

    def unlabelled(self, unit: int) -> Sequence[Item]:
        """The frame without its annotations."""
        return [self._item(self._frames[unit], ())]

    def _item(self, frame: int, annotations: Sequence[Annotation]) -> Item:
        group = self._group
        name = frame_name(frame + group.task.offset)
        return Item(
            asset=Asset(
                path=f"{group.folder}{self._finder.place(name, group)}",
                id=str(frame + group.task.offset),
                width=group.task.width,
                height=group.task.height,
            ),
            annotations=annotations,
            split=group.split,
            origin=f"{group.export.name} {name}",
        )


class _Frames:
    """Shapes by their frames, in a temporary file. Processes share it, as they read by offset."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._held: dict[int, bytearray] = {}
        self._size = 0
        self._places: dict[int, list[tuple[int, int]]] = {}

    def add(self, frame: int, shape: Node) -> None:
        # Labels of JSON may hold what no XML and no UTF-8 text can.
        record = marshal.dumps((frame, _plain(shape)))
        held = self._held.setdefault(frame // _AT_ONCE, bytearray())
        held += len(record).to_bytes(4, "little")
        held += record
        self._size += len(record)
        if self._size > _HELD:
            self.close()

    def close(self) -> None:
        """Put down what is held."""
        for number, held in self._held.items():
            self._places.setdefault(number, []).append((self._file.tell(), len(held)))
            self._file.write(held)
        self._file.flush()
        self._held.clear()
        self._size = 0

    def shapes(self, frames: Sequence[int]) -> Iterator[list[Node]]:
        """What each of the frames shows, in the order in which it was added."""
        number, found = -1, dict[int, list[Node]]()
        for frame in frames:
            if frame // _AT_ONCE != number:
                number = frame // _AT_ONCE
                found = self._load(number)
            yield found.get(frame, [])

    def _load(self, number: int) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for offset, size in self._places.get(number, ()):
            data = os.pread(self._file.fileno(), size, offset)
            at = 0
            while at < size:
                length = int.from_bytes(data[at : at + 4], "little")
                frame, shape = marshal.loads(data[at + 4 : at + 4 + length])
                found.setdefault(frame, []).append(_node(shape))
                at += 4 + length
        return found


def _plain(node: Node) -> tuple[Any, ...]:
    fields = {name: node.parts[place] for name, place in node.layout.index.items()}
    figure = None if node.figure is None else (*node.figure[:1], list(node.figure.numbers), node.figure.rotation)
    return node.tag, fields, node.answers, [_plain(child) for child in node.children], figure


def _node(plain: tuple[Any, ...]) -> Node:
    tag, fields, answers, children, figure = plain
    return make_node(tag, fields, answers, list(map(_node, children)), Figure(*figure) if figure else None)
