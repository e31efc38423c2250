"""What the work units of a CVAT dataset share, and what they are: the pictures of a task, a video, or its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from to_labelbox.model.items import Item
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import UNNAMED, UNREADABLE, Log
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.nodes import Node
from to_labelbox_formats.cvat.options import Coordinates, OpenTracks
from to_labelbox_formats.cvat.shapes import ShapeLog, Vocabulary
from to_labelbox_formats.cvat.tracks.rows import Rules


class Units(Protocol):
    """Consecutive units of the dataset."""

    units: int
    is_video: bool

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]: ...

    def unlabelled(self, unit: int) -> Sequence[Item]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What all units of a dataset share. ``open_ends`` are by the name of an export.

    ``relative``: frames are written as numbers of the sampled clip; ``sampled_numbers``: XML files number them so.
    """

    context: ReadContext
    vocabulary: Vocabulary
    groups: bool
    relative: bool
    all_jobs: bool = False
    sampled_numbers: bool = False
    coordinates: Coordinates = Coordinates.PIXELS
    open_ends: Mapping[str, OpenTracks] = field(default_factory=dict)

    def rules(self, group: Group) -> Rules:
        export = group.export
        ends = self.open_ends.get(export.name, OpenTracks.TASK)
        sampled = self.sampled_numbers and export.is_xml
        return Rules(group.task, export.dense, export.closes, self.relative, ends, sampled, self.coordinates)


def skip_all(nodes: Iterable[Node], log: ShapeLog, code: Code, message: str) -> None:
    """Every annotation of these images is read and skipped; the reason is noted even where there is none."""
    for node in nodes:
        log.at(node.get("name") or f"image {node.get('id')}")
        if not node.children:
            log.note(code, message)
        for shape in node.children:
            label = shape.get("label").strip() or UNNAMED
            log.read(label)
            log.skip(code, label, message)


def skip_unreadable(log: Log, error: FileError, file: str, where: str) -> None:
    """An image or track that cannot be read at all is one annotation, of no class that is known."""
    log.read(UNREADABLE)
    log.skip(Code.RECORD_UNREADABLE, UNREADABLE, str(error), file=file, where=where)
