"""One image of a set: its identity, its size, and everything that is said about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from to_labelbox.geometry.any_shape import changed, scaled, turned_back
from to_labelbox.model.items import Annotation, Asset, Classification, Item, Object
from to_labelbox.model.tables import Rows
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.rules.settings import OtherSize
from to_labelbox.source.asset_lookup import MediaFolder, Moves, Tie, spread, sure_folders
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import IMAGE_EXTENSIONS, Header
from to_labelbox.source.side_up import Side, Size, code_of_sizes, note_turned, side_of
from to_labelbox_formats.voc.box_tables import BoxTables, counting_of
from to_labelbox_formats.voc.document import MAX_BYTES, Document, NotAnnotation, read_document
from to_labelbox_formats.voc.evidence import size_is_of, stays_on_picture
from to_labelbox_formats.voc.layout.class_lists import Classes, Lists
from to_labelbox_formats.voc.layout.folder_roles import Folder, Role, role_of
from to_labelbox_formats.voc.layout.index import Layout, find, image_base, implied_top
from to_labelbox_formats.voc.objects import annotations_of
from to_labelbox_formats.voc.options import Picture, Sides
from to_labelbox_formats.voc.rivals import is_copy
from to_labelbox_formats.voc.shapes import Rules, number

if TYPE_CHECKING:
    from to_labelbox_formats.voc.masks import MaskReader

_NO_SIZE = (
    "neither <size> nor a picture says how large it is, so nothing can be clipped: give the images with --media-root, or "
    "--sizes FILE"
)
_SIDE = re.compile(r"[0-9]{1,7}")
_CLASS_QUESTION = "class"
_NOTHING = Document("", "", "", "", "", ())
MAX_MASK_BYTES = 512 * 2**20
"""No PNG of as many pixels as a mask may have is larger."""
_BLOCK = 64
"""Units that are read together, step by step, which leaves each step's code in the processor's cache."""


class Items(Struct, dict=True):
    """The items of a set; holds the index and the rules, no open file. ``documents`` are those that have been read already, by their
    units; each is taken once."""

    source: Source
    layout: Layout
    lists: Lists
    classes: Classes
    rules: Rules
    context: ReadContext
    fallback: str
    check_sizes: bool
    documents: dict[int, Document]
    picture: Picture

    def __post_init__(self) -> None:
        self._boxes = BoxTables(self.rules)
        self._image_folders: dict[str, str] = {}
        self._add, self._strip = _media_prefix(self.source, self.context, image_base(self.layout))

    def iterate(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        last = min(stop, self.layout.units)
        for first in range(max(0, start), last, _BLOCK):
            units = range(first, min(first + _BLOCK, last))
            loaded = [self._load(unit) for unit in units]
            documents = [self._document(unit, data, log) for unit, data in zip(units, loaded)]
            for unit, document, boxes in zip(units, documents, self._boxes.read(documents)):
                if document is not _NOTHING:
                    try:
                        item = self._item(unit, document, boxes, log)
                    except FileError as error:
                        log.file_unreadable(self.layout.entry(unit), str(error))
                    else:
                        yield item

    def names(self) -> Iterator[str]:
        """The paths of the images, those that are not in the source by the place of their annotation file."""
        layout = self.layout
        for unit in range(layout.units):
            image = layout.image(unit)
            yield self._path(image) if image else self._implied(*layout.folder(layout.entry(unit)), "jpg")

    def unlabelled(self, unit: int) -> list[Item]:
        """The data row of a unit whose file cannot be read."""
        name = self.layout.entry(unit)
        folder, stem = self.layout.folder(name)
        path, _ = self._asset(name, folder, stem, self.layout.image(unit), None, Log())
        split, seen_in = self._split(unit, name, folder)
        return [Item(asset=Asset(path=path), split=split, origin=name, split_seen_in=seen_in)]

    def _split(self, unit: int, name: str, folder: Folder) -> tuple[str, str]:
        """The split of a unit, and the name of which it is only a word."""
        number, image = self.lists.split_of[unit], self.layout.image(unit)
        split, seen_in = self.lists.splits[number], self.lists.beside.get(number, "")
        told = folder.split or (self.layout.folder(image)[0].split if image else "")
        if told and told != split and (not split or told in split.split("_")):
            return told, seen_in if split else name  # train for a list called train_cls, as those of ImageNet are
        return split, seen_in

    def _load(self, unit: int) -> bytes | Document | FileError | None:
        """The annotation file of a unit, if it has one that counts, as bytes or read already."""
        if unit >= len(self.layout.xmls) or unit in self.layout.refused:
            return None
        if (document := self.documents.pop(unit, None)) is not None:
            return document
        try:
            return self.source.load(self.layout.entry(unit), MAX_BYTES)
        except FileError as error:
            return error

    def _document(self, unit: int, loaded: bytes | Document | FileError | None, log: Log) -> Document | None:
        """What a unit's file says; None for one without, ``_NOTHING`` where the unit is left out."""
        layout = self.layout
        name = layout.entry(unit)
        if unit in layout.refused:
            image, other = layout.refused[unit]
            if is_copy(self.source, name, other):
                log.note_unread("file", name, why=f"is a copy of {other}, which is read")
            else:
                message = f"describes {image}, as {other} does: not read. Keep the one that counts, or name its folder with -O labels="
                log.file_unreadable(name, message)
            return _NOTHING
        if loaded is None:
            return None
        try:
            if isinstance(loaded, FileError):
                raise loaded
            document = loaded if isinstance(loaded, Document) else read_document(loaded, self.fallback)
        except NotAnnotation as error:
            log.note(Code.FILE_IGNORED, str(error), file=name)
            log.note_unread("file", name, why=str(error))
            return _NOTHING
        except FileError as error:
            log.file_unreadable(name, str(error))
            return _NOTHING
        for parent, field_name in document.unknown:
            log.note_unread("element", field_name, where=f"<{parent}>")
            if parent == "annotation":
                log.note(Code.FIELD_IGNORED, f"<{field_name}> is not understood", file=name)
        for said in document.renamed:
            log.note(Code.FIELD_REPAIRED, said, file=name)
        if unit in layout.unsure:
            message = f"several images are called so, {layout.unsure[unit]} is one of them: none of them is taken"
            log.note(Code.ASSET_UNKNOWN, message, file=name)
        return document

    def _item(self, unit: int, document: Document | None, boxes: Rows | None, log: Log) -> Item:
        """``boxes``: the objects of a plain file."""
        layout = self.layout
        name = layout.entry(unit)
        image = layout.image(unit)
        folder, stem = layout.folder(name)
        path, header = self._asset(name, folder, stem, image, document, log)
        if not image and header is None and layout.images and document is not None:
            log.note(Code.FILE_MISSING, f"no image belongs to it; its data row is called {path}", file=name)
        stored, drawn, side = self._sizes(path, image, header, document, name, log)
        annotations: Sequence[Annotation] = []
        if boxes is not None:
            log.read_each(boxes.labels)
            annotations = boxes
        elif document is not None and document.rows:
            shift, last = counting_of(self.rules, document)
            rules = self.rules._replace(shift=shift, last=last)
            annotations = annotations_of(document, rules, drawn, name, log)
        elif unit in self.lists.present:
            annotations = _classifications(self.lists.present[unit], log)
        if layout.masks:
            names = [(row[0] or "").strip() for row in document.rows] if document else []
            masks, size = self._mask_objects(unit, names, stored if self.rules.resized else drawn, log)
            annotations = [*annotations, *masks]
            stored = stored or size
        if stored is None and annotations:
            log.note(Code.IMAGE_SIZE_UNKNOWN, _NO_SIZE, file=name)
        if stored is not None and drawn is not None and drawn != stored and side is None:
            factors = stored[0] / drawn[0], stored[1] / drawn[1]
            annotations = [changed(a, lambda geometry: scaled(geometry, *factors, stored)) for a in annotations]
        if side is not None and annotations:
            annotations = [turned_back(a, side.orientation, *side.stored) for a in annotations]
            note_turned(side, log, name)
        width, height = stored or (None, None)
        split, seen_in = self._split(unit, name, folder)
        return Item(
            asset=Asset(path=path, width=width, height=height),
            annotations=annotations,
            split=split,
            origin=name,
            split_seen_in=seen_in,
        )

    # ------------------------------------------------------------------------------------------ identity and size

    def _asset(
        self, name: str, folder: Folder, stem: str, image: str, document: Document | None, log: Log
    ) -> tuple[str, Header | None]:
        """(path, header when it had to be looked up below the media root anyway)."""
        if image:
            if document is not None:
                self._compare_name(name, image, document, log)
            return self._path(image), None
        said = (document.filename if document else "").strip().replace("\\", "/").rpartition("/")[2]
        _, dot, extension = said.rpartition(".")
        known = bool(dot) and f".{extension.lower()}" in IMAGE_EXTENSIONS
        path = self._implied(folder, stem, extension if known else "jpg")
        gallery = self.context.media
        if gallery is not None:
            found = self._find(gallery, name, path, said) or gallery.find_cut(path, log)
            if isinstance(found, str):
                return found, gallery.header(found)
            if found is not None:
                log.note(*found.said_of("--media-root"), file=name)
                return path, None
            path = self._moves.of(path, "")
        if not known:
            who = (
                "there is no image of that name"
                if document is None
                else "neither an image nor <filename> tells the extension"
            )
            log.note(Code.ASSET_UNKNOWN, f"{who}: .jpg is assumed", file=name)
        return path, None

    def _find(self, gallery: MediaFolder, name: str, path: str, said: str = "") -> str | Tie | None:
        """The image of an annotation file below the media root; ``said`` is its <filename>."""
        place, _, base = path.rpartition("/")
        sure = sure_folders(name[: name.rfind("/") + 1], lambda part: role_of(part) is not None)
        candidates = (path, f"{place}/{said}".lstrip("/"), sure + base, sure + said)
        return gallery.find_first(c for c in candidates if c and not c.endswith("/"))

    @cached_property
    def _moves(self) -> Moves:
        """Where images that are not there would be, by those of a sample that are; of these, no annotation file is read."""
        sample: list[tuple[str, str, str | Tie | None]] = []
        if (gallery := self.context.media) is None:
            return Moves()
        for unit in spread(self.layout.units):
            if not self.layout.image(unit):
                name = self.layout.entry(unit)
                path = self._implied(*self.layout.folder(name), "jpg")
                sample.append(("", path, self._find(gallery, name, path)))
        return Moves(sample)

    def _implied(self, folder: Folder, stem: str, extension: str) -> str:
        """The path of the image of an annotation file where nothing but its own place tells it."""
        place = folder.top + folder.rest
        whole = self._image_folders.get(place, "")
        if not whole:
            whole = self._image_folders[place] = implied_top(self.layout, folder) + folder.rest
        return self._path(f"{whole}{stem}.{extension}")

    def _compare_name(self, name: str, image: str, document: Document, log: Log) -> None:
        """An image of the same stem counts; worth a word when the one that the file names exists as well.

        Raises :class:`FileError` where that one has the size that is stated, and the other has not.
        """
        said = document.filename
        if not said or image.endswith(said) or self.picture is not Picture.AUTO:
            return
        said = said.strip().replace("\\", "/").rpartition("/")[2]
        folder, _, base = image.rpartition("/")
        other = f"{folder}/{said}" if folder else said
        if said and said != base and find(self.layout.images, other) >= 0:
            if self.check_sizes and size_is_of(document, self.source, other, image):
                raise FileError(
                    f"its <filename> and <size> are those of {other}, its own name that of {image}: not read. Say which with -O picture=filename or "
                    "-O picture=stem"
                )
            log.note(
                Code.FIELD_REPAIRED,
                f"<filename> names {other}, but {image} has the file's own name and is taken (-O picture=filename takes the other)",
                file=name,
            )

    def _path(self, name: str) -> str:
        if self._strip and name.startswith(self._strip):
            return name[len(self._strip) :]
        return self._add + name

    def _header(self, path: str, image: str) -> Header | None:
        if image:
            return self.source.header(image)
        return None if self.context.media is None else self.context.media.header(path)

    def _sizes(
        self, path: str, image: str, header: Header | None, document: Document | None, name: str, log: Log
    ) -> tuple[Size | None, Size | None, Side | None]:
        """(stored size, size of the frame that labels are in, how that has to be turned)."""
        said = _size_of(document, name, log) if document else None
        if said and self.rules.sides is Sides.SWAPPED:
            said = said[::-1]
        if header is None and (said is None or self.check_sizes):
            header = self._header(path, image)
        if header is None:
            size = said or self.context.sizes.get(path)
            return size, size, None
        own = (header.width, header.height)
        if header.orientation > 1 and self.context.exif and not (said is None and self.layout.masks):
            side = side_of(said, header, self.rules.as_displayed)
            if side is not None:
                return side.stored, side.drawn, side if side.orientation > 1 else None
        if said is None or said == own:
            return own, own, None
        told = f"<size> is {said[0]} × {said[1]}, the image {own[0]} × {own[1]}"
        if said == own[::-1] and self.context.other_size is not OtherSize.PICTURE:
            wrong = document is not None and stays_on_picture(document, said, own, self.rules)
            why = "labels stay on the image alone, which is taken" if wrong else "it was turned after labelling"
            log.note(Code.IMAGE_SIZE_MISMATCH, f"{told}: {why}", file=name)
            return (own, own, None) if wrong else (said, said, None)
        resized = self.rules.resized
        log.note(code_of_sizes(said, own), told + (": labels are scaled" if resized else ", which is taken"), file=name)
        if self.context.other_size is OtherSize.EXCHANGED:  # which exchanges them all, this one back
            return own[::-1], own[::-1], None
        return own, said if resized else own, None

    # ------------------------------------------------------------------------------------------------------ masks

    def _mask_objects(
        self, unit: int, names: Sequence[str], size: tuple[int, int] | None, log: Log
    ) -> tuple[list[Object], tuple[int, int] | None]:
        folder, stem = self.layout.folder(self.layout.image(unit) or self.layout.entry(unit))
        if unit < len(self.layout.xmls):
            folder, stem = self.layout.folder(self.layout.xmls[unit])
        files = []
        for role in (Role.INSTANCES, Role.CLASSES):
            name = self.layout.mask(role, folder, stem)
            try:
                files.append((name, self.source.load(name, MAX_MASK_BYTES)) if name else None)
            except FileError as error:
                log.file_unreadable(name, str(error))
                files.append(None)
        instances, classes = files
        return self._masks.objects(instances, classes, names, size, log)

    @cached_property
    def _masks(self) -> MaskReader:
        from to_labelbox_formats.voc.masks import MaskReader

        return MaskReader(self.classes, self.rules.resized)


