"""What a CVAT source holds beside what is read: elements and attributes of XML, fields of JSON, files.

Names in the tables are those that some rule reads, or that say nothing about a label: who, when, where on the server,
how tasks are cut into jobs, the order of drawing.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from to_labelbox.report.codes import Code
from to_labelbox.report.log import UNNAMED, UNREADABLE, Log
from to_labelbox.report.observations import FieldCensus
from to_labelbox.source.asset_lookup import alike
from to_labelbox.source.xml import Element, local_name
from to_labelbox_formats.cvat.nodes import FRAME

# ---------------------------------------------------------------------------------------------------------------- XML

_SHAPE = frozenset(
    {"label", "source", "annotation_type", "occluded", "outside", "keyframe", "frame", "z_order", "group_id"}
)
_CORNERS = frozenset(f"{side}{corner}{face}" for side in "xy" for corner in ("tl", "bl", "tr", "br") for face in "12")
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "annotations": frozenset(),
    "version": frozenset(),
    "image": frozenset({"id", "name", "width", "height", "subset", "task_id"}),
    "track": frozenset({"id", "label", "source", "group_id", "subset", "task_id"}),
    "attribute": frozenset({"name"}),
    "tag": _SHAPE,
    "box": _SHAPE | {"xtl", "ytl", "xbr", "ybr", "rotation"},
    "polygon": _SHAPE | {"points"},
    "polyline": _SHAPE | {"points"},
    "points": _SHAPE | {"points"},
    "ellipse": _SHAPE | {"cx", "cy", "rx", "ry", "rotation"},
    "cuboid": _SHAPE | _CORNERS,
    "mask": _SHAPE | {"rle", "left", "top", "width", "height"},
    "skeleton": _SHAPE | {"points", "rotation"},
}
"""Elements outside of ``meta``, and their attributes."""

_SHAPES = _ATTRIBUTES.keys() - {"annotations", "version", "image", "track", "attribute"}
_PLACES: Mapping[str, frozenset[str]] = {
    "annotations": frozenset({"version", "meta", "image", "track"}),
    "image": frozenset(_SHAPES),
    "track": frozenset(_SHAPES),
    "skeleton": frozenset(_SHAPES | {"attribute"}),
    **dict.fromkeys(_SHAPES - {"skeleton"}, frozenset({"attribute"})),
}
"""What is read in an element; of a known one anywhere else nothing is."""
_NEXT_TO_PICTURES = rb"\s*<(?!image\b|track\b|meta\b|/|!|\?)"
_PERHAPS_MISPLACED = [
    re.compile(before + after)
    for after, places in (
        (_NEXT_TO_PICTURES, (rb"</(?:image|track|meta|version)\s*>", rb"<image[^<>]*/>")),
        (rb"\s*<attribute\b", (rb"/>", rb"<image[^<>]*>", rb"</(?!attribute\b)[\w.:-]+\s*>")),
    )
    for before in places
]
"""A shape beside pictures and tracks, or an attribute that may be of a picture. One expression for all takes ten times as long."""
_VALUE = re.compile(rb'"[^"<]*+"')
_START_TAG = re.compile(rb"([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*)*)\s*/?>")
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w.:-]*)[^<>]*?(/?)>")
_META = re.compile(rb"<meta[\s>/].*?(?:</meta\s*>|$)", re.DOTALL)
FULLY_SEEN = 1
"""Megabytes of a file whose elements are all looked at, some thousands; after them, one in :data:`SAMPLED`.

