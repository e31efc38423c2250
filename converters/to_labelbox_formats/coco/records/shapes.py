"""Where an annotation is: its box, outline and keypoints, from the fields of its record to the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Asset, Box, Flat, Keypoint, Keypoints, Mask, Point, Polygon
from to_labelbox.model.text import n_of
from to_labelbox.report import sentences
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.coco.conventions.arrangements import AS_PAIRS, AS_SIZES, form_of, order_of
from to_labelbox_formats.coco.conventions.inner_parts import nested
from to_labelbox_formats.coco.conventions.sample import as_triples, seen_of_text
from to_labelbox_formats.coco.conventions.turns import level, turn_in
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.fields.lenient_records import leniently, plain_counts, read_one
from to_labelbox_formats.coco.fields.named_sides import PARTS, box_among, number, stated_part
from to_labelbox_formats.coco.fields.record_types import (
    LooseFields,
    MixedOutline,
    Reading,
    Rle,
    decode_all,
    has_outline,
)
from to_labelbox_formats.coco.index.categories import Category, unique_names
from to_labelbox_formats.coco.index.census import OUTLINES, members_of
from to_labelbox_formats.coco.index.ids import find
from to_labelbox_formats.coco.options import Form, Inner, Outlines, Rotation

_OUTLINES = [f'"{name}"'.encode() for name in OUTLINES]
_ANSWERS = (FileKind.LABELS, FileKind.CAPTIONS, FileKind.PANOPTIC)
"""Kinds of files whose records draw nothing themselves."""
_HOLDS_NO_NUMBER = "holds something that is not a finite number"
_TRANSPOSED = 5
"""The EXIF value of a picture whose rows are columns."""
_HOLD_NO_NUMBER = "hold something that is not a finite number"

_Triple: TypeAlias = tuple[float, float, float]
Outline: TypeAlias = Polygon | Mask | Point


def straighten(reading: Reading) -> None:
    """Bring ``bbox`` into the form of COCO where the file or the record has another: x, y, width, height.

    ``bbox_mode`` is detectron2's BoxMode: 0 and 2 are corners, 1 and 3 left, top and sides, 2 and 3 in fractions of
    the picture, 4 centre, sides and an angle counter-clockwise.
    """
    data = reading.data
    if not data.bbox and not _take_named_box(reading):
        return
    assert data.bbox
    conventions = reading.record.file.conventions
    mode = data.bbox_mode if conventions.stated else None
    form = _MODES.get(str(mode).rpartition(".")[2].upper()) if mode is not None else None
    if mode is not None and form is None:
        reading.remark(Code.BOX_INVALID, f"bbox_mode {mode!r} is none that is known, so bbox is not read")
        data.bbox = None
    elif form == _TURNED and len(data.bbox) == 5:
        cx, cy, width, height, angle = data.bbox
        data.bbox = [cx - width / 2, cy - height / 2, width, height]
        reading.turn = -angle
    elif mode is None and len(data.bbox) == 5 and conventions.rotation is not Rotation.AUTO:
        box = AS_SIZES[conventions.of_five](*data.bbox[:4])
        data.bbox, reading.turn = level(box, data.bbox[4], conventions.rotation)
    elif len(data.bbox) == 4:
        of_file = Form.SIZES if form is not None else conventions.boxes
        if of_file is Form.EACH:
            of_file = form_of(reading.record.text, data.bbox)
        left, top, third, fourth = data.bbox = AS_SIZES[
            Form.CORNERS if form in (_CORNERS, _CORNERS_OF_ONE) else of_file
        ](*data.bbox)
        if form in (_CORNERS_OF_ONE, _SIZES_OF_ONE):
            width, height = size_of(reading.asset)
            data.bbox = [left * width, top * height, third * width, fourth * height]
        if mode is None and conventions.turn_field:
            turn = turn_in(members_of(reading.record.text), conventions.turn_field)
            data.bbox, reading.turn = level(data.bbox, turn, conventions.rotation)


def _take_named_box(reading: Reading) -> bool:
    """Whether a record without any place of COCO names the sides of a box, which then is its ``bbox``."""
    data = reading.data
    drawn = data.keypoints or (isinstance(data, LooseFields) and data.named_points) or has_outline(data.segmentation)
    if drawn or data.caption is not None or reading.record.file.kind in _ANSWERS:
        return False
    members = members_of(reading.record.text)
    if (named := box_among(members)) is None:
        return False
    fields, data.bbox = named
    reading.remark(Code.FIELD_REPAIRED, f"there is no bbox but {fields}, which is taken for it")
    return True


def box_of(reading: Reading) -> Box | None:
    """x, y, width, height; None when there is none, or a broken one, which is remarked."""
    values = reading.data.bbox
    if not values:
        return None
    if len(values) != 4 or not geo.finite(values):
        reading.remark(Code.BOX_INVALID, _broken_box(values))
        return None
    left, top, width, height = values
    if width < 0 or height < 0:
        reading.remark(*sentences.BOXES_CORNERS_SWAPPED())
        left, width = (left + width, -width) if width < 0 else (left, width)
        top, height = (top + height, -height) if height < 0 else (top, height)
    conventions = reading.record.file.conventions
    w, h = _scale(reading, 0, values)
    first = conventions.first
    return Box((left - first) * w, (top - first) * h, width * w, height * h)


def outline_of(reading: Reading, turned: bool = False) -> Outline | None:
    """The outline; None for no outline, or for a broken one, which is remarked.

    Where only boxes are asked for, it is read only when there is no box, when it may be of a point, or when the box is
    ``turned``.
    """
    data, segmentation = reading.data, reading.data.segmentation
    if not isinstance(segmentation, msgspec.Raw):
        return _shape(reading, segmentation)
    may_be_a_point = data.bbox and len(data.bbox) == 4 and max(data.bbox[2:]) <= 1
    if not has_outline(segmentation) or (data.bbox and not may_be_a_point and not turned):
        return None
    try:
        full, _ = read_one(reading.record.text, decode_all)
    except (ValueError, RecursionError) as error:
        raise Refused(Code.RECORD_UNREADABLE, f"the outline is not readable: {in_words(error)}") from None
    return None if isinstance(full.segmentation, msgspec.Raw) else _shape(reading, full.segmentation)


def other_outline(reading: Reading) -> Outline | None:
    """The outline of a record without a place, in a field that COCO does not have; None where there is none."""
    text = reading.record.text
    if isinstance(reading.data, LooseFields) or not any(name in text for name in _OUTLINES):
        return None
    try:
        fields, repairs = leniently(text)
    except (ValueError, RecursionError):
        return None
    for repair in repairs:
        reading.remark(Code.FIELD_REPAIRED, repair)
    return _shape(reading, fields.segmentation)


def _shape(reading: Reading, segmentation: list[list[float]] | Rle | MixedOutline | None) -> Outline | None:
    try:
        if isinstance(segmentation, list) and segmentation:
            if len(segmentation) == 1 and len(segmentation[0]) == 2 and geo.finite(segmentation[0]):
                return _one_point(reading, segmentation[0])
            return _polygon(reading, _in_pairs(reading, segmentation))
        if isinstance(segmentation, MixedOutline):
            return _mixed(reading, segmentation)
        if isinstance(segmentation, Rle):
            return _mask(reading, segmentation)
    except geo.GeometryError as error:
        reading.without(Code.MASK_INVALID, str(error))
    return None


def _mask(reading: Reading, rle: Rle) -> Mask:
    """An RLE of which the size, or the order of its sides, may have to be found out. Raises GeometryError."""
    rle = Rle(rle.size, plain_counts(rle.counts))
    asset, bbox = reading.asset, reading.data.bbox
    if not asset.width or not asset.height:
        return mask_of(rle, asset)
    size = [asset.height, asset.width]
    if not rle.size:
        mask = mask_of(Rle(size, rle.counts), asset)
        reading.remark(Code.FIELD_REPAIRED, "the RLE has no size; its runs fill the image")
        return mask
    conventions = reading.record.file.conventions
    if conventions.by_rows and sorted(rle.size) == sorted(size):
        return raster.turned(mask_of(Rle(size[::-1], rle.counts), None), _TRANSPOSED)
    if not conventions.stated_rle and rle.size == size[::-1] != size and bbox and len(bbox) == 4:
        upright, turned = (_extent(Rle(s, rle.counts)) for s in (rle.size, size))
        if turned is not None and _near(turned, bbox) and not (upright and _near(upright, bbox)):
            reading.swapped = True
            return mask_of(Rle(size, rle.counts), asset)
    return mask_of(rle, asset)


def _mixed(reading: Reading, outline: MixedOutline) -> Polygon | Mask | None:
    """Parts that are RLEs, rings, or rings with holes, united: a mask if any is an RLE."""
    drawn: list[tuple[Flat, ...]] = []
    masks: list[Mask] = []
    for part in outline.parts:
        if isinstance(part, Rle):
            try:
                masks.append(_mask(reading, part))
            except geo.GeometryError as error:
                reading.remark(Code.MASK_INVALID, f"{error}; that part is left out")
                reading.lost = True
            continue
        usable = [_scaled(reading, ring) for ring in part if _is_ring(ring)]
        if usable and _is_ring(part[0]):
            drawn.append(tuple(usable))
        if len(usable) < len(part):
            reading.remark(Code.POLYGON_TOO_SHORT, "a ring of the outline is no polygon; it is left out")
            reading.lost = True
    if not masks:
        if drawn:
            return Polygon(tuple(drawn))
        reading.without(Code.MASK_INVALID, "the segmentation holds no outline that can be read")
        return None
    if drawn:
        masks.append(raster.rasterise(Polygon(tuple(drawn)), masks[0].width, masks[0].height))
    return raster.union(masks)


def _polygon(reading: Reading, parts: list[list[float]]) -> Polygon | None:
    if not (len(parts) == 1 and len(parts[0]) >= 6):
        parts = [part for part in parts if part]
        if len(parts) >= 3 and all(len(part) == 2 for part in parts):
            reading.remark(Code.FIELD_REPAIRED, "segmentation is a list of points; taken as one part")
            parts = [[v for part in parts for v in part]]
    kept = [part for part in parts if _is_ring(part)]
    if len(kept) < len(parts):
        bad = next(part for part in parts if not _is_ring(part))
        fault = (
            f"a part of {n_of(len(bad), 'number')} is no polygon" if geo.finite(bad) else f"a part {_HOLDS_NO_NUMBER}"
        )
        if kept:
            reading.remark(Code.POLYGON_TOO_SHORT, f"{fault}; that part is left out")
            reading.lost = True
        else:
            reading.without(Code.POLYGON_TOO_SHORT, fault)
    drawn = _with_holes(reading, kept) if len(kept) > 1 else [(ring,) for ring in kept]
    return Polygon(tuple([tuple([_scaled(reading, ring) for ring in part]) for part in drawn])) if kept else None


def _with_holes(reading: Reading, rings: list[list[float]]) -> Sequence[tuple[Flat, ...]]:
    """Rings as parts, those in others as their holes where they are said to be."""
    wanted = reading.record.file.conventions.inner
    found = nested(rings) if wanted is not Inner.FILLED else None
    if found is not None and wanted is Inner.AUTO:
        width, height = reading.asset.width, reading.asset.height
        size = (width, height) if width and height and not _is_scaled(reading) else None
        said = found.are_holes(seen_of_text(reading.record.text)[0], size)
        reading.inner = {None: Inner.AUTO, True: Inner.HOLES, False: Inner.FILLED}[said]
        found = found if said else None
    return found.parts if found else [(ring,) for ring in rings]


def _in_pairs(reading: Reading, rings: list[list[float]]) -> list[list[float]]:
    """Rings as x, y, x, y, where their file has another order."""
    order = reading.record.file.conventions.outlines
    if order is Outlines.EACH:
        order = order_of(rings, reading.data.bbox)
    return (
        rings if order is Outlines.PAIRS else [AS_PAIRS[order](ring) if len(ring) % 2 == 0 else ring for ring in rings]
    )


def _one_point(reading: Reading, place: list[float]) -> Point | None:
    """An outline of one point: a point, as RectLabel has it, unless it is a keypoint too, as in Encord's files."""
    return None if reading.data.keypoints else Point(*_scaled(reading, place))


