"""Sizes and orientation of the pictures that rows are normalised by.

A size that the user or the set states comes first, then the picture's header. Ultralytics, like CVAT and Label Studio,
draws on the picture as displayed, so rows are scaled by the upright size and turned back to stored pixels.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from enum import IntEnum

from to_labelbox.model.text import pattern
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import AssetTable
from to_labelbox.source.files import HEAD
from to_labelbox.source.image_headers import Header, file_header, image_header
from to_labelbox.source.option_file import read_text, whole_number
from to_labelbox_formats.yolo.folders.descriptors import text_of
from to_labelbox_formats.yolo.folders.listing import Tree
from to_labelbox_formats.yolo.rows import Frame

META_FILE = "images.meta"
_META_LINE = pattern(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))\s+([0-9]{1,9})\s+([0-9]{1,9})\s*')
_WITHOUT_EXIF = (".bmp", ".gif")

Sizes = Mapping[str, tuple[int, int]]


class FoundIn(IntEnum):
    """Where the file of a picture is."""

    NOWHERE = 0
    SOURCE = 1
    MEDIA = 2


class Pictures:
    """Headers and sizes by asset name; ``media`` is what lies below the media root, ``upright`` says whether this set's coordinates are of the displayed picture."""

    def __init__(self, tree: Tree, context: ReadContext, sizes: Sizes, *, upright: bool = True) -> None:
        self._tree = tree
        self._base = tree.base
        self.media = context.media
        own = sizes.of(context.claims) if isinstance(sizes, AssetTable) else AssetTable(sizes, context.claims)
        common = context.sizes if isinstance(context.sizes, AssetTable) else AssetTable(context.sizes)
        self._given = [table for table in (common, own) if table]
        self._claims, self._common = context.claims, common
        self._exif = context.exif and upright
        self._drop, self._add = _offset(tree.source.folder, context.media.root if context.media else None)

    def claim(self, names: Sequence[str]) -> None:
        """Name all pictures of the set before any is looked for below the media root."""
        self._claims.set(lambda: (self.path(name, FoundIn.NOWHERE) for name in names))

    def path(self, name: str, place: FoundIn) -> str:
        """The asset's path: below the media root when the picture is there, else below the source."""
        if place is not FoundIn.MEDIA and (self._drop or self._add) and name.startswith(self._drop):
            return self._add + name[len(self._drop) :]
        return name

    def header(self, name: str, place: FoundIn) -> Header | None:
        if place is FoundIn.SOURCE:
            if self._base is not None:
                return file_header(self._base + name)
            return image_header(self._tree.head(name, HEAD)) or image_header(self._tree.read(name))
        return self.media.header(name) if place is FoundIn.MEDIA and self.media is not None else None

    def frame(self, name: str, place: FoundIn, log: Log, *, rows: bool, stated: tuple[int, int] | None = None) -> Frame:
        """What the rows of a picture refer to. ``rows``: there are any, so that it matters."""
        if place is FoundIn.SOURCE and self._base is not None:
            header = file_header(self._base + name)
        else:
            header = self.header(name, place)
        if header is not None and header.orientation == 1 and stated is None and not self._given:
            return Frame(header.width, header.height)
        if self._given:
            stated = self._size(self.path(name, place), log) or self._size(name, log) or stated
        if header is None:
            if place is FoundIn.SOURCE and stated is None:
                log.file_unreadable(name, "is no picture whose size can be read")
            elif rows and self._exif and not name.lower().endswith(_WITHOUT_EXIF):
                log.note(*sentences.EXIF_UNKNOWN(), file=name)
            return Frame(*stated) if stated else Frame()
        if header.orientation == 1 or not self._exif:
            frame = Frame(header.width, header.height)
        else:
            frame = Frame(*header.upright, header.orientation)
            if rows:
                log.note(*sentences.EXIF_TURNED(orientation=header.orientation), file=name)
                log.assume(
                    "side up of pictures",
                    "as displayed",
                    unknown=1,
                    why="labels are taken as drawn on the picture as its EXIF orientation shows it, as Ultralytics does",
                    option="--exif ignore",
                )
        if stated is None or stated in (frame.stored, (frame.width, frame.height)):
            return frame
        log.note(
            Code.IMAGE_SIZE_MISMATCH,
            f"is stated as {stated[0]} × {stated[1]}, its header says {header.width} × {header.height}; the stated size is used",
            file=name,
        )
        return Frame(*stated)

    def find(self, name: str) -> tuple[str, FoundIn]:
        """A picture whose name is known, in the source or, by the common rule, below the media root."""
        if self._tree.has(name):
            return name, FoundIn.SOURCE
        if self.media is not None and isinstance(found := self.media.find(name), str):
            return found, FoundIn.MEDIA
        return name, FoundIn.NOWHERE

    def _size(self, name: str, log: Log) -> tuple[int, int] | None:
        """That of the user's tables, the first that knows the picture."""
        for sizes in self._given:
            found = sizes.find(name)
            if isinstance(found, str):
                return sizes[found]
            if found is not None and sizes is not self._common:
                log.note(*found.said_of("-O sizes"), file=name)
        return None


def _offset(source: str | None, media: str | None) -> tuple[str, str]:
    """(prefix to drop, prefix to add) that makes names of the source relative to the media root."""
    if source is None or media is None:
        return "", ""
    source, media = os.path.realpath(source), os.path.realpath(media)
    if source == media:
        return "", ""
    if media.startswith(source + "/"):
        return media[len(source) + 1 :] + "/", ""
    if source.startswith(media.rstrip("/") + "/"):
        return "", source[len(media.rstrip("/")) + 1 :] + "/"
    return "", ""


def load_sizes(tree: Tree, option: str | None) -> Sizes:
    """The sizes file of ``-O sizes=``, or images.meta of the source. Raises :class:`UsageError`."""
    if option is None:
        file = next((n for n in tree.ending(".meta") if posixpath.basename(n) == META_FILE), None)
        return _meta(text_of(tree, file)) if file else {}
    if not os.path.isfile(option) and tree.has(option):
        return _meta(text_of(tree, option))
    if not option.endswith(".meta"):
        from to_labelbox.source.csv_tables import read_sizes

        return read_sizes(option)
    return _meta(read_text(option, f"{option}: the sizes file cannot be read"))


def _meta(text: str) -> dict[str, tuple[int, int]]:
    """Lines of Datumaro's images.meta: name (in quotes when it holds blanks), *height*, width; or CSV key,width,height."""
    sizes: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        if match := _META_LINE.fullmatch(line):
            name = match[2] if match[1] is None else re.sub(r"\\(.)", r"\1", match[1])
            sizes[name] = (int(match[4]), int(match[3]))
        elif line.count(",") >= 2:
            key, width, height = (part.strip() for part in line.rsplit(",", 2))
            sizes[key] = (whole_number(width) or 0, whole_number(height) or 0)
    return {name: size for name, size in sizes.items() if min(size) > 0}
