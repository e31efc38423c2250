"""Brush strokes and bitmasks of Label Studio, against a slow decoder written from the format's description."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from to_labelbox.geometry.raster import mask_array
from to_labelbox.geometry.vector import GeometryError
from to_labelbox_formats.label_studio.regions.brush import bitmask, brush_mask

VECTOR = [0, 0, 0, 16, 57, 27, 252, 96, 19, 255, 198, 0]
"""The 2 × 2 mask [[0, 255], [255, 0]]."""


def unpack(data: bytes) -> list[int]:
    """All values of a packed list, one bit at a time."""
    bits = "".join(f"{byte:08b}" for byte in data)
    place = 0

    def take(count: int) -> int:
        nonlocal place
        field = bits[place : place + count]
        assert len(field) == count
        place += count
        return int(field, 2)

    total = take(32)
    word = take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        repeat, size = take(1), sizes[take(2)]
        count = take(size) + 1
        values += [take(word)] * count if repeat else [take(word) for _ in range(count)]
    return values


def pack(
    runs: list[tuple[bool, int, list[int]]], total: int, sizes: tuple[int, ...] = (3, 4, 8, 16), word: int = 8
) -> bytes:
    """A packed list from (repeat, which field, values); a repeated run has equal values."""
    bits = f"{total:032b}{word - 1:05b}" + "".join(f"{s - 1:04b}" for s in sizes)
    for repeat, field, values in runs:
        bits += f"{int(repeat)}{field:02b}{len(values) - 1:0{sizes[field]}b}"
        bits += "".join(f"{v:0{word}b}" for v in (values[:1] if repeat else values))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@st.composite
def packed(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """Bytes of random runs that fill a picture, and its size."""
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    total, sizes = width * height * 4, draw(st.sampled_from([(3, 4, 8, 16), (1, 2, 3, 4), (16, 16, 1, 7)]))
    word = draw(st.sampled_from([8, 8, 8, 1, 5, 12]))
    runs: list[tuple[bool, int, list[int]]] = []
    left = total
    while left:
        field, repeat = draw(st.integers(0, 3)), draw(st.booleans())
        count = min(left, draw(st.integers(1, min(1 << sizes[field], 40))))
        values = draw(st.lists(st.sampled_from([0, 0, 1, (1 << word) - 1]), min_size=count, max_size=count))
        runs.append((repeat, field, values[:1] * count if repeat else values))
        left -= count
    return pack(runs, total, sizes, word), width, height


def raw(values: object) -> bytes:
    return json.dumps(values).encode()


@given(packed())
@settings(max_examples=150, deadline=None)
def test_every_pixel_is_that_of_the_slow_decoder(case: tuple[bytes, int, int]) -> None:
    data, width, height = case
    expected = np.array(unpack(data)).reshape(height, width, 4)[:, :, 3] > 0
    assert np.array_equal(mask_array(brush_mask(raw(list(data)), width, height)) != 0, expected)


def test_the_known_vector() -> None:
    assert mask_array(brush_mask(raw(VECTOR), 2, 2)).tolist() == [[0, 1], [1, 0]]


def test_runs_longer_than_a_field_and_a_soft_edge() -> None:
    width, height = 200, 100
    opaque = [(True, 3, [0] * 65536), (True, 3, [255] * (80000 - 65536 - 4)), (False, 0, [9, 9, 9, 1])]
    data = pack(opaque, 80000)
    mask = mask_array(brush_mask(raw(list(data)), width, height)).reshape(-1)
    assert mask[:16384].sum() == 0
    assert mask[16384:].all()


@pytest.mark.parametrize("cut", [1, 5, 7, 9, 11])
def test_an_early_end_is_an_error(cut: int) -> None:
    with pytest.raises(GeometryError):
        brush_mask(raw(VECTOR[: len(VECTOR) - cut]), 2, 2)


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ([], "empty"),
        ([256] * 12, "no bytes"),
        ([-1] * 12, "no bytes"),
        ("AAAA", "no list"),
        ([1.5], "no list"),
        ({"size": [2, 2]}, "no list"),
        ([255] * 12, "values"),
    ],
)
def test_what_is_no_packed_list_is_refused(rle: object, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        brush_mask(raw(rle), 2, 2)


def test_more_values_than_announced_are_refused() -> None:
    with pytest.raises(GeometryError, match="more values"):
        brush_mask(raw(list(pack([(True, 2, [0] * 20)], 16))), 2, 2)


def test_another_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="16 values, 6 pixels need 24"):
        brush_mask(raw(VECTOR), 3, 2)


def test_the_form_of_coco_is_read_column_by_column() -> None:
    assert mask_array(brush_mask(raw({"size": [2, 3], "counts": [1, 2, 3]}), 3, 2)).tolist() == [[0, 1, 0], [1, 0, 0]]


def png(mode: str, pixels: list[Any]) -> str:
    image = Image.new(mode, (2, 2))
    image.putdata(pixels)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def test_a_bitmask_is_what_is_not_transparent() -> None:
    url = png("RGBA", [(0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 0), (0, 0, 0, 1)])
    assert mask_array(bitmask(url, 2, 2)).tolist() == [[0, 1], [0, 1]]


def test_a_bitmask_without_transparency_is_what_is_not_black() -> None:
    assert mask_array(bitmask(png("L", [0, 255, 0, 1]), 2, 2)).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("url", ["", "http://host/mask.png", "data:image/png;base64,%%", "data:image/png;base64,AAAA"])
def test_other_bitmasks_are_refused(url: str) -> None:
    with pytest.raises(GeometryError):
        bitmask(url, 2, 2)


def test_a_bitmask_of_another_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="2 × 2 pixels, the picture 4 × 4"):
        bitmask(png("L", [0, 0, 0, 1]), 4, 4)
