"""The second pass: one image at a time with all its annotations, read by offset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.model.items import Item
from to_labelbox.model.schema import Input, Label, Option, Question, Schema
from to_labelbox.model.schema import Kind as ToolKind
from to_labelbox.plugins.reader import Dataset, ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.assets import Paths
from to_labelbox_formats.coco.attributes import CAPTION
from to_labelbox_formats.coco.box_columns import Boxes, KnownBoxes, joined, unknown
from to_labelbox_formats.coco.detect import NO_VIDEOS, ROBOFLOW, Kind, home_of, probe
from to_labelbox_formats.coco.ids import MISSING
from to_labelbox_formats.coco.index import Category, File, Table, index_file, unread
from to_labelbox_formats.coco.merge import Merged, merge
from to_labelbox_formats.coco.options import Form, Options, Units
from to_labelbox_formats.coco.random_access import Opened, Texts
from to_labelbox_formats.coco.record_types import Files, Found
from to_labelbox_formats.coco.records import WHOLE_IMAGE, Records

SAMPLE = 200
"""Boxes looked at to notice a file in fractions instead of pixels."""


# ----------------------------------------------------------------------------------------------------- opening


def open_dataset(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Index the files, merge them by image, declare the schema."""
    log = context.log
    fields = [name.strip() for name in (options.fields or "").split(",") if name.strip()]
    texts = Texts()
    files = [] if options.base is None else _index_all(_other(options.base, "base"), log, texts)
    files += _index_all(source, log, texts, context.boxes_only)
    if any(f.kind is Kind.RESULTS for f in files) and not any(len(f.images) for f in files):
        raise SourceError(
            f"{source.path} is a COCO results file: it names images by id only. "
            "Give the file with the images and categories as -O base=FILE"
        )
    if options.categories is not None:
        borrowed = _index_all(_other(options.categories, "categories"), log, Texts())
        for file in files:
            if not file.categories and borrowed:
                file.categories = borrowed[0].categories
    for file in files:
        if file.kind is Kind.RESULTS and not file.categories:
            file.categories = next((f.categories for f in files if f.categories), {})
    _tell_unread(files, fields, log)
    with texts.open() as opened:
        scales = [_is_normalised(f, n, opened, options.units) for n, f in enumerate(files)]
        corners = [_has_corners(f, n, opened, options.boxes) for n, f in enumerate(files)]
    _set_homes(files)
    merged = merge(files, log)
    paths = Paths(source, files, context)
    records = Records(
        Files(
            [f.name for f in files],
            [f.kind for f in files],
            [f.categories for f in files],
            scales,
            corners,
            [f.foreign for f in files],
            [f.plain for f in files],
        ),
        options.predictions,
        fields,
        context.boxes_only,
        source,
        options.unlabelled,
    )

    known = _known(files, records) if context.boxes_only else None

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        with texts.open() as opened:
            yield from _items(merged, paths, records, known, opened, log, start, stop)

    splits = sorted({f.split for f in files if f.split})
    details: dict[str, Any] = {"files": {f.name: f.kind.value for f in files}}
    if splits:
        details["splits"] = splits
    return Dataset(source.name, _schema(files, log), merged.images + merged.stray, iterate, details)


def _other(path: str, option: str) -> Source:
    if not os.path.isfile(path):
        raise UsageError(f"-O {option}={path}: no such file")
    return Source(path)


def _index_all(source: Source, log: Log, texts: Texts, boxes_only: bool = False) -> list[File]:
    files: list[File] = []
    for name in source.names:
        if not name.lower().endswith((".json", ".json.gz")) and len(source.names) > 1:
            continue
        kind, reason = probe(source.head(name))
        if kind is None and not (source.is_file or len(source.names) == 1):
            log.note(Code.FILE_IGNORED, f"not COCO: {reason}", file=name)
            continue
        try:
            if reason == NO_VIDEOS:
                raise FileError(reason)
            files.append(index_file(source, name, log, boxes_only))
            texts.add(source, name)
        except FileError as error:
            log.file_unreadable(name, str(error))
    return files


def _tell_unread(files: Sequence[File], taken: Sequence[str], log: Log) -> None:
    """Say what is not carried over: fields that only some tool writes, and that images are frames of videos."""
    for file in files:
        names = unread(file, taken)
        if names:
            message = (
                f"annotations have {', '.join(names)}, which no field of COCO holds: not carried over, unless as nested "
                f"answers with -O fields={names[0]}"
            )
            log.note(Code.FIELD_IGNORED, message, file=file.name)
        if file.videos:
            message = "its images are frames of videos: each becomes an image of its own, and tracks are not joined"
            log.note(Code.DECISION, message, file=file.name)


