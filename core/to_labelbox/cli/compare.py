"""`to-labelbox compare`"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from to_labelbox.api.compare_out import compare as run
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import options_of
from to_labelbox.cli.dialogue import Terminal
from to_labelbox.cli.speech import say
from to_labelbox.plugins.comparer import CompareOptions


@click.command(
    short_help=COMMANDS["compare"],
    epilog="""\b
Examples:
  to-labelbox compare out export.ndjson
  to-labelbox compare out export.ndjson --project clx0abc
  to-labelbox compare out trial.ndjson --first 10
  to-labelbox compare batch-out images.ndjson videos.ndjson

\b
Exit codes: 0 all that was sent is there · 1 something is missing, different or doubled · 2 wrong usage
""",
)
@click.argument("out", type=click.Path())
@click.argument("exports", type=click.Path(), nargs=-1, required=True, metavar="EXPORT...")
@options_of(CompareOptions)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--progress/--no-progress", default=None, help="Show how far it is.")
def compare(out: str, exports: tuple[str, ...], as_json: bool, progress: bool | None, **given: Any) -> int:
    """Hold an output folder against an export of the Labelbox project: is every annotation there, and the same?

    OUT is the output folder of convert or batch, EXPORT what Labelbox exports of the project (NDJSON). The table says what
    is the same, different, missing or doubled, by class; OUT/compare.ndjson names each with its place in the source.
    """
    talk = Terminal(True, progress, False)

    def said(done: int, rows: int) -> None:
        talk.progress("comparing", done, rows, "rows")

    try:
        report = run(out, *exports, listener=said, **given)
    finally:
        talk.end()
    say(msgspec.json.format(msgspec.json.encode(report.as_json()), indent=1).decode() if as_json else report.text)
    return report.exit_code()
