"""No file below the media root, and no row of a table, is taken for two assets of a set: a law over all formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import to_labelbox
from to_labelbox.source.asset_lookup import AssetTable, Claims, MediaFolder, Tie

NAMES = ("a/x.jpg", "b/x.jpg")
FOLDERS = {"yolo": ("images/a/x.jpg", "images/b/x.jpg")}
"""What the two assets are called where it is not as in :data:`NAMES`."""


def _coco(names: tuple[str, str]) -> dict[str, str]:
    images = [{"id": n, "file_name": name} for n, name in enumerate(names)]
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [10, 8, 20, 16]} for n in range(2)]
    return {"a.json": json.dumps({"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "car"}]})}


def _cvat(names: tuple[str, str]) -> dict[str, str]:
    box = "<box label='car' xtl='10' ytl='8' xbr='30' ybr='24' occluded='0'/>"
    images = "".join(f"<image id='{n}' name='{name}'>{box}</image>" for n, name in enumerate(names))
    return {"annotations.xml": f"<annotations><version>1.1</version><meta/>{images}</annotations>"}


def _voc(names: tuple[str, str]) -> dict[str, str]:
    box = "<bndbox><xmin>10</xmin><ymin>8</ymin><xmax>30</xmax><ymax>24</ymax></bndbox>"
    text = "<annotation><filename>{}</filename><object><name>car</name>" + box + "</object></annotation>"
    return {f"{name.rpartition('/')[0]}/x.xml": text.format(name.rpartition("/")[2]) for name in names}


def _yolo(names: tuple[str, str]) -> dict[str, str]:
    labels = {f"labels/{name.rpartition('.')[0]}.txt": "0 0.25 0.25 0.25 0.25\n" for name in names}
    return {"data.yaml": "names: [car]\ntrain: images\n", **labels}


def _label_studio(names: tuple[str, str]) -> dict[str, str]:
    value = {"x": 10, "y": 10, "width": 25, "height": 25, "rotation": 0, "rectanglelabels": ["car"]}
    region = {"id": "r", "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": value}
    tasks = [
        {"id": n, "data": {"image": f"/data/local-files/?d={name}"}, "annotations": [{"id": n, "result": [region]}]}
        for n, name in enumerate(names)
    ]
    return {"a.json": json.dumps(tasks)}


SOURCES = {"coco": _coco, "cvat": _cvat, "voc": _voc, "yolo": _yolo, "label-studio": _label_studio}


def _write(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder)


def _picture(path: Path, width: int = 80) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (width, 64)).save(path)


def _converted(source: str, out: Path, **options: Any) -> tuple[set[str], list[Any], list[str]]:
    """Keys, what the rows point to, and the codes that are told."""
    report = to_labelbox.convert(source, out, global_key="{relpath}", **options)
    rows = (
        [json.loads(line) for line in (out / "data_rows.ndjson").read_text().splitlines()]
        if (out / "data_rows.ndjson").exists()
        else []
    )
    return {row["global_key"] for row in rows}, [row["row_data"] for row in rows], [p.code for p in report.problems]


@pytest.mark.parametrize("format", SOURCES)
@pytest.mark.parametrize("given", ["media_root", "sizes", "url_map"])
def test_short_name_for_two_assets_is_taken_for_neither(tmp_path: Path, format: str, given: str) -> None:
    source = _write(tmp_path / "source", SOURCES[format](NAMES))
    _picture(tmp_path / "media" / "x.jpg")
    (tmp_path / "sizes.csv").write_text("x.jpg,80,64\n")
    (tmp_path / "urls.csv").write_text("x.jpg,https://y.org/x.jpg\n")
    options = {"media_root": "media", "sizes": "sizes.csv", "url_map": "urls.csv"}
    used = {given: tmp_path / options[given]}
    if given == "url_map" and format in ("yolo", "label-studio"):  # without a size there would be no row
        (tmp_path / "whole.csv").write_text("a/x.jpg,80,64\nb/x.jpg,80,64\n")
        used["sizes"] = tmp_path / "whole.csv"
    keys, addresses, codes = _converted(source, tmp_path / "out", **used)
    assert "asset-ambiguous" in codes
    assert "asset-duplicate" not in codes
    assert not keys or len(keys) == 2
    assert all(address != "x.jpg" and "y.org" not in address for address in addresses)
    lines = tmp_path / "out" / "annotations.ndjson"
    if format in ("yolo", "label-studio") and given != "url_map":  # nothing scaled by the size of another picture
        assert not lines.exists() or not lines.read_text()


@pytest.mark.parametrize("format", SOURCES)
def test_each_has_its_own_where_folders_tell_them_apart(tmp_path: Path, format: str) -> None:
    source = _write(tmp_path / "source", SOURCES[format](NAMES))
    for name in NAMES:
        _picture(tmp_path / "media" / "cam" / name)
    keys, _, codes = _converted(source, tmp_path / "out", media_root=tmp_path / "media")
    assert keys == {f"cam/{name}" for name in NAMES}
    assert "asset-ambiguous" not in codes


@pytest.mark.parametrize("format", ["coco", "cvat", "label-studio"])
def test_file_with_another_extension_stays_that_of_its_own_asset(tmp_path: Path, format: str) -> None:
    source = _write(tmp_path / "source", SOURCES[format](("x.jpg", "x.png")))
    _picture(tmp_path / "media" / "x.jpg")
    keys, _, codes = _converted(source, tmp_path / "out", media_root=tmp_path / "media")
    assert keys == {"x.jpg", "x.png"}
    assert "asset-ambiguous" in codes


def test_uploads_of_one_original_name_take_no_size_of_a_file_that_may_be_either(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", _label_studio(("upload/1/0000000a-x.jpg", "upload/1/0000000b-x.jpg")))
    _picture(tmp_path / "media" / "x.jpg")
    _, _, codes = _converted(source, tmp_path / "out", media_root=tmp_path / "media")
    assert "image-size-unknown" in codes


def test_table_of_yolo_option_is_taken_for_one_picture_alone(tmp_path: Path) -> None:
    source = _write(tmp_path / "source", _yolo(NAMES))
    (tmp_path / "sizes.csv").write_text("key,width,height\nx.jpg,80,64\n")
    _, _, codes = _converted(source, tmp_path / "out", options={"sizes": str(tmp_path / "sizes.csv")})
    assert "asset-ambiguous" in codes
    assert "image-size-unknown" in codes


def test_names_are_asked_for_only_when_one_is_not_there_as_it_stands(tmp_path: Path) -> None:
    _picture(tmp_path / "a" / "x.jpg")
    asked = []

    def names() -> list[str]:
        asked.append(1)
        return [*NAMES, "q/a/x.jpg"]

    folder = MediaFolder(str(tmp_path), Claims(names))
    assert folder.find("a/x.jpg") == "a/x.jpg"
    assert not asked
    assert folder.find("b/x.jpg") is None
    assert not asked
    assert folder.find("q/a/x.jpg") == Tie("a/x.jpg", "q/a/x.jpg", "a/x.jpg")
    assert asked


def test_cost_does_not_grow_with_the_square_of_equal_stems() -> None:
    names = [f"set/{n}/x.jpg" for n in range(2000)]
    looked = []

    class Counted(AssetTable[int]):
        def _find(self, name: str) -> str | Tie | None:
            looked.append(name)
            return super()._find(name)

    table = Counted({f"{n}/x.jpg": n for n in range(2000)}, Claims(lambda: names))
    assert [table.get(name) for name in names] == list(range(2000))
    assert len(looked) <= 2 * len(names)
