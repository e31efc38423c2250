"""A video as one unit: all its tracks, and the shapes of its frames where an export gives these as images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import overload

from to_labelbox.diagnostics import UNREADABLE, Code, FileError, Log
from to_labelbox.model import (
    Annotation,
    Asset,
    Attribute,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Keypoints,
    Media,
    Object,
    Point,
    Track,
)
from to_labelbox_formats.cvat.exports import FRAME, Group, XmlExport
from to_labelbox_formats.cvat.images import ImageReader
from to_labelbox_formats.cvat.meta import TAGS, element_label, whole
from to_labelbox_formats.cvat.parts import Setting, skip_all
from to_labelbox_formats.cvat.rows import Rules
from to_labelbox_formats.cvat.shapes import INSTANCE, flags_beside
from to_labelbox_formats.cvat.tracks import TrackReader


class VideoPart:
    """One video: all tracks of its groups, and their frames where an export gives these as images."""

    units = 1
    is_video = True

    def __init__(self, path: str, groups: Sequence[Group], setting: Setting, several: bool) -> None:
        self._path = path
        self._groups = groups
        self._setting = setting
        self._several = several

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        for _ in range(start, stop):
            task = self._groups[0].task
            size = self._setting.context.sizes.get(self._path, (task.width, task.height))
            asset = Asset(path=self._path, media=Media.VIDEO, width=size[0], height=size[1])
            count = sum(len(g.tracks) + len(g.images) for g in self._groups)
            yield Item(
                asset=asset,
                annotations=Lazy(count, partial(self._annotations, size=size), log),
                split=self._groups[0].split,
                origin=self._groups[0].export.name,
            )

    def _annotations(self, log: Log, size: tuple[int | None, int | None]) -> Iterator[Annotation]:
        setting = self._setting
        for number, group in enumerate(self._groups):
            export = group.export
            prefix = f"{number}." if self._several else ""
            rules = Rules(group.task, export.dense, export.closes, setting.relative)
            tracks = TrackReader(setting.vocabulary, log, export.name, setting.groups)
            if isinstance(export, XmlExport):
                for element, text in zip(group.tracks, export.texts(group.tracks)):
                    try:
                        yield from tracks.read_text(text, f"{prefix}{element}", rules, size)
                    except FileError as error:
                        log.read(UNREADABLE)
                        log.skip(
                            Code.RECORD_UNREADABLE, UNREADABLE, str(error), file=export.name, where=f"track {element}"
                        )
            else:
                for element, node in zip(group.tracks, export.nodes(group.tracks)):
                    yield from tracks.read(node, f"{prefix}{element}", rules, size)
            if group.images:
                yield from self._from_frames(group, rules, log, size, prefix)

    def _from_frames(
        self, group: Group, rules: Rules, log: Log, size: tuple[int | None, int | None], prefix: str
    ) -> Iterator[Annotation]:
        """Shapes of a frame last for that frame; tags are joined over consecutive sampled frames."""
        reader = ImageReader(self._setting.vocabulary, log, group.export.name, self._setting.groups)
        tags: dict[Choice, list[int]] = {}
        for node in group.export.nodes(group.images):
            name = node.get("name")
            match = FRAME.fullmatch(name)
            assert match is not None
            frame = rules.number(int(match[1]) - group.task.offset)
            if frame < 0:
                skip_all((node,), log, Code.FRAME_INVALID, "the frame lies before the task's first", group.export.name)
                continue
            width, height = whole(node.get("width"), 1), whole(node.get("height"), 1)
            reader.start(name, width or size[0], height or size[1])
            for annotation in reader.read(node):
                if isinstance(annotation, Object):
                    yield from _frame_tracks(annotation, frame, f"{prefix}{name}", name)
                elif isinstance(annotation, Classification) and isinstance(annotation.value, Choice):
                    tags.setdefault(annotation.value, []).append(frame)
        for number, (choice, frames) in enumerate(tags.items()):
            yield Classification(
                id=f"{prefix}tag {number}",
                name=TAGS,
                value=choice,
                frames=tuple(_spans(sorted(set(frames)), rules.step)),
                where=f"tag {choice.value!r}",
                units=len(frames),
            )


def _frame_tracks(shape: Object, frame: int, prefix: str, name: str) -> Iterator[Track]:
    where = f"{name} {shape.where}"
    if not isinstance(shape.geometry, Keypoints):
        yield Track(
            id=f"{prefix}/{shape.id}",
            label=shape.label,
            segments=((Keyframe(frame, shape.geometry),),),
            attributes=shape.attributes,
            loss=shape.loss,
            where=where,
            units=shape.units,
            counted=shape.counted,
        )
        return
    flag = flags_beside(a.name for a in shape.attributes if not a.flag).yes
    for i, point in enumerate(shape.geometry.points):
        flags = (flag,) if point.occluded and flag not in shape.attributes else ()
        yield Track(
            id=f"{prefix}/{shape.id}/{point.name}",
            label=element_label(shape.label, point.name),
            segments=((Keyframe(frame, Point(point.x, point.y)),),),
            attributes=(*shape.attributes, Attribute(INSTANCE, f"{prefix}/{shape.id}"), *flags),
            loss=shape.loss and not i,
            where=where,
            units=0 if i else 1,
            counted=shape.label,
        )


def _spans(frames: Sequence[int], step: int) -> Iterator[FrameSpan]:
    first = last = frames[0]
    for frame in frames[1:]:
        if frame - last > step:
            yield FrameSpan(first, last)
            first = frame
        last = frame
    yield FrameSpan(first, last)


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

    @overload
    def __getitem__(self, index: int) -> Annotation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Annotation]: ...
    def __getitem__(self, index: int | slice) -> Annotation | Sequence[Annotation]:
        everything = self._make(Log())
        if isinstance(index, int) and index >= 0:
            found = next(islice(everything, index, None), None)
            if found is None:
                raise IndexError(index)
            return found
        return list(everything)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self._make(Log())) == list(
            other._make(Log()) if isinstance(other, Lazy) else other
        )

    def __hash__(self) -> int:
        return id(self)
