"""Items to payload lines and data rows, one asset after another.

What only some sets have (tracks, answers, links, maps) is loaded with the first of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import count as counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from to_labelbox.conversion.global_keys import Keys, cleaned
from to_labelbox.model.items import Attribute, Classification, Item, Media, Object, Relationship, Track
from to_labelbox.model.survey import Survey
from to_labelbox.report.annotation_index import LeftOutLines
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.rules.required import ASSET, missing
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox.encode.line_buffer import DataRow, LineBuffer
from to_labelbox_formats.labelbox.encode.open_rows import DataRows
from to_labelbox_formats.labelbox.encode.shapes import Shapes
from to_labelbox_formats.labelbox.limits import FRAMES, MANY, MAX_FRAMES
from to_labelbox_formats.labelbox.options import Options

if TYPE_CHECKING:
    from to_labelbox_formats.labelbox.encode.answers import Questions
    from to_labelbox_formats.labelbox.encode.georeference import Georeference
    from to_labelbox_formats.labelbox.encode.tracks import Tracks


class Encoded(Struct):
    """See :class:`to_labelbox.plugins.writer.Encoded`."""

    rows: bytes
    lines: bytes
    counts: array[int]
    keys: array[int]
    survey: Survey
    log: Log
    items: int
    written: int


def _georeference(options: Options) -> Georeference | None:
    if not options.geo:
        return None
    from to_labelbox_formats.labelbox.encode.georeference import Georeference

    return Georeference(options.geo, options.epsg)


def _tracks(buffer: LineBuffer) -> Tracks:
    from to_labelbox_formats.labelbox.encode.tracks import Tracks

    return Tracks(buffer)


class Encoder:
    """Encodes the items of one chunk."""

    def __init__(self, settings: Settings, options: Options, dataset: str, log: Log) -> None:
        self._settings = settings
        self._options = options
        self._dataset = dataset
        self._keys = Keys(settings, dataset)
        self._georeference = _georeference(options)
        self._reset(log)

    def _reset(self, log: Log) -> None:
        self._buffer = buffer = LineBuffer(self._settings, self._options, log)
        self._shapes = Shapes(buffer)
        self._tracks: Tracks | None = None
        self._questions: Questions | None = None
        self._data_rows = DataRows(buffer, self._settings, self._keys, self._georeference is not None)
        self._counts = array("I")
        self._items = self._written = 0

    @property
    def spill(self) -> Callable[[bytes], None] | None:
        """Takes whole lines every 128 kB or so, until :meth:`take`."""
        return self._buffer.spill

    @spill.setter
    def spill(self, spill: Callable[[bytes], None] | None) -> None:
        self._buffer.spill = spill

    def index_to(self, write: Callable[[bytes], None] | None, first_line: int = 1) -> None:
        """See :class:`to_labelbox.plugins.writer.Encoder`."""
        buffer = self._buffer
        buffer.spill_index = write
        buffer.number = counter(first_line).__next__
        buffer.log.left_out = None if write is None else LeftOutLines()

    def take(self) -> Encoded:
        """What has been encoded; the encoder starts anew with an empty log of the same policy."""
        buffer = self._buffer
        self._shapes.finish()
        buffer.finish()
        rows = "".join(self._data_rows.lines).encode()
        buffer.survey.bytes += len(buffer.lines) + len(rows)
        taken = Encoded(
            rows,
            bytes(buffer.lines),
            self._counts,
            self._data_rows.hashes,
            buffer.survey,
            buffer.log,
            self._items,
            self._written,
        )
        self._reset(Log(fail=buffer.log.fail))
        return taken

    def add(self, *items: Item) -> None:
        """Encode assets: their data rows, then the shapes and tracks, the answers and the relationships of each."""
        buffer = self._buffer
        if self._georeference is not None:
            items = tuple([self._georeference(item, buffer.log) for item in items])
        if not "".join([item.asset.path for item in items]).isascii():
            items = tuple(map(self._cleaned, items))
        # whatever is left out of one asset is told before anything is told of the next
        for some in [items] if self._settings.rows is None else [(item,) for item in items]:
            self._add(some)

    def _add(self, items: Sequence[Item]) -> None:
        self._items += len(items)
        rows = self._data_rows.open(items)
        self._written += len(rows)
        if not rows:  # the only item: where items may have no row, they come one by one
            self._counts.append(0)
        buffer = self._buffer
        plain = not buffer.filtered and buffer.fit is None and buffer.required is None
        for some, counts in self._shapes.tables(rows) if plain else ((rows, None),):
            if counts is not None:
                self._counts.extend(counts)
                continue
            for row in some:
                self._add_one(row, plain and row.item.asset.media is Media.IMAGE)

    def _add_one(self, row: DataRow, plain: bool) -> None:
        """Encode what is said about an asset; ``plain``: of its shapes, those that are plain are written as they are."""
        buffer, shapes, tracks, item = self._buffer, self._shapes, self._tracks, row.item
        asset = item.asset
        buffer.open(row)
        if asset.frames is not None and asset.frames > MAX_FRAMES:
            buffer.log.note(Code.LIMIT, f"{asset.frames} frames; a video may have {MAX_FRAMES}", file=row.key)
        before = buffer.line_count
        shapes.start(item)
        ends: dict[str, str] = {}
        instances: dict[str, int] = {}
        if plain and shapes.parted(row, ends, instances):
            self._counts.append(buffer.line_count - before)
            return
        if tracks is not None:
            tracks.start()
        answers: list[Classification] = []
        relationships: list[Relationship] = []
        remaining = iter(item.annotations)
        linked = ends if self._settings.relationships else None
        while (annotation := shapes.plain(remaining, linked) if plain else next(remaining, None)) is not None:
            if type(annotation) is Object:
                if buffer.filtered and not buffer.passes(annotation.label, annotation):
                    continue
                shapes.add(annotation, ends, instances)
            elif type(annotation) is Classification:
                answers.append(annotation)
            elif type(annotation) is Track:
                if asset.frames is None:
                    self._check_frames(annotation)
                if buffer.filtered and not buffer.passes(annotation.label, annotation):
                    continue
                if tracks is None:
                    tracks = self._tracks = _tracks(buffer)
                tracks.add(annotation, instances)
            elif type(annotation) is Relationship:
                relationships.append(annotation)
        if tracks is not None:
            tracks.finish()
        buffer.survey.repeated.update(dict.fromkeys(label for label, count in instances.items() if count > 1))
        sources = self._answer(answers) if answers else {}
        if buffer.required is not None:
            self._demand(answers, sources)
        if relationships:
            self._relate(relationships, ends, sources)
        if buffer.line_count - before > MANY:
            buffer.check_many(shapes.plain_lines())
        self._counts.append(buffer.line_count - before)

    def _cleaned(self, item: Item) -> Item:
        """The item with its file under a name that a text can hold."""
        renamed = cleaned(item.asset)
        if renamed is item.asset:
            return item
        self._buffer.log.note(
            Code.NAME_CLEANED,
            "the file's name holds bytes or characters that no text can hold: rename it before it is uploaded",
            file=renamed.path,
        )
        return msgspec.structs.replace(item, asset=renamed)

    def _answer(self, answers: list[Classification]) -> dict[str, str]:
        if self._questions is None:
            from to_labelbox_formats.labelbox.encode.answers import Questions

            self._questions = Questions(self._buffer)
        return self._questions.add(answers)

    def _relate(self, relationships: list[Relationship], ends: dict[str, str], sources: dict[str, str]) -> None:
        from to_labelbox_formats.labelbox.encode.relationships import add_relationship

        for relationship in relationships:
            add_relationship(self._buffer, relationship, ends, sources)

    def _check_frames(self, track: Track) -> None:
        """Note what a track tells of the length of a video that nothing else does."""
        last = max((segment[-1].frame for segment in track.segments if segment), default=-1)
        self._buffer.survey.note_largest(FRAMES, last + 1)
        if last >= MAX_FRAMES:
            message = f"frame {last + 1}; a video may have {MAX_FRAMES}"
            self._buffer.log.note(Code.LIMIT, message, file=self._buffer.key, where=track.location, id=track.id)

    def _demand(self, answers: list[Classification], written: Mapping[str, str]) -> None:
        """Note the required questions about the asset that have no answer."""
        buffer = self._buffer
        assert buffer.required is not None
        given = [Attribute(a.name, a.value) for a in answers if a.id in written and a.message is None]
        for message in missing(buffer.required.assets, given, ASSET):
            buffer.log.note(Code.REQUIRED_UNANSWERED, message, file=buffer.item.origin)
