"""Output folders: whole or not there, nothing outside them, and one result whatever the way."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import Convert, annotation, coco, contents, image, item, lines, save
from to_labelbox import NoRoomError, RecordError, Settings, SourceError, UsageError, dataset_of
from to_labelbox.conversion.naming import PARTIAL
from to_labelbox.model.items import Box, Item, Object
from to_labelbox.model.schema import Schema
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.report.log import Log

OURS = ["annotations.ndjson", "data_rows.ndjson", "index.ndjson", "ontology.json", "report.json"]


def street(count: int = 3) -> dict[str, Any]:
    images = [image(n, f"{n}.jpg") for n in range(count)]
    return coco([annotation(n, image_id=n, bbox=[1, 1, 5, 5]) for n in range(count)], images)


def box(id: str = "1", label: str = "car") -> Object:
    return Object(id=id, label=label, geometry=Box(1, 1, 5, 5))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


# -------------------------------------------------------------------------------------------------- whole or not


def test_the_report_holds_the_hashes_of_the_others(tmp_path: Path) -> None:
    to_labelbox.convert(save(tmp_path / "a.json", street()), tmp_path / "out")
    assert names(tmp_path / "out") == OURS
    outputs = json.loads((tmp_path / "out" / "report.json").read_text())["outputs"]
    assert sorted(outputs) == OURS[:-1]
    for name, told in outputs.items():
        data = (tmp_path / "out" / name).read_bytes()
        assert told == {"lines": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_an_earlier_result_is_not_replaced_unasked(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", street())
    to_labelbox.convert(source, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(UsageError, match=r"holds an earlier result .*--overwrite"):
        to_labelbox.convert(source, tmp_path / "out", settings=Settings(exclude=("car",)))
    assert contents(tmp_path / "out") == before


def test_overwriting_removes_the_files_of_the_earlier_result_alone(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", street())
    to_labelbox.convert(source, tmp_path / "out", shard_lines=1)
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert "annotations-00003.ndjson" in names(tmp_path / "out")
    to_labelbox.convert(source, tmp_path / "out", overwrite=True)
    assert names(tmp_path / "out") == sorted([*OURS, "notes.txt"])


def failing(at: int) -> Dataset:
    """A set whose reader raises in the middle."""

    def iterate(log: Log, start: int, stop: int) -> Any:
        for n in range(start, stop):
            if n == at:
                raise SourceError("the disk is gone")
            log.read("car")
            yield item(box(), path=f"{n}.jpg")

    return Dataset("broken", Schema(), 100, iterate)


@pytest.mark.parametrize("earlier", [False, True])
def test_a_failure_in_the_middle_leaves_what_was_there(tmp_path: Path, earlier: bool) -> None:
    out = tmp_path / "out"
    if earlier:
        to_labelbox.write([item(box())], out)
    before = contents(out) if earlier else {}
    with pytest.raises(SourceError, match="the disk is gone"):
        to_labelbox.write(failing(60), out, overwrite=True)
    assert contents(out) == before


@pytest.mark.parametrize("workers", [1, 2])
def test_what_has_gone_while_it_was_written_is_told(workers: int, tmp_path: Path) -> None:
    """As another run into the folder does, which removes what it takes for left over."""
    source, out = save(tmp_path / "a.json", street(3000)), tmp_path / "out"
    with pytest.raises(UsageError, match=r"out: what was being written has been removed, by another run .*nothing was"):
        to_labelbox.convert(source, out, workers=workers, progress=lambda *_: shutil.rmtree(out / PARTIAL, True))
    assert contents(out) == {}


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoRoomError, match="No space left") as told:
        to_labelbox.write([item(box())], tmp_path / "out")
    assert told.value.exit_code == 6
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("place", "message"), [("file", r"file is a file: give a folder"), ("file/x", r"file/x cannot be written")]
)
def test_an_output_folder_that_cannot_be(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=message):
        to_labelbox.write([item(box())], tmp_path / place)
    (tmp_path / "root").mkdir()
    save(tmp_path / "root" / "instances.json", coco([image(1)], [annotation(1)]))
    with pytest.raises(UsageError, match=message):
        to_labelbox.batch(tmp_path / "root", tmp_path / place)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    report = to_labelbox.convert(save(tmp_path / "a.json", street()), None)
    assert report.lines.total == 3
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("path", ["../up.jpg", "/abs.jpg", "a/../../b.jpg", "C:\\x.jpg", "a\0b.jpg", "con\nsole.jpg"])
def test_no_name_in_a_source_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    inner = tmp_path / "inner"
    to_labelbox.convert(
        save(inner / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])], [image(1, path)])), inner / "out"
    )
    assert names(tmp_path) == ["inner"]
    assert names(inner) == ["a.json", "out"]
    assert names(inner / "out") == OURS


# -------------------------------------------------------------------------------------------------------- shards


def rows_of(folder: Path) -> list[list[str]]:
    """Global keys by file."""
    files = sorted(folder.glob("annotations-*.ndjson"))
    return [[line["dataRow"]["globalKey"] for line in lines(folder, file.name)] for file in files]


@pytest.mark.parametrize(
    ("limit", "wanted"),
    [(1, [2, 5, 1]), (3, [2, 5, 1]), (5, [2, 5, 1]), (6, [2, 6]), (7, [7, 1]), (8, [8]), (100, [8])],
)
def test_no_data_row_is_split_over_two_files(tmp_path: Path, limit: int, wanted: list[int]) -> None:
    items = [
        item(*(box(str(n)) for n in range(count)), path=f"{name}.jpg")
        for name, count in (("a", 2), ("empty", 0), ("b", 5), ("c", 1))
    ]
    to_labelbox.write(items, tmp_path / "out", shard_lines=limit)
    found = rows_of(tmp_path / "out")
    assert [len(keys) for keys in found] == wanted
    assert [key for keys in found for key in keys] == ["a.jpg"] * 2 + ["b.jpg"] * 5 + ["c.jpg"]
    assert to_labelbox.validate(tmp_path / "out") == []


def test_shards_of_nothing(tmp_path: Path) -> None:
    to_labelbox.write([item()], tmp_path / "out", shard_lines=5)
    assert rows_of(tmp_path / "out") == [[]]
    assert to_labelbox.validate(tmp_path / "out") == []


# ------------------------------------------------------------------------------------------------------- the rest


def test_a_ledger_that_does_not_balance_ends_the_run(tmp_path: Path) -> None:
    def iterate(log: Log, start: int, stop: int) -> Any:
        log.read("car", 2)
        yield item(box())

    with pytest.raises(SourceError, match=r"does not balance.*car.*please report it"):
        to_labelbox.write(Dataset("x", Schema(), 1, iterate), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_on_error_fail_stops_at_the_first_refused_record(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0]), annotation(2, bbox=[1, 1, 5, 5])]))
    assert to_labelbox.convert(source, None).annotations.skipped == 1
    with pytest.raises(RecordError, match=r"a\.json annotations\[0\] \(id 1\): the box is 0 × 0"):
        to_labelbox.convert(source, tmp_path / "out", on_error="fail")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="skip or fail"):
        to_labelbox.convert(source, None, on_error="ignore")


def test_two_assets_with_one_key(tmp_path: Path) -> None:
    items = [item(box(), path="a/1.jpg"), item(box(), path="b/1.jpg")]
    with pytest.raises(UsageError, match=r"'1\.jpg': a/1\.jpg .* and b/1\.jpg"):
        to_labelbox.write(items, tmp_path / "out", settings=Settings(global_key="{name}"))
    assert not (tmp_path / "out").exists()


def test_python_items_and_their_ontology() -> None:
    items: list[Item] = [item(box("1"), box("2", "bus"))]
    assert [tool.name for tool in to_labelbox.infer_ontology(items).tools] == ["car", "bus"]
    assert to_labelbox.infer_ontology(dataset_of(items)) == to_labelbox.infer_ontology(items)


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    source = save(tmp_path / "a.json", street(50))
    to_labelbox.convert(source, None, progress=lambda *state: told.append(state))
    assert told == sorted(told)
    assert told[-1] == (50, 50, 50)


def test_a_set_without_annotations_has_data_rows(convert: Convert) -> None:
    made = convert(coco([], [image(1), image(2)]))
    assert (made.report.exit_code(), made.report.assets.written, made.lines) == (0, 2, [])


def test_a_set_of_which_everything_was_skipped_is_no_success(tmp_path: Path) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 0, 0])]))
    assert to_labelbox.convert(source, tmp_path / "out").exit_code() == 3
