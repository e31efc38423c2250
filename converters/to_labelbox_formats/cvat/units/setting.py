"""What the work units of a CVAT dataset share, and what they are: the pictures of a task, a video, or its frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from to_labelbox.model.items import Item
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox_formats.cvat.exports import Group
from to_labelbox_formats.cvat.options import Frames, Numbering, OpenTracks, Options
from to_labelbox_formats.cvat.shapes import Vocabulary
from to_labelbox_formats.cvat.tracks.rows import Rules


class Units(Protocol):
    """Consecutive units of the dataset."""

    units: int

    def items(self, log: Log, start: int, stop: int) -> Iterator[Item]: ...

    def unlabelled(self, unit: int) -> Sequence[Item]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What all units of a dataset share. ``open_ends`` are by the name of an export."""

    context: ReadContext
    vocabulary: Vocabulary
    options: Options
    open_ends: Mapping[str, OpenTracks]

    def rules(self, group: Group) -> Rules:
        export, options = group.export, self.options
        relative = options.frames == Frames.SAMPLED
        sampled = export.is_xml and options.numbering is Numbering.SAMPLED
        first = int(export.is_xml and options.numbering is Numbering.FROM_ONE)
        ends = self.open_ends[export.name]
        return Rules(group.task, export.dense, export.closes, relative, ends, sampled, options.coordinates, first)
