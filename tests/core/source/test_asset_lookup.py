"""One rule for where an asset is: the same picture, sizes and media root give the same size and key in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from builders.same_set import SAME_SETS
from to_labelbox import Settings
from to_labelbox.source.asset_lookup import MediaFolder, NameIndex, Tie

COCO = {
    "images": [{"id": 1, "file_name": "images/train/b.jpg"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [90, 10, 40, 20]}],
    "categories": [{"id": 1, "name": "car"}],
}
CVAT = (
    "<annotations><version>1.1</version><meta/><image id='0' name='images/train/b.jpg'>"
    "<box label='car' xtl='90' ytl='10' xbr='130' ybr='30' occluded='0'/></image></annotations>"
)
VOC = (
    "<annotation><filename>b.jpg</filename><object><name>car</name>"
    "<bndbox><xmin>90</xmin><ymin>10</ymin><xmax>130</xmax><ymax>30</ymax></bndbox></object></annotation>"
)
LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"image": "/data/local-files/?d=b.jpg"},
        "annotations": [
            {
                "id": 1,
                "result": [
                    {
                        "id": "r",
                        "type": "rectanglelabels",
                        "from_name": "label",
                        "to_name": "image",
                        "value": {
                            "x": 90,
                            "y": 12.5,
                            "width": 40,
                            "height": 25,
                            "rotation": 0,
                            "rectanglelabels": ["car"],
                        },
                    }
                ],
            }
        ],
    }
]
SOURCES: dict[str, dict[str, str]] = {
    "coco": {"a.json": json.dumps(COCO)},
    "cvat": {"annotations.xml": CVAT},
    "voc": {"Annotations/b.xml": VOC},
    "yolo": {"data.yaml": "names: [car]\ntrain: images/train\n", "labels/train/b.txt": "0 1.1 0.25 0.4 0.25\n"},
    "label-studio": {"a.json": json.dumps(LABEL_STUDIO)},
}
IN_TRAIN: dict[str, dict[str, str]] = {
    format: {
        name.replace("Annotations/", "Annotations/train/"): text.replace("images/train/", "train/")
        for name, text in files.items()
    }
    for format, files in SOURCES.items()
} | {
    "yolo": SOURCES["yolo"],
    "label-studio": {"a.json": SOURCES["label-studio"]["a.json"].replace("?d=b.jpg", "?d=train/b.jpg")},
}
"""The same picture, of which every source says that it is in a folder ``train``."""
CLIPPED = {"left": 90.0, "top": 10.0, "width": 10.0, "height": 20.0}
"""What is left of the box on a picture of 100 × 80; it shows that the size was found."""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    (tmp_path / "media/images/train").mkdir(parents=True)
    Image.new("RGB", (100, 80)).save(tmp_path / "media/images/train/b.jpg")
    return tmp_path / "media"


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., Any]:
    def run(
        format: str, files: dict[str, dict[str, str]] = SOURCES, **given: Any
    ) -> tuple[to_labelbox.Report, str, dict[str, float]]:
        for name, text in files[format].items():
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).write_text(text)
        report = to_labelbox.convert(tmp_path / "set", tmp_path / "out", format=format, overwrite=True, **given)
        (row,) = (tmp_path / "out/data_rows.ndjson").read_text().splitlines()
        (line,) = (tmp_path / "out/annotations.ndjson").read_text().splitlines()
        return report, json.loads(row)["global_key"], json.loads(line)["bbox"]

    return run


def test_every_format_is_tried() -> None:
    assert set(SOURCES) == set(to_labelbox.formats())


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize(
    "key", ["images/train/b.jpg", "b.jpg", "images/train/b", "data/images/train/b.jpg", "b.png", "Train/B.JPG"]
)
def test_a_row_of_sizes_is_found_under_more_or_fewer_folders(
    convert: Callable[..., Any], format: str, key: str, tmp_path: Path
) -> None:
    (tmp_path / "sizes.csv").write_text(f"{key},100,80\nother/picture.jpg,7,7\n")
    report, _, box = convert(format, sizes=tmp_path / "sizes.csv")
    assert box == pytest.approx(CLIPPED)
    assert report.source.details["matched"] == {"--sizes": {"matched": 1, "assets": 1}}


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize(("root", "expected"), [(".", "images/train/b.jpg"), ("images/train", "b.jpg")])
def test_the_key_is_the_path_below_the_media_root_in_every_format(
    convert: Callable[..., Any], media: Path, format: str, root: str, expected: str
) -> None:
    report, key, box = convert(format, media_root=media / root)
    assert (key, box) == (expected, pytest.approx(CLIPPED))
    assert report.source.details["matched"] == {"--media-root": {"matched": 1, "assets": 1}}


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize(
    "place", ["train/b.jpg", "b.jpg", "archive/2024/train/b.jpg", "images/train/b.jpg", "train/b.png", "Train/B.JPG"]
)
def test_a_picture_of_a_folder_is_found_in_every_format(
    convert: Callable[..., Any], tmp_path: Path, format: str, place: str
) -> None:
    (tmp_path / "media" / place).parent.mkdir(parents=True)
    Image.new("RGB", (100, 80)).save(tmp_path / "media" / place)
    report, key, box = convert(format, IN_TRAIN, media_root=tmp_path / "media")
    assert (key, box) == (place, pytest.approx(CLIPPED))
    assert report.source.details["matched"] == {"--media-root": {"matched": 1, "assets": 1}}


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize(
    "places",
    [["val/b.jpg"], ["train2/b.jpg"], ["train/cab.jpg"], ["x/train/b.jpg", "y/train/b.jpg"], ["train/x/b.jpg"]],
)
def test_no_picture_of_another_folder_and_none_of_several_is_taken(
    convert: Callable[..., Any], tmp_path: Path, format: str, places: list[str]
) -> None:
    (tmp_path / "sizes.csv").write_text("train/b.jpg,1000,800\n")
    for place in places:
        (tmp_path / "media" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 80)).save(tmp_path / "media" / place)
    report, key, box = convert(format, IN_TRAIN, media_root=tmp_path / "media", sizes=tmp_path / "sizes.csv")
    assert key in ("train/b.jpg", "images/train/b.jpg")
    assert box["left"] + box["width"] > 100  # nothing was cut at the border of another picture
    assert report.source.details["matched"]["--media-root"] == {"matched": 0, "assets": 1}
    ambiguous = [d for d in report.diagnostics if d.code in ("asset-ambiguous", "asset-unknown")]
    assert bool(ambiguous) == (len(places) > 1)


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize(("said", "there"), [("a%20b", "a b"), ("a b", "a%20b"), ("M%C3%BCnchen", "München")])
def test_a_percent_encoded_name_is_that_of_the_decoded_file(
    convert: Callable[..., Any], tmp_path: Path, format: str, said: str, there: str
) -> None:
    (tmp_path / "media").mkdir()
    Image.new("RGB", (100, 80)).save(tmp_path / f"media/{there}.jpg")
    named = said.replace("%", "%25") if format == "label-studio" else said  # what follows ?d= is a part of an address
    files = {
        name.replace("b.", f"{said}."): text.replace("b.jpg", f"{named}.jpg") for name, text in SOURCES[format].items()
    }
    report, key, box = convert(format, {format: files}, media_root=tmp_path / "media")
    assert (key, box) == (f"{there}.jpg", pytest.approx(CLIPPED))
    assert report.source.details["matched"] == {"--media-root": {"matched": 1, "assets": 1}}


def test_a_name_as_it_is_written_comes_before_a_decoded_one() -> None:
    index = NameIndex(["a%20b.jpg", "a b.jpg", "x/c%20d.jpg", "y/c d.jpg"])
    assert [index.find(name) for name in ("a%20b.jpg", "a b.jpg")] == ["a%20b.jpg", "a b.jpg"]
    assert [index.find(name) for name in ("c%20d.jpg", "c d.jpg")] == ["x/c%20d.jpg", "y/c d.jpg"]
    assert NameIndex(["x/a%20b.jpg", "y/a%20b.jpg"]).find("a b.jpg") == Tie("x/a%20b.jpg", "y/a%20b.jpg")
    assert NameIndex(["100%.jpg"]).find("100%.jpg") == "100%.jpg"


DISKS = ["C:\\data\\pics\\b.jpg", "/home/me/data/pics/b.jpg", "\\\\server\\data\\pics\\b.jpg"]


@pytest.mark.parametrize("format", ["coco", "cvat", "label-studio"])
@pytest.mark.parametrize("path", DISKS)
def test_a_path_of_somebodys_disk_is_told_where_its_folders_are_in_keys(
    convert: Callable[..., Any], tmp_path: Path, format: str, path: str
) -> None:
    written = path.replace("\\", "\\\\") if format != "cvat" else path
    (text,) = SOURCES[format].values()
    for said in ("images/train/b.jpg", "/data/local-files/?d=b.jpg"):
        text = text.replace(said, written)
    if format == "label-studio":
        text = text.replace('"type"', '"original_width": 100, "original_height": 80, "type"')
    report, key, _ = convert(format, {format: dict.fromkeys(SOURCES[format], text)})
    assert key.endswith("data/pics/b.jpg") if format != "label-studio" else key
    assert "\\" not in key
    assert [a.option for a in report.assumptions if "disk" in a.what] == ["--global-key '{name}'"]
    report, _, _ = convert(format, SOURCES, **({"sizes": _sizes(tmp_path)} if format == "label-studio" else {}))
    assert not [a for a in report.assumptions if "disk" in a.what]


def _sizes(folder: Path) -> Path:
    (folder / "sizes.csv").write_text("b.jpg,100,80\n")
    return folder / "sizes.csv"


@pytest.mark.parametrize("format", sorted(SOURCES))
@pytest.mark.parametrize("key", ["images/train/b.jpg", "b.jpg"])
def test_a_url_is_found_by_the_same_rule(convert: Callable[..., Any], format: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("b.jpg,100,80\n")
    url = "https://b.example.org/1.jpg"
    convert(format, sizes=tmp_path / "sizes.csv", settings=Settings(url_map={key: url}))
    assert json.loads((tmp_path / "out/data_rows.ndjson").read_text())["row_data"] == url


@pytest.mark.parametrize("option", ["sizes", "media_root"])
def test_a_table_of_which_nothing_matches_is_a_warning(
    convert: Callable[..., Any], tmp_path: Path, option: str
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none.csv").write_text("nosuch.jpg,1,1\n")
    report, _, _ = convert("coco", **{option: tmp_path / ("none.csv" if option == "sizes" else "none")})
    assert [d.count for d in report.diagnostics if d.code == "option-unmatched"] == [1]


def test_a_tie_is_refused_and_names_both(convert: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("x/b.jpg,100,80\ny/b.jpg,50,50\n")
    report, _, box = convert("voc", sizes=tmp_path / "sizes.csv")
    (ambiguous,) = (d for d in report.diagnostics if d.code == "asset-ambiguous")
    assert "x/b.jpg and y/b.jpg" in ambiguous.message
    assert box["width"] == 40  # no size was guessed


def test_the_name_with_most_folders_and_the_extension_is_meant() -> None:
    index = NameIndex(
        ["b.jpg", "train/b.jpg", "images/train/b.jpg", "images/train/b.png", "c.png", "d/c.png", "e/c.jpg"]
    )
    assert index.find("train/b.jpg") == "train/b.jpg"
    assert index.find("data/train/b.jpg") == "train/b.jpg"
    assert index.find("images/train/b.png") == "images/train/b.png"
    assert index.find("val/b.jpg") == "b.jpg"
    assert index.find("c.jpg") == "e/c.jpg"
    assert index.find("f/c") == "c.png"
    assert index.find("ab.jpg") is None
    assert NameIndex(["x/b.jpg", "y/b.jpg"]).find("b.jpg") == Tie("x/b.jpg", "y/b.jpg")
    assert NameIndex(["x/b.jpg", "y/b.jpg"]).find("z/b.jpg") is None


def test_nothing_outside_the_media_root_is_found(media: Path) -> None:
    (media / "secret.jpg").write_bytes(b"x")
    folder = MediaFolder(str(media / "images"))
    assert folder.find("../secret.jpg") is None
    assert folder.find("/etc/passwd") is None
    assert folder.find("elsewhere/train/b.jpg") == "train/b.jpg"


def test_a_row_of_another_folder_is_not_meant(tmp_path: Path) -> None:
    """The rows of YOLO are fractions: a size that was guessed would show as a line."""
    for name, text in SOURCES["yolo"].items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text(text)
    (tmp_path / "sizes.csv").write_text("images/val/b.jpg,100,80\n")
    report = to_labelbox.convert(tmp_path / "set", tmp_path / "out", sizes=tmp_path / "sizes.csv")
    assert report.source.details["matched"] == {"--sizes": {"matched": 0, "assets": 1}}
    assert (report.annotations.skipped, report.lines.total) == (1, 0)


@pytest.mark.parametrize("format", SAME_SETS)
@pytest.mark.parametrize(
    ("stated", "there"),
    [("", "pics/"), ("", "pics/2024/"), ("train/", ""), ("train/", "pics/train/"), ("train/", "train/")],
)
def test_a_key_is_the_same_before_and_after_its_picture_comes(
    format: str, stated: str, there: str, tmp_path: Path
) -> None:
    """The media root is a folder too high or too low, and only some of the pictures are at hand."""
    made = SAME_SETS[format]()
    for name in ("a.png", "b.png", "c.png"):
        made.picture(f"{stated}{name}")
        made.box("car", 10, 10, 30, 30)
    source = made.save(tmp_path / "source")
    media = tmp_path / "media" / there
    media.mkdir(parents=True)
    keys = []
    for name in ("a.png", "b.png", "c.png"):
        Image.new("L", (made.width, made.height)).save(media / name)
        to_labelbox.convert(source, tmp_path / "out", media_root=tmp_path / "media", overwrite=True)
        rows = (tmp_path / "out" / "data_rows.ndjson").read_text().splitlines()
        keys.append([json.loads(row)["global_key"] for row in rows])
    assert keys[0] == keys[1] == keys[2]
    if format != "yolo":  # its pictures lie in the source
        assert keys[0] == [f"{there}{name}" for name in ("a.png", "b.png", "c.png")]
