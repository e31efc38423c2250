"""`to-labelbox validate`"""

from __future__ import annotations

import os
import shlex

import click

from to_labelbox.api.validation import faults
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.speech import say, tell
from to_labelbox.model.text import cut


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
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code says it.")
def validate(path: str, ontology: str | None, media_root: str | None, limit: int, quiet: bool) -> int:
    """Check an output folder of convert or batch, or FILE.ndjson with --ontology FILE, by Labelbox's rules.

    Exit code 1 on any fault.
    """
    if not os.path.exists(path):
        raise click.UsageError(f"{path}: no such file or folder")
    found = 0
    for fault in faults(path, ontology, media_root):
        found += 1
        if not quiet and found <= limit:
            say(cut(str(fault), 4000))
    if not quiet:
        more = f" (the first {limit} shown)" if found > limit else ""
        tell(f"{found} fault{'' if found == 1 else 's'}{more}" if found else f"{path}: no faults")
        if not found and os.path.isfile(os.path.join(path, "data_rows.ndjson")):
            tell(f"next: to-labelbox preview {shlex.quote(path)} --media-root DIR")
    return 1 if found else 0
