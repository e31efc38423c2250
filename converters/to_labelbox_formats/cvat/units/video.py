"""A video as one unit: all its tracks, and the shapes of its frames where an export gives these as images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from to_labelbox.model.items import (
    Annotation,
    Asset,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Media,
    Object,
    Point,
    Polyline,
    RotatedBox,
    Track,
)
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.exports import ROW, Group
from to_labelbox_formats.cvat.meta import TAGS, whole
from to_labelbox_formats.cvat.nodes import FRAME, node_of
from to_labelbox_formats.cvat.shapes import ShapeLog
from to_labelbox_formats.cvat.tracks.rows import Rules
from to_labelbox_formats.cvat.tracks.tracks import SKELETON_TRACK, TrackReader
from to_labelbox_formats.cvat.units.setting import Setting
from to_labelbox_formats.cvat.xml.images import ImageReader


class VideoUnit:
    """One video: all tracks of its groups, and their frames where an export gives these as images."""

    units = 1

    def __init__(self, path: str, groups: Sequence[Group], setting: Setting) -> None:
        self._path = path
        self._groups = groups
        self._setting = setting
        task = groups[0].task
        self._size = setting.context.sizes.get(path, (task.width, task.height))

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        count = sum(len(g.tracks) + len(g.images) for g in self._groups)
        for _ in range(start, stop):
            yield self._item(self._frames(), Lazy(count, self._annotations, log))

    def unlabelled(self, _: int) -> Sequence[Item]:
        """The video without its annotations."""
        return [self._item(None, ())]

    def _item(self, frames: int | None, annotations: Sequence[Annotation]) -> Item:
        width, height = self._size
        splits = {group.split for group in self._groups if group.split}
        return Item(
            asset=Asset(path=self._path, media=Media.VIDEO, width=width, height=height, frames=frames),
            annotations=annotations,
            split=splits.pop() if len(splits) == 1 else "",
            origin=self._groups[0].export.name,
        )

    def _frames(self) -> int | None:
        """Frames of the video: its own number where that is known, else those up to the last that the tasks tell of."""
        found = []
        for group in self._groups:
            rules = self._setting.rules(group)
            last = rules.last if rules.last is not None else _last_row(group, rules)
            found.append(rules.length or (last + 1 if last is not None else None))
        return max((n for n in found if n is not None), default=None)

    def _annotations(self, log: Log) -> Iterator[Annotation]:
        several = len(self._groups) > 1
        for number, group in enumerate(self._groups):
            reader = _GroupReader(group, self._setting, self._size, f"{number}." if several else "", log)
            yield from reader.tracks()
            yield from reader.frames()


class _GroupReader:
    """The annotations of one task of a video. ``prefix`` tells its ids from those of other tasks on the same video."""

    def __init__(
        self, group: Group, setting: Setting, size: tuple[int | None, int | None], prefix: str, log: Log
    ) -> None:
        self._group, self._setting, self._size, self._prefix = group, setting, size, prefix
        self._log = ShapeLog(log, group.export.name)
        self._rules = setting.rules(group)

    def tracks(self) -> Iterator[Track]:
        group, export, setting = self._group, self._group.export, self._setting
        rest = setting.options.groups, setting.context.boxes_only, setting.options.unlabelled
        reader = TrackReader(setting.vocabulary, self._log, self._rules, self._size, *rest)
        for element, record in zip(group.tracks, export.records(group.tracks)):
            try:
                yield from reader.read(record, f"{self._prefix}{element}")
            except FileError as error:
                self._log.skip_unreadable(f"track {element}", error)

    def frames(self) -> Iterator[Annotation]:
        """Shapes of a frame last until the next sampled one; tags are joined over consecutive sampled frames."""
        group, rules, shapes = self._group, self._rules, self._log
        reader = ImageReader(self._setting.vocabulary, shapes, self._setting.options)
        tags: dict[Choice, list[int]] = {}
        for node in map(node_of, group.export.records(group.images)):
            name = node.get("name")
            match = FRAME.fullmatch(name)
            assert match is not None
            frame = rules.number(rules.frame(int(match[1])))
            if frame < 0 or (rules.length is not None and frame >= rules.length):
                which = "before the task's first" if frame < 0 else f"behind the video's {rules.length} frames"
                shapes.skip_shapes(node, Code.FRAME_INVALID, f"the frame lies {which}")
                continue
            width, height = whole(node.get("width"), 1), whole(node.get("height"), 1)
            reader.start(name, width or self._size[0], height or self._size[1], clip=f"{self._prefix}{name}/")
            shapes.at(name)
            told = shapes.tags_alone(node, group.told_by) if group.told_by else node.children
            for annotation in reader.read(told):
                if isinstance(annotation, Object):
                    yield self._shape_track(annotation, name, (frame, rules.held(frame)))
                elif isinstance(annotation, Classification) and isinstance(annotation.value, Choice):
                    tags.setdefault(annotation.value, []).append(frame)
        for number, (choice, frames) in enumerate(tags.items()):
            yield Classification(
                id=f"{self._prefix}tag {number}",
                name=TAGS,
                value=choice,
                frames=tuple(_spans(sorted(set(frames)), rules)),
                location=f"tag {choice.value!r}",
                source_count=len(frames),
                ledger_label=choice.value,
            )

    def _shape_track(self, shape: Object, name: str, stretch: tuple[int, int]) -> Track:
        """A shape of the picture ``name`` as a track over a stretch of frames, from its first to its last."""
        where, drawn = f"{name} {shape.location}", shape.geometry
        of_skeleton = bool(shape.source_count and shape.ledger_label)
        if of_skeleton:
            self._log.at(where)
            self._log.note(Code.TRACK_CONVERTED, SKELETON_TRACK)
        # Masks stand on rows alone.
        held = isinstance(drawn, _HELD) or self._setting.context.boxes_only or None in self._size
        frames = dict.fromkeys(stretch if held else stretch[:1])
        return Track(
            id=f"{self._prefix}{name}/{shape.id}",
            label=shape.label,
            segments=(tuple(Keyframe(frame, drawn) for frame in frames),),
            attributes=shape.attributes,
            loss=shape.loss or of_skeleton,
            location=where,
            source_count=shape.source_count,
            ledger_label=shape.ledger_label,
        )


_HELD = (Box, RotatedBox, Point, Polyline)


def _spans(frames: Sequence[int], rules: Rules) -> Iterator[FrameSpan]:
    first = last = frames[0]
    for frame in frames[1:]:
        if frame - last > rules.step:
            yield FrameSpan(first, rules.held(last))
            first = frame
        last = frame
    yield FrameSpan(first, rules.held(last))


def _last_row(group: Group, rules: Rules) -> int | None:
    """The last frame that a track tells of, where nothing else says how many there are."""
    ends = (ROW.findall(text) for text in group.export.texts(group.tracks, tail=4096))
    return max((rules.number(rules.frame(int(rows[-1]))) for rows in ends if rows), default=None)


class Lazy(Sequence[Annotation]):
    """Annotations that are read while they are iterated; only the first time round counts in the log."""

    def __init__(self, count: int, make: Callable[[Log], Iterator[Annotation]], log: Log) -> None:
        self._count = count
        self._make = make
        self._log: Log | None = log

    def __iter__(self) -> Iterator[Annotation]:
        log, self._log = self._log, None
        return self._make(Log() if log is None else log)

    def __len__(self) -> int:
        """How many elements the source has; they may become more annotations."""
        return self._count

    def __getitem__(self, index: Any) -> Any:
        everything = self._make(Log())
        if isinstance(index, int) and index >= 0:  # the first is asked for with each item, and need not cost all
            return list(islice(everything, index + 1))[index]
        return list(everything)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self[:] == list(other[:])

    def __hash__(self) -> int:
        return id(self)
