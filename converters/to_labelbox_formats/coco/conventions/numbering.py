"""Ids that the annotations have otherwise than the file: of categories that are a list of bare names, or one off; of images by
their file names.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from to_labelbox.model.text import n_of, shortened
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.index.categories import class_id_among
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.file import File
from to_labelbox_formats.coco.index.ids import MISSING, is_number, keys_of, numbers_of, twin, twins
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.options import FirstCategory, ImageIds

_FIRST = {"0": 0, "1": 1}
_SHOWN = 5
"""Ids that a question lists at most."""


class _CategoryId(Struct, gc=False):
    category_id: int | None = None


_decode = msgspec.json.Decoder(_CategoryId).decode


def number_categories(file: File, opened: Opened, sample: Iterable[bytes], first: FirstCategory, log: Log) -> None:
    """Count the categories from where the option or the ids in use say: ``sample`` is of some annotations, and all are read
    where that leaves doubt. Raises :class:`UsageError` where those leave it open.
    """
    if not file.categories:
        return
    if first is not FirstCategory.AUTO:
        _count_from(file, _FIRST[first])
    elif file.unnumbered:
        _count_names(file, set(_ids(_records(file, opened))), log)
    elif not {*_numbers(file)}.issuperset(_ids(sample)):
        _ask_whether_one_off(file, set(_ids(_records(file, opened))))


def _count_names(file: File, used: set[int], log: Log) -> None:
    """Give bare names the ids that those in use say they have."""
    count = len(file.categories)
    from_zero, from_one = 0 in used, count in used
    if from_zero == from_one and used:
        names = ", ".join(shortened(str(c.name)) for c in list(file.categories.values())[:3])
        ask(
            f"{file.name}: its categories are a list of names ({names}, …), and the ids in use "
            f"({_listed(used)}) do not say whether the first one is 0 or 1.",
            [("-O first_category=0", "0 is the first name"), ("-O first_category=1", "1 is the first name")],
        )
    log.assume(
        f"id of the first category ({file.name})",
        "1" if from_one else "0",
        for_=len(used),
        why="the ids in use reach " + (f"{count}, the number of names" if from_one else "0"),
        option=f"-O first_category={'0' if from_one else '1'}",
    )
    _count_from(file, int(from_one))


def _ask_whether_one_off(file: File, used: set[int]) -> None:
    """Stop with the question where the ids in use are those of the categories only if these are counted from the other of 0
    and 1."""
    declared = _numbers(file)
    unknown, start = used - declared.keys(), min(declared, default=-1)
    other = 1 - start
    if len(declared) < len(file.categories) or start not in (0, 1) or not unknown:
        return
    if not {id + other - start for id in declared} >= used:
        return
    name = repr(shortened(str(file.categories[declared[start]].name)))
    ask(
        f"{file.name}: its categories have the ids {_listed(declared)}, and its annotations use {_listed(used)}, of which "
        f"{_listed(unknown)} {'is' if len(unknown) == 1 else 'are'} none of them: all would be, were the first category {other} "
        f"instead of {start}.",
        [
            (f"-O first_category={other}", f"{other} is {name}, and so on: every annotation has a class"),
            (
                f"-O first_category={start}",
                f"{start} is {name}, as the file says: annotations of other ids are skipped",
            ),
        ],
    )


def _count_from(file: File, first: int) -> None:
    declared = _numbers(file)
    if len(declared) < len(file.categories):
        raise UsageError(f"-O first_category={first}: the ids of the categories of {file.name} are not numbers")
    if shift := first - min(declared):
        given = {id + shift: file.categories[key] for id, key in declared.items()}
        file.categories = {id: msgspec.structs.replace(category, id=id) for id, category in given.items()}


def _numbers(file: File) -> dict[int, int]:
    """The keys of the categories by their ids, as far as those are numbers, or texts of numbers."""
    ids = {key if is_number(key) else twin(key): key for key in file.categories}
    return {id: key for id, key in ids.items() if id != MISSING}


def _records(file: File, opened: Opened) -> Iterator[bytes]:
    for start, length in zip(file.annotations.starts.tolist(), file.annotations.lengths.tolist()):
        yield opened.read(file.number, length, start)


def _ids(records: Iterable[bytes]) -> Iterator[int]:
    """The category ids of annotations, as far as they are whole numbers."""
    for record in records:
        try:
            id = _decode(record).category_id
        except UNDECODABLE:
            continue
        if id is None and (given := class_id_among(members_of(record))) and isinstance(given[1], int):
            id = given[1]
        if id is not None:
            yield id


def _listed(ids: Collection[int]) -> str:
    shown: Sequence[int] = sorted(ids)[:_SHOWN]
    return ", ".join(map(str, shown)) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")


def name_images(file: File, opened: Opened, log: Log) -> None:
    """Take ``image_id`` as what the file of an image is called, where it is the id of none: path, base name or stem."""
    wanted, ids = file.annotations.keys, file.images.keys[file.images.keys != MISSING]
    if not len(file.images) or any(
        (ids == key).any() or (ids == twin(key)).any() for key in wanted[:_LOOKED_AT].tolist()
    ):
        return
    wanted = np.unique(wanted[wanted != MISSING])
    if not len(wanted) or np.isin(np.concatenate((wanted, twins(wanted))), ids).any():
        return
    names = [opened.image_name(file.number, file.images, row).replace("\\", "/") for row in range(len(file.images))]
    stems = [posixpath.splitext(name)[0] for name in names]
    forms = {"path": names, "name": list(map(posixpath.basename, names)), "path without extension": stems}
    forms["name without extension"] = list(map(posixpath.basename, stems))
    keys = {form: keys_of([name or None for name in given]) for form, given in forms.items()}
    keys = {form: own for form, own in keys.items() if len(np.unique(own)) == len(own)}
    known = {form: int((np.isin(wanted, own) | np.isin(twins(wanted), own)).sum()) for form, own in keys.items()}
    form = max(known, key=known.__getitem__, default="")
    enough = _FEW if is_number(int(wanted[-1])) else 1  # a number may be that of a file by chance
    if form and 2 * known[form] > len(wanted) and known[form] >= enough:
        file.images.keys = keys[form]
        log.assume(
            f"image_id of annotations ({file.name})",
            f"the {form} of an image's file",
            for_=known[form],
            against=len(wanted) - known[form],
            why="no image has such an id",
        )


_FEW = 3
_LOOKED_AT = 20
"""Annotations of which one that names an image by its id is enough."""


# ------------------------------------------------------------------------------------------------ images one off


_MORE = {ImageIds.ONE_MORE: 1, ImageIds.ONE_LESS: -1}


def number_images(files: Sequence[File], image_ids: ImageIds) -> None:
    """Count the images of each file as its annotations do. Raises :class:`UsageError` with the question where some of these
    name an image that is not there, and all would name one, were their ids one more or less."""
    for file in files:
        if file.tracks is not None or not len(file.annotations) or image_ids is ImageIds.AS_IS:
            continue
        owners = [file] if len(file.images) else [other for other in files if len(other.images)]
        declared = np.concatenate([np.zeros(0, np.int64), *(owner.images.keys for owner in owners)])
        if image_ids is not ImageIds.AUTO:
            _count_on(file, owners, declared, _MORE[image_ids])
        elif len(declared) and _names_others(file.annotations.keys, declared):
            _ask_whether_images_one_off(file, declared)


def _names_others(wanted: npt.NDArray[np.int64], declared: npt.NDArray[np.int64]) -> bool:
    """Whether an end of the ids in use lies beyond the declared ones, or none of the first annotations has one of them."""
    ends = numbers_of(np.array([wanted.min(), wanted.max()])), numbers_of(np.array([declared.min(), declared.max()]))
    if ends[0][0] < ends[1][0] or ends[0][1] > ends[1][1]:
        return True
    return not np.isin(numbers_of(wanted[:_LOOKED_AT]), numbers_of(declared)).any()


def _ask_whether_images_one_off(file: File, declared: npt.NDArray[np.int64]) -> None:
    used, declared = (np.unique(numbers_of(keys[keys != MISSING])) for keys in (file.annotations.keys, declared))
    if not len(unknown := used[~np.isin(used, declared)]) or not all(map(is_number, unknown.tolist())):
        return
    fitting = [way for way, more in _MORE.items() if np.isin(used + more, declared).all()]
    if not fitting:
        return
    words = {ImageIds.ONE_MORE: "one more", ImageIds.ONE_LESS: "one less"}
    ask(
        f"{file.name}: its images have the ids {_listed(declared.tolist())}, and its annotations name {_listed(used.tolist())}, of "
        f"which {_listed(unknown.tolist())} {'is' if len(unknown) == 1 else 'are'} none of them: all would be, were each "
        f"{' or '.join(words[way] for way in fitting)}.",
        [
            *((f"-O image_ids={way}", f"each annotation is of the image whose id is {words[way]}") for way in fitting),
            (f"-O image_ids={ImageIds.AS_IS}", "each is of the image that it names; those of other ids are skipped"),
        ],
    )


def _count_on(file: File, owners: Sequence[File], declared: npt.NDArray[np.int64], more: int) -> None:
    """Give the images of a file the ids by which its annotations name them, or these the ids of the images of another one."""
    used, ids = numbers_of(file.annotations.keys), numbers_of(declared)
    lost = int((np.isin(used, ids) & ~np.isin(used + more, ids)).sum())
    if lost:
        raise UsageError(
            f"-O image_ids: {n_of(lost, 'annotation')} of {file.name} would name no image any more. Leave the option out, or convert "
            "the files that it is right for on their own"
        )
    if owners == [file]:
        file.images.keys = _moved(declared, -more)
    else:
        file.annotations.keys = _moved(file.annotations.keys, more)


def _moved(keys: npt.NDArray[np.int64], by: int) -> npt.NDArray[np.int64]:
    return np.where(keys == MISSING, keys, keys + by)
