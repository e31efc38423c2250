"""Which pictures belong to a set, in which split, and where the label file of each one is."""

from __future__ import annotations

import bisect
import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from to_labelbox.diagnostics import Code, Log, SourceError
from to_labelbox.media import is_image
from to_labelbox_formats.yolo.descriptors import Descriptor, strip_data, text_of
from to_labelbox_formats.yolo.evidence import ROWS, looks_like_rows
from to_labelbox_formats.yolo.pictures import Pictures, Place
from to_labelbox_formats.yolo.tree import SPLITS, Tree, as_folder, is_label_name, joined, split_of

LABEL_FOLDERS = ("labels", "Labels", "labelTxt", "labelTXT", "annotations", "Annotations", "label")
_PICTURE_FOLDERS = ("images", "jpegimages", "image", "imgs", "img")
_UPLOADED = re.compile(r"^[0-9a-f]{8}(?:-|__)(?=.)")
"""What Label Studio puts before the name of a file that was uploaded."""
_SPLIT_WORD = re.compile(rf"(?i)(?<![a-z])(?:{'|'.join(SPLITS)})(?![a-z])")
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
    named = [n for n, part in enumerate(parts) if "images" in part.lower()]
    for name in LABEL_FOLDERS:
        if swapped:
            yield "/".join([*parts[: swapped[-1]], name, *parts[swapped[-1] + 1 :]]) + "/"
        if name == "labels":
            yield folder
    if named:  # train_images and train_labels
        part = re.sub("(?i)images", _labels_of_case, parts[named[-1]])
        yield "/".join([*parts[: named[-1]], part, *parts[named[-1] + 1 :]]) + "/"
    for name in LABEL_FOLDERS:
        yield f"{folder}{name}/"
        if parts:
            yield "/".join([*parts[:-1], name]) + "/"


def _labels_of_case(images: re.Match[str]) -> str:
    return "Labels" if images[0][0] == "I" else "labels"


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
    ``guessed``: nothing was where the descriptor says.
    """

    def __init__(self, tree: Tree, log: Log) -> None:
        self.tree = tree
        self.log = log
        self.groups: list[tuple[str, bool, list[str]]] = []
        self.roots: list[tuple[str, str]] = []
        self.resolved = False
        self.guessed = False
        self.lists: set[str] = set()
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
            times = "once" if self._again == 1 else f"{self._again} times"
            self.log.decide(f"{times} a picture is named again by a split or list; it stays in the first that names it")


def from_descriptor(tree: Tree, found: Descriptor, log: Log) -> Entries:
    """The splits that data.yaml or obj.data names. Raises :class:`SourceError` when none of them is there."""
    entries = Entries(tree, log)
    missing = _resolve_all(tree, entries, found, _bases(tree, found, log))
    if not entries.resolved and (base := _further_down(tree, found)) is not None:
        log.decide(f"{found.file}: the splits are not where it says but below {base}")
        missing = _resolve_all(tree, entries, found, [base])
        entries.guessed = True
    if not entries.resolved and not found.splits:
        return everything(tree, log)
    if not entries.resolved and _of_another_computer(tree, found) and _has_rows(tree):
        message = "its paths are of another computer: all pictures and labels are taken, in the splits that their folders name"
        log.note(Code.FILE_MISSING, message, file=found.file)
        entries = everything(tree, log)
        entries.guessed = True
        return entries
    if not entries.resolved:
        raise SourceError(
            f"{found.file}: no picture and no label of any split is below the source:\n  " + "\n  ".join(missing) + "\n"
            f"Give the folder that holds them as the source, or name it with -O root={_real_root(tree, found)}"
        )
    for text in missing:
        log.note(Code.FILE_MISSING, text, file=found.file)
    left = sum(map(len, tree.images.values())) - sum(len(names) for _, present, names in entries.groups if present)
    if left:
        log.note(Code.FILE_IGNORED, "pictures that no split names are left out", count=left)
    entries.close()
    return entries


def is_there(tree: Tree, found: Descriptor) -> bool:
    """Whether a split is where the descriptor says."""
    entries = Entries(tree, Log())
    _resolve_all(tree, entries, found, _bases(tree, found, entries.log))
    return entries.resolved


def _resolve_all(tree: Tree, entries: Entries, found: Descriptor, bases: list[str]) -> list[str]:
    """Add all splits; what is said of those that are not there."""
    missing: list[str] = []
    for split, paths in found.splits.items():
        for path in paths:
            tried: list[str] = []
            if not _resolve(tree, entries, split, path, bases, tried):
                missing.append(f"{split}: {path} (tried {', '.join(tried) or 'nothing below the source'})")
    return missing


def _bases(tree: Tree, found: Descriptor, log: Log) -> list[str]:
    """Folders that splits may be relative to: ``path`` from the descriptor's folder, that folder, any end of ``path``, the top."""
    root = _root(tree, found)
    if found.root is None or root is not None:
        return list(dict.fromkeys([*([] if root is None else [root]), found.folder, ""]))
    ends = [as_folder(joined(start, end) or "") for end in _ends(found.root) for start in (found.folder, "")]
    ends = [end for end in dict.fromkeys(ends) if end and tree.has_folder(end)]
    log.decide(
        f"{found.file}: path {found.root!r} is not below the source; splits are looked up from the folder of "
        f"{posixpath.basename(found.file)}{''.join(f', from {end}' for end in ends)} (-O root=FOLDER names another one)"
    )
    return list(dict.fromkeys([found.folder, *ends, ""]))


