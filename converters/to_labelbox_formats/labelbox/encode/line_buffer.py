"""What is being written, and for which asset: all that the encoders of shapes, tracks and answers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count

import msgspec
from msgspec import UNSET, Raw, Struct

from to_labelbox.model.items import Annotation, Attribute, Classification, Item, Mask
from to_labelbox.model.schema import Kind
from to_labelbox.model.survey import INSTANCE, VISIBILITY, Survey, add_counts, observe
from to_labelbox.model.tables import Rows
from to_labelbox.ontology.infer import clean_name
from to_labelbox.report import sentences
from to_labelbox.report.annotation_index import Further, IndexLine, ascii_lines, ascii_text, with_own_file
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Diagnostic, Log, class_of
from to_labelbox.rules.required import label_owner, missing
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox.encode.line_types import LineLine, MasksLine, Png, PolygonLine, SegmentsLine
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.limits import MANY, ONE_NAME
from to_labelbox_formats.labelbox.options import Options

SPILL = 1 << 17
"""Bytes of encoded lines that are kept before they are handed on, if there is someone to take them.

Larger blocks would be given new pages by the system each time, which costs more than handing on more often."""
BATCH = 1 << 10
"""Lines that are encoded at once: a call for each would take as long as the encoding."""
TOLD = 1 << 16
"""Bytes of the index that are kept before they are handed on."""
LONG = 1 << 8
"""Vertices of lines that wait for that: encoding so many takes long enough."""
MASKS = 1 << 5
"""Masks that are encoded at once, and with them all lines up to :data:`LONG` vertices each."""
_RUNS = 1 << 16
"""Bytes of compressed masks that wait for that."""
_LARGE = frozenset({MasksLine, SegmentsLine})


class DataRow(Struct, gc=False):
    """What lines refer to. ``reference`` is how they do so in JSON, ``place`` what the index tells of it, if there is one."""

    item: Item
    key: str
    uuids: Uuids
    reference: str
    place: str = ""


class LineBuffer:
    """The lines, the survey and the log of one chunk, and the data row that the next lines refer to.

    ``index`` has a line for each of ``waiting`` while ``spill_index`` takes them; ``place`` is what they tell of the item,
    ``number`` gives that of the next line. ``of_row`` counts the lines of the data row by tool,
    but for plain shapes.
    """

    item: Item
    key: str
    uuids: Uuids
    data_row: Raw
    place: Raw

    def __init__(self, settings: Settings, options: Options, log: Log) -> None:
        self.settings = settings
        self.options = options
        self.fit = settings.fit
        self.required = settings.required
        self.filtered = settings.filtered
        self.log = log
        self.survey = Survey()
        self.of_row: dict[tuple[str, Kind], int] = {}
        self.lines = bytearray()
        self.spill: Callable[[bytes], None] | None = None
        self.spill_index: Callable[[bytes], None] | None = None
        self.index: list[IndexLine] = []
        self._told = bytearray()
        self.place = Raw()
        self.number = count(1).__next__
        self._labels: dict[str, Raw] = {}
        self.waiting: list[Struct] = []
        self.vertices = 0
        self._masks: list[tuple[Png, Mask]] = []
        self._encoded = 0
        self._encode_lines = msgspec.json.Encoder().encode_lines
        self._runs = 0
        self._wanted: dict[str, bool] = {}
        self._several_files = False
        self._large = False

    @property
    def line_count(self) -> int:
        return self._encoded + len(self.waiting)

    def open(self, row: DataRow) -> None:
        """The data row that the next lines refer to."""
        self.item, self.key, self.uuids = row.item, row.key, row.uuids
        self.of_row.clear()
        self.data_row, self.place = Raw(row.reference), Raw(row.place)
        if self.spill_index is not None and "\t" in _first_location(row.item):
            self._several_files = True

    def label_of(self, annotation: Annotation) -> Raw:
        """The class of an annotation in the index: the row of the ledger that it counts in."""
        label = annotation.ledger_label or (
            annotation.name if isinstance(annotation, Classification) else annotation.label
        )
        encoded = self._labels.get(label)
        if encoded is None:
            encoded = self._labels[label] = Raw(ascii_text(label))
        return encoded

    def write(self, line: Struct, uuid: str | None, annotation: Annotation, others: Sequence[Annotation] = ()) -> None:
        """Append a line, of one annotation or also of others. It waits to be encoded with more, one that may be large only for
        the next, so that what becomes known of its annotation can still be said in the index."""
        if self._large or len(self.waiting) > BATCH or self.is_long:
            self.flush()
        self.waiting.append(line)
        if type(line) is PolygonLine:
            self.vertices += len(line.polygon)
        elif type(line) is LineLine:
            self.vertices += len(line.line)
        else:
            self._large = type(line) in _LARGE
        if self.spill_index is not None:
            also = [Further(other.location, other.id, self.label_of(other)) for other in others] if others else UNSET
            self.index.append(
                IndexLine(
                    self.number(), uuid, self.place, annotation.location, annotation.id, self.label_of(annotation), also
                )
            )

    def picture_of(self, mask: Mask) -> Png:
        """The picture of a mask, which is made with those of others when its line is encoded."""
        picture = Png(Raw())
        self._masks.append((picture, mask))
        self._runs += len(mask.counts)
        return picture

    @property
    def is_long(self) -> bool:
        """Whether what waits is enough to be encoded; more of it where masks wait with it."""
        waiting = len(self._masks)
        return self.vertices > LONG * (waiting + 1) or waiting >= MASKS or self._runs > _RUNS

    def note_approximated(self) -> None:
        """Say in the index that an annotation of the last line has lost something."""
        if self.index:
            self.index[-1].approximated = True

    def count(self, label: str, kind: Kind) -> None:
        """Count a line of a tool, of all and of the data row."""
        seen, shapes = (label, kind), self.survey.shapes
        shapes[seen] = shapes.get(seen, 0) + 1
        self.of_row[seen] = self.of_row.get(seen, 0) + 1

    def check_many(self, more: Iterable[tuple[str, Kind, int]]) -> None:
        """Say where the data row has too many lines of one tool, in the order of their names, which no chunk decides.

        ``more`` are lines that have not been counted here.
        """
        for label, kind, lines in more:
            self.of_row[label, kind] = self.of_row.get((label, kind), 0) + lines
        for (label, kind), lines in sorted(self.of_row.items()):
            if lines > MANY:
                self.survey.note_largest(ONE_NAME, lines)
                message = f"{lines} lines of {label!r} ({kind}) on one data row; an import takes {MANY} of one name"
                self.log.note(Code.LIMIT, message, file=self.key)

    def flush(self) -> None:
        if self._masks:
            from to_labelbox_formats.labelbox.encode.png_masks import png_texts  # most sets have no mask

            texts = png_texts([mask for _, mask in self._masks], (self.options.mask_value,))
            for (picture, _), text in zip(self._masks, texts):
                picture.png = Raw(b'"%b"' % text)
            self._masks.clear()
            self._runs = 0
        self.lines += self._encode_lines(self.waiting)
        self._encoded += len(self.waiting)
        self.waiting.clear()
        self._large = False
        if self.spill_index is not None and self.index:
            if self._several_files:
                self.index[:] = map(with_own_file, self.index)
            self._told += ascii_lines(self.index)
            self.index.clear()
        self.vertices = 0
        self._hand_on()

    def add(self, lines: str, count: int, told: str) -> None:
        """Append so many lines that are encoded already, and what the index tells of them."""
        if self.waiting:
            self.flush()
        self.lines += lines.encode()
        self._encoded += count
        self._told += told.encode()
        self._hand_on()

    def finish(self) -> None:
        """Encode what waits, and hand on the rest of the index."""
        self.flush()
        self._hand_on(0)

    def _hand_on(self, kept: int = TOLD) -> None:
        if len(self._told) > kept and self.spill_index is not None:
            self.spill_index(bytes(self._told))
            self._told.clear()
        if len(self.lines) > SPILL and self.spill is not None:
            self.survey.bytes += len(self.lines)
            self.spill(bytes(self.lines))
            self.lines.clear()

    def passes(self, label: str, annotation: Annotation) -> bool:
        """Whether a class is wanted; a point of a skeleton that stands alone is with its class."""
        wanted = self._wanted.get(label)
        if wanted is None:
            rules, counted = self.settings.class_map, annotation.ledger_label
            owners = {counted} if rules is None else rules.new_names(counted)
            named = [owner for owner in owners if owner and label.startswith(f"{owner}/")]
            wanted = self._wanted[label] = self.settings.wants(label, *named)
        if not wanted:
            self.skip(Code.EXCLUDED, f"class {label!r} is left out by --include/--exclude", annotation)
        return wanted

    def refuses(self, label: str, annotation: Annotation) -> bool:
        """Whether a class or question has no name, and the annotation is skipped for that."""
        if label.strip():
            return False
        self.skip(Code.CLASS_UNNAMED, "it has no class: what it is of has an empty name", annotation)
        return True

    def skip(self, code: str, message: str, annotation: Annotation) -> None:
        self.log.skip_annotation(code, message, annotation, self.item.origin, self.key)

    def note(self, code: str, message: str, annotation: Annotation, count: int = 1) -> Diagnostic:
        return self.log.note_annotation(code, message, annotation, self.item.origin, count)

    def close(self, annotation: Annotation, lost: bool) -> None:
        """Count an annotation as written, whole or with a loss."""
        tally = self.log.ledger[class_of(annotation)]
        if lost:
            tally.approximated += annotation.source_count
        else:
            tally.converted += annotation.source_count

    def demand(self, label: str, kind: Kind, given: Sequence[Attribute], annotation: Annotation) -> None:
        """Note the required questions of a line's tool that have no answer."""
        assert self.required is not None
        asked = self.required.of(label, kind) or self.required.of(clean_name(label), kind)
        for message in missing(asked, given, label_owner(clean_name(label))):
            self.note(Code.REQUIRED_UNANSWERED, message, annotation)

    def fits(self, label: str, kind: Kind) -> bool:
        """Whether the existing ontology, if there is one, has a tool for such a shape."""
        return self.fit is None or (label, kind) in self.fit.shapes

    def miss(self, absent: Iterable[str], annotation: Annotation, skipped: bool) -> None:
        """Note what the existing ontology does not have; ``skipped``: so nothing is written."""
        for what in absent:
            add_counts(self.log.missing_in_ontology, {what: 1})
        names = ", ".join(absent)
        if skipped:
            self.skip(Code.NOT_IN_ONTOLOGY, f"the ontology has no {names}", annotation)
            return
        self.note(*sentences.NO_SUCH_TOOL(names=names), annotation)

    def observe(self, label: str, part: str, attributes: tuple[Attribute, ...], owner: str) -> None:
        plain = attributes
        if part[:1] == "/":
            self.survey.keypoints[label] = owner
            if Attribute(VISIBILITY, "occluded") in attributes:
                self.survey.occluded[owner] = None
            plain = tuple(a for a in attributes if a.name not in (VISIBILITY, INSTANCE))
        if plain:
            observe(self.survey.attributes.setdefault(label, {}), plain)


def _first_location(item: Item) -> str:
    """Where the first annotation stands. Those that are read while they are iterated may become fewer than are counted."""
    if type(item.annotations) is Rows:
        return item.annotations.table.locations[item.annotations.start] if item.annotations else ""
    with suppress(IndexError):
        return item.annotations[0].location
    return ""
