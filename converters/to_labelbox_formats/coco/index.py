"""The first pass: what a COCO file holds and where each of its records is, in arrays of small numbers."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.ontology.infer import clean_name
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox.source.json_head import first_keys
from to_labelbox.source.json_stream import JsonStream, as_utf8
from to_labelbox_formats.coco.box_columns import BoxColumns, Boxes, BoxRecord, read_boxes
from to_labelbox_formats.coco.detect import NO_VIDEOS, TRACKS, Kind, split_of
from to_labelbox_formats.coco.ids import MISSING, Id, Names, Whole, keys_of


class Category(Struct):
    id: Id = None
    name: str | int | float | None = None
    supercategory: str | None = None
    keypoints: list[str] | None = None
    color: list[int] | str | None = None
    isthing: int | None = None


class _ImageIds(Struct, gc=False):
    id: Id = None
    file_name: str | None = None
    coco_url: str | None = None


class _AnnotationIds(Struct, gc=False):
    image_id: Id = None


class _WholeId(Struct, gc=False):
    """What nearly all annotations have, so that their ids need no second look."""

    image_id: Whole


# -------------------------------------------------------------------------------------------------------- files


class Table(Struct):
    """Records of one array: byte offset, length and key of each. Keys are numbers; see :class:`~.ids.Names`."""

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)


_KNOWN = frozenset(
    "id image_id category_id bbox area segmentation iscrowd ignore keypoints num_keypoints caption score attributes "
    "segments_info file_name foot_kpts face_kpts lefthand_kpts righthand_kpts deleted isbbox".split()
)
"""Fields of annotations that are read, or that say nothing more than those do."""
_CAREFUL = frozenset({"attributes", "deleted", "isbbox"})
"""Fields that change what an annotation becomes."""


class File(Struct, kw_only=True):
    """One indexed COCO file. ``fields``: keys of its first annotation. ``ordinals`` maps its images to those of the dataset.

    ``linked``: its images have addresses, which tell them apart. ``home``: the folder that is put before their paths.
    """

    name: str
    split: str
    kind: Kind
    images: Table
    image_names: npt.NDArray[np.int64]
    annotations: Table
    boxes: Boxes | None
    categories: Mapping[int, Category]
    fields: tuple[str, ...]
    videos: bool
    ordinals: npt.NDArray[np.int32]
    linked: bool
    home: str = ""

    @property
    def foreign(self) -> bool:
        """Whether it is of CVAT or Datumaro, or has their attributes."""
        return "attributes" in self.fields

    @property
    def plain(self) -> bool:
        """Whether most annotations are likely to have nothing but a class, a box and an outline."""
        return self.kind in (Kind.INSTANCES, Kind.IMAGES) and not _CAREFUL.intersection(self.fields)

    def forget_keys(self) -> None:
        """Give back the memory of what only numbering the images needs."""
        nothing = np.zeros(0, np.int64)
        self.annotations.keys = self.images.keys = self.image_names = nothing


def index_file(source: Source, name: str, log: Log, boxes_only: bool) -> File:
    """Pass over one file; ``boxes_only`` keeps the boxes of plain records. Raises :class:`FileError` for anything that is not whole JSON of this family."""
    with source.open(name) as raw, as_utf8(raw) as file:
        stream = JsonStream(file)
        images, annotations = _Records(), _Records()
        columns = BoxColumns() if boxes_only else None
        names: list[npt.NDArray[np.int64]] = []
        linked = videos = False
        categories: list[Category] = []
        first: Mapping[str, Any] = {}
        has_categories = False
        if stream.next() == b"[":
            first = _first_item(file, stream)
            annotations.collect(stream, columns)
            kind: Kind | None = Kind.RESULTS
        else:
            kind = None
            for key in stream.members():
                if key == "images" and stream.next() == b"[":
                    linked = _index_images(stream, images, names)
                elif key == "annotations" and stream.next() == b"[":
                    first = _first_item(file, stream)
                    annotations.collect(stream, columns)
                elif key == "categories" and stream.next() == b"[":
                    has_categories = True
                    categories = _categories(stream.value(), name, log)
                elif key == "videos" and stream.next() == b"[":
                    videos = bool(stream.value().strip(b"[] \t\r\n"))
                elif key in ("images", "annotations", "categories") and stream.next() != b"n":
                    raise stream.error(f"{key!r} is not a list")
                else:
                    stream.skip()
        if stream.next():
            raise stream.error("more data after the end of the document")
    if TRACKS & set(first):
        raise FileError(NO_VIDEOS)
    return File(
        name=name,
        split=split_of(name),
        kind=kind or _kind(first, has_categories),
        images=images.table(),
        image_names=np.concatenate(names) if names else np.zeros(0, np.int64),
        annotations=annotations.table(),
        boxes=columns.table() if columns is not None else None,
        categories=_by_id(categories, name, log),
        fields=tuple(first),
        videos=videos,
        ordinals=np.zeros(0, np.int32),
        linked=linked,
    )


_whole_ids = msgspec.json.Decoder(list[_WholeId]).decode
_any_ids = msgspec.json.Decoder(list[_AnnotationIds]).decode
_images = msgspec.json.Decoder(list[_ImageIds]).decode


def _annotations(text: bytes) -> Sequence[_WholeId | _AnnotationIds]:
    try:
        return _whole_ids(text)
    except msgspec.ValidationError:
        return _any_ids(text)


def _box_annotations(text: bytes) -> Sequence[BoxRecord | _WholeId | _AnnotationIds]:
    try:
        return read_boxes(text)
    except msgspec.ValidationError:
        return _annotations(text)


def _lenient_ids(text: bytes) -> _AnnotationIds | None:
    """The image of a record that is no strict JSON (NaN) or has an odd id, so that it is judged beside its image."""
    try:
        loose = json.loads(text)
    except (ValueError, RecursionError):
        return None
    id = loose.get("image_id") if isinstance(loose, dict) else None
    return _AnnotationIds(id) if isinstance(id, int | str | float) and not isinstance(id, bool) else None


def _lenient_image(text: bytes) -> _ImageIds | None:
    try:
        loose = json.loads(text)
    except (ValueError, RecursionError):
        return None
    id, name = (loose.get("id"), loose.get("file_name")) if isinstance(loose, dict) else (None, None)
    if not isinstance(id, int | str | float) or isinstance(id, bool):
        return None
    return _ImageIds(id, name if isinstance(name, str) else None)


class _Records:
    """Grows the columns of a :class:`Table` in place: lists of pieces would be there twice when they are joined."""

    def __init__(self) -> None:
        self._starts, self._lengths, self._keys = array("q"), array("i"), array("q")

    def collect(self, stream: JsonStream, columns: BoxColumns | None) -> None:
        decode = _annotations if columns is None else _box_annotations
        for starts, lengths, items in stream.pieces(decode, _lenient_ids):
            self.add(starts, lengths, keys_of([None if item is None else item.image_id for item in items]))
            if columns is not None:
                columns.add(items)

    def add(self, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]) -> None:
        self._starts.frombytes(starts.tobytes())
        self._lengths.frombytes(lengths.astype(np.int32).tobytes())
        self._keys.frombytes(keys.tobytes())

    def table(self) -> Table:
        return Table(
            np.frombuffer(self._starts, np.int64),
            np.frombuffer(self._lengths, np.int32),
            np.frombuffer(self._keys, np.int64),
        )


def _index_images(stream: JsonStream, images: _Records, names: list[npt.NDArray[np.int64]]) -> bool:
    """Collect the images; whether the first ones have addresses."""
    linked: bool | None = None
    for starts, lengths, items in stream.pieces(_images, _lenient_image):
        images.add(starts, lengths, keys_of([None if item is None else item.id for item in items]))
        hashes = [
            MISSING if item is None else hash(item.file_name or item.coco_url or f"\0{item.id}") for item in items
        ]
        names.append(np.array(hashes, np.int64))
        if linked is None:
            linked = any(item is not None and item.coco_url for item in items)
    return bool(linked)


def _first_item(file: BinaryIO, stream: JsonStream) -> Mapping[str, Any]:
    """Keys of the first record of the array at the cursor, from its first bytes."""
    place = file.tell()
    file.seek(stream.offset)
    head = file.read(64 * 1024)
    file.seek(place)
    return dict.fromkeys(first_keys(head)) if re.match(rb"\[\s*\{", head) else {}


def _kind(first: Mapping[str, Any], has_categories: bool) -> Kind:
    if "segments_info" in first:
        return Kind.PANOPTIC
    if "caption" in first and "bbox" not in first:
        return Kind.CAPTIONS
    if "keypoints" in first:
        return Kind.KEYPOINTS
    if not first:
        return Kind.IMAGES
    if "category_id" in first and not {"bbox", "segmentation"} & set(first):
        return Kind.LABELS
    return Kind.INSTANCES


def unread(file: File, taken: Sequence[str]) -> list[str]:
    """Fields of a file's annotations that are not carried over, by the first of them."""
    return [key for key in file.fields if key not in _KNOWN and key not in taken]


