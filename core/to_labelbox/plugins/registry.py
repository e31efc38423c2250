"""The plug-in contract: what a reader and a writer are, how they are found, how a source is recognised.

A format is a record of functions, named by an entry point in the group ``to_labelbox.readers`` or
``to_labelbox.writers``; built-in formats are found exactly as a third party's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from to_labelbox.plugins.entry_points import load, values
from to_labelbox.plugins.reader import Reader
from to_labelbox.plugins.writer import Writer
from to_labelbox.report.errors import UsageError


class Registry(Mapping[str, Any]):
    """Formats by name, each imported when it is asked for.

    A plug-in that cannot be imported is kept as its error and named when it is asked for.
    """

    def __init__(self, group: str, kind: type[Reader | Writer]) -> None:
        self._kind = kind
        self._values = values(group)
        self._found: dict[str, Any] = {}
        self._errors: dict[str, str] = {}

    @property
    def broken(self) -> Mapping[str, str]:
        """Why plug-ins cannot be imported, by name."""
        len(self)
        return self._errors

    def __getitem__(self, name: str) -> Any:
        if not self._load(name):
            raise KeyError(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return filter(self._load, self._values)

    def __len__(self) -> int:
        return sum(map(self._load, self._values))

    @contextmanager
    def lent(self, name: str, format: Any) -> Iterator[None]:
        """Have a format that is not installed found by its name, for a while; an installed one stays what it is."""
        lent = name not in self
        if lent:
            self._values[name], self._found[name] = "", format
        try:
            yield
        finally:
            if lent:
                del self._values[name], self._found[name]

    def _load(self, name: str) -> bool:
        if name not in self._found and name in self._values and name not in self._errors:
            try:
                found = load(self._values[name])
            except Exception as error:  # a third party's import may fail in any way
                self._errors[name] = f"{type(error).__name__}: {error}"
            else:
                wrong = self._misfit(name, found)
                if wrong:
                    self._errors[name] = wrong
                else:
                    self._found[name] = found
        return name in self._found

    def _misfit(self, name: str, found: Any) -> str:
        """What is wrong with what an entry point names."""
        if not isinstance(found, self._kind):
            return f"{self._values[name]} is a {type(found).__name__}: want a {self._kind.__name__}"
        if found.name != name:
            return f"its {self._kind.__name__} is called {found.name!r}, its entry point {name!r}: give both one name"
        return ""


@cache
def readers() -> Registry:
    """All installed readers by name."""
    return Registry("to_labelbox.readers", Reader)


@cache
def writers() -> Mapping[str, Writer]:
    """All installed writers by name."""
    return Registry("to_labelbox.writers", Writer)


def reader(name: str) -> Reader:
    """The reader of that name. Raises :class:`UsageError` naming those there are."""
    table = readers()
    if name in table:
        found: Reader = table[name]
        return found
    broken = getattr(table, "broken", {})
    if name in broken:
        raise UsageError(f"format {name!r} is installed but cannot be loaded: {broken[name]}")
    from difflib import get_close_matches  # slow to load, and a mistake is rare

    from to_labelbox.plugins.other_formats import named

    near = get_close_matches(name.lower().replace("_", "-"), table, 1)
    meant = f"; did you mean {near[0]!r}?" if near else ";"
    known = f"{other}\n" if (other := named(name)) else ""
    raise UsageError(f"{known}no format {name!r}{meant} there are: {', '.join(table)}")


def describe(names: Sequence[str] = ()) -> list[Reader]:
    """The readers of those names, or all of them."""
    return [reader(n) for n in names] if names else list(readers().values())


def writer(name: str = "labelbox") -> Writer:
    """The writer of that name. Raises :class:`UsageError` naming those there are."""
    table = writers()
    if name not in table:
        raise UsageError(f"no target {name!r}; there are: {', '.join(table)}")
    return table[name]
