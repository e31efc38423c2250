"""The first pass: what a COCO file holds and where each of its records is, in arrays of small numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.plugins.reader import Each
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.json_head import first_keys
from to_labelbox.source.json_stream import PIECE, UNDECODABLE, JsonStream, Piece, items_of
from to_labelbox.source.urls import is_url
from to_labelbox_formats.coco.detect import IN_IMAGES, TRACKS, FileKind, split_of
from to_labelbox_formats.coco.index.addresses import AddressRows, identity
from to_labelbox_formats.coco.index.beside import SCENES, TAGS, Beside, BesideRows, read_scenes
from to_labelbox_formats.coco.index.categories import CategoryList, names_by_id, occluded_among, read_categories
from to_labelbox_formats.coco.index.census import (
    IMAGE_FIELDS,
    OUTLINES,
    QUIET_KEYS,
    SCENE_FIELDS,
    Census,
    length_of,
    members_of,
)
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING, SIZE_NAMES, Id, alone, keys_of, name_of_file
from to_labelbox_formats.coco.index.random_access import Texts
from to_labelbox_formats.coco.index.ranges import AnnotationIds, Annotations, Ranges, Records, lenient_ids
from to_labelbox_formats.coco.index.videos import SEQUENCES, VideoRows

T = TypeVar("T")


class _ImageIds(Struct, gc=False):
    id: Id = None
    file_name: str | None = None
    coco_url: str | None = None
    tag_ids: list[Id] | None = None


_NAMES = {
    "tag_categories": TAGS,
    "scene_categories": SCENES,
    "attributes": "attributes",
    "keypoint_categories": "keypoints",
}
"""Lists of names by id beside the categories."""


class _Found:
    """What a pass over a file has found so far."""

    def __init__(self, boxes_only: bool) -> None:
        self.images, self.annotations, self.nested = Records(), Annotations(boxes_only), Annotations(boxes_only)
        self.first_nested: Mapping[str, Any] = {}
        self.image_names: list[npt.NDArray[np.int64]] = []
        self.linked = self.videos = False
        self.other_names: dict[str, str] = {}
        self.categories = CategoryList()
        self.first: Mapping[str, Any] = {}
        self.names: dict[str, dict[int, str]] = {}
        self.occluded: frozenset[float] | None = None
        self.lists: dict[str, int] = {}
        self.tags = BesideRows(TAGS)
        self.scenes: bytes | None = None
        self.scene_census = Census(SCENE_FIELDS)
        self.addresses = AddressRows()
        self.image_census = Census(IMAGE_FIELDS)
        self.video_rows = VideoRows()
        self.split = ""

    def takes_nested(self) -> bool:
        """Take the annotations that stand in the records of images, where there are no others; whether it did."""
        if not self.first_nested or self.annotations.census.records:
            return False
        self.annotations, self.first = self.nested, self.first_nested
        self.image_census.fields.pop("annotations")
        return True

    def other_fields(self) -> Iterator[str]:
        """What is to be said of the fields of images that are read in place of those of COCO."""
        stated = self.image_census.fields
        sides = next((sides for sides in SIZE_NAMES if stated.keys() >= {*sides}), None)
        if sides and "width" not in stated:
            self.other_names |= dict(zip(sides, ("width", "height")))
        for other, missing in self.other_names.items():
            stated.pop(other, None)
            yield f"images have no {missing} but {other}, which is taken for it"

    def answers_of_scenes(self) -> Beside | None:
        try:
            return read_scenes(self.scenes, self.names.get(SCENES, {})) if self.scenes else None
        except UNDECODABLE:
            self.lists["scene_annotations"] = length_of(self.scenes or b"")
            return None


def index_file(source: Source, name: str, texts: Texts, log: Log, boxes_only: bool, each: Each = map) -> File:
    """Pass over one file, over ranges of a large one by ``each``, and add it to ``texts``; ``boxes_only``: outlines are not asked
    for. Raises :class:`FileError` for anything that is not whole JSON of this family.
    """
    found = _Found(boxes_only)
    with source.open(name) as file:
        stream = JsonStream(file)
        path = source.real_path(name)
        ranges = Ranges(path, file, each)
        is_results = stream.next() == b"["
        if is_results:
            is_results = _index_array(file, stream, found, ranges)
        else:
            seen: set[str] = set()
            for key in stream.members():
                if key in seen:
                    message = f"{key!r} stands in it twice, and nothing says which one holds: leave one of them"
                    raise stream.error(message, what=_NOT_COCO)
                if key not in QUIET_KEYS and stream.next() != b"n":
                    seen.add(key)
                _index_member(file, stream, key, found, name, log, ranges)
        if stream.next():
            raise stream.error("more data after the end of the document")
        texts.add(path, file)
    if found.takes_nested():
        log.decide(f"{name}: annotations stand in the records of their images")
    images, rows = found.images.table(), found.video_rows
    videos = rows if rows.has_tracks or rows.nested or (rows.names and not len(images)) else None
    if videos and len(images):
        found.lists["images"], images, found.image_names = len(images), Records().table(), []
    if not rows.nested and found.split:
        found.lists["split"] = 1
    for said in found.other_fields():
        log.decide(f"{name}: {said}")
    tags = found.tags.table(found.names.get(TAGS, {}))
    scenes = found.answers_of_scenes()
    return File(
        name=name,
        split=found.split if rows.nested and found.split else split_of(name),
        kind=FileKind.VIDEOS if videos else FileKind.RESULTS if is_results else _kind(found.first),
        images=images,
        image_names=np.concatenate([*found.image_names, np.array(videos.names if videos else [], np.int64)]),
        annotations=found.annotations.records.table(),
        boxes=found.annotations.columns.table() if found.annotations.columns is not None else None,
        categories=found.categories.found,
        fields=tuple(found.first),
        videos=found.videos,
        ordinals=np.zeros(0, np.int32),
        linked=found.linked,
        unnumbered=found.categories.unnumbered,
        point_names=found.names.get("keypoints", {}),
        attribute_names=found.names.get("attributes", {}),
        occluded=found.occluded,
        beside=[answers for answers in (tags, scenes) if answers is not None],
        lists=found.lists,
        category_fields=found.categories.fields,
        addresses=found.addresses.table(),
        image_census=found.image_census,
        video_census=rows.census,
        scene_census=found.scene_census,
        annotation_census=videos.track_census if videos else found.annotations.census,
        tracks=videos.table() if videos else None,
    )


def _index_array(file: BinaryIO, stream: JsonStream, found: _Found, ranges: Ranges) -> bool:
    """The outermost array: of images that hold their annotations, else of results. Whether it is of these."""
    first = _first_item(_head(file, stream))
    if first.keys() >= IN_IMAGES:
        _index_images(stream, found, alone=False)
        return False
    found.first = first
    _index_annotations(stream, found, ranges)
    return True


def _index_member(
    file: BinaryIO, stream: JsonStream, key: str, found: _Found, name: str, log: Log, ranges: Ranges
) -> None:
    """One key of a file's outermost object with its value."""
    begin = stream.next()
    if begin == b"n":
        stream.skip()
    elif key == "images":
        _index_images(stream, found, _stands_alone(_head(file, stream)))
    elif key == "annotations":
        head = _head(file, stream)
        found.first = _first_item(head)
        if TRACKS & set(found.first) and begin == b"[":
            found.video_rows.add_tracks(stream)
        else:
            _index_annotations(stream, found, ranges, _stands_alone(head))
    elif key == "categories":
        if begin not in (b"[", b"{"):
            raise stream.error(f"'categories' is neither a list nor an object but {_shown(begin)}", what=_NOT_COCO)
        found.categories = read_categories(stream.value(), name, log)
    elif key in _NAMES and begin == b"[":
        found.names[_NAMES[key]] = names_by_id(stream.value())
    elif key == "scene_annotations" and begin == b"[":
        found.scenes = stream.value()
        found.scene_census.look(found.scenes.strip()[1:-1], 1)
    elif key == "videos" and begin == b"[":
        found.video_rows.add_videos(stream)
        found.videos = found.video_rows.census.records > 0
    elif key == SEQUENCES and begin == b"[":
        found.video_rows.nested = True
        found.video_rows.add_videos(stream)
    elif key == "split" and begin == b'"':
        with suppress(*UNDECODABLE):
            found.split = msgspec.json.decode(stream.value(), type=str)
    elif key in QUIET_KEYS:
        stream.skip()
    else:
        text = stream.value()
        if key == "keypoint_visible":
            found.occluded = occluded_among(members_of(text))
        if key != "keypoint_visible" or found.occluded is None:
            found.lists[key] = length_of(text)


