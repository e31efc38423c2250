"""Images: their records, their paths below the media root, and sizes that a file lacks."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from to_labelbox.model.items import Asset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import NameIndex
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import image_header, is_media
from to_labelbox_formats.coco.addresses import SharedPaths
from to_labelbox_formats.coco.ids import Id
from to_labelbox_formats.coco.index import File

MAX_SIDE = 2**31


class ImageRecord(Struct, gc=False):
    id: Id = None
    file_name: str | None = None
    coco_url: str | None = None
    width: int | float | None = None
    height: int | float | None = None


_LOCAL_FILES = "/local-files/?d="
"""In the address of a file that Label Studio serves from a folder of its computer; its path follows."""

_decode = msgspec.json.Decoder(ImageRecord).decode


def plain_path(name: str) -> str:
    """A file name as a path below some root: ``/`` only, no drive, no leading slash, no ``..``."""
    if "\\" in name:
        name = name.replace("\\", "/")
    if name[1:3] in (":/", ":\\"):
        name = name[3:]
    if ".." in name or "./" in name or name.startswith("/") or "//" in name:
        name = "/".join(p for p in name.split("/") if p not in ("", ".", ".."))
    return name


class Paths:
    """Reads image records of a set of files."""

    def __init__(self, source: Source, files: Sequence[File], context: ReadContext, shared: SharedPaths) -> None:
        self._shared = shared
        self._source = source
        self._context = context
        self._names = [f.name for f in files]
        self._prefixes = [f.home for f in files]
        self._roots: list[str | None] = [None] * len(files)
        self._splits = [f.split for f in files]

    def image(self, text: bytes, file: int, row: int, log: Log) -> ImageRecord | None:
        try:
            record = _decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._lenient(text, file, row, log)
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
            log.note(Code.RECORD_UNREADABLE, f"the image is not readable: {error}", file=self._names[file], where=where)
            return None
        log.note(
            Code.FIELD_REPAIRED,
            "a field is written in an odd way (a number as text, half a surrogate pair)",
            file=self._names[file],
            where=where,
        )
        return record

    def asset(self, record: ImageRecord, file: int, log: Log) -> Asset:
        name, url = record.file_name, record.coco_url
        if name and _LOCAL_FILES in name:
            name = unquote(name.partition(_LOCAL_FILES)[2])
        elif name and "://" in name:
            url, name = None if name.startswith("file:") else name, self._shared.path_of(name)
        elif not name and url:
            name = self._shared.path_of(url)
        path = plain_path(name) if name else f"{record.id}.jpg"
        if not name:
            log.note(
                Code.FILE_MISSING,
                f"the image has neither file_name nor coco_url: it is called {path}",
                file=self._names[file],
                id=str(record.id),
            )
        bare, path = path, self._prefixes[file] + path
        width, height = record.width, record.height
        if not width or not height or not (1 <= width < MAX_SIDE and 1 <= height < MAX_SIDE):
            size = self._size(path, bare, file, log)
        else:
            size = int(width), int(height)
        return Asset(
            path=path,
            id=str(record.id),
            url=url or None,
            width=size[0] if size else None,
            height=size[1] if size else None,
        )

    def _size(self, path: str, bare: str, file: int, log: Log) -> tuple[int, int] | None:
        context = self._context
        if path in context.sizes:
            return context.sizes[path]
        header = context.media.header(path) if context.media else None
        if header is None:
            for root in self._candidates(file):
                name = posixpath.normpath(posixpath.join(root, bare))
                if not name.startswith("..") and self._source.exists(name):
                    header = image_header(self._source.head(name, 256 * 1024))
                    break
        if header is None and isinstance(found := self._pictures.find(bare), str):
            header = image_header(self._source.head(found, 256 * 1024))
        if header is not None:
            return header.width, header.height
        log.note(
            Code.IMAGE_SIZE_UNKNOWN,
            "width and height are missing, so nothing is cut at the border and masks are left out: "
            "give --media-root or --sizes",
            file=self._names[file],
            where=path,
        )
        return None

    @cached_property
    def _pictures(self) -> NameIndex:
        """The pictures of the source, for names that are in none of the usual folders."""
        return NameIndex(() if self._source.is_file else filter(is_media, self._source.names))

    def _candidates(self, file: int) -> list[str]:
        """Folders where the images of a file usually are, relative to the source's root."""
        folder, split = posixpath.dirname(self._names[file]), self._splits[file]
        up = posixpath.join(folder, "..")
        below = (
            [f"{up}/images/{split}", f"{up}/{split}", f"{up}/{split}2017", f"{up}/../images/{split}"] if split else []
        )
        return [folder, *below, f"{up}/images", up, posixpath.join(folder, "images")]
