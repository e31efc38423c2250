"""Bounds of maps are for pictures: what is no picture is written as without them."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from harness import FIXTURES, contents


@pytest.mark.parametrize("case", ["cvat/tracks", "label-studio/text-spans", "label-studio/audio"])
def test_what_is_no_picture_stays_as_it_is(case: str, tmp_path: Path) -> None:
    source = FIXTURES / case / "input"
    to_labelbox.convert(source, tmp_path / "plain")
    to_labelbox.convert(source, tmp_path / "map", options={"geo": "8,48,9,47"})
    for name in ("annotations.ndjson", "data_rows.ndjson"):
        assert contents(tmp_path / "map")[name] == contents(tmp_path / "plain")[name]
