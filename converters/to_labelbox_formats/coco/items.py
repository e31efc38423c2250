"""The second pass: one image at a time with all its annotations, read by offset."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.diagnostics import Code, FileError, Log, SourceError, UsageError
from to_labelbox.formats import Dataset, ReadContext
from to_labelbox.json_stream import as_utf8
from to_labelbox.model import Item
from to_labelbox.schema import Input, Label, Option, Question, Schema
from to_labelbox.schema import Kind as ToolKind
from to_labelbox.source import Source
from to_labelbox_formats.coco.boxes import Boxes, KnownBoxes, joined, unknown
from to_labelbox_formats.coco.index import Category, File, Table, index_file
from to_labelbox_formats.coco.merge import Merged, merge
from to_labelbox_formats.coco.paths import Paths
from to_labelbox_formats.coco.probe import Kind, probe
from to_labelbox_formats.coco.records import CAPTION, WHOLE_IMAGE, Files, Found, Records

SAMPLE = 200
"""Boxes looked at to notice a file in fractions instead of pixels."""


class _Handle:
    """Random access to one file's bytes, by ``os.pread`` so that forked processes can share it."""

    def __init__(self, source: Source, name: str, copy: bool) -> None:
        self._path = source.real_path(name) if not copy else None
        self._owner: BinaryIO | None = None
        if self._path is None:
            self._owner = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._owner.close)
            with source.open(name) as stream, as_utf8(stream) as whole:
                while block := whole.read(1 << 20):
                    self._owner.write(block)
            self._owner.flush()

    def open(self) -> int:
        if self._owner is not None:
            return os.dup(self._owner.fileno())
        assert self._path is not None
        return os.open(self._path, os.O_RDONLY)


def _needs_copy(source: Source, name: str) -> bool:
    return source.is_archive or name.lower().endswith(".gz") or source.head(name, 2) in (b"\xff\xfe", b"\xfe\xff")


# ----------------------------------------------------------------------------------------------------- opening


def open_dataset(
    source: Source, base: str | None, categories: str | None, predictions: bool, units: str, context: ReadContext
) -> Dataset:
    """Index the files, merge them by image, declare the schema."""
    log = context.log
    files, handles = _index_all(source, log, context.boxes_only)
    if base is not None:
        extra, more = _index_all(_other(base, "base"), log)
        files, handles = extra + files, more + handles
    if any(f.kind is Kind.RESULTS for f in files) and not any(len(f.images) for f in files):
        raise SourceError(
            f"{source.path} is a COCO results file: it names images by id only. "
            "Give the file with the images and categories as -O base=FILE"
        )
    if categories is not None:
        borrowed = _index_all(_other(categories, "categories"), log)[0]
        for file in files:
            if not file.categories and borrowed:
                file.categories = borrowed[0].categories
    for file in files:
        if file.kind is Kind.RESULTS and not file.categories:
            file.categories = next((f.categories for f in files if f.categories), {})
    scales = [_is_normalised(f, h, units, log) for f, h in zip(files, handles)]
    merged = merge(files, log)
    paths = Paths(source, files, context)
    records = Records(
        Files([f.name for f in files], [f.kind for f in files], [f.categories for f in files], scales),
        [f.foreign for f in files],
        predictions,
        context.boxes_only,
        source,
    )

    known = _known(files, records) if context.boxes_only else None

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        descriptors = [handle.open() for handle in handles]
        try:
            yield from _items(merged, paths, records, known, descriptors, log, start, stop)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    splits = sorted({f.split for f in files if f.split})
    details: dict[str, Any] = {"files": {f.name: f.kind.value for f in files}}
    if splits:
        details["splits"] = splits
    return Dataset(source.name, _schema(files, log), merged.images + merged.stray, iterate, details)


def _other(path: str, option: str) -> Source:
    if not os.path.isfile(path):
        raise UsageError(f"-O {option}={path}: no such file")
    return Source(path)


