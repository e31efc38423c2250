"""Many datasets with one ontology: found, joined, converted by workers, interrupted and resumed: resuming."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.batch import box_set, check, voc_set
from harness import contents, save
from processes import forked
from to_labelbox import NoRoomError, UsageError
from to_labelbox.batches.lock import LOCK
from to_labelbox.batches.progress import Progress
from to_labelbox.cli.closing import batch_closing
from to_labelbox.cli.progress import _line, batch_display
from to_labelbox.report.codes import Code
from to_labelbox.rules.settings import Settings
from to_labelbox.source.fingerprint import HASHED_FILES, inventory, same_inputs


def times(out: Path) -> dict[str, int]:
    """When each published payload was written, by dataset."""
    return {f.parent.name: f.stat().st_mtime_ns for f in out.glob("*/annotations.ndjson")}


def test_a_finished_batch_does_only_what_is_new_or_has_changed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    for name in "abc":
        box_set(root / name / "set.json", label="car")
    to_labelbox.batch(root, out)
    first = times(out)
    with pytest.raises(UsageError, match="--resume to do only what is new"):
        to_labelbox.batch(root, out)
    assert to_labelbox.batch(root, out, resume=True).annotations.read == 9
    assert times(out) == first

    box_set(root / "b" / "set.json", label="car", images=4)
    box_set(root / "d" / "set.json", label="car", images=2)
    (out / "c" / "annotations.ndjson").write_bytes(b"{}\n")
    made = to_labelbox.batch(root, out, resume=True)
    check(out, made)
    second = times(out)
    assert [name for name in first if first[name] == second[name]] == ["a"]
    assert sorted(second) == list("abcd")
    assert made.annotations.read == 3 + 4 + 3 + 2

    box_set(root / "e" / "set.json", label="bus")  # what all have in common changes
    check(out, to_labelbox.batch(root, out, workers=2, resume=True))
    shutil.rmtree(root / "d")
    to_labelbox.batch(root, out, resume=True)
    shutil.rmtree(out / "d")
    to_labelbox.batch(root, tmp_path / "anew")
    assert contents(out) == contents(tmp_path / "anew")


def test_other_content_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    file = box_set(root / "a" / "set.json", label="car")
    before = file.stat()
    to_labelbox.batch(root, out)
    file.write_bytes(file.read_bytes().replace(b'"car"', b'"bus"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert list(to_labelbox.batch(root, out, resume=True).classes) == ["bus"]


def test_a_pipe_in_a_dataset_is_not_waited_for(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "set.json")
    os.mkfifo(tmp_path / "in" / "a" / "pipe.json")
    for resume in (False, True):
        assert to_labelbox.batch(tmp_path / "in", tmp_path / "out", resume=resume).exit_code() == 0


def test_names_that_are_no_utf_8(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in (b"caf\xe9", b"caf\xe8"):
        folder = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        try:
            box_set(folder / os.fsdecode(b"\xe9.json"))
        except OSError as error:
            pytest.skip(f"this file system takes no such names: {error}")
        (folder / os.fsdecode(b"\xe9 too.json")).write_text("{}")
    made = to_labelbox.batch(root, tmp_path / "out")
    check(tmp_path / "out", made)
    assert [row.path for row in made.datasets] == ["caf%E8", "caf%E9"]
    first = contents(tmp_path / "out")
    to_labelbox.batch(root, tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == first
    for n in (1, 2):
        to_labelbox.batch(root, tmp_path / "shards", shard=(n, 2))
    to_labelbox.merge([tmp_path / "shards"])
    assert contents(tmp_path / "shards") == first


HOLDING = (
    "import sys; from to_labelbox.batches.lock import locked\nwith locked(sys.argv[1]):\n print(); sys.stdin.read()"
)


def test_two_runs_do_not_work_in_one_folder(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    out.mkdir()
    command = [sys.executable, "-c", HOLDING, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for more in ({}, {"resume": True}, {"overwrite": True}, {"shard": (1, 2)}):
            with pytest.raises(UsageError, match="another run is at work"):
                to_labelbox.batch(root, out, **more)
        other.kill()
    check(out, to_labelbox.batch(root, out))
    assert not list(out.glob(".*lock"))


def test_a_result_of_convert_is_not_overwritten_unasked(tmp_path: Path) -> None:
    root = tmp_path / "in"
    box_set(root / "a" / "set.json")
    for out, earlier in (("1", "1"), ("2", "2/a")):
        to_labelbox.convert(root / "a", tmp_path / earlier)
        for resume in (False, True):
            with pytest.raises(UsageError, match=f"{earlier} holds an earlier result"):
                to_labelbox.batch(root, tmp_path / out, resume=resume)
        check(tmp_path / out, to_labelbox.batch(root, tmp_path / out, overwrite=True))
        assert sorted(f for f in contents(tmp_path / out) if "/" not in f) == ["ontology.json", "report.json"]


def test_a_run_that_did_not_begin_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    with pytest.raises(UsageError, match="No such file"):
        to_labelbox.batch(root, out, sizes=tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match="no such folder"):
        to_labelbox.batch(root, out, media_root=tmp_path / "nothing")
    assert to_labelbox.batch(root, out).exit_code() == 0


def test_the_time_left_counts_datasets_that_are_not_opened_yet() -> None:
    some = Progress(datasets=200, datasets_opened=20, datasets_done=20, units=6000, units_done=6000, annotations=9000)
    assert _line(some, 10).endswith("6,000 images, files or tasks, 9,000 annotations (900/s), about 1:30 left")
    whole = Progress(datasets=2, datasets_opened=2, units=4000, units_done=1000)
    assert _line(whole, 10).endswith("about 0:30 left")


def test_without_a_terminal_a_line_is_said_although_nothing_is_heard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("to_labelbox.cli.progress.LINE_SECONDS", 0.05)
    with batch_display(False or None, False) as listener:
        time.sleep(0.2)
        assert listener is not None
        listener(Progress("writing", 3, 3, 1))
        time.sleep(0.2)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "looking for datasets"
    assert said[-1] == "writing: 1 of 3 datasets"


@pytest.mark.parametrize("workers", [1, 2])
def test_all_of_a_batch_is_validated_at_once(tmp_path: Path, workers: int) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    for name in "ab":
        box_set(root / name / "set.json", label=name)
    broken = box_set(root / "c" / "set.json")
    broken.write_bytes(broken.read_bytes()[:-9])
    to_labelbox.batch(root, out, workers=workers)
    assert to_labelbox.validate(out) == []
    (out / "a" / "ontology.json").write_bytes(b"{}")
    shutil.rmtree(out / "b")
    assert {f.file for f in to_labelbox.validate(out)} == {
        "a/ontology.json",
        "a/annotations.ndjson",
        "b/report.json",
    }


@forked
@pytest.mark.parametrize("shard", [None, (1, 1)])
def test_a_full_disk_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: tuple[int, int] | None
) -> None:
    box_set(tmp_path / "in" / "a" / "set.json")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("to_labelbox.conversion.worker.save_part", full)
        with pytest.raises(NoRoomError, match=r"No space left on device; when there is room, --resume goes on"):
            to_labelbox.batch(tmp_path / "in", tmp_path / "out", shard=shard)
    check(tmp_path / "out", to_labelbox.batch(tmp_path / "in", tmp_path / "out", resume=True))


def test_where_case_is_ignored_no_output_replaces_another(tmp_path: Path) -> None:
    """As far as it can be told where case is not: the file system is made to look like one that ignores it."""
    box_set(tmp_path / "in" / "Scene" / "a.json")
    box_set(tmp_path / "in" / "scene" / "b.json", label="bus")
    (tmp_path / "out" / ".TO-LABELBOX-PARTIAL").mkdir(parents=True)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [(row.path, row.problem.split(" does ")[-1]) for row in made.datasets] == [
        ("Scene", ""),
        ("scene", "not tell its name from 'Scene': rename one of them"),
    ]


def test_in_a_set_of_many_files_a_new_time_is_a_change(tmp_path: Path) -> None:
    voc_set(tmp_path / "in" / "v" / "Annotations", *(f"{n:04}" for n in range(HASHED_FILES + 1)))
    inputs = inventory(str(tmp_path / "in" / "v"))
    assert (len(inputs), inputs[0].size) == (1, HASHED_FILES + 1)
    assert same_inputs(inputs, inventory(str(tmp_path / "in" / "v"), inputs))
    os.utime(tmp_path / "in" / "v" / "Annotations" / "0007.xml", (1, 1))
    assert not same_inputs(inputs, inventory(str(tmp_path / "in" / "v"), inputs))


def test_what_changes_in_folders_that_hold_no_data_is_no_change(tmp_path: Path) -> None:
    """A data set that is kept in a repository: its tools rewrite their own files all the time."""
    box_set(tmp_path / "set" / "set.json")
    save(tmp_path / "set" / ".git" / "index.json", {"n": 1})
    before = inventory(str(tmp_path / "set"))
    save(tmp_path / "set" / ".git" / "index.json", {"n": 22})
    assert same_inputs(before, inventory(str(tmp_path / "set"), before))


def test_shards_that_may_only_be_read_can_be_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        box_set(tmp_path / "in" / name / "set.json")
    shards = [tmp_path / "1", tmp_path / "2"]
    for n, out in enumerate(shards, 1):
        to_labelbox.batch(tmp_path / "in", out, shard=(n, 2))
        (out / LOCK).unlink(missing_ok=True)
    really = os.open

    def read_only(path: Any, flags: int, *more: Any, **others: Any) -> int:
        if flags & os.O_CREAT and str(path).startswith(tuple(map(str, shards))):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", read_only)
    assert to_labelbox.merge(shards, tmp_path / "out").annotations.converted == 6


def test_what_is_said_of_the_ontology_counts_once(tmp_path: Path) -> None:
    for name, label in (("a", "car"), ("b", "Car"), ("c", "bus")):
        box_set(tmp_path / "in" / name / "set.json", label=label)
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    assert [d.count for d in made.diagnostics if d.code is Code.CLASS_SIMILAR] == [1]


def test_a_dataset_that_failed_is_tried_again(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    broken = box_set(root / "b" / "set.json")
    broken.write_bytes(broken.read_bytes()[:-9])
    assert to_labelbox.batch(root, out).exit_code() == 1
    box_set(root / "b" / "set.json")
    made = to_labelbox.batch(root, out, resume=True)
    assert made.exit_code() == 0
    check(out, made)


def test_a_finished_batch_notices_other_options(tmp_path: Path) -> None:
    root, out, sizes = tmp_path / "in", tmp_path / "out", tmp_path / "sizes.csv"
    box_set(root / "a" / "set.json")
    sizes.write_text("key,width,height\n1.jpg,100,100\n")
    to_labelbox.batch(root, out, sizes=sizes)
    sizes.write_text("key,width,height\n1.jpg,200,200\n")
    with pytest.raises(UsageError, match=r"with other options \(sizes_file\): give the same options"):
        to_labelbox.batch(root, out, sizes=sizes, resume=True)
    with pytest.raises(UsageError, match="made with other options"):
        to_labelbox.batch(root, out, resume=True, settings=Settings(min_area=9.0))
    made = to_labelbox.batch(root, out, resume=True, overwrite=True, settings=Settings(min_area=1e6))
    assert made.annotations.skipped == 3


def test_what_is_kept_and_what_each_dataset_has_lost_are_told(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    box_set(root / "a" / "set.json")
    box_set(root / "b" / "set.json", label="tree")
    first = to_labelbox.batch(root, out, exclude=("tree",))
    assert [(row.path, row.losses) for row in first.datasets] == [("a", {}), ("b", {"excluded": 3})]
    box_set(root / "c" / "set.json")
    made = to_labelbox.batch(root, out, exclude=("tree",), resume=True)
    shown = batch_closing(made, str(out)).splitlines()
    assert made.kept
    assert f"{made.kept} dataset{'s' if made.kept > 1 else ''} as" in next(line for line in shown if "done now" in line)
    assert next(line for line in shown if line.startswith("b ")).endswith("nothing")
    assert b'"kept"' not in (out / "report.json").read_bytes()
    row = first.datasets[0]
    row.losses = {"excluded": 2}
    assert next(line for line in batch_closing(first, None).splitlines() if line.startswith("a ")).endswith(
        "excluded ×2"
    )
