"""Files that nobody may read: each is named as such, whatever the format, and the exit code says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import to_labelbox
from growth_sets import SETS, arguments, write
from harness import check_output
from to_labelbox.report.codes import Code


@pytest.mark.parametrize("format", SETS)
def test_a_file_that_may_not_be_read_is_told(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "set", SETS[format]["files"](6))
    (name,) = [f.relative_to(source).as_posix() for f in source.rglob("*000003*")]
    opened = os.open

    def guarded(path: str, *given: int, **more: int) -> int:
        if os.fspath(path).endswith(name):
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *given, **more)

    monkeypatch.setattr(os, "open", guarded)  # as root, who may read everything
    made = to_labelbox.convert(source, tmp_path / "out", **arguments(format, source))
    monkeypatch.undo()
    check_output(tmp_path / "out", made)
    (told,) = [d for d in made.diagnostics if d.code is Code.FILE_UNREADABLE]
    assert (told.count, str(told.examples[0])) == (1, f"{name}: cannot be read: Permission denied")
    assert made.exit_code() == 1
