"""Regions that belong together: the tree that ``parentID`` makes of an annotation's regions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from to_labelbox_formats.label_studio.files.records import Id, Region


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
