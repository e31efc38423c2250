"""Which pictures belong to a set, in which split, and where the label file of each one is."""

from __future__ import annotations

import bisect
import posixpath
import re
from collections.abc import Iterator

from to_labelbox.diagnostics import Code, Log, SourceError
from to_labelbox.media import is_image
from to_labelbox_formats.yolo.descriptors import Descriptor, strip_data, text_of
from to_labelbox_formats.yolo.evidence import ROWS, looks_like_rows
from to_labelbox_formats.yolo.pictures import Pictures, Place
from to_labelbox_formats.yolo.tree import SPLITS, Tree, as_folder, is_label_name, joined, split_of

LABEL_FOLDERS = ("labels", "Labels", "labelTxt", "labelTXT", "annotations", "Annotations", "label")
_PICTURE_FOLDERS = ("images", "jpegimages", "image", "imgs", "img")
_ALIASES = (("valid", "val", "validation"), ("val", "valid", "validation"), ("validation", "val", "valid"))


class Index:
    """The units of a set: pictures in order, with split, place and whether a label file belongs to each.

    Label names are made from the picture's when they are needed, so that a unit costs a few bytes beyond its name.
    """

    def __init__(self) -> None:
        self.assets: list[str] = []
        self.places = bytearray()
        self.labelled = bytearray()
        self.split_names: list[str] = []
        self._numbers: dict[str, int] = {}
        self.splits = bytearray()
        self.label_folders: dict[str, str] = {}
        self.labels: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.assets)

    def add(self, asset: str, split: str, place: Place, label: str | None = None) -> None:
        if label is not None:
            self.labels[len(self.assets)] = label
        self.extend([asset], split, place, bytes([label is not None]))

    def extend(self, assets: list[str], split: str, place: Place, labelled: bytes | bytearray) -> None:
        """Add pictures of one split; ``labelled`` says of each whether its label file is where the folder's are."""
        number = self._numbers.get(split)
        if number is None:
            if len(self._numbers) == 255:
                raise SourceError("more than 255 splits")
            number = self._numbers[split] = len(self._numbers)
            self.split_names.append(split)
        self.assets += assets
        self.places += bytes([place]) * len(assets)
        self.labelled += labelled
        self.splits += bytes([number]) * len(assets)

    def label_of(self, unit: int) -> str:
        """The name of the label file of a unit, whether or not there is one."""
        if unit in self.labels:
            return self.labels[unit]
        asset = self.assets[unit]
        cut = asset.rfind("/") + 1
        return f"{self.label_folders.get(asset[:cut], asset[:cut])}{asset[cut : asset.rfind('.')]}.txt"


def label_folders(folder: str) -> Iterator[str]:
    """Where the labels of a picture folder may be: its last ``images`` read as ``labels``, beside, or near."""
    parts = folder.split("/")[:-1]
    swapped = [n for n, part in enumerate(parts) if part.lower() in _PICTURE_FOLDERS]
    for name in LABEL_FOLDERS:
        if swapped:
            yield "/".join([*parts[: swapped[-1]], name, *parts[swapped[-1] + 1 :]]) + "/"
        if name == "labels":
            yield folder
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


# ------------------------------------------------------------------------------------------------- splits as declared


class Entries:
    """Pictures of a set while it is being indexed, each once, in the first split that names it.

    ``groups`` are (split, whether the files are there, names); those of whole folders share the listing's own lists.
    """

    def __init__(self, tree: Tree, log: Log) -> None:
        self.tree = tree
        self.log = log
        self.groups: list[tuple[str, bool, list[str]]] = []
        self.roots: list[tuple[str, str]] = []
        self.resolved = False
        self._named: set[str] = set()
        self._folders: set[str] = set()
        self._again = 0

    def add(self, split: str, name: str, present: bool) -> None:
        if name in self._named or name[: name.rfind("/") + 1] in self._folders:
            self._again += 1
            return
        if not self._named or not self.groups or self.groups[-1][:2] != (split, present):
            self.groups.append((split, present, []))
        self._named.add(name)
        self.groups[-1][2].append(name)

    def add_folder(self, split: str, folder: str) -> None:
        """All pictures below a folder."""
        self.roots.append((split, folder))
        self.resolved = True
        for name in sorted(self.tree.images):
            if name.startswith(folder):
                self.add_images(split, name)

    def add_images(self, split: str, folder: str) -> None:
        """The pictures of one folder."""
        images = self.tree.images[folder]
        fresh = images if not self._named else [name for name in images if name not in self._named]
        if folder in self._folders:
            fresh = []
        self._folders.add(folder)
        self._again += len(images) - len(fresh)
        if fresh:
            self.groups.append((split, True, fresh))

    def close(self) -> None:
        self._named.clear()
        if self._again:
            self.log.decide(
                f"{self._again} pictures are named by several splits; each stays in the first that names it"
            )


