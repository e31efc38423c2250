"""The rows of a table: their cells, and a row as the flat record that JSON-MIN would hold."""

from __future__ import annotations

import ast
import csv
import io
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from to_labelbox.report.errors import FileError

_PYTHON_DICTS = ("[{'", "{'")
_LONGEST_LITERAL = 1 << 20


def table_row(data: bytes, separator: str) -> list[str]:
    """The cells of one record. Raises :class:`FileError`."""
    try:
        text = data.decode("utf-8-sig")
        csv.field_size_limit(sys.maxsize)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except UnicodeDecodeError:
        raise FileError("is no readable row: it is not written in UTF-8; save the table as UTF-8") from None
    except csv.Error:
        raise FileError("is no readable row: its quotes or separators do not fit; export it again") from None
    return rows[0] if rows else []


def flat_row(header: Sequence[str], cells: list[str]) -> dict[str, Any]:
    """A row as the record that JSON-MIN would hold: cells with a list or object are JSON, empty ones are left out.

    Tables that a script has saved again hold them as Python writes them.
    """
    record: dict[str, Any] = {}
    for name, cell in zip(header, cells):
        if not cell:
            continue
        record[name] = cell
        if cell[0] in "[{":
            try:
                record[name] = msgspec.json.decode(cell)
            except (ValueError, RecursionError):
                record[name] = _python_literal(cell)
    return record


def _python_literal(cell: str) -> Any:
    """Lists and dictionaries of a cell as Python writes them; the cell itself where it holds none."""
    if not cell.startswith(_PYTHON_DICTS) or len(cell) > _LONGEST_LITERAL:
        return cell
    try:
        return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return cell
