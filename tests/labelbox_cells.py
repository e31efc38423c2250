"""Every cell of Labelbox's table of annotation types and asset types, built from the model.

A case holds what is annotated, the line that must come out (without dataRow and uuid), and one way to spoil it with a
word of the message that must follow.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from to_labelbox.geometry.raster import mask_from_array
from to_labelbox.model.items import (
    Annotation,
    Asset,
    Attribute,
    Box,
    Choice,
    Classification,
    FrameSpan,
    Item,
    Keyframe,
    Media,
    Message,
    Object,
    PageBox,
    PageUnit,
    Point,
    Polygon,
    Polyline,
    Relationship,
    TextSpan,
    Tiles,
    TimeSpan,
    TokenSelection,
    TokenSpan,
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


# ------------------------------------------------------------------------------------------------ image, maps

WORN = Attribute(
    "wear", Choice("worn", (Attribute("parts", (Choice("hook", (Attribute("note", "left", free_text=True),)),)),))
)
NESTED = [
    {
        "name": "wear",
        "answer": {
            "name": "worn",
            "classifications": [
                {
                    "name": "parts",
                    "answer": [{"name": "hook", "classifications": [{"name": "note", "answer": "left"}]}],
                }
            ],
        },
    }
]

case(
    "I1",
    "box",
    Media.IMAGE,
    obj(Box(0.5, 1, 2.25, 3), attributes=(WORN,)),
    {"name": "thing", "bbox": bbox(0.5, 1, 2.25, 3), "classifications": NESTED},
    put("bbox", "width", -2),
    "above 0",
    "NDRectangle",
)
case(
    "I2",
    "polygon",
    Media.IMAGE,
    obj(Polygon((([1, 1, 5, 1, 5, 3.5],),))),
    {"name": "thing", "polygon": points(1, 1, 5, 1, 5, 3.5)},
    lambda line: line["polygon"].pop(),
    "3 different",
    "NDPolygon",
)
case(
    "I3",
    "point",
    Media.IMAGE,
    obj(Point(3, 3.5)),
    {"name": "thing", "point": {"x": 3, "y": 3.5}},
    drop("point", "y"),
    "missing key `y`",
    "NDPoint",
)
case(
    "I4",
    "polyline",
    Media.IMAGE,
    obj(Polyline([0, 0, 5, 3])),
    {"name": "thing", "line": points(0, 0, 5, 3)},
    lambda line: line["line"].pop(),
    "2 different",
    "NDLine",
)
case(
    "I5",
    "mask",
    Media.IMAGE,
    obj(mask_from_array(np.array(GRID))),
    {"name": "thing", "mask": {"png": Png(GRID)}},
    put("mask", "png", "iVBORw0KGgo="),
    "IHDR",
    "NDMask",
)

MAP_BOX = Box(-99.5, 19.25, 0.125, 0.0625)
case(
    "G1",
    "box",
    Media.GEOSPATIAL,
    obj(MAP_BOX),
    {"name": "thing", "bbox": bbox(-99.5, 19.25, 0.125, 0.0625)},
    put("bbox", "width", -0.0625),
    "above 0",
    "NDRectangle",
)
case(
    "G2",
    "polygon",
    Media.GEOSPATIAL,
    obj(Polygon((([-99.5, 19.5, -99.25, 19.5, -99.25, 19.25],),))),
    {"name": "thing", "polygon": points(-99.5, 19.5, -99.25, 19.5, -99.25, 19.25)},
    put("polygon", 0, {"x": 19.5, "y": -99.5}),
    "latitudes",
    "NDPolygon",
)
case(
    "G3",
    "point",
    Media.GEOSPATIAL,
    obj(Point(-99.5, 19.5)),
    {"name": "thing", "point": {"x": -99.5, "y": 19.5}},
    put("point", {"x": 19.5, "y": -99.5}),
    "latitudes",
    "NDPoint",
)
case(
    "G4",
    "polyline",
    Media.GEOSPATIAL,
    obj(Polyline([-99.5, 19.5, -99.25, 19.25])),
    {"name": "thing", "line": points(-99.5, 19.5, -99.25, 19.25)},
    put("line", []),
    "2 different",
    "NDLine",
)

# ------------------------------------------------------------------------------------------------------ video

case(
    "V1",
    "box",
    Media.VIDEO,
    track(
        (
            Keyframe(2, Box(1, 2, 40, 30), (Attribute("wear", "fine"),)),
            Keyframe(8, Box(1, 5, 40, 30), (Attribute("wear", "fine"),)),
        ),
        (Keyframe(19, Box(2.5, 5, 40, 30), (Attribute("wear", "worn"),)),),
    ),
    {
        "name": "thing",
        "segments": [
            {
                "keyframes": [
                    {
                        "frame": 3,
                        "bbox": bbox(1, 2, 40, 30),
                        "classifications": [{"name": "wear", "answer": {"name": "fine"}}],
                    },
                    {"frame": 9, "bbox": bbox(1, 5, 40, 30)},
                ]
            },
            {
                "keyframes": [
                    {
                        "frame": 20,
                        "bbox": bbox(2.5, 5, 40, 30),
                        "classifications": [{"name": "wear", "answer": {"name": "worn"}}],
                    }
                ]
            },
        ],
    },
    put("segments", 1, "keyframes", 0, "frame", 9),
    "frames must rise",
    "NDSegments",
)
case(
    "V2",
    "point",
    Media.VIDEO,
    track((Keyframe(16, Point(6.5, 7)),)),
    {"name": "thing", "segments": [{"keyframes": [{"frame": 17, "point": {"x": 6.5, "y": 7}}]}]},
    put("segments", 0, "keyframes", []),
    "must not be empty",
    "NDSegments",
)
case(
    "V3",
    "polyline",
    Media.VIDEO,
    track((Keyframe(4, Polyline([1, 2, 3, 4])), Keyframe(6, Polyline([1, 2, 3, 4, 5, 6])))),
    {
        "name": "thing",
        "segments": [
            {"keyframes": [{"frame": 5, "line": points(1, 2, 3, 4)}, {"frame": 7, "line": points(1, 2, 3, 4, 5, 6)}]}
        ],
    },
    put("segments", 0, "keyframes", 1, {"frame": 7, "point": {"x": 1, "y": 1}}),
    "one kind a track",
    "NDSegments",
)
CLIP = [[0] * 60 for _ in range(40)]
for _y in range(10, 20):
    CLIP[_y][5:15] = [1] * 10
case(
    "V4",
    "mask",
    Media.VIDEO,
    track((Keyframe(30, mask_from_array(np.array(CLIP))), Keyframe(31, mask_from_array(np.array(CLIP))))),
    {
        "masks": {
            "frames": [{"index": 31, "imBytes": Png(colored(CLIP))}, {"index": 32, "imBytes": Png(colored(CLIP))}],
            "instances": [{"colorRGB": list(COLOR), "name": "thing"}],
        }
    },
    put("masks", "instances", 0, "colorRGB", [1, 2, 3]),
    "occurs on no frame",
    "NDVideoMasks",
    uuid=False,
)

# -------------------------------------------------------------------------------------------- text, documents

case(
    "T1",
    "entity",
    Media.TEXT,
    obj(TextSpan(3, 8)),
    {"name": "thing", "location": {"start": 3, "end": 7}},
    put("location", "end", 99),
    "beyond the text",
    "NDTextEntity",
)
case(
    "D1",
    "box",
    Media.DOCUMENT,
    obj(PageBox(1, Box(102.5, 135.25, 415.5, 109.5), PageUnit.POINTS)),
    {"name": "thing", "bbox": bbox(102.5, 135.25, 415.5, 109.5), "page": 1, "unit": "POINTS"},
    drop("unit"),
    "both page and unit",
    "NDDocumentRectangle",
)
case(
    "D2",
    "entity",
    Media.DOCUMENT,
    obj(TokenSpan((TokenSelection(1, "g7", ("t1", "t2")),))),
    {"name": "thing", "textSelections": [{"tokenIds": ["t1", "t2"], "groupId": "g7", "page": 1}]},
    put("textSelections", 0, "page", 0),
    "pages count from 1",
    "NDDocumentEntity",
)
case(
    "C1",
    "entity",
    Media.CONVERSATION,
    obj(TextSpan(3, 6, "m1")),
    {"name": "thing", "location": {"start": 3, "end": 5}, "messageId": "m1"},
    put("messageId", "m9"),
    "not in the conversation",
    "NDConversationEntity",
)

# ---------------------------------------------------------------------------------------------------- answers

ANSWERED = [
    Media.IMAGE,
    Media.VIDEO,
    Media.TEXT,
    Media.DOCUMENT,
    Media.GEOSPATIAL,
    Media.AUDIO,
    Media.CONVERSATION,
    Media.HTML,
]


def answer(value: Any, name: str = "q", id: str = "1", **more: Any) -> Classification:
    return Classification(id=id, name=name, value=value, **more)


for _media in ANSWERED:
    case(
        "K1",
        "radio",
        _media,
        answer(Choice("rain")),
        {"name": "q", "answer": {"name": "rain"}},
        put("answer", "name", "snow"),
        "option of 'q' 'snow'",
        "NDRadio",
    )
    case(
        "K2",
        "checklist",
        _media,
        answer((Choice("ice"), Choice("wind"))),
        {"name": "q", "answer": [{"name": "ice"}, {"name": "wind"}]},
        put("answer", 1, "name", "ice"),
        "repeats",
        "NDChecklist",
    )
    case(
        "K3",
        "text",
        _media,
        answer("wet floor", free_text=True),
        {"name": "q", "answer": "wet floor"},
        put("answer", " "),
        "empty",
        "NDText",
    )

case(
    "V5",
    "radio",
    Media.VIDEO,
    answer(Choice("rain"), frames=(FrameSpan(0, 4), FrameSpan(9, 9))),
    {"name": "q", "answer": {"name": "rain", "frames": [{"start": 1, "end": 5}, {"start": 10, "end": 10}]}},
    put("answer", "frames", 0, "end", 0),
    "start <= end",
    "NDRadio",
    uuid=False,
)
case(
    "V5",
    "radio",
    Media.VIDEO,
    [answer(Choice("calm"), frames=(FrameSpan(0, 4),)), answer(Choice("busy"), id="2", frames=(FrameSpan(5, 9),))],
    {
        "name": "q",
        "answer": [
            {"name": "calm", "frames": [{"start": 1, "end": 5}]},
            {"name": "busy", "frames": [{"start": 6, "end": 10}]},
        ],
    },
    put("answer", 1, "frames", 0, "start", 5),
    "two answers hold at one time",
    "temporal",
    uuid=False,
)
case(
    "V5",
    "checklist",
    Media.VIDEO,
    answer((Choice("ice"),), frames=(FrameSpan(28, 34),)),
    {"name": "q", "answer": [{"name": "ice", "frames": [{"start": 29, "end": 35}]}]},
    drop("answer", 0, "frames"),
    "answer",
    "temporal",
    uuid=False,
)
case(
    "V6",
    "text",
    Media.VIDEO,
    [
        answer("loading", frames=(FrameSpan(0, 4),), free_text=True),
        answer("idle", id="2", frames=(FrameSpan(5, 8),), free_text=True),
    ],
    {
        "name": "q",
        "answer": [
            {"value": "loading", "frames": [{"start": 1, "end": 5}]},
            {"value": "idle", "frames": [{"start": 6, "end": 9}]},
        ],
    },
    put("answer", 1, "frames", []),
    "needs frames",
    "temporal",
    uuid=False,
)

MOOD = Choice("guest", (Attribute("mood", Choice("calm")),))
case(
    "A1",
    "radio",
    Media.AUDIO,
    answer(MOOD, times=(TimeSpan(0.2, 1.6),)),
    {
        "name": "q",
        "answer": [
            {
                "name": "guest",
                "frames": [{"start": 200, "end": 1600}],
                "classifications": [
                    {"name": "mood", "answer": [{"name": "calm", "frames": [{"start": 200, "end": 1600}]}]}
                ],
            }
        ],
    },
    put("answer", 0, "classifications", 0, "answer", 0, "frames", 0, "end", 1601),
    "not inside one range",
    "temporal",
    uuid=False,
)
case(
    "A2",
    "checklist",
    Media.AUDIO,
    [
        answer((Choice("hum"),), times=(TimeSpan(0, 1.5), TimeSpan(2, 3))),
        answer((Choice("hiss"),), id="2", times=(TimeSpan(2.2, 2.9),)),
    ],
    {
        "name": "q",
        "answer": [
            {"name": "hum", "frames": [{"start": 0, "end": 1500}, {"start": 2000, "end": 3000}]},
            {"name": "hiss", "frames": [{"start": 2200, "end": 2900}]},
        ],
    },
    put("answer", 0, "frames", 0, "start", 0.5),
    "Expected `int`",
    "temporal",
    uuid=False,
)
case(
    "A3",
    "text",
    Media.AUDIO,
    answer("hello", times=(TimeSpan(1.6, 2),), free_text=True),
    {"name": "q", "answer": [{"value": "hello", "frames": [{"start": 1600, "end": 2000}]}]},
    put("answer", 0, "value", ""),
    "empty",
    "temporal",
    uuid=False,
)
case(
    "C2",
    "radio",
    Media.CONVERSATION,
    answer(Choice("kind"), message="m2"),
    {"name": "q", "answer": {"name": "kind"}, "messageId": "m2"},
    put("messageId", "m3"),
    "not in the conversation",
    "NDRadio",
)
case(
    "C2",
    "checklist",
    Media.CONVERSATION,
    answer((Choice("kind"),), message="m2"),
    {"name": "q", "answer": [{"name": "kind"}], "messageId": "m2"},
    drop("messageId"),
    "scope",
    "NDChecklist",
)
case(
    "C2",
    "text",
    Media.CONVERSATION,
    answer("short", message="m2", free_text=True),
    {"name": "q", "answer": "short", "messageId": "m2"},
    put("messageId", 2),
    "Expected `str`",
    "NDText",
)

# ------------------------------------------------------------------------------------------------------ DICOM

case(
    "X1",
    "polyline",
    Media.DICOM,
    track((Keyframe(0, Polyline([1, 1, 5, 2])),), plane="axial"),
    {"name": "thing", "segments": [{"keyframes": [{"frame": 1, "line": points(1, 1, 5, 2)}]}], "groupKey": "axial"},
    put("groupKey", "top"),
    "axial, sagittal, coronal",
    "groupKey",
)
case(
    "X2",
    "mask",
    Media.DICOM,
    track((Keyframe(0, mask_from_array(np.array(GRID))),), plane="coronal"),
    {
        "masks": {
            "frames": [{"index": 1, "imBytes": Png(colored(GRID))}],
            "instances": [{"colorRGB": list(COLOR), "name": "thing"}],
        },
        "groupKey": "coronal",
    },
    drop("groupKey"),
    "needs groupKey",
    "groupKey",
    uuid=False,
)

# ---------------------------------------------------------------------------------------------- relationships

_ENDS = [obj(Box(0, 0, 2, 2), id="a"), obj(Box(3, 1, 2, 2), id="b")]
case(
    "R1",
    "relationship",
    Media.IMAGE,
    [*_ENDS, Relationship(id="r", label="lifts", source="a", target="b")],
    {"name": "lifts", "relationship": {"source": "a", "target": "b", "type": "unidirectional"}},
    put("relationship", "target", "5b0f8a0e-8a39-5a55-9a3e-0c5f3d1c7a10"),
    "is not the uuid",
    "NDRelationship",
)
_PAGE_ENDS = [
    obj(PageBox(1, Box(0, 0, 2, 2), PageUnit.POINTS), id="a"),
    obj(PageBox(2, Box(3, 1, 2, 2), PageUnit.POINTS), id="b"),
]
case(
    "R1",
    "relationship",
    Media.DOCUMENT,
    [*_PAGE_ENDS, Relationship(id="r", label="lifts", source="a", target="b", bidirectional=True)],
    {"name": "lifts", "relationship": {"source": "a", "target": "b", "type": "bidirectional"}},
    put("relationship", "type", "both"),
    "want unidirectional or bidirectional",
    "NDRelationship",
)
case(
    "R2",
    "relationship",
    Media.DOCUMENT,
    [*_PAGE_ENDS, answer(Choice("bill"), id="c"), Relationship(id="r", label="of", source="c", target="b")],
    {"name": "of", "relationship": {"source": "c", "target": "b", "type": "unidirectional"}},
    drop("relationship", "source"),
    "source or sourceOntologyName",
    "NDRelationship",
)

CELLS = list(dict.fromkeys((c.row, c.media) for c in CASES if c.media is not Media.HTML))