Some 10 ms each.
"""
SAMPLED = 64


class XmlCensus:
    """Counts elements and attributes that no rule reads, in the text of a file that comes in blocks."""

    def __init__(self) -> None:
        self._blocks = 0
        self._elements: Counter[tuple[str, str]] = Counter()
        self._attributes: Counter[tuple[str, str]] = Counter()

    def look(self, block: bytes) -> None:
        self._blocks += 1
        if self._blocks > FULLY_SEEN and self._blocks % SAMPLED:
            return
        if b"<meta" in block:
            block = _META.sub(b"", block)
        bare = _VALUE.sub(b"", block)
        unknown = any(one.search(bare) for one in _PERHAPS_MISPLACED)
        for piece, count in Counter(bare.split(b"<")[1:]).items():  # without values, few differ
            found = _START_TAG.match(piece)
            if found is None:
                continue
            tag, fields = found.groups()
            known = _ATTRIBUTES.get(tag.decode(errors="replace").rpartition(":")[2])
            unknown |= known is None
            for name in fields.decode(errors="replace").replace("=", " ").split():
                if known is not None and name.rpartition(":")[2] not in known and not name.startswith("xmlns"):
                    self._attributes[tag.decode(errors="replace"), name] += count
        if unknown:
            self._look_closely(bare)

    def _look_closely(self, bare: bytes) -> None:
        """Unknown elements by the one that they are in. In a picture they are shapes, which are skipped by name."""
        inside: list[str] = []
        for end, tag, empty in _TAG.findall(bare):
            name = tag.decode(errors="replace").rpartition(":")[2]
            if end:
                if inside and inside[-1] == name:
                    inside.pop()
                continue
            parent = inside[-1] if inside else ""
            if name in _ATTRIBUTES:
                misplaced = parent in _PLACES and name not in _PLACES[parent]
            else:
                misplaced = parent in _ATTRIBUTES and parent != "image"
            if misplaced:
                self._elements[parent, name] += 1
            if not empty:
                inside.append(name)

    def tell(self, log: Log, file: str) -> None:
        for (parent, name), count in self._elements.most_common():
            log.note_unread("element", name, where=f"{file} <{parent}>", count=count)
        for (tag, name), count in self._attributes.most_common():
            log.note_unread("field", name, where=f"{file} <{tag}>", count=count)


_TASK = frozenset(
    "id name size mode overlap bugtracker flipped created updated subset start_frame stop_frame frame_filter z_order "
    "segments owner assignee labels original_size source project dumped tasks subsets status dimension organization".split()
)
_META_CHILDREN: Mapping[str, frozenset[str]] = {
    "meta": frozenset({"task", "job", "project", "original_size", "source", "dumped", "labels"}),
    "task": _TASK,
    "job": _TASK | {"type", "state", "stage"},
    "project": _TASK,
    "tasks": frozenset({"task"}),
    "labels": frozenset({"label"}),
    "label": frozenset({"name", "color", "type", "attributes", "parent", "svg", "id"}),
    "attributes": frozenset({"attribute"}),
    "attribute": frozenset({"name", "mutable", "input_type", "default_value", "values", "id"}),
}


def tell_meta(meta: Element | None, log: Log, file: str) -> None:
    """Name the elements of ``meta`` that no rule reads."""
    found: Counter[tuple[str, str]] = Counter()
    todo = [meta] if meta is not None else []
    while todo:
        element = todo.pop()
        parent = local_name(element)
        for child in element:
            name = local_name(child)
            if name not in _META_CHILDREN[parent] and isinstance(child.tag, str):
                found[parent, name] += 1
            elif name in _META_CHILDREN and not (name == "attribute" and parent == "attribute"):
                todo.append(child)
    for (parent, name), count in found.most_common():
        log.note_unread("element", name, where=f"{file} meta <{parent}>", count=count)


# --------------------------------------------------------------------------------------------------------------- JSON

_RECORD = frozenset("id label label_id frame group source attributes".split())
_SHAPE_RECORD = _RECORD | set("type points occluded outside z_order rotation elements".split())
_ATTRIBUTE_SPEC = frozenset("id name mutable input_type default_value values".split())
_OF_SERVER = frozenset(
    "url id owner assignee assignee_updated_date created_date updated_date status organization organization_id source_storage target_storage "
    "project_id guide_id task_id".split()
)
_FIELDS: Mapping[str, frozenset[str]] = {
    "answers": frozenset("annotations task project labels meta data_meta data validation_layout".split()),
    "job": frozenset({"version", "tags", "shapes", "tracks", "intervals"}),
    "tags": _RECORD,
    "shapes": _SHAPE_RECORD | {"score"},
    "tracks": _RECORD | {"shapes", "elements"},
    "track shapes": _SHAPE_RECORD | {"score", "keyframe"},
    "elements": _SHAPE_RECORD | {"shapes", "score", "keyframe"},
    "attributes": frozenset({"name", "spec_id", "value", "id"}),
    "task": _OF_SERVER
    | set(
        "name bug_tracker subset labels version data jobs size mode dimension meta overlap segment_size segments "
        "data_chunk_size data_compressed_chunk_type data_original_chunk_type data_cloud_storage_id image_quality "
        "validation_mode validation_layout consensus_enabled consensus_replicas initial_replicas".split()
    ),
    "data": frozenset(
        "chunk_size image_quality start_frame stop_frame frame_filter chunk_type storage_method storage sorting_method "
        "deleted_frames validation_layout validation_params size frames chunks_updated_date included_frames "
        "cloud_storage cloud_storage_id custom_segments job_file_mapping manifest media_type".split()
    ),
    "jobs": _OF_SERVER | {"start_frame", "stop_frame", "type", "state", "stage", "frames", "reviews"},
    "labels": _OF_SERVER | set("name color type attributes sublabels svg has_parent parent parent_id id".split()),
    "label attributes": _ATTRIBUTE_SPEC,
    "manifest": frozenset(
        "version type properties name extension width height meta checksum number pts size resolution length offset related_files "
        "has_related_context suffix".split()
    ),
    "Datumaro": frozenset({"dm_format_version", "media_type", "infos", "info", "categories", "items"}),
    "categories": frozenset({"label", "points", "mask"}),
    "items": frozenset({"id", "annotations", "image", "media", "attr", "subset"}),
    "items[].attr": frozenset({"frame", "id"}),
    "annotations": frozenset(
        "id type attributes group label_id z_order bbox points visibility rle caption elements points_attributes "
        "object_id".split()
    ),
}
"""Fields of the records of backups, of the server, and of Datumaro, where attributes of annotations are the user's."""
_SINGLE = ("answers", "task", "data", "manifest", "Datumaro")
"""What is a record, or a file of records, and no list in one."""
_OF_DATUMARO = ("categories", "items", "items[].attr", "annotations")
KINDS = ("tags", "shapes", "tracks")


