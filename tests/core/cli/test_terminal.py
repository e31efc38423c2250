"""Colours, tables and long lines on a terminal; nothing of it elsewhere."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import to_labelbox
from command import called
from harness import annotation, coco, save
from to_labelbox.cli import progress, speech
from to_labelbox.cli.closing import closing
from to_labelbox.cli.table import Column, cell_width, table
from to_labelbox.report import documentation

PROGRAM = [sys.executable, "-m", "to_labelbox"]


def on_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """What a command says on a terminal."""
    import fcntl
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
    given = {**known, "TERM": "xterm", **environment}
    run = subprocess.Popen([*PROGRAM, *arguments], stdout=other, stderr=other, env=given)
    os.close(other)
    said = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    run.wait(60)
    os.close(main)
    return said.decode().replace("\r\n", "\n")


@pytest.fixture
def lossy(tmp_path: Path) -> str:
    shapes = [annotation(1, bbox=[1, 1, 0, 0]), annotation(2, bbox=[1, 1, 5, 5])]
    categories = [{"id": 1, "name": "a name that is rather long, longer than most"}]
    return str(save(tmp_path / "a.json", coco(shapes, None, categories)))


def test_severities_have_colours_on_a_terminal_alone(lossy: str) -> None:
    said = on_terminal("convert", lossy, "--dry-run", "--no-progress")
    assert "\x1b[33m\x1b[1mwarning\x1b[0m" in said
    assert "\x1b" not in on_terminal("convert", lossy, "--dry-run", "--no-progress", NO_COLOR="1")
    assert "\x1b" not in on_terminal("convert", lossy, "--dry-run", "--no-progress", TERM="dumb")
    piped = subprocess.run([*PROGRAM, "convert", lossy, "--dry-run"], capture_output=True, text=True, check=False)
    assert "\x1b" not in piped.stderr


def test_a_code_leads_to_its_page_where_the_documents_have_an_address(
    lossy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = closing(to_labelbox.convert(lossy, None), None, 80)
    monkeypatch.setattr(speech, "width", lambda _: 80)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "]8;;" not in speech._dressed(made, sys.stderr)
    assert "codes:" not in made
    monkeypatch.setattr(documentation, "site", lambda: "https://docs.example.org/tl")
    text = closing(to_labelbox.convert(lossy, None), None, 80)
    address = "https://docs.example.org/tl/diagnostics.html"
    assert f"codes: {address}" in text
    assert "codes:" not in closing(to_labelbox.convert(lossy, None), None)
    assert f"\x1b]8;;{address}#box-empty\x1b\\box-empty\x1b]8;;\x1b\\: " in speech._dressed(text, sys.stderr)


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_table_is_as_wide_as_the_terminal(lossy: str, columns: int) -> None:
    said = on_terminal("convert", lossy, "--dry-run", "--no-progress", columns=columns, NO_COLOR="1").splitlines()
    assert max(map(len, said[2:])) <= columns
    shown = next(line for line in said if line.startswith("a name that"))
    assert ("…" in shown) == (columns < 90)


def test_long_names_of_datasets_keep_both_ends() -> None:
    """Exports of one tool end alike, folders of one project begin alike."""
    columns = [Column("dataset", 21, left=True, both=True), Column("n", 3)]
    names = ("task_101_of_june_cvat for images 1.1.zip", "データ" * 9)
    assert table(columns, [[name, "1"] for name in names])[1:] == [
        "task_101_o…s 1.1.zip   1",
        "データデー…タデータ    1",
    ]


def test_a_pipe_gets_the_table_that_it_always_had(lossy: str) -> None:
    piped = called("convert", lossy, "--dry-run")
    assert f"{'class':<28}{'read':>10}{'converted':>11}{'approx.':>10}{'merged':>9}{'skipped':>9}" in piped.stderr


def test_wide_letters_stand_in_line() -> None:
    columns = (Column("class", 28, left=True), Column("read", 10))
    lines = table(columns, [("歩行者", "1"), ("car", "12")], 40)
    assert {cell_width(line) for line in lines} == {cell_width(lines[0])}
    assert table(columns, [("x" * 10_000_000, "1")], 40)[1].startswith("xxx")


@pytest.fixture
def checked(lossy: str, tmp_path: Path) -> str:
    out = str(tmp_path / "out")
    to_labelbox.convert(lossy, out)
    return out


def test_a_check_shows_how_far_it_is_on_a_terminal(checked: str) -> None:
    said = on_terminal("validate", checked, "--progress")
    assert "checking" in said
    assert "no faults" in said.rsplit("100%", 1)[1]


@pytest.mark.parametrize("arguments", [("--no-progress",), ("-q", "--progress")])
def test_a_quiet_check_shows_no_bar(checked: str, arguments: tuple[str, ...]) -> None:
    assert "checking" not in on_terminal("validate", checked, *arguments)


@pytest.mark.parametrize(("quick", "shown"), [(3600.0, ""), (0.0, "checking")])
def test_only_a_check_that_takes_long_shows_a_bar(monkeypatch: pytest.MonkeyPatch, quick: float, shown: str) -> None:
    terminal = _Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "QUICK_SECONDS", quick)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.check_bar(None, quiet=False) as part:
        assert part is not None
        part(0.5)
    assert shown in terminal.getvalue()
    assert bool(terminal.getvalue()) == bool(shown)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_check_in_a_pipe_says_its_result_alone(checked: str) -> None:
    piped = called("validate", checked)
    assert "checking" not in piped.stdout + piped.stderr
    assert "\x1b" not in piped.stdout + piped.stderr


def test_a_fault_stands_on_a_line_of_its_own_beside_the_bar(checked: str) -> None:
    with open(os.path.join(checked, "annotations.ndjson"), "ab") as file:
        file.write(b"{}\n")
    said = on_terminal("validate", checked, "--progress", columns=200)
    assert any(line.lstrip("\r").startswith("annotations.ndjson:") for line in _plain(said).splitlines())


def _plain(said: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", said)


def test_in_a_pipe_with_progress_a_line_comes_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with progress.check_bar(True, False) as meter:
        assert meter is not None
        for part in (0.1, 0.5, 0.6, 0.97):
            meter(part)
    assert capsys.readouterr().err == "checking: 50%\nchecking: 97%\n"
