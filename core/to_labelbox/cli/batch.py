"""`to-labelbox batch`"""

from __future__ import annotations

import shlex
from typing import Any

import click

from to_labelbox.batches.find_datasets import discover, none_found
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import batch_closing, conversion_options, output_options, pairs_of, resumable, settings_of
from to_labelbox.cli.progress import batch_display, fetched
from to_labelbox.cli.speech import tell
from to_labelbox.model.text import display
from to_labelbox.report.report import FailOn
from to_labelbox.source.option_file import whole_number


@click.command(short_help=COMMANDS["batch"])
@click.argument("root", type=click.Path())
@conversion_options
@output_options
@click.option("--datasets", multiple=True, metavar="GLOB", help="Only datasets whose path below ROOT matches.")
@click.option(
    "--resume", is_flag=True, help="Do only what is missing, new or changed, after an interruption or a finished run."
)
@click.option("--shard", metavar="I/N", help="Do the I-th of N shares; `merge` publishes when all are done.")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Dask cluster (extra dask).",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler; without it, a local cluster.")
def batch(
    root: str,
    out: str | None,
    datasets: tuple[str, ...],
    shard_lines: int | None,
    index: bool,
    fail_on: frozenset[FailOn],
    file_timeout: float,
    resume: bool,
    shard: str | None,
    engine: str,
    scheduler: str | None,
    dry_run: bool,
    overwrite: bool,
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
    if dry_run:
        every = discover(root, given["format"], datasets, out)
        if not any(found.format for found in every):
            raise none_found(root, given["format"], datasets, every)
        for found in every:
            click.echo(f"{display(found.path)}\t{found.format or '-'}\t{display(found.problem or found.reason)}")
        return 0
    if out is None:
        raise click.UsageError("give an output folder with -o OUT, or --dry-run to see what there is")
    share = _share(shard)
    from to_labelbox.batches.batch import batch as run

    with resumable(), batch_display(progress, quiet) as listener:
        report = run(
            root,
            out,
            format=given["format"],
            datasets=datasets,
            options=pairs_of(given["options"]),
            settings=settings_of(given),
            ontology=given["ontology"],
            media_root=given["media_root"],
            sizes=given["sizes"],
            exif=given["exif"] == "auto",
            on_error=given["on_error"],
            shard_lines=shard_lines or 0,
            index=index,
            workers=given["workers"],
            file_timeout=file_timeout,
            overwrite=overwrite,
            resume=resume,
            shard=share,
            engine=engine,
            scheduler=scheduler,
            progress=listener,
        )
    if share is not None:
        if not quiet:
            failed = [row for row in report.datasets if row.problem]
            for row in failed:
                tell(f"error    {display(row.path)}: {display(row.problem)}")
            tell(f"shard {shard} is done; when all are: to-labelbox merge {shlex.quote(out)}")
        return 0
    if not quiet:
        tell(batch_closing(report, out))
    return report.exit_code(fail_on)


def _share(shard: str | None) -> tuple[int, int] | None:
    if shard is None:
        return None
    number, slash, of = shard.partition("/")
    share = whole_number(number), whole_number(of)
    if not slash or share[0] is None or share[1] is None:
        raise click.UsageError(f"--shard {shard[:100]}: write it as I/N, for example 1/4")
    return share[0], share[1]
