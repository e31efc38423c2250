"""Pictures that lie beside the export are looked at; none is taken for two uploads."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from build.label_studio import box, task, write
from harness import codes, lines

UPLOADS = ("/data/upload/1/0123abcd-a.jpg", "/data/upload/1/4567cdef-a.jpg")


def turned(path: Path) -> None:
    """A picture of 100 × 200 stored pixels that is shown as 200 × 100."""
    image = Image.new("L", (100, 200))
    exif = image.getexif()
    exif[0x0112] = 6
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif)


@pytest.mark.parametrize("name", ["images/a.jpg", "a.jpg", "deep/down/A.JPG", "media/0123abcd-a.jpg"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_picture_in_the_source_tells_its_orientation(tmp_path: Path, name: str, packed: bool) -> None:
    source = tmp_path / "in"
    write(source, [task([box()])])
    turned(source / name)
    if packed:
        with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
            for file in filter(Path.is_file, source.rglob("*")):
                archive.write(file, file.relative_to(source))
        source = tmp_path / "in.zip"
    report = to_labelbox.convert(source, tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert line["bbox"] == {"left": 10, "top": 160, "width": 10, "height": 20}
    assert line["dataRow"] == {"globalKey": "a.jpg"}
    assert "exif-turned" in codes(report)


def test_one_picture_is_not_that_of_two_uploads(tmp_path: Path) -> None:
    source = tmp_path / "in"
    write(source, [task([box()], {"shown": shown}, id) for id, shown in enumerate(UPLOADS, 1)])
    turned(source / "images" / "a.jpg")
    report = to_labelbox.convert(source, tmp_path / "out")
    assert [line["bbox"]["left"] for line in lines(tmp_path / "out")] == [20, 20]
    assert "exif-turned" not in codes(report)
