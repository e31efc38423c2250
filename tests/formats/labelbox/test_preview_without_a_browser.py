"""The preview page, looked at as a user does: in a browser, from disk, without a network: without a browser."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

import to_labelbox
from builders.preview import checked, obj, page_of, picture, row
from harness import FIXTURES, Convert, cases
from labelbox_cells import CASES
from to_labelbox import UsageError
from to_labelbox.api.page import preview
from to_labelbox.cli import cli
from to_labelbox.model.items import (
    Box,
)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_fixture_has_a_preview(case: Any, tmp_path: Path) -> None:
    case.convert(tmp_path / "out")
    checker = checked(page_of(tmp_path / "out", media_root=case.folder, count=50))
    rows = (tmp_path / "out/data_rows.ndjson").read_text().splitlines()
    assert checker.keys == [json.loads(r)["global_key"] for r in rows[:50]]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_kind_of_line_is_shown(case: Any, convert: Convert) -> None:
    run = convert.items([case.item], relationships=True)
    text = page_of(run.out).read_text()
    for line in run.lines:
        name = line.get("name") or line["masks"]["instances"][0]["name"]
        assert re.search(rf'data-tip="{name}\b', text)


def test_rows_are_spread_drawn_and_chosen(convert: Convert) -> None:
    run = convert.items(
        [
            row(f"{n:02}.jpg", *([obj("1", "car" if n % 2 else "bus", Box(0, 0, 5, 5))] if n != 7 else []))
            for n in range(20)
        ]
    )

    def keys(**options: Any) -> list[str]:
        return checked(page_of(run.out, **options)).keys

    assert keys(count=3) == ["00.jpg", "10.jpg", "19.jpg"]
    assert len(keys(count=19)) == 19
    assert "07.jpg" not in keys(count=19)  # rows without annotations come last
    assert len(keys(count=20)) == 20
    assert keys(count=5, seed=1) == keys(count=5, seed=1) != keys(count=5, seed=2)
    assert keys(count=50, only=["bus"]) == [f"{n:02}.jpg" for n in range(0, 20, 2)]
    with pytest.raises(UsageError, match=r"--only lorry: no line .*'bus', 'car'"):
        page_of(run.out, only=["lorry"])


def test_classes_that_are_shown_come_first(tmp_path: Path) -> None:
    to_labelbox.convert(FIXTURES / "coco/demo/input", tmp_path / "out")
    text = page_of(tmp_path / "out", only=["bush"]).read_text()
    listed = re.findall(r'class="label" title="([^"]*)".*?class="next"[^>]*>(\d+)</button>', text)
    names = [tool["name"] for tool in json.loads((tmp_path / "out/ontology.json").read_text())["tools"]]
    assert listed[0] == ("bush", "2")
    assert [name for name, _ in listed[1:]][: len(names) - 1] == [name for name in names if name != "bush"]
    assert {count for _, count in listed[1:]} == {"0"}


def test_shards_are_read_as_one(convert: Convert, tmp_path: Path) -> None:
    items = [row(f"{n}.jpg", obj("1", "car", Box(0, 0, 5, 5))) for n in range(9)]
    whole = convert.items(items)
    parts = tmp_path / "parts"
    to_labelbox.write(items, parts, shard_lines=2)
    assert len(list(parts.glob("annotations-*.ndjson"))) > 3
    assert checked(page_of(parts)).keys == checked(page_of(whole.out)).keys == [f"{n}.jpg" for n in range(9)]


def test_problems_are_traced_by_file_and_by_id(tmp_path: Path) -> None:
    by_file = next(c for c in cases("yolo") if c.name == "malformed-rows")
    by_file.convert(tmp_path / "yolo")
    assert checked(page_of(tmp_path / "yolo", problems=True)).keys == ["images/a.png"]
    # COCO's examples name the annotation only; the line that was made of it tells the picture
    to_labelbox.convert(FIXTURES / "coco/demo/input", tmp_path / "coco")
    page = page_of(tmp_path / "coco", problems=True)
    assert "street/0002.jpg" in checked(page).keys
    assert "1 annotation left out: all lead to their data row" in page.read_text()
    to_labelbox.convert(FIXTURES / "coco/boxes/input", tmp_path / "none")
    report = json.loads((tmp_path / "none/report.json").read_text())
    report["diagnostics"] = []
    (tmp_path / "none/report.json").write_text(json.dumps(report))
    with pytest.raises(UsageError, match="no approximated or skipped annotation"):
        page_of(tmp_path / "none", problems=True)


def test_only_the_page_is_written_and_only_over_its_like(convert: Convert, tmp_path: Path) -> None:
    run = convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))])
    before = {p.name for p in run.out.iterdir()}
    page_of(run.out)
    page_of(run.out)
    assert {p.name for p in run.out.iterdir()} == before | {"preview.html"}
    note = tmp_path / "note.html"
    note.write_text("mine")
    with pytest.raises(UsageError, match="is no preview"):
        preview(run.out, note)
    assert note.read_text() == "mine"
    preview(run.out, note, overwrite=True)
    assert checked(note).keys == ["a.jpg"]
    with pytest.raises(UsageError, match="no such folder for the page"):
        preview(run.out, tmp_path / "missing/page.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing"], "missing: no such folder"),
        (["."], "no annotations.ndjson"),
        (["out", "--media-root", "missing"], "--media-root missing: no such folder"),
        (["out", "-n", "0"], "Invalid value for '-n'"),
        (["out", "--only", "x"], "--only x"),
    ],
)
def test_misuse_is_one_message(
    arguments: list[str], message: str, convert: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))]).out.rename(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["preview", *arguments])
    assert result.exit_code != 0
    assert message in f"{result.output}{result.exception}"
    assert not list(tmp_path.rglob("*.html"))


def test_a_broken_payload_is_shown_as_far_as_it_can_be_read(convert: Convert, tmp_path: Path) -> None:
    run = convert.items([row("a.jpg", obj("1", "car", Box(0, 0, 5, 5)))])
    payload = run.out / "annotations.ndjson"
    strange = [
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","bbox":{"top":1}}',
        "nonsense",
        '{"dataRow":{"globalKey":"b.jpg"},"name":"new","point":{"x":1,"y":2}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","mask":{"png":"!!"}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","mask":{"instanceURI":"https://x.example.org/1","colorRGB":[1,2,3]}}',
        '{"dataRow":{"globalKey":"a.jpg"},"name":"car","point":{"x":1e300,"y":2}}',
    ]
    payload.write_text(payload.read_text() + "\n".join(strange) + "\n")
    (run.out / "ontology.json").unlink()
    (run.out / "report.json").unlink()
    (tmp_path / "media").mkdir()
    (tmp_path / "media/a.jpg").write_bytes(b"\xff\xd8\xff no picture")
    page = page_of(run.out, media_root=tmp_path / "media")
    text = page.read_text()
    assert checked(page).keys == ["a.jpg", "b.jpg"]
    for words in (
        "1 line cannot be read as a line",
        "1 line cannot be read: run",
        "data_rows.ndjson does not know this data row",
        "the mask cannot be read",
        "it is not fetched",
        "coordinates that no picture has",
        "the picture cannot be read",
        "not in the ontology",
    ):
        assert words in text


def test_nothing_outside_the_media_root_is_opened(convert: Convert, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", 10, 10)
    (tmp_path / "media").mkdir()
    run = convert.items([row("../secret.png", obj("1", "car", Box(0, 0, 5, 5)), id="1")])
    text = page_of(run.out, media_root=tmp_path / "media").read_text()
    assert "data:image" not in text
    assert "the picture is not below the media root" in text


def test_pictures_are_stored_pixels_without_metadata(convert: Convert, tmp_path: Path) -> None:
    """A browser would turn a picture by its EXIF orientation; what is embedded has none left."""
    exif = Image.Exif()
    exif[274] = 6
    exif[270] = "taken at home"
    picture(tmp_path / "a.jpg", 60, 40, exif=exif)
    picture(tmp_path / "b.tif", 60, 40, tiffinfo={274: 6})
    run = convert.items([row(n, obj("1", "car", Box(0, 0, 5, 5)), width=60, height=40) for n in ("a.jpg", "b.tif")])
    embedded = re.findall(r"data:image/png;base64,([^\"]+)", page_of(run.out, media_root=tmp_path).read_text())
    assert len(embedded) == 2
    for content in embedded:
        (tmp_path / "x").write_bytes(base64.b64decode(content))
        with Image.open(tmp_path / "x") as image:
            assert image.size == (60, 40)
            assert dict(image.getexif()) == {}


def test_the_page_is_the_same_every_time(convert: Convert) -> None:
    run = convert.items([row(f"{n}.jpg", obj("1", "car", Box(0, 0, 5, 5))) for n in range(30)])
    first = page_of(run.out, seed=3).read_bytes()
    assert page_of(run.out, seed=3).read_bytes() == first
