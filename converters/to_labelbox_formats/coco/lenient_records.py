"""An annotation's record field by field, where it is not written as the format says.

What a field means is mostly clear all the same: numbers as text, points as pairs or objects, lists in a text.
"""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any

from to_labelbox_formats.coco.ids import Id
from to_labelbox_formats.coco.panoptic import Segment
from to_labelbox_formats.coco.record_types import Fields, Rle

_BETWEEN = re.compile(r"[\s,;]+")
_TRUE = (1, "1", "true", "True")
_BOX_KEYS = (("x", "left"), ("y", "top"), ("width", "w"), ("height", "h"))


def leniently(text: bytes) -> tuple[Fields, str]:
    """A record read field by field, and what had to be repaired. Raises ValueError when it is no object."""
    # no payload can hold half a surrogate pair: it becomes U+FFFD
    whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-16", "surrogatepass")
    loose = json.loads(whole.decode("utf-16", "replace"))
    if not isinstance(loose, dict):
        raise ValueError(f"an annotation is an object, this is {type(loose).__name__}")  # noqa: TRY004
    repairs: list[str] = []
    fields = Fields(
        id=_id(loose.get("id")),
        category_id=_id(loose.get("category_id")),
        bbox=_box(loose.get("bbox"), repairs),
        segmentation=_segmentation(loose.get("segmentation"), repairs),
        iscrowd=int(loose.get("iscrowd") in _TRUE),
        keypoints=_keypoints(loose.get("keypoints"), repairs),
        caption=str(loose["caption"]) if loose.get("caption") is not None else None,
        score=1.0 if loose.get("score") is not None else None,
        attributes=_attributes(loose.get("attributes")),
        file_name=loose["file_name"] if isinstance(loose.get("file_name"), str) else None,
        ignore=loose.get("ignore") in _TRUE,
        deleted=loose.get("deleted") in _TRUE,
        isbbox=loose.get("isbbox") in _TRUE,
    )
    if isinstance(loose.get("segments_info"), list):
        fields.segments_info = [
            Segment(_id(s.get("id")), _id(s.get("category_id")), int(bool(s.get("iscrowd"))))
            for s in loose["segments_info"]
            if isinstance(s, dict)
        ]
    return fields, "; ".join(dict.fromkeys(repairs))


def _id(value: Any) -> Id:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def _attributes(value: Any) -> dict[str, Any] | None:
    """Attributes by name: of pairs of name and value too, and anything else as one that is called ``attributes``."""
    if isinstance(value, dict) or not value:
        return value or None
    if isinstance(value, list) and all(isinstance(v, dict) and "name" in v and "value" in v for v in value):
        return {str(v["name"]): v["value"] for v in value}
    return {"attributes": value}


def _number(value: Any) -> float:
    """A number, also one in a text; NaN for anything else."""
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _is_number(value: Any) -> bool:
    return not math.isnan(_number(value))


def _numbers(value: Any, name: str, repairs: list[str]) -> list[float] | None:
    """Numbers; texts that hold one are converted. Anything else becomes NaN, which makes the list invalid."""
    if value is None:
        return None
    if not isinstance(value, list):
        repairs.append(f"{name} is not a list")
        return [math.nan]
    out = [_number(v) for v in value]
    if any(isinstance(v, str) for v in value):
        repairs.append(f"numbers of {name} are given as text")
    if not all(map(math.isfinite, out)):
        repairs.append(f"{name} holds something that is not a finite number")
    return out


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
    if isinstance(value, dict):
        found = [next((value[key] for key in keys if key in value), None) for keys in _BOX_KEYS]
        if all(map(_is_number, found)):
            repairs.append("bbox is an object")
            value = found
    return _numbers(value, "bbox", repairs)


def _keypoints(value: Any, repairs: list[str]) -> list[float] | None:
    """Triples, each of which may be a list of its own."""
    if isinstance(value, list) and value and all(isinstance(v, list) and len(v) == 3 for v in value):
        repairs.append("keypoints are a list of lists")
        value = [v for triple in value for v in triple]
    return _numbers(value, "keypoints", repairs)


def _segmentation(value: Any, repairs: list[str]) -> list[list[float]] | Rle | None:
    """Parts of an outline or an RLE; None where nothing is stated."""
    value = _untexted(value, "segmentation", repairs)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and "counts" in value[0]:
        repairs.append("segmentation is a list of one RLE")
        value = value[0]
    if not value:
        return None
    if isinstance(value, dict) and "exterior" not in value:
        return _rle(value)
    if isinstance(value, dict):
        repairs.append("segmentation is an object with an exterior")
    elif isinstance(value, list) and any(isinstance(v, list | dict) for v in value):
        if any(not isinstance(v, list) or not all(map(_is_number, v)) for v in value):
            repairs.append("a part is a list of points")
    elif isinstance(value, list):
        repairs.append("segmentation is a flat list; taken as one part")
    parts = []
    for part in _parts(value):
        numbers = _numbers(part, "segmentation", repairs) or []
        parts.append(numbers if all(map(math.isfinite, numbers)) else [math.nan])
    return parts


def _parts(value: Any) -> list[list[Any]]:
    """Parts as flat lists, whatever lists, points or texts they are in; what is none of these is a part that is none."""
    if isinstance(value, str):
        return [_BETWEEN.split(value.strip())]
    if isinstance(value, dict):
        holes = value.get("interiors")
        return [*_parts(value.get("exterior")), *([math.nan] for _ in (holes if isinstance(holes, list) else ()))]
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


def _rle(value: dict[str, Any]) -> Rle:
    """An RLE; one of no size or runs, which is refused later, when it is none."""
    size, counts = value.get("size"), value.get("counts")
    sides = [_number(v) for v in size] if isinstance(size, list) else []
    if not sides or not all(v.is_integer() for v in sides):
        return Rle([0, 0], "")
    if isinstance(counts, list):
        whole = all(type(c) in (int, float) and _number(c).is_integer() for c in counts)
        counts = [int(c) for c in counts] if whole else ""
    return Rle([int(v) for v in sides], counts if isinstance(counts, list | str) else "")


def plain_counts(counts: list[int] | str) -> list[int] | str:
    """Runs that a text lists, and the text that a Python bytes literal in a text holds, as such; all else as it is.

    Compressed runs hold neither a comma nor a quotation mark.
    """
    if isinstance(counts, str) and "," in counts:
        runs = _untexted(counts, "counts", [])
        return (
            [int(r) for r in runs] if isinstance(runs, list) and all(_number(r).is_integer() for r in runs) else counts
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
