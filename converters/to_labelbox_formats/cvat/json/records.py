"""Records of the server and of backups made into the nodes that the XML would have.

Points are flat: rectangle xtl, ytl, xbr, ybr; ellipse cx, cy, x of the right-most and y of the top-most point; mask runs
and then left, top, right, bottom, the last two *inclusive*. Values may be written as floats throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.meta import AttributeSpec, LabelSpec, whole
from to_labelbox_formats.cvat.nodes import Answer, Figure, Node, make_node
from to_labelbox_formats.cvat.shapes import DIGITS, node_of_figure

MAX_JSON_BYTES = 2**30
_LENGTHS = {"rectangle": 4, "ellipse": 4, "cuboid": 16}


def load(source: Source, name: str) -> Any:
    try:
        return msgspec.json.decode(source.read(name, MAX_JSON_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(f"not valid JSON: {in_words(error)}; nothing of this file is converted") from None
    except RecursionError:
        raise FileError("nested too deeply") from None


class Names:
    """Names of labels and attributes by their ids, within the task that a record belongs to. An id of several names says none:
    ``unknown`` has the ids of labels that records have and that say no name, with these names.
    """

    def __init__(self, labels: Iterable[LabelSpec], unlabelled: str) -> None:
        self._unlabelled = unlabelled
        self.unknown: dict[int, list[str]] = {}
        specs = [spec for label in labels for spec in (label, *label.elements)]
        self._labels, self._doubtful = _by_id(specs)
        self._attributes, _ = _by_id(a for spec in specs for a in spec.attributes)

    def label(self, record: Mapping[str, Any], default: str | None = None) -> str:
        """The label's name: stated, or by its id; the default where there is neither."""
        name, id = record.get("label"), whole(record.get("label_id"))
        if isinstance(name, str):
            return name.strip()
        if id is not None:
            if id in self._labels:
                return self._labels[id]
            self.unknown[id] = self._doubtful.get(id, [])
            return f"label_{id}"
        return self._unlabelled if default is None else default

    def answers(self, record: Mapping[str, Any]) -> list[Answer]:
        found: list[Answer] = []
        for attribute in records(record.get("attributes")):
            name, id = attribute.get("name"), whole(attribute.get("spec_id"))
            if not isinstance(name, str):
                name = "" if id is None else self._attributes.get(id, f"attribute_{id}")
            found.append((name, text_of(attribute.get("value"))))
        return found


def _by_id(specs: Iterable[LabelSpec | AttributeSpec]) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The names of ids, and the ids that several names have."""
    found: dict[int, dict[str, None]] = {}
    for spec in specs:
        if spec.id is not None:
            found.setdefault(spec.id, {})[spec.name] = None
    one = {id: next(iter(names)) for id, names in found.items() if len(names) == 1}
    return one, {id: list(names) for id, names in found.items() if id not in one}


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "" if value is None else str(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def entries(value: Any) -> list[Any]:
    """What a list holds; nothing of anything else."""
    return value if isinstance(value, list) else []


def records(value: Any) -> list[dict[str, Any]]:
    return [r for r in entries(value) if isinstance(r, dict)]


def frame_of(shape: Mapping[str, Any]) -> int:
    """The frame of a record; -1 where it has none."""
    frame = whole(shape.get("frame"))
    return -1 if frame is None else frame


def shape_node(record: Mapping[str, Any], label: str, names: Names, more: Mapping[str, str]) -> Node:
    """A shape; one whose numbers are unusable becomes a node that its reader refuses with a reason."""
    kind = record.get("type")
    fields = {"label": label, "occluded": "1" if record.get("occluded") else "0", **more}
    group = whole(record.get("group"))
    if group:
        fields["group_id"] = str(group)
    answers = names.answers(record)
    if kind == "skeleton":
        children = [
            shape_node(
                element, names.label(element, str(i + 1)), names, {"outside": "1" if element.get("outside") else "0"}
            )
            for i, element in enumerate(records(record.get("elements")))
        ]
        return make_node("skeleton", fields, answers, children)
    figure = figure_of_record(record, kind) if isinstance(kind, str) else None
    return node_of_figure(figure or str(kind) or "shape", fields, answers)


def figure_of_record(record: Mapping[str, Any], kind: str) -> Figure | None:
    """The figure of a shape record; None where its numbers are unusable."""
    points, rotation = record.get("points"), record.get("rotation") or 0
    if not isinstance(points, list) or not all(is_number(v) for v in (*points, rotation)):
        return None
    values = [float(v) for v in points]
    if kind in _LENGTHS:
        if len(values) != _LENGTHS[kind]:
            return None
        if kind == "ellipse":
            cx, cy, right, top = values
            values = [cx, cy, round(right - cx, DIGITS), round(cy - top, DIGITS)]
    elif kind == "mask":
        if len(values) < 4:
            return None
        left, top, right, bottom = values[-4:]
        values[-2:] = [right - left + 1, bottom - top + 1]
    elif kind not in ("polygon", "polyline", "points") or not values or len(values) % 2:
        return None
    return Figure(kind, values, float(rotation))
