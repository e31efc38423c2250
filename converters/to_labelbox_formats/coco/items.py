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
from to_labelbox_formats.coco.index import MISSING, Category, File, index_file
from to_labelbox_formats.coco.paths import Paths
from to_labelbox_formats.coco.probe import Kind, probe
from to_labelbox_formats.coco.records import CAPTION, WHOLE_IMAGE, Files, Record, Records

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


class _Set(Struct):
    """All files of a source, merged: images in order, annotations sorted by image.

    Image n is record ``image_record[n]`` of file ``image_file[n]``; its annotations are rows
    ``first[n]:first[n + 1]`` of the sorted arrays. One further, imaginary image holds those without an image.
    """

    files: list[File]
    image_file: npt.NDArray[np.int16]
    image_record: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    file: npt.NDArray[np.int16]
    record: npt.NDArray[np.int64]

    @property
    def images(self) -> int:
        return len(self.image_file)

    @property
    def stray(self) -> bool:
        return bool(self.first[-1] > self.first[-2])


# ----------------------------------------------------------------------------------------------------- opening


def open_dataset(
    source: Source, base: str | None, categories: str | None, predictions: bool, units: str, context: ReadContext
) -> Dataset:
    """Index the files, merge them by image, declare the schema."""
    log = context.log
    files, handles = _index_all(source, log)
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
    merged = _merge(files, log)
    paths = Paths(source, files, context)
    records = Records(
        Files([f.name for f in files], [f.kind for f in files], [f.categories for f in files], scales),
        [f.foreign for f in files],
        predictions,
        context.boxes_only,
        source,
    )

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        descriptors = [handle.open() for handle in handles]
        try:
            yield from _items(merged, paths, records, descriptors, log, start, stop)
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


def _index_all(source: Source, log: Log) -> tuple[list[File], list[_Handle]]:
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
            files.append(index_file(source, name, log))
            handles.append(_Handle(source, name, _needs_copy(source, name)))
        except FileError as error:
            log.file_unreadable(name, str(error))
    return files, handles


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


def _merge(files: Sequence[File], log: Log) -> _Set:
    """Give every image one number over all files: by split and file name."""
    splits = {f.split for f in files} - {""}
    alone = next(iter(splits)) if len(splits) == 1 else ""
    numbers: dict[str, dict[int, int]] = {}
    image_file: list[npt.NDArray[np.int16]] = []
    image_record: list[npt.NDArray[np.int32]] = []
    total = 0
    for n, file in enumerate(files):
        if not len(file.images):
            continue
        known = numbers.setdefault(file.split or alone, {})
        names = file.image_names
        if not known and len(np.unique(names)) == len(names):
            ordinals = np.arange(total, total + len(names), dtype=np.int32)
            fresh = np.arange(len(names), dtype=np.int32)
            if len(files) > 1:
                known.update(zip(names.tolist(), ordinals.tolist()))
        else:
            ordinals, fresh = _number(names.tolist(), known, total)
            repeated = len(names) - len(set(names.tolist()))
            if repeated and not _same_ids(file):
                log.note(
                    Code.ASSET_DUPLICATE,
                    "images are listed more than once; their annotations are put together",
                    file=file.name,
                    count=repeated,
                )
        file.ordinals = ordinals
        image_file.append(np.full(len(fresh), n, np.int16))
        image_record.append(fresh)
        total += len(fresh)
    rows = [_annotation_images(file, files, total, log) for file in files]
    lengths = [len(f.annotations) for f in files]
    images = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    order = np.argsort(images, kind="stable")
    first = np.zeros(total + 2, np.int64)
    np.cumsum(np.bincount(images, minlength=total + 1), out=first[1:])
    nothing = np.zeros(0, np.int64)
    return _Set(
        list(files),
        np.concatenate(image_file) if image_file else np.zeros(0, np.int16),
        np.concatenate(image_record) if image_record else np.zeros(0, np.int32),
        first,
        np.concatenate([f.annotations.starts for f in files] or [nothing])[order],
        np.concatenate([f.annotations.lengths for f in files] or [nothing])[order],
        np.repeat(np.arange(len(files), dtype=np.int16), lengths)[order],
        np.concatenate([np.arange(n, dtype=np.int64) for n in lengths] or [nothing])[order],
    )


