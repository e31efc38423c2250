"""What is being written, and for which asset: all that the encoders of shapes, tracks and answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec import Raw, Struct

from to_labelbox.model.items import Attribute, Classification, Item, Object, Relationship, Track
from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import INSTANCE, VISIBILITY, Survey, observe
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox.encode.line_types import LineLine, MaskLine, MasksLine, PolygonLine, SegmentsLine
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.options import Options

SPILL = 1 << 20
"""Bytes of encoded lines that are kept before they are handed on, if there is someone to take them."""
BATCH = 1 << 10
"""Lines that are encoded at once: a call for each would take as long as the encoding."""
LONG = 1 << 8
"""Vertices of lines that wait for that: encoding so many takes long enough."""
_LARGE = frozenset({LineLine, MaskLine, MasksLine, PolygonLine, SegmentsLine})


class Sheet:
    """The lines, the survey and the log of one chunk, and the data row that the next lines refer to."""

    item: Item
    key: str
    uuids: Uuids
    data_row: Raw

    def __init__(self, settings: Settings, options: Options, log: Log) -> None:
        self.settings = settings
        self.options = options
        self.fit = settings.fit
        self.filtered = bool(settings.include or settings.exclude)
        self.log = log
        self.survey = Survey()
        self.lines = bytearray()
        self.spill: Callable[[bytes], None] | None = None
        self.waiting: list[Struct] = []
        self.vertices = 0
        self._encoded = 0
        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._wanted: dict[str, bool] = {}

    @property
    def line_count(self) -> int:
        return self._encoded + len(self.waiting)

    def write(self, line: Struct) -> None:
        """Append a line. It waits for others to be encoded with, unless it may be large."""
        self.waiting.append(line)
        if len(self.waiting) > BATCH or type(line) in _LARGE:
            self.flush()

    def flush(self) -> None:
        self.lines += self._encode_lines(self.waiting)
        self._encoded += len(self.waiting)
        self.waiting.clear()
        self.vertices = 0
        if len(self.lines) > SPILL and self.spill is not None:
            self.survey.bytes += len(self.lines)
            self.spill(bytes(self.lines))
            self.lines.clear()

    def passes(self, label: str, annotation: Object | Track | Classification) -> bool:
        wanted = self._wanted.get(label)
        if wanted is None:
            wanted = self._wanted[label] = self.settings.wants(label)
        if not wanted:
            self.skip(Code.EXCLUDED, label, f"class {label!r} is left out by --include/--exclude", annotation)
        return wanted

    def skip(
        self, code: Code, label: str, message: str, annotation: Object | Track | Classification | Relationship
    ) -> None:
        """Close an annotation as skipped; a further piece of one that is counted already only gets the note."""
        where, id = annotation.where, annotation.id
        label = annotation.counted or label
        if annotation.units:
            self.log.skip(code, label, message, file=self.item.origin, where=where, id=id, count=annotation.units)
        else:
            self.log.note(code, message, file=self.item.origin, where=where, id=id)

    def fits(self, label: str, kind: Kind) -> bool:
        """Whether the existing ontology, if there is one, has a tool for such a shape."""
        return self.fit is None or (label, kind) in self.fit.shapes

    def miss(
        self, unfit: Iterable[str], annotation: Object | Track | Classification | Relationship, skipped: str
    ) -> None:
        """Note what the existing ontology does not have; with ``skipped``, a label, nothing was written."""
        for what in unfit:
            self.log.unfit[what] = self.log.unfit.get(what, 0) + 1
        missing = ", ".join(unfit)
        if skipped:
            self.skip(Code.NOT_IN_ONTOLOGY, skipped, f"the ontology has no {missing}", annotation)
            return
        message = f"left out, as the ontology does not have it: {missing}"
        file, where = self.item.origin, annotation.where
        self.log.note(Code.NOT_IN_ONTOLOGY, message, file=file, where=where, id=annotation.id)

    def observe(self, label: str, part: str, attributes: tuple[Attribute, ...], owner: str) -> None:
        plain = attributes
        if part[:1] == "/":
            self.survey.keypoints[label] = owner
            if Attribute(VISIBILITY, "occluded") in attributes:
                self.survey.occluded[owner] = None
            plain = tuple(a for a in attributes if a.name not in (VISIBILITY, INSTANCE))
        if plain:
            observe(self.survey.attributes.setdefault(label, {}), plain)
