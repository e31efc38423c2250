"""Which convention a file follows where it does not say so: what ``bbox`` holds, the unit of coordinates, what 1 means at a keypoint.

COCO's own rule is taken; records that speak against it are counted. Where all of them do, the user is asked.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.coco.conventions.arrangements import FEW, check_outlines, corners_of, form_of_boxes, near
from to_labelbox_formats.coco.conventions.sample import Extent, Seen, seen_of
from to_labelbox_formats.coco.conventions.turns import turn_field, turns_of
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.fields.record_types import Rle
from to_labelbox_formats.coco.index.file import Conventions, File
from to_labelbox_formats.coco.index.random_access import Opened
from to_labelbox_formats.coco.options import (
    Form,
    Options,
    Origin,
    Outlines,
    Places,
    RleSides,
    Rotation,
    Units,
    Visibility,
)

_LARGE = 400
"""Sides of pictures, in pixels, on which coordinates up to 100 are remarkable."""
_SOME, _MANY = 20, 50


def conventions_of(
    file: File, opened: Opened, given: Sequence[tuple[bytes, int]], options: Options, boxes_only: bool, log: Log
) -> Conventions:
    """What the options say, else what a sample of the annotations does. Raises :class:`UsageError` with the question."""
    sample = list(seen_of(given, file, opened))
    placeless = _placeless(file, sample, options.places, log)
    level = [seen for seen in sample if not seen.turned]
    named = turn_field(file, options.more_fields)
    rotation, of_five = turns_of(file, opened, named, len(level) < len(sample), options, log)
    is_turned = rotation not in (Rotation.AUTO, Rotation.IGNORED)
    for field in dict.fromkeys(seen.class_id_in for seen in sample):
        if field:
            log.decide(f"{file.name}: annotations have no category_id but {field}, which is taken for it")
    _tell_rectangles(file, level, log)
    sides, limits = _sides(file, sample, options.units, log)
    boxes = form_of_boxes(file, level, options.boxes, log)
    outlines = Outlines.PAIRS if options.outlines is Outlines.AUTO else options.outlines
    if boxes is Form.SIZES and outlines is Outlines.PAIRS and not any(sides) and not any(limits):
        check_outlines(file, level, boxes_only, options, log)
        _tell_areas(file, level, log)
        _tell_points(file, level, log)
    stated_rle = options.rle_sides is RleSides.STATED
    return Conventions(
        boxes=boxes,
        outlines=outlines,
        first=_first_pixel(file, level, options.origin, log),
        sides=sides,
        limits=limits,
        stated=options.boxes is Form.AUTO,
        occluded=_occluded(file, sample, options.visibility, log),
        placed=options.visibility is Visibility.PLACED,
        most_visible=2 if options.visibility is Visibility.STRICT else math.inf,
        stated_rle=stated_rle,
        by_rows=not stated_rle and not boxes_only and _by_rows(file, level, log),
        placeless=placeless,
        inner=options.inner,
        rotation=rotation,
        turn_field=named if is_turned else "",
        of_five=of_five,
        drawn=(any(seen.box for seen in sample), any(seen.extent for seen in sample)),
        stand_ins=_shares(sample),
        left=any(map(_leaves, level)),
    )


def _shares(sample: Sequence[Seen]) -> dict[str, float]:
    """The fields that stand in for those of a place or a class, each with the share of annotations where it does."""
    counts = Counter(
        name for seen in sample for name in (*seen.stand_in.split(", "), seen.class_id_in or seen.class_name_in) if name
    )
    return {name: count / len(sample) for name, count in counts.items()}


def _leaves(seen: Seen) -> bool:
    """Whether the box or the outline of an annotation leaves its picture."""
    extents = [seen.extent, corners_of(seen.box) if seen.box else None]
    return seen.size is not None and any(e and (e[2] > seen.size[0] + 1 or e[3] > seen.size[1] + 1) for e in extents)


def transposed(files: Sequence[File], options: Options) -> str:
    """The options that take x for y in all that is drawn; none where one of them was given."""
    if (options.boxes, options.outlines) != (Form.AUTO, Outlines.AUTO):
        return ""
    used = [any(file.conventions.drawn[kind] for file in files) for kind in (0, 1)]
    return " ".join(option for option, is_used in zip(("-O boxes=yxhw", "-O outlines=yx"), used) if is_used)


# ------------------------------------------------------------------------------------------------------- the unit


_KINDS = ("boxes", "outlines", "keypoints")


def _sides(file: File, sample: list[Seen], units: Units, log: Log) -> tuple[_Kinds, _Kinds]:
    """How long a side of the picture is to the boxes, outlines and keypoints, 0 for pixels; and up to which number those of one
    annotation are fractions, 0 where all are alike."""
    if units in (Units.NORMALISED, Units.PERCENT):
        side = 1.0 if units is Units.NORMALISED else 100.0
        return (side, side, side), _PIXELS
    if units is Units.PIXELS:
        return _PIXELS, _PIXELS
    sized: list[list[tuple[Sequence[float], tuple[float, float] | None]]] = [
        [(seen.box, seen.size) for seen in sample if seen.box],
        [(seen.extent, seen.size) for seen in sample if seen.extent],
        [(values, seen.size) for seen in sample if (values := [v for *at, v in seen.points if v for v in at])],
    ]
    found: list[Sequence[Sequence[float]]] = [[values for values, _ in seen] for seen in sized]
    fractions = [sum(map(_is_fractions, values)) for values in found]
    mostly = [count >= FEW and count >= 0.9 * len(values) for count, values in zip(fractions, found)]
    if units is Units.EACH:
        boxes, outlines, keypoints = (float(_BEYOND_ALL if kind else _BEYOND) for kind in mostly)
        return _PIXELS, (boxes, outlines, keypoints)
    if any(mostly):
        _ask_units(file, found, fractions, mostly)
    if not any(fractions) and _reach_a_hundred(sample):
        ask(
            f"{file.name}: all coordinates of the {n_of(len(found[0]), 'annotation')} looked at lie between 0 and 100, so they are "
            "per cent of the picture rather than the pixels of COCO.",
            [("-O units=percent", "they are per cent"), _PIXELS_ANSWER],
        )
    most = fractions.index(max(fractions))
    certain = sum(_is_fractions(values) and min(size or (0,)) >= _SIDE for values, size in sized[most])
    if certain >= FEW:
        ask(
            f"{file.name}: the {_KINDS[most]} of {certain} of {n_of(len(found[most]), 'annotation')} looked at lie between 0 and 1, on "
            "pictures of hundreds of pixels, so they are fractions of the picture, while the others are pixels.",
            [_EACH_ANSWER, _PIXELS_ANSWER],
        )
    if fractions[most] >= FEW:
        log.assume(
            f"unit of {_KINDS[most]} ({file.name})",
            "pixels",
            for_=len(found[most]) - fractions[most],
            against=fractions[most],
            why="some of a sample are below 2, as fractions of the picture are",
            option="-O units=each",
        )
    return _PIXELS, _PIXELS


_Kinds = tuple[float, float, float]
"""Something of boxes, outlines and keypoints."""
_SIDE = 100
"""Pixels of a picture's side from which on a place within the first pixel of it is a fraction of the sides."""
_EACH_ANSWER = ("-O units=each", "each annotation by its own numbers: those up to 1 are fractions, others pixels")
_PIXELS = (0.0, 0.0, 0.0)
_PIXELS_ANSWER = ("-O units=pixels", "they are pixels, at the top left of each picture")
_BESIDE = 0.05
"""How far a fraction may lie beside the picture."""
_BEYOND, _BEYOND_ALL = 1 + _BESIDE, 2
"""Numbers up to which one annotation has fractions: where some have, and where nearly all have, a few far beside the picture."""


