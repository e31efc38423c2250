"""docs/python.md runs as it stands, and shows every public name."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import to_labelbox
from harness import FIXTURES, ROOT

PAGE = ROOT / "docs" / "python.md"


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = (FIXTURES / "coco" / "boxes" / "input").glob("*.json")
    for place in ("yard.json", "exports/north/a.json", "exports/south/b.json"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        (tmp_path / place).write_text(text.replace(".jpg", " (south).jpg") if "south" in place else text)
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert not failed
    assert tried > 40


def test_every_public_name_has_an_example() -> None:
    run = "\n".join(line for line in PAGE.read_text().splitlines() if line.startswith((">>>", "...")))
    shown = set(re.findall(r"to_labelbox\.(\w+)", run))
    assert set(to_labelbox.__all__) - shown == set()
