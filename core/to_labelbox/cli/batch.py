"""`to-labelbox batch`"""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from to_labelbox.batches.batch import BatchOptions
from to_labelbox.batches.batch import batch as run
from to_labelbox.batches.find_datasets import discover, none_found
from to_labelbox.cli import COMMANDS, Command
from to_labelbox.cli.closing import batch_closing, tell_failed
from to_labelbox.cli.common import options_of, output_options, resumable
from to_labelbox.cli.progress import batch_display, fetched
from to_labelbox.cli.speech import tell, width
from to_labelbox.model.text import display
from to_labelbox.report.report import FailOn


@click.command(cls=Command, short_help=COMMANDS["batch"])
@click.argument("root", type=click.Path())
@options_of(BatchOptions)
@output_options
def batch(
    root: str,
    out: str | None,
    fail_on: frozenset[FailOn],
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    **given: Any,
) -> int:
    """Convert every dataset below a folder, all with one ontology.

    Datasets are found by looking; each is written to OUT/<its path below ROOT>, the ontology of all and the report to OUT.

    \b
    to-labelbox batch exports --dry-run
    to-labelbox batch exports -o out --workers 8 --resume
    to-labelbox batch exports -o out --datasets 'cvat/*' --from cvat
    """
    (root,) = fetched([root], quiet)
    if out is None and not dry_run:
        raise click.UsageError("give an output folder with -o OUT, or --dry-run to see what would come of it")
    if dry_run:
        every = discover(root, given["format"], given["datasets"], out)
        if not any(found.format for found in every):
            raise none_found(root, given["format"], given["datasets"], every)
        for found in every:
            click.echo(f"{display(found.path)}\t{found.format or '-'}\t{display(found.problem or found.reason)}")
        out = None
    with resumable(), batch_display(progress, quiet) as listener:
        report = run(root, out, progress=listener, **given)
    if given["shard"] is not None:
        if not quiet:
            for row in report.datasets:
                if row.problem:
                    tell(f"error    {display(row.path)}: {display(row.problem)}")
            tell(
                "shard {}/{} is done; when all are: to-labelbox merge {} (and the folders of the others, where each has its own)".format(
                    *given["shard"], shlex.quote(out or "")
                )
            )
        return 0
    if not quiet:
        tell(batch_closing(report, out, width(sys.stderr)))
    tell_failed(report, fail_on)
    return report.exit_code(fail_on)