def _is_fractions(values: Sequence[float]) -> bool:
    return min(values) >= -_BESIDE and max(values) <= 1 + _BESIDE and any(0 < v < 1 for v in values)


def _ask_units(
    file: File, found: Sequence[Sequence[Sequence[float]]], fractions: Sequence[int], mostly: Sequence[bool]
) -> NoReturn:
    used = [n for n, values in enumerate(found) if values]
    if all(mostly[n] for n in used):
        count, of = fractions[used[0]], len(found[used[0]])
        which = f"all coordinates of the {count}" if count == of else f"the coordinates of {count} of {of}"
        most_of_all = max(map(max, found[used[0]]))
        most = 1 if most_of_all <= 1 else 2
        ask(
            f"{file.name}: {which} annotations looked at lie between 0 and {most}, so they are fractions of the picture rather than the "
            "pixels of COCO.",
            [
                ("-O units=normalised", "they are fractions"),
                _PIXELS_ANSWER,
                *([_EACH_ANSWER] if most_of_all > 2 else []),
            ],
        )
    odd = " and ".join(_KINDS[n] for n in used if mostly[n])
    others = " and ".join(_KINDS[n] for n in used if not mostly[n])
    ask(
        f"{file.name}: its {odd} are below 2, so they are fractions of the picture, while its {others} are pixels.",
        [("-O units=each", f"{odd} are fractions, {others} pixels"), _PIXELS_ANSWER],
    )


