"""Entry points of plug-ins, read from where installers write them: one small file a distribution, and no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any

from to_labelbox.report.installed import distributions

_OURS = "to_labelbox."


def load(value: str) -> Any:
    """The object that ``package.module:name.name`` means."""
    module, _, names = value.partition("[")[0].partition(":")
    found = import_module(module.strip())
    return attrgetter(names.strip())(found) if names.strip() else found


def values(group: str) -> dict[str, str]:
    """What the entry points of a group of this project name, by name, in the order of names."""
    found = written(group)
    return dict(sorted(dict(by_metadata(group) if found is None else found).items()))


def by_metadata(group: str) -> list[tuple[str, str]]:
    """The long way: (name, value), as the standard library finds them."""
    from importlib.metadata import entry_points

    return [(point.name, point.value) for point in entry_points(group=group)]


def written(group: str) -> list[tuple[str, str]] | None:
    """The short way: the same from the installers' files; None where there may be others."""
    found = _written()
    return None if found is None else [(name, value) for own, name, value in found if own == group]


@cache
def _written() -> list[tuple[str, str, str]] | None:
    installed = distributions()
    if installed is None:
        return None
    return [point for d in installed for point in _read(os.path.join(d.folder, "entry_points.txt"))]


def _read(path: str) -> Iterator[tuple[str, str, str]]:
    """(group, name, value) of this project's groups."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return
    if _OURS not in text:
        return
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line[1:].partition("]")[0].strip()
        elif group.startswith(_OURS) and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield group, name.strip(), value.strip()
