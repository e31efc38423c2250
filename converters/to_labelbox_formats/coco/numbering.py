"""Ids of categories that are a list of bare names: their places, counted from 0 or from 1."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.attributes import shortened
from to_labelbox_formats.coco.index import File
from to_labelbox_formats.coco.options import FirstCategory
from to_labelbox_formats.coco.random_access import Opened


class _CategoryId(Struct, gc=False):
    category_id: int | None = None


_decode = msgspec.json.Decoder(_CategoryId).decode


def number_categories(file: File, number: int, opened: Opened, first: FirstCategory, log: Log) -> None:
    """Count the names from where the ids in use say. Raises :class:`UsageError` where those leave it open."""
    count = len(file.categories)
    if not file.unnumbered or not count:
        return
    used = _used(file, number, opened) if first is FirstCategory.AUTO else set()
    from_zero, from_one = 0 in used, count in used
    if first is FirstCategory.AUTO:
        if from_zero == from_one and used:
            names = ", ".join(shortened(str(c.name)) for c in list(file.categories.values())[:3])
            ask(
                f"{file.name}: its categories are a list of names ({names}, …), and the ids in use "
                f"({', '.join(map(str, sorted(used)[:5]))}) do not say whether the first one is 0 or 1.",
                [("-O first_category=0", "0 is the first name"), ("-O first_category=1", "1 is the first name")],
            )
        log.assume(
            f"id of the first category ({file.name})",
            "1" if from_one else "0",
            for_=len(used),
            why="the ids in use reach " + (f"{count}, the number of names" if from_one else "0"),
            option=f"-O first_category={'0' if from_one else '1'}",
        )
    if first is FirstCategory.ONE or (first is FirstCategory.AUTO and from_one):
        file.categories = {
            key + 1: msgspec.structs.replace(category, id=key + 1) for key, category in file.categories.items()
        }


def _used(file: File, number: int, opened: Opened) -> set[int]:
    """The category ids of all annotations."""
    found: set[int] = set()
    for start, length in zip(file.annotations.starts.tolist(), file.annotations.lengths.tolist()):
        try:
            id = _decode(opened.read(number, length, start)).category_id
        except UNDECODABLE:
            continue
        if id is not None:
            found.add(id)
    return found
