"""Data rows that exist in the target already: which of them is an asset of the source.

A row is found by its global key, then by its external id, the path in its row data, and the stem of its file name, in that
order. Only a name that one row alone has counts, and not where the folders of both sides speak against it, so that no
annotation lands on a picture it was not made for.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TextIO

from msgspec import Struct

from to_labelbox.model.items import Asset
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.option_file import open_text, parse_json, separator_of

COLUMNS = ("id", "global_key", "external_id", "row_data")
_ALIASES = {
    **{name.replace("_", ""): name for name in COLUMNS},
    "datarowid": "id",
    "uid": "id",
    "url": "row_data",
    "imageurl": "row_data",
}
MATCHED_BY = ("global_key", "external_id", "row_data", "stem")
"""What of a row an asset may fit, the strongest first."""
_Table = Callable[[], Mapping[str, int]]
_AMBIGUOUS = -1
_DEEPEST = 64


class Row(Struct, frozen=True):
    """An existing data row: its number in the list, its global key or, without one, its id, and what of it an asset fits."""

    number: int
    global_key: str
    id: str
    matched_by: str

    @property
    def name(self) -> str:
        return self.global_key or self.id


class DataRows(Struct, frozen=True, dict=True):
    """Existing data rows as columns; an empty text is no value."""

    ids: list[str]
    global_keys: list[str]
    external_ids: list[str]
    urls: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def match(self, asset: Asset, key: str) -> Row | None:
        """The row of an asset; None when there is none, or more than one that it could be."""
        n = self._by_key.get(key)
        found = self._weaker(asset, key) if n is None else (n, "global_key")
        return None if found is None else Row(found[0], self.global_keys[found[0]], self.ids[found[0]], found[1])

    def _weaker(self, asset: Asset, key: str) -> tuple[int, str] | None:
        """A file's name stands for a row alone where the folders, if both sides name any, do not speak against it."""
        name = posixpath.basename(asset.path)
        rules: tuple[tuple[str, _Table, tuple[str, ...], Callable[[int], Sequence[str]]], ...] = (
            ("external_id", lambda: self._by_external_id, (key, asset.path, name), lambda n: [self.external_ids[n]]),
            ("row_data", lambda: self._by_path, (key, asset.path, name), lambda n: [_path(self.urls[n])]),
            (
                "stem",
                lambda: self._by_stem,
                (_stem(name),),
                lambda n: [t for t in self._named(n) if _stem(t) == _stem(name)],
            ),
        )
        for rule, table, wanted, named in rules:
            rows = table()
            for text in dict.fromkeys(wanted):
                n = rows.get(text, _AMBIGUOUS)
                if n != _AMBIGUOUS and any(_agree(key, other) for other in named(n)):
                    return n, rule
        return None

    def tell_contradictions(self, log: Log) -> None:
        """Say so where external id and row data, as far as a row has them, both name what is another row's global key."""
        agreeing, found = self._keys_named_beside
        if found:
            n = found[0]
            log.assume(
                "which column of --data-rows says what a row is",
                "global_key",
                for_=agreeing,
                against=len(found),
                why="counted are rows whose other columns name a global_key, their own or that of another row, "
                f"as {self.external_ids[n] or self.urls[n]!r} beside {self.global_keys[n] or self.ids[n]!r}",
            )

    @cached_property
    def _keys_named_beside(self) -> tuple[int, list[int]]:
        """How many rows name their own global key in another column, and those that name only others' there."""
        agreeing, others = 0, []
        for n, (key, external, url) in enumerate(zip(self.global_keys, self.external_ids, self.urls)):
            if key and (key == external or url.endswith(f"/{key}")):
                agreeing += 1
            elif external or url:
                names = [name for name in (external, _path(url)) if name]
                named = {self._by_key.get(name, self._by_key.get(posixpath.basename(name))) for name in names}
                agreeing += n in named
                if named and not named & {n, None}:
                    others.append(n)
        return agreeing, others

    def names(self) -> Iterator[str]:
        for key, external, id in zip(self.global_keys, self.external_ids, self.ids):
            yield key or external or id

    @cached_property
    def _by_key(self) -> Mapping[str, int]:
        return {key: n for n, key in enumerate(self.global_keys) if key}

    @cached_property
    def _by_external_id(self) -> Mapping[str, int]:
        return _unique((external, n) for n, external in enumerate(self.external_ids))

    @cached_property
    def _by_path(self) -> Mapping[str, int]:
        """By the path of the row data, and by its ends that begin after a slash."""
        return _unique((end, n) for n, url in enumerate(self.urls) for end in _ends(url))

    @cached_property
    def _by_stem(self) -> Mapping[str, int]:
        return _unique((stem, n) for n in range(len(self)) for stem in self._stems(n))

    def _named(self, n: int) -> list[str]:
        return [name for name in (self.global_keys[n], self.external_ids[n], _path(self.urls[n])) if name]

    def _stems(self, n: int) -> set[str]:
        return set(map(_stem, self._named(n)))


