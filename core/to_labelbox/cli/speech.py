"""What the commands print, for terminals and logs: results to stdout, all else to stderr."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from to_labelbox.model.text import display_lines


def tell(text: str) -> None:
    """Say something beside the result. Whether anybody listens decides nothing."""
    with suppress(OSError):
        print(display_lines(text), file=sys.stderr, flush=True)


def say(text: str, end: str = "\n") -> None:
    """Print a result."""
    click.echo(display_lines(text) + end, nl=False)
