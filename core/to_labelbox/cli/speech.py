"""What the commands print, for terminals and logs: results to stdout, all else to stderr.

On a terminal, words that say how grave a line is have colours, and long lines of that kind are broken between words;
nothing of it goes into a file or a pipe, or anywhere where NO_COLOR is set (https://no-color.org).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import click

from to_labelbox.model.text import cut, display_lines, pattern

_COLORS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "Error:": {"fg": "red", "bold": True},
    "to-labelbox:": {"fg": "red", "bold": True},
    "suspicious": {"fg": "red", "bold": True},
    "failed": {"fg": "red", "bold": True},
    "nothing": {"fg": "red", "bold": True},
    "partly": {"fg": "yellow"},
    "no labels": {"fg": "yellow"},
    "warning": {"fg": "yellow", "bold": True},
    "note": {"fg": "cyan"},
    "hint": {"fg": "cyan"},
    "assumed": {"fg": "magenta"},
    "unread": {"fg": "magenta"},
    "next:": {"fg": "green", "bold": True},
    "wrote": {"fg": "green"},
}
_FIRST = pattern(r"(error|warning|note|hint|assumed|unread|suspicious|next:|wrote|to-labelbox:|Error:)(?= )")
_LAST = pattern(r"(?<=  )(failed|nothing|partly|no labels)$")
_WITHIN = pattern(r"(?<=: )(warning|hint)(?=: )")
_CODE = pattern(r"(?:error|warning|note) +([a-z0-9-]+)(?=: | ×)")
_WRAPPED = pattern(r"(error|warning|note|assumed|unread) +")
INDENT = " " * 9
LONGEST = 20_000
"""Characters of a line that is no result: names can be of any length."""


def tell(text: str) -> None:
    """Say something beside the result, long lines cut. Whether anybody listens decides nothing."""
    shown = "\n".join(cut(line, LONGEST) for line in display_lines(text).split("\n"))
    with suppress(OSError):
        print(_dressed(shown, sys.stderr), file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print a result."""
    click.echo(_dressed(display_lines(text), sys.stdout), color=True)


def width(stream: TextIO) -> int:
    """Columns of the terminal behind a stream, 0 where there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):
        return 0


def _dressed(text: str, stream: TextIO) -> str:
    columns = width(stream)
    if not columns:
        return text
    lines = [part for line in text.split("\n") for part in _broken(line, columns)]
    return "\n".join(map(_colored, lines) if _takes_color() else lines)


def _takes_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _broken(line: str, columns: int) -> list[str]:
    """A line of a kind that holds a sentence in pieces that fit; what is there to be copied stays whole."""
    if len(line) <= columns or not _WRAPPED.match(line):
        return [line]
    import textwrap  # where there is no terminal, nobody needs it

    return textwrap.wrap(
        line, columns, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _linked(line: str) -> str:
    """The code that begins a line as a link to what it means, where the documents have an address.

    Written as OSC 8, which terminals that have no links pass over.
    """
    found = _CODE.match(line)
    if found is None:
        return line
    from to_labelbox.report.codes import Code
    from to_labelbox.report.documentation import code_page, site

    if found[1] not in list(Code) or not site():
        return line
    start, stop = found.span(1)
    return f"{line[:start]}\x1b]8;;{code_page(found[1])}\x1b\\{found[1]}\x1b]8;;\x1b\\{line[stop:]}"


def _colored(line: str) -> str:
    line = _linked(line)
    for place in (_FIRST.match(line), _WITHIN.search(line), _LAST.search(line)):
        if place is not None:
            line = line[: place.start()] + click.style(place[0], **_COLORS[place[0]]) + line[place.end() :]
    return line
