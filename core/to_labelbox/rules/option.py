"""An option of a conversion, said once: name, type and default are those of a field of a record, the rest stands beside it.

The command line, the keywords of ``convert`` and ``batch`` and the plan of a batch are made of these records
(:mod:`to_labelbox.conversion.options`).
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeAlias

from msgspec import Struct

from to_labelbox.model.text import cut
from to_labelbox.report.errors import UsageError

FilePath: TypeAlias = str | os.PathLike[str]


class Described(Struct, frozen=True, kw_only=True):
    """What is said of an option. Without help it is for Python alone.

    ``flag`` is its name on the command line, or names, where that is not its own. ``choices`` are the values that there are, by the
    words of the command line; ``least`` is the smallest one, but for the default, ``most`` the largest. ``path``: a file or folder. ``multiple``: given several
    times on the command line, as every option is whose default is a tuple. ``parse``
    makes the value of what the command line takes.
    """

    help: str = ""
    flag: str = ""
    metavar: str = ""
    choices: Mapping[str, Any] = {}
    least: float | None = None
    most: float = sys.float_info.max
    path: bool = False
    multiple: bool = False
    parse: Callable[[Any], Any] | None = None


def option(default: Any, help: str = "", *, choices: Iterable[str] | Mapping[str, Any] = (), **said: Any) -> Any:
    """A field of a record of options. The members of an enum are its choices."""
    if isinstance(default, Enum):
        choices = {member.value: member for member in type(default)}
    elif not isinstance(choices, Mapping):
        choices = {str(word): str(word) for word in choices}  # members of an enum go by their names on the command line
    made = {"described": Described(help=help, choices=choices, **said)}
    return dataclasses.field(default=default, metadata=made)


_NOTHING = Described()


@cache
def described(record: type) -> dict[str, tuple[dataclasses.Field[Any], Described]]:
    """The options of a record by name."""
    return {f.name: (f, f.metadata.get("described", _NOTHING)) for f in dataclasses.fields(record)}


_SHOWN = 60
_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "str": ("a text", (str,)),
    "int": ("a whole number", (Integral,)),
    "float": ("a number", (Real,)),
    "bool": ("True or False", (bool,)),
    "None": ("", (type(None),)),
    "FilePath": ("a path", (str, os.PathLike)),
    "Mapping": ("a mapping, as a dict", (Mapping,)),
    "tuple": ("a list", (Sequence,)),
    "Sequence": ("a list", (Sequence,)),
}


@cache
def _kinds(annotation: str) -> list[str]:
    return re.sub(r"\[.*?\](?= \||$)", "", annotation).split(" | ")


def _misfit(value: object, annotation: str) -> str:
    """What an option takes, in words, where a value is of none of its kinds; empty for one that is, or that is not known here."""
    words = []
    for kind in _kinds(annotation):
        word, types = _KINDS.get(kind, (f"a {kind}", ()))
        named = not types and any(base.__name__ == kind for base in type(value).__mro__)
        of_it = isinstance(value, types) and (kind == "bool" or not isinstance(value, bool))
        if named or (of_it and not (types == (Sequence,) and isinstance(value, str | bytes))):
            return ""
        if not types and kind not in _MADE:
            return ""
        words.append(word)
    return " or ".join(word for word in words if word)


_MADE = frozenset({"ClassMap", "DataRows", "Ontology", "Settings"})
"""Types that options take and that this module does not import."""


def as_path(value: object, name: str) -> str:
    """A path that was given in Python, as text. Raises :class:`UsageError` for what is none."""
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{name} {cut(repr(value), _SHOWN)}: it takes a path")
    return os.fspath(value)


def checked(record: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given for a record's options, words of enums as their members. Raises :class:`UsageError` for no such value."""
    values = dict(given)
    for name, (field, about) in described(record).items():
        value = values.get(name, field.default)
        if about.choices and not any(value is one for one in about.choices.values()):
            if not isinstance(value, str) or value not in about.choices:
                *words, last = about.choices
                raise UsageError(f"{name} {value!r}: {', '.join(words)} or {last}")
            values[name] = about.choices[value]
        if name in given and not about.choices and (wanted := _misfit(value, str(field.type))):
            raise UsageError(f"{name} {cut(repr(value), _SHOWN)}: it takes {wanted}")
        if about.least is not None and value != field.default and not about.least <= value <= about.most:
            most = f" and at most {about.most:g}" if about.most < sys.float_info.max else ""
            raise UsageError(f"{name} {value}: a number of at least {about.least:g}{most}")
    return values
