"""The assets that a task shows, and which of them a region is on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from to_labelbox.model.items import Media
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox_formats.label_studio.assets import Sizes, Slot
from to_labelbox_formats.label_studio.config import Config, is_repetition
from to_labelbox_formats.label_studio.files.records import AnnotationRecord, Region
from to_labelbox_formats.label_studio.regions.asset_regions import AssetRegions, stated_size

_PATH = re.compile(rb'"start"\s*:\s*"[^"]*/')
"""The key of a value that leads into a document."""
_REPETITION = re.compile(r"[_\-. ](\d{1,6})$")


class Shows(NamedTuple):
    """What a task shows, in the words of its data; ``missing`` says why there is nothing.

    ``wanted``: those that are to be read now; the others belong to another task.
    """

    slots: Sequence[Slot]
    missing: str
    wanted: Sequence[bool]


class _Object(NamedTuple):
    """The assets of one object: the first of each page, the first of all; ``paged``: any is a page of a list."""

    pages: dict[int, int]
    first: int
    paged: bool


def regions_of(annotations: Iterable[AnnotationRecord]) -> Iterator[Region]:
    return chain.from_iterable(annotation.result or () for annotation in annotations)


class TaskAssets:
    """``annotations`` are all of the task, whichever of them counts."""

    def __init__(
        self, shows: Shows, config: Config, sizes: Sizes, exif: bool, annotations: Sequence[AnnotationRecord]
    ) -> None:
        self._shows = shows
        self._config = config
        by_ref: dict[str, AssetRegions] = {}
        self.regions: list[AssetRegions | None] = []
        for slot, wanted in zip(shows.slots, shows.wanted):
            asset = by_ref.get(slot.ref) if slot.ref else None
            if asset is None and slot.media is not None and wanted:
                asset = AssetRegions(slot, sizes, exif)
                by_ref[slot.ref or f" {len(by_ref)}"] = asset
            self.regions.append(asset)
        self.counts_all = not shows.slots or shows.wanted[0]
        self.wanted = list(by_ref.values())
        """The assets that are read now, each once."""
        self._note_stated_sizes(annotations)
        self.note_paths(annotations)

    def _note_stated_sizes(self, annotations: Iterable[AnnotationRecord]) -> None:
        """The size that regions on it state first is that of all regions on an asset."""
        waiting = [a for a in self.wanted if a.slot.media is Media.IMAGE or a.slot.media is Media.VIDEO]
        for region in regions_of(annotations) if waiting else ():
            size = stated_size(region)
            asset = self.known(region) if size is not None else None
            if asset is not None and asset in waiting:
                asset.stated = size
                waiting.remove(asset)
                if not waiting:
                    return

    def note_paths(self, annotations: Iterable[AnnotationRecord]) -> None:
        """Only hypertext has paths into it, so that is what a text is which any region on it has one into."""
        texts = any(asset.slot.text is not None and asset.hypertext is None for asset in self.wanted)
        for region in regions_of(annotations) if texts else ():
            asset = self.known(region) if _PATH.search(region.value) else None
            if asset is not None and asset.hypertext is None and asset.slot.text is not None:
                asset.take_for_hypertext(asset.slot.text)

    @property
    def only(self) -> AssetRegions | None:
        """The asset of a task that shows one, where no region can be on another."""
        sole = len(self.regions) == 1 and len(self._config.objects) < 2 and not self._config.placeholders
        return self.regions[0] if sole else None

    def of(self, entry: Region) -> AssetRegions | None:
        """The asset that a region is on; None when it is not wanted now. Raises :class:`Refused`."""
        slots = self._shows.slots
        if not slots:
            raise Refused(Code.ASSET_UNKNOWN, f"the asset of the task cannot be told: {self._shows.missing}")
        number = 0 if len(slots) == 1 and not (entry.item_index or self._config.placeholders) else self._number(entry)
        shown = self._config.objects.get(entry.to_name or "") if self._config.found and len(slots) == 1 else None
        if shown is not None and shown.name != slots[0].shown:
            message = f"the data of its task does not hold what its object {shown.name!r} shows: {shown.value}"
            raise Refused(Code.ASSET_UNKNOWN, message)
        if slots[number].media is None:
            raise Refused(Code.UNSUPPORTED, f"a {slots[number].tag} has no counterpart in Labelbox")
        return self.regions[number]

    def known(self, entry: Region) -> AssetRegions | None:
        """The asset that a region is on, as far as it can be told and is wanted now."""
        try:
            return self.of(entry)
        except Refused:
            return None

    def counts(self, entry: Region) -> bool:
        """Whether a region belongs to an asset that is wanted now; one without an asset goes with the first."""
        try:
            return self.of(entry) is not None
        except Refused:
            return self.counts_all

    def _number(self, entry: Region) -> int:
        page = self._repetition(entry) if entry.item_index is None else int(entry.item_index)
        shown = self._objects.get(entry.to_name or "") or self._meant(entry)
        if shown is not None and page in shown.pages:
            return shown.pages[page]
        if shown is not None and not shown.paged:
            return shown.first
        what = f"no object {entry.to_name!r}" + (f" with a page {page}" if shown is not None else "")
        raise Refused(Code.ASSET_UNKNOWN, f"the task shows {what}")

    def _meant(self, entry: Region) -> _Object | None:
        """The object of a region that names none: the only one, or the one that its control is about."""
        templates = () if "" in self._objects else (name for name in self._config.objects if "{{" in name)
        if any(is_repetition(entry.to_name or "", template) for template in templates):
            return None  # one that the task does not have
        if len(self._objects) == 1:
            return next(iter(self._objects.values()))
        control = self._config.control(entry.from_name or "")
        targets = control.targets if control is not None else ()
        return next((self._objects[name] for name in targets if name in self._objects), None)

    @cached_property
    def _objects(self) -> dict[str, _Object]:
        found: dict[str, _Object] = {}
        for number, slot in enumerate(self._shows.slots):
            known = found.get(slot.shown) or _Object({}, number, False)
            known.pages.setdefault(slot.page, number)
            found[slot.shown] = known._replace(paged=known.paged or slot.paged)
        return found

    @cached_property
    def _pages(self) -> set[int]:
        return {s.page for s in self._shows.slots if s.paged}

    def _repetition(self, entry: Region) -> int:
        """The page of a list that an object of a Repeater shows, which only its name tells where no config does."""
        guessed = "" in self._objects or not self._config.found
        found = _REPETITION.search(entry.to_name or "") if guessed else None
        page = int(found.group(1)) if found else 0
        return page if page in self._pages or self._config.placeholders else 0
