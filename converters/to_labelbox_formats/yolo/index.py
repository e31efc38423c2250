"""The units of a set: each picture with its split, its place, and the label file that belongs to it."""

from __future__ import annotations

import bisect
import posixpath
from collections import Counter
from collections.abc import Sequence
from itertools import compress

from to_labelbox.model.text import pattern
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import Moves, Tie, alike, cut_at_first_dot, sure_folders
from to_labelbox.source.image_headers import is_image
from to_labelbox_formats.yolo.assets import FoundIn, Pictures
from to_labelbox_formats.yolo.folders.label_folders import (
    LABEL_FOLDERS,
    PICTURE_FOLDERS,
    label_folders,
    labels_near,
    own_label_folders,
    picture_folder,
)
from to_labelbox_formats.yolo.folders.listing import Tree, is_label_name, split_of
from to_labelbox_formats.yolo.rivals import Rivals, tell_rivals
from to_labelbox_formats.yolo.split_members import Entries
from to_labelbox_formats.yolo.task import ROWS, looks_like_rows

_NO_PICTURE = "a text that belongs to no picture of the set"
_UPLOADED = pattern(r"^[0-9a-f]{8}(?:-|__)(?=.)")
"""What Label Studio puts before the name of a file that was uploaded."""


class Index:
    """The units of a set: pictures in order, with split, place and whether a label file belongs to each.

    ``looked`` are folders where labels were looked for; ``ignored`` label files and ``unused`` pictures that are no part of the
    set, the former with the reason; ``lists`` the files that list pictures; ``whole`` folders of which every text is a label file.
    ``splits_by_name``: splits are words of folders' names. ``guessed``: nothing was where the descriptor says.

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
        self.looked: set[str] = set()
        self.ignored: dict[str, str] = {}
        self.unused: set[str] = set()
        self.why_unused = ""
        self.guessed = False
        self.lists: set[str] = set()
        self.whole: set[str] = set()
        self.splits_by_name = False

    def __len__(self) -> int:
        return len(self.assets)

    def add(self, asset: str, split: str, place: FoundIn, label: str | None = None) -> None:
        if label is not None:
            self.labels[len(self.assets)] = label
        self.extend([asset], split, place, bytes([label is not None]))

    def extend(self, assets: list[str], split: str, place: FoundIn, labelled: bytes | bytearray) -> None:
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


# ------------------------------------------------------------------------------------------------------------ joining


def build(entries: Entries, pictures: Pictures, *, chosen: bool) -> Index:
    """Join pictures and label files. Labels without picture come last, under the name that a picture would have.

    ``chosen``: the user has said which folder of labels counts.
    """
    tree, index = entries.tree, Index()
    claims: dict[str, dict[str, int]] = {}
    for split, present, names in entries.groups:
        place = FoundIn.SOURCE if present else FoundIn.NOWHERE
        folder = None
        labelled = bytearray()
        for name in names:
            cut = name.rfind("/") + 1
            if name[:cut] != folder:
                folder = name[:cut]
                if folder not in index.label_folders:
                    index.label_folders[folder] = labels_near(tree, folder) or folder
                near = index.label_folders[folder]
                index.looked.add(near if near != folder else next(label_folders(folder)))
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
    index.splits_by_name = entries.by_name
    index.lists, index.unused, index.why_unused = entries.lists, entries.unused, entries.why_unused
    index.guessed = entries.guessed
    _match_leftovers(index, claims, entries.log)
    _match_other_folders(index, claims, entries.log)
    _match_cut_names(index, claims, entries.log)
    stems: set[str] = set() if any(index.labelled) else _match_by_stem(tree, index, claims)
    index.whole = {folder for folder, labels in claims.items() if labels and all(labels.values())}
    of_none = _share_out(tree, index, claims, entries.log)
    joined_units = len(index)
    _add_orphans(entries, index, claims, stems, of_none, chosen)
    orphans = range(joined_units, len(index))
    _find_media(index, pictures, joined_units, entries.log)
    lonely = [unit for unit in orphans if index.places[unit] == FoundIn.NOWHERE]
    if lonely and len(lonely) < len(index):
        message = "the label file has no picture; it is kept under the name that it would have"
        entries.log.note(Code.FILE_MISSING, message, file=index.label_of(lonely[0]), count=len(lonely))
    return index


def _unclaimed(claims: dict[str, dict[str, int]]) -> list[dict[str, int]]:
    """The folders with label files that no picture has claimed; in most sets there are none."""
    return [labels for labels in claims.values() if not all(labels.values())]


def _match_leftovers(index: Index, claims: dict[str, dict[str, int]], log: Log) -> None:
    """Where label files are left over: pictures without one whose name is alike (case, accents), goes on with .txt, or has two extensions."""
    left: dict[str, str] = {}
    for labels in _unclaimed(claims):
        for label, count in labels.items():
            if not count and is_label_name(label):
                left[alike(label)] = "" if alike(label) in left else label
    if not left:
        return
    doubled: list[tuple[str, str]] = []
    for unit, has_label in enumerate(index.labelled):
        if has_label:
            continue
        name, asset = index.label_of(unit), index.assets[unit]
        longer = f"{name[: name.rfind('/') + 1]}{asset[asset.rfind('/') + 1 :]}.txt"
        label = left.get(alike(name), "") or left.get(alike(longer), "")
        if (
            not label
            and is_image(name[:-4])
            and (label := left.get(alike(f"{posixpath.splitext(name[:-4])[0]}.txt"), ""))
        ):
            doubled.append((asset, label))
        if label:
            _claim(index, unit, label, claims[_folder(label)])
    if doubled:
        many = "a picture has two extensions" if len(doubled) == 1 else f"{len(doubled)} pictures have two extensions"
        log.decide(f"{many}; the labels are those of the name without both ({doubled[0][0]}: {doubled[0][1]})")


def _match_other_folders(index: Index, claims: dict[str, dict[str, int]], log: Log) -> None:
    """Label files left over whose pictures lie in another folder, such as that of the other split.

    Only where no two pictures and no two label files of the set are called alike: pictures that are numbered anew in each folder
    may be any.
    """
    left = {
        _stem(label): label
        for labels in _unclaimed(claims)
        for label, count in labels.items()
        if not count and is_label_name(label)
    }
    if not left or all(index.labelled):
        return
    open_units = [n for n, has_label in enumerate(index.labelled) if not has_label and _stem(index.assets[n]) in left]
    if not open_units:
        return
    labels = Counter(_stem(label) for names in claims.values() for label in filter(is_label_name, names))
    pictures = Counter(map(_stem, index.assets))
    sure = len(labels) == labels.total() and len(pictures) == pictures.total()
    for unit in open_units:
        stem, asset = _stem(index.assets[unit]), index.assets[unit]
        if sure:
            _claim(index, unit, left[stem], claims[_folder(left[stem])])
        elif labels[stem] == pictures[stem] == 1:
            message = (
                f"{asset} may be its picture, but others are called alike in several folders of this set, so it is not taken; "
                "put both into folders of one name"
            )
            log.note(Code.ASSET_AMBIGUOUS, message, file=left[stem])
    if not sure:
        return
    example = open_units[0]
    log.assume(
        "pictures in other folders than their labels",
        "by their names, and in the split of the picture",
        for_=len(open_units),
        why=f"no two pictures of the set are called alike; {index.label_of(example)} is of {index.assets[example]}",
    )


def _match_cut_names(index: Index, claims: dict[str, dict[str, int]], log: Log) -> None:
    """Label files left over that are called like a picture up to its first dot."""
    names = [label for labels in _unclaimed(claims) for label, count in labels.items() if not count]
    left = {label[: label.rfind(".")]: label for label in filter(is_label_name, names)}
    if not left:
        return
    open_units = {n: index.label_of(n)[:-4] for n, has_label in enumerate(index.labelled) if not has_label}
    for label, unit in cut_at_first_dot(left, open_units, log):
        _claim(index, unit, label, claims[_folder(label)])


def _share_out(tree: Tree, index: Index, claims: dict[str, dict[str, int]], log: Log) -> set[str]:
    """Label files that pictures of several folders have claimed go to the folder that is most like theirs; those of equals are returned.

    Pictures that lie together, and copies of one another, all have the labels.
    """
    often = (labels for labels in claims.values() if max(labels.values(), default=0) > 1)
    twice = {label for labels in often for label, count in labels.items() if count > 1}
    of_none: set[str] = set()
    sharing: dict[str, list[int]] = {}
    for unit in compress(range(len(index)), index.labelled) if twice else ():
        if (label := index.label_of(unit)) in twice:
            sharing.setdefault(label, []).append(unit)
    shared = 0
    for label, units in sharing.items():
        names = [index.assets[unit] for unit in units]
        likeness = [_likeness(_folder(name), _folder(label)) for name in names]
        nearest = [name for name, like in zip(names, likeness) if like == max(likeness)]
        if len(set(map(_folder, names))) == 1 or _all_copies(tree, names):
            shared += 1
            continue
        kept = nearest if len(set(map(_folder, nearest))) == 1 else []
        for unit in units:
            if index.assets[unit] not in kept:
                index.labels.pop(unit, None)
                index.labelled[unit] = 0
        claims[_folder(label)][label] = len(kept)
        shared += len(kept) > 1
        if kept:
            other = next(name for name in names if name not in kept)
            message = f"its labels are those of {kept[0]}, whose folder is nearer, and not of {other}"
        else:
            of_none.add(label)
            message = (
                f"may be of {names[0]} or of {names[1]}: none gets its labels; put the label file into a folder called "
                "like that of its picture, or name only one folder of pictures in data.yaml"
            )
        log.note(Code.ASSET_AMBIGUOUS, message, file=label)
    if shared:
        log.note(
            Code.ASSET_DUPLICATE,
            "label files belong to several pictures of the same stem; each picture gets their labels",
            count=shared,
        )
    return of_none


def _likeness(pictures: str, labels: str) -> tuple[bool, int]:
    """How sure it is that a folder of labels is that of a folder of pictures: by a rule of YOLO's programs, then by names in common."""
    return labels in own_label_folders(pictures), len(set(pictures.split("/")).intersection(labels.split("/")))


