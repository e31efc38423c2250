"""File names that are not UTF-8: folders convert all the same, under names that tell every file from the others."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from harness import Convert, codes, lines, ontology, questions
from to_labelbox.model.text import text_name

VOC = (
    b"<annotation><filename>a.png</filename><size><width>40</width><height>20</height><depth>3</depth></size>"
    b"<object><name>car</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object>"
    b"</annotation>"
)
ROW = b"0 0.5 0.5 0.2 0.4\n"
PICTURE = io.BytesIO()
Image.new("RGB", (40, 20)).save(PICTURE, "PNG")
PNG = PICTURE.getvalue()
CAFES = (b"a", b"caf\xe8", b"caf\xe9", "caf\u00e9".encode())
READ = ["a", "caf\u00e9", "caf%E8", "caf%E9"]

LAYOUTS: dict[str, tuple[Mapping[bytes, bytes], str]] = {
    "voc": ({b"Annotations/%b.xml": VOC, b"JPEGImages/%b.png": PNG}, ""),
    "voc, flat": ({b"%b.xml": VOC}, ""),
    "voc, masks": ({b"Annotations/%b.xml": VOC, b"SegmentationObject/%b.png": PNG}, ""),
    "yolo": ({b"labels/%b.txt": ROW, b"images/%b.png": PNG}, "images/"),
    "yolo, beside": ({b"%b.txt": ROW, b"%b.png": PNG}, ""),
    "yolo, classes": ({b"train/cat/%b.png": PNG}, "train/cat/"),
}


def made(folder: Path, files: Mapping[bytes, bytes]) -> Path:
    for name, content in files.items():
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(path, "wb") as file:
                file.write(content)
        except OSError as error:
            pytest.skip(f"this file system takes no such names: {error}")
    return folder


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_file_converts_under_a_name_of_its_own(
    layout: str, workers: int, tmp_path: Path, convert: Convert
) -> None:
    files, folder = LAYOUTS[layout]
    every = {name % cafe: content for name, content in files.items() for cafe in CAFES}
    run = convert(made(tmp_path / "set", every), workers=workers, global_key="{dataset}/{relpath}")
    rows = lines(run.out, "data_rows.ndjson")
    assert [r["row_data"] for r in rows] == [f"{folder}{name}.png" for name in READ]
    assert [r["global_key"] for r in rows] == [f"set/{folder}{name}.png" for name in READ]
    assert run.codes["name-cleaned"] == 2
    assert run.report.exit_code() == 0
    assert len({line["uuid"] for line in run.lines}) == len(run.lines) == 4
    assert run.report.assets.written == 4


def test_folders_of_classes_stay_apart(tmp_path: Path, convert: Convert) -> None:
    run = convert(
        made(tmp_path / "set", {b"train/d\xf6g/a.png": PNG, b"train/d\xe4g/a.png": PNG, b"val/cat/a.png": PNG})
    )
    assert questions(ontology(run.out)) == {"class": ["cat", "d%E4g", "d%F6g"]}
    assert sorted(line["answer"]["name"] for line in run.lines) == ["cat", "d%E4g", "d%F6g"]
    assert codes(run.report)["name-cleaned"] == 2 + 2  # two folders, and the two pictures in them


def test_the_name_of_a_split_and_of_the_set(tmp_path: Path, convert: Convert) -> None:
    files = {b"s\xe9t/Annotations/a.xml": VOC, b"s\xe9t/ImageSets/Main/tr\xe4in.txt": b"a\n"}
    folder = Path(os.fsdecode(os.fsencode(made(tmp_path, files)) + b"/s\xe9t"))
    run = convert(folder, split_metadata="part", global_key="{dataset}/{name}")
    (row,) = lines(run.out, "data_rows.ndjson")
    assert row["metadata_fields"] == [{"name": "part", "value": "tr%E4in"}]
    assert row["global_key"] == "s%E9t/a.png"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"\xff\x80.jpg", "%FF%80.jpg"),
        (b"100%E9", "100%E9"),
        ("\u00e9\U0001f600".encode(), "\u00e9\U0001f600"),
    ],
)
def test_bytes_are_escaped_one_by_one(raw: bytes, text: str) -> None:
    assert text_name(os.fsdecode(raw)) == text
