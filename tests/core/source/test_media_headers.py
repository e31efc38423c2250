"""Picture headers of every make, drawn by hypothesis or written by hand, with Pillow as the oracle."""

from __future__ import annotations

import io
import struct
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from to_labelbox.source import image_headers as media
from to_labelbox.source.image_headers import Header, image_header

SIDE = st.integers(1, 70)
LONG_SIDE = st.integers(1, 16_383)
"""What 14 bits hold, the most that plain WebP can say."""
ORIENTATION = st.integers(1, 8)


def own(data: bytes) -> Header | None:
    """What is read here, without Pillow's help."""
    return media._parse(data[: media._HEAD], lambda offset, size: data[offset : offset + size])


def oracle(data: bytes) -> Header:
    """Stored size and orientation as Pillow has them; of a TIFF, some versions tell the displayed size."""
    with patch.object(Image, "MAX_IMAGE_PIXELS", None), Image.open(io.BytesIO(data)) as image:
        orientation = image.getexif().get(0x0112, 1)
        tags = getattr(image, "tag_v2", {})
        return Header(tags.get(256, image.width), tags.get(257, image.height), orientation)


def saved(kind: str, mode: str, width: int, height: int, **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new(mode, (width, height)).save(target, kind, **options)
    return target.getvalue()


KINDS = [
    ("BMP", "RGB", {}),
    ("BMP", "1", {}),
    ("BMP", "P", {}),
    ("GIF", "P", {}),
    ("GIF", "L", {"interlace": 1}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("TIFF", "RGB", {}),
    ("TIFF", "L", {"compression": "tiff_lzw"}),
    ("TIFF", "I;16", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "RGB", {"big_tiff": True}),
    ("PNG", "RGBA", {}),
    ("JPEG", "L", {"progressive": True}),
]


@pytest.mark.parametrize(("kind", "mode", "options"), KINDS, ids=str)
@given(width=SIDE, height=SIDE)
def test_what_pillow_writes(kind: str, mode: str, options: dict[str, Any], width: int, height: int) -> None:
    data = saved(kind, mode, width, height, **options)
    assert own(data) == oracle(data) == Header(width, height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@given(width=SIDE, height=SIDE, orientation=ORIENTATION)
def test_turned_pictures(kind: str, width: int, height: int, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(kind, "RGB", width, height, exif=exif)
    header = own(data)
    assert header == oracle(data) == Header(width, height, orientation)
    with Image.open(io.BytesIO(data)) as image:
        assert header.upright == ImageOps.exif_transpose(image).size


# ------------------------------------------------------------------------------------------------------------- by hand


def tiff(order: str, width: int, height: int, orientation: int, kind: str, big: bool, gap: int) -> bytes:
    """A TIFF of one byte a pixel up to its directory, which begins ``gap`` bytes after the header."""
    number = {"H": 3, "I": 4, "Q": 16}
    entries = [
        (256, kind, width),
        (257, kind, height),
        (258, "H", 8),
        (259, "H", 1),
        (262, "H", 1),
        (273, "I", 8),
        (274, "H", orientation),
        (277, "H", 1),
        (278, "I", height),
        (279, "I", width * height),
    ]
    mark = b"II" if order == "<" else b"MM"
    offset, count, field = ("Q", "Q", 8) if big else ("I", "H", 4)
    head = struct.pack(f"{order}HHHQ", 43, 8, 0, 16 + gap) if big else struct.pack(f"{order}HI", 42, 8 + gap)
    directory = struct.pack(order + count, len(entries))
    for tag, form, value in entries:
        directory += struct.pack(f"{order}HH{offset}", tag, number[form], 1)
        directory += struct.pack(order + form, value).ljust(field, b"\0")
    return mark + head + bytes(gap) + directory + struct.pack(order + offset, 0)


@given(
    order=st.sampled_from("<>"),
    width=LONG_SIDE,
    height=LONG_SIDE,
    orientation=ORIENTATION,
    kind=st.sampled_from("HI"),
    big=st.booleans(),
    gap=st.integers(0, 3000).map(lambda n: 2 * n),
)
def test_tiff_of_both_byte_orders(
    order: str, width: int, height: int, orientation: int, kind: str, big: bool, gap: int
) -> None:
    data = tiff(order, width, height, orientation, kind, big, gap)
    assert own(data) == Header(width, height, orientation)
    if not (big and order == ">"):  # Pillow takes a big-endian BigTIFF for a plain one
        assert oracle(data) == Header(width, height, orientation)


@given(order=st.sampled_from("<>"), width=LONG_SIDE, height=LONG_SIDE)
def test_big_tiff_with_sides_of_eight_bytes(order: str, width: int, height: int) -> None:
    data = tiff(order, width, height, 1, "Q", True, 0)
    assert own(data) == Header(width, height)
    if order == "<":
        assert oracle(data) == Header(width, height)


def webp(kind: bytes, body: bytes, *more: tuple[bytes, bytes]) -> bytes:
    chunks = b"".join(k + struct.pack("<I", len(b)) + b + b"\0" * (len(b) & 1) for k, b in ((kind, body), *more))
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


@given(width=LONG_SIDE, height=LONG_SIDE, scale=st.integers(0, 3))
def test_webp_lossy(width: int, height: int, scale: int) -> None:
    """RFC 6386, 9.1: three bytes of frame tag, the start code, 14 bits a side with 2 bits of upscaling above them."""
    frame = b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width | scale << 14, height | scale << 14)
    assert own(webp(b"VP8 ", frame + bytes(10))) == Header(width, height)


@given(width=st.integers(1, 16_384), height=st.integers(1, 16_384), alpha=st.booleans())
def test_webp_lossless(width: int, height: int, alpha: bool) -> None:
    """Signature 0x2F, then 14 bits a side, less one, and the alpha bit."""
    bits = (width - 1) | (height - 1) << 14 | alpha << 28
    assert own(webp(b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(10))) == Header(width, height)


@given(
    width=st.integers(1, 1 << 24),
    height=st.integers(1, 1 << 24),
    orientation=ORIENTATION,
    flags=st.integers(0, 255),
    prefix=st.booleans(),
    filling=st.integers(0, 5000),
)
def test_webp_extended(width: int, height: int, orientation: int, flags: int, prefix: bool, filling: int) -> None:
    """24 bits a side, less one. The Exif chunk lies behind the pixels and counts only when the flag announces it."""
    body = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    exif = b"Exif\0\0" * prefix + tiff("<", 1, 1, orientation, "H", False, 0)
    data = webp(b"VP8X", body, (b"VP8L", bytes(filling)), (b"EXIF", exif))
    assert own(data) == Header(width, height, orientation if flags & 8 else 1)


@given(
    width=st.integers(1, 30_000),
    height=st.integers(1, 30_000),
    top_down=st.booleans(),
    size=st.sampled_from([40, 108, 124]),
)
def test_bmp_of_either_direction(width: int, height: int, top_down: bool, size: int) -> None:
    header = struct.pack("<IiiHHIIiiII", size, width, -height if top_down else height, 1, 24, 0, 0, 0, 0, 0, 0)
    data = b"BM" + struct.pack("<IHHI", 14 + size, 0, 0, 14 + size) + header.ljust(size, b"\0")
    assert own(data) == oracle(data) == Header(width, height)


@given(width=st.integers(1, 65_535), height=st.integers(1, 65_535), version=st.sampled_from([b"87a", b"89a"]))
def test_gif_of_either_version(width: int, height: int, version: bytes) -> None:
    data = b"GIF" + version + struct.pack("<HHBBB", width, height, 0, 0, 0) + b";"
    assert own(data) == Header(width, height)


def test_a_picture_of_any_size_has_a_header_even_where_pillow_reads_it(recwarn: pytest.WarningsRecorder) -> None:
    """Pillow refuses to open what would fill the memory; a header alone fills nothing."""
    data = saved("JPEG2000", "L", 40, 30)
    for at, side in ((8, 30_000), (12, 20_000)):  # xsiz and ysiz behind the SIZ marker [ISO 15444-1, A.5.1]
        siz = data.index(b"\xff\x51") + at - 2
        data = data[:siz] + struct.pack(">I", side) + data[siz + 4 :]
    ihdr = data.index(b"ihdr") + 4
    data = data[:ihdr] + struct.pack(">II", 20_000, 30_000) + data[ihdr + 8 :]
    assert own(data) is None
    assert image_header(data) == Header(30_000, 20_000)
    assert not recwarn.list


@given(
    data=st.binary(max_size=200),
    kind=st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"RIFF\0\0\0\0WEBPVP8X", b"BM", b"GIF89a"]),
)
def test_damaged_headers_have_no_size_or_a_sane_one(data: bytes, kind: bytes) -> None:
    header = image_header(kind + data)
    assert header is None or (header.width > 0 and header.height > 0 and 1 <= header.orientation <= 8)