class JsonCensus:
    """Counts fields that no rule reads, by the list whose records have them."""

    def __init__(self, log: Log, file: str) -> None:
        self._log = log
        self._file = file
        self._lists: dict[str, FieldCensus] = {}

    def see(self, where: str, records: Any, file: str = "") -> list[dict[str, Any]]:
        """Look at the records of a list; gives those that are records, as they came."""
        found = [r for r in records if isinstance(r, dict)] if isinstance(records, list) else []
        census = self._lists.get(where)
        if census is None:
            place = file or self._file
            place += "" if where in _SINGLE else f" {where}" if where in _OF_DATUMARO else f" {where}[]"
            census = FieldCensus("field", place, _FIELDS[where])
            self._lists[where] = census
        for record in found:
            if census.wants():
                census.see(record)
        return found

    def labels(self, labels: Any, file: str) -> None:
        if isinstance(labels, dict):
            labels = labels.get("results", labels.get("labels"))
        for label in self.see("labels", labels, file):
            for one in (label, *self.see("labels", label.get("sublabels"), file)):
                self.see("label attributes", one.get("attributes"), file)

    def task(self, task: Mapping[str, Any], data: Mapping[str, Any], entries: Any, files: tuple[str, str, str]) -> None:
        """``files`` are those of the task, of its data and of its pictures."""
        self.see("task", [task], files[0])
        self.labels(task.get("labels"), files[0])
        self.see("jobs", task.get("jobs"), files[0])
        self.see("data", [data], files[1])
        self.see("manifest", entries, files[2])

    def job(self, record: Mapping[str, Any]) -> None:
        """The record of a job: its fields, and those of everything in its lists, which may hold what is no record."""
        self.see("job", [record])
        sounds = record.get("intervals")
        if isinstance(sounds, list) and sounds:
            self._log.read(UNNAMED, len(sounds))
            message = "audio CVAT data is not supported: it is an interval of a sound"
            self._log.skip(Code.UNSUPPORTED, UNNAMED, message, file=self._file, count=len(sounds))
        for kind in KINDS:
            listed = record.get(kind)
            for one in self.see(kind, listed):
                self._annotation(one)
            broken = len(listed) - sum(isinstance(one, dict) for one in listed) if isinstance(listed, list) else 0
            if broken or not isinstance(listed, list | None):
                count = max(broken, 1)
                self._log.read(UNREADABLE, count)
                message = f"an entry of {kind} is no object" if broken else f"{kind} is no list"
                self._log.skip(Code.RECORD_UNREADABLE, UNREADABLE, message, file=self._file, count=count)

    def _annotation(self, record: Mapping[str, Any]) -> None:
        self.see("attributes", record.get("attributes"))
        for shape in self.see("track shapes", record.get("shapes")):
            self.see("attributes", shape.get("attributes"))
        for element in self.see("elements", record.get("elements")):
            self.see("attributes", element.get("attributes"))
            self.see("track shapes", element.get("shapes"))

    def datumaro(self, content: Mapping[str, Any]) -> None:
        self.see("Datumaro", [content])
        self.see("categories", [content.get("categories")])
        for item in self.see("items", content["items"]):
            self.see("items[].attr", [item.get("attr")])
            self.see("annotations", item.get("annotations"))

    def tell(self) -> None:
        for census in self._lists.values():
            census.tell(self._log)


# -------------------------------------------------------------------------------------------------------------- files

_OF_CVAT = frozenset({"manifest.jsonl", "index.json"})


def why_unread(name: str) -> str:
    """Why nothing reads a file; empty for those that CVAT keeps beside the media and that say nothing about a label."""
    folders = name.lower().split("/")
    if os.path.basename(name) in _OF_CVAT and "data" in folders[-2:-1]:
        return ""
    if "related_images" in folders:
        return "a data row has no place for related images"
    if os.path.basename(name) == "annotation_guide.md" or "assets" in folders:
        return "a guide for annotators, no labels"
    return "no annotation names it, and no rule reads it"


class UsedFiles:
    """The files that are read, and the pictures of data rows by the hashes of their names below a folder.

    ``frames``: below the folder are frames of a video that is a data row, each with a name of its own.
    """

    def __init__(self, files: Iterable[str]) -> None:
        self._files = set(files)
        self._pictures: dict[str, set[int]] = {}
        self._frames: set[str] = set()

    def add(self, folder: str, names: Iterable[int], frames: bool) -> None:
        self._pictures.setdefault(folder, set()).update(names)
        if frames:
            self._frames.add(folder)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or name in self._files:
            return True
        stem = os.path.splitext(name)[0]
        cut = len(name)
        while cut >= 0:
            cut = name.rfind("/", 0, cut) if cut else -1
            folder = name[: cut + 1]
            known = self._pictures.get(folder)
            inside = name[len(folder) :]
            if known is not None and not known.isdisjoint(map(hash, (inside, stem[len(folder) :], alike(inside)))):
                return True
            if folder in self._frames and FRAME.fullmatch(os.path.basename(stem)):
                return True
        return False
