"""Which files of a source are Label Studio's, by the keys of their first record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from to_labelbox.model.text import pattern
from to_labelbox.plugins.reader import CERTAIN, LIKELY, Match, Refusal
from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.files import HEAD, Source
from to_labelbox_formats.label_studio.files.file_head import (
    TABLES,
    UNDECODABLE,
    FileForm,
    FileHead,
    FileShape,
    read_head,
)

_NONE = "not a Label Studio export: "
HEADS = 40
"""Files of a folder whose heads are looked at before it is refused."""
LONG_HEAD = 16 << 20
"""Bytes in which a first record ends that is longer than a head."""
_EXTENSIONS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
_LABELLED = ("annotations", "completions", "predictions")
_TASK_KEYS = frozenset(
    "id data meta created_at updated_at inner_id project file_upload predictions annotations completions drafts "
    "total_annotations cancelled_annotations total_predictions is_labeled overlap".split()
)
"""Keys of a task that is not labelled; with any other key it could be anything that has ``data``."""
_TASK = pattern(rb'"task"\s*:\s*\{')
_REGION = pattern(rb'"result"\s*:\s*(?:\[\s*\]|\[\s*\{)')


class FoundFile(NamedTuple):
    name: str
    shape: FileShape
    form: FileForm
    reason: str
    confidence: int
    around: Sequence[str] = ()


class Other(NamedTuple):
    """Why a file is none of Label Studio; ``broken``: it would be one if it were whole."""

    reason: str
    broken: bool = False


def recognise(source: Source, name: str) -> FoundFile | Other:
    """A file of Label Studio, or why it is none."""
    for size in (HEAD, LONG_HEAD):
        # what tells formats apart can stand behind masks and texts of any size
        data = source.head(name, size)
        if why := source.unreadable.get(name):
            return Other(f"cannot be read: {why}", broken=True)
        try:
            head = read_head(name, data)
        except FileError as error:
            return Other(f"{_NONE}{error}")
        found = _judged(name, head)
        if isinstance(found, FoundFile):
            return found._replace(around=head.around)
        if len(data) < size or not head.record_goes_on:
            break
    fault = _unfinished(name, head, data)
    return Other(f"{_NONE}{found}") if fault is None else Other(fault, broken=True)


def _judged(name: str, head: FileHead) -> FoundFile | str:
    """A file by the names in its first record, or why it is none of Label Studio."""
    shape, names = head.shape, head.names
    if shape is None:
        return "it is no JSON, CSV or TSV"
    flat = {"annotation_id", "annotator"} <= names
    if shape in TABLES:
        reason = "columns annotation_id and annotator"
        return FoundFile(name, shape, FileForm.FLAT, reason, CERTAIN) if flat else f"it has no {reason}"
    if flat:
        return FoundFile(name, shape, FileForm.FLAT, "flat records with annotation_id and annotator", CERTAIN)
    with_result = _REGION.search(head.text) is not None
    if {"result", "task"} <= names:
        if shape is not FileShape.ARRAY or _TASK.search(head.text):
            return FoundFile(name, shape, FileForm.ANNOTATION, "an annotation with result and task", CERTAIN)
        return "it is a list of annotations without their tasks: export tasks instead"
    if {"annotation", "task"} <= names and with_result:
        if _TASK.search(head.text):
            return FoundFile(name, shape, FileForm.PAYLOAD, "what a webhook sends: annotation and task", CERTAIN)
        return "it is what a webhook sends, but its task is no object with data: export tasks instead"
    labelled = [k for k in _LABELLED if k in names]
    if labelled and not {"images", "categories"} & names:
        if "data" in names:
            return FoundFile(name, shape, FileForm.TASKS, f"tasks with data and {labelled[0]}", CERTAIN)
        if with_result or b'"from_name"' in head.text:
            return FoundFile(name, shape, FileForm.TASKS, f"tasks with {labelled[0]} that have a result", CERTAIN)
    if "result" in names and with_result and "data" not in names:
        return "it holds predictions or annotations without their tasks: export tasks instead"
    if "data" in names and names <= _TASK_KEYS and re.search(rb'"data"\s*:\s*\{', head.text):
        return FoundFile(name, shape, FileForm.TASKS, "tasks with data, not labelled", LIKELY)
    if {"from_name", "to_name"} <= names:
        return "it is a list of regions without their tasks: export tasks instead"
    return f"its first record has {', '.join(sorted(names)[:6]) or 'no keys'}, not data and annotations"


def _unfinished(name: str, head: FileHead, data: bytes) -> str | None:
    """What is wrong with a small file that would be a task or an annotation if it were whole."""
    if len(data) >= HEAD or name.lower().endswith((".csv", ".tsv")):
        return None
    if not data.strip():
        return "is empty"
    if not {"data", "result", *_LABELLED} & head.names:
        return None
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except UNDECODABLE as error:
        return f"is no readable JSON: {in_words(error)}; export or copy it again"
    return None


def candidates(source: Source) -> list[str]:
    """Names that can be an export: by extension, and storage files that are only a number."""
    if source.is_file:
        return list(source.names)
    found: list[str] = []
    for (_, extension), names in source.groups.items():
        if extension in _EXTENSIONS:
            found += names
        elif extension in ("", ".gz"):
            plain = ((name, name.lower().removesuffix(".gz")) for name in names)
            found += (n for n, p in plain if p.endswith(_EXTENSIONS) or p.rpartition("/")[2].isdecimal())
    return sorted(found)


def sniff(source: Source) -> Match | Refusal:
    """Claims a source by the keys of its first records."""
    best: FoundFile | None = None
    refusal = ""
    names = sorted(candidates(source), key=lambda n: n.count("/"))
    for name in names[:HEADS]:
        found = recognise(source, name)
        if isinstance(found, Other):
            reason = found.reason.removeprefix(_NONE)
            refusal = refusal or (reason if source.is_file else f"{name}: {reason}")
        elif best is None or found.confidence > best.confidence:
            best = found
        if best is not None and best.confidence >= CERTAIN:
            break
    if best is None:
        return Refusal(refusal or "there is no JSON, CSV or TSV file in it")
    return Match(best.confidence, best.reason if source.is_file else f"{best.name}: {best.reason}")
