"""Pictures of 0 bytes are told in all formats alike."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from builders.same_set import SAME_SETS
from harness import annotation, coco, image, save


@pytest.mark.parametrize("format", sorted(SAME_SETS))
@pytest.mark.parametrize("empty", [0, 2])
def test_empty_pictures_of_a_source_are_told(format: str, empty: int, tmp_path: Path) -> None:
    made = SAME_SETS[format]()
    for name in "abc":
        made.picture(f"{name}.jpg")
        made.box("x", 10, 10, 50, 60)
    source = made.save(tmp_path / "in")
    source = source if source.is_dir() else source.parent
    if not list(source.rglob("*.jpg")):
        made.paint(source / "images")
    for picture in sorted(source.rglob("*.jpg"))[:empty]:
        picture.write_bytes(b"")
    report = to_labelbox.convert(source, tmp_path / "out", sizes=sizes(tmp_path))
    assert told(report) == [empty] * bool(empty)


@pytest.mark.parametrize(("below", "count"), [("media", 2), ("in/images", 2), (".", 4)])
def test_empty_pictures_below_the_media_root_are_told_once(tmp_path: Path, below: str, count: int) -> None:
    for folder in ("in/images", "media"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("a.jpg", "unlisted.jpg"):
            (tmp_path / folder / name).write_bytes(b"" if below in (folder, ".") else b"no picture")
    save(tmp_path / "in" / "instances.json", coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, "media/a.jpg")]))
    report = to_labelbox.convert(tmp_path / "in", tmp_path / "out", media_root=tmp_path / below)
    assert sum(told(report)) == count
    assert "data row" not in str(report.diagnostics)


def test_empty_descriptor_is_called_empty(tmp_path: Path) -> None:
    made = SAME_SETS["yolo"]()
    made.picture("a.jpg")
    made.box("x", 10, 10, 50, 60)
    source = made.save(tmp_path / "in")
    descriptor = next(source.rglob("*.yaml"))
    descriptor.write_bytes(b"")
    report = to_labelbox.convert(source, tmp_path / "out", sizes=sizes(tmp_path), format="yolo")
    assert [u.why for u in report.unread if u.name.endswith(".yaml")] == ["is empty: it has 0 bytes; copy it again"]


def told(report: to_labelbox.Report) -> list[int]:
    return [d.count for d in report.diagnostics if any("has 0 bytes" in e.message for e in d.examples)]


def sizes(folder: Path) -> Path:
    """Those of all pictures, as YOLO takes them from the pictures otherwise."""
    table = folder / "sizes.csv"
    table.write_text("key,width,height\n" + "".join(f"{name}.jpg,200,100\n" for name in "abc"))
    return table
