"""Pictures, masks and frames of videos as data URLs.

Pictures are always decoded and encoded anew: a browser would turn a picture by its EXIF orientation, while the payload's
coordinates are those of stored pixels, and nothing of a file but its pixels shall reach the page.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from PIL import Image, ImageFilter, ImageOps

from to_labelbox.report.plain_words import in_words
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.paths import is_safe

MAX_SIDE = 1200
"""Longer side of an embedded picture in pixels."""
SHARP_SIDE = 320
"""Pictures up to this size are embedded without loss."""
MASK_SIDE = 800
MASK_ALPHA, EDGE_ALPHA = 96, 235
FRAME_SIDE = 480
MAX_PIXELS = 180_000_000
_ORIENTATION = 274
_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""TIFFs are turned upright on loading by Pillow; this turns them back."""


class Picture(NamedTuple):
    """``url`` shows a picture of ``width`` × ``height`` stored pixels, possibly with fewer."""

    url: str
    width: int
    height: int


class Patch(NamedTuple):
    """A mask in its colour: where it lies on a picture of ``width`` × ``height`` pixels. Empty: ``url`` is ""."""

    url: str
    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int


class Unreadable(Exception):
    """A picture that cannot be shown; the message says why."""


def data_url(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def find(gallery: MediaFolder | None, names: Sequence[str]) -> str | None:
    """The file below the media root that one of the names leads to."""
    return next((p for n in names if n and (p := gallery.path(n))), None) if gallery else None


def picture(path: str, side: int = MAX_SIDE) -> Picture:
    """A picture file. Raises :class:`Unreadable`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Unreadable(f"the picture has {image.width} × {image.height} pixels, too many to show")
                tags = getattr(image, "tag_v2", {})
                turned = _UNDO.get(tags.get(_ORIENTATION, 1)) if image.format == "TIFF" else None
                width, height = image.size
                image.draft("RGB", (side, side))
                image.load()
                stored = image.transpose(turned) if turned is not None else image
                if turned is not None:
                    width, height = stored.size
                return Picture(_encoded(stored, side), width, height)
    except Unreadable:
        raise
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise Unreadable(f"the picture cannot be read: {in_words(error)}") from None


def _encoded(image: Image.Image, side: int) -> str:
    small = max(image.size) <= min(SHARP_SIDE, side)
    if image.mode.startswith("I") or image.mode == "F":
        low, high = image.getextrema()
        span = max(float(high) - float(low), 1e-9)  # type: ignore[arg-type]
        image = image.convert("F").point(lambda v: v * (255 / span) - float(low) * 255 / span).convert("L")  # type: ignore[arg-type]
    if image.mode == "P" or "A" in image.mode:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3)
    buffer = io.BytesIO()
    if small:
        image.save(buffer, "PNG", optimize=True)
        return data_url("png", buffer.getvalue())
    image.save(buffer, "JPEG", quality=80, optimize=True)
    return data_url("jpeg", buffer.getvalue())


# ----------------------------------------------------------------------------------------------------------- masks


def mask(text: str, color: tuple[int, int, int], instance: tuple[int, int, int] | None = None) -> Patch:
    """An inline mask, base64 of a PNG: every pixel that is not 0, or those of the colour ``instance``.

    Raises :class:`Unreadable`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Unreadable(f"the mask has {image.width} × {image.height} pixels, too many to show")
                drawn = _on(image, instance)
    except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unreadable(f"the mask cannot be read: {in_words(error)}") from None
    width, height = drawn.size
    box = drawn.getbbox()
    if box is None:
        return Patch("", 0, 0, 0, 0, width, height)
    return Patch(_tinted(drawn.crop(box), color), *box, width, height)


def _on(image: Image.Image, instance: tuple[int, int, int] | None) -> Image.Image:
    """255 where the mask is, 0 elsewhere."""
    if instance is None:
        return image.convert("L").point(lambda v: 255 if v else 0)
    from PIL import ImageChops

    bands = [
        band.point([255 if n == want else 0 for n in range(256)])
        for band, want in zip(image.convert("RGB").split(), instance)
    ]
    return ImageChops.darker(ImageChops.darker(bands[0], bands[1]), bands[2])


def _tinted(shape: Image.Image, color: tuple[int, int, int]) -> str:
    """A half transparent area with a firm edge."""
    scale = min(1.0, MASK_SIDE / max(shape.size))
    if scale < 1:
        size = (max(1, round(shape.width * scale)), max(1, round(shape.height * scale)))
        shape = shape.resize(size, Image.Resampling.BOX)
    framed = ImageOps.expand(shape, 1, 0)
    inner = framed.filter(ImageFilter.MinFilter(3)).crop((1, 1, shape.width + 1, shape.height + 1))
    alpha = shape.point(lambda v: v * EDGE_ALPHA // 255)
    alpha.paste(MASK_ALPHA, mask=inner.point(lambda v: 255 if v > 127 else 0))
    tinted = Image.new("RGB", shape.size, color)
    tinted.putalpha(alpha)
    buffer = io.BytesIO()
    tinted.quantize(16, Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=True)
    return data_url("png", buffer.getvalue())


# ---------------------------------------------------------------------------------------------------------- frames

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
MAX_DECODED = 3000
"""Frames that are decoded at most to reach a wanted one."""


def frames(gallery: MediaFolder | None, names: Sequence[str], wanted: Sequence[int]) -> tuple[dict[int, Picture], str]:
    """Pictures of frames, counted from 0, and a word about where they come from or why there are none.

    They are those of a folder that is named like the video, in the order of names, or of the video itself.
    """
    if gallery is None:
        return {}, "no frames: give --media-root"
    for name in names:
        for folder in (name, os.path.splitext(name)[0]):
            path = os.path.join(gallery.root, folder)
            if folder and is_safe(folder) and os.path.isdir(path):
                files = sorted((f for f in os.listdir(path) if f.lower().endswith(_PICTURES)), key=_by_number)
                return dict(_of_files(path, files, wanted)), f"frames of the folder {folder}"
    video = find(gallery, names)
    if video is None:
        return {}, "neither the video nor a folder with its frames is below the media root"
    try:
        import av
    except ImportError:
        return {}, "frames of a video need PyAV: pip install 'to-labelbox[video]'"
    try:
        with av.open(video) as container:
            return dict(_decoded(container, wanted)), "frames of the video"
    except Exception as error:  # PyAV raises many kinds on damaged files
        return {}, f"the video cannot be read: {in_words(error)}"


def _by_number(name: str) -> list[tuple[int, str]]:
    """Numbers in a name count as numbers: frame 10 comes after frame 2, padded or not."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _of_files(folder: str, files: list[str], wanted: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    for frame in wanted:
        if frame < len(files):
            try:
                yield frame, picture(os.path.join(folder, files[frame]), FRAME_SIDE)
            except Unreadable:
                continue


def _decoded(container: Any, wanted: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    """Seek to the key picture before each wanted frame, then decode up to it; the frame rate is taken as constant."""
    stream = container.streams.video[0]
    rate, base, start = stream.average_rate, stream.time_base, stream.start_time or 0
    for frame in sorted(wanted):
        target = start + round(frame / rate / base)
        container.seek(target, backward=True, stream=stream)
        for n, decoded in enumerate(container.decode(stream)):
            if decoded.pts is not None and decoded.pts + 0.5 / rate / base > target:
                image = decoded.to_image()
                yield frame, Picture(_encoded(image, FRAME_SIDE), *_stored(decoded))
                break
            if n >= MAX_DECODED:
                break


def _stored(decoded: Any) -> tuple[int, int]:
    return int(decoded.width), int(decoded.height)
