"""Random access to the bytes of a set's files, by ``os.pread`` so that forked processes can share them."""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Self

from to_labelbox.source.files import Source
from to_labelbox.source.json_stream import as_utf8

OPEN = 64
"""Files that are open at a time: a set may have more of them than a process may open."""


class Texts:
    """The files of a set in order. Packed and UTF-16 ones are copied, one after another, into one unnamed file."""

    def __init__(self) -> None:
        self._places: list[tuple[str | None, int]] = []
        self._copies: BinaryIO | None = None

    def add(self, source: Source, name: str) -> None:
        path = None if _needs_copy(source, name) else source.real_path(name)
        self._places.append((path, 0) if path is not None else (None, self._copy(source, name)))

    def _copy(self, source: Source, name: str) -> int:
        """Where the copy of a file begins."""
        if self._copies is None:
            self._copies = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._copies.close)
        place = self._copies.seek(0, os.SEEK_END)
        with source.open(name) as stream, as_utf8(stream) as whole:
            while block := whole.read(1 << 20):
                self._copies.write(block)
        self._copies.flush()
        return place

    def open(self) -> Opened:
        return Opened(self._places, self._copies)


class Opened:
    """The files for one pass, each opened when it is first read."""

    def __init__(self, places: list[tuple[str | None, int]], copies: BinaryIO | None) -> None:
        self._places = places
        self._copies = copies
        self._descriptors: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(len(self._descriptors))

    def _close(self, count: int) -> None:
        """Close the files that were opened first."""
        for file in list(self._descriptors)[:count]:
            os.close(self._descriptors.pop(file))

    def _opened(self, path: str) -> int:
        try:
            return os.open(path, os.O_RDONLY)
        except OSError as error:
            if error.errno != errno.EMFILE or not self._descriptors:
                raise
        self._close((len(self._descriptors) + 1) // 2)  # the system lets a process have fewer
        return os.open(path, os.O_RDONLY)

    def read(self, file: int, length: int, start: int) -> bytes:
        descriptor, base = self._place(file)
        return os.pread(descriptor, length, base + start)

    def read_all(self, file: int, places: Iterable[tuple[int, int]]) -> list[bytes]:
        """What stands at several places of a file, given as start and length."""
        descriptor, base = self._place(file)
        read = os.pread
        return [read(descriptor, length, base + start) for start, length in places]

    def _place(self, file: int) -> tuple[int, int]:
        """The descriptor that has a file, and where in it the file begins."""
        path, base = self._places[file]
        if path is None:
            assert self._copies is not None
            return self._copies.fileno(), base
        descriptor = self._descriptors.get(file)
        if descriptor is None:
            if len(self._descriptors) >= OPEN:
                self._close(1)
            descriptor = self._descriptors[file] = self._opened(path)
        return descriptor, 0


def _needs_copy(source: Source, name: str) -> bool:
    return source.is_archive or name.lower().endswith(".gz") or source.head(name, 2) in (b"\xff\xfe", b"\xfe\xff")
