"""Labels of a picture that is stored turned land where they were drawn, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from builders.same_set import SAME_SETS
from harness import lines
from to_labelbox.source.image_headers import Header
from to_labelbox.source.side_up import Side, displayed, side_of

BOX = {"left": 10.0, "top": 20.0, "width": 40.0, "height": 30.0}
STORED = {
    1: {"left": 10.0, "top": 20.0, "width": 40.0, "height": 30.0},
    2: {"left": 150.0, "top": 20.0, "width": 40.0, "height": 30.0},
    3: {"left": 150.0, "top": 50.0, "width": 40.0, "height": 30.0},
    4: {"left": 10.0, "top": 50.0, "width": 40.0, "height": 30.0},
    5: {"left": 20.0, "top": 10.0, "width": 30.0, "height": 40.0},
    6: {"left": 20.0, "top": 150.0, "width": 30.0, "height": 40.0},
    7: {"left": 50.0, "top": 150.0, "width": 30.0, "height": 40.0},
    8: {"left": 50.0, "top": 10.0, "width": 30.0, "height": 40.0},
}
"""The box on the picture of 200 × 100 as displayed, in pixels of the stored one; worked out by hand."""


def photographs(folder: Path, orientation: int, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in names:
        size = (100, 200) if orientation >= 5 else (200, 100)
        Image.new("L", size).save(folder / name, exif=exif)
    return folder


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", SAME_SETS)
def test_labels_of_the_upright_picture_are_turned_back(format: str, orientation: int, tmp_path: Path) -> None:
    made = SAME_SETS[format]()
    for name in ("a.jpg", "b.jpg"):
        made.picture(name)
        made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    media = photographs(tmp_path / "media", orientation, *made.pictures)
    for name in made.pictures:
        for path in source.rglob(name):
            photographs(path.parent, orientation, name)
    report = to_labelbox.convert(source, tmp_path / "out", media_root=media)
    assert [line["bbox"] for line in lines(tmp_path / "out")] == [pytest.approx(STORED[orientation], abs=1e-6)] * 2
    sides = [a for a in report.assumptions if a.option == "--exif ignore"]
    assert len(sides) == (orientation > 1)
    as_they_are = to_labelbox.convert(source, tmp_path / "ignored", media_root=media, exif=False)
    if format != "yolo" or orientation < 5:  # whose fractions are of the stored sides then
        assert [line["bbox"] for line in lines(tmp_path / "ignored")] == [pytest.approx(BOX, abs=1e-6)] * 2
    assert [a for a in as_they_are.assumptions if a.option == "--exif ignore"] == []


@pytest.mark.parametrize("spelled", ["ZOE\u0301.JPG", "zoe\u0301.jpg", "zo\u00e9.JPG"])
@pytest.mark.parametrize("below", ["media", "in/images"])
@pytest.mark.parametrize("format", SAME_SETS)
def test_a_picture_is_found_in_whatever_form_its_disk_has_the_name(
    format: str, below: str, spelled: str, tmp_path: Path
) -> None:
    """macOS keeps accents apart from their letters, Windows and cameras change the case."""
    if format == "label-studio" and below != "media":
        pytest.skip("pictures beside an export are looked for by their data's own paths")
    made = SAME_SETS[format]()
    made.picture("zo\u00e9.jpg")
    made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    for there in source.rglob("zo\u00e9.jpg"):
        there.unlink()
    photographs(tmp_path / ("in/JPEGImages" if (format, below) == ("voc", "in/images") else below), 6, spelled)
    media = tmp_path / "media" if below == "media" else None
    report = to_labelbox.convert(source, tmp_path / "out", media_root=media)
    assert [line["bbox"] for line in lines(tmp_path / "out")] == [pytest.approx(STORED[6], abs=1e-6)]
    assert report.assets.read == 1
    assert not report.unread


@pytest.mark.parametrize("format", ["coco", "voc", "cvat", "label-studio"])
def test_labels_of_the_stored_picture_stay(format: str, tmp_path: Path) -> None:
    """The size that the source states is that of the picture as it is stored."""
    made = SAME_SETS[format](100, 200)
    made.picture("a.jpg")
    made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    media = photographs(tmp_path / "media", 6, "a.jpg")
    for path in source.rglob("a.jpg"):
        photographs(path.parent, 6, "a.jpg")
    to_labelbox.convert(source, tmp_path / "out", media_root=media)
    assert [line["bbox"] for line in lines(tmp_path / "out")] == [pytest.approx(BOX, abs=1e-6)]


@pytest.mark.parametrize("format", ["coco", "voc"])
def test_where_the_size_does_not_tell_the_rest_of_the_set_does(format: str, tmp_path: Path) -> None:
    """Pictures turned by a quarter state the stored size, so the one turned by a half was labelled as it is stored, too."""
    made = SAME_SETS[format](100, 200)
    for name in ("a.jpg", "b.jpg"):
        made.picture(name)
        made.box("x", 10, 20, 50, 50)
    source = made.save(tmp_path / "in")
    for folder in (tmp_path / "media", source / "JPEGImages"):
        photographs(folder, 6, "a.jpg")
        photographs(folder, 3, "b.jpg")
        Image.open(folder / "b.jpg").transpose(Image.Transpose.ROTATE_90).save(folder / "b.jpg", exif=_half_turn())
    to_labelbox.convert(source, tmp_path / "out", media_root=tmp_path / "media")
    assert [line["bbox"] for line in lines(tmp_path / "out")] == [pytest.approx(BOX, abs=1e-6)] * 2


def _half_turn() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 3
    return exif


def test_a_stated_size_of_another_picture_is_told(tmp_path: Path) -> None:
    made = SAME_SETS["coco"](300, 150)
    made.picture("a.jpg")
    made.box("x", 10, 20, 50, 50)
    source, media = made.save(tmp_path / "in"), photographs(tmp_path / "media", 1, "a.jpg")
    report = to_labelbox.convert(source, tmp_path / "out", media_root=media, other_size="stated")
    (told,) = [d for d in report.diagnostics if d.code == "image-size-mismatch"]
    assert "300 × 150, the picture has 200 × 100" in told.examples[0].message
    assert [line["bbox"] for line in lines(tmp_path / "out")] == [BOX]
    believed = to_labelbox.convert(source, tmp_path / "b", media_root=media, options={"check_sizes": False})
    assert [d.code for d in believed.diagnostics if d.code == "image-size-mismatch"] == []


def test_the_rule() -> None:
    quarter, half, square = Header(100, 200, 6), Header(200, 100, 3), Header(100, 100, 6)
    assert side_of((200, 100), quarter, False) == Side((100, 200), (200, 100), 6)
    assert side_of((100, 200), quarter, True) == Side((100, 200), (100, 200), 1)
    assert side_of(None, quarter, True) == Side((100, 200), (200, 100), 6, certain=False)
    assert side_of((200, 100), half, True) == Side((200, 100), (200, 100), 3, certain=False)
    assert side_of((200, 100), half, False) == Side((200, 100), (200, 100), 1, certain=False)
    assert side_of((100, 100), square, True) == Side((100, 100), (100, 100), 6, certain=False)
    assert side_of((99, 100), square, True) is None
    assert displayed([])
    assert not displayed([((100, 200), quarter)])
    assert displayed([((100, 200), quarter), ((200, 100), quarter), ((200, 100), half)])
