"""What is said of a command line that cannot be understood: the option, what was given, and what it takes."""

from __future__ import annotations

import dataclasses
import io
import re
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import click

from to_labelbox.report.errors import ToLabelboxError

_EXTRA = re.compile(r"^Got unexpected extra arguments? \((.*)\)$", re.DOTALL)
_NEEDS_VALUE = re.compile(r"^Option '(.+)' requires (?:an argument|\d+ arguments)\.$")
_IS_SWITCH = re.compile(r"^Option '(.+)' does not take a value\.$")

_OTHER_NAMES = {"--split": "--shard", "--part": "--shard"}
"""What an option is called elsewhere, where another one has the more similar name."""


def shown(error: click.ClickException) -> str:
    """How the command is used, and what is wrong with it."""
    frame = io.StringIO()
    if isinstance(error, click.UsageError):
        click.UsageError(_told(error), error.ctx).show(frame)
    else:
        error.show(frame)
    return frame.getvalue().rstrip()


def _told(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"there is no option {error.option_name!r}{_nearest(error)}"
    if isinstance(error, click.MissingParameter):
        return f"{_name(error)} is missing"
    if isinstance(error, click.BadParameter):
        return f"{_name(error)}: {_expected(error)}"
    message = error.format_message()
    if match := _EXTRA.search(message):
        return f"{match[1]!r}: more than the command takes"
    if match := _NEEDS_VALUE.search(message):
        return f"{match[1]} needs a value"
    if match := _IS_SWITCH.search(message):
        return f"{match[1]} takes no value"
    return message


def _nearest(error: click.NoSuchOption) -> str:
    """The command's option of the most similar name, and the one that is called so elsewhere."""
    known = [name for p in error.ctx.command.params for name in (*p.opts, *p.secondary_opts)] if error.ctx else []
    near = get_close_matches(error.option_name, known, 1, 0.6)
    if owners := _formats_with(error.option_name.lstrip("-")):
        *others, last = owners
        among = f"{', '.join(others)} and {last}" if others else last
        return f"; it is an option of {among}: -O {error.option_name.lstrip('-')}=…"
    meant = dict.fromkeys(name for name in (_OTHER_NAMES.get(error.option_name, ""), *near) if name in known)
    return f"; did you mean {' or '.join(map(repr, meant))}?" if meant else ""


def _formats_with(option: str) -> list[str]:
    """The formats that have an option of this name."""
    from to_labelbox.plugins.registry import readers

    with suppress(ToLabelboxError):
        wanted = option.replace("-", "_")
        return [
            name for name, one in readers().items() if any(f.name == wanted for f in dataclasses.fields(one.options))
        ]
    return []


def _name(error: click.BadParameter) -> str:
    """An option by its longest name, an argument by what it is called in the help."""
    parameter = error.param
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    if parameter is not None:
        return parameter.make_metavar(error.ctx or click.Context(click.Command("x"))).rstrip(".").strip("[]{}")
    return str(error.param_hint or "a value")


def _expected(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice) and " is not one of " in error.message:
        given = error.message.partition(" is not one of ")[0]
        *words, last = map(str, kind.choices)
        return f"{given}, but it takes {', '.join(words)} or {last}"
    if isinstance(kind, click.types.IntRange | click.types.FloatRange | click.types.IntParamType):
        given = (
            re.split(r" is not (?:in the range|a valid)", error.message, maxsplit=1)[0].strip("'").removesuffix(".0")
        )
        return f"{given!r}, but it takes {_numbers(kind)}"
    return error.message


def _numbers(kind: click.ParamType[Any]) -> str:
    number = "a number" if isinstance(kind, click.types.FloatRange) else "a whole number"
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    if least is not None and most is not None:
        return f"{number} from {least:,g} to {most:,g}"
    return f"{number} of at least {least:,g}" if least is not None else number
