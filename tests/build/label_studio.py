"""Label Studio exports in a line: regions, tasks, the file; and what a reader makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from to_labelbox.model.items import Item
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT

SIZE = {"original_width": 200, "original_height": 100, "image_rotation": 0}
PICTURE = "/data/upload/1/0123abcd-a.jpg"


def region(kind: str, value: dict[str, Any], id: str | None = "r", **more: Any) -> dict[str, Any]:
    """An entry of a result; ``kind`` is its type and names its control."""
    return {"id": id, "type": kind, "from_name": kind, "to_name": "shown", "value": value, **more}


def box(id: str | None = "r", label: str | None = "car", x: float = 10, **more: Any) -> dict[str, Any]:
    """A rectangle of 20 × 10 pixels at (2 · x, 10) on a picture of 200 × 100."""
    value: dict[str, Any] = {"x": x, "y": 10, "width": 10, "height": 10, "rotation": 0}
    if label is not None:
        value["rectanglelabels"] = [label]
    return region("rectanglelabels", value, id, **{**SIZE, **more})


def point(id: str, label: str, x: float = 10, **more: Any) -> dict[str, Any]:
    return region("keypointlabels", {"x": x, "y": 10, "width": 1, "keypointlabels": [label]}, id, **{**SIZE, **more})


def task(
    result: Sequence[dict[str, Any]], data: dict[str, Any] | None = None, id: int = 1, **more: Any
) -> dict[str, Any]:
    """A task of one annotation."""
    annotation = {"id": 10 * id, "result": list(result), "created_at": "2024-01-01T00:00:00Z"}
    return {"id": id, "data": data or {"shown": PICTURE}, "annotations": [annotation], **more}


def write(folder: Path, tasks: Sequence[dict[str, Any]], config: str = "") -> Path:
    """The export, with the labelling config beside it; ``config`` is what stands in its View."""
    folder.mkdir(exist_ok=True)
    if config:
        (folder / "config.xml").write_text(f"<View>{config}</View>", encoding="utf-8")
    file = folder / "export.json"
    file.write_text(json.dumps(tasks), encoding="utf-8")
    return file


def read(file: Path, context: ReadContext | None = None, **options: Any) -> tuple[list[Item], Log]:
    """The items, and one log of opening and reading."""
    context = context or ReadContext()
    dataset = FORMAT.read(Source(file), FORMAT.options(**options), context)
    items = list(dataset.items(context.log))
    return items, context.log