def _same_ids(file: File) -> bool:
    """Whether repeated names come with repeated ids: the same record again."""
    return len(np.unique(file.images.keys)) == len(np.unique(file.image_names))


def _number(names: list[int], known: dict[int, int], total: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    ordinals = np.empty(len(names), np.int32)
    fresh: list[int] = []
    for n, name in enumerate(names):
        ordinal = known.get(name)
        if ordinal is None:
            ordinal = known[name] = total + len(fresh)
            fresh.append(n)
        ordinals[n] = ordinal
    return ordinals, np.array(fresh, np.int32)


def _annotation_images(file: File, files: Sequence[File], total: int, log: Log) -> npt.NDArray[np.int32]:
    """The image number of each annotation; ``total`` for those whose image is unknown."""
    lists = [file] if len(file.images) else [f for f in files if len(f.images)]
    keys = np.concatenate([f.images.keys for f in lists]) if lists else np.zeros(0, np.int64)
    numbers = np.concatenate([f.ordinals for f in lists]) if lists else np.zeros(0, np.int32)
    if not len(keys):
        return np.full(len(file.annotations), total, np.int32)
    by_key = np.argsort(keys, kind="stable")
    keys, numbers = keys[by_key], numbers[by_key]
    clash = (keys[1:] == keys[:-1]) & (numbers[1:] != numbers[:-1]) & (keys[1:] != MISSING)
    if clash.any() and len(file.images):
        log.note(
            Code.ASSET_DUPLICATE,
            f"image id {keys[1:][clash][0]} stands for two different files; its annotations go to the first",
            file=file.name,
            count=int(clash.sum()),
        )
    wanted = file.annotations.keys
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((keys[at] == wanted) & (wanted != MISSING), numbers[at], np.int32(total))


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
    merged: _Set, paths: Paths, records: Records, descriptors: list[int], log: Log, start: int, stop: int
) -> Iterator[Item]:
    images = min(stop, merged.images)
    image_files = merged.image_file[start:images].tolist()
    image_rows = merged.image_record[start:images].tolist()
    spans = [(merged.files[f].images, row) for f, row in zip(image_files, image_rows)]
    texts = _read(descriptors, image_files, [int(t.starts[r]) for t, r in spans], [int(t.lengths[r]) for t, r in spans])
    low, high = int(merged.first[start]), int(merged.first[stop])
    file_of = merged.file[low:high].tolist()
    pieces = _read(descriptors, file_of, merged.starts[low:high].tolist(), merged.lengths[low:high].tolist())
    row_of = merged.record[low:high].tolist()
    bounds = (merged.first[start : stop + 1] - low).tolist()
    for n, (text, image_file, row) in enumerate(zip(texts, image_files, image_rows)):
        begin, end = bounds[n], bounds[n + 1]
        image = paths.image(text, image_file, row, log)
        if image is None:
            found = [Record(*r) for r in zip(file_of[begin:end], row_of[begin:end], pieces[begin:end])]
            records.lose(found, log, Code.ASSET_UNKNOWN, "its image record is not readable")
            continue
        asset = paths.asset(image, image_file, log)
        file = merged.files[image_file]
        yield Item(
            asset=asset,
            annotations=records.annotations(file_of[begin:end], row_of[begin:end], pieces[begin:end], asset, log),
            split=file.split,
            origin=file.name,
        )
    if stop > merged.images:
        begin, end = bounds[-2], bounds[-1]
        stray = [Record(*r) for r in zip(file_of[begin:end], row_of[begin:end], pieces[begin:end])]
        records.lose(stray, log, Code.ASSET_UNKNOWN, "its image_id is not among the images")


def _read(descriptors: list[int], files: list[int], starts: list[int], lengths: list[int]) -> list[bytes]:
    """The records' bytes: one read where they lie close together in one file, else one each."""
    if not starts:
        return []
    begin, end = min(starts), max(map(sum, zip(starts, lengths)))
    if files[0] == files[-1] and end - begin < 2 * sum(lengths) and len(set(files)) == 1:
        block = os.pread(descriptors[files[0]], end - begin, begin)
        return [block[s - begin : s - begin + n] for s, n in zip(starts, lengths)]
    return [os.pread(descriptors[f], n, s) for f, s, n in zip(files, starts, lengths)]
