"""The comparison from Python: an output folder beside exports of the target's service."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from to_labelbox.conversion.output_folder import refuse_pipes
from to_labelbox.plugins.registry import writer
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.option import as_path, checked

if TYPE_CHECKING:  # loaded when something is compared
    from to_labelbox.plugins.comparer import CompareReport


def compare(
    out: str | os.PathLike[str],
    *exports: str | os.PathLike[str],
    projects: Sequence[str] = (),
    tolerance: float = 0.01,
    first: int = 0,
    listener: Callable[[int, int], None] | None = None,
) -> CompareReport:
    """Hold an output folder of ``convert`` or ``batch`` against exports of the projects that it was imported into.

    Every annotation that was written is found, different, or missing in the exports; ``OUT/compare.json`` and
    ``OUT/compare.ndjson`` say which, with its source. ``projects`` are ids or names, where an export holds several;
    ``tolerance`` is in pixels; ``first`` compares an import of the first rows. ``listener(done, rows)`` hears how far it is.
    Raises :class:`UsageError` for what is no output or no export.
    """
    from to_labelbox.plugins.comparer import CompareOptions

    if not exports:
        raise UsageError("give an export of the project: a file of NDJSON or JSON")
    given = {"projects": (projects,) if isinstance(projects, str) else projects, "tolerance": tolerance, "first": first}
    options = CompareOptions(**checked(CompareOptions, given))
    found = writer().service.comparer
    if found is None:
        raise UsageError(f"the format {writer().name} compares nothing")
    place = as_path(out, "out")
    refuse_pipes(place)
    return found()(place, [as_path(e, "export") for e in exports], options, listener or (lambda done, rows: None))