def _categories(data: bytes, name: str, log: Log) -> list[Category]:
    try:
        raw = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _lenient_categories(data)
    found = []
    for n, item in enumerate(raw):
        try:
            found.append(msgspec.json.decode(item, type=Category))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            found.append(_lenient_category(item, n, name, log))
    return found


def _lenient_categories(data: bytes) -> list[Category]:
    """Ids and names of a list that only a lenient parser takes (half surrogate pairs). Raises :class:`FileError`."""
    try:
        loose = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"'categories' is not readable: {error}") from None
    pairs = [(c.get("id"), c.get("name")) for c in loose if isinstance(c, dict)]
    return [
        Category(id, clean_name(name) if isinstance(name, str) else None)
        for id, name in pairs
        if isinstance(id, int | str)
    ]


def _lenient_category(item: msgspec.Raw, n: int, name: str, log: Log) -> Category:
    """Id and name alone, where another field is of an unexpected type."""

    class Plain(Struct):
        id: Id = None
        name: str | int | float | None = None

    try:
        plain = msgspec.json.decode(item, type=Plain)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        log.note(Code.CLASS_UNNAMED, f"the category is not readable: {error}", file=name, where=f"categories[{n}]")
        return Category()
    return Category(plain.id, plain.name)


def _by_id(categories: list[Category], file: str, log: Log) -> dict[int, Category]:
    """Categories by id, in declared order; placeholders that nothing uses are dropped later."""
    table: dict[int, Category] = {}
    for n, category in enumerate(categories):
        key = Names.key(category.id)
        if key is None:
            continue
        where = f"categories[{n}]"
        if category.name is None or not str(category.name).strip():
            log.note(
                Code.CLASS_UNNAMED,
                f"category {category.id} has no name; it becomes class_{category.id}",
                file=file,
                where=where,
            )
            category.name = f"class_{category.id}"
        category.name = str(category.name)
        if category.keypoints:
            category.keypoints = _distinct(category, file, where, log)
        if key in table and table[key].name != category.name:
            log.note(
                Code.CLASS_DUPLICATE,
                f"category id {category.id} is both {table[key].name!r} and {category.name!r}; the first is used",
                file=file,
                where=where,
            )
            continue
        table.setdefault(key, category)
    return table


def _distinct(category: Category, file: str, where: str, log: Log) -> list[str]:
    """The names of a category's keypoints, those that are blank or taken with their number in the list."""
    names: list[str] = []
    for n, name in enumerate(category.keypoints or (), 1):
        if not name.strip():
            name = f"kp_{n}"
        names.append(f"{name} {n}" if name in names else name)
    if names != category.keypoints:
        message = f"keypoints of {category.name!r} have no name or the same; they become {', '.join(names)}"
        log.note(Code.CLASS_DUPLICATE, message, file=file, where=where)
    return names
