"""Headers of media files: sizes and orientation without decoding pixels.

JPEG, PNG, BMP, GIF, WebP and TIFF are read here, from the first bytes of the file and, where the header lies further,
by jumping from block to block. Everything else is left to Pillow, which opens lazily as well.

Sizes are those of the *stored* picture. The orientation is EXIF tag 0x0112 as browsers honour it: the first Exif block,
values 1..8, anything else counts as 1; an orientation that only XMP mentions does not turn a picture.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from functools import cache
from typing import IO, NamedTuple, TypeAlias

IMAGE_EXTENSIONS = frozenset(
    ".avif .bmp .dng .gif .heic .heif .jfif .jp2 .jpeg .jpe .jpg .mpo .png .tif .tiff .webp".split()
)
VIDEO_EXTENSIONS = frozenset(".avi .m4v .mkv .mov .mp4 .mpeg .mpg .webm .wmv".split())

_HEAD = 2048
_BLOCK = 4096
_MAX_BLOCKS = 4096
"""Segments or chunks that are looked at before a header is given up as damaged."""
_MAX_SIDE = 1 << 31
_PILLOW_FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "TIFF", "WEBP")
_PILLOW_BYTES = 1 << 30

_ReadAt: TypeAlias = Callable[[int, int], bytes]
"""(offset, size) → bytes, fewer at the end of the file."""


class Header(NamedTuple):
    """Stored width and height in pixels; EXIF orientation 1..8."""

    width: int
    height: int
    orientation: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of the picture as displayed."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def is_image(name: str) -> bool:
    return _extension(name) in IMAGE_EXTENSIONS


def is_video(name: str) -> bool:
    return _extension(name) in VIDEO_EXTENSIONS


def is_media(name: str) -> bool:
    """Whether a file is a picture, a video or a sound by its extension, as the system's table has it."""
    return _is_media(_extension(name))


_USUAL = dict.fromkeys((".jpg", ".jpeg", ".png"), True)
_USUAL |= dict.fromkeys(("", ".txt", ".xml", ".json", ".jsonl", ".ndjson", ".csv", ".yaml", ".yml"), False)
"""What every system's table has, which takes as long to load as some conversions do without."""


@cache
def _is_media(extension: str) -> bool:
    if (known := _USUAL.get(extension)) is not None:
        return known
    import mimetypes

    return (mimetypes.guess_type(f"x{extension}")[0] or "").startswith(("image/", "video/", "audio/"))


def _extension(name: str) -> str:
    """As os.path.splitext has it, lower case, in a third of its time: a leading dot begins no extension."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 and name[dot - 1] != "/" else ""


def image_header(data: bytes) -> Header | None:
    """Header of a picture whose bytes (or a long enough head of them) are at hand; None when it is no picture."""
    return _parse(data[:_HEAD], lambda offset, size: data[offset : offset + size]) or _by_pillow(io.BytesIO(data))


def file_header(path: str) -> Header | None:
    """Header of a picture file on disk; None when it is missing or no picture."""
    try:
        # a pipe or device that carries a picture's name must not block
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        head = os.pread(fd, _HEAD, 0)
        if not head:
            return _far_header(path)
        header = _parse(head, lambda offset, size: os.pread(fd, size, offset))
        if header is None and os.fstat(fd).st_size <= _PILLOW_BYTES:
            with open(fd, "rb", closefd=False) as file:
                header = _by_pillow(file)
        return header
    except OSError:
        return None
    finally:
        os.close(fd)


def _far_header(path: str) -> Header | None:
    """Of a file that stands for one in the cloud; None for one that is merely empty."""
    from to_labelbox.source.cloud.placeholder import ranged, whole  # few sources lie there

    read_at = ranged(path)
    if read_at is None:
        return None
    header = _parse(read_at(0, _HEAD), read_at)
    if header is None and is_image(path) and (body := whole(path)) is not None:
        with open(body, "rb") as file:
            header = _by_pillow(file)
    return header


def _parse(head: bytes, read_at: _ReadAt) -> Header | None:
    """The header by the file's first bytes; None when they are of no kind known here, or damaged."""
    try:
        if head[:2] == b"\xff\xd8":
            header = _jpeg(head, read_at)
        elif head[:8] == b"\x89PNG\r\n\x1a\n":
            header = _png(head, read_at)
        elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            header = _webp(head, read_at)
        elif head[:6] in (b"GIF87a", b"GIF89a"):
            header = Header(*struct.unpack_from("<HH", head, 6))
        elif head[:2] == b"BM":
            header = _bmp(head)
        elif head[:4] in _TIFF_MAGIC:
            header = _tiff(read_at)
        else:
            return None
    except (struct.error, IndexError, OverflowError):  # the data end inside a header
        return None
    return header if header and 0 < header.width < _MAX_SIDE and 0 < header.height < _MAX_SIDE else None


