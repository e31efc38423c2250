"""Rasters of Label Studio: brush strokes as packed runs, bitmasks as PNG.

``rle`` is a list of bytes, read as one string of bits, most significant first:

- 32 bits N, how many values follow once unpacked (width · height · 4, RGBA row by row);
- 5 bits word size - 1; four times 4 bits: size - 1 of the four run-length fields (3, 4, 8 and 16 in practice);
- then until N values are there: 1 bit ``repeat``, 2 bits which field, that field's bits = count - 1, and one word to be
  repeated count times, or count words as they are; the rest is padding.

The mask is what the alpha channel does not leave fully transparent.
"""

from __future__ import annotations

import base64
import binascii
import io
from array import array
from typing import Any

import msgspec
import numpy as np

from to_labelbox.geometry.raster import MAX_MASK_PIXELS, mask_from_array, mask_from_counts, mask_from_runs
from to_labelbox.geometry.vector import GeometryError
from to_labelbox.model.items import Mask
from to_labelbox.model.text import n_of
from to_labelbox.report.plain_words import in_words

_HEADER_BITS = 32 + 5 + 4 * 4
_DATA_URL = "data:image/png;base64,"


class CocoRle(msgspec.Struct):
    """The form that hand-made predictions sometimes use."""

    size: tuple[int, int]
    counts: str | list[int]


_RLE = msgspec.json.Decoder(list[int] | CocoRle)


def brush_mask(raw: bytes | memoryview, width: int, height: int) -> Mask:
    """Mask of a brush region's ``rle``. Raises :class:`GeometryError`."""
    try:
        rle = _RLE.decode(raw)
    except ValueError as error:
        raise GeometryError(f"rle is no list of bytes: {in_words(error, raw)}") from None
    if isinstance(rle, CocoRle):
        if rle.size != (height, width):
            raise GeometryError(f"rle is for {rle.size[1]} × {rle.size[0]} pixels, the picture has {width} × {height}")
        if isinstance(rle.counts, str):
            return mask_from_counts(rle.counts, width, height)
        return mask_from_runs(rle.counts, width, height)
    try:
        data = bytes(rle)
    except ValueError:
        raise GeometryError("rle holds numbers that are no bytes") from None
    values, counts = alpha_runs(data, width * height)
    return mask_from_array(np.repeat(values, counts).reshape(height, width))


def alpha_runs(data: bytes, pixels: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(0 or 1, run length) of the alpha channel, row by row. Raises :class:`GeometryError`."""
    bits = len(data) * 8
    if not data:
        raise GeometryError("its rle is empty: nothing was drawn")
    if bits < _HEADER_BITS:
        raise GeometryError("rle is too short for its header")
    header = int.from_bytes(data[:7], "big") >> (56 - _HEADER_BITS)
    total = header >> 21
    word = ((header >> 16) & 31) + 1
    sizes = [((header >> shift) & 15) + 1 for shift in (12, 8, 4, 0)]
    if total != pixels * 4:
        raise GeometryError(
            f"rle holds {n_of(total, 'value')}, {n_of(pixels, 'pixel needs', 'pixels need')} {pixels * 4}"
        )
    if pixels > MAX_MASK_PIXELS:
        raise GeometryError(f"a mask of {pixels} pixels is larger than {MAX_MASK_PIXELS}")
    # every field of a run, including the repeated word, fits in 8 bytes from the byte that it starts in
    padded = data + bytes(8)
    from_bytes = int.from_bytes
    word_mask = (1 << word) - 1
    fields = [(size, (1 << size) - 1) for size in sizes]
    opaque, counts = bytearray(), array("I")
    place, done = _HEADER_BITS, 0
    while done < total:
        window = from_bytes(padded[place >> 3 : (place >> 3) + 8], "big")
        left = 61 - (place & 7)
        size, size_mask = fields[(window >> left) & 3]
        left -= size
        count = ((window >> left) & size_mask) + 1
        end = done + count
        alphas = end // 4 - done // 4
        if window >> (left + size + 2) & 1:
            place += 3 + size + word
            if alphas:
                opaque.append(1 if (window >> (left - word)) & word_mask else 0)
                counts.append(alphas)
        else:
            place += 3 + size
            stop = place + count * word
            if stop > bits:
                break
            if alphas:
                literal = _words(data, place, count, word)[3 - done % 4 :: 4]
                opaque.extend(literal)
                counts.extend(array("I", [1]) * len(literal))
            place = stop
        done = end
        if place > bits:
            break
    if done < total or place > bits:
        raise GeometryError("rle ends early")
    if done > total:
        raise GeometryError("rle holds more values than it says")
    return np.frombuffer(opaque, np.uint8) != 0, np.frombuffer(counts, np.uint32)


def _words(data: bytes, place: int, count: int, word: int) -> bytes:
    """``count`` words from a bit on, as one byte each (not 0 where the word is not 0)."""
    first, last = place >> 3, (place + count * word + 7) >> 3
    value = int.from_bytes(data[first:last], "big") >> (last * 8 - place - count * word)
    value &= (1 << (count * word)) - 1
    if word == 8:
        return value.to_bytes(count, "big")
    mask = (1 << word) - 1
    return bytes(min((value >> (word * i)) & mask, 255) for i in range(count - 1, -1, -1))


def bitmask(url: str, width: int, height: int) -> Mask:
    """Mask of a ``bitmask`` region: what its PNG does not leave transparent. Raises :class:`GeometryError`."""
    from PIL import Image

    if not url.startswith(_DATA_URL):
        raise GeometryError("imageDataURL is no inline PNG")
    try:
        picture = base64.b64decode(url[len(_DATA_URL) :], validate=True)
    except (binascii.Error, ValueError):
        raise GeometryError("imageDataURL is no base64 text") from None
    try:
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
            if image.width * image.height > MAX_MASK_PIXELS:
                raise GeometryError(f"a mask of {image.width} × {image.height} pixels is larger than {MAX_MASK_PIXELS}")
            if (image.width, image.height) != (width, height):
                raise GeometryError(
                    f"the bitmask has {image.width} × {image.height} pixels, the picture {width} × {height}"
                )
            transparent = "A" in image.getbands() or "transparency" in image.info
            array = np.asarray(image.convert("RGBA").getchannel("A") if transparent else image.convert("L"))
    except GeometryError:
        raise
    except Exception:  # Pillow raises many kinds on damaged pictures
        raise GeometryError("imageDataURL is no readable PNG") from None
    return mask_from_array(array)