def _all_copies(tree: Tree, names: list[str]) -> bool:
    first, *others = names
    if not all(map(tree.has, names)) or any(tree.head(name) != tree.head(first) for name in others):
        return False
    try:
        return len({tree.source.read(name) for name in names}) == 1
    except FileError:
        return False


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


def _add_orphans(
    entries: Entries, index: Index, claims: dict[str, dict[str, int]], stems: set[str], of_none: set[str], chosen: bool
) -> None:
    """Label files of the declared folders that no picture claims; those of other folders are counted and left.

    ``stems``: those by which pictures have found their labels. A further file of one, or one for a picture that has its labels
    elsewhere, is another version of them. ``of_none``: label files that may be of several pictures, kept like those without one.
    """
    tree = entries.tree
    rivals = Rivals(tree)
    by_stem: dict[str, str] = {}
    for folder in sorted(tree.texts):
        claimed = claims.get(folder, {})
        if len(claimed) == len(tree.texts[folder]) and all(claimed.values()):
            continue
        target = picture_folder(folder)
        split = next((s for s, root in entries.roots if folder.startswith(root) or target.startswith(root)), None)
        named = any(part in LABEL_FOLDERS for part in folder.split("/"))
        for label in tree.texts[folder]:
            if claimed.get(label) or not is_label_name(label) or label in entries.lists:
                continue
            stem = label[len(folder) : label.rfind(".")]
            if label in of_none:
                index.add(f"{target}{stem}.jpg", split or split_of(label), FoundIn.NOWHERE, label)
                continue
            if stem in stems or _picture_named(tree.images.get(target, []), target + stem):
                by_stem = by_stem or _labels_by_stem(index)
                if used := by_stem.get(stem, ""):
                    index.ignored[label] = f"the labels of its picture are read from {used[: used.rfind('/') + 1]}"
                    if looks_like_rows(tree.head(label)) in ROWS:
                        rivals.add(used, label)
                    continue
            if split is None or stem in stems or not (named or looks_like_rows(tree.head(label)) in ROWS):
                by_stem = by_stem or _labels_by_stem(index)
                used = by_stem.get(stem, "") if split is None and stem not in stems else ""
                index.ignored[label] = _NO_PICTURE
                if used and looks_like_rows(tree.head(label)) in ROWS:
                    index.ignored[label] = (
                        f"the labels of a picture called so are read from {used[: used.rfind('/') + 1]}"
                    )
                    rivals.add(used, label)
                continue
            index.add(f"{target}{stem}.jpg", split or split_of(label), FoundIn.NOWHERE, label)
    if not chosen:
        tell_rivals(rivals, sum(index.labelled), bool(stems), tree.source.path, entries.log)
    if index.ignored:
        entries.log.note(
            Code.FILE_IGNORED,
            "text files that belong to no picture of the set are left out",
            count=len(index.ignored),
        )


