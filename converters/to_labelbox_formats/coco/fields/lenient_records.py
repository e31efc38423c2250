"""An annotation's record field by field, where it is not written as the format says.

What a field means is mostly clear all the same: numbers as text, points as pairs or objects, lists in a text.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from to_labelbox.model.text import flag
from to_labelbox.source.decimal_commas import EITHER, ambiguous
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.fields.named_sides import number, outline_among, sides_of
from to_labelbox_formats.coco.fields.record_types import (
    AnyFields,
    LooseFields,
    MixedOutline,
    NamedPoint,
    Rle,
    Segment,
    list_of,
)
from to_labelbox_formats.coco.index.ids import Id

_BETWEEN = re.compile(r"[\s,;]+")


def leniently(text: bytes) -> tuple[LooseFields, list[str]]:
    """A record read field by field, and what had to be repaired. Raises ValueError when it is no object."""
    # no payload can hold half a surrogate pair: it becomes U+FFFD
    whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16", "surrogatepass")
    loose = json.loads(whole.decode("utf-16", "replace"))
    if not isinstance(loose, dict):
        raise ValueError(f"an annotation is an object, this is {type(loose).__name__}")  # noqa: TRY004
    repairs: list[str] = []
    if outline := outline_among(loose):
        repairs.append(f"there is no segmentation but {outline}, which is taken for it")
    points = _named_points(loose.get("keypoints"))
    fields = LooseFields(
        id=_id(loose.get("id")),
        image_id=_id(loose.get("image_id", loose.get("imageId"))),
        category_id=_id(loose.get("category_id")),
        bbox=_box(loose.get("bbox"), repairs),
        segmentation=_segmentation(loose.get(outline or "segmentation"), repairs),
        iscrowd=int(_flag(loose, "iscrowd", repairs)),
        keypoints=None if points else _keypoints(loose.get("keypoints"), repairs),
        named_points=points,
        caption=str(loose["caption"]) if loose.get("caption") is not None else None,
        score=1.0 if loose.get("score") is not None else None,
        attributes=_attributes(loose.get("attributes")),
        file_name=loose["file_name"] if isinstance(loose.get("file_name"), str) else None,
        ignore=_flag(loose, "ignore", repairs),
        deleted=_flag(loose, "deleted", repairs),
        isbbox=_flag(loose, "isbbox", repairs),
        bbox_mode=_mode(loose.get("bbox_mode")),
        attribute_ids=list(map(_id, ids)) if isinstance(ids := loose.get("attribute_ids"), list) else None,
    )
    if isinstance(loose.get("segments_info"), list):
        fields.segments_info = [
            Segment(_id(s.get("id")), _id(s.get("category_id")), int(_flag(s, "iscrowd", repairs)))
            for s in loose["segments_info"]
            if isinstance(s, dict)
        ]
    return fields, list(dict.fromkeys(repairs))


def read_one(text: bytes, decode: Callable[[bytes], Sequence[AnyFields]]) -> tuple[AnyFields, list[str]]:
    """A record as it decodes, else :func:`leniently`."""
    try:
        return decode(list_of([text]))[0], []
    except UNDECODABLE:
        return leniently(text)


def _id(value: Any) -> Id:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def _flag(record: dict[str, Any], name: str, repairs: list[str]) -> bool:
    """A flag that is a bool, a number or a word, or one of these in a list; what is none is told and taken for no."""
    value = record.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    said: bool | None = None
    if isinstance(value, str):
        said = flag(value)
    elif value is None or (isinstance(value, int | float) and not math.isnan(value)):
        said = bool(value)
    if said is None:
        repairs.append(f"{name} is {str(value)[:40]!r}, which says neither yes nor no: taken for no")
    return bool(said)


def _mode(value: Any) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _named_points(value: Any) -> list[NamedPoint] | None:
    """Keypoints as objects, each with its ``xy`` and what names it, as kwcoco has them; None where they are written otherwise."""
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) and "xy" in v for v in value):
        return None
    points = []
    for point in value:
        given = point["xy"] if isinstance(point["xy"], list) and len(point["xy"]) == 2 else [math.nan, math.nan]
        x, y = map(number, given)
        name = next((point[key] for key in ("keypoint_category", "name") if isinstance(point.get(key), str)), None)
        visible = point.get("visible", 2)
        points.append(NamedPoint(name, _id(point.get("keypoint_category_id")), x, y, number(visible)))
    return points


def _attributes(value: Any) -> dict[str, Any] | None:
    """Attributes by name: of pairs of name and value too, and anything else as one that is called ``attributes``."""
    if isinstance(value, dict) or not value:
        return value or None
    if isinstance(value, list) and all(isinstance(v, dict) and "name" in v and "value" in v for v in value):
        return {str(v["name"]): v["value"] for v in value}
    return {"attributes": value}


def _is_number(value: Any) -> bool:
    return not math.isnan(number(value))


def _numbers(value: Any, name: str, repairs: list[str]) -> list[float] | None:
    """Numbers; texts that hold one are converted. Anything else becomes NaN, which makes the list invalid.

    So do texts whose commas may be decimal ones or those of thousands; of a box, they are a ValueError.
    """
    if value is None:
        return None
    if not isinstance(value, list):
        return [math.nan]
    texts = [v for v in value if isinstance(v, str)]
    if either := ambiguous(texts):
        told = f"{name} has {either!r}, and {EITHER}: write points"
        if name == "bbox":
            raise ValueError(told)
        repairs.append(told)
        return [math.nan]
    if texts:
        commas = ", with decimal commas" if any("," in text for text in texts) else ""
        repairs.append(f"numbers of {name} are given as text{commas}")
    return [number(v) for v in value]


def _untexted(value: Any, name: str, repairs: list[str]) -> Any:
    """What a text holds: JSON, or numbers with commas or spaces between them."""
    if not isinstance(value, str):
        return value
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        inner = [v for v in _BETWEEN.split(value.strip("[]() \t\r\n")) if v]
    if inner:
        repairs.append(f"{name} is written as a text")
    return inner


def _box(value: Any, repairs: list[str]) -> list[float] | None:
    value = _untexted(value, "bbox", repairs)
    if isinstance(value, dict) and (sides := sides_of(value)):
        repairs.append("bbox is an object")
        return sides
    return _numbers(value, "bbox", repairs)


def _keypoints(value: Any, repairs: list[str]) -> list[float] | None:
    """Triples, each of which may be a list of its own."""
    if isinstance(value, list) and value and all(isinstance(v, list) and len(v) == 3 for v in value):
        repairs.append("keypoints are a list of lists")
        value = [v for triple in value for v in triple]
    return _numbers(value, "keypoints", repairs)


def _segmentation(value: Any, repairs: list[str]) -> list[list[float]] | Rle | MixedOutline | None:
    """Parts of an outline or an RLE, or parts of several kinds; None where nothing is stated."""
    value = _unwrapped(_untexted(value, "segmentation", repairs))
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and "counts" in value[0]:
        repairs.append("segmentation is a list of one RLE")
        value = value[0]
    if not value:
        return None
    if isinstance(value, dict):
        if "counts" in value:
            return _rle(value, repairs)
        if "exterior" not in value:
            return MixedOutline([])
        return _simplest([_rings(value, repairs)])
    if isinstance(value, list) and any(
        isinstance(v, dict) and {"counts", "exterior"} & v.keys() for v in map(_unwrapped, value)
    ):
        return _simplest([part for v in value for part in _mixed_parts(_unwrapped(v), repairs)])
    if isinstance(value, list) and any(isinstance(v, list | dict) for v in value):
        if any(not isinstance(v, list) or not all(map(_is_number, v)) for v in value):
            repairs.append("a part is a list of points")
    elif isinstance(value, list):
        repairs.append("segmentation is a flat list; taken as one part")
    return [_ring(part, repairs) for part in _parts(value)]


def _unwrapped(value: Any) -> Any:
    """What an object of a type and its data holds, as kwcoco has them."""
    while isinstance(value, dict) and "type" in value and "data" in value:
        value = value["data"]
    return value


def _ring(part: list[Any], repairs: list[str]) -> list[float]:
    return _numbers(part, "segmentation", repairs) or []


def _rings(value: dict[str, Any], repairs: list[str]) -> list[list[float]]:
    """The outer ring of an object with an exterior, then its holes."""
    interiors = _unwrapped(value.get("interiors"))
    holes = [_unwrapped(hole) for hole in interiors] if isinstance(interiors, list) else []
    return [_ring(part, repairs) for ring in (_unwrapped(value["exterior"]), *holes) for part in _parts(ring)[:1]]


def _mixed_parts(value: Any, repairs: list[str]) -> list[Rle | list[list[float]]]:
    """A part of a list that holds RLEs or objects beside flat lists; a flat list is a ring without holes."""
    if isinstance(value, dict) and "counts" in value:
        repairs.append("segmentation is a list that holds RLEs: its parts are united")
        return [_rle(value, repairs)]
    if isinstance(value, dict) and "exterior" in value:
        return [_rings(value, repairs)]
    return [[_ring(part, repairs)] for part in _parts(value)] if value else []


def _simplest(parts: list[Rle | list[list[float]]]) -> list[list[float]] | MixedOutline:
    """Rings without holes as such."""
    rings = [part[0] for part in parts if isinstance(part, list) and len(part) == 1]
    return rings if len(rings) == len(parts) else MixedOutline(parts)


def _parts(value: Any) -> list[list[Any]]:
    """Parts as flat lists, whatever lists, points or texts they are in; what is none of these is a part that is none."""
    if isinstance(value, str):
        return [_BETWEEN.split(value.strip())]
    if not isinstance(value, list):
        return [[math.nan]]
    points = [_point(v) for v in value]
    if len(points) > 2 and None not in points:
        return [[v for point in points if point for v in point]]
    if not any(isinstance(v, list | dict) for v in value) and (not value or any(map(_is_number, value))):
        return [value]
    return [part for v in value for part in _parts(v)]


def _point(value: Any) -> list[Any] | None:
    """A pair of numbers as such, in a list of its own (as OpenCV has it) or as an object; else None."""
    if isinstance(value, dict):
        value = [value.get("x"), value.get("y")]
    elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return value if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) else None


def _rle(value: dict[str, Any], repairs: list[str]) -> Rle:
    """An RLE; one of no size or runs, which is refused later, when it is none."""
    size, counts = _untexted(value.get("size"), "size", repairs), value.get("counts")
    sides = [number(v) for v in size] if isinstance(size, list) else []
    whole_sides = [int(v) for v in sides] if all(v.is_integer() for v in sides) else []
    if isinstance(counts, list):
        runs = _numbers(counts, "counts", repairs) or []
        counts = list(map(int, runs)) if runs and all(run.is_integer() for run in runs) else ""
    return Rle(whole_sides, counts if isinstance(counts, list | str) else "")


def plain_counts(counts: list[int] | str) -> list[int] | str:
    """Runs that a text lists, and the text that a Python bytes literal in a text holds, as such; all else as it is.

    Compressed runs hold neither a comma nor a quotation mark.
    """
    if isinstance(counts, str) and "," in counts:
        runs = _untexted(counts, "counts", [])
        return (
            [int(r) for r in runs] if isinstance(runs, list) and all(number(r).is_integer() for r in runs) else counts
        )
    if isinstance(counts, str) and counts[:2] in ("b'", 'b"'):
        return _of_bytes(counts)
    return counts


def _of_bytes(text: str) -> str:
    """The text of a Python bytes literal, as ``str`` makes it of what pycocotools returns."""
    try:
        literal = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    return literal.decode("latin-1") if isinstance(literal, bytes) else ""