def _root(tree: Tree, found: Descriptor) -> str | None:
    """The folder of the source that ``path`` names, when it names one."""
    if found.root is None or "\0" in found.root:
        return None
    below = joined(found.folder, found.root)
    if below is None and tree.source.folder is not None and os.path.isabs(found.root):
        below = joined("", os.path.relpath(os.path.realpath(found.root), os.path.realpath(tree.source.folder)))
    return as_folder(below) if below is not None and tree.has_folder(as_folder(below)) else None


def _ends(path: str) -> list[str]:
    """a/b/c → a/b/c, b/c, c, without drive and what leads out of a folder."""
    parts = [
        part for part in re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/")).split("/") if part not in ("", ".", "..")
    ]
    return ["/".join(parts[n:]) for n in range(len(parts))]


def _further_down(tree: Tree, found: Descriptor) -> str | None:
    """The one folder below which the most splits are, by the longest ends of their paths that are anywhere."""
    places = [*(folder[:-1] for folder in tree.folders_by_case.values()), *tree.names]
    votes: Counter[str] = Counter()
    for path in (path for paths in found.splits.values() for path in paths):
        whole, *ends = _ends(path) or [""]
        for end in (whole, *(end for end in ends if "/" in end)):
            here = {place[: -len(end)] for place in places if place.endswith(f"/{end}")} if end else set()
            votes.update(here)
            if here:
                break
    best = [base for base, count in votes.items() if count == max(votes.values())]
    return best[0] if len(best) == 1 else None


def _of_another_computer(tree: Tree, found: Descriptor) -> bool:
    """Whether no path of the descriptor can mean a place of the source."""
    if found.root is not None and _root(tree, found) is None:
        return True
    return all(joined(found.folder, path) is None for paths in found.splits.values() for path in paths)


def _real_root(tree: Tree, found: Descriptor) -> str:
    """The folder outside of the source that ``path`` names, if there is one on this computer."""
    if tree.source.folder is not None and found.root is not None:
        path = os.path.normpath(os.path.join(tree.source.folder, found.folder, found.root))
        if os.path.isdir(path):
            return path
    return "FOLDER"


def _has_rows(tree: Tree) -> bool:
    """Whether there are label files, by the first of each folder."""
    for names in tree.texts.values():
        label = next(filter(is_label_name, names), None)
        if label is not None and looks_like_rows(tree.head(label)) in ROWS:
            return True
    return False


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
            entries.lists.add(name)
            _read_list(tree, entries, split, name, bases)
            return True
        if tree.has(name) or (is_image(name) and _has_label(tree, name)):
            entries.add(split, name, tree.has(name))
            entries.resolved = True
            return True
        folder = as_folder(name)
        if tree.has_folder(folder) or tree.has_folder(next(label_folders(folder))):
            entries.add_folder(split, folder)
            if not tree.has_folder(folder) and (other := _called_otherwise(tree, folder)):
                entries.log.decide(f"{split}: {folder} is not there; its labels are those of the pictures in {other}")
                entries.add_folder(split, other)
            return True
    for name in tried:  # written on a system to which upper and lower case are the same
        if like := tree.folders_by_case.get(as_folder(name).lower()):
            entries.add_folder(split, like)
            return True
    return False


