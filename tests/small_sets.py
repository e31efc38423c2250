"""Small sets of files for the readers of folders, and what a conversion says of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import to_labelbox
from harness import check_output, lines
from to_labelbox import Report

Files = Mapping[str, str | bytes]


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("L", (width, height)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def grey(array: Any) -> bytes:
    """A PNG of grey values."""
    out = io.BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(out, "PNG")
    return out.getvalue()


def box(left: float, top: float, right: float, bottom: float) -> str:
    names = zip(("xmin", "ymin", "xmax", "ymax"), (left, top, right, bottom))
    return f"<bndbox>{''.join(f'<{name}>{value:g}</{name}>' for name, value in names)}</bndbox>"


def thing(inner: str, name: str = "cat") -> str:
    return f"<object><name>{name}</name>{inner}</object>"


def voc(*objects: str, filename: str = "a.jpg", size: tuple[int, int] | None = (100, 50), more: str = "") -> str:
    """An annotation file of Pascal VOC."""
    stated = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation><filename>{filename}</filename>{more}{stated}{''.join(objects)}</annotation>"


class Made:
    """A set as it was converted, with an output that has been checked."""

    def __init__(self, folder: Path, files: Files, **given: Any) -> None:
        options = given.pop("options", {})
        self.source = write(folder / "source", files)
        self.out = folder / "out"
        self.report: Report = to_labelbox.convert(self.source, self.out, options=options, overwrite=True, **given)
        check_output(self.out, self.report)
        # where nothing came, nothing is left that looks like a result
        self.lines: list[Any] = lines(self.out) if self.report.annotations.written else []

    @property
    def codes(self) -> dict[str, int]:
        return {str(d.code): d.count for d in self.report.diagnostics if str(d.code) != "row-data-local"}

    @property
    def boxes(self) -> list[tuple[str, float, float, float, float]]:
        """(class, left, top, width, height) of each box."""
        found = ((line["name"], line["bbox"]) for line in self.lines if "bbox" in line)
        return [(name, b["left"], b["top"], b["width"], b["height"]) for name, b in found]

    @property
    def assumed(self) -> dict[str, tuple[str, int, int, str]]:
        """(taken, records for it, against it, the option that flips it) by subject."""
        return {a.what: (a.taken, a.for_, a.against, a.option) for a in self.report.assumptions}

    @property
    def unread(self) -> dict[tuple[str, str], int]:
        """Counts by what it is and its name."""
        return {(u.what, u.name): u.count for u in self.report.unread}

    def why(self, name: str) -> str:
        return next(u.why for u in self.report.unread if u.name == name)

    def message(self, code: str) -> str:
        return next(d.examples[0].message for d in self.report.diagnostics if str(d.code) == code)
