"""Which image belongs to which annotation file, and what is left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import alike, cut_at_first_dot
from to_labelbox_formats.voc.layout.folder_roles import SPLIT_FOLDERS, Folder, Role, without_extension, words_of
from to_labelbox_formats.voc.layout.index import XML_ENDINGS, Layout, find

_PAGES = frozenset("doc docs icon icons logo logos figure figures figs screenshot screenshots static assets".split())
"""Folders of pictures that programs and pages show, where no annotation file describes one."""


def link(
    layout: Layout,
    file_name: Callable[[int], str],
    exists: Callable[[str], bool] | None,
    is_copy: Callable[[str, str], bool],
    log: Log,
    *,
    by_name: bool = False,
) -> None:
    """Find the image of every annotation file, then what is left over.

    An image of the same stem comes first, then the one that ``<filename>`` names, then the only one of that stem
    anywhere. ``file_name`` reads that field, which is asked for only where images are left over or several would do.
    ``exists`` looks beside single files whose neighbours are not listed. Of several that are copies of one another (``is_copy``),
    the first stands for all. ``by_name``: the image that ``<filename>`` names goes before the one of the same stem.
    """
    claimed = bytearray(len(layout.images))
    open_units: list[int] = []
    refused: dict[int, int] = {}
    if not layout.images:
        layout.image_of.extend([-1] * len(layout.xmls))
    for unit, name in enumerate(layout.xmls if layout.images else ()):
        named = image_called(layout, name, file_name(unit)) if by_name else -1
        found = [named] if named >= 0 else _same_stem(layout, name)
        layout.image_of.append(found[0] if len(found) == 1 else -1)
        if len(found) == 1:
            claimed[found[0]] += claimed[found[0]] < 2
        else:
            open_units.append(unit)
    if exists is not None:
        _probe(layout, exists)
    if open_units:
        loose = _by_loose_stem(layout, claimed)
        for unit in open_units:
            position, several = _by_file_name(layout, layout.xmls[unit], file_name(unit), loose, log)
            if position < 0 and several:
                position = several[0]
                if not all(is_copy(layout.images[position], layout.images[other]) for other in several[1:]):
                    layout.unsure[unit] = layout.images[position]
                    continue
                for other in several[1:]:
                    claimed[other] = 1
                    layout.copies.add(other)
            if position < 0:
                continue
            if claimed[position]:
                refused[unit] = position
            else:
                layout.image_of[unit] = position
                claimed[position] = 1
        _match_cut_names(layout, [unit for unit in open_units if unit not in refused], claimed, log)
    twice = {position for position, count in enumerate(claimed) if count > 1}
    if twice:
        seen: set[int] = set()
        for unit, position in enumerate(layout.image_of):
            if position in seen:
                refused[unit] = position
            elif position in twice:
                seen.add(position)
    if refused:
        owners = {p: layout.xmls[u] for u, p in enumerate(layout.image_of) if p >= 0 and u not in refused}
        layout.refused = {unit: (layout.images[p], owners[p]) for unit, p in refused.items()}
    unclaimed = [position for position, count in enumerate(claimed) if not count]
    layout.strays = _of_something_else(layout, unclaimed, claimed)
    strays = set(layout.strays)
    layout.orphans.extend(position for position in unclaimed if position not in strays)
    layout.mask_units.extend(_masks_alone(layout))


def _match_cut_names(layout: Layout, open_units: Sequence[int], claimed: bytearray, log: Log) -> None:
    """Annotation files that are called like an unclaimed image up to its first dot, in a folder where theirs would be."""
    places: dict[str, int] = {}
    for unit in open_units:
        if layout.image_of[unit] >= 0 or unit in layout.unsure:
            continue
        folder, stem = layout.folder(layout.xmls[unit])
        beside = without_extension(layout.xmls[unit])
        places |= dict.fromkeys(
            (beside, *(f"{top}{folder.rest}{stem}" for top in layout.image_tops(folder.root))), unit
        )
    loose = {n: without_extension(layout.images[n]) for n, count in enumerate(claimed) if not count} if places else {}
    for unit, position in cut_at_first_dot(places, loose, log):
        layout.image_of[unit] = position
        claimed[position] = 1


def _of_something_else(layout: Layout, unclaimed: Sequence[int], claimed: bytearray) -> list[int]:
    """Pictures in folders without an image of any annotation file, that are around the image folders or elsewhere."""
    tops = {top[:-1] for (role, _), found in layout.tops.items() if role is Role.IMAGES for top in found}
    around = {"/".join(parts[:n]) for parts in (top.split("/") for top in tops) for n in range(len(parts))} - tops
    around -= {top[:-1] for (role, _), found in layout.tops.items() if role is Role.ANNOTATIONS for top in found}
    paths = {layout.images[position].rpartition("/")[0] for position in unclaimed}
    if not paths:
        return []
    used = {layout.images[position].rpartition("/")[0] for position, count in enumerate(claimed) if count}
    shapes = {shape for path in used for shape in _shapes(layout.folders[path])}
    roots = {root for role, root in layout.tops if role is not Role.IMAGES}
    roots.update(entry.root for entry in (*layout.lists, *layout.side_lists))
    apart = set()
    for path in paths - used:
        folder = layout.folders[path]
        alike = folder.root in roots or folder.split or "" in shapes or not shapes.isdisjoint(_shapes(folder))
        pages = not _PAGES.isdisjoint(path.casefold().split("/"))
        if path in around or (used and (pages or not alike)):
            apart.add(path)
    return [position for position in unclaimed if layout.images[position].rpartition("/")[0] in apart]


def _shapes(folder: Folder) -> Iterator[str]:
    """Patterns that image folders of one set have in common: all below one, or at the same place in folders side by side."""
    parts = folder.top.split("/")[:-1]
    yield folder.top
    for n in range(len(parts) - (folder.role is Role.IMAGES)):
        if parts[n].casefold() not in SPLIT_FOLDERS:
            yield "/".join((*parts[:n], "*", *parts[n + 1 :]))


def _same_stem(layout: Layout, xml: str) -> list[int]:
    folder, stem = layout.folder(xml)
    for top in layout.image_tops(folder.root):
        if found := layout.images_named(f"{top}{folder.rest}{stem}"):
            return found
    if folder.role is not Role.FLAT:  # beside the annotation file
        return layout.images_named(without_extension(xml))
    return []


def _probe(layout: Layout, exists: Callable[[str], bool]) -> None:
    for unit, name in enumerate(layout.xmls):
        stem = without_extension(name)
        for extension in (".jpg", ".jpeg", ".png", ".bmp", ".JPG", ".JPEG", ".PNG"):
            if layout.image_of[unit] < 0 and exists(stem + extension):
                layout.image_of[unit] = len(layout.images)
                layout.images.append(stem + extension)


def _by_loose_stem(layout: Layout, claimed: bytearray) -> dict[str, list[int]]:
    """Unclaimed images by stem."""
    table: dict[str, list[int]] = {}
    for position, name in enumerate(layout.images):
        if not claimed[position]:
            table.setdefault(alike(layout.folder(name)[1]), []).append(position)
    return table


def _by_file_name(layout: Layout, xml: str, said: str, loose: dict[str, list[int]], log: Log) -> tuple[int, list[int]]:
    """(position of the image that ``<filename>`` names, else of an unclaimed one of the same stem; -1 for none, others)."""
    stem = layout.folder(xml)[1]
    path = alike(without_extension(said.strip().replace("\\", "/")))
    said = _base(said)
    if found := _same_stem(layout, xml):
        named = [p for p in found if layout.images[p].endswith("/" + said) or layout.images[p] == said]
        if len(found) > 1 and not named:
            log.assume(
                "which of several pictures of one name an annotation file is about",
                "the first by its extension",
                unknown=1,
                why=f"{xml} names none of {', '.join(layout.images[p] for p in found)}: take out what is not meant",
            )
        return (named or found)[0], []
    if (position := image_called(layout, xml, said)) >= 0:
        return position, []
    keys = [alike(stem)]
    if said:
        keys.append(alike(said[: said.rfind(".")] if "." in said else said))
    several: list[int] = []
    for key in keys:
        found = loose.get(key, [])
        if (position := _nearest(layout, xml, found)) >= 0:
            return position, []
        several = several or found
    ending = [p for p in several if f"/{alike(without_extension(layout.images[p]))}".endswith(f"/{path}")]
    for told in (ending if "/" in path else [], [p for p in several if _base(layout.images[p]) == said]):
        if len(told) == 1:  # the path, or the extension, tells which of several
            return told[0], []
    return (-1 if several else _beside(layout, xml)), several


def _beside(layout: Layout, xml: str) -> int:
    """Position of the image of a stem in an image folder beside that of the file, as ``JPEGImages`` is to ``Annotations_old``; -1 for none."""
    folder, stem = layout.folder(xml)
    parent, slash, _ = folder.root[:-1].rpartition("/")
    if folder.role is Role.FLAT and folder.root:
        for top in layout.tops.get((Role.IMAGES, parent + slash), ()):
            if len(found := layout.images_named(top + stem)) == 1:
                return found[0]
    return -1


def _base(said: str) -> str:
    """The name that ``<filename>`` gives, without the folders of somebody's disk."""
    return said.strip().replace("\\", "/").rpartition("/")[2]