def from_descriptor(tree: Tree, found: Descriptor, log: Log) -> Entries:
    """The splits that data.yaml or obj.data names. Raises :class:`SourceError` when none of them is there."""
    entries = Entries(tree, log)
    bases = _bases(tree, found, log)
    missing: list[str] = []
    for split, paths in found.splits.items():
        for path in paths:
            tried: list[str] = []
            if not _resolve(tree, entries, split, path, bases, tried):
                missing.append(f"{split}: {path} (tried {', '.join(tried) or 'nothing below the source'})")
    if not entries.resolved:
        if not found.splits:
            return everything(tree, log)
        raise SourceError(
            f"{found.file}: no picture and no label of any split is below the source:\n  " + "\n  ".join(missing) + "\n"
            "Give the folder that holds them as the source, or name it with -O root=FOLDER"
        )
    for text in missing:
        log.note(Code.FILE_MISSING, text, file=found.file)
    entries.close()
    return entries


def _bases(tree: Tree, found: Descriptor, log: Log) -> list[str]:
    """Folders that splits may be relative to: ``path`` below the descriptor's folder, that folder, its namesake in it."""
    bases: list[str] = []
    if found.root is not None:
        below = joined(found.folder, found.root)
        if below is not None and tree.has_folder(as_folder(below)):
            bases.append(as_folder(below))
        else:
            log.decide(
                f"{found.file}: path {found.root!r} is not below the source; splits are looked up from the folder of "
                f"{posixpath.basename(found.file)} (-O root=FOLDER names another one)"
            )
    bases.append(found.folder)
    if found.root is not None:
        namesake = as_folder(found.folder + posixpath.basename(found.root.replace("\\", "/").rstrip("/")))
        if tree.has_folder(namesake):
            bases.append(namesake)
    return list(dict.fromkeys(bases))


def _candidates(path: str, bases: list[str]) -> Iterator[str]:
    path = path.replace("\\", "/")
    plain = re.sub(r"^(?:\.\./)+", "", path)
    versions = dict.fromkeys((path, plain, strip_data(path)))
    for version in list(versions):
        parts = version.split("/")
        for name, *others in _ALIASES:
            versions.update(dict.fromkeys("/".join(o if p == name else p for p in parts) for o in others))
    for version in versions:
        for base in bases:
            found = joined(base, version)
            if found is not None:
                yield found
    # a path from another computer: the longest end of it that is here, but never another split's
    tail = re.sub(r"^[A-Za-z]:", "", plain).strip("/").split("/")
    while len(tail) > 1 and not (len(tail) < 4 and tail[0].lower() in SPLITS):
        tail = tail[1:]
        for base in bases:
            found = joined(base, "/".join(tail))
            if found:
                yield found


def _resolve(tree: Tree, entries: Entries, split: str, path: str, bases: list[str], tried: list[str]) -> bool:
    """Add what one entry of a split names: a folder, a list file, or a single picture."""
    for name in dict.fromkeys(_candidates(path, bases)):
        tried.append(name or ".")
        if tree.has(name) and not is_image(name):
            entries.resolved = True
            _read_list(tree, entries, split, name, bases)
            return True
        if tree.has(name) or (is_image(name) and _has_label(tree, name)):
            entries.add(split, name, tree.has(name))
            entries.resolved = True
            return True
        folder = as_folder(name)
        if tree.has_folder(folder) or tree.has_folder(next(label_folders(folder))):
            entries.add_folder(split, folder)
            return True
    return False


