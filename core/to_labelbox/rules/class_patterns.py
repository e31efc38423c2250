"""``--include`` and ``--exclude`` against the names that there are: what matches none of them is told, with the nearest."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from to_labelbox.model.text import matches
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.rules.class_map import ClassMap
from to_labelbox.rules.settings import Settings


def check_patterns(settings: Settings, names: Collection[str], log: Log) -> None:
    """Warn of each pattern that matches no name. Raises :class:`UsageError` when nothing is left to include."""
    given = [*(("--include", p) for p in settings.include), *(("--exclude", p) for p in settings.exclude)]
    if not given or not names:
        return
    unmatched = [(option, p) for option, p in given if not any(matches(name, p) for name in names)]
    said = [
        f"{option} {pattern!r} matches no class{_nearest(option, pattern, names, settings.class_map)}"
        for option, pattern in unmatched
    ]
    if settings.include and all(("--include", pattern) in unmatched for pattern in settings.include):
        raise UsageError("; ".join(said[: len(settings.include)]) + ": nothing would be left")
    for message in said:
        log.note(Code.OPTION_UNMATCHED, message)


def _nearest(option: str, pattern: str, names: Collection[str], rules: ClassMap | None) -> str:
    """What was probably meant: the new name of a class, several patterns, or a name that is alike."""
    from difflib import get_close_matches  # slow to load, and a mistake is rare

    if rules is not None and pattern in rules.classes:
        new = ", ".join(map(repr, sorted(rules.new_names(pattern))))
        return f"; the class map {f'calls it {new}, and patterns go by its names' if new else 'leaves it out'}"
    parts = [part.strip() for part in pattern.split(",")]
    if len(parts) > 1 and any(matches(name, part) for part in parts for name in names):
        return f"; for several classes the option is repeated: {' '.join(f'{option} {shlex.quote(p)}' for p in parts)}"
    lower = {name.lower(): name for name in names}
    near = [lower[match] for match in get_close_matches(pattern.lower(), lower, 3)]
    if near:
        return f"; nearest: {', '.join(map(repr, near))}"
    shown = sorted(names)[:10]
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return f"; there are: {', '.join(map(repr, shown))}{more}"
