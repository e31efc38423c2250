"""Data rows: their rules, and what the payload's lines need to know of them [docs.labelbox.com/reference/import-*-data]."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import BinaryIO

import msgspec
import numpy as np
from msgspec import UNSET

from to_labelbox.model.text import pattern
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox_formats.labelbox.addresses import not_fetched
from to_labelbox_formats.labelbox.metadata import RESERVED
from to_labelbox_formats.labelbox.output import media_type_of
from to_labelbox_formats.labelbox.validate.hints import Hint
from to_labelbox_formats.labelbox.validate.reading import Reading
from to_labelbox_formats.labelbox.validate.wire import Conversation, Document, Row, TileLayer

_NOT_IN_URLS = pattern(r"[#<>|\x00-\x20\x7f]")
MEDIA_TYPES = "IMAGE VIDEO TEXT PDF TMS_GEO TMS_SIMPLE AUDIO CONVERSATIONAL HTML DICOM POINT_CLOUD LLM".split()
ATTACHMENTS = "IMAGE VIDEO AUDIO HTML RAW_TEXT TEXT_URL PDF_URL IMAGE_OVERLAY CAMERA_IMAGE".split()
EPSG = ("EPSG3857", "EPSG3395", "EPSG4326", "Simple")
MAX_KEY = 200
MAX_METADATA = 4096
MAX_MESSAGES = 250
MAX_CONTENT = 10_000

_decode = msgspec.json.Decoder(Row).decode


class RowInfo:
    """What is known of the data row that a line belongs to; an unknown one has no media type.

    ``closed`` are the messages of a conversation that take no labels; ``bounds`` of a map are left, low, right, high.
    """

    def __init__(self, key: str, row: Row | None, gallery: MediaFolder | None = None) -> None:
        self.key = key
        self.media = media_type_of(row.media_type, row.row_data) if row is not None else ""
        self.text: str | None = None
        self._lengths: dict[str, int] = {}
        self.messages: dict[str, str] | None = None
        self.closed: frozenset[str] = frozenset()
        self.bounds: tuple[float, float, float, float] | None = None
        self.mask_size: tuple[int, int] | None = None
        self.degrees = False
        self._row = row
        self._gallery = gallery
        self._size: tuple[int, int] | None = None
        self._looked = False
        data = row.row_data if row else ""
        if isinstance(data, dict):
            self.degrees = data.get("epsg") == "EPSG4326"
            if self.media in ("TMS_GEO", "TMS_SIMPLE"):
                self.bounds = _bounds(data)
            messages = data.get("messages")
            if self.media == "CONVERSATIONAL" and isinstance(messages, list):
                told = [m for m in messages if isinstance(m, dict)]
                self.messages = {str(m.get("messageId")): str(m.get("content")) for m in told}
                self.closed = frozenset(str(m.get("messageId")) for m in told if m.get("canLabel") is False)
        elif self.media == "TEXT" and not data.startswith(("http://", "https://")) and any(map(str.isspace, data)):
            self.text = data

    def length(self, message: str) -> int | None:
        """UTF-16 units of the text, or of a message of the conversation; None where it is not at hand. Each is counted once."""
        known = self._lengths.get(message)
        if known is None:
            text = (self.messages or {}).get(message) if message else self.text
            if text is None:
                return None
            known = self._lengths[message] = len(text.encode("utf-16-le", "surrogatepass")) // 2
        return known

    @property
    def size(self) -> tuple[int, int] | None:
        """The picture's stored size, when it is below the media root."""
        if not self._looked:
            self._looked = True
            if self._gallery is not None and self.media in ("IMAGE", ""):
                names = [self.key]
                if self._row is not None and isinstance(self._row.row_data, str):
                    names.append(self._row.row_data)
                found = next((h for n in names if (h := self._gallery.header(n)) is not None), None)
                self._size = (found.width, found.height) if found else None
        return self._size


