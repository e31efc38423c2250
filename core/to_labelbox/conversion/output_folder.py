"""Output folders: files are written aside, hashed on the way, and named when all of them are complete.

The report is named last and holds the hashes of the others, so a set that was interrupted is recognised.
"""

from __future__ import annotations

import errno
import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from to_labelbox.conversion.naming import OURS, PARTIAL, REPORT, Complete, give_names
from to_labelbox.model.text import display
from to_labelbox.report.errors import NoRoomError, UsageError
from to_labelbox.report.report import Output, Report

if TYPE_CHECKING:
    from to_labelbox.conversion.hash_aside import HashAside

LINES = "annotations.ndjson"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_output(folder: str) -> bool:
    """Whether a folder holds what this program has written, by the beginning of its report."""
    try:
        with open(os.path.join(folder, REPORT), "rb") as file:
            return b'"to-labelbox"' in file.read(100)
    except OSError:
        return False


def refuse_pipes(folder: str) -> None:
    """Raise :class:`UsageError` where a file of an output folder is none: reading a pipe never ends."""
    folders = [folder] if os.path.isdir(folder) else []
    while folders:
        with suppress(PermissionError), os.scandir(folders.pop()) as entries:  # who reads it says what is not allowed
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith((".json", ".ndjson")) and not entry.is_file() and os.path.exists(entry.path):
                    raise UsageError(f"{display(entry.path)} is no file: remove it")


class Sink:
    """A file that will be published under ``name``: its bytes and SHA-256 are counted on the way.

    ``lines`` are counted by whoever writes it: to find them in what is written takes as long as all else here.
    """

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        self.name = name
        self.lines = 0
        self.size = 0
        self._hash = hashlib.sha256()
        self._aside: HashAside | None = None
        self._file: BinaryIO = open(path, "wb", buffering=0)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        _write_all(self._file, data)
        self.size += len(data)
        if self._aside is None:
            self._hash.update(data)
        else:
            self._aside.upto(self.size)

    def hash_aside(self) -> None:
        """Leave the hash to another process, before anything is written, where there may be one more."""
        from to_labelbox.conversion.hash_aside import HashAside

        with suppress(OSError):
            self._aside = HashAside(self.path)

    def placed(self, size: int) -> None:
        """Take account of so many bytes that another process has put where this file has ended."""
        self.size += size
        if self._aside is not None:
            self._aside.upto(self.size)
        elif size:
            from to_labelbox.conversion.hash_aside import add

            with open(self.path, "rb", buffering=0) as file:
                file.seek(self.size - size)
                add(self._hash, file, size)
        self._file.seek(self.size)

    def abandon(self) -> None:
        self._file.close()
        if self._aside is not None:
            self._aside.end()

    def close(self) -> Output:
        self._file.close()
        return Output(self.lines, self.size, (self._aside or self._hash).hexdigest())


def remove_folder(path: str) -> None:
    """Remove a folder with all that is in it, as far as that can be done."""
    with suppress(OSError):
        for entry in os.scandir(path):
            if not entry.is_dir(follow_symlinks=False):
                os.remove(entry)
        os.rmdir(path)
    if os.path.lexists(path):
        import shutil  # slow to load

        shutil.rmtree(path, ignore_errors=True)


def holds_result(folder: str) -> str:
    """The name of a file of an earlier result in a folder, or nothing; a report that says that nothing came of it is none."""
    names = sorted(name for name in os.listdir(folder) if OURS.fullmatch(name)) if os.path.isdir(folder) else []
    if names == [REPORT] and is_output(folder):
        with suppress(OSError, msgspec.MsgspecError), open(os.path.join(folder, REPORT), "rb") as file:
            outputs: Any = msgspec.json.decode(file.read(), type=dict[str, Any]).get("outputs")
            return "" if outputs == {} else REPORT
    return names[0] if names else ""


def unwritable(folder: str, error: OSError) -> UsageError | NoRoomError:
    """Why a folder cannot take an output."""
    if isinstance(error, FileExistsError):
        what = "a link that leads nowhere" if os.path.islink(folder) else "a file"
        return UsageError(f"{folder} is {what}: give a folder for the output")
    if not folder:
        return UsageError("the name of the output folder is empty")
    kind = NoRoomError if error.errno in _FULL else UsageError
    return kind(f"{folder} cannot be written: {error.strerror}")


