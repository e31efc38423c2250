"""One picture described in every source format converts to one payload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from to_labelbox import Settings

ROSETTA = Path(__file__).parent.parent / "fixtures" / "rosetta"
FORMATS = sorted(p.name for p in ROSETTA.iterdir())
PAYLOAD: list[dict[str, Any]] = [
    {"name": "car", "bbox": {"left": 20, "top": 10, "width": 40, "height": 30}},
    {"name": "person", "bbox": {"left": 150, "top": 60, "width": 50, "height": 40}},
    {
        "name": "roof",
        "polygon": [
            {"x": 80, "y": 20},
            {"x": 120, "y": 30},
            {"x": 110, "y": 50},
            {"x": 100, "y": 70},
            {"x": 90, "y": 60},
        ],
    },
]


def close(value: Any) -> Any:
    """The same structure with numbers that compare within 1e-9 pixels."""
    if isinstance(value, dict):
        return {k: close(v) for k, v in value.items()}
    if isinstance(value, list):
        return [close(v) for v in value]
    return pytest.approx(value, abs=1e-9) if isinstance(value, int | float) else value


def test_every_format_is_there() -> None:
    assert set(to_labelbox.formats()) == set(FORMATS)


@pytest.mark.parametrize("format", FORMATS)
def test_one_picture_one_payload(format: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = to_labelbox.convert(ROSETTA / format, out, settings=Settings(global_key="{name}"))

    lines = [json.loads(line) for line in (out / "annotations.ndjson").read_text().splitlines()]
    rows = [json.loads(line) for line in (out / "data_rows.ndjson").read_text().splitlines()]
    assert [row["global_key"] for row in rows] == ["street.png"]
    assert all(line.pop("dataRow") == {"globalKey": "street.png"} for line in lines)
    assert len({line.pop("uuid") for line in lines}) == 3
    assert lines == close(PAYLOAD)
    ontology = json.loads((out / "ontology.json").read_text())
    assert [(t["name"], t["tool"]) for t in ontology["tools"]] == [
        ("car", "rectangle"),
        ("person", "rectangle"),
        ("roof", "polygon"),
    ]
    assert report.source.format == format
    assert report.annotations.converted == 3
    assert to_labelbox.validate(out) == []
