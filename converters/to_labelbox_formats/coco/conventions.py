"""Which convention a file follows where it does not say so: what ``bbox`` holds, the unit of coordinates, what 1 means at a keypoint.

COCO's own rule is taken; records that speak against it are counted. Where all of them do, the user is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NoReturn

import msgspec
import numpy as np
from msgspec import Struct

from to_labelbox.model.text import n_of
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.ids import Id, Names, twin
from to_labelbox_formats.coco.index import File
from to_labelbox_formats.coco.options import Form, Options, RleSides, Units, Visibility
from to_labelbox_formats.coco.random_access import Opened
from to_labelbox_formats.coco.videos import split_track

SAMPLE = 200
"""Annotations of a file that are looked at, spread over it."""
_FEW = 3
"""Records that a question needs at least."""
_LARGE = 400
"""Sides of pictures, in pixels, on which coordinates up to 100 are remarkable."""
_SOME, _MANY = 20, 50


class Conventions(Struct, frozen=True):
    """How a file is to be read.

    ``corners``: boxes are two corners. ``sides``: coordinates are fractions of a side of the picture that is this long
    (1, or 100 for per cent); 0 for pixels. ``stated``: a record's own ``bbox_mode`` counts, as nothing was asked for.
    ``all_visible``: every labelled keypoint is visible. ``most_visible``: a keypoint of a greater value is none.
    ``stated_sides``: the size of an RLE is in the order that is stated.
    """

    corners: bool = False
    sides: float = 0.0
    stated: bool = True
    all_visible: bool = False
    most_visible: float = math.inf
    stated_sides: bool = False


PLAIN = Conventions()


class _Record(Struct, gc=False):
    image_id: Id = None
    bbox: list[float] | None = None
    bbox_mode: int | str | None = None
    area: float | None = None
    segmentation: msgspec.Raw = msgspec.Raw()
    keypoints: list[float] | None = None


class _Size(Struct, gc=False):
    width: int | float | None = None
    height: int | float | None = None


_record = msgspec.json.Decoder(_Record).decode
_size = msgspec.json.Decoder(_Size).decode
_outline = msgspec.json.Decoder(list[list[float]]).decode


class _Seen(Struct):
    """A record of the sample: its box if that is four numbers, its area, the extent of its outline, the picture's size.

    ``upright``: the outline is an upright rectangle.
    """

    box: list[float] | None
    area: float | None
    extent: tuple[float, float, float, float] | None
    upright: bool
    size: tuple[float, float] | None
    visibilities: list[float]


def conventions_of(
    file: File, number: int, opened: Opened, texts: Iterable[bytes], options: Options, log: Log
) -> Conventions:
    """What the options say, else what a sample of the annotations does. Raises :class:`UsageError` with the question."""
    sample = list(_seen(texts, _Pictures(file, number, opened)))
    _tell_rectangles(file, sample, log)
    units = _units(file, sample, options.units)
    return Conventions(
        corners=_has_corners(file, sample, options.boxes, log),
        sides={Units.NORMALISED: 1.0, Units.PERCENT: 100.0}.get(units, 0.0),
        stated=options.boxes is Form.AUTO,
        all_visible=_all_visible(file, sample, options.visibility, log),
        most_visible=2 if options.visibility is Visibility.STRICT else math.inf,
        stated_sides=options.rle_sides is RleSides.STATED,
    )


# ------------------------------------------------------------------------------------------------------- the unit


def _units(file: File, sample: list[_Seen], units: Units) -> Units:
    if units is not Units.AUTO:
        return units
    values = [found for seen in sample if (found := seen.box or seen.extent)]
    if not values or min(map(min, values)) < 0:
        return Units.PIXELS
    most = max(map(max, values))
    if most <= 1 and sum(any(0 < v < 1 for v in found) for found in values) >= _FEW:
        _ask_units(file, len(values), 1, "fractions", Units.NORMALISED)
    if most <= 100.5 and _reach_a_hundred(sample):
        _ask_units(file, len(values), 100, "per cent", Units.PERCENT)
    return Units.PIXELS


def _ask_units(file: File, count: int, most: int, what: str, unit: Units) -> NoReturn:
    ask(
        f"{file.name}: all coordinates of the {count} annotations looked at lie between 0 and {most}, so they are {what} of "
        "the picture rather than the pixels of COCO.",
        [
            (f"-O units={unit}", f"they are {what}"),
            ("-O units=pixels", "they are pixels, at the top left of each picture"),
        ],
    )


def _reach_a_hundred(sample: list[_Seen]) -> bool:
    """Whether many boxes on large pictures spread over the first 100 pixels and nowhere else."""
    found = [(s.box, s.size) for s in sample if s.box and s.size and min(s.size) >= _LARGE]
    if len(found) < _MANY or len(found) < len([s for s in sample if s.box]):
        return False
    rights, bottoms = [b[0] + b[2] for b, _ in found], [b[1] + b[3] for b, _ in found]
    return 95 <= max(rights) <= 100.5 and 95 <= max(bottoms) <= 100.5


# ---------------------------------------------------------------------------------------------------------- boxes


def _has_corners(file: File, sample: list[_Seen], boxes: Form, log: Log) -> bool:
    """Whether boxes are two corners: by their areas, their outlines and the pictures that they have to fit on."""
    if boxes is not Form.AUTO:
        return boxes is Form.CORNERS
    votes = [_vote(seen) for seen in sample if seen.box is not None]
    sizes, corners = votes.count(Form.SIZES), votes.count(Form.CORNERS)
    known = [seen for seen in sample if seen.box is not None and seen.size is not None]
    leave = sum(_leaves(seen) for seen in known)
    ordered = all(b[2] > b[0] and b[3] > b[1] for b in (seen.box for seen in sample) if b is not None)
    fit = ordered and all(b[2] <= w + 1 and b[3] <= h + 1 for b, (w, h) in _placed(known))
    by_fit = fit and leave >= _FEW and 2 * leave > len(known) and not sizes
    if ordered and ((corners >= _FEW and not sizes) or by_fit):
        reasons = [
            f"{corners} have the area or outline of two corners, x0, y0, x1, y1" if corners else "",
            f"{leave} of {len(known)} leave the picture as x, y, width, height, none as two corners" if leave and fit else "",
        ]  # fmt: skip
        ask(
            f"{file.name}: its boxes look like two corners, not like COCO's x, y, width, height: "
            f"of {n_of(len(votes), 'box', 'boxes')}, {'; '.join(filter(None, reasons))}.",
            [("-O boxes=xyxy", "left, top, right, bottom"), ("-O boxes=xywh", "left, top, width, height")],
        )
    if 20 * corners > len(votes) or (fit and 20 * leave > len(known)):
        log.assume(
            f"what bbox holds ({file.name})",
            "x, y, width, height",
            for_=sizes,
            against=max(corners, leave if fit else 0),
            unknown=len(votes) - sizes - corners,
            why="areas and outlines of a sample of the boxes, and whether they fit on their pictures",
            option="-O boxes=xyxy",
        )
    return False


def _vote(seen: _Seen) -> Form | None:
    """What the area or the outline of a box says, where it says one thing only."""
    assert seen.box is not None
    left, top, third, fourth = seen.box
    if third <= left or fourth <= top:
        return Form.SIZES
    said = set()
    if seen.area:
        said |= {Form.SIZES} if _alike(seen.area, third * fourth) else set()
        said |= {Form.CORNERS} if _alike(seen.area, (third - left) * (fourth - top)) else set()
    if seen.extent is not None and not said:
        said |= {Form.SIZES} if _near(seen.extent, (left, top, left + third, top + fourth)) else set()
        said |= {Form.CORNERS} if _near(seen.extent, (left, top, third, fourth)) else set()
    return said.pop() if len(said) == 1 else None


def _leaves(seen: _Seen) -> bool:
    """Whether a box leaves its picture as x, y, width, height."""
    assert seen.box is not None
    assert seen.size is not None
    left, top, width, height = seen.box
    return left + width > seen.size[0] + 1 or top + height > seen.size[1] + 1


def _placed(known: list[_Seen]) -> Iterator[tuple[list[float], tuple[float, float]]]:
    return ((seen.box, seen.size) for seen in known if seen.box is not None and seen.size is not None)


def _alike(area: float, other: float) -> bool:
    return abs(area - other) <= 0.001 * abs(other)


def _near(extent: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(extent, other)) <= 1.5


def _tell_rectangles(file: File, sample: list[_Seen], log: Log) -> None:
    """Say so where every outline of a sample is the rectangle of its box, as some exports write boxes."""
    drawn = [seen for seen in sample if seen.extent is not None]
    alike = [s for s in drawn if s.upright and s.box and s.extent and _near(s.extent, _corners_of(s.box))]
    if len(alike) >= _SOME and len(alike) == len(drawn):
        log.assume(
            f"outlines that are just the corners of their boxes ({file.name})",
            "polygons",
            against=len(alike),
            why="every outline of a sample is its box",
            option="--geometry bbox",
        )


def _corners_of(box: list[float]) -> tuple[float, ...]:
    return box[0], box[1], box[0] + box[2], box[1] + box[3]


# ------------------------------------------------------------------------------------------------------ keypoints


def _all_visible(file: File, sample: list[_Seen], visibility: Visibility, log: Log) -> bool:
    """Whether 1 says no more than that a keypoint is there; noted where only few points speak for COCO's rule."""
    if visibility is not Visibility.AUTO:
        return visibility is Visibility.PRESENT
    values = [v for seen in sample for v in seen.visibilities if v > 0]
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
    return False


