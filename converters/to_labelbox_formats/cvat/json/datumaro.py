"""Datumaro JSON: ``annotations/<subset>.json`` with ``categories`` and ``items``, pictures in ``images/<subset>/``.

``categories.label.labels[i]`` is the label with id i, ``categories.points.items[{label_id, labels}]`` names the points of
skeletons. Boxes are x, y, width, height; points are flat; RLE is COCO's; a picture's ``size`` is [height, width]. Some
attributes are Datumaro's own (:data:`OWN`), the others the user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from to_labelbox.geometry import raster
from to_labelbox.geometry import vector as geo
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import FileError, SourceError
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat.exports import Export, Group
from to_labelbox_formats.cvat.json.records import entries, is_number, load, records, text_of
from to_labelbox_formats.cvat.meta import LabelSpec, Meta, TaskSpec, whole
from to_labelbox_formats.cvat.nodes import Answer, Figure, Node, make_node
from to_labelbox_formats.cvat.shapes import node_of_figure
from to_labelbox_formats.cvat.unread import JsonCensus
from to_labelbox_formats.cvat.xml.images import CAPTION

OWN = frozenset({"occluded", "rotation", "track_id", "keyframe", "outside", "frame", "is_crowd", "source"})
_POLYGON_LIKE = ("polygon", "polyline", "points")
_TYPES = {"bbox": "rectangle", "cuboid_2d": "cuboid"}
"""Types of annotations that CVAT calls otherwise."""


class DatumaroExport(Export):
    """One subset as images."""

    media = "../images"

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        self.name = name
        self.files = (name,)
        categories = content.get("categories")
        categories = categories if isinstance(categories, dict) else {}
        self._labels = _labels(categories)
        self._points = _point_names(categories)
        self._items = records(content.get("items"))
        subset = os.path.splitext(os.path.basename(name))[0]
        group = Group(self, subset, "", only_frames=False, task=TaskSpec(name=subset))
        for number, item in enumerate(self._items):
            group.add_image(number, _name(item))
        self.groups = {(subset, ""): group}
        parents, sublabels = dict(enumerate(self._labels)), _sublabels(categories)
        specs = tuple(
            LabelSpec(
                label,
                "skeleton" if id in self._points else "",
                elements=tuple(LabelSpec(p, "points") for p in self._points.get(id, ())),
            )
            for id, label in parents.items()
            if label not in sublabels
        )
        self.meta = Meta(specs, found=True)
        self.tagged = tuple(
            dict.fromkeys(
                self._label(a)
                for item in self._items
                for a in records(item.get("annotations"))
                if a.get("type") == "label" and self._label(a)
            )
        )

    def head(self, element: int) -> Node:
        item = self._items[element]
        fields = {"id": text_of(item.get("id")), "name": _name(item)}
        size = _picture(item).get("size")
        if isinstance(size, list) and len(size) == 2 and whole(size[0], 1) and whole(size[1], 1):
            fields |= {"height": str(size[0]), "width": str(size[1])}
        return make_node("image", fields, [], [self._shape(a) for a in records(item.get("annotations"))])

    def _label(self, record: Mapping[str, Any]) -> str:
        id = record.get("label_id")
        if isinstance(id, int) and not isinstance(id, bool) and id >= 0:
            return self._labels[id] if id < len(self._labels) else f"label_{id}"
        return ""

    def _shape(self, record: Mapping[str, Any]) -> Node:
        attributes = record.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        answers: list[Answer] = [(k, text_of(v)) for k, v in attributes.items() if k not in OWN]
        fields = {"label": self._label(record), "occluded": "1" if attributes.get("occluded") is True else "0"}
        group = record.get("group")
        if isinstance(group, int) and group:
            fields["group_id"] = str(group)
        kind = str(record.get("type"))
        if kind == "label":
            return make_node("tag", fields, answers)
        if kind == CAPTION:
            return make_node(CAPTION, {"label": CAPTION, "text": text_of(record.get("caption"))})
        if kind == "skeleton":
            return make_node("skeleton", fields, answers, self._elements(record))
        states = record.get("visibility")
        points = self._states(record, states) if kind == "points" and isinstance(states, list) else None
        if points is not None and self._names(record):
            return make_node("skeleton", fields, answers, [_element(*point) for point in points])
        if points is not None:
            record = {**record, "points": [v for _, x, y, state in points if state != 0 for v in (x, y)]}
        turn: Any = attributes.get("rotation")
        figure = _figure(record, kind, float(turn) if is_number(turn) else 0.0)
        return node_of_figure(figure or _TYPES.get(kind, kind), fields, answers)

    def _names(self, record: Mapping[str, Any]) -> Sequence[str]:
        """What the points of the record's label are called."""
        id = record.get("label_id")
        return self._points.get(id, ()) if isinstance(id, int) else ()

    def _named(self, record: Mapping[str, Any], points: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Points with the names that the record's label has for them, else their numbers."""
        names = self._names(record)
        return [(names[i] if i < len(names) else str(i + 1), *point) for i, point in enumerate(points)]

    def _states(self, record: Mapping[str, Any], states: list[Any]) -> list[tuple[Any, ...]] | None:
        """Name, place and visibility of each point; None where they do not fit together."""
        points = record.get("points")
        if not isinstance(points, list) or len(points) != 2 * len(states):
            return None
        return self._named(record, zip(points[::2], points[1::2], states))

    def _elements(self, record: Mapping[str, Any]) -> list[Node]:
        """x, y, visibility triples (0 absent, 1 hidden, 2 visible), or element records."""
        elements = records(record.get("elements"))
        if elements:
            found = []
            for i, element in enumerate(elements):
                points, visible = element.get("points"), element.get("visibility")
                name = self._label(element) or str(i + 1)
                state = visible[0] if isinstance(visible, list) and visible else 2
                if isinstance(points, list) and len(points) >= 2:
                    found.append(_element(name, points[0], points[1], state))
            return found
        values = entries(record.get("points"))
        return [_element(*point) for point in self._named(record, zip(values[::3], values[1::3], values[2::3]))]


def _element(name: str, x: Any, y: Any, state: Any) -> Node:
    fields = {"label": name, "outside": str(int(state == 0)), "occluded": str(int(state == 1))}
    return make_node("points", {**fields, "points": f"{text_of(x)},{text_of(y)}"})


def _figure(record: Mapping[str, Any], kind: str, rotation: float) -> Figure | None:
    if kind == "mask":
        return _mask(record.get("rle"))
    numbers = _numbers(record, kind)
    if kind == "bbox" and len(numbers) == 4:
        left, top, width, height = numbers
        return Figure("rectangle", [left, top, left + width, top + height], rotation)
    if kind == "cuboid_2d" and len(numbers) == 16:  # eight corners; the outline around them is all that is kept
        return Figure("cuboid", numbers)
    if kind == "ellipse" and len(numbers) == 4:  # x1, y1, x2, y2 of its box
        x1, y1, x2, y2 = numbers
        return Figure("ellipse", [(x1 + x2) / 2, (y1 + y2) / 2, abs(x2 - x1) / 2, abs(y2 - y1) / 2], rotation)
    if kind in _POLYGON_LIKE and numbers and len(numbers) % 2 == 0:
        return Figure(kind, numbers)
    return None


def _numbers(record: Mapping[str, Any], kind: str) -> list[float]:
    """The numbers of a box or of points; none where there is anything else."""
    values = record.get("bbox") if kind == "bbox" else record.get("points")
    if kind == "cuboid_2d" and isinstance(values, list) and all(isinstance(p, list) for p in values):
        values = [v for point in values for v in point]
    return [float(v) for v in values] if isinstance(values, list) and all(map(is_number, values)) else []


def _mask(rle: Any) -> Figure | None:
    """COCO's runs go down the columns of the whole picture; the node's go along the rows."""
    if not isinstance(rle, dict):
        return None
    size, counts = rle.get("size"), rle.get("counts")
    if not isinstance(size, list) or len(size) != 2:
        return None
    height, width = whole(size[0], 1), whole(size[1], 1)
    if height is None or width is None:
        return None
    try:
        mask = (
            raster.mask_from_runs(counts, width, height)
            if isinstance(counts, list)
            else raster.mask_from_counts(str(counts), width, height)
        )
    except (geo.GeometryError, OverflowError):
        return None
    flat = raster.mask_array(mask).ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate(([0], edges, [len(flat)]))).tolist()
    first = [0] if flat[0] else []
    return Figure("mask", [*map(float, first + runs), 0.0, 0.0, float(width), float(height)])


