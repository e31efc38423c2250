"""Bytes of a source: a file, a folder, a zip or gz archive, or several files of one set.

Entries are named by ``/``-separated paths relative to the source's root. Nothing outside that root is ever opened, links
met on the walk are not followed, and archives are read in place with caps on size, ratio and count. Folders that hold no
data (:func:`~to_labelbox.source.paths.is_data_folder`) are not listed.
"""

from __future__ import annotations

import bisect
import codecs
import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO, Protocol

from to_labelbox.model.text import display, pattern, text_name
from to_labelbox.report.errors import FileError, UsageError
from to_labelbox.report.plain_words import in_words
from to_labelbox.source.folder import PLAIN_FILE, Folder
from to_labelbox.source.image_headers import Header, file_header, image_header, is_media
from to_labelbox.source.paths import MIRRORS, RUN
from to_labelbox.source.text_encoding import as_utf8, is_text, is_utf16, utf8

HEAD = 64 * 1024
PICTURE_HEAD = 256 * 1024
"""Bytes of a picture in which its header lies, thumbnails before it included."""
HEADS = 64
"""Beginnings of files that a source keeps: 4 MB."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_WIDE_TEXT = pattern(rb"(?:[\t-~]\0(?:\0\0)?){8}|(?:(?:\0\0)?\0[\t-~]){8}")
"""Eight characters of two or four bytes each."""
_TAR, _TAR_AT = b"ustar", 257
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
}
"""How archives begin that are not read in place."""
_SMALL = 1 << 16


class _Store(Protocol):
    def names(self) -> Sequence[str]: ...
    def open(self, name: str) -> BinaryIO: ...
    def size(self, name: str) -> int: ...
    def exists(self, name: str) -> bool: ...
    def real_path(self, name: str) -> str | None: ...
    def head(self, name: str, size: int) -> bytes: ...


def _all_but_alike(names: Sequence[str], groups: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    """Sorted names one by one, but for long runs in one folder with one extension, which go to their groups together.

    Those from the first to the last of a run begin alike as these two do, so to count slashes and endings tells whether all do.
    """
    for start in range(0, len(names), RUN):
        run = names[start : start + RUN]
        first, text = run[0], "\n".join((*run, ""))
        folder, dot, ending = first[: first.rfind("/") + 1], *first.rpartition(".")[1:]
        if (
            dot
            and "/" not in ending
            and run[-1].startswith(folder)
            and text.count("/") == len(run) * folder.count("/")
            and text.count(f".{ending}\n") == text.count("\n") == len(run)
            and f"{folder}.{ending}" not in run
        ):
            groups.setdefault((folder, f".{ending.lower()}"), []).extend(run)
        else:
            yield from run


def shown_path(path: str) -> str:
    """A path as the user knows it: of a mirrored one, the address."""
    if MIRRORS not in path:
        return path
    from to_labelbox.source.cloud.placeholder import shown

    return shown(path)


class Source:
    """What a reader reads. ``path`` is as the user wrote it, ``name`` names the dataset, ``place`` is where the (first) file is.

    ``without`` are folders of a folder that are no part of it.
    """

    def __init__(self, *paths: str | os.PathLike[str], without: Sequence[str] = ()) -> None:
        if not paths:
            raise UsageError("no source given")
        files = [os.fspath(p) for p in paths]
        for path in files:
            if not os.path.exists(path):
                from to_labelbox.source.missing import no_such_path  # a mistake is rare

                raise no_such_path(path)
            if not os.path.isfile(path) and not os.path.isdir(path):
                raise UsageError(f"{path} is a pipe or a device, which can be read only once: save it as a file first")
        first = files[0]
        self.unreadable: dict[str, str] = {}
        self._heads: dict[str, bytes] = {}
        self.read_beside: list[
            str
        ] = []  # files, or folder/*.png, that a reader reads though they are not listed, or are media
        self.place = first
        self.path = ", ".join(map(shown_path, files))
        self._store: _Store
        self.is_list = len(files) > 1
        """Whether several files were named one by one: the user says that they are one set."""
        if len(files) > 1:
            folders = [p for p in files if os.path.isdir(p)]
            if folders:
                raise UsageError(f"{folders[0]} is a folder: give one folder, or several files of one set")
            root = os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in files])
            self._store = Folder(root, [os.path.relpath(p, root).replace(os.sep, "/") for p in files])
            self.name = os.path.basename(root) or "dataset"
        elif os.path.isdir(first):
            self._store = Folder(first, without=without)
            self.name = os.path.basename(os.path.abspath(first)) or "dataset"
        elif _is_zip(first):
            from to_labelbox.source.archives import Zip

            self._store = Zip(first, display(self.path))
            self.name = os.path.splitext(os.path.basename(os.path.normpath(first)))[0]
        else:
            root, base = os.path.split(os.path.abspath(first))
            self._store = Folder(root, [base])
            self.name = base.removesuffix(".gz").split(".")[0] or base
        self.name = text_name(self.name)
        self.is_file = len(files) == 1 and isinstance(self._store, Folder) and not os.path.isdir(first)
        self.is_archive = not isinstance(self._store, Folder)

    @property
    def folder(self) -> str | None:
        """The real folder that the names are relative to, or None for an archive."""
        return self._store.root if isinstance(self._store, Folder) else None

    @cached_property
    def names(self) -> Sequence[str]:
        """All entries, sorted; several files in the order in which they were given.

        For a single file: that file, although its neighbours can be opened too.
        """
        return self._store.names()

    @property
    def links(self) -> list[str]:
        """Links that the walk met and did not follow, sorted, but those in hidden folders."""
        if not isinstance(self._store, Folder):
            return []
        self._store.names()
        return sorted(name for name in self._store.links if "/." not in f"/{name}")

    def archive_kind(self) -> str:
        """What kind of archive a single file is that is not read in place; empty for any other source."""
        head = self.head(self.names[0]) if self.is_file and self.names else b""
        if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
            return "tar"
        return next((kind for start, kind in _ARCHIVES.items() if head.startswith(start)), "")

    def oddities(self) -> dict[str, str]:
        """What is wrong with those files that :meth:`head` was asked for, as far as their first bytes say it."""
        found = {name: f"cannot be read: {why}" for name, why in self.unreadable.items()}
        for name, head in self._heads.items():
            if name not in found and (odd := _oddity(name, head)):
                found[name] = odd
        return found

    @cached_property
    def groups(self) -> Mapping[tuple[str, str], list[str]]:
        """Entries by folder (with a closing slash, the root as an empty text) and extension, each in order.

        Extensions are in lower case, with their dot; a dot that begins a name begins no extension. One pass over the
        listing serves every reader that is asked about a source.
        """
        groups: dict[tuple[str, str], list[str]] = {}
        found: dict[str, list[str]] = {}
        for name in self.names if self.is_list else _all_but_alike(self.names, groups):
            cut, dot = name.rfind("/") + 1, name.rfind(".")
            written = name[:cut] + name[dot:] if dot > cut else name[:cut]
            group = found.get(written)
            if group is None:
                key = name[:cut], name[dot:].lower() if dot > cut else ""
                group = found[written] = groups.setdefault(key, [])
            group.append(name)
        return groups

    @cached_property
    def pictures(self) -> list[str]:
        """Entries that are pictures or videos, by their extensions."""
        return list(filter(is_media, self.names))

    def ending(self, *extensions: str) -> list[str]:
        """Entries with one of these extensions, packed by gzip or not, in the order of :attr:`names`."""
        found: list[str] = []
        for (_, extension), names in self.groups.items():
            if extension in extensions:
                found += names
            elif extension == ".gz":
                found += [n for n in names if n[:-3].lower().endswith(extensions)]
        if len(found) < 2:
            return found
        if self.is_list:
            wanted = set(found)
            return [n for n in self.names if n in wanted]
        return sorted(found)

    def under(self, prefix: str) -> Sequence[str]:
        """Entries whose name starts with a prefix, by bisection of the sorted listing."""
        if self.is_file:
            return [n for n in self.names if n.startswith(prefix)]
        names = self.names
        low = bisect.bisect_left(names, prefix)
        return names[low : bisect.bisect_left(names, prefix + "\U0010ffff", low)]

    def exists(self, name: str) -> bool:
        return self._store.exists(name)

    def size(self, name: str) -> int:
        """Bytes as stored (of a ``.gz`` file: compressed)."""
        try:
            return self._store.size(name)
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}") from error

    def real_path(self, name: str) -> str | None:
        """The path on disk of what :meth:`open` gives byte for byte.

        None inside an archive, for a name that leaves the root, and for what is unpacked or recoded.
        """
        if name.lower().endswith(".gz") or (is_text(name) and is_utf16(self._head(name, 4))):
            return None
        return self._store.real_path(name)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A seekable binary stream; ``.gz`` entries are unpacked, texts in UTF-16 recoded as UTF-8, but for XML.

        Raises :class:`FileError`.
        """
        stream: BinaryIO | None = None
        try:
            try:
                stream = self._store.open(name)
                if name.lower().endswith(".gz"):
                    from to_labelbox.source.archives import ungzipped

                    with stream as packed:
                        stream = ungzipped(packed)
                if is_text(name) and (text := as_utf8(stream)) is not stream:
                    stream.close()
                    stream = text
            except (OSError, MemoryError) as error:
                raise FileError(self._unreadable(error)) from error
            except Exception as error:
                if not _is_damage(error):
                    raise
                raise FileError(f"the archive {self._archive(name)} is damaged: {in_words(error)}") from error
            yield stream
        finally:
            if stream is not None:
                stream.close()

    def read(self, name: str, limit: int = 2**31) -> bytes:
        """The whole entry, a text without its byte-order mark. Raises :class:`FileError`, also above ``limit`` bytes."""
        with self.open(name) as stream:
            try:
                size = stream.seek(0, os.SEEK_END)
                if size > limit:
                    raise FileError(f"larger than {limit:,} bytes")
                stream.seek(0)
                # asked for no more than there is: the room for it is taken before anything is read
                data = stream.read(size + 1)
            except OSError as error:
                raise FileError(self._unreadable(error)) from error
            except MemoryError as error:
                raise FileError(self._unreadable(error, f"its {size:,} bytes")) from error
        if len(data) != size:
            raise FileError("has changed while it was read")
        return data.removeprefix(codecs.BOM_UTF8) if is_text(name) else data

    def _archive(self, name: str) -> str:
        """The packed file that an entry is or is in."""
        return display(self.path) if self.is_archive else display(name)

    def _unreadable(self, error: OSError | MemoryError, what: str = "it") -> str:
        inside = f" in the archive {display(self.path)}" if self.is_archive else ""
        if isinstance(error, MemoryError):
            return f"cannot be read{inside}: there is too little memory for {what}"
        return f"cannot be read{inside}: {error.strerror or error}"

    def load(self, name: str, limit: int = 2**31) -> bytes:
        """The whole of an entry that :attr:`names` lists: as :meth:`read`, for sets of many small files.

        The walk that made the listing followed no links, so nothing but the last step can have become one since.
        """
        if not isinstance(self._store, Folder) or name[-3:].lower() == ".gz":
            return self.read(name, limit)
        try:
            handle = os.open(f"{self._store.root}/{name}", PLAIN_FILE)
            try:
                data = os.read(handle, _SMALL)
            finally:
                os.close(handle)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return self.read(name, limit)
            raise FileError(f"cannot be read: {error.strerror or error}") from error
        return data if 0 < len(data) < _SMALL and len(data) <= limit else self.read(name, limit)

    def head(self, name: str, size: int = HEAD) -> bytes:
        """The first bytes, without unpacking more of an archive than needed, in UTF-8 and without a byte-order mark.

        Empty when unreadable; the reason is kept in :attr:`unreadable`. Those of a few files are kept: every reader that is
        asked about a source looks at the same ones.
        """
        if size != HEAD:
            return self._text_head(name, size)
        if name not in self._heads:
            if len(self._heads) == HEADS:
                self._heads.clear()
            self._heads[name] = self._text_head(name, size)
        return self._heads[name]

    def header(self, name: str) -> Header | None:
        """Size and orientation of a picture; of one in an archive by its first bytes. None for what is no picture, or not there."""
        real = self._store.real_path(name)
        return file_header(real) if real is not None else image_header(self._head(name, PICTURE_HEAD))

    def _text_head(self, name: str, size: int) -> bytes:
        data = self._head(name, size)
        return utf8(self._head(name, 2 * size) if is_utf16(data) else data)

    def _head(self, name: str, size: int) -> bytes:
        try:
            return self._store.head(name, size)
        except Exception as error:
            if not isinstance(error, OSError | FileError) and not _is_damage(error):
                raise
            inside = f" (in the archive {display(self.path)})" if self.is_archive else ""
            self.unreadable.setdefault(name, (getattr(error, "strerror", None) or in_words(error)) + inside)
            return b""


def _oddity(name: str, head: bytes) -> str:
    if not head:
        return "is empty"
    if not head.strip(b"\0"):
        return "begins with bytes of zero alone: it was not written or not copied to its end"
    if name.lower().endswith(".zip") and not head.startswith(_ZIP):
        return "is no zip archive, although it is named like one"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) or _WIDE_TEXT.match(head):
        return "is written in UTF-32, or in UTF-16 without its mark: save it as UTF-8"
    return ""


def _is_damage(error: Exception) -> bool:
    """Whether it is what the readers of archives raise about damaged ones."""
    from to_labelbox.source.archives import DAMAGED

    return isinstance(error, DAMAGED)


def _is_zip(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) in _ZIP
    except OSError:
        return False
