"""Regions: the entries of a result that belong together, and which regions are of one family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from msgspec import Raw, Struct
from msgspec.structs import astuple

from to_labelbox_formats.label_studio.config import ANSWER_TAGS
from to_labelbox_formats.label_studio.files.file_head import UNDECODABLE
from to_labelbox_formats.label_studio.files.records import (
    LABELS,
    Id,
    Region,
    ValueRecord,
    as_list,
    decode_value,
    decode_value_loosely,
)


class Group(Struct, gc=False):
    """The entries of one region, and the place of the first in the result."""

    entries: list[Region]
    number: int


def grouped(result: Sequence[Region]) -> tuple[list[Group], list[tuple[int, Region]]]:
    """Regions with the answers about them in order of first appearance, and relations apart. Entries without an id stand alone.

    A region has one result of a control, but scripts write one id for everything: a second shape or label of the same
    control begins another region.
    """
    ids, types = {entry.id for entry in result}, {entry.type for entry in result}
    if len(ids) == len(result) and None not in ids and "relation" not in types:
        groups = [Group([entry], number) for number, entry in enumerate(result)]
        return groups if ANSWER_TAGS.isdisjoint([(kind or "").lower() for kind in types]) else _with_answers(groups), []
    groups = []
    relations: list[tuple[int, Region]] = []
    by_id: dict[object, Group] = {}
    for number, entry in enumerate(result):
        if entry.type == "relation" or (entry.from_id is not None and entry.to_id is not None):
            relations.append((number, entry))
            continue
        known = by_id.get(entry.id) if entry.id is not None else None
        if known is not None and _is_of(known, entry):
            known.entries.append(entry)
            continue
        group = Group([entry], number)
        groups.append(group)
        if entry.id is not None:
            by_id[entry.id] = group
    return _with_answers(groups), relations


def _with_answers(groups: list[Group]) -> list[Group]:
    """Regions with the answers that scripts give an id of their own, when they are about the very place of one region."""
    lone = {id(g): place for g in groups if (place := _place_of_answer(g)) is not None}
    wanted = set(lone.values())
    if not wanted:
        return groups
    regions: dict[tuple[object, ...], list[Group]] = {}
    for group in groups:
        place = next(filter(None, map(_place, group.entries)), None) if id(group) not in lone else None
        if place in wanted:
            regions.setdefault(place, []).append(group)
    owners = {place: found[0] for place, found in regions.items() if len(found) == 1}
    asked = {place: {(e.from_name, e.type) for e in owner.entries} for place, owner in owners.items()}
    kept: list[Group] = []
    for group in groups:
        place = lone.get(id(group))
        names = {(e.from_name, e.type) for e in group.entries}
        if place is None or place not in owners or asked[place] & names:
            kept.append(group)
        else:
            owners[place].entries += group.entries
            asked[place] |= names
    return kept


def _place_of_answer(group: Group) -> tuple[object, ...] | None:
    """Where the region is that a group of answers alone is about; None for any other group."""
    return None if any(entry.kind not in ANSWER_TAGS for entry in group.entries) else _place(group.entries[0])


_PLACE = (
    "x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "start", "end", "startOffset", "endOffset",
    "globalOffsets", "frame", "page", "pageIndex",
)  # fmt: skip


def _place(entry: Region) -> tuple[object, ...] | None:
    """The object and the place on it that an entry states; None when it states none."""
    try:
        value = decode_value_loosely(entry.value) if entry.value else ValueRecord()
    except UNDECODABLE:
        return None
    if not has_shape(value):
        return None
    stated = (getattr(value, name) for name in _PLACE)
    return entry.to_name, entry.item_index, *(bytes(v) if isinstance(v, Raw) else v for v in stated)


def _is_of(group: Group, entry: Region) -> bool:
    """Whether an entry of the same id is of a region: not a second one of a control, nor an answer about another asset."""
    if entry.kind not in ANSWER_TAGS:
        return not any(e.from_name == entry.from_name and e.type == entry.type for e in group.entries)
    first = group.entries[0]  # answers without a shape are all about its asset
    same = (first.to_name, first.item_index) == (entry.to_name, entry.item_index)
    return same or any(e.kind not in ANSWER_TAGS for e in group.entries)


def has_shape(value: ValueRecord) -> bool:
    """Whether a value says where something is."""
    return bool(
        value.x is not None
        or value.points
        or value.rle
        or value.sequence
        or value.ranges
        or value.vertices
        or value.imageDataURL
        or value.start is not None
        or value.globalOffsets
    )


def labels_of(value: ValueRecord) -> list[str]:
    """All labels that a value holds, in the order of :data:`~.records.LABEL_KEYS`."""
    if value.rectanglelabels is not None:
        return as_list(value.rectanglelabels)
    if value.polygonlabels is not None:
        return as_list(value.polygonlabels)
    return [label for given in astuple(value)[LABELS] if given is not None for label in as_list(given)]


class Part(Struct, gc=False):
    """An entry of a region with its value: the labels in it, and whether it says where something is."""

    entry: Region
    value: ValueRecord
    labels: list[str]
    shaped: bool


def parts_of(entries: Sequence[Region], decode: Callable[[Raw], ValueRecord] = decode_value) -> list[Part]:
    """The entries of a region with their values. Raises what :data:`UNDECODABLE` lists."""
    values = [decode(entry.value) if entry.value else ValueRecord() for entry in entries]
    return [Part(entry, value, labels_of(value), has_shape(value)) for entry, value in zip(entries, values)]


class Families:
    """Who is at the root of the tree that a region is in; looked up for all regions at once, when it is first asked."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions

    def root(self, region: Region) -> Id:
        """The id at the root; None for a region that is alone. Where parents go in a circle, one of them is the root."""
        return self._roots.get(region.id)

    @cached_property
    def _roots(self) -> dict[Id, Id]:
        parents = {r.id: r.parentID for r in self._regions if r.parentID not in (None, "") and r.id is not None}
        roots: dict[Id, Id] = {}
        for start in parents:
            id, way = start, dict[Id, None]()
            while id in parents and id not in roots and id not in way:
                way[id] = None
                id = parents[id]
            root = roots.get(id, id)
            roots.update(dict.fromkeys(way, root))
            roots[root] = root
        return roots
