"""A JSON file whose end is missing is called cut off, whatever format it was to hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from to_labelbox.report.errors import SourceError
from to_labelbox.source.files import HEAD, Source
from to_labelbox.source.json_end import cut_off

WHOLE = json.dumps({"images": [{"id": 1, "file_name": 'a "}[".jpg'}], "notes": ["\\", {}]})
LONG = json.dumps({"notes": ["x" * 50] * 2000})


def said_of(folder: Path, text: str) -> str:
    (folder / "a.json").write_text(text)
    return cut_off(Source(folder / "a.json"), "a.json")


@pytest.mark.parametrize("text", [WHOLE, LONG, f"{LONG}\n\n", "", "no JSON", '"a text"', "[]", "[}"])
def test_whole_files_and_other_ones_are_not(tmp_path: Path, text: str) -> None:
    assert said_of(tmp_path, text) == ""


def test_a_short_file_is_at_every_place(tmp_path: Path) -> None:
    for end in range(1, len(WHOLE)):
        assert f"after {end} byte" in said_of(tmp_path, WHOLE[:end]), WHOLE[:end]


def test_a_long_file_is_by_its_last_bytes(tmp_path: Path) -> None:
    assert len(LONG) > HEAD
    assert "within a record" in said_of(tmp_path, LONG[:-5])


@pytest.mark.parametrize("text", ['{"images": [{"id": 1, "fil', '{"tasks": [{"da', '[{"x": {"y": 1', '{"items": [{"id'])
def test_the_refusal_of_a_source_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SourceError, match=f"a.json is cut off: it ends after {len(text)} bytes"):
        to_labelbox.convert(tmp_path, tmp_path / "out")


def test_a_file_of_a_folder_that_is_cut_off_before_it_can_be_told_is_an_error(tmp_path: Path) -> None:
    whole = {"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}], "annotations": [], "categories": []}
    (tmp_path / "a.json").write_text(json.dumps(whole))
    (tmp_path / "b.json").write_text('{"images": [{"id": 1')
    made = to_labelbox.convert(tmp_path, tmp_path / "out")
    assert made.exit_code() == 1
    assert any("b.json" in str(d.examples) for d in made.diagnostics if d.code == "file-unreadable")
