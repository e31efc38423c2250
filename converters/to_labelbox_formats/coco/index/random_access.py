"""Random access to the bytes of a set's files, by ``os.pread`` so that forked processes can share them."""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
from msgspec import Struct

from to_labelbox.source.json_stream import UNDECODABLE
from to_labelbox_formats.coco.index.census import members_of
from to_labelbox_formats.coco.index.ids import alone, name_of_file
from to_labelbox_formats.coco.index.ranges import Table

OPEN = 64
"""Files that are open at a time: a set may have more of them than a process may open."""


class _Image(Struct, gc=False):
    file_name: str | None = None
    coco_url: str | None = None


_image = msgspec.json.Decoder(_Image).decode


class Texts:
    """The files of a set in order. Packed and UTF-16 ones are copied, one after another, into one unnamed file."""

    def __init__(self) -> None:
        self._places: list[tuple[str | None, int]] = []
        self._copies: BinaryIO | None = None

    def add(self, path: str | None, text: BinaryIO) -> None:
        """Take in a file: its path where that holds its text as it is, else None."""
        self._places.append((path, 0) if path is not None else (None, self._copy(text)))

    def _copy(self, text: BinaryIO) -> int:
        """Where the copy of a file begins."""
        if self._copies is None:
            self._copies = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._copies.close)
        place = self._copies.seek(0, os.SEEK_END)
        text.seek(0)
        while block := text.read(1 << 20):
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

    def record(self, file: int, table: Table, row: int) -> bytes:
        return self.read(file, int(table.lengths[row]), int(table.starts[row]))

    def image_name(self, file: int, images: Table, row: int) -> str:
        """What the file of an image is called: its ``file_name``, else its ``coco_url``; empty where neither can be read."""
        text = self.record(file, images, row)
        try:
            image = _image(text)
        except UNDECODABLE:
            return alone(text)
        return image.file_name or image.coco_url or name_of_file(members_of(text))[1]

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
