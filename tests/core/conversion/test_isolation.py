"""What ends a process, or takes too long, costs itself: at every size of a set, found soon, named, counted as skipped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from harness import annotation, check_output, coco, codes, contents, image, item, lines, save
from processes import forked
from to_labelbox import Dataset, Log, Report, Settings, SourceError
from to_labelbox.conversion.job import OpenSource
from to_labelbox.conversion.output_folder import Folder
from to_labelbox.conversion.run import run
from to_labelbox.model.items import Box, Item, Object
from to_labelbox.model.schema import Schema
from to_labelbox.plugins.registry import writer
from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNREADABLE
from to_labelbox.report.report import SourceInfo

SIZES = (1, 2, 15, 40, 1500)
LIMIT = 0.3


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hangs() -> None:
    time.sleep(600)


def too_large() -> None:
    raise MemoryError


TROUBLES: dict[str, tuple[Callable[[], None], int, str]] = {
    "killed": (killed, 3, "killed"),
    "hangs": (hangs, 2, "--file-timeout"),
    "too large": (too_large, 3, "too little memory"),
}
"""What happens, how often at most, and what is said of it."""


class Trouble:
    """Happens at one unit, and is counted in a file, because who meets it dies."""

    def __init__(self, happens: Callable[[], None], file: Path) -> None:
        self._happens = happens
        self._file = file

    def __call__(self) -> None:
        with open(self._file, "ab") as file:
            file.write(b".")
        self._happens()

    @property
    def times(self) -> int:
        return self._file.stat().st_size


def dataset(
    units: int, bad: int, trouble: Trouble | None, unit_items: Callable[[int], list[Item]] | None = None
) -> Dataset:
    """Pictures with two boxes each; reading one of them is trouble, if any is given."""

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for n in range(start, stop):
            if n == bad and trouble is not None:
                trouble()
            log.read("car", 2)
            boxes = [Object(label="car", geometry=Box(1, 2, 30 + k, 40), id=f"{n}-{k}") for k in range(2)]
            yield item(*boxes, path=f"{n:04}.jpg")

    return Dataset("made", Schema(), units, iterate, unit_name=lambda n: f"{n:04}.xml", unit_items=unit_items)


class Brittle:
    """An encoder to which one item is trouble."""

    def __init__(self, inner: Any, path: str, trouble: Trouble) -> None:
        self.__dict__.update(inner=inner, path=path, trouble=trouble)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.inner, name, value)

    def add(self, *items: Item) -> None:
        if any(one.asset.path == self.path and one.annotations for one in items):
            self.trouble()
        self.inner.add(*items)


def convert(made: Dataset, out: Path, brittle: tuple[str, Trouble] | None = None) -> Report:
    target = writer()

    def make_encoder() -> Any:
        encoder = target.encoding.encoder(Settings(), target.options(), "made", Log())
        return encoder if brittle is None else Brittle(encoder, *brittle)

    opened = OpenSource(made, target, make_encoder, Log(), SourceInfo("made", "python"))
    return run(opened, Folder(str(out)), Settings(), 0, 2, None, LIMIT).report


def rows(out: Path) -> list[str]:
    rows = out / "data_rows.ndjson"
    return [row["global_key"] for row in lines(out, rows.name)] if rows.exists() else []


def check(report: Report, out: Path, units: int, bad: int, said: str) -> None:
    check_output(out, report)
    total = report.annotations
    assert total.converted == 2 * (units - 1)
    assert total.read == total.converted + total.skipped
    assert codes(report)["read-crashed"] == total.skipped
    example = next(d for d in report.diagnostics if d.code is Code.READ_CRASHED).examples[0]
    assert example.file == f"{bad:04}.xml"
    assert said in example.message


@forked
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("units", SIZES)
def test_reading_that_ends_a_process_costs_its_unit(units: int, trouble: str, tmp_path: Path) -> None:
    happens, most, said = TROUBLES[trouble]
    bad = units * 2 // 3
    met = Trouble(happens, tmp_path / "times")
    report = convert(dataset(units, bad, met, lambda n: [item(path=f"{n:04}.jpg")]), tmp_path / "out")
    check(report, tmp_path / "out", units, bad, said)
    assert met.times <= most
    assert report.classes[UNREADABLE].skipped == 1
    assert rows(tmp_path / "out") == [f"{n:04}.jpg" for n in range(units if units > 1 else 0)]
    assert list(tmp_path.rglob("*.trace")) == []


@forked
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("units", [1, 40])
def test_encoding_that_ends_a_process_costs_the_annotations(units: int, trouble: str, tmp_path: Path) -> None:
    happens, most, said = TROUBLES[trouble]
    bad = units // 2
    met = Trouble(happens, tmp_path / "times")
    report = convert(dataset(units, bad, None), tmp_path / "out", (f"{bad:04}.jpg", met))
    check(report, tmp_path / "out", units, bad, said)
    assert met.times <= most
    assert report.classes["car"].skipped == 2
    assert rows(tmp_path / "out") == [f"{n:04}.jpg" for n in range(units if units > 1 else 0)]


@forked
def test_several_in_one_set_are_all_found(tmp_path: Path) -> None:
    met = Trouble(killed, tmp_path / "times")
    inner = dataset(300, -1, None)
    bad = {0, 1, 150, 151, 299}

    def iterate(log: Log, start: int, stop: int) -> Iterator[Item]:
        for n in range(start, stop):
            if n in bad:
                met()
            yield from inner.iterate(log, n, n + 1)

    made = Dataset("made", Schema(), 300, iterate, unit_name=lambda n: f"{n:04}.xml")
    report = convert(made, tmp_path / "out")
    check_output(tmp_path / "out", report)
    assert (report.annotations.read, report.annotations.converted) == (595, 590)
    assert rows(tmp_path / "out") == [f"{n:04}.jpg" for n in range(300) if n not in bad]


@forked
def test_an_asset_that_cannot_be_read_can_still_be_one_that_came_before(tmp_path: Path) -> None:
    met = Trouble(killed, tmp_path / "times")
    made = dataset(20, 12, met, lambda n: [item(path="0003.jpg")])
    report = convert(made, tmp_path / "out")
    check_output(tmp_path / "out", report)
    assert rows(tmp_path / "out") == [f"{n:04}.jpg" for n in range(20) if n != 12]


@forked
@pytest.mark.parametrize("happens", [killed, hangs])
def test_opening_has_the_limit_too(
    happens: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save(tmp_path / "a.json", coco([annotation(1, bbox=[1, 1, 5, 5])]))
    parent = os.getpid()

    def open_job(*_: object) -> None:
        assert os.getpid() != parent
        happens()

    monkeypatch.setattr("to_labelbox.conversion.job.open_job", open_job)
    with pytest.raises(SourceError, match="cannot be opened: "):
        to_labelbox.convert(source, tmp_path / "out", file_timeout=LIMIT)
    assert contents(tmp_path / "out") == {}
    (tmp_path / "sets").mkdir()
    os.rename(source, tmp_path / "sets" / "a.json")
    made = to_labelbox.batch(tmp_path / "sets", tmp_path / "all", file_timeout=LIMIT)
    assert [row.problem[:21] for row in made.datasets] == ["it cannot be opened: "]


def test_a_limit_changes_nothing_of_what_is_quick(tmp_path: Path) -> None:
    boxes = [annotation(n, image_id=n % 40, bbox=[1, 1, 5, 5]) for n in range(100)]
    source = save(tmp_path / "a.json", coco(boxes, [image(n) for n in range(40)]))
    to_labelbox.convert(source, tmp_path / "a")
    to_labelbox.convert(source, tmp_path / "b", file_timeout=20)
    to_labelbox.convert(source, tmp_path / "c", workers=2, file_timeout=20)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")


RINGING = """
import time
from to_labelbox.conversion.clock import Clock
clock = Clock(0.3, alarm=False)
clock.restart()
clock.stop()
time.sleep(0.6)
print("stopped", flush=True)
clock.restart()
time.sleep(60)
"""


def test_without_an_alarm_a_thread_ends_the_process() -> None:
    made = subprocess.run([sys.executable, "-c", RINGING], capture_output=True, timeout=30, check=False)
    assert (made.stdout.strip(), made.returncode) == (b"stopped", 124)


@pytest.mark.parametrize("alarm", [True, False] if hasattr(signal, "setitimer") else [False])
def test_loading_code_is_no_part_of_a_records_time(alarm: bool, tmp_path: Path) -> None:
    for n in range(6):
        (tmp_path / f"slow_{n}.py").write_text("import time\ntime.sleep(0.2)\n")
    program = f"""
import importlib, time
from to_labelbox.conversion.clock import Clock
clock = Clock(0.5, alarm={alarm})
clock.forgive_imports()
clock.restart()
for n in range(6):
    importlib.import_module(f"slow_{{n}}")
print("loaded", flush=True)
time.sleep(3)
"""
    made = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (made.stdout, made.returncode) == ("loaded\n", -signal.SIGALRM if alarm else 124)
