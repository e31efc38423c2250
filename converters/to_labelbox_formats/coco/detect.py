"""Recognising COCO files by the keys in their first bytes; kinds and splits."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import FileError
from to_labelbox.source.files import Source
from to_labelbox.source.json_head import keys_at
from to_labelbox.source.splits import SPLIT_PATTERN


class FileKind(StrEnum):
    """What the annotations of a file carry."""

    INSTANCES = "instances"
    KEYPOINTS = "person_keypoints"
    CAPTIONS = "captions"
    PANOPTIC = "panoptic"
    LABELS = "labels"
    IMAGES = "image_info"
    RESULTS = "results"
    VIDEOS = "video_instances"


SEQUENCE_FIELDS = frozenset({"annotated_image_paths", "track_category_ids"})
"""Keys of sequences of BURST."""
TRACKS = frozenset({"file_names", "bboxes", "segmentations"})
"""Keys of videos and annotations of YouTube-VIS, where a record holds a shape for every frame."""


IN_IMAGES = frozenset({"file_name", "annotations"})
"""Keys of images that hold their annotations themselves, in an array of them."""
LONG_CATEGORIES = "begins with a list of names that is longer than its first part"
_NAME_LISTS = frozenset({"categories", "tag_categories", "keypoint_categories", "attributes", "type"})
_SAMPLE_FIELDS = frozenset({"id", "name"})
LONG_HEADS = (1 << 20, 16 << 20)
"""Bytes of a file that are looked into where categories fill its first part, as in LVIS."""


def probe_file(source: Source, name: str) -> tuple[FileKind | None, str]:
    """The kind of a file, or None with the reason: by its first part, and on where only categories fill that."""
    kind, reason = probe(source.head(name))
    for size in LONG_HEADS:
        if reason != LONG_CATEGORIES:
            return kind, reason
        kind, reason = probe.__wrapped__(source.head(name, size))
    return (
        (FileKind.INSTANCES, "an object that begins with categories") if reason == LONG_CATEGORIES else (kind, reason)
    )


def why_not(source: Source, name: str) -> str:
    """Why a file among others is not of COCO; empty where it is. Raises :class:`FileError` for one that nobody can read."""
    kind, reason = probe_file(source, name)
    if kind is not None:
        return ""
    if why := source.unreadable.get(name):
        raise FileError(f"cannot be read: {why}")
    from to_labelbox.source.json_end import cut_off  # few folders have a JSON file to be judged by its end

    if cut := cut_off(source, name):
        raise FileError(cut)
    return reason


@lru_cache(4)
def probe(head: bytes) -> tuple[FileKind | None, str]:
    """The kind of file that a head begins, or None with the reason."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "replace").encode().lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"["):
        inner = list(islice(keys_at(text, 2), 12))
        fields = {"score", "caption", "bbox", "segmentation", "keypoints"} & set(inner)
        if "image_id" in inner and fields and "data" not in inner:
            return FileKind.RESULTS, "an array of objects with image_id: COCO results"
        if set(inner) >= IN_IMAGES and "data" not in inner and {"bbox", "category_id"} & set(keys_at(text, 4)):
            return FileKind.INSTANCES, "an array of images with their annotations, as of detectron2"
        if "ann" in inner and {"filename", "file_name"} & set(inner):
            return (
                None,
                "an array of images with 'ann': the form that MMDetection makes of COCO, which is not supported",
            )
        return None, "a JSON array, but not of COCO results"
    if not text.startswith(b"{"):
        return None, "not JSON"
    top = list(keys_at(text, 1))
    if "videos" in top and TRACKS & set(keys_at(text, 3)):
        return FileKind.VIDEOS, "videos, and annotations with the shapes of all frames: YouTube-VIS"
    if "sequences" in top and SEQUENCE_FIELDS & set(keys_at(text, 3)):
        return FileKind.VIDEOS, "sequences with the masks of their frames: BURST"
    for other, what in (
        ("shapes", "LabelMe"), ("_via_img_metadata", "a VIA project"), ("items", "Datumaro"),
        ("imgToAnns", "the index form of COCO-Text, which is not supported: list images and annotations"),
        ("data_list", "the form that OpenMMLab makes of COCO, which is not supported"),
    ):  # fmt: skip
        if other in top:
            return None, f"has {other!r}: {what}"
    if {"image", "annotations"} <= set(top) and "images" not in top:
        return None, "has 'image', not 'images': masks without classes, as of SA-1B, which are not supported"
    if "images" in top and ({"annotations", "categories"} & set(top) or "file_name" in keys_at(text, 3)):
        return FileKind.INSTANCES, f"an object with {', '.join(repr(k) for k in top[:5])}"
    if "annotations" in top and "categories" in top:
        return FileKind.INSTANCES, "an object with 'annotations' and 'categories'"
    if {"info", "licenses", "videos"} & set(top) and len(text) > 60_000:
        return FileKind.INSTANCES, "an object that begins like COCO's"
    if (
        top[:1]
        and _NAME_LISTS.issuperset(top)
        and set(islice(keys_at(text, 3), 40)) >= _SAMPLE_FIELDS
        and len(text) > 60_000
    ):
        return None, LONG_CATEGORIES
    if "images" not in top and {"images", "annotations"} <= set(islice(keys_at(text, 2), 12)):
        return (
            None,
            f"an object with {', '.join(repr(k) for k in top[:3])}, each of them COCO: write each to a file of its own",
        )
    if "annotations" in top and "image_id" in keys_at(text, 3):
        return FileKind.INSTANCES, "an object whose 'annotations' have 'image_id'"
    return None, "a JSON object without 'images' and 'annotations' or 'categories'"


_SPLIT = pattern(
    r"^(?:instances|person_keypoints|keypoints|captions|panoptic|stuff|labels|image_info|lvis(?:_v\d+(?:\.\d+)?)?)_(.+)$"
)
_WORD = pattern(rf"({SPLIT_PATTERN})(\d{{4}})?", re.IGNORECASE)
_BETWEEN = pattern(r"[-_. ]+")
_ANNOTATIONS = pattern(r"annotations?|labels?|jsons?|coco", re.IGNORECASE)
ROBOFLOW = "_annotations.coco.json"


def split_of(name: str) -> str:
    """Split by file name: the text after ``<kind>_``, the one word of it that names a split, else such a folder's name."""
    folder, _, base = name.rpartition("/")
    parent = folder.rpartition("/")[2]
    stem = base.removesuffix(".gz").removesuffix(".json")
    if base.removesuffix(".gz") == ROBOFLOW:
        return parent
    match = _SPLIT.match(stem)
    if match and not _WORD.fullmatch(parent):
        return match.group(1)
    words = [word for word in _BETWEEN.split(stem) if _WORD.fullmatch(word)]
    if len(words) == 1:
        return words[0]
    return parent if _WORD.fullmatch(parent) else match.group(1) if match else ""


def is_split(folder: str) -> bool:
    """Whether a folder is named like a split."""
    return bool(_WORD.fullmatch(folder))


def home_of(name: str) -> str:
    """The folder of a file's dataset, with a slash: its own, without the ones that only say that they hold annotations."""
    parts = [part for part in name.split("/")[:-1] if not _ANNOTATIONS.fullmatch(part)]
    return "".join(f"{part}/" for part in parts)
