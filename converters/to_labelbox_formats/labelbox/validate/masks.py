"""The rules of masks, of pictures and of frames: how their picture is told, which size and which colours it has."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, UnsetType

from to_labelbox_formats.labelbox.validate import png, wire
from to_labelbox_formats.labelbox.validate.frames import frame_faults, plane_faults
from to_labelbox_formats.labelbox.validate.rows import RowInfo


def mask_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    mask = line.mask
    assert isinstance(mask, wire.WireMask)
    forms = [f for f in ("png", "imBytes", "instanceURI") if getattr(mask, f) is not UNSET]
    if len(forms) != 1:
        yield f"a mask has {' and '.join(forms) or 'no picture'}: want one of png, imBytes, instanceURI"
        return
    if (mask.colorRGB is UNSET) == (forms[0] != "png"):
        yield "png comes without colorRGB, imBytes and instanceURI with it"
        return
    color = mask.colorRGB
    if not isinstance(color, UnsetType):
        yield from _color(color)
    if isinstance(mask.instanceURI, str):
        yield from _uri(mask.instanceURI)
        return
    text = mask.png if isinstance(mask.png, str) else mask.imBytes
    assert isinstance(text, str)
    try:
        picture = png.decode(text)
    except png.PngError as error:
        yield f"the mask {error}"
        return
    yield from _sized(picture, row)
    if isinstance(color, UnsetType):
        yield from _grey(picture)
    else:
        yield from _colored(picture, [color])


def _sized(picture: png.Picture, row: RowInfo) -> Iterator[str]:
    width, height = picture.size
    if row.mask_size is None:
        row.mask_size = picture.size
    elif picture.size != row.mask_size:
        yield f"the mask is {width} × {height}, another on this data row {row.mask_size[0]} × {row.mask_size[1]}"
    if row.size and picture.size != row.size:
        yield f"the mask is {width} × {height}, its picture {row.size[0]} × {row.size[1]}"


def _grey(picture: png.Picture) -> Iterator[str]:
    if picture.color_type != png.GREY:
        yield "the mask in png must be 8-bit grey (mode L)"
        return
    highest = int(picture.pixels.max())
    if highest == 0:
        yield "no pixel of the mask is set"
    elif highest not in (1, 255) or not ((picture.pixels == 0) | (picture.pixels == highest)).all():
        yield "the mask's pixels must be 0 and 1 (or 0 and 255), one instance a picture"


def _colored(picture: png.Picture, colors: list[tuple[int, int, int]]) -> Iterator[str]:
    if picture.color_type not in (png.RGB, png.RGBA):
        yield "a mask that is told by colorRGB must be an RGB picture"
        return
    present = png.colors(picture) if colors else ()
    for color in colors:
        if color not in present:
            yield f"colorRGB {list(color)} does not occur in the picture"


def _color(color: tuple[int, int, int]) -> Iterator[str]:
    if not all(0 <= value <= 255 for value in color):
        yield f"colorRGB {list(color)}: want three numbers of 0..255"
    elif not any(color):
        yield "colorRGB is black, which is the background"


def _uri(uri: str) -> Iterator[str]:
    if not uri.startswith("https://"):
        yield f"instanceURI {uri!r} must be an https URL that the server can read"


def masks_line(line: wire.Line, row: RowInfo) -> Iterator[str]:
    masks = line.masks
    assert isinstance(masks, wire.Masks)
    yield from plane_faults(line, row)
    if line.name is not UNSET or line.schemaId is not UNSET:
        yield "the name stands on each of the instances, not on the line"
    if not masks.frames or not masks.instances:
        yield "masks need at least one frame and one instance"
    yield from frame_faults([frame.index for frame in masks.frames], -1)
    colors = [instance.colorRGB for instance in masks.instances]
    if len(set(colors)) < len(colors):
        yield "two instances have the same colorRGB"
    for color in colors:
        yield from _color(color)
    for instance in masks.instances:
        if instance.name is UNSET and instance.schemaId is UNSET:
            yield "want a name or a schemaId on each instance"
    missing = set(colors)
    text = None
    for frame in masks.frames:
        if isinstance(frame.imBytes, str) == isinstance(frame.instanceURI, str):
            yield f"frame {frame.index}: want either imBytes or instanceURI"
        elif isinstance(frame.instanceURI, str):
            missing.clear()
            yield from _uri(frame.instanceURI)
        else:
            assert isinstance(frame.imBytes, str)
            try:
                if frame.imBytes != text:  # what does not move has one picture on many frames
                    picture = png.decode(frame.imBytes)
                    text = frame.imBytes
            except png.PngError as error:
                yield f"frame {frame.index}: the mask {error}"
                missing.clear()
                continue
            yield from (f"frame {frame.index}: {fault}" for fault in _sized(picture, row))
            yield from (f"frame {frame.index}: {fault}" for fault in _colored(picture, []))
            if missing and picture.color_type != png.GREY:
                missing -= png.colors(picture)
    for color in missing:
        yield f"colorRGB {list(color)} occurs on no frame"