def _is_scaled(reading: Reading) -> bool:
    conventions = reading.record.file.conventions
    return bool(conventions.sides[1] or conventions.limits[1])


def _scaled(reading: Reading, ring: Flat) -> Flat:
    conventions = reading.record.file.conventions
    if not (_is_scaled(reading) or conventions.first):
        return ring
    w, h = _scale(reading, 1, ring)
    return [(v - conventions.first) * (h if n % 2 else w) for n, v in enumerate(ring)]


def keypoints_of(reading: Reading) -> Keypoints | None:
    """Points that are there, each named by the category or by itself; None when none is."""
    names, places = _stated_points(reading)
    if b"_kpts" in reading.record.text:
        more = list(_points_of_parts(reading))
        names, places = [*names[: len(places)], *(name for name, _ in more)], [*places, *(place for _, place in more)]
    if not places:
        return None
    conventions = reading.record.file.conventions
    if conventions.placed:
        places = [(x, y, 2 if x or y else 0) for x, y, _ in places]
    w, h = _scale(reading, 2, [value for x, y, v in places if v > 0 for value in (x, y)])
    points = [
        Keypoint(name, (x - conventions.first) * w, (y - conventions.first) * h, v in conventions.occluded)
        for name, (x, y, v) in zip(names, places)
        if 0 < v <= conventions.most_visible
    ]
    return Keypoints(tuple(points)) if points else None


