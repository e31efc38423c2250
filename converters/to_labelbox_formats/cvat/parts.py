"""Work units of a CVAT dataset: the pictures of a task, a video, or the frames of a video as pictures."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol, overload

import numpy as np

from to_labelbox.diagnostics import UNNAMED, UNREADABLE, Code, FileError, Log
from to_labelbox.formats import ReadContext
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
from to_labelbox.source import Source
from to_labelbox_formats.cvat.exports import FRAME, Group, XmlExport
from to_labelbox_formats.cvat.images import ImageReader, Turn
from to_labelbox_formats.cvat.meta import TAGS, element_label, whole
from to_labelbox_formats.cvat.nodes import Node, parse_node, start_tag
from to_labelbox_formats.cvat.paths import MediaFinder
from to_labelbox_formats.cvat.shapes import INSTANCE, OCCLUDED, Vocabulary
from to_labelbox_formats.cvat.tracks import Rules, TrackReader

MAX_FRAMES = 1_000_000
ROWS_AT_ONCE = 200_000


class Part(Protocol):
    """Consecutive units of the dataset."""

    units: int

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What all parts of a dataset share."""

    source: Source
    context: ReadContext
    vocabulary: Vocabulary
    groups: bool
    relative: bool


class ImagePart:
    """The pictures of one group; a picture that is told several times is one unit."""

    def __init__(self, group: Group, setting: Setting, finder: MediaFinder) -> None:
        self._group = group
        self._setting = setting
        self._finder = finder
        self._again: dict[int, list[int]] = {}
        self._firsts: array[int] = group.images
        hashes = np.frombuffer(group.hashes, np.int64) if group.hashes else np.empty(0, np.int64)
        if len(np.unique(hashes)) < len(hashes):
            self._firsts = array("Q")
            units: dict[int, int] = {}
            for element, value in zip(group.images, group.hashes):
                unit = units.setdefault(value, len(self._firsts))
                if unit == len(self._firsts):
                    self._firsts.append(element)
                else:
                    self._again.setdefault(unit, []).append(element)
        self.units = len(self._firsts)

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        group = self._group
        reader = ImageReader(self._setting.vocabulary, log, group.export.name, self._setting.groups)
        texts = group.export.texts(self._firsts[start:stop]) if isinstance(group.export, XmlExport) else None
        for unit in range(start, stop):
            again = self._again.get(unit, ())
            data = next(texts) if texts is not None else b""
            try:
                if data and not again:
                    yield from self._item_of_text(data, reader, log)
                else:
                    first, *rest = group.export.nodes([self._firsts[unit], *again])
                    yield from self._item(first, rest, reader, log)
            except FileError as error:
                log.note(Code.RECORD_UNREADABLE, str(error), file=group.export.name, where=f"image {unit + 1}")

    def _item_of_text(self, data: bytes, reader: ImageReader, log: Log) -> Iterator[Item]:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return self._item(parse_node(data), (), reader, log)
        found = start_tag(text)
        if found is None or not found[0].get("name").strip():
            return self._item(parse_node(data), (), reader, log)
        head, start = found

        def read() -> list[Annotation]:
            quickly = [] if head.layout.empty else reader.read_text(text, start)
            return reader.read(parse_node(data)) if quickly is None else quickly

        return self._item(head, (), reader, log, read)

    def _item(
        self,
        node: Node,
        rest: Sequence[Node],
        reader: ImageReader,
        log: Log,
        read: Callable[[], list[Annotation]] | None = None,
    ) -> Iterator[Item]:
        group, context = self._group, self._setting.context
        name, file = node.get("name"), group.export.name
        if not name.strip():
            skip_all(
                (node, *rest), log, Code.RECORD_UNREADABLE, "the image has no name, so nothing can be said of it", file
            )
            return
        place = self._finder.place(name, group)
        path = f"{group.folder}{place}"
        width, height = whole(node.get("width"), 1), whole(node.get("height"), 1)
        if (width is None or height is None) and path in context.sizes:
            width, height = context.sizes[path]
        asset_size, turn = self._turned(path, name, width, height, log)
        if asset_size is not None and (width is None or height is None):
            upright = asset_size if turn is None or turn.orientation < 5 else asset_size[::-1]
            width, height = upright
        if width is None or height is None:
            log.note(
                Code.IMAGE_SIZE_UNKNOWN,
                "the file gives no size for this picture: masks are left out and nothing is cut at its border; "
                "give --media-root or --sizes FILE",
                file=file,
                where=name,
            )
            width = height = None
        reader.start(name, width, height, turn)
        annotations = read() if read is not None else reader.read(node)
        for other in rest:
            size = whole(other.get("width"), 1), whole(other.get("height"), 1)
            if size == (whole(node.get("width"), 1), whole(node.get("height"), 1)):
                log.note(
                    Code.ASSET_DUPLICATE,
                    "the picture is told twice; its annotations are put together",
                    file=file,
                    where=name,
                )
                annotations = reader.read(other)
            else:
                message = f"the picture is told again with another size ({size[0]} × {size[1]}); this one is left out"
                skip_all((other,), log, Code.ASSET_DUPLICATE, message, file)
        if asset_size is None and width is not None and height is not None:
            asset_size = (width, height)
        asset = Asset(
            path=path,
            id=node.get("id"),
            width=asset_size[0] if asset_size else None,
            height=asset_size[1] if asset_size else None,
        )
        yield Item(asset=asset, annotations=annotations, split=group.subset, origin=file)

    def _turned(
        self, path: str, name: str, width: int | None, height: int | None, log: Log
    ) -> tuple[tuple[int, int] | None, Turn | None]:
        """(stored size where the picture's header is at hand, how coordinates have to be turned)."""
        context, file = self._setting.context, self._group.export.name
        if not context.exif and width is not None:
            return None, None
        header = self._finder.header(path, name, self._group)
        if header is None:
            if context.exif and not FRAME.fullmatch(name):
                log.note(Code.EXIF_UNCHECKED, "the picture is not at hand, so its EXIF orientation is not checked; give --media-root", file=file, where=name)  # fmt: skip
            return None, None
        stored, upright = (header.width, header.height), header.upright
        if width is not None and height is not None and (width, height) != upright:
            if (width, height) != stored:
                log.note(
                    Code.IMAGE_SIZE_MISMATCH,
                    f"the export says {width} × {height}, the picture has {upright[0]} × {upright[1]} pixels",
                    file=file,
                    where=name,
                )
            return None, None
        if header.orientation == 1 or not context.exif:
            return stored, None
        log.note(
            Code.EXIF_TURNED,
            f"the picture is stored with EXIF orientation {header.orientation}; coordinates are turned back",
            file=file,
            where=name,
        )
        return stored, Turn(header.orientation, *stored)


