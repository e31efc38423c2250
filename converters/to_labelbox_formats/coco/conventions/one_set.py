"""Whether folders whose ids of categories or names of images disagree are one set; else a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.detect import home_of, is_split
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING, size_in
from to_labelbox_formats.coco.index.random_access import Opened


def ask_whether_one_set(files: Sequence[File], path: str) -> None:
    """Stop with a question where an id of a category means one class in one folder and another one in another.

    Folders that are named like splits are parts of one set, and so are files of several kinds about the same pictures.
    """
    known: dict[int, tuple[str, File]] = {}
    for file in files:
        for key, category in file.categories.items():
            meaning = repr(str(category.name))
            other, first = known.setdefault(key, (meaning, file))
            if other == meaning or _set_of(first) == _set_of(file) or _are_layers(first, file):
                continue
            ask(
                f"category {category.id} is {other} in {first.name} and {meaning} in {file.name}, which lie in "
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


def _set_of(file: File) -> str:
    return "/".join(part for part in home_of(file.name).split("/") if not is_split(part))


def _are_layers(one: File, other: File) -> bool:
    """Whether two files tell different kinds of things of the same pictures."""
    return one.kind is not other.kind and bool(np.isin(one.image_names, other.image_names).any())


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
    sizes = [size_in(opened.record(file.number, file.images, row)) for file, row in pair]
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