def _bounds(data: dict[str, object]) -> tuple[float, float, float, float] | None:
    """Corners are x, y in version 2, and latitude, longitude in version 1, which EPSG maps have by default."""
    try:
        tiles = msgspec.convert(data, TileLayer)
    except msgspec.ValidationError:
        return None
    (a, b), (c, d) = tiles.bounds
    if tiles.version == 1 or (tiles.version is UNSET and tiles.epsg != "Simple"):
        a, b, c, d = b, a, d, c
    return min(a, c), min(b, d), max(a, c), max(b, d)


class Rows:
    """An index of a data row file: a hash and a place for each row, so that a million of them take 16 MB."""

    def __init__(self, path: str, gallery: MediaFolder | None) -> None:
        self._path = path
        self._gallery = gallery
        self._hashes = array("q")
        self._places = array("q")
        self._lines = array("q")
        self._addresses = array("q")
        self._file: BinaryIO | None = None

    def check(self, reading: Reading) -> Iterator[tuple[int, str | Hint]]:
        """Read the file once: faults with their line, and the index."""
        place = 0
        for number, raw in enumerate(reading.lines(self._path), 1):
            try:
                row = _decode(raw)
            except (ValueError, RecursionError) as error:
                yield number, f"is no data row: {in_words(error)}"
            else:
                if isinstance(row.global_key, str):
                    self._hashes.append(hash(row.global_key))
                    self._places.append(place)
                    self._lines.append(number)
                    self._addresses.append(_address(row))
                for fault in _faults(row):
                    yield number, fault
            place += len(raw)
        hashes = np.frombuffer(self._hashes, np.int64) if self._hashes else np.zeros(0, np.int64)
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]
        for at in np.flatnonzero(self._sorted[1:] == self._sorted[:-1]):
            first, again = int(self._order[at]), int(self._order[at + 1])
            key = self._at(again).global_key
            message = f"global_key {key!r} is that of line {self._lines[first]} too: keys must be unique"
            yield self._lines[again], message
        yield from self._shared()

    def _shared(self) -> Iterator[tuple[int, str]]:
        """Rows of different keys that stand for one file."""
        found = np.frombuffer(self._addresses, np.int64) if self._addresses else np.zeros(0, np.int64)
        order = np.argsort(found, kind="stable")
        ordered = found[order]
        first, shared = 0, []
        for at in range(1, len(ordered)) if len(ordered) and (ordered[1:] == ordered[:-1]).any() else ():
            if ordered[at] != ordered[first]:
                first = at
            elif ordered[at] and self._hashes[order[at]] != self._hashes[order[first]]:
                line = self._lines[int(order[first])]
                message = f"row_data is the address of line {line} too, under another global_key: they are one asset"
                shared.append((self._lines[int(order[at])], message))
        yield from sorted(shared)

    def _at(self, index: int) -> Row:
        if self._file is None:
            self._file = open(self._path, "rb")  # noqa: SIM115  (closed by close)
        self._file.seek(self._places[index])
        return _decode(self._file.readline())

    def find(self, key: str) -> RowInfo | None:
        """The row of a global key, or None."""
        at = int(np.searchsorted(self._sorted, hash(key)))
        if at == len(self._sorted) or self._sorted[at] != hash(key):
            return None
        return RowInfo(key, self._at(int(self._order[at])), self._gallery)

    def without(self, keys: AbstractSet[int]) -> Iterator[int]:
        """Lines of the rows whose key is none of these, by hash."""
        return (line for hashed, line in zip(self._hashes, self._lines) if hashed not in keys)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _address(row: Row) -> int:
    """A hash of the address of a row's file, 0 where it has none."""
    data = row.row_data.get("pdf_url") if isinstance(row.row_data, dict) else row.row_data
    return hash(data) if isinstance(data, str) and "://" in data[:20] else 0