_NOT_COCO = "JSON, but not COCO,"
_RECORD_FIELDS = frozenset({"id", "file_name", "image_id", "category_id", "bbox", "segmentation"})
"""Fields of a record, which no record has for its id."""


def _shown(begin: bytes) -> str:
    return {b'"': "a text", b"t": "true", b"f": "false"}.get(begin, "a number")


_images = msgspec.json.Decoder(list[_ImageIds]).decode


def _lenient_image(text: bytes) -> _ImageIds | None:
    if name_alone := alone(text):
        return _ImageIds(None, name_alone)
    image = members_of(text)
    id, name = image.get("id"), image.get("file_name")
    if not isinstance(id, int | str | float) or isinstance(id, bool):
        return None
    return _ImageIds(id, name if isinstance(name, str) else None)


_Standing = tuple[Id, int, bytes]
"""What a record stands under, where it begins in its file, and its text."""


def _entries(
    stream: JsonStream,
    what: str,
    alone: bool,
    decode: Callable[[bytes], Sequence[T]],
    lenient: Callable[[bytes], T | None],
) -> Iterator[tuple[Sequence[Id], Piece[T]]]:
    """The records of a list; or those of an object, each with what it stands under; or the one record that stands there alone."""
    begin = stream.next()
    if alone:
        yield from _gathered([(None, stream.offset, stream.value())], decode, lenient)
    elif begin == b"[":
        yield from (((), piece) for piece in stream.pieces(decode, lenient))
    elif begin == b"{":
        yield from _gathered(_members(stream, what), decode, lenient)
    else:
        message = f"{what!r} is neither a list of records nor an object of them but {_shown(begin)}"
        raise stream.error(message, what=_NOT_COCO)


