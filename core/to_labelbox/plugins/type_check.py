"""Whether items made in Python hold what the model says, so that a wrong value is named where it was made.

A checker is made once for each type of the model, from its annotations.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Union

from msgspec import Struct

from to_labelbox.model.items import Item
from to_labelbox.model.text import cut
from to_labelbox.report.errors import UsageError

_Check = Callable[[Any], str]
"""Empty for a value of the type, else where in it the fault is and what it is: ``.left: '1' is a str, not a number``."""
_SHOWN = 60
_WORDS = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "True or False",
    bytes: "bytes",
    type(None): "None",
}


def check_item(item: object, number: int) -> None:
    """Raise :class:`UsageError` for a wrong type, with the number of the item (from 0), its path and the field."""
    if fault := misfit(item, Item):
        path = getattr(getattr(item, "asset", None), "path", None)
        named = f" ({path})" if isinstance(path, str) else ""
        raise UsageError(f"item {number}{named}: {fault}")


def misfit(value: object, kind: type) -> str:
    """Where in a value of the model the first wrong type is, and what it is; empty where there is none."""
    return _checker(kind)(value).lstrip(".: ")


@cache
def _checker(wanted: Any) -> _Check:
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        return _one_of(arguments)
    if origin is tuple and arguments[-1:] != (...,):
        return _tuple_of(arguments)
    if origin is not None:
        return _sequence_of(arguments[0], tuple if origin is tuple else Sequence)
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        return _struct(wanted)
    return _plain(wanted)


def _said(value: object, wanted: str) -> str:
    return f": {cut(repr(value), _SHOWN)} is {_an(type(value).__name__)}, not {wanted}"


def _word(wanted: Any) -> str:
    return _WORDS.get(wanted) or _an(getattr(wanted, "__name__", str(wanted)))


def _an(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _plain(wanted: type) -> _Check:
    """Of a scalar: exactly that type, since encoders take no other's kin (those of numpy); of an enumeration, a member."""
    kinds = (float, int) if wanted is float else (wanted,)

    def check(value: Any) -> str:
        if type(value) in kinds:
            return ""
        hint = ": give its .item()" if hasattr(value, "item") else ""
        return _said(value, _word(wanted)) + hint

    return check


def _struct(wanted: type[Struct]) -> _Check:
    fields: list[tuple[str, _Check]] = []

    def check(value: Any) -> str:
        if not isinstance(value, wanted):
            return _said(value, _word(wanted))
        if not fields:  # made late: types hold each other
            hints = typing.get_type_hints(wanted)
            fields.extend((name, _checker(hints[name])) for name in wanted.__struct_fields__)
        for name, of_field in fields:
            if fault := of_field(getattr(value, name)):
                return f".{name}{fault}"
        return ""

    return check


def _one_of(kinds: Sequence[Any]) -> _Check:
    structs = {kind: _checker(kind) for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)}
    others = [_checker(kind) for kind in kinds if kind not in structs]
    named = " or ".join(_word(kind) if isinstance(kind, type) else "a tuple" for kind in kinds)

    def check(value: Any) -> str:
        if (of_struct := structs.get(type(value))) is not None:
            return of_struct(value)
        faults = [of_kind(value) for of_kind in others]
        if "" in faults:
            return ""
        deeper = next((fault for fault in faults if fault.startswith("[")), "")
        return deeper or _said(value, named)

    return check


def _sequence_of(kind: Any, container: type) -> _Check:
    of_one = _checker(kind)
    numbers = kind is float

    def check(value: Any) -> str:
        if not isinstance(value, container) or isinstance(value, str | bytes):
            hint = ": give .tolist()" if hasattr(value, "tolist") else ""
            return _said(value, "a tuple" if container is tuple else "a list or tuple") + hint
        values: Sequence[Any] = value  # type: ignore[assignment]
        if numbers and {*map(type, values)} <= {float, int}:
            return ""
        for at, one in enumerate(values):
            if fault := of_one(one):
                return f"[{at}]{fault}"
        return ""

    return check


def _tuple_of(kinds: Sequence[Any]) -> _Check:
    checks = [_checker(kind) for kind in kinds]

    def check(value: Any) -> str:
        if not isinstance(value, tuple) or len(value) != len(checks):
            return _said(value, f"a tuple of {len(checks)}")
        return next(
            (f"[{at}]{fault}" for at, (one, of_one) in enumerate(zip(value, checks)) if (fault := of_one(one))), ""
        )

    return check
