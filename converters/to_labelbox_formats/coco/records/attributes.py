"""What an annotation says beside its place: flags, attributes, and fields that were asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping, Sequence
from typing import Any

import msgspec

from to_labelbox.model.items import Attribute
from to_labelbox.model.text import flag
from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.fields.named_sides import number
from to_labelbox_formats.coco.fields.record_types import AnyFields, Record
from to_labelbox_formats.coco.index.box_columns import CROWD, NOTHING, Answers
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.ids import find

CAPTION = "caption"
_FLAGS = frozenset({"occluded", "truncated", "difficult"})
_IDS = "attributes"
"""The question whose options are the names of ``attribute_ids``."""


_MOST = 1 << 14
"""Different texts of attributes that are kept."""
_decode = msgspec.json.Decoder(dict[str, Any] | None).decode


class KnownAttributes:
    """The answers of plain annotations of one file by the text of their attributes: most of these are equal, and each is read once.

    Where equal texts have the same tuple, a writer makes its own text of it once, too.
    """

    def __init__(self, foreign: bool) -> None:
        """``foreign``: see :attr:`~to_labelbox_formats.coco.index.file.File.foreign`."""
        self._crowd = () if foreign else CROWD
        self._known: dict[bytes, Answers | None] = {b"": ()}
        self._crowds: dict[bytes, Answers | None] = self._known if foreign else {b"": CROWD}

    def of_record(self, attributes: msgspec.Raw, crowd: int | None) -> Answers | None:
        """The answers; None where the record is to be looked at closely."""
        if attributes is NOTHING:
            return self._crowd if crowd else ()
        return self.of(bytes(attributes), bool(crowd))

    def of(self, text: bytes, crowd: bool) -> Answers | None:
        known = self._crowds if crowd else self._known
        try:
            return known[text]
        except KeyError:
            pass
        answers = _plain_answers(text)
        if crowd and answers is not None:
            answers = self._crowd + answers
        if len(known) < _MOST:
            known[text] = answers
        return answers


def _plain_answers(text: bytes) -> Answers | None:
    try:
        answers, angle = _stated(_decode(text) or {}, ())
    except UNDECODABLE:
        return None
    return None if angle else answers


def attributes_of(record: Record, data: AnyFields, asked: Sequence[str]) -> tuple[Answers, float]:
    """Attributes of CVAT and Datumaro, flags, the fields that were asked for, the object's own caption; the box's turn in degrees."""
    found: list[Attribute] = []
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
    answers, angle = _stated(stated, asked)
    found += answers
    if data.caption:
        found.append(Attribute(CAPTION, data.caption, free_text=True))
    return tuple(found), angle


def _stated(attributes: Mapping[str, Any], asked: Container[str]) -> tuple[Answers, float]:
    """Answers by attributes, and a turn in degrees; one that was ``asked`` for is an answer."""
    found: list[Attribute] = []
    angle = 0.0
    for name, value in attributes.items():
        if name in _FLAGS and (said := flag(str(value))) is not None:
            if said:
                found.append(Attribute(name, "yes", flag=True))
        elif name == "rotation" and name not in asked and math.isfinite(turn := number(value)):
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
    return tuple(found), angle


def _more_fields(text: bytes, asked: Sequence[str]) -> dict[str, Any]:
    """The fields that were asked for; of an object, its members."""
    loose = members_of(text)
    found: dict[str, Any] = {}
    for name in asked:
        value = loose.get(name)
        found |= value if isinstance(value, dict) else {name: value}
    return found
