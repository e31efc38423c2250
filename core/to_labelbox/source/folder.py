"""The files below a folder, none of which leads out of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from functools import cached_property
from typing import BinaryIO

from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.source.paths import MIRRORS, is_data_folder, is_safe

PLAIN_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Folder:
    """Files below a folder; ``only`` restricts the listing, not the look-ups, to given names, which may be links.

    ``without`` are folders that are not listed.
    """

    def __init__(self, root: str, only: Sequence[str] | None = None, without: Sequence[str] = ()) -> None:
        self.root = root
        self._without = frozenset(without)
        self._only = list(only) if only is not None else None
        self._named = frozenset(only or ())
        self._inside: dict[str, bool] = {}
        self.links: list[str] = []

    @cached_property
    def _listing(self) -> list[str]:
        return sorted(self._walk()) if self._only is None else self._only

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    def names(self) -> Sequence[str]:
        return self._listing

    def _walk(self) -> list[str]:
        """Files below the root in no order; links are not followed."""
        found: list[str] = []
        prefixes = [""]
        for prefix in prefixes:
            folder = os.path.join(self.root, prefix)
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_file(follow_symlinks=False):
                            found.append(prefix + entry.name)
                        elif entry.is_dir(follow_symlinks=False):
                            if prefix + entry.name not in self._without and is_data_folder(entry.name):
                                prefixes.append(f"{prefix}{entry.name}/")
                        elif entry.is_symlink():
                            self.links.append(prefix + entry.name)
            except OSError as error:
                raise FileError(f"cannot list {folder}: {error.strerror}") from error
        return found

    def real_path(self, name: str) -> str | None:
        return os.path.join(self.root, name) if is_safe(name) else None

    def open(self, name: str) -> BinaryIO:
        path = self.real_path(name)
        if path is None:
            raise FileError("the path leaves the source's folder, so it is not opened")
        folder = name[: name.rfind("/") + 1]
        if folder not in self._inside:
            self._inside[folder] = self._leads_inside(os.path.join(self.root, folder))
        if self._inside[folder]:
            try:
                return content(open(path, "rb", opener=no_link), path)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
        if name not in self._named and not self._leads_inside(path):  # whoever names a link means its file
            raise FileError("a link leads out of the source's folder, so it is not opened")
        return open(path, "rb")

    def _leads_inside(self, path: str) -> bool:
        return os.path.commonpath((os.path.realpath(path), self._real_root)) == self._real_root

    def size(self, name: str) -> int:
        path = self.real_path(name)
        return os.path.getsize(path) if path else 0

    def exists(self, name: str) -> bool:
        path = self.real_path(name)
        return path is not None and os.path.isfile(path)

    def head(self, name: str, size: int) -> bytes:
        with self.open(name) as stream:
            if name.lower().endswith(".gz"):
                from to_labelbox.source.archives import gunzipped

                return gunzipped(stream, size)
            return stream.read(size)


def content(file: BinaryIO, path: str) -> BinaryIO:
    """The file, or for an empty one that stands for a file in the cloud, that."""
    if MIRRORS in path and os.fstat(file.fileno()).st_size == 0:
        from to_labelbox.source.cloud.placeholder import whole  # few sources lie there

        try:
            body = whole(path)
        except UsageError as error:
            file.close()
            raise FileError(str(error)) from None
        if body is not None:
            file.close()
            return open(body, "rb")
    return file


def no_link(path: str, flags: int) -> int:
    """Opens a file that is no link."""
    if PLAIN_FILE == os.O_RDONLY and os.path.islink(path):  # a system that cannot tell while it opens
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return os.open(path, flags | PLAIN_FILE)
