"""Which side up the pictures of a set were when they were labelled, where their tool is not known: one rule for all readers.

A picture that is stored turned has an EXIF orientation. Browsers, and so most labelling tools, show it as that says; Pillow
and pycocotools take it as it is stored, and so does Labelbox. The size that a source states tells which of the two was
labelled, unless both have the same one (a half turn, a mirror image, a square): for those, the rest of the set decides,
and where that says nothing either, they were labelled as they are displayed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.image_headers import Header

Size: TypeAlias = tuple[int, int]


class Side(NamedTuple):
    """``stored``: the picture's own size; ``drawn``: that of the frame that labels are in, in pixels.

    ``orientation`` is the EXIF value to undo, 1 for none; ``certain``: the stated size says so.
    """

    stored: Size
    drawn: Size
    orientation: int = 1
    certain: bool = True


def displayed(pictures: Iterable[tuple[Size | None, Header]]) -> bool:
    """Whether pictures that may be meant either way were labelled as displayed, by others of the set: (stated size, header)."""
    upright = stored = 0
    for said, header in pictures:
        own = header.width, header.height
        if own != header.upright:
            upright += said == header.upright
            stored += said == own
    return upright >= stored


def side_of(said: Size | None, header: Header, as_displayed: bool) -> Side | None:
    """The frame of a picture's labels; None when the stated size is that of another picture."""
    own, shown = (header.width, header.height), header.upright
    if said not in (None, own, shown):
        return None
    if header.orientation == 1 or (said == own != shown):
        return Side(own, own)
    certain = said == shown != own
    return Side(own, shown, header.orientation, certain) if certain or as_displayed else Side(own, own, 1, False)


_ROUNDED = 2
"""Pixels that two sizes differ by where a tool has rounded."""


def is_scaled(stated: Size, own: Size) -> bool:
    """Whether a picture has both of its stated sides multiplied by one factor, by more than rounding does."""
    if max(abs(one - other) for one, other in zip(stated, own)) <= _ROUNDED:
        return False
    factor = max(own) / max(stated)
    return all(abs(one * factor - other) <= max(1, factor) for one, other in zip(stated, own))


def code_of_sizes(stated: Size, own: Size) -> Code:
    """How a picture that has another size than is stated is told: as that, or as one of another shape."""
    near = max(abs(one - other) for one, other in zip(stated, own)) <= _ROUNDED
    same = near or own == stated[::-1] or is_scaled(stated, own)
    return Code.IMAGE_SIZE_MISMATCH if same else Code.IMAGE_UNLIKE


def note_turned(side: Side, log: Log, name: str) -> None:
    """Say that labels are turned back, and on which evidence."""
    log.assume(
        "side up of pictures that are stored turned",
        "as displayed",
        for_=int(side.certain),
        unknown=int(not side.certain),
        why="counted are pictures whose stated size is that of the upright one",
        option="--exif ignore",
    )
    log.note(*sentences.EXIF_TURNED(orientation=side.orientation), file=name)
