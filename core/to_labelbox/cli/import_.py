"""`to-labelbox import`"""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import msgspec

from to_labelbox.api.import_out import importer, make_import_options
from to_labelbox.cli.speech import say, tell
from to_labelbox.model.text import display
from to_labelbox.report.errors import UsageError
from to_labelbox.report.interruption import Interrupted

LINE_SECONDS = 10.0
"""Without a terminal, it says at this pace how far it is."""


@click.command(
    "import",
    short_help="Import an output folder into Labelbox, resumably.",
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
def import_(out: str, status: bool, as_json: bool, progress: bool | None, quiet: bool, **given: Any) -> int:
    """Import an output folder of convert or batch: data rows, ontology, project, batches, annotations.

    The plan is shown first, and nothing is sent before it is accepted. The same command again goes on where it was
    interrupted. The key is read from LABELBOX_API_KEY, or asked for.

    \b
    export LABELBOX_API_KEY=…
    to-labelbox import out --project yard
    """
    given["first"] = given["first"] or 0
    options = make_import_options(**given)
    talk = _Terminal(options.yes, progress, quiet)
    try:
        run = importer().status if status else importer().run
        report = run(out, options, talk)
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


class _Terminal:
    """The user at a terminal, or nobody: then questions need ``--yes`` and progress is a line now and then."""

    def __init__(self, yes: bool, progress: bool | None, quiet: bool) -> None:
        self._yes, self._quiet = yes, quiet
        self._shown = not quiet and progress is not False
        self._drawn = self._shown and (sys.stderr.isatty() if progress is None else progress)
        self._bar: Any = None
        self._step, self._since, self._said = "", 0.0, 0.0

    def tell(self, text: str) -> None:
        if not self._quiet:
            self.end()
            tell(text)

    def confirm(self, question: str) -> bool:
        self.end()
        if self._yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(f"{display(question)} Nobody can be asked here: --yes answers every question")
        return click.confirm(display(question), default=False, err=True)

    def secret(self, name: str) -> str:
        if not sys.stdin.isatty():
            return ""
        self.end()
        return str(click.prompt(name, hide_input=True, err=True, default="", show_default=False))

    def progress(self, step: str, done: int, total: int, unit: str) -> None:
        if not self._shown:
            return
        if step != self._step:
            self.end()
            self._step, self._since, self._said = step, time.monotonic(), time.monotonic()
        if self._drawn:
            self._draw(step, done, total, unit)
        elif time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            tell(_line(step, done, total, unit, time.monotonic() - self._since))
        if total and done >= total:
            self.end()

    def _draw(self, step: str, done: int, total: int, unit: str) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self._bar is None:
            self._bar = Live(Text(step), transient=True, refresh_per_second=4, console=Console(stderr=True))
            self._bar.start()
        self._bar.update(Text(_line(step, done, total, unit, time.monotonic() - self._since)))

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _line(step: str, done: int, total: int, unit: str, seconds: float) -> str:
    """Counts, rate and the time left."""
    scale, name = (1e6, "MB") if unit == "bytes" else (1, unit)
    digits = 1 if unit == "bytes" else 0
    of = f" of {total / scale:,.{digits}f}" if total else ""
    told = f"{step}: {done / scale:,.{digits}f}{of} {name}"
    if seconds < 2 or not done:
        return told
    rate = done / seconds
    left = f", about {(total - done) / rate / 60:,.0f} min left" if total and (total - done) / rate > 90 else ""
    return f"{told} ({rate / scale:,.{digits}f} {name}/s{left})"
