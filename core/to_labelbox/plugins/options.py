"""The options of a format: a dataclass, filled from ``key=value`` pairs."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from msgspec import Struct

from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.writer import Writer
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.option import described


class OptionInfo(Struct, frozen=True):
    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...]


def option_infos(options: type) -> list[OptionInfo]:
    """The options of a format, from its dataclass."""
    hints = typing.get_type_hints(options)
    infos = []
    for name, (f, about) in described(options).items():
        kind = _plain(hints[name])
        choices = tuple(m.value for m in kind) if issubclass(kind, Enum) else tuple(about.choices)
        help = f.metadata.get("help", about.help)
        infos.append(OptionInfo(name, "choice" if choices else kind.__name__, f.default, help, choices))
    return infos


def _plain(hint: Any) -> Any:
    """``T | None`` → T."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(a for a in typing.get_args(hint) if a is not type(None))
    return hint


_TRUE, _FALSE = {"true", "yes", "1", "on"}, {"false", "no", "0", "off"}


def make_options(reader: Reader, writer: Writer, given: Mapping[str, Any]) -> tuple[Any, Any]:
    """The options dataclasses of a reader and a writer, filled from one set of ``key=value`` pairs.

    Values may be texts or already of the right type. Raises :class:`UsageError` that lists what there is.
    """
    tables = [(f.name, f.options, {d.name for d in dataclasses.fields(f.options)}) for f in (reader, writer)]
    values: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for key, value in given.items():
        name = key.replace("-", "_")
        for (format, options, known), filled in zip(tables, values):
            if name in known:
                kind, words = _plain(typing.get_type_hints(options)[name]), described(options)[name][1].choices
                filled[name] = _parse(format, key, value, kind) if isinstance(value, str) else value
                if words and value not in words:
                    raise UsageError(f"{format} option {key}: {value!r}, but it takes {_either(*words)}")
                break
        else:
            listing = "; ".join(f"{f}: {', '.join(sorted(known)) or 'none'}" for f, _, known in tables)
            from difflib import get_close_matches  # slow to load

            near = get_close_matches(name, [other for *_, known in tables for other in sorted(known)], 1)
            meant = f"; did you mean {near[0]!r}?" if near else ";"
            raise UsageError(f"no option {key!r} for {reader.name} to {writer.name}{meant} there are: {listing}")
    return reader.options(**values[0]), writer.options(**values[1])


def option_names(reader: Reader, writer: Writer) -> set[str]:
    """Names of the options that a conversion between the two takes."""
    return {f.name for format in (reader, writer) for f in dataclasses.fields(format.options)}


def _parse(format: str, key: str, text: str, kind: Any) -> Any:
    try:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(text)
        if kind is bool:
            if text.lower() in _TRUE | _FALSE:
                return text.lower() in _TRUE
            raise ValueError(text)
        return kind(text)
    except ValueError:
        raise UsageError(f"{format} option {key}: {text!r}, but it takes {_taken(kind)}") from None


def _taken(kind: type) -> str:
    """What an option takes, in words."""
    if issubclass(kind, Enum):
        return _either(*(str(member.value) for member in kind))
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, kind.__name__)


def _either(*words: str) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
