"""Headers of media files: sizes and orientation without decoding pixels."""

from __future__ import annotations

import io
import os
from typing import NamedTuple

from to_labelbox.source import is_safe

IMAGE_EXTENSIONS = frozenset(".avif .bmp .dng .gif .heic .heif .jp2 .jpeg .jpe .jpg .mpo .png .tif .tiff .webp".split())
VIDEO_EXTENSIONS = frozenset(".avi .m4v .mkv .mov .mp4 .mpeg .mpg .webm .wmv".split())


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
    return os.path.splitext(name)[1].lower() in IMAGE_EXTENSIONS


def is_video(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in VIDEO_EXTENSIONS


def image_header(data: bytes) -> Header | None:
    """Header of a picture whose bytes (or a long enough head of them) are at hand; None when it is no picture."""
    return _by_pillow(data)


def file_header(path: str) -> Header | None:
    """Header of a picture file on disk; None when it is missing or no picture."""
    try:
        with open(path, "rb") as file:
            return _by_pillow(file.read())
    except OSError:
        return None


def _by_pillow(data: bytes) -> Header | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(0x0112, 1)
            width, height = image.size
    except Exception:  # Pillow raises many kinds on damaged files
        return None
    return Header(width, height, orientation if orientation in range(1, 9) else 1)


class Gallery:
    """Pictures below a media root, looked up by asset path; nothing outside the root is opened."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, name: str) -> str | None:
        """The file of an asset, or None when it is not there or its name leaves the root."""
        if not is_safe(name):
            return None
        path = os.path.join(self.root, name)
        return path if os.path.isfile(path) else None

    def header(self, name: str) -> Header | None:
        path = self.path(name)
        return file_header(path) if path else None
