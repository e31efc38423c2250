"""PNGs written from runs against Pillow, and against compressing all bytes of the frame."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from to_labelbox.geometry.raster import mask_array, mask_from_array, mask_from_runs, rasterise, row_edges
from to_labelbox.model.items import Mask, Polygon
from to_labelbox_formats.labelbox.encode.png_masks import pngs
from to_labelbox_formats.labelbox.encode.run_deflate import Color, adler32, deflate

shapes = st.tuples(st.integers(1, 20), st.integers(1, 40))
noise = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
colors: st.SearchStrategy[Color] = st.one_of(
    st.tuples(st.integers(1, 255)), st.tuples(*[st.integers(0, 255)] * 3).filter(any)
)


@st.composite
def frames(draw: st.DrawFn) -> npt.NDArray[np.bool_]:
    """Wide frames with rectangles, some of which reach the borders."""
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 1200))
    frame = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 4))):
        top, bottom = sorted(draw(st.tuples(st.integers(0, height), st.integers(0, height))))
        left, right = sorted(draw(st.tuples(st.integers(0, width), st.integers(0, width))))
        frame[top:bottom, left:right] ^= True
    return frame


def rows_of(mask: Mask, color: Color) -> bytes:
    """All bytes of the image: a filter type, then the pixels, row by row."""
    pixels = mask_array(mask)[..., None] * np.array(color, np.uint8)
    rows = pixels.reshape(mask.height, -1)
    return np.hstack((np.zeros((mask.height, 1), np.uint8), rows)).tobytes()


def compressed(mask: Mask, color: Color) -> bytes:
    """The long way: a PNG of all bytes of the frame, by zlib."""
    header = struct.pack(">IIBBBBB", mask.width, mask.height, 8, 0 if len(color) == 1 else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows_of(mask, color), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def png(mask: Mask, color: Color = (1,)) -> bytes:
    return pngs([mask], color)[0]


def pixels_of(data: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        image.verify()
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode in ("L", "RGB")
        return np.asarray(image)


def check(array: npt.NDArray[np.bool_], color: Color) -> None:
    mask = mask_from_array(array)
    written = png(mask, color)
    pixels = pixels_of(written)
    assert (pixels == pixels_of(compressed(mask, color))).all()
    assert (pixels == (array if len(color) == 1 else array[..., None]) * np.array(color)).all()
    assert png(mask, color) == written


@given(noise, colors)
@example(np.ones((3, 4), bool), (1,))
@example(np.zeros((3, 4), bool), (1, 2, 3))
@example(np.ones((1, 1), bool), (255, 255, 255))
def test_png_has_the_pixels_of_noise(array: npt.NDArray[np.bool_], color: Color) -> None:
    check(array, color)


@given(frames(), colors)
def test_png_has_the_pixels_of_wide_frames(array: npt.NDArray[np.bool_], color: Color) -> None:
    check(array, color)


@pytest.mark.parametrize("width", [*range(255, 263), *range(513, 520), 84, 85, 86, 87, 88, 170, 171, 172, 173, 174])
@pytest.mark.parametrize("color", [(1,), (255,), (9, 0, 200), (7, 7, 7)])
def test_runs_around_the_longest_copies(width: int, color: Color) -> None:
    array = np.zeros((2, width + 300), bool)
    array[0, 1 : width + 1] = True
    array[1, width:] = True
    check(array, color)


@given(st.one_of(noise, frames()), colors)
def test_stream_and_checksum_are_those_of_all_bytes(array: npt.NDArray[np.bool_], color: Color) -> None:
    mask = mask_from_array(array)
    rows = rows_of(mask, color)
    drawn = (
        np.frombuffer(rows, np.uint8)
        .reshape(mask.height, -1)[:, 1:]
        .reshape(mask.height, mask.width, len(color))
        .any(axis=2)
    )
    # from pixels: the filter type of a row is background
    row = 1 + len(color) * mask.width
    flat = np.zeros((mask.height, row), bool)
    flat[:, 1:] = np.repeat(drawn, len(color), axis=1)
    edges = np.flatnonzero(np.diff(flat.ravel(), prepend=False, append=False))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    image = np.array([0, len(edges)]), np.array([len(rows)]), color
    assert inflate.decompress(deflate(edges, *image)[0]) == rows
    assert inflate.eof
    assert not inflate.unused_data
    assert adler32(edges, *image) == [zlib.adler32(rows)]


@given(st.one_of(noise, frames()))
def test_row_edges_are_those_of_the_pixels(array: npt.NDArray[np.bool_]) -> None:
    padded = np.pad(array, ((0, 0), (0, 1)))
    wanted = np.flatnonzero(np.diff(padded.ravel(), prepend=False))
    (found,) = row_edges([mask_from_array(array)])
    assert found.edges.tolist() == wanted.tolist()


@given(st.lists(st.one_of(noise, frames()), max_size=6), colors, st.sampled_from([1, 50, 1 << 16]))
def test_pngs_made_at_once_are_those_made_alone(arrays: list[npt.NDArray[np.bool_]], color: Color, edges: int) -> None:
    masks = list(map(mask_from_array, arrays))
    alone = [png(mask, color) for mask in masks]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("to_labelbox.geometry.raster._EDGES", edges)
        assert pngs(masks, color) == alone


@given(st.one_of(noise, frames()), colors)
def test_many_runs_are_packed_in_blocks(array: npt.NDArray[np.bool_], color: Color) -> None:
    mask = mask_from_array(array)
    whole = png(mask, color)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("to_labelbox_formats.labelbox.encode.run_deflate._BLOCK", 4)
        assert png(mask, color) == whole


def test_runs_of_length_zero() -> None:
    mask = mask_from_runs([0, 2, 0, 3, 0, 0, 4, 1, 0, 2], 4, 3)
    assert (pixels_of(png(mask)) == mask_array(mask)).all()


def test_bytes_are_a_fixed_text() -> None:
    """Not of the zlib that the interpreter has: this text must never change by itself."""
    mask = mask_from_array(np.eye(3, 4, dtype=bool))
    written = png(mask, (255,))
    assert zlib.crc32(written) == 0xBCEDE7C1


def test_masks_of_a_set_take_less_than_half_of_what_zlib_makes_of_them() -> None:
    rng = random.Random(1)
    runs = frame = 0
    for _ in range(40):
        x, y, rx, ry = rng.uniform(0, 640), rng.uniform(0, 480), rng.uniform(5, 160), rng.uniform(5, 120)
        angles = np.sort([rng.uniform(0, 2 * np.pi) for _ in range(25)])
        reach = np.array([rng.uniform(0.6, 1) for _ in range(25)])
        ring = np.stack((x + rx * reach * np.cos(angles), y + ry * reach * np.sin(angles)), 1).ravel().tolist()
        mask = rasterise(Polygon(((ring,),)), 640, 480)
        runs += len(png(mask))
        frame += len(compressed(mask, (1,)))
    assert runs < 0.45 * frame
