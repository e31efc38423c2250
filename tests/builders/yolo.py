"""What the tests of yolo share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from to_labelbox.model.items import Box, Classification, Item, Object, Polygon
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import Match, ReadContext, Refusal
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.yolo import FORMAT
from to_labelbox_formats.yolo.options import Options

NAMES = "names: [car, dog, tree]\n"


YAML = "path: .\ntrain: images/train\n" + NAMES


SIZE = (200, 100)


class Sandbox:
    """A set in a temporary folder, converted as often as wanted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opening = Log()
        self.log = Log()

    def write(self, files: Mapping[str, str | bytes]) -> Sandbox:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def picture(self, *names: str, size: tuple[int, int] = SIZE, orientation: int = 1) -> Sandbox:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            exif = Image.Exif()
            exif[0x0112] = orientation
            Image.new("RGB", size).save(path, exif=exif)
        return self

    def open(self, path: str = "", context: ReadContext | None = None, **options: Any) -> Dataset:
        context = context or ReadContext()
        self.opening = context.log
        return FORMAT.read(Source(self.root / path), Options(**options), context)

    def items(self, path: str = "", context: ReadContext | None = None, **options: Any) -> list[Item]:
        dataset = self.open(path, context, **options)
        self.log = Log()
        items = list(dataset.items(self.log))
        again = list(dataset.items())
        assert again == items
        apart = [item for unit in range(dataset.unit_count) for item in dataset.items(None, unit, unit + 1)]
        assert apart == items
        balance(self.log, items)
        return items

    def objects(self, path: str = "", context: ReadContext | None = None, **options: Any) -> list[Object]:
        return [a for item in self.items(path, context, **options) for a in item.annotations if isinstance(a, Object)]

    def codes(self) -> dict[str, int]:
        return {code: d.count for log in (self.opening, self.log) for code, d in log.diagnostics.items()}

    def sniff(self, path: str = "") -> Match | Refusal:
        return FORMAT.sniff(Source(self.root / path))


def balance(log: Log, items: list[Item]) -> None:
    """Every row is read once and ends as an annotation, merged or skipped."""
    yielded: dict[str, int] = {}
    for item in items:
        assert len({a.id for a in item.annotations}) == len(item.annotations)
        for a in item.annotations:
            name = a.ledger_label or (a.name if isinstance(a, Classification) else a.label)
            yielded[name] = yielded.get(name, 0) + a.source_count
    for name, tally in log.ledger.items():
        assert tally.read == yielded.pop(name, 0) + tally.skipped + tally.merged, name
    assert not yielded


def rows(box: Sandbox, text: str | bytes, yaml: str = YAML, **options: Any) -> list[Object]:
    """The objects of a set of one picture, 200 × 100, and one label file."""
    box.write({"data.yaml": yaml, "labels/train/a.txt": text}).picture("images/train/a.png")
    return box.objects(**options)


def flat(found: Object) -> list[float]:
    assert isinstance(found.geometry, Polygon)
    return [round(v, 9) for v in found.geometry.parts[0][0]]


def corners(found: Any) -> tuple[float, ...]:
    shape = found.geometry if isinstance(found, Object) else found
    assert isinstance(shape, Box)
    return tuple(round(v, 9) for v in (shape.left, shape.top, shape.width, shape.height))


GOOD = "0 0.5 0.5 0.2 0.4\n"


def ndjson(box: Sandbox, head: dict[str, Any], *lines: Any) -> list[Item]:
    text = [json.dumps({"type": "dataset", **head}), *(x if isinstance(x, str) else json.dumps(x) for x in lines)]
    box.write({"set.ndjson": "\n".join(text) + "\n"})
    return box.items("set.ndjson")
