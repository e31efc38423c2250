"""Masks as inline PNG: 8 bits a channel, one instance, the size of the asset [SDK 7.17, ndjson/objects.py NDMask].

They are written from the runs of the mask, not from its pixels (run_deflate.py): beside ``zlib.compress`` of the frame,
level 1, a mask of 640 × 480 takes a quarter of the time and 0.40 of the bytes.

numpy is imported where it is used: most sets have no mask, and it takes a third of the time to start.
"""

from __future__ import annotations

import struct
import zlib
from binascii import b2a_base64

from to_labelbox.model.items import Mask
from to_labelbox_formats.labelbox.encode.run_deflate import Color, adler32, deflate

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_ZLIB = b"\x78\x01"
"""Deflate, a window of 32 KiB, no dictionary [RFC 1950, 2.2]."""
_COLOR_TYPES = {1: 0, 3: 2}
"""Grey and RGB, by their channels [PNG 11.2.2]."""


def png(mask: Mask, color: Color = (1,)) -> bytes:
    """A PNG whose foreground pixels are ``color``, all others 0: of mode L or RGB, as the colour has channels."""
    from to_labelbox.geometry.raster import row_edges

    stride = 1 + len(color) * mask.width
    edges = row_edges(mask)
    # a row has its filter type before its pixels, 0 for none
    if len(color) == 1:
        edges += 1
    else:
        rows = edges // (mask.width + 1)
        edges = rows * stride + (edges - rows * (mask.width + 1)) * len(color) + 1
    total = stride * mask.height
    # where foreground reaches a row's end, it ends at the filter type of the next row or with the image
    data = _ZLIB + deflate(edges, total, color) + struct.pack(">I", adler32(edges, total, color))
    return png_of_rows(mask.width, mask.height, len(color), data)


def png_of_rows(width: int, height: int, channels: int, data: bytes) -> bytes:
    """A PNG of packed rows, each with its filter type before it."""
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _END


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def png_text(mask: Mask, color: Color = (1,)) -> bytes:
    """The PNG in base64, standard alphabet, no line breaks."""
    return b2a_base64(png(mask, color), newline=False)
