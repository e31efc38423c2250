"""Files that the user names in an option: tables, class maps, ontologies, lists of data rows.

They are small beside a source, and read whole or once from the beginning; what cannot be read so is refused with the
option's name in front (``said``).
"""

from __future__ import annotations

import codecs
import io
import os
import stat
from typing import Any, BinaryIO, TextIO

from to_labelbox.report.errors import UsageError
from to_labelbox.report.plain_words import in_words

MAX_BYTES = 256 << 20
"""Of a file that is read whole. Tables and lists, which are read line by line, may be longer."""
MAX_DIGITS = 9
_HEAD = 4096
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_file(path: str, said: str) -> BinaryIO:
    """A regular file; a pipe or a device, which may have no end, is refused. Raises :class:`UsageError`."""
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NONBLOCK))  # noqa: SIM115
    except (OSError, ValueError) as error:
        hint = ""
        if isinstance(error, FileNotFoundError):
            from to_labelbox.source.missing import likely  # a mistake is rare

            hint = likely(path)
        raise UsageError(f"{said}: {getattr(error, 'strerror', None) or error}{hint}") from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UsageError(f"{said}: is a pipe or a device, which can be read only once: save it as a file first")
    return file


def open_text(path: str, said: str) -> TextIO:
    """As :func:`open_file`, decoded by :func:`encoding_of`; reading raises :class:`UnicodeDecodeError`."""
    file = open_file(path, said)
    try:
        encoding = encoding_of(file.read(_HEAD), said)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def encoding_of(head: bytes, said: str) -> str:
    """UTF-8, with or without its mark, or what the mark of another one says: spreadsheets save texts as UTF-16.

    Raises :class:`UsageError` where bytes of zero say that it is none of these.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise UsageError(f"{said}: holds bytes of zero, so it is no text in UTF-8: save it as UTF-8")
    return "utf-8-sig"


def read_bytes(path: str, said: str, most: int = MAX_BYTES) -> bytes:
    """The whole file. Raises :class:`UsageError`, also above ``most`` bytes."""
    with open_file(path, said) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, most) + 1)
        except OSError as error:
            raise UsageError(f"{said}: {error.strerror}") from None
    if len(data) > most:
        raise UsageError(f"{said}: has {size:,} bytes, more than the {most:,} that are read")
    return data


def read_text(path: str, said: str, most: int = MAX_BYTES) -> str:
    """The whole file as text. Raises :class:`UsageError`."""
    try:
        data = read_bytes(path, said, most)
        return data.decode(encoding_of(data, said)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UsageError(f"{said}: {in_words(error)}") from None


def parse_json(text: str | bytes, said: str) -> Any:
    """A JSON document whose texts are texts: half a surrogate pair is refused. Raises :class:`UsageError`."""
    import json  # slow to load, for files that few give

    try:
        document = json.loads(text)
        if (b"\\u" if isinstance(text, bytes) else "\\u") in text:  # type: ignore[operator]
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise UsageError(f"{said}: {half} is half a character, which no text can hold") from None
    except RecursionError:
        raise UsageError(f"{said}: not read: nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{said}: not JSON: {in_words(error)}") from None
    return document


def separator_of(line: str) -> str:
    """What stands between the values of a table, by its first line: spreadsheets write semicolons where a comma is decimal, and tabs."""
    return max(",;\t", key=line.count)


def whole_number(text: str) -> int | None:
    """A number of up to nine plain digits, or None. ``640.0``, as tables with a gap in the column have it, is whole."""
    digits, _, fraction = text.partition(".")
    whole = len(digits) <= MAX_DIGITS and digits.isascii() and digits.isdecimal() and not fraction.strip("0")
    return int(digits) if whole else None


def codec_of(name: str | None) -> str:
    """The encoding that an option names, as Python calls it; empty for none. Raises :class:`UsageError`."""
    if name is None:
        return ""
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise UsageError(f"encoding {name!r} is not known; try latin-1, cp1252 or gbk") from None