# --------------------------------------------------------------------------------------------------------- sample


def sample_of(file: File, number: int, opened: Opened) -> Iterator[bytes]:
    """Annotations spread over the file; of a track one that is on a frame."""
    table = file.annotations if file.tracks is None else file.tracks.tracks
    count = len(table)
    for row in sorted(set(np.linspace(0, max(0, count - 1), min(count, SAMPLE)).astype(np.int64).tolist())):
        text = opened.read(number, int(table.lengths[row]), int(table.starts[row]))
        if file.tracks is not None:
            text = next((shown for shown in split_track(text)[1] if shown is not None), b"")
        yield text


def _seen(texts: Iterable[bytes], pictures: _Pictures) -> Iterator[_Seen]:
    """What is seen of annotations; those that do not decode at once, or state their ``bbox_mode``, say nothing here."""
    for text in texts:
        try:
            record = _record(text)
        except UNDECODABLE:
            continue
        box = record.bbox if record.bbox and len(record.bbox) == 4 and record.bbox_mode is None else None
        extent, upright = _extent(record.segmentation)
        yield _Seen(
            box=box if box and all(map(math.isfinite, box)) else None,
            area=record.area,
            extent=extent,
            upright=upright,
            size=pictures.size_of(record.image_id),
            visibilities=(record.keypoints or [])[2::3],
        )


