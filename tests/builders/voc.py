"""What the tests of voc share."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from to_labelbox.model.items import (
    Box,
    Classification,
    Item,
    Mask,
    Object,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.voc import FORMAT
from to_labelbox_formats.voc.layout.class_lists import voc_colour
from to_labelbox_formats.voc.options import Options

GENUINE = "<source><database>The VOC2007 Database</database><annotation>PASCAL VOC2007</annotation></source>"


SIZE = "<size><width>100</width><height>50</height><depth>3</depth></size>"


BOX = "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"


CAT = f"<object><name>cat</name>{BOX}</object>"


Files = Mapping[str, str | bytes]


def annotation(*objects: str, filename: str = "a.jpg", size: str = SIZE, source: str = "") -> str:
    return f"<annotation><filename>{filename}</filename>{source}{size}{''.join(objects)}</annotation>"


def thing(inner: str, name: str = "cat") -> str:
    return annotation(f"<object><name>{name}</name>{inner}</object>")


def png(array: Any) -> bytes:
    """Two dimensions: values with the palette of VOC; three: colours."""
    image = Image.fromarray(np.asarray(array, np.uint8))
    if image.mode == "L":
        image.putpalette([c for value in range(256) for c in voc_colour(value).to_bytes(3, "big")])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("L", (width, height)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


class Result:
    """A set as it was read, with a ledger that has been checked."""

    def __init__(self, path: Path, options: Options, context: ReadContext) -> None:
        self.context = context
        self.dataset = FORMAT.read(Source(path), options, context)
        self.log = Log()
        self.items = list(self.dataset.items(self.log))
        assert list(self.dataset.items()) == self.items, "iterating twice gives the same"
        units = self.dataset.unit_count
        apart = [i for n in range(units) for i in self.dataset.items(start=n, stop=n + 1)]
        assert apart == self.items, "ranges apart give the same"
        written: dict[str, int] = {}
        for item in self.items:
            ids = [a.id for a in item.annotations]
            assert len(set(ids)) == len(ids)
            for one in item.annotations:
                label = one.ledger_label or (one.name if isinstance(one, Classification) else one.label)
                written[label] = written.get(label, 0) + one.source_count
                geometry = one.geometry if isinstance(one, Object) else None
                if isinstance(geometry, Box):
                    assert all(map(math.isfinite, (geometry.left, geometry.top, geometry.width, geometry.height)))
        for label, tally in self.log.ledger.items():
            assert tally.read == tally.skipped + tally.merged + written.get(label, 0), label

    @property
    def paths(self) -> list[str]:
        return [item.asset.path for item in self.items]

    @property
    def splits(self) -> dict[str, str]:
        return {item.asset.path: item.split for item in self.items}

    def item(self, path: str) -> Item:
        return next(item for item in self.items if item.asset.path == path)

    @property
    def objects(self) -> list[Object]:
        return [a for item in self.items for a in item.annotations if isinstance(a, Object)]

    @property
    def only(self) -> Object:
        (found,) = self.objects
        return found

    @property
    def codes(self) -> dict[str, int]:
        return {str(code): d.count for code, d in self.log.diagnostics.items()}

    def message(self, code: Code) -> str:
        return str(self.log.diagnostics[code].examples[0])


INSTANCES = np.zeros((4, 6), np.uint8)


INSTANCES[0:2, 0:2] = 1


INSTANCES[2:4, 3:6] = 2


INSTANCES[0, 5] = 255


CLASSES = np.zeros((4, 6), np.uint8)


CLASSES[0:2, 0:2] = 8


CLASSES[2:4, 3:6] = 15


CLASSES[2, 3] = 255


CLASSES[0, 5] = 255


SMALL = "<size><width>6</width><height>4</height><depth>3</depth></size>"


TWO = annotation(
    f"<object><name>cat</name>{BOX}</object>", f"<object><name>person</name>{BOX}</object>", size=SMALL, source=GENUINE
)


def masks(result: Result) -> dict[str, Object]:
    return {o.id: o for o in result.objects if isinstance(o.geometry, Mask)}
