"""Small tables that users hand in as CSV."""

from __future__ import annotations

import csv

from to_labelbox.model.text import n_of
from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.asset_lookup import AssetTable
from to_labelbox.source.option_file import MAX_DIGITS, open_text, separator_of, whole_number
from to_labelbox.source.paths import is_of_a_disk

_LINE = 1 << 16
"""Characters of the first line that tell the separator."""


def read_table(path: str, columns: tuple[str, ...], what: str) -> list[tuple[int, list[str]]]:
    """(line number, values) of the rows, in the order of ``columns``; a header row may name them in another order.

    Raises :class:`UsageError` naming file and line.
    """
    rows: list[tuple[int, list[str]]] = []
    places = list(range(len(columns)))
    try:
        with open_text(path, f"{path}: {what} cannot be read") as file:
            separator = separator_of(file.readline(_LINE))
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            for row in reader:
                if not row:
                    continue
                if not rows and reader.line_num == 1 and set(columns) <= {c.strip().lower() for c in row}:
                    header = [c.strip().lower() for c in row]
                    places = [header.index(c) for c in columns]
                    continue
                if len(row) <= max(places):
                    has = f"this line has {n_of(len(row), 'value')}"
                    cut = ", and is the last one: the file may be cut off" if rows and not next(reader, None) else ""
                    raise UsageError(
                        f"{path}:{reader.line_num}: {what} wants the columns {', '.join(columns)}; {has}{cut}"
                    )
                rows.append((reader.line_num, [row[p].strip() for p in places]))
    except OSError as error:
        raise UsageError(f"{path}: {what} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: {what} is not CSV in UTF-8: {in_words(error)}") from error
    return rows


def read_sizes(path: str) -> AssetTable[tuple[int, int]]:
    """Asset → (width, height) in pixels."""
    sizes: dict[str, tuple[int, int]] = {}
    for line, (key, width, height) in read_table(path, ("key", "width", "height"), "the sizes file"):
        size = whole_number(width), whole_number(height)
        if not (size[0] and size[1]):
            raise UsageError(
                f"{path}:{line}: width and height must be whole numbers of pixels, of at most {MAX_DIGITS} digits"
            )
        if sizes.setdefault(key, (size[0], size[1])) != size:
            raise UsageError(f"{path}:{line}: {key!r} is listed twice with different sizes")
    return AssetTable(sizes)


def read_urls(path: str) -> dict[str, str]:
    """Asset → URL; a row without one says nothing."""
    urls: dict[str, str] = {}
    for line, (key, url) in read_table(path, ("key", "url"), "the URL map"):
        if not url:
            continue
        if is_of_a_disk(url):
            raise UsageError(f"{path}:{line}: {url!r} is a path of a disk, no address that Labelbox could open")
        if urls.setdefault(key, url) != url:
            raise UsageError(f"{path}:{line}: {key!r} is listed twice with different URLs")
    return urls
