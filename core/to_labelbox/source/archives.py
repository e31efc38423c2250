"""What is packed: members of zip archives and files in gz, with caps on size, ratio and count.

Loaded where a source has any: what it needs takes longer to load than all else of a source.
"""

from __future__ import annotations

import gzip
import lzma
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, BinaryIO, cast

from to_labelbox.model.text import display
from to_labelbox.report.errors import FileError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.paths import BELOW_NO_DATA, is_safe

MAX_MEMBER_BYTES = 64 * 2**30
MAX_MEMBERS = 5_000_000
MAX_TOTAL_BYTES = 2**40
RATIO_FREE_BYTES, LARGE_BYTES = 64 * 2**20, 2**30
MAX_RATIO, MAX_LARGE_RATIO = 1_000, 100
"""Highest inflation of a member, a gz file or a whole archive with more than ``RATIO_FREE_BYTES`` once unpacked, and
with more than ``LARGE_BYTES``: texts are packed to a tenth, rarely to a hundredth."""
DAMAGED = (
    zlib.error,
    lzma.LZMAError,
    EOFError,
    zipfile.BadZipFile,
    NotImplementedError,
    struct.error,
    ValueError,
    OverflowError,
    RuntimeError,
)
"""What the readers of archives raise about damaged ones, beside OSError."""
ENCRYPTED = "the archive is encrypted: unpack it first"
_BLOCK = 1 << 20


class Zip:
    """The members of a zip archive. ``shown`` is its path as the user wrote it."""

    def __init__(self, path: str, shown: str) -> None:
        self._path, self._shown, self._process = path, shown, os.getpid()
        try:
            self._zip = zipfile.ZipFile(path)
        except (*DAMAGED, OSError) as error:
            raise FileError(f"{path}: not a readable zip archive: {in_words(error)}") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in self._zip.infolist():
            name = info.filename.replace("\\", "/")
            if not name or name.endswith("/"):
                continue
            if not is_safe(name):
                raise FileError(f"{path}: member {display(name)!r} leads out of the archive; nothing was read from it")
            if BELOW_NO_DATA.search(name):
                continue
            if name in self._members:
                raise FileError(f"{path}: member {display(name)!r} is there twice, so its content is ambiguous")
            if len(self._members) >= MAX_MEMBERS:
                raise FileError(f"{path}: more than {MAX_MEMBERS:,} members")
            self._members[name] = info
            total += info.file_size
        if total > LARGE_BYTES and (why := _too_much(total, os.path.getsize(path))):
            raise FileError(f"{path}: {why}")
        if total > MAX_TOTAL_BYTES:
            raise FileError(f"{path}: unpacks to more than {MAX_TOTAL_BYTES:,} bytes")

    @property
    def archive(self) -> zipfile.ZipFile:
        """The archive, with a file of this process's own: processes that are forked share the place in an open file."""
        if self._process != os.getpid():
            self._zip.fp = open(self._path, "rb")  # noqa: SIM115
            self._process = os.getpid()
        return self._zip

    def names(self) -> Sequence[str]:
        return sorted(self._members)

    def open(self, name: str) -> BinaryIO:
        info = self._members.get(name)
        if info is None:
            raise FileNotFoundError(name)
        if info.flag_bits & 1:
            raise FileError(f"{ENCRYPTED} ({self._path})")
        if why := _too_much(info.file_size, info.compress_size):
            raise FileError(f"in {self._path}: {why}")
        return unpacked(self.archive.open(info), info.file_size, info.compress_size)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def exists(self, name: str) -> bool:
        return name in self._members

    def real_path(self, name: str) -> str | None:  # noqa: ARG002 - what is packed has no path
        return None

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a member, unpacked where it is a gz file."""
        info = self._members[name]
        if info.flag_bits & 1:
            raise FileError(f"{ENCRYPTED} ({self._shown})")
        with self.archive.open(info) as member:
            return gunzipped(member, size) if name.lower().endswith(".gz") else member.read(size)


def _too_much(size: int, packed: int) -> str:
    """Why so many bytes of so few are not unpacked; empty when they may be."""
    for free, ratio in ((LARGE_BYTES, MAX_LARGE_RATIO), (RATIO_FREE_BYTES, MAX_RATIO)):
        if size > free and size > ratio * max(1, packed):
            return f"unpacks to more than {ratio:,} times its size, which looks like a zip bomb"
    return ""


def unpacked(stream: IO[bytes] | gzip.GzipFile, size: int | None, packed: int) -> BinaryIO:
    """A seekable copy of a compressed stream: in memory when small, else in an unnamed temporary file."""
    target = tempfile.SpooledTemporaryFile(max_size=32 * 2**20)  # noqa: SIM115
    total = 0
    limit = MAX_MEMBER_BYTES if size is None else size
    try:
        with stream:
            while block := stream.read(_BLOCK):
                total += len(block)
                if total > limit:
                    raise FileError("holds more than it declares, or more than is accepted")
                if why := _too_much(total, packed):
                    raise FileError(why)
                target.write(block)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    return cast(BinaryIO, target)


def gunzipped(stream: IO[bytes], size: int) -> bytes:
    """The first bytes of a gz file, without unpacking more."""
    return gzip.GzipFile(fileobj=cast(BinaryIO, stream)).read(size)


def ungzipped(packed: BinaryIO) -> BinaryIO:
    """A seekable copy of what a gz file holds."""
    size = packed.seek(0, os.SEEK_END)
    packed.seek(0)
    return unpacked(gzip.GzipFile(fileobj=packed), None, size)
