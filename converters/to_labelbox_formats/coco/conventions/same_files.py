"""Files that say the same of their pictures, or are versions of one; a question which of them to read."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from to_labelbox.model.text import n_of
from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.detect import is_split
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING, find
from to_labelbox_formats.coco.index.random_access import Opened

_COMPARED = 20
"""Pictures of two files that are compared."""
_PAIRS = 50
"""Pairs of files with pictures in common that are compared."""


def ask_which_file(files: Sequence[File], opened: Opened, path: str) -> None:
    """Stop with a question where two files say the same of their common pictures, as ``trainval`` does beside ``train``, or
    have the same objects in other places, as versions of a file do.

    Where ids and places agree, and both are of one split, they are one file's records that are there twice: those are merged.
    """
    for one, other, common in _with_common_names(files):
        pair = files[one], files[other]
        said = [tuple(sorted(_labels(f, name, opened)) for f in pair) for name in common[:_COMPARED].tolist()]
        compared = [(labels[0], labels[1]) for labels in said if any(labels)]
        if len(compared) < _LEAST:
            continue
        is_one_source = (pair[0].home, pair[0].split) == (pair[1].home, pair[1].split)
        alike = sum(_say_the_same(*labels, is_one_source) for labels in compared)
        if 2 * alike > len(compared):
            finding = f"say the same of {alike} of {len(compared)} that were compared: their labels"
        elif moved := _moved(compared) if _may_be_versions(*pair) else "":
            finding = f"are likely two versions of one file: {moved}. The objects of both"
        else:
            continue
        larger, smaller = sorted(pair, key=lambda file: -len(file.images))
        ask(
            f"{larger.name} and {smaller.name} both have {n_of(len(common), 'picture')}, and {finding} would be written twice.",
            [
                (f"to-labelbox convert {shlex.quote(os.path.join(path, larger.name))} -o OUT", "this file alone"),
                (
                    f"to-labelbox convert {shlex.quote(os.path.join(path, smaller.name))} -o OUT",
                    "that one; more files may follow it",
                ),
                ("-O same_names=one", "both"),
            ],
        )


_LEAST = 3
"""Pictures that have to be alike."""


def _with_common_names(files: Sequence[File]) -> Iterator[tuple[int, int, npt.NDArray[np.int64]]]:
    """Pairs of files of one kind with the names of images, as hashes, that both have."""
    if len(files) < 2:
        return
    names = np.concatenate([file.image_names for file in files])
    owners = np.repeat(np.arange(len(files)), [len(file.image_names) for file in files])
    order = np.argsort(names, kind="stable")
    names, owners = names[order], owners[order]
    again = np.flatnonzero((names[1:] == names[:-1]) & (owners[1:] != owners[:-1]) & (names[1:] != MISSING))
    pairs = dict.fromkeys(zip(owners[again].tolist(), owners[again + 1].tolist()))
    for one, other in islice(pairs, _PAIRS):
        if files[one].kind is files[other].kind and files[one].tracks is None:
            here = (owners[again] == one) & (owners[again + 1] == other)
            yield one, other, names[again][here]


_Labels = list[tuple[str, ...]]
"""What :func:`_labels` tells of a picture, sorted."""


def _may_be_versions(one: File, other: File) -> bool:
    """Whether pictures of one name in two files are one picture, so that ids in common are of one object."""
    return one.home == other.home and (one.split == other.split or not (is_split(one.split) and is_split(other.split)))


def _say_the_same(one: _Labels, other: _Labels, is_one_source: bool) -> bool:
    """Whether two files have the same labels on a picture, though not as the same records."""
    if is_one_source and [id for *_, id in one] == [id for *_, id in other]:
        return False
    return [labels[:-1] for labels in one] == [labels[:-1] for labels in other]


def _moved(compared: Sequence[tuple[_Labels, _Labels]]) -> str:
    """How many objects of the same id and class lie elsewhere in the other file, where most objects of one file are in the
    other; else empty."""
    most = common = moved = 0
    for one, other in compared:
        most += min(len(one), len(other))
        known = {id: (label, places) for label, *places, id in one}
        for label, *places, id in other:
            before = known.get(id)
            if before is not None and before[0] == label:
                common += 1
                moved += _lie_apart(before[1], places)
    if not moved or 2 * common <= most:
        return ""
    return f"{common} of {most} objects that were compared have the same id and class in both, and {moved} of these other places"


def _lie_apart(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the first kind of place that two records of an object both have is another one."""
    return next((a != b for a, b in zip(one, other) if a not in _NO_PLACE and b not in _NO_PLACE), False)


_NO_PLACE = ("None", "[]")


def _labels(file: File, name: int, opened: Opened) -> Iterator[tuple[str, ...]]:
    """The class and the place of each annotation of a picture, with its id last."""
    key = file.images.keys[np.flatnonzero(file.image_names == name)[0]]
    table = file.annotations
    for row in np.flatnonzero(table.keys == key).tolist():
        try:
            told = json.loads(opened.record(file.number, table, row), parse_int=float)
        except (ValueError, RecursionError):
            continue
        if not isinstance(told, dict):
            continue
        category = find(file.categories, told.get("category_id"))
        places = (repr(told.get(field)) for field in ("bbox", "segmentation", "keypoints", "caption", "id"))
        yield (str(category.name) if category else "", *places)
