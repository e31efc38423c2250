"""Sets of several files: what is said of an annotation names the file that it stands in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from harness import ROOT
from to_labelbox import Policy, Settings

DEMO = ROOT / "fixtures/coco/demo/input"


@pytest.mark.parametrize("geometry", [Policy.AUTO, Policy.BBOX])
def test_the_index_leads_to_the_file_and_record_of_every_line(tmp_path: Path, geometry: Policy) -> None:
    to_labelbox.convert(DEMO, tmp_path / "out", settings=Settings(geometry=geometry))
    found = [json.loads(line) for line in (tmp_path / "out/index.ndjson").read_text().splitlines()]
    assert len({line["file"] for line in found}) == 3
    for line in found:
        records = json.loads((DEMO / line["file"]).read_text())["annotations"]
        number = int(line["where"].removeprefix("annotations[").removesuffix("]"))
        assert str(records[number]["id"]) == line["id"], line
