"""The files of a set by role, in any of the known layouts: annotation files, images, masks and lists.

Files of equal root, rest and stem belong together. Everything is found by bisection of the sorted listing, so that the
index holds a few bytes a file.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from to_labelbox.model.text import pattern, text_name
from to_labelbox.source.files import Source
from to_labelbox.source.image_headers import IMAGE_EXTENSIONS
from to_labelbox.source.paths import folders_of
from to_labelbox_formats.voc.layout.folder_roles import Folder, Role, folder_of, prefix_of, without_extension

XML_ENDINGS = (".xml", ".XML", "")
"""How annotation files end; those of the Stanford dogs have no extension."""
_LOOKED_AT = 3
_MAX_LIKE = 16
"""Of more files of one name a line of a list does not mean one."""
BESIDE = "beside"
_LIST_FILES = tuple(
    (split, split + ending)
    for split in ("train", "val", "valid", "test", "trainval")
    for ending in (".txt", "_list.txt")
)
"""Lists that lie outside of ImageSets."""
_NO_LISTS = frozenset({"class", "classes", "labelmap", "readme"})
"""Texts among the lists of pictures that are none."""
_CLASS_FILES = (
    "labelmap.txt", "dataset_meta.json", "colors.txt", "class_names.txt", "labels.txt", "label_list.txt",
    "label_map.pbtxt", "pascal_label_map.pbtxt", "predefined_classes.txt", "classes.txt",
)  # fmt: skip
_ITEM = pattern(rb"item\s*\{")
"""How a label map of TensorFlow begins, whatever it is called."""
_SPLIT_ORDER = {"train": 0, "val": 1, "valid": 1, "test": 2, "trainval": 4}
"""An image in several lists takes the first; trainval only repeats train and val."""
_LIST_ORDER = {"main": 0, "segmentation": 1, "layout": 2, "action": 3}


class ImageList(NamedTuple):
    """``ImageSets/<kind>/<stem>.txt``; those outside of ImageSets have the kind :data:`BESIDE`."""

    root: str
    kind: str
    stem: str
    name: str


class Layout(Struct):
    """The files of a set by role, each list sorted, and the units of work.

    Units: the annotation files, then images without one, then masks with neither. ``image_of`` holds for each
    annotation file the position of its image in ``images``, or -1; ``orphans`` the positions of images without one.
    ``refused`` are annotation files of an image that another one describes already, with that image and that file;
    ``unsure`` those that several images could belong to, with one of them; ``copies`` are images of the same bytes as one that is
    taken in their place. ``strays`` are pictures in folders that show something else. ``side_lists`` are lists outside of ImageSets.
    """

    xmls: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    lists: list[ImageList] = field(default_factory=list)
    class_files: list[str] = field(default_factory=list)
    ignored_masks: int = 0
    folders: dict[str, Folder] = field(default_factory=dict)
    tops: dict[tuple[Role, str], list[str]] = field(default_factory=dict)
    _xml_tops: dict[str, list[str]] = field(default_factory=dict)
    image_of: array[int] = field(default_factory=lambda: array("l"))
    orphans: array[int] = field(default_factory=lambda: array("l"))
    strays: list[int] = field(default_factory=list)
    mask_units: list[str] = field(default_factory=list)
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)
    unsure: dict[int, str] = field(default_factory=dict)
    copies: set[int] = field(default_factory=set)
    side_lists: list[ImageList] = field(default_factory=list)
    _by_stem: dict[str, list[int]] = field(default_factory=dict)
    _by_name: dict[str, list[str]] = field(default_factory=dict)

    @property
    def units(self) -> int:
        return len(self.xmls) + len(self.orphans) + len(self.mask_units)

    def entry(self, unit: int) -> str:
        """The file that makes a unit."""
        if unit < len(self.xmls):
            return self.xmls[unit]
        unit -= len(self.xmls)
        if unit < len(self.orphans):
            return self.images[self.orphans[unit]]
        return self.mask_units[unit - len(self.orphans)]

    def image(self, unit: int) -> str:
        """The image of a unit, or nothing."""
        orphan = unit - len(self.xmls)
        if orphan < 0:
            position = self.image_of[unit]
        elif orphan < len(self.orphans):
            position = self.orphans[orphan]
        else:
            return ""
        return self.images[position] if position >= 0 else ""

    def folder(self, name: str) -> tuple[Folder, str]:
        """Folder and stem of a file."""
        path, _, base = name.rpartition("/")
        folder = self.folders.get(path)
        if folder is None:
            folder = self.folders[path] = folder_of(path)
        dot = base.rfind(".")
        return folder, base[:dot] if dot >= 0 else base

    def image_tops(self, root: str) -> list[str]:
        """Where the images of a root can be: in the folders that the format names, or in the root itself."""
        return [*self.tops.get((Role.IMAGES, root), ()), root]

    def mask(self, role: Role, folder: Folder, stem: str) -> str:
        """The mask file of a unit, or nothing."""
        for top in self.tops.get((role, folder.root), ()):
            if found := _named(self.masks, f"{top}{folder.rest}{stem}"):
                names = [self.masks[position] for position in found]
                return next((name for name in names if name.lower().endswith(".png")), names[0])
        return ""

    def unit_of(self, root: str, id: str) -> int:
        """The unit that a list names; -1 when there is none. Needs the units to be complete."""
        tops = self._xml_tops.get(root)
        if tops is None:
            roles = (Role.ANNOTATIONS, Role.IMAGES)
            tops = self._xml_tops[root] = [*(top for role in roles for top in self.tops.get((role, root), ())), root]
        for top in tops:
            for extension in XML_ENDINGS:
                if (at := find(self.xmls, top + id + extension)) >= 0:
                    return at
        for top in self.image_tops(root):
            for position in self.images_named(top + id):
                if (at := find(self.orphans, position)) >= 0:
                    return len(self.xmls) + at
        for role in (Role.INSTANCES, Role.CLASSES):
            for top in self.tops.get((role, root), ()):
                if found := _named(self.mask_units, top + id):
                    return len(self.xmls) + len(self.orphans) + found[0]
        return -1

    def unit_like(self, root: str, split: str, id: str) -> int:
        """The unit that a list means by a path, a name with its extension, or a name without its folder; -1 for none.

        Of several files of that name, the one that has most of the path, then the one in a folder called as the list.
        """
        path = id.replace("\\", "/")
        if f".{path.rpartition('.')[2].lower()}" in (*IMAGE_EXTENSIONS, ".xml"):
            path = without_extension(path)
        *folders, stem = path.split("/")
        for n in range(len(folders) + 1):
            if (unit := self.unit_of(root, "/".join((*folders[n:], stem)))) >= 0:
                return unit
        if not self._by_stem:
            for unit in range(self.units):
                self._by_stem.setdefault(self.folder(self.entry(unit))[1], []).append(unit)
        like = self._by_stem.get(stem, [])
        if len(like) > _MAX_LIKE:
            return -1
        like = [unit for unit in like if unit not in self.refused and self.entry(unit).startswith(root)]
        ranked = sorted((self._likeness(unit, folders, split), unit) for unit in like)
        if not ranked or (len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]):
            return -1
        return ranked[-1][1]

    def units_in(self, root: str, id: str) -> range:
        """The units of the one folder of annotation files that a list names, as those of ImageNet VID name a video; none for no such."""
        if not self._by_name:
            for path in dict.fromkeys(name.rpartition("/")[0] for name in self.xmls):
                self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
        path = id.strip("/").replace("\\", "/")
        like = [
            f
            for f in self._by_name.get(path.rpartition("/")[2], [])
            if f"/{f}".endswith(f"/{path}") and f.startswith(root)
        ]
        if len(like) != 1 or not path:
            return range(0)
        return range(bisect_left(self.xmls, f"{like[0]}/"), bisect_left(self.xmls, f"{like[0]}0"))  # 0 comes after /

    def _likeness(self, unit: int, folders: Sequence[str], split: str) -> tuple[int, bool]:
        names = [name for name in (self.entry(unit), self.image(unit)) if name]
        return (
            max(_same_end(name.split("/")[:-1], folders) for name in names),
            any(self.folder(name)[0].split.casefold() == split.casefold() for name in names),
        )

    def images_named(self, path: str) -> list[int]:
        """Positions of the images with that path, whatever their extension."""
        return _named(self.images, path)


def _same_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts are equal from the end on."""
    return next(
        (n for n, (a, b) in enumerate(zip(reversed(one), reversed(other))) if a != b), min(len(one), len(other))
    )