def _faults(row: Row) -> Iterator[str | Hint]:
    media = media_type_of(row.media_type, row.row_data)
    key = row.global_key
    if not isinstance(key, str) or not key.strip():
        yield "no global_key: the payload refers to rows by it"
    elif len(key) > MAX_KEY:
        yield f"global_key has {len(key)} characters, at most {MAX_KEY} are taken"
    if not isinstance(row.media_type, str):
        yield Hint("no media_type: give it, so that a wrong asset is refused early")
    elif row.media_type not in MEDIA_TYPES:
        yield f"media_type {row.media_type!r}; there are {', '.join(MEDIA_TYPES)}"
    for field in row.metadata_fields or ():
        if (field.name is UNSET) == (field.schema_id is UNSET):
            yield "a metadata field needs either name or schema_id"
        named = repr(field.name) if isinstance(field.name, str) else f"of schema_id {field.schema_id!r}"
        if field.name is UNSET and field.schema_id is UNSET:
            named = "of no name"
        if isinstance(field.value, str) and len(field.value) > MAX_METADATA:
            yield f"metadata {named} has {len(field.value)} characters, at most {MAX_METADATA} are taken"
        if isinstance(field.name, str) and (reserved := RESERVED.get(field.name)) and (wanted := reserved(field.value)):
            yield f"metadata {named} is {field.value!r}: the reserved field {wanted}"
    for attachment in row.attachments or ():
        if attachment.type not in ATTACHMENTS or not attachment.value:
            yield f"attachment of type {attachment.type!r}; there are {', '.join(ATTACHMENTS)}, with a value"
    data = row.row_data
    if isinstance(data, str):
        yield from _text_faults(data)
    elif media == "PDF":
        yield from _shape(data, Document)
    elif media == "CONVERSATIONAL":
        yield from _conversation(data)
    elif media in ("TMS_GEO", "TMS_SIMPLE"):
        yield from _tiles(data, media)
    elif media:
        yield f"row_data of {media} must be a text"
    else:
        yield "row_data is an object without pdf_url, messages or tile_layer_url: which asset it is cannot be told"


def _text_faults(data: str) -> Iterator[str]:
    if not data:
        yield "row_data is empty"
    elif unfit := not_fetched(data):
        yield unfit
    elif data.startswith(("http://", "https://")) and (bad := sorted(set(_NOT_IN_URLS.findall(data)))):
        yield f"the URL in row_data holds {' '.join(bad) if ' ' not in bad else 'blanks'}: percent-encode it"


def _shape(data: object, shape: type) -> Iterator[str]:
    try:
        msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        yield f"row_data: {in_words(error)}"


def _conversation(data: object) -> Iterator[str]:
    try:
        conversation = msgspec.convert(data, Conversation)
    except msgspec.ValidationError as error:
        yield f"row_data: {in_words(error)}"
        return
    if conversation.type != "application/vnd.labelbox.conversational":
        yield f"row_data: type {conversation.type!r}, want 'application/vnd.labelbox.conversational'"
    messages = conversation.messages
    if len(messages) > MAX_MESSAGES:
        yield f"row_data: {len(messages)} messages, at most {MAX_MESSAGES} are taken"
    if len({m.messageId for m in messages}) < len(messages):
        yield "row_data: a messageId occurs twice"
    for message in messages:
        if len(message.content) >= MAX_CONTENT:
            yield f"row_data: message {message.messageId!r} has {len(message.content)} characters, want < {MAX_CONTENT}"
        if message.align not in ("left", "right"):
            yield f"row_data: message {message.messageId!r} has align {message.align!r}, want left or right"


def _tiles(data: object, media: str) -> Iterator[str]:
    try:
        tiles = msgspec.convert(data, TileLayer)
    except msgspec.ValidationError as error:
        yield f"row_data: {in_words(error)}"
        return
    if not (tiles.tile_layer_url or tiles.tileLayerUrl):
        yield "row_data: no tile_layer_url"
    if tiles.epsg not in EPSG:
        yield f"row_data: epsg {tiles.epsg!r}; there are {', '.join(EPSG)}"
    elif (tiles.epsg == "Simple") != (media == "TMS_SIMPLE"):
        yield f"row_data: epsg {tiles.epsg} with media_type {media}: Simple goes with TMS_SIMPLE, the others with TMS_GEO"