def _extent(segmentation: msgspec.Raw) -> tuple[tuple[float, float, float, float] | None, bool]:
    """What lies around an outline, and whether it is an upright rectangle."""
    try:
        parts = _outline(segmentation)
    except UNDECODABLE:
        return None, False
    xs, ys = [v for part in parts for v in part[::2]], [v for part in parts for v in part[1::2]]
    if not xs or not ys:
        return None, False
    return (min(xs), min(ys), max(xs), max(ys)), len(ys) in (4, 5) and (len(set(xs)), len(set(ys))) == (2, 2)


class _Pictures:
    """Sizes of the images of a file, by id."""

    def __init__(self, file: File, number: int, opened: Opened) -> None:
        self._table, self._number, self._opened = file.images, number, opened
        self._order = np.argsort(file.images.keys, kind="stable")
        self._sorted = file.images.keys[self._order]

    def size_of(self, id: Id) -> tuple[float, float] | None:
        key = Names.key(id)
        for wanted in () if key is None else (key, twin(key)):
            begin, end = np.searchsorted(self._sorted, wanted), np.searchsorted(self._sorted, wanted, side="right")
            if end - begin == 1:
                row = int(self._order[begin])
                start, length = int(self._table.starts[row]), int(self._table.lengths[row])
                try:
                    found = _size(self._opened.read(self._number, length, start))
                except UNDECODABLE:
                    return None
                return (found.width, found.height) if found.width and found.height else None
        return None
