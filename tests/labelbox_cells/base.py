"""What cells are made of: assets, shapes, ways to spoil a line."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from to_labelbox.model.items import (
    Annotation,
    Asset,
    Classification,
    Item,
    Keyframe,
    Media,
    Message,
    Object,
    Tiles,
    Track,
)

Line = dict[str, Any]

ROWS = "box polygon point polyline mask entity radio checklist text relationship".split()
COLUMNS = [
    Media.IMAGE,
    Media.VIDEO,
    Media.TEXT,
    Media.DOCUMENT,
    Media.GEOSPATIAL,
    Media.AUDIO,
    Media.CONVERSATION,
    Media.DICOM,
    Media.HTML,
]


class Png:
    """Equal to the base64 of any PNG with these pixels."""

    def __init__(self, pixels: Sequence[Any]) -> None:
        self.pixels = np.array(pixels, np.uint8)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and np.array_equal(pixels_of(other), self.pixels)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Png({self.pixels.tolist()})"


def pixels_of(text: str) -> npt.NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as image:
        assert image.format == "PNG"
        return np.asarray(image, np.uint8)


@dataclass(frozen=True)
class Case:
    code: str
    row: str
    media: Media
    annotations: Sequence[Annotation]
    line: Line
    spoil: Callable[[Line], object]
    message: str
    sdk: str
    uuid: bool = True

    @property
    def name(self) -> str:
        return f"{self.code}-{self.row}-{self.media}"

    @property
    def item(self) -> Item:
        return Item(asset=ASSETS[self.media], annotations=self.annotations, origin=self.name)


ASSETS = {
    Media.IMAGE: Asset(path="yard/0001.jpg", width=6, height=4),
    Media.VIDEO: Asset(path="clip.mp4", media=Media.VIDEO, width=60, height=40, frames=100),
    Media.TEXT: Asset(path="note.txt", media=Media.TEXT, text="Mr Smith left."),
    Media.DOCUMENT: Asset(path="inv.pdf", media=Media.DOCUMENT),
    Media.GEOSPATIAL: Asset(
        path="tile",
        media=Media.GEOSPATIAL,
        tiles=Tiles("https://t.example.org/{z}/{x}/{y}.png", ((-100, 20), (-99, 19))),
    ),
    Media.AUDIO: Asset(path="call.mp3", media=Media.AUDIO),
    Media.CONVERSATION: Asset(
        path="chat", media=Media.CONVERSATION, messages=(Message("m1", "Hi Ann"), Message("m2", "Hi"))
    ),
    Media.DICOM: Asset(path="ct", media=Media.DICOM, width=6, height=4),
    Media.HTML: Asset(path="page.html", media=Media.HTML),
}


def drop(*keys: Any) -> Callable[[Line], object]:
    def spoil(line: Line) -> object:
        holder = line
        for key in keys[:-1]:
            holder = holder[key]
        return holder.pop(keys[-1])

    return spoil


def put(*path: Any) -> Callable[[Line], object]:
    """``put("bbox", "width", 0)`` sets line["bbox"]["width"] = 0."""

    def spoil(line: Line) -> None:
        holder: Any = line
        for key in path[:-2]:
            holder = holder[key]
        holder[path[-2]] = path[-1]

    return spoil


def obj(geometry: Any, label: str = "thing", id: str = "1", **more: Any) -> Object:
    return Object(id=id, label=label, geometry=geometry, **more)


def track(*segments: tuple[Keyframe, ...], label: str = "thing", **more: Any) -> Track:
    return Track(id="1", label=label, segments=segments, **more)


GRID = [[0, 0, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]]
COLOR = (76, 104, 178)
"""The first instance's colour."""


def colored(grid: list[list[int]]) -> list[list[tuple[int, int, int]]]:
    return [[COLOR if on else (0, 0, 0) for on in row] for row in grid]


def points(*xy: float) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in zip(xy[::2], xy[1::2])]


def bbox(left: float, top: float, width: float, height: float) -> dict[str, float]:
    return {"top": top, "left": left, "height": height, "width": width}


CASES: list[Case] = []


def case(
    code: str,
    row: str,
    media: Media,
    annotations: Sequence[Annotation] | Annotation,
    line: Line,
    *rest: Any,
    **more: Any,
) -> None:
    given: Any = annotations if isinstance(annotations, list) else [annotations]
    CASES.append(Case(code, row, media, given, line, *rest, **more))


def answer(value: Any, name: str = "q", id: str = "1", **more: Any) -> Classification:
    return Classification(id=id, name=name, value=value, **more)
