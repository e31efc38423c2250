"""What the beginning of a file tells: how its records are strung together, and the names in the first of them."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from to_labelbox.model.text import pattern
from to_labelbox.report.errors import FileError
from to_labelbox.source.json_head import first_keys

UNDECODABLE = (ValueError, RecursionError)
"""What msgspec raises on bytes that do not fit: DecodeError and UnicodeDecodeError are ValueErrors."""
_KEYED = pattern(rb'\{\s*"\d{1,18}"\s*:\s*(?=\{)')
"""How a project of the first versions keeps its tasks: by their numbers."""
_TASKS_IN = pattern(rb'"tasks"\s*:\s*(?=\[)')
_STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_RECORD = frozenset("data result annotations completions predictions annotation".split())
_TOKEN = pattern(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]|"', re.DOTALL)


class FileShape(Enum):
    """How the tasks of a file are strung together."""

    ARRAY = "array"
    WRAPPED = "object with a list of tasks"
    KEYED = "object of tasks by number"
    SINGLE = "object"
    LINES = "lines"
    CSV = "csv"
    TSV = "tsv"
    SEMICOLONS = "csv with semicolons"


class FileForm(Enum):
    """What the records of a file are."""

    TASKS = "tasks"
    FLAT = "flat records"
    ANNOTATION = "annotations with their task"
    PAYLOAD = "payloads of a webhook"


TABLES = {FileShape.CSV: ",", FileShape.TSV: "\t", FileShape.SEMICOLONS: ";"}
"""What separates the cells of a table; the TSV export of the server is a file named ``.csv``."""


class FileHead(NamedTuple):
    """``text``: from the first record on; ``names``: its keys, or the columns of a table.

    ``around``: keys of the object that holds the list of tasks.
    """

    shape: FileShape | None
    text: bytes
    names: frozenset[str] = frozenset()
    around: Sequence[str] = ()

    @property
    def record_goes_on(self) -> bool:
        """Whether a first record that may be one of Label Studio is longer than the head."""
        if self.shape in (FileShape.ARRAY, FileShape.WRAPPED):
            depth = 0
            for token in _TOKEN.finditer(self.text):
                depth += (step := _STEPS.get(token.group(), 0))
                if step < 0 and depth < 2:
                    return False
            return True
        return self.shape is not None and self.shape not in TABLES and bool({"result", "annotation"} & self.names)


def read_head(name: str, head: bytes) -> FileHead:
    """What the first bytes of a file tell. Raises :class:`FileError`."""
    shape = shape_of(name, head)
    if shape is None:
        return FileHead(None, head)
    if shape in TABLES:
        return FileHead(shape, head, frozenset(table_row(head.partition(b"\n")[0], TABLES[shape])))
    found = _KEYED.search(head) if shape is FileShape.KEYED else None
    text = head[found.end() :] if found else head
    names = list(first_keys(text))
    if shape in (FileShape.SINGLE, FileShape.LINES) and _RECORD.isdisjoint(names) and (start := list_of_tasks(text)):
        text = text[start:]
        return FileHead(FileShape.WRAPPED, text, frozenset(first_keys(text)), names)
    return FileHead(shape, text, frozenset(names))


def list_of_tasks(text: bytes) -> int:
    """Where the list ``tasks`` of an object begins; 0 when it has none."""
    depth = at = 0
    for found in _TASKS_IN.finditer(text):
        for token in _TOKEN.finditer(text, at, found.start()):
            depth += _STEPS.get(token.group(), 0)
        if depth == 1:
            return found.end()
        at = found.start()
    return 0


def shape_of(name: str, head: bytes) -> FileShape | None:
    """The shape that the name and the first bytes of a file announce."""
    lower = name.lower().removesuffix(".gz")
    if lower.endswith((".csv", ".tsv")):
        header = head.partition(b"\n")[0]
        return max(TABLES, key=lambda shape: header.count(TABLES[shape].encode()))
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"["):
        return FileShape.ARRAY
    if not head.startswith(b"{"):
        return None
    if _KEYED.match(head):
        return FileShape.KEYED
    first, newline, rest = head.partition(b"\n")
    if newline and rest.lstrip()[:1] in (b"{", b""):
        try:
            msgspec.json.decode(first, type=msgspec.Raw)
        except UNDECODABLE:
            return FileShape.SINGLE
        return FileShape.LINES
    return FileShape.SINGLE


def table_row(data: bytes, separator: str) -> list[str]:
    """The cells of one record of a table. Raises :class:`FileError`."""
    import csv  # few files are tables

    try:
        text = data.decode("utf-8-sig")
        csv.field_size_limit(sys.maxsize)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except UnicodeDecodeError:
        raise FileError("is no readable row: it is not written in UTF-8; save the table as UTF-8") from None
    except csv.Error:
        raise FileError("is no readable row: its quotes or separators do not fit; export it again") from None
    return rows[0] if rows else []
