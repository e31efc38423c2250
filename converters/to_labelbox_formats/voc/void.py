"""Whether the value 255 of masks is the void border of the challenge, or a class that was drawn in white."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox_formats.voc.image import MAX_MASK_BYTES
from to_labelbox_formats.voc.layout.class_lists import BACKGROUND, VOID, VOID_VALUE, Classes
from to_labelbox_formats.voc.layout.folder_roles import Role
from to_labelbox_formats.voc.layout.index import Layout
from to_labelbox_formats.voc.masks import Raster, read_mask
from to_labelbox_formats.voc.options import Void

_SAMPLE = 24
_SURE = 3
"""Masks whose void lies along a class that say it is a border, when none says otherwise."""


def decide_void(wanted: Void, classes: Classes, source: Source, layout: Layout, log: Log) -> Classes:
    """The classes with the meaning that 255 has. A border touches what it surrounds; a class of its own need not."""
    if not layout.masks or (wanted is Void.AUTO and classes.origin and VOID_VALUE in classes.values):
        return classes
    names = [name for value, name in classes.values.items() if 0 < value < VOID_VALUE and not _is_empty(name)]
    if wanted is Void.CLASS:
        if len(names) != 1:
            raise UsageError(
                f"-O void=class: there is not one class that 255 could be ({', '.join(names[:5]) or 'none is named'}): give their "
                f"numbers with -O class_names=FILE, one a line, such as `{VOID_VALUE} {names[0] if names else 'crack'}`"
            )
        return replace(classes, values={**classes.values, VOID_VALUE: names[0]})
    if wanted is Void.AUTO:
        border, apart, others = _evidence(source, layout, classes)
        of_classes = any(role is Role.CLASSES for role, _ in layout.tops)
        if apart and not border and (of_classes or not others):
            _ask(source, names, apart, others)
        if apart:
            log.assume(
                "value 255 of masks",
                "void border",
                for_=border,
                against=apart,
                why=f"it lies along a class in {border} of the masks looked at, and apart from any in {apart}",
                option="-O void=class",
            )
    return classes


def _is_empty(name: str) -> bool:
    return name.lower() in BACKGROUND | VOID


def _ask(source: Source, names: list[str], apart: int, others: bool) -> None:
    alone = "" if others else "; these masks hold nothing else"
    name = names[0] if len(names) == 1 else ""
    options = [("-O void=class", f"255 is {name}")] if name else []
    options += [
        ("-O class_names=FILE", f"a list of numbers and names, with a line such as `{VOID_VALUE} {name or 'crack'}`"),
        ("-O void=border", "255 means nothing"),
    ]
    ask(
        f"{source.path}: value 255 is void in masks of this format, but in none of {apart} masks with it does it lie along a "
        f"class{alone}" + (f": is it {name}?" if name else "."),
        options,
    )


def _evidence(source: Source, layout: Layout, classes: Classes) -> tuple[int, int, bool]:
    """(masks in which 255 lies along a class, masks in which it lies apart, whether any class occurs)."""
    border = apart = 0
    others = False
    for name in layout.masks[:: max(1, -(-len(layout.masks) // _SAMPLE))]:
        try:
            raster = read_mask(source.load(name, MAX_MASK_BYTES), classes)
        except FileError:
            continue  # reported when it is converted
        void = raster == VOID_VALUE
        some = (raster != 0) & ~void
        others = others or bool(some.any())
        if void.any():
            touches = _touch(void, some)
            border += touches
            apart += not touches
        if border == _SURE and not apart:
            break
    return border, apart, others


def _touch(one: Raster, other: Raster) -> bool:
    """Whether pixels of both are side by side."""
    pairs = ((one[1:], other[:-1]), (one[:-1], other[1:]), (one[:, 1:], other[:, :-1]), (one[:, :-1], other[:, 1:]))
    return any(bool(np.logical_and(a, b).any()) for a, b in pairs)
