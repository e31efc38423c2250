"""The pictures of a task as work units."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.model.items import Annotation, Asset, Item, Object
from to_labelbox.model.tables import Rows
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.paths import note_disk
from to_labelbox.source.urls import is_url
from to_labelbox_formats.cvat.assets import MediaFinder
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.meta import whole
from to_labelbox_formats.cvat.nodes import FRAME, Node, Record, node_of, start_tag
from to_labelbox_formats.cvat.options import Coordinates, Jobs
from to_labelbox_formats.cvat.shapes import ShapeLog
from to_labelbox_formats.cvat.units.setting import Setting
from to_labelbox_formats.cvat.xml.fast_images import QuickReader
from to_labelbox_formats.cvat.xml.images import ImageReader, Turn

Size = tuple[int, int]
_TURNED = "coordinates of pictures that are stored turned"


class ImageUnits:
    """The pictures of one group; a picture that is told several times is one unit."""

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
        export = self._group.export
        pictures = _Pictures(self._group, self._setting, self._finder, log)
        unit = start
        for records in _some(export.records(self._firsts[start:stop])):
            for record, quick in zip(records, pictures.quickly(records)):
                again = self._again.get(unit, ())
                unit += 1
                try:
                    if quick is None or again:
                        item = pictures.item(node_of(record), list(map(node_of, export.records(again))))
                    else:
                        item = pictures.quick_item(*quick)
                except FileError as error:
                    ShapeLog(log, export.name).skip_unreadable(f"image {unit}", error)
                else:
                    yield from () if item is None else (item,)

    def unlabelled(self, unit: int) -> Sequence[Item]:
        """The picture without its annotations, by its start tag alone."""
        head = self._group.export.head(self._firsts[unit])
        if isinstance(head, bytes):
            found = start_tag(head.decode(errors="replace"))
            if found is None:
                return ()
            head, _ = found
        return _Pictures(self._group, self._setting, self._finder, Log()).unlabelled(head)


class _Place(NamedTuple):
    """A picture: its path, the size that it was drawn on, its size in stored pixels, and the turn between the two; ``other`` is the
    size of a picture that is neither."""

    path: str
    drawn: Size | None
    stored: Size | None
    turn: Turn | None
    other: Size | None = None


_AT_ONCE, _FULL = 32, 1 << 16
"""Pictures, and bytes of them, that are read together, which leaves each step's code in the processor's cache."""
_EXIF_UNKNOWN = sentences.EXIF_UNKNOWN()
_MAX_SIZES = 4096
_NOTHING = "</image>"
"""What follows the start tag of a picture without a shape."""


def _some(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records of few bytes in all, or one."""
    some: list[Record] = []
    size = 0
    for record in records:
        size += len(record) if isinstance(record, bytes) else _FULL
        if some and size > _FULL:
            yield some
            some, size = [], len(record) if isinstance(record, bytes) else _FULL
        some.append(record)
        if len(some) == _AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


