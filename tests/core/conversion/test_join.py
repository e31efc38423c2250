"""Finished files that workers write at their places: the same bytes as those that one process writes in order."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, coco, image, save
from processes import forked
from to_labelbox.conversion import chunks, supervise, worker
from to_labelbox.conversion.output_folder import Sink


def refuse(*_: Any, **__: Any) -> int:
    raise OSError(errno.EXDEV, "not between these")


def little(source: int, target: int, count: int, *, offset_dst: int) -> int:
    """A file system that copies some, and then no more."""
    if offset_dst > 1000:
        raise OSError(errno.EINVAL, "no more")
    return os.pwrite(target, os.read(source, 300), offset_dst)


@pytest.mark.parametrize("copy", [None, refuse, little, lambda *_, **__: 0])
def test_a_part_is_copied_to_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copy: Any) -> None:
    if copy is not None:
        monkeypatch.setattr(os, "copy_file_range", copy, raising=False)
    rng = random.Random(1)
    parts = [rng.randbytes(n) for n in (0, 1, 999, 5000, 3_000_000)]
    whole = tmp_path / "whole"
    whole.write_bytes(b"")
    places = [sum(map(len, parts[:n])) for n in range(len(parts))]
    for n in (4, 2, 0, 3, 1):
        (tmp_path / "part").write_bytes(parts[n])
        chunks.copy_into(str(tmp_path / "part"), str(whole), places[n])
    assert whole.read_bytes() == b"".join(parts)


def test_counted_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    sink = Sink(str(tmp_path / "a"), "a")
    sink.write(b"one\n")
    with open(sink.path, "r+b") as other:
        other.seek(4)
        other.write(b"two\n")
    sink.placed(4)
    sink.write(b"three\n")
    told = sink.close()
    data = Path(sink.path).read_bytes()
    assert data == b"one\ntwo\nthree\n"
    assert (told.bytes, told.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("killed", [False, True])
@forked
def test_a_process_aside_hashes_what_is_there(tmp_path: Path, killed: bool) -> None:
    sink = Sink(str(tmp_path / "a"), "a")
    sink.hash_aside()
    assert sink._aside is not None
    data = random.Random(2).randbytes(700_000)
    sink.write(data[:10])
    with open(sink.path, "r+b") as other:
        other.seek(10)
        other.write(data[10:600_000])
    sink.placed(599_990)
    if killed:
        sink._aside._process.kill()
    sink.write(data[600_000:])
    told = sink.close()
    assert (told.bytes, told.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    sink.abandon()


def output(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "report.json"}


def source(tmp_path: Path) -> Path:
    """300 pictures with up to three boxes or outlines, some of several parts; some annotations can't be written."""
    images = [image(n, f"{n}.jpg") for n in range(1, 301)]
    shapes: list[dict[str, Any]] = [
        {"bbox": [1, 2, 30, 40]},
        {"segmentation": [[1, 1, 9, 1, 9, 9], [20, 20, 30, 20, 30, 40]]},
        {"bbox": [5, 5, 0, 0]},
    ]
    made = [annotation(n, image_id=1 + n * 7 % 300, **shapes[n % 3]) for n in range(600)]
    return save(tmp_path / "instances.json", coco(made, images))


def test_any_number_of_workers_gives_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_MANY_LINES", 0)
    file = source(tmp_path)
    reports = [to_labelbox.convert(file, tmp_path / f"out{n}", workers=n) for n in (1, 2, 3, 9)]
    assert all(output(tmp_path / f"out{n}") == output(tmp_path / "out1") for n in (2, 3, 9))
    assert "index.ndjson" in output(tmp_path / "out2")
    assert all(report.outputs == reports[0].outputs for report in reports)


@forked
@pytest.mark.parametrize(
    ("times", "what"), [(1, "render_part"), (1, "copy_into"), (1, "remove"), (9, "render_part"), (9, "copy_into")]
)
def test_a_process_that_ends_while_it_finishes_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, times: int
) -> None:
    """Nine ends while parts are removed say nothing: which were removed before, the next process has no need to."""
    file = source(tmp_path)
    to_labelbox.convert(file, tmp_path / "whole", workers=1)
    ended = tmp_path / "ended"
    ended.mkdir()
    room: Any = os if what == "remove" else worker
    does, parent = getattr(room, what), os.getpid()

    def end(*given: Any) -> Any:
        if os.getpid() != parent and len(os.listdir(ended)) < times and (what != "render_part" or given[1] == 0):
            (ended / f"{os.getpid()}").write_text("")
            if what == "remove":
                does(*given)
            os._exit(7)
        return does(*given)

    monkeypatch.setattr(room, what, end)
    if times > 1:
        with pytest.raises(to_labelbox.SourceError, match="could not be finished"):
            to_labelbox.convert(file, tmp_path / "out", workers=2)
        assert not list((tmp_path / "out").glob("*.ndjson"))
        return
    to_labelbox.convert(file, tmp_path / "out", workers=2)
    assert output(tmp_path / "out") == output(tmp_path / "whole")


@forked
def test_a_disk_that_takes_no_more_is_told_by_the_process_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    sink = Sink(str(tmp_path / "a"), "a")
    sink.hash_aside()
    sink.write(b"one\n")
    with pytest.raises(OSError, match="No space") as told:
        sink.close()
    assert told.value.errno == errno.ENOSPC
    assert told.value.filename == sink.path
    sink.abandon()


def test_a_file_with_fewer_bytes_than_were_put_there_has_no_hash(tmp_path: Path) -> None:
    sink = Sink(str(tmp_path / "a"), "a")
    sink.write(b"one\n")
    with pytest.raises(OSError, match="Input/output error") as told:
        sink.placed(1)
    assert told.value.filename == sink.path
    sink.abandon()


@pytest.mark.parametrize("killed", [False, True])
@forked
def test_a_process_aside_tells_of_bytes_that_are_missing(tmp_path: Path, killed: bool) -> None:
    sink = Sink(str(tmp_path / "a"), "a")
    sink.hash_aside()
    assert sink._aside is not None
    if killed:
        sink._aside._process.kill()
    sink.write(b"one\n")
    sink.placed(3)
    sink.placed(2)
    with pytest.raises(OSError, match="Input/output error") as told:
        sink.close()
    assert told.value.filename == sink.path
    sink.abandon()
