"""The command line: one module a command, options and one rendering each, no logic."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, TextIO

import click

from to_labelbox.cli.speech import tell
from to_labelbox.report.errors import NoRoomError, ToLabelboxError
from to_labelbox.report.interruption import Interrupted, hear

COMMANDS = {
    "convert": "Convert a dataset: data rows, ontology, annotations, report.",
    "batch": "Convert every dataset below a folder, all with one ontology.",
    "merge": "Publish a batch that several machines have shared.",
    "inspect": "Say what a source is, what it holds, and what would be lost.",
    "ontology": "Print the ontology a dataset needs, or compare it with one.",
    "validate": "Check an output folder by Labelbox's rules, offline.",
    "preview": "Make a page with what would be imported, to check by eye.",
    "import": "Import an output folder into Labelbox, resumably.",
    "compare": "Compare an output folder with an export of the Labelbox project.",
    "formats": "List the source formats, or the options of one.",
    "completion": "Print what makes a shell complete commands, options and formats.",
}
"""Each is the function of that name in the module of that name; `import`, which Python keeps for itself, has a ``_``.

What a list of them says of each stands here, so that help needs none of their modules.
"""


class Command(click.Command):
    """One whose short options are looked for among the long ones too, where they are written apart from their value.

    For each that is not there, click looks for similar names with difflib, which takes a millisecond to load. So a value may
    follow a ``=`` as after a long one: ``-o=OUT`` is OUT, where click took it for ``=OUT``. Of a click whose parser keeps its
    options elsewhere, nothing is changed.
    """

    def make_parser(self, ctx: click.Context) -> Any:
        parser: Any = super().make_parser(ctx)
        long = getattr(parser, "_long_opt", {})
        for flag, option in getattr(parser, "_short_opt", {}).items():
            long.setdefault(flag, option)
        return parser


class _Commands(click.Group):
    """Imports a command when it is asked for, so that none waits for what the others need."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, COMMANDS, 1)
            if near and not ctx.resilient_parsing:
                ctx.fail(f"there is no command {cmd_name!r}; did you mean {near[0]!r}?")
            return None
        name = f"{cmd_name}_" if cmd_name == "import" else cmd_name
        command: click.Command = getattr(import_module(f"to_labelbox.cli.{name}"), name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE)

EXIT_CODES = """\b
Exit codes:
  0  finished; what was lost is in the report and in the closing table
  1  finished, but a file could not be read, losses reached --fail-on, or validate found faults; or --on-error fail stopped it
  2  wrong usage: an option, a path or a table that the user can mend
  3  nothing could be converted
  4  Labelbox does not allow it (import)
  5  Labelbox, or a source in the cloud, does not answer: the same command again goes on
  6  too little room on this machine: disk, memory, open files
  130 and 143 and the like: interrupted by a signal, 128 and its number
Each command has its own help with examples: to-labelbox COMMAND -h
"""


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=EXIT_CODES
)
@click.version_option(package_name="to-labelbox", prog_name="to-labelbox")
def cli() -> None:
    """Move labels into Labelbox.

    \b
    to-labelbox inspect  SOURCE             what it is, what it holds, what would be lost
    to-labelbox convert  SOURCE -o OUT      data rows, ontology, annotations, report
    to-labelbox batch    ROOT -o OUT        every dataset below a folder, with one ontology
    to-labelbox validate OUT                Labelbox's rules, checked offline
    to-labelbox preview  OUT -o page.html   a page with what would be imported drawn on the pictures
    to-labelbox import   OUT --project NAME all of it into Labelbox, resumably
    to-labelbox compare  OUT EXPORT         whether all of it is there, from an export of the project
    """


def main() -> None:
    """Entry point: errors are one message and an exit code, never a traceback."""
    # numpy's linear algebra is not used, and starting a thread a core for it takes as long as all other imports
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever has started the program
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal cannot show is no reason to end
        sys.stdout.reconfigure(errors="backslashreplace")
    hear()
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt) as end:  # click makes the one of the other
        code = 130
        interrupted = end.__cause__ if isinstance(end, click.exceptions.Abort) else end
        if isinstance(interrupted, Interrupted):
            _complain(str(interrupted))
            code = interrupted.exit_code
    except click.exceptions.NoArgsIsHelpError as nothing:
        tell(nothing.format_message())
        code = nothing.exit_code
    except click.ClickException as error:
        from to_labelbox.cli.wrong_usage import shown

        tell(shown(error))
        code = 2
    except ToLabelboxError as error:
        _complain(str(error))
        code = error.exit_code
    except BrokenPipeError:
        _give_up(sys.stdout)
        code = 0
    except OSError as error:
        _complain(f"{error.filename or 'output'}: {error.strerror or error}{_advice(error)}")
        code = NoRoomError.exit_code if error.errno in _NO_ROOM else 2
    except MemoryError:
        _complain(
            f"there is too little memory for {' '.join(sys.argv[1:2])}: the input, or one record of it, is too large"
        )
        code = NoRoomError.exit_code
    for stream in (sys.stdout, sys.stderr):  # the interpreter's own last flush would end in a traceback
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        _give_up(stream)
    gc.freeze()  # the interpreter's last collection would look at every object once more
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str) -> None:
    tell(f"to-labelbox: {message}")


def _advice(error: OSError) -> str:
    if error.errno == errno.EMFILE:
        return ": the system lets a process open too few files at once; see `ulimit -n`"
    return ""


def _give_up(stream: TextIO) -> None:
    """Let what is still to be written go nowhere: whoever read it has gone, or the disk is full."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
