"""`to-labelbox validate`"""

from __future__ import annotations

import os
import shlex

import click

from to_labelbox.api.validation import faults
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.progress import check_bar
from to_labelbox.cli.speech import say, tell
from to_labelbox.model.text import cut, n_of
from to_labelbox.report.codes import Severity
from to_labelbox.source.missing import no_such_path

ADVICE_SHOWN = 20
"""Warnings and hints to print."""


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
    found = advice = 0
    with check_bar(progress, quiet) as meter:
        for fault in faults(path, ontology, media_root, meter):
            if fault.severity is Severity.ERROR:
                found += 1
                shown = found <= limit
            else:
                advice += 1
                shown = advice <= ADVICE_SHOWN
            if not quiet and shown:
                if meter is not None:
                    meter.hide()
                say(cut(str(fault), 4000))
    if not quiet:
        more = f" (the first {limit} shown)" if found > limit else ""
        said = f"{n_of(found, 'fault')}{more}" if found else f"{path}: no faults"
        if advice:
            more = f" (the first {ADVICE_SHOWN} shown)" if advice > ADVICE_SHOWN else ""
            said += f"; {n_of(advice, 'warning or hint', 'warnings or hints')}{more}"
        tell(said)
        if not found and os.path.isfile(os.path.join(path, "data_rows.ndjson")):
            media = f" --media-root {shlex.quote(media_root)}" if media_root else ""
            tell(f"next: to-labelbox preview {shlex.quote(path)}{media}")
    return 1 if found else 0
