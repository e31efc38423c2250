"""Label Studio: regions, answers, selection, assets and containers, with values computed by hand: selection."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builders.label_studio import (
    annotation,
    answers,
    export,
    fixture,
    many,
    read,
    rectangle,
    region,
    shapes,
)
from to_labelbox.model.items import (
    Box,
    Choice,
    TextSpan,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.assets import reference_of, slots_of
from to_labelbox_formats.label_studio.config import Config
from to_labelbox_formats.label_studio.files import pieces
from to_labelbox_formats.label_studio.options import Options


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("best", ["true"]),
        ("latest", ["new"]),
        ("first", ["old"]),
        ("ground-truth", ["true"]),
        ("user:1", ["true"]),
        ("user:nobody@example.org", []),
        ("all", ["1:old", "2:true", "3:new"]),
    ],
)
def test_annotators(policy: str, kept: list[str]) -> None:
    items, log = fixture("several-annotators", annotator=policy)
    assert [a.id for a in items[0].annotations] == kept
    # three annotations and a draft; one that was cancelled and the prediction are counted apart
    assert log.diagnostics[Code.NOT_SELECTED].count == 4 - len(kept)
    assert log.diagnostics[Code.CANCELLED].count == 1
    assert log.diagnostics[Code.PREDICTION].count == 1
    assert log.ledger.total().read == 6


def test_predictions_and_drafts_on_request() -> None:
    items, _ = fixture("several-annotators", annotator="user:nobody", predictions=True)
    assert [a.id for a in items[0].annotations] == ["guess"]
    items, _ = fixture("several-annotators", annotator="user:nobody", drafts=True)
    assert [a.id for a in items[0].annotations] == ["draft"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T01:30:00+01:00"),
        ("2024-01-01T00:00:00.5Z", 1704067201),
        (1704067200, 1704067201000),
        (None, "2024-01-01T00:00:00"),
        ("nonsense", 1),
    ],
)
def test_times_of_every_kind_are_compared(tmp_path: Path, first: object, second: object) -> None:
    tasks = [
        annotation(region(rectangle(), id="one"), id=2, updated_at=first),
        annotation(region(rectangle(), id="two"), id=1, updated_at=second),
    ]
    items, _ = read(export(tmp_path, {"id": 1, "data": {"image": "a.jpg"}, "annotations": tasks}))
    assert [a.id for a in items[0].annotations] == ["two"]


@pytest.mark.parametrize(
    "options", [{"annotator": "newest"}, {"annotator": "user:"}, {"size": "10"}, {"frame_base": 2}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fixture("rectangles", **options)


@pytest.mark.parametrize(
    ("text", "names", "url"),
    [
        ("/data/upload/7/0123abcd-yard.jpg", ("yard.jpg", "0123abcd-yard.jpg", "7/0123abcd-yard.jpg"), None),
        ("upload/7/yard.jpg", ("yard.jpg", "7/yard.jpg"), None),
        ("/data/upload/yard.jpg", ("yard.jpg",), None),
        ("/storage-data/uploaded/?filepath=upload/7/0123abcd-a%20b.jpg", ("a b.jpg", "0123abcd-a b.jpg"), None),
        ("http://h:8080/data/upload/7/0123abcd-a.jpg", ("a.jpg", "0123abcd-a.jpg"), None),
        ("/data/local-files/?d=sub/dir%2Fa.jpg", ("sub/dir/a.jpg",), None),
        ("s3://bucket/key/a.jpg", ("key/a.jpg", "bucket/key/a.jpg"), "s3://bucket/key/a.jpg"),
        ("https://h/x/a%20b.jpg?sig=1", ("x/a b.jpg", "h/x/a b.jpg"), "https://h/x/a%20b.jpg?sig=1"),
        ("https://h/get?id=7", ("get?id=7", "h/get?id=7"), "https://h/get?id=7"),
        ("/tasks/3/resolve/?fileuri=czM6Ly9iL2EuanBn", ("a.jpg", "b/a.jpg"), "s3://b/a.jpg"),
        ("images/a.jpg", ("images/a.jpg",), None),
        ("images\\a.jpg", ("images/a.jpg",), None),
    ],
)  # fmt: skip
def test_references(text: str, names: tuple[str, ...], url: str | None) -> None:
    found = reference_of(text)
    assert found is not None
    assert found.names[: len(names)] == names
    assert found.url == url


@pytest.mark.parametrize(
    "text",
    ["", " ", "../a.jpg", "/data/local-files/?d=../../etc/passwd", "/data/upload/1/../../x", "a\0b", "http://[x/"],
)
def test_references_that_leave_the_root_are_refused(text: str) -> None:
    assert reference_of(text) is None


def test_a_value_that_names_no_asset_is_told() -> None:
    slots, missing = slots_of({"image": "../a.jpg"}, Config(), None)
    assert slots == []
    assert missing == "its 'image' names no asset: '../a.jpg'"


def test_equal_references_are_one_item_and_equal_names_are_told_apart() -> None:
    items, log = fixture("one-asset-in-two-tasks")
    assert [i.asset.path for i in items] == ["host.example.org/yard.jpg", "0123abcd-yard.jpg"]
    assert shapes(items[0]) == {"a": Box(0, 0, 20, 10), "task 3/a": Box(100, 50, 20, 10)}
    assert log.diagnostics[Code.ASSET_DUPLICATE].count == 1


def test_an_asset_that_cannot_be_told_needs_the_data_key(tmp_path: Path) -> None:
    data = {"front": "a.jpg", "back": "b.jpg"}
    task = {"id": 1, "data": data, "annotations": [annotation({**region(rectangle()), "to_name": "img"})]}
    with pytest.raises(UsageError, match="-O data_key=front"):
        read(export(tmp_path, task))
    items, log = read(export(tmp_path, task, {**task, "id": 2, "data": {"only": "c.jpg"}}))
    assert [i.asset.path for i in items] == ["c.jpg"]
    assert "data_key" in log.diagnostics[Code.ASSET_UNKNOWN].message
    items, _ = read(tmp_path / "export.json", data_key="back")
    assert [i.asset.path for i in items] == ["b.jpg"]


@pytest.mark.parametrize("form", ["compact", "indented", "lines", "gz", "zip", "folder", "bom", "mixed"])
def test_every_container_gives_the_same_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(pieces, "WINDOW", 2000)
    tasks = many(40)
    text = json.dumps(tasks, indent=2 if form == "indented" else None)
    path = tmp_path / "export.json"
    if form == "lines":
        path.write_text("\n".join(map(json.dumps, tasks)) + "\n")
    elif form == "gz":
        path = tmp_path / "export.json.gz"
        path.write_bytes(gzip.compress(text.encode()))
    elif form == "zip":
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("project/export.json", text)
    elif form == "folder":
        path = tmp_path / "set"
        path.mkdir()
        for task in tasks:
            (path / f"{task['id']:03}").write_text(json.dumps(task))
    elif form == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    elif form == "mixed":
        # key orders that change from task to task
        path.write_text(json.dumps([dict(reversed(t.items())) if n % 2 else t for n, t in enumerate(tasks)]))
    else:
        path.write_text(text)
    items, log = read(path)
    assert [i.asset.path for i in items] == [f"{n}.jpg" for n in range(40)]
    assert [shapes(i)[f"r{n}"].left for n, i in enumerate(items)] == [n % 60 * 2 for n in range(40)]
    assert log.unreadable == 0


@pytest.mark.parametrize("window", [1, 100, 700, 5000])
def test_tasks_larger_than_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(pieces, "WINDOW", window)
    items, _ = read(export(tmp_path, *many(7, meta={"long": "x" * 1500})))
    assert len(items) == 7


def test_a_truncated_array_keeps_the_tasks_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "WINDOW", 2000)
    file = export(tmp_path, *many(10))
    file.write_bytes(file.read_bytes()[:-300])
    items, log = read(file)
    assert len(items) == 9
    assert log.unreadable == 1
    assert "byte" in log.diagnostics[Code.FILE_UNREADABLE].message


def test_what_follows_the_array_is_said(tmp_path: Path) -> None:
    file = export(tmp_path, *many(3))
    file.write_text(file.read_text() + '\n{"more": 1}')
    items, log = read(file)
    assert len(items) == 3
    assert log.unreadable == 1


def test_broken_records_cost_themselves() -> None:
    items, log = fixture("broken-records")
    assert [(i.asset.path, len(i.annotations)) for i in items] == [
        ("yard.jpg", 1),
        ("nan.jpg", 0),
        ("c.jpg", 0),
        ("nosize.jpg", 0),
    ]
    assert log.diagnostics[Code.RECORD_UNREADABLE].count == 5
    assert log.unreadable == 0
    assert log.ledger["(unreadable)"].skipped == 4
    assert log.diagnostics[Code.IMAGE_SIZE_UNKNOWN].count == 1


def test_json_min_and_csv() -> None:
    items, log = fixture("json-min")
    assert len(items) == 1
    assert list(shapes(items[0]).values()) == [Box(40, 20, 60, 40)]
    assert answers(items[0]) == {"quality": (Choice("sharp"), Choice("dark"))}
    assert log.diagnostics[Code.NOT_SELECTED].count == 2
    items, _ = fixture("csv")
    assert [i.asset.path for i in items] == ["yard.jpg", "dusk.jpg"]
    assert list(shapes(items[0]).values()) == [Box(20, 20, 60, 40)]
    assert answers(items[1]) == {"quality": Choice("dark")}


def test_tsv_with_a_line_break_in_a_cell(tmp_path: Path) -> None:
    file = tmp_path / "export.tsv"
    file.write_text('text\tid\tremark\tannotator\tannotation_id\n"two\nlines"\t1\t"[{""text"": [""ok""]}]"\t1\t1\n')
    items, _ = read(file)
    assert items[0].asset.text == "two\nlines"


def test_a_stored_annotation_holds_its_task(tmp_path: Path) -> None:
    stored = {**annotation(region(rectangle())), "task": {"id": 5, "data": {"image": "a.jpg"}}}
    (tmp_path / "17").write_text(json.dumps(stored))
    (tmp_path / "18").write_text(json.dumps({**annotation(region(rectangle(20), id="s"), id=2), "task": 5}))
    items, _ = read(tmp_path)
    assert [i.asset.path for i in items] == ["a.jpg"]
    assert list(shapes(items[0])) == ["s"]


def test_an_editor_example_joins_its_parts() -> None:
    items, _ = fixture("editor-example")
    assert [(i.asset.text, list(shapes(i).values())) for i in items] == [
        ("Ada was here.", [TextSpan(0, 3)]),
        ("Bob was not.", [TextSpan(0, 3)]),
    ]


def test_memory_holds_a_piece_not_the_export(tmp_path: Path) -> None:
    dataset = FORMAT.read(Source(export(tmp_path, *many(3))), Options(), ReadContext())
    assert [len(list(dataset.items(Log(), n, n + 1))) for n in range(3)] == [1, 1, 1]
    assert list(dataset.items(Log(), 2, 2)) == []