def _called_otherwise(tree: Tree, folder: str) -> str | None:
    """The one folder of pictures with the labels of a folder that is not there: its ``images`` has another name."""
    parts, labels = folder.split("/"), set(label_folders(folder))
    found = []
    for other in tree.images:
        names = other.split("/")
        differ = [part.lower() for part, name in zip(parts, names) if part != name]
        if len(names) == len(parts) and len(differ) == 1 and differ[0] in _PICTURE_FOLDERS:
            near = labels_near(tree, other)
            if near in labels and any(_has_label(tree, name) for name in tree.images[other]):
                found.append(other)
    return found[0] if len(found) == 1 else None


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
    """All pictures that have labels near, that lie in a folder of pictures like those, or in one named after a split."""
    entries = Entries(tree, log)
    others = []
    labelled = {folder for folder in tree.images if labels_near(tree, folder) is not None}
    shapes = {shape for folder in labelled for shape in _shapes(folder)}
    for folder in sorted(tree.images):
        pictures = not shapes.isdisjoint(_shapes(folder)) if labelled else _in_pictures(folder)
        if folder in labelled or pictures or split_of(folder):
            entries.add_images(split_of(folder), folder)
        else:
            others.append(folder)
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


def _in_pictures(folder: str) -> bool:
    return not set(_PICTURE_FOLDERS).isdisjoint(folder.lower().split("/"))


def _shapes(folder: str) -> Iterator[str]:
    """Patterns that folders of one set have in common.

    All are below one ``images``, or are ``images`` at the same place beside others, or differ in the name of their split.

    A code repository has folders of pictures for its pages, too, which are found elsewhere.
    """
    parts = folder.split("/")[:-1]
    named = [n for n, part in enumerate(parts) if part.lower() in _PICTURE_FOLDERS]
    if (of_any_split := _SPLIT_WORD.sub("*", folder)) != folder:
        yield of_any_split
    if named:
        yield "/".join(parts[: named[0] + 1])
        for n in range(named[0]):
            if parts[n].lower() not in SPLITS:
                yield "/".join([*parts[:n], "*", *parts[n + 1 : named[0] + 1]])


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
    _match_leftovers(index, claims)
    stems: set[str] = set() if any(index.labelled) else _match_by_stem(tree, index, claims)
    twice = sum(count > 1 for labels in claims.values() for count in labels.values())
    if twice:
        entries.log.note(
            Code.ASSET_DUPLICATE,
            "label files belong to several pictures of the same stem; each picture gets their labels",
            count=twice,
        )
    joined_units = len(index)
    _add_orphans(entries, index, claims, stems)
    orphans = range(joined_units, len(index))
    _find_media(index, pictures)
    lonely = [unit for unit in orphans if index.places[unit] == Place.NOWHERE]
    if lonely and len(lonely) < len(index):
        message = "the label file has no picture; it is kept under the name that it would have"
        entries.log.note(Code.FILE_MISSING, message, file=index.label_of(lonely[0]), count=len(lonely))
    return index


def _match_leftovers(index: Index, claims: dict[str, dict[str, int]]) -> None:
    """Where label files are left over: pictures without one whose name differs in upper and lower case, or goes on with .txt."""
    left: dict[str, str] = {}
    for labels in claims.values():
        for label, count in labels.items():
            if not count and is_label_name(label):
                left[label.lower()] = "" if label.lower() in left else label
    if not left:
        return
    for unit, has_label in enumerate(index.labelled):
        if has_label:
            continue
        name, asset = index.label_of(unit), index.assets[unit]
        longer = f"{name[: name.rfind('/') + 1]}{asset[asset.rfind('/') + 1 :]}.txt"
        if label := left.get(name.lower(), "") or left.get(longer.lower(), ""):
            _claim(index, unit, label, claims[label[: label.rfind("/") + 1]])


def _claim(index: Index, unit: int, label: str, labels: dict[str, int]) -> None:
    index.labels[unit] = label
    index.labelled[unit] = 1
    labels[label] += 1