def _reach_a_hundred(sample: list[Seen]) -> bool:
    """Whether many boxes on large pictures spread over the first 100 pixels and nowhere else."""
    boxes = [seen.box for seen in sample if seen.box]
    found = [(s.box, s.size) for s in sample if s.box and s.size and min(s.size) >= _LARGE]
    if len(found) < _MANY or len(found) < len(boxes) or min(map(min, boxes)) < 0 or max(map(max, boxes)) > 100.5:
        return False
    rights, bottoms = [b[0] + b[2] for b, _ in found], [b[1] + b[3] for b, _ in found]
    return 95 <= max(rights) <= 100.5 and 95 <= max(bottoms) <= 100.5


# ---------------------------------------------------------------------------------------------------------- boxes


def _first_pixel(file: File, sample: list[Seen], origin: Origin, log: Log) -> float:
    """The number of the first pixel: told where boxes begin at 1 and end a pixel beyond the picture, as MATLAB counts."""
    if origin is not Origin.AUTO:
        return float(origin is Origin.ONE)
    placed = [(box, size) for seen in sample if (box := seen.box) and (size := seen.size)]
    beyond = sum(left + width == w + 1 or top + height == h + 1 for (left, top, width, height), (w, h) in placed)
    at_border = sum(left + width == w or top + height == h for (left, top, width, height), (w, h) in placed)
    if beyond >= FEW and beyond > at_border and min(min(box[:2]) for box, _ in placed) >= 1:
        log.assume(
            f"the first pixel ({file.name})",
            "0, 0",
            for_=at_border,
            against=beyond,
            unknown=len(placed) - beyond - at_border,
            why="boxes end a pixel beyond the picture, and none begins before 1, as where pixels are counted from 1",
            option="-O origin=one_based",
        )
    return 0.0


def _is_of_sides(seen: Seen) -> bool:
    """Whether an area is that of the whole picture, or the square of one side, as some scripts write it."""
    assert seen.box is not None
    sides = [seen.size or (0, 0), seen.box[2:3] * 2, seen.box[3:] * 2]
    return any(seen.area == width * height for width, height in sides)


