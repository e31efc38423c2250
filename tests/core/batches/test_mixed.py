"""Folders that hold two formats: the user decides, and either choice converts what is its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from harness import check_output
from to_labelbox.cli import main
from to_labelbox.plugins.detect import detect, verdicts
from to_labelbox.report.errors import SourceError
from to_labelbox.source.files import Source

Files = Mapping[str, str]

ROW = "0 0.5 0.5 0.2 0.4\n"
VOC = (
    "<annotation><filename>a.png</filename><size><width>40</width><height>20</height><depth>3</depth></size>"
    "<object><name>car</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object>"
    "</annotation>"
)
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 20}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10]}],
    "categories": [{"id": 1, "name": "car"}],
}
CVAT = (
    '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
    '<image id="0" name="a.png" width="40" height="20">'
    '<box label="car" occluded="0" xtl="1" ytl="2" xbr="11" ybr="12" z_order="0"></box></image></annotations>'
)
REGION = {
    "id": "r",
    "from_name": "label",
    "to_name": "image",
    "type": "rectanglelabels",
    "original_width": 40,
    "original_height": 20,
    "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rectanglelabels": ["car"]},
}
TASKS = [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"id": 1, "result": [REGION]}]}]

SETS: dict[str, list[Files]] = {
    "coco": [{"annotations/instances.json": json.dumps(COCO)}, {"_annotations.coco.json": json.dumps(COCO)}],
    "cvat": [{"annotations.xml": CVAT}],
    "label-studio": [{"export.json": json.dumps(TASKS)}],
    "voc": [{"Annotations/a.xml": VOC}, {"a.xml": VOC}],
    "yolo": [
        {"labels/a.txt": ROW, "data.yaml": "train: images\nnames: [car]\n"},
        {"labels/a.txt": ROW},
        {"a.txt": ROW, "classes.txt": "car\n"},
        {"a.txt": ROW},
        {"labelTxt/a.txt": "1 2 11 2 11 12 1 12 car 0\n"},
    ],
}
"""The usual ways in which each format lies in a folder, apart from the picture."""
PAIRS = [
    (one, other, n, m)
    for one, other in combinations(SETS, 2)
    for n in range(len(SETS[one]))
    for m in range(len(SETS[other]))
]


def made(folder: Path, *sets: Files) -> Path:
    for files in sets:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    for place in ("images", "."):
        (folder / place).mkdir(exist_ok=True)
    Image.new("RGB", (40, 20)).save(folder / "images" / "a.png")
    return folder


@pytest.mark.parametrize(("name", "files"), [(n, f) for n, sets in SETS.items() for f in sets], ids=str)
def test_alone_each_is_told(name: str, files: Files, tmp_path: Path) -> None:
    assert detect(Source(made(tmp_path, files))).reader.name == name


@pytest.mark.parametrize(("one", "other", "n", "m"), PAIRS, ids=str)
def test_two_formats_in_one_folder_are_a_tie(one: str, other: str, n: int, m: int, tmp_path: Path) -> None:
    folder = made(tmp_path / "set", SETS[one][n], SETS[other][m])
    with pytest.raises(SourceError) as refused:
        detect(Source(folder))
    message = str(refused.value)
    said = verdicts(Source(folder))
    assert f"could be {one} or {other}" in message
    for name in (one, other):
        assert f"--from {name}" in message
        assert said[name].reason in message
        report = to_labelbox.convert(folder, tmp_path / name, format=name)
        check_output(tmp_path / name, report)
        assert report.source.format == name
        assert report.lines.total == 1


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_a_command_says_why(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path / "set", SETS["voc"][0], SETS["yolo"][0])
    more = ["-o", str(tmp_path / "out")] if command == "convert" else []
    monkeypatch.setattr("sys.argv", ["to-labelbox", command, str(folder), *more])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    said = capsys.readouterr().err
    for text in ("could be voc or yolo", "Annotations/a.xml is a Pascal VOC", "data.yaml describes", "--from yolo"):
        assert text in said
    assert not (tmp_path / "out" / "report.json").exists()
