"""What the tests of cvat json share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def shape(type: str, points: list[float], frame: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": type, "points": points, "frame": frame, "label": "car", "attributes": [], "group": 0, **more}


TASK: dict[str, Any] = {
    "version": "1.0",
    "name": "yard",
    "labels": [
        {
            "name": "car",
            "type": "any",
            "attributes": [{"name": "brand", "mutable": False, "input_type": "select", "values": ["vw", "bmw"]}],
        },
        {"name": "man", "type": "skeleton", "attributes": [], "sublabels": [{"name": "head", "type": "points"}]},
    ],
    "data": {"start_frame": 0, "stop_frame": 2, "frame_filter": "", "deleted_frames": [2]},
}


MANIFEST = '{"version": "1.1"}\n{"type": "images"}\n' + "".join(
    json.dumps({"name": n, "extension": ".jpg", "width": 100, "height": 80}) + "\n" for n in "abc"
)


def backup(folder: Path, jobs: list[Any], task: Any = TASK, manifest: str = MANIFEST) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(json.dumps(task))
    (folder / "annotations.json").write_text(json.dumps(jobs))
    (folder / "data/manifest.jsonl").write_text(manifest)
    return folder


def skeleton(**elements: list[tuple[int, float] | tuple[int, None]]) -> dict[str, Any]:
    """A skeleton track; each element has its x on frames, or None where it is hidden from then on."""
    parts = [
        {
            "label": name,
            "attributes": [],
            "shapes": [
                {"type": "points", "points": [x or 0, 0], "frame": f, "outside": x is None, "attributes": []}
                for f, x in told
            ],
        }
        for name, told in elements.items()
    ]
    start = min(f for told in elements.values() for f, _ in told)
    shapes = [{"type": "skeleton", "points": [], "frame": start, "outside": False, "attributes": []}]
    return {"frame": start, "label": "man", "group": 0, "attributes": [], "shapes": shapes, "elements": parts}


DATUMARO: dict[str, Any] = {
    "info": {},
    "categories": {
        "label": {
            "labels": [{"name": "car", "parent": "", "attributes": []}, {"name": "man", "parent": "", "attributes": []}]
        },
        "points": {"items": [{"label_id": 1, "labels": ["head", "foot"], "joints": [[1, 2]]}]},
    },
    "items": [
        {
            "id": "a",
            "image": {"path": "a.jpg", "size": [6, 8]},
            "annotations": [
                {
                    "type": "bbox",
                    "label_id": 0,
                    "bbox": [1, 2, 3, 3],
                    "attributes": {"occluded": True, "tone": "red", "track_id": 3},
                },
                {"type": "skeleton", "label_id": 1, "points": [1, 2, 2, 3, 4, 0], "attributes": {}},
                {"type": "mask", "label_id": 0, "rle": {"counts": [6, 3, 39], "size": [6, 8]}, "attributes": {}},
                {"type": "label", "label_id": 0, "attributes": {}},
                {"type": "points", "label_id": 0, "points": [1, 1], "attributes": {}},
                {"type": "caption", "caption": "a car", "attributes": {}},
                {"type": "bbox", "label_id": 0, "bbox": [1, 2, "x", 3], "attributes": {}},
            ],
        },
        {"id": "b", "annotations": []},
    ],
}
