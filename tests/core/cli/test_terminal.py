"""Colours, tables and long lines on a terminal; nothing of it elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from harness import annotation, coco, save
from to_labelbox.cli.table import Column, cell_width, table

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


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_table_is_as_wide_as_the_terminal(lossy: str, columns: int) -> None:
    said = on_terminal("convert", lossy, "--dry-run", "--no-progress", columns=columns, NO_COLOR="1").splitlines()
    assert max(map(len, said[2:])) <= columns
    shown = next(line for line in said if line.startswith("a name that"))
    assert ("…" in shown) == (columns < 90)


def test_a_pipe_gets_the_table_that_it_always_had(lossy: str) -> None:
    piped = subprocess.run([*PROGRAM, "convert", lossy, "--dry-run"], capture_output=True, text=True, check=False)
    assert f"{'class':<28}{'read':>10}{'converted':>11}{'approx.':>10}{'merged':>9}{'skipped':>9}" in piped.stderr


def test_wide_letters_stand_in_line() -> None:
    columns = (Column("class", 28, left=True), Column("read", 10))
    lines = table(columns, [("歩行者", "1"), ("car", "12")], 40)
    assert {cell_width(line) for line in lines} == {cell_width(lines[0])}
    assert table(columns, [("x" * 10_000_000, "1")], 40)[1].startswith("xxx")