def _gathered(
    records: Iterable[_Standing], decode: Callable[[bytes], Sequence[T]], lenient: Callable[[bytes], T | None]
) -> Iterator[tuple[Sequence[Id], Piece[T]]]:
    """Records that stand apart, as pieces, each with what its records stand under."""
    held: list[_Standing] = []
    for record in records:
        held.append(record)
        if record[1] - held[0][1] >= PIECE:
            yield _piece(held, decode, lenient)
            held = []
    if held:
        yield _piece(held, decode, lenient)


def _piece(
    records: Sequence[_Standing], decode: Callable[[bytes], Sequence[T]], lenient: Callable[[bytes], T | None]
) -> tuple[Sequence[Id], Piece[T]]:
    above, starts, texts = zip(*records)
    whole = b",".join(texts)
    items: list[T | None] = []
    try:
        items += decode(b"[%b]" % whole)
    except UNDECODABLE:
        for text in texts:
            try:
                items += decode(b"[%b]" % text)
            except UNDECODABLE:
                items.append(lenient(text))
    return above, Piece(np.array(starts, np.int64), np.array([*map(len, texts)], np.int64), items, whole)


def _members(stream: JsonStream, what: str) -> Iterator[_Standing]:
    """The records of the object at the cursor: under their own ids or, of annotations, lists of them under those of images."""
    for key in stream.members():
        begin, start = stream.next(), stream.offset
        text = stream.value()
        if what == "annotations" and _LIST.match(text):
            yield from ((key, start + at, record) for at, record in _listed(text))
        elif begin == b"{" or (begin == b'"' and what == "images"):
            yield key if what == "images" else None, start, text
        else:
            message = f"{what!r} is an object, which may hold a record under each id; {key!r} is none"
            raise stream.error(message, what=_NOT_COCO)


def _listed(text: bytes) -> Sequence[tuple[int, bytes]]:
    """The records of a list, and where each begins in its text."""
    try:
        return items_of(text)
    except UNDECODABLE:
        pieces = JsonStream(BytesIO(text)).pieces(_nothing)
        return [(at, text[at : at + n]) for s, lengths, *_ in pieces for at, n in zip(s.tolist(), lengths.tolist())]


class _Nested(Struct, gc=False):
    annotations: msgspec.Raw = msgspec.Raw()


_nothing = msgspec.json.Decoder(list[None]).decode
_nested = msgspec.json.Decoder(_Nested).decode


def _index_nested(piece: Piece[Any], images: Sequence[Id], found: _Found) -> None:
    """Collect the annotations that stand in the records of their images."""
    starts, lengths, _, text = piece

    def records() -> Iterator[_Standing]:
        at = 0
        for start, length, image in zip(starts.tolist(), lengths.tolist(), images):
            at = _GAP.match(text, at).end()  # type: ignore[union-attr]
            own = text[at : at + length]
            at += length
            listed = _annotations_in(own)
            if _RECORDS.match(listed):
                found.first_nested = found.first_nested or _first_item(listed)
                within = start + own.index(listed)
                yield from ((image, within + at, record) for at, record in _listed(listed))

    for above, part in _gathered(records(), found.nested.decode, lenient_ids):
        _add(found.nested, above, part)


def _annotations_in(image: bytes) -> bytes:
    """The text of the annotations that stand in the record of an image; empty for none."""
    if b'"annotations"' not in image:
        return b""
    try:
        return bytes(_nested(image).annotations)
    except UNDECODABLE:
        stream = JsonStream(BytesIO(image))
        values = {key: stream.value() for key in stream.members() if stream.next()} if stream.next() == b"{" else {}
        return values.get("annotations", b"")


