"""SegmentationObject and SegmentationClass: one mask an object number, or one a class.

The files are PNGs. In palette files the raw index counts: of SegmentationObject it is the object's number, of
SegmentationClass the class; 0 is background and 255 the void border, which belongs to no object. RGB files, as CVAT and
Datumaro write them, are read by colour, and so are palette files all of whose colours are declared, and those in which
black is not 0 or the colour of the void not 255: their palette was made for the picture, as Supervisely's are.
"""

from __future__ import annotations

import io
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.raster import MAX_MASK_PIXELS, mask_from_runs
from to_labelbox.model.items import Mask, Object
from to_labelbox.model.text import n_of
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox.report.plain_words import in_words
from to_labelbox_formats.voc.layout.class_lists import BACKGROUND, VOID, VOID_VALUE, Classes, voc_colour

_MAX_COLOURS = 256
"""A mask of more colours was not drawn with a palette: it is anti-aliased, or was a JPEG once."""
_VOID_COLOUR = voc_colour(VOID_VALUE)
_NUMBER_OF = {voc_colour(value): value for value in range(256)}

Raster = npt.NDArray[np.integer[Any]]


def read_raster(data: bytes, colours: Mapping[int, int], palette: bool = False) -> tuple[Raster, dict[int, int]]:
    """(values of shape (height, width), colours that ``colours`` does not know, by the negative value given to them).

    ``colours`` are the values of RGB colours; ``palette``: also where a palette has no others. Raises :class:`FileError`.
    """
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise FileError("is no PNG: other formats blur the edges of masks")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not 0 < width * height <= MAX_MASK_PIXELS:
        raise FileError(f"has {width} × {height} pixels; up to {MAX_MASK_PIXELS} are accepted")
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.mode == "P":
                indices = np.asarray(image)
                shown = _shown(indices, image.getpalette("RGB") or [])
                if palette and all(colour in colours for colour in shown.values()):
                    return _by_palette(indices, shown, colours), {}
                if not _is_own(shown):
                    return indices, {}
            elif image.mode in ("L", "LA"):
                return np.asarray(image.getchannel("L")), {}
            elif image.mode in ("1", "I", "I;16", "I;16B"):
                return np.asarray(image).astype(np.int32), {}
            rgba = np.asarray(image.convert("RGBA")).astype(np.int32)
    except (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise FileError(f"is a damaged PNG: {in_words(error)}") from None
    packed = np.where(rgba[..., 3] == 0, 0, rgba[..., 0] << 16 | rgba[..., 1] << 8 | rgba[..., 2])
    found, inverse = np.unique(packed, return_inverse=True)
    if len(found) > _MAX_COLOURS:
        raise FileError(f"holds {len(found)} colours: a mask that is anti-aliased or was a JPEG cannot be told apart")
    unknown = {-1 - n: int(colour) for n, colour in enumerate(found) if int(colour) not in colours}
    values = np.array([colours.get(int(colour), -1 - n) for n, colour in enumerate(found)], np.int32)
    return values[inverse].reshape(packed.shape), unknown


def _shown(indices: npt.NDArray[np.uint8], palette: Sequence[int]) -> dict[int, int]:
    """The colours of the values that occur; black for one that the palette lacks."""
    colours = {}
    for index in np.flatnonzero(np.bincount(indices.ravel())).tolist():
        red, green, blue = (*palette[3 * index : 3 * index + 3], 0, 0, 0)[:3]
        colours[index] = red << 16 | green << 8 | blue
    return colours


def _is_own(shown: Mapping[int, int]) -> bool:
    """Whether a palette was made for one picture, so that its colours count and not the values."""
    index_of = {colour: index for index, colour in shown.items()}
    if len(index_of) < len(shown):
        return False
    return index_of.get(0, 0) not in (0, VOID_VALUE) or index_of.get(_VOID_COLOUR, VOID_VALUE) != VOID_VALUE


def _by_palette(indices: npt.NDArray[np.uint8], shown: Mapping[int, int], colours: Mapping[int, int]) -> Raster:
    table = np.arange(256, dtype=np.int32)
    for index, colour in shown.items():
        table[index] = colours[colour]
    return table[indices]


def read_mask(data: bytes, classes: Classes) -> Raster:
    """The values of a mask by the classes of its set. Raises :class:`FileError`."""
    return read_raster(data, MaskReader(classes).colours, bool(classes.origin and classes.colours))[0]


class MaskReader:
    """Objects of the masks of one image."""

    def __init__(self, classes: Classes, scaled: bool = False) -> None:
        """``scaled``: masks of another size than their picture are scaled to it, where both have the same proportions."""
        self._scaled = scaled
        self._values = classes.values
        by_name = {name: value for value, name in reversed(list(classes.values.items()))}
        self.colours = {colour: by_name[name] for colour, name in classes.colours.items() if name in by_name}
        self._declared = bool(classes.origin and classes.colours)
        coloured = set(classes.colours.values())
        for value in (0, VOID_VALUE, *(value for value, name in classes.values.items() if name not in coloured)):
            if value <= VOID_VALUE:
                self.colours.setdefault(voc_colour(value), value)
        self._skipped = {value for value, name in classes.values.items() if name.lower() in BACKGROUND | VOID}
        self._skipped |= {0, VOID_VALUE} - set(classes.values)

    def is_empty(self, value: int) -> bool:
        """Whether a value is background or void."""
        return value in self._skipped

    def objects(
        self,
        instances: tuple[str, bytes] | None,
        classes: tuple[str, bytes] | None,
        names: Sequence[str],
        size: tuple[int, int] | None,
        log: Log,
    ) -> tuple[list[Object], tuple[int, int] | None]:
        """(masks, their width and height). Files as (name, bytes).

        ``names`` are the labels of the image's objects in the order of the file, ``size`` that of the image.
        """
        of_class = self._values_of(classes, self.colours, size, log, palette=self._declared)
        of_object = self._values_of(instances, _NUMBER_OF, size, log)
        if of_class and of_object and of_class.raster.shape != of_object.raster.shape:
            log.file_unreadable(
                of_class.name, f"has {_size(of_class.raster)} pixels, {of_object.name} has {_size(of_object.raster)}"
            )
            of_class = None
        if of_object is not None:
            found, raster = list(self._instances(of_object, of_class, names, log)), of_object.raster
        elif of_class is not None:
            found, raster = list(self._classes(of_class, log)), of_class.raster
        else:
            return [], None
        return found, (raster.shape[1], raster.shape[0])

    def _values_of(
        self,
        file: tuple[str, bytes] | None,
        colours: Mapping[int, int],
        size: tuple[int, int] | None,
        log: Log,
        *,
        palette: bool = False,
    ) -> _Values | None:
        if file is None:
            return None
        try:
            raster, unknown = read_raster(file[1], colours, palette)
            if size is not None and raster.shape != size[::-1]:
                height, width = raster.shape
                alike = abs(width * size[1] - height * size[0]) <= max(*size, width, height)
                if not (alike and self._scaled):
                    way = ": --other-size scaled scales it" if alike else ""
                    raise FileError(f"has {_size(raster)} pixels, its image {size[0]} × {size[1]}{way}")
                log.note(
                    Code.IMAGE_SIZE_MISMATCH,
                    f"has {_size(raster)} pixels, its image {size[0]} × {size[1]}: scaled",
                    file=file[0],
                )
                raster = raster[np.ix_(np.arange(size[1]) * height // size[1], np.arange(size[0]) * width // size[0])]
            return _Values(file[0], raster, unknown)
        except FileError as error:
            log.file_unreadable(file[0], str(error))
            return None

    def _classes(self, file: _Values, log: Log) -> Iterator[Object]:
        for value, count in file.counts():
            if value in self._skipped:
                continue
            label = self._values.get(value, "")
            if not label:
                file.skip(value, count, log)
                continue
            log.read(label)
            where = f"value {value}"
            yield Object(id=f"SegmentationClass/{value}", label=label, geometry=file.mask(value), location=where)

    def _instances(self, file: _Values, of_class: _Values | None, names: Sequence[str], log: Log) -> Iterator[Object]:
        """The class of an object is that of most of its pixels, else that of the object of equal number in the XML."""
        classes = {} if of_class is None else _majorities(file.raster, of_class.raster, self._skipped)
        void = VOID_VALUE if VOID_VALUE in self._skipped and file.greatest <= VOID_VALUE else 0
        for value, count in file.counts():
            if value in (0, void):
                continue
            label = ""
            if of_class is not None:
                found = classes.get(value, 0)
                label = "" if found in self._skipped else self._values.get(found, "")
                if not label and not 0 < value <= len(names) and found:
                    of_class.skip(found, count, log)
                    continue
            if not label and 0 < value <= len(names):
                label = names[value - 1]
            if not label:
                file.skip(value, count, log, classed=False)
                continue
            log.read(label)
            where = file.place(value, "object")
            yield Object(id=f"SegmentationObject/{where}", label=label, geometry=file.mask(value), location=where)


def _majorities(objects: Raster, classes: Raster, skipped: Container[int]) -> dict[int, int]:
    """The class of most pixels of each object, void and background left out; objects without one are not there."""
    small = objects.dtype == classes.dtype == np.uint8
    bits = 8 if small else 32
    packed: Raster = objects.astype(np.uint16 if small else np.int64)
    packed <<= bits
    packed |= classes if small else classes.astype(np.int64) & 0xFFFFFFFF
    pairs, counts = np.unique(packed, return_counts=True)
    best: dict[int, tuple[int, int]] = {}
    for pair, count in zip(pairs.tolist(), counts.tolist()):
        value, found = pair >> bits, pair & ((1 << bits) - 1)
        if not small:
            found -= (found >> 31) << 32  # colours without a class are negative
        if found not in skipped:
            best[value] = min(best.get(value, (0, 0)), (-count, found))
    return {value: found for value, (_, found) in best.items()}


class _Values:
    """The pixels of a file. Colours that mean nothing have negative values, which ``unknown`` explains.

    Runs of equal values are found once, column by column, so that a mask costs its own runs and not the whole picture.
    """

    def __init__(self, name: str, raster: Raster, unknown: Mapping[int, int]) -> None:
        self.name, self.raster, self.unknown = name, raster, unknown
        columns = raster.ravel(order="F")
        starts = np.concatenate(([0], np.flatnonzero(columns[1:] != columns[:-1]) + 1))
        values = columns[starts]
        lengths = np.diff(starts, append=columns.size)
        order = np.argsort(values, kind="stable")
        self._starts, self._lengths = starts[order], lengths[order]
        found, first = np.unique(values[order], return_index=True)
        self._slices: dict[int, slice] = dict(
            zip(found.tolist(), map(slice, first.tolist(), [*first[1:].tolist(), None]))
        )

    @property
    def greatest(self) -> int:
        """Beyond 255 in files of two bytes a pixel, in which 255 is an object like the others."""
        return max(self._slices, default=0)

    def counts(self) -> Iterator[tuple[int, int]]:
        """Values in order, each with its pixels."""
        for value, runs in self._slices.items():
            yield value, int(self._lengths[runs].sum())

    def mask(self, value: int) -> Mask:
        runs = self._slices[value]
        starts, lengths = self._starts[runs], self._lengths[runs]
        height, width = self.raster.shape
        ends = starts + lengths
        counts = np.empty(2 * len(starts) + 1, np.int64)
        counts[:-1:2], counts[1::2], counts[-1] = np.diff(ends, prepend=0) - lengths, lengths, width * height - ends[-1]
        return mask_from_runs(counts.tolist() if counts[-1] else counts[:-1].tolist(), width, height)

    def place(self, value: int, what: str) -> str:
        return f"colour #{self.unknown[value]:06x}" if value in self.unknown else f"{what} {value}"

    def skip(self, value: int, count: int, log: Log, *, classed: bool = True) -> None:
        """Close a region whose class is not known."""
        label = f"class_{value}" if classed and value not in self.unknown else UNNAMED
        where = self.place(value, "value" if classed else "object")
        reason = f"no class has the {where}" if classed else f"nothing says the class of {where}"
        log.read(label)
        log.skip(
            Code.CLASS_UNKNOWN,
            label,
            f"{reason} ({n_of(count, 'pixel')}); give the classes with a labelmap.txt or -O class_names=FILE",
            file=self.name,
            where=where,
        )


def _size(raster: Raster) -> str:
    return f"{raster.shape[1]} × {raster.shape[0]}"