# ----------------------------------------------------------------------------------------------------------- JPEG


_segment = struct.Struct(">HH").unpack_from
_SAYS_NOTHING = frozenset({0xFFC4, 0xFFDB, 0xFFDD, 0xFFE0, *range(0xFFE2, 0xFFF0), 0xFFFE})
"""Markers of tables, comments and all segments of applications but that of Exif."""


def _jpeg(head: bytes, read_at: _ReadAt) -> Header | None:
    """Segments FF xx, length (2 bytes, itself included), content; the size is in SOFn, C0..CF but C4, C8, CC."""
    data, base, at = head, 0, 2
    orientation = 0
    for _ in range(_MAX_BLOCKS):
        if at + 9 > len(data):
            base += at
            data, at = read_at(base, _BLOCK), 0
        marker, length = _segment(data, at)
        if marker in _SAYS_NOTHING and length > 1:
            at += 2 + length
            continue
        while data[at] == 0xFF and data[at + 1] == 0xFF:  # fill bytes may precede a marker
            at += 1
            if at + 10 > len(data):
                base += at
                data, at = read_at(base, _BLOCK), 0
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without content
            at += 2
            continue
        length = (data[at + 2] << 8) | data[at + 3]
        if length < 2 or marker in (0xD9, 0xDA):  # end of image, start of scan
            return None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Header(width, height, orientation or 1)
        if marker == 0xE1 and not orientation and length > 8:
            if at + 10 > len(data):
                base += at
                data, at = read_at(base, _BLOCK), 0
            if data[at + 4 : at + 10] == b"Exif\0\0":
                start, size = base + at + 10, length - 8
                if at + 2 + length <= len(data):
                    orientation = _orientation(data[at + 10 : at + 2 + length])
                else:
                    orientation = _tiff_orientation(_window(read_at, start, size))
        at += 2 + length
    return None


# ----------------------------------------------------------------------------------------------------- PNG, WebP


def _png(head: bytes, read_at: _ReadAt) -> Header | None:
    """Chunks: length, type, content, CRC. IHDR comes first; an eXIf chunk counts when it precedes the pixels."""
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    data, base, at = head, 0, 33
    for _ in range(_MAX_BLOCKS):
        if at + 8 > len(data):
            base += at
            data, at = read_at(base, _BLOCK), 0
            if len(data) < 8:
                break
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"IDAT", b"IEND"):
            break
        if kind == b"eXIf":
            return Header(width, height, _tiff_orientation(_window(read_at, base + at + 8, length)))
        at += 12 + length
    return Header(width, height)


