"""`validate`: every rule that can be checked offline, one message a fault, at the right file and line: PNG."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.validate import png, text_of
from harness import walk
from labelbox_cells import ASSETS, CASES
from labelbox_writer import faults, save, written
from to_labelbox.rules.settings import Settings
from to_labelbox_formats.labelbox import FORMAT
from to_labelbox_formats.labelbox.validate import png as validating
from to_labelbox_formats.labelbox.validate import wire
from to_labelbox_formats.labelbox.validate.masks import masks_line
from to_labelbox_formats.labelbox.validate.png import Picture, PngError, colors, decode
from to_labelbox_formats.labelbox.validate.rows import RowInfo


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def crafted(width: int, height: int, rows: bytes, depth: int = 8, color: int = 0) -> str:
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (crafted(2, 2, b"\0\1\1"), "pixels end after 3 of 6"),
        (crafted(100_000, 100_000, b""), "100000 × 100000"),
        (crafted(0, 2, b""), "0 × 2"),
        (crafted(2, 2, b"\0" * 6, depth=1), "has 1 bits"),
        (crafted(2, 2, b"\0" * 6, color=3), "colour type 3"),
        (crafted(2, 2, b"\x09\1\1\0\1\1"), "cannot be unpacked"),
        (base64.b64encode(base64.b64decode(crafted(2, 2, b"\0" * 6))[:-20]).decode(), "ends inside a chunk"),
        (base64.b64encode(base64.b64decode(crafted(2, 2, b"\0" * 6)).replace(b"IDAT", b"IDAX")).decode(), "check sum"),
    ],
)
def test_broken_pictures(text: str, message: str) -> None:
    with pytest.raises(PngError, match=message):
        decode(text)


@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_pictures_of_any_encoder(width: int, height: int, data: st.DataObject) -> None:
    pixels = np.array(data.draw(st.lists(st.integers(0, 255), min_size=width * height, max_size=width * height)))
    pixels = pixels.reshape(height, width).astype(np.uint8)
    assert (decode(png(pixels)).pixels[..., 0] == pixels).all()


def test_every_asset_type_has_a_case() -> None:
    assert {case.media for case in CASES} == set(ASSETS)


_MADE = written({case.media: case.item for case in CASES}.values(), settings=Settings(relationships=True))


WHOLE = {
    "annotations.ndjson": _MADE.text.encode(),
    "data_rows.ndjson": text_of(*_MADE.rows).encode(),
    "ontology.json": json.dumps(_MADE.ontology).encode(),
}


JUNK = [
    b"",
    b"\0",
    b'"',
    b"{",
    b"]",
    b"-1",
    b"1e999",
    b"null",
    b"\xff",
    b"[]",
    b"{}",
    b"true",
    b'""',
    b",",
    b"[" * 3000,
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1), st.integers(0, 30), st.sampled_from(JUNK))
def test_mutated_files_give_faults_and_never_an_exception(name: str, at: float, length: int, junk: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        save(_MADE, Path(folder))
        data = WHOLE[name]
        start = int(at * len(data))
        (Path(folder) / name).write_bytes(data[:start] + junk + data[start + length :])
        for fault in FORMAT.checks.validate(folder):
            assert fault.file
            assert fault.message


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_values_of_another_type_give_faults_and_never_an_exception(data: st.DataObject) -> None:
    import tempfile

    document: Any = data.draw(st.sampled_from([_MADE.ontology, *_MADE.rows, *_MADE.lines]))
    changed = json.loads(json.dumps(document))
    places = [(holder, key) for holder, key in walk(changed)]
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(st.sampled_from([None, 0, -1, 1.5, "", "x", [], {}, [[]], [{}], {"a": 1}, True]))
    made = _MADE
    if document is _MADE.ontology:
        made = replace(_MADE, ontology=changed)
    elif document in _MADE.rows:
        made = _MADE.with_rows([changed if row is document else row for row in _MADE.rows])
    else:
        made = _MADE.with_lines([changed if line is document else line for line in _MADE.lines])
    with tempfile.TemporaryDirectory() as folder:
        for fault in faults(made, Path(folder)):
            assert fault.message


@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 3, 4]), st.integers(1, 3), st.integers(0, 999))
def test_the_colours_of_a_picture(width: int, height: int, channels: int, highest: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, highest + 1, (height, width, channels)).astype(np.uint8)
    rgb = pixels.reshape(-1, channels)[:, [0, 0, 0] if channels == 1 else [0, 1, 2]]
    assert colors(Picture(0, pixels)) == {tuple(one) for one in rgb.tolist()}


def test_a_picture_that_stays_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A track of masks has one on every frame, and colours are looked for until all are found."""
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[1:3, 1:3] = 9, 8, 7
    texts = [png(picture, "RGB")] * 3
    picture[0, 0] = 9, 8, 7
    line = wire.Line(
        dataRow=wire.DataRow(globalKey="k"),
        masks=wire.Masks(
            [wire.MaskFrame(n, imBytes=text) for n, text in enumerate([*texts, png(picture, "RGB")], 1)],
            [wire.MaskInstance((9, 8, 7), name="a")],
        ),
    )
    done: list[str] = []

    def counted(name: str, real: Any) -> Any:
        def call(given: Any) -> Any:
            done.append(name)
            return real(given)

        return call

    for name in ("decode", "colors"):
        monkeypatch.setattr(validating, name, counted(name, getattr(validating, name)))
    assert list(masks_line(line, RowInfo("k", None))) == []
    assert done == ["decode", "colors", "decode"]
