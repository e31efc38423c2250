"""Options that several commands share."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from to_labelbox.report.interruption import Interrupted
from to_labelbox.report.report import FailOn
from to_labelbox.rules.option import Described, described

F = TypeVar("F", bound=Callable[..., Any])


def complete_format(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The formats whose names begin so, for a shell's completion."""
    from to_labelbox.plugins.registry import readers

    return [name for name in readers() if name.startswith(incomplete)]


def source_argument(command: F) -> F:
    """What every command that reads a source takes."""
    return click.argument("source", nargs=-1, required=True, metavar="SOURCE...", type=click.Path())(command)


def options_of(record: type) -> Callable[[F], F]:
    """The options of a record, in its order, under the names of its fields and with their values."""

    def add(command: F) -> F:
        for name, (field, about) in reversed(described(record).items()):
            if about.help:
                command = _option(name, field, about)(command)
        return command

    return add


def _option(name: str, field: dataclasses.Field[Any], about: Described) -> Callable[[F], F]:
    default = field.default
    flag = about.flag or f"--{name.replace('_', '-')}"
    words = {value: word for word, value in about.choices.items()} if about.choices else {}
    is_switch = isinstance(default, bool) and not words
    given: dict[str, Any] = {}
    if words:
        given["type"] = click.Choice(list(about.choices))
    elif about.least is not None:
        most = about.most if about.most < sys.float_info.max else None
        number: Any = click.IntRange if str(field.type).startswith("int") else click.FloatRange
        given["type"] = number(about.least, most)
    elif about.path:
        given["type"] = click.Path()
    elif str(field.type).startswith("int"):
        given["type"] = int

    def value(_context: click.Context, _parameter: click.Parameter, said: Any) -> Any:
        if said is None:
            return default
        return about.choices[said] if words else about.parse(said) if about.parse else said

    return click.option(
        *(f"{flag}/--no-{flag[2:]}" if is_switch and default else flag).split(),
        name,
        is_flag=is_switch or None,
        multiple=about.multiple or isinstance(default, tuple),
        default=words.get(default) if words else default or (False if is_switch else None),
        show_default=bool(default) and not is_switch,
        metavar=about.metavar or None,
        help=about.help,
        callback=value,
        shell_complete=complete_format if name == "format" else None,
        **given,
    )


def _fail_on(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[FailOn]:
    """What to fail on, given once or several times, by commas or apart."""
    words = [word for text in given for word in text.split(",")]
    known = {f.value: f for f in FailOn}
    for word in words:
        if word.strip() not in known:
            raise click.BadParameter(f"{word!r} is none of {', '.join(known)}")
    return frozenset(known[word.strip()] for word in words)


def output_options(command: F) -> F:
    """Where the result goes, and how much is said about it."""
    for option in reversed(
        [
            click.option("-o", "--out", type=click.Path(), metavar="OUT", help="Output folder."),
            click.option(
                "--fail-on",
                multiple=True,
                callback=_fail_on,
                metavar="WHAT[,WHAT]",
                help=f"Exit with 1 where anything was: {', '.join(f.value for f in FailOn)} (several: by commas).",
            ),
            click.option("--dry-run", is_flag=True, help="Say what would come of it, write nothing."),
            click.option(
                "--progress/--no-progress", default=None, help="Show how far it is; by default when it takes long."
            ),
            click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        ]
    ):
        command = option(command)
    return command


@contextmanager
def resumable() -> Iterator[None]:
    """Know after an interruption how to go on."""
    try:
        yield
    except Interrupted as interrupted:
        interrupted.resume = "the same command with --resume goes on with what is missing"
        raise
