"""`to-labelbox import`"""

from __future__ import annotations

from typing import Any

import click
import msgspec

from to_labelbox.api.import_out import importer, make_import_options
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.dialogue import Terminal
from to_labelbox.cli.speech import say, tell
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
@click.option("--project", default="", metavar="NAME", help="Name of a new project.")
@click.option("--project-id", default="", metavar="ID", help="An existing project; its ontology must fit.")
@click.option("--dataset", default="", metavar="NAME", help="Name of the new dataset; by default the project's.")
@click.option("--dataset-id", default="", metavar="ID", help="Create the data rows in this dataset.")
@click.option("--ontology", default="", metavar="NAME", help="Name of the new ontology; by default the project's.")
@click.option("--ontology-id", default="", metavar="ID", help="Use this ontology.")
@click.option("--media-root", type=click.Path(), help="Folder of the media that are uploaded; nothing else is.")
@click.option("--media-type", default="", metavar="TYPE", help="Of rows that do not say theirs: IMAGE, VIDEO, …")
@click.option(
    "--existing-rows",
    type=click.Choice(["fail", "use"]),
    default="fail",
    show_default=True,
    help="When global keys are taken already: stop, or import onto these rows.",
)
@click.option(
    "--as",
    "mode",
    type=click.Choice(["labels", "prelabels"]),
    default="labels",
    show_default=True,
    help="Ground truth, or predictions that labelers see.",
)
@click.option("--first", type=click.IntRange(1), metavar="N", help="Only the first N data rows: a trial of its own.")
@click.option("--dry-run", is_flag=True, help="Print the plan and send nothing; with a key, ask what is there.")
@click.option("-y", "--yes", is_flag=True, help="Answer every question with yes.")
@click.option("--batch-size", type=int, default=100_000, show_default=True, metavar="N", help="Rows a batch.")
@click.option("--lines-per-job", type=int, default=10_000, show_default=True, metavar="N", help="Lines an import job.")
@click.option("--upload-threads", type=int, default=8, show_default=True, metavar="N", help="Uploads at once.")
@click.option("--iam", default="none", show_default=True, metavar="none|default|ID", help="Who signs private URLs.")
@click.option("--priority", type=int, default=5, show_default=True, metavar="1..5", help="Of the batches; 1 is first.")
@click.option("--endpoint", metavar="URL", help="Another GraphQL endpoint than Labelbox's.")
@click.option(
    "--on-error",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="When media are missing: stop before anything is sent, or leave their rows out.",
)
@click.option("--status", is_flag=True, help="Say how far the import is, and change nothing.")
@click.option("--retry-failed", is_flag=True, help="Import whole data rows again of which a line has failed.")
@click.option("--restart", is_flag=True, help="Forget the import that was begun; all is made a second time.")
@click.option("--clean-left-overs", is_flag=True, help="Delete empty objects that lost answers have left over.")
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
    given["first"] = given["first"] or 0
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
