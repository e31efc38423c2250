"""`to-labelbox import`"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from to_labelbox.api.import_out import importer, make_import_options
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import options_of
from to_labelbox.cli.dialogue import Terminal
from to_labelbox.cli.speech import say, tell
from to_labelbox.plugins.importer import ImportOptions
from to_labelbox.report.errors import RefusedError
from to_labelbox.report.interruption import Interrupted


@click.command(
    "import",
    short_help=COMMANDS["import"],
    epilog="""\b
Examples:
  to-labelbox import out --project yard --dry-run
  to-labelbox import out --project yard --media-root images
  to-labelbox import out --project trial --first 10 --yes
  to-labelbox import out --project-id clx0abc --existing-rows use
  to-labelbox import out --status

\b
Exit codes: 0 all is imported · 1 something failed or was refused · 2 wrong usage · 3 nothing to import
            4 not allowed · 5 no answer: run the same command again · 130 interrupted
""",
)
@click.argument("out", type=click.Path())
@options_of(ImportOptions)
@click.option("--status", is_flag=True, help="Say how far the import is, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--progress/--no-progress", default=None, help="Show how far it is.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and questions.")
@click.option("--debug", is_flag=True, help="Print where an answer that the SDK does not know came up.")
def import_(
    out: str, status: bool, as_json: bool, progress: bool | None, quiet: bool, debug: bool, **given: Any
) -> int:
    """Import an output folder of convert or batch: data rows, ontology, project, batches, annotations.

    The plan is shown first, and nothing is sent before it is accepted. The same command again goes on where it was
    interrupted. The key is read from LABELBOX_API_KEY, or asked for.

    \b
    export LABELBOX_API_KEY=…
    to-labelbox import out --project yard
    """
    options = make_import_options(out, **given)
    talk = Terminal(options.yes, progress, quiet)
    try:
        run = importer().status if status else importer().run
        report = run(out, options, talk)
    except RefusedError as refused:
        for line in refused.trace if debug else ():
            tell(line)
        raise
    except Interrupted as interrupted:
        interrupted.resume = "the same command goes on where it was"
        raise
    finally:
        talk.end()
    if as_json:
        content = msgspec.to_builtins(report)
        content.pop("text")
        say(msgspec.json.format(msgspec.json.encode(content), indent=1).decode())
    elif not quiet:
        say(report.text)
        if report.state == "finished" and not status:
            tell(_SEEN[options.mode])
    return report.exit_code()


_SEEN = {
    "labels": "In Labelbox the rows stand under Done, as ground truth. An export shows them some seconds later.",
    "prelabels": "In Labelbox the rows stand under To label, with these annotations shown as predictions.",
}
