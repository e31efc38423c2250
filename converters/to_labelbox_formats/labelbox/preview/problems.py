"""Which data rows the report's examples are about.

A report names file, record and the source's id of the first few occurrences of each message. A data row is recognised
by its key in the example; by its key without extension, where labels lie in a file of the same name; or by a line whose
uuid is made of the key and the example's id (see :class:`~to_labelbox_formats.labelbox.encode.uuids.Uuids`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox.encode.uuids import Uuids
from to_labelbox_formats.labelbox.preview.markup import count
from to_labelbox_formats.labelbox.preview.sample import payload_files
from to_labelbox_formats.labelbox.validate import wire

HARMLESS = {
    Code.DECISION,
    Code.FILE_IGNORED,
    Code.KEY_SHORTENED,
    Code.ROW_DATA_LOCAL,
    Code.EXIF_UNCHECKED,
    Code.EXIF_TURNED,
    Code.CLASS_UNUSED_DROPPED,
}
"""Messages that no annotation is lost or changed by."""


class Troubled(NamedTuple):
    """Keys of data rows with approximated or skipped annotations, and how far the report tells of them."""

    keys: frozenset[str]
    covered: str


class _Head(msgspec.Struct):
    dataRow: wire.DataRow
    uuid: str | msgspec.UnsetType = UNSET


_head = msgspec.json.Decoder(_Head).decode


def troubled(folder: str, report: dict[str, Any]) -> Troubled:
    """The data rows that the report's examples can be traced to. Raises :class:`UsageError` when there is none."""
    occurrences, examples = 0, list[dict[str, Any]]()
    listed = report.get("diagnostics")
    for diagnostic in listed if isinstance(listed, list) else ():
        if isinstance(diagnostic, dict) and diagnostic.get("code") not in HARMLESS:
            occurrences += int(diagnostic.get("count") or 0)
            examples += [e for e in diagnostic.get("examples") or () if isinstance(e, dict)]
    if not examples:
        raise UsageError(f"{folder}: the report tells of no approximated or skipped annotation; leave --problems out")
    said = [f"{e.get('file', '')} {e.get('where', '')}" for e in examples]
    # every word and path of an example, also without the last extension
    words = {w for place in said for p in _words(place) for w in (p, os.path.splitext(p)[0])}
    ids = {str(e["id"]) for e in examples if e.get("id")}
    keys = {key for key in _keys(folder) if key in words or _stem(key) in words}
    traced = sum(any(k in place or _stem(k) in place for k in keys) for place in said)
    by_uuid = set(_by_uuid(folder, ids))
    if not keys and not by_uuid:
        raise UsageError(
            f"{folder}: the report's examples name no data row; read them in the preview without --problems"
        )
    covered = (
        f"The report gives {count(len(examples), 'example')} of {count(occurrences, 'occurrence')}; "
        f"they lead to {count(len(keys | by_uuid), 'data row')}. {traced} of them name their data row, the others are "
        "found by the id of an annotation that was written; an annotation that was skipped may leave no trace."
    )
    return Troubled(frozenset(keys | by_uuid), covered)


def _stem(key: str) -> str:
    return os.path.splitext(key)[0]


def _words(place: str) -> Iterator[str]:
    """The path and its ends below each folder: ``labels/a.txt`` and ``a.txt``."""
    for word in [place.strip(), *re.split(r"\s+", place)]:
        parts = word.split("/")
        yield from ("/".join(parts[i:]) for i in range(len(parts)))


def _keys(folder: str) -> Iterator[str]:
    path = os.path.join(folder, "data_rows.ndjson")
    if not os.path.isfile(path):
        return
    decode = msgspec.json.Decoder(_RowKey).decode
    with open(path, "rb") as file:
        for raw in file:
            try:
                key = decode(raw).global_key
            except (ValueError, RecursionError):
                continue
            if isinstance(key, str):
                yield key


class _RowKey(msgspec.Struct):
    global_key: str | msgspec.UnsetType = UNSET


def _by_uuid(folder: str, ids: set[str]) -> Iterator[str]:
    """Keys of rows with a line that was made of one of the source's ids."""
    before, expected = "", set[str]()
    for path in payload_files(folder):
        with open(path, "rb") as file:
            for raw in file:
                try:
                    head = _head(raw)
                except (ValueError, RecursionError):
                    continue
                key = head.dataRow.globalKey
                if not isinstance(key, str):
                    continue
                if key != before:
                    before, made = key, Uuids(key)
                    expected = {made.make(id) for id in ids}
                if head.uuid in expected:
                    yield key
