"""In which order files reach the disk and get their names: what a power cut leaves at any moment."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

import to_labelbox
from harness import annotation, coco, contents, image, save
from processes import forked
from to_labelbox import NoRoomError
from to_labelbox.conversion import naming
from to_labelbox.conversion.naming import OURS, PARTIAL, REPORT, Complete, give_names


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets a line for each file or folder that is synced or named, by whatever process."""
    told = tmp_path / "steps"
    sync, replace = naming._sync_file, os.replace

    def tell(*step: str) -> None:
        descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, ("\t".join(step) + "\n").encode())
        os.close(descriptor)

    def synced(path: str) -> None:
        sync(path)
        tell("sync", path)

    def replaced(source: str, target: str) -> None:
        replace(source, target)
        tell("name", source, target)

    monkeypatch.setattr(naming, "_sync_file", synced)
    monkeypatch.setattr(os, "replace", replaced)
    return told


def survives(steps: Path, out: Path) -> tuple[int, int]:
    """Check each step; gives how many reports were named, and how many datasets are remembered."""
    synced: set[str] = set()
    on_disk: set[str] = set()
    named: dict[str, set[str]] = {}
    reports = remembered = 0
    for line in steps.read_text().splitlines():
        what, path, *target = line.split("\t")
        if what == "sync":
            synced.add(path)
            on_disk.update(os.path.join(path, name) for name in named.get(path, ()))
            continue
        folder, name = os.path.split(target[0])
        if PARTIAL in folder or (folder == os.fspath(out) and not OURS.fullmatch(name)):
            continue
        if os.path.basename(folder) == ".to-labelbox-batch":
            if re.fullmatch("[0-9a-f]{40}", name):
                remembered += 1
                assert sum(os.path.basename(path) == REPORT for path in on_disk) >= remembered, "remembered too early"
            continue
        assert path in synced, f"{target[0]} has its name, but may be empty"
        if name == REPORT:
            reports += 1
            others = {os.path.join(folder, other) for other in named.get(folder, ())}
            assert others <= on_disk, f"{target[0]} tells of files whose names may be lost"
        named.setdefault(folder, set()).add(name)
    for folder, names in named.items():
        assert {os.path.join(folder, name) for name in names} <= on_disk, "finished before the names are on the disk"
    return reports, remembered


def sets(root: Path, count: int) -> Path:
    for n in range(count):
        save(root / f"set {n:02}" / "instances.json", coco([annotation(1)], [image(1, f"{n}.jpg")]))
    return root


def test_of_one_dataset(tmp_path: Path, steps: Path) -> None:
    out = tmp_path / "out"
    to_labelbox.convert(save(tmp_path / "a.json", coco([annotation(1)], [image(1)])), out, shard_lines=1)
    assert survives(steps, out) == (1, 0)


@forked
@pytest.mark.parametrize("workers", [1, 2])
def test_of_a_batch_many_at_a_time(tmp_path: Path, steps: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("to_labelbox.batches.publishing.NAMED_TOGETHER", 4)
    out = tmp_path / "out"
    to_labelbox.batch(sets(tmp_path / "in", 10), out, workers=workers)
    assert survives(steps, out) == (11, 10)
    assert not list(out.rglob(PARTIAL))


@forked
def test_a_dataset_that_is_converted_anew_is_named_in_that_order_too(tmp_path: Path, steps: Path) -> None:
    out = tmp_path / "out"
    to_labelbox.batch(sets(tmp_path / "in", 3), out)
    steps.unlink()
    save(tmp_path / "in" / "set 01" / "instances.json", coco([annotation(1)], [image(1), image(2, "new.jpg")]))
    to_labelbox.batch(tmp_path / "in", out, resume=True)
    assert survives(steps, out) == (2, 1)


def test_the_first_file_that_the_disk_refuses_is_told_when_all_have_been_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for n in range(30):
        folder = tmp_path / str(n)
        (folder / PARTIAL).mkdir(parents=True)
        for name in ("ontology.json", REPORT):
            (folder / PARTIAL / name).write_text("{}")
        results.append(Complete(os.fspath(folder), ("ontology.json",)))
    (tmp_path / "17" / PARTIAL / "ontology.json").unlink()
    with pytest.raises(FileNotFoundError):
        give_names(results)
    assert not [path for path in tmp_path.rglob(REPORT) if PARTIAL not in path.parts], "nothing has its name"


@pytest.mark.parametrize("earlier", [False, True], ids=["new", "in place of an earlier one"])
@pytest.mark.parametrize("nth", range(1, 9))
def test_where_a_name_is_refused_the_others_are_taken_back(
    nth: int, earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = save(tmp_path / "a.json", coco([annotation(1)], [image(1)])), tmp_path / "out"
    if earlier:
        to_labelbox.convert(
            save(tmp_path / "b.json", coco([annotation(1, image_id=2)], [image(2)])), out, shard_lines=1
        )
    before, names, replace = contents(out), [], os.replace

    def refused(path: str, target: str) -> None:
        names.append(os.path.basename(target))
        if len(names) == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refused)
        with pytest.raises(NoRoomError, match="nothing was written"):
            to_labelbox.convert(source, out, overwrite=True)
    assert contents(out) == before
    assert not out.exists() or earlier
    to_labelbox.convert(source, out, overwrite=earlier)
    to_labelbox.convert(source, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")