@contextmanager
def room(place: str, advice: str = "nothing was written") -> Iterator[None]:
    """Name the output, and what can be done, where a disk is full or takes nothing, or where what is being written has gone.

    Raises :class:`ToLabelboxError`.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and PARTIAL in str(error.filename):
            gone = "what was being written has been removed, by another run into this folder or by somebody else"
            raise UsageError(f"{place}: {gone}; {advice}") from error
        if error.errno not in (*_FULL, errno.EROFS):
            raise
        kind = UsageError if error.errno == errno.EROFS else NoRoomError
        raise kind(f"{place} cannot be written: {error.strerror}; {advice}") from error


def make_folders(path: str) -> list[str]:
    """Make a folder and those above it; gives what was made, the innermost first.

    Raises :class:`OSError`, and :class:`UsageError` for an address, which would become folders with its name.
    """
    if "://" in path:
        raise UsageError(f"-o {path}: the output is written to a folder of this machine, not to an address")
    made = []
    above = os.path.abspath(path)
    while not os.path.lexists(above):
        made.append(above)
        above = os.path.dirname(above)
    os.makedirs(path, exist_ok=True)
    return made


def remove_empty(folders: Iterable[str]) -> None:
    """Remove folders that :func:`make_folders` has made, as far as nothing is in them."""
    for folder in folders:
        with suppress(OSError):
            os.rmdir(folder)


def discard(folder: str) -> None:
    """Remove what waits in an output folder for its names, and the folder where nothing else is in it."""
    remove_folder(os.path.join(folder, PARTIAL))
    remove_empty([folder])


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class Folder:
    """The output folder. Other files in it are left alone. Raises :class:`UsageError` when it cannot be used.

    A folder that is made for it and stays empty is removed again (:meth:`clean`).
    """

    def __init__(self, path: str, overwrite: bool = False) -> None:
        self.path = path
        self.partial = os.path.join(path, PARTIAL)
        self._open: list[Sink] = []
        self._made: list[str] = []
        try:
            self._made = make_folders(path)
            self.earlier = holds_result(path)
            if self.earlier and not overwrite:
                raise UsageError(f"{path} holds an earlier result ({self.earlier}): use --overwrite, or another folder")
            remove_folder(self.partial)
            os.mkdir(self.partial)
        except OSError as error:
            remove_empty(self._made)
            raise unwritable(path, error) from error

    def sink(self, name: str) -> Sink:
        sink = Sink(os.path.join(self.partial, name), name)
        self._open.append(sink)
        return sink

    def complete(self, sinks: Iterable[Sink], report: Report) -> Complete:
        """Close files that are complete, and write the report beside them: :func:`give_names` is what is left to do."""
        finished = list(sinks)
        report.outputs = {sink.name: sink.close() for sink in finished}
        last = self.sink(REPORT)
        last.write(report.to_json())
        last.close()
        return Complete(self.path, tuple(report.outputs))

    def publish_failure(self, report: Report) -> None:
        """Write the report alone: nothing could be converted. An earlier result stays as it is."""
        if not self.earlier:
            self.replace_by_failure(report)

    def replace_by_failure(self, report: Report) -> None:
        """Write the report alone, and remove an earlier result."""
        give_names([self.complete([], report)])

    def clean(self) -> None:
        """Remove what is not published, and the folder with it where it was made for nothing."""
        for file in self._open:
            file.abandon()
        remove_folder(self.partial)
        remove_empty(self._made)


def shards(folder: Folder, pieces: Iterable[bytes], counts: array[int], limit: int) -> list[Sink]:
    """Lines in files of at most ``limit`` lines, no data row split: a row with more lines has a file for itself.

    ``counts`` are the lines of each data row in order.
    """
    sinks: list[Sink] = []
    rows = iter(counts)
    left = room = 0
    for piece in pieces:
        lines = piece.splitlines(keepends=True)
        at = 0
        while at < len(lines):
            if not left:
                left = next(count for count in rows if count)
                if left > room:
                    sinks.append(folder.sink(f"annotations-{len(sinks) + 1:05d}.ndjson"))
                    room = limit
            taken = lines[at : at + left]
            sinks[-1].write(b"".join(taken))
            sinks[-1].lines += len(taken)
            at += len(taken)
            left -= len(taken)
            room -= len(taken)
    return sinks or [folder.sink("annotations-00001.ndjson")]
