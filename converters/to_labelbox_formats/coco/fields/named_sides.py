"""Places in fields that COCO does not have: boxes by the names of their sides, and what looks like a place and is not read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from to_labelbox.model.text import NUMBER, flag
from to_labelbox.source.decimal_commas import with_point
from to_labelbox_formats.coco.index.census import ANNOTATION_FIELDS, OUTLINES, members_of

BOXES = ("box", "bndbox", "bounding_box", "boundingBox", "bbox_image", "box2d", "rect", "rectangle")
"""Fields that hold an object of sides where an annotation has no place of COCO."""
_TURNED = ("rbbox", "rbox", "obb", "rotated_bbox")
"""Fields that hold five numbers of a turned box, likewise."""
_SIZES = (("x", "left"), ("y", "top"), ("width", "w"), ("height", "h"))
_CORNERS = (("xmin", "x1", "left", "x"), ("ymin", "y1", "top", "y"), ("xmax", "x2", "right"), ("ymax", "y2", "bottom"))
_CORNERS_FROM_0 = (("x0",), ("y0",), ("x1",), ("y1",))
_CENTRE = (("cx",), ("cy",), ("width", "w"), ("height", "h"))
_POINTS = frozenset("point keypoint center centre centroid location position xy".split())
"""Fields of which two numbers are a place."""
PLACES = frozenset({"bbox", "segmentation", "keypoints", "segments_info", "caption"})
"""Fields of COCO that say where or what an annotation is."""
PARTS = {"foot": 6, "face": 68, "lefthand": 21, "righthand": 21}
"""Parts of a body of which COCO-WholeBody has points in fields of their own (``foot_kpts``), in this order, and how many."""
NOTHING: Sequence[Any] = (None, [], [[]], "")
SIDES = frozenset(name for names in (*_SIZES, *_CORNERS, *_CORNERS_FROM_0, *_CENTRE) for name in names)


def sides_of(value: Mapping[str, Any]) -> list[float] | None:
    """Left, top, width and height from an object that names sides, corners or a centre; None for any other."""
    for keys in (_SIZES, _CORNERS_FROM_0, _CORNERS, _CENTRE):
        found = [number(next((value[key] for key in names if key in value), None)) for names in keys]
        if not any(map(math.isnan, found)):
            x, y, third, fourth = found
            if keys in (_CORNERS, _CORNERS_FROM_0):
                return [x, y, third - x, fourth - y]
            return [x - third / 2, y - fourth / 2, third, fourth] if keys is _CENTRE else found
    return None


def box_among(members: Mapping[str, Any]) -> tuple[str, list[float]] | None:
    """What names the box of a record without any place of COCO, and the box: its own fields, or an object in one of them."""
    if any(members.get(place) not in NOTHING for place in PLACES):
        return None
    if box := sides_of(members):
        return ", ".join(name for name in members if name in SIDES), box
    for field in BOXES:
        value = members.get(field)
        if isinstance(value, dict) and (box := sides_of(value)):
            return field, box
    for field in _TURNED:
        value = members.get(field)
        if isinstance(value, list) and len(value) == 5 and all(type(v) in (int, float) for v in value):
            return field, value
    return None


def outline_among(members: Mapping[str, Any]) -> str:
    """The field that stands in for the outline of a record that has neither that nor a box; empty for none."""
    if any(members.get(place) not in NOTHING for place in ("segmentation", "bbox")):
        return ""
    return next((name for name in OUTLINES if members.get(name) not in NOTHING), "")


def number(value: Any) -> float:
    """A number, also one in a text, with a decimal point or comma; NaN for anything else."""
    if isinstance(value, str) and NUMBER.fullmatch((value := with_point(value)).strip()) is None:
        return math.nan
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def is_placeless(text: bytes) -> bool:
    """Whether a record has no field for a place or a text, and none of an unknown name that holds numbers as places do."""
    members = members_of(text)
    return PLACES.isdisjoint(members) and not elsewhere(members) and not box_among(members)


def says_where(value: Any) -> bool:
    """Whether the value of a field for a place holds more than nothing and numbers that are none of a picture's, as 0, 0, 0, 0."""
    if isinstance(value, list):
        return any(map(says_where, value))
    return value > 0 if isinstance(value, int | float) else bool(value)


def stated_part(members: Mapping[str, Any], part: str) -> Any:
    """What a record has for the points of a part of a body; None where that says nothing, or that they are not valid."""
    values, valid = members.get(f"{part}_kpts"), members.get(f"{part}_valid")
    return values if says_where(values) and (valid in NOTHING or flag(str(valid)) is not False) else None


def states_parts(text: bytes) -> bool:
    """Whether a record has points of feet, face or hands."""
    if b"_kpts" not in text:
        return False
    members = members_of(text)
    return any(stated_part(members, part) is not None for part in PARTS)


_MAY_PLACE = re.compile(rb'[\[{]|"(?:c?x|bbox|segmentation|keypoints)"')
"""What the text of a record has behind its first brace that may hold a place."""


def unread_place(text: bytes) -> str:
    """The field of a record without a place that can be read which looks like one all the same; empty for none."""
    if _MAY_PLACE.search(text, text.find(b"{") + 1) is None:
        return ""
    members = members_of(text)
    return next((name for name in members if name in PLACES and says_where(members[name])), "") or elsewhere(members)


def elsewhere(members: Mapping[str, Any]) -> str:
    """The field of a record that holds numbers as a place does, though it is none of COCO's; empty for none."""
    for x, y in (("x", "y"), ("cx", "cy")):
        if all(type(members.get(name)) in (int, float) for name in (x, y)):
            return f"{x}, {y}"
    return next(
        (name for name, value in members.items() if name not in ANNOTATION_FIELDS and _is_place(name, value)), ""
    )


def _is_place(name: str, value: Any) -> bool:
    if isinstance(value, dict):
        return "counts" in value or sides_of(value) is not None or any(_is_place(name, v) for v in value.values())
    if not isinstance(value, list):
        return False
    least = 2 if name in _POINTS else 4
    if len(value) >= least and all(type(v) in (int, float) for v in value):
        return True
    return bool(value) and all(isinstance(v, list | dict) and len(v) >= 2 for v in value)
