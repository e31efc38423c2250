"""Picture headers, with Pillow as the oracle."""

from __future__ import annotations

import io
import os
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from to_labelbox.source import image_headers as media
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.image_headers import Header, file_header, image_header, is_image, is_video

SIZE = (37, 23)
ORIENTATIONS = range(1, 9)


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: Any) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(media, "_by_pillow", refuse)


def picture(kind: str, orientation: int | None = None, size: tuple[int, int] = SIZE, **save: Any) -> bytes:
    target = io.BytesIO()
    if orientation is not None and kind == "TIFF":
        save["tiffinfo"] = {274: orientation}
    elif orientation is not None:
        exif = Image.Exif()
        exif[0x010F] = "maker"
        exif[0x0112] = orientation
        save["exif"] = exif
    Image.new("P" if kind == "GIF" else "RGB", size).save(target, kind, **save)
    return target.getvalue()


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"])
def test_reads_the_size_without_pillow(kind: str, tmp_path: Path) -> None:
    data = picture(kind)
    (tmp_path / "a").write_bytes(data)
    assert image_header(data) == Header(*SIZE)
    assert file_header(str(tmp_path / "a")) == Header(*SIZE)


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize(
    ("kind", "save"),
    [
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 10}),
        ("TIFF", {"big_tiff": True}),
        ("PNG", {"dpi": (72, 72)}),
    ],
)
def test_reads_every_flavour(kind: str, save: dict[str, Any]) -> None:
    assert image_header(picture(kind, **save)) == Header(*SIZE)


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_reads_all_eight_orientations(kind: str, orientation: int, tmp_path: Path) -> None:
    data = picture(kind, orientation)
    header = image_header(data)
    assert header == Header(*SIZE, orientation)
    assert header is not None
    (tmp_path / "a").write_bytes(data)
    assert file_header(str(tmp_path / "a")) == header
    with Image.open(io.BytesIO(data)) as image:
        assert header.upright == ImageOps.exif_transpose(image).size


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pillow_as_fallback_says_the_same(kind: str, orientation: int) -> None:
    assert media._by_pillow(io.BytesIO(picture(kind, orientation))) == Header(*SIZE, orientation)


@pytest.mark.usefixtures("no_pillow")
def test_reads_big_endian_exif_and_odd_values() -> None:
    def jpeg(entry: bytes) -> bytes:
        exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"
        plain = picture("JPEG")
        return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]

    assert image_header(jpeg(struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0))) == Header(*SIZE, 6)
    assert image_header(jpeg(struct.pack(">HHII", 0x0112, 4, 1, 8))) == Header(*SIZE, 8)
    assert image_header(jpeg(struct.pack(">HHIHH", 0x0112, 3, 1, 0, 0))) == Header(*SIZE, 1)
    assert image_header(jpeg(struct.pack(">HHIHH", 0x0112, 3, 1, 9, 0))) == Header(*SIZE, 1)


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("gap", [0, 1, 2029, 2030, 2031, 2040, 2047, 4096, 65000])
def test_follows_a_jpeg_whose_size_lies_further(gap: int, tmp_path: Path) -> None:
    plain = picture("JPEG", 5)
    comment = b"\xff\xfe" + struct.pack(">H", gap + 2) + bytes(gap)
    icc = b"\xff\xe2" + struct.pack(">H", 60002) + bytes(60000)
    data = plain[:2] + comment + b"\xff\xff" + icc[1:] + plain[2:]
    (tmp_path / "a").write_bytes(data)
    assert image_header(data) == Header(*SIZE, 5)
    assert file_header(str(tmp_path / "a")) == Header(*SIZE, 5)


@pytest.mark.usefixtures("no_pillow")
def test_bmp_of_every_header_and_direction() -> None:
    os2 = b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 37, 23, 1, 24) + bytes(8)
    top_down = b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 37, -23, 1, 24) + bytes(24)
    assert image_header(os2) == image_header(top_down) == Header(*SIZE)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBP", b"GIF89a", b"BM", b"II*\0", b"no"]
)
def test_what_is_no_picture_has_no_header(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert image_header(data) is None
    assert file_header(str(tmp_path / "a.jpg")) is None


def test_missing_files_folders_and_pipes_have_no_header(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert file_header(str(tmp_path / "none.jpg")) is None
    assert file_header(str(tmp_path)) is None
    assert file_header(str(tmp_path / "pipe.jpg")) is None
    assert file_header(str(tmp_path / "nul\0.jpg")) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"])
def test_cut_and_flipped_bytes_never_raise(kind: str, tmp_path: Path) -> None:
    data = picture(kind, None if kind in ("BMP", "GIF") else 6)
    generator = random.Random(kind)
    path = tmp_path / "a"
    for cut in range(0, min(len(data), 400), 7):
        path.write_bytes(data[:cut])
        file_header(str(path))
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(generator.randint(1, 8)):
            broken[generator.randrange(min(len(broken), 600))] = generator.randrange(256)
        path.write_bytes(broken)
        header = file_header(str(path))
        assert header is None or (header.width > 0 and header.height > 0 and header.orientation in ORIENTATIONS)


def test_names_of_pictures_and_videos() -> None:
    assert is_image("a/b.JPG")
    assert is_image("x.y.webp")
    assert not is_image("a/.jpg")
    assert not is_image(".jpg")
    assert not is_image("folder.jpg/readme")
    assert is_video("clip.MP4")
    assert not is_video("clip.txt")


def test_gallery_stays_below_its_root(tmp_path: Path) -> None:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.png").write_bytes(picture("PNG"))
    (tmp_path / "b.png").write_bytes(picture("PNG"))
    gallery = MediaFolder(str(tmp_path / "root"))
    assert gallery.header("sub/a.png") == Header(*SIZE)
    assert gallery.path("sub/a.png") == str(tmp_path / "root" / "sub" / "a.png")
    assert gallery.header("../b.png") is None
    assert gallery.path("../b.png") is None
    assert gallery.header("none.png") is None
