"""Installed distributions, read from the folders in which installers note them.

``importlib.metadata`` takes a sixth of the start of a small conversion to load; it is the long way, taken where modules
may come from anything but folders.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from typing import NamedTuple

_SEPARATORS = re.compile("[-_.]+")


class Distribution(NamedTuple):
    """``name`` in its normal form, lower case with hyphens; ``folder`` holds what the installer noted."""

    name: str
    version: str
    folder: str


@cache
def distributions() -> tuple[Distribution, ...] | None:
    """In the order of the path, the first of each name; None where only the standard library can tell."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    path = [entry or "." for entry in sys.path if isinstance(entry, str)]  # others are ignored by imports too
    if any(getattr(finder, "__module__", "") != "_frozen_importlib_external" for finder in finders):
        return None
    if any(entry.endswith(".egg") or os.path.isfile(entry) for entry in path):
        return None
    found: dict[str, Distribution] = {}
    for entry in path:
        try:
            names = os.listdir(entry)
        except OSError:
            continue
        for name in names:
            stem, _, kind = name.rpartition(".")
            if kind in ("dist-info", "egg-info"):
                project, _, version = stem.partition("-")
                project = _SEPARATORS.sub("-", project).lower()
                found.setdefault(project, Distribution(project, version, os.path.join(entry, name)))
    return tuple(found.values())


def version_of(name: str) -> str:
    """The version of an installed distribution; ``name`` is in its normal form."""
    for distribution in distributions() or ():
        if distribution.name == name and distribution.folder.endswith(".dist-info"):
            return distribution.version
    from importlib.metadata import version

    return version(name)