def _has_label(tree: Tree, name: str) -> bool:
    cut, dot = name.rfind("/") + 1, name.rfind(".")
    return any(tree.has(f"{folder}{name[cut:dot]}.txt") for folder in label_folders(name[:cut]))


def _read_list(tree: Tree, entries: Entries, split: str, file: str, bases: list[str]) -> None:
    """A text file of picture paths: from its own folder when they start with ``./``, else from the root."""
    here = file[: file.rfind("/") + 1]
    folders: dict[str, str] = {}
    without_pictures = not tree.images
    count = 0
    for number, line in enumerate(text_of(tree, file).splitlines(), 1):
        path = line.strip().replace("\\", "/")
        if not path:
            continue
        count += 1
        cut = path.rfind("/") + 1
        name = folders.get(path[:cut], "\0") + path[cut:]
        if not tree.has(name):
            order = [here, *bases] if path.startswith("./") else [*bases, here]
            options = list(dict.fromkeys(_candidates(path, order)))
            name = next((o for o in options if tree.has(o)), "") or next(
                (o for o in options if _has_label(tree, o)), ""
            )
            if not name and without_pictures and options:
                name = joined(order[0], strip_data(path)) or options[-1]
            if not name or not is_image(name):
                message = f"names {path}, which is not below the source"
                entries.log.note(Code.FILE_MISSING, message, file=file, where=f"line {number}")
                continue
            if name.endswith(path[cut:]):
                folders[path[:cut]] = name[: len(name) - len(path[cut:])]
        entries.add(split, name, tree.has(name))
    if not count:
        entries.log.note(Code.FILE_MISSING, "lists no picture", file=file)


# ---------------------------------------------------------------------------------------------------- without splits


def everything(tree: Tree, log: Log) -> Entries:
    """All pictures that have labels near, that lie in a folder of pictures, or in one named after a split."""
    entries = Entries(tree, log)
    others = []
    for folder in sorted(tree.images):
        parts = set(folder.lower().split("/"))
        if labels_near(tree, folder) is None and not parts & set(_PICTURE_FOLDERS) and not split_of(folder):
            others.append(folder)
        else:
            entries.add_images(split_of(folder), folder)
    if entries.groups:
        ignored = sum(len(tree.images[folder]) for folder in others)
        if ignored:
            log.note(Code.FILE_IGNORED, "pictures in folders without labels are no part of the set", count=ignored)
    else:
        for folder in others:
            entries.add_images("", folder)
    entries.roots.append(("", ""))
    entries.close()
    return entries


def labels_near(tree: Tree, folder: str) -> str | None:
    """The first folder near a picture folder that holds label files."""
    for candidate in label_folders(folder):
        if any(map(is_label_name, tree.texts.get(candidate, ()))):
            return candidate
    return None


# ------------------------------------------------------------------------------------------------------------ joining


def build(entries: Entries, pictures: Pictures) -> Index:
    """Join pictures and label files. Labels without picture come last, under the name that a picture would have."""
    tree, index = entries.tree, Index()
    claims: dict[str, dict[str, int]] = {}
    for split, present, names in entries.groups:
        place = Place.SOURCE if present else Place.NOWHERE
        folder = None
        labelled = bytearray()
        for name in names:
            cut = name.rfind("/") + 1
            if name[:cut] != folder:
                folder = name[:cut]
                if folder not in index.label_folders:
                    index.label_folders[folder] = labels_near(tree, folder) or folder
                near = index.label_folders[folder]
                if near not in claims:
                    claims[near] = dict.fromkeys(tree.texts.get(near, ()), 0)
                labels = claims[near]
            label = f"{near}{name[cut : name.rfind('.')]}.txt"
            if label in labels:
                labels[label] += 1
                labelled.append(1)
            else:
                labelled.append(0)
        index.extend(names, split, place, labelled)
    entries.groups.clear()
    if not any(index.labelled):
        _match_by_stem(tree, index, claims)
    twice = sum(count > 1 for labels in claims.values() for count in labels.values())
    if twice:
        entries.log.note(
            Code.ASSET_DUPLICATE,
            "label files belong to several pictures of the same stem; each picture gets their labels",
            count=twice,
        )
    _add_orphans(entries, index, claims)
    _find_media(index, pictures)
    return index


