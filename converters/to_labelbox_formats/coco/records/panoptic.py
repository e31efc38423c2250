"""Panoptic PNGs: an RGB picture whose pixel R + 256·G + 65536·B is the id of the segment, 0 for none."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.model.items import Asset, Mask
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.coco.detect import FileKind
from to_labelbox_formats.coco.fields.record_types import AnyFields, Record
from to_labelbox_formats.coco.index.file import File

Lost = tuple[Code, str]


class Pictures:
    """The PNGs of a set's panoptic files."""

    def __init__(self, source: Source, files: Sequence[File]) -> None:
        self._source = source
        for file in files:
            if file.kind is FileKind.PANOPTIC:  # they are read, though no list of pictures names them
                source.read_beside += [posixpath.join(place, "*.png") for place in places_of(file.name)]

    def masks(self, record: Record, data: AnyFields, asset: Asset, log: Log) -> list[Mask | Lost]:
        """A mask a segment, or why there is none. Ids of the picture that no segment declares are noted."""
        segments, png = data.segments_info or [], data.file_name
        try:
            ids = self._ids(record.file.name, png)
        except FileError as error:
            return [(Code.FILE_MISSING, str(error))] * len(segments)
        height, width = ids.shape
        if asset.width and asset.height and (width, height) != (asset.width, asset.height):
            message = f"{png} has {width} × {height} pixels, the image {asset.width} × {asset.height}"
            return [(Code.MASK_INVALID, message)] * len(segments)
        values, counts = np.unique(ids, return_counts=True)
        present = dict(zip(values.tolist(), counts.tolist()))
        declared = {s.id for s in segments}
        for value, count in present.items():
            if value and value not in declared:
                log.note(
                    Code.CLASS_UNKNOWN, f"segment {value} ({n_of(count, 'pixel')}) is in {png} only, not in segments_info",
                    file=record.file.name, where=record.where,
                )  # fmt: skip
        masks: list[Mask | Lost] = []
        for segment in segments:
            if segment.id not in present:
                masks.append((Code.MASK_EMPTY, f"no pixel of {png} has the segment's id"))
                continue
            try:
                masks.append(raster.mask_from_array(ids == segment.id))
            except geo.GeometryError as error:
                masks.append((Code.MASK_INVALID, str(error)))
        return masks

    def _ids(self, file: str, png: str | None) -> npt.NDArray[np.uint32]:
        from PIL import Image

        if not png:
            raise FileError("the record names no PNG")
        tried = [posixpath.join(place, png) for place in places_of(file)]
        found = next((name for name in tried if self._source.exists(name)), None)
        if found is None:
            packed = f"{places_of(file)[0]}.zip"
            remedy = (
                f"unpack {packed}"
                if self._source.exists(packed)
                else "give the folder that holds the file and its PNGs"
            )
            raise FileError(f"the PNG is at none of: {', '.join(tried)}; {remedy}")
        try:
            with Image.open(io.BytesIO(self._source.read(found))) as image:
                if image.size[0] * image.size[1] > raster.MAX_MASK_PIXELS:
                    raise FileError(f"{found} has {image.size[0]} × {image.size[1]} pixels")
                # Palette and grey pictures are rare in this format: their value is the id itself.
                pixels = np.asarray(image if image.mode in ("L", "P", "RGB", "RGBA") else image.convert("RGB"))
        except FileError:
            raise
        except Exception as error:  # Pillow raises many kinds on damaged files
            raise FileError(f"{found} is not a readable PNG: {in_words(error)}") from None
        if pixels.ndim == 2:
            return pixels.astype(np.uint32)
        rgb = pixels[..., :3].astype(np.uint32)
        return rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]


def places_of(file: str) -> list[str]:
    """Folders where the PNGs of a file may be."""
    folder, base = posixpath.split(file)
    stem = base.removesuffix(".gz").removesuffix(".json")
    around = posixpath.dirname(folder)
    places = [(folder, stem), (folder,), (folder, "masks"), *([(around, stem)] if folder else [])]
    return [posixpath.join(*place) for place in places]