def _index_all(source: Source, log: Log, boxes_only: bool = False) -> tuple[list[File], list[_Handle]]:
    files: list[File] = []
    handles: list[_Handle] = []
    for name in source.names:
        if not name.lower().endswith((".json", ".json.gz")) and len(source.names) > 1:
            continue
        kind, reason = probe(source.head(name))
        if kind is None and not (source.is_file or len(source.names) == 1):
            log.note(Code.FILE_IGNORED, f"not COCO: {reason}", file=name)
            continue
        try:
            if kind is None and "YouTube-VIS" in reason:
                raise FileError(f"{reason}; export its frames as images")
            files.append(index_file(source, name, log, boxes_only))
            handles.append(_Handle(source, name, _needs_copy(source, name)))
        except FileError as error:
            log.file_unreadable(name, str(error))
    return files, handles


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


_boxes = msgspec.json.Decoder(_Boxes)


def _is_normalised(file: File, handle: _Handle, units: str, log: Log) -> bool:
    """Whether coordinates are fractions of the image. Raises :class:`SourceError` when they look so unasked."""
    if units != "auto":
        return units == "normalised"
    seen = 0
    descriptor = handle.open()
    try:
        for start, length in zip(file.annotations.starts[:SAMPLE].tolist(), file.annotations.lengths[:SAMPLE].tolist()):
            try:
                box = _boxes.decode(os.pread(descriptor, length, start)).bbox
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                continue
            if box and len(box) == 4:
                if max(box) > 1:
                    return False
                seen += any(0 < v < 1 for v in box)
    finally:
        os.close(descriptor)
    if seen >= 3:
        raise SourceError(
            f"{file.name}: all boxes lie between 0 and 1, so they are fractions rather than the pixels of COCO. "
            "Say -O units=normalised, or -O units=pixels if they really are that small"
        )
    return False


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
    descriptors: list[int],
    log: Log,
    start: int,
    stop: int,
) -> Iterator[Item]:
    image_files, image_rows = merged.image_file[start:stop], merged.image_record[start:stop]
    texts = _read(descriptors, [f.images for f in merged.files], image_files, image_rows)
    found = _found(merged, known, descriptors, start, stop)
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


def _found(merged: Merged, known: KnownBoxes | None, descriptors: list[int], start: int, stop: int) -> Iterator[Found]:
    """The annotations of each image, read where they are not known from the first pass."""
    numbers, bounds = merged.of_images(start, stop)
    files, rows = merged.places(numbers)
    made = known.of_images(numbers, files, rows, bounds.tolist()) if known else [None] * (stop - start)
    counts = np.diff(bounds)
    unread = np.repeat([objects is None for objects in made], counts)
    file_of, row_of = files.tolist(), rows[unread].tolist()
    texts = _read(descriptors, [f.annotations for f in merged.files], files[unread], rows[unread])
    begin = read = 0
    for objects, count in zip(made, counts.tolist()):
        end, more = begin + count, read + count if objects is None else read
        yield Found(file_of[begin:end], row_of[read:more], texts[read:more], objects)
        begin, read = end, more


def _read(
    descriptors: list[int], tables: Sequence[Table], files: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]
) -> list[bytes]:
    """The records' bytes: one read where they lie close together in one file, else one each."""
    if not len(files):
        return []
    if (files == files[0]).all():
        table, descriptor = tables[files[0]], descriptors[files[0]]
        starts, lengths = table.starts[rows], table.lengths[rows]
        begin, end = int(starts.min()), int((starts + lengths).max())
        places = zip((starts - begin).tolist(), lengths.tolist())
        if end - begin < 2 * int(lengths.sum()):
            block = os.pread(descriptor, end - begin, begin)
            return [block[at : at + length] for at, length in places]
        return [os.pread(descriptor, length, begin + at) for at, length in places]
    return [
        os.pread(descriptors[file], int(tables[file].lengths[row]), int(tables[file].starts[row]))
        for file, row in zip(files.tolist(), rows.tolist())
    ]
