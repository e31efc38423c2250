"""Which folder a file is of, where a source has several: whether equal names of images mean one picture, and equal ids of
categories one class.
"""

from __future__ import annotations

import json
import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.categories import Category
from to_labelbox_formats.coco.detect import ROBOFLOW, FileKind, home_of, is_split
from to_labelbox_formats.coco.file import File
from to_labelbox_formats.coco.ids import MISSING, find, size_in
from to_labelbox_formats.coco.options import SameNames
from to_labelbox_formats.coco.random_access import Opened


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


def ask_whether_one_set(files: Sequence[File], path: str) -> None:
    """Stop with a question where an id of a category means one class in one folder and another one in another.

    Folders that are named like splits are parts of one set, and so are files of several kinds about the same pictures.
    """
    known: dict[int, tuple[str, File]] = {}
    for file in files:
        for key, meaning in _meanings(file.categories):
            other, first = known.setdefault(key, (meaning, file))
            if other == meaning or _set_of(first) == _set_of(file) or _are_layers(first, file):
                continue
            ask(
                f"category {file.categories[key].id} is {other} in {first.name} and {meaning} in {file.name}, which lie in "
                "folders of their own: nothing says whether they are one set.",
                [
                    (
                        f"to-labelbox batch {path} -o OUT",
                        "each folder is a set: a payload for each, one ontology for all",
                    ),
                    ("-O same_names=apart", "one set, classes joined by their names; each folder has its own pictures"),
                    ("-O same_names=one", "one set, classes joined by their names; one file_name is one picture"),
                ],
            )


def _meanings(categories: Mapping[int, Category]) -> Iterator[tuple[int, str]]:
    return ((key, repr(str(category.name))) for key, category in categories.items())


def _set_of(file: File) -> str:
    return "/".join(part for part in home_of(file.name).split("/") if not is_split(part))


def _are_layers(one: File, other: File) -> bool:
    """Whether two files tell different kinds of things of the same pictures."""
    return one.kind is not other.kind and bool(np.isin(one.image_names, other.image_names).any())


# ------------------------------------------------------------------------------------ pictures of one name and two sizes


_LOOKED_AT = 200
"""Names that other files have as well whose sizes are looked at."""


def ask_whether_one_picture(files: Sequence[File], opened: Opened) -> None:
    """Stop with a question where images of one name, which would be put together, state different sizes: those of a file that
    lists a name twice are all looked at, some of the names that two files have."""
    together: dict[tuple[str, str], list[File]] = {}
    splits = {file.split for file in files} - {""}
    alone = next(iter(splits)) if len(splits) == 1 else ""
    for file in files:
        if len(file.images) and file.tracks is None:
            together.setdefault((file.home, file.split or alone), []).append(file)
    for group in together.values():
        given = np.sort(np.concatenate([file.image_names for file in group]))
        if (given[1:] != given[:-1]).all():
            continue
        owners = np.repeat(np.arange(len(group)), [len(file.images) for file in group])
        rows = np.concatenate([np.arange(len(file.images)) for file in group])
        names = np.concatenate([file.image_names for file in group])
        order = np.argsort(names, kind="stable")
        names, owners, rows = names[order], owners[order], rows[order]
        again = np.flatnonzero((names[1:] == names[:-1]) & (names[1:] != MISSING))
        in_two = owners[again] != owners[again + 1]
        across = again[in_two]
        for at in (*again[~in_two].tolist(), *across[:: max(1, len(across) // _LOOKED_AT)].tolist()):
            _ask_about_sizes([(group[owners[n]], int(rows[n])) for n in (at, at + 1)], opened)


def _ask_about_sizes(pair: Sequence[tuple[File, int]], opened: Opened) -> None:
    sizes = [_size_of(opened.record(file.number, file.images, row)) for file, row in pair]
    if not all(sizes) or sizes[0] == sizes[1]:
        return
    listed = [
        f"{width:g} × {height:g} as images[{row}] of {file.name}"
        for (file, row), (width, height) in zip(pair, filter(None, sizes))
    ]
    name = opened.image_name(pair[0][0].number, pair[0][0].images, pair[0][1])
    ask(
        f"{name[:200]} is {' and '.join(listed)}: pictures of two sizes are not one, so give each a file_name of its own, or leave out what "
        "is not of the picture.",
        [("-O same_names=one", "all the same they are one, of the size that is listed first")],
    )


def _size_of(image: bytes) -> tuple[float, float] | None:
    try:
        return size_in(image)
    except UNDECODABLE:
        return None


# --------------------------------------------------------------------------------------- files that tell the same


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
        said = [_said_by_both(files, (one, other), name, opened) for name in common[:_COMPARED].tolist()]
        compared = [labels for labels in said if labels[0] or labels[1]]
        if len(compared) < _LEAST:
            continue
        pair = files[one], files[other]
        alike = sum(_say_the_same(*labels, _is_one_source(*pair)) for labels in compared)
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


def _said_by_both(files: Sequence[File], pair: tuple[int, int], name: int, opened: Opened) -> tuple[_Labels, _Labels]:
    one, other = (sorted(_labels(files[number], name, opened)) for number in pair)
    return one, other


def _is_one_source(one: File, other: File) -> bool:
    return (one.home, one.split) == (other.home, other.split)


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
