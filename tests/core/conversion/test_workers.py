"""Chunks in files, worker processes, and what becomes of a record that ends one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import check_output, codes, contents, item, lines
from processes import forked
from to_labelbox import Dataset, Log, RecordError, Report, Settings
from to_labelbox.conversion import worker
from to_labelbox.conversion.chunks import encode_part
from to_labelbox.conversion.clock import Clock
from to_labelbox.conversion.job import OpenSource
from to_labelbox.conversion.output_folder import Folder
from to_labelbox.conversion.process_pool import WorkerPool, worker_pool
from to_labelbox.conversion.run import run
from to_labelbox.conversion.worker import WorkerState
from to_labelbox.model.items import Asset, Box, Item, Keyframe, Media, Object, Track
from to_labelbox.model.schema import Schema
from to_labelbox.plugins.registry import writer
from to_labelbox.report.codes import Code
from to_labelbox.report.report import SourceInfo

UNITS, BAD = 1000, 617


def opened(dataset: Dataset, fail: bool = False) -> OpenSource:
    target = writer()
    info = SourceInfo("made", "python")
    return OpenSource(
        dataset,
        target,
        lambda: target.encoding.encoder(Settings(), target.options(), "made", Log(fail=fail)),
        Log(fail=fail),
        info,
    )


def made(trouble: Callable[[], object] = lambda: None) -> Dataset:
    """A thousand pictures with a box each; reading one of them is trouble."""

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for n in range(start, stop):
            if n == BAD:
                trouble()
            log.read("car")
            yield item(Object(label="car", geometry=Box(1, 2, 30, 40), id=str(n)), path=f"{n:04}.jpg")

    return Dataset("made", Schema(), UNITS, iterate, unit_name=lambda n: f"{n:04}.xml")


def convert(dataset: Dataset, out: Path, workers: int = 2, timeout: float = 0, fail: bool = False) -> Report:
    return run(opened(dataset, fail), Folder(str(out)), Settings(), 0, workers, None, timeout).report


def burst() -> None:
    raise RuntimeError("a defect of the reader")


TROUBLES: dict[str, tuple[Callable[[], object], str]] = {
    "killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed"),
    "another signal": (lambda: os.kill(os.getpid(), signal.SIGXCPU), "SIGXCPU"),
    "exit": (lambda: os._exit(7), "exit code 7"),
    "defect": (burst, "RuntimeError: a defect of the reader"),
    "hang": (lambda: time.sleep(600), "--file-timeout"),
}


@forked
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_ends_a_worker_costs_itself_and_is_named(trouble: str, tmp_path: Path) -> None:
    happens, said = TROUBLES[trouble]
    report = convert(made(happens), tmp_path / "out", timeout=0.3 if trouble == "hang" else 0)
    check_output(tmp_path / "out", report)
    assert report.annotations.converted == report.assets.written == UNITS - 1
    assert codes(report)["read-crashed"] == 1
    example = next(d for d in report.diagnostics if d.code is Code.READ_CRASHED).examples[0]
    assert example.file == f"{BAD:04}.xml"
    assert said in example.message
    assert report.exit_code() == 1
    keys = [line["dataRow"]["globalKey"] for line in lines(tmp_path / "out")]
    assert keys == [f"{n:04}.jpg" for n in range(UNITS) if n != BAD]


@forked
def test_a_worker_that_dies_once_costs_nothing(tmp_path: Path) -> None:
    died = tmp_path / "died"

    def die_once() -> None:
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    assert convert(made(die_once), tmp_path / "out").exit_code() == 0
    assert died.exists()
    convert(made(), tmp_path / "alone", workers=1)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


@forked
def test_where_broken_records_are_to_fail_so_does_one_that_ends_a_worker(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=f"{BAD:04}.xml"):
        convert(made(TROUBLES["killed"][0]), tmp_path / "out", fail=True)
    assert contents(tmp_path / "out") == {}


def test_lines_are_handed_on_in_the_middle_of_an_asset() -> None:
    """However long the lines of one video are, a process holds about a megabyte of them."""
    keys = tuple(Keyframe(n, Box(1, 2, 30 + n % 7, 40)) for n in range(2000))
    track = Track(label="car", segments=(keys,), id="1")
    asset = Asset(path="a.mp4", media=Media.VIDEO, width=100, height=80, frames=2000)
    video = Item(asset=asset, annotations=tuple(track for _ in range(40)))
    encoder = opened(made()).make_encoder()
    taken: list[int] = []
    encoder.spill = lambda data: taken.append(len(data))
    encoder.add(video)
    assert len(taken) > 2
    assert max(taken) < 2 << 20


def test_workers_read_an_archive_each_for_itself(tmp_path: Path) -> None:
    """A forked process shares the place in an open file with its siblings."""
    box = "<bndbox><xmin>{0}</xmin><ymin>2</ymin><xmax>90</xmax><ymax>70</ymax></bndbox>"
    size = "<size><width>100</width><height>80</height><depth>3</depth></size>"
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(2000):
            text = f"<annotation><filename>{n:04}.jpg</filename>{size}<object><name>car</name>{box.format(n % 50 + 1)}"
            archive.writestr(f"Annotations/{n:04}.xml", f"{text}</object></annotation>")
    for workers in (1, 4):
        report = to_labelbox.convert(tmp_path / "set.zip", tmp_path / str(workers), workers=workers)
        assert report.annotations.converted == 2000
    assert contents(tmp_path / "1") == contents(tmp_path / "4")


def test_without_a_folder_nothing_is_kept() -> None:
    source = opened(made())
    part = encode_part(source.dataset, source.make_encoder(), 10, 20, False, None)
    assert (part.items, part.written, list(part.counts)) == (10, 10, [1] * 10)


def idle() -> None:
    """What prepares a process that needs nothing."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_while_workers_are_heard(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception while a process is begun or heard would lose sight of it."""
    after: list[str] = []
    waiting = WorkerPool._ready

    def interrupted(*given: Any) -> Any:
        os.kill(os.getpid(), number)
        for _ in range(1000):  # the interpreter calls its handlers between two instructions
            pass
        after.append("waited")
        return waiting(*given)

    monkeypatch.setattr(WorkerPool, "_ready", interrupted)
    with pytest.raises(KeyboardInterrupt), worker_pool(1, idle) as hands:
        list(hands.run(abs, deque([-1])))
    assert after == ["waited"]