def _labels_by_stem(index: Index) -> dict[str, str]:
    """The label file of each picture that has one, by its stem."""
    labelled = compress(range(len(index)), index.labelled)
    labels = (index.label_of(unit) for unit in labelled)
    return {label[label.rfind("/") + 1 : -4]: label for label in labels}


# -------------------------------------------------------------------------------------------- below the media root


def _find_media(index: Index, pictures: Pictures, first_implied: int, log: Log) -> None:
    """Look below the media root for pictures that are not in the source, and for unlabelled ones beside those.

    From ``first_implied`` on, units are label files without a picture: only some of its folders are sure then.
    """
    media = pictures.media
    if media is None or FoundIn.NOWHERE not in index.places:
        return
    pictures.claim(list(index.assets))
    used: set[str] = set()
    unsure: set[str] = set()
    sample: list[tuple[str, str, str | Tie | None]] = []
    beside: dict[str, str] = {}
    uploads: dict[str, list[int]] = {}
    for unit, asset in enumerate(index.assets):
        if index.places[unit] != FoundIn.NOWHERE:
            continue
        names = [pictures.path(asset, FoundIn.NOWHERE)]
        if unit >= first_implied:
            names.append(_sure_name(index.label_of(unit), asset))
        found = media.find_first(names)
        sample.append((index.split_names[index.splits[unit]], names[0], found))
        if found is None and isinstance(bare := media.find_first(filter(None, map(_before_upload, names))), str):
            uploads.setdefault(bare, []).append(unit)
            continue
        if found is None and unit >= first_implied:
            found = media.find_cut(names[0], log)
        if isinstance(found, str):
            beside.setdefault(_folder(found), index.split_names[index.splits[unit]])
            used.add(found)
            _rename(index, unit, found, FoundIn.MEDIA)
        elif found is not None:
            unsure.add(_stem(asset))
            if media.find(names[0]) is None:  # else it is told when the asset is looked up
                log.note(*found.said_of("--media-root"), file=index.label_of(unit))
    for found, units in uploads.items():
        if len(units) == 1 and found not in used:
            used.add(found)
            _rename(index, units[0], found, FoundIn.MEDIA)
    _name_like_others(index, pictures, sample, first_implied)
    if beside and FoundIn.SOURCE not in index.places:
        for name in filter(is_image, media.names()):
            if _folder(name) in beside and name not in used and _stem(name) not in unsure:
                index.add(name, beside[_folder(name)], FoundIn.MEDIA)