def _media_prefix(source: Source, context: ReadContext, base: str) -> tuple[str, str]:
    """(what to put before the name of an image, or what to take from it) to have its path below the media root."""
    if context.media is None or source.folder is None:
        return "", base
    media, folder = os.path.realpath(context.media.root), os.path.realpath(source.folder)
    if media == folder:
        return "", ""
    if folder.startswith(media.rstrip(os.sep) + os.sep):
        return os.path.relpath(folder, media).replace(os.sep, "/") + "/", ""
    inner = os.path.relpath(media, folder).replace(os.sep, "/") + "/" if media.startswith(folder + os.sep) else ""
    return "", inner if inner and base.startswith(inner) else base


def _size_of(document: Document, name: str, log: Log) -> tuple[int, int] | None:
    """``<size>``; None when it is missing, 0 or no whole number."""
    if not document.width and not document.height:
        return None
    width, height = document.width.strip(), document.height.strip()
    if _SIDE.fullmatch(width) and _SIDE.fullmatch(height):
        pair = [int(width), int(height)]
    else:
        numbers = (number(width), number(height))
        pair = [int(value) for value in numbers if value is not None and value >= 0 and value % 1 == 0]
        if len(pair) < 2:
            log.note(Code.FIELD_IGNORED, f"<size> is {width!r} × {height!r}, which is no size", file=name)
            return None
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def _classifications(labels: Sequence[str], log: Log) -> list[Annotation]:
    """Classes that the lists of ImageSets/Main say are present in an image without annotation file."""
    found: list[Annotation] = []
    for label in labels:
        log.read(label)
        place = f"ImageSets/Main/{label}"
        found.append(
            Classification(id=f"Main/{label}", name=_CLASS_QUESTION, value=label, ledger_label=label, location=place)
        )
    return found