def _set_homes(files: Sequence[File]) -> None:
    """Put its folder before a file's image names where the same names in another folder mean other pictures.

    So it is for Roboflow, which keeps pictures beside the file, and where files of one kind in several folders have a name
    in common, as tasks whose frames are all called alike; not for images with addresses, as those of the official sets.
    """
    names: dict[Kind, dict[str, list[npt.NDArray[np.int64]]]] = {}
    for file in files:
        if len(file.images) and not file.linked:
            names.setdefault(file.kind, {}).setdefault(home_of(file.name), []).append(file.image_names)
    shared = {home for homes in names.values() if _have_in_common(list(homes.values())) for home in homes}
    for file in files:
        folder, _, base = file.name.rpartition("/")
        if base.removesuffix(".gz") == ROBOFLOW:
            file.home = f"{folder}/" if folder else ""
        elif not file.linked and home_of(file.name) in shared:
            file.home = home_of(file.name)


def _have_in_common(homes: Sequence[Sequence[npt.NDArray[np.int64]]]) -> bool:
    """Whether a name of an image is in several folders, by its hash."""
    if len(homes) < 2:
        return False
    names = np.concatenate([np.unique(np.concatenate(own)) for own in homes])
    names = names[names != MISSING]
    return len(np.unique(names)) < len(names)


def _known(files: Sequence[File], records: Records) -> KnownBoxes | None:
    """The boxes of all files whose records may be taken from the first pass."""
    parts: list[Boxes] = []
    for file, labels in zip(files, records.plain_labels):
        kept, file.boxes = file.boxes, None
        parts.append(kept if kept is not None and labels is not None else unknown(len(file.annotations)))
    boxes = joined(parts or [unknown(0)])
    return KnownBoxes(boxes, [labels or {} for labels in records.plain_labels]) if boxes.plain.any() else None


class _Boxes(Struct):
    bbox: list[float] | None = None
    area: float | None = None


_boxes = msgspec.json.Decoder(_Boxes)


def _is_normalised(file: File, number: int, opened: Opened, units: Units) -> bool:
    """Whether coordinates are fractions of the image. Raises :class:`SourceError` when they look so unasked."""
    if units is not Units.AUTO:
        return units is Units.NORMALISED
    seen = 0
    for box, _ in _sample(file, number, opened):
        if max(box) > 1:
            return False
        seen += any(0 < v < 1 for v in box)
    if seen >= 3:
        raise SourceError(
            f"{file.name}: all boxes lie between 0 and 1, so they are fractions rather than the pixels of COCO. "
            "Say -O units=normalised, or -O units=pixels if they really are that small"
        )
    return False


def _has_corners(file: File, number: int, opened: Opened, boxes: Form) -> bool:
    """Whether boxes are two corners. Raises :class:`SourceError` when their areas say so unasked."""
    if boxes is not Form.AUTO:
        return boxes is Form.CORNERS
    seen = 0
    for (left, top, right, bottom), area in _sample(file, number, opened):
        if right <= left or bottom <= top or (area and _alike(area, right * bottom)):
            return False
        seen += area is not None and _alike(area, (right - left) * (bottom - top))
    if seen >= 3:
        raise SourceError(
            f"{file.name}: the areas of its boxes are those of two corners, x0, y0, x1, y1, not of COCO's x, y, width, "
            "height. Say -O boxes=xyxy, or -O boxes=xywh if they are as they should be"
        )
    return False


def _alike(area: float, other: float) -> bool:
    return abs(area - other) <= 0.001 * abs(other)


def _sample(file: File, number: int, opened: Opened) -> Iterator[tuple[list[float], float | None]]:
    """Boxes of the first annotations, with the areas that they state."""
    for start, length in zip(file.annotations.starts[:SAMPLE].tolist(), file.annotations.lengths[:SAMPLE].tolist()):
        try:
            found = _boxes.decode(opened.read(number, length, start))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue
        if found.bbox and len(found.bbox) == 4:
            yield found.bbox, found.area


# ------------------------------------------------------------------------------------------------------ schema


