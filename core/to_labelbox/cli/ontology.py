"""`to-labelbox ontology`"""

from __future__ import annotations

from typing import Any

import click

from to_labelbox.cli.common import pairs_of, settings_of, source_options
from to_labelbox.pipeline import Job, open_job, run


@click.command()
@source_options
def ontology(source: tuple[str, ...], **given: Any) -> int:
    """Print the ontology that a dataset needs, as Labelbox's JSON."""
    settings = settings_of(given)
    job = Job(
        source,
        given["format"],
        pairs_of(given["options"]),
        settings,
        given["media_root"],
        given["sizes"],
        given["exif"] == "auto",
        given["on_error"] == "fail",
    )
    opened = open_job(job)
    result = run(opened, None, settings, job.fail, workers=given["workers"])
    click.echo(opened.writer.ontology_json(result.ontology).decode(), nl=False)
    return result.report.exit_code()
