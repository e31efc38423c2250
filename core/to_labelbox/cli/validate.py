"""`to-labelbox validate`"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import click

from to_labelbox.api.validation import faults
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.progress import check_bar
from to_labelbox.cli.speech import say, tell
from to_labelbox.model.text import cut, n_of
from to_labelbox.plugins.writer import Fault
from to_labelbox.report.codes import Severity
from to_labelbox.source.missing import no_such_path

ADVICE_SHOWN = 20
"""Warnings and hints to print."""
ALIKE_SHOWN = 5
"""Faults to print of those with one message, so that they hide no other."""


@click.command(
    short_help=COMMANDS["validate"],
    epilog="""\b
Examples:
  to-labelbox validate out
  to-labelbox validate out --media-root images --max 20
  to-labelbox validate annotations.ndjson --ontology ontology.json
""",
)
@click.argument("path", type=click.Path())
@click.option("--ontology", type=click.Path(), help="Ontology of a single NDJSON file.")
@click.option(
    "--media-root", type=click.Path(), help="Folder of the pictures: compare masks and coordinates with them."
)
@click.option("--max", "limit", type=click.IntRange(1), default=100, show_default=True, help="Faults to print.")
@click.option("--progress/--no-progress", default=None, help="Show how far it is; by default when it takes long.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code says it.")
def validate(
    path: str, ontology: str | None, media_root: str | None, limit: int, progress: bool | None, quiet: bool
) -> int:
    """Check an output folder of convert or batch, or FILE.ndjson with --ontology FILE, by Labelbox's rules.

    Exit code 1 on any fault. A warning or a hint is none: it is about what Labelbox takes, but advises against.
    """
    if not os.path.exists(path):
        raise no_such_path(path)
    found, advice = _Printed(limit), _Printed(ADVICE_SHOWN)
    with check_bar(progress, quiet) as meter:
        for fault in faults(path, ontology, media_root, meter):
            printed = found if fault.severity is Severity.ERROR else advice
            if printed.takes(fault) and not quiet:
                if meter is not None:
                    meter.hide()
                say(cut(str(fault), 4000))
    if not quiet:
        for line in (*found.alike(), *advice.alike()):
            say(cut(line, 4000))
        said = f"{n_of(found.count, 'fault')}{found.of_all()}" if found.count else f"{path}: no faults"
        if advice.count:
            said += f"; {n_of(advice.count, 'warning or hint', 'warnings or hints')}{advice.of_all()}"
        tell(said)
        if not found.count and os.path.isfile(os.path.join(path, "data_rows.ndjson")):
            media = f" --media-root {shlex.quote(media_root)}" if media_root else ""
            tell(f"next: to-labelbox preview {shlex.quote(path)}{media}")
    return 1 if found.count else 0


class _Printed:
    """Which faults are printed: up to ``limit``, of one message up to :data:`ALIKE_SHOWN`; and how many there are."""

    def __init__(self, limit: int) -> None:
        self.count = self._shown = 0
        self._limit = limit
        self._messages: dict[str, int] = {}

    def takes(self, fault: Fault) -> bool:
        self.count += 1
        alike = self._messages.get(fault.message, 0)
        shown = alike < ALIKE_SHOWN and self._shown < self._limit
        self._shown += shown
        if shown or alike:
            self._messages[fault.message] = alike + 1
        return shown

    def alike(self) -> Iterator[str]:
        """How often each message came that was not printed each time."""
        for message, count in self._messages.items():
            if count > ALIKE_SHOWN:
                yield f"×{count:,} in all: {message}"

    def of_all(self) -> str:
        return f" ({self._shown:,} shown)" if self._shown < self.count else ""
