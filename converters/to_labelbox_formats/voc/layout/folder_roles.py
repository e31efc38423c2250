"""What a folder of a set is for, by its path.

A folder is known by one segment of its path, whatever its case: ``VOC2007/Annotations/sub/`` has the role
*annotations*, the root ``VOC2007/`` and the rest ``sub/``. A folder without such a segment is flat: it is its own root,
and its annotation files lie beside the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from to_labelbox.model.text import pattern
from to_labelbox.source.splits import SPLIT_WORDS


class Role(Enum):
    FLAT = "flat"
    ANNOTATIONS = "Annotations"
    IMAGES = "JPEGImages"
    LISTS = "ImageSets"
    INSTANCES = "SegmentationObject"
    CLASSES = "SegmentationClass"
    OTHER_MASKS = "other masks"


_ROLES = {
    "annotation": Role.ANNOTATIONS,
    "annotations": Role.ANNOTATIONS,
    "labels": Role.ANNOTATIONS,
    "xml": Role.ANNOTATIONS,
    "xmls": Role.ANNOTATIONS,
    "labelxml": Role.ANNOTATIONS,
    "labelxmls": Role.ANNOTATIONS,
    "image": Role.IMAGES,
    "images": Role.IMAGES,
    "img": Role.IMAGES,
    "imgs": Role.IMAGES,
    "jpegimages": Role.IMAGES,
    "imagesets": Role.LISTS,
}
_MASKS = (("segmentationobject", Role.INSTANCES), ("segmentationclass", Role.CLASSES))
"""How folders of masks begin: ``SegmentationClassAug`` (with SBD), ``SegmentationClassRaw``, ``SegmentationClassPNG``."""
_PAINTED = pattern("visual|vis$|colou?r|overlay|npy$")
"""Folders of the same beginning that only show masks, or hold them as arrays."""
SPLIT_FOLDERS = frozenset(SPLIT_WORDS)
_WORDS = pattern(r"[^\W\d_]+")


class Folder(NamedTuple):
    """Prefixes end in "/" or are empty: ``top`` is the folder with the role, ``rest`` what lies below it."""

    role: Role
    root: str
    top: str
    rest: str
    split: str


def folder_of(path: str) -> Folder:
    """What a folder is, by its path without the slash at the end."""
    parts = path.split("/") if path else []
    split = next((p for p in parts if p.casefold() in SPLIT_FOLDERS), "") or next(
        filter(None, map(_split_in, parts)), ""
    )
    for i, part in enumerate(parts):
        role = role_of(part)
        if role is None:
            continue
        end = i + 1
        while end < len(parts) and role_of(parts[end]) is role:
            end += 1
        if role is Role.ANNOTATIONS and any(_is_masks(p) for p in parts[end:]):
            role = Role.OTHER_MASKS
        return Folder(role, prefix_of(parts[:i]), prefix_of(parts[:end]), prefix_of(parts[end:]), split)
    return Folder(Role.FLAT, prefix_of(parts), prefix_of(parts), "", split)


def role_of(part: str) -> Role | None:
    """What a folder is for by its own name; None where that says nothing."""
    name = part.casefold()
    if role := _ROLES.get(name):
        return role
    if _shows_masks(part):
        return next(
            (r for start, r in _MASKS if name.startswith(start) and not _PAINTED.search(name)), Role.OTHER_MASKS
        )
    return None


def _split_in(part: str) -> str:
    """The split of a folder like ``train_images`` or ``JPEGImages-trainval``: besides, its name only has a role."""
    words = words_of(part)
    splits = words & SPLIT_FOLDERS
    return min(splits) if len(splits) == 1 and 1 < len(words) <= 2 and words - splits <= _ROLES.keys() else ""


def words_of(path: str) -> set[str]:
    return set(_WORDS.findall(path.casefold()))


def without_extension(name: str) -> str:
    dot = name.rfind(".")
    return name[:dot] if dot > name.rfind("/") else name


def _is_masks(part: str) -> bool:
    """Whether a folder among annotations holds masks, by its name: ``trimaps`` are those of the Oxford-IIIT pets."""
    return part.casefold() in ("mask", "masks", "trimaps") or _shows_masks(part)


def _shows_masks(part: str) -> bool:
    """``SegmentationClass``, and labelme's pictures of labels: ``AnnotationsVisualization``."""
    name = part.casefold()
    return name.startswith("segmentation") or name.endswith("visualization")


def prefix_of(parts: Sequence[str]) -> str:
    return "/".join(parts) + "/" if parts else ""
