"""Poor surroundings change nothing: no home, the plainest locale, a narrow terminal, no folder for temporary files, odd times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import to_labelbox
from command import one_after_another
from growth_sets import COCO, VOC, write
from harness import contents

POOR = {
    "no home": {"HOME": "", "XDG_CACHE_HOME": ""},
    "plain locale": {"LANG": "C", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "narrow": {"COLUMNS": "20", "LINES": "5"},
    "no temporary folder": {"TMPDIR": "/nowhere", "TEMP": "/nowhere", "TMP": "/nowhere"},
}


@pytest.mark.parametrize("poor", POOR)
def test_every_command_works_in_poor_surroundings(poor: str, tmp_path: Path) -> None:
    source = write(tmp_path / "sets" / "a\nb", COCO["assets"](20))
    to_labelbox.convert(source, tmp_path / "usual")
    commands = (
        ("convert", source, "-o", tmp_path / "out", "--workers", "2"),
        ("batch", tmp_path / "sets", "-o", tmp_path / "share", "--shard", "1/1"),
        ("merge", tmp_path / "share"),
        ("validate", tmp_path / "share"),
        ("preview", tmp_path / "out", "-o", tmp_path / "page.html"),
    )
    environment = {name: value for name, value in {**os.environ, **POOR[poor]}.items() if value}
    made = one_after_another(*commands, env=environment)
    assert (made.returncode, "Traceback" in made.stderr) == (0, False), made.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "usual")


@pytest.mark.parametrize("time", [-1_000_000_000, 0, 1 << 33])
def test_files_of_odd_times_are_read_and_known_again(time: int, tmp_path: Path) -> None:
    """A clock that was set back, or was never set."""
    source = write(tmp_path / "sets" / "a", VOC["files"](3))
    for file in source.rglob("*"):
        os.utime(file, (time, time))
    assert to_labelbox.batch(tmp_path / "sets", tmp_path / "out", workers=2).exit_code() == 0
    before = (tmp_path / "out" / "a" / "annotations.ndjson").stat()
    assert to_labelbox.batch(tmp_path / "sets", tmp_path / "out", resume=True).exit_code() == 0
    after = (tmp_path / "out" / "a" / "annotations.ndjson").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
