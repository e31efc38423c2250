"""Metadata of data rows, checked before anything is sent: the SDK raises for the whole upload at the first bad value.

``split``, ``tag`` and ``captureDateTime`` are Labelbox's own; ``split`` takes exactly train, valid and test [SDK 7.17].
Custom fields must exist in the organisation; those of texts or numbers are made when the plan is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from to_labelbox_formats.labelbox.importing.plan import DataRow

MAX_NAME, MAX_TEXT = 100, 4096
SPLITS = ("train", "valid", "test")
SHOWN = 10


class Field(Struct):
    """A field that rows use: what its values are, and the first row of each kind of value."""

    count: int = 0
    kinds: set[str] = set()
    values: dict[str, str] = {}


class Metadata(Struct):
    """``create``: kind by name of custom fields that do not exist. ``problems`` end the import before it begins."""

    create: dict[str, str] = {}
    problems: list[str] = []


def used_fields(rows: Iterator[DataRow]) -> dict[str, Field]:
    """The metadata fields that rows use, by name or schema id."""
    fields: dict[str, Field] = {}
    for row in rows:
        for given in row.metadata_fields:
            name = str(given.get("name") or given.get("schema_id") or "")
            field = fields.setdefault(name, Field())
            field.count += 1
            value = given.get("value")
            field.kinds.add(_kind(value))
            if len(field.values) <= 1000:
                field.values.setdefault(str(value), row.global_key)
            elif _kind(value) == "string" and len(str(value)) > MAX_TEXT:
                field.values[str(value)] = row.global_key
    return fields


def check(fields: dict[str, Field], known: list[dict[str, Any]]) -> Metadata:
    """Hold the fields against those of the organisation."""
    by_name = {f["name"]: f for f in known} | {f["id"]: f for f in known}
    found = Metadata()
    for name, field in fields.items():
        there = by_name.get(name)
        if there is None and name == "split":
            there = {"kind": "enum", "options": dict.fromkeys(SPLITS, "")}
            found.problems.append("metadata field 'split' is Labelbox's own, but the organisation does not have it")
        if there is None:
            _new(name, field, found)
            continue
        for value, key in field.values.items():
            if problem := _value_problem(there, value):
                found.problems.append(f"metadata field {name!r} of {key!r}: {problem}")
                break
    return found


def _new(name: str, field: Field, found: Metadata) -> None:
    if not name.strip() or len(name) > MAX_NAME:
        found.problems.append(f"metadata field {name[:40]!r}: a name has 1 to {MAX_NAME} characters")
    elif field.kinds == {"number"}:
        found.create[name] = "number"
    else:
        found.create[name] = "string"
        for value, key in field.values.items():
            if len(value) > MAX_TEXT:
                found.problems.append(f"metadata field {name!r} of {key!r}: more than {MAX_TEXT} characters")
                break


def _value_problem(there: dict[str, Any], value: str) -> str:
    kind, options = there["kind"], there["options"]
    if kind == "enum" and value not in options and value not in options.values():
        return f"{value[:60]!r} is none of its options ({', '.join(list(options)[:SHOWN])}): convert with another --split-metadata name, or add it in Labelbox"
    if kind == "number" and not _is_number(value):
        return f"{value[:60]!r} is no number, as Labelbox wants for it"
    if kind == "string" and len(value) > MAX_TEXT:
        return f"more than {MAX_TEXT} characters"
    if kind == "datetime" and not _is_time(value):
        return f"{value[:60]!r} is no time of ISO 8601 (2024-05-31T12:00:00Z), as Labelbox wants for it"
    return ""


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else "string"


def _is_number(value: str) -> bool:
    try:
        return float(value) == float(value)
    except ValueError:
        return False


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