def _unique(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    """Names of one row each; those of several are marked, so that no later rule takes them for free."""
    found: dict[str, int] = {}
    for name, n in pairs:
        if name and found.setdefault(name, n) != n:
            found[name] = _AMBIGUOUS
    return found


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _agree(a: str, b: str) -> bool:
    """Whether one of two paths, without extensions, is an end of the other, or one has no folder to go by."""
    a, b = (posixpath.splitext(path)[0].strip("/") for path in (a, b))
    return "/" not in a or "/" not in b or f"/{a}".endswith(f"/{b}") or f"/{b}".endswith(f"/{a}")


def _path(url: str) -> str:
    if "://" not in url:
        return url
    from to_labelbox.source.urls import url_path  # slow to load, and few conversions have rows

    return url_path(url)


def _ends(url: str) -> Iterator[str]:
    """The path and its ends of up to ``_DEEPEST`` names: all ends of one with very many would be its length squared."""
    path = _path(url).lstrip("/")
    if path.count("/") >= _DEEPEST:
        yield path
        path = "/".join(path.rsplit("/", _DEEPEST)[1:])
    while path:
        yield path
        _, _, path = path.partition("/")


# ------------------------------------------------------------------------------------------------------ reading


def read_rows(path: str | os.PathLike[str]) -> DataRows:
    """Rows of an NDJSON file (an export of data rows, or data_rows.ndjson), a JSON list, or a CSV with a header row.

    Columns and keys are id, global_key, external_id and row_data; one of the first two is needed. Raises
    :class:`UsageError` naming file and line.
    """
    file = os.fspath(path)
    rows = DataRows([], [], [], [])
    lines: dict[str, int] = {}
    try:
        for line, record in _records(file):
            values = {known: str(v) for k, v in record.items() if (known := _column(k)) and v is not None and v != ""}
            if not values.get("id") and not values.get("global_key"):
                raise UsageError(f"{file}:{line}: a data row needs a global_key or an id")
            for column, kept in zip(COLUMNS, (rows.ids, rows.global_keys, rows.external_ids, rows.urls)):
                kept.append(values.get(column, ""))
            key = values.get("global_key") or values["id"]
            first = lines.setdefault(key, line)
            if first != line:
                raise UsageError(f"{file}:{line}: the data row {key!r} is there twice, first on line {first}")
    except OSError as error:
        raise UsageError(f"--data-rows {file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"--data-rows {file}: {in_words(error)}") from None
    if not rows.ids:
        raise UsageError(f"--data-rows {file}: there is no data row in it")
    return rows


def _column(name: str) -> str | None:
    return _ALIASES.get("".join(c for c in name.lower() if c.isalnum()))


def _records(path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with open_text(path, f"--data-rows {path}") as file:
        head = file.read(4096).lstrip()[:1]
        file.seek(0)
        if head == "[":
            yield from ((n, _record(path, n, one)) for n, one in enumerate(_json(path, 1, file.read()), 1))
        elif head == "{":
            for n, line in enumerate(file, 1):
                if line.strip():
                    yield n, _record(path, n, _json(path, n, line))
        else:
            yield from _csv(path, file)


def _json(path: str, line: int, text: str) -> Any:
    return parse_json(text, f"{path}:{line}")


def _record(path: str, line: int, value: Any) -> Mapping[str, Any]:
    """In an export, the row is what stands under ``data_row``."""
    inner = value.get("data_row", value) if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        raise UsageError(f"{path}:{line}: a data row is an object")
    return {k: v for k, v in inner.items() if isinstance(v, str | int)}


def _csv(path: str, file: TextIO) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import csv  # few have a table of rows

    separator = separator_of(file.readline(1 << 16))
    file.seek(0)
    reader = csv.reader(file, delimiter=separator)
    try:
        header = next(reader, [])
        if not {"id", "global_key"} & {_column(name) for name in header}:
            raise UsageError(f"{path}:1: want a header row with global_key or id, and any of external_id, row_data")
        for row in reader:
            if row:
                yield reader.line_num, dict(zip(header, (value.strip() for value in row)))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: not CSV: {in_words(error)}") from None
