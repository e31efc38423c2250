"""Work units of a CVAT dataset: the pictures of a task, a video, or the frames of a video as pictures."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.model.items import Annotation, Asset, Item
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import UNNAMED, UNREADABLE, Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.assets import MediaFinder
from to_labelbox_formats.cvat.meta import TAGS, whole
from to_labelbox_formats.cvat.nodes import FRAME, Node, parse_node, start_tag
from to_labelbox_formats.cvat.options import OpenTracks
from to_labelbox_formats.cvat.shapes import Vocabulary
from to_labelbox_formats.cvat.tracks.rows import Rules
from to_labelbox_formats.cvat.xml.exports import Group, XmlExport
from to_labelbox_formats.cvat.xml.images import ImageReader, Turn


class Part(Protocol):
    """Consecutive units of the dataset."""

    units: int
    is_video: bool

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What all parts of a dataset share. ``open_ends`` are by the name of an export."""

    source: Source
    context: ReadContext
    vocabulary: Vocabulary
    groups: bool
    relative: bool
    all_jobs: bool = False
    open_ends: Mapping[str, OpenTracks] = field(default_factory=dict)


def rules_of(group: Group, setting: Setting) -> Rules:
    export = group.export
    ends = setting.open_ends.get(export.name, OpenTracks.TASK)
    return Rules(group.task, export.dense, export.closes, setting.relative, ends)


_TURNED = "of which picture coordinates are where EXIF turns it"


class ImagePart:
    """The pictures of one group; a picture that is told several times is one unit."""

    is_video = False

    def __init__(self, group: Group, setting: Setting, finder: MediaFinder) -> None:
        self._group = group
        self._setting = setting
        self._finder = finder
        self._again: dict[int, list[int]] = {}
        self._firsts: array[int] = group.images
        if repeated(group.hashes):
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
                where = f"image {unit + 1}"
                log.read(UNREADABLE)
                log.skip(Code.RECORD_UNREADABLE, UNREADABLE, str(error), file=group.export.name, where=where)

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
        if rest and not self._setting.all_jobs and group.export.meta.written:
            node, rest, read = _without_control_frames(node, rest, read, log, file)
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
        yield Item(asset=asset, annotations=annotations, split=group.split, origin=f"{file} {name}")

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
            if (width, height) == stored:
                log.assume(_TURNED, "of the stored picture", for_=1, why="its size is the one that the export gives")
            else:
                log.note(
                    Code.IMAGE_SIZE_MISMATCH,
                    f"the export says {width} × {height}, the picture has {upright[0]} × {upright[1]} pixels",
                    file=file,
                    where=name,
                )
            return None, None
        if header.orientation == 1 or not context.exif:
            return stored, None
        told = width is not None and stored != upright
        log.assume(
            _TURNED,
            "of the upright picture, as CVAT shows it",
            for_=int(told),
            unknown=int(not told),
            why="counted are pictures whose size in the export is that of the upright one",
            option="--exif ignore",
        )
        log.note(
            Code.EXIF_TURNED,
            f"the picture is stored with EXIF orientation {header.orientation}; coordinates are turned back",
            file=file,
            where=name,
        )
        return stored, Turn(header.orientation, *stored)


def _without_control_frames(
    node: Node, rest: Sequence[Node], read: Callable[[], list[Annotation]] | None, log: Log, file: str
) -> tuple[Node, Sequence[Node], Callable[[], list[Annotation]] | None]:
    """A task of CVAT's has a picture once; where it is there under several frame numbers, all but the last are tests.

    Exports since 2024 leave these frames out by themselves.
    """
    told = [node, *rest]
    numbers = [whole(other.get("id")) for other in told]
    known = [n for n in numbers if n is not None]
    if len(set(known)) < len(told):
        return node, rest, read
    real = numbers.index(max(known))
    control = told[:real] + told[real + 1 :]
    message = "a control frame, on which CVAT tested an annotator; the picture is labelled on its last frame"
    skip_all(control, log, Code.NOT_SELECTED, message, file)
    log.assume(
        "pictures that a task has on several frames",
        "the last frame counts, the others are honeypots",
        for_=len(control),
        option="-O jobs=all",
        why="a task of CVAT's has no picture twice but as a test of its annotators",
    )
    return told[real], (), None


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
