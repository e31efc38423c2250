"""Items to payload lines and data rows, one asset after another.

What only some sets have (tracks, answers, links, maps) is loaded with the first of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import count as counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from to_labelbox.conversion.global_keys import MAX_LENGTH, Keys, cleaned, shortened
from to_labelbox.model.items import Asset, Attribute, Classification, Item, Media, Object, Relationship, Track
from to_labelbox.model.survey import Survey, add_counts
from to_labelbox.model.tables import Rows
from to_labelbox.report.annotation_index import LeftOutLines
from to_labelbox.report.codes import Code
from to_labelbox.report.log import LISTED, Log
from to_labelbox.rules.required import ASSET, missing
from to_labelbox.rules.settings import Settings
from to_labelbox.source.urls import signed_until
from to_labelbox_formats.labelbox.addresses import not_fetched
from to_labelbox_formats.labelbox.encode.data_rows import data_row
from to_labelbox_formats.labelbox.encode.line_buffer import LineBuffer
from to_labelbox_formats.labelbox.encode.placeholders import ascii_json
from to_labelbox_formats.labelbox.encode.shapes import Shapes
from to_labelbox_formats.labelbox.limits import FRAMES, KEY, MANY, MAX_FRAMES, TEXT
from to_labelbox_formats.labelbox.metadata import RESERVED, SPLIT, SPLITS, split_option
from to_labelbox_formats.labelbox.options import Options

if TYPE_CHECKING:
    from to_labelbox_formats.labelbox.encode.answers import Questions
    from to_labelbox_formats.labelbox.encode.georeference import Georeference
    from to_labelbox_formats.labelbox.encode.tracks import Tracks

OTHER_FIELD = "source_split"
"""A name that is advised for a metadata field that takes any word."""
_ENUM = f"Labelbox's own field split takes {', '.join(SPLITS)}"


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
        self._rows: list[bytes] = []
        self._counts = array("I")
        self._key_hashes = array("Q")
        self._items = self._written = 0

    @property
    def spill(self) -> Callable[[bytes], None] | None:
        """Takes whole lines every megabyte or so, until :meth:`take`."""
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
        buffer.survey.bytes += len(buffer.lines) + sum(map(len, self._rows))
        taken = Encoded(
            b"".join(self._rows),
            bytes(buffer.lines),
            self._counts,
            self._key_hashes,
            buffer.survey,
            buffer.log,
            self._items,
            self._written,
        )
        self._reset(Log(fail=buffer.log.fail))
        return taken

    def add(self, item: Item) -> None:
        """Encode an asset: its data row, its shapes and tracks, its answers, its relationships."""
        buffer = self._buffer
        if self._georeference is not None and item.asset.media is Media.IMAGE:
            item = self._georeference(item, buffer.log)
        if not item.asset.path.isascii():
            item = self._cleaned(item)
        asset = item.asset
        self._items += 1
        buffer.item = item
        if not self._open_row(self._keys.key(asset, item.split)):
            return
        self._note_asset(asset, item.split)
        buffer.survey.note_group(item.split, asset.path, bool(item.annotations))

        shapes, tracks = self._shapes, self._tracks
        before = shapes.line_count
        shapes.start(item)
        ends: dict[str, str] = {}
        instances: dict[str, int] = {}
        plain = asset.media is Media.IMAGE and not buffer.filtered and buffer.fit is None and buffer.required is None
        if plain and type(item.annotations) is Rows and shapes.rows(item.annotations, ends, instances):
            self._counts.append(shapes.line_count - before)
            return
        if item.annotations:
            shapes.settle()
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
        if shapes.line_count - before > MANY:
            buffer.check_many(shapes.plain_lines())
        self._counts.append(shapes.line_count - before)

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

    def _open_row(self, key: str) -> bool:
        """The data row that the next lines refer to: a new one, or one that exists. False when there has to be one."""
        buffer, rows = self._buffer, self._settings.rows
        item, asset = buffer.item, buffer.item.asset
        if rows is not None:
            row = rows.match(asset, key)
            buffer.open(item, key if row is None else row.name)
            self._key_hashes.append(buffer.uuids.digest if row is None else row.number)
            if row is None:
                self._leave_out(asset.path)
                return False
            add_counts(buffer.log.matched_by, {row.matched_by: 1})
            name = ascii_json(buffer.key)
            buffer.data_row = Raw(b'{"globalKey":%b}' % name if row.global_key else b'{"id":%b}' % name)
            self._written += 1
            return True
        buffer.survey.note_largest(KEY, len(key))
        if len(key) > MAX_LENGTH:
            short = shortened(key)
            buffer.log.note(
                Code.KEY_SHORTENED, f"global key has {len(key)} characters, over {MAX_LENGTH}: {short}", file=key
            )
            key = short
        buffer.open(item, key)
        self._key_hashes.append(buffer.uuids.digest)
        buffer.data_row = Raw(b'{"globalKey":' + ascii_json(key) + b"}")
        row_data = self._keys.row_data(asset, item.split)
        if row_data is None and self._georeference is not None and asset.media is Media.GEOSPATIAL:
            buffer.log.note(
                Code.ROW_DATA_LOCAL,
                "tile_layer_url is a relative path: give the tiles' URLs (…/{z}/{x}/{y}.png) with --url-map",
                file=asset.path,
            )
        elif row_data is None and asset.media is Media.IMAGE:
            buffer.log.note(
                Code.ROW_DATA_LOCAL,
                "row_data is a relative path: give --url-prefix or --url-map, or import with the media folder at hand",
                file=asset.path,
            )
        if self._keys.may_share:
            buffer.survey.urls.append(self._keys.url_hash(row_data) if row_data is not None else 0)
        if row_data is not None and (unfit := not_fetched(row_data)):
            buffer.log.note(Code.ADDRESS_NOT_FETCHED, unfit, file=asset.path)
        elif row_data is not None and "?" in row_data and (until := signed_until(row_data)):
            message = (
                f"the address is signed and holds until {until}, but Labelbox fetches it whenever the asset is shown: "
                "give lasting addresses with --url-prefix or --url-map"
            )
            buffer.log.note(Code.ADDRESS_EXPIRES, message, file=asset.path)
        metadata = tuple(self._metadata(asset, item.split))
        self._rows.append(data_row(asset, key, row_data, metadata))
        self._written += 1
        return True

    def _demand(self, answers: list[Classification], written: Mapping[str, str]) -> None:
        """Note the required questions about the asset that have no answer."""
        buffer = self._buffer
        assert buffer.required is not None
        given = [Attribute(a.name, a.value) for a in answers if a.id in written and a.message is None]
        for message in missing(buffer.required.assets, given, ASSET):
            buffer.log.note(Code.REQUIRED_UNANSWERED, message, file=buffer.item.origin)

    def _metadata(self, asset: Asset, split: str) -> Iterator[tuple[str, str]]:
        """Metadata fields of a data row, those that Labelbox reserves in the form that it takes."""
        field, log = self._settings.split_metadata, self._buffer.log
        for name, value in (*asset.metadata, *([(field, split)] if field and split else [])):
            if name == SPLIT and (option := split_option(value)) is not None:
                if option != value:
                    taken = f"{value!r} is written as {option!r}"
                    log.assume("split", taken, for_=1, why=_ENUM, option=f"--split-metadata {OTHER_FIELD}")
                value = option
            if wrong := RESERVED[name](value) if name in RESERVED else "":
                message = f"metadata {name!r} is left out: the reserved field {wrong}, this is {value!r}"
                if name == SPLIT:
                    message += f"; --split-metadata {OTHER_FIELD} writes it into a field of your own"
                log.note(Code.METADATA_REFUSED, message, file=asset.path)
                continue
            yield name, value

    def _leave_out(self, path: str) -> None:
        """Skip everything on an asset that no existing data row is."""
        buffer = self._buffer
        message = f"no data row is {path}, or several could be: its annotations are skipped"
        counted = False
        for annotation in buffer.item.annotations:
            if annotation.source_count:
                buffer.skip(Code.ROW_UNMATCHED, message, annotation)
                counted = True
        if not counted:
            buffer.log.note(Code.ROW_UNMATCHED, message, file=buffer.item.origin)
        if len(self._buffer.log.unmatched) < LISTED:
            self._buffer.log.unmatched.append(path)
        self._counts.append(0)

    def _note_asset(self, asset: Asset, split: str) -> None:
        survey = self._buffer.survey
        survey.media[asset.media] = survey.media.get(asset.media, 0) + 1
        if asset.width is not None and asset.height is not None:
            size = asset.width, asset.height
            survey.sizes[size] = survey.sizes.get(size, 0) + 1
        if split:
            survey.splits[split] = survey.splits.get(split, 0) + 1
        if asset.text is not None:
            survey.note_largest(TEXT, len(asset.text))
        if asset.frames is not None:
            survey.note_largest(FRAMES, asset.frames)
            if asset.frames > MAX_FRAMES:
                message = f"{asset.frames} frames; a video may have {MAX_FRAMES}"
                self._buffer.log.note(Code.LIMIT, message, file=self._buffer.key)
