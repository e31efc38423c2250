"""Which folder a file is of, where a source has several: whether equal names of images mean one picture, and equal ids of
categories one class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.categories import Category
from to_labelbox_formats.coco.detect import ROBOFLOW, FileKind, home_of, is_split
from to_labelbox_formats.coco.ids import MISSING
from to_labelbox_formats.coco.index import File
from to_labelbox_formats.coco.options import SameNames


def set_homes(files: Sequence[File], same_names: SameNames, log: Log) -> None:
    """Put its folder before a file's image names where the same names in another folder mean other pictures.

    So it is for Roboflow, which keeps pictures beside the file, and where files of one kind in several folders have a name
    in common, as tasks whose frames are all called alike; not for images with addresses, as those of the official sets.
    """
    names: dict[FileKind, dict[str, list[npt.NDArray[np.int64]]]] = {}
    for file in files:
        if len(file.images) and not file.linked:
            names.setdefault(file.kind, {}).setdefault(home_of(file.name), []).append(file.image_names)
    common = {kind: _in_common(list(homes.values())) for kind, homes in names.items()}
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