def image_called(layout: Layout, xml: str, said: str) -> int:
    """Position of the image that ``<filename>`` names, in a folder where that of the annotation file would be; -1 for none."""
    if said := _base(said):
        folder, _ = layout.folder(xml)
        tops = [f"{top}{folder.rest}" for top in layout.image_tops(folder.root)]
        for top in (*tops, xml.rpartition("/")[0] + "/" if "/" in xml else ""):
            if (position := find(layout.images, top + said)) >= 0:
                return position
            if len(found := layout.images_named(top + said)) == 1:
                return found[0]
    return -1


def _nearest(layout: Layout, xml: str, positions: Sequence[int]) -> int:
    """The only image, or the one whose folders have most words in common: ``train_images`` with ``train_annotations``."""
    if len(positions) < 2:
        return positions[0] if positions else -1
    words = words_of(xml.rpartition("/")[0])
    ranked = sorted((len(words & words_of(layout.images[p].rpartition("/")[0])), p) for p in positions)
    return ranked[-1][1] if ranked[-1][0] > ranked[-2][0] else -1


def _masks_alone(layout: Layout) -> Iterator[str]:
    """Masks without annotation file and image, one a stem."""
    seen: set[tuple[str, str]] = set()
    for name in layout.masks:
        folder, stem = layout.folder(name)
        path = folder.rest + stem
        tops = (*layout.tops.get((Role.ANNOTATIONS, folder.root), ()), folder.root)
        if any(find(layout.xmls, top + path + ending) >= 0 for top in tops for ending in XML_ENDINGS):
            continue
        if any(layout.images_named(top + path) for top in layout.image_tops(folder.root)):
            continue
        if (folder.root, path) not in seen:
            seen.add((folder.root, path))
            yield name
