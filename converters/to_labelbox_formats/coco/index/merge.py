"""One numbering of images over all files of a source, and the annotations of each."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox_formats.coco.index.beside import Beside, BesideAnswers
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING, twins

_BLOCK = 1 << 16
"""Records whose images are looked up at a time, to keep intermediate results small."""


class Merged(Struct, kw_only=True):
    """All files of a source: images in order, annotations in the order of their images.

    Image n is record ``image_record[n]`` of file ``image_file[n]``; its annotations are those numbered
    ``order[first[n]:first[n + 1]]``. Annotation n is record ``n - base[f]`` of file f, the last one with ``base[f] <= n``.
    Two further, imaginary images hold the annotations without one: those whose image is not there, and those whose image
    could be one of several.
    """

    files: list[File]
    image_file: npt.NDArray[np.int32]
    image_record: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    order: npt.NDArray[np.int32]
    base: npt.NDArray[np.int64]
    beside: BesideAnswers

    @property
    def images(self) -> int:
        return len(self.image_file)

    @property
    def stray(self) -> int:
        """How many of the imaginary images have something on them, up to the last that has."""
        unknown, ambiguous = (
            self.beside.count(self.images + n) + int(self.first[self.images + n + 1] - self.first[self.images + n])
            for n in (0, 1)
        )
        return 2 if ambiguous else int(unknown > 0)

    def of_images(self, start: int, stop: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The annotations of a range of images, and where those of each image begin, with the end of the last."""
        bounds = self.first[start : stop + 1]
        return self.order[bounds[0] : bounds[-1]], bounds - bounds[0]

    def places(self, numbers: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """File and record of annotations."""
        files = np.searchsorted(self.base, numbers, side="right") - 1
        return files, numbers - self.base[files]


_YEAR = re.compile(r"[0-9]{4}$")


NameOf = Callable[[int, int], str]
"""What an image is called, by the number of its file and its row there, for messages."""


def _share_splits(files: Sequence[File]) -> None:
    """``coco_wholebody_val`` is of the split of ``instances_val2017``, where there is no other ``val``."""
    dated: dict[str, list[str]] = {}
    for split in {f.split for f in files} - {""}:
        if (undated := _YEAR.sub("", split)) != split:
            dated.setdefault(undated, []).append(split)
    for file in files:
        if len(found := dated.get(file.split, [])) == 1:
            file.split = found[0]


def merge(files: Sequence[File], log: Log, name_of: NameOf) -> Merged:
    """Give every image one number over all files: by folder, split and file name."""
    _share_splits(files)
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
        if not known and _different(names) == len(names):
            ordinals = np.arange(total, total + len(names), dtype=np.int32)
            fresh = np.arange(len(names), dtype=np.int32)
            if len(files) > 1:
                known.update(zip(names.tolist(), ordinals.tolist()))
        else:
            ordinals, fresh = _number(names, known, total)
            repeated = len(names) - _different(names)
            if repeated and _different(file.images.keys) != _different(names):  # not the same records again
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
    looked_up: list[npt.NDArray[np.int32]] = []
    beside: list[tuple[int, Beside, npt.NDArray[np.int64]]] = []
    for n, file in enumerate(files):
        known_images = _KnownImages(n, files, total)
        looked_up.append(known_images.of_keys(file.annotations.keys))
        for answers in file.beside:
            numbers_of = known_images.of_keys(answers.images) if answers.by_key else file.ordinals[answers.images]
            beside.append((n, answers, numbers_of.astype(np.int64)))
        known_images.tell(log, name_of)
    images = np.concatenate(looked_up or [np.zeros(0, np.int32)])
    for file in files:
        file.forget_keys()
    first = np.zeros(total + 3, np.int64)
    np.cumsum(np.bincount(images, minlength=total + 2), out=first[1:])
    return Merged(
        files=list(files),
        image_file=np.concatenate(image_file) if image_file else np.zeros(0, np.int32),
        image_record=np.concatenate(image_record) if image_record else np.zeros(0, np.int32),
        first=first,
        order=np.argsort(images, kind="stable").astype(np.int32),
        base=np.cumsum([0, *(len(f.annotations) for f in files)]),
        beside=BesideAnswers(beside),
    )


def _different(values: npt.NDArray[np.int64]) -> int:
    """How many different values there are; ``np.unique`` loads masked arrays first, an eighth of a small conversion."""
    ordered = np.sort(values)
    return int((ordered[1:] != ordered[:-1]).sum()) + min(1, len(ordered))


def _number(
    names: npt.NDArray[np.int64], known: dict[int, int], total: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The number of the image of each name, and the rows of those that are not known yet; they are added."""
    ordinals = np.empty(len(names), np.int32)
    fresh = array("i")
    for start in range(0, len(names), _BLOCK):
        for n, name in enumerate(names[start : start + _BLOCK].tolist(), start):
            ordinal = known.get(name)
            if ordinal is None:
                ordinal = known[name] = total + len(fresh)
                fresh.append(n)
            ordinals[n] = ordinal
    return ordinals, np.frombuffer(fresh, np.int32) if fresh else np.zeros(0, np.int32)


class _KnownImages:
    """The images that the annotations of one file may name: its own, else those of its split, else those of all files.

    An id that stands for several pictures stands for none.
    """

    def __init__(self, number: int, files: Sequence[File], total: int) -> None:
        self._file, self._total = files[number], total
        lists = [number] if len(self._file.images) else _lists_for(self._file, files)
        keys = [files[n].images.keys for n in lists] or [np.zeros(0, np.int64)]
        ordinals = [files[n].ordinals for n in lists] or [np.zeros(0, np.int32)]
        self._lists, self._sizes = lists, [len(part) for part in keys]
        order = np.argsort(np.concatenate(keys), kind="stable")
        self._order = order
        self._keys, self._numbers = np.concatenate(keys)[order], np.concatenate(ordinals)[order]
        same = (self._keys[1:] == self._keys[:-1]) & (self._keys[1:] != MISSING)
        self._clashes = np.flatnonzero(same & (self._numbers[1:] != self._numbers[:-1]))
        self._ambiguous = self._keys[self._clashes]
        self._lost = 0

    def of_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The image of each; one more than all images for an unknown one, and one more yet for an ambiguous one."""
        found = np.empty(len(keys), np.int32)
        if not len(self._keys):
            found[:] = self._total
            return found
        for start in range(0, len(found), _BLOCK):
            wanted = keys[start : start + _BLOCK]
            numbers, here = self._look_up(wanted)
            if not here.all():
                others, there = self._look_up(twins(wanted))
                numbers, here = np.where(here, numbers, others), here | there
            found[start : start + _BLOCK] = np.where(here, numbers, np.int32(self._total))
        self._lost += int((found == self._total + 1).sum())
        return found

    def _look_up(self, wanted: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        numbers = self._numbers[at]
        if len(self._ambiguous):
            numbers = np.where(np.isin(wanted, self._ambiguous), np.int32(self._total + 1), numbers)
        return numbers, (self._keys[at] == wanted) & (wanted != MISSING)

    def tell(self, log: Log, name_of: NameOf) -> None:
        """Name the first two pictures that share an id, where it matters to some annotation or they are of one file."""
        if not len(self._clashes) or not (self._lost or len(self._file.images)):
            return
        one, other = (self._place(int(self._order[self._clashes[0] + n])) for n in (0, 1))
        message = (
            f"one image id stands for {self._named(*one, name_of)} and for {self._named(*other, name_of)}, so it cannot be known which of them its "
            "annotations are of: they are skipped. Give each picture an id of its own"
        )
        log.note(Code.ASSET_DUPLICATE, message, file=self._file.name, count=len(self._clashes))

    @staticmethod
    def _named(file: int, row: int, name_of: NameOf) -> str:
        name = name_of(file, row)
        return f"images[{row}]" + (f" ({name[:200]})" if name else "")

    def _place(self, at: int) -> tuple[int, int]:
        for number, size in zip(self._lists, self._sizes):
            if at < size:
                return number, at
            at -= size
        raise AssertionError("no such image")


def _lists_for(file: File, files: Sequence[File]) -> list[int]:
    """The files with images that one without any may be about, by split and folder where that leaves some."""
    some = [n for n, other in enumerate(files) if len(other.images)]
    of_split = [n for n in some if file.split and files[n].split == file.split]
    return of_split or some