def _schema(files: Sequence[File], log: Log) -> Schema:
    labels: dict[str, Label] = {}
    points: dict[str, Label] = {}
    questions: dict[str, Question] = {}
    drawn = [f for f in files if f.kind not in (Kind.CAPTIONS, Kind.LABELS)]
    only_panoptic = bool(drawn) and all(f.kind is Kind.PANOPTIC for f in drawn)
    for file in files:
        roots = {c.supercategory for c in file.categories.values()}
        names = [c for c in file.categories.values() if not _placeholder(c, roots)]
        for category in file.categories.values():
            if _placeholder(category, roots):
                log.note(
                    Code.CLASS_UNUSED_DROPPED,
                    f"{category.name!r} names the set or the background; it becomes a tool only where it is used",
                    file=file.name,
                    id=str(category.id),
                )
        if file.kind is Kind.LABELS:
            known = questions[WHOLE_IMAGE].options if WHOLE_IMAGE in questions else ()
            options = dict.fromkeys([*(o.value for o in known), *(str(c.name) for c in names)])
            questions[WHOLE_IMAGE] = Question(WHOLE_IMAGE, None, tuple(map(Option, options)))
            continue
        if file.kind is Kind.CAPTIONS:
            questions.setdefault(CAPTION, Question(CAPTION, Input.TEXT))
            continue
        for category in names:
            name = str(category.name)
            kinds = (ToolKind.MASK,) if only_panoptic else ()
            labels.setdefault(name, Label(name, kinds, _color(category.color)))
            for point in category.keypoints or ():
                points.setdefault(f"{name}/{point}", Label(f"{name}/{point}", (ToolKind.POINT,)))
    return Schema((*labels.values(), *points.values()), tuple(questions.values()))


def _placeholder(category: Category, supercategories: set[str | None]) -> bool:
    """Roboflow's category 0 and labelme's background: declared only, unless an annotation uses them."""
    if category.supercategory in ("none", "", None) and category.name in supercategories:
        return True
    return category.id == 0 and category.name in ("_background_", "background", "__background__")


def _color(color: list[int] | str | None) -> str:
    if isinstance(color, list) and len(color) == 3 and all(0 <= c <= 255 for c in color):
        return "#{:02x}{:02x}{:02x}".format(*color)
    return color if isinstance(color, str) else ""


# ------------------------------------------------------------------------------------------------------- items


def _items(
    merged: Merged,
    paths: Paths,
    records: Records,
    known: KnownBoxes | None,
    opened: Opened,
    log: Log,
    start: int,
    stop: int,
) -> Iterator[Item]:
    image_files, image_rows = merged.image_file[start:stop], merged.image_record[start:stop]
    texts = _read(opened, [f.images for f in merged.files], image_files, image_rows)
    found = _found(merged, known, opened, start, stop)
    for (text, image_file, row), own in zip(zip(texts, image_files.tolist(), image_rows.tolist()), found):
        image = paths.image(text, image_file, row, log)
        if image is None:
            records.lose(own, log, Code.ASSET_UNKNOWN, "its image record is not readable")
            continue
        asset = paths.asset(image, image_file, log)
        file = merged.files[image_file]
        yield Item(asset=asset, annotations=records.annotations(own, asset, log), split=file.split, origin=file.name)
    for stray in found:
        records.lose(stray, log, Code.ASSET_UNKNOWN, "its image_id is not among the images")


def _found(merged: Merged, known: KnownBoxes | None, opened: Opened, start: int, stop: int) -> Iterator[Found]:
    """The annotations of each image, read where they are not known from the first pass."""
    numbers, bounds = merged.of_images(start, stop)
    files, rows = merged.places(numbers)
    made = known.of_images(numbers, files, rows, bounds.tolist()) if known else [None] * (stop - start)
    counts = np.diff(bounds)
    unread = np.repeat([objects is None for objects in made], counts)
    file_of, row_of = files.tolist(), rows[unread].tolist()
    texts = _read(opened, [f.annotations for f in merged.files], files[unread], rows[unread])
    begin = read = 0
    for objects, count in zip(made, counts.tolist()):
        end, more = begin + count, read + count if objects is None else read
        yield Found(file_of[begin:end], row_of[read:more], texts[read:more], objects)
        begin, read = end, more


def _read(
    opened: Opened, tables: Sequence[Table], files: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]
) -> list[bytes]:
    """The records' bytes: one read where they lie close together in one file, else one each."""
    if not len(files):
        return []
    if (files == files[0]).all():
        file = int(files[0])
        starts, lengths = tables[file].starts[rows], tables[file].lengths[rows]
        begin, end = int(starts.min()), int((starts + lengths).max())
        places = zip((starts - begin).tolist(), lengths.tolist())
        if end - begin < 2 * int(lengths.sum()):
            block = opened.read(file, end - begin, begin)
            return [block[at : at + length] for at, length in places]
        return [opened.read(file, length, begin + at) for at, length in places]
    return [
        opened.read(file, int(tables[file].lengths[row]), int(tables[file].starts[row]))
        for file, row in zip(files.tolist(), rows.tolist())
    ]
