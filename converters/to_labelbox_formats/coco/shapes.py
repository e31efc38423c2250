"""Where an annotation is: its box, outline and keypoints, from the fields of its record to the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import msgspec

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Asset, Box, Keypoint, Keypoints, Mask, Point, Polygon
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.coco.categories import unique_names
from to_labelbox_formats.coco.ids import Id, find
from to_labelbox_formats.coco.lenient_records import leniently, plain_counts
from to_labelbox_formats.coco.record_types import (
    AnyFields,
    Files,
    LooseFields,
    MixedOutline,
    Record,
    Rle,
    decode_all,
    has_outline,
)

_SAYS_SOMETHING = re.compile(rb"[1-9]")


Outline: TypeAlias = Polygon | Mask | Point


class Shapes:
    """Reads places by what is known of each file. Numbers that are fractions are scaled by the size of the asset."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._names: dict[tuple[int, Id, int], list[str]] = {}

    def straighten(self, record: Record, data: AnyFields, asset: Asset, log: Log) -> None:
        """Bring ``bbox`` into the form of COCO where the file or the record has another: x, y, width, height.

        ``bbox_mode`` is detectron2's BoxMode: 0 and 2 are corners, 1 and 3 left, top and sides, 2 and 3 in fractions of
        the picture, 4 centre, sides and an angle counter-clockwise.
        """
        if not data.bbox:
            return
        conventions = self._files.conventions[record.file]
        mode = data.bbox_mode if conventions.stated else None
        form = _MODES.get(str(mode).rpartition(".")[2].upper()) if mode is not None else None
        if mode is not None and form is None:
            self.note(
                log, Code.BOX_INVALID, f"bbox_mode {mode!r} is none that is known, so bbox is not read", record, data.id
            )
            data.bbox = None
        elif form is _Mode.TURNED and len(data.bbox) == 5:
            cx, cy, width, height, angle = data.bbox
            data.bbox = [cx - width / 2, cy - height / 2, width, height]
            if not has_outline(data.segmentation):
                data.attributes = {**(data.attributes or {}), "rotation": -angle}
        elif len(data.bbox) == 4:
            left, top, third, fourth = data.bbox
            if form in _CORNERS or (form is None and conventions.corners):
                third, fourth = third - left, fourth - top
            data.bbox = [left, top, third, fourth]
            if form in _FRACTIONS:
                width, height = size_of(asset)
                data.bbox = [left * width, top * height, third * width, fourth * height]

    def box(self, record: Record, data: AnyFields, scale: Asset | None, log: Log) -> Box | None:
        """x, y, width, height; None when there is none. A broken one costs the annotation only if it is all there is."""
        values = data.bbox
        if not values:
            return None
        if len(values) != 4 or not geo.finite(values):
            remedy = ": a turned box needs its corners as segmentation" if len(values) == 5 else ""
            message = f"bbox has {n_of(len(values), 'number')}, or not finite ones{remedy}"
            self.note(log, Code.BOX_INVALID, message, record, data.id)
            return None
        left, top, width, height = values
        if width < 0 or height < 0:
            self.note(log, Code.BOX_FLIPPED, "bbox has a negative side; its corners are swapped", record, data.id)
            left, width = (left + width, -width) if width < 0 else (left, width)
            top, height = (top + height, -height) if height < 0 else (top, height)
        if scale is not None:
            w, h = self.scale(record, scale)
            left, top, width, height = left * w, top * h, width * w, height * h
        return Box(left, top, width, height)

    def outline(
        self, record: Record, data: AnyFields, asset: Asset, log: Log, turned: bool = False
    ) -> tuple[Outline | None, bool]:
        """The outline and whether some of it is lost; None for no outline, or for a broken one with a box to stand in.

        Where only boxes are asked for, it is read only when there is no box, when it may be of a point, or when the box is
        ``turned``.
        """
        segmentation = data.segmentation
        if not isinstance(segmentation, msgspec.Raw):
            return self.shape(record, data, asset, log) if segmentation else (None, False)
        if not has_outline(segmentation) or (data.bbox and not _is_tiny(data.bbox) and not turned):
            return None, False
        try:
            full: AnyFields = decode_all(b"[%b]" % record.text)[0]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            try:
                full = leniently(record.text)[0]
            except (ValueError, RecursionError) as error:
                raise Refused(Code.RECORD_UNREADABLE, f"the outline is not readable: {in_words(error)}") from None
        return self.shape(record, full, asset, log)

    def shape(self, record: Record, data: AnyFields, asset: Asset | None, log: Log) -> tuple[Outline | None, bool]:
        segmentation = data.segmentation
        if isinstance(segmentation, list):
            if len(segmentation) == 1 and len(segmentation[0]) == 2 and geo.finite(segmentation[0]):
                return self._one_point(record, data, segmentation[0], asset), False
            return self._polygon(record, data, segmentation, asset, log)
        if isinstance(segmentation, MixedOutline):
            return self._mixed(record, data, segmentation, asset, log)
        if isinstance(segmentation, Rle):
            try:
                return self._mask(record, data, segmentation, asset, log), False
            except geo.GeometryError as error:
                if not data.bbox:
                    raise
                self.note(log, Code.MASK_INVALID, f"{error}; its box is used instead", record, data.id)
                return None, True
        return None, False

    def _mask(self, record: Record, data: AnyFields, rle: Rle, asset: Asset | None, log: Log) -> Mask:
        """An RLE of which the size, or the order of its sides, may have to be found out. Raises GeometryError."""
        rle = Rle(rle.size, plain_counts(rle.counts))
        if asset is None or not asset.width or not asset.height:
            return mask_of(rle, asset)
        size = [asset.height, asset.width]
        if not rle.size:
            mask = mask_of(Rle(size, rle.counts), asset)
            self.note(log, Code.FIELD_REPAIRED, "the RLE has no size; its runs fill the image", record, data.id)
            return mask
        swaps = not self._files.conventions[record.file].stated_sides
        if swaps and rle.size == size[::-1] != size and data.bbox and len(data.bbox) == 4:
            upright, turned = (_extent(Rle(s, rle.counts)) for s in (rle.size, size))
            if turned is not None and _near(turned, data.bbox) and not (upright and _near(upright, data.bbox)):
                log.assume(
                    f"sides of RLEs ({self._files.names[record.file]})",
                    "width, height",
                    for_=1,
                    why="size has the image's sides in this order, and the mask then fits its bbox, else not",
                    option="-O rle_sides=stated",
                )
                return mask_of(Rle(size, rle.counts), asset)
        return mask_of(rle, asset)

    def _mixed(
        self, record: Record, data: AnyFields, outline: MixedOutline, asset: Asset | None, log: Log
    ) -> tuple[Polygon | Mask | None, bool]:
        """Parts that are RLEs, rings, or rings with holes, united: a mask if any is an RLE."""
        drawn: list[tuple[list[float], ...]] = []
        masks: list[Mask] = []
        lost = 0
        for part in outline.parts:
            if isinstance(part, Rle):
                try:
                    masks.append(self._mask(record, data, part, asset, log))
                except geo.GeometryError as error:
                    self.note(log, Code.MASK_INVALID, f"{error}; that part is left out", record, data.id)
                    lost += 1
                continue
            usable = [self._scaled(record, ring, asset) for ring in part if len(ring) >= 6 and not len(ring) % 2]
            if usable and len(part[0]) >= 6:
                drawn.append(tuple(usable))
            if len(usable) < len(part):
                self.note(
                    log, Code.POLYGON_TOO_SHORT, "a ring of the outline is no polygon; it is left out", record, data.id
                )
                lost += 1
        if not drawn and not masks:
            if not data.bbox:
                raise Refused(Code.GEOMETRY_MISSING, "the segmentation holds no outline that can be read")
            return None, True
        if not masks:
            return Polygon(tuple(drawn)), lost > 0
        if drawn:
            masks.append(raster.rasterise(Polygon(tuple(drawn)), masks[0].width, masks[0].height))
        return raster.union(masks), lost > 0

    def _scaled(self, record: Record, ring: list[float], asset: Asset | None) -> list[float]:
        if not self._files.conventions[record.file].sides or asset is None:
            return ring
        w, h = self.scale(record, asset)
        return [v * (h if n % 2 else w) for n, v in enumerate(ring)]

    def scale(self, record: Record, asset: Asset) -> tuple[float, float]:
        """Pixels of one unit along both sides, where the file's coordinates are fractions of them."""
        width, height = size_of(asset)
        sides = self._files.conventions[record.file].sides
        return width / sides, height / sides

    def _one_point(self, record: Record, data: AnyFields, place: list[float], asset: Asset | None) -> Point | None:
        """An outline of one point: a point, as RectLabel has it, unless it is a keypoint too, as in Encord's files."""
        return None if data.keypoints else Point(*self._scaled(record, place, asset))

    def _polygon(
        self, record: Record, data: AnyFields, parts: list[list[float]], asset: Asset | None, log: Log
    ) -> tuple[Polygon | None, bool]:
        if len(parts) == 1 and len(parts[0]) >= 6 and not len(parts[0]) % 2:
            kept = parts
        else:
            parts = [p for p in parts if p]
            if not parts:
                return None, False
            if len(parts) >= 3 and all(len(p) == 2 for p in parts):
                self.note(
                    log, Code.FIELD_REPAIRED, "segmentation is a list of points; taken as one part", record, data.id
                )
                parts = [[v for p in parts for v in p]]
            kept = [p for p in parts if len(p) >= 6 and not len(p) % 2]
        loss = len(kept) < len(parts)
        if loss:
            bad = next(p for p in parts if len(p) < 6 or len(p) % 2)
            left = "that part is left out" if kept else "its box is used instead" if data.bbox else "nothing is left"
            self.note(
                log,
                Code.POLYGON_TOO_SHORT,
                f"a part of {n_of(len(bad), 'number')} is no polygon; {left}",
                record,
                data.id,
            )
        if not kept:
            if not data.bbox:
                raise Refused(Code.POLYGON_TOO_SHORT, "no part of the segmentation has three points")
            return None, True
        return Polygon(tuple([(self._scaled(record, p, asset),) for p in kept])), loss

    def keypoints(self, record: Record, data: AnyFields, log: Log) -> Keypoints | None:
        """Points with v > 0, named by the category; None when none is labelled."""
        conventions = self._files.conventions[record.file]
        all_visible, most = conventions.all_visible, conventions.most_visible
        if isinstance(data, LooseFields) and data.named_points:
            return self._named(record, data, log)
        values = data.keypoints or []
        if len(values) % 3 or not geo.finite(values):
            self.note(
                log,
                Code.KEYPOINTS_INVALID,
                f"keypoints have {n_of(len(values), 'number')}, not triples",
                record,
                data.id,
            )
            return None
        count = len(values) // 3
        category = find(self._files.categories[record.file], data.category_id)
        names = (category.keypoints if category else None) or []
        if names and len(names) != count:
            message = f"{n_of(count, 'keypoint')}, but the category names {len(names)}"
            self.note(log, Code.KEYPOINTS_INVALID, message, record, data.id)
        if len(names) < count:
            names = self._more_names(record.file, data.category_id, names, count)
        points = [
            Keypoint(names[n], values[3 * n], values[3 * n + 1], values[3 * n + 2] == 1 and not all_visible)
            for n in range(count)
            if 0 < values[3 * n + 2] <= most
        ]
        return Keypoints(tuple(points)) if points else None

    def _more_names(self, file: int, category: Id, names: list[str], count: int) -> list[str]:
        """The names that a category has, then ``kp_1`` and so on by their places, none that it has."""
        known = self._names.get((file, category, count))
        if known is None:
            more = unique_names([""] * (count - len(names)), len(names) + 1, frozenset(names))
            known = self._names[file, category, count] = [*names, *more]
        return known

    def _named(self, record: Record, data: LooseFields, log: Log) -> Keypoints | None:
        """Points that say themselves what they are."""
        conventions = self._files.conventions[record.file]
        all_visible, most = conventions.all_visible, conventions.most_visible
        table = self._files.point_names[record.file]
        points = data.named_points or []
        names = unique_names([point.name or find(table, point.id) or "" for point in points])
        bad = sum(not geo.finite((point.x, point.y, point.v)) for point in points)
        if bad:
            self.note(
                log, Code.KEYPOINTS_INVALID, f"{n_of(bad, 'keypoint has', 'keypoints have')} no place", record, data.id
            )
        found = [
            Keypoint(name, point.x, point.y, point.v == 1 and not all_visible)
            for name, point in zip(names, points)
            if geo.finite((point.x, point.y, point.v)) and 0 < point.v <= most
        ]
        return Keypoints(tuple(found)) if found else None

    def more_keypoints(self, record: Record, data: AnyFields, log: Log) -> bool:
        """Whether there are points of feet, face or hands, as COCO-WholeBody has them; no category names them."""
        found = [
            name
            for name in ("foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
            if _SAYS_SOMETHING.search(memoryview(getattr(data, name)))
        ]
        if found:
            message = f"{', '.join(found)}: points of feet, face and hands are not carried over"
            self.note(log, Code.FIELD_IGNORED, message, record, data.id)
        return bool(found)

    def note(self, log: Log, code: Code, message: str, record: Record, id: Id) -> None:
        log.note(code, message, file=self._files.names[record.file], where=self._files.where(record), id=str(id))


class _Mode(Enum):
    """What a box is, by detectron2."""

    CORNERS = 0
    SIZES = 1
    CORNERS_OF_ONE = 2
    SIZES_OF_ONE = 3
    TURNED = 4


_CORNERS = (_Mode.CORNERS, _Mode.CORNERS_OF_ONE)
_FRACTIONS = (_Mode.CORNERS_OF_ONE, _Mode.SIZES_OF_ONE)
_WORDS = {"XYXY_ABS": 0, "XYWH_ABS": 1, "XYXY_REL": 2, "XYWH_REL": 3, "XYWHA_ABS": 4, "XYXY": 0, "XYWH": 1}
_MODES = {str(mode.value): mode for mode in _Mode} | {word: _Mode(number) for word, number in _WORDS.items()}


def _extent(rle: Rle) -> tuple[float, float, float, float] | None:
    """Left, top, width, height of a mask; None for none that can be read."""
    try:
        box = raster.mask_box(mask_of(rle, None))
    except geo.GeometryError:
        return None
    return (box.left, box.top, box.width, box.height) if box else None


def _near(extent: Sequence[float], bbox: Sequence[float]) -> bool:
    return max(abs(a - b) for a, b in zip(extent, bbox)) <= 2


def size_of(asset: Asset) -> tuple[int, int]:
    if asset.width is None or asset.height is None:
        raise Refused(Code.IMAGE_SIZE_UNKNOWN, "fractions need the size of the image: give --media-root or --sizes")
    return asset.width, asset.height


def _is_tiny(bbox: Sequence[float]) -> bool:
    """Whether a box may stand for a point: no side is longer than a pixel."""
    return len(bbox) == 4 and bbox[2] <= 1 and bbox[3] <= 1


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
