"""`to-labelbox formats`"""

from __future__ import annotations

import click

from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import complete_format
from to_labelbox.cli.speech import tell
from to_labelbox.plugins.options import OptionInfo, option_infos
from to_labelbox.plugins.registry import describe, readers, writers
from to_labelbox.report.documentation import page


@click.command(
    short_help=COMMANDS["formats"],
    epilog="""\b
Examples:
  to-labelbox formats
  to-labelbox formats yolo
""",
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_format)
def formats(names: tuple[str, ...]) -> None:
    """List the source formats, or the options of one."""
    for reader in describe(names):
        click.echo(f"{reader.name:<14} {reader.title}")
        if names:
            if reader.docs:
                click.echo(f"{'':<14} docs: {page(reader.docs)}")
            for option in option_infos(reader.options):
                click.echo(_option(option))
    for name, error in getattr(readers(), "broken", {}).items():
        tell(f"{name:<14} cannot be loaded: {error}")
    if names:
        for writer in writers().values():
            click.echo(f"\n{writer.name:<14} {writer.title}: options of the target, for any format")
            click.echo(f"{'':<14} docs: {page(writer.docs)}")
            for option in option_infos(writer.options):
                click.echo(_option(option))


def _option(option: OptionInfo) -> str:
    kind = "|".join(option.choices) if option.choices else option.type
    default = "" if option.default in (None, "") else f" [{getattr(option.default, 'value', option.default)}]"
    return f"  -O {option.name}={kind}{default}\n{'':<6}{option.help}"
