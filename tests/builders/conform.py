"""What the tests of conform share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import annotation, coco, image, save
from to_labelbox.model.items import (
    Attribute,
    Box,
    Object,
)


def tool(name: str, kind: str = "rectangle", *questions: dict[str, Any]) -> dict[str, Any]:
    return {"tool": kind, "name": name, "required": False, "color": "#ff0000", "classifications": list(questions)}


def zoo(folder: Path) -> Path:
    names = ["cat", "dog", "Horse"]
    found = [annotation(n, category_id=n % 3 + 1, bbox=[1, 1, 5, 5]) for n in range(7)]
    return save(
        folder / "zoo.json", coco(found, [image()], [{"id": n, "name": name} for n, name in enumerate(names, 1)])
    )


def colored(id: str, *attributes: Attribute, **more: Any) -> Object:
    return Object(id=id, label="car", geometry=Box(1, 1, 10, 10), attributes=attributes, **more)