def _stated_points(reading: Reading) -> tuple[list[str], list[_Triple]]:
    """The names and places of ``keypoints``."""
    data, file = reading.data, reading.record.file
    named = data.named_points if isinstance(data, LooseFields) else None
    if named:
        names = unique_names([point.name or find(file.point_names, point.id) or "" for point in named])
        return names, _placed(reading, [(point.x, point.y, point.v) for point in named])
    category = find(file.categories, data.category_id)
    values, otherwise = as_triples(data.keypoints or [], (category and category.keypoints) or ())
    if otherwise:
        reading.remark(Code.FIELD_REPAIRED, otherwise)
    if len(values) % 3:
        message = f"keypoints have {n_of(len(values), 'number')}, not triples"
        reading.remark(Code.KEYPOINTS_INVALID, message if geo.finite(values) else f"keypoints {_HOLD_NO_NUMBER}")
        reading.lost = True
        return [], []
    if not values:
        return [], []
    return _names_of(reading, category, len(values) // 3), _placed(
        reading, list(zip(values[::3], values[1::3], values[2::3]))
    )


def _points_of_parts(reading: Reading) -> Iterator[tuple[str, _Triple]]:
    """The points of feet, face and hands, each with its name: that of the category where it names those of all parts behind those
    of the body, else its number. Of face and hands, any value above 0 says that a point is there."""
    members = members_of(reading.record.text)
    category = find(reading.record.file.categories, reading.data.category_id)
    declared, at = (category and category.keypoints) or (), -sum(PARTS.values())
    is_named = len(declared) > -at
    for part, count in PARTS.items():
        values = stated_part(members, part)
        names = declared[at : (at := at + count) or None] if is_named else [f"{part}_{n}" for n in range(1, count + 1)]
        if values is None:
            continue
        numbers = list(map(number, values)) if isinstance(values, list) else []
        if len(numbers) != 3 * count:
            reading.remark(Code.KEYPOINTS_INVALID, f"{part}_kpts are not {count} triples and are left out")
            reading.lost = True
            continue
        reading.numbered = not is_named
        flags = numbers[2::3] if part == "foot" else [2 * (v > 0) or v for v in numbers[2::3]]
        yield from zip(names, _placed(reading, list(zip(numbers[::3], numbers[1::3], flags))))


