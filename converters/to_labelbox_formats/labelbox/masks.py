"""Masks as inline PNG: 8-bit grey, one instance, the size of the asset [SDK 7.17, ndjson/objects.py NDMask].

numpy is imported where it is used: most sets have no mask, and it takes a third of the time to start.
"""

from __future__ import annotations

import struct
import zlib
from binascii import b2a_base64
from typing import TYPE_CHECKING

from to_labelbox.model import Mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"


def png(mask: Mask, value: int = 1) -> bytes:
    """A PNG of mode L whose foreground pixels are ``value``, all others 0."""
    import numpy as np

    from to_labelbox.raster import mask_patch

    left, patch = mask_patch(mask)
    # every row starts with its filter type, 0 for none
    rows = np.zeros((mask.height, mask.width + 1), np.uint8)
    rows[:, left + 1 : left + 1 + patch.shape[1]] = patch if value == 1 else patch * np.uint8(value)
    return _png(mask, 0, rows)


def rgb_png(mask: Mask, color: tuple[int, int, int]) -> bytes:
    """A PNG of mode RGB whose foreground pixels have a colour, all others are black."""
    import numpy as np

    from to_labelbox.raster import mask_patch

    left, patch = mask_patch(mask)
    rows = np.zeros((mask.height, 1 + 3 * mask.width), np.uint8)
    right = left + patch.shape[1]
    for channel, value in enumerate(color):
        rows[:, 1 + 3 * left + channel : 1 + 3 * right : 3] = patch * np.uint8(value)
    return _png(mask, 2, rows)


def _png(mask: Mask, color_type: int, rows: npt.NDArray[np.uint8]) -> bytes:
    header = struct.pack(">IIBBBBB", mask.width, mask.height, 8, color_type, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.data, 1)) + _END


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def png_text(mask: Mask, value: int = 1) -> bytes:
    """The PNG in base64, standard alphabet, no line breaks."""
    return b2a_base64(png(mask, value), newline=False)


def rgb_png_text(mask: Mask, color: tuple[int, int, int]) -> bytes:
    return b2a_base64(rgb_png(mask, color), newline=False)
