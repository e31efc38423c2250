"""Pictures that datasets of different formats hold under other global keys, as one set's boxes in VOC and in YOLO."""

from __future__ import annotations

import filecmp
import os
import posixpath
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from to_labelbox.batches.dataset_run import DatasetRun
from to_labelbox.model.duplicate_hashes import repeated
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.image_headers import is_image

_COMPARED = 8
"""Pictures of two datasets whose bytes are compared: names such as ``000001.jpg`` say nothing alone."""


def tell_same_pictures(sets: Sequence[DatasetRun], notes: Log) -> None:
    """Say so where half of a dataset's pictures and more have names, sizes and bytes of those of one in another format."""
    folders = [s for s in sets if not s.apart and os.path.isdir(s.found.source)]
    if len({s.found.format for s in folders}) < 2:
        return
    names = [array("q", map(hash, _pictures(dataset))) for dataset in folders]
    again = repeated(array("q", chain.from_iterable(names)))
    known: dict[tuple[str, int], dict[str, tuple[int, str]]] = {}
    for owner, dataset in enumerate(folders) if again else ():
        common, compared = Counter[int](), dict[int, list[tuple[str, str]]]()
        for name, path in _pictures(dataset).items():
            if hash(name) in again and (size := _size(path)):
                holders = known.setdefault((name, size), {})
                for format, (other, theirs) in holders.items():
                    if format != dataset.found.format and theirs != path:
                        common[other] += 1
                        if len(pairs := compared.setdefault(other, [])) < _COMPARED:
                            pairs.append((theirs, path))
                holders.setdefault(dataset.found.format, (owner, path))
        for other, count in sorted(common.items()):
            if 2 * count >= min(len(names[owner]), len(names[other])) and _are_same(compared[other]):
                message = (
                    f"{count:,} of its pictures are called like some of {folders[other].found.path!r}, and those compared hold the same bytes, but their "
                    "global keys differ: each is two data rows. For one, give --global-key '{name}', or leave one of the two out"
                )
                notes.note(Code.ASSET_DUPLICATE, message, file=dataset.found.path, count=count)
                break


def _pictures(dataset: DatasetRun) -> dict[str, str]:
    """The pictures of a dataset by their own names."""
    found = MediaFolder(dataset.found.source).names()
    return {posixpath.basename(name): os.path.join(dataset.found.source, name) for name in filter(is_image, found)}


def _size(path: str) -> int:
    """The bytes of a file, 0 for one that is not to be read."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _are_same(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether all pairs of files that can be read have the same bytes."""
    equal: list[bool] = []
    for pair in pairs:
        with suppress(OSError):
            equal.append(filecmp.cmp(*pair, shallow=False))
    return bool(equal) and all(equal)
