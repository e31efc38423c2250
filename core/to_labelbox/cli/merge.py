"""`to-labelbox merge`"""

from __future__ import annotations

import sys

import click

from to_labelbox.batches.batch import merge as run
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.closing import batch_closing
from to_labelbox.cli.progress import batch_display
from to_labelbox.cli.speech import tell, width


@click.command(short_help=COMMANDS["merge"])
@click.argument("outs", nargs=-1, required=True, metavar="OUT...", type=click.Path())
@click.option("-o", "--out", type=click.Path(), metavar="OUT", help="Where the result goes; by default the first OUT.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--progress/--no-progress", default=None, help="Show how far it is; by default when it takes long.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def merge(outs: tuple[str, ...], out: str | None, workers: int, progress: bool | None, quiet: bool) -> int:
    """Publish a batch that several machines have shared.

    The result has the same bytes as that of one machine.

    \b
    to-labelbox batch exports -o shared/out --shard 1/2     on one machine
    to-labelbox batch exports -o shared/out --shard 2/2     on another
    to-labelbox merge shared/out                            when both are done
    """
    with batch_display(progress, quiet) as listener:
        report = run(outs, out, workers=workers, progress=listener)
    if not quiet:
        tell(batch_closing(report, out or outs[0], width(sys.stderr)))
    return report.exit_code()