def _match_by_stem(tree: Tree, index: Index, claims: dict[str, dict[str, int]]) -> None:
    """Where no folder of labels stands near the pictures: label files whose stem is unique."""
    stems: dict[str, str] = {}
    for folder in tree.texts:
        for label in filter(is_label_name, tree.texts[folder]):
            stem = posixpath.basename(label)[:-4]
            stems[stem] = "" if stem in stems else label
    for unit, asset in enumerate(index.assets):
        if label := stems.get(posixpath.splitext(posixpath.basename(asset))[0], ""):
            index.labels[unit] = label
            index.labelled[unit] = 1
            folder = label[: label.rfind("/") + 1]
            labels = claims.setdefault(folder, dict.fromkeys(tree.texts[folder], 0))
            labels[label] = labels.get(label, 0) + 1


def _add_orphans(entries: Entries, index: Index, claims: dict[str, dict[str, int]]) -> None:
    """Label files of the declared folders that no picture claims; those of other folders are counted and left."""
    tree = entries.tree
    ignored = 0
    for folder in sorted(tree.texts):
        claimed = claims.get(folder, {})
        target = picture_folder(folder)
        split = next((s for s, root in entries.roots if folder.startswith(root) or target.startswith(root)), None)
        named = any(part in LABEL_FOLDERS for part in folder.split("/"))
        for label in tree.texts[folder]:
            if claimed.get(label) or not is_label_name(label):
                continue
            if split is None or not (named or looks_like_rows(tree.head(label)) in ROWS):
                ignored += 1
                continue
            stem = label[len(folder) : label.rfind(".")]
            index.add(f"{target}{stem}.jpg", split or split_of(label), Place.NOWHERE, label)
    if ignored:
        entries.log.note(
            Code.FILE_IGNORED, "text files that belong to no picture of the set are left out", count=ignored
        )


def _find_media(index: Index, pictures: Pictures) -> None:
    """Look below the media root for pictures that are not in the source, and for unlabelled ones beside those."""
    names = pictures.media_names()
    if not names or Place.NOWHERE not in index.places:
        return
    beside: dict[str, str] = {}
    used: set[str] = set()
    order: list[str] = []
    for unit, asset in enumerate(index.assets):
        if index.places[unit] != Place.NOWHERE:
            continue
        cut = asset.rfind("/") + 1
        stem = asset[cut : asset.rfind(".")]
        for folder in dict.fromkeys([*order[:1], *_media_folders(asset[:cut])]):
            found = _picture_named(names, folder + stem)
            if found:
                break
        else:
            continue
        order = [folder]
        if index.labelled[unit]:
            index.labels[unit] = index.label_of(unit)
        beside.setdefault(folder, index.split_names[index.splits[unit]])
        used.add(found)
        index.assets[unit] = found
        index.places[unit] = Place.MEDIA
    if Place.SOURCE not in index.places:
        for name in names:
            folder = name[: name.rfind("/") + 1]
            if folder in beside and name not in used:
                index.add(name, beside[folder], Place.MEDIA)


def _media_folders(folder: str) -> Iterator[str]:
    """Folders below a media root that may stand for one of the set: its ends, with and without ``images``."""
    parts = folder.split("/")[:-1]
    for version in (parts, [p for p in parts if p.lower() not in _PICTURE_FOLDERS]):
        for n in range(len(version) + 1):
            yield "".join(f"{part}/" for part in version[n:])


def _picture_named(names: list[str], stem: str) -> str | None:
    """The picture with a stem, whatever its extension, in a sorted listing."""
    at = bisect.bisect_left(names, stem + ".")
    while at < len(names) and names[at].startswith(stem + "."):
        if "/" not in names[at][len(stem) :] and "." not in names[at][len(stem) + 1 :]:
            return names[at]
        at += 1
    return None
