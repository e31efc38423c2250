"""Pictures that datasets of different formats hold under other global keys, as one set's boxes in VOC and in YOLO."""

from __future__ import annotations

import filecmp
import os
import posixpath
from array import array
from collections.abc import Sequence
from itertools import repeat

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.model.duplicate_hashes import shared
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.image_headers import is_image

_COMPARED = 4
"""Pictures of two datasets whose bytes are compared: names such as ``000001.jpg`` say nothing alone."""


def tell_same_pictures(sets: Sequence[DatasetRun], notes: Log) -> None:
    """Say so where half of a dataset's pictures and more have the names of pictures of another one, and the bytes."""
    folders = [s for s in sets if not s.apart and os.path.isdir(s.found.source)]
    if len({s.found.format for s in folders}) < 2:
        return
    names = [array("Q", (hash(name) % 2**64 for name in _pictures(dataset))) for dataset in folders]
    for owner, other, count in shared([(own, repeat(number)) for number, own in enumerate(names)]):
        one, earlier = folders[owner], folders[other]
        if one.found.format != earlier.found.format and 2 * count >= len(names[owner]) and _have_same(one, earlier):
            message = (
                f"{count:,} of its pictures are called like some of {earlier.found.path!r}, and those compared hold the same bytes, but their global keys "
                "differ: each is two data rows. For one, give --global-key '{name}', or leave one of the two out"
            )
            notes.note(Code.ASSET_DUPLICATE, message, file=one.found.path, count=count)


def _pictures(dataset: DatasetRun) -> dict[str, str]:
    """The pictures of a dataset by their own names."""
    found = MediaFolder(dataset.found.source).names()
    return {posixpath.basename(name): os.path.join(dataset.found.source, name) for name in filter(is_image, found)}


def _have_same(one: DatasetRun, other: DatasetRun) -> bool:
    """Whether the first pictures that both have are files of the same bytes, and not the same files."""
    ours, theirs = _pictures(one), _pictures(other)
    common = [(ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())][:_COMPARED]
    try:
        return all(not os.path.samefile(*both) and filecmp.cmp(*both, shallow=False) for both in common)
    except OSError:
        return False
