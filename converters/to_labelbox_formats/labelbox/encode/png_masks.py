"""Masks as inline PNG: 8 bits a channel, one instance, the size of the asset [SDK 7.17, ndjson/objects.py NDMask].

They are written from the runs of the mask, not from its pixels (run_deflate.py): beside ``zlib.compress`` of the frame,
level 1, a mask of 640 × 480 takes a quarter of the time and 0.40 of the bytes.

numpy is imported where it is used: most sets have no mask, and it takes a third of the time to start.
"""

from __future__ import annotations

import struct
import zlib
from binascii import b2a_base64
from collections.abc import Sequence

from to_labelbox.model.items import Mask
from to_labelbox_formats.labelbox.encode.run_deflate import Color, adler32, deflate

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_ZLIB = b"\x78\x01"
"""Deflate, a window of 32 KiB, no dictionary [RFC 1950, 2.2]."""
_COLOR_TYPES = {1: 0, 3: 2}
"""Grey and RGB, by their channels [PNG 11.2.2]."""


def pngs(masks: Sequence[Mask], color: Color = (1,)) -> list[bytes]:
    """PNGs whose foreground pixels are ``color``, all others 0: of mode L or RGB, as the colour has channels.

    All are made at once, since each step takes as long for the few runs of one mask as for those of ten.
    """
    import numpy as np

    from to_labelbox.geometry.raster import row_edges

    size = len(color)
    made: list[bytes] = []
    for some, edges, first in row_edges(masks) if masks else ():
        # a row has its filter type before its pixels, 0 for none
        if size > 1:
            rows = np.repeat([mask.width + 1 for mask in some], np.diff(first))
            edges = edges * size - (size - 1) * (edges // rows)
        # where foreground reaches a row's end, it ends at the filter type of the next row or with the image
        totals = np.array([(1 + size * mask.width) * mask.height for mask in some])
        data = zip(deflate(edges + 1, first, totals, color), adler32(edges + 1, first, totals, color))
        made += [
            png_of_rows(mask.width, mask.height, size, b"".join((_ZLIB, packed, struct.pack(">I", check))))
            for mask, (packed, check) in zip(some, data)
        ]
    return made


def png_of_rows(width: int, height: int, channels: int, data: bytes) -> bytes:
    """A PNG of packed rows, each with its filter type before it."""
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _END


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def png_texts(masks: Sequence[Mask], color: Color = (1,)) -> list[bytes]:
    """The PNGs in base64, standard alphabet, no line breaks."""
    return [b2a_base64(png, newline=False) for png in pngs(masks, color)]