def _webp(head: bytes, read_at: _ReadAt) -> Header | None:
    """RIFF chunks: type, length, content padded to even. VP8X tells of an EXIF chunk, which follows the pixels."""
    kind = head[12:16]
    if kind == b"VP8 ":
        if head[23:26] != b"\x9d\x01\x2a":
            return None
        width, height = struct.unpack_from("<HH", head, 26)
        return Header(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        if head[20] != 0x2F:
            return None
        (bits,) = struct.unpack_from("<I", head, 21)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind != b"VP8X":
        return None
    width = int.from_bytes(head[24:27], "little") + 1
    height = int.from_bytes(head[27:30], "little") + 1
    if len(head) < 30 or not head[20] & 0x08:
        return Header(width, height) if len(head) >= 30 else None
    at = 12
    for _ in range(_MAX_BLOCKS):
        chunk = read_at(at, 14)
        if len(chunk) < 8:
            break
        (length,) = struct.unpack_from("<I", chunk, 4)
        if chunk[:4] == b"EXIF":
            prefix = 6 if chunk[8:14] == b"Exif\0\0" else 0
            return Header(width, height, _tiff_orientation(_window(read_at, at + 8 + prefix, length - prefix)))
        at += 8 + length + (length & 1)
    return Header(width, height)


# ------------------------------------------------------------------------------------------------------ BMP, TIFF


def _bmp(head: bytes) -> Header:
    """OS/2's first header has 16-bit sizes; in all later ones a negative height means top-down rows."""
    (size,) = struct.unpack_from("<I", head, 14)
    if size == 12:
        return Header(*struct.unpack_from("<HH", head, 18))
    width, height = struct.unpack_from("<ii", head, 18)
    return Header(abs(width), abs(height))


_TIFF_MAGIC = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
_TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
_MAX_ENTRIES = 4096


def _tiff(read_at: _ReadAt) -> Header | None:
    tags = _tiff_tags(read_at)
    if _WIDTH not in tags or _HEIGHT not in tags:
        return None
    return Header(tags[_WIDTH], tags[_HEIGHT], _valid(tags.get(_ORIENTATION, 1)))


def _orientation(exif: bytes) -> int:
    return _tiff_orientation(lambda offset, size: exif[offset : offset + size])


def _tiff_orientation(read_at: _ReadAt) -> int:
    """The orientation in an Exif block, which is laid out as a TIFF file without pixels; 1 when it is damaged."""
    try:
        return _valid(_tiff_tags(read_at).get(_ORIENTATION, 1))
    except (struct.error, IndexError, OverflowError):
        return 1


def _valid(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


def _tiff_tags(read_at: _ReadAt) -> dict[int, int]:
    """Size and orientation tags of the first directory; BigTIFF (version 43) has 8-byte offsets and counts."""
    start = read_at(0, 16)
    order = _TIFF_MAGIC.get(start[:4])
    if order is None:
        return {}
    big = start[2:4] in (b"+\0", b"\0+")
    (offset,) = struct.unpack_from(order + ("Q" if big else "I"), start, 8 if big else 4)
    head_format, entry_format = (order + "Q", order + "HHQ") if big else (order + "H", order + "HHI")
    head_size, entry_size, value_at = (8, 20, 12) if big else (2, 12, 8)
    (count,) = struct.unpack(head_format, read_at(offset, head_size))
    directory = read_at(offset + head_size, min(count, _MAX_ENTRIES) * entry_size)
    tags: dict[int, int] = {}
    for at in range(0, len(directory) - entry_size + 1, entry_size):
        tag, kind, values = struct.unpack_from(entry_format, directory, at)
        if tag in (_WIDTH, _HEIGHT, _ORIENTATION) and tag not in tags and kind in _TIFF_TYPES and values >= 1:
            (tags[tag],) = struct.unpack_from(order + _TIFF_TYPES[kind], directory, at + value_at)
    return tags


def _window(read_at: _ReadAt, start: int, length: int) -> _ReadAt:
    """A stretch of a file as a file of its own."""
    return lambda offset, size: read_at(start + offset, min(size, length - offset)) if offset < length else b""


# --------------------------------------------------------------------------------------------------------- Pillow


def _by_pillow(file: IO[bytes]) -> Header | None:
    import warnings

    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS
    try:
        Image.init()
        Image.MAX_IMAGE_PIXELS = None  # no pixel is decoded here, so that no picture is too large
        with (
            warnings.catch_warnings(action="ignore"),  # of damaged tags, by which nothing but a size is lost
            Image.open(file, formats=[f for f in _PILLOW_FORMATS if f in Image.OPEN]) as image,
        ):
            orientation = image.getexif().get(_ORIENTATION, 1)
            width, height = image.size
            tags = getattr(image, "tag_v2", {})
            # newer versions report the size of a TIFF as displayed
            width, height = tags.get(_WIDTH, width), tags.get(_HEIGHT, height)
    except Exception:  # Pillow raises many kinds on damaged files
        return None
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    return Header(width, height, _valid(orientation) if isinstance(orientation, int) else 1)
