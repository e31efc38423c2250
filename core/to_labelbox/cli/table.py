"""Tables of text: of fixed widths in a file or a pipe, as wide as the terminal where there is one."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
LEAST = 12
"""Characters of the first column that are kept on the narrowest terminal."""


class Column(NamedTuple):
    """``width`` holds where there is no terminal. ``both``: of a text that is too long, its start and its end are shown."""

    name: str
    width: int
    left: bool = False
    both: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int = 0, marks: Sequence[str] = ()
) -> list[str]:
    """The lines of a table with its head. ``marks`` stand behind them, one for the head and one a row; ``width``: the terminal's."""
    cells = [[column.name for column in columns], *rows]
    widths = [column.width for column in columns]
    if width:
        needed = [max(cell_width(row[n]) for row in cells) + (0 if n == 0 else GAP) for n in range(len(columns))]
        mark = max(map(cell_width, marks), default=0)
        room = width - sum(needed[1:]) - (mark + GAP if mark else 0)
        widths = [max(LEAST, min(needed[0], room)), *needed[1:]]
    lines = []
    for n, row in enumerate(cells):
        line = "".join(_cell(text, column, size, width > 0) for text, column, size in zip(row, columns, widths))
        mark_text = marks[n] if n < len(marks) else ""
        lines.append(f"{line}  {mark_text}" if mark_text else line.rstrip())
    return lines


def _cell(text: str, column: Column, width: int, tight: bool) -> str:
    if not column.left:
        return " " * (width - cell_width(text)) + text
    lead = " " * GAP if tight and column.name not in ("class", "dataset") else ""
    text = lead + _short(text, width - len(lead) - (0 if tight else 1), column.both)
    return text + " " * (width - cell_width(text))


def _short(text: str, most: int, both: bool) -> str:
    if len(text) <= most and cell_width(text) <= most:
        return text
    room = most - 1
    tail = text[-(room // 2) :] if both and room > 1 else ""
    while cell_width(tail) > room // 2:
        tail = tail[1:]
    head = text[:most]  # a letter takes a column at least
    while head and cell_width(head) > room - cell_width(tail):
        head = head[:-1]
    return f"{head}…{tail}"


def cell_width(text: str) -> int:
    """Columns that a text takes on a terminal: two for each wide letter of East Asia."""
    return len(text) if text.isascii() else sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
