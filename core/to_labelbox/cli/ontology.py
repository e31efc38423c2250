"""`to-labelbox ontology`"""

from __future__ import annotations

from typing import Any

import click

from to_labelbox.class_map_template import template
from to_labelbox.cli.common import job_of, settings_of, source_options
from to_labelbox.pipeline import open_job, run


@click.command()
@source_options
@click.option(
    "--class-map-template", "as_template", is_flag=True, help="Print a class map of all names instead, to be edited."
)
def ontology(source: tuple[str, ...], as_template: bool, **given: Any) -> int:
    """Print the ontology that a dataset needs, as Labelbox's JSON.

    \b
    to-labelbox ontology export.json > ontology.json
    to-labelbox ontology export.json --class-map-template > map.yaml
    """
    if as_template and given["class_map"]:
        raise click.UsageError("--class-map-template lists the names of the source: leave --class-map out")
    settings = settings_of(given)
    job = job_of(source, given, settings)
    opened = open_job(job)
    result = run(opened, None, settings, job.fail, workers=given["workers"])
    if as_template:
        text = template(opened.info.path, result.schema, result.ontology, result.survey, opened.log.ledger)
    else:
        text = opened.writer.ontology_json(result.ontology).decode()
    click.echo(text, nl=False)
    return result.report.exit_code()
