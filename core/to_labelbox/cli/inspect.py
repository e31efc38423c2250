"""`to-labelbox inspect`"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from to_labelbox.api.inspection import Answered, Inspection, inspected
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.closing import closing
from to_labelbox.cli.common import options_of, source_argument
from to_labelbox.cli.progress import fetched
from to_labelbox.cli.speech import say, tell, width
from to_labelbox.conversion.job import job_of, open_job
from to_labelbox.conversion.options import ConversionOptions
from to_labelbox.conversion.run import run
from to_labelbox.model.text import cut, display, n_of, shortened
from to_labelbox.plugins.detect import verdicts
from to_labelbox.source.files import Source

VALUES_SHOWN = 8
NEAR = 0.5
"""Limits are listed from this share on."""


@click.command(
    short_help=COMMANDS["inspect"],
    epilog="""\b
Examples:
  to-labelbox inspect instances_val2017.json
  to-labelbox inspect export.zip --geometry bbox --exclude 'ignore*'
  to-labelbox inspect VOCdevkit --media-root VOCdevkit --json | jq .limits
  to-labelbox inspect labels.json --html source.html
""",
)
@source_argument
@options_of(ConversionOptions)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; docs/inspect.md explains the keys.")
@click.option("--html", type=click.Path(), metavar="FILE", help="Also write a page with charts of what it holds.")
def inspect(source: tuple[str, ...], as_json: bool, html: str | None, **given: Any) -> int:
    """Say what a source is and why, what it holds, and what a conversion would approximate or skip.

    Nothing is written but FILE. With the options of convert, it tells what convert would do with them.
    """
    if html is not None:
        from to_labelbox.api.page import check_target

        check_target(html)
    options = ConversionOptions.of(given)
    job = job_of(options, *fetched(source, quiet=False))
    said = verdicts(Source(*job.sources))
    opened = open_job(job)
    result = run(opened, None, job.settings, workers=options.workers)
    found = inspected(said, opened, result)
    if html is not None:
        from to_labelbox.api.inspection_page import figures_of, inspection_page
        from to_labelbox.api.page import write_page

        size = write_page(html, inspection_page(found, figures_of(opened, job.settings)))
        tell(f"wrote {html} ({size / 1e6:.1f} MB): open it in a browser")
    if as_json:
        click.echo(found.to_json())
    else:
        held = () if result.report.failed and not found.media else (_assets(found), _tools(found), _limits(found))
        for part in (_formats(found), *held):
            say("\n".join(part) + "\n")
        say(closing(result.report, None, width(sys.stdout)))
        if not result.report.failed:
            say(f"\nnext: to-labelbox convert {' '.join(map(shlex.quote, source))} -o OUT, with the same options")
    return result.report.exit_code()


def _formats(found: Inspection) -> Iterator[str]:
    for name, verdict in found.formats.items():
        yield f"{'is' if verdict.claims else 'not':<4}{name:<14} {display(verdict.reason)}"


def _assets(found: Inspection) -> Iterator[str]:
    media = ", ".join(f"{count:,} {medium}" for medium, count in found.media.items())
    yield f"{'assets':<12}{media or 'none'}"
    if found.splits:
        yield f"{'splits':<12}{', '.join(f'{display(name)} {count:,}' for name, count in found.splits.items())}"
    sizes = found.sizes
    if sizes.width and sizes.height:
        width, height = sizes.width, sizes.height
        unknown = sum(found.media.values()) - sizes.known
        yield (
            f"{'sizes':<12}{sizes.distinct:,} different; width {width.min:,} to {width.max:,}, median {width.median:,}; "
            f"height {height.min:,} to {height.max:,}, median {height.median:,}"
            + (f"; {unknown:,} unknown" if unknown else "")
        )
    yield f"{'output':<12}{n_of(found.estimate.lines, 'line')}, about {_bytes(found.estimate.bytes)}"


def _tools(found: Inspection) -> Iterator[str]:
    yield f"{'tool or question':<36}{'kind':<14}{'shapes':>9}"
    for tool in found.tools:
        yield f"{shortened(display(tool.name), 35):<36}{tool.kind:<14}{tool.shapes:>9,}".rstrip()
        yield from _questions(tool.attributes, " " * 4)
    for question in found.questions:
        scope = "" if question.scope == "whole" else " of parts"
        yield f"{shortened(display(question.name), 35):<36}{question.input + scope:<14}".rstrip()
        if question.values:
            yield f"{' ' * 4}{_values(question.values)}"


def _questions(questions: Sequence[Answered], indent: str) -> Iterator[str]:
    for question in questions:
        values = f": {_values(question.values)}" if question.values else ""
        yield f"{indent}{shortened(display(question.name), 30)} ({question.input}){values}"


def _limits(found: Inspection) -> Iterator[str]:
    near = [limit for limit in found.limits if limit.value is not None and limit.value >= NEAR * limit.most]
    if near:
        yield f"{'limit':<48}{'at most':>12}{'here':>12}"
    for limit in near:
        yield f"{limit.name:<48}{limit.most:>12,}{limit.value:>12,}{'  exceeded' if limit.hit else ''}"
    unknown = [limit.name for limit in found.limits if limit.value is None]
    below = len(found.limits) - len(near) - len(unknown)
    yield f"{below} of {len(found.limits)} limits are less than half reached" + (
        f"; without a figure here: {', '.join(unknown)}" if unknown else ""
    )


def _values(values: Sequence[str]) -> str:
    shown = (cut(value, 100) for value in values[:VALUES_SHOWN])
    return display(", ".join(shown) + (f", … ({len(values)})" if len(values) > VALUES_SHOWN else ""))


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
