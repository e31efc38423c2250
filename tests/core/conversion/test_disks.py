"""Disks that are full, have no inode left or are read-only: a sentence that names the output, and nothing half-written.

Real file systems in memory, which only root may mount; elsewhere these tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import to_labelbox
from command import called
from growth_sets import COCO, write
from harness import contents

SAID = {"full": "No space left on device", "inodes": "No space left on device", "read-only": "Read-only file system"}


def mounted(options: str, place: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or not mounted("size=8m", place):
        pytest.skip("a disk can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def spoil(disk: Path, how: str) -> None:
    """Leave no room on a disk."""
    used = sum(-(-len(data) // 4096) * 4 for data in contents(disk).values())
    inodes = sum(len(folders) + len(files) for _, folders, files in os.walk(disk)) + 1
    options = {
        "full": f"size={used + 64}k",
        "inodes": f"nr_inodes={inodes + 3}",
        "read-only": "ro",
    }[how]
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def mend(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw,size=64m,nr_inodes=9000", str(disk)], check=True)


COMMANDS = ("convert", "convert with workers", "batch", "batch with workers", "merge", "preview")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("how", SAID)
def test_a_disk_without_room_is_said(how: str, command: str, disk: Path, tmp_path: Path) -> None:
    sets = write(tmp_path / "sets" / "a", COCO["assets"](600)).parent
    out = disk / "out"
    given = {
        "convert": (sets / "a", "-o", out),
        "batch": (sets, "-o", out),
        "merge": (out,),
        "preview": (tmp_path / "whole", "-n", "200", "-o", disk / "page.html"),
    }[command.split()[0]]
    workers = ("--workers", "2") if "workers" in command else ()
    to_labelbox.batch(sets, tmp_path / "all")
    if command == "preview":
        to_labelbox.convert(sets / "a", tmp_path / "whole")
    if command == "merge":
        to_labelbox.batch(sets, out, shard=(1, 1))
    before = contents(disk)
    spoil(disk, how)
    made = called(command.split()[0], *given, *workers)
    place = disk / "page.html" if command == "preview" else out
    if (command, how) == ("preview", "inodes"):  # a page is one file
        assert made.returncode == 0
        return
    assert made.returncode == (2 if how == "read-only" else 6), made.stderr
    said = made.stderr.splitlines()[-1]
    assert re.match(rf"to-labelbox: {re.escape(str(place))}\S* cannot be written: {SAID[how]}", said), made.stderr
    visible = {name for name in contents(disk) if not name.startswith(("out/.", "."))}
    assert visible <= set(before)
    mend(disk)
    again = {"batch": ("--resume",), "convert": (), "merge": (), "preview": ()}[command.split()[0]]
    done = called(command.split()[0], *given, *workers, *again)
    assert done.returncode == 0, done.stderr
    if command != "preview":
        whole = tmp_path / "all" / "a" if command.startswith("convert") else tmp_path / "all"
        mine = contents(out)
        for name, data in contents(whole).items():
            if not name.startswith(".") and not name.endswith("report.json"):
                assert mine[name] == data, name
        assert json.loads(mine["report.json"])
