"""`to-labelbox inspect`"""

from __future__ import annotations

import json
from typing import Any

import click

from to_labelbox.cli.common import closing, job_of, settings_of, source_options
from to_labelbox.formats import Match, verdicts
from to_labelbox.ontology import Ontology
from to_labelbox.pipeline import Result, open_job, run
from to_labelbox.source import Source, display


@click.command()
@source_options
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def inspect(source: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Say what a source is and why, what it holds, and what a conversion would approximate or skip."""
    settings = settings_of(given)
    said = verdicts(Source(*source))
    job = job_of(source, given, settings)
    opened = open_job(job)
    result = run(opened, None, settings, job.fail, workers=given["workers"])
    if as_json:
        reasons = {n: {"claims": isinstance(v, Match), "reason": v.reason} for n, v in said.items()}
        ontology = json.loads(opened.writer.ontology_json(result.ontology))
        report = json.loads(result.report.to_json())
        click.echo(json.dumps({"formats": reasons, "ontology": ontology, **report}, indent=1))
        return result.report.exit_code()
    for name, verdict in said.items():
        click.echo(f"{'is' if isinstance(verdict, Match) else 'not':<4}{name:<14} {display(verdict.reason)}")
    click.echo()
    for line in _ontology(result.ontology, result):
        click.echo(line)
    click.echo()
    click.echo(closing(result.report, None))
    return result.report.exit_code()


def _ontology(ontology: Ontology, result: Result) -> list[str]:
    lines = [f"{'tool':<36}{'kind':<12}{'shapes':>9}  attributes"]
    for tool in ontology.tools:
        count = result.survey.shapes.get((tool.label, tool.kind), 0)
        nested = ", ".join(f"{q.name} ({q.input})" for q in tool.classifications)
        lines.append(f"{display(tool.name)[:35]:<36}{tool.kind:<12}{count:>9,}  {display(nested)}".rstrip())
    for classification in ontology.classifications:
        question = classification.question
        options = ", ".join(o.value for o in question.options[:8]) + ("…" if len(question.options) > 8 else "")
        lines.append(f"{display(question.name)[:35]:<36}{question.input!s:<12}{'':>9}  {display(options)}".rstrip())
    return lines
