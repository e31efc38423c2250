"""`to-labelbox ontology`"""

from __future__ import annotations

from typing import Any

import click

from to_labelbox.cli.common import job_of, settings_of, source_options
from to_labelbox.pipeline import open_job, run


@click.command()
@source_options
def ontology(source: tuple[str, ...], **given: Any) -> int:
    """Print the ontology that a dataset needs, as Labelbox's JSON."""
    settings = settings_of(given)
    job = job_of(source, given, settings)
    opened = open_job(job)
    result = run(opened, None, settings, job.fail, workers=given["workers"])
    click.echo(opened.writer.ontology_json(result.ontology).decode(), nl=False)
    return result.report.exit_code()
