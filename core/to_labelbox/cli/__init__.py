"""The command line: one module a command, options and one rendering each, no logic."""

from __future__ import annotations

import gc
import os
import sys

import click

from to_labelbox.cli.convert import convert
from to_labelbox.cli.formats import formats
from to_labelbox.cli.inspect import inspect
from to_labelbox.cli.ontology import ontology
from to_labelbox.cli.validate import validate
from to_labelbox.diagnostics import SourceError, ToLabelboxError
from to_labelbox.report import version


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version(), prog_name="to-labelbox")
def cli() -> None:
    """Move labels into Labelbox.

    \b
    to-labelbox inspect  SOURCE             what it is, what it holds, what would be lost
    to-labelbox convert  SOURCE -o OUT      data rows, ontology, annotations, report
    to-labelbox validate OUT                Labelbox's rules, checked offline
    """


for command in (convert, inspect, ontology, validate, formats):
    cli.add_command(command)


def main() -> None:
    """Entry point: errors are one message and an exit code, never a traceback."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except SourceError as error:
        _complain(str(error))
        code = 3
    except ToLabelboxError as error:
        _complain(str(error))
        code = 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        _complain(f"{error.filename or 'output'}: {error.strerror}")
        code = 2
    gc.freeze()  # the interpreter's last collection would look at every object once more
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> None:
    click.echo(f"to-labelbox: {message}", err=True)
