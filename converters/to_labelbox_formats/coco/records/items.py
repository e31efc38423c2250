"""The second pass: one image at a time with all its annotations, read by offset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from to_labelbox.model.items import Annotation, Asset, Item, Mask
from to_labelbox.model.tables import Rows
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox_formats.coco.assets import Paths, turned
from to_labelbox_formats.coco.fields.record_types import Found
from to_labelbox_formats.coco.index.box_columns import KnownBoxes
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.ids import Id
from to_labelbox_formats.coco.index.merge import Merged
from to_labelbox_formats.coco.index.random_access import Opened, Texts
from to_labelbox_formats.coco.index.ranges import Table
from to_labelbox_formats.coco.records.attributes import KnownAttributes
from to_labelbox_formats.coco.records.frames import Frames
from to_labelbox_formats.coco.records.outline_columns import outlines_of
from to_labelbox_formats.coco.records.records import Records

_UNKNOWN = "its image_id is not among the images"
_LIKE_IMAGE_ID = frozenset({"image", "imgid", "videoid", "filename"})
_AMBIGUOUS = "its image_id stands for several pictures, so it cannot be known which of them it is of"


class Items:
    """What a set holds, by units: its images, the annotations without one, its videos."""

    def __init__(
        self,
        merged: Merged,
        paths: Paths,
        records: Records,
        known: KnownBoxes | None,
        plain: tuple[Mapping[Id, str], KnownAttributes] | None,
        frames: Frames,
        texts: Texts,
    ) -> None:
        """``known``: the annotations that need no second reading. ``plain``: the classes and attributes of those that are
        read many at a time where they are plain outlines."""
        self._merged = merged
        self._paths = paths
        self._records = records
        self._known = known
        self._plain = plain
        self._frames = frames
        self._texts = texts
        self._alone = merged.images + merged.stray
        self.units = self._alone + len(frames)

    def iterate(self, log: Log, start: int, stop: int) -> Iterator[Item]:
        with self._texts.open() as opened:
            if start < self._alone:
                yield from self._images(opened, log, start, min(stop, self._alone))
            yield from self._frames.items(opened, log, max(start - self._alone, 0), stop - self._alone)

    def name(self, unit: int) -> str:
        """The record of a unit."""
        if unit >= self._alone:
            return self._frames.name(unit - self._alone)
        if unit >= self._merged.images:
            return "annotations without an image"
        file = self._merged.files[int(self._merged.image_file[unit])]
        return f"{file.name} images[{self._merged.image_record[unit]}]"

    def unlabelled(self, unit: int) -> list[Item]:
        """The images of a unit, without annotations."""
        with self._texts.open() as opened:
            if unit >= self._alone:
                return self._frames.unlabelled(opened, unit - self._alone)
            if unit >= self._merged.images:
                return []
            file, row, log = int(self._merged.image_file[unit]), int(self._merged.image_record[unit]), Log()
            text = read_records(opened, [f.images for f in self._merged.files], np.array([file]), np.array([row]))[0]
            image = self._paths.image(text, file, row, log)
            return [] if image is None else [self._item(self._paths.asset(image, file, log)[0], (), file)]

    def names(self) -> Iterator[str]:
        """The paths of all images and frames."""
        merged = self._merged
        with self._texts.open() as opened:
            files, rows = merged.image_file[: merged.images], merged.image_record[: merged.images]
            texts = read_records(opened, [f.images for f in merged.files], files, rows)
            for text, file, row in zip(texts, files.tolist(), rows.tolist()):
                if (image := self._paths.image(text, file, row, Log())) is not None:
                    yield self._paths.path(image, file)
            for unit in range(len(self._frames)):
                yield from (item.asset.path for item in self._frames.unlabelled(opened, unit))

    def _images(self, opened: Opened, log: Log, start: int, stop: int) -> Iterator[Item]:
        merged, records = self._merged, self._records
        image_files, image_rows = merged.image_file[start:stop], merged.image_record[start:stop]
        texts = read_records(opened, [f.images for f in merged.files], image_files, image_rows)
        found = _found(merged, self._known, opened, start, stop)
        outlines: Iterator[Rows | None] = repeat(None)
        if self._plain is not None:
            read = list(found)
            found, outlines = iter(read), outlines_of(read[: max(merged.images - start, 0)], *self._plain)
        for number, text, image_file, row, own, many in zip(
            range(start, stop), texts, image_files.tolist(), image_rows.tolist(), found, outlines
        ):
            image = self._paths.image(text, image_file, row, log)
            if image is None:
                records.lose(own, log, Code.ASSET_UNKNOWN, "its image record is not readable")
                records.lose_beside(merged.beside.of_image(number), log, "its image record is not readable")
                continue
            asset, side = self._paths.asset(image, image_file, log)
            if many is not None and all(_fits(mask, asset) for mask in many.masks):
                own = Found(own.files, (), (), many)
            annotations = records.annotations(own, asset, log)
            if len(merged.beside):
                annotations = [*annotations, *records.answers_beside(merged.beside.of_image(number), log)]
            if side is not None and side.orientation > 1:
                asset, annotations = turned(asset, side, annotations, log)
            yield self._item(asset, annotations, image_file)
        for n, stray in enumerate(found, max(start, merged.images) - merged.images):
            message = _AMBIGUOUS if n else _UNKNOWN
            records.lose(stray, log, Code.ASSET_UNKNOWN, message if n else _why_unknown)
            records.lose_beside(merged.beside.of_image(merged.images + n), log, message)

    def _item(self, asset: Asset, annotations: Sequence[Annotation], file: int) -> Item:
        name, split = self._merged.files[file].name, self._merged.files[file].split
        return Item(asset=asset, annotations=annotations, split=split, origin=name, split_seen_in=name if split else "")


def _fits(mask: Mask, asset: Asset) -> bool:
    return not (asset.width and asset.height) or (mask.width, mask.height) == (asset.width, asset.height)


def _why_unknown(record: bytes) -> str:
    said = members_of(record)
    if not record or said.get("image_id", said.get("imageId")) is not None:
        return _UNKNOWN
    other = next(
        (name for name in said if name.replace("_", "").lower() in _LIKE_IMAGE_ID and name != "image_id"), None
    )
    return f"it has no image_id but {other}" if other else "it has no image_id"


def _found(merged: Merged, known: KnownBoxes | None, opened: Opened, start: int, stop: int) -> Iterator[Found]:
    """The annotations of each image, read where they are not known from the first pass."""
    numbers, bounds = merged.of_images(start, stop)
    files, rows = merged.places(numbers)
    made = known.of_images(numbers, files, rows, bounds.tolist()) if known else [None] * (stop - start)
    counts = np.diff(bounds)
    unread = np.repeat([objects is None for objects in made], counts)
    file_of, row_of = files.tolist(), rows[unread].tolist()
    texts = read_records(opened, [f.annotations for f in merged.files], files[unread], rows[unread])
    begin = read = 0
    for objects, count in zip(made, counts.tolist()):
        end, more = begin + count, read + count if objects is None else read
        yield Found(file_of[begin:end], row_of[read:more], texts[read:more], objects)
        begin, read = end, more


def read_records(
    opened: Opened, tables: Sequence[Table], files: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]
) -> list[bytes]:
    """The records' bytes: one read where they lie close together in one file, else one each."""
    if not len(files):
        return []
    if (files == files[0]).all():
        file = int(files[0])
        starts, lengths = tables[file].starts[rows], tables[file].lengths[rows]
        begin, end = int(starts.min()), int((starts + lengths).max())
        if end - begin < 2 * int(lengths.sum()):
            block = opened.read(file, end - begin, begin)
            return [block[at : at + length] for at, length in zip((starts - begin).tolist(), lengths.tolist())]
        return opened.read_all(file, zip(starts.tolist(), lengths.tolist()))
    return [opened.record(file, tables[file], row) for file, row in zip(files.tolist(), rows.tolist())]
