"""Where an annotation is: its box, outline and keypoints, from the fields of its record to the model."""

from __future__ import annotations

import re

import msgspec

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Asset, Box, Keypoint, Keypoints, Mask, Polygon
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox_formats.coco.ids import Id, Names
from to_labelbox_formats.coco.lenient_records import leniently, plain_counts
from to_labelbox_formats.coco.record_types import BoxFields, Fields, Files, Record, Rle, decode_all, has_outline

_SAYS_SOMETHING = re.compile(rb"[1-9]")


class Refused(Exception):
    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Shapes:
    """Reads places by what is known of each file. Numbers that are fractions are scaled by the size of the asset."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def box(self, record: Record, data: Fields | BoxFields, scale: Asset | None, log: Log) -> Box | None:
        """x, y, width, height; None when there is none. A broken one costs the annotation only if it is all there is."""
        values = data.bbox
        if not values:
            return None
        if len(values) != 4 or not geo.finite(values):
            remedy = ": a turned box needs its corners as segmentation" if len(values) == 5 else ""
            message = f"bbox has {len(values)} numbers, or not finite ones{remedy}"
            self.note(log, Code.BOX_INVALID, message, record, data.id)
            return None
        left, top, width, height = values
        if width < 0 or height < 0:
            self.note(log, Code.BOX_FLIPPED, "bbox has a negative side; its corners are swapped", record, data.id)
            left, width = (left + width, -width) if width < 0 else (left, width)
            top, height = (top + height, -height) if height < 0 else (top, height)
        if scale is not None:
            w, h = size_of(scale)
            left, top, width, height = left * w, top * h, width * w, height * h
        return Box(left, top, width, height)

    def outline(
        self, record: Record, data: Fields | BoxFields, asset: Asset, log: Log
    ) -> tuple[Polygon | Mask | None, bool]:
        """The outline and whether some of it is lost; None for no outline, or for a broken one with a box to stand in."""
        segmentation = data.segmentation
        if not isinstance(segmentation, msgspec.Raw):
            return self.shape(record, data, asset, log) if segmentation else (None, False)
        if data.bbox or not has_outline(segmentation):
            return None, False
        try:
            full = decode_all(b"[%b]" % record.text)[0]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            try:
                full = leniently(record.text)[0]
            except (ValueError, RecursionError) as error:
                raise Refused(Code.RECORD_UNREADABLE, f"the outline is not readable: {error}") from None
        return self.shape(record, full, asset, log)

    def shape(
        self, record: Record, data: Fields | BoxFields, asset: Asset | None, log: Log
    ) -> tuple[Polygon | Mask | None, bool]:
        segmentation = data.segmentation
        if isinstance(segmentation, list):
            return self._polygon(record, data, segmentation, asset, log)
        if isinstance(segmentation, Rle):
            try:
                return mask_of(Rle(segmentation.size, plain_counts(segmentation.counts)), asset), False
            except geo.GeometryError as error:
                if not data.bbox:
                    raise
                self.note(log, Code.MASK_INVALID, f"{error}; its box is used instead", record, data.id)
                return None, True
        return None, False

    def _polygon(
        self, record: Record, data: Fields | BoxFields, parts: list[list[float]], asset: Asset | None, log: Log
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
            bad = next(p for p in parts if p not in kept)
            left = "that part is left out" if kept else "its box is used instead" if data.bbox else "nothing is left"
            self.note(
                log, Code.POLYGON_TOO_SHORT, f"a part of {len(bad)} numbers is no polygon; {left}", record, data.id
            )
        if not kept:
            if not data.bbox:
                raise Refused(Code.POLYGON_TOO_SHORT, "no part of the segmentation has three points")
            return None, True
        if self._files.normalised[record.file] and asset is not None:
            w, h = size_of(asset)
            kept = [[v * (h if n % 2 else w) for n, v in enumerate(p)] for p in kept]
        return Polygon(tuple([(p,) for p in kept])), loss

    def keypoints(self, record: Record, data: Fields | BoxFields, log: Log) -> Keypoints | None:
        """Points with v > 0, named by the category; None when none is labelled."""
        values = data.keypoints or []
        if len(values) % 3 or not geo.finite(values):
            self.note(
                log, Code.KEYPOINTS_INVALID, f"keypoints have {len(values)} numbers, not triples", record, data.id
            )
            return None
        key = Names.key(data.category_id)
        category = self._files.categories[record.file].get(key) if key is not None else None
        names = (category.keypoints if category else None) or []
        if names and len(names) != len(values) // 3:
            self.note(
                log,
                Code.KEYPOINTS_INVALID,
                f"{len(values) // 3} keypoints, but the category names {len(names)}",
                record,
                data.id,
            )
        points = [
            Keypoint(
                names[n] if n < len(names) else f"kp_{n + 1}", values[3 * n], values[3 * n + 1], values[3 * n + 2] == 1
            )
            for n in range(len(values) // 3)
            if values[3 * n + 2] > 0
        ]
        return Keypoints(tuple(points)) if points else None

    def more_keypoints(self, record: Record, data: Fields | BoxFields, log: Log) -> bool:
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
        log.note(code, message, file=self._files.names[record.file], where=f"annotations[{record.row}]", id=str(id))


def size_of(asset: Asset) -> tuple[int, int]:
    if asset.width is None or asset.height is None:
        raise Refused(Code.IMAGE_SIZE_UNKNOWN, "fractions need the size of the image: give --media-root or --sizes")
    return asset.width, asset.height


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