def _named(ordered: Sequence[str], path: str) -> list[int]:
    """Positions of the pictures with that path, whatever their extension."""
    found = []
    start = path + "."
    for position in range(bisect_left(ordered, start), len(ordered)):
        name = ordered[position]
        if not name.startswith(start):
            break
        if name[len(path) :].lower() in IMAGE_EXTENSIONS:
            found.append(position)
    return found


def survey(source: Source) -> Layout:
    """Sort the listing into roles; nothing is opened and nothing linked yet."""
    layout, masked = Layout(), list[str]()
    for (prefix, extension), names in source.groups.items():
        path = prefix[:-1]
        own = _own(prefix, names)
        if not own:
            continue
        folder = layout.folders.get(path)
        if folder is None:
            folder = layout.folders[path] = folder_of(path)
        if extension == ".xml":
            if folder.role is Role.FLAT or folder.role is Role.ANNOTATIONS or folder.role is Role.IMAGES:
                layout.xmls += own
                _add_top(layout, Role.ANNOTATIONS, folder)
        elif extension in IMAGE_EXTENSIONS:
            if folder.role in (Role.INSTANCES, Role.CLASSES):
                layout.masks += own
                masked.append(path)
            elif folder.role is Role.OTHER_MASKS:
                layout.ignored_masks += len(own)
            else:
                layout.images += own
                if folder.role is Role.IMAGES:
                    _add_top(layout, Role.IMAGES, folder)
        elif folder.role is Role.LISTS and extension == ".txt":
            kind = folder.rest.rstrip("/").casefold()
            stems = ((name[len(prefix) : -4], name) for name in own)
            layout.lists += [
                ImageList(folder.root, kind, text_name(s), name) for s, name in stems if s not in _NO_LISTS
            ]
        elif not extension:
            if folder.role is Role.ANNOTATIONS and any(
                b"<annotation" in source.head(name).lower() for name in own[:_LOOKED_AT]
            ):
                layout.xmls += own
                _add_top(layout, Role.ANNOTATIONS, folder)
        elif extension in (".txt", ".json", ".pbtxt"):
            if folder.role is Role.FLAT or folder.role is Role.ANNOTATIONS:
                layout.side_lists += [
                    ImageList(folder.root, BESIDE, split, prefix + base)
                    for split, base in _LIST_FILES
                    if find(own, prefix + base) >= 0
                ]
            layout.class_files += [prefix + base for base in _CLASS_FILES if find(own, prefix + base) >= 0]
            if extension == ".pbtxt":
                others = (name for name in own if name[len(prefix) :] not in _CLASS_FILES)
                layout.class_files += [name for name in others if _ITEM.search(source.head(name))]
    for entries in (layout.xmls, layout.images, layout.masks):
        entries.sort()
    _own_tops(layout, masked)
    ranks = {base: rank for rank, base in enumerate(_CLASS_FILES)}
    layout.class_files.sort(key=lambda n: (ranks.get(n.rpartition("/")[2], len(ranks)), n.count("/"), n))
    layout.lists.sort(key=_rank)
    layout.side_lists.sort(key=_rank)
    return layout


