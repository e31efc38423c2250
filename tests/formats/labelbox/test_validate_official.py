"""What the SDK, its tests and Labelbox's notebooks write is accepted; what Labelbox advises against is a hint, no fault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from to_labelbox.plugins.writer import Fault
from to_labelbox_formats.labelbox import FORMAT

CAR_ID, OTHER_ID, HAZARD_ID = "c" * 25, "d" * 25, "e" * 25


def question(type: str, name: str, *options: Any, **more: Any) -> dict[str, Any]:
    listed = [o if isinstance(o, dict) else {"label": o, "value": o} for o in options]
    return {"type": type, "name": name, "instructions": name, "options": listed, **more}


ONTOLOGY = {
    "tools": [
        {"tool": "rectangle", "name": "car", "featureSchemaId": CAR_ID, "classifications": []},
        {"tool": "polygon", "name": "slab", "featureSchemaId": OTHER_ID},
        {"tool": "point", "name": "well"},
        {"tool": "named-entity", "name": "firm"},
    ],
    "classifications": [
        question("checklist", "hazards", "ice", "wind", featureSchemaId=HAZARD_ID),
        question("checklist", "state", {"label": "a", "value": "a", "options": [question("checklist", "parts", "x")]}),
        question("radio", "tone", "calm", scope="index"),
    ],
}
BOX = {"top": 1.0, "left": 1.0, "height": 2.0, "width": 2.0}
KEY = {"frame": 3, "bbox": BOX, "classifications": []}
MAP = {
    "tile_layer_url": "https://t.example.org/{z}/{x}/{y}.png",
    "bounds": [[7.0, 46.0], [8.0, 47.0]],
    "epsg": "EPSG4326",
}
CHAT = {
    "type": "application/vnd.labelbox.conversational",
    "version": 1,
    "messages": [{"messageId": "a", "content": "Hello"}, {"messageId": "b", "content": "Hi you", "canLabel": False}],
}
ROWS: dict[str, dict[str, Any]] = {
    "image": {"row_data": "https://e.example.org/1.jpg", "media_type": "IMAGE"},
    "video": {"row_data": "https://e.example.org/1.mp4", "media_type": "VIDEO"},
    "pdf": {"row_data": {"pdf_url": "https://e.example.org/1.pdf"}},
    "map": {"row_data": {**MAP, "version": 2}, "media_type": "TMS_GEO"},
    "map-1": {"row_data": {**MAP, "bounds": [[46.0, 7.0], [47.0, 8.0]], "version": 1}, "media_type": "TMS_GEO"},
    "chat": {"row_data": CHAT, "media_type": "CONVERSATIONAL"},
}


def found(folder: Path, row: str, line: dict[str, Any]) -> list[Fault]:
    """Faults and hints of a line, beside those about the data row and the missing report."""
    (folder / "ontology.json").write_text(json.dumps(ONTOLOGY))
    (folder / "data_rows.ndjson").write_text(json.dumps({**ROWS[row], "global_key": row}) + "\n")
    (folder / "annotations.ndjson").write_text(json.dumps({"dataRow": {"globalKey": row}, **line}) + "\n")
    return [f for f in FORMAT.checks.validate(str(folder)) if f.file == "annotations.ndjson"]


ACCEPTED: dict[str, tuple[str, dict[str, Any], str]] = {
    "empty classifications beside segments": (
        "video",
        {"name": "car", "classifications": [], "segments": [{"keyframes": [KEY]}]},
        "",
    ),
    "name and schema id together": ("image", {"name": "car", "schemaId": CAR_ID, "bbox": BOX}, ""),
    "an id that the file does not have": ("image", {"name": "car", "schemaId": "f" * 25, "bbox": BOX}, ""),
    "a nested checklist answered by one object": (
        "image",
        {
            "name": "state",
            "answer": [{"name": "a", "classifications": [{"name": "parts", "answer": {"name": "x"}}]}],
        },
        "is a checklist: write its answer as a list",
    ),
    "a checklist over frames without a scope": (
        "video",
        {"name": "hazards", "answers": [{"name": "ice"}], "frames": [{"start": 7, "end": 13}]},
        "gives it no scope",
    ),
    "page 0": ("pdf", {"name": "car", "bbox": BOX, "page": 0, "unit": "POINTS"}, "page 0"),
    "a document told by its address": ("pdf", {"name": "car", "bbox": BOX, "page": 1, "unit": "POINTS"}, ""),
    "a box of negative height on a map": (
        "map",
        {"name": "car", "bbox": {"top": 46.5, "left": 7.5, "height": -0.01, "width": 0.02}},
        "from the upper edge down",
    ),
    "a box that reaches beyond its map": (
        "map",
        {"name": "car", "bbox": {"top": 46.5, "left": 7.5, "height": 0.6, "width": 0.02}},
        "reaches beyond the map",
    ),
    "bounds as latitude, longitude": ("map-1", {"name": "well", "point": {"x": 7.5, "y": 46.5}}, ""),
    "frame 20,000": ("video", {"name": "car", "segments": [{"keyframes": [{"frame": 20_000, "bbox": BOX}]}]}, ""),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_is_accepted(tmp_path: Path, name: str) -> None:
    row, line, hint = ACCEPTED[name]
    said = found(tmp_path, row, line)
    assert [f.message for f in said if f.severity == "error"] == []
    assert [hint in f.message for f in said] == ([True] if hint else [])


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "name and id of two features": (
        "image",
        {"name": "car", "schemaId": OTHER_ID, "bbox": BOX},
        f"name 'car' and schemaId {OTHER_ID!r} are of different features",
    ),
    "a frame beyond the limit": (
        "video",
        {"name": "car", "segments": [{"keyframes": [{"frame": 20_001, "bbox": BOX}]}]},
        "frame 20001: a video has at most 20,000 frames",
    ),
    "an answer beyond the limit": (
        "video",
        {"name": "hazards", "answer": [{"name": "ice"}], "frames": [{"start": 1, "end": 20_001}]},
        "a video has at most 20,000 frames",
    ),
    "an entity on a message that takes none": (
        "chat",
        {"name": "firm", "location": {"start": 0, "end": 1}, "messageId": "b"},
        "message 'b' takes no labels: its canLabel is false",
    ),
    "an answer about such a message": (
        "chat",
        {"name": "tone", "answer": {"name": "calm"}, "messageId": "b"},
        "message 'b' takes no labels",
    ),
    "a point beside its map": ("map", {"name": "well", "point": {"x": 9.5, "y": 46.5}}, "lies beside the map"),
    "a point beside a map of version 1": (
        "map-1",
        {"name": "well", "point": {"x": 46.5, "y": 7.5}},
        "lies beside the map",
    ),
    "a box of negative height on a picture": (
        "image",
        {"name": "car", "bbox": {"top": 5, "left": 5, "height": -1, "width": 2}},
        "both must be above 0",
    ),
    "a box of negative width on a map": (
        "map",
        {"name": "car", "bbox": {"top": 46.5, "left": 7.5, "height": 0.1, "width": -0.1}},
        "both must be above 0",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_a_fault(tmp_path: Path, name: str) -> None:
    row, line, said = REFUSED[name]
    messages = [f.message for f in found(tmp_path, row, line) if f.severity == "error"]
    assert any(said in message for message in messages), messages


def test_no_message_shows_an_internal_word(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {},
        {"name": "car"},
        {"bbox": BOX},
        {"name": "car", "bbox": BOX, "page": 1},
        {"masks": {"frames": [], "instances": []}},
    ]
    rows: list[Any] = [
        {"row_data": {"a": 1}, "global_key": "1"},
        {"row_data": {"a": 1}, "global_key": "2", "media_type": "IMAGE"},
        {"row_data": "x", "media_type": "IMAGE"},
        {"row_data": "x", "global_key": "3", "metadata_fields": [{"value": "x" * 5000}]},
        {"row_data": "x", "global_key": "4", "metadata_fields": [{"schema_id": "s", "value": "x" * 5000}]},
        {"row_data": "x", "global_key": "5", "attachments": [{"type": "X", "value": ""}]},
    ]
    (tmp_path / "ontology.json").write_text(json.dumps(ONTOLOGY))
    (tmp_path / "data_rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = [{"dataRow": {"globalKey": key}, **line} for key in "123" for line in lines] + [
        {"dataRow": {}, "name": "car", "bbox": BOX}
    ]
    (tmp_path / "annotations.ndjson").write_text("".join(json.dumps(line) + "\n" for line in given))
    messages = [str(f) for f in FORMAT.checks.validate(str(tmp_path))]
    assert len(messages) > 20
    assert [m for m in messages if "UNSET" in m or "None" in m or "Unset" in m] == []


def test_hints_are_printed_and_end_no_run(tmp_path: Path) -> None:
    path = tmp_path / "lines.ndjson"
    path.write_text(json.dumps({"dataRow": {"globalKey": "a"}, **ACCEPTED["page 0"][1]}) + "\n")
    names = tmp_path / "ontology.json"
    names.write_text(json.dumps(ONTOLOGY))
    command = [sys.executable, "-m", "to_labelbox", "validate", str(path), "--ontology", str(names)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0
    assert "lines.ndjson:1: hint: page 0" in result.stdout
    assert "no faults; 1 warning or hint" in result.stderr


def test_what_is_required_is_said_with_one_voice(tmp_path: Path) -> None:
    """The same code, as often, in the same words, whether the ontology was given or made of what the source declares."""
    config = (
        '<View><Image name="i" value="$i"/><RectangleLabels name="l" toName="i"><Label value="car"/></RectangleLabels>'
        '<Choices name="weather" toName="i" required="true"><Choice value="rain"/><Choice value="sun"/></Choices>'
        '<Choices name="color" toName="i" perRegion="true" required="true"><Choice value="red"/></Choices></View>'
    )
    box = {"x": 1, "y": 1, "width": 10, "height": 10, "rectanglelabels": ["car"]}
    region = {"from_name": "l", "to_name": "i", "type": "rectanglelabels", "original_width": 100, "original_height": 80}
    tasks = [
        {"id": 1, "data": {"i": "1.jpg"}, "annotations": [{"result": [{**region, "id": "a", "value": box}]}]},
        {
            "id": 2,
            "data": {"i": "2.jpg"},
            "annotations": [
                {
                    "result": [
                        {**region, "id": "b", "value": box},
                        {"from_name": "color", "to_name": "i", "type": "choices", "id": "b", "value": {**box, "choices": ["red"]}},
                        {"from_name": "weather", "to_name": "i", "type": "choices", "id": "c", "value": {"choices": ["sun"]}},
                    ]
                }
            ],
        },
    ]  # fmt: skip
    (tmp_path / "e.json").write_text(json.dumps(tasks))
    (tmp_path / "cfg.xml").write_text(config)
    given: Any = {"options": {"config": str(tmp_path / "cfg.xml")}}
    first = to_labelbox.convert(tmp_path / "e.json", tmp_path / "a", **given)
    again = to_labelbox.convert(tmp_path / "e.json", tmp_path / "b", ontology=tmp_path / "a/ontology.json", **given)
    for report, out in ((first, tmp_path / "a"), (again, tmp_path / "b")):
        said = next(d for d in report.diagnostics if d.code == "required-unanswered")
        found = [f for f in to_labelbox.validate(out) if f.severity != "error"]
        assert {f.code for f in found} == {"required-unanswered"}
        assert said.count == len(found) == 2
        assert (
            sorted(e.message for e in said.examples)
            == sorted(f.message for f in found)
            == [
                "'color' of 'car' is required by the ontology and has no answer",
                "'weather' of the asset is required by the ontology and has no answer",
            ]
        )
