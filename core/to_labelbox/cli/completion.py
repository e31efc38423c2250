"""`to-labelbox completion`"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from to_labelbox.cli import COMMANDS

PROGRAM = "to-labelbox"
VARIABLE = "_TO_LABELBOX_COMPLETE"
"""The variable in which the shell asks for completions; click derives the same from the program's name."""


@click.command(
    short_help=COMMANDS["completion"],
    epilog="""\b
Examples:
  eval "$(to-labelbox completion bash)"                                    in ~/.bashrc
  eval "$(to-labelbox completion zsh)"                                     in ~/.zshrc
  to-labelbox completion fish > ~/.config/fish/completions/to-labelbox.fish
""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes a shell complete commands, options, their values and formats.

    bash must be 4.4 or newer.
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(context.find_root().command, {}, PROGRAM, VARIABLE).source())
