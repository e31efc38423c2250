"""Boxes in a CSV file: ``image,label,left,top,right,bottom`` in pixels, the origin at the top-left corner."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from to_labelbox.model import Box, Item, Object, Schema
from to_labelbox.plugins import CERTAIN, Dataset, Match, NoOptions, ReadContext, Reader, Refusal
from to_labelbox.report import Code, Log, Refused, SourceError
from to_labelbox.source.files import Source

COLUMNS = ["image", "label", "left", "top", "right", "bottom"]


def sniff(source: Source) -> Match | Refusal:
    """Looks at the first line alone."""
    files = source.ending(".csv")
    if files and source.head(files[0]).split(b"\n", 1)[0].decode("latin-1").strip().split(",") == COLUMNS:
        return Match(CERTAIN, f"{files[0]} begins with {','.join(COLUMNS)}")
    return Refusal(f"no CSV file begins with {','.join(COLUMNS)}")


def read(source: Source, options: NoOptions, context: ReadContext) -> Dataset:
    """All boxes of a picture make one item; pictures come in the order in which the file names them."""
    name = next(iter(source.ending(".csv")), source.names[0])
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
    reader = csv.DictReader(source.load(name).decode("utf-8", "replace").splitlines(), restval="")
    if reader.fieldnames != COLUMNS:
        raise SourceError(f"{name}: the first line is not {','.join(COLUMNS)}")
    for row in reader:
        rows.setdefault(row["image"], []).append((reader.line_num, row))
    images = list(rows)

    def items(log: Log, start: int, stop: int) -> Iterator[Item]:
        for image in images[start:stop]:
            boxes: list[Object] = []
            for line, row in rows[image]:
                with log.reading(row["label"], file=name, where=f"line {line}"):
                    boxes.append(Object(id=str(line), label=row["label"], geometry=box(row), location=f"line {line}"))
            yield Item(asset=context.asset(image, log), annotations=boxes, origin=name)

    return Dataset(source.name, Schema(), len(images), items)


def box(row: dict[str, str]) -> Box:
    try:
        left, top, right, bottom = (float(row[column]) for column in COLUMNS[2:])
    except ValueError:
        raise Refused(Code.BOX_INVALID, "the corners are no four numbers") from None
    return Box(left, top, right - left, bottom - top)


FORMAT = Reader("boxes-csv", sniff, read, title="Boxes in a CSV file")