def _tell_areas(file: File, sample: list[Seen], log: Log) -> None:
    """Say so where areas are larger than the boxes that they are of: boxes are scaled, or those of other objects."""
    with_area = [seen for seen in sample if seen.area and seen.box and min(seen.box[2:]) > 0 and not _is_of_sides(seen)]
    both = [(seen.area, seen.box[2] * seen.box[3]) for seen in with_area if seen.area and seen.box]
    if len({area for area, _ in both}) < _SOME:
        return
    factors = sorted(area / box for area, box in both if area > 1.1 * box + 2)
    if len(factors) < _SOME or 2 * len(factors) < len(both):
        return
    low, middle, high = (factors[n * (len(factors) - 1) // 10] for n in (1, 5, 9))
    scaled = (
        f", by about {middle:.3g} in most, as were sides scaled by {1 / math.sqrt(middle):.3g}"
        if high < 1.05 * low
        else ""
    )
    log.assume(
        f"boxes whose area is another ({file.name})",
        "the boxes are right",
        for_=len(both) - len(factors),
        against=len(factors),
        why=f"areas are larger than the boxes of the same annotations{scaled}",
    )


def _tell_rectangles(file: File, sample: list[Seen], log: Log) -> None:
    """Say so where every outline of a sample is the rectangle of its box, as some exports write boxes."""
    drawn = [seen for seen in sample if seen.extent is not None]
    alike = [s for s in drawn if s.upright and s.box and s.extent and near(s.extent, corners_of(s.box))]
    if len(alike) >= _SOME and len(alike) == len(drawn):
        log.assume(
            f"outlines that are just the corners of their boxes ({file.name})",
            "polygons",
            against=len(alike),
            why="every outline of a sample is its box",
            option="--geometry bbox",
        )


# ------------------------------------------------------------------------------------------------------ keypoints


_HIDDEN = frozenset({1})
"""The visibility of keypoints that are labelled but hidden."""


def _occluded(file: File, sample: list[Seen], visibility: Visibility, log: Log) -> frozenset[float]:
    """The visibilities of keypoints that are hidden: of none where 1 says no more than that one is there; noted where only few
    points speak for COCO's rule."""
    if visibility is not Visibility.AUTO:
        return frozenset() if visibility in (Visibility.PRESENT, Visibility.PLACED) else _HIDDEN
    placed = [(x, y, v) for seen in sample for x, y, v in seen.points if x or y]
    values = [v for seen in sample for _, _, v in seen.points if v > 0]
    if len(placed) >= FEW and not values:
        ask(
            f"{file.name}: all {len(placed)} keypoints looked at that have a place have the visibility 0, which says to COCO that "
            "they are absent.",
            [
                ("-O visibility=placed", "a keypoint that is not at 0, 0 is there and visible"),
                ("-O visibility=coco", "they are absent: none is written"),
            ],
        )
    _tell_counts(file, sample, log)
    at_corner = sum(v > 0 and not (x or y) for seen in sample for x, y, v in seen.points)
    if at_corner >= FEW:
        log.assume(
            f"keypoints at 0, 0 ({file.name})",
            "there, in the corner of the picture, as their visibility says",
            against=at_corner,
            unknown=len(values) - at_corner,
            why="0, 0 is what many write for a keypoint that is absent",
            option="-O visibility=placed",
        )
    if file.occluded is not None:
        numbers = ", ".join(map(str, sorted(file.occluded)))
        log.decide(f"{file.name}: keypoint_visible says which keypoints are occluded: those of {numbers or 'none'}")
        return file.occluded
    hidden, visible = values.count(1), values.count(2)
    if hidden >= _SOME and not visible:
        log.assume(
            f"visibility 1 of keypoints ({file.name})",
            "labelled but hidden",
            against=hidden,
            why="no point of a sample has 2, so 1 may only say that a point is there",
            option="-O visibility=present",
        )
    if odd := len(values) - hidden - visible:
        log.assume(
            f"visibilities of keypoints other than 0, 1 and 2 ({file.name})",
            "visible",
            for_=visible,
            unknown=odd,
            why="any value above 0 says that the point is there",
            option="-O visibility=strict",
        )
    return _HIDDEN


def _tell_counts(file: File, sample: list[Seen], log: Log) -> None:
    """Say so where annotations state other numbers of keypoints than they have."""
    stated = [
        (s.stated_points, [(x or y, v > 0) for x, y, v in s.points])
        for s in sample
        if s.stated_points is not None and s.points
    ]
    other = [(count, points) for count, points in stated if count != sum(there for _, there in points)]
    if len(other) < FEW or 2 * len(other) < len(stated):
        return
    placed = sum(count == sum(bool(at) for at, _ in points) for count, points in other)
    log.assume(
        f"keypoints that are there ({file.name})",
        "those of a visibility above 0",
        for_=len(stated) - len(other),
        against=len(other),
        why="num_keypoints says another number"
        + (", that of those that are not at 0, 0" if 2 * placed > len(other) else ""),
        option="-O visibility=placed" if 2 * placed > len(other) else "",
    )


def _tell_points(file: File, sample: list[Seen], log: Log) -> None:
    """Say so where all keypoints of an annotation lie elsewhere than its box, and what they would be to lie there."""
    both = [(seen.box, [(x, y) for x, y, v in seen.points if v > 0 and (x or y)]) for seen in sample if seen.box]
    both = [(box, points) for box, points in both if points and min(box[2:]) > 0]
    apart = [(box, points) for box, points in both if not any(_lies_at(x, y, box) for x, y in points)]
    if len(apart) < FEW or 20 * len(apart) < len(both):
        return
    readings = {
        "y, x": sum(all(_lies_at(y, x, box) for x, y in points) for box, points in apart),
        "counted from the corner of the box": sum(
            all(_lies_at(box[0] + x, box[1] + y, box) for x, y in points) for box, points in apart
        ),
    }
    form, lie_there = max(readings.items(), key=lambda one: one[1])
    reading = f"; were they {form}, {lie_there} would not" if 2 * lie_there >= len(apart) else ""
    log.assume(
        f"where keypoints are ({file.name})",
        "on the picture where their numbers say",
        for_=len(both) - len(apart),
        against=len(apart),
        why=f"all keypoints of annotations of a sample lie elsewhere than their boxes{reading}",
    )


def _lies_at(x: float, y: float, box: Sequence[float]) -> bool:
    """Whether a point lies in a box, or within half of its side beside it."""
    left, top, width, height = box
    return abs(x - left - width / 2) <= width and abs(y - top - height / 2) <= height


# ----------------------------------------------------------------------------------------------------------- masks


def _by_rows(file: File, sample: list[Seen], log: Log) -> bool:
    """Whether masks fit their boxes only where the runs go along rows, as numpy has them, not down columns as COCO's do."""
    given = [seen for seen in sample if seen.runs and seen.box]
    fits = [_fits(s.runs, s.box, s.size) for s in given[:: max(1, -(-len(given) // _MANY))] if s.runs and s.box]
    columns, rows = fits.count("columns"), fits.count("rows")
    if not rows:
        return False
    by_rows = rows >= FEW and not columns
    log.assume(
        f"runs of RLEs ({file.name})",
        "along rows" if by_rows else "down columns",
        for_=rows if by_rows else columns,
        against=columns if by_rows else rows,
        unknown=len(fits) - columns - rows,
        why="which of the two makes masks of a sample fit their boxes",
        option="-O rle_sides=stated" if by_rows else "--geometry bbox",
    )
    return by_rows


def _fits(runs: Rle, box: Sequence[float], size: tuple[float, float] | None) -> str:
    """Whether a mask fits its box by columns, or else by rows; empty where it does neither."""
    if len(runs.size) != 2 or (size is not None and runs.size[0] * runs.size[1] != size[0] * size[1]):
        return ""
    height, width = runs.size if size is None else (int(size[1]), int(size[0]))
    if (found := _drawn(runs, width, height)) is not None and near(found, corners_of(box)):
        return "columns"
    if (found := _drawn(runs, height, width)) is not None:
        left, top, right, bottom = found
        return "rows" if near((top, left, bottom, right), corners_of(box)) else ""
    return ""


def _drawn(runs: Rle, width: int, height: int) -> Extent | None:
    counts = runs.counts
    try:
        if isinstance(counts, str):
            mask = raster.mask_from_counts(counts, width, height)
        else:
            mask = raster.mask_from_runs(counts, width, height)
        box = raster.mask_box(mask)
    except geo.GeometryError:
        return None
    return None if box is None else (box.left, box.top, box.left + box.width, box.top + box.height)


# ----------------------------------------------------------------------------------------------- whole-image classes


_MAY_DRAW = (FileKind.INSTANCES, FileKind.KEYPOINTS)


def _placeless(file: File, sample: Sequence[Seen], places: Places, log: Log) -> Places:
    """Which annotations without a place are classes of their images, as :class:`Conventions` has it; a file of nothing else
    is one of labels then, and one of labels with places in a field that is none of COCO's is none."""
    draws_nothing = file.kind in _MAY_DRAW and len(sample) >= FEW and all(seen.empty for seen in sample)
    asked = places in (Places.IMAGE, Places.STATED)
    of_images = places is Places.IMAGE or not (asked or any(seen.elsewhere or seen.stand_in for seen in sample))
    if draws_nothing and of_images and not asked:
        log.assume(
            f"annotations without a place ({file.name})",
            "classes of their whole images",
            for_=len(sample),
            why="no box, outline or keypoint of a sample says where something is",
            option="-O places=stated",
        )
    if file.kind is FileKind.LABELS or (draws_nothing and of_images):
        file.kind = FileKind.LABELS if of_images else FileKind.INSTANCES
    if asked or file.kind is FileKind.LABELS:
        return places if asked else Places.IMAGE
    count = sum(seen.placeless for seen in sample)
    if file.kind in (FileKind.CAPTIONS, FileKind.PANOPTIC) or count < FEW or 50 * count < len(sample):
        return Places.STATED
    log.decide(f"{file.name}: annotations that have a class and no field for a place are classes of their whole images")
    return Places.AUTO