def _own_tops(layout: Layout, masked: list[str]) -> None:
    """Add the folders of masks; those below one that hold no other pictures' masks are of another kind, each its own."""
    others = folders_of(layout.xmls) | folders_of(layout.images) if masked else ()
    described = {(layout.folders[path].root, layout.folders[path].rest) for path in others}
    for path in dict.fromkeys(masked):
        folder = layout.folders[path]
        if folder.rest and described and (folder.root, folder.rest) not in described:
            folder = layout.folders[path] = folder._replace(top=folder.top + folder.rest, rest="")
        _add_top(layout, folder.role, folder)


def _own(prefix: str, names: list[str]) -> list[str]:
    """Sorted names of one folder without hidden ones; none of a hidden folder, as notebooks keep copies in."""
    if "/." in f"/{prefix}":
        return []
    if names[0] >= prefix + "/":
        return names  # nothing begins with a dot, which sorts before the slash
    return [name for name in names if not name.startswith(".", len(prefix))]


def _add_top(layout: Layout, role: Role, folder: Folder) -> None:
    tops = layout.tops.setdefault((role, folder.root), [])
    if not tops or (tops[-1] != folder.top and folder.top not in tops):
        tops.append(folder.top)


def _rank(entry: ImageList) -> tuple[bool, int, int, str]:
    split = entry.stem.casefold()
    return split == "trainval", _LIST_ORDER.get(entry.kind, 4), _SPLIT_ORDER.get(split, 3), entry.name


def find(ordered: Sequence[str] | array[int], value: str | int) -> int:
    """Position in a sorted sequence, or -1."""
    at = bisect_left(ordered, value)
    return at if at < len(ordered) and ordered[at] == value else -1


def common_folder(prefixes: Iterable[str]) -> str:
    """The deepest folder, as a prefix, that holds all of them."""
    common: list[str] | None = None
    for prefix in prefixes:
        parts = prefix.split("/")[:-1]
        if common is None:
            common = parts
        else:
            same = 0
            while same < min(len(common), len(parts)) and common[same] == parts[same]:
                same += 1
            common = common[:same]
    return prefix_of(common or [])


def image_base(layout: Layout) -> str:
    """The folder that asset paths are relative to: the common one of the image folders that the format names.

    Flat folders are named by no format, so that their own name stays in the path (``train/a.jpg``).
    """
    bases: set[str] = set()
    strays = set(layout.strays)
    used = folders_of([name for n, name in enumerate(layout.images) if n not in strays] if strays else layout.images)
    for path in used:
        folder = layout.folders.get(path) or folder_of(path)
        bases.add(folder.top if folder.role is Role.IMAGES else "")
    if not used:
        for path in folders_of(layout.xmls) | folders_of(sorted(layout.mask_units)):
            folder = layout.folders[path]
            bases.add("" if folder.role is Role.FLAT else implied_top(layout, folder))
    return common_folder(bases)


def implied_top(layout: Layout, folder: Folder) -> str:
    """Where images of a folder would be, had they come along."""
    if folder.role is Role.FLAT or folder.role is Role.IMAGES:
        return folder.top
    tops = layout.tops.get((Role.IMAGES, folder.root))
    return tops[0] if tops else f"{folder.root}{Role.IMAGES.value}/"
