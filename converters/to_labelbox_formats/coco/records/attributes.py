"""What an annotation says beside its place: flags, attributes, and fields that were asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from to_labelbox.model.items import Attribute
from to_labelbox.model.text import NUMBER, flag
from to_labelbox_formats.coco.fields.record_types import AnyFields, Record
from to_labelbox_formats.coco.index.box_columns import CROWD
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.ids import find

CAPTION = "caption"
_FLAGS = frozenset({"occluded", "truncated", "difficult"})
_IDS = "attributes"
"""The question whose options are the names of ``attribute_ids``."""


def attributes_of(record: Record, data: AnyFields, asked: Sequence[str]) -> tuple[tuple[Attribute, ...], float]:
    """Attributes of CVAT and Datumaro, flags, the fields that were asked for, the object's own caption; the box's turn in degrees."""
    found: list[Attribute] = []
    angle = 0.0
    if data.iscrowd and not record.file.foreign:
        found += CROWD
    if data.ignore:
        found.append(Attribute("ignore", "yes", flag=True))
    if data.attribute_ids:
        names = record.file.attribute_names
        found.append(Attribute(_IDS, tuple(find(names, id) or f"attribute_{id}" for id in data.attribute_ids)))
    stated = data.attributes or {}
    if asked:
        stated = stated | _more_fields(record.text, asked)
    for name, value in stated.items():
        if name in _FLAGS and (said := flag(str(value))) is not None:
            if said:
                found.append(Attribute(name, "yes", flag=True))
        elif name == "rotation" and name not in asked and (turn := _turn(value)) is not None:
            angle = turn
        elif name == "keyframe" and isinstance(value, bool):
            continue  # whether CVAT's annotator or its interpolation drew the shape: no answer of anybody
        elif name == "track_id" and isinstance(value, int):
            found.append(Attribute(name, str(value), free_text=True))
        elif isinstance(value, str | bool | int | float):
            found.append(Attribute(name, value))
        elif isinstance(value, list) and all(isinstance(v, str) for v in value):
            found.append(Attribute(name, tuple(value)))
        elif value is not None and value != {}:
            found.append(Attribute(name, json.dumps(value)))
    if data.caption:
        found.append(Attribute(CAPTION, data.caption, free_text=True))
    return tuple(found), angle


def _turn(value: Any) -> float | None:
    """Degrees; also of a number in a text. None for what is no finite number."""
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()) is None:
        return None
    try:
        degrees = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return degrees if math.isfinite(degrees) else None


def _more_fields(text: bytes, asked: Sequence[str]) -> dict[str, Any]:
    """The fields that were asked for; of an object, its members."""
    loose = members_of(text)
    found: dict[str, Any] = {}
    for name in asked:
        value = loose.get(name)
        found |= value if isinstance(value, dict) else {name: value}
    return found
