"""A record is a dataclass to everyone who asks, although no code is made for it."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from to_labelbox.rules.record import record


@record(frozen=True)
class Base:
    """Fields by place."""

    a: int
    b: str = "b"


@record(frozen=True, kw_only=True)
class Record(Base):
    """One more, by name."""

    c: tuple[int, ...] = (1,)
    d: dict[str, int] = field(default_factory=dict, metadata={"help": "said"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "b", self.b.upper())


@dataclass(frozen=True)
class PlainBase:
    """Fields by place."""

    a: int
    b: str = "b"


@dataclass(frozen=True, kw_only=True)
class Plain(PlainBase):
    """One more, by name."""

    c: tuple[int, ...] = (1,)
    d: dict[str, int] = field(default_factory=dict, metadata={"help": "said"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "b", self.b.upper())


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "x"), {"c": (2,)}),
    ((), {"a": 2, "d": {"k": 1}}),
    ((), {}),
    ((1, "x", 3), {}),
    ((1,), {"a": 2}),
    ((1,), {"e": 2}),
]


def outcome(made: Callable[..., Any], *given: Any, **named: Any) -> object:
    try:
        return repr(made(*given, **named)).replace("Plain", "Record")
    except TypeError:
        return TypeError


@pytest.mark.parametrize(("given", "named"), GIVEN)
def test_it_is_made_as_a_dataclass_is(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    assert outcome(Record, *given, **named) == outcome(Plain, *given, **named)


def test_it_is_what_a_dataclass_is() -> None:
    one = Record(1, c=(2,))
    assert one == Record(1, "b", c=(2,)) != dataclasses.replace(one, a=3)
    assert one != (1, "B", (2,), {})  # type: ignore[comparison-overlap]
    assert hash(Base(1)) == hash(Base(1))
    assert dataclasses.asdict(one) == dataclasses.asdict(Plain(1, c=(2,)))
    assert pickle.loads(pickle.dumps(one)) == one
    assert msgspec.json.decode(msgspec.json.encode(one), type=Record) == one
    assert dataclasses.fields(Record)[3].metadata == {"help": "said"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.a = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.a


def test_its_signature_is_that_of_a_dataclass() -> None:
    own, plain = (inspect.signature(kind).parameters for kind in (Record, Plain))
    assert [(p.name, p.kind) for p in own.values()] == [(p.name, p.kind) for p in plain.values()]
    assert own["b"].default == plain["b"].default
    assert own["a"].default is inspect.Parameter.empty


def test_a_dataclass_inherits_from_a_record_as_from_a_frozen_one() -> None:
    @dataclass(frozen=True)
    class Frozen(Base):
        c: int = 3

    one = Frozen(1, c=4)
    assert (one.a, one.b, one.c) == (1, "b", 4)
    assert one == Frozen(1, "b", 4) != Frozen(1)
    assert hash(one) == hash(Frozen(1, "b", 4))
    assert list(inspect.signature(Frozen).parameters) == ["a", "b", "c"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.c = 5  # type: ignore[misc]
    with pytest.raises(TypeError, match="cannot inherit non-frozen dataclass from a frozen one"):
        dataclass(type("Open", (Base,), {"__annotations__": {"c": int}, "c": 3}))


def test_methods_of_its_own_stay() -> None:
    @record(frozen=True)
    class Own(Base):
        """With its own words."""

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

    assert repr(Own(1)) == "own"
    assert Own(1) == Own(2)
    assert hash(Own(1)) == hash(Own(1))

    @record(frozen=True)
    class Made(Base):
        """Made of a text."""

        def __init__(self, text: str) -> None:
            super().__init__(len(text))

    assert Made("abc").a == 3
    assert list(inspect.signature(Made).parameters) == ["text"]