def _placed(reading: Reading, given: list[_Triple]) -> list[_Triple]:
    """Keypoints of which those that have no place, or do not say whether they are there, are none."""
    placed = reading.record.file.conventions.placed
    places = [(x, y, v) if geo.finite((x, y, 0 if placed else v)) else (0, 0, 0) for x, y, v in given]
    # a place that is no number is what some write for a keypoint that is absent, as 0 says
    bad = sum(place != stated and stated[2] != 0 for place, stated in zip(places, given))
    if bad:
        reading.remark(Code.KEYPOINTS_INVALID, f"{n_of(bad, 'keypoint has', 'keypoints have')} no place or visibility")
        reading.lost = True
    return places


def _names_of(reading: Reading, category: Category | None, count: int) -> list[str]:
    """The names that the category has for its keypoints; where they are too few, then ``kp_1`` and so on by their places."""
    names = (category.keypoints if category else None) or []
    if names and len(names) not in (count, count + sum(PARTS.values())):
        message = f"{n_of(count, 'keypoint')}, but the category names {len(names)}"
        reading.remark(Code.KEYPOINTS_INVALID, message)
    if len(names) >= count:
        return names
    return _numbered(tuple(names), count)


@lru_cache(64)
def _numbered(names: tuple[str, ...], count: int) -> list[str]:
    return [*names, *unique_names([""] * (count - len(names)), len(names) + 1, frozenset(names))]


