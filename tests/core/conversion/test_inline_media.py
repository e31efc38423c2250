"""Media that a source holds itself are written beside the output and referred to, for any format."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

import to_labelbox
from build.label_studio import box, task, write
from harness import codes, contents, lines
from to_labelbox.api.import_out import make_import_options
from to_labelbox.model.items import Asset, Box, Item, Object


def picture(color: int = 0, size: tuple[int, int] = (200, 100)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, color).save(file, "PNG")
    return file.getvalue()


def address(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def export(folder: Path, count: int = 3) -> Path:
    tasks = [task([box(f"r{n}")], {"shown": address(picture(n))}, n) for n in range(1, count + 1)]
    return write(folder, tasks)


def media(out: Path) -> dict[str, bytes]:
    return contents(out / "media") if (out / "media").exists() else {}


def test_items_made_in_python(tmp_path: Path) -> None:
    item = Item(
        asset=Asset(path="x/a.png", width=9, height=9, content=b"bytes"),
        annotations=[Object(id="1", label="car", geometry=Box(1, 1, 2, 2))],
    )
    to_labelbox.write([item], tmp_path)
    assert media(tmp_path) == {"x/a.png": b"bytes"}
    (row,) = lines(tmp_path, "data_rows.ndjson")
    assert (row["row_data"], row["global_key"]) == ("media/x/a.png", "x/a.png")
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("path", ["../a.png", "/a.png", "a/../../b.png"])
def test_nothing_is_written_outside_of_the_output(path: str, tmp_path: Path) -> None:
    report = to_labelbox.write([Item(asset=Asset(path=path, content=b"bytes"))], tmp_path / "out")
    assert sorted(p.name for p in tmp_path.rglob("*.png")) == []
    assert codes(report)["file-ignored"] == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_pictures_in_tasks(workers: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = to_labelbox.convert(export(tmp_path / "in"), out, workers=workers)
    rows = lines(out, "data_rows.ndjson")
    assert [(out / row["row_data"]).read_bytes() for row in rows] == [picture(n) for n in (1, 2, 3)]
    assert len(media(out)) == 3
    assert codes(report)["row-data-local"] == 3
    assert lines(out)[0]["bbox"] == {"top": 10, "left": 20, "height": 10, "width": 20}


def test_a_batch_has_them_beside_each_of_its_outputs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "sets").mkdir(exist_ok=True)
        export(tmp_path / "sets" / name)
    to_labelbox.batch(tmp_path / "sets", tmp_path / "out", global_key="{dataset}/{relpath}")
    assert len(list((tmp_path / "out").rglob("media/*.png"))) == 6


def test_a_dry_run_writes_none(tmp_path: Path) -> None:
    to_labelbox.convert(export(tmp_path), None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["export.json"]


def test_the_picture_tells_its_size(tmp_path: Path) -> None:
    bare = {k: v for k, v in box().items() if not k.startswith("original")}
    file = write(tmp_path / "in", [task([bare], {"shown": address(picture(1, (400, 100)))})])
    to_labelbox.convert(file, tmp_path / "out")
    assert lines(tmp_path / "out")[0]["bbox"] == {"top": 10, "left": 40, "height": 10, "width": 40}


def test_base64_without_an_address_is_the_same_picture(tmp_path: Path) -> None:
    bare = base64.b64encode(picture(1)).decode()
    tasks = [task([box("a")], {"shown": address(picture(1))}), task([box("b")], {"shown": bare}, 2)]
    report = to_labelbox.convert(write(tmp_path / "in", tasks), tmp_path / "out")
    assert report.assets.written == 1
    assert len(lines(tmp_path / "out")) == 2


def test_a_picture_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    file = write(tmp_path / "in", [task([box("a")], {"shown": "data:image/png;base64,x"})])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert codes(report)["asset-unknown"] == 1
    assert media(tmp_path / "out") == {}


def test_the_import_finds_them(tmp_path: Path) -> None:
    to_labelbox.convert(export(tmp_path / "in"), tmp_path / "out")
    assert make_import_options(tmp_path / "out").media_root == str(tmp_path / "out")
    assert make_import_options(tmp_path / "out", media_root=tmp_path).media_root == str(tmp_path)


def test_the_preview_shows_them(tmp_path: Path) -> None:
    to_labelbox.convert(export(tmp_path / "in", 1), tmp_path / "out")
    to_labelbox.preview(tmp_path / "out", tmp_path / "page.html")
    assert "the picture is not below" not in (page := (tmp_path / "page.html").read_text())
    assert "no picture: give its folder" not in page