def _picture(item: Mapping[str, Any]) -> Mapping[str, Any]:
    image = item.get("image") or item.get("media")
    return image if isinstance(image, dict) else {}


def _name(item: Mapping[str, Any]) -> str:
    """The picture's path; an item without one is named by its id."""
    return text_of(_picture(item).get("path")) or text_of(item.get("id"))


def _labels(categories: Mapping[str, Any]) -> list[str]:
    return [text_of(r.get("name")) for r in _records_of(categories, "label", "labels")]


def _sublabels(categories: Mapping[str, Any]) -> set[str]:
    return {text_of(r.get("name")) for r in _records_of(categories, "label", "labels") if r.get("parent")}


def _records_of(categories: Mapping[str, Any], kind: str, name: str) -> list[dict[str, Any]]:
    of_kind = categories.get(kind)
    return records(of_kind.get(name)) if isinstance(of_kind, dict) else []


def _point_names(categories: Mapping[str, Any]) -> dict[int, list[str]]:
    return {
        r["label_id"]: [text_of(n) for n in r["labels"]]
        for r in _records_of(categories, "points", "items")
        if isinstance(r.get("label_id"), int) and isinstance(r.get("labels"), list)
    }


def open_datumaro(source: Source, name: str, log: Log) -> DatumaroExport:
    """A subset file. Raises :class:`FileError`, and :class:`SourceError` for point clouds."""
    content = load(source, name)
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        raise FileError("has no list of items")
    items = records(content["items"])
    if any("point_cloud" in item for item in items):
        raise SourceError(f"{name}: 3D CVAT data is not supported (its items are point clouds)")
    unused = len(content["items"]) - len(items)
    if unused:
        log.note(Code.RECORD_UNREADABLE, "an item is not an object", file=name, count=unused)
    census = JsonCensus(log, name)
    census.datumaro(content)
    census.tell()
    return DatumaroExport(name, content)
