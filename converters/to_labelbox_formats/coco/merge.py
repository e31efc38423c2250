"""One numbering of images over all files of a source, and the annotations of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox_formats.coco.ids import MISSING
from to_labelbox_formats.coco.index import File

_BLOCK = 1 << 16
"""Annotations whose images are looked up at a time, to keep intermediate results small."""


class Merged(Struct, kw_only=True):
    """All files of a source: images in order, annotations in the order of their images.

    Image n is record ``image_record[n]`` of file ``image_file[n]``; its annotations are those numbered
    ``order[first[n]:first[n + 1]]``. Annotation n is record ``n - base[f]`` of file f, the last one with ``base[f] <= n``.
    One further, imaginary image holds the annotations without one.
    """

    files: list[File]
    image_file: npt.NDArray[np.int32]
    image_record: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    order: npt.NDArray[np.int32]
    base: npt.NDArray[np.int64]

    @property
    def images(self) -> int:
        return len(self.image_file)

    @property
    def stray(self) -> bool:
        return bool(self.first[-1] > self.first[-2])

    def of_images(self, start: int, stop: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The annotations of a range of images, and where those of each image begin, with the end of the last."""
        bounds = self.first[start : stop + 1]
        return self.order[bounds[0] : bounds[-1]], bounds - bounds[0]

    def places(self, numbers: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """File and record of annotations."""
        files = np.searchsorted(self.base, numbers, side="right") - 1
        return files, numbers - self.base[files]


_YEAR = re.compile(r"[0-9]{4}$")


def merge(files: Sequence[File], log: Log) -> Merged:
    """Give every image one number over all files: by folder, split and file name.

    ``coco_wholebody_val`` is of the split of ``instances_val2017``, where there is no other ``val``.
    """
    splits = {f.split for f in files} - {""}
    for file in files:
        dated = [split for split in splits if _YEAR.sub("", split) == file.split != split]
        if len(dated) == 1:
            file.split = dated[0]
    splits = {f.split for f in files} - {""}
    alone = next(iter(splits)) if len(splits) == 1 else ""
    numbers: dict[tuple[str, str], dict[int, int]] = {}
    image_file: list[npt.NDArray[np.int32]] = []
    image_record: list[npt.NDArray[np.int32]] = []
    total = 0
    for n, file in enumerate(files):
        if not len(file.images):
            continue
        known = numbers.setdefault((file.home, file.split or alone), {})
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
        image_file.append(np.full(len(fresh), n, np.int32))
        image_record.append(fresh)
        total += len(fresh)
    images = np.concatenate([_annotation_images(file, files, total, log) for file in files] or [np.zeros(0, np.int32)])
    for file in files:
        file.forget_keys()
    first = np.zeros(total + 2, np.int64)
    np.cumsum(np.bincount(images, minlength=total + 1), out=first[1:])
    return Merged(
        files=list(files),
        image_file=np.concatenate(image_file) if image_file else np.zeros(0, np.int32),
        image_record=np.concatenate(image_record) if image_record else np.zeros(0, np.int32),
        first=first,
        order=np.argsort(images, kind="stable").astype(np.int32),
        base=np.cumsum([0, *(len(f.annotations) for f in files)]),
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
    found = np.empty(len(file.annotations), np.int32)
    for start in range(0, len(found), _BLOCK):
        wanted = file.annotations.keys[start : start + _BLOCK]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        here = (keys[at] == wanted) & (wanted != MISSING)
        found[start : start + _BLOCK] = np.where(here, numbers[at], np.int32(total))
    return found
