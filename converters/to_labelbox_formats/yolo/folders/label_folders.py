"""Where the label files of a folder of pictures may be, and the pictures of a folder of labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from to_labelbox_formats.yolo.folders.listing import Tree, is_label_name

LABEL_FOLDERS = ("labels", "Labels", "labelTxt", "labelTXT", "annotations", "Annotations", "label")
PICTURE_FOLDERS = ("images", "jpegimages", "image", "imgs", "img")


def own_label_folders(folder: str) -> Iterator[str]:
    """Where the labels of a picture folder are and no other's: its last ``images`` read as ``labels``, or beside."""
    parts = folder.split("/")[:-1]
    swapped = [n for n, part in enumerate(parts) if part.lower() in PICTURE_FOLDERS]
    named = [n for n, part in enumerate(parts) if "images" in part.lower()]
    for name in LABEL_FOLDERS:
        if swapped:
            yield "/".join([*parts[: swapped[-1]], name, *parts[swapped[-1] + 1 :]]) + "/"
        if name == "labels":
            yield folder
    if named:  # train_images and train_labels
        part = re.sub("(?i)images", lambda found: "Labels" if found[0][0] == "I" else "labels", parts[named[-1]])
        yield "/".join([*parts[: named[-1]], part, *parts[named[-1] + 1 :]]) + "/"


def label_folders(folder: str) -> Iterator[str]:
    """Where the labels of a picture folder may be: in its own folders of labels, or near."""
    yield from own_label_folders(folder)
    parts = folder.split("/")[:-1]
    for name in LABEL_FOLDERS:
        yield f"{folder}{name}/"
        if parts:
            yield "/".join([*parts[:-1], name]) + "/"


def picture_folder(folder: str) -> str:
    """The picture folder that a label folder stands beside."""
    parts = folder.split("/")[:-1]
    named = [n for n, part in enumerate(parts) if part in LABEL_FOLDERS]
    if not named:
        return folder
    return "/".join([*parts[: named[-1]], "images", *parts[named[-1] + 1 :]]) + "/"


def labels_near(tree: Tree, folder: str) -> str | None:
    """The first folder near a picture folder that holds label files, or one called like a picture, be it ``test.txt``."""
    for candidate in label_folders(folder):
        texts = tree.texts.get(candidate, ())
        if any(map(is_label_name, texts)):
            return candidate
        if texts and candidate != folder:
            stems = {name[len(folder) : name.rfind(".")] for name in tree.images.get(folder, ())}
            if any(text[len(candidate) : text.rfind(".")] in stems for text in texts):
                return candidate
    return None


def label_of(tree: Tree, name: str) -> str:
    """The label file of a picture, whether or not that is there itself; nothing for none."""
    cut, dot = name.rfind("/") + 1, name.rfind(".")
    return next(filter(tree.has, (f"{folder}{name[cut:dot]}.txt" for folder in label_folders(name[:cut]))), "")