_CORNERS, _SIZES, _CORNERS_OF_ONE, _SIZES_OF_ONE, _TURNED = range(5)
"""What a box is, by detectron2."""
_WORDS = "XYXY_ABS XYWH_ABS XYXY_REL XYWH_REL XYWHA_ABS".split()
_MODES = {str(mode): mode for mode in range(5)} | {word: mode for mode, word in enumerate(_WORDS)}
_MODES |= {"XYXY": _CORNERS, "XYWH": _SIZES}


def _extent(rle: Rle) -> tuple[float, float, float, float] | None:
    """Left, top, width, height of a mask; None for none that can be read."""
    try:
        box = raster.mask_box(mask_of(rle, None))
    except geo.GeometryError:
        return None
    return (box.left, box.top, box.width, box.height) if box else None


def _broken_box(values: Sequence[float]) -> str:
    if geo.finite(values):
        remedy = ": the last is a turn, if -O rotation says which" if len(values) == 5 else ""
        return f"bbox has {n_of(len(values), 'number')}{remedy}"
    return f"bbox {_HOLDS_NO_NUMBER}" if len(values) == 4 else "bbox is no list of four numbers"


def _is_ring(part: Sequence[float]) -> bool:
    return len(part) >= 6 and not len(part) % 2 and geo.finite(part)


def _near(extent: Sequence[float], bbox: Sequence[float]) -> bool:
    return max(abs(a - b) for a, b in zip(extent, bbox)) <= 2


def _scale(reading: Reading, kind: int, values: Sequence[float]) -> tuple[float, float]:
    """Pixels of one unit along both sides, where the numbers of a box (0), outline (1) or keypoints (2) are fractions of a side
    of some length; 1 for pixels."""
    conventions = reading.record.file.conventions
    side = conventions.sides[kind]
    if limit := conventions.limits[kind]:
        side = float(bool(values) and max(values) <= limit)
    if not side:
        return 1, 1
    width, height = size_of(reading.asset)
    return width / side, height / side


def size_of(asset: Asset) -> tuple[int, int]:
    if asset.width is None or asset.height is None:
        raise Refused(Code.IMAGE_SIZE_UNKNOWN, "fractions need the size of the image: give --media-root or --sizes")
    return asset.width, asset.height


def is_box(outline: Outline, box: Box) -> bool:
    """Whether an outline says no more than the upright box beside it."""
    found = rectangle(outline) if isinstance(outline, Polygon) and outline.parts else None
    if found is None:
        return False
    sides = zip((found.left, found.top, found.width, found.height), (box.left, box.top, box.width, box.height))
    return max(abs(a - b) for a, b in sides) < 0.01


def rectangle(polygon: Polygon) -> Box | None:
    """The box whose four corners a polygon has; None when it is none."""
    ring = polygon.parts[0][0]
    xs, ys = sorted(set(ring[::2])), sorted(set(ring[1::2]))
    if len(polygon.parts) > 1 or len(ring) not in (8, 10) or (len(xs), len(ys)) != (2, 2):
        return None
    return Box(xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0])


def mask_of(rle: Rle, asset: Asset | None) -> Mask:
    """An RLE over the whole image; ``size`` is [height, width]."""
    if len(rle.size) != 2:
        raise geo.GeometryError("size of an RLE is [height, width]")
    height, width = rle.size
    if asset is not None and asset.width and asset.height and (width, height) != (asset.width, asset.height):
        swapped = " (the two look swapped)" if (height, width) == (asset.width, asset.height) else ""
        raise geo.GeometryError(
            f"RLE of height {height}, width {width} on an image of height {asset.height}, width {asset.width}{swapped}"
        )
    if isinstance(rle.counts, str):
        return raster.mask_from_counts(rle.counts, width, height)
    return raster.mask_from_runs(rle.counts, width, height)