class VideoPart:
    """One video: all tracks of its groups, and their frames where an export gives these as images."""

    units = 1

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
                split=self._groups[0].subset,
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
            frame = rules.number(int(match[1]))
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
    for i, point in enumerate(shape.geometry.points):
        flags = (OCCLUDED,) if point.occluded and OCCLUDED not in shape.attributes else ()
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


class FramePart:
    """The frames of video tasks as pictures: every sampled frame is one. Tracks are read once for many frames."""

    def __init__(self, group: Group, setting: Setting, finder: MediaFinder, log: Log) -> None:
        self._group = group
        self._setting = setting
        self._finder = finder
        self._images: dict[int, int] = {}
        task = group.task
        last = task.last
        if last is None:
            last = self._last_seen(log)
        if group.images:
            for element, node in zip(group.images, group.export.nodes(group.images)):
                match = FRAME.fullmatch(node.get("name"))
                if match is not None:
                    self._images[int(match[1])] = element
                    last = max(last, int(match[1]))
        self._frames = range(task.start, last + 1, task.step)[:MAX_FRAMES]
        self.units = len(self._frames)

    def _rules(self) -> Rules:
        return Rules(self._group.task, self._group.export.dense, self._group.export.closes)

    def _last_seen(self, log: Log) -> int:
        log.decide(f"{self._group.export.name}: the number of frames is not given; frames up to the last row are taken")
        reader = TrackReader(self._setting.vocabulary, Log(), self._group.export.name, False)
        rules, last = self._rules(), self._group.task.start - 1
        for node in self._group.export.nodes(self._group.tracks):
            last = max([last, *(frame for frame, _ in reader.by_frame(node, "", rules))])
        return last

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        group = self._group
        at_once = max(1, ROWS_AT_ONCE // max(1, len(group.tracks)))
        images = ImageReader(self._setting.vocabulary, log, group.export.name, self._setting.groups)
        tracks = TrackReader(self._setting.vocabulary, log if not start else Log(), group.export.name, False)
        rules, width, height = self._rules(), group.task.width, group.task.height
        for low in range(start, stop, at_once):
            frames = self._frames[low : min(stop, low + at_once)]
            found: dict[int, list[Node]] = {frame: [] for frame in frames}
            for element, node in zip(group.tracks, group.export.nodes(group.tracks)):
                if not node.get("label"):
                    continue
                for frame, shape in tracks.by_frame(node, str(element), rules):
                    if frame in found:
                        found[frame].append(shape)
            told = [self._images[frame] for frame in frames if frame in self._images]
            for node in group.export.nodes(told):
                found[int(node.get("name")[len("frame_") :])].extend(node.children)
            for frame in frames:
                name = f"frame_{frame:06d}"
                place = self._finder.place(name, group)
                images.start(name, width, height)
                yield Item(
                    asset=Asset(path=f"{group.folder}{place}", id=str(frame), width=width, height=height),
                    annotations=images.read_all(found.pop(frame)),
                    split=group.subset,
                    origin=group.export.name,
                )
            tracks = TrackReader(self._setting.vocabulary, Log(), group.export.name, False)


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


def skip_all(nodes: Iterable[Node], log: Log, code: Code, message: str, file: str) -> None:
    """Every annotation of these images is read and skipped; the reason is noted even where there is none."""
    for node in nodes:
        where = node.get("name") or f"image {node.get('id')}"
        if not node.children:
            log.note(code, message, file=file, where=where)
        for shape in node.children:
            label = TAGS if shape.tag == "tag" else shape.get("label") or UNNAMED
            log.read(label)
            log.skip(code, label, message, file=file, where=where)