def _add(annotations: Annotations, above: Sequence[Id], piece: Piece[Any]) -> None:
    """Take in a piece, the annotations that name no image as those of the one that they stand under."""
    for item, image in zip(piece.items, above):
        if isinstance(item, AnnotationIds) and item.image_id is None and item.imageId is None:
            item.image_id = image
    annotations.add(piece)


_LIST = re.compile(rb"\[\s*[{\]]")
_RECORDS = re.compile(rb"\[\s*\{")
_GAP = re.compile(rb"[,\s]*")
"""What stands before a record in the text of a piece."""


def _index_annotations(stream: JsonStream, found: _Found, ranges: Ranges, alone: bool = False) -> None:
    if stream.next() == b"[" and ranges.index(stream, found.annotations):
        return
    for above, piece in _entries(stream, "annotations", alone, found.annotations.decode, lenient_ids):
        _add(found.annotations, above, piece)


def _index_images(stream: JsonStream, found: _Found, alone: bool) -> None:
    """Collect the images, whether the first ones have addresses, and the tags that they have."""
    rows = 0
    for above, piece in _entries(stream, "images", alone, _images, _lenient_image):
        starts, lengths, items, text = piece
        own = [None if item is None else item.id for item in items]
        if above:
            own = [key if item is not None and item.id is None else id for item, id, key in zip(items, own, above)]
        items, ids = _otherwise_named(items, own, text, found)
        found.images.add(starts, lengths, keys_of(ids))
        names = [None if item is None else item.file_name or item.coco_url or f"\0{id}" for item, id in zip(items, ids)]
        found.addresses.add(rows, names)
        found.image_names.append(
            np.array([MISSING if name is None else hash(identity(name)) for name in names], np.int64)
        )
        found.image_census.look(text, len(items))
        if b'"annotations"' in text:
            _index_nested(piece, ids, found)
        if not rows:
            found.linked = any(item is not None and (item.coco_url or is_url(item.file_name or "")) for item in items)
        if b'"tag_ids"' in text:
            for row, item in enumerate(items, rows):
                if item is not None and item.tag_ids:
                    found.tags.add(row, item.tag_ids)
        rows += len(items)


_loose_images = msgspec.json.Decoder(list[dict[str, Any] | str]).decode


def _otherwise_named(
    items: Sequence[_ImageIds | None], ids: Sequence[Id], text: bytes, found: _Found
) -> tuple[Sequence[_ImageIds | None], Sequence[Id]]:
    """The same, with ids and names of another field where those of COCO are missing."""
    if None not in ids and all(item is None or item.file_name or item.coco_url for item in items):
        return items, ids
    own = list(ids)
    with suppress(*UNDECODABLE):
        for n, (item, image) in enumerate(zip(items, _loose_images(b"[%b]" % text))):
            if item is None or isinstance(image, str):
                continue
            if own[n] is None and isinstance(image.get("image_id"), int | str | float):
                found.other_names["image_id"] = "id"
                own[n] = image["image_id"]
            if not (item.file_name or item.coco_url) and (named := name_of_file(image))[0]:
                found.other_names[named[0]] = "file_name"
                item.file_name = named[1]
    return items, own


_FIRST_RECORD = re.compile(rb'[\[{]\s*(?:"[^"\\]*"\s*:\s*)?\{')


def _head(file: BinaryIO, stream: JsonStream) -> bytes:
    """The first bytes of the value at the cursor."""
    place = file.tell()
    file.seek(stream.offset)
    head = file.read(64 * 1024)
    file.seek(place)
    return head


def _first_item(head: bytes) -> Mapping[str, Any]:
    """Keys of the first record of a list or object of records, or of the one that stands there alone."""
    begin = None if _stands_alone(head) else _FIRST_RECORD.match(head)
    return dict.fromkeys(first_keys(head[begin.end() - 1 :] if begin else head)) if begin or head[:1] == b"{" else {}


def _stands_alone(head: bytes) -> bool:
    """Whether one record stands where a list of them should."""
    return head.startswith(b"{") and not _RECORD_FIELDS.isdisjoint(first_keys(head))


def _kind(first: Mapping[str, Any]) -> FileKind:
    if "segments_info" in first:
        return FileKind.PANOPTIC
    if "caption" in first and "bbox" not in first:
        return FileKind.CAPTIONS
    if "keypoints" in first:
        return FileKind.KEYPOINTS
    if not first:
        return FileKind.IMAGES
    if "category_id" in first and not {"bbox", "segmentation", *OUTLINES} & set(first):
        return FileKind.LABELS
    return FileKind.INSTANCES