class _Pictures:
    """Pictures of one group, one after another."""

    def __init__(self, group: Group, setting: Setting, finder: MediaFinder, log: Log) -> None:
        self._group = group
        self._setting = setting
        self._finder = finder
        self._log = log
        self._shapes = ShapeLog(log, group.export.name)
        self._reader = ImageReader(setting.vocabulary, self._shapes, setting.options)
        self._quick = QuickReader(setting.vocabulary)
        self._sizes: dict[tuple[str, ...], Size | None] = {}

    def quickly(self, records: Sequence[Record]) -> Sequence[tuple[Node, Sequence[Object]] | None]:
        """The start tag and the shapes of each picture; None for those of which more is to be said. Nothing is counted."""
        if self._setting.options.coordinates in (Coordinates.FRACTIONS, Coordinates.SIZES):
            return [None] * len(records)
        heads: list[Node | None] = []
        texts: list[tuple[str, int]] = []
        for record in records:
            try:
                text = record.decode() if isinstance(record, bytes) else ""
            except UnicodeDecodeError:
                text = ""
            node, end = start_tag(text) or (None, 0)
            if node is not None and node.get("name").strip():
                heads.append(node)
                texts.append((_NOTHING, 0) if node.layout.empty else (text, end))
            else:
                heads.append(None)
        found = iter(self._quick.read(texts))
        shapes = [None if node is None else next(found) for node in heads]
        if len(texts) == 1 and shapes[0] and len(texts[0][0]) > _FULL:  # too many to be written at once
            shapes[0] = list(shapes[0])
        return [None if node is None or own is None else (node, own) for node, own in zip(heads, shapes)]

    def quick_item(self, node: Node, shapes: Sequence[Object]) -> Item:
        """The picture of a start tag, on which are these shapes."""
        place = self._place(node, node.get("name"))
        ledger = self._log.ledger
        for label in shapes.labels if isinstance(shapes, Rows) else [shape.label for shape in shapes]:
            ledger[label].read += 1
        if (turn := place.turn) is not None:
            shapes = [replace(shape, geometry=turn(shape.geometry)) for shape in shapes]
        return self._item(node, place, shapes)

    def item(self, node: Node, rest: Sequence[Node]) -> Item | None:
        """The picture that is told in one or several nodes; None, with a note, for one that cannot be named."""
        if not node.get("name").strip():
            message = "the image has no name, so nothing can be said of it"
            for other in (node, *rest):
                self._shapes.skip_shapes(other, Code.RECORD_UNREADABLE, message)
            return None
        if rest and self._setting.options.jobs is not Jobs.ALL and self._group.export.meta.written:
            node, rest = self._without_control_frames([node, *rest])

        place = self._start(node)
        annotations = self._reader.read(node.children)
        for other in rest:
            self._add(other, node)
        return self._item(node, place, annotations)

    def unlabelled(self, node: Node) -> Sequence[Item]:
        """The picture without annotations; nothing for one that cannot be named."""
        return [self._item(node, self._start(node), ())] if node.get("name").strip() else ()

    def _start(self, node: Node) -> _Place:
        """The picture that is read next."""
        place = self._place(node, node.get("name"))
        width, height = place.drawn or (None, None)
        self._reader.start(node.get("name"), width, height, place.turn)
        return place

    def _item(self, node: Node, place: _Place, annotations: Sequence[Annotation]) -> Item:
        width, height = place.stored or place.drawn or (None, None)
        name = node.get("name")
        url = name if "://" in name and is_url(name) and not name.lower().startswith("file:") else None
        return Item(
            asset=Asset(path=place.path, id=node.get("id"), url=url, width=width, height=height, picture=place.other),
            annotations=annotations,
            split=self._group.split,
            origin=f"{self._group.export.name} {name}",
        )

    def _add(self, other: Node, node: Node) -> None:
        """Read another node about the same picture."""
        sizes = [(whole(n.get("width"), 1), whole(n.get("height"), 1)) for n in (other, node)]
        if sizes[0] == sizes[1]:
            self._note(Code.ASSET_DUPLICATE, "the picture is told twice; its annotations are put together", node)
            self._reader.read(other.children)
            return
        width, height = sizes[0]
        message = f"the picture is told again with another size ({width} × {height}); this one is left out"
        self._shapes.skip_shapes(other, Code.ASSET_DUPLICATE, message)

    def _without_control_frames(self, told: list[Node]) -> tuple[Node, Sequence[Node]]:
        """A task of CVAT's has a picture once; where it is there under several frame numbers, all but the last are tests.

        Exports since 2024 leave these frames out by themselves.
        """
        numbers = [whole(other.get("id")) for other in told]
        known = [n for n in numbers if n is not None]
        if len(set(known)) < len(told):
            return told[0], told[1:]
        real = numbers.index(max(known))
        control = told[:real] + told[real + 1 :]
        message = "a control frame, on which CVAT tested an annotator; the picture is labelled on its last frame"
        for other in control:
            self._shapes.skip_shapes(other, Code.NOT_SELECTED, message)
        self._log.assume(
            "pictures on several frames of a task",
            "honeypots, of which the last frame counts",
            for_=len(control),
            option="-O jobs=all",
            why="a task of CVAT's has no picture twice but as a test of its annotators",
        )
        return told[real], ()

    def _note(self, code: Code, message: str, node: Node) -> None:
        self._log.note(code, message, file=self._group.export.name, where=node.get("name"))

    # ------------------------------------------------------------------------------------------ sizes and turns

    def _place(self, node: Node, name: str) -> _Place:
        path = f"{self._group.folder}{self._finder.place(name, self._group)}"
        if self._setting.context.media is None:
            note_disk(name, self._log, self._group.export.name)
        said = self._said(node.get("width"), node.get("height")) or self._setting.context.sizes.get(path)
        stored, turn, other = self._turned(path, node, said)
        drawn = said
        if drawn is None and stored is not None:
            drawn = stored if turn is None or turn.orientation < 5 else (stored[1], stored[0])
        if drawn is None:
            self._note(
                Code.IMAGE_SIZE_UNKNOWN,
                "the file gives no size for this picture: masks are left out and nothing is cut at its border; "
                "give --media-root or --sizes FILE",
                node,
            )
        return _Place(path, drawn, stored, turn, other)

    def _said(self, *sides: str) -> Size | None:
        """The size of a picture from the texts of its sides, of which a set has few."""
        if sides not in self._sizes:
            width, height = (whole(side, 1) for side in sides)
            if len(self._sizes) >= _MAX_SIZES:
                self._sizes.clear()
            self._sizes[sides] = None if width is None or height is None else (width, height)
        return self._sizes[sides]

    def _turned(self, path: str, node: Node, said: Size | None) -> tuple[Size | None, Turn | None, Size | None]:
        """(stored size where the picture's header is at hand, how coordinates have to be turned, size of another picture)."""
        exif, name = self._setting.context.exif, node.get("name")
        if not exif and said is not None:
            return None, None, None
        header = self._finder.header(path, name, self._group)
        if header is None:
            if exif and not FRAME.fullmatch(name):
                self._note(*_EXIF_UNKNOWN, node)
            return None, None, None
        stored, upright = (header.width, header.height), header.upright
        if said is not None and said not in (upright, stored):
            return None, None, stored
        if said is not None and said != upright:
            self._log.assume(_TURNED, "of the stored picture", for_=1, why="its size is the one that the export gives")
            return None, None, None
        if header.orientation == 1 or not exif:
            return stored, None, None
        told = said is not None and stored != upright
        self._log.assume(
            _TURNED,
            "of the upright picture, as CVAT shows it",
            for_=int(told),
            unknown=int(not told),
            why="counted are pictures whose size in the export is that of the upright one",
            option="--exif ignore",
        )
        self._note(*sentences.EXIF_TURNED(orientation=header.orientation), node)
        return stored, Turn(header.orientation, *stored), None
