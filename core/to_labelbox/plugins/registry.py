"""The plug-in contract: what a reader and a writer are, how they are found, how a source is recognised.

A format is a record of functions, named by an entry point in the group ``to_labelbox.readers`` or
``to_labelbox.writers``; built-in formats are found exactly as a third party's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.writer import Writer
from to_labelbox.report.errors import UsageError


class Registry(dict[str, Any]):
    """Formats by name; a plug-in that cannot be imported is kept as its error and named when it is asked for."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}
        for point in sorted(entry_points(group=group), key=lambda p: p.name):
            try:
                self[point.name] = point.load()
            except Exception as error:  # a third party's import may fail in any way
                self.broken[point.name] = f"{type(error).__name__}: {error}"


@cache
def readers() -> Mapping[str, Reader]:
    """All installed readers by name."""
    return Registry("to_labelbox.readers")


@cache
def writers() -> Mapping[str, Writer]:
    """All installed writers by name."""
    return Registry("to_labelbox.writers")


def reader(name: str) -> Reader:
    """The reader of that name. Raises :class:`UsageError` naming those there are."""
    table = readers()
    if name in table:
        return table[name]
    broken = getattr(table, "broken", {})
    if name in broken:
        raise UsageError(f"format {name!r} is installed but cannot be loaded: {broken[name]}")
    raise UsageError(f"no format {name!r}; there are: {', '.join(table)}")


def describe(names: Sequence[str] = ()) -> list[Reader]:
    """The readers of those names, or all of them."""
    return [reader(n) for n in names] if names else list(readers().values())


def writer(name: str = "labelbox") -> Writer:
    """The writer of that name. Raises :class:`UsageError` naming those there are."""
    table = writers()
    if name not in table:
        raise UsageError(f"no target {name!r}; there are: {', '.join(table)}")
    return table[name]
