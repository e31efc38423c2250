"""Boxes in a CSV file: ``image,label,left,top,right,bottom`` in pixels, the origin at the top-left corner."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from to_labelbox.model import Box, Item, Object, Schema
from to_labelbox.plugins import CERTAIN, Dataset, Match, NoOptions, ReadContext, Reader, Refusal
from to_labelbox.report import Code, Log, Refused, SourceError
from to_labelbox.source.files import Source

COLUMNS = ["image", "label", "left", "top", "right", "bottom"]


def is_ours(source: Source, name: str) -> bool:
    """Looks at the first line alone."""
    return source.head(name).split(b"\n", 1)[0].decode("latin-1").strip().split(",") == COLUMNS


def sniff(source: Source) -> Match | Refusal:
    for name in source.ending(".csv"):
        if is_ours(source, name):
            return Match(CERTAIN, f"{name} begins with {','.join(COLUMNS)}")
    return Refusal(f"no CSV file begins with {','.join(COLUMNS)}")


def read(source: Source, options: NoOptions, context: ReadContext) -> Dataset:
    """All boxes of a picture make one item, whichever files hold them; pictures come in the order of their first box."""
    rows: dict[str, list[tuple[str, int, dict[str, str]]]] = {}
    files = [name for name in source.ending(".csv") if is_ours(source, name)]
    if not files:
        raise SourceError(f"{source.path}: no CSV file begins with {','.join(COLUMNS)}")
    for name in files:
        reader = csv.DictReader(source.load(name).decode("utf-8", "replace").splitlines(), restval="")
        for row in reader:
            rows.setdefault(row["image"], []).append((name, reader.line_num, row))
    images = list(rows)

    def items(log: Log, start: int, stop: int) -> Iterator[Item]:
        for image in images[start:stop]:
            boxes: list[Object] = []
            for name, line, row in rows[image]:
                where, label = f"line {line}", row["label"]
                with log.reading(label, file=name, where=where):
                    boxes.append(Object(id=f"{name}:{line}", label=label, geometry=box(row), location=where))
            yield Item(asset=context.asset(image, log), annotations=boxes, origin=rows[image][0][0])

    return Dataset(source.name, Schema(), len(images), items)


def box(row: dict[str, str]) -> Box:
    try:
        left, top, right, bottom = (float(row[column]) for column in COLUMNS[2:])
    except ValueError:
        raise Refused(Code.BOX_INVALID, "the corners are no four numbers") from None
    return Box(left, top, right - left, bottom - top)


FORMAT = Reader("boxes-csv", sniff, read, title="Boxes in a CSV file")
