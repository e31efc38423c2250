"""Masks in base64 PNG: header, check sums and pixels, without trusting any length in them."""

from __future__ import annotations

import binascii
import io
import struct
import zlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from to_labelbox.report.plain_words import in_words

MAX_PIXELS = 10**8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 6: 4}
GREY, RGB, RGBA = 0, 2, 6


class PngError(ValueError):
    """The message says what is wrong with the picture."""


class Picture(NamedTuple):
    """``pixels`` has the shape (height, width, channels)."""

    color_type: int
    pixels: npt.NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


def decode(text: str) -> Picture:
    """The picture in a base64 text. Raises :class:`PngError`."""
    if text.startswith("data:"):
        raise PngError("base64 must come without a data: prefix")
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise PngError("is no base64") from None
    if not data.startswith(_SIGNATURE):
        raise PngError("is no PNG")
    header, body = _chunks(data)
    if len(header) != 13:
        raise PngError("has no IHDR header")
    width, height, depth, color_type, _, _, interlace = struct.unpack(">IIBBBBB", header)
    if depth != 8 or color_type not in _CHANNELS:
        raise PngError(f"has {depth} bits and colour type {color_type}, want 8-bit grey (or RGB with colorRGB)")
    if not 0 < width * height <= MAX_PIXELS:
        raise PngError(f"is {width} × {height} pixels")
    stride = 1 + width * _CHANNELS[color_type]
    unpacker = zlib.decompressobj()
    try:
        rows = unpacker.decompress(body, stride * height)
    except zlib.error as error:
        raise PngError(f"pixels cannot be unpacked: {in_words(error)}") from None
    if not interlace:
        if len(rows) < stride * height:
            raise PngError(f"pixels end after {len(rows)} of {stride * height} bytes")
        raster = np.frombuffer(rows, np.uint8).reshape(height, stride)
        if not raster[:, 0].any():
            return Picture(color_type, raster[:, 1:].reshape(height, width, -1))
    return Picture(color_type, _by_pillow(data, height, width))


def colors(picture: Picture) -> set[tuple[int, ...]]:
    """The colours that occur, as red, green, blue; found where they change, since masks are few runs of many pixels.

    Eight bytes are held at once against those a pixel further.
    """
    channels = picture.pixels.shape[2]
    flat = np.ascontiguousarray(picture.pixels).reshape(-1)
    words = (flat.size - channels) // 8
    ahead = np.frombuffer(flat, np.uint64, words, channels) if words else flat[:0]
    changed = np.flatnonzero(flat[: words * 8].view(ahead.dtype) != ahead)
    at = (changed[:, None] * 8 + np.arange(8)).ravel() // channels + 1
    pixels = flat.reshape(-1, channels)
    some = np.concatenate((pixels[:1], pixels[at], pixels[-8:])).astype(np.uint32)  # fewer than eight changes are left
    red, green, blue = (some[:, n if channels > 2 else 0] for n in range(3))
    found = np.unique(red << 16 | green << 8 | blue)
    return {(color >> 16, color >> 8 & 255, color & 255) for color in found.tolist()}


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """IHDR, and all IDAT joined; lengths and check sums hold."""
    at, header, body = len(_SIGNATURE), b"", []
    while at < len(data):
        if at + 12 > len(data):
            raise PngError("ends inside a chunk")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise PngError("ends inside a chunk")
        if zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise PngError("has a wrong check sum: it is damaged")
        if kind == b"IHDR":
            header = data[at + 8 : end]
        elif kind == b"IDAT":
            body.append(data[at + 8 : end])
        elif kind == b"IEND":
            break
        at = end + 4
    return header, b"".join(body)


def _by_pillow(data: bytes, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Filtered and interlaced rows."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image, np.uint8).reshape(height, width, -1)
    except (OSError, ValueError, SyntaxError) as error:
        raise PngError(f"pixels cannot be unpacked: {in_words(error)}") from None
