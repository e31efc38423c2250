"""Records of options: dataclasses to everyone who asks, without code that is written and compiled for each of them.

``dataclasses.dataclass`` makes up to nine functions a class from text, which takes 0.5 to 1.5 ms at each start of the program, of
records of which most are made once. Here the same few functions serve all of them.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["record"]

T = TypeVar("T", bound=type)


def _init(self: Any, *given: Any, **named: Any) -> None:
    fields = dataclasses.fields(self)
    called = f"{type(self).__name__}.__init__()"
    by_place = [f.name for f in fields if not f.kw_only]
    if len(given) > len(by_place):
        raise TypeError(f"{called} takes {len(by_place)} positional arguments but {len(given)} were given")
    values = dict(zip(by_place, given))
    if twice := next((name for name in values if name in named), None):
        raise TypeError(f"{called} got multiple values for argument {twice!r}")
    values |= named
    for f in fields:
        if f.name in values:
            value = values.pop(f.name)
        elif f.default is not dataclasses.MISSING:
            value = f.default
        elif f.default_factory is not dataclasses.MISSING:
            value = f.default_factory()
        else:
            raise TypeError(f"{called} missing 1 required argument: {f.name!r}")
        object.__setattr__(self, f.name, value)
    for name in values:
        raise TypeError(f"{called} got an unexpected keyword argument {name!r}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, f.name) for f in dataclasses.fields(self))


def _repr(self: Any) -> str:
    said = (f"{f.name}={value!r}" for f, value in zip(dataclasses.fields(self), _values(self)))
    return f"{type(self).__qualname__}({', '.join(said)})"


def _frozen(_: Any, name: str, *__: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


class _Signature:
    """That of a record, made when it is asked for. What has an ``__init__`` of its own has that of it."""

    def __get__(self, _: object, record: Any) -> inspect.Signature:
        if record.__init__ is not _init:
            raise AttributeError("__signature__")
        kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
        fields = sorted(dataclasses.fields(record), key=lambda f: bool(f.kw_only))
        return inspect.Signature(
            [inspect.Parameter(f.name, kinds[bool(f.kw_only)], default=_default(f), annotation=f.type) for f in fields]
        )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default


_METHODS = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": lambda self, other: _values(self) == _values(other) if type(self) is type(other) else NotImplemented,
    "__hash__": lambda self: hash(_values(self)),
    "__setattr__": _frozen,
    "__delattr__": _frozen,
    "__signature__": _Signature(),
}

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen: bool, kw_only: bool = False) -> Callable[[T], T]:
        """As ``dataclass`` with the same arguments; all are frozen. Methods that a class has of its own stay."""
        assert frozen

        def made(cls: T) -> T:
            cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is made for it, which takes 3 ms
            own = {name: method for name, method in _METHODS.items() if vars(cls).get(name) is None}
            # to those who inherit from it a record is frozen; made with frozen=True, two methods would be compiled for nothing
            bases = [base.__dataclass_params__ for base in cls.__mro__[1:] if dataclasses.is_dataclass(base)]
            for params in bases:
                params.frozen = False
            try:
                dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=kw_only)(cls)
            finally:
                for params in bases:
                    params.frozen = True
            cls.__dataclass_params__.frozen = True
            for name, method in own.items():
                setattr(cls, name, method)
            return cls

        return made
