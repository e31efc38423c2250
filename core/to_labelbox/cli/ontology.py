"""`to-labelbox ontology`"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace
from typing import Any

import click
import msgspec

from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import options_of
from to_labelbox.cli.progress import fetched
from to_labelbox.cli.speech import say, tell
from to_labelbox.conversion.job import ConversionJob, job_of, open_job, read_ontology
from to_labelbox.conversion.options import ConversionOptions
from to_labelbox.conversion.run import run
from to_labelbox.model.text import cut
from to_labelbox.ontology.class_map_template import template
from to_labelbox.ontology.fit_items import differences, settings_for
from to_labelbox.ontology.infer import Ontology
from to_labelbox.report.errors import SourceError, UsageError


@click.command(
    short_help=COMMANDS["ontology"],
    epilog="""\b
Examples:
  to-labelbox ontology instances_val2017.json > ontology.json
  to-labelbox ontology export.zip --diff existing.json
  to-labelbox ontology VOCdevkit --class-map-template > map.yaml
  to-labelbox ontology --from-project clx0abc -o project.json
""",
)
@click.argument("source", nargs=-1, metavar="SOURCE...", type=click.Path())
@options_of(ConversionOptions)
@click.option(
    "--class-map-template", "as_template", is_flag=True, help="Print a class map of all names instead, to be edited."
)
@click.option(
    "--diff",
    type=click.Path(),
    metavar="EXISTING",
    help="List what an existing ontology lacks; exit code 1 if anything.",
)
@click.option("--json", "as_json", is_flag=True, help="With --diff: machine-readable.")
@click.option("--from-project", metavar="ID", help="Instead of a source: the ontology of a project in Labelbox.")
@click.option("-o", "--out", type=click.Path(), metavar="FILE", help="With --from-project: write it into a new file.")
@click.option("--endpoint", metavar="URL", help="With --from-project: another GraphQL endpoint than Labelbox's.")
def ontology(
    source: tuple[str, ...],
    as_template: bool,
    diff: str | None,
    as_json: bool,
    from_project: str | None,
    out: str | None,
    endpoint: str | None,
    **given: Any,
) -> int:
    """Print the ontology that a dataset needs, as Labelbox's JSON.

    \b
    to-labelbox ontology export.json > ontology.json
    to-labelbox ontology export.json --diff existing.json
    to-labelbox ontology export.json --class-map-template > map.yaml
    to-labelbox ontology --from-project clx0abc -o project.json
    """
    if from_project is not None:
        if source or as_template or diff is not None:
            raise click.UsageError("--from-project takes no source: give one of the two")
        return _of_project(from_project, out, endpoint)
    if not source:
        raise click.UsageError("give a SOURCE, or --from-project ID")
    if out is not None or endpoint is not None:
        raise click.UsageError("-o and --endpoint go with --from-project; of a source it is printed: > FILE")
    if as_template and (given["class_map"] or given["ontology"]):
        raise click.UsageError("--class-map-template lists the names of the source: leave the other file out")
    if diff is not None and (as_template or given["ontology"]):
        raise click.UsageError("--diff compares what the source needs: leave --ontology and --class-map-template out")
    options = ConversionOptions.of(given)
    job = job_of(options, *fetched(source, quiet=False))
    existing = None if diff is None else _existing(diff)
    if existing is not None:
        # kinds as a conversion to that ontology would write them; what does not fit must stay to be listed
        job = replace(job, settings=replace(settings_for(existing, job.settings), fit=None))
    try:
        opened = open_job(job)
    except SourceError as error:
        if not as_template:
            raise
        return _template_of_all(job, options.workers, error)
    result = run(opened, None, job.settings, workers=options.workers)
    if existing is not None:
        missing = differences(result.ontology, existing)
        if as_json:
            click.echo(json.dumps([msgspec.to_builtins(m) for m in missing], indent=1))
        else:
            told: set[str] = set()
            for difference in missing:  # what there is instead is often the same for all: once is enough
                say(cut(difference.named if difference.detail in told else str(difference), 1000))
                told.add(difference.detail)
            count = f"{len(missing)} difference{'' if len(missing) == 1 else 's'}" if missing else "everything fits"
            tell(f"{diff}: {count}")
        return 1 if missing else result.report.exit_code()
    if as_template:
        text = template(opened.info.path, result.schema, result.ontology, result.survey, opened.log.ledger)
    else:
        text = opened.writer.ontology.dump(result.ontology).decode()
    click.echo(text, nl=False)
    return result.report.exit_code()


def _template_of_all(job: ConversionJob, workers: int, error: SourceError) -> int:
    """Print a class map for all datasets of a folder that is none itself. Raises the error where there are not several."""
    from to_labelbox.batches.common_template import common_template
    from to_labelbox.batches.find_datasets import discover

    root = job.sources[0]
    found = [one for one in discover(root, job.format) if one.format and not one.problem] if os.path.isdir(root) else []
    if len(job.sources) > 1 or len(found) < 2:
        raise error
    text, problems = common_template(root, job, found, workers)
    click.echo(text, nl=False)
    for problem in problems:
        tell(f"error    {problem}")
    return int(bool(problems))


def _existing(path: str) -> Ontology:
    try:
        return read_ontology(path)
    except UsageError as error:  # it is read as that of --ontology is
        raise UsageError(str(error).replace("--ontology", "--diff", 1)) from None


def _of_project(project: str, out: str | None, endpoint: str | None) -> int:
    from to_labelbox.api.import_out import importer
    from to_labelbox.cli.dialogue import Terminal

    if out is not None and os.path.lexists(out):
        raise click.UsageError(f"{out}: exists already; choose another name")
    content = importer().project_ontology(project, endpoint, Terminal(False, None, False))
    if out is None:
        click.echo(content.decode(), nl=False)
        return 0
    with open(out, "xb") as file:
        file.write(content)
    tell(f"wrote {out}; next: to-labelbox convert SOURCE -o OUT --ontology {shlex.quote(out)}")
    return 0
