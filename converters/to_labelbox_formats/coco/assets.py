"""Images: their records, their paths below the media root, and sizes that a file lacks."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from to_labelbox.geometry.any_shape import turned_back
from to_labelbox.model.items import Annotation, Asset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.asset_lookup import NameIndex
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import Header
from to_labelbox.source.paths import below_a_root, is_mirrored, note_disk
from to_labelbox.source.side_up import Side, Size, displayed, note_turned, side_of
from to_labelbox_formats.coco.index.addresses import SharedPaths
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import Id, alone, name_of_file, size_in

MAX_SIDE = 2**31


class ImageRecord(Struct, gc=False):
    id: Id = None
    file_name: str | None = None
    coco_url: str | None = None
    width: int | float | None = None
    height: int | float | None = None


_LOCAL_FILES = "/local-files/?d="
"""In the address of a file that Label Studio serves from a folder of its computer; its path follows."""


def _stated(record: ImageRecord) -> Size | None:
    width, height = record.width, record.height
    if width and height and 1 <= width < MAX_SIDE and 1 <= height < MAX_SIDE:
        return int(width), int(height)
    return None


_decode = msgspec.json.Decoder(ImageRecord).decode


class Paths:
    """Reads image records of a set of files."""

    def __init__(self, source: Source, files: Sequence[File], context: ReadContext, shared: SharedPaths) -> None:
        self._shared = shared
        self._source = source
        self._context = context
        self._names = [f.name for f in files]
        self._prefixes = [f.home for f in files]
        self._roots: dict[int, str] = {}
        self._looked_at: set[int] = set()
        self._as_displayed = True
        self._splits = [f.split for f in files]

    def image(self, text: bytes, file: int, row: int, log: Log) -> ImageRecord | None:
        try:
            record = _decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            if name := alone(text):
                return ImageRecord(file_name=name)
            return self._lenient(text, file, row, log)
        if record.id is None or not (record.file_name or record.coco_url):
            other = members_of(text)
            record.id = other.get("image_id") if record.id is None else record.id
            record.file_name = record.file_name or (None if record.coco_url else name_of_file(other)[1] or None)
        if record.width is None and record.height is None:
            record.width, record.height = size_in(text) or (None, None)
        return record

    def _lenient(self, text: bytes, file: int, row: int, log: Log) -> ImageRecord | None:
        """Numbers given as text, or fields of a strange type."""
        where = f"images[{row}]"
        try:
            loose = json.loads(text)
            fields = {k: loose.get(k) for k in ("id", "file_name", "coco_url")}
            sizes = {k: float(loose[k]) if loose.get(k) else None for k in ("width", "height")}
            record = msgspec.convert({**fields, **sizes}, ImageRecord, strict=False)
        except (ValueError, TypeError, AttributeError, RecursionError, msgspec.ValidationError) as error:
            log.note(
                Code.RECORD_UNREADABLE,
                f"the image is not readable: {in_words(error)}",
                file=self._names[file],
                where=where,
            )
            return None
        log.note(
            Code.FIELD_REPAIRED,
            "a field is written in an odd way (a number as text, half a surrogate pair)",
            file=self._names[file],
            where=where,
        )
        return record

    def look_at(self, sample: Iterable[tuple[ImageRecord, int]]) -> None:
        """Find out from some images, each with the number of its file, whether pictures are at hand and which side up they
        were labelled. Only of files of which one was found, stated sizes are held against the pictures; in the cloud, of none.
        """
        media = self._context.media
        if is_mirrored(self._source.folder or "") or (media is not None and is_mirrored(media.root)):
            return
        seen: list[tuple[Size | None, Header]] = []
        for record, file in sample:
            path, bare, _ = self._path(record, file)
            if (header := self._header(path, bare, file)) is not None:
                self._looked_at.add(file)
                seen.append((_stated(record), header))
        self._as_displayed = displayed(seen)

    def asset(self, record: ImageRecord, file: int, log: Log) -> tuple[Asset, Side | None]:
        """The asset, its size that of the frame that labels are in; and the picture's own, where it was looked at."""
        path, bare, url = self._path(record, file)
        if not record.file_name and not record.coco_url:
            log.note(
                Code.FILE_MISSING,
                f"the image has neither file_name nor coco_url: it is called {path}",
                file=self._names[file],
                id=str(record.id),
            )
        if self._context.media is None and record.file_name and bare is not record.file_name:
            note_disk(record.file_name, log, self._names[file])
        side, other, said = None, None, _stated(record) or self._context.sizes.get(path)
        if said is None or file in self._looked_at:
            side, other = self._side(path, bare, file, said)
        size = side.drawn if side else said
        if size is None:
            why = f"width {record.width} and height {record.height} are no size"
            why = "width and height are missing" if None in (record.width, record.height) else why
            log.note(
                Code.IMAGE_SIZE_UNKNOWN,
                f"{why}, so nothing is cut at the border and masks are left out: give --media-root or --sizes",
                file=self._names[file],
                where=path,
            )
        width, height = size or (None, None)
        return Asset(path=path, id=str(record.id), url=url or None, width=width, height=height, picture=other), side

    def path(self, record: ImageRecord, file: int) -> str:
        """The path of an image."""
        return self._path(record, file)[0]

    def _path(self, record: ImageRecord, file: int) -> tuple[str, str, str | None]:
        """(path below the media root, path as the file has it, address)."""
        name, url = record.file_name, record.coco_url
        if name and _LOCAL_FILES in name:
            name = unquote(name.partition(_LOCAL_FILES)[2])
        elif name and "://" in name:
            url, name = None if name.startswith("file:") else name, self._shared.path_of(name)
        elif not name and url:
            name = self._shared.path_of(url)
        bare = below_a_root(name) if name else f"{record.id}.jpg"
        return self._prefixes[file] + bare, bare, url

    def _side(self, path: str, bare: str, file: int, said: Size | None) -> tuple[Side | None, Size | None]:
        """Which side up a picture was labelled, or the size of another one that is there."""
        header = self._header(path, bare, file)
        if header is None:
            return None, None
        side = side_of(said, header, self._as_displayed)
        if side is None:
            return None, (header.width, header.height)
        return (side if self._context.exif else Side(side.stored, said or side.stored)), None

    def _header(self, path: str, bare: str, file: int) -> Header | None:
        """The header of an image's picture, below the media root or else where pictures usually are in the source."""
        if self._context.media is not None and (header := self._context.media.header(path)) is not None:
            return header
        known = self._roots.get(file)
        for root in self._candidates(file) if known is None else (known,):
            name = posixpath.normpath(posixpath.join(root, bare))
            if not name.startswith("..") and self._source.exists(name):
                self._roots[file] = root
                return self._source.header(name)
        if not self._source.is_file and isinstance(found := self._pictures.find(bare), str):
            return self._source.header(found)
        return None

    @cached_property
    def _pictures(self) -> NameIndex:
        """The pictures of the source, for names that are in none of the usual folders."""
        return NameIndex(() if self._source.is_file else self._source.pictures)

    def _candidates(self, file: int) -> list[str]:
        """Folders where the images of a file usually are, relative to the source's root."""
        folder, split = posixpath.dirname(self._names[file]), self._splits[file]
        up = posixpath.join(folder, "..")
        below = (
            [f"{up}/images/{split}", f"{up}/{split}", f"{up}/{split}2017", f"{up}/../images/{split}"] if split else []
        )
        return [folder, *below, f"{up}/images", up, posixpath.join(folder, "images")]


def turned(asset: Asset, side: Side, annotations: Sequence[Annotation], log: Log) -> tuple[Asset, Sequence[Annotation]]:
    """An asset and its labels, read on the upright picture, in pixels of the stored one."""
    width, height = side.stored
    if annotations:
        note_turned(side, log, asset.path)
    return replace(asset, width=width, height=height), [
        turned_back(annotation, side.orientation, width, height) for annotation in annotations
    ]
