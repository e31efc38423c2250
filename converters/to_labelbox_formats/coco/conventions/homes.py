"""Which folder a file's image names are of, where a source has several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from to_labelbox.report.log import Log
from to_labelbox_formats.coco.detect import ROBOFLOW, FileKind, home_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING
from to_labelbox_formats.coco.options import SameNames


def set_homes(
    files: Sequence[File], same_names: SameNames, pictures: Callable[[], Iterable[str]], at: str | None, log: Log
) -> None:
    """Put its folder before a file's image names where the same names in another folder mean other pictures.

    So it is for Roboflow, which keeps pictures beside the file, and where files of one kind in several folders have a name
    in common, as tasks whose frames are all called alike; not for images with addresses, as those of the official sets.
    Where these folders lie in one another and ``pictures``, the paths of those at hand, have each such name once, it is one: if
    that one lies in the inner folder, or right in a media root that is no part of the source. Elsewhere it may be of the outer folder
    alone, with the other one not at hand. ``at``: the folder of the source that the paths begin at; None for such a root.
    """
    names: dict[FileKind, dict[str, list[npt.NDArray[np.int64]]]] = {}
    for file in files:
        if len(file.images) and not file.linked:
            names.setdefault(file.kind, {}).setdefault(home_of(file.name), []).append(file.image_names)
    common = {kind: _in_common(list(homes.values())) for kind, homes in names.items()}
    shared = {home for kind, homes in names.items() if common[kind] for home in homes}
    if same_names is SameNames.AUTO and shared:
        once = {
            kind: _pictures_once(homes, pictures(), at)
            for kind, homes in names.items()
            if common[kind] and _nested(homes)
        }
        if any(once.values()):
            log.assume(
                "one file_name in several folders",
                "one picture",
                for_=sum(once.values()),
                why="the folders lie in one another, and each of these pictures is there once, "
                + ("in the media root" if at is None else "in the inner one"),
                option="-O same_names=apart",
            )
        common |= {kind: 0 for kind, found in once.items() if found}
        shared = {home for kind, homes in names.items() if common[kind] for home in homes}
    if same_names is not SameNames.AUTO:
        shared = {home_of(file.name) for file in files} if same_names is SameNames.APART else set()
    elif shared:
        log.assume(
            "one file_name in several folders",
            "a picture in each of them",
            for_=sum(common.values()),
            why="files of one kind in different folders name these pictures alike; their folders are put before the names",
            option="-O same_names=one",
        )
    for file in files:
        folder, _, base = file.name.rpartition("/")
        if base.removesuffix(".gz") == ROBOFLOW and same_names is not SameNames.ONE:
            file.home = f"{folder}/" if folder else ""
        elif not file.linked and home_of(file.name) in shared:
            file.home = home_of(file.name)


def set_split_homes(files: Sequence[File], pictures: Callable[[], Iterable[str]], log: Log) -> None:
    """Put the folder of its split before a file's image names where the splits of one folder have a name in common, and
    each of them has a picture of such a name in a folder that is called like it.

    So lie ``annotations/instances_train.json`` and ``…_val.json`` beside ``train/`` and ``val/``. ``pictures`` are the
    paths of the source's or the media root's files, asked for only where names are in common.
    """
    groups: dict[tuple[FileKind, str], dict[str, list[npt.NDArray[np.int64]]]] = {}
    for file in files:
        if len(file.images) and file.split and not file.linked and not file.home:
            groups.setdefault((file.kind, home_of(file.name)), {}).setdefault(file.split, []).append(file.image_names)
    alike: dict[str, set[int]] = {}
    for splits in groups.values():
        if _in_common(list(splits.values())):
            names, counts = np.unique(
                np.concatenate([np.unique(np.concatenate(own)) for own in splits.values()]), return_counts=True
            )
            common = set(names[(counts > 1) & (names != MISSING)].tolist())
            for split in splits:
                alike.setdefault(split, set()).update(common)
    found = _folders_of(alike, pictures()) if alike else {}
    if len(found) < 2:
        return
    log.assume(
        "one file_name in several splits",
        "a picture in the folder of each",
        for_=sum(count for _, count in found.values()),
        why="each split has a picture of such a name in a folder that is called like it; the folders are put before the names",
        option="-O same_names=one",
    )
    for file in files:
        if file.split in found and not file.linked and not file.home:
            file.home = found[file.split][0]


def _folders_of(alike: Mapping[str, set[int]], pictures: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The folder of each split that has most pictures of the names looked for, as their hashes, and how many."""
    counts: dict[str, Counter[str]] = {}
    for path in pictures:
        parts = path.split("/")
        for at, part in enumerate(parts[:-1]):
            if part in alike and hash("/".join(parts[at + 1 :])) in alike[part]:
                counts.setdefault(part, Counter())["/".join(parts[: at + 1]) + "/"] += 1
    return {split: of_split.most_common(1)[0] for split, of_split in counts.items()}


def _nested(homes: Iterable[str]) -> bool:
    in_order = sorted(homes, key=len)
    return all(inner.startswith(outer) for outer, inner in pairwise(in_order))


def _pictures_once(homes: Mapping[str, Sequence[npt.NDArray[np.int64]]], paths: Iterable[str], at: str | None) -> int:
    """Pictures of the names that several folders have in common; 0 where one of these names has several, or one that may be of
    the outer folder alone."""
    owners: dict[int, list[str]] = {}
    for home in sorted(homes, key=len):
        for name in np.unique(np.concatenate(homes[home])).tolist():
            owners.setdefault(name, []).append(home)
    inner = {name: found[-1] for name, found in owners.items() if len(found) > 1 and name != MISSING}
    found: set[int] = set()
    for path in paths:
        parts = path.split("/")
        for start in range(len(parts)):
            name = hash("/".join(parts[start:]))
            if name not in inner:
                continue
            is_flat = at is None and not start
            if name in found or not (is_flat or f"{at or ''}{path}".startswith(inner[name])):
                return 0
            found.add(name)
    return len(found)


def _in_common(homes: Sequence[Sequence[npt.NDArray[np.int64]]]) -> int:
    """How many names of images are in several folders, by their hashes."""
    if len(homes) < 2:
        return 0
    names = np.concatenate([np.unique(np.concatenate(own)) for own in homes])
    names = names[names != MISSING]
    return len(names) - len(np.unique(names))