def _match_by_stem(tree: Tree, index: Index, claims: dict[str, dict[str, int]]) -> set[str]:
    """Where no folder of labels stands near the pictures: label files anywhere by their stems, which are returned.

    Among several of one stem, the one whose folders are most like the picture's, then the one in a folder of labels.
    """
    stems: dict[str, list[str]] = {}
    for folder in tree.texts:
        for label in filter(is_label_name, tree.texts[folder]):
            stems.setdefault(posixpath.basename(label)[:-4], []).append(label)
    matched: set[str] = set()
    for unit, asset in enumerate(index.assets):
        stem = posixpath.splitext(posixpath.basename(asset))[0]
        if fitting := _most_alike(asset, stems.get(stem, [])):
            folder = fitting[: fitting.rfind("/") + 1]
            _claim(index, unit, fitting, claims.setdefault(folder, dict.fromkeys(tree.texts[folder], 0)))
            matched.add(stem)
    return matched


def _most_alike(asset: str, labels: list[str]) -> str | None:
    """The label file whose path fits a picture's best, None when several fit alike."""
    if len(labels) < 2:
        return labels[0] if labels else None
    own = set(asset.split("/")[:-1])
    ranks = []
    for label in labels:
        folders = label.split("/")[:-1]
        ranks.append((len(own.intersection(folders)), bool(folders) and folders[-1] in LABEL_FOLDERS))
    best = max(ranks)
    return labels[ranks.index(best)] if ranks.count(best) == 1 else None


def _add_orphans(entries: Entries, index: Index, claims: dict[str, dict[str, int]], stems: set[str]) -> None:
    """Label files of the declared folders that no picture claims; those of other folders are counted and left.

    ``stems``: those by which pictures have found their labels, so that further files of one are other versions of it.
    """
    tree = entries.tree
    ignored = 0
    for folder in sorted(tree.texts):
        claimed = claims.get(folder, {})
        target = picture_folder(folder)
        split = next((s for s, root in entries.roots if folder.startswith(root) or target.startswith(root)), None)
        named = any(part in LABEL_FOLDERS for part in folder.split("/"))
        for label in tree.texts[folder]:
            if claimed.get(label) or not is_label_name(label) or label in entries.lists:
                continue
            stem = label[len(folder) : label.rfind(".")]
            if split is None or stem in stems or not (named or looks_like_rows(tree.head(label)) in ROWS):
                ignored += 1
                continue
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
    left: dict[str, int] = {}
    for unit, asset in enumerate(index.assets):
        if index.places[unit] != Place.NOWHERE:
            continue
        cut = asset.rfind("/") + 1
        stem = asset[cut : asset.rfind(".")]
        folders = dict.fromkeys([*order[:1], *_media_folders(asset[:cut])])
        found = next(filter(None, (_picture_named(names, folder + stem) for folder in folders)), "")
        if found:
            order = [found[: found.rfind("/") + 1]]
            beside.setdefault(order[0], index.split_names[index.splits[unit]])
            used.add(found)
            _use_media(index, unit, found)
        else:
            left[stem] = -1 if stem in left else unit
    if Place.SOURCE not in index.places:
        for name in names:
            folder = name[: name.rfind("/") + 1]
            if folder in beside and name not in used:
                index.add(name, beside[folder], Place.MEDIA)
    for prefix in (re.compile(""), _UPLOADED):
        left = _find_media_by_stem(index, names, left, prefix, used)


def _find_media_by_stem(
    index: Index, names: list[str], left: dict[str, int], prefix: re.Pattern[str], used: set[str]
) -> dict[str, int]:
    """Pictures in any folder below the media root, where one stem without a prefix is of one only; what is left then."""
    wanted: dict[str, list[str]] = {}
    for stem, unit in left.items():
        if unit >= 0:
            wanted.setdefault(prefix.sub("", stem, 1), []).append(stem)
    found: dict[str, list[str]] = {}
    for name in names if wanted else ():
        stem = name[name.rfind("/") + 1 : name.rfind(".")]
        if stem in wanted and name not in used:
            found.setdefault(stem, []).append(name)
    for bare, places in found.items():
        if len(places) == len(wanted[bare]) == 1:
            used.add(places[0])
            _use_media(index, left.pop(wanted[bare][0]), places[0])
    return left


def _use_media(index: Index, unit: int, name: str) -> None:
    if index.labelled[unit]:
        index.labels[unit] = index.label_of(unit)
    index.assets[unit] = name
    index.places[unit] = Place.MEDIA


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