def _name_like_others(
    index: Index, pictures: Pictures, sample: Sequence[tuple[str, str, str | Tie | None]], first_implied: int
) -> None:
    """Name pictures that are not at hand as they would be if they lay with those that are, and had their extension.

    ``sample``: split, name and place below the media root of each that was looked for; one that may be several keeps its name.
    """
    moves = Moves(sample)
    endings = {posixpath.splitext(place)[1] for _, _, place in sample if isinstance(place, str)}
    unsure = {name for _, name, place in sample if isinstance(place, Tie)}
    taken = set(index.assets)
    for unit, asset in enumerate(index.assets):
        if index.places[unit] != FoundIn.NOWHERE or asset in unsure or pictures.path(asset, FoundIn.NOWHERE) != asset:
            continue
        name = moves.of(asset, index.split_names[index.splits[unit]])
        if unit >= first_implied and len(endings) == 1:
            name = posixpath.splitext(name)[0] + min(endings)
        if name not in taken:
            taken.add(name)
            _rename(index, unit, name, FoundIn.NOWHERE)


def _folder(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _stem(name: str) -> str:
    return name[name.rfind("/") + 1 : name.rfind(".")]


def _sure_name(label: str, asset: str) -> str:
    """The name of a label file's picture by the folders that are sure."""
    return sure_folders(label[: label.rfind("/") + 1], _holds_one_kind) + asset[asset.rfind("/") + 1 :]


def _holds_one_kind(folder: str) -> bool:
    return folder in LABEL_FOLDERS or folder.lower() in PICTURE_FOLDERS


def _before_upload(name: str) -> str:
    """The name that a picture had before it was uploaded to Label Studio; empty when it was not."""
    cut = name.rfind("/") + 1
    prefix = _UPLOADED.match(name[cut:])
    return name[:cut] + name[cut + prefix.end() :] if prefix else ""


def _rename(index: Index, unit: int, name: str, place: FoundIn) -> None:
    if index.labelled[unit]:
        index.labels[unit] = index.label_of(unit)
    index.assets[unit] = name
    index.places[unit] = place


def _picture_named(names: list[str], stem: str) -> str | None:
    """The picture with a stem, whatever its extension, in a sorted listing."""
    at = bisect.bisect_left(names, stem + ".")
    while at < len(names) and names[at].startswith(stem + "."):
        if "/" not in names[at][len(stem) :] and "." not in names[at][len(stem) + 1 :]:
            return names[at]
        at += 1
    return None