ORPHANING = """
import time
from collections import deque
from to_labelbox.conversion.process_pool import worker_pool

with worker_pool(1, print, ()) as hands:
    print("ready", flush=True)
    list(hands.run(time.sleep, deque([60])))
"""


def test_a_worker_ends_with_its_parent_in_the_middle_of_a_task() -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANING], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline() not in (b"\n", b""):  # the worker begins
            pass
        time.sleep(0.2)
        parent.kill()
        begun = time.monotonic()
        parent.stdout.read()  # ends when the last process that could write has ended
        assert time.monotonic() - begun < 10


def test_between_tasks_a_signal_is_heard_at_once_and_its_handler_is_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with worker_pool(1, idle) as hands:
        assert list(hands.run(abs, deque([-1]))) == [(-1, 1)]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with worker_pool(1, idle) as hands:
            signal.raise_signal(signal.SIGINT)
            assert list(hands.run(abs, deque([-1]))) == [(-1, 1)]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("seconds", [0, 60])
def test_where_time_is_limited_nothing_is_encoded_together(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened(made())
    encoder, sizes = source.make_encoder(), []
    add = encoder.add

    def counted(*items: Item) -> None:
        sizes.append(len(items))
        add(*items)

    monkeypatch.setattr(encoder, "add", counted)
    state = WorkerState()
    state.clock = Clock(seconds)
    source.make_encoder = lambda: encoder
    state.share_before_fork(0, source)
    monkeypatch.setattr(worker, "STATE", state)
    part = worker.encode(worker.Chunk(0, 0, 100, str(tmp_path)))
    assert part.items == sum(sizes) == 100
    assert (max(sizes) == 1) is bool(seconds)
