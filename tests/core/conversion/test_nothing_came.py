"""A conversion of which nothing comes, or that is refused, leaves nothing that looks like a result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, contents, save
from to_labelbox.cli.closing import closing
from to_labelbox.report.errors import FileError, ToLabelboxError


def empty(folder: Path) -> Path:
    return save(folder / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])]))


def whole(folder: Path) -> Path:
    return save(folder / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))


def test_the_report_alone_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = to_labelbox.convert(empty(tmp_path / "in"), out)
    assert report.exit_code() == 3
    assert (report.assets.read, report.assets.written, report.assets.skipped) == (1, 0, 1)
    assert set(contents(out)) == {"report.json"}
    said = closing(report, str(out))
    assert said.endswith(f"nothing could be converted: see the reasons above; {out}/report.json says it all")
    assert "next:" not in said


def test_it_is_no_earlier_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    to_labelbox.convert(empty(tmp_path / "in"), out)
    (fault,) = to_labelbox.validate(out)
    assert "nothing could be converted" in fault.message
    assert to_labelbox.convert(whole(tmp_path / "in"), out).exit_code() == 0


def test_an_earlier_result_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    to_labelbox.convert(whole(tmp_path / "in"), out)
    before = contents(out)
    report = to_labelbox.convert(empty(tmp_path / "in"), out, overwrite=True)
    assert report.exit_code() == 3
    assert contents(out) == before
    assert closing(report, str(out)).endswith(f"{out} keeps its earlier result")


@pytest.mark.parametrize("name", ["nowhere", "cut.zip", "a.txt"])
def test_a_refused_source_leaves_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 cut off")
    (tmp_path / "a.txt").write_text("nothing of the kind")
    with pytest.raises(ToLabelboxError) as told:
        to_labelbox.convert(tmp_path / name, tmp_path / "deep" / "out")
    assert isinstance(told.value, FileError) == (name == "cut.zip")
    assert told.value.exit_code == (2 if name == "nowhere" else 3)
    assert not (tmp_path / "deep").exists()


def cancelled(folder: Path) -> Path:
    """Two pictures without objects, one whose only annotation the annotator has cancelled."""
    drawn = {"x": 1, "y": 1, "width": 9, "height": 9, "rectanglelabels": ["car"]}
    region = {"type": "rectanglelabels", "from_name": "l", "to_name": "i", "original_width": 9, "original_height": 9}
    results: list[list[Any]] = [[], [], [{**region, "id": "r", "value": drawn}]]
    tasks = [
        {"id": n, "data": {"image": f"{n}.jpg"}, "annotations": [{"id": n, "was_cancelled": n == 2, "result": result}]}
        for n, result in enumerate(results)
    ]
    return save(folder / "a.json", tasks)


def deleted(folder: Path) -> Path:
    """Of COCO Annotator: the only object is marked as deleted."""
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in (1, 2, 3)]
    return save(folder / "a.json", {**coco([annotation(1, bbox=[1, 1, 5, 5], deleted=True)]), "images": images})


def deleted_in_voc(folder: Path) -> Path:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
    one = f"<object><name>car</name><deleted>1</deleted>{box}</object>"
    folder.mkdir()
    for n, objects in enumerate((one, "", "")):
        size = "<size><width>9</width><height>9</height><depth>3</depth></size>"
        text = f"<annotation><filename>{n}.jpg</filename>{size}{objects}</annotation>"
        (folder / f"{n}.xml").write_text(text)
    return folder


@pytest.mark.parametrize("make", [cancelled, deleted, deleted_in_voc])
def test_what_the_source_takes_back_leaves_assets_without_annotations(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    report = to_labelbox.convert(make(tmp_path / "in"), tmp_path / "out")
    assert (report.exit_code(), report.annotations.skipped, report.lines.total) == (0, 1, 0)
    assert report.assets.written == 3
    assert [one.what for one in report.suspicious] == ["labels"]
    assert report.suspicious[0].likely == [
        "all labels that there were have been deleted or cancelled in the tool that made them"
    ]
    assert list(to_labelbox.validate(tmp_path / "out")) == []
    batch = to_labelbox.batch(tmp_path / "in", tmp_path / "all")
    assert (batch.exit_code(), [row.state for row in batch.datasets]) == (0, ["converted"])


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ToLabelboxError):
        to_labelbox.convert(tmp_path / "nowhere", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
