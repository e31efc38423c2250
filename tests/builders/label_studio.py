"""What the tests of label studio share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from to_labelbox.model.items import (
    Classification,
    Item,
    Object,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox.source.asset_lookup import MediaFolder
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT
from to_labelbox_formats.label_studio.options import Options

FIXTURES = Path(__file__).parents[2] / "fixtures" / "label-studio"


def read(path: Path, context: ReadContext | None = None, **options: Any) -> tuple[list[Item], Log]:
    """All items, with a ledger in which every yielded unit counts as converted."""
    context = context or ReadContext()
    dataset = FORMAT.read(Source(path), Options(**options), context)
    log = Log()
    items = list(dataset.items(log))
    for item in items:
        assert len({(type(a), a.id) for a in item.annotations}) == len(item.annotations)
        for annotation in item.annotations:
            name = annotation.name if isinstance(annotation, Classification) else annotation.label
            log.ledger[annotation.ledger_label or name].converted += annotation.source_count
    assert not log.ledger.unbalanced()
    halves = dataset.unit_count // 2
    again = [*dataset.items(Log(), 0, halves), *dataset.items(Log(), halves)]
    assert again == items
    log.absorb(context.log)
    return items, log


def fixture(name: str, **options: Any) -> tuple[list[Item], Log]:
    return read(FIXTURES / name / "input", **options)


def shapes(item: Item) -> dict[str, Any]:
    return {a.id: a.geometry for a in item.annotations if isinstance(a, Object)}


def answers(item: Item) -> dict[str, Any]:
    return {a.name: a.value for a in item.annotations if isinstance(a, Classification)}


def region(value: dict[str, Any], id: str = "r", kind: str = "rectanglelabels", **more: Any) -> dict[str, Any]:
    size = {"original_width": 200, "original_height": 100}
    return {"id": id, "from_name": "label", "to_name": "image", "type": kind, "value": value, **size} | more


def rectangle(x: float = 10, label: str = "crane", **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label], **more}


def annotation(*result: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "result": list(result), "was_cancelled": False, **more}


def export(path: Path, *tasks: Any, config: str | None = None) -> Path:
    file = path / "export.json"
    file.write_text(json.dumps(tasks))
    if config is not None:
        (path / "config.xml").write_text(f"<View>{config}</View>")
    return file


def one(path: Path, *result: Any, data: dict[str, Any] | None = None, config: str | None = None, **options: Any) -> Any:
    """The only item of an export with one annotation, and the log."""
    task = {"id": 1, "data": data or {"image": "a.jpg"}, "annotations": [annotation(*result)]}
    items, log = read(export(path, task, config=config), **options)
    assert len(items) == 1
    return items[0], log


def picture(path: Path, size: tuple[int, int], orientation: int = 1) -> MediaFolder:
    image = Image.new("L", size)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path / "a.jpg", exif=exif)
    return MediaFolder(str(path))


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    note = '}, {"id": 1, "annotations": ["\\'
    return [
        {
            "id": n,
            "annotations": [annotation(region(rectangle(n % 60, note), id=f"r{n}"), id=n)],
            "data": {"image": f"{n}.jpg", "note": note},
            **more,
        }
        for n in range(count)
    ]
