"""The preview page without a browser: where losses lead, and the page of a batch."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import to_labelbox
from builders.preview import checked, page_of, picture
from harness import FIXTURES
from to_labelbox import UsageError
from to_labelbox.cli import cli


def coco(path: Path, images: int, annotations: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 80} for n in range(images)]
    path.write_text(
        json.dumps({"images": listed, "categories": [{"id": 1, "name": "cup"}], "annotations": annotations})
    )
    return path


def cup(id: int, image: int, box: list[float]) -> dict[str, Any]:
    return {"id": id, "image_id": image, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}


def test_every_loss_leads_to_its_row_not_only_the_first_five(tmp_path: Path) -> None:
    """Also rows that have nothing left are shown."""
    annotations = [cup(n, n, [1, 1, 9, 9] if n % 2 else [1, 1, 0, 0]) for n in range(40)]
    to_labelbox.convert(coco(tmp_path / "labels.json", 40, annotations), tmp_path / "out")
    page = page_of(tmp_path / "out", problems=True, count=100)
    assert checked(page).keys == [f"{n}.jpg" for n in range(0, 40, 2)]
    text = page.read_text()
    assert "20 of 40, evenly spread; 20 with approximated or left out annotations." in text
    assert "20 annotations left out: all lead to their data row. Together 20 data rows." in text
    assert "left out: cup, box-empty, labels.json annotations[38] (id 38)" in text


def test_everything_approximated_is_shown(tmp_path: Path) -> None:
    """Not only what the report describes, the first five of a kind."""
    annotations = [cup(n, n, [90, 1, 40, 9] if n % 3 == 0 else [1, 1, 9, 9]) for n in range(60)]
    to_labelbox.convert(coco(tmp_path / "labels.json", 60, annotations), tmp_path / "out")
    page = page_of(tmp_path / "out", problems=True, count=100)
    assert checked(page).keys == [f"{n}.jpg" for n in range(0, 60, 3)]
    assert "20 annotations approximated" in page.read_text()
    assert "approximated: cup, labels.json annotations[57] (id 57)" in page.read_text()


def test_losses_of_records_lead_to_the_row_of_the_record(tmp_path: Path) -> None:
    for fixture, lost in {
        "yolo/malformed-rows": ["images/a.png"],
        "cvat/broken": ["yard/a.jpg"],
        "label-studio/broken-records": [],
    }.items():
        out = tmp_path / fixture
        to_labelbox.convert(FIXTURES / fixture / "input", out)
        index = [json.loads(line) for line in (out / "index.ndjson").read_text().splitlines()]
        assert any(line["line"] is None and line["key"] is None for line in index)
        keys = checked(page_of(out, problems=True, count=100)).keys
        assert set(lost) <= set(keys)
        assert keys


def test_losses_are_looked_for_in_the_report_where_there_is_no_index(tmp_path: Path) -> None:
    runner = CliRunner()
    arguments = ["convert", str(FIXTURES / "coco/demo/input"), "-o", str(tmp_path / "out"), "--no-index"]
    assert runner.invoke(cli, arguments).exit_code == 0
    assert "street/0002.jpg" in checked(page_of(tmp_path / "out", problems=True)).keys


def test_nothing_lost_is_said(tmp_path: Path) -> None:
    to_labelbox.convert(coco(tmp_path / "labels.json", 2, [cup(1, 0, [1, 1, 9, 9])]), tmp_path / "out")
    with pytest.raises(UsageError, match="no approximated or skipped annotation; leave --problems out"):
        page_of(tmp_path / "out", problems=True)


# --------------------------------------------------------------------------------------------------------- batches


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    coco(tmp_path / "root/east/instances.json", 30, [cup(n, n, [1, 1, 9, 9]) for n in range(30)])
    coco(tmp_path / "root/west/instances.json", 2, [cup(1, 0, [5, 5, 9, 9]), cup(2, 1, [5, 5, 0, 0])])
    shutil.copytree(FIXTURES / "yolo/detect/input", tmp_path / "root/yolo")
    to_labelbox.batch(tmp_path / "root", tmp_path / "out")
    return tmp_path / "out"


def test_a_batch_is_one_page_with_rows_of_every_dataset(batch: Path) -> None:
    page = page_of(batch, count=4)
    text = page.read_text()
    assert len(checked(page).keys) == 4
    for dataset in ("east", "west", "yolo"):
        assert f'data-dataset="{dataset}"' in text
    report = json.loads((batch / "report.json").read_text())
    assert f"4 of {report['assets']['written']} in 3 datasets, evenly spread" in text
    assert f"{report['lines']['total']:,} annotations of" in text


def test_of_many_datasets_each_is_seen_once(batch: Path) -> None:
    shown = re.findall('data-dataset="([a-z]+)"', page_of(batch, count=1).read_text())
    assert shown == ["east", "west", "yolo"]


def test_a_batch_shows_the_losses_of_all(batch: Path) -> None:
    page = page_of(batch, problems=True)
    assert 'data-key="1.jpg" data-dataset="west"' in page.read_text()


def test_each_dataset_finds_its_own_media(batch: Path, tmp_path: Path) -> None:
    """Two datasets have a 0.jpg; each shows its own."""
    picture(tmp_path / "media/east/0.jpg", 100, 80, "red")
    picture(tmp_path / "media/west/0.jpg", 100, 80, "blue")
    text = page_of(batch, count=50, media_root=tmp_path / "media").read_text()
    cards = {part.split('data-dataset="', 1)[1].split('"', 1)[0]: part for part in text.split('data-key="0.jpg" ')[1:]}
    pictures = {name: part.split("data:image/png;base64,", 1)[1].split('"', 1)[0] for name, part in cards.items()}
    assert set(pictures) == {"east", "west"}
    assert pictures["east"] != pictures["west"]


def test_a_dataset_without_a_payload_ends_no_page_of_the_others(tmp_path: Path) -> None:
    """Nothing of a broken one can be converted, so its output is a report alone."""
    coco(tmp_path / "root/east/instances.json", 2, [cup(n, n, [1, 1, 9, 9]) for n in range(2)])
    whole = coco(tmp_path / "root/west/instances.json", 2, [cup(1, 0, [5, 5, 9, 9])])
    whole.write_bytes(whole.read_bytes()[:-9])
    to_labelbox.batch(tmp_path / "root", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/west").iterdir()] == ["report.json"]
    assert checked(page_of(tmp_path / "out")).keys == ["0.jpg", "1.jpg"]


def test_a_batch_that_is_gone_is_said(batch: Path) -> None:
    for name in ("east", "west", "yolo"):
        shutil.rmtree(batch / name)
    with pytest.raises(UsageError, match="none of the batch's datasets has an output here"):
        page_of(batch)


# ------------------------------------------------------------------------------------------------------ inspect --html


def test_the_page_of_a_source(tmp_path: Path) -> None:
    source = FIXTURES / "coco/demo/input"
    page = tmp_path / "source.html"
    result = CliRunner().invoke(cli, ["inspect", str(source), "--html", str(page)], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"wrote {page}" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["source.html"]
    checked(page)
    text = page.read_text()
    assert "11 annotations of 5 classes on 4 data rows." in text
    assert "default-src &#x27;none&#x27;" in text
    assert "Tools and questions that would be made" in text
    # its charts are those of the payload: the two measure the same boxes
    to_labelbox.convert(
        coco(tmp_path / "boxes.json", 9, [cup(n, n, [n, n, 5 + n, 7]) for n in range(9)]), tmp_path / "o"
    )
    CliRunner().invoke(cli, ["inspect", str(tmp_path / "boxes.json"), "--html", str(page)], catch_exceptions=False)

    def charts(text: str) -> list[str]:
        return [
            part.split("</figure>")[0]
            for part in text.split('<figure class="chart')[1:]
            if ">Size" in part or ">Prop" in part
        ]

    assert charts(page.read_text())[:2] == charts(page_of(tmp_path / "o").read_text())[:2] != []


@pytest.mark.parametrize(
    "fixture", ["voc/masks-rgb", "cvat/tracks", "label-studio/news", "coco/rle", "yolo/oriented", "coco/on-a-map"]
)
def test_every_kind_of_source_has_a_page(fixture: str, tmp_path: Path) -> None:
    arguments = ["inspect", str(FIXTURES / fixture / "input"), "--html", str(tmp_path / "p.html")]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code in (0, 1)
    checked(tmp_path / "p.html")


def test_no_file_of_anybodys_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "note.html").write_text("mine")
    arguments = ["inspect", str(FIXTURES / "coco/boxes/input"), "--html", str(tmp_path / "note.html")]
    result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, UsageError)
    assert (tmp_path / "note.html").read_text() == "mine"
