"""What the values of masks are that no file names: those of the challenge, or of another list; and 255, its border or a class drawn in white."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.files import Source
from to_labelbox_formats.voc.document import Document, Row
from to_labelbox_formats.voc.image import MAX_MASK_BYTES
from to_labelbox_formats.voc.layout.class_lists import (
    BACKGROUND,
    VOC_CLASSES,
    VOID,
    VOID_VALUE,
    Classes,
    devkit_classes,
)
from to_labelbox_formats.voc.layout.folder_roles import Role
from to_labelbox_formats.voc.layout.index import Layout
from to_labelbox_formats.voc.masks import MaskReader, Raster, read_mask
from to_labelbox_formats.voc.options import CHALLENGE, Commas, Void
from to_labelbox_formats.voc.shapes import corner_numbers

_SAMPLE = 24
_COMPARED = 8
_FIRST_FEW = 14
"""Classes of the challenge before its most frequent one, a person."""
_CHALLENGE = re.compile(r"(?i)voc_?20|vocdevkit|(?:^|/)20[01]\d_\d{6}\.")
_AS_THE_CHALLENGE = (f"-O class_names={CHALLENGE}", f"1 is {VOC_CLASSES[0]}, 2 is {VOC_CLASSES[1]}, …")
_SURE = 3
"""Masks whose void lies along a class that say it is a border, when none says otherwise."""


_NEAR = 0.02
"""The share of the longer side of a picture by which a box may differ from the pixels that it is around."""


def decide_void(wanted: Void, classes: Classes, source: Source, layout: Layout, log: Log) -> Classes:
    """The classes with the meaning that 255 has. A border touches what it surrounds; a class of its own need not."""
    if not layout.masks or (wanted is Void.AUTO and classes.origin and VOID_VALUE in classes.values):
        return classes
    names = [
        name
        for value, name in classes.values.items()
        if 0 < value < VOID_VALUE and name.lower() not in BACKGROUND | VOID
    ]
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


def ask_for_classes(source: Source, layout: Layout) -> None:
    """Ask what the values are where many masks hold the first few alone and nothing else tells of the challenge, whose 20 classes occur at random."""
    masks = [name for name in layout.masks if layout.folder(name)[0].role is Role.CLASSES]
    like_the_challenge = sum(_CHALLENGE.search(name) is not None for name in (source.path, *masks))
    if len(masks) < _SAMPLE or like_the_challenge:
        return
    found = [set(np.unique(raster).tolist()) - {0, VOID_VALUE} for _, raster in _read(source, masks, devkit_classes())]
    values = set[int]().union(*found)
    last = len(values)
    if last <= _FIRST_FEW and values == set(range(1, last + 1)):
        ask(
            f"{source.path}: no file says what the values of the masks are, and nothing that they are those of the VOC challenge: {len(found)} "
            f"of {n_of(len(masks), 'mask')}, spread evenly, hold no other than {'1' if last == 1 else f'1 to {last}'}.",
            [
                ("-O class_names=FILE", "a labelmap.txt, or names in the order of the values"),
                _AS_THE_CHALLENGE,
                ("-O masks=false", "leave the masks out"),
            ],
        )


def tell_values(
    classes: Classes, taken: str, why: str, source: Source, layout: Layout, documents: Mapping[int, Document], log: Log
) -> None:
    """Say what the values of masks are taken for, or ask where the objects of the annotation files beside them are called otherwise.

    Values that a file declares (no ``why``) are asked about, too, where the only class of a mask is another one than that of the objects in its
    very place; classes may be drawn as masks alone, and others as boxes alone. They are no assumption.
    """
    stated = not why
    named = {layout.folder(layout.xmls[unit]): unit for unit, document in documents.items() if document.rows}
    masks = [name for name in layout.masks if layout.folder(name)[0].role is Role.CLASSES]
    agree = against = known = 0
    example = ("", "")
    reader = MaskReader(classes)
    for name, raster in _read(source, masks, classes, _COMPARED):
        labels = {
            classes.values.get(value, "") for value in np.unique(raster).tolist() if not reader.is_empty(value)
        } - {""}
        known += bool(labels)
        unit = next(
            (u for (folder, stem), u in named.items() if (folder.root, folder.rest, stem) == _place(layout, name)), -1
        )
        if labels and unit >= 0:
            rows = documents[unit].rows
            objects = {(row[0] or "").strip() for row in rows}
            is_other = labels.isdisjoint(objects) and (not stated or _lie_alike(raster, reader, rows))
            agree += not is_other
            against += is_other
            if is_other:
                example = min(labels), min(objects)
    if against >= _SURE and against > agree:
        shown = "no class that the objects of their pictures have" + (", and lie where these do" if stated else "")
        ask(
            f"{source.path}: {taken} are taken for the values of masks, but {against} of {agree + against} looked at show {shown} "
            f"({example[0]!r}, where there is {example[1]!r}).",
            [
                ("-O class_names=FILE", "a list of numbers and names"),
                *([] if classes.file else [_AS_THE_CHALLENGE]),
                ("-O masks=false", "leave the masks out"),
            ],
        )
    if known and not stated:
        log.assume(
            "mask values",
            taken,
            for_=agree,
            against=against,
            unknown=len(masks) - agree - against,
            why=why,
            option="-O class_names=FILE",
        )


def _lie_alike(raster: Raster, reader: MaskReader, rows: Sequence[Row]) -> bool:
    """Whether what a mask shows reaches as far as the boxes of its picture, on all four sides."""
    known = [corners for row in rows if (corners := corner_numbers(row[5:9], Commas.AUTO))]
    shown = np.isin(raster, [value for value in np.unique(raster).tolist() if not reader.is_empty(value)])
    y, x = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not known or not len(x):
        return False
    left, top, right, bottom = zip(*known)
    sides = min(left) - x[0], min(top) - y[0], max(right) - x[-1] - 1, max(bottom) - y[-1] - 1
    return bool(max(map(abs, sides)) <= max(_NEAR * max(raster.shape), 2))


def _place(layout: Layout, mask: str) -> tuple[str, str, str]:
    folder, stem = layout.folder(mask)
    return folder.root, folder.rest, stem


def _read(source: Source, masks: list[str], classes: Classes, most: int = _SAMPLE) -> Iterator[tuple[str, Raster]]:
    """Some of the masks, spread evenly; those that cannot be read are reported when they are converted."""
    for name in masks[:: max(1, -(-len(masks) // most))]:
        try:
            yield name, read_mask(source.load(name, MAX_MASK_BYTES), classes)
        except FileError:
            continue


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
    for _, raster in _read(source, layout.masks, classes):
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
