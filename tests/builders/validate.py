"""What the tests of validate share."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from to_labelbox.plugins.writer import Fault
from to_labelbox_formats.labelbox import FORMAT

Line = dict[str, Any]


def png(array: Any, mode: str = "L") -> str:
    out = io.BytesIO()
    Image.fromarray(np.array(array, np.uint8), mode).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


ONTOLOGY: Line = {
    "tools": [
        {
            "tool": "rectangle",
            "name": "car",
            "classifications": [
                {
                    "type": "radio",
                    "name": "wear",
                    "options": [
                        {"value": "worn", "options": [{"type": "text", "name": "note", "options": []}]},
                        {"value": "fine"},
                    ],
                }
            ],
        },
        {"tool": "raster-segmentation", "name": "rust"},
        {"tool": "polygon", "name": "slab"},
        {"tool": "edge", "name": "lifts"},
        {"tool": "named-entity", "name": "firm"},
    ],
    "classifications": [
        {"type": "radio", "name": "tone", "options": [{"value": "calm"}, {"value": "busy"}]},
        {"type": "checklist", "name": "noise", "scope": "index", "options": [{"value": "hum"}, {"value": "hiss"}]},
        {"type": "text", "name": "remark", "options": []},
    ],
}


def check(tmp_path: Path, lines: list[Line] | str | bytes, ontology: Line = ONTOLOGY) -> list[Fault]:
    """One file against an ontology."""
    path, names = tmp_path / "lines.ndjson", tmp_path / "names.json"
    if isinstance(lines, list):
        lines = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    names.write_text(json.dumps(ontology))
    return list(FORMAT.checks.validate(str(path), str(names)))


def text_of(*lines: Line) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)
