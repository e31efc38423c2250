"""What a batch says of datasets that do not go together, and of what it cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import pytest

import to_labelbox
from harness import annotation, coco, image, lines, save
from to_labelbox.plugins import detect as detection
from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.registry import readers
from to_labelbox.rules.settings import Settings
from to_labelbox.source.files import Source

KEY = "{dataset}/{relpath}"


def two(folder: Path, *names: str) -> Path:
    """Two datasets, each with one picture of a name."""
    for name, picture in zip("ab", names):
        save(folder / name / "i.json", coco([annotation(1, bbox=[1, 2, 30, 40 + ord(name)])], [image(1, picture)]))
    return folder


def test_two_pictures_do_not_get_one_address(tmp_path: Path) -> None:
    root = two(tmp_path / "sets", "1.jpg", "1.jpg")
    prefix = "https://b.example.org/x/"
    made = to_labelbox.batch(root, tmp_path / "o", settings=Settings(global_key=KEY, url_prefix=prefix))
    (told,) = (d for d in made.diagnostics if d.code == "address-shared")
    assert (told.count, told.severity, told.examples[0].file) == (1, "warning", "b")
    assert "1 asset of it has the address of one of 'a' under another global key" in told.message
    # what the message advises is right
    advised = told.message.rsplit("'", 2)[1]
    to_labelbox.batch(root, tmp_path / "p", settings=Settings(global_key=KEY, url_prefix=advised))
    rows = [lines(tmp_path / "p" / name, "data_rows.ndjson")[0]["row_data"] for name in "ab"]
    assert rows == ["https://b.example.org/x/a/1.jpg", "https://b.example.org/x/b/1.jpg"]


def test_a_map_of_urls_may_be_at_fault(tmp_path: Path) -> None:
    root = two(tmp_path / "sets", "1.jpg", "1.jpg")
    made = to_labelbox.batch(
        root, tmp_path / "o", settings=Settings(global_key=KEY, url_map={"1.jpg": "https://e.example.org/1"})
    )
    (told,) = (d for d in made.diagnostics if d.code == "address-shared")
    assert told.message.endswith("give each its own line in --url-map")


@pytest.mark.parametrize("shared", [True, False])
def test_other_pictures_or_one_key_are_fine(tmp_path: Path, shared: bool) -> None:
    root = two(tmp_path / "sets", "1.jpg", "1.jpg" if shared else "2.jpg")
    settings = Settings(global_key="{relpath}" if shared else KEY, url_prefix="https://b.example.org")
    made = to_labelbox.batch(root, tmp_path / "o", settings=settings)
    assert made.lines.total == 2
    assert "address-shared" not in {d.code for d in made.diagnostics}


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    two(tmp_path / "sets", "1.jpg", "1.jpg")
    (tmp_path / "sets/cut.zip").write_bytes(b"PK\3\4 cut off")
    (tmp_path / "sets/a/more.json").write_text('{"images": [], "annotations": [')
    made = to_labelbox.batch(tmp_path / "sets", tmp_path / "o")
    (said,) = [d for d in made.diagnostics if d.code == "file-unreadable"]
    assert said.count == 2
    assert {e.file for e in said.examples} == {"a: more.json", "cut.zip"}


def test_the_report_says_which_media_a_dataset_holds(tmp_path: Path) -> None:
    two(tmp_path / "sets", "1.jpg")
    audio = {
        "id": "1",
        "from_name": "l",
        "to_name": "a",
        "type": "labels",
        "value": {"start": 0, "end": 1, "labels": ["x"]},
    }
    tasks = [{"id": 1, "data": {"audio": "/d/1.mp3"}, "annotations": [{"result": [audio]}]}]
    save(tmp_path / "sets/sound/export.json", tasks)
    made = to_labelbox.batch(tmp_path / "sets", tmp_path / "o")
    assert {row.path: row.media for row in made.datasets} == {"a": {"image": 1}, "sound": {"audio": 1}}
    assert any("image (a), audio (sound)" in e.message for d in made.diagnostics for e in d.examples)
    written = json.loads((tmp_path / "o/report.json").read_text())
    assert [row["media"] for row in written["datasets"]] == [{"image": 1}, {"audio": 1}]


def broken(source: Source) -> NoReturn:
    raise KeyError("x")


def test_a_reader_that_fails_at_a_source_ends_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> NoReturn:
        raise AssertionError

    table = MappingProxyType({"bad": Reader(name="bad", sniff=broken, read=never), **readers()})
    monkeypatch.setattr(detection, "readers", lambda: table)
    path = save(tmp_path / "i.json", coco([annotation(1, bbox=[1, 2, 30, 40])]))
    said = detection.verdicts(Source(str(path)))
    assert said["bad"].reason == "this reader is broken: it ends with KeyError: 'x'"
    assert detection.detect(Source(str(path))).reader.name == "coco"
    assert to_labelbox.convert(path, tmp_path / "out").lines.total == 1
