"""`to-labelbox convert`"""

from __future__ import annotations

import sys
from typing import Any

import click

from to_labelbox.api.conversion import convert as run
from to_labelbox.cli import COMMANDS, Command
from to_labelbox.cli.closing import closing, tell_failed
from to_labelbox.cli.common import options_of, output_options, source_argument
from to_labelbox.cli.progress import bar, fetched
from to_labelbox.cli.speech import tell, width
from to_labelbox.conversion.options import OutputOptions
from to_labelbox.report.report import FailOn


@click.command(cls=Command, short_help=COMMANDS["convert"])
@source_argument
@options_of(OutputOptions)
@output_options
def convert(
    source: tuple[str, ...],
    out: str | None,
    fail_on: frozenset[FailOn],
    dry_run: bool,
    progress: bool | None,
    quiet: bool,
    **given: Any,
) -> int:
    """Convert a dataset into what Labelbox's ground-truth import takes.

    SOURCE is a file, a folder, a zip or gz, here or in the cloud (s3://, gs://, az://, https://); or several files of one
    set (COCO instances + keypoints + captions).
    OUT gets annotations.ndjson, index.ndjson (from each line back to the source), data_rows.ndjson, ontology.json and
    report.json; where nothing can be converted, report.json alone.

    \b
    to-labelbox convert instances_val2017.json -o out --url-prefix https://bucket.s3.amazonaws.com/val2017
    to-labelbox convert instances_val2017.json person_keypoints_val2017.json captions_val2017.json -o out
    to-labelbox convert export.json -o out --geometry bbox --include 'car*' --fail-on skipped
    """
    if out is None and not dry_run:
        raise click.UsageError("give an output folder with -o OUT, or --dry-run to see what would happen")
    paths = fetched(source, quiet)
    with bar(progress, quiet) as advance:
        report = run(paths, None if dry_run else out, progress=advance, **given)
    code = report.exit_code(fail_on)
    if not quiet:
        tell(closing(report, None if dry_run else out, width(sys.stderr)))
    tell_failed(report, fail_on)
    return code
